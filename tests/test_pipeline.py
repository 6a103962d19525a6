"""The line, run day by day on a council of a handful of people: what becomes of alerts, and who is told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from alerting.errors import ConfigError
from alerting.model import Condition, Reason
from alerting.notifications.report import AlertCounts
from tests.made_council import MONDAY
from tests.office import Office, rule_row

DAY = timedelta(days=1)
VISIT_OVERDUE = "practice/cp-visit-overdue.yaml"
NO_WORKER = "statutory/cp-no-social-worker.yaml"
OF_A_LEAVER = "data_quality/cases-allocated-to-leaver.yaml"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A council with the one rule that most tests ask; a day of all the shipped ones takes twice as long."""
    office = Office(tmp_path)
    office.rules_of_its_own(VISIT_OVERDUE)
    return office


# ---- a day


def test_a_child_not_seen_is_told_to_the_team_manager_and_service_manager_and_to_nobody_else(office: Office) -> None:
    report = office.run(MONDAY)

    assert report.status == "done"
    assert report.alerts == AlertCounts(new=1)
    assert rule_row(report, "CP-03").match == {"info": 0, "amber": 0, "red": 1, "critical": 0}
    assert rule_row(report, "CP-03").population == 2
    assert office.people() == {"M1", "S1"}
    assert office.told("M1") == {"C1": "new"}


@pytest.mark.slow
def test_the_same_day_again_changes_nothing_and_sends_nothing(office: Office) -> None:
    office.begin(MONDAY)

    again = office.run(MONDAY)

    assert again.alerts == AlertCounts(ongoing=1)
    assert again.planned == ()


def test_a_day_before_one_that_has_been_run_is_refused(office: Office) -> None:
    office.begin(MONDAY)

    with pytest.raises(ConfigError, match="lies before it"):
        office.run(MONDAY - DAY)


@pytest.mark.slow
def test_a_dry_run_says_who_would_be_told_and_leaves_no_trace(office: Office) -> None:
    looked = office.run(MONDAY, dry_run=True)

    assert {(item.recipient, item.purpose) for item in looked.planned} == {
        ("M1", "daily"),
        ("S1", "daily"),
        ("P1", "admin"),
        ("admin@example.gov.uk", "admin"),
    }
    assert office.run(MONDAY).alerts.new == 1


@pytest.mark.slow
def test_an_alert_that_goes_on_is_not_told_again_until_its_reminder_is_due(office: Office) -> None:
    office.begin(MONDAY)

    office.run(MONDAY + DAY)
    assert office.people() == set()

    office.run(MONDAY + 7 * DAY)
    assert office.told("M1") == {"C1": "reminder"}


@pytest.mark.slow
def test_todays_measure_is_kept_although_the_alert_has_not_changed(office: Office) -> None:
    office.begin(MONDAY)
    before = office.alert("C1")

    office.run(MONDAY + DAY)

    after = office.alert("C1")
    assert (after.measure, after.level_since) == ((before.measure or 0) + 1, before.level_since)


# ---- clearing


def test_a_recorded_visit_clears_the_alert_and_the_next_message_says_so(office: Office) -> None:
    office.begin(MONDAY)
    office.council.visited("C1", MONDAY)
    office.run(MONDAY + DAY)

    assert (office.alert("C1").condition, office.alert("C1").resolved_reason) == (Condition.resolved, "cleared")
    assert office.people() == set()

    office.council.on_a_plan("C3", seen=MONDAY - 30 * DAY)
    office.run(MONDAY + 2 * DAY)
    assert office.told("M1") == {"C1": "cleared", "C3": "new"}


@pytest.mark.slow
def test_what_was_told_as_cleared_is_not_told_twice(office: Office) -> None:
    office.begin(MONDAY)
    office.council.visited("C1", MONDAY)
    office.run(MONDAY + DAY)
    for number, child in enumerate(("C3", "C4"), 2):
        office.council.on_a_plan(child, seen=MONDAY - 30 * DAY)
        office.run(MONDAY + number * DAY)

    assert office.told("M1") == {"C3": "open", "C4": "new"}


