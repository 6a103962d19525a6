"""A made-up council, for trying things out and for tests. Nobody in it exists.

    source: {type: demo, children: 3000, seed: 7, start: 2026-03-02}

It lives: on later days cases open and close, visits are written up late, managers go on leave, a worker leaves. It can
be asked for any day: from 60 days before `start` to 120 days after it it is one council, and another in each half year before and
after; with no `start` it is another in January, May and September. Its numbers follow the national figures for a
council with `children` open or recent cases, and its data has the faults that real extracts have, at known rates
(`alerting.sources.demo.nasties.RATES`); `Source.truth` says where.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from alerting.casedata import snapshot
from alerting.casedata.catalogue import TABLES

if TYPE_CHECKING:
    from alerting.casedata.snapshot import Snapshot
    from alerting.sources.demo.town import Columns, Town


class Source(BaseModel, snapshot.Source):
    """The settings of the demo council, and the council itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    type: Literal["demo"] = "demo"
    #: How many have an open or recent case.
    children: int = Field(default=3000, ge=50, le=200_000)
    #: Another seed is another council.
    seed: int = 7
    #: The day around which the council's figures hold; a worker leaves two working days after it. Left out, it is the 61st day of a
    #: third of the year.
    start: date | None = Field(default=None, ge=date(1960, 1, 1), le=date(2080, 1, 1))
    #: The day that it stays there, so that what was made of it is not gone on with by the clock. Left out, it is the clock's.
    today: date | None = Field(default=None, ge=date(1960, 1, 1), le=date(2080, 1, 1))

    def read(self, wanted: Mapping[str, frozenset[str]], into: Snapshot) -> None:
        """Fill the wanted columns of the wanted tables as at `into.as_of`."""
        for name in TABLES:
            if name in wanted:
                columns = self._town(into.as_of).table(name, into.as_of, wanted[name])
                into.fill(name, list(columns), list(columns.values()))

    def identity(self) -> tuple[str, ...]:
        """Return which of the made-up councils it is."""
        return (self.type, str(self.children), str(self.seed))

    def own_today(self) -> date | None:
        """Return the day that it stays in the made-up council, where one is set."""
        return self.today

    def tables(self, as_of: date) -> dict[str, Columns]:
        """Return every table with every column, as at a day: a dict of columns each, with a list of cells, text or None."""
        return {name: self._town(as_of).table(name, as_of) for name in TABLES}

    def truth(self, as_of: date) -> dict[str, list[str]]:
        """Return, for each nasty of RATES, the rows (`table id` or an id) or people it can be seen at on a day."""
        return self._town(as_of).truth(as_of)

    def _town(self, as_of: date) -> Town:
        from alerting.sources.demo.books import DAYS_AFTER, DAYS_BEFORE
        from alerting.sources.demo.town import town

        # Left to itself it is another council every four months, so that there is one on whatever day it is tried.
        begun = date(as_of.year, (as_of.month - 1) // 4 * 4 + 1, 1) + timedelta(days=60)
        if self.start:
            lives = DAYS_BEFORE + 1 + DAYS_AFTER
            begun = self.start + timedelta(days=((as_of - self.start).days + DAYS_BEFORE) // lives * lives)
        return town(self.children, self.seed, begun)
