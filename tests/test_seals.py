"""Whoever changes the store by hand is noticed: at least by whoever has a head of its seals from outside."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from alerting.alerts.acts import ActKind
from alerting.alerts.matcher import Matcher
from alerting.audit.seals import SealCheck, check_seals
from alerting.casedata.said_cover import SaidCover
from alerting.commands import cli
from alerting.config import Handling, Retention
from alerting.notifications.silences import Impact, SilenceRequest
from alerting.store import acts, brakes, newest_directory, retention, said_cover, schema, seals, silences
from alerting.store.column_types import Moment
from alerting.store.messages import send_hold
from alerting.store.store import Store
from tests.made_council import MONDAY, somebody
from tests.office import Office

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
IMPACT = Impact(alerts=[], open=9, levels={}, people=[], teams=[])


def a_lived_in(office: Office) -> Office:
    """Three days of a service in which people did things of every kind."""
    office.rules_of_its_own()
    office.rule()
    office.run(MONDAY)
    office.rule("other", "PL-02")
    office.settings["rules"] = {"params": {"first_run_brake": 1}}
    office.run(MONDAY + DAY)
    with opened(office) as store:
        office.handle("C1", "plan-long", "acknowledge", MONDAY, until=MONDAY + 9 * DAY)
        office.handle("C1", "plan-long", "not_useful", MONDAY)
        office.handle("C1", "plan-long", "not_useful", MONDAY)
        with store.transaction() as connection:
            for child in ("C1", "C2"):
                matcher, until = Matcher(child=(child,), rule=("other",)), MONDAY + 9 * DAY
                wanted = SilenceRequest(matcher=matcher, reason="moving", by=somebody("P1"), begins=MONDAY, until=until)
                silences.add(connection, wanted, IMPACT, Handling(), NOON)
            silences.end(connection, 2, by=somebody("P1"), note="", now=NOON)
            brakes.release(connection, None, by=somebody("P1"), note="looked at", now=NOON)
    office.council.row("ssd_cp_plans", cppl_person_id="C1")["cppl_cp_plan_start_date"] = MONDAY.isoformat()
    office.run(MONDAY + 2 * DAY)
    return office


@contextmanager
def opened(office: Office) -> Iterator[Store]:
    with closing(office.store()) as store:
        yield store


def checked(office: Office, *heads: str) -> SealCheck:
    with opened(office) as store, store.transaction() as connection:
        return check_seals(connection, heads)


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return a_lived_in(Office(tmp_path_factory.mktemp("lived-in")))


@pytest.fixture
def office(lived_in: Office, tmp_path: Path) -> Office:
    """A copy of it, to be spoiled."""
    office = Office(tmp_path)
    shutil.copytree(lived_in.folder, tmp_path, dirs_exist_ok=True)
    office.settings = lived_in.settings
    return office


def by_hand(office: Office, *statements: str) -> None:
    with closing(sqlite3.connect(office.folder / "alerting.db")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


COPY = "INSERT INTO {0} SELECT {1} FROM {0} WHERE id = (SELECT max(id) FROM {0})"
EDITS = {
    "who acted": "UPDATE act SET by = 'H1' WHERE id = 2",
    "what was done": "UPDATE act SET kind = 'recorded' WHERE id = 1",
    "from where": "UPDATE act SET host = 'elsewhere' WHERE id = 4",
    "what was said of it": "UPDATE act SET note = 'something else' WHERE kind = 'brake released'",
    "when": "UPDATE act SET at = '2026-03-02 08:00:00' WHERE id = 3",
    "an act is gone": "DELETE FROM act WHERE id = 3",
    "the last act is gone": "DELETE FROM act WHERE id = (SELECT max(id) FROM act)",
    "an act that was not": "INSERT INTO act (at, by, kind, about, note) VALUES ('2026-03-09 08:00:00', 'P1', 'silence', 'x', '')",
    "an act that was not, with a link": """INSERT INTO act (at, by, kind, about, note, link)
        VALUES ('2026-11-30 08:00:00', 'P1', 'silence', 'x', '', 'db1d1ab34fb38930ffc38ce980097f71414fce74')""",
    "two acts in the other order": (
        "UPDATE act SET id = -1 WHERE id = 1",
        "UPDATE act SET id = 1 WHERE id = 2",
        "UPDATE act SET id = 2 WHERE id = -1",
    ),
    "who acknowledged": "UPDATE handling SET by = 'S1' WHERE kind = 'acknowledge'",
    "until when": "UPDATE handling SET until = '2027-03-09' WHERE kind = 'acknowledge'",
    "an acknowledgement is gone": "DELETE FROM handling WHERE kind = 'acknowledge'",
    "an acknowledgement that was not": """INSERT INTO handling (alert_id, kind, by, note, level, at, until)
        VALUES (2, 'acknowledge', 'M1', '', 2, '2026-11-30 08:00:00', '2026-12-31')""",
    "it has ended after all": "UPDATE handling SET ended_at = NULL, ended_by = NULL WHERE ended_at IS NOT NULL",
    "a silence's reason": "UPDATE silence SET reason = 'agreed' WHERE id = 1",
    "a second person": "UPDATE silence SET approved_by = 'H1' WHERE id = 1",
    "what a silence is about": """UPDATE silence SET matcher = '{"level": ["amber"]}' WHERE id = 1""",
    "a silence's end": "UPDATE silence SET until = '2027-01-01' WHERE id = 1",
    "a silence is ended earlier": "UPDATE silence SET ended_at = '2026-03-02 12:00:00', ended_by = 'P1' WHERE id = 1",
    "a silence goes on": "UPDATE silence SET ended_at = NULL WHERE id = 2",
    "a silence is gone": "DELETE FROM silence WHERE id = 1",
    "a silence that was not": """INSERT INTO silence (matcher, reason, by, begins, until, matched, at)
        VALUES ('{"team": ["T1"]}', 'x', 'P1', '2026-03-02', '2026-12-31', 1, '2026-11-30 08:00:00')""",
    "why an alert ended": "UPDATE transition SET reason = 'closed' WHERE after = 'resolved'",
    "the day an alert ended": "UPDATE transition SET as_of = '2026-03-02' WHERE after = 'resolved'",
    "a change is gone": "DELETE FROM transition WHERE id = 1",
    "the last change is gone": "DELETE FROM transition WHERE id = (SELECT max(id) FROM transition)",
    "a change that was not": COPY.format(
        "transition", "id + 1, alert_id, run_id, at, as_of, before, after, level_before, level_after, reason, detail, by, rule_version"
    ),
    "a change by hand": COPY.format(
        "transition", "id + 1, alert_id, NULL, '2026-11-30 08:00:00', as_of, after, after, level_before, level_after, reason, detail, 'M1', NULL"
    ),
    "an answer": "UPDATE delivery SET answer = 'refused' WHERE id = 1",
    "a delivery's moment": "UPDATE delivery SET at = '2026-03-01 07:00:00' WHERE id = 1",
    "a delivery is gone": "DELETE FROM delivery WHERE id = 1",
    "whom a message was for": "UPDATE outbox SET recipient = 'M2' WHERE id = 1",
    "what a message said": "UPDATE outbox SET content = replace(content, 'C1', 'C2') WHERE state = 'accepted'",
    "to which address it went": "UPDATE outbox SET address = 'm2@example.gov.uk' WHERE id = 1",
    "a message is gone": "DELETE FROM outbox WHERE id = 1",
    "who released a brake": "UPDATE brake SET released_by = 'H1'",
    "a brake is gone": "DELETE FROM brake",
    "a table's release that was not": """INSERT INTO source_release (table_name, as_of, problem, by, note, at)
        VALUES ('ext_restricted', '2026-03-04', 'x', 'P1', 'x', '2026-11-30 08:00:00')""",
    "how a run ended": "UPDATE run SET status = 'failed' WHERE id = 1",
    "a run is gone": "DELETE FROM run WHERE id = 2",
    "the last run is gone": "DELETE FROM run WHERE id = 3",
    "a brake that was not": """INSERT INTO brake (rule, since, run_id, count, kind)
        VALUES ('other', '2026-03-04', 3, 9, 'storm')""",
    "an alert is gone": "DELETE FROM alert WHERE id = 1",
    "since when an alert is open": "UPDATE alert SET first_seen = '2026-03-03' WHERE id = 2",
    "a seal is gone": "DELETE FROM seal WHERE id = 2",
    "the last seal is gone": ("DELETE FROM sealed_row WHERE seal_id = 3", "DELETE FROM seal WHERE id = 3"),
    "what a seal is over": "DELETE FROM sealed_row WHERE table_name = 'silence'",
    "whose an alert is": "UPDATE alert SET team = 'T2' WHERE id = 2",
    "whose worker it is": "UPDATE alert SET worker = 'W2' WHERE id = 2",
    "whom an alert is about": "UPDATE alert SET person = 'C9' WHERE id = 2",
    "who else is meant": "UPDATE alert SET member = 'C9' WHERE id = 2",
    "an address that was never refused": """INSERT INTO bad_address (receiver, address, since, answer, ours)
        VALUES ('outbox', 'm1@example.gov.uk', '2026-03-04 08:00:00', '550', 0)""",
    "what is known of an alert": """UPDATE reading SET facts = '{"name": "x"}' WHERE alert_id = 2""",
    "what an alert measures": "UPDATE reading SET measure = 1 WHERE alert_id = 2",
    "how many rows a table had": "UPDATE table_reading SET rows = 9000 WHERE rowid = 1",
    "a reading of a table is gone": "DELETE FROM table_reading WHERE rowid = 1",
    "by which text a rule was asked": "UPDATE rule_version SET hash = 'x'",
    "what a rule's file said": "UPDATE rule_file SET text = text || ' ' WHERE rowid = 1",
    "a file of rules is gone": "DELETE FROM rule_file WHERE rowid = 1",
    "a note is erased without its salt": "UPDATE act SET note = '' WHERE kind = 'brake released'",
    "a note is erased with its salt, as the service does it": (
        "UPDATE act SET note = '', wanted = NULL WHERE kind = 'brake released'",
        """UPDATE sealed_row SET contents_salt = NULL
            WHERE table_name = 'act' AND row_id = (SELECT id FROM act WHERE kind = 'brake released')""",
    ),
    "a message is emptied with its salt": (
        "UPDATE outbox SET name = '', address = NULL, content = '' WHERE id = 1",
        "UPDATE sealed_row SET contents_salt = NULL WHERE table_name = 'outbox' AND row_id = 1 AND part = 'accepted'",
    ),
}  # fmt: skip


def test_what_nobody_touched_is_whole(lived_in: Office) -> None:
    found = checked(lived_in)

    assert (found.breaks, found.seals) == ((), 3)
    assert found.rows > 30


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_by_hand_is_noticed(office: Office, edit: str) -> None:
    statements = EDITS[edit]
    by_hand(office, *([statements] if isinstance(statements, str) else statements))

    assert checked(office).breaks


CHANGES_BY_ITSELF = {
    "alert": "condition streak streak_on held_reason held_detail held_since resolved_reason resolved_detail flaps "
    "reopened_on adviser episode rule_version",
    "bad_address": "since answer ours",
    "brake": "population",
    "notice": "key job first_on title",
    "occurrence": "job as_of state owner token lease_until note",
    "outbox": "urgency state attempts next_at owner lease_until handed_over_at answer finished_at expires_at "
    "stands_for reason reach",
    "reading": "run_id",
    "receiver_state": "receiver refusals opened_at next_at answer",
    "routed": "alert_id recipient run_id since until reason detail id",
    "run": "report",
    "set_aside": "id at table_name columns row",
    "sealed_row": "id",
    "state": "at",
    "told": "receiver recipient alert_id level condition told_on",
}
"""Columns of which no seal says anything: sending, or the next run, changes them without anybody's act. By table."""


