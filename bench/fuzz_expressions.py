"""Try hostile expressions for some minutes: PYTHONPATH=. .venv/bin/python -m bench fuzz_expressions --minutes 10 [--engine atheris]

hypothesis makes them by a grammar, by changing shipped expressions, and of any text. atheris, which is not among the
dependencies (`pip install atheris`), changes bytes and keeps what reaches new code. Both assert the same: refused, or harmless.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--minutes", type=float, default=10)
    arguments.add_argument("--engine", choices=["hypothesis", "atheris"], default="hypothesis")
    given = arguments.parse_args()
    if given.engine == "atheris":
        by_bytes(given.minutes)
    else:
        by_grammar(given.minutes)


def by_grammar(minutes: float) -> None:
    from hypothesis import HealthCheck, Phase, given, settings

    from tests.hostile_expressions import EXPRESSIONS, harmless, settled

    tally: Counter[str] = Counter()
    started = time.monotonic()
    with settled() as snapshot:

        @settings(
            max_examples=200,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
        )
        @given(text=EXPRESSIONS)
        def tried(text: str) -> None:
            tally[harmless(text, snapshot)] += 1

        while time.monotonic() < started + 60 * minutes:
            tried()
    report("hypothesis", tally, started)


def by_bytes(minutes: float) -> None:
    try:
        import atheris
    except ModuleNotFoundError:
        sys.exit("atheris is not installed: pip install atheris")
    with atheris.instrument_imports(include=["alerting", "sqlglot"]):
        from tests.hostile_expressions import harmless, settled, shipped
    snapshot = settled()
    seeds = shipped()
    tally: Counter[str] = Counter()
    started = time.monotonic()

    def tried(data: bytes) -> None:
        provider = atheris.FuzzedDataProvider(data)
        if provider.ConsumeBool():
            text = provider.ConsumeUnicodeNoSurrogates(300)
        else:
            seed = seeds[provider.ConsumeIntInRange(0, len(seeds) - 1)]
            at = provider.ConsumeIntInRange(0, len(seed))
            text = seed[:at] + provider.ConsumeUnicodeNoSurrogates(40) + seed[at + provider.ConsumeIntInRange(0, 10) :]
        tally[harmless(text, snapshot)] += 1
        if time.monotonic() - started > 60 * minutes:
            report("atheris", tally, started)
            sys.stdout.flush()
            import os

            os._exit(0)

    atheris.Setup(sys.argv[:1], tried)
    atheris.Fuzz()


def report(engine: str, tally: Counter[str], started: float) -> None:
    seconds = time.monotonic() - started
    tried = sum(tally.values())
    told = ", ".join(f"{count:,} {name}" for name, count in sorted(tally.items()))
    print(
        f"{engine}: {tried:,} expressions in {seconds / 60:.1f} minutes ({tried / seconds:.0f} a second): {told}; nothing got out"
    )


if __name__ == "__main__":
    main()
