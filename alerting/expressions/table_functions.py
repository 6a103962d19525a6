"""The functions that look a number up in one of a rule's tables. An entry is all that there is to a function: see `function_type`."""

from __future__ import annotations

from alerting.expressions.function_type import Levels, Number, Table, rule_function

OTHERS = "default"
"""The row of all that have no row of their own."""

_ROW = "coalesce({0}[{1}], {0}['" + OTHERS + "'])"


@rule_function(
    "tables",
    sql=_ROW,
    words="{0} for {1}",
    example="value_of(limits, 'disabled_children')",
    answer="60",
)
def value_of(table: Table, row: str | None) -> Number | None:
    """The number that a table has for a row; that of its row `default` where the row is missing or not in it.

    In the example the rule has `tables: {limits: {disabled_children: 60, default: 20}}`.
    """
    return table.get(row or "", table.get(OTHERS))


@rule_function(
    "tables",
    sql=_ROW + "[1]",
    words="the amber of {0} for {1}",
    example="amber_of(thresholds, 'asye')",
    answer="10",
)
def amber_of(table: Levels, row: str | None) -> Number | None:
    """The first number, for amber, that a table has for a row; of its row `default` where the row is missing or not in it.

    In the example the rule has `tables: {thresholds: {asye: [10, 12], default: [18, 22]}}`.
    """
    found = table.get(row or "", table.get(OTHERS))
    return found[0] if found else None


@rule_function(
    "tables",
    sql=_ROW + "[2]",
    words="the red of {0} for {1}",
    example="red_of(thresholds, 'assessment')",
    answer="22",
)
def red_of(table: Levels, row: str | None) -> Number | None:
    """The second number, for red, that a table has for a row; of its row `default` where the row is missing or not in it.

    In the example the rule has `tables: {thresholds: {asye: [10, 12], default: [18, 22]}}`.
    """
    found = table.get(row or "", table.get(OTHERS))
    return found[1] if found else None
