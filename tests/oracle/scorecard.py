"""How the team of a first-line manager is doing: fourteen measures, each green, amber, red or not known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction

from tests.oracle import audits, leavers, need, oversight, protection, reviews, teams, visits
from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, answer
from tests.oracle.audits import case_teams
from tests.oracle.calendar import add_months, wd_between
from tests.oracle.cells import Row, id_of, real_date, yes
from tests.oracle.lives import absent, state
from tests.oracle.views import Views

DEFAULTS: Mapping[str, Params] = {
    "WF-07": {
        "min_known": 4,
        "red_measures": 3,
        "amber_measures": 3,
        "long_over_wd": 10,
        "amber_children": 1,
        "red_children": 3,
        "assessment_wd": 45,
        "conference_wd": 15,
        "months": 3,
    }
}
# By measure: amber below, red below, in percent; and the least that must be counted.
_LIMITS = {
    1: (90, 80, 10),
    2: (90, 80, 10),
    3: (85, 70, 10),
    4: (95, 85, 10),
    5: (90, 75, 5),
    6: (90, 75, 10),
    7: (85, 75, 10),
    8: (85, 70, 5),
    9: (90, 75, 3),
    10: (90, 75, 10),
}
Counted = tuple[str | None, bool]
"""Whose team it is, and whether it is good."""


def _asked(module: object, code: str, views: Views) -> dict[str, Answer]:
    rules, defaults = module.RULES, module.DEFAULTS  # type: ignore[attr-defined]
    return rules[code](views, views.params(defaults, code)) or {}


def _known(found: Mapping[str, Answer]) -> list[Answer]:
    return [each for each in found.values() if each.outcome != "unknown"]


def _within(views: Views, each: Answer) -> bool:
    """Return whether no working day has passed since it was due, which is: n <= limit."""
    return each.due is not None and wd_between(each.due, views.as_of) == 0


def _in_time(views: Views, each: Answer) -> bool:
    return each.due is not None and views.as_of <= each.due


def _visits_in_need(views: Views) -> list[Counted]:
    found = _asked(need, "CIN-01", views)
    people = [person for person in found if state(views, person) == "cin_plan" and not views.person[person].unborn]
    return [(found[person].team, _within(views, found[person])) for person in people]


def _reviewed(views: Views) -> list[Counted]:
    found = _known(_asked(protection, "CP-05", views)) + _known(_asked(reviews, "CLA-02", views))
    return [(each.team, _in_time(views, each)) for each in found]


def _permanence(views: Views) -> list[Counted]:
    found = _asked(reviews, "CLA-03", views)
    twice = [person for person in found if len(views.held_reviews(views.cla[person].cla_id)) >= 2]
    return [(found[person].team, found[person].level != "red") for person in twice]


def _lately(views: Views, row: Row, column: str) -> bool:
    on = views.not_later(row, column)
    return on is not None and on > add_months(views.as_of, -views.params(DEFAULTS, "WF-07")["months"])


def _assessments(views: Views) -> list[Counted]:
    found: dict[str, Counted] = {}
    for row in views.rows("ssd_cin_assessments"):
        key, started = id_of(row.get("cina_assessment_id")), real_date(row.get("cina_assessment_start_date"))
        authorised, person = real_date(row.get("cina_assessment_auth_date")), id_of(row.get("cina_person_id"))
        if key is None or started is None or authorised is None or person not in views.child:
            continue
        if _lately(views, row, "cina_assessment_auth_date"):
            in_time = wd_between(started, authorised) <= views.params(DEFAULTS, "WF-07")["assessment_wd"]
            found[key] = (id_of(row.get("cina_assessment_team")), in_time)
    return list(found.values())


def _conferences(views: Views) -> list[Counted]:
    found = []
    for row in views.rows("ssd_initial_cp_conference"):
        person, enquiry = id_of(row.get("icpc_person_id")), id_of(row.get("icpc_s47_enquiry_id"))
        held = real_date(row.get("icpc_icpc_date"))
        if person not in views.child or yes(row.get("icpc_icpc_transfer_in")) or held is None:
            continue
        starts = [
            on
            for each in views.of("ssd_s47_enquiry", "s47e_s47_enquiry_id", enquiry)
            if id_of(each.get("s47e_person_id")) == person and (on := views.not_later(each, "s47e_s47_start_date")) is not None
        ]
        if starts and _lately(views, row, "icpc_icpc_date"):
            in_time = wd_between(min(starts), held) <= views.params(DEFAULTS, "WF-07")["conference_wd"]
            found.append((id_of(row.get("icpc_icpc_team")), in_time))
    return found


def _supervised(views: Views) -> list[Counted]:
    found = _asked(oversight, "WF-03", views)
    return [(each.team, each.level is None) for worker, each in found.items() if not absent(views, worker)]


_COUNTED: Mapping[int, Callable[[Views], list[Counted]]] = {
    1: lambda views: [(each.team, _within(views, each)) for each in _asked(visits, "CP-03", views).values()],
    2: lambda views: [(each.team, _in_time(views, each)) for each in _known(_asked(visits, "CLA-01", views))],
    3: _visits_in_need,
    4: _reviewed,
    5: _permanence,
    6: lambda views: [(each.team, each.level != "red") for each in _known(_asked(leavers, "CL-02", views))],
    7: _assessments,
    8: _conferences,
    9: _supervised,
    10: lambda views: [(each.team, each.level is None) for each in _known(_asked(oversight, "WF-04", views))],
}


def _colour(measure: int, good: list[bool]) -> str | None:
    """Return the colour of a share; None where too few are counted."""
    amber, red, least = _LIMITS[measure]
    if len(good) < least:
        return None
    share = Fraction(100 * sum(good), len(good))
    return "red" if share < red else "amber" if share < amber else "green"


def _of_rule(found: Answer | None) -> str | None:
    if found is None or found.outcome == "unknown":
        return None
    return found.level or "green"


def _worse(colours: Iterable[str | None]) -> str | None:
    known = [colour for colour in colours if colour is not None]
    return max(known, key=("green", "amber", "red").index) if known else None


def _long_over(views: Views, p: Params) -> dict[str, str | None]:
    """Return the team of each child who is red and has been due for long."""
    found: dict[str, str | None] = {}
    for module, code in ((visits, "CP-03"), (protection, "CP-05"), (visits, "CLA-01"), (reviews, "CLA-02")):
        for person, each in _asked(module, code, views).items():
            if each.level == "red" and each.due is not None and wd_between(each.due, views.as_of) > p["long_over_wd"]:
                found[person] = each.team
    return found


def wf_07(views: Views, p: Params) -> dict[str, Answer]:
    counted = {measure: count(views) for measure, count in _COUNTED.items()}
    of_rules = {code: _asked(module, code, views) for module, code in _OF_TEAMS}
    long_over, answers = list(_long_over(views, p).values()), {}
    for team in case_teams(views):
        colours = [_colour(measure, [good for of, good in found if of == team]) for measure, found in counted.items()]
        rates = (_of_rule(of_rules[code].get(team)) for code in ("WF-05", "WF-11"))
        colours += [_of_rule(of_rules["WF-02"].get(team)), _of_rule(of_rules["WF-16"].get(team)), _worse(rates)]
        if sum(colour is not None for colour in colours) < p["min_known"]:
            answers[team] = answer(None, unknown=True, team=team)
            continue
        late = long_over.count(team)
        colours.append("red" if late >= p["red_children"] else "amber" if late >= p["amber_children"] else "green")
        r, a = colours.count("red"), colours.count("amber")
        level = "red" if r >= p["red_measures"] else "amber" if r >= 1 or a >= p["amber_measures"] else "info"
        answers[team] = answer(level, measure=r, team=team)
    return answers


_OF_TEAMS = ((teams, "WF-02"), (audits, "WF-16"), (teams, "WF-05"), (teams, "WF-11"))
RULES: Mapping[str, Rule] = {"WF-07": wf_07}
