"""The council's tables as files: CSV, as a council's own extract would be, or Parquet."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Literal, Protocol

from alerting import private_files
from alerting.casedata.catalogue import TABLES
from alerting.errors import SourceError
from alerting.sources.demo.delivered import delivered

Format = Literal["csv", "parquet"]
DateStyle = Literal["iso", "uk"]
Encoding = Literal["utf-8", "utf-8-sig", "cp1252"]
LineEnd = Literal["\n", "\r\n"]

_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(.*)", re.DOTALL)


class Tables(Protocol):
    """Whatever gives every table as columns, as at a day."""

    def tables(self, as_of: date) -> Mapping[str, Mapping[str, list[str | None]]]:
        """Return each table by name, its columns by name, and the cells of each row by row."""
        ...


def export(
    source: Tables,
    as_of: date,
    folder: Path,
    format: Format = "csv",
    *,
    date_style: DateStyle = "iso",
    encoding: Encoding = "utf-8",
    line_end: LineEnd = "\r\n",
    flavour: str | None = None,
) -> list[Path]:
    """Write one file a table into a folder, made when it is not there, and give the files.

    flavour: the case system as whose official script delivers them they are written.
    CSV is RFC 4180: quoted where needed, empty for nothing. Dates are `2026-03-02` or `02/03/2026`. Parquet is text
    columns and ignores date style, encoding and line end. Raises SourceError when a file cannot be written.
    """
    tables = source.tables(as_of) if flavour is None else delivered(source.tables(as_of), flavour)
    try:
        private_files.make_folder(folder)
        return [_write(folder, name, columns, format, date_style, encoding, line_end) for name, columns in tables.items()]
    except OSError as error:
        raise SourceError(
            f"the tables cannot be written ({error.strerror or type(error).__name__})",
            where=str(folder),
            remedy="Choose a folder that may be written to and has room.",
        ) from None


def _write(
    folder: Path,
    name: str,
    columns: Mapping[str, list[str | None]],
    format: Format,
    date_style: DateStyle,
    encoding: Encoding,
    line_end: LineEnd,
) -> Path:
    path = folder / f"{name}.{format}"
    private_files.make(path)
    if format == "parquet":
        _write_parquet(path, columns)
        return path
    texts = {column: _uk(name, column, cells) if date_style == "uk" else cells for column, cells in columns.items()}
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, lineterminator=line_end)
        writer.writerow(texts)
        writer.writerows(zip(*texts.values(), strict=True))
    return path


def _uk(table: str, column: str, cells: list[str | None]) -> list[str | None]:
    ours = TABLES[table].columns.get(column)
    if (ours.kind if ours else "date") not in ("date", "moment"):
        return cells
    seen: dict[str | None, str | None] = {None: None}
    for cell in set(cells) - {None}:
        found = _ISO.fullmatch(cell or "")
        seen[cell] = f"{found[3]}/{found[2]}/{found[1]}{found[4]}" if found else cell
    return [seen[cell] for cell in cells]


def _write_parquet(path: Path, columns: Mapping[str, list[str | None]]) -> None:
    import duckdb

    selected = ", ".join(f'unnest(${number}::VARCHAR[]) AS "{name}"' for number, name in enumerate(columns, 1))
    with duckdb.connect(config={"temp_directory": "", "autoinstall_known_extensions": False}) as db:
        db.execute(f"CREATE TABLE cells AS SELECT {selected}", list(columns.values()))
        db.execute("COPY cells TO '" + str(path).replace("'", "''") + "' (FORMAT parquet, USE_TMP_FILE false)")
