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
    message's or its recipient's; where it is the receiver's, the message waits as for one that passes. An exception that the
    receiver did not foresee is taken for the receiver's fault, ambiguous after the hand-over: it is counted as any other, and
    where it meets this message alone, the second time is its recipient's.
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

    def became(state: str, answer: str, wait: timedelta | None = None, **more: Any) -> Delivery:
        retry_at = None if wait is None else now + wait
        return Delivery(outbox_id=outbox_id, state=state, phase=phase[0], answer=answer[:500], at=now, retry_at=retry_at, **more)

    try:
        return became("accepted", notifier.send(message, hand_over))
    except DeliveryError as error:
        fault = error
    except Exception as error:
        if ours:
            raise
        fault = _unforeseen(error, handed_over=phase[0] != "claimed")
    return _became_of(fault, became, wait_before(attempts, message.key), again=repeatable and not message.repeated)


def _became_of(error: DeliveryError, became: Callable[..., Delivery], wait: timedelta, *, again: bool) -> Delivery:
    """Return what becomes of a message by its fault. again: that it is sent once more where it may have arrived."""
    of_it: dict[str, Any] = {"about": error.about, "ambiguous": error.ambiguous, "remedy": error.remedy}
    if error.ambiguous and not again:
        reason = DeliveryReason.broke_down if isinstance(error, _UnforeseenError) else DeliveryReason.no_answer
        return became("unknown", error.problem, reason=reason, **of_it)
    if error.ambiguous:
        return became("deferred", error.problem, wait=timedelta(0), **of_it)
    if not error.passing and error.about not in {"line", "sender"}:
        return became("failed", error.problem, reason=DeliveryReason.refused, **of_it)
    # In this order, so that what is no number is no wait either.
    asked = timedelta(seconds=max(0.0, min(LONGEST_WAIT.total_seconds(), error.retry_after_s or 0.0)))
    return became("deferred", error.problem, wait=min(max(wait, asked), LONGEST_WAIT), **of_it)


class _UnforeseenError(DeliveryError):
    """An exception of a receiver's own that is no DeliveryError."""


def _unforeseen(error: Exception, *, handed_over: bool) -> DeliveryError:
    # The kind is named alone: a text may quote a case, or a secret.
    return _UnforeseenError(
        DeliveryReason.broke_down.say(type(error).__name__),
        passing=False,
        about="sender",
        ambiguous=handed_over,
        remedy="This is a fault of the service or of a library that it uses: tell whoever looks after it.",
    )
