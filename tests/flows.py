"""Flows of a test: a receiver of channels for one, what it answers, and the fault that comes of it."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from alerting.errors import DeliveryError
from notifiers.teams import Notifier
from tests.messages import channel_message

PATH = "/workflows/17/triggers/manual/paths/invoke"
SIGNATURE = "made-up-signature"


def receiver(*addresses: str, **changes: Any) -> Notifier:
    channels = {f"T{number}": address for number, address in enumerate(addresses, 1)}
    usual = {"type": "teams", "channels": channels, "hosts": ["127.0.0.1"], "timeout_s": 5, "seconds_between_cards": 0}
    return Notifier.model_validate(usual | changes)


def address(server: HTTPServer | int) -> str:
    port = server if isinstance(server, int) else server.port
    return f"http://127.0.0.1:{port}{PATH}?api-version=1&sig={SIGNATURE}"


def say_nothing() -> None:
    """Take the news of the hand-over."""


def not_handed_over() -> None:
    pytest.fail("the card was handed over")


def answers(flow: HTTPServer, *responses: Response) -> None:
    """Let the flow give these answers in turn, and no more."""
    for response in responses:
        flow.expect_ordered_request(PATH, method="POST").respond_with_response(response)


def attempt(flow: HTTPServer, **changes: Any) -> DeliveryError:
    notifier = receiver(address(flow), **changes)
    with pytest.raises(DeliveryError) as caught:
        notifier.send(channel_message(), say_nothing)
    notifier.close()
    return caught.value
