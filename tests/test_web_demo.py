"""The made-up council's page, at which one looks as anybody of it: and nowhere but there, and on this machine."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from alerting.app import build
from alerting.commands import cli
from alerting.web.council import Council
from alerting.web.serving import listening
from tests.servers import free_port
from tests.web_site import Browser, words

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Where the page of a made-up council listens, its service, and what its demo said."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    made = CliRunner().invoke(cli, ["demo", "--dir", str(folder), "--children", "200", "--days", "1"])
    assert made.exit_code == 0, made.output
    port, config = free_port(), folder / "config.yaml"
    config.write_text(config.read_text("utf-8").replace("8620", str(port)), "utf-8")
    council = Council(config=config, build=lambda: build(config), clock=lambda: datetime.now(UTC), log=lambda _: None)
    with listening(council):
        yield f"http://127.0.0.1:{port}", council, made.output


@pytest.fixture
def browser(demo):
    made = Browser(url=demo[0])
    yield made
    made.close()


def people(browser: Browser) -> dict[str, str]:
    """Return whom one can look as: what they are, by address."""
    page = browser.follow("/").text
    return dict(re.findall(r'<option value="([^"]+@[^"]+)">([^<]+)</option>', page))


def test_the_demo_ends_with_how_to_look_at_the_page(demo):
    assert "serve --web-only` shows the page" in demo[2]


def test_the_pages_about_the_service_have_something_to_show_before_anybody_looks(browser):
    browser.follow("/")
    browser.send("/look-as", person="alerts-admin@example.gov.uk")

    assert "As it was on 2 March 2026 at 07:00." in words(browser.follow("/service/people"))
    assert "ssd_cp_plans" in words(browser.follow("/service/sources"))
    assert "open actions" in words(browser.follow("/service/plan"))


def test_one_looks_as_a_manager_and_then_as_somebody_else(browser):
    managers = [address for address, said in people(browser).items() if "team manager" in said]
    browser.send("/look-as", person=managers[0])
    assert "My list" in words(browser.follow("/"))

    browser.send("/sign-out")
    browser.follow("/sign-in")
    browser.send("/look-as", person="alerts-admin@example.gov.uk")
    assert "The service" in words(browser.follow("/"))


def test_the_day_is_the_one_that_was_run_last(demo, browser):
    managers = [address for address, said in people(browser).items() if "team manager" in said]
    browser.send("/look-as", person=managers[0])

    assert demo[1].today().isoformat() == "2026-03-02"
    assert "By the run of 2 March 2026." in words(browser.follow("/"))


def test_who_is_nobody_of_the_council_is_nobody(browser):
    browser.follow("/sign-in")
    browser.send("/look-as", person="stranger@example.gov.uk")

    assert browser.follow("/").status_code == 403


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_another_page_has_nobody_look_as_anybody(browser, headers):
    person = next(iter(people(browser)))

    assert browser.send("/look-as", headers=headers, person=person).status_code == 403
    assert "alerting" not in browser.cookies


def test_messages_lead_to_the_page(demo):
    url, council, _ = demo

    assert council.app().words()._page_url == url
    assert "http://127.0.0.1:8620" in "".join(
        path.read_text("utf-8") for path in (council.config.parent / "outbox").rglob("*.html")
    )
