"""What every shipped rule answers about a large council, and what it takes: population, matches a level, unknown, milliseconds.

    python -m bench rules [--children 60000] [--folder FOLDER]

Times are processor time, of this process and its engine, so that they can be compared on a machine that others work on too. At the
end a whole cold `alerting run daily` with all rules stands beside one with the ten that were there first. folder: where the council
is kept for the next time.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, Self

from alerting.casedata import engine
from alerting.casedata.trust import Past
from alerting.evaluation.day import ask, read_day
from alerting.evaluation.evaluate import Answers
from alerting.rulebook.book import Rulebook
from alerting.rulebook.loader import load_rulebook
from alerting.rulebook.rule import Rule
from alerting.sources.files.source import Source
from bench.figures import engine_time
from bench.made import AS_OF, as_read, export

RULES = Path(__file__).parent.parent / "rules"
TEN = frozenset("AS-01 CL-01 CLA-01 CLA-02 CLA-03 CP-03 CP-05 CP-08 DQ-02 WF-01".split())
_MADE = re.compile(r'CREATE TABLE "((?:v|subject)_\w+)"')
_ASKED = re.compile(r"INSERT INTO finding SELECT '([\w-]+)'")


class Meter:
    """Counts what each statement takes of the engine, by what it is for, while it is in use."""

    def __init__(self) -> None:
        self.took: defaultdict[str, float] = defaultdict(float)
        self._ask = engine.Engine.ask

    def __enter__(self) -> Self:
        meter = self

        def ask(self: engine.Engine, operation: str, number: int, *arguments: Any, seconds: float) -> Any:
            before = engine_time(self)
            try:
                return meter._ask(self, operation, number, *arguments, seconds=seconds)
            finally:
                meter.took[_purpose(str(arguments[0]) if arguments else "")] += engine_time(self) - before

        engine.Engine.ask = ask  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        engine.Engine.ask = self._ask  # type: ignore[method-assign]

    def of(self, beginning: str) -> float:
        """Return what all took that is called so, in seconds."""
        return sum(took for name, took in self.took.items() if name.startswith(beginning))


def _purpose(statement: str) -> str:
    found = _MADE.match(statement) or _ASKED.match(statement)
    return found[1] if found else "other"


def measure(book: Rulebook, rules: tuple[Rule, ...], folder: Path) -> tuple[Answers, Meter, float, float]:
    """Return what rules answer, what each statement after reading took, and the seconds of reading and of asking."""
    running, meter = engine.start(), Meter()
    source = Source(type="files", path=folder)
    started = time.process_time() + engine_time(running)
    with read_day(book, source, rules, AS_OF, Past) as day:
        read = time.process_time() + engine_time(running)
        unasked = as_read(book, day)
        with meter:
            answers = ask(book, unasked, rules)
        return answers, meter, read - started, time.process_time() + engine_time(running) - read


def whole_run(folder: Path, book: Rulebook, rules: frozenset[str]) -> tuple[float, float]:
    """Return the processor time of a cold `alerting run daily` with these rules alone, in seconds, and its memory in MB."""
    with tempfile.TemporaryDirectory() as place:
        config = Path(place) / "config.yaml"
        values = {
            "council": {"name": "Bench"},
            "store": "sqlite:///alerting.db",
            "source": {"type": "files", "path": str(folder)},
            "receivers": {"outbox": {"type": "folder", "path": "outbox"}},
            "rules": {"path": str(RULES), "settings": {rule.code: {"enabled": rule.code in rules} for rule in book.rules}},
        }
        config.write_text(json.dumps(values), "utf-8")
        command = [sys.executable, "-m", "alerting", "--config", str(config), "run", "daily", "--as-of", AS_OF.isoformat()]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def show(book: Rulebook, folder: Path) -> None:
    """Print the table of all rules, the costliest views and subjects, and what the ten take beside all."""
    answers, meter, read, asked = measure(book, book.rules, folder)
    print(f"{'rule':8} {'population':>10} {'info':>6} {'amber':>6} {'red':>6} {'critical':>8} {'unknown':>8} {'ms':>6}")
    for one in sorted(answers.asked.values(), key=lambda one: one.code):
        levels = " ".join(
            f"{one.match[level]:>{width}}" for level, width in (("info", 6), ("amber", 6), ("red", 6), ("critical", 8))
        )
        print(
            f"{one.code:8} {one.population:>10} {levels} {one.unknown:>8} {1000 * meter.took[one.id]:>6.0f}  {one.problem or ''}"
        )
    made = sorted(((took, name) for name, took in meter.took.items() if name.startswith(("v_", "subject_"))), reverse=True)
    print("\ncostliest to make:", ", ".join(f"{name} {1000 * took:.0f} ms" for took, name in made[:10]))
    views, subjects = meter.of("v_"), meter.of("subject_")
    queries = sum(meter.took[one.id] for one in answers.asked.values())
    print(f"reading {read:.2f} s, asking {asked:.2f} s: {views:.2f} s views, {subjects:.2f} s subjects, {queries:.2f} s rules")
    ten = tuple(rule for rule in book.rules if rule.code in TEN)
    _, _, read_ten, asked_ten = measure(book, ten, folder)
    print(f"the ten alone: reading {read_ten:.2f} s, asking {asked_ten:.2f} s")


def main() -> None:
    """Make the council if it is not there, and print what its rules answer and take."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--children", type=int, default=60000)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = export(given.children, "csv", given.folder or Path(place))
        book = load_rulebook(RULES)
        show(book, folder)
        (all_took, all_mb), (ten_took, ten_mb) = (
            whole_run(folder, book, codes) for codes in (frozenset(rule.code for rule in book.rules), TEN)
        )
        print(
            f"a whole run: {all_took:.2f} s, {all_mb:.0f} MB; of the ten {ten_took:.2f} s, {ten_mb:.0f} MB; {all_took / ten_took:.2f} x"
        )


if __name__ == "__main__":
    main()
