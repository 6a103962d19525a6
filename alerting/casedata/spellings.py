"""How cells are written that nobody may be shown: by their shapes, 9 for a digit, A and a for letters."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from alerting.formatting import plain

MOST = 20
"""How many ways of writing are told of one column; the others are counted."""

_LONGEST_SHAPE = 40


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """One way in which cells that are not understood are written."""

    #: The word, or its shape.
    shown: str
    is_word: bool
    cells: int

    def __str__(self) -> str:
        return f'"{self.shown}" ({self.cells:,})' if self.is_word else f"{self.shown} ({self.cells:,})"


def shape(cell: str) -> str:
    """Return how a cell is written, without what it says.

    >>> shape("10-FEB-26"), shape("Seen by J. Smith"), shape("46090.5")
    ('99-AAA-99', 'Aaaa aa A. Aaaaa', '99999.9')
    """
    text = plain(cell[:_LONGEST_SHAPE], _LONGEST_SHAPE).translate(_MASK)
    return f"{text}… ({len(cell):,} characters)" if len(cell) > _LONGEST_SHAPE else text or "(invisible characters)"


def shapes(written: Mapping[str, int]) -> tuple[tuple[Spelling, ...], int]:
    """Return the commonest shapes of cells, and how many more there are. written: how many cells hold each text."""
    return commonest((shape(cell), False, count) for cell, count in written.items())


class _Mask(dict[int, str]):
    """By a character, what stands for it in a shape."""

    def __missing__(self, character: int) -> str:
        letter = chr(character)
        if letter.isalnum():
            self[character] = "9" if letter.isdigit() else "A" if letter.isupper() else "a"
        else:
            self[character] = letter if letter.isascii() or unicodedata.category(letter)[0] == "P" else "*"
        return self[character]


_MASK = _Mask()


def commonest(written: Iterable[tuple[str, bool, int]]) -> tuple[tuple[Spelling, ...], int]:
    counts = Counter[tuple[str, bool]]()
    for shown, is_word, count in written:
        counts[shown, is_word] += count
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    found = tuple(Spelling(shown=shown, is_word=is_word, cells=count) for (shown, is_word), count in ordered[:MOST])
    return found, max(len(ordered) - MOST, 0)
