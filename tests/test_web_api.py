"""`/api/v1`: what programs are answered, by the same door and scope as the page, and what a machine's token opens."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from itertools import cycle, product
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode, checks

from alerting.logs import Event
from alerting.web.acting import DONE
from tests.made_council import MONDAY
from tests.web_site import Browser, Site, first_morning, new_office, shown, words

TOKEN = "a-token-made-by-chance-0123456789abcdef"
API = "/api/v1"
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def morning(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MACHINE_TOKEN", TOKEN)
        folder = tmp_path_factory.mktemp("api")
        with first_morning(folder, token="${env:MACHINE_TOKEN}", directors=["director@example.gov.uk"]) as made:
            made.remember()
            yield made


@pytest.fixture
def site(morning):
    morning.put_back()
    return morning


def machine(site: Site) -> Browser:
    return site.browser(Authorization=f"Bearer {TOKEN}")


def read(answer: requests.Response, status: int = 200) -> Any:
    """Return what an answer says: JSON, and a problem where it is one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == ("application/json" if status == 200 else "application/problem+json")
    found = answer.json()
    assert status == 200 or (found["status"], found["type"]) == (status, "about:blank")
    return found


def the_visit(site: Site, reader: Browser) -> str:
    [ref] = [one["ref"] for one in read(reader.get(f"{API}/alerts?rule=CP-03"))["alerts"]]
    return ref


def do(reader: Browser, ref: str, act: str, *, token: str | None = None, headers: dict[str, str] | None = None, **asked: Any) -> requests.Response:  # fmt: skip
    """Do something as a program would that has looked first."""
    known = read(reader.get(f"{API}/me"))["token"] if token is None else token
    stand = read(reader.get(f"{API}/alerts/{ref}"))["stand"]
    told = {"X-Form-Token": known} | (headers or {})
    return reader.post_json(f"{API}/alerts/{ref}/acts/{act}", {"stand": stand} | asked, **told)


@pytest.mark.slow
def test_somebodys_alerts_are_those_of_their_list_in_the_same_words(site):
    for person in ("M1", "W1", "S1", "M2", "P1"):
        for path, asked in (("/", ""), ("/?whose=all", "?whose=all"), ("/?show=done&whose=all", "?show=done&whose=all")):
            reader = site.reader(person)
            listed = words(reader.get(path))
            found = read(reader.get(f"{API}/alerts{asked}"))
            assert found["total"] == len(found["alerts"])
            assert {one["ref"] for one in found["alerts"]} == set(re.findall(r"/a/([A-Z0-9-]+)", reader.get(path).text))
            for one in found["alerts"]:
                assert " ".join(one["sentence"].split()) in listed
                assert one["about"] in listed


def test_an_alert_has_its_facts_its_history_and_how_it_stands(site):
    reader = site.reader("M1")
    found = read(reader.get(f"{API}/alerts/{the_visit(site, reader)}"))

    assert (found["alert"]["rule"], found["alert"]["level"], found["alert"]["about"]) == (
        "CP-03",
        "red",
        "Child or young person C1",
    )
    assert found["facts"]
    assert found["history"][0]["says"].startswith("New")
    assert found["stand"]


def test_somebody_elses_alert_is_answered_as_one_that_there_is_not(site):
    ref = the_visit(site, site.reader("M1"))
    other = site.reader("M2")
    unknown = other.get(f"{API}/alerts/A-UNKNOWN")

    assert (
        (other.get(f"{API}/alerts/{ref}").text, other.page.status_code)
        == (unknown.text, unknown.status_code)
        == (unknown.text, 404)
    )
    assert read(unknown, 404)


