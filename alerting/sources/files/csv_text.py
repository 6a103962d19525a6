"""A CSV file before anything is made of it: its encoding, whether its quotation marks pair up, and its records one by one."""

from __future__ import annotations

import codecs
import csv
import re
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alerting.errors import SourceError

_PIECE = 4 << 20
LONGEST_PIECE = 64 << 20
_LONGEST_RECORD = 256 << 20


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What the bytes of a CSV file show. regular: every record is plainly one. delimiters: those outside quotation marks."""

    utf8: bool
    regular: bool
    delimiters: int


@contextmanager
def narrow(path: Path) -> Iterator[Path]:
    """Return a path under which a file that says it is UTF-16, by its first two bytes, is UTF-8; any other is itself.

    Raises SourceError where it breaks off or is none after all.
    """
    with path.open("rb") as file:
        wide = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    if not wide:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="alerting-") as folder:
        copy = Path(folder) / "narrow.csv"
        try:
            with path.open(encoding="utf-16", newline="") as source, copy.open("w", encoding="utf-8", newline="") as target:
                while piece := source.read(_PIECE):
                    target.write(piece)
        except UnicodeError:
            raise SourceError(
                "begins as UTF-16 and does not go on so", where=path.name, remedy="Export it again; it may have been cut short."
            ) from None
        yield copy


def examine(path: Path, delimiter: bytes, name: str) -> Shape:
    """Look through a file's bytes. name: what it is called where something is wrong with it. Raises SourceError for what is no CSV."""
    utf8, regular, delimiters = True, True, 0
    decoder = codecs.getincrementaldecoder("utf-8")()
    # Spelt so that it starts with the mark itself, which is searched for ten times faster than a class of characters.
    stray = re.compile(rb'"(?:(?<=[^%b\n"]")|(?=[^%b\r\n"]))' % ((re.escape(delimiter),) * 2))
    for number, piece in enumerate(_pieces(path)):
        _refuse_wide_characters(name, piece, first=number == 0)
        utf8 = utf8 and _goes_on_in_utf8(decoder, piece)
        if regular:
            # The byte order mark of the first piece is no part of the first cell.
            outside = _outside_quotes(piece.removeprefix(codecs.BOM_UTF8) if number == 0 else piece)
            regular = outside is not None and not stray.search(outside) and not _has_odd_lines(outside)
            delimiters += outside.count(delimiter) if outside is not None else 0
    return Shape(utf8=utf8 and _goes_on_in_utf8(decoder, b"", end=True), regular=regular, delimiters=delimiters)


def _pieces(path: Path) -> Iterator[bytes]:
    """Return the file in pieces that end where a record ends, as far as its quotation marks pair up."""
    held = b""
    with path.open("rb") as file:
        while chunk := file.read(_PIECE):
            held += chunk
            end = held.rfind(b"\n") + 1
            if (end and held.count(b'"', 0, end) % 2 == 0) or len(held) > LONGEST_PIECE:
                yield held[: end or None]
                held = held[end:] if end else b""
    if held:
        yield held


def _outside_quotes(piece: bytes) -> bytes | None:
    """Return what is outside quoted cells, a quotation mark for each part inside; None where they do not pair up."""
    if b'"' not in piece:
        return piece
    parts = piece.split(b'"')
    return b'"'.join(parts[::2]) if len(parts) % 2 else None


def _has_odd_lines(outside: bytes) -> bool:
    """Return whether there are blank lines, or carriage returns that end no line."""
    if outside.startswith((b"\n", b"\r")) or b"\n\n" in outside:
        return True
    return b"\r" in outside and (b"\n\r\n" in outside or outside.count(b"\r") != outside.count(b"\r\n"))


def _refuse_wide_characters(name: str, piece: bytes, *, first: bool) -> None:
    save = "Save it again as CSV UTF-8, lines ended by LF or CRLF."
    if b"\0" in piece:
        raise SourceError("holds zero bytes, as UTF-16 without its mark does, so it is not a CSV file", where=name, remedy=save)
    if first and b"\n" not in piece and b"\r" in piece.rstrip(b"\r"):
        raise SourceError("its lines end in a carriage return alone", where=name, remedy=save)


def _goes_on_in_utf8(decoder: codecs.IncrementalDecoder, piece: bytes, *, end: bool = False) -> bool:
    try:
        decoder.decode(piece, end)
    except UnicodeDecodeError:
        return False
    return True


# Python's cp1252 refuses five bytes that Windows maps to control characters; one of them must not cost a table.
_WINDOWS_1252 = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(256))


@contextmanager
def in_utf8(path: Path, shape: Shape) -> Iterator[Path]:
    """Return a path under which the file is UTF-8: its own, or that of a copy for the length of the block."""
    if shape.utf8:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="alerting-") as folder:
        copy = Path(folder) / "utf8.csv"
        with path.open("rb") as source, copy.open("wb") as target:
            while chunk := source.read(_PIECE):
                target.write(codecs.charmap_decode(chunk, "strict", _WINDOWS_1252)[0].encode())
        yield copy


_REASONS = {
    "new-line": "a carriage return outside quotation marks",
    "field larger": "a cell of more than 256 MB",
}


def records(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """Return each record with the line it starts on, from 1: its cells, or why it is none. Blank lines are nothing.

    After a record that is none the next line is tried as the start of one: what an unclosed quotation mark swallowed
    is given back. The rest of a broken record of several lines is told by a quotation mark without its pair.
    """
    csv.field_size_limit(_LONGEST_RECORD)
    source, doubtful = _Lines(lines), False
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    while True:
        start = source.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            found = (reason for words, reason in _REASONS.items() if str(error).startswith(words))
            yield start, next(found, "its quotation marks do not pair up")
            source.go_back()
            reader, doubtful = csv.reader(source, delimiter=delimiter, strict=True), True
            continue
        if doubtful and source.has_lone_quote():
            yield start, "its quotation marks do not pair up"
        elif cells:
            doubtful = False
            yield start, cells
        source.go_on()


class _Lines:
    """The lines of a file, with a way back to the second line of a record that turned out to be none.

    number: how many lines have been given.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._taken.append(line)
        self.number += 1
        return line

    def go_on(self) -> None:
        self._taken.clear()

    def go_back(self) -> None:
        self._again.extendleft(reversed(self._taken[1:]))
        self.number -= max(len(self._taken) - 1, 0)
        self._taken.clear()

    def has_lone_quote(self) -> bool:
        return sum(line.count('"') for line in self._taken) % 2 == 1
