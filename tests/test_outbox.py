"""The outbox: planned once, claimed by one, settled with what became of it, and remembered as told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from alerting.delivery import attempt
from alerting.errors import DeliveryError
from alerting.lifecycle import RuleLife, opened
from alerting.model import Delivery, Finding, Level, Message, Notification, Outcome
from alerting.outbox import Outbox, Waiting
from alerting.store import Changes, Store
from tests.messages import mail_message

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
DAY = date(2026, 3, 2)
LEASE = timedelta(minutes=30)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = Store.open(store_url)
    yield store
    store.close()


@pytest.fixture
def outbox(store: Store) -> Outbox:
    return Outbox(store, domain="alerts.example.gov.uk")


def notification(key: str = "k1", recipient: str = "M1", told: tuple = (), urgency: int = 0) -> Notification:
    return Notification(key=key, receiver="mail", purpose="daily", recipient=recipient, name="Person", address="m1@example.gov.uk",
                        as_of=DAY, content={"items": [], "told": list(told)}, urgency=urgency)  # fmt: skip


def plan(outbox: Outbox, store: Store, *notifications: Notification) -> tuple[int, int]:
    run = store.begin("daily", DAY, "here", NOW, timedelta()) or store.begin("daily", DAY, "here", NOW + LEASE, timedelta())
    with store.transaction() as connection:
        return outbox.plan(connection, run or 0, list(notifications), NOW)


def became(state: str, retry_at: datetime | None = None) -> Delivery:
    return Delivery(outbox_id=0, state=state, phase="handed over", answer="250 ok", at=NOW, retry_at=retry_at)


def claimed(outbox: Outbox, now: datetime = NOW) -> Waiting:
    waiting = outbox.claim("here", now, LEASE)
    assert waiting is not None
    return waiting


def test_the_same_notification_is_planned_once(outbox: Outbox, store: Store) -> None:
    assert plan(outbox, store, notification()) == (1, 0)

    assert plan(outbox, store, notification()) == (0, 0)


def test_a_newer_message_takes_the_place_of_an_older_one_that_has_not_gone(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification("k1"))

    assert plan(outbox, store, notification("k2")) == (1, 1)
    assert {row["key"]: row["state"] for row in outbox.listed()} == {"k1": "cancelled", "k2": "planned"}


def test_a_message_to_somebody_else_is_not_superseded(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification("k1"))

    assert plan(outbox, store, notification("k2", recipient="M2")) == (1, 0)


def test_the_most_urgent_goes_first(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification("k1", "M1", urgency=2), notification("k2", "M2", urgency=4))

    assert claimed(outbox).notification.key == "k2"


def test_a_claimed_row_is_nobody_elses_until_its_lease_runs_out(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification())
    first = claimed(outbox)

    assert outbox.claim("there", NOW, LEASE) is None
    again = claimed(outbox, NOW + 2 * LEASE)
    assert (again.id, again.attempts, again.repeated) == (first.id, 2, False)


def test_after_a_crash_behind_the_hand_over_it_is_the_same_message_and_says_that_it_may_be_a_repeat(
    outbox: Outbox, store: Store
) -> None:
    plan(outbox, store, notification())
    first = claimed(outbox)
    outbox.hand_over(first.id, NOW)

    again = claimed(outbox, NOW + 2 * LEASE)
    assert again.repeated
    assert (again.message_id, again.planned_at) == (first.message_id, first.planned_at)


def test_many_senders_share_the_rows_without_sending_one_twice(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, *(notification(f"k{number}", f"M{number}") for number in range(30)))
    taken: list[int] = []

    def send(name: str) -> None:
        while (waiting := outbox.claim(name, NOW, LEASE)) is not None:
            taken.append(waiting.id)
            outbox.settle(waiting, became("accepted"))

    threads = [threading.Thread(target=send, args=(f"sender {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == sorted(set(taken))
    assert outbox.counts(1) == {"accepted": 30}


def test_a_deferred_message_waits_for_its_time(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification())
    outbox.settle(claimed(outbox), became("deferred", retry_at=NOW + LEASE))

    assert outbox.claim("here", NOW, LEASE) is None
    assert claimed(outbox, NOW + LEASE).attempts == 2


@pytest.mark.parametrize(
    ("state", "remembered"), [("accepted", True), ("failed", False), ("deferred", False), ("unknown", False)]
)
def test_only_what_was_accepted_counts_as_told(outbox: Outbox, store: Store, state: str, remembered: bool) -> None:
    life = RuleLife(id="r", code="R-1", subject_kind="child", unit="")
    finding = Finding(rule="r", subject="C1", outcome=Outcome.match, level=Level.red)
    run = store.begin("weekly", DAY, "here", NOW, LEASE) or 0
    changes = Changes(transitions=[opened(finding, life, 1, DAY)], readings=(), tables={}, versions={})
    with store.transaction() as connection:
        [written] = store.commit(connection, run, DAY, NOW, changes)
    plan(outbox, store, notification(told=((written.alert.id, 3, "firing"),)))
    outbox.settle(claimed(outbox), became(state, retry_at=NOW))

    with store.transaction() as connection:
        assert (("mail", "M1", written.alert.id) in outbox.last_told(connection)) is remembered


# ---- one attempt


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


def tried(receiver: Receiver, *, attempts: int = 1, repeated: bool = False) -> tuple[str, str, datetime | None]:
    message = mail_message(repeated=repeated)
    result = attempt(message, receiver, outbox_id=1, attempts=attempts, handed_over=lambda: None, now=NOW)
    return result.state, result.phase, result.retry_at


def test_an_answer_is_acceptance() -> None:
    assert tried(Receiver()) == ("accepted", "handed over", None)


def test_a_fault_that_passes_is_tried_again_later_and_later() -> None:
    busy = Receiver(DeliveryError("busy", passing=True))

    waits = [tried(busy, attempts=number)[2] - NOW for number in range(1, 7)]
    assert [wait.total_seconds() / 60 for wait in waits] == [1, 5, 15, 30, 30, 30]


def test_a_wait_that_the_receiver_asks_for_is_kept() -> None:
    assert tried(Receiver(DeliveryError("busy", passing=True, retry_after_s=600)))[2] == NOW + timedelta(minutes=10)


def test_a_fault_that_stays_is_final() -> None:
    assert tried(Receiver(DeliveryError("no such mailbox", passing=False))) == ("failed", "claimed", None)


def test_no_answer_after_the_hand_over_is_tried_once_more_at_once_and_then_unknown() -> None:
    silent = Receiver(DeliveryError("no answer", passing=True, ambiguous=True), after=True)

    assert tried(silent) == ("deferred", "handed over", NOW)
    assert tried(silent, repeated=True) == ("unknown", "handed over", None)


def test_a_receiver_that_breaks_down_fails_its_message_and_its_words_are_not_kept() -> None:
    message = mail_message()
    result = attempt(message, Receiver(ValueError("child P1042")), outbox_id=1, attempts=1, handed_over=lambda: None, now=NOW)

    assert (result.state, result.answer) == ("failed", "the receiver broke down (ValueError)")
