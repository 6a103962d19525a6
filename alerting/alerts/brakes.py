"""A rule's brake: more new alerts in one run than a rule may have, so nobody is told of them until somebody has looked.

    storm      more, new or back after they had ended, than the rule's own limit; without one, more than the shared limit and a few times what is usual for it
    first_run  a rule that was never asked before, with more than a few at once
    source     the data comes from somewhere else than last time, and a rule has more than a few at once
    baseline   the first run of a job at all: what is open already is no news, and comes as one summary when it is released

The alerts are stored as any others. Those that somebody has been told of already go on; the others, and those that had
ended and are back, wait, new ones of later runs too, until an administrator releases the brake. A brake that was released stays in the store, with by whom and why.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime
from statistics import median
from typing import Literal

import sqlalchemy as sa

from alerting.model import Alert, Condition, Reason, Transition
from alerting.rulebook.loader import Rulebook
from alerting.store import service_state
from alerting.store.schema import alert as alert_table
from alerting.store.schema import brake, rule_version, run, table_reading, told, transition

Kind = Literal["storm", "first_run", "source", "baseline"]

LOOKED_BACK = 20
"""How many days' runs say what is usual for a rule."""

_UNLESS_SET = {"brake_of_median": 3.0, "first_run_brake": 5.0}
_SOURCE, _BASELINE = "source", "baseline"


@dataclass(frozen=True, kw_only=True)
class Brake:
    """One rule's brake that is on. count: the new alerts of the run that put it on."""

    rule: str
    since: date
    count: int
    kind: str = "storm"


@dataclass(frozen=True, kw_only=True)
class History:
    """What a run knows of those before it.

    begun: whether the job has been run for an earlier day. asked: the rules that were asked before. usual: how many new
    alerts each rule has on a day, in the middle of its last days; its first day does not count. moved: whether the data
    came from somewhere else last time.
    """

    begun: bool = True
    asked: frozenset[str] = frozenset()
    usual: Mapping[str, float] = field(default_factory=dict)
    moved: bool = False


_OF_A_BRAKE = (brake.c.rule, brake.c.since, brake.c["count"], brake.c.kind)


def limits(book: Rulebook, usual: Mapping[str, float] | None = None) -> dict[str, int]:
    """Return each rule's limit of new alerts in one run: its own, or the shared one with what is usual; else it is not there."""
    shared = book.settings.params.get("brake")
    default = int(shared) if isinstance(shared, (int, float)) else None
    found = {}
    for rule in book.rules:
        if rule.file.brake is not None:
            found[rule.id] = rule.file.brake
        elif default is not None:
            found[rule.id] = max(default, int(_number(book, "brake_of_median") * (usual or {}).get(rule.id, 0)))
    return found


def tripped(
    book: Rulebook,
    written: Iterable[Transition],
    asked: Collection[str],
    on: Set[str],
    as_of: date,
    history: History,
    *,
    full: bool,
) -> list[Brake]:
    """Return the brakes that this run puts on.

    written: its transitions. asked: the rules it asked. on: the rules whose brake is on already. full: the council wants
    what is open on its first day told as new; then only a rule's own limit holds there.
    """
    new = Counter(item.alert.rule for item in written if _begins(item))
    own = {rule.id: rule.file.brake for rule in book.rules if rule.file.brake is not None}
    few, usual = _number(book, "first_run_brake"), limits(book, history.usual)
    found = []
    for rule in sorted(set(asked) - on):
        count, kind = new[rule], _kind(rule, history, full=full)
        limit: float | None = usual.get(rule)
        if kind in ("first_run", "source"):
            limit = few
        elif not history.begun:
            limit = own.get(rule) if full else -1
        if limit is not None and count > limit:
            found.append(Brake(rule=rule, since=as_of, count=count, kind=kind))
    return found


def _begins(item: Transition) -> bool:
    """Return whether an alert begins, or begins again: what ended in one run may all be back in the next."""
    again = item.reason == Reason.back_again and item.before == Condition.resolved
    return item.alert.condition == Condition.firing and (item.reason == Reason.new or again)


def _kind(rule: str, history: History, *, full: bool) -> Kind:
    if not history.begun:
        return "storm" if full else "baseline"
    if rule not in history.asked:
        return "first_run"
    return "source" if history.moved else "storm"


def untold(alerts: Iterable[Alert], on: Set[str], known: Set[int]) -> list[Alert]:
    """Return the alerts that a brake keeps back: of a rule whose brake is on, and nobody has been told of them."""
    return [alert for alert in alerts if alert.rule in on and alert.id not in known and alert.condition != Condition.resolved]


def told_of(connection: sa.Connection) -> set[int]:
    """Return the alerts that somebody has been told of, and that have not ended and come back since."""
    query = sa.select(told.c.alert_id).join(alert_table, alert_table.c.id == told.c.alert_id).distinct()
    back = alert_table.c.reopened_on
    return set(connection.execute(query.where(sa.or_(back.is_(None), told.c.told_on >= back))).scalars())


def on(connection: sa.Connection) -> list[Brake]:
    """Return the brakes that are on."""
    query = sa.select(*_OF_A_BRAKE).where(brake.c.released_at.is_(None)).order_by(brake.c.id)
    return [Brake(**row) for row in connection.execute(query).mappings()]


