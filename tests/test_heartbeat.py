"""The sign of life: given after a daily run whose audit finds every promise kept, to a real server and a real file.

And only when persons were told: by receivers that take messages, refuse them, are not there, or only keep a copy.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from alerting.app import build
from alerting.audit import verify
from alerting.runs.heartbeat import Heartbeat
from tests.made_council import MONDAY, somebody
from tests.office import Office
from tests.sending_desk import refusing
from tests.servers import closed_port, scripted_mail_server

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


@pytest.mark.slow
def test_a_run_with_faults_of_the_data_gives_it_for_the_service_is_alive(office: Office, monitor: HTTPServer) -> None:
    office.settings["heartbeat"] = {"url": monitor.url_for(f"/{SECRET}")}

    assert office.run(MONDAY, without=("ssd_cp_visits",)).status == "done_with_faults"
    assert asked(monitor) == [f"GET /{SECRET}"]


@pytest.mark.slow
def test_other_jobs_and_dry_runs_give_none_for_it_says_that_the_daily_run_was_done(office: Office, monitor: HTTPServer) -> None:
    office.settings["heartbeat"] = {"url": monitor.url_for(f"/{SECRET}")}

    office.run(MONDAY, "weekly")
    office.run(MONDAY, dry_run=True)

    assert asked(monitor) == []


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_monitor_that_cannot_be_reached_costs_the_run_nothing(office: Office) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    office.settings["heartbeat"] = {"url": f"http://127.0.0.1:{port}/{SECRET}", "timeout_s": 1}

    report = office.run(MONDAY)

    assert report.problems == ("the heartbeat's address cannot be reached (ConnectionError)",)
    assert (report.status, report.sending.messages.failed, office.people()) == ("done_with_faults", 0, {"M1", "S1"})
    assert SECRET not in str(report.as_json())


@pytest.mark.slow
def test_while_fire_is_held_there_is_none(office: Office, monitor: HTTPServer) -> None:
    office.settings["heartbeat"] = {"url": monitor.url_for(f"/{SECRET}")}
    office.run(MONDAY)
    monitor.clear_log()
    from alerting.store.messages import send_hold

    store = office.store()
    with store.transaction() as connection:
        send_hold.hold(connection, by=somebody("P1"), why="looking into something", now=NOW)
    store.close()

    office.run(MONDAY + timedelta(days=1))

    assert asked(monitor) == []


# ---- only when everybody was told, by mail and not by a copy of it


def mail(port: int) -> dict[str, Any]:
    return {"type": "email", "host": "127.0.0.1", "port": port, "from": "alerts@example.gov.uk", "security": "none",
            "helo": "here.example.gov.uk", "domains": ["example.gov.uk"], "timeout_s": 1, "after_dot_timeout_s": 1}  # fmt: skip


def with_mail(office: Office, port: int, **more: Any) -> None:
    office.settings |= {"heartbeat": {"file": "alive"}, "receivers": {"mail": mail(port), **more}}


def gave_a_sign(office: Office) -> bool:
    """Return whether a sign was given since this was last asked."""
    alive = office.folder / "alive"
    given = alive.is_file()
    alive.unlink(missing_ok=True)
    return given


def breaches(office: Office, since: date, until: date) -> list[str]:
    store = office.store()
    try:
        with store.transaction() as connection:
            now = datetime(until.year, until.month, until.day, 12, tzinfo=UTC)
            return [str(breach) for breach in verify.verify(connection, since, until, now).breaches]
    finally:
        store.close()


COPY = {"copy": {"type": "folder", "path": "outbox"}}


@pytest.mark.parametrize("beside", [{}, COPY], ids=["alone", "with a folder beside it that takes everything"])
@pytest.mark.slow
def test_mail_on_a_dead_port_for_three_days_gives_none_and_is_a_breach_of_each_day(
    office: Office, beside: dict[str, Any]
) -> None:
    with_mail(office, closed_port(), **beside)
    for day in range(3):
        report = office.run(MONDAY + timedelta(days=day))
        assert not gave_a_sign(office)
        assert report.sending.unaccepted

    wednesday = MONDAY + timedelta(days=2)
    of_daily = [found for found in breaches(office, MONDAY, wednesday) if found.startswith("accepted daily")]
    assert [found.partition(":")[0] for found in of_daily] == [
        "accepted daily of 2 March 2026",
        "accepted daily of 3 March 2026",
        "accepted daily of 4 March 2026",
    ]


@pytest.mark.slow
def test_the_figure_of_the_audit_says_that_messages_were_not_accepted(office: Office) -> None:
    with_mail(office, closed_port())

    office.run(MONDAY)

    [content] = {item.content for item in office.planned if item.purpose == "admin" and item.recipient == "admin@example.gov.uk"}
    assert [figure.value for figure in content.run if figure.name == "Audit"] == ["1 promise not kept"]


@pytest.mark.parametrize("beside", [{}, COPY], ids=["alone", "with a folder beside it"])
@pytest.mark.slow
def test_mail_that_is_taken_gives_it(office: Office, beside: dict[str, Any]) -> None:
    with scripted_mail_server() as server:
        with_mail(office, server.port, **beside)

        assert office.run(MONDAY).sending.not_kept == ()

    assert gave_a_sign(office)
    assert breaches(office, MONDAY, MONDAY) == []


@pytest.mark.slow
def test_a_folder_beside_mail_that_is_all_that_a_job_is_set_to_gives_none(office: Office) -> None:
    with scripted_mail_server() as server:
        with_mail(office, server.port, **COPY)
        office.settings["jobs"] = {"daily": {"at": "07:00", "to": ["copy"]}}

        report = office.run(MONDAY)

    assert not gave_a_sign(office)
    assert any(breach.startswith("I2 ") for breach in report.sending.breaches), "what a copy took has told nobody"
    assert any("taken by a copy alone" in breach for breach in report.sending.unaccepted)


@pytest.mark.slow
def test_an_administrator_whose_message_is_refused_keeps_it_back(office: Office) -> None:
    with scripted_mail_server(RCPT=refusing("admin@example.gov.uk")) as server:
        with_mail(office, server.port)

        report = office.run(MONDAY)

    assert not gave_a_sign(office)
    assert [breach.partition(":")[0] for breach in report.sending.unaccepted] == ["accepted admin of 2 March 2026"]
    assert report.status == "done_with_faults"


@pytest.mark.slow
def test_the_administrators_message_alone_that_waits_keeps_it_back(office: Office) -> None:
    def answer(said: str) -> str:
        return "451 later" if "admin@" in said or "p1@" in said else "250 ok"

    with scripted_mail_server(RCPT=answer) as server:
        with_mail(office, server.port)

        assert office.run(MONDAY).sending.unaccepted

    assert not gave_a_sign(office)


@pytest.mark.slow
def test_what_a_run_kept_back_is_given_on_the_same_day_once_what_waited_is_taken(office: Office) -> None:
    with scripted_mail_server(RCPT=["451 later", "250 ok"]) as server:
        with_mail(office, server.port)
        assert office.run(MONDAY).sending.unaccepted
        assert not gave_a_sign(office)

        assert sent_later(office, MONDAY, hour=8) == []
        assert gave_a_sign(office)

        assert sent_later(office, MONDAY, hour=9) == []
        assert not gave_a_sign(office), "once a day"


@pytest.mark.slow
def test_it_is_not_given_late_for_another_day_or_while_anything_waits(office: Office) -> None:
    with_mail(office, closed_port())
    office.run(MONDAY)

    sent_later(office, MONDAY, hour=8)
    assert not gave_a_sign(office)

    with scripted_mail_server() as server:
        with_mail(office, server.port)
        office.council.configure(office.store_url, **office.settings)
        sent_later(office, MONDAY + timedelta(days=1), hour=6)
    assert not gave_a_sign(office)


def sent_later(office: Office, day: date, hour: int) -> list[str]:
    """Send what waits, as `alerting deliveries send` does, and give the sign of life that the day's run kept back."""
    app, moment = build(office.folder / "config.yaml"), datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    store = app.store()
    try:
        app.sender(store).send_all(lambda: moment)
        return app.heartbeat().beat_late(day, store, moment)
    finally:
        store.close()


