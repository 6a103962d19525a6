"""What is likely wrong with the council's calendar: a bank holiday that is missing would count as a working day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from alerting.app import App
from alerting.errors import Fault, Place
from alerting.formatting import day, listed
from alerting.working_days import add_months, ends_of, term_ends

AHEAD_MONTHS = 18
"""How far ahead a calendar must reach: a due date is counted by it long before it comes."""

_MOST_NAMED, _A_YEAR = 12, 8


def find_calendar_faults(app: App, today: date) -> Iterator[Fault]:
    """Find days that the calendar lacks or has beside those of England, and a calendar that ends soon, as warnings."""
    yield from _find_holiday_faults(app, today)
    yield from _find_term_faults(app, today)


def holidays_of_england(years: range) -> dict[date, str]:
    """Return the weekdays of these years that are bank holidays in England, each with its name."""
    # Read here and not above: it costs a tenth of a second, and a calendar that is as shipped needs none of it.
    from holidays import country_holidays

    found = country_holidays("GB", subdiv="ENG", years=years)
    return {each: found[each] for each in sorted(found) if each.weekday() < 5}


def _find_holiday_faults(app: App, today: date) -> Iterator[Fault]:
    listed_days = app.book.settings.bank_holidays
    until = add_months(today, AHEAD_MONTHS)
    years = range(today.year, until.year + 1)
    if not _own_key(app) and all(sum(each.year == year for each in listed_days) >= _A_YEAR for year in years):
        return  # the shipped list, which reaches far enough, is what it is known to be
    england = holidays_of_england(years)
    lacking = [each for each in england if each not in listed_days and each <= until]
    if lacking:
        yield _fault(
            app,
            f"the bank holidays lack {_named(lacking)}: {'it counts as a working day' if len(lacking) == 1 else 'they count as working days'}",
            f"Write `bank_holiday_changes: {{add: [{', '.join(map(str, lacking[:_MOST_NAMED]))}]}}` under `rules:`, or bring the rules up to date.",
        )
    beside = sorted(each for each in listed_days if each.weekday() < 5 and _is_asked(each, today, until) and each not in england)
    if beside:
        yield _fault(
            app,
            f"{_named(beside)} {'is no bank holiday' if len(beside) == 1 else 'are no bank holidays'} of England that we know of",
            "Where the council alone is closed, leave it out: statutory clocks run on its closure days.",
        )


def _own_key(app: App) -> str:
    """Return the key by which config.yaml changes the bank holidays; nothing where it leaves them as shipped."""
    own, changes = app.book.overrides.bank_holidays, app.book.overrides.bank_holiday_changes
    return "bank_holidays" if own is not None else "bank_holiday_changes" if changes.add or changes.remove else ""


def _is_asked(each: date, today: date, until: date) -> bool:
    return date(today.year, 1, 1) <= each <= until


def _find_term_faults(app: App, today: date) -> Iterator[Fault]:
    last = max(term_ends(ends_of(app.book.settings.params)), default=date.min)
    if last < add_months(today, AHEAD_MONTHS) and "term_ends" in app.book.overrides.params:
        yield Fault(
            problem=f"the school terms of `term_ends` end on {day(last)}: what is due in a later term is not known",
            where=app.loaded.document.place(("rules", "params", "term_ends")),
            remedy="Add the days on which the next terms end.",
            severity="warning",
        )


def _named(days: Sequence[date]) -> str:
    more = [f"{len(days) - _MOST_NAMED} more"] if len(days) > _MOST_NAMED else []
    return listed([*map(day, days[:_MOST_NAMED]), *more])


def _fault(app: App, problem: str, remedy: str) -> Fault:
    key = _own_key(app)
    where = app.loaded.document.place(("rules", key)) if key else Place(file=app.book.file("settings.yaml").as_posix())
    return Fault(problem=problem, where=where, remedy=remedy, severity="warning")
