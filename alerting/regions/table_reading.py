"""Where a table of a region's authorities is read from: a CSV file, Parquet, or a table or view of a database."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alerting.casedata import engine
from alerting.casedata.engine import EngineFailed
from alerting.database_address import shown
from alerting.errors import ConfigError, Fault, Faults, Place, SourceError
from alerting.regions.authority_table import Row, Written, cell_text, rows_of_table
from alerting.sources.sql import Address, rows_of

MOST_ROWS = 10_000
_KNOWN = "`folder` or `config`, and where they are wanted `name`, `size` and `on`"
_PARQUET = ".parquet"
_WRITTEN_BY_SPARK, _UNFINISHED, _DELTA = "_SUCCESS", "_temporary", "_delta_log"
_MEMORY, _SECONDS = 1 << 30, 300.0


@dataclass(frozen=True, kw_only=True)
class DatabaseTable:
    """A table or view of a database in which the authorities stand."""

    #: As SQLAlchemy has it, with its driver.
    address: str = field(repr=False)
    #: With `schema.` before it where need be.
    table: str
    #: The region's folder: from it each authority's folder is told, and in it the last report is kept.
    folder: Path

    def __str__(self) -> str:
        return f"{self.table} of {shown(self.address)}"

    @property
    def file_name(self) -> str:
        """The table's name as a part of the name of a file."""
        return re.sub(r"[^\w.-]+", "-", self.table).strip(".-")


def is_parquet(place: Path) -> bool:
    """Return whether a place is a table in Parquet: a file, or a folder that is named as one or bears the mark of Spark or Delta."""
    return place.suffix.lower() == _PARQUET or (place / _WRITTEN_BY_SPARK).is_file() or (place / _DELTA).is_dir()


def read_csv(file: Path, usual_config: str) -> list[Row]:
    """Read a CSV file. usual_config: the name of the file that is in an authority's folder.

    Raises Faults where no row can be read for what it is: a heading is wrong, or the file is no CSV. What is wrong with a row is that row's.
    Raises OSError and UnicodeDecodeError.
    """
    with file.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.reader(opened, strict=True)
        rows: list[tuple[int, list[str]]] = []
        try:
            rows += ((reader.line_num, [cell.strip() for cell in row]) for row in reader)
        except csv.Error:
            problem, remedy = "this is no CSV file", "Save it as CSV, with commas between its columns, in UTF-8."
            raise Faults([Fault(problem=problem, where=_place(file, reader.line_num), remedy=remedy)]) from None
    written = [(line, row) for line, row in rows if any(row)]
    if not written:
        return []
    line, heading = written[0]
    given = (Written(where=_place(file, line), called=f"line {line}", cells=row) for line, row in written[1:])
    return rows_of_table(
        _place(file, line), heading, given, file.parent, usual_config, remedy=f"The first line has the columns' names: {_KNOWN}."
    )


def read_parquet(place: Path, usual_config: str) -> list[Row]:
    """Read a Parquet file, or all in a folder. Raises as `read_csv` does, and ConfigError where there is none that can be read."""
    from alerting.sources.files.source import not_a_pattern

    files = _parquet_files(place)
    for file in files:
        file.open("rb").close()  # to the engine, a file that may not be read is a damaged one
    started, number = engine.start(), engine.new_number()
    started.open(number, _MEMORY, engine.CLOSED, _SECONDS)
    try:
        columns, rows = _asked(started, number, [not_a_pattern(str(file)) for file in files])
    except EngineFailed:
        raise ConfigError(
            "this is not a Parquet table that can be read",
            where=place.as_posix(),
            remedy="Write it anew; with snappy, zstd or gzip.",
        ) from None
    finally:
        if started.alive:
            started.ask("close", number, seconds=_SECONDS)
    if len(rows) > MOST_ROWS:
        problem, remedy = f"the table has more than {MOST_ROWS:,} rows", "Check that it is the table that is meant."
        raise ConfigError(problem, where=place.as_posix(), remedy=remedy)
    return _rows(Place(file=place.as_posix()), columns, rows, place.parent, usual_config)


def read_database(table: DatabaseTable, usual_config: str) -> list[Row]:
    """Read a table of a database. Raises as `read_csv` does, and ConfigError where it cannot be read."""
    try:
        columns, rows = rows_of(Address(url=table.address, called="--authorities"), table.table, MOST_ROWS)
    except SourceError as error:
        raise ConfigError(error.problem, where=str(table), remedy=error.remedy) from None
    # A database gives rows in no order of its own: what a row is called by its number is the same the next time.
    ordered = sorted(rows, key=lambda row: [cell_text(cell) for cell in row])
    return _rows(Place(file=str(table)), columns, ordered, table.folder, usual_config)


def _parquet_files(place: Path) -> list[Path]:
    if not place.is_dir():
        return [place]
    where = place.as_posix()
    if (place / _DELTA).is_dir():
        remedy = "Write it out as Parquet: `spark.table(...).write.parquet(...)`."
        raise ConfigError("this is a Delta table, which is not read", where=where, remedy=remedy)
    if (place / _UNFINISHED).exists() and not (place / _WRITTEN_BY_SPARK).exists():
        raise ConfigError("this table is not written to its end", where=where, remedy="Wait for it, or write it anew.")
    files = sorted(file for file in place.glob(f"*{_PARQUET}") if not file.name.startswith((".", "_")))
    if not files:
        raise ConfigError("there is no Parquet file in this folder", where=where, remedy="Write the table without partitions.")
    return files


def _asked(asked: engine.Engine, number: int, files: list[str]) -> tuple[list[str], list[Sequence[Any]]]:
    """Return the columns and the rows of files, of which one more than may be. Raises EngineFailed."""
    from alerting.sources.files.source import CODECS

    packed = asked.ask(
        "execute", number, "SELECT DISTINCT upper(compression) FROM parquet_metadata($1)", [files], seconds=_SECONDS
    )
    if not {codec for (codec,) in packed if codec} <= CODECS:
        raise EngineFailed("odd codec")
    table = "read_parquet($1, binary_as_string = true, union_by_name = true)"
    described = asked.ask("execute", number, f"DESCRIBE SELECT * FROM {table}", [files], seconds=_SECONDS)
    rows = asked.ask("execute", number, f"SELECT * FROM {table} LIMIT {MOST_ROWS + 1}", [files], seconds=_SECONDS)
    return [row[0] for row in described], rows


def _rows(where: Place, columns: Sequence[str], rows: Iterable[Sequence[Any]], base: Path, usual_config: str) -> list[Row]:
    written = (Written(where=where, called=f"row {number}", cells=cells) for number, cells in enumerate(rows, 1))
    remedy = f'The columns are {_KNOWN}. Give a view or an extract with these, such as `SELECT path AS folder, active AS "on"`.'
    return rows_of_table(where, columns, written, base, usual_config, remedy=remedy)


def _place(file: Path, line: int) -> Place:
    return Place(file=file.as_posix(), line=line)
