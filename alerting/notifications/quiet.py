"""When somebody hears of what is clear, or of what is done, although nothing is new: seldom, and only where the council wants it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from alerting.notifications.preferences import Preferences

WEEK = 7
"""Nobody hears either of these more often than every so many days, whatever is set."""


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """After how many days without a message somebody hears good news. 0: never."""

    #: That nothing of theirs is open.
    all_clear_days: int = 0
    #: That something is done, where nothing else is new.
    done_days: int = 0
    #: The last day of a message to somebody, by receiver and id: today, where the day is run once more.
    last_heard: Mapping[tuple[str, str], date] = field(default_factory=dict)
    #: What people would rather have, by id, of those who said so.
    preferences: Mapping[str, Preferences] = field(default_factory=dict)

    @property
    def is_wanted(self) -> bool:
        """Whether the council wants either."""
        return self.all_clear_days > 0 or self.done_days > 0

    def all_clear_is_due(self, receiver: str, person: str, as_of: date) -> bool:
        """Return whether somebody with nothing open is told so today."""
        return self._rather(person).all_clear and self._is_due(self.all_clear_days, receiver, person, as_of)

    def done_is_due(self, receiver: str, person: str, as_of: date) -> bool:
        """Return whether somebody is told today of what is done although nothing else is new."""
        return self._rather(person).done and self._is_due(self.done_days, receiver, person, as_of)

    def _rather(self, person: str) -> Preferences:
        return self.preferences.get(person, Preferences())

    def _is_due(self, days: int, receiver: str, person: str, as_of: date) -> bool:
        last = self.last_heard.get((receiver, person))
        return days > 0 and (last is None or (as_of - last).days >= max(WEEK, days))
