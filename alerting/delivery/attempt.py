"""One attempt to send one message, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from alerting.delivery.notifier import Notifier
from alerting.errors import DeliveryError
from alerting.model import Delivery, DeliveryReason, Message
from alerting.store.messages.backoff import LONGEST_WAIT, wait_before


def attempt(
    message: Message,
    notifier: Notifier,
    *,
    outbox_id: int,
    attempts: int,
    handed_over: Callable[[], None],
    now: datetime,
    repeatable: bool = True,
) -> Delivery:
    """Try once to send a message and say what became of it. Never raises for what a receiver does.

    An answer that never came after the hand-over is tried once more, as the same message; after that, and where a repeat
    does more harm than good (`repeatable` is false), it is `unknown`. A fault that lasts is `failed` where it is this
    message's or its recipient's; where it is the receiver's, the message waits as for one that passes.
    What `handed_over` raises is raised: then nothing may be sent.
    """
    phase, ours = ["claimed"], []

    def hand_over() -> None:
        phase[0] = "handed over"
        try:
            handed_over()
        except BaseException as error:
            ours.append(error)
            raise

    def became(state: str, answer: str, **more: Any) -> Delivery:
        return Delivery(outbox_id=outbox_id, state=state, phase=phase[0], answer=answer[:500], at=now, **more)

    try:
        return became("accepted", notifier.send(message, hand_over))
    except DeliveryError as error:
        of_it: dict[str, Any] = {"about": error.about, "ambiguous": error.ambiguous, "remedy": error.remedy}
        if error.ambiguous:
            if repeatable and not message.repeated:
                return became("deferred", error.problem, retry_at=now, **of_it)
            return became("unknown", error.problem, reason=DeliveryReason.no_answer, **of_it)
        if not error.passing and error.about not in {"line", "sender"}:
            return became("failed", error.problem, reason=DeliveryReason.refused, **of_it)
        asked = timedelta(seconds=error.retry_after_s or 0)
        wait = min(max(wait_before(attempts, message.key), asked), LONGEST_WAIT)
        return became("deferred", error.problem, retry_at=now + wait, **of_it)
    except Exception as error:
        if ours:
            raise
        # One delivery must not stop the others. The kind is named alone: a text may quote a case.
        reason = DeliveryReason.broke_down
        return became("failed", reason.say(type(error).__name__), reason=reason)
