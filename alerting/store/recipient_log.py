"""The recipient log as rows of the store: one for each alert and recipient, which lasts while what it says stays so."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from alerting.notifications.recipient_log import NotTold, NotToldReason, RecipientLog
from alerting.store import schema


def write(
    connection: sa.Connection, run_id: int, as_of: date, rules: Collection[str], log: RecipientLog, ids: Mapping[str, int]
) -> None:
    """Write what a run of a job changed in whom its alerts are for, and why they are not told.

    rules: the ids of the job's rules. ids: of the alerts, by reference.
    Nothing is written over: what is so no more ends, on the run's day or on that on which its alert ended.
    """
    table, alert = schema.routed, schema.alert
    found = {(ids[ref], recipient): why for (ref, recipient), why in log.items()}
    over = sa.or_(alert.c.rule.in_(sorted(rules)), alert.c.resolved_on.is_not(None))
    columns = (
        table.c.id,
        table.c.alert_id,
        table.c.recipient,
        table.c.since,
        table.c.reason,
        table.c.detail,
        alert.c.resolved_on,
    )
    query = sa.select(*columns).join(alert, alert.c.id == table.c.alert_id).where(table.c.until.is_(None), over)
    goes_on, ended = set(), []
    for row in connection.execute(query):
        key = (row.alert_id, row.recipient)
        if key in found and found[key] == _not_told(row):
            goes_on.add(key)
        else:
            ended.append({"b_id": row.id, "b_until": max(row.since, row.resolved_on or as_of)})
    if ended:
        end = table.update().where(table.c.id == sa.bindparam("b_id")).values(until=sa.bindparam("b_until"))
        connection.execute(end, ended)
    begun = [
        {
            "alert_id": key[0],
            "recipient": key[1],
            "run_id": run_id,
            "since": as_of,
            "reason": why.reason.value if (why := found[key]) else None,
            "detail": why.detail if why else None,
        }
        for key in sorted(found)
        if key not in goes_on
    ]
    if begun:
        connection.execute(table.insert(), begun)


def read_not_told(connection: sa.Connection, alert_id: int) -> list[tuple[str, NotTold]]:
    """Return who the newest run of its job did not tell of an alert, and why."""
    table = schema.routed
    mine = (table.c.alert_id == alert_id, table.c.until.is_(None), table.c.reason.is_not(None))
    query = sa.select(table.c.recipient, table.c.reason, table.c.detail).where(*mine).order_by(table.c.recipient)
    return [(row.recipient, NotTold(NotToldReason(row.reason), row.detail)) for row in connection.execute(query)]


def _not_told(row: Any) -> NotTold | None:
    return NotTold(NotToldReason(row.reason), row.detail) if row.reason else None
