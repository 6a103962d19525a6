"""All that is kept about a child is found, and all that was sent; and that somebody looked is kept too."""

from __future__ import annotations

import csv
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from alerting.notifications.content import Notice, NoticeContent
from alerting.store import schema
from alerting.store.messages import content_json
from tests.made_council import MONDAY
from tests.office import Office
from tests.test_audit_search import search
from tests.test_commands import Shell
from tests.test_seals import by_hand

pytestmark = pytest.mark.slow

CHILD, OTHER = "100234", "100777"
DAY = timedelta(days=1)
BY = ("--by", "P1", "--note", "request 14")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Two children of one team with an alert each, of which M1 was told in one message; M1 wrote something about one of them."""
    office = Office(tmp_path)
    for child in (CHILD, OTHER):
        office.council.on_a_plan(child, seen=MONDAY - 41 * DAY)
    office.begin(MONDAY)
    office.handle(CHILD, "cp-visit-overdue", "acknowledge", MONDAY, note="visit booked", until=MONDAY + 5 * DAY)
    return office


def subject(office: Office, *given: str) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = Shell(office.folder / "config.yaml").json("audit", "subject", *given, *BY)
    return found


def told(entries: list[dict[str, str]], what: str) -> list[str]:
    return [entry["who"] for entry in entries if what in entry["what"]]


def test_all_is_there_and_nothing_of_another_child(office: Office) -> None:
    mine, other = office.alert(CHILD).ref, office.alert(OTHER).ref

    found = subject(office, CHILD)

    assert {*found} == {"ids", "alerts", "facts", "changes", "acts", "recipients", "messages"}
    assert [(each["about"], each["who"]) for each in found["alerts"]] == [(mine, "team T1, worker Person W1 (W1)")]
    assert any("last cp visit" in each["what"] for each in found["facts"])
    assert told(found["changes"], "firing") == ["service"]
    assert next((each["who"], each["why"]) for each in found["acts"]) == ("Person M1 (M1)", "visit booked")
    assert {each["who"] for each in found["recipients"]} >= {"Person M1 (M1)"}
    assert {each["who"] for each in found["messages"]} >= {"Person M1 <m1@example.gov.uk>"}
    assert all(mine in each["what"] and other not in each["what"] for each in found["messages"] if "daily" in each["why"])
    assert other not in str(found)
    assert OTHER not in str(found)


def test_that_it_was_looked_up_is_kept_and_proved_by_the_seals(office: Office) -> None:
    subject(office, CHILD)

    [event] = search(office, "--kind", "child-looked-up")
    assert (event["by"], event["note"], event["children"], event["about"]) == ("P1", "request 14", [CHILD], "a child")
    office.run(MONDAY + DAY)
    assert "seal" in Shell(office.folder / "config.yaml")("audit", "verify").output
    by_hand(office, "UPDATE act SET wanted = '{\"children\": [\"100777\"]}' WHERE kind = 'child looked up'")
    assert "the words of act" in Shell(office.folder / "config.yaml")("audit", "verify", code=1).output


def test_nobody_may_look_without_a_name_and_a_reason(office: Office) -> None:
    shell = Shell(office.folder / "config.yaml")

    assert "nobody who may" in shell("audit", "subject", CHILD, "--by", "Nobody", "--note", "x", code=1).output
    assert "--note" in shell("audit", "subject", CHILD, "--by", "P1", code=2).output
    assert search(office, "--kind", "child-looked-up") == []


def test_a_child_of_whom_nothing_is_kept_is_said_to_be_one_and_that_was_looked_up_too(office: Office) -> None:
    shell = Shell(office.folder / "config.yaml")

    assert "nothing is kept" in shell("audit", "subject", "999999", *BY, code=1).output
    assert [event["children"] for event in search(office, "--kind", "child-looked-up")] == [["999999"]]


def test_records_that_were_merged_are_one_childs(office: Office) -> None:
    office.council.add("ext_merged", merged_person_id="555123", person_id=CHILD, merged_on="2026-02-01")
    office.council.write()

    found = subject(office, "555123")

    assert found["ids"] == [CHILD, "555123"]
    assert [each["about"] for each in found["alerts"]] == [office.alert(CHILD).ref]


def test_where_the_case_data_cannot_be_read_that_is_said_and_what_is_known_is_shown(office: Office) -> None:
    for path in (office.folder / "extracts").iterdir():
        path.unlink()

    result = Shell(office.folder / "config.yaml")("audit", "subject", CHILD, *BY)

    assert "give every id that the child has had" in result.stderr
    assert office.alert(CHILD).ref in result.stdout


def test_damaged_rows_are_looked_into(office: Office) -> None:
    alert = office.alert(CHILD)
    by_hand(office, f"UPDATE reading SET facts = '{{x {CHILD}' WHERE alert_id = {alert.id}")
    office.run(MONDAY + DAY)

    [row] = subject(office, CHILD)["damaged"]
    assert (row["about"], CHILD in row["what"]) == ("reading", True)


def test_a_silence_of_the_child_and_a_restriction_are_shown(office: Office) -> None:
    office.settings["handling"] = {"silence_share": 100}
    office.council.add("ext_restricted", person_id=CHILD, level="limited", allowed_recipients="M1")
    office.run(MONDAY + DAY)
    until = (datetime.now(UTC) + 5 * DAY).date().isoformat()
    given = ["--until", until, "--reason", "moving", "--as-of", (MONDAY + DAY).isoformat(), "--by", "S1", "--yes"]
    Shell(office.folder / "config.yaml")("silences", "add", "--child", CHILD, *given)

    found = subject(office, CHILD)

    assert [(each["what"], each["who"]) for each in found["restricted"]] == [("restricted, limited", "Person M1 (M1)")]
    assert [(each["about"], each["who"], each["why"]) for each in found["silences"]] == [
        (f"child {CHILD}", "Person S1 (S1)", "moving")
    ]


def test_it_is_written_as_a_page_and_a_table_for_its_owner_alone(office: Office) -> None:
    page, table = office.folder / "child.html", office.folder / "child.csv"

    Shell(office.folder / "config.yaml")("audit", "subject", CHILD, "--html", str(page), "--csv", str(table), *BY)

    html, rows = page.read_text("utf-8"), list(csv.DictReader(table.read_text("utf-8-sig").splitlines()))
    assert "What is kept about child 100234" in html
    assert "visit booked" in html
    assert "<script" not in html
    assert any(row["Part"] == "Alerts about the child" and row["About"] == office.alert(CHILD).ref for row in rows)
    assert [path.stat().st_mode & 0o077 for path in (page, table)] == [0, 0]


def test_an_alert_of_another_child_whose_plan_has_the_childs_number_is_not_shown(office: Office) -> None:
    by_hand(office, f"UPDATE alert SET member = '{CHILD}' WHERE person = '{OTHER}'")

    found = subject(office, CHILD)

    assert [each["about"] for each in found["alerts"]] == [office.alert(CHILD).ref]
    assert office.alert(OTHER).ref not in str(found["facts"] + found["recipients"])


def test_a_note_beside_the_alert_of_another_is_shown_where_it_is_all_that_names_a_child(office: Office) -> None:
    office.handle(OTHER, "cp-visit-overdue", "acknowledge", MONDAY, note="sibling of 100888", until=MONDAY + 5 * DAY)

    [note] = [each for each in subject(office, "100888")["acts"] if each["about"] != "a child"]

    assert (note["about"], note["why"]) == (office.alert(OTHER).ref, "sibling of 100888")


def test_a_notice_that_names_the_child_is_shown_in_its_words(office: Office) -> None:
    ends = Notice(title="Silence 1 ends on 4 March", detail=f"It was made by S1: moving. It is about child {CHILD}.")
    other = Notice(title="Silence 2 ends on 4 March", detail=f"It was made by S1: ill. It is about child {OTHER}.")
    with closing(office.store()) as store, store.transaction() as connection:
        last = sa.select(sa.func.max(schema.outbox.c.id)).scalar_subquery()
        told = {"content": content_json.to_json(NoticeContent(notices=(ends, other))), "purpose": "admin"}
        connection.execute(schema.outbox.update().where(schema.outbox.c.id == last).values(told))

    said = [each["what"] for each in subject(office, CHILD)["messages"] if each["why"].startswith("admin")]

    assert any(f"It is about child {CHILD}" in what for what in said)
    assert OTHER not in str(said)
