"""Time how long the daily messages of a made-up council take to be worded and sent, over TLS, to a mail server on this machine.

    python -m bench send [--children 3000 --children 12000] [--receivers 1 --receivers 10] [--runs 3] [--folder FOLDER]

Each run is a new process on an empty store on whose first day everything is told, through so many receivers to the same server: with ten
there are ten times as many messages. What 500 messages take is worked out of all that a run sent; `x` is that beside the first line's, and
so says whether many cost more each. Processor time and memory are the whole process's, reading and asking included.
"""

from __future__ import annotations

import argparse
import tempfile
from itertools import product
from pathlib import Path

from bench.figures import Times, show
from bench.made import Run, export, run_daily
from tests.servers import MailServer, mail_server

ENOUGH = 500


def main() -> None:
    """Print a line a council."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--children", type=int, action="append")
    parser.add_argument("--receivers", type=int, action="append")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    rows: list[list[object]] = []
    first: Times | None = None
    with tempfile.TemporaryDirectory() as place:
        for children, receivers in product(given.children or [3000, 12000], given.receivers or [1]):
            took, largest = measure(export(children, "csv", given.folder or Path(place)), receivers, given.runs)
            messages = took[0].report["notifications"]["accepted"]
            deliver = Times(tuple(run.report["timings"]["deliver"] for run in took))
            each = Times(tuple(seconds / messages * ENOUGH for seconds in deliver.seconds))
            first = first or each
            processor = Times(tuple(run.processor_s for run in took))
            memory = Times(tuple(run.megabytes for run in took)).median
            rows.append(
                [children, messages, deliver, each, each.beside(first), processor, f"{memory:.0f}", f"{largest / 1024:.1f}"]
            )
    head = ["children", "messages", "deliver s", f"s of {ENOUGH}", "x", "processor s", "MB", "largest kB"]
    show(f"Messages over TLS to a relay on this machine ({given.runs} of each)", head, rows)


def measure(council: Path, receivers: int, runs: int) -> tuple[list[Run], int]:
    """Return runs that send what a council's first day says, and the bytes of the largest message."""
    took, largest = [], 0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for number in range(runs):
            with mail_server(folder) as relay:
                took.append(run_daily(folder, str(number), settings(council, relay, receivers)))
                assert took[-1].report["notifications"]["accepted"] == len(relay.taken), "not all that was accepted came"
                largest = max(len(mail.mail.as_bytes()) for mail in relay.taken)
    return took, largest


def settings(council: Path, relay: MailServer, receivers: int = 1) -> dict[str, object]:
    """Return the settings by which everything is told on the first day."""
    mail = {"type": "email", "host": "127.0.0.1", "port": relay.port, "from": "alerts@example.gov.uk", "ca_file": str(relay.ca_file),
            "domains": ["example.gov.uk"]}  # fmt: skip
    return {
        "go_live": "full",
        "source": {"type": "files", "path": str(council)},
        "receivers": {f"mail{number}": mail for number in range(receivers)},
        "rules": {"params": {"alert_budget": 100_000}},
    }


if __name__ == "__main__":
    main()
