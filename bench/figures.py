"""What is measured, several times each, as tables that a page of the documentation can hold: medians, spreads, ratios."""

from __future__ import annotations

import math
import os
import platform
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from alerting.casedata import engine


@dataclass(frozen=True)
class Times:
    """What one thing took, in seconds, each time that it was done."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def beside(self, other: Times) -> str:
        """Return how many times as long as another thing it took."""
        return f"{self.median / other.median:.2f}"

    def __str__(self) -> str:
        """The median, with the least and the most."""
        return f"{self.median:.3g} ({min(self.seconds):.3g}-{max(self.seconds):.3g})"


class Stopwatch:
    """Takes times by name, so that what is compared is done in turn and not one after the other."""

    def __init__(self) -> None:
        self._took: dict[str, list[float]] = {}

    @contextmanager
    def timed(self, name: str, *, and_engine: bool = False) -> Iterator[None]:
        """Take the processor time of the block in this process; with and_engine, in that of the engine too."""
        before = _processor_time(and_engine=and_engine)
        yield
        self._took.setdefault(name, []).append(_processor_time(and_engine=and_engine) - before)

    def times(self) -> Mapping[str, Times]:
        """Return what each took."""
        return {name: Times(tuple(seconds)) for name, seconds in self._took.items()}


def _processor_time(*, and_engine: bool) -> float:
    return time.process_time() + (engine_time(engine.start()) if and_engine else 0.0)


def engine_time(running: engine.Engine) -> float:
    """Return the processor time that the engine's process has had (Linux: the kernel's number of another process's clock)."""
    return time.clock_gettime(~running._process.pid << 3 | 2)  # noqa: SLF001  (no other needs to know which process it is)


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Return the power of the size with which the time grows: 1 where twice as much takes twice as long."""
    return statistics.linear_regression(list(map(math.log, sizes)), list(map(math.log, seconds))).slope


def show(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table as Markdown."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[number]) for row in [list(head), *cells]) for number in range(len(head))]
    print(f"\n### {title}\n")
    for row in [list(head), ["-" * width for width in widths], *cells]:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")
    print(flush=True)


def machine() -> str:
    """Return when and on what is measured."""
    libraries = f"Python {platform.python_version()}, DuckDB {version('duckdb')}"
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} processors, {platform.system()} {platform.machine()}, {libraries}"
