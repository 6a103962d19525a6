"""What now and then goes wrong for a child, beside what lives bring: missing for days, a plan that was not ended.

Each part has a stream of chances of its own, so that what was there before stays as it was.
"""

from __future__ import annotations

from random import Random

from alerting.sources.demo.books import Books
from alerting.sources.demo.details import day_of, first_known, periods_of_care
from alerting.sources.demo.families import number

_MISSING_A_DAY, _MEAN_DAYS_MISSING, _DAYS_MISSING_AT_MOST = 0.4, 4, 20
"""Children in care who go missing on a day at a council of 3,000, and how long they stay away."""
_BOTH_PLANS = 0.05
"""Of protection plans, those beside which the plan for a child in need stays open for weeks."""
_TEENAGE, _OF_AGE = 13, 18


def write_lapses(books: Books) -> None:
    """Write all of it into the ledgers of a council whose lives have been lived."""
    for write in (_missing, _both_plans):
        write(books, books.chances(f"lapses{write.__name__}"))


def _missing(books: Books, chance: Random) -> None:
    """Write children in care who go missing for days: known the next morning, as is that they are back."""
    ledger, known = books.ledgers["ssd_missing"], first_known(books)
    birthdays = {
        row["pers_person_id"]: day_of(row["pers_dob"] or row["pers_expected_dob"])
        for _, _, row in books.ledgers["ssd_person"].rows()
    }
    teenagers = [
        (
            person,
            max(entered, books.days.birthday(birthdays[person], _TEENAGE)),
            min(left, books.days.birthday(birthdays[person], _OF_AGE)),
        )
        for person, entered, left in periods_of_care(books)
    ]
    for day in range(books.earliest - 60, books.last):
        for _ in range(number(chance, _MISSING_A_DAY * books.scale)):
            away = min(_DAYS_MISSING_AT_MOST, 1 + int(chance.expovariate(1 / _MEAN_DAYS_MISSING)))
            there = [person for person, first, last in teenagers if first < day and day + away < last]
            if there:
                person = chance.choice(there)
                place = ledger.add(max(known[person], day + 1), (ledger.next_id(), person, books.days.text(day), None))
                if day + away < books.last:
                    ledger.change(day + away + 1, place, "miss_missing_episode_end_date", books.days.text(day + away))


def _both_plans(books: Books, chance: Random) -> None:
    """Leave the plan of a few children in need open for weeks after they are on a protection plan."""
    ledger, known = books.ledgers["ssd_cin_plans"], first_known(books)
    for _, shown, row in books.ledgers["ssd_cp_plans"].rows():
        starts, ends = day_of(row["cppl_cp_plan_start_date"]), day_of(row["cppl_cp_plan_end_date"]) or books.last
        if chance.random() >= _BOTH_PLANS or starts < books.since:
            continue
        person, over = row["cppl_person_id"], min(ends, starts + 20 + int(chance.random() * 130))
        cells = (ledger.next_id(), row["cppl_referral_id"], person, books.days.text(starts - 10), None)
        place = ledger.add(max(known[person], shown), cells)
        if over < books.last:
            ledger.change(over + 1, place, "cinp_cin_plan_end_date", books.days.text(over))
