"""Who answers for what on a day, and what in the directory leads to nobody or to the wrong person."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from alerting.app import build
from alerting.authoring.people import PeopleFault, check_people, who_answers
from alerting.errors import AlertingError
from tests.made_council import MONDAY
from tests.office import Office
from tests.one_rule_office import command


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own("data_quality/open-case-no-allocated-worker.yaml")
    office.rule()
    return office


def faults(office: Office, day: date = MONDAY) -> list[tuple[str, str]]:
    """Return what is wrong with who is who: the kind of each fault, and what is said."""
    office.council.write()
    app = build(office.council.configure(office.store_url, **office.settings))
    return [(one.kind.value, one.says) for one in check_people(app, day)]


def answers(office: Office, whom: str, day: date = MONDAY) -> tuple[str, dict[str, str], str]:
    office.council.write()
    found = who_answers(build(office.council.configure(office.store_url)), whom, day)
    return found.title, dict(found.lines), " ".join(found.notes)


def test_where_everything_leads_to_somebody_nothing_is_found(office: Office) -> None:
    assert faults(office) == []
    code, said = command(office, "people", "check", "--as-of", MONDAY.isoformat())
    assert (code, said.strip()) == (0, "Every post leads to somebody who can be told.")


@pytest.mark.parametrize(
    ("table", "key", "cells", "kind", "says"),
    [
        ("ext_team", {"team_id": "T1"}, {"manager_id": ""}, "no_manager", "Team T1, team manager: nobody is recorded"),
        ("ext_staff", {"worker_id": "M1"}, {"email": ""}, "no_address", "Team T1, team manager: Person M1 (M1) has no address"),
        ("ext_staff", {"worker_id": "W2"}, {"email": "not one"}, "no_address", "Person W2 (W2) has one that no mail can be sent to"),
        ("ext_staff", {"worker_id": "M1"}, {"ends_on": "2026-02-27"}, "left", "Team T1, team manager: Person M1 (M1) has left"),
        (
            "ext_staff", {"worker_id": "M1"}, {"starts_on": "2026-03-09"}, "not_begun",
            "Team T1, team manager: Person M1 (M1) has not begun yet",
        ),
        (
            "ext_staff", {"worker_id": "M1"}, {"ends_on": "27/02/26"}, "end_unread",
            "Team T1, team manager: Person M1 (M1) has a last day that cannot be read",
        ),
        ("ext_staff", {"worker_id": "W2"}, {"ends_on": "27/02/26"}, "end_unread", "Person W2 (W2) has a last day that cannot be read"),
        ("ext_team", {"team_id": "T1"}, {"manager_id": "M9"}, "unknown", "Team T1, team manager: M9 is nobody on the staff list"),
        ("ext_staff", {"worker_id": "W2"}, {"team_id": "T9"}, "unknown", "Person W2 (W2) is in team T9, which ext_team lacks"),
        ("ext_staff", {"worker_id": "W2"}, {"email": "W1@example.gov.uk"}, "two", "Person W1 (W1) and Person W2 (W2) have one address"),
        ("ext_staff", {"worker_id": "W2"}, {"name": "PERSON W1"}, "two", "Person W1 (W1) and PERSON W1 (W2) have one name"),
    ],
)  # fmt: skip
def test_each_thing_that_is_wrong_is_named_with_whom_it_is_about(
    office: Office, table: str, key: dict[str, str], cells: dict[str, str], kind: str, says: str
) -> None:
    office.council.row(table, **key).update(cells)

    assert (kind, says) in faults(office)


def test_cover_that_goes_in_a_ring_or_to_nobody_is_named(office: Office) -> None:
    for away, by in {"M1": "S1", "S1": "M1", "M2": "W9", "H1": ""}.items():
        office.council.add("ext_cover", staff_id=away, covered_by=by, from_date=MONDAY.isoformat())
    found = faults(office)

    assert ("loop", "Team T1, team manager: those who are away cover for each other") in found
    assert ("unknown", "Person M2 (M2) is covered by W9, who is nobody on the staff list") in found
    assert ("away", "Team T1, head of service: Person H1 (H1) is away, and nobody covers") in found


def test_two_rows_of_one_id_are_named_unless_one_of_them_is_over(office: Office) -> None:
    office.council.add(
        "ext_staff", worker_id="W1", name="Person W1", email="w1@example.gov.uk", team_id="T2", ends_on="2025-12-31"
    )
    office.council.add("ext_team", team_id="T2", name="Team T2", manager_id="M2")

    assert [says for kind, says in faults(office) if kind == "two"] == ["team T2 has 2 rows in ext_team for today"]


@pytest.mark.slow
def test_whoever_has_left_and_still_has_open_alerts_is_named(office: Office) -> None:
    office.run(MONDAY)
    office.council.row("ext_staff", worker_id="W1")["ends_on"] = MONDAY.isoformat()

    assert faults(office) == []
    assert faults(office, MONDAY + timedelta(days=1)) == [("left", "Person W1 (W1) has left, and is the worker of 2 open alerts")]


@pytest.mark.slow
def test_a_worker_of_open_alerts_whom_the_staff_list_lacks_is_named(office: Office) -> None:
    office.begin(MONDAY)
    office.council.remove("ext_staff", worker_id="W1")

    assert faults(office) == [("unknown", "W1 is nobody on the staff list, and is the worker of 2 open alerts")]


def test_whom_config_yaml_names_is_looked_for_too(office: Office) -> None:
    office.settings["council"] = {
        "name": "Exampleshire",
        "administrators": [{"name": "A", "address": "a@example.gov.uk", "worker_id": "W7"}],
    }

    assert faults(office) == [("unknown", "W7, whom config.yaml names, is nobody on the staff list")]


def test_the_command_says_what_to_do_about_each_kind_and_ends_with_1(office: Office) -> None:
    office.council.row("ext_team", team_id="T1")["manager_id"] = ""
    faults(office)

    code, said = command(office, "people", "check", "--as-of", MONDAY.isoformat())
    assert code == 1
    assert "Posts that nobody holds. Name somebody in ext_team; until then the next up is told." in said
    code, said = command(office, "people", "check", "--as-of", MONDAY.isoformat(), "--json")
    assert json.loads(said)[0]["kind"] == PeopleFault.no_manager.value


@pytest.mark.parametrize("whom", ["T1", "team t1"])
def test_a_team_is_answered_for_by_its_posts(office: Office, whom: str) -> None:
    office.council.add("ext_cover", staff_id="M1", covered_by="S1", from_date=MONDAY.isoformat(), to_date="2026-03-06")
    title, lines, _ = answers(office, whom)

    assert title == "Team Team T1 (T1), help protection"
    assert lines["team manager"] == "Person S1 (S1), as cover for Person M1 until 6 March"
    assert lines["head of service"] == "Person H1 (H1)"


@pytest.mark.parametrize("whom", ["M1", "m1@example.gov.uk", "Person M1"])
def test_of_a_member_of_staff_it_says_what_they_hold_and_who_covers(office: Office, whom: str) -> None:
    office.council.add("ext_cover", staff_id="M1", covered_by="", from_date=MONDAY.isoformat())
    title, lines, notes = answers(office, whom)

    assert title == "Person M1 (M1), team manager"
    assert lines["holds"] == "team manager of Team T1"
    assert lines["team manager"] == "Person S1 (S1); team manager: Person M1 (M1) is away, and nobody covers"
    assert notes == "They are away, and nobody covers."


@pytest.mark.slow
def test_of_a_child_it_says_whose_it_is_and_of_a_restricted_one_whose_roles_may_know(office: Office) -> None:
    title, lines, _ = answers(office, "C1")
    assert (title, lines["allocated worker"], lines["team manager"]) == (
        "Child C1, of Team T1",
        "Person W1 (W1)",
        "Person M1 (M1)",
    )

    office.council.add("ext_restricted", person_id="C1", level="limited", allowed_recipients="S1")
    assert answers(office, "C1") == (
        "Child C1", {}, "The record is restricted: only those whom it names may know of it (service manager)."
    )  # fmt: skip


def test_without_a_list_of_restricted_records_it_says_so_and_nobody_of_any_child(office: Office) -> None:
    office.council.write(without=("ext_restricted",))
    found = who_answers(build(office.council.configure(office.store_url)), "C1", MONDAY)

    assert (found.title, list(found.lines), list(found.notes)) == (
        "Child C1", [], ["There is no list of restricted records that can be trusted, so nobody is told of any child."],
    )  # fmt: skip


def test_a_child_that_no_rule_could_find_is_not_said_to_have_no_open_case(office: Office) -> None:
    (office.folder / "rules" / "local" / "open-case-no-allocated-worker.yaml").unlink()

    with pytest.raises(AlertingError, match="a child cannot be looked up, as no rule asks about open cases"):
        answers(office, "C1")


def test_what_is_nobody_is_refused_with_the_nearest_name(office: Office) -> None:
    with pytest.raises(AlertingError, match="is no team, nobody on the staff list, and no child") as refused:
        answers(office, "Team T7")
    assert "Team T" in refused.value.remedy


def test_no_name_at_all_is_nobodys_though_somebody_has_no_address(office: Office) -> None:
    office.council.row("ext_staff", worker_id="W2")["email"] = ""
    with pytest.raises(AlertingError, match="is no team, nobody on the staff list"):
        answers(office, " ")
