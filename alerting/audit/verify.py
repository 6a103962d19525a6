"""The promises of runs, alerts and messages, proved from the store alone, or the places where it contradicts them.

    I1  each occurrence that was due ends as done, done with faults or missed
    I2  each alert that is or was firing was told to everybody it is for, is about to be, or is withheld with a reason
    I3  each message ends in one way, or may still be sent; what was tried adds up
    accepted  each message that was due was taken by a receiver of persons, for its reader or for the next up in their stead
    I5  each alert that ended did so on evidence, or by a person
    history  each change follows from the one before, and says why and by whom

Breaches name references, jobs, days, numbers of messages and ids of those who were to be told: nothing of a case. I2 is shown
for now and for each day since the store keeps whom each alert is for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from alerting.alerts.acts import ActKind
from alerting.audit import arrivals, messages, recipients
from alerting.audit.messages import MessageLog
from alerting.formatting import day, plural
from alerting.model import BOUNCED, Reason
from alerting.store.batches import batches
from alerting.store.job_leases import ENDED
from alerting.store.schema import alert, delivery, handling, occurrence, outbox, run, state, told, transition

ARRIVED = "accepted"
"""The promise that each message was accepted, which a run asks once more when it has sent its last."""

WAITING = frozenset({"planned", "claimed", "deferred"})
FINAL = frozenset({"accepted", "failed", "cancelled", "unknown"})
_SLACK = timedelta(minutes=30)
"""How long a message may be past its time before it counts as forgotten: the sender that ends it comes by now and then."""
_ASKED = frozenset({"ok", "off"})
_WIPED = ActKind.child_wiped.value
_REASONS = frozenset(reason.value for reason in Reason)


@dataclass(frozen=True, kw_only=True)
class Breach:
    """Where the store contradicts a promise."""

    promise: str
    #: An alert's reference, a job and day, or a message's number.
    about: str
    problem: str

    def __str__(self) -> str:
        return f"{self.promise} {self.about}: {self.problem}"


@dataclass(frozen=True, kw_only=True)
class CurrentRun:
    """The run that asks for proof of its own day, before it has ended."""

    run_id: int
    job: str
    as_of: date
    #: The status of each rule in it, by the rule's id.
    rules: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What was looked at, and every breach that was found."""

    since: date
    until: date
    #: How many of each kind.
    looked_at: Mapping[str, int] = field(default_factory=dict)
    breaches: tuple[Breach, ...] = ()
    #: What the store cannot tell, and why.
    not_shown: tuple[str, ...] = ()


def verify(
    connection: sa.Connection,
    since: date,
    until: date,
    now: datetime,
    *,
    due: Iterable[tuple[str, date]] = (),
    current: CurrentRun | None = None,
) -> Audit:
    """Return what breaks a promise in a range of days, both included.

    due: the jobs and days that the timetable asks for, which the store cannot know. current: the run that asks, if one does.
    """
    days = _read_occurrences(connection, since, until)
    histories = _read_histories(connection, since, until)
    rows = _read_messages(connection, since, until)
    firing, log = _read_firing(connection), messages.read_message_log(connection, rows)
    known = connection.execute(sa.select(told.c.receiver, told.c.recipient, told.c.alert_id, told.c.told_on)).all()
    copies, arrived = messages.find_copies(connection), arrivals.check_arrivals(connection, rows, since, until)
    told_to_persons = [row for row in known if row.receiver not in copies]
    recipient_check = recipients.check_recipients(
        connection, since, until, firing, log, told_to_persons, current=current.run_id if current else None
    )
    breaches = [
        *_check_occurrences(days, due, now, current),
        *_check_runs(connection, since, until, current),
        *(Breach(promise="I2", about=gap.about, problem=gap.problem) for gap in recipient_check.gaps),
        *_check_messages(connection, rows, now),
        *(Breach(promise=ARRIVED, about=about, problem=problem) for about, problem in arrived.breaches),
        *_check_told(connection, log, known, until),
        *_check_histories(connection, histories, since, until, current),
    ]
    looked_at = {
        "occurrences": len(days),
        "alerts firing": len(firing),
        "alerts by person and day": recipient_check.checked,
        "alerts changed": len(histories),
        "messages": len(rows),
    }
    not_shown = (*_not_shown(recipient_check.not_kept), *_redirected(arrived.redirected))
    return Audit(since=since, until=until, looked_at=looked_at, breaches=tuple(breaches), not_shown=not_shown)


