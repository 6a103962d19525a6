"""My list and an alert's page: who sees which child, and what of it. Real pages of the made council on its first morning."""

from __future__ import annotations

import csv
import re
import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest
import requests

from alerting.app import build
from alerting.audit import trail
from alerting.formatting import day
from alerting.model import Condition, Level, Reason
from alerting.notifications.messages.headline import WORDS
from alerting.notifications.triage import triage
from alerting.web import application
from alerting.web.my_list import read_wanted
from alerting.web.readers import find_reader, read_directory_of_the_day
from alerting.web.scope import make_scope
from alerting.web.shown import OPEN_SECTIONS, Shower
from tests.made_council import MONDAY
from tests.web_site import NOON, Site, first_morning, new_office, shown, words

NOTHING = "There is nothing here"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with first_morning(tmp_path_factory.mktemp("list")) as made:
        yield made


@pytest.fixture
def office(tmp_path):
    return new_office(tmp_path)


def children(site: Site, person: str, path: str = "/?whose=all") -> set[str]:
    """Return the children whom a page names to somebody."""
    return set(re.findall(r"Child or young person (\w+)", words(site.reader(person).follow(path))))


def visit_overdue(site: Site) -> str:
    """Return where the alert is about C1, who was seen long ago."""
    return f"/a/{site.office.alert('C1').ref}"


# ---------------------------------------------------------------- who sees what


@pytest.mark.parametrize("person", ["W1", "M1", "S1", "H1", "P1", "admin"])
def test_no_link_of_a_page_leads_where_there_is_nothing_for_its_reader(site, person):
    browser = site.reader(person)
    for path in ("/", "/?whose=all", "/?show=done"):
        links = set(re.findall(r'href="(/[^"]*)"', browser.follow(path).text)) - {"/page.css"}
        assert {link: browser.follow(link).status_code for link in links} == dict.fromkeys(links, 200), path


@pytest.mark.parametrize(
    ("person", "sees"), [("M1", True), ("W1", True), ("S1", True), ("H1", True), ("M2", False), ("W2", False), ("Q1", False)]
)
def test_a_child_is_seen_by_those_who_may_be_told_of_it_and_by_nobody_else(site, person, sees):
    answer = site.reader(person).get(visit_overdue(site))

    assert ("C1" in children(site, person)) is sees
    assert answer.status_code == (200 if sees else 404)
    assert ("C1" in words(answer)) is sees


def test_my_list_has_what_i_am_told_of_and_all_what_i_may_see(site):
    assert "C1" in children(site, "M1", "/")
    assert "C1" not in children(site, "H1", "/")
    assert "C1" in children(site, "H1", "/?whose=all")


@pytest.mark.parametrize("person", ["M2", "W2"])
def test_anothers_reference_and_an_unknown_one_answer_the_same_to_the_letter(site, person):
    reader = site.reader(person)
    anothers, unknown = reader.get(visit_overdue(site)), reader.get("/a/A-ZZZZZZZZ")

    assert anothers.status_code == unknown.status_code == 404
    assert anothers.text == unknown.text
    assert NOTHING in words(unknown)


@pytest.mark.parametrize("ref", ["A-7K3QXMP'", "%2e%2e%2f", "A-ZZZZZZZZ%00", "1 OR 1=1", "*", "x" * 900])
def test_what_is_no_reference_finds_nothing(site, ref):
    assert site.reader("H1").get(f"/a/{ref}").status_code in (400, 404)


def test_an_administrator_sees_how_the_service_goes_and_no_child(site):
    admin = site.browser(**{"X-Mail": "admin@example.gov.uk"})
    page = admin.follow("/")

    assert page.url.endswith("/service")
    assert "daily" in words(page)
    assert "C1" not in words(page)
    assert admin.get(visit_overdue(site)).status_code == 404
    assert site.reader("M1").get("/service").status_code == 404


@pytest.mark.slow
def test_a_restricted_child_is_seen_by_those_its_record_names(office):
    office.council.add("ext_restricted", person_id="C1", level="limited", allowed_recipients="M2;S1")
    office.begin(MONDAY)
    with shown(office) as site:
        assert {person for person in ("M1", "W1", "H1", "P1", "M2", "S1") if "C1" in children(site, person)} == {"M2", "S1"}
        assert site.reader("M1").get(visit_overdue(site)).status_code == 404
        assert site.reader("M2").get(visit_overdue(site)).status_code == 200
        assert "C1" in children(site, "S1", "/")


