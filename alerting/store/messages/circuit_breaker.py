"""Receivers and addresses that refuse: which are left alone, until when, and why.

A receiver that fails three times in a row, whoever the messages are for, rests: its messages stay where they are. When its
time comes, one message is tried; if that is taken the others follow, and if not it rests for longer. An address that was
refused for good is not tried again for two weeks, or until the directory gives another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from alerting.alerts.acts import ActKind
from alerting.alerts.people import Actor
from alerting.store import acts
from alerting.store.messages.backoff import wait_before
from alerting.store.schema import bad_address, receiver_state

IN_A_ROW = 3
AGAIN_AFTER = timedelta(days=14)
"""After so long a refused address is tried once more: mailboxes are emptied, and relays mended."""


_ITS = receiver_state.c.receiver == sa.bindparam("receiver")
_RESTING = sa.select(receiver_state).where(receiver_state.c.opened_at.is_not(None))
_REFUSALS = sa.select(receiver_state.c.refusals).where(_ITS)
_AT_WORK = receiver_state.delete().where(_ITS)
_PLACE = sa.and_(bad_address.c.receiver == sa.bindparam("receiver"), bad_address.c.address == sa.bindparam("address"))
_REFUSED = sa.select(bad_address).where(_PLACE)
_FORGET = bad_address.delete().where(_PLACE)


@dataclass(frozen=True, kw_only=True)
class RestingReceiver:
    """A receiver that is left alone."""

    receiver: str
    refusals: int
    opened_at: datetime
    next_at: datetime
    #: What it said last, or why it could not be reached.
    answer: str


@dataclass(frozen=True, kw_only=True)
class RefusedAddress:
    """An address, or a team's channel, that a receiver refused."""

    receiver: str
    address: str
    since: datetime
    answer: str
    #: Our own settings refused it, so that it was not even tried; they are asked anew for every message.
    ours: bool


def resting_receivers(connection: sa.Connection) -> dict[str, RestingReceiver]:
    """Return the receivers that rest, by name."""
    return {row["receiver"]: RestingReceiver(**row) for row in connection.execute(_RESTING).mappings()}


def refusals_in_a_row(connection: sa.Connection, receiver: str) -> int:
    """Return how often in a row a receiver has refused everybody."""
    return connection.execute(_REFUSALS, {"receiver": receiver}).scalar() or 0


def count_refusal(connection: sa.Connection, receiver: str, answer: str, now: datetime) -> RestingReceiver | None:
    """Count a refusal that is not of one message alone; return the receiver where it begins to rest with this one."""
    refusals = refusals_in_a_row(connection, receiver) + 1
    before = resting_receivers(connection).get(receiver)
    connection.execute(receiver_state.delete().where(receiver_state.c.receiver == receiver))
    if refusals < IN_A_ROW and before is None:
        connection.execute(receiver_state.insert().values(receiver=receiver, refusals=refusals, answer=answer))
        return None
    wait = wait_before(refusals - IN_A_ROW + 1, receiver)
    opened_at = before.opened_at if before else now
    rests = RestingReceiver(receiver=receiver, refusals=refusals, opened_at=opened_at, next_at=now + wait, answer=answer)
    connection.execute(receiver_state.insert().values(vars(rests)))
    return None if before else rests


def note_success(connection: sa.Connection, receiver: str) -> None:
    """Note that a receiver did its work, so that it rests no longer."""
    connection.execute(_AT_WORK, {"receiver": receiver})


def take_trial(connection: sa.Connection, rests: RestingReceiver, now: datetime) -> bool:
    """Take the turn to try a resting receiver with one message. False where another sender has taken it."""
    mine = sa.and_(receiver_state.c.receiver == rests.receiver, receiver_state.c.next_at == rests.next_at)
    wait = wait_before(rests.refusals - IN_A_ROW + 2, rests.receiver)
    return connection.execute(receiver_state.update().where(mine).values(next_at=now + wait)).rowcount == 1


def give_back_trial(connection: sa.Connection, receiver: str, now: datetime) -> None:
    """Let a resting receiver be tried with another message at once, as the one that was to try it was not sent."""
    mine = sa.and_(receiver_state.c.receiver == receiver, receiver_state.c.next_at > now)
    connection.execute(receiver_state.update().where(mine).values(next_at=now))


def end_waits(connection: sa.Connection, now: datetime) -> None:
    """Let each resting receiver be tried with one message at once."""
    connection.execute(receiver_state.update().where(receiver_state.c.next_at > now).values(next_at=now))


# ---------------------------------------------------------------------- addresses


def remember_refusal(
    connection: sa.Connection, receiver: str, address: str, answer: str, now: datetime, *, ours: bool = False
) -> bool:
    """Remember that a receiver, or our own settings, refused an address; return whether that is new."""
    known = forget_refusal(connection, receiver, address)
    answer = f"not sent: {answer}" if ours else answer
    values = {"receiver": receiver, "address": as_compared(address), "since": now, "answer": answer, "ours": ours}
    connection.execute(bad_address.insert().values(values))
    return not known


def forget_refusal(connection: sa.Connection, receiver: str, address: str) -> bool:
    """Forget a refusal of an address, which has been accepted or mended; return whether there was one."""
    return connection.execute(_FORGET, {"receiver": receiver, "address": as_compared(address)}).rowcount > 0


def find_refusal(connection: sa.Connection, receiver: str, address: str) -> RefusedAddress | None:
    """Return why an address is refused; None where it is not."""
    row = connection.execute(_REFUSED, {"receiver": receiver, "address": as_compared(address)}).mappings().first()
    return RefusedAddress(**row) if row else None


def refused_addresses(connection: sa.Connection) -> list[RefusedAddress]:
    """Return every address that is refused, the longest refused first."""
    rows = connection.execute(sa.select(bad_address).order_by(bad_address.c.since, bad_address.c.address)).mappings()
    return [RefusedAddress(**row) for row in rows]


def try_again(connection: sa.Connection, address: str, *, by: Actor, note: str, now: datetime) -> list[str]:
    """Forget that an address was refused, keep who said so and why, and return the receivers that had refused it; none for none."""
    known = sorted({bad.receiver for bad in refused_addresses(connection) if is_same(bad.address, address)})
    for receiver in known:
        forget_refusal(connection, receiver, address)
    if known:
        acts.keep(connection, by, ActKind.address_tried, address, now, note=note)
    return known


def is_same(address: str, other: str) -> bool:
    """Return whether two addresses are one: whatever their case, and the spaces around them."""
    return as_compared(address) == as_compared(other)


def is_unusable(bad: set[tuple[str, str]], receiver: str, address: str | None) -> bool:
    """Return whether an address cannot be used with a receiver. bad: receivers and addresses as `known_bad` gives them."""
    return not (address or "").strip() or (receiver, as_compared(address or "")) in bad


def known_bad(connection: sa.Connection) -> set[tuple[str, str]]:
    """Return the receivers and addresses that `is_unusable` asks about."""
    return {(bad.receiver, bad.address) for bad in refused_addresses(connection)}


def as_compared(address: str) -> str:
    """Return an address as it is compared: in one case, without the spaces around it."""
    return address.strip().casefold()[:320]
