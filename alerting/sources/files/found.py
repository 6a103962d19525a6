"""What lies where case data should be and is no table that can be read: what it looks like, and what to do about it.

Nothing of a file is shown but its name, and what public specifications name too: tables, columns, kinds of files.
"""

from __future__ import annotations

import gzip
import re
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from alerting.casedata.catalogue import TABLES
from alerting.errors import SourceError, docs_page
from alerting.formatting import plural, visible
from alerting.sources.files import workbook
from alerting.sources.files.columns import FIRST_ROWS, below_a_title

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_MOST_FILES, _MOST_NAMED, _FIRST_BYTES = 400, 3, 1 << 16
_WORKBOOK = ".xlsx"
_EXTRACT = f"Alerts need an extract of the Standard Safeguarding Dataset itself, a file a table: {docs_page('how-to/connect-your-ssd.md')}."
_SAVE = "Open it in Excel and save it as .xlsx, with a sheet a table, or each table as CSV UTF-8."

_DATA = frozenset("csv tsv tab psv txt dat parquet xls xlsx xlsm xlsb ods xml json gz zip 7z bz2 xz zst rar".split())
"""Endings of files that may hold a table; a script or a note of the same name does not stand for one."""

_RETURNS = (
    ("Ofsted's Annex A", frozenset({"childuniqueid", "individualadopteridentifier"})),
    ("the children in need census", frozenset({"lachildid", "cinreferraldate", "cinclosuredate", "cindetails", "cinplandates"})),
    ("the children's social work workforce census", frozenset({"sweno", "swenumber", "cswwworker", "agencyworker"})),
    (
        "the return of children looked after (SSDA903)",
        frozenset(
            "decom placeprovider reasonplacechange plpost homepost mcdob reviewcode sdqscore sdqreason intouch nbadoptr dateint datematch "
            "dateplaced prevperm laperm misstart misend swdecom swreason dolostart".split()
        ),
    ),
)
"""Returns that councils make of the same children, and words of which only they have any: columns, or names of XML elements."""

_LIST = re.compile(r"list\d+")

_MAGIC = (
    (b"PAR1", "a Parquet file", "Name it .parquet."),
    (b"7z\xbc\xaf\x27\x1c", "an archive (7z)", "Unpack it, so that each table is a file of its own."),
    (b"Rar!", "an archive (RAR)", "Unpack it, so that each table is a file of its own."),
    (b"BZh", "packed (bzip2)", "Unpack it."),
    (b"\x28\xb5\x2f\xfd", "packed (zstd)", "Unpack it."),
    (b"\xfd7zXZ", "packed (xz)", "Unpack it."),
    (b"%PDF", "a PDF", "A PDF is not read: export each table as CSV."),
    (b"SQLite format 3", "a database (SQLite)", "Export each of its tables as CSV."),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook in the old form (.xls), or one behind a password", f"{_SAVE} Set no password."),
)


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """One file or folder that was found, and is no table."""

    name: str
    looks_like: str
    remedy: str
    #: Whether it is a text of a table, or of a return: then it is one of the files that lie in the folder that was meant.
    is_a_table: bool = False


class _Look(NamedTuple):
    """What something looks like, and what to do with it."""

    words: str
    remedy: str = ""
    is_a_table: bool = False


def meant(name: str) -> str | None:
    """Return the table that a file or a sheet was probably meant for, by its name alone.

    >>> meant("dbo.ssd_person.csv"), meant("ssd_person (1).csv"), meant("cla_visits.tsv"), meant("ssd_persons"), meant("notes.txt")
    ('ssd_person', 'ssd_person', 'ssd_cla_visits', 'ssd_person', None)
    """
    stem = re.sub(r"[\[\]\"'`]", "", name.strip().lower())
    while (parts := stem.rpartition("."))[0] and parts[2] in _DATA:
        stem = parts[0]
    stem = re.sub(r"^(copy of |.*\.)", "", stem)
    stem = re.sub(r"([ _-]*(\(\d+\)|copy|final|new|v?\d[\d._-]*(t[\d._-]+)?))+$", "", stem).replace(" ", "_").replace("-", "_")
    for candidate in (stem, f"ssd_{stem}", f"ext_{stem}"):
        if candidate in TABLES:
            return candidate
    return next(iter(get_close_matches(stem, list(TABLES), n=1, cutoff=0.88)), None)


def may_hold_a_table(path: Path) -> bool:
    """Return whether a file's name ends as one that holds data."""
    return path.suffix.lower().lstrip(".") in _DATA and path.is_file()


def survey(folder: Path) -> list[Sighting]:
    """Return what a folder holds, and what the folders in it do. Raises OSError where it cannot be looked into."""
    entries = sorted(path for path in islice(folder.iterdir(), _MOST_FILES) if not path.name.startswith("."))
    return [sight(path) for path in entries]


