"""What a rule with `per` may count over the subjects of one team, worker or service.

A missing value is passed over, as in SQL: a share is of those of whom it can be told.
"""

from __future__ import annotations

from dataclasses import dataclass

from alerting.expressions.functions import Type


@dataclass(frozen=True, kw_only=True)
class Aggregate:
    """One way to count over many."""

    name: str
    takes: tuple[Type, ...]
    #: `any` for one that gives what it takes.
    gives: Type
    #: With the argument as {0}, and which rows count as {rows}.
    sql: str
    says: str
    example: str
    #: As in a RuleFunction.
    words: str = ""
    optional: bool = False


_ALL = (
    Aggregate(
        name="count",
        takes=("boolean",),
        gives="number",
        sql="count(*) FILTER (WHERE {rows} AND ({0}))",
        says="How many there are; with a condition, for how many it is true.",
        words="how many there are",
        example="count(days_since(last_seen) > 28)",
        optional=True,
    ),
    Aggregate(
        name="count_distinct",
        takes=("any",),
        gives="number",
        sql="count(DISTINCT {0}) FILTER (WHERE {rows})",
        says="How many different values there are.",
        words="how many different values of {0} there are",
        example="count_distinct(worker_id)",
    ),
    Aggregate(
        name="share",
        takes=("boolean",),
        gives="number",
        sql="(100.0 * count(*) FILTER (WHERE {rows} AND ({0})) / nullif(count(*) FILTER (WHERE {rows} AND ({0}) IS NOT NULL), 0))",
        says="The percentage, 0 to 100, for whom a condition is true, of those of whom it can be told.",
        example="share(days_since(last_seen) <= 28)",
    ),
    Aggregate(
        name="sum",
        takes=("number",),
        gives="number",
        # Rounded, as the order in which parts such as 0.8 of a post are added would else change the last digit from run to run.
        sql="CASE WHEN count(*) FILTER (WHERE {rows}) = 0 THEN 0 ELSE round(fsum(CAST({0} AS DOUBLE)) FILTER (WHERE {rows}), 9) END",
        says="The sum of a number; 0 of nobody.",
        words="the sum of {0}",
        example="sum(open_cases)",
    ),
    Aggregate(
        name="avg",
        takes=("number",),
        gives="number",
        sql="avg(CAST({0} AS DOUBLE)) FILTER (WHERE {rows})",
        says="The average of a number.",
        words="the average of {0}",
        example="avg(days_since(last_seen))",
    ),
    Aggregate(
        name="median",
        takes=("number",),
        gives="number",
        sql="median(CAST({0} AS DOUBLE)) FILTER (WHERE {rows})",
        says="The number in the middle: half are below it.",
        words="the middle value of {0}",
        example="median(days_since(last_seen))",
    ),
    Aggregate(
        name="min",
        takes=("any",),
        gives="any",
        sql="min({0}) FILTER (WHERE {rows})",
        says="The least of a number, or the earliest of a date.",
        example="days_since(min(last_seen))",
    ),
    Aggregate(
        name="max",
        takes=("any",),
        gives="any",
        sql="max({0}) FILTER (WHERE {rows})",
        says="The greatest of a number, or the latest of a date.",
        example="days_since(max(last_seen))",
    ),
)

AGGREGATES = {aggregate.name: aggregate for aggregate in _ALL}
"""Every aggregate by name."""

ROWS = 's."is row"'
"""True of each row that is counted. A team with none has one row without it."""