@pytest.mark.slow
def test_a_sealed_child_is_seen_by_nobody(office):
    office.council.add("ext_restricted", person_id="C1", level="sealed", allowed_recipients="M1")
    office.begin(MONDAY)
    with shown(office) as site:
        assert [person for person in ("M1", "W1", "S1", "H1", "P1", "Q1") if "C1" in children(site, person)] == []


@pytest.mark.slow
def test_a_list_that_cannot_be_trusted_closes_every_child_and_says_so(office):
    office.council.add("ext_restricted", person_id="C2", level="limited", allowed_recipients="M1")
    office.begin(MONDAY)
    office.run(MONDAY + timedelta(days=1), without=("ext_restricted",))
    with shown(office) as site:
        site.clock.later(days=1)
        for person in ("M1", "S1", "H1", "W1", "P1"):
            assert children(site, person) == set()
            assert "No child is shown today" in words(site.reader(person).get("/"))
        assert site.reader("M1").get(visit_overdue(site)).status_code == 404


@pytest.mark.slow
def test_whoever_covers_sees_it_until_the_cover_ends(office):
    office.council.add("ext_cover", staff_id="M1", covered_by="M2", from_date="2026-03-01", to_date=MONDAY.isoformat())
    office.begin(MONDAY)
    with shown(office) as site:
        assert "C1" in children(site, "M2", "/")
        assert "C1" not in children(site, "M1")

        site.clock.later(days=1)
        assert "C1" not in children(site, "M2")
        assert "C1" in children(site, "M1")


@pytest.mark.slow
def test_somebody_who_left_is_nobody(office):
    office.council.row("ext_staff", worker_id="M1")["ends_on"] = (MONDAY - timedelta(days=1)).isoformat()
    office.begin(MONDAY)
    with shown(office) as site:
        assert site.reader("M1").get("/").status_code == 403
        assert "C1" in children(site, "S1")


@pytest.mark.slow
def test_what_a_brake_keeps_back_is_not_shown(office):
    office.settings["go_live"] = "baseline"
    office.begin(MONDAY)
    with shown(office) as site:
        assert children(site, "M1") == set()
        assert site.reader("M1").get(visit_overdue(site)).status_code == 404


@pytest.mark.slow
def test_what_a_brake_kept_back_until_it_ended_is_not_shown_as_done(office):
    office.settings["go_live"] = "baseline"
    office.begin(MONDAY)
    office.council.visited("C1", MONDAY)
    office.run(MONDAY + timedelta(days=1))
    office.run(MONDAY + timedelta(days=2))
    with shown(office) as site:
        site.clock.later(days=2)
        assert office.alert("C1").condition is Condition.resolved
        assert children(site, "M1", "/?show=done") == set()
        assert site.reader("M1").get(visit_overdue(site)).status_code == 404


@pytest.mark.slow
def test_what_never_came_to_be_told_is_not_shown_as_done(office):
    office.rules_of_its_own()
    office.rule("plan-long", "PL-01", "for: 2 runs")
    office.begin(MONDAY)
    office.rule("plan-long", "PL-01", "for: 2 runs", levels="{amber: measure > 900}")
    office.run(MONDAY + timedelta(days=1))
    with shown(office) as site:
        site.clock.later(days=1)
        assert {alert.resolved_reason for alert in office.alerts()} == {Reason.never_fired}
        assert children(site, "M1", "/?show=done") == set()
        assert site.reader("M1").get(f"/a/{office.alerts()[0].ref}").status_code == 404


@pytest.mark.slow
def test_what_has_ended_is_under_done(office):
    office.begin(MONDAY)
    office.council.visited("C1", MONDAY)
    office.run(MONDAY + timedelta(days=1))
    office.run(MONDAY + timedelta(days=2))
    with shown(office) as site:
        site.clock.later(days=2)
        assert "C1" in children(site, "M1", "/?show=done")
        assert "C1" not in children(site, "M2", "/?show=done&whose=all")
        assert "The record shows it now." in words(site.reader("M1").get("/?show=done"))


