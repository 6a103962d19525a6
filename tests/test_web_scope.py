"""Nobody sees a child outside their scope: every route as every role over a whole made-up council, against who may know, worked out here.

What is worked out here reads the council's own tables as text, and asks nothing of the router, the directory or the page.
"""

from __future__ import annotations

import csv
import re
import sqlite3
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path

import pytest
import yaml

from alerting.app import App, build
from alerting.authoring import drafting
from alerting.casedata.directory import Restriction
from alerting.sources.demo.export import export
from alerting.sources.demo.source import Source
from alerting.store import newest_directory, rule_drafts
from alerting.web.application import make_application
from alerting.web.readers import find_reader, read_directory_of_the_day
from alerting.web.scope import make_scope
from alerting.web.serving import listening
from tests.made_council import somebody
from tests.servers import free_port
from tests.web_site import PROXY, Browser, Clock, Council, words

pytestmark = pytest.mark.slow
DAY = date(2026, 3, 2)
API_LISTS = ("/api/v1/alerts?whose=all&limit=500", "/api/v1/alerts?show=done&whose=all&limit=500")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RULES = Path(__file__).parent.parent / "rules"
SERVICE_ROLES = {"quality": "quality_assurance", "commissioning": "commissioning", "performance": "performance"}


@dataclass(frozen=True)
class Seen:
    """An alert as its row in the store has it."""

    ref: str
    rule: str
    person: str | None
    team: str | None
    service: str | None
    worker: str | None
    adviser: str | None
    subject: str
    also: frozenset[str]


class Paper:
    """Who may know of what, by the tables as they are written."""

    def __init__(self, folder: Path, store: Path) -> None:
        self.tables = {path.stem: self._rows(path) for path in folder.glob("ext_*.csv")}
        self.rules = {
            rule["id"]: rule
            for path in RULES.rglob("*.yaml")
            if (rule := yaml.safe_load(path.read_text("utf-8"))) and "id" in rule
        }
        with sqlite3.connect(store) as database:
            rows = database.execute(
                "SELECT ref, rule, person, team, service, worker, adviser, subject, also FROM alert WHERE condition <> 'pending'"
            ).fetchall()
        database.close()
        self.alerts = [Seen(*row[:8], frozenset(row[8].split())) for row in rows]
        self.staff = {
            row["worker_id"]: row["email"].strip().lower()
            for row in self.tables["ext_staff"]
            if self._now(row, "starts_on", "ends_on")
        }
        self.covers: defaultdict[str, set[str]] = defaultdict(set)
        for row in self.tables["ext_cover"]:
            if self._now(row, "from_date", "to_date"):
                self.covers[row["staff_id"]].add(row["covered_by"])
        self.restricted: dict[str, set[str]] = {}
        for row in self.tables["ext_restricted"]:
            limited = row["level"].strip().lower() == "limited"
            allowed = {one.strip() for one in row["allowed_recipients"].split(";")} if limited else set()
            self.restricted[row["person_id"]] = self.restricted.get(row["person_id"], allowed) & allowed

    @staticmethod
    def _rows(path: Path) -> list[dict[str, str]]:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    @staticmethod
    def _now(row: dict[str, str], begins: str, ends: str) -> bool:
        return (not row.get(begins) or row[begins] <= DAY.isoformat()) and (not row.get(ends) or row[ends] >= DAY.isoformat())

    def may_know(self, alert: Seen) -> set[str]:
        """Return everybody who may know of an alert, by address: more may not."""
        rule = self.rules.get(alert.rule, {})
        roles = {role for told in rule.get("notify", {}).values() for role in told} | {
            step["to"] for step in rule.get("escalate", [])
        }
        roles |= set(alert.also)
        own = [team for team in self.tables["ext_team"] if team["team_id"] == alert.team]
        own = own or [team for team in self.tables["ext_team"] if alert.service and team["service"] == alert.service]
        found = {alert.worker, alert.adviser}
        performance = [team for team in self.tables["ext_team"] if team["service"] == "performance"]
        for team in own or performance:
            found |= {team["manager_id"], team["service_manager_id"], team["head_of_service_id"]}
        # The performance team is told where nobody else can be.
        for role in roles | {"performance"}:
            found |= {team["manager_id"] for team in self.tables["ext_team"] if team["service"] == SERVICE_ROLES.get(role)}
        for _ in range(6):
            found |= {cover for one in found for cover in self.covers.get(one or "", ())}
        if alert.person in self.restricted:
            # Whoever it names may know, whoever covers for them only where it names them too.
            found = self.restricted[alert.person] & (found | self.restricted[alert.person])
        return {self.staff[one] for one in found if one in self.staff}


