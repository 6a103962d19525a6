"""The store: its shape, its runs, and what it keeps, on SQLite and on PostgreSQL."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from alerting.alerts import handling_state
from alerting.alerts.lifecycle import RuleLife, advance, begin_alert, open_alert, resolve
from alerting.config import Handling
from alerting.errors import StoreError
from alerting.evaluation.evaluation import Reading
from alerting.model import Alert, Condition, Finding, Level, Outcome, Reason, Transition
from alerting.store import page_sessions, schema, service_state
from alerting.store.alert_actions import AlertActions
from alerting.store.alert_history import read_history
from alerting.store.batches import batches
from alerting.store.job_leases import JobLeases
from alerting.store.schema import SCHEMA
from alerting.store.store import Store
from alerting.working_days import add_working_days
from tests.made_council import somebody

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
DAY = date(2026, 3, 2)
RULE = RuleLife(id="cp-visit-overdue", code="CP-03", subject_kind="child_protection_plan", unit="working days")


@pytest.fixture
def store(made_store: str) -> Iterator[Store]:
    store = Store.open(made_store)
    yield store
    store.close()


def found(subject: str, level: Level = Level.red, measure: float = 14) -> Finding:
    return Finding(rule=RULE.id, subject=subject, outcome=Outcome.match, level=level, measure=measure, due=DAY, team="T1", worker="W1",
                   person=subject, member="P1", also=("service_manager",), facts={"last_visit": "2026-02-10"})  # fmt: skip


def write(store: Store, *transitions: object, readings: tuple = (), day: date = DAY) -> list:
    claim = JobLeases(store).begin("daily", day, "here", NOW)
    run = claim.run_id
    changes = changes_of(store, transitions, readings, day)
    with store.transaction() as connection:
        ids = store.commit(connection, run, NOW, changes, {})
    JobLeases(store).end(claim, "done", {}, NOW)
    return [replace(item, alert=replace(item.alert, id=ids[item.alert.ref])) for item in changes.transitions]


def how_it_waits_for_the_disk(connection: sa.Connection) -> int:
    return connection.exec_driver_sql("PRAGMA synchronous").scalar_one()


def test_every_transaction_is_on_the_disk_but_for_those_that_need_not_be(tmp_path):
    store = Store.open(f"sqlite:///{tmp_path / 'one.db'}")
    waits = []
    for lasting in (True, False, True):
        with store.transaction(lasting=lasting) as connection:
            waits.append(how_it_waits_for_the_disk(connection))
    with store.engine.begin() as connection:
        waits.append(how_it_waits_for_the_disk(connection))
    store.close()

    full, normal = 2, 1
    assert waits == [full, normal, full, full]


def last_ended(store: Store, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Alert]:
    with store.transaction() as connection:
        return store.last_ended(keys, connection)


def changes_of(store: Store, transitions: Iterable[object], readings: Iterable[Reading], day: date) -> Any:
    """Return what a run changes, as it is handed to the store."""
    kept = tuple(one for one in transitions if isinstance(one, Transition))
    return SimpleNamespace(as_of=day, transitions=kept, readings=tuple(readings), alerts=tuple(store.live()))


# ---- its shape


def test_an_empty_store_is_given_its_tables_and_they_are_those_of_the_schema(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with store.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), schema.metadata)

    assert (store.version(), differences) == (schema.SCHEMA, [])


def test_the_newest_migration_is_the_shape_that_this_version_knows() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "alerting/store/migrations")

    assert ScriptDirectory.from_config(config).get_current_head() == schema.SCHEMA


@pytest.mark.parametrize(("shape", "words"), [("9999", "newer version"), ("0000", "older shape")])
def test_a_store_of_another_version_is_refused_with_what_to_do(store_url: str, shape: str, words: str) -> None:
    store = Store.open(store_url)
    with store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :shape"), {"shape": shape})
    store.close()

    with pytest.raises(StoreError, match=words) as refused:
        Store.open(store_url)
    assert refused.value.remedy


def test_a_store_that_cannot_be_reached_says_so_without_its_password() -> None:
    with pytest.raises(StoreError) as refused:
        Store.open("postgresql+psycopg://somebody:hush@127.0.0.1:1/alerts?connect_timeout=2")

    assert "hush" not in str(refused.value)
    assert "cannot be used" in str(refused.value)


@pytest.mark.parametrize("url", ["nonsense", "mysterydb://host/name"])
def test_an_address_that_is_none_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(StoreError) as refused:
        Store.open(url)

    assert "sqlite:///" in refused.value.remedy


# ---- runs


def test_rows_of_an_earlier_day_count_and_those_of_today_do_not(store: Store) -> None:
    write(store)


# ---- alerts


def test_an_alert_comes_back_as_it_was_written(store: Store) -> None:
    [written] = write(store, open_alert(found("C1"), RULE, 1, DAY))

    [alert] = store.live()
    assert alert == written.alert
    assert (alert.measure, alert.due, alert.facts, alert.also) == (14, DAY, {"last_visit": "2026-02-10"}, ("service_manager",))


def test_what_the_caller_has_and_is_still_so_is_not_held_a_second_time(store: Store) -> None:
    write(store, open_alert(found("C1"), RULE, 1, DAY), open_alert(found("C2"), RULE, 1, DAY))

    with store.transaction() as connection:
        before = store.live(connection)
        connection.execute(schema.alert.update().where(schema.alert.c.subject == "C2").values(team="T9"))
        after = store.live_until_written(connection, before)

    assert after[0] is before[0]
    assert (before[1].team, after[1].team) == ("T1", "T9")


def test_a_change_is_kept_and_so_is_the_one_before_it(store: Store) -> None:
    [first] = write(store, open_alert(found("C1", Level.amber), RULE, 1, DAY))
    later = DAY + timedelta(days=1)
    write(store, advance(first.alert, found("C1"), RULE, later), day=later)

    [alert] = store.live()
    assert (alert.level, alert.level_since, alert.first_seen) == (Level.red, later, DAY)
    with store.transaction() as connection:
        history = read_history(connection, alert.id or 0)
    assert [event.reason for event in history] == ["new", "level raised"]


def test_a_reading_changes_the_measure_and_nothing_else(store: Store) -> None:
    [first] = write(store, open_alert(found("C1"), RULE, 1, DAY))
    later = DAY + timedelta(days=1)
    write(store, readings=(Reading(ref=first.alert.ref, measure=15.0, due=DAY, facts='{"last_visit": "2026-02-10"}'),), day=later)

    [alert] = store.live()
    assert alert == dataclasses.replace(first.alert, measure=15)


def test_a_resolved_alert_is_not_live_and_its_subject_can_have_another_episode(store: Store) -> None:
    [first] = write(store, open_alert(found("C1"), RULE, 1, DAY))
    later = DAY + timedelta(days=1)
    write(store, resolve(first.alert, Reason.cleared, later), day=later)

    assert store.live() == []
    assert list(last_ended(store, [(RULE.id, "C1"), (RULE.id, "C2")])) == [(RULE.id, "C1")]
    write(store, open_alert(found("C1"), RULE, 2, later), day=later)
    assert [alert.episode for alert in store.live()] == [2]


def test_an_alert_that_came_back_keeps_the_days_it_did_and_says_what_it_said_when_it_ended(store: Store) -> None:
    [first] = write(store, open_alert(found("C1"), RULE, 1, DAY))
    alert = first.alert
    for number in (1, 3):
        ended = write(store, resolve(alert, Reason.cleared, DAY + timedelta(days=number)), day=DAY + timedelta(days=number))
        last = last_ended(store, [(RULE.id, "C1")])[RULE.id, "C1"]
        assert (last.id, last.measure, last.due, last.facts) == (alert.id, 14, DAY, {"last_visit": "2026-02-10"})
        assert ended[0].alert.resolved_on == last.resolved_on
        on = DAY + timedelta(days=number + 1)
        write(store, begin_alert(found("C1"), RULE, last, on, lambda start, end: (end - start).days), day=on)
        [alert] = store.live()

    assert alert.came_back == (DAY + timedelta(days=2), DAY + timedelta(days=4))
    assert (alert.id, alert.episode, alert.reopened_on) == (first.alert.id, 1, DAY + timedelta(days=4))
    assert store.held_spans({RULE.id}) == {
        alert.id: [(DAY + timedelta(days=1), DAY + timedelta(days=2)), (DAY + timedelta(days=3), DAY + timedelta(days=4))]
    }


def test_what_somebody_does_while_a_run_is_decided_and_written_waits_for_it(store: Store) -> None:
    [first] = write(store, open_alert(found("C1"), RULE, 1, DAY))
    done: list[str] = []

    def close() -> None:
        with store.transaction() as connection:
            actions = AlertActions(store=store, connection=connection, by=somebody("Q1"), now=NOW, today=DAY, limits=Handling(), add=add_working_days)  # fmt: skip
            actions.close(first.alert, reason="duplicate", note="C9 is the same child", until=DAY + timedelta(days=9))
        done.append("closed")

    with store.transaction() as connection:
        store.live_until_written(connection)
        other = threading.Thread(target=close)
        other.start()
        other.join(timeout=0.5)
        assert (done, other.is_alive()) == ([], True)
        done.append("written")
    other.join(timeout=20)

    assert (done, store.live()) == (["written", "closed"], [])
    last = last_ended(store, [(RULE.id, "C1")])[RULE.id, "C1"]
    assert (last.why_resolved, last.closed_until) == ("manual: duplicate", DAY + timedelta(days=9))


def test_a_subject_has_one_open_alert_a_rule_at_most(store: Store) -> None:
    write(store, open_alert(found("C1"), RULE, 1, DAY))

    with pytest.raises(sa.exc.IntegrityError):
        write(store, open_alert(found("C1"), RULE, 2, DAY))
    assert len(store.live()) == 1


@pytest.mark.slow
def test_thousands_of_alerts_are_written_and_read_back(store: Store) -> None:
    write(store, *(open_alert(found(f"C{number}"), RULE, 1, DAY) for number in range(2500)))

    live = store.live()
    assert len({alert.ref for alert in live}) == len({alert.id for alert in live}) == 2500


def test_what_fails_half_way_leaves_nothing_behind(store: Store) -> None:
    run = JobLeases(store).begin("daily", DAY, "here", NOW).run_id
    changes = changes_of(store, [open_alert(found("C1"), RULE, 1, DAY)], (), DAY)

    def killed_half_way() -> None:
        with store.transaction() as connection:
            store.commit(connection, run, NOW, changes, {})
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        killed_half_way()

    assert store.live() == []


# ---- handling


def an_alert_that_fires(store: Store) -> Alert:
    [written] = write(store, open_alert(found("C1", Level.amber), RULE, 1, DAY))
    return written.alert


def test_an_acknowledgement_is_kept_with_who_and_until_when(store: Store) -> None:
    store.handle(an_alert_that_fires(store), "acknowledge", by="M1", note="visit booked", until=DAY, now=NOW)

    [alert] = store.live()
    assert [(act.by, act.until) for act in handling_state.active_acknowledgements(alert, DAY)] == [("M1", DAY)]


def test_an_acknowledgement_lapses_when_the_level_rises(store: Store) -> None:
    alert = an_alert_that_fires(store)
    store.handle(alert, "acknowledge", by="M1", note="", until=DAY, now=NOW)
    later = DAY + timedelta(days=1)
    write(store, advance(alert, found("C1"), RULE, later), day=later)

    assert handling_state.active_acknowledgements(store.live()[0], DAY) == []


def test_a_snooze_is_kept_and_the_alert_stays_open(store: Store) -> None:
    store.handle(an_alert_that_fires(store), "snooze", by="M1", note="visit booked", until=DAY, now=NOW)

    [alert] = store.live()
    put_off = handling_state.active_snooze(alert, DAY)
    assert put_off is not None
    assert (alert.condition, put_off.until) == (Condition.firing, DAY)


def test_a_snooze_lapses_when_the_level_rises(store: Store) -> None:
    alert = an_alert_that_fires(store)
    store.handle(alert, "snooze", by="M1", note="visit booked", until=DAY, now=NOW)
    later = DAY + timedelta(days=1)
    write(store, advance(alert, found("C1"), RULE, later), day=later)

    assert handling_state.active_snooze(store.live()[0], DAY) is None


def test_several_that_open_an_empty_store_at_once_make_its_tables_once(store_url):
    from concurrent.futures import ThreadPoolExecutor

    def open_alert(_: int) -> str | None:
        store = Store.open(store_url)
        try:
            return store.version()
        finally:
            store.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(open_alert, range(4))) == [SCHEMA] * 4


def test_values_go_in_parts_short_enough_for_one_statement():
    parts = list(batches(range(1001)))

    assert [len(part) for part in parts] == [500, 500, 1]
    assert [value for part in parts for value in part] == list(range(1001))
    assert list(batches([])) == []


def test_what_the_service_remembers_is_known_from_the_moment_it_was_first_so(store: Store):
    first, later = datetime(2026, 3, 2, 7, tzinfo=UTC), datetime(2026, 3, 3, 7, tzinfo=UTC)
    for value, at in (("one", first), ("one", later)):
        with store.transaction() as connection:
            service_state.remember(connection, "name", value, at)
    with store.transaction() as connection:
        assert connection.execute(sa.select(schema.state.c.value, schema.state.c.at)).one() == ("one", first)
        service_state.remember(connection, "name", "two", later)
        assert service_state.remembered(connection, "name") == "two"
        service_state.forget(connection, "name")
        assert service_state.remembered(connection, "name") is None


def test_whoever_only_reads_waits_for_nobody_who_writes_and_sees_the_store_as_it_was(store, made_store):
    other = Store.open(made_store)
    with store.transaction() as writing:
        service_state.remember(writing, "environment", "test", NOW)
        with other.reading() as reading:
            assert service_state.remembered(reading, "environment") is None
    with other.reading() as reading:
        assert service_state.remembered(reading, "environment") == "test"
    with other.transaction() as again:
        service_state.remember(again, "environment", "production", NOW)
    other.close()


def test_sessions_that_ended_are_known_until_none_of_them_could_last(store):
    lasts = timedelta(hours=10)
    with store.transaction() as connection:
        page_sessions.end(connection, "one", NOW, lasts)
        page_sessions.end(connection, "two", NOW + lasts + timedelta(minutes=1), lasts)

        assert page_sessions.has_ended(connection, "two")
        assert not page_sessions.has_ended(connection, "one")
        assert not page_sessions.has_ended(connection, "three")
