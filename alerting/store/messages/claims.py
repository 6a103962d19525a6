"""One message that one sender has claimed: what is known of it, and what is done to its row.

A claim is its owner and the number of the attempt, and lasts by the database's clock: whoever slept while another took over does
nothing to the row. The statements are made once: to make one anew for each message takes longer than the database does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


_IN_TIME = sa.or_(outbox.c.expires_at.is_(None), outbox.c.expires_at > sa.bindparam("now"))
_PUT_OFF = sa.or_(
    sa.and_(outbox.c.state == "deferred", outbox.c.next_at <= sa.bindparam("now")),
    sa.and_(outbox.c.state == "claimed", outbox.c.lease_until < sa.bindparam("moment")),
)
_CHOSEN = (outbox.c.id, outbox.c.state, outbox.c.attempts)
_LEAST_TRIED = (outbox.c.attempts, outbox.c.urgency.desc(), outbox.c.id)


def _first_planned(*which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Return the first of what is planned at each urgency: found in the index, however many wait, and none of the others is looked at."""
    waits = sa.select(outbox.c.urgency).where(outbox.c.state == "planned").distinct().subquery()
    same = (outbox.c.state == "planned", outbox.c.urgency == waits.c.urgency, _IN_TIME, *which)
    first = sa.select(outbox.c.id).where(*same).order_by(outbox.c.id).limit(1).correlate(waits).scalar_subquery()
    return sa.select(first.label("id")).select_from(waits)


def _next(*which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Return the most urgent row that may be sent, of `now` and of the database's `moment`; of those the one that was planned first."""
    put_off = sa.select(outbox.c.id).where(_PUT_OFF, _IN_TIME, *which)
    ids = sa.union_all(_first_planned(*which), put_off).subquery()
    return sa.select(*_CHOSEN).where(outbox.c.id.in_(sa.select(ids.c.id))).order_by(outbox.c.urgency.desc(), outbox.c.id).limit(1)


_NEXT = _next()


def choose(connection: sa.Connection, now: datetime, moment: datetime, which: Sequence[sa.ColumnElement[bool]]) -> Any:
    """Return the most urgent row that may be sent; None where there is none. which: what else must hold of it. moment: the database's."""
    return connection.execute(_next(*which) if which else _NEXT, {"now": now, "moment": moment}).first()


def choose_least_tried(
    connection: sa.Connection, now: datetime, moment: datetime, which: Sequence[sa.ColumnElement[bool]]
) -> Any:
    """Return that of the rows that may be sent which has been tried least."""
    due = sa.or_(outbox.c.state == "planned", _PUT_OFF)
    query = sa.select(*_CHOSEN).where(due, _IN_TIME, *which).order_by(*_LEAST_TRIED).limit(1)
    return connection.execute(query, {"now": now, "moment": moment}).first()


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