@pytest.mark.slow
def test_a_plan_that_ended_is_left_and_not_cleared(office: Office) -> None:
    office.begin(MONDAY)
    office.council.row("ssd_cp_plans", cppl_person_id="C1")["cppl_cp_plan_end_date"] = (MONDAY + DAY).isoformat()
    office.run(MONDAY + DAY)

    assert office.alert("C1").condition == Condition.resolved
    assert office.alert("C1").resolved_reason == Reason.left


# ---- holding


@pytest.mark.slow
def test_a_child_who_is_gone_from_the_data_is_held_and_the_performance_team_is_told(office: Office) -> None:
    office.begin(MONDAY)
    for table in ("ssd_person", "ssd_cp_plans", "ssd_cin_episodes", "ssd_involvements", "ssd_cp_visits"):
        column = next(name for name in office.council.tables[table][0] if name.endswith("person_id"))
        office.council.remove(table, **{column: "C1"})
    report = office.run(MONDAY + DAY)

    assert (office.alert("C1").condition, report.alerts.held) == (Condition.held, 1)
    assert {tuple(notice.items) for notice in office.notices if "not in the data" in notice.title} == {(office.alert("C1").ref,)}


@pytest.mark.slow
def test_a_table_that_is_gone_withholds_the_rules_that_read_it_and_no_other(office: Office) -> None:
    office.add_shipped(NO_WORKER)
    office.begin(MONDAY)
    report = office.run(MONDAY + DAY, without=("ssd_cp_visits",))

    assert rule_row(report, "CP-03").status == "withheld"
    assert "ssd_cp_visits is not there" in rule_row(report, "CP-03").problem
    assert rule_row(report, "CP-08").status == "ok"
    assert (office.alert("C1").condition, report.alerts.held, report.status) == (Condition.held, 1, "done_with_faults")


@pytest.mark.slow
def test_a_held_alert_goes_on_when_the_data_is_back_and_is_not_told_as_new(office: Office) -> None:
    office.begin(MONDAY)
    office.run(MONDAY + DAY, without=("ssd_cp_visits",))
    office.run(MONDAY + 2 * DAY)

    assert (office.alert("C1").condition, office.alert("C1").first_seen) == (Condition.firing, MONDAY)
    assert office.people() == set()


@pytest.mark.slow
def test_a_fault_of_the_data_is_told_once(office: Office) -> None:
    office.run(MONDAY, without=("ssd_cp_visits",))
    assert office.notices

    office.run(MONDAY + DAY, without=("ssd_cp_visits",))
    assert not office.notices


@pytest.mark.slow
def test_an_extract_that_is_not_there_at_all_holds_everything(office: Office) -> None:
    office.begin(MONDAY)
    report = office.run(MONDAY + DAY, without=tuple(office.council.tables))

    assert office.alert("C1").condition == Condition.held
    assert all(row.status == "withheld" for row in report.rules)


@pytest.mark.slow
def test_a_rule_that_is_switched_off_is_no_longer_checked_which_is_not_cleared(office: Office) -> None:
    office.add_shipped(OF_A_LEAVER)
    office.begin(MONDAY)
    office.settings = {"rules": {"settings": {"CP-03": {"enabled": False}}}}
    office.run(MONDAY + DAY)

    assert office.alert("C1").resolved_reason == "rule_removed"

    office.council.row("ext_staff", worker_id="W1")["ends_on"] = (MONDAY + DAY).isoformat()
    office.run(MONDAY + 2 * DAY)
    assert office.told("M1") == {"C1": "cleared", "W1": "new"}
    [content] = [content for recipient, content in office.sent if recipient == "M1"]
    assert {item.resolved_reason for item in content.items} == {"rule_removed", None}


def test_a_report_says_where_a_rule_is_switched_off_and_that_is_no_fault_of_the_run(office: Office) -> None:
    office.settings = {"rules": {"settings": {"CP-03": {"enabled": False}}}}
    office.rule("plan-long", "PL-01", "enabled: false")
    report = office.run(MONDAY)

    off = {row.code: row.problem for row in report.rules if row.status == "off"}
    assert off == {"CP-03": "switched off in config.yaml", "PL-01": "switched off in its file"}
    assert report.status == "done"


# ---- people


