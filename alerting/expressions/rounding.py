"""How numbers are rounded: those that functions take, in Python and in the engine, and those that sums give."""

from __future__ import annotations

from math import trunc

from alerting.expressions.function_type import Number

# Part of a day or month is rounded to a whole one. More digits than any date has days are no number of days, so that one
# odd cell makes one missing answer, and not a query that fails.
_DIGITS = 6


def whole_sql(argument: str) -> str:
    """Return the SQL of `whole_number`."""
    return f"CAST(TRY_CAST(round({argument}) AS DECIMAL({_DIGITS}, 0)) AS INTEGER)"


def whole_number(number: Number) -> int | None:
    """Return a number rounded to a whole one; None for one of more digits than any count of days has."""
    whole = int(nearest(number))
    return whole if abs(whole) < 10**_DIGITS else None


def nearest(number: Number) -> Number:
    """Return the nearest whole number, a half away from zero, as the engine does and schools teach."""
    whole = trunc(number)
    return whole + (1 if number > 0 else -1) if abs(number - whole) >= 0.5 else whole


def sum_sql(left: str, sign: str, right: str) -> str:
    """Write a sum that no value can make fail: the engine's whole numbers and decimals overflow, its doubles do not.

    What doubles are off by, such as 1.1 * 70 by a hundred-billionth, is rounded away, or 77 would not be 77.
    """
    if sign == "/":
        return f"(CAST({left} AS DOUBLE) / nullif(CAST({right} AS DOUBLE), 0))"
    return f"round(CAST({left} AS DOUBLE) {sign} CAST({right} AS DOUBLE), 9)"


def minus_sql(number: str) -> str:
    return f"(0 - CAST({number} AS DOUBLE))"
