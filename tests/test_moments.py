"""Columns that keep their time: which minute a cell says, over the clock changes, and when a run and a load were."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.casedata.snapshot import Snapshot
from tests.case_rows import Row, council
from tests.small_council import SETTINGS, settled

ENGLISH = ZoneInfo("Europe/London")


def moments(cells: list[object]) -> list[tuple[Any, ...]]:
    """Return the day and the moment of each cell, through a whole snapshot."""
    rows = [(f"C{number:04}", cell) for number, cell in enumerate(cells)]
    with settled({"ext_contact": (["contact_id", "received_at"], rows)}) as snapshot:
        return snapshot.sql("SELECT received_at, received_at_moment FROM ext_contact ORDER BY contact_id")


def test_a_timed_cell_says_a_day_and_a_minute():
    said = [
        ("2026-03-30 07:00", date(2026, 3, 30), datetime(2026, 3, 30, 6, 0)),
        ("30/03/2026 7:00", date(2026, 3, 30), datetime(2026, 3, 30, 6, 0)),
        ("2026-03-30 06:59:59", date(2026, 3, 30), datetime(2026, 3, 30, 5, 59)),
        # Without a time, or with midnight as written, it is over by the end of the day.
        ("2026-03-30", date(2026, 3, 30), datetime(2026, 3, 30, 23, 0)),
        ("2026-03-30 00:00:00", date(2026, 3, 30), datetime(2026, 3, 30, 23, 0)),
        ("2026-03-28", date(2026, 3, 28), datetime(2026, 3, 29, 0, 0)),
        ("2026-03-30T00:00:00Z", date(2026, 3, 30), datetime(2026, 3, 30, 23, 0)),
        # With a zone the day is that of England, and the moment is exact.
        ("2026-05-17T23:00:00Z", date(2026, 5, 18), datetime(2026, 5, 17, 23, 0)),
        ("2026-05-18 01:00+02:00", date(2026, 5, 18), datetime(2026, 5, 17, 23, 0)),
        ("2026-10-25T01:30:00Z", date(2026, 10, 25), datetime(2026, 10, 25, 1, 30)),
        # The hour that March skips, and the one that October has twice.
        ("2026-03-29 01:30", date(2026, 3, 29), datetime(2026, 3, 29, 1, 30)),
        ("2026-10-25 01:30", date(2026, 10, 25), datetime(2026, 10, 25, 0, 30)),
        ("9999-12-31 10:00", None, None),
        ("1900-01-01", None, None),
        ("yesterday", None, None),
        (None, None, None),
    ]

    assert moments([cell for cell, *_ in said]) == [(day, moment) for _, day, moment in said]


@pytest.mark.slow
@given(st.lists(st.datetimes(datetime(1996, 1, 1), datetime(2099, 12, 31)), min_size=1, max_size=60))
@settings(max_examples=4, deadline=None)
def test_every_time_of_day_is_the_moment_that_python_makes_of_it(given_times):
    known = [time for time in given_times if (time.hour, time.minute) != (0, 0)] or [datetime(2026, 1, 1, 9, 0)]

    found = [moment for _, moment in moments([time.isoformat(sep=" ")[:16] for time in known])]

    english = [time.replace(second=0, microsecond=0, tzinfo=ENGLISH) for time in known]
    assert found == [time.astimezone(UTC).replace(tzinfo=None) for time in english]


def test_days_and_times_that_arrive_as_such_are_taken_as_they_are():
    assert moments([date(2026, 3, 30), date(9999, 12, 31)]) == [(date(2026, 3, 30), datetime(2026, 3, 30, 23, 0)), (None, None)]


def test_a_moment_with_a_zone_says_which_of_two_like_hours_it_was():
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    rows = "SELECT 'C1' AS contact_id, TIMESTAMPTZ '2026-10-25 01:30:00+00' AS received_at"
    with Snapshot(date(2026, 10, 26), SETTINGS) as snapshot:
        snapshot.fill_from("ext_contact", rows)
        snapshot.extend("ext_referral", ["referral_id", "received_at"], [["R1"], [second]])
        snapshot.settle({"ext_contact": frozenset({"contact_id", "received_at"})})
        found = snapshot.sql("SELECT received_at_moment FROM ext_contact UNION ALL SELECT received_at_moment FROM ext_referral")

    assert found == [(datetime(2026, 10, 25, 1, 30),)] * 2


def test_missing_episodes_keep_their_time_and_an_interview_that_does_not_apply_is_not_unreadable():
    columns = ["miss_table_id", "miss_missing_episode_start_date", "miss_missing_rhi_offered"]
    rows = [("1", "2026-01-05 22:10", "NA"), ("2", "2026-01-05", "Y"), ("3", None, "perhaps"), ("4", None, "n/a")]
    with settled({"ssd_missing": (columns, rows)}) as snapshot:
        found = snapshot.sql(
            "SELECT miss_missing_episode_start_date_moment, miss_missing_rhi_offered, miss_missing_rhi_offered_na "
            "FROM ssd_missing ORDER BY miss_table_id"
        )

        assert found == [
            (datetime(2026, 1, 5, 22, 10), False, True),
            (datetime(2026, 1, 6, 0, 0), True, False),
            (None, False, False),
            (None, False, False),
        ]
        assert snapshot.readings["ssd_missing"].unreadable_cells == {"miss_missing_rhi_offered": 2}


# ---------------------------------------------------------------------- the run and its loads


def load(table: str, at: str | None) -> tuple[str, Row]:
    return "ext_load", {"table_name": table, "loaded_at": at, "row_count": "1"}


def test_a_run_is_at_seven_in_england_and_knows_no_more_than_the_latest_load():
    rows = [
        load("ext_contact", "2026-03-31 05:40"),
        load("EXT_Contact", "2026-03-30 05:40"),
        load("ssd_missing", "2026-03-31 09:00"),
        load("ext_referral", "2026-03-30"),
        load("ext_audit", None),
    ]
    with council(rows) as ask:
        [known] = ask(
            "SELECT run_at(), known_at('ext_contact'), known_at('ssd_missing'), known_at('ext_referral'), known_at('ext_audit'), "
            "known_at('ext_pep')"
        )

    seven, load_of_today = datetime(2026, 3, 31, 6, 0), datetime(2026, 3, 31, 4, 40)
    # A load without a time was over by the end of its day.
    assert known == (seven, load_of_today, seven, datetime(2026, 3, 30, 23, 0), seven, seven)


def test_a_council_asks_at_another_time_where_it_says_so():
    with settled({}, replace(SETTINGS, params={"ask_at": "06:30"})) as snapshot:
        snapshot.at(date(2026, 1, 5))
        assert snapshot.sql("SELECT run_at()") == [(datetime(2026, 1, 5, 6, 30),)]


def test_a_run_may_be_at_another_moment_of_the_day():
    with Snapshot(date(2026, 3, 31), SETTINGS, datetime(2026, 3, 31, 11, 5, 9, tzinfo=ENGLISH)) as snapshot:
        assert snapshot.sql("SELECT run_at()") == [(datetime(2026, 3, 31, 10, 5),)]


def test_last_week_and_last_month_ended_before_the_day_of_the_run():
    said = [
        (date(2026, 3, 31), date(2026, 3, 23), date(2026, 2, 1)),
        (date(2026, 3, 30), date(2026, 3, 23), date(2026, 2, 1)),
        (date(2026, 3, 29), date(2026, 3, 16), date(2026, 2, 1)),
        (date(2026, 1, 1), date(2025, 12, 22), date(2025, 12, 1)),
    ]
    with settled({}) as snapshot:
        for as_of, week, month in said:
            snapshot.at(as_of)
            assert snapshot.sql("SELECT last_week(), last_month()") == [(week, month)]


def test_working_days_of_a_month_and_completed_months_are_counted():
    with council([]) as ask:
        assert ask("SELECT wds(DATE '2026-03-01', DATE '2026-03-31'), wds(DATE '2025-03-01', DATE '2025-03-31')") == [(22, 21)]
        days = "DATE '2025-12-31', DATE '2026-01-01', DATE '2025-09-30', DATE '2026-03-31', NULL"
        # 30 September and six months is 30 March; 31 December and three is 31 March.
        given = f"(SELECT unnest([{days}]) AS x, unnest(range(5)) AS no)"
        assert [row[0] for row in ask(f"SELECT months_since(x) FROM {given} ORDER BY no")] == [3, 2, 6, 0, None]


def test_a_run_of_rows_goes_back_over_gaps_that_are_short():
    said = [
        ("[]", 7, date(2026, 2, 1)),
        ("[[DATE '2025-03-01', DATE '2026-01-26']]", 7, date(2025, 3, 1)),
        ("[[DATE '2025-03-01', DATE '2026-01-24']]", 7, date(2026, 2, 1)),
        ("[[DATE '2025-03-01', DATE '2025-06-01'], [DATE '2025-05-28', DATE '2026-01-31']]", 1, date(2025, 3, 1)),
        ("[[DATE '2025-03-01', NULL::DATE], [DATE '2025-12-01', DATE '2025-12-02']]", 1, date(2025, 3, 1)),
        ("[[NULL::DATE, DATE '2026-01-31'], [DATE '2026-02-01', NULL::DATE]]", 1, date(2026, 2, 1)),
    ]
    with settled({}) as snapshot:
        for others, gap, begins in said:
            assert snapshot.sql(f"SELECT run_back(DATE '2026-02-01', {others}::DATE[][], {gap})") == [(begins,)]


def test_numbers_of_homes_and_words_of_statuses_are_told_by_their_shape():
    with council([]) as ask:
        numbers = "'SC123456', ' sc 123456', '1234567', 'XXXXXXX', '123456', 'SC12345', '', NULL"
        assert [row[0] for row in ask(f"SELECT urn_ok(unnest([{numbers}]))")] == [True] * 4 + [False] * 4
        statuses = "'Unaccompanied Asylum Seeking Child (UASC)', 'Asylum seeker', 'Unaccompanied', 'Settled', NULL"
        said = ask(f"SELECT asylum(x), uasc(x) FROM (SELECT unnest([{statuses}]) AS x)")
        assert said == [(True, True), (True, False), (False, True), (False, False), (False, False)]
