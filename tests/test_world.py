"""What a run decides by, as it is read from the store: whom it holds up, and what of it counts."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from alerting.app import build
from alerting.authoring.today import decide_today
from alerting.config import Handling
from alerting.logs import Entry
from alerting.model import Condition, LastTold
from alerting.notifications.decide import decide
from alerting.notifications.fallback import PASSED_ON
from alerting.store import schema
from alerting.store.alert_actions import AlertActions
from alerting.working_days import add_working_days
from tests.made_council import MONDAY, somebody
from tests.office import Office

DAY = timedelta(days=1)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


on_postgresql = pytest.mark.parametrize("made_store", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)


@on_postgresql
@pytest.mark.slow
def test_neither_a_dry_run_nor_a_look_at_today_waits_for_what_people_are_doing_nor_holds_them_up(
    made_store: str, tmp_path: Path
) -> None:
    url = sa.make_url(made_store)
    impatient = url.update_query_dict({"options": f"{url.query['options']} -clock_timeout=1000"})
    office = Office(tmp_path, impatient.render_as_string(hide_password=False))
    office.run(MONDAY)
    engine = sa.create_engine(made_store, poolclass=sa.NullPool)
    with engine.begin() as somebody:
        somebody.execute(schema.alert.update().values(streak=schema.alert.c.streak))

        tried = office.run(MONDAY + DAY, dry_run=True)
        looked = decide_today(build(office.folder / "config.yaml"), MONDAY + DAY)
    engine.dispose()

    assert tried.status == "done"
    assert looked.world.live


def must_be_free(store: str) -> None:
    """Raise OperationalError where somebody writes into a store of SQLite, which one at a time can."""
    url = sa.make_url(store)
    if url.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(url.database), timeout=0)) as other:
            other.execute("BEGIN IMMEDIATE")


@pytest.mark.slow
def test_what_somebody_does_while_a_run_decides_neither_waits_for_it_nor_is_lost(made_store: str, tmp_path: Path) -> None:
    office = Office(tmp_path, made_store)
    office.run(MONDAY)
    before = office.alert("C1")

    def close(entry: Entry) -> None:
        if entry.step == "decide":
            must_be_free(made_store)  # else what follows would wait for the run that waits for it
            store = office.store()
            with store.transaction() as connection:
                at = {"now": datetime(2026, 3, 3, 7, tzinfo=UTC), "today": MONDAY + DAY}
                actions = AlertActions(
                    store=store, connection=connection, by=somebody("Q1"), **at, limits=Handling(), add=add_working_days
                )
                actions.close(before, reason="duplicate", note="C9 is the same child", until=MONDAY + 9 * DAY)
            store.close()

    report = office.run(MONDAY + DAY, without=("ssd_cp_visits",), log=close)

    after = office.alert("C1")
    assert (before.condition, after.condition, after.why_resolved) == ("firing", "resolved", "manual: duplicate")
    assert report.alerts.held == 0


@pytest.mark.slow
def test_what_a_run_decides_by_is_the_same_where_nobody_has_done_anything_since(office: Office) -> None:
    office.begin(MONDAY)
    office.handle("C1", "cp-visit-overdue", "acknowledge", MONDAY, until=MONDAY + 5 * DAY)
    app = build(office.folder / "config.yaml")

    assert decide_today(app, MONDAY + DAY).world == decide_today(app, MONDAY + DAY).world


@pytest.mark.slow
def test_what_was_passed_on_of_an_alert_that_ended_days_ago_still_counts_as_told(office: Office) -> None:
    office.begin(MONDAY)
    app = build(office.folder / "config.yaml")
    today = decide_today(app, MONDAY + 3 * DAY)
    [alert] = [alert for alert in today.world.live if alert.rule == "cp-visit-overdue"]
    [key] = [key for key in today.world.told if key[1] == "M1"]
    over = replace(alert, condition=Condition.resolved, resolved_on=MONDAY + DAY)
    told = {**today.world.told, key: LastTold(level=int(alert.level), condition=PASSED_ON, told_on=MONDAY)}

    ended = decide(app.policy(), "daily", replace(today.world, live=(), believed_open=(over,), told=told), today.evaluation)
    open_ = decide(app.policy(), "daily", replace(today.world, told=told), today.evaluation)

    assert key in ended.today.last_told
    assert key not in open_.today.last_told


@pytest.mark.slow
def test_a_list_of_restricted_records_that_was_empty_and_trusted_is_one_and_none_at_all_is_none(
    office: Office, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    never = Office(tmp_path / "other")
    half = {"table_name": "ext_restricted", "loaded_at": "2026-03-03 05:00:00", "row_count": "40"}
    office.begin(MONDAY)
    for each in (office, never):
        each.council.tables["ext_load"] = [half]

    asked = {row.code: row.status for row in office.run(MONDAY + DAY).rules}
    withheld = {row.code: row.status for row in never.run(MONDAY + DAY).rules}

    assert (asked["CP-03"], withheld["CP-03"]) == ("ok", "withheld")


@pytest.mark.slow
def test_the_week_is_told_from_a_report_that_a_later_version_wrote(office: Office) -> None:
    office.begin(MONDAY)
    store = office.store()
    with store.transaction() as connection:
        report = connection.execute(sa.select(schema.run.c.report)).scalar_one()
        for row in report["rules"]:
            row["unheard_of"] = {"so": "far"}
        connection.execute(schema.run.update().values(report=report))
    store.close()

    assert office.run(MONDAY, "weekly").status == "done"
