"""The functions a rule may call. Each says what it does and shows it; each has one form for the engine.

An engine form is SQL with the arguments as {0}, {1}, ...; the snapshot's shared functions may be used in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Type = Literal["text", "number", "date", "boolean", "codes", "any"]


@dataclass(frozen=True, kw_only=True)
class RuleFunction:
    """One function: the types it takes and gives, its SQL, what it means, and an example with its answer.

    takes: one type an argument; with `rest`, any number of further arguments of that type.
    """

    name: str
    takes: tuple[Type, ...]
    gives: Type
    sql: str
    says: str
    example: str
    answer: str
    rest: Type | None = None
    optional: int = 0


_ALL = (
    RuleFunction(
        name="today",
        takes=(),
        gives="date",
        sql="as_of()",
        says="The business date of the run.",
        example="today()",
        answer="2026-03-31",
    ),
    RuleFunction(
        name="days",
        takes=("number",),
        gives="number",
        sql="CAST({0} AS INTEGER)",
        says="A number of calendar days, to add to a date.",
        example="today() + days(7)",
        answer="2026-04-07",
    ),
    RuleFunction(
        name="days_since",
        takes=("date",),
        gives="number",
        sql="(as_of() - {0})",
        says="Calendar days from a date to today; negative when it lies ahead.",
        example="days_since(date '2026-03-01')",
        answer="30",
    ),
    RuleFunction(
        name="days_until",
        takes=("date",),
        gives="number",
        sql="({0} - as_of())",
        says="Calendar days from today to a date; negative when it has passed.",
        example="days_until(date '2026-04-02')",
        answer="2",
    ),
    RuleFunction(
        name="days_between",
        takes=("date", "date"),
        gives="number",
        sql="({1} - {0})",
        says="Calendar days from the first date to the second.",
        example="days_between(date '2026-01-01', date '2026-01-31')",
        answer="30",
    ),
    RuleFunction(
        name="working_days_since",
        takes=("date",),
        gives="number",
        sql="wd_between({0}, as_of())",
        says="Working days after a date, up to and including today; 0 when it lies ahead.",
        example="working_days_since(date '2026-03-27')",
        answer="2",
    ),
    RuleFunction(
        name="working_days_until",
        takes=("date",),
        gives="number",
        sql="wd_between(as_of(), {0})",
        says="Working days after today, up to and including a date; 0 when it has passed.",
        example="working_days_until(date '2026-04-07')",
        answer="3",
    ),
    RuleFunction(
        name="working_days_between",
        takes=("date", "date"),
        gives="number",
        sql="wd_between({0}, {1})",
        says="Working days after the first date, up to and including the second. Bank holidays do not count.",
        example="working_days_between(date '2026-04-02', date '2026-04-07')",
        answer="1",
    ),
    RuleFunction(
        name="add_days",
        takes=("date", "number"),
        gives="date",
        sql="CAST({0} + CAST({1} AS INTEGER) AS DATE)",
        says="The date so many calendar days later.",
        example="add_days(date '2026-02-27', 2)",
        answer="2026-03-01",
    ),
    RuleFunction(
        name="add_months",
        takes=("date", "number"),
        gives="date",
        sql="add_months({0}, {1})",
        says="The same day so many months later, or the last day of that month.",
        example="add_months(date '2025-12-31', 3)",
        answer="2026-03-31",
    ),
    RuleFunction(
        name="add_working_days",
        takes=("date", "number"),
        gives="date",
        sql="wd_add({0}, {1})",
        says="The so-many-th working day after a date.",
        example="add_working_days(date '2026-04-02', 1)",
        answer="2026-04-07",
    ),
    RuleFunction(
        name="age_on",
        takes=("date", "date"),
        gives="number",
        sql="age({0}, {1})",
        says="Completed years of somebody born on the first date, on the second.",
        example="age_on(date '2008-04-01', date '2026-03-31')",
        answer="17",
    ),
    RuleFunction(
        name="birthday",
        takes=("date", "number"),
        gives="date",
        sql="birthday({0}, {1})",
        says="The so-many-th birthday; born on 29 February it is 1 March in years without one.",
        example="birthday(date '2008-02-29', 18)",
        answer="2026-03-01",
    ),
    RuleFunction(
        name="month_of",
        takes=("date",),
        gives="date",
        sql="CAST(date_trunc('month', {0}) AS DATE)",
        says="The first day of a date's month.",
        example="month_of(date '2026-03-31')",
        answer="2026-03-01",
    ),
    RuleFunction(
        name="week_of",
        takes=("date",),
        gives="date",
        sql="CAST(date_trunc('week', {0}) AS DATE)",
        says="The Monday of a date's week.",
        example="week_of(date '2026-03-29')",
        answer="2026-03-23",
    ),
    RuleFunction(
        name="one_of",
        takes=("any",),
        rest="any",
        gives="boolean",
        sql="coalesce(list_contains({list}, {0}), false)",
        says="Whether a value is one of those given, or of a list parameter. A missing value is none of them.",
        example="one_of('REL', 'REL', 'FREL')",
        answer="true",
    ),
    RuleFunction(
        name="has",
        takes=("codes",),
        rest="text",
        gives="boolean",
        sql="coalesce(list_has_any({0}, {list}), false)",
        says="Whether a list of codes holds any of those given.",
        example="has(codes('C1', 'E1'), 'E1')",
        answer="true",
    ),
    RuleFunction(
        name="only",
        takes=("codes",),
        rest="text",
        gives="boolean",
        sql="coalesce(len({0}) = 1 AND list_has_any({0}, {list}), false)",
        says="Whether a list of codes is exactly one code, and that one of those given.",
        example="only(codes('J1'), 'J1')",
        answer="true",
    ),
    RuleFunction(
        name="count_of",
        takes=("codes",),
        gives="number",
        sql="len({0})",
        says="How many codes a list holds.",
        example="count_of(codes('C1', 'E1'))",
        answer="2",
    ),
    RuleFunction(
        name="codes",
        takes=(),
        rest="text",
        gives="codes",
        sql="{list}",
        says="A list of codes.",
        example="count_of(codes('C1'))",
        answer="1",
    ),
    RuleFunction(
        name="lower",
        takes=("text",),
        gives="text",
        sql="lower({0})",
        says="Text in lower case.",
        example="lower('Yes')",
        answer="yes",
    ),
    RuleFunction(
        name="trim",
        takes=("text",),
        gives="text",
        sql="trim({0})",
        says="Text without spaces around it.",
        example="trim(' a ')",
        answer="a",
    ),
    RuleFunction(
        name="length",
        takes=("text",),
        gives="number",
        sql="length({0})",
        says="How many characters a text has.",
        example="length('abc')",
        answer="3",
    ),
    RuleFunction(
        name="round",
        takes=("number", "number"),
        optional=1,
        gives="number",
        sql="round(CAST({0} AS DOUBLE), CAST({1} AS INTEGER))",
        says="A number rounded to so many decimals.",
        example="round(2.345, 1)",
        answer="2.3",
    ),
    RuleFunction(
        name="coalesce",
        takes=("any",),
        rest="any",
        gives="any",
        sql="coalesce({all})",
        says="The first value that is there.",
        example="coalesce(null, 3)",
        answer="3",
    ),
    RuleFunction(
        name="greatest",
        takes=("any",),
        rest="any",
        gives="any",
        sql="greatest({all})",
        says="The greatest value; missing ones are passed over.",
        example="greatest(1, null, 3)",
        answer="3",
    ),
    RuleFunction(
        name="least",
        takes=("any",),
        rest="any",
        gives="any",
        sql="least({all})",
        says="The least value; missing ones are passed over.",
        example="least(1, null, 3)",
        answer="1",
    ),
)

FUNCTIONS = {function.name: function for function in _ALL}
"""Every function by name."""
