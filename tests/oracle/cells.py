"""How one cell of text is read. A cell is text or None until one of these functions has read it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from functools import lru_cache
from zoneinfo import ZoneInfo

Row = Mapping[str, str | None]
Table = list[dict[str, str | None]]

NOTHING = ("", "NULL", "SSD_PH", "PLACEHOLDER_DATA", "#N/A")
NO_VALUES = ("n/a", "na", "nan", "nat", "none", "none.", "tbc", "-", "?", "#ref!", "(blank)")
YES = ("y", "yes", "1", "1.0", "-1", "true", "t", "a) yes")
EARLIEST, TOO_LATE = date(1901, 1, 2), date(2100, 1, 1)
LONDON = ZoneInfo("Europe/London")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_YEAR_FIRST = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_YEAR_FIRST_SLASHES = re.compile(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})")
_DAY_FIRST = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_NAMED = re.compile(r"([0-9]{1,2})-([a-z]{3})-([0-9]{4})", re.IGNORECASE)
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?(?:(Z)|([+-])([0-9]{2}):?([0-9]{2})?)?")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")

# The same cells are read for every rule.
read_once = lru_cache(maxsize=200_000)


@read_once
def clean(cell: str | None) -> str | None:
    if cell is None:
        return None
    text = cell.strip()
    return None if text.upper() in NOTHING else text


@read_once
def value_of(cell: str | None) -> str | None:
    """Return a cell of an id, a date or a number; None where it says in words that there is none."""
    text = clean(cell)
    return None if text is None or text.lower() in NO_VALUES else text


@read_once
def id_of(cell: str | None) -> str | None:
    text = value_of(cell)
    return None if text in ("-1", "0", "-1.0", "0.0") else text


@read_once
def norm(cell: str | None) -> str | None:
    text = clean(cell)
    if text is None:
        return None
    for typed, plain in (("\u00a0", " "), ("\u2018", "'"), ("\u2019", "'"), ("\u2013", "-"), ("\u2014", "-")):
        text = text.replace(typed, plain)
    return re.sub(r"\s+", " ", text.lower())


def yes(cell: str | None) -> bool:
    return norm(cell) in YES


@read_once
def number(cell: str | None) -> Fraction | None:
    text = clean(cell)
    return Fraction(text) if text is not None and _NUMBER.fullmatch(text) else None


@read_once
def date_of(cell: str | None) -> date | None:
    text = value_of(cell)
    if text is None:
        return None
    at = next((place for place, sign in enumerate(text) if sign in " T" and text[:place].count(":") == 0 and place > 7), None)
    day = _day(text if at is None else text[:at])
    if day is None or at is None:
        return day
    return _at(day, text[at + 1 :])


def _day(text: str) -> date | None:
    if found := _YEAR_FIRST.fullmatch(text) or _YEAR_FIRST_SLASHES.fullmatch(text):
        year, month, day = found.groups()
    elif found := _DAY_FIRST.fullmatch(text):
        day, month, year = found.groups()
    elif (found := _NAMED.fullmatch(text)) and found[2].lower() in MONTHS:
        day, month, year = found[1], str(MONTHS.index(found[2].lower()) + 1), found[3]
    else:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:  # a day that does not exist
        return None


def _at(day: date, clock: str) -> date | None:
    """Return the day in England at a time of a day; the day itself where the time has no zone."""
    found = _CLOCK.fullmatch(clock)
    if found is None:
        return None
    hour, minute, second, utc, sign, hours, minutes = found.groups()
    if int(hour) > 23 or int(minute) > 59 or int(second or 0) > 59 or (second and len(hour) == 1):
        return None
    if utc is None and sign is None:
        return day
    if int(hours or 0) > 23 or int(minutes or 0) > 59:
        return None
    ahead = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
    try:
        moment = datetime(day.year, day.month, day.day, int(hour), int(minute), int(second or 0), tzinfo=timezone(ahead))
        return moment.astimezone(LONDON).date()
    except OverflowError:
        return None


@read_once
def real_date(cell: str | None) -> date | None:
    day = date_of(cell)
    return day if day is not None and EARLIEST <= day < TOO_LATE else None


def different(rows: Iterable[Row]) -> Table:
    """Keep one of the rows that are equal in every column."""
    kept: Table = []
    seen = set()
    for row in rows:
        cells = tuple(sorted((name, cell) for name, cell in row.items() if cell is not None))
        if cells not in seen:
            seen.add(cells)
            kept.append(dict(row))
    return kept
