"""Whether each message that was due was accepted by a receiver of persons: for its reader, or for the next up in their stead.

A message is one person's, of one purpose and day. Where several receivers of persons have it, one that took all of it is enough;
a copy in a folder beside them is none. What waits is not accepted yet. To those who look after the service something is due after a
daily run that found something new, and once in seven days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from alerting.audit.messages import alerts_told
from alerting.formatting import day, plural
from alerting.model import DeliveryReason, Reach, Worded
from alerting.store.messages.outbox import OPEN
from alerting.store.schema import DONE, LAST_WITHOUT_REACH, notice, outbox, run, state

_DUE = ("daily", "weekly", "monthly", "admin", "quality")
_WEEK = timedelta(days=6)
"""Before a day, within which something was told of a run."""
_SHOWN = 3
"""How many messages a breach names; the others are counted."""
_NOT_DUE = frozenset({DeliveryReason.restored, DeliveryReason.not_posted, DeliveryReason.not_theirs})
_REPLACED = frozenset({DeliveryReason.superseded, DeliveryReason.withdrawn})


class Unaccepted(Worded):
    """Why a message counts as accepted by nobody."""

    waits = "waits", "waiting, and accepted by nobody yet"
    no_answer = "no_answer", "handed over, and no answer came"
    failed = "failed", "refused, and not all of it was passed on to the next up"
    too_late = "too_late", "accepted by nobody on the day"
    copy = "copy", "taken by a copy alone, and by no receiver of persons"


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """What was found of the messages that were due."""

    #: What a breach is about, and the problem.
    breaches: tuple[tuple[str, str], ...] = ()
    #: The days whose messages went to one address, as the environment is not production.
    redirected: tuple[date, ...] = ()


_Message = tuple[date, str, str]
"""A day, a purpose and a reader."""


def check_arrivals(
    connection: sa.Connection, messages: Iterable[Any], since: date, until: date, ended: int | None = None
) -> Arrivals:
    """Return which messages of a range, and of those that wait, were accepted by nobody.

    messages: their rows, in order, and maybe others. ended: the number of a run that has just told those who look after the service, which is not written down yet.
    """
    before = connection.execute(sa.select(state.c.value).where(state.c.name == LAST_WITHOUT_REACH)).scalar() or 0
    # While fire is held nothing is due yet, and nothing counts as told.
    held = connection.execute(sa.select(state.c.name).where(state.c.name == "hold_fire")).first() is not None
    rows = [row for row in messages if _is_due(row, before) and (since <= row.as_of <= until or row.state in OPEN)]
    rows = [row for row in rows if not held or row.state not in OPEN]
    found: defaultdict[tuple[date, str, Unaccepted], list[int]] = defaultdict(list)
    for (on, purpose, _), message in _by_message(rows).items():
        for why, id_ in _unaccepted(connection, message):
            found[on, purpose, why].append(id_)
    breaches = [(f"{purpose} of {day(on)}", _said(why, ids)) for (on, purpose, why), ids in found.items()]
    breaches += [
        (f"daily of {day(on)}", "no message to those who look after the service was planned: nobody is named, or no receiver")
        for on in (() if held else _without_administrators(connection, since, until, before, ended))
    ]
    redirected = sorted({row.as_of for row in rows if row.reach == Reach.one_address and since <= row.as_of <= until})
    return Arrivals(breaches=tuple(breaches), redirected=tuple(redirected))


def _is_due(row: Any, before: int) -> bool:
    # What sending itself has to tell of a failing receiver belongs to no run, and stands in the day's own message as well.
    return (row.run_id or 0) > before and row.reach != Reach.channels and row.purpose in _DUE


def _said(why: Unaccepted, ids: Sequence[int]) -> str:
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return f"{plural(len(ids), 'message')} {why.words} ({', '.join(map(str, sorted(ids)[:_SHOWN]))}{more})"


def _by_message(rows: Iterable[Any]) -> Mapping[_Message, list[Any]]:
    """Return the rows of each message, those that stand in for others with the one that they stand in for."""
    found: defaultdict[_Message, list[Any]] = defaultdict(list)
    readers: dict[int, str] = {}
    for row in rows:
        # What stands in has a higher number than what it stands in for.
        readers[row.id] = readers.get(row.stands_for, row.recipient)
        found[row.as_of, row.purpose, readers[row.id]].append(row)
    return found


def _unaccepted(connection: sa.Connection, rows: Sequence[Any]) -> list[tuple[Unaccepted, int]]:
    """Return the rows of one message that were accepted by nobody, each with why; nothing where one receiver took all of it."""
    due = [row for row in rows if row.reason not in _NOT_DUE and not _is_taken_back(row)]
    by_receiver: defaultdict[str, list[Any]] = defaultdict(list)
    for row in due:
        if row.reach != Reach.copy:
            by_receiver[row.receiver].append(row)
    if not by_receiver:
        return [(Unaccepted.copy, row.id) for row in due]
    found = [_unaccepted_by_one(connection, mine) for mine in by_receiver.values()]
    return [each for several in found for each in several] if all(found) else []


def _is_taken_back(row: Any) -> bool:
    """Return whether a later run of the same day has nothing of a message to tell any more."""
    return row.reason == DeliveryReason.withdrawn and row.finished_at is not None and row.finished_at.date() == row.as_of


def _is_withdrawn_on_its_day(row: Any) -> bool:
    """Return whether another run of a message's own day had nothing to tell its reader; on a later day it was due, and did not come."""
    return bool(row.reason == DeliveryReason.withdrawn and row.finished_at.date() == row.as_of)


