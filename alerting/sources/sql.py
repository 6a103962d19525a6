"""Case data from a database: the needed columns of the needed tables, in one read-only picture of it.

Anything SQLAlchemy has a driver for will do. PostgreSQL hands each table over as one COPY, every other database as rows; where the system
has files without a name, the engine reads either from one. What is asked of it is `SELECT columns FROM table` and nothing more, so no dialect matters.
"""

from __future__ import annotations

import csv
import io
import re
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from alerting import database_address, private_files
from alerting.casedata import snapshot
from alerting.casedata.catalogue import TABLES
from alerting.casedata.conversion import as_text, quoted
from alerting.casedata.engine_errors import EngineError
from alerting.casedata.flavours import FlavourName
from alerting.casedata.snapshot import Snapshot, Wanted
from alerting.errors import SourceError

if TYPE_CHECKING:
    import sqlalchemy as sa
    from sqlalchemy.engine.interfaces import ReflectedColumn

_NO_COLUMN = "none of them"
"""The column of a raw table of which no column is wanted: its rows count all the same."""

_FIRST = "ssd_person"
_OF_THE_DATABASE = frozenset({"information_schema", "sys", "guest"})
_TEMPORARY = re.compile(r"#+(.+?)(?:_{4,}[0-9a-f]{12})?", re.IGNORECASE)
"""The name of a temporary table of SQL Server: `##ssd_person`, or `#ssd_person`, which it makes longer with who made it."""

_BATCH, _CONNECT_S, _LONGEST_RECORD = 50_000, 15, 64 << 20
"""Rows at a time, seconds, bytes."""


