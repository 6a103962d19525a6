"""One attempt to send one message, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Protocol

from pydantic import BeforeValidator, WithJsonSchema

from alerting.errors import DeliveryError
from alerting.model import Delivery, Message, Tier


def _tier(name: object) -> Tier:
    if isinstance(name, Tier):
        return name
    if isinstance(name, str) and name in Tier.__members__:
        return Tier[name]
    raise ValueError(f"a ceiling is one of {', '.join(Tier.__members__)}")


Ceiling = Annotated[Tier, BeforeValidator(_tier), WithJsonSchema({"enum": list(Tier.__members__)})]
"""How much of a person a receiver may be shown, as config.yaml names it: counts, reference or detail."""


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

    def reach(self) -> list[str]:
        """Say what is wrong that only trying to reach it can tell, a sentence each. Nothing is sent."""
        ...

    def close(self) -> None:
        """Let go of connections and write what is written at the end of a run."""
        ...


BACK_OFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=30))


def attempt(
    message: Message, notifier: Notifier, *, outbox_id: int, attempts: int, handed_over: Callable[[], None], now: datetime
) -> Delivery:
    """Try once to send a message and say what became of it. Never raises for what a receiver does.

    An answer that never came after the hand-over is tried once more, as the same message; after that it is `unknown`.
    """
    phase = ["claimed"]

    def hand_over() -> None:
        phase[0] = "handed over"
        handed_over()

    def became(state: str, answer: str, retry_at: datetime | None = None) -> Delivery:
        return Delivery(outbox_id=outbox_id, state=state, phase=phase[0], answer=answer[:500], at=now, retry_at=retry_at)

    try:
        return became("accepted", notifier.send(message, hand_over))
    except DeliveryError as error:
        if error.ambiguous:
            return became("unknown" if message.repeated else "deferred", error.problem, None if message.repeated else now)
        if not error.passing:
            return became("failed", error.problem)
        wait = BACK_OFF[min(attempts, len(BACK_OFF)) - 1]
        return became("deferred", error.problem, now + max(wait, timedelta(seconds=error.retry_after_s or 0)))
    except Exception as error:  # noqa: BLE001  (one delivery must not stop the others; the kind is named, a text may quote a case)
        return became("failed", f"the receiver broke down ({type(error).__name__})")
