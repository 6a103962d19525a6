"""How raw cells are read by their kind, as SQL. Cells are many and different cells are few: each different one is read once.

A dictionary is a table `key, cell, value, bad`: every different cell of all columns of one kind as it is written, without white space
around it, what it means, and whether it is there and cannot be read. Tables of text are then joined to the dictionaries by the key: white
space is looked for in each different cell and not in each.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from alerting.casedata import cells
from alerting.casedata.catalogue import TABLES, Column
from alerting.casedata.codes import CodeMap

if TYPE_CHECKING:
    from alerting.casedata.table_reading import TableReading

Rows = list[tuple[Any, ...]]
Sql = Callable[..., Rows]
Each = Callable[[Sequence[str]], list[Rows]]
"""Runs statements of which none needs another, as many at once as can be, and returns the rows of each."""

_AS_TEXT = {
    **dict.fromkeys(("text", "answers", "code"), cells.clean),
    "id": cells.identifier,
    "role": cells.word,
}

LONGEST_ID = 100
"""Characters: as many as the store keeps of an id."""

_TYPES = {"date": "DATE", "moment": "TIMESTAMP", "number": "DOUBLE", "flag": "BOOLEAN"}


@dataclass(frozen=True)
class RawColumn:
    """A column of a raw table: where it is, what kind its cells are, and the type it has already."""

    table: str
    column: Column
    native: str
    #: Whether `.0` is taken off its ids: see `ids_with_a_fraction`.
    has_fractions: bool = False
    #: Whether some of its days can be read month first alone: see `TableReading.month_first`.
    is_month_first: bool = False

    @property
    def is_day(self) -> bool:
        """Whether its cells are days or moments already, so that there is nothing to read."""
        return self.native.startswith(("DATE", "TIMESTAMP")) and self.column.kind in ("date", "moment")

    @property
    def dictionary(self) -> str | None:
        """The dictionary its cells are read by; None for ids and text, and for what is read already."""
        if self.column.codes:
            return f'raw."codes of {self.column.codes}"'
        if self.is_day or self.column.kind in _AS_TEXT:
            return None
        if self.column.may_not_apply:
            return 'raw."cells of flag or na"'
        return f'raw."cells of {self.column.kind}{" with time" if self.column.timed else ""}"'

    @property
    def in_england(self) -> str:
        """What it is already, a day or a time in England, as SQL."""
        name = quoted(self.column.name)
        return f"timezone('Europe/London', {name})" if self.native == "TIMESTAMP WITH TIME ZONE" else name

    @property
    def in_utc(self) -> str | None:
        """The same in UTC, where it is of a zone."""
        return f"timezone('UTC', {quoted(self.column.name)})" if self.native == "TIMESTAMP WITH TIME ZONE" else None

    @property
    def cell(self) -> str:
        """Its cell as SQL: text without surrounding white space, or the day it is already."""
        if self.is_day:
            return f"try_cast({self.in_england} AS {_TYPES[self.column.kind]})"
        cell = _stripped(self.key)
        return f"regexp_replace({cell}, '^([0-9]+)[.]0$', '\\1')" if self.has_fractions else cell

    @property
    def key(self) -> str:
        """Its cell as it is written, as SQL: what it is found by in a dictionary."""
        return f"CAST({quoted(self.column.name)} AS VARCHAR)"

    @property
    def source(self) -> str:
        return f"raw.{quoted(self.table)}"


@dataclass(frozen=True)
class BadCells:
    """The cells of one column that cannot be read, or whose words no code map has: how many hold each text."""

    column: RawColumn
    written: Mapping[str, int]

    @property
    def count(self) -> int:
        """How many cells."""
        return sum(self.written.values())


def quoted(name: str) -> str:
    """Quote an identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


def in_quotes(text: str) -> str:
    """Quote a text for SQL."""
    return "'" + text.replace("'", "''") + "'"


def but_for_zeros(expression: str) -> str:
    """Write an id in SQL without its leading zeros and a final `.0`, as a spreadsheet takes them away or adds it."""
    return f"ltrim(regexp_replace({expression}, '[.]0$', ''), '0')"


def raw_columns(sql: Sql) -> dict[str, dict[str, RawColumn]]:
    """Return the columns that were filled, by their raw table and their name; those that no table of the catalogue has are left out."""
    raw: dict[str, dict[str, RawColumn]] = {}
    for table, name, native in sql(
        "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'raw'"
    ):
        found = raw.setdefault(table, {})
        if table in TABLES and name in TABLES[table].columns:
            found[name] = RawColumn(table, TABLES[table].columns[name], native)
    return raw


