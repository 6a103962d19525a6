"""The lives of families from the day they are referred: which way they go, how long it takes, and who has the case."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from alerting.sources.demo.allocation import Allocation, Stage
from alerting.sources.demo.books import Books
from alerting.sources.demo.care import Care
from alerting.sources.demo.entries import Entries
from alerting.sources.demo.families import FrontDoor, Referral, number, season
from alerting.sources.demo.leavers import LEAVING_AGE
from alerting.sources.demo.nasties import NEVER
from alerting.sources.demo.people import Child, People
from alerting.sources.demo.protection import Protection
from alerting.sources.demo.staff import Staff

WAYS: Mapping[str, float] = {
    "no further action": 0.065,
    "not in need": 0.313,
    "short help": 0.165,
    "plan": 0.255,
    "protection": 0.122,
    "care": 0.050,
    "disability": 0.030,
}
"""Ways a family goes after a referral, and how many families of a hundredth go each; together 1."""

_REFERRALS_A_YEAR = 3460
_CHILDREN_A_FAMILY = 1.71
_AGAIN = 0.26
"""Of families referred to a small council, that have been referred before."""
_A_YEAR = 365
_COMING_BACK, _COMING_BACK_AT_MOST = 0.212, 0.228
_MORE_COME_BACK, _RISING_DAYS = range(-19, 115), 48
"""The days, as counted from the start day, in which the share of those who come back rises, stays, and is less again."""
_NOBODY_YET = 0.1
"""Of families on a protection plan with a large council, those for whom no worker is found for some weeks."""
_REACH_DAYS = 1100
_LONG_REACH_DAYS = 20 * 365
_WEEKDAY, _WEEKEND = 1.3, 0.25
_SATURDAY = 5
_ASSESSMENT_AT_MOST_DAYS = 130


class ComingBack:
    """How many of a year's referrals are of children referred in the year before, and how many there should be.

    About as many as in the middle of all councils; more come back from some weeks before the start day on, fewer three months after it.
    """

    def __init__(self, start: int) -> None:
        self._start = start
        self._year: deque[tuple[int, int, int]] = deque()
        self._referred = self._again = 0
        self._last: dict[str, int] = {}

    def too_few(self, day: int) -> bool:
        """Return whether the next family should be one that comes back."""
        while self._year and self._year[0][0] <= day - _A_YEAR:
            _, referred, again = self._year.popleft()
            self._referred -= referred
            self._again -= again
        return self._again < self._share(day) * self._referred

    def note(self, day: int, children: list[Child]) -> None:
        """Note the referral of a family."""
        again = sum(day - self._last.get(child.id, 0) <= _A_YEAR for child in children)
        self._last |= dict.fromkeys((child.id for child in children), day)
        self._year.append((day, len(children), again))
        self._referred += len(children)
        self._again += again

    def _share(self, day: int) -> float:
        since, whole = day - self._start - _MORE_COME_BACK.start, len(_MORE_COME_BACK)
        risen = max(0.0, min(1.0, since / _RISING_DAYS, (whole - since) / _RISING_DAYS))
        return _COMING_BACK + (_COMING_BACK_AT_MOST - _COMING_BACK) * risen


@dataclass(slots=True, eq=False)
class OpenCase:
    """A child with a case on the start day, and the stage that says whose it is."""

    child: Child
    stage: Stage


class Lives:
    """Lets families live through the council's days and writes what is recorded of it."""

    def __init__(self, books: Books, staff: Staff) -> None:
        self._books = books
        self._chance = books.chances("lives")
        self.people = People(books)
        self.allocation = Allocation(books, staff)
        self._front_door = FrontDoor(books, self.people, self.allocation)
        manager = staff.teams["help_protection"][0].manager
        set_by = manager.id if manager else ""
        self._protection = Protection(books, set_by)
        self._care = Care(books, set_by)
        self._entries = Entries(books, self.people, self._front_door, self.allocation, self._care, self._notice)
        self._coming_back = ComingBack(books.start)
        self._waits = books.chances("waiting for a worker")
        self._nobody_yet = books.one_in(_NOBODY_YET, self._waits)
        self._closed: list[tuple[int, list[Child]]] = []
        self.children: list[Child] = []
        self.open_cases: list[OpenCase] = []
        self._ways: Mapping[str, Callable[[Referral, int], int]] = {
            "no further action": self._no_further_action,
            "not in need": self._not_in_need,
            "short help": self._short_help,
            "plan": self._plan,
            "protection": self._protect,
            "disability": self._disability,
        }

    def live(self) -> None:
        """Let everything happen, hand out the cases, then write what depends on who has them."""
        books = self._books
        rate = _REFERRALS_A_YEAR * books.scale / _CHILDREN_A_FAMILY / 365
        long_ago, reach = books.start - _LONG_REACH_DAYS, books.start - _REACH_DAYS
        self.children += self._entries.long_ago(long_ago, reach, rate * WAYS["care"])
        for day in range(long_ago, reach):
            for _ in range(number(self._chance, rate * WAYS["disability"])):
                self._refer(day, "disability")
        for day in range(reach, books.last + 1):
            on = date.fromordinal(day)
            busy = season(on.month) * (_WEEKDAY if on.weekday() < _SATURDAY else _WEEKEND)
            for _ in range(number(self._chance, rate * busy)):
                self._refer(day, self._way())
        self._entries.forget_advisers()
        self.allocation.hand_out()
        self._protection.write_earlier()
        self._front_door.write_assessments()
        self._entries.write_leavers()

    def _way(self) -> str:
        pick = self._chance.random()
        for way, share in WAYS.items():
            if pick < share:
                return way
            pick -= share
        return "not in need"

    def _refer(self, day: int, way: str) -> None:
        if way == "care":
            entered = self._entries.enter(day)
            self._coming_back.note(day, entered)
            self.children += entered
            return
        lasts = self._lasts(way)
        if day + lasts + _ASSESSMENT_AT_MOST_DAYS < self._books.since:
            return
        again = self._chance.random() < _AGAIN
        if self._books.large:
            again = self._coming_back.too_few(day)
        children = self._again(day) if again else None
        if children is None:
            unborn = way in ("plan", "protection") and self._chance.random() < 0.04
            children = self._front_door.family(day, unborn=unborn)
            self.children += children
        self._coming_back.note(day, children)
        referral = self._front_door.refer(day, children, nfa=way == "no further action")
        if self._chance.random() < 0.15:
            self._front_door.early_help(referral)
        self._closed.append((self._ways[way](referral, lasts), children))

    def _lasts(self, way: str) -> int:
        """Draw how many days what follows the assessment lasts."""
        chance = self._chance
        if way == "plan":
            return min(int(140 * chance.lognormvariate(0, 0.75)) + 20, 900)
        if way == "protection":
            return self._protection.length_days()
        if way == "disability":
            return 200 + int(chance.expovariate(1 / 1150))
        return 30 + int(chance.random() * 60)

    def _again(self, day: int) -> list[Child] | None:
        """Choose a family whose case closed within the last year."""
        recent = int(1100 * self._books.scale) + 20
        for _ in range(6):
            place = len(self._closed) - 1 - int(self._chance.random() * recent)
            if place < 0:
                continue
            closed, children = self._closed[place]
            young = [child for child in children if day - child.born < 17.5 * 365]
            if day - 365 < closed < day and young:
                self._closed[place] = (NEVER, children)
                return young
        return None

    # ------------------------------------------------------------------ ways, each giving the day the case closes

    def _no_further_action(self, referral: Referral, _lasts: int) -> int:
        closes = self._books.days.working(referral.day + 1, int(self._chance.random() * 3))
        self._stage("front_door", referral.day, closes, referral)
        return self._close(referral, closes, "RC8")

    def _not_in_need(self, referral: Referral, _lasts: int) -> int:
        stage, assessed = self._assess(referral, nfa=True)
        closes = self._books.days.working(assessed, int(self._chance.random() * 6))
        stage.ends = closes
        if self._chance.random() < 0.18:
            self._enquire(referral, nfa=True)
        return self._close(referral, closes, "RC9" if self._chance.random() < 0.4 else "RC8")

    def _short_help(self, referral: Referral, lasts: int) -> int:
        _, assessed = self._assess(referral)
        if self._chance.random() < 0.25:
            self._enquire(referral, nfa=True)
        return self._help(referral, assessed + 4, assessed + lasts)

    def _plan(self, referral: Referral, lasts: int) -> int:
        _, assessed = self._assess(referral)
        if self._chance.random() < 0.4:
            self._enquire(referral, nfa=False)
        self._front_door.plan(referral, assessed + 4, assessed + lasts)
        return self._help(referral, assessed + 4, assessed + lasts + 8)

    def _protect(self, referral: Referral, lasts: int) -> int:
        strategy, enquiries = self._enquire(referral, nfa=False)
        held = self._protection.conference(referral, strategy, enquiries)
        stage, assessed = self._assess(referral)
        if held is None:
            self._front_door.plan(referral, assessed + 4, assessed + 120)
            return self._help(referral, assessed + 4, assessed + 128)
        stage.ends = held + 8
        grown = min(self._books.days.birthday(child.born, LEAVING_AGE) for child in referral.children)
        ends = max(min(held + lasts, grown - 1), held + 30)
        self._protection.plan(referral, held, ends)
        if self._chance.random() < 0.10:
            self._stage("help_protection", held + 8, ends + 20, referral)
            self._entries.look_after(referral, ends)
            return NEVER
        step_down = ends + 30 + int(self._chance.random() * 90)
        self._front_door.plan(referral, ends, step_down)
        awaited = self._books.large and self._nobody_yet()
        return self._help(referral, held + 8, step_down + 5, awaited_days=25 + int(self._waits.random() * 20) if awaited else 0)

    def _disability(self, referral: Referral, lasts: int) -> int:
        del referral.children[1:], referral.ids[1:]
        [child] = referral.children
        _, assessed = self._assess(referral)
        closes = max(min(assessed + lasts, self._books.days.birthday(child.born, LEAVING_AGE)), assessed + 10)
        self._notice(self._stage("disabled_children", assessed + 4, closes, referral), closes)
        if self._chance.random() < 0.45:
            self._front_door.plan(referral, assessed + 4, closes)
        else:
            self._front_door.visit(referral.children, assessed, closes, every=40)
        if self._chance.random() < 0.15 and assessed + 60 < min(closes, self._books.last):
            self._care.short_breaks(child, referral.ids[0], assessed + 30, closes)
        return self._close(referral, closes)

    # ------------------------------------------------------------------ parts of ways

    def _stage(self, service: str, starts: int, ends: int, referral: Referral) -> Stage:
        stage = Stage(service, "CW", starts, ends, referral.children, list(referral.ids))
        self.allocation.add(stage)
        return stage

    def _assess(self, referral: Referral, *, nfa: bool = False) -> tuple[Stage, int]:
        stage = self._stage("assessment", referral.day, NEVER, referral)
        assessed = self._front_door.assess(referral, stage, nfa=nfa)
        stage.ends = assessed + 4
        return stage, assessed

    def _enquire(self, referral: Referral, *, nfa: bool) -> tuple[int, list[str]]:
        strategy = self._books.days.working(referral.day + 1, int(self._chance.random() * 8))
        return strategy, self._front_door.enquire(referral, strategy, nfa=nfa)

    def _help(self, referral: Referral, starts: int, closes: int, *, awaited_days: int = 0) -> int:
        stage = self._stage("help_protection", starts, closes, referral)
        stage.awaited_days = awaited_days
        self._notice(stage, closes)
        return self._close(referral, closes)

    def _close(self, referral: Referral, closes: int, reason: str = "RC7") -> int:
        self._front_door.close(referral, [closes] * len(referral.ids), reason)
        return closes

    def _notice(self, stage: Stage, closes: int) -> None:
        if stage.starts < self._books.earliest and closes > self._books.last:
            self.open_cases += [OpenCase(child, stage) for child in stage.children]
