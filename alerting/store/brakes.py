"""Brakes as rows of the store: which are on, what earlier runs had, put on and released. When they trip is for `alerts.brakes` to say."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from statistics import median

import sqlalchemy as sa

from alerting.alerts.acts import ActKind
from alerting.alerts.brakes import Brake, History, known_since_back, untold
from alerting.alerts.people import Actor
from alerting.model import Alert, Condition, Reason
from alerting.store import acts, service_state
from alerting.store.messages.told import told_rows
from alerting.store.schema import alert as alert_table
from alerting.store.schema import brake, rule_version, run, table_reading, transition
from alerting.store.store import Store, Transaction

LOOKED_BACK = 20
"""How many days' runs say what is usual for a rule."""

_SOURCE, _BASELINE, _BELIEVED = "source", "baseline", "believed"
_IMPLAUSIBLE = "implausible"
_OF_A_BRAKE = (brake.c.rule, brake.c.since, brake.c["count"], brake.c.kind, brake.c.population)


def on(connection: sa.Connection) -> list[Brake]:
    """Return the brakes that are on."""
    query = sa.select(*_OF_A_BRAKE).where(brake.c.released_at.is_(None)).order_by(brake.c.id)
    return [Brake(**row) for row in connection.execute(query).mappings()]


def read_kept_back(store: Store, connection: Transaction) -> list[Alert]:
    """Return the alerts that the brakes that are on keep back."""
    live, told = store.live(connection), told_rows(connection)
    known = known_since_back(((ref, last.told_on) for (_, _, ref), last in told.items()), live)
    return untold(live, on(connection), known)


def backlog(connection: sa.Connection) -> frozenset[str]:
    """Return the references of the alerts that a baseline kept back until its release: what they say is no news."""
    until: dict[str, int] = service_state.remembered(connection, _BASELINE) or {}
    if not until:
        return frozenset()
    opened = sa.func.max(transition.c.run_id)
    query = sa.select(alert_table.c.ref, alert_table.c.rule, opened).group_by(alert_table.c.ref, alert_table.c.rule)
    query = query.join(transition, transition.c.alert_id == alert_table.c.id).where(transition.c.reason == Reason.new.value)
    # One that has ended may be back today.
    rows = connection.execute(query.where(alert_table.c.rule.in_(sorted(until))).having(opened <= max(until.values())))
    return frozenset(ref for ref, rule, run_id in rows if run_id is not None and run_id <= until[rule])


def history(connection: sa.Connection, job: str, as_of: date, source: str) -> History:
    """Return what a run of a job for a day knows of those before it. source: the mark of where its data comes from."""
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
        moved=before is not None and before != source,
        believed=frozenset(service_state.remembered(connection, _BELIEVED) or ()),
        released=frozenset(service_state.remembered(connection, _BASELINE) or ()),
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


def put_on(connection: sa.Connection, brakes: Iterable[Brake], run_id: int) -> None:
    """Put brakes on, in the caller's transaction."""
    rows = [vars(item) | {"run_id": run_id} for item in brakes]
    if rows:
        connection.execute(brake.insert(), rows)


def believe_no_more(connection: sa.Connection, rules: Collection[str], now: datetime) -> None:
    """Keep that these rules, which were released while more of them matched than can be right, are no more so."""
    believed = service_state.remembered(connection, _BELIEVED) or []
    if set(believed) & set(rules):
        service_state.remember(connection, _BELIEVED, sorted(set(believed) - set(rules)), now)


def remember_source(connection: sa.Connection, source: str, now: datetime) -> None:
    """Keep where the data of this run came from, by its mark."""
    service_state.remember(connection, _SOURCE, source, now)


def release(
    connection: sa.Connection, rules: Collection[str] | None, *, by: Actor, note: str, now: datetime, answers: int | None = None
) -> list[Brake]:
    """Take the brakes of rules off, and keep who did it and why; return those that were on.

    Where no rule is named, they are all but those of rules that are implausible: each of these must be looked at.
    """
    which = brake.c.kind != _IMPLAUSIBLE if rules is None else brake.c.rule.in_(sorted(rules))
    mine = sa.and_(brake.c.released_at.is_(None), which)
    found = [Brake(**row) for row in connection.execute(sa.select(*_OF_A_BRAKE).where(mine).order_by(brake.c.id)).mappings()]
    connection.execute(brake.update().where(mine).values(released_at=now, released_by=by.id, note=note))
    for rule in dict.fromkeys(item.rule for item in found):
        acts.keep(connection, by, ActKind.brake_released, rule, now, note=note, answers=answers)
    looked_at = {item.rule for item in found if item.is_implausible}
    if looked_at:
        believed = set(service_state.remembered(connection, _BELIEVED) or ())
        service_state.remember(connection, _BELIEVED, sorted(believed | looked_at), now)
    over = {item.rule for item in found if item.kind == "baseline"}
    if over:
        last = connection.execute(sa.select(sa.func.max(run.c.id))).scalar() or 0
        until = service_state.remembered(connection, _BASELINE) or {}
        service_state.remember(connection, _BASELINE, {**until, **dict.fromkeys(over, last)}, now)
    return found
