"""The whole council: everything that is ever recorded about it, and its tables as at a day."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import lru_cache

from alerting.casedata.catalogue import TABLES
from alerting.errors import SourceError
from alerting.sources.demo.books import DAYS_AFTER, DAYS_BEFORE, Books
from alerting.sources.demo.details import write_details
from alerting.sources.demo.families import number, write_contacts
from alerting.sources.demo.lapses import write_lapses
from alerting.sources.demo.ledger import Cell
from alerting.sources.demo.lives import Lives
from alerting.sources.demo.nasties import RATES
from alerting.sources.demo.practice import Practice
from alerting.sources.demo.staff import Staff

_REPEATING = ("ssd_contacts", "ssd_cin_visits", "ssd_cp_visits", "ssd_cla_visits", "ssd_involvements", "ssd_legal_status")
_LOADED_AT = "05:40:00"

Columns = dict[str, list[Cell]]
"""A table as columns: the cells of each, row by row."""


class Town:
    """One council. Made once; asked for any day from 60 days before the start day to 120 days after it."""

    def __init__(self, children: int, seed: int, start: date) -> None:
        with _unhurried_memory():
            self._books = Books(children, seed, start)
            staff = Staff(self._books)
            lives = Lives(self._books, staff)
            lives.live()
            staff.write()
            write_contacts(self._books, lives.people, lives.children)
            _restrict(self._books, lives)
            _merge(self._books, lives)
            _bury(self._books, lives)
            write_lapses(self._books)
            write_details(self._books)
            Practice(self._books, staff).write()
            _repeat(self._books)
            for ledger in self._books.ledgers.values():
                ledger.close()

    def table(self, name: str, as_of: date, columns: Collection[str] | None = None) -> Columns:
        """Return a table as at a day, all its columns or only some. Raises SourceError for a day out of sight."""
        day = self._day(as_of)
        wanted = [column for column in TABLES[name].columns if columns is None or column in columns]
        if name == "ext_load":
            loads = self._loads(as_of)
            return {column: loads[column] for column in wanted}
        ledger = self._books.ledgers[name]
        return {column: ledger.column(column, day) for column in wanted}

    def truth(self, as_of: date) -> dict[str, list[str]]:
        """Return, for each nasty of RATES, the rows or people it can be seen at on a day."""
        return self._books.truth.as_at(self._day(as_of))

    def _day(self, as_of: date) -> int:
        day = as_of.toordinal()
        if self._books.earliest <= day <= self._books.last:
            return day
        start = date.fromordinal(self._books.start)
        first, last = start - timedelta(days=DAYS_BEFORE), start + timedelta(days=DAYS_AFTER)
        raise SourceError(
            f"the demo council lives from {first} to {last}, and {as_of} is not in it",
            where="source",
            remedy="Run it for a day in between, or give the source a `start` near the day you mean.",
        )

    def _loads(self, as_of: date) -> Columns:
        ledgers = self._books.ledgers
        return {
            "table_name": list(ledgers),
            "loaded_at": [f"{as_of.isoformat()} {_LOADED_AT}"] * len(ledgers),
            "row_count": [str(ledger.count(as_of.toordinal())) for ledger in ledgers.values()],
        }


@lru_cache(maxsize=2)
def town(children: int, seed: int, start: date) -> Town:
    """Return the council of that size, seed and day; made once a process, because that takes seconds."""
    return Town(children, seed, start)


@contextmanager
def _unhurried_memory() -> Iterator[None]:
    # Millions of rows are made and none is garbage: looking for some over and over doubles the time.
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _restrict(books: Books, lives: Lives) -> None:
    """Restrict a few records: sealed, limited to the worker and their manager, and one where nobody said which."""
    chance, ledger = books.chances("restricted"), books.ledgers["ext_restricted"]
    count = min(len(lives.open_cases) // 8, max(8, round(16 * books.scale)))
    levels = ["", *(("sealed", "limited", "limited") * count)]
    for case, level in zip(chance.sample(lives.open_cases, count), levels, strict=False):
        worker = case.stage.worker
        manager = worker.team.manager if worker and worker.team else None
        allowed = ";".join(person.id for person in (worker, manager) if person) if level == "limited" else None
        ledger.add(books.earliest, (case.child.id, level or None, allowed))


def _merge(books: Books, lives: Lives) -> None:
    """Merge second records of a few children into their first; of the second nothing else is delivered."""
    chance, ledger = books.chances("merged"), books.ledgers["ext_merged"]
    cases = chance.sample(lives.open_cases, min(len(lives.open_cases), max(3, round(6 * books.scale))))
    for second, (case, day) in enumerate(zip(cases, range(books.earliest, books.last, 30), strict=False), 3021):
        # A number from below those of the people who are there.
        ledger.add(day, (f"{second:07d}", case.child.id, date.fromordinal(day).isoformat()))


def _bury(books: Books, lives: Lives) -> None:
    """Enter a death date for a few people, and leave everything of theirs open."""
    chance = books.chances("died")
    count = min(len(lives.open_cases), max(1, round(RATES["died_with_open_rows"] * 3000 * books.scale)))
    for case in chance.sample(lives.open_cases, count):
        day = books.start - 25 + int(chance.random() * 20)
        lives.people.died(case.child, day)
        books.truth.note("died_with_open_rows", case.child.id, day + 3)


def _repeat(books: Books) -> None:
    """Deliver some rows twice."""
    chance = books.chances("repeats")
    for table in _REPEATING:
        ledger = books.ledgers[table]
        rows = len(ledger)
        for row in sorted(chance.sample(range(rows), min(rows, number(chance, rows * RATES["repeated_row"])))):
            ledger.repeat(row)
            shown, cells = ledger.row(row)
            books.truth.note("repeated_row", f"{table} {cells[0]}", shown)