class Source(BaseModel, snapshot.Source):
    """Reads the case tables of one schema of one database.

    url: any SQLAlchemy address, with its driver. schema: where the tables are, the database's own default if left out.
    prefix: what their names begin with before the name of ours, such as `dbo_`. statement_timeout_s: after how long
    PostgreSQL or SQLite gives up reading one table. max_rows: a table with more is not read, lest it fills the machine.
    flavour: the case system by whose official script they were made, or the version of the SSD, where their columns differ.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)

    type: Literal["sql"]
    url: SecretStr
    schema_name: str | None = Field(default=None, alias="schema")
    prefix: str = ""
    statement_timeout_s: int = Field(default=300, ge=1)
    max_rows: int = Field(default=20_000_000, ge=1)
    flavour: FlavourName | None = None

    def read(self, wanted: Wanted, into: Snapshot) -> None:
        """Fill the wanted tables that are there with the wanted columns, every cell as text.

        A table that may not be read, or takes too long, is reported as unreadable. Raises SourceError where the database
        cannot be reached, the schema is not there, or no case table is in it. No error shows the address's password.
        """
        import sqlalchemy as sa

        with self._connected() as connection:
            held = self._tables(sa.inspect(connection))
            for table, columns in sorted(wanted.items()):
                if table in held:
                    self._read_table(connection, held[table], columns, into)
            for table in held.keys() - wanted.keys():
                into.reading(table).unasked = True

    def delivered_as(self) -> str | None:
        """Return the name of the flavour as which the tables come."""
        return self.flavour

    def identity(self) -> tuple[str, ...]:
        """Return which tables of which database they are; who signs in there, and how, is left out."""
        address = self.url.get_secret_value()
        return (self.type, database_address.without_secrets(address), self.schema_name or "", self.prefix)

    def _connected(self) -> AbstractContextManager[sa.Connection]:
        return Address(url=self.url.get_secret_value(), statement_timeout_s=self.statement_timeout_s).connected()

    # ------------------------------------------------------------------ finding

    def _tables(self, catalogue: sa.Inspector) -> Mapping[str, _Held]:
        schema = self._schema(catalogue)
        names = _all_names(catalogue, schema)
        found: dict[str, list[str]] = defaultdict(list)
        for name in names:
            for called in {name.lower(), _without_hash(name.lower())}:
                found[called].append(name)
        ours = {
            table: _Held(ours=table, schema=schema, theirs=tuple(found[key]))
            for table in TABLES
            if (key := f"{self.prefix}{table}".lower()) in found
        }
        if not ours:
            raise SourceError(
                f"no case table was found in {f'the schema {schema}' if schema else 'the default schema'}",
                remedy=f"Looked for {self.prefix}ssd_person, {self.prefix}ssd_cp_plans and so on{self._elsewhere(catalogue, names)}. "
                "Set the source's schema to where they are, the source's prefix to what their names begin with, and let the user read them.",
            )
        return ours

    def _elsewhere(self, catalogue: sa.Inspector, names: Sequence[str]) -> str:
        """Return where a table is that is named as ours behind something else, or nearly, and the settings to read it by."""
        others = (name for name in catalogue.get_schema_names() if name.lower() not in _OF_THE_DATABASE)
        for schema in (None, *others):
            listed = names if schema is None else [*catalogue.get_table_names(schema), *catalogue.get_view_names(schema)]
            for name in sorted(listed):
                if name.lower().endswith(_FIRST):
                    prefix = _without_hash(name)[: -len(_FIRST)]
                    settings = {"schema": schema or self.schema_name, "prefix": prefix}
                    lines = ", ".join(f"{key}: {value}" for key, value in settings.items() if value)
                    where = f" in the schema {schema}" if schema else ""
                    return f", and saw {name}{where}. To read it so, write under `source:` {lines}"
        near = get_close_matches(f"{self.prefix}{_FIRST}".lower(), [name.lower() for name in names], n=1, cutoff=0.6)
        return f", and saw {near[0]}" if near else ""

    def _schema(self, catalogue: sa.Inspector) -> str | None:
        if self.schema_name is None:
            return None
        if catalogue.dialect.name == "mssql" and "." in self.schema_name:
            return self.schema_name  # of another database of the server, such as tempdb.dbo
        schemas = catalogue.get_schema_names()
        same = [name for name in schemas if name == self.schema_name] or [
            name for name in schemas if name.lower() == self.schema_name.lower()
        ]
        if len(same) != 1:
            near = get_close_matches(self.schema_name, schemas, n=1)
            raise SourceError(
                f"there is no schema {self.schema_name} in the database",
                remedy=f"Did you mean {near[0]}?" if near else "Check the source's schema, and that the user may use it.",
            )
        return same[0]

    # ------------------------------------------------------------------ reading

    def _read_table(self, connection: sa.Connection, table: _Held, columns: frozenset[str], into: Snapshot) -> None:
        import sqlalchemy as sa

        driver = connection.dialect.loaded_dbapi
        try:
            with _kept_apart(connection):
                self._fill(connection, table, columns, into)
        except (sa.exc.SQLAlchemyError, driver.Error, EngineError, SourceError) as error:
            if connection.closed or connection.invalidated or getattr(_driver(connection), "closed", False):
                raise SourceError("the connection to the database broke off", remedy="Run again.") from None
            into.unreadable(table.ours, self._why(table, error))

    def _fill(self, connection: sa.Connection, table: _Held, columns: frozenset[str], into: Snapshot) -> None:
        import sqlalchemy as sa

        if len(table.theirs) > 1:
            raise SourceError(f"there are {' and '.join(sorted(table.theirs))} for one table. Keep one")
        found = _found(sa.inspect(connection).get_columns(table.theirs[0], table.schema), columns)
        copies = connection.dialect.name == "postgresql" and connection.dialect.driver == "psycopg"
        until = time.monotonic() + self.statement_timeout_s
        with private_files.nameless() as nameless:
            if nameless:
                file, path = nameless
                sent = (
                    _copy(connection, table, found, self.max_rows, file)
                    if copies
                    else _write(_rows(connection, table, found, until, self.max_rows), len(found), file)
                )
                if sent is not None:
                    file.flush()
                    _read_back(table, found, into, path, sent)
                    return
        _stream(_rows(connection, table, found, until, self.max_rows), table, found, into)

    def _why(self, table: _Held, error: Exception) -> str:
        if isinstance(error, SourceError):
            return error.problem
        # As above: an error's words can quote a cell, so they are looked at and not shown.
        original = getattr(error, "orig", None) or error
        words, state = str(original).lower(), getattr(original, "sqlstate", None)
        if state == "57014" or words == "interrupted" or "timeout expired" in words or "timed out" in words:
            return _too_long(self.statement_timeout_s)
        if _is_forbidden(error):
            return f"the user of the source's url may not read {table.theirs[0]}. Grant it SELECT"
        return f"the database could not read {table.theirs[0]} ({type(original).__name__})"


@dataclass(frozen=True, kw_only=True)
class Address:
    """The address of a database that is only read. called: what it is to whoever wrote it, as errors name it."""

    url: str = field(repr=False)
    statement_timeout_s: int = 300
    called: str = "the source's url"

    @contextmanager
    def connected(self) -> Iterator[sa.Connection]:
        """Return a connection in a transaction that only reads and, where the database can, sees one moment."""
        import sqlalchemy as sa

        engine = self._engine()
        try:
            connection = engine.connect()
        except (sa.exc.DBAPIError, sa.exc.InterfaceError, OSError) as error:
            raise self._unreachable(error) from None
        try:
            self._begin(connection)
            yield connection
            connection.rollback()
        except sa.exc.SQLAlchemyError as error:
            raise SourceError(
                f"the database could not be read ({type(error).__name__})",
                remedy="Check that it is whole, that the user may read its catalogue, and that the connection holds.",
            ) from None
        finally:
            connection.close()
            engine.dispose()

    def _engine(self) -> sa.Engine:
        import sqlalchemy as sa

        try:
            if (file := database_address.sqlite_file(self.url)) and file.is_file():  # letter for letter, where it is there so
                return _read_only_sqlite(file)
            url = sa.make_url(self.url)
            match url.get_backend_name():
                case "sqlite" if url.database and not url.database.startswith((":memory:", "file:")):
                    return _read_only_sqlite(Path(url.database))
                case "postgresql":
                    patient = "connect_timeout" in url.query or not url.get_driver_name().startswith("psycopg")
                    return sa.create_engine(
                        url,
                        poolclass=sa.NullPool,
                        connect_args={} if patient else {"connect_timeout": _CONNECT_S},
                        isolation_level="REPEATABLE READ",
                        execution_options={"postgresql_readonly": True},
                    )
                case "mssql" if url.get_driver_name() == "pymssql":
                    limits = {"login_timeout": _CONNECT_S, "timeout": self.statement_timeout_s}
                    return sa.create_engine(url, poolclass=sa.NullPool, connect_args=limits)
                case "mssql" if url.get_driver_name() == "pyodbc":
                    return sa.create_engine(url, poolclass=sa.NullPool, connect_args={"timeout": _CONNECT_S})
                case _:
                    return sa.create_engine(url, poolclass=sa.NullPool)
        except (sa.exc.ArgumentError, ValueError, TypeError):
            raise SourceError(
                f"{self.called} is not an address of a database",
                remedy="It looks like postgresql+psycopg://user:password@host:5432/database; special characters of a "
                "password are written as %40 for @, %2F for / and so on.",
            ) from None
        except ImportError as error:
            raise SourceError(
                f"the driver for this database is not installed ({error.name or 'unknown'})",
                remedy="For PostgreSQL: pip install 'practice-alerts[postgres]'. For SQL Server: pip install 'practice-alerts[mssql]', and "
                f"for mssql+pyodbc Microsoft's ODBC driver as well. For others, install what {self.called} names.",
            ) from None

    def _begin(self, connection: sa.Connection) -> None:
        match connection.dialect.name:
            case "postgresql":
                # COPY writes days by this setting, and moments with a zone in English time.
                connection.exec_driver_sql("SET LOCAL client_encoding = 'UTF8'")
                connection.exec_driver_sql("SET LOCAL datestyle = 'ISO, YMD'")
                connection.exec_driver_sql("SET LOCAL timezone = 'Europe/London'")
                connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{self.statement_timeout_s}s'")
            case "sqlite":
                connection.exec_driver_sql("PRAGMA query_only = on")
                connection.exec_driver_sql("BEGIN")
            case "mssql" if connection.dialect.driver == "pyodbc":
                _driver(connection).timeout = self.statement_timeout_s

    def _unreachable(self, error: Exception) -> SourceError:
        problem, remedy = database_address.why_refused(error)
        where = database_address.shown(self.url)
        return SourceError(
            f"the database {where} {problem} ({type(error).__name__})", remedy=f"{remedy} It is that of {self.called}."
        )


def rows_of(address: Address, table: str, most: int) -> tuple[list[str], list[Sequence[Any]]]:
    """Return the columns and all rows of one table or view, of whatever it is. table: its name, with `schema.` before it where need be.

    Raises SourceError where it is not there, has more rows than `most`, or cannot be read.
    """
    import sqlalchemy as sa

    schema, _, name = table.rpartition(".")
    with address.connected() as connection:
        catalogue = sa.inspect(connection)
        try:
            names = _all_names(catalogue, schema or None)
        except sa.exc.NoSuchTableError:
            names = []
        same = [one for one in names if one == name] or [one for one in names if one.lower() == name.lower()]
        if len(same) != 1:
            near = get_close_matches(name, names, n=1)
            known = f"Did you mean {near[0]}?" if near else "Name it as `schema.table` where it is not in the user's own schema."
            raise SourceError(f"there is no table {table} in it", remedy=f"{known} The user must be allowed to read it.")
        held = _Held(ours=name, schema=schema or None, theirs=(same[0],))
        columns = [column["name"] for column in catalogue.get_columns(same[0], schema or None)]
        cells = ", ".join(_quoted(connection, column) for column in columns)
        try:
            rows = connection.exec_driver_sql(f"SELECT {cells} FROM {_source(connection, held)}").fetchmany(most + 1)
        except sa.exc.DBAPIError as error:
            if not _is_forbidden(error):
                raise
            raise SourceError(f"the user may not read {table}", remedy="Grant it SELECT.") from None
    if len(rows) > most:
        raise SourceError(f"{table} has more than {most:,} rows", remedy="Check that it is the table that is meant.")
    return columns, [tuple(row) for row in rows]


def _all_names(catalogue: sa.Inspector, schema: str | None) -> list[str]:
    """Return the names of all tables and views of a schema."""
    names = [*catalogue.get_table_names(schema), *catalogue.get_view_names(schema)]
    if catalogue.dialect.name == "postgresql":
        names += catalogue.get_materialized_view_names(schema)
    return names


@dataclass(frozen=True, kw_only=True)
class _Held:
    """One of our tables as the database has it: its schema and name; several names where only their case differs."""

    ours: str
    schema: str | None
    theirs: tuple[str, ...]


def _without_hash(name: str) -> str:
    found = _TEMPORARY.fullmatch(name)
    return found[1] if found else name


def _is_forbidden(error: Exception) -> bool:
    """Return whether it says that the user may not read a table."""
    original = getattr(error, "orig", None) or error
    return getattr(original, "sqlstate", None) == "42501" or "permission" in str(original).lower()


def _too_long(seconds: int) -> str:
    return f"reading took longer than {seconds} seconds. Read at a quieter time, or raise the source's statement_timeout_s"


@contextmanager
def _kept_apart(connection: sa.Connection) -> Iterator[None]:
    """Let an error inside the block leave the transaction as it was; in PostgreSQL it would end it."""
    if connection.dialect.name != "postgresql":
        yield
        return
    with connection.begin_nested():
        yield


def _read_only_sqlite(path: Path) -> sa.Engine:
    import sqlalchemy as sa

    file = f"file:{quote(path.resolve().as_posix())}?mode=ro"
    return sa.create_engine(
        "sqlite://",
        poolclass=sa.NullPool,
        creator=lambda: sqlite3.connect(file, uri=True, isolation_level=None, timeout=30, check_same_thread=False),
    )


def _found(described: Sequence[ReflectedColumn], wanted: frozenset[str]) -> dict[str, ReflectedColumn]:
    """Return the database's description of each wanted column that is there; case does not count."""
    found: dict[str, ReflectedColumn] = {}
    for column in sorted(described, key=lambda column: str(column["name"])):
        name = column["name"].lower()
        if name in found:
            raise SourceError(f"it has the columns {found[name]['name']} and {column['name']}. Keep one")
        if name in wanted:
            found[name] = column
    return found


