"""No secret stands in config.yaml, and none is ever shown, whole or in part, however its address is written; paths are used as written."""

from __future__ import annotations

import importlib
import re
import shutil
import socket
import sqlite3
import sys
from datetime import date
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerting import database_address
from alerting.casedata.snapshot import Snapshot
from alerting.commands import cli
from alerting.config import load_config
from alerting.errors import AlertingError, Faults, StoreError
from alerting.sources.sql import Source
from alerting.store.store import Store
from tests.case_rows import shipped
from tests.made_council import MadeCouncil, its_rules
from tests.test_commands import Shell

CONFIG = """council: {{name: X, administrators: [{{name: A B, address: a@example.gov.uk}}, {{name: C D, address: c@example.gov.uk}}], domain: x.gov.uk}}
{more}
source: {source}
rules: {{{rules}}}
receivers: {{outbox: {receiver}}}
"""
ONE, OTHER = "Kq7zW", "xR3vB"
"""The parts of a password."""


def config(folder: Path, **parts: str) -> Path:
    usual = {
        "more": "",
        "source": "{type: demo, children: 60}",
        "rules": f"path: '{its_rules()}'",
        "receiver": "{type: folder, path: outbox}",
    }
    (folder / "config.yaml").write_text(CONFIG.format(**usual | parts), "utf-8")
    return folder / "config.yaml"


def checked(path: Path, *more: str) -> str:
    """What `alerting check` prints; it ends as a command should."""
    found = CliRunner().invoke(cli, ["--config", str(path), "check", "--offline", *more])
    assert isinstance(found.exception, SystemExit | None), found.exception
    return found.output


# ---------------------------------------------------------------- what is shown

AT = ["{user}:{password}@127.0.0.1:1/db", "{user}:{password}@[::1]:1/db", "127.0.0.1:1/db?user={user}&password={password}",
      "{user}:{password}@127.0.0.1:1/db?sslmode=disable", "{user}:{password}@/db?host=127.0.0.1&port=1", "{user}:{password}@127.0.0.1:9x/db",
      "127.0.0.1:1/db?sslpassword={password}", "{user}:{password}127.0.0.1:1/db", "{user}:{password}@127.0.0.1:1/db?application_name=a@b"]  # fmt: skip


SETTINGS = shipped().settings
_resolve = socket.getaddrinfo


def resolve_numbers_alone(host: str, *more: object, **named: object) -> object:
    """Answer at once, as a resolver would that knows no name: part of a password may be taken for one."""
    if re.fullmatch(r"[0-9.:]+", host):
        return _resolve(host, *more, **named)  # type: ignore[arg-type]
    raise socket.gaierror(socket.EAI_NONAME, f"no such name: {host}")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    between=st.text("@/:?#%&=[]+ .,é\\'\"", min_size=1, max_size=3),
    at=st.sampled_from(AT),
    as_it_is=st.booleans(),
    scheme=st.sampled_from(["postgresql+psycopg", "postgresql+psycopg", "postgresql", "mssql+pyodbc", "nothing"]),
)
@pytest.mark.slow
def test_no_part_of_a_password_is_shown_however_its_address_is_written(
    monkeypatch: pytest.MonkeyPatch, between: str, at: str, scheme: str, *, as_it_is: bool
) -> None:
    password = f"{ONE}{between}{OTHER}"
    address = f"{scheme}://{at.format(user='reader', password=password if as_it_is else quote(password, safe=''))}"
    monkeypatch.setattr(socket, "getaddrinfo", resolve_numbers_alone)

    with Snapshot(date(2026, 3, 2), SETTINGS) as snapshot, pytest.raises(AlertingError) as unread:
        Source(type="sql", url=address).read({}, snapshot)
    with pytest.raises(AlertingError) as unopened:
        Store.open(address)
    said = f"{unread.value}{unopened.value}{database_address.shown(address)}"

    assert ONE not in said
    assert OTHER not in said


