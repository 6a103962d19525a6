"""Draw more lives of the service than the tests have time for, each another one, and stop at the first that breaks a promise.

    python -m bench lifelike [--lives 200] [--steps 40] [--seed 1]

What failed is printed as the steps that lead to it, without shortening them.
"""

from __future__ import annotations

import argparse

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.lifelike import Life


def main() -> None:
    """Draw as many lives as asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lives", type=int, default=200)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    drawn = settings(
        max_examples=arguments.lives,
        stateful_step_count=arguments.steps,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(arguments.seed)(Life), settings=drawn)
    print(f"{arguments.lives} lives of up to {arguments.steps} steps, seed {arguments.seed}: every promise kept")


if __name__ == "__main__":
    main()
