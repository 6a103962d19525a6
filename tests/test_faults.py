"""What goes wrong around the service: the table of faults names a test of each; those that no other file has are here."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from alerting.app import build
from alerting.audit import verify
from alerting.commands import cli
from alerting.errors import StoreError
from alerting.runs import pipeline
from alerting.service import STUCK_AFTER, Service
from alerting.store import load_history, schema
from alerting.store.messages.outbox import Outbox
from alerting.store.store import Store
from tests.made_council import MONDAY
from tests.office import Office, rule_row
from tests.servers import free_port, mail_server, scripted_mail_server

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
DAY = timedelta(days=1)
PAGE = (ROOT / "docs" / "reference" / "faults.md").read_text("utf-8")
NEWS = {"m1@example.gov.uk", "s1@example.gov.uk"}
"""Who is told on the first day of the made council by the shipped rule about visits."""


# ---------------------------------------------------------------------- the table


def test_every_fault_is_in_the_table_once_and_no_number_is_left_out() -> None:
    numbers = re.findall(r"^\| (F\d\d) \|", PAGE, re.MULTILINE)
    assert sorted(numbers) == [f"F{number:02}" for number in range(1, len(numbers) + 1)]


def test_every_fault_names_its_tests_or_says_why_there_is_none() -> None:
    rows = [row for row in PAGE.splitlines() if row.startswith("| F")]
    for row in rows:
        *_, shown, _ = row.split("|")
        assert "::" in shown or shown.strip().startswith("cannot be shown: "), row[:60]


def test_every_test_that_the_table_names_is_there() -> None:
    named = re.findall(r"`(test_\w+\.py)::(\w+)`", PAGE)
    assert len(named) == PAGE.count("::")
    gone = [f"{file}::{name}" for file, name in named if f"def {name}(" not in (ROOT / "tests" / file).read_text("utf-8")]
    assert gone == []


# ---------------------------------------------------------------------- the made council, through a real relay


OPEN_ONLY = ["ssd_cp_plans", "ssd_cin_episodes", "ssd_involvements"]
"""Of this council only what is open is extracted."""


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path / "council")
    office.folder.mkdir()
    office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    office.settings = {"keep": {"days": 0}}
    return office


def by_mail(office: Office, port: int) -> None:
    mail = {"type": "email", "host": "127.0.0.1", "port": port, "from": "alerts@example.gov.uk", "security": "none"}
    office.settings |= {"receivers": {"mail": mail}}


def rows(office: Office, table: sa.Table) -> list[Any]:
    store = office.store()
    try:
        with store.transaction() as connection:
            return list(connection.execute(sa.select(table).order_by(*table.primary_key.columns)).all())
    finally:
        store.close()


def command(office: Office, *arguments: str) -> str:
    done = CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), *arguments])
    assert done.exit_code == 0, done.output
    return done.output


# ---------------------------------------------------------------------- F24: the store is locked, or its connections are lost


def test_a_locked_store_is_waited_for(office: Office) -> None:
    office.run(MONDAY)
    office.council.on_a_plan("C3", seen=MONDAY - 40 * DAY)
    locked, path = threading.Event(), office.folder / "alerting.db"

    def lock() -> None:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        locked.set()
        time.sleep(1.5)
        connection.execute("ROLLBACK")
        connection.close()

    other = threading.Thread(target=lock)
    other.start()
    assert locked.wait(10)
    report = office.run(MONDAY + DAY)
    other.join()

    assert (report.status, report.sending.messages.deferred, office.told("M1")["C3"]) == ("done", 0, "new")


@contextmanager
def cutter(server: str) -> Iterator[Callable[[], None]]:
    """Return what ends every other connection to a PostgreSQL server, as a failover or an administrator does."""
    engine = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    every = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    def cut() -> None:
        with engine.connect() as connection:
            connection.execute(sa.text(every)).all()

    yield cut
    engine.dispose()


@pytest.fixture
def on_postgresql(office: Office, postgres_url: str) -> Iterator[Office]:
    """The same office, its store in a database of its own on a real server."""
    name = f"cut_{time.monotonic_ns()}"
    engine = sa.create_engine(postgres_url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    office.store_url = sa.make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    yield office
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def test_connections_that_are_cut_while_messages_go_out_cost_nothing(
    on_postgresql: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle, cuts = Outbox.settle, iter((True, False, True))
    with cutter(on_postgresql.store_url) as cut:

        def cut_within(*arguments: Any) -> bool:
            settled = settle(*arguments)
            if next(cuts, False):
                cut()
            return settled

        def cut_between(said: str) -> str:
            cut()
            return "250 2.0.0 Ok"

        monkeypatch.setattr(Outbox, "settle", cut_within)
        with scripted_mail_server(dot=cut_between) as relay:
            by_mail(on_postgresql, relay.port)
            report = on_postgresql.run(MONDAY)

    assert (report.status, report.sending.messages.accepted) == ("done", report.sending.messages.planned)
    ids = [re.search(rb"(?m)^Message-ID: (\S+)", mail)[1].decode() for mail in relay.accepted]  # type: ignore[index]
    assert Counter(ids) == dict.fromkeys((row.message_id for row in rows(on_postgresql, schema.outbox)), 1)


def cutting(cut: Callable[[], None], step: Callable[..., Any], *, times: int) -> Callable[..., Any]:
    """Return a step of the writing that is done, and the connection cut behind it, so many times."""
    left = [times]

    def done(*arguments: Any, **more: Any) -> Any:
        result = step(*arguments, **more)
        left[0] -= 1
        if left[0] >= 0:
            cut()
        return result

    return done


def test_a_connection_that_is_cut_while_alerts_are_written_costs_nothing(
    on_postgresql: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cutter(on_postgresql.store_url) as cut:
        monkeypatch.setattr(Outbox, "plan", cutting(cut, Outbox.plan, times=1))
        monkeypatch.setattr(load_history, "keep", cutting(cut, load_history.keep, times=1))
        report = on_postgresql.run(MONDAY)

    assert (report.status, report.alerts.new, on_postgresql.told("M1")) == ("done", 1, {"C1": "new"})
    assert [row.reason for row in rows(on_postgresql, schema.transition)] == ["new"]
    assert {row.state for row in rows(on_postgresql, schema.outbox)} == {"accepted"}


def test_what_was_kept_although_the_store_could_not_say_so_is_not_written_twice(
    on_postgresql: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, cuts = Store.transaction, [True]

    @contextmanager
    def kept_and_cut(store: Store) -> Iterator[sa.Connection]:
        with begin(store) as connection:
            yield connection
            planned = connection.execute(sa.select(sa.func.count()).select_from(schema.outbox)).scalar_one()
        if planned and cuts.pop():
            monkeypatch.undo()
            raise StoreError("the store cannot be used: it went away while it was told to keep this")

    monkeypatch.setattr(Store, "transaction", kept_and_cut)
    report = on_postgresql.run(MONDAY)

    assert cuts == []
    assert (report.status, report.alerts.new, on_postgresql.told("M1")) == ("done", 1, {"C1": "new"})
    assert [row.reason for row in rows(on_postgresql, schema.transition)] == ["new"]


def test_a_connection_that_is_cut_while_the_run_is_proved_costs_nothing_and_administrators_are_told_once(
    on_postgresql: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cutter(on_postgresql.store_url) as cut:
        monkeypatch.setattr(verify, "verify", cutting(cut, verify.verify, times=2))
        report = on_postgresql.run(MONDAY)

    own = [row for row in rows(on_postgresql, schema.outbox) if row.purpose == "admin"]
    assert (report.status, report.sending.breaches) == ("done", ())
    assert own
    assert len({row.recipient for row in own}) == len(own)


def test_a_connection_that_is_cut_whenever_alerts_are_written_leaves_none_and_the_next_run_does_it_all(
    on_postgresql: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "_AGAIN_AFTER_S", (0.1, 0.1))
    with cutter(on_postgresql.store_url) as cut, monkeypatch.context() as patched:
        patched.setattr(Outbox, "plan", cutting(cut, Outbox.plan, times=3))
        with pytest.raises(StoreError, match="the store cannot be used"):
            on_postgresql.run(MONDAY)

    assert [rows(on_postgresql, table) for table in (schema.alert, schema.transition, schema.outbox)] == [[], [], []]
    [occurrence] = rows(on_postgresql, schema.occurrence)
    assert (occurrence.state, occurrence.note) == ("failed", occurrence.note)
    assert "C1" not in (occurrence.note or "")

    on_postgresql.run(MONDAY)
    assert on_postgresql.told("M1") == {"C1": "new"}
    assert {row.state for row in rows(on_postgresql, schema.outbox)} == {"accepted"}


# ---------------------------------------------------------------------- F18, F23: the clock, and a service that is stuck


@pytest.mark.skipif(shutil.which("faketime") is None, reason="there is no faketime on this machine")
def test_a_process_whose_clock_is_put_forward_runs_nothing_and_says_so(on_postgresql: Office) -> None:
    on_postgresql.council.write()
    jobs = {"daily": {"at": "00:00", "on": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}}
    config = on_postgresql.council.configure(on_postgresql.store_url, **on_postgresql.settings, jobs=jobs)
    run = [sys.executable, "-m", "alerting", "--config", str(config), "run", "daily", "--due"]

    done = subprocess.run(["faketime", "-f", "+3d", *run], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)

    assert done.returncode == 1, done.stderr
    assert "this machine's clock and the database's are 3 days apart" in " ".join(done.stderr.split())
    assert [rows(on_postgresql, table) for table in (schema.occurrence, schema.outbox)] == [[], []]


def test_a_service_that_is_stuck_says_no_more_that_it_goes_on(office: Office) -> None:
    office.council.write()
    config = office.council.configure(office.store_url)
    alive, now = office.folder / "alive", [datetime(2026, 3, 2, 7, tzinfo=UTC)]
    service = Service(config=config, build=lambda: build(config), clock=lambda: now[0], log=print, alive=alive)
    service._since = now[0]
    service._sign()
    first = alive.read_text("utf-8")

    now[0] += STUCK_AFTER
    service._sign()
    at_the_limit = alive.read_text("utf-8")
    now[0] += timedelta(minutes=1)
    service._sign()

    assert first != at_the_limit
    assert alive.read_text("utf-8") == at_the_limit


# ---------------------------------------------------------------------- F33, F37: what stands in the data

HOSTILE = (
    '<script>alert(1)</script><img src="http://evil.example/x.png">',
    "{{ 7 * 7 }}{% for x in range(9) %}{{ x }}{% endfor %}",
    "**bold** [click](https://evil.example) <at>everyone</at>",
    '=HYPERLINK("http://evil.example")\r\nBcc: evil@example.gov.uk\r\n\r\nbody',
    "../../etc/passwd\u202e\x1b[31m'; DROP TABLE alert; --",
)


def test_what_stands_in_the_data_is_obeyed_by_nothing_on_its_way(office: Office, tmp_path: Path) -> None:
    everything = " ".join(HOSTILE)
    for worker in ("W1", "M1", "S1"):
        office.council.row("ext_staff", worker_id=worker)["name"] = everything
        office.council.row("ssd_professionals", prof_professional_id=worker)["prof_professional_name"] = everything
    office.council.row("ext_team", team_id="T1")["name"] = everything
    with mail_server(tmp_path, security="none") as relay:
        by_mail(office, relay.port)
        report = office.run(MONDAY)

    assert (report.status, report.sending.messages.accepted) == ("done", len(relay.taken))
    mails = [taken for taken in relay.taken if taken.recipients[0] in NEWS]
    assert {taken.recipients[0] for taken in mails} == NEWS
    for taken in relay.taken:
        assert len(taken.recipients) == 1
        assert taken.mail["Bcc"] is None
        # A team's name stands in it, as text alone.
        assert not re.search(r"://|[\r\n\x1b\u202e]", str(taken.mail["Subject"]))
        assert len(str(taken.mail["Subject"])) < 250
    for taken in mails:
        html, text = taken.text("html"), taken.text("plain")
        assert "evil.example" in text, "it is shown, as text"
        assert not re.search(r"<script|<img|<at>|href=\S*evil", html)
        assert "7 * 7" in text
        assert "{{ 7 * 7 }}" in html.replace("&#123;", "{")
        assert not re.search(r"[\x1b\u202e]", text + html)


def test_a_name_of_five_megabytes_is_cut_and_the_message_stays_small(office: Office, tmp_path: Path) -> None:
    huge = "Ä🙂\u202e\x07x" * 500_000
    assert len(huge.encode()) > 5_000_000
    office.council.row("ext_staff", worker_id="W1")["name"] = huge
    office.council.row("ext_team", team_id="T1")["name"] = huge
    with mail_server(tmp_path, security="none") as relay:
        by_mail(office, relay.port)
        office.run(MONDAY)

    mails = [taken for taken in relay.taken if taken.recipients[0] in NEWS]
    assert {taken.recipients[0] for taken in mails} == NEWS
    assert max(len(taken.content) for taken in relay.taken) < 100_000
    assert not any("\x07" in taken.text("plain") for taken in mails)


# ---------------------------------------------------------------------- F28, F36: a table that grew, and a storm


def test_a_table_that_grew_from_a_handful_is_not_doubted_for_ever_after(office: Office) -> None:
    office.settings["rules"] = {"params": {"open_only": OPEN_ONLY}}
    office.run(MONDAY)
    for number in range(100):
        office.council.on_a_plan(f"X{number}", seen=MONDAY - 3 * DAY)

    assert [office.run(MONDAY + days * DAY).problems for days in (1, 2, 3)] == [(), (), ()]


def test_ten_thousand_new_alerts_are_kept_back_and_after_the_release_each_manager_has_one_message(
    office: Office, tmp_path: Path
) -> None:
    with mail_server(tmp_path, security="none") as relay:
        by_mail(office, relay.port)
        # Of so few others they are far more than can be right, which is another brake.
        office.settings["rules"] = {"params": {"max_share": 1, "open_only": OPEN_ONLY}}
        office.run(MONDAY)
        for number in range(10_000):
            office.council.on_a_plan(f"X{number}", seen=MONDAY - 40 * DAY)
        relay.taken.clear()

        stormy = office.run(MONDAY + DAY)
        assert stormy.alerts.new == 10_000
        assert "brake on since 3 March 2026: 10000 alerts kept back" in rule_row(stormy, "CP-03").problem
        assert [taken.recipients for taken in relay.taken if taken.recipients[0] in NEWS] == []
        assert any("brake" in taken.text("plain").lower() for taken in relay.taken)
        relay.taken.clear()

        command(office, "rules", "release", "CP-03", "--by", "P1", "--note", "they are real")
        office.run(MONDAY + 2 * DAY)

    told = [taken for taken in relay.taken if taken.recipients[0] in NEWS]
    assert sorted(taken.recipients[0] for taken in told) == sorted(NEWS)
    assert max(len(taken.content) for taken in told) < 300_000
    assert all(re.fullmatch(r"[^:]+: 1000[01] overdue.*", str(taken.mail["Subject"])) for taken in told)
    assert all("; 10000 new." in taken.text("plain") for taken in told)
    assert all(re.search(r"X\d+ and 99[0-9][0-9] more", " ".join(taken.text("plain").split())) for taken in told)


# ---------------------------------------------------------------------- F01 to F06 with the servers that others run

SMTP_SINK = shutil.which("smtp-sink") or shutil.which("smtp-sink", path="/usr/sbin:/usr/lib/postfix/sbin")
sink_there = pytest.mark.skipif(
    SMTP_SINK is None or sys.platform == "win32", reason="there is no smtp-sink: it comes with Postfix"
)


def send_what_waits(office: Office) -> None:
    app = build(office.folder / "config.yaml")
    store = app.store()
    try:
        sender, moment = app.sender(store), datetime(2026, 3, 2, 8, tzinfo=UTC)
        with store.transaction() as connection:
            sender.outbox.hurry(connection, moment)
        assert sender.send_all(lambda: moment) == []
    finally:
        store.close()


@contextmanager
def smtp_sink(folder: Path, port: int, *options: str) -> Iterator[Callable[[], Counter[str]]]:
    """Run Postfix's test server; yield what counts the messages it took, by Message-ID."""
    folder.mkdir(exist_ok=True)
    # Root must say as whom it is to run; whoever else gives it, runs as it is.
    as_whom = ["-u", "root"] if os.geteuid() == 0 else []
    sink = [str(SMTP_SINK), *as_whom, *options, "-d", "mail.", f"127.0.0.1:{port}", "50"]
    process = subprocess.Popen(sink, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def taken() -> Counter[str]:
        texts = [path.read_text("utf-8", "replace") for path in folder.glob("mail.*")]
        return Counter(found[1] for text in texts if (found := re.search(r"(?m)^Message-ID: (\S+)", text)))

    try:
        _wait_for(port)
        yield taken
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int) -> None:
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server did not start")


