"""What now and then goes wrong for a child, beside what lives bring: missing for days, a plan that was not ended.

Each part has a stream of chances of its own, so that what was there before stays as it was.
"""

from __future__ import annotations

from random import Random

from alerting.sources.demo.books import Books
from alerting.sources.demo.details import day_of, first_known, periods_of_care
from alerting.sources.demo.families import number
from alerting.sources.demo.ledger import Cell

_MISSING_A_DAY, _MEAN_DAYS_MISSING, _DAYS_MISSING_AT_MOST = 0.4, 4, 20
"""Children in care who go missing on a day at a council of 3,000, and how long they stay away."""
_BOTH_PLANS = 0.05
"""Of protection plans, those beside which the plan for a child in need stays open for weeks."""
_AGAIN_AND_AGAIN, _TOO_YOUNG_PLACED = 16, 30
"""At a large council, the days from one child in care who begins to go missing over and over to the next at 3,000 children, and
those in each of which one is placed where nobody so young may be."""
_HOMES = ("U3", "U6", "K2")
_TEENAGE, _TOO_YOUNG_FROM, _OLD_ENOUGH, _OF_AGE = 13, 13.5, 16, 18
_SOME_WEEKS = 45


def write_lapses(books: Books) -> None:
    """Write all of it into the ledgers of a council whose lives have been lived."""
    often = (_again_and_again, _too_young) if books.large else ()
    for write in (_missing, _both_plans, *often):
        write(books, books.chances(f"lapses{write.__name__}"))


def _missing(books: Books, chance: Random) -> None:
    """Write children in care who go missing for days: known the next morning, as is that they are back."""
    known, teenagers = first_known(books), _teenagers(books)
    for day in range(books.earliest - 60, books.last):
        for _ in range(number(chance, _MISSING_A_DAY * books.scale)):
            away = min(_DAYS_MISSING_AT_MOST, 1 + int(chance.expovariate(1 / _MEAN_DAYS_MISSING)))
            there = [person for person, first, last in teenagers if first < day and day + away < last]
            if there:
                person = chance.choice(there)
                _go_missing(books, person, day, away, known[person])


def _teenagers(books: Books) -> list[tuple[str, int, int]]:
    """Return the children in care with the days from and until which they are teenagers in it."""
    born = _birthdays(books)
    return [
        (
            person,
            max(entered, books.days.birthday(born[person], _TEENAGE)),
            min(left, books.days.birthday(born[person], _OF_AGE)),
        )
        for person, entered, left in periods_of_care(books)
    ]


def _birthdays(books: Books) -> dict[Cell, int]:
    rows = books.ledgers["ssd_person"].rows()
    return {row["pers_person_id"]: day_of(row["pers_dob"] or row["pers_expected_dob"]) for _, _, row in rows}


def _go_missing(books: Books, person: str, day: int, away: int, known: int) -> None:
    ledger = books.ledgers["ssd_missing"]
    place = ledger.add(max(known, day + 1), (ledger.next_id(), person, books.days.text(day), None))
    if day + away < books.last:
        ledger.change(day + away + 1, place, "miss_missing_episode_end_date", books.days.text(day + away))


def _again_and_again(books: Books, chance: Random) -> None:
    """Write children in care who go missing for a night or a few again and again for some weeks."""
    known, teenagers = first_known(books), _teenagers(books)
    for first in range(books.earliest - 120, books.last, max(1, round(_AGAIN_AND_AGAIN / books.scale))):
        stops = min(first + 30 + int(chance.random() * 40), books.last - 4)
        there = [person for person, since, until in teenagers if since < first and stops + 5 < until]
        if there:
            person, day = chance.choice(there), first
            while day < stops:
                away = 1 + int(chance.random() * 3)
                _go_missing(books, person, day, away, known[person])
                day += away + 2 + int(chance.random() * 9)


def _too_young(books: Books, chance: Random) -> None:
    """Place a child under 16 in supported accommodation now and then, for some weeks at least."""
    born, ledger = _birthdays(books), books.ledgers["ssd_cla_placement"]
    rows = [(place, row) for place, _, row in ledger.rows() if row["clap_cla_placement_type"] in _HOMES]
    for first in range(books.start - 3 * _TOO_YOUNG_PLACED, books.last, _TOO_YOUNG_PLACED):
        places = [
            place
            for place, row in rows
            if first <= (starts := day_of(row["clap_cla_placement_start_date"])) < first + _TOO_YOUNG_PLACED
            and min(
                day_of(row["clap_cla_placement_end_date"]) or books.last,
                books.days.birthday(born[row["clap_person_id"]], _OLD_ENOUGH),
            )
            > starts + _SOME_WEEKS
            and starts - born[row["clap_person_id"]] > _TOO_YOUNG_FROM * 365
        ]
        for place in chance.sample(places, min(len(places), max(1, round(books.scale)))):
            ledger.rewrite(place, "clap_cla_placement_type", "H5")


def _both_plans(books: Books, chance: Random) -> None:
    """Leave the plan of a few children in need open for weeks after they are on a protection plan."""
    ledger, known, both = books.ledgers["ssd_cin_plans"], first_known(books), books.one_in(_BOTH_PLANS, chance)
    for _, shown, row in books.ledgers["ssd_cp_plans"].rows():
        starts, ends = day_of(row["cppl_cp_plan_start_date"]), day_of(row["cppl_cp_plan_end_date"]) or books.last
        if not both() or starts < books.since:
            continue
        person, over = row["cppl_person_id"], min(ends, starts + 20 + int(chance.random() * 130))
        cells = (ledger.next_id(), row["cppl_referral_id"], person, books.days.text(starts - 10), None)
        place = ledger.add(max(known[person], shown), cells)
        if over < books.last:
            ledger.change(over + 1, place, "cinp_cin_plan_end_date", books.days.text(over))
