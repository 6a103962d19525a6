"""The subjects: what a rule is told of each, and what proves that a live alert's subject has left.

Absence proves nothing: an alert is closed as left only when a record that is still there says why.
"""

from __future__ import annotations

from datetime import date

import pytest

from tests.case_rows import council, episode, involvement, leaver, left, legal, person, plan, referral, restricted, staff, subject

# ------------------------------------------------------------------ what a rule is told


def test_a_review_is_booked_by_its_date_or_where_it_has_none_by_when_it_is_due():
    def review(date_: str | None, due: str | None, cancelled: str | None = None) -> tuple[str, dict[str, object]]:
        return "ssd_cla_reviews", {
            "clar_cla_id": "C1", "clar_cla_review_date": date_, "clar_cla_review_due_date": due, "clar_cla_review_cancelled": cancelled,
        }  # fmt: skip

    rows = [
        person("P1"),
        episode("P1"),
        review("2026-04-03", None, "Y"),
        review("2026-03-30", "2026-04-01"),
        review("2026-04-20", "2026-04-02"),
    ]
    rows += [review(None, "2026-03-30"), review(None, "2026-04-15")]
    with council(rows) as ask:
        assert ask(f"SELECT next_review, reviews_held FROM {subject('child_in_care')}") == [(date(2026, 4, 15), 1)]


def test_a_review_conference_on_its_own_day_is_held_and_no_longer_booked():
    rows = [person("P1"), plan("P1"), ("ssd_cp_reviews", {"cppr_cp_plan_id": "CP1", "cppr_cp_review_date": "2026-03-31"})]
    with council(rows) as ask:
        assert ask(f"SELECT last_review, next_review FROM {subject('child_protection_plan')}") == [(date(2026, 3, 31), None)]


def test_a_visit_counts_when_the_child_was_seen_whatever_plan_or_period_it_names():
    def visit(on: str, seen: str | None) -> tuple[str, dict[str, object]]:
        return "ssd_cp_visits", {
            "cppv_person_id": "P1",
            "cppv_cp_plan_id": "CP0",
            "cppv_cp_visit_date": on,
            "cppv_cp_visit_seen": seen,
        }

    rows = [
        person("P1"),
        plan("P1"),
        visit("2026-03-02", "Y"),
        visit("2026-03-09", "N"),
        visit("2026-03-16", None),
        visit("2026-04-01", "Y"),
    ]
    with council(rows) as ask:
        assert ask(f"SELECT last_cp_visit, in_care FROM {subject('child_protection_plan')}") == [(date(2026, 3, 2), False)]


def test_a_decision_for_adoption_counts_in_this_period_of_care_and_while_it_stands():
    decided = {
        "P1": ("2025-06-02", None),
        "P2": ("2025-06-01", None),
        "P3": ("2025-09-01", "2026-03-31"),
        "P4": ("2025-09-01", "2026-04-01"),
        "P5": ("2026-04-01", None),
    }
    rows = [row for who in decided for row in (person(who), episode(who, cla=f"C-{who}"))]
    rows += [
        ("ssd_permanence", {"perm_person_id": who, "perm_adm_decision_date": on, "perm_decision_reversed_date": reversed_on})
        for who, (on, reversed_on) in decided.items()
    ]
    with council(rows) as ask:
        assert ask(f"SELECT person_id FROM {subject('child_in_care')} WHERE permanence_decided ORDER BY 1") == [("P1",), ("P4",)]


def test_an_assessment_is_asked_about_while_it_is_open_and_its_own_childs_referral_is():
    def assessment(id: str, who: str = "P1", ref: str = "R1", auth: str | None = None) -> tuple[str, dict[str, object]]:
        return "ssd_cin_assessments", {
            "cina_assessment_id": id, "cina_person_id": who, "cina_referral_id": ref, "cina_assessment_start_date": "2026-02-10",
            "cina_assessment_auth_date": auth,
        }  # fmt: skip

    rows = [person("P1"), person("P2"), referral("P1", nfa="Y"), referral("P1", id="R2", end="2026-03-31")]
    rows += [assessment("open"), assessment("sentinel", auth="1900-01-01"), assessment("ahead", auth="2026-04-01")]
    rows += [assessment("done", auth="2026-03-31"), assessment("closed", ref="R2"), assessment("another child", who="P2")]
    with council(rows) as ask:
        assert ask(f"SELECT assessment_id FROM {subject('assessment')} ORDER BY 1") == [("ahead",), ("open",), ("sentinel",)]


