"""Whether each alert that was firing was told to everybody it was for, or withheld from them for a reason that was kept.

    now     by the rows of `routed` that stand, what everybody counts as told, and the messages that wait or came to nothing
    a day   by the rows that stood at its end, what had been accepted by then, and that day's own messages

A message that came to nothing says why, and what it told is new in the next one: that is a reason for its own day. While a
rule's brake is on, that is the reason of an alert of which nothing else is kept.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from alerting.audit import messages
from alerting.audit.messages import Key, MessageLog
from alerting.formatting import day, plural
from alerting.notifications.recipient_log import EVERYBODY, NotToldReason
from alerting.store.batches import batches
from alerting.store.messages.outbox import OPEN
from alerting.store.schema import DONE, LAST_WITHOUT_ROUTED, alert, brake, outbox, routed, run, state, transition

_FIRING = "firing"
# That there is no receiver says why somebody is not told, and excuses nothing.
_REASONS = frozenset(reason.value for reason in NotToldReason) - {NotToldReason.no_receiver.value}


@dataclass(frozen=True, kw_only=True)
class Gap:
    """An alert that was not told to somebody it was for, for no reason that is kept."""

    #: Its reference and code.
    about: str
    problem: str


@dataclass(frozen=True, kw_only=True)
class RecipientCheck:
    """What was found of who was told of alerts that were firing."""

    gaps: Sequence[Gap]
    #: How often an alert, a person and a day were looked at.
    checked: int
    #: The days before it was kept whom each alert is for.
    not_kept: Sequence[date]


Unproven = dict[tuple[int, str | None], list[date]]
"""By alert and person, None where it is not kept whom it was for, the days of which nothing says that all was well."""


@dataclass(frozen=True, kw_only=True)
class _Runs:
    """The runs that came to their end, and the one that asks, by job."""

    #: The day of the newest, and when it began.
    newest: Mapping[str, tuple[date, datetime]]
    #: The days, in order, since it is kept whom each alert is for.
    kept: Mapping[str, Sequence[date]]
    #: The days before that.
    not_kept: Sequence[date]


@dataclass(frozen=True, kw_only=True)
class _Stretch:
    """Days of the job of an alert, in order, at the end of which it was firing."""

    alert_id: int
    rule: str
    days: Sequence[date]


@dataclass(frozen=True, kw_only=True)
class _Brakes:
    """When rules' brakes were on."""

    #: By rule: from which day until which, None while it is on.
    spans: Mapping[str, Sequence[tuple[date, date | None]]]

    def are_on(self, rule: str, on: date | None = None) -> bool:
        """Return whether a rule's brake was on on a day, or is now."""
        if on is None:
            return any(until is None for _, until in self.spans.get(rule, ()))
        return any(since <= on and (until is None or on <= until) for since, until in self.spans.get(rule, ()))


def check_recipients(
    connection: sa.Connection,
    since: date,
    until: date,
    firing: Sequence[Any],
    log: MessageLog,
    known: Sequence[Any],
    *,
    current: int | None = None,
) -> RecipientCheck:
    """Return what is not told of all that is firing now, and of each day of a range on which a job was done.

    firing: the rows of those alerts. log: of the messages of the range. known: the rows of what everybody counts as told now.
    current: the number of the run that asks, if one does.
    """
    runs, brakes = _read_runs(connection, current), _read_brakes(connection)
    days = {
        job: mine
        for job, kept in runs.kept.items()
        if (mine := [on for on in kept if since <= on <= until and on < runs.newest[job][0]])
    }
    gaps, checked = _check_now(connection, firing, known, runs, brakes)
    told_before = {(row.recipient, row.alert_id) for row in known if row.told_on < since}
    unproven, more = _check_past(connection, days, told_before, brakes, log)
    before = messages.known_before(connection, since, {(who, id_) for id_, who in unproven if who})
    names = _read_names(connection, {id_ for id_, _ in unproven})
    for (id_, who), on in sorted(unproven.items(), key=lambda item: (item[0][0], item[0][1] or "")):
        left = [each for each in on if who is None or not log.knew((who, id_), each, before.get((who, id_), ()))]
        if left:
            gaps.append(Gap(about=names[id_], problem=f"was firing {_when(left)}, {_untold_words(who)}"))
    not_kept = [on for on in runs.not_kept if since <= on <= until]
    return RecipientCheck(gaps=gaps, checked=checked + more, not_kept=not_kept)


