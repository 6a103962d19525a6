"""Signing in: by a real provider in a process of its own, by a proxy's header, as somebody of the made-up council; and out again."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from alerting.casedata.directory import Cover
from alerting.config import Administrator
from alerting.model import Person
from alerting.page_settings import Page
from alerting.web.oidc import _AT_ONCE
from alerting.web.readers import Role, find_reader
from alerting.web.visits import is_own_path
from tests.oidc_provider import CLIENT, SECRET
from tests.one_team import DIRECTORY, STAFF, without
from tests.servers import closed_port, free_port
from tests.web_site import Browser, Site, first_morning, words

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def provider():
    """The address of a provider that runs."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.oidc_provider", str(port)], cwd=ROOT)
    try:
        ends = time.monotonic() + 20
        while True:
            try:
                requests.get(f"http://127.0.0.1:{port}/keys", timeout=2)
                break
            except requests.ConnectionError:
                assert time.monotonic() < ends
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def oidc(tmp_path_factory, provider):
    """A page to which one signs in by the provider."""
    sign_in = {"type": "oidc", "issuer": provider, "client_id": CLIENT, "client_secret": "${file:client-secret}"}
    folder = tmp_path_factory.mktemp("oidc")
    (folder / "council").mkdir()
    (folder / "council" / "client-secret").write_text(SECRET)
    with first_morning(folder, sign_in=sign_in, directors=["director@example.gov.uk"], auditors=["audit@example.gov.uk"]) as site:
        yield site


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    """A page behind a proxy that signs people in."""
    with first_morning(tmp_path_factory.mktemp("proxied")) as site:
        yield site


def sign_in(site: Site, address: str, to: str = "/", **more: str) -> Browser:
    """Return the browser of somebody who has signed in, or has tried to."""
    browser = site.browser()
    browser.get(f"/sign-in/start?{urlencode({'to': to})}")
    assert browser.page is not None
    asked = browser.page.headers["location"]
    back = browser.get(f"{asked}&{urlencode({'as': address} | more)}").headers["location"]
    browser.get(back)
    return browser


# ---------------------------------------------------------------- by the council's own sign-in


def test_somebody_of_the_staff_signs_in_and_is_where_they_wanted_to_be(oidc):
    browser = sign_in(oidc, "m1@example.gov.uk", to="/a/A-1")

    assert browser.page.headers["location"] == "/a/A-1"
    assert "Person M1" in words(browser.follow("/"))


def test_case_and_spaces_of_an_address_make_nobody_else(oidc):
    assert "Person M1" in words(sign_in(oidc, "  M1@Example.GOV.uk ").follow("/"))


@pytest.mark.parametrize("address", ["stranger@example.gov.uk", "m1@elsewhere.example", "m1", "\u217f1@example.gov.uk", "%"])
def test_who_is_nobody_sees_nothing(oidc, address):
    answer = sign_in(oidc, address).follow("/")

    assert answer.status_code == 403
    assert "You are not known here" in words(answer)


@pytest.mark.parametrize(
    ("address", "role"),
    [("admin@example.gov.uk", "admin"), ("director@example.gov.uk", "director"), ("audit@example.gov.uk", "audit")],
)
def test_who_is_named_in_config_yaml_signs_in_though_no_directory_has_them(oidc, address, role):
    assert sign_in(oidc, address).follow("/").status_code == 200, role


@pytest.mark.parametrize(
    "fault",
    [
        "another nonce", "no nonce", "another audience", "another issuer", "expired", "not verified", "not verified, as a text", "no address", "not signed",
        "signed with the public key", "another key",
    ],
)  # fmt: skip
def test_a_token_that_is_not_right_signs_nobody_in(oidc, fault):
    browser = sign_in(oidc, "m1@example.gov.uk", fault=fault)

    assert browser.page.status_code == 403
    assert "alerting" not in browser.cookies
    assert browser.follow("/").url.endswith("/sign-in")
    assert "m1@" not in "".join(oidc.said)


def test_an_answer_is_taken_from_the_browser_that_was_sent_and_from_no_other(oidc):
    sent, other = oidc.browser(), oidc.browser()
    asked = sent.get("/sign-in/start").headers["location"]
    back = sent.get(f"{asked}&as=m1@example.gov.uk").headers["location"]

    assert other.get(back).status_code == 403
    assert "alerting" not in other.cookies


