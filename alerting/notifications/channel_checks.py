"""Whether anybody sees the cards: a channel takes them and says no more, so once a week each is asked for an answer.

The card of a check has a word that stands nowhere else. Whoever reads it passes it on, and an administrator writes it down;
where nobody does, administrators are told that the channel's cards may appear nowhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from alerting.formatting import day
from alerting.model import CHANNEL
from alerting.notifications.content import CheckContent, Notice, Notification
from alerting.notifications.routing import Receiver, Router, notification_key

PURPOSE = "check"
ANSWER_WITHIN = timedelta(days=28)
"""For how long a channel that has been seen counts as seen, and how long a new one is waited for."""
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


def plan_checks(router: Router, receivers: Iterable[Receiver], as_of: date) -> list[Notification]:
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


def channel_notices(channels: Iterable[Channel], router: Router, as_of: date) -> dict[str, Notice]:
    """Return the notice of the channels that nobody has said for long to see, if there are any."""
    doubtful = [channel for channel in channels if channel.is_doubtful(as_of)]
    if not doubtful:
        return {}
    items = tuple(
        f"{router.directory.teams[channel.team].name if channel.team in router.directory.teams else channel.team}: "
        + (f"last seen on {day(channel.seen_on)}" if channel.seen_on else "never seen")
        for channel in doubtful
    )
    detail = (
        "Their cards are accepted, which is all that a channel says: where nobody sees them, the flow posts elsewhere or nowhere. "
        "Nothing is lost: each manager gets the list by mail."
    )
    do = (
        "Ask somebody of each team whether they see the weekly card `Are these cards seen?`, and write its word down with "
        "`alerting deliveries seen WORD --by NAME`."
    )
    # Another channel that is not seen either is news again.
    key = notification_key(PURPOSE, date.min, "", "", [f"{channel.receiver} {channel.team}" for channel in doubtful])
    return {key: Notice(title="Nobody has said that they see the cards of a channel", detail=detail, do=do, items=items)}