def _driver(connection: sa.Connection) -> Any:
    return connection.connection.driver_connection


def _source(connection: sa.Connection, table: _Held) -> str:
    if table.schema and connection.dialect.name == "mssql":
        # A schema may be that of another database, with a dot between.
        return f"{connection.dialect.identifier_preparer.quote_schema(table.schema)}.{_quoted(connection, table.theirs[0])}"
    return ".".join(_quoted(connection, part) for part in (table.schema, table.theirs[0]) if part)


def _quoted(connection: sa.Connection, name: str) -> str:
    return str(connection.dialect.identifier_preparer.quote_identifier(name))


def _too_many(max_rows: int) -> SourceError:
    return SourceError(f"it has more than {max_rows:,} rows. If that is right, raise the source's max_rows")


def _rows(
    connection: sa.Connection, table: _Held, found: Mapping[str, ReflectedColumn], until: float, max_rows: int
) -> Iterator[Sequence[Sequence[Any]]]:
    """Yield the rows of a table as any database gives them, some at a time."""
    cells = [_quoted(connection, column["name"]) for column in found.values()] or ["1"]
    if connection.dialect.name == "sqlite":
        _driver(connection).set_progress_handler(lambda: time.monotonic() > until, 100_000)
    query = f"SELECT {', '.join(cells)} FROM {_source(connection, table)}"
    with connection.exec_driver_sql(query, execution_options={"stream_results": True}) as rows:
        # A row of SQLAlchemy's takes longer to make than to fetch: it is asked only where it keeps the driver from fetching all at once.
        fetch = rows.fetchmany if connection.dialect.supports_server_side_cursors else rows.cursor.fetchmany
        count = 0
        while batch := fetch(_BATCH):
            count += len(batch)
            if count > max_rows:
                raise _too_many(max_rows)
            yield batch