def backlog(connection: sa.Connection, alerts: Iterable[Alert], known: Set[str]) -> list[Alert]:
    """Return the alerts that a baseline kept back until its release, and that nobody has been told of: they are no news."""
    until: dict[str, int] = service_state.remembered(connection, _BASELINE) or {}
    mine = [alert for alert in alerts if alert.rule in until and alert.id is not None and alert.ref not in known]
    if not mine:
        return []
    query = sa.select(transition.c.alert_id, sa.func.max(transition.c.run_id)).group_by(transition.c.alert_id)
    query = query.join(alert_table, alert_table.c.id == transition.c.alert_id).where(transition.c.reason == Reason.new.value)
    rows = connection.execute(query.where(alert_table.c.resolved_on.is_(None)))
    opened: dict[int, int] = {row[0]: row[1] for row in rows}
    return [alert for alert in mine if opened.get(alert.id or 0, until[alert.rule] + 1) <= until[alert.rule]]


# ------------------------------------------------------------------ what runs before this one had


def history(connection: sa.Connection, job: str, as_of: date, source: tuple[str, ...]) -> History:
    """Return what a run of a job for a day knows of those before it. source: what tells where its data comes from."""
    # A run that came to nothing has read no table.
    read = sa.select(table_reading.c.as_of).join(run, run.c.id == table_reading.c.run_id)
    read = read.where(run.c.job == job, table_reading.c.as_of < as_of).distinct()
    days = connection.execute(read.order_by(table_reading.c.as_of.desc())).scalars().all()
    asked = connection.execute(sa.select(rule_version.c.rule).where(rule_version.c.last_asked_run.is_not(None)).distinct())
    before = service_state.remembered(connection, _SOURCE)
    return History(
        begun=bool(days),
        asked=frozenset(asked.scalars()),
        usual=_usual(connection, job, days),
        moved=before is not None and before != mark_of(source),
    )


def _usual(connection: sa.Connection, job: str, days: Sequence[date]) -> dict[str, float]:
    """Return the middle of how many new alerts each rule had on these days, the last of them first, without its first day."""
    seen = sa.select(rule_version.c.rule, sa.func.min(rule_version.c.first_seen_on)).group_by(rule_version.c.rule)
    firsts: dict[str, date] = {row[0]: row[1] for row in connection.execute(seen)}
    counted: dict[str, Counter[date]] = defaultdict(Counter)
    alert = alert_table
    query = sa.select(alert.c.rule, transition.c.as_of, sa.func.count()).join(alert, alert.c.id == transition.c.alert_id)
    again = sa.and_(transition.c.reason == Reason.back_again.value, transition.c.before == Condition.resolved.value)
    query = query.join(run, run.c.id == transition.c.run_id).where(run.c.job == job)
    query = query.where(sa.or_(transition.c.reason == Reason.new.value, again))
    if days:
        query = query.where(transition.c.as_of >= days[: LOOKED_BACK + 1][-1])
        for rule, day, count in connection.execute(query.group_by(alert.c.rule, transition.c.as_of)):
            counted[rule][day] += count
    return {
        rule: median(counted[rule][day] for day in mine)
        for rule, first in firsts.items()
        if (mine := [day for day in days if day >= first][:-1][:LOOKED_BACK])
    }


def mark_of(source: tuple[str, ...]) -> str:
    """Return a mark of where data comes from, that is another when it comes from somewhere else."""
    return hashlib.blake2b("\x1f".join(source).encode(), digest_size=12).hexdigest()


# ------------------------------------------------------------------ put on and taken off


def put_on(connection: sa.Connection, brakes: Iterable[Brake], run_id: int) -> None:
    """Put brakes on, in the caller's transaction."""
    rows = [{"rule": item.rule, "since": item.since, "count": item.count, "kind": item.kind, "run_id": run_id} for item in brakes]
    if rows:
        connection.execute(brake.insert(), rows)


def remember_source(connection: sa.Connection, source: tuple[str, ...], now: datetime) -> None:
    """Keep where the data of this run came from."""
    service_state.remember(connection, _SOURCE, mark_of(source), now)


def release(connection: sa.Connection, rules: Collection[str] | None, *, by: str, note: str, now: datetime) -> list[Brake]:
    """Take the brakes of rules off, of all where none is named, and keep who did it and why; give those that were on."""
    mine: sa.ColumnElement[bool] = brake.c.released_at.is_(None)
    if rules is not None:
        mine = sa.and_(mine, brake.c.rule.in_(sorted(rules)))
    found = [Brake(**row) for row in connection.execute(sa.select(*_OF_A_BRAKE).where(mine).order_by(brake.c.id)).mappings()]
    connection.execute(brake.update().where(mine).values(released_at=now, released_by=by, note=note))
    over = {item.rule for item in found if item.kind == "baseline"}
    if over:
        last = connection.execute(sa.select(sa.func.max(run.c.id))).scalar() or 0
        until = service_state.remembered(connection, _BASELINE) or {}
        service_state.remember(connection, _BASELINE, {**until, **dict.fromkeys(over, last)}, now)
    return found


def _number(book: Rulebook, name: str) -> float:
    value = book.settings.params.get(name)
    return float(str(_UNLESS_SET[name] if value is None else value))
