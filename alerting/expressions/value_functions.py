"""The functions about numbers, texts, lists and any value. An entry is all that there is to a function: see `function_type`."""

from __future__ import annotations

from typing import Any

from alerting.expressions.function_type import Codes, Number, rule_function
from alerting.expressions.rounding import nearest, whole_number, whole_sql

# ---------------------------------------------------------------- numbers


_NOISE = 9
_MILLION = 1_000_000.0


@rule_function(
    "numbers",
    sql=(
        f"CASE WHEN abs(CAST({{1}} AS DOUBLE)) <= {_NOISE} THEN round(round(CAST({{0}} AS DOUBLE) * {{up}} / {{down}}, {_NOISE})) * {{down}} / {{up}} END"
    )
    .replace("{up}", "pow(10, greatest({n}, 0))")
    .replace("{down}", "pow(10, greatest(-{n}, 0))")
    .replace("{n}", whole_sql("{1}")),
    words="{0}",
    example="round(2.345, 1)",
    answer="2.3",
)
def round_(number: Number, decimals: Number = 0) -> float | None:
    """A number rounded to so many decimals, a half away from zero.

    What is off a half by less than a billionth counts as one, because sums of fractions are off by as much. At most 9
    decimals; -2 rounds to hundreds.
    """
    whole = whole_number(decimals)
    if whole is None or abs(decimals) > _NOISE:
        return None
    up, down, billion = 10.0 ** max(whole, 0), 10.0 ** max(-whole, 0), 10.0**_NOISE
    return float(nearest(nearest(number * up / down * billion) / billion)) * down / up


@rule_function("numbers", sql="abs(CAST({0} AS DOUBLE))", words="the size of {0}", example="abs(3 - 5)", answer="2")
def abs_(number: Number) -> Number:
    """A number without its sign."""
    return abs(number)


@rule_function(
    "numbers",
    sql=(
        f"(round(CAST({{0}} AS DOUBLE) * {_MILLION}) * 100 / "
        f"CASE WHEN abs(CAST({{1}} AS DOUBLE)) >= {{2}} THEN nullif(round(CAST({{1}} AS DOUBLE) * {_MILLION}), 0) END)"
    ),
    words="{0} as a percentage of {1}",
    example="percentage(18, 20, 10)",
    answer="90",
)
def percentage(part: Number, whole: Number, at_least: Number = 0) -> float | None:
    """A part as a percentage of a whole; missing when the whole is 0, or less than the third number where there is one.

    Part and whole may have six decimals. A percentage is then over, under or exactly a limit as the fraction is, and a difference
    of two percentages too.
    """
    below, above = float(nearest(part * _MILLION)), float(nearest(whole * _MILLION))
    return below * 100 / above if above and abs(whole) >= at_least else None


@rule_function(
    "numbers",
    sql="((CAST({1} AS DOUBLE) - {0}) * 100 / nullif(abs(CAST({0} AS DOUBLE)), 0))",
    words="the change in per cent from {0} to {1}",
    example="percentage_change(40, 50)",
    answer="25",
)
def percentage_change(before: Number, after: Number) -> float | None:
    """The change from the first number to the second as a percentage of the first; missing when that is 0."""
    return (after - before) * 100.0 / abs(before) if before else None


@rule_function(
    "numbers",
    sql="len(list_filter([{all}], lambda holds: holds))",
    words="",
    example="how_many(2 > 1, 1 > 2, null)",
    answer="1",
)
def how_many(condition: bool | None, *more: bool | None) -> int:
    """How many of the conditions hold; one whose answer is missing does not."""
    return sum(holds is True for holds in (condition, *more))


# ---------------------------------------------------------------- text


# White space around a cell, as `snapshot` strips it.
_WHITE = " \t\n\r\f\v\u00a0"


@rule_function("text", sql="lower({0})", words="{0}", example="lower('Yes')", answer="yes")
def lower(text: str) -> str:
    """Text in lower case."""
    # Letter by letter: Python's own lower() gives a second letter for one, and reads the letters beside a sigma.
    return "".join(letter.lower()[0] for letter in text)


@rule_function("text", sql="stripped({0})", words="{0}", example="trim(' a ')", answer="a")
def trim(text: str) -> str:
    """Text without white space around it."""
    return text.strip(_WHITE)


@rule_function("text", sql="length({0})", words="the number of characters of {0}", example="length('abc')", answer="3")
def length(text: str) -> int:
    """How many characters a text has."""
    return len(text)


# ---------------------------------------------------------------- lists


def _members(*given: Any) -> list[Any]:
    """Return the values that are there, those of lists among them one by one."""
    flat = [member for value in given for member in (value if isinstance(value, tuple) else (value,))]
    return [member for member in flat if member is not None]


@rule_function(
    "lists",
    sql="coalesce(list_contains({list}, {0}), false)",
    words="",
    example="one_of('REL', 'REL', 'FREL')",
    answer="true",
)
def one_of(value: Any, *choices: Any) -> bool:
    """Whether a value is one of those given, or of a list parameter. A missing value is none of them."""
    return value in _members(*choices)


@rule_function(
    "lists",
    sql="coalesce(list_has_any({0}, {list}), false)",
    words="",
    example="has(codes('C1', 'E1'), 'E1')",
    answer="true",
)
def has(listed: Codes | None, *wanted: str | Codes | None) -> bool:
    """Whether a list of codes holds any of those given. A missing list holds none."""
    return not set(_members(listed)).isdisjoint(_members(*wanted))


@rule_function(
    "lists",
    sql="coalesce(len({0}) = 1 AND list_has_any({0}, {list}), false)",
    words="",
    example="only(codes('J1'), 'J1')",
    answer="true",
)
def only(listed: Codes | None, *wanted: str | Codes | None) -> bool:
    """Whether a list of codes is exactly one code, and that one of those given. A missing list is not."""
    return listed is not None and len(listed) == 1 and has(listed, *wanted)


@rule_function("lists", sql="len({0})", words="the number of {0}", example="count_of(codes('C1', 'E1'))", answer="2")
def count_of(listed: Codes) -> int:
    """How many codes a list holds."""
    return len(listed)


@rule_function(
    "lists",
    sql="list_filter({list}, lambda code: code IS NOT NULL)",
    words="",
    example="count_of(codes('C1', null))",
    answer="1",
)
def codes(*given: str | Codes | None) -> Codes:
    """A list of codes, of those that are not missing."""
    return tuple(_members(*given))


# ---------------------------------------------------------------- any value


@rule_function("any value", sql="coalesce({all})", words="", example="coalesce(null, 3)", answer="3")
def coalesce(first: Any, *others: Any) -> Any:
    """The first value that is not missing."""
    return next((value for value in (first, *others) if value is not None), None)


@rule_function("any value", sql="greatest({all})", words="", example="greatest(1, null, 3)", answer="3")
def greatest(first: Any, *others: Any) -> Any:
    """The greatest value, such as the latest date; missing ones are passed over."""
    return max((value for value in (first, *others) if value is not None), default=None)


@rule_function("any value", sql="least({all})", words="", example="least(1, null, 3)", answer="1")
def least(first: Any, *others: Any) -> Any:
    """The least value, such as the earliest date; missing ones are passed over."""
    return min((value for value in (first, *others) if value is not None), default=None)
