"""What is wrong with the data of the made-up council, how often, and where.

`RATES` says how often; the truth says which rows or people, so that a test can compare what was found with what is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

RATES: Mapping[str, float] = MappingProxyType(
    {
        # of open allocations, written twice under two involvement ids; a third of them with a predecessor never ended
        "duplicate_allocation": 0.03,
        # of children's cases as they are handed on, nobody allocated; in help and protection somebody is, weeks later
        "no_allocation": 0.01,
        # of children's cases, a tray such as "Duty Tray" or "Unallocated" allocated as if it were a person
        "tray_allocated": 0.004,
        # of care leavers, no personal adviser: the role is open and names nobody
        "no_adviser": 0.01,
        # of open allocations on the start day, with somebody who left before
        "allocated_to_leaver": 0.005,
        # of open rows with an end date, the end date 9999-12-31
        "end_9999": 0.02,
        # of open assessments, the authorisation date 1900-01-01
        "auth_1900": 0.05,
        # of legal statuses, roles, eligibilities and the like, in words, odd case or with odd spaces
        "text_variant": 0.10,
        # of looked-after reviews, cancelled and held later under another id
        "review_cancelled": 0.04,
        # of periods of care that are open on the start day, a series of short breaks (V3, V4)
        "short_break": 0.06,
        # of unaccompanied children, the date of birth only in the column for the expected one
        "dob_only_expected": 0.60,
        # of people with an open case on the start day, died with rows left open (at least one person)
        "died_with_open_rows": 0.0002,
        # of visits, dated after the day they were written up
        "visit_in_future": 0.003,
        # of rows of visits, contacts, involvements and legal statuses, delivered twice
        "repeated_row": 0.002,
        # of care leavers, a second row with older facts
        "duplicate_care_leaver": 0.05,
        # of protection plans, another authority's
        "other_authority_plan": 0.03,
        # of protection visits, a plan id that is blank or leads nowhere
        "orphan_plan_id": 0.02,
        # of contacts, a source that is a place-holder
        "place_holder": 0.01,
        # of care plans, permanence answers that are not valid JSON
        "broken_json": 0.05,
    }
)

NEVER = 10**7
"""A day that does not come."""


class Truth:
    """Which rows or people each nasty hit, and from when until when it can be seen."""

    def __init__(self) -> None:
        self._hits: dict[str, list[tuple[int, int, str]]] = {name: [] for name in RATES}

    def note(self, nasty: str, key: str, shown: int, until: int = NEVER) -> None:
        """Note that `key` is hit from the day `shown` up to, not including, the day `until`."""
        self._hits[nasty].append((shown, until, key))

    def as_at(self, day: int) -> dict[str, list[str]]:
        """Return the keys each nasty can be seen at on a day, in the order in which they were made."""
        return {name: [key for shown, until, key in hits if shown <= day < until] for name, hits in self._hits.items()}
