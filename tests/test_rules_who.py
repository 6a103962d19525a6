"""`alerting rules who`: who would be told of an alert, by which way through the directory, and how much they may be shown."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from alerting.commands import cli
from tests.made_council import MONDAY
from tests.office import Office

DAY = MONDAY.isoformat()


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    return office


def who(office: Office, rule: str, subject: str, *options: str, code: int = 0) -> str:
    """Return what `alerting rules who` prints about the council as it is now."""
    office.council.write()
    config = office.council.configure(office.store_url, **office.settings)
    result = CliRunner().invoke(cli, ["--config", str(config), "rules", "who", rule, subject, "--as-of", DAY, *options])
    assert result.exit_code == code, result.output
    return result.output if code else result.stdout


def ways(office: Office, rule: str = "CP-03", subject: str = "C1", level: str = "red") -> dict[str, dict[str, Any]]:
    """Return the ways at a level, by the role that is asked for."""
    return {way["role"]: way for way in json.loads(who(office, rule, subject, "--json"))["levels"][level]}


@pytest.mark.slow
def test_it_names_those_whom_a_run_tells(office):
    found = ways(office)
    office.run(MONDAY)

    assert {way["person"] for way in found.values() if not way["when"]} == {f"Person {id_}" for id_ in office.people()}
    assert found["team_manager"] == {
        "role": "team_manager",
        "person": "Person M1",
        "direct": True,
        "why_not": "",
        "when": "",
        "path": ["team manager of Team T1: Person M1"],
    }


def test_a_role_that_joins_in_later_says_when(office):
    office.council.visited("C1", MONDAY - timedelta(days=20))

    assert ways(office)["service_manager"]["when"] == "when the measure is over 'limit wd' plus 5 working days"


@pytest.mark.slow
def test_where_nobody_is_recorded_the_way_goes_up(office):
    office.council.remove("ssd_involvements", invo_person_id="C1")
    office.council.row("ssd_cin_episodes", cine_person_id="C1")["cine_referral_team"] = "T1"

    worker = ways(office, level="amber")["worker"]

    assert (worker["person"], worker["direct"]) == ("Person M1", False)
    assert worker["path"] == ["allocated worker: nobody is recorded", "team manager of Team T1: Person M1"]


def test_somebody_away_is_shown_with_who_covers_and_until_when(office):
    office.council.add("ext_cover", staff_id="M1", covered_by="M2", from_date="2026-02-01", to_date="2026-03-20")

    text = who(office, "CP-03", "C1")

    assert "  team manager     Person M2\n" in text
    assert "team manager of Team T1: Person M1, away until 20 March 2026, covered by Person M2\n" in text


def test_somebody_who_has_left_or_has_no_address_is_passed_over(office):
    office.council.row("ext_staff", worker_id="M1")["ends_on"] = "2026-02-01"
    office.council.row("ext_staff", worker_id="S1")["email"] = ""

    assert ways(office)["team_manager"]["path"] == [
        "team manager of Team T1: Person M1, who has left",
        "service manager of Team T1: Person S1, who has no address",
        "head of service of Team T1: Person H1",
    ]


@pytest.mark.slow
def test_a_restricted_record_is_kept_from_all_but_those_it_names_who_stand_there_by_role(office):
    office.council.add("ext_restricted", person_id="C1", level="limited", allowed_recipients="S1")

    text = who(office, "CP-03", "C1")

    assert "The record is restricted: only those it names are told (service manager), and it is in no count." in text
    assert "  team manager     nobody: kept back, as the record is restricted\n" in text
    assert ways(office)["service_manager"]["person"] == "Person S1"


def test_where_none_of_a_rules_people_may_know_those_the_record_names_are_told(office):
    office.council.add("ext_restricted", person_id="C1", level="limited", allowed_recipients="P1")

    found = json.loads(who(office, "CP-03", "C1", "--json"))

    assert found["named"]["red"] == ["performance"]
    assert [way["person"] for way in found["levels"]["red"]] == [None, None]


def test_without_a_list_of_restrictions_nobody_is_told_of_any_child(office, tmp_path):
    office.council.write(without=("ext_restricted",))
    config = office.council.configure(office.store_url)

    text = CliRunner().invoke(cli, ["--config", str(config), "rules", "who", "CP-03", "C1", "--as-of", DAY]).stdout

    assert "There is no list of restricted records that can be trusted, so nobody is told of any child." in text


@pytest.mark.slow
def test_an_escalation_says_to_whom_and_from_when(office):
    office.rule("plan-long", "PL-01", "escalate: [{after: 10 working days, to: head_of_service}]")
    before = json.loads(who(office, "PL-01", "C1", "--json"))["escalations"]
    office.run(MONDAY)
    after = json.loads(who(office, "PL-01", "C1", "--json"))["escalations"]

    assert [(way["person"], way["when"]) for way in before] == [("Person H1", "10 working days after it is first seen")]
    assert [way["when"] for way in after] == ["from 16 March 2026, unless it is on hold or acknowledged before"]


def test_each_receiver_says_how_much_it_may_show(office):
    office.settings = {
        "receivers": {
            "mail": {"type": "folder", "path": "mail", "ceiling": "counts"},
            "look": {"type": "console", "ceiling": "detail"},
            "weekly": {"type": "folder", "path": "weekly"},
        },
        "jobs": {"daily": {"at": "07:00", "to": ["mail", "look"]}},
    }

    found = json.loads(who(office, "CP-03", "C1", "--json"))["receivers"]

    assert found == {
        "mail": "each of them, counts: counts only: how many alerts, and nobody they are about",
        "look": "each of them, detail: everything that the rule's words name",
        "weekly": "nothing: the daily job does not use it",
    }


def test_a_subject_that_is_clear_is_told_with_who_would_be(office):
    text = who(office, "CP-03", "C2")

    assert "Today the rule says clear, so nobody is told of it as new. This is who would be." in text


@pytest.mark.slow
def test_what_keeps_an_alert_from_being_told_is_said(office):
    office.begin(MONDAY)
    office.handle("C1", "cp-visit-overdue", "snooze", MONDAY, until=MONDAY + timedelta(days=9))

    assert "It is snoozed until 11 March 2026: it is counted and not told." in who(office, "CP-03", "C1")


@pytest.mark.slow
def test_an_alert_may_be_named_by_its_reference(office):
    office.begin(MONDAY)

    found = json.loads(who(office, "CP-03", office.alert("C1").ref, "--json"))

    assert (found["subject"], found["gives"]) == ("C1", "red")


@pytest.mark.slow
def test_a_subject_that_is_nowhere_is_an_error_that_does_not_repeat_it(office):
    text = who(office, "CP-03", "C99", code=1)

    assert "there is no such child on a protection plan in today's data" in text
    assert "C99" not in text
