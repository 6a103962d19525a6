"""How well each rule serves, as the command and the weekly message to the administrators say it."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alerting.app import build
from alerting.commands import cli
from alerting.notifications.rule_quality import RuleQuality
from tests.made_council import MONDAY
from tests.office import Office

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.rule()
    return office


def alerting(office: Office, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), *arguments], catch_exceptions=False)


def quality(office: Office, *arguments: str) -> dict[str, object]:
    [row] = json.loads(alerting(office, "rules", "quality", "--json", *arguments).stdout)["rules"]
    return row


def plan_began(office: Office, child: str, day: date) -> None:
    office.council.row("ssd_cp_plans", cppl_person_id=child)["cppl_cp_plan_start_date"] = day.isoformat()


def test_what_fired_cleared_and_is_open_is_counted_and_how_long_it_took(office: Office):
    office.begin(MONDAY)
    plan_began(office, "C1", MONDAY)
    office.run(MONDAY + 7 * DAY)

    row = quality(office)

    assert (row["fired"], row["cleared"], row["median_working_days_to_clear"], row["open"]) == (2, 1, 5, 1)
    assert row["remarks"] == []


def test_what_the_rule_gave_up_or_left_is_not_cleared(office: Office):
    office.begin(MONDAY)
    office.council.row("ssd_cp_plans", cppl_person_id="C1")["cppl_cp_plan_end_date"] = (MONDAY + DAY).isoformat()
    office.rule(params="{long_days: 55}")
    office.run(MONDAY + DAY)
    office.rule(params="{long_days: 100}")
    office.run(MONDAY + 2 * DAY)

    row = quality(office)

    assert (row["fired"], row["cleared"], row["open"]) == (2, 0, 0)


def test_that_an_alert_was_not_useful_is_said_once_by_a_person_and_the_last_word_counts(office: Office):
    office.begin(MONDAY)
    ref = office.alert("C1", "plan-long").ref
    for by, reason in (("M1", "data_wrong"), ("M1", "rule_wrong"), ("S1", "not_mine")):
        said = alerting(office, "alerts", "not-useful", ref, "--reason", reason, "--by", by, "--note", "seen with the team")

    row = quality(office)

    assert said.stdout == f"{ref}: Person S1 says it was not useful, because it is not theirs. It stays as it is.\n"
    assert row["not_useful"] == {"rule_wrong": 1, "not_mine": 1}
    assert row["remarks"] == ["called not useful twice (1 rule wrong, 1 not mine)"]
    shown = alerting(office, "alerts", "show", ref).stdout
    assert "not useful by M1, because the rule is wrong: seen with the team" in shown
    assert "because the data is wrong, ended by M1 on" in shown
    assert office.alert("C1", "plan-long").condition == "firing"


def test_a_resolved_alert_may_be_called_not_useful_too(office: Office):
    office.begin(MONDAY)
    plan_began(office, "C1", MONDAY)
    office.run(MONDAY + DAY)

    assert (
        alerting(
            office, "alerts", "not-useful", office.alert("C1", "plan-long").ref, "--reason", "already_done", "--by", "M1"
        ).exit_code
        == 0
    )
    assert quality(office)["not_useful"] == {"already_done": 1}


def test_alerts_that_were_acknowledged_are_counted_once_each(office: Office):
    office.begin(MONDAY)
    for _ in range(2):
        office.handle("C1", "plan-long", "acknowledge", MONDAY, until=MONDAY + DAY)

    assert quality(office)["acknowledged"] == 1


def test_an_alert_that_comes_back_three_times_in_twenty_working_days_flaps(office: Office):
    for number in range(7):
        plan_began(office, "C1", MONDAY if number % 2 else MONDAY - 60 * DAY)
        office.run(MONDAY + number * DAY)

    row = quality(office)
    assert (row["flapping"], row["remarks"]) == (1, ["comes and goes for 1 subject"])
    assert row["flapping_alerts"] == [office.alert("C1", "plan-long").ref]


def test_a_rule_that_has_not_fired_in_ninety_days_is_said_to_be_silent_and_a_new_one_is_not(office: Office):
    office.rule(params="{long_days: 5000}")
    office.begin(MONDAY)
    assert quality(office)["remarks"] == []

    office.run(MONDAY + 91 * DAY)
    assert quality(office)["remarks"] == ["has not fired in 90 days"]


def test_a_review_date_that_has_passed_is_said(office: Office):
    office.rule("plan-long", "PL-01", "review_by: 2026-03-01")
    office.begin(MONDAY)

    assert quality(office)["remarks"] == ["was to be reviewed by 1 March 2026"]


def test_days_on_which_it_could_not_be_asked_are_counted(office: Office):
    office.rule("plan-long", "PL-01", "reads: [ssd_cp_plans]")
    office.run(MONDAY, without=("ssd_cp_plans",))
    office.run(MONDAY, without=("ssd_cp_plans",))
    office.run(MONDAY + DAY, without=("ssd_cp_plans",))
    office.run(MONDAY + 2 * DAY)

    row = quality(office)

    assert (row["withheld_days"], row["remarks"]) == (2, ["waited for its data on 2 days"])


def test_since_leaves_out_what_was_before(office: Office):
    office.begin(MONDAY)
    plan_began(office, "C1", MONDAY)
    office.run(MONDAY + DAY)

    row = quality(office, "--since", (MONDAY + DAY).isoformat())

    assert (row["fired"], row["cleared"], row["open"]) == (0, 1, 1)


def test_what_needs_a_look_comes_first(office: Office):
    office.rule("plan-other", "PL-02", "review_by: 2026-03-01")
    office.begin(MONDAY)

    _, first, second = alerting(office, "rules", "quality").stdout.splitlines()

    assert (first.split("\t")[0], second.split("\t")[0]) == ("PL-02", "PL-01")
    assert first.endswith("was to be reviewed by 1 March 2026")


def test_the_administrators_and_the_performance_team_get_it_once_a_week(office: Office):
    office.begin(MONDAY)
    report = office.run(MONDAY, "weekly")

    messages = [item for item in report.planned if item.purpose == "quality"]
    assert [item.recipient for item in messages] == ["P1", "admin@example.gov.uk"]
    assert [row.code for row in messages[0].content.rules] == ["PL-01"]
    assert [item for item in office.run(MONDAY + DAY).planned if item.purpose == "quality"] == []


def test_the_weekly_message_says_what_to_look_at_first_and_names_no_child(office: Office):
    office.rule("plan-other", "PL-02", "review_by: 2026-03-01", title="Plans looked at")
    office.begin(MONDAY)
    report = office.run(MONDAY, "weekly")
    [message, _] = [item for item in report.planned if item.purpose == "quality"]
    app = build(office.folder / "config.yaml")
    from alerting.model import Tier

    moment = datetime(2026, 3, 2, 7, tzinfo=timezone(timedelta(0)))
    rendered = app.words().render(message, ceiling=Tier.counts, message_id="<m@x>", planned_at=moment).message

    assert rendered.subject == "Practice alerts rules, weekly: 1 rule to look at"
    assert rendered.text.index("Plans looked at (PL-02)") < rendered.text.index("Long on a plan (PL-01)")
    assert "Was to be reviewed by 1 March 2026." in rendered.text
    assert "2 fired, 0 cleared" in rendered.text
    assert "C1" not in rendered.text + rendered.html


def test_a_rule_that_does_as_it_should_has_no_remark():
    assert RuleQuality(code="X-01", id="x", title="X", fired=10, cleared=9, open=1).remarks() == []
