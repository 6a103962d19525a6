"""Where each character of a YAML scalar stands in its file: through folding, quotes, escapes and indentation.

The parser gives a scalar's value and where it starts, and forgets the rest. Here its source is read once more by the same
rules, and a place is noted for each character of the value. Lines and columns count from 0.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

Spot = tuple[int, int]
"""A line and a column of the file, from 0."""

BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What ends a line to the parser."""

_CODED = {"x": 2, "u": 4, "U": 8}
_NAMED = {letter: letter for letter in ' "/\\\t'} | dict(
    zip("0abtnvfreN_LP", "\0\a\b\t\n\v\f\r\x1b\x85\xa0\u2028\u2029", strict=True)
)


@dataclass
class _Reading:
    """A value as it is being read again, and the spot of each of its characters."""

    text: list[str] = field(default_factory=list)
    spots: list[Spot] = field(default_factory=list)

    def add(self, character: str, spot: Spot) -> None:
        self.text.append(character)
        self.spots.append(spot)

    def add_all(self, found: Sequence[tuple[str, Spot]]) -> None:
        for character, spot in found:
            self.add(character, spot)

    def whole(self, value: str, end: Spot) -> list[Spot] | None:
        """Return the spots, and the one behind the last character, if what was read is the value."""
        if "".join(self.text) != value:
            return None
        line, column = self.spots[-1] if self.spots else end
        return [*self.spots, (line, column + 1) if self.spots and self.text[-1] != "\n" else end]


def find_spots(value: str, style: str | None, text: str, start: int, end: int) -> list[Spot] | None:
    """Return the spot of each character of a scalar's value, and one more for its end.

    style: what the scalar is written in: `|`, `>`, `'`, `"`, or None for neither. start, end: where it begins and ends in
    the text of the file. None where the source does not give the value.
    """
    source = _Source(text, start, end)
    if style in ("|", ">"):
        return _read_block(value, style, source)
    reading = _read_flow(source, style or "")
    return reading.whole(value, source.spot(end))


class _Source:
    """The text of a scalar, with the spot of each of its characters."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text, self.start, self.end = text, start, end
        self._line = 0
        self._line_start = 0
        for found in BREAK.finditer(text, 0, start):
            self._line, self._line_start = self._line + 1, found.end()
        self._starts = [self._line_start, *(found.end() for found in BREAK.finditer(text, start, end))]

    def spot(self, offset: int) -> Spot:
        # A scalar has few lines; the last that starts at or before the offset is its line.
        index = next(number for number in range(len(self._starts) - 1, -1, -1) if self._starts[number] <= max(offset, self.start))
        return self._line + index, offset - self._starts[index]


def _folded(breaks: Sequence[tuple[str, Spot]]) -> list[tuple[str, Spot]]:
    """Fold the line breaks between two words: one is a space, of more the first is nothing."""
    if breaks[0][0] != "\n":
        return list(breaks)
    return list(breaks[1:]) or [(" ", breaks[0][1])]


def _broken(found: str) -> str:
    return found if found in ("\u2028", "\u2029") else "\n"


def _read_flow(source: _Source, quote: str) -> _Reading:
    """Read a plain or quoted scalar: white space around a line break is nothing, and breaks fold."""
    reading = _Reading()
    at, end = source.start + len(quote), source.end - len(quote)
    blanks: list[tuple[str, Spot]] = []
    breaks: list[tuple[str, Spot]] = []
    escaped = False  # whether the line's own break was escaped: then it is not even a space
    while at < end:
        character, spot = source.text[at], source.spot(at)
        found = BREAK.match(source.text, at)
        if found or character in " \t":
            if found:
                breaks.append((_broken(found[0]), spot))
                blanks = []
            elif not breaks and not escaped:
                blanks.append((character, spot))
            at = found.end() if found else at + 1
            continue
        if escaped:
            reading.add_all(breaks)
        else:
            reading.add_all(_folded(breaks) if breaks else blanks)
        blanks, breaks, escaped = [], [], False
        if quote == '"' and character == "\\":
            at, escaped = _escape(source, at, spot, reading)
        elif quote == "'" and character == "'":
            reading.add("'", spot)
            at += 2
        else:
            reading.add(character, spot)
            at += 1
    reading.add_all(breaks if escaped else _folded(breaks) if breaks else blanks)
    return reading


def _escape(source: _Source, at: int, spot: Spot, reading: _Reading) -> tuple[int, bool]:
    """Read one escape. Return where the text goes on, and whether it was the line's break that was escaped."""
    found = BREAK.match(source.text, at + 1)
    if found:
        return found.end(), True
    letter = source.text[at + 1]
    digits = _CODED.get(letter, 0)
    character = chr(int(source.text[at + 2 : at + 2 + digits], 16)) if digits else _NAMED.get(letter, letter)
    reading.add(character, spot)
    return at + 2 + digits, False


def _read_block(value: str, style: str, source: _Source) -> list[Spot] | None:
    header = BREAK.search(source.text, source.start)
    if header is None:
        return [source.spot(source.end)]
    indicators = source.text[source.start + 1 : header.start()].partition("#")[0].strip()
    chomping = next((sign for sign in indicators if sign in "+-"), "")
    lines = _lines(source.text, header.end())
    first = source.spot(source.start)[0] + 1
    if any(sign.isdigit() for sign in indicators):
        # A written indentation counts from the block around it, which only the parser knows: the value tells.
        indents = range(1, max((len(line) - len(line.lstrip(" ")) for line, _ in lines), default=0) + 1)
    else:
        full = next((line for line, _ in lines if line.lstrip(" ")), "")
        indents = range(len(full) - len(full.lstrip(" ")), len(full) - len(full.lstrip(" ")) + 1)
    end = (first + max(0, len(lines) - 1), 0)
    for indent in indents:
        spots = _block(lines, first, indent, style, chomping).whole(value, end)
        if spots is not None:
            return spots
    return None


def _lines(text: str, at: int) -> list[tuple[str, str]]:
    """Return the lines from a place on, each with its break."""
    lines = []
    for found in BREAK.finditer(text, at):
        lines.append((text[at : found.start()], _broken(found[0])))
        at = found.end()
    return [*lines, (text[at:], "")]


def _block(lines: Sequence[tuple[str, str]], first: int, indent: int, style: str, chomping: str) -> _Reading:
    """Read the lines of a block up to the first that is less indented."""
    reading = _Reading()
    ended: list[tuple[str, Spot]] = []  # the break of the last line with something on it
    empty: list[tuple[str, Spot]] = []  # the breaks of the empty lines since
    began_blank = False
    for number, (line, broken) in enumerate(lines, first):
        written = line[indent:]
        if not written and not line.strip(" "):
            empty += [(broken, (number, len(line)))] if broken else []
            continue
        if len(line) - len(line.lstrip(" ")) < indent:
            break
        begins_blank = written[0] in " \t"
        if style == ">" and ended and ended[0][0] == "\n" and not began_blank and not begins_blank:
            reading.add_all(empty or [(" ", ended[0][1])])
        else:
            reading.add_all([*ended, *empty])
        for column, character in enumerate(written, indent):
            reading.add(character, (number, column))
        ended, empty, began_blank = ([(broken, (number, len(line)))] if broken else []), [], begins_blank
    if chomping != "-":
        reading.add_all(ended)
    if chomping == "+":
        reading.add_all(empty)
    return reading
