"""A slow server is sent several messages at once, and whatever happens on a line beside is known."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from alerting.errors import StoreError
from alerting.store.messages.outbox import Outbox
from tests.sending_desk import (
    DAY,
    MONDAY,
    PATH,
    Desk,
    card,
    message,
    recipients,
    refusing,
    router,
    with_chains,
)
from tests.servers import closed_port, scripted_mail_server


def slowly(seconds: float, answer: Callable[[str], str] = lambda _: "250 ok") -> tuple[Callable[[str], str], list[int]]:
    """Return a step of the dialogue that takes so many seconds, and what it notes: how many lines were in it at once."""
    waiting, together = set[str](), [0]

    def step(said: str) -> str:
        waiting.add(said)
        together.append(len(waiting))
        time.sleep(seconds)
        waiting.discard(said)
        return answer(said)

    return step, together


@pytest.mark.slow
def test_what_a_slow_server_holds_up_goes_over_more_lines_and_no_more_than_are_allowed(any_desk: Desk) -> None:
    desk = any_desk
    desk.plan(*(message(f"M{number}") for number in range(12)))
    step, together = slowly(0.3)
    with scripted_mail_server(RCPT=step) as server:
        desk.mail(server, timeout_s=5, lines=3)
        desk.send(slow_s=0.1)

    assert max(together) == 3
    assert sorted(recipients(server)) == sorted(f"m{number}" for number in range(12))
    assert set(desk.states().values()) == {"accepted"}


@pytest.mark.slow
def test_a_server_that_is_quick_gets_one_line(desk: Desk) -> None:
    desk.plan(*(message(f"M{number}") for number in range(12)))
    with scripted_mail_server() as server:
        desk.mail(server, lines=4)
        desk.send()

    assert server.lines == 1


@pytest.mark.slow
def test_what_fails_on_a_second_line_is_passed_on_in_the_same_run(desk: Desk) -> None:
    alert = desk.alert()
    desk.plan(message("M2", urgency=4), *with_chains([message("M1", alert)], router(), [alert]))
    step, together = slowly(0.5, refusing("m1@"))
    with scripted_mail_server(RCPT=step) as server:
        desk.mail(server, timeout_s=5, lines=2)
        desk.send(slow_s=0.1)

    assert max(together) == 2
    assert desk.states() == {"M1": "failed", "M2": "accepted", "S1": "accepted"}


@pytest.mark.slow
def test_a_channel_gets_its_cards_one_after_the_other_however_slow_it_is(desk: Desk) -> None:
    at_once, most = [0], [0]

    def post(_: Any) -> Response:
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        time.sleep(0.3)
        at_once[0] -= 1
        return Response(status=202)

    with HTTPServer(threaded=True) as flow:
        flow.expect_request(PATH).respond_with_handler(post)
        desk.teams(flow)
        desk.mail(closed_port(), lines=4)
        desk.plan(*(card(MONDAY + number * DAY) for number in range(3)))
        desk.send(slow_s=0.05)
        posted = len(flow.log)

    assert (posted, most) == (3, [1])


@pytest.mark.slow
def test_what_goes_wrong_on_a_second_line_is_not_kept_quiet(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = Outbox.claim

    def gone_for_others(outbox: Outbox, owner: str, now: datetime, lease: timedelta, receivers: Any = None) -> Any:
        if receivers is not None:
            raise StoreError("the store cannot be used: it is away")
        return claim(outbox, owner, now, lease)

    monkeypatch.setattr(Outbox, "claim", gone_for_others)
    desk.plan(message("M1"), message("M2"))
    step, _ = slowly(0.3)
    with scripted_mail_server(RCPT=step) as server:
        desk.mail(server, timeout_s=5, lines=2)
        with pytest.raises(StoreError, match="it is away"):
            desk.send(slow_s=0.05)

    assert set(desk.states().values()) == {"accepted"}
