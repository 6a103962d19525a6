"""Case data from files: a folder with a CSV or Parquet file a table, or one Excel workbook with a sheet a table.

A CSV file takes one of two ways. `examine` goes through its bytes and says whether every quotation mark pairs up, so that
the engine's own fast reader can be trusted, and how many delimiters it must then account for. Where that does not hold,
or the numbers do not agree afterwards, the file is read once more, record by record: every good record counts, every
other is listed by line and reason. A wrong quotation mark can therefore cost its own record, never those after it.

A file that changes while it is read is still being copied. One that does not change for a moment may be, too: `done_marker`
names the file by which whoever copies says that they are done.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator

from alerting.casedata import snapshot
from alerting.casedata.catalogue import TABLES
from alerting.casedata.codes import clean
from alerting.casedata.conversion import as_text, quoted
from alerting.casedata.flavours import FlavourName
from alerting.casedata.snapshot import EngineError, Snapshot, Wanted
from alerting.errors import SourceError
from alerting.sources.files.csv_text import LONGEST_PIECE, Encoding, Shape, examine, in_utf8, lines, records

_NO_COLUMN = "none of them"
"""The column of a raw table of which no column is wanted: its rows count all the same."""

_CODECS = frozenset({"UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD"})
"""The ways of packing that the files of any tool need. Brotli above all is none: its code in engines has let files write where they liked."""

_ENCODINGS: Mapping[Encoding, str] = {
    "damaged utf-8": "UTF-8 in which some bytes are damaged",
    "windows-1252": "Windows-1252",
    "utf-16": "UTF-16",
}
"""The encodings that are not plain UTF-8, in words."""

_SUFFIXES = (".csv", ".parquet")
_WORKBOOK = ".xlsx"
_MAY_READ = "Check that the account which runs the alerts may read it, and that nobody has it open."
_MOST_PLACES = 20
_BATCH = 50_000


class Source(BaseModel, snapshot.Source):
    """Reads the tables of one folder, or of one workbook.

    path: a folder with files named as the tables (`ssd_person.csv` or `ssd_person.parquet`, in any case), or a workbook
    `.xlsx` with sheets so named. delimiter: what stands between the cells of a CSV file. done_marker: the name of a file that
    is written when all are copied, such as `load.done`; or, from a dot on, what follows the name of each file in that of its
    own marker, such as `.done` for `ssd_person.csv.done`. flavour: the case system by whose official script they were made, or the
    version of the SSD, where their columns differ.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    type: Literal["files"]
    path: Path
    delimiter: str = ","
    done_marker: str | None = None
    flavour: FlavourName | None = None

    @field_validator("delimiter")
    @classmethod
    def _is_a_delimiter(cls, delimiter: str) -> str:
        if len(delimiter) != 1 or not delimiter.isascii() or delimiter.isalnum() or delimiter in '"\r\n\0':
            raise ValueError('a delimiter is one character such as "," or ";" or a tab, written "\\t"')
        return delimiter

    @field_validator("done_marker")
    @classmethod
    def _is_the_name_of_a_file(cls, name: str | None) -> str | None:
        if name is not None and (name.strip(". ") == "" or name != name.strip() or {"/", "\\", "\0"} & set(name)):
            raise ValueError('a marker is the name of a file such as "load.done", or an ending such as ".done", with no folder')
        return name

    def read(self, wanted: Wanted, into: Snapshot) -> None:
        """Fill the wanted tables that are there with the wanted columns, every cell as text.

        A table whose file is damaged, doubtful (two files for it), nearly named like it or not copied to its end is reported
        as unreadable.
        Raises SourceError where the path is not there, cannot be opened, or has no case table at all.
        """
        holdings = self._holdings()
        for table, columns in sorted(wanted.items()):
            try:
                holding = _the_one(table, holdings)
                if holding:
                    with _undisturbed(holding, self.done_marker):
                        holding.fill(into, table, columns)
            except SourceError as error:
                into.unreadable(table, _in_one_line(error))
            except OSError as error:
                into.unreadable(table, f"the file of {table} cannot be opened ({_why(error)}). {_MAY_READ}")

    def places(self, table: str, column: str, cells: frozenset[str]) -> list[str]:
        """Return where cells are: `ssd_person.csv:7: column pers_dob`, by the line its record starts on; none for Parquet."""
        holding = _the_one(table, self._holdings())
        return list(islice(holding.places(column, cells), _MOST_PLACES)) if holding else []

    def identity(self) -> tuple[str, ...]:
        """Return which folder or workbook it is."""
        return (self.type, str(self.path))

    def _holdings(self) -> Mapping[str, Sequence[_Holding]]:
        try:
            if self.path.is_dir():
                holdings = _files(self.path, self.delimiter)
            elif self.path.suffix.lower() == _WORKBOOK and self.path.is_file():
                holdings = _sheets(self.path)
            else:
                raise SourceError(
                    f"there is no folder and no Excel workbook ({_WORKBOOK}) at {self.path}",
                    remedy="Set source.path to the folder with the case tables, one file a table, or to the workbook.",
                )
        except OSError as error:
            raise SourceError(
                f"{self.path} cannot be opened ({_why(error)})",
                remedy=_MAY_READ,
            ) from None
        if not holdings.keys() & TABLES.keys():
            raise SourceError(f"no case table was found in {self.path}", remedy=_what_is_looked_for(self.path, list(holdings)))
        return holdings


