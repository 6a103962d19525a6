"""Time a morning of all England's authorities, made up, by processes on this machine and on Spark.

    python -m bench england [--share 0.1] [--sample 153] [--spark] [--folder FOLDER]

153 authorities of a million rows of case data each in the middle, spread as authorities are from an eighth to seven times that. share: of
these rows, so that disk and time suffice. sample: so many of them, of all sizes. Each is run alone first, by a new interpreter and forked from a
process that is ready, as a region does it, with the ten rules that were there first and with all, in processor time of the run and its engine, on
a store that is there already: time = a + b * rows is fitted, and says what all 153 take with all their rows. Then `alerting region run` runs them
together; with --spark on a local Spark too. The councils are written one at a time, and deleted.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import duckdb

from alerting.regions.one_authority import memory_of
from alerting.regions.ready_process import Begin, ReadyProcess, begin_anew
from alerting.rulebook.loader import load_rulebook
from bench.figures import show
from bench.made import AS_OF, export
from bench.rules import RULES, TEN

AUTHORITIES, ROWS = 153, 152_000_000
FEWEST = 60
_ROWS_A_CHILD = 58
_SPREAD = 0.75
"""Of the logarithm of the sizes: the smallest is an eighth of the middle one, the largest seven times."""


@dataclass(frozen=True)
class Line:
    """What an authority takes, in seconds, by the rows it has."""

    fixed: float
    a_row: float

    def of(self, authorities: int, rows: int) -> float:
        """Return what so many authorities with so many rows together take."""
        return self.fixed * authorities + self.a_row * rows


@dataclass(frozen=True)
class Alone:
    """What one authority took by itself."""

    #: Of the run and its engine.
    processor_s: float
    #: Of the clock.
    evaluate_s: float
    #: The most that the run and its engine had together, as a region counts it.
    megabytes: float


def main() -> None:
    """Print what a morning takes, and what all of England would."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--sample", type=int, default=AUTHORITIES)
    parser.add_argument("--spark", action="store_true")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as place:
        region = Path(place)
        names = found_region(region, sampled(children(given.share), given.sample))
        settings = {
            "ten": {
                rule.code: {"enabled": rule.code in TEN, "reason": "measured without it"} for rule in load_rulebook(RULES).rules
            },
            "all": {},
        }
        for rules, of in settings.items():
            show_alone(rules, [rows_of(region / name) for name in names], run_alone([region / name for name in names], rules, of))
        show_together(region, ["local", "spark"] if given.spark else ["local"])


def children(share: float) -> list[int]:
    """Return how many children each authority has with this share of its rows, the fewest first."""
    spread = statistics.NormalDist(sigma=_SPREAD).inv_cdf
    sizes = [2.718281828 ** spread((number + 0.5) / AUTHORITIES) for number in range(AUTHORITIES)]
    rows = share * ROWS / sum(sizes)
    return [max(FEWEST, round(size * rows / _ROWS_A_CHILD)) for size in sizes]


def sampled(sizes: Sequence[int], count: int) -> list[int]:
    """Return so many of the sizes, the least and the greatest among them."""
    if count >= len(sizes):
        return list(sizes)
    return [sizes[round(number * (len(sizes) - 1) / max(1, count - 1))] for number in range(count)]


def found_region(region: Path, sizes: Sequence[int]) -> list[str]:
    """Write a council of each size into a folder of its own, and return their names, the largest last."""
    names = []
    for number, size in enumerate(sizes):
        folder = region / f"authority-{number:03}"
        folder.mkdir()
        export(size, "parquet", folder).rename(folder / "extract")
        names.append(folder.name)
    return names


def configured(rules: dict[str, object]) -> dict[str, object]:
    """Return what config.yaml says of an authority, but for its name and its store."""
    return {
        "source": {"type": "files", "path": "extract"},
        "receivers": {"outbox": {"type": "folder", "path": "outbox"}},
        "rules": {"path": str(RULES), "settings": rules},
        "keep": {"days": 0},
    }


def run_alone(folders: Sequence[Path], name: str, rules: dict[str, object]) -> dict[str, list[Alone]]:
    """Run authorities by themselves with some of the rules, each in both ways in turn, and return what they took by how they were begun."""
    ready = ReadyProcess([sys.executable, "-P", "-m", "alerting.readied"])
    ways = {"anew": partial(begin_anew, [sys.executable, "-P", "-m", "alerting"]), "forked": ready.begin}
    took: dict[str, list[Alone]] = {way: [] for way in ways}
    try:
        for folder in folders:
            for day in range(2):  # the first makes the store, which is done once in an installation's life
                for way, begin in ways.items():
                    config = folder / f"{name}-{way}.yaml"
                    values = {"council": {"name": "Bench"}, "store": f"sqlite:///{name}-{way}.db", **configured(rules)}
                    config.write_text(json.dumps(values), "utf-8")
                    on = (AS_OF + timedelta(days=day)).isoformat()
                    alone = measured(begin, ["--config", str(config), "run", "daily", "--as-of", on, "--json"], ready.pid)
                    if day:
                        took[way].append(alone)
    finally:
        ready.stop()
    return took


