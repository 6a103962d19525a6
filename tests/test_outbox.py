"""The outbox: planned once, claimed by one, settled with what became of it, and remembered as told."""

from __future__ import annotations

import dataclasses
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from alerting.model import Condition, Delivery, Level
from alerting.notifications.content import DigestContent, Notification, ToldAlert
from alerting.store import schema
from alerting.store.messages import claims
from alerting.store.messages.claims import ClaimedMessage, ClaimLostError
from alerting.store.messages.outbox import Outbox
from alerting.store.messages.sent import OutboxRow, list_messages
from alerting.store.messages.told import told_rows
from alerting.store.store import Store

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
DAY = date(2026, 3, 2)
LEASE = timedelta(minutes=30)
REF = "A-7K3QXM"
FIRING = ToldAlert(ref=REF, level=Level.red, condition=Condition.firing)
AT_ONCE = timedelta(microseconds=-1)
"""A lease that has run out when it is given, as that of a sender that sleeps."""


@pytest.fixture
def store(made_store: str) -> Iterator[Store]:
    store = Store.open(made_store)
    yield store
    store.close()


@pytest.fixture
def outbox(store: Store) -> Outbox:
    return Outbox(store, domain="alerts.example.gov.uk")


def notification(key: str = "k1", recipient: str = "M1", told: tuple = (), urgency: int = 0, as_of: date = DAY) -> Notification:
    return Notification(key=key, receiver="mail", purpose="daily", recipient=recipient, name="Person", address="m1@example.gov.uk",
                        as_of=as_of, content=DigestContent(items=(), told=told), urgency=urgency)  # fmt: skip


def plan(outbox: Outbox, store: Store, *notifications: Notification, now: datetime = NOW) -> tuple[int, int]:
    with store.transaction() as connection:
        return outbox.plan(connection, begun(connection), list(notifications), now)


def begun(connection: sa.Connection) -> int:
    """Return the id of a run that has begun."""
    values = {"job": "daily", "as_of": DAY, "started_at": NOW, "status": "running"}
    key = connection.execute(schema.run.insert().values(values)).inserted_primary_key
    return int(key[0]) if key else 0


def became(state: str, retry_at: datetime | None = None) -> Delivery:
    return Delivery(outbox_id=0, state=state, phase="handed over", answer="250 ok", at=NOW, retry_at=retry_at)


def listed(outbox: Outbox, state: str | None = None) -> list[OutboxRow]:
    with outbox._store.transaction() as connection:
        return list_messages(connection, [state] if state else ())


def claimed(outbox: Outbox, now: datetime = NOW, lease: timedelta = LEASE, owner: str = "here") -> ClaimedMessage:
    waiting = outbox.claim(owner, now, lease)
    assert waiting is not None
    return waiting


def settle(outbox: Outbox, waiting: ClaimedMessage, result: Delivery) -> bool:
    with outbox.transaction() as connection:
        return outbox.settle(connection, waiting, result)


def states(outbox: Outbox) -> dict[str, str]:
    return {row.key: row.state for row in listed(outbox)}


def test_the_same_notification_is_planned_once(outbox: Outbox, store: Store) -> None:
    assert plan(outbox, store, notification()) == (1, 0)

    assert plan(outbox, store, notification()) == (0, 0)


def test_a_newer_message_takes_the_place_of_an_older_one_that_has_not_gone(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification("k1"))

    assert plan(outbox, store, notification("k2")) == (1, 1)
    assert {row.key: row.state for row in listed(outbox)} == {"k1": "cancelled", "k2": "planned"}


def test_where_nothing_waits_each_message_costs_one_question_while_others_wait_for_the_store(tmp_path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'one.db'}")
    outbox, asked = Outbox(store, domain="council.example.gov.uk"), []
    sa.event.listen(store.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))

    def statements(day: date, how_many: int) -> int:
        asked.clear()
        plan(outbox, store, *(notification(f"{day} {number}", f"M{number}", as_of=day) for number in range(how_many)))
        return len(asked)

    few, many = statements(DAY, 1), statements(DAY + timedelta(days=1), 41)
    again = statements(DAY + timedelta(days=2), 41)
    store.close()

    assert many <= few + 40 + 2  # one of them takes the place of the first day's
    assert again > many


def test_a_message_to_somebody_else_is_not_superseded(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification("k1"))

    assert plan(outbox, store, notification("k2", recipient="M2")) == (1, 0)


def test_the_most_urgent_goes_first(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification("k1", "M1", urgency=2), notification("k2", "M2", urgency=4))

    assert claimed(outbox).notification.key == "k2"


