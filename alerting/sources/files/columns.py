"""The columns of a table's file: where in its header the wanted ones are, and their cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from alerting.casedata.codes import clean
from alerting.casedata.conversion import as_text
from alerting.errors import SourceError

NO_COLUMN = "none of them"
"""The column of a raw table of which no column is wanted: its rows count all the same."""

FIRST_ROWS = 20
"""How many rows of a file are looked at for its header, where it is not the first."""

_BATCH = 50_000


class NoColumnsError(SourceError):
    """What should be the header names none of the columns needed."""


def positions(header: Sequence[str], columns: Iterable[str], file: str) -> dict[str, int]:
    """Return the place in the header of each wanted column that is there; case and surrounding white space do not count."""
    names = [name.strip().lower() for name in header]
    columns = sorted(columns)
    if doubled := [column for column in columns if names.count(column) > 1]:
        raise SourceError(f"the header has {doubled[0]} twice", where=file, remedy="Export it with each column once.")
    found = {column: names.index(column) for column in columns if column in names}
    if columns and not found:
        raise NoColumnsError(
            f"the first line names none of the columns needed, such as {columns[0]}",
            where=file,
            remedy="The first line must be the names of the columns, and the source's delimiter what stands between them.",
        )
    return found


def below_a_title(rows: Iterable[tuple[int, Sequence[str]]], columns: Iterable[str], file: str, unit: str) -> SourceError | None:
    """Return where the names of the columns stand, where that is below the first line."""
    wanted = set(columns)
    for number, row in rows:
        if len({cell.strip().lower() for cell in row} & wanted) >= min(2, len(wanted)):
            return SourceError(
                f"the names of its columns stand in {unit} {number}, below a title",
                where=file,
                remedy="Export it without a title: its first line must be the names of the columns.",
            )
    return None


def by_column(rows: Iterable[tuple[int, list[Any]]], wanted: Sequence[int]) -> Iterator[list[list[object]]]:
    """Turn rows into column lists, piece by piece: those of the wanted columns, or one of nothing where none is."""
    rows = iter(rows)
    while True:
        # Cell by cell, because rows kept for a moment cost three times as much: the collector looks through each.
        data: list[list[object]] = [[] for _ in wanted]
        count = 0
        for _, row in islice(rows, _BATCH):
            count += 1
            for cells, at in zip(data, wanted, strict=True):
                cells.append(row[at])
        if not count:
            return
        yield data or [[None] * count]


def is_in(cell: object, cells: frozenset[str]) -> bool:
    """Return whether a cell is one of these, as they were read."""
    return clean(as_text(cell)) in cells