@pytest.mark.parametrize("column", [column for table in schema.metadata.sorted_tables for column in table.c], ids=str)
def test_whatever_column_is_changed_by_hand_is_noticed(lived_in: Office, column: sa.Column[object]) -> None:
    name = f'"{column.name}"'
    spoilt = (
        f"CASE WHEN typeof({name}) IN ('integer', 'real') THEN {name} + 7000 WHEN {name} IS NULL THEN 'x' ELSE {name} || 'x' END"
    )
    if isinstance(column.type, sa.Date | sa.DateTime | Moment):
        spoilt = "'2026-01-05'" if isinstance(column.type, sa.Date) else "'2026-01-05 07:00:00'"
    if isinstance(column.type, sa.JSON):
        spoilt = """'{"another": 1}'"""
    with opened(lived_in) as store, store.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        live = {"alert": "AND resolved_on IS NULL", "reading": "AND alert_id = 2", "state": "AND name = 'directory'"}.get(
            column.table.name, ""
        )
        row = f"SELECT min(rowid) FROM {column.table.name} WHERE {name} IS NOT NULL {live}"
        there = connection.exec_driver_sql(row).scalar()
        connection.exec_driver_sql(f"UPDATE {column.table.name} SET {name} = {spoilt} WHERE rowid = ({row})")
        breaks = check_seals(connection).breaks if there else ()
        connection.rollback()

    assert bool(breaks) == (bool(there) and column.name not in CHANGES_BY_ITSELF.get(column.table.name, "").split()), breaks


