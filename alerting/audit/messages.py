"""What the messages in the outbox told of alerts, to those whom they were for, and whether it reached them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from alerting.model import BOUNCED, DeliveryReason, Reach
from alerting.store import alert_rows
from alerting.store.batches import batches
from alerting.store.messages import content_json
from alerting.store.schema import delivery, outbox
from alerting.store.schema import told as told_table

_AT_ONCE = 100
_OVER = "resolved"
"""The condition that a message tells of an alert that has ended, or is theirs no more: from then on they know nothing of it."""

Key = tuple[str, int]
"""A person, by id, and an alert."""


@dataclass(frozen=True, kw_only=True)
class MessageLog:
    """What messages told of alerts, whom, and when. What a copy took has told nobody anything."""

    #: By receiver, person and alert: the condition that the last accepted message told, and that message's number.
    last: dict[tuple[str, str, int], tuple[str, int]] = field(default_factory=dict)
    #: By person and alert: from which day on they knew of it, or did no more, and through what, in the order of events.
    turns: dict[Key, list[tuple[date, str, bool]]] = field(default_factory=lambda: defaultdict(list))
    #: The days, people and alerts of the messages that wait or came to nothing.
    listed: set[tuple[date, str, int]] = field(default_factory=set)

    def knew(self, key: Key, on: date, before: Collection[str] = ()) -> bool:
        """Return whether somebody counted as told of an alert at the end of a day. before: through what they knew of it earlier."""
        known = dict.fromkeys(before, True)
        known |= {through: knows for since, through, knows in self.turns.get(key, ()) if since <= on}
        return any(known.values())


def told_people(connection: sa.Connection, alert_id: int) -> set[str]:
    """Return the id, name and address, in small letters, of everybody who counts as told of an alert."""
    known = told_table.c
    mine = sa.and_(known.receiver == outbox.c.receiver, known.recipient == outbox.c.recipient)
    query = sa.select(outbox.c.recipient, outbox.c.name, outbox.c.address).join(told_table, mine)
    rows = connection.execute(query.where(known.alert_id == alert_id).distinct())
    return {name.casefold() for row in rows for name in row if name}


def read_message_log(connection: sa.Connection, messages: Iterable[Any]) -> MessageLog:
    """Return what messages told. messages: their rows; their content is read in parts, as that of many days is large."""
    log, rows = MessageLog(), list(messages)
    accepted = sorted(
        (row for row in rows if row.state == "accepted" and row.finished_at), key=lambda row: (row.finished_at, row.id)
    )
    others = [row for row in rows if row.state != "accepted"]
    returned = returned_on(connection) if any(row.state == "failed" for row in others) else {}
    standing: set[tuple[Any, ...]] = set()
    superseded: dict[tuple[Any, ...], set[int]] = defaultdict(set)
    for row, meant, told in _with_content(connection, accepted):
        standing.add((row.as_of, row.receiver, meant, row.purpose))
        _accept(log, row, meant, told)
    for row, meant, told in _with_content(connection, [row for row in others if row.reach != Reach.copy]):
        ids = {id_ for id_, condition in told if condition != _OVER}
        if row.reason == DeliveryReason.superseded:
            superseded[row.as_of, row.receiver, meant, row.purpose] |= ids
            continue
        standing.add((row.as_of, row.receiver, meant, row.purpose))
        log.listed.update((row.as_of, meant, id_) for id_ in ids)
        if row.id in returned:
            # Until it came back, whoever it was for counted as told; the run of that day may have come before.
            through, until = f"message {row.id}", returned[row.id] + timedelta(days=1)
            for id_ in ids:
                log.turns[meant, id_] += [(row.as_of, through, True), (until, through, False)]
    for mine, ids in superseded.items():
        # What took a message's place on its own day must tell it instead.
        if mine not in standing:
            log.listed.update((mine[0], mine[2], id_) for id_ in ids)
    return log


def _accept(log: MessageLog, row: Any, meant: str, told: Iterable[tuple[int, str]]) -> None:
    for id_, condition in told:
        place, knows = (row.receiver, meant, id_), condition != _OVER
        before = log.last.get(place)
        if row.reach != Reach.copy and (before is None or knows != (before[0] != _OVER)):
            log.turns[meant, id_].append((row.as_of, row.receiver, knows))
        log.last[place] = (condition, row.id)


def known_before(connection: sa.Connection, since: date, wanted: Collection[Key]) -> dict[Key, set[str]]:
    """Return through which receivers people knew of alerts when a day began. wanted: which people, and of which alerts.

    The messages are read from that day backwards, and only as many as it takes.
    """
    left, found = set(wanted), defaultdict[Key, set[str]](set)
    people = {who for who, _ in wanted}
    columns = (outbox.c.id, outbox.c.receiver, outbox.c.recipient, outbox.c.stands_for)
    by_persons = sa.or_(outbox.c.reach.is_(None), outbox.c.reach != Reach.copy)
    accepted = sa.select(*columns).where(outbox.c.as_of < since, outbox.c.state == "accepted", by_persons)
    rows = connection.execute(accepted.order_by(outbox.c.finished_at.desc(), outbox.c.id.desc())).all() if wanted else []
    heard: set[tuple[str, str, int]] = set()
    for row, meant, told in _with_content(connection, [row for row in rows if row.stands_for or row.recipient in people]):
        for id_, condition in told:
            if (meant, id_) in left and (row.receiver, meant, id_) not in heard:
                heard.add((row.receiver, meant, id_))
                if condition != _OVER:
                    found[meant, id_].add(row.receiver)
                    left.discard((meant, id_))
        if not left:
            break
    return found


def alerts_told(connection: sa.Connection, ids: Sequence[int]) -> dict[int, frozenset[str]]:
    """Return the references of the alerts that messages tell to be open, by the messages' numbers."""
    found: dict[int, frozenset[str]] = {}
    for part in batches(ids, _AT_ONCE):
        for row in connection.execute(sa.select(outbox.c.id, outbox.c.content).where(outbox.c.id.in_(part))):
            alerts = content_json.told_from_json(row.content).alerts
            found[row.id] = frozenset(str(alert) for alert, condition in alerts if condition != _OVER)
    return found


