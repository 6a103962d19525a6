"""What all twins of rules share: how an answer about a child is made, and how visits are read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from fractions import Fraction

from tests.oracle.answers import Answer, Params
from tests.oracle.cells import Table, real_date, yes
from tests.oracle.views import Views

# None: the rule is off, because a table that it needs is not there.
Rule = Callable[[Views, Params], dict[str, Answer] | None]


def answer(
    level: str | None,
    *,
    measure: float | None = None,
    due: date | None = None,
    also: frozenset[str] = frozenset(),
    unknown: bool = False,
    team: str | None = None,
    has_team: bool = True,
    share: Fraction | None = None,
    worker: str | None = None,
) -> Answer:
    """Return an answer about something other than a child. worker: whoever it is for, where there is somebody."""
    return Answer(
        level=level,
        outcome="unknown" if unknown else "match" if level else "clear",
        measure=measure,
        share=share,
        due=due,
        team=team,
        has_team=has_team,
        worker=worker,
        names_worker=worker is not None,
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
    return Answer(
        level=level,
        outcome="unknown" if unknown else "match" if level else "clear",
        measure=measure,
        due=due,
        team=views.team_of_child(person, leaver=leaver),
        worker=worker.worker_id if worker else None,
        adviser=adviser_of(views, person) if leaver else None,
        also=also if level else frozenset(),
        names_worker=True,
        names_adviser=leaver,
    )


def adviser_of(views: Views, person: str) -> str | None:
    allocated = views.pa(person)
    if allocated is not None:
        return allocated.worker_id
    return views.leavers[person].adviser_id if person in views.leavers else None


def share_answer(part: int, whole: int, p: Params, team: str | None = None) -> Answer:
    """Return an answer about a share that should be high; unknown of too few."""
    if whole < p["min_items"]:
        return answer(None, unknown=True, team=team, has_team=team is not None)
    share = Fraction(part, whole)
    level = "red" if share < p["red_below"] else "amber" if share < p["amber_below"] else None
    return answer(level, share=share, team=team, has_team=team is not None)


def joins(role: str, when: bool) -> frozenset[str]:
    return frozenset({role}) if when else frozenset()


def latest_seen(table: Table, day: str, seen: str, as_of: date) -> date | None:
    dates = [real_date(row.get(day)) for row in table if yes(row.get(seen))]
    return max((d for d in dates if d is not None and d <= as_of), default=None)
