"""What stands before every page: hosts, sizes, what a browser is told, and what a reader is shown when something is wrong."""

from __future__ import annotations

import re
import socket
import threading
import time
from pathlib import Path

import pytest
import requests

from alerting.errors import ConfigError
from alerting.web import guard
from alerting.web.serving import listening
from tests.made_council import MONDAY
from tests.web_site import Site, first_morning, new_office, shown, words


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with first_morning(tmp_path_factory.mktemp("page")) as made:
        yield made


def raw(site: Site, text: bytes) -> bytes:
    """Return the answer to bytes that no browser would send."""
    port = int(site.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(text)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


def test_it_listens_on_this_machine_alone_unless_told(site):
    assert site.council.page.host == "127.0.0.1"


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/metrics", "/page.css", "/nowhere", "/sign-in"])
def test_every_answer_tells_the_browser_to_run_and_fetch_nothing_from_elsewhere(site, path):
    said = site.reader("M1").get(path).headers

    assert "default-src 'none'" in said["content-security-policy"]
    assert "frame-ancestors 'none'" in said["content-security-policy"]
    assert "script" not in said["content-security-policy"]
    assert said["x-frame-options"] == "DENY"
    assert said["referrer-policy"] == "same-origin"
    assert said["x-content-type-options"] == "nosniff"
    assert "server" not in said


def test_a_page_of_somebody_is_kept_by_no_browser_and_no_proxy(site):
    assert site.reader("M1").get("/").headers["cache-control"] == "no-store"


def test_no_page_names_a_script_a_style_of_its_own_or_anything_of_another_place(site):
    for page in (site.reader("M1").get("/"), site.browser().get("/nowhere")):
        assert "<script" not in page.text
        assert " style=" not in page.text
        assert " on" not in "".join(part.split(">")[0] for part in page.text.split("<")[1:] if " on" in part.split(">")[0])
        assert "//" not in page.text.replace("<!DOCTYPE html>", "")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "", "localhost.evil.example"])
def test_another_host_is_answered_nothing(site, host):
    assert site.reader("M1").get("/", Host=host).status_code == 400


def test_a_request_of_two_hosts_is_answered_nothing(site):
    here = site.url.removeprefix("http://").encode()

    assert raw(site, b"GET / HTTP/1.1\r\nHost: " + here + b"\r\nHost: evil\r\nConnection: close\r\n\r\n").startswith(
        b"HTTP/1.1 400"
    )


@pytest.mark.parametrize("method", ["PUT", "DELETE", "TRACE", "OPTIONS", "PATCH"])
def test_no_other_method_is_taken(site, method):
    answer = requests.request(method, f"{site.url}/", headers={"X-Mail": "m1@example.gov.uk"}, timeout=20)

    assert answer.status_code == 405


def test_a_form_that_is_too_long_is_not_read(site):
    m1 = site.reader("M1")
    m1.get("/")

    assert m1.send("/sign-out", note="x" * (guard.LARGEST_BODY + 1)).status_code == 413


def test_nor_is_one_that_does_not_say_how_long_it_is(site):
    host = site.url.removeprefix("http://").encode()
    part = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    head = b"POST /sign-out HTTP/1.1\r\nHost: " + host + b"\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"

    assert raw(site, head + part * 3 + b"0\r\n\r\n").startswith(b"HTTP/1.1 413")


def test_a_slow_sender_is_not_waited_for(site, monkeypatch):
    monkeypatch.setattr(guard, "_BODY_WITHIN_S", 0.3)
    host = site.url.removeprefix("http://").encode()
    head = b"POST /sign-out HTTP/1.1\r\nHost: " + host + b"\r\nContent-Length: 100\r\nConnection: close\r\n\r\n"

    assert raw(site, head + b"token=").startswith(b"HTTP/1.1 408")


def test_headers_without_end_are_not_read(site):
    host = site.url.removeprefix("http://").encode()

    head = b"GET /healthz HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\nX: "

    assert raw(site, head + b"y" * 40_000 + b"\r\n\r\n").startswith(b"HTTP/1.1 4")


