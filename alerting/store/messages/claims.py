"""One message that one sender has claimed: what is known of it, and what is done to its row.

A claim is its owner and the number of the attempt, and lasts by the database's clock: whoever slept while another took over does
nothing to the row. The statements are made once: to make one anew for each message takes longer than the database does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from alerting.notifications.content import Notification
from alerting.store.messages.circuit_breaker import RefusedAddress
from alerting.store.schema import outbox


class ClaimLostError(Exception):
    """Another sender has taken the message over, so it must not be sent on this claim."""


@dataclass(frozen=True, kw_only=True)
class ClaimedMessage:
    """A claimed row: the notification, and what its message keeps on every attempt. Its owner and attempts are the claim."""

    id: int
    notification: Notification
    message_id: str
    planned_at: datetime
    attempts: int
    repeated: bool
    owner: str
    lease: timedelta
    run_id: int | None = None
    expires_at: datetime | None = None
    #: The run that first decided by the newest directory, when it was claimed; None where none is kept.
    newest: int | None = None
    #: How often in a row the receiver had refused everybody when it was claimed.
    refusals: int = 0
    #: That its address is not tried, and why.
    refused: RefusedAddress | None = None

    @property
    def is_older(self) -> bool:
        """Whether it may have been planned by another directory, or another list of restricted records, than the newest.

        What belongs to no run was planned at some time between two of them; nothing of a channel's notices is anybody's.
        """
        if self.newest is None:
            return False
        return self.run_id < self.newest if self.run_id is not None else not self.notification.is_for_channel


_DUE = sa.or_(
    outbox.c.state == "planned",
    sa.and_(outbox.c.state == "deferred", outbox.c.next_at <= sa.bindparam("now")),
    sa.and_(outbox.c.state == "claimed", outbox.c.lease_until < sa.bindparam("moment")),
)
_IN_TIME = sa.or_(outbox.c.expires_at.is_(None), outbox.c.expires_at > sa.bindparam("now"))
# The choice reads the index alone: a row's content may be large, and the rows that wait may be many.
_CHOICE = sa.select(outbox.c.id, outbox.c.state, outbox.c.attempts).where(_DUE, _IN_TIME).limit(1)
MOST_URGENT = _CHOICE.order_by(outbox.c.urgency.desc(), outbox.c.id)
"""The row that may be sent next, of `now` and of the database's `moment`."""
LEAST_TRIED = _CHOICE.order_by(outbox.c.attempts, outbox.c.urgency.desc(), outbox.c.id)

_ROW = outbox.c.id == sa.bindparam("b_id")
_TRIED = outbox.c.attempts == sa.bindparam("b_attempts")
_WHOLE_ROW = sa.select(outbox).where(_ROW)
_TAKE = outbox.update().where(_ROW, _TRIED, outbox.c.state == sa.bindparam("b_state"))
_WRITE = outbox.update().where(_ROW, _TRIED, outbox.c.state == "claimed", outbox.c.owner == sa.bindparam("b_owner"))


def take(connection: sa.Connection, chosen: Any, owner: str, until: datetime) -> bool:
    """Claim a row as it was chosen; False where another sender has it by now."""
    as_chosen = {"b_id": chosen.id, "b_attempts": chosen.attempts, "b_state": chosen.state}
    values = {"state": "claimed", "owner": owner, "lease_until": until, "attempts": chosen.attempts + 1}
    return connection.execute(_TAKE, as_chosen | values).rowcount == 1


def read(connection: sa.Connection, id_: int) -> Any:
    """Return a row with all that stands in it."""
    return connection.execute(_WHOLE_ROW, {"b_id": id_}).one()


def write(connection: sa.Connection, claimed: ClaimedMessage, values: Mapping[str, Any]) -> bool:
    """Write into the row of a claimed message, by the names of columns; False where another sender has it by now."""
    mine = {"b_id": claimed.id, "b_attempts": claimed.attempts, "b_owner": claimed.owner}
    return connection.execute(_WRITE, {**mine, **values}).rowcount == 1