def _stream(
    batches: Iterable[Sequence[Sequence[Any]]], table: _Held, found: Mapping[str, ReflectedColumn], into: Snapshot
) -> None:
    """Hand rows to the engine piece by piece."""
    names = list(found) or [_NO_COLUMN]
    into.fill(table.ours, names, [[] for _ in names])
    for batch in batches:
        into.extend(table.ours, names, list(zip(*batch, strict=True)))


def _write(batches: Iterable[Sequence[Sequence[Any]]], cells: int, file: IO[bytes]) -> int | None:
    """Write so many cells of each row as CSV into a file of our own, and return how many rows came; None where a cell cannot stand in one."""
    count = 0
    for batch in batches:
        text = io.StringIO(newline="")
        # Both signs at the end of a line: a cell is quoted that has one of them.
        csv.writer(text, lineterminator="\r\n").writerows(
            ["1", *[cell if cell is None or type(cell) is str else as_text(cell) for cell in row[:cells]]] for row in batch
        )
        try:
            written = text.getvalue().encode()
        except UnicodeEncodeError:
            return None
        if b"\0" in written:
            return None
        file.write(written)
        count += len(batch)
    return count


def _copy(connection: sa.Connection, table: _Held, found: Mapping[str, ReflectedColumn], max_rows: int, file: IO[bytes]) -> int:
    """Let PostgreSQL write the table as CSV into a file of our own, and return how many rows came. A null stays a null."""
    cells = ["1", *(_postgres_cell(_quoted(connection, column["name"]), column["type"]) for column in found.values())]
    with _driver(connection).cursor() as cursor:
        with cursor.copy(
            f"COPY (SELECT {', '.join(cells)} FROM {_source(connection, table)} LIMIT {max_rows + 1}) TO STDOUT (FORMAT csv)"
        ) as rows:
            file.writelines(rows)
        sent = int(cursor.rowcount)
    if sent > max_rows:
        raise _too_many(max_rows)
    return sent