def test_an_answer_is_taken_once(oidc):
    browser = oidc.browser()
    asked = browser.get("/sign-in/start").headers["location"]
    back = browser.get(f"{asked}&as=m1@example.gov.uk").headers["location"]

    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 403


def test_an_answer_with_another_state_is_not_taken(oidc):
    browser = oidc.browser()
    asked = browser.get("/sign-in/start").headers["location"]
    back = browser.get(f"{asked}&as=m1@example.gov.uk").headers["location"]

    assert browser.get(back.replace("state=", "state=x")).status_code == 403


def test_what_is_asked_of_the_provider_can_be_used_by_nobody_on_the_way(oidc):
    asked = oidc.browser().get("/sign-in/start").headers["location"]
    query = {name: values[0] for name, values in parse_qs(urlsplit(asked).query).items()}

    assert query["response_type"] == "code"
    assert query["code_challenge_method"] == "S256"
    assert len(query["state"]) >= 20
    assert len(query["nonce"]) >= 20
    assert query["redirect_uri"] == f"{oidc.url}/sign-in/back"


@pytest.mark.parametrize(
    "to",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/a/../..//evil",
        "\\/evil",
        "javascript:alert(1)",
        "/a?b=//evil",
    ],
)
def test_signing_in_leads_to_no_other_place(oidc, to):
    assert not is_own_path(to)
    assert sign_in(oidc, "m1@example.gov.uk", to=to).page.headers["location"] == "/"


def test_a_provider_that_is_away_gives_a_plain_page(tmp_path):
    sign = {
        "type": "oidc",
        "issuer": f"http://127.0.0.1:{closed_port()}",
        "client_id": "a",
        "client_secret": "${file:config.yaml}",
    }
    with first_morning(tmp_path, sign_in=sign) as site:
        answer = site.browser().get("/sign-in/start")

        assert answer.status_code == 403
        assert "Try again" in words(answer)
        assert "tell your IT service desk" in words(answer)
        assert site.said == ["page: somebody was not signed in: the sign-in cannot be asked (ConnectionError)"]


def test_a_provider_that_does_not_answer_keeps_nobody_else_waiting(tmp_path):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(200)
        issuer = f"http://127.0.0.1:{silent.getsockname()[1]}"
        sign = {"type": "oidc", "issuer": issuer, "client_id": "a", "client_secret": "${file:config.yaml}"}
        with first_morning(tmp_path, sign_in=sign) as site, ThreadPoolExecutor(60) as many:
            asked = [many.submit(site.browser().get, "/sign-in/start") for _ in range(60)]
            turned_away = [one.result().status_code for one in islice(as_completed(asked, timeout=9), 60 - _AT_ONCE)]
            began = time.monotonic()
            ready = site.browser().get("/readyz").status_code

            assert (ready, set(turned_away)) == (200, {403})
            assert time.monotonic() - began < 5
            silent.close()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("access_denied", "the sign-in let nobody in (access_denied)"),
        ("m1@example.gov.uk is locked", "the sign-in let nobody in"),
    ],
)
def test_the_log_has_the_code_of_a_refusal_and_no_other_words(oidc, error, said):
    browser = oidc.browser()
    state = parse_qs(urlsplit(browser.get("/sign-in/start").headers["location"]).query)["state"][0]
    browser.get(f"/sign-in/back?{urlencode({'state': state, 'error': error})}")

    assert oidc.said[-1] == f"page: somebody was not signed in: {said}"


def test_the_log_says_that_the_pages_own_secret_is_not_taken(tmp_path, provider):
    sign = {"type": "oidc", "issuer": provider, "client_id": CLIENT, "client_secret": "${file:config.yaml}"}
    with first_morning(tmp_path, sign_in=sign) as site:
        sign_in(site, "m1@example.gov.uk")

        assert site.said[-1] == "page: somebody was not signed in: the sign-in gave no token (OAuthError, invalid_grant)"
        assert all(entry.event.is_problem for entry in site.logged if entry.says)


# ---------------------------------------------------------------- sessions


