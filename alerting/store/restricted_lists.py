"""The list of restricted records as it was when last trusted, and what people have found right of it.

A list that is doubted is released by two people, and for the very ids that it had; that somebody was taken off it, by one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from alerting.alerts.acts import ActKind
from alerting.alerts.people import Actor
from alerting.casedata.restricted_list import RESTRICTED, RestrictedPerson, TrustedList, allowed_workers
from alerting.casedata.trust import Trust
from alerting.store import acts
from alerting.store.schema import source_release
from alerting.store.service_state import forget, remember, remembered

_LIST, _DOUBT, _RELEASE = "restricted records", "restricted records doubted", "restricted records released"
_LOST = "restricted records lost"


@dataclass(frozen=True, kw_only=True)
class DoubtedList:
    """A list that a run did not believe, and that two people may find right."""

    as_of: date
    #: A mark of the very ids that it had.
    mark: str
    #: What is doubted of it.
    says: str


def last_trusted(connection: sa.Connection) -> TrustedList | None:
    """Return the list as it was when last trusted; None where it never was, or where what was kept of it cannot be read."""
    try:
        return _read_list(remembered(connection, _LIST))
    except (ValueError, TypeError, LookupError, AttributeError):
        return None


def _read_list(kept: Any) -> TrustedList | None:
    if isinstance(kept, list):  # as an earlier version kept it: person, level, who is allowed
        people = (RestrictedPerson(ids=(id_,), level=level, allowed=allowed_workers(cell)) for id_, level, cell in kept if id_)
        return TrustedList(rows=len(kept), listed=tuple(people))
    if kept is None:
        return None
    return TrustedList(rows=kept["rows"], listed=_people(kept["listed"]), removed=_people(kept["removed"]))


def allowed_for(connection: sa.Connection, person: str) -> frozenset[str] | None:
    """Return the workers who alone may know of somebody, by the list that was last trusted; None where anybody may.

    Nobody may where there is no such list.
    """
    known = last_trusted(connection)
    if known is None or is_lost(connection):
        return frozenset()
    mine = [one.allowed for one in (*known.listed, *known.removed) if person in one.ids]
    return frozenset.intersection(*map(frozenset, mine)) if mine else None


def restricted_people(connection: sa.Connection) -> frozenset[str]:
    """Return every id of whoever is restricted by the list that was last trusted, or was and has not been released."""
    known = last_trusted(connection)
    return frozenset(id_ for one in (*known.listed, *known.removed) for id_ in one.ids) if known else frozenset()


def released_mark(connection: sa.Connection) -> str | None:
    """Return the mark of the doubted list that two people have found right; None where there is none."""
    try:
        release = remembered(connection, _RELEASE)
    except ValueError:
        return None
    mark = release.get("mark") if isinstance(release, dict) else None
    return mark if isinstance(mark, str) else None


def is_lost(connection: sa.Connection) -> bool:
    """Return whether a run has found that the last trusted list is not known any more, and none was trusted since."""
    return remembered(connection, _LOST) is not None


def keep(connection: sa.Connection, as_of: date, now: datetime, judged: Trust) -> None:
    """Write down a day's list where it was trusted, else why it was not, in the caller's transaction."""
    restricted = judged.restricted
    if restricted.lost and RESTRICTED in judged.doubted:
        remember(connection, _LOST, True, now)
    if RESTRICTED in judged.releasable:
        since = doubted_since(connection) or as_of
        doubt = {"as_of": as_of.isoformat(), "since": since.isoformat(), "mark": restricted.mark, "says": restricted.says}
        remember(connection, _DOUBT, doubt, now)
        return
    forget(connection, _DOUBT)
    if RESTRICTED in judged.doubted:
        return
    if not restricted.released:
        # What was released is over when another list is trusted: the next time it is doubted again.
        forget(connection, _RELEASE)
    forget(connection, _LOST)
    if restricted.kept is not None:
        _keep_list(connection, restricted.kept, now)


def doubted_since(connection: sa.Connection) -> date | None:
    """Return since when a list is doubted that people may find right; None where it is not."""
    doubt = remembered(connection, _DOUBT)
    return date.fromisoformat(doubt.get("since") or doubt["as_of"]) if doubt else None


def doubted(connection: sa.Connection) -> DoubtedList | None:
    """Return the list that the last run doubted and that people may find right; None where it doubted none."""
    doubt = remembered(connection, _DOUBT)
    return doubt and DoubtedList(as_of=date.fromisoformat(doubt["as_of"]), mark=doubt["mark"], says=doubt["says"])


def release_list(connection: sa.Connection, mark: str, *, by: Actor, note: str, now: datetime, answers: int) -> bool:
    """Let the doubted list with a mark count as right, and return whether it is the one that the last run doubted.

    answers: the request that a second person has approved.
    """
    found = doubted(connection)
    if found is None or found.mark != mark:
        return False
    remember(connection, _RELEASE, {"mark": mark}, now)
    row = {
        "table_name": RESTRICTED,
        "as_of": found.as_of,
        "rows": None,
        "problem": found.says,
        "by": by.id,
        "note": note,
        "at": now,
    }
    connection.execute(source_release.insert().values(row))
    acts.keep(connection, by, ActKind.list_released, RESTRICTED, now, note=note, answers=answers)
    return True


def release_removal(connection: sa.Connection, *, by: Actor, note: str, now: datetime) -> int:
    """Let whoever was taken off the list be restricted no more, and return how many people that is."""
    last = last_trusted(connection)
    if last is None or not last.removed:
        return 0
    _keep_list(connection, replace(last, removed=()), now)
    acts.keep(connection, by, ActKind.removal_released, RESTRICTED, now, note=note)
    return len({person.ids for person in last.removed})


def take_off(connection: sa.Connection, ids: Collection[str], now: datetime) -> None:
    """Take a child off the list that was last trusted: the next list that has them restricts them again."""
    last = last_trusted(connection)
    if last is None:
        return
    listed, removed = (
        tuple(one for one in people if not set(one.ids).intersection(ids)) for people in (last.listed, last.removed)
    )
    if (listed, removed) != (last.listed, last.removed):
        _keep_list(connection, replace(last, listed=listed, removed=removed), now)


def _keep_list(connection: sa.Connection, kept: TrustedList, now: datetime) -> None:
    value = {"rows": kept.rows, "listed": _as_json(kept.listed), "removed": _as_json(kept.removed)}
    remember(connection, _LIST, value, now)


def _as_json(people: tuple[RestrictedPerson, ...]) -> list[list[Any]]:
    return [[list(person.ids), person.level, list(person.allowed)] for person in people]


def _people(kept: list[list[Any]]) -> tuple[RestrictedPerson, ...]:
    return tuple(RestrictedPerson(ids=tuple(ids), level=level, allowed=tuple(allowed)) for ids, level, allowed in kept)
