"""Several alerts at once: ticked on a list, shown once more, done to each by its own rules, and taken back."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import requests

from alerting.store import acts
from tests.made_council import MONDAY
from tests.test_web_acts import rows
from tests.web_site import Browser, Site, new_office, shown, words

FRIDAY = MONDAY + timedelta(days=4)


@pytest.fixture(scope="module")
def _made(tmp_path_factory):
    office = new_office(tmp_path_factory.mktemp("several"))
    office.rules_of_its_own()
    notify = "{critical: [team_manager], red: [worker, team_manager]}"
    office.rule(levels="{critical: measure > 100, red: measure > 20}", notify=notify)
    office.council.on_a_plan("C3", seen=MONDAY, begun=MONDAY - timedelta(days=150))
    office.council.on_a_plan("C4", seen=MONDAY, team="T2", worker="W2")
    office.begin(MONDAY)
    with shown(office) as made:
        made.remember()
        yield made


@pytest.fixture
def site(_made):
    """The page on a morning with two red alerts of T1 (C1, C2), a critical one (C3) and a red one of T2 (C4)."""
    _made.put_back()
    return _made


def ref(site: Site, child: str) -> str:
    return next(one for one in site.office.alerts() if one.person == child).ref


def ticked(site: Site, person: str, act: str, *children: str) -> Browser:
    """Return the browser of somebody who ticked the alerts about children, and chose what to do."""
    browser = site.reader(person)
    browser.get("/several?" + "&".join([*(f"ref={ref(site, child)}" for child in children), f"act={act}"]))
    return browser


def sent(browser: Browser, form: int = 0, **fields: Any) -> requests.Response:
    """Send the n-th form of several alerts that a page has."""
    assert browser.page is not None
    found = browser.page.text.split('action="/several"')[form + 1].split("</form>")[0]
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', found))
    return browser.send("/several", **hidden | fields)


def done(site: Site) -> list[tuple[str, str]]:
    """Return what was done to which alert and stands."""
    refs = {alert.id: alert.person for alert in site.office.alerts()}
    return [(row.kind, refs[row.alert_id]) for row in rows(site) if row.ended_at is None and row.kind != "take_back"]


def test_a_list_has_a_box_for_each_alert_and_what_can_be_done_with_those_ticked(site):
    manager, worker = site.reader("M1").get("/").text, site.reader("W1").get("/").text

    assert set(re.findall(r'form="several" name="ref" value="([^"]*)"', manager)) == {
        ref(site, one) for one in ("C1", "C2", "C3")
    }
    assert re.findall(r'name="act" value="(\w+)"', manager) == ["acknowledge", "snooze", "assign"]
    assert re.findall(r'name="act" value="(\w+)"', worker) == ["acknowledge"]
    assert 'name="ref"' not in site.reader("M1").get("/?show=done").text


def test_one_page_says_what_will_be_done_and_nothing_is_done_yet(site):
    said = words(ticked(site, "M1", "snooze", "C1", "C3").page)

    assert "Snooze them: 2 alerts" in said
    assert "C1" in said
    assert said.count("a second person is asked to approve it") == 1
    assert "9 March 2026 at the latest." in said
    assert rows(site) == []


def test_they_stand_in_the_order_of_the_list_and_not_in_that_in_which_they_were_opened(site):
    said = words(ticked(site, "M1", "snooze", "C3", "C1", "C2").page)
    places = [said.index(f", Child or young person {child}") for child in ("C3", "C1", "C2")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("person", "act", "fields", "says"),
    [
        ("M1", "acknowledge", {"note": "both on Friday"}, "2 alerts are in hand."),
        ("W1", "acknowledge", {"until": FRIDAY.isoformat()}, "2 alerts are in hand."),
        ("M1", "snooze", {"until": FRIDAY.isoformat(), "reason": "visits booked"}, "2 alerts are snoozed."),
        ("M1", "assign", {"to": "W1"}, "2 alerts are assigned."),
    ],
)
def test_it_is_done_to_each_and_taken_back_from_each(site, person, act, fields, says):
    browser = ticked(site, person, act, "C1", "C2")
    assert says in words(sent(browser, **fields))
    assert done(site) == [(act, "C1"), (act, "C2")]
    assert {(row.by, row.note) for row in rows(site)} == {(person, fields.get("note", fields.get("reason", "")))}

    assert "2 alerts are as before." in words(sent(browser))
    assert done(site) == []


def test_one_of_which_it_may_not_be_done_touches_only_itself_and_is_named(site):
    browser = ticked(site, "S1", "assign", "C1", "C4")
    said = words(browser.page)
    assert "Person W1 (1 of 2)" in said
    assert "Person S1" in said

    said = words(sent(browser, to="W1"))
    assert done(site) == [("assign", "C1")]
    assert "1 assigned, 1 not done" in said
    assert re.search(r"Not done Red .*C4 A-\w+ cannot be assigned to W1, who is neither in Team T2 nor above it\.", said)


def test_of_a_critical_one_a_second_person_is_asked_and_the_others_are_done(site):
    browser = ticked(site, "M1", "snooze", "C1", "C3")
    said = words(sent(browser, until=FRIDAY.isoformat(), reason="visits booked"))

    assert "1 snoozed, 1 asked for" in said
    assert done(site) == [("snooze", "C1")]
    with site.council.reading() as connection:
        assert [one.about for one in acts.all_waiting(connection)] == [ref(site, "C3")]

    sent(browser, form=1)
    with site.council.reading() as connection:
        assert acts.all_waiting(connection) == []


def test_whoever_asked_takes_a_request_back_on_its_alert_and_it_is_not_asked_for_twice(site):
    browser = ticked(site, "M1", "snooze", "C3")
    sent(browser, until=FRIDAY.isoformat(), reason="visit booked")
    again = words(sent(ticked(site, "S1", "snooze", "C3"), until=FRIDAY.isoformat(), reason="visit booked"))
    assert "Person M1 has asked for that already, and request 1 waits for a second person" in again

    page = browser.get(f"/a/{ref(site, 'C3')}").text
    stand = page.split('name="stand" value="')[1].split('"')[0]
    assert browser.send(f"/a/{ref(site, 'C3')}/withdraw", stand=stand, request="1").status_code == 303
    assert "has not approved it yet" not in words(browser.get(f"/a/{ref(site, 'C3')}"))
    assert browser.send(f"/a/{ref(site, 'C3')}/withdraw", stand=stand, request="1").status_code == 409


def test_a_worker_takes_back_nothing_that_their_manager_asked_for(site):
    sent(ticked(site, "M1", "snooze", "C3"), until=FRIDAY.isoformat(), reason="visit booked")
    worker = site.reader("W1")
    page = worker.get(f"/a/{ref(site, 'C3')}")
    assert page.status_code == 200

    stand = re.search(r'name="stand" value="([^"]*)"', page.text)[1]
    refused = worker.send(f"/a/{ref(site, 'C3')}/withdraw", stand=stand, request="1")
    assert "What somebody else asked for is taken back by those who answer for the team." in words(refused)
    with site.council.reading() as connection:
        assert [one.about for one in acts.all_waiting(connection)] == [ref(site, "C3")]


@pytest.mark.parametrize(
    ("act", "fields", "says"),
    [
        ("snooze", {"until": FRIDAY.isoformat(), "reason": " "}, "A snooze needs a reason."),
        ("snooze", {"until": "", "reason": "x"}, "A last day is needed."),
        ("acknowledge", {"until": "2026-02-01"}, "2026-02-01 has passed."),
        ("assign", {"to": "nobody"}, "Choose to whom."),
    ],
)
def test_where_nothing_could_be_done_the_page_says_why_once_and_keeps_what_was_given(site, act, fields, says):
    page = sent(ticked(site, "M1", act, "C1", "C2"), **fields)

    assert page.status_code == 409
    assert "That was not done to any of them" in words(page)
    assert page.text.count(f'<p><a href="#do">{says}</a></p>') == 1
    assert words(page).count(says) == 1
    assert all(f'value="{value}"' in page.text for value in fields.values() if value.startswith("20"))
    assert rows(site) == []


def test_what_has_changed_since_the_page_was_opened_is_left_alone(site):
    browser = ticked(site, "M1", "acknowledge", "C1", "C2")
    sent(ticked(site, "W1", "acknowledge", "C1"))
    said = words(sent(browser))

    assert "1 in hand, 1 not done" in said
    assert "It has changed since you opened it" in said
    assert [(row.by, row.kind) for row in rows(site)] == [("W1", "acknowledge"), ("M1", "acknowledge")]


def test_a_form_that_is_sent_twice_does_something_once(site):
    browser = ticked(site, "M1", "acknowledge", "C1", "C2")
    page = browser.page
    sent(browser)
    browser.page = page

    assert sent(browser).status_code == 409
    assert len(rows(site)) == 2


def test_anothers_alert_and_one_that_there_is_not_are_told_apart_by_nothing(site):
    theirs, unknown = ref(site, "C4"), "A-ZZZZZZZZ"
    reader = site.reader("M1")
    reader.get("/")
    one, other = (reader.get(f"/several?ref={found}&act=snooze") for found in (theirs, unknown))
    assert one.text.replace(theirs, unknown) == other.text

    for found in (theirs, unknown):
        browser = ticked(site, "M1", "snooze", "C1")
        fields = {"until": FRIDAY.isoformat(), "reason": "x", "act": "snooze"}
        said = words(browser.send("/several", alerts=f"{ref(site, 'C1')}:firing-3-0 {found}:firing-3-0", **fields))
        assert f"There is nothing here by {found}." in said
        assert "C4" not in said
    assert {child for _, child in done(site)} <= {"C1"}


def test_a_worker_snoozes_and_assigns_nothing_and_nobody_closes_several(site):
    assert ticked(site, "W1", "snooze", "C1").page.status_code == 404
    assert ticked(site, "M1", "close", "C1").page.status_code == 404
    browser = ticked(site, "W1", "acknowledge", "C1")
    said = words(sent(browser, act="snooze", until=FRIDAY.isoformat(), reason="x"))
    browser = ticked(site, "M1", "acknowledge", "C1")

    assert "This is for those who answer for the team." in said
    assert sent(browser, act="close", reason="duplicate", note="x").status_code == 404
    assert rows(site) == []


@pytest.mark.parametrize(
    "alerts", ["", "A-1", "A-1:x", "<script>:firing-3-0", " ".join(f"A-{one}:firing-3-0" for one in range(51))]
)
def test_what_no_form_of_ours_carries_does_nothing(site, alerts):
    assert sent(ticked(site, "M1", "acknowledge", "C1"), alerts=alerts).status_code == 404
    assert rows(site) == []


def test_too_many_and_none_are_said(site):
    many = "&".join(f"ref={one}" for one in (ref(site, "C1"), *(f"A-{one:08}" for one in range(50))))
    page = site.reader("M1").get(f"/several?act=snooze&{many}")

    assert "50 can be done at once, and more are ticked." in words(page)
    assert 'method="post" action="/several"' not in page.text
    assert "None was ticked." in words(site.reader("M1").get("/several?act=snooze"))
    assert "<script" not in site.reader("M1").get("/several?act=snooze&ref=<script>").text


def test_what_is_taken_back_of_several_is_ones_own_and_what_stood_before_stands_again(site):
    sent(ticked(site, "W1", "acknowledge", "C1"))
    manager = ticked(site, "M1", "acknowledge", "C1", "C2")
    manager.page = sent(manager)
    assert sent(manager).status_code == 200

    standing = {(alert.person, act.by) for alert in site.office.alerts() for act in alert.acts if act.kind == "acknowledge"}
    assert standing == {("C1", "W1")}
