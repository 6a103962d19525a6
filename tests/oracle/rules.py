"""Ten of the rules: who is asked, and what each of them gets for an answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from tests.oracle.answers import Answer, Params
from tests.oracle.calendar import add_days, add_months, age, birthday, days, greatest, wd_add, wd_between
from tests.oracle.cells import Table, clean, id_of, norm, number, real_date, yes
from tests.oracle.codes import UNMAPPED
from tests.oracle.views import Views, VisitFrequency, latest
from tests.oracle.workers import dq_02, wf_01

DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "AS-01": {"amber_wd": 35, "limit_wd": 45, "count_from": 0, "head_of_service_wd": 55, "clock_from": "assessment_start"},
    "CP-03": {
        "visit_wd": 10,
        "amber_before_wd": 2,
        "recording_lag_wd": 3,
        "count_from": 0,
        "cla_visit_counts": True,
        "service_manager_after_wd": 5,
    },
    "CP-05": {"first_months": 3, "later_months": 6, "amber_before_days": 15, "prebirth_review_wd": None},
    "CP-08": {"grace_wd": 1},
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
    "WF-01": {
        "asye": (10, 12),
        "personal_adviser": (22, 28),
        "assessment": (18, 22),
        "help_protection": (18, 22),
        "children_in_care": (16, 20),
        "disabled_children": (20, 25),
        "default": (18, 22),
        "max_fte": Fraction("1.2"),
        "asye_factor": Fraction(1),
    },
    "DQ-02": {"not_listed_counts": True},
}

NEEDS: Mapping[str, str] = {"AS-01": "cina_assessment_start_date", "CL-01": "clea_care_leaver_latest_contact"}
MIN_FILL, MIN_FILL_POPULATION = Fraction("0.70"), 30


def findings(
    tables: Mapping[str, Table], as_of: date, params: Mapping[str, Params] | None = None
) -> dict[str, dict[str, Answer]]:
    """Return every rule's answers, by rule code and subject. `params`: by rule code, or `shared`, what differs from the defaults."""
    chosen = params or {}
    views = Views(tables, as_of, chosen.get("shared"))
    return {rule: ask(views, {**DEFAULTS[rule], **chosen.get(rule, {})}) for rule, ask in RULES.items()}


def off(tables: Mapping[str, Table], as_of: date, params: Mapping[str, Params] | None = None) -> set[str]:
    """Return the rules that must not be believed because a column they need is mostly empty."""
    chosen = params or {}
    views = Views(tables, as_of, chosen.get("shared"))
    asked = findings(tables, as_of, params)
    filled = {
        "AS-01": sum(answer.outcome != "unknown" for answer in asked["AS-01"].values()),
        "CL-01": sum(views.leavers[who].contact_cell is not None for who in asked["CL-01"]),
    }
    return {
        rule for rule in NEEDS if len(asked[rule]) >= MIN_FILL_POPULATION and Fraction(filled[rule], len(asked[rule])) < MIN_FILL
    }


def _about(
    views: Views,
    person: str,
    level: str | None,
    *,
    measure: float | None = None,
    due: date | None = None,
    also: frozenset[str] = frozenset(),
    unknown: bool = False,
    leaver: bool = False,
) -> Answer:
    worker = views.alloc(person)
    adviser = views.pa(person)
    return Answer(
        level=level,
        outcome="unknown" if unknown else "match" if level else "clear",
        measure=measure,
        due=due,
        team=views.team_of_child(person, leaver=leaver),
        worker=worker.worker_id if worker else None,
        adviser=(adviser.worker_id if adviser else views.leavers[person].adviser_id) if leaver else None,
        also=also if level else frozenset(),
    )


def _joins(role: str, when: bool) -> frozenset[str]:
    return frozenset({role}) if when else frozenset()


def _latest_seen(table: Table, day: str, seen: str, as_of: date) -> date | None:
    dates = [real_date(row.get(day)) for row in table if yes(row.get(seen))]
    return max((d for d in dates if d is not None and d <= as_of), default=None)


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


# ---------------------------------------------------------------------- assessment


