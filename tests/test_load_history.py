"""What runs keep of the tables they read, and what a release makes of it: on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from alerting.casedata.trust import Past, Trust
from alerting.store import load_history
from alerting.store.schema import run, source_release
from alerting.store.store import Store
from tests.made_council import somebody

DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
VISITS = "ssd_cp_visits"


@pytest.fixture
def store(made_store: str) -> Iterator[Store]:
    store = Store.open(made_store)
    yield store
    store.close()


def judged(rows: int, problems: Mapping[str, str] | None = None, **more: object) -> Trust:
    return Trust(problems=problems or {}, rows={VISITS: rows}, loaded_at=None, **more)  # type: ignore[arg-type]


def keep(store: Store, day: int, trust: Trust) -> None:
    as_of = DAY + timedelta(days=day)
    with store.transaction() as connection:
        done = connection.execute(run.insert().values(job="daily", as_of=as_of, started_at=NOW, status="done"))
        load_history.keep(connection, done.inserted_primary_key[0], as_of, NOW, trust, {VISITS})


def past(store: Store, day: int) -> Past:
    with store.transaction() as connection:
        return load_history.past(connection, DAY + timedelta(days=day))


def release(store: Store) -> load_history.Doubt | None:
    with store.transaction() as connection:
        return load_history.release(connection, VISITS, by=somebody("P1"), note="a second system", now=NOW)


def too_many(rows: int) -> Trust:
    return judged(rows, {VISITS: "has too many"}, releasable={VISITS: {"rows": float(rows)}})


def test_a_run_is_compared_with_the_last_five_good_loads_of_earlier_days(store: Store):
    for day, rows in enumerate([10, 11, 12, 13, 14, 15]):
        keep(store, day, judged(rows))
    keep(store, 6, judged(99, {VISITS: "is short"}))

    assert past(store, 5).last == {VISITS: 14}
    assert past(store, 7).good == {VISITS: [15, 14, 13, 12, 11]}
    assert past(store, 0) == Past(filled=past(store, 0).filled)


def test_one_load_that_was_read_on_two_days_is_one_good_load(store: Store):
    loaded = datetime(2026, 3, 1, 5)
    for day in (0, 1):
        keep(store, day, judged(10, loads={VISITS: loaded}))
    keep(store, 2, judged(11, loads={VISITS: loaded + timedelta(days=2)}))

    assert past(store, 3).good == {VISITS: [11, 10]}
    assert past(store, 3).loaded_at == datetime(2026, 3, 3, 5)


def test_a_release_counts_from_the_day_of_its_change_on_and_what_was_before_is_over(store: Store):
    keep(store, 0, judged(100))
    keep(store, 1, too_many(300))
    assert past(store, 1).last == {VISITS: 100}

    release(store)

    assert past(store, 1).good == past(store, 2).good == {VISITS: [300]}
    assert past(store, 0).last == {}
    keep(store, 2, judged(310))
    assert past(store, 3).good == {VISITS: [310, 300]}


def test_a_release_is_kept_with_who_and_why(store: Store):
    keep(store, 0, too_many(300))
    release(store)

    with store.transaction() as connection:
        [row] = connection.execute(sa.select(source_release)).mappings()
    assert (row["table_name"], row["rows"], row["by"], row["note"], row["problem"]) == (
        VISITS, 300, "P1", "a second system", f"{VISITS} has too many",
    )  # fmt: skip


def test_a_flaw_that_is_released_is_let_pass_and_no_rows_are_made_the_usual_ones(store: Store):
    keep(store, 0, judged(100))
    keep(store, 1, judged(100, {VISITS: "repeats keys"}, releasable={VISITS: {"repeated": 0.1}}))
    release(store)

    assert past(store, 2).accepted == {VISITS: {"repeated": 0.1}}
    assert past(store, 2).last == {VISITS: 100}


@pytest.mark.parametrize(("doubted", "check"), [("", "lost"), (" (completeness)", "never there")])
def test_a_column_keeps_what_it_had_until_it_is_trusted_again_and_a_release_of_it_ends_then(
    store: Store, doubted: str, check: str
):
    date_ = "cppv_cp_visit_date"
    about, emptied = f"{VISITS}.{date_}{doubted}", {VISITS: {date_: (0, 100)}}
    keep(store, 0, judged(100, filled={VISITS: {date_: (99, 100)}}))
    keep(store, 1, judged(100, {about: "is empty"}, filled=emptied, releasable={about: {check: 1.0}}))
    assert past(store, 2).filled == {VISITS: {date_: (99, 100)}}

    release(store)
    keep(store, 2, judged(100, filled=emptied, released=frozenset({about})))
    assert past(store, 3).filled == emptied
    assert past(store, 3).accepted == {about: {check: 1.0}}
    keep(store, 3, judged(100, filled=emptied))
    assert past(store, 4).accepted == {}


def test_a_doubt_is_over_when_the_table_is_trusted_again(store: Store):
    keep(store, 0, too_many(300))
    keep(store, 1, judged(100))

    assert release(store) is None


def test_what_only_the_source_can_put_right_is_told_and_not_released(store: Store):
    keep(store, 0, judged(0, {VISITS: "is not there"}))
    doubt = release(store)

    assert doubt is not None
    assert (doubt.problems, doubt.flaws) == ({VISITS: "is not there"}, {})
    assert past(store, 1).last == {}