@pytest.mark.slow
@pytest.mark.parametrize("loaded", ["2026-03-01T22:00:00", None])
def test_what_was_recorded_is_waited_for_until_a_run_has_read_a_load_after_it(office, loaded):
    def said() -> str:
        return words(site.reader("M1").get(visit_overdue(site)))

    def morning(days: int) -> None:
        office.run(MONDAY + timedelta(days=days))
        site.clock.moment = NOON + timedelta(days=days)

    in_vain = "it is not in the data loaded since"
    office.council.tables["ext_load"] = []
    if loaded:
        office.council.add("ext_load", table_name="ssd_cp_plans", loaded_at=loaded, row_count="2")
    office.begin(MONDAY)
    with shown(office) as site:
        browser = site.reader("M1")
        stand = re.search(r'name="stand" value="([^"]*)"', browser.get(visit_overdue(site)).text)
        browser.send(f"{visit_overdue(site)}/recorded", stand=stand[1] if stand else "")
        site.clock.later(days=1)  # and no run on Tuesday
        assert in_vain not in said()
        assert "put off (1)" in words(site.reader("M1").get("/")).lower()

        morning(2)
        assert (in_vain in said()) is (loaded is None)
        if loaded:
            office.council.row("ext_load", table_name="ssd_cp_plans")["loaded_at"] = "2026-03-05T05:00:00"
            morning(3)
            assert in_vain in said()


# ---------------------------------------------------------------- where on a list


@pytest.mark.parametrize(
    ("due", "level", "condition", "stands"),
    [
        (-1, Level.red, Condition.firing, "overdue"),
        (0, Level.red, Condition.firing, "due soon"),
        (7, Level.amber, Condition.firing, "due soon"),
        (8, Level.amber, Condition.firing, "due later"),
        (60, Level.red, Condition.firing, "due later"),
        (None, Level.red, Condition.firing, "to look at"),
        (60, Level.critical, Condition.firing, "critical"),
        (-1, Level.red, Condition.held, "on hold"),
        (-1, Level.critical, Condition.held, "critical"),
        (-1, Level.red, Condition.recovering, "to look at"),
    ],
)
def test_an_alert_stands_where_a_message_has_it(site, due, level, condition, stands):
    alert = replace(
        site.office.alert("C1"), level=level, condition=condition, due=None if due is None else MONDAY + timedelta(days=due)
    )
    app = site.council.app()
    with site.council.reading() as connection:
        reader = find_reader("m1@example.gov.uk", read_directory_of_the_day(connection, MONDAY), (), site.council.page)
        directory = read_directory_of_the_day(connection, MONDAY)
        scope = make_scope(reader, directory, app.policy().routes, site.council.store(), connection)
        shower = Shower(app=app, scope=scope, today=MONDAY)
        item = shower._item(alert)

        assert shower.section(alert) == stands
        assert [WORDS[part.section] for part in triage([item], MONDAY)] == [stands]


def test_sections_come_in_the_order_of_a_message():
    assert OPEN_SECTIONS == ("critical", "overdue", "due soon", "on hold", "to look at", "due later", "put off")


# ---------------------------------------------------------------- what a page says


def test_an_alert_says_what_why_what_clears_it_who_was_told_and_what_happened(site):
    said = words(site.reader("M1").get(visit_overdue(site)))

    for part in ("What clears it", "Why there is an alert", "Who was told", "What happened", "CP-03", "Red", "Person W1"):
        assert part in said
    assert f"Person M1 Red {day(MONDAY)}" in said


def test_how_late_an_alert_is_is_said_as_its_message_says_it(site):
    messages = "".join(path.read_text("utf-8") for path in site.office.folder.glob("outbox/*-daily-*.html"))

    assert "18 working days overdue" in messages
    for path in ("/", visit_overdue(site)):
        assert "Due 4 February 2026, 18 working days overdue" in words(site.reader("M1").get(path))


