"""Which rules must not be believed, because a column that they need is mostly empty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from tests.oracle.answers import Answer
from tests.oracle.cells import clean, id_of, real_date
from tests.oracle.placements import DEFAULTS as OF_PLACEMENTS
from tests.oracle.protection import DEFAULTS as OF_PROTECTION
from tests.oracle.protection import visits_considered
from tests.oracle.views import Views

MIN_FILL, MIN_FILL_POPULATION = Fraction("0.70"), 30
Answers = Mapping[str, Answer]


def _judged(views: Views, answers: Answers) -> list[bool]:
    return [answer.outcome != "unknown" for answer in answers.values()]


def _contacts(views: Views, answers: Answers) -> list[bool]:
    return [views.leavers[person].contact_cell is not None for person in answers]


def _pathway_plans(views: Views, answers: Answers) -> list[bool]:
    return [views.leavers[person].pathway_cell is not None for person in answers]


def _referrals(views: Views, answers: Answers) -> list[bool]:
    rows = {person: views.of("ssd_cin_episodes", "cine_person_id", person) for person in views.child}
    return [any(real_date(row.get("cine_referral_date")) for row in its) for its in rows.values() if its]


def _seen(views: Views, answers: Answers) -> list[bool]:
    rows = [row for row in views.rows("ssd_cin_assessments") if id_of(row.get("cina_assessment_id")) in answers]
    return [clean(row.get("cina_assessment_child_seen")) is not None for row in rows]


def _alone(views: Views, answers: Answers) -> list[bool]:
    p = views.params(OF_PROTECTION, "CP-04")
    found = [visits_considered(views, person, views.cp[person].plan_start, p["visits"]) for person in answers]
    return [any(was is not None for was in visits.values()) for visits in found if visits]


def _numbers_of_homes(views: Views, answers: Answers) -> list[bool]:
    places = [place for person in answers if (place := views.place_now(person)) is not None]
    return [
        clean(place.urn) is not None
        for place in places
        if place.ptype in views.params(OF_PLACEMENTS, "CLA-11")["registered_types"]
    ]


# By rule, whether each of those of whom the column is asked has a value in it.
NEEDS: Mapping[str, Callable[[Views, Answers], list[bool]]] = {
    "AS-01": _judged,
    "AS-03": _seen,
    "CL-01": _contacts,
    "CL-02": _pathway_plans,
    "CLA-11": _numbers_of_homes,
    "CP-04": _alone,
    "FD-01": _judged,
    "FD-03": _judged,
    "FD-04": _referrals,
}


def mostly_empty(views: Views, code: str, answers: Answers) -> bool:
    filled = NEEDS[code](views, answers) if code in NEEDS else []
    return len(filled) >= MIN_FILL_POPULATION and Fraction(sum(filled), len(filled)) < MIN_FILL
