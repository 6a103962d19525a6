"""A CSV file before anything is made of it: its encoding, whether its quotation marks pair up, and its records one by one."""

from __future__ import annotations

import codecs
import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from alerting import private_files
from alerting.errors import SourceError

_PIECE = 4 << 20
LONGEST_PIECE = 64 << 20
_LONGEST_RECORD = 256 << 20


Encoding = Literal["utf-8", "damaged utf-8", "utf-16", "windows-1252"]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What the bytes of a CSV file show. regular: every record is plainly one. delimiters: those outside quotation marks."""

    encoding: Encoding
    regular: bool
    delimiters: int


def examine(path: Path, delimiter: bytes, name: str) -> Shape:
    """Look through a file's bytes. name: what it is called where something is wrong with it. Raises SourceError for what is no CSV."""
    wide, regular, delimiters, utf8 = _is_wide(path), True, 0, _Utf8()
    # Spelt so that it starts with the mark itself, which is searched for ten times faster than a class of characters.
    stray = re.compile(rb'"(?:(?<=[^%b\n"]")|(?=[^%b\r\n"]))' % ((re.escape(delimiter),) * 2))
    for number, piece in enumerate(_pieces(_from_utf16(path, name) if wide else _chunks(path))):
        _refuse_wide_characters(name, piece, first=number == 0)
        utf8.read(piece)
        if regular:
            # The byte order mark of the first piece is no part of the first cell.
            outside = _outside_quotes(piece.removeprefix(codecs.BOM_UTF8) if number == 0 else piece)
            regular = outside is not None and not stray.search(outside) and not _has_odd_lines(outside)
            delimiters += outside.count(delimiter) if outside is not None else 0
    return Shape(encoding="utf-16" if wide else utf8.encoding(), regular=regular, delimiters=delimiters)


def _is_wide(path: Path) -> bool:
    """Return whether a file says that it is UTF-16, by its first two bytes."""
    with path.open("rb") as file:
        return file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_PIECE):
            yield chunk


def _from_utf16(path: Path, name: str) -> Iterator[bytes]:
    """Return a file that is UTF-16 as UTF-8. Raises SourceError where it breaks off or is none after all."""
    try:
        with path.open(encoding="utf-16", newline="") as file:
            while piece := file.read(_PIECE):
                yield piece.encode()
    except UnicodeError:
        raise SourceError(
            "begins as UTF-16 and does not go on so", where=name, remedy="Export it again; it may have been cut short."
        ) from None


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Return a file in pieces that end where a record ends, as far as its quotation marks pair up."""
    held = b""
    for chunk in chunks:
        held += chunk
        end = held.rfind(b"\n") + 1
        if (end and held.count(b'"', 0, end) % 2 == 0) or len(held) > LONGEST_PIECE:
            yield held[: end or None]
            held = held[end:] if end else b""
    if held:
        yield held


def _outside_quotes(piece: bytes) -> bytes | None:
    """Return what is outside quoted cells, a quotation mark or two for each part inside; None where they do not pair up."""
    if b'"' not in piece:
        return piece
    # Marks doubled within a cell are most of them where cells hold JSON: a part less for each, and outside they stand as they were.
    doubled = _DOUBLED if _DOUBLED not in piece else b'""'
    parts = piece.replace(b'""', doubled).split(b'"')
    return b'"'.join(parts[::2]).replace(doubled, b'""') if len(parts) % 2 else None


_DOUBLED = b"\x01"
"""What stands for two quotation marks side by side, in a piece that has no such byte of its own."""


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


class _Utf8:
    """How much of a file's bytes is UTF-8, and how much is not, read piece by piece."""

    def __init__(self) -> None:
        self._held = b""
        self._has_begun = self._is_marked = False
        self._good = self._bad = 0

    def read(self, piece: bytes, *, end: bool = False) -> None:
        if not self._has_begun:
            self._has_begun, self._is_marked = True, piece.startswith(codecs.BOM_UTF8)
        whole = self._held + piece
        if whole.isascii():
            self._held = b""
            return
        text, taken = codecs.utf_8_decode(whole, "replace", end)
        self._held = whole[taken:]
        replaced = text.count("\ufffd")
        bad = replaced - whole.count(_REPLACED) if replaced else 0
        self._bad += bad
        self._good += len(text) - len(text.encode("ascii", "ignore")) - bad

    def encoding(self) -> Encoding:
        """Return the encoding, once all is read: UTF-8 that was damaged, unless less of it is UTF-8 than is not.

        In a text of Windows-1252 hardly ever two letters stand side by side that look like one of UTF-8.
        """
        self.read(b"", end=True)
        if not self._bad:
            return "utf-8"
        return "damaged utf-8" if self._is_marked or self._good >= self._bad else "windows-1252"


_REPLACED = "\ufffd".encode()
"""What stands for a byte that cannot be read."""


# Python's cp1252 refuses five bytes that Windows maps to control characters; one of them must not cost a table.
_WINDOWS_1252 = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(256))


def _from_windows_1252(piece: bytes) -> str:
    return codecs.charmap_decode(piece, "strict", _WINDOWS_1252)[0]


def lines(path: Path, encoding: Encoding) -> Iterator[str]:
    """Return the lines of a file. One ends where a line feed is, also when the line before it ends in a lone carriage return."""
    if encoding == "windows-1252":
        with path.open("rb") as file:
            yield from map(_from_windows_1252, file)
    else:
        name, errors = ("utf-16", "strict") if encoding == "utf-16" else ("utf-8-sig", "replace")
        with path.open(encoding=name, errors=errors, newline="\n") as text:
            yield from text


@contextmanager
def in_utf8(path: Path, encoding: Encoding, name: str) -> Iterator[str | None]:
    """Return a path under which the file is UTF-8, for the length of the block; None where there can be none.

    That is its own path, or that of a copy which has no name, as it holds case data: nothing is left of it, whatever ends the process.
    """
    if encoding == "utf-8":
        yield str(path)
        return
    with private_files.nameless() as copy:
        if copy is None:
            yield None
            return
        file, under = copy
        if encoding == "utf-16":
            file.writelines(_from_utf16(path, name))
        elif encoding == "damaged utf-8":
            decoded = codecs.iterdecode(_chunks(path), "utf-8", "replace")
            file.writelines(text.encode() for text in decoded)
        else:
            file.writelines(_from_windows_1252(chunk).encode() for chunk in _chunks(path))
        file.flush()
        yield under


_REASONS = {
    "new-line": "a carriage return outside quotation marks",
    "field larger": "a cell of more than 256 MB",
}


def records(found: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """Return each record with the line it starts on, from 1: its cells, or why it is none. Blank lines are nothing.

    After a record that is none the next line is tried as the start of one: what an unclosed quotation mark swallowed
    is given back. The rest of a broken record of several lines is told by a quotation mark without its pair.
    """
    csv.field_size_limit(_LONGEST_RECORD)
    source, doubtful = _Lines(found), False
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