def row_counts(sql: Sql, raw: Collection[str]) -> dict[str, int]:
    """Return how many rows each of these raw tables has."""
    counts = " UNION ALL ".join(f"SELECT {in_quotes(table)}, count(*) FROM raw.{quoted(table)}" for table in raw)
    return dict(sql(counts)) if counts else {}


def typed_tables(filled: Mapping[str, Mapping[str, RawColumn]]) -> dict[str, str]:
    """Return the statement that makes each table of the catalogue that was filled in its typed form, by its name."""
    columns = {name: list(table.columns.values()) for name, table in TABLES.items() if name in filled}
    return {name: f"CREATE TABLE {name} AS {typed(name, mine, filled[name])}" for name, mine in columns.items()}


def empty_tables(filled: Collection[str]) -> str:
    """Return the statements that make every other table of the catalogue in the same form, without a row, as one text."""
    columns = {name: ", ".join(map(declared, table.columns.values())) for name, table in TABLES.items() if name not in filled}
    return "; ".join(f"CREATE TABLE IF NOT EXISTS {name} ({each})" for name, each in columns.items())


def make_dictionaries(sql: Sql, each: Each, columns: Iterable[RawColumn], codes: Mapping[str, CodeMap]) -> None:
    """Make each dictionary that the columns need, of all their different cells."""
    by_dictionary: dict[str, list[RawColumn]] = {}
    for column in columns:
        if column.dictionary:
            by_dictionary.setdefault(column.dictionary, []).append(column)
    made = []
    for name, using in by_dictionary.items():
        every = " UNION ALL ".join(f"SELECT {column.key} AS key FROM {column.source}" for column in using)
        distinct = f"SELECT key, stripped(key) AS cell FROM (SELECT DISTINCT key FROM ({every}) WHERE key IS NOT NULL)"
        first = using[0].column
        if first.codes:
            # Council words are few: each is looked up once, in Python.
            words = sql(distinct)
            read = [codes[first.codes].code(word) for _, word in words]
            listed = "SELECT unnest($1::VARCHAR[]) AS key, unnest($2::VARCHAR[]) AS cell, unnest($3::VARCHAR[]) AS value"
            sql(
                f"CREATE TABLE {name} AS SELECT *, coalesce(value = 'UNMAPPED', false) AS bad FROM ({listed})",
                [[key for key, _ in words], [word for _, word in words], read],
            )
        else:
            made.append(f"CREATE TABLE {name} AS {_read(first, distinct)}")
    each(made)


def _read(column: Column, distinct: str) -> str:
    """Write the query that reads different cells as those of a column are read."""
    kind = column.kind
    if kind == "outcome":
        return f"SELECT key, cell, {cells.told('cell')} AS value, false AS bad FROM ({distinct})"
    if kind in ("date", "moment"):
        parsed = f"SELECT *, {'CAST(shown AS DATE)' if kind == 'date' else 'shown'} AS parsed FROM ({cells.moments(distinct)})"
    else:
        parsed = f"SELECT key, cell, {cells.parsed(kind, 'cell')} AS parsed FROM ({distinct})"
    value = {"date": "real_day(parsed)", "flag": "coalesce(parsed, false)"}.get(kind, "parsed")
    bad = cells.is_bad(kind, "cell", "parsed") + (f" AND NOT {cells.applies_not('cell')}" if column.may_not_apply else "")
    at = f", {cells.at()} AS at" if column.timed else ""
    return f"SELECT key, cell, {value} AS value, {bad} AS bad{at} FROM ({parsed})"


def _stripped(key: str) -> str:
    """Write a cell without the white space around it. Hardly any has some, which is seen at a third of what taking it away costs."""
    return f"CASE WHEN regexp_matches({key}, '{cells.AROUND}') THEN stripped({key}) ELSE {key} END"


