"""The oracle against the worked examples of the rule definitions, and against a few councils made by hand.

as_of is Tuesday 31 March 2026 unless the test says otherwise.
"""

from __future__ import annotations

from datetime import date

import pytest

from tests.oracle import cells
from tests.oracle.answers import Answer
from tests.oracle.calendar import add_months, age, birthday, is_wd, wd_add, wd_between
from tests.oracle.codes import MAPS, code
from tests.oracle.leaving import left
from tests.oracle.reviews import recorded
from tests.oracle.rules import findings, off

TODAY = date(2026, 3, 31)
CHILD = {"pers_person_id": "P1", "pers_dob": "2018-05-05"}


def answer(rule: str, *, as_of: date = TODAY, subject: str = "P1", **tables: list[dict[str, str | None]]) -> Answer:
    return findings({"ssd_person": [CHILD], **tables}, as_of)[rule][subject]


def in_care(entered: str) -> dict[str, list[dict[str, str | None]]]:
    row = {"clae_person_id": "P1", "clae_cla_id": "C1", "clae_cla_episode_id": "E1", "clae_cla_episode_start_date": entered}
    return {"ssd_cla_episodes": [row]}


def on_plan(start: str) -> dict[str, list[dict[str, str | None]]]:
    return {"ssd_cp_plans": [{"cppl_person_id": "P1", "cppl_cp_plan_id": "L1", "cppl_cp_plan_start_date": start}]}


# ---------------------------------------------------------------------- the worked examples


def test_easter_2026_leaves_one_working_day_between_2_and_7_april():
    assert wd_between(date(2026, 4, 2), date(2026, 4, 7)) == 1


@pytest.mark.parametrize(
    ("started", "n", "level"), (("2026-02-10", 35, "amber"), ("2026-01-27", 45, "amber"), ("2026-01-26", 46, "red"))
)
def test_as_01_as_worked(started, n, level):
    referral = {"cine_referral_id": "R1", "cine_person_id": "P1", "cine_referral_date": "2026-01-01"}
    row = {
        "cina_assessment_id": "A1",
        "cina_person_id": "P1",
        "cina_referral_id": "R1",
        "cina_assessment_start_date": started,
        "cina_assessment_auth_date": "1900-01-01",
    }
    found = answer("AS-01", subject="A1", ssd_cin_episodes=[referral], ssd_cin_assessments=[row])

    assert (found.measure, found.level) == (n, level)


@pytest.mark.parametrize(
    ("seen", "n", "level"), (("2026-03-17", 10, "amber"), ("2026-03-12", 13, "amber"), ("2026-03-11", 14, "red"))
)
def test_cp_03_as_worked(seen, n, level):
    visit = {"cppv_person_id": "P1", "cppv_cp_visit_date": seen, "cppv_cp_visit_seen": "Y"}
    found = answer("CP-03", ssd_cp_visits=[visit], **on_plan("2026-01-05"))

    assert (found.measure, found.level) == (n, level)


@pytest.mark.parametrize(
    ("start", "due", "level"), (("2025-12-31", date(2026, 3, 31), "amber"), ("2025-12-30", date(2026, 3, 30), "red"))
)
def test_cp_05_as_worked_without_a_review(start, due, level):
    found = answer("CP-05", **on_plan(start))

    assert (found.due, found.level) == (due, level)


def test_cp_05_as_worked_with_a_review():
    review = {"cppr_cp_plan_id": "L1", "cppr_cp_review_date": "2025-09-30"}
    found = answer("CP-05", ssd_cp_reviews=[review], **on_plan("2025-07-01"))

    assert (found.due, found.level) == (date(2026, 3, 30), "red")


def test_cla_01_as_worked_for_a_first_visit():
    found = answer("CLA-01", **in_care("2026-03-20"))

    assert (found.due, wd_between(date(2026, 3, 27), TODAY), found.level) == (date(2026, 3, 27), 2, "amber")


