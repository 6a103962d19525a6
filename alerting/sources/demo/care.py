"""Periods of care: placements, legal statuses, episodes, visits, reviews, care plans and health."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from alerting.sources.demo.books import Books
from alerting.sources.demo.ledger import Cell
from alerting.sources.demo.nasties import NEVER
from alerting.sources.demo.people import Child

FIRST_REVIEW_WORKING_DAYS, SECOND_REVIEW_MONTHS, LATER_REVIEW_MONTHS = 20, 3, 6
_VISIT_DAYS, _LONG_TERM_VISIT_DAYS, _CLOSE_VISIT_DAYS = 42, 91, 28
_LONG_TERM = ("U1", "U4")
_PERMANENCE = (
    "REMAINSUP",
    "RETURN1M",
    "RETURN6M",
    "RETURNEV",
    "LTRELFR",
    "LTFOST18",
    "RESPLMT",
    "SUPPLIV",
    "ADOPTION",
    "OTHERPLN",
)

LEGAL_WORDS = {
    "C1": ("Interim Care Order", "Interim Care Order Sec. 38(1)", "C1 - Interim care order"),
    "C2": ("Full Care Order", "Care Order Sec. 31(a)", "Care Order", "C2: Full care order"),
    "E1": ("Placement Order (Sec. 21)", "Placement order granted", "Care Order Sec.31(a) & Placement Order (Sec. 21)"),
    "V2": (
        "Single period of accommodation under section 20 (Children Act 1989)",
        "Single Placement Acc. by LA s20(1) CA Under 16",
    ),
    "V3": ("Accommodated under an agreed series of short-term breaks, when individual episodes of care are recorded",),
    "V4": ("Regular Occ. Acc. by LA s.20(1) CA Under 16", "Regular Occ. Acc by LA s20(3) CA 16 & Over"),
    "J1": ("Remanded to LA Accommodation s20",),
}
_TYPE_WORDS = {
    "U1": ("Foster placement with relative or friend - long term",),
    "U4": ("Placement with other foster carer \u2013 long term", "u4"),
    "K2": ("Children\u2019s Home", "K2 - Children's home"),
    "K3": ("Supported Accommodation",),
    "P1": ("Placed with own parents", "Placed with Parents"),
}
_TEENAGER = 16
_FOSTERED, _NEARLY_OF_AGE, _PLACED_TOO_YOUNG = ("U3", "U6"), 14.5, 0.06
_OF_ANOTHER_KIND, _OF_ANOTHER_KIND_LARGE = 0.01, 0.02
"""Of placements that are not for the long term, recorded as "other"; the second at a large council."""
_OF_AGE, _ENDED_LATE, _ENDED_LATE_LARGE = 18, 0.35, 0.5
"""Of young people who leave care at that age, whose record of care is ended weeks late; the second at a large council."""
_BY_SECOND_REVIEW, _BY_SECOND_REVIEW_LARGE = 0.85, 0.98
"""Of children whose second review is held at another time, whose plan for permanence is there by then; the second at a large council."""
_PLANNED_LATE = 0.45
"""Of children whose second review is held while contacts rise, whose plan for permanence has to wait."""
_YEAR = 365.25


@dataclass(slots=True, eq=False)
class Span:
    """A placement or a legal status, and why it ended."""

    starts: int
    ends: int
    code: str
    reason: str = ""
    id: str = ""


@dataclass(slots=True, eq=False)
class Period:
    """One child's time in care, with the id the tables are joined by. until: the end, or as far as anybody can see."""

    id: str
    child: Child
    referral: str
    entered: int
    left: int
    why: str
    until: int
    placements: list[Span]
    statuses: list[Span]
    regime: str | None
    unaccompanied: bool


