"""A rule's examples: each alone, and of one that is not lived up to, why the rule said otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerting.authoring.examples import try_all_examples
from tests.rule_folder import Folder

EXAMPLE = "examples:\n  - {{says: it, as_of: 2026-03-31, row: {{person_id: P1, {row}}}, {wanted}}}\n"


@pytest.fixture
def rules(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def tried(rules: Folder, row: str, wanted: str) -> tuple[str, str]:
    """Return what was wrong and why, of an example of the small rule: amber below 3 visits, red below 1 for a child."""
    text = (rules.path / "practice/visits-few.yaml").read_text("utf-8").partition("examples:")[0]
    rules.write("practice/visits-few.yaml", text + EXAMPLE.format(row=row, wanted=wanted))
    book = rules.load()
    assert book.faults == ()
    [one] = try_all_examples(book.rules, book)
    return one.wrong, one.why


CHILD = "born_on: 2015-01-01"


@pytest.mark.parametrize(
    ("row", "wanted", "wrong", "why"),
    [
        (f"{CHILD}, visits: 0", "gives: red", "", ""),
        (
            f"{CHILD}, visits: 1",
            "gives: red",
            "gave amber, not red",
            "`red` is false: measure < red_visits (measure is 1, red_visits is 1)",
        ),
        (
            "born_on: 2000-01-01, visits: 0",
            "gives: red",
            "gave out, not red",
            "`where` is false: age_on(born_on, today()) < adult_age (age_on(born_on, today()) is 26, adult_age is 18)",
        ),
        (
            f"{CHILD}, visits: 2",
            "gives: none",
            "gave amber, not none",
            "`amber` is true: measure < 3 (measure is 2)",
        ),
        (
            CHILD,
            "gives: amber",
            "gave unknown, not amber",
            "`amber` is neither true nor false: measure < 3 (measure is missing, visits is missing)",
        ),
        (f"{CHILD}, visits: 0", "gives: red, measure: 1", "measured 0, not 1", "`measure` is visits (visits is 0)"),
        (
            f"{CHILD}, visits: 0",
            "gives: red, due: 2015-01-09",
            "was due 2015-01-08, not 2015-01-09",
            "`due` is add_days(born_on, 7) (born_on is 2015-01-01)",
        ),
        (
            f"{CHILD}, visits: 0, statuses: [C2]",
            "gives: red, also: [service_manager]",
            "was told to nobody as well, not to service_manager",
            "`also: service_manager` is false: has(statuses, short_statuses) (statuses is [C2], short_statuses is [V3, V4])",
        ),
    ],
)
def test_what_came_otherwise_is_said_with_the_part_that_decided_and_the_values_it_saw(rules, row, wanted, wrong, why):
    assert tried(rules, row, wanted) == (wrong, why)


def test_a_row_that_cannot_be_read_is_the_fault_of_its_example_alone(rules):
    text = (rules.path / "practice/visits-few.yaml").read_text("utf-8")
    good = f"  - {{says: good, as_of: 2026-03-31, row: {{{CHILD}, visits: 0}}, gives: red}}\n"
    bad = "  - {says: bad, as_of: 2026-03-31, row: {born_on: in spring, visits: 0}, gives: red}\n"
    rules.write("practice/visits-few.yaml", f"{text}examples:\n{good}{bad}")
    book = rules.load()

    found = {one.example.says: one.wrong for one in try_all_examples(book.rules, book)}

    assert found["good"] == ""
    assert found["bad"].startswith("it cannot be asked")
    assert "spring" not in found["bad"]


def test_examples_do_not_touch_each_other_even_with_one_key(rules):
    text = (rules.path / "practice/visits-few.yaml").read_text("utf-8")
    same = [
        f"  - {{says: {n}, as_of: 2026-03-31, row: {{person_id: P1, {CHILD}, visits: {n}}}, gives: {gives}}}\n"
        for n, gives in ((0, "red"), (1, "amber"), (2, "amber"), (3, "none"))
    ]
    rules.write("practice/visits-few.yaml", f"{text}examples:\n{''.join(same)}")
    book = rules.load()

    assert [one.wrong for one in try_all_examples(book.rules, book)] == [""] * 4


def test_a_rule_that_looks_at_the_key_sees_the_key_of_the_example(rules):
    rules.change("practice/visits-few.yaml", ("where: age_on(born_on, today()) < adult_age", "where: person_id <> 'P1'"))

    assert tried(rules, f"{CHILD}, visits: 0", "gives: out") == ("", "")


def test_each_example_is_asked_as_of_its_own_day(rules):
    text = (rules.path / "practice/visits-few.yaml").read_text("utf-8")
    days = [
        f"  - {{says: d, as_of: {day}, row: {{person_id: P1, born_on: 2008-03-31, visits: 0}}, gives: {gives}}}\n"
        for day, gives in (("2026-03-30", "red"), ("2026-03-31", "out"))
    ]
    rules.write("practice/visits-few.yaml", f"{text}examples:\n{''.join(days)}")
    book = rules.load()

    assert [one.wrong for one in try_all_examples(book.rules, book)] == ["", ""]
