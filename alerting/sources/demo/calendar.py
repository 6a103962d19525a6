"""Days as ordinals: working days of England by rule rather than by list, and the text of a day."""

from __future__ import annotations

from datetime import date, timedelta

from alerting.working_days import add_months

_MOVED = {
    2020: {date(2020, 5, 4): date(2020, 5, 8)},
    2022: {date(2022, 5, 30): date(2022, 6, 2)},
}
_ONCE = {2022: {date(2022, 6, 3), date(2022, 9, 19)}, 2023: {date(2023, 5, 8)}}
_MONDAY = 0
_SATURDAY = 5


def bank_holidays(year: int) -> frozenset[date]:
    """Return the weekdays that are bank holidays in England in a year.

    >>> sorted(day.isoformat() for day in bank_holidays(2026))[1:3]
    ['2026-04-03', '2026-04-06']
    """
    sunday = easter(year)
    days = {sunday - timedelta(days=2), sunday + timedelta(days=1)}
    days |= {_first_monday(year, 5), _last_monday(year, 5), _last_monday(year, 8)}
    for day in (date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)):
        while day.weekday() >= _SATURDAY or day in days:
            day += timedelta(days=1)  # noqa: PLW2901 - the substitute day
        days.add(day)
    moved = _MOVED.get(year, {})
    return frozenset({moved.get(day, day) for day in days} | _ONCE.get(year, set()))


def easter(year: int) -> date:
    """Return Easter Sunday of a year of the Gregorian calendar (Butcher's method)."""
    century, of_century = divmod(year, 100)
    golden = year % 19
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (of_century // 4) - epact - of_century % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def _first_monday(year: int, month: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(_MONDAY - first.weekday()) % 7)


def _last_monday(year: int, month: int) -> date:
    last = date(year, month + 1, 1) - timedelta(days=1)
    return last - timedelta(days=last.weekday())


class Calendar:
    """Working days and texts of the days from `first` to `last`."""

    def __init__(self, first: date, last: date) -> None:
        self.first, self.last = first.toordinal(), last.toordinal()
        holidays = frozenset().union(*(bank_holidays(year) for year in range(first.year, last.year + 1)))
        self._texts: list[str] = []
        self._working: list[int] = []
        self._from: list[int] = []
        for number in range(self.first, self.last + 1):
            day = date.fromordinal(number)
            self._texts.append(day.isoformat())
            self._from.append(len(self._working))
            if day.weekday() < _SATURDAY and day not in holidays:
                self._working.append(number)

    def text(self, day: int) -> str:
        """Return a day as `2026-03-02`; the same string object every time, because there are millions of cells."""
        return self._texts[day - self.first]

    def working(self, day: int, later: int = 0) -> int:
        """Return the first working day on or after `day`, or the one `later` working days after that."""
        return self._working[self._from[day - self.first] + later]

    def after(self, day: int, count: int) -> int:
        """Return the `count`-th working day after `day`; `day` itself for 0."""
        return self._working[self._from[day + 1 - self.first] + count - 1] if count else day

    def between(self, start: int, end: int) -> int:
        """Count working days after `start`, up to and including `end`."""
        return self._from[end + 1 - self.first] - self._from[start + 1 - self.first]

    def months(self, day: int, count: int) -> int:
        """Return the same day of the month `count` months later, or the last day of that month."""
        return add_months(date.fromordinal(day), count).toordinal()

    def birthday(self, born: int, years: int) -> int:
        """Return a birthday; born on 29 February it is 1 March in years without one."""
        day = date.fromordinal(born)
        try:
            return day.replace(year=day.year + years).toordinal()
        except ValueError:
            return date(day.year + years, 3, 1).toordinal()
