"""Small counts that are kept back from who does not answer for the team they are of. Pure.

Fewer than five children of one team can be told apart by somebody who knows the town. A count that is kept back must not come out by
subtracting what is shown from a total, so that a second one is kept back with it; nothing that is shown says which of them is the small one.
"""

from __future__ import annotations

from collections.abc import Sequence

FEW = 5
"""A count below this, and above nought, is kept back."""


def is_few(count: int) -> bool:
    """Return whether a count is so small that it says something of those few."""
    return 0 < count < FEW


def mask(counts: Sequence[int], own: Sequence[bool]) -> tuple[tuple[int | None, ...], int | None]:
    """Return each team's count and the total of all as somebody may read them: None for what is kept back.

    own: which teams are the reader's, of which nothing is kept back. Where no second count can be kept back with the small ones, the
    total is.
    """
    kept_back = {place for place, count in enumerate(counts) if is_few(count) and not own[place]}
    total: int | None = sum(counts)
    if kept_back:
        others = [place for place, count in enumerate(counts) if count >= FEW and not own[place]]
        if others:
            least = min(counts[place] for place in others)
            # All that are equally small: which of them it was would say something of where the small ones are.
            equal = {place for place in others if counts[place] == least}
            more = min((counts[place] for place in others if place not in equal), default=None)
            if _says_how_many([counts[place] for place in kept_back], least, len(equal), more):
                total = None
            kept_back |= equal
        else:
            total = None
    return tuple(None if place in kept_back else count for place, count in enumerate(counts)), total


def _says_how_many(small: Sequence[int], least: int, equal: int, more: int | None) -> bool:
    """Return whether the sum of what is kept back says how many each of the small counts is, to somebody who guesses which they are.

    How a team stands against a target may tell that. equal: how many counts there are of the least that is kept back with the small
    ones. more: the least of those that are shown, which is above it.
    """
    together, fewest, most = sum(small) + equal * least, len(small), (FEW - 1) * len(small)
    least_of_all = range(FEW, more if more is not None else together)
    sums = [left for other in least_of_all if fewest <= (left := together - equal * other) <= most]
    return len(sums) == 1 and (len(small) == 1 or sums[0] in (fewest, most))


def mask_total(total: int, others: int) -> int | None:
    """Return a total that stands alone, None where it says something of a few: others is what of it is not the reader's own."""
    return None if is_few(others) else total
