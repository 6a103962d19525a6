"""Messages are sent, put off, repeated and given up; each ends once, with a reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from pytest_httpserver import HTTPServer
from werkzeug import Response

from alerting.commands import cli
from alerting.model import Level
from alerting.store import schema
from alerting.store.messages import circuit_breaker
from tests.made_council import MadeCouncil
from tests.sending_desk import (
    ADMINISTRATOR,
    DAY,
    MINUTE,
    MONDAY,
    PATH,
    SEVEN,
    Desk,
    card,
    mails,
    message,
    recipients,
    router,
    text,
    with_chains,
)
from tests.servers import CLOSE, closed_port, scripted_mail_server

# ---- answers that pass, and answers that never come


@pytest.mark.slow
def test_a_message_that_is_put_off_waits_alone(desk: Desk) -> None:
    desk.plan(message("M1"), message("M2"))
    with scripted_mail_server(
        RCPT=lambda said: "450 4.2.1 grey-listed" if "m1@" in said and desk.now == SEVEN else "250 ok"
    ) as server:
        desk.mail(server)
        desk.send()
        assert desk.states() == {"M1": "deferred", "M2": "accepted"}

        desk.now += MINUTE
        desk.send()

    assert recipients(server) == ["m2", "m1"]


def test_a_line_that_breaks_in_the_middle_of_a_message_costs_nothing(desk: Desk) -> None:
    desk.plan(message("M1"))
    with scripted_mail_server(body=CLOSE) as server:
        desk.mail(server)
        desk.send()
        server.answers["body"] = ""
        desk.now += MINUTE
        desk.send()

    [mail] = mails(server)
    assert "You may have had this message already" not in text(mail)


def test_silence_after_the_final_dot_is_answered_by_one_repeat_that_says_so(desk: Desk) -> None:
    desk.plan(message("M1"))
    with scripted_mail_server(dot=[CLOSE, "250 ok"]) as server:
        desk.mail(server)
        desk.send()

    first, again = mails(server, server.received)
    assert (first["Message-ID"], first["Date"]) == (again["Message-ID"], again["Date"])
    assert "You may have had this message already" not in text(first)
    assert "You may have had this message already" in text(again)
    assert desk.states() == {"M1": "accepted"}


def test_silence_after_the_repeat_is_unknown_and_the_end_of_it(desk: Desk) -> None:
    alert = desk.alert()
    desk.plan(message("M1", alert))
    with scripted_mail_server(dot=CLOSE) as server:
        desk.mail(server)
        desk.send()
        desk.now += 30 * MINUTE
        desk.send()

    assert (desk.states(), len(server.received)) == ({"M1": "unknown"}, 2)
    assert desk.told() == set()


# ---- cards


def test_a_routine_card_that_may_have_been_posted_is_not_posted_again(desk: Desk, httpserver: HTTPServer) -> None:
    httpserver.expect_request(PATH).respond_with_response(Response(status=504))
    desk.teams(httpserver)
    desk.plan(card())

    desk.send()

    assert (desk.states(), len(httpserver.log)) == ({"team:T1": "unknown"}, 1)


def test_a_critical_card_is_worth_one_repeat(desk: Desk, httpserver: HTTPServer) -> None:
    httpserver.expect_request(PATH).respond_with_response(Response(status=504))
    desk.teams(httpserver)
    desk.plan(card(urgency=Level.critical))

    desk.send()

    assert (desk.states(), len(httpserver.log)) == ({"team:T1": "unknown"}, 2)


def test_a_routine_card_whose_sender_died_behind_the_hand_over_is_not_posted_again(desk: Desk, httpserver: HTTPServer) -> None:
    desk.teams(httpserver)
    desk.plan(card())
    died = desk.outbox.claim("there", SEVEN, timedelta(microseconds=-1))
    assert died is not None
    desk.outbox.hand_over(died, SEVEN)
    desk.send()

    assert (desk.states(), httpserver.log) == ({"team:T1": "unknown"}, [])


def test_a_flow_that_is_gone_is_told_once_and_mail_is_not_touched_by_it(desk: Desk, httpserver: HTTPServer) -> None:
    httpserver.expect_request(PATH).respond_with_response(Response(status=410))
    desk.teams(httpserver)
    with scripted_mail_server() as server:
        desk.mail(server)
        for number in range(5):
            desk.now = SEVEN + number * DAY
            desk.plan(card(MONDAY + number * DAY), message("M1", day=MONDAY + number * DAY))
            desk.send()

    assert [row.state for row in desk.rows(receiver="teams")] == ["failed"] * 5
    assert recipients(server) == ["m1"] * 5
    assert desk.notices() == ["The channel of Team T1 takes no cards"]


def test_a_busy_flow_is_asked_again_when_it_says_but_within_half_an_hour(desk: Desk, httpserver: HTTPServer) -> None:
    for wait in ("600", "86400"):
        httpserver.expect_ordered_request(PATH).respond_with_response(Response(status=429, headers={"Retry-After": wait}))
    httpserver.expect_ordered_request(PATH).respond_with_response(Response(status=202))
    desk.teams(httpserver, retry_after_max_s=1)
    desk.plan(card())
    for posted, minutes in enumerate((0, 9, 1, 29, 1)):
        desk.now += minutes * MINUTE
        desk.send()
        assert len(httpserver.log) == (posted // 2) + 1

    assert desk.states() == {"team:T1": "accepted"}


# ---- a whole day without, and a day with too much


@pytest.mark.slow
def test_after_a_day_without_any_receiver_there_is_one_message_that_says_why_it_is_late(any_desk: Desk) -> None:
    desk = any_desk
    alert = desk.alert()
    desk.mail(closed_port())
    desk.plan(message("M1", alert))
    for _ in range(20):
        desk.send()
        desk.now += 60 * MINUTE
    assert desk.states() == {"M1": "cancelled"}
    assert desk.rows(recipient="M1")[0].answer.startswith("expired: the mail server cannot be reached")
    assert desk.told() == set()

    desk.now = SEVEN + DAY
    desk.plan(message("M1", alert, day=MONDAY + DAY))
    with scripted_mail_server() as server:
        desk.mail(server)
        desk.send()

    [mail] = [mail for mail in mails(server) if mail["X-Alert-Purpose"] == "daily"]
    assert "Delayed by an outage: your message of Monday 2 March 2026 could not be delivered." in text(mail)
    assert "Listed since 2 March." in text(mail)
    assert "2 March 2026" in text(mail)
    assert {"The receiver mail cannot be used", "1 message could not be delivered in time"} <= set(desk.notices())


def test_the_most_urgent_goes_first_and_what_the_time_does_not_suffice_for_waits(desk: Desk) -> None:
    desk.plan(message("M1", urgency=1), message("M2", urgency=4), message("M3", urgency=3))
    with scripted_mail_server() as server:
        desk.mail(server)
        ticks = iter([SEVEN + number * MINUTE for number in range(60)])
        desk.sender(deadline=8 * MINUTE).send_all(lambda: next(ticks))
        first = recipients(server)
        desk.send()

    assert first[0] == "m2"
    assert len(first) < 3
    assert recipients(server) == ["m2", "m3", "m1"]


def test_a_service_that_is_told_to_stop_finishes_its_message_and_leaves_the_rest(desk: Desk) -> None:
    desk.plan(*(message(f"M{number}") for number in range(4)))
    answers = chain([True, True], repeat(False))
    with scripted_mail_server() as server:
        desk.mail(server)
        desk.sender().send_all(lambda: desk.now, lambda: next(answers))

    assert sorted(desk.states().values()) == ["accepted", "accepted", "planned", "planned"]
    assert len(server.accepted) == 2


def test_a_sender_that_is_asleep_while_another_takes_over_sends_nothing_when_it_wakes(any_desk: Desk) -> None:
    desk = any_desk
    desk.plan(message("M1"))

    def take_over(_: str) -> str:
        with desk.store.transaction() as connection:
            connection.execute(schema.outbox.update().values(lease_until=SEVEN))
        assert desk.outbox.claim("there", SEVEN, timedelta(minutes=5)) is not None
        return "250 ok"

    with scripted_mail_server(RCPT=take_over) as server:
        desk.mail(server)
        desk.send()

    assert server.received == []
    assert [(row.state, row.owner, row.handed_over_at) for row in desk.rows()] == [("claimed", "there", None)]


def test_a_receiver_that_is_not_there_any_more_costs_its_messages_alone(desk: Desk) -> None:
    desk.plan(message("M1", receiver="fax"), message("M2"))
    with scripted_mail_server() as server:
        desk.mail(server)
        desk.send()

    assert desk.states() == {"M1": "failed", "M2": "accepted"}
    assert desk.notices() == ["The daily message to Person M1 could not be sent"]


@pytest.mark.slow
def test_every_message_has_ended_or_waits_and_each_has_a_reason(desk: Desk) -> None:
    alert = desk.alert()
    people = [message(f"M{number}", alert) for number in range(1, 9)]
    desk.plan(*with_chains(people, router(), [alert]))
    answers = {"m1@": "550 5.1.1 no", "m2@": "450 4.2.1 later", "m3@": CLOSE, "m4@": "554 5.7.1 no"}
    with scripted_mail_server(
        RCPT=lambda said: next((answers[who] for who in answers if who in said.lower()), "250 ok")
    ) as server:
        desk.mail(server)
        for _ in range(6):
            desk.send()
            desk.now += 31 * MINUTE
        desk.now = SEVEN + DAY
        desk.send()

    final = {"accepted", "failed", "cancelled", "unknown"}
    rows = desk.rows(purpose="daily")
    assert {row.state for row in rows} <= final
    assert all(row.answer and row.finished_at for row in rows)


# ---- on the command line


@pytest.mark.slow
def test_what_waits_is_sent_and_what_is_refused_is_shown_and_tried_again(desk: Desk) -> None:
    config = MadeCouncil(desk.folder).configure("sqlite:///alerting.db")

    def alerting(*arguments: str) -> Any:
        return CliRunner().invoke(cli, ["--config", str(config), "deliveries", *arguments])

    with desk.store.transaction() as connection:
        circuit_breaker.remember_refusal(connection, "mail", "M1@example.gov.uk", "550 5.1.1 no such user", datetime.now(UTC))
    desk.now = datetime.now(UTC)
    desk.plan(message("M1", receiver="outbox"))

    assert "m1@example.gov.uk\tmail" in alerting("refused").output
    assert json.loads(alerting("send", "--now", "--json").output) == {"messages": {"accepted": 1}, "bounces": {}, "problems": []}
    assert alerting("send").output == "Messages: none waited\n"
    assert alerting("retry", "m1@Example.gov.uk", "--by", ADMINISTRATOR, "--note", "moved").exit_code == 0
    assert alerting("refused").output == "Nothing is refused.\n"
    assert alerting("retry", "m1@example.gov.uk", "--by", ADMINISTRATOR, "--note", "moved").exit_code == 1
    with desk.store.transaction() as connection:
        [kept] = connection.execute(sa.select(schema.act)).all()
    assert (kept.by, kept.kind, kept.about, kept.note) == (ADMINISTRATOR, "retry_address", "m1@Example.gov.uk", "moved")
