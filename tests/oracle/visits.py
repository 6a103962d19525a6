"""Visits: of children on a plan, and of children in care."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, about, joins, latest_seen
from tests.oracle.calendar import add_days, add_months, days, greatest, wd_add, wd_between
from tests.oracle.cells import norm, number, real_date
from tests.oracle.views import Views, VisitFrequency, latest

DEFAULTS: Mapping[str, Params] = {
    "CP-03": {
        "visit_wd": 10,
        "amber_before_wd": 2,
        "recording_lag_wd": 3,
        "count_from": 0,
        "cla_visit_counts": True,
        "service_manager_after_wd": 5,
    },
    "CLA-01": {
        "first_visit_days": 7,
        "weekly_days": 7,
        "visit_days": 42,
        "interim_order_at_home_days": 28,
        "reg24_days": 28,
        "long_term_placements": ("U1", "U4"),
        "long_term_after_months": 12,
        "long_term_months": 3,
        "amber_before_days": 7,
        "amber_before_days_weekly": 2,
        "recording_lag_wd": 3,
        "service_manager_after_wd": 10,
    },
}


def visit_frequency(views: Views, person: str, kind: str) -> VisitFrequency | None:
    rows = [
        row
        for row in views.of("ext_visit_freq", "person_id", person)
        if norm(row.get("kind")) == norm(kind)
        and views.open(row, "valid_from", "valid_to")
        and (_every_n(row) is not None or _regime(row) is not None)
    ]
    if not rows:
        return None
    row = latest(
        rows,
        lambda r: real_date(r.get("valid_from")),
        lambda r: real_date(r.get("set_on")),
        lambda r: None if _every_n(r) is None else -_every_n(r),  # type: ignore[operator]
        _regime,
    )
    return VisitFrequency(every_n=_every_n(row), regime=_regime(row))


def _every_n(row: Mapping[str, str | None]) -> Fraction | None:
    found = number(row.get("every_n"))
    return found if found is not None and found > 0 and found.denominator == 1 else None


def _regime(row: Mapping[str, str | None]) -> str | None:
    found = norm(row.get("regime"))
    return found if found in ("reg19", "reg24") else None


def cp_03(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, plan in views.cp.items():
        if views.person[person].unborn:
            continue
        visits = views.of("ssd_cp_visits", "cppv_person_id", person)
        lastv = latest_seen(visits, "cppv_cp_visit_date", "cppv_cp_visit_seen", views.as_of)
        if person in views.cla and p["cla_visit_counts"]:
            in_care = views.of("ssd_cla_visits", "clav_person_id", person)
            lastv = greatest(lastv, latest_seen(in_care, "clav_cla_visit_date", "clav_cla_visit_seen", views.as_of))
        base = greatest(plan.plan_start, lastv, views.person[person].dob)
        assert base is not None
        f = visit_frequency(views, person, "CP")
        limit = int(f.every_n) if f and f.every_n else p["visit_wd"]
        n = wd_between(base, views.as_of) + p["count_from"]
        level = "red" if n > limit + p["recording_lag_wd"] else "amber" if n >= limit - p["amber_before_wd"] else None
        also = joins("service_manager", n > limit + p["service_manager_after_wd"])
        answers[person] = about(views, person, level, measure=n, due=wd_add(base, limit - p["count_from"]), also=also)
    return answers


def cla_01(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    as_of = views.as_of
    for person in views.cla:
        due, weekly = _visit_due(views, person, p)
        late = wd_between(due, as_of)
        before = p["amber_before_days_weekly"] if weekly else p["amber_before_days"]
        level = None
        if as_of >= add_days(due, -before):
            level = "amber"
        if as_of > due and late > p["recording_lag_wd"]:
            level = "red"
        also = joins("service_manager", late > p["service_manager_after_wd"])
        answers[person] = about(views, person, level, measure=days(due, as_of), due=due, also=also)
    return answers


def _visit_due(views: Views, person: str, p: Params) -> tuple[date, bool]:
    """Return when the next visit is due, and whether the child is to be seen weekly."""
    care, place = views.cla[person], views.place_now(person)
    pstart, ptype = (place.pstart, place.ptype) if place else (care.entered, None)
    visits = views.of("ssd_cla_visits", "clav_person_id", person)
    lastv = latest_seen(visits, "clav_cla_visit_date", "clav_cla_visit_seen", views.as_of)
    f = visit_frequency(views, person, "CLA") or VisitFrequency(every_n=None, regime=None)
    reviewed = bool(views.held_reviews(care.cla_id))
    if lastv is None or lastv < pstart:
        return add_days(pstart, p["first_visit_days"]), True
    special = None
    if "C1" in views.legal_now(person) and ptype == "P1":
        special = p["interim_order_at_home_days"]
    elif f.regime == "reg19":
        special = p["visit_days"]
    elif f.regime == "reg24":
        special = p["reg24_days"]
    if special is not None:
        return add_days(lastv, special if reviewed else p["weekly_days"]), not reviewed
    if f.every_n is not None:
        return add_days(lastv, int(f.every_n)), False
    if ptype in p["long_term_placements"] and add_months(pstart, p["long_term_after_months"]) <= views.as_of:
        return add_months(lastv, p["long_term_months"]), False
    return add_days(lastv, p["visit_days"]), False


RULES: Mapping[str, Rule] = {
    "CP-03": cp_03,
    "CLA-01": cla_01,
}