@pytest.mark.slow
def test_a_manager_who_cannot_be_reached_is_no_breach_where_the_next_up_took_it(office: Office) -> None:
    with scripted_mail_server(RCPT=refusing("m1@example.gov.uk")) as server:
        with_mail(office, server.port)

        report = office.run(MONDAY)

    assert report.sending.not_kept == ()
    assert gave_a_sign(office)


@pytest.mark.slow
def test_everybody_of_the_line_refused_keeps_it_back(office: Office) -> None:
    with scripted_mail_server(RCPT=refusing("m1@", "s1@", "h1@")) as server:
        with_mail(office, server.port)

        assert "not all of it was passed on" in " ".join(office.run(MONDAY).sending.unaccepted)

    assert not gave_a_sign(office)


@pytest.mark.slow
def test_with_nothing_due_the_receivers_are_asked_whether_they_would_take_mail(office: Office) -> None:
    with scripted_mail_server() as server:
        with_mail(office, server.port)
        office.run(MONDAY)
        assert gave_a_sign(office)
        taken = len(server.accepted)

        assert office.run(MONDAY).sending.messages.planned == 0
        assert (gave_a_sign(office), len(server.accepted)) == (True, taken), "asked, and nothing sent"
        assert server.steps[-2:] == ["EHLO", "QUIT"]

    report = office.run(MONDAY)

    assert (report.sending.messages.planned, gave_a_sign(office), report.status) == (0, False, "done_with_faults")
    assert "receiver mail: would take no message" in " ".join(report.problems)