def unaccepted(connection: sa.Connection, on: date, ended: int) -> tuple[Breach, ...]:
    """Return the messages of a day, and those that wait, that nobody has accepted. ended: the number of a run that has sent its last."""
    found = arrivals.check_arrivals(connection, _read_messages(connection, on, on), on, on, ended)
    return tuple(Breach(promise=ARRIVED, about=about, problem=problem) for about, problem in found.breaches)


def job_days(connection: sa.Connection) -> dict[str, tuple[date, date]]:
    """Return the first and the last day that there is an occurrence of, by job; nothing for an empty store."""
    job, as_of = occurrence.c.job, occurrence.c.as_of
    query = sa.select(job, sa.func.min(as_of), sa.func.max(as_of)).group_by(job)
    return {row[0]: (row[1], row[2]) for row in connection.execute(query)}


# ---------------------------------------------------------------------- I1: occurrences


def _read_occurrences(connection: sa.Connection, since: date, until: date) -> dict[tuple[str, date], Any]:
    query = sa.select(occurrence).where(occurrence.c.as_of.between(since, until)).order_by(occurrence.c.as_of, occurrence.c.job)
    return {(row.job, row.as_of): row for row in connection.execute(query)}


def _check_occurrences(
    days: Mapping[tuple[str, date], Any], due: Iterable[tuple[str, date]], now: datetime, current: CurrentRun | None
) -> Iterator[Breach]:
    for job, as_of in due:
        if (job, as_of) not in days:
            yield Breach(
                promise="I1", about=f"{job} of {day(as_of)}", problem="was due, and was neither done nor noted as missed"
            )
    for (job, as_of), row in days.items():
        about = f"{job} of {day(as_of)}"
        if current and (job, as_of) == (current.job, current.as_of):
            continue
        if row.state == "missed" and not row.note:
            yield Breach(promise="I1", about=about, problem="is noted as missed, without why")
        elif row.state == "running" and row.lease_until < now - _SLACK:
            yield Breach(promise="I1", about=about, problem="was begun and has not ended, and nobody works on it")
        elif row.state not in (*ENDED, "running"):
            yield Breach(promise="I1", about=about, problem=f"is {row.state}, and was neither done since nor noted as missed")


def _check_runs(connection: sa.Connection, since: date, until: date, current: CurrentRun | None) -> Iterator[Breach]:
    at_work = sa.exists().where(occurrence.c.job == run.c.job, occurrence.c.as_of == run.c.as_of, occurrence.c.state == "running")
    left = sa.select(run.c.id, run.c.job, run.c.as_of).where(
        run.c.as_of.between(since, until), run.c.finished_at.is_(None), ~at_work
    )
    for row in connection.execute(left):
        if current is None or row.id != current.run_id:
            yield Breach(promise="I1", about=f"run {row.id}, {row.job} of {day(row.as_of)}", problem="has no end")


# ---------------------------------------------------------------------- I2: who was told of what is firing


def _read_firing(connection: sa.Connection) -> list[Any]:
    query = sa.select(alert.c.id, alert.c.ref, alert.c.code, alert.c.rule).where(alert.c.condition == "firing")
    return list(connection.execute(query.order_by(alert.c.id)))


def _not_shown(days: Sequence[date]) -> tuple[str, ...]:
    if not days:
        return ()
    return (f"I2 of {_when(days)}: the store did not keep yet whom each alert was for",)


def _when(days: Sequence[date]) -> str:
    return day(days[0]) if len(days) == 1 else f"{plural(len(days), 'day')} from {day(days[0])} to {day(days[-1])}"


def _redirected(days: Sequence[date]) -> Iterator[str]:
    if days:
        yield f"{ARRIVED} of {_when(days)}: the environment is not production, so that all messages went to one address"


# ---------------------------------------------------------------------- I3: messages


def _read_messages(connection: sa.Connection, since: date, until: date) -> list[Any]:
    """Return the messages of the range, those that wait, and earlier ones that have come back since, without their content."""
    ids = {id_ for id_, on in messages.returned_on(connection).items() if on >= since}
    # One by one: what was sent is large, and neither of these reads it.
    for mine in (outbox.c.as_of.between(since, until), outbox.c.state.in_(WAITING)):
        ids.update(connection.execute(sa.select(outbox.c.id).where(mine)).scalars())
    columns = [column for column in outbox.c if column.name != "content"]
    found = list[Any]()
    for some in batches(sorted(ids)):
        query = sa.select(*columns).where(outbox.c.id.in_(some))
        found += connection.execute(query.order_by(outbox.c.id)).all()
    return found


