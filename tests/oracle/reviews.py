"""Reviews of children in care, and whether there is a plan for permanence by the second."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, about
from tests.oracle.calendar import add_days, add_months, age, days, wd_add
from tests.oracle.cells import clean, norm, real_date, yes
from tests.oracle.views import Views

DEFAULTS: Mapping[str, Params] = {
    "CLA-02": {"first_wd": 20, "second_months": 3, "later_months": 6, "amber_before_days": 15},
    "CLA-03": {
        "permanence_keys": (
            "REMAINSUP",
            "RETURN1M",
            "RETURN6M",
            "RETURNEV",
            "LTRELFR",
            "LTFOST18",
            "RESPLMT",
            "SUPPLIV",
            "ADOPTION",
        ),
        "permanent_placements": ("U1", "U4", "A3", "A4", "A5", "A6"),
        "exclude_only_status": ("J1",),
        "exempt_entered_at_age": None,
        "second_months": 3,
        "amber_before_days": 28,
    },
}


def review_level(as_of: date, due: date, p: Params, *, booked: bool) -> str | None:
    if as_of > due:
        return "red"
    if as_of >= add_days(due, -p["amber_before_days"]) and not booked:
        return "amber"
    return None


def cla_02(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    as_of = views.as_of
    for person, care in views.cla.items():
        if care.cla_id is None:
            answers[person] = about(views, person, None, unknown=True)
            continue
        held = views.held_reviews(care.cla_id)
        if not held:
            due = wd_add(care.entered, p["first_wd"])
        elif len(held) == 1:
            due = add_months(held[0], p["second_months"])
        else:
            due = add_months(held[-1], p["later_months"])
        booked = False
        for row in views.of("ssd_cla_reviews", "clar_cla_id", care.cla_id):
            on, planned = real_date(row.get("clar_cla_review_date")), real_date(row.get("clar_cla_review_due_date"))
            day = on or planned
            ahead = on is None or on > as_of
            if not yes(row.get("clar_cla_review_cancelled")) and day is not None and as_of <= day <= due and ahead:
                booked = True
        level = review_level(as_of, due, p, booked=booked)
        answers[person] = about(views, person, level, measure=days(due, as_of), due=due)
    return answers


def asked_for_permanence(views: Views, p: Params) -> list[str]:
    """Return the children in care of whom CLA-03 asks whether there is a plan."""
    found = []
    for person, care in views.cla.items():
        now = views.legal_now(person)
        dob, exempt = views.person[person].dob, p["exempt_entered_at_age"]
        if len(now) == 1 and now <= set(p["exclude_only_status"]):
            continue
        if exempt is not None and dob is not None and age(dob, care.entered) >= exempt:
            continue
        found.append(person)
    return found


def cla_03(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person in asked_for_permanence(views, p):
        cla_id = views.cla[person].cla_id
        if cla_id is None:
            answers[person] = about(views, person, None, unknown=True)
            continue
        held = views.held_reviews(cla_id)
        second_due = add_months(held[0], p["second_months"]) if held else None
        level = None
        if has_plan(views, person, p["permanence_keys"]):
            pass
        elif len(held) >= 2:
            level = "amber" if _softened(views, person, p) else "red"
        elif second_due is not None and days(views.as_of, second_due) <= p["amber_before_days"]:
            level = "amber"
        due = held[1] if len(held) >= 2 else second_due
        answers[person] = about(views, person, level, measure=len(held), due=due)
    return answers


def recorded(json: str | None, keys: tuple[str, ...]) -> bool:
    for key in keys:
        found = re.search(rf'"{key}"\s*:\s*(?:"([^"]*)"|([A-Za-z0-9_.+-]+))', json or "", re.IGNORECASE)
        if found:
            value = found.group(1) if found.group(1) is not None else found.group(2)
            if clean(value) is not None and norm(value) not in ("n", "no", "0", "false", "null", "none"):
                return True
    return False


def has_plan(views: Views, person: str, keys: tuple[str, ...]) -> bool:
    return any(
        views.open(row, "lacp_cla_care_plan_start_date", "lacp_cla_care_plan_end_date")
        and recorded(row.get("lacp_cla_care_plan_json"), keys)
        for row in views.of("ssd_cla_care_plan", "lacp_person_id", person)
    )


def _softened(views: Views, person: str, p: Params) -> bool:
    place = views.place_now(person)
    if (place is not None and place.ptype in p["permanent_placements"]) or "E1" in views.legal_now(person):
        return True
    for row in views.of("ssd_permanence", "perm_person_id", person):
        decided, undone = real_date(row.get("perm_adm_decision_date")), real_date(row.get("perm_decision_reversed_date"))
        if (
            decided is not None
            and views.cla[person].entered <= decided <= views.as_of
            and (undone is None or undone > views.as_of)
        ):
            return True
    return False


RULES: Mapping[str, Rule] = {
    "CLA-02": cla_02,
    "CLA-03": cla_03,
}
