"""A job's run on one day is an occurrence: unique, one host's at a time, and counted by the database's clock alone.

    begin ──► Claim ──► renew, hold ... end     a run at work
                 └────► RunHeld                 at its next write, when its lease ran out and another host took over

A lease is short and renewed while the run works, so that a dead host's run is taken over within minutes; that of a process
that is known to be dead, at once. Every taking raises the token, which every write of a run must still have.
"""

from __future__ import annotations

import hashlib
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from alerting.errors import RunHeld, StoreError
from alerting.formatting import day
from alerting.store import schema
from alerting.store.store import Store, database_now

LEASE = timedelta(minutes=5)
RENEW_EVERY_S = 60.0
STUCK_AFTER_S = 3600.0
"""After so long within one step, or one message, the lease is no longer renewed: somebody else may do better."""
ENDED = frozenset({*schema.DONE, "missed"})
"""The states in which an occurrence stays. Others: running, and failed or stopped, which may be tried again."""
_TABLE = schema.occurrence


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to do one occurrence, for as long as nobody has a higher token of it."""

    run_id: int
    job: str
    as_of: date
    token: int


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """One occurrence as the store has it."""

    job: str
    as_of: date
    state: str
    owner: str
    token: int
    lease_until: datetime
    note: str | None
    #: How long ago its lease was last set or given back, by the database's clock.
    quiet: timedelta

    def __str__(self) -> str:
        return f"{self.job} of {day(self.as_of)}" + (f": {self.note}" if self.note else "")


class JobLeases:
    """The leases of the occurrences in one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # ------------------------------------------------------------------ one run

    def begin(self, job: str, as_of: date, owner: str, now: datetime, lease: timedelta = LEASE) -> Claim:
        """Claim an occurrence. An ended one may be claimed again: a run can be repeated. A lease that ran out is anybody's.

        now: of the run, for its row; leases go by the database's clock. Raises RunHeld while any run of the store, of
        whatever job, is going on: two at once would tell people twice.
        """
        with self._alone() as connection:
            moment = database_now(connection)
            held = [item for item in self._running(connection, moment) if not _is_abandoned(item, moment)]
            if held:
                raise _held(min(held, key=lambda item: (item.job, item.as_of) != (job, as_of)), job, as_of)
            self._fence(connection, moment, now)
            mine = sa.and_(_TABLE.c.job == job, _TABLE.c.as_of == as_of)
            token = connection.execute(sa.select(_TABLE.c.token).where(mine)).scalar()
            values = {"state": "running", "owner": owner, "lease_until": moment + lease, "note": None}
            if token is None:
                connection.execute(_TABLE.insert().values(job=job, as_of=as_of, token=1, **values))
            else:
                connection.execute(_TABLE.update().where(mine).values(token=token + 1, **values))
            started = {"job": job, "as_of": as_of, "started_at": now, "status": "running"}
            key = connection.execute(schema.run.insert().values(started)).inserted_primary_key
            return Claim(run_id=int(key[0]) if key else 0, job=job, as_of=as_of, token=(token or 0) + 1)

    def hold(self, connection: sa.Connection, claim: Claim, lease: timedelta = LEASE) -> None:
        """See that a run is still the claim's, and lengthen its lease; until the caller's transaction ends nobody can take it.

        Raises RunHeld when another host took over: what the transaction was to write must then not be written.
        """
        until = database_now(connection) + lease
        if connection.execute(_TABLE.update().where(_of(claim)).values(lease_until=until)).rowcount != 1:
            raise self._taken(connection, claim)

    def renew(self, claim: Claim, lease: timedelta = LEASE) -> None:
        """Lengthen a run's lease. Raises RunHeld when another host took over, StoreError when the store cannot be reached."""
        with self._store.transaction() as connection:
            self.hold(connection, claim, lease)

    def end(self, claim: Claim, state: str, report: Mapping[str, Any], now: datetime, note: str | None = None) -> None:
        """Write a run's report and give its occurrence back. Raises RunHeld when another host took over."""
        with self._store.transaction() as connection:
            values = {"state": state, "lease_until": database_now(connection), "note": note}
            if connection.execute(_TABLE.update().where(_of(claim)).values(values)).rowcount != 1:
                raise self._taken(connection, claim)
            mine = schema.run.c.id == claim.run_id
            connection.execute(schema.run.update().where(mine).values(status=state, report=dict(report), finished_at=now))

    @contextmanager
    def keep_renewed(self, claim: Claim) -> Iterator[Callable[[], None]]:
        """Renew a run's lease while the block works, from a thread: one read or one message may take longer than a lease.

        Yields what to call between steps and messages: it renews too, and raises RunHeld when another host took over.
        """
        progress = [time.monotonic()]
        over = threading.Event()

        def keep() -> None:
            while not over.wait(RENEW_EVERY_S) and time.monotonic() - progress[0] < STUCK_AFTER_S:
                # The run's own next write says what is wrong with the store, or who took over.
                with suppress(StoreError):
                    self.renew(claim)

        def go_on() -> None:
            progress[0] = time.monotonic()
            self.renew(claim)

        thread = threading.Thread(target=keep, name=f"lease of {claim.job}", daemon=True)
        thread.start()
        try:
            yield go_on
        finally:
            over.set()
            thread.join()

    def let_go(self, owner: str, now: datetime) -> None:
        """Release whatever an owner has, unfinished, so that another can go on with it at once."""
        with self._alone() as connection:
            self._stop(connection, _TABLE.c.owner == owner, "was stopped before it was done")
            self._abandon_runs(connection, now)

    # ------------------------------------------------------------------ many

    def running(self) -> Occurrence | None:
        """Return the occurrence that some host is working on now, None when there is none."""
        with self._store.transaction() as connection:
            moment = database_now(connection)
            return next((item for item in self._running(connection, moment) if not _is_abandoned(item, moment)), None)

    def find(self, job: str, as_of: date) -> Occurrence | None:
        """Return one occurrence, None when there is none."""
        with self._store.transaction() as connection:
            return next(iter(_read(connection, _TABLE.c.job == job, _TABLE.c.as_of == as_of)), None)

    def last_day(self, job: str) -> date | None:
        """Return the last day for which a job has an occurrence, or else the first day of any job; None in a new store."""
        with self._store.transaction() as connection:
            of_job = connection.execute(sa.select(sa.func.max(_TABLE.c.as_of)).where(_TABLE.c.job == job)).scalar()
            return of_job or connection.execute(sa.select(sa.func.min(_TABLE.c.as_of))).scalar()

    def unfinished(self, job: str, until: date) -> list[date]:
        """Return the days up to one, included, whose occurrence was begun and is neither ended nor being worked on."""
        with self._store.transaction() as connection:
            moment = database_now(connection)
            found = _read(connection, _TABLE.c.job == job, _TABLE.c.as_of <= until, _TABLE.c.state.not_in(ENDED))
            return [item.as_of for item in found if item.state != "running" or _is_abandoned(item, moment)]

    def miss(self, job: str, days: Iterable[date], note: str) -> list[date]:
        """Record days on which a job was not done, and why; return those that were not recorded before.

        One that was begun keeps its own note, if it has one. One that has ended, or is being worked on, is left alone.
        """
        missed = []
        with self._alone() as connection:
            moment = database_now(connection)
            for as_of in days:
                mine = sa.and_(_TABLE.c.job == job, _TABLE.c.as_of == as_of)
                found = next(iter(_read(connection, mine)), None)
                if found is None:
                    row = {"job": job, "as_of": as_of, "owner": "", "token": 0}
                    connection.execute(_TABLE.insert().values(state="missed", lease_until=moment, note=note, **row))
                elif found.state in ENDED or (found.state == "running" and not _is_abandoned(found, moment)):
                    continue
                else:
                    values = {"state": "missed", "note": found.note or note, "token": found.token + 1, "lease_until": moment}
                    connection.execute(_TABLE.update().where(mine).values(values))
                missed.append(as_of)
            # A run that died in the middle of its day has now ended as well, and not only when the next one begins.
            self._abandon_runs(connection, moment)
        return missed

    def missed_between(self, first: date, last: date) -> list[Occurrence]:
        """Return the occurrences recorded as missed from one day to another, both included, in the order of their days."""
        with self._store.transaction() as connection:
            return _read(connection, _TABLE.c.state == "missed", _TABLE.c.as_of.between(first, last))

    # ------------------------------------------------------------------ within

    @contextmanager
    def _alone(self) -> Iterator[sa.Connection]:
        """Run a block as a transaction that no other one of this kind runs beside; SQLite's are so in any case."""
        with self._store.transaction() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("LOCK TABLE occurrence IN SHARE ROW EXCLUSIVE MODE"))
            yield connection

    def _running(self, connection: sa.Connection, moment: datetime) -> list[Occurrence]:
        return _read(connection, _TABLE.c.state == "running", _TABLE.c.lease_until >= moment)

    def _fence(self, connection: sa.Connection, moment: datetime, now: datetime) -> None:
        """Shut out every run whose host is gone, or slept too long: should it wake, its next write is refused."""
        self._stop(connection, sa.true(), "its host stopped in the middle of it")
        self._abandon_runs(connection, now)

    def _stop(self, connection: sa.Connection, which: sa.ColumnElement[bool], note: str) -> None:
        values = {"state": "stopped", "token": _TABLE.c.token + 1, "note": note, "lease_until": database_now(connection)}
        connection.execute(_TABLE.update().where(_TABLE.c.state == "running", which).values(values))

    def _abandon_runs(self, connection: sa.Connection, now: datetime) -> None:
        going_on = sa.exists().where(
            _TABLE.c.job == schema.run.c.job, _TABLE.c.as_of == schema.run.c.as_of, _TABLE.c.state == "running"
        )
        left = schema.run.update().where(schema.run.c.status == "running", ~going_on)
        connection.execute(left.values(status="abandoned", finished_at=now))

    def _taken(self, connection: sa.Connection, claim: Claim) -> RunHeld:
        found = next(iter(_read(connection, _TABLE.c.job == claim.job, _TABLE.c.as_of == claim.as_of)), None)
        who = f" ({host_of(found.owner)})" if found and found.owner else ""
        return RunHeld(
            f"another host took over {claim.job} of {day(claim.as_of)}{who}; this one's lease had run out, and it writes no more",
            remedy="Nothing need be done: the other goes on from what was committed.",
        )


