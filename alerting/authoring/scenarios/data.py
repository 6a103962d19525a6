"""A council made of the rows that a scenario gives: its tables from day to day, and the source that reads them.

Only the columns that matter need be given. A column may be named without its table's prefix: `person_id` of ssd_person is
pers_person_id.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from alerting.authoring.scenarios.file_models import Change, Day, Directory, Row
from alerting.casedata.catalogue import TABLES
from alerting.casedata.snapshot import Snapshot, Source, Wanted

_PEOPLE = {
    "M1": ("team_manager", "T1"),
    "M2": ("team_manager", "T2"),
    "S1": ("service_manager", "T1"),
    "H1": ("head_of_service", "T1"),
    "W1": ("social_worker", "T1"),
    "W2": ("social_worker", "T2"),
    "P1": ("performance", "TP"),
    "Q1": ("other", "TQ"),
}
_TEAMS = {
    "T1": ("help_protection", "M1"),
    "T2": ("children_in_care", "M2"),
    "TP": ("performance", "P1"),
    "TQ": ("quality_assurance", "Q1"),
}
_SAYS_WHAT_WAS_LOADED = "ext_load"


@dataclass(kw_only=True)
class ScenarioData(Source):
    """The tables of a made-up council, which a scenario changes from day to day; to a run they are its source."""

    tables: dict[str, list[Row]]
    #: The tables that are left out of today's delivery.
    missing: frozenset[str] = frozenset()
    #: By table, the share of its rows that arrived today.
    half: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_directory(cls, directory: Directory) -> ScenarioData:
        """Return a council with this directory, and with nothing about any child yet."""
        tables: dict[str, list[Row]] = {name: [] for name in TABLES if name != _SAYS_WHAT_WAS_LOADED}
        staff = directory.staff if directory.staff is not None else _staff()
        tables["ext_staff"] = expand_rows("ext_staff", staff)
        tables["ext_team"] = expand_rows("ext_team", directory.teams if directory.teams is not None else _teams())
        tables["ext_cover"] = expand_rows("ext_cover", directory.cover)
        tables["ext_restricted"] = expand_rows("ext_restricted", directory.restricted)
        tables["ssd_professionals"] = [
            {"prof_professional_id": row.get("worker_id"), "prof_professional_name": row.get("name")}
            for row in tables["ext_staff"]
        ]
        return cls(tables=tables)

    @property
    def teams(self) -> frozenset[str]:
        """The teams of today's directory."""
        return frozenset(team for row in self.tables["ext_team"] if (team := row.get("team_id")))

    def move_to(self, day: Day) -> list[str]:
        """Bring the tables to a day. Return what could not be done: changes and removals that fit no row."""
        for table, rows in day.data.items():
            self.tables[table] = expand_rows(table, rows)
        for table, rows in day.add.items():
            self.tables.setdefault(table, []).extend(expand_rows(table, rows))
        lost = [
            f"`change` means no row of {table}"
            for table, changes in day.change.items()
            for one in changes
            if not self._change(table, one)
        ]
        lost += [
            f"`remove` means no row of {table}"
            for table, rows in day.remove.items()
            for one in rows
            if not self._remove(table, one)
        ]
        self.missing = frozenset({day.missing_table} if day.missing_table else ())
        self.half = {day.half_load.table: day.half_load.keep} if day.half_load else {}
        return lost

    def read(self, wanted: Wanted, into: Snapshot) -> None:
        """Fill the wanted tables as they are today."""
        for table, columns in wanted.items():
            if table in self.missing:
                continue
            rows = self._stated(into.as_of) if table == _SAYS_WHAT_WAS_LOADED else self._delivered(table)
            named = sorted(columns)
            into.fill(table, named, [[row.get(column) for row in rows] for column in named])

    def _delivered(self, table: str) -> Sequence[Row]:
        rows = self.tables[table]
        return rows[: math.floor(len(rows) * self.half[table])] if table in self.half else rows

    def _stated(self, as_of: date) -> Sequence[Row]:
        """Return what the council states of today's load: every table, that morning, with all its rows."""
        if _SAYS_WHAT_WAS_LOADED in self.tables:
            return self.tables[_SAYS_WHAT_WAS_LOADED]
        return [
            {"table_name": table, "loaded_at": f"{as_of} 05:00:00", "row_count": str(len(rows))}
            for table, rows in self.tables.items()
        ]

    def _change(self, table: str, change: Change) -> bool:
        meant = self._meant(table, change.where)
        for row in meant:
            row.update(expand_row(table, change.to))
        return bool(meant)

    def _remove(self, table: str, where: Row) -> bool:
        meant = self._meant(table, where)
        self.tables[table] = [row for row in self.tables[table] if not any(row is one for one in meant)]
        return bool(meant)

    def _meant(self, table: str, where: Row) -> list[Row]:
        cells = expand_row(table, where)
        return [row for row in self.tables.get(table, ()) if all(row.get(name) == cell for name, cell in cells.items())]


def expand_rows(table: str, rows: Iterable[Row]) -> list[Row]:
    """Return copies of rows, with the full names of their columns."""
    return [expand_row(table, row) for row in rows]


def expand_row(table: str, row: Row) -> Row:
    """Return a copy of a row, with the full names of its columns."""
    return {expand_name(table, name): cell for name, cell in row.items()}


def expand_name(table: str, name: str) -> str:
    """Return the full name of a column, which may stand without its table's prefix."""
    columns = TABLES[table].columns
    prefixed = f"{find_prefix(table)}{name}"
    return prefixed if name not in columns and prefixed in columns else name


def find_prefix(table: str) -> str:
    """Return what the names of a table's columns begin with, such as `pers_`; the council's own tables have none."""
    return "" if TABLES[table].extension else next(iter(TABLES[table].columns)).partition("_")[0] + "_"


def _staff() -> list[Row]:
    return [
        {
            "worker_id": worker,
            "name": f"Person {worker}",
            "email": f"{worker.lower()}@example.gov.uk",
            "role": role,
            "team_id": team,
            "fte": "1",
        }
        for worker, (role, team) in _PEOPLE.items()
    ]


def _teams() -> list[Row]:
    return [
        {
            "team_id": team,
            "name": f"Team {team}",
            "service": service,
            "manager_id": manager,
            "service_manager_id": "S1",
            "head_of_service_id": "H1",
        }
        for team, (service, manager) in _TEAMS.items()
    ]
