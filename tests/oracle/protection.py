"""The rules about child protection, but for visits."""

from __future__ import annotations

from collections.abc import Mapping

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, about
from tests.oracle.calendar import add_days, add_months, days, greatest, months_since, wd_add, wd_between
from tests.oracle.cells import id_of, real_date, yes
from tests.oracle.reviews import review_level
from tests.oracle.views import Views

DEFAULTS: Mapping[str, Params] = {
    "CP-05": {"first_months": 3, "later_months": 6, "amber_before_days": 15, "prebirth_review_wd": None},
    "CP-06": {"info_months": 15, "amber_months": 18, "red_months": 24},
    "CP-07": {"window_days": 7, "red_within_months": 24},
    "CP-08": {"grace_wd": 1},
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


RULES: Mapping[str, Rule] = {
    "CP-05": cp_05,
    "CP-06": cp_06,
    "CP-07": cp_07,
    "CP-08": cp_08,
}