class Care:
    """Writes everything about children in care."""

    def __init__(self, books: Books, set_by: str) -> None:
        self._books, self._set_by = books, set_by
        self._chance: Random = books.chances("care")
        self._too_young = books.chances("too young")
        self._other = books.chances("placements of another kind")
        self._ended_late = books.chances("care ended late")
        self._planned_late = books.chances("permanence planned late")
        self._other_kind = _OF_ANOTHER_KIND_LARGE if books.large else _OF_ANOTHER_KIND
        self._by_review = _BY_SECOND_REVIEW_LARGE if books.large else _BY_SECOND_REVIEW
        self._periods = 0

    def period(self, child: Child, referral: str, entered: int, left: int, why: str, *, unaccompanied: bool = False) -> Period:
        """Write one period of care, in all its tables, and give it."""
        self._periods += 1
        until = min(left, self._books.last)
        placements = self._placements(child, entered, until, unaccompanied=unaccompanied)
        statuses = self._statuses(entered, until, unaccompanied=unaccompanied)
        regime = self._regime(statuses, placements)
        identifier = str(90_000_000 + self._periods)
        period = Period(
            identifier, child, referral, entered, left, why, until, placements, statuses, regime, unaccompanied=unaccompanied
        )
        old = left < self._books.since
        self._write_spans(period, only_last=old)
        if not old:
            held = self._reviews(period)
            Visits(self._books, self._chance, period, held).write()
            self._care_plans(period, held)
            self._health(period)
            self._permanence(period)
            self._missing(period)
        if regime and left > self._books.start:
            self._write_regime(period)
        return period

    # ------------------------------------------------------------------ what happens

    def _placements(self, child: Child, entered: int, until: int, *, unaccompanied: bool) -> list[Span]:
        chance = self._chance.random
        spans: list[Span] = []
        day = entered
        while day < until:
            settled = len(spans) > 0 and chance() < 0.6
            stay = 500 + self._chance.expovariate(1 / 900) if settled else 20 + self._chance.expovariate(1 / 130)
            ends = min(day + int(stay), until)
            age = (day - child.born) / _YEAR
            code = "K3" if unaccompanied and age >= _TEENAGER else self._placement_type(age, settled=settled)
            if code in _FOSTERED and _NEARLY_OF_AGE < age < _TEENAGER and self._too_young.random() < _PLACED_TOO_YOUNG:
                code = "H5"
            if self._other.random() < self._other_kind and code not in _LONG_TERM:
                code = "Z1"
            reason = (
                "PLACE"
                if code in _LONG_TERM and chance() < 0.5
                else ("CARPL", "OTHER", "CREQB", "CREQO", "CHILD")[int(chance() * 5)]
            )
            if spans:
                # The reason for a change stands on the placement that ends.
                spans[-1].reason = reason
            spans.append(Span(day, ends, code))
            day = ends
        return spans

    def _placement_type(self, age: float, *, settled: bool) -> str:
        pick = self._chance.random()
        if settled and pick < 0.32:
            return _LONG_TERM[pick > 0.12]
        if age >= _TEENAGER and pick > 0.72:
            return "K3" if pick > 0.8 else "H5"
        kinds = (("U6", 0.55), ("U3", 0.68), ("K2", 0.80), ("P1", 0.88), ("R1", 0.90), ("A5" if age < 6 else "U6", 0.95))
        return next((kind for kind, share in kinds if pick < share), "U6")

    def _statuses(self, entered: int, until: int, *, unaccompanied: bool) -> list[Span]:
        chance = self._chance.random
        if unaccompanied:
            return [Span(entered, until, "V2")]
        codes = [("V2", 120), ("C1", 230)] if chance() < 0.5 else [("C1", 230)]
        if chance() < 0.15:
            codes = [("V2", 10_000)]
        elif chance() < 0.01:
            codes = [("J1", 60)]
        last = "E1" if chance() < 0.07 else "C2"
        spans, day = [], entered
        for code, stay in [*codes, (last, 10_000)]:
            if day >= until:
                break
            ends = min(day + int(stay * (0.6 + chance() * 0.8)), until)
            spans.append(Span(day, ends, code))
            day = ends
        return spans

    def _regime(self, statuses: list[Span], placements: list[Span]) -> str | None:
        if statuses and placements and statuses[-1].code == "C1" and placements[-1].code == "P1":
            return "at home"
        chance = self._chance.random()
        if chance > 0.06 or not placements or placements[-1].code in _LONG_TERM:
            return None
        return "reg24" if chance < 0.02 else "reg19" if chance < 0.03 else "often"

    # ------------------------------------------------------------------ placements, statuses, episodes

    def _write_spans(self, period: Period, *, only_last: bool) -> None:
        child, books = period.child, self._books
        placements, statuses = period.placements, period.statuses
        for span in placements:
            span.id = books.ledgers["ssd_cla_placement"].next_id()
        for span in placements[-1:] if only_last else placements:
            words = _TYPE_WORDS.get(span.code, ())
            shown = max(books.recorded(span.starts), child.shown)
            kind = books.word(span.code, words, f"ssd_cla_placement {span.id}", shown)
            cells: list[Cell] = [span.id, period.id, child.id, books.days.text(span.starts), None, kind, None]
            reason = (("clap_cla_placement_change_reason", span.reason),) if span.reason else ()
            ends = span.ends if span.ends < period.until else period.left
            books.add_ending("ssd_cla_placement", shown, cells, ends, reason, "clap_cla_placement_end_date")
        for span in statuses[-1:] if only_last else statuses:
            self.write_status(child, span, span.ends if span.ends < period.until else period.left)
        self._write_episodes(period, only_last=only_last)

    def write_status(self, child: Child, span: Span, ends: int) -> None:
        """Write a legal status, as a code or in the words of one system or another."""
        books, ledger = self._books, self._books.ledgers["ssd_legal_status"]
        identifier = ledger.next_id()
        shown = max(books.recorded(span.starts), child.shown)
        status = books.word(span.code, LEGAL_WORDS.get(span.code, ()), f"ssd_legal_status {identifier}", shown)[:100]
        starts = f"{books.days.text(span.starts)} 00:00:00"
        books.add_ending(
            "ssd_legal_status", shown, [identifier, child.id, starts, None, status], ends, (), "lega_legal_status_end_date"
        )

    def _write_episodes(self, period: Period, *, only_last: bool) -> None:
        books, ledger = self._books, self._books.ledgers["ssd_cla_episodes"]
        changes = sorted({span.starts for span in (*period.placements, *period.statuses)})
        rows = list(zip(changes, [*changes[1:], period.left], strict=True))
        late = self._days_late(period)
        for starts, ends in rows[-1:] if only_last else rows:
            placement = next(span for span in reversed(period.placements) if span.starts <= starts)
            why = "X1" if ends < period.left else period.why
            shown = max(books.recorded(starts), period.child.shown)
            dates: list[Cell] = [books.days.text(starts), _why_it_began(period, starts), None, None]
            ids = [period.id, period.referral, books.days.text(period.entered)]
            cells = [ledger.next_id(), period.child.id, placement.id, *dates, *ids]
            final = (("clae_cla_episode_ceased_reason", why),)
            days_late = late if ends == period.left else 0
            books.add_ending("ssd_cla_episodes", shown, cells, ends, final, "clae_cla_episode_ceased_date", days_late=days_late)

    def _days_late(self, period: Period) -> int:
        """Return how many days later than others the record of a period is ended."""
        chance = self._ended_late.random
        late = chance() < (_ENDED_LATE_LARGE if self._books.large else _ENDED_LATE) and period.left == self._books.days.birthday(
            period.child.born, _OF_AGE
        )
        return 14 + int(chance() * 100) if late else 0

    # ------------------------------------------------------------------ reviews

    def _reviews(self, period: Period) -> list[int]:
        """Write the reviews and give the days they were held, until the period ends."""
        books = self._books
        held: list[int] = []
        due = books.days.after(period.entered, FIRST_REVIEW_WORKING_DAYS)
        while due - 40 < period.until:
            day = self._held(due, first=not held)
            self._review(period, due, day)
            if day > period.until:
                break
            held.append(day)
            due = books.days.months(day, SECOND_REVIEW_MONTHS if len(held) == 1 else LATER_REVIEW_MONTHS)
        return held

    def _held(self, due: int, *, first: bool) -> int:
        chance = self._chance.random
        if chance() < 0.965:
            return self._books.days.working(due - (1 + int(chance() * 5) if first else 3 + int(chance() * 14)))
        return self._books.days.working(due + 2 + int(chance() * 35))

    def _review(self, period: Period, due: int, held: int) -> None:
        books = self._books
        chance = self._chance.random
        happens = held <= period.until
        known = books.recorded(held) if happens else NEVER
        shown = min(due, held) - 25 - int(chance() * 10) if chance() < 0.6 else known
        if shown > books.last or shown > period.until:
            return
        shown = max(shown, period.child.shown)
        no = (None, "N", "N", "No")[int(chance() * 4)]
        if happens and books.hit("review_cancelled"):
            key = self._write_review(period, due, min(held, due) - 2, shown, shown, "Y")
            books.truth.note("review_cancelled", key, shown)
        self._write_review(period, due, held, shown, known, no)

    def _write_review(self, period: Period, due: int, held: int, shown: int, known: int, cancelled: str | None) -> str:
        books, ledger = self._books, self._books.ledgers["ssd_cla_reviews"]
        identifier = ledger.next_id()
        cells: list[Cell] = [identifier, period.id, books.days.text(due), None, cancelled]
        if known <= max(books.earliest, shown):
            cells[3] = books.days.text(held)
            ledger.add(shown, cells)
            return identifier
        row = ledger.add(shown, cells)
        if known < NEVER:
            ledger.change(known, row, "clar_cla_review_date", books.days.text(held))
        return identifier

    # ------------------------------------------------------------------ care plans, health, permanence, frequencies

    def _care_plans(self, period: Period, held: list[int]) -> None:
        """Write a first care plan and, when permanence is decided, a second: by the second review for most, never for a few."""
        books, chance = self._books, self._chance.random
        first = period.entered + 5 + int(chance() * 10)
        second_review = held[1] if len(held) > 1 else period.entered + 110
        pick = chance()
        if pick < self._by_review:
            decided = second_review - 3 - int(chance() * 70)
        else:
            decided = second_review + 10 + int(chance() * 320) if pick < 0.975 else NEVER
        decided = max(decided, first + 10)
        if books.rise(second_review) and self._planned_late.random() < _PLANNED_LATE:
            decided = max(decided, min(second_review + 60, period.until - 1))
        self._care_plan(period, first, min(decided, period.left), None)
        if decided < period.until:
            self._care_plan(period, decided, period.left, _PERMANENCE[int(chance() * 9)])

    def _care_plan(self, period: Period, starts: int, ends: int, permanence: str | None) -> None:
        books, ledger = self._books, self._books.ledgers["ssd_cla_care_plan"]
        if starts >= period.until or ends < books.since:
            return
        identifier = ledger.next_id()
        shown = max(books.recorded(starts), period.child.shown)
        answers = ", ".join(f'"{key}": "{"Y" if key == permanence else "N"}"' for key in _PERMANENCE)
        text = "{" + answers + "}"
        if books.hit("broken_json"):
            books.truth.note("broken_json", identifier, shown)
            # As extracts do: a quotation mark in a comment that is not escaped, or a text cut off.
            broken = (
                text[:-1] + ', "COMMENTS": "plan \u201cto stay\u201d "agreed""}',
                text[:-1],
                text.replace('": ', '" : ') + ",",
            )
            text = broken[int(self._chance.random() * 3)]
        cells = [identifier, period.child.id, books.days.text(starts), None, text]
        books.add_ending("ssd_cla_care_plan", shown, cells, ends, (), "lacp_cla_care_plan_end_date")

    def _health(self, period: Period) -> None:
        books, chance, ledger = self._books, self._chance.random, self._books.ledgers["ssd_cla_health"]
        kinds = (("Health assessment", 20, 345), ("Dental Check", 60, 350))
        for kind, first, every in kinds:
            day = period.entered + int(first * (0.6 + chance() * 0.8))
            under_five = kind == "Health assessment" and day - period.child.born < 5 * _YEAR
            every_days = 165 if under_five else every
            while day < period.until:
                if day > books.since:
                    status = "Completed" if chance() < 0.96 else ("Refused", "Cancelled", "Planned")[int(chance() * 3)]
                    shown = max(books.recorded(day), period.child.shown)
                    text = f"{books.days.text(day)} 00:00:00"
                    ledger.add(shown, (ledger.next_id(), period.child.id, text, kind, status))
                day += int(every_days * (0.85 + 0.15 * chance() if chance() < 0.9 else 1 + 0.3 * chance()))

    def _permanence(self, period: Period) -> None:
        books, chance = self._books, self._chance.random
        order = next((span for span in period.statuses if span.code == "E1"), None)
        if order and chance() < 0.9:
            day = order.starts - 20 - int(chance() * 30)
            shown = max(books.recorded(order.starts), period.child.shown)
            ledger = books.ledgers["ssd_permanence"]
            reversed_on = books.days.text(order.starts + 30) if chance() < 0.05 else None
            ledger.add(shown, (ledger.next_id(), period.child.id, period.id, books.days.text(day), reversed_on, None))

    def _missing(self, period: Period) -> None:
        """Write episodes of going missing: one teenager in six, several times."""
        books, chance, ledger = self._books, self._chance.random, self._books.ledgers["ssd_missing"]
        teenage = max(period.entered, books.since, books.days.birthday(period.child.born, 13))
        if teenage >= period.until or chance() > 0.17:
            return
        for _ in range(1 + int(chance() * 4)):
            day = teenage + int(chance() * (period.until - teenage))
            cells: list[Cell] = [ledger.next_id(), period.child.id, books.days.text(day), None]
            ends = day + int(chance() ** 3 * 5)
            books.add_ending(
                "ssd_missing", max(books.recorded(day), period.child.shown), cells, ends, (), "miss_missing_episode_end_date"
            )

    def short_breaks(self, child: Child, referral: str, starts: int, ends: int) -> str:
        """Write a series of short breaks, recorded as if it were a period of care, and give its id."""
        self._periods += 1
        identifier = str(90_000_000 + self._periods)
        books, text = self._books, self._books.days.text(starts)
        shown = max(books.recorded(starts), child.shown)
        ledger = books.ledgers["ssd_cla_placement"]
        placement = ledger.next_id()
        cells: list[Cell] = [placement, identifier, child.id, text, None, "U6", None]
        books.add_ending("ssd_cla_placement", shown, cells, ends, (), "clap_cla_placement_end_date")
        self.write_status(child, Span(starts, ends, "V3" if self._chance.random() < 0.3 else "V4"), ends)
        cells = [
            books.ledgers["ssd_cla_episodes"].next_id(),
            child.id,
            placement,
            text,
            "S",
            None,
            None,
            identifier,
            referral,
            text,
        ]
        final = (("clae_cla_episode_ceased_reason", "E8"),)
        books.add_ending("ssd_cla_episodes", shown, cells, ends, final, "clae_cla_episode_ceased_date")
        books.truth.note("short_break", identifier, shown, ends)
        return identifier

    def _write_regime(self, period: Period) -> None:
        if period.regime == "at home":
            return
        books = self._books
        every, regime = (None, period.regime) if period.regime != "often" else ("28", None)
        starts = books.days.working(period.placements[-1].starts)
        text = books.days.text(starts)
        cells = (period.child.id, "CLA" if every else "cla", every, regime, text, None, self._set_by, text)
        books.ledgers["ext_visit_freq"].add(max(starts, period.child.shown), cells)


