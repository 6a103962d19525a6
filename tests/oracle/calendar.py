"""Days, working days, months and ages, counted one by one."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Set
from datetime import date, timedelta

_ENGLAND = """
2018: 1 Jan, 30 Mar, 2 Apr, 7 May, 28 May, 27 Aug, 25 Dec, 26 Dec
2019: 1 Jan, 19 Apr, 22 Apr, 6 May, 27 May, 26 Aug, 25 Dec, 26 Dec
2020: 1 Jan, 10 Apr, 13 Apr, 8 May, 25 May, 31 Aug, 25 Dec, 28 Dec
2021: 1 Jan, 2 Apr, 5 Apr, 3 May, 31 May, 30 Aug, 27 Dec, 28 Dec
2022: 3 Jan, 15 Apr, 18 Apr, 2 May, 2 Jun, 3 Jun, 29 Aug, 19 Sep, 26 Dec, 27 Dec
2023: 2 Jan, 7 Apr, 10 Apr, 1 May, 8 May, 29 May, 28 Aug, 25 Dec, 26 Dec
2024: 1 Jan, 29 Mar, 1 Apr, 6 May, 27 May, 26 Aug, 25 Dec, 26 Dec
2025: 1 Jan, 18 Apr, 21 Apr, 5 May, 26 May, 25 Aug, 25 Dec, 26 Dec
2026: 1 Jan, 3 Apr, 6 Apr, 4 May, 25 May, 31 Aug, 25 Dec, 28 Dec
2027: 1 Jan, 26 Mar, 29 Mar, 3 May, 31 May, 30 Aug, 27 Dec, 28 Dec
2028: 3 Jan, 14 Apr, 17 Apr, 1 May, 29 May, 28 Aug, 25 Dec, 26 Dec
2029: 1 Jan, 30 Mar, 2 Apr, 7 May, 28 May, 27 Aug, 25 Dec, 26 Dec
2030: 1 Jan, 19 Apr, 22 Apr, 6 May, 27 May, 26 Aug, 25 Dec, 26 Dec
"""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _read(lines: str) -> frozenset[date]:
    days = set()
    for line in lines.strip().splitlines():
        year, _, names = line.partition(":")
        for name in names.split(","):
            day, month = name.split()
            days.add(date(int(year), _MONTHS.index(month) + 1, int(day)))
    return frozenset(days)


BANK_HOLIDAYS = _read(_ENGLAND)


def is_wd(day: date, holidays: Set[date] = BANK_HOLIDAYS) -> bool:
    return day.weekday() < 5 and day not in holidays


def wd_between(a: date, b: date) -> int:
    count = 0
    day = a
    while day < b:
        day += timedelta(days=1)
        count += is_wd(day)
    return count


def wd_add(a: date, n: int) -> date:
    day = a
    while n > 0:
        day += timedelta(days=1)
        n -= is_wd(day)
    return day


def add_months(day: date, n: int) -> date:
    year, month = day.year, day.month + n
    while month > 12:
        year, month = year + 1, month - 12
    while month < 1:
        year, month = year - 1, month + 12
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def months_since(a: date, day: date) -> int:
    """Return how many whole months lead from `a` to `day`: the largest m with add_months(a, m) <= day."""
    m = (day.year - a.year) * 12 + day.month - a.month + 1
    while add_months(a, m) > day:
        m -= 1
    return m


def add_days(day: date, n: int) -> date:
    return day + timedelta(days=n)


def days(a: date, b: date) -> int:
    return (b - a).days


def birthday(dob: date, n: int) -> date:
    try:
        return dob.replace(year=dob.year + n)
    except ValueError:  # born on 29 February
        return date(dob.year + n, 3, 1)


def age(dob: date, day: date) -> int:
    years = day.year - dob.year
    if (day.month, day.day) < (dob.month, dob.day):
        years -= 1
    return years


def is_open(start: date | None, end: date | None, as_of: date) -> bool:
    return start is not None and start <= as_of and (end is None or end > as_of)


def greatest(*dates: date | None) -> date | None:
    known = [day for day in dates if day is not None]
    return max(known) if known else None
