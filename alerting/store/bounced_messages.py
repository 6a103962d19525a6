"""Messages that were accepted and came back: found by the ids that a bounce names, failed, and taken back from what people know."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from alerting.model import BOUNCED, DeliveryReason
from alerting.notifications.fallback import PASSED_ON
from alerting.store import circuit_breaker
from alerting.store.batches import batches
from alerting.store.outbox import OPEN, Waiting, notification_of
from alerting.store.schema import alert, delivery, outbox, told


@dataclass(frozen=True, kw_only=True)
class SentMessage:
    """A message of the outbox to an address, as far as a bounce of it is concerned."""

    id: int
    receiver: str
    address: str
    as_of: date
    planned_at: datetime
    attempts: int
    state: str

    @property
    def is_open(self) -> bool:
        """Return whether its sender has not yet written down what became of it."""
        return self.state in OPEN


_COLUMNS = [column for column in outbox.c if column.name in SentMessage.__dataclass_fields__]


def find(connection: sa.Connection, message_ids: Sequence[str], receivers: Collection[str]) -> SentMessage | None:
    """Return the message to an address, sent through one of these receivers, that has one of these ids; None for none."""
    # The keys that ids are made of are indexed, and the ids are not.
    keys = [id_.strip("<>").rpartition("@")[0] for id_ in message_ids]
    query = sa.select(*_COLUMNS).where(outbox.c.key.in_(keys), outbox.c.message_id.in_(message_ids))
    row = connection.execute(query.where(outbox.c.receiver.in_(receivers), outbox.c.address.is_not(None))).mappings().first()
    return SentMessage(**row) if row else None


def fail(connection: sa.Connection, message: SentMessage, answer: str, now: datetime) -> bool:
    """Write down that a message came back; return False where that, or another end of it, is known."""
    mine = sa.and_(outbox.c.id == message.id, outbox.c.state.in_(("accepted", "unknown")))
    values = {"state": "failed", "reason": DeliveryReason.bounced, "answer": answer, "finished_at": now}
    if connection.execute(outbox.update().where(mine).values(values)).rowcount != 1:
        return False
    attempt = {"outbox_id": message.id, "attempt": message.attempts, "at": now, "phase": "bounce", "state": BOUNCED}
    connection.execute(delivery.insert().values(attempt | {"answer": answer}))
    return True


def came_back_before(connection: sa.Connection, message: SentMessage, now: datetime) -> bool:
    """Return whether the message of another day to the same address came back within two weeks."""
    same = (outbox.c.receiver == message.receiver, outbox.c.address == message.address, outbox.c.as_of != message.as_of)
    lately = (outbox.c.reason == DeliveryReason.bounced, outbox.c.finished_at > now - circuit_breaker.AGAIN_AFTER)
    return connection.execute(sa.select(outbox.c.id).where(*same, *lately).limit(1)).first() is not None


def take_back(connection: sa.Connection, message: SentMessage, now: datetime) -> Waiting:
    """Take back what the recipient counts as told by a message; return it with what is still to be told to somebody.

    What stands in for it has as long from now as it had.
    """
    row = connection.execute(sa.select(outbox).where(outbox.c.id == message.id)).one()
    content = _content(row)
    later = _told_before(connection, row, content)
    return Waiting(
        id=row.id,
        notification=notification_of(row, _left(connection, content, later)),
        message_id=row.message_id,
        planned_at=row.planned_at,
        attempts=row.attempts,
        repeated=False,
        owner="",
        lease=timedelta(0),
        run_id=row.run_id,
        expires_at=now + (row.expires_at - row.planned_at) if row.expires_at else None,
    )


def _content(row: Any) -> dict[str, Any]:
    try:
        content = json.loads(row.content)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _meant(row: Any, content: Mapping[str, Any]) -> str:
    """Return whom a message was for in the first place."""
    return str(content["for"]["id"]) if row.stands_for is not None and content.get("for") else row.recipient


def _told_before(connection: sa.Connection, row: Any, content: Mapping[str, Any]) -> set[int]:
    """Let the recipient know of the message's alerts what the last message that did not come back said of each.

    Return the alerts that a later message than this has told them of.
    """
    meant = _meant(row, content)
    wanted = {id_ for id_, _, _ in content.get("told", ())}
    mine = sa.and_(told.c.receiver == row.receiver, told.c.recipient == meant)
    for ids in batches(sorted(wanted)):
        connection.execute(told.delete().where(mine, told.c.alert_id.in_(ids)))
    later: set[int] = set()
    theirs = sa.or_(outbox.c.recipient == meant, outbox.c.stands_for.is_not(None))
    query = sa.select(outbox.c.id).where(outbox.c.receiver == row.receiver, outbox.c.state == "accepted", theirs)
    for id_ in connection.execute(query.order_by(outbox.c.finished_at.desc(), outbox.c.id.desc())).scalars().all():
        if not wanted:
            break
        other = connection.execute(sa.select(outbox).where(outbox.c.id == id_)).one()
        said = _content(other)
        if _meant(other, said) != meant:
            continue
        listed = [each for each in said.get("told", ()) if each[0] in wanted]
        wanted -= {each[0] for each in listed}
        later |= {each[0] for each in listed} if other.id > row.id else set()
        rows = [
            {
                "receiver": row.receiver,
                "recipient": meant,
                "alert_id": alert_id,
                "level": level,
                "condition": PASSED_ON if other.stands_for is not None else condition,
                "told_on": other.as_of,
            }
            for alert_id, level, condition in listed
            if condition != "resolved"
        ]
        if rows:
            connection.execute(told.insert(), rows)
    return later


def _left(connection: sa.Connection, content: Mapping[str, Any], later: set[int]) -> dict[str, Any]:
    """Return of a message what is still to be told to somebody: not what a later one told, nor what was open and has ended."""
    items = [item for item in content.get("items", ()) if item["alert_id"] not in later]
    query = sa.select(alert.c.id).where(alert.c.resolved_on.is_not(None))
    ended: set[int] = set()
    for ids in batches(sorted(item["alert_id"] for item in items)):
        ended.update(connection.execute(query.where(alert.c.id.in_(ids))).scalars())
    items = [item for item in items if item["alert_id"] not in ended or item["state"] in ("cleared", "moved")]
    left = {item["alert_id"] for item in items}
    chains = [chain | {"alerts": [id_ for id_ in chain["alerts"] if id_ in left]} for chain in content.get("instead", ())]
    return dict(content) | {
        "items": items,
        "told": [each for each in content.get("told", ()) if each[0] in left],
        "instead": [chain for chain in chains if chain["alerts"]],
    }