@pytest.mark.parametrize(
    ("seen", "due", "late", "level"),
    (("2026-02-12", date(2026, 3, 26), 3, "amber"), ("2026-02-11", date(2026, 3, 25), 4, "red")),
)
def test_cla_01_as_worked_in_a_long_term_placement_of_two_months(seen, due, late, level):
    visit = {"clav_person_id": "P1", "clav_cla_visit_date": seen, "clav_cla_visit_seen": "1"}
    placement = {
        "clap_cla_id": "C1",
        "clap_cla_placement_id": "Q1",
        "clap_cla_placement_start_date": "2026-01-31",
        "clap_cla_placement_type": "U4",
    }
    found = answer("CLA-01", ssd_cla_visits=[visit], ssd_cla_placement=[placement], **in_care("2025-01-31"))

    assert (found.due, wd_between(found.due, TODAY), found.level) == (due, late, level)


@pytest.mark.parametrize(
    ("entered", "due", "level"), (("2026-03-03", date(2026, 3, 31), "amber"), ("2026-03-02", date(2026, 3, 30), "red"))
)
def test_cla_02_as_worked(entered, due, level):
    found = answer("CLA-02", **in_care(entered))

    assert (found.due, found.level) == (due, level)


@pytest.mark.parametrize(
    ("contact", "n", "level"),
    (("2026-02-17", 42, None), ("2026-02-16", 43, "amber"), ("2026-02-03", 56, "amber"), ("2026-02-02", 57, "red")),
)
def test_cl_01_as_worked(contact, n, level):
    leaver = {
        "clea_person_id": "P1",
        "clea_care_leaver_eligibility": "b) Former relevant",
        "clea_care_leaver_latest_contact": contact,
    }
    person = {"pers_person_id": "P1", "pers_dob": "2007-01-01"}
    found = answer("CL-01", ssd_person=[person], ssd_care_leavers=[leaver])

    assert (found.measure, found.level) == (n, level)


@pytest.mark.parametrize(("cases", "n", "level"), ((9, 18.0, None), (10, 20.0, "amber")))
def test_wf_01_as_worked(cases, n, level):
    people = [{"pers_person_id": f"P{i}"} for i in range(cases)]
    involved = [
        {
            "invo_person_id": f"P{i}",
            "invo_professional_id": "W1",
            "invo_professional_role_id": "ALLWKR",
            "invo_involvement_start_date": "2026-01-01",
        }
        for i in range(cases)
    ]
    staff = [{"worker_id": "W1", "team_id": "T1", "fte": "0.5", "role": "social_worker"}]
    team = [{"team_id": "T1", "service": "help_protection"}]
    found = answer("WF-01", subject="W1", ssd_person=people, ssd_involvements=involved, ext_staff=staff, ext_team=team)

    assert (found.measure, found.level) == (n, level)


# ---------------------------------------------------------------------- cells, days, codes


