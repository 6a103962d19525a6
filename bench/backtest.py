"""Time a backtest over many kept days of a large council, with the rule in use beside the draft, and print a ratio.

    python -m bench backtest [--children 60000] [--days 250] [--runs 3] [--folder DIR]

Five days are real, Monday to Friday: `alerting run daily` on the made-up council. The others are these, moved on by whole weeks
with every date in them, so that building them takes a minute and not hours: each day has its real rows and its real changes, and each
Monday undoes those of the week before. The ratio is to the time that DuckDB takes to read and count the same files, which is the
least it could be: absolute figures are this machine's of this moment.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import yaml

from alerting.app import App, build
from alerting.authoring.backtest.backtest import backtest
from alerting.authoring.draft import find_in_use, load_draft
from alerting.evaluation.archive import KeptFile, KeptRun, KeptSubject, Manifest
from alerting.rulebook.file_models import Subject
from bench.figures import Stopwatch, show

FIRST = date(2026, 3, 2)
REAL_DAYS = 5
RULES = Path(__file__).parent.parent / "rules"
LARGEST = """\
id: referral-open-long
code: BEN-01
title: A referral open for long
says: "{{ measure }} days"
clears: The referral is closed.
owner: bench
basis: {kind: local, text: bench}
job: daily
reads: [ssd_cin_episodes]
params: {open_days: 90}
subject: open_case
where: in_need
measure: days_since(referral_date)
unit: days
levels: {amber: measure > open_days, red: measure > 2 * open_days}
notify: {amber: [worker], red: [team_manager]}
"""
DRAFTS = {"CLA-02": {"amber_before_days": 20}, "CP-03": {"visit_wd": 8}, "BEN-01": {"open_days": 60}}


def main() -> None:
    """Build the days, unless the folder has them, and time a backtest of each draft."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--children", type=int, default=60_000)
    parser.add_argument("--days", type=int, default=250)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the days are made, or were; a folder of its own when left out")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as own:
        folder: Path = arguments.folder or Path(own)
        config = folder / "config.yaml"
        if not config.is_file():
            live(arguments.children, folder, min(REAL_DAYS, arguments.days))
            extend(build(config), arguments.days)
        measure(build(config), arguments.runs)


def live(children: int, folder: Path, days: int) -> None:
    """Run the real days, with a rule about everybody who has a case beside the shipped ones."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(RULES, folder / "rules", dirs_exist_ok=True)
    (folder / "rules" / "local" / "referral-open-long.yaml").write_text(LARGEST, "utf-8")
    values = {
        "council": {"name": "Bench"},
        "source": {"type": "demo", "children": children, "start": FIRST},
        "receivers": {"outbox": {"type": "folder", "path": "outbox"}},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(values), "utf-8")
    app = build(folder / "config.yaml")
    store = app.store()
    for day in (FIRST + timedelta(days=number) for number in range(days)):
        started = time.perf_counter()
        report = app.pipeline(store).run("daily", day, lambda day=day: datetime(day.year, day.month, day.day, 7, tzinfo=UTC))
        assert report is not None
        steps = ", ".join(f"{name} {seconds:.2f}" for name, seconds in report.timings.items())
        print(f"a real run of {day}: {time.perf_counter() - started:.1f} s ({steps})", flush=True)
    store.close()


def extend(app: App, days: int) -> None:
    """Make the other days of the real ones."""
    started = time.perf_counter()
    archive = app.archive()
    real = archive.runs("daily", FIRST, date.max)[0]
    subjects = [app.book.subjects[id_] for id_ in ("child_in_care", "child_protection_plan", "open_case")]
    with duckdb.connect() as engine:
        for number in range(REAL_DAYS, days):
            weeks, weekday = divmod(number, REAL_DAYS)
            run, before = real[weekday], real[weekday - 1]
            day = run.manifest.as_of + timedelta(weeks=weeks)
            folder = archive.folder / day.isoformat() / "daily"
            folder.mkdir(parents=True)
            kept = {subject.id: made(engine, subject, run, before, weeks, folder) for subject in subjects}
            manifest = Manifest.model_validate(run.manifest.model_dump() | {"as_of": day, "run": number, "subjects": kept})
            (folder / "manifest.json").write_text(manifest.model_dump_json(), "utf-8")
    rows = ", ".join(f"{real[0].manifest.subjects[subject.id].table.rows} {subject.id}" for subject in subjects)
    size = sum(path.stat().st_size for path in archive.folder.rglob("*.parquet"))
    print(f"{days} days of {rows}, {size / 2**20:.0f} MB, made in {time.perf_counter() - started:.0f} s", flush=True)


def made(
    engine: duckdb.DuckDBPyConnection, subject: Subject, run: KeptRun, before: KeptRun, weeks: int, folder: Path
) -> KeptSubject:
    """Write one subject's table as it was in a real run, some weeks on, and who has gone since the run before."""
    real = run.manifest.subjects[subject.id]
    now, then = (f"read_parquet('{one.folder / one.manifest.subjects[subject.id].table.name}')" for one in (run, before))
    moved = {name: f"{name} + {7 * weeks} AS {name}" for name, column in subject.columns.items() if column.type == "date"}
    selected = ", ".join(moved.get(name, name) for name in subject.columns)
    key, person, member = subject.key, subject.person or "NULL", subject.member or "NULL"
    gone = f"SELECT {key} AS subject, {person} AS person, {member} AS member, 'case closed' AS reason FROM {then}"
    return KeptSubject(
        table=write(engine, f"SELECT {selected} FROM {now} ORDER BY {key}", folder, subject.id),
        gone=write(engine, f"{gone} WHERE {key} NOT IN (SELECT {key} FROM {now})", folder, f"{subject.id}.gone"),
        columns=real.columns,
        version=real.version,
    )


def write(engine: duckdb.DuckDBPyConnection, query: str, folder: Path, name: str) -> KeptFile:
    """Write a file of a kept day."""
    path = folder / f"{name}.parquet"
    [(rows,)] = engine.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)").fetchall()
    return KeptFile(name=path.name, rows=rows, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def measure(app: App, runs: int) -> None:
    """Time each draft, and reading the same files, in turn."""
    archive, rows = app.archive(), []
    for code, params in DRAFTS.items():
        draft = load_draft(app.book, code, params)
        subject = draft.subject.id
        files = [str(run.folder / run.manifest.subjects[subject].table.name) for run in archive.runs("daily", FIRST, date.max)[0]]
        watch = Stopwatch()
        for _ in range(runs):
            with watch.timed("read"), duckdb.connect() as reader:
                for file in files:
                    reader.execute("SELECT count(COLUMNS(*)) FROM read_parquet($1)", [file]).fetchall()
            with watch.timed("backtest", and_engine=True):
                found = backtest(app.book, archive, draft, find_in_use(app.book, draft), FIRST, date.max, frozenset())
        took, asked = watch.times(), found.draft.days[-1].population
        told = " / ".join(f"{timeline.new_a_day:.1f}, {timeline.days[-1].open}" for timeline in found.timelines)
        beside = took["backtest"].beside(took["read"])
        rows.append(
            [code, len(files), asked, took["backtest"], f"{1000 * took['backtest'].median / len(files):.0f}", beside, told]
        )
    head = ["rule", "days", "subjects", "processor s", "ms a day", "x reading alone", "new a day, open: draft / in use"]
    show(f"A look back with a draft beside the rule in use ({runs} of each)", head, rows)


if __name__ == "__main__":
    main()
