"""Which rules are off because a table without which they make no sense is not supplied: no all-clear comes of no data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from alerting.casedata.catalogue import TABLES
from alerting.casedata.conversion import quoted
from alerting.casedata.snapshot import Snapshot
from alerting.rulebook.rule import Rule


@dataclass(frozen=True, kw_only=True)
class NotSupplied:
    """A table, or rows of a certain kind in it, that the council does not supply."""

    table: str
    #: What there would have to be, in words.
    what: str

    def __str__(self) -> str:
        return f"no {self.what} ({self.table})"


def find_not_supplied(snapshot: Snapshot, rules: Iterable[Rule]) -> dict[str, NotSupplied]:
    """Return what each rule is off for want of; those that may be asked are not there.

    A table that is there and cannot be read is supplied: its rules wait until it can be. Whether a table is believed is not asked.
    """
    looks = _Look(snapshot)
    return {rule.id: found for rule in rules if (found := looks.lacking(rule))}


class _Look:
    """Looks at each table, and for each kind of row in it, once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._there: dict[tuple[str, str], bool] = {}
        named = snapshot.settings.params.get("not_supplied")
        self._left_out = frozenset(map(str, named)) if isinstance(named, (list, tuple)) else frozenset[str]()

    def lacking(self, rule: Rule) -> NotSupplied | None:
        for table in sorted(rule.reads & self._left_out):
            return NotSupplied(table=table, what=TABLES[table].words)
        several = rule.file.off_without_all
        if several and not any(self._has(table, "true") for table in several):
            return NotSupplied(table=several[0], what=" or ".join(TABLES[table].words for table in several))
        for table, cells in rule.file.off_without.items():
            words = TABLES[table].words
            if not self._has(table, "true"):
                return NotSupplied(table=table, what=words)
            if cells and not self._has(table, " AND ".join(_is(table, name, cell) for name, cell in cells.items())):
                return NotSupplied(
                    table=table, what=f"{words} of {' and '.join(f'{name} {cell}' for name, cell in cells.items())}"
                )
        return None

    def _has(self, table: str, which: str) -> bool:
        reading = self._snapshot.readings.get(table)
        if reading and reading.problem:
            return True
        if (table, which) not in self._there:
            self._there[table, which] = bool(self._snapshot.sql(f"SELECT 1 FROM {quoted(table)} WHERE {which} LIMIT 1"))
        return self._there[table, which]


def _is(table: str, name: str, cell: str) -> str:
    """Write that a cell says a word, by its code where it has one."""
    column = TABLES[table].columns[name]
    text = cell.replace("'", "''")
    return f"{quoted(f'{name}_code')} = '{text}'" if column.codes else f"norm({quoted(name)}) = norm('{text}')"
