"""What the store forgets: items of messages and facts of alerts, once they are old, or at once of a child whose record is sealed.

Nothing is forgotten until somebody has been shown what it would touch and has let it begin, and nothing of an alert that is live is
forgotten because it is old. That a message was sent, to whom, and of which alerts by their references, is never forgotten: by that
is proved who was told. Weekly totals, in which no child is, are not touched.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from alerting.alerts.acts import ActKind
from alerting.alerts.people import Actor
from alerting.config import Retention
from alerting.formatting import day as in_words
from alerting.store import acts, child_rows, restricted_lists, seals, unreadable_rows
from alerting.store.batches import batches
from alerting.store.messages import content_json
from alerting.store.messages.send_hold import WAITING
from alerting.store.schema import alert, outbox, reading
from alerting.store.service_state import remember, remembered

_BEGUN, _SEALED, _WAITED = "retention begun", "retention sealed", "retention waited"
_MOST_MESSAGES = 2000
"""Messages that one run looks through: what is left over, the next runs do."""


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """How much is forgotten, or would be."""

    #: Messages that forget what they said of alerts that have all ended.
    messages: int = 0
    #: Ended alerts that forget their facts.
    alerts: int = 0
    #: Messages that forget what they said, a child whose record is sealed among it.
    sealed: int = 0
    #: Rows that could not be read, kept as they stood, in which such a child is: they go.
    set_aside: int = 0


def has_begun(connection: sa.Connection, wanted: Retention) -> bool:
    """Return whether somebody has been shown what these very settings would touch, and has let it begin."""
    return bool(remembered(connection, _BEGUN) == wanted.model_dump())


def begin(connection: sa.Connection, wanted: Retention, actor: Actor, note: str, now: datetime) -> None:
    """Let the next runs forget what these settings say, and keep who has said so."""
    remember(connection, _BEGUN, wanted.model_dump(), now)
    acts.keep(connection, actor, ActKind.retention_begun, "service", now, note=note)


def foresee(connection: sa.Connection, wanted: Retention, today: date) -> Forgotten:
    """Return how much would be forgotten on a day; forget nothing."""
    old, sealed = _old_messages(connection, wanted, today), _sealed_messages(connection, wanted, today)
    return Forgotten(
        messages=sum(1 for _ in old),
        alerts=connection.execute(sa.select(sa.func.count()).where(*_old_facts(wanted, today))).scalar_one(),
        sealed=sum(1 for _ in sealed),
        set_aside=len(_rows_of_sealed(connection, wanted)),
    )


def forget(connection: sa.Connection, wanted: Retention, today: date, now: datetime) -> Forgotten:
    """Forget what these settings say, in the caller's transaction, if that has begun; return how much it was."""
    if wanted == Retention() or not has_begun(connection, wanted):
        return Forgotten()
    sealed = _write(connection, _sealed_messages(connection, wanted, today))
    rows = unreadable_rows.let_go(connection, _rows_of_sealed(connection, wanted))
    if wanted.sealed:
        remember(connection, _SEALED, sorted(_sealed_people(connection)), now)
        remember(connection, _WAITED, _first_not_looked_at(connection), now)
    messages = _write(connection, _old_messages(connection, wanted, today))
    ids = connection.execute(sa.select(reading.c.alert_id).where(*_old_facts(wanted, today))).scalars().all()
    empty_facts(connection, ids)
    return Forgotten(messages=messages, alerts=len(ids), sealed=sealed, set_aside=rows)


_NO_FACTS = "{}"
_Emptied = Iterator[tuple[int, str]]


def empty_messages(connection: sa.Connection, ids: Sequence[int], said: str) -> None:
    """Let messages forget what they said, of whomever, and say so at their head; that they were sent, and of which alerts, stays."""
    emptied = (
        (id_, content_json.without_items(content, bool, said)) for id_, content in _with_items(connection, outbox.c.id.in_(ids))
    )
    _write(connection, ((id_, content) for id_, content in emptied if content is not None))


def empty_facts(connection: sa.Connection, alerts: Iterable[int]) -> None:
    """Let alerts forget what their words are made of."""
    for some in batches(alerts):
        connection.execute(reading.update().where(reading.c.alert_id.in_(some)).values(facts=_NO_FACTS))


