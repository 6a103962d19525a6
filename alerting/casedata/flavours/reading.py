"""Reads a source as the flavour that it is: asks for what ours are come by, and makes of it the columns of ours that are not there.

All of it is done to the raw cells, before any is read by its kind, so that everything that is checked of a column is checked of
these too.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from alerting.casedata import cells
from alerting.casedata.catalogue import KEYS
from alerting.casedata.conversion import quoted
from alerting.casedata.flavours import Flavour, Given, Until, Way, every, flavour
from alerting.casedata.snapshot import Snapshot, Source, Wanted

_FEW = 0.05
_RAW = "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'raw'"


def as_ours(source: Source) -> Source:
    """Return the source, read as the flavour that its settings name."""
    name = source.delivered_as()
    return Flavoured(source=source, flavour=flavour(name)) if name else source


def recognised(source: Source, snapshot: Snapshot, lacking: Mapping[str, frozenset[str]]) -> Flavour | None:
    """Return the flavour under which most of the columns that a source lacks are there; None where none is.

    snapshot: an empty one, to read into. lacking: by table. Of two that give as much, the one that says less is right.
    """
    wanted = {table: columns for table, columns in lacking.items() if columns}
    asked: dict[str, frozenset[str]] = defaultdict(frozenset)
    for each in every():
        for table, columns in _asked(each, wanted).items():
            asked[table] |= columns
    source.read(dict(asked), snapshot)
    there = {(table, column) for table, column, _ in snapshot.sql(_RAW)}
    best, most = None, 0
    for each in every():
        gives = sum(1 for table, columns in wanted.items() for column in columns if _gives(each, table, column, there))
        if gives > most:
            best, most = each, gives
    return best


def _gives(one: Flavour, table: str, column: str, there: set[tuple[str, str]]) -> bool:
    given = one.columns.get((table, column))
    return given is not None and any((table, name) in there for name in given.told_by)


def _asked(one: Flavour, wanted: Wanted) -> dict[str, frozenset[str]]:
    """Return what is to be asked for, so that the wanted columns can be made of it."""
    asked: dict[str, set[str]] = {table: set(columns) for table, columns in wanted.items()}
    waiting = [(table, column) for table, columns in wanted.items() for column in columns]
    while waiting:
        table, column = waiting.pop()
        for other, needed in _needed(one.columns.get((table, column)), table):
            if needed not in asked.setdefault(other, set()):
                asked[other].add(needed)
                waiting.append((other, needed))
    return {table: frozenset(columns) for table, columns in asked.items()}


def _needed(given: Given | None, table: str) -> Iterator[tuple[str, str]]:
    if given is None:
        return
    for name in given.told_by:
        yield table, name
    for way in given.through:
        yield way.table, way.key
        yield way.table, way.take
    if given.until:
        for at in given.until.next:
            yield at.table, at.person
            yield at.table, at.start
        yield table, given.until.person
        yield table, given.until.start


@dataclass(frozen=True, kw_only=True)
class Flavoured(Source):
    """A source that is read as a flavour."""

    source: Source
    flavour: Flavour
    #: By table and column of ours, what it is called there.
    called: dict[tuple[str, str], str] = field(default_factory=dict)

    def read(self, wanted: Wanted, into: Snapshot) -> None:
        self.source.read(_asked(self.flavour, wanted), into)
        self.called.clear()
        _Made(into, self.flavour, wanted, self.called).make()

    def places(self, table: str, column: str, cells: frozenset[str]) -> list[str]:
        return self.source.places(table, self.called.get((table, column), column), cells)

    def identity(self) -> tuple[str, ...]:
        return self.source.identity()

    def delivered_as(self) -> str | None:
        return self.source.delivered_as()


class _Made:
    """The raw tables of one reading, and the columns of ours that are made in them."""

    def __init__(self, into: Snapshot, one: Flavour, wanted: Wanted, called: dict[tuple[str, str], str]) -> None:
        self._into, self._flavour, self._wanted, self._called = into, one, wanted, called
        #: By table, its columns with the engine's type of each.
        self._raw: dict[str, dict[str, str]] = defaultdict(dict)
        for table, column, kind in into.sql(_RAW):
            self._raw[table][column] = kind

    def make(self) -> None:
        """Make the columns: those that are called otherwise first, as others are come by through them."""
        mine = {at: given for at, given in self._flavour.columns.items() if at[0] in self._raw}
        for (table, column), given in mine.items():
            self._call(table, column, given)
            if given.numbered and self._is_empty(table, column):
                order = ", ".join(quoted(name) for name in sorted(self._raw[table]) if name != column)
                self._replace(table, column, f"CAST(row_number() OVER (ORDER BY {order}) AS VARCHAR)")
        for (table, column), given in mine.items():
            self._lead(table, column, given)
        for (table, column), given in mine.items():
            if column in self._raw[table]:
                self._answer(table, column, given)
                self._end(table, column, given.until)
        for (table, column), why in self._flavour.not_given.items():
            if table in self._raw and self._is_empty(table, column):
                self._replace(table, column, None)
                self._into.reading(table).not_given[column] = why
        for (table, column), why in self._flavour.lost.items():
            if column in self._wanted.get(table, ()) and table in self._raw and column not in self._raw[table]:
                self._replace(table, column, "NULL::VARCHAR")
                self._into.reading(table).not_given[column] = why

    def _call(self, table: str, column: str, given: Given) -> None:
        theirs = next((name for name in given.called if name in self._raw[table]), None)
        if theirs and self._is_empty(table, column):
            self._replace(table, column, quoted(theirs))
            self._raw[table][column] = self._raw[table][theirs]
            self._called[table, column] = theirs

    def _lead(self, table: str, column: str, given: Given) -> None:
        """Take a column through the other table that has the most of the ids by which it is come by."""
        ways = [way for way in given.through if way.by in self._raw[table] and self._has(way)]
        if not ways or not self._is_empty(table, column):
            return
        found = [self._found(table, way) for way in ways] if len(ways) > 1 else [0]
        self._through(table, column, ways[found.index(max(found))])

    def _has(self, way: Way) -> bool:
        return way.key in self._raw[way.table] and way.take in self._raw[way.table]

    def _found(self, table: str, way: Way) -> int:
        [(count,)] = self._into.sql(
            f"SELECT count(*) FROM (SELECT DISTINCT {_cell(way.by)} AS id FROM raw.{table}) "
            f"WHERE id_of(id) IS NOT NULL AND id IN (SELECT {_cell(way.key)} FROM raw.{way.table})"
        )
        return int(count)

    def _through(self, table: str, column: str, way: Way) -> None:
        """Where an id names several, such as brothers and sisters, rows that are alike are dealt out, if they go round.

        Whose the others are cannot be said: they are nobody's, and that there are too many is told as of any column.
        """
        self._into.sql(
            f"CREATE OR REPLACE TEMP TABLE led AS SELECT id, list(DISTINCT take ORDER BY take) AS takes "
            f"FROM (SELECT {_cell(way.key)} AS id, {_cell(way.take)} AS take FROM raw.{way.table}) "
            "WHERE id_of(id) IS NOT NULL AND id_of(take) IS NOT NULL GROUP BY id"
        )
        [(several,)] = self._into.sql("SELECT coalesce(max(len(takes)), 0) FROM led")
        taken, window = "takes[1]", ""
        if several > 1:
            own = KEYS.get(table, ("",))[0]
            alike = ", ".join(quoted(name) for name in sorted(self._raw[table]) if name not in (own, column))
            order = quoted(own) if own in self._raw[table] else "1"
            taken = (
                "CASE WHEN len(takes) = 1 THEN takes[1] WHEN of_these >= len(takes) THEN takes[(dealt - 1) % len(takes) + 1] END"
            )
            window = f", row_number() OVER (PARTITION BY {alike} ORDER BY {order}) AS dealt, count(*) OVER (PARTITION BY {alike}) AS of_these"
        others = ", ".join(f"r.{quoted(name)}" for name in self._raw[table] if name != column)
        self._into.sql(
            f"CREATE OR REPLACE TABLE raw.{table} AS SELECT {others}, {taken} AS {quoted(column)} "
            f"FROM (SELECT *{window} FROM raw.{table}) r LEFT JOIN led l ON l.id = {_cell(f'r.{way.by}')}"
        )
        self._into.sql("DROP TABLE led")
        self._raw[table][column] = "VARCHAR"

    def _answer(self, table: str, column: str, given: Given) -> None:
        """Write the answers of a form as the SSD writes them; what is a list of answers already stays."""
        if not given.answers:
            return
        cell = f"CAST({quoted(column)} AS VARCHAR)"
        answer = _plain(f"norm({cell})")
        means = " ".join(
            f"WHEN regexp_full_match({answer}, {_text(_begins_with(answers))}) THEN {_text(json.dumps({key: 'Y'}))}"
            for key, answers in given.answers.items()
        )
        self._replace(table, column, f"CASE {means} ELSE {quoted(column)} END")

    def _end(self, table: str, column: str, until: Until | None) -> None:
        """Tell the ends by what begins next, where all but a few rows say that it ended: there they say something else."""
        if until is None or not {until.person, until.start} <= self._raw[table].keys():
            return
        end = _day(column, self._raw[table][column])
        [(there, open_)] = self._into.sql(f"SELECT count(*), count(*) FILTER ({end} IS NULL) FROM raw.{table}")
        if not there or open_ > there * _FEW:
            return
        begun = " UNION ALL ".join(
            f"SELECT {_cell(at.person)} AS person, {_day(at.start, self._raw[at.table][at.start])} AS start FROM raw.{at.table}"
            for at in until.next
            if {at.person, at.start} <= self._raw[at.table].keys()
        )
        start = _day(until.start, self._raw[table][until.start])
        told = f"CASE WHEN r.end_ IS NOT NULL THEN n.next END AS {quoted(column)}"
        others = ", ".join(f"r.{quoted(name)}" for name in self._raw[table] if name != column)
        self._into.sql(
            f"CREATE OR REPLACE TABLE raw.{table} AS WITH begun AS (SELECT DISTINCT person, start FROM ({begun}) WHERE start IS NOT NULL) "
            f"SELECT {others}, {told} FROM (SELECT *, {_cell(until.person)} AS person_, {start} AS start_, {end} AS end_ "
            f"FROM raw.{table}) r LEFT JOIN (SELECT person, start, lead(start) OVER (PARTITION BY person ORDER BY start) AS next FROM begun) n "
            "ON n.person = r.person_ AND n.start = r.start_"
        )
        self._raw[table][column] = "DATE"

    def _is_empty(self, table: str, column: str) -> bool:
        """Return whether a column is not there, or is empty in every row of a table that has rows."""
        if column not in self._raw[table]:
            return True
        cell = f"stripped(CAST({quoted(column)} AS VARCHAR))"
        [(rows, filled)] = self._into.sql(f"SELECT count(*), count({cells.clean(cell)}) FROM raw.{table}")
        return bool(rows) and not filled

    def _replace(self, table: str, column: str, value: str | None) -> None:
        """Set a column to another value, or take it away."""
        others = [quoted(name) for name in self._raw[table] if name != column]
        given = [*others, *([f"{value} AS {quoted(column)}"] if value else [])] or ["NULL AS nothing"]
        self._into.sql(f"CREATE OR REPLACE TABLE raw.{table} AS SELECT {', '.join(given)} FROM raw.{table}")
        if value:
            self._raw[table].setdefault(column, "VARCHAR")
        else:
            self._raw[table].pop(column, None)


def _cell(column: str) -> str:
    """Write a cell as an id is compared: a spreadsheet may have added `.0` to it."""
    cell = f"stripped(CAST({column} AS VARCHAR))"
    return f"CASE WHEN ends_with({cell}, '.0') THEN regexp_replace({cell}, '^([0-9]+)[.]0$', '\\1') ELSE {cell} END"


def _day(column: str, kind: str) -> str:
    if kind.startswith(("DATE", "TIMESTAMP")):
        return f"real_day(CAST({quoted(column)} AS DATE))"
    return f"real_day(day_of(CAST({quoted(column)} AS VARCHAR)))"


def _plain(cell: str) -> str:
    """Write an answer without its signs."""
    return f"trim(regexp_replace({cell}, '[^a-z0-9]+', ' ', 'g'))"


def _begins_with(answers: tuple[str, ...]) -> str:
    """Return the pattern of what begins with one of the answers, be it behind a letter or a number as in `A) Adoption`."""
    plain = (re.sub("[^a-z0-9]+", " ", answer).strip() for answer in answers)
    return f"(?:[a-z0-9] )?(?:{'|'.join(map(re.escape, plain))})(?: .*)?"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
