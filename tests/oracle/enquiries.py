"""Section 47 enquiries and initial conferences."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, about
from tests.oracle.calendar import add_days, wd_add, wd_between
from tests.oracle.cells import Row, Table, id_of, real_date, yes
from tests.oracle.outcome_texts import flag
from tests.oracle.views import Views

DEFAULTS: Mapping[str, Params] = {
    "CP-01": {"amber_wd": 10, "red_wd": 15},
    "CP-02": {"target_days": 60, "limit_wd": 15, "amber_before_wd": 3},
}


def enquiries(views: Views, person: str) -> list[tuple[date, Row]]:
    """Return the enquiries about somebody that have begun, each with its start."""
    rows = views.of("ssd_s47_enquiry", "s47e_person_id", person)
    return [(on, row) for row in rows if (on := views.not_later(row, "s47e_s47_start_date")) is not None]


def linked(views: Views, person: str, enquiry: Row) -> Table:
    """Return the conferences of somebody that an enquiry led to."""
    key = id_of(enquiry.get("s47e_s47_enquiry_id"))
    return [
        row
        for row in views.of("ssd_initial_cp_conference", "icpc_person_id", person)
        if key is not None and id_of(row.get("icpc_s47_enquiry_id")) == key and not yes(row.get("icpc_icpc_transfer_in"))
    ]


def _asked(views: Views) -> dict[str, list[tuple[date, Row]]]:
    return {person: found for person in views.child if views.under_18(person) and (found := enquiries(views, person))}


def cp_01(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, found in _asked(views).items():
        without_outcome = [
            s
            for s, row in found
            if views.not_later(row, "s47e_s47_end_date") is None
            and not yes(row.get("s47e_s47_nfa"))
            and not flag(row.get("s47e_s47_outcome_json"), "CP_CONFERENCE_FLAG")
            and not linked(views, person, row)
        ]
        if not without_outcome:
            answers[person] = about(views, person, None)
            continue
        s = min(without_outcome)
        n = wd_between(s, views.as_of)
        level = "red" if n >= p["red_wd"] else "amber" if n >= p["amber_wd"] else None
        answers[person] = about(views, person, level, measure=n, due=wd_add(s, p["red_wd"]))
    return answers


def cp_02(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, found in _asked(views).items():
        if views.person[person].unborn:
            continue
        dues = [
            _conference_due(s, linked(views, person, row), p)
            for s, row in found
            if _wanted(views, person, row) and not _settled(views, person, s, row)
        ]
        if not dues:
            answers[person] = about(views, person, None)
            continue
        due = min(dues)
        conferences = views.of("ssd_initial_cp_conference", "icpc_person_id", person)
        dates = [real_date(row.get("icpc_icpc_date")) for row in conferences]
        booked = any(on is not None and views.as_of < on <= due for on in dates)
        level = None
        if views.as_of > due:
            level = "red"
        elif wd_between(views.as_of, due) <= p["amber_before_wd"] and not booked:
            level = "amber"
        answers[person] = about(views, person, level, measure=wd_between(due, views.as_of), due=due)
    return answers


def _wanted(views: Views, person: str, enquiry: Row) -> bool:
    if yes(enquiry.get("s47e_s47_nfa")):
        return False
    return flag(enquiry.get("s47e_s47_outcome_json"), "CP_CONFERENCE_FLAG") or bool(linked(views, person, enquiry))


def _settled(views: Views, person: str, s: date, enquiry: Row) -> bool:
    if person in views.cp:
        return True
    referrals = views.of("ssd_cin_episodes", "cine_referral_id", id_of(enquiry.get("s47e_referral_id")))
    days = [real_date(row.get("icpc_icpc_date")) for row in views.of("ssd_initial_cp_conference", "icpc_person_id", person)]
    days += [real_date(row.get("cppl_cp_plan_start_date")) for row in views.of("ssd_cp_plans", "cppl_person_id", person)]
    days += [real_date(row.get("cine_close_date")) for row in referrals if id_of(row.get("cine_person_id")) == person]
    return any(on is not None and s <= on <= views.as_of for on in days)


def _conference_due(s: date, conferences: Table, p: Params) -> date:
    last_day = add_days(s, p["target_days"])
    targets = [real_date(row.get("icpc_icpc_target_date")) for row in conferences]
    return min((on for on in targets if on is not None and s <= on <= last_day), default=wd_add(s, p["limit_wd"]))


RULES: Mapping[str, Rule] = {"CP-01": cp_01, "CP-02": cp_02}
