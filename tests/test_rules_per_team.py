"""Rules about a team, a worker or a service, run through the line day by day: who is told, in which words, and how they end."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from alerting.app import build
from alerting.model import Condition
from tests.made_council import MONDAY
from tests.office import Office

DAY = timedelta(days=1)
NOT_SEEN = """\
id: many-not-seen
code: PT-01
title: Many children not seen
says: "{{ measure | number }} of {{ rows }} children on plans not seen for {{ params.late_days }} days"
clears: No more than {{ params.most }} are waiting.
owner: head of service
basis: {kind: local, text: children are seen}
job: daily
reads: [ssd_cp_plans, ssd_cp_visits]
subject: child_protection_plan
per: team
params: {late_days: 20, most: 0}
measure: count(days_since(last_cp_visit) > late_days)
unit: children
levels: {amber: measure > most}
notify: {amber: [team_manager, service_manager]}
"""


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office(tmp_path)
    made.rules_of_its_own()
    made.settings = {"rules": {"path": "rules", "packs": ["local"]}}
    return made


def write(office: Office, **changes: str) -> None:
    lines = [f"{key}: {changes[key]}" if (key := line.partition(":")[0]) in changes else line for line in NOT_SEEN.splitlines()]
    (office.folder / "rules" / "local" / "many-not-seen.yaml").write_text("\n".join([*lines, ""]), "utf-8")


def restrict(office: Office, child: str) -> None:
    office.council.add("ext_restricted", person_id=child, level="limited", allowed_recipients="X1")


@pytest.mark.slow
def test_a_count_above_its_threshold_is_told_to_the_teams_managers_about_the_team_and_no_child(office: Office) -> None:
    write(office)
    restrict(office, "C1")
    office.run(MONDAY)

    assert office.people() == {"M1", "S1"}
    [item] = office.content("M1").items
    assert (item.subject_kind, item.subject, item.team_name) == ("team", "T1", "Team T1")
    assert (item.measure, item.facts, item.child_level) == (1, {"rows": 2}, False)
    assert office.alert("T1", "many-not-seen").person is None


@pytest.mark.slow
def test_its_message_is_in_the_rules_words(office: Office) -> None:
    write(office)
    office.run(MONDAY)

    pages = [path.read_text("utf-8") for path in (office.folder / "outbox").glob("*daily*.html")]
    assert len(pages) == 2
    assert all("1 of 2 children on plans not seen for 20 days" in page and "C1" not in page for page in pages)


@pytest.mark.slow
def test_it_clears_when_the_last_one_is_seen_and_when_the_last_one_leaves(office: Office) -> None:
    write(office)
    office.run(MONDAY)
    office.council.visited("C1", MONDAY)
    office.run(MONDAY + DAY)

    assert office.alert("T1", "many-not-seen").condition == Condition.resolved

    office.council.on_a_plan("C3", seen=MONDAY - timedelta(days=30), team="T2", worker="W2")
    office.run(MONDAY + 2 * DAY)
    office.council.row("ssd_cp_plans", cppl_person_id="C3")["cppl_cp_plan_end_date"] = (MONDAY + 2 * DAY).isoformat()
    office.run(MONDAY + 3 * DAY)

    assert office.alert("T2", "many-not-seen").condition == Condition.resolved


@pytest.mark.slow
def test_a_share_below_target_waits_for_enough_children(office: Office) -> None:
    write(
        office, per="team\nat_least: 3", measure="share(days_since(last_cp_visit) <= late_days)", levels="{amber: measure < 90}"
    )
    report = office.run(MONDAY)
    assert (report.rules[0].unknown, office.alerts()) == (1, [])

    office.council.on_a_plan("C3", seen=MONDAY)
    office.run(MONDAY + DAY)
    assert office.alert("T1", "many-not-seen").measure == pytest.approx(200 / 3)


@pytest.mark.slow
def test_a_change_against_before_is_two_counts(office: Office) -> None:
    write(
        office,
        measure="percentage_change(count(plan_start < today() - 30), count(plan_start >= today() - 30))",
        levels="{amber: measure > 20 and rows > 2}",
    )
    office.run(MONDAY)
    assert office.alerts() == []

    for child in ("C3", "C4", "C5"):
        office.council.on_a_plan(child, seen=MONDAY, begun=MONDAY)
    office.run(MONDAY + DAY)
    assert office.alert("T1", "many-not-seen").measure == 50


@pytest.mark.slow
def test_about_a_service_its_service_manager_is_told_and_about_a_worker_their_team_manager(office: Office) -> None:
    write(office, per="service", notify="{amber: [service_manager]}")
    office.run(MONDAY)
    assert office.told("S1") == {"help_protection": "new"}

    write(office, per="worker", notify="{amber: [team_manager]}")
    office.run(MONDAY + DAY)
    assert office.told("M1")["W1"] == "new"


@pytest.mark.slow
def test_a_team_that_is_no_more_has_left_but_not_with_half_a_directory(office: Office) -> None:
    write(office)
    office.run(MONDAY)
    office.council.tables["ext_load"] = []
    office.council.add("ext_load", table_name="ext_team", loaded_at=f"{MONDAY + DAY}T05:00:00", row_count="400")
    for table, key in (("ext_team", "team_id"), ("ssd_involvements", "invo_professional_team")):
        office.council.remove(table, **{key: "T1"})
    office.run(MONDAY + DAY)
    assert office.alert("T1", "many-not-seen").condition == Condition.held

    office.council.row("ext_load", table_name="ext_team")["row_count"] = "3"
    office.run(MONDAY + DAY)
    ended = office.alert("T1", "many-not-seen")
    assert (ended.condition, ended.why_resolved) == (Condition.resolved, "left: team no longer in the directory")


def test_the_rule_is_without_fault(office: Office) -> None:
    write(office)
    office.run(MONDAY)

    assert [str(fault) for fault in build(office.folder / "config.yaml").book.faults] == []
