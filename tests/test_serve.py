"""The service as processes: two hosts at once, killed, told to stop, started late. A relay on a socket counts what was sent."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from alerting.store import schema
from alerting.store.job_leases import JobLeases
from alerting.store.store import Store, database_now
from tests.office import Office
from tests.servers import free_port

ROOT = Path(__file__).parent.parent
EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
pytestmark = pytest.mark.slow
SIGNALS = pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot be sent these signals")


@dataclass(kw_only=True)
class Relay:
    """A relay that answers while its gate is open. taken: the Message-ID and the recipient of each mail it took, in order."""

    port: int
    gate: threading.Event = field(default_factory=threading.Event)
    taken: list[tuple[str, str]] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.begun.set()
        while not self.gate.is_set():  # noqa: ASYNC110  (an event of threads, which asyncio cannot wait for)
            await asyncio.sleep(0.02)
        content = bytes(envelope.content or b"").decode("utf-8", "replace")
        id_ = next(line for line in content.splitlines() if line.lower().startswith("message-id:"))
        self.taken.append((id_, envelope.rcpt_tos[0]))
        return "250 2.0.0 Ok"


@dataclass(kw_only=True)
class Installation:
    """One council's installation, its relay and its store; started as often as a test likes."""

    office: Office
    relay: Relay
    store: Store
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "alerting", "--config", str(self.office.folder / "config.yaml"), *arguments]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, cwd=ROOT)
        self.started.append(process)
        return process

    def run(self, *arguments: str, code: int = 0) -> str:
        process = self.start(*arguments)
        _, said = process.communicate(timeout=60)
        assert process.returncode == code, said
        return said

    def state(self) -> str:
        found = self.of_today()
        return found.state if found else ""

    def of_today(self) -> Any:
        with self.store.transaction() as connection:
            return connection.execute(sa.select(schema.occurrence).order_by(schema.occurrence.c.as_of.desc()).limit(1)).first()

    def wait_for(self, happened: Any) -> None:
        ends = time.monotonic() + 40
        while not happened():
            assert time.monotonic() < ends, [process.poll() for process in self.started]
            time.sleep(0.05)

    def planned(self) -> dict[str, str]:
        """Return every message by its Message-ID, with its state."""
        with self.store.transaction() as connection:
            return {f"Message-ID: {row.message_id}": row.state for row in connection.execute(sa.select(schema.outbox))}


@contextmanager
def installation(folder: Path, store_url: str, *, jobs: dict[str, Any] | None = None) -> Iterator[Installation]:
    folder.mkdir(exist_ok=True)
    office = Office(folder)
    office.rules_of_its_own()
    office.rule("plan-long", "PL-01")
    office.council.on_a_plan("C3", seen=date(2026, 2, 2), team="T2", worker="W2")
    office.council.write()
    relay = Relay(port=free_port())
    relay.gate.set()
    mail = {"type": "email", "host": "127.0.0.1", "port": relay.port, "from": "alerts@example.gov.uk", "security": "none"}
    office.council.configure(
        store_url,
        council={"name": "Exampleshire", "administrators": ["one@example.gov.uk", "two@example.gov.uk", "three@example.gov.uk"]},
        receivers={"mail": mail},
        jobs={"daily": {"at": "00:00", "on": EVERY_DAY}, "weekly": {"at": "00:00", "on": []}} | (jobs or {}),
        keep={"days": 0},
    )
    controller = Controller(relay, hostname="127.0.0.1", port=relay.port)
    controller.start()
    store = Store.open(store_url)
    made = Installation(office=office, relay=relay, store=store)
    try:
        yield made
    finally:
        for process in made.started:
            process.kill()
            process.communicate()
        relay.gate.set()
        store.close()
        controller.stop()


@pytest.fixture
def council(tmp_path: Path, store_url: str) -> Iterator[Installation]:
    with installation(tmp_path / "council", store_url) as made:
        yield made


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Installation]:
    """The same on SQLite only, where the store makes no difference."""
    with installation(tmp_path / "council", f"sqlite:///{(tmp_path / 'alone.db').as_posix()}") as made:
        yield made


