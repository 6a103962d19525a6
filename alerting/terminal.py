"""What commands print, wherever it goes: to a terminal, in a code page, into a pipe that nobody reads to its end, to a full disk.

Other people's text is shown and never obeyed: no control character, no markup of a library, no formula of a spreadsheet. What
cannot be printed ends no command; it ends with 1 where it would have ended with 0.
"""

from __future__ import annotations

import codecs
import os
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, TextIO

import click

from alerting.formatting import no_formula, visible
from alerting.logs import Entry, Log, without_addresses

if TYPE_CHECKING:
    from alerting.documents.report import Look

_BETWEEN = 2
"""Spaces between two columns of a table that is drawn."""

_IN_ASCII = {"…": "...", "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "→": "->", "\u00a0": " ", "�": "?"}
_IN_PLACE = "alerting.in_place"

LONGEST_ARGUMENT = 4096
"""Characters of one argument of a command: as many as a path may have."""


def _in_place(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for characters that a code page does not have: their like, or their numbers, from which they can be told."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(_IN_ASCII.get(one) or one.encode("ascii", "backslashreplace").decode() for one in missing), error.end


codecs.register_error(_IN_PLACE, _in_place)


class Output:
    """A stream that takes whatever is written, and remembers where it could not be passed on."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        #: What kept it from being written.
        self.failed: OSError | None = None
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            with suppress(OSError):  # what was in it already is written first
                reconfigure(errors=_IN_PLACE)

    @property
    def encoding(self) -> str:
        return (self._stream and self._stream.encoding) or "utf-8"

    @property
    def errors(self) -> str:
        return _IN_PLACE

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return self._stream is not None and self._stream.isatty()

    def fileno(self) -> int:
        """Return the number of its file. Raises OSError where it has none."""
        if self._stream is None:
            raise OSError("it is closed")
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Write a text, as far as it can be written."""
        if self._stream is not None and self.failed is None:
            try:
                self._stream.write(text)
            except OSError as error:
                self._give_up(error)
        return len(text)

    def flush(self) -> None:
        """Pass on what was written."""
        if self._stream is not None and self.failed is None:
            try:
                self._stream.flush()
            except OSError as error:
                self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self.failed = error
        with suppress(OSError, ValueError):
            # What is in the stream's own memory would be written, and fail once more, when the process ends.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)


@contextmanager
def output() -> Iterator[Output]:
    """Let all that is printed in the block go through an `Output`; return that of stdout."""
    _fill_closed_places()
    stdout, stderr = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = printed, _ = Output(stdout), Output(stderr)
    try:
        yield printed
        printed.flush()
    finally:
        sys.stdout, sys.stderr = stdout, stderr


def _fill_closed_places() -> None:
    """See that 0, 1 and 2 are taken: a database that got the number of a closed stdout would be written over by what is printed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def echo(text: object = "", *, err: bool = False, nl: bool = True, bold: bool = False) -> None:
    """Print a text on a line of its own: results to stdout, talk to stderr. Only its line breaks and tabs are obeyed."""
    stream = sys.stderr if err else sys.stdout
    said = visible(str(text), keep="\n\t")
    click.echo(click.style(said, bold=True) if bold and look_of(stream).colour else said, file=stream, nl=nl)


def echo_styled(text: str, *, err: bool = False) -> None:
    """Print what `documents.report` made for a stream, whose colours are its own and whose other text is visible already."""
    click.echo(text, file=sys.stderr if err else sys.stdout)


def make_log(clock: Callable[[], datetime], *, in_words: bool = False) -> Log:
    """Return a log on stderr: a JSON object a line. On a terminal it is what entries say, with the time; in_words: without it, anywhere."""
    if in_words or sys.stderr.isatty():
        return lambda entry: _say(entry, None if in_words else clock())
    import structlog

    def begin(_: object, level: str, given: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {"at": clock().isoformat(timespec="milliseconds"), "level": level, "event": given.pop("event"), **given}

    chain: list[structlog.types.Processor] = [begin, structlog.processors.JSONRenderer()]
    logger = structlog.wrap_logger(_Lines(), processors=chain, wrapper_class=structlog.BoundLogger)

    def write(entry: Entry) -> None:
        (logger.warning if entry.event.is_problem else logger.info)(**entry.as_fields())

    return write


class _Lines:
    """Where structlog writes its lines."""

    def info(self, line: str) -> None:
        echo(line, err=True)

    warning = info


def _say(entry: Entry, moment: datetime | None) -> None:
    if entry.says:
        echo((f"{moment:%Y-%m-%d %H:%M:%S} UTC  " if moment else "") + without_addresses(entry.says), err=True)


def look_of(stream: TextIO) -> Look:
    """Return how faults look on a stream: in colour and as wide as a terminal, plain elsewhere and with NO_COLOR."""
    from alerting.documents.report import PLAIN, Look

    if not stream.isatty():
        return PLAIN
    return Look(colour="NO_COLOR" not in os.environ, width=shutil.get_terminal_size().columns)


def echo_json(value: object) -> None:
    """Print one JSON value: the same value in whatever code page, and nothing in it that a terminal obeys."""
    import json

    in_ascii = codecs.lookup(sys.stdout.encoding or "utf-8").name != "utf-8"
    text = json.dumps(value, indent=2, ensure_ascii=in_ascii, default=str)
    if not text.replace("\n", "").isprintable():
        text = "".join(one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in text)
    click.echo(text, file=sys.stdout)


def echo_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table: drawn on a terminal, plain columns with tabs between them elsewhere, so that scripts can read it.

    No word is cut: where a terminal is too narrow for the longest ones side by side, lines are longer than it is wide.
    """
    if not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        for row in (headings, *rows):
            echo("\t".join(map(_no_formula, row)))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown, console = [[_in_a_line(cell) for cell in row] for row in rows], Console()
    table = Table(box=None, header_style="bold", pad_edge=False)
    widths = _widths([headings, *shown], console.width)
    for heading, width in zip(headings, widths, strict=True):
        table.add_column(heading, width=width)
    for row in shown:
        table.add_row(*map(Text, row))
    Console(width=max(console.width, sum(widths) + _BETWEEN * len(widths))).print(table)


def _widths(rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """Return how wide each column is drawn: as its longest word at least, and as its longest cell where there is room."""
    from rich.cells import cell_len

    columns = list(zip(*rows, strict=True))
    widths = [max((cell_len(word) for cell in column for word in cell.split()), default=0) for column in columns]
    wanted = [max(map(cell_len, column)) - width for column, width in zip(columns, widths, strict=True)]
    spare = max(0, room - sum(widths) - _BETWEEN * (len(columns) - 1))
    for done, at in enumerate(sorted(range(len(columns)), key=wanted.__getitem__)):
        more = min(wanted[at], spare // (len(columns) - done))
        widths[at] += more
        spare -= more
    return widths


def _in_a_line(cell: object) -> str:
    return "" if cell is None else visible(" ".join(str(cell).splitlines()))


def _no_formula(cell: object) -> str:
    text = _in_a_line(cell)
    return no_formula(text) if isinstance(cell, str) else text


def unfit(argument: str) -> str | None:
    """Return why something cannot be an argument of any command, None where it can: it is empty, no text, or longer than a path can be."""
    if not argument:
        return "an argument is empty: give a value, or leave the option out"
    if len(argument) > LONGEST_ARGUMENT:
        return f"an argument has {len(argument):,} characters, and may have {LONGEST_ARGUMENT:,}: {visible(argument[:40])}…"
    if any("\ud800" <= one <= "\udfff" for one in argument):
        return f"an argument is not UTF-8: {visible(argument)}"
    if any(unicodedata.category(one) == "Cc" for one in argument if one not in "\n\t\r"):
        return f"an argument has a control character in it: {visible(argument)}"
    return None
