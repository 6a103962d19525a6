"""What those who look after the service are told: when something changes and once in seven days, or after every daily run."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from alerting.app import build
from alerting.audit import verify
from alerting.notifications.content import Notice, NoticeContent, Notification
from alerting.notifications.report import Report
from tests.made_council import MONDAY
from tests.office import Office

DAY = timedelta(days=1)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    return office


def told(report: Report) -> list[Notification]:
    return [item for item in report.planned if item.purpose == "admin"]


def content(report: Report) -> NoticeContent:
    found = told(report)[0].content
    assert isinstance(found, NoticeContent)
    return found


def figures(report: Report) -> dict[str, int | str]:
    return {figure.name: figure.value for figure in content(report).run}


def on_change(office: Office, *more: str) -> None:
    """Let administrators be told as they are where config.yaml says nothing of it."""
    named = [
        {"name": "A. Officer", "address": "admin@example.gov.uk"},
        *({"name": "New", "address": address} for address in more),
    ]
    office.settings["council"] = {"name": "Exampleshire", "administrators": named}


def missing(office: Office) -> list[str]:
    """Return the days of which the audit misses a message to those who look after the service."""
    store = build(office.folder / "config.yaml").store()
    try:
        with store.transaction() as connection:
            now = datetime(2026, 3, 20, 12, tzinfo=UTC)
            found = verify.verify(connection, MONDAY, MONDAY + 9 * DAY, now).breaches
    finally:
        store.close()
    return [breach.about for breach in found if "those who look after" in str(breach)]


def forget_messages_to_administrators(office: Office, day: date) -> None:
    with closing(sqlite3.connect(office.folder / "alerting.db")) as connection:
        connection.execute("DELETE FROM outbox WHERE purpose = 'admin' AND as_of = ?", (day.isoformat(),))
        connection.commit()


def titles(notices: Iterable[Notice]) -> list[str]:
    return [notice.title for notice in notices]


def test_a_quiet_day_is_told_to_the_performance_team_and_the_administrators_with_its_figures(office: Office) -> None:
    report = office.run(MONDAY)

    assert [(item.recipient, item.urgency) for item in told(report)] == [("P1", 0), ("admin@example.gov.uk", 0)]
    assert (content(report).notices, content(report).still) == ((), ())
    assert figures(report) == {
        "Data as at": "not stated by the source",
        "Rules asked": "1 of 1",
        "Rules waiting for their data, or at fault": 0,
        "Alerts new": 1,
        "Alerts open": 1,
        "Alerts on hold": 0,
        "Alerts ended": 0,
        "Alerts withheld from somebody": 0,
        "Messages sent": 2,
        "Messages waiting": 0,
        "Messages failed": 0,
        "Brakes on": 0,
        "Audit": "every promise kept",
        "Sealed as": report.sending.seal,
    }


@pytest.mark.slow
def test_it_comes_when_something_has_changed_and_once_in_seven_days(office: Office) -> None:
    """And on the days between, the audit finds every promise kept and the sign of life is given, with the head of the seals."""
    on_change(office)
    office.settings["heartbeat"] = {"file": "alive"}
    gone = ("ssd_cp_visits",)
    came = []
    for after, without in ((0, ()), (1, ()), (2, gone), (3, gone), (4, ()), (7, ()), (11, ()), (14, ())):
        (office.folder / "alive").unlink(missing_ok=True)
        report = office.run(MONDAY + after * DAY, without=without)
        came.append(len(told(report)))
        assert report.sending.not_kept == ()
        assert (office.folder / "alive").read_text("utf-8").endswith(f"seal {report.sending.seal}\n")
        if came[-1] and after == 4:
            assert content(report).over == ("Data: ssd_cp_visits",)

    assert came == [2, 0, 2, 0, 2, 0, 2, 0]


@pytest.mark.slow
def test_whoever_has_not_had_one_in_seven_days_gets_theirs_though_others_have(office: Office) -> None:
    gone, new = ("ssd_cp_visits",), "new@example.gov.uk"
    on_change(office)
    office.run(MONDAY, without=gone)
    on_change(office, new)
    first, second = (office.run(MONDAY + after * DAY, without=gone) for after in (1, 2))

    assert [item.recipient for item in told(first)] == [new]
    assert "Data: ssd_cp_visits" in titles(content(first).still)
    assert told(second) == []


@pytest.mark.slow
def test_what_reached_somebody_else_alone_is_new_to_those_who_look_after_the_service(office: Office) -> None:
    on_change(office)
    office.begin(MONDAY)
    office.run(MONDAY + DAY, without=("ssd_cp_visits",))
    with closing(sqlite3.connect(office.folder / "alerting.db")) as connection:
        changed = "UPDATE outbox SET recipient = 'H1' WHERE purpose = 'admin' AND as_of = ?"
        connection.execute(changed, ((MONDAY + DAY).isoformat(),))
        connection.commit()

    assert "Data: ssd_cp_visits" in titles(content(office.run(MONDAY + 2 * DAY, without=("ssd_cp_visits",))).notices)


@pytest.mark.slow
def test_what_happens_on_two_days_is_new_on_each_be_it_called_the_same(office: Office) -> None:
    on_change(office)
    office.begin(MONDAY)
    for after in (1, 2):
        with closing(sqlite3.connect(office.folder / "alerting.db")) as connection:
            connection.execute("UPDATE state SET value = '{}' WHERE name LIKE 'filled:%'")
            connection.commit()

        assert "The store was changed by hand" in titles(content(office.run(MONDAY + after * DAY)).notices)


@pytest.mark.slow
def test_it_comes_every_day_while_nobody_is_told_of_something(office: Office) -> None:
    on_change(office)

    assert [len(told(office.run(MONDAY + after * DAY, without=("ext_restricted",)))) for after in (0, 1, 2)] == [2, 2, 2]


@pytest.mark.slow
def test_it_comes_every_day_while_a_brake_keeps_alerts_from_everybody(office: Office) -> None:
    on_change(office)
    office.rule("plan-long", "PL-01", "brake: 2")
    office.run(MONDAY)
    for child in ("C3", "C4", "C5"):
        office.council.on_a_plan(child, seen=MONDAY)

    for after in (1, 2, 3):
        assert {item.recipient for item in told(office.run(MONDAY + after * DAY))} >= {"P1", "admin@example.gov.uk"}


@pytest.mark.slow
def test_a_day_of_something_new_without_it_is_a_promise_not_kept_and_so_is_a_week(office: Office) -> None:
    on_change(office)
    for after, without in ((0, ()), (1, ("ssd_cp_visits",)), (8, ("ssd_cp_visits",))):
        office.run(MONDAY + after * DAY, without=without)
    assert missing(office) == []

    forget_messages_to_administrators(office, MONDAY + DAY)
    assert missing(office) == ["daily of 3 March 2026"]
    forget_messages_to_administrators(office, MONDAY + 8 * DAY)
    assert missing(office) == ["daily of 3 March 2026", "daily of 10 March 2026"]


@pytest.mark.slow
def test_where_the_council_wants_it_so_it_comes_every_day_and_once_a_day(office: Office) -> None:
    assert [len(told(office.run(day))) for day in (MONDAY, MONDAY, MONDAY + DAY, MONDAY + DAY)] == [2, 0, 2, 0]


@pytest.mark.slow
def test_what_is_new_is_urgent_and_what_lasts_follows_with_the_day_it_began(office: Office) -> None:
    first = office.run(MONDAY, without=("ssd_cp_visits",))
    second = office.run(MONDAY + DAY, without=("ssd_cp_visits",))

    assert "Data: ssd_cp_visits" in titles(content(first).notices)
    assert told(first)[0].urgency > 0
    assert (content(second).notices, told(second)[0].urgency) == ((), 0)
    [lasting] = [notice for notice in content(second).still if notice.title == "Data: ssd_cp_visits"]
    assert lasting.since == MONDAY
    assert figures(second)["Rules waiting for their data, or at fault"] == 1


@pytest.mark.slow
def test_a_day_that_is_run_again_tells_only_what_is_new(office: Office) -> None:
    office.begin(MONDAY)
    again = office.run(MONDAY, without=("ssd_cp_visits",))

    assert "Data: ssd_cp_visits" in titles(content(again).notices)
    assert told(office.run(MONDAY, without=("ssd_cp_visits",))) == []


@pytest.mark.slow
def test_what_passed_is_told_no_more(office: Office) -> None:
    office.run(MONDAY, without=("ssd_cp_visits",))

    report = office.run(MONDAY + DAY)

    assert (content(report).notices, content(report).still) == ((), ())


@pytest.mark.slow
def test_other_jobs_tell_only_of_what_is_new(office: Office) -> None:
    office.begin(MONDAY)

    assert told(office.run(MONDAY, "weekly")) == []


def test_messages_that_failed_are_something_to_do(office: Office) -> None:
    (office.folder / "outbox").write_text("a file where a folder should be")

    report = office.run(MONDAY)

    assert report.status == "done_with_faults"
    assert {"Messages wait to be sent", "Messages could not be delivered"} & set(titles(content(report).notices))
    assert figures(report)["Messages sent"] == 0


@pytest.mark.slow
def test_a_dry_run_shows_it_and_leaves_it_to_be_told(office: Office) -> None:
    assert len(told(office.run(MONDAY, dry_run=True))) == 2
    assert len(told(office.run(MONDAY))) == 2