def each_once(council: Installation) -> None:
    """Everything planned was accepted, and the relay has each of it once."""
    planned = council.planned()
    assert set(planned.values()) == {"accepted"}
    assert Counter(id_ for id_, _ in council.relay.taken) == dict.fromkeys(planned, 1)


# ---------------------------------------------------------------- two hosts


def test_two_hosts_at_once_tell_what_one_tells(council: Installation, tmp_path: Path) -> None:
    council.relay.gate.clear()
    both = [council.start("serve", "--once") for _ in range(2)]
    assert council.relay.begun.wait(60)
    time.sleep(1)
    council.relay.gate.set()
    said = [process.communicate(timeout=60)[1] for process in both]
    council.run("serve", "--once")

    assert [process.returncode for process in both] == [0, 0], said
    each_once(council)
    with council.store.transaction() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.run)).scalar() == 1, said
    with installation(tmp_path / "one", f"sqlite:///{(tmp_path / 'one.db').as_posix()}") as one:
        one.run("serve", "--once")
        assert Counter(to for _, to in council.relay.taken) == Counter(to for _, to in one.relay.taken)


def test_the_second_host_stands_by_and_says_who_has_the_run(alone: Installation) -> None:
    alone.relay.gate.clear()
    first = alone.start("run", "daily", "--due")
    assert alone.relay.begun.wait(40)

    assert "standby: another process is running daily of" in alone.run("run", "daily", "--due")
    refused = alone.run("run", "daily", code=3)
    assert f", process {first.pid} has it until " in refused
    alone.relay.gate.set()
    assert first.wait(60) in (0, 1)
    assert "daily is not due" in alone.run("run", "daily", "--due")
    each_once(alone)


def test_another_jobs_run_is_waited_for(alone: Installation) -> None:
    alone.relay.gate.clear()
    daily = alone.start("run", "daily")
    assert alone.relay.begun.wait(40)
    weekly = alone.start("run", "weekly")
    assert weekly.stderr is not None
    said = weekly.stderr.readline()
    alone.relay.gate.set()
    weekly.communicate(timeout=60)

    assert said.startswith("weekly of ")
    assert "has to wait for daily of " in said
    assert daily.wait(1) in (0, 1)
    with alone.store.transaction() as connection:
        runs = connection.execute(sa.select(schema.run).order_by(schema.run.c.id)).all()
    assert [run.job for run in runs] == ["daily", "weekly"]
    assert runs[0].finished_at <= runs[1].started_at


# ---------------------------------------------------------------- killed, told to stop


@SIGNALS
def test_killed_in_the_middle_of_a_run_another_goes_on_at_once_and_loses_nothing(alone: Installation) -> None:
    alone.relay.gate.clear()
    killed = alone.start("serve")
    assert alone.relay.begun.wait(40)
    killed.kill()
    killed.wait()
    assert alone.state() == "running"

    alone.relay.gate.set()
    alone.run("serve", "--once")
    assert alone.state() in {"done", "done_with_faults"}
    with alone.store.transaction() as connection:
        assert connection.execute(sa.select(schema.run.c.status).order_by(schema.run.c.id)).scalars().first() == "abandoned"
        # The one that was being handed over waits for its lease, as nobody knows whether it arrived.
        connection.execute(
            schema.outbox.update().values(lease_until=None, next_at=None).where(schema.outbox.c.state == "claimed")
        )
        connection.execute(
            schema.outbox.update().values(state="planned").where(schema.outbox.c.state.in_(("claimed", "deferred")))
        )
    alone.run("serve", "--once")
    planned = alone.planned()
    assert set(planned.values()) == {"accepted"}
    copies = Counter(id_ for id_, _ in alone.relay.taken)
    assert copies.keys() == planned.keys()
    assert sum(copies.values()) - len(copies) <= 1, "more than the one that was in the air came twice"


@SIGNALS
def test_told_to_stop_it_finishes_the_message_gives_the_run_back_and_ends_with_0(alone: Installation) -> None:
    alone.relay.gate.clear()
    service = alone.start("serve")
    assert alone.relay.begun.wait(40)
    told = time.monotonic()
    service.send_signal(signal.SIGTERM)
    alone.relay.gate.set()
    _, said = service.communicate(timeout=30)

    assert (service.returncode, time.monotonic() - told < 10) == (0, True)
    assert json.loads(said.splitlines()[-1])["event"] == "stopped"
    assert (len(alone.relay.taken), alone.state()) == (1, "stopped")
    assert Counter(alone.planned().values())["accepted"] == 1

    alone.run("serve", "--once")
    each_once(alone)


