"""The functions about days: dates, working days, ages. An entry is all that there is to a function: see `function_type`."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from alerting import working_days
from alerting.expressions.function_type import Day, Number, rule_function
from alerting.expressions.rounding import whole_number, whole_sql
from alerting.working_days import FIRST, LAST


# The engine has days that no calendar of ours has: the year 10000, and years before Christ. A filter of a list of one
# names the day once, where a CASE would write its argument out twice, and twice again in each call around it.
def _real_sql(day: str) -> str:
    return f"list_filter([{day}], lambda day: day BETWEEN DATE '0001-01-01' AND DATE '9999-12-31')[1]"


# ---------------------------------------------------------------- dates


@rule_function("dates", sql="as_of()", words="today", example="today()", answer="2026-03-31")
def today(*, on: Day) -> date:
    """The business date of the run."""
    return on.as_of


@rule_function("dates", sql=whole_sql("{0}"), words="{0}", example="today() + days(7)", answer="2026-04-07")
def days(count: Number) -> int | None:
    """A number of calendar days, to add to a date.

    Part of a day is rounded to a whole one, a half away from zero.
    """
    return whole_number(count)


@rule_function("dates", sql="(as_of() - {0})", words="the days since {0}", example="days_since(date '2026-03-01')", answer="30")
def days_since(day: date, *, on: Day) -> int:
    """Calendar days from a date to today; negative when it lies ahead."""
    return (on.as_of - day).days


@rule_function("dates", sql="({0} - as_of())", words="the days until {0}", example="days_until(date '2026-04-02')", answer="2")
def days_until(day: date, *, on: Day) -> int:
    """Calendar days from today to a date; negative when it has passed."""
    return (day - on.as_of).days


@rule_function(
    "dates",
    sql="({1} - {0})",
    words="the days from {0} to {1}",
    example="days_between(date '2026-01-01', date '2026-01-31')",
    answer="30",
)
def days_between(first: date, second: date) -> int:
    """Calendar days from the first date to the second."""
    return (second - first).days


_MONTHS = (
    "((year({second}) - year({first})) * 12 + month({second}) - month({first}) "
    "- CASE WHEN day({second}) < least(day({first}), day(last_day({second}))) THEN 1 ELSE 0 END)"
)


@rule_function(
    "dates",
    sql=_MONTHS.format(first="{0}", second="as_of()"),
    words="the months since {0}",
    example="months_since(date '2025-12-31')",
    answer="3",
)
def months_since(day: date, *, on: Day) -> int:
    """Completed months from a date to today, as add_months counts them; negative when it lies ahead."""
    return months_between(day, on.as_of)


@rule_function(
    "dates",
    sql=_MONTHS.format(first="{0}", second="{1}"),
    words="the months from {0} to {1}",
    example="months_between(date '2026-01-31', date '2026-02-28')",
    answer="1",
)
def months_between(first: date, second: date) -> int:
    """Completed months from the first date to the second, as add_months counts them."""
    months = (second.year - first.year) * 12 + second.month - first.month
    return months if working_days.add_months(first, months) <= second else months - 1


@rule_function(
    "dates",
    sql=_real_sql("CAST({0} + " + whole_sql("{1}") + " AS DATE)"),
    words="",
    example="add_days(date '2026-02-27', 2)",
    answer="2026-03-01",
)
def add_days(day: date, count: Number) -> date | None:
    """The date so many calendar days later.

    Part of a day is rounded to a whole one, a half away from zero.
    """
    whole = whole_number(count)
    if whole is None or not date.min.toordinal() <= day.toordinal() + whole <= date.max.toordinal():
        return None
    return day + timedelta(days=whole)


@rule_function(
    "dates",
    sql=_real_sql("add_months({0}, " + whole_sql("{1}") + ")"),
    words="",
    example="add_months(date '2025-12-31', 3)",
    answer="2026-03-31",
)
def add_months(day: date, count: Number) -> date | None:
    """The same day so many months later, or the last day of that month.

    Part of a month is rounded to a whole one, a half away from zero.
    """
    whole = whole_number(count)
    if whole is None or not date.min.year <= day.year + (day.month - 1 + whole) // 12 <= date.max.year:
        return None
    return working_days.add_months(day, whole)


@rule_function(
    "dates",
    sql="CAST(date_trunc('week', {0}) AS DATE)",
    words="the Monday of the week of {0}",
    example="week_of(date '2026-03-29')",
    answer="2026-03-23",
)
def week_of(day: date) -> date:
    """The Monday of a date's week."""
    return day - timedelta(days=day.weekday())


