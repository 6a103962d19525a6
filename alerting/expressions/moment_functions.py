"""The functions about moments: hours by a clock, and days. An entry is all that there is to a function: see `function_type`."""

from __future__ import annotations

from datetime import date, datetime

from alerting import clocks
from alerting.expressions.function_type import Clock, Day, Number, rule_function

_WRITTEN = clocks.MOMENT.pattern.replace("{", "{{").replace("}", "}}")


@rule_function(
    "moments",
    sql=f"from_london(TRY_CAST(CASE WHEN regexp_full_match({{0}}, '{_WRITTEN}') THEN {{0}} END AS TIMESTAMP))",
    words="{0}",
    example="date_of(moment('2026-03-30 16:30'))",
    answer="2026-03-30",
)
def moment(written: str) -> datetime | None:
    """The moment at which clocks in London showed a day and a time.

    In March clocks skip an hour: a time in it is read an hour later. In October one comes twice: a time in it is the first.
    """
    return clocks.read_moment(written)


@rule_function(
    "moments", sql="date_of({0})", words="the day of {0}", example="date_of(moment('2026-03-30 16:30'))", answer="2026-03-30"
)
def date_of(instant: datetime) -> date:
    """The day of a moment, in London."""
    return clocks.london(instant).date()


@rule_function(
    "moments",
    sql="clock_hours({0}, {1}, {2})",
    words="the hours from {0} to {1} by the clock {2}",
    example="clock_hours(moment('2026-03-27 16:30'), moment('2026-03-30 07:00'), 'working_days')",
    answer="14.5",
)
def clock_hours(first: datetime, second: datetime, clock: Clock, *, on: Day) -> float | None:
    """The hours that count from the first moment to the second by a clock: 'elapsed', 'working_days' or 'office'.

    'elapsed' counts all of them, 'working_days' those of working days from midnight to midnight, 'office' those of working days in
    which the office is open, from office_from to office_to of the settings. 0 when the second is not after the first. Minutes are
    counted, and hours are not rounded.
    """
    return clocks.clock_hours(first, second, clock, on)


@rule_function(
    "moments",
    sql="due_day({0}, {1}, {2})",
    words="the day on which {1} hours have passed since {0} by the clock {2}",
    example="due_day(moment('2026-03-27 16:30'), 24, 'working_days')",
    answer="2026-03-30",
)
def due_day(first: datetime, hours: Number, clock: Clock, *, on: Day) -> date | None:
    """The day on which so many hours since a moment are up, by a clock: 'elapsed', 'working_days' or 'office'.

    It is the day of the last minute before they are: hours that are up at midnight are due on the day that then ends.
    """
    return clocks.due_day(first, hours, clock, on)
