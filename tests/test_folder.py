"""What is special about the folder: files that give nobody away, and a page to read them by."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default as parsed
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerting.errors import DeliveryError
from alerting.model import Message
from notifiers.folder import Notifier
from tests.messages import CARD, channel_message, mail_message

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=ZoneInfo("Europe/London"))


def say_nothing() -> None:
    """Take the news of the hand-over."""


def deliver(folder: Path, *messages: Message) -> None:
    """One run that sends these."""
    notifier = Notifier(path=folder)
    for message in messages:
        notifier.send(message, say_nothing)
    notifier.close()


def page(folder: Path) -> str:
    return (folder / "index.html").read_text(encoding="utf-8")


def headings(folder: Path) -> list[tuple[str, str]]:
    """Return the page's headings from the second level down, each with its text on one line."""
    found = re.findall(r"<(h[2-4])[^>]*>(.*?)</\1>", page(folder), re.DOTALL)
    return [(level, re.sub(r"<[^>]+>", "", text)) for level, text in found]


# The files


def test_a_mail_is_written_as_a_mail_and_as_a_page(tmp_path):
    deliver(tmp_path, mail_message())

    [mail] = tmp_path.glob("*.eml")
    read = message_from_bytes(mail.read_bytes(), policy=parsed)
    assert read["To"].addresses[0].addr_spec == "aoife.brennan@exampleshire.gov.uk"
    assert (read["Message-ID"], read["Date"].datetime) == ("<6f2c9d0e41@alerts.exampleshire.gov.uk>", MONDAY)
    assert read.get_body(("plain",)).get_content().replace("\r\n", "\n") == mail_message().text
    assert mail.with_suffix(".html").read_text() == mail_message().html


def test_a_card_is_written_as_its_values(tmp_path):
    deliver(tmp_path, channel_message())

    [card] = tmp_path.glob("2026-11-23-daily-*.json")
    assert json.loads(card.read_text()) == json.loads(json.dumps(asdict(CARD)))
    assert not list(tmp_path.glob("*.eml"))


def test_with_teams_it_is_there_for_their_cards_and_without_for_people(tmp_path):
    assert Notifier(path=tmp_path, teams=("T1", "T2")).teams_reached() == {"T1", "T2"}
    assert Notifier(path=tmp_path).teams_reached() is None


def test_a_file_name_is_a_date_a_purpose_and_a_number_of_no_meaning(tmp_path):
    deliver(tmp_path, mail_message(), mail_message(key="x", purpose="../../etc"))

    names = {file.name for file in tmp_path.iterdir()} - {"index.html", "messages.json"}
    assert all(re.fullmatch(r"2026-11-23-(daily|etc)-[0-9a-f]{16}\.(eml|html)", name) for name in names)
    assert len(names) == 4


def test_only_its_owner_can_read_what_is_written(tmp_path):
    folder = tmp_path / "new" / "outbox"
    deliver(folder, mail_message())

    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_the_same_key_again_is_one_message_with_the_later_words(tmp_path):
    deliver(tmp_path, mail_message(subject="first"), mail_message(subject="second"))
    deliver(tmp_path, mail_message(subject="third", date=MONDAY + timedelta(days=1)))

    assert len(list(tmp_path.glob("*.eml"))) == 1
    assert [entry["subject"] for entry in json.loads((tmp_path / "messages.json").read_text())] == ["third"]


def test_a_hand_over_that_may_not_be_writes_nothing(tmp_path):
    def lease_was_lost() -> None:
        raise RuntimeError

    notifier = Notifier(path=tmp_path)
    with pytest.raises(RuntimeError):
        notifier.send(mail_message(), lease_was_lost)
    notifier.close()

    assert list(tmp_path.iterdir()) == []


def test_a_recipient_without_an_address_is_still_written(tmp_path):
    deliver(tmp_path, mail_message(to_address=None))

    [mail] = tmp_path.glob("*.eml")
    assert message_from_bytes(mail.read_bytes(), policy=parsed)["To"] == "Aoife Brennan:;"


def test_a_folder_that_cannot_be_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")
    notifier = Notifier(path=tmp_path / "file" / "outbox")

    with pytest.raises(DeliveryError, match="cannot be written to") as caught:
        notifier.send(mail_message(), say_nothing)

    assert (caught.value.passing, caught.value.ambiguous) == (False, False)
    assert notifier.check() == [f"path: {tmp_path / 'file'} is a file, not a folder"]


# The list


def test_runs_add_to_the_page_newest_day_first_then_by_purpose_and_name(tmp_path):
    deliver(
        tmp_path,
        mail_message(key="1", to_name="Zoë Adams"),
        mail_message(key="2", to_name="aaron Price"),
        mail_message(key="3", purpose="weekly"),
    )
    deliver(tmp_path, mail_message(key="4", date=MONDAY + timedelta(days=1)))

    assert headings(tmp_path) == [
        ("h2", "Days"),
        ("h2", "Tuesday 24 November 2026"),
        ("h3", "Daily (1)"),
        ("h4", "Aoife Brennan"),
        ("h2", "Monday 23 November 2026"),
        ("h3", "Daily (2)"),
        ("h4", "aaron Price"),
        ("h4", "Zoë Adams"),
        ("h3", "Weekly (1)"),
        ("h4", "Aoife Brennan"),
    ]


