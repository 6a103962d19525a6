"""What people said of cover, as the store keeps it: what stands and what is to come. That it was said stays among the acts for good."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from alerting.alerts.acts import ActKind
from alerting.alerts.people import Actor
from alerting.casedata.directory import Directory
from alerting.casedata.said_cover import SaidCover, may_say, must_suit
from alerting.errors import HandlingError
from alerting.formatting import day
from alerting.store import acts
from alerting.store.service_state import COVER, remember, remembered

_AS_JSON: TypeAdapter[tuple[SaidCover, ...]] = TypeAdapter(tuple[SaidCover, ...])


def read(connection: sa.Connection, today: date) -> tuple[SaidCover, ...]:
    """Return the cover that stands or is to come, the first to begin first; nothing of what cannot be read any more."""
    kept: Any = remembered(connection, COVER)
    try:
        found = _AS_JSON.validate_python(kept or ())
    except ValidationError:
        return ()
    return tuple(sorted((one for one in found if one.until >= today), key=lambda one: (one.begins, one.id)))


def say(
    connection: sa.Connection,
    directory: Directory,
    wanted: SaidCover,
    actor: Actor,
    who: Collection[str] | None,
    today: date,
    now: datetime,
    *,
    note: str = "",
) -> SaidCover:
    """Write down that somebody covers for somebody, and return it with its number. who: the worker ids of who says so; None of an
    administrator, who may say it for anybody, but not that they cover themselves: they may not know children. Raises HandlingError
    where they may not say it, or it is not to be.
    """
    if who is None and wanted.by == actor.id and not may_say(directory, [actor.id], wanted.away):
        raise HandlingError(
            "an administrator does not say that they cover themselves",
            remedy="Ask whoever is away, those above them or another administrator to say it.",
        )
    _may(directory, who, wanted.away)
    must_suit(directory, wanted, read(connection, today), today)
    about = f"{wanted.away}, covered by {wanted.by} from {day(wanted.begins)} to {day(wanted.until)}"
    number = acts.keep(connection, actor, ActKind.cover_said, about, now, note=note)
    said = replace(wanted, id=number)
    # Read once the act is kept: from then on whoever else says so waits.
    _keep(connection, (*read(connection, today), said), now)
    return said


def end(
    connection: sa.Connection,
    directory: Directory,
    number: int,
    actor: Actor,
    who: Collection[str] | None,
    today: date,
    now: datetime,
    *,
    note: str = "",
) -> SaidCover:
    """End cover that stands or is to come, and return it. Raises HandlingError where there is none, or they may not end it."""
    found = next((one for one in read(connection, today) if one.id == number), None)
    if found is None:
        raise HandlingError(
            f"there is no cover {number}", remedy="`alerting people cover` lists what stands and what is to come."
        )
    if found.said_by != actor.id:
        _may(directory, who, found.away)
    acts.keep(connection, actor, ActKind.cover_ended, f"{found.away}, covered by {found.by}", now, note=note)
    _keep(connection, [one for one in read(connection, today) if one.id != number], now)
    return found


def _may(directory: Directory, who: Collection[str] | None, away: str) -> None:
    if who is not None and not may_say(directory, who, away):
        raise HandlingError(
            "who covers for somebody is said by themselves, by those above them or by an administrator",
            remedy="Ask one of these to say it.",
        )


def _keep(connection: sa.Connection, said: Sequence[SaidCover], now: datetime) -> None:
    remember(connection, COVER, _AS_JSON.dump_python(tuple(said), mode="json"), now)
