"""One attempt to send one message, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from alerting.model import Message, Tier


class Notifier(Protocol):
    """A way to reach people. A module of `notifiers/` offers a pydantic model `Notifier` that is one.

    The fields of the model are the receiver's settings in config.yaml; the model is the receiver itself.
    """

    ceiling: Tier

    def send(self, message: Message, handed_over: Callable[[], None]) -> str:
        """Send one message and give the receiver's answer in a few words, without case data.

        Call `handed_over` just before the step after which the message may have arrived although no answer comes back
        (the final dot of SMTP, the body of an HTTP request), so that a crash there is known for what it is.
        Raises DeliveryError, with `passing` where it is worth trying again and `ambiguous` after the hand-over.
        """
        ...

    def check(self) -> list[str]:
        """Say what is wrong with the settings that can be told without sending, a sentence each."""
        ...

    def close(self) -> None:
        """Let go of connections and write what is written at the end of a run."""
        ...
