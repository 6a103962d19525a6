"""Messages waiting to be sent. Rows are planned with the alerts, in one transaction.

A row is claimed by a conditional update, so that one sender has it; its key, Message-ID and date are fixed when it is
planned, so that a repeat is the same message. A sender that slept while another took over can neither hand its message over nor
settle it.

    planned ─► claimed ─► accepted | failed | unknown | cancelled        docs/explanation/delivery.md says what each means
       deferred ◄┘
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from alerting.formatting import day
from alerting.model import Alert, Delivery, DeliveryReason, Reach
from alerting.notifications.content import AnyContent, CardContent, DigestContent, Notification, with_banner
from alerting.store import alert_rows, newest_directory, unreadable_rows
from alerting.store.batches import batches
from alerting.store.messages import circuit_breaker, claims, content_json, send_hold, told
from alerting.store.messages.circuit_breaker import RefusedAddress, RestingReceiver
from alerting.store.messages.claims import ClaimedMessage, ClaimLostError
from alerting.store.messages.content_json import NO_TEXTS, Texts
from alerting.store.schema import alert, delivery, outbox
from alerting.store.store import Store, database_now

OPEN = ("planned", "claimed", "deferred")
_GOOD_FOR = {"daily": timedelta(hours=17), "weekly": timedelta(days=5), "monthly": timedelta(days=10)}
_OTHERS_GOOD_FOR = timedelta(days=3)
_ATTEMPTED = delivery.insert()


@dataclass(frozen=True, kw_only=True)
class Expired:
    """How many messages of one receiver were given up because their time had passed."""

    receiver: str
    count: int


class Outbox:
    """The outbox of one store."""

    def __init__(self, store: Store, *, domain: str, reaches: Mapping[str, Reach] | None = None) -> None:
        """Open it. reaches: by receiver, whom it reaches; persons where it is not there."""
        self._store = store
        self._domain = domain
        self._reaches = reaches or {}

    def transaction(self) -> AbstractContextManager[sa.Connection]:
        """Begin a transaction of the store that the outbox is in."""
        return self._store.transaction()

    def alerts(self, connection: sa.Connection, refs: Collection[str]) -> dict[str, Alert]:
        """Return the alerts of the store with these references, by reference."""
        found = (self._store.alerts(alert.c.ref.in_(some), within=connection) for some in batches(refs))
        return {each.ref: each for some in found for each in some}

    # ------------------------------------------------------------------ planning

    def plan(
        self, connection: sa.Connection, run_id: int, messages: Sequence[Notification], now: datetime, texts: Texts = NO_TEXTS
    ) -> tuple[int, int]:
        """Put messages into the outbox, each once, and cancel what they supersede. Return how many: planned, cancelled.

        What is superseded was not told, so that its items are new in the message that takes its place. Where it should have
        gone out on an earlier day, the new message says that it was delayed. texts: what they hold, where that is at hand.
        """
        known = self._known([item.key for item in messages], connection)
        new = [item for item in messages if known.get(item.key, "cancelled") == "cancelled"]
        self._renew(connection, [item for item in messages if known.get(item.key) in ("planned", "deferred")])
        standing_in = self._standing_in(connection)
        # As a rule nothing waits, and nobody has to wait for the store while each is asked about.
        waits = {tuple(row) for row in connection.execute(_WAITS)} | standing_in.keys()
        rows, cancelled = [], 0
        for item in new:
            delayed = _with_delay(item, self._undelivered_since(connection, item))
            if (item.receiver, item.recipient, item.purpose) in waits:
                cancelled += self._supersede(connection, item, standing_in, now)
            rows.append(self._row(delayed, now, texts if delayed is item else NO_TEXTS) | {"run_id": run_id})
        revived = [row for row in rows if row["key"] in known]
        for row in revived:
            # Planned, superseded, and wanted again on the same day, as when data is corrected and put back.
            again = row | {"finished_at": None, "next_at": None, "answer": None, "reason": None}
            again = {name: value for name, value in again.items() if name not in ("key", "message_id", "attempts", "planned_at")}
            connection.execute(outbox.update().where(outbox.c.key == row["key"]).values(again))
        inserted = [row for row in rows if row["key"] not in known]
        if inserted:
            connection.execute(outbox.insert(), inserted)
        return len(rows), cancelled

    def _renew(self, connection: sa.Connection, notifications: Sequence[Notification]) -> None:
        """Let what waits, and is planned again, say what it says now: its news is the same, and what stands beside that may not be."""
        for item in notifications:
            mine = sa.and_(outbox.c.key == item.key, outbox.c.state.in_(("planned", "deferred")))
            row = connection.execute(sa.select(outbox.c.content, outbox.c.address).where(mine)).first()
            tells = {(each.ref, each.condition.value) for each in item.told}
            if row and (row.address != item.address or set(content_json.told_from_json(row.content).alerts) != tells):
                said = _said(_with_delay(item, self._undelivered_since(connection, item)))
                connection.execute(outbox.update().where(mine).values(said))

    def withdraw(
        self, connection: sa.Connection, run_id: int, purpose: str, planned: Collection[str], as_of: date, now: datetime
    ) -> int:
        """Cancel what earlier runs of a job had planned, waits still, and is not planned any more; return how many. planned: keys.

        Its reader is told nothing in its place, as what it said has ended, is kept quiet, or is not theirs now. What stands in
        for a message of the same day stays, as that message is not planned again on its day; so does what is told after one bounce.
        """
        after_bounce = self._after_one_bounce(connection)
        asleep = sa.and_(outbox.c.state == "claimed", outbox.c.lease_until < database_now(connection))
        mine = sa.and_(outbox.c.purpose == purpose, outbox.c.run_id.is_not(None), outbox.c.run_id != run_id)
        waits = sa.or_(outbox.c.state.in_(("planned", "deferred")), asleep)
        before = sa.or_(outbox.c.stands_for.is_(None), outbox.c.as_of < as_of)
        rows = connection.execute(sa.select(outbox.c.id, outbox.c.key).where(mine, waits, before)).all()
        ids = [row.id for row in rows if row.key not in planned and row.id not in after_bounce]
        for some in batches(ids):
            cancelled = outbox.update().where(outbox.c.id.in_(some)).values(_cancelled(DeliveryReason.withdrawn, now))
            connection.execute(cancelled)
        return len(ids)

    def add(
        self,
        connection: sa.Connection,
        notifications: Sequence[Notification],
        now: datetime,
        *,
        refused: ClaimedMessage | None = None,
        planned_by: ClaimedMessage | None = None,
    ) -> None:
        """Put in what sending itself has to tell: notices, or what is told instead of another message, whose time it keeps.

        refused: what it stands in for. planned_by: what was found not to be its reader's, in part or as a whole.
        """
        known = self._known([item.key for item in notifications], connection)
        rows = [self._row(item, now) for item in notifications if item.key not in known]
        if (first := refused or planned_by) is not None:
            rows = [row | {"run_id": first.run_id, "expires_at": first.expires_at} for row in rows]
        if refused is not None:
            rows = [row | {"stands_for": refused.id} for row in rows]
        if rows:
            connection.execute(outbox.insert(), rows)

    def _known(self, keys: Sequence[str], connection: sa.Connection) -> dict[str, str]:
        known: dict[str, str] = {}
        for some in batches(keys):
            query = sa.select(outbox.c.key, outbox.c.state).where(outbox.c.key.in_(some))
            known.update((row.key, row.state) for row in connection.execute(query))
        return known

    def _row(self, item: Notification, now: datetime, texts: Texts = NO_TEXTS) -> dict[str, Any]:
        return {
            "key": item.key,
            "receiver": item.receiver,
            "purpose": item.purpose,
            "recipient": item.recipient,
            "reach": Reach.channels if item.is_for_channel else self._reaches.get(item.receiver, Reach.persons),
            "name": item.name,
            "address": item.address,
            "as_of": item.as_of,
            "urgency": item.urgency,
            "content": texts.get(item.key) or content_json.to_json(item.content),
            # Drawn, so that nobody who has not had the message can name it in a bounce.
            "message_id": f"<{secrets.token_hex(16)}@{self._domain}>",
            "planned_at": now,
            "expires_at": now + _GOOD_FOR.get(item.purpose, _OTHERS_GOOD_FOR),
            "state": "planned",
            "attempts": 0,
        }

    def amend(self, connection: sa.Connection, claimed: ClaimedMessage, message: Notification, now: datetime) -> ClaimedMessage:
        """Let a claimed message say something else, or go to another address of its reader."""
        claims.write(connection, claimed, _said(message))
        return replace(claimed, notification=message, refused=_find_refusal(connection, message.receiver, message.address, now))

    def _supersede(
        self,
        connection: sa.Connection,
        item: Notification,
        standing_in: Mapping[tuple[str, str, str], Sequence[int]],
        now: datetime,
    ) -> int:
        """Cancel what waits for the same recipient for the same purpose, and what waits for another in their stead."""
        asleep = sa.and_(outbox.c.state == "claimed", outbox.c.lease_until < database_now(connection))
        # What has no run is a notice of a failing receiver: no later message says it again.
        theirs = sa.and_(*_of(item), outbox.c.stands_for.is_(None), outbox.c.run_id.is_not(None))
        which = sa.or_(theirs, outbox.c.id.in_(standing_in.get((item.receiver, item.recipient, item.purpose), ())))
        superseded = outbox.update().where(which, sa.or_(outbox.c.state.in_(("planned", "deferred")), asleep))
        return connection.execute(superseded.values(_cancelled(DeliveryReason.superseded, now))).rowcount

    def _standing_in(self, connection: sa.Connection) -> dict[tuple[str, str, str], list[int]]:
        """Return the stand-ins that wait, by whom the first message was for: receiver, recipient, purpose."""
        query = sa.select(outbox.c.id, outbox.c.stands_for).where(outbox.c.state.in_(OPEN), outbox.c.stands_for.is_not(None))
        query = query.where(outbox.c.id.not_in(self._after_one_bounce(connection)))
        found: dict[tuple[str, str, str], list[int]] = {}
        for id_, stands_for in connection.execute(query).all():
            columns = (outbox.c.receiver, outbox.c.recipient, outbox.c.purpose, outbox.c.stands_for)
            first = connection.execute(sa.select(*columns).where(outbox.c.id == stands_for)).one()
            while first.stands_for is not None:
                first = connection.execute(sa.select(*columns).where(outbox.c.id == first.stands_for)).one()
            found.setdefault((first.receiver, first.recipient, first.purpose), []).append(id_)
        return found

    def _after_one_bounce(self, connection: sa.Connection) -> set[int]:
        """Return the stand-ins that wait for a message that came back, whose reader is tried again: both are told, lest neither is."""
        first = outbox.alias()
        query = sa.select(outbox.c.id, first.c.receiver, first.c.address).join(first, first.c.id == outbox.c.stands_for)
        rows = connection.execute(query.where(outbox.c.state.in_(OPEN), first.c.reason == DeliveryReason.bounced)).all()
        refused = circuit_breaker.known_bad(connection) if rows else set()
        return {row.id for row in rows if not circuit_breaker.is_unusable(refused, row.receiver, row.address)}

    def _undelivered_since(self, connection: sa.Connection, item: Notification) -> date | None:
        """Return the first day whose message did not reach a recipient who has been reached by none since."""
        mine = {"receiver": item.receiver, "recipient": item.recipient, "purpose": item.purpose, "as_of": item.as_of}
        since = None
        for row in connection.execute(_EARLIER, mine):
            if row.state not in OPEN and row.reason not in (DeliveryReason.superseded, DeliveryReason.expired):
                break
            since = row.as_of
        return since

    # ------------------------------------------------------------------ sending

    def expire(self, connection: sa.Connection, now: datetime) -> list[Expired]:
        """Expire what has waited past its time, so that the next run tells it as new; what may have arrived is `unknown`. Return how many."""
        asleep = sa.and_(outbox.c.state == "claimed", outbox.c.lease_until < database_now(connection))
        late = sa.and_(outbox.c.expires_at <= now, sa.or_(outbox.c.state.in_(("planned", "deferred")), asleep))
        query = sa.select(outbox.c.receiver, sa.func.count()).where(late).group_by(outbox.c.receiver)
        found = [Expired(receiver=row[0], count=row[1]) for row in connection.execute(query.order_by(outbox.c.receiver))]
        last = sa.func.coalesce(outbox.c.answer, "it was not its turn")
        handed_over = sa.case((outbox.c.handed_over_at.is_(None), "cancelled"), else_="unknown")
        why = DeliveryReason.expired
        values = {"state": handed_over, "reason": why, "answer": why.say() + last, "finished_at": now}
        if found:
            connection.execute(outbox.update().where(late).values(values | {"owner": None, "lease_until": None}))
        return found

    def claim(
        self, owner: str, now: datetime, lease: timedelta, receivers: Collection[str] | None = None
    ) -> ClaimedMessage | None:
        """Claim the most urgent row that may be sent now, of these receivers or of all; None when there is none, or fire is held.

        A lease that ran out, by the database's clock, is anybody's. Of a receiver that rests nothing is claimed until its
        time, and then one row, of those that have been tried least: the most urgent may be the one that it chokes on.
        """
        while True:
            # Nothing has left by a claim: where the power goes before the hand-over is written down, the message is planned again.
            with self._store.transaction(lasting=False) as connection:
                which = send_hold.which_may_be_sent(connection)
                if which is None:
                    return None
                if receivers is not None:
                    which = (*which, outbox.c.receiver.in_(sorted(receivers)))
                moment = database_now(connection)
                chosen, on_trial = self._choose(connection, now, moment, which)
                if chosen is None:
                    return None
                if on_trial and not circuit_breaker.take_trial(connection, on_trial, now):
                    continue
                if claims.take(connection, chosen, owner, moment + lease):
                    if unreadable_rows.look_through_one(connection, now, outbox, chosen.id):
                        continue
                    try:
                        return _claimed_message(connection, claims.read(connection, chosen.id), lease, now)
                    except content_json.ContentError as error:
                        # One row that cannot be read must not keep all others claimed.
                        why = DeliveryReason.not_rendered
                        values = {"state": "failed", "reason": why, "answer": why.say(error.problem), "finished_at": now}
                        mine = outbox.update().where(outbox.c.id == chosen.id)
                        connection.execute(mine.values({**values, "owner": None, "lease_until": None}))

    def _choose(
        self, connection: sa.Connection, now: datetime, moment: datetime, which: Sequence[sa.ColumnElement[bool]]
    ) -> tuple[Any, RestingReceiver | None]:
        """Choose the next row, and the resting receiver that is tried with it, if it is one."""
        rest = circuit_breaker.resting_receivers(connection)
        for receiver in sorted(rest.values(), key=lambda receiver: receiver.next_at):
            if receiver.next_at <= now:
                its = (*which, outbox.c.receiver == receiver.receiver)
                if (chosen := claims.choose_least_tried(connection, now, moment, its)) is not None:
                    return chosen, receiver
        others = (*which, outbox.c.receiver.not_in(rest)) if rest else which
        return claims.choose(connection, now, moment, others), None

    def owners(self, connection: sa.Connection) -> set[str]:
        """Return who has claimed a message that is neither sent nor settled, in leases that have not run out."""
        query = sa.select(outbox.c.owner).where(outbox.c.state == "claimed", outbox.c.lease_until >= database_now(connection))
        return {owner for owner in connection.execute(query.distinct()).scalars() if owner}

    def let_go(self, connection: sa.Connection, owner: str) -> None:
        """End the leases of an owner who is known to be dead, so that its messages are anybody's at once."""
        its = sa.and_(outbox.c.state == "claimed", outbox.c.owner == owner)
        ended = database_now(connection) - timedelta(microseconds=1)
        connection.execute(outbox.update().where(its).values(lease_until=ended))

    def hand_over(self, claimed: ClaimedMessage, now: datetime) -> None:
        """Note that a message is about to be handed over: from here on it may have arrived.

        Raises ClaimLostError where another sender has it by now, or a run has found another directory, or other restricted records,
        since it was claimed: then it is let go, to be looked at again.
        """
        with self._store.transaction() as connection:
            known = newest_directory.since(connection) == claimed.newest
            handed_over = {"handed_over_at": now, "lease_until": database_now(connection) + claimed.lease}
            values = handed_over if known else {"state": "planned", "owner": None, "lease_until": None}
            held = claims.write(connection, claimed, values)
        if not (held and known):
            raise ClaimLostError

    def settle(self, connection: sa.Connection, claimed: ClaimedMessage, result: Delivery) -> bool:
        """Write down what became of an attempt; on acceptance, what the recipient has now been told.

        False where another sender has the message by now: then the attempt alone is written down, as one that came late.
        """
        final = result.state in ("accepted", "failed", "unknown", "cancelled")
        values: dict[str, Any] = {
            "state": result.state,
            "reason": result.reason,
            "answer": result.answer,
            "next_at": result.retry_at,
        }
        values |= {"owner": None, "lease_until": None, "finished_at": result.at if final else None}
        if result.state == "deferred" and not result.ambiguous and not claimed.repeated:
            # A clear answer: it has not arrived, and the next attempt is not a repeat.
            values["handed_over_at"] = None
        held = claims.write(connection, claimed, values)
        tried = {"state": result.state, "answer": result.answer}
        if not held and self._is_written(connection, claimed):
            # The database had kept it, and was gone before it could say so.
            return False
        if not held:
            tried = {"state": "late", "answer": f"{result.state}, when another sender had it: {result.answer}"}
        attempted = {"outbox_id": claimed.id, "attempt": claimed.attempts, "at": result.at, "phase": result.phase}
        connection.execute(_ATTEMPTED, attempted | tried)
        if held and result.state == "accepted":
            told.forget(connection, claimed.notification)
            told.insert(connection, claimed.notification, claimed.notification.told)
        return held

    def _is_written(self, connection: sa.Connection, claimed: ClaimedMessage) -> bool:
        mine = sa.and_(delivery.c.outbox_id == claimed.id, delivery.c.attempt == claimed.attempts)
        return connection.execute(sa.select(delivery.c.id).where(mine)).first() is not None

    def try_again(self, connection: sa.Connection, now: datetime) -> None:
        """Let a run try what waits for its time, and with one message each receiver that rests: the next run may be a day away."""
        circuit_breaker.end_waits(connection, now)
        waits = sa.and_(outbox.c.state == "deferred", outbox.c.next_at > now)
        connection.execute(outbox.update().where(waits).values(next_at=now))

    def hurry(self, connection: sa.Connection, now: datetime) -> int:
        """Let everything that waits for its time be sent now, through resting receivers too; return how many there are."""
        for receiver in circuit_breaker.resting_receivers(connection):
            circuit_breaker.note_success(connection, receiver)
        return connection.execute(outbox.update().where(outbox.c.state == "deferred").values(next_at=now)).rowcount

    def counts(self, run_id: int) -> dict[str, int]:
        """Return how many of a run's messages stand in each state."""
        query = sa.select(outbox.c.state, sa.func.count()).where(outbox.c.run_id == run_id).group_by(outbox.c.state)
        with self._store.transaction() as connection:
            rows = connection.execute(query).all()
            return {row[0]: row[1] for row in rows}

    def has_reached_somebody(self, run_id: int) -> bool:
        """Return whether a receiver of persons has taken any of a run's messages."""
        taken = sa.and_(outbox.c.state == "accepted", outbox.c.reach.in_((Reach.persons, Reach.one_address)))
        with self._store.transaction() as connection:
            return connection.execute(sa.select(outbox.c.id).where(outbox.c.run_id == run_id, taken)).first() is not None

    def outcomes(self, since: datetime) -> dict[str, int]:
        """Return how many messages ended in each state since a moment, and how many are `waiting` still."""
        state = sa.case((outbox.c.state.in_(OPEN), "waiting"), else_=outbox.c.state)
        mine = sa.or_(outbox.c.finished_at >= since, outbox.c.state.in_(OPEN))
        with self._store.transaction() as connection:
            rows = connection.execute(sa.select(state, sa.func.count()).where(mine).group_by(state).order_by(state)).all()
        return {row[0]: row[1] for row in rows}


