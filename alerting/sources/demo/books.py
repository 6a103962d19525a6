"""One council being written: its ledgers, its calendar, its chances and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count
from random import Random

from alerting.casedata.catalogue import TABLES
from alerting.sources.demo.calendar import Calendar
from alerting.sources.demo.ledger import Cell, Ledger
from alerting.sources.demo.nasties import NEVER, RATES, Truth

DAYS_BEFORE, DAYS_AFTER = 60, 120
"""An as-of day may be this many days before and after the start day."""
HISTORY_DAYS, CONTACT_DAYS, VISIT_DAYS = 760, 600, 430
"""Closed cases, contacts and visits reach back this far before the start day."""

_LAGS = (0,) * 26 + (1,) * 12 + (2,) * 6 + (3,) * 3 + (4,) * 2 + (5,)
_LARGE = 1 / 3
"""From this scale on, which is a thousand children, what is rare is there by count, and demand is up around the start day too."""
_ODD_CASE, _NO_BREAK, _PADDED = 0.4, 0.7, 0.85


@dataclass(frozen=True)
class Rise:
    """Some weeks in which more contacts come than usual, and other work slips."""

    days: range
    #: So many times as many contacts as usual.
    contacts: float


class Books:
    """What every part of the generator writes to. Days are ordinals; `scale` is 1 for 3,000 children."""

    def __init__(self, children: int, seed: int, start: date) -> None:
        self.scale = children / 3000
        self.seed = seed
        self.start = start.toordinal()
        self.earliest, self.last = self.start - DAYS_BEFORE, self.start + DAYS_AFTER
        self.since = self.start - HISTORY_DAYS
        self.contacts_since, self.visits_since = self.start - CONTACT_DAYS, self.start - VISIT_DAYS
        #: Whether it is so large that what is rare is there by count. At a smaller one a single case would be a share that no
        #: council has, and what stops a rule that suddenly finds far more than usual would stop it for that.
        self.large = self.scale >= _LARGE
        earlier = (Rise(range(self.start - 35, self.start + 14), 1.35),) if self.large else ()
        #: When demand rises, the last time nine weeks after the start day.
        self.rises = (*earlier, Rise(range(self.start + 63, self.start + 105), 1.5))
        self._long_before = self.earliest - 20
        self.days = Calendar(date(start.year - 52, 1, 1), date(start.year + 12, 12, 31))
        self.truth = Truth()
        self.ledgers = {
            name: Ledger(name, number * 1_000_000, self.earliest) for number, name in enumerate(TABLES, 1) if name != "ext_load"
        }
        # Both are asked millions of times, so they are kept as functions.
        self._lag = self.chances("lags").random
        self._nasty = self.chances("nasties").random

    def chances(self, part: str) -> Random:
        """Return a stream of chances of a part's own, so that one part does not disturb another."""
        return Random(f"{self.seed} {self.start} {self.scale} {part}")

    def recorded(self, day: int) -> int:
        """Return the day something that happened on `day` is written up: 0 to 5 working days later.

        Long before anybody can ask, that is not worth a chance, and it is `day` itself.
        """
        if day < self._long_before:
            return day
        return self.days.working(day, _LAGS[int(self._lag() * 50)])

    def rise(self, day: int) -> Rise | None:
        """Return the rise in which a day is, if it is in one."""
        return next((rise for rise in self.rises if day in rise.days), None)

    def one_in(self, share: float, chance: Random) -> Callable[[], bool]:
        """Return what says of one after another whether it is of a share: evenly at a large council, by chance at another."""
        if not self.large:
            return lambda: chance.random() < share
        asked = count(1)
        return lambda: int((number := next(asked)) * share) > int((number - 1) * share)

    def hit(self, nasty: str) -> bool:
        """Return whether this nasty strikes here."""
        return self._nasty() < RATES[nasty]

    def add_ending(
        self,
        table: str,
        shown: int,
        cells: list[Cell],
        ends: int,
        finals: Sequence[tuple[str, str]],
        end_column: str,
        *,
        at_once: bool = False,
        days_late: int = 0,
    ) -> int:
        """Add a row that ends on `ends`; return the day that is known, NEVER when it is not within sight.

        finals: cells, besides the end date, that are known only with the end. at_once: the end is entered on the day.
        days_late: so many days later than others the end is entered, where anybody can see that, on the last day at the latest.
        """
        ledger = self.ledgers[table]
        entered = self.days.working if at_once else self.recorded
        known = max(entered(ends), shown) if ends <= self.last else NEVER
        if self.earliest < known < self.last:
            known = min(known + days_late, self.last)
        texts = [(end_column, self.days.text(ends) if known < NEVER else ""), *finals]
        if known <= self.earliest:
            for column, text in texts:
                cells[ledger.positions[column]] = text
            ledger.add(shown, cells)
            return known
        if self.hit("end_9999"):
            cells[ledger.positions[end_column]] = "9999-12-31"
            self.truth.note("end_9999", f"{table} {cells[0]}", shown, known)
        row = ledger.add(shown, cells)
        if known <= self.last:
            for column, text in texts:
                ledger.change(known, row, column, text)
        return known

    def word(self, code: str, words: Sequence[str], key: str, shown: int) -> str:
        """Write a code as it is, or for some rows in words, odd case or with odd spaces."""
        if not self.hit("text_variant"):
            return code
        self.truth.note("text_variant", key, shown)
        chance = self._nasty()
        text = words[int(self._nasty() * len(words))] if words else code
        if chance < _ODD_CASE:
            return text
        if chance < _NO_BREAK:
            return text.replace(" ", "\u00a0") if " " in text else f"{text}\u00a0"
        return f"  {text} " if chance < _PADDED else (text.lower() if text != text.lower() else text.title())

    def future_day(self, day: int, key: str, shown: int) -> str:
        """Write the day of a visit as one that has not come yet: a slip of the year, or a booking."""
        self.truth.note("visit_in_future", key, shown)
        ahead = 365 if self._nasty() < 0.5 else 8 + int(self._nasty() * 60)
        return self.days.text(max(day + ahead, shown + 1))
