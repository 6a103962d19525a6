"""Small counts of other people's teams: what is kept back cannot be worked out from what is shown."""

from __future__ import annotations

import itertools
from collections import defaultdict

import pytest

from alerting.notifications.masking import FEW, mask, mask_total


@pytest.mark.parametrize(
    ("counts", "own", "shown"),
    [
        ((12, 0, 7), (False, False, False), ((12, 0, 7), 19)),
        ((12, 2, 7), (False, False, False), ((12, None, None), 21)),
        ((2, 0, 0), (False, False, False), ((None, 0, 0), None)),
        ((2, 3, 0), (False, False, False), ((None, None, 0), None)),
        ((2, 12), (True, False), ((2, 12), 14)),
        ((12, 2), (True, False), ((12, None), None)),
        ((5, 4), (False, False), ((None, None), 9)),
        ((), (), ((), 0)),
    ],
)
def test_a_count_below_five_is_kept_back_and_a_second_one_with_it(counts, own, shown):
    assert mask(counts, own) == shown


@pytest.mark.parametrize("own", [(False, False, False), (True, False, False), (True, True, False)])
def test_nothing_that_is_kept_back_can_be_worked_out_by_somebody_who_knows_how_it_is_done(own):
    """Of all tables of counts that are shown alike, no place that is kept back holds the same count in each, nor a known small one."""
    alike = defaultdict(list)
    for counts in itertools.product(range(3 * FEW), repeat=3):
        alike[mask(counts, own)].append(counts)

    for (cells, total), tables in alike.items():
        for place, cell in enumerate(cells):
            if cell is None:
                assert len({table[place] for table in tables}) > 1, (cells, total)
            else:
                assert own[place] or cell == 0 or cell >= FEW
        if total is None:
            assert len({sum(table) for table in tables}) > 1, cells


@pytest.mark.parametrize("own", [(False, False, False), (True, False, False)])
def test_nobody_who_guesses_which_of_two_is_the_smaller_can_work_it_out(own):
    """As how each team stands may tell: of 6 in all, one team far below its target and one on it would have 5 and 1."""
    alike = defaultdict(list)
    for counts in itertools.product(range(4 * FEW), repeat=3):
        shown, total = mask(counts, own)
        kept_back = [count for count, cell in zip(counts, shown, strict=True) if cell is None]
        if len(kept_back) == 2 and kept_back[0] < kept_back[1] and (total is None or sum(kept_back) < 4 * FEW):
            alike[shown, total].append(kept_back[0])

    assert {shown for shown, smaller in alike.items() if len(set(smaller)) == 1} == set()


def test_a_total_alone_is_kept_back_where_what_is_not_the_readers_own_is_few():
    assert [mask_total(9, others) for others in (0, 1, 4, 5)] == [9, None, None, 9]
