"""What is not the live installation reaches nobody: its messages go to one address, and those for channels nowhere.

The receiver itself is wrapped, so that whatever sends, now or in a later release, cannot get at anybody's address.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass, replace

from alerting.delivery.notifier import Notifier
from alerting.errors import DeliveryError
from alerting.model import Message, Tier


@dataclass(frozen=True, kw_only=True)
class Redirected(Notifier):
    """A receiver of persons whose every message goes to one address, with a line that says whom it was for.

    Bounces are the live service's alone to read.
    """

    receiver: Notifier
    ceiling: Tier
    to: str
    environment: str

    def send(self, message: Message, handed_over: Callable[[], None]) -> str:
        """Send the message to the one address. Raises DeliveryError as the receiver does."""
        answer = self.receiver.send(self._redirected(message), handed_over)
        return f"redirected ({self.environment}): {answer}"

    def _redirected(self, message: Message) -> Message:
        line = f"{self.environment.upper()}: this message was for {message.to_name}. In production it goes to them, and to nobody else."
        before, body, after = _split_at_body(message.html)
        return replace(
            message,
            to_address=self.to,
            text=f"{line}\n\n{message.text}",
            html=f"{before}{body}<p>{html.escape(line)}</p>{after}",
        )

    def check(self) -> list[str]:
        """Return what is wrong with the receiver's settings."""
        return self.receiver.check()

    def reach(self) -> list[str]:
        """Return what only trying to reach it can tell."""
        return self.receiver.reach()

    def why_not_to(self, address: str | None) -> str | None:
        """Return why nothing may go to the one address that everything goes to."""
        return self.receiver.why_not_to(self.to)

    def close(self) -> None:
        """Let go of the receiver's connections."""
        self.receiver.close()

    def only_keeps(self) -> bool:
        """Return whether the receiver tells nobody of what it keeps."""
        return self.receiver.only_keeps()

    def at_once(self) -> int:
        """Return how many messages the receiver may be given at once."""
        return self.receiver.at_once()


@dataclass(frozen=True, kw_only=True)
class Nowhere(Notifier):
    """A receiver of channels that posts nothing: there is no channel to post to instead."""

    receiver: Notifier
    ceiling: Tier
    environment: str

    def not_sent(self) -> str:
        """Return why nothing is posted."""
        return f"not sent: the environment is {self.environment}, and only production posts to channels"

    def teams_reached(self) -> frozenset[str] | None:
        """Return the ids of the teams that have a channel, so that messages are planned as in production."""
        return self.receiver.teams_reached()

    def send(self, message: Message, handed_over: Callable[[], None]) -> str:
        """Raise DeliveryError: nothing is ever posted."""
        raise DeliveryError(self.not_sent(), passing=False, remedy="Nothing needs to be done.")

    def check(self) -> list[str]:
        """Return what is wrong with the receiver's settings."""
        return self.receiver.check()


def kept_apart(notifier: Notifier, environment: str, to: str) -> Notifier:
    """Return a receiver as it may be used where the environment is not production."""
    if notifier.teams_reached() is not None:
        return Nowhere(receiver=notifier, ceiling=notifier.ceiling, environment=environment)
    return Redirected(receiver=notifier, ceiling=notifier.ceiling, to=to, environment=environment)


def _split_at_body(page: str) -> tuple[str, str, str]:
    start = page.find("<body")
    end = page.find(">", start) + 1 if start >= 0 else 0
    return page[:start] if end else "", page[max(start, 0) : end] if end else "", page[end:]
