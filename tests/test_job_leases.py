"""One host at a time has a job's day; what was taken from it, it can write no more. On SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from alerting.errors import RunHeld, StoreError
from alerting.store import job_leases, schema
from alerting.store.job_leases import Claim, JobLeases, host_of, missed_days, this_process
from alerting.store.store import Store, database_now

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
MONDAY = date(2026, 3, 2)
TUESDAY = date(2026, 3, 3)
OVER = timedelta(minutes=-1)
"""A lease that has run out already."""


@pytest.fixture
def store(made_store: str) -> Iterator[Store]:
    store = Store.open(made_store)
    yield store
    store.close()


@pytest.fixture
def leases(store: Store) -> JobLeases:
    return JobLeases(store)


def statuses(store: Store) -> list[str]:
    with store.transaction() as connection:
        return list(connection.execute(sa.select(schema.run.c.status).order_by(schema.run.c.id)).scalars())


# ---------------------------------------------------------------- one at a time


@pytest.mark.slow
def test_a_run_that_another_host_has_is_refused_with_who_has_it_and_until_when(leases: JobLeases) -> None:
    leases.begin("daily", MONDAY, "alerts01:4711:x", NOW)

    with pytest.raises(
        RunHeld, match=r"another process is running daily of 2 March 2026: alerts01, process 4711 has it until \d\d:"
    ) as held:
        leases.begin("daily", MONDAY, "alerts02:12:y", NOW)
    assert (held.value.exit_code, held.value.other) == (3, False)


@pytest.mark.parametrize(("job", "day"), [("weekly", MONDAY), ("daily", TUESDAY)])
def test_no_other_run_of_the_store_begins_while_one_is_going_on(leases: JobLeases, job: str, day: date) -> None:
    claim = leases.begin("daily", MONDAY, "here", NOW)

    with pytest.raises(RunHeld, match="has to wait for daily of 2 March 2026") as held:
        leases.begin(job, day, "there", NOW)
    assert held.value.other

    leases.end(claim, "done", {}, NOW)
    assert leases.begin(job, day, "there", NOW).token == 1


def test_a_run_that_has_ended_can_be_repeated_and_keeps_count(leases: JobLeases) -> None:
    first = leases.begin("daily", MONDAY, "here", NOW)
    leases.end(first, "done", {}, NOW)
    second = leases.begin("daily", MONDAY, "here", NOW)

    assert (first.token, second.token, second.run_id > first.run_id) == (1, 2, True)


def test_the_lease_goes_by_the_databases_clock_and_not_by_the_hosts(store: Store, leases: JobLeases) -> None:
    leases.begin("daily", MONDAY, "here", NOW - timedelta(days=400))

    running = leases.running()
    assert running is not None
    with store.transaction() as connection:
        left = running.lease_until - database_now(connection)
    assert timedelta(minutes=4) < left <= timedelta(minutes=5)
    with pytest.raises(RunHeld):
        leases.begin("daily", MONDAY, "there", NOW + timedelta(days=400))


# ---------------------------------------------------------------- taken over


def taken_over(leases: JobLeases) -> tuple[Claim, Claim]:
    slept = leases.begin("daily", MONDAY, "alerts01:1:x", NOW, OVER)
    return slept, leases.begin("daily", MONDAY, "alerts02:2:y", NOW)


def write_something(store: Store, leases: JobLeases, claim: Claim) -> None:
    with store.transaction() as connection:
        connection.execute(schema.state.insert().values(name="written", value=1, at=NOW))
        leases.hold(connection, claim)


def test_a_lease_that_ran_out_is_anybodys_and_the_run_of_it_is_written_off(store: Store, leases: JobLeases) -> None:
    slept, taken = taken_over(leases)

    assert taken.token > slept.token
    assert statuses(store) == ["abandoned", "running"]
    assert store.latest_run("daily") is None


def test_whoever_wakes_after_its_run_was_taken_can_renew_write_and_end_nothing(store: Store, leases: JobLeases) -> None:
    slept, taken = taken_over(leases)

    with pytest.raises(StoreError, match="another host took over daily of 2 March 2026"):
        leases.renew(slept)
    with pytest.raises(RunHeld, match="alerts02, process 2"):
        leases.end(slept, "done", {}, NOW)
    with pytest.raises(RunHeld):
        write_something(store, leases, slept)
    with store.transaction() as connection:
        assert connection.execute(sa.select(schema.state)).all() == []
    leases.end(taken, "done", {}, NOW)


def test_a_run_that_woke_is_refused_also_when_it_is_another_job_that_began_meanwhile(leases: JobLeases) -> None:
    slept = leases.begin("daily", MONDAY, "alerts01:1:x", NOW, OVER)
    leases.begin("weekly", MONDAY, "alerts02:2:y", NOW)

    with pytest.raises(RunHeld):
        leases.renew(slept)


def test_a_lease_that_is_renewed_is_not_taken(leases: JobLeases) -> None:
    claim = leases.begin("daily", MONDAY, "here", NOW, OVER)
    leases.renew(claim)

    with pytest.raises(RunHeld):
        leases.begin("daily", MONDAY, "there", NOW)


def test_a_lease_is_renewed_while_one_step_takes_longer_than_it(leases: JobLeases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_leases, "RENEW_EVERY_S", 0.05)
    claim = leases.begin("daily", MONDAY, "here", NOW, OVER)

    with leases.keep_renewed(claim):
        for _ in range(100):
            if leases.running():
                break
            time.sleep(0.05)
        with pytest.raises(RunHeld):
            leases.begin("daily", MONDAY, "there", NOW)


def test_a_step_that_is_stuck_for_an_hour_loses_its_lease(leases: JobLeases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_leases, "RENEW_EVERY_S", 0.02)
    monkeypatch.setattr(job_leases, "STUCK_AFTER_S", 0.0)
    claim = leases.begin("daily", MONDAY, "here", NOW, OVER)

    with leases.keep_renewed(claim) as go_on:
        time.sleep(0.2)
        assert leases.running() is None
        leases.begin("daily", MONDAY, "there", NOW)
        with pytest.raises(RunHeld):
            go_on()


@pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot be asked whether it lives without stopping it")
def test_the_run_of_a_process_of_this_machine_that_is_dead_is_taken_over_at_once(leases: JobLeases) -> None:
    host, _, where = this_process().split(":")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    leases.begin("daily", MONDAY, f"{host}:{gone.pid}:{where}", NOW)

    assert leases.running() is None
    assert leases.begin("daily", MONDAY, this_process(), NOW).token > 1


@pytest.mark.parametrize(
    "owner",
    [pytest.param(this_process(), id="this process"), "another:{gone}:x", "{host}:{gone}:another start", "{host}:{gone}:"],
)
def test_of_a_process_that_lives_or_is_elsewhere_nothing_is_taken_before_its_lease_is_out(leases: JobLeases, owner: str) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    leases.begin("daily", MONDAY, owner.format(gone=gone.pid, host=this_process().partition(":")[0]), NOW)

    with pytest.raises(RunHeld):
        leases.begin("daily", MONDAY, "there", NOW)


def test_an_owner_is_told_to_people_as_host_and_process() -> None:
    assert (host_of(this_process()).endswith(f", process {os.getpid()}"), host_of("here")) == (True, "here")


def test_what_was_let_go_of_is_anybodys_at_once(store: Store, leases: JobLeases) -> None:
    claim = leases.begin("daily", MONDAY, "here", NOW)
    leases.let_go("here", NOW)

    found = leases.find("daily", MONDAY)
    assert found is not None
    assert (found.state, found.note, statuses(store)) == ("stopped", "was stopped before it was done", ["abandoned"])
    with pytest.raises(RunHeld):
        leases.renew(claim)


# ---------------------------------------------------------------- missed


def test_days_are_recorded_as_missed_once_and_only_where_nothing_was_done(store: Store, leases: JobLeases) -> None:
    done = leases.begin("daily", MONDAY, "here", NOW)
    leases.end(done, "done_with_faults", {}, NOW)
    failed = leases.begin("daily", TUESDAY, "here", NOW)
    leases.end(failed, "failed", {}, NOW, "it failed: the source cannot be read")
    days = [MONDAY, TUESDAY, date(2026, 3, 4)]

    assert leases.miss("daily", days, "nothing was there to start it") == days[1:]
    assert leases.miss("daily", days, "nothing was there to start it") == []
    missed = leases.missed_between(MONDAY, date(2026, 3, 31))
    assert [(item.as_of, item.note) for item in missed] == [
        (TUESDAY, "it failed: the source cannot be read"),
        (date(2026, 3, 4), "nothing was there to start it"),
    ]
    with store.transaction() as connection:
        assert missed_days(connection, "daily") == set(days[1:])
        assert missed_days(connection, "weekly") == frozenset()


def test_a_run_that_is_going_on_is_not_missed_and_one_that_was_left_is(leases: JobLeases) -> None:
    leases.begin("daily", MONDAY, "here", NOW)
    assert leases.miss("daily", [MONDAY], "why") == []
    assert leases.unfinished("daily", MONDAY) == []

    leases.let_go("here", NOW)
    assert leases.unfinished("daily", MONDAY) == [MONDAY]
    assert leases.miss("daily", [MONDAY], "why") == [MONDAY]


def test_the_run_of_a_day_that_is_recorded_as_missed_has_ended(store: Store, leases: JobLeases) -> None:
    leases.begin("daily", MONDAY, "here", NOW, lease=timedelta(0))
    time.sleep(0.01)
    leases.miss("daily", [MONDAY], "its host stopped in the middle of it")

    with store.transaction() as connection:
        [run] = connection.execute(sa.select(schema.run)).all()
    assert (run.status, run.finished_at is None) == ("abandoned", False)


def test_a_missed_day_that_is_done_after_all_counts_as_done(store: Store, leases: JobLeases) -> None:
    leases.miss("daily", [MONDAY], "why")
    claim = leases.begin("daily", MONDAY, "here", NOW)
    leases.end(claim, "done", {}, NOW)

    with store.transaction() as connection:
        assert missed_days(connection, "daily") == frozenset()
