"""What managers and workers do on the page: the same as on the command line, once, by whoever may, and written down with who they are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from alerting.store import acts, schema
from tests.made_council import MONDAY
from tests.web_site import Browser, Site, first_morning, new_office, shown, words

FRIDAY = MONDAY + timedelta(days=4)


@pytest.fixture(scope="module")
def _made(tmp_path_factory):
    with first_morning(tmp_path_factory.mktemp("acts")) as made:
        made.remember()
        yield made


@pytest.fixture
def site(_made):
    """The page on the first morning, on which nobody has done anything yet."""
    _made.put_back()
    return _made


def alert_of(site: Site) -> str:
    return f"/a/{next(one for one in site.office.alerts() if one.code == 'CP-03' and one.person == 'C1').ref}"


def opened(site: Site, person: str) -> Browser:
    """Return the browser of somebody who has the alert about C1 before them."""
    browser = site.reader(person)
    assert browser.get(alert_of(site)).status_code == 200
    return browser


def sent(site: Site, browser: Browser, act: str, **fields: Any) -> Browser:
    """Send a form of the alert's page, as that page has it."""
    assert browser.page is not None
    stand = browser.page.text.split('name="stand" value="')[1].split('"')[0]
    browser.send(f"{alert_of(site)}/{act}", **{"stand": stand} | fields)
    return browser


def rows(site: Site, table: sa.Table = schema.handling) -> list[Any]:
    store = site.office.store()
    try:
        with store.transaction() as connection:
            return list(connection.execute(sa.select(table).order_by(table.c.id)))
    finally:
        store.close()


@pytest.mark.parametrize(
    ("person", "act", "fields", "kind"),
    [
        ("M1", "acknowledge", {"note": "core group on Friday", "until": FRIDAY.isoformat()}, "acknowledge"),
        ("W1", "acknowledge", {}, "acknowledge"),
        ("W1", "recorded", {}, "recorded"),
        ("M1", "snooze", {"until": FRIDAY.isoformat(), "reason": "visit booked"}, "snooze"),
        ("S1", "assign", {"to": "W1", "note": "yours"}, "assign"),
        ("M1", "data-error", {"note": "the plan ended"}, "data_error"),
        ("W1", "not-useful", {"reason": "already_done"}, "not_useful"),
        ("M1", "close", {"reason": "duplicate", "note": "it is there twice"}, "close"),
    ],
)
def test_what_is_done_is_written_down_as_a_command_writes_it(site, person, act, fields, kind):
    browser = sent(site, opened(site, person), act, **fields)

    assert browser.page.status_code == 303, words(browser.page)
    assert browser.page.headers["location"] == f"{alert_of(site)}?done={act}"
    [row] = rows(site)
    assert (row.kind, row.by, row.note) == (
        kind,
        person,
        fields.get("note", fields.get("reason", "") if kind == "snooze" else ""),
    )
    [written] = rows(site, schema.act)
    assert (written.by, written.account, written.host) == (person, f"{person.lower()}@example.gov.uk", "the page")
    assert browser.follow(browser.page.headers["location"]).status_code == 200


def test_three_taps_from_the_mail_to_recorded_today(site):
    phone = site.reader("M1")
    phone.get(alert_of(site))  # the link of the mail
    sent(site, phone, "recorded")
    said = words(phone.follow(phone.page.headers["location"]))

    assert "Noted as recorded" in said
    assert "Said to be recorded by Person M1" in said
    assert "put off" in words(phone.get("/"))


@pytest.mark.parametrize("act", ["snooze", "assign", "data-error", "close"])
def test_a_worker_puts_nothing_off_for_others(site, act):
    browser = sent(site, opened(site, "W1"), act, until=FRIDAY.isoformat(), reason="other", note="x", to="W1")

    assert browser.page.status_code == 409
    assert "This is for those who answer for the team." in words(browser.page)
    assert rows(site) == []
    assert f"/{act}" not in site.reader("W1").get(alert_of(site)).text


@pytest.mark.parametrize(
    ("act", "fields", "says"),
    [
        ("snooze", {"until": "2026-12-31", "reason": "x"}, "is too far off"),
        ("snooze", {"until": "2026-02-01", "reason": "x"}, "has passed"),
        ("snooze", {"until": FRIDAY.isoformat(), "reason": "  "}, "A snooze needs a reason."),
        ("snooze", {"until": "", "reason": "x"}, "A last day is needed."),
        ("snooze", {"until": "tomorrow", "reason": "x"}, "The last day is not a date."),
        ("assign", {"to": "M2"}, "is neither in Team T1 nor above it"),
        ("assign", {"to": "nobody"}, "Choose to whom."),
        ("data-error", {"note": ""}, "A data error needs a note."),
        ("not-useful", {"reason": "because"}, "Choose why it was not useful."),
        ("close", {"reason": "duplicate", "note": ""}, "Closing an alert needs a note."),
        ("close", {"reason": "rule_removed", "note": "x"}, "Choose why it is closed."),
        ("take-back", {"kind": "snooze"}, "is not snoozed"),
    ],
)
def test_what_may_not_be_done_is_said_on_the_page_and_nothing_is_done(site, act, fields, says):
    browser = sent(site, opened(site, "M1"), act, **fields)

    assert browser.page.status_code == 409
    refused = browser.page.text.split('class="errors"')[1].split("</div>")[0]
    assert "That was not done" in refused
    assert f'<p><a href="#do-{act}">' in refused
    assert says in unescape(refused)
    assert rows(site) == []
    assert rows(site, schema.act) == []


