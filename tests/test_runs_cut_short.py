"""What a run leaves that comes to no end, is tried, or meets what was changed since: nothing is lost, told anew or held against it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerting.app import build
from alerting.model import Reason
from alerting.store import brakes, schema
from tests.made_council import MONDAY, somebody
from tests.office import Office

DAY = timedelta(days=1)
RULE = "plan-long"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.rule()
    office.settings = {"go_live": "full"}
    return office


@pytest.mark.slow
def test_a_run_that_was_stopped_while_it_sent_breaks_no_promise_once_it_was_taken_up_again(office: Office):
    office.run(MONDAY)
    office.council.row("ssd_cp_plans", cppl_person_id="C1")["cppl_cp_plan_start_date"] = MONDAY.isoformat()
    office.council.on_a_plan("C3", seen=MONDAY)
    office.council.write()
    app, before = build(office.folder / "config.yaml"), len(list((office.folder / "outbox").iterdir()))
    store, moment = app.store(), datetime(2026, 3, 3, 7, tzinfo=UTC)
    try:
        stopped = app.pipeline(store).run(
            "daily", MONDAY + DAY, lambda: moment, stopping=lambda: len(list((office.folder / "outbox").iterdir())) > before
        )
    finally:
        store.close()

    again = office.run(MONDAY + DAY)

    assert (stopped.status, [row.code for row in stopped.rules]) == ("stopped", ["PL-01"])
    assert office.alert("C1", RULE).resolved_reason == Reason.cleared
    assert again.sending.breaches == ()


@pytest.mark.slow
def test_a_dry_run_after_the_days_run_plans_no_second_message_to_administrators(office: Office):
    office.run(MONDAY)

    assert office.run(MONDAY, dry_run=True).planned == ()


@pytest.mark.slow
def test_a_rule_that_is_about_something_else_now_ends_its_alerts_and_opens_new_ones_in_the_same_run(office: Office):
    office.run(MONDAY)
    store = office.store()
    try:
        with store.transaction() as connection:
            connection.execute(schema.alert.update().values(subject_kind="child_in_need"))
    finally:
        store.close()

    office.run(MONDAY + DAY)

    mine = [alert for alert in office.alerts() if alert.person == "C1"]
    assert [(alert.subject_kind, alert.condition, alert.resolved_reason) for alert in mine] == [
        ("child_in_need", "resolved", Reason.rule_changed),
        ("child_protection_plan", "firing", None),
    ]


@pytest.mark.slow
def test_what_was_open_when_the_service_began_and_is_back_after_its_release_is_no_news(office: Office):
    office.settings = {"go_live": "baseline"}
    plan = office.council.row("ssd_cp_plans", cppl_person_id="C1")
    began = plan["cppl_cp_plan_start_date"]
    office.run(MONDAY)
    plan["cppl_cp_plan_start_date"] = MONDAY.isoformat()
    office.run(MONDAY + DAY)
    store = office.store()
    try:
        with store.transaction() as connection:
            brakes.release(connection, None, by=somebody("P1"), note="looked at", now=datetime(2026, 3, 3, 12, tzinfo=UTC))
    finally:
        store.close()
    plan["cppl_cp_plan_start_date"] = began

    office.run(MONDAY + 2 * DAY)

    assert office.alert("C1", RULE).reopened_on == MONDAY + 2 * DAY
    assert set(office.told("M1").values()) == {"backlog"}
