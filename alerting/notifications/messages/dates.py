"""Days as a message says them: without the year that everybody knows, and how far a due date is away, by one clock."""

from __future__ import annotations

from datetime import date

from alerting.formatting import day, plural

_YEARS_FROM = 730
"""From so many days on, years are said: nobody counts 1,900 days."""


def day_of_year(value: date, as_of: date) -> str:
    """Return a day in words, with its year where that is not the year of `as_of`.

    >>> day_of_year(date(2026, 3, 4), date(2026, 3, 31)), day_of_year(date(2025, 3, 4), date(2026, 3, 31))
    ('4 March', '4 March 2025')
    """
    return f"{value.day} {value:%B}" if value.year == as_of.year else day(value)


def how_late(due: date, as_of: date, working_days: int | None = None) -> str:
    """Return for how long a date has passed: in working days where they are given, in years where it is years.

    >>> how_late(date(2026, 3, 4), date(2026, 3, 31)), how_late(date(2026, 3, 4), date(2026, 3, 31), 19)
    ('27 days', '19 working days')
    >>> how_late(date(2021, 1, 4), date(2026, 3, 31))
    '5 years'
    """
    days = (as_of - due).days
    if days >= _YEARS_FROM:
        return plural(int(days / 365.25), "year")
    return plural(days, "day") if working_days is None else plural(working_days, "working day")


def until_when(due: date, as_of: date, working_days: int | None = None, *, in_hours: bool = False) -> str:
    """Return `2 working days overdue`, `due today` or `due by 16 March`. working_days: how many it is away, where they count.

    in_hours: whether hours count, some of which may run on working days alone: no number of days stands beside theirs.

    >>> until_when(date(2026, 3, 31), date(2026, 3, 31)), until_when(date(2026, 4, 2), date(2026, 3, 31))
    ('due today', 'due by Thursday 2 April')
    >>> until_when(date(2026, 3, 27), date(2026, 3, 31)), until_when(date(2026, 3, 27), date(2026, 3, 31), in_hours=True)
    ('4 days overdue', 'overdue since Friday 27 March')
    """
    days = (due - as_of).days
    if days < 0 and in_hours:
        return f"overdue since {f'{due:%A} ' if days >= -7 else ''}{day_of_year(due, as_of)}"
    if days < 0:
        # Over a weekend no working day may have passed, and a day too late is too late.
        passed = -working_days if working_days else None
        return f"{how_late(due, as_of, passed)} overdue"
    if days == 0:
        return "due today"
    return f"due by {due:%A} {day_of_year(due, as_of)}" if days <= 7 else f"due by {day_of_year(due, as_of)}"