def test_a_form_that_is_sent_twice_does_something_once(site):
    browser = opened(site, "M1")
    page = browser.page
    sent(site, browser, "acknowledge")
    browser.page = page
    sent(site, browser, "acknowledge")

    assert browser.page.status_code == 409
    assert "has changed since you opened it" in words(browser.page)
    assert len(rows(site)) == 1


@pytest.mark.slow
def test_a_form_that_is_sent_many_times_at_once_does_something_once(tmp_path, store_url):
    office = new_office(tmp_path)
    office.store_url = store_url
    office.run(MONDAY)
    with shown(office) as site, ThreadPoolExecutor(8) as many:
        browser = opened(site, "M1")
        fields = {"token": browser.token(), "stand": browser.page.text.split('name="stand" value="')[1].split('"')[0]}
        address, cookies = f"{site.url}{alert_of(site)}/acknowledge", browser.cookies.get_dict()

        def send(_: int) -> int:
            return requests.post(
                address, data=fields, headers=browser.headers, cookies=cookies, allow_redirects=False, timeout=30
            ).status_code

        assert sorted(many.map(send, range(8))) == [303] + [409] * 7
        assert len(rows(site)) == 1


@pytest.mark.parametrize("token", ["", "0" * 64])
def test_a_form_of_another_page_does_nothing(site, token):
    assert sent(site, opened(site, "M1"), "recorded", token=token).page.status_code == 403
    assert rows(site) == []


@pytest.mark.parametrize("person", ["M2", "W2"])
def test_nobody_does_anything_to_anothers_alert(site, person):
    owner, other = opened(site, "M1"), site.reader(person)
    stand = owner.page.text.split('name="stand" value="')[1].split('"')[0]
    other.get("/")
    anothers = other.send(f"{alert_of(site)}/recorded", stand=stand)
    other.get("/")
    unknown = other.send("/a/A-ZZZZZZZZ/recorded", stand=stand)

    assert anothers.status_code == unknown.status_code == 404
    assert anothers.text == unknown.text
    assert rows(site) == []


def test_an_act_that_there_is_none_of_is_none(site):
    assert sent(site, opened(site, "M1"), "delete").page.status_code == 404
    assert rows(site) == []


def test_what_was_done_can_be_taken_back_by_who_did_it_or_manages(site):
    worker = sent(site, opened(site, "W1"), "acknowledge")
    assert sent(site, opened(site, "M1"), "take-back", kind="acknowledge", note="fell through").page.status_code == 303
    assert "no more acknowledged" in words(opened(site, "M1").page).lower()

    sent(site, opened(site, "M1"), "acknowledge")
    worker.get(alert_of(site))
    assert sent(site, worker, "take-back", kind="acknowledge").page.status_code == 409


def test_a_worker_takes_back_what_they_did_and_nothing_that_another_did_with_it(site):
    worker = sent(site, opened(site, "W1"), "acknowledge")
    sent(site, opened(site, "M1"), "acknowledge")
    worker.get(alert_of(site))
    assert sent(site, worker, "take-back", kind="acknowledge").page.status_code == 303

    said = words(opened(site, "M1").page)
    assert "Person M1 has it in hand until" in said
    assert "Person W1 has it in hand until" not in said


@pytest.fixture(scope="module")
def critical(tmp_path_factory):
    """A page where the alert about C1 is critical."""
    office = new_office(tmp_path_factory.mktemp("critical"))
    office.rules_of_its_own()
    office.rule("cp-visit-overdue", "CP-03", levels="{critical: measure > long_days}", notify="{critical: [team_manager]}")
    office.begin(MONDAY)
    with shown(office) as site:
        yield site


@pytest.mark.parametrize(
    ("act", "fields"),
    [
        ("snooze", {"until": FRIDAY.isoformat(), "reason": "visit booked"}),
        ("data-error", {"note": "the plan ended"}),
        ("close", {"reason": "duplicate", "note": "it is there twice"}),
    ],
)
def test_what_takes_two_people_waits_for_the_second(critical, act, fields):
    browser = sent(critical, opened(critical, "M1"), act, **fields)
    store = critical.office.store()
    try:
        with store.transaction() as connection:
            waiting = acts.all_waiting(connection)[-1]
    finally:
        store.close()

    assert browser.page.headers["location"].endswith("?done=asked")
    assert (waiting.by.id, waiting.by.account) == ("M1", "m1@example.gov.uk")
    assert rows(critical) == []
    said = words(browser.follow(browser.page.headers["location"]))
    assert "Nothing is done yet" in said
    assert "a second person has not approved it yet" in said


def test_what_somebody_writes_is_only_words(site):
    hostile = "<script>alert(1)</script>{{ 7*7 }}"
    sent(site, opened(site, "M1"), "acknowledge", note=hostile)
    page = site.reader("M1").get(alert_of(site))

    assert "<script" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}" in page.text


def test_a_store_that_another_writes_to_is_waited_for(site):
    browser, alert = opened(site, "M1"), alert_of(site)
    store = site.office.store()
    try:
        with store.transaction():
            assert browser.get(alert).status_code == 200
            assert browser.get("/").status_code == 200
    finally:
        store.close()
    assert sent(site, opened(site, "M1"), "recorded").page.status_code == 303