def test_what_may_be_sent_goes_by_urgency_then_as_it_was_planned_whatever_became_of_it_before(
    outbox: Outbox, store: Store
) -> None:
    draw = random.Random(20_260_302)
    plan(outbox, store, *(notification(f"k{number}", f"M{number}", urgency=draw.randrange(4)) for number in range(120)))
    hour, late = timedelta(hours=1), timedelta(days=30)
    became_of_it: list[dict[str, Any]] = [
        {"state": "planned"},
        {"state": "planned", "expires_at": None},
        {"state": "planned", "expires_at": NOW - hour},
        {"state": "deferred", "next_at": NOW - hour},
        {"state": "deferred", "next_at": NOW + hour},
        {"state": "claimed", "lease_until": datetime.now(UTC) - late},
        {"state": "claimed", "lease_until": datetime.now(UTC) + late},
        {"state": "deferred", "next_at": NOW - hour, "expires_at": NOW - hour},
        {"state": "accepted"},
    ]
    may_go = [0, 1, 3, 5]
    with store.transaction() as connection:
        rows = connection.execute(sa.select(schema.outbox.c.id, schema.outbox.c.urgency).order_by(schema.outbox.c.id)).all()
        drawn = {row.id: draw.randrange(len(became_of_it)) for row in rows}
        for id_, which in drawn.items():
            connection.execute(schema.outbox.update().where(schema.outbox.c.id == id_).values(became_of_it[which]))

    went = []
    while (waiting := outbox.claim("here", NOW, LEASE)) is not None:
        went.append(waiting.id)

    ready = [row for row in rows if drawn[row.id] in may_go]
    assert went == [row.id for row in sorted(ready, key=lambda row: (-row.urgency, row.id))]


def test_to_choose_the_next_message_is_no_more_work_where_ten_times_as_many_wait(tmp_path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'one.db'}")
    outbox = Outbox(store, domain="alerts.example.gov.uk")
    took = []
    for count in (60, 600):
        plan(outbox, store, *(notification(f"k{number}", f"M{number}", urgency=number % 3) for number in range(count)))
        steps: list[int] = []
        with store.transaction() as connection:
            connection.connection.set_progress_handler(lambda steps=steps: steps.append(1), 1)
            claims.choose(connection, NOW, datetime.now(UTC), ())
            connection.connection.set_progress_handler(None, 1)
        took.append(len(steps))
    store.close()

    # Of each that waits no more is looked at than how urgent it is.
    assert (took[1] - took[0]) / 540 < 8


def test_a_claimed_row_is_nobody_elses_until_its_lease_runs_out(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification())
    claimed(outbox)

    assert outbox.claim("there", NOW, LEASE) is None


def test_a_lease_goes_by_the_clock_of_the_database_alone(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification(), now=NOW)
    first = claimed(outbox, lease=AT_ONCE)

    # This host's clock stands still, or was set back: that keeps no claim alive.
    again = claimed(outbox, NOW - timedelta(hours=2), owner="there")
    assert (again.id, again.attempts, again.repeated) == (first.id, 2, False)
    # Nor does a clock that runs ahead end one.
    assert outbox.claim("here", NOW + timedelta(hours=3), LEASE) is None


def test_that_a_message_may_have_left_and_what_became_of_it_are_on_the_disk_before_anything_else_is_done(tmp_path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'one.db'}")
    outbox = Outbox(store, domain="alerts.example.gov.uk")
    plan(outbox, store, notification())
    waits: list[str] = []

    @sa.event.listens_for(store.engine, "commit")
    def note(connection: sa.Connection) -> None:
        waits.append({1: "later", 2: "now"}[connection.exec_driver_sql("PRAGMA synchronous").scalar_one()])

    waiting = claimed(outbox)
    outbox.hand_over(waiting, NOW)
    settle(outbox, waiting, became("accepted"))
    store.close()

    claim, hand_over, settled = waits
    assert (hand_over, settled) == ("now", "now")
    # By a claim nothing leaves: where it is lost, the message is there as it was planned.
    assert claim == "later"


def test_a_sender_that_slept_while_another_took_over_can_neither_hand_over_nor_settle(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification())
    slept = claimed(outbox, lease=AT_ONCE)
    took_over = claimed(outbox, owner="there")

    with pytest.raises(ClaimLostError):
        outbox.hand_over(slept, NOW)
    assert settle(outbox, slept, became("accepted")) is False
    assert states(outbox) == {"k1": "claimed"}
    assert settle(outbox, took_over, became("accepted")) is True
    assert states(outbox) == {"k1": "accepted"}


