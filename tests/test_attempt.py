"""One attempt to deliver a message: what becomes of it by what the receiver answers, or does not."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from alerting.delivery.attempt import attempt
from alerting.errors import DeliveryError, StoreError
from alerting.model import DeliveryReason, Message
from alerting.store.messages.backoff import wait_before
from alerting.store.messages.claims import ClaimLostError
from tests.messages import mail_message

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)


class Receiver:
    """A receiver that does what a test says: gives an answer, or raises before or after the hand-over."""

    def __init__(self, error: Exception | None = None, *, after: bool = False) -> None:
        self.error, self.after = error, after

    def send(self, message: Message, handed_over) -> str:
        if self.error and not self.after:
            raise self.error
        handed_over()
        if self.error:
            raise self.error
        return "250 ok"


def tried(
    receiver: Receiver, *, attempts: int = 1, repeated: bool = False, repeatable: bool = True
) -> tuple[str, str, datetime | None]:
    message = mail_message(repeated=repeated)
    result = attempt(message, receiver, outbox_id=1, attempts=attempts, handed_over=lambda: None, now=NOW, repeatable=repeatable)
    return result.state, result.phase, result.retry_at


def test_an_answer_is_acceptance() -> None:
    assert tried(Receiver()) == ("accepted", "handed over", None)


def test_a_fault_that_passes_is_tried_again_later_and_later() -> None:
    busy = Receiver(DeliveryError("busy", passing=True))

    waits = [tried(busy, attempts=number)[2] - NOW for number in range(1, 7)]
    for wait, most in zip(waits, [1, 5, 15, 30, 30, 30], strict=True):
        assert most * 0.8 <= wait.total_seconds() / 60 <= most


def test_messages_that_were_put_off_together_do_not_come_back_together() -> None:
    waits = {wait_before(2, f"key {number}") for number in range(50)}

    assert len(waits) == 50
    assert wait_before(2, "key 1") == wait_before(2, "key 1")


def test_a_wait_that_the_receiver_asks_for_is_kept() -> None:
    assert tried(Receiver(DeliveryError("busy", passing=True, retry_after_s=600)))[2] == NOW + timedelta(minutes=10)


def test_no_receiver_can_ask_for_more_than_half_an_hour() -> None:
    assert tried(Receiver(DeliveryError("busy", passing=True, retry_after_s=86_400)))[2] == NOW + timedelta(minutes=30)


@pytest.mark.parametrize("about", ["line", "sender"])
def test_a_fault_of_the_receiver_that_stays_does_not_cost_the_message(about) -> None:
    state, _, retry_at = tried(Receiver(DeliveryError("the certificate is not to be trusted", passing=False, about=about)))

    assert state == "deferred"
    assert retry_at is not None


def test_what_must_not_be_repeated_is_unknown_at_once() -> None:
    silent = Receiver(DeliveryError("no answer", passing=True, ambiguous=True), after=True)

    assert tried(silent, repeatable=False) == ("unknown", "handed over", None)


@pytest.mark.parametrize("error", [ClaimLostError(), StoreError("the store cannot be used"), KeyboardInterrupt()])
def test_where_the_hand_over_cannot_be_written_down_nothing_is_made_of_it(error) -> None:
    def not_now() -> None:
        raise error

    with pytest.raises(type(error)):
        attempt(mail_message(), Receiver(), outbox_id=1, attempts=1, handed_over=not_now, now=NOW)


def test_a_fault_that_stays_is_final() -> None:
    assert tried(Receiver(DeliveryError("no such mailbox", passing=False))) == ("failed", "claimed", None)


def test_no_answer_after_the_hand_over_is_tried_once_more_at_once_and_then_unknown() -> None:
    silent = Receiver(DeliveryError("no answer", passing=True, ambiguous=True), after=True)

    assert tried(silent) == ("deferred", "handed over", NOW)
    assert tried(silent, repeated=True) == ("unknown", "handed over", None)


@pytest.mark.parametrize("error", [ValueError("child P1042"), OSError("child P1042"), UnicodeEncodeError("ascii", "é", 0, 1, "P1042"),
                                   RecursionError("P1042"), MemoryError("P1042")])  # fmt: skip
def test_what_a_receiver_did_not_foresee_is_its_own_fault_and_its_words_are_not_kept(error: Exception) -> None:
    before = attempt(mail_message(), Receiver(error), outbox_id=1, attempts=1, handed_over=lambda: None, now=NOW)
    after = attempt(mail_message(), Receiver(error, after=True), outbox_id=1, attempts=1, handed_over=lambda: None, now=NOW)
    again = attempt(
        mail_message(repeated=True), Receiver(error, after=True), outbox_id=1, attempts=2, handed_over=lambda: None, now=NOW
    )

    assert [(one.state, one.about, one.ambiguous) for one in (before, after, again)] == [
        ("deferred", "sender", False),
        ("deferred", "sender", True),
        ("unknown", "sender", True),
    ]
    assert again.reason == DeliveryReason.broke_down
    assert {one.answer for one in (before, after, again)} == {f"the receiver broke down ({type(error).__name__})"}


@pytest.mark.parametrize("asked", [0.5, -5, 10**12, 1e300, math.inf, math.nan])
def test_no_wait_that_a_receiver_asks_for_is_too_much_for_us(asked: float) -> None:
    retry_at = tried(Receiver(DeliveryError("busy", passing=True, retry_after_s=asked)))[2]

    assert timedelta(seconds=40) < retry_at - NOW <= timedelta(minutes=30)