def _read_back(table: _Held, found: Mapping[str, ReflectedColumn], into: Snapshot, path: str, sent: int) -> None:
    """Let the engine read a file of so many rows. Each begins with a 1: it keeps one of one null cell from being a blank line, which is no row."""
    declared = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(found) + 1))
    selected = ", ".join(f"c{number} AS {quoted(name)}" for number, name in enumerate(found, 1))
    # Not in parallel: a reader that starts in the middle of a file has to guess whether it is inside a quoted cell.
    query = f"""
        SELECT {selected or f"NULL AS {quoted(_NO_COLUMN)}"} FROM read_csv($1, auto_detect = false, header = false,
          delim = ',', quote = '"', escape = '"', columns = {{{declared}}}, strict_mode = true, null_padding = false,
          ignore_errors = false, parallel = false, max_line_size = {_LONGEST_RECORD})
    """
    rows = into.fill_from(table.ours, query, [path])
    if rows != sent:
        raise SourceError(f"{sent} rows came and {rows} could be read")


def _postgres_cell(cell: str, kind: sa.types.TypeEngine[Any]) -> str:
    """Return SQL for a cell as `as_text` would have it. An infinite day means "no end", which is how we read a null."""
    import sqlalchemy as sa

    kind = getattr(kind, "data_type", kind)  # a domain is read as what it is a domain of
    if isinstance(kind, sa.Date):
        return f"CASE WHEN isfinite({cell}) THEN {cell}::text END"
    if isinstance(kind, sa.DateTime):
        return f"CASE WHEN isfinite({cell}) THEN {cell}::timestamp::text END"
    if isinstance(kind, sa.Float):
        return f"nullif({cell}::text, 'NaN')"
    if isinstance(kind, sa.Numeric):
        return f"nullif(CASE WHEN {cell}::text LIKE '%.%' THEN rtrim(rtrim({cell}::text, '0'), '.') ELSE {cell}::text END, 'NaN')"
    return f"{cell}::text"
