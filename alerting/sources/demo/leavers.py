"""Care leavers: one row each, kept up to date, and for some an older one that nobody took away."""

from __future__ import annotations

from collections.abc import Iterator

from alerting.sources.demo.books import Books
from alerting.sources.demo.ledger import Cell
from alerting.sources.demo.people import Child

LEAVING_AGE, GROWN_AGE, LAST_AGE = 18, 21, 25
_MOSTLY, _MOSTLY_LARGE = 0.95, 0.975
"""Of contacts, those with the next within eight weeks or so; the second at a large council."""
_WORDS = {
    "REL": ("Relevant", "a) Relevant child"),
    "FREL": ("Former Relevant", "b) Former relevant child", "former\u00a0relevant"),
    "QUAL": ("Qualifying", "c) Qualifying care leaver"),
    "ELIG": ("Eligible", "d) Eligible child"),
}
_PLAIN = {"REL": "Relevant", "FREL": "Former Relevant", "QUAL": "Qualifying", "ELIG": "Eligible"}
_ACCOMMODATION = (
    ("U",) * 33
    + ("B",) * 12
    + ("D",) * 18
    + ("E",) * 8
    + ("Z",) * 12
    + ("T",) * 4
    + ("K",) * 3
    + ("X", "R") * 3
    + ("V", "S", "Y")
)
_UNSUITABLE = ("S", "V", "W", "X")
_ACTIVITY = ("F2",) * 26 + ("F5",) * 20 + ("F1",) * 8 + ("F4",) * 5 + ("P5",) * 5 + ("G5",) * 26 + ("G4",) * 12 + ("G6",) * 6


class Leavers:
    """Writes the rows of ssd_care_leavers."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._chance = books.chances("leavers")

    def add(self, child: Child, left: int, adviser: str | None, team: str, *, until: int, unseen: range) -> None:
        """Write one young person who left care on `left` and is advised until `until`, but on the days `unseen` by nobody."""
        books, chance = self._books, self._chance.random
        ledger = books.ledgers["ssd_care_leavers"]
        identifier = ledger.next_id()
        shown = max(books.recorded(left), child.shown)
        grown = books.days.birthday(child.born, LEAVING_AGE)
        eligibility = "FREL" if left >= grown or shown >= grown else "REL"
        if chance() < 0.05:
            eligibility = "QUAL"
        declined = (books.start - child.born > GROWN_AGE * 365 and chance() < 0.5) or chance() < 0.03
        touch = ("NREQ" if chance() < 0.5 else "REFU") if declined else "YES"
        contacts = [] if declined or chance() < 0.008 else list(self._contacts(left, min(until, books.last)))
        if len(contacts) > 1 and contacts[-1] < books.start - 60:
            touch = "NO"
        cells = [identifier, child.id, adviser, team, adviser, self._eligibility(eligibility, identifier, shown), touch]
        cells += [None, *self._situation(), None]
        plans = list(self._plans(left, min(until, books.last)))
        self._write(shown, cells, contacts, plans, unseen)
        if eligibility == "REL" and grown <= books.last:
            # The row says relevant until somebody notices the birthday.
            row = len(ledger) - 1
            ledger.change(books.recorded(grown), row, "clea_care_leaver_eligibility", _PLAIN["FREL"])
        if books.hit("duplicate_care_leaver"):
            older = [ledger.next_id(), *cells[1:5], _PLAIN["ELIG"], *cells[6:]]
            older[7] = books.days.text(left - 30)
            ledger.add(shown, older)
            books.truth.note("duplicate_care_leaver", str(older[0]), shown)

    def _eligibility(self, code: str, identifier: str, shown: int) -> str:
        word = self._books.word(code, _WORDS[code], f"ssd_care_leavers {identifier}", shown)
        return _PLAIN[code] if word == code else word

    def _write(self, shown: int, cells: list[Cell], contacts: list[int], plans: list[int], unseen: range) -> None:
        books, ledger = self._books, self._books.ledgers["ssd_care_leavers"]
        later: list[tuple[int, str, str]] = []
        for column, days in (("clea_care_leaver_latest_contact", contacts), ("clea_pathway_plan_review_date", plans)):
            for day in days:
                known = books.recorded(day)
                if days is contacts and day in unseen:
                    continue
                if known <= max(shown, books.earliest):
                    cells[ledger.positions[column]] = books.days.text(day)
                else:
                    later.append((known, column, books.days.text(day)))
        row = ledger.add(shown, cells)
        for known, column, text in later:
            ledger.change(known, row, column, text)

    def _contacts(self, left: int, until: int) -> Iterator[int]:
        """Return the days of contact of the last half year or so: every three or four weeks, now and then much later."""
        chance, mostly = self._chance.random, _MOSTLY_LARGE if self._books.large else _MOSTLY
        day = max(left + 5, self._books.earliest - 260 + int(chance() * 20))
        while (day := self._books.days.working(day)) < until:
            yield day
            pick = chance()
            days = (
                9 + int(chance() * 28) if pick < 0.87 else 38 + int(chance() * 16) if pick < mostly else 50 + int(chance() * 60)
            )
            day += days

    def _plans(self, left: int, until: int) -> Iterator[int]:
        chance = self._chance.random
        day = max(left + int(chance() * 40), self._books.earliest - 330 + int(chance() * 60))
        while (day := self._books.days.working(day)) < until:
            yield day
            day += 130 + int(chance() * 55) if chance() < 0.88 else 185 + int(chance() * 110)

    def _situation(self) -> list[Cell]:
        chance = self._chance.random
        home = _ACCOMMODATION[int(chance() * len(_ACCOMMODATION))]
        suitable = "2" if home in _UNSUITABLE else "1"
        activity = _ACTIVITY[int(chance() * len(_ACTIVITY))]
        if chance() < 0.1:
            return [f"{home}{suitable}", None, activity]
        return [home, ("Suitable", "Unsuitable")[suitable == "2"] if chance() < 0.3 else suitable, activity]
