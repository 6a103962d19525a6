"""What came back: who is told instead, what the recipient counts as told, and what changes nothing."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from alerting.delivery import bounce_reports
from alerting.store import schema
from tests.bounced_mails import OUT_OF_OFFICE, READ_RECEIPT, bounce, exchange
from tests.made_council import MONDAY
from tests.returned_mail import DAY, Post, on, to, words
from tests.servers import ScriptedMailServer

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("written", [bounce, exchange])
def test_what_came_back_goes_to_the_next_manager_up_in_the_next_run_and_its_reader_is_tried_again(
    post: Post, relay: ScriptedMailServer, written: Any
) -> None:
    [first] = post.rows("M1")
    post.arrives(written(first.message_id))
    report = post.run(MONDAY + DAY)

    assert report.sending.bounces == {"returned": 1}
    assert report.sending.breaches == ()
    [passed_on] = to(relay, "s1")
    assert "This was for Person M1; it could not be delivered to them." in words(passed_on)
    assert len(to(relay, "m1")) == 1
    assert post.told("M1") == {"C1": "new", "C2": "new"}
    [first, *_] = post.rows("M1")
    assert first.state == "failed"
    assert first.answer.startswith("bounced: 550 5.1.1")
    tries = [(row.attempt, row.state) for row in post.all(schema.delivery) if row.outbox_id == first.id]
    assert tries == [(1, "accepted"), (1, "bounced")]
    assert post.refused() == []
    assert post.breaches(MONDAY + DAY) == []
    assert post.administrators_told().count("A message to Person M1 came back") == 1
    # They have been told by now, whatever was told in their stead before.
    post.run(MONDAY + 2 * DAY)
    assert (len(to(relay, "m1")), len(to(relay, "s1"))) == (1, 1)
    assert post.breaches(MONDAY + 2 * DAY) == []


def test_what_came_back_on_two_days_refuses_the_address(post: Post, relay: ScriptedMailServer) -> None:
    post.council.on_a_plan("C3", seen=MONDAY - 3 * DAY)
    for number in range(2):
        post.arrives(bounce(post.rows("M1")[-1].message_id))
        post.run(MONDAY + (number + 1) * DAY)

    # On Tuesday both were tried; on Wednesday S1 alone hears what was new in what came back.
    assert post.alert("C3", "plan-long").ref in words(to(relay, "s1")[-1])
    assert (len(to(relay, "m1")), len(to(relay, "s1"))) == (1, 2)
    assert post.refused() == ["m1@example.gov.uk"]
    assert post.administrators_told().count("Messages to Person M1 cannot be delivered") == 1
    assert post.breaches(MONDAY + 2 * DAY) == []
    post.run(MONDAY + 3 * DAY)
    assert (len(to(relay, "m1")), len(to(relay, "s1"))) == (1, 2)
    assert post.breaches(MONDAY + 3 * DAY) == []


def test_it_is_passed_on_the_same_morning_where_the_outbox_is_sent_in_between(any_post: Post, relay: ScriptedMailServer) -> None:
    post = any_post
    [first] = post.rows("M1")
    post.arrives(bounce(first.message_id))
    looked = post.look(on(MONDAY), send=True)

    assert (dict(looked.counts), looked.problems) == ({"returned": 1}, ())
    assert [(row.state, row.stands_for) for row in post.rows("S1")] == [("accepted", first.id)]
    assert len(to(relay, "s1")) == 1
    assert post.breaches(MONDAY) == []
    # The next day nothing is new to S1, and M1 is tried again.
    post.run(MONDAY + DAY)
    assert (len(to(relay, "s1")), len(to(relay, "m1"))) == (1, 2)
    assert post.breaches(MONDAY + DAY) == []


def test_with_another_address_they_are_told_all_of_it_as_new(post: Post, relay: ScriptedMailServer) -> None:
    [first] = post.rows("M1")
    post.arrives(bounce(first.message_id))
    post.look(on(MONDAY), send=True)
    post.council.row("ext_staff", worker_id="M1")["email"] = "m.one@example.gov.uk"
    post.run(MONDAY + DAY)

    assert post.told("M1") == {"C1": "new", "C2": "new"}
    assert len(to(relay, "m.one")) == 1
    assert post.breaches(MONDAY + DAY) == []


def test_what_stands_in_for_another_may_come_back_too_and_goes_further_up(post: Post, relay: ScriptedMailServer) -> None:
    [first] = post.rows("M1")
    post.arrives(bounce(first.message_id))
    post.look(on(MONDAY), send=True)
    [second] = post.rows("S1")
    post.arrives(bounce(second.message_id, "s1@example.gov.uk"))
    post.look(on(MONDAY, 9), send=True)

    [mail] = to(relay, "h1")
    assert "This was for Person M1;" in words(mail)
    assert post.refused() == []
    assert post.breaches(MONDAY) == []


def test_nobody_is_told_twice_of_what_a_later_message_told_nor_of_what_has_ended(post: Post, relay: ScriptedMailServer) -> None:
    post.council.on_a_plan("C3", seen=MONDAY - 3 * DAY)
    post.council.row("ssd_cp_plans", cppl_person_id="C2")["cppl_cp_plan_end_date"] = MONDAY.isoformat()
    post.run(MONDAY + DAY)
    first, second = post.rows("M1")
    post.arrives(bounce(first.message_id))
    post.look(on(MONDAY + DAY), send=True)

    # Tuesday's message, which has not come back, lists all that was open.
    assert to(relay, "s1") == []
    assert post.told_of("M1") == {post.alert(child, "plan-long").id for child in ("C1", "C3")}
    assert post.breaches(MONDAY + DAY) == []
    post.arrives(bounce(second.message_id))
    post.look(on(MONDAY + DAY, 9), send=True)
    [mail] = to(relay, "s1")
    assert all(post.alert(child, "plan-long").ref in words(mail) for child in ("C1", "C3"))
    assert post.breaches(MONDAY + DAY) == []


def test_what_they_knew_before_they_know_still_and_hear_of_its_end(post: Post, relay: ScriptedMailServer) -> None:
    known = {post.alert(child, "plan-long").id for child in ("C1", "C2")}
    post.council.on_a_plan("C3", seen=MONDAY - 3 * DAY)
    post.run(MONDAY + DAY)
    second = post.rows("M1")[-1]
    post.arrives(bounce(second.message_id, status="4.4.7", answer="smtp; 451 4.4.7 expired"))
    post.look(on(MONDAY + DAY), send=True)

    assert post.told_of("M1") == known
    post.run(MONDAY + 2 * DAY)
    assert post.told("M1") == {"C1": "open", "C2": "open", "C3": "new"}
    assert post.breaches(MONDAY + 2 * DAY) == []


def test_what_is_not_the_addresss_fault_is_told_anew_and_the_second_time_goes_to_the_next_up(
    post: Post, relay: ScriptedMailServer
) -> None:
    for number in range(2):
        last = post.rows("M1")[-1]
        post.arrives(bounce(last.message_id, status="5.7.1", answer="smtp; 550 5.7.1 not permitted to write to this group"))
        post.run(MONDAY + (number + 1) * DAY)
        assert post.breaches(MONDAY + (number + 1) * DAY) == []
        assert (len(to(relay, "m1")), len(to(relay, "s1"))) == ((1, 0), (1, 1))[number]
    assert post.refused() == ["m1@example.gov.uk"]
    assert "The daily message to Person M1 could not be sent" in post.administrators_told()


def test_a_bounce_of_weeks_ago_refuses_no_address(post: Post, relay: ScriptedMailServer) -> None:
    [first] = post.rows("M1")
    post.arrives(bounce(first.message_id))
    post.run(MONDAY + 15 * DAY)

    assert post.refused() == []
    assert post.told("M1") == {"C1": "new", "C2": "new"}
    assert len(to(relay, "m1")) == 1


def test_a_notice_to_an_administrator_that_came_back_is_told_to_the_others_and_goes_in_no_circle(
    post: Post, relay: ScriptedMailServer
) -> None:
    [notice] = [row for row in post.all(schema.outbox) if row.recipient == "admin@example.gov.uk"]
    post.arrives(bounce(notice.message_id, "admin@example.gov.uk"))
    for hour in (8, 9, 10):
        post.look(on(MONDAY, hour), send=True)

    assert post.refused() == []
    assert len(post.all(schema.outbox)) < 8
    assert post.breaches(MONDAY) == []


# ---- what must change nothing


def test_no_id_can_be_worked_out_from_what_is_known_of_a_message(post: Post, tmp_path: Path, relay: ScriptedMailServer) -> None:
    twin = Post(tmp_path / "twin")
    twin.by_mail(relay.port)
    twin.run(MONDAY)
    [first], [same] = post.rows("M1"), twin.rows("M1")
    guesses = [same.message_id, *(f"<{word}@alerts.example.gov.uk>" for word in (first.key, same.key, "", "M1", first.id))]
    for guess in guesses:
        post.arrives(bounce(guess))
    looked = post.look(on(MONDAY), send=True)

    assert first.key == same.key, "what is known of both is the same"
    assert len(first.message_id.partition("@")[0]) == 33
    assert dict(looked.counts) == {"not_ours": len(guesses)}
    assert [row.state for row in post.rows("M1")] == ["accepted"]
    assert (post.rows("S1"), post.refused()) == ([], [])


def test_whoever_has_one_message_can_do_nothing_to_the_next(post: Post, relay: ScriptedMailServer) -> None:
    [first] = post.rows("M1")
    for number in range(5):
        post.arrives(bounce(first.message_id, status=f"5.1.{number}"))
        post.look(on(MONDAY, 8 + number), send=True)
    for number in range(1, 4):
        post.arrives(bounce(first.message_id))
        post.run(MONDAY + number * DAY)

    assert post.refused() == []
    assert [row.state for row in post.rows("M1")] == ["failed", "accepted"]
    assert len(to(relay, "s1")) == 1
    assert post.told_of("M1") == {post.alert(child, "plan-long").id for child in ("C1", "C2")}
    assert post.breaches(MONDAY + 3 * DAY) == []


def test_what_is_no_bounce_of_ours_changes_nothing_and_is_counted(post: Post, tmp_path: Path, relay: ScriptedMailServer) -> None:
    [first] = post.rows("M1")
    id_ = first.message_id
    before = [post.all(table) for table in (schema.outbox, schema.told, schema.delivery, schema.bad_address)]
    mails = {
        "no_report": [OUT_OF_OFFICE.format(message_id=id_).encode(), READ_RECEIPT.format(message_id=id_).encode(), b""],
        "delayed": [bounce(id_, action="delayed", status="4.4.1")],
        "malformed": [bounce(id_).partition(b"Final-Recipient")[0]],
        "too_large": [bounce(id_) + b"x" * bounce_reports.LARGEST],
        "not_ours": [bounce(), bounce(id_.replace("alerts.example", "elsewhere.example")), bounce(id_.upper())],
        "other_address": [bounce(id_, "h1@example.gov.uk"), bounce(id_, "m1@example.gov.uk.evil.example")],
    }
    for contents in mails.values():
        for content in contents:
            post.arrives(content)
    (post.bounces / "new" / "folder").mkdir()
    (post.bounces / "new" / ".hidden").write_bytes(bounce(id_))
    (post.bounces / "new" / "link").symlink_to(tmp_path / "nowhere")
    looked = post.look(on(MONDAY), send=True)

    assert dict(looked.counts) == {kind: len(contents) for kind, contents in mails.items()}
    assert looked.problems == ()
    assert [post.all(table) for table in (schema.outbox, schema.told, schema.delivery, schema.bad_address)] == before
    # All of them are put away, for whoever wants to look.
    assert len(list((post.bounces / "cur").iterdir())) == looked.counts.total()
    assert dict(post.look(on(MONDAY)).counts) == {}


@pytest.mark.skipif(os.name == "nt", reason="a pipe in the file system")
def test_a_pipe_in_the_folder_is_not_waited_for(post: Post) -> None:
    os.mkfifo(post.bounces / "new" / "pipe")

    assert dict(post.look(on(MONDAY)).counts) == {}


def test_a_bounce_read_twice_or_by_two_at_once_has_one_effect(any_post: Post, relay: ScriptedMailServer) -> None:
    post = any_post
    [first] = post.rows("M1")
    for _ in range(4):
        post.arrives(bounce(first.message_id))
        post.arrives(exchange(first.message_id))
    with ThreadPoolExecutor(2) as both:
        looked = [each.result() for each in [both.submit(post.look, on(MONDAY)) for _ in range(2)]]
    post.arrives(bounce(first.message_id))
    last = post.look(on(MONDAY, 9), send=True)

    assert [problem for each in looked for problem in each.problems] == []
    assert sum(each.counts["returned"] for each in looked) == 1
    assert dict(last.counts) == {"known": 1}
    assert [row.state for row in post.rows("S1")] == ["accepted"]
    assert len([row for row in post.all(schema.delivery) if row.state == "bounced"]) == 1
    assert post.administrators_told().count("A message to Person M1 came back") == 1


def test_killed_before_it_was_put_away_it_is_known_the_next_time(post: Post) -> None:
    [first] = post.rows("M1")
    path = post.arrives(bounce(first.message_id))
    # What it was to become is there already, as a folder: the file stays, as when the process dies here.
    in_its_place = post.bounces / "cur" / f"{path.name}:2,S"
    in_its_place.mkdir()
    first_look = post.look(on(MONDAY))
    assert path.exists()
    in_its_place.rmdir()
    second_look = post.look(on(MONDAY, 9), send=True)

    assert [row.state for row in post.rows("M1")] == ["failed"]
    assert [row.state for row in post.rows("S1")] == ["accepted"]
    assert first_look.problems != ()
    assert dict(second_look.counts) == {"known": 1}
    assert post.breaches(MONDAY) == []


def test_a_bounce_that_was_quicker_than_its_senders_own_record_waits(post: Post) -> None:
    [first] = post.rows("M1")
    path = post.arrives(bounce(first.message_id))
    store = post.store()
    mine = schema.outbox.c.id == first.id
    with store.transaction() as connection:
        connection.execute(schema.outbox.update().where(mine).values(state="claimed"))
    assert dict(post.look(on(MONDAY)).counts) == {"early": 1}
    assert path.exists()
    with store.transaction() as connection:
        connection.execute(schema.outbox.update().where(mine).values(state="accepted"))
    store.close()
    assert dict(post.look(on(MONDAY)).counts) == {"returned": 1}


def test_the_audit_finds_a_message_that_came_back_and_has_not_failed(post: Post) -> None:
    [first] = post.rows("M1")
    post.arrives(bounce(first.message_id))
    post.look(on(MONDAY), send=True)
    store = post.store()
    with store.transaction() as connection:
        connection.execute(schema.outbox.update().where(schema.outbox.c.id == first.id).values(state="accepted"))
    store.close()

    assert [breach for breach in post.breaches(MONDAY) if "came back and is accepted" in breach] != []