def typed(table: str, columns: Sequence[Column], raw: Mapping[str, RawColumn]) -> str:
    """Write the query that reads a raw table into its typed form; columns that are not there are null, or no flag."""
    given, selected, joins = ["1"], [], list[str]()
    for number, column in enumerate(columns):
        found = raw.get(column.name)
        if found is None:
            selected.append(absent(column))
            continue
        given.append(f"{found.key if found.dictionary else found.cell} AS {column.name}")
        cell = f"d{number}.cell" if found.dictionary else f"r.{column.name}"
        if column.kind in _AS_TEXT:
            read = _AS_TEXT[column.kind](cell)
            read = f"CASE WHEN NOT {_is_no_id(cell)} THEN {read} END" if column.kind == "id" else read
            selected.append(f"{read} AS {column.name}")
        if found.dictionary:
            joins.append(f"LEFT JOIN {found.dictionary} d{number} ON d{number}.key = r.{column.name}")
            value = f"coalesce(d{number}.value, false)" if column.kind == "flag" else f"d{number}.value"
            if column.may_be_nothing:
                value = f"CASE WHEN {cells.clean(cell)} IS NOT NULL THEN {value} END"
            if found.is_month_first:
                value = f"CASE WHEN NOT {_may_be_month_first(cell)} THEN {value} END"
            selected.append(f"{value} AS {column.beside if column.codes else column.name}")
        elif found.is_day:
            selected.append(f"{f'real_day(r.{column.name})' if column.kind == 'date' else f'r.{column.name}'} AS {column.name}")
        if column.timed and found.is_day:  # of a day the time is gone once it is read
            given.append(f"{cells.at_of(found.in_england, found.in_utc)} AS {column.beside}")
            selected.append(f"r.{column.beside}")
        elif column.timed:
            selected.append(f"d{number}.at AS {column.beside}")
        if column.may_not_apply:
            selected.append(f"{cells.applies_not(cell)} AS {column.beside}")
        if column.tells_unread:
            unread = f"coalesce(d{number}.bad, false)" if found.dictionary else "false"
            either = f" OR {_may_be_month_first(cell)}" if found.is_month_first else ""
            selected.append(f"{unread}{either} AS {column.beside}")
    return f"SELECT {', '.join(selected)} FROM (SELECT {', '.join(given)} FROM raw.{quoted(table)}) r {' '.join(joins)}"


def bad_cells(sql: Sql, each: Each, columns: Iterable[RawColumn]) -> list[BadCells]:
    """Return each column with cells that cannot be read, or words that no code map has or that are no answers."""
    columns = list(columns)
    found = [*_bad_ids(sql, each, columns), *_bad_answers(sql, columns)]
    names = list(dict.fromkeys(column.dictionary for column in columns if column.dictionary))
    faulty = dict(zip(names, each([f"SELECT 1 FROM {name} WHERE bad LIMIT 1" for name in names]), strict=True))
    asked = [column for column in columns if column.dictionary and faulty[column.dictionary]]
    counted = each(
        [
            f"SELECT d.cell, count(*) FROM (SELECT {column.key} AS key FROM {column.source}) r "
            f"JOIN {column.dictionary} d ON d.key = r.key WHERE d.bad GROUP BY 1"
            for column in asked
        ]
    )
    return found + [BadCells(column, dict(rows)) for column, rows in zip(asked, counted, strict=True) if rows]


def words_for_nothing(each: Each, columns: Iterable[RawColumn]) -> list[BadCells]:
    """Return each column of days or numbers with cells of several words that stand for nothing, whatever their case."""
    read = [column for column in columns if column.dictionary and column.column.kind in ("date", "moment", "number")]
    nothing = cells.is_nothing("cell")
    names = list(dict.fromkeys(column.dictionary for column in read))
    counts = each([f"SELECT count(DISTINCT lower(cell)) FROM {name} WHERE {nothing}" for name in names])
    several = {name for name, [(words,)] in zip(names, counts, strict=True) if words > 1}
    asked = [column for column in read if column.dictionary in several]
    counted = each(
        [
            f"SELECT lower(d.cell), count(*) FROM (SELECT {column.key} AS key FROM {column.source}) r "
            f"JOIN (SELECT * FROM {column.dictionary} WHERE {nothing}) d ON d.key = r.key GROUP BY 1"
            for column in asked
        ]
    )
    return [BadCells(column, dict(rows)) for column, rows in zip(asked, counted, strict=True) if len(rows) > 1]


_EITHER_WAY = "(0?[1-9]|1[0-2])/(0?[1-9]|1[0-2])/[0-9]{4}([^0-9].*)?"
_MONTH_FIRST = "(0?[1-9]|1[0-2])/(1[3-9]|2[0-9]|3[01])/[0-9]{4}([^0-9].*)?"
"""Days that can be read day first and month first, and month first alone."""


def note_odd_cells(readings: Mapping[str, TableReading], each: Each, columns: Sequence[RawColumn]) -> None:
    """Note which columns hold several words for nothing, and which days on which somebody leaves may be month first.

    Of other days so many are written that some of them could be read in no other way, and all of them are doubted.
    """
    for one in words_for_nothing(each, columns):
        readings[one.column.table].words_for_nothing[one.column.column.name] = one.written
    leaving = [column for column in columns if column.column.tells_unread and column.dictionary]
    counted = each(
        [
            f"SELECT d.cell, count(*) FROM (SELECT {column.key} AS key FROM {column.source}) r "
            f"JOIN {column.dictionary} d ON d.key = r.key WHERE d.cell IS NOT NULL GROUP BY 1"
            for column in leaving
        ]
    )
    for column, rows in zip(leaving, counted, strict=True):
        reading, name = readings[column.table], column.column.name
        either = sum(count for cell, count in rows if (read := re.fullmatch(_EITHER_WAY, cell)) and int(read[1]) != int(read[2]))
        if any(re.fullmatch(_MONTH_FIRST, cell) for cell, _ in rows):
            reading.month_first.add(name)
        elif either and any(cell[:4].isdigit() for cell, _ in rows):
            reading.in_two_ways[name] = either