def restrict_some(app: App, paper: Paper) -> None:
    """Put some children of whom there are alerts on the list of the day: two sealed, the others known to two people far away each."""
    children = sorted({alert.person for alert in paper.alerts if alert.person} - paper.restricted.keys())[::5]
    staff = sorted(paper.staff)
    more = {child: {staff[number % len(staff)], staff[-1 - number % len(staff)]} for number, child in enumerate(children)}
    more |= {child: set() for child in children[:2]}
    paper.restricted |= more
    store = app.store()
    with store.transaction() as connection:
        newest = newest_directory.read(connection)
        assert newest is not None
        listed = {child: Restriction(allowed=frozenset(allowed)) for child, allowed in more.items()}
        directory = replace(newest.directory, restricted={**(newest.directory.restricted or {}), **listed})
        newest_directory.keep(connection, newest.since, directory, NOON)
    store.close()


def begin_draft(app: App) -> None:
    """Keep a draft of a rule that is the council's own."""
    begun, store = drafting.begin(app, "CP-03", beside=False, title=None), app.store()
    with store.transaction() as connection:
        rule_drafts.begin(connection, begun.rule, begun.text, begun.based_on, somebody("P1"), NOON)
    store.close()


def every_path(page: Council, examples: dict[str, list[str]]) -> list[str]:
    """Return every path that can be asked for: what stands in braces in a route is each of its examples, and each needs some."""
    found = []
    for route in make_application(page).app.routes:
        names = re.findall(r"{(\w+)}", route.path)
        if "GET" in route.methods:
            assert set(names) <= examples.keys(), f"give an example of what {route.path} is asked with"
            found += [route.path.format(**dict(zip(names, each, strict=True))) for each in product(*map(examples.get, names))]
    return found


@pytest.fixture(scope="module")
def council(tmp_path_factory):
    """The page of a whole made-up council after a morning, and who may know of what in it."""
    folder = tmp_path_factory.mktemp("council")
    port = free_port()
    settings = {
        "council": {"name": "Exampleshire", "administrators": ["admin@example.gov.uk"], "domain": "alerts.example.gov.uk"},
        "store": "sqlite:///alerting.db",
        "go_live": "full",
        "source": {"type": "demo", "children": 800, "seed": 11, "start": DAY},
        "keep": {"days": 0},
        "receivers": {"outbox": {"type": "folder", "path": "outbox"}},
        "page": {
            "url": f"http://127.0.0.1:{port}",
            "port": port,
            "sign_in": PROXY,
            "drafts": True,
            "directors": ["director@example.gov.uk"],
        },
    }
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(settings), "utf-8")
    app = build(config)
    store = app.store()
    app.pipeline(store).run("daily", DAY, lambda: NOON)
    store.close()
    export(Source(children=800, seed=11, start=DAY), DAY, folder / "tables", "csv", date_style="iso", encoding="utf-8")
    paper = Paper(folder / "tables", folder / "alerting.db")
    restrict_some(app, paper)
    begin_draft(app)
    page = Council(config=config, build=lambda: build(config), clock=Clock(moment=NOON), log=lambda _: None)
    with listening(page):
        yield page, paper, f"http://127.0.0.1:{port}"


def test_the_council_has_what_makes_it_worth_looking(council):
    _, paper, _ = council

    assert len(paper.alerts) > 90
    assert len({alert.person for alert in paper.alerts} & set(paper.restricted)) >= 5
    assert paper.covers
    sizes = [len(paper.may_know(alert)) for alert in paper.alerts]
    assert max(sizes) < len(paper.staff) / 2


def test_of_every_alert_everybody_sees_no_more_than_they_may_know(council):
    page, paper, _ = council
    app, allowed = page.app(), {alert.ref: paper.may_know(alert) for alert in paper.alerts}
    outside, inside = [], 0
    with page.reading() as connection:
        directory = read_directory_of_the_day(connection, DAY)
        routes = app.policy().routes
        for address in sorted(set(paper.staff.values())):
            reader = find_reader(address, directory, (), page.page)
            if reader is None:
                continue
            scope = make_scope(reader, directory, routes, page.store(), connection)
            seen = {alert.ref for alert in (*scope.every_open(), *scope.told(), *scope.ended(DAY))}
            seen |= {alert.ref for alert in paper.alerts if scope.find(alert.ref)} if reader.manages else set()
            outside += [(address, ref) for ref in seen if address not in allowed[ref]]
            inside += len(seen)

    assert outside == []
    assert inside > 300


