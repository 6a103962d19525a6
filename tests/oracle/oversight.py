"""Whether managers look: supervision of workers and of cases, notes on cases, checks of assessments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, about, answer
from tests.oracle.assessment import DEFAULTS as OF_ASSESSMENT
from tests.oracle.assessment import open_assessments
from tests.oracle.calendar import add_days, days, greatest, wd_add, wd_between
from tests.oracle.cells import norm
from tests.oracle.lives import absent, back, case_start, case_supervisions, notes
from tests.oracle.views import Staff, Views

_ROLES = ("social_worker", "senior_social_worker", "lead_practitioner", "personal_adviser", "team_manager")
DEFAULTS: Mapping[str, Params] = {
    "WF-03": {"supervised_roles": _ROLES, "amber_days": 35, "red_days": 42, "asye_amber_days": 21, "asye_red_days": 28},
    "WF-04": {"close_amber_days": 28, "close_red_days": 42, "amber_days": 42, "red_days": 56},
    "WF-10": {"close_amber_days": 60, "close_red_days": 75, "amber_days": 75, "red_days": 90},
    "WF-19": {"checkpoints_wd": (10, 20, 35)},
}


def _has_kind(views: Views, kind: str) -> bool:
    return any(norm(row.get("kind")) == kind for row in views.rows("ext_supervision"))


def supervised(views: Views, p: Params) -> dict[str, Staff]:
    return {worker: staff for worker, staff in views.staff.items() if staff.is_current and staff.role in p["supervised_roles"]}


def wf_03(views: Views, p: Params) -> dict[str, Answer] | None:
    if not _has_kind(views, "staff"):
        return None
    answers = {}
    for worker, staff in supervised(views, p).items():
        if absent(views, worker):
            answers[worker] = answer(None, team=staff.team_id)
            continue
        rows = views.of("ext_supervision", "worker_id", worker)
        held = [views.not_later(row, "held_on") for row in rows if norm(row.get("kind")) == "staff"]
        base = greatest(*held, staff.starts_on, back(views, worker))
        amber, red = (p["asye_amber_days"], p["asye_red_days"]) if staff.asye else (p["amber_days"], p["red_days"])
        if base is None:
            answers[worker] = answer("red", team=staff.team_id)
            continue
        n = days(base, views.as_of)
        level = "red" if n > red else "amber" if n > amber else None
        answers[worker] = answer(level, measure=n, due=add_days(base, amber), team=staff.team_id)
    return answers


def _since(views: Views, person: str, looked_at: set[date], p: Params) -> Answer:
    base = greatest(*looked_at, case_start(views, person))
    if base is None:
        return about(views, person, None, unknown=True)
    close = "close_" if person in views.cla or person in views.cp else ""
    amber, red = p[f"{close}amber_days"], p[f"{close}red_days"]
    n = days(base, views.as_of)
    level = "red" if n > red else "amber" if n > amber else None
    return about(views, person, level, measure=n, due=add_days(base, amber))


def wf_10(views: Views, p: Params) -> dict[str, Answer] | None:
    if not _has_kind(views, "case"):
        return None
    return {person: _since(views, person, case_supervisions(views, person), p) for person in views.open_case}


def wf_04(views: Views, p: Params) -> dict[str, Answer] | None:
    if not views.supplied("ext_oversight"):
        return None
    return {person: _since(views, person, notes(views, person), p) for person in views.open_case}


def wf_19(views: Views, p: Params) -> dict[str, Answer] | None:
    if not views.supplied("ext_oversight"):
        return None
    of_assessment, answers = views.params(OF_ASSESSMENT, "AS-01"), {}
    for assessment in open_assessments(views):
        day_0 = assessment.day_0(of_assessment) if assessment.started is not None else None
        if day_0 is None:
            answers[assessment.key] = about(views, assessment.person, None, unknown=True)
            continue
        n = wd_between(day_0, views.as_of) + of_assessment["count_from"]
        k = sum(checkpoint < n for checkpoint in p["checkpoints_wd"])
        m = sum(on >= day_0 for on in notes(views, assessment.person))
        due = wd_add(day_0, p["checkpoints_wd"][m]) if m < k else None
        answers[assessment.key] = about(views, assessment.person, "amber" if m < k else None, measure=k - m, due=due)
    return answers


RULES: Mapping[str, Rule] = {"WF-03": wf_03, "WF-04": wf_04, "WF-10": wf_10, "WF-19": wf_19}
