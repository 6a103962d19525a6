"""The case data as at one date, in an embedded DuckDB that rules are asked of. The only module with duckdb.

A source fills raw tables of text; `settle` reads every cell by its kind (see case_data) into typed tables that carry
the SSD's names, and from then on nothing outside can be reached: no file, no network, no extension.

In SQL, `as_of()` is the business date, `param('name')` a shared parameter, and these are the shared functions:
`clean norm yes number_of day_of real_day is_open wd_between wd_add add_months age birthday days`.
"""

from __future__ import annotations

import json
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import duckdb

from alerting import private_files
from alerting.casedata.catalogue import TABLES, Settings
from alerting.casedata.conversion import SPACE, TYPOGRAPHIC, WHITE, RawColumn, absent, bad_cells, make_dictionaries, quoted, typed
from alerting.working_days import FIRST, LAST

Wanted = Mapping[str, frozenset[str]]
"""The tables a run needs, each with the columns it needs of it."""


DESCRIBE = "DESCRIBE "
"""What `Snapshot.columns` puts before a query: an error's position counts it."""


class Source(ABC):
    """Where case data comes from: all that is asked of a source. A module of `alerting/sources/` offers a `Source` that is one.

    That is a pydantic model, whose fields are the settings under `source:` in config.yaml. It must have a `read`; whatever else it
    leaves out is answered as it is here.
    """

    @abstractmethod
    def read(self, wanted: Wanted, into: Snapshot) -> None:
        """Fill the wanted tables as at `into.as_of`, by `into.fill` or `into.fill_from`.

        Columns that are not there are left out, tables that are not there are not filled. A table that cannot be read
        is reported by `into.unreadable`, so that the others still are. Raises SourceError when nothing can be read.
        """

    def places(self, table: str, column: str, cells: frozenset[str]) -> list[str]:
        """Return where in the source these unreadable cells are, as `file:line: column`; at most 20, or none."""
        del table, column, cells
        return []

    def identity(self) -> tuple[str, ...]:
        """Return what tells the place that it reads from any other, without secrets.

        The first run that reads another place than the one before brakes the rules that then have many new alerts.
        """
        return (type(self).__module__,)


class EngineError(Exception):
    """A statement failed. `safe` may be shown: other texts of the engine can quote a cell, which can be a child's name.

    position: where in the statement, in bytes, where the engine says so.
    """

    def __init__(self, error: Exception) -> None:
        kind = type(error).__name__
        label, said = _told(error)
        named = kind in ("BinderException", "CatalogException", "ParserException", "PermissionException")
        message = str(said.get("exception_message", ""))
        self.safe = f"{label}: {message}".replace("\n", " ") if named else f"the query failed ({kind})"
        self.position = int(said["position"]) if named and "position" in said else None
        super().__init__(self.safe)


def _told(error: Exception) -> tuple[str, dict[str, Any]]:
    """Take an error of the engine apart: what it calls it, and what it says, which it gives as JSON."""
    label, _, said = str(error).partition(": ")
    try:
        found = json.loads(said)
    except ValueError:
        found = {"exception_message": said.partition("\n\nLINE")[0]}
    return label, found


@dataclass(kw_only=True)
class TableReading:
    """What was read of one table."""

    table: str
    #: As delivered, repeats included; None when the table is not there.
    rows: int | None = None
    missing_columns: tuple[str, ...] = ()
    problem: str | None = None
    unreadable_cells: dict[str, int] = field(default_factory=dict)
    #: How many records are in the source and not in `rows`, because they could not be read as records at all.
    left_out: int = 0
    #: Where records that were left out are: the first of them.
    record_places: list[str] = field(default_factory=list)
    #: By column, where cells that cannot be read are: the first of them.
    cell_places: dict[str, list[str]] = field(default_factory=dict)
    unmapped: dict[str, int] = field(default_factory=dict)

    @property
    def supplied(self) -> bool:
        return self.rows is not None

    @property
    def places(self) -> list[str]:
        """Where what could not be read is: first the records, then the cells."""
        return [*self.record_places, *(place for places in self.cell_places.values() for place in places)]


