"""A contact or referral with two children of whom different people may know: nobody is told of it by the list of one of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerting.notifications.content import WeeklyContent
from tests.case_rows import Row, council
from tests.made_council import MONDAY
from tests.office import Office

CONTACT, REFERRAL = (
    ("ssd_contacts", "cont_contact_id", "cont_person_id"),
    ("ssd_cin_episodes", "cine_referral_id", "cine_person_id"),
)
OLD = "2026-02-23 09:00"


def rows(*lists: tuple[str, str]) -> list[tuple[str, Row]]:
    """Return one contact and one referral, each with a child for each of these, by level and who may know."""
    found: list[tuple[str, Row]] = [
        ("ext_contact", {"contact_id": "K1", "received_at": OLD, "decision_at": None}),
        ("ext_referral", {"referral_id": "K1", "received_at": OLD, "completed_at": None}),
    ]
    for number, (level, allowed) in enumerate(lists, start=1):
        child = f"D{number}"
        found.append(("ssd_person", {"pers_person_id": child, "pers_dob": "2016-05-05"}))
        found += [(table, {key: "K1", who: child}) for table, key, who in (CONTACT, REFERRAL)]
        if level:
            found.append(("ext_restricted", {"person_id": child, "level": level, "allowed_recipients": allowed}))
    return found


@pytest.mark.parametrize(
    ("lists", "blocked", "divided"),
    [
        ([("limited", "W1"), ("limited", "W2")], True, True),
        ([("limited", "W1"), ("limited", "W1;W2")], True, True),
        ([("limited", "W1"), ("limited", "")], True, True),
        ([("limited", "W1"), ("limited", "W1")], False, False),
        ([("limited", "W1"), ("", "")], False, False),
        ([("", ""), ("", "")], False, False),
        ([("limited", "W1"), ("limited", "W2"), ("sealed", "")], True, False),
    ],
    ids=str,
)
def test_it_is_blocked_where_two_lists_differ_and_counted_where_none_is_sealed(lists, blocked, divided):
    with council(rows(*lists)) as ask:
        for view in ("v_contact", "v_referral"):
            assert ask(f"SELECT blocked, divided FROM {view}") == [(blocked, divided)], view


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own("practice/contact-decision-late.yaml", "practice/referral-not-completed.yaml")
    return office


def arrive(office: Office, *lists: tuple[str, str]) -> None:
    for table, cells in rows(*lists):
        office.council.add(table, **{name: str(cell or "") for name, cell in cells.items()})
    for table in ("ext_contact", "ext_referral"):
        office.council.row(table)["team_id"] = "T1"
    for row in office.council.tables["ssd_cin_episodes"]:
        row.setdefault("cine_referral_date", "2026-02-23")


@pytest.mark.slow
def test_nobody_has_a_word_of_it_and_the_performance_team_reads_how_many_in_the_week(office):
    arrive(office, ("limited", "W1"), ("limited", "M1;W1"))
    office.run(MONDAY)

    assert [alert.subject for alert in office.alerts()] == []
    assert not any("K1" in repr(content) for _, content in office.sent)

    office.run(MONDAY, "weekly")
    said = {who: content.divided for who, content in office.sent if isinstance(content, WeeklyContent)}
    assert said == {"P1": "fewer than 5"} | dict.fromkeys(said.keys() - {"P1"}, "")


@pytest.mark.slow
def test_of_two_with_one_list_only_those_it_names_are_told(office):
    arrive(office, ("limited", "W1"), ("limited", "W1"))
    office.run(MONDAY)

    assert {alert.subject for alert in office.alerts()} == {"K1"}
    assert {who for who, content in office.sent if "K1" in repr(content)} == {"W1"}


@pytest.mark.slow
def test_what_was_told_is_over_once_a_second_list_differs(office):
    arrive(office, ("limited", "W1"), ("limited", "W1"))
    office.run(MONDAY)
    [row] = [row for row in office.council.tables["ext_restricted"] if row["person_id"] == "D2"]
    row["allowed_recipients"] = "W2"
    office.run(MONDAY.replace(day=3))

    assert {alert.condition for alert in office.alerts()} == {"resolved"}
