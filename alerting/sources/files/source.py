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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator

from alerting.casedata import snapshot
from alerting.casedata.catalogue import TABLES
from alerting.casedata.conversion import quoted
from alerting.casedata.engine_errors import EngineError
from alerting.casedata.flavours import FlavourName
from alerting.casedata.snapshot import Snapshot, Wanted
from alerting.errors import SourceError
from alerting.formatting import visible
from alerting.sources.files import found, workbook
from alerting.sources.files.columns import NO_COLUMN, NoColumnsError, by_column, is_in, positions
from alerting.sources.files.csv_text import LONGEST_PIECE, Encoding, Shape, examine, in_utf8, lines, records

CODECS = frozenset({"UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD"})
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
        faults, filled = dict[str, SourceError](), 0
        with _looked_through_ahead(self._look(), sorted(wanted)) as there:
            for table, columns in sorted(wanted.items()):
                try:
                    holding = _the_one(table, there)
                    if holding:
                        with _undisturbed(holding, self.done_marker):
                            holding.fill(into, table, columns)
                        filled += 1
                except SourceError as error:
                    faults[table] = error
                except OSError as error:
                    faults[table] = SourceError(f"the file of {table} cannot be opened ({_why(error)})", remedy=_MAY_READ)
        if not filled:
            self._raise_the_one_cause(list(faults.values()))
        for table, fault in faults.items():
            into.unreadable(table, fault.in_one_line)
        for table in (there.holdings.keys() & TABLES.keys()) - wanted.keys():
            into.reading(table).unasked = True

    def _raise_the_one_cause(self, faults: Sequence[SourceError]) -> None:
        """Raise SourceError where the same is wrong with every table there is."""
        if len(faults) > 1 and len({(error.problem, error.remedy) for error in faults}) == 1:
            first = faults[0]
            raise SourceError(
                f"none of the {len(faults)} tables in {self.path} can be read; of {first.where}: {first.problem}",
                remedy=first.remedy,
            )

    def places(self, table: str, column: str, cells: frozenset[str]) -> list[str]:
        """Return where cells are: `ssd_person.csv:7: column pers_dob`, by the line its record starts on; none for Parquet."""
        holding = _the_one(table, self._look())
        return list(islice(holding.places(column, cells), _MOST_PLACES)) if holding else []

    def delivered_as(self) -> str | None:
        """Return the name of the flavour as which the tables come."""
        return self.flavour

    def identity(self) -> tuple[str, ...]:
        """Return which folder or workbook it is."""
        return (self.type, str(self.path))

    def _look(self) -> _There:
        try:
            if self.path.is_dir():
                there = _files(self.path, self.delimiter)
            elif self.path.suffix.lower() == _WORKBOOK and self.path.is_file():
                there = _sheets(self.path)
            else:
                raise self._nothing()
            if not there.holdings.keys() & TABLES.keys():
                raise self._no_table()
        except OSError as error:
            raise SourceError(
                f"{self.path} cannot be opened ({_why(error)})",
                remedy=_MAY_READ,
            ) from None
        return there

    def _nothing(self) -> SourceError:
        """Return what is at a path that is neither a folder nor a workbook."""
        remedy = "Set the source's path to the folder with the case tables, one file a table, or to the workbook."
        if self.path.exists():
            seen = found.sight(self.path)
            if seen.is_a_table:
                remedy = f"Set the source's path to the folder that it is in. {seen.remedy}"
            elif seen.remedy:
                remedy = seen.remedy
            says = f"{self.path} is no folder and no Excel workbook ({_WORKBOOK}): {seen.looks_like}"
            return SourceError(says, remedy=remedy)
        above = next(folder for folder in self.path.absolute().parents if folder.is_dir())
        near = get_close_matches(self.path.absolute().relative_to(above).parts[0], [each.name for each in above.iterdir()], n=1)
        hint = f"There is {above}{f', and {near[0]} in it' if near else ''}. "
        return SourceError(f"there is no folder and no Excel workbook ({_WORKBOOK}) at {self.path}", remedy=hint + remedy)

    def _no_table(self) -> SourceError:
        """Return what there is where no table is."""
        if self.path.is_file():
            seen, looked_for = (
                [found.sight(self.path)],
                "Looked for sheets named as the tables, such as ssd_person or ssd_cp_plans.",
            )
        else:
            seen = found.survey(self.path)
            looked_for = "Looked for files named as the tables, such as ssd_person.csv, ssd_cp_plans.csv or ssd_person.parquet."
        empty = "" if seen else ", which is empty"
        return SourceError(
            f"no case table was found in {self.path}{empty}", remedy=f"{found.in_words(seen)}\n  {looked_for}".strip()
        )


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


