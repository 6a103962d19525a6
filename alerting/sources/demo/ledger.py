"""The rows of one table, each with the day it was recorded, and what was changed later.

What the table holds on a day is the rows recorded by then, with the changes recorded by then.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count

from alerting.casedata.catalogue import TABLES

Cell = str | None
Cells = Sequence[Cell]


class Ledger:
    """One table. Write with `add` and `change`; `close` it; then ask for `count` and `column` as at a day.

    `earliest` is the first day anybody may ask about: what was recorded before is kept as if recorded then.
    """

    def __init__(self, table: str, first_number: int, earliest: int) -> None:
        self.table = table
        self.columns = tuple(TABLES[table].columns)
        self.positions = {name: position for position, name in enumerate(self.columns)}
        self.earliest = earliest
        self.next_id: Callable[[], str] = map(str, count(first_number + 1)).__next__
        """Return the next number of this table, as text."""
        self._shown: list[int] = []
        self._rows: list[tuple[Cell, ...]] = []
        self._changes: list[tuple[int, int, int, Cell]] = []
        self._copies: dict[int, int] = {}
        self._columns: list[tuple[Cell, ...]] = []
        self._changes_by_column: dict[int, list[tuple[int, int, Cell]]] = {}

    def __len__(self) -> int:
        return len(self._shown)

    def add(self, shown: int, cells: Iterable[Cell]) -> int:
        """Add a row that is there from the day `shown`, its cells in the order of the table, and give its place. What is left out is empty."""
        self._shown.append(max(self.earliest, shown))
        row = tuple(cells)
        self._rows.append(row + (None,) * (len(self.columns) - len(row)))
        return len(self._rows) - 1

    def change(self, day: int, row: int, column: str, cell: Cell) -> None:
        """Set a cell to another value from `day` on, or from the day the row is there when that is later."""
        self._changes.append((max(day, self._shown[row]), row, self.positions[column], cell))

    def repeat(self, row: int) -> None:
        """Deliver a row a second time, with whatever happens to it."""
        self._copies[row] = self.add(self._shown[row], self._rows[row])

    def rewrite(self, row: int, column: str, cell: Cell) -> None:
        """Set a cell of a row as it is from its first day on."""
        cells = self._rows[row]
        position = self.positions[column]
        self._rows[row] = (*cells[:position], cell, *cells[position + 1 :])

    def rows(self) -> Iterator[tuple[int, int, dict[str, Cell]]]:
        """Yield each row that was written: its place, the day it is first there, and what it comes to hold in the end."""
        later: dict[int, list[tuple[int, int, Cell]]] = {}
        for day, row, column, cell in self._changes:
            later.setdefault(row, []).append((day, column, cell))
        for place, (shown, cells) in enumerate(zip(self._shown, self._rows, strict=True)):
            held = list(cells)
            for _, column, cell in sorted(later.get(place, ()), key=lambda change: change[0]):
                held[column] = cell
            yield place, shown, dict(zip(self.columns, held, strict=True))

    def row(self, row: int) -> tuple[int, tuple[Cell, ...]]:
        """Return the day a row is first there, and its cells on that day."""
        return self._shown[row], self._rows[row]

    def close(self) -> None:
        """Order the rows by the day they were recorded. Nothing can be written afterwards."""
        order = sorted(range(len(self._shown)), key=self._shown.__getitem__)
        self._columns = list(zip(*(self._rows[row] for row in order), strict=True)) or [() for _ in self.columns]
        if len(self._columns) != len(self.columns):
            raise ValueError(f"{self.table} has {len(self.columns)} columns, its rows have {len(self._columns)}")
        copies = self._copies
        self._changes += [(day, copies[row], column, cell) for day, row, column, cell in self._changes if row in copies]
        if self._changes:
            place = [0] * len(order)
            for now, before in enumerate(order):
                place[before] = now
            for day, row, column, cell in sorted(self._changes, key=lambda change: change[0]):
                self._changes_by_column.setdefault(column, []).append((day, place[row], cell))
        self._shown.sort()
        self._rows, self._changes, self._copies = [], [], {}

    def count(self, day: int) -> int:
        """Count the rows that are there on a day, repeats included."""
        return bisect_right(self._shown, day)

    def column(self, name: str, day: int) -> list[Cell]:
        """Return one column as at a day, row by row."""
        position = self.positions[name]
        cells = list(self._columns[position][: self.count(day)])
        for changed_on, row, cell in self._changes_by_column.get(position, ()):
            if changed_on > day:
                break
            cells[row] = cell
        return cells