def test_the_order_of_sending_does_not_show(tmp_path):
    messages = [mail_message(key=str(number), to_name=f"Name {number % 3}") for number in range(6)]

    deliver(tmp_path / "a", *messages)
    deliver(tmp_path / "b", *reversed(messages))

    assert page(tmp_path / "a") == page(tmp_path / "b")
    assert (tmp_path / "a" / "messages.json").read_bytes() == (tmp_path / "b" / "messages.json").read_bytes()


def test_a_run_that_was_killed_before_its_page_is_on_the_next_one(tmp_path):
    Notifier(path=tmp_path).send(mail_message(key="killed", to_name="Sam Okoro"), say_nothing)
    with (tmp_path / "messages.journal").open("ab") as journal:
        journal.write(b'{"id": "cut sho')

    deliver(tmp_path, mail_message())

    assert [text for level, text in headings(tmp_path) if level == "h4"] == ["Aoife Brennan", "Sam Okoro"]
    assert not (tmp_path / "messages.journal").exists()


def test_a_message_that_somebody_has_deleted_is_no_longer_listed(tmp_path):
    deliver(tmp_path, mail_message(key="1", to_name="Sam Okoro"))
    for file in tmp_path.glob("2026-*"):
        file.unlink()

    deliver(tmp_path, mail_message(key="2"))

    assert [text for level, text in headings(tmp_path) if level == "h4"] == ["Aoife Brennan"]


def test_a_list_that_cannot_be_understood_is_told_and_left_alone(tmp_path):
    (tmp_path / "messages.json").write_text('{"Brennan": 1}')
    notifier = Notifier(path=tmp_path)
    notifier.send(mail_message(), say_nothing)

    with pytest.raises(DeliveryError, match=r"messages\.json: the list of messages") as caught:
        notifier.close()

    assert "Brennan" not in str(caught.value)
    assert (tmp_path / "messages.json").read_text() == '{"Brennan": 1}'


def test_a_run_that_sends_nothing_writes_nothing(tmp_path):
    Notifier(path=tmp_path / "outbox").close()

    assert not (tmp_path / "outbox").exists()


# The page


class _Parts(HTMLParser):
    """Collects the elements of a page with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, Any]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_every_link_and_preview_of_the_page_leads_to_a_file_beside_it(tmp_path):
    deliver(tmp_path, mail_message(), channel_message())

    parts = _Parts(page(tmp_path)).found
    targets = [values.get("href") or values["src"] for tag, values in parts if tag in {"a", "iframe"}]
    assert len(targets) == 5
    assert all((tmp_path / target).is_file() for target in targets if not target.startswith("#"))
    assert [values["sandbox"] for tag, values in parts if tag == "iframe"] == [""]


def test_the_card_of_a_channel_is_shown_with_its_sums(tmp_path):
    rows = (*CARD.rows, ("Case without supervision", "<5", "3", "1"))
    deliver(tmp_path, channel_message(card=replace(CARD, rows=rows)))

    text = page(tmp_path)
    assert "Teams channel of T1" in text
    assert "<li>Open 12</li><li>Cleared 2</li>" in text
    assert "<li>New" not in text
    assert "<td>&lt;5</td>" in text


def test_a_message_is_announced_by_its_first_sentence(tmp_path):
    text = "*** MADE-UP DATA ***\n\n3 new and 9 still open\nfor Children in need North.\n\nNEW (3)\n\nCase P1042."
    deliver(tmp_path, mail_message(text=text))

    assert '<p class="lead">3 new and 9 still open for Children in need North.</p>' in page(tmp_path)


def test_words_of_the_data_are_only_words_on_the_page(tmp_path):
    hostile = "<script>alert(1)</script>\"'{{ 7*7 }}"
    card = replace(CARD, title=hostile, rows=((hostile, "1", "2", "3"),), columns=(hostile, "New", "Open", "Cleared"))
    deliver(
        tmp_path,
        mail_message(to_name=hostile, to_address=hostile, subject=hostile, text=hostile),
        channel_message(to_name=hostile, channel=hostile, subject=hostile, text="\ud800\x00", card=card),
    )

    assert "<script" not in page(tmp_path)
    assert "{{ 7*7 }}" in page(tmp_path)


@pytest.mark.slow
def test_the_page_fits_a_telephone(tmp_path, chromium):
    long = "Children-in-need-and-child-protection-" * 4
    deliver(tmp_path, mail_message(to_address=f"{long}@exampleshire.gov.uk", subject=long, text=long), channel_message())
    # Headless Chromium has no window narrower than 500, so the body is held to the width of a telephone.
    script = """
        const wide = [...document.body.querySelectorAll(":not(.card *, .hidden)")]
        document.title = wide.filter(e => e.getBoundingClientRect().right > 320).map(e => e.outerHTML).join("|")
    """
    narrow = page(tmp_path).replace("script-src 'none'", "script-src 'unsafe-inline'")
    narrow = narrow.replace("<details>", "<details open>").replace("<body>", '<body style="width: 320px">')
    (tmp_path / "narrow.html").write_text(narrow.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")

    looked = subprocess.run(
        [
            chromium,
            *"--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking".split(),
            *"--disable-component-update --disable-sync --window-size=500,900 --dump-dom".split(),
            f"--user-data-dir={tmp_path / 'profile'}",
            (tmp_path / "narrow.html").as_uri(),
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert re.search(r"<title>(.*?)</title>", looked.stdout, re.DOTALL)[1] == ""
