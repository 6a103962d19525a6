"""Measure: `python -m bench [PART [ITS ARGUMENTS]]`, or `make bench PART=...`. Without a part all five are measured, in a quarter of an hour.

    evaluate   the rules, beside SQL, pandas, Polars, rule-engine, cel-python and pointblank
    daily      `alerting run daily`, cold, from files and databases, step by step
    store      findings met with the alerts there are
    send       the daily messages, over TLS
    backtest   a look back over 250 days

Every other file here is started in the same way: `python -m bench rules`.
"""

from __future__ import annotations

import importlib
import sys

from bench.figures import machine

PARTS = ("evaluate", "daily", "store", "send", "backtest")


def main() -> None:
    """Measure the part that is asked for, or all."""
    part, *arguments = sys.argv[1:] or [""]
    if part in ("-h", "--help"):
        print(__doc__)
        return
    print(machine(), flush=True)
    for name in [part] if part else PARTS:
        sys.argv = [f"bench {name}", *arguments]
        importlib.import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main()
