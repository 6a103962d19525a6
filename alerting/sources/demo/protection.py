"""Child protection: conferences, plans, visits every week or two, review conferences."""

from __future__ import annotations

from dataclasses import dataclass

from alerting.sources.demo.books import Books
from alerting.sources.demo.families import Referral
from alerting.sources.demo.ledger import Cell
from alerting.sources.demo.nasties import NEVER
from alerting.sources.demo.people import Child

_AGAIN, _EARLIER = 0.24, 500_000
"""How many families on a plan had one before, and how far its number is from that of the later one."""
_BEFORE_DAYS, _OLD_ENOUGH_DAYS = 1300, 560
"""So long before at most, and so old the eldest child has to be by then."""
_WEEK_BEGINS = 5
"""So many days after the start day begin the weeks of each of which one family at a large council had a plan before."""
_FIRST_REVIEW_MONTHS, _LATER_REVIEW_MONTHS = 3, 6
# Seen, and seen alone.
_SEEN = (("Y", "Y"),) * 60 + (("Yes", "Y"), ("y", "y")) * 4 + (("Y", "N"),) * 28 + (("N", "N"),) * 4
_ASKED_WORKING_DAYS = (5, 15, 20)


@dataclass(slots=True, eq=False)
class Plan:
    """One family's time on a plan, and the plan id of each child."""

    starts: int
    ends: int
    children: list[Child]
    ids: list[str]


