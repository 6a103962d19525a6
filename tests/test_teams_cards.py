"""What a team's channel is shown: one message with as many cards as its rows need, counts that can be compared, text that does nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pytest_httpserver import HTTPServer
from werkzeug import Response

from alerting.errors import DeliveryError
from alerting.model import Card
from notifiers.teams import cards
from notifiers.teams.cards import Mentioned
from tests.flows import address, answers, not_handed_over, receiver, say_nothing
from tests.messages import CARD, channel_message

ADAPTIVE_CARDS = Path(__file__).parent.parent / ".venv/adaptivecards/node_modules/adaptivecards/dist/adaptivecards.min.js"


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


def posted_cards(card: Card, mentioned: Mentioned | None = None) -> list[dict[str, Any]]:
    body = json.loads(cards.posted(channel_message(card=card), mentioned))
    return [attachment["content"] for attachment in body["attachments"]]


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
    [card] = cards.cards(CARD, JO)

    # The models take any field, so that a slip of the pen is sent on and has no effect.
    strangers = [(type(part).__name__, part.model_extra) for part in parts(card) if part.model_extra]
    assert strangers == []


def parts(value: Any) -> list[BaseModel]:
    if isinstance(value, BaseModel):
        return [value, *(part for name in type(value).model_fields for part in parts(getattr(value, name)))]
    return [part for one in value for part in parts(one)] if isinstance(value, list) else []


@pytest.mark.parametrize(("rows", "shares"), [(1, [1]), (25, [25]), (26, [25, 1]), (42, [25, 17]), (87, [25, 25, 25, 12])])
def test_every_row_is_shown_on_as_many_cards_as_that_takes(rows, shares):
    named = tuple((f"Rule {number}", "1", "2", "3") for number in range(rows))
    shown = posted_cards(replace(CARD, rows=named))

    assert [sum(line[0].startswith("Rule ") for line in texts(card)) for card in shown] == shares
    assert [line[0] for card in shown for line in texts(card) if line[0].startswith("Rule ")] == [row[0] for row in named]
    assert all(len(json.dumps(card)) < 20_000 for card in shown)


def test_of_several_cards_each_says_which_it_is_the_first_says_what_there_is_and_the_last_how_old_it_is():
    rows = tuple((f"Rule {number}", "1", "2", "3") for number in range(30))
    first, last = posted_cards(replace(CARD, rows=rows))

    assert texts(first)[:3] == [["Children in need North (1 of 2)"], [CARD.summary], list(CARD.columns)]
    assert texts(last)[:2] == [["Children in need North (2 of 2)"], list(CARD.columns)]
    assert [texts(card)[-1] for card in (first, last)] == [["Rule 24", "1", "2", "3"], [CARD.footer]]
    assert [len(card.get("actions", ())) for card in (first, last)] == [0, 1]


def test_rows_that_are_long_stand_on_more_cards_and_are_posted_at_once(flow):
    answers(flow, Response(status=202))
    rows = tuple((f"{number} {'x' * 900}", "1", "2", "3") for number in range(25))

    receiver(address(flow)).send(channel_message(card=replace(CARD, rows=rows)), say_nothing)

    [(request, _)] = flow.log
    attachments = json.loads(request.get_data())["attachments"]
    lines = [line for attachment in attachments for line in texts(attachment["content"])]
    assert [line[0].split()[0] for line in lines if "xxx" in line[0]] == [str(number) for number in range(25)]
    compact = [json.dumps(attachment, separators=(",", ":")) for attachment in attachments]
    assert max(map(len, compact)) <= 20_000


def test_numbers_stand_on_the_right_and_words_on_the_left():
    shown = Card(
        title="Assessment North", summary="", columns=("Rule", "Now", "Overdue"),
        rows=(("Visit", "5 red · 3 amber", "12"), ("Supervision", "2 critical", ""), ("Contact", "1 red", "<5")),
    )  # fmt: skip
    [card] = posted_cards(shown)
    [table] = [element for element in card["body"] if element["type"] == "Table"]

    for row in table["rows"]:
        assert [cell["items"][0].get("horizontalAlignment") for cell in row["cells"]] == [None, None, "Right"]


JO = Mentioned(name="Jo **Reed** <at>", account="jo.reed@exampleshire.gov.uk")


def test_a_card_of_a_day_names_whom_the_council_wants_told_and_nobody_else(flow):
    answers(flow, *[Response(status=202)] * 3)
    notifier = receiver(address(flow), address(flow), mentions={"T1": JO.model_dump()})

    for message in (channel_message(), channel_message(channel="T2"), channel_message(purpose="weekly")):
        notifier.send(message, say_nothing)

    of_the_day, of_another, of_the_week = (posted(flow, number) for number in range(3))
    assert of_the_day["msteams"]["entities"] == [
        {"type": "mention", "text": "<at>Jo Reed at</at>", "mentioned": {"id": JO.account, "name": JO.name}}
    ]
    assert ["<at>Jo Reed at</at>"] in texts(of_the_day)
    for card in (of_another, of_the_week):
        assert "entities" not in card["msteams"]
        assert JO.account not in json.dumps(card)


def test_a_mention_stands_on_the_first_of_several_cards_alone():
    rows = tuple((f"Rule {number}", "1", "2", "3") for number in range(60))

    assert [len(card["msteams"].get("entities", ())) for card in posted_cards(replace(CARD, rows=rows), JO)] == [1, 0, 0]


def test_a_mention_for_a_team_without_a_channel_is_found():
    assert receiver("https://flow.example", hosts=["*"], mentions={"T9": JO.model_dump()}).check() == [
        "mentions: team T9 has no channel"
    ]


def test_a_card_that_teams_would_drop_unseen_is_refused_beforehand(flow):
    notifier = receiver(address(flow))

    with pytest.raises(DeliveryError, match=r"the card has \d\d,\d{3} bytes, and Teams takes 20,000") as caught:
        notifier.send(channel_message(card=replace(CARD, summary="x" * 9000)), not_handed_over)

    assert not caught.value.passing
    assert flow.log == []


def test_words_of_the_data_do_nothing_in_a_card():
    hostile = "**bold** [link](https://evil.example) <at>everyone</at> {{DATE(2026-01-01T00:00:00Z)}}\n# heading\x1b"
    [card] = posted_cards(replace(CARD, title=hostile, rows=((hostile, "1", "2", "3"),), summary=hostile))

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
    [card] = posted_cards(replace(CARD, link=link))

    assert "actions" not in card


def test_a_message_without_a_card_is_refused():
    with pytest.raises(DeliveryError, match="no card that can be posted") as caught:
        cards.posted(channel_message(card=None))

    assert not caught.value.passing


# What Microsoft's own reader of cards says of them

_READ = """
const library = require(process.argv[1]);
const context = new library.SerializationContext(library.Versions.v1_5), card = new library.AdaptiveCard();
card.parse(JSON.parse(require("fs").readFileSync(0, "utf8")), context);
const remarks = card.validateProperties().validationEvents.map((event) => event.message);
for (let place = 0; place < context.eventCount; place++) remarks.push(context.getEventAt(place).message);
console.log(JSON.stringify(remarks));
"""


def remarks_on(card: dict[str, Any]) -> list[str]:
    """Return what the library that draws cards finds wrong in one. A process each: of two cards it turns the language of every second away."""
    command = [str(shutil.which("node")), "-e", _READ, str(ADAPTIVE_CARDS)]
    done = subprocess.run(command, input=json.dumps(card), capture_output=True, text=True, check=True, timeout=120)
    return list(json.loads(done.stdout))


@pytest.mark.slow
@pytest.mark.skipif(
    not (ADAPTIVE_CARDS.is_file() and shutil.which("node")), reason="there is no adaptivecards: .ci/run installs it"
)
def test_the_library_that_draws_cards_has_nothing_to_remark_on_any_of_ours():
    rows = tuple((f"Rule {number}", "5 red · 3 amber", "<5") for number in range(60))
    three = replace(CARD, columns=("Rule", "Now", "Overdue"), rows=rows)
    given = [*posted_cards(CARD, JO), *posted_cards(three, JO), *posted_cards(replace(CARD, rows=(), footer="", link=None))]

    assert [remarks_on(card) for card in given] == [[]] * 5
    # And it would say so of one that is wrong.
    [remark] = remarks_on({**given[0], "body": [{"type": "TextBlock", "text": "Visit", "weight": "Heavy"}]})
    assert remark == 'Invalid value "Heavy" for property "weight".'
