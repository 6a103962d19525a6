"""The cards of teams' channels that could not be posted."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from alerting.model import CHANNEL, DeliveryReason
from alerting.store.messages.outbox import OPEN
from alerting.store.schema import outbox

_LISTS = ("daily", "weekly", "monthly")
_LOOKED_BACK = timedelta(days=14)


def cards_not_posted(connection: sa.Connection, as_of: date) -> dict[str, date]:
    """Return the day of the newest card of each channel, by team, where that could not be posted and the one before it was.

    A channel that has failed for longer, or has had no card for long, is the administrators', who know of it.
    """
    query = sa.select(outbox.c.recipient, outbox.c.state, outbox.c.as_of, outbox.c.reason)
    query = query.where(
        outbox.c.recipient.like(f"{CHANNEL}%"), outbox.c.as_of >= as_of - _LOOKED_BACK, outbox.c.purpose.in_(_LISTS)
    )
    cards: dict[str, list[Any]] = {}
    for row in connection.execute(query.order_by(outbox.c.id.desc())):
        if row.reason != DeliveryReason.superseded and row.state not in OPEN:
            cards.setdefault(row.recipient.removeprefix(CHANNEL), []).append(row)
    return {
        team: rows[0].as_of
        for team, rows in cards.items()
        if (rows[0].state in ("failed", "unknown") or rows[0].reason == DeliveryReason.expired)
        and (len(rows) == 1 or rows[1].state == "accepted")
    }