@rule_function(
    "dates",
    sql="CAST(date_trunc('month', {0}) AS DATE)",
    words="the first day of the month of {0}",
    example="month_of(date '2026-03-31')",
    answer="2026-03-01",
)
def month_of(day: date) -> date:
    """The first day of a date's month."""
    return day.replace(day=1)


@rule_function(
    "dates",
    sql="CAST(date_trunc('quarter', {0}) AS DATE)",
    words="the first day of the quarter of {0}",
    example="quarter_of(date '2026-03-31')",
    answer="2026-01-01",
)
def quarter_of(day: date) -> date:
    """The first day of a date's quarter: January, April, July or October."""
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


@rule_function(
    "dates",
    sql=_real_sql("CAST(date_trunc('year', {0} - INTERVAL 3 MONTH) + INTERVAL 3 MONTH AS DATE)"),
    words="the first day of the reporting year of {0}",
    example="reporting_year_of(date '2026-03-31')",
    answer="2025-04-01",
)
def reporting_year_of(day: date) -> date | None:
    """The 1 April on which a date's reporting year began."""
    year = day.year if day.month >= 4 else day.year - 1
    return date(year, 4, 1) if year >= date.min.year else None


@rule_function(
    "dates",
    sql="is_open({0}, {1})",
    words="{0} has come and {1} has not",
    example="is_open(date '2025-09-01', date '2026-03-31')",
    answer="false",
)
def is_open(starts: date | None, ends: date | None, *, on: Day) -> bool:
    """Whether what runs from one date to another is open today. A missing end is open, a missing start is not.

    Started today is open, ended today is closed, an end that lies ahead is open still.
    """
    return starts is not None and starts <= on.as_of and (ends is None or ends > on.as_of)


# ---------------------------------------------------------------- working days


# Look-ups in lists rather than the snapshot's wd_between and wd_add, whose joins take for ever inside one another. A day
# or number from outside the lists is at place 0, where there is nothing; below 0 a list would be counted from its end.
def _on_sql(numbers: str, day: str) -> str:
    return f"(SELECT {numbers} FROM counted)[greatest(0, {day} - DATE '{FIRST}' + 1)]"


def _between_sql(first: str, second: str) -> str:
    return f"CASE WHEN {second} <= {first} THEN 0 ELSE {_on_sql('numbers', second)} - {_on_sql('numbers', first)} END"


def _after_sql(day: str, count: str) -> str:
    number = f"CASE WHEN {count} > 0 THEN {_on_sql('numbers', day)} ELSE {_on_sql('before', day)} + 1 END + {count}"
    return f"CASE WHEN {count} = 0 THEN {day} ELSE (SELECT days FROM counted)[greatest(0, {number})] END"


@rule_function(
    "working days",
    sql=_between_sql("{0}", "as_of()"),
    words="the working days since {0}",
    example="working_days_since(date '2026-03-27')",
    answer="2",
)
def working_days_since(day: date, *, on: Day) -> int | None:
    """Working days after a date, up to and including today; 0 when it lies ahead.

    Working days are known from 1901 to 2109; outside, the answer is missing.
    """
    return working_days_between(day, on.as_of, on=on)


@rule_function(
    "working days",
    sql=_between_sql("as_of()", "{0}"),
    words="the working days until {0}",
    example="working_days_until(date '2026-04-07')",
    answer="3",
)
def working_days_until(day: date, *, on: Day) -> int | None:
    """Working days after today, up to and including a date; 0 when it has passed.

    Working days are known from 1901 to 2109; outside, the answer is missing.
    """
    return working_days_between(on.as_of, day, on=on)


