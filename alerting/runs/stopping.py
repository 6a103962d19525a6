"""The signals by which a service is told to stop: what it is at is finished, and what it has is given back, within 30 seconds."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

PATIENCE_S = 24.0
"""How long the message that is being sent may take to be finished, as a rule; then the process ends without it."""
_GIVING_BACK_S = 4.0
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGBREAK") if hasattr(signal, name))


class Stop:
    """Whether the process has been told to stop, and by which signal."""

    def __init__(self, on_signal: Callable[[], None], patience_s: float) -> None:
        self._on_signal, self._patience_s = on_signal, patience_s
        self._asked_at: float | None = None

    def asked(self) -> bool:
        """Return whether the process has been told to stop."""
        return self._asked_at is not None

    def overdue(self) -> bool:
        """Return whether what was being done has not been finished in time."""
        return self._asked_at is not None and time.monotonic() - self._asked_at > self._patience_s

    def take(self, number: int, frame: FrameType | None) -> None:
        """Note a signal; a second one is not waited for."""
        del frame
        self._asked_at = time.monotonic()
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        self._on_signal()


@contextmanager
def told_to_stop(
    give_back: Callable[[], object], *, code: int, on_signal: Callable[[], None] = lambda: None, patience_s: float | None = None
) -> Iterator[Stop]:
    """Listen for signals while the block works; the main thread's alone.

    give_back: called when what is being done is not finished in time; the process then ends with `code`. on_signal: called
    within a signal's handler, so it may do very little. patience_s: how long what is being done may take to be finished.
    """
    stop, over = Stop(on_signal, PATIENCE_S if patience_s is None else patience_s), threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            if stop.overdue():
                giving = threading.Thread(target=give_back, daemon=True)
                giving.start()
                giving.join(_GIVING_BACK_S)
                os._exit(code)

    before = {number: signal.signal(number, stop.take) for number in _SIGNALS}
    watching = threading.Thread(target=watch, name="end in time", daemon=True)
    watching.start()
    try:
        yield stop
    finally:
        over.set()
        watching.join()
        for number, handler in before.items():
            signal.signal(number, handler)
