"""Faults as they are shown: to people with the line of the file and a mark under what is meant, to scripts, to GitHub.

A line comes with its place, from whoever read the file, and only where it may be shown; no file is read here.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from alerting.errors import AlertingError, Excerpt, Fault, Faults, Place
from alerting.formatting import plural, visible

WIDTH = 120
"""Columns of a terminal where none is known."""

_FEW, _NAMED = 3, 10
"""In more files than these a fault is told once, and how many of the others are named."""

_TAB = 4
_CUT = "…"
_COLOURS = {"error": "red", "warning": "yellow"}


def ordered(faults: Iterable[Fault]) -> list[Fault]:
    """Put faults in the order of reading: those of no file first, then file by file, in the order of lines. None twice."""
    once = list(dict.fromkeys(faults))
    files = list(dict.fromkeys(fault.where.file for fault in once if fault.where))

    def order(fault: Fault) -> tuple[int, int, int]:
        place = fault.where
        return (files.index(place.file), place.line or 0, place.column or 0) if place else (-1, 0, 0)

    return sorted(once, key=order)


@dataclass(frozen=True)
class Look:
    """How faults look where they are printed."""

    colour: bool = False
    #: In columns.
    width: int = WIDTH


PLAIN = Look()


def render(faults: Iterable[Fault], look: Look = PLAIN) -> str:
    """Return faults for people, an empty line between two, in the order of reading.

    What is said of many files in the same words, such as of all the rules on a subject with a fault, is said once.
    """
    every = ordered(faults)
    files: dict[tuple[str, str, str], dict[str, Fault]] = {}
    for fault in every:
        if fault.where:
            files.setdefault(_words(fault), {}).setdefault(fault.where.file, fault)
    many = {words: alike for words, alike in files.items() if len(alike) > _FEW}
    blocks = []
    for fault in every:
        alike = many.get(_words(fault)) if fault.where else None
        if not alike or not fault.where:
            blocks.append(_render(fault, look.colour, look.width))
        elif fault.where.file == next(iter(alike)):
            blocks.append(_render(fault, look.colour, look.width, also=list(alike)[1:]))
    return "\n\n".join(blocks)


def render_error(error: AlertingError, look: Look = PLAIN) -> str:
    """Return an error for people: every fault it holds, or the one thing it says."""
    if isinstance(error, Faults):
        return render(error.faults, look)
    if isinstance(error.where, Place):
        return render([Fault(problem=error.problem, where=error.where, remedy=error.remedy)], look)
    return f"{_styled('error:', look.colour, fg=_COLOURS['error'], bold=True)} {visible(str(error), keep=chr(10))}"


def summary(faults: Sequence[Fault]) -> str:
    """Count faults in one line."""
    errors = sum(fault.severity == "error" for fault in faults)
    counts = [plural(count, what) for count, what in ((errors, "error"), (len(faults) - errors, "warning")) if count]
    files = len({fault.where.file for fault in faults if fault.where})
    return f"{' and '.join(counts)} in {plural(files, 'file')}" if files else " and ".join(counts)


def faults_of(error: AlertingError) -> list[Fault]:
    """Return what an error says is wrong, each fault by itself."""
    if isinstance(error, Faults):
        return list(error.faults)
    where = error.where if isinstance(error.where, Place) else None
    return [Fault(problem=error.problem, where=where, remedy=error.remedy)]


def as_json(fault: Fault) -> dict[str, object]:
    """Return a fault as JSON values."""
    place = fault.where
    return {
        "severity": fault.severity,
        "problem": fault.problem,
        "remedy": fault.remedy,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "end_column": place.end_column if place else None,
    }


def for_github(fault: Fault) -> str:
    """Return a fault as a workflow command, which GitHub shows beside the line of a pull request."""
    place = fault.where
    found = {}
    if place:
        found = {"file": _near(place.file), "line": place.line, "col": place.column, "endColumn": place.end_column}
    named = ",".join(f"{name}={_property(str(value))}" for name, value in found.items() if value is not None)
    message = f"{fault.problem}\n{fault.remedy}" if fault.remedy else fault.problem
    return f"::{fault.severity}{f' {named}' if named else ''}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def _words(fault: Fault) -> tuple[str, str, str]:
    return fault.severity, fault.problem, fault.remedy


def _render(fault: Fault, colour: bool, width: int, also: Sequence[str] = ()) -> str:
    place = fault.where
    gutter = " " * len(str(place.line or 0)) if place else ""
    severity = _styled(f"{fault.severity}:", colour, fg=_COLOURS[fault.severity], bold=True)
    lines = [f"{severity} {_styled(visible(fault.problem.replace(chr(10), ' ')), colour, bold=True)}"]
    if place:
        where = ":".join(str(part) for part in (_near(place.file), place.line, place.column) if part is not None)
        lines.append(f"{gutter}{_styled('-->', colour, fg='blue', bold=True)} {visible(where)}")
    if place and place.excerpt and place.line:
        lines += _excerpt(place.excerpt, place.line, fault.severity, colour, width)
    notes = [("help", fault.remedy)] if fault.remedy else []
    if also:
        others = f" and {len(also) - _NAMED} more" if len(also) > _NAMED else ""
        notes.append(("also", f"the same in {plural(len(also), 'other file')}: {', '.join(map(_near, also[:_NAMED]))}{others}"))
    for kind, text in notes:
        hanging = f"{gutter}         "
        room = max(40, width - len(hanging))
        lines_of_it = [
            textwrap.fill(visible(line.strip()), room, break_long_words=False, break_on_hyphens=False)
            for line in text.splitlines()
        ]
        note = "\n".join(lines_of_it)
        first = f"{gutter} {_styled('=', colour, fg='blue', bold=True)} {kind}: "
        lines.append(first + note.replace("\n", f"\n{hanging}"))
    return "\n".join(lines)


def _excerpt(excerpt: Excerpt, line: int, severity: str, colour: bool, width: int) -> list[str]:
    number, bar = str(line), _styled("|", colour, fg="blue", bold=True)
    text, start, length = _cut(excerpt, max(20, width - len(number) - 3))
    mark = _styled("^" * length, colour, fg=_COLOURS[severity], bold=True)
    edge = f"{' ' * len(number)} {bar}"
    return [edge, f"{_styled(number, colour, fg='blue', bold=True)} {bar} {text}".rstrip(), f"{edge} {' ' * start}{mark}"]


def _cut(excerpt: Excerpt, width: int) -> tuple[str, int, int]:
    """Return a line as it is shown within this width, and where the mark under it begins and how long it is."""
    cells: list[str] = []  # a cell a column of the terminal; a wide character has an empty one after it
    starts = []
    for character in excerpt.line:
        if unicodedata.combining(character) and cells:
            starts.append(len(cells) - 1)
            cells[-1] += character
            continue
        starts.append(len(cells))
        cells += _cells(character, len(cells))
    starts += [len(cells)] * 2
    start = starts[min(excerpt.column - 1, len(starts) - 1)]
    end = starts[min(excerpt.end_column - 1, len(starts) - 1)]
    if len(cells) > width:
        left = min(max(0, start - width // 3), len(cells) - width)
        right = left + width
        start, end = start - left, min(end - left, width)
        # A wide character that is cut through leaves a space.
        if left:
            cells[left : left + 2] = [_CUT, cells[left + 1] or " "]
        if right < len(cells):
            cells[right - 2 : right] = [cells[right - 2] if cells[right - 1] else " ", _CUT]
        cells = cells[left:right]
    return "".join(cells).rstrip(), start, max(1, end - start)


def _cells(character: str, column: int) -> list[str]:
    if character == "\t":
        return [" "] * (_TAB - column % _TAB)
    return [visible(character), ""] if unicodedata.east_asian_width(character) in ("W", "F") else [visible(character)]


def _near(file: str) -> str:
    """Return a path from the current folder, where it lies in it."""
    path = Path(file)
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        return path.relative_to(Path.cwd()).as_posix()
    return path.as_posix()


def _styled(text: str, colour: bool, *, fg: str | None = None, bold: bool = False) -> str:
    return click.style(text, fg=fg, bold=bold) if colour else text
