"""All that is asked of a notifier, which is all that one may know of the service besides messages and errors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from alerting.model import Message, Tier


def _tier(name: object) -> Tier:
    if isinstance(name, Tier):
        return name
    if isinstance(name, str) and name in Tier.__members__:
        return Tier[name]
    raise ValueError(f"a ceiling is one of {', '.join(Tier.__members__)}")


Ceiling = Annotated[Tier, BeforeValidator(_tier), WithJsonSchema({"enum": list(Tier.__members__)})]
"""How much of a person a receiver may be shown, as config.yaml names it: counts, reference or detail."""


class Notifier(ABC):
    """A way to reach people. A module of `notifiers/` offers a pydantic model `Notifier` that is one.

    The fields of the model are the receiver's settings in config.yaml, and the model is the receiver itself. It must have a `ceiling`
    and a `send`; whatever else it leaves out is answered as it is here.
    """

    #: How much of a person it may be shown. What is above it is never put into words.
    ceiling: Ceiling

    @abstractmethod
    def send(self, message: Message, handed_over: Callable[[], None]) -> str:
        """Send one message and return the receiver's answer in a few words, without case data.

        Call `handed_over` just before the step after which the message may have arrived although no answer comes back
        (the final dot of SMTP, the body of an HTTP request), so that a crash there is known for what it is.
        Raises DeliveryError: with `passing` where it is worth trying again, `ambiguous` after the hand-over, and `about`,
        which says whether it is the receiver's fault, this recipient's or this message's. What `handed_over` raises is let
        through: then nothing of the message may be sent.
        """

    def check(self) -> list[str]:
        """Return what is wrong with the settings that can be told without sending, a sentence each."""
        return []

    def reach(self) -> list[str]:
        """Return what is wrong that only trying to reach it can tell, a sentence each. Nothing is sent."""
        return []

    def why_not_to(self, address: str | None) -> str | None:
        """Return why our own settings let nothing go to a person's address; None where something may."""
        return None

    def close(self) -> None:  # noqa: B027  (most have nothing to let go of)
        """Let go of connections, and write what is written at the end of a run."""

    def teams_reached(self) -> frozenset[str] | None:
        """Return the ids of the teams that have a channel here; None for a receiver of persons, who have addresses."""
        return None

    def only_keeps(self) -> bool:
        """Return whether it keeps messages and tells nobody of them: beside a receiver that does, it is a copy."""
        return False

    def fault_channel(self) -> str | None:
        """Return the team whose channel is told, as administrators are, when another receiver fails; None for none."""
        return None

    def at_once(self) -> int:
        """Return how many messages it may be given at once, each by a thread of its own, where it is slow."""
        return 1

    def bounce_folder(self) -> Path | None:
        """Return the Maildir in which mails land that came back; None where none do."""
        return None

    def not_sent(self) -> str | None:
        """Return why nothing is ever sent through it, which is what its messages are cancelled with; None where it sends."""
        return None
