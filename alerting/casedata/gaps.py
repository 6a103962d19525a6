"""Columns that many rules read and few are misled by where they have gaps: how complete one is, is doubted apart from the column.

What a child's views read of it, such as the day on which a child is expected, decides little of most rules. While too much of it is not
there, only the rules wait that `misled_by_gaps` in the shared settings names with it.
"""

from __future__ import annotations

from collections.abc import Mapping

_COMPLETE = " (completeness)"


def completeness(column: str) -> str:
    """Return the name by which it is doubted how complete a column is, given as `table.column`."""
    return column + _COMPLETE


def column_of(name: str) -> str:
    """Return the column whose completeness this names; any other name as it is."""
    return name.removesuffix(_COMPLETE)


def misled_by_gaps(params: Mapping[str, object]) -> Mapping[str, frozenset[str]]:
    """Return the codes of the rules that gaps mislead, by column. params: the shared settings."""
    given = params.get("misled_by_gaps")
    lists = given.items() if isinstance(given, Mapping) else ()
    return {str(column): frozenset(map(str, codes)) for column, codes in lists if isinstance(codes, (list, tuple))}


def not_supplied_columns(params: Mapping[str, object]) -> frozenset[str]:
    """Return what the case system cannot give, as rules need it: a column, or that it is complete where gaps in it mislead few."""
    given, few = params.get("not_supplied_columns"), misled_by_gaps(params)
    columns = map(str, given) if isinstance(given, (list, tuple)) else ()
    return frozenset(completeness(column) if column in few else column for column in columns)