@sink_there
@pytest.mark.parametrize("options", [("-r", "RCPT"), ("-r", "."), ("-f", "MAIL"), ("-f", "DATA"), ("-q", "DATA")], ids=" ".join)
def test_what_smtp_sink_refuses_for_now_waits_and_what_it_refuses_for_good_is_told(
    office: Office, tmp_path: Path, options: tuple[str, ...]
) -> None:
    port = free_port()
    by_mail(office, port)
    with smtp_sink(tmp_path / "refusing", port, *options):
        report = office.run(MONDAY)
    assert report.sending.messages.accepted == 0
    assert {row.state for row in rows(office, schema.outbox) if row.address in NEWS} <= {"deferred", "planned"}
    assert report.status == "done_with_faults"

    with smtp_sink(tmp_path / "willing", port) as taken:
        send_what_waits(office)
        assert taken() == dict.fromkeys((row.message_id for row in rows(office, schema.outbox)), 1)
    assert {row.state for row in rows(office, schema.outbox)} == {"accepted"}


@sink_there
def test_smtp_sink_hangs_up_behind_the_final_dot_and_it_is_tried_once_more(office: Office, tmp_path: Path) -> None:
    port = free_port()
    by_mail(office, port)
    with smtp_sink(tmp_path / "sink", port, "-q", "."):
        office.run(MONDAY)

    outbox = rows(office, schema.outbox)
    assert not [row for row in outbox if row.state == "accepted"]
    unknown = [row for row in outbox if row.state == "unknown"]
    assert {row.attempts for row in unknown} == {2}
    assert all(row.handed_over_at is not None for row in unknown)
