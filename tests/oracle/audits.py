"""Audits of case files: not returned, with actions not done, to be repeated, and too few that are good."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, answer, share_answer
from tests.oracle.calendar import add_days, add_months, days, wd_add, wd_between
from tests.oracle.cells import Row, id_of, norm, real_date
from tests.oracle.codes import code
from tests.oracle.views import Views, day, latest

DEFAULTS: Mapping[str, Params] = {
    "WF-06": {"red_wd": 10},
    "WF-14": {"inadequate_wd": 5, "red_wd": 10},
    "WF-15": {"reaudit_grades": ("INAD",), "reaudit_days": 60, "amber_before_days": 30},
    "WF-16": {"months": 3, "amber_below": Fraction("0.60"), "red_below": Fraction("0.40"), "min_items": 5},
}
CASE_SERVICES = ("front_door", "assessment", "help_protection", "children_in_care", "care_leavers", "disabled_children")


def case_teams(views: Views) -> dict[str, str]:
    """Return the service of each team that works with children."""
    rows = [(id_of(row.get("team_id")), norm(row.get("service"))) for row in views.rows("ext_team")]
    return {team: service for team, service in rows if team is not None and service in CASE_SERVICES}


def audits(views: Views) -> dict[str, Row]:
    """Return the row of each audit (v_audit): of rows about people whom rules may ask about, the latest."""
    found = {}
    for key in {id_of(row.get("audit_id")) for row in views.rows("ext_audit")} - {None}:
        rows = [
            row
            for row in views.of("ext_audit", "audit_id", key)
            if (person := id_of(row.get("person_id"))) is None or person in views.child
        ]
        if rows:
            assert key is not None
            found[key] = latest(rows, day("audited_on"), day("due_on"))
    return found


def team_of_audit(views: Views, row: Row) -> str | None:
    person, team = id_of(row.get("person_id")), id_of(row.get("team_id"))
    return team or (views.team_of_child(person) if person else None) or views.staff_team(id_of(row.get("auditor_id")))


def grade(row: Row) -> str | None:
    return code(row.get("grade"), "audit_grade")


def wf_06(views: Views, p: Params) -> dict[str, Answer] | None:
    if not views.supplied("ext_audit"):
        return None
    answers = {}
    for key, row in audits(views).items():
        due, team, auditor = real_date(row.get("due_on")), team_of_audit(views, row), id_of(row.get("auditor_id"))
        if due is None:
            continue
        if views.not_later(row, "audited_on") is not None:
            answers[key] = answer(None, team=team, worker=auditor)
            continue
        n = wd_between(due, views.as_of)
        level = "red" if n > p["red_wd"] else "amber" if n > 0 else None
        answers[key] = answer(level, measure=n, due=due, team=team, worker=auditor)
    return answers


def wf_14(views: Views, p: Params) -> dict[str, Answer] | None:
    if not views.supplied("ext_audit"):
        return None
    answers = {}
    for key, row in audits(views).items():
        audited, team = views.not_later(row, "audited_on"), team_of_audit(views, row)
        if audited is None:
            continue
        inadequate, due = grade(row) == "INAD", real_date(row.get("actions_due_on"))
        if due is None and inadequate:
            due = wd_add(audited, p["inadequate_wd"])
        if due is None or views.not_later(row, "actions_done_on") is not None:
            answers[key] = answer(None, team=team)
            continue
        n = wd_between(due, views.as_of)
        level = "red" if n > (0 if inadequate else p["red_wd"]) else "amber" if n > 0 else None
        answers[key] = answer(level, measure=n, due=due, team=team)
    return answers


def wf_15(views: Views, p: Params) -> dict[str, Answer] | None:
    if not views.supplied("ext_audit"):
        return None
    answers, rows = {}, audits(views)
    for key, row in rows.items():
        audited, due, team = views.not_later(row, "audited_on"), real_date(row.get("reaudit_due_on")), team_of_audit(views, row)
        if audited is None:
            continue
        if due is None and grade(row) in p["reaudit_grades"]:
            due = add_days(audited, p["reaudit_days"])
        if due is None or any(_repeats(views, key, row, other) for name, other in rows.items() if name != key):
            answers[key] = answer(None, team=team)
            continue
        level = None
        if views.as_of > add_days(due, -p["amber_before_days"]):
            level = "red" if views.as_of > due else "amber"
        answers[key] = answer(level, measure=days(due, views.as_of), due=due, team=team)
    return answers


def _repeats(views: Views, key: str, row: Row, other: Row) -> bool:
    """Return whether another audit, done later, is of the same case or says that it repeats this one."""
    before, after = views.not_later(row, "audited_on"), views.not_later(other, "audited_on")
    if before is None or after is None or after <= before:
        return False
    person = id_of(row.get("person_id"))
    same = person is not None and id_of(other.get("person_id")) == person
    return same or id_of(other.get("reaudit_of")) == key


def graded_lately(views: Views, p: Params) -> list[tuple[str | None, bool]]:
    """Return the team of each audit of the last months that has a grade, and whether it is good or better."""
    after = add_months(views.as_of, -p["months"])
    return [
        (team_of_audit(views, row), grade(row) in ("OUT", "GOOD"))
        for row in audits(views).values()
        if norm(row.get("kind")) in ("audit", "dip_sample")
        and grade(row) in ("OUT", "GOOD", "RI", "INAD")
        and (audited := views.not_later(row, "audited_on")) is not None
        and audited > after
    ]


def wf_16(views: Views, p: Params) -> dict[str, Answer] | None:
    if not views.supplied("ext_audit"):
        return None
    graded, answers = graded_lately(views, p), {}
    for team in case_teams(views):
        good = [is_good for of_team, is_good in graded if of_team == team]
        answers[team] = share_answer(sum(good), len(good), p, team=team)
    return answers


RULES: Mapping[str, Rule] = {"WF-06": wf_06, "WF-14": wf_14, "WF-15": wf_15, "WF-16": wf_16}
