"""The audit of who was told: each alert that was firing was told to everybody it was for, or withheld for a reason that is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerting.audit import verify
from alerting.model import DeliveryReason
from alerting.store.store import Store
from tests.audited_week import (
    DAY,
    LAST,
    MESSAGE,
    NOW,
    THE_LAST_TO_M1,
    THE_LAST_TO_S1,
    copied,
    damage,
    found,
    not_told,
    of_i2,
    opened,
    the_alert,
)
from tests.made_council import MONDAY


@pytest.fixture
def store(audited_week: Path, tmp_path: Path) -> Iterator[Store]:
    store = opened(copied(audited_week, tmp_path))
    yield store
    store.close()


def put(store: Store, row: str) -> None:
    """Put a row of whom an alert is for in place of all those that stand."""
    damage(store, f"DELETE FROM routed WHERE alert_id = {row.split(',', maxsplit=1)[0]} AND until IS NULL")
    damage(store, f"INSERT INTO routed (alert_id, recipient, run_id, since, reason) VALUES ({row})")


def not_accepted(
    store: Store, message: int, state: str, answer: str | None = "why", reason: DeliveryReason = DeliveryReason.refused
) -> None:
    """Let a message have come to nothing, or wait, so that nobody was told by it."""
    ended = "NULL" if state in ("planned", "deferred") else "finished_at"
    said = "NULL" if answer is None else f"'{answer}'"
    damage(
        store,
        f"DELETE FROM told WHERE recipient = (SELECT recipient FROM outbox WHERE id = {message})",
        f"DELETE FROM delivery WHERE outbox_id = {message}",
        f"UPDATE outbox SET state = '{state}', reason = '{reason}', answer = {said}, finished_at = {ended}, attempts = 0 WHERE id = {message}",
    )


def test_an_alert_of_which_no_run_has_kept_whom_it_is_for_is_found(store: Store) -> None:
    id_, name = the_alert(store, "C4")
    damage(store, f"DELETE FROM routed WHERE alert_id = {id_}")

    assert of_i2(store) == [f"{name}: is firing, and it is not kept whom that was for"]


def test_of_two_managers_the_one_who_was_not_told_is_found(store: Store) -> None:
    id_, name = the_alert(store, "C4")
    damage(store, f"DELETE FROM told WHERE alert_id = {id_} AND recipient = 'S1'")

    assert of_i2(store) == [f"{name}: is firing, {not_told('S1')}"]


@pytest.mark.parametrize("state", ["planned", "deferred", "failed", "unknown", "cancelled"])
def test_one_whom_a_message_of_today_is_about_to_tell_or_could_not_tell_is_well(store: Store, state: str) -> None:
    not_accepted(store, THE_LAST_TO_S1, state)

    assert of_i2(store) == []


def test_a_message_of_an_earlier_day_that_came_to_nothing_is_no_reason_today(store: Store) -> None:
    _, name = the_alert(store, "C4")
    not_accepted(store, THE_LAST_TO_S1, "failed")
    damage(store, f"UPDATE outbox SET run_id = 1, finished_at = '2026-03-02 07:00:00' WHERE id = {THE_LAST_TO_S1}")

    assert of_i2(store) == [f"{name}: is firing, {not_told('S1')}"]


def test_a_message_that_came_back_since_the_run_says_why_somebody_is_not_told_until_the_next(store: Store) -> None:
    not_accepted(store, THE_LAST_TO_S1, "failed", "bounced: 550", DeliveryReason.bounced)
    damage(store, f"UPDATE outbox SET run_id = 1, finished_at = '2026-03-05 16:00:00' WHERE id = {THE_LAST_TO_S1}")

    assert of_i2(store) == []


def test_what_took_the_place_of_a_message_must_tell_it_instead(store: Store) -> None:
    id_, name = the_alert(store, "C4")
    not_accepted(store, THE_LAST_TO_S1, "cancelled", reason=DeliveryReason.superseded)
    assert of_i2(store) == []

    another = {"told": [[id_ - 1, 3, "firing"]]}
    damage(store, f"INSERT INTO outbox {MESSAGE} VALUES ('k', 4, 'outbox', 'daily', 'S1', '', '2026-03-05', 3, '{json.dumps(another)}', '<k>', '2026-03-05 07:00:00', 'planned', 0)")  # fmt: skip
    assert of_i2(store) == [f"{name}: is firing, {not_told('S1')}"]


def test_what_waits_while_fire_is_held_is_well(store: Store) -> None:
    not_accepted(store, THE_LAST_TO_S1, "planned", None)
    damage(
        store,
        f"UPDATE outbox SET expires_at = '2026-03-05 09:00:00' WHERE id = {THE_LAST_TO_S1}",
        "INSERT INTO state VALUES ('hold_fire', '{}', '2026-03-05 06:00:00')",
    )

    assert found(store, since=LAST) == []


def test_what_was_passed_on_counts_as_told_to_whom_it_was_for(store: Store) -> None:
    not_accepted(store, THE_LAST_TO_S1, "failed", "550 no such mailbox")
    id_, name = the_alert(store, "C4")
    content = {"told": [[name.partition(" ")[0], 3, "firing"]], "for": {"id": "S1", "name": "Person S1"}}
    damage(
        store,
        f"INSERT INTO outbox {MESSAGE} VALUES ('k', 4, 'outbox', 'daily', 'H1', '', '2026-03-05', 3, '{json.dumps(content)}', '<k>', '2026-03-05 07:00:00', 'accepted', 1)",
        f"UPDATE outbox SET stands_for = {THE_LAST_TO_S1}, finished_at = '2026-03-05 07:00:00' WHERE key = 'k'",
        "INSERT INTO delivery (outbox_id, attempt, at, state, phase, answer) SELECT id, 1, planned_at, 'accepted', 'sent', 'ok' FROM outbox WHERE key = 'k'",
        f"INSERT INTO told VALUES ('outbox', 'S1', {id_}, 3, 'passed_on', '2026-03-05')",
    )

    assert found(store, since=LAST) == []


@pytest.mark.parametrize("recipient", ["*", "M1"])
def test_one_that_is_withheld_with_a_reason_is_well(store: Store, recipient: str) -> None:
    id_, _ = the_alert(store, "C4")
    damage(store, f"DELETE FROM told WHERE alert_id = {id_}")
    put(store, f"{id_}, '{recipient}', 4, '2026-03-05', 'snoozed'")

    assert of_i2(store) == []


@pytest.mark.parametrize("reason", ["''", "' '", "NULL", "'because'"])
def test_one_that_is_withheld_for_no_reason_is_found(store: Store, reason: str) -> None:
    id_, name = the_alert(store, "C4")
    put(store, f"{id_}, '*', 4, '2026-03-05', {reason}")

    assert of_i2(store) == [f"{name}: is firing, and nobody was told of it, for no reason that is kept"]


def test_a_brake_is_the_reason_of_an_alert_of_which_nothing_else_is_kept_while_it_is_on(store: Store) -> None:
    id_, name = the_alert(store, "C4")
    damage(
        store,
        f"DELETE FROM routed WHERE alert_id = {id_}",
        "INSERT INTO brake (rule, since, run_id, count, kind) VALUES ('cp-visit-overdue', '2026-03-05', 4, 30, 'storm')",
    )
    assert of_i2(store) == []

    damage(store, "UPDATE brake SET released_at = '2026-03-05 12:00:00'")
    assert of_i2(store) == [f"{name}: is firing, and it is not kept whom that was for"]


# ---- I2 of days that have passed: C3 was firing on 2 and 4 March, on hold on 3 March, and left on 5 March


def test_one_who_was_never_told_of_what_has_ended_since_is_found_with_the_days(store: Store) -> None:
    _, name = the_alert(store, "C3")
    damage(store, "DELETE FROM delivery WHERE outbox_id = 2", "DELETE FROM outbox WHERE id = 2")

    assert [each for each in of_i2(store) if each.startswith(name)] == [
        f"{name}: was firing on 2 days from 2 March 2026 to 4 March 2026, {not_told('S1')}"
    ]
    assert of_i2(store, since=MONDAY + 2 * DAY, until=MONDAY + 2 * DAY) == [
        f"{name}: was firing on 4 March 2026, {not_told('S1')}"
    ]
    assert of_i2(store, since=MONDAY + DAY, until=MONDAY + DAY) == [], "it was on hold"


def test_a_day_is_shown_by_what_was_told_before_the_range_began(store: Store) -> None:
    assert of_i2(store, since=MONDAY + 2 * DAY, until=MONDAY + 2 * DAY) == []


def test_what_somebody_was_told_is_over_must_be_told_them_again(store: Store) -> None:
    id_, name = the_alert(store, "C3")
    told = f'{{"told": [[{id_}, 3, "resolved"]]}}'
    damage(store, f"UPDATE outbox SET content = '{told}', as_of = '2026-03-03' WHERE id = {THE_LAST_TO_M1}")
    expected = [f"{name}: was firing on 4 March 2026, {not_told('M1')}"]
    damage(store, f"UPDATE outbox SET finished_at = '2026-03-03 07:01:00' WHERE id = {THE_LAST_TO_M1}")

    assert [each for each in of_i2(store) if each.startswith(name)] == expected
    assert of_i2(store, since=MONDAY + 2 * DAY, until=MONDAY + 2 * DAY) == expected


def test_a_day_on_which_it_was_not_kept_whom_an_alert_was_for_is_found(store: Store) -> None:
    id_, name = the_alert(store, "C3")
    damage(store, f"DELETE FROM routed WHERE alert_id = {id_} AND since = '2026-03-04'")

    assert of_i2(store) == [f"{name}: was firing on 4 March 2026, and it is not kept whom that was for"]

    released = "INSERT INTO brake (rule, since, run_id, count, kind, released_at) VALUES ('cp-visit-overdue', '2026-03-03', 2, 30, 'storm', '2026-03-04 12:00:00')"
    damage(store, released)
    assert of_i2(store) == []


def test_a_day_on_which_a_reason_was_kept_is_well_and_the_next_is_not(store: Store) -> None:
    id_, name = the_alert(store, "C3")
    damage(
        store,
        "DELETE FROM delivery WHERE outbox_id = 2",
        "DELETE FROM outbox WHERE id = 2",
        f"UPDATE routed SET reason = 'snoozed', detail = 'until 2 March' WHERE alert_id = {id_} AND recipient = 'S1' AND since = '2026-03-02'",
    )

    assert [each for each in of_i2(store) if each.startswith(name)] == [f"{name}: was firing on 4 March 2026, {not_told('S1')}"]


def test_a_message_that_came_to_nothing_is_a_reason_for_its_own_day_alone(store: Store) -> None:
    _, name = the_alert(store, "C3")
    not_accepted(store, 2, "cancelled", "expired: nobody answers", DeliveryReason.expired)

    assert [each for each in of_i2(store) if each.startswith(name)] == [f"{name}: was firing on 4 March 2026, {not_told('S1')}"]


def test_a_message_that_came_back_counts_as_told_until_it_did(store: Store) -> None:
    _, name = the_alert(store, "C3")
    damage(
        store,
        "UPDATE outbox SET state = 'failed', answer = 'bounced: 550', finished_at = '2026-03-04 12:00:00' WHERE id = 2",
        "INSERT INTO delivery (outbox_id, attempt, at, state, phase, answer) VALUES (2, 1, '2026-03-04 12:00:00', 'bounced', 'bounce', '550')",
    )
    assert [each for each in of_i2(store) if each.startswith(name)] == []
    assert of_i2(store, since=MONDAY + 2 * DAY, until=MONDAY + 2 * DAY) == []

    damage(store, "UPDATE delivery SET at = '2026-03-03 12:00:00' WHERE state = 'bounced'")
    assert [each for each in of_i2(store) if each.startswith(name)] == [f"{name}: was firing on 4 March 2026, {not_told('S1')}"]


def test_days_before_it_was_kept_whom_each_alert_is_for_are_said_not_to_be_shown_and_are_no_breach(store: Store) -> None:
    damage(
        store,
        "DELETE FROM routed WHERE since < '2026-03-05'",
        "INSERT INTO state VALUES ('last_without_routed', '3', '2026-03-05')",
    )

    with store.transaction() as connection:
        done = verify.verify(connection, MONDAY, LAST, NOW)
    assert done.breaches == ()
    assert done.not_shown == (
        "I2 of 3 days from 2 March 2026 to 4 March 2026: the store did not keep yet whom each alert was for",
    )
