"""Whom each alert is for and why they are not told: kept from day to day, and written only where it changes."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from alerting.model import Alert, Condition, Level, Reach
from alerting.notifications import recipient_log
from alerting.notifications.banners import Banners
from alerting.notifications.digests import Circumstances, Plan
from alerting.notifications.recipient_log import NotTold, NotToldReason
from alerting.notifications.routing import Receiver
from alerting.store import schema
from alerting.store.recipient_log import read_not_told, write
from alerting.store.store import Store
from tests.made_council import MONDAY
from tests.office import Office
from tests.sending_desk import router as line_of_managers

DAY = timedelta(days=1)
SNOOZED = "snoozed by Person M1 until 4 March 2026"


def rows(office: Office, child: str = "C1") -> list[tuple[Any, ...]]:
    """Return the rows of a child's alert: who, from when until when, and why not."""
    id_, store = office.alert(child).id, office.store()
    try:
        with store.transaction() as connection:
            table = schema.routed
            query = sa.select(table).where(table.c.alert_id == id_).order_by(table.c.id)
            return [(row.recipient, row.since, row.until, why(row)) for row in connection.execute(query)]
    finally:
        store.close()


def why(row: Any) -> str:
    return NotToldReason(row.reason).say(row.detail) if row.reason else ""


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    return office


@pytest.mark.slow
def test_everybody_an_alert_is_for_has_a_row_and_a_day_that_changes_nothing_writes_none(office: Office) -> None:
    office.begin(MONDAY)
    assert rows(office) == [("M1", MONDAY, None, ""), ("S1", MONDAY, None, "")]

    office.run(MONDAY)
    office.run(MONDAY + DAY)

    assert rows(office) == [("M1", MONDAY, None, ""), ("S1", MONDAY, None, "")]


@pytest.mark.slow
def test_a_reason_lasts_from_the_day_it_holds_to_that_on_which_it_does_no_more(office: Office) -> None:
    office.begin(MONDAY)
    office.handle("C1", "cp-visit-overdue", "snooze", MONDAY, until=date(2026, 3, 4), note="visit booked")
    for day in (1, 2, 3):
        office.run(MONDAY + day * DAY)

    tuesday, thursday = MONDAY + DAY, MONDAY + 3 * DAY
    assert [row for row in rows(office) if row[0] == "M1"] == [
        ("M1", MONDAY, tuesday, ""),
        ("M1", tuesday, thursday, SNOOZED),
        ("M1", thursday, None, ""),
    ]


@pytest.mark.slow
def test_a_day_that_is_run_again_ends_as_its_last_run_left_it(office: Office) -> None:
    office.begin(MONDAY)
    office.handle("C1", "cp-visit-overdue", "snooze", MONDAY, until=date(2026, 3, 4), note="visit booked")
    office.run(MONDAY)

    assert [row for row in rows(office) if row[0] == "M1"] == [("M1", MONDAY, MONDAY, ""), ("M1", MONDAY, None, SNOOZED)]


@pytest.mark.slow
def test_what_has_ended_is_for_nobody_from_that_day_on(office: Office) -> None:
    office.begin(MONDAY)
    office.council.visited("C1", MONDAY)
    office.run(MONDAY + DAY)

    assert rows(office) == [("M1", MONDAY, MONDAY + DAY, ""), ("S1", MONDAY, MONDAY + DAY, "")]


@pytest.mark.slow
def test_who_answers_for_an_alert_no_more_has_a_row_that_ends(office: Office) -> None:
    office.begin(MONDAY)
    office.council.row("ssd_involvements", invo_person_id="C1")["invo_professional_team"] = "T2"
    office.run(MONDAY + DAY)

    assert rows(office) == [("M1", MONDAY, MONDAY + DAY, ""), ("S1", MONDAY, None, ""), ("M2", MONDAY + DAY, None, "")]


@pytest.mark.slow
def test_an_alert_that_leads_to_nobody_has_a_row_that_says_so(office: Office) -> None:
    office.council.tables["ext_staff"] = []
    office.council.tables["ext_team"] = []
    office.run(MONDAY)

    [(recipient, since, until, reason)] = rows(office)
    assert (recipient, since, until) == (recipient_log.EVERYBODY, MONDAY, None)
    assert reason


def test_the_rows_of_another_job_are_left_alone(made_store: str) -> None:
    store = Store.open(made_store)
    with store.transaction() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO run (id, job, as_of, started_at, status) VALUES (1, 'daily', '2026-03-02', '2026-03-02', 'done')"
            )
        )
        for id_, rule, ended in ((1, "a", "NULL"), (2, "b", "NULL"), (3, "b", "'2026-03-03'")):
            connection.execute(
                sa.text(
                    f"""INSERT INTO alert (id, ref, rule, code, subject_kind, subject, episode, condition, level, first_seen, level_since, unit,
                    also, streak, resolved_on) VALUES ({id_}, 'A-{id_}', '{rule}', 'X', 'child', 'C{id_}', 1, 'firing', 2, '2026-03-02', '2026-03-02',
                    '', '', 0, {ended})"""
                )
            )
        covered, snoozed = NotTold(NotToldReason.covered, "A-9"), NotTold(NotToldReason.snoozed, "by M1: until Friday")
        ids = {"A-1": 1, "A-2": 2, "A-3": 3}
        write(connection, 1, MONDAY, {"a", "b"}, {("A-1", "M1"): None, ("A-2", "M1"): covered, ("A-3", "M1"): None}, ids)
        write(connection, 1, MONDAY + 4 * DAY, {"a"}, {("A-1", "M1"): snoozed}, ids)
        write(connection, 1, MONDAY + 5 * DAY, {"a"}, {("A-1", "M1"): snoozed}, ids)

        table = schema.routed
        found = connection.execute(sa.select(table).order_by(table.c.alert_id, table.c.id)).all()
        assert [(row.alert_id, row.since, row.until, row.reason, row.detail) for row in found] == [
            (1, MONDAY, MONDAY + 4 * DAY, None, None),
            (1, MONDAY + 4 * DAY, None, "snoozed", "by M1: until Friday"),
            (2, MONDAY, None, "covered", "A-9"),
            (3, MONDAY, MONDAY + DAY, None, None),
        ]
        assert read_not_told(connection, 1) == [("M1", snoozed)]
    store.close()


def test_somebody_whom_no_message_tells_has_no_reason_made_up_for_them_so_that_the_audit_finds_it() -> None:
    """Whatever leaves a message out, the log says of its reader that nothing keeps the alert from them."""
    alert = Alert(ref="A-1", rule="cp-visit-overdue", code="CP-03", subject_kind="child", subject="C1", episode=1, person="C1", team="T1",
                  condition=Condition.firing, level=Level.red, first_seen=MONDAY, level_since=MONDAY)  # fmt: skip
    found = line_of_managers()
    plan = Plan(routes={alert.ref: found.recipients(alert)})
    today = Circumstances(banners=Banners(router=found), purpose="daily", as_of=MONDAY, working_days=lambda _, __: 0)

    def logged(*receivers: Receiver) -> dict[tuple[str, str], NotTold | None]:
        return dict(recipient_log.log_recipients(found, [alert], plan, today, (), planned=True, receivers=receivers))

    teams = Receiver(name="teams", teams=frozenset({"T1"}), reach=Reach.channels)
    assert logged(Receiver(name="mail")) == {("A-1", "M1"): None}
    assert logged(teams) == logged() == {("A-1", "M1"): NotTold(NotToldReason.no_receiver)}