_Stamp = tuple[int, int]
"""The size of a file, and when it was written last."""


def _stamp(path: Path) -> _Stamp:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


@contextmanager
def _looked_through_ahead(there: _There, tables: Sequence[str]) -> Iterator[_There]:
    """Yield what is there, the CSV files of these tables looked through one by one while the engine reads those before."""
    with ThreadPoolExecutor(1, "look through") as looking:
        ahead = {
            table: [replace(one, ahead=looking.submit(one.look_through)) if isinstance(one, _Csv) else one for one in found]
            for table in tables
            if (found := there.holdings.get(table))
        }
        try:
            yield replace(there, holdings={**there.holdings, **ahead})
        finally:
            looking.shutdown(cancel_futures=True)


def _the_one(table: str, there: _There) -> _Holding | None:
    """Return what holds a table, None where nothing does. Raises SourceError where two do, or one seems to be meant for it."""
    match there.holdings.get(table, ()):
        case [holding]:
            return holding
        case []:
            # `ext_restrict.csv` taken for "no list was supplied" would be worse than a table that cannot be read.
            if astray := there.astray.get(table):
                raise astray()
            return None
        case several:
            names = " and ".join(sorted(holding.name for holding in several))
            raise SourceError(f"there are {names} for one table", remedy="Keep the current one and move the other away.")


@dataclass(frozen=True)
class _There:
    """What is at the source's path."""

    #: By what it is named as: mostly one, and two where it cannot be told which is meant.
    holdings: Mapping[str, Sequence[_Holding]]
    #: By table, what to say where it has no holding of its own: something else seems to be meant for it.
    astray: Mapping[str, Callable[[], SourceError]]


def _files(folder: Path, delimiter: str) -> _There:
    holdings: dict[str, list[_Holding]] = defaultdict(list)
    astray: dict[str, Callable[[], SourceError]] = {}
    for path in sorted(folder.iterdir()):
        kind, name = path.suffix.lower(), path.stem.lower()
        if kind in _SUFFIXES and path.is_file():
            holdings[name].append(_Csv(path, delimiter) if kind == ".csv" else _Parquet(path))
        is_one = kind in _SUFFIXES and name in TABLES
        if not is_one and found.may_hold_a_table(path) and (table := found.meant(path.name)):
            astray.setdefault(table, partial(_meant_for, table, path))
    return _There(holdings, astray)


def _sheets(path: Path) -> _There:
    holdings = workbook.sheets(path)
    astray: dict[str, Callable[[], SourceError]] = {}
    for name, several in holdings.items():
        if name not in TABLES and (table := found.meant(name)):
            problem = f"there is no sheet {table}, but there is {several[0].sheet}"
            astray.setdefault(table, partial(SourceError, problem, remedy=f"Name it {table}, or take it out."))
    return _There(holdings, astray)


def _meant_for(table: str, path: Path) -> SourceError:
    problem = f"there is no {table}, but there is {visible(path.name)}"
    if path.suffix.lower() in _SUFFIXES:
        return SourceError(problem, remedy=f"Name it {table}{path.suffix.lower()}, or move it away.")
    seen = found.sight(path)
    return SourceError(f"{problem}: {seen.looks_like}", remedy=f"{seen.remedy} Or move it away.")


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
        parameters = [not_a_pattern(str(self.path))]
        try:
            self._refuse_odd_codecs(into, parameters)
            described = into.describe(table, f"SELECT * FROM {rows}", parameters)
            at = positions([column for column, _ in described], columns, self.name)
            selected = [f"{_parquet_cell(*described[number])} AS {quoted(name)}" for name, number in at.items()]
            into.fill_from(table, f"SELECT {', '.join(selected) or f'NULL AS {quoted(NO_COLUMN)}'} FROM {rows}", parameters)
        except EngineError:
            raise SourceError("is not a Parquet file that can be read", where=self.name, remedy="Export it again.") from None

    def _refuse_odd_codecs(self, into: Snapshot, parameters: Sequence[object]) -> None:
        """Raise SourceError where the file's own list of contents says that a part of it is packed as none need be.

        What unpacks a codec is code that reads what others wrote; what is never let near it cannot be its undoing.
        """
        used = into.sql("SELECT DISTINCT upper(compression) FROM parquet_metadata($1)", parameters)
        if odd := sorted({codec for (codec,) in used if codec} - CODECS):
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


