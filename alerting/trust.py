"""Which tables must not be believed today, and so which rules must wait: half a load looks like good news.

A table is not trusted when it cannot be read or lacks a column that is needed, when it differs from the row count its
source states, when it has grown or shrunk too much since it was last trusted, or when it was loaded too long ago.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from alerting.case_data import TABLES, Settings
from alerting.snapshot import Snapshot
from alerting.working_days import working_days_between


@dataclass(frozen=True, kw_only=True)
class Trust:
    """What was made of a run's data. problems: why a table is not trusted, by table. rows: as read, by table that is there.

    loaded_at: the oldest load among the tables, None where the council states none.
    """

    problems: Mapping[str, str]
    rows: Mapping[str, int]
    loaded_at: datetime | None

    def withheld(self, rules: Iterable[tuple[str, frozenset[str]]]) -> dict[str, str]:
        """Give why each rule (its id and the tables it reads) must not be asked; rules that may be are not there."""
        reasons = {}
        for rule, reads in rules:
            tables = sorted(reads & self.problems.keys())
            if tables:
                reasons[rule] = "; ".join(f"{table} {self.problems[table]}" for table in tables)
        return reasons


def judge(snapshot: Snapshot, tables: Iterable[str], trusted_before: Mapping[str, int]) -> Trust:
    """Judge the tables a run needs.

    trusted_before: the rows of each table in the last run of an earlier day in which it was trusted.
    """
    loads = {
        table: (loaded_at, row_count)
        for table, loaded_at, row_count in snapshot.sql(
            # arg_max alone would pass over the latest load, where that states no count, and take the count of an older one.
            """SELECT lower(table_name), max(loaded_at), arg_max_null(row_count, coalesce(loaded_at, TIMESTAMP '1900-01-01'))
            FROM ext_load WHERE table_name IS NOT NULL GROUP BY 1"""
        )
    }
    problems: dict[str, str] = {}
    for table in tables:
        problem = _problem(snapshot, table, loads.get(table), trusted_before.get(table))
        if problem:
            problems[table] = problem
    rows = {table: reading.rows for table in tables if (reading := snapshot.readings.get(table)) and reading.rows is not None}
    times = [loaded_at for table, (loaded_at, _) in loads.items() if loaded_at is not None and table in rows]
    return Trust(problems=problems, rows=rows, loaded_at=min(times, default=None))


def _problem(snapshot: Snapshot, table: str, load: tuple[datetime | None, float | None] | None, before: int | None) -> str | None:
    settings, reading = snapshot.settings, snapshot.readings[table]
    if reading.problem:
        return f"cannot be read: {reading.problem}"
    if reading.rows is None and not TABLES[table].extension:
        return "is not there"
    # An extension table that is not there is an empty one: the rules that need it find nobody in it.
    rows = reading.rows or 0
    if reading.left_out > _number(settings, "row_count_tolerance") * (rows + reading.left_out):
        return f"has {reading.left_out} records that cannot be read, of {rows + reading.left_out}"
    if reading.missing_columns:
        return f"lacks {', '.join(reading.missing_columns)}"
    if load and load[1] is not None and abs(rows - load[1]) > _number(settings, "row_count_tolerance") * load[1]:
        return f"has {rows} rows, but its source states {load[1]:.0f}"
    if (
        before is not None
        and before >= _number(settings, "max_row_change_at_least")
        and abs(rows - before) > _number(settings, "max_row_change") * before
    ):
        return f"has {rows} rows; when last trusted it had {before}"
    if load and load[0] is not None and _age_wd(load[0].date(), snapshot.as_of, settings) > _number(settings, "max_load_age_wd"):
        return f"was last loaded on {load[0].day} {load[0]:%B %Y}"
    return None


def _age_wd(loaded: date, as_of: date, settings: Settings) -> int:
    return working_days_between(loaded, as_of, settings.bank_holidays)


def _number(settings: Settings, name: str) -> float:
    return float(str(settings.params[name]))
