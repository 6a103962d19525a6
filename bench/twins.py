"""Compare the shipped rules with their plain twins of `tests.oracle` over many random councils, and print how far they agree.

    python -m bench twins [--councils 1000] [--first 0] [--people 200] [--rule CODE ...]

Each council has a seed, by which `tests.twins.whole` makes it again. Every difference is printed with it; at the end there is, for
each rule, how many answers were compared at each level. A rule that no answer has reached at some level has not been compared.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.case_rows import shipped
from tests.oracle.told import TOLD
from tests.twins import compare, whole, with_twins

SHOWN = 5
"""So many differences of a rule are printed; all are counted."""


def main() -> None:
    """Compare as often as asked and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--councils", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="the seed of the first council")
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--rule", action="append", default=[], help="compare only this rule; may be given again")
    chosen = parser.parse_args()
    began = time.monotonic()
    compared: Counter[tuple[str, str]] = Counter()
    differing: Counter[str] = Counter()
    for seed in range(chosen.first, chosen.first + chosen.councils):
        outcome = compare(shipped(), *whole(seed, chosen.people), codes=chosen.rule)
        compared += outcome.compared
        for difference in outcome.differences:
            differing[difference.code] += 1
            if differing[difference.code] <= SHOWN:
                print(f"council {seed}: {difference}", flush=True)
    _print(compared, differing, [code for code in sorted(with_twins(shipped())) if not chosen.rule or code in chosen.rule])
    print(f"{chosen.councils} councils in {time.monotonic() - began:.0f} s")
    sys.exit(1 if differing else 0)


def _print(compared: Counter[tuple[str, str]], differing: Counter[str], codes: list[str]) -> None:
    for code in codes:
        levels = [*sorted(TOLD[code].roles), "clear", "unknown"]
        counted = ", ".join(f"{compared[code, level]} {level}" for level in levels if compared[code, level])
        never = [level for level in levels[:-1] if not compared[code, level]]
        print(
            f"{code:7}", f"{differing[code]} differ;" if differing[code] else "exact;", counted, f"NEVER {never}" if never else ""
        )
    exact = sum(not differing[code] for code in codes)
    print(f"{exact} of {len(codes)} rules are exact")


if __name__ == "__main__":
    main()
