"""A rule's tables: looked up by a row, set row by row in config.yaml, used by other rules, and looked at before they are used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alerting.authoring.examples import find_failing_examples
from alerting.rulebook.book import Rulebook
from alerting.rulebook.rule import Rule
from tests.case_rows import load_shipped
from tests.rule_folder import Folder, asked

TABLES = (
    "tables:\n  thresholds: {asye: [1, 2], assessment: [3, 4], default: [5, 6]}\n  limits: {asye: 7, default: 8}\nsubject: child"
)


@pytest.fixture
def rules(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path)
    folder.change(
        "practice/visits-few.yaml",
        ("subject: child", TABLES),
        ("amber: measure < 3", "amber: measure < amber_of(thresholds, team_id)"),
    )
    folder.change("practice/visits-few.yaml", ("let:", "let:\n  limit: value_of(limits, 'asye')"))
    return folder


def only(book: Rulebook, code: str = "CL-01") -> Rule:
    return next(rule for rule in book.rules if rule.code == code)


def table_of(rules: Folder, **setting: Any) -> Any:
    return only(rules.load({"settings": {"CL-01": setting}})).params["thresholds"]


def told(rules: Folder, **setting: Any) -> list[tuple[str, str]]:
    return [(fault.problem, fault.remedy) for fault in rules.load({"settings": {"CL-01": setting}}).faults]


def test_what_has_no_row_of_its_own_has_that_of_the_others(rules):
    [found] = asked(rules.load())  # T1 has no row; two visits are fewer than 5

    assert found.level is not None
    assert found.level.name == "amber"


def test_a_council_sets_single_rows(rules):
    assert table_of(rules, tables={"thresholds": {"assessment": [10, 12]}}) == {
        "asye": (1, 2),
        "assessment": (10, 12),
        "default": (5, 6),
    }
    assert told(rules, tables={"thresholds": {"assessment": [10, 12]}}) == []


def test_a_council_may_have_a_row_of_its_own(rules):
    assert table_of(rules, tables={"thresholds": {"edge_of_care": [10, 12]}})["edge_of_care"] == (10, 12)
    assert told(rules, tables={"thresholds": {"edge_of_care": [10, 12]}}) == []


def test_a_row_of_nearly_the_same_name_is_asked_about(rules):
    [(problem, remedy)] = told(rules, tables={"thresholds": {"asessment": [10, 12]}})

    assert problem == "`rules: settings: CL-01:` 'asessment' is a new row of the table 'thresholds'"
    assert remedy == "Did you mean 'assessment'?"


@pytest.mark.parametrize(
    ("tables", "problem"),
    [
        ({"threshold": {"asye": [1, 2]}}, "names a table 'threshold' it does not have"),
        ({"thresholds": {"asye": 1}}, "the row 'asye' of the table 'thresholds' is not like its other rows"),
        ({"limits": {"asye": [1, 2]}}, "the row 'asye' of the table 'limits' is not like its other rows"),
    ],
)
def test_what_cannot_be_set_so_is_told(rules, tables, problem):
    assert [each for each, _ in told(rules, tables=tables)] == [f"`rules: settings: CL-01:` {problem}"]


def test_amber_and_red_that_change_places_are_told(rules):
    [(problem, remedy)] = told(rules, tables={"thresholds": {"asye": [12, 10]}})

    assert problem == "`tables.thresholds.asye`: the row 'asye' has amber and red the other way round from other rows"
    assert remedy == "Write amber first and red second."


def test_the_names_that_its_numbers_had_before_are_still_read_and_told(rules):
    assert table_of(rules, params={"assessment_red": 9})["assessment"] == (3, 9)

    [fault] = rules.load({"settings": {"CL-01": {"params": {"assessment_red": 9}}}}).faults

    assert fault.severity == "warning"
    assert "'assessment_red' is the old name of a number in the table 'thresholds', and is read as that" in fault.problem
    assert fault.remedy == "Write `tables: {thresholds: {assessment: [3, 9]}}` in its place."


def test_a_row_goes_before_the_old_name_of_its_number(rules):
    assert table_of(rules, params={"assessment_red": 9}, tables={"thresholds": {"assessment": [1, 2]}})["assessment"] == (1, 2)


def test_an_old_name_with_what_is_no_number_is_a_fault(rules):
    assert [problem for problem, _ in told(rules, params={"assessment_red": "many"})] == [
        "`rules: settings: CL-01:` assessment_red should be a number"
    ]


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("amber_of(limits, team_id)", "amber_of() needs a table with amber and red, but this is a table with one number a row"),
        (
            "value_of(thresholds, team_id)",
            "value_of() needs a table with one number a row, but this is a table with amber and red",
        ),
        ("amber_of(thresholds, visits)", "amber_of() needs a text, but this is a number"),
        ("thresholds", "`<` needs"),
    ],
)
def test_a_table_is_looked_up_as_what_it_is(rules, expression, problem):
    rules.change("practice/visits-few.yaml", ("amber_of(thresholds, team_id)", expression))

    [fault] = rules.load().faults

    assert problem in fault.problem or "compares a number with a table" in fault.problem


def test_what_a_rule_answers_goes_by_the_rows_it_uses(rules):
    plain, own = only(rules.load()), only(rules.load({"settings": {"CL-01": {"tables": {"thresholds": {"asye": [0, 1]}}}}}))

    assert plain.logic != own.logic


# ---------------------------------------------------------------- of another rule


@pytest.fixture
def pair(rules: Folder) -> Folder:
    """A second rule whose file is read before the one that it uses."""
    rules.rule("practice/a-second.yaml", ("subject: child", "uses: {first: CL-01}\nsubject: child"))
    rules.change(
        "practice/a-second.yaml",
        ("amber: measure < 3", "amber: measure < red_of(first.thresholds, 'asye') - 1"),
        ("measure < red_visits\n", "measure < red_visits and measure < first.red_visits\n"),
    )
    return rules


def second(book: Rulebook) -> Rule:
    return next(rule for rule in book.rules if rule.id == "a-second")


def test_a_rule_uses_the_numbers_of_another_as_they_apply_here(pair):
    setting = {"settings": {"CL-01": {"tables": {"thresholds": {"asye": [8, 9]}}, "params": {"red_visits": 3}}}}
    book = pair.load(setting)

    assert book.faults == ()
    assert second(book).params["first.thresholds"]["asye"] == (8, 9)
    assert second(book).params["first.red_visits"] == 3
    assert second(book).logic != second(pair.load()).logic


def test_a_rule_that_stands_for_another_is_the_one_that_is_used(pair):
    pair.rule(
        "local/own.yaml",
        ("subject: child", TABLES.replace("asye: [1, 2]", "asye: [11, 12]")),
        ("code:", "replaces: visits-few\ncode:"),
    )
    pair.change(
        "local/own.yaml", ("amber: measure < 3", "amber: measure < amber_of(thresholds, 'asye') + value_of(limits, 'asye')")
    )

    book = pair.load()

    assert book.faults == ()
    assert second(book).params["first.thresholds"]["asye"] == (11, 12)


@pytest.mark.parametrize(
    ("uses", "part", "problem", "remedy"),
    [
        ("{first: CL-02}", "uses", "there is no rule 'CL-02' that can be read", "Write the code of a rule, such as WF-01."),
        ("{First: CL-01}", "uses", "'First' cannot be a name", "Write it in a-z, 0-9 and _, a letter first."),
    ],
)
def test_a_rule_that_is_not_there_cannot_be_used(pair, uses, part, problem, remedy):
    pair.change("practice/a-second.yaml", ("{first: CL-01}", uses))

    fault = next(iter(pair.load().faults))

    assert f"`{part}." in fault.problem
    assert problem in fault.problem
    assert fault.remedy == remedy


def test_what_is_of_a_rule_that_is_not_there_is_told_once(pair):
    pair.change("practice/a-second.yaml", ("{first: CL-01}", "{first: CL-02}"))

    assert len(pair.load().faults) == 1


def test_what_the_other_rule_does_not_have_is_told(pair):
    pair.change("practice/a-second.yaml", ("first.thresholds", "first.threshold"))

    [fault] = pair.load().faults

    assert "'first' has no parameter or table 'threshold'" in fault.problem
    assert fault.remedy == "Did you mean 'thresholds'?"


def test_a_rule_does_not_hang_on_the_file_of_the_other(pair):
    pair.write(
        "practice/visits-few.yaml",
        (pair.path / "practice/visits-few.yaml").read_text("utf-8").replace("measure: visits", "measure: visit"),
    )

    book = pair.load()

    assert [rule.id for rule in book.rules] == ["a-second"]


# ---------------------------------------------------------------- the shipped caseloads


def test_the_shipped_caseloads_are_a_table_and_answer_as_they_did():
    book = load_shipped()
    rule = only(book, "WF-01")

    assert rule.file.let["red_over"] == "red_of(thresholds, kind)"
    assert find_failing_examples([rule], book) == []