def test_a_list_can_be_narrowed_and_its_address_names_nobody(site):
    reader = site.reader("H1")
    page = reader.get("/?whose=all")
    worker = re.search(r'<option value="(\w{16})">Person W1<', page.text)

    assert worker is not None
    assert "C1" in words(reader.get(f"/?whose=all&worker={worker[1]}"))
    assert "C1" not in words(reader.get("/?whose=all&worker=W1"))
    assert "C1" not in words(reader.get("/?whose=all&level=info"))
    assert "C1" in words(reader.get("/?whose=all&rule=CP-03"))
    for found in re.findall(r'(?:href|action|value)="([^"]*)"', page.text):
        assert not re.search(r"\b(C1|PC1|W1|M1)\b|Person|@", found), found


# ---------------------------------------------------------------- a list as a spreadsheet


def saved(site: Site, person: str, path: str = "/", **asks: str) -> requests.Response:
    """Return what somebody gets who has their list before them and saves it."""
    reader = site.reader(person)
    reader.follow(path)
    return reader.send("/list.csv", **asks)


def table(answer: requests.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(answer.content.decode("utf-8-sig").splitlines()))


def test_a_saved_list_has_what_the_list_has_and_its_name_names_nobody(site):
    answer = saved(site, "M1")
    rows = {row["Reference"]: row for row in table(answer)}
    mine = rows[site.office.alert("C1").ref]

    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="alerts-2026-03-02.csv"'
    assert set(rows) == set(re.findall(r"/a/(A-\w+)", site.reader("M1").get("/").text))
    assert (mine["Section"], mine["Level"], mine["Rule"]) == ("overdue", "Red", "CP-03")
    assert (mine["Due"], mine["Worker"], mine["About"]) == ("2026-02-04", "Person W1", "Child or young person C1")


def test_a_saved_list_is_narrowed_as_the_list_was_and_has_nobody_elses_child(site):
    assert [row["About"] for row in table(saved(site, "H1", whose="all", level="red"))] == ["Child or young person C1"]
    assert table(saved(site, "H1", whose="all", level="info")) == []
    assert table(saved(site, "H1")) == []
    assert "C1" not in saved(site, "M2", whose="all").text
    assert table(saved(site, "M1", show="done")) == []


def test_a_form_carries_on_what_its_list_shows(site):
    page = site.reader("H1").get("/?whose=all&rule=CP-03").text
    form = page.split('action="/list.csv"')[1]

    assert dict(re.findall(r'type="hidden" name="(whose|rule)" value="([^"]*)"', form)) == {"whose": "all", "rule": "CP-03"}


def test_who_saved_a_list_with_which_children_is_written_down(site):
    saved(site, "M1", rule="CP-03")
    with site.council.reading() as connection:
        event = trail.search(connection, trail.TrailQuery())[-1]

    assert (event.by, event.did, event.note) == ("M1", "saved a list of alerts as a spreadsheet", "1 alert")
    assert (event.about, event.children, event.account) == ("a list", ("C1",), "m1@example.gov.uk")


def test_nobody_saves_a_list_by_a_link_or_from_another_page(site):
    reader = site.reader("M1")

    assert reader.get("/list.csv").status_code == 405
    assert reader.send("/list.csv").status_code == 403


@pytest.mark.slow
def test_no_spreadsheet_takes_a_name_for_a_formula(office):
    office.council.row("ext_staff", worker_id="W1")["name"] = "=HYPERLINK(A1)"
    office.council.row("ext_team", team_id="T1")["name"] = "@SUM(1+1)"
    office.begin(MONDAY)
    with shown(office) as site:
        mine = next(row for row in table(saved(site, "M1")) if row["Reference"] == site.office.alert("C1").ref)

    assert (mine["Worker"], mine["Team"]) == ("'=HYPERLINK(A1)", "'@SUM(1+1)")


@pytest.mark.parametrize(
    ("order", "refs"),
    [("", ["A-3", "A-2", "A-1"]), ("due", ["A-1", "A-3", "A-2"]), ("since", ["A-2", "A-1", "A-3"]), ("x", ["A-3", "A-2", "A-1"])],
)
def test_what_is_most_serious_due_first_or_longest_open_comes_first(site, order, refs):
    alert = site.office.alert("C1")
    one = replace(alert, ref="A-1", level=Level.amber, due=MONDAY, first_seen=MONDAY - timedelta(days=1))
    two = replace(alert, ref="A-2", level=Level.red, due=None, first_seen=MONDAY - timedelta(days=9))
    three = replace(alert, ref="A-3", level=Level.critical, due=MONDAY + timedelta(days=1), first_seen=MONDAY)

    assert [found.ref for found in read_wanted({"order": order}).choose(None, [one, two, three])] == refs


