"""Alerts that end and come back: told as that, and not each time; those that somebody closed; those that wait for their data."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alerting.app import build
from alerting.commands import cli
from alerting.config import Handling
from alerting.errors import HandlingError
from alerting.model import Alert, Level, Tier
from alerting.store.alert_actions import AlertActions
from alerting.working_days import add_working_days
from tests.made_council import MONDAY, somebody
from tests.office import Office

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
LONG = MONDAY - 60 * DAY


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """C1 and C2 have been on their plans for 60 days, which is too long."""
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.rule()
    return office


def began(office: Office, day: date, child: str = "C1") -> None:
    office.council.row("ssd_cp_plans", cppl_person_id=child)["cppl_cp_plan_start_date"] = day.isoformat()


def of(office: Office, child: str = "C1") -> Alert:
    return office.alert(child, "plan-long")


def words(office: Office, person: str) -> str:
    """Return the text of the last run's message to a person."""
    [planned] = [item for item in office.planned if item.recipient == person and item.purpose == "daily"]
    moment = datetime(2026, 3, 2, 7, tzinfo=UTC)
    rendered = build(office.folder / "config.yaml").words().render
    return rendered(planned, ceiling=Tier.detail, message_id="<1@example.gov.uk>", planned_at=moment).message.text


def cleared_and_back(office: Office, back_on: date) -> None:
    """C1 clears on Tuesday, and matches again on a later day."""
    office.run(MONDAY)
    began(office, MONDAY)
    office.run(MONDAY + DAY)
    began(office, LONG)
    office.run(back_on)


def close(office: Office, *more: str, child: str = "C1") -> Result:
    given = [
        "alerts",
        "close",
        of(office, child).ref,
        "--reason",
        "duplicate",
        "--note",
        "C9 is the same child",
        "--by",
        "Q1",
        *more,
    ]
    return CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), *given])


def approve(office: Office, by: str) -> Result:
    given = ["requests", "approve", "1", "--by", by]
    return CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), *given])


# ---- coming back


def test_an_alert_that_is_back_within_three_working_days_is_the_same_alert_and_told_as_back_again(office: Office) -> None:
    cleared_and_back(office, MONDAY + 4 * DAY)

    assert office.told("M1") == {"C1": "back", "C2": "open"}
    assert [alert.episode for alert in office.alerts() if alert.subject == "C1"] == [1]
    assert (of(office).came_back, of(office).reopened_on) == ((MONDAY + 4 * DAY,), MONDAY + 4 * DAY)
    assert (of(office).first_seen, of(office).facts) == (MONDAY, office.content("M1").items[0].facts)
    assert "[Back again]" in words(office, "M1")


def test_an_alert_that_is_back_after_that_is_a_new_one(office: Office) -> None:
    cleared_and_back(office, MONDAY + 7 * DAY)

    assert office.told("M1")["C1"] in ("new", "cleared")
    assert [alert.episode for alert in office.alerts() if alert.subject == "C1"] == [1, 2]


def test_the_window_is_the_councils_to_set(office: Office) -> None:
    office.settings["rules"] = {"params": {"reopen_window_wd": 4}}

    cleared_and_back(office, MONDAY + 7 * DAY)

    assert [alert.episode for alert in office.alerts() if alert.subject == "C1"] == [1]


def test_the_day_on_which_an_alert_comes_back_can_be_run_again(office: Office) -> None:
    cleared_and_back(office, MONDAY + 2 * DAY)

    again = office.run(MONDAY + 2 * DAY)

    assert again.alerts.new == again.alerts.changed == again.alerts.resolved == 0
    assert office.sent == []
    assert len(of(office).came_back) == 1


def test_what_somebody_did_about_an_alert_ended_with_it(office: Office) -> None:
    office.begin(MONDAY)
    office.handle("C1", "plan-long", "snooze", MONDAY, until=MONDAY + 30 * DAY)
    began(office, MONDAY)
    office.run(MONDAY + DAY)
    began(office, LONG)
    office.run(MONDAY + 2 * DAY)

    assert of(office).acts == ()
    assert office.told("M1")["C1"] == "back"


def test_an_alert_that_comes_and_goes_is_told_in_the_weekly_summary_only(office: Office) -> None:
    for number in range(7):  # back on Wednesday, Friday and Sunday
        began(office, MONDAY if number % 2 else LONG)
        office.run(MONDAY + number * DAY)
    assert of(office).came_back == (MONDAY + 2 * DAY, MONDAY + 4 * DAY, MONDAY + 6 * DAY)
    assert "M1" not in office.people()

    office.run(MONDAY + 7 * DAY, "weekly")
    [row] = [row for team in office.content("M1").teams for row in team.rows]
    assert (row.open, row.flapping) == (2, 1)

    office.run(MONDAY + 11 * DAY)
    assert office.told("M1") == {"C2": "reminder"}
    assert office.content("M1").flapping == 1
    assert "1 more alert coming and going" in words(office, "M1")


def test_a_critical_alert_that_comes_and_goes_is_told_each_time(office: Office) -> None:
    office.rule(levels="{critical: measure > long_days}", notify="{critical: [team_manager]}")
    for number in range(7):
        began(office, MONDAY if number % 2 else LONG)
        office.run(MONDAY + number * DAY)

    assert office.told("M1")["C1"] == "back"


