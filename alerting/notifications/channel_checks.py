"""Whether anybody sees the cards: a channel takes them and says no more, so once a week each is asked for an answer.

The card of a check has a word that stands nowhere else. Whoever reads it passes it on, and an administrator writes it down;
where nobody does, administrators are told that the channel's cards may appear nowhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from alerting.errors import HandlingError
from alerting.formatting import day
from alerting.model import CHANNEL
from alerting.notifications.content import CheckContent, Notice, Notification
from alerting.notifications.routing import Receiver, Router, notification_key
from alerting.store.schema import act, outbox

PURPOSE = "check"
ANSWER_WITHIN = timedelta(days=28)
"""For how long a channel that has been seen counts as seen, and how long a new one is waited for."""
_SEEN = "channel seen"
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""Without vowels, so that no check is a word, and nothing is read as a digit."""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A channel that is asked: its receiver and team, since when, when its last card was accepted, when it was last seen."""

    receiver: str
    team: str
    asked_since: date | None = None
    accepted_on: date | None = None
    seen_on: date | None = None
    seen_by: str = ""

    def is_doubtful(self, on: date) -> bool:
        """Return whether nobody has said for long that cards are seen there."""
        since = self.seen_on or self.asked_since
        return since is not None and since + ANSWER_WITHIN < on


def word_of(key: str) -> str:
    """Return the word of a check by its key: six letters in two threes."""
    drawn = hashlib.blake2b(key.encode(), digest_size=6).digest()
    letters = "".join(_LETTERS[byte % len(_LETTERS)] for byte in drawn)
    return f"{letters[:3]}-{letters[3:]}"


def plan(router: Router, receivers: Iterable[Receiver], as_of: date) -> list[Notification]:
    """Plan one check for each team's channel."""
    planned = []
    for receiver in receivers:
        for team_id in sorted((receiver.teams or frozenset()) & router.directory.teams.keys()):
            recipient, name = f"{CHANNEL}{team_id}", router.directory.teams[team_id].name
            key = notification_key(PURPOSE, as_of, receiver.name, recipient, [])
            planned.append(
                Notification(
                    key=key,
                    receiver=receiver.name,
                    purpose=PURPOSE,
                    recipient=recipient,
                    name=name,
                    address=None,
                    as_of=as_of,
                    content=CheckContent(word=word_of(key), team_name=name),
                )
            )
    return planned


def note_seen(connection: sa.Connection, word: str, *, by: str, now: datetime) -> Channel:
    """Write down that somebody has read a check's word in its channel. Raises HandlingError for a word of no check that was sent."""
    given = "".join(letter for letter in word.upper() if letter.isalpha())
    query = sa.select(outbox.c.key, outbox.c.receiver, outbox.c.recipient).where(outbox.c.purpose == PURPOSE)
    query = query.where(outbox.c.state.in_(("accepted", "unknown")), outbox.c.planned_at > now - ANSWER_WITHIN)
    for row in connection.execute(query.order_by(outbox.c.id.desc())):
        if word_of(row.key).replace("-", "") == given:
            about = f"{row.receiver} {row.recipient}"
            connection.execute(act.insert().values(at=now, by=by, kind=_SEEN, about=about, note=f"read {word_of(row.key)}"))
            return Channel(receiver=row.receiver, team=row.recipient.removeprefix(CHANNEL), seen_on=now.date(), seen_by=by)
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
            seen = sa.select(act.c.at, act.c.by).where(act.c.kind == _SEEN, act.c.about == f"{receiver.name} {CHANNEL}{team}")
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


def notices(connection: sa.Connection, receivers: Iterable[Receiver], router: Router, as_of: date) -> dict[str, Notice]:
    """Return the notice of the channels that nobody has said for long to see, if there are any."""
    doubtful = [channel for channel in channels(connection, receivers) if channel.is_doubtful(as_of)]
    if not doubtful:
        return {}
    items = [
        f"{router.directory.teams[channel.team].name if channel.team in router.directory.teams else channel.team}: "
        + (f"last seen on {day(channel.seen_on)}" if channel.seen_on else "never seen")
        for channel in doubtful
    ]
    detail = (
        "Their cards are accepted, which is all that a channel says. Ask somebody of each team whether they see the weekly card "
        "`Are these cards seen?`, and write its word down with `alerting deliveries seen WORD --by NAME`. Where they do not, the "
        "flow posts elsewhere or nowhere. Nothing is lost: each manager gets the list by mail."
    )
    # Another channel that is not seen either is news again.
    key = notification_key(PURPOSE, date.min, "", "", [f"{channel.receiver} {channel.team}" for channel in doubtful])
    return {key: Notice(title="Nobody has said that they see the cards of a channel", detail=detail, items=tuple(items))}