def forget_sealed(connection: sa.Connection, ids: Collection[str], now: datetime) -> None:
    """Let a child not be remembered as one whose messages were emptied already."""
    known = remembered(connection, _SEALED)
    if known is not None:
        remember(connection, _SEALED, [id_ for id_ in known if id_ not in ids], now)


def _write(connection: sa.Connection, emptied: _Emptied) -> int:
    found = list(emptied)
    if found:
        mine = outbox.c.id == sa.bindparam("b_id")
        rows = [{"b_id": id_, "b_content": content} for id_, content in found]
        connection.execute(outbox.update().where(mine).values(content=sa.bindparam("b_content")), rows)
        seals.let_contents_go(connection, outbox, [id_ for id_, _ in found])
    return len(found)


def _old_facts(wanted: Retention, today: date) -> list[sa.ColumnElement[bool]]:
    if wanted.alert_facts is None:
        return [sa.false()]
    ended = sa.select(alert.c.id).where(alert.c.resolved_on < today - timedelta(days=wanted.alert_facts))
    return [reading.c.facts != _NO_FACTS, reading.c.alert_id.in_(ended)]


def _old_messages(connection: sa.Connection, wanted: Retention, today: date) -> _Emptied:
    """Return messages that are old enough, and all of whose alerts have ended, without their items."""
    if wanted.message_contents is None:
        return
    live = set(connection.execute(sa.select(alert.c.ref).where(alert.c.resolved_on.is_(None))).scalars())
    before = today - timedelta(days=wanted.message_contents)
    said = f"What this said was taken out on {in_words(today)}, as the council keeps it {wanted.message_contents} days."
    found = 0
    for id_, content in _with_items(connection, outbox.c.as_of < before):
        emptied = content_json.without_items(content, live.isdisjoint, said)
        if emptied is not None:
            yield id_, emptied
            found += 1
        if found == _MOST_MESSAGES:
            return


def _sealed_messages(connection: sa.Connection, wanted: Retention, today: date) -> _Emptied:
    """Return messages that tell of people whose records are sealed, without their items.

    Of those known to be sealed when that was last looked at, only what waited then, or was planned since: all else was emptied.
    """
    people = _sealed_people(connection) if wanted.sealed else set()
    refs = set(child_rows.alerts_of(connection, sorted(people)).values())
    is_known = people <= set(remembered(connection, _SEALED) or ())
    since = (remembered(connection, _WAITED) or 0) if is_known else 0
    said = f"What this said was taken out on {in_words(today)}, as the record of a child in it is restricted."
    for id_, content in _with_items(connection, outbox.c.id >= since) if refs else ():
        emptied = content_json.without_items(content, lambda told: not refs.isdisjoint(told), said)
        if emptied is not None:
            yield id_, emptied


def _first_not_looked_at(connection: sa.Connection) -> int:
    """Return the number of the first message that waits, or else of the next one."""
    first, last = sa.func.min(outbox.c.id).filter(outbox.c.state.in_(WAITING)), sa.func.max(outbox.c.id)
    return int(connection.execute(sa.select(sa.func.coalesce(first, last + 1, 0))).scalar_one())


def _rows_of_sealed(connection: sa.Connection, wanted: Retention) -> list[int]:
    """Return the numbers of the rows set aside in which somebody is whose record is sealed, whenever it was: rows come later too."""
    people = _sealed_people(connection) if wanted.sealed else set()
    alerts = child_rows.alerts_of(connection, sorted(people))
    return unreadable_rows.find_kept(connection, people | set(alerts.values()), alerts) if people else []


def _sealed_people(connection: sa.Connection) -> set[str]:
    """Return every id of whoever is sealed by the list that was last trusted, or was and has not been released."""
    known = restricted_lists.last_trusted(connection)
    listed = (*known.listed, *known.removed) if known else ()
    return {id_ for person in listed if person.is_sealed for id_ in person.ids}


def _with_items(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> Iterator[tuple[int, str]]:
    """Return the messages with items that wait for nothing any more, oldest first."""
    done = (outbox.c.state.not_in(WAITING), outbox.c.content.contains('"items": [{'))
    ids = connection.execute(sa.select(outbox.c.id).where(*done, *where).order_by(outbox.c.id)).scalars().all()
    for some in batches(ids):
        query = sa.select(outbox.c.id, outbox.c.content).where(outbox.c.id.in_(some)).order_by(outbox.c.id)
        yield from ((row.id, row.content) for row in connection.execute(query).all())
