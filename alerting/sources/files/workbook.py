"""One Excel workbook with a sheet a table.

What Excel shows and its file does not hold is no empty cell: a formula whose value was never stored, an error, what is hidden by a
merged cell, the last digits of a number of more than fifteen. Each is read as a text that says so, which no date, number or id is.
"""

from __future__ import annotations

import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from html import unescape
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alerting.casedata.catalogue import TABLES
from alerting.casedata.conversion import as_text
from alerting.casedata.snapshot import Snapshot
from alerting.errors import SourceError
from alerting.sources.files.columns import FIRST_ROWS, NO_COLUMN, NoColumnsError, below_a_title, by_column, is_in, positions

if TYPE_CHECKING:
    import python_calamine

_FORMULA, _MERGED, _DIGITS = "a formula without a stored value", "part of a merged cell", "a number of more than 15 digits"
_EXACT = 1e15
"""From here on a number of Excel is not what somebody typed: it keeps fifteen digits."""

_NO_ID = "\0"
"""A character that no id can have, so that a text with it is nobody's."""

_NOT_GIVEN = b"#N/A"
"""The one error that people write on purpose: no value is available."""

_PART = rb"(?:\w+:)?"
_ODD_PART = re.compile(rb"<%bf[ />]|\bt=\"e\"" % _PART)
_CELL = re.compile(rb"<%bc\b([^>]*[^>/])>(.*?)</%bc>" % (_PART, _PART), re.DOTALL)
_VALUE = re.compile(rb"<%bv[^>]*>([^<]*)|<%bis\b|<%bv\s*/>" % (_PART, _PART, _PART))
_AT = re.compile(rb'\br="([A-Z]{1,3})(\d+)"')

_ATTRIBUTE = re.compile(rb"([\w:]+)=\"([^\"]*)\"")

Odd = Mapping[tuple[int, int], str]
"""By row and column of a sheet, from 0: what of its cell the file does not hold."""


def sheets(workbook: Path) -> Mapping[str, Sequence[Sheet]]:
    """Return the sheets of a workbook by their names in small letters. Raises SourceError where it cannot be opened."""
    sheets: dict[str, list[Sheet]] = defaultdict(list)
    with _opened(workbook) as book:
        for name in book.sheet_names:
            sheets[name.strip().lower()].append(Sheet(workbook, name))
    return sheets


def first_rows(workbook: Path, most_sheets: int, most_rows: int) -> dict[str, list[list[str]]]:
    """Return the first rows of the first sheets of a workbook of any kind. Raises SourceError where it cannot be opened."""
    with _opened(workbook) as book:
        names = book.sheet_names[:most_sheets]
        read = {name: book.get_sheet_by_name(name).to_python(nrows=most_rows) for name in names}
    return {name: [[as_text(cell) or "" for cell in row] for row in rows] for name, rows in read.items()}


@contextmanager
def _opened(workbook: Path) -> Iterator[python_calamine.CalamineWorkbook]:
    import python_calamine

    try:
        with python_calamine.CalamineWorkbook.from_path(workbook) as opened:
            yield opened
    except python_calamine.PasswordError:
        raise SourceError(
            f"{workbook.name} is behind a password",
            remedy="Save it without one, in a folder that only the account which runs the alerts may read.",
        ) from None
    except python_calamine.CalamineError:
        raise SourceError(
            f"{workbook.name} is not an Excel workbook that can be read",
            remedy="Open it in Excel and save it again as .xlsx; if it was being copied, run again when it is whole.",
        ) from None


@dataclass(frozen=True)
class Sheet:
    """A sheet, which holds a table."""

    path: Path
    sheet: str

    @property
    def name(self) -> str:
        return f"{self.path.name}!{self.sheet}"

    def fill(self, into: Snapshot, table: str, columns: frozenset[str]) -> None:
        """Fill a table with the wanted columns. Raises SourceError where the sheet is none that can be read."""
        rows, odd = self._rows()
        at = self._positions(rows, columns)
        names = list(at) or [NO_COLUMN]
        into.fill(table, names, [[] for _ in names])
        ids = {place for name, place in at.items() if TABLES[table].columns[name].kind == "id"}
        for data in by_column(_told(rows, odd, ids, frozenset(at.values())), list(at.values())):
            into.extend(table, names, data)

    def places(self, column: str, cells: frozenset[str]) -> Iterator[str]:
        """Return where these cells of a column are, and why where the file says no more than that."""
        rows, odd = self._rows()
        at = self._positions(rows, [column])[column]
        kinds = {name: each.kind for table in TABLES.values() for name, each in table.columns.items()}
        ids = {at} if kinds.get(column) == "id" else set()
        for number, row in _told(rows, odd, ids, frozenset({at})):
            if is_in(row[at], cells):
                why = f" ({row[at].rstrip(_NO_ID)})" if isinstance(row[at], _Odd) else ""
                yield f"{self.path.name}!{self.sheet} row {number}: {column}{why}"

    def _positions(self, rows: Iterator[tuple[int, list[Any]]], columns: frozenset[str] | list[str]) -> dict[str, int]:
        first = list(islice(rows, 1))
        if not first:
            raise SourceError("is empty, without even a header", where=self.name, remedy="Export it again.")
        header = [as_text(cell) or "" for cell in first[0][1]]
        try:
            return positions(header, columns, self.name)
        except NoColumnsError as error:
            later = [(number, [as_text(cell) or "" for cell in row]) for number, row in islice(rows, FIRST_ROWS)]
            raise below_a_title(later, columns, self.name, "row") or error from None

    def _rows(self) -> tuple[Iterator[tuple[int, list[Any]]], Odd]:
        """Return each row that is not blank with its number in the sheet, from 1, and what of the sheet the file does not hold."""
        import python_calamine

        try:
            with python_calamine.CalamineWorkbook.from_path(self.path) as opened:
                sheet = opened.get_sheet_by_name(self.sheet)
                rows, merged = sheet.to_python(skip_empty_area=False), sheet.merged_cell_ranges or []
        except python_calamine.CalamineError:
            raise SourceError("cannot be read", where=self.name, remedy="Open it in Excel and save it again.") from None
        odd = {**_hidden(merged), **_not_stored(self.path, self.sheet)}
        filled = {row for row, _ in odd}
        return ((n, row) for n, row in enumerate(rows, 1) if n - 1 in filled or any(cell != "" for cell in row)), odd