def _why(error: OSError) -> str:
    # The reader of workbooks gives its own words and no number.
    return error.strerror or str(error) or type(error).__name__


@contextmanager
def _undisturbed(holding: _Holding, marker: str | None) -> Iterator[None]:
    """See that a file is whole: that its marker is there before the block, and that nothing is written to it within."""
    path = holding.path
    before = _stamp(path)
    if marker is not None:
        done = path.with_name(path.name + marker if marker.startswith(".") else marker)
        wait = f"It is still being copied, or the copy broke off: {done.name} is to be written after it, each time."
        if not done.is_file():
            raise SourceError(f"there is no {done.name}", where=path.name, remedy=wait)
        if done.stat().st_mtime_ns < path.stat().st_mtime_ns:
            raise SourceError(f"is newer than {done.name}", where=path.name, remedy=wait)
    yield
    if _stamp(path) != before:
        raise SourceError(
            "changed while it was read", where=path.name, remedy="It was still being copied: run again when it is whole."
        )


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _what_is_looked_for(path: Path, found: list[str]) -> str:
    near = [f"{name} (for {table[0]})" for name in sorted(found) if (table := _near(name, TABLES))]
    meant = f" Did you mean {', '.join(near[:5])}? Rename it." if near else ""
    if path.is_dir():
        return f"Looked for files named as the tables, such as ssd_person.csv, ssd_cp_plans.csv or ssd_person.parquet.{meant}"
    return f"Looked for sheets named as the tables, such as ssd_person or ssd_cp_plans.{meant}"


def _near(name: str, names: Iterable[str]) -> list[str]:
    return get_close_matches(name, list(names), n=1, cutoff=0.88)


def _the_one(table: str, holdings: Mapping[str, Sequence[_Holding]]) -> _Holding | None:
    """Return what holds a table, None where nothing does. Raises SourceError where two do, or one is nearly named so."""
    match holdings.get(table, ()):
        case [holding]:
            return holding
        case []:
            # `ext_restrict.csv` taken for "no list was supplied" would be worse than a table that cannot be read.
            if near := _near(table, [name for name in holdings if name not in TABLES]):
                raise SourceError(
                    f"there is no {table}, but there is {holdings[near[0]][0].name}", remedy="Rename it, or move it away."
                )
            return None
        case several:
            names = " and ".join(sorted(holding.name for holding in several))
            raise SourceError(f"there are {names} for one table", remedy="Keep the current one and move the other away.")