def _unaccepted_by_one(connection: sa.Connection, rows: Sequence[Any]) -> list[tuple[Unaccepted, int]]:
    """Return the rows that one receiver did not take, and instead of which it took nothing else."""
    standing = [row for row in rows if row.reason not in _REPLACED]
    if not standing:
        return [(Unaccepted.too_late, rows[-1].id)]
    # A mail that came back was accepted on its day: what its reader knows since then is another promise.
    left = [row for row in standing if row.state != "accepted" and row.reason != DeliveryReason.bounced]
    told = alerts_told(connection, [row.id for row in standing]) if left else {}
    return [(_why(row), row.id) for row in left if row.state in OPEN or not _is_told_by_others(row, standing, told)]


def _why(row: Any) -> Unaccepted:
    if row.state in OPEN:
        return Unaccepted.waits
    return {"failed": Unaccepted.failed, "unknown": Unaccepted.no_answer}.get(row.state, Unaccepted.too_late)


def _is_told_by_others(row: Any, standing: Iterable[Any], told: Mapping[int, Set[str]]) -> bool:
    """Return whether all that a message tells is in what was accepted, or in what stands in for it, which is asked of that."""
    instead = [other for other in standing if other.id != row.id and row.id == other.stands_for]
    others = [*instead, *(other for other in standing if other.state == "accepted")]
    passed: Set[str] = frozenset().union(*(told[other.id] for other in others))
    return told[row.id] <= passed if told[row.id] else bool(instead)


def _without_administrators(connection: sa.Connection, since: date, until: date, before: int, ended: int | None) -> list[date]:
    """Return the days of which no message to those who look after the service was even planned, though something was new, or in a week.

    before: runs that do not count.
    """
    planned = sa.select(outbox.c.as_of).where(outbox.c.purpose == "admin", outbox.c.as_of.between(since - _WEEK, until))
    told = set(connection.execute(planned.distinct()).scalars())
    begun = sa.select(notice.c.first_on).where(notice.c.job == "daily", notice.c.first_on.between(since, until)).distinct()
    new = set(connection.execute(begun).scalars())
    done = sa.or_(run.c.status.in_(DONE), run.c.id == (ended or 0))
    mine = (run.c.job == "daily", run.c.id > before, run.c.as_of.between(since, until))
    query = sa.select(run.c.as_of).where(done, *mine).distinct().order_by(run.c.as_of)
    return [on for on in connection.execute(query).scalars() if not {on} & told and (on in new or not _lately(on) & told)]


def _lately(on: date) -> Set[date]:
    return {on - timedelta(days=back) for back in range(1, _WEEK.days + 1)}