def find_copies(connection: sa.Connection) -> set[str]:
    """Return the receivers that are no more than copies today: by the newest message of each."""
    newest = sa.select(sa.func.max(outbox.c.id)).group_by(outbox.c.receiver)
    query = sa.select(outbox.c.receiver).where(outbox.c.id.in_(newest), outbox.c.reach == Reach.copy)
    return set(connection.execute(query).scalars())


def returned_on(connection: sa.Connection) -> Mapping[int, date]:
    """Return the day on which each message came back that had been accepted, by its number."""
    query = sa.select(delivery.c.outbox_id, delivery.c.at).where(delivery.c.state == BOUNCED)
    return {row.outbox_id: row.at.date() for row in connection.execute(query)}


def _with_content(connection: sa.Connection, rows: Sequence[Any]) -> Iterator[tuple[Any, str, list[tuple[int, str]]]]:
    """Return each message with whom it was for and what it told: alerts, each as id and condition."""
    ids: dict[str | int, int | None] = {}
    for part in batches(rows, _AT_ONCE):
        query = sa.select(outbox.c.id, outbox.c.content).where(outbox.c.id.in_([row.id for row in part]))
        told = {row.id: content_json.told_from_json(row.content) for row in connection.execute(query)}
        _find_ids(connection, {alert for each in told.values() for alert, _ in each.alerts}, ids)
        for row in part:
            said = told[row.id]
            meant = said.meant_for if row.stands_for is not None else None
            found = [(id_, condition) for alert, condition in said.alerts if (id_ := ids[alert]) is not None]
            yield row, meant or row.recipient, found


def _find_ids(connection: sa.Connection, alerts: Iterable[str | int], ids: dict[str | int, int | None]) -> None:
    """Add the ids of alerts to those that are known; None of what is no alert of this store."""
    new = [alert for alert in alerts if alert not in ids]
    found = alert_rows.ids_by_reference(connection, [alert for alert in new if isinstance(alert, str)])
    ids.update((alert, found.get(alert) if isinstance(alert, str) else alert) for alert in new)
