"""A rule that makes no sense without a table is off where it is not supplied: told with the reason, its alerts on hold, never all clear."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from alerting.evaluation.evaluation import Off, Status
from alerting.model import Condition
from alerting.notifications.content import Figure, NoticeContent
from tests.made_council import MONDAY
from tests.office import Office
from tests.one_rule_office import command

DAY = timedelta(days=1)
WITHOUT = "off_without: {ext_supervision: {kind: staff}}"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    office.rule("plan-long", "PL-01", WITHOUT)
    return office


def supervised(office: Office, kind: str = "Staff ") -> None:
    office.council.add("ext_supervision", kind=kind, worker_id="W1", held_on=MONDAY.isoformat())


@pytest.mark.slow
def test_a_rule_is_off_without_the_rows_it_needs_and_says_which(office):
    first = office.run(MONDAY)
    supervised(office, kind="case")
    second = office.run(MONDAY + DAY)

    [row] = [row for row in first.rules if row.code == "PL-01"]
    assert (row.status, row.off, row.lacks) == (Status.off, Off.not_supplied, "ext_supervision")
    assert row.problem == "no supervision records (ext_supervision)"
    [row] = [row for row in second.rules if row.code == "PL-01"]
    assert row.problem == "no supervision records of kind staff (ext_supervision)"
    assert {alert.rule for alert in office.alerts()} == {"cp-visit-overdue"}
    assert first.status == second.status == "done"


def test_the_administrators_read_it_among_the_figures_and_as_nothing_to_do(office):
    office.run(MONDAY)

    [content] = {content for _, content in office.sent if isinstance(content, NoticeContent) and content.run} or {None}
    if content is not None:
        assert Figure(name="Off", value="PL-01: there are no supervision records (ext_supervision)") in content.run
    assert not [notice for notice in office.notices if "PL-01" in notice.title]


@pytest.mark.slow
def test_a_rule_is_asked_from_the_first_row_on_and_its_alerts_wait_when_the_rows_go(office):
    supervised(office)
    office.run(MONDAY)
    assert {alert.condition for alert in office.alerts() if alert.rule == "plan-long"} <= {Condition.firing, Condition.pending}
    opened = {alert.ref for alert in office.alerts() if alert.rule == "plan-long"}

    office.council.tables["ext_supervision"].clear()
    office.run(MONDAY + DAY)

    assert len(opened) == 2
    assert {alert.ref: alert.condition for alert in office.alerts() if alert.rule == "plan-long"} == dict.fromkeys(
        opened, Condition.held
    )
    # Whoever waits on them is told, as of any rule that could not do its work.
    assert {notice.title for notice in office.notices if "PL-01" in notice.title} == {"PL-01 could not run"}


def test_a_table_that_a_council_says_it_has_not_turns_off_what_reads_it_and_is_missed_by_nobody(tmp_path):
    office = Office(tmp_path)
    office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    office.settings = {"rules": {"path": "rules", "params": {"not_supplied": ["ssd_cla_visits"]}}}

    report = office.run(MONDAY, without=("ssd_cla_visits",))

    [row] = report.rules
    assert (row.off, row.problem) == (Off.not_supplied, "no visit records (ssd_cla_visits)")
    assert report.data is not None
    assert "ssd_cla_visits" not in report.data.problems


@pytest.mark.slow
def test_a_table_or_column_that_there_is_not_is_a_fault_at_its_place(office):
    office.begin(MONDAY)
    office.rule("plan-long", "PL-01", "off_without: {ext_supervison: {}, ext_audit: {sort: staff}}")

    code, said = command(office, "check")

    assert code == 1
    assert "there is no table 'ext_supervison'" in said
    assert "ext_audit has no column 'sort'" in said


@pytest.mark.slow
def test_the_list_of_rules_says_which_are_off_and_why(office):
    office.begin(MONDAY)

    _, said = command(office, "rules", "list")

    assert "off: no supervision records (ext_supervision)" in " ".join(said.split())


@pytest.mark.parametrize(("service", "reads"), [("help_protection", False), ("front_door", True), ("out_of_hours", True)])
@pytest.mark.slow
def test_a_manager_reads_of_the_week_only_what_is_off_that_looks_at_a_service_of_theirs(office, service, reads):
    office.rule("plan-there", "PL-02", "off_without: [ext_contact]", "services: [front_door]")
    for team in office.council.tables["ext_team"]:
        team["service"] = service
    office.run(MONDAY)

    office.run(MONDAY, "weekly")

    said = [(rule.title, rule.problem) for rule in office.content("M1").not_run]
    everybody = ("There are no supervision records (ext_supervision)", "PL-01 is off.")
    theirs = ("There are no times of contacts (ext_contact)", "PL-02 is off.")
    assert said == ([everybody, theirs] if reads else [everybody])


@pytest.mark.slow
def test_a_service_that_there_is_not_is_a_fault_at_its_place(office):
    office.begin(MONDAY)
    office.rule("plan-long", "PL-01", "services: [front_dor]")

    code, said = command(office, "check")

    assert code == 1
    assert "'front_dor' is none of `case_services`" in said
    assert "Did you mean 'front_door'?" in said
