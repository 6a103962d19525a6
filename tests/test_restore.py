"""Backups, and what comes after a restore: nothing is sent that is not remembered."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import threading
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from alerting.app import build
from alerting.errors import StoreError
from alerting.notifications.report import Report
from alerting.store import schema
from alerting.store.backup import backup
from alerting.store.messages import send_hold
from alerting.store.store import Store
from tests.made_council import MONDAY
from tests.office import Office
from tests.one_rule_office import command, messages, one_rule, store_of

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
NOW = datetime(2026, 3, 9, 9, tzinfo=UTC)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return one_rule(Office(tmp_path))


def run_at(office: Office, day: date, hour: int) -> Report:
    """Run a day at an hour of its own, so that the same day again is another run."""
    office.council.write()
    app = build(office.council.configure(office.store_url, **office.settings))
    store = app.store()
    try:
        return app.pipeline(store).run("daily", day, lambda: datetime(day.year, day.month, day.day, hour, tzinfo=UTC))
    finally:
        store.close()


def put_back(office: Office, copy: Path) -> None:
    """Restore a backup as the page says: the store is moved aside with the files beside it, and the copy takes its place."""
    for name in ("alerting.db", "alerting.db-wal", "alerting.db-shm"):
        (office.folder / name).unlink(missing_ok=True)
    shutil.copyfile(copy, office.folder / "alerting.db")


# ---- a backup


def test_a_backup_is_the_store_as_it_is_and_its_owners_alone(office: Office, tmp_path: Path) -> None:
    office.begin(MONDAY)
    copy = tmp_path / "monday.db"

    code, said = command(office, "store", "backup", str(copy))

    assert (code, "holds a copy of the store" in said) == (0, True)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob("*monday*")] == ["monday.db"]
    with store_of(office) as store:
        alerts = store.alerts()
    restored = Store.open(f"sqlite:///{copy.as_posix()}")
    assert restored.alerts() == alerts
    restored.close()


def test_a_backup_is_never_written_over(office: Office, tmp_path: Path) -> None:
    office.begin(MONDAY)
    (tmp_path / "here.db").write_text("something else")

    code, said = command(office, "store", "backup", str(tmp_path / "here.db"))

    assert (code, "is there already" in said) == (1, True)
    assert (tmp_path / "here.db").read_text() == "something else"


def test_a_backup_into_a_folder_that_is_not_there_says_so_and_leaves_nothing(office: Office, tmp_path: Path) -> None:
    office.begin(MONDAY)

    code, said = command(office, "store", "backup", str(tmp_path / "gone" / "copy.db"))

    assert (code, "cannot be written" in said) == (1, True)


def test_a_backup_while_others_write_is_the_store_at_one_moment(office: Office, tmp_path: Path) -> None:
    office.begin(MONDAY)
    with store_of(office) as store:
        over = threading.Event()

        def write() -> None:
            count = 0
            while not over.is_set():
                count += 1
                # Two rows that belong together: a copy must have both or neither.
                with store.transaction() as connection:
                    for kind in ("first", "second"):
                        connection.execute(
                            schema.act.insert().values(at=NOW, by="x", kind=kind, about=str(count), note="x" * 5000)
                        )

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for number in range(5):
                backup(store, tmp_path / f"{number}.db")
        finally:
            over.set()
            writer.join()
    for number in range(5):
        with closing(sqlite3.connect(tmp_path / f"{number}.db")) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            first, second = (
                {row[0] for row in copy.execute("SELECT about FROM act WHERE kind = ?", (kind,))} for kind in ("first", "second")
            )
            assert first == second


@pytest.mark.skipif(shutil.which("pg_dump") is None, reason="pg_dump is not installed here")
def test_postgresql_is_copied_by_its_own_program_or_says_how_to(postgres_url: str, tmp_path: Path) -> None:
    store = Store.connect(postgres_url)
    try:
        if is_older_than_its_server(store):
            with pytest.raises(StoreError, match="server version") as refused:
                backup(store, tmp_path / "copy.dump")
            assert "pg_dump --format=custom" in refused.value.remedy
            assert list(tmp_path.iterdir()) == []
        else:
            backup(store, tmp_path / "copy.dump")
            assert (tmp_path / "copy.dump").read_bytes().startswith(b"PGDMP")
    finally:
        store.close()


def is_older_than_its_server(store: Store) -> bool:
    said = subprocess.run(["pg_dump", "--version"], capture_output=True, text=True, check=True).stdout
    with store.engine.connect() as connection:
        server = connection.execute(sa.text("SHOW server_version_num")).scalar_one()
    return int(said.split()[2].split(".")[0]) < int(server) // 10000


def test_without_its_program_postgresql_is_not_copied_and_the_words_to_do_it_by_hand_are_given(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    store = Store.connect(postgres_url)
    try:
        with pytest.raises(StoreError) as refused:
            backup(store, tmp_path / "copy.dump")
    finally:
        store.close()

    assert "pg_dump is not installed here" in refused.value.problem
    assert "pg_dump --format=custom --file=FILE DATABASE" in refused.value.remedy
    assert list(tmp_path.iterdir()) == []


# ---- after a restore


@pytest.fixture
def restored(office: Office, tmp_path: Path) -> Office:
    """An office that ran on Monday and Tuesday, and then had Monday's backup put back."""
    office.begin(MONDAY)
    command(office, "store", "backup", str(tmp_path / "monday.db"))
    office.council.on_a_plan("C3", seen=MONDAY - 50 * DAY)
    office.run(MONDAY + DAY)
    assert office.told("M1") == {"C1": "open", "C3": "new"} or "C3" in office.told("M1")
    put_back(office, tmp_path / "monday.db")
    return office