_WAITS = sa.select(outbox.c.receiver, outbox.c.recipient, outbox.c.purpose).where(outbox.c.state.in_(OPEN)).distinct()
_EARLIER = (
    sa.select(outbox.c.as_of, outbox.c.state, outbox.c.reason)
    .where(*(outbox.c[name] == sa.bindparam(name) for name in ("receiver", "recipient", "purpose")))
    .where(outbox.c.stands_for.is_(None), outbox.c.as_of < sa.bindparam("as_of"))
    .order_by(outbox.c.id.desc())
    .limit(20)
)
"""Made once: to make it anew for each message takes longer than the database does."""


def _of(item: Notification) -> tuple[sa.ColumnElement[bool], ...]:
    return (outbox.c.receiver == item.receiver, outbox.c.recipient == item.recipient, outbox.c.purpose == item.purpose)


def _said(item: Notification) -> dict[str, Any]:
    """Return what a message says and to whom, as its row has it."""
    content = content_json.to_json(item.content)
    return {"name": item.name, "address": item.address, "content": content, "urgency": item.urgency}


def _cancelled(why: DeliveryReason, now: datetime) -> dict[str, Any]:
    ended = {"state": "cancelled", "reason": why, "answer": why.say(), "finished_at": now}
    return ended | {"owner": None, "lease_until": None}


