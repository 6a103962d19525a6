"""Several processes at once on one store, of either kind, send what one would have sent. Two services at once: test_serve.py."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from alerting.store import schema
from alerting.store.store import Store
from tests.crashes import council_of_teams, killing
from tests.office import Office
from tests.relay import ROOT, Relay, relay_process

pytestmark = pytest.mark.slow
EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    with relay_process(tmp_path / "mails") as relay:
        yield relay


def started(office: Office, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "alerting", "--config", str(office.folder / "config.yaml"), *arguments]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def ended(processes: list[subprocess.Popen[str]]) -> list[tuple[int, str]]:
    said = [process.communicate(timeout=120)[1] for process in processes]
    return [(process.returncode, words) for process, words in zip(processes, said, strict=True)]


def outbox(office: Office) -> dict[str, str]:
    """Return every message by its Message-ID, with its state."""
    store = Store.open(office.store_url)
    try:
        with store.transaction() as connection:
            return {row.message_id: row.state for row in connection.execute(sa.select(schema.outbox))}
    finally:
        store.close()


@pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot be killed in the middle of a run")
def test_many_senders_of_one_outbox_send_each_message_once(tmp_path: Path, store_url: str, relay: Relay) -> None:
    office = council_of_teams(tmp_path / "council", store_url, relay, teams=6)
    with killing() as starts:
        assert starts.run(office.folder / "config.yaml", "K4").killed
    assert set(outbox(office).values()) == {"planned"}

    told = ended([started(office, "deliveries", "send") for _ in range(3)])

    # One that ends while another still sends has seen that something waits, and ends with 1.
    assert {code for code, _ in told} <= {0, 1}, told
    assert set(outbox(office).values()) == {"accepted"}
    assert Counter(mail.id for mail in relay.mails()) == dict.fromkeys(outbox(office), 1)
    assert not any(mail.repeat for mail in relay.mails())


def test_the_service_and_somebody_at_the_command_line_send_what_one_sends(tmp_path: Path, store_url: str, relay: Relay) -> None:
    office = council_of_teams(tmp_path / "council", store_url, relay, teams=3)
    office.settings["jobs"] = {"daily": {"at": "00:00", "on": EVERY_DAY}, "weekly": {"at": "00:00", "on": []}}
    office.council.configure(store_url, **office.settings)

    told = ended([started(office, "serve", "--once"), started(office, "run", "daily"), started(office, "deliveries", "send")])
    assert {code for code, _ in told} <= {0, 3}, told
    # Whoever came second may have been sent away; what it would have done is done.
    ended([started(office, "run", "daily")])

    assert set(outbox(office).values()) == {"accepted"}
    assert Counter(mail.id for mail in relay.mails()) == dict.fromkeys(outbox(office), 1)
    managers = [mail.to for mail in relay.mails() if mail.purpose == "daily"]
    assert sorted(managers) == sorted({*managers}), "nobody has two"
    assert len(managers) == 2 * 4
