"""What stands between here and a flow: proxies, certificates and pages that answer in its stead."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import trustme
from pytest_httpserver import HTTPServer
from werkzeug import Response

from alerting.errors import DeliveryError
from alerting.runs.heartbeat import Heartbeat
from tests.flows import PATH, SIGNATURE, address, answers, attempt, not_handed_over, receiver, say_nothing
from tests.messages import channel_message


@pytest.fixture
def flow(httpserver) -> HTTPServer:
    return httpserver


PAGE = "\ufeff\n<!DOCTYPE html><html><title>Access blocked</title><body>error</body></html>"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, PAGE),
        (202, PAGE),
        (403, PAGE),
        (404, PAGE),
        (302, ""),
        (307, PAGE),
        (407, ""),
        (407, PAGE),
        (511, PAGE),
        (200, "<p>" + "x" * 10**6),
    ],
)
def test_what_answers_between_here_and_the_flow_accepts_nothing_and_all_cards_wait(flow, status, body):
    answers(flow, Response(body, status=status, headers={"Location": "https://login.evil.example/"}))

    error = attempt(flow)

    # The sender's: one card waits, three in a row let the receiver rest, and administrators are told.
    assert (error.passing, error.ambiguous, error.about, len(flow.log)) == (True, False, "sender", 1)
    assert "something between here and the flow answered" in error.problem
    assert "network team" in error.remedy
    assert SIGNATURE not in f"{error}{error.remedy}"


# What keeps a card from leaving


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def safe_host(authority) -> Iterator[HTTPServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with HTTPServer(host="127.0.0.1", ssl_context=context) as server:
        server.expect_request(PATH).respond_with_response(Response(status=202))
        yield server


def safe_address(server: HTTPServer) -> str:
    return address(server).replace("http://", "https://")


def test_a_card_goes_over_tls_to_a_host_that_is_trusted(safe_host, authority, tmp_path, monkeypatch):
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    notifier = receiver(safe_address(safe_host))

    assert notifier.send(channel_message(), say_nothing) == "accepted 202"
    notifier.close()


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("REQUESTS_CA_BUNDLE", "nowhere/authority.pem", "the certificates to trust cannot be read"),
        ("CURL_CA_BUNDLE", "nowhere", "the certificates to trust cannot be read"),
        ("REQUESTS_CA_BUNDLE", "no.pem", "is not to be trusted"),
        ("SSL_CERT_FILE", "nowhere/authority.pem", "is not to be trusted"),
        ("HTTPS_PROXY", "nonsense", "the proxy cannot be used"),
        ("HTTPS_PROXY", "http://", "."),
        ("HTTPS_PROXY", "http://[::1", "."),
        ("HTTPS_PROXY", "ftp://127.0.0.1:1", "."),
        ("HTTPS_PROXY", "http://127.0.0.1:1", "the proxy cannot be used"),
        ("ALL_PROXY", "socks5://127.0.0.1:1", "."),
    ],
)  # fmt: skip
def test_whatever_the_environment_says_a_card_waits_for_its_line(safe_host, tmp_path, monkeypatch, variable, value, problem):
    (tmp_path / "no.pem").write_text("no certificate")
    monkeypatch.chdir(tmp_path)
    for other in (
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "SSL_CERT_FILE",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "NO_PROXY",
        "no_proxy",
    ):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(variable, value)
    notifier, posted = receiver(safe_address(safe_host)), len(safe_host.log)

    with pytest.raises(DeliveryError, match=problem) as caught:
        notifier.send(channel_message(), not_handed_over)
    [told] = notifier.reach()

    assert (caught.value.passing, caught.value.ambiguous, caught.value.about) == (True, False, "line")
    assert SIGNATURE not in f"{caught.value}{told}"
    assert len(safe_host.log) == posted
    assert len(Heartbeat(url=safe_address(safe_host), timeout_s=1).beat(datetime.now(UTC))) == 1


@pytest.mark.parametrize("page", [PAGE, "<html>", "  <!-- --><html>"])
def test_a_page_in_the_monitors_stead_is_no_sign_of_life(flow, page):
    flow.expect_request("/alive").respond_with_data(page, content_type="text/plain")

    [problem] = Heartbeat(url=flow.url_for("/alive")).beat(datetime.now(UTC))

    assert problem == "the heartbeat's address answered with a web page, as a proxy or a sign-in does, and no monitoring"
