"""What was found of the case data when a run, or somebody, looked last: shown with its moment, and found anew by a form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from starlette.responses import Response

from alerting.authoring import looked_round
from alerting.authoring.looked_round import LookedRound
from alerting.errors import HandlingError
from alerting.formatting import capital, day
from alerting.web import case_data
from alerting.web.visits import Answering, Refusing, Then, Visit

Showing = Callable[[Visit, "Looked"], Response]


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What was found, as a page shows it."""

    #: None where nobody has looked yet.
    found: LookedRound | None
    #: When that was, in a sentence.
    says: str
    #: What was done, and why something was not; "" where nothing was asked for.
    done: str = ""
    wrong: str = ""

    @property
    def status(self) -> int:
        """The status of the answer that says so."""
        return 409 if self.wrong else 200


def shown(showing: Showing) -> Answering:
    """Return what shows a page of what was found."""
    return lambda visit: showing(visit, _read(visit, done="This is as it is now." if visit.query.get("done") == "looked" else ""))


def refused(showing: Showing) -> Refusing:
    """Return what shows the page where something was not done, with why."""
    return lambda visit, error: showing(visit, _read(visit, wrong=f"{capital(error.problem)}."))


def look_again(path: str) -> Answering:
    """Return what looks at the case data for a form, and leads back to the page at a path. Nobody is kept from writing meanwhile."""

    def look(visit: Visit) -> Then:
        found, why_not = case_data.ask(visit, lambda app, today: looked_round.look_round(app, today, visit.now))
        if found is None:
            raise HandlingError(why_not)
        return Then(do=partial(_keep, found, path), to_write=True)

    return look


def _keep(found: LookedRound, path: str, visit: Visit) -> Response:
    looked_round.keep(visit.connection, found)
    return visit.go_to(f"{path}?done=looked")


def _read(visit: Visit, *, done: str = "", wrong: str = "") -> Looked:
    found, last = looked_round.read(visit.connection), visit.council.store().latest_run("daily", within=visit.connection)
    if found is None:
        return Looked(found=None, says="Nobody has looked at the case data yet.", done=done, wrong=wrong)
    at = found.at.astimezone(visit.zone)
    says = f"As it was on {day(at.date())} at {at:%H:%M}."
    if last is not None and last.started_at > found.at:
        says += " A run has read it since then."
    return Looked(found=found, says=says, done=done, wrong=wrong)
