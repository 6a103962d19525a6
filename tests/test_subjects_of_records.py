"""The subjects about a person's referrals, placements, health checks and records: what counts in each, and what does not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from tests.case_rows import Row, council, episode, involvement, left, person, plan, referral, restricted, subject

OPEN = "SELECT person_id, open_records, record_closed, open_since_before_leaving, childs_record_open, referral_open"


Placement = tuple[str, str | None, str, str | None]


def placements(*children: Sequence[Placement]) -> list[int]:
    """Return how many placements count of each child; each placement is its start, its end, its type and why it ended."""
    rows = []
    for number, lived in enumerate(children):
        rows += [person(f"P{number}"), episode(f"P{number}", id=f"E{number}", cla=f"C{number}")]
        rows += [
            ("ssd_cla_placement", {
                "clap_cla_placement_id": f"L{number}-{start}", "clap_cla_id": f"C{number}", "clap_person_id": f"P{number}",
                "clap_cla_placement_start_date": start, "clap_cla_placement_end_date": end,
                "clap_cla_placement_type": kind, "clap_cla_placement_change_reason": why,
            })
            for start, end, kind, why in lived
        ]  # fmt: skip
    with council(rows) as ask:
        return [row[0] for row in ask(f"SELECT placements FROM {subject('child_with_placements')} ORDER BY person_id")]


def health_check(on: str, kind: str | None, status: str | None = "Completed") -> tuple[str, Row]:
    return "ssd_cla_health", {
        "clah_person_id": "P1", "clah_health_check_date": on, "clah_health_check_type": kind, "clah_health_check_status": status,
    }  # fmt: skip


# ------------------------------------------------------------------ referrals


def test_other_referrals_of_the_twelve_months_before_the_latest_count_once_each_and_none_of_its_own_day():
    rows = [
        person("P1"),
        referral("P1", "2026-03-30", id="R9"),
        referral("P1", "2026-03-30", id="R8"),
        referral("P1", "2026-04-01", id="ahead"),
        referral("P1", "2026-03-29", "2026-03-29", id="R7"),
        referral("P1", "2026-03-29", id="R7"),
        referral("P1", "2025-03-30", "2025-04-01", id="R6"),
        referral("P1", "2025-03-29", "2025-04-01", id="too long ago"),
    ]
    with council(rows) as ask:
        found = ask(f"SELECT referral_date, earlier_referrals FROM {subject('person_referred')}")

    assert found == [(date(2026, 3, 30), 2)]


# ------------------------------------------------------------------ placements and health in care


def test_the_placement_of_twelve_months_ago_and_each_begun_since_count():
    found = placements(
        [("2024-05-01", "2025-04-01", "U6", ""), ("2025-04-01", None, "U6", "")],
        [("2024-05-01", "2025-03-31", "U6", ""), ("2025-04-01", None, "U6", "")],
        [("2025-03-31", None, "U6", ""), ("2026-04-01", None, "U6", "")],
    )

    assert found == [2, 1, 1]


def test_a_temporary_placement_is_none_and_a_change_of_status_is_no_move():
    found = placements(
        [("2024-05-01", "2025-09-01", "U6", "PLACE"), ("2025-09-01", "2025-10-01", "U6", ""), ("2025-10-01", None, "T1", "")],
        [("2024-05-01", "2025-09-01", "U6", "CARPL"), ("2025-09-01", None, "U6", "")],
        [("2024-05-01", "2025-09-01", "U6", "PLACE"), ("2025-09-02", None, "U6", "")],
        [("2025-08-01", "2025-09-01", "T1", "PLACE"), ("2025-09-01", None, "U6", "")],
        # A placement of no day does not go on from itself.
        [("2025-09-01", "2025-09-01", "U6", "PLACE")],
    )

    assert found == [1, 2, 2, 0, 1]


def test_a_health_assessment_and_a_dental_check_are_told_by_their_words_and_count_when_completed():
    rows = [
        health_check("2025-06-01", "Review Health Assessment"),
        health_check("2025-07-01", "health"),
        health_check("2025-08-01", "Health check"),
        health_check("2025-09-01", "Initial health assessment", "Planned"),
        health_check("2026-04-01", "Health assessment"),
        health_check("2025-10-01", "Dental health assessment", "complete"),
        health_check("2025-11-01", "Teeth", "COMPLETED - by letter"),
        health_check("2025-12-01", "Dental", None),
    ]
    with council([person("P1"), episode("P1"), *rows]) as ask:
        found = ask(f"SELECT last_assessment, last_dental_check FROM {subject('child_with_health_checks')}")

    assert found == [(date(2025, 7, 1), date(2025, 11, 1))]


# ------------------------------------------------------------------ records that should have ended


def test_what_is_open_of_somebody_who_died_or_left_before_it_ended_is_counted():
    adopted = ("ssd_cla_episodes", episode("P2", "2024-01-01", "2025-09-01")[1] | {"clae_cla_episode_ceased_reason": "E11"})
    closed = ("ssd_cin_episodes", referral("P3", "2025-01-01", "2025-09-01", id="R3")[1] | {"cine_close_reason": "RC1"})
    rows = [
        *(person("P1", died="2026-03-01"), referral("P1"), plan("P1", id="CP1")),
        *(person("P2"), adopted, referral("P2", "2025-09-01", id="R2")),
        *(person("P3"), closed, referral("P3", "2025-09-02", id="R4")),
        *(person("P4"), restricted("P4", "sealed"), referral("P4", id="R5")),
        *(person("P5"), plan("P5", id="CP5", ola="Y")),
    ]
    with council(rows) as ask:
        found = ask(f"{OPEN} FROM {subject('person_with_open_records')} ORDER BY 1")

    assert found == [
        ("P1", 2, True, False, True, True),
        ("P2", 1, False, True, False, True),
        ("P3", 1, False, False, False, True),
        ("P5", 0, False, False, False, False),
    ]


# ------------------------------------------------------------------ dates that cannot be


def test_each_kind_of_date_that_cannot_be_is_found_where_a_case_is_open():
    visit = ("ssd_cp_visits", {"cppv_person_id": "P1", "cppv_cp_visit_date": "2026-04-01", "cppv_cp_visit_seen": "Y"})
    unseen = ("ssd_cin_visits", {"cinv_person_id": "P2", "cinv_cin_visit_date": "2026-04-01", "cinv_cin_visit_seen": "N"})
    rows = [
        *(
            person("P1"),
            referral("P1"),
            referral("P1", "2025-09-01", "2025-09-01", id="R9"),
            visit,
            health_check("2026-04-01", "Dental"),
        ),
        *(person("P2"), referral("P2", id="R2"), unseen, referral("P2", "2025-09-01", "2025-08-31", id="R3")),
        *(person("P3"), referral("P3", "2025-09-01", "2025-08-31", id="R4")),
        *(person("P4", dob=None), referral("P4", id="R5")),
        *(person("P5"), referral("P5", "1900-01-01", "9999-12-31", id="R6")),
        *(person("P6"), episode("P6", cla=None)),
    ]
    with council(rows) as ask:
        found = dict(ask(f"SELECT person_id, faults FROM {subject('dates_of_person')}"))

    assert found == {
        "P1": ["a completed health check that lies ahead", "a visit with the child seen that lies ahead"],
        "P2": ["an end before its start"],
        "P3": [],
        "P4": ["no date of birth, nor an expected one"],
        "P5": ["neither a start nor an end, so that no rule can see it"],
        "P6": ["a period of care without its id"],
    }


def test_the_furthest_review_is_one_of_this_plan_or_this_period_of_care():
    review = ("ssd_cp_reviews", {"cppr_cp_plan_id": "CP1", "cppr_cp_review_date": "2027-05-01"})
    other = ("ssd_cp_reviews", {"cppr_cp_plan_id": "CP0", "cppr_cp_review_date": "2028-05-01"})
    with council([person("P1"), plan("P1", id="CP1"), review, other]) as ask:
        assert ask(f"SELECT furthest_review FROM {subject('dates_of_person')}") == [(date(2027, 5, 1),)]


# ------------------------------------------------------------------ an open case


def test_a_care_leavers_adviser_is_somebody_for_the_case_and_that_of_a_child_in_care_is_not():
    rows = [person("P1"), episode("P1"), involvement("P1", "W1", role="PA")]
    with council(rows) as ask:
        assert ask(f"SELECT has_worker, has_adviser FROM {subject('open_case')}") == [(False, False)]


def test_a_case_that_goes_on_as_another_kind_has_left_and_one_that_is_simply_gone_has_not():
    rows = [
        person("P1"),
        referral("P1"),
        plan("P1", id="CP1"),
        person("P2"),
        person("P3"),
        referral("P3", end="2026-03-31", id="R3"),
    ]
    with council(rows) as ask:
        reasons = left(ask, "open_case", [("P1", "R1"), ("P2", "R2"), ("P3", "R3"), ("P4", "R4")])

    assert reasons == {"P1": "no longer in scope", "P2": None, "P3": "case closed", "P4": None}