def _in_one_line(error: SourceError) -> str:
    place = f"{error.where}: " if error.where else ""
    return f"{place}{error.problem}. {error.remedy}".strip()


def _files(folder: Path, delimiter: str) -> Mapping[str, Sequence[_Holding]]:
    found: dict[str, list[_Holding]] = defaultdict(list)
    for path in sorted(folder.iterdir()):
        kind = path.suffix.lower()
        if kind in _SUFFIXES and path.is_file():
            found[path.stem.lower()].append(_Csv(path, delimiter) if kind == ".csv" else _Parquet(path))
    return found


def _sheets(workbook: Path) -> Mapping[str, Sequence[_Holding]]:
    import python_calamine

    try:
        with python_calamine.CalamineWorkbook.from_path(workbook) as opened:
            names = opened.sheet_names
    except python_calamine.PasswordError:
        raise SourceError(
            f"{workbook.name} is behind a password",
            remedy="Save it without one, in a folder that only the account which runs the alerts may read.",
        ) from None
    except python_calamine.CalamineError:
        raise SourceError(
            f"{workbook.name} is not an Excel workbook that can be read",
            remedy="Open it in Excel and save it again as .xlsx; if it was being copied, run again when it is whole.",
        ) from None
    found: dict[str, list[_Holding]] = defaultdict(list)
    for name in names:
        found[name.strip().lower()].append(_Sheet(workbook, name))
    return found


def _positions(header: Sequence[str], columns: Iterable[str], file: str) -> dict[str, int]:
    """Return the place in the header of each wanted column that is there; case and surrounding white space do not count."""
    names = [name.strip().lower() for name in header]
    columns = sorted(columns)
    if doubled := [column for column in columns if names.count(column) > 1]:
        raise SourceError(f"the header has {doubled[0]} twice", where=file, remedy="Export it with each column once.")
    found = {column: names.index(column) for column in columns if column in names}
    if columns and not found:
        raise SourceError(
            f"the first line names none of the columns needed, such as {columns[0]}",
            where=file,
            remedy="The first line must be the names of the columns, and source.delimiter what stands between them.",
        )
    return found


def _by_column(rows: Iterable[tuple[int, list[Any]]], wanted: Sequence[int]) -> Iterator[list[list[object]]]:
    """Turn rows into column lists, piece by piece: those of the wanted columns, or one of nothing where none is."""
    rows = iter(rows)
    while True:
        # Cell by cell, because rows kept for a moment cost three times as much: the collector looks through each.
        data: list[list[object]] = [[] for _ in wanted]
        count = 0
        for _, row in islice(rows, _BATCH):
            count += 1
            for cells, at in zip(data, wanted, strict=True):
                cells.append(row[at])
        if not count:
            return
        yield data or [[None] * count]


# ---------------------------------------------------------------------- Parquet


@dataclass(frozen=True)
class _Parquet:
    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    def fill(self, into: Snapshot, table: str, columns: frozenset[str]) -> None:
        self.path.open("rb").close()  # to the engine, a file that may not be read is a damaged one
        rows = "read_parquet($1, binary_as_string = true)"
        parameters = [_not_a_pattern(str(self.path))]
        try:
            self._refuse_odd_codecs(into, parameters)
            described = into.describe(table, f"SELECT * FROM {rows}", parameters)
            positions = _positions([column for column, _ in described], columns, self.name)
            selected = [f"{_parquet_cell(*described[at])} AS {quoted(name)}" for name, at in positions.items()]
            into.fill_from(table, f"SELECT {', '.join(selected) or f'NULL AS {quoted(_NO_COLUMN)}'} FROM {rows}", parameters)
        except EngineError:
            raise SourceError("is not a Parquet file that can be read", where=self.name, remedy="Export it again.") from None

    def _refuse_odd_codecs(self, into: Snapshot, parameters: Sequence[object]) -> None:
        """Raise SourceError where the file's own list of contents says that a part of it is packed as none need be.

        What unpacks a codec is code that reads what others wrote; what is never let near it cannot be its undoing.
        """
        used = into.sql("SELECT DISTINCT upper(compression) FROM parquet_metadata($1)", parameters)
        if odd := sorted({codec for (codec,) in used if codec} - _CODECS):
            raise SourceError(
                f"is packed with {odd[0].lower()}, which is not read",
                where=self.name,
                remedy="Export it with snappy, zstd or gzip, as every tool can.",
            )

    def places(self, column: str, cells: frozenset[str]) -> Iterator[str]:
        return iter(())