def test_what_many_alerts_share_is_worked_out_once_and_is_the_same_for_each(council):
    page, paper, _ = council
    app = page.app()
    with page.reading() as connection:
        directory = read_directory_of_the_day(connection, DAY)
        for worker in sorted(paper.staff)[::7]:
            reader = find_reader(paper.staff[worker], directory, (), page.page)
            if reader is None:
                continue
            scope = make_scope(reader, directory, app.policy().routes, page.store(), connection)
            for alert in page.store().alerts(within=connection):
                if alert.condition != "pending":
                    assert scope._covers(alert) is not reader.ids.isdisjoint(scope.router.readers(alert))


def explain_some(browser: Browser, paper: Paper, role: str, address: str, refs: list[str]) -> None:
    """Ask as a role why there are alerts: one that is on its pages, and all that are not; and of subjects, where there is a form for it."""
    about = {alert.ref: alert for alert in paper.alerts}
    mine = [ref for ref in refs if browser.get(f"/a/{ref}").status_code == 200]
    browser.follow("/")
    token = browser.token()
    # All the case data is read for each that is answered.
    for ref in [*(mine[:1] if role in ("worker", "performance") else ()), *(ref for ref in refs if ref not in mine)]:
        answer = browser.send(f"/a/{ref}/explain", token=token)
        assert answer.status_code in ((200,) if ref in mine and about[ref].person not in paper.restricted else (403, 404)), (
            role,
            ref,
        )
    other = next(alert for alert in paper.alerts if alert.rule == "cp-visit-overdue" and address not in paper.may_know(alert))
    if browser.get("/service/rules/CP-03").status_code == 200:
        subject = other.subject if role == "performance" else other.ref
        assert browser.send("/service/rules/CP-03/explain", subject=subject, token=token).status_code == 404, role


def test_every_page_as_every_role_names_no_child_outside(council):
    page, paper, url = council
    by_role: dict[str, str] = {}
    with page.reading() as connection:
        directory = read_directory_of_the_day(connection, DAY)
    for address in sorted(set(paper.staff.values())):
        reader = find_reader(address, directory, (), page.page)
        for role in reader.roles if reader else ():
            by_role.setdefault(str(role), address)
    by_role |= {
        "administrator": "admin@example.gov.uk",
        "director": "director@example.gov.uk",
        "nobody": "stranger@example.gov.uk",
    }
    assert {"worker", "team_manager", "service_manager", "head_of_service", "quality", "performance"} <= by_role.keys()
    children = {alert.person for alert in paper.alerts if alert.person}
    admin = Browser(url=url, headers={"X-Mail": "admin@example.gov.uk"})
    admin.get("/service/people")
    assert admin.send("/service/people/look").status_code == 303, "there would be nothing to be found on some pages"
    admin.close()
    refs = sorted(alert.ref for alert in paper.alerts)[::9]
    about = {alert.ref: alert for alert in paper.alerts}
    # Each alert is asked for below; here it is one that few may know of.
    examples = {"ref": refs[:1], "run": ["1"], "code": ["CP-03", "WF-08"], "draft": ["1"]}
    for role, address in by_role.items():
        known = {alert.person for alert in paper.alerts if address in paper.may_know(alert)}
        browser = Browser(url=url, headers={"X-Mail": address})
        for path in (*every_path(page, examples), "/?whose=all", "/?show=done&whose=all", "/nowhere", *API_LISTS):
            named = set(re.findall(r"\w[\w-]{3,}", words(browser.follow(path)))) & children
            assert named <= known, (role, path)
        browser.follow("/")
        table = browser.send("/list.csv", whose="all").text
        assert set(re.findall(r"\w[\w-]{3,}", table)) & children <= known, role
        token = {"X-Form-Token": browser.get("/api/v1/me").json().get("token", "")}
        for number, ref in enumerate(refs):
            answers = [browser.get(f"/a/{ref}")]
            if number % 4 == 0:  # programs come in by the same door, to the same function
                answers.append(browser.get(f"/api/v1/alerts/{ref}"))
                answers.append(browser.post_json(f"/api/v1/alerts/{ref}/acts/recorded", {"stand": ""}, **token))
            if address not in paper.may_know(about[ref]):
                for answer in answers:
                    assert answer.status_code in (403, 404), (role, ref)
                    assert not set(re.findall(r"\w[\w-]{3,}", words(answer))) & (children - known), (role, ref)
        explain_some(browser, paper, role, address, refs)
        several = words(browser.get("/several?act=acknowledge&" + "&".join(f"ref={ref}" for ref in refs[:50])))
        assert set(re.findall(r"\w[\w-]{3,}", several)) & children <= known, role
        browser.close()