def _check_messages(connection: sa.Connection, rows: Iterable[Any], now: datetime) -> Iterator[Breach]:
    held = connection.execute(sa.select(state.c.name).where(state.c.name == "hold_fire")).first() is not None
    attempts: dict[int, list[Any]] = defaultdict(list)
    for some in batches(row.id for row in rows):
        query = sa.select(delivery).where(delivery.c.outbox_id.in_(some)).order_by(delivery.c.id)
        for row in connection.execute(query):
            attempts[row.outbox_id].append(row)
    for row in rows:
        problems = [*_check_end(row, now, held=held), *_check_attempts(row, attempts[row.id])]
        for problem in problems:
            yield Breach(promise="I3", about=f"message {row.id} ({row.purpose}, {day(row.as_of)})", problem=problem)
    yield from _check_fallbacks(connection, rows)


def _check_end(row: Any, now: datetime, *, held: bool) -> Iterator[str]:
    if row.state in FINAL:
        if row.finished_at is None:
            yield f"is {row.state}, without when"
        if not row.answer and row.state != "accepted":
            yield f"is {row.state}, without why"
    elif row.state not in WAITING:
        yield f"is in no known state ({row.state})"
    elif row.finished_at is not None:
        yield f"is {row.state}, and yet has an end"
    elif row.expires_at is not None and row.expires_at < now - _SLACK and not held:
        yield "is past its time, and was neither sent nor given up"


def _check_attempts(row: Any, attempts: list[Any]) -> Iterator[str]:
    """Return where a message's attempts and their outcomes do not add up.

    An attempt that was cut short has no outcome, and another follows it. A message that came back after it was accepted has both
    outcomes, and has failed.
    """
    bounced = sum(attempt.state == BOUNCED for attempt in attempts)
    numbers = [each.attempt for each in attempts if each.state != BOUNCED]
    accepted = sum(each.state == "accepted" for each in attempts)
    if len(set(numbers)) != len(numbers):
        yield "has two outcomes of one attempt"
    if any(number > row.attempts for number in numbers):
        yield f"has {plural(row.attempts, 'attempt')} and an outcome of more"
    if accepted > 1:
        yield f"was accepted {accepted} times"
    if row.state == "accepted" and accepted == 0:
        yield "is accepted, and no attempt was"
    if bounced > 1 or (bounced and row.state != "failed"):
        yield f"came back {'more than once' if bounced > 1 else f'and is {row.state}'}"
    if row.state != "accepted" and accepted and not bounced:
        yield f"was accepted, and is {row.state}"
    if row.state in ("accepted", "unknown") and row.attempts not in numbers:
        yield "has no outcome of its last attempt"


def _check_fallbacks(connection: sa.Connection, rows: Iterable[Any]) -> Iterator[Breach]:
    wanted = {row.stands_for for row in rows if row.stands_for is not None}
    states: dict[int, str] = {}
    for some in batches(sorted(wanted)):
        query = sa.select(outbox.c.id, outbox.c.state).where(outbox.c.id.in_(some))
        states |= {row.id: row.state for row in connection.execute(query)}
    for row in rows:
        if row.stands_for is not None and states.get(row.stands_for) not in ("failed", "unknown"):
            problem = f"stands for message {row.stands_for}, which is {states.get(row.stands_for, 'not there')}"
            yield Breach(promise="I3", about=f"message {row.id}", problem=problem)


def _check_told(connection: sa.Connection, log: MessageLog, known: Iterable[Any], until: date) -> Iterator[Breach]:
    """Return the messages that told something else than what the store takes their recipients to know."""
    later = connection.execute(
        sa.select(outbox.c.id).where(outbox.c.as_of > until, outbox.c.state == "accepted").limit(1)
    ).first()
    if later is not None:
        return
    counted = {(row.receiver, row.recipient, row.alert_id) for row in known}
    # Of what was wiped with all about its child, nobody counts as told of anything.
    wiped = set(connection.execute(sa.select(handling.c.alert_id).where(handling.c.kind == _WIPED)).scalars())
    wrong: dict[int, int] = defaultdict(int)
    for key, (condition, message) in log.last.items():
        if key[2] not in wiped:
            wrong[message] += (condition != "resolved") != (key in counted)
    for message, count in sorted(wrong.items()):
        if count:
            problem = f"was accepted, and of {plural(count, 'alert')} in it the store does not know so"
            yield Breach(promise="I3", about=f"message {message}", problem=problem)


