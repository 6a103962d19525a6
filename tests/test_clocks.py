"""Moments in London and the hours that count by a clock: the cases that two readers of a rule must count alike.

The engine's forms are held to these by test_function_twins.py, which asks both of the same hard and random moments.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.casedata.catalogue import Settings
from alerting.casedata.snapshot import Snapshot
from alerting.clocks import CLOCKS, Calendar, clock_hours, due_day, from_london, london, read_moment
from alerting.expressions.compile import Name, compile_expression, constant
from alerting.sources.demo.calendar import bank_holidays

CALENDAR = Calendar(bank_holidays=frozenset().union(*(bank_holidays(year) for year in range(2024, 2029))))
LONDON = ZoneInfo("Europe/London")
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31)).map(lambda at: at.replace(second=0, microsecond=0))


def at(text: str) -> datetime:
    moment = read_moment(text)
    assert moment is not None
    return moment


@pytest.mark.parametrize(
    ("first", "second", "elapsed", "working_days", "office"),
    [
        ("2026-03-27 16:30", "2026-03-30 07:00", 61.5, 14.5, 0.5),  # summer time began on the 29th
        ("2026-04-02 16:30", "2026-04-07 16:30", 120, 24, 8),  # Easter
        ("2026-10-24 12:00", "2026-10-26 12:00", 49, 12, 3),  # winter time began on the 25th
        ("2026-03-31 00:00", "2026-03-31 07:00", 7, 7, 0),  # a day before without its time
        ("2026-03-30 08:00", "2026-03-30 18:00", 10, 10, 8),
        ("2026-03-28 10:00", "2026-03-29 22:00", 35, 0, 0),  # the March day has 23 hours, and none of a weekend counts
        ("2026-03-31 07:00", "2026-03-30 07:00", 0, 0, 0),
    ],
)
def test_hours_count_by_the_clock_that_is_named(first, second, elapsed, working_days, office):
    counted = [clock_hours(at(first), at(second), clock, CALENDAR) for clock in CLOCKS]

    assert counted == [elapsed, working_days, office]


@pytest.mark.parametrize(
    ("first", "hours", "clock", "due"),
    [
        ("2026-03-27 16:30", 24, "working_days", date(2026, 3, 30)),
        ("2026-03-28 00:00", 24, "working_days", date(2026, 3, 30)),  # all of Monday, and not a minute of Tuesday
        ("2026-03-26 00:00", 48, "working_days", date(2026, 3, 27)),  # up at midnight: the Friday, not the weekend after it
        ("2026-03-26 06:59", 72, "working_days", date(2026, 3, 31)),
        ("2026-04-02 16:30", 24, "working_days", date(2026, 4, 7)),
        ("2026-03-28 12:00", 24, "elapsed", date(2026, 3, 29)),
        ("2026-03-28 00:00", 24, "elapsed", date(2026, 3, 28)),
        ("2026-03-29 00:00", 24, "elapsed", date(2026, 3, 30)),  # the day of 23 hours
        ("2026-03-27 16:30", 8, "office", date(2026, 3, 30)),
        ("2026-03-27 16:30", 0.5, "office", date(2026, 3, 27)),
        ("2026-03-27 16:30", 0, "elapsed", None),
    ],
)
def test_the_day_on_which_hours_are_up(first, hours, clock, due):
    assert due_day(at(first), hours, clock, CALENDAR) == due


@given(moment=MOMENTS)
def test_the_clock_on_the_wall_is_that_of_london(moment):
    assert london(moment) == moment.replace(tzinfo=UTC).astimezone(LONDON).replace(tzinfo=None)


@given(shown=MOMENTS | st.integers(0, 240).map(lambda minutes: datetime(2026, 10, 25) + timedelta(minutes=minutes)))
def test_what_the_clock_showed_is_the_first_moment_at_which_it_did(shown):
    assert from_london(shown) == shown.replace(tzinfo=LONDON).astimezone(UTC).replace(tzinfo=None)


def test_a_time_that_march_skips_is_read_an_hour_later():
    assert london(from_london(datetime(2026, 3, 29, 1, 30))) == datetime(2026, 3, 29, 2, 30)


def test_the_engine_changes_its_clocks_when_london_does():
    changes = [datetime(2026, 3, 29, 1), datetime(2026, 10, 25, 1), datetime(2000, 3, 26, 1), datetime(2027, 10, 31, 1)]
    moments = [change + timedelta(minutes=minutes) for change in changes for minutes in range(-125, 126, 5)]

    with Snapshot(date(2026, 3, 31), Settings(params={}, codes={}, bank_holidays=frozenset())) as snapshot:
        asked = "SELECT london(m), from_london(m) FROM (SELECT unnest($1::TIMESTAMP[]) AS m, unnest(range($2)) AS n) ORDER BY n"
        told = snapshot.sql(asked, [moments, len(moments)])

    assert told == [(london(moment), from_london(moment)) for moment in moments]


@given(first=MOMENTS, minutes=st.integers(0, 20_000), hours=st.integers(1, 200), clock=st.sampled_from(CLOCKS))
def test_a_due_day_is_that_of_the_last_minute_in_which_fewer_hours_have_passed(first, minutes, hours, clock):
    due = due_day(first, hours, clock, CALENDAR)
    moment = first + timedelta(minutes=minutes)

    before = clock_hours(first, moment, clock, CALENDAR) < hours
    assert due is not None
    assert london(moment).date() <= due if before else london(moment).date() >= due


@pytest.mark.parametrize(("opens", "closes", "hours"), [("09:00", "17:00", 8), ("08:30", "18:00", 9.5)])
def test_the_office_is_open_as_the_settings_say(opens, closes, hours):
    settings = Settings(params={"office_from": opens, "office_to": closes}, codes={}, bank_holidays=frozenset())

    with Snapshot(date(2026, 3, 31), settings) as snapshot:
        [(counted,)] = snapshot.sql(
            "SELECT clock_hours($1::TIMESTAMP, $2::TIMESTAMP, 'office')", [at("2026-03-30 00:00"), at("2026-03-31 00:00")]
        )

    assert counted == hours


@pytest.mark.parametrize(
    "expression",
    [
        "clock_hours(x, y, 'workingdays')",
        "clock_hours(x, y, clock)",
        "clock_hours(x, y, case when x < y then 'office' else 'mash' end)",
    ],
)
def test_a_clock_that_there_is_not_is_a_fault_of_the_rule(expression):
    names = {"x": Name(type="moment", sql="x"), "y": Name(type="moment", sql="y"), "clock": constant("work_days")}

    [fault] = compile_expression(expression, names)

    assert fault.problem.startswith("clock_hours() does not know '")
    assert "working_days" in fault.remedy


def test_a_moment_is_not_compared_with_a_day():
    names = {"received": Name(type="moment", sql="r"), "day": Name(type="date", sql="d")}

    [fault] = compile_expression("received > day", names)

    assert fault.problem == "this compares a moment with a date"
    assert "date_of(x)" in fault.remedy
