"""`python -m alerting`, and the `alerting` command."""

from __future__ import annotations

import atexit
import gc

from alerting.cli import PROCESS
from alerting.commands import cli


def main() -> None:
    """Run the command line."""
    # What is there at the end goes with the process. To look through all of it for what could be freed takes half a second.
    atexit.register(gc.freeze)
    PROCESS.is_own = True
    cli(prog_name="alerting")


if __name__ == "__main__":
    main()