def test_what_holds_no_secret_is_shown() -> None:
    shown = database_address.shown

    assert (
        shown("postgresql+psycopg://alerts:word@db.example:5432/alerts?sslmode=require")
        == "postgresql+psycopg://db.example:5432/alerts"
    )
    assert shown("postgresql+psycopg://[::1]/alerts") == "postgresql+psycopg://[::1]/alerts"
    assert shown("sqlite:////srv/a b?#%/alerts.db") == "sqlite:////srv/a b?#%/alerts.db"
    assert database_address.without_secrets(f"x://u:{ONE}@h/db?sslmode=require&password={ONE}") == "x://h/db?sslmode=require"


# ---------------------------------------------------------------- what may stand in config.yaml


@pytest.mark.parametrize(
    "parts",
    [
        {"more": f"store: postgresql+psycopg://u:{ONE}@h/db"},
        {"more": f"store: postgresql+psycopg://h/db?password={ONE}"},
        {"source": f"{{type: sql, url: 'mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BPWD%3D{ONE}'}}"},
        {"source": f"{{type: sql, url: 'postgresql://u:{ONE}/{OTHER}@h/db'}}"},
        {"more": f"heartbeat: {{url: 'https://u:{ONE}@h/x'}}"},
        {"more": f"heartbeat: {{url: 'https://h/x?token={ONE}'}}"},
        {"receiver": f"{{type: email, host: h, from: a@b.gov.uk, domains: [b.gov.uk], user: u, password: {ONE}}}"},
        {"receiver": f"{{type: teams, channels: {{T1: 'https://h/workflows/x?sig={ONE}'}}}}"},
    ],
)
def test_a_password_in_the_file_itself_is_refused_with_the_way_to_do_it(tmp_path: Path, parts: dict[str, str]) -> None:
    path = config(tmp_path, **parts)

    said = checked(path, "--no-source")
    with pytest.raises(Faults) as refused:
        load_config(path)

    assert "a password stands in this file" in said
    assert "${file:PATH}" in said
    assert ONE not in said + str(refused.value)


@pytest.mark.parametrize("address", ["postgresql+psycopg://alerts@db:5432/alerts", "https://h:8443/ping/x@y", "sqlite:///u:p@x.db",
                                     "https://h/x?design=1", "postgresql+psycopg://h/db?sslmode=require"])  # fmt: skip
def test_an_address_without_a_password_may_stand_there(address: str) -> None:
    assert not database_address.has_password(address)


# ---------------------------------------------------------------- where secrets are read


@pytest.mark.parametrize("written", [b"\xef\xbb\xbfgeheim \xc3\xa9", b"geheim \xc3\xa9\r\n", b"\xef\xbb\xbfgeheim \xc3\xa9\n\n"])
def test_a_secret_is_its_text_without_the_mark_and_the_line_end_of_an_editor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: bytes
) -> None:
    (tmp_path / "secret").write_bytes(written)
    monkeypatch.setenv("SECRET", written.decode())

    for name in ("file:secret", "env:SECRET"):
        found = load_config(config(tmp_path, more=f'heartbeat: {{file: "${{{name}}}"}}')).config.heartbeat.file

        assert found == Path("geheim é")


@pytest.mark.parametrize("written", ["geheim".encode("utf-16"), b"caf\xe9", b"", b"\n", b"a\0b"])
def test_what_is_no_secret_is_a_fault_that_shows_nothing_of_it(tmp_path: Path, written: bytes) -> None:
    (tmp_path / "secret").write_bytes(written)

    said = checked(config(tmp_path, more='heartbeat: {file: "${file:secret}"}'), "--no-source")

    assert "1 error" in said
    assert "geheim" not in said
    assert "caf" not in said


