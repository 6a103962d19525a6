"""An alert that nobody deals with is told to somebody above, in working days, and never to who may not know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerting.store import brakes
from tests.made_council import MONDAY, somebody
from tests.office import Office

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
WEEK = 7 * DAY
SOON = "escalate: [{after: 5 working days, to: service_manager}, {after: 10 working days, to: head_of_service}]"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.rule("plan-long", "PL-01", SOON)
    office.begin(MONDAY)
    return office


def why(office: Office, person: str) -> set[str]:
    return {item.why for item in office.content(person).items}


def test_it_is_not_escalated_before_its_working_days_have_passed(office: Office):
    office.run(MONDAY + 4 * DAY)

    assert office.people() == set()


def test_the_newly_told_get_it_as_new_with_the_reason(office: Office):
    office.run(MONDAY + WEEK)

    assert office.told("S1") == {"C1": "new", "C2": "new"}
    assert why(office, "S1") == {"escalated after 5 working days"}
    assert office.told("M1") == {"C1": "reminder", "C2": "reminder"}


def test_the_next_step_joins_and_the_first_stays(office: Office):
    office.run(MONDAY + WEEK)
    office.run(MONDAY + 2 * WEEK)

    assert (office.told("H1"), why(office, "H1")) == ({"C1": "new", "C2": "new"}, {"escalated after 10 working days"})
    assert office.told("S1") == {"C1": "reminder", "C2": "reminder"}


def test_the_first_acknowledgement_starts_the_clock_again_and_the_next_does_not(office: Office):
    for days in (1, 3):
        office.handle("C1", "plan-long", "acknowledge", MONDAY + days * DAY, until=MONDAY + 2 * WEEK)
    office.run(MONDAY + WEEK)
    assert office.told("S1") == {"C2": "new"}

    office.run(MONDAY + WEEK + DAY)
    assert office.told("S1") == {"C1": "new", "C2": "open"}


def test_days_behind_a_brake_do_not_count(office: Office):
    for child in ("C3", "C4", "C5", "C6"):
        office.council.on_a_plan(child, seen=MONDAY)
    office.rule("plan-long", "PL-01", SOON, "brake: 2")
    office.run(MONDAY + DAY)
    office.run(MONDAY + WEEK)
    assert office.told("S1") == {"C1": "new", "C2": "new"}

    store = office.store()
    with store.transaction() as connection:
        brakes.release(connection, None, by=somebody("Q1"), note="looked at", now=datetime(2026, 3, 9, 12, tzinfo=UTC))
    store.close()
    office.run(MONDAY + WEEK + DAY)
    assert {"C3", "C4", "C5", "C6"} & set(office.told("M1")) == {"C3", "C4", "C5", "C6"}
    assert "S1" not in office.people()

    office.run(MONDAY + 2 * WEEK)
    assert {child for child, state in office.told("S1").items() if state == "new"} == {"C3", "C4", "C5", "C6"}


def test_days_on_hold_do_not_count(office: Office):
    rule = office.rule("plan-long", "PL-01", SOON, "reads: [ssd_cp_plans]")
    for days in (1, 2):
        office.run(MONDAY + days * DAY, without=("ssd_cp_plans",))
    office.run(MONDAY + 3 * DAY)
    office.run(MONDAY + WEEK)
    assert "S1" not in office.people()

    office.run(MONDAY + WEEK + 2 * DAY)
    assert office.told("S1") == {"C1": "new", "C2": "new"}
    assert rule.exists()


def test_the_clock_of_an_alert_that_is_on_hold_stands_still(office: Office):
    office.rule("plan-long", "PL-01", SOON, "reads: [ssd_cp_plans]")
    office.run(MONDAY + DAY, without=("ssd_cp_plans",))
    office.run(MONDAY + 3 * WEEK, without=("ssd_cp_plans",))
    assert "S1" not in office.people()

    office.run(MONDAY + 3 * WEEK + DAY)
    assert "S1" not in office.people()


def test_who_has_left_is_replaced_by_the_next_up(office: Office):
    office.council.row("ext_staff", worker_id="S1")["ends_on"] = MONDAY.isoformat()
    office.run(MONDAY + WEEK)

    assert why(office, "H1") == {"escalated after 5 working days, head of service: no service manager to tell"}


def test_who_is_away_is_covered(office: Office):
    office.council.add("ext_cover", staff_id="S1", covered_by="H1", from_date="2026-02-20", to_date="2026-03-20")
    office.run(MONDAY + WEEK)

    assert why(office, "H1") == {"escalated after 5 working days, as cover for Person S1 until 20 March"}


def test_who_is_away_without_cover_is_passed_over(office: Office):
    office.council.add("ext_cover", staff_id="S1", covered_by="", from_date="2026-02-20", to_date="2026-03-20")
    office.run(MONDAY + WEEK)

    assert why(office, "H1") == {"escalated after 5 working days, head of service: no service manager to tell"}


def test_where_those_who_are_away_cover_for_each_other_it_goes_one_level_up(office: Office):
    for away, by in (("S1", "M2"), ("M2", "S1")):
        office.council.add("ext_cover", staff_id=away, covered_by=by, from_date="2026-02-20", to_date="2026-03-20")
    office.run(MONDAY + WEEK)

    assert why(office, "H1") == {"escalated after 5 working days, head of service: no service manager to tell"}


def test_posts_that_lead_to_nobody_are_told_once_a_week(office: Office):
    office.council.add("ext_cover", staff_id="S1", covered_by="", from_date="2026-02-20", to_date="2026-03-20")
    office.run(MONDAY + WEEK, "weekly")

    [said] = {notice.detail for notice in office.notices if notice.title.startswith("Posts that lead to nobody")}
    assert said.startswith("Team T1, service manager: S1 is away, and nobody covers. The next up is told")


def test_a_restricted_child_is_never_escalated_to_who_may_not_know(office: Office):
    office.council.add("ext_restricted", person_id="C1", level="limited", allowed_recipients="M1;H1")
    office.run(MONDAY + 2 * WEEK)

    assert office.told("S1") == {"C2": "new"}
    assert office.told("H1") == {"C1": "new", "C2": "new"}


def test_who_is_named_for_a_restricted_child_is_told_whoever_it_is_escalated_to(office: Office):
    office.council.add("ext_restricted", person_id="C1", level="limited", allowed_recipients="W1;S1")
    office.run(MONDAY + WEEK)

    assert office.told("W1") == {"C1": "new"}
    assert office.told("S1") == {"C1": "new", "C2": "new"}


def test_without_a_list_of_restrictions_nothing_is_escalated(office: Office):
    office.run(MONDAY + WEEK, without=("ext_restricted",))

    # Whoever was told before reads that nothing about a child is in it, and nobody above them reads anything.
    assert office.people() == {"M1"}
    assert office.content("M1").items == ()


def test_who_was_told_is_told_that_it_cleared(office: Office):
    office.run(MONDAY + WEEK)
    office.council.row("ssd_cp_plans", cppl_person_id="C1")["cppl_cp_plan_start_date"] = MONDAY.isoformat()
    office.run(MONDAY + 2 * WEEK)

    assert office.told("S1") == {"C1": "cleared", "C2": "reminder"}
