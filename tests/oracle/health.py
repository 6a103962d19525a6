"""Health and school of children in care: assessments, the dentist, questionnaires and education plans."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, about
from tests.oracle.calendar import add_days, add_months, birthday, days, greatest, wd_add, wd_between
from tests.oracle.cells import norm, number, real_date
from tests.oracle.views import Views

DEFAULTS: Mapping[str, Params] = {
    "CLA-04": {
        "initial_wd": 20,
        "under_age": 5,
        "under_months": 6,
        "over_months": 12,
        "before_entry_days": 90,
        "amber_before_days": 28,
        "initial_amber_before_days": 7,
    },
    "CLA-05": {"min_age": 1, "first_months": 3, "interval_months": 12, "amber_before_months": 1, "before_entry_days": 90},
    "CLA-06": {"min_age": 4, "max_age": 16, "months": 12},
    "CLA-07": {
        "min_age": 3,
        "max_age": 17,
        "initial_wd": 20,
        "initial_amber_wd": 10,
        "amber_before_days": 28,
        "term_ends": ((3, 31), (7, 31), (12, 31)),
    },
}


def last_check(views: Views, person: str, before_entry_days: int, is_one: Callable[[str], bool]) -> date | None:
    """Return the latest completed check whose kind is one of those meant, of the time in care or shortly before."""
    first_day = add_days(views.cla[person].entered, -before_entry_days)
    dates = [
        on
        for row in views.of("ssd_cla_health", "clah_person_id", person)
        if (on := real_date(row.get("clah_health_check_date"))) is not None
        and first_day <= on <= views.as_of
        and is_one(norm(row.get("clah_health_check_type")) or "")
        and (norm(row.get("clah_health_check_status")) or "").startswith("complete")
    ]
    return max(dates, default=None)


def cla_04(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, care in views.cla.items():
        last = last_check(
            views,
            person,
            p["before_entry_days"],
            lambda kind: "dental" not in kind and ("health assessment" in kind or kind == "health"),
        )
        years = views.age(person)
        if last is None:
            due, before = wd_add(care.entered, p["initial_wd"]), p["initial_amber_before_days"]
        else:
            young = years is not None and years < p["under_age"]
            due, before = add_months(last, p["under_months"] if young else p["over_months"]), p["amber_before_days"]
        level = "red" if views.as_of > due else "amber" if views.as_of >= add_days(due, -before) else None
        answers[person] = about(views, person, level, measure=days(due, views.as_of), due=due)
    return answers


def cla_05(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, care in views.cla.items():
        years, dob = views.age(person), views.person[person].dob
        if years is not None and years < p["min_age"]:
            continue
        last = last_check(views, person, p["before_entry_days"], lambda kind: "dental" in kind or "teeth" in kind)
        anchor, months = last, p["interval_months"]
        if anchor is None:
            anchor, months = greatest(care.entered, birthday(dob, p["min_age"]) if dob else None), p["first_months"]
        assert anchor is not None
        due, soon = add_months(anchor, months), add_months(anchor, months - p["amber_before_months"])
        level = "red" if views.as_of > due else "amber" if views.as_of >= soon else None
        answers[person] = about(views, person, level, measure=days(due, views.as_of), due=due)
    return answers


def cla_06(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, care in views.cla.items():
        years, dob = views.age(person), views.person[person].dob
        if years is None or dob is None:
            answers[person] = about(views, person, None, unknown=True)
            continue
        if not p["min_age"] <= years <= p["max_age"]:
            answers[person] = about(views, person, None)
            continue
        dates = [
            on
            for row in views.of("ssd_sdq_scores", "csdq_person_id", person)
            if (score := number(row.get("csdq_sdq_score"))) is not None
            and 0 <= score <= 40
            and (on := views.not_later(row, "csdq_sdq_completed_date")) is not None
        ]
        due = max(add_months(care.entered, p["months"]), birthday(dob, p["min_age"]))
        if dates:
            due = add_months(max(dates), p["months"])
        level = "amber" if views.as_of > due else None
        answers[person] = about(views, person, level, measure=days(due, views.as_of), due=due)
    return answers


def cla_07(views: Views, p: Params) -> dict[str, Answer] | None:
    if not views.supplied("ext_pep"):
        return None
    answers = {}
    for person, care in views.cla.items():
        years = views.age(person)
        if years is None:
            answers[person] = about(views, person, None, unknown=True)
            continue
        if not p["min_age"] <= years <= p["max_age"]:
            answers[person] = about(views, person, None)
            continue
        rows = views.of("ext_pep", "person_id", person)
        dates = [on for row in rows if (on := views.not_later(row, "pep_on")) is not None and on >= care.entered]
        if dates:
            due = term_end(add_days(term_end(max(dates), p), 1), p)
            soon = views.as_of >= add_days(due, -p["amber_before_days"])
        else:
            due = wd_add(care.entered, p["initial_wd"])
            soon = wd_between(care.entered, views.as_of) > p["initial_amber_wd"]
        level = "red" if views.as_of > due else "amber" if soon else None
        answers[person] = about(views, person, level, measure=days(due, views.as_of), due=due)
    return answers


def term_end(day: date, p: Params) -> date:
    ends = [date(year, *end) for year in (day.year, day.year + 1) for end in p["term_ends"]]
    return min(end for end in ends if end >= day)


RULES: Mapping[str, Rule] = {"CLA-04": cla_04, "CLA-05": cla_05, "CLA-06": cla_06, "CLA-07": cla_07}
