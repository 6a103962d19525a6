"""What all twins of rules share: how an answer about a child is made, and how visits are read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from tests.oracle.answers import Answer, Params
from tests.oracle.cells import Table, real_date, yes
from tests.oracle.views import Views

Rule = Callable[[Views, Params], dict[str, Answer]]


def answer(
    level: str | None,
    *,
    measure: float | None = None,
    due: date | None = None,
    also: frozenset[str] = frozenset(),
    unknown: bool = False,
    team: str | None = None,
    has_team: bool = True,
) -> Answer:
    """Return an answer about something other than a child."""
    return Answer(
        level=level,
        outcome="unknown" if unknown else "match" if level else "clear",
        measure=measure,
        due=due,
        team=team,
        has_team=has_team,
        also=also if level else frozenset(),
    )


def about(
    views: Views,
    person: str,
    level: str | None,
    *,
    measure: float | None = None,
    due: date | None = None,
    also: frozenset[str] = frozenset(),
    unknown: bool = False,
    leaver: bool = False,
) -> Answer:
    worker = views.alloc(person)
    adviser = views.pa(person)
    return Answer(
        level=level,
        outcome="unknown" if unknown else "match" if level else "clear",
        measure=measure,
        due=due,
        team=views.team_of_child(person, leaver=leaver),
        worker=worker.worker_id if worker else None,
        adviser=(adviser.worker_id if adviser else views.leavers[person].adviser_id) if leaver else None,
        also=also if level else frozenset(),
        about_child=True,
        about_leaver=leaver,
    )


def joins(role: str, when: bool) -> frozenset[str]:
    return frozenset({role}) if when else frozenset()


def latest_seen(table: Table, day: str, seen: str, as_of: date) -> date | None:
    dates = [real_date(row.get(day)) for row in table if yes(row.get(seen))]
    return max((d for d in dates if d is not None and d <= as_of), default=None)
