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
            kept_back |= {place for place in others if counts[place] == least}
        else:
            total = None
    return tuple(None if place in kept_back else count for place, count in enumerate(counts)), total


def mask_total(total: int, others: int) -> int | None:
    """Return a total that stands alone, None where it says something of a few: others is what of it is not the reader's own."""
    return None if is_few(others) else total
