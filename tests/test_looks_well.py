"""What looks like a good day and is none: nothing asked, nobody to tell, everything silenced, a redirect left on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from alerting.commands import cli
from tests.made_council import MONDAY
from tests.office import Office

DAY = timedelta(days=1)
OFF = {"path": "rules", "settings": {"CP-03": {"enabled": False, "reason": "not yet"}}}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    return office


def titles(office: Office) -> set[str]:
    return {notice.title for notice in office.notices}


def checked(office: Office) -> str:
    office.council.write()
    office.council.configure("sqlite:///alerting.db", **office.settings)
    arguments = ["--config", str(office.folder / "config.yaml"), "check", "--offline"]
    return " ".join(CliRunner().invoke(cli, arguments, env={"NO_COLOR": "1", "COLUMNS": "500"}).stdout.split())


@pytest.mark.parametrize("rules", [{"path": "rules", "packs": []}, OFF], ids=["no pack", "every rule off"])
@pytest.mark.slow
def test_where_no_rule_is_asked_nothing_is_clear_and_check_warns(office: Office, rules: dict[str, Any]) -> None:
    office.settings["rules"] = rules

    office.run(MONDAY)

    assert "No rule was asked" in titles(office)
    assert "nobody is looked at, and nobody told of anything" in checked(office)


@pytest.mark.slow
def test_rules_that_are_asked_of_nobody_find_nothing_and_clear_nothing(office: Office) -> None:
    for table in ("ssd_person", "ssd_cp_plans", "ssd_cp_visits", "ssd_involvements", "ssd_cin_episodes"):
        office.council.tables[table] = []

    office.run(MONDAY)

    assert "The rules were asked of nobody" in titles(office)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "warning"),
    [
        ({"jobs": {"daily": {"at": "07:00", "to": []}}}, "the daily job tells no person of anything: it has no receiver"),
        (
            {"receivers": {"teams": {"type": "teams", "channels": {"T1": "https://x.powerplatform.com/1"}}}},
            "the daily job tells no person of anything: a channel has counts, and names no child",
        ),
        ({"jobs": {"daily": {"at": "07:00", "on": []}}}, "the daily job is never due"),
    ],
    ids=["no receiver", "only a channel", "never"],
)
def test_check_warns_where_nobody_would_be_told(office: Office, settings: dict[str, Any], warning: str) -> None:
    office.settings |= settings

    said = checked(office)

    assert warning in said
    assert "All is well" not in said


def test_check_warns_of_a_job_that_goes_to_a_copy_alone(office: Office) -> None:
    mail = {"type": "email", "host": "127.0.0.1", "from": "alerts@example.gov.uk", "domains": ["example.gov.uk"]}
    office.settings["receivers"] = {"mail": mail, "copy": {"type": "folder", "path": "outbox"}}
    office.settings["jobs"] = {"daily": {"at": "07:00", "to": ["copy"]}}

    assert "the daily job tells no person of anything: it has copies alone" in checked(office)


@pytest.mark.slow
def test_a_redirect_left_on_is_something_to_do_every_day(office: Office) -> None:
    council = {"name": "Exampleshire", "administrators": ["admin@example.gov.uk"], "environment": "test"}
    office.settings["council"] = council | {"redirect_to": "tester@example.gov.uk"}

    office.run(MONDAY)

    assert "Every message goes to one address" in titles(office)


def test_a_level_that_tells_nobody_is_a_fault_of_its_rule(office: Office) -> None:
    office.rule(notify="{amber: []}")

    assert "nobody is told of level amber" in checked(office)


@pytest.mark.slow
def test_a_day_on_which_all_that_is_open_is_silenced_is_not_all_clear(office: Office) -> None:
    office.run(MONDAY)
    silence_everything(office)

    office.run(MONDAY + DAY)

    assert "Everything that is open is silenced" in titles(office)


@pytest.mark.slow
def test_nor_is_a_day_on_which_somebody_has_put_off_all_that_is_open_one_by_one(office: Office) -> None:
    office.run(MONDAY)
    open_ = [alert for alert in office.alerts() if alert.condition == "firing"]
    for alert in open_[1:]:
        office.handle(alert.subject, alert.rule, "snooze", MONDAY, until=MONDAY + 9 * DAY, by="P1")
    office.run(MONDAY + DAY)
    assert "Everything that is open is silenced or put off" not in titles(office)

    office.handle(open_[0].subject, open_[0].rule, "snooze", MONDAY + DAY, until=MONDAY + 9 * DAY, by="P1")
    office.run(MONDAY + 2 * DAY)
    assert "Everything that is open is silenced or put off" in titles(office)


def silence_everything(office: Office) -> None:
    """Silence the one rule there is, as somebody might who silences rule after rule."""
    from datetime import UTC, datetime

    from alerting.store import schema

    store = office.store()
    with store.transaction() as connection:
        values = {
            "matcher": {"rule": ["cp-visit-overdue"]},
            "reason": "x",
            "by": "M1",
            "begins": MONDAY,
            "until": MONDAY + 9 * DAY,
            "matched": 1,
        }
        connection.execute(schema.silence.insert().values(values | {"at": datetime(2026, 3, 2, 12, tzinfo=UTC)}))
    store.close()