class Visits:
    """The visits of one period of care: within a week of each placement, then as often as the placement asks, mostly."""

    def __init__(self, books: Books, chance: Random, period: Period, held: list[int]) -> None:
        self._books, self._chance, self._period, self._held = books, chance.random, period, held

    def write(self) -> None:
        """Write the visits of the last two years."""
        for span in self._period.placements:
            if span.ends > self._books.visits_since:
                self._placement(span)

    def _placement(self, span: Span) -> None:
        chance = self._chance
        rare = span.code in _LONG_TERM and chance() < 0.5
        first = 1 + int(chance() * 5) if chance() < 0.93 else 6 + int(chance() * 8)
        day = max(span.starts + first, self._books.visits_since + int(chance() * 30))
        while (day := self._books.days.working(day)) < span.ends and day <= self._books.last:
            self._visit(day)
            asked = self._asked(day, span, rare=rare)
            pick = chance()
            # One in twelve comes late, one in ten in the last days.
            share = 0.4 + 0.4 * chance() if pick < 0.84 else 0.8 + 0.2 * chance() if pick < 0.93 else 1 + 0.32 * chance()
            day += max(2, int(asked * share))

    def _asked(self, day: int, span: Span, *, rare: bool) -> int:
        if self._period.regime in ("at home", "reg19", "reg24"):
            if not self._held or day < self._held[0]:
                return 7
            return _VISIT_DAYS if self._period.regime == "reg19" else _CLOSE_VISIT_DAYS
        if self._period.regime == "often":
            return _CLOSE_VISIT_DAYS
        return _LONG_TERM_VISIT_DAYS if rare and day > span.starts + 380 else _VISIT_DAYS

    def _visit(self, day: int) -> None:
        books, ledger = self._books, self._books.ledgers["ssd_cla_visits"]
        identifier = ledger.next_id()
        shown = max(books.recorded(day), self._period.child.shown)
        text = books.days.text(day)
        if books.hit("visit_in_future"):
            text = books.future_day(day, f"ssd_cla_visits {identifier}", shown)
        seen = "Y" if self._chance() < 0.97 else "N"
        alone = "Y" if seen == "Y" and self._chance() < 0.6 else "N"
        ledger.add(shown, (identifier, self._period.id, self._period.child.id, text, seen, alone))


def _why_it_began(period: Period, starts: int) -> str:
    """Return the code of why an episode began: into care, a new status, a new placement, or both at once."""
    if starts == min(span.starts for span in (*period.placements, *period.statuses)):
        return "S"
    moved = any(span.starts == starts for span in period.placements)
    return ("B" if moved else "L") if any(span.starts == starts for span in period.statuses) else "P"
