"""Whether this machine's clock has jumped ahead: then a run would be of the wrong day, and alerts would age overnight.

What the clock showed is kept in the store with how long the machine had been up, which a setting of the clock does not change.
After a start of the machine nothing can be told, so a machine that was off for a week is not taken for a jump.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from alerting.errors import ConfigError
from alerting.formatting import day
from alerting.store import service_state
from alerting.store.store import Store, Transaction, database_now

MOST = timedelta(hours=26)
"""What a clock may be put forward by without anybody's word: a day, and an hour for the clock change."""
APART = timedelta(hours=1)
"""How far this machine's clock and the database's may be apart."""
_NAME = "clock"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the clock showed at a moment."""

    shown: datetime
    #: Which start of the machine it was.
    start: str
    #: How many seconds ago that was, the time asleep included.
    up_s: float


def read(now: datetime) -> Reading | None:
    """Return what the clock shows now; None on a machine that does not say how long it has been up."""
    if sys.platform != "linux":
        return None
    start = ""
    with suppress(OSError):
        start = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    return Reading(shown=now, start=start, up_s=time.clock_gettime(time.CLOCK_BOOTTIME)) if start else None


def jumped(before: Reading, after: Reading) -> timedelta | None:
    """Return by how much the clock was put forward between two readings; None where it was not, or nobody can tell."""
    if before.start != after.start:
        return None
    ahead = (after.shown - before.shown) - timedelta(seconds=after.up_s - before.up_s)
    return ahead if ahead > MOST else None


def watch(store: Store, now: datetime, reading: Reading | None) -> None:
    """Compare the clock with what it showed when it was last asked, and with the database's; keep what it shows.

    Raises ConfigError when it has jumped, and goes on doing so until `accept`, or until the clock is right again.
    """
    with store.transaction() as connection:
        apart = abs(database_now(connection) - now)
        kept = service_state.remembered(connection, _NAME)
        ahead = jumped(_from(kept), reading) if kept and reading else None
        if reading and not ahead and apart <= APART:
            _keep(connection, reading)
    if apart > APART:
        raise ConfigError(
            f"this machine's clock and the database's are {_hours(apart)} apart", remedy="Put right whichever is wrong."
        )
    if ahead and kept:
        raise ConfigError(
            f"this machine's clock was put forward by {_hours(ahead)} since {day(_from(kept).shown.date())}, so today may be the "
            "wrong day; nothing is run",
            remedy="Put the clock right. If it is right, run the job once with today's date: `alerting run daily --as-of DATE`.",
        )


def accept(store: Store, reading: Reading | None) -> None:
    """Take the clock as right, as somebody has named today's date."""
    if reading is not None:
        with store.transaction() as connection:
            _keep(connection, reading)


def _keep(connection: Transaction, reading: Reading) -> None:
    value = {"shown": reading.shown.isoformat(), "start": reading.start, "up_s": reading.up_s}
    service_state.remember(connection, _NAME, value, reading.shown)


def _from(kept: dict[str, str]) -> Reading:
    return Reading(shown=datetime.fromisoformat(kept["shown"]), start=kept["start"], up_s=float(kept["up_s"]))


def _hours(span: timedelta) -> str:
    hours = round(span / timedelta(hours=1))
    return f"{hours} hours" if hours < 72 else f"{round(hours / 24)} days"
