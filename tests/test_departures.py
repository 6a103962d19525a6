"""Where a council departs from a rule: it may, and it is told."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from alerting.notifications.notices import keyed, of_departures
from alerting.rulebook.departures import find_departures
from tests.case_rows import load_shipped
from tests.office import Office
from tests.one_rule_office import command
from tests.rule_folder import Folder

SANE = (
    "sane: {red_visits: [1, 4], thresholds: [1, 30]}\ntables: {thresholds: {asye: [10, 12], default: [18, 22]}}\nsubject: child"
)


@pytest.fixture
def rules(tmp_path: Path) -> Folder:
    """One rule, statutory: amber below 3 visits or above a threshold; red below red_visits, of a child who is a child."""
    folder = Folder(tmp_path)
    folder.change(
        "practice/visits-few.yaml",
        ("subject: child", SANE),
        ("kind: local", "kind: statutory"),
        ("amber: measure < 3", "amber: measure < 3 or measure > amber_of(thresholds, team_id)"),
    )
    return folder


def told(folder: Folder, **setting: Any) -> list[str]:
    book = folder.load({"settings": {"CL-01": setting}} if setting else {})
    assert not [fault for fault in book.faults if fault.severity == "error"]
    return [f"{one.rule.code} {one.says}" for one in find_departures(book)]


def test_as_it_is_shipped_no_rule_departs_from_itself():
    assert list(find_departures(load_shipped())) == []


def test_a_statutory_rule_that_is_switched_off_is_told_with_its_reason(rules):
    assert told(rules, enabled=False, reason="no data") == ["CL-01 is statutory and switched off: no data"]
    assert told(rules, enabled=False) == ["CL-01 is statutory and switched off, and no reason is given"]


def test_one_that_its_own_file_switches_off_is_as_it_is_shipped(rules):
    rules.change("practice/visits-few.yaml", ("job: daily", "job: daily\nenabled: false"))

    assert told(rules) == []


@pytest.mark.parametrize(
    ("params", "said"),
    [
        (
            {"red_visits": 0},
            ["CL-01 has red_visits at 0, outside 1 to 4", "CL-01 is statutory and has red_visits at 0 instead of 1"],
        ),
        ({"red_visits": 3}, []),  # red below three is stricter than below one
        ({"red_visits": 9}, ["CL-01 has red_visits at 9, outside 1 to 4"]),
    ],
)
def test_a_number_that_loosens_or_that_nobody_would_expect_is_told(rules, params, said):
    assert told(rules, params=params) == said


def test_so_is_a_row_of_a_table(rules):
    assert told(rules, tables={"thresholds": {"asye": [11, 40]}}) == [
        "CL-01 has thresholds asye red at 40, outside 1 to 30",
        "CL-01 is statutory and has thresholds asye amber at 11 instead of 10",
        "CL-01 is statutory and has thresholds asye red at 40 instead of 12",
    ]


def test_what_is_local_may_be_loosened(rules):
    rules.change("practice/visits-few.yaml", ("kind: statutory", "kind: local"))

    assert told(rules, params={"red_visits": 1}, enabled=False) == []


def test_a_rule_that_stands_for_a_statutory_one_is_held_to_it(rules):
    text = (rules.path / "practice/visits-few.yaml").read_text("utf-8")
    own = text.replace("id: visits-few", "id: own").replace("code: CL-01", "code: LOC-01\nreplaces: visits-few")
    rules.write(
        "local/own.yaml", own.replace("red_visits: 1\n", "red_visits: 0.5\n").replace("red_visits: [1, 4]", "red_visits: [0, 4]")
    )

    assert told(rules) == ["LOC-01 is statutory and has red_visits at 0.5 instead of 1"]


def test_the_way_that_a_number_works_is_followed_through_steps():
    def of(code: str, **params: Any) -> list[str]:
        from alerting.rulebook.file_models import Overrides, RuleSetting

        book = load_shipped(Overrides(settings={code: RuleSetting(params=params)}))
        return [one.says for one in find_departures(book)]

    assert of("CLA-01", reg24_days=60) == ["is statutory and has reg24_days at 60 instead of 28"]
    assert of("CLA-01", visit_days=28) == []
    assert of("CLA-01", amber_before_days=3) == ["is statutory and has amber_before_days at 3 instead of 7"]
    assert of("CLA-01", service_manager_after_wd=90) == []  # it decides who joins in, and no level


def test_a_range_must_be_of_what_the_rule_has(rules):
    rules.change("practice/visits-few.yaml", ("sane: {red_visits: [1, 4]", "sane: {red_visit: [1, 4]"))

    [fault] = rules.load().faults

    assert "there is no parameter or table 'red_visit'" in fault.problem
    assert fault.remedy == "Did you mean 'red_visits'?"


def test_those_who_look_after_the_service_read_it_once_while_it_lasts(rules):
    first = keyed(of_departures(rules.load({"settings": {"CL-01": {"params": {"red_visits": 0}}}})))
    again = keyed(of_departures(rules.load({"settings": {"CL-01": {"params": {"red_visits": 0}}}})))
    more = keyed(of_departures(rules.load({"settings": {"CL-01": {"params": {"red_visits": 0.5}}}})))

    [notice] = first.values()
    assert notice.title == "CL-01 is not as it is shipped"
    assert "CL-01 is statutory and has red_visits at 0 instead of 1" in notice.items
    assert notice.do.startswith("Tell its owner, the head of service; ")
    assert first.keys() == again.keys() != more.keys()


def test_check_and_the_list_of_rules_say_it(tmp_path):
    office = Office(tmp_path)
    office.rules_of_its_own("statutory/cla-visit-overdue.yaml")
    office.council.configure("sqlite:///x.db", rules={"settings": {"CLA-01": {"params": {"visit_days": 60}}}})

    _, checked = command(office, "check", "--no-source")
    _, rules = command(office, "rules", "list")

    said = "CLA-01 is statutory and has visit_days at 60 instead of 42"
    assert said in " ".join(checked.split())
    assert said in " ".join(rules.split())


@pytest.mark.slow
def test_a_run_tells_it_once(tmp_path):
    office = Office(tmp_path)
    office.rules_of_its_own("statutory/cla-visit-overdue.yaml")
    office.settings = {"rules": {"settings": {"CLA-01": {"params": {"visit_days": 60}}}}}

    told = []
    for day in (date(2026, 3, 30), date(2026, 3, 31)):
        office.run(day)
        told.append({notice.title for notice in office.notices if "as it is shipped" in notice.title})

    assert told == [{"CLA-01 is not as it is shipped"}, set()]