def _parquet_cell(column: str, kind: str) -> str:
    """Return SQL for a cell as text, or as the day or moment it is. A whole number has no decimals: 7.0 is the id 7."""
    cell = quoted(column)
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"timezone('Europe/London', {cell})"
    if kind.startswith(("DATE", "TIMESTAMP")):
        return cell
    if kind in ("FLOAT", "DOUBLE"):
        whole = f"{cell} = trunc({cell}) AND abs({cell}) < 1e15"
        return f"CASE WHEN isnan({cell}) THEN NULL WHEN {whole} THEN CAST({cell}::BIGINT AS VARCHAR) ELSE {cell}::VARCHAR END"
    if kind.startswith("DECIMAL"):
        return f"CASE WHEN contains({cell}::VARCHAR, '.') THEN rtrim(rtrim({cell}::VARCHAR, '0'), '.') ELSE {cell}::VARCHAR END"
    return f"{cell}::VARCHAR"


def _not_a_pattern(path: str) -> str:
    """Return a path in which the engine sees no wildcard, and which is the same to it wherever it was begun."""
    return re.sub(r"([*?\[])", r"[\1]", str(Path(path).absolute()))


# ---------------------------------------------------------------------- Excel


@dataclass(frozen=True)
class _Sheet:
    path: Path
    sheet: str

    @property
    def name(self) -> str:
        return f"{self.path.name}!{self.sheet}"

    def fill(self, into: Snapshot, table: str, columns: frozenset[str]) -> None:
        rows = self._rows()
        positions = _positions([as_text(cell) or "" for cell in self._header(rows)], columns, self.name)
        names = list(positions) or [_NO_COLUMN]
        into.fill(table, names, [[] for _ in names])
        for data in _by_column(rows, list(positions.values())):
            into.extend(table, names, data)

    def places(self, column: str, cells: frozenset[str]) -> Iterator[str]:
        rows = self._rows()
        at = _positions([as_text(cell) or "" for cell in self._header(rows)], [column], self.name)[column]
        return (f"{self.path.name}!{self.sheet} row {number}: {column}" for number, row in rows if _is_in(row[at], cells))

    def _header(self, rows: Iterator[tuple[int, list[Any]]]) -> list[Any]:
        for _, row in rows:
            return row
        raise SourceError("is empty, without even a header", where=self.name, remedy="Export it again.")

    def _rows(self) -> Iterator[tuple[int, list[Any]]]:
        """Return each row that is not blank, and its number in the sheet, from 1."""
        import python_calamine

        try:
            with python_calamine.CalamineWorkbook.from_path(self.path) as opened:
                rows = opened.get_sheet_by_name(self.sheet).to_python(skip_empty_area=False)
        except python_calamine.CalamineError:
            raise SourceError("cannot be read", where=self.name, remedy="Open it in Excel and save it again.") from None
        return ((number, row) for number, row in enumerate(rows, 1) if any(cell != "" for cell in row))


def _is_in(cell: object, cells: frozenset[str]) -> bool:
    return clean(as_text(cell)) in cells


# ---------------------------------------------------------------------- CSV


