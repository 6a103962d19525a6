"""The made-up councils that are measured, and a cold run over one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.large import PART, as_csv, put_together

if TYPE_CHECKING:
    from alerting.evaluation.day import Day
    from alerting.rulebook.book import Rulebook

AS_OF = date(2026, 3, 2)


LARGEST = 200_000
"""Of how many children a council may be that is made at once."""


def export(children: int, kind: str, folder: Path) -> Path:
    """Return a folder with a made-up council's files, made unless they are there. kind: csv or parquet."""
    made = (folder / f"{kind}-{children}").absolute()
    if made.exists():
        return made
    if children <= LARGEST:
        _make(made, kind, children)
    elif kind == "csv":
        as_csv(export(children, "parquet", folder), made)
    else:
        put_together(children, made, lambda seed, part: _make(part, kind, PART, seed))
    return made


def _make(folder: Path, kind: str, children: int, seed: int = 7) -> None:
    # In a process of its own: the kernel counts this one's memory at the fork into the peak of a run.
    size = ["--children", str(children), "--seed", str(seed)]
    command = ["demo", "export", "--to", str(folder), "--format", kind, *size, "--as-of", AS_OF.isoformat()]
    subprocess.run([sys.executable, "-m", "alerting", *command], check=True, capture_output=True)


@dataclass(frozen=True)
class Run:
    """A cold run: its report, what the whole process took, and its memory."""

    report: dict[str, Any]
    wall_s: float
    #: Of it and its engine.
    processor_s: float
    megabytes: float


def run_daily(folder: Path, name: str, settings: dict[str, Any], as_of: date = AS_OF) -> Run:
    """Run the daily job as a process of its own, by a config.yaml of this name in a folder."""
    config = folder / f"{name}.yaml"
    config.write_text(json.dumps({"council": {"name": "Bench"}, "store": f"sqlite:///{name}.db", **settings}), "utf-8")
    command = [sys.executable, "-m", "alerting", "--config", str(config), "run", "daily", "--as-of", as_of.isoformat(), "--json"]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    output = process.stdout.read() if process.stdout else b""
    _, _, usage = os.wait4(process.pid, 0)
    return Run(json.loads(output), time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def as_read(book: Rulebook, day: Day) -> Day:
    """Return a day on which nothing is made yet of what rules stand on: some of it is asked of the data as it is read."""
    from alerting.evaluation.stage import Stage

    for name in book.views:
        day.snapshot.sql(f'DROP TABLE IF EXISTS "{name}"')
    return replace(day, stage=Stage(book, day.snapshot))
