"""Two instances on one PostgreSQL behind one address behave as one, and go on when the store that was away is back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from alerting.app import build
from alerting.errors import StoreError
from alerting.logs import Entry, Event
from alerting.service import Service
from alerting.web.council import Council
from alerting.web.serving import listening
from tests.made_council import MONDAY
from tests.office import Office
from tests.postgres import AVAILABLE, Server, start_server
from tests.servers import closed_port, free_port
from tests.web_site import NOON, PROXY, Browser, Clock, words

pytestmark = [
    pytest.mark.slow,
    pytest.mark.postgres,
    pytest.mark.skipif(not AVAILABLE, reason="there is no PostgreSQL on this machine"),
]
FRONT = "127.0.0.1:8620"
"""The one address at which people open the page."""
TOKEN = "a-token-made-by-chance-0123456789abcdef"
NEVER = {"daily": {"at": "07:00", "on": []}, "weekly": {"at": "07:30", "on": []}, "monthly": {"at": "07:45", "on": []}}
EVERY_DAY = {"daily": {"at": "00:00", "cut_off": "23:59", "on": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}}
SECRET = "the-same-secret-on-every-machine-0123456789"


@dataclass(kw_only=True)
class Instances:
    """Two pages of one store."""

    server: Server
    office: Office
    configs: list[Path]
    urls: list[str]
    clock: Clock
    logged: list[Entry] = field(default_factory=list)

    def reader(self, person: str) -> Browser:
        """Return a browser whose requests go to whichever instance a test says."""
        return Browser(url=self.urls[0], headers={"Host": FRONT, "X-Mail": f"{person.lower()}@example.gov.uk"})


def at(browser: Browser, url: str) -> Browser:
    """Return the same browser, its cookies kept, with its next request at another instance."""
    browser.url = url
    return browser


@pytest.fixture(scope="module")
def instances(tmp_path_factory) -> Iterator[Instances]:
    with pytest.MonkeyPatch.context() as patch, start_server() as server, ExitStack() as open_:
        patch.setenv("PAGE_SECRET", SECRET)
        patch.setenv("MACHINE_TOKEN", TOKEN)
        office = Office(tmp_path_factory.mktemp("instances"), server.url)
        office.run(MONDAY)
        made = Instances(server=server, office=office, configs=[], urls=[], clock=Clock(moment=NOON))
        for name in ("first", "second"):
            port = free_port()
            page = {"url": f"http://{FRONT}", "port": port, "sign_in": PROXY, "secret": "${env:PAGE_SECRET}", "token": "${env:MACHINE_TOKEN}"}  # fmt: skip
            text = office.council.configure(server.url, page=page, jobs=NEVER).read_text("utf-8")
            config = office.folder / f"{name}.yaml"
            config.write_text(text, "utf-8")
            council = Council(config=config, build=lambda config=config: build(config), clock=made.clock, log=made.logged.append)
            open_.enter_context(listening(council))
            made.configs.append(config)
            made.urls.append(f"http://127.0.0.1:{port}")
        yield made


def the_visit(reader: Browser) -> str:
    [ref] = [one["ref"] for one in reader.get("/api/v1/alerts?rule=CP-03").json()["alerts"]]
    return f"/a/{ref}"


def test_a_session_and_its_forms_hold_at_either_and_what_is_done_at_one_is_seen_at_the_other(instances):
    one, other = instances.urls
    reader = instances.reader("M1")
    path = the_visit(reader)
    page = reader.get(path)
    kept = reader.cookies.get("alerting")
    stand = page.text.partition('name="stand" value="')[2].partition('"')[0]

    done = at(reader, other).send(f"{path}/recorded", stand=stand, note="seen on Friday")
    assert done.status_code == 303
    assert "seen on Friday" in words(at(reader, one).get(path))
    assert reader.cookies.get("alerting") == kept

    again = at(reader, one).send(f"{path}/recorded", stand=stand, note="once more")
    assert again.status_code == 409
    assert "once more" not in words(at(reader, other).get(path))


def test_what_two_send_at_once_each_at_another_instance_is_done_once(instances):
    readers = [at(instances.reader("M1"), url) for url in instances.urls]
    path = the_visit(readers[0])
    stands = {reader.get(path).text.partition('name="stand" value="')[2].partition('"')[0] for reader in readers}
    [stand] = stands
    answers: list[int] = []

    def send(reader: Browser) -> None:
        answers.append(reader.send(f"{path}/acknowledge", stand=stand).status_code)

    threads = [threading.Thread(target=send, args=(reader,)) for reader in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [303, 409]


def test_who_signs_out_at_one_is_signed_out_at_the_other(instances):
    one, other = instances.urls
    reader = instances.reader("M2")
    reader.get("/")
    cookies, token = dict(reader.cookies), reader.token()
    assert at(reader, other).send("/sign-out").status_code == 200

    for url in (one, other):
        copy = at(instances.reader("M2"), url)
        copy.cookies.update(cookies)
        answer = copy.send("/a/A-1/recorded", token=token)
        assert (answer.status_code, "You are not signed in" in words(answer)) == (403, True)


def test_both_count_the_same(instances):
    def counted(url: str) -> list[str]:
        machine = Browser(url=url, headers={"Authorization": f"Bearer {TOKEN}"})
        return sorted(machine.get("/metrics").text.splitlines())

    assert 'alerting_runs{job="daily",status="done"} 1.0' in counted(instances.urls[0])
    assert counted(instances.urls[0]) == counted(instances.urls[1])


@contextmanager
def serving(instances: Instances) -> Iterator[tuple[Service, list[Entry]]]:
    """Let a service go on beside the pages, which a test wakes."""
    logged, stop = list[Entry](), threading.Event()
    config = instances.configs[0]
    service = Service(config=config, build=lambda: build(config), clock=lambda: datetime.now(UTC), log=logged.append)
    thread = threading.Thread(target=service.run, args=(stop.is_set,))
    thread.start()
    try:
        yield service, logged
    finally:
        stop.set()
        service.ring()
        thread.join(60)
        assert not thread.is_alive()


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_a_store_that_is_away_gives_a_plain_page_and_the_service_goes_on_when_it_is_back(instances):
    reader = instances.reader("M1")
    assert reader.get("/").status_code == 200
    with serving(instances) as (service, logged):
        until(lambda: any(entry.event is Event.started for entry in logged))
        instances.server.stop()
        for url in instances.urls:
            page = at(reader, url).get("/")
            assert (page.status_code, "Alerts cannot be shown just now" in words(page)) == (503, True)
            assert "postgres" not in page.text.lower()
            assert reader.get("/api/v1/alerts").json()["status"] == 503
            assert (reader.get("/readyz").text, reader.get("/healthz").text) == ("the store cannot be reached\n", "alive\n")
        service.ring()
        until(lambda: any(entry.event is Event.work_failed for entry in logged))

        # The daily run is due by the time the store is back.
        today = datetime.now(ZoneInfo("Europe/London")).date()
        settings = yaml.safe_load(instances.configs[0].read_text("utf-8"))
        settings["jobs"] |= EVERY_DAY
        instances.configs[0].write_text(yaml.safe_dump(settings), "utf-8")
        instances.server.start()
        service.ring()
        until(lambda: any(entry.event is Event.run_ended for entry in logged))
    [ended] = [entry for entry in logged if entry.event is Event.run_ended]

    assert (ended.job, ended.as_of) == ("daily", today)
    assert [at(reader, url).get("/").status_code for url in instances.urls] == [200, 200]
    assert {entry.event for entry in instances.logged} >= {Event.store_away, Event.page_request}


def test_a_service_that_starts_while_the_store_is_away_begins_when_it_is_back(instances):
    instances.server.stop()
    with serving(instances) as (service, logged):
        until(lambda: bool(logged))
        assert [(entry.event, entry.error) for entry in logged] == [(Event.work_failed, "StoreAwayError")]
        instances.server.start()
        service.ring()
        until(lambda: any(entry.event is Event.started for entry in logged))


def test_an_address_of_the_store_that_is_put_right_meanwhile_is_taken(instances):
    config = instances.configs[0]
    right = config.read_text("utf-8")
    settings = yaml.safe_load(right)
    config.write_text(
        yaml.safe_dump(settings | {"store": f"postgresql+psycopg://nobody@127.0.0.1:{closed_port()}/alerts"}), "utf-8"
    )
    with serving(instances) as (service, logged):
        until(lambda: bool(logged))
        config.write_text(right, "utf-8")
        service.ring()
        until(lambda: any(entry.event is Event.started for entry in logged))


def test_with_once_a_store_that_is_away_is_a_fault(instances):
    instances.server.stop()
    config = instances.configs[0]
    service = Service(config=config, build=lambda: build(config), clock=lambda: datetime.now(UTC), log=instances.logged.append)
    try:
        with pytest.raises(StoreError, match="the store cannot be used"):
            service.run(lambda: False, once=True)
    finally:
        instances.server.start()


def test_an_instance_that_begins_anew_loses_no_session(instances):
    reader = at(instances.reader("M1"), instances.urls[1])
    reader.get("/")
    kept, port = reader.cookies.get("alerting"), free_port()
    settings = yaml.safe_load(instances.configs[1].read_text("utf-8"))
    settings["page"]["port"] = port
    config = instances.office.folder / "anew.yaml"
    config.write_text(yaml.safe_dump(settings), "utf-8")
    with listening(Council(config=config, build=lambda: build(config), clock=instances.clock, log=instances.logged.append)):
        page = at(reader, f"http://127.0.0.1:{port}").get("/")

        assert (page.status_code, reader.cookies.get("alerting")) == (200, kept)
        assert reader.send("/sign-out").status_code == 200
