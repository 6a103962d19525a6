"""What is written beside the rules is for its owner's eyes alone, whatever the umask, and no case data lies anywhere else."""

from __future__ import annotations

import ast
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerting import private_files
from alerting.casedata import engine
from alerting.casedata.engine_errors import EngineError
from alerting.casedata.snapshot import Snapshot
from alerting.rulebook.loader import load_rulebook
from alerting.sources.files import Source
from alerting.sources.files.csv_text import in_utf8
from alerting.store.store import Store
from tests.made_council import MONDAY, MadeCouncil
from tests.office import RULES
from tests.test_commands import Shell

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


@pytest.fixture(params=[0o000, pytest.param(0o022, marks=pytest.mark.slow)])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if stat.S_IMODE(path.stat().st_mode) & 0o077)


@pytest.mark.skipif(os.name != "posix", reason="rights of this kind")
def test_whatever_a_run_a_service_a_backup_a_demo_or_an_export_leaves_is_private(tmp_path: Path, umask: int) -> None:
    council = MadeCouncil(tmp_path)
    council.write()
    shell = Shell(council.configure("sqlite:///new.db", keep={"days": 5, "path": "deep/kept"}, heartbeat={"file": "alive"},
                                    receivers={"outbox": {"type": "folder", "path": "deep/er/outbox"}}))  # fmt: skip
    theirs = set(tmp_path.rglob("*"))

    shell("run", "daily", "--as-of", MONDAY.isoformat())
    shell("serve", "--once", "--alive", str(tmp_path / "served"))
    shell("store", "backup", str(tmp_path / "copy.db"))
    shell("demo", "--dir", str(tmp_path / "demo"), "--children", "50", "--days", "1")
    for kind in ("csv", "parquet"):
        shell("demo", "export", "--to", str(tmp_path / "out" / kind), "--children", "50", "--format", kind)

    made = [path for path in tmp_path.rglob("*") if path not in theirs]
    assert {"new.db", "new.db.marker", "alive", "served", "copy.db", "index.html", "manifest.json", "messages.json"} <= {
        path.name for path in made
    }
    assert not {str(path.relative_to(tmp_path)) for path in made} & set(open_to_others(tmp_path))


@pytest.mark.skipif(os.name != "posix", reason="rights of this kind")
def test_a_store_that_others_could_read_is_private_once_it_is_opened_and_so_is_what_sqlite_keeps_beside_it(
    tmp_path: Path,
) -> None:
    before = os.umask(0)
    try:
        Store.open(f"sqlite:///{tmp_path}/alerting.db").close()
        (tmp_path / "alerting.db").chmod(0o666)
        store = Store.open(f"sqlite:///{tmp_path}/alerting.db")
        with store.transaction():
            assert {path.name for path in tmp_path.iterdir()} >= {"alerting.db", "alerting.db-wal", "alerting.db-shm"}
            assert open_to_others(tmp_path) == []
        store.close()
    finally:
        os.umask(before)


def test_a_monitoring_agent_that_was_let_read_the_sign_of_life_may_go_on_reading_it(tmp_path: Path) -> None:
    sign = tmp_path / "alive"
    private_files.write(sign, "1", keep_rights=True)
    assert not private_files.is_open_to_others(sign)
    sign.chmod(0o640)

    private_files.write(sign, "2", keep_rights=True)

    assert (sign.read_text(), stat.S_IMODE(sign.stat().st_mode)) == ("2", 0o640)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with a name on this system")
def test_what_is_no_file_is_written_to_and_stays_what_it_is_and_as_open_as_it_was(tmp_path: Path) -> None:
    """Root who writes a table to /dev/null must find /dev/null there afterwards."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    pipe.chmod(0o666)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    private_files.write(pipe, "a,b\n")
    private_files.restrict(pipe)

    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert stat.S_IMODE(pipe.stat().st_mode) == 0o666
    assert os.read(reader, 100) == b"a,b\n"
    os.close(reader)


def test_an_engine_that_runs_out_of_memory_writes_nothing_to_any_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    engine.stop()  # so that the next one is begun here
    with Snapshot(MONDAY, load_rulebook(RULES).settings) as snapshot:
        snapshot.sql("SET memory_limit = '60MB'")
        with pytest.raises(EngineError) as failed:
            snapshot.sql("CREATE TABLE big AS SELECT range AS id, repeat('x', 100) || range AS name FROM range(5000000)")

    assert failed.value.kind == "OutOfMemoryException"
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    ("encoding", "content"), [("windows-1252", b"a,b\r\n\xa35,Zo\xeb\r\n"), ("utf-16", "a,b\r\n£5,Zoë\r\n".encode("utf-16"))]
)
def test_while_a_file_is_read_in_another_encoding_no_copy_of_it_lies_in_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, content: bytes
) -> None:
    extract = tmp_path / "ssd_person.csv"
    extract.write_bytes(content)
    copies = tmp_path / "copies"
    copies.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(copies))

    with in_utf8(extract, encoding, extract.name) as path:
        assert path is None or Path(path).read_bytes().decode() == "a,b\r\n£5,Zoë\r\n"
        assert list(copies.iterdir()) == []  # a process killed here leaves nothing


def test_what_cannot_be_copied_without_a_name_is_read_without_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_files.sys, "platform", "win32")
    extract = tmp_path / "ssd_person.csv"
    extract.write_bytes(b"pers_person_id,pers_ethnicity\r\n1,Zo\xeb\r\n")
    with Snapshot(MONDAY, load_rulebook(RULES).settings) as snapshot:
        Source(type="files", path=tmp_path).read({"ssd_person": frozenset({"pers_person_id", "pers_ethnicity"})}, snapshot)

        assert snapshot.sql("SELECT * FROM raw.ssd_person") in ([("1", "Zoë")], [("Zoë", "1")])


# ---------------------------------------------------------------- one door

FOR_OTHERS_TOO = {"alerting/authoring/copy_rule.py", "alerting/commands/rules/schema.py", "alerting/authoring/scenarios/reader.py",
                  "alerting/authoring/scenarios/play.py"}  # fmt: skip
"""These write rules, which a team works on together, or what is made up, in a folder that is private."""
_WRITING = {
    "write_text",
    "write_bytes",
    "mkdir",
    "makedirs",
    "touch",
    "mkstemp",
    "NamedTemporaryFile",
    "TemporaryDirectory",
    "TemporaryFile",
}


def writes(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        modes = [text.value for text in (*node.args, *(word.value for word in node.keywords)) if isinstance(text, ast.Constant)]
        if name in _WRITING or (name == "open" and any(isinstance(mode, str) and set(mode) & set("wax+") for mode in modes)):
            yield node.lineno


def test_nothing_is_written_but_through_the_one_door() -> None:
    found = {
        f"{path.relative_to(ROOT).as_posix()}:{line}"
        for package in ("alerting", "notifiers")
        for path in (ROOT / package).rglob("*.py")
        if path.name != "private_files.py" and path.relative_to(ROOT).as_posix() not in FOR_OTHERS_TOO
        for line in writes(ast.parse(path.read_text("utf-8")))
    }

    assert found == {line for line in found if line.startswith("alerting/sources/demo/export.py")}, (
        "use alerting/private_files.py"
    )
