"""While the service holds its fire it reads, asks and plans, and sends nothing, until an administrator releases it.

It does so of itself after a restore: what the store remembers having told lies behind what people have been told, so the
next run would repeat it all. Which store was used last, and its newest run, stand in a marker: a file beside the store.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from alerting import private_files
from alerting.alerts.acts import ActKind
from alerting.alerts.people import SERVICE, Actor
from alerting.config import PRODUCTION
from alerting.model import DeliveryReason
from alerting.store import acts
from alerting.store.batches import batches
from alerting.store.messages import content_json
from alerting.store.schema import outbox, run, seal, state
from alerting.store.service_state import HOLD, forget, remember, remembered
from alerting.store.store import Store

STORE_ID, ENVIRONMENT = "store_id", "environment"
RESTORED = "The service's memory was restored from a backup: some of what is new here you may have been told of before."
WAITING = ("planned", "deferred", "claimed")
_HELD_SINCE = sa.select(state.c.at).where(state.c.name == HOLD)


@dataclass(frozen=True, kw_only=True)
class SendHold:
    """That nothing is sent."""

    since: datetime
    by: str
    why: str
    #: Whether the service did it of itself, as the store lies behind what was sent.
    restored: bool

    def __str__(self) -> str:
        return (
            f"fire is held since {self.since:%Y-%m-%d %H:%M} UTC: {self.why}. Nothing is sent until "
            "`alerting store release --by NAME --note WHY`; `alerting deliveries list --state planned` shows what waits"
        )


@dataclass(frozen=True, kw_only=True)
class ReleasedHold:
    """A hold that was ended."""

    held: SendHold
    #: The messages that may be sent now.
    waiting: int
    #: Those that never will be.
    cancelled: int


@dataclass(frozen=True, kw_only=True)
class Marker:
    """The file that says which store was used last on this machine, and its newest run then. path: None for no file."""

    store: Store
    path: Path | None
    environment: str

    def look(self, now: datetime) -> tuple[SendHold | None, list[str]]:
        """Hold fire if this store is not the one that was used last, or lies behind it; otherwise note how far it has come.

        To be asked before anything is sent. A marker that cannot be read says nothing, and one that cannot be written is a
        problem, given as a sentence. Raises StoreError.
        """
        with self.store.transaction() as connection:
            why = None if find_hold(connection) else self._why(connection)
            if why:
                hold(connection, by=SERVICE, why=why, now=now, restored=True)
            held = find_hold(connection)
            known = None if held else self._known(connection, now)
        return held, self._write(known) if known else []

    def release(
        self, connection: sa.Connection, *, by: Actor, note: str, now: datetime, answers: int | None = None
    ) -> tuple[ReleasedHold | None, list[str]]:
        """Let the service send again, in the caller's transaction; None where fire is not held. Then the problems, as for `look`.

        Cancelled is what a newer message stands for and, after a restore, what had been planned before: it may have gone out.
        What is left then says that it may be a repeat.
        """
        held = find_hold(connection)
        if held is None:
            return None, []
        cancelled = _cancel_older(connection, now)
        if held.restored:
            cancelled += _cancel(connection, outbox.c.planned_at < held.since, DeliveryReason.restored, now)
        waiting = _may_be_a_repeat(connection) if held.restored else _waiting(connection)
        forget(connection, HOLD)
        acts.keep(connection, by, ActKind.fire_released, "service", now, note=note, answers=answers)
        # Should the transaction come to nothing after this, fire is held still, whatever the marker says.
        return ReleasedHold(held=held, waiting=waiting, cancelled=cancelled), self._write(self._known(connection, now))

    def _known(self, connection: sa.Connection, now: datetime) -> dict[str, Any]:
        remember(connection, ENVIRONMENT, self.environment, now)
        head = connection.execute(sa.select(seal.c.head).order_by(seal.c.id.desc()).limit(1)).scalar()
        return {"store": _store_id(connection, now), **_newest_run(connection), "head": head}

    @property
    def head(self) -> str | None:
        """The newest head of the seals when the store was looked at last; None where the marker has none."""
        head = self._read().get("head")
        return head if isinstance(head, str) and head else None

    def _write(self, known: Mapping[str, Any]) -> list[str]:
        if self.path is None or self._read() == known:
            return []
        try:
            private_files.write(self.path, json.dumps(known) + "\n")
        except OSError as error:
            return [f"the marker {self.path} cannot be written ({error.strerror}), so a restored store would not be recognised"]
        return []

    def _why(self, connection: sa.Connection) -> str | None:
        used_in, known = remembered(connection, ENVIRONMENT), self._read()
        if self.environment == PRODUCTION and used_in not in (PRODUCTION, None):
            return f"the store was used where the environment is {used_in}, so whom it takes for told has been told nothing"
        if not known:
            return None
        if known.get("store") != remembered(connection, STORE_ID):
            return "this is another store than the one that was used last"
        then = connection.execute(sa.select(run.c.started_at).where(run.c.id == known.get("run"))).scalar()
        if known.get("run") is not None and (then is None or then.isoformat() != known.get("started_at")):
            return "the store lies behind the one that was used last, so it was restored from a backup"
        return None

    def _read(self) -> Mapping[str, Any]:
        try:
            known = json.loads(self.path.read_text("utf-8")) if self.path else {}
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}


def find_hold(connection: sa.Connection) -> SendHold | None:
    """Return why fire is held; None where it is not."""
    since = connection.execute(_HELD_SINCE).scalar()
    if since is None:
        return None
    held = remembered(connection, HOLD) or {"by": "nobody", "why": "why it was held cannot be read any more", "restored": True}
    return SendHold(since=since, **held)


def which_may_be_sent(connection: sa.Connection) -> tuple[sa.ColumnElement[bool], ...] | None:
    """Return which messages may be sent, as conditions of the outbox, of which all hold; None where none may.

    While somebody holds fire, what is told of what happened since may: that it is held and by whom, first of all. It is of no case.
    """
    held = find_hold(connection)
    if held is None:
        return ()
    if held.restored:
        return None
    return outbox.c.purpose == "admin", outbox.c.run_id.is_(None), outbox.c.planned_at >= held.since


def hold(connection: sa.Connection, *, by: Actor, why: str, now: datetime, restored: bool = False) -> None:
    """Hold fire from now on, and keep who did it and why. Where it is held already, it is for the reason it was."""
    if find_hold(connection) is None:
        remember(connection, HOLD, {"by": by.id, "why": why, "restored": restored}, now)
        acts.keep(connection, by, ActKind.fire_held, "service", now, note=why)


def _waiting(connection: sa.Connection) -> int:
    return int(connection.execute(sa.select(sa.func.count()).where(outbox.c.state.in_(WAITING))).scalar_one())


def _may_be_a_repeat(connection: sa.Connection) -> int:
    """Let each message that waits say that some of it may have been told before; return how many there are."""
    waiting = connection.execute(sa.select(outbox.c.id, outbox.c.content).where(outbox.c.state.in_(WAITING))).all()
    for row in waiting:
        content = content_json.add_banner(row.content, RESTORED)
        connection.execute(outbox.update().where(outbox.c.id == row.id).values(content=content))
    return len(waiting)


def _cancel_older(connection: sa.Connection, now: datetime) -> int:
    """Cancel what waits for somebody for whom a newer message of the same purpose waits too."""
    newer = outbox.alias()
    same = sa.and_(
        newer.c.receiver == outbox.c.receiver,
        newer.c.recipient == outbox.c.recipient,
        newer.c.purpose == outbox.c.purpose,
        newer.c.id > outbox.c.id,
        newer.c.state.in_(WAITING),
        # What has no run is a notice of something that happened: no other message says it, and it says nothing that another does.
        newer.c.run_id.is_not(None),
        outbox.c.run_id.is_not(None),
    )
    return _cancel(connection, sa.exists().where(same), DeliveryReason.superseded, now)


def _cancel(connection: sa.Connection, which: sa.ColumnElement[bool], why: DeliveryReason, now: datetime) -> int:
    values = {"state": "cancelled", "reason": why, "answer": why.say(), "finished_at": now, "owner": None}
    chosen = connection.execute(sa.select(outbox.c.id).where(outbox.c.state.in_(WAITING), which)).scalars().all()
    for ids in batches(chosen):
        connection.execute(outbox.update().where(outbox.c.id.in_(ids)).values(values))
    return len(chosen)


def _newest_run(connection: sa.Connection) -> dict[str, Any]:
    row = connection.execute(sa.select(run.c.id, run.c.started_at).order_by(run.c.id.desc()).limit(1)).first()
    return {"run": row.id, "started_at": row.started_at.isoformat()} if row else {"run": None, "started_at": None}


def _store_id(connection: sa.Connection, now: datetime) -> str:
    known = remembered(connection, STORE_ID)
    if known is None:
        known = uuid.uuid4().hex
        remember(connection, STORE_ID, known, now)
    return str(known)
