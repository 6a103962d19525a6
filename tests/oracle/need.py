"""Children in need: visits, plans that are missing, drift, or stand beside another plan."""

from __future__ import annotations

from collections.abc import Mapping

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, about, latest_seen
from tests.oracle.calendar import add_months, greatest, months_since, wd_add, wd_between
from tests.oracle.cells import Table, id_of, real_date, yes
from tests.oracle.lives import need_plans, service_of, state
from tests.oracle.outcome_texts import flag
from tests.oracle.views import Views, day, latest, text

DEFAULTS: Mapping[str, Params] = {
    "CIN-01": {"visit_wd": 20, "visit_wd_disabled": 60, "red_after_wd": 10},
    "CIN-02": {"plan_wd": 10, "referral_wd": 55},
    "CIN-03": {"exclude_services": ("disabled_children",), "amber_months": 9, "red_months": 12},
    "CIN-04": {"grace_wd": 5},
}


def cin_01(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, plan in need_plans(views).items():
        if state(views, person) != "cin_plan" or views.person[person].unborn:
            answers[person] = about(views, person, None)
            continue
        visits = views.of("ssd_cin_visits", "cinv_person_id", person)
        lastv = latest_seen(visits, "cinv_cin_visit_date", "cinv_cin_visit_seen", views.as_of)
        base = greatest(plan.plan_start, lastv, views.person[person].dob)
        assert base is not None
        limit = p["visit_wd_disabled"] if service_of(views, person) == "disabled_children" else p["visit_wd"]
        n = wd_between(base, views.as_of)
        level = "red" if n > limit + p["red_after_wd"] else "amber" if n > limit else None
        answers[person] = about(views, person, level, measure=n, due=wd_add(base, limit))
    return answers


def cin_02(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, need in views.cin.items():
        assessments = [
            row
            for row in views.of("ssd_cin_assessments", "cina_referral_id", need.referral_id)
            if id_of(row.get("cina_person_id")) == person
        ]
        elsewhere = person in views.cla or person in views.cp or person in views.cl or person in need_plans(views)
        if elsewhere or not _ask_for_a_plan(views, assessments):
            answers[person] = about(views, person, None)
            continue
        authorised = max(on for row in assessments if (on := real_date(row.get("cina_assessment_auth_date"))) is not None)
        plans = views.of("ssd_cin_plans", "cinp_person_id", person)
        since = greatest(authorised, *(views.not_later(row, "cinp_cin_plan_end_date") for row in plans))
        assert since is not None
        n, m = wd_between(since, views.as_of), wd_between(need.referred, views.as_of)
        due = max(wd_add(since, p["plan_wd"]), wd_add(need.referred, p["referral_wd"]))
        level = "amber" if n > p["plan_wd"] and m > p["referral_wd"] else None
        answers[person] = about(views, person, level, measure=n, due=due)
    return answers


def _ask_for_a_plan(views: Views, assessments: Table) -> bool:
    """Return whether all assessments are authorised, and the last of them says that something is to be done."""
    if not assessments or any(views.not_later(row, "cina_assessment_auth_date") is None for row in assessments):
        return False
    last = latest(assessments, day("cina_assessment_auth_date"), text("cina_assessment_id"))
    nfa = yes(last.get("cina_assessment_outcome_nfa")) or flag(last.get("cina_assessment_outcome_json"), "NFA_FLAG")
    return not nfa


def cin_03(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, plan in need_plans(views).items():
        if state(views, person) != "cin_plan" or service_of(views, person) in p["exclude_services"]:
            answers[person] = about(views, person, None)
            continue
        level = None
        if add_months(plan.since, p["amber_months"]) <= views.as_of:
            level = "red" if add_months(plan.since, p["red_months"]) <= views.as_of else "amber"
        due = add_months(plan.since, p["red_months"])
        answers[person] = about(views, person, level, measure=months_since(plan.since, views.as_of), due=due)
    return answers


def cin_04(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, plan in need_plans(views).items():
        beside = None
        if person in views.cla:
            beside = views.cla[person].entered
        elif person in views.cp:
            beside = views.cp[person].plan_start
        if beside is None:
            answers[person] = about(views, person, None)
            continue
        start = max(plan.plan_start, beside)
        n = wd_between(start, views.as_of)
        level = "amber" if n > p["grace_wd"] else None
        answers[person] = about(views, person, level, measure=n, due=wd_add(start, p["grace_wd"]))
    return answers


RULES: Mapping[str, Rule] = {"CIN-01": cin_01, "CIN-02": cin_02, "CIN-03": cin_03, "CIN-04": cin_04}