def test_a_caseload_is_different_people_sealed_and_grown_ones_too_but_none_who_died():
    rows = [
        person("P1"),
        person("P2"),
        restricted("P2", "sealed"),
        person("P3", died="2026-01-01"),
        person("P4", "1990-01-01"),
        person("P5"),
    ]
    rows += [involvement(who, "W1") for who in ("P1", "P2", "P3", "P4", "gone")]
    rows += [involvement("P1", "W1", "PA"), involvement("P5", "W1", end="2026-03-30")]
    with council(rows) as ask:
        assert ask(f"SELECT worker_id, cases FROM {subject('worker')}") == [("W1", 3)]


def test_the_team_of_a_worker_is_the_directorys_else_that_of_most_cases_the_smallest_of_equals():
    rows = [person(f"P{n}") for n in range(1, 6)]
    rows += [involvement(f"P{n}", "W1", team=team) for n, team in enumerate(("T2", "T2", "T1", "T1", None), 1)]
    rows += [involvement("P1", "W2", team="T1"), staff("W2", team_id="T7"), involvement("P1", "W3"), staff("W3", team_id=None)]
    with council(rows) as ask:
        assert ask(f"SELECT worker_id, team_id FROM {subject('worker')} ORDER BY 1") == [("W1", "T1"), ("W2", "T7"), ("W3", None)]


@pytest.mark.slow
def test_cases_with_a_worker_are_open_ones_and_sealed_people_do_not_count():
    rows = [
        person("P1"),
        referral("P1"),
        person("P2"),
        referral("P2"),
        restricted("P2", "sealed"),
        person("P3"),
        referral("P3", end="2026-03-01"),
    ]
    rows += [person("L1", "2007-06-01"), leaver("L1"), involvement("L1", "W1", "PA"), involvement("P1", "W2", "PA")]
    rows += [involvement(who, "W1") for who in ("P1", "P2", "P3")]
    with council(rows) as ask:
        theirs = ask(f"SELECT worker_id, people, is_recorded, directory_supplied FROM {subject('worker_with_cases')}")

    assert theirs == [("W1", 2, False, False)]


def test_demand_counts_each_event_once_in_the_window_and_a_year_before():
    days = ["2026-03-31", "2026-03-31", "2026-03-04", "2026-03-03", "2025-04-01", "2025-03-05", "2025-03-04", "2024-02-13"]
    rows = [
        person("P1"),
        *(("ssd_contacts", {"cont_contact_id": day, "cont_person_id": "P1", "cont_contact_date": day}) for day in days),
    ]
    with council(rows) as ask:
        demand = ask(f"SELECT kind, events, last_year, reaches_back FROM {subject('demand')} ORDER BY 1")

    assert demand == [("contacts", 2, 2, True), ("referrals", 0, 0, False), ("s47", 0, 0, False)]


# ------------------------------------------------------------------ what proves that a subject has left


def test_a_record_that_is_simply_gone_proves_nothing():
    with council(
        [person("P1"), episode("P1", "2020-01-01", "2021-01-01", cla="C0"), plan("P1", "2020-01-01", "2021-01-01", "CP0")]
    ) as ask:
        assert left(ask, "child_in_care", [("P1", "C1"), ("P2", "C0")]) == {"P1": None, "P2": None}
        assert left(ask, "child_protection_plan", [("P1", "CP1"), ("P2", "CP0")]) == {"P1": None, "P2": None}
        assert left(ask, "child_in_need", [("P1", "R1")]) == {"P1": None}
        assert left(ask, "care_leaver", [("P1", None)]) == {"P1": None}
        assert left(ask, "worker", [("W1", "I1")], person=False) == {"W1": None}


def test_a_death_a_seal_and_coming_of_age_are_proof_and_none_is_said_aloud():
    rows = [
        person("P1", died="2026-03-30"),
        person("P2"),
        restricted("P2", "sealed"),
        person("P3", "2008-03-31"),
        person("P4", "2008-04-01"),
    ]
    with council(rows) as ask:
        for kind in ("child_in_care", "child_protection_plan", "child_in_need", "assessment", "open_case"):
            assert left(ask, kind, [(who, "X") for who in ("P1", "P2", "P3", "P4")]) == {
                "P1": "record closed", "P2": "no longer in scope", "P3": "turned 18", "P4": None,
            }  # fmt: skip


def test_care_has_ended_when_every_episode_of_that_period_has_ceased():
    rows = [person(f"P{n}") for n in range(1, 5)]
    rows += [
        episode("P1", end="2025-09-01"),
        episode("P1", "2025-09-01", "2026-03-31"),
        episode("P2", end="2025-09-01"),
        episode("P2", "1900-01-01"),
    ]
    rows += [episode("P3", end="2026-04-01"), legal("P3", "V4"), episode("P4"), legal("P4", "J1")]
    with council(rows) as ask:
        assert left(ask, "child_in_care", [(f"P{n}", "C1") for n in range(1, 5)]) == {
            "P1": "care ended", "P2": None, "P3": "short breaks only", "P4": "no longer in scope",
        }  # fmt: skip


