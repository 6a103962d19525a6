"""Who answers for somebody who is away: said for oneself and for those whom one is above, by the function of the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

from alerting.casedata.directory import Directory
from alerting.casedata.said_cover import LONGEST, SaidCover, may_cover, may_say
from alerting.errors import HandlingError
from alerting.formatting import capital
from alerting.model import Person
from alerting.store import said_cover
from alerting.web.visits import Visit, read_number

_SAID = {"said": "It is said. It counts in messages from the next run on, and on the page from now on.", "ended": "It is ended."}


def show_cover(visit: Visit) -> Response:
    """Show the cover that the reader may know of, with a form to say more."""
    return _page(visit)


def say_cover(visit: Visit) -> Response:
    """Write down who covers, as a form says. Raises HandlingError where that is not to be."""
    if not visit.reader.ids:
        return visit.nothing_there()
    directory, form = visit.scope.directory, visit.form
    if form.get("of", "") not in directory.staff or form.get("by", "") not in directory.staff:
        raise HandlingError("choose who covers")
    wanted = SaidCover(
        id=0,
        away=form["of"],
        by=form["by"],
        said_by=visit.reader.actor.id,
        begins=_day(form.get("begins", "")),
        until=_day(form.get("until", "")),
    )
    note = visit.text("note")
    said_cover.say(visit.connection, directory, wanted, visit.reader.actor, visit.reader.ids, visit.today, visit.now, note=note)
    return visit.go_to("/cover?done=said")


def end_cover(visit: Visit) -> Response:
    """End cover, as a form says. Raises HandlingError where it is over, or not theirs to end."""
    if not visit.reader.ids:
        return visit.nothing_there()
    said_cover.end(
        visit.connection,
        visit.scope.directory,
        read_number(visit.text("cover")) or 0,
        visit.reader.actor,
        visit.reader.ids,
        visit.today,
        visit.now,
    )
    return visit.go_to("/cover?done=ended")


def show_cover_refused(visit: Visit, error: HandlingError) -> Response:
    """Show the cover to somebody whose form was not done, with why."""
    return _page(visit, wrong=f"{capital(error.problem)}.")


@dataclass(frozen=True, kw_only=True)
class Known:
    """Cover that the reader may know of, in words."""

    id: int
    away: str
    by: str
    begins: date
    until: date
    #: Whether the reader may end it.
    is_theirs: bool


def _page(visit: Visit, *, wrong: str = "") -> Response:
    reader, directory = visit.reader, visit.scope.directory
    if not reader.ids:
        return visit.nothing_there()
    theirs = [one for one in directory.staff.values() if may_say(directory, reader.ids, one.id)]
    away = _chosen(visit, theirs)
    recorded = directory.cover.get(away.id)
    return visit.show(
        "cover.html",
        status=409 if wrong else 200,
        here="cover",
        known=_known(visit),
        recorded=recorded if recorded and not recorded.said else None,
        recorded_by=directory.name(recorded.by) if recorded else None,
        theirs=sorted(((visit.veiled(one.id), one.name) for one in theirs), key=lambda one: one[1]),
        away=away,
        veiled=visit.veiled(away.id),
        is_own=away.id in reader.ids,
        people=_who_may_cover(directory, away),
        longest=LONGEST.days,
        given=visit.form if wrong else {},
        wrong=wrong,
        done=_SAID.get(visit.query.get("done", ""), ""),
    )


def _chosen(visit: Visit, theirs: Sequence[Person]) -> Person:
    """Return about whom cover is said: whom the address or the form names, of those of whom the reader may say it, or themselves."""
    named = (one for one in theirs if visit.veiled(one.id) == visit.query.get("of") or one.id == visit.form.get("of"))
    return next(named, None) or next(one for one in theirs if one.id in visit.reader.ids)


def _known(visit: Visit) -> list[Known]:
    directory, ids = visit.scope.directory, visit.reader.ids
    found = []
    for one in said_cover.read(visit.connection, visit.today):
        is_theirs = one.said_by == visit.reader.actor.id or may_say(directory, ids, one.away)
        if is_theirs or one.by in ids:
            away, by = str(directory.name(one.away)), str(directory.name(one.by))
            found.append(Known(id=one.id, away=away, by=by, begins=one.begins, until=one.until, is_theirs=is_theirs))
    return found


def _who_may_cover(directory: Directory, away: Person) -> list[tuple[str, str]]:
    """Return who may answer for somebody, by id, in the order of their names."""
    found = [one for one in directory.staff.values() if one.email and may_cover(directory, one.id, away.id)]
    return sorted(((one.id, one.name) for one in found), key=lambda one: one[1])


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise HandlingError("give the first and the last day") from None