def sight(path: Path) -> Sighting:
    """Return what a file or a folder looks like, and what to do with it."""
    name = visible(path.name)
    try:
        look = _folder(path) if path.is_dir() else _file(path)
    except OSError as error:
        look = _Look(f"cannot be opened ({error.strerror or type(error).__name__})", "See that the account may read it.")
    return Sighting(name=name, looks_like=look.words, remedy=look.remedy, is_a_table=look.is_a_table)


def in_words(sightings: Iterable[Sighting]) -> str:
    """Return what was found, once for all that look the same and are to be dealt with in the same way."""
    alike: dict[tuple[str, str], list[str]] = {}
    for each in sightings:
        alike.setdefault((each.looks_like, each.remedy), []).append(each.name)
    said = []
    for (looks_like, remedy), names in sorted(alike.items(), key=lambda item: not item[0][1]):
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        said.append(f"{', '.join(names[:_MOST_NAMED])}{more}: {looks_like}. {remedy}".strip())
    return "\n  ".join(said)


def _folder(path: Path) -> _Look:
    names = [each.name for each in islice(path.iterdir(), _MOST_FILES)]
    tables = {name.lower().rpartition(".")[0] for name in names} & TABLES.keys()
    if tables:
        return _Look(f"a folder with {plural(len(tables), 'table')} in it", f"Set the source's path to {visible(str(path))}.")
    return _Look("a folder without a table in it" if names else "an empty folder")


def _file(path: Path) -> _Look:
    """Return what a file looks like and what to do, by its first bytes, its names of columns and its own name."""
    with path.open("rb") as file:
        first = file.read(_FIRST_BYTES)
    if not first.strip():
        return _Look("an empty file", "Export it again.")
    if packed := _packed(path, first):
        return packed
    return _text(path, first)


def _packed(path: Path, first: bytes) -> _Look | None:
    """Return what a file is that is no text, None where it is one."""
    if first.startswith(b"\x1f\x8b"):
        table = _whose(_words(_unpacked(first))) or meant(path.name)
        return _Look("packed (gzip)" + (f", {table} in it" if table else ""), "Unpack it, as by gunzip.")
    if first.startswith(b"PK\x03\x04"):
        return _zipped(path)
    for magic, looks_like, remedy in _MAGIC:
        if first.startswith(magic) and not (magic == b"PAR1" and path.suffix.lower() == ".parquet"):
            return _Look(looks_like, remedy)
    return None


def _unpacked(first: bytes) -> bytes:
    """Return the beginning of what is packed by gzip, as far as it can be unpacked."""
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(first, _FIRST_BYTES)
    except (zlib.error, gzip.BadGzipFile):
        return b""


def _zipped(path: Path) -> _Look:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile:
        return _Look("an archive (ZIP) that is damaged or not copied to its end", "Copy it again.")
    if any(name.startswith("xl/") for name in names):
        return _workbook(path, "an Excel workbook")
    if "mimetype" in names:
        return _workbook(path, "an OpenDocument spreadsheet")
    tables = [name for name in names if meant(name.rpartition("/")[2])]
    inside = f" with {tables[0].rpartition('/')[2]} and {len(tables) - 1} more" if len(tables) > 1 else ""
    return _Look(f"an archive (ZIP){visible(inside)}", "Unpack it, so that each table is a file of its own.")


def _workbook(path: Path, kind: str) -> _Look:
    try:
        rows = workbook.first_rows(path, most_sheets=40, most_rows=5)
    except SourceError as error:
        return _Look(f"{kind}, {error.problem.removeprefix(path.name).strip()}", error.remedy)
    words = {_word(name) for name in rows} | {_word(cell) for sheet in rows.values() for row in sheet for cell in row}
    if returned := _return(words):
        return _Look(f"{kind} that looks like {returned}", _EXTRACT)
    sheets = sorted(name for name in rows if name.strip().lower() in TABLES)
    if sheets and path.suffix.lower() == _WORKBOOK:
        return _Look(f"{kind} with {plural(len(sheets), 'table')}", f"Set the source's path to {visible(str(path))} itself.")
    if sheets:
        return _Look(f"{kind} with {plural(len(sheets), 'table')}, but no {_WORKBOOK}", _SAVE)
    near = [f"{visible(name)} ({table})" for name in rows if (table := meant(name) or _whose(_headers(rows[name])))]
    if near:
        return _Look(f"{kind} with sheets that look like tables: {', '.join(near[:5])}", "Name each sheet as its table.")
    return _Look(f"{kind} without a table")