def test_an_act_is_done_once_written_down_and_seen_on_the_page(site):
    reader = site.reader("M1")
    ref = the_visit(site, reader)
    stand = read(reader.get(f"{API}/alerts/{ref}"))["stand"]

    assert read(do(reader, ref, "recorded", note="seen on Friday")) == {
        "ref": ref, "done": "recorded", "says": "Noted as recorded. Nobody is told of it until the next load shows it, or does not.",
    }  # fmt: skip
    assert "seen on Friday" in words(reader.get(f"/a/{ref}"))
    again = do(reader, ref, "recorded", stand=stand)
    assert "It has changed since you opened it" in read(again, 409)["detail"]


@pytest.mark.parametrize(
    ("act", "asked", "says"),
    [
        ("snooze", {}, "A last day is needed."),
        ("close", {"reason": "bored"}, "Choose why it is closed."),
        ("assign", {"to": "nobody"}, "Choose to whom."),
    ],
)
def test_what_may_not_be_done_is_said_and_not_done(site, act, asked, says):
    reader = site.reader("M1")
    ref = the_visit(site, reader)
    before = read(reader.get(f"{API}/alerts/{ref}"))

    assert read(do(reader, ref, act, **asked), 409)["detail"] == says
    assert read(reader.get(f"{API}/alerts/{ref}")) == before
    assert read(do(reader, ref, "no-such-act"), 404)


@pytest.mark.parametrize(
    ("token", "headers"),
    [("", {}), ("0" * 64, {}), (None, {"Origin": "https://elsewhere.example"}), (None, {"Sec-Fetch-Site": "cross-site"})],
)
def test_an_act_that_is_not_this_sessions_own_is_refused(site, token, headers):
    reader = site.reader("M1")
    ref = the_visit(site, reader)

    assert read(do(reader, ref, "recorded", token=token, headers=headers), 403)
    assert "recorded" not in json.dumps(read(reader.get(f"{API}/alerts/{ref}"))["history"])


def test_an_act_of_a_form_or_of_another_shape_is_refused_and_nothing_of_it_is_quoted(site):
    reader = site.reader("M1")
    ref, token = the_visit(site, reader), read(reader.get(f"{API}/me"))["token"]
    at, headers = f"{reader.url}{API}/alerts/{ref}/acts/recorded", reader.headers | {"X-Form-Token": token}

    for sent in (
        {"data": {"stand": "SECRET"}},
        {"json": {"stand": ["SECRET"]}},
        {"json": {"other": "SECRET"}},
        {"json": {"SECRET": ""}},
        {"data": b"{SECRET"},
    ):
        answer = reader._http.post(at, headers=headers, timeout=30, **sent)
        read(answer, 422)
        assert "SECRET" not in answer.text


@pytest.mark.parametrize("path", ["/me", "/alerts", "/alerts/A-1", "/rules", "/runs", "/health", "/openapi.json"])
def test_who_has_not_signed_in_or_is_nobody_reads_nothing(site, path):
    for stranger, status in (
        (site.browser(), 401),
        (site.reader("stranger"), 403),
        (site.browser(Authorization="Bearer wrong"), 401),
    ):
        read(stranger.get(API + path), status)


@pytest.mark.parametrize(("path", "status"), [("/runs", 200), ("/health", 200), ("/openapi.json", 200), ("/me", 401), ("/alerts", 401), ("/alerts/A-1", 401), ("/rules", 401)])  # fmt: skip
def test_a_machines_token_reads_runs_and_health_and_nothing_else(site, path, status):
    read(machine(site).get(API + path), status)


def test_a_machines_token_does_nothing(site):
    ref = the_visit(site, site.reader("M1"))
    answer = requests.post(
        f"{site.url}{API}/alerts/{ref}/acts/recorded",
        json={"stand": ""},
        headers={"Authorization": f"Bearer {TOKEN}", "X-Form-Token": TOKEN},
        timeout=30,
    )

    read(answer, 401)