class Protection:
    """Writes everything about child protection."""

    def __init__(self, books: Books, set_by: str) -> None:
        self._books, self._set_by = books, set_by
        self._chance = books.chances("protection")
        self._before = books.chances("plans before")
        self._plans: list[tuple[int, list[Child], list[str]]] = []
        self._made: dict[str, tuple[str, str]] = {}

    def conference(self, referral: Referral, strategy: int, enquiries: list[str]) -> int | None:
        """Hold an initial conference within 15 working days or so; return its day when a plan is made, else None."""
        books, chance = self._books, self._chance.random
        wait = 8 + int(chance() * 8) if chance() < 0.8 else 16 + int(chance() * 10)
        day = books.days.after(strategy, wait)
        planned = chance() < 0.83
        plan_ids = [books.ledgers["ssd_cp_plans"].next_id() for _ in referral.children]
        ledger = books.ledgers["ssd_initial_cp_conference"]
        conferences = [ledger.next_id() for _ in referral.children]
        if day <= books.last:
            rows = zip(conferences, enquiries, referral.children, plan_ids, strict=True)
            for identifier, enquiry, child, plan in rows:
                ledger.add(books.recorded(day), (identifier, enquiry, child.id, plan if planned else None, books.days.text(day)))
        if not planned:
            return None
        self._made |= dict(zip(referral.ids, zip(plan_ids, conferences, strict=True), strict=True))
        return day

    def plan(self, referral: Referral, starts: int, ends: int) -> None:
        """Write the plans made by the last conference, with visits and reviews, until they end."""
        books = self._books
        ids: list[str] = []
        for child, identifier in zip(referral.children, referral.ids, strict=True):
            plan_id, conference = self._made.pop(identifier)
            shown = max(books.recorded(starts), child.shown)
            other = books.hit("other_authority_plan")
            cells: list[Cell] = [plan_id, identifier, conference, child.id, books.days.text(starts), None, "Y" if other else "N"]
            known = books.add_ending("ssd_cp_plans", shown, cells, ends, (), "cppl_cp_plan_end_date")
            if other:
                books.truth.note("other_authority_plan", plan_id, shown)
            if self._chance.random() < 0.06 and known > books.earliest:
                self._visit_frequency(child, starts)
            ids.append(plan_id)
        if books.large:
            self._plans.append((starts, referral.children, ids))
        elif self._before.random() < _AGAIN:
            self._write_earlier(referral.children, ids, starts, _BEFORE_DAYS)
        family = Plan(starts, ends, referral.children, ids)
        self._visits(family)
        self._reviews(family)

    def write_earlier(self) -> None:
        """Write, once all plans of a large council are, that a family of each week's had one before."""
        week = -NEVER
        for starts, children, ids in sorted(self._plans, key=lambda plan: plan[0]):
            since, age = starts - self._books.start - _WEEK_BEGINS, starts - min(child.born for child in children)
            if since // 7 > week and age > _OLD_ENOUGH_DAYS:
                week = since // 7
                self._write_earlier(children, ids, starts, min(_BEFORE_DAYS, age - _OLD_ENOUGH_DAYS))

    def _write_earlier(self, children: list[Child], ids: list[str], starts: int, before_days: int) -> None:
        """Write a plan that the children had before, over since a few months or years; all else about it is forgotten."""
        books, chance, ledger = self._books, self._before.random, self._books.ledgers["ssd_cp_plans"]
        over = starts - 60 - int(before_days * chance())
        began = over - 80 - int(400 * chance())
        for child, plan_id in zip(children, ids, strict=True):
            if child.born < began:
                dates = (books.days.text(began), books.days.text(over))
                ledger.add(max(over, child.shown), (str(int(plan_id) + _EARLIER), None, None, child.id, *dates, "N"))

    def length_days(self) -> int:
        """Draw how long a plan lasts: seven months in the middle, two years for one in forty."""
        return min(max(80, int(262 * self._chance.lognormvariate(0, 0.52))), 1000)

    # ------------------------------------------------------------------ visits

    def _visits(self, plan: Plan) -> None:
        books, chance, ledger = self._books, self._chance.random, self._books.ledgers["ssd_cp_visits"]
        stop = min(plan.ends, books.last)
        day = plan.starts if plan.starts > books.visits_since else books.visits_since - int(chance() * 8)
        while (day := books.days.after(day, self._gap())) < stop:
            shown, text = books.recorded(day), books.days.text(day)
            for child, plan_id in zip(plan.children, plan.ids, strict=True):
                if child.born > day:
                    continue
                identifier = ledger.next_id()
                named: str | None = plan_id
                if books.hit("orphan_plan_id"):
                    named = self._orphan(plan_id, f"ssd_cp_visits {identifier}", shown)
                when = books.future_day(day, f"ssd_cp_visits {identifier}", shown) if books.hit("visit_in_future") else text
                first = max(child.shown, shown)
                ledger.add(first, (identifier, child.id, named, when, *_SEEN[int(chance() * 100)]))

    def _gap(self) -> int:
        """Draw the working days to the next visit: mostly about a week, one in eight late."""
        chance = self._chance.random
        pick = chance()
        if pick < 0.88:
            return 4 + int(chance() * 4)
        return 8 + int(chance() * 3) if pick < 0.96 else 11 + int(chance() * 7)

    def _orphan(self, plan_id: str, key: str, shown: int) -> str | None:
        self._books.truth.note("orphan_plan_id", key, shown)
        return None if self._chance.random() < 0.5 else f"{plan_id}9"

    def _visit_frequency(self, child: Child, starts: int) -> None:
        books = self._books
        every = _ASKED_WORKING_DAYS[int(self._chance.random() * len(_ASKED_WORKING_DAYS))]
        day = books.days.working(starts, 20)
        if day <= books.last:
            text = books.days.text(day)
            cells = (child.id, "CP", str(every), None, text, None, self._set_by, text)
            books.ledgers["ext_visit_freq"].add(max(day, child.shown), cells)

    # ------------------------------------------------------------------ reviews

    def _reviews(self, plan: Plan) -> None:
        books = self._books
        due = books.days.months(plan.starts, _FIRST_REVIEW_MONTHS)
        while due - 45 < min(plan.ends, books.last):
            held = self._held(due)
            if held > books.since:
                self._review(plan, due, held)
            due = books.days.months(held, _LATER_REVIEW_MONTHS)

    def _held(self, due: int) -> int:
        chance = self._chance.random
        if chance() < 0.92:
            return self._books.days.working(due - 12 + int(chance() * 10))
        return self._books.days.working(due + 2 + int(chance() * 40))

    def _review(self, plan: Plan, due: int, held: int) -> None:
        books, ledger = self._books, self._books.ledgers["ssd_cp_reviews"]
        booked = self._chance.random() < 0.6
        # A conference after the plan has ended is not held; it may have been booked.
        known = books.recorded(held) if held <= min(plan.ends, books.last) else NEVER
        shown = min(due, held) - 30 - int(self._chance.random() * 14) if booked else known
        if shown > books.last or shown > plan.ends:
            return
        for child, plan_id in zip(plan.children, plan.ids, strict=True):
            first = max(shown, child.shown)
            cells: list[Cell] = [ledger.next_id(), child.id, plan_id, f"{books.days.text(due)} 00:00:00", None]
            text = f"{books.days.text(held)} 00:00:00"
            if known <= max(books.earliest, first):
                cells[-1] = text
                ledger.add(first, cells)
                continue
            row = ledger.add(first, cells)
            if known < NEVER:
                ledger.change(known, row, "cppr_cp_review_date", text)
