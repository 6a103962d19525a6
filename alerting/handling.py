"""What people did about an alert: acknowledged it, snoozed it, found it not useful. Kept apart from its condition."""

from __future__ import annotations

from collections.abc import Set
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from alerting import schema
from alerting.model import Alert

REASONS = {
    "data_wrong": "the data is wrong",
    "already_done": "it was done already",
    "not_mine": "it is not theirs",
    "rule_wrong": "the rule is wrong",
    "other": "another reason",
}
"""Why an alert was not useful, as it is given and in words."""


def add(
    connection: sa.Connection,
    alert: Alert,
    kind: str,
    *,
    by: str,
    note: str,
    now: datetime,
    until: date | None = None,
    reason: str | None = None,
) -> None:
    """Write down what somebody did. That an alert is not useful is said once by a person: a repeat replaces it."""
    table = schema.handling
    if kind == "not_useful":
        connection.execute(table.delete().where(table.c.alert_id == alert.id, table.c.kind == kind, table.c.by == by))
    values = {"alert_id": alert.id, "kind": kind, "by": by, "note": note, "until": until, "reason": reason, "at": now}
    connection.execute(table.insert().values(**values, level=int(alert.level)))


def latest(connection: sa.Connection, ids: Set[int]) -> dict[int, dict[str, Any]]:
    """Give the newest act of each kind on each of these alerts that is open, as its row."""
    found: dict[int, dict[str, Any]] = {}
    still_open = sa.select(schema.alert.c.id).where(schema.alert.c.resolved_on.is_(None))
    query = sa.select(schema.handling).where(schema.handling.c.alert_id.in_(still_open)).order_by(schema.handling.c.id)
    for row in connection.execute(query):
        if row.alert_id in ids:
            found.setdefault(row.alert_id, {})[row.kind] = row
    return found
