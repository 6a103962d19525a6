"""How often one may ask: a count for each person, or each address, and minute."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

_MINUTE_S = 60


@dataclass(kw_only=True)
class Rates:
    """Counts of this minute, in this process."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _minute: int = 0
    _counts: dict[str, int] = field(default_factory=dict)

    def may(self, who: str, most: int) -> bool:
        """Count that somebody asks, and return whether they have not done so more than `most` times this minute."""
        minute = int(time.monotonic() // _MINUTE_S)
        with self._lock:
            if minute != self._minute:
                self._minute, self._counts = minute, {}
            self._counts[who] = self._counts.get(who, 0) + 1
            return self._counts[who] <= most
