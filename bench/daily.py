"""Time `alerting run daily`, cold and as a whole process, from CSV, Parquet, SQLite and PostgreSQL, step by step.

    python -m bench daily [--children 3000 --children 17000 --children 60000] [--runs 3] [--folder FOLDER] [--source parquet] [--memory-mb N]

Each run is a new process on an empty store; sources are taken in turn. `start` is what the process takes beside the steps that the run
times itself: the interpreter, imports, rules, the store's tables, the end. Processor time is of the run and its engine. The exponent
says how time grows with children: 1 is as fast as the data. folder: where councils are kept for the next time. source: one of them, several times for several. memory-mb: what the engine may take; 600,000
children need more than it may as a rule.
"""

from __future__ import annotations

import argparse
import contextlib
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.figures import Times, exponent, show
from bench.made import Run, export, run_daily
from tests.postgres import AVAILABLE, start_postgres

STEPS = ("start", "read", "evaluate", "keep", "decide", "write", "seal", "deliver")


def main() -> None:
    """Print what each source takes, for each council."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--children", type=int, action="append")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--source", choices=["csv", "parquet", "sqlite", "postgresql"], action="append")
    parser.add_argument("--memory-mb", type=int)
    given = parser.parse_args()
    sizes = given.children or [3000, 17000, 60000]
    with tempfile.TemporaryDirectory() as place:
        folder = given.folder or Path(place)
        folder.mkdir(exist_ok=True)
        took = {children: measure(children, given.runs, folder, given.source, given.memory_mb) for children in sizes}
    head = ["children", "source", "processor s", "x the first", "wall s", "MB", *(f"{step} s" for step in STEPS), "new alerts"]
    rows = [row(children, name, runs, of[next(iter(of))]) for children, of in took.items() for name, runs in of.items()]
    show(f"A whole daily run, cold ({given.runs} of each)", head, rows)
    if len(sizes) > 1:
        for name in took[sizes[0]]:
            grown = exponent(sizes, [processor(took[children][name]).median for children in sizes])
            print(f"{name}: processor time grows with children to the power of {grown:.2f}")


def measure(
    children: int, runs: int, folder: Path, only: Sequence[str] | None = None, memory_mb: int | None = None
) -> dict[str, list[Run]]:
    """Return the runs from each source over one council. only: the sources that are asked, all where None."""
    files = {kind: export(children, kind, folder) for kind in ("csv", "parquet")}
    took: dict[str, list[Run]] = {}
    more = {"engine": {"memory_mb": memory_mb, "seconds": 1200}} if memory_mb else {}
    with ExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory())
        sources: dict[str, dict[str, Any]] = {kind: {"type": "files", "path": str(path)} for kind, path in files.items()}
        if only is None or {"sqlite", "postgresql"} & set(only):
            urls = stack.enter_context(databases(files["csv"], Path(place)))
            sources |= {name: {"type": "sql", "url": url} for name, url in urls.items()}
        sources = {name: source for name, source in sources.items() if only is None or name in only}
        for number in range(runs):
            for name, source in sources.items():
                receivers = {"outbox": {"type": "folder", "path": f"outbox-{name}-{number}"}}
                took.setdefault(name, []).append(
                    run_daily(Path(place), f"{name}-{number}", {"source": source, "receivers": receivers, **more})
                )
    return took


def row(children: int, name: str, runs: Sequence[Run], csv: Sequence[Run]) -> list[object]:
    """Return a line of the table: the median and spread of what runs took, and the median of each step."""
    took = processor(runs)
    walls, memory = (Times(tuple(each)) for each in ([run.wall_s for run in runs], [run.megabytes for run in runs]))
    steps = [f"{Times(tuple(split(run)[step] for run in runs)).median:.2f}" for step in STEPS]
    return [
        children,
        name,
        took,
        took.beside(processor(csv)),
        walls,
        f"{memory.median:.0f}",
        *steps,
        runs[0].report["alerts"]["new"],
    ]


def processor(runs: Sequence[Run]) -> Times:
    """Return the processor time of runs."""
    return Times(tuple(run.processor_s for run in runs))


def split(run: Run) -> Mapping[str, float]:
    """Return what each step of a run took, in seconds of the clock. The seal is a part of delivering."""
    timings = dict(run.report["timings"])
    timings["deliver"] -= timings["seal"]
    return {"start": run.wall_s - sum(timings.values())} | timings


@contextlib.contextmanager
def databases(folder: Path, place: Path) -> Iterator[dict[str, str]]:
    """Copy CSV files into a database of each kind that there is, every column a text; return their addresses."""
    urls = {"sqlite": f"sqlite:///{(place / 'case.db').as_posix()}"}
    load_sqlite(folder, place / "case.db")
    if not AVAILABLE:
        print("PostgreSQL: there is no wheel for this machine")
        yield urls
        return
    with start_postgres() as url:
        load_postgres(folder, url)
        yield urls | {"postgresql": url}


def load_sqlite(folder: Path, file: Path) -> None:
    """Copy each CSV file into a table."""
    import csv

    with contextlib.closing(sqlite3.connect(file)) as connection:
        for path in sorted(folder.glob("*.csv")):
            with path.open(encoding="utf-8", newline="") as rows:
                reader = csv.reader(rows)
                header = next(reader)
                columns = ", ".join(f'"{name}" TEXT' for name in header)
                connection.execute(f'CREATE TABLE "{path.stem}" ({columns})')
                connection.executemany(f'INSERT INTO "{path.stem}" VALUES ({", ".join("?" * len(header))})', reader)
        connection.commit()


def load_postgres(folder: Path, url: str) -> None:
    """Copy each CSV file into a table."""
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


if __name__ == "__main__":
    main()
