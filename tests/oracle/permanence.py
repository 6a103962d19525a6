"""The way to a home for good: adoption, long-term plans, pre-proceedings, and how many have a plan by the second review."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, about, share_answer
from tests.oracle.calendar import add_days, add_months, days, months_since
from tests.oracle.cells import Row, real_date, yes
from tests.oracle.codes import code
from tests.oracle.reviews import DEFAULTS as OF_REVIEWS
from tests.oracle.reviews import asked_for_permanence, has_plan, recorded
from tests.oracle.views import Views, day, latest, text

DEFAULTS: Mapping[str, Params] = {
    "CLA-20": {"months": 3, "amber_below": Fraction("0.90"), "red_below": Fraction("0.75"), "min_items": 10},
    "PM-01": {
        "match_days": 121,
        "match_red_days": 243,
        "place_days": 30,
        "place_red_days": 60,
        "entry_days": 426,
        "entry_red_days": 577,
    },
    "PM-02": {"window_days": 7},
    "PM-03": {"plan_keys": ("LTRELFR", "LTFOST18"), "achieved_placements": ("U1", "U4", "A3", "A4", "A5", "A6"), "months": 6},
    "PL-01": {"amber_days": 84, "red_days": 112, "meeting_days": 15},
}
_ADOPTIVE = ("A3", "A4", "A5", "A6")


def planned(views: Views, p: Params) -> list[bool]:
    """Return of each child whose second review was in the last months whether there is a plan today."""
    since, of_reviews = add_months(views.as_of, -p["months"]), views.params(OF_REVIEWS, "CLA-03")
    found = []
    for person in asked_for_permanence(views, of_reviews):
        held = views.held_reviews(views.cla[person].cla_id)
        if len(held) >= 2 and since < held[1]:
            found.append(has_plan(views, person, of_reviews["permanence_keys"]))
    return found


def cla_20(views: Views, p: Params) -> dict[str, Answer]:
    found = planned(views, p)
    return {"council": share_answer(sum(found), len(found), p)}


def _adoption_row(views: Views, person: str) -> Row | None:
    """Return the latest decision for adoption that stands, was made in this period of care and has not been carried out."""
    rows = []
    for row in views.of("ssd_permanence", "perm_person_id", person):
        decided = views.not_later(row, "perm_adm_decision_date")
        over = views.not_later(row, "perm_decision_reversed_date") or views.not_later(row, "perm_permanence_order_date")
        if decided is None or decided < views.cla[person].entered or over or yes(row.get("perm_adopted_by_carer_flag")):
            continue
        rows.append(row)
    return latest(rows, day("perm_adm_decision_date"), text("perm_table_id")) if rows else None


def pm_01(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, care in views.cla.items():
        row = _adoption_row(views, person)
        if row is None:
            answers[person] = about(views, person, None)
            continue
        order, matched, placed, early = (
            views.not_later(row, column)
            for column in (
                "perm_placement_order_date",
                "perm_matched_date",
                "perm_placed_for_adoption_date",
                "perm_placed_ffa_cp_date",
            )
        )
        stages: list[tuple[date, str]] = []
        if order is not None and matched is None and placed is None:
            stages.append((order, "match"))
        if matched is not None and placed is None:
            stages.append((matched, "place"))
        if placed is None and early is None:
            stages.append((care.entered, "entry"))
        late = [(days(since, views.as_of), p[f"{stage}_days"], p[f"{stage}_red_days"]) for since, stage in stages]
        level = "red" if any(n > red for n, _, red in late) else "amber" if any(n > amber for n, amber, _ in late) else None
        answers[person] = about(views, person, level, measure=max(n - amber for n, amber, _ in late) if level else None)
    return answers


def pm_02(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    first_day = add_days(views.as_of, -p["window_days"])
    for person in views.cla:
        news = [
            views.not_later(row, "perm_decision_reversed_date") for row in views.of("ssd_permanence", "perm_person_id", person)
        ]
        news += [
            views.not_later(row, "clap_cla_placement_end_date")
            for row in views.of("ssd_cla_placement", "clap_person_id", person)
            if code(row.get("clap_cla_placement_type"), "placement_type") in _ADOPTIVE
            and code(row.get("clap_cla_placement_change_reason"), "placement_change") != "PLACE"
        ]
        lately = [on for on in news if on is not None and on >= first_day]
        measure = days(max(lately), views.as_of) if lately else None
        answers[person] = about(views, person, "info" if lately else None, measure=measure)
    return answers


def pm_03(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, care in views.cla.items():
        start, end = "lacp_cla_care_plan_start_date", "lacp_cla_care_plan_end_date"
        plans = [
            began
            for row in views.of("ssd_cla_care_plan", "lacp_person_id", person)
            if views.open(row, start, end)
            and recorded(row.get("lacp_cla_care_plan_json"), p["plan_keys"])
            and (began := real_date(row[start])) is not None
        ]
        place = views.place_now(person)
        orders = [
            views.not_later(row, "perm_permanence_order_date") for row in views.of("ssd_permanence", "perm_person_id", person)
        ]
        achieved = place is not None and place.ptype in p["achieved_placements"]
        if not plans or achieved or any(on is not None and on >= care.entered for on in orders):
            answers[person] = about(views, person, None)
            continue
        since = min(plans)
        due = add_months(since, p["months"])
        level = "amber" if due <= views.as_of else None
        answers[person] = about(views, person, level, measure=months_since(since, views.as_of), due=due)
    return answers


def pl_01(views: Views, p: Params) -> dict[str, Answer] | None:
    if not views.supplied("ssd_pre_proceedings"):
        return None
    answers = {}
    for person in views.child:
        rows = [
            row
            for row in views.of("ssd_pre_proceedings", "prep_person_id", person)
            if views.not_later(row, "prep_pre_pro_decision_date") is not None
        ]
        if not rows or not views.under_18(person):
            continue
        row = latest(rows, day("prep_pre_pro_decision_date"), text("prep_table_id"))
        d = real_date(row["prep_pre_pro_decision_date"])
        assert d is not None
        over = views.not_later(row, "prep_agree_stepdown_issue_date") or views.not_later(row, "prep_care_pro_letter_date")
        if over or _order_since(views, person, d):
            answers[person] = about(views, person, None)
            continue
        n, letter = days(d, views.as_of), views.not_later(row, "prep_pre_pro_letter_date")
        met = views.not_later(row, "prep_initial_pre_pro_meeting_date") is not None
        unmet = letter is not None and days(letter, views.as_of) > p["meeting_days"] and not met
        level = "red" if n > p["red_days"] else "amber" if n > p["amber_days"] or unmet else None
        answers[person] = about(views, person, level, measure=n, due=add_days(d, p["red_days"]))
    return answers


def _order_since(views: Views, person: str, d: date) -> bool:
    """Return whether a care order, interim or full, is open and began on that day or later."""
    start, end = "lega_legal_status_start_date", "lega_legal_status_end_date"
    return any(
        views.open(row, start, end)
        and code(row.get("lega_legal_status"), "legal_status") in ("C1", "C2")
        and (began := real_date(row[start])) is not None
        and began >= d
        for row in views.of("ssd_legal_status", "lega_person_id", person)
    )


RULES: Mapping[str, Rule] = {"CLA-20": cla_20, "PM-01": pm_01, "PM-02": pm_02, "PM-03": pm_03, "PL-01": pl_01}
