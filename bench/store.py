"""Time a daily run whose findings meet as many live alerts: of ten, one is over, one is new, and eight go on as they were.

    python -m bench store [--findings 100000] [--runs 3]

One rule asks about everybody; the store is full from the day before. Of the steps, `evaluate` compares the findings with the alerts,
`decide` reads the store and says who is told what, `write` changes only the alerts that are over and new. Each run is a new process on
a copy of the same store; on PostgreSQL, where a store is not copied so easily, there is one run.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from bench.figures import Times, show
from bench.made import AS_OF, Run, export, run_daily
from tests.postgres import AVAILABLE, start_postgres

RULES = Path(__file__).parent.parent / "rules"
TEAMS = 300
STEPS = ("read", "evaluate", "keep", "decide", "write", "seal", "deliver")
RULE = """\
id: referral-open-long
code: BEN-01
title: A referral open for long
says: "{{ measure }} days"
clears: The referral is closed.
owner: bench
basis: {kind: local, text: bench}
job: daily
reads: [ssd_cin_episodes]
max_share: 1
brake: 100000000
params: {open_days: 90}
subject: open_case
where: in_need
measure: days_since(referral_date)
unit: days
levels: {amber: measure > open_days}
notify: {amber: [team_manager]}
"""


def main() -> None:
    """Print what the second day takes on each kind of store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--findings", type=int, action="append")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    rows: list[list[object]] = []
    for findings in given.findings or [100_000]:
        with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
            folder = Path(place)
            settings = prepare(folder)
            write_council(folder, findings, AS_OF - timedelta(days=1))
            first = run_daily(folder, "first", settings, AS_OF - timedelta(days=1))
            assert first.report["alerts"]["new"] >= findings, first.report["alerts"]
            url = stack.enter_context(start_postgres()) if AVAILABLE else None
            if url:
                run_daily(folder, "postgresql", settings | {"store": url}, AS_OF - timedelta(days=1))
            write_council(folder, findings, AS_OF)
            took = []
            for number in range(given.runs):
                shutil.copy(folder / "first.db", folder / f"{number}.db")
                took.append(run_daily(folder, str(number), settings))
            rows.append(row(findings, "SQLite", took))
            if url:
                rows.append(row(findings, "PostgreSQL", [run_daily(folder, "postgresql", settings | {"store": url})]))
    show(
        f"Findings met with live alerts ({given.runs} runs on SQLite)",
        ["findings", "store", "processor s", *(f"{step} s" for step in STEPS), "MB", "new", "resolved"],
        rows,
    )


def row(findings: int, store: str, runs: list[Run]) -> list[object]:
    """Return a line of the table."""
    steps = [Times(tuple(run.report["timings"][step] for run in runs)).median for step in STEPS]
    alerts = runs[0].report["alerts"]
    memory = Times(tuple(run.megabytes for run in runs)).median
    processor = Times(tuple(run.processor_s for run in runs))
    return [findings, store, processor, *(f"{step:.2f}" for step in steps), f"{memory:.0f}", alerts["new"], alerts["resolved"]]


def prepare(folder: Path) -> dict[str, Any]:
    """Write the one rule and a small council that the many are added to, and return the settings."""
    shutil.copytree(RULES / "subjects", folder / "rules" / "subjects")
    shutil.copy(RULES / "settings.yaml", folder / "rules" / "settings.yaml")
    (folder / "rules" / "local").mkdir()
    (folder / "rules" / "local" / "referral-open-long.yaml").write_text(RULE, "utf-8")
    export(60, "parquet", folder)
    shutil.copytree(folder / "parquet-60", folder / "case")
    (folder / "case" / "ext_load.parquet").unlink()  # it says how many rows there were
    return {
        "go_live": "full",
        "source": {"type": "files", "path": "case"},
        "receivers": {"outbox": {"type": "folder", "path": "outbox"}},
        "rules": {"path": "rules", "packs": ["local"]},
    }


def write_council(folder: Path, findings: int, day: date) -> None:
    """Write the people and referrals of a day: of ten, the first has its referral closed on the second day, and the last is new on it."""
    tenth, second, teams = findings // 10, day == AS_OF, min(TEAMS, findings // 10)
    many = f"SELECT range AS n FROM range({findings + tenth})"
    closed = f"CASE WHEN n < {tenth} THEN DATE '{AS_OF}' END" if second else "NULL::DATE"
    # One that is new has been open for exactly as long as may be on the first day.
    opened = f"CASE WHEN n < {findings} THEN DATE '{AS_OF}' - 200 ELSE DATE '{AS_OF}' - 91 END"
    tables = {
        "ssd_person": "'B' || n AS pers_person_id, DATE '2015-01-01' + CAST(n % 3000 AS INTEGER) AS pers_dob",
        "ssd_cin_episodes": f"""'B' || n AS cine_person_id, 'R' || n AS cine_referral_id, {opened} AS cine_referral_date,
            {closed} AS cine_close_date, 'TB' || (n % {teams}) AS cine_referral_team""",
    }
    every_team = f"SELECT range AS n FROM range({teams})"
    tables_of_teams = {
        "ext_team": "'TB' || n AS team_id, 'Team ' || n AS name, 'help_protection' AS service, 'M' || n AS manager_id",
        "ext_staff": """'M' || n AS worker_id, 'Person ' || n AS name, 'm' || n || '@example.gov.uk' AS email, 'team_manager' AS role,
            'TB' || n AS team_id""",
    }
    with duckdb.connect() as engine:
        for table, columns in (tables | tables_of_teams).items():
            rows = many if table in tables else every_team
            there = f"SELECT * FROM read_parquet('{folder / 'parquet-60' / table}.parquet')"
            made = f"SELECT {columns} FROM ({rows})"
            engine.execute(f"COPY ({there} UNION ALL BY NAME {made}) TO '{folder / 'case' / table}.parquet' (FORMAT parquet)")


if __name__ == "__main__":
    main()
