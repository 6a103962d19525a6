"""The shared views of plans, states, audits, eligible children, managers' notes and absences, as at Tuesday 31 March 2026."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from tests.case_rows import (
    Row,
    council,
    episode,
    ids,
    involvement,
    leaver,
    legal,
    person,
    placement,
    plan,
    referral,
    restricted,
    staff,
)


def cin_plan(who: str, start: str | None, end: str | None = None, id: str = "N1") -> tuple[str, Row]:
    return "ssd_cin_plans", {
        "cinp_person_id": who, "cinp_cin_plan_id": id, "cinp_cin_plan_start_date": start, "cinp_cin_plan_end_date": end,
    }  # fmt: skip


def assessment(who: str, start: str, end: str | None = None, referral: str = "R1", id: str = "A1") -> tuple[str, Row]:
    return "ssd_cin_assessments", {
        "cina_assessment_id": id, "cina_person_id": who, "cina_referral_id": referral, "cina_assessment_start_date": start,
        "cina_assessment_auth_date": end,
    }  # fmt: skip


def cover(who: str, starts: str | None, ends: str | None) -> tuple[str, Row]:
    return "ext_cover", {"staff_id": who, "covered_by": None, "from_date": starts, "to_date": ends}


def note(who: str, on: str, by: str | None = None) -> tuple[str, Row]:
    return "ext_oversight", {"person_id": who, "noted_on": on, "by_id": by}


def supervision(who: str | None, on: str, kind: str = "case") -> tuple[str, Row]:
    return "ext_supervision", {"person_id": who, "held_on": on, "kind": kind}


def audit(id: str | None, **cells: str | None) -> tuple[str, Row]:
    return "ext_audit", {"audit_id": id, "person_id": None, **cells}


# ------------------------------------------------------------------ plans and states


def test_a_plan_that_follows_within_seven_days_goes_on_from_the_one_before():
    rows = [person(f"P{n}") for n in range(1, 5)]
    rows += [cin_plan("P1", "2026-02-01", id="N2"), cin_plan("P1", "2025-03-01", "2026-01-26", id="N1")]
    rows += [cin_plan("P2", "2026-02-01", id="N2"), cin_plan("P2", "2025-03-01", "2026-01-24", id="N1")]
    rows += [cin_plan("P3", "2026-03-01", "2026-03-31"), cin_plan("P4", None)]
    with council(rows) as ask:
        assert ask("SELECT * FROM v_cin_plan ORDER BY ALL") == [
            ("P1", "N2", date(2026, 2, 1), date(2025, 3, 1)),
            ("P2", "N2", date(2026, 2, 1), date(2026, 2, 1)),
        ]


def test_of_two_plans_the_latest_counts_and_grown_ups_have_none():
    rows = [person("P1"), person("grown", "2008-03-31"), cin_plan("grown", "2026-01-01")]
    rows += [cin_plan("P1", "2026-02-01", id="N9"), cin_plan("P1", "2026-02-01", id="N10")]
    with council(rows) as ask:
        assert ids(ask, "v_cin_plan", "plan_id") == ["N9"]


def test_a_person_is_in_the_first_state_that_holds():
    rows = [person(f"P{n}") for n in range(1, 8)] + [person("L1", "2006-05-01"), leaver("L1")]
    rows += [episode("P1"), plan("P1"), plan("P2"), cin_plan("P2", "2026-01-12"), cin_plan("P3", "2026-01-12")]
    rows += [referral(f"P{n}", id=f"R{n}") for n in range(3, 7)]
    rows += [assessment("P4", "2026-03-01", referral="R4", id="A4"), assessment("P5", "2026-04-01", referral="R5", id="A5")]
    rows += [assessment("P6", "2026-03-01", "2026-03-20", referral="R6", id="A6")]
    with council(rows) as ask:
        assert ask("SELECT * FROM v_state ORDER BY person_id") == [
            ("L1", "leaver"),
            ("P1", "cla"),
            ("P2", "cp"),
            ("P3", "cin_plan"),
            ("P4", "assessment"),
            ("P5", "referral"),
            ("P6", "referral"),
        ]


def test_a_case_starts_with_what_the_person_is_known_for_first():
    rows = [
        person("care"),
        episode("care", "2025-06-02"),
        plan("care"),
        person("plan"),
        plan("plan", "2025-11-03"),
        referral("plan"),
    ]
    rows += [person("need"), referral("need", "2026-01-12"), person("left", "2006-05-01"), leaver("left"), person("nobody")]
    rows += [episode("left", "2020-01-06", "2024-04-30", id="E9", cla="C9")]
    with council(rows) as ask:
        assert ask("SELECT * FROM v_case_start ORDER BY person_id") == [
            ("care", date(2025, 6, 2)),
            ("left", date(2024, 4, 30)),
            ("need", date(2026, 1, 12)),
            ("plan", date(2025, 11, 3)),
        ]


def test_the_service_of_a_child_is_that_of_the_team_that_answers():
    rows = [
        person("P1"),
        person("P2"),
        person("P3"),
        involvement("P1", "W1", team="T1"),
        involvement("P2", "W1", team="T9", id="I2"),
    ]
    rows += [("ext_team", {"team_id": "T1", "service": "Disabled_Children "})]
    with council(rows) as ask:
        assert ask("SELECT * FROM v_service_of ORDER BY person_id") == [("P1", "disabled_children"), ("P2", None), ("P3", None)]


def test_the_home_of_a_child_is_of_the_row_of_the_placement_today():
    rows = [person("P1"), episode("P1"), placement("C1", "U1", "2025-06-02", "2026-01-05", id="L1")]
    table, row = placement("C1", "U6", "2026-01-05", id="L2")
    rows += [(table, {**row, "clap_cla_placement_urn": "SC123456", "clap_cla_placement_distance": "12.5"})]
    with council(rows) as ask:
        assert ask("SELECT * FROM v_home_now") == [("P1", "U6", date(2026, 1, 5), "SC123456", 12.5)]


# ------------------------------------------------------------------ eligible children


@pytest.mark.parametrize(
    ("born", "spells", "statuses", "eligible"),
    [
        # Long in care: on the sixteenth birthday.
        ("2009-12-31", [("2020-01-06", None)], [], date(2025, 12, 31)),
        # Sixteen before: on the ninety-first day.
        ("2009-10-01", [("2025-12-01", None)], [], date(2026, 3, 1)),
        ("2009-10-01", [("2025-12-31", None)], [], date(2026, 3, 31)),
        ("2009-10-01", [("2026-01-01", None)], [], None),
        # The day on which a spell ended does not count; days that two rows cover count once.
        ("2009-10-01", [("2025-10-01", "2025-10-31"), ("2025-10-11", "2025-11-10"), ("2026-01-01", None)], [], date(2026, 2, 20)),
        ("2009-10-01", [("2025-10-01", "2025-10-31"), ("2025-10-11", None)], [], date(2025, 12, 30)),
        # Days before the fourteenth birthday do not count.
        ("2009-10-01", [("2023-07-03", "2023-12-30")], [], None),
        ("2009-10-01", [("2023-07-03", "2023-12-31")], [], date(2025, 10, 1)),
        # A row that began as a short break does not count, whatever came later.
        ("2009-10-01", [("2025-10-01", None)], [("V3", "2025-10-01", "2025-11-01")], None),
        ("2009-10-01", [("2025-10-01", None)], [("V3", "2025-10-01", None), ("C2", "2025-09-01", None)], date(2025, 12, 30)),
        # Not yet sixteen; no date of birth.
        ("2010-04-01", [("2020-01-06", None)], [], None),
        (None, [("2020-01-06", None)], [], None),
    ],
)
@pytest.mark.slow
def test_a_child_is_eligible_from_91_days_in_care_after_14_and_the_sixteenth_birthday(born, spells, statuses, eligible):
    rows = [person("P1", born), *(episode("P1", start, end, id=f"E{no}") for no, (start, end) in enumerate(spells))]
    rows += [legal("P1", *each) for each in statuses]
    with council(rows) as ask:
        assert ask("SELECT eligible_on FROM v_eligible") == ([(eligible,)] if eligible else [])


# ------------------------------------------------------------------ managers


def test_notes_are_those_of_managers_of_whom_nobody_knows_and_of_case_supervision():
    rows = [staff("M1", role="Team_Manager"), staff("W1", role="social_worker")]
    rows += [
        note("P1", "2026-03-02", "M1"),
        note("P1", "2026-03-03", "W1"),
        note("P1", "2026-03-04"),
        note("P1", "2026-03-05", "X9"),
    ]
    rows += [note("P1", "2026-04-01", "M1"), note("P1", "2026-03-02")]
    rows += [supervision("P1", "2026-03-09"), supervision("P1", "2026-03-10", "staff"), supervision(None, "2026-03-11")]
    days = [date(2026, 3, 2), date(2026, 3, 4), date(2026, 3, 5), date(2026, 3, 9)]
    with council(rows) as ask:
        assert ask("SELECT * FROM v_note ORDER BY ALL") == [("P1", day) for day in days]
    with council(rows, case_supervision_counts=False) as ask:
        assert ask("SELECT * FROM v_note ORDER BY ALL") == [("P1", day) for day in days[:-1]]


def test_an_absence_is_a_cover_of_fourteen_days_and_its_end_is_the_way_back():
    rows = [
        cover("away", "2026-03-17", None),
        cover("short", "2026-03-18", None),
        cover("back", "2026-02-01", "2026-02-14"),
        cover("back", "2026-03-01", "2026-03-13"),
        cover("until today", "2026-03-01", "2026-03-31"),
        cover("no start", None, "2026-03-01"),
        cover("-1", "2026-03-01", None),
    ]
    with council(rows) as ask:
        assert ask("SELECT * FROM v_absence ORDER BY worker_id") == [
            ("away", True, None),
            ("back", False, date(2026, 2, 14)),
            ("no start", False, None),
            ("short", False, None),
            ("until today", True, None),
        ]


def test_a_member_of_staff_has_the_first_day_of_the_post():
    with council([staff("W1", "2026-03-09", role="social_worker")]) as ask:
        assert ask("SELECT starts_on FROM v_staff") == [(date(2026, 3, 9),)]


# ------------------------------------------------------------------ audits and factors


def test_of_an_audit_the_latest_row_of_a_child_who_is_there_counts():
    rows = [person("P1"), person("P2"), restricted("P2", "sealed"), involvement("P1", "W1", team="T1"), staff("W7", team_id="T7")]
    rows += [
        audit("A1", person_id="P1", audited_on="2026-03-01", grade="Good"),
        audit("A1", person_id="P2", audited_on="2026-03-09"),
    ]
    rows += [audit("A2", auditor_id="W7", due_on="2026-03-09"), audit("A2", due_on="2026-03-02", team_id="T2")]
    rows += [audit("A3", person_id="P9"), audit("A4", person_id="P1", team_id="T4", grade="what", kind="Re_Audit"), audit(None)]
    with council(rows) as ask:
        assert ask("SELECT audit_id, kind, person_id, team_id, audited_on, grade FROM v_audit ORDER BY 1") == [
            ("A1", None, "P1", "T1", date(2026, 3, 1), "GOOD"),
            ("A2", None, None, "T7", None, None),
            ("A4", "re_audit", "P1", "T4", None, "UNMAPPED"),
        ]


def test_the_factors_of_an_assessment_are_those_of_all_its_rows():
    said = [("A1", '["1A", "19B"]'), ("A1", '{"4A": "Yes", "1A": "Yes"}'), ("A2", "none"), (None, "1A"), ("A3", None)]
    rows = [("ssd_assessment_factors", {"cinf_assessment_id": id, "cinf_assessment_factors_json": text}) for id, text in said]
    with council(rows) as ask:
        assert ask("SELECT * FROM v_factors") == [
            ("A1", ["19B", "1A", "4A"], ["sexual_abuse", "mental_health", "substance_misuse"])
        ]


def test_each_different_outcome_is_read_once_however_many_rows_have_it():
    """Its reading takes long. It stands in a view, which is a table, as the engine would move it back to each row out of a step."""
    folder = Path(__file__).parent.parent / "rules" / "subjects"
    reads = re.compile(r"\b(?:told|said|flag|recorded|factors|factor_groups_of)\((\w+)\W")
    text_once = re.compile(r"\(?SELECT DISTINCT \w+ AS said FROM \w+ WHERE \w+ IS NOT NULL")
    found = {path: (path.read_text("utf-8"), reads.findall(path.read_text("utf-8"))) for path in folder.rglob("v_*.sql")}
    assert {path for path, (sql, read) in found.items() if read and (set(read) != {"said"} or not text_once.search(sql))} == set()
    assert {path for path in folder.glob("*.yaml") if reads.search(path.read_text("utf-8"))} == set()
    assert sum(bool(read) for _, read in found.values()) > 3


def test_an_id_is_read_without_the_white_space_before_or_after_it():
    spaces = " \t\n\r\f\v\u00a0"
    rows = [person(f"A{ord(space)}{space}", "2014-09-01") for space in spaces] + [
        person(f"{space}B{ord(space)}", "2014-09-01") for space in spaces
    ]
    with council(rows) as ask:
        found = {id for (id,) in ask("SELECT person_id FROM v_person")}
    assert found == {f"{side}{ord(space)}" for side in "AB" for space in spaces}