def _may_be_month_first(cell: str) -> str:
    """Write whether a stripped cell is a day that is another one when it is read month first."""
    first, second = (f"regexp_extract({cell}, '^0?([0-9]+)/0?([0-9]+)/', {part})" for part in (1, 2))
    return f"coalesce(regexp_full_match({cell}, '{_EITHER_WAY}') AND {first} <> {second}, false)"


def _is_no_id(cell: str) -> str:
    """Write that a cell is nobody's id, however it is read: it is too long for any, or has a character that none can have."""
    return f"(length({cell}) > {LONGEST_ID} OR contains({cell}, chr(0)))"


def damaged_cells(sql: Sql, columns: Iterable[RawColumn]) -> list[BadCells]:
    """Return each of these columns with cells that hold bytes which are no text, as they were read: U+FFFD in their place."""
    found = []
    for column in columns:
        cells = f"SELECT {column.cell} AS cell FROM {column.source}"
        rows = sql(f"SELECT cell, count(*) FROM ({cells}) WHERE contains(cell, chr(65533)) GROUP BY 1")
        if rows:
            found.append(BadCells(column, dict(rows)))
    return found


_ANSWER = r'"[A-Za-z0-9_]+"\s*:\s*("[^"]*"|[A-Za-z0-9_.+-]+)'


def _bad_answers(sql: Sql, columns: Iterable[RawColumn]) -> Iterator[BadCells]:
    """Yield each column of answers with words that are no list of them, or with lists that were cut short.

    A list that lacks its end and has fewer answers than those that have theirs is one from which some were cut.
    """
    for column in columns:
        if column.column.kind == "answers":
            rows = sql(f"""WITH given AS (
                SELECT cell, len(regexp_extract_all(cell, $1)) AS answers, regexp_matches(cell, '^[[{{]') AS begins,
                    regexp_matches(cell, '[]}}][\\s,;.]*$') AS ends
                FROM (SELECT {cells.clean(column.cell)} AS cell FROM {column.source}) WHERE cell IS NOT NULL
            ), whole AS (SELECT quantile_disc(answers, 0.5) AS answers FROM given WHERE begins AND ends AND answers > 0)
            SELECT cell, count(*) FROM given, whole
            WHERE NOT regexp_matches(cell, '[{{"]') OR (begins AND NOT ends AND coalesce(given.answers < whole.answers, true))
            GROUP BY 1""", [_ANSWER])  # fmt: skip
            if rows:
                yield BadCells(column, dict(rows))


def _bad_ids(sql: Sql, each: Each, columns: Iterable[RawColumn]) -> list[BadCells]:
    """Return each column of ids with cells that are none."""
    ids: dict[str, list[RawColumn]] = {}
    for column in columns:
        if column.column.kind == "id":
            ids.setdefault(column.source, []).append(column)
    found = []
    # Hardly any cell is so long in bytes, with what stands around it: that is asked of all columns at once, the rest of few.
    flags = "bool_or(strlen({key}) > {longest} OR contains({key}, chr(0)))"
    looked = each([_any_of(source, several, flags) for source, several in ids.items()])
    for (source, several), [maybe] in zip(ids.items(), looked, strict=True):
        for column in itertools.compress(several, maybe):
            given = f"SELECT {column.cell} AS cell FROM {source}"
            rows = sql(f"SELECT cell, count(*) FROM ({given}) WHERE {_is_no_id('cell')} GROUP BY 1")
            if rows:
                found.append(BadCells(column, dict(rows)))
    return found


def there(each: Each, columns: Iterable[RawColumn]) -> dict[tuple[str, str], int]:
    """Return how many cells of each column hold anything at all, be it what cannot be read; by table and column."""
    by_table: dict[str, list[RawColumn]] = {}
    for column in columns:
        by_table.setdefault(column.table, []).append(column)
    counts = (", ".join(f"count({cells.clean(column.cell)})" for column in mine) for mine in by_table.values())
    counted = each([f"SELECT {count} FROM raw.{quoted(table)}" for table, count in zip(by_table, counts, strict=True)])
    return {
        (column.table, column.column.name): int(count)
        for mine, [row] in zip(by_table.values(), counted, strict=True)
        for column, count in zip(mine, row, strict=True)
    }