@pytest.mark.parametrize(
    "settings",
    [
        {"jobs": {"daily": {"at": "07:00", "to": []}}},
        {"receivers": {"teams": {"type": "teams", "channels": {"T1": "https://x.powerplatform.com/1"}}}},
    ],
    ids=["no receiver", "only a channel"],
)
@pytest.mark.slow
def test_where_nobody_can_be_told_there_is_none_and_each_alert_is_a_breach(office: Office, settings: dict[str, Any]) -> None:
    if "receivers" in settings:
        with HTTPServer() as flows:
            flows.expect_request("/1").respond_with_data(status=202)
            channels = {"T1": flows.url_for("/1")}
            office.settings["receivers"] = {"teams": {"type": "teams", "channels": channels, "hosts": ["localhost"]}}
            office.settings["heartbeat"] = {"file": "alive"}
            report = office.run(MONDAY)
    else:
        office.settings |= {"heartbeat": {"file": "alive"}} | settings
        report = office.run(MONDAY)

    assert not gave_a_sign(office)
    assert any(breach.startswith("I2 A-") for breach in report.sending.breaches)
    assert report.sending.unaccepted == (
        "accepted daily of 2 March 2026: no message to those who look after the service was planned: nobody is named, or no receiver",
    )


@pytest.mark.slow
def test_what_is_not_the_live_installation_gives_none_for_nobody_is_told(office: Office) -> None:
    with scripted_mail_server() as server:
        with_mail(office, server.port)
        council = {"name": "Exampleshire", "administrators": ["admin@example.gov.uk"], "environment": "test"}
        office.settings["council"] = council | {"redirect_to": "tester@example.gov.uk"}

        assert office.run(MONDAY).sending.not_kept == ()

    assert not gave_a_sign(office)


def forget_who_was_told(office: Office) -> None:
    """Damage the store as no run would: an accepted message whose recipients are not known to have been told."""
    store = office.store()
    with store.transaction() as connection:
        connection.execute(sa.text("UPDATE outbox SET finished_at = NULL WHERE state = 'accepted'"))
    store.close()