def as_01(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for row in views.rows("ssd_cin_assessments"):
        subject, person = id_of(row.get("cina_assessment_id")), id_of(row.get("cina_person_id"))
        started, authorised = real_date(row.get("cina_assessment_start_date")), real_date(row.get("cina_assessment_auth_date"))
        if subject is None or person not in views.child or not views.under_18(person):
            continue
        if (started is not None and started > views.as_of) or (authorised is not None and authorised <= views.as_of):
            continue
        referrals = [
            r
            for r in views.of("ssd_cin_episodes", "cine_referral_id", id_of(row.get("cina_referral_id")))
            if id_of(r.get("cine_person_id")) == person and views.open(r, "cine_referral_date", "cine_close_date")
        ]
        if not referrals:
            continue
        if started is None:
            # The rule needs this column, and a column that comes mostly empty can only be noticed if those without it are asked.
            answers[subject] = _about(views, person, None, unknown=True)
            continue
        referred = real_date(referrals[0].get("cine_referral_date"))
        day_0 = referred if p["clock_from"] == "referral" and referred is not None else started
        n = wd_between(day_0, views.as_of) + p["count_from"]
        level = "red" if n > p["limit_wd"] else "amber" if n >= p["amber_wd"] else None
        due = wd_add(day_0, p["limit_wd"] - p["count_from"])
        also = _joins("head_of_service", n >= p["head_of_service_wd"])
        answers[subject] = _about(views, person, level, measure=n, due=due, also=also)
    return answers


# ---------------------------------------------------------------------- child protection


def cp_03(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, plan in views.cp.items():
        if views.person[person].unborn:
            continue
        visits = views.of("ssd_cp_visits", "cppv_person_id", person)
        lastv = _latest_seen(visits, "cppv_cp_visit_date", "cppv_cp_visit_seen", views.as_of)
        if person in views.cla and p["cla_visit_counts"]:
            in_care = views.of("ssd_cla_visits", "clav_person_id", person)
            lastv = greatest(lastv, _latest_seen(in_care, "clav_cla_visit_date", "clav_cla_visit_seen", views.as_of))
        base = greatest(plan.plan_start, lastv, views.person[person].dob)
        assert base is not None
        f = visit_frequency(views, person, "CP")
        limit = int(f.every_n) if f and f.every_n else p["visit_wd"]
        n = wd_between(base, views.as_of) + p["count_from"]
        level = "red" if n > limit + p["recording_lag_wd"] else "amber" if n >= limit - p["amber_before_wd"] else None
        also = _joins("service_manager", n > limit + p["service_manager_after_wd"])
        answers[person] = _about(views, person, level, measure=n, due=wd_add(base, limit - p["count_from"]), also=also)
    return answers


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
        answers[person] = _about(
            views, person, _review_level(views.as_of, due, p, booked=booked), measure=days(due, views.as_of), due=due
        )
    return answers


def _review_level(as_of: date, due: date, p: Params, *, booked: bool) -> str | None:
    if as_of > due:
        return "red"
    if as_of >= add_days(due, -p["amber_before_days"]) and not booked:
        return "amber"
    return None


def cp_08(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, plan in views.cp.items():
        since = greatest(plan.plan_start, views.last_alloc_end(person, "allocated_social_worker_roles"))
        assert since is not None
        n = wd_between(since, views.as_of)
        allocated = views.alloc(person, "allocated_social_worker_roles") is not None
        level = "critical" if not allocated and n > p["grace_wd"] else None
        answers[person] = _about(views, person, level, measure=n, due=wd_add(since, p["grace_wd"]))
    return answers


# ---------------------------------------------------------------------- children in care


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
        also = _joins("service_manager", late > p["service_manager_after_wd"])
        answers[person] = _about(views, person, level, measure=days(due, as_of), due=due, also=also)
    return answers


def _visit_due(views: Views, person: str, p: Params) -> tuple[date, bool]:
    """Return when the next visit is due, and whether the child is to be seen weekly."""
    care, place = views.cla[person], views.place_now(person)
    pstart, ptype = (place.pstart, place.ptype) if place else (care.entered, None)
    visits = views.of("ssd_cla_visits", "clav_person_id", person)
    lastv = _latest_seen(visits, "clav_cla_visit_date", "clav_cla_visit_seen", views.as_of)
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


def cla_02(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    as_of = views.as_of
    for person, care in views.cla.items():
        if care.cla_id is None:
            answers[person] = _about(views, person, None, unknown=True)
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
        level = _review_level(as_of, due, p, booked=booked)
        answers[person] = _about(views, person, level, measure=days(due, as_of), due=due)
    return answers


def cla_03(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, care in views.cla.items():
        now = views.legal_now(person)
        dob, exempt = views.person[person].dob, p["exempt_entered_at_age"]
        if len(now) == 1 and now <= set(p["exclude_only_status"]):
            continue
        if exempt is not None and dob is not None and age(dob, care.entered) >= exempt:
            continue
        if care.cla_id is None:
            answers[person] = _about(views, person, None, unknown=True)
            continue
        held = views.held_reviews(care.cla_id)
        second_due = add_months(held[0], p["second_months"]) if held else None
        level = None
        if _has_plan(views, person, p["permanence_keys"]):
            pass
        elif len(held) >= 2:
            level = "amber" if _softened(views, person, p) else "red"
        elif second_due is not None and days(views.as_of, second_due) <= p["amber_before_days"]:
            level = "amber"
        due = held[1] if len(held) >= 2 else second_due
        answers[person] = _about(views, person, level, measure=len(held), due=due)
    return answers


def recorded(json: str | None, keys: tuple[str, ...]) -> bool:
    for key in keys:
        found = re.search(rf'"{key}"\s*:\s*(?:"([^"]*)"|([A-Za-z0-9_.+-]+))', json or "", re.IGNORECASE)
        if found:
            value = found.group(1) if found.group(1) is not None else found.group(2)
            if clean(value) is not None and norm(value) not in ("n", "no", "0", "false", "null", "none"):
                return True
    return False


def _has_plan(views: Views, person: str, keys: tuple[str, ...]) -> bool:
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


# ---------------------------------------------------------------------- care leavers


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
            answers[person] = _about(views, person, None, unknown=True, leaver=True)
            continue
        if leaver.contact is None:
            since = leaver_since(views, person)
            n, due = None, add_days(since, p["never_after_days"]) if since else None
            level = "red" if since is None or days(since, views.as_of) > p["never_after_days"] else None
        else:
            n, due = days(leaver.contact, views.as_of), add_days(leaver.contact, p["red_days"])
            level = "red" if n > p["red_days"] else "amber" if n > p["amber_days"] else None
        also = _joins("head_of_service", n is None or n > p["head_of_service_days"])
        answers[person] = _about(views, person, level, measure=n, due=due, also=also, leaver=True)
    return answers


RULES: Mapping[str, Callable[[Views, Params], dict[str, Answer]]] = {
    "AS-01": as_01,
    "CP-03": cp_03,
    "CP-05": cp_05,
    "CP-08": cp_08,
    "CLA-01": cla_01,
    "CLA-02": cla_02,
    "CLA-03": cla_03,
    "CL-01": cl_01,
    "WF-01": wf_01,
    "DQ-02": dq_02,
}
