"""Backups, what comes after a restore, and a store that cannot be written: nothing is sent that is not remembered."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from alerting.app import build
from alerting.commands import cli
from alerting.errors import AlertingError, ConfigError, StoreError
from alerting.notifications.report import Report
from alerting.store import schema, send_hold
from alerting.store.backup import backup
from alerting.store.outbox import Outbox
from alerting.store.store import Store
from tests.made_council import MONDAY
from tests.office import Office

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
NOW = datetime(2026, 3, 9, 9, tzinfo=UTC)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return one_rule(Office(tmp_path))


def one_rule(office: Office) -> Office:
    office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    return office


@contextmanager
def store_of(office: Office) -> Iterator[Store]:
    store = Store.open(build(office.folder / "config.yaml").store_url)
    try:
        yield store
    finally:
        store.close()


def messages(office: Office, **wanted: object) -> list[dict[str, Any]]:
    with store_of(office) as store:
        rows = Outbox(store, domain="x").listed()
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def command(office: Office, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), *words])
    return result.exit_code, result.output


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
    office.run(MONDAY)
    command(office, "store", "backup", str(tmp_path / "monday.db"))
    office.council.on_a_plan("C3", seen=MONDAY - 50 * DAY)
    office.run(MONDAY + DAY)
    assert office.told("M1") == {"C1": "open", "C3": "new"} or "C3" in office.told("M1")
    put_back(office, tmp_path / "monday.db")
    return office


def test_a_restored_store_plans_and_sends_nothing(restored: Office) -> None:
    report = restored.run(MONDAY + 2 * DAY)

    assert report.status == "done_with_faults"
    assert report.hold_fire is not None
    assert "restored from a backup" in report.hold_fire
    assert "alerting store release" in report.hold_fire
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

    assert report.hold_fire is None
    assert {row["state"] for row in messages(restored, as_of=MONDAY + 2 * DAY)} == {"accepted"}
    texts = [path.read_text("utf-8") for path in (restored.folder / "outbox").glob("*.html")]
    assert any("restored from a backup: some of what is new here you may have been told of before" in text for text in texts)


def test_who_released_it_and_why_is_kept(restored: Office) -> None:
    restored.run(MONDAY + 2 * DAY)
    command(restored, "store", "release", "--by", "A. Officer", "--note", "Monday's backup")

    with store_of(restored) as store, store.transaction() as connection:
        acts = [(row.kind, row.by, row.note) for row in connection.execute(sa.select(schema.act).order_by(schema.act.c.id))]
    assert acts[-1] == ("release_fire", "A. Officer", "Monday's backup")
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
        undone = "state = 'planned', finished_at = NULL, handed_over_at = NULL"
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
    assert run_at(office, MONDAY + DAY, 10).hold_fire is not None


def test_a_store_that_was_lost_and_begun_anew_holds_its_fire(office: Office) -> None:
    office.begin(MONDAY)
    for path in office.folder.glob("alerting.db*"):
        if not path.name.endswith(".marker"):
            path.unlink()

    report = office.run(MONDAY + DAY)

    assert report.hold_fire is not None
    assert "another store than the one that was used last" in report.hold_fire


def test_day_after_day_and_the_same_day_again_are_no_restore(office: Office) -> None:
    for day in (MONDAY, MONDAY, MONDAY + DAY):
        assert office.run(day).hold_fire is None


def test_a_dry_run_neither_reads_nor_writes_the_marker(office: Office) -> None:
    office.run(MONDAY, dry_run=True)

    assert not (office.folder / "alerting.db.marker").exists()


def test_a_marker_elsewhere_recognises_a_folder_that_was_restored_whole(office: Office, tmp_path: Path) -> None:
    office.settings["marker"] = str(tmp_path / "elsewhere")
    office.run(MONDAY)
    command(office, "store", "backup", str(tmp_path / "monday.db"))
    office.run(MONDAY + DAY)
    put_back(office, tmp_path / "monday.db")

    assert office.run(MONDAY + 2 * DAY).hold_fire is not None
    assert not (office.folder / "alerting.db.marker").exists()


def test_a_marker_that_cannot_be_written_is_told_and_stops_nothing(office: Office, tmp_path: Path) -> None:
    office.settings["marker"] = str(tmp_path / "no folder" / "marker")

    report = office.run(MONDAY)

    assert "cannot be written (No such file or directory)" in " ".join(report.problems)
    assert (report.notifications["deferred"], report.hold_fire) == (0, None)


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
    assert "Already fire is held" in command(office, "store", "hold", "--by", "B. Officer", "--note", "me too")[1]
    held = office.run(MONDAY + DAY)
    assert held.hold_fire is not None
    assert "restoring" in held.hold_fire
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


# ---- a newer store, and a migration that fails


def test_a_store_of_a_newer_release_is_refused_and_nothing_is_done_to_it(office: Office) -> None:
    office.begin(MONDAY)
    with store_of(office) as store, store.transaction() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    for words in (("run", "daily"), ("store", "upgrade"), ("alerts", "list")):
        code, said = command(office, *words)
        assert (code, "newer version" in said, "Traceback" in said) == (1, True, False)


def test_a_migration_that_fails_leaves_the_store_as_it_was(store_url: str, tmp_path: Path) -> None:
    """The newest migration, made to fail at its very end, after all that it did."""
    folder = tmp_path / "migrations"
    shutil.copytree(Path(schema.__file__).parent / "migrations", folder, ignore=shutil.ignore_patterns("__pycache__"))
    newest = max((folder / "versions").glob("[0-9]*.py"))
    with newest.open("a", encoding="utf-8") as file:
        file.write(
            "\n\n_upgraded = upgrade\n\n\ndef upgrade() -> None:\n    _upgraded()\n    op.execute('SELECT * FROM there_is_no_such_table')\n"
        )
    store = Store.connect(store_url)
    try:
        migrate(store, folder, "0002")
        shape = tables(store)
        with pytest.raises(sa.exc.DBAPIError):
            migrate(store, folder, "head")

        assert (store.version(), tables(store)) == ("0002", shape)
        store.upgrade()
        assert store.version() == schema.SCHEMA
    finally:
        store.close()


def migrate(store: Store, folder: Path, to: str) -> None:
    from alembic import command as alembic
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", folder.as_posix())
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        alembic.upgrade(config, to)


def tables(store: Store) -> dict[str, list[str]]:
    with store.engine.connect() as connection:
        seen = sa.inspect(connection)
        return {name: sorted(column["name"] for column in seen.get_columns(name)) for name in sorted(seen.get_table_names())}


# ---- a store that cannot be written


def sent_files(office: Office) -> list[Path]:
    return sorted((office.folder / "outbox").glob("*.eml")) if (office.folder / "outbox").exists() else []


def test_a_full_disk_sends_nothing_says_so_and_when_there_is_space_the_run_is_done(office: Office, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with small_disk(disk, "2m"):
        office.store_url = f"sqlite:///{disk.as_posix()}/alerting.db"
        office.run(MONDAY)
        before = len(sent_files(office))
        filler = fill(disk)
        office.council.on_a_plan("C3", seen=MONDAY - 50 * DAY)

        with pytest.raises(StoreError, match=r"full|disk I/O") as stopped:
            office.run(MONDAY + DAY)
        assert "C3" not in str(stopped.value)
        assert len(sent_files(office)) == before

        filler.unlink()
        office.run(MONDAY + DAY)
        assert "C3" in office.told("M1")
        assert len(sent_files(office)) > before
        with store_of(office) as store, closing(sqlite3.connect(str(store.engine.url.database))) as line:
            assert line.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_disk_that_may_not_be_written_sends_nothing_and_says_so(office: Office, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with small_disk(disk, "4m"):
        office.store_url = f"sqlite:///{disk.as_posix()}/alerting.db"
        office.run(MONDAY)
        before = len(sent_files(office))
        mount("-o", "remount,ro", str(disk))
        try:
            with pytest.raises(AlertingError, match=r"readonly|read-only|unable to open"):
                office.run(MONDAY + DAY)
        finally:
            mount("-o", "remount,rw", str(disk))
        assert len(sent_files(office)) == before


@pytest.mark.skipif(sys.platform == "win32", reason="a limit of a file's size is not known there")
def test_a_store_that_may_not_grow_ends_the_command_in_words_and_sends_nothing(office: Office) -> None:
    office.council.write()
    config = office.council.configure(office.store_url)
    with store_of(office):
        size = (office.folder / "alerting.db").stat().st_size

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    done = subprocess.run(
        [sys.executable, "-m", "alerting", "--config", str(config), "run", "daily", "--as-of", "2026-03-02"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=limited,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )

    assert done.returncode == 1
    assert "the store cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
    assert sent_files(office) == []


@pytest.mark.parametrize("damage", ["text", "half", "middle"])
def test_a_damaged_store_sends_nothing_and_says_so_in_words(office: Office, damage: str) -> None:
    office.begin(MONDAY)
    before, file = len(sent_files(office)), office.folder / "alerting.db"
    with closing(sqlite3.connect(file)) as line:
        line.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = file.read_bytes()
    broken = {
        "text": b"this is not a database at all" * 200,
        "half": content[: len(content) // 2],
        "middle": content[:8192] + os.urandom(len(content) - 8192),
    }[damage]
    file.write_bytes(broken)

    code, said = command(office, "run", "daily", "--as-of", "2026-03-03")

    assert code == 1
    assert "the store" in said
    assert "Traceback" not in said
    assert len(sent_files(office)) == before


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    if sys.platform != "linux" or not mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder), check=False):
        pytest.skip("a small disk cannot be mounted here: it takes Linux and the right to mount")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def mount(*words: str, check: bool = True) -> bool:
    return subprocess.run(["mount", *words], check=check, capture_output=True).returncode == 0


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 1024)
        except OSError:
            return filler


def test_a_backup_that_does_not_fit_leaves_nothing_behind(office: Office, tmp_path: Path) -> None:
    office.begin(MONDAY)
    disk = tmp_path / "disk"
    disk.mkdir()
    with small_disk(disk, "64k"), store_of(office) as store:
        with pytest.raises((ConfigError, StoreError), match=r"cannot be (copied|written)"):
            backup(store, disk / "copy.db")

        assert list(disk.iterdir()) == []
