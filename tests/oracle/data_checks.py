"""What is asked of the data as a whole: tables that stand still, rules that are off, words that no code map has."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import answer
from tests.oracle.calendar import add_days, add_months, wd_between
from tests.oracle.cells import Row, Table, clean, id_of, norm, real_date
from tests.oracle.codes import UNMAPPED, code
from tests.oracle.reads import READS
from tests.oracle.views import Views

DEFAULTS: Mapping[str, Params] = {
    "DQ-06": {
        "busy_rows": 100,
        "busy_days": 28,
        "event_columns": {
            ("ssd_contacts", "cont_contact_date"): 2,
            ("ssd_cin_episodes", "cine_referral_date"): 2,
            ("ssd_cp_visits", "cppv_cp_visit_date"): 5,
            ("ssd_cla_visits", "clav_cla_visit_date"): 5,
            ("ssd_cin_visits", "cinv_cin_visit_date"): 5,
        },
    },
    "DQ-07": {},
    "DQ-08": {
        "red_share": Fraction("0.10"),
        "min_cells": 30,
        "min_people": 30,
        "ignored": {
            "legal_status": (
                "special guardianship order",
                "child arrangements order",
                "residence order",
                "supervision order",
                "private fostering",
                "no legal status",
            )
        },
    },
}


def dq_06(views: Views, p: Params, switched_on: list[str]) -> dict[str, Answer]:
    """Ask about each table that one of these rules reads. All are trusted here: what makes one doubtful is tried elsewhere."""
    read = {table for name in switched_on for table in READS[name]} | {"ssd_person", "ext_restricted"}
    tables = {table for table in read if table.startswith("ssd_") or table == "ext_restricted" or views.supplied(table)}
    answers = {table: answer(None, has_team=False) for table in tables}
    for (table, column), limit in p["event_columns"].items():
        days = [on for row in views.rows(table) if (on := views.not_later(row, column)) is not None]
        if table not in tables or not days:
            continue
        last = max(days)
        busy = sum(on > add_days(last, -p["busy_days"]) for on in days) >= p["busy_rows"]
        n = wd_between(last, views.as_of)
        answers[table] = answer("amber" if busy and n > limit else None, measure=n, has_team=False)
    return answers


def dq_07(views: Views, is_off: Mapping[str, bool]) -> dict[str, Answer]:
    """Ask about each rule that is switched on. is_off: whether it is off, because there is no such data."""
    return {name: answer("info" if off else None, measure=0 if off else None, has_team=False) for name, off in is_off.items()}


def _of_children(views: Views, table: str, who: str) -> Table:
    return [row for row in views.rows(table) if id_of(row.get(who)) in views.child]


def _cells(views: Views) -> dict[tuple[str, str], tuple[str, Table]]:
    """Return the map of each column that is looked at, and its rows."""
    status = ("lega_legal_status_start_date", "lega_legal_status_end_date")
    placed = ("clap_cla_placement_start_date", "clap_cla_placement_end_date")
    year = add_months(views.as_of, -12)
    leavers = _of_children(views, "ssd_care_leavers", "clea_person_id")

    def this_year(row: Row) -> bool:
        on = real_date(row.get("miss_missing_episode_start_date"))
        return on is not None and on >= year

    return {
        ("ssd_legal_status", "lega_legal_status"): (
            "legal_status",
            [row for row in _of_children(views, "ssd_legal_status", "lega_person_id") if views.open(row, *status)],
        ),
        ("ssd_cla_placement", "clap_cla_placement_type"): (
            "placement_type",
            [row for row in _of_children(views, "ssd_cla_placement", "clap_person_id") if views.open(row, *placed)],
        ),
        ("ssd_care_leavers", "clea_care_leaver_eligibility"): ("eligibility", leavers),
        ("ssd_care_leavers", "clea_care_leaver_in_touch"): ("in_touch", leavers),
        ("ssd_care_leavers", "clea_care_leaver_accommodation"): ("accommodation", leavers),
        ("ssd_care_leavers", "clea_care_leaver_activity"): ("activity", leavers),
        ("ssd_missing", "miss_missing_episode_type"): (
            "missing_type",
            [row for row in _of_children(views, "ssd_missing", "miss_person_id") if this_year(row)],
        ),
        ("ext_audit", "grade"): ("audit_grade", views.rows("ext_audit")),
        ("ext_plan_action", "rag"): ("rag", views.rows("ext_plan_action")),
    }


def dq_08(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for (table, column), (name, rows) in _cells(views).items():
        cells = [cell for row in rows if clean(cell := row.get(column)) is not None]
        strange = [norm(cell) for cell in cells if code(cell, name) == UNMAPPED and norm(cell) not in p["ignored"].get(name, ())]
        many = len(cells) >= p["min_cells"] and Fraction(len(strange), len(cells)) > p["red_share"]
        level = "red" if many else "amber" if strange else None
        answers[f"{table}.{column}"] = answer(level, measure=len(set(strange)), has_team=False)
    no_workers = len(views.open_case) >= p["min_people"] and not any(views.alloc(person) for person in views.child)
    no_advisers = len(views.cl) >= p["min_people"] and not any(views.pa(person) for person in views.child)
    roles = "ssd_involvements.invo_professional_role_id"
    answers[roles] = answer("red" if no_workers or no_advisers else None, measure=0, has_team=False)
    return answers
