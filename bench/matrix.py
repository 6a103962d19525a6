"""Damage every column that a rule or the service reads, one at a time, and see who is told of what, and whether anybody reads why.

    python -m bench matrix [--children 1000] [--load first|third] [--only ssd_cp_visits] [--damage "emptied, half"] [--some 100]
                           [--seed 1] [--least 10]

A made-up council, a run on a first load or on a third, its messages beside those without the damage. The rules that read the column
are asked, daily, weekly and monthly ones in one run; what is told without damage is found once for each such set of rules. Harm is a
rule whose told alerts more than double or fall to less than half, by `--least` or more, without waiting or being held by a brake, and
anybody told who may not be. Harm that no notice to administrators names with its column and a figure is printed, and the program
ends with 1. All of it takes some three hours, a table some minutes; `--some` draws that many squares.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

from tests.matrix import LEAST, LOADS, Bench, Came, Outcome


def main() -> None:
    """Try the squares that are asked for, print what came of them, and end with 1 where harm is named nowhere."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--children", type=int, default=1000)
    parser.add_argument("--load", choices=sorted(LOADS))
    parser.add_argument("--only", default="", help="a part of `table.column`")
    parser.add_argument("--damage", help="the name of one")
    parser.add_argument("--some", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--least", type=int, default=LEAST)
    arguments = parser.parse_args()
    came: list[Came] = []
    with tempfile.TemporaryDirectory() as folder, suppress(KeyboardInterrupt):  # then what was tried so far is shown
        bench = Bench(Path(folder), arguments.children, arguments.least)
        asked = [
            square
            for square in bench.squares()
            if arguments.load in (None, square.load)
            and arguments.damage in (None, square.damage)
            and arguments.only in f"{square.table}.{square.column}"
        ]
        drawn = random.Random(arguments.seed).sample(asked, min(arguments.some or len(asked), len(asked)))
        for square in sorted(drawn, key=lambda square: (square.load, sorted(bench.readers(square)))):
            came.append(bench.came_of(square))
            print(f"\r{len(came)} squares ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    sys.exit(show(came))


def show(came: list[Came]) -> int:
    """Print how many squares came to what, by damage, and which did harm; return 1 where any did that is named nowhere."""
    counts = Counter((one.square.load, one.square.damage, one.outcome) for one in came)
    print(f"{'load':6} {'damage':22}" + "".join(f"{outcome:>14}" for outcome in Outcome))
    for load, damage in sorted({(one.square.load, one.square.damage) for one in came}):
        print(f"{load:6} {damage:22}" + "".join(f"{counts[load, damage, outcome]:>14}" for outcome in Outcome))
    print(f"{'in all':29}" + "".join(f"{sum(one.outcome == outcome for one in came):>14}" for outcome in Outcome))
    for outcome in (Outcome.unnamed, Outcome.named):
        for one in sorted(map(str, (one for one in came if one.outcome == outcome))):
            print(one)
    return 1 if any(one.outcome == Outcome.unnamed for one in came) else 0


if __name__ == "__main__":
    main()