def _untold_words(who: str | None) -> str:
    if who is None:
        return "and it is not kept whom that was for"
    if who == EVERYBODY:
        return "and nobody was told of it, for no reason that is kept"
    return f"and {who}, who answers for it, was neither told of it nor about to be, and no reason is kept that excuses it"


def _when(days: Sequence[date]) -> str:
    return f"on {day(days[0])}" if len(days) == 1 else f"on {plural(len(days), 'day')} from {day(days[0])} to {day(days[-1])}"


def _read_names(connection: sa.Connection, ids: Collection[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for part in batches(sorted(ids)):
        query = sa.select(alert.c.id, alert.c.ref, alert.c.code).where(alert.c.id.in_(part))
        found |= {row.id: f"{row.ref} ({row.code})" for row in connection.execute(query)}
    return found


# ---------------------------------------------------------------------- what is known of runs and brakes


def _read_runs(connection: sa.Connection, current: int | None) -> _Runs:
    last_without = connection.execute(sa.select(state.c.value).where(state.c.name == LAST_WITHOUT_ROUTED)).scalar() or 0
    ended = sa.or_(run.c.status.in_(DONE), run.c.id == current)
    columns = (run.c.job, run.c.as_of, sa.func.max(run.c.id), sa.func.max(run.c.started_at))
    newest: dict[str, tuple[date, datetime]] = {}
    kept: dict[str, list[date]] = defaultdict(list)
    not_kept = set()
    query = sa.select(*columns).where(ended).group_by(run.c.job, run.c.as_of).order_by(run.c.as_of)
    for job, as_of, last, started in connection.execute(query):
        newest[job] = (as_of, started)
        if last > last_without:
            kept[job].append(as_of)
        else:
            not_kept.add(as_of)
    return _Runs(newest=newest, kept=kept, not_kept=sorted(not_kept))


def _read_brakes(connection: sa.Connection) -> _Brakes:
    spans: dict[str, list[tuple[date, date | None]]] = defaultdict(list)
    for row in connection.execute(sa.select(brake.c.rule, brake.c.since, brake.c.released_at)):
        spans[row.rule].append((row.since, row.released_at.date() if row.released_at else None))
    return _Brakes(spans=spans)


# ---------------------------------------------------------------------- now


def _check_now(
    connection: sa.Connection, firing: Sequence[Any], known: Iterable[Any], runs: _Runs, brakes: _Brakes
) -> tuple[list[Gap], int]:
    told = {(row.recipient, row.alert_id) for row in known}
    query = sa.select(routed.c.alert_id, routed.c.recipient, routed.c.reason).join(alert, alert.c.id == routed.c.alert_id)
    rows = connection.execute(query.where(alert.c.condition == _FIRING, routed.c.until.is_(None))).all()
    silent: dict[int, list[str | None]] = defaultdict(list)
    for row in rows:
        if row.reason not in _REASONS and (row.recipient, row.alert_id) not in told:
            silent[row.alert_id].append(row.recipient)
    if silent:
        listed = _read_listed(connection, runs)
        silent = {id_: left for id_, people in silent.items() if (left := [who for who in people if (who, id_) not in listed])}
    for id_ in _without_rows(connection, firing, {row.alert_id for row in rows}, runs, brakes):
        silent[id_] = [None]
    gaps = []
    for row in firing:
        for who in sorted(silent.get(row.id, ()), key=str):
            gaps.append(Gap(about=f"{row.ref} ({row.code})", problem=f"is firing, {_untold_words(who)}"))
    return gaps, len(rows)


def _read_listed(connection: sa.Connection, runs: _Runs) -> set[Key]:
    """Return who has alerts in messages that wait, or that came to nothing on their job's newest day or since its run began."""
    lately = [
        sa.and_(run.c.job == job, sa.or_(run.c.as_of == as_of, outbox.c.finished_at >= started))
        for job, (as_of, started) in runs.newest.items()
    ]
    columns = [column for column in outbox.c if column.name != "content"]
    query = sa.select(*columns).outerjoin(run, run.c.id == outbox.c.run_id).where(sa.or_(outbox.c.state.in_(OPEN), *lately))
    log = messages.read_message_log(connection, connection.execute(query).all())
    return {(who, id_) for _, who, id_ in log.listed}


def _without_rows(
    connection: sa.Connection, firing: Iterable[Any], with_rows: Collection[int], runs: _Runs, brakes: _Brakes
) -> Iterator[int]:
    """Return the alerts of which nothing is kept, although their job has been done since that is kept."""
    ids = [row.id for row in firing if row.id not in with_rows and not brakes.are_on(row.rule)]
    for part in batches(ids):
        query = sa.select(transition.c.alert_id, run.c.job).join(run, run.c.id == transition.c.run_id)
        rows = connection.execute(query.where(transition.c.alert_id.in_(part)).order_by(transition.c.id))
        jobs = {row.alert_id: row.job for row in rows}
        yield from (id_ for id_ in part if jobs.get(id_) is None or runs.kept.get(jobs[id_]))


# ---------------------------------------------------------------------- days that have passed


def _check_past(
    connection: sa.Connection, days: Mapping[str, Sequence[date]], told: Collection[Key], brakes: _Brakes, log: MessageLog
) -> tuple[Unproven, int]:
    """Return what must be looked at more closely of these days of jobs, and how much was looked at. told: before the first day."""
    unproven: Unproven = defaultdict(list)
    if not days:
        return unproven, 0
    first, last, checked = min(mine[0] for mine in days.values()), max(mine[-1] for mine in days.values()), 0
    lived = sa.or_(alert.c.resolved_on.is_(None), alert.c.resolved_on > first)
    ids = connection.execute(sa.select(alert.c.id).where(lived, alert.c.first_seen <= last).order_by(alert.c.id)).scalars().all()
    for part in batches(ids):
        rows = _read_rows(connection, part, first, last)
        for stretch in _read_stretches(connection, part, days, last):
            of_nobody = set(stretch.days)
            for row in rows.get(stretch.alert_id, ()):
                mine = _between(stretch.days, row.since, row.until)
                of_nobody.difference_update(mine)
                checked += len(mine)
                key = (row.recipient, stretch.alert_id)
                if row.reason not in _REASONS and key not in told:
                    left = _untold(log, key, mine)
                    if left:
                        unproven[stretch.alert_id, row.recipient] += left
            left = [on for on in sorted(of_nobody) if not brakes.are_on(stretch.rule, on)]
            if left:
                unproven[stretch.alert_id, None] += left
    return unproven, checked


def _read_rows(connection: sa.Connection, ids: Sequence[int], first: date, last: date) -> dict[int, list[Any]]:
    during = (routed.c.since <= last, sa.or_(routed.c.until.is_(None), routed.c.until > first))
    query = sa.select(routed).where(routed.c.alert_id.in_(ids), *during).order_by(routed.c.alert_id, routed.c.id)
    return {id_: list(rows) for id_, rows in groupby(connection.execute(query), key=lambda row: row.alert_id)}


def _read_stretches(
    connection: sa.Connection, ids: Sequence[int], days: Mapping[str, Sequence[date]], last: date
) -> Iterator[_Stretch]:
    """Return the stretches in which alerts were firing at the end of days of their jobs."""
    query = sa.select(transition.c.alert_id, transition.c.as_of, transition.c.after, run.c.job, alert.c.rule)
    query = query.join(alert, alert.c.id == transition.c.alert_id).outerjoin(run, run.c.id == transition.c.run_id)
    query = query.where(transition.c.alert_id.in_(ids), transition.c.as_of <= last)
    rows = connection.execute(query.order_by(transition.c.alert_id, transition.c.id))
    for id_, changes in groupby(rows, key=lambda row: row.alert_id):
        # The last change of a day is how that day ended.
        job, ends = None, list({change.as_of: change for change in changes}.values())
        for place, change in enumerate(ends):
            job = change.job or job
            mine = _between(days.get(job or "", ()), change.as_of, ends[place + 1].as_of if place + 1 < len(ends) else None)
            if change.after == _FIRING and mine:
                yield _Stretch(alert_id=id_, rule=change.rule, days=mine)


def _between(days: Sequence[date], since: date, until: date | None) -> Sequence[date]:
    return days[bisect_left(days, since) : bisect_left(days, until) if until else None]


def _untold(log: MessageLog, key: Key, days: Sequence[date]) -> list[date]:
    """Return those of some days by which somebody was not told of an alert, and on which no message to them told it."""
    turns = log.turns.get(key, ())
    if turns and all(knows for _, _, knows in turns):
        days = _between(days, date.min, min(since for since, _, _ in turns))
    return [on for on in days if (on, *key) not in log.listed and not log.knew(key, on)]
