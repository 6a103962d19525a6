"""The rules about child protection, but for visits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, about
from tests.oracle.calendar import add_days, add_months, days, greatest, months_since, wd_add, wd_between
from tests.oracle.cells import clean, id_of, real_date, yes
from tests.oracle.reviews import review_level
from tests.oracle.views import Views

DEFAULTS: Mapping[str, Params] = {
    "CP-04": {"min_age": 4, "visits": 3, "min_days": 42},
    "CP-05": {"first_months": 3, "later_months": 6, "amber_before_days": 15, "prebirth_review_wd": None},
    "CP-06": {"info_months": 15, "amber_months": 18, "red_months": 24},
    "CP-07": {"window_days": 7, "red_within_months": 24},
    "CP-08": {"grace_wd": 1},
    "CP-09": {},
}


def cp_05(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, plan in views.cp.items():
        reviews = views.of("ssd_cp_reviews", "cppr_cp_plan_id", plan.plan_id)
        dated = [(real_date(r.get("cppr_cp_review_date")), real_date(r.get("cppr_cp_review_due"))) for r in reviews]
        held = [on for on, _ in dated if on is not None and on <= views.as_of]
        not_held = [(on, planned) for on, planned in dated if on is None or on > views.as_of]
        if held:
            due = add_months(max(held), p["later_months"])
        else:
            due = add_months(plan.plan_start, p["first_months"])
            dob = views.person[person].dob
            if p["prebirth_review_wd"] is not None and dob is not None and plan.plan_start < dob:
                due = min(due, wd_add(dob, p["prebirth_review_wd"]))
        booked = any((day := on or planned) is not None and views.as_of <= day <= due for on, planned in not_held)
        answers[person] = about(
            views, person, review_level(views.as_of, due, p, booked=booked), measure=days(due, views.as_of), due=due
        )
    return answers


def cp_06(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, plan in views.cp.items():
        level = None
        for name in ("info", "amber", "red"):
            if add_months(plan.plan_start, p[f"{name}_months"]) <= views.as_of:
                level = name
        due = add_months(plan.plan_start, p["red_months"])
        answers[person] = about(views, person, level, measure=months_since(plan.plan_start, views.as_of), due=due)
    return answers


def cp_07(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, plan in views.cp.items():
        earlier, ends = set(), []
        for row in views.of("ssd_cp_plans", "cppl_person_id", person):
            other, start = id_of(row.get("cppl_cp_plan_id")), real_date(row.get("cppl_cp_plan_start_date"))
            end = views.not_later(row, "cppl_cp_plan_end_date")
            if other is None or plan.plan_id is None or other == plan.plan_id or yes(row.get("cppl_cp_plan_ola")):
                continue
            if start is not None and start < plan.plan_start and end is not None:
                earlier.add(other)
                ends.append(end)
        level = None
        if earlier and add_days(views.as_of, -p["window_days"]) <= plan.plan_start:
            level = "red" if plan.plan_start <= add_months(max(ends), p["red_within_months"]) else "amber"
        answers[person] = about(views, person, level, measure=len(earlier) if level else None)
    return answers


def cp_08(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, plan in views.cp.items():
        since = greatest(plan.plan_start, views.last_alloc_end(person, "allocated_social_worker_roles"))
        assert since is not None
        n = wd_between(since, views.as_of)
        allocated = views.alloc(person, "allocated_social_worker_roles") is not None
        level = "critical" if not allocated and n > p["grace_wd"] else None
        answers[person] = about(views, person, level, measure=n, due=wd_add(since, p["grace_wd"]))
    return answers


def cp_04(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, plan in views.cp.items():
        years = views.age(person)
        if views.person[person].unborn or years is None or years < p["min_age"]:
            continue
        alone = seen_alone(views, person, plan.plan_start)
        considered = visits_considered(views, person, plan.plan_start, p["visits"])
        known = [was for was in considered.values() if was is not None]
        level = None
        if known and not any(known):
            enough = len(considered) >= p["visits"] or days(plan.plan_start, views.as_of) > p["min_days"]
            level = "amber" if enough else None
        since = greatest(plan.plan_start, *(on for on, was in alone.items() if was))
        assert since is not None
        answers[person] = about(views, person, level, measure=days(since, views.as_of) if level else None)
    return answers


def seen_alone(views: Views, person: str, plan_start: date) -> dict[date, bool | None]:
    """Return the days on which a child was seen since a plan began, and whether alone; None where nobody wrote that down."""
    found: dict[date, bool | None] = {}
    for row in views.of("ssd_cp_visits", "cppv_person_id", person):
        on, cell = views.not_later(row, "cppv_cp_visit_date"), row.get("cppv_cp_visit_seen_alone")
        if on is None or on < plan_start or not yes(row.get("cppv_cp_visit_seen")):
            continue
        was = None if clean(cell) is None else yes(cell)
        before = found.get(on)
        found[on] = was if before is None else before or bool(was)
    return found


def visits_considered(views: Views, person: str, plan_start: date, visits: int) -> dict[date, bool | None]:
    """Return the last so many of them."""
    alone = seen_alone(views, person, plan_start)
    return {on: alone[on] for on in sorted(alone)[-visits:]}


def cp_09(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person in {*views.cin, *views.cp}:
        record = views.person[person]
        level = measure = due = None
        if record.pers_dob is None and not record.unborn and record.edd is not None:
            starts = [real_date(row.get("cine_referral_date")) for row in views.of("ssd_cin_episodes", "cine_person_id", person)]
            starts += [
                real_date(row.get("cppl_cp_plan_start_date")) for row in views.of("ssd_cp_plans", "cppl_person_id", person)
            ]
            expected = any(on is not None and on <= record.edd for on in starts)
            level = "amber" if record.dob is None or expected else None
            measure = days(record.edd, views.as_of)
            due = add_days(record.edd, views.shared["unborn_until_days_after_edd"])
        answers[person] = about(views, person, level, measure=measure, due=due)
    return answers


RULES: Mapping[str, Rule] = {
    "CP-04": cp_04,
    "CP-05": cp_05,
    "CP-06": cp_06,
    "CP-07": cp_07,
    "CP-08": cp_08,
    "CP-09": cp_09,
}