class _Odd(str):
    """The text for a cell of which the file does not hold what Excel shows."""

    __slots__ = ()


def _told(
    rows: Iterator[tuple[int, list[Any]]], odd: Odd, ids: set[int], wanted: frozenset[int]
) -> Iterator[tuple[int, list[Any]]]:
    """Return rows with a text in place of each wanted cell that is not there as Excel shows it."""
    by_row = defaultdict[int, dict[int, str]](dict)
    for (number, at), why in odd.items():
        if at in wanted:
            by_row[number][at] = why
    for number, row in rows:
        for at, why in by_row.get(number - 1, {}).items():
            row[at] = _Odd(why + _NO_ID if at in ids else why)
        for at in ids:
            if isinstance(row[at], (int, float)) and abs(row[at]) >= _EXACT:
                row[at] = _Odd(_DIGITS + _NO_ID)
        yield number, row


def _hidden(merged: Sequence[tuple[tuple[int, int], tuple[int, int]]]) -> dict[tuple[int, int], str]:
    """Return the cells that lie under merged ones, but in the first row, which is the header's."""
    return {
        (row, column): _MERGED
        for (top, left), (bottom, right) in merged
        for row in range(max(top, 1), bottom + 1)
        for column in range(left, right + 1)
        if (row, column) != (top, left)
    }


def _not_stored(workbook: Path, sheet: str) -> dict[tuple[int, int], str]:
    """Return the cells that hold an error, or a formula and no value of it."""
    with suppress(OSError, KeyError, zipfile.BadZipFile), zipfile.ZipFile(workbook) as parts:
        part = _part_of(parts, sheet)
        text = parts.read(part) if part else b""
        if not _ODD_PART.search(text):
            return {}
        cells = (cell.groups() for cell in _CELL.finditer(text))
        return {at: why for attributes, inside in cells if (why := _why_odd(attributes, inside)) for at in _at(attributes)}
    return {}


def _why_odd(attributes: bytes, inside: bytes) -> str | None:
    value = _VALUE.search(inside)
    if b't="e"' in attributes:
        error = (value[1] or b"") if value else b""
        return None if error == _NOT_GIVEN else f"the error {error.decode('utf-8', 'replace')}".strip()
    return _FORMULA if re.search(rb"<%bf[ />]" % _PART, inside) and not value else None


def _at(attributes: bytes) -> Iterator[tuple[int, int]]:
    """Return where it says so the row and the column, from 0, of a cell such as `AB12`."""
    if place := _AT.search(attributes):
        column = 0
        for letter in place[1]:
            column = column * 26 + letter - 64
        yield int(place[2]) - 1, column - 1


def _part_of(parts: zipfile.ZipFile, sheet: str) -> str | None:
    """Return the part of a workbook's file that holds a sheet, None where that cannot be told."""
    targets = {
        link.get(b"Id"): link.get(b"Target", "") for link in _elements(parts.read("xl/_rels/workbook.xml.rels"), b"Relationship")
    }
    for each in _elements(parts.read("xl/workbook.xml"), b"sheet"):
        target = targets.get(each.get(b"r:id"))
        if target and each.get(b"name") == sheet:
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return None


def _elements(text: bytes, name: bytes) -> list[dict[bytes, str]]:
    """Return the attributes of each XML element of a name."""
    found = re.findall(rb"<%b%b\b([^>]*)>" % (_PART, name), text)
    return [{key: unescape(value.decode("utf-8", "replace")) for key, value in _ATTRIBUTE.findall(each)} for each in found]
