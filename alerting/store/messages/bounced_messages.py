"""Messages that were accepted and came back: found by the ids that a bounce names, failed, and taken back from what people know."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from alerting.model import BOUNCED, DeliveryReason
from alerting.notifications.content import DigestContent, ItemState, Notification
from alerting.store.batches import batches
from alerting.store.messages import circuit_breaker, content_json, told
from alerting.store.messages.claims import ClaimedMessage
from alerting.store.messages.outbox import OPEN, content_of, notification_of
from alerting.store.schema import alert, delivery, outbox


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
    query = sa.select(*_COLUMNS).where(outbox.c.message_id.in_(message_ids))
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


def take_back(connection: sa.Connection, message: SentMessage, now: datetime) -> ClaimedMessage:
    """Take back what the recipient counts as told by a message; return it with what is still to be told to somebody.

    What stands in for it has as long from now as it had.
    """
    row = connection.execute(sa.select(outbox).where(outbox.c.id == message.id)).one()
    notification = _notification(connection, row)
    later = _restore_told(connection, row.id, notification)
    return ClaimedMessage(
        id=row.id,
        notification=_without(connection, notification, later),
        message_id=row.message_id,
        planned_at=row.planned_at,
        attempts=row.attempts,
        repeated=False,
        owner="",
        lease=timedelta(0),
        run_id=row.run_id,
        expires_at=now + (row.expires_at - row.planned_at) if row.expires_at else None,
    )


def _notification(connection: sa.Connection, row: Any) -> Notification:
    """Return the notification of a row of the outbox; with nothing in it where its content was wiped."""
    try:
        content = content_of(connection, row.content)
    except content_json.ContentError:
        content = DigestContent(items=(), told=())
    return notification_of(row, content)


def _restore_told(connection: sa.Connection, number: int, returned: Notification) -> Set[str]:
    """Let the reader of a message know of its alerts what the last message that did not come back said of each.

    Return the alerts, by reference, that a later message than this has told them of.
    """
    told.forget(connection, returned)
    wanted = {each.ref for each in returned.told}
    later: set[str] = set()
    theirs = sa.or_(outbox.c.recipient == returned.reader, outbox.c.stands_for.is_not(None))
    query = sa.select(outbox.c.id).where(outbox.c.receiver == returned.receiver, outbox.c.state == "accepted", theirs)
    for id_ in connection.execute(query.order_by(outbox.c.finished_at.desc(), outbox.c.id.desc())).scalars().all():
        if not wanted:
            break
        other = _notification(connection, connection.execute(sa.select(outbox).where(outbox.c.id == id_)).one())
        if other.reader != returned.reader:
            continue
        said = [each for each in other.told if each.ref in wanted]
        refs = {each.ref for each in said}
        wanted -= refs
        later |= refs if id_ > number else set()
        told.insert(connection, other, said)
    return later


def _without(connection: sa.Connection, notification: Notification, later: Set[str]) -> Notification:
    """Return what is still to be told to somebody: not what a later message told, nor what was open and has ended."""
    content = notification.content
    if not isinstance(content, DigestContent):
        return notification
    over, ended = (ItemState.cleared, ItemState.moved), _ended(connection, (item.ref for item in content.items))
    items = tuple(item for item in content.items if item.ref not in later and (item.ref not in ended or item.state in over))
    left = {item.ref for item in items}
    told = tuple(each for each in content.told if each.ref in left)
    chains = (replace(chain, alerts=tuple(ref for ref in chain.alerts if ref in left)) for chain in content.instead)
    instead = tuple(chain for chain in chains if chain.alerts)
    return replace(notification, content=replace(content, items=items, told=told, instead=instead))


def _ended(connection: sa.Connection, references: Iterable[str]) -> Set[str]:
    query = sa.select(alert.c.ref).where(alert.c.resolved_on.is_not(None))
    ended: set[str] = set()
    for refs in batches(references):
        ended.update(connection.execute(query.where(alert.c.ref.in_(refs))).scalars())
    return ended
