"""`alerting rules test`, as somebody who writes rules uses it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from alerting.commands import cli
from tests.rule_folder import Folder

GOOD = [
    ("0 visits", "born_on: 2015-01-01, visits: 0", "red", "measure: 0"),
    ("1 visit", "born_on: 2015-01-01, visits: 1", "amber", ""),
    ("2 visits", "born_on: 2015-01-01, visits: 2", "amber", ""),
    ("3 visits", "born_on: 2015-01-01, visits: 3", "none", ""),
    ("visits not recorded", "born_on: 2015-01-01", "unknown", ""),
    ("grown up", "born_on: 2000-01-01, visits: 0", "out", ""),
]
SCENARIO = """\
says: The rule is asked
rules: [{rule}]
days:
  - as_of: 2026-03-31
    expect:
      alerts: {alerts}
"""


class Council:
    """A council with a small folder of rules, and the command line in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rules = Folder(folder / "rules")
        config = {"council": {"name": "Exampleshire"}, "source": {"type": "demo"}, "receivers": {"look": {"type": "console"}}}
        (folder / "config.yaml").write_text(yaml.safe_dump(config), "utf-8")

    def examples(self, *given: tuple[str, str, str, str]) -> None:
        text = (self.rules.path / "practice/visits-few.yaml").read_text("utf-8").partition("examples:")[0]
        lines = [
            f"  - says: {says}\n    as_of: 2026-03-31\n    row: {{{row}}}\n    gives: {gives}\n"
            + (f"    {more}\n" if more else "")
            for says, row, gives, more in given
        ]
        self.rules.write("practice/visits-few.yaml", f"{text}examples:\n{''.join(lines)}")

    def __call__(self, *words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["--config", str(self.folder / "config.yaml"), "rules", "test", *words])
        assert result.exit_code == code, result.output
        return result

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self(*words, "--json", code=code).stdout)


@pytest.fixture
def council(tmp_path: Path) -> Council:
    council = Council(tmp_path)
    council.examples(*GOOD)
    return council


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.slow
def test_examples_that_are_lived_up_to_say_so_in_one_line(council):
    for words in ((), ("CL-01",), ("visits-few",), (str(council.rules.path / "practice/visits-few.yaml"),)):
        result = council(*words, "--strict")

        assert (result.stdout, result.stderr) == ("", "6 of 6 examples of 1 rule are lived up to.\n")


def test_one_that_is_not_says_where_it_stands_what_came_and_why(council):
    council.examples(("0 visits", "born_on: 2015-01-01, visits: 0", "amber", "measure: 1"), *GOOD[1:])

    result = council(code=1)

    assert flat(result.stdout) == flat(
        f"""CL-01 Few visits
        {council.rules.path.as_posix()}/practice/visits-few.yaml:28: 0 visits
        expected amber, measure 1
        came red, measure 0
        because `red` is true: measure < red_visits (measure is 0, red_visits is 1); age < adult_age (age is 11, adult_age is 18)"""
    )
    assert result.stderr == "5 of 6 examples of 1 rule are lived up to.\n"


def test_what_the_examples_leave_unshown_is_a_warning_and_with_strict_ends_with_one(council):
    council.examples(*GOOD[:2], GOOD[3])

    result = council()

    assert result.stderr == "3 of 3 examples of 1 rule are lived up to. 3 things are left unshown.\n"
    assert "no two examples stand on both sides of the limit of amber" in result.stdout
    assert "no example shows what is said where the measure is missing" in result.stdout
    assert "no example is left out by `where`" in result.stdout
    assert council("--strict", code=1).stdout == result.stdout


def test_a_draft_is_tried_where_it_lies_and_a_misspelt_rule_has_its_near_one_named(council, tmp_path):
    draft = tmp_path / "draft.yaml"
    draft.write_text(
        (council.rules.path / "practice/visits-few.yaml").read_text("utf-8").replace("measure < 3", "measure < 4"), "utf-8"
    )

    assert "draft.yaml:" in council(str(draft), code=1).stdout
    assert "Did you mean 'CL-01'?" in council("CL-1", code=1).stderr


