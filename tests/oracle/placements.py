"""Where children in care live: how often they move, how far away, and whether it is a place for a child."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, about
from tests.oracle.calendar import add_months, wd_add, wd_between
from tests.oracle.cells import Row, Table, clean, id_of, real_date
from tests.oracle.codes import code
from tests.oracle.views import Views

DEFAULTS: Mapping[str, Params] = {
    "CLA-08": {"months": 12, "amber_placements": 3, "red_placements": 4},
    "CLA-11": {
        "registered_types": tuple("K1 K2 K3 S1 R3 U1 U2 U3 U4 U5 U6 A3 A4 A5 A6".split()),
        "grace_wd": 5,
    },
    "CLA-12": {"placement_types": ("H5", "P2", "K3"), "age_limit": 16},
    "CLA-13": {"exclude_types": ("A3", "A4", "A5", "A6", "P1"), "amber_miles": 20, "red_miles": 100},
    "CLA-21": {"other_types": ("Z1", "Z11", "Z12", "Z13", "Z14"), "red_after_wd": 5},
}


def cla_08(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    cut = add_months(views.as_of, -p["months"])
    for person in views.cla:
        rows = views.of("ssd_cla_placement", "clap_person_id", person)
        moved_to, at_cut = set(), False
        for row in rows:
            start, end = views.not_later(row, "clap_cla_placement_start_date"), real_date(row.get("clap_cla_placement_end_date"))
            if code(row.get("clap_cla_placement_type"), "placement_type") in views.shared["temporary_placements"]:
                continue
            if start is None:
                continue
            if start <= cut:
                at_cut = at_cut or end is None or end > cut
            elif not _continues(row, rows):
                moved_to.add(id_of(row.get("clap_cla_placement_id")))
        n = len(moved_to - {None}) + at_cut
        level = "red" if n >= p["red_placements"] else "amber" if n >= p["amber_placements"] else None
        answers[person] = about(views, person, level, measure=n)
    return answers


def _continues(row: Row, rows: Table) -> bool:
    """Return whether another placement ended on the day this one began, and only its status changed."""
    start = real_date(row.get("clap_cla_placement_start_date"))
    return any(
        other is not row
        and real_date(other.get("clap_cla_placement_end_date")) == start
        and code(other.get("clap_cla_placement_change_reason"), "placement_change") == "PLACE"
        for other in rows
    )


def cla_12(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person in views.cla:
        years, place = views.age(person), views.place_now(person)
        if years is None:
            answers[person] = about(views, person, None, unknown=True)
            continue
        unfit = place is not None and place.ptype in p["placement_types"] and years < p["age_limit"]
        due = place.pstart if place else None
        answers[person] = about(views, person, "critical" if unfit else None, measure=years, due=due)
    return answers


def cla_11(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person in views.cla:
        place = views.place_now(person)
        if place is None or place.ptype not in p["registered_types"] or urn_ok(place.urn):
            answers[person] = about(views, person, None)
            continue
        n = wd_between(place.pstart, views.as_of)
        level = "amber" if n > p["grace_wd"] else None
        answers[person] = about(views, person, level, measure=n, due=wd_add(place.pstart, p["grace_wd"]))
    return answers


def urn_ok(cell: str | None) -> bool:
    """Return whether it is a number that a home can have: `SC` and 6 digits, 7 digits, or XXXXXXX."""
    written = re.sub(r"\s", "", clean(cell) or "").upper()
    return bool(re.fullmatch(r"SC[0-9]{6}|[0-9]{7}|X{7}", written))


def cla_21(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person in views.cla:
        place = views.place_now(person)
        if place is None or place.ptype not in p["other_types"]:
            answers[person] = about(views, person, None)
            continue
        n = wd_between(place.pstart, views.as_of)
        level = "red" if n > p["red_after_wd"] else "amber"
        answers[person] = about(views, person, level, measure=n, due=wd_add(place.pstart, p["red_after_wd"]))
    return answers


def cla_13(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person in views.cla:
        place = views.place_now(person)
        if place is not None and place.ptype in p["exclude_types"]:
            answers[person] = about(views, person, None)
            continue
        d = place.distance if place else None
        if d is None or d < 0 or d >= 999:
            answers[person] = about(views, person, None, unknown=True)
            continue
        level = "red" if d > p["red_miles"] else "amber" if d > p["amber_miles"] else None
        answers[person] = about(views, person, level, measure=float(d))
    return answers


RULES: Mapping[str, Rule] = {"CLA-08": cla_08, "CLA-11": cla_11, "CLA-12": cla_12, "CLA-13": cla_13, "CLA-21": cla_21}
