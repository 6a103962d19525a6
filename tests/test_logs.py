"""What `serve`, runs and the page log: a JSON object a line, by which an operator finds a run, and in which nobody is named."""

from __future__ import annotations

import csv
import json
import logging
import re
import sys
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from alerting.app import build
from alerting.commands import cli
from alerting.errors import StoreError
from alerting.logs import Entry, Event, warnings_logged, without_addresses
from alerting.service import Service, entry_of
from alerting.sources.demo.export import export
from alerting.sources.demo.source import Source
from alerting.terminal import make_log
from alerting.web.council import Council
from alerting.web.serving import listening
from tests.made_council import MONDAY, its_rules
from tests.office import Office
from tests.servers import free_port
from tests.web_site import PROXY, Browser, Clock, first_morning

NEVER = {"daily": {"at": "07:00", "on": []}, "weekly": {"at": "07:30", "on": []}, "monthly": {"at": "07:45", "on": []}}
HANDBOOK = Path(__file__).parent.parent / "docs" / "how-to" / "read-the-log.md"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PERSONAL = re.compile(r"name|email|_id$|_by$|worker|manager|head|upn|nhs|postcode|address")


def lines(said: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.splitlines()]


def test_an_entry_is_a_line_of_json_with_what_it_has_and_when(capsys):
    log = make_log(lambda: NOON)
    log(Entry(event=Event.step_ended, job="daily", as_of=MONDAY, run=7, step="evaluate", seconds=1.23456))
    log(Entry(event=Event.store_away, says="the store\ncannot be reached", error="StoreError"))
    said = capsys.readouterr().err

    assert said.startswith('{"at": "2026-03-02T12:00:00.000+00:00", "level": "info", "event": "step_ended", ')
    assert lines(said) == [
        {
            "at": "2026-03-02T12:00:00.000+00:00", "level": "info", "event": "step_ended", "job": "daily", "as_of": "2026-03-02",
            "run": 7, "step": "evaluate", "seconds": 1.235,
        },
        {
            "at": "2026-03-02T12:00:00.000+00:00", "level": "warning", "event": "store_away",
            "says": "the store\ncannot be reached", "error": "StoreError",
        },
    ]  # fmt: skip


