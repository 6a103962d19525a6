"""What people did about alerts, as rows of the store: written, read back, taken back. Whether they may, `alerts.handling` says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Set
from datetime import date, datetime

import sqlalchemy as sa

from alerting.alerts.acts import ActKind
from alerting.alerts.people import Actor
from alerting.model import Act, Alert, Level
from alerting.store import acts, schema
from alerting.store.batches import batches

_SAID_ONCE = ("not_useful", "judged")


def add(
    connection: sa.Connection,
    alert: Alert,
    kind: str,
    *,
    by: Actor,
    note: str,
    now: datetime,
    until: date | None = None,
    reason: str | None = None,
    assignee: str | None = None,
    approved_by: Actor | None = None,
    answers: int | None = None,
) -> None:
    """Write down what somebody did. A person says only once that an alert is not useful: a repeat takes its place.

    answers: the request by which it is done, where a second person approved it.
    """
    table = schema.handling
    if kind in _SAID_ONCE:
        mine = (table.c.alert_id == alert.id, table.c.kind == kind, table.c.by == by.id, table.c.ended_at.is_(None))
        connection.execute(table.update().where(*mine).values(ended_at=now, ended_by=by.id))
    values = {
        "alert_id": alert.id,
        "kind": kind,
        "by": by.id,
        "note": note,
        "until": until,
        "reason": reason,
        "at": now,
        "assignee": assignee,
        "approved_by": approved_by.id if approved_by else None,
        "level": int(alert.level),
        "act_id": acts.keep(connection, by, ActKind(kind), alert.ref, now, note=note, answers=answers),
    }
    connection.execute(table.insert().values(values))


def take_back(
    connection: sa.Connection, alert: Alert, kind: str, *, by: Actor, note: str, now: datetime, own: bool = False
) -> int:
    """End every act of a kind on an alert, own: only theirs who does so; keep who did and why, and return how many there were."""
    table = schema.handling
    ended = [table.c.alert_id == alert.id, table.c.kind == kind, table.c.ended_at.is_(None)]
    ended += [table.c.by == by.id] if own else []
    count = connection.execute(table.update().where(*ended).values(ended_at=now, ended_by=by.id)).rowcount
    if count:
        add(connection, alert, "take_back", by=by, note=note, now=now, reason=kind)
    return count


def read_open_acts(connection: sa.Connection, ids: Set[int]) -> dict[int, tuple[Act, ...]]:
    """Return what people did to each of these alerts that is open, and did not take back: the oldest first."""
    table, found = schema.handling, defaultdict[int, list[Act]](list)
    query = sa.select(table).where(table.c.ended_at.is_(None)).order_by(table.c.id)
    for some in batches(sorted(ids)):
        for row in connection.execute(query.where(table.c.alert_id.in_(some))):
            found[row.alert_id].append(_act(row))
    return {id_: tuple(acts) for id_, acts in found.items()}


def _act(row: sa.Row[tuple[object, ...]]) -> Act:
    return Act(
        id=row.id,
        kind=row.kind,
        by=row.by,
        at=row.at,
        level=Level(row.level),
        until=row.until,
        note=row.note,
        assignee=row.assignee,
        approved_by=row.approved_by,
    )
