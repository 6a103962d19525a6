"""The rules about care leavers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, about, joins, share_answer
from tests.oracle.calendar import add_days, add_months, birthday, days
from tests.oracle.codes import UNMAPPED
from tests.oracle.views import CareLeaver, Views

DEFAULTS: Mapping[str, Params] = {
    "CL-01": {
        "eligibility": ("REL", "FREL"),
        "min_age": 17,
        "max_age": 20,
        "exclude_touch": ("REFU", "NREQ"),
        "exclude_accommodation": ("G", "H"),
        "amber_days": 42,
        "red_days": 56,
        "never_after_days": 28,
        "head_of_service_days": 182,
    },
    "CL-02": {
        "eligibility": ("REL", "FREL"),
        "min_age": 16,
        "max_age": 20,
        "review_months": 6,
        "review_months_from_18": None,
        "amber_before_months": 1,
        "never_after_months": 3,
    },
    "CL-04": {"min_age": 17, "max_age": 24, "notify_only": ("X",), "unsafe": ("S", "V", "W"), "not_known": ("R",)},
    "CL-05": {"min_age": 17, "max_age": 21, "neet_codes": ("G5",)},
    "CL-07": {"declined": ("REFU", "NREQ"), "max_age": 21, "months": 6},
    "CL-08": {"amber_below": Fraction("0.92"), "red_below": Fraction("0.85"), "min_items": 20},
    "CL-06": {"eligibility": ("REL", "FREL"), "min_age": 16, "max_age": 20},
}


def leaver_since(views: Views, person: str) -> date | None:
    rows = views.of("ssd_cla_episodes", "clae_person_id", person)
    ceased = [d for row in rows if (d := views.not_later(row, "clae_cla_episode_ceased_date"))]
    if ceased:
        return max(ceased)
    dob = views.person[person].dob
    grown_up = birthday(dob, 18) if dob else None
    return grown_up if grown_up and grown_up <= views.as_of else None


def cl_01(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, leaver in views.leavers.items():
        years = views.age(person)
        assert years is not None
        if leaver.elig not in (*p["eligibility"], UNMAPPED) or not p["min_age"] <= years <= p["max_age"]:
            continue
        if leaver.touch in p["exclude_touch"] or leaver.accom in p["exclude_accommodation"]:
            continue
        if leaver.elig == UNMAPPED:
            answers[person] = about(views, person, None, unknown=True, leaver=True)
            continue
        if leaver.contact is None:
            since = leaver_since(views, person)
            n, due = None, add_days(since, p["never_after_days"]) if since else None
            level = "red" if since is None or days(since, views.as_of) > p["never_after_days"] else None
        else:
            n, due = days(leaver.contact, views.as_of), add_days(leaver.contact, p["red_days"])
            level = "red" if n > p["red_days"] else "amber" if n > p["amber_days"] else None
        also = joins("head_of_service", n is None or n > p["head_of_service_days"])
        answers[person] = about(views, person, level, measure=n, due=due, also=also, leaver=True)
    return answers


def asked_of(views: Views, p: Params, eligibility: bool = True) -> dict[str, CareLeaver]:
    """Return the care leavers of the ages and kinds that a rule asks about, and those of whom nobody knows what they are."""
    kinds = (*p["eligibility"], UNMAPPED) if eligibility else ("REL", "FREL", "QUAL", UNMAPPED)
    return {
        person: leaver
        for person, leaver in views.leavers.items()
        if leaver.elig in kinds and (years := views.age(person)) is not None and p["min_age"] <= years <= p["max_age"]
    }


def cl_02(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, leaver in asked_of(views, p).items():
        if leaver.elig == UNMAPPED:
            answers[person] = about(views, person, None, unknown=True, leaver=True)
            continue
        answers[person] = _plan_review(views, person, leaver.pathway, p)
    return answers


def _plan_review(views: Views, person: str, pathway: date | None, p: Params) -> Answer:
    years, dob = views.age(person), views.person[person].dob
    assert years is not None
    assert dob is not None
    level = None
    if pathway is None:
        due = add_months(birthday(dob, 16), p["never_after_months"])
        level = "red" if views.as_of > due else None
    else:
        adult = years >= 18 and p["review_months_from_18"] is not None
        months = p["review_months_from_18"] if adult else p["review_months"]
        due = add_months(pathway, months)
        if views.as_of >= add_months(pathway, months - p["amber_before_months"]):
            level = "amber"
        if views.as_of > due:
            level = "red"
    return about(views, person, level, measure=days(due, views.as_of), due=due, leaver=True)


def cl_04(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, leaver in asked_of(views, p, eligibility=False).items():
        level = None
        if leaver.accom in p["notify_only"]:
            level = "info"
        elif leaver.accom in p["unsafe"]:
            level = "red"
        elif leaver.suits is False or leaver.accom in p["not_known"]:
            level = "amber"
        answers[person] = _known(views, person, leaver, level)
    return answers


def _known(views: Views, person: str, leaver: CareLeaver, level: str | None, measure: float | None = None) -> Answer:
    if leaver.elig == UNMAPPED:
        return about(views, person, None, unknown=True, leaver=True)
    return about(views, person, level, measure=measure, leaver=True)


def cl_05(views: Views, p: Params) -> dict[str, Answer]:
    found = asked_of(views, p, eligibility=False)
    return {
        person: _known(views, person, leaver, "info" if leaver.activity in p["neet_codes"] else None)
        for person, leaver in found.items()
    }


def cl_06(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, leaver in asked_of(views, p).items():
        level = "red" if leaver.adviser_id is None and views.pa(person) is None else None
        answers[person] = _known(views, person, leaver, level, measure=1 if level else None)
    return answers


def cl_07(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, leaver in views.leavers.items():
        years, contact = views.age(person), leaver.contact
        declined = leaver.touch in p["declined"] and years is not None and years < p["max_age"]
        long_ago = contact is None or add_months(contact, p["months"]) < views.as_of
        measure = days(contact, views.as_of) if contact else None
        answers[person] = _known(views, person, leaver, "info" if declined and long_ago else None, measure=measure)
    return answers


def in_touch(views: Views) -> list[bool]:
    """Return of each of those whom CL-01 asks about whether there was a contact lately enough."""
    of_contact = views.params(DEFAULTS, "CL-01")
    asked = [person for person, found in cl_01(views, of_contact).items() if found.outcome != "unknown"]
    contacts = [views.leavers[person].contact for person in asked]
    return [contact is not None and days(contact, views.as_of) <= of_contact["red_days"] for contact in contacts]


def cl_08(views: Views, p: Params) -> dict[str, Answer]:
    found = in_touch(views)
    return {"council": share_answer(sum(found), len(found), p)}


RULES: Mapping[str, Rule] = {
    "CL-01": cl_01,
    "CL-02": cl_02,
    "CL-04": cl_04,
    "CL-05": cl_05,
    "CL-06": cl_06,
    "CL-07": cl_07,
    "CL-08": cl_08,
}
