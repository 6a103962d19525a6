"""Whether a rule has enough to go by: how many of its population have a value in the columns that it requires."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from alerting.casedata.conversion import quoted
from alerting.casedata.snapshot import Snapshot
from alerting.evaluation.query import required_rows
from alerting.formatting import listed
from alerting.rulebook.rule import Rule

_NAMED = 3
"""Of the columns of the case data that a value comes from, so many are named."""


@dataclass(frozen=True, kw_only=True)
class TooFew:
    """That too few of a rule's population have a value that it requires."""

    problem: str
    #: The lowest share that has one, in percent.
    filled: float


def check_fill(
    snapshot: Snapshot,
    rule: Rule,
    params: Mapping[str, object],
    *,
    rows: str = "",
    day: str = "as_of()",
    sources: Callable[[], Mapping[str, Collection[str]]] = dict,
) -> dict[date, TooFew]:
    """Return the days on which too few of a rule's population have a value that it requires, with which; an answer is then none.

    `params` are the shared parameters (`min_fill`, `min_fill_at_least`). Where the rows are those of many days, `rows` is the query
    of `required_rows` and `day` the column that holds the day of each. `sources` is asked which columns of the case
    data the subject's hold, where too few do.
    """
    required = rule.file.requires
    if not required:
        return {}
    filled = ", ".join(f"count({quoted(name)})" for name in required)
    counts = snapshot.sql(f"SELECT {day}, count(*), {filled} FROM ({rows or required_rows(rule)}) GROUP BY 1")
    whom = "its population" if rule.file.requires_of == "true" else f"those in its population with `{rule.file.requires_of}`"
    problems: dict[date, TooFew] = {}
    for of_day, count, *values in counts:
        for (name, share), value in zip(required.items(), values, strict=True):
            least = Fraction(str(params["min_fill"] if share is None else share))
            if count >= float(str(params["min_fill_at_least"])) and value < least * count:
                held = sorted(sources().get(name, ()))[:_NAMED]
                of = f" ({listed(held)})" if held else ""
                said = f"only {100 * value // count} % of {whom} have '{name}' recorded{of}; it needs {round(100 * least)} %"
                lowest = min(100 * value / count, problems[of_day].filled if of_day in problems else 100)
                problems[of_day] = TooFew(problem=said, filled=lowest)
    return problems
