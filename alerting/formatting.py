"""Dates, numbers and other people's text as a reader sees them. Nothing here knows a rule or a template."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from math import isfinite

FIELD = 200
"""The most characters of one value of the case data that a message shows."""

# A line break in a name could write a line, or a header, of its own; a surrogate cannot be sent; a direction mark can
# make a case number read backwards.
_BREAKS = re.compile("[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff\ufffe\uffff]+")
_INVISIBLE = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_ADDRESS = re.compile(r"\b(https?|ftps?|file)://|\b(www)\.", re.IGNORECASE)
_IN_TENTHS = frozenset({"hours", "percent", "%", "percentage points"})
# Some spreadsheets read signs of full width as the plain ones.
_FORMULA = re.compile(r"\s*[=+@\-＝＋＠－]")
_NO_FORMULA = re.compile(r"[-+]?[\d.,:/ -]*%?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?")


def plain(value: object, limit: int = FIELD) -> str:
    """Return one line of text: no control or direction characters, no address a mail program makes a link of, and at most
    `limit` characters, the last an ellipsis where something was cut.

    >>> plain("Oak\\r\\nBcc: x"), plain("see http://a.example"), plain("abcdef", 4)
    ('Oak Bcc: x', 'see http[:]//a.example', 'abc…')
    """
    # Cut before and after: an address grows by what is put into it, and a huge text must not be read whole.
    text = _INVISIBLE.sub("", _BREAKS.sub(" ", str(value)[: limit * 4])).strip()
    text = _ADDRESS.sub(lambda found: f"{found[1]}[:]//" if found[1] else f"{found[2]}[.]", text)
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def no_formula(cell: str) -> str:
    """Return text as a spreadsheet takes it for text: what it might take for a formula begins with an apostrophe.

    >>> no_formula("=1+1"), no_formula(" @now"), no_formula("-3.5 %"), no_formula("A-7K3QXM")
    ("'=1+1", "' @now", '-3.5 %', 'A-7K3QXM')
    """
    return f"'{cell}" if _FORMULA.match(cell) and not _NO_FORMULA.fullmatch(cell) else cell


def visible(text: str, keep: str = "") -> str:
    """Return text with a sign for each character that shows as nothing, or would do something to a terminal, but those to keep.

    >>> visible("Oak\\x1b[2J"), visible("a\\u202eb\\n", keep="\\n")
    ('Oak�[2J', 'a�b\\n')
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in keep or unicodedata.category(one) == "Zs" else "�" for one in text)


def day(value: date | datetime | str, form: str = "long") -> str:
    """Return a date, or an ISO string of one, in words; with its time where it has one.

    >>> day("2026-02-02"), day(date(2026, 2, 2), "short"), day("2026-03-31T05:40")
    ('2 February 2026', '2 Feb 2026', '31 March 2026, 05:40')
    """
    given = dated(value)
    if not isinstance(given, date):
        raise ValueError("not a date")  # noqa: TRY004  # text that is not a date is the value that is wrong
    words = f"{given.day} {given:%b %Y}" if form == "short" else f"{given.day} {given:%B %Y}"
    return f"{words}, {given:%H:%M}" if isinstance(given, datetime) else words


def dated(value: object) -> object:
    """Return a date or a moment for an ISO string of one; everything else as it is.

    >>> dated("2026-02-02"), dated("2026-02-30"), dated("P1")
    (datetime.date(2026, 2, 2), '2026-02-30', 'P1')
    """
    if not isinstance(value, str):
        return value
    try:
        if _DAY.fullmatch(value):
            return date.fromisoformat(value)
        return datetime.fromisoformat(value) if _MOMENT.fullmatch(value) else value
    except ValueError:
        return value


class Tenths(float):
    """A number that is shown with one decimal, a half away from zero."""


def in_unit(value: float, unit: str) -> float:
    """Return a number as it is shown in its unit: hours and percentages with one decimal.

    >>> number(in_unit(14.25, "hours")), number(in_unit(-0.05, "percent")), number(in_unit(14.25, "cases"))
    ('14.3', '-0.1', '14.25')
    """
    return Tenths(value) if unit in _IN_TENTHS else value


def number(value: float) -> str:
    """Return a number with at most two decimals and none that say nothing.

    >>> number(18.0), number(20.25), number(1 / 3), number(57)
    ('18', '20.25', '0.33', '57')
    """
    if isinstance(value, Tenths) and isfinite(value):
        # By how the number is written, as 12.35 may be held as 12.349999999999999645.
        value = float(Decimal(repr(float(value))).quantize(Decimal("0.1"), ROUND_HALF_UP))
    text = f"{value:.2f}"
    return text.rstrip("0").rstrip(".") if text != "-0.00" else "0"


def capital(text: str) -> str:
    """Return a text that begins with a capital letter.

    >>> capital("fire is held by A Name"), capital("")
    ('Fire is held by A Name', '')
    """
    return f"{text[:1].upper()}{text[1:]}"


def plural(count: float, one: str, many: str | None = None) -> str:
    """Return a count with its noun.

    >>> plural(1, "day"), plural(57.0, "day"), plural(3, "child", "children")
    ('1 day', '57 days', '3 children')
    """
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def listed(parts: Sequence[str], last: str = "and") -> str:
    """Return `a, b and c`.

    >>> listed([]), listed(["a"]), listed(["a", "b", "c"])
    ('', 'a', 'a, b and c')
    """
    return f" {last} ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def counted(counts: Iterable[tuple[int, str]]) -> list[str]:
    """Return `3 new` for each count that is not nought.

    >>> counted([(3, "new"), (0, "worse"), (12, "open")])
    ['3 new', '12 open']
    """
    return [f"{count} {word}" for count, word in counts if count]


def until(due: date, as_of: date) -> str:
    """Return how far a due date is away.

    >>> until(date(2026, 3, 4), date(2026, 3, 31)), until(date(2026, 4, 1), date(2026, 3, 31))
    ('27 days overdue', 'in 1 day')
    """
    days = (as_of - due).days
    return "today" if days == 0 else f"{plural(days, 'day')} overdue" if days > 0 else f"in {plural(-days, 'day')}"


_FEW = 5


def masked(count: int) -> str:
    """Return a number of people so that no one of them can be told by it; nothing of none.

    >>> masked(3), masked(12), masked(0)
    ('fewer than 5', 'at least 10', '')
    """
    if not count:
        return ""
    return f"fewer than {_FEW}" if count < _FEW else f"at least {count - count % _FEW}"


def as_csv(rows: Iterable[Iterable[object]]) -> str:
    """Return rows as CSV, nothing for None. A text that a spreadsheet would take for a formula begins with an apostrophe."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(
        [no_formula("" if cell is None else str(cell)) for cell in row] for row in rows
    )
    return text.getvalue()
