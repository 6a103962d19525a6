"""What is known of each channel: when it was asked, when it took its last card, when somebody said that it is seen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from alerting.alerts.acts import ActKind
from alerting.alerts.people import Actor
from alerting.errors import HandlingError
from alerting.model import CHANNEL
from alerting.notifications.channel_checks import ANSWER_WITHIN, PURPOSE, Channel, word_of
from alerting.notifications.routing import Receiver
from alerting.store import acts
from alerting.store.schema import act, outbox


def note_seen(connection: sa.Connection, word: str, *, by: Actor, now: datetime) -> Channel:
    """Write down that somebody has read a check's word in its channel. Raises HandlingError for a word of no check that was sent."""
    given = "".join(letter for letter in word.upper() if letter.isalpha())
    query = sa.select(outbox.c.key, outbox.c.receiver, outbox.c.recipient).where(outbox.c.purpose == PURPOSE)
    query = query.where(outbox.c.state.in_(("accepted", "unknown")), outbox.c.planned_at > now - ANSWER_WITHIN)
    for row in connection.execute(query.order_by(outbox.c.id.desc())):
        if word_of(row.key).replace("-", "") == given:
            about = f"{row.receiver} {row.recipient}"
            acts.keep(connection, by, ActKind.channel_seen, about, now, note=f"read {word_of(row.key)}")
            return Channel(receiver=row.receiver, team=row.recipient.removeprefix(CHANNEL), seen_on=now.date(), seen_by=by.id)
    raise HandlingError(
        "no check with that word was posted in the last four weeks",
        remedy="Read the word again from the newest card `Are these cards seen?` in the channel.",
    )


def channels(connection: sa.Connection, receivers: Iterable[Receiver]) -> list[Channel]:
    """Return every channel that has an address, with what is known of it."""
    found = []
    for receiver in receivers:
        for team in sorted(receiver.teams or ()):
            mine = (outbox.c.receiver == receiver.name, outbox.c.recipient == f"{CHANNEL}{team}")
            asked = sa.select(sa.func.min(outbox.c.as_of)).where(*mine, outbox.c.purpose == PURPOSE)
            accepted = sa.select(sa.func.max(outbox.c.as_of)).where(*mine, outbox.c.state == "accepted")
            seen = sa.select(act.c.at, act.c.by).where(
                act.c.kind == ActKind.channel_seen.value, act.c.about == f"{receiver.name} {CHANNEL}{team}"
            )
            last = connection.execute(seen.order_by(act.c.id.desc()).limit(1)).first()
            found.append(
                Channel(
                    receiver=receiver.name,
                    team=team,
                    asked_since=connection.execute(asked).scalar(),
                    accepted_on=connection.execute(accepted).scalar(),
                    seen_on=last.at.date() if last else None,
                    seen_by=last.by if last else "",
                )
            )
    return found