def test_runs_and_health_are_for_those_who_see_them_on_the_page(site):
    for person, status in (("P1", 200), ("director", 200), ("admin", 200), ("M1", 404), ("W1", 404)):
        assert read(site.reader(person).get(f"{API}/runs"), status)
        assert read(site.reader(person).get(f"{API}/health"), status)
    [run] = read(machine(site).get(f"{API}/runs"))
    health = read(machine(site).get(f"{API}/health"))

    assert (run["job"], run["as_of"], run["new"] > 0, run["status"]) == ("daily", "2026-03-02", True, "done")
    assert (health["ready"], health["why"], health["as_of"], health["open"]["red"] > 0) == (True, "", "2026-03-02", True)
    assert not re.search(r"\bC1\b|\bM1\b|Person|@", json.dumps([run, health]))


def test_the_rules_of_the_council_are_for_everybody_who_signs_in(site):
    found = {row["code"]: row for row in read(site.reader("W1").get(f"{API}/rules"))}

    assert found["CP-03"]["state"] == "on"
    assert found["CP-03"]["title"]


def test_the_document_describes_every_route_and_names_nothing_of_another_place(site):
    document = machine(site).get(f"{API}/openapi.json")
    assert read(site.reader("W1").get(f"{API}/openapi.json")) == read(document)

    assert {(path, *of) for path, of in read(document)["paths"].items()} == {
        (f"{API}/me", "get"), (f"{API}/alerts", "get"), (f"{API}/alerts/{{ref}}", "get"), (f"{API}/alerts/{{ref}}/acts/{{act}}", "post"),
        (f"{API}/rules", "get"), (f"{API}/runs", "get"), (f"{API}/health", "get"),
    }  # fmt: skip
    assert "//" not in document.text
    assert "<script" not in document.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nowhere", 404),
        ("/alerts?limit=0", 422),
        ("/alerts?level=purple", 422),
        ("/alerts?child=C1", 422),
        ("/alerts?offset=x", 422),
    ],
)
def test_what_there_is_not_and_what_does_not_fit_is_a_problem(site, path, status):
    read(site.reader("M1").get(API + path), status)


def test_what_is_turned_away_before_anybody_is_asked_is_a_problem_too(site):
    reader = site.reader("M1")

    read(reader.get(f"{API}/me", Host="elsewhere.example"), 400)
    read(reader.post_json(f"{API}/alerts/A-1/acts/recorded", {"stand": "x" * 70_000}), 413)
    read(requests.put(f"{site.url}{API}/me", timeout=30), 405)


def test_a_part_of_a_list_can_be_asked_for(tmp_path):
    office = new_office(tmp_path)
    for child in ("C3", "C4"):
        office.council.on_a_plan(child, seen=MONDAY - timedelta(days=40))
    office.begin(MONDAY)
    with shown(office) as site:
        reader = site.reader("S1")
        every = read(reader.get(f"{API}/alerts?whose=all"))
        part = read(reader.get(f"{API}/alerts?whose=all&limit=1&offset=1"))

    assert every["total"] == len({one["ref"] for one in every["alerts"]}) == 3
    assert (part["total"], part["alerts"]) == (3, every["alerts"][1:2])


def test_what_waits_for_a_second_person_is_shown_with_its_number_and_approved_by_it(tmp_path):
    office = new_office(tmp_path)
    office.rules_of_its_own()
    office.rule("cp-visit-overdue", "CP-03", levels="{critical: measure > long_days}", notify="{critical: [team_manager]}")
    office.begin(MONDAY)
    with shown(office) as site:
        first, second = site.reader("M1"), site.reader("S1")
        ref = read(first.get(f"{API}/alerts?rule=CP-03"))["alerts"][0]["ref"]
        assert read(do(first, ref, "snooze", until="2026-03-06", reason="visit booked"))["done"] == "asked"
        [asked] = read(first.get(f"{API}/alerts/{ref}"))["waiting"]
        [seen] = read(second.get(f"{API}/alerts/{ref}"))["waiting"]
        answers = [do(one, ref, "approve", request=asked["request"]).status_code for one in (first, second)]

    assert (asked["to_be"], asked["by"], asked["may_approve"], asked["may_withdraw"]) == ("snoozed", "Person M1", False, True)
    assert (seen["request"], seen["may_approve"]) == (asked["request"], True)
    assert answers == [409, 200]