def test_a_plan_has_ended_or_was_another_councils_and_a_referral_is_closed():
    rows = [
        person("P1"),
        plan("P1", end="2026-03-31"),
        person("P2"),
        plan("P2", ola="Y"),
        person("P3"),
        plan("P3", end="2026-04-01"),
    ]
    rows += [referral("P1", end="2026-03-31"), referral("P2", nfa="Y"), referral("P3", end="2026-04-01", start="1900-01-01")]
    with council(rows) as ask:
        assert left(ask, "child_protection_plan", [("P1", "CP1"), ("P2", "CP1"), ("P3", "CP1")]) == {
            "P1": "plan ended", "P2": "plan of another council", "P3": "no longer in scope",
        }  # fmt: skip
        assert left(ask, "child_in_need", [("P1", "R1"), ("P2", "R1"), ("P3", "R1")]) == {
            "P1": "referral closed", "P2": "no further action", "P3": None,
        }  # fmt: skip


def test_any_row_of_a_care_leaver_who_is_still_there_is_proof_for_its_id_changes_with_every_load():
    rows = [
        person("P1", "2007-06-01"),
        leaver("P1", table_id="T77", care_leaver_in_touch="REFU"),
        person("P2", "2000-03-31"),
        person("P3", "2007-06-01"),
        leaver("P4"),
    ]
    with council(rows) as ask:
        assert left(ask, "care_leaver", [("P1", None), ("P2", None), ("P3", None), ("P4", None)]) == {
            "P1": "no longer in scope", "P2": "turned 26", "P3": None, "P4": None,
        }  # fmt: skip


def test_a_care_leaver_past_the_upper_age_of_the_rule_has_left_although_every_row_is_gone():
    with council([person("P1", "2005-03-31"), person("P2", "2005-04-01")]) as ask:
        assert left(ask, "care_leaver", [("P1", None), ("P2", None)], upper_age=20) == {"P1": "turned 21", "P2": None}


def test_an_assessment_was_authorised_or_its_referral_closed():
    def assessment(id: str, ref: str | None, auth: str | None) -> tuple[str, dict[str, object]]:
        return "ssd_cin_assessments", {
            "cina_assessment_id": id,
            "cina_person_id": "P1",
            "cina_referral_id": ref,
            "cina_assessment_auth_date": auth,
        }

    rows = [person("P1"), referral("P1"), referral("P1", id="R2", end="2026-03-31"), assessment("A1", "R1", "2026-03-31")]
    rows += [assessment("A2", "R2", None), assessment("A3", "R1", None), assessment("A4", None, "2026-04-01")]
    with council(rows) as ask:
        assert left(ask, "assessment", [(f"A{n}", f"A{n}") for n in range(1, 6)]) == {
            "A1": "assessment authorised", "A2": "referral closed", "A3": None, "A4": None, "A5": None,
        }  # fmt: skip


def test_a_workers_cases_have_ended_when_the_one_on_record_has_and_no_other_goes_on():
    rows = [person("P1"), person("P2"), person("P3", died="2026-01-01")]
    rows += [
        involvement("P1", "W1", end="2026-03-31"),
        involvement("P3", "W1", id="I2"),
        involvement("P1", "W2", end="2020-01-01", id="I0"),
    ]
    rows += [
        involvement("P1", "W3", end="2026-03-31"),
        involvement("gone", "W3", id="I2"),
        involvement("P1", "W4", end="2026-03-31", id=None),
    ]
    rows += [involvement("P1", "W5"), staff("W5", ends="2026-03-30"), involvement("P1", "W6"), staff("W6", name="Duty tray")]
    live = [("W1", "I1"), ("W2", "I1"), ("W3", "I1"), ("W4", None), ("W5", "I1"), ("W6", "I1")]
    with council(rows) as ask:
        assert left(ask, "worker", live, person=False) == {
            "W1": "cases ended", "W2": None, "W3": None, "W4": None, "W5": "not in post", "W6": "no longer in scope",
        }  # fmt: skip


def test_a_leavers_cases_were_handed_on_when_somebody_else_has_the_child_now():
    rows = [
        person("P1"),
        referral("P1"),
        involvement("P1", "W1"),
        involvement("P1", "W2", start="2026-03-02", id="I2"),
        person("P2"),
        involvement("P2", "W3"),
    ]
    with council(rows) as ask:
        assert left(ask, "worker_with_cases", [("W1", "I1"), ("W3", "I1")], person=False) == {
            "W1": "cases handed on or ended",
            "W3": None,
        }
