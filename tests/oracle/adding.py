"""Adds rows and columns to a random council that is there already, out of chances of their own.

Each noun draws from its own chances, so that another column or table changes nothing about those that came before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from itertools import count
from random import Random

from tests.oracle.calendar import add_days, add_months
from tests.oracle.cells import Table, id_of
from tests.oracle.written import NO_DATE, Cell, dressed, end, start, written

Cells = Mapping[str, Cell]
Columns = Callable[[Random, date], Cells]


class Adding:
    """A council's tables while rows are added to them."""

    def __init__(self, tables: dict[str, Table], rng: Random, as_of: date, noun: str) -> None:
        self.tables, self.rng, self.as_of = tables, rng, as_of
        self._noun, self._numbers = noun, count(rng.choice((5, 95, 993)))
        known = {id_of(row["pers_person_id"]) for row in tables["ssd_person"]} - {None}
        teams = {id_of(row["team_id"]) for row in tables.get("ext_team", [])} - {None}
        self.teams = sorted(str(team) for team in teams)
        self.people = sorted(str(person) for person in known)

    def add(self, table: str, **cells: Cell) -> None:
        """Add a row, at times twice; its ids are dressed here."""
        row = {name: dressed(self.rng, cell) if name.endswith("_id") else cell for name, cell in cells.items()}
        self.tables.setdefault(table, []).extend([row, dict(row)] if self.rng.random() < 0.05 else [row])

    def fresh(self, missing: float = 0.02) -> Cell:
        """Return an id that is new, and at times none. Of ids of a table some do not end in .0, so those that do are kept."""
        if self.rng.random() < missing:
            return self.rng.choice((None, "", "NULL", "-1", "0", "n/a", "TBC"))
        return self.rng.choice(("{}-{}", "{}{}", "0{1}{0}", "\u00c9{}{}")).format(self._noun, next(self._numbers))

    def some(self, *odds: int) -> range:
        """Choose how many: `odds[n]` is the weight of n."""
        return range(self.rng.choices(range(len(odds)), odds)[0])

    def chance(self, odds: float) -> bool:
        return self.rng.random() < odds

    def person(self) -> Cell:
        return self.rng.choice(self.people) if self.chance(0.97) else self.rng.choice(("no such person", "0", "-1", None))

    def team(self) -> Cell:
        nobody = (None, "", "T-gone")
        return self.rng.choice(self.teams) if self.teams and self.chance(0.9) else self.rng.choice(nobody)

    def start(self) -> Cell:
        return start(self.rng, self.as_of)

    def end(self, still_open: float = 0.75) -> Cell:
        return end(self.rng, self.as_of, still_open)

    def days_ago(self, *days: int) -> Cell:
        """Write one of the days so many before today; of a negative number, after."""
        return written(self.rng, add_days(self.as_of, -self.rng.choice(days)))

    def months_ago(self, *months: int) -> Cell:
        """Write a day so many months before today, or next to it."""
        return written(self.rng, add_days(add_months(self.as_of, -self.rng.choice(months)), self.rng.choice((-1, 0, 0, 1))))

    def no_day(self) -> Cell:
        return self.rng.choice(NO_DATE)


def with_columns(table: Table, seed: str, columns: Columns, as_of: date) -> None:
    """Add columns to each row. Rows that are equal stay so."""
    for row in table:
        rng = Random(f"{seed} {sorted((name, cell) for name, cell in row.items() if cell is not None)}")
        row.update({name: cell for name, cell in columns(rng, as_of).items() if name not in row})
