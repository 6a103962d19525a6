"""A day's daily run is done once more where data that a rule waited for has landed, or a rule is asked between the runs; only news is told."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerting.app import build
from alerting.model import Condition
from alerting.notifications.content import ItemState
from alerting.notifications.report import Report
from alerting.rulebook.file_models import Between
from alerting.rulebook.lint import lint_rule
from alerting.service import run_again
from tests.made_council import MONDAY
from tests.office import Office

TUESDAY = MONDAY + timedelta(days=1)
LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("between", "times"),
    [
        (Between(2, time(8), time(18)), [8, 10, 12, 14, 16, 18]),
        (Between(5, time(8), time(17)), [8, 13]),
        (Between(1, time(9), time(9)), [9]),
    ],
)
def test_the_first_and_the_last_time_count(between: Between, times: list[int]) -> None:
    assert [each.hour for each in between.times()] == times


pytestmark = pytest.mark.slow


class Loads:
    """An office whose extracts say when they were loaded."""

    def __init__(self, folder: Path) -> None:
        self.office = Office(folder)
        self.office.rules_of_its_own("practice/cp-visit-overdue.yaml")

    def loaded(self, on: date, hour: int, *tables: str) -> None:
        loads = self.office.council.tables.setdefault("ext_load", [])
        for table in tables or [name for name, rows in self.office.council.tables.items() if rows and name != "ext_load"]:
            loads[:] = [row for row in loads if row["table_name"] != table]
            loads.append({"table_name": table, "loaded_at": f"{on}T{hour:02}:00:00", "row_count": ""})

    def at(self, on: date, hour: int, minute: int = 5) -> Report | None:
        """Look round at a moment, as the service does each few minutes."""
        self.office.council.write()
        app = build(self.office.council.configure(self.office.store_url, **self.office.settings))
        store = app.store()
        try:
            moment = datetime(on.year, on.month, on.day, hour, minute, tzinfo=LONDON)
            report = run_again(app, store, lambda: moment, lambda: False, lambda _: None)
        finally:
            store.close()
        if report:
            self.office._note(report, "daily")
        return report


@pytest.fixture
def loads(tmp_path: Path) -> Loads:
    return Loads(tmp_path)


def test_rules_that_waited_for_a_late_load_are_asked_once_it_has_landed_and_told_in_one_message(loads: Loads) -> None:
    office = loads.office
    loads.loaded(MONDAY - timedelta(days=10), 5)
    assert [row.status for row in office.run(MONDAY).rules] == ["withheld"]
    assert loads.at(MONDAY, 9) is None, "nothing was loaded since"

    loads.loaded(MONDAY, 9)
    report = loads.at(MONDAY, 9, 30)
    assert report is not None
    assert [row.status for row in report.rules] == ["ok"]
    assert office.told("M1") == {"C1": ItemState.new}
    assert loads.at(MONDAY, 9, 35) is None, "it has been asked"


def test_what_lands_after_the_cut_off_or_is_none_of_the_rules_is_left_for_tomorrow(loads: Loads) -> None:
    loads.loaded(MONDAY - timedelta(days=10), 5)
    loads.office.run(MONDAY)
    loads.loaded(MONDAY, 9, "ssd_sdq_scores")
    assert loads.at(MONDAY, 9) is None

    loads.loaded(MONDAY, 14)
    assert loads.at(MONDAY, 14) is None
    assert loads.at(TUESDAY, 9) is None, "the day's own run comes first"


def between(loads: Loads) -> Office:
    """Let a rule about long plans be asked every two hours, beside one that is asked in the morning only."""
    loads.office.rule("plan-long", "PL-01", "every: 2 hours between 08:00 and 18:00")
    loads.loaded(MONDAY, 5)
    loads.office.run(MONDAY)
    return loads.office


def test_between_the_runs_a_rule_is_asked_at_its_times_where_its_table_was_loaded_since(loads: Loads) -> None:
    office = between(loads)
    assert loads.at(MONDAY, 10) is None, "nothing was loaded since"

    office.council.on_a_plan("C3", seen=MONDAY)
    loads.loaded(MONDAY, 9, "ssd_cp_plans", "ssd_person")
    assert loads.at(MONDAY, 7, 30) is None, "its first time has not come"
    assert loads.at(MONDAY, 10) is not None
    assert office.told("M1") == {"C3": ItemState.new}, "only what is new"
    assert loads.at(MONDAY, 12) is None


def test_a_time_that_was_slept_through_is_made_good_and_one_after_the_last_is_not(loads: Loads) -> None:
    between(loads)
    loads.loaded(MONDAY, 11, "ssd_cp_plans")
    assert loads.at(MONDAY, 13, 40) is not None, "12:00 is made good"

    loads.loaded(MONDAY, 15, "ssd_cp_plans")
    assert loads.at(MONDAY, 19) is not None
    loads.loaded(MONDAY, 18, "ssd_cp_plans")
    assert loads.at(MONDAY, 20) is None, "the last time was 18:00, and it is done"


def test_what_has_cleared_between_the_runs_clears_and_is_no_message_of_its_own(loads: Loads) -> None:
    office = between(loads)
    office.council.row("ssd_cp_plans", cppl_person_id="C1")["cppl_cp_plan_end_date"] = MONDAY.isoformat()
    loads.loaded(MONDAY, 9, "ssd_cp_plans")
    loads.at(MONDAY, 10)

    assert office.alert("C1", "plan-long").condition == Condition.resolved
    assert office.people() == set()


def test_a_rule_of_another_job_that_has_times_is_told(loads: Loads) -> None:
    loads.office.rule("plan-long", "PL-01", "every: 2 hours between 08:00 and 18:00", job="weekly")
    book = build(loads.office.council.configure(loads.office.store_url)).book
    [rule] = [rule for rule in book.rules if rule.code == "PL-01"]

    assert rule.file.between == Between(2, time(8), time(18))
    assert [finding.path for finding in lint_rule(rule, book, MONDAY)] == [("every",)]
