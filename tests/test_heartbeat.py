"""The sign of life: given after a daily run whose audit finds every promise kept, to a real server and a real file."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from alerting.app import build
from alerting.runs.heartbeat import Heartbeat
from tests.made_council import MONDAY, somebody
from tests.office import Office

NOW = datetime(2026, 3, 2, 7, 4, 10, tzinfo=UTC)
SECRET = "8c1f-the-monitor-knows"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    return office


@pytest.fixture
def monitor() -> Iterator[HTTPServer]:
    with HTTPServer() as server:
        server.expect_request(f"/{SECRET}").respond_with_data("OK")
        yield server


def asked(monitor: HTTPServer) -> list[str]:
    return [f"{request.method} {request.path}" for request, _ in monitor.log]


# ---- the sign itself


def test_the_address_is_asked_for_and_the_file_gets_the_time(monitor: HTTPServer, tmp_path: Path) -> None:
    heartbeat = Heartbeat(url=monitor.url_for(f"/{SECRET}"), file=tmp_path / "alive")

    assert heartbeat.beat(NOW) == []
    assert asked(monitor) == [f"GET /{SECRET}"]
    assert (tmp_path / "alive").read_text("utf-8") == "2026-03-02T07:04:10+00:00\n"


def test_the_address_may_be_posted_to(monitor: HTTPServer) -> None:
    assert Heartbeat(url=monitor.url_for(f"/{SECRET}"), method="POST").beat(NOW) == []
    assert asked(monitor) == [f"POST /{SECRET}"]


def test_without_an_address_or_a_file_nothing_is_done() -> None:
    assert Heartbeat().beat(NOW) == []


@pytest.mark.parametrize("status", [301, 404, 500])
def test_an_answer_that_is_not_well_is_told_without_the_address(monitor: HTTPServer, status: int) -> None:
    monitor.expect_request("/gone").respond_with_data("", status=status, headers={"Location": monitor.url_for(f"/{SECRET}")})

    [problem] = Heartbeat(url=monitor.url_for("/gone")).beat(NOW)

    assert problem == f"the heartbeat's address answered {status}"
    assert asked(monitor) == ["GET /gone"]


def test_nobody_there_is_told_without_the_address(monitor: HTTPServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    [problem] = Heartbeat(url=f"http://127.0.0.1:{port}/{SECRET}").beat(NOW)

    assert problem == "the heartbeat's address cannot be reached (ConnectionError)"


def test_a_monitor_that_does_not_answer_is_not_waited_for(monitor: HTTPServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]

        [problem] = Heartbeat(url=f"http://127.0.0.1:{port}/{SECRET}", timeout_s=0.2).beat(NOW)

    assert problem == "the heartbeat's address did not answer within 0.2 seconds"


def test_a_file_that_cannot_be_written_is_told_and_the_address_is_asked_for_all_the_same(
    monitor: HTTPServer, tmp_path: Path
) -> None:
    [problem] = Heartbeat(url=monitor.url_for(f"/{SECRET}"), file=tmp_path / "no folder" / "alive").beat(NOW)

    assert problem == "the heartbeat's file cannot be written (No such file or directory)"
    assert asked(monitor) == [f"GET /{SECRET}"]


# ---- when it is given


def test_a_daily_run_gives_it_once_everything_is_sent_and_written_down(office: Office, monitor: HTTPServer) -> None:
    states: list[str] = []

    def answer(_: Request) -> Response:
        engine = sa.create_engine(f"sqlite:///{office.folder / 'alerting.db'}")
        with engine.connect() as connection:
            states.extend(connection.execute(sa.text("SELECT state FROM occurrence UNION SELECT state FROM outbox")).scalars())
        engine.dispose()
        return Response("OK")

    monitor.clear()
    monitor.expect_request(f"/{SECRET}").respond_with_handler(answer)
    office.settings["heartbeat"] = {"url": monitor.url_for(f"/{SECRET}"), "file": "alive"}

    report = office.run(MONDAY)

    assert report.sending.breaches == ()
    assert sorted(states) == ["accepted", "done"]
    assert (office.folder / "alive").is_file()


def test_a_run_with_faults_of_the_data_gives_it_for_the_service_is_alive(office: Office, monitor: HTTPServer) -> None:
    office.settings["heartbeat"] = {"url": monitor.url_for(f"/{SECRET}")}

    assert office.run(MONDAY, without=("ssd_cp_visits",)).status == "done_with_faults"
    assert asked(monitor) == [f"GET /{SECRET}"]


def test_other_jobs_and_dry_runs_give_none_for_it_says_that_the_daily_run_was_done(office: Office, monitor: HTTPServer) -> None:
    office.settings["heartbeat"] = {"url": monitor.url_for(f"/{SECRET}")}

    office.run(MONDAY, "weekly")
    office.run(MONDAY, dry_run=True)

    assert asked(monitor) == []


def test_a_promise_that_is_not_kept_stops_it_and_is_told(office: Office, monitor: HTTPServer) -> None:
    office.settings["heartbeat"] = {"url": monitor.url_for(f"/{SECRET}")}
    office.run(MONDAY)
    monitor.clear_log()
    forget_who_was_told(office)

    report = office.run(MONDAY)

    assert asked(monitor) == []
    assert report.status == "done_with_faults"
    assert report.sending.breaches
    assert "The audit found a promise that was not kept" in {notice.title for notice in office.notices}


def test_a_monitor_that_cannot_be_reached_costs_the_run_nothing(office: Office) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    office.settings["heartbeat"] = {"url": f"http://127.0.0.1:{port}/{SECRET}", "timeout_s": 1}

    report = office.run(MONDAY)

    assert report.problems == ("the heartbeat's address cannot be reached (ConnectionError)",)
    assert (report.status, report.sending.messages.failed, office.people()) == ("done_with_faults", 0, {"M1", "S1"})
    assert SECRET not in str(report.as_json())


def test_while_fire_is_held_there_is_none(office: Office, monitor: HTTPServer) -> None:
    office.settings["heartbeat"] = {"url": monitor.url_for(f"/{SECRET}")}
    office.run(MONDAY)
    monitor.clear_log()
    from alerting.store.messages import send_hold

    store = build(office.folder / "config.yaml").store()
    with store.transaction() as connection:
        send_hold.hold(connection, by=somebody("P1"), why="looking into something", now=NOW)
    store.close()

    office.run(MONDAY + timedelta(days=1))

    assert asked(monitor) == []


def forget_who_was_told(office: Office) -> None:
    """Damage the store as no run would: an accepted message whose recipients are not known to have been told."""
    store = build(office.folder / "config.yaml").store()
    with store.transaction() as connection:
        connection.execute(sa.text("UPDATE outbox SET finished_at = NULL WHERE state = 'accepted'"))
    store.close()
