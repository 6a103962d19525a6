"""What the store forgets: what is old and has ended, once somebody was shown it; a sealed child at once; never what is live, nor that it was told."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from alerting.commands import cli
from alerting.config import Retention
from alerting.store import retention
from alerting.store.schema import outbox, reading, set_aside
from tests.made_council import MONDAY, somebody
from tests.office import Office
from tests.servers import ScriptedMailServer
from tests.test_commands import Shell
from tests.test_seals import by_hand
from tests.test_waiting_messages import Waiting

pytestmark = pytest.mark.slow

SETTINGS = {"message_contents": 30, "alert_facts": 60}
LATER = MONDAY + timedelta(days=98)
ADMINISTRATORS = {"name": "Exampleshire", "domain": "alerts.example.gov.uk",
                  "administrators": [{"name": "Ann Admin", "address": "admin@example.gov.uk"}, {"name": "Bo Admin", "address": "bo@example.gov.uk"}]}  # fmt: skip


@pytest.fixture(scope="module")
def _three_days(tmp_path_factory: pytest.TempPathFactory) -> Office:
    office = Office(tmp_path_factory.mktemp("lived"))
    office.settings = {"retention": SETTINGS, "council": ADMINISTRATORS}
    office.begin(MONDAY)
    office.council.on_a_plan("C3", seen=MONDAY - timedelta(days=41))
    office.council.visited("C1", MONDAY)
    for later in (1, 2):
        office.run(MONDAY + timedelta(days=later))
    assert office.alert("C1").resolved_on
    return office


@pytest.fixture
def office(_three_days: Office, tmp_path: Path) -> Office:
    """Two children of whom somebody was told; C1's alert ended long ago, C3's is live."""
    office = _three_days.copy(tmp_path, MONDAY + timedelta(days=2))
    for child in ("C1", "C2"):
        office.council.visited(child, LATER - timedelta(days=1))
    return office


def begin(office: Office) -> str:
    shell = Shell(office.folder / "config.yaml")
    shown = shell("store", "retention").output
    shell("store", "retention", "--begin", "--by", "Ann Admin", "--note", "policy 7.2")
    return shown


def kept(office: Office, column: sa.Column[str], *where: sa.ColumnElement[bool]) -> list[str]:
    store = office.store()
    with store.transaction() as connection:
        found = list(connection.execute(sa.select(column).where(*where).order_by(*column.table.primary_key)).scalars())
    store.close()
    return found


def items(office: Office, until: date = LATER) -> set[str]:
    """The references of the alerts that the messages of the first days still say something of."""
    said = [json.loads(text) for text in kept(office, outbox.c.content, outbox.c.as_of < until)]
    return {item["ref"] for content in said for item in content.get("items", ())}


def facts(office: Office) -> dict[str, str]:
    return dict(zip((alert.ref for alert in office.alerts()), kept(office, reading.c.facts), strict=True))


def breaches(office: Office) -> list[str]:
    """What the audit finds, but for the days that this test left out."""
    days = ("--from", MONDAY.isoformat(), "--to", (LATER + timedelta(days=1)).isoformat())
    said = CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), "audit", "verify", *days])
    assert "alerts by person and day" in said.output
    return [line for line in said.output.splitlines() if line.startswith("  ") and "was neither done nor noted" not in line]


def test_nothing_is_forgotten_until_somebody_was_shown_it_and_has_let_it_begin(office: Office) -> None:
    before = kept(office, outbox.c.content)

    office.run(LATER)

    assert kept(office, outbox.c.content)[: len(before)] == before
    assert (
        "nothing of `retention:` is done yet" in Shell(office.folder / "config.yaml")("check", "--no-source", "--offline").output
    )


def test_what_is_old_and_ended_is_forgotten_what_is_live_is_not_and_the_audit_is_clean(office: Office) -> None:
    office.run(LATER)
    ended, live, before = office.alert("C1").ref, office.alert("C3").ref, facts(office)
    told = [json.loads(text).get("told") for text in kept(office, outbox.c.content)]
    assert items(office) >= {ended, live}

    assert "1 ended alert" in begin(office)
    office.run(LATER + timedelta(days=1))

    assert items(office, until=MONDAY + timedelta(days=1)) == set()
    assert live in items(office), "a message waits until all that it tells of has ended"
    assert facts(office)[ended] == "{}" != before[ended]
    assert {ref: text for ref, text in facts(office).items() if text == "{}" != before.get(ref)} == {ended: "{}"}
    assert [json.loads(text).get("told") for text in kept(office, outbox.c.content)][: len(told)] == told
    assert any("was taken out on 9 June 2026" in text for text in kept(office, outbox.c.content))
    assert breaches(office) == []


def test_settings_that_were_changed_have_to_be_shown_anew(office: Office) -> None:
    office.run(LATER)
    begin(office)
    office.settings["retention"] = SETTINGS | {"message_contents": 31}

    office.run(LATER + timedelta(days=1))

    assert office.alert("C1").ref in items(office)


def test_earlier_messages_forget_a_child_as_soon_as_the_record_is_sealed(office: Office) -> None:
    office.settings["retention"] = {"sealed": True}
    office.run(MONDAY + timedelta(days=2))
    begin(office)
    sealed, other = office.alert("C3").ref, office.alert("C1").ref
    assert items(office) >= {sealed, other}
    office.council.add("ext_restricted", person_id="C3", level="sealed")

    office.run(MONDAY + timedelta(days=3))

    assert sealed not in items(office)
    assert other in items(office)
    assert breaches(office) == []


def test_so_does_a_message_that_waited_when_the_record_was_sealed(tmp_path: Path, relay: ScriptedMailServer) -> None:
    office = Waiting(tmp_path, relay)
    office.settings |= {"retention": {"sealed": True}, "council": ADMINISTRATORS}
    office.run(MONDAY, "weekly")
    store = office.store()
    with store.transaction() as connection:
        retention.begin(connection, Retention(sealed=True), somebody("P1"), "policy 7.2", office.at(MONDAY, 12))
    store.close()
    sealed = office.alert("C1", "plan-of-the-week").ref
    office.limit("C1", level="sealed")
    office.run(MONDAY + timedelta(days=1))
    assert sealed in items(office), "it waits, and nobody knows yet what becomes of it"

    office.back()
    office.run(MONDAY + timedelta(days=2))

    assert sealed not in items(office)


def damage(office: Office, id_: int, ref: str, child: str) -> None:
    """Spoil by hand a row in each way in which somebody stands in rows: by id, by an alert's number, reference or words."""
    by_hand(
        office,
        f"UPDATE alert SET level = 'x' WHERE id = {id_}",
        f"UPDATE reading SET facts = '{{x' WHERE alert_id = {id_}",
        f"""UPDATE outbox SET as_of = 'x', content = '{{"items": [{{"ref": "{ref}", ' WHERE id = 1""",
        f"UPDATE act SET at = 'x', note = 'no visit to {child}: moved' WHERE id = 1",
    )


def test_so_do_rows_that_nobody_could_read_whenever_they_were_damaged(office: Office) -> None:
    office.settings["retention"] = {"sealed": True}
    office.run(MONDAY + timedelta(days=2))
    begin(office)
    sealed, other = office.alert("C3"), office.alert("C1")
    damage(office, sealed.id, sealed.ref, "C3")
    by_hand(office, f"UPDATE reading SET facts = '{{x' WHERE alert_id = {other.id}")
    office.run(MONDAY + timedelta(days=3))
    assert len(kept(office, set_aside.c.row)) == 5
    office.council.add("ext_restricted", person_id="C3", level="sealed")

    office.run(MONDAY + timedelta(days=4))

    [left] = kept(office, set_aside.c.row)
    assert f'"alert_id": {other.id}' in left
    damage(office, sealed.id, sealed.ref, "C3")
    by_hand(office, "INSERT INTO set_aside SELECT 99, at, table_name, columns, 'C3: not what the service writes' FROM set_aside")
    office.run(MONDAY + timedelta(days=5))
    assert kept(office, set_aside.c.row) == [left]
    assert "0 rows set aside" in Shell(office.folder / "config.yaml")("store", "retention").output
