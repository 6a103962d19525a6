"""Half a load resolves nothing and tells nobody: whatever part of whatever table is missing, and however the run is done again.

The made council of the demonstration, on two days. On the second, rows of one table are gone that are there in truth. An alert
that ends then, or begins, and would not have had they been there, has ended or begun because of it; and whoever is told of one that they
are told of on neither day in truth is told because of it.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from alerting.app import build
from alerting.casedata import snapshot
from alerting.casedata.catalogue import TABLES
from alerting.casedata.snapshot import Snapshot, Wanted
from alerting.commands import cli
from alerting.model import About, Condition
from alerting.notifications.content import DigestContent
from alerting.notifications.report import Report
from alerting.sources.demo.source import Source
from tests.made_council import MONDAY
from tests.office import Office, rule_row

pytestmark = pytest.mark.slow

CHILDREN = 100
TUESDAY = MONDAY + timedelta(days=1)
OPEN_ONLY = ["ssd_cp_plans", "ssd_cin_episodes", "ssd_involvements"]
Rows = dict[str, list[str | None]]


@cache
def council(day: date) -> dict[str, Rows]:
    """Return a council in its fifth week, with every third record sealed, so that a list that is half there would tell of somebody."""
    tables = Source(children=CHILDREN, start=MONDAY - timedelta(days=28)).tables(day)
    listed, loads = tables["ext_restricted"], tables["ext_load"]
    more = [person for person in tables["ssd_person"]["pers_person_id"][::3] if person not in listed["person_id"]]
    columns = {"person_id": more, "level": ["sealed"] * len(more)}
    tables["ext_restricted"] = {name: [*cells, *columns.get(name, [None] * len(more))] for name, cells in listed.items()}
    stated = zip(loads["table_name"], loads["row_count"], strict=True)
    count = str(len(listed["person_id"]) + len(more))
    tables["ext_load"] = loads | {"row_count": [count if name == "ext_restricted" else rows for name, rows in stated]}
    return tables


@dataclass
class Extract(snapshot.Source):
    """The council's tables with some rows of one table left out; stated: whether the source says how many there should be."""

    day: date
    table: str = ""
    keep: Callable[[int], bool] = lambda _: True
    stated: bool = True

    def read(self, wanted: Wanted, into: Snapshot) -> None:
        for name, columns in wanted.items():
            if name == "ext_load" and not self.stated:
                continue
            rows = council(self.day)[name]
            kept = [number for number in range(len(next(iter(rows.values())))) if name != self.table or self.keep(number)]
            into.fill(name, sorted(columns), [[rows[column][number] for number in kept] for column in sorted(columns)])


def size(table: str) -> int:
    return len(next(iter(council(TUESDAY)[table].values())))


