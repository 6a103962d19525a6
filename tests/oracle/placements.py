"""Where children in care live: how often they move, and whether it is a place for a child of that age."""

from __future__ import annotations

from collections.abc import Mapping

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, about
from tests.oracle.calendar import add_months
from tests.oracle.cells import Row, Table, id_of, real_date
from tests.oracle.codes import code
from tests.oracle.views import Views

DEFAULTS: Mapping[str, Params] = {
    "CLA-08": {"months": 12, "amber_placements": 3, "red_placements": 4},
    "CLA-12": {"placement_types": ("H5", "P2", "K3"), "age_limit": 16},
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


RULES: Mapping[str, Rule] = {"CLA-08": cla_08, "CLA-12": cla_12}