@SIGNALS
def test_a_run_that_is_told_to_stop_ends_with_1_and_the_next_goes_on(alone: Installation) -> None:
    alone.relay.gate.clear()
    run = alone.start("run", "daily")
    assert alone.relay.begun.wait(40)
    run.send_signal(signal.SIGINT)
    alone.relay.gate.set()
    run.communicate(timeout=30)

    assert (run.returncode, alone.state(), len(alone.relay.taken)) == (1, "stopped", 1)
    assert alone.start("run", "daily", "--due").wait(60) in (0, 1)
    each_once(alone)


@SIGNALS
def test_a_message_that_is_not_finished_in_time_does_not_keep_the_process(alone: Installation) -> None:
    alone.relay.gate.clear()
    hurry = "import alerting.runs.stopping as s; s.PATIENCE_S = 1.0; from alerting.__main__ import main; main()"
    config = str(alone.office.folder / "config.yaml")
    service = subprocess.Popen([sys.executable, "-c", hurry, "--config", config, "serve"], cwd=ROOT, stderr=subprocess.DEVNULL)
    assert alone.relay.begun.wait(40)
    service.terminate()

    assert service.wait(15) == 0
    assert alone.state() == "stopped"


@SIGNALS
def test_one_that_slept_through_its_lease_sends_and_writes_nothing_more_when_it_wakes(alone: Installation) -> None:
    alone.relay.gate.clear()
    slept = alone.start("run", "daily")
    assert alone.relay.begun.wait(40)
    os.kill(slept.pid, signal.SIGSTOP)
    alone.relay.gate.set()
    alone.wait_for(lambda: len(alone.relay.taken) == 1)
    with alone.store.transaction() as connection:
        connection.execute(schema.occurrence.update().values(lease_until=database_now(connection)))
    taken = alone.start("run", "daily")
    taken.communicate(timeout=60)
    before = list(alone.relay.taken)
    os.kill(slept.pid, signal.SIGCONT)
    _, said = slept.communicate(timeout=60)

    assert slept.returncode == 3, said
    assert "another host took over daily of " in said
    assert alone.relay.taken == before
    assert alone.state() in {"done", "done_with_faults"}


# ---------------------------------------------------------------- serving


@SIGNALS
def test_it_serves_until_it_is_told_to_stop_and_says_each_minute_that_it_goes_on(alone: Installation) -> None:
    alive = alone.office.folder / "alive"
    service = alone.start("serve", "--alive", str(alive))
    alone.wait_for(lambda: alone.state() in {"done", "done_with_faults"})

    assert alive.read_text("utf-8").strip().endswith("+00:00")
    assert service.poll() is None
    service.send_signal(signal.SIGTERM)
    _, said = service.communicate(timeout=30)
    assert service.returncode == 0
    assert "started on " in said


def test_what_was_missed_while_it_was_off_is_recorded_and_todays_is_run_once(alone: Installation) -> None:
    alone.run("run", "daily", "--as-of", (date.today() - timedelta(days=9)).isoformat())

    said = alone.run("serve", "--once")

    assert "recorded as missed: 8 runs, from " in said
    assert alone.state() in {"done", "done_with_faults"}
    assert len(JobLeases(alone.store).missed_between(date(2026, 1, 1), date(2999, 1, 1))) == 8


def test_tomorrow_is_not_run_today_but_may_be_looked_at(alone: Installation) -> None:
    day = (date.today() + timedelta(days=2)).isoformat()

    assert f"{day} has not come yet: today is " in alone.run("run", "daily", "--as-of", day, code=1)
    alone.run("run", "daily", "--as-of", day, "--dry-run")
    assert alone.state() == ""


def test_a_file_that_cannot_be_written_is_told_at_the_start(alone: Installation) -> None:
    said = alone.run("serve", "--once", "--alive", str(alone.office.folder / "no" / "alive"), code=1)

    assert "the file of --alive cannot be written" in said
