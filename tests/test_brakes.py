"""More new alerts than a rule's brake allows: stored as ever, told to nobody until somebody has looked."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alerting.commands import cli
from alerting.store.schema import brake
from tests.made_council import MONDAY
from tests.office import Office, rule_row

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.rule("plan-long", "PL-01", "brake: 2")
    office.begin(MONDAY)
    return office


def add(office: Office, *children: str) -> None:
    for child in children:
        office.council.on_a_plan(child, seen=MONDAY)


def release(office: Office, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), "rules", "release", *arguments])


def released_on(office: Office, day: date) -> None:
    """Have the brakes released on a day of the test, and not on the day on which it runs."""
    store = office.store()
    with store.transaction() as connection:
        connection.execute(brake.update().values(released_at=datetime(day.year, day.month, day.day, 12, tzinfo=UTC)))
    store.close()


def test_as_many_as_the_brake_allows_are_told(office: Office):
    assert office.told("M1") == {"C1": "new", "C2": "new"}


def test_more_are_stored_and_told_to_nobody(office: Office):
    add(office, "C3", "C4", "C5")

    report = office.run(MONDAY + DAY)

    assert (report.alerts.new, office.people()) == (3, set())
    assert (
        "brake on since 3 March 2026: 3 alerts kept back until `alerting rules release PL-01`"
        in rule_row(report, "PL-01").problem
    )
    [brake] = report.as_json()["brakes"]
    assert len(brake.pop("sample")) == 3
    assert brake == {
        "code": "PL-01",
        "id": "plan-long",
        "kind": "storm",
        "since": "2026-03-03",
        "new": 3,
        "kept_back": 3,
        "levels": {"amber": 3},
        "critical": [],
        "population": None,
        "columns": [],
    }


def test_the_administrators_are_told_once_how_many_and_how_to_release_them(office: Office):
    add(office, "C3", "C4", "C5")
    office.run(MONDAY + DAY)

    [notice] = {notice.title: notice for notice in office.notices}.values()
    assert notice.title == "PL-01 is held by its brake"
    assert "3 new alerts" in notice.detail
    assert "3 alerts (3 amber), such as A-" in notice.detail
    assert "alerting rules release PL-01 --by NAME" in notice.do

    office.run(MONDAY + 2 * DAY)
    assert [notice for notice in office.notices if "waits for somebody" not in notice.title] == []
    assert second_contact(office) == {"S1"}
    office.run(MONDAY + 3 * DAY)


def test_it_stays_on_for_what_is_new_later_and_what_was_told_goes_on(office: Office):
    add(office, "C3", "C4", "C5")
    office.run(MONDAY + DAY)
    add(office, "C6")

    report = office.run(MONDAY + 7 * DAY)

    assert office.told("M1") == {"C1": "reminder", "C2": "reminder"}
    assert report.brakes[0].kept_back == 4


def test_what_is_critical_is_named_at_once_and_told_the_next_working_day_released_or_not(office: Office):
    office.rule(
        "plan-long", "PL-01", "brake: 2", levels="{amber: measure > long_days, critical: measure > 100}",
        notify="{amber: [team_manager], critical: [team_manager]}",
    )  # fmt: skip
    add(office, "C3", "C4")
    office.council.on_a_plan("C5", seen=MONDAY, begun=MONDAY - 200 * DAY)
    office.run(MONDAY + DAY)

    assert office.people() == set()
    ref = office.alert("C5", "plan-long").ref
    assert {notice.items for notice in office.notices if "held by its brake" in notice.title} == {(ref,)}

    report = office.run(MONDAY + 2 * DAY)
    assert office.told("M1") == {"C1": "open", "C2": "open", "C5": "new"}
    assert [item.subject for item in office.content("M1").items if item.unchecked] == ["C5"]
    assert report.brakes[0].kept_back == 2
    assert second_contact(office) == {"S1"}
    office.run(MONDAY + 3 * DAY)
    assert office.people() == set()


def test_what_is_critical_and_was_told_before_a_brake_came_on_is_not_in_doubt_for_the_brake(office: Office):
    office.rule(
        "plan-long", "PL-01", "brake: 2", levels="{amber: measure > long_days, critical: measure > 100}",
        notify="{amber: [team_manager], critical: [team_manager]}",
    )  # fmt: skip
    office.council.on_a_plan("C5", seen=MONDAY, begun=MONDAY - 200 * DAY)
    office.run(MONDAY + DAY)
    assert office.told("M1")["C5"] == "new"

    add(office, "C3", "C4", "C6")
    office.council.on_a_plan("C7", seen=MONDAY, begun=MONDAY - 200 * DAY)
    office.run(MONDAY + 2 * DAY)
    office.run(MONDAY + 3 * DAY)

    assert office.told("M1") == {"C1": "open", "C2": "open", "C5": "open", "C7": "new"}
    assert [item.subject for item in office.content("M1").items if item.unchecked] == ["C7"]
    # What went out unchecked stays so for as long as the brake is on.
    office.run(MONDAY + 10 * DAY)
    assert {item.subject for item in office.content("M1").items if item.unchecked} == {"C7"}


def second_contact(office: Office) -> set[str]:
    """Who is told that nobody has released a brake."""
    told = [item for item in office.planned if item.purpose == "admin"]
    return {item.recipient for item in told if any("waits for somebody" in notice.title for notice in item.content.notices)}


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
    assert (report.brakes, rule_row(report, "PL-01").problem) == ((), None)


def test_who_released_it_and_why_is_kept(office: Office):
    add(office, "C3", "C4", "C5")
    office.run(MONDAY + DAY)
    release(office, "plan-long", "--by", "A. Officer", "--note", "a new team was loaded")

    store = office.store()
    with store.transaction() as connection:
        [row] = connection.execute(brake.select()).mappings()
    store.close()
    assert (row["rule"], row["count"], row["released_by"], row["note"]) == (
        "plan-long",
        3,
        "admin@example.gov.uk",
        "a new team was loaded",
    )


def test_a_brake_that_is_not_on_cannot_be_released(office: Office):
    refused = release(office, "PL-02", "--by", "A. Officer")

    assert (refused.exit_code, "no brake is on for the rule 'PL-02'" in refused.stderr) == (1, True)


def test_a_run_that_is_repeated_keeps_the_brake_as_it_is(office: Office):
    add(office, "C3", "C4", "C5")
    office.run(MONDAY + DAY)

    again = office.run(MONDAY + DAY)

    assert (office.people(), again.brakes[0].new, again.brakes[0].kept_back) == (set(), 3, 3)


def test_a_dry_run_shows_the_brake_and_puts_none_on(office: Office):
    add(office, "C3", "C4", "C5")
    looked = office.run(MONDAY + DAY, dry_run=True)

    assert (looked.brakes[0].kept_back, office.people()) == (3, set())
    office.rule("plan-long", "PL-01", "brake: 3")
    assert office.run(MONDAY + DAY).brakes == ()


def test_a_council_may_give_every_rule_a_brake(office: Office):
    office.rule("plan-long", "PL-01")
    office.settings = {"rules": {"params": {"brake": 2}}}
    add(office, "C3", "C4", "C5")

    assert office.run(MONDAY + DAY).brakes[0].new == 3


# What is usual for a rule


def test_three_times_what_is_usual_for_a_rule_is_let_through(office: Office):
    office.rule("plan-long", "PL-01")
    office.settings = {"rules": {"params": {"brake": 1}}}
    for number in range(4):
        add(office, f"D{number}")
        assert office.run(MONDAY + (number + 1) * DAY).brakes == ()
    add(office, "E1", "E2", "E3")
    assert office.run(MONDAY + 5 * DAY).brakes == ()

    add(office, "F1", "F2", "F3", "F4")
    assert office.run(MONDAY + 6 * DAY).brakes[0].new == 4


def test_what_comes_back_all_at_once_after_it_had_ended_counts_as_what_is_new(office: Office):
    office.rule("plan-long", "PL-01")
    office.settings = {"rules": {"params": {"brake": 3}}}
    for child in ("C3", "C4", "C5"):
        add(office, child)
        office.run(MONDAY + DAY)
    for day, began in ((2, MONDAY), (3, MONDAY - 60 * DAY)):
        for child in ("C1", "C2", "C3", "C4", "C5"):
            office.council.row("ssd_cp_plans", cppl_person_id=child)["cppl_cp_plan_start_date"] = began.isoformat()
        report = office.run(MONDAY + day * DAY)

    assert (report.brakes[0].new, report.brakes[0].kept_back, office.people()) == (5, 5, set())


def test_the_first_day_says_nothing_of_what_is_usual(office: Office):
    office.rule("plan-long", "PL-01")
    office.settings = {"rules": {"params": {"brake": 1}}}
    add(office, "C3", "C4")

    assert office.run(MONDAY + DAY).brakes[0].new == 2


@pytest.mark.parametrize(("new", "waits"), [(25, False), (26, True)])
def test_the_shipped_limit_is_25(office: Office, new: int, waits: bool):
    office.rule("plan-long", "PL-01")
    add(office, *(f"D{number}" for number in range(new)))

    assert bool(office.run(MONDAY + DAY).brakes) == waits


# A rule that was never asked before, and data from somewhere else


def test_a_new_rule_with_more_than_a_few_alerts_waits(office: Office):
    add(office, "C3", "C4", "C5", "C6")
    office.rule("plan-longer", "PL-02")
    report = office.run(MONDAY + DAY)

    [brake] = [brake for brake in report.brakes if brake.code == "PL-02"]
    assert (brake.kind, brake.new, brake.kept_back) == ("first_run", 6, 6)
    assert any("and it was never asked before" in notice.detail for notice in office.notices)


def test_a_new_rule_with_a_few_alerts_tells_them(office: Office):
    office.rule("plan-longer", "PL-02")

    assert office.run(MONDAY + DAY).brakes == ()
    assert {item.rule for item in office.content("M1").items if item.state == "new"} == {"plan-longer"}


def test_data_from_a_new_source_with_more_than_a_few_new_alerts_waits(office: Office):
    office.rule("plan-long", "PL-01")
    add(office, *(f"D{number}" for number in range(6)))
    shutil.copytree(office.council.write(), office.folder / "moved")
    office.settings = {"source": {"type": "files", "path": "moved"}}

    [brake] = office.run(MONDAY + DAY).brakes

    assert (brake.kind, brake.new) == ("source", 6)


# The first day


@pytest.fixture
def beginning(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.rule("plan-long", "PL-01")
    office.settings = {"go_live": "baseline"}
    return office


def test_on_the_first_day_nobody_is_told_and_the_administrators_know_what_waits(beginning: Office):
    report = beginning.run(MONDAY)

    assert (report.alerts.new, beginning.people(), report.status) == (2, set(), "done")
    assert [(brake.kind, brake.kept_back) for brake in report.brakes] == [("baseline", 2)]
    [(detail, do)] = {(notice.detail, notice.do) for notice in beginning.notices if "begins" in notice.title}
    assert "2 alerts of 1 rule, most of them PL-01 2" in detail
    assert "alerting rules release --all --by NAME" in do


def test_until_it_is_released_nothing_new_is_told_either_and_what_clears_clears(beginning: Office):
    beginning.begin(MONDAY)
    add(beginning, "C3")
    beginning.council.row("ssd_cp_plans", cppl_person_id="C1")["cppl_cp_plan_start_date"] = MONDAY.isoformat()
    beginning.run(MONDAY + DAY)

    assert beginning.people() == set()
    assert beginning.alert("C1", "plan-long").resolved_reason == "cleared"


def test_after_the_release_each_manager_gets_one_summary_and_what_came_since_as_new(beginning: Office):
    beginning.begin(MONDAY)
    assert release(beginning, "--all", "--by", "A. Officer").stdout.startswith("1 brake released by A. Officer.")
    released_on(beginning, MONDAY)
    add(beginning, "C3")
    beginning.run(MONDAY + DAY)

    assert beginning.told("M1") == {"C1": "backlog", "C2": "backlog", "C3": "new"}
    pages = [path.read_text("utf-8") for path in (beginning.folder / "outbox").rglob("*.html")]
    [page] = [page for page in pages if "Open already when this service began: 2 children" in page]
    assert "These are no news" in page
    beginning.run(MONDAY + 2 * DAY)
    assert beginning.people() == set()
    beginning.run(MONDAY + 8 * DAY)
    assert beginning.told("M1") == {"C1": "reminder", "C2": "reminder", "C3": "reminder"}


def test_what_is_critical_on_the_first_day_waits_a_working_day_and_goes_out_as_not_checked(beginning: Office):
    critical = {
        "levels": "{amber: measure > 0, critical: measure > 100}",
        "notify": "{amber: [team_manager], critical: [team_manager]}",
    }
    beginning.rule("plan-long", "PL-01", **critical)
    beginning.council.on_a_plan("C5", seen=MONDAY, begun=MONDAY - 200 * DAY)
    beginning.run(MONDAY)
    assert beginning.people() == set()

    beginning.run(MONDAY + DAY)
    assert {item.subject: item.unchecked for item in beginning.content("M1").items} == {"C5": True}
    pages = [path.read_text("utf-8") for path in (beginning.folder / "outbox").rglob("*.html")]
    assert any("Nobody has checked yet whether what its rule found is right." in page for page in pages)


def test_how_long_what_is_critical_waits_is_the_councils(office: Office):
    office.settings["rules"] = {"path": "rules", "params": {"critical_waits_wd": 3}}
    office.rule(
        "plan-long", "PL-01", "brake: 2", levels="{amber: measure > long_days, critical: measure > 100}",
        notify="{amber: [team_manager], critical: [team_manager]}",
    )  # fmt: skip
    add(office, "C3", "C4")
    office.council.on_a_plan("C5", seen=MONDAY, begun=MONDAY - 200 * DAY)
    for days in (1, 2, 3):
        office.run(MONDAY + days * DAY)
        assert office.people() == set()

    office.run(MONDAY + 4 * DAY)
    assert office.told("M1")["C5"] == "new"


def test_the_first_day_run_again_is_still_the_first_day(beginning: Office):
    beginning.begin(MONDAY)
    add(beginning, "C3")
    beginning.run(MONDAY)

    assert beginning.people() == set()


def test_the_first_day_run_again_after_the_release_tells_what_it_kept_back(beginning: Office):
    """As it is where data is loaded once more in the course of that day: what somebody has released is not kept back anew."""
    beginning.begin(MONDAY)
    release(beginning, "--all", "--by", "A. Officer")

    assert beginning.run(MONDAY).brakes == ()
    assert beginning.told("M1") == {"C1": "backlog", "C2": "backlog"}
    add(beginning, "C3")
    beginning.run(MONDAY + DAY)
    assert beginning.told("M1")["C3"] == "new"


def test_a_job_that_begins_later_has_a_first_day_of_its_own(beginning: Office):
    beginning.rule("plan-weekly", "PL-07", job="weekly")
    beginning.run(MONDAY)
    release(beginning, "--all", "--by", "A. Officer")

    [brake] = beginning.run(MONDAY + DAY, "weekly").brakes

    assert (brake.code, brake.kind) == ("PL-07", "baseline")


def test_what_waits_can_be_looked_at_by_reference(beginning: Office):
    beginning.begin(MONDAY)

    listed = release(beginning).stdout

    assert "PL-01" in listed
    assert "the first day" in listed
    assert all(alert.ref in listed for alert in beginning.alerts())


def test_a_release_says_who_looked(beginning: Office):
    beginning.begin(MONDAY)

    assert "--by NAME" in release(beginning, "--all").stderr
    assert "Give a rule, or --all." in release(beginning, "PL-01", "--all", "--by", "A").stderr


def test_what_a_brake_keeps_back_is_not_counted_in_the_weekly_summary(office: Office):
    add(office, "C3", "C4", "C5")
    office.run(MONDAY + DAY)
    office.run(MONDAY + 2 * DAY, "weekly")

    [team] = office.content("M1").teams
    assert [(row.new, row.open) for row in team.rows] == [(2, 2)]


def test_the_list_of_rules_says_that_a_brake_is_on(office: Office):
    add(office, "C3", "C4", "C5")
    office.run(MONDAY + DAY)

    listed = CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), "rules", "list"])

    assert "in use, brake on since 3 Mar 2026" in listed.stdout


@pytest.mark.slow
def test_a_list_that_nobody_looks_at_is_told_once_to_whoever_is_above(tmp_path: Path) -> None:
    office, day = Office(tmp_path), timedelta(days=1)
    office.council.add("ext_restricted", person_id="C2", level="limited", allowed_recipients="W1")
    office.run(MONDAY)
    office.council.row("ext_restricted", person_id="C2")["person_id"] = ""
    told: list[set[tuple[str, str]]] = []
    for number in (1, 2, 3):
        office.run(MONDAY + number * day)
        mine = [item for item in office.planned if item.purpose == "admin" and item.recipient == "S1"]
        told.append({(item.key, notice.title) for item in mine for notice in item.content.notices})

    assert told[0] == set()
    assert [title for _, title in told[1]] == ["ext_restricted waits for somebody to look at it"]
    assert told[2] <= told[1], "the same message, which is sent once"
