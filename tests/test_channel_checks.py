"""A channel that takes cards and shows them nowhere: found out by a word that somebody reads there and passes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pytest_httpserver import HTTPServer
from werkzeug import Response

from alerting.commands import cli
from alerting.notifications.channel_checks import word_of
from alerting.store.schema import act, outbox
from tests.made_council import MONDAY
from tests.office import Office

pytestmark = pytest.mark.slow

WEEK = timedelta(days=7)
TITLE = "Nobody has said that they see the cards of a channel"


@pytest.fixture
def flow() -> Iterator[HTTPServer]:
    with HTTPServer() as server:
        server.expect_request("/flow").respond_with_response(Response(status=202))
        yield server


@pytest.fixture
def office(tmp_path: Path, flow: HTTPServer) -> Office:
    office = Office(tmp_path)
    teams = {
        "type": "teams", "channels": {"T1": flow.url_for("/flow")}, "hosts": ["localhost"], "seconds_between_cards": 0,
    }  # fmt: skip
    office.settings["receivers"] = {"outbox": {"type": "folder", "path": "outbox"}, "teams": teams}
    return office


def alerting(office: Office, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), *arguments])


def words(office: Office) -> list[str]:
    return [item.content.word for item in office.planned if item.purpose == "check"]


def in_the_weeks_of_the_test(office: Office, seen: datetime) -> None:
    """Have what was sent and noted stand on days of the test, and not on the day on which it runs."""
    store = office.store()
    with store.transaction() as connection:
        connection.execute(act.update().values(at=seen))
    store.close()


def planned_now(office: Office) -> None:
    store = office.store()
    with store.transaction() as connection:
        connection.execute(outbox.update().values(planned_at=datetime.now(UTC)))
    store.close()


def test_each_channel_is_asked_weekly_by_a_word_of_its_own(office: Office, flow: HTTPServer) -> None:
    office.run(MONDAY, "weekly")
    [word] = words(office)
    cards = [request.get_data(as_text=True) for request, _ in flow.log]

    assert [word in card for card in cards] == [True]
    assert "Are these cards seen?" in cards[0]

    office.run(MONDAY + WEEK, "weekly")
    assert words(office) != [word]


def test_a_day_asks_nothing(office: Office) -> None:
    office.run(MONDAY)

    assert words(office) == []


def test_a_channel_that_nobody_says_to_see_is_told_to_administrators(office: Office) -> None:
    told = []
    for week in range(6):
        office.run(MONDAY + week * WEEK, "weekly")
        told.append(TITLE in [notice.title for notice in office.notices])

    assert told == [False, False, False, False, False, True]
    notice = next(notice for notice in office.notices if notice.title == TITLE)
    assert notice.items == ("Team T1: never seen",)


def test_another_channel_that_is_not_seen_either_is_told_as_new(office: Office, flow: HTTPServer) -> None:
    told: dict[int, list[str]] = {}
    for week in range(10):
        if week == 3:
            office.settings["receivers"]["teams"]["channels"]["T2"] = flow.url_for("/flow")
        office.run(MONDAY + week * WEEK, "weekly")
        for notice in office.notices:
            if notice.title == TITLE:
                told[week] = notice.items

    assert told == {5: ("Team T1: never seen",), 8: ("Team T1: never seen", "Team T2: never seen")}


def test_one_that_somebody_has_seen_is_left_in_peace_for_four_weeks(office: Office) -> None:
    office.run(MONDAY, "weekly")
    planned_now(office)
    [word] = words(office)
    said = alerting(office, "deliveries", "seen", word.lower().replace("-", " "), "--by", "Q1")
    assert (said.exit_code, said.output) == (0, "Noted: the cards for team T1 are seen (teams).\n")
    in_the_weeks_of_the_test(office, datetime(2026, 3, 9, 12, tzinfo=UTC))

    told = []
    for week in range(1, 7):
        office.run(MONDAY + week * WEEK, "weekly")
        told.append(TITLE in [notice.title for notice in office.notices])
    assert told == [False, False, False, False, False, True]

    [channel] = json.loads(alerting(office, "deliveries", "channels", "--json").output)
    assert (channel["team"], channel["seen_on"], channel["seen_by"]) == ("T1", "2026-03-09", "Q1")


def test_a_word_of_no_check_is_refused(office: Office) -> None:
    office.run(MONDAY, "weekly")
    planned_now(office)
    refused = alerting(office, "deliveries", "seen", "BBB-BBB", "--by", "Q1")

    assert refused.exit_code != 0
    assert "no check with that word was posted in the last four weeks" in refused.output


def test_a_word_holds_no_vowel_and_differs_from_check_to_check() -> None:
    made = {word_of(f"key {number}") for number in range(500)}

    assert len(made) > 495
    assert all(len(word) == 7 and word[3] == "-" and not set(word) & set("AEIOU") for word in made)
