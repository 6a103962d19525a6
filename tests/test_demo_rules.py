"""The made-up council has what nearly every rule looks for, and far more of what is well: whoever tries the product sees them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache

import pytest

from alerting.casedata.snapshot import Snapshot
from alerting.evaluation.evaluate import ask_rules
from alerting.model import About, Finding, Level, Outcome
from alerting.rulebook.rule import Rule
from alerting.sources.demo.town import town
from tests.case_rows import shipped

# The first day, a Monday three weeks later, and one while contacts rise.
DAYS = (date(2026, 3, 2), date(2026, 3, 23), date(2026, 6, 8))
NEVER_HERE = {
    "DQ-06": "every table of this council arrives each day, and is believed",
    "DQ-07": "this council has every table and column, so every rule is asked",
    "DQ-08": "every word of this council is one that is mapped; one that is not is a fault of each run, for its administrators",
}
"""Rules that find nothing at this council, and why."""
# Of every team; one that says no more than how it is, is as good as clear.
A_CARD_FOR_EVERYBODY = "WF-07"
RULES = [rule for rule in shipped().rules if rule.code not in NEVER_HERE]
# Of a whole service or council there are few: what is so of one on one day is not a part of many.
OF_MANY = [rule for rule in RULES if rule.about is not About.service]
pytestmark = pytest.mark.slow


def by_code(rules: Sequence[Rule]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("rule", rules, ids=lambda rule: rule.code)


ANOTHER, OF_THE_DEMO = 1, 7
"""Seeds of councils: one that these rules were not looked at with, and that of `alerting demo` where none is given."""


@cache
def answers(seed: int = ANOTHER) -> Mapping[str, Counter[Outcome]]:
    """Return how many answers of each kind every rule gives on these days together, by its id."""
    book = shipped()
    given: dict[str, Counter[Outcome]] = {rule.id: Counter() for rule in book.rules}
    council = town(3000, seed, DAYS[0])
    for as_of in DAYS:
        with Snapshot(as_of, book.settings) as snapshot:
            wanted = book.wanted(book.rules)
            for name, columns in wanted.items():
                table = council.table(name, as_of, columns)
                snapshot.fill(name, list(table), list(table.values()))
            snapshot.settle(wanted)
            asked = ask_rules(book, snapshot, list(book.rules))
            for rule in book.rules:
                given[rule.id].update(said(rule, finding) for finding in asked.findings(rule.id))
    return given


def said(rule: Rule, finding: Finding) -> Outcome:
    if rule.code == A_CARD_FOR_EVERYBODY and finding.level is Level.info:
        return Outcome.clear
    return finding.outcome


@by_code(RULES)
def test_a_rule_has_somebody_to_tell_of_and_somebody_who_is_clear(rule: Rule):
    given = answers()[rule.id]

    assert given[Outcome.match]
    assert given[Outcome.clear]


@by_code(RULES)
def test_a_rule_has_somebody_to_tell_of_in_the_council_that_the_demo_shows(rule: Rule):
    assert answers(OF_THE_DEMO)[rule.id][Outcome.match]


def test_the_seed_of_the_demo_is_the_one_that_it_has_where_none_is_given():
    from alerting.commands.demo import command

    assert {option.name: option.default for option in command.params}["seed"] == OF_THE_DEMO


@by_code(OF_MANY)
def test_a_rule_matches_only_a_part_of_those_it_asks_about(rule: Rule):
    given = answers()[rule.id]

    assert given[Outcome.match] < given.total() / 2


@by_code([rule for rule in shipped().rules if rule.code in NEVER_HERE])
def test_a_rule_about_what_has_gone_wrong_with_the_data_itself_is_clear(rule: Rule):
    given = answers()[rule.id]

    assert given[Outcome.clear]
    assert set(given) == {Outcome.clear}, NEVER_HERE[rule.code]