@pytest.mark.parametrize(
    "edit", ["an acknowledgement that was not", "a silence that was not", "a change by hand", "an act that was not"]
)
def test_what_was_put_in_is_noticed_after_the_next_run_has_sealed_it_too(office: Office, edit: str) -> None:
    by_hand(office, str(EDITS[edit]))
    with opened(office) as store, store.transaction() as connection:
        seals.seal_run(connection, 99, NOON)

    assert checked(office).breaks


STEERING = {
    "the last list is gone": "DELETE FROM state WHERE name = 'restricted records'",
    "a list that was never released": """INSERT INTO state (name, value, at)
        VALUES ('restricted records released', '{"mark": "x"}', '2026-03-04 08:00:00')""",
    "the directory": "UPDATE state SET value = replace(value, 'M1', 'M2') WHERE name = 'directory'",
    "what a table was like": "UPDATE state SET value = '{}' WHERE name LIKE 'filled:%'",
    "a rule that is believed": "INSERT INTO state (name, value, at) VALUES ('believed', '[\"other\"]', '2026-03-04 08:00:00')",
    "cover that nobody said": """INSERT INTO state (name, value, at) VALUES ('cover',
        '[{"id": 9, "away": "M1", "by": "M2", "said_by": "M1", "begins": "2026-03-02", "until": "2026-12-31"}]', '2026-03-04 08:00:00')""",
    "fire is held": """INSERT INTO state (name, value, at)
        VALUES ('hold_fire', '{"by": "P1", "why": "x", "restored": false}', '2026-03-04 08:00:00')""",
    "words are erased with their salt": """UPDATE sealed_row SET contents_salt = NULL
        WHERE id = (SELECT min(id) FROM sealed_row WHERE table_name = 'outbox' AND contents IS NOT NULL)""",
}