def _any_of(source: str, columns: Iterable[RawColumn], asked: str) -> str:
    """Write the query that asks something of several columns of a raw table at once. asked: of a `{key}`."""
    listed = ", ".join(asked.format(key=column.key, longest=LONGEST_ID) for column in columns)
    return f"SELECT {listed} FROM {source}"


def ids_with_a_fraction(sql: Sql, each: Each, raw: Mapping[str, Mapping[str, RawColumn]]) -> frozenset[tuple[str, str]]:
    """Return the columns of ids, by table and name, in which every id is digits and `.0`: whole numbers kept as others."""
    ids = {table: [column for column in columns.values() if column.column.kind == "id"] for table, columns in raw.items()}
    by_table = {table: columns for table, columns in ids.items() if columns}
    found = set()
    # Hardly any id has a full stop in it: that is asked of all columns at once, and what an id is of few.
    looked = each([_any_of(mine[0].source, mine, "bool_or(contains({key}, '.0'))") for mine in by_table.values()])
    for (table, mine), [maybe] in zip(by_table.items(), looked, strict=True):
        for column in itertools.compress(mine, maybe):
            every = f"SELECT {cells.identifier(column.cell)} AS cell FROM {column.source}"
            [(fractions,)] = sql(f"SELECT bool_and(regexp_full_match(cell, '[0-9]+[.]0')) FROM ({every}) WHERE cell IS NOT NULL")
            if fractions:
                found.add((table, column.column.name))
    return frozenset(found)


def absent(column: Column) -> str:
    """Write a column that was not supplied: null, or no for a flag."""
    value = "false" if column.kind == "flag" and not column.may_be_nothing else f"NULL::{_type(column)}"
    beside = "false" if column.may_not_apply or column.tells_unread else f"NULL::{_type_beside(column)}"
    return f"{value} AS {column.name}" + (f", {beside} AS {column.beside}" if column.beside else "")


def declared(column: Column) -> str:
    """Write a column, and the one beside it, with their types."""
    return f"{column.name} {_type(column)}" + (f", {column.beside} {_type_beside(column)}" if column.beside else "")


def _type(column: Column) -> str:
    return _TYPES.get(column.kind, "VARCHAR")


def _type_beside(column: Column) -> str:
    if column.may_not_apply or column.tells_unread:
        return "BOOLEAN"
    return "TIMESTAMP" if column.timed else "VARCHAR"


def as_text(cell: object) -> str | None:
    """Return a cell of a workbook or a database as an export to CSV would hold it.

    Whole numbers have no decimals (an id typed as 7.0 is 7), days and moments are ISO, moments with a zone are in English
    time, a number that is none is nothing.
    """
    match cell:
        case None | str():
            return cell
        case bool():
            return "true" if cell else "false"
        case datetime():
            local = cell.astimezone(ZoneInfo("Europe/London")) if cell.tzinfo else cell
            # Of an hour that comes twice, the zone says that it is the second.
            return (local if cell.tzinfo and local.fold else local.replace(tzinfo=None)).isoformat(sep=" ")
        case date():
            return cell.isoformat()
        case float() | Decimal():
            number = Decimal(repr(cell)) if isinstance(cell, float) else cell
            text = format(number, "f")
            return (text.rstrip("0").rstrip(".") if "." in text else text) if number.is_finite() else None
        case bytes():
            return cell.decode("utf-8", "replace")
        case _:
            return str(cell)


def cells_as_json(cells: Sequence[object]) -> str:
    """Return cells as one JSON list of the texts that an export would hold."""
    return json.dumps([cell if cell is None or type(cell) is str else as_text(cell) for cell in cells])


def list_type(cells: Sequence[object]) -> str:
    """Return the engine's type for a list of cells: days where the first of them is one, else text."""
    first = next((cell for cell in cells if cell is not None), None)
    return "DATE" if type(first) is date else "VARCHAR"


def as_map(table: Mapping[str, object]) -> tuple[str, dict[str, object]]:
    """Return a parameter that is a table, of numbers or of lists of words, with the engine's type of it."""
    if all(isinstance(each, (int, float)) for each in table.values()):
        return "::MAP(VARCHAR, DOUBLE)", dict(table)
    lists = {name: each if isinstance(each, (list, tuple)) else [each] for name, each in table.items()}
    return "::MAP(VARCHAR, VARCHAR[])", {name: [str(word) for word in each] for name, each in lists.items()}
