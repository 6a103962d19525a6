"""What is special about Teams: the address that is a password, and what each answer means."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from alerting.delivery import attempt as delivery
from alerting.errors import DeliveryError
from notifiers.teams import Notifier
from tests.flows import PATH, SIGNATURE, address, answers, attempt, not_handed_over, receiver, say_nothing
from tests.messages import channel_message, mail_message
from tests.servers import closed_port


@pytest.fixture(scope="module")
def host() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1") as server:
        yield server


@pytest.fixture
def flow(host) -> HTTPServer:
    host.clear()
    return host


# Whom it reaches


def test_it_says_which_teams_have_a_channel():
    assert receiver("http://127.0.0.1/1", "http://127.0.0.1/2").teams_reached() == {"T1", "T2"}


def test_a_team_without_a_channel_is_named(flow):
    with pytest.raises(DeliveryError, match="team T9 has no channel") as caught:
        receiver(address(flow)).send(channel_message(channel="T9"), not_handed_over)

    assert not caught.value.passing


def test_a_message_for_a_person_is_not_posted(flow):
    with pytest.raises(DeliveryError, match="for a person") as caught:
        receiver(address(flow)).send(mail_message(), not_handed_over)

    assert not caught.value.passing


# Addresses


@pytest.mark.parametrize(
    ("url", "hosts", "problem"),
    [
        (f"https://evil.example/x?sig={SIGNATURE}", ["*.powerplatform.com"], "leads to evil.example, which is not among hosts"),
        (f"https://powerplatform.com.evil.example/?sig={SIGNATURE}", ["*.powerplatform.com"], "not among hosts"),
        (f"https://a.powerplatform.com@evil.example/?sig={SIGNATURE}", ["*"], "is not an address"),
        (f"https://evil.example\\@a.powerplatform.com/?sig={SIGNATURE}", ["*"], "is not an address"),
        (f"http://a.powerplatform.com/?sig={SIGNATURE}", ["*.powerplatform.com"], "does not start with https"),
        (f"http://127.0.0.1/?sig={SIGNATURE}", ["*"], "does not start with https"),
        (f"http://[::1/?sig={SIGNATURE}", ["*"], "is not an address"),
        (SIGNATURE, ["*"], "is not an address"),
    ],
)
def test_an_address_that_may_not_be_used_is_told_and_never_shown(url, hosts, problem):
    notifier = receiver(url, hosts=hosts)

    with pytest.raises(DeliveryError, match=problem) as caught:
        notifier.send(channel_message(), not_handed_over)
    [told] = notifier.check()

    assert not caught.value.passing
    assert problem in told
    assert SIGNATURE not in f"{caught.value}{told}{notifier!r}{notifier.model_dump_json()}"


def test_the_address_of_a_flow_needs_no_setting_but_itself():
    flow = "https://default17.0f.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/1?sp=x&sig=y"

    assert Notifier.model_validate({"channels": {"T1": flow}}).check() == []


def test_a_team_that_is_to_be_told_of_faults_needs_a_channel():
    [told] = receiver("http://127.0.0.1/1", faults_to="T9").check()

    assert told == "faults_to: team T9 has no channel"


def test_a_retired_kind_of_address_and_a_high_ceiling_are_told():
    notifier = receiver("https://prod-1.westeurope.logic.azure.com/x?sig=y", hosts=["*.logic.azure.com"], ceiling="reference")

    kinds = notifier.check()

    assert ["Microsoft has retired" in kinds[0], "everybody in a channel reads it" in kinds[1]] == [True, True]


def test_the_signature_is_in_no_log_however_much_is_logged(flow, caplog):
    caplog.set_level(logging.DEBUG)
    answers(flow, Response(status=503, headers={"Retry-After": "0"}), Response(status=202))
    notifier = receiver(address(flow))

    notifier.send(channel_message(), say_nothing)
    notifier.close()

    lines = [record.getMessage() for record in caplog.records if record.name != "werkzeug"]  # the flow's own
    assert any("?..." in line for line in lines)
    assert SIGNATURE not in "\n".join(lines)


# What each answer means


@pytest.mark.slow
def test_a_busy_flow_is_asked_again_after_the_wait_it_asks_for(flow):
    answers(flow, Response(status=429, headers={"Retry-After": "1"}), Response(status=202))
    notifier = receiver(address(flow))
    handed_over: list[int] = []

    began = time.monotonic()
    answer = notifier.send(channel_message(), lambda: handed_over.append(len(flow.log)))
    notifier.close()

    assert answer == "accepted 202"
    assert time.monotonic() - began >= 1
    assert (len(flow.log), handed_over) == (2, [0])


@pytest.mark.slow
def test_a_flow_that_stays_busy_is_left_to_a_later_run(flow):
    answers(flow, *[Response(status=429, headers={"Retry-After": "86400"})] * 2)

    error = attempt(flow, tries=2, retry_after_max_s=1)

    assert (error.passing, error.ambiguous, error.retry_after_s) == (True, False, 86_400)
    assert len(flow.log) == 2


def test_a_flow_that_says_it_is_not_there_for_the_moment_is_asked_again(flow):
    answers(flow, *[Response(status=503)] * 2)

    error = attempt(flow, tries=2)

    assert (error.passing, error.ambiguous, len(flow.log)) == (True, False, 2)


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_flow_or_gateway_that_gives_up_may_have_posted_the_card_and_is_not_asked_twice(flow, status):
    answers(flow, Response(status=status))

    error = attempt(flow, tries=2)

    assert (error.passing, error.ambiguous, len(flow.log)) == (True, True, 1)


def test_a_wait_until_a_moment_is_counted_by_the_clock_of_the_flow(flow):
    until = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    answers(flow, Response(status=429, headers={"Retry-After": until}))

    assert attempt(flow, tries=1).retry_after_s == pytest.approx(600, abs=5)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("wait", "asked"),
    [("", None), ("soon", None), ("tomorrow", None), ("-5", None), ("nan", None), ("Mon, 32 Foo", None), ("0.5", 0.5), ("0", 0), ("1e3", None),
     (str(10**12), 10**12), ("9" * 400, math.inf), ("Mon, 01 Jan 2001 00:00:00 GMT", 0), ("Mon, 01 Jan 99999 00:00:00 GMT", None)],
)  # fmt: skip
def test_a_refusal_passes_whatever_wait_it_asks_for(flow, status, wait, asked):
    answers(flow, *[Response(status=status, headers={"Retry-After": wait})] * 2)
    notifier = receiver(address(flow), tries=1)

    error = attempt(flow, tries=1)
    result = delivery.attempt(
        channel_message(), notifier, outbox_id=1, attempts=1, handed_over=say_nothing, now=datetime(2026, 3, 2, 7, tzinfo=UTC)
    )

    assert (error.passing, error.ambiguous, error.retry_after_s) == (True, False, asked)
    assert result.state == "deferred"
    assert timedelta(seconds=40) < result.retry_at - result.at <= timedelta(minutes=30)


@pytest.mark.parametrize("wait", ["0.1", "soon"])
def test_a_busy_flow_that_asks_for_an_odd_wait_is_asked_again_at_once(flow, wait):
    answers(flow, Response(status=429, headers={"Retry-After": wait}), Response(status=202))

    assert receiver(address(flow), tries=2).send(channel_message(), say_nothing) == "accepted 202"


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (400, "make it again from the template"),
        (401, "Copy the flow's address again"),
        (403, "let anyone trigger the flow"),
        (404, "its owner may have left"),
        (410, "its owner may have left"),
        (413, "lower the number of rules"),
    ],
)
def test_a_refusal_waits_for_a_person(flow, status, remedy):
    answers(flow, Response(status=status, headers={"Location": "https://evil.example/", "Retry-After": "1"}))

    error = attempt(flow)

    assert (error.passing, error.ambiguous, len(flow.log)) == (False, False, 1)
    assert str(status) in error.problem
    assert remedy in error.remedy
    assert error.about == ("message" if status == 413 else "recipient")


def test_the_code_of_an_error_is_told_and_its_words_are_not(flow):
    said = {"error": {"code": "WorkflowTriggerIsNotEnabled", "message": "Could not post Children in need North"}}
    answers(flow, Response(json.dumps(said), status=400))

    error = attempt(flow)

    assert error.problem == "the flow answered 400 (WorkflowTriggerIsNotEnabled)"


@pytest.mark.parametrize(
    ("body", "passing"),
    [
        ('{"error": {"code": "BotNotInConversationRoster"}}', False),
        ("Webhook message delivery failed with error: something", False),
        ("Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429", True),
    ],
)
def test_a_good_answer_with_the_report_of_an_error_is_an_error(flow, body, passing):
    answers(flow, Response(body, status=200))

    error = attempt(flow)

    assert (error.passing, error.ambiguous) == (passing, False)


@pytest.mark.parametrize(
    ("status", "body"), [(202, ""), (202, "Accepted"), (202, "{}"), (200, "1"), (200, '{"status": "ok", "error": null}')]
)
def test_a_flow_accepts_with_202_or_with_json(flow, status, body):
    answers(flow, Response(body, status=status))

    assert receiver(address(flow)).send(channel_message(), say_nothing) == f"accepted {status}"


@pytest.mark.parametrize(
    ("status", "body"), [(200, ""), (200, "Accepted"), (200, "Access to this site is blocked"), (204, ""), (206, "{}")]
)
def test_after_an_answer_that_no_flow_gives_a_card_may_have_been_posted_and_is_not_accepted(flow, status, body):
    answers(flow, Response(body, status=status))

    error = attempt(flow)

    assert (error.passing, error.ambiguous, error.about, len(flow.log)) == (True, True, "line", 1)


def test_a_flow_that_does_not_answer_in_time_may_have_posted_the_card(flow):
    def slow(request: Request) -> Response:
        time.sleep(0.4)
        return Response(status=202)

    flow.expect_request(PATH).respond_with_handler(slow)

    error = attempt(flow, timeout_s=0.1)

    assert (error.passing, error.ambiguous) == (True, True)
    assert SIGNATURE not in f"{error}{error.__cause__}"
    assert error.__suppress_context__


def test_a_host_that_is_not_there_may_come_back():
    notifier = receiver(address(closed_port()))

    with pytest.raises(DeliveryError, match="cannot be reached") as caught:
        notifier.send(channel_message(), say_nothing)

    assert (caught.value.passing, caught.value.ambiguous, caught.value.about) == (True, False, "line")
    assert SIGNATURE not in str(caught.value)


# The pace


@pytest.mark.slow
def test_cards_for_one_channel_keep_apart_and_channels_do_not_wait_for_each_other(flow):
    flow.expect_request(PATH).respond_with_response(Response(status=202))
    notifier = receiver(address(flow), address(flow) + "&channel=2", seconds_between_cards=1)
    came: list[float] = []

    for team in ("T1", "T2", "T1"):
        notifier.send(channel_message(channel=team), lambda: came.append(time.monotonic()))
    notifier.close()

    assert came[1] - came[0] < 0.9
    assert came[2] - came[0] >= 0.9