class Service:
    """A service on the council's data, with what it knew on Monday."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        config = {
            "council": {"name": "Exampleshire"},
            "go_live": "full",
            "source": {"type": "demo"},
            "keep": {"days": 0},
            "receivers": {"outbox": {"type": "folder", "path": "outbox"}},
        }
        (folder / "config.yaml").write_text(yaml.safe_dump(config), "utf-8")
        self._app = build(folder / "config.yaml")

    def run(self, extract: Extract) -> Report:
        """Run a day; where a table is not whole, ask only the rules that have to do with it: the others take as long.

        Rules about the data itself are there to tell of it.
        """
        book, store = self._app.book, self._app.store()
        asked = [rule for rule in book.rules if rule.about not in (About.table, About.column, About.rule)]
        rules = tuple(rule for rule in asked if not extract.table or extract.table in book.wanted([rule]))
        try:
            app = replace(self._app, source=extract, book=replace(book, rules=rules))
            pipeline = app.pipeline(store)
            return pipeline.run("daily", extract.day, lambda: datetime.combine(extract.day, datetime.min.time(), UTC))
        finally:
            store.close()

    def after(self, extract: Extract) -> After:
        """Run a day and return what came of it."""
        report = self.run(extract)
        store = self._app.store()
        try:
            alerts = store.alerts()
        finally:
            store.close()
        return After(
            ended=frozenset((alert.rule, alert.subject) for alert in alerts if alert.condition == Condition.resolved),
            begun=frozenset((alert.rule, alert.subject) for alert in alerts if alert.condition == Condition.firing),
            told=frozenset(
                (item.recipient, told.ref)
                for item in report.planned
                if isinstance(item.content, DigestContent)
                for told in item.content.items
            ),
        )


@dataclass(frozen=True, kw_only=True)
class After:
    """What there is after a day. ended, begun: alerts that are resolved or fire; told: who was told of which that day."""

    ended: frozenset[tuple[str, str]]
    begun: frozenset[tuple[str, str]]
    told: frozenset[tuple[str, str]]

    def is_no_worse_than(self, *whole: After, missing: str) -> bool:
        """Return whether nothing ended, nothing began and nobody was told that did not with all the data there."""
        ended, begun, told = (
            frozenset().union(*each) for each in zip(*((one.ended, one.begun, one.told) for one in whole), strict=True)
        )
        assert self.ended <= ended, "nothing ends because of it"
        # Where it is not known whose a case is, its news goes up the line; whatever else is missing, to whom it goes anyway.
        posts = council(TUESDAY)["ext_team"] if missing == "ssd_involvements" else {}
        above = {worker for post in ("manager_id", "service_manager_id") for worker in posts.get(post, ())}
        assert self.begun <= begun, "nothing begins because of it"
        more = {(reader, ref) for reader, ref in self.told - told if reader not in above or ref not in {each for _, each in told}}
        assert not more, f"nobody is told because of it: {sorted(more)}"
        return True


@pytest.fixture(scope="module")
def monday(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, tuple[Path, After]]:
    """The store after Monday and what came of that day, by whether the source states its loads."""
    stores = {}
    for stated in (True, False):
        service = Service(tmp_path_factory.mktemp("monday") / str(stated))
        after = service.after(Extract(MONDAY, stated=stated))
        stores[stated] = service.folder / "alerting.db", after
    return stores


@pytest.fixture(scope="module")
def in_truth(monday: dict[bool, tuple[Path, After]], tmp_path_factory: pytest.TempPathFactory) -> tuple[After, After]:
    """What comes of both days when all the data is there."""
    store, after = monday[True]
    assert after.told, "somebody is told"
    return after, after_tuesday(tmp_path_factory.mktemp("truth"), store, Extract(TUESDAY))


def after_tuesday(folder: Path, store: Path, extract: Extract) -> After:
    service = Service(folder)
    shutil.copyfile(store, folder / "alerting.db")
    return service.after(extract)


def read_by_rules() -> list[str]:
    return sorted(name for name in TABLES if name != "ext_load" and size(name))


@pytest.mark.parametrize("table", read_by_rules())
def test_whatever_part_of_a_table_is_missing_nothing_ends_or_begins_and_nobody_is_told_because_of_it(
    table, tmp_path, monday, in_truth
):
    chance = random.Random(table)  # another part of each table, and the same whenever the test is run
    share = chance.choice([0.0, 0.1, 0.4, 0.7, 0.95])
    kept = {number for number in range(size(table)) if chance.random() < share}

    after = after_tuesday(tmp_path, monday[True][0], Extract(TUESDAY, table, kept.__contains__))

    assert after.is_no_worse_than(*in_truth, missing=table)


@pytest.mark.parametrize("table", ["ssd_person", "ssd_cp_plans", "ssd_cla_visits", "ssd_involvements", "ext_restricted"])
def test_nor_where_the_source_does_not_say_how_much_there_should_be(table, tmp_path, monday, in_truth):
    # A table of fewer than 50 rows has no usual size; that it had rows and has none is noticed all the same.
    keep = {number for number in range(size(table)) if number % 2} if size(table) >= 50 else set()

    after = after_tuesday(tmp_path, monday[False][0], Extract(TUESDAY, table, keep.__contains__, stated=False))

    assert after.is_no_worse_than(*in_truth, missing=table)


# ------------------------------------------------------------------ a real change


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own()
    # Of this council only what is open is extracted.
    office.settings = {"rules": {"params": {"open_only": OPEN_ONLY}}}
    office.rule("plan-long", "PL-01", "reads: [ssd_cp_plans]")
    for number in range(60):
        office.council.on_a_plan(f"D{number}", seen=MONDAY, begun=MONDAY - timedelta(days=10))
    office.begin(MONDAY)
    return office


def fewer_plans(office: Office) -> None:
    """Half of the plans end, and are taken out of the extract."""
    for number in range(30):
        office.council.remove("ssd_cp_plans", cppl_person_id=f"D{number}")


def source(office: Office, *arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), "source", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_a_change_holds_exactly_the_rules_that_read_the_table_and_the_data_owner_is_told_once(office: Office):
    fewer_plans(office)
    report = office.run(TUESDAY)

    assert rule_row(report, "PL-01").problem == "ssd_cp_plans has 32 rows; when last trusted it had 62"
    assert {alert.condition for alert in office.alerts() if alert.condition != Condition.resolved} == {Condition.held}
    [do] = {notice.do for notice in office.notices if notice.title == "Data: ssd_cp_plans"}
    assert "alerting source release ssd_cp_plans --by NAME --note WHY" in do
    office.run(TUESDAY + timedelta(days=1))
    assert [notice for notice in office.notices if notice.title == "Data: ssd_cp_plans"] == []


def test_a_change_that_is_released_is_what_later_days_are_compared_with(office: Office):
    office.settings = {"rules": {"params": {"max_row_change_at_least": 20, "open_only": OPEN_ONLY}}}
    fewer_plans(office)
    office.run(TUESDAY)
    code, said, _ = source(office, "release", "SSD_CP_PLANS", "--by", "A. Officer", "--note", "closed plans are left out now")

    assert code == 0
    assert said.startswith(
        "ssd_cp_plans is released by A. Officer: ssd_cp_plans has 32 rows; when last trusted it had 62 (3 March 2026)."
    )
    again = office.run(TUESDAY)
    assert (again.trusted, rule_row(again, "PL-01").status) == (True, "ok")
    assert office.run(TUESDAY + timedelta(days=1)).trusted
    for number in range(30, 45):
        office.council.remove("ssd_cp_plans", cppl_person_id=f"D{number}")
    assert (
        rule_row(office.run(TUESDAY + timedelta(days=2)), "PL-01").problem
        == "ssd_cp_plans has 17 rows; when last trusted it had 32"
    )


def test_what_only_the_source_can_put_right_is_not_released(office: Office):
    office.run(TUESDAY, without=("ssd_cp_plans",))
    code, _, said = source(office, "release", "ssd_cp_plans", "--by", "A. Officer", "--note", "it is gone")

    assert code == 1
    assert "ssd_cp_plans is not there: that cannot be released" in said


def test_what_is_trusted_has_nothing_to_release(office: Office):
    code, _, said = source(office, "release", "ssd_cp_plans", "--by", "A. Officer", "--note", "-")

    assert (code, "no run has found a change in ssd_cp_plans" in said) == (1, True)
    assert "Did you mean 'ssd_cp_plans'?" in source(office, "release", "ssd_cp_plan", "--by", "P1", "--note", "-")[2]


def test_source_check_compares_with_the_last_good_load_and_says_how_to_release(office: Office):
    fewer_plans(office)
    office.run(TUESDAY)
    code, said, _ = source(office, "check", "--as-of", TUESDAY.isoformat())

    assert code == 1
    assert "ssd_cp_plans: has 32 rows; when last trusted it had 62" in said
    assert "alerting source release ssd_cp_plans --by NAME --note WHY" in said


def test_a_table_that_emptied_is_not_trusted_from_the_next_day_on(office: Office):
    office.council.tables["ssd_cp_plans"] = []

    assert "ssd_cp_plans has 0 rows; when last trusted it had 62" in office.run(TUESDAY).problems
    assert "ssd_cp_plans has 0 rows; when last trusted it had 62" in office.run(TUESDAY + timedelta(days=1)).problems


def test_who_is_told_of_the_rule_reads_that_it_could_not_run_and_nobody_else(office: Office):
    office.rule(
        "plan-short",
        "PL-02",
        "reads: [ssd_cp_plans]",
        "max_share: 1",
        params="{long_days: 5}",
        notify="{amber: [service_manager]}",
    )
    office.rule(
        "plan-seen", "PL-03", "reads: [ssd_cp_plans, ssd_cp_visits]", "max_share: 1",
        title="Not seen for long", params="{long_days: 5}", notify="{amber: [service_manager]}",
    )  # fmt: skip
    office.run(MONDAY)
    office.council.tables["ssd_cp_visits"] = []
    for number in range(60, 63):
        office.council.on_a_plan(f"E{number}", seen=MONDAY)
    office.council.tables["ssd_cp_visits"] = []
    office.run(TUESDAY)

    banners = {person: office.content(person).banners for person in office.people()}
    said = "Visit records could not be read this morning. 1 rule could not run today: Not seen for long. Its alerts are on hold, and none of them is cleared."
    assert [banner for banner in banners["S1"] if banner == said]
    assert banners["M1"] == ()


# ------------------------------------------------------------------ identity


def test_a_worker_who_is_renamed_opens_no_new_alert(office: Office):
    office.council.row("ext_staff", worker_id="W1")["name"] = "Another Name"
    office.council.row("ssd_professionals", prof_professional_id="W1")["prof_professional_name"] = "Another Name"

    assert office.run(TUESDAY).alerts.new == 0


def test_a_record_that_is_there_twice_is_one_alert_and_a_note(office: Office):
    rows = office.council.tables["ssd_cp_plans"]
    rows.append(dict(rows[0]))
    report = office.run(TUESDAY)

    assert report.alerts.new == 0
    assert report.as_json()["source"]["notes"] == [
        "ssd_cp_plans repeats the cppl_cp_plan_id and cppl_person_id of other rows in 1 of 63 rows"
    ]