def test_on_a_terminal_it_is_read_in_words(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    log = make_log(lambda: NOON)
    log(Entry(event=Event.started, says="started on a-machine"))
    log(Entry(event=Event.step_ended, step="evaluate", seconds=1.0))

    assert capsys.readouterr().err == "2026-03-02 12:00:00 UTC  started on a-machine\n"


@pytest.mark.parametrize(
    "said",
    ["550 <jo.o'neil@example.gov.uk> is unknown", "mailto:a@b.example", "jo@exämple.gov.uk: no", '"jo smith"@example.gov.uk'],
)
def test_an_address_in_the_words_of_an_error_is_masked(said, capsys):
    assert not re.search(r"@|neil|smith", without_addresses(said))
    make_log(lambda: NOON)(Entry(event=Event.work_failed, says=said))
    assert "@" not in capsys.readouterr().err


def test_an_entry_has_no_place_for_a_person_or_a_case():
    assert {field.name for field in fields(Entry)} == {
        *("event", "says", "job", "as_of", "run", "status", "step", "seconds", "counts", "error", "where", "method", "route", "answer")
    }  # fmt: skip


def test_the_handbook_says_what_every_event_and_every_key_is():
    rows = re.findall(r"^\| (`[^|]*`) \|", HANDBOOK.read_text("utf-8"), re.MULTILINE)

    assert sorted(re.findall(r"\w+", " ".join(rows))) == sorted([*Event, *(one.name for one in fields(Entry)), "at", "level"])


def test_what_a_library_warns_of_is_a_line_too_without_its_words(capsys):
    library = logging.getLogger("a_library")
    with warnings_logged(make_log(lambda: NOON)):
        library.warning("%s, child C1, cannot be read", "Ava Smith")
        library.error("Ava Smith failed", exc_info=ValueError("Ava Smith"))
        library.info("Ava Smith is well")
    first, second = lines(said := capsys.readouterr().err)

    assert (first["event"], first["says"], first["where"].partition(",")[0]) == (
        *("library_warning", "a_library has warned of something"),
        "test_logs",
    )
    assert (second["error"], second["level"]) == ("ValueError", "warning")
    assert "Ava" not in said
    assert "C1" not in said


@pytest.mark.slow
def test_a_run_says_each_step_with_its_seconds_and_at_the_end_its_counts(tmp_path):
    office, logged = Office(tmp_path), list[Entry]()
    office.council.write()
    app = build(office.council.configure("sqlite:///alerting.db"))
    store = app.store()
    report = app.pipeline(store).run("daily", MONDAY, lambda: NOON, log=logged.append)
    store.close()
    ended = entry_of(report)

    steps = {entry.step: entry for entry in logged}
    assert {"read", "evaluate", "decide", "write", "deliver", "seal"} <= steps.keys()
    assert {(entry.job, entry.as_of, entry.run) for entry in logged} == {("daily", MONDAY, report.run)}
    assert all(entry.seconds is not None and entry.seconds >= 0 for entry in logged)
    assert (ended.run, ended.status, ended.counts["alerts_new"]) == (report.run, report.status, report.alerts.new)
    assert ended.counts["messages_accepted"] == report.sending.messages.accepted > 0


@pytest.mark.slow
def test_a_request_is_logged_by_its_route_and_a_failure_by_its_kind(tmp_path):
    with first_morning(tmp_path) as site:
        reader = site.reader("M1")
        for path in ("/", "/a/A-SECRET", "/nowhere/C1?worker=W1", "/healthz"):
            reader.get(path)

    requests = [(entry.method, entry.route, entry.answer) for entry in site.logged if entry.event is Event.page_request]
    assert requests == [("GET", "/", 200), ("GET", "/a/{ref}", 404), ("GET", None, 404)]


@pytest.mark.slow
def test_a_run_that_a_timer_starts_logs_as_the_service_does_and_one_by_hand_prints_its_report(tmp_path):
    office = Office(tmp_path)
    office.council.write()
    config = office.council.configure("sqlite:///alerting.db", jobs=NEVER)
    by_hand = CliRunner().invoke(cli, ["--config", str(config), "run", "daily", "--as-of", MONDAY.isoformat()])
    by_timer = CliRunner().invoke(cli, ["--config", str(config), "run", "daily", "--due"])

    assert '"event"' not in by_hand.stderr
    assert [line["event"] for line in lines(by_timer.stderr)] == ["run_not_due"]


def people_of(folder: Path) -> set[str]:
    """Return every name, number and address of anybody in a council's tables, and each word of a name."""
    found: set[str] = set()
    for path in folder.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                found |= {cell for column, cell in row.items() if cell and PERSONAL.search(column) and "team" not in path.stem}
    return {one for one in found if len(one) > 2} | {part for one in found if " " in one for part in one.split() if len(part) > 3}


@pytest.mark.slow
def test_several_days_and_their_page_name_nobody_and_nothing_of_a_case(tmp_path, capsys, monkeypatch):
    port, start, tables = free_port(), date(2026, 3, 2), tmp_path / "tables"
    page_url = f"http://127.0.0.1:{port}"
    settings = {
        "council": {"name": "Exampleshire", "administrators": ["admin@example.gov.uk"], "domain": "alerts.example.gov.uk"},
        "store": "sqlite:///alerting.db",
        "go_live": "full",
        "rules": {"path": its_rules().as_posix()},
        "source": {"type": "demo", "children": 60, "seed": 5, "start": start},
        "jobs": NEVER,
        "keep": {"days": 0},
        "receivers": {"outbox": {"type": "folder", "path": "outbox"}},
        "page": {"url": page_url, "port": port, "sign_in": PROXY},
    }
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(settings), "utf-8")
    clock = Clock(moment=datetime(2026, 3, 2, 7, tzinfo=UTC))
    log, app = make_log(clock), build(config)
    for on in range(2):
        if on == 1:  # nobody can be written to
            (tmp_path / "outbox").rename(tmp_path / "before")
            (tmp_path / "outbox").write_text("a file", "utf-8")
        store = app.store()
        log(entry_of(app.pipeline(store).run("daily", start + timedelta(days=on), clock, log=log)))
        store.close()
        clock.later(days=1)
    Service(config=config, build=lambda: app, clock=lambda: datetime.now(UTC), log=log).run(lambda: False, once=True)
    export(Source(children=60, seed=5, start=start), start + timedelta(days=1), tables, "csv", date_style="iso", encoding="utf-8")  # fmt: skip
    page = Council(config=config, build=lambda: app, clock=clock, log=log)
    with listening(page):
        asked = walk(tables, page_url, 5)
        monkeypatch.setattr("alerting.web.alert_page.told_of", _breaks)
        asked |= walk(tables, page_url, 5)
        monkeypatch.setattr("alerting.web.visits.make_scope", _is_away)
        asked |= walk(tables, page_url, 40)
    said = capsys.readouterr().err
    found = lines(said)

    assert {"started", "step_ended", "run_ended", "sending_problem", "page_request", "page_failed", "store_away"} <= {
        line["event"] for line in found
    }
    assert {200, 303, 404, 500, 503} <= asked
    named = people_of(tables) | {"admin@example.gov.uk", "Exampleshire"}
    assert len(named) > 300
    tokens = set(re.findall(r"[^\s\"',;:()\[\]{}]+", said)) | set(re.findall(r"\w+", said))
    assert not named & tokens
    assert "@" not in said
    assert not tokens & {"Ava", "P1002"}, "nor does a line quote an error of the page"


def _breaks(*_: object, **__: object) -> object:
    raise ValueError("Ava Smith, P1002, ava@example.gov.uk")


def _is_away(*_: object, **__: object) -> object:
    raise StoreError("the store cannot be reached")


def walk(tables: Path, url: str, every: int) -> set[int]:
    """Let some people, one of so many, look at their list and an alert, and act; return how they were answered."""
    with (tables / "ext_staff.csv").open(encoding="utf-8", newline="") as file:
        people = [(row["email"], row["worker_id"]) for row in csv.DictReader(file)]
    answers: set[int] = set()
    for address, worker in (*people[::every], ("stranger@example.gov.uk", people[0][1])):
        browser = Browser(url=url, headers={"X-Mail": address})
        for path in ("/service", f"/nowhere/{address}", f"/nowhere/{worker}", "/?whose=all"):
            answers.add(browser.get(path).status_code)
        found = re.search(r'href="(/a/[^"?]+)', browser.page.text) if browser.page else None
        if found:
            answers.add(browser.get(found[1]).status_code)
            stand = re.search(r'name="stand" value="([^"]*)"', browser.page.text)
            answers.add(browser.send(f"{found[1]}/recorded", stand=stand[1] if stand else "", note=address).status_code)
        browser.close()
    return answers