def test_the_same_sender_in_its_next_life_is_another(outbox: Outbox, store: Store) -> None:
    # In a container the process has the same number each time.
    plan(outbox, store, notification())
    slept = claimed(outbox, lease=AT_ONCE)
    claimed(outbox)

    with pytest.raises(ClaimLostError):
        outbox.hand_over(slept, NOW)


def test_an_attempt_that_ends_after_its_claim_was_lost_is_written_down_as_late(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification())
    slept = claimed(outbox, lease=AT_ONCE)
    settle(outbox, claimed(outbox, owner="there"), became("accepted"))
    settle(outbox, slept, became("accepted"))

    with store.transaction() as connection:
        rows = connection.execute(sa.select(schema.delivery.c.attempt, schema.delivery.c.state)).all()
    assert sorted(rows) == [(1, "late"), (2, "accepted")]


def test_settling_again_after_the_database_went_away_with_the_answer_changes_nothing(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification())
    waiting = claimed(outbox)
    settle(outbox, waiting, became("accepted"))

    assert settle(outbox, waiting, became("accepted")) is False
    with store.transaction() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.delivery)).scalar() == 1


@pytest.mark.slow
def test_the_hand_over_lengthens_the_lease_for_the_wait_for_an_answer(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification())
    waiting = claimed(outbox, lease=timedelta(milliseconds=60))
    outbox.hand_over(dataclasses.replace(waiting, lease=LEASE), NOW)
    time.sleep(0.08)

    assert outbox.claim("there", NOW, LEASE) is None


def test_after_a_crash_behind_the_hand_over_it_is_the_same_message_and_says_that_it_may_be_a_repeat(
    outbox: Outbox, store: Store
) -> None:
    plan(outbox, store, notification())
    first = claimed(outbox, lease=AT_ONCE)
    outbox.hand_over(first, NOW)

    again = claimed(outbox)
    assert again.repeated
    assert (again.message_id, again.planned_at) == (first.message_id, first.planned_at)


def test_a_clear_answer_after_the_hand_over_leaves_no_doubt_so_the_next_attempt_is_no_repeat(
    outbox: Outbox, store: Store
) -> None:
    plan(outbox, store, notification())
    waiting = claimed(outbox)
    outbox.hand_over(waiting, NOW)
    settle(outbox, waiting, became("deferred", retry_at=NOW))

    assert claimed(outbox).repeated is False


def test_a_clear_answer_to_a_repeat_does_not_take_the_doubt_away(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification())
    crashed = claimed(outbox, lease=AT_ONCE)
    outbox.hand_over(crashed, NOW)
    again = claimed(outbox)
    outbox.hand_over(again, NOW)
    settle(outbox, again, became("deferred", retry_at=NOW))

    assert claimed(outbox).repeated is True


