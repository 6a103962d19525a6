"""At which times of a day a rule is asked between the daily runs: `2 hours between 08:00 and 18:00`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time

BETWEEN = r"([1-9]|1[0-2]) hours? between ([01][0-9]|2[0-3]):([0-5][0-9]) and ([01][0-9]|2[0-3]):([0-5][0-9])"


@dataclass(frozen=True)
class Between:
    """At which times of a day a rule is asked between the daily runs."""

    hours: int
    first: time
    last: time

    def __str__(self) -> str:
        return f"{self.hours} hour{'s' if self.hours > 1 else ''} between {self.first:%H:%M} and {self.last:%H:%M}"

    def times(self) -> list[time]:
        """Return each of them, the first and, where it is met, the last included."""
        minutes = range(_minutes(self.first), _minutes(self.last) + 1, self.hours * 60)
        return [time(minute // 60, minute % 60) for minute in minutes]


def _minutes(of: time) -> int:
    return of.hour * 60 + of.minute


def read_between(value: object) -> object:
    """Read `2 hours between 08:00 and 18:00`; anything else is left to be refused."""
    found = re.fullmatch(BETWEEN, value.strip()) if isinstance(value, str) else None
    if found is None:
        return value
    hours, *ends = (int(group) for group in found.groups())
    return Between(hours, time(ends[0], ends[1]), time(ends[2], ends[3]))
