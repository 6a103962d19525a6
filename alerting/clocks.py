"""Moments, and the clocks by which they are counted: the Python twin of the snapshot's functions of the same names.

A moment is a naive `datetime` in UTC, cut to the minute: the wall clock shows one hour twice on a day in October. A clock says which
minutes count: `elapsed` all of them, `working_days` those of working days from midnight to midnight, `office` those of working days in
which the office is open. Clocks change on Sundays, so that a working day always has its 24 hours.
"""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import ceil

from alerting.working_days import FIRST, LAST, TERM_ENDS, add_working_days, is_working_day, working_days_between

CLOCKS = ("elapsed", "working_days", "office")
"""The clocks by their names in a rule and in settings."""

ASK = {"ask_at": "07:00"}
"""The shared parameter that says at what time of its day a run asks, as it is where settings do not have it."""

OFFICE = {"office_from": "09:00", "office_to": "17:00"}
"""The shared parameters that say when the office is open, as they are where settings do not have them."""

MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} (?:[01][0-9]|2[0-3]):[0-5][0-9]")
"""How a moment is written in a rule file: `2026-03-31 07:00`, as the clock on the wall showed it."""

_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)
_DAY_MINUTES = 24 * 60
_MOST_MINUTES = 10**7
"""Nineteen years: more is no number of hours that anything is due in."""


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """What days and clocks are counted by: the bank holidays, when the office opens and closes, in minutes since midnight, and terms."""

    bank_holidays: Set[date]
    opens: int = 9 * 60
    closes: int = 17 * 60
    #: When school terms end, as settings write it.
    term_ends: tuple[str, ...] = TERM_ENDS


def minutes_of(text: str) -> int | None:
    """Return the minutes since midnight of a time of day, or None for what is none.

    >>> minutes_of("09:30"), minutes_of("9.30")
    (570, None)
    """
    try:
        written = time.fromisoformat(text) if re.fullmatch(r"[0-9]{2}:[0-9]{2}", text) else None
    except ValueError:
        return None
    return None if written is None else written.hour * 60 + written.minute


def london(moment: datetime) -> datetime:
    """Return what the clock on the wall showed in London at a moment.

    >>> london(datetime(2026, 3, 29, 0, 59)).hour, london(datetime(2026, 3, 29, 1, 0)).hour
    (0, 2)
    """
    starts, ends = _summer(moment.year)
    return moment + _HOUR if starts <= moment < ends else moment


def from_london(shown: datetime) -> datetime:
    """Return the moment at which the clock on the wall showed this. A time that March skips is read an hour later; of one that
    comes twice in October it is the first.

    >>> from_london(datetime(2026, 3, 29, 1, 30)), from_london(datetime(2026, 10, 25, 1, 30))
    (datetime.datetime(2026, 3, 29, 1, 30), datetime.datetime(2026, 10, 25, 0, 30))
    """
    starts, ends = _summer(shown.year)
    return shown - _HOUR if starts + _HOUR <= shown < ends + _HOUR else shown


def read_moment(text: str) -> datetime | None:
    """Return the moment that a text writes as the clock on the wall showed it, or None for a text that writes none."""
    try:
        return from_london(datetime.fromisoformat(text)) if MOMENT.fullmatch(text) else None
    except ValueError:
        return None


def moment_of(instant: datetime) -> datetime:
    """Return the moment of an instant that knows its zone.

    >>> moment_of(datetime(2026, 3, 31, 7, 0, 59, tzinfo=UTC))
    datetime.datetime(2026, 3, 31, 7, 0)
    """
    return instant.astimezone(UTC).replace(second=0, microsecond=0, tzinfo=None)


def clock_hours(first: datetime, second: datetime, clock: str, calendar: Calendar) -> float | None:
    """Return the hours that count from one moment to another; 0 where the second is not after the first.

    None for what is no clock, and where a working day lies outside the calendar.
    """
    if clock not in CLOCKS:
        return None
    if second <= first:
        return 0.0
    from_, to = _minutes_before(first, clock, calendar), _minutes_before(second, clock, calendar)
    return None if from_ is None or to is None else (to - from_) / 60


def due_day(first: datetime, hours: float, clock: str, calendar: Calendar) -> date | None:
    """Return the day of the last minute by which fewer than so many hours have counted; None where there is no such minute."""
    minutes = ceil(round(hours * 60, 6))
    begun = _minutes_before(first, clock, calendar) if clock in CLOCKS else None
    if begun is None or not 0 < minutes < _MOST_MINUTES:
        return None
    last = begun + minutes - 1
    if clock == "elapsed":
        return london(_EPOCH + last * _MINUTE).date()
    reached = _nth_working_day(last // _length(clock, calendar), calendar)
    return reached if reached <= LAST else None


_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (a moment is naive, and UTC)


def _summer(year: int) -> tuple[datetime, datetime]:
    """Return when summer time begins and ends in a year, both at 01:00 UTC: on the last Sundays of March and of October.

    So it has been since 1996; of what is older than the children it does not matter.
    """
    return _last_sunday(year, 3), _last_sunday(year, 10)


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, 1)  # noqa: DTZ001
    return last - timedelta(days=last.isoweekday() % 7)


def _length(clock: str, calendar: Calendar) -> int:
    return _DAY_MINUTES if clock == "working_days" else calendar.closes - calendar.opens


def _minutes_before(moment: datetime, clock: str, calendar: Calendar) -> int | None:
    """Return how many minutes that count lie before a moment, from some day on that is the same for all moments."""
    if clock == "elapsed":
        return (moment - _EPOCH) // _MINUTE
    shown = london(moment)
    day, minute = shown.date(), shown.hour * 60 + shown.minute
    if not FIRST <= day <= LAST:
        return None
    before = working_days_between(FIRST - timedelta(days=1), day - timedelta(days=1), calendar.bank_holidays)
    opens = 0 if clock == "working_days" else calendar.opens
    length = _length(clock, calendar)
    today = min(max(minute - opens, 0), length) if is_working_day(day, calendar.bank_holidays) else 0
    return before * length + today


def _nth_working_day(number: int, calendar: Calendar) -> date:
    """Return the working day of this number, where the first of the calendar has 0."""
    before = FIRST - timedelta(days=1)
    near = before + timedelta(weeks=number // 5)  # at or before it, as no week has more working days
    return add_working_days(near, number + 1 - working_days_between(before, near, calendar.bank_holidays), calendar.bank_holidays)
