"""What was read of one table, and what of it could not be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from alerting.casedata.spellings import Spelling


@dataclass(kw_only=True)
class TableReading:
    """What was read of one table."""

    table: str
    #: As delivered, repeats included; None when the table is not there.
    rows: int | None = None
    missing_columns: tuple[str, ...] = ()
    #: By column that its source does not give, why. One that is not among `missing_columns` stops no rule.
    not_given: dict[str, str] = field(default_factory=dict)
    problem: str | None = None
    #: Whether its source has it, and was not asked for it.
    unasked: bool = False
    #: Whether it is beside the case data, and is read, or looked for, elsewhere.
    not_looked_at: bool = False
    unreadable_cells: dict[str, int] = field(default_factory=dict)
    #: By column of days or numbers with several words that stand for nothing: how many cells hold each.
    words_for_nothing: dict[str, Mapping[str, int]] = field(default_factory=dict)
    #: By column of days on which somebody leaves, how many might be read month first, where others have the year first.
    in_two_ways: dict[str, int] = field(default_factory=dict)
    #: The columns of such days of which some can be read month first alone: of those that can be read either way, none is read.
    month_first: set[str] = field(default_factory=set)
    #: How many records are in the source and not in `rows`, because they could not be read as records at all.
    left_out: int = 0
    #: Where records that were left out are: the first of them.
    record_places: list[str] = field(default_factory=list)
    #: By column, where cells that cannot be read are: the first of them.
    cell_places: dict[str, list[str]] = field(default_factory=dict)
    #: By column, how cells that cannot be read are written, the commonest first, and in how many more ways.
    shapes: dict[str, tuple[tuple[Spelling, ...], int]] = field(default_factory=dict)
    unmapped: dict[str, int] = field(default_factory=dict)
    #: Of flags, and of columns with cells that cannot be read or several words for nothing: how many cells hold anything at all.
    cells_there: dict[str, int] = field(default_factory=dict)
    #: The columns of ids that `.0` was taken off: every id of theirs had it.
    fractions: tuple[str, ...] = ()
    #: By column, how many cells hold each word that no code map has, or that is no flag's; nobody is shown these but by `not_understood`.
    unknown_words: dict[str, Mapping[str, int]] = field(default_factory=dict)
    #: In which encoding its file was read, where that is not UTF-8 without a fault.
    encoding: str | None = None
    #: By column, how many cells hold bytes that are no text; of columns of ids and text, as the others cannot be read at all.
    damaged_cells: dict[str, int] = field(default_factory=dict)

    def has_odd_cells(self, column: str) -> bool:
        """Return whether cells of a column cannot be read, or hold several words for nothing."""
        return column in self.unreadable_cells or column in self.words_for_nothing

    @property
    def supplied(self) -> bool:
        return self.rows is not None

    @property
    def places(self) -> list[str]:
        """Where what could not be read is: first the records, then the cells."""
        return [*self.record_places, *(place for places in self.cell_places.values() for place in places)]