def test_the_examples_of_month_ends_and_leap_days_hold():
    assert add_months(date(2025, 12, 31), 3) == date(2026, 3, 31)
    assert add_months(date(2025, 9, 30), 6) == date(2026, 3, 30)
    assert add_months(date(2025, 8, 31), 6) == date(2026, 2, 28)
    assert add_months(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert add_months(date(2026, 1, 31), -11) == date(2025, 2, 28)
    assert birthday(date(2008, 2, 29), 18) == date(2026, 3, 1)
    assert (age(date(2008, 2, 29), date(2026, 2, 28)), age(date(2008, 2, 29), date(2026, 3, 1))) == (17, 18)
    assert wd_add(date(2026, 4, 4), 0) == date(2026, 4, 4)
    assert not is_wd(date(2026, 4, 6))


@pytest.mark.parametrize(
    ("cell", "day"),
    (
        ("2026-03-05", date(2026, 3, 5)),
        ("05/03/2026", date(2026, 3, 5)),
        ("\u00a0 05/03/2026 23:59:59.999 ", date(2026, 3, 5)),
        ("2026-03-05T00:00:00Z", date(2026, 3, 5)),
        ("2026-3-5", None),
        ("2026-02-29", None),
        ("1900-01-01", None),
        ("1901-01-01", None),
        ("1901-01-02", date(1901, 1, 2)),
        ("2099-12-31", date(2099, 12, 31)),
        ("2100-01-01", None),
        ("9999-12-31", None),
        ("5 March 2026", None),
        ("#n/a", None),
        (None, None),
    ),
)
def test_a_cell_is_a_day_or_nothing(cell, day):
    assert cells.real_date(cell) == day


def test_ids_keep_their_zeros_and_their_case():
    assert [cells.id_of(cell) for cell in (" 007", "7", "-1", "0", "00", "null", "p1", "\u00a0P1\t")] == [
        "007", "7", None, None, "00", None, "p1", "P1",
    ]  # fmt: skip


def test_words_and_codes_and_both_name_a_code():
    assert code("C2: Full  Care Order", "legal_status") == "C2"
    assert code("c2 - something", "legal_status") == "C2"
    assert code("Interim care order", "legal_status") == "C1"
    assert code("Emergency Protection Order \u2013 LA", "legal_status") == "L2"
    assert code("Supervision order", "legal_status") == "UNMAPPED"
    assert code("SSD_PH", "legal_status") is None


def test_no_description_loses_a_space_when_a_column_cuts_it():
    assert not [words for _, known in MAPS.values() for words in known if words != words.strip()]


@pytest.mark.parametrize(
    ("json", "there"),
    (
        ('{"ADOPTION": "Y"}', True),
        ('{"adoption" : 1}', True),
        ('{"ADOPTION": "N", "LTFOST18": true', True),
        ('{"ADOPTION": null, "OTHERPLN": "Y"}', False),
        ('{"ADOPTION": "No", "again": {"ADOPTION": "Y"}}', False),
        ('{"ADOPTION": " SSD_PH "}', False),
        ("not json", False),
        (None, False),
    ),
)
def test_a_plan_for_permanence_is_looked_for_in_any_text(json, there):
    assert recorded(json, ("ADOPTION", "LTFOST18")) is there


# ---------------------------------------------------------------------- councils made by hand


def test_a_sealed_child_is_asked_by_no_rule_and_still_counts_for_the_worker():
    involved = {
        "invo_person_id": "P1",
        "invo_professional_id": "W1",
        "invo_professional_role_id": "cw",
        "invo_involvement_start_date": "2026-01-01",
    }
    tables = {
        "ssd_person": [CHILD],
        "ssd_involvements": [involved],
        "ext_restricted": [{"person_id": "P1"}],
        **on_plan("2026-01-01"),
    }
    found = findings(tables, TODAY)

    assert not found["CP-03"]
    assert found["WF-01"]["W1"].measure == 1


def test_a_period_of_care_without_an_id_is_unknown_to_the_review_rules():
    row = {"clae_person_id": "P1", "clae_cla_episode_start_date": "2026-01-01"}

    assert answer("CLA-02", ssd_cla_episodes=[row]).outcome == "unknown"
    assert answer("CLA-01", ssd_cla_episodes=[row]).outcome == "match"


def test_a_column_mostly_empty_switches_its_rule_off():
    people = [{"pers_person_id": f"P{i}", "pers_dob": "2007-01-01"} for i in range(30)]
    rows = [{"clea_person_id": f"P{i}", "clea_care_leaver_eligibility": "REL"} for i in range(30)]
    for row in rows[:20]:
        row["clea_care_leaver_latest_contact"] = "2026-03-01"

    assert off({"ssd_person": people, "ssd_care_leavers": rows}, TODAY) >= {"CL-01"}
    rows[20]["clea_care_leaver_latest_contact"] = "2026-03-01"
    assert "CL-01" not in off({"ssd_person": people, "ssd_care_leavers": rows}, TODAY)


def test_only_the_row_that_made_a_child_a_member_proves_it_has_left():
    ended = {
        "cppl_person_id": "P1",
        "cppl_cp_plan_id": "L1",
        "cppl_cp_plan_start_date": "2025-01-01",
        "cppl_cp_plan_end_date": "2026-03-31",
    }
    tables = {"ssd_person": [CHILD], "ssd_cp_plans": [ended]}

    assert left(tables, TODAY, "CP-03", "P1", "L1")
    assert not left(tables, TODAY, "CP-03", "P1", "L2")
    assert not left(tables, date(2026, 3, 30), "CP-03", "P1", "L1")
