"""Who did what, and when, is found by person, day, alert and kind, and can be taken away as a table."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerting.alerts.acts import ActKind
from alerting.store import acts
from tests.made_council import MONDAY, somebody
from tests.office import Office
from tests.test_commands import Shell

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A council where M1 snoozed C1's alert and took that back, and P1 held fire, a day after the other."""
    office = Office(tmp_path)
    office.begin(MONDAY)
    office.handle("C1", "cp-visit-overdue", "snooze", MONDAY, note="=cmd: visit booked", until=MONDAY + 5 * DAY)
    store = office.store()
    with store.transaction() as connection:
        noon = datetime(2026, 3, 3, 12, tzinfo=UTC)
        acts.keep(connection, somebody("P1"), ActKind.fire_held, "service", noon, note="a wrong extract")
    store.close()
    return office


def search(office: Office, *given: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = Shell(office.folder / "config.yaml").json("audit", "search", *given)
    return found


def said(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(event["by"], event["kind"]) for event in events]


def test_what_people_did_is_found_the_oldest_first(office: Office) -> None:
    assert said(search(office)) == [("M1", "snooze"), ("P1", "hold_fire")]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["--person", "m1@example.gov.uk"], ["snooze"]),
        (["--person", "Person P1"], ["hold_fire"]),
        (["--person", "W2"], []),
        (["--from", "2026-03-03"], ["hold_fire"]),
        (["--to", "2026-03-02"], ["snooze"]),
        (["--from", "2026-03-03", "--to", "2026-03-02"], []),
        (["--kind", "snooze"], ["snooze"]),
        (["--kind", "hold-fire", "--kind", "snooze"], ["snooze", "hold_fire"]),
        (["--kind", "run"], ["run"]),
    ],
)
def test_it_is_found_by_person_by_day_and_by_kind(office: Office, given: list[str], found: list[str]) -> None:
    assert [event["kind"] for event in search(office, *given)] == found


def test_of_one_alert_all_is_found_what_the_service_did_too(office: Office) -> None:
    ref = office.alert("C1").ref

    events = search(office, "--alert", ref.lower())

    assert {event["about"] for event in events if event["kind"] in ("change", "snooze")} == {ref}
    assert {event["to"] for event in events if event["kind"] == "message"} == {"M1", "S1"}
    assert {event["kind"] for event in events} == {"change", "message", "snooze"}
    assert search(office, "--alert", ref, "--person", "P1") == []


def test_whom_a_message_was_for_is_a_person_too(office: Office) -> None:
    assert {event["to"] for event in search(office, "--person", "M1", "--kind", "message")} == {"M1"}


def test_who_approved_what_is_said_with_it(office: Office) -> None:
    shell = Shell(office.folder / "config.yaml")
    until = (datetime.now(UTC) + 10 * DAY).date().isoformat()
    given = ["--until", until, "--reason", "moving", "--by", "P1", "--as-of", MONDAY.isoformat(), "--yes"]
    shell("silences", "add", "--rule", "CP-03", *given)
    [request] = search(office, "--kind", "request")
    shell("requests", "approve", str(request["request"]), "--by", "H1")

    asked, approved, done = search(office, "--from", str(datetime.now(UTC).date() - DAY))
    assert (asked["did"], approved["by"], approved["request"]) == ("asked for: silenced", "H1", asked["request"])
    assert (done["kind"], done["by"], done["approved_by"]) == ("silence", "P1", "H1")


def test_it_can_be_taken_away_as_a_table_in_which_nothing_is_a_formula(office: Office) -> None:
    path = office.folder / "found.csv"

    Shell(office.folder / "config.yaml")("audit", "search", "--csv", str(path))

    heading, first, _ = csv.reader(path.read_text("utf-8-sig").splitlines())
    row = dict(zip(heading, first, strict=True))
    assert (row["Who"], row["About"], row["Did"]) == ("M1", office.alert("C1").ref, "snoozed")
    assert row["Why, or what came of it"] == "'=cmd: visit booked"
    assert path.stat().st_mode & 0o077 == 0


def test_whom_nobody_knows_is_a_fault_and_no_empty_list(office: Office) -> None:
    shell = Shell(office.folder / "config.yaml")

    assert "is nobody who may do this" in shell("audit", "search", "--person", "Nobody", code=1).output
    assert "there is no alert A-NONE" in shell("audit", "search", "--alert", "A-NONE", code=1).output