def not_a_pattern(path: str) -> str:
    """Return a path in which the engine sees no wildcard, and which is the same to it wherever it was begun."""
    return re.sub(r"([*?\[])", r"[\1]", str(Path(path).absolute()))


# ---------------------------------------------------------------------- CSV


@dataclass(frozen=True)
class _Csv:
    path: Path
    delimiter: str
    #: What `look_through` returns, where that was begun ahead.
    ahead: Future[tuple[_Stamp, Shape]] | None = None

    @property
    def name(self) -> str:
        return self.path.name

    def fill(self, into: Snapshot, table: str, columns: frozenset[str]) -> None:
        found.refuse_other_kinds(self.path)
        shape = self._examine()
        header = self._header(shape)
        try:
            at = positions(header, columns, self.name)
        except NoColumnsError as error:
            raise found.otherwise(lines(self.path, shape.encoding), columns, self.delimiter, self.name) or error from None
        if encoding := _ENCODINGS.get(shape.encoding):
            into.encoded(table, encoding)
        if not (shape.regular and self._fill_fast(into, table, shape, at, len(header))):
            self._fill_exactly(into, table, shape, at, len(header))

    def places(self, column: str, cells: frozenset[str]) -> Iterator[str]:
        shape = self._examine()
        header = self._header(shape)
        at = positions(header, [column], self.name)[column]
        for line, record in _LeftOut(self.name, len(header)).sift(islice(self._records(shape), 1, None)):
            if is_in(record[at], cells):
                yield f"{self.name}:{line}: column {column}"

    def look_through(self) -> tuple[_Stamp, Shape]:
        """Return what its bytes show, and the stamp of the file of which that is so. Raises SourceError for what is no CSV."""
        return _stamp(self.path), examine(self.path, self.delimiter.encode(), self.name)

    def _examine(self) -> Shape:
        stamp, shape = self.ahead.result() if self.ahead else self.look_through()
        # What was written since is another file.
        return shape if stamp == _stamp(self.path) else self.look_through()[1]

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

    def _fill_fast(self, into: Snapshot, table: str, shape: Shape, at: dict[str, int], width: int) -> bool:
        """Let the engine read the file; return whether it read every record of it.

        A record with too few cells is an error of the engine's; one with too many is not when the last are empty, hence
        the delimiters: those of the whole file are those of all its records, each of the header's width.
        """
        cells = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(width))
        selected = ", ".join(f"c{number} AS {quoted(name)}" for name, number in at.items())
        query = f"""
            SELECT {selected or f"NULL AS {quoted(NO_COLUMN)}"} FROM read_csv($1, auto_detect = false, header = true, delim = $2, quote = '"',
              escape = '"', columns = {{{cells}}}, strict_mode = true, null_padding = false, ignore_errors = false,
              max_line_size = {LONGEST_PIECE})
        """
        if width < 2:
            return False
        with in_utf8(self.path, shape.encoding, self.name) as path:
            if path is None:
                return False
            try:
                rows = into.fill_from(table, query, [not_a_pattern(path), self.delimiter])
            except EngineError:
                return False
        return (rows + 1) * (width - 1) == shape.delimiters

    def _fill_exactly(self, into: Snapshot, table: str, shape: Shape, at: dict[str, int], width: int) -> None:
        """Read record by record; list those that are none, or are not as wide as the header."""
        names, faults = list(at) or [NO_COLUMN], _LeftOut(self.name, width)
        into.fill(table, names, [[] for _ in names])
        good = faults.sift(islice(self._records(shape), 1, None))
        for data in by_column(good, list(at.values())):
            into.extend(table, names, data)
        if faults.count and not into.row_count(table):
            raise SourceError(
                f"none of its {faults.count} records can be read; the first: {faults.places[0]}",
                where=self.name,
                remedy="Export it again, and check the source's delimiter.",
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


_Holding = _Csv | _Parquet | workbook.Sheet