@pytest.mark.slow
def test_a_manager_on_leave_is_covered_and_both_names_are_given(office: Office) -> None:
    office.council.add("ext_cover", staff_id="M1", covered_by="M2", from_date="2026-02-20", to_date="2026-03-06")
    office.run(MONDAY)

    assert office.people() == {"M2", "S1"}
    [content] = [content for recipient, content in office.sent if recipient == "M2"]
    assert content.covering == ("Person M1 until 6 March",)
    assert content.items[0].why == "as cover for Person M1 until 6 March"


def test_cover_that_goes_in_a_ring_goes_one_level_up(office: Office) -> None:
    office.council.add("ext_cover", staff_id="M1", covered_by="M2", from_date="2026-02-20")
    office.council.add("ext_cover", staff_id="M2", covered_by="M1", from_date="2026-02-20")
    office.run(MONDAY)

    assert office.people() == {"S1"}


@pytest.mark.slow
def test_a_manager_who_has_left_is_replaced_by_the_next_up(office: Office) -> None:
    office.council.row("ext_staff", worker_id="M1")["ends_on"] = "2026-02-27"
    office.run(MONDAY)

    assert office.people() == {"S1"}


@pytest.mark.slow
def test_cases_of_a_worker_who_has_left_are_told_to_the_managers(office: Office) -> None:
    office.add_shipped(OF_A_LEAVER)
    office.council.row("ext_staff", worker_id="W1")["ends_on"] = "2026-02-27"
    office.run(MONDAY)

    assert office.told("M1") == {"C1": "new", "W1": "new"}
    assert office.alert("W1", "cases-allocated-to-leaver").measure == 2


@pytest.mark.slow
def test_a_child_with_no_allocated_worker_is_told_to_the_team_of_the_last(office: Office) -> None:
    office.add_shipped(NO_WORKER)
    office.council.row("ssd_involvements", invo_person_id="C2")["invo_involvement_end_date"] = "2026-02-20"
    office.run(MONDAY)

    assert office.told("M1") == {"C1": "new", "C2": "new"}
    assert office.alert("C2", "cp-no-social-worker").team == "T1"
    assert {"M1", "S1", "H1"} <= office.people()


def test_a_restricted_child_is_told_only_to_the_people_named(office: Office) -> None:
    office.council.add("ext_restricted", person_id="C1", level="limited", allowed_recipients="M1;H1")
    office.run(MONDAY)

    assert office.people() == {"M1"}


@pytest.mark.slow
def test_a_restricted_child_whose_managers_are_not_named_is_told_to_those_who_are(office: Office) -> None:
    office.council.add("ext_restricted", person_id="C1", level="limited", allowed_recipients="H1")
    office.run(MONDAY)

    assert office.people() == {"H1"}


@pytest.mark.parametrize("level", ["sealed", "", "secret"])
def test_a_sealed_child_has_no_alert(office: Office, level: str) -> None:
    office.council.add("ext_restricted", person_id="C1", level=level)
    report = office.run(MONDAY)

    assert (report.alerts.new, rule_row(report, "CP-03").population) == (0, 1)


@pytest.mark.slow
def test_with_no_list_of_restrictions_nothing_about_a_child_goes_out_and_it_says_so(office: Office) -> None:
    report = office.run(MONDAY, without=("ext_restricted",))

    assert report.alerts.new == 1
    assert office.people() == set()
    assert any("restricted records" in notice.title for notice in office.notices)


@pytest.mark.slow
def test_with_no_directory_an_alert_is_not_lost_and_the_administrators_are_told(office: Office) -> None:
    office.add_shipped(NO_WORKER)
    report = office.run(MONDAY, without=("ext_staff", "ext_team"))

    assert report.alerts.new >= 1
    assert any("nobody could be told" in notice.title for notice in office.notices)
    assert {item.recipient for item in report.planned} == {"admin@example.gov.uk"}


# ---- weekly