# ---------------------------------------------------------------- what is refused, without a traceback


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ({"more": "store: 'sqlite:///'"}, "in memory would forget"),
        ({"more": "store: 'sqlite://'"}, "in memory would forget"),
        ({"more": "store: 'sqlite:///:memory:'"}, "in memory would forget"),
        ({"more": "store: 'postgresql+psycopg://u@h:99x/db'"}, "the store's address cannot be used"),
        ({"more": "store: 'no address'"}, "the store's address cannot be used"),
        ({"more": "marker: ''"}, "must name a file"),
        ({"more": "heartbeat: {file: ''}"}, "must name a file"),
        ({"more": "heartbeat: {url: 'http://127.0.0.1:99999/x'}"}, "the port of an address"),
        ({"more": 'marker: "a\\0b"'}, "control character (U+0000)"),
        ({"more": 'store: "sqlite:///a\\ab.db"'}, "control character (U+0007)"),
        ({"more": 'keep: {path: "a\\nb"}'}, "control character (U+000A)"),
        ({"rules": 'path: "a\\0b"'}, "control character (U+0000)"),
        ({"receiver": '{type: folder, path: "a\\0b"}'}, "control character (U+0000)"),
        ({"receiver": "{type: folder, path: ''}"}, "must name a file"),
        ({"source": '{type: files, path: "a\\0b"}'}, "control character (U+0000)"),
        ({"source": "{type: sql, url: 'postgresql+psycopg://u@h:9x/db'}"}, "the source's url is not an address"),
        ({"rules": f"path: '{its_rules()}', bank_holidays: [{date.today().year}-12-25]"}, "the bank holidays lack 1 January"),
        ({"rules": f"path: '{its_rules()}', bank_holidays: 2026-12-25"}, "should be a list"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_a_fault_of_the_check(tmp_path: Path, parts: dict[str, str], problem: str) -> None:
    said = checked(config(tmp_path, **parts), *([] if "url" in parts.get("source", "") else ["--no-source"]))

    assert problem in " ".join(said.split())
    assert len(re.findall("^(error|warning): ", said, re.MULTILINE)) == 1, "one cause, one message"


# ---------------------------------------------------------------- paths, letter for letter


@pytest.mark.slow
def test_paths_with_any_characters_are_used_as_they_are_written_and_a_backup_has_the_tables(tmp_path: Path) -> None:
    folder = tmp_path / "100% #1 ?a=b&c"
    folder.mkdir()
    (tmp_path / "100% ").write_text("", "utf-8")
    council = MadeCouncil(folder)
    council.write()
    shell = Shell(council.configure("sqlite:///al%20erts #1?x=y&z.db"))

    shell("run", "daily", "--as-of", "2026-03-02")
    shell("store", "backup", str(folder / "co%py #?.db"))

    for name in ("al%20erts #1?x=y&z.db", "co%py #?.db"):
        with sqlite3.connect(folder / name) as copy:
            assert copy.execute("SELECT count(*) FROM alert").fetchone()[0] > 0
    assert "All is well" in checked(folder / "config.yaml") or "error" not in checked(folder / "config.yaml")


def test_what_follows_a_question_mark_is_not_taken_for_a_new_store(tmp_path: Path) -> None:
    Store.open(f"sqlite:///{tmp_path}/alerting.db").close()

    with pytest.raises(StoreError, match=r"there is no file alerting\.db\?timeout=5, but there is alerting\.db"):
        Store.open(f"sqlite:///{tmp_path}/alerting.db?timeout=5")

    assert [path.name for path in tmp_path.iterdir()] == ["alerting.db"]


def test_a_service_that_is_installed_under_a_path_with_a_percent_sign_brings_its_store_to_its_shape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import alerting.store.store as module

    installed = tmp_path / "100%s" / "store"
    shutil.copytree(Path(module.__file__).parent / "migrations", installed / "migrations")
    monkeypatch.setattr(module, "__file__", str(installed / "store.py"))
    store = Store.open(f"sqlite:///{tmp_path}/alerting.db")

    with store.engine.begin() as connection:
        module._migrate(connection)
    store.close()


def test_what_a_keyring_says_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Locked:
        def get_password(self, service: str, entry: str) -> str:
            raise RuntimeError(f"{service} {entry} {ONE}")

    monkeypatch.setitem(sys.modules, "keyring", Locked())  # type: ignore[arg-type]
    assert importlib.import_module("keyring")

    said = checked(config(tmp_path, more='heartbeat: {file: "${keyring:a/b}"}'), "--no-source")

    assert "the keyring cannot be asked (RuntimeError)" in said
    assert ONE not in said