def test_json_has_every_example_and_what_is_unshown(council):
    council.examples(("0 visits", "born_on: 2015-01-01, visits: 0", "amber", ""), *GOOD[1:])

    [rule] = council.json(code=1)["rules"]

    assert rule["code"] == "CL-01"
    assert [one["lived_up_to"] for one in rule["examples"]] == [False, True, True, True, True, True]
    assert rule["examples"][0] | {"why": ""} == {
        "says": "0 visits",
        "line": 28,
        "lived_up_to": False,
        "expected": "amber",
        "came": "red",
        "wrong": "gave red, not amber",
        "why": "",
    }
    council.examples(*GOOD[:5])
    [rule] = council.json()["rules"]
    assert [one["problem"] for one in rule["unshown"]] == ["CL-01: no example is left out by `where`"]


def test_a_rule_that_cannot_be_used_is_named_and_not_passed_over(council):
    council.rules.rule("practice/broken.yaml", ("measure: visits", "measure: visitz"))

    result = council(code=1)

    assert "cannot be used and was not tried: `alerting check` shows why." in result.stderr
    assert len(council.json(code=1)["broken"]) == 1


@pytest.mark.slow
def test_scenarios_are_run_from_the_councils_own_folder(council):
    scenarios = council.folder / "scenarios"
    scenarios.mkdir()
    (scenarios / "a.yaml").write_text(SCENARIO.format(rule="CL-01", alerts="[]"), "utf-8")

    assert council("--scenarios").stderr == "1 of 1 scenario went as expected, 1 day in all.\n"
    assert not (council.folder / "alerting.db").exists()


@pytest.mark.slow
def test_a_scenario_that_goes_otherwise_is_told_day_by_day_with_its_line(council):
    path = council.folder / "one.yaml"
    path.write_text(SCENARIO.format(rule="CL-01", alerts="[{rule: CL-01, subject: C1, level: red}]"), "utf-8")

    result = council("--scenarios", str(path), code=1)

    assert flat(result.stdout) == flat(
        f"""{path.as_posix()}: The rule is asked
        31 March 2026
        alert CL-01 C1 (line 6)
        expected level red
        came no alert"""
    )
    [played] = council.json("--scenarios", str(path), code=1)["scenarios"]
    assert (played["as_expected"], played["differences"][0]["line"]) == (False, 6)


@pytest.mark.slow
def test_with_a_rule_only_the_scenarios_that_ask_it_are_run(council):
    council.rules.rule("practice/other.yaml")
    scenarios = council.folder / "scenarios"
    scenarios.mkdir()
    (scenarios / "a.yaml").write_text(SCENARIO.format(rule="visits-few", alerts="[]"), "utf-8")
    (scenarios / "b.yaml").write_text(SCENARIO.format(rule="other", alerts="[]"), "utf-8")

    assert "of 2 scenarios" in council("--scenarios").stderr
    assert "of 1 scenario " in council("other", "--scenarios").stderr


def test_the_faults_of_every_scenario_are_told_in_one_pass(council):
    scenarios = council.folder / "scenarios"
    scenarios.mkdir()
    (scenarios / "a.yaml").write_text(SCENARIO.format(rule="CL-1", alerts="[]"), "utf-8")
    (scenarios / "b.yaml").write_text(SCENARIO.format(rule="CL-01", alerts="[{ruel: CL-01}]"), "utf-8")

    told = council("--scenarios", code=1).stderr

    assert "there is no rule 'CL-1' in use" in told
    assert "unknown key `ruel`" in told


def test_no_scenarios_at_all_is_an_error_that_says_where_they_belong(council):
    assert "there are no scenarios in" in council("--scenarios", code=1).stderr
