"""How one cell of text is read. A cell is text or None until one of these functions has read it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction

Row = Mapping[str, str | None]
Table = list[dict[str, str | None]]

NOTHING = ("", "NULL", "SSD_PH", "PLACEHOLDER_DATA", "#N/A")
YES = ("y", "yes", "1", "true", "a) yes")
EARLIEST, TOO_LATE = date(1901, 1, 2), date(2100, 1, 1)

_TIME = r"(?:[ T](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?Z?)?"
_YEAR_FIRST = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})" + _TIME)
_DAY_FIRST = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})" + _TIME)
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


def clean(cell: str | None) -> str | None:
    if cell is None:
        return None
    text = cell.strip()
    return None if text.upper() in NOTHING else text


def id_of(cell: str | None) -> str | None:
    text = clean(cell)
    return None if text in ("-1", "0") else text


def norm(cell: str | None) -> str | None:
    text = clean(cell)
    if text is None:
        return None
    for typed, plain in (("\u00a0", " "), ("\u2018", "'"), ("\u2019", "'"), ("\u2013", "-"), ("\u2014", "-")):
        text = text.replace(typed, plain)
    return re.sub(r"\s+", " ", text.lower())


def yes(cell: str | None) -> bool:
    return norm(cell) in YES


def number(cell: str | None) -> Fraction | None:
    text = clean(cell)
    return Fraction(text) if text is not None and _NUMBER.fullmatch(text) else None


def date_of(cell: str | None) -> date | None:
    text = clean(cell)
    if text is None:
        return None
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, day = found.groups()
    elif found := _DAY_FIRST.fullmatch(text):
        day, month, year = found.groups()
    else:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:  # a day that does not exist
        return None


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