def test_the_cookie_is_for_this_page_alone(oidc):
    browser = sign_in(oidc, "m1@example.gov.uk")
    said = browser.page.headers["set-cookie"]

    assert "HttpOnly" in said
    assert "SameSite=lax" in said
    assert "m1" not in said


@pytest.mark.parametrize(
    "spoilt", ["", "x", "e30.x", "{cookie}x", "x{cookie}", "eyJhZGRyZXNzIjoibTFAZXhhbXBsZS5nb3YudWsifQ.AAAA"]
)
def test_a_forged_session_is_none(oidc, spoilt):
    cookie = sign_in(oidc, "m1@example.gov.uk").cookies["alerting"]
    forger = oidc.browser()
    forger.cookies.set("alerting", spoilt.format(cookie=cookie))

    assert forger.get("/").headers["location"].startswith("/sign-in")


@pytest.mark.parametrize(
    ("asks", "every", "then"),
    [
        pytest.param(3, 29, 31, id="when nothing is asked for half an hour"),
        pytest.param(25, 24, 24, id="after ten hours in any case", marks=pytest.mark.slow),
    ],
)
def test_a_session_ends(oidc, asks, every, then):
    browser = sign_in(oidc, "m1@example.gov.uk")
    before = oidc.clock.moment
    try:
        for _ in range(asks):
            oidc.clock.later(minutes=every)
            assert browser.get("/").status_code == 200
        oidc.clock.later(minutes=then)
        assert browser.get("/").headers["location"] == "/sign-in"
    finally:
        oidc.clock.moment = before


def test_whoever_signs_out_is_out_with_every_copy_of_their_cookie(oidc):
    browser = sign_in(oidc, "m1@example.gov.uk")
    cookie = browser.cookies["alerting"]
    browser.follow("/")
    answer = browser.send("/sign-out")
    thief = oidc.browser()
    thief.cookies.set("alerting", cookie)

    assert "You are signed out" in words(answer)
    assert browser.get("/").headers["location"] == "/sign-in"
    assert thief.get("/").headers["location"] == "/sign-in"


@pytest.mark.parametrize(
    ("token", "headers"),
    [
        ("", {}),
        ("0" * 64, {}),
        (None, {"Origin": "https://evil.example"}),
        (None, {"Origin": "null"}),
        (None, {"Sec-Fetch-Site": "cross-site"}),
    ],
)
def test_a_form_that_another_page_sends_does_nothing(oidc, token, headers):
    browser = sign_in(oidc, "m1@example.gov.uk")
    browser.follow("/")
    given = {} if token is None else {"token": token}

    assert browser.send("/sign-out", headers=headers, **given).status_code == 403
    assert browser.get("/").status_code == 200


def test_the_form_of_one_session_is_none_of_another(oidc):
    one, other = sign_in(oidc, "m1@example.gov.uk"), sign_in(oidc, "m2@example.gov.uk")
    one.follow("/")

    assert other.send("/sign-out", token=one.token()).status_code == 403


def test_a_session_outlives_the_service_but_not_its_key(oidc):
    browser = sign_in(oidc, "m1@example.gov.uk")
    key = oidc.office.folder / "page.key"

    assert key.stat().st_mode & 0o077 == 0
    assert len(key.read_text()) >= 32
    assert browser.get("/").status_code == 200


# ---------------------------------------------------------------- by a proxy


def test_a_proxy_says_who_asks(proxied):
    assert "Person M1" in words(proxied.reader("M1").get("/"))
    assert proxied.browser().get("/").status_code == 403


def test_its_header_is_believed_from_nowhere_else(tmp_path, monkeypatch):
    monkeypatch.setattr("alerting.web.rates._MINUTE_S", 10**9)
    with first_morning(tmp_path, sign_in={"type": "proxy", "header": "X-Mail", "from": ["10.1.2.3", "192.0.2.0/24"]}) as site:
        answer = site.reader("M1").get("/", **{"X-Forwarded-For": "10.1.2.3", "Forwarded": "for=10.1.2.3"})

        assert answer.status_code == 403
        assert "Person M1" not in words(answer)
        site.reader("M2").get("/")
        assert [line.partition(": it was not one of")[0] for line in site.said] == ["page: a request was turned away"]