@pytest.mark.parametrize("edit", STEERING)
def test_an_edit_of_what_steers_is_noticed_at_once_and_after_the_next_run_has_rewritten_it(office: Office, edit: str) -> None:
    by_hand(office, STEERING[edit])
    assert [each for each in checked(office).breaks if each.endswith("was changed by hand")]

    office.run(MONDAY + 3 * DAY)
    assert [each for each in checked(office).breaks if each.endswith("changed by hand before the run of 2026-03-05")]
    assert "The store was changed by hand" in {notice.title for notice in office.notices}


def test_what_people_do_between_two_runs_is_no_edit_by_hand(office: Office) -> None:
    wanted = SaidCover(id=0, away="M1", by="S1", said_by="M1", begins=MONDAY + 2 * DAY, until=MONDAY + 30 * DAY)
    with opened(office) as store, store.transaction() as connection:
        newest = newest_directory.read(connection)
        assert newest is not None
        said = said_cover.say(connection, newest.directory, wanted, somebody("M1"), ["M1"], MONDAY + 2 * DAY, NOON)
    assert checked(office).breaks == ()
    office.run(MONDAY + 3 * DAY)
    assert checked(office).breaks == ()
    with opened(office) as store, store.transaction() as connection:
        said_cover.end(connection, newest.directory, said.id, somebody("M1"), ["M1"], MONDAY + 3 * DAY, NOON)
        assert check_seals(connection).breaks == ()
        send_hold.hold(connection, by=somebody("P1"), why="looking", now=NOON)
        assert check_seals(connection).breaks == ()
        marker = send_hold.Marker(store=store, path=None, environment="production")
        marker.release(connection, by=somebody("P1"), note="looked", now=NOON)
    office.run(MONDAY + 4 * DAY)
    assert checked(office).breaks == ()


