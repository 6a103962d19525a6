"""Time a morning of all England's authorities, made up, by processes on this machine and on Spark.

    python -m bench england [--share 0.1] [--sample 153] [--spark] [--folder FOLDER]

153 authorities of a million rows of case data each in the middle, spread as authorities are from an eighth to seven times that. share: of
these rows, so that disk and time suffice. sample: so many of them, of all sizes. Each is run alone first, with the ten rules that were there
first and with all, in processor time of the run and its engine: time = a + b * rows is fitted, and says what all 153 take with all their
rows. Then `alerting region run` runs them together; with --spark on a local Spark too. The councils are written one at a time, and deleted.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from alerting.rulebook.loader import load_rulebook
from bench.figures import show
from bench.made import AS_OF, Run, export, run_daily
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
            show_alone(rules, [rows_of(region / name) for name in names], [run_alone(region / name, rules, of) for name in names])
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


def run_alone(folder: Path, name: str, rules: dict[str, object]) -> Run:
    """Run an authority by itself, with some of the rules."""
    return run_daily(folder, name, configured(rules))


def rows_of(folder: Path) -> int:
    """Return how many rows an authority's case data has, whatever of them is read."""
    files = str(folder / "extract" / "*.parquet")
    [(rows,)] = duckdb.execute("SELECT sum(num_rows) FROM parquet_file_metadata(?)", [files]).fetchall()
    return int(rows)


def show_alone(rules: str, rows: Sequence[int], runs: Sequence[Run]) -> None:
    """Print what authorities take by themselves, and what all of England would."""
    took = [run.processor_s for run in runs]
    evaluated = [run.report["timings"]["evaluate"] for run in runs]
    line = fitted(rows, took)
    show(
        f"{len(runs)} authorities one by one, rules: {rules}",
        [
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
                f"{sum(rows):,}",
                f"{sum(took):.1f}",
                f"{sum(evaluated):.1f}",
                f"{max(run.megabytes for run in runs):.0f}",
                f"{line.fixed:.2f}",
                f"{line.a_row * 1e6:.2f}",
                f"{line.of(AUTHORITIES, ROWS // 10):.0f}",
                f"{line.of(AUTHORITIES, ROWS):.0f}",
            ]
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
        began = time.perf_counter()
        done = subprocess.run([sys.executable, "-m", "alerting", *command], capture_output=True, text=True, check=False)
        report = json.loads(done.stdout)
        rows = sum(one["rows"] or 0 for one in report["authorities"])
        took.append([engine, report["ran"], report["not_run"], f"{rows:,}", f"{time.perf_counter() - began:.1f}"])
    show("Together, all rules", ["engine", "ran", "not run", "rows", "wall s"], took)


if __name__ == "__main__":
    main()