def _with_delay(item: Notification, since: date | None) -> Notification:
    """Return a list or card with the words for an outage, where its recipient's earlier message did not get through."""
    if since is None or not isinstance(item.content, DigestContent | CardContent):
        return item
    said = (
        f"Delayed by an outage: your message of {since:%A} {day(since)} could not be delivered. What was new in it is new here, "
        "with the day on which it was first seen."
    )
    return replace(item, content=with_banner(item.content, said))


def content_of(connection: sa.Connection, text: str) -> AnyContent:
    """Return what stands in a row of the outbox. Raises ContentError where that cannot be read."""
    return content_json.from_json(text, lambda ids: alert_rows.references_by_id(connection, ids))


def notification_of(row: Any, content: AnyContent) -> Notification:
    """Return the message of a row of the outbox. content: what stands in it, which the row has as JSON."""
    return Notification(
        key=row.key,
        receiver=row.receiver,
        purpose=row.purpose,
        recipient=row.recipient,
        name=row.name,
        address=row.address,
        as_of=row.as_of,
        content=content,
        urgency=row.urgency,
    )


def _claimed_message(connection: sa.Connection, row: Any, lease: timedelta, now: datetime) -> ClaimedMessage:
    return ClaimedMessage(
        id=row.id,
        notification=notification_of(row, content_of(connection, row.content)),
        message_id=row.message_id,
        planned_at=row.planned_at,
        attempts=row.attempts,
        repeated=row.handed_over_at is not None,
        owner=row.owner,
        lease=lease,
        run_id=row.run_id,
        expires_at=row.expires_at,
        newest=newest_directory.since(connection),
        refusals=circuit_breaker.refusals_in_a_row(connection, row.receiver),
        refused=_find_refusal(connection, row.receiver, row.address, now),
    )


def _find_refusal(connection: sa.Connection, receiver: str, address: str | None, now: datetime) -> RefusedAddress | None:
    """Return why an address is not tried; None where it is, as it was refused long ago or by our own settings alone."""
    refused = circuit_breaker.find_refusal(connection, receiver, address) if address else None
    stands = refused is not None and refused.since + circuit_breaker.AGAIN_AFTER > now and not refused.ours
    return refused if stands else None