ALONE = {
    "a silence": str(EDITS["a silence that was not"]),
    "a silence of long ago": str(EDITS["a silence that was not"]).replace("2026-11-30", "2026-03-02"),
    "an acknowledgement": str(EDITS["an acknowledgement that was not"]).replace("VALUES (2", "VALUES (1"),
    "a change": str(EDITS["a change by hand"]),
    "an act": str(EDITS["an act that was not"]),
    "a table's release": str(EDITS["a table's release that was not"]),
    "a brake's release": """INSERT INTO brake (rule, since, run_id, count, kind, released_at, released_by, note)
        VALUES ('plan-long', '2026-03-02', 1, 9, 'burst', '2026-03-02 12:00:00', 'P1', 'x')""",
}


@pytest.mark.parametrize("edit", ALONE)
def test_what_was_put_in_where_nobody_ever_acted_is_noticed_before_and_after_the_next_seal(office: Office, edit: str) -> None:
    office = Office(office.folder / "quiet")
    office.rules_of_its_own()
    office.rule()
    office.run(MONDAY)
    assert checked(office).breaks == ()
    by_hand(office, ALONE[edit])
    assert [each for each in checked(office).breaks if "nobody's act" in each or "was put in" in each]
    with opened(office) as store, store.transaction() as connection:
        seals.seal_run(connection, 99, NOON)

    assert [each for each in checked(office).breaks if "nobody's act" in each or "was put in" in each]


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE act SET by = 'H1' WHERE id = {}",
        "UPDATE act SET at = '2026-03-04 12:00:00' WHERE id = {}",
        "DELETE FROM act WHERE id = {}",
    ],
)
def test_an_act_is_safe_before_the_next_run_seals_it(office: Office, edit: str) -> None:
    with opened(office) as store, store.transaction() as connection:
        number, _ = (acts.keep(connection, somebody("P1"), ActKind.fire_held, "service", NOON) for _ in range(2))
    assert checked(office).breaks == ()
    by_hand(office, edit.format(number))

    assert checked(office).breaks


def test_a_store_that_ends_earlier_is_known_by_a_head_from_outside(office: Office) -> None:
    head = checked(office).head
    assert head
    assert checked(office, head, head[:12].upper()).breaks == ()
    tables = ("act", "handling", "silence", "brake", "transition", "delivery", "outbox", "alert", "run")
    by_hand(
        office,
        *(f"DELETE FROM {name} WHERE id IN (SELECT row_id FROM sealed_row WHERE seal_id = 3 AND part = 'made' AND table_name = '{name}')" for name in tables),
        "DELETE FROM run WHERE id >= 3",
        "DELETE FROM sealed_row WHERE seal_id = 3",
        "DELETE FROM seal WHERE id = 3",
    )  # fmt: skip

    assert any("is none of this store's" in problem for problem in checked(office, head).breaks)