def test_it_is_alive_and_ready_and_says_nothing_of_a_case(site):
    browser = site.browser()

    assert browser.get("/healthz").text == "alive\n"
    assert (browser.get("/readyz").status_code, browser.page.text) == (200, "ready\n")


def test_it_is_not_ready_when_the_morning_passed_without_a_run(tmp_path):
    with first_morning(tmp_path) as site:
        site.clock.later(days=1, hours=-4)  # Tuesday at eight: the run may be going on
        assert site.browser().get("/readyz").status_code == 200

        site.clock.later(hours=2)
        answer = site.browser().get("/readyz")
        assert answer.status_code == 503
        assert answer.text == "the last daily run is of 2026-03-02, and there should be one of 2026-03-03\n"


def test_before_the_first_run_it_is_not_ready_and_knows_nobody(tmp_path):
    office = new_office(tmp_path)
    office.council.write()
    with shown(office) as site:
        assert site.browser().get("/readyz").text == "no daily run has ended yet\n"
        assert site.reader("M1").get("/").status_code == 403
        assert site.browser(**{"X-Mail": "admin@example.gov.uk"}).get("/").status_code in (200, 303)


def test_a_store_that_is_away_gives_a_plain_page_until_it_is_back(tmp_path):
    with first_morning(tmp_path) as site:
        m1, file = site.reader("M1"), site.office.folder / "alerting.db"
        assert m1.get("/").status_code == 200
        site.council.close()
        away = file.rename(file.with_suffix(".away"))
        for beside in ("-wal", "-shm"):
            Path(f"{file}{beside}").unlink(missing_ok=True)
        file.mkdir()

        answer = m1.get("/")
        assert answer.status_code == 503
        assert "Alerts cannot be shown just now" in words(answer)
        assert "sqlite" not in answer.text.lower()
        assert str(file) not in answer.text
        assert site.browser().get("/readyz").text == "the store cannot be reached\n"
        assert site.browser().get("/healthz").status_code == 200

        file.rmdir()
        away.rename(file)
        assert m1.get("/").status_code == 200


def test_an_error_of_ours_shows_a_reader_nothing_and_the_log_no_words_of_it(tmp_path, monkeypatch):
    with first_morning(tmp_path) as site:
        monkeypatch.setattr("alerting.web.pages.style", lambda _: 1 / 0)
        answer = site.browser().get("/page.css")

        assert answer.status_code == 500
        assert "Something went wrong" in words(answer)
        assert "ZeroDivision" not in answer.text
        ends = time.monotonic() + 10
        while not site.said and time.monotonic() < ends:  # the log is written once the reader has their answer
            time.sleep(0.02)
        [said] = site.said
        assert re.fullmatch(r"page: an answer failed: ZeroDivisionError in alerting\.web\.application, line \d+", said)


def test_behind_a_prefix_links_and_cookies_stay_under_it_whether_the_proxy_keeps_it_or_not(tmp_path):
    with first_morning(tmp_path, prefix="/alerts") as site:
        m1 = site.reader("M1")
        kept = m1.get("/")
        root = site.url.removesuffix("/alerts")
        taken_off = m1.get(f"{root}/")

        assert kept.status_code == taken_off.status_code == 200
        assert 'href="/alerts/page.css"' in kept.text
        assert "Path=/alerts/;" in site.reader("M1").get("/").headers["set-cookie"]
        # The cookie is not sent to `/alerts` itself, the address that people are given.
        assert m1.get(site.url).headers["location"] == "/alerts/"


def test_a_port_that_is_taken_is_said_at_once(tmp_path):
    with first_morning(tmp_path) as site, pytest.raises(ConfigError, match="cannot listen"), listening(site.council):
        pass


def test_the_page_ends_with_its_thread(tmp_path):
    with first_morning(tmp_path) as site:
        assert site.browser().get("/healthz").status_code == 200
        assert "page" in {thread.name for thread in threading.enumerate()}
        url = site.url
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/healthz", timeout=5)


def test_a_later_page_is_ready_on_the_same_morning(tmp_path):
    office = new_office(tmp_path)
    office.begin(MONDAY)
    for _ in range(2):
        with shown(office) as site:
            assert site.browser().get("/readyz").status_code == 200
