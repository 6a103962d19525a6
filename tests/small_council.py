"""A council of four people, small enough to be read by eye, and what is read of it through any source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from alerting.casedata.catalogue import TABLES, Settings
from alerting.casedata.codes import CodeMap
from alerting.casedata.snapshot import Snapshot, Source, TableReading, Wanted

AS_OF = date(2026, 3, 31)
BANK_HOLIDAYS = frozenset(
    {date(2025, 12, 25), date(2025, 12, 26), date(2026, 1, 1), date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 4)}
)
SETTINGS = Settings(
    params={},
    codes={
        column.codes: CodeMap(frozenset({"C2", "U1", "X1"}), {"full care order": "C2"})
        for table in TABLES.values()
        for column in table.columns.values()
        if column.codes
    },
    bank_holidays=BANK_HOLIDAYS,
)

PEOPLE = ["pers_person_id", "pers_ethnicity", "pers_dob", "pers_expected_dob", "pers_death_date"]
PERSON_ROWS = [
    ("007", "White – “other”", "2010-02-28", None, None),
    ("7", 'says "né", and\nmore', "2008-02-29", None, "9999-12-31"),
    ("P-3", "", None, "2026-05-01", None),
    ("p-3", "O’Brien, £5", "1900-01-01", None, None),
]
VISITS = ["cppv_cp_visit_id", "cppv_person_id", "cppv_cp_visit_date", "cppv_cp_visit_seen"]
VISIT_ROWS = [("1", "007", "2026-03-02", "Y"), ("2", "7", "2026-03-30", "n"), ("3", "P-3", None, None)]
COUNCIL: Mapping[str, tuple[list[str], list[tuple[str | None, ...]]]] = {
    "ssd_person": (PEOPLE, PERSON_ROWS),
    "ssd_cp_visits": (VISITS, VISIT_ROWS),
    "ext_staff": (["worker_id", "name", "fte"], []),
}
WANTED: Wanted = {table: frozenset(columns) for table, (columns, _) in COUNCIL.items()}


def read(source: Source, wanted: Wanted = WANTED) -> tuple[dict[str, list[tuple[Any, ...]]], dict[str, TableReading]]:
    """Return the typed rows of the wanted columns, sorted, by table; and the readings."""
    with Snapshot(AS_OF, SETTINGS) as snapshot:
        source.read(wanted, snapshot)
        snapshot.settle(wanted, source)
        rows = {
            table: snapshot.sql(f"SELECT {', '.join(sorted(columns)) or '1'} FROM {table} ORDER BY ALL")
            for table, columns in wanted.items()
        }
        return rows, snapshot.readings


def settled(tables: Mapping[str, tuple[Sequence[str], Sequence[Sequence[object]]]], settings: Settings = SETTINGS) -> Snapshot:
    """Return a snapshot of these tables, each as its columns and its rows; to be closed by who asked for it."""
    snapshot = Snapshot(AS_OF, settings)
    for table, (columns, rows) in tables.items():
        snapshot.fill(table, columns, list(zip(*rows, strict=True)) if rows else [[] for _ in columns])
    snapshot.settle({table: frozenset(columns) for table, (columns, _) in tables.items()})
    return snapshot
