"""Reads the council's own tables from elsewhere than the case data, such as files that people keep beside a database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from alerting.casedata.catalogue import TABLES
from alerting.casedata.restricted_list import RESTRICTED
from alerting.casedata.snapshot import Snapshot, Source, Wanted
from alerting.errors import SourceError

OWN_TABLES = frozenset(name for name, table in TABLES.items() if table.extension)
USUALLY_APART = OWN_TABLES - {"ext_load"}
"""Those that come from elsewhere where it is not said which do: how each case table was loaded is said beside these."""


KEPT_APART = (
    "Keep it in one place: take out the one that nobody keeps, or name in `own_tables: tables:` only those that are kept apart."
)


def left_beside_case_data(snapshot: Snapshot) -> list[str]:
    """Return the tables that are beside the case data and were looked for elsewhere alone; that of the restricted records first."""
    found = [name for name, reading in snapshot.readings.items() if reading.not_looked_at]
    return sorted(found, key=lambda name: (name != RESTRICTED, name))


@dataclass(frozen=True, kw_only=True)
class Divided(Source):
    """A source of the case data, and another of some of the council's own tables: what is not there is looked for nowhere else.

    Where none of the own tables can be read, each of them is one that could not be; the case data is read all the same.
    """

    case_data: Source
    own: Source
    #: The tables that `own` is asked for, and nothing else is.
    tables: frozenset[str]

    def read(self, wanted: Wanted, into: Snapshot) -> None:
        own = {table: columns for table, columns in wanted.items() if table in self.tables}
        case_data = {table: columns for table, columns in wanted.items() if table not in self.tables}
        if case_data:
            self.case_data.read(case_data, into)
        left = [table for table in own if into.reading(table).unasked]
        if own:
            try:
                self.own.read(own, into)
            except SourceError as error:
                for table in own:
                    into.unreadable(table, f"own_tables: {error.in_one_line}")
        for table in left:
            into.reading(table).not_looked_at = True

    def places(self, table: str, column: str, cells: frozenset[str]) -> list[str]:
        return (self.own if table in self.tables else self.case_data).places(table, column, cells)

    def identity(self) -> tuple[str, ...]:
        # A release that knows one table more is no other place: all rules would be braked as those of a new source are.
        named = [] if self.tables == USUALLY_APART else sorted(self.tables)
        return (*self.case_data.identity(), *self.own.identity(), *named)

    def own_today(self) -> date | None:
        return self.case_data.own_today()

    def delivered_as(self) -> str | None:
        return self.case_data.delivered_as()
