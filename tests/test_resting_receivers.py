"""A receiver that refuses everybody is left alone for a while, and nothing of it is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from alerting.model import Message
from alerting.notifications.routing import Receiver
from notifiers.email import Notifier as Mail
from tests.sending_desk import (
    MINUTE,
    PATH,
    Desk,
    message,
    recipients,
    refusing,
    router,
    with_chains,
)
from tests.servers import ScriptedMailServer, closed_port, scripted_mail_server

# ---- a receiver that refuses everybody


def test_a_server_that_is_not_there_is_left_alone_after_three_and_nothing_is_lost(desk: Desk) -> None:
    desk.mail(closed_port())
    desk.copy()
    desk.plan(*(message(f"M{number}") for number in range(6)))

    [problem] = desk.send()

    tried = [row.attempts for row in desk.rows() if row.purpose == "daily"]
    assert (sorted(tried), set(desk.states().values())) == ([0, 0, 0, 1, 1, 1], {"planned", "deferred"})
    assert problem.text.startswith("receiver mail: left alone until 07:0")
    assert "nothing answers at this port" in problem.text


def test_administrators_are_told_of_it_once_through_another_receiver(desk: Desk) -> None:
    desk.mail(closed_port())
    desk.copy()
    desk.plan(*(message(f"M{number}") for number in range(6)))
    for _ in range(4):
        desk.send()
        desk.now += 40 * MINUTE

    assert [(row.receiver, row.state) for row in desk.rows(purpose="admin")] == [("copy", "accepted"), ("mail", "planned")]
    assert desk.notices("copy") == ["The receiver mail cannot be used"]


def test_a_channel_may_be_told_of_the_faults_of_mail(desk: Desk, httpserver: HTTPServer) -> None:
    httpserver.expect_request(PATH).respond_with_response(Response(status=202))
    desk.mail(closed_port())
    desk.teams(httpserver, faults_to="T1")
    desk.plan(*(message(f"M{number}") for number in range(3)))

    desk.send()

    assert [(row.recipient, row.state) for row in desk.rows(receiver="teams")] == [("team:T1", "accepted")]


def test_a_receiver_at_rest_is_tried_with_one_message_and_then_with_all(any_desk: Desk) -> None:
    desk = any_desk
    with ExitStack() as stack:
        server = stack.enter_context(scripted_mail_server(greeting=["421 4.3.2 too busy"] * 4 + ["220 relay ready"]))
        desk.mail(server)
        desk.plan(*(message(f"M{number}") for number in range(5)))
        desk.send()
        assert server.lines == 3

        desk.now += MINUTE
        desk.send()
        assert (server.lines, desk.resting()["mail"].refusals) == (4, 4)

        desk.now += 30 * MINUTE
        desk.send()

    assert set(desk.states().values()) == {"accepted"}
    assert desk.resting() == {}


def test_a_receiver_rests_for_longer_each_time(desk: Desk) -> None:
    desk.mail(closed_port())
    desk.plan(*(message(f"M{number}") for number in range(9)))
    desk.send()
    waits = []
    for _ in range(5):
        desk.now = desk.resting()["mail"].next_at
        desk.send()
        waits.append((desk.resting()["mail"].next_at - desk.now) / MINUTE)

    for wait, most in zip(waits, [5, 15, 30, 30, 30], strict=True):
        assert most * 0.8 <= wait <= most


@pytest.mark.slow
def test_a_message_that_the_server_chokes_on_does_not_keep_the_others_waiting(desk: Desk) -> None:
    desk.plan(*(message(f"X{number}", urgency=4) for number in range(3)), message("M1"), message("M2"))
    with scripted_mail_server(MAIL="250 ok", RCPT=refusing("x0@", "x1@", "x2@", answer="554 5.7.1 refused by policy")) as server:
        desk.mail(server)
        desk.send()
        assert recipients(server) == []

        desk.now += MINUTE
        desk.send()
        assert sorted(recipients(server)) == ["m1", "m2"]


@pytest.mark.parametrize(
    "answers",
    [
        {"MAIL": "550 5.7.30 Basic authentication is not supported for Client Submission."},
        {"dot": "554 5.7.1 message content refused"},
        {"dot": "552 5.3.4 too large"},
        {"greeting": "554 5.3.2 no mail here"},
    ],
    ids=lambda answers: "-".join(f"{step} {answer[:3]}" for step, answer in answers.items()),
)
def test_a_refusal_of_the_sender_or_of_every_message_is_not_hammered_at(desk: Desk, answers: dict[str, str]) -> None:
    desk.plan(*(message(f"M{number}") for number in range(9)))
    with scripted_mail_server(**answers) as server:
        desk.mail(server)
        for _ in range(10):
            desk.send()
        tries = max(server.steps.count(step) for step in answers)

    assert tries == 3
    assert set(desk.states().values()) == {"planned", "deferred"}
    [notice] = {json.loads(row.content)["notices"][0]["detail"] for row in desk.rows(purpose="admin")}
    assert next(iter(answers.values()))[:3] in notice


def test_a_message_refused_as_a_whole_twice_by_a_server_that_takes_others_is_passed_on(desk: Desk) -> None:
    alert = desk.alert()
    planned = with_chains([message("M1", alert), message("M2")], router(), [alert])
    desk.plan(*planned)
    with scripted_mail_server(RCPT=refusing("m1@", answer="550 5.7.133 sender not authenticated for group")) as server:
        desk.mail(server)
        desk.send()
        assert desk.states() == {"M1": "deferred", "M2": "accepted"}

        desk.now += MINUTE
        desk.send()

    assert desk.states() == {"M1": "failed", "M2": "accepted", "S1": "accepted"}


def test_the_two_receivers_do_not_wait_for_each_other(desk: Desk) -> None:
    desk.mail(closed_port())
    desk.copy()
    desk.plan(*(message(f"M{number}", receiver=receiver) for number in range(5) for receiver in ("mail", "copy")))

    desk.send()

    assert {row.state for row in desk.rows(receiver="copy")} == {"accepted"}


# ---- what a receiver did not foresee


class _Broken(Mail):
    """A mail receiver with a fault of its own for some addresses, before or after the hand-over."""

    only: str = "@"
    after: bool = False

    def send(self, message: Message, handed_over: Callable[[], None]) -> str:
        if self.only not in (message.to_address or ""):
            return super().send(message, handed_over)
        if self.after:
            handed_over()
        raise KeyError("child P1042")


def broken(desk: Desk, server: ScriptedMailServer, **changes: Any) -> None:
    usual = {"host": "127.0.0.1", "port": server.port, "from": "alerts@example.gov.uk", "security": "none"}
    desk.receivers["mail"] = (Receiver(name="mail"), _Broken.model_validate(usual | changes))


def test_an_exception_that_meets_every_message_lets_the_receiver_rest_and_fails_none(desk: Desk) -> None:
    desk.plan(*(message(f"M{number}") for number in range(5)))
    with scripted_mail_server() as server:
        broken(desk, server)
        desk.copy()
        [problem] = desk.send()

    assert "the receiver broke down (KeyError)" in problem.text
    assert set(desk.states().values()) == {"planned", "deferred"}
    assert desk.notices("copy") == ["The receiver mail cannot be used"]
    assert "P1042" not in json.dumps([str(row) for row in desk.rows()])


def test_an_exception_that_meets_one_message_passes_it_on_the_second_time_and_is_told(desk: Desk) -> None:
    alert = desk.alert()
    desk.plan(*with_chains([message("M1", alert), message("M2")], router(), [alert]))
    with scripted_mail_server() as server:
        broken(desk, server, only="m1@")
        desk.send()
        first = desk.states()
        desk.now += 2 * MINUTE
        desk.send()

    assert first == {"M1": "deferred", "M2": "accepted"}
    assert desk.states() == {"M1": "failed", "M2": "accepted", "S1": "accepted"}
    assert desk.notices() == ["Messages to Person M1 cannot be delivered"]


def test_an_exception_after_the_hand_over_is_repeated_once_and_then_told(desk: Desk) -> None:
    desk.plan(message("M1"))
    with scripted_mail_server() as server:
        broken(desk, server, only="m1@", after=True)
        desk.send()

    assert desk.states() == {"M1": "unknown"}
    assert desk.notices() == ["The daily message to Person M1 could not be sent"]
