"""The pages about the service: how runs went with the cause first, what became of messages, who is who; for whom each is, and no child."""

from __future__ import annotations

import re
import shutil
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from alerting.authoring import looked_round
from alerting.commands import cli
from alerting.errors import SourceError
from alerting.store.messages import circuit_breaker
from alerting.store.rule_rows import read_rule_rows
from alerting.store.store import EndedRun
from alerting.web.readers import Role
from alerting.web.run_line import line_of
from alerting.web.sections import MESSAGES, PEOPLE, PLAN, RULES, SECTIONS, SOURCES, TODAY, TRAIL, WAITING
from tests.made_council import MONDAY
from tests.web_site import NOON, Browser, Site, first_morning, new_office, words

HANDBOOK = Path(__file__).parent.parent / "docs" / "how-to" / "show-the-page.md"
ADMIN, AUDITOR, DIRECTOR = "admin@example.gov.uk", "auditor@example.gov.uk", "director@example.gov.uk"
DAY = timedelta(days=1)
WHO = {
    Role.administrator: ADMIN,
    Role.auditor: AUDITOR,
    Role.director: DIRECTOR,
    Role.performance: "p1@example.gov.uk",
    Role.worker: "w1@example.gov.uk",
    Role.team_manager: "m1@example.gov.uk",
    Role.head_of_service: "h1@example.gov.uk",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with first_morning(tmp_path_factory.mktemp("service"), directors=[DIRECTOR], auditors=[AUDITOR]) as made:
        yield made


def somebody(site: Site, address: str) -> Browser:
    return site.browser(**{"X-Mail": address})


def without_token(browser: Browser, path: str) -> tuple[int, str]:
    answer = browser.get(path)
    return answer.status_code, words(answer)


def test_whom_each_page_is_for_is_what_the_page_of_the_handbook_says():
    rows = re.findall(r"^\| \*([^*|]+)\* \|.*\| ([^|]+) \|$", HANDBOOK.read_text("utf-8"), re.MULTILINE)
    called = {"administrators": Role.administrator, "auditors": Role.auditor, "directors": Role.director}
    called["the performance team"] = Role.performance

    assert len(rows) == len(SECTIONS) == 9
    assert {name: {called[each] for each in whom.split(", ")} for name, whom in rows} == {
        section.name: set(section.roles) for section in SECTIONS
    }


@pytest.mark.parametrize("role", WHO, ids=str)
def test_each_page_is_for_its_roles_and_for_everybody_else_it_is_not_there(site, role):
    browser = somebody(site, WHO[role])
    nowhere = without_token(browser, "/a/A-ZZZZZZZZ")
    for section in SECTIONS:
        if role in section.roles:
            assert browser.get(section.path).status_code == 200, section.path
            assert f'href="{section.path}"' in browser.page.text or section.path == "/service"
        else:
            assert without_token(browser, section.path) == nowhere, section.path


LEADING_ON = {
    TODAY: ["/service/runs/1"],
    RULES: ["/service/rules/coverage", "/service/rules/CP-03", "/service/rules/CP-03/try", "/service/rules/CP-03/backtest"],
}
DONE_AT = {
    WAITING: {"/service/waiting/hold": {"note": "x"}},
    MESSAGES: {"/service/messages/try-again": {"address": "m1@example.gov.uk", "note": "x"}},
    RULES: {"/service/rules/CP-03/explain": {"subject": "C1"}, "/service/rules/coverage/look": {}},
    PEOPLE: {"/service/people/look": {}},
    PLAN: {"/service/plan/look": {}},
    SOURCES: {"/service/sources/map": {"what": "flags", "word": "x", "meaning": "yes_words"}, "/service/sources/look": {}},
    TRAIL: {"/service/trail": {}, "/service/trail.csv": {}},
}


@pytest.mark.parametrize("role", WHO, ids=str)
def test_nothing_that_leads_on_or_is_done_there_is_for_who_has_not_the_role(site, role):
    browser, before = somebody(site, WHO[role]), acts(site)
    for section in SECTIONS:
        if role not in section.roles:
            assert [path for path in LEADING_ON.get(section, ()) if browser.get(path).status_code != 404] == []
            browser.follow("/")
            for path, fields in DONE_AT.get(section, {}).items():
                assert browser.send(path, **fields).status_code == 404, path
    assert acts(site) == before


def test_the_page_of_today_has_the_line_from_the_source_to_the_messages(site):
    said = words(somebody(site, ADMIN).get("/service"))

    assert "The daily run of 2 March 2026 Nothing of it needs a look." in said
    line = said.partition("needs a look.")[2]
    steps = [line.index(f" {name} ") for name in ("Source", "Trust", "Rules", "Alerts", "Messages")]
    assert steps == sorted(steps)
    assert "1 new." in said
    assert "4 planned and 4 accepted." in said


def test_a_run_says_how_each_rule_was_asked_and_another_number_is_no_run(site):
    admin = somebody(site, ADMIN)

    assert "CP-03 asked 2 1 1" in words(admin.get("/service/runs/1"))
    for other in ("2", "0", "-1", "x", "9" * 30, "٣"):
        assert admin.get(f"/service/runs/{other}").status_code == 404


def run_of(**report: Any) -> EndedRun:
    report = {"status": "done"} | report
    return EndedRun(id=1, as_of=date(2026, 3, 2), started_at=datetime(2026, 3, 2, 7, tzinfo=UTC), report=report)


def test_what_needs_a_look_begins_with_the_cause():
    half = {"loaded_at": None, "trusted": False, "problems": ["ssd_visits has half of its rows"], "notes": ["a"]}
    waits = [
        {"id": "cp", "code": "CP-03", "status": "withheld"},
        {"id": "cl", "code": "CL-01", "status": "error"},
        {"id": "wf", "code": "WF-01", "status": "off", "off": "switched_off"},
    ]
    causes = [{"why": "its file has a fault", "rules": ["CL-01"]}, {"why": "switched off in config.yaml", "rules": ["WF-01"]}]
    line = line_of(
        run_of(
            missed=["the weekly run of 1 March: the machine was off"],
            source=half,
            rules=waits,
            causes=causes,
            hold_fire="fire is held",
            breaches=["P1: message 3 was accepted by nobody"],
        ),
        ZoneInfo("Europe/London"),
    )

    assert line.look_at == [
        "The run of the weekly run of 1 March: the machine was off did not take place",
        "ssd_visits has half of its rows",
        "CL-01: its file has a fault",
        "Fire is held",
        "P1: message 3 was accepted by nobody",
    ]
    assert "first day" not in " ".join(line.look_at)
    assert line.off_here == ["WF-01: switched off in config.yaml"]
    assert dict(line.steps)["Trust"] == "Some of what rules read was not believed; 1 note"
    assert dict(line.steps)["Rules"] == "0 asked, 1 waiting for their data (CP-03), 1 with a fault (CL-01) and 1 off"


def test_the_first_day_is_one_sentence_however_many_rules_wait():
    brakes = [{"code": "CP-03", "kind": "baseline", "kept_back": 8}, {"code": "CL-01", "kind": "baseline", "kept_back": 0}]
    line = line_of(run_of(brakes=brakes), ZoneInfo("Europe/London"))

    assert line.look_at == ["The first day: 8 alerts of 2 rules wait, and nobody is told of them until somebody has looked"]


def test_the_report_of_an_earlier_version_or_of_a_run_that_was_cut_short_is_shown_with_what_it_has():
    cut_short = replace(run_of(), report={"rules": "?", "source": None, "alerts": []})
    line = line_of(cut_short, ZoneInfo("Europe/London"))

    assert (line.status, line.new, len(line.look_at)) == ("cut short", 0, 1)
    assert line.look_at[0].startswith("The run was cut short")
    assert [says for name, says in line.steps if name in ("Source", "Trust")] == ["Not known of this run"] * 2


@pytest.mark.parametrize("status", ["stopped", "failed"])
def test_a_run_that_came_to_no_end_says_so_first(status):
    line = line_of(run_of(status=status, breaches=["a promise"]), ZoneInfo("Europe/London"))
    assert (
        line.look_at[0]
        == f"The run {'was ' * (status == 'stopped')}{status} before it was done: the next start goes on from there"
    )


def test_a_rule_that_an_earlier_version_says_is_off_for_no_reason_is_off_for_want_of_records_where_it_was_asked():
    off = {"status": "off", "reason": "of that version alone"}
    rows = [{"id": "wf", "code": "WF-01", **off}, {"id": "cp", "code": "CP-03", **off, "population": 8}]
    causes = [{"why": "switched off", "rules": ["WF-01"]}, {"why": "3 of 8 have a date", "rules": ["CP-03"]}]
    line = line_of(run_of(rules=rows, causes=causes), ZoneInfo("Europe/London"))

    assert (line.off_here, line.look_at) == (["WF-01: switched off"], ["CP-03: 3 of 8 have a date"])


def test_a_rule_whose_state_only_a_later_version_knows_is_left_out():
    rows = [
        {"id": "wf", "code": "WF-01", "status": "postponed"},
        {"id": "cp", "code": "CP-03", "status": "ok", "off": "of that version"},
    ]

    assert [row.code for row in read_rule_rows(run_of(rules=rows))] == ["CP-03"]


def test_messages_are_shown_by_whom_they_are_for_and_never_with_what_they_say(site):
    admin = somebody(site, ADMIN)

    assert "There is none." in words(admin.get("/service/messages"))
    said = words(admin.get("/service/messages?state=accepted"))
    assert "Person M1" in said
    assert "C1" not in said
    assert admin.get("/service/messages?state='; DROP TABLE outbox").status_code == 200


def test_a_refused_address_is_tried_again_for_a_reason_and_that_is_written_down(site):
    with site.council.store().transaction() as connection:
        circuit_breaker.remember_refusal(connection, "post", "m1@example.gov.uk", "550 no such mailbox", NOON)
    admin = somebody(site, ADMIN)
    assert "550 no such mailbox" in words(admin.get("/service/messages"))

    refused = admin.send("/service/messages/try-again", address="m1@example.gov.uk", note=" ")
    assert refused.status_code == 409
    assert "Say why it will be taken now." in words(refused)
    done = admin.send("/service/messages/try-again", address="M1@example.gov.uk", note="the mailbox was emptied")

    assert done.status_code == 303
    assert "None is refused." in words(admin.follow(done.headers["location"]))
    assert ("retry_address", "admin@example.gov.uk", "the mailbox was emptied") in acts(site)
    again = admin.send("/service/messages/try-again", address="m1@example.gov.uk", note="once more")
    assert "That address is not refused any more." in words(again)


def acts(site: Site) -> list[tuple[str, str, str]]:
    """Return what was done, by whom and with which note."""
    with site.council.reading() as connection:
        return [tuple(row) for row in connection.exec_driver_sql("SELECT kind, by, note FROM act ORDER BY id")]


def without_an_address(site, worker: str) -> None:
    tables = site.office.council.tables
    tables["ext_staff"] = [row | {"email": ""} if row["worker_id"] == worker else row for row in tables["ext_staff"]]
    site.office.council.write()


@pytest.mark.slow
def test_gaps_in_who_is_who_are_those_that_the_command_finds_and_are_found_anew_when_asked_for(tmp_path):
    with first_morning(tmp_path) as site:
        admin = somebody(site, ADMIN)
        assert "Nobody has looked at the case data yet." in words(admin.get("/service/people"))
        done = admin.send("/service/people/look")
        assert done.headers["location"] == "/service/people?done=looked"
        said = words(admin.follow(done.headers["location"]))
        assert "Every post leads to somebody who can be told." in said
        assert "As it was on 2 March 2026 at 12:00." in said

        without_an_address(site, "M2")
        site.clock.later(hours=1)
        assert "Every post leads to somebody who can be told." in words(admin.get("/service/people")), "it was read by a link"
        said = words(admin.follow(admin.send("/service/people/look").headers["location"]))
        assert "People without an address (1) Put it into ext_staff; until then the next up is told." in said
        assert "As it was on 2 March 2026 at 13:00." in said

        with site.council.at_case_data:
            refused = admin.send("/service/people/look")
            assert (refused.status_code, "try again in a minute" in words(refused)) == (409, True)
        shutil.rmtree(site.office.folder / "extracts")
        refused = admin.send("/service/people/look")
        assert refused.status_code == 409
        assert "People without an address (1)" in words(refused), "what was found before is gone"


def the_next_run(site: Site) -> Result:
    """Return how the run of the next morning ended, over the same data."""
    site.council.close()
    site.office.council.write()
    return CliRunner().invoke(cli, ["--config", str(site.council.config), "run", "daily", "--as-of", (MONDAY + DAY).isoformat()])


@pytest.mark.slow
def test_what_a_daily_run_found_is_there_in_the_morning_and_is_said_to_be_older_once_another_has_run(tmp_path):
    with first_morning(tmp_path) as site:
        result = the_next_run(site)
        assert result.exit_code == 0, result.output
        shutil.rmtree(site.office.folder / "extracts")

        admin = somebody(site, ADMIN)
        assert "Every post leads to somebody who can be told." in words(admin.get("/service/people"))
        assert "ssd_cp_visits" in words(admin.get("/service/sources"))
        assert "(T1)" in words(admin.get("/service/rules/coverage"))
        assert "A run has read it since then." not in words(admin.page)

        with site.council.store().transaction() as connection:
            connection.exec_driver_sql("UPDATE run SET started_at = '2031-01-01 07:00:00.000000'")
        assert "A run has read it since then." in words(admin.get("/service/rules/coverage"))


@pytest.mark.slow
def test_where_it_cannot_be_found_that_is_said_and_the_run_has_ended_well(tmp_path, monkeypatch):
    def look(*_: object) -> None:
        raise SourceError("the extract is gone", remedy="")

    monkeypatch.setattr(looked_round, "look_round", look)
    with first_morning(tmp_path) as site:
        result = the_next_run(site)

    assert result.exit_code == 0, result.output
    assert "what the page shows of the case data is as it was: the extract is gone" in result.output


@pytest.mark.slow
def test_without_a_page_no_run_looks_for_it(tmp_path):
    office = new_office(tmp_path)
    office.begin(MONDAY)
    config = office.council.configure(office.store_url)
    result = CliRunner().invoke(cli, ["--config", str(config), "run", "daily", "--as-of", (MONDAY + DAY).isoformat()])
    assert result.exit_code == 0, result.output
    with closing(office.store()) as store, store.reading() as connection:
        assert looked_round.read(connection) is None