_MACROS = r"""
CREATE MACRO as_of() AS getvariable('as_of');
CREATE MACRO param(name) AS getvariable(name);
CREATE MACRO stripped(x) AS trim(x, {space});
CREATE MACRO clean(x) AS CASE WHEN upper(stripped(x)) IN ('', 'NULL', 'SSD_PH', 'PLACEHOLDER_DATA', '#N/A') THEN NULL
  ELSE stripped(x) END;
CREATE MACRO id_of(x) AS CASE WHEN clean(x) IN ('-1', '0') THEN NULL ELSE clean(x) END;
CREATE MACRO norm(x) AS trim(regexp_replace(lower(translate(clean(x), {typographic}, ' ''''--')),
  '{white}', ' ', 'g'));
CREATE MACRO yes(x) AS coalesce(norm(x) IN ('y', 'yes', '1', 'true', 'a) yes'), false);
CREATE MACRO number_of(x) AS CASE WHEN regexp_full_match(clean(x), '-?[0-9]+([.][0-9]+)?') THEN try_cast(clean(x) AS DOUBLE) END;
CREATE MACRO iso_moment(x) AS CASE
  WHEN regexp_full_match(clean(x), '\d{4}-\d{2}-\d{2}([ T]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d([.]\d+)?)?Z?)?') THEN clean(x)
  WHEN regexp_full_match(clean(x), '\d{2}/\d{2}/\d{4}([ T]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d([.]\d+)?)?Z?)?')
    THEN concat(substr(clean(x), 7, 4), '-', substr(clean(x), 4, 2), '-', left(clean(x), 2), substr(clean(x), 11)) END;
CREATE MACRO day_of(x) AS try_cast(left(iso_moment(x), 10) AS DATE);
CREATE MACRO moment_of(x) AS try_cast(rtrim(iso_moment(x), 'Z') AS TIMESTAMP);
CREATE MACRO real_day(d) AS CASE WHEN d >= DATE '1901-01-02' AND d < DATE '2100-01-01' THEN d END;
CREATE MACRO is_open(starts, ends) AS coalesce(starts <= getvariable('as_of') AND (ends IS NULL OR ends > getvariable('as_of')), false);
CREATE MACRO days(n) AS CAST(n AS INTEGER);
CREATE MACRO wd_between(a, b) AS CASE WHEN b <= a THEN 0
  ELSE (SELECT no FROM calendar WHERE d = b) - (SELECT no FROM calendar WHERE d = a) END;
CREATE MACRO wd_add(a, n) AS CASE WHEN n = 0 THEN a ELSE
  (SELECT w.d FROM calendar c JOIN working_day w
   ON w.no = CASE WHEN n > 0 THEN c.no ELSE c.no_before + 1 END + CAST(n AS INTEGER) WHERE c.d = a) END;
CREATE MACRO add_months(day, n) AS CAST(day + to_months(CAST(n AS INTEGER)) AS DATE);
CREATE MACRO age(born, day) AS year(day) - year(born) -
  CASE WHEN (month(day), day(day)) < (month(born), day(born)) THEN 1 ELSE 0 END;
CREATE MACRO birthday(born, n) AS CASE
  WHEN month(born) = 2 AND day(born) = 29 AND day(last_day(make_date(year(born) + CAST(n AS BIGINT), 2, 1))) = 28
    THEN make_date(year(born) + CAST(n AS BIGINT), 3, 1)
  ELSE make_date(year(born) + CAST(n AS BIGINT), month(born), day(born)) END;
"""


