"""Families, and the way in: contacts, referrals, assessments, enquiries, plans for children in need."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

from alerting.sources.demo.allocation import Allocation, Stage
from alerting.sources.demo.books import Books
from alerting.sources.demo.nasties import NEVER
from alerting.sources.demo.people import Child, People

_FAMILY_SIZES = (1,) * 55 + (2,) * 27 + (3,) * 12 + (4,) * 5 + (5,)
_NEEDS = ("N1",) * 58 + ("N5",) * 12 + ("N4",) * 9 + ("N2",) * 8 + ("N8",) * 5 + ("N0",) * 3 + ("N3",) * 3 + ("N6",) * 2
_CLOSED = {"RC7": "Services ceased for any other reason", "RC8": "RC8: Case closed after assessment, no further action"}
_YEAR = 365.25
_ASSESSMENT_DAYS = (
    (0, 0, 15),
    (1, 10, 114),
    (11, 20, 173),
    (21, 30, 160),
    (31, 39, 190),
    (40, 45, 214),
    (46, 50, 62),
    (51, 60, 46),
    (61, 75, 26),
)
"""Working days an assessment takes, from, to, and how often: with the pile-up just before 45."""


@dataclass(slots=True, eq=False)
class Referral:
    """One family referred on one day: the children who were under 18, and the id of each child's referral."""

    day: int
    children: list[Child]
    ids: list[str]
    nfa: bool = False


