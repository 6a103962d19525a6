"""What becomes of a column on its way from a case system: lost, or written or worded in another way, in all its cells or in some."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from alerting.casedata.catalogue import Kind

Cells = list[str | None]
Anew = Callable[[str, int], str | None]
"""What becomes of one cell that holds something; its number is that of the cell's word among the column's different words."""

_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(.*)")
_SPREADSHEETS_BEGAN = date(1899, 12, 30)
_STANDS_FOR_NOTHING = ("N/A", "TBC", "#REF!", "nan", "-", "unknown")
_YES = frozenset({"y", "yes", "1", "true"})


@dataclass(frozen=True, kw_only=True)
class Damage:
    """One thing that may befall a column of one of these kinds."""

    name: str
    kinds: frozenset[Kind]
    anew: Anew
    #: One in so many of the cells that hold something.
    one_in: int = 1
    #: Whether the number of a cell is that of its turn among those that are damaged, whatever stands in it.
    by_turn: bool = False

    def cells(self, cells: Sequence[str | None]) -> Cells:
        """Return the cells of a column as the damage leaves them."""
        words = {word: number for number, word in enumerate(sorted({cell for cell in cells if cell}))}
        left: Cells = []
        there = 0
        for cell in cells:
            there += bool(cell)
            number = there // self.one_in - 1 if self.by_turn else words.get(cell or "", 0)
            left.append(self.anew(cell, number) if cell and there % self.one_in == 0 else cell)
        return left


def _day(written: Callable[[date], str]) -> Anew:
    def anew(cell: str, _: int) -> str:
        found = _DAY.fullmatch(cell)
        return f"{written(date.fromisoformat(found[1]))}{found[2]}" if found else cell

    return anew


def _flag(yes: str, no: str | None) -> Anew:
    return lambda cell, _: yes if cell.lower() in _YES else no


_IDS: frozenset[Kind] = frozenset({"id"})
_DAYS: frozenset[Kind] = frozenset({"date", "moment"})
_FLAGS: frozenset[Kind] = frozenset({"flag"})
_WORDS: frozenset[Kind] = frozenset({"role", "text", "code", "answers"})
_NUMBERS: frozenset[Kind] = frozenset({"number"})
_OUTCOMES: frozenset[Kind] = frozenset({"outcome"})
_ANY = _IDS | _DAYS | _FLAGS | _WORDS | _NUMBERS | _OUTCOMES

_WHOLE: Mapping[str, tuple[frozenset[Kind], Anew]] = MappingProxyType(
    {
        "emptied": (_ANY, lambda _, __: None),
        "month first": (_DAYS, _day(lambda day: f"{day:%m/%d/%Y}")),
        "two-digit year": (_DAYS, _day(lambda day: f"{day:%d/%m/%y}")),
        "serial": (_DAYS, _day(lambda day: str((day - _SPREADSHEETS_BEGAN).days))),
        "10-FEB-26": (_DAYS, _day(lambda day: f"{day:%d-%b-%y}".upper())),
        "floated": (_IDS, lambda cell, _: f"{cell}.0" if cell.isdigit() else cell),
        "zeros stripped": (_IDS, lambda cell, _: cell.lstrip("0")),
        "T or F": (_FLAGS, _flag("T", "F")),
        "X": (_FLAGS, _flag("X", None)),
        "Seen": (_FLAGS, _flag("Seen", "Not seen")),
        "Yes.": (_FLAGS, _flag("Yes.", "No.")),
        "2": (_FLAGS, _flag("2", "0")),
        "re-worded": (_WORDS, lambda _, number: f"Local sort {number}"),
        "cut short": (_OUTCOMES | frozenset({"answers"}), lambda cell, _: cell[: len(cell) // 2]),
        "in words": (_OUTCOMES, lambda _, number: f"Local outcome {number}"),
        "with a unit": (_NUMBERS, lambda cell, _: f"{cell} units"),
    }
)
_HALVED = frozenset(
    {"emptied", "month first", "serial", "floated", "zeros stripped", "Seen", "re-worded", "in words", "with a unit"}
)
"""What befalls every other cell too: of ways to write a day or a flag that are read as nothing, one stands for all."""


def _damages() -> Iterator[Damage]:
    for name, (kinds, anew) in _WHOLE.items():
        yield Damage(name=name, kinds=kinds, anew=anew)
        if name in _HALVED:
            yield Damage(name=f"{name}, half", kinds=kinds, anew=anew, one_in=2)
    fill: Anew = lambda _, turn: _STANDS_FOR_NOTHING[turn % len(_STANDS_FOR_NOTHING)]  # noqa: E731
    yield Damage(name="placeholders, a third", kinds=_ANY, anew=fill, one_in=3, by_turn=True)


DAMAGES: tuple[Damage, ...] = tuple(_damages())
"""Every damage there is to a column: of all its cells, of half of them, and what stands for nothing in a third."""