@dataclass(frozen=True)
class _Csv:
    path: Path
    delimiter: str

    @property
    def name(self) -> str:
        return self.path.name

    def fill(self, into: Snapshot, table: str, columns: frozenset[str]) -> None:
        shape = self._examine()
        header = self._header(shape)
        positions = _positions(header, columns, self.name)
        if encoding := _ENCODINGS.get(shape.encoding):
            into.encoded(table, encoding)
        if not (shape.regular and self._fill_fast(into, table, shape, positions, len(header))):
            self._fill_exactly(into, table, shape, positions, len(header))

    def places(self, column: str, cells: frozenset[str]) -> Iterator[str]:
        shape = self._examine()
        header = self._header(shape)
        at = _positions(header, [column], self.name)[column]
        for line, record in _LeftOut(self.name, len(header)).sift(islice(self._records(shape), 1, None)):
            if _is_in(record[at], cells):
                yield f"{self.name}:{line}: column {column}"

    def _examine(self) -> Shape:
        return examine(self.path, self.delimiter.encode(), self.name)

    def _records(self, shape: Shape) -> Iterator[tuple[int, list[str] | str]]:
        return records(lines(self.path, shape.encoding), self.delimiter)

    def _header(self, shape: Shape) -> list[str]:
        for _, header in self._records(shape):
            if isinstance(header, list):
                return header
            raise SourceError(f"the header cannot be read: {header}", where=self.name, remedy="Export it again.")
        raise SourceError(
            "is empty, without even a header", where=self.name, remedy="Export it again; a table without rows has a header."
        )

    def _fill_fast(self, into: Snapshot, table: str, shape: Shape, positions: dict[str, int], width: int) -> bool:
        """Let the engine read the file; return whether it read every record of it.

        A record with too few cells is an error of the engine's; one with too many is not when the last are empty, hence
        the delimiters: those of the whole file are those of all its records, each of the header's width.
        """
        cells = ", ".join(f"'c{at}': 'VARCHAR'" for at in range(width))
        selected = ", ".join(f"c{at} AS {quoted(name)}" for name, at in positions.items())
        query = f"""
            SELECT {selected or f"NULL AS {quoted(_NO_COLUMN)}"} FROM read_csv($1, auto_detect = false, header = true, delim = $2, quote = '"',
              escape = '"', columns = {{{cells}}}, strict_mode = true, null_padding = false, ignore_errors = false,
              max_line_size = {LONGEST_PIECE})
        """
        if width < 2:
            return False
        with in_utf8(self.path, shape.encoding, self.name) as path:
            if path is None:
                return False
            try:
                into.fill_from(table, query, [_not_a_pattern(path), self.delimiter])
            except EngineError:
                return False
        return (into.row_count(table) + 1) * (width - 1) == shape.delimiters

    def _fill_exactly(self, into: Snapshot, table: str, shape: Shape, positions: dict[str, int], width: int) -> None:
        """Read record by record; list those that are none, or are not as wide as the header."""
        names, faults = list(positions) or [_NO_COLUMN], _LeftOut(self.name, width)
        into.fill(table, names, [[] for _ in names])
        good = faults.sift(islice(self._records(shape), 1, None))
        for data in _by_column(good, list(positions.values())):
            into.extend(table, names, data)
        if faults.count and not into.row_count(table):
            raise SourceError(
                f"none of its {faults.count} records can be read; the first: {faults.places[0]}",
                where=self.name,
                remedy="Export it again, and check source.delimiter.",
            )
        if faults.count:
            into.left_out(table, faults.count, faults.places)


class _LeftOut:
    """The records of one file that are left out: how many, and where the first of them are and why."""

    def __init__(self, file: str, width: int) -> None:
        self.count, self.places = 0, list[str]()
        self._file, self._width = file, width

    def sift(self, records: Iterable[tuple[int, list[str] | str]]) -> Iterator[tuple[int, list[str]]]:
        """Return the line and the cells of each good record; keep account of the others."""
        for line, cells in records:
            if isinstance(cells, list) and len(cells) == self._width:
                yield line, cells
                continue
            self.count += 1
            if len(self.places) < _MOST_PLACES:
                reason = cells if isinstance(cells, str) else f"{len(cells)} cells where the header has {self._width}"
                self.places.append(f"{self._file}:{line}: {reason}")


_Holding = _Csv | _Parquet | _Sheet
