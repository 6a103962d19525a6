"""What is special about Teams: the card, the address that is a password, and what each answer means."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pydantic import BaseModel
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from alerting.delivery import attempt as delivery
from alerting.errors import DeliveryError
from notifiers import teams
from notifiers.teams import Notifier
from tests.flows import PATH, SIGNATURE, address, answers, attempt, not_handed_over, receiver, say_nothing
from tests.messages import CARD, channel_message, mail_message
from tests.servers import free_port


@pytest.fixture(scope="module")
def host() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1") as server:
        yield server


@pytest.fixture
def flow(host) -> HTTPServer:
    host.clear()
    return host


def posted(flow: HTTPServer, number: int = 0) -> dict[str, Any]:
    request, _ = flow.log[number]
    body = json.loads(request.get_data())
    [attachment] = body["attachments"]
    assert (body["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    return attachment["content"]


# The card


def test_a_card_is_accepted_which_is_not_yet_delivered(flow):
    answers(flow, Response(status=202))
    notifier = receiver(address(flow))

    answer = notifier.send(channel_message(), say_nothing)
    notifier.close()

    assert answer == "accepted 202"
    card = posted(flow)
    assert (card["type"], card["version"], card["fallbackText"]) == (
        "AdaptiveCard",
        "1.5",
        "Children in need North. 3 new, 9 open, 1 cleared",
    )
    assert texts(card) == [
        ["Children in need North"],
        ["3 new, 9 open, 1 cleared"],
        ["Rule", "New", "Open", "Cleared"],
        ["Child protection visit due or overdue", "2", "5", "1"],
        ["Supervision overdue", "1", "4", "0"],
        ["Data as at 22 November 2026"],
    ]
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "Open the list", "url": CARD.link}]


def texts(card: dict[str, Any]) -> list[list[str]]:
    """Return the card's words, a line each: a block, or a row of the table."""

    def words(element: dict[str, Any]) -> str:
        return element["text"] if element["type"] == "TextBlock" else "".join(run["text"] for run in element["inlines"])

    lines = []
    for element in card["body"]:
        if element["type"] == "Table":
            lines += [["".join(map(words, cell["items"])) for cell in row["cells"]] for row in element["rows"]]
        else:
            lines.append([words(element)])
    return lines


def test_nothing_in_a_card_is_a_field_that_teams_does_not_know():
    card = teams._card(CARD)

    # The models take any field, so that a slip of the pen is sent on and has no effect.
    strangers = [(type(part).__name__, part.model_extra) for part in parts(card) if part.model_extra]
    assert strangers == []


def parts(value: Any) -> list[BaseModel]:
    if isinstance(value, BaseModel):
        return [value, *(part for name in type(value).model_fields for part in parts(getattr(value, name)))]
    return [part for one in value for part in parts(one)] if isinstance(value, list) else []


def test_a_card_shows_twenty_five_rows_and_says_how_many_there_are_more():
    rows = tuple((f"Rule {number}", "1", "2", "3") for number in range(42))
    body = teams._posted(channel_message(card=replace(CARD, rows=rows)))

    lines = texts(json.loads(body)["attachments"][0]["content"])
    assert [line[0] for line in lines if line[0].startswith("Rule ")] == [f"Rule {number}" for number in range(25)]
    assert ["and 17 more"] in lines
    assert len(body) < 20_000


def test_a_card_with_more_rows_than_teams_takes_shows_the_first_and_counts_the_others(flow):
    answers(flow, Response(status=202))
    rows = tuple((f"{number} {'x' * 900}", "1", "2", "3") for number in range(25))

    receiver(address(flow)).send(channel_message(card=replace(CARD, rows=rows)), say_nothing)

    lines = texts(posted(flow))
    assert [line[0].split()[0] for line in lines if "xxx" in line[0]] == [str(number) for number in range(12)]
    assert ["and 13 more"] in lines
    assert len(flow.log[0][0].get_data()) < 20_000


def test_a_card_that_teams_would_drop_unseen_is_refused_beforehand(flow):
    notifier = receiver(address(flow))

    with pytest.raises(DeliveryError, match=r"the card has \d\d,\d{3} bytes, and Teams takes 20,000") as caught:
        notifier.send(channel_message(card=replace(CARD, summary="x" * 9000)), not_handed_over)

    assert not caught.value.passing
    assert flow.log == []


def test_words_of_the_data_do_nothing_in_a_card():
    hostile = "**bold** [link](https://evil.example) <at>everyone</at> {{DATE(2026-01-01T00:00:00Z)}}\n# heading\x1b"
    body = teams._posted(channel_message(card=replace(CARD, title=hostile, rows=((hostile, "1", "2", "3"),), summary=hostile)))

    card = json.loads(body)["attachments"][0]["content"]
    title = card["body"][0]["text"]
    assert "\\*\\*bold\\*\\* \\[link\\](https://evil.example)" in title
    # A run of rich text is shown as it stands, so Markdown needs no escaping there.
    assert [element["type"] for element in card["body"]] == ["TextBlock", "RichTextBlock", "Table", "RichTextBlock"]
    everything = json.dumps(card, ensure_ascii=False)
    for acting in ("{{", "<at", "</at", "\\u001b"):
        assert acting not in everything
    assert "entities" not in card["msteams"]


@pytest.mark.parametrize("link", [None, "javascript:alert(1)", "http://alerts.exampleshire.gov.uk"])
def test_a_card_without_a_safe_link_has_no_button(link):
    body = teams._posted(channel_message(card=replace(CARD, link=link)))

    assert "actions" not in json.loads(body)["attachments"][0]["content"]


def test_a_message_without_a_card_is_refused():
    with pytest.raises(DeliveryError, match="no card that can be posted") as caught:
        teams._posted(channel_message(card=None))

    assert not caught.value.passing


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
    notifier = receiver(address(free_port()))

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
