"""Killed at each point of the delivery protocol: what the next start finds, what it does, and what that costs at worst.

Real processes, killed with SIGKILL, on either database; a relay in a process of its own knows what was accepted.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from alerting.audit import verify
from alerting.store import schema
from alerting.store.store import Store
from tests.crashes import POINTS, Killing, Ran, council_of_teams, killing
from tests.made_council import MONDAY
from tests.office import Office
from tests.relay import Relay, relay_process

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot be sent this signal"),
]


@dataclass(frozen=True, kw_only=True)
class Installation:
    """A council's service that is started in new processes, and killed."""

    office: Office
    relay: Relay
    killing: Killing

    @property
    def config(self) -> Path:
        return self.office.folder / "config.yaml"

    def rows(self, table: sa.Table) -> list[Any]:
        store = Store.open(self.office.store_url)
        try:
            with store.transaction() as connection:
                return list(connection.execute(sa.select(table).order_by(*table.primary_key.columns)).all())
        finally:
            store.close()

    def killed_at(self, point: str, nth: int = 1) -> None:
        ran = self.killing.run(self.config, point, nth)
        assert ran.killed, f"{point} was not reached: {ran.report}"

    def states(self) -> Counter[str]:
        return Counter(row.state for row in self.rows(schema.outbox))

    def copies(self) -> Counter[str]:
        """Return how often the relay has each message, by its Message-ID."""
        return Counter(mail.id for mail in self.relay.mails())


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    with relay_process(tmp_path_factory.mktemp("relay") / "mails") as relay:
        yield relay


@pytest.fixture(scope="module")
def starts() -> Iterator[Killing]:
    with killing() as starts:
        yield starts


@pytest.fixture
def council(tmp_path: Path, store_url: str, relay: Relay, starts: Killing) -> Installation:
    relay.forget()
    office = council_of_teams(tmp_path / "council", store_url, relay, teams=1)
    return Installation(office=office, relay=relay, killing=starts)


def restarted(council: Installation) -> Ran:
    """Start it again: it ends well, everything it planned is accepted, nothing is missing, and once more changes nothing."""
    ran = council.killing.run(council.config)
    assert (ran.report["status"], ran.report["source"]["problems"]) == ("done", [])
    planned = council.rows(schema.outbox)
    assert {row.state for row in planned} == {"accepted"}
    assert {row.message_id for row in planned} == council.copies().keys()
    assert {"tm10@example.gov.uk", "sm10@example.gov.uk", "m1@example.gov.uk", "s1@example.gov.uk"} < {
        mail.to for mail in council.relay.mails()
    }
    [occurrence] = council.rows(schema.occurrence)
    assert (occurrence.state, occurrence.owner != "") == ("done", True)
    assert (council.office.folder / "alive").exists(), "the sign of life is given once all is done"
    _keeps_its_promises(council)
    return ran


def _keeps_its_promises(council: Installation) -> None:
    store = Store.open(council.office.store_url)
    try:
        with store.transaction() as connection:
            found = verify.verify(connection, MONDAY, MONDAY, datetime.now(UTC), due=[("daily", MONDAY)])
    finally:
        store.close()
    assert [str(breach) for breach in found.breaches] == []


def each_came_once(council: Installation) -> bool:
    return set(council.copies().values()) == {1} and not any(mail.repeat for mail in council.relay.mails())


def test_k1_before_the_run_is_claimed_it_is_only_late(council: Installation) -> None:
    council.killed_at("K1")
    assert (council.rows(schema.occurrence), council.rows(schema.run)) == ([], [])

    restarted(council)

    assert each_came_once(council)


@pytest.mark.parametrize("point", ["K2 evaluated", "K3"])
def test_k2_and_k3_before_anything_is_committed_nothing_is_there_and_the_next_has_a_higher_token(
    council: Installation, point: str
) -> None:
    council.killed_at(point)
    [occurrence] = council.rows(schema.occurrence)
    assert (occurrence.state, occurrence.token) == ("running", 1)
    assert [council.rows(table) for table in (schema.alert, schema.transition, schema.outbox)] == [[], [], []]

    restarted(council)

    [occurrence] = council.rows(schema.occurrence)
    assert occurrence.token > 1, "what the dead one might still write would be refused"
    assert [run.status for run in council.rows(schema.run)] == ["abandoned", "done"]
    assert each_came_once(council)


def test_k4_what_was_planned_waits_and_is_sent(council: Installation) -> None:
    council.killed_at("K4")
    assert set(council.states()) == {"planned"}
    assert {alert.condition for alert in council.rows(schema.alert)} == {"firing"}
    planned = {row.message_id for row in council.rows(schema.outbox)}

    restarted(council)

    assert planned < council.copies().keys(), "the same messages, and the one about the run itself"
    assert each_came_once(council)


def test_k5_what_was_claimed_and_not_handed_over_is_sent_at_once(council: Installation) -> None:
    council.killed_at("K5", 2)
    [claimed] = [row for row in council.rows(schema.outbox) if row.state == "claimed"]
    assert (claimed.handed_over_at, claimed.attempts) == (None, 1)
    assert council.states()["accepted"] == 1

    restarted(council)

    assert each_came_once(council)


def test_k6_what_was_handed_over_and_did_not_arrive_is_sent_and_says_that_it_may_be_a_repeat(council: Installation) -> None:
    council.killed_at("K6 before the dot")
    [claimed] = [row for row in council.rows(schema.outbox) if row.state == "claimed"]
    assert claimed.handed_over_at is not None
    assert council.relay.mails() == [], "without the final dot a relay accepts nothing"

    restarted(council)

    assert set(council.copies().values()) == {1}
    assert [mail.id for mail in council.relay.mails() if mail.repeat] == [claimed.message_id]


@pytest.mark.parametrize("point", ["K6 behind the dot", "K7 within"])
def test_k6_and_k7_what_was_accepted_and_not_written_down_comes_once_more_with_the_same_id(
    council: Installation, point: str
) -> None:
    council.killed_at(point, 2)
    [claimed] = [row for row in council.rows(schema.outbox) if row.state == "claimed"]
    assert claimed.handed_over_at is not None
    assert council.copies()[claimed.message_id] == 1, "the relay has it, and the store does not know"

    restarted(council)

    assert council.copies() == Counter(dict.fromkeys(council.copies(), 1)) + Counter([claimed.message_id])
    assert [mail.repeat for mail in council.relay.mails() if mail.id == claimed.message_id] == [False, True]
    assert [mail.id for mail in council.relay.mails() if mail.repeat] == [claimed.message_id]


@pytest.mark.parametrize("point", ["K8", "K8 ended"])
def test_k8_with_everything_sent_the_run_is_ended_and_nothing_is_sent(council: Installation, point: str) -> None:
    council.killed_at(point)
    assert set(council.states()) == {"accepted"}
    assert {row.state for row in council.rows(schema.occurrence)} == {"running" if point == "K8" else "done"}
    assert not (council.office.folder / "alive").exists()
    before = council.copies()

    ran = restarted(council)

    assert ran.report["notifications"]["planned"] == 0
    assert council.copies() == before
    assert each_came_once(council)


def test_a_crash_upon_a_crash_costs_one_repeat_each(council: Installation) -> None:
    for _ in range(2):
        council.killed_at("K7")

    restarted(council)

    assert sorted(council.copies().values())[-2:] == [1, 3]
    assert sum(mail.repeat for mail in council.relay.mails()) == 2


def test_every_row_of_the_table_is_tried() -> None:
    assert {name[:2] for name in POINTS} == {f"K{number}" for number in range(1, 9)}
