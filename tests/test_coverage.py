"""What examples leave unshown, found by asking the engine and not by counting them."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerting.authoring.coverage import find_gaps
from alerting.authoring.examples import ExampleEngine, try_examples
from alerting.documents.document import load
from alerting.errors import Fault
from alerting.rulebook.book import Rulebook
from alerting.rulebook.rule import Rule
from tests.rule_folder import Folder

HEAD = """\
id: {id}
code: CL-70
title: Seen long ago
says: "{{{{ measure }}}} days"
clears: A visit is recorded.
owner: head of service
basis: {{kind: local, text: seen often}}
job: daily
subject: child
"""
DAYS = """\
measure: days_since(born_on)
unit: days
levels: {amber: measure > 10, red: measure > 20}
notify: {amber: [worker], red: [team_manager]}
"""
LIMITS = ("2026-03-21 none", "2026-03-20 amber", "2026-03-11 amber", "2026-03-10 red", "- unknown")


@pytest.fixture
def rules(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def example(born_on: str, gives: str, **row: object) -> str:
    cells = {"person_id": "P1", **({} if born_on == "-" else {"born_on": born_on}), **row}
    inside = ", ".join(f"{name}: {'null' if cell is None else cell}" for name, cell in cells.items())
    return f'  - {{says: "{born_on} {gives} {len(row)}", as_of: 2026-03-31, row: {{{inside}}}, gives: {gives}}}\n'


def gaps_of(book: Rulebook, rule: Rule, path: Path) -> list[Fault]:
    with ExampleEngine(book) as engine:
        return find_gaps(engine, rule, try_examples(engine, rule), load(path))


def unshown(rules: Folder, asks: str, *examples: str) -> list[str]:
    """Write a rule with these examples and give what they leave unshown."""
    rules.write("practice/seen.yaml", HEAD.format(id="seen") + asks + "examples:\n" + "".join(examples))
    book = rules.load()
    [rule] = [rule for rule in book.rules if rule.id == "seen"]
    path = rules.path / "practice" / "seen.yaml"
    return [fault.problem for fault in gaps_of(book, rule, path)]


def days(*texts: str) -> list[str]:
    return [example(*text.split()) for text in texts]


def test_both_sides_of_each_limit_and_a_missing_value_leave_nothing_unshown(rules):
    assert unshown(rules, DAYS, *days(*LIMITS)) == []


def test_a_rule_without_a_match_a_clear_or_one_of_its_levels_says_so(rules):
    assert unshown(rules, DAYS, *days("- unknown")) == ["no example gives amber", "no example gives red", "no example is clear"]


def test_examples_a_step_too_far_from_the_limit_do_not_show_it(rules):
    found = unshown(rules, DAYS, *days("2026-03-22 none", *LIMITS[1:]))

    assert found == ["no two examples stand on both sides of the limit of amber"]


def test_the_nearest_examples_are_named(rules):
    rules.write(
        "practice/seen.yaml", HEAD.format(id="seen") + DAYS + "examples:\n" + "".join(days("2026-03-22 none", *LIMITS[1:]))
    )
    book = rules.load()
    [rule] = [rule for rule in book.rules if rule.id == "seen"]

    [gap] = gaps_of(book, rule, rules.path / "practice" / "seen.yaml")

    assert "9 (none) and 11 (amber)" in gap.remedy
    assert gap.severity == "warning"
    assert gap.where
    assert gap.where.line == 14


def test_neighbours_that_differ_in_something_else_are_no_limit_where_that_decided(rules):
    asks = DAYS.replace("measure > 10", "measure > 10 or visits = 0")
    found = unshown(
        rules,
        asks,
        example("2026-03-25", "amber", visits=0),
        example("2026-03-26", "none", visits=5),
        *days("2026-03-10 red", "2026-03-11 amber", "- unknown"),
    )

    assert found == ["no two examples stand on both sides of the limit of amber"]


def test_neighbours_count_whatever_else_is_in_their_rows_where_the_measure_decided(rules):
    examples = [example("2026-03-21", "none", visits=1), example("2026-03-20", "amber", visits=9), *days(*LIMITS[2:])]

    assert unshown(rules, DAYS, *examples) == []


def test_a_rule_that_measures_nothing_has_rows_that_differ_in_one_column(rules):
    asks = "levels: {red: 'has(statuses, short_statuses)'}\nnotify: {red: [team_manager]}\n"
    red, clear = example("2020-01-01", "red", statuses="[V3]"), example("2020-01-01", "none", statuses="[C2]")

    assert unshown(rules, asks, red, clear) == []
    elsewhere = example("2019-01-01", "none", statuses="[C2]")
    assert unshown(rules, asks, red, elsewhere) == ["no two examples stand on both sides of the limit of red"]


def test_a_missing_value_is_asked_for_only_where_one_can_leave_the_rule_without_an_answer(rules):
    assert unshown(rules, DAYS, *days(*LIMITS[:4])) == ["no example shows what is said where the measure is missing"]

    asks = DAYS.replace("days_since(born_on)", "coalesce(visits, 0)")
    counts = [
        example("2020-01-01", gives, visits=visits) for visits, gives in ((10, "none"), (11, "amber"), (20, "amber"), (21, "red"))
    ]
    assert unshown(rules, asks, *counts) == []


def test_somebody_left_out_is_asked_for_where_the_rule_leaves_somebody_out(rules):
    asks = f"where: visits > 0\n{DAYS}"
    inside = [example(*text.split(), visits=1) for text in LIMITS]

    assert unshown(rules, asks, *inside) == ["no example is left out by `where`"]
    assert unshown(rules, asks, *inside, example("2026-03-20", "out", visits=0)) == []


def test_a_limit_in_working_days_has_neighbours_over_a_weekend(rules):
    asks = DAYS.replace("days_since", "working_days_since").replace("> 10", "> 4").replace("> 20", "> 9")
    # Fri 20 March: 7 working days; Mon 23 March: 6. The limits lie over a weekend.
    asks = asks.replace("> 4", "> 6").replace("> 9", "> 11")
    examples = days("2026-03-23 none", "2026-03-20 amber", "2026-03-16 amber", "2026-03-13 red", "- unknown")

    assert unshown(rules, asks, *examples) == []


def test_the_rows_of_a_team_differ_in_one_row(rules):
    asks = """\
per: team
measure: count(visits = 0)
levels: {amber: measure > 1}
notify: {amber: [team_manager]}
"""

    def team(gives: str, *visits: int) -> str:
        rows = ", ".join(f"{{person_id: P{n}, visits: {each}}}" for n, each in enumerate(visits))
        return f"  - {{says: {gives}, as_of: 2026-03-31, rows: [{rows}], gives: {gives}}}\n"

    assert unshown(rules, asks, team("none", 0, 5, 5), team("amber", 0, 0, 5)) == []
    assert unshown(rules, asks, team("none", 5, 5, 5), team("amber", 0, 0, 0)) == [
        "no two examples stand on both sides of the limit of amber"
    ]
