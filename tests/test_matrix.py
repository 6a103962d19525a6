"""A column that is damaged on its way makes no flood of alerts and no silence, and tells nobody of a stranger's child, unless it is named."""

from __future__ import annotations

import random
import re
from datetime import date
from typing import get_args

import pytest
import yaml

from alerting.casedata.catalogue import Kind
from tests.column_damage import DAMAGES
from tests.matrix import RULES, Bench, Circle, Judge, Outcome, Square, Told

pytestmark = pytest.mark.slow

A_FEW = 50
"""Children, where one square is enough."""
ABOUT_THE_DATA = {"DQ-06", "DQ-07", "DQ-08"}
"""Rules that read how the others were asked, and no column of their own: what they say of a damage is that it is there."""
DRAWN = {"first": 12, "third": 6}
"""How many squares of each load are tried."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> Bench:
    return Bench(tmp_path_factory.mktemp("matrix"), children=A_FEW)


@pytest.fixture(scope="module")
def of_more(tmp_path_factory) -> Bench:
    return Bench(tmp_path_factory.mktemp("matrix of more"))


# ------------------------------------------------------------------ the damages


@pytest.mark.parametrize(
    ("damage", "before", "after"),
    [
        ("emptied", ["a", None, "b"], [None, None, None]),
        ("emptied, half", ["a", None, "b"], ["a", None, None]),
        ("month first", ["2026-02-10", None], ["02/10/2026", None]),
        ("month first", ["2026-02-10 05:40:00"], ["02/10/2026 05:40:00"]),
        ("two-digit year", ["2026-02-10"], ["10/02/26"]),
        ("serial", ["2026-02-10"], ["46063"]),
        ("10-FEB-26", ["2026-02-10"], ["10-FEB-26"]),
        ("floated", ["0012", "FD01"], ["0012.0", "FD01"]),
        ("zeros stripped", ["0012", "12"], ["12", "12"]),
        ("T or F", ["Y", "N", None], ["T", "F", None]),
        ("X", ["Y", "N", None], ["X", None, None]),
        ("Seen, half", ["Y", "N", "Y", "N"], ["Y", "Not seen", "Y", "Not seen"]),
        ("re-worded", ["CW", "IRO", "CW"], ["Local sort 0", "Local sort 1", "Local sort 0"]),
        ("with a unit", ["28"], ["28 units"]),
        ("cut short", ['{"NFA_FLAG": "Y"}', None], ['{"NFA_FL', None]),
        ("in words", ['{"NFA_FLAG": "Y"}', "[]"], ["Local outcome 1", "Local outcome 0"]),
        ("placeholders, a third", ["a", "b", "c", "d", "e", "f"], ["a", "b", "N/A", "d", "e", "TBC"]),
    ],
)
def test_a_damage_does_what_its_name_says(damage, before, after):
    [found] = [one for one in DAMAGES if one.name == damage]

    assert found.cells(before) == after


def test_every_kind_of_column_has_damages_of_its_own():
    of_few = {kind for damage in DAMAGES for kind in damage.kinds if len(damage.kinds) < len(get_args(Kind))}

    assert of_few == set(get_args(Kind))


# ------------------------------------------------------------------ the judge


def told(*items: tuple[str, str, str], notices: tuple[str, ...] = ()) -> Told:
    """Return what went out: rule, number of the alert, reader; every alert is about the one child of the council."""
    held = {(rule, f"A-{number}", reader) for rule, number, reader in items}
    about = {reference: "Child protection plan 0004551" for _, reference, _ in held}
    return Told(items=frozenset(held), over=frozenset(), about=about, notices=frozenset(notices))


def many(count: int, rule: str = "CP-03") -> list[tuple[str, str, str]]:
    return [(rule, str(number), "m1@example.gov.uk") for number in range(count)]


def table(*rows: dict[str, str]) -> dict[str, list[str | None]]:
    return {name: [row.get(name) for row in rows] for row in rows[:1] for name in row}


COUNCIL = {
    "ext_staff": table(
        *({"worker_id": worker, "name": worker, "email": f"{worker.lower()}@example.gov.uk", "team_id": team, "ends_on": ""}
          for worker, team in (("W1", "T1"), ("M1", "T1"), ("M2", "T2")))
    ),
    "ext_team": table(*({"team_id": team, "service": "help_protection", "manager_id": manager, "service_manager_id": "", "head_of_service_id": ""}
                        for team, manager in (("T1", "M1"), ("T2", "M2")))),
    "ext_cover": {"staff_id": [], "covered_by": []},
    "ext_restricted": {"person_id": [], "level": [], "allowed_recipients": []},
    "ssd_cin_episodes": {"cine_person_id": [], "cine_referral_team": [], "cine_close_date": []},
    "ssd_cin_assessments": {"cina_assessment_id": [], "cina_person_id": []},
    "ssd_involvements": table({"invo_person_id": "0004551", "invo_professional_id": "W1", "invo_professional_team": "T1",
                               "invo_professional_role_id": "CW", "invo_involvement_end_date": ""}),
}  # fmt: skip
SEEN = Square(load="first", table="ssd_cp_visits", column="cppv_cp_visit_seen", damage="emptied")
WAITS = "- CP-03 could not run\n  ssd_cp_visits.cppv_cp_visit_seen is empty in all 70 rows."
NAMED = "- Data: ssd_cp_visits.cppv_cp_visit_seen\n  ssd_cp_visits.cppv_cp_visit_seen: 70 cells cannot be read."


@pytest.mark.parametrize(
    ("usual", "now", "outcome"),
    [
        (told(*many(10)), told(*many(10)), Outcome.none),
        (told(*many(10)), told(*many(20)), Outcome.none),
        (told(*many(10)), told(*many(21)), Outcome.unnamed),
        (told(*many(10)), told(*many(21), notices=(NAMED,)), Outcome.named),
        (told(*many(10)), told(*many(21), notices=(NAMED.replace("70", "some"),)), Outcome.unnamed),
        (told(*many(10)), told(*many(21), notices=(NAMED.replace("visit_seen", "visit_date"),)), Outcome.unnamed),
        (told(*many(20), notices=(NAMED,)), told(*many(50), notices=(NAMED,)), Outcome.unnamed),
        (told(*many(20)), told(), Outcome.unnamed),
        (told(*many(20)), told(notices=(WAITS,)), Outcome.withheld),
        (told(*many(20)), told(notices=(WAITS.partition("\n")[0],)), Outcome.unnamed),
        (told(*many(20)), told(notices=(f"{NAMED} CP-01, CP-03 and DQ-05 wait: their alerts are on hold.",)), Outcome.withheld),
        (told(*many(20)), told(notices=(f"{NAMED} It is read by CP-03.",)), Outcome.named),
        (told(*many(20)), told(*many(50, "CP-05"), notices=(WAITS,)), Outcome.named),
        (told(), told(("CP-03", "1", "m2@example.gov.uk")), Outcome.unnamed),
        (told(), told(("CP-03", "1", "w1@example.gov.uk")), Outcome.none),
    ],
)
def test_harm_is_twice_or_half_by_ten_and_whoever_else_is_told(usual, now, outcome):
    judge = Judge(circle=Circle(COUNCIL, date(2026, 3, 31)), usual=usual)

    assert judge.judge(SEEN, now).outcome == outcome


# ------------------------------------------------------------------ the service


@pytest.mark.parametrize(
    "square",
    [
        Square(load="first", table="ssd_cp_visits", column="cppv_cp_visit_seen", damage="Seen"),
        Square(load="first", table="ext_team", column="manager_id", damage="floated"),
    ],
    ids=str,
)
def test_a_flag_in_another_dress_and_managers_as_numbers_harm_nobody(bench, square):
    assert bench.came_of(square).outcome != Outcome.unnamed


def test_of_a_first_load_administrators_read_how_full_it_is(bench):
    usual = bench.judge("first", frozenset(rule.id for rule in bench.app.book.rules)).usual
    [ended] = [one for one in usual.notices if "ssd_involvements.invo_involvement_end_date" in one]

    assert re.fullmatch(r"  Loaded for the first time: \S+, in \d+ of \d+ rows", ended)


def test_of_every_rule_of_every_job_some_column_is_damaged_but_of_those_that_are_about_the_data_itself(bench):
    asked = frozenset().union(*map(bench.readers, bench.squares()))

    assert {rule.code for rule in bench.app.book.rules if rule.id not in asked} == ABOUT_THE_DATA


@pytest.mark.slow
@pytest.mark.parametrize("load", DRAWN)
def test_no_damage_of_those_drawn_does_harm_that_is_named_nowhere(tmp_path, load):
    bench = Bench(tmp_path / "council")
    drawn = random.Random(load).sample([square for square in bench.squares() if square.load == load], DRAWN[load])

    assert [str(came) for square in drawn if (came := bench.came_of(square)).outcome == Outcome.unnamed] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "column", "damage"),
    [
        ("ssd_cla_placement", "clap_cla_placement_urn", "re-worded, half"),
        ("ssd_cp_reviews", "cppr_cp_review_date", "placeholders, a third"),
        ("ext_referral", "completed_at", "emptied, half"),
        ("ext_supervision", "kind", "re-worded, half"),
        ("ext_oversight", "person_id", "emptied, half"),
        ("ssd_cin_visits", "cinv_cin_visit_seen", "emptied, half"),
        ("ssd_cla_health", "clah_health_check_type", "re-worded, half"),
        ("ssd_involvements", "invo_involvement_end_date", "emptied, half"),
        ("ext_staff", "role", "re-worded, half"),
        ("ext_plan_action", "rag", "emptied, half"),
    ],
)
def test_half_of_a_column_that_no_load_had_before_harms_nobody_where_something_shows_that_it_is_lost(
    of_more, table, column, damage
):
    came = of_more.came_of(Square(load="first", table=table, column=column, damage=damage))

    assert came.outcome == Outcome.withheld, str(came)


@pytest.mark.slow
def test_the_matrix_sees_harm_where_the_limits_let_everything_pass(tmp_path):
    params = yaml.safe_load((RULES / "settings.yaml").read_text("utf-8"))["params"]
    shares = {name: 1 for name, value in params.items() if name.startswith("max_") and isinstance(value, float) and value < 1}
    bench = Bench(tmp_path / "council", settings=shares)
    came = bench.came_of(Square(load="first", table="ssd_cp_visits", column="cppv_person_id", damage="emptied"))

    assert [harm for harm in came.harm if harm.startswith("CP-03 told")]