def test_many_senders_share_the_rows_without_sending_one_twice(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, *(notification(f"k{number}", f"M{number}") for number in range(30)))
    taken: list[int] = []

    def send(name: str) -> None:
        while (waiting := outbox.claim(name, NOW, LEASE)) is not None:
            taken.append(waiting.id)
            settle(outbox, waiting, became("accepted"))

    threads = [threading.Thread(target=send, args=(f"sender {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == sorted(set(taken))
    assert outbox.counts(1) == {"accepted": 30}


def test_a_message_whose_content_cannot_be_read_fails_and_keeps_no_other_waiting(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification("k1", urgency=3), notification("k2"))
    with store.transaction() as connection:
        connection.execute(schema.outbox.update().where(schema.outbox.c.key == "k1").values(content='{"kind": "song"}'))

    assert claimed(outbox).notification.key == "k2"
    assert states(outbox)["k1"] == "failed"
    assert [row.answer for row in listed(outbox, "failed")] == [
        "the message could not be put into words (what stands in the outbox cannot be read: its kind is not known)"
    ]


def test_a_deferred_message_waits_for_its_time(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification())
    settle(outbox, claimed(outbox), became("deferred", retry_at=NOW + LEASE))

    assert outbox.claim("here", NOW, LEASE) is None
    assert claimed(outbox, NOW + LEASE).attempts == 2


@pytest.mark.parametrize(
    ("state", "remembered"), [("accepted", True), ("failed", False), ("deferred", False), ("unknown", False)]
)
def test_only_what_was_accepted_counts_as_told(outbox: Outbox, store: Store, state: str, remembered: bool) -> None:
    an_alert(store)
    plan(outbox, store, notification(told=(FIRING,)))
    settle(outbox, claimed(outbox), became(state, retry_at=NOW))

    with store.transaction() as connection:
        assert (("mail", "M1", REF) in told_rows(connection)) is remembered


def an_alert(store: Store) -> int:
    """Return the id of an alert that fires."""
    values = {"ref": REF, "rule": "r", "code": "R-1", "subject_kind": "child", "subject": "C1", "episode": 1, "unit": "",
              "condition": "firing", "level": 3, "first_seen": DAY, "level_since": DAY, "also": "", "streak": 0}  # fmt: skip
    with store.transaction() as connection:
        key = connection.execute(schema.alert.insert().values(values)).inserted_primary_key
    return int(key[0]) if key else 0


def test_an_alert_that_the_store_has_not_is_told_and_costs_the_others_nothing(outbox: Outbox, store: Store) -> None:
    an_alert(store)
    plan(outbox, store, notification(told=(FIRING, replace(FIRING, ref="A-GONE"))))
    settle(outbox, claimed(outbox), became("accepted"))

    with store.transaction() as connection:
        told = connection.execute(sa.select(schema.told.c.recipient)).scalars().all()
    assert told == ["M1"]


# ---- what waits too long, and what takes its place


def test_what_a_superseded_message_would_have_told_is_still_to_be_told(outbox: Outbox, store: Store) -> None:
    an_alert(store)
    plan(outbox, store, notification("k1", told=(FIRING,)))
    plan(outbox, store, notification("k2", told=(FIRING,)))

    with store.transaction() as connection:
        assert told_rows(connection) == {}
    settle(outbox, claimed(outbox), became("accepted"))
    with store.transaction() as connection:
        assert list(told_rows(connection)) == [("mail", "M1", REF)]


def test_a_message_that_takes_the_place_of_one_of_an_earlier_day_says_that_it_was_delayed(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification("k1"))
    plan(outbox, store, notification("k2", as_of=DAY + timedelta(days=1)), now=NOW + timedelta(days=1))
    plan(outbox, store, notification("k3", as_of=DAY + timedelta(days=2)), now=NOW + timedelta(days=2))

    [banner] = claimed(outbox, NOW + timedelta(days=2)).notification.content.banners
    assert banner.startswith("Delayed by an outage: your message of Monday 2 March 2026 could not be delivered.")


def test_a_second_message_of_the_same_day_is_not_delayed(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification("k1"))
    plan(outbox, store, notification("k2"))

    assert claimed(outbox).notification.content.banners == ()


def test_after_a_message_that_arrived_nothing_was_delayed(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification("k1"))
    plan(outbox, store, notification("k2", as_of=DAY + timedelta(days=1)))
    settle(outbox, claimed(outbox), became("accepted"))
    plan(outbox, store, notification("k3", as_of=DAY + timedelta(days=2)))

    assert claimed(outbox).notification.content.banners == ()


def test_a_message_that_is_wanted_again_on_its_day_is_planned_again(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification("k1"))
    plan(outbox, store, notification("k2"))

    assert plan(outbox, store, notification("k1")) == (1, 1)
    assert states(outbox) == {"k1": "planned", "k2": "cancelled"}


def test_a_daily_message_is_given_up_at_the_end_of_its_day(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification("k1"))
    settle(outbox, claimed(outbox), became("deferred", retry_at=NOW + LEASE))
    tonight = NOW + timedelta(hours=17)

    assert outbox.claim("here", tonight, LEASE) is None
    assert expired(outbox, tonight - timedelta(hours=1)) == []
    assert expired(outbox, tonight) == [("mail", 1)]
    [row] = listed(outbox)
    assert (row.state, row.answer, row.finished_at) == ("cancelled", "expired: 250 ok", tonight)


def test_what_is_given_up_and_may_have_arrived_is_unknown(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification("k1"))
    outbox.hand_over(claimed(outbox, lease=AT_ONCE), NOW)
    with store.transaction() as connection:
        connection.execute(schema.outbox.update().values(lease_until=NOW))

    expired(outbox, NOW + timedelta(days=1))

    assert states(outbox) == {"k1": "unknown"}


def test_what_somebody_is_sending_is_not_given_up(outbox: Outbox, store: Store) -> None:
    plan(outbox, store, notification("k1"))
    claimed(outbox)

    assert expired(outbox, NOW + timedelta(days=1)) == []


def expired(outbox: Outbox, now: datetime) -> list[tuple[str, int]]:
    with outbox.transaction() as connection:
        return [(found.receiver, found.count) for found in outbox.expire(connection, now)]
