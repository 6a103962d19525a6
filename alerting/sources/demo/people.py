"""The children and young people the council knows, as they stand in ssd_person."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from alerting.sources.demo.books import Books

_ETHNICITIES = (
    ("WBRI",) * 68 + ("WOTH", "MOTH", "APKN", "BAFR", "BCRB", "AOTH", "OOTH", "MWBC", "MWAS", "AIND") * 3 + ("NOBT", "REFU")
)
_BIRTH_LATE = 0.3
"""Of births of children known before, entered months late."""


@dataclass(slots=True, eq=False)
class Child:
    """Somebody the council knows."""

    id: str
    #: The birthday; of an unborn child it is ahead of `shown`.
    born: int
    #: The first day on which the council knows of them.
    shown: int
    #: Their row in ssd_person.
    row: int


class People:
    """Writes the rows of ssd_person."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._chance = books.chances("people")
        self._birth_late = books.chances("births entered late")
        self._is_late = books.one_in(_BIRTH_LATE, self._birth_late)
        self._numbers = count(4021)

    def child(self, born: int, shown: int, *, unaccompanied: bool = False) -> Child:
        """Add somebody born, or to be born, on a day, known from the day `shown`."""
        books, chance = self._books, self._chance.random
        # Seven digits with leading zeros: ids are text, and a program that reads them as numbers loses some.
        identifier = f"{next(self._numbers):07d}"
        born_text = books.days.text(born)
        unborn = born > shown
        expected = unborn
        if unaccompanied and books.hit("dob_only_expected"):
            expected = True
            books.truth.note("dob_only_expected", identifier, shown)
        sex = "FM"[chance() < (0.9 if unaccompanied else 0.51)]
        ethnicity = _ETHNICITIES[int(chance() * len(_ETHNICITIES))]
        dates = (None, born_text, None) if expected else (born_text, None, None)
        ledger = books.ledgers["ssd_person"]
        row = ledger.add(shown, (identifier, "U" if unborn else sex, "01" if sex == "M" else "02", ethnicity, *dates))
        if unborn and born <= books.last:
            known = books.recorded(born)
            if self._is_late():
                known += 45 + int(self._birth_late.random() * 180)
            for column, cell in (("pers_dob", born_text), ("pers_expected_dob", None), ("pers_sex", sex)):
                ledger.change(known, row, column, cell)
        return Child(identifier, born, shown, row)

    def died(self, child: Child, day: int) -> None:
        """Enter a death date that nobody acts on."""
        self._books.ledgers["ssd_person"].change(day + 3, child.row, "pers_death_date", self._books.days.text(day))
