"""How long to wait before a message, or a receiver that failed, is tried again."""

from __future__ import annotations

import hashlib
from datetime import timedelta

BACK_OFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=30))
LONGEST_WAIT = BACK_OFF[-1]
"""However long a wait a receiver asks for, it is asked again after this."""


def wait_before(attempts: int, key: str) -> timedelta:
    """Return how long to wait after so many attempts: 1, 5, 15, then 30 minutes, up to a fifth less.

    How much less is drawn from the key, so that messages deferred together do not all come back together.
    """
    drawn = hashlib.blake2b(f"{key}\x1f{attempts}".encode(), digest_size=2).digest()
    return BACK_OFF[min(max(attempts, 1), len(BACK_OFF)) - 1] * (1 - int.from_bytes(drawn) / 0xFFFF / 5)