# ---------------------------------------------------------------------- I5, and the history of alerts


def _read_histories(connection: sa.Connection, since: date, until: date) -> dict[Any, list[Any]]:
    """Return the whole history of each alert that changed within the range, by the alert's row, in the order of events."""
    changed = sa.select(transition.c.alert_id).where(transition.c.as_of.between(since, until)).distinct()
    columns = (alert.c.ref, alert.c.code, alert.c.rule, alert.c.condition, alert.c.level, alert.c.resolved_on)
    query = sa.select(transition, *[column.label(f"alert_{column.name}") for column in columns])
    query = query.join(alert, alert.c.id == transition.c.alert_id).where(transition.c.alert_id.in_(changed))
    rows = connection.execute(query.order_by(transition.c.alert_id, transition.c.id)).all()
    return {id_: list(history) for id_, history in groupby(rows, key=lambda row: row.alert_id)}


def _check_histories(
    connection: sa.Connection, histories: Mapping[int, list[Any]], since: date, until: date, current: CurrentRun | None
) -> Iterator[Breach]:
    asked = _rule_statuses(connection, since, until)
    if current is not None:
        asked[current.run_id] = current.rules
    for history in histories.values():
        about = f"{history[0].alert_ref} ({history[0].alert_code})"
        yield from (Breach(promise="history", about=about, problem=problem) for problem in _check_chain(history))
        for row in history:
            if row.after == "resolved" and since <= row.as_of <= until:
                problem = _check_evidence(row, asked.get(row.run_id))
                if problem:
                    yield Breach(promise="I5", about=about, problem=f"ended on {day(row.as_of)} {problem}")


def _rule_statuses(connection: sa.Connection, since: date, until: date) -> dict[int | None, Mapping[str, str]]:
    """Return the status of each rule in each run of the range whose report is there."""
    query = sa.select(run.c.id, run.c.report).where(run.c.as_of.between(since, until), run.c.report.is_not(None))
    return {
        row.id: {rule["id"]: rule["status"] for rule in (row.report or {}).get("rules", [])} for row in connection.execute(query)
    }


def _check_chain(history: list[Any]) -> Iterator[str]:
    before: Any = None
    for row in history:
        on = day(row.as_of)
        if row.reason not in _REASONS or not row.by.strip():
            yield f"its change of {on} does not say why, or by whom"
        if row.by == "service" and row.run_id is None:
            yield f"its change of {on} belongs to no run and to nobody"
        if row.before != (before.after if before else None):
            yield f"its change of {on} begins at {row.before or 'nothing'}, and it was {before.after if before else 'not there'}"
        if before and row.level_before is not None and row.level_before != before.level_after:
            yield f"its change of {on} begins at another level than it had"
        if before and row.as_of < before.as_of:
            yield f"its change of {on} comes after one of {day(before.as_of)}"
        before = row
    last = history[-1]
    if last.after != last.alert_condition or last.level_after != last.alert_level:
        yield f"it is {last.alert_condition}, and its history ends with {last.after}, or at another level"
    if (last.alert_resolved_on is not None) != (last.alert_condition == "resolved"):
        yield "the day it ended does not fit its condition"


def _check_evidence(row: Any, asked: Mapping[str, str] | None) -> str | None:
    """Return what is wrong with how an alert ended, None where it was on evidence. asked: the rules of the run that ended it."""
    if row.reason in (Reason.closed, Reason.wiped):
        return "by hand, and nobody is named" if row.by == "service" else None
    if row.reason in (Reason.rule_changed, Reason.rule_removed):
        return None
    if row.before == "pending":
        return None if row.run_id is not None else "without a run"
    proved = row.reason in (Reason.cleared, Reason.record_merged) or (row.reason == Reason.left and row.detail)
    if not proved:
        return "without evidence: what is given as its reason ends no alert"
    status = asked.get(row.alert_rule) if asked is not None else "ok"
    return None if status in _ASKED else f"as {row.reason}, in a run that did not ask its rule ({status or 'left out'})"
