"""The messages of the outbox for people: whom each is for and what became of it; and, for a preview, what stands in those of a day."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date, datetime

import sqlalchemy as sa

from alerting.notifications.content import Notification
from alerting.store.messages.content_json import is_emptied
from alerting.store.messages.outbox import content_of, notification_of
from alerting.store.schema import outbox, run
from alerting.store.store import Transaction

STATES = ("planned", "claimed", "deferred", "accepted", "failed", "cancelled", "unknown")
"""What state a message may be in."""


@dataclass(frozen=True, kw_only=True)
class OutboxRow:
    """A message without its content."""

    id: int
    key: str
    run_id: int | None
    receiver: str
    purpose: str
    #: A person's id, or CHANNEL and a team's.
    recipient: str
    name: str
    address: str | None
    as_of: date
    urgency: int
    message_id: str
    planned_at: datetime
    state: str
    attempts: int
    next_at: datetime | None
    handed_over_at: datetime | None
    #: What the receiver said last, or why it was not sent.
    answer: str | None
    finished_at: datetime | None
    expires_at: datetime | None
    #: The id of the message in whose place it was planned.
    stands_for: int | None
    #: The value of a `DeliveryReason`.
    reason: str | None


def list_messages(connection: Transaction, states: Collection[str] = (), *, most: int = 200) -> list[OutboxRow]:
    """Return the messages, the newest first; only those in one of these states, where any is given."""
    query = sa.select(*(outbox.c[each.name] for each in fields(OutboxRow))).order_by(outbox.c.id.desc()).limit(most)
    if states:
        query = query.where(outbox.c.state.in_(states))
    return [OutboxRow(**row) for row in connection.execute(query).mappings()]


def count_states(connection: Transaction, since: datetime) -> dict[str, int]:
    """Return how many messages planned since a moment are in each state."""
    query = sa.select(outbox.c.state, sa.func.count()).where(outbox.c.planned_at >= since).group_by(outbox.c.state)
    return {row[0]: row[1] for row in connection.execute(query)}


def planned_for(connection: Transaction, as_of: date, job: str) -> list[Notification]:
    """Return the messages of a job's runs of a day, whatever their purpose, the newest first; none withdrawn or emptied by retention."""
    runs = sa.select(run.c.id).where(run.c.job == job)
    query = sa.select(outbox).where(outbox.c.as_of == as_of, outbox.c.run_id.in_(runs), outbox.c.state != "cancelled")
    rows = connection.execute(query.order_by(outbox.c.id.desc())).all()
    return [notification_of(row, content_of(connection, row.content)) for row in rows if not is_emptied(row.content)]