class FrontDoor:
    """Contacts and referrals, and what follows a referral at once."""

    def __init__(self, books: Books, people: People, allocation: Allocation) -> None:
        self._books, self._people, self._allocation = books, people, allocation
        self._chance = books.chances("front door")
        self._unseen = books.chances("unseen")
        self._assessed: list[tuple[Referral, int, int, bool, Stage]] = []
        self._teams = [team for team in allocation.staff.teams["front_door"] if team.workers]

    # ------------------------------------------------------------------ referrals

    def family(self, day: int, *, unborn: bool = False) -> list[Child]:
        """Make a family that becomes known on a day."""
        shown = self._books.recorded(day)
        return [self._people.child(day - age, shown) for age in self.ages(unborn=unborn)]

    def ages(self, *, unborn: bool = False) -> list[int]:
        """Draw the ages in days of one to five brothers and sisters; below 0 for one not born yet."""
        chance = self._chance.random
        size = _FAMILY_SIZES[int(chance() * 100)]
        ages = [1 + int(chance() ** 0.8 * 16.8 * _YEAR)]
        while len(ages) < size:
            ages.append(max(int(ages[-1] - (1 + chance() * 3) * _YEAR), int(chance() * 300)))
        if unborn:
            ages[-1] = -20 - int(chance() * 100)
        return ages

    def refer(self, day: int, children: list[Child], *, nfa: bool = False) -> Referral:
        """Refer a family; its referrals have no rows until `close` is called."""
        return Referral(day, children, [self._books.ledgers["ssd_cin_episodes"].next_id() for _ in children], nfa=nfa)

    def close(self, referral: Referral, closes: list[int], reason: str = "RC7") -> None:
        """Write the episodes of need of a referral, each with the day it closes; NEVER for one that does not."""
        books, chance = self._books, self._chance.random
        need = _NEEDS[int(chance() * len(_NEEDS))]
        team = self._teams[int(chance() * len(self._teams))]
        worker = team.workers[int(chance() * len(team.workers))]
        shown = books.recorded(referral.day)
        nfa = "Y" if referral.nfa else "N"
        for child, identifier, closed in zip(referral.children, referral.ids, closes, strict=True):
            cells = [identifier, child.id, books.days.text(referral.day), need, nfa, None, None, team.id, worker.id]
            text = books.word(reason, [_CLOSED.get(reason, reason)], f"ssd_cin_episodes {identifier}", shown)
            books.add_ending(
                "ssd_cin_episodes", max(shown, child.shown), cells, closed, (("cine_close_reason", text),), "cine_close_date"
            )

    # ------------------------------------------------------------------ assessments

    def assess(self, referral: Referral, stage: Stage, *, nfa: bool) -> int:
        """Assess a family and give the day the assessment is authorised."""
        books = self._books
        starts = books.days.working(referral.day, 1)
        ends = books.days.after(starts, self._assessment_days())
        if ends > books.since:
            self._assessed.append((referral, starts, ends, nfa, stage))
        return ends

    def write_assessments(self) -> None:
        """Write the assessments, once it is known who did them."""
        for referral, starts, ends, nfa, stage in self._assessed:
            shown = self._books.recorded(starts)
            for child, identifier in zip(referral.children, referral.ids, strict=True):
                self._write_assessment(child, identifier, starts, ends, max(shown, child.shown), nfa=nfa, stage=stage)

    def _assessment_days(self) -> int:
        pick = self._chance.random() * 1000
        for first, last, share in _ASSESSMENT_DAYS:
            if pick < share:
                return first + int(self._chance.random() * (last - first + 1))
            pick -= share
        return 45

    def _write_assessment(
        self, child: Child, referral: str, starts: int, ends: int, shown: int, *, nfa: bool, stage: Stage
    ) -> None:
        books, ledger = self._books, self._books.ledgers["ssd_cin_assessments"]
        identifier = ledger.next_id()
        known = max(books.recorded(ends), shown) if ends <= books.last else NEVER
        worker = stage.worker
        finals = {
            "cina_assessment_child_seen": "N" if self._unseen.random() < _UNSEEN else "Y",
            "cina_assessment_auth_date": books.days.text(ends),
            "cina_assessment_outcome_nfa": "Y" if nfa else "N",
            "cina_assessment_team": worker.team.id if worker and worker.team else None,
            "cina_assessment_worker_id": worker.id if worker else None,
        }
        cells = [identifier, child.id, referral, books.days.text(starts)]
        if known <= books.earliest:
            ledger.add(shown, (*cells, *finals.values()))
            return
        open_auth = None
        if books.hit("auth_1900"):
            open_auth = "1900-01-01 00:00:00"
            books.truth.note("auth_1900", identifier, shown, known)
        row = ledger.add(shown, (*cells, None, open_auth, None, None, None))
        if known < NEVER:
            for column, cell in finals.items():
                ledger.change(known, row, column, cell)

    # ------------------------------------------------------------------ enquiries and plans for children in need

    def enquire(self, referral: Referral, day: int, *, nfa: bool) -> list[str]:
        """Hold a strategy discussion on a day and write the section 47 enquiries; return their ids."""
        books, ledger = self._books, self._books.ledgers["ssd_s47_enquiry"]
        ends = books.days.after(day, 5 + int(self._chance.random() * 12))
        ids = []
        for child, identifier in zip(referral.children, referral.ids, strict=True):
            ids.append(ledger.next_id())
            cells = [ids[-1], identifier, child.id, books.days.text(day), None, None]
            shown = max(books.recorded(day), child.shown)
            books.add_ending("ssd_s47_enquiry", shown, cells, ends, (("s47e_s47_nfa", "Y" if nfa else "N"),), "s47e_s47_end_date")
        return ids

    def plan(self, referral: Referral, starts: int, ends: int) -> None:
        """Write plans for children in need, and visits every four weeks or so."""
        books, ledger = self._books, self._books.ledgers["ssd_cin_plans"]
        for child, identifier in zip(referral.children, referral.ids, strict=True):
            cells = [ledger.next_id(), identifier, child.id, books.days.text(starts), None]
            books.add_ending("ssd_cin_plans", max(books.recorded(starts), child.shown), cells, ends, (), "cinp_cin_plan_end_date")
        self.visit(referral.children, starts, ends, every=20)

    def visit(self, children: list[Child], starts: int, ends: int, *, every: int) -> None:
        """Write visits to children in need, every so many working days, give or take a third."""
        books, chance, ledger = self._books, self._chance.random, self._books.ledgers["ssd_cin_visits"]
        day = max(starts, books.visits_since)
        while (day := books.days.after(day, int(every * (0.67 + chance() * 0.67)))) < min(ends, books.last):
            shown, text = books.recorded(day), books.days.text(day)
            for child in children:
                if child.born <= day:
                    identifier = ledger.next_id()
                    when = books.future_day(day, f"ssd_cin_visits {identifier}", shown) if books.hit("visit_in_future") else text
                    first = max(child.shown, shown)
                    ledger.add(first, (identifier, child.id, when, "N" if chance() < 0.05 else "Y"))

    def early_help(self, referral: Referral) -> None:
        """Write the help a family had before it was referred."""
        books, ledger = self._books, self._books.ledgers["ssd_early_help_episodes"]
        ends = referral.day - 1 - int(self._chance.random() * 60)
        starts = ends - 40 - int(self._chance.random() * 200)
        for child in referral.children:
            if child.born < starts:
                ledger.add(child.shown, (ledger.next_id(), child.id, books.days.text(starts), books.days.text(ends)))


