"""Every rule that comes with the product, found and not listed: it loads, says why it exists, and lives up to its examples."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from alerting.authoring.coverage import find_gaps
from alerting.authoring.draft import find_rule
from alerting.authoring.examples import ExampleEngine, describe_difference, find_failing_examples, try_examples
from alerting.casedata.catalogue import TABLES
from alerting.documents.document import load
from alerting.evaluation.dry_run import check_book
from alerting.rulebook.file_models import Overrides, RuleSetting
from alerting.rulebook.loader import LOCAL_PACK, compile_rule, load_rulebook
from alerting.rulebook.rule import Rule
from tests.case_rows import RULES, shipped
from tests.made_council import ITS_RULES

FILES = sorted(path for path in RULES.glob("*/*.yaml") if path.parent.name not in {"subjects", LOCAL_PACK})
PACK_OF = {"statutory": {"statutory", "guidance"}, "practice": {"local"}, "workforce": {"local"}, "data_quality": {"local"}}
each_rule = pytest.mark.parametrize("rule", shipped().rules, ids=lambda rule: rule.id)


@pytest.fixture(scope="module")
def engine() -> Iterator[ExampleEngine]:
    with ExampleEngine(shipped()) as engine:
        yield engine


def test_every_file_loads_without_a_fault():
    book = shipped()

    assert [str(fault) for fault in book.faults] == []
    assert {rule.id for rule in book.every} == {path.stem for path in FILES}
    assert set(book.subjects) == {path.stem for path in (RULES / "subjects").glob("*.yaml")}


def test_every_view_subject_and_rule_can_be_asked():
    assert [str(fault) for fault in check_book(shipped())] == []


def test_every_rule_lives_up_to_its_examples():
    assert find_failing_examples(shipped().rules, shipped()) == []


def test_every_view_says_first_what_a_row_is():
    views = (RULES / "subjects" / "_views").glob("*.sql")

    assert [path.stem for path in views if not path.read_text("utf-8").startswith("-- One row per ")] == []


def test_every_pack_says_whose_policy_it_is():
    packs = [path for path in RULES.iterdir() if path.is_dir() and path.name != "subjects"]

    assert [pack.name for pack in packs if "Whose policy it is" not in (pack / "README.md").read_text("utf-8")] == []


def test_every_shared_parameter_is_used_by_a_view_a_subject_a_rule_or_the_checks_of_the_data():
    book = shipped()
    of_the_service = {
        "row_count_tolerance",
        "max_row_change",
        "max_row_change_at_least",
        "max_load_age_wd",
        "min_rows_of_median",
        "max_rows_of_median",
        "may_be_empty",
        "when_stale",
        "max_repeated",
        "max_nowhere",
        "max_lost",
        "max_unknown_words",
        "flaws_at_least",
        *("max_unreadable", "unreadable_at_least", "max_missing", "max_missing_birth_dates", "essential_rows"),
        *("open_only", "not_supplied_columns", "yes_words", "no_words", "nothing_words"),
        "first_run_brake",
        "yes_words",
        "no_words",
        "nothing_words",
        "max_unreadable",
        "unreadable_at_least",
        "max_missing",
        "max_missing_birth_dates",
        "essential_rows",
        "scorecard_rules",  # of the weekly summary
        *("misled_by_gaps", "hand_kept", "table_owners", "ask_at", "outcome_words", "factor_codes", "asylum_words", "uasc_words"),
        "office_from",
        "office_to",
        "front_door_clock",
        "term_ends",
        "open_only",
        "tell_lost",
        "tell_lost_at_least",
        "not_supplied",
        "not_supplied_columns",
        "min_allocated",
        "max_only_unknown_roles",
        "min_allocated_at_least",
        "other_roles",
        "max_share",
        "max_share_at_least",
        "reopen_window_wd",
        "held_too_long_wd",
        *("alert_budget", "critical_waits_wd", "all_clear_days", "done_days"),
        "brake_of_median",
        "min_fill",
        "min_fill_at_least",
        "brake",
    }
    sql = " ".join([*book.views.values(), *(f"{subject.sql} {subject.left_when}" for subject in book.subjects.values())])
    by_rules = {name for rule in book.rules for name in rule.params}

    assert {name for name in book.settings.params if f"'{name}'" not in sql} - by_rules - of_the_service == set()


def test_bank_holidays_are_weekdays_and_cover_the_years_around_now():
    holidays = shipped().settings.bank_holidays

    assert [day for day in holidays if day.weekday() > 4] == []
    assert {day.year for day in holidays} == set(range(2018, 2031))
    assert all(date(year, 12, 25) in holidays or date(year, 12, 27) in holidays for year in range(2018, 2031))


@each_rule
def test_the_examples_show_each_level_a_clear_both_sides_of_each_limit_a_missing_value_and_who_is_left_out(
    rule: Rule, engine: ExampleEngine
):
    tried = try_examples(engine, rule)

    assert [str(gap) for gap in find_gaps(engine, rule, tried, load(Path(rule.place)))] == []


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(
            rule, id=rule.id, marks=() if rule.code in ITS_RULES else pytest.mark.slow
        )  # each number is asked about twice
        for rule in shipped().rules
    ],
)
def test_the_examples_pin_every_number_a_rule_depends_on(rule: Rule, engine: ExampleEngine):
    unnoticed = []
    for name, value in rule.params.items():
        if "." in name:  # another rule's, whose examples pin it
            continue
        for other in neighbours(value):
            changed = compile_rule(shipped(), Path(rule.place), {name: other})
            assert isinstance(changed, Rule), f"{name} = {other}"
            answers = zip(rule.file.examples, engine.answers(changed), strict=True)
            if not any(isinstance(answer, str) or describe_difference(example, answer) for example, answer in answers):
                unnoticed.append(f"{name}: {other} does as well as {value}")

    assert unnoticed == []


def neighbours(value: object) -> list[object]:
    """Return what a parameter could be by a slip: one more, one less, a tenth of a decimal number; no for yes.

    A list of codes has no neighbour; and a number that is not set changes nothing until a council sets it.
    """
    match value:
        case bool():
            return [not value]
        case int():
            return [value + 1, value - 1]
        case float():
            return [round(value + 0.1, 6), round(value - 0.1, 6)]
        case _:
            return []


@each_rule
def test_a_rule_says_why_it_exists_and_stands_in_the_pack_of_its_basis(rule: Rule):
    assert rule.basis_kind in PACK_OF.get(rule.pack, {"local", "guidance", "statutory"})
    assert rule.basis_text
    assert rule.basis_source
    assert rule.file.review_by
    assert rule.file.review_by > date(2026, 1, 1) + timedelta(days=180)


@each_rule
def test_a_rule_reads_tables_that_exist_and_knows_who_is_told_at_every_level(rule: Rule):
    assert rule.file.reads or rule.subject.answers_of  # what a rule reads of answers, those rules read
    assert set(rule.file.reads) <= TABLES.keys()
    assert rule.file.notify.keys() == {level.name for level in rule.levels}


def test_the_scorecard_of_a_team_holds_the_answers_of_exactly_the_rules_that_it_names():
    subject = shipped().subjects["team_scorecard"]
    [held] = re.findall(r"a\.rule IN \((.*?)\)", subject.sql)

    assert set(re.findall(r"'([A-Z]+-\d+)'", held)) == set(subject.answers_of)
    assert set(re.findall(r"'([A-Z]+-\d+)'", subject.sql)) == set(subject.answers_of)


@each_rule
def test_a_rules_words_use_nothing_a_mail_may_not_show_and_blame_nobody(rule: Rule):
    assert [name for name in rule.facts if rule.tiers[name].name == "detail"] == []
    assert not {"you", "failed", "failure", "died", "dead"} & set(f"{rule.says} {rule.clears}".lower().split())


PACKS = ["statutory", "practice", "workforce", "data_quality"]


def test_a_rules_own_name_for_a_shared_parameter_sets_the_shared_one_unless_that_is_set_itself():
    own = {
        "CLA-18": RuleSetting(params={"window_days": 60, "red_episodes": 2}),
        "repeat-contacts-without-referral": RuleSetting(params={"months": 4}),
    }
    book = load_rulebook(RULES, PACKS, Overrides(settings=own))

    assert book.faults == ()
    assert book.settings.params["missing_window_days"] == 60
    assert book.settings.params["repeat_contact_months"] == 4
    assert find_rule(book, "CLA-18").params["red_episodes"] == 2

    both = load_rulebook(RULES, PACKS, Overrides(settings=own, params={"missing_window_days": 30}))
    assert both.settings.params["missing_window_days"] == 30

    wrong = load_rulebook(RULES, PACKS, Overrides(settings={"CLA-18": RuleSetting(params={"window_days": "long"})}))
    assert [fault.problem for fault in wrong.faults] == [
        "`rules: settings: CLA-18:` window_days is a text, but stands for a number"
    ]
    assert wrong.settings.params["missing_window_days"] == 90


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("shared_params: {window_days: missing_window_dais}", "there is no shared parameter 'missing_window_dais'"),
        ("shared_params: [window_days]", "`shared_params` should have keys of its own"),
        ("off_without_all: [ext_contcat, ext_referral]", "there is no table 'ext_contcat'"),
    ],
)
def test_a_slip_in_a_name_of_another_file_costs_its_rule_and_no_other(tmp_path: Path, line: str, problem: str):
    shutil.copytree(RULES, tmp_path / "rules")
    path = tmp_path / "rules" / "statutory" / "missing-now.yaml"
    path.write_text(path.read_text("utf-8").replace("subject: child_missing\n", f"subject: child_missing\n{line}\n"), "utf-8")

    book = load_rulebook(tmp_path / "rules", PACKS, Overrides(settings={"CLA-09": RuleSetting(params={"window_days": 60})}))

    assert {rule.code for rule in shipped().rules} - {rule.code for rule in book.rules} == {"CLA-09"}
    assert any(problem in str(fault) for fault in book.faults), book.faults
    assert book.stopping == ()