def missed_lately(connection: sa.Connection, as_of: date) -> list[Occurrence]:
    """Return what was missed since the last daily run that was done for an earlier day: what that of this day has to tell."""
    done = sa.and_(_TABLE.c.job == "daily", _TABLE.c.state.in_(schema.DONE), _TABLE.c.as_of < as_of)
    last = connection.execute(sa.select(sa.func.max(_TABLE.c.as_of)).where(done)).scalar()
    since = [_TABLE.c.as_of >= last] if last else []
    return _read(connection, _TABLE.c.state == "missed", _TABLE.c.as_of <= as_of, *since)


def _read(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[Occurrence]:
    moment = database_now(connection)
    rows = connection.execute(sa.select(_TABLE).where(*where).order_by(_TABLE.c.as_of, _TABLE.c.job)).mappings()
    return [Occurrence(**row, quiet=moment - row["lease_until"]) for row in rows]


def missed_days(connection: sa.Connection, job: str) -> frozenset[date]:
    """Return every day on which a job was to be done and was not."""
    query = sa.select(_TABLE.c.as_of).where(_TABLE.c.job == job, _TABLE.c.state == "missed")
    return frozenset(connection.execute(query).scalars())


def this_process() -> str:
    """Return the owner that this process is: its host, its id, and a mark of where that id means something."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{_where_ids_hold()}"


def host_of(owner: str) -> str:
    """Return an owner as people are told of it: `host, process 4711`."""
    host, _, rest = owner.partition(":")
    process = rest.partition(":")[0]
    return f"{host}, process {process}" if process else host


def is_dead(owner: str) -> bool:
    """Return whether an owner was a process of this machine that is there no more. False where that cannot be known."""
    host, _, rest = owner.partition(":")
    process, _, where = rest.partition(":")
    if sys.platform == "win32" or not process.isdigit() or not where or (host, where) != _here():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _where_ids_hold() -> str:
    """Return a mark of this machine's start and this container: within them, and nowhere else, a process id is one process."""
    known = []
    with suppress(OSError):
        known.append(Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip())
    with suppress(OSError):
        known.append(Path("/proc/self/ns/pid").readlink().as_posix())
    return hashlib.blake2b("\x1f".join(known).encode(), digest_size=4).hexdigest() if len(known) == 2 else ""


def _is_abandoned(occurrence: Occurrence, moment: datetime) -> bool:
    return occurrence.lease_until < moment or is_dead(occurrence.owner)


def _here() -> tuple[str, str]:
    return socket.gethostname()[:60], _where_ids_hold()


def _of(claim: Claim) -> sa.ColumnElement[bool]:
    mine = (_TABLE.c.job == claim.job, _TABLE.c.as_of == claim.as_of, _TABLE.c.token == claim.token)
    return sa.and_(*mine, _TABLE.c.state == "running")


def _held(held: Occurrence, job: str, as_of: date) -> RunHeld:
    until = f"{held.lease_until:%H:%M:%S} UTC"
    who = f"{host_of(held.owner)} has it until {until}, and longer while it works"
    if (held.job, held.as_of) == (job, as_of):
        return RunHeld(
            f"another process is running {job} of {day(as_of)}: {who}", remedy="Nothing need be done: it is being done."
        )
    return RunHeld(
        f"{job} of {day(as_of)} has to wait for {held.job} of {day(held.as_of)}: {who}",
        remedy="Runs of one store follow each other. Start it again when that one is done.",
        other=True,
    )
