"""How long `alerting check` takes over 100 rules: the whole command, as it is typed, beside the same command over one rule.

What one rule takes is start-up: Python, the libraries, the engine, the subjects. Two sets of 100: the shipped rules again and
again, each with numbers of its own (14 examples a rule); and rules no two expressions or sentences of which are the same (3
examples each). Neither may take more than twice the start-up; if one does, the program ends with 1.

.venv/bin/python -m bench check_rules [--rules 100] [--times 3]
"""

from __future__ import annotations

import argparse
import itertools
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from alerting.documents.document import load

_SHIPPED = Path(__file__).parent.parent / "rules"
_CONFIG = """\
council: {name: Exampleshire, administrators: [{name: Alex Admin, address: alerts-admin@example.gov.uk}, {name: Bo Deputy, address: bo@example.gov.uk}]}
store: sqlite:///alerting.db
source: {type: demo}
receivers: {outbox: {type: folder, path: outbox, ceiling: reference}}
"""


def make(folder: Path, count: int, *, distinct: bool) -> Path:
    """Make a council with that many rules, each with an id and a code of its own; return its config.yaml."""
    rules = folder / "rules"
    shutil.copytree(_SHIPPED / "subjects", rules / "subjects")
    shutil.copy(_SHIPPED / "settings.yaml", rules)
    shipped = [path for path in sorted(_SHIPPED.glob("*/*.yaml")) if path.parent.name != "subjects"]
    for number, path in zip(range(count), itertools.cycle(shipped)):
        pack = rules / path.parent.name
        pack.mkdir(exist_ok=True)
        text = path.read_text("utf-8")
        if distinct:
            text = yaml.safe_dump(_of_its_own(load(path).value, number), sort_keys=False, width=130)
        text = re.sub(r"^id: .*", f"id: {path.stem}-{number}", text, count=1, flags=re.MULTILINE)
        text = re.sub(r"^code: .*", f"code: B-{number}", text, count=1, flags=re.MULTILINE)
        text = re.sub(
            r"^(  \w*(?:days|within)\w*: )([0-9]+)\b",
            lambda found, more=number: f"{found[1]}{int(found[2]) + more}",
            text,
            count=1,
            flags=re.MULTILINE,
        )
        (pack / f"{path.stem}-{number}.yaml").write_text(text, "utf-8")
    config = folder / "config.yaml"
    config.write_text(_CONFIG, "utf-8")
    return config


def _of_its_own(rule: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a rule with fewer examples, and with expressions and sentences that no other rule has."""
    own = rule | {"examples": rule["examples"][:3]}
    own |= {part: f"{rule[part].rstrip()} Rule {number}." for part in ("says", "clears")}
    for part in ("levels", "also"):
        if part in rule:
            own[part] = {name: f"({text}) and {number} = {number}" for name, text in rule[part].items()}
    return own | ({"where": f"({rule['where']}) and {number} = {number}"} if "where" in rule else {})


def seconds(config: Path, times: int) -> float:
    """Return how long the command takes over one council, the fastest of so many times; it must find nothing wrong."""
    command = [sys.executable, "-m", "alerting", "--config", str(config), "check", str(config.parent / "rules")]
    took = []
    for _ in range(times):
        started = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        took.append(time.perf_counter() - started)
        assert done.stdout == "All is well.\n", done.stdout[:2000] + done.stderr[-2000:]
    return min(took)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rules", type=int, default=100)
    arguments.add_argument("--times", type=int, default=3, help="of each the fastest counts")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        start_up = seconds(make(Path(folder) / "one", 1, distinct=False), given.times)
        print(f"{'one rule: start-up':36}{start_up:7.2f} s")
        slow = False
        for title, distinct in (("like the shipped ones", False), ("no two the same", True)):
            took = seconds(make(Path(folder) / title, given.rules, distinct=distinct), given.times)
            print(f"{f'{given.rules} {title}':36}{took:7.2f} s, {took / start_up:5.2f} x start-up")
            slow = slow or took > 2 * start_up
    sys.exit(slow)


if __name__ == "__main__":
    main()
