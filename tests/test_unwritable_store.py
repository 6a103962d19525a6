"""A store that is newer, damaged, on a full disk or not to be written: nothing is sent that is not remembered."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from alerting.errors import AlertingError, ConfigError, StoreError
from alerting.store import schema
from alerting.store.backup import backup
from alerting.store.store import Store
from tests.made_council import MONDAY
from tests.office import Office
from tests.one_rule_office import command, one_rule, store_of

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return one_rule(Office(tmp_path))


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
