"""Messages waiting to be sent, and what each recipient was last told. Rows are planned with the alerts, in one transaction.

A row is claimed by a conditional update, so that one sender has it; its key, Message-ID and date are fixed when it is
planned, so that a repeat is the same message. States: planned, claimed, deferred; accepted, failed, cancelled, unknown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from alerting import hold_fire
from alerting.model import Delivery, LastTold, Notification
from alerting.schema import delivery, notice, outbox, told
from alerting.store import Store

OPEN = ("planned", "claimed", "deferred")


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A claimed row: the notification, and what its message keeps on every attempt."""

    id: int
    notification: Notification
    message_id: str
    planned_at: datetime
    attempts: int
    repeated: bool


class Outbox:
    """The outbox of one store."""

    def __init__(self, store: Store, *, domain: str) -> None:
        self._store = store
        self._domain = domain

    def last_told(self, connection: sa.Connection) -> dict[tuple[str, str, int], LastTold]:
        """Give what everybody was last told, by receiver, recipient and alert."""
        return {
            (row.receiver, row.recipient, row.alert_id): LastTold(level=row.level, condition=row.condition, told_on=row.told_on)
            for row in connection.execute(sa.select(told))
        }

    def plan(
        self, connection: sa.Connection, run_id: int, notifications: Sequence[Notification], now: datetime
    ) -> tuple[int, int]:
        """Put notifications into the outbox, each once, and cancel what they supersede. Give how many: planned, cancelled."""
        keys = [item.key for item in notifications]
        known: set[str] = set()
        for start in range(0, len(keys), 500):
            query = sa.select(outbox.c.key).where(outbox.c.key.in_(keys[start : start + 500]))
            known.update(connection.execute(query).scalars())
        new = [item for item in notifications if item.key not in known]
        cancelled = 0
        for item in new:
            superseded = outbox.update().where(
                outbox.c.receiver == item.receiver,
                outbox.c.recipient == item.recipient,
                outbox.c.purpose == item.purpose,
                outbox.c.state.in_(("planned", "deferred")),
            )
            values = {"state": "cancelled", "answer": "superseded by a newer message", "finished_at": now}
            cancelled += connection.execute(superseded.values(values)).rowcount
        rows = [
            {
                "key": item.key,
                "run_id": run_id,
                "receiver": item.receiver,
                "purpose": item.purpose,
                "recipient": item.recipient,
                "name": item.name,
                "address": item.address,
                "as_of": item.as_of,
                "urgency": item.urgency,
                "content": json.dumps(item.content, default=str),
                "message_id": f"<{item.key}@{self._domain}>",
                "planned_at": now,
                "state": "planned",
                "attempts": 0,
            }
            for item in new
        ]
        if rows:
            connection.execute(outbox.insert(), rows)
        return len(rows), cancelled

    def claim(self, owner: str, now: datetime, lease: timedelta) -> Waiting | None:
        """Claim the most urgent row that may be sent now; None when there is none, or fire is held. A lease that ran out is anybody's."""
        due = sa.or_(
            outbox.c.state == "planned",
            sa.and_(outbox.c.state == "deferred", outbox.c.next_at <= now),
            sa.and_(outbox.c.state == "claimed", outbox.c.lease_until < now),
        )
        # The choice reads the index alone: a row's content may be large, and the rows that wait may be many.
        choice = (
            sa.select(outbox.c.id, outbox.c.state, outbox.c.attempts).where(due).order_by(outbox.c.urgency.desc(), outbox.c.id)
        )
        while True:
            with self._store.transaction() as connection:
                chosen = None if hold_fire.is_on(connection) else connection.execute(choice.limit(1)).first()
                if chosen is None:
                    return None
                mine = outbox.c.id == chosen.id
                still = sa.and_(mine, outbox.c.state == chosen.state, outbox.c.attempts == chosen.attempts)
                values = {"state": "claimed", "owner": owner, "lease_until": now + lease, "attempts": chosen.attempts + 1}
                if connection.execute(outbox.update().where(still).values(values)).rowcount == 1:
                    return _waiting(connection.execute(sa.select(outbox).where(mine)).one())

    def hand_over(self, id_: int, now: datetime) -> None:
        """Note that a message is about to be handed over: from here on it may have arrived."""
        with self._store.transaction() as connection:
            connection.execute(outbox.update().where(outbox.c.id == id_).values(handed_over_at=now))

    def settle(self, waiting: Waiting, result: Delivery) -> None:
        """Write down what became of an attempt; on acceptance, what the recipient has now been told."""
        final = result.state in ("accepted", "failed", "unknown", "cancelled")
        with self._store.transaction() as connection:
            connection.execute(
                delivery.insert().values(
                    outbox_id=waiting.id,
                    attempt=waiting.attempts,
                    at=result.at,
                    state=result.state,
                    phase=result.phase,
                    answer=result.answer,
                )
            )
            values: dict[str, Any] = {"state": result.state, "answer": result.answer, "next_at": result.retry_at, "owner": None}
            connection.execute(
                outbox.update().where(outbox.c.id == waiting.id).values(values | {"finished_at": result.at if final else None})
            )
            if result.state == "accepted":
                self._remember(connection, waiting.notification)

    def _remember(self, connection: sa.Connection, notification: Notification) -> None:
        listed = notification.content.get("told", [])
        ids = [alert_id for alert_id, _, _ in listed]
        mine = sa.and_(told.c.receiver == notification.receiver, told.c.recipient == notification.recipient)
        for start in range(0, len(ids), 500):
            connection.execute(told.delete().where(mine, told.c.alert_id.in_(ids[start : start + 500])))
        rows = [
            {
                "receiver": notification.receiver,
                "recipient": notification.recipient,
                "alert_id": alert_id,
                "level": level,
                "condition": condition,
                "told_on": notification.as_of,
            }
            for alert_id, level, condition in listed
            if condition != "resolved"
        ]
        if rows:
            connection.execute(told.insert(), rows)

    def counts(self, run_id: int) -> dict[str, int]:
        """Give how many of a run's messages stand in each state."""
        query = sa.select(outbox.c.state, sa.func.count()).where(outbox.c.run_id == run_id).group_by(outbox.c.state)
        with self._store.transaction() as connection:
            rows = connection.execute(query).all()
            return {row[0]: row[1] for row in rows}

    def listed(self, *, state: str | None = None, most: int = 200) -> list[dict[str, Any]]:
        """Give the newest messages as rows, without their content."""
        columns = [column for column in outbox.c if column.name not in ("content", "owner", "lease_until")]
        query = sa.select(*columns).order_by(outbox.c.id.desc()).limit(most)
        if state:
            query = query.where(outbox.c.state == state)
        with self._store.transaction() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def resolved_but_told(self, connection: sa.Connection) -> set[int]:
        """Give the alerts that somebody still believes open: told of, resolved since, and not told of that."""
        from alerting.schema import alert

        query = sa.select(told.c.alert_id).join(alert, alert.c.id == told.c.alert_id).where(alert.c.resolved_on.is_not(None))
        return set(connection.execute(query.distinct()).scalars())

    def note(self, connection: sa.Connection, job: str, as_of: date, notices: dict[str, str], *, keep: bool = True) -> set[str]:
        """Give the keys of today's notices (key to title) that are new for a job; keep today's and forget those that passed.

        keep: false for a dry run, which must leave a new notice new for the run that tells it.
        """
        rows = connection.execute(sa.select(notice.c.key).where(notice.c.job == job)).scalars()
        before = set(rows)
        if not keep:
            return notices.keys() - before
        gone = before - notices.keys()
        if gone:
            connection.execute(notice.delete().where(notice.c.job == job, notice.c.key.in_(gone)))
        new = notices.keys() - before
        if new:
            connection.execute(
                notice.insert(), [{"key": key, "job": job, "first_on": as_of, "title": notices[key]} for key in sorted(new)]
            )
        return set(new)


def _waiting(row: Any) -> Waiting:
    notification = Notification(
        key=row.key,
        receiver=row.receiver,
        purpose=row.purpose,
        recipient=row.recipient,
        name=row.name,
        address=row.address,
        as_of=row.as_of,
        content=json.loads(row.content),
        urgency=row.urgency,
    )
    return Waiting(
        id=row.id,
        notification=notification,
        message_id=row.message_id,
        planned_at=row.planned_at,
        attempts=row.attempts,
        repeated=row.handed_over_at is not None,
    )
