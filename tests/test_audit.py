"""The audit: it finds nothing in a store that the line has written, and every place where one contradicts a promise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from alerting.app import build
from alerting.audit import verify
from alerting.commands import cli
from alerting.store.store import Store
from tests.audited_week import DAY, LAST, NOW, copied, damage, found, not_told, of_i2, opened, the_alert
from tests.made_council import MONDAY
from tests.office import Office


@pytest.fixture
def service(audited_week: Path, tmp_path: Path) -> Path:
    return copied(audited_week, tmp_path)


@pytest.fixture
def store(service: Path) -> Iterator[Store]:
    store = opened(service)
    yield store
    store.close()


@pytest.mark.slow
def test_what_the_line_has_written_keeps_every_promise(store: Store) -> None:
    with store.transaction() as connection:
        done = verify.verify(connection, MONDAY, LAST, NOW, due=[("daily", MONDAY + count * DAY) for count in range(4)])

    assert done.breaches == ()
    assert done.looked_at["occurrences"] == 4
    assert all(done.looked_at.values())


# ---- I1: runs


@pytest.mark.slow
def test_a_day_that_was_due_and_of_which_there_is_nothing_is_found(store: Store) -> None:
    assert found(store, due=(("daily", date(2026, 3, 6)),), until=date(2026, 3, 6)) == [
        "I1 daily of 6 March 2026: was due, and was neither done nor noted as missed"
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("state = 'missed', note = NULL", "is noted as missed, without why"),
        ("state = 'running', lease_until = '2026-03-02 07:30:00'", "was begun and has not ended, and nobody works on it"),
        ("state = 'failed'", "is failed, and was neither done since nor noted as missed"),
        ("state = 'stopped'", "is stopped, and was neither done since nor noted as missed"),
    ],
)
@pytest.mark.slow
def test_a_run_that_did_not_come_to_its_end_is_found(store: Store, change: str, problem: str) -> None:
    damage(store, f"UPDATE occurrence SET {change} WHERE as_of = '2026-03-02'")

    assert found(store) == [f"I1 daily of 2 March 2026: {problem}"]


def test_a_day_that_is_noted_as_missed_with_its_reason_is_well(store: Store) -> None:
    damage(store, "UPDATE occurrence SET state = 'missed', note = 'the machine was off' WHERE as_of = '2026-03-02'")

    assert found(store) == []


def test_a_run_that_somebody_works_on_is_well(store: Store) -> None:
    damage(store, "UPDATE occurrence SET state = 'running', lease_until = '2026-03-06 09:05:00' WHERE as_of = '2026-03-05'")

    assert found(store) == []


def test_a_run_whose_report_was_never_written_is_found(store: Store) -> None:
    damage(store, "UPDATE run SET finished_at = NULL, report = NULL, status = 'running' WHERE id = 1")

    assert found(store) == ["I1 run 1, daily of 2 March 2026: has no end"]


# ---- I3: messages


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("finished_at = NULL", "is accepted, without when"),
        ("state = 'cancelled', answer = NULL", "is cancelled, without why"),
        ("state = 'planned'", "is planned, and yet has an end"),
        ("state = 'lost'", "is in no known state (lost)"),
        ("state = 'failed', answer = 'why'", "was accepted, and is failed"),
        ("attempts = 0", "has 0 attempts and an outcome of more"),
        ("attempts = 2", "has no outcome of its last attempt"),
        (
            "state = 'deferred', finished_at = NULL, expires_at = '2026-03-04 07:00:00'",
            "is past its time, and was neither sent nor given up",
        ),
    ],
)
def test_a_message_that_contradicts_itself_is_found(store: Store, change: str, problem: str) -> None:
    damage(store, f"UPDATE outbox SET {change} WHERE id = 1")

    assert f"I3 message 1 (daily, 2 March 2026): {problem}" in found(store)


def test_outcomes_that_do_not_add_up_are_found(store: Store) -> None:
    damage(
        store,
        "INSERT INTO delivery (outbox_id, attempt, at, state, phase, answer) SELECT outbox_id, attempt, at, state, phase, answer FROM delivery WHERE outbox_id = 1",
        "DELETE FROM delivery WHERE outbox_id = 2",
    )

    problems = found(store)
    assert "I3 message 1 (daily, 2 March 2026): has two outcomes of one attempt" in problems
    assert "I3 message 1 (daily, 2 March 2026): was accepted 2 times" in problems
    assert "I3 message 2 (daily, 2 March 2026): is accepted, and no attempt was" in problems


def test_an_attempt_that_was_cut_short_by_a_crash_is_well_when_one_came_after_it(store: Store) -> None:
    damage(store, "UPDATE outbox SET attempts = 2 WHERE id = 1", "UPDATE delivery SET attempt = 2 WHERE outbox_id = 1")

    assert found(store) == []


def test_a_message_past_its_time_while_fire_is_held_is_well(store: Store) -> None:
    damage(
        store,
        "UPDATE outbox SET state = 'planned', finished_at = NULL, attempts = 0, expires_at = '2026-03-04 07:00:00' WHERE id = 1",
        "DELETE FROM delivery WHERE outbox_id = 1",
        "INSERT INTO state VALUES ('hold_fire', '{}', '2026-03-04 06:00:00')",
    )

    assert [each for each in found(store) if "past its time" in each] == []


def test_what_was_accepted_and_is_not_known_as_told_is_found(store: Store) -> None:
    id_, _ = the_alert(store, "C4")
    damage(store, f"DELETE FROM told WHERE alert_id = {id_} AND recipient = 'M1'")

    [problem] = [each for each in found(store) if each.startswith("I3")]
    assert problem.endswith("was accepted, and of 1 alert in it the store does not know so")


def test_a_message_that_stands_for_one_that_did_not_fail_is_found(store: Store) -> None:
    damage(store, "UPDATE outbox SET stands_for = 2 WHERE id = 1")

    assert found(store) == ["I3 message 1: stands for message 2, which is accepted"]


# ---- I5 and the history of alerts


@pytest.mark.parametrize("reason", ["not_in_data", "never_fired", "left", "because", ""])
def test_an_alert_that_ended_without_evidence_is_found(store: Store, reason: str) -> None:
    _, name = the_alert(store, "C1")
    damage(store, f"UPDATE transition SET reason = '{reason}' WHERE after = 'resolved' AND reason = 'cleared'")

    assert f"I5 {name}: ended on 4 March 2026 without evidence: what is given as its reason ends no alert" in found(store)


def test_an_alert_that_was_cleared_by_a_run_that_did_not_ask_its_rule_is_found(store: Store) -> None:
    _, name = the_alert(store, "C1")
    with store.transaction() as connection:
        report = connection.execute(sa.text("SELECT report FROM run WHERE id = 3")).scalar_one()
        asked = report.replace('"id": "cp-visit-overdue", "status": "ok"', '"id": "cp-visit-overdue", "status": "withheld"')
        assert asked != report
        connection.execute(sa.text("UPDATE run SET report = :report WHERE id = 3"), {"report": asked})

    assert found(store) == [f"I5 {name}: ended on 4 March 2026 as cleared, in a run that did not ask its rule (withheld)"]


def test_an_alert_that_was_closed_by_hand_names_who_did_it(store: Store) -> None:
    _, name = the_alert(store, "C1")
    damage(store, "UPDATE transition SET reason = 'closed', detail = 'duplicate' WHERE after = 'resolved' AND reason = 'cleared'")
    assert found(store) == [f"I5 {name}: ended on 4 March 2026 by hand, and nobody is named"]

    damage(store, "UPDATE transition SET by = 'A. Officer' WHERE reason = 'closed'")
    assert found(store) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("before = 'pending' WHERE before = 'held'", "its change of 4 March 2026 begins at pending, and it was held"),
        ("reason = ' ' WHERE after = 'held'", "its change of 3 March 2026 does not say why, or by whom"),
        ("run_id = NULL WHERE after = 'held'", "its change of 3 March 2026 belongs to no run and to nobody"),
        ("as_of = '2026-03-01' WHERE after = 'held'", "its change of 1 March 2026 comes after one of 2 March 2026"),
        ("level_before = 1 WHERE before = 'held'", "its change of 4 March 2026 begins at another level than it had"),
    ],
)
def test_a_history_that_does_not_follow_is_found(store: Store, change: str, problem: str) -> None:
    _, name = the_alert(store, "C1")
    damage(store, f"UPDATE transition SET {change}")

    assert f"history {name}: {problem}" in found(store)


def test_a_condition_that_no_change_led_to_is_found(store: Store) -> None:
    id_, name = the_alert(store, "C4")
    damage(store, f"UPDATE alert SET condition = 'held' WHERE id = {id_}")

    assert f"history {name}: it is held, and its history ends with firing, or at another level" in found(store)


def test_what_is_found_names_references_and_no_case(store: Store) -> None:
    damage(
        store,
        "UPDATE transition SET reason = 'Person C1 Jones', before = 'pending'",
        "DELETE FROM told",
        "DELETE FROM routed",
        "DELETE FROM delivery",
        "UPDATE occurrence SET state = 'failed', note = 'Person C1 Jones'",
    )

    problems = " ".join(found(store))
    assert len(problems) > 500
    assert not {word for word in ("Jones", "C1", "C3", "C4", "Person") if word in problems}


# ---- the command


def run_command(service: Path, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["--config", str(service / "config.yaml"), "audit", "verify", *words])
    return result.exit_code, result.output


def test_the_command_says_what_it_looked_at_and_that_all_is_well(service: Path) -> None:
    code, said = run_command(service)

    assert code == 0
    assert said.startswith("2 March 2026 to 5 March 2026: 4 occurrences, ")
    assert "Every promise is kept" in said


def test_the_command_lists_what_is_not_kept_and_says_so_by_its_exit_code(service: Path, store: Store) -> None:
    damage(store, "UPDATE occurrence SET state = 'failed' WHERE as_of = '2026-03-03'")

    code, said = run_command(service, "--from", "2026-03-03", "--to", "2026-03-03")

    assert (code, said.splitlines()[1:-1]) == (
        1,
        ["1 promise is not kept:", "  I1 daily of 3 March 2026: is failed, and was neither done since nor noted as missed"],
    )
    assert run_command(service, "--from", "2026-03-04")[0] == 0


def test_the_command_says_what_cannot_be_shown(service: Path, store: Store) -> None:
    damage(store, "INSERT INTO state VALUES ('last_without_routed', '1', '2026-03-03')")

    code, said = run_command(service)

    assert (code, said.splitlines()[1:2]) == (
        0,
        ["Not shown: I2 of 2 March 2026: the store did not keep yet whom each alert was for."],
    )
    assert json.loads(run_command(service, "--json")[1])["not_shown"] == [
        "I2 of 2 March 2026: the store did not keep yet whom each alert was for"
    ]


def test_the_command_asks_for_the_slots_of_the_timetable(service: Path, store: Store) -> None:
    damage(store, "DELETE FROM occurrence WHERE as_of = '2026-03-03'")

    code, said = run_command(service, "--json")

    assert code == 1
    assert json.loads(said)["breaches"] == [
        {"promise": "I1", "about": "daily of 3 March 2026", "problem": "was due, and was neither done nor noted as missed"}
    ]


def test_a_store_in_which_nothing_was_run_has_nothing_to_prove(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.council.configure("sqlite:///alerting.db")
    office.council.write()

    code, said = run_command(tmp_path)

    assert (code, "nothing has been run yet" in said) == (1, True)


@pytest.mark.slow
def test_a_run_proves_it_of_itself_and_its_report_says_so(tmp_path: Path) -> None:
    assert Office(tmp_path).run(MONDAY).as_json()["breaches"] == []


@pytest.mark.slow
def test_it_is_the_same_on_either_database(tmp_path: Path, store_url: str) -> None:
    office = Office(tmp_path, store_url)
    office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    office.run(MONDAY)
    office.run(MONDAY, "weekly")
    office.council.on_a_plan("C5", seen=MONDAY - 50 * DAY)
    office.run(MONDAY + DAY)
    office.run(MONDAY + 2 * DAY)
    store = Store.open(build(tmp_path / "config.yaml").store_url)
    try:
        assert found(store, due=(("daily", MONDAY), ("weekly", MONDAY))) == []
        assert found(store, since=MONDAY + DAY, until=MONDAY + DAY) == []
        _, name = the_alert(store, "C1")
        damage(
            store,
            "DELETE FROM delivery WHERE outbox_id IN (SELECT id FROM outbox WHERE as_of = '2026-03-02' AND recipient = 'S1')",
            "DELETE FROM outbox WHERE as_of = '2026-03-02' AND recipient = 'S1'",
        )
        assert of_i2(store, since=MONDAY, until=MONDAY) == [f"{name}: was firing on 2 March 2026, {not_told('S1')}"]
        assert found(store, since=MONDAY + DAY) == [], "the message of Tuesday told it with what was new"
    finally:
        store.close()