def test_what_is_erased_by_the_service_verifies_as_erased(office: Office) -> None:
    with opened(office) as store, store.transaction() as connection:
        messages = connection.execute(sa.select(schema.outbox.c.id)).scalars().all()
        assert seals.erase(connection, schema.outbox, messages) > 0
        notes = connection.execute(sa.select(schema.act.c.id)).scalars().all()
        seals.erase(connection, schema.act, notes)
        acts.keep(connection, somebody("P1"), ActKind.child_wiped, "C1", NOON)

    found = checked(office)
    assert (found.breaks, found.erased > 3) == ((), True)
    by_hand(office, "UPDATE act SET note = 'put back' WHERE id = 1")
    assert checked(office).breaks == ("the words of act 1 were changed",)


def test_what_retention_forgets_is_no_edit_by_hand(office: Office) -> None:
    office.settings["retention"] = {"alert_facts": 60, "message_contents": 30, "sealed": True}
    by_hand(office, """UPDATE reading SET facts = '{"name": "x"}' WHERE alert_id = 1""")
    office.run(MONDAY + 3 * DAY)
    with opened(office) as store, store.transaction() as connection:
        retention.begin(connection, Retention(**office.settings["retention"]), somebody("P1"), "", NOON)
    office.council.add("ext_restricted", person_id="C1", level="sealed")
    for day in (70, 71):
        office.run(MONDAY + day * DAY)
        found = checked(office)
        assert (found.breaks, found.erased > 0) == ((), True)
    by_hand(office, "UPDATE sealed_row SET contents_salt = NULL WHERE table_name = 'delivery'", "UPDATE delivery SET answer = ''")
    assert checked(office).breaks == ("the number of rows whose words were erased was changed by hand",)
    with opened(office) as store, store.transaction() as connection:
        assert connection.execute(sa.select(schema.reading.c.facts).where(schema.reading.c.alert_id == 1)).scalar() == "{}"


def test_the_head_goes_to_the_administrators_and_with_the_heartbeat_and_the_audit_compares_it(
    lived_in: Office, office: Office
) -> None:
    office.settings["heartbeat"] = {"file": "alive"}
    office.run(MONDAY + 3 * DAY)
    head, said = checked(office).head, (office.folder / "alive").read_text("utf-8")
    [figures] = {item.content.run for item in office.planned if item.purpose == "admin"}

    assert said.splitlines()[1] == f"seal {head}"
    assert [figure.value for figure in figures if figure.name == "Sealed as"] == [head]
    assert f"the last head is {head}" in audit(office, 0)
    assert audit(office, 0, "--head", str(head)[:20])
    shutil.copy(lived_in.folder / "alerting.db", office.folder / "alerting.db")
    for beside in office.folder.glob("alerting.db-*"):
        beside.unlink()
    assert "is none of this store's" in audit(office, 1)
    assert "is none of this store's" in audit(office, 1, "--head", "0" * 40)


def test_the_audit_compares_the_head_in_the_marker_without_being_asked(office: Office) -> None:
    office.run(MONDAY + 3 * DAY)
    audit(office, 0)
    by_hand(office, "DELETE FROM sealed_row", "DELETE FROM seal")
    assert "is none of this store's" in audit(office, 1)


def audit(office: Office, code: int, *more: str) -> str:
    result = CliRunner().invoke(
        cli, ["--config", str(office.folder / "config.yaml"), "audit", "verify", "--to", "2026-03-05", *more]
    )
    assert result.exit_code == code, result.output
    return result.output


def test_it_is_the_same_in_either_database(tmp_path: Path, store_url: str) -> None:
    office = a_lived_in(Office(tmp_path, store_url))
    assert checked(office).breaks == ()

    with opened(office) as store, store.transaction() as connection:
        connection.execute(schema.handling.update().where(schema.handling.c.kind == "acknowledge").values(by="S1"))
        connection.execute(schema.delivery.delete().where(schema.delivery.c.id == 1))
        acts.keep(connection, somebody("P1"), ActKind.fire_held, "service", NOON)
    assert {"delivery 1 was taken away", "handling 1 was changed (made)"} <= set(checked(office).breaks)
