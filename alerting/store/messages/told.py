"""What each recipient was last told of each alert through each receiver: rows that an accepted message writes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import sqlalchemy as sa

from alerting.model import Condition, LastTold
from alerting.notifications.content import Notification, ToldAlert
from alerting.notifications.fallback import PASSED_ON
from alerting.store.batches import batches
from alerting.store.schema import alert, outbox, told


def told_rows(connection: sa.Connection) -> dict[tuple[str, str, str], LastTold]:
    """Return what everybody was last told of alerts, by receiver, recipient and reference."""
    query = sa.select(told, alert.c.ref).join(alert, alert.c.id == told.c.alert_id)
    return {
        (row.receiver, row.recipient, row.ref): LastTold(level=row.level, condition=row.condition, told_on=row.told_on)
        for row in connection.execute(query)
    }


def last_heard(connection: sa.Connection, as_of: date) -> dict[tuple[str, str], date]:
    """Return the last day of a daily message to each, by receiver and recipient, that has reached them or may have: that day's too."""
    query = sa.select(outbox.c.receiver, outbox.c.recipient, sa.func.max(outbox.c.as_of))
    query = query.where(outbox.c.purpose == "daily", outbox.c.as_of <= as_of, outbox.c.state.in_(("accepted", "unknown")))
    return {(row[0], row[1]): row[2] for row in connection.execute(query.group_by(outbox.c.receiver, outbox.c.recipient))}


def told_of(connection: sa.Connection, alert_id: int) -> list[tuple[str, LastTold]]:
    """Return who counts as told of an alert, by id, and what they were last told through any receiver; the latest first."""
    query = sa.select(told).where(told.c.alert_id == alert_id).order_by(told.c.told_on.desc(), told.c.recipient)
    found: dict[str, LastTold] = {}
    for row in connection.execute(query):
        found.setdefault(row.recipient, LastTold(level=row.level, condition=row.condition, told_on=row.told_on))
    return list(found.items())


def who_knows(connection: sa.Connection, receiver: str, refs: Iterable[str]) -> set[tuple[str, str]]:
    """Return who counts as told of alerts through a receiver: recipient and reference."""
    query = sa.select(told.c.recipient, alert.c.ref).join(alert, alert.c.id == told.c.alert_id).where(told.c.receiver == receiver)
    found: set[tuple[str, str]] = set()
    for some in batches(refs):
        found.update((row.recipient, row.ref) for row in connection.execute(query.where(alert.c.ref.in_(some))))
    return found


def forget(connection: sa.Connection, notification: Notification) -> None:
    """Let whom a message was for first count as told of none of its alerts through its receiver.

    What another is told in their stead takes nothing from what they were told themselves on a later day.
    """
    theirs: dict[str, Any] = {"receiver": notification.receiver, "recipient": notification.reader}
    if notification.stands_in_for:
        theirs["as_of"] = notification.as_of
    for refs in batches(each.ref for each in notification.told):
        connection.execute(_FORGET_EARLIER if notification.stands_in_for else _FORGET, {**theirs, "refs": refs})


_THEIRS = sa.and_(told.c.receiver == sa.bindparam("receiver"), told.c.recipient == sa.bindparam("recipient"))
_FORGET = told.delete().where(
    _THEIRS, told.c.alert_id.in_(sa.select(alert.c.id).where(alert.c.ref.in_(sa.bindparam("refs", expanding=True))))
)
_FORGET_EARLIER = _FORGET.where(told.c.told_on <= sa.bindparam("as_of"))


_TOLD = ("receiver", "recipient", "level", "condition", "told_on")
# By reference, in one statement for all: what is no alert of this store is not told of.
_INSERT_TOLD = told.insert().from_select(
    ["alert_id", *_TOLD],
    sa.select(alert.c.id, *(sa.bindparam(f"b_{name}", type_=told.c[name].type) for name in _TOLD)).where(
        alert.c.ref == sa.bindparam("b_ref", type_=alert.c.ref.type),
        ~sa.exists().where(
            told.c.alert_id == alert.c.id,
            told.c.receiver == sa.bindparam("b_receiver", type_=told.c.receiver.type),
            told.c.recipient == sa.bindparam("b_recipient", type_=told.c.recipient.type),
        ),
    ),
)


def insert(connection: sa.Connection, notification: Notification, alerts: Iterable[ToldAlert]) -> None:
    """Let whom a message was for first know what it says of these alerts."""
    rows = [
        {
            "b_ref": each.ref,
            "b_receiver": notification.receiver,
            "b_recipient": notification.reader,
            "b_level": int(each.level),
            "b_condition": PASSED_ON if notification.stands_in_for else each.condition.value,
            "b_told_on": notification.as_of,
        }
        for each in alerts
        if each.condition != Condition.resolved
    ]
    if rows:
        connection.execute(_INSERT_TOLD, rows)
