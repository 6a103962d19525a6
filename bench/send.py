"""Time how long the daily messages of a made-up council take to be worded and sent, over TLS, to a mail server on this machine.

    python bench/send.py [--children 3000 --children 12000] [--runs 3]

Each run is a new process on an empty store on whose first day everything is told. What 500 messages take is worked out of all that a run
sent; `x` is that beside the first council's, and so says whether many cost more each. The memory is the whole process's.
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
from typing import Any

from tests.servers import MailServer, mail_server

AS_OF = date(2026, 3, 2)
ENOUGH = 500


def main() -> None:
    """Print a line a council."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--children", type=int, action="append")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    print(f"{'children':>8} {'messages':>8} {'send s':>7} {'s of 500':>9} {'x':>5} {'MB':>5} {'largest kB':>10} {'run s':>6}")
    first = None
    for children in arguments.children or [3000, 12000]:
        with tempfile.TemporaryDirectory() as folder:
            first = measure(children, arguments.runs, Path(folder), first)


def measure(children: int, runs: int, folder: Path, first: float | None) -> float:
    """Print what the messages of one council take, and return the seconds of 500 of the first council."""
    export = ["demo", "export", "--to", str(folder / "csv"), "--children", str(children), "--as-of", AS_OF.isoformat()]
    subprocess.run([sys.executable, "-m", "alerting", *export], check=True, capture_output=True)
    sent, seconds, memory, walls, largest = 0, [], [], [], 0
    for number in range(runs):
        with mail_server(folder) as relay:
            report, wall, megabytes = run(folder, number, relay)
            sent = report["notifications"]["accepted"]
            assert sent == len(relay.taken), "not all that was accepted came"
            largest = max(len(mail.mail.as_bytes()) for mail in relay.taken)
        seconds.append(report["timings"]["deliver"])
        memory.append(megabytes)
        walls.append(wall)
    each = statistics.median(seconds) / sent * ENOUGH
    print(
        f"{children:>8} {sent:>8} {statistics.median(seconds):>7.2f} {each:>9.2f} {each / (first or each):>5.2f} "
        f"{statistics.median(memory):>5.0f} {largest / 1024:>10.1f} {statistics.median(walls):>6.2f}",
        flush=True,
    )
    return first or each


def run(folder: Path, number: int, relay: MailServer) -> tuple[dict[str, Any], float, float]:
    """Run the daily job once; return its report, its seconds and its megabytes."""
    mail = {"type": "email", "host": "127.0.0.1", "port": relay.port, "from": "alerts@example.gov.uk", "ca_file": str(relay.ca_file),
            "domains": ["example.gov.uk"]}  # fmt: skip
    values = {
        "council": {"name": "Bench"}, "store": f"sqlite:///{number}.db", "go_live": "full", "source": {"type": "files", "path": "csv"},
        "receivers": {"mail": mail}, "rules": {"params": {"alert_budget": 100_000}},
    }  # fmt: skip
    config = folder / f"{number}.yaml"
    config.write_text(json.dumps(values), "utf-8")
    started = time.perf_counter()
    command = [sys.executable, "-m", "alerting", "--config", str(config), "run", "daily", "--as-of", AS_OF.isoformat(), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    output = process.stdout.read() if process.stdout else b""
    _, _, usage = os.wait4(process.pid, 0)
    return json.loads(output), time.perf_counter() - started, usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