def test_a_header_given_twice_says_nobody(proxied):
    port = int(proxied.url.rsplit(":", 1)[1])
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.putrequest("GET", "/")
    connection.putheader("X-Mail", "m2@example.gov.uk")
    connection.putheader("X-Mail", "m1@example.gov.uk")
    connection.endheaders()

    assert connection.getresponse().status == 403
    connection.close()


def test_a_session_is_of_whom_the_proxy_says_today(proxied):
    browser = proxied.reader("M1")
    browser.get("/")
    browser.headers["X-Mail"] = "m2@example.gov.uk"
    token = browser.token()

    assert "Person M2" in words(browser.get("/"))
    assert browser.send("/sign-out", token=token).status_code == 403


def test_a_session_that_was_ended_is_left_behind_and_locks_nobody_out(proxied):
    browser, again = proxied.reader("M1"), proxied.reader("M1")
    browser.get("/")
    again.cookies.set("alerting", browser.cookies["alerting"], domain="127.0.0.1", path="/")
    browser.send("/sign-out")

    assert again.get("/").status_code == 403
    assert "Person M1" in words(again.get("/"))


def test_a_cookie_without_the_proxys_word_is_worth_nothing(proxied):
    browser = proxied.reader("M1")
    browser.get("/")
    browser.headers.clear()

    assert browser.get("/").status_code == 403


def test_nobody_asks_more_often_than_a_person_does(proxied, monkeypatch):
    monkeypatch.setattr("alerting.web.visits._GETS_A_MINUTE", 5)
    answers = [browser.get("/").status_code for browser in [proxied.reader("H1")] for _ in range(12)]

    assert answers[0] == 200
    assert 429 in answers
    assert proxied.reader("S1").get("/").status_code == 200


# ---------------------------------------------------------------- who somebody is

PAGE = Page.model_validate(
    {"url": "https://a.example.gov.uk", "sign_in": {"type": "proxy", "header": "X-Mail", "from": ["10.0.0.1"]}}
)


def roles(person: str, directory=DIRECTORY) -> set[str]:
    reader = find_reader(f"{person}@example.gov.uk", directory, (), PAGE)
    return {str(role) for role in reader.roles} if reader else set()


def test_roles_come_from_the_directory_of_the_day():
    assert roles("w1") == {"worker"}
    assert roles("m1") == {"worker", "team_manager"}
    assert roles("s1") == {"worker", "service_manager"}
    assert roles("h1") == {"worker", "head_of_service"}
    assert roles("p1") == {"worker", "performance"}
    assert roles("q1") == {"worker", "quality"}


def test_whoever_covers_has_the_role_for_as_long():
    from dataclasses import replace

    assert "team_manager" in roles(
        "w2", replace(DIRECTORY, cover={"M1": Cover(by="X1", until=None), "X1": Cover(by="W2", until=None)})
    )
    assert "team_manager" not in roles("w2")


def test_whoever_covers_for_somebody_who_has_left_since_answers_for_nothing_more():
    from dataclasses import replace

    covered = replace(DIRECTORY, cover={"M1": Cover(by="W2", until=None)})

    assert roles("w2", replace(covered, staff=without("M1"), former={"M1": STAFF["M1"]})) == {"worker"}


def test_somebody_who_left_is_nobody():
    from dataclasses import replace

    assert roles("m1", replace(DIRECTORY, staff=without("M1"), former={"M1": STAFF["M1"]})) == set()


def test_an_address_that_two_people_share_is_nobodys():
    from dataclasses import replace

    team = Person(id="Z1", name="Somebody Else", email="M1@example.gov.uk")
    twice = Person(id="Z2", name="person m1", email="m1@example.gov.uk")

    assert roles("m1", replace(DIRECTORY, staff=STAFF | {"Z1": team})) == set()
    assert "team_manager" in roles("m1", replace(DIRECTORY, staff=STAFF | {"Z2": twice}))


def test_an_administrator_needs_no_directory():
    reader = find_reader("A@example.gov.uk", None, [Administrator(name="A. Officer", address="a@example.gov.uk")], PAGE)

    assert reader is not None
    assert (reader.name, reader.roles, reader.ids) == ("A. Officer", {Role.administrator}, frozenset())
