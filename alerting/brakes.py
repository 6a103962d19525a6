"""A rule's brake: more new alerts in one run than a rule may have, so nobody is told of them until somebody has looked.

The alerts are stored as any others. Those that somebody has been told of already go on; the others wait, new ones of later
runs too, until an administrator releases the brake. A brake that was released stays in the store, with by whom and why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from alerting.model import Alert, Condition, Transition
from alerting.rulebook import Rulebook
from alerting.schema import brake, told


@dataclass(frozen=True, kw_only=True)
class Brake:
    """One rule's brake that is on. count: the new alerts of the run that put it on."""

    rule: str
    since: date
    count: int


_OF_A_BRAKE = (brake.c.rule, brake.c.since, brake.c["count"])


def limits(book: Rulebook) -> dict[str, int]:
    """Give each rule's brake: its own, or that of the shared parameter `brake`; a rule without either is not there."""
    shared = book.settings.params.get("brake")
    default = int(shared) if isinstance(shared, (int, float)) else None
    every = {rule.id: rule.file.brake or default for rule in book.rules}
    return {rule: limit for rule, limit in every.items() if limit is not None}


def tripped(written: Iterable[Transition], limits: Mapping[str, int], on: Set[str], as_of: date) -> list[Brake]:
    """Give the brakes that this run's transitions put on. on: the rules whose brake is on already."""
    new = Counter(item.alert.rule for item in written if item.reason == "new" and item.alert.condition == Condition.firing)
    return [
        Brake(rule=rule, since=as_of, count=count)
        for rule, count in sorted(new.items())
        if rule not in on and count > limits.get(rule, count)
    ]


def untold(alerts: Iterable[Alert], on: Set[str], known: Set[int]) -> list[Alert]:
    """Give the alerts that a brake keeps back: of a rule whose brake is on, and nobody has been told of them."""
    return [alert for alert in alerts if alert.rule in on and alert.id not in known and alert.condition != Condition.resolved]


def told_of(connection: sa.Connection) -> set[int]:
    """Give the alerts that somebody has been told of."""
    return set(connection.execute(sa.select(told.c.alert_id).distinct()).scalars())


def on(connection: sa.Connection) -> list[Brake]:
    """Give the brakes that are on."""
    query = sa.select(*_OF_A_BRAKE).where(brake.c.released_at.is_(None)).order_by(brake.c.id)
    return [Brake(**row) for row in connection.execute(query).mappings()]


def put_on(connection: sa.Connection, brakes: Iterable[Brake], run_id: int) -> None:
    """Put brakes on, in the caller's transaction."""
    rows = [{"rule": item.rule, "since": item.since, "count": item.count, "run_id": run_id} for item in brakes]
    if rows:
        connection.execute(brake.insert(), rows)


def release(connection: sa.Connection, rule: str, *, by: str, note: str, now: datetime) -> Brake | None:
    """Take a rule's brake off, and keep who did it and why; give it, None where it was not on."""
    mine = sa.and_(brake.c.rule == rule, brake.c.released_at.is_(None))
    row = connection.execute(sa.select(*_OF_A_BRAKE).where(mine)).mappings().first()
    if row is None:
        return None
    connection.execute(brake.update().where(mine).values(released_at=now, released_by=by, note=note))
    return Brake(**row)
