"""The tables of a rule: a number, or one for amber and one for red, for each row, as they apply in this council."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from alerting.documents.document import KeyPath, did_you_mean
from alerting.rulebook.file_models import RuleFile, RuleSetting, TableRow

Table = Mapping[str, TableRow]

_LEVELS = ("amber", "red")
_OLD_NAME = re.compile(rf"(.+)_({'|'.join(_LEVELS)})")


@dataclass(frozen=True, kw_only=True)
class SettingFault:
    """What config.yaml says of a rule's tables and cannot say, or says in an old way."""

    #: Below the rule's setting.
    path: KeyPath
    problem: str
    remedy: str
    severity: Literal["error", "warning"] = "error"


@dataclass(frozen=True, kw_only=True)
class AppliedTables:
    """A rule's tables as config.yaml sets them."""

    tables: Mapping[str, Table]
    #: What of config.yaml's parameters are rows of a table, by the names that an earlier version of the rule had for them.
    old_names: frozenset[str] = frozenset()
    faults: tuple[SettingFault, ...] = field(default=())


def apply_tables(file: RuleFile, setting: RuleSetting) -> AppliedTables:
    """Return a rule's tables with the rows that config.yaml sets, and what of those it cannot set.

    A parameter `asye_red` of a rule that has none, and has a table with a row `asye`, is the red of that row, as it was before the
    rule had a table.
    """
    tables: dict[str, dict[str, Any]] = {name: dict(rows) for name, rows in file.tables.items()}
    faults = [*_put_old_names(file, setting, tables), *_put_rows(file, setting, tables)]
    old = frozenset(str(fault.path[-1]) for fault in faults if fault.path[0] == "params")
    return AppliedTables(tables=tables, old_names=old, faults=tuple(faults))


def is_pairs(table: Table) -> bool:
    """Return whether the rows of a table have a number for amber and one for red."""
    return any(isinstance(row, (list, tuple)) for row in table.values())


def find_uneven(table: Table) -> Iterator[tuple[str, str, str]]:
    """Find the rows that are not like the others of their table: each with what is wrong and what to write."""
    pairs = is_pairs(table)
    for name, row in table.items():
        if pairs and not isinstance(row, (list, tuple)):
            yield name, "has one number, and other rows have two", f"Write [amber, red], such as [{row}, {row}]."
    ways = {name: (row[1] > row[0]) - (row[1] < row[0]) for name, row in table.items() if isinstance(row, (list, tuple))}
    rising = sum(ways.values()) >= 0
    for name, way in ways.items():
        if way == (-1 if rising else 1):
            yield name, "has amber and red the other way round from other rows", "Write amber first and red second."


def _put_old_names(file: RuleFile, setting: RuleSetting, tables: dict[str, dict[str, Any]]) -> Iterator[SettingFault]:
    for name, value in setting.params.items():
        found = _OLD_NAME.fullmatch(name)
        if found is None or name in file.params:
            continue
        table = next((table for table, rows in file.tables.items() if found[1] in rows and is_pairs(rows)), None)
        if table is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            yield SettingFault(path=("params", name), problem=f"{name} should be a number", remedy="Write it in digits.")
            continue
        row = list(tables[table][found[1]])
        row[_LEVELS.index(found[2])] = value
        tables[table][found[1]] = tuple(row)
        remedy = f"Write `tables: {{{table}: {{{found[1]}: [{row[0]}, {row[1]}]}}}}` in its place."
        problem = f"'{name}' is the old name of a number in the table '{table}', and is read as that"
        yield SettingFault(path=("params", name), problem=problem, remedy=remedy, severity="warning")


def _put_rows(file: RuleFile, setting: RuleSetting, tables: dict[str, dict[str, Any]]) -> Iterator[SettingFault]:
    for name, rows in setting.tables.items():
        if name not in file.tables:
            remedy = did_you_mean(name, dict(file.tables)) or f"Its tables are: {', '.join(file.tables) or 'none'}."
            yield SettingFault(path=("tables", name), problem=f"names a table '{name}' it does not have", remedy=remedy)
            continue
        for row, value in rows.items():
            if isinstance(value, tuple) != is_pairs(file.tables[name]):
                shape = "[amber, red]" if is_pairs(file.tables[name]) else "one number"
                problem = f"the row '{row}' of the table '{name}' is not like its other rows"
                yield SettingFault(path=("tables", name, row), problem=problem, remedy=f"Write {shape}.")
                continue
            tables[name][row] = value
            near = did_you_mean(row, dict(file.tables[name])) if row not in file.tables[name] else ""
            if near:
                problem = f"'{row}' is a new row of the table '{name}'"
                yield SettingFault(path=("tables", name, row), problem=problem, remedy=near, severity="warning")
