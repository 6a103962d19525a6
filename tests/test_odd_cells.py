"""Cells that no store could keep cost their own row and nothing else, on SQLite and on PostgreSQL alike; they are counted and told."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from alerting.casedata.catalogue import TABLES
from alerting.casedata.conversion import LONGEST_ID
from alerting.store import schema
from tests.made_council import MONDAY
from tests.office import Office

LONG = "X" * 700
MONDAY_MORNING = datetime(2026, 3, 2, 7, tzinfo=UTC)
ODD = {"too long": LONG, "of no number": "A\0B", "not of this plane": "\U0001f600" * 150, "one very long word": "ab" * 40_000}


def in_parquet(office: Office) -> None:
    """Let the council's extracts be Parquet, which can hold any character."""
    write = office.council.write

    def as_parquet(**how: tuple[str, ...]) -> Path:
        extracts = write(**how)
        for name, rows in office.council.tables.items():
            (extracts / f"{name}.csv").unlink(missing_ok=True)
            columns = list(TABLES[name].columns)
            cells = [[row.get(column) for row in rows] for column in columns]
            selected = ", ".join(f'unnest(${number}::VARCHAR[]) AS "{column}"' for number, column in enumerate(columns, 1))
            with duckdb.connect() as engine:
                engine.execute(f"CREATE TABLE cells AS SELECT {selected}", cells)
                engine.execute(f"COPY cells TO '{extracts / name}.parquet' (FORMAT parquet)")
        return extracts

    office.council.write = as_parquet  # type: ignore[method-assign]


@pytest.mark.parametrize(
    "cell", [pytest.param(cell, id=name, marks=[] if name == "too long" else pytest.mark.slow) for name, cell in ODD.items()]
)
@pytest.mark.slow
def test_a_row_of_cells_that_cannot_be_kept_in_every_table_costs_itself(tmp_path: Path, made_store: str, cell: str) -> None:
    office = Office(tmp_path, made_store)
    in_parquet(office)
    council = office.council
    for name, table in TABLES.items():
        if name in council.tables and name != "ext_restricted":
            council.add(name, **{column: cell for column, what in table.columns.items() if what.kind in ("id", "text", "code")})
    council.row("ext_staff", worker_id="M1")["name"] = cell
    council.row("ext_team", team_id="T1")["name"] = cell

    report = office.run(MONDAY)

    assert [alert.subject for alert in office.alerts()] == ["C1"], [row.problem for row in report.rules]
    assert "M1" in office.people()
    assert not report.sending.breaches
    if len(cell) > LONGEST_ID or "\0" in cell:
        told = " ".join(report.problems)
        assert re.search(r"ssd_cp_plans.cppl_cp_plan_id: 1 of \d+ cells \(\d+%\) cannot be read, and count as empty", told)
        assert cell not in told


def test_whatever_text_a_store_is_given_it_keeps_and_finds_again(made_store: str) -> None:
    engine = sa.create_engine(made_store)
    odd = [*ODD.values(), "half of one \ud800", LONG + "Y", "plain"]
    table = schema.bad_address
    row = {"since": MONDAY_MORNING, "answer": "\0\ud800" + LONG}
    with engine.begin() as connection:
        connection.execute(table.insert(), [{"receiver": text, "address": text, **row} for text in odd])
        for text in odd:
            assert connection.execute(sa.select(sa.func.count()).where(table.c.receiver == text)).scalar_one() == 1
    engine.dispose()