def test_whoever_is_not_let_in_is_told_that_and_not_that_what_they_sent_does_not_fit(site):
    ref = the_visit(site, site.reader("M1"))

    for stranger, status in ((site.browser(), 401), (site.reader("stranger"), 403)):
        read(stranger.get(f"{API}/alerts?limit=0"), status)
        read(stranger.post_json(f"{API}/alerts/{ref}/acts/recorded", {}), status)
    read(site.reader("M1").post_json(f"{API}/alerts/{ref}/acts/recorded", {}), 403)


def test_who_asks_too_often_is_told_so(site, monkeypatch):
    monkeypatch.setattr("alerting.web.visits._GETS_A_MINUTE", 1)
    reader = site.reader("H1")
    reader.get(f"{API}/me")

    assert read(reader.get(f"{API}/me"), 429)


def test_a_machine_that_asks_too_often_is_told_so(site, monkeypatch):
    for module in ("api", "machines"):
        monkeypatch.setattr(f"alerting.web.{module}.A_MINUTE", 1)
    machine(site).get(f"{API}/runs")

    assert read(machine(site).get(f"{API}/runs"), 429)
    assert machine(site).get("/metrics").status_code == 429


def test_a_store_that_is_away_is_a_problem_too(site, morning):
    file = site.office.folder / "alerting.db"
    site.council.close()
    away = file.rename(file.with_suffix(".away"))
    file.mkdir()
    try:
        assert read(site.reader("M1").get(f"{API}/alerts"), 503)
        assert read(machine(site).get(f"{API}/health"), 503)
    finally:
        file.rmdir()
        away.rename(file)


@pytest.mark.slow
@pytest.mark.parametrize("who", ["a manager", "a machine", "nobody"])
def test_whatever_is_sent_is_answered_as_the_document_says(site, monkeypatch, who):
    """Schemathesis makes requests up, good ones and bad ones, of every route."""
    for limit in ("visits._GETS_A_MINUTE", "visits._POSTS_A_MINUTE", "api.A_MINUTE"):
        monkeypatch.setattr(f"alerting.web.{limit}", 1_000_000)
    reader = site.reader("M1")
    ref = the_visit(site, reader)
    manager = {"X-Mail": "m1@example.gov.uk", "X-Form-Token": read(reader.get(f"{API}/me"))["token"]}
    headers = {"a manager": manager, "a machine": {"Authorization": f"Bearer {TOKEN}"}, "nobody": {}}[who]
    schema = schemathesis.openapi.from_dict(read(machine(site).get(f"{API}/openapi.json")))
    answered: list[int] = []
    acts = cycle([*DONE.keys() - {"asked"}])
    for operation, mode in product(schema.get_all_operations(), GenerationMode):
        if mode is GenerationMode.NEGATIVE and not (operation.ok().query or operation.ok().body):
            continue  # there is no other shape of what takes nothing

        @settings(max_examples=10, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.ok().as_strategy(generation_mode=mode))
        def asked(case: schemathesis.Case) -> None:
            if len(answered) % 2 and "ref" in (case.path_parameters or {}):  # chance finds none that there is
                case.path_parameters |= {"ref": ref} | ({"act": next(acts)} if "act" in case.path_parameters else {})
            answer = case.call(base_url=site.url, headers=headers, session=reader._http if who == "a manager" else None)
            answered.append(answer.status_code)
            case.validate_response(answer, checks=CHECKS)

        asked()

    assert set(answered) <= {200, 400, 401, 403, 404, 409, 422}
    assert {200, 404, 409, 422} <= set(answered) if who == "a manager" else 401 in answered
    assert not [entry for entry in site.logged if entry.event is Event.page_failed]