class Snapshot:
    """All case tables as at one date. Use as a context manager; not shared between threads."""

    def __init__(self, as_of: date, settings: Settings) -> None:
        self.as_of = as_of
        self.settings = settings
        self.readings: dict[str, TableReading] = {}
        self._db = _engine(preserve_insertion_order=False)
        self._db.execute("SET errors_as_json = true")
        # With it the engine breaks down over a `case` that a column's statistics decide, compared with what it never gives.
        self._db.execute("SET disabled_optimizers = 'statistics_propagation'")
        self._db.execute("SET python_enable_replacements = false")  # a name in SQL is never a variable of this program
        self._db.execute("CREATE SCHEMA raw")
        self.at(as_of)
        self.share(settings.params)
        self._make_calendar()
        self._db.execute(_MACROS.replace("{space}", SPACE).replace("{typographic}", TYPOGRAPHIC).replace("{white}", WHITE))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()
        if "_files" in self.__dict__:
            self._files.close()

    def share(self, params: Mapping[str, object]) -> None:
        """Make parameters readable in SQL as `param('name')`."""
        for name, value in params.items():
            typed = "$1::VARCHAR[]" if isinstance(value, (list, tuple)) and not value else "$1"
            self._db.execute(f"SET VARIABLE {quoted(name)} = {typed}", [list(value) if isinstance(value, tuple) else value])

    def sql(self, statement: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and give all its rows. Raises EngineError."""
        try:
            return self._db.execute(statement, list(parameters)).fetchall()
        except duckdb.Error as error:
            raise EngineError(error) from None

    def names(self, statement: str) -> list[str]:
        """Return the column names of a query, without running it."""
        return [row[0] for row in self._db.execute(f"DESCRIBE {statement}").fetchall()]

    def columns(self, query: str) -> dict[str, str]:
        """Return the columns of a query and the engine's type of each, without running it. Raises EngineError."""
        return {row[0]: row[1] for row in self.sql(f"{DESCRIBE}{query}")}

    @contextmanager
    def time_limit(self, seconds: float) -> Iterator[None]:
        """Interrupt whatever runs in the block after `seconds`; it then raises duckdb.InterruptException."""
        timer = threading.Timer(seconds, self._db.interrupt)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    # ------------------------------------------------------------------ filling

    def fill(self, table: str, columns: Sequence[str], data: Sequence[Sequence[object]]) -> None:
        """Fill a raw table from column lists: `data[i]` holds the cells of `columns[i]`, text, date or None."""
        kinds = [_list_type(cells) for cells in data]
        selected = ", ".join(
            f"unnest(${number}::{kind}[]) AS {quoted(name.lower())}"
            for number, (name, kind) in enumerate(zip(columns, kinds, strict=True), 1)
        )
        self._db.execute(f"CREATE OR REPLACE TABLE raw.{quoted(table)} AS SELECT {selected}", [list(cells) for cells in data])

    def fill_from(self, table: str, query: str, parameters: Sequence[object] = ()) -> None:
        """Fill a raw table from a query, such as one over read_csv or read_parquet. Any column types will do.

        Raises EngineError, and leaves the table as it was, where the query fails.
        """
        self.sql(f"CREATE OR REPLACE TABLE raw.{quoted(table)} AS {query}", parameters)

    def extend(self, table: str, columns: Sequence[str], data: Sequence[Sequence[object]]) -> None:
        """Add rows to a raw table from column lists, and make it if need be: for what comes piece by piece.

        Cells of any type become text, as `as_text` has them.
        """
        names = [quoted(name.lower()) for name in columns]
        # One JSON text a column goes in at nearly twice the speed of a list, and is as exact.
        selected = ", ".join(f"""unnest(from_json(${number}, '["VARCHAR"]')) AS {name}""" for number, name in enumerate(names, 1))
        self._db.execute(f"CREATE TABLE IF NOT EXISTS raw.{quoted(table)} ({', '.join(f'{name} VARCHAR' for name in names)})")
        self._db.execute(f"INSERT INTO raw.{quoted(table)} SELECT {selected}", [_as_json(cells) for cells in data])

    def write_parquet(self, query: str, path: Path) -> int:
        """Write the rows of a query into a Parquet file, in their order, and give how many there are.

        A second engine, which is never given the SQL of a rule or a subject, writes the file: this one reaches none, now or
        later. Raises EngineError, and OSError where the file cannot be written.
        """
        try:
            private_files.make(path)
            self._files.register("given", _Stream(self._db.sql(query)))
            [(rows,)] = self._files.execute(
                f"COPY (SELECT * FROM given) TO {_text(path.as_posix())} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)"
            ).fetchall()
            self._files.unregister("given")
        except duckdb.IOException as error:
            raise OSError(str(error).removeprefix("IO Error: ").partition("\n")[0]) from None
        except duckdb.Error as error:
            raise EngineError(error) from None
        return int(rows)

    def read_parquet(self, table: str, files: Mapping[date, Path], columns: Mapping[str, str]) -> None:
        """Make a table, or make it anew, of columns of Parquet files, each with its type; `as_of` has the date of a row's file.

        The second engine of `write_parquet` reads them. Raises EngineError where there is no such file, it is not one of
        Parquet with these columns, or a value is none of the type.
        """
        cast = ", ".join(f"CAST({quoted(name)} AS {kind}) AS {quoted(name)}" for name, kind in columns.items())
        each = (
            f"SELECT DATE '{day}' AS as_of, {cast} FROM read_parquet({_text(path.as_posix())})" for day, path in files.items()
        )
        try:
            self._db.register("given", _Stream(self._files.sql(" UNION ALL ".join(each))))
            self._db.execute(f"CREATE OR REPLACE TABLE {quoted(table)} AS SELECT * FROM given")
            self._db.unregister("given")
        except duckdb.Error as error:
            raise EngineError(error) from None

    @cached_property
    def _files(self) -> duckdb.DuckDBPyConnection:
        return _engine()

    def row_count(self, table: str) -> int:
        """Count the rows filled so far."""
        [(rows,)] = self.sql(f"SELECT count(*) FROM raw.{quoted(table)}")
        return int(rows)

    def unreadable(self, table: str, problem: str) -> None:
        """Note that a table is there but cannot be read, and why; what was filled of it is thrown away."""
        self._db.execute(f"DROP TABLE IF EXISTS raw.{quoted(table)}")
        self.readings[table] = TableReading(table=table, problem=problem)

    def left_out(self, table: str, count: int, places: Sequence[str]) -> None:
        """Note that `count` records of a filled table could not be read, and where the first of them are."""
        self.readings[table] = TableReading(table=table, left_out=count, record_places=list(places))

    def settle(self, wanted: Wanted, source: Source | None = None) -> None:
        """Read every raw cell by its kind into typed tables, note what could not be read, and shut the doors.

        Every table of the catalogue exists afterwards; one that was not supplied is empty, a column that was not is null.
        """
        raw: dict[str, dict[str, RawColumn]] = {}
        for table, name, native in self.sql(
            "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'raw'"
        ):
            found = raw.setdefault(table, {})
            if table in TABLES and name in TABLES[table].columns:
                found[name] = RawColumn(table, TABLES[table].columns[name], native)
        every = [column for found in raw.values() for column in found.values()]
        make_dictionaries(self.sql, every, self.settings.codes)
        for name, catalogued in TABLES.items():
            columns = list(catalogued.columns.values())
            if name not in raw:
                self.sql(f"CREATE TABLE {name} AS SELECT {', '.join(map(absent, columns))} WHERE false")
                self.readings.setdefault(name, TableReading(table=name))
                continue
            self.sql(f"CREATE TABLE {name} AS {typed(name, columns, raw[name])}")
            reading = self.readings.setdefault(name, TableReading(table=name))
            reading.rows = self.row_count(name)
            needed = {column for column in wanted.get(name, ()) if not catalogued.columns[column].optional}
            reading.missing_columns = tuple(sorted(needed - raw[name].keys()))
        for column, count, cells in bad_cells(self.sql, every):
            reading = self.readings[column.table]
            if column.column.codes:
                reading.unmapped[column.column.name] = count
            else:
                reading.unreadable_cells[column.column.name] = count
                reading.cell_places[column.column.name] = source.places(column.table, column.column.name, cells) if source else []
        self.sql("DROP SCHEMA raw CASCADE")
        _shut(self._db)

    def at(self, as_of: date) -> None:
        """Move to another business date; what has been read stays as it is."""
        self.as_of = as_of
        self._db.execute("SET VARIABLE as_of = $1::DATE", [as_of])

    def _make_calendar(self) -> None:
        # no: working days up to and including d. no_before: up to the day before.
        self._db.execute(
            """CREATE TABLE calendar AS
            SELECT d, sum(working) OVER (ORDER BY d)::INTEGER AS no, (sum(working) OVER (ORDER BY d) - working)::INTEGER AS no_before
            FROM (SELECT d, (isodow(d) < 6 AND NOT list_contains($3::DATE[], d))::INTEGER AS working
                  FROM (SELECT range::DATE AS d FROM range($1::DATE, $2::DATE + 1, INTERVAL 1 DAY)))""",
            [FIRST, LAST, sorted(self.settings.bank_holidays)],
        )
        self._db.execute("CREATE TABLE working_day AS SELECT no, d FROM calendar WHERE no > no_before")
        # The same as lists in one row: a look-up that can stand in another, where a join in a join takes for ever.
        self._db.execute(
            """CREATE TABLE counted AS SELECT list(no ORDER BY d) AS numbers, list(no_before ORDER BY d) AS before,
            list(d ORDER BY d) FILTER (no > no_before) AS days FROM calendar"""
        )


def syntax_of(query: str) -> dict[str, Any]:
    """Return the engine's syntax tree of a text of SQL, or what it cannot read in it; nothing of it is run or looked up.

    Either `statements`, each a tree, or `error_message` and `position`, in bytes. Raises RecursionError.
    """
    [(tree,)] = _reader().cursor().execute("SELECT json_serialize_sql($1::VARCHAR)", [query]).fetchall()
    found: dict[str, Any] = json.loads(tree)
    return found


@cache
def pure_functions() -> frozenset[str]:
    """Return the engine's functions whose answer depends on what they are given and nothing else, and our own."""
    known = _reader().execute(
        """SELECT DISTINCT function_name FROM duckdb_functions()
        WHERE function_type IN ('aggregate', 'window', 'macro') OR (function_type = 'scalar' AND stability = 'CONSISTENT')"""
    )
    return frozenset(name for (name,) in known.fetchall()) | frozenset(re.findall(r"CREATE MACRO (\w+)", _MACROS))


@cache
def _reader() -> duckdb.DuckDBPyConnection:
    """Open an engine that reads SQL and runs none of it: it holds no data and reaches nothing."""
    engine = _engine(threads=1)
    _shut(engine)
    return engine


def _engine(**settings: bool | int) -> duckdb.DuckDBPyConnection:
    """Open an engine in memory that fetches and loads no extension, and writes to no disk: what does not fit in is an error.

    Of itself it would put whatever does not fit into files in the folder that the process happens to be in, for all to read.
    """
    return duckdb.connect(config=_CLOSED | settings)


def _shut(engine: duckdb.DuckDBPyConnection) -> None:
    """Let an engine reach nothing outside from now on, and let no SQL open it again."""
    engine.execute("SET enable_external_access = false")
    engine.execute("SET lock_configuration = true")


_CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "temp_directory": "",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "allow_persistent_secrets": False,
}


class _Stream:
    """A query of one engine as rows that another engine reads."""

    def __init__(self, query: duckdb.DuckDBPyRelation) -> None:
        self._query = query

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._query.__arrow_c_stream__(requested_schema)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _as_json(cells: Sequence[object]) -> str:
    return json.dumps([cell if cell is None or type(cell) is str else as_text(cell) for cell in cells])


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
            local = cell.astimezone(ZoneInfo("Europe/London")).replace(tzinfo=None) if cell.tzinfo else cell
            return local.isoformat(sep=" ")
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


def _list_type(cells: Sequence[object]) -> str:
    first = next((cell for cell in cells if cell is not None), None)
    return "DATE" if type(first) is date else "VARCHAR"
