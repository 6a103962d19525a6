"""What happened to one alert: what runs made of it, and what people did to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from alerting.model import Condition, Level, Reason
from alerting.store import schema
from alerting.store.store import Transaction


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a run, or a person's close, made of an alert."""

    id: int
    at: datetime
    as_of: date
    #: None for a new alert.
    before: Condition | None
    after: Condition
    level_before: Level | None
    level_after: Level
    #: In words.
    reason: str
    by: str
    rule_version: str | None


@dataclass(frozen=True, kw_only=True)
class HandlingEvent:
    """What somebody did to an alert, and whether it still stands."""

    id: int
    at: datetime
    kind: str
    by: str
    note: str
    #: The value of a reason of `alerts.handling` or of `ClosingReason`, as the kind asks for.
    reason: str | None
    until: date | None
    #: The alert's at that moment.
    level: Level
    assignee: str | None
    approved_by: str | None
    ended_at: datetime | None
    ended_by: str | None


def read_history(connection: Transaction, alert_id: int) -> list[Change | HandlingEvent]:
    """Return an alert's transitions and what people did to it, oldest first."""
    of_it = schema.transition.c.alert_id == alert_id
    changes = connection.execute(sa.select(schema.transition).where(of_it).order_by(schema.transition.c.id))
    done = connection.execute(
        sa.select(schema.handling).where(schema.handling.c.alert_id == alert_id).order_by(schema.handling.c.id)
    )
    events: list[Change | HandlingEvent] = [*map(_change, changes), *map(_handling_event, done)]
    return sorted(events, key=lambda event: event.at)


def _change(row: sa.Row[tuple[object, ...]]) -> Change:
    return Change(
        id=row.id,
        at=row.at,
        as_of=row.as_of,
        before=Condition(row.before) if row.before else None,
        after=Condition(row.after),
        level_before=None if row.level_before is None else Level(row.level_before),
        level_after=Level(row.level_after),
        reason=Reason(row.reason).say(row.detail) if row.reason else "",
        by=row.by,
        rule_version=row.rule_version,
    )


def _handling_event(row: sa.Row[tuple[object, ...]]) -> HandlingEvent:
    return HandlingEvent(
        id=row.id,
        at=row.at,
        kind=row.kind,
        by=row.by,
        note=row.note,
        reason=row.reason,
        until=row.until,
        level=Level(row.level),
        assignee=row.assignee,
        approved_by=row.approved_by,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
    )
