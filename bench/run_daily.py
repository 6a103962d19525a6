"""Time `alerting run daily`, cold and as a whole process, from CSV, Parquet and PostgreSQL, and print ratios to CSV.

    python bench/run_daily.py [--children 3000 --children 60000] [--runs 3]

Each run is a new process on an empty store; the median of the runs is shown, and the split is the run's own `timings`.
Absolute figures are this machine's of this moment: compare the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from tests.postgres import AVAILABLE, start_postgres

AS_OF = date(2026, 3, 2)
STEPS = ("read", "evaluate", "keep", "decide", "write", "deliver")


def main() -> None:
    """Export the councils, load them, and time each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--children", type=int, action="append")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    print(
        f"{'children':>8} {'source':10} {'wall s':>7} {'x CSV':>6} {'MB':>6} "
        + " ".join(f"{step:>9}" for step in STEPS)
        + "  alerts"
    )
    for children in arguments.children or [3000, 60000]:
        with tempfile.TemporaryDirectory() as folder:
            measure(children, arguments.runs, Path(folder))


def measure(children: int, runs: int, folder: Path) -> None:
    """Time one council from each source."""
    for kind in ("csv", "parquet"):
        # In a process of its own: the kernel counts this one's memory at the fork into the peak of a run.
        export = ["demo", "export", "--to", str(folder / kind), "--format", kind, "--children", str(children)]
        subprocess.run([sys.executable, "-m", "alerting", *export, "--as-of", AS_OF.isoformat()], check=True, capture_output=True)
    csv_wall = timed(children, "csv", {"type": "files", "path": "csv"}, runs, folder, None)
    timed(children, "parquet", {"type": "files", "path": "parquet"}, runs, folder, csv_wall)
    if not AVAILABLE:
        print("PostgreSQL: there is no wheel for this machine")
        return
    with start_postgres() as url:
        load(folder / "csv", url)
        timed(children, "postgresql", {"type": "sql", "url": url}, runs, folder, csv_wall)


def load(folder: Path, url: str) -> None:
    """Copy each CSV file into a table of text columns."""
    import psycopg
    import sqlalchemy as sa

    engine = sa.create_engine(url)
    raw = engine.raw_connection()
    connection = raw.driver_connection
    assert isinstance(connection, psycopg.Connection)
    for path in sorted(folder.glob("*.csv")):
        header = path.open(encoding="utf-8").readline().strip().replace('"', "").split(",")
        columns = ", ".join(f'"{name}" text' for name in header)
        with connection.cursor() as cursor:
            cursor.execute(f'CREATE TABLE "{path.stem}" ({columns})')
            with cursor.copy(f'COPY "{path.stem}" FROM STDIN (FORMAT csv, HEADER)') as copy, path.open("rb") as file:
                while piece := file.read(1 << 20):
                    copy.write(piece)
    connection.commit()
    raw.close()
    engine.dispose()


def timed(children: int, name: str, source: dict[str, object], runs: int, folder: Path, csv_wall: float | None) -> float:
    """Run the daily job `runs` times, print the medians, and give the wall time in seconds."""
    walls, sizes, splits, alerts = [], [], [], 0
    for number in range(runs):
        config = folder / f"{name}-{number}.yaml"
        receivers = {"outbox": {"type": "folder", "path": f"outbox-{name}-{number}"}}
        values = {
            "council": {"name": "Bench"},
            "store": f"sqlite:///{name}-{number}.db",
            "source": source,
            "receivers": receivers,
        }
        config.write_text(json.dumps(values), "utf-8")
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "alerting", "--config", str(config), "run", "daily", "--as-of", AS_OF.isoformat(), "--json"],
            stdout=subprocess.PIPE,
        )
        output = process.stdout.read() if process.stdout else b""
        _, _, usage = os.wait4(process.pid, 0)
        walls.append(time.perf_counter() - started)
        sizes.append(usage.ru_maxrss / 1024)
        report = json.loads(output)
        splits.append(report["timings"])
        alerts = report["alerts"]["new"]
    wall = statistics.median(walls)
    ratio = 1.0 if csv_wall is None else wall / csv_wall
    split = " ".join(f"{statistics.median(timings[step] for timings in splits):9.2f}" for step in STEPS)
    print(f"{children:>8} {name:10} {wall:7.2f} {ratio:6.2f} {statistics.median(sizes):6.0f} {split}  {alerts}", flush=True)
    return wall


if __name__ == "__main__":
    main()