def test_the_list_carries_its_order_on(site):
    page = site.reader("H1").get("/?whose=all&order=due").text

    assert '<option value="due" selected>Due first</option>' in page
    assert '<input type="hidden" name="order" value="due">' in page.split('action="/list.csv"')[1]


@pytest.mark.slow
def test_words_of_the_data_are_only_words(office):
    hostile = "<script>alert(1)</script>\"'{{ 7*7 }}"
    office.council.row("ext_staff", worker_id="W1")["name"] = hostile
    office.council.row("ext_team", team_id="T1")["name"] = hostile
    office.begin(MONDAY)
    with shown(office) as site:
        for page in (site.reader("M1").get("/"), site.reader("M1").get(visit_overdue(site)), site.reader("W1").get("/")):
            assert "<script" not in page.text
            assert "{{ 7*7 }}" in page.text


def test_what_is_above_the_ceiling_is_not_there(site):
    assert "2015" not in words(site.reader("M1").get(visit_overdue(site)))


@pytest.mark.slow
def test_asking_changes_nothing(site):
    def everything() -> list[str]:
        with sqlite3.connect(site.office.folder / "alerting.db") as store:
            lines = list(store.iterdump())
        store.close()
        return lines

    before = everything()
    for person in ("M1", "S1", "W1"):
        reader = site.reader(person)
        for path in (
            "/",
            "/?whose=all",
            "/?show=done",
            visit_overdue(site),
            "/service",
            "/sign-in",
            "/healthz",
            "/readyz",
            "/metrics",
        ):
            reader.get(path)
        for path in (f"{visit_overdue(site)}/recorded", f"{visit_overdue(site)}/close", "/sign-out"):
            assert reader.get(path).status_code in (404, 405)

    assert everything() == before


def test_every_route_but_those_that_say_nothing_of_anybody_is_behind_the_door(site):
    free = {"/healthz", "/readyz", "/metrics", "/page.css", "/sign-in", "/sign-out"}
    guard = application.make_application(site.council)
    paths = {route.path for route in guard.app.routes}

    of_service = {"/service", "/service/runs/{run}", "/service/messages", "/service/messages/try-again", "/service/people"}
    of_programs = {"/me", "/alerts", "/alerts/{ref}", "/alerts/{ref}/acts/{act}", "/rules", "/runs", "/health", "/openapi.json"}
    of_service |= {f"/api/v1{path}" for path in of_programs}
    of_service |= {"/service/waiting", "/service/waiting/{act}", "/service/judging", "/service/plan"}
    of_service |= {
        "/service/rules",
        "/service/rules/coverage",
        "/service/rules/{code}",
        "/service/rules/{code}/try",
        "/service/rules/{code}/backtest",
        "/service/rules/{code}/explain",
        "/service/rules/drafts",
        "/service/rules/drafts/{draft}",
        "/service/rules/drafts/{draft}/try",
        "/service/rules/drafts/{draft}/{act}",
        "/service/sources",
        "/service/sources/map",
    }
    of_service |= {"/service/trail", "/service/trail.csv"}
    of_service |= {f"/service/{page}/look" for page in ("people", "plan", "rules/coverage", "sources")}
    assert {
        "/",
        "/a/{ref}",
        "/a/{ref}/{act}",
        "/a/{ref}/explain",
        "/cover",
        "/preferences",
        "/cover/end",
        "/list.csv",
        "/several",
        "/trends",
    } | of_service == paths - free
    stranger = site.browser()
    for path in paths - free:
        assert stranger.get(re.sub(r"{\w+}", "1", path)).status_code in (401, 403, 405)


def test_whoever_has_left_since_the_last_run_is_nobody_though_none_has_come(office):
    office.council.row("ext_staff", worker_id="M2")["ends_on"] = MONDAY.isoformat()
    office.run(MONDAY)
    store = build(office.council.configure(office.store_url, **office.settings)).store()
    with store.transaction() as connection:
        there = ["M2" in read_directory_of_the_day(connection, MONDAY + timedelta(days=days)).staff for days in (0, 1)]
    store.close()

    assert there == [True, False]