@pytest.mark.slow
def test_the_weekly_summary_counts_open_new_and_cleared_for_each_manager(office: Office) -> None:
    office.begin(MONDAY)
    office.council.visited("C1", MONDAY + DAY)
    office.council.on_a_plan("C3", seen=MONDAY - 30 * DAY)
    office.run(MONDAY + 2 * DAY)
    office.run(MONDAY + 7 * DAY, "weekly")

    assert office.people() == {"M1", "M2", "P1", "Q1", "S1", "H1"}
    [content] = [content for recipient, content in office.sent if recipient == "M1"]
    [team] = content.teams
    [row] = [row for row in team.rows if row.rule == "cp-visit-overdue"]
    assert (row.open, row.new, row.cleared, row.new_last) == (1, 1, 1, 1)
    assert row.oldest == MONDAY + 2 * DAY
    assert row.trend == (*[None] * 10, 1, 1)


@pytest.mark.slow
def test_the_weekly_summary_names_the_rules_that_could_not_run(office: Office) -> None:
    office.run(MONDAY, without=("ssd_cp_visits",))
    office.run(MONDAY, "weekly")

    assert [rule.title for rule in office.sent[0][1].not_run] == ["Child protection visit due or overdue"]


def test_a_cell_that_cannot_be_read_is_told_by_its_place_and_does_not_cost_the_table_its_trust(office: Office) -> None:
    office.council.row("ssd_cp_plans", cppl_person_id="C2")["cppl_cp_plan_end_date"] = "31/02/2026"
    report = office.run(MONDAY)

    assert (report.trusted, report.status) == (True, "done_with_faults")
    [told] = report.problems
    assert told == (
        "ssd_cp_plans.cppl_cp_plan_end_date: 1 of 1 cell (100%) cannot be read, and count as empty, written as 99/99/9999 (1), "
        "first at ssd_cp_plans.csv:3: column cppl_cp_plan_end_date"
    )
    assert "31/02/2026" not in str(report.as_json())


@pytest.mark.slow
def test_a_dry_run_leaves_a_fault_for_the_run_that_tells_it(office: Office) -> None:
    office.run(MONDAY, without=("ssd_cp_visits",), dry_run=True)
    assert office.notices

    office.run(MONDAY, without=("ssd_cp_visits",))
    assert office.notices


@pytest.mark.slow
def test_half_a_list_of_restrictions_is_no_list_and_no_summary_counts_a_child_by_it(office: Office) -> None:
    office.begin(MONDAY)
    office.council.tables["ext_load"] = [{"table_name": "ext_restricted", "loaded_at": "2026-03-02 05:00:00", "row_count": "40"}]
    office.run(MONDAY, "weekly")

    assert all(row.rule != "cp-visit-overdue" for _, content in office.sent for team in content.teams for row in team.rows)
    assert any("restricted records" in notice.title for notice in office.notices)


@pytest.mark.slow
def test_the_days_on_hold_do_not_count_towards_a_reminder(office: Office) -> None:
    def state() -> str:
        items = office.content("M1").items
        return next(item.state for item in items if (item.subject, item.rule) == ("C1", "cp-visit-overdue"))

    office.add_shipped(NO_WORKER)
    office.run(MONDAY)
    office.council.row("ssd_involvements", invo_person_id="C2")["invo_involvement_end_date"] = "2026-02-20"
    office.run(MONDAY + DAY, without=("ssd_cp_visits",))
    assert office.told("M1") == {"C1": "held", "C2": "new"}

    office.run(MONDAY + 9 * DAY)
    assert state() == "open"
    office.run(MONDAY + 16 * DAY)
    assert state() == "reminder"


# ---- a channel that took no card


@pytest.mark.slow
def test_the_next_mail_says_once_that_a_card_could_not_be_posted(office: Office) -> None:
    with HTTPServer() as flow:
        flow.expect_request("/flow").respond_with_response(Response(status=410))
        teams = {"type": "teams", "channels": {"T1": flow.url_for("/flow")}, "hosts": ["localhost"], "tries": 1}
        office.settings["receivers"] = {"outbox": {"type": "folder", "path": "outbox"}, "teams": teams}
        said = []
        for day in range(3):
            office.council.on_a_plan(f"D{day}", seen=MONDAY - 60 * DAY)
            office.run(MONDAY + day * DAY)
            said.append([banner for banner in office.content("M1").banners if "card" in banner])

        asked = len(flow.log)

    assert asked == 3
    assert [len(banners) for banners in said] == [0, 1, 0]
    assert said[1][0].startswith("The card of 2 March 2026 for the channel of")
