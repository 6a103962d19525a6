"""Moments, and hours counted minute by minute on a clock: of all minutes, of working days, or of the office."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from fractions import Fraction

from tests.oracle.calendar import add_days, is_wd
from tests.oracle.cells import LONDON, date_of, norm, real_date, value_of
from tests.oracle.views import Views

ASK_AT = time(7, 0)
OFFICE = (time(9, 0), time(17, 0))
_TIME = re.compile(r"[T ](\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}(?::?\d{2})?)?$")


def london(day: date, clock: time) -> datetime:
    """Return that moment. A time that the clock skips in March is read one hour later; one that comes twice is the first."""
    return datetime.combine(day, clock, LONDON).astimezone(UTC)


def at(cell: str | None) -> datetime | None:
    """Return the moment that a cell names, to the minute: without a time, or with none but 00:00, the end of the day."""
    day, text = real_date(cell), value_of(cell)
    if day is None or text is None:
        return None
    found = _TIME.search(text)
    if found is None or (int(found[1]), int(found[2])) == (0, 0):
        return london(add_days(day, 1), time(0))
    clock, zone = time(int(found[1]), int(found[2])), found[3]
    if zone is None:
        return london(day, clock)
    written_day = date_of(text[: found.start()])
    assert written_day is not None
    return datetime.combine(written_day, clock, timezone(_ahead(zone))).astimezone(UTC)


def _ahead(zone: str) -> timedelta:
    if zone == "Z":
        return timedelta(0)
    digits = zone[1:].replace(":", "")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return -ahead if zone[0] == "-" else ahead


def run_at(views: Views) -> datetime:
    return london(views.as_of, ASK_AT)


def known_at(views: Views, table: str) -> datetime:
    """Return the moment up to which the data of a table say anything."""
    loads = [at(row.get("loaded_at")) for row in views.rows("ext_load") if norm(row.get("table_name")) == table]
    return min([run_at(views), *sorted(load for load in loads if load is not None)[-1:]])


def clock_hours(a: datetime, b: datetime, clock: str) -> Fraction:
    """Return how many hours from a to b count."""
    if b <= a:
        return Fraction(0)
    if clock == "elapsed":
        return Fraction(_minutes(a, b), 60)
    minutes, day = 0, a.astimezone(LONDON).date()
    while london(day, time(0)) < b:
        minutes += _minutes(*_overlap(a, b, *_counting(day, clock)))
        day = add_days(day, 1)
    return Fraction(minutes, 60)


def _minutes(a: datetime, b: datetime) -> int:
    return max(0, int((b - a).total_seconds()) // 60)


def _overlap(a: datetime, b: datetime, first: datetime, end: datetime) -> tuple[datetime, datetime]:
    return max(a, first), min(b, end)


def _counting(day: date, clock: str) -> tuple[datetime, datetime]:
    """Return from when until when the minutes of a day count."""
    midnight, next_midnight = london(day, time(0)), london(add_days(day, 1), time(0))
    if clock == "elapsed":
        return midnight, next_midnight
    if not is_wd(day):
        return midnight, midnight
    if clock == "office":
        return london(day, OFFICE[0]), london(day, OFFICE[1])
    return midnight, next_midnight


def due_day(a: datetime, hours: int, clock: str) -> date:
    """Return the day of the last minute before which fewer than so many hours have passed."""
    left, day = hours * 60, a.astimezone(LONDON).date()
    while True:
        first, end = _counting(day, clock)
        count = _minutes(max(a, first), end)
        if count >= left:
            return day
        left -= count
        day = add_days(day, 1)
