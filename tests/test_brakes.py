"""More new alerts than a rule's brake allows: stored as ever, told to nobody until somebody has looked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alerting.app import build
from alerting.cli import cli
from alerting.schema import brake
from tests.made_council import MONDAY
from tests.office import Office, rule_row

DAY = timedelta(days=1)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.rule("plan-long", "PL-01", "brake: 2")
    office.run(MONDAY)
    return office


def add(office: Office, *children: str) -> None:
    for child in children:
        office.council.on_a_plan(child, seen=MONDAY)


def release(office: Office, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), "rules", "release", *arguments])


def test_as_many_as_the_brake_allows_are_told(office: Office):
    assert office.told("M1") == {"C1": "new", "C2": "new"}


def test_more_are_stored_and_told_to_nobody(office: Office):
    add(office, "C3", "C4", "C5")

    report = office.run(MONDAY + DAY)

    assert (report.alerts["new"], office.people()) == (3, set())
    assert (
        "brake on since 3 March 2026: 3 alerts kept back until `alerting rules release PL-01`"
        in rule_row(report, "PL-01")["problem"]
    )
    assert report.as_json()["brakes"] == [{"code": "PL-01", "id": "plan-long", "since": "2026-03-03", "new": 3, "kept_back": 3}]


def test_the_administrators_are_told_once_how_many_and_how_to_release_them(office: Office):
    add(office, "C3", "C4", "C5")
    office.run(MONDAY + DAY)

    [notice] = {notice["title"]: notice for notice in office.notices}.values()
    assert notice["title"] == "PL-01 is held by its brake"
    assert "3 new alerts" in notice["detail"]
    assert "alerting rules release PL-01 --by NAME" in notice["detail"]

    office.run(MONDAY + 2 * DAY)
    assert office.notices == []


def test_it_stays_on_for_what_is_new_later_and_what_was_told_goes_on(office: Office):
    add(office, "C3", "C4", "C5")
    office.run(MONDAY + DAY)
    add(office, "C6")

    report = office.run(MONDAY + 7 * DAY)

    assert office.told("M1") == {"C1": "reminder", "C2": "reminder"}
    assert report.brakes[0]["kept_back"] == 4


def test_what_was_told_before_is_told_when_it_clears(office: Office):
    add(office, "C3", "C4", "C5")
    office.run(MONDAY + DAY)
    office.council.row("ssd_cp_plans", cppl_person_id="C1")["cppl_cp_plan_start_date"] = MONDAY.isoformat()

    office.run(MONDAY + 7 * DAY)

    assert office.told("M1") == {"C1": "cleared", "C2": "reminder"}


def test_after_a_release_the_next_run_tells_those_that_still_hold(office: Office):
    add(office, "C3", "C4", "C5")
    office.run(MONDAY + DAY)
    office.council.row("ssd_cp_plans", cppl_person_id="C5")["cppl_cp_plan_start_date"] = MONDAY.isoformat()

    released = release(office, "PL-01", "--by", "A. Officer", "--note", "a new team was loaded")
    report = office.run(MONDAY + 2 * DAY)

    assert released.stdout.startswith("PL-01 is released by A. Officer: it was held since 3 March 2026, with 3 new alerts.")
    assert office.told("M1") == {"C1": "open", "C2": "open", "C3": "new", "C4": "new"}
    assert (report.brakes, rule_row(report, "PL-01")["problem"]) == ([], None)


def test_who_released_it_and_why_is_kept(office: Office):
    add(office, "C3", "C4", "C5")
    office.run(MONDAY + DAY)
    release(office, "plan-long", "--by", "A. Officer", "--note", "a new team was loaded")

    store = build(office.folder / "config.yaml").store()
    with store.transaction() as connection:
        [row] = connection.execute(brake.select()).mappings()
    store.close()
    assert (row["rule"], row["count"], row["released_by"], row["note"]) == ("plan-long", 3, "A. Officer", "a new team was loaded")


def test_a_brake_that_is_not_on_cannot_be_released(office: Office):
    refused = release(office, "PL-02", "--by", "A. Officer")

    assert (refused.exit_code, "no brake is on for the rule 'PL-02'" in refused.stderr) == (1, True)


def test_a_run_that_is_repeated_keeps_the_brake_as_it_is(office: Office):
    add(office, "C3", "C4", "C5")
    office.run(MONDAY + DAY)

    again = office.run(MONDAY + DAY)

    assert (office.people(), again.brakes[0]["new"], again.brakes[0]["kept_back"]) == (set(), 3, 3)


def test_a_dry_run_shows_the_brake_and_puts_none_on(office: Office):
    add(office, "C3", "C4", "C5")
    looked = office.run(MONDAY + DAY, dry_run=True)

    assert (looked.brakes[0]["kept_back"], office.people()) == (3, set())
    office.rule("plan-long", "PL-01", "brake: 3")
    assert office.run(MONDAY + DAY).brakes == []


def test_a_council_may_give_every_rule_a_brake(office: Office):
    office.rule("plan-long", "PL-01")
    office.settings = {"rules": {"params": {"brake": 2}}}
    add(office, "C3", "C4", "C5")

    assert office.run(MONDAY + DAY).brakes[0]["new"] == 3


def test_what_a_brake_keeps_back_is_not_counted_in_the_weekly_summary(office: Office):
    add(office, "C3", "C4", "C5")
    office.run(MONDAY + DAY)
    office.run(MONDAY + 2 * DAY, "weekly")

    [team] = office.content("M1")["teams"]
    assert [(row["new"], row["open"]) for row in team["rows"]] == [(2, 2)]


def test_the_list_of_rules_says_that_a_brake_is_on(office: Office):
    add(office, "C3", "C4", "C5")
    office.run(MONDAY + DAY)

    listed = CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), "rules", "list"])

    assert "in use, brake on since 3 Mar 2026" in listed.stdout
