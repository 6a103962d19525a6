"""A rule that changes: its versions are kept, alerts name theirs, and what it gives up is told as that and never as cleared."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from alerting.app import build
from alerting.commands import cli
from alerting.model import Condition
from alerting.rulebook.loader import load_rulebook
from alerting.store.rule_versions import RuleHistory
from tests.made_council import MONDAY
from tests.office import Office, rule_row
from tests.rule_folder import Folder

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own()
    return office


def end(office: Office, child: str, rule: str = "plan-long") -> tuple[str, str | None]:
    alert = office.alert(child, rule)
    return alert.condition.value, alert.resolved_reason


def asked_since(office: Office) -> dict[str, date]:
    store = office.store()
    try:
        with store.transaction() as connection:
            return RuleHistory(store).asked_since(connection)
    finally:
        store.close()


# ---- what counts as a change


@pytest.mark.parametrize(
    ("file", "before", "after", "logic"),
    [
        ("practice/visits-few.yaml", "title: Few visits", "title: Too few visits", "same"),
        ("practice/visits-few.yaml", "notify: {amber: [worker]", "notify: {amber: [quality]", "same"),
        ("practice/visits-few.yaml", "due: add_days(born_on, 7)", "due: add_days(born_on, 8)", "same"),
        ("practice/visits-few.yaml", "measure < red_visits\n      and", "measure < red_visits and", "same"),
        ("practice/visits-few.yaml", "amber: measure < 3", "amber: measure < 4", "other"),
        ("practice/visits-few.yaml", "red_visits: 1", "red_visits: 2", "other"),
        ("practice/visits-few.yaml", "where: age_on(", "for: 2 runs\nwhere: age_on(", "other"),
        ("settings.yaml", "adult_age: 18", "adult_age: 19", "other"),
        ("settings.yaml", "short_statuses: [V3, V4]", "short_statuses: [V3]", "same"),
        ("subjects/child.yaml", "2 AS visits", "3 AS visits", "other"),
        ("subjects/child.yaml", "says: Date of birth", "says: Day of birth", "same"),
        ("subjects/_views/v_everybody.sql", "FROM ssd_person", "FROM ssd_person WHERE pers_dob IS NOT NULL", "other"),
    ],
)
def test_logic_is_what_decides_answers_and_a_version_is_everything(
    tmp_path: Path, file: str, before: str, after: str, logic: str
) -> None:
    folder = Folder(tmp_path / "rules")
    [old] = load_rulebook(folder.path).rules
    folder.change(file, (before, after))
    [new] = load_rulebook(folder.path).rules

    assert new.logic == old.logic if logic == "same" else new.logic != old.logic
    assert new.version != old.version or "and age" in before or before.endswith("and")


# ---- what becomes of alerts


def test_a_threshold_that_changes_ends_alerts_as_rule_changed_and_the_message_says_so(office: Office) -> None:
    office.rule()
    office.begin(MONDAY)
    office.rule(params="{long_days: 100}")

    report = office.run(MONDAY + DAY)

    assert report.alerts.resolved == 2
    assert end(office, "C1") == ("resolved", "rule_changed")

    office.council.on_a_plan("C3", seen=MONDAY, begun=MONDAY - 200 * DAY)
    office.run(MONDAY + 2 * DAY)
    [item] = [item for item in office.content("M1").items if item.subject == "C1"]
    assert item.resolved_reason == "rule_changed"


def test_a_record_that_is_put_right_as_its_rule_changes_is_cleared_and_the_others_are_given_up(office: Office) -> None:
    office.rule()
    office.begin(MONDAY)
    office.rule(params="{long_days: 100}")
    office.council.row("ssd_cp_plans", cppl_person_id="C1")["cppl_cp_plan_start_date"] = (MONDAY - 10 * DAY).isoformat()

    office.run(MONDAY + DAY)

    assert (end(office, "C1"), end(office, "C2")) == (("resolved", "cleared"), ("resolved", "rule_changed"))


def test_what_config_yaml_set_when_the_rule_was_last_asked_is_what_it_asked_before(office: Office) -> None:
    office.rule(params="{long_days: 500}")
    office.settings["rules"] = {"settings": {"PL-01": {"params": {"long_days": 50}}}}
    office.run(MONDAY)
    office.settings.clear()
    office.council.row("ssd_cp_plans", cppl_person_id="C1")["cppl_cp_plan_start_date"] = (MONDAY - 10 * DAY).isoformat()

    office.run(MONDAY + DAY)

    assert (end(office, "C1"), end(office, "C2")) == (("resolved", "cleared"), ("resolved", "rule_changed"))


def test_a_record_that_is_put_right_as_the_subject_changes_ends_as_rule_changed(office: Office) -> None:
    office.rule()
    office.begin(MONDAY)
    subject = office.folder / "rules" / "subjects" / "child_protection_plan.yaml"
    text = subject.read_text("utf-8")
    assert "left_when: |" in text
    subject.write_text(text.replace("left_when: |", "left_when: |\n  -- looked at again", 1), "utf-8")
    office.council.row("ssd_cp_plans", cppl_person_id="C1")["cppl_cp_plan_start_date"] = (MONDAY - 10 * DAY).isoformat()

    office.run(MONDAY + DAY)

    assert (end(office, "C1"), end(office, "C2")) == (("resolved", "rule_changed"), ("firing", None))


def test_the_next_run_after_a_change_clears_as_ever(office: Office) -> None:
    office.rule()
    office.begin(MONDAY)
    office.rule(params="{long_days: 55}")
    office.run(MONDAY + DAY)
    office.council.row("ssd_cp_plans", cppl_person_id="C1")["cppl_cp_plan_start_date"] = (MONDAY - 10 * DAY).isoformat()

    office.run(MONDAY + 2 * DAY)

    assert end(office, "C1") == ("resolved", "cleared")


def test_a_change_of_words_does_not_touch_alerts_or_how_they_clear(office: Office) -> None:
    office.rule()
    office.begin(MONDAY)
    office.rule(title="Very long on a plan")
    office.council.row("ssd_cp_plans", cppl_person_id="C1")["cppl_cp_plan_start_date"] = (MONDAY - 10 * DAY).isoformat()

    office.run(MONDAY + DAY)

    assert (end(office, "C1"), end(office, "C2")) == (("resolved", "cleared"), ("firing", None))


def test_a_subject_that_the_rule_no_longer_asks_about_is_a_change_of_the_rule_and_not_held(office: Office) -> None:
    office.rule()
    office.begin(MONDAY)
    office.rule("plan-long", "PL-01", "where: person_id = 'C2'")

    office.run(MONDAY + DAY)

    assert (end(office, "C1"), end(office, "C2")) == (("resolved", "rule_changed"), ("firing", None))


def test_a_subject_that_is_gone_from_the_data_is_held_although_the_rule_has_changed(office: Office) -> None:
    office.rule()
    office.begin(MONDAY)
    office.rule(params="{long_days: 55}")
    for table in ("ssd_person", "ssd_cp_plans", "ssd_cin_episodes", "ssd_involvements", "ssd_cp_visits"):
        column = next(name for name in office.council.tables[table][0] if name.endswith("person_id"))
        office.council.remove(table, **{column: "C1"})

    office.run(MONDAY + DAY)

    assert end(office, "C1") == ("held", None)


def test_a_rule_that_cannot_be_asked_after_its_change_ends_nothing_until_it_can(office: Office) -> None:
    office.rule("plan-long", "PL-01", "reads: [ssd_cp_plans]")
    office.begin(MONDAY)
    office.rule("plan-long", "PL-01", "reads: [ssd_cp_plans]", params="{long_days: 100}")

    office.run(MONDAY + DAY, without=("ssd_cp_plans",))
    assert end(office, "C1") == ("held", None)

    office.run(MONDAY + 2 * DAY)
    assert end(office, "C1") == ("resolved", "rule_changed")


def test_a_rule_about_something_else_ends_the_alerts_about_what_it_was_about(office: Office) -> None:
    office.rule()
    office.begin(MONDAY)
    office.rule("plan-long", "PL-01", subject="worker", params="{x: 1}", measure="cases", levels="{amber: measure > 100}")

    office.run(MONDAY + DAY)

    assert end(office, "C1") == ("resolved", "rule_changed")


def test_a_deleted_rule_ends_its_alerts_as_rule_removed(office: Office) -> None:
    path = office.rule()
    office.rule("plan-other", "PL-02")
    office.run(MONDAY)
    path.unlink()

    office.run(MONDAY + DAY)

    assert (end(office, "C1"), end(office, "C1", "plan-other")) == (("resolved", "rule_removed"), ("firing", None))


def test_what_a_rule_gave_up_counts_as_cleared_nowhere(office: Office) -> None:
    office.rule()
    office.begin(MONDAY)
    office.rule(params="{long_days: 100}")
    office.run(MONDAY + DAY)

    office.run(MONDAY + 2 * DAY, "weekly")

    [team] = office.content("M1").teams
    assert [(row.new, row.cleared, row.open) for row in team.rows] == [(2, 0, 0)]


def test_a_dry_run_shows_what_a_change_ends_and_keeps_nothing(office: Office) -> None:
    office.rule()
    office.begin(MONDAY)
    office.rule(params="{long_days: 100}")

    assert office.run(MONDAY + DAY, dry_run=True).alerts.resolved == 2
    assert office.alert("C1", "plan-long").condition == Condition.firing
    office.run(MONDAY + DAY)
    assert end(office, "C1") == ("resolved", "rule_changed")


# ---- versions


def test_every_alert_names_the_version_that_made_it_and_keeps_it(office: Office) -> None:
    office.rule()
    office.begin(MONDAY)
    [first] = build(office.folder / "config.yaml").book.rules
    office.rule(title="Very long on a plan")
    office.council.on_a_plan("C3", seen=MONDAY)
    office.run(MONDAY + DAY)
    [second] = build(office.folder / "config.yaml").book.rules

    assert office.alert("C1", "plan-long").rule_version == first.version
    assert office.alert("C3", "plan-long").rule_version == second.version != first.version


def test_versions_are_kept_with_their_text_and_when_and_by_whom(office: Office) -> None:
    path = office.rule()
    text, owner = path.read_text("utf-8"), path.owner()
    office.run(MONDAY)
    office.rule(title="Very long on a plan")
    office.run(MONDAY + DAY)
    office.settings = {"rules": {"settings": {"PL-01": {"params": {"long_days": 55}}}}}
    office.run(MONDAY + 2 * DAY)

    store = office.store()
    try:
        versions = RuleHistory(store).versions("plan-long")
        kept = RuleHistory(store).version("plan-long", versions[-1].version)
    finally:
        store.close()

    assert [row.first_seen_on for row in versions] == [MONDAY + 2 * DAY, MONDAY + DAY, MONDAY]
    assert [row.by for row in versions] == [None, owner, owner]  # config.yaml is not the rule's file
    assert [row.params for row in versions] == [{"long_days": 55}, {"long_days": 50}, {"long_days": 50}]
    assert len({row.logic for row in versions}) == 2
    assert kept == (text, {"long_days": 50})


def test_a_rule_is_known_since_it_was_asked_first_whatever_became_of_it_later(office: Office) -> None:
    office.rule()
    office.settings = {"rules": {"settings": {"PL-01": {"enabled": False}}}}
    office.run(MONDAY)
    known = {MONDAY: asked_since(office)}
    office.settings = {}
    for day, title in ((MONDAY + DAY, "Long on a plan"), (MONDAY + 2 * DAY, "Very long on a plan")):
        office.rule(title=title)
        office.run(day)
        known[day] = asked_since(office)

    assert [known[MONDAY + DAY * after].get("plan-long") for after in range(3)] == [None, MONDAY + DAY, MONDAY + DAY]


def test_versions_are_listed_on_the_command_line(office: Office) -> None:
    office.rule()
    office.begin(MONDAY)

    result = CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), "rules", "versions", "pl-01"])

    headings, row = result.stdout.splitlines()
    assert headings.split("\t")[:3] == ["Rule", "Version", "Logic"]
    assert row.startswith("PL-01\t")
    assert "long_days 50" in row


def test_the_first_run_of_a_store_from_before_versions_calls_nothing_a_change(office: Office) -> None:
    office.rule()
    office.begin(MONDAY)
    store = office.store()
    with store.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM rule_version")
    store.close()
    office.rule(params="{long_days: 100}")

    report = office.run(MONDAY + DAY)

    assert end(office, "C1") == ("resolved", "cleared")
    assert rule_row(report, "PL-01").status == "ok"


def test_a_rule_can_be_compared_with_what_it_was(office: Office) -> None:
    office.rule()
    office.begin(MONDAY)
    old = office.alert("C1", "plan-long").rule_version
    office.rule("plan-long", "PL-01", params="{long_days: 55}", measure="days_since(plan_start) + 1")

    compared = CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), "rules", "diff", f"PL-01@{old}", "PL-01"])

    assert compared.exit_code == 1
    assert f"version {old}" in compared.stdout
    assert "days_since(plan_start) + 1" in compared.stdout
    assert "55" in compared.stdout


def test_a_version_that_no_run_has_seen_is_refused(office: Office) -> None:
    office.rule()
    office.begin(MONDAY)

    refused = CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), "rules", "diff", "PL-01@nothing", "PL-01"])

    assert (refused.exit_code, "rules versions PL-01" in refused.stderr) == (1, True)
