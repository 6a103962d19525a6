"""Kill runs with SIGKILL, at points of the delivery protocol and at any instant, and judge what was sent by who must be told what.

    python -m bench chaos [--crashes 1000] [--store sqlite|postgresql] [--seed 1] [--teams 20] [--bug NAME]

Each cycle is a store without rows in which a daily run is killed some times and then left to end; a relay, a process of its
own that writes each mail down before it answers 250, knows what was accepted. `tests.chaos` judges that; whatever it finds is
printed and fails. `--bug` plants one of the bugs of `tests.planted`, to see that it is found.
Processes are forked, so that times leave out how long Python takes to start.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.chaos import ANY_INSTANT, STORES, Bench, Cycle, Fault, chaotic_council
from tests.crashes import POINTS, killing
from tests.planted import BUGS
from tests.relay import relay_process

OFTEN = 500
"""From so many crashes on, each point has been one of them, or something keeps runs from it."""


def main() -> None:
    """Kill as often as asked and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crashes", type=int, default=1000)
    parser.add_argument("--store", choices=sorted(STORES), default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--teams", type=int, default=20)
    parser.add_argument("--bug", choices=sorted(BUGS))
    arguments = parser.parse_args()
    cycles: list[Cycle] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url, fresh = stack.enter_context(STORES[arguments.store](folder))
        relay = stack.enter_context(relay_process(folder / "mails"))
        bench = Bench(
            office=chaotic_council(folder / "council", url, relay, arguments.teams),
            relay=relay,
            killing=stack.enter_context(killing()),
            fresh=fresh,
            chance=random.Random(arguments.seed),
            bug=arguments.bug,
        )
        bench.undisturbed()
        found, longest = bench.undisturbed()
        cycles.append(Cycle(where=[], found=found, repeats=0, recovery=None))
        with suppress(KeyboardInterrupt):  # then what was counted so far is shown
            while (so_far := sum(len(cycle.where) for cycle in cycles)) < arguments.crashes:
                cycles.append(bench.cycle(longest, arguments.crashes - so_far))
                print(f"\r{so_far} crashes ", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        print(f"{arguments.store}: {len(bench.must.told)} people to tell, {longest:.1f} s undisturbed; {len(cycles)} cycles")
    sys.exit(show(cycles, arguments.crashes))


def show(cycles: list[Cycle], wanted: int) -> int:
    """Print the figures of all cycles; return 1 where any of them is not as it must be."""
    crashes = Counter(name for cycle in cycles for name in cycle.where)
    print(f"  {'killed at':54} {'crashes':>8}")
    for name in (*POINTS, ANY_INSTANT):
        print(f"  {name:54} {crashes[name]:>8}")
    print(f"  {'in all':54} {crashes.total():>8}")
    print(f"  {'repeats, each said to be one, at most one a crash':54} {sum(cycle.repeats for cycle in cycles):>8}")
    faults = Counter(fault for cycle in cycles for fault, _ in cycle.found)
    for fault in Fault:
        example = next((f"   such as {what[:300]}" for cycle in cycles for kind, what in cycle.found if kind is fault), "")
        print(f"  {fault:54} {faults[fault]:>8}{example}")
    recovery = [cycle.recovery for cycle in cycles if cycle.recovery is not None] or [0.0]
    print(f"  from the last kill until all is sent: median {statistics.median(recovery):.1f} s, longest {max(recovery):.1f} s")
    few = crashes.total() < wanted
    missed = [name for name in (*POINTS, ANY_INSTANT) if crashes.total() >= OFTEN and not crashes[name]]
    if few or missed:
        print(f"  not what was asked for: {crashes.total()} crashes of {wanted}; never at {missed}")
    return 1 if faults or few or missed else 0


if __name__ == "__main__":
    main()
