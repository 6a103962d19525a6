"""The case data as at one date, in a DuckDB that rules are asked of, which is a process of its own.

A source fills raw tables of text; `settle` reads every cell by its kind (see case_data) into typed tables that carry
the SSD's names, and from then on nothing outside can be reached: no file, no network, no extension.
What may be used in SQL is in `macros`.
"""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date, datetime
from datetime import time as time_of_day
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

from alerting import private_files
from alerting.casedata import cells, engine
from alerting.casedata.catalogue import TABLES, Settings
from alerting.casedata.conversion import (
    RawColumn,
    as_map,
    bad_cells,
    cells_as_json,
    damaged_cells,
    empty_tables,
    ids_with_a_fraction,
    in_quotes,
    list_type,
    make_dictionaries,
    note_odd_cells,
    quoted,
    raw_columns,
    row_counts,
    there,
    typed_tables,
)
from alerting.casedata.engine import EngineFailed
from alerting.casedata.engine_errors import EngineError, EngineSpentError, remedy_of
from alerting.casedata.macros import CALENDAR, LOADED_AT, MACROS, NO_LOADS
from alerting.casedata.spellings import shapes
from alerting.casedata.table_reading import TableReading
from alerting.clocks import ASK, OFFICE, from_london, moment_of
from alerting.errors import SourceError
from alerting.working_days import FIRST, LAST, ends_of, term_ends

Wanted = Mapping[str, frozenset[str]]
"""The tables a run needs, each with the columns it needs of it."""

_Given = TypeVar("_Given")

_SETTINGS = (
    "SET errors_as_json = true",
    # With it the engine breaks down over a `case` that a column's statistics decide, compared with what it never gives.
    "SET disabled_optimizers = 'statistics_propagation'",
    "SET python_enable_replacements = false",  # a name in SQL is never a variable of the program that asks
)
_AT_ONCE = {"preserve_insertion_order": False, "checkpoint_threshold": "1TB"}
"""No checkpoints: of what is kept in memory alone they save a little room, and take a tenth of all asking."""
_AS_WRITTEN, _AS_IS_BEST = "PRAGMA disable_optimizer", "PRAGMA enable_optimizer"
"""How a setting is best made takes as long to find as it takes to make it."""
_A_STATEMENT_A_THREAD = "SET threads = 1"
"""Once a source has been read: from then on processors are shared out among statements, and to share one out costs more than it gives."""
_CHANGES = re.compile(r"\s*(?:CREATE|INSERT|DELETE|DROP|UPDATE|SET)\b", re.IGNORECASE)
_MOST_SECONDS = 1800.0
"""What one statement may take while data is read, which waits on other machines."""

DESCRIBE = "DESCRIBE "
"""What `Snapshot.columns` puts before a query: an error's position counts it."""


class Source(ABC):
    """Where case data comes from: all that is asked of a source. A module of `alerting/sources/` offers a `Source` that is one.

    That is a pydantic model of the settings under `source:`. It must have a `read`; whatever else it leaves out is answered as here.
    """

    @abstractmethod
    def read(self, wanted: Wanted, into: Snapshot) -> None:
        """Fill the wanted tables as at `into.as_of`, by `into.fill` or `into.fill_from`.

        Columns that are not there are left out, tables that are not there are not filled. A table that cannot be read
        is reported by `into.unreadable`, so that the others still are, and one that is there and not wanted is noted as
        `unasked` in its `into.reading`. Raises SourceError when nothing can be read.
        """

    def places(self, table: str, column: str, cells: frozenset[str]) -> list[str]:
        """Return where in the source these unreadable cells are, as `file:line: column`; at most 20, or none."""
        del table, column, cells
        return []

    def identity(self) -> tuple[str, ...]:
        """Return what tells its place from any other, without secrets. In the first run of another, many new alerts brake a rule."""
        return (type(self).__module__,)

    def own_today(self) -> date | None:
        """Return the day that it is in a council that is made up, whatever the clock says; None: that of the clock."""
        return None

    def delivered_as(self) -> str | None:
        """Return the name of the flavour as which the tables come, where their columns are not those of the SSD."""
        return None


class Ran(NamedTuple):
    """What one of several statements gave: its rows, None where it did not go well, and the seconds that it took."""

    rows: list[tuple[Any, ...]] | None
    seconds: float
    #: Why it did not go well, where it would not go better alone: it has had all its time.
    failed: EngineError | None = None


