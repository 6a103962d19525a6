"""One rule as libraries of rules ask it: row by row, in Python, with the days reckoned beforehand, as they know no months.

The other eleven join tables or look for the latest of several rows, which none of these can say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time
from typing import Any

CODE = "CP-06"
_MONTHS = (24, 18, 15)


def ways(rows: Sequence[dict[str, date]], as_of: date) -> dict[str, Callable[[], int]]:
    """Return each library that is installed, with what counts the rows that match."""
    limits = {f"before_{months}": _months_before(as_of, months) for months in _MONTHS}
    moments = [{"plan_start": _moment(row["plan_start"])} for row in rows]
    found: dict[str, Callable[[], int]] = {"Python": lambda: sum(row["plan_start"] <= limits["before_15"] for row in rows)}
    with suppress(ImportError):
        import rule_engine

        rules = [
            rule_engine.Rule(f"plan_start <= d'{limits[f'before_{months}'].isoformat()}T00:00:00+00:00'") for months in _MONTHS
        ]
        found["rule-engine"] = lambda: sum(any(rule.matches(row) for rule in rules) for row in moments)
    with suppress(ImportError):
        found["cel-python"] = _by_cel(moments, limits)
    return found


def _by_cel(moments: Sequence[dict[str, datetime]], limits: dict[str, date]) -> Callable[[], int]:
    import celpy

    environment = celpy.Environment()
    text = " || ".join(f"plan_start <= timestamp('{limits[f'before_{months}'].isoformat()}T00:00:00Z')" for months in _MONTHS)
    program: Any = environment.program(environment.compile(text))
    activations = [{"plan_start": celpy.celtypes.TimestampType(row["plan_start"])} for row in moments]
    return lambda: sum(bool(program.evaluate(each)) for each in activations)


def _months_before(day: date, months: int) -> date:
    """Return the last day from which so many months have gone by on a day, which is not the end of a month."""
    years, month = divmod(day.month - 1 - months, 12)
    return day.replace(year=day.year + years, month=month + 1)


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