@rule_function(
    "working days",
    sql=_between_sql("{0}", "{1}"),
    words="the working days from {0} to {1}",
    example="working_days_between(date '2026-04-02', date '2026-04-07')",
    answer="1",
)
def working_days_between(first: date, second: date, *, on: Day) -> int | None:
    """Working days after the first date, up to and including the second. Bank holidays do not count.

    0 when the second is not after the first. Working days are known from 1901 to 2109; outside, the answer is missing.
    """
    if second > first and not FIRST <= first <= second <= LAST:
        return None
    return working_days.working_days_between(first, second, on.bank_holidays)


@rule_function(
    "working days",
    sql=_after_sql("{0}", whole_sql("{1}")),
    words="",
    example="add_working_days(date '2026-04-02', 1)",
    answer="2026-04-07",
)
def add_working_days(day: date, count: Number, *, on: Day) -> date | None:
    """The so-many-th working day after a date; before it when negative, and for 0 the date itself.

    Working days are known from 1901 to 2109; outside, the answer is missing.
    """
    whole = whole_number(count)
    if whole == 0:
        return day
    if whole is None or abs(whole) > (LAST - FIRST).days or not FIRST <= day <= LAST:
        return None
    reached = working_days.add_working_days(day, whole, on.bank_holidays)
    return reached if FIRST <= reached <= LAST else None


@rule_function(
    "working days",
    sql=f"({_on_sql('numbers', '{0}')} > {_on_sql('before', '{0}')})",
    words="{0} is a working day",
    example="is_working_day(date '2026-04-03')",
    answer="false",
)
def is_working_day(day: date, *, on: Day) -> bool | None:
    """Whether a date is a Monday to Friday that is not a bank holiday.

    Working days are known from 1901 to 2109; outside, the answer is missing.
    """
    return working_days.is_working_day(day, on.bank_holidays) if FIRST <= day <= LAST else None


@rule_function(
    "working days",
    sql=(
        "list_transform([{{'day': {0}, 'place': greatest(0, 1 + " + whole_sql("{1}") + ")}}], "
        "lambda given: list_filter(getvariable('school_terms'), lambda ends: ends >= given.day)[given.place])[1]"
    ),
    words="the end of the school term of {0}",
    example="term_end(date '2025-12-12', 1)",
    answer="2026-03-31",
)
def term_end(day: date, later: Number = 0, *, on: Day) -> date | None:
    """The day on which the school term of a date ends; with 1 that on which the next term ends.

    Terms end on the days of term_ends in the settings. Where they name no later one the answer is missing.
    """
    whole = whole_number(later)
    return None if whole is None else working_days.term_end(day, whole, on.term_ends)


# ---------------------------------------------------------------- ages


@rule_function(
    "ages",
    sql="age({0}, {1})",
    words="the age on {1} of somebody born on {0}",
    example="age_on(date '2008-04-01', date '2026-03-31')",
    answer="17",
)
def age_on(born: date, day: date) -> int:
    """Completed years of somebody born on the first date, on the second.

    Born on 29 February, they are a year older on 1 March in years without one. Negative before birth.
    """
    return working_days.age_on(born, day)


@rule_function(
    "ages",
    sql="CASE WHEN year({0}) + {n} BETWEEN 1 AND 9999 THEN birthday({0}, {n}) END".replace("{n}", whole_sql("{1}")),
    words="birthday number {1} of somebody born on {0}",
    example="birthday(date '2008-02-29', 18)",
    answer="2026-03-01",
)
def birthday(born: date, age: Number) -> date | None:
    """The so-many-th birthday; born on 29 February it is 1 March in years without one."""
    whole = whole_number(age)
    if whole is None or not date.min.year <= born.year + whole <= date.max.year:
        return None
    year = born.year + whole
    return date(year, 3, 1) if born.day > monthrange(year, born.month)[1] else born.replace(year=year)
