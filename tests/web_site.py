"""A council's page that listens on this machine, and a browser that asks it: real HTTP, cookies and forms."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import requests

from alerting.app import build
from alerting.logs import Entry
from alerting.web.council import Council
from alerting.web.serving import listening
from tests.made_council import MONDAY
from tests.office import Office
from tests.servers import free_port

NOON = datetime(MONDAY.year, MONDAY.month, MONDAY.day, 12, tzinfo=UTC)
PROXY = {"type": "proxy", "header": "X-Mail", "from": ["127.0.0.1"]}


@dataclass(kw_only=True)
class Clock:
    """A clock that a test puts on."""

    moment: datetime = NOON

    def __call__(self) -> datetime:
        return self.moment

    def later(self, **by: float) -> None:
        self.moment += timedelta(**by)


@dataclass(kw_only=True)
class Browser:
    """Somebody's browser. headers: what it sends each time."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    page: requests.Response | None = None
    _http: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, **headers: str) -> requests.Response:
        self.page = self._http.get(self._at(path), headers=self.headers | headers, allow_redirects=False, timeout=30)
        return self.page

    def follow(self, path: str) -> requests.Response:
        """Ask for a page, and go where it leads as long as that is ours."""
        found = self.get(path)
        while found.is_redirect and (found.headers["location"].startswith("/") or found.headers["location"].startswith(self.url)):
            found = self.get(found.headers["location"])
        return found

    def send(self, path: str, *, headers: dict[str, str] | None = None, **fields: Any) -> requests.Response:
        """Send a form as the last page would: with its token."""
        given = {"token": self.token()} | fields
        self.page = self._http.post(
            self._at(path), data=given, headers=self.headers | (headers or {}), allow_redirects=False, timeout=30
        )
        return self.page

    def post_json(self, path: str, value: Any, **headers: str) -> requests.Response:
        """Send JSON as a program would."""
        self.page = self._http.post(self._at(path), json=value, headers=self.headers | headers, allow_redirects=False, timeout=30)
        return self.page

    def token(self) -> str:
        found = re.search(r'name="token" value="([0-9a-f]*)"', self.page.text if self.page is not None else "")
        return found[1] if found else ""

    @property
    def cookies(self) -> requests.cookies.RequestsCookieJar:
        return self._http.cookies

    def close(self) -> None:
        self._http.close()

    def _at(self, path: str) -> str:
        return path if path.startswith("http") else self.url + path


@dataclass(kw_only=True)
class Site:
    """A page that listens. logged: what it logged."""

    url: str
    office: Office
    council: Council
    clock: Clock
    logged: list[Entry]
    browsers: list[Browser] = field(default_factory=list)
    _moment: datetime = NOON

    @property
    def _store(self) -> Path:
        return self.office.folder / "alerting.db"

    @property
    def _kept(self) -> Path:
        return self.office.folder.with_name("remembered.db")

    @property
    def said(self) -> list[str]:
        """What it logged in words."""
        return [entry.says for entry in self.logged if entry.says]

    def browser(self, **headers: str) -> Browser:
        self.browsers.append(Browser(url=self.url, headers=headers))
        return self.browsers[-1]

    def remember(self) -> None:
        """Keep a copy of the store as it is now, and the moment, for `put_back`."""
        self.council.close()
        shutil.copy(self._store, self._kept)
        self._moment = self.clock.moment

    def put_back(self) -> None:
        """Let the store and the clock be as they were when remembered, for the next test: to begin an office anew takes longer."""
        self.council.close()
        for beside in ("-wal", "-shm"):
            self._store.with_name(f"{self._store.name}{beside}").unlink(missing_ok=True)
        shutil.copy(self._kept, self._store)
        self.clock.moment = self._moment

    def reader(self, person: str) -> Browser:
        """Return the browser of one of the made council's people, whom a proxy has signed in."""
        return self.browser(**{"X-Mail": f"{person.lower()}@example.gov.uk"})


@contextmanager
def shown(office: Office, *, prefix: str = "", sign_in: dict[str, Any] | None = None, **page: Any) -> Iterator[Site]:
    """Show an office's page."""
    port, clock, logged = free_port(), Clock(), list[Entry]()
    url = f"http://127.0.0.1:{port}{prefix}"
    office.settings |= {"page": {"url": url, "port": port, "sign_in": sign_in or PROXY} | page}
    config = office.council.configure(office.store_url, **office.settings)
    council = Council(config=config, build=lambda: build(config), clock=clock, log=logged.append)
    site = Site(url=url, office=office, council=council, clock=clock, logged=logged)
    try:
        with listening(council):
            yield site
    finally:
        for browser in site.browsers:
            browser.close()


def new_office(folder: Path) -> Office:
    """Return an office in a folder that is made for it."""
    (folder / "council").mkdir(exist_ok=True)
    return Office(folder / "council")


@contextmanager
def first_morning(folder: Path, **page: Any) -> Iterator[Site]:
    """Show the page of the made council on its first morning, after its run."""
    office = new_office(folder)
    office.begin(MONDAY)
    with shown(office, **page) as site:
        yield site


def words(page: requests.Response) -> str:
    """Return what a page says, without its markup."""
    text = re.sub(r"<(style|script).*?</\1>", " ", page.text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())