_CONTACT_SOURCES = (
    ("6",) * 28 + ("2A",) * 20 + ("3A", "3B", "3E", "3F") * 4 + ("5A", "5B", "5C", "5D") * 3 + ("1A", "1B", "1C", "9") * 2
)
_MONTHS = {1: 546, 2: 550, 3: 519, 4: 433, 5: 556, 6: 586, 7: 518, 8: 440, 9: 540, 10: 557, 11: 557, 12: 451}
_MEAN_MONTH = 521
_CONTACTS_A_YEAR = 3367 * 4.8
_UNSEEN = 0.04
"""Of assessments, authorised without a word that the child was seen."""
_SATURDAY = 5


def season(month: int) -> float:
    """Return how busy the front door is in a month, 1 being the average of a year."""
    return _MONTHS[month] / _MEAN_MONTH


def number(chance: Random, expected: float) -> int:
    """Return a whole number near `expected`, as chance has it, and right on average."""
    spread = expected * (0.8 + 0.4 * chance.random())
    return int(spread) + (chance.random() < spread % 1)


def write_contacts(books: Books, people: People, known: list[Child]) -> None:
    """Write two years of contacts, some about children with a case, most about children who never have one."""
    chance = books.chances("contacts")
    random = chance.random
    others: list[Child] = []
    cases = sorted(known, key=lambda child: child.shown)
    with_case = 0
    for day in range(books.contacts_since, books.last + 1):
        while with_case < len(cases) and cases[with_case].shown <= day:
            with_case += 1
        on = date.fromordinal(day)
        busy = season(on.month) * (1.26 if on.weekday() < _SATURDAY else 0.35)
        text = books.days.text(day)
        if rise := books.rise(day):
            busy *= rise.contacts
        for _ in range(number(chance, _CONTACTS_A_YEAR * books.scale / 365 * busy)):
            shown, pick = books.recorded(day), random()
            if pick < 0.32 and with_case:
                child = cases[int(random() * with_case)]
            elif pick < 0.52 or not others:
                child = people.child(day - int(random() * 17.5 * _YEAR), shown)
                others.append(child)
            else:
                child = others[int(random() * len(others))]
            _write_contact(books, child, text, shown, random())


def _write_contact(books: Books, child: Child, day: str, shown: int, pick: float) -> None:
    ledger = books.ledgers["ssd_contacts"]
    identifier = ledger.next_id()
    shown = max(child.shown, shown)
    source = _CONTACT_SOURCES[int(pick * len(_CONTACT_SOURCES))]
    if books.hit("place_holder"):
        source = "SSD_PH"
        books.truth.note("place_holder", identifier, shown)
    ledger.add(shown, (identifier, child.id, day, source))