# ---- closed by somebody


def test_an_alert_that_somebody_closed_stays_closed_while_its_record_says_the_same(office: Office) -> None:
    office.begin(MONDAY)

    said = close(office)
    office.run(MONDAY + DAY)

    assert said.exit_code == 0, said.stderr
    assert said.stdout.startswith(
        f"{of(office).ref} is closed by Person Q1: it is there twice. It opens again if the record changes."
    )
    assert (of(office).condition, of(office).why_resolved) == ("resolved", "manual: duplicate")
    shown = CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), "alerts", "show", of(office).ref]).stdout
    assert "close by Q1, because it is there twice: C9 is the same child" in shown
    assert "(manual: duplicate) by Q1" in shown


def test_it_opens_again_as_a_new_alert_when_the_record_changes(office: Office) -> None:
    office.begin(MONDAY)
    close(office)
    office.run(MONDAY + DAY)

    began(office, LONG + 5 * DAY)  # it fell to 57 days, so the record was changed
    office.run(MONDAY + 2 * DAY)

    assert (of(office).episode, of(office).condition) == (2, "firing")
    assert {(item.subject, item.state) for item in office.content("M1").items} >= {("C1", "cleared"), ("C1", "new")}


def test_it_opens_again_after_the_day_it_was_closed_until(office: Office) -> None:
    office.begin(MONDAY)
    alert = of(office)
    store = office.store()
    now = datetime(MONDAY.year, MONDAY.month, MONDAY.day, 12, tzinfo=UTC)
    said = {"reason": "other", "note": "to be looked at on Wednesday"}
    at = {"by": somebody("Q1"), "now": now, "today": MONDAY, "limits": Handling(), "add": add_working_days}
    try:
        with store.transaction() as connection:
            actions = AlertActions(store=store, connection=connection, **at)
            with pytest.raises(HandlingError, match="has passed"):
                actions.close(alert, **said, until=MONDAY - DAY)
            actions.close(alert, **said, until=MONDAY + 2 * DAY)
    finally:
        store.close()

    office.run(MONDAY + 2 * DAY)
    assert of(office).condition == "resolved"
    office.run(MONDAY + 3 * DAY)
    assert (of(office).condition, of(office).episode) == ("firing", 2)


def test_those_who_were_told_hear_that_somebody_closed_it_and_that_it_counts_as_cleared_nowhere(office: Office) -> None:
    office.begin(MONDAY)
    close(office)
    office.rule(levels="{amber: measure > long_days, red: measure > 61}", notify="{amber: [team_manager], red: [team_manager]}")
    office.run(MONDAY + 3 * DAY)  # C1 opens again, as its level rises; C2 is worse

    said = words(office, "M1")
    assert "No longer checked: 1".upper() in said.upper()
    assert "Closed by somebody: it is there twice" in said
    assert [alert.level for alert in office.alerts() if alert.subject == "C1"] == [Level.amber, Level.red]


def test_a_critical_alert_takes_two_people_and_two_commands_to_close(office: Office) -> None:
    office.rule(levels="{critical: measure > long_days}", notify="{critical: [team_manager]}")
    office.begin(MONDAY)

    assert close(office, "--approved-by", "Q1").exit_code == 1
    assert close(office, "--approved-by", "H1").exit_code == 0
    assert of(office).condition == "firing"
    assert approve(office, "Person  Q1").exit_code == 1
    assert of(office).condition == "firing"
    assert approve(office, "H1").exit_code == 0
    assert of(office).condition == "resolved"


def test_an_alert_is_closed_once_and_for_a_reason_that_is_said(office: Office) -> None:
    office.begin(MONDAY)
    ref = of(office).ref
    config = ["--config", str(office.folder / "config.yaml"), "alerts", "close", ref]

    assert CliRunner().invoke(cli, [*config, "--reason", "other", "--note", " "]).exit_code == 1
    assert close(office).exit_code == 0
    again = close(office)
    assert (again.exit_code, f"{ref} is resolved already" in again.stderr) == (1, True)


# ---- on hold for long


def test_who_looks_after_the_data_is_told_once_of_alerts_on_hold_for_too_long_and_their_manager_is_not(office: Office) -> None:
    def held_notices() -> set[str]:
        return {notice.title for notice in office.notices if "on hold for more than" in notice.title}

    office.run(MONDAY)
    for number in (1, 8):  # 5 working days on hold
        office.run(MONDAY + number * DAY, without=("ssd_cp_plans",))
        assert held_notices() == set()
    office.run(MONDAY + 9 * DAY, without=("ssd_cp_plans",))

    assert held_notices() == {"PL-01: alerts on hold for more than 5 working days"}
    # Their manager reads what could not be read, as on every such day, and nothing of how long the alerts have been on hold.
    assert office.content("M1").items == ()
    assert [banner for banner in office.content("M1").banners if "more than" in banner] == []
    office.run(MONDAY + 10 * DAY, without=("ssd_cp_plans",))
    assert held_notices() == set()