def measured(begin: Begin, arguments: Sequence[str], ready: int | None) -> Alone:
    """Run one authority, and return what it took. ready: the process that it may be forked from."""
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as talk:
        before, most = _children_s(ready) + _children_s(os.getpid()), 0
        run = begin(arguments, said, talk)
        while run.poll() is None:
            most = max(most, memory_of(run.pid))
            time.sleep(0.05)
        until = time.monotonic() + 5
        while (after := _children_s(ready) + _children_s(os.getpid())) == before and time.monotonic() < until:
            time.sleep(0.01)  # it is counted once its number is given back
        said.seek(0)
        evaluate = json.loads(said.read())["timings"]["evaluate"]
    return Alone(processor_s=after - before, evaluate_s=evaluate, megabytes=most / 2**20)


def _children_s(process: int | None) -> float:
    """Return the processor seconds of those of a process's children that have ended, and of theirs."""
    if process is None:
        return 0.0
    cells = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(cells[13]) + int(cells[14])) / os.sysconf("SC_CLK_TCK")


def rows_of(folder: Path) -> int:
    """Return how many rows an authority's case data has, whatever of them is read."""
    files = str(folder / "extract" / "*.parquet")
    [(rows,)] = duckdb.execute("SELECT sum(num_rows) FROM parquet_file_metadata(?)", [files]).fetchall()
    return int(rows)


def show_alone(rules: str, rows: Sequence[int], ways: Mapping[str, Sequence[Alone]]) -> None:
    """Print what authorities take by themselves, and what all of England would."""
    lines = {way: fitted(rows, [run.processor_s for run in runs]) for way, runs in ways.items()}
    show(
        f"{len(rows)} authorities one by one, rules: {rules}",
        [
            "begun",
            "rows",
            "processor s",
            "of them evaluate, wall s",
            "most MB",
            "a, s",
            "b, s a million rows",
            "England at 1/10, processor s",
            "England",
        ],
        [
            [
                way,
                f"{sum(rows):,}",
                f"{sum(run.processor_s for run in runs):.1f}",
                f"{sum(run.evaluate_s for run in runs):.1f}",
                f"{max(run.megabytes for run in runs):.0f}",
                f"{lines[way].fixed:.2f}",
                f"{lines[way].a_row * 1e6:.2f}",
                f"{lines[way].of(AUTHORITIES, ROWS // 10):.0f}",
                f"{lines[way].of(AUTHORITIES, ROWS):.0f}",
            ]
            for way, runs in ways.items()
        ],
    )


def fitted(rows: Sequence[int], seconds: Sequence[float]) -> Line:
    """Return the line through what authorities took."""
    if len(rows) < 2:
        return Line(fixed=seconds[0], a_row=0.0)
    through = statistics.linear_regression(rows, seconds)
    return Line(fixed=through.intercept, a_row=through.slope)


def show_together(region: Path, engines: Sequence[str]) -> None:
    """Print what all authorities take together, by each engine in turn, each time on stores that are empty."""
    took = []
    for engine in engines:
        for folder in sorted(region.glob("authority-*")):
            for left in (*folder.glob("alerting.db*"), folder / "outbox"):
                shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
            values = {"council": {"name": folder.name}, "store": "sqlite:///alerting.db", **configured({})}
            (folder / "config.yaml").write_text(json.dumps(values), "utf-8")
        command = [
            "region",
            "run",
            "daily",
            "--authorities",
            str(region),
            "--as-of",
            AS_OF.isoformat(),
            "--engine",
            engine,
            "--json",
        ]
        began, before = time.perf_counter(), _children_s(os.getpid())
        done = subprocess.run([sys.executable, "-m", "alerting", *command], capture_output=True, text=True, check=False)
        report = json.loads(done.stdout)
        rows = sum(one["rows"] or 0 for one in report["authorities"])
        seconds, processor = time.perf_counter() - began, _children_s(os.getpid()) - before
        took.append([engine, report["ran"], report["not_run"], f"{rows:,}", f"{seconds:.1f}", f"{processor:.1f}"])
    show("Together, all rules", ["engine", "ran", "not run", "rows", "wall s", "processor s"], took)


if __name__ == "__main__":
    main()