def _text(path: Path, first: bytes) -> _Look:
    text, words = _decoded(first), _words(first)
    start = text.lstrip("\ufeff \r\n\t")[:200].lower()
    is_page = start.startswith(("<!doctype html", "<html"))
    if is_page:
        return _Look("a web page, perhaps one to sign in by", "Fetch the file itself.")
    if returned := _return(words):
        return _Look(f"looks like {returned}", _EXTRACT, is_a_table=True)
    if start.startswith("<"):
        return _Look("an XML file", "XML is not read: export each table as CSV.")
    if start.startswith(("{", "[")):
        return _Look("a JSON file", "JSON is not read: export each table as CSV.")
    if not may_hold_a_table(path):
        return _Look("no kind of file that holds a table")
    table = _whose(_headers([re.split("[,;\t|]", line) for line in text.splitlines()[:FIRST_ROWS]])) or meant(path.name)
    if table is None:
        return _Look("columns of no table that is known")
    between = _between(text, TABLES[table].columns)
    setting = f" and set the source's delimiter to {_quoted(between)}" if between not in (None, ",") else ""
    ending = path.suffix.lower() if path.suffix.lower() == ".parquet" else ".csv"
    return _Look(f"looks like {table}", f"Name it {table}{ending}{setting}.", is_a_table=True)


def _quoted(delimiter: str | None) -> str:
    return '"\\t"' if delimiter == "\t" else f'"{delimiter}"'


def _decoded(first: bytes) -> str:
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        return first.decode("utf-16", "replace")
    if first.count(b"\0") > len(first) // 4:
        return first.decode("utf-16-le" if first[1:2] == b"\0" else "utf-16-be", "replace")
    return first.decode("utf-8-sig", "replace")


def _words(first: bytes) -> set[str]:
    """Return what may be names of columns, of elements or of keys in the beginning of a text."""
    lines = _decoded(first).splitlines()
    cells = {cell for line in lines[:5] for cell in re.split("[,;\t|]", line)}
    elements = {name for line in lines[:2000] for name in re.findall(r"<(?:\w+:)?(\w+)", line)}
    return {_word(cell) for cell in cells | elements}


def _word(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower())


def _return(words: set[str]) -> str | None:
    """Return which return words are of, None where they are of none."""
    if len({word for word in words if _LIST.match(word)}) > 1:
        return _RETURNS[0][0]
    return next((name for name, own in _RETURNS if own & words), None)


def _headers(rows: Iterable[Sequence[str]]) -> set[str]:
    return {_word(cell) for row in islice(rows, FIRST_ROWS) for cell in row}


def _whose(words: set[str]) -> str | None:
    """Return the table of which most columns are named, two at least; None where there is none."""
    counts = {table: len({_word(name) for name in TABLES[table].columns} & words) for table in TABLES}
    best = max(counts, key=counts.__getitem__)
    return best if counts[best] > 1 else None


# ---------------------------------------------------------------------- a table's own file, written otherwise than thought


def refuse_other_kinds(path: Path) -> None:
    """Raise SourceError where a file that is named as a CSV file is of another kind altogether."""
    with path.open("rb") as file:
        first = file.read(_FIRST_BYTES)
    start = first.lstrip(b"\xef\xbb\xbf \r\n\t")[:15].lower()
    kind = _packed(path, first) or (_text(path, first) if start.startswith((b"<!doctype html", b"<html", b"<?xml")) else None)
    if kind:
        raise SourceError(f"is no CSV file: {kind.words}", where=path.name, remedy=kind.remedy)


def otherwise(lines: Iterable[str], columns: Iterable[str], delimiter: str, file: str) -> SourceError | None:
    """Return what keeps the header of a CSV file from being found, where that can be told: a delimiter, or a title above it."""
    wanted, first = set(columns), [line.rstrip("\r\n") for line in islice(lines, FIRST_ROWS)]
    found = _between("\n".join(first), wanted)
    if found and found != delimiter:
        return SourceError(
            f"its cells stand between {_DELIMITERS[found]}, and not {_DELIMITERS.get(delimiter, delimiter)}",
            where=file,
            remedy=f"Set the source's delimiter to {_quoted(found)} in config.yaml; all the files must be written alike.",
        )
    return below_a_title([(number, _cells(line, delimiter)) for number, line in enumerate(first, 1)], wanted, file, "line")


def _between(text: str, columns: Iterable[str]) -> str | None:
    """Return what stands between the cells of the line that names most of these columns; None where no line names two."""
    wanted, counts = set(columns), defaultdict[str, int](int)
    for line in text.splitlines()[:FIRST_ROWS]:
        for delimiter in _DELIMITERS:
            counts[delimiter] = max(counts[delimiter], len(set(_named(line, delimiter)) & wanted))
    best = max(_DELIMITERS, key=lambda each: counts[each])
    return best if counts[best] > 1 else None


def _named(line: str, delimiter: str) -> Iterator[str]:
    return (cell.strip().lower() for cell in _cells(line, delimiter))


def _cells(line: str, delimiter: str) -> list[str]:
    return [cell.strip().strip('"').lstrip("\ufeff") for cell in line.split(delimiter)]