def test_a_restored_store_plans_and_sends_nothing(restored: Office) -> None:
    report = restored.run(MONDAY + 2 * DAY)

    assert report.status == "done_with_faults"
    assert report.sending.hold_fire is not None
    assert "restored from a backup" in report.sending.hold_fire
    assert "alerting store release" in report.sending.hold_fire
    assert "C3" in restored.told("M1")
    assert messages(restored, as_of=MONDAY + 2 * DAY)
    assert {row["state"] for row in messages(restored, as_of=MONDAY + 2 * DAY)} == {"planned"}


def test_what_waits_can_be_looked_at(restored: Office) -> None:
    restored.run(MONDAY + 2 * DAY)

    code, said = command(restored, "deliveries", "list", "--state", "planned")

    assert code == 0
    assert "Person M1" in said


def test_a_release_sends_what_waits_and_it_says_that_it_may_be_a_repeat(restored: Office) -> None:
    restored.run(MONDAY + 2 * DAY)
    code, said = command(restored, "store", "release", "--by", "A. Officer", "--note", "Monday's backup")
    assert (code, "may be sent now" in said, "may repeat" in said) == (0, True, True)

    report = restored.run(MONDAY + 2 * DAY)

    assert report.sending.hold_fire is None
    assert {row["state"] for row in messages(restored, as_of=MONDAY + 2 * DAY)} == {"accepted"}
    texts = [path.read_text("utf-8") for path in (restored.folder / "outbox").glob("*.html")]
    assert any("restored from a backup: some of what is new here you may have been told of before" in text for text in texts)


def test_who_released_it_and_why_is_kept(restored: Office) -> None:
    restored.run(MONDAY + 2 * DAY)
    command(restored, "store", "release", "--by", "A. Officer", "--note", "Monday's backup")

    with store_of(restored) as store, store.transaction() as connection:
        acts = [(row.kind, row.by, row.note) for row in connection.execute(sa.select(schema.act).order_by(schema.act.c.id))]
    assert acts[-1] == ("release_fire", "admin@example.gov.uk", "Monday's backup")
    assert acts[0][:2] == ("hold_fire", "service")


def test_days_on_hold_are_planned_anew_each_day_and_a_release_sends_the_last_alone(restored: Office) -> None:
    restored.run(MONDAY + 2 * DAY)
    restored.run(MONDAY + 3 * DAY)
    command(restored, "store", "release", "--by", "A. Officer", "--note", "looked")
    restored.run(MONDAY + 3 * DAY)

    to_manager = messages(restored, recipient="M1", purpose="daily")
    assert [(row["as_of"].day, row["state"]) for row in to_manager][:2] == [(5, "accepted"), (4, "cancelled")]


def test_what_had_been_planned_before_the_restore_is_not_sent_by_it(office: Office, tmp_path: Path) -> None:
    run_at(office, MONDAY, 7)
    with store_of(office) as store, store.transaction() as connection:
        # Of another job than the one that is run, which withdraws what it had planned itself.
        undone = "state = 'planned', finished_at = NULL, handed_over_at = NULL, purpose = 'weekly'"
        connection.execute(sa.text(f"UPDATE outbox SET {undone} WHERE recipient = 'S1'"))
    command(office, "store", "backup", str(tmp_path / "monday.db"))
    run_at(office, MONDAY, 8)
    put_back(office, tmp_path / "monday.db")
    run_at(office, MONDAY, 9)
    command(office, "store", "release", "--by", "A. Officer", "--note", "looked")

    [old] = messages(office, recipient="S1", as_of=MONDAY)
    assert (old["state"], old["answer"]) == ("cancelled", "the store was restored; it may have been sent before")


def test_a_restore_and_a_run_of_the_same_day_anew_are_recognised(office: Office, tmp_path: Path) -> None:
    run_at(office, MONDAY, 7)
    command(office, "store", "backup", str(tmp_path / "monday.db"))
    run_at(office, MONDAY + DAY, 7)
    put_back(office, tmp_path / "monday.db")

    # The run gets the number that the lost one had.
    assert run_at(office, MONDAY + DAY, 10).sending.hold_fire is not None


