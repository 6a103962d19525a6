"""An installation that is not the live one reaches nobody: over real mail and a real flow's address."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from pytest_httpserver import HTTPServer

from alerting.app import build
from alerting.commands import cli
from alerting.errors import DeliveryError, Faults
from alerting.model import Tier
from alerting.store.messages.sent import list_messages
from tests.made_council import MONDAY
from tests.messages import channel_message, mail_message
from tests.office import Office
from tests.servers import MailServer, mail_server

pytestmark = pytest.mark.slow

SINK = "alerts-test@example.gov.uk"
NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
COUNCIL = {"name": "Exampleshire", "administrators": ["admin@example.gov.uk"], "domain": "alerts.example.gov.uk"}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.settings["council"] = COUNCIL | {"environment": "test", "redirect_to": SINK}
    return office


def mail(server: MailServer) -> dict[str, Any]:
    return {
        "type": "email",
        "host": "127.0.0.1",
        "port": server.port,
        "from": "alerts@example.gov.uk",
        "ca_file": str(server.ca_file),
    }


def sent(office: Office) -> list[dict[str, Any]]:
    store = office.store()
    try:
        with store.transaction() as connection:
            return [asdict(row) for row in list_messages(connection)]
    finally:
        store.close()


def test_every_message_goes_to_the_one_address_and_says_whom_it_was_for(office: Office, tmp_path: Path) -> None:
    with mail_server(tmp_path) as server:
        office.settings["receivers"] = {"mail": mail(server)}
        office.run(MONDAY)

    assert {recipient for taken in server.taken for recipient in taken.recipients} == {SINK}
    assert {row["recipient"] for row in sent(office)} >= {"M1", "S1", "P1", "admin@example.gov.uk"}
    assert len(server.taken) == len(sent(office))
    [to_manager] = [taken for taken in server.taken if "Person M1" in taken.text("plain")]
    for kind in ("plain", "html"):
        assert "TEST: this message was for Person M1. In production it goes to them, and to nobody else." in to_manager.text(kind)
    assert all(SINK in str(taken.mail["To"]) and "m1@" not in str(taken.mail["To"]) for taken in server.taken)
    assert all(taken.mail["Cc"] is None and taken.mail["Bcc"] is None for taken in server.taken)


def test_every_message_is_marked_with_the_environment_or_the_councils_own_stamp(office: Office, tmp_path: Path) -> None:
    with mail_server(tmp_path) as server:
        office.settings["receivers"] = {"mail": mail(server)}
        office.run(MONDAY)
        assert all(str(taken.mail["Subject"]).startswith("[TEST] ") for taken in server.taken)
        server.taken.clear()

        office.settings["council"] = office.settings["council"] | {"stamp": "TRAINING"}
        office.council.on_a_plan("C9", seen=MONDAY.replace(year=2025))
        office.run(MONDAY)

    assert server.taken
    assert all(str(taken.mail["Subject"]).startswith("[TRAINING] ") for taken in server.taken)


def test_nothing_is_posted_to_a_channel_and_its_messages_are_cancelled_with_the_reason(office: Office) -> None:
    with HTTPServer() as flow:
        channels = {"type": "teams", "channels": {"T1": flow.url_for("/flow")}, "hosts": ["127.0.0.1"]}
        office.settings["receivers"] = {"look": {"type": "folder", "path": "outbox"}, "channels": channels}
        report = office.run(MONDAY)
        assert flow.log == []

    [card] = [row for row in sent(office) if row["receiver"] == "channels"]
    assert (card["state"], card["answer"]) == (
        "cancelled",
        "not sent: the environment is test, and only production posts to channels",
    )
    assert (report.sending.messages.failed, report.status, report.sending.breaches) == (0, "done", ())


def test_a_test_message_is_held_to_the_same(office: Office, tmp_path: Path) -> None:
    with mail_server(tmp_path) as server:
        office.settings["receivers"] = {"mail": mail(server)}
        config = office.council.configure(office.store_url, **office.settings)
        result = CliRunner().invoke(cli, ["--config", str(config), "send-test", "mail", "--to", "m1@example.gov.uk"])

    assert result.exit_code == 0, result.output
    assert [taken.recipients for taken in server.taken] == [[SINK]]


def test_whatever_is_given_to_a_receiver_by_hand_goes_nowhere_else(office: Office, tmp_path: Path) -> None:
    with mail_server(tmp_path) as server, HTTPServer() as flow:
        channels = {"type": "teams", "channels": {"T1": flow.url_for("/flow")}, "hosts": ["127.0.0.1"]}
        office.settings["receivers"] = {"mail": mail(server), "channels": channels}
        receivers = build(office.council.configure(office.store_url, **office.settings)).notifiers
        receivers["mail"].send(mail_message(to_address="somebody@elsewhere.example"), lambda: None)
        receivers["mail"].close()
        with pytest.raises(DeliveryError, match="only production posts to channels"):
            receivers["channels"].send(channel_message(channel="T1"), lambda: None)

        assert [taken.recipients for taken in server.taken] == [[SINK]]
        assert flow.log == []
    assert (receivers["mail"].ceiling, receivers["channels"].ceiling) == (Tier.reference, Tier.counts)


def test_names_in_the_line_that_says_whom_it_was_for_are_text_and_no_markup(office: Office, tmp_path: Path) -> None:
    with mail_server(tmp_path) as server:
        office.settings["receivers"] = {"mail": mail(server)}
        receivers = build(office.council.configure(office.store_url, **office.settings)).notifiers
        receivers["mail"].send(mail_message(to_name="<script>Aoife</script>"), lambda: None)
        receivers["mail"].close()

    assert "&lt;script&gt;Aoife&lt;/script&gt;" in server.taken[0].text("html")
    assert "<script>" not in server.taken[0].text("html")


# ---- what config.yaml may say


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"environment": "test"}, "`redirect_to` must say which address gets every message instead"),
        ({"redirect_to": SINK}, "`redirect_to` is for an installation that is not the live one"),
        ({"environment": "production", "redirect_to": SINK}, "`redirect_to` is for an installation that is not the live one"),
        ({"environment": "test", "redirect_to": "nobody"}, "redirect_to"),
        ({"environment": "Test System!", "redirect_to": SINK}, "environment"),
    ],
)
def test_an_environment_that_could_reach_somebody_is_refused(tmp_path: Path, changes: dict[str, str], problem: str) -> None:
    office = Office(tmp_path)
    with pytest.raises(Faults) as refused:
        build(office.council.configure(office.store_url, council=COUNCIL | changes))

    assert problem in str(refused.value)
    assert "config.yaml:" in str(refused.value)


def test_the_check_refuses_it_too(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.council.write()
    config = office.council.configure(office.store_url, council=COUNCIL | {"environment": "test"})

    result = CliRunner().invoke(cli, ["--config", str(config), "check"])

    assert result.exit_code == 1
    assert "redirect_to" in result.output


# ---- from one environment to another


def test_a_store_that_was_used_for_tests_sends_nothing_in_production_until_it_is_released(office: Office) -> None:
    office.run(MONDAY)
    office.settings["council"] = COUNCIL

    report = office.run(MONDAY.replace(day=3))

    assert report.sending.hold_fire is not None
    assert "the store was used where the environment is test" in report.sending.hold_fire
    assert all(row["state"] != "accepted" for row in sent(office) if row["as_of"] == MONDAY.replace(day=3))


def test_a_copy_of_the_live_store_is_used_for_tests_without_more(office: Office) -> None:
    environment = office.settings.pop("council")
    office.run(MONDAY)
    office.settings["council"] = environment

    assert office.run(MONDAY.replace(day=3)).sending.hold_fire is None
    store = office.store()
    with store.transaction() as connection:
        assert connection.execute(sa.text("SELECT value FROM state WHERE name = 'environment'")).scalar_one() == '"test"'
    store.close()
