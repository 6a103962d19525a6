"""Who comes into care, how long they stay, and who advises them afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from alerting.sources.demo.allocation import Allocation, Stage
from alerting.sources.demo.books import Books
from alerting.sources.demo.care import Care
from alerting.sources.demo.families import FrontDoor, Referral, number
from alerting.sources.demo.leavers import GROWN_AGE, LAST_AGE, LEAVING_AGE, Leavers
from alerting.sources.demo.nasties import RATES
from alerting.sources.demo.people import Child, People
from alerting.sources.demo.staff import Worker

_YEAR = 365.25
_UNACCOMPANIED, _TEENAGER = 0.15, 0.36
_SHORT_STAYS = 0.28
_MEAN_STAY_DAYS = 1900
_BORDER_AGE = 16
"""Who leaves care at 16 or 17 after a long stay is a care leaver too."""
_AWAY_FROM = 35
"""So many days after the start day, one adviser is away from then on until contacts rise no more."""
_AWAY_EARLIER = range(-62, 14)
"""The days, as counted from the start day, on which another is away at a large council."""
_WHY = ("E4A",) * 8 + ("E4B",) * 2 + ("E45", "E46", "E41", "E13", "E8", "E47")


@dataclass(slots=True, eq=False)
class Stay:
    """How long one child stays in care, drawn before anything is written: most who came long ago have left no trace."""

    born: int
    left: int
    advised_until: int
    """The day advice as a care leaver ends; 0 for a child who is not one."""


@dataclass(eq=False)
class Entries:
    """Brings children into care. `noticed` is called with each child who has a case on the start day, and its stage."""

    books: Books
    people: People
    front_door: FrontDoor
    allocation: Allocation
    care: Care
    noticed: Callable[[Stage, int], None]

    def __post_init__(self) -> None:
        self._chance = self.books.chances("entries")
        self._names_nobody = self.books.one_in(RATES["no_adviser"], self.books.chances("unadvised"))
        self._leavers = Leavers(self.books)
        self._asylum = self.books.chances("asylum")
        self._advised: list[tuple[Child, Stay, Stage]] = []

    def long_ago(self, first: int, last: int, families_a_day: float) -> list[Child]:
        """Bring in, day by day, those of long ago who are still in care or advised, and give them."""
        known: list[Child] = []
        for day in range(first, last):
            for _ in range(number(self._chance, families_a_day)):
                known += self.enter(day)
        return known

    def enter(self, day: int) -> list[Child]:
        """Refer a family on a day and bring it into care soon after; return those who leave a trace."""
        chance = self._chance.random
        alone = chance() < _UNACCOMPANIED
        ages = self._ages(alone=alone)
        entered = day + 1 if alone else day + 3 + int(chance() ** 2 * 40)
        stays = [self._stay(day - age, entered, alone=alone) for age in ages]
        kept = [stay for stay in stays if max(stay.left, stay.advised_until) > self.books.since and entered < stay.left]
        if not kept:
            return []
        shown = self.books.recorded(day)
        children = [self.people.child(stay.born, shown, unaccompanied=alone) for stay in kept]
        referral = self.front_door.refer(day, children)
        stage = Stage("assessment", "CW", day, entered + 20, children, list(referral.ids))
        self.front_door.assess(referral, stage, nfa=False)
        self.allocation.add(stage)
        self._look_after(referral, entered, kept, alone=alone)
        return children

    def look_after(self, referral: Referral, entered: int) -> None:
        """Bring the children of a referral that is already known into care."""
        stays = [self._stay(child.born, entered, alone=False) for child in referral.children]
        self._look_after(referral, entered, stays, alone=False)

    def write_leavers(self) -> None:
        """Write the care leavers, once it is known who advises them."""
        advised = [one for one in self._advised if one[1].left < self.books.last]
        away = self._advisers_away(Counter(stage.worker for _, _, stage in advised if stage.worker))
        for child, stay, stage in advised:
            adviser = stage.worker
            team = (adviser.team if adviser else None) or self.allocation.staff.teams["care_leavers"][0]
            named = adviser.id if adviser and self._chance.random() < 0.97 and not stage.names_nobody else None
            unseen = away.get(adviser, range(0)) if adviser else range(0)
            self._leavers.add(child, stay.left, named, team.id, until=stay.advised_until, unseen=unseen)

    def forget_advisers(self) -> None:
        """Leave a few of those who leave care without an adviser, before it is known who advises them: the role names nobody."""
        if self.books.large:
            # Evenly, so that some are of each age.
            self._advised.sort(key=lambda advised: advised[1].left)
        for child, stay, advice in self._advised:
            if self._names_nobody():
                advice.names_nobody = True
                self.books.truth.note("no_adviser", child.id, max(stay.left, child.shown), stay.advised_until)

    def _advisers_away(self, advised: Mapping[Worker, int]) -> dict[Worker, range]:
        """Return the advisers of the most, whom nobody stands in for while they are away, and the days on which they are."""
        start = self.books.start
        spells = [range(start + _AWAY_FROM, self.books.rises[-1].days.stop)]
        if self.books.large:
            spells.append(range(start + _AWAY_EARLIER.start, start + _AWAY_EARLIER.stop))
        most = sorted(advised, key=lambda worker: (advised[worker], worker.id), reverse=True)
        return dict(zip(most, spells, strict=False))

    # ------------------------------------------------------------------ one child

    def _ages(self, *, alone: bool) -> list[int]:
        chance = self._chance.random
        if alone:
            return [int((15.4 + chance() * 2.2) * _YEAR)]
        return [int((12.5 + chance() * 5) * _YEAR)] if chance() < _TEENAGER else self.front_door.ages()

    def _stay(self, born: int, entered: int, *, alone: bool) -> Stay:
        chance = self._chance
        days = 15 + chance.random() * 170 if chance.random() < _SHORT_STAYS else 180 + chance.expovariate(1 / _MEAN_STAY_DAYS)
        grown = self.books.days.birthday(born, LEAVING_AGE)
        left = grown if alone else min(entered + int(days), grown)
        leaver = left == grown or (left - born > _BORDER_AGE * _YEAR and left - entered > 200)
        age = LAST_AGE if chance.random() < 0.14 else GROWN_AGE
        return Stay(born, left, self.books.days.birthday(born, age) if leaver else 0)

    def _look_after(self, referral: Referral, entered: int, stays: list[Stay], *, alone: bool) -> None:
        closes = []
        for child, identifier, stay in zip(referral.children, referral.ids, stays, strict=True):
            if child.born > entered or entered >= min(stay.left, self.books.last):
                closes.append(entered + 20)
                continue
            closes.append(stay.advised_until or stay.left + 30 + int(self._chance.random() * 30))
            self.care.period(child, identifier, entered, stay.left, self._why(stay), unaccompanied=alone)
            self._stages(child, identifier, entered, stay)
            if alone and self.books.large:
                self._seek_asylum(child, entered)
        self.front_door.close(referral, closes)

    def _seek_asylum(self, child: Child, entered: int) -> None:
        """Write that a child who came alone sought asylum, some with leave to remain until a day."""
        ledger, text, chance = self.books.ledgers["ssd_immigration_status"], self.books.days.text, self._asylum.random
        ends = entered + 300 + int(chance() * 800)
        cells = (ledger.next_id(), child.id, text(entered), text(ends) if chance() < 0.4 else None, "UASC")
        ledger.add(max(child.shown, self.books.days.working(entered, 2)), cells)

    def _why(self, stay: Stay) -> str:
        age = (stay.left - stay.born) / _YEAR
        if age >= LEAVING_AGE - 0.01:
            return "E17" if self._chance.random() < 0.4 else "E5"
        if age < 7 and self._chance.random() < 0.3:
            return "E11" if self._chance.random() < 0.5 else "E12"
        return _WHY[int(self._chance.random() * len(_WHY))]

    def _stages(self, child: Child, referral: str, entered: int, stay: Stay) -> None:
        moved = min(entered + 20, stay.left - 1)
        case = Stage("children_in_care", "CW", moved, stay.left + (0 if stay.advised_until else 20), [child], [referral])
        self.allocation.add(case)
        self.allocation.add(Stage("quality_assurance", "IRO", entered + 5, stay.left, [child], [referral]))
        self.noticed(case, stay.left)
        if not stay.advised_until:
            return
        # Involvements of advisers often have no referral.
        advice = Stage("care_leavers", "16PLUS", stay.left, stay.advised_until, [child], [None])
        self.allocation.add(advice)
        self._advised.append((child, stay, advice))
