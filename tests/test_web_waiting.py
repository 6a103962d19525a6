"""What waits is released on the page: by one where the council wants one, else by a second person, who is never the one who asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from alerting.alerts.acts import BrakeWanted, Request, SilenceWanted, two_people
from alerting.alerts.brakes import Brake
from alerting.alerts.matcher import Matcher
from alerting.alerts.people import SERVICE, THE_PAGE, Actor, People
from alerting.commands import cli
from alerting.council_people import Administrator
from alerting.errors import HandlingError
from alerting.store import acts, brakes
from alerting.store.messages import send_hold
from alerting.store.service_state import remember
from tests.made_council import MONDAY
from tests.web_site import NOON, Browser, Site, new_office, shown, words

ADMIN, SECOND = "admin@example.gov.uk", "priya.shah@example.gov.uk"
PEOPLE = People(
    administrators=(
        Administrator(name="A. Officer", address=ADMIN, account="aofficer"),
        Administrator(name="Priya Shah", address=SECOND),
    )
)
RULE = "cp-visit-overdue"


@pytest.fixture(scope="module")
def _made(tmp_path_factory):
    office = new_office(tmp_path_factory.mktemp("waiting"))
    named = [{"name": "A. Officer", "address": ADMIN}, {"name": "Priya Shah", "address": SECOND}]
    office.settings |= {
        "council": {"name": "Exampleshire", "administrators": named, "domain": "alerts.example.gov.uk"},
        "handling": {"two_release": True},
    }
    office.rules_of_its_own()
    office.rule(RULE, "CP-03", levels="{critical: measure > long_days}", notify="{critical: [team_manager]}")
    office.begin(MONDAY)
    with shown(office) as site:
        site.remember()
        yield site


@pytest.fixture
def site(_made):
    _made.put_back()
    return _made


def somebody(site: Site, address: str = ADMIN) -> Browser:
    browser = site.browser(**{"X-Mail": address})
    browser.get("/service/waiting")
    return browser


def put_on(site: Site, *, kind: str = "storm") -> None:
    with site.council.store().transaction() as connection:
        brakes.put_on(connection, [Brake(rule=RULE, since=MONDAY, count=3, kind=kind, population=4)], 1)


def ask(site: Site, wanted: Any, *, by: Actor, about: str, note: str = "looked at", at: datetime = NOON) -> int:
    request = Request(id=0, at=at, by=by, about=about, note=note, wanted=wanted, why="it takes two")
    with site.council.store().transaction() as connection:
        return acts.ask(connection, request).id


def asked_by(id_: str, name: str, host: str = THE_PAGE) -> Actor:
    return Actor(id=id_, name=name, account=id_ if host == THE_PAGE else "somebody", host=host)


def kinds(site: Site) -> list[tuple[str, str]]:
    """Return what was done since the morning, and by whom."""
    with site.council.reading() as connection:
        return [tuple(row) for row in connection.exec_driver_sql("SELECT kind, by FROM act ORDER BY id")]


def on(site: Site) -> list[str]:
    with site.council.reading() as connection:
        return [brake.rule for brake in brakes.on(connection)]


def test_a_brake_is_released_by_whom_one_asked_and_another_approved(site):
    put_on(site)
    first, second = somebody(site), somebody(site, SECOND)
    assert "Since 2 March 2026, because of more new alerts than it may have. It keeps back" in words(first.page)

    asked = first.send("/service/waiting/brake", rule=RULE, note="looked at with two team managers")
    assert asked.headers["location"].endswith("?done=asked")
    said = words(first.follow(asked.headers["location"]))
    assert "Nothing is done yet: it takes two people." in said
    assert "You asked for it, so another person must approve it." in said
    assert "Approve it" not in said
    refused = first.send("/service/waiting/approve", request=1)
    assert (refused.status_code, "Who approves is who asks for it." in words(refused)) == (409, True)
    assert on(site) == [RULE]

    said = words(second.get("/service/waiting"))
    assert "They say: looked at with two team managers" in said
    assert second.send("/service/waiting/approve", request=1).headers["location"].endswith("?done=approve")
    assert on(site) == []
    assert kinds(site) == [("request", ADMIN), ("approval", SECOND), ("brake released", ADMIN)]
    second.get("/service/waiting")
    again = second.send("/service/waiting/approve", request=1)
    assert "was answered already" in words(again)


def test_what_is_asked_for_already_is_not_asked_for_twice(site):
    put_on(site)
    somebody(site).send("/service/waiting/brake", rule=RULE, note="looked")
    other = somebody(site, SECOND)

    assert "Request 1 to release it waits for a second person." in words(other.page)
    refused = other.send("/service/waiting/brake", rule=RULE, note="looked too")
    assert "Request 1 of A. Officer asks for that already." in words(refused)


def take_off_the_list(site: Site, *children: str) -> None:
    removed = [[[child], "limited", ["M1"]] for child in children]
    with site.council.store().transaction() as connection:
        remember(connection, "restricted records", {"rows": 0, "listed": [], "removed": removed}, NOON)


def test_that_people_were_taken_off_the_restricted_list_is_released_by_one_who_saw_how_many_and_the_button_says_so(site):
    take_off_the_list(site, "C1")
    looks = somebody(site)
    seen = "1 person was taken off the list, and stay restricted until that is released"
    said = words(looks.page)
    assert seen in said
    assert ("Release it" in said, "Ask a second person to release it" in said) == (True, False)

    take_off_the_list(site, "C1", "C2")
    refused = looks.send("/service/waiting/table", table="ext_restricted", why=seen, note="panel of 2 March")
    assert (refused.status_code, "It has changed since you opened the page" in words(refused)) == (409, True)
    assert kinds(site) == []
    now = "2 people were taken off the list, and stay restricted until that is released"
    somebody(site).send("/service/waiting/table", table="ext_restricted", why=now, note="panel of 2 March")
    assert kinds(site) == [("removal released", ADMIN)]


def test_what_only_its_source_can_put_right_is_shown_and_not_released(site):
    gone = {"as_of": MONDAY.isoformat(), "rows": None, "problems": {"ssd_cp_visits": "is not there"}, "flaws": {}}
    with site.council.store().transaction() as connection:
        remember(connection, "doubted:ssd_cp_visits", gone, NOON)
    admin = somebody(site)

    assert "ssd_cp_visits is not there" in words(admin.page)
    refused = admin.send("/service/waiting/table", table="ssd_cp_visits", note="looked")
    assert "That table does not wait to be released." in words(refused)
    assert kinds(site) == []


def test_a_request_is_taken_back(site):
    put_on(site)
    somebody(site).send("/service/waiting/brake", rule=RULE, note="looked")
    other = somebody(site, SECOND)

    assert other.send("/service/waiting/withdraw", request=1, note="not yet").status_code == 303
    assert kinds(site)[-1] == ("withdrawal", SECOND)
    assert on(site) == [RULE]


def test_one_whose_time_has_passed_is_not_approved(site):
    put_on(site)
    number = ask(site, BrakeWanted(rule=RULE), by=asked_by(SECOND, "Priya Shah"), about="CP-03")
    site.clock.later(days=20)
    try:
        late = somebody(site)
        assert "Nothing that you can approve here." in words(late.page)
        assert "has lapsed" in words(late.send("/service/waiting/approve", request=number))
    finally:
        site.clock.later(days=-20)
    assert on(site) == [RULE]


def test_a_restored_store_sends_again_once_two_have_looked_and_is_not_held_anew(site):
    marker = site.office.folder / "alerting.db.marker"
    marker.write_text('{"store": "another", "run": null}', "utf-8")
    with site.council.store().transaction() as connection:
        send_hold.hold(connection, by=SERVICE, why="the store lies behind", now=NOON, restored=True)
    first, second = somebody(site), somebody(site, SECOND)
    assert "This store was restored, so nothing is sent." in words(first.page)
    assert "fire is held" in words(first.get("/service")).lower()

    first.get("/service/waiting")
    first.send("/service/waiting/fire", note="Monday's backup")
    second.send("/service/waiting/approve", request=2)

    assert "The service sends." in words(second.get("/service/waiting"))
    held, problems = site.council.app().marker(site.council.store()).look(NOON)
    assert (held, problems) == (None, [])


def test_nothing_is_sent_when_an_administrator_says_so_and_why(site):
    admin = somebody(site)

    assert "Say what was found, or why." in words(admin.send("/service/waiting/hold", note=""))
    assert admin.send("/service/waiting/hold", note="the extract came by half").status_code == 303
    assert "The extract came by half. Since" in words(admin.get("/service/waiting"))
    assert kinds(site) == [("hold_fire", ADMIN)]


def silence(**matcher: tuple[str, ...]) -> SilenceWanted:
    return SilenceWanted(matcher=Matcher(**matcher), begins=MONDAY, until=MONDAY + timedelta(days=5), matched=1)


def test_a_silence_is_approved_by_a_second_person_who_has_seen_how_far_it_reaches(site):
    wanted = silence(rule=(RULE,), team=("T1",))
    ask(site, wanted, by=asked_by("M1", "Person M1"), about=str(wanted.matcher), note="C1 moved")
    admin = somebody(site)
    said = words(admin.page)

    assert "A silence of rule CP-03, team T1, from 2 March 2026 to 7 March 2026" in said
    assert "It would silence 2 of 2 open alerts: 2 critical. Team T1 2." in said
    assert "C1" not in said, "what somebody wrote beside it may be about a child"
    assert admin.send("/service/waiting/approve", request=1).headers["location"].endswith("?done=approve")
    said = words(admin.get("/service/waiting"))
    assert "Silence 1: rule CP-03, team T1 From 2 March 2026 to 7 March 2026, by Person M1, approved by A. Officer." in said
    assert admin.send("/service/waiting/end-silence", silence=1, note="they are told again").status_code == 303
    assert "None stands or is to come." in words(admin.get("/service/waiting"))


def test_a_silence_of_one_child_is_neither_shown_to_an_administrator_nor_approved_by_one(site):
    wanted = silence(child=("C1",))
    number = ask(site, wanted, by=asked_by("M1", "Person M1"), about=str(wanted.matcher))
    admin = somebody(site)
    said = words(admin.page)

    assert "C1" not in said
    assert "1 silence about one person or record" in said
    assert "is not approved here" in words(admin.send("/service/waiting/approve", request=number))


def test_it_is_approved_at_the_childs_alert_by_another_who_manages_and_sees_all_that_it_meets(site):
    wanted = silence(child=("C1",))
    number = ask(site, wanted, by=asked_by("M1", "Person M1"), about=str(wanted.matcher), note="C1 is in hospital")
    path, above = alert_of(site), site.reader("S1")
    said = words(above.get(path))
    assert "Person M1 has asked for it to be silenced until 7 March 2026, with whatever else is about child C1" in said
    assert "They say: C1 is in hospital" in said
    assert "Approve it" not in words(site.reader("M1").get(path))
    other = f"/a/{next(one.ref for one in site.office.alerts() if one.person == 'C2')}"
    assert "has asked" not in words(above.get(other))

    stand = above.page.text.split('name="stand" value="')[1].split('"')[0]
    refused = above.send(f"{other}/approve", stand=stand, request=number)
    assert "That request does not wait any more." in words(refused)
    above.get(path)
    assert above.send(f"{path}/approve", stand=stand, request=number).headers["location"].endswith("?done=approve")
    assert kinds(site) == [("request", "M1"), ("approval", "S1"), ("silence", "M1")]


def test_a_silence_that_names_somebody_else_too_who_has_no_alert_now_is_neither_shown_nor_approved_there(site):
    wanted = silence(child=("C1", "C9"))
    number = ask(site, wanted, by=asked_by("M1", "Person M1"), about=str(wanted.matcher))
    above = site.reader("S1")

    assert "has asked" not in words(above.get(alert_of(site)))
    stand = above.page.text.split('name="stand" value="')[1].split('"')[0]
    refused = above.send(f"{alert_of(site)}/approve", stand=stand, request=number)
    assert "That request does not wait any more." in words(refused)
    assert kinds(site) == [("request", "M1")]


def test_nobody_without_the_role_releases_anything(site):
    put_on(site)
    for person in ("m1@example.gov.uk", "w1@example.gov.uk", "p1@example.gov.uk"):
        browser = site.browser(**{"X-Mail": person})
        browser.get("/")
        assert browser.send("/service/waiting/brake", rule=RULE, note="x").status_code == 404
    assert on(site) == [RULE]
    assert kinds(site) == []


def alert_of(site: Site) -> str:
    return f"/a/{next(one.ref for one in site.office.alerts() if one.person == 'C1')}"


def test_what_is_asked_for_of_a_critical_alert_is_approved_on_its_page_by_another_who_manages(site):
    path, manager = alert_of(site), site.reader("M1")
    manager.get(path)
    stand = manager.page.text.split('name="stand" value="')[1].split('"')[0]
    manager.send(f"{path}/close", stand=stand, reason="duplicate", note="it is there twice")
    assert "Approve it" not in words(manager.get(path))
    elsewhere, above = site.reader("M2"), site.reader("S1")
    elsewhere.get("/")
    assert elsewhere.send(f"{path}/approve", stand=stand, request=1).status_code == 404
    assert manager.send(f"{path}/approve", stand=stand, request=1).status_code == 409

    assert "They say: it is there twice" in words(above.get(path))
    done = above.send(f"{path}/approve", stand=stand, request=1)
    assert done.headers["location"].endswith("?done=approve")
    assert next(one.resolved_reason for one in site.office.alerts() if one.person == "C1") == "closed"
    assert kinds(site) == [("request", "M1"), ("approval", "S1"), ("close", "M1")]


def test_what_is_asked_for_of_an_alert_is_neither_approved_nor_taken_back_by_an_administrator(site):
    path, manager = alert_of(site), site.reader("M1")
    manager.get(path)
    stand = manager.page.text.split('name="stand" value="')[1].split('"')[0]
    manager.send(f"{path}/close", stand=stand, reason="duplicate", note="it is there twice")
    admin = somebody(site)
    assert "is not approved here" in words(admin.send("/service/waiting/approve", request=1))
    assert "is not taken back here" in words(admin.send("/service/waiting/withdraw", request=1, note="x"))
    assert kinds(site) == [("request", "M1")]


# ---- who is known by what


def acted(id_: str, account: str, host: str = "here") -> Actor:
    return Actor(id=id_, name=id_, account=account, host=host)


@pytest.mark.parametrize(
    ("by", "second", "problem"),
    [
        (acted(SECOND, SECOND, THE_PAGE), acted(ADMIN, ADMIN, THE_PAGE), None),
        (acted(ADMIN, "aofficer"), acted(SECOND, SECOND, THE_PAGE), None),
        # Whoever may give commands could have typed another's name, and approve it as themselves.
        (acted(SECOND, "aofficer"), acted(ADMIN, ADMIN, THE_PAGE), "does not say from which account"),
        (acted(ADMIN, "root"), acted(SECOND, SECOND, THE_PAGE), "acts from the account aofficer"),
        (acted(SECOND, SECOND, THE_PAGE), acted(ADMIN, "aofficer"), "approvals are made on the page"),
        (acted(ADMIN, ADMIN, THE_PAGE), acted(ADMIN, "x", THE_PAGE), "who approves is who asks"),
    ],
)
def test_where_approvals_are_made_on_the_page_both_are_known_by_more_than_what_was_typed(by, second, problem):
    if problem is None:
        two_people(PEOPLE, by, second, on_page=True)
        return
    with pytest.raises(HandlingError, match=problem):
        two_people(PEOPLE, by, second, on_page=True)


def test_one_who_gave_a_command_and_one_who_signed_in_are_two_accounts_where_the_commands_is_known_to_be_theirs():
    two_people(PEOPLE, acted(SECOND, SECOND, THE_PAGE), acted(ADMIN, "aofficer"), two_accounts=True)
    with pytest.raises(HandlingError, match="does not say from which account"):
        two_people(PEOPLE, acted(ADMIN, ADMIN, THE_PAGE), acted(SECOND, "root"), two_accounts=True)


def run(site: Site, *given: str) -> str:
    return CliRunner().invoke(cli, ["--config", str(site.council.config), *given]).output


def test_where_the_council_wants_it_the_command_line_approves_nothing_and_says_where(site, tmp_path):
    settings = site.council.config.read_text("utf-8")
    number = ask(site, BrakeWanted(rule=RULE), by=asked_by(SECOND, "Priya Shah"), about="CP-03", at=datetime.now(UTC))
    ref = alert_of(site).rpartition("/")[2]
    snooze = ("alerts", "snooze", ref, "--until", "2026-03-06", "--reason", "x", "--by", "M1", "--approved-by", "S1")
    try:
        site.council.config.write_text(
            settings.replace("two_release: true", "two_release: true\n  approve_on_page: true"), "utf-8"
        )
        for given in (("requests", "approve", str(number), "--by", ADMIN), snooze):
            said = run(site, *given)
            assert "here the second person approves on the page" in said
            assert f"They open {site.url}/service/waiting" in said
        assert "needs a `page`" in run_without_page(site, settings, tmp_path)
    finally:
        site.council.config.write_text(settings, "utf-8")
    assert kinds(site) == [("request", SECOND)]


def run_without_page(site: Site, settings: str, folder: Any) -> str:
    path = folder / "config.yaml"
    text = settings.replace("two_release: true", "two_release: true\n  approve_on_page: true")
    path.write_text(text[: text.index("\npage:")] + "\n", "utf-8")
    return CliRunner().invoke(cli, ["--config", str(path), "requests", "list"]).output
