"""One matter is told once: which alerts another covers, and what becomes of them when it ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerting.model import About, Alert, Condition, Level
from alerting.notifications.inhibition import covered
from alerting.notifications.routing import RuleRoute
from tests.made_council import MONDAY
from tests.office import Office

DAY = timedelta(days=1)
TODAY = date(2026, 3, 2)


def route(rule: str, *inhibited_by: str, about: About = About.child) -> RuleRoute:
    return RuleRoute(
        notify={}, about=about, channel=True, remind_every=5, title=rule, code=rule.upper(), inhibited_by=inhibited_by
    )


def alert(rule: str, subject: str = "C1", **what: Any) -> Alert:
    values = {"subject_kind": "child", "person": "C1", "condition": Condition.firing, "level": Level.amber} | what
    return Alert(
        ref=f"{rule}/{subject}", rule=rule, code=rule, subject=subject, episode=1, first_seen=TODAY, level_since=TODAY, **values
    )


ROUTES = {"visit": route("visit", "missing"), "missing": route("missing")}
MISSING, VISIT = alert("missing"), alert("visit")


def told(_: Alert) -> bool:
    return True


def found(*alerts: Alert, routes: dict[str, RuleRoute] = ROUTES) -> dict[str, str]:
    return covered(alerts, routes, told)


def test_an_alert_is_covered_by_a_firing_one_of_a_named_rule_about_the_same_subject():
    assert found(MISSING, VISIT) == {"visit/C1": "missing/C1"}


@pytest.mark.parametrize(
    "other",
    [
        replace(MISSING, subject="C2", person="C2"),
        replace(MISSING, condition=Condition.held),
        replace(MISSING, condition=Condition.pending),
        replace(MISSING, condition=Condition.resolved),
        replace(MISSING, rule="another"),
    ],
    ids=["about another", "on hold", "pending", "resolved", "of another rule"],
)
def test_any_other_alert_covers_nothing(other: Alert):
    assert found(other, VISIT) == {}


def test_one_that_is_improving_still_covers():
    assert found(replace(MISSING, condition=Condition.recovering), VISIT) == {"visit/C1": "missing/C1"}


def test_what_nobody_is_told_of_covers_nothing():
    assert covered([MISSING, VISIT], ROUTES, lambda alert: alert.rule != "missing") == {}


def test_between_kinds_of_subject_the_same_child_is_enough():
    plan = replace(VISIT, subject_kind="plan", subject="P1", ref="visit/P1")

    assert found(MISSING, plan) == {"visit/P1": "missing/C1"}


def test_two_of_one_kind_about_one_child_are_two_matters():
    first, second = replace(MISSING, subject="A1"), replace(VISIT, subject="A2")

    assert found(first, second) == {}


def test_a_worker_is_not_a_child_whoever_they_work_with():
    routes = ROUTES | {"missing": route("missing", about=About.worker)}

    assert found(replace(MISSING, subject_kind="worker", subject="W1"), VISIT, routes=routes) == {}


def test_what_is_covered_itself_covers_nothing():
    routes = {"review": route("review", "visit"), **ROUTES}

    assert found(MISSING, VISIT, alert("review"), routes=routes) == {"visit/C1": "missing/C1"}


def test_of_two_rules_that_name_each_other_the_more_serious_is_told():
    routes = {"visit": route("visit", "missing"), "missing": route("missing", "visit")}

    assert found(replace(VISIT, level=Level.red), MISSING, routes=routes) == {"missing/C1": "visit/C1"}
    assert found(VISIT, replace(MISSING, level=Level.red), routes=routes) == {"visit/C1": "missing/C1"}


def test_of_equals_that_name_each_other_the_newest_is_covered_though_it_is_not_written_yet():
    routes = {"visit": route("visit", "missing"), "missing": route("missing", "visit")}

    assert found(replace(VISIT, id=1), replace(MISSING, id=2), routes=routes) == {"missing/C1": "visit/C1"}
    assert found(replace(MISSING, id=2), VISIT, routes=routes) == {"visit/C1": "missing/C1"}
    assert found(MISSING, VISIT, routes=routes) == {"visit/C1": "missing/C1"}
    assert found(VISIT, MISSING, routes=routes) == {"missing/C1": "visit/C1"}


def test_in_a_ring_of_rules_somebody_is_told():
    routes = {"a": route("a", "b"), "b": route("b", "c"), "c": route("c", "a")}

    assert 0 < len(found(alert("a"), alert("b"), alert("c"), routes=routes)) < 3


# ---- in the line


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    office.rule("plan-long", "PL-01", "inhibited_by: [cp-visit-overdue]")
    return office


def rules_told(office: Office, person: str) -> set[tuple[str, str, str]]:
    return {(item.rule, item.subject, item.state) for item in office.content(person).items}


@pytest.mark.slow
def test_a_covered_alert_is_counted_and_not_told_until_the_other_has_ended(office: Office):
    report = office.run(MONDAY)

    # C1 has both, C2 has only been long on a plan.
    assert rules_told(office, "M1") == {("cp-visit-overdue", "C1", "new"), ("plan-long", "C2", "new")}
    assert (office.content("M1").covered, report.alerts.new) == (1, 3)

    office.council.visited("C1", MONDAY)
    office.run(MONDAY + DAY)
    assert rules_told(office, "M1") == {
        ("cp-visit-overdue", "C1", "cleared"),
        ("plan-long", "C1", "new"),
        ("plan-long", "C2", "open"),
    }
    assert office.content("M1").covered == 0


@pytest.mark.slow
def test_what_covers_is_worked_out_each_time_and_kept_nowhere(office: Office):
    office.begin(MONDAY)

    assert office.alert("C1", "plan-long").condition == Condition.firing


@pytest.mark.slow
def test_a_snoozed_alert_covers_nothing(office: Office):
    office.begin(MONDAY)
    office.handle("C1", "cp-visit-overdue", "snooze", MONDAY, until=MONDAY + 5 * DAY)

    office.run(MONDAY + DAY)

    assert ("plan-long", "C1", "new") in rules_told(office, "M1")
    assert office.content("M1").snoozed == 1


@pytest.mark.slow
def test_what_was_told_before_it_was_covered_is_told_when_it_clears(office: Office):
    office.council.visited("C1", MONDAY)
    office.run(MONDAY)
    office.council.tables["ssd_cp_visits"].pop()
    office.run(MONDAY + DAY)
    assert rules_told(office, "M1") == {("cp-visit-overdue", "C1", "new"), ("plan-long", "C2", "open")}

    office.council.row("ssd_cp_plans", cppl_person_id="C1")["cppl_cp_plan_start_date"] = MONDAY.isoformat()
    office.council.on_a_plan("C3", seen=MONDAY)
    office.run(MONDAY + 2 * DAY)
    assert ("plan-long", "C1", "cleared") in rules_told(office, "M1")


@pytest.mark.parametrize(
    ("other", "covers"), [(Level.info, False), (Level.amber, True), (Level.red, True)], ids=["lower", "the same", "higher"]
)
def test_not_beside_covers_only_at_the_same_or_a_higher_level_and_between_subjects_of_one_worker(other: Level, covers: bool):
    routes = {
        "load": replace(route("load", about=About.worker), not_beside=("cases",)),
        "cases": route("cases", about=About.worker),
    }
    load = alert("load", "W1", subject_kind="weighted_worker", person=None)
    cases = alert("cases", "W1", subject_kind="worker", person=None, level=other)

    assert found(cases, load, routes=routes) == ({"load/W1": "cases/W1"} if covers else {})
