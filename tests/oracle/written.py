"""Days, flags, words and ids as they are found written in real extracts: every habit and every accident."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count
from random import Random

from tests.oracle.calendar import add_days, add_months, is_wd

Cell = str | None

EMPTY: tuple[Cell, ...] = (None, None, "", " ", "NULL", "null", "SSD_PH", "Placeholder_Data", "#N/A", "\u00a0")
NO_DATE: tuple[Cell, ...] = (*EMPTY, "1900-01-01", "1901-01-01", "01/01/1900", "31/02/2026", "soon", "2026-13-01", "45000")
# The last is a real date, by a day: an end that has not come.
FAR_OFF = ("9999-12-31", "2300-01-01", "31/12/9999 00:00", "2100-01-01", "2099-12-31")
PADDING = ("", "", "", "", "", "", "", " ", "\u00a0", "\t", "\r", " \u00a0 ", "\n")

_WORKING_DAYS = (0, 1, 2, 3, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 34, 35, 36, 44, 45, 46, 54, 55, 56)
_DAYS = (0, 1, 6, 7, 8, 9, 14, 27, 28, 29, 35, 36, 41, 42, 43, 44, 49, 55, 56, 57, 58, 90, 181, 182, 183)
_MONTHS = (1, 2, 3, 3, 6, 6, 12, 12, 18)


def threshold_day(rng: Random, as_of: date) -> date:
    """Return a day on which, or next to which, something falls due on or about `as_of`."""
    nudge = rng.choice((-1, 0, 0, 0, 1))
    match rng.randrange(6):
        case 0:
            return working_days_before(rng, as_of, rng.choice(_WORKING_DAYS))
        case 1:
            return add_days(as_of, nudge - rng.choice(_DAYS))
        case 2:
            return add_days(add_months(as_of, -rng.choice(_MONTHS)), nudge)
        case 3:  # reminders begin so many days before what falls due so many months after
            ahead = add_days(as_of, rng.choice((0, 7, 15, 15, 28)) + nudge)
            return add_months(ahead, -rng.choice(_MONTHS))
        case 4:  # a visit is late so many working days after it fell due
            due = working_days_before(rng, as_of, rng.choice((1, 2, 3, 4, 5, 9, 10, 11)))
            return add_days(due, -rng.choice((7, 28, 42)))
        case _:
            day = add_days(as_of, -rng.randrange(1, 400))
            return _special(rng, day)


def working_days_before(rng: Random, as_of: date, n: int) -> date:
    """Return one of the days from which `n` working days lead to `as_of`: at a weekend there are several."""
    day = as_of
    while n > 0:
        n -= is_wd(day)
        day -= timedelta(days=1)
    while rng.random() < 0.7 and not is_wd(day):
        day -= timedelta(days=1)
    return day


def _special(rng: Random, day: date) -> date:
    """Return the end of the month, or a day off nearby, in three of four cases."""
    match rng.randrange(4):
        case 0:
            return add_days(day.replace(day=1), -1)
        case 1:
            while is_wd(day):
                day -= timedelta(days=1)
            return day
        case 2:
            return add_months(date(day.year, 1, 31), rng.randrange(-11, 1))
        case _:
            return day


def lately(rng: Random, as_of: date) -> date:
    """Return one of the last few weeks' days, or today."""
    return working_days_before(rng, as_of, rng.choice(_WORKING_DAYS[:19]))


def written(rng: Random, day: date) -> Cell:
    text = rng.choice((day.isoformat(), day.isoformat(), day.strftime("%d/%m/%Y")))
    text += rng.choice(("", "", "", " 00:00", "T23:59:59", " 12:30:15.123", "T00:00:00Z", " 00:00:00.0000000"))
    return dressed(rng, text)


def dressed(rng: Random, text: Cell) -> Cell:
    return None if text is None else rng.choice(PADDING) + text + rng.choice(PADDING)


def start(rng: Random, as_of: date) -> Cell:
    """Write when something began: mostly near a threshold, sometimes today, tomorrow, long ago or never."""
    chance = rng.random()
    if chance < 0.80:
        return written(rng, threshold_day(rng, as_of))
    if chance < 0.86:
        return written(rng, as_of)
    if chance < 0.90:
        return written(rng, add_days(as_of, rng.choice((1, 1, 30, 400))))
    if chance < 0.95:
        return written(rng, add_days(as_of, -rng.randrange(400, 1500)))
    return rng.choice(NO_DATE) if chance < 0.99 else rng.choice(FAR_OFF)


def end(rng: Random, as_of: date, still_open: float = 0.75) -> Cell:
    """Write when something ended: not at all, in the future, never in a hundred years, today, or before."""
    if rng.random() < still_open:
        return rng.choice((rng.choice(NO_DATE), None, rng.choice(FAR_OFF), written(rng, add_days(as_of, rng.choice((1, 20))))))
    return written(rng, rng.choice((as_of, as_of, add_days(as_of, -1), threshold_day(rng, as_of))))


def flag(rng: Random, likely: float = 0.5) -> Cell:
    if rng.random() < likely:
        return dressed(rng, rng.choice(("Y", "y", "Yes", "YES", "1", "true", "TRUE", "a) Yes", "A)  Yes", "a)\u00a0yes")))
    return rng.choice(
        (dressed(rng, rng.choice(("N", "n", "No", "0", "false", "b) no", "2", "Y?", "yes.", "t"))), rng.choice(EMPTY))
    )


def cased(rng: Random, text: Cell) -> Cell:
    """Write words as people do: in another case, with typographic marks, with other spaces."""
    if text is None:
        return None
    text = rng.choice((text, text, text.upper(), text.title(), text.lower()))
    if rng.random() < 0.2:
        text = text.replace("'", "\u2019").replace("-", "\u2013")
    if rng.random() < 0.2:
        text = text.replace(" ", rng.choice(("  ", "\u00a0", " \u00a0", "\t")))
    return dressed(rng, text)


def coded(rng: Random, code: str) -> Cell:
    """Write a code alone, or with words after it."""
    form = rng.choice(("{}", "{}", "{}", "{}: whatever it is called", "{} : words", "{} - words", "{}:"))
    return cased(rng, form.format(code))


class Ids:
    """Ids that are all different, whose order as text is not their order as numbers, and which are at times none."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._numbers = count(rng.choice((5, 95, 993)))

    def fresh(self, missing: float = 0.03) -> Cell:
        if self._rng.random() < missing:
            return self._rng.choice((*EMPTY, "-1", "0"))
        return self._rng.choice(("{}", "{}", "0{}", "R{}", "r{}", "{}.0", "\u00c9{}")).format(next(self._numbers))


PEOPLE = ("7", "007", "0007", "999", "1000", "10", "9", "p1", "P1", "P 1", "\u00c91", "1e3", "1.0", "00", "-01", "A-1", "0x10")
WORKERS = ("W1", "w1", "007", "7", "12", "100", "99", "W\u00e9", "W 3", "1.0", "W7", "W8")
