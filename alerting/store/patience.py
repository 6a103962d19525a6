"""A write to the store that is done again where the database was locked, or away for a moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from alerting.errors import RunHeld, StoreError


def write_patiently(write: Callable[[], None], waits_s: Iterable[float], *, is_kept: Callable[[], bool] = lambda: False) -> None:
    """Do one write to the store, and again after each of these waits. Raises what the last try raised, RunHeld at once.

    is_kept: asked before it is written again, as the store may have been gone before it could say that it had kept it.
    """
    try:
        return write()
    except RunHeld:
        raise
    except StoreError as error:
        last = error
    for wait in waits_s:
        time.sleep(wait)
        try:
            return None if is_kept() else write()
        except RunHeld:
            raise
        except StoreError as error:
            last = error
    raise last