class _BegunAnewError(Exception):
    """The engine was lost while data was read into it. table: over which, where that is known."""

    def __init__(self, table: str | None, why: str) -> None:
        super().__init__(why)
        self.table, self.why = table, why


class Snapshot:
    """All case tables as at one date. Use as a context manager; not shared between threads.

    A statement that takes the engine down takes nothing else with it: what was in the engine is made again in a new one, from the
    source and by what was done since, before the next statement is asked.
    """

    def __init__(self, as_of: date, settings: Settings, run_at: datetime | None = None) -> None:
        """run_at: the moment of the run, with its zone; None for the time of `ask_at` in the settings, on the day that is asked about."""
        self.as_of = as_of
        self.settings = settings
        self._run_at = run_at
        self.readings: dict[str, TableReading] = {}
        self._number = engine.new_number()
        #: What brought this snapshot to where it is, to be done again in a new engine.
        self._done: list[Callable[[], object]] = []
        #: Whether it is being brought there again; whether a step of it is being done.
        self._doing = self._within = False
        #: By table, why it must not be read: the engine was lost over it.
        self._barred: dict[str, str] = {}
        #: What tells the data that was read from any other.
        self._marks: dict[str, list[tuple[Any, ...]]] | None = None
        self._filling: str | None = None
        #: Whether tables are settled one after the other: the engine was lost over several at once.
        self._one_by_one = False
        self._until: float | None = None
        self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._engine.alive:
            with suppress(EngineFailed):
                self._engine.ask("close", self._number, seconds=_MOST_SECONDS)

    # ------------------------------------------------------------------ asking the engine

    def _open(self) -> None:
        """Open the database of this snapshot in the engine, and make what there is without any data."""
        self._engine = engine.start()
        memory = self.settings.limits.memory_mb << 20
        self._engine.open(self._number, memory, {**engine.CLOSED, **_AT_ONCE}, _MOST_SECONDS)
        self._ask("set", [(setting, []) for setting in (*_SETTINGS, _AS_WRITTEN, NO_LOADS)])
        self._ask("execute", "CREATE SCHEMA raw", [])
        self._set_day(self.as_of)
        params = self.settings.params
        self._share({**OFFICE, **params, **cells.variables(params), "school_terms": list(term_ends(ends_of(params)))})
        self._ask("set", [(_AS_IS_BEST, [])])
        made, others = CALENDAR
        self._ask("execute", made, [FIRST, LAST, sorted(self.settings.bank_holidays)])
        self._ask("execute", f"{others};{MACROS}", [])

    def _ask(self, operation: str, *arguments: Any, seconds: float | None = None) -> Any:
        """Ask the engine, which is begun anew where it was lost. Raises EngineError."""
        if not self._doing and not self._engine.alive:
            self._begin_anew()
        try:
            return self._engine.ask(operation, self._number, *arguments, seconds=self._seconds() if seconds is None else seconds)
        except EngineFailed as failed:
            error = (EngineSpentError if remedy_of(failed.kind) else EngineError)(failed, self.settings.limits)
            if self._doing and failed.lost:
                raise _BegunAnewError(self._filling, error.safe) from None
            raise error from None

    def _seconds(self) -> float:
        if self._doing:
            return _MOST_SECONDS
        return self.settings.limits.seconds if self._until is None else self._until - time.monotonic()

    def _do(self, act: Callable[[], _Given]) -> _Given:
        """Do what changes the snapshot, and remember it as done."""
        if self._doing or self._within:
            return act()
        self._within = True
        try:
            given = act()
        finally:
            self._within = False
        self._done.append(act)
        return given

    def _begin_anew(self) -> None:
        """Bring a new engine to where the lost one was. Raises SourceError where the data is not what it was."""
        began = time.monotonic()
        self._doing = True
        try:
            self._open()
            for act in self._done:
                act()
        except (_BegunAnewError, EngineError) as error:
            raise SourceError(f"the engine cannot be begun anew: {error}", remedy="Run again.") from None
        finally:
            self._doing = False
        if self._until is not None:
            self._until += time.monotonic() - began

    def share(self, params: Mapping[str, object]) -> None:
        """Make parameters readable in SQL as `param('name')`."""
        self._do(partial(self._share, dict(params)))

    def _share(self, params: Mapping[str, object]) -> None:
        settings = []
        for name, value in params.items():
            kind, given = "", value
            if isinstance(value, Mapping):
                kind, given = as_map(value)
            elif isinstance(value, (list, tuple)):
                kind, given = "" if value else "::VARCHAR[]", list(value)
            settings.append((f"SET VARIABLE {quoted(name)} = $1{kind}", [given]))
        self._ask("set", settings)

    def sql(self, statement: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and give all its rows. Raises EngineError."""
        ask: Callable[[], list[tuple[Any, ...]]] = partial(self._ask, "execute", statement, list(parameters))
        return self._do(ask) if _CHANGES.match(statement) else ask()

    def sql_all(self, statements: Sequence[str]) -> list[Ran]:
        """Run statements none of which needs another, on all processors; of what fails it is not said why, but where it had all its time."""
        seconds, late = self._seconds(), EngineError(EngineFailed("InterruptException"), self.settings.limits)
        try:  # twice as long: what is still at it when the others have ended has its whole time from then on
            answers = self._ask("execute_all", list(statements), seconds, seconds=2 * seconds)
            ran = [Ran(rows, took, late if had_its_time else None) for rows, took, had_its_time in answers]
        except EngineError:
            return [Ran(None, 0.0)] * len(statements)
        for statement, each in zip(statements, ran, strict=True):
            # What is done within a step is done again with it.
            if each.rows is not None and _CHANGES.match(statement) and not (self._doing or self._within):
                self._done.append(partial(self._ask, "execute", statement, []))
        return ran

    def each(self, statements: Sequence[str]) -> list[list[tuple[Any, ...]]]:
        """Run statements none of which needs another, on all processors; return the rows of each. Raises EngineError."""
        ran = [Ran(None, 0.0)] * len(statements) if self._one_by_one else self.sql_all(statements)
        return [self.sql(each) if one.rows is None else one.rows for each, one in zip(statements, ran, strict=True)]

    def names(self, statement: str) -> list[str]:
        """Return the column names of a query, without running it."""
        return list(self.columns(statement))

    def columns(self, query: str) -> dict[str, str]:
        """Return the columns of a query and the engine's type of each, without running it. Raises EngineError."""
        return {row[0]: row[1] for row in self.sql(f"{DESCRIBE}{query}")}

    @contextmanager
    def time_limit(self, seconds: float) -> Iterator[None]:
        """Let whatever is asked in the block take no longer than `seconds` together; what does raises EngineError."""
        self._until = time.monotonic() + seconds
        try:
            yield
        finally:
            self._until = None

    # ------------------------------------------------------------------ filling

    def read(self, source: Source, wanted: Wanted) -> None:
        """Read what is wanted from a source, and settle it. Raises SourceError when nothing can be read.

        A table over which the engine is lost is one that cannot be read; the others are read anew.
        """
        self._do(partial(self._read, source, wanted))

    def _read(self, source: Source, wanted: Wanted) -> None:
        doing, self._doing = self._doing, True
        try:
            while True:
                try:
                    source.read(wanted, self)
                    self._filling = None
                    self._settle(wanted, source)
                    break
                except _BegunAnewError as lost:
                    if lost.table in self._barred or (lost.table is None and self._one_by_one):
                        raise SourceError(f"the case data cannot be read: {lost.why}", remedy=remedy_of("MemoryError")) from None
                    self._one_by_one = self._one_by_one or lost.table is None  # several at once need more memory
                    self._barred |= {lost.table: lost.why} if lost.table else {}
                    self.readings.clear()
                    self._open()
            self._compare()
        finally:
            self._doing, self._filling = doing, None

    def _compare(self) -> None:
        """See that what was read is what was read before, where it is read again."""
        supplied = [name for name, reading in self.readings.items() if reading.supplied]
        rows = self.each([f"SELECT count(*), sum(hash(t)) FROM {name} t" for name in supplied])
        marks = dict(zip(supplied, rows, strict=True))
        if self._marks is not None and marks != self._marks:
            raise SourceError("the case data changed while rules were asked of it", remedy="Run again.")
        self._marks = marks

    def _fill_one(self, table: str, statement: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run a statement that a table is filled by."""
        if table in self._barred:
            raise SourceError(f"it cannot be read: {self._barred[table]}")
        self._filling = table
        return self.sql(statement, parameters)

    def describe(self, table: str, query: str, parameters: Sequence[object] = ()) -> list[tuple[str, str]]:
        """Return the columns, with their types, of a query that a table is to be filled from. Raises EngineError."""
        return [(row[0], row[1]) for row in self._fill_one(table, f"{DESCRIBE}{query}", parameters)]

    def fill(self, table: str, columns: Sequence[str], data: Sequence[Sequence[object]]) -> None:
        """Fill a raw table from column lists: `data[i]` holds the cells of `columns[i]`, text, date or None."""
        kinds = [list_type(cells) for cells in data]
        selected = ", ".join(
            f"unnest(${number}::{kind}[]) AS {quoted(name.lower())}"
            for number, (name, kind) in enumerate(zip(columns, kinds, strict=True), 1)
        )
        self._fill_one(
            table, f"CREATE OR REPLACE TABLE raw.{quoted(table)} AS SELECT {selected}", [list(cells) for cells in data]
        )

    def fill_from(self, table: str, query: str, parameters: Sequence[object] = ()) -> int:
        """Fill a raw table from a query, such as one over read_csv or read_parquet; return its rows. Any column types will do.

        Raises EngineError, and leaves the table as it was, where the query fails.
        """
        [(rows,)] = self._fill_one(table, f"CREATE OR REPLACE TABLE raw.{quoted(table)} AS {query}", parameters)
        return int(rows)

    def extend(self, table: str, columns: Sequence[str], data: Sequence[Sequence[object]]) -> None:
        """Add rows to a raw table from column lists, and make it if need be: for what comes piece by piece.

        Cells of any type become text, as `as_text` has them.
        """
        names = [quoted(name.lower()) for name in columns]
        # One JSON text a column goes in at nearly twice the speed of a list, and is as exact.
        selected = ", ".join(f"""unnest(from_json(${number}, '["VARCHAR"]')) AS {name}""" for number, name in enumerate(names, 1))
        made = ", ".join(f"{name} VARCHAR" for name in names)
        self._fill_one(table, f"CREATE TABLE IF NOT EXISTS raw.{quoted(table)} ({made})")
        self._fill_one(table, f"INSERT INTO raw.{quoted(table)} SELECT {selected}", [cells_as_json(cells) for cells in data])

    def write_parquet(self, query: str, path: Path) -> int:
        """Write the rows of a query into a Parquet file, in their order, and give how many there are.

        A second engine, which is never given the SQL of a rule or a subject, writes the file: this one reaches none, now or
        later. Raises EngineError, and OSError where the file cannot be written.
        """
        given, settings = in_quotes(path.absolute().as_posix()), "FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false"
        copy = f"COPY (SELECT * FROM given) TO {given} ({settings})"
        try:
            private_files.make(path)
            [(rows,)] = self._ask("write_parquet", query, copy)
        except EngineError as error:
            if error.kind == "IOException":
                raise OSError(error.said.removeprefix("IO Error: ").partition("\n")[0]) from None
            raise
        return int(rows)

    def read_parquet(self, table: str, files: Mapping[date, Path], columns: Mapping[str, str]) -> None:
        """Make a table, or make it anew, of columns of Parquet files, each with its type; `as_of` has the date of a row's file.

        The second engine of `write_parquet` reads them. Raises EngineError where a file or a column is not there, or not of its type.
        """
        cast = ", ".join(f"CAST({quoted(name)} AS {kind}) AS {quoted(name)}" for name, kind in columns.items())
        each = (
            f"SELECT DATE '{day}' AS as_of, {cast} FROM read_parquet({in_quotes(path.absolute().as_posix())})"
            for day, path in files.items()
        )
        made = f"CREATE OR REPLACE TABLE {quoted(table)} AS SELECT * FROM given"
        self._do(partial(self._ask, "read_parquet", " UNION ALL ".join(each), made))

    def load_parquet(self, table: str, path: Path) -> None:
        """Make a table, or make it anew, of all of a Parquet file as it is. Raises as `read_parquet` does."""
        made = f"CREATE OR REPLACE TABLE {quoted(table)} AS SELECT * FROM given"
        self._do(partial(self._ask, "read_parquet", f"SELECT * FROM read_parquet({in_quotes(path.absolute().as_posix())})", made))

    def row_count(self, table: str) -> int:
        """Count the rows filled so far."""
        return int(self.sql(f"SELECT count(*) FROM raw.{quoted(table)}")[0][0])

    def unreadable(self, table: str, problem: str) -> None:
        """Note that a table is there but cannot be read, and why; what was filled of it is thrown away."""
        self.sql(f"DROP TABLE IF EXISTS raw.{quoted(table)}")
        self.readings[table] = TableReading(table=table, problem=problem)

    def left_out(self, table: str, count: int, places: Sequence[str]) -> None:
        """Note that `count` records of a filled table could not be read, and where the first of them are."""
        self.reading(table).left_out, self.reading(table).record_places = count, list(places)

    def encoded(self, table: str, encoding: str) -> None:
        """Note in which encoding the file of a table is read, in words, where that is not UTF-8 without a fault."""
        self.reading(table).encoding = encoding

    def reading(self, table: str) -> TableReading:
        """Return what is noted of a table, to note more of it."""
        return self.readings.setdefault(table, TableReading(table=table))

    def settle(self, wanted: Wanted, source: Source | None = None) -> None:
        """Read every raw cell by its kind into typed tables, note what could not be read, and shut the doors.

        Every table of the catalogue exists afterwards; one that was not supplied is empty, a column that was not is null.
        """
        self._do(partial(self._settle, wanted, source))

    def _settle(self, wanted: Wanted, source: Source | None) -> None:
        self._ask("execute", _A_STATEMENT_A_THREAD, [])
        raw = raw_columns(self.sql)
        rows = row_counts(self.sql, raw)
        filled = {table: columns for table, columns in raw.items() if rows[table]}  # in the others there is nothing to look for
        with_fractions = ids_with_a_fraction(self.sql, self.each, filled)
        for table, name in with_fractions:
            filled[table][name] = replace(filled[table][name], has_fractions=True)
        every = [column for found in filled.values() for column in found.values()]
        make_dictionaries(self.sql, self.each, every, self.settings.codes)
        for name, catalogued in TABLES.items():
            reading = self.reading(name)
            if name in raw:
                reading.rows = rows[name]
                needed = {column for column in wanted.get(name, ()) if not catalogued.columns[column].optional}
                reading.missing_columns = tuple(sorted(needed - raw[name].keys()))
                reading.fractions = tuple(sorted(column for table, column in with_fractions if table == name))
        self._note_bad_cells(every, source)
        for column in [each for each in every if each.column.name in self.readings[each.table].month_first]:
            filled[column.table][column.column.name] = replace(column, is_month_first=True)
        noted = [one for one in every if one.column.kind == "flag" or self.readings[one.table].has_odd_cells(one.column.name)]
        for (table, name), count in there(self.each, noted).items():
            self.readings[table].cells_there[name] = count
        # What is read is thrown away table by table: all of it twice would be the most memory that a day takes.
        self.each([f"{made}; DROP TABLE raw.{name}" for name, made in typed_tables(filled).items()])
        self.sql(f"{empty_tables(filled)}; DROP SCHEMA raw CASCADE")
        self._ask("set", [(LOADED_AT, [])])
        for setting in engine.SHUT:
            self.sql(setting)

    def _note_bad_cells(self, columns: Sequence[RawColumn], source: Source | None) -> None:
        """Note which cells of raw columns cannot be read, how they are written, and where they are."""
        for bad in bad_cells(self.sql, self.each, columns):
            reading, name = self.readings[bad.column.table], bad.column.column.name
            if bad.column.column.kind in ("code", "answers"):
                reading.unmapped[name], reading.unknown_words[name] = bad.count, bad.written
                continue
            reading.unreadable_cells[name], reading.shapes[name] = bad.count, shapes(bad.written)
            if bad.column.column.kind == "flag":
                reading.unknown_words[name] = bad.written
            reading.cell_places[name] = source.places(reading.table, name, frozenset(bad.written)) if source else []
        note_odd_cells(self.readings, self.each, columns)
        texts = [each for each in columns if each.column.kind in ("id", "role", "text") and self.readings[each.table].encoding]
        for bad in damaged_cells(self.sql, texts):
            reading, name = self.readings[bad.column.table], bad.column.column.name
            reading.damaged_cells[name] = bad.count
            reading.cell_places[name] = source.places(reading.table, name, frozenset(bad.written)) if source else []

    def at(self, as_of: date) -> None:
        """Move to another business date; what has been read stays as it is."""
        self._do(partial(self._set_day, as_of))

    def _set_day(self, as_of: date) -> None:
        self.as_of = as_of
        asks = time_of_day.fromisoformat(str({**ASK, **self.settings.params}["ask_at"]))
        run = moment_of(self._run_at) if self._run_at else from_london(datetime.combine(as_of, asks))
        self._ask("set", [("SET VARIABLE as_of = $1::DATE", [as_of]), ("SET VARIABLE run_at = $1::TIMESTAMP", [run])])
