"""Working days, months, ages and school terms: the Python twin of the snapshot's functions of the same names.

Working days are Monday to Friday less the bank holidays of England; a council's closure days are working days, because
statutory clocks run on them. Bank holidays are an argument everywhere: they are a setting, not code.
"""

from __future__ import annotations

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from datetime import date, timedelta
from functools import lru_cache

FIRST, LAST = date(1901, 1, 1), date(2110, 1, 1)
"""The days the calendar covers; every real date of the case data lies between them, and what is due after one."""


def is_working_day(day: date, holidays: Set[date]) -> bool:
    """Return whether `day` is a Monday to Friday that is not a bank holiday."""
    return day.weekday() < 5 and day not in holidays


def working_days_between(start: date, end: date, holidays: Set[date]) -> int:
    """Count working days after `start`, up to and including `end`; 0 when `end` is on or before `start`.

    `start` is day 0 whether or not it is a working day, as in "within 15 working days of the strategy discussion".

    >>> working_days_between(date(2026, 4, 2), date(2026, 4, 7), {date(2026, 4, 3), date(2026, 4, 6)})  # over Easter
    1
    """
    if end <= start:
        return 0
    weeks, rest = divmod((end - start).days, 7)
    weekdays = weeks * 5 + sum((start.weekday() + step) % 7 < 5 for step in range(1, rest + 1))
    return weekdays - sum(1 for day in holidays if start < day <= end and day.weekday() < 5)


def add_working_days(start: date, count: int, holidays: Set[date]) -> date:
    """Return the `count`-th working day after `start`, before it when negative; `start` itself for 0.

    >>> add_working_days(date(2026, 4, 2), 1, {date(2026, 4, 3), date(2026, 4, 6)})
    datetime.date(2026, 4, 7)
    """
    day, step = start, timedelta(days=1 if count > 0 else -1)
    for _ in range(abs(count)):
        day += step
        while not is_working_day(day, holidays):
            day += step
    return day


def add_months(day: date, count: int) -> date:
    """Return the same day of the month `count` months later, or the last day of that month.

    >>> add_months(date(2025, 12, 31), 2)
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def age_on(born: date, day: date) -> int:
    """Return completed years on `day`. Born on 29 February is a year older on 1 March in years without one.

    >>> age_on(date(2008, 2, 29), date(2026, 2, 28)), age_on(date(2008, 2, 29), date(2026, 3, 1))
    (17, 18)
    """
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


_MONTHS = "january february march april may june july august september october november december".split()

TERM_ENDS = ("31 December", "31 March", "31 July")
"""When school terms end, where settings do not say so."""


def read_term_end(written: str) -> list[date]:
    """Return the days that a text stands for: `31 July` is that day of every year, `2026-07-21` the one; none for what is no day.

    >>> read_term_end("2026-07-21"), len(read_term_end("31 July")), read_term_end("31 June")
    ([datetime.date(2026, 7, 21)], 209, [])
    """
    with suppress(ValueError):
        return [date.fromisoformat(written)]
    number, _, month = written.strip().partition(" ")
    found = []
    for year in range(FIRST.year, LAST.year):
        with suppress(ValueError):
            found.append(date(year, _MONTHS.index(month.strip().lower()) + 1, int(number)))
    return found


def ends_of(params: Mapping[str, object]) -> tuple[str, ...]:
    """Return what the shared parameters say of when school terms end."""
    written = params.get("term_ends", TERM_ENDS)
    return tuple(map(str, written)) if isinstance(written, (list, tuple)) else TERM_ENDS


@lru_cache(maxsize=8)
def term_ends(written: tuple[str, ...]) -> Sequence[date]:
    """Return the days on which school terms end, in order."""
    return sorted({day for one in written for day in read_term_end(one)})


def term_end(day: date, later: int, written: tuple[str, ...]) -> date | None:
    """Return the day on which the term of a day ends, or so many terms later; None where that is not known.

    >>> term_end(date(2026, 3, 31), 0, TERM_ENDS), term_end(date(2025, 12, 12), 1, TERM_ENDS)
    (datetime.date(2026, 3, 31), datetime.date(2026, 3, 31))
    """
    ends = term_ends(written)
    place = bisect_left(ends, day) + later
    return ends[place] if later >= 0 and place < len(ends) else None
