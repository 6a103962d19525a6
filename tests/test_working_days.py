"""Working days, months and ages: their meaning, and that the engine and Python mean the same by them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from alerting.casedata.catalogue import Settings
from alerting.casedata.snapshot import Snapshot
from alerting.working_days import FIRST, LAST, add_months, add_working_days, age_on, is_working_day, working_days_between

GOOD_FRIDAY, EASTER_MONDAY = date(2026, 4, 3), date(2026, 4, 6)
# A bank holiday at a weekend changes nothing.
HOLIDAYS = frozenset(
    {GOOD_FRIDAY, EASTER_MONDAY, date(2022, 6, 2), date(2022, 6, 3), date(2025, 12, 25), date(2025, 12, 26), date(2026, 3, 28)}
)
days = st.dates(date(2018, 1, 1), date(2030, 12, 31))
pairs_of_days = st.lists(st.tuples(days, days), min_size=1, max_size=80)
twins = hypothesis_settings(max_examples=20, deadline=None)


def days_and(numbers: st.SearchStrategy[int]) -> st.SearchStrategy[list[tuple[date, int]]]:
    return st.lists(st.tuples(days, numbers), min_size=1, max_size=80)


@pytest.fixture(scope="module")
def engine() -> Iterator[Callable[..., Any]]:
    with Snapshot(date(2026, 3, 31), Settings(params={}, codes={}, bank_holidays=HOLIDAYS)) as snapshot:
        snapshot.settle({})

        def ask(function: str, *arguments: Sequence[object]) -> list[Any]:
            """Ask a function of many values in one statement."""
            kinds = ["INTEGER" if any(type(value) is int for value in values) else "DATE" for values in arguments]
            cells = ", ".join(f"unnest(${n}::{kind}[]) AS a{n}" for n, kind in enumerate(kinds, 1))
            called = f"{function}({', '.join(f'a{n}' for n, _ in enumerate(arguments, 1))})"
            numbered = f"SELECT {cells}, unnest(range({len(arguments[0])})) AS no"
            return [row[0] for row in snapshot.sql(f"SELECT {called} FROM ({numbered}) ORDER BY no", arguments)]

        yield ask


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 3, 31), True),
        (date(2026, 4, 4), False),
        (date(2026, 4, 5), False),
        (GOOD_FRIDAY, False),
        (EASTER_MONDAY, False),
        (date(2026, 4, 7), True),
        # a council's closure day between Christmas and New Year: statutory clocks run on it
        (date(2025, 12, 29), True),
    ],
)
def test_a_working_day_is_monday_to_friday_and_no_bank_holiday(day, expected):
    assert is_working_day(day, HOLIDAYS) is expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (date(2026, 3, 30), date(2026, 3, 30), 0),
        (date(2026, 3, 30), date(2026, 3, 31), 1),
        (date(2026, 3, 31), date(2026, 3, 30), 0),
        (date(2026, 3, 27), date(2026, 3, 29), 0),
        (date(2026, 3, 28), date(2026, 3, 30), 1),
        (date(2026, 4, 2), date(2026, 4, 7), 1),
        (GOOD_FRIDAY, date(2026, 4, 7), 1),
        (date(2026, 3, 2), date(2026, 3, 23), 15),
        (date(2018, 1, 1), date(2018, 12, 31), 260),
    ],
)
def test_the_first_day_is_day_0_and_the_last_counts(start, end, expected):
    assert working_days_between(start, end, HOLIDAYS) == expected


@pytest.mark.parametrize(
    ("start", "count", "expected"),
    [
        (date(2026, 4, 2), 1, date(2026, 4, 7)),
        (date(2026, 4, 2), 0, date(2026, 4, 2)),
        (date(2026, 4, 4), 0, date(2026, 4, 4)),
        (date(2026, 4, 4), 1, date(2026, 4, 7)),
        (date(2026, 4, 7), -1, date(2026, 4, 2)),
        (date(2026, 4, 5), -1, date(2026, 4, 2)),
        (date(2026, 3, 2), 15, date(2026, 3, 23)),
    ],
)
def test_adding_lands_on_a_working_day(start, count, expected):
    assert add_working_days(start, count, HOLIDAYS) == expected


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2025, 12, 31), 2, date(2026, 2, 28)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 3, 15), -15, date(2024, 12, 15)),
        (date(2026, 3, 15), 0, date(2026, 3, 15)),
    ],
)
def test_months_end_where_the_month_does(day, count, expected):
    assert add_months(day, count) == expected


@pytest.mark.parametrize(
    ("born", "day", "expected"),
    [
        (date(2008, 4, 1), date(2026, 3, 31), 17),
        (date(2008, 3, 31), date(2026, 3, 31), 18),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2008, 2, 29), date(2028, 2, 29), 20),
        (date(2026, 3, 31), date(2026, 3, 31), 0),
    ],
)
def test_a_year_older_on_the_birthday(born, day, expected):
    assert age_on(born, day) == expected


@given(start=days, middle=days, end=days)
def test_spans_add_up(start, middle, end):
    start, middle, end = sorted((start, middle, end))
    whole = working_days_between(start, end, HOLIDAYS)

    assert whole == working_days_between(start, middle, HOLIDAYS) + working_days_between(middle, end, HOLIDAYS)
    one_by_one = [start + timedelta(days=step) for step in range(1, min((end - start).days, 60) + 1)]
    assert working_days_between(start, one_by_one[-1] if one_by_one else start, HOLIDAYS) == sum(
        is_working_day(day, HOLIDAYS) for day in one_by_one
    )


@given(start=days, count=st.integers(1, 300))
def test_adding_and_counting_are_each_others_reverse(start, count):
    end = add_working_days(start, count, HOLIDAYS)

    assert working_days_between(start, end, HOLIDAYS) == count
    assert is_working_day(end, HOLIDAYS)
    assert working_days_between(start, end - timedelta(days=1), HOLIDAYS) == count - 1


# The engine's functions


@given(pairs=pairs_of_days)
@twins
def test_the_engine_counts_the_same_working_days(engine, pairs):
    assert engine("wd_between", *zip(*pairs, strict=True)) == [working_days_between(*pair, HOLIDAYS) for pair in pairs]


@given(pairs=days_and(st.integers(-300, 300)))
@twins
def test_the_engine_adds_the_same_working_days(engine, pairs):
    assert engine("wd_add", *zip(*pairs, strict=True)) == [add_working_days(*pair, HOLIDAYS) for pair in pairs]


@given(pairs=days_and(st.integers(-200, 200)))
@twins
def test_the_engine_adds_the_same_months(engine, pairs):
    assert engine("add_months", *zip(*pairs, strict=True)) == [add_months(*pair) for pair in pairs]


@given(pairs=pairs_of_days)
@twins
def test_the_engine_gives_the_same_age(engine, pairs):
    assert engine("age", *zip(*pairs, strict=True)) == [age_on(*pair) for pair in pairs]


@given(pairs=days_and(st.integers(0, 30)))
@twins
def test_a_birthday_is_the_first_day_of_an_age(engine, pairs):
    birthdays = engine("birthday", *zip(*pairs, strict=True))

    for (born, years), birthday in zip(pairs, birthdays, strict=True):
        assert (age_on(born, birthday), age_on(born, birthday - timedelta(days=1))) == (years, years - 1)


def test_the_calendar_covers_every_day_that_case_data_can_hold(engine):
    today, far = date(2026, 3, 31), [FIRST, date(1901, 1, 2), date(2000, 2, 29), date(2099, 12, 31), LAST]
    spans = [(min(day, today), max(day, today)) for day in far]

    assert engine("wd_between", *zip(*spans, strict=True)) == [working_days_between(*span, HOLIDAYS) for span in spans]


def test_a_missing_day_has_no_working_days(engine):
    assert engine("wd_between", [date(2026, 3, 31)], [None]) == [None]
    assert engine("wd_add", [None], [1]) == [None]
