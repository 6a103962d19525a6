"""Alerts as rows of the store: written, and read back with what their history says of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import date
from typing import Any

import sqlalchemy as sa

from alerting.model import Act, Alert, Condition, Level, Reason
from alerting.store import schema
from alerting.store.batches import batches

CHANGING = (
    "subject",
    "episode",
    "condition",
    "level",
    "level_since",
    "team",
    "worker",
    "adviser",
    "service",
    "person",
    "member",
    "also",
    "streak",
    "streak_on",
    "held_reason",
    "held_detail",
    "held_since",
    "resolved_on",
    "resolved_reason",
    "resolved_detail",
    "reopened_on",
    "flaps",
)
"""The columns that a transition may change."""

_LASTING = ("ref", "rule", "code", "rule_version", "subject_kind", "first_seen", "unit")


def to_row(alert: Alert) -> dict[str, Any]:
    """Return an alert as a row."""
    written = {"condition": alert.condition.value, "level": int(alert.level), "also": " ".join(alert.also)}
    written |= {"flaps": len(alert.came_back)}
    return {name: getattr(alert, name) for name in (*_LASTING, *CHANGING) if name not in written} | written


def read_return_days(connection: sa.Connection, where: Sequence[sa.ColumnElement[bool]]) -> dict[int, tuple[date, ...]]:
    """Return the days on which the alerts that meet the conditions came back, by their ids."""
    table, found = schema.transition, dict[int, tuple[date, ...]]()
    query = sa.select(table.c.alert_id, table.c.as_of).join(schema.alert, schema.alert.c.id == table.c.alert_id)
    mine = query.where(schema.alert.c.flaps > 0, table.c.reason == Reason.back_again.value, *where).order_by(table.c.id)
    for id_, day in connection.execute(mine):
        found[id_] = (*found.get(id_, ()), day)
    return found


def read_closed_until(connection: sa.Connection, where: Sequence[sa.ColumnElement[bool]]) -> dict[int, date | None]:
    """Return until when the alerts that meet the conditions, and somebody closed, stay closed, by their ids; the last word counts."""
    table = schema.handling
    query = sa.select(table.c.alert_id, table.c.until).join(schema.alert, schema.alert.c.id == table.c.alert_id)
    rows = connection.execute(query.where(table.c.kind == "close", *where).order_by(table.c.id))
    return {row[0]: row[1] for row in rows}


def to_alerts(
    rows: Iterable[Any],
    done: Mapping[int, tuple[Act, ...]],
    came_back: Mapping[int, tuple[date, ...]],
    until: Mapping[int, date | None],
    known: Iterable[Alert],
) -> list[Alert]:
    """Return the alerts of rows, with what is said of each by its id. known: of what is still the same, these, so that many are held once."""
    before = {alert.id: alert for alert in known}
    made = (to_alert(row, done.get(row.id, ()), came_back.get(row.id, ()), until.get(row.id)) for row in rows)
    return [same if (same := before.get(alert.id)) == alert else alert for alert in made]


def to_alert(row: Any, done: tuple[Act, ...], came_back: tuple[date, ...], until: date | None) -> Alert:
    """Return the alert of a row, with what people did about it, the days it came back, and until when somebody closed it."""
    return Alert(
        id=row.id,
        ref=row.ref,
        rule=row.rule,
        code=row.code,
        rule_version=row.rule_version,
        subject_kind=row.subject_kind,
        subject=row.subject,
        episode=row.episode,
        condition=Condition(row.condition),
        level=Level(row.level),
        first_seen=row.first_seen,
        level_since=row.level_since,
        measure=row.measure,
        unit=row.unit,
        due=row.due,
        team=row.team,
        worker=row.worker,
        adviser=row.adviser,
        service=row.service,
        person=row.person,
        member=row.member,
        also=tuple(row.also.split()),
        facts=json.loads(row.facts) if row.facts else {},
        streak=row.streak,
        streak_on=row.streak_on,
        held_reason=Reason(row.held_reason) if row.held_reason else None,
        held_detail=row.held_detail,
        held_since=row.held_since,
        resolved_on=row.resolved_on,
        resolved_reason=Reason(row.resolved_reason) if row.resolved_reason else None,
        resolved_detail=row.resolved_detail,
        came_back=came_back,
        reopened_on=row.reopened_on,
        closed_until=until,
        acts=done,
    )


def ids_by_reference(connection: sa.Connection, references: Iterable[str]) -> dict[str, int]:
    """Return the ids of alerts by their references; nothing for what is no alert of this store."""
    table = schema.alert
    found: dict[str, int] = {}
    for refs in batches(references):
        rows = connection.execute(sa.select(table.c.ref, table.c.id).where(table.c.ref.in_(refs)))
        found.update((row.ref, row.id) for row in rows)
    return found


def references_by_id(connection: sa.Connection, ids: Iterable[int]) -> dict[int, str]:
    """Return the references of alerts by their ids; nothing for what is no alert of this store."""
    table = schema.alert
    found: dict[int, str] = {}
    for some in batches(ids):
        rows = connection.execute(sa.select(table.c.id, table.c.ref).where(table.c.id.in_(some)))
        found.update((row.id, row.ref) for row in rows)
    return found


def held_spans(connection: sa.Connection, rules: Set[str]) -> dict[int, list[tuple[date, date | None]]]:
    """Return the stretches that do not count for open alerts of these rules, one after the other.

    On hold, cleared before they came back, or kept back by a brake, when nobody could act on them. Each has its first day,
    and the day that ended it, None where it goes on.
    """
    table, alert = schema.transition, schema.alert
    query = sa.select(table.c.alert_id, table.c.as_of, table.c.before, table.c.after)
    query = query.join(alert, alert.c.id == table.c.alert_id).where(alert.c.resolved_on.is_(None), alert.c.rule.in_(rules))
    idle = ("held", "resolved")
    held = sa.or_(table.c.before.in_(idle), table.c.after.in_(idle))
    spans: dict[int, list[tuple[date, date | None]]] = {}
    for row in connection.execute(query.where(held, sa.func.coalesce(table.c.before, "") != table.c.after).order_by(table.c.id)):
        mine = spans.setdefault(row.alert_id, [])
        if mine and mine[-1][1] is None:
            mine[-1] = (mine[-1][0], row.as_of)
        if row.after in idle:
            mine.append((row.as_of, None))
    for alert_id, span in _braked_spans(connection, rules):
        spans[alert_id] = _apart([*spans.get(alert_id, ()), span])
    return spans


def _braked_spans(connection: sa.Connection, rules: Set[str]) -> list[tuple[int, tuple[date, date | None]]]:
    """Return the stretch for which a brake kept an open alert back: of what began, or came back, while it was on.

    One that is implausible keeps back what was there before as well, from its own first day.
    """
    alert, brake = schema.alert, schema.brake
    began = sa.func.coalesce(alert.c.reopened_on, alert.c.first_seen)
    query = sa.select(alert.c.id, began.label("began"), brake.c.since, brake.c.released_at)
    query = query.join(brake, brake.c.rule == alert.c.rule).where(alert.c.resolved_on.is_(None), alert.c.rule.in_(rules))
    query = query.where(sa.or_(began >= brake.c.since, brake.c.kind == "implausible"))
    found = []
    for row in connection.execute(query.order_by(brake.c.id)):
        until = row.released_at.date() if row.released_at else None
        if until is None or row.began <= until:
            found.append((row.id, (max(row.began, row.since), until)))
    return found


def _apart(spans: Sequence[tuple[date, date | None]]) -> list[tuple[date, date | None]]:
    """Join the stretches that overlap, so that no day is counted twice."""
    joined: list[tuple[date, date | None]] = []
    for start, until in sorted(spans, key=lambda span: span[0]):
        if joined and (joined[-1][1] is None or start <= joined[-1][1]):
            before, last = joined[-1]
            joined[-1] = (before, None if last is None or until is None else max(last, until))
        else:
            joined.append((start, until))
    return joined
