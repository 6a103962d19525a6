"""How long 500 rules take to check: start-up, reading, compiling, and trying them on empty tables, each apart.

An expression that several rules have is parsed once, and these rules have few different ones; what it would come to if no
two were the same is said as well, and is not in the sum.

.venv/bin/python bench/check_rules.py [--rules 500]
"""

from __future__ import annotations

import argparse
import itertools
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

_Result = TypeVar("_Result")
_SHIPPED = Path(__file__).parent.parent / "rules"


def make(folder: Path, count: int) -> None:
    """Make a folder of rules: the shipped ones again and again, each with an id, a code and a threshold of its own."""
    shutil.copytree(_SHIPPED / "subjects", folder / "subjects")
    shutil.copy(_SHIPPED / "settings.yaml", folder)
    shipped = [path for path in sorted(_SHIPPED.glob("*/*.yaml")) if path.parent.name != "subjects"]
    for number, path in zip(range(count), itertools.cycle(shipped)):
        pack = folder / path.parent.name
        pack.mkdir(exist_ok=True)
        text = re.sub(r"^id: .*", f"id: {path.stem}-{number}", path.read_text("utf-8"), count=1, flags=re.MULTILINE)
        text = re.sub(r"^code: .*", f"code: B-{number}", text, count=1, flags=re.MULTILINE)
        text = re.sub(
            r"^(  \w*(?:days|within)\w*: )([0-9]+)\b",
            lambda found, more=number: f"{found[1]}{int(found[2]) + more}",
            text,
            count=1,
            flags=re.MULTILINE,
        )
        (pack / f"{path.stem}-{number}.yaml").write_text(text, "utf-8")


def timed(what: str, act: Callable[[], _Result], count: int) -> tuple[_Result, float]:
    """Do something, print how long it took, and give what it gave."""
    started = time.perf_counter()
    result = act()
    took = time.perf_counter() - started
    print(f"{what:24}{took * 1000:9.0f} ms{took * 1e6 / count:9.0f} µs a rule")
    return result, took


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rules", type=int, default=500)
    count = arguments.parse_args().rules
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), count)
        started = time.perf_counter()
        from alerting import app  # noqa: F401  (what every command reads before it does anything)
        from alerting.expressions import compile_expression
        from alerting.rulebook import load_rulebook
        from alerting.rulefile import RuleFile
        from alerting.snapshot import Snapshot  # noqa: F401
        from alerting.syntax import parse
        from alerting.trial import check_book
        from alerting.yaml_files import load, many_files

        compile_expression("1 = 1", {})
        print(f"{'start-up':24}{(time.perf_counter() - started) * 1000:9.0f} ms")
        paths = [path for path in sorted(Path(folder).glob("*/*.yaml")) if path.parent.name != "subjects"]
        book, loading = timed("reading and compiling", lambda: load_rulebook(Path(folder)), count)
        faults, trying = timed("trying on empty tables", lambda: check_book(book), count)
        assert not book.faults and not faults, [*book.faults, *faults][:3]  # noqa: PT018
        assert len(book.rules) == count
        with many_files():
            documents, reading = timed("reading YAML alone", lambda: [load(path) for path in paths], count)
            _, fitting = timed("fitting models alone", lambda: [document.check(RuleFile) for document in documents], count)
        files = [rule.file for rule in book.rules]
        texts = [text for file in files for text in (file.where, file.measure, file.due) if text]
        texts += [text for file in files for named in (file.let, file.levels, file.also) for text in named.values()]
        timed("parsing, no two the same", lambda: [parse.__wrapped__(text) for text in texts], count)
        print(
            f"{'together':24}{(loading + trying) * 1000:9.0f} ms{'':9} of which YAML {reading / (loading + trying):.0%}, models {fitting / (loading + trying):.0%}"
        )


if __name__ == "__main__":
    main()