def test_a_store_that_was_lost_and_begun_anew_holds_its_fire(office: Office) -> None:
    office.begin(MONDAY)
    for path in office.folder.glob("alerting.db*"):
        if not path.name.endswith(".marker"):
            path.unlink()

    report = office.run(MONDAY + DAY)

    assert report.sending.hold_fire is not None
    assert "another store than the one that was used last" in report.sending.hold_fire


def test_day_after_day_and_the_same_day_again_are_no_restore(office: Office) -> None:
    for day in (MONDAY, MONDAY, MONDAY + DAY):
        assert office.run(day).sending.hold_fire is None


def test_a_dry_run_neither_reads_nor_writes_the_marker(office: Office) -> None:
    office.run(MONDAY, dry_run=True)

    assert not (office.folder / "alerting.db.marker").exists()


def test_a_marker_elsewhere_recognises_a_folder_that_was_restored_whole(office: Office, tmp_path: Path) -> None:
    office.settings["marker"] = str(tmp_path / "elsewhere")
    office.run(MONDAY)
    command(office, "store", "backup", str(tmp_path / "monday.db"))
    office.run(MONDAY + DAY)
    put_back(office, tmp_path / "monday.db")

    assert office.run(MONDAY + 2 * DAY).sending.hold_fire is not None
    assert not (office.folder / "alerting.db.marker").exists()


def test_a_marker_that_cannot_be_written_is_told_and_stops_nothing(office: Office, tmp_path: Path) -> None:
    office.settings["marker"] = str(tmp_path / "no folder" / "marker")

    report = office.run(MONDAY)

    assert "cannot be written (No such file or directory)" in " ".join(report.problems)
    assert (report.sending.messages.deferred, report.sending.hold_fire) == (0, None)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"store": null}', "\x00\xff"])
def test_a_marker_that_says_nothing_holds_nothing_unless_it_names_another_store(tmp_path: Path, text: str) -> None:
    store = Store.open(f"sqlite:///{(tmp_path / 'alerting.db').as_posix()}")
    marker = send_hold.Marker(store=store, path=tmp_path / "marker", environment="production")
    marker.look(NOW)
    (tmp_path / "marker").write_text(text, "latin-1")

    held, problems = marker.look(NOW)
    store.close()

    assert (held is not None, problems) == (text.startswith('{"store"'), [])


# ---- by hand, and on PostgreSQL


def test_fire_can_be_held_by_hand_on_either_database(tmp_path: Path, store_url: str) -> None:
    office = one_rule(Office(tmp_path, store_url))
    office.run(MONDAY)
    assert (office.folder / "alerting.db.marker").exists() == store_url.startswith("sqlite")
    office.council.on_a_plan("C3", seen=MONDAY - 50 * DAY)

    assert command(office, "store", "hold", "--by", "A. Officer", "--note", "restoring")[0] == 0
    assert "Already fire is held" in command(office, "store", "hold", "--by", "P1", "--note", "me too")[1]
    held = office.run(MONDAY + DAY)
    assert held.sending.hold_fire is not None
    assert "restoring" in held.sending.hold_fire
    assert {row["state"] for row in messages(office, as_of=MONDAY + DAY)} == {"planned"}

    code, said = command(office, "store", "release", "--by", "A. Officer", "--note", "done")
    assert (code, "may repeat" in said) == (0, False)
    office.run(MONDAY + DAY)
    assert {row["state"] for row in messages(office, as_of=MONDAY + DAY)} == {"accepted"}


def test_a_marker_recognises_a_restored_postgresql_too(tmp_path: Path, postgres_url: str) -> None:
    store = Store.open(postgres_url)
    marker = send_hold.Marker(store=store, path=tmp_path / "marker", environment="production")
    try:
        with store.transaction() as connection:
            connection.execute(schema.run.insert().values(job="daily", as_of=MONDAY, started_at=NOW, status="done"))
        assert marker.look(NOW) == (None, [])
        with store.transaction() as connection:
            connection.execute(schema.run.delete())

        held, problems = marker.look(NOW)
        assert held is not None
        assert problems == []
    finally:
        with store.transaction() as connection:
            schema.metadata.drop_all(connection)
            connection.execute(sa.text("DROP TABLE alembic_version"))
        store.close()


def test_a_release_of_what_is_not_held_says_so(office: Office) -> None:
    office.begin(MONDAY)

    code, said = command(office, "store", "release", "--by", "A. Officer", "--note", "x")

    assert (code, "fire is not held" in said) == (1, True)


def test_a_hold_and_a_release_want_a_name_and_a_reason(office: Office) -> None:
    office.begin(MONDAY)

    assert command(office, "store", "hold", "--by", "A. Officer", "--note", " ")[0] == 1
    assert command(office, "store", "hold", "--note", "x")[0] == 2
