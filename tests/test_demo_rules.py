"""The made-up council has what every rule looks for, and far more of what is well: whoever tries the product sees each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from functools import cache

import pytest

from alerting.casedata.snapshot import Snapshot
from alerting.evaluation.evaluate import ask_rules
from alerting.model import Outcome
from alerting.rulebook.rule import Rule
from alerting.sources.demo.town import town
from tests.case_rows import shipped

# The first day, a Monday three weeks later, and one while contacts rise.
DAYS = (date(2026, 3, 2), date(2026, 3, 23), date(2026, 6, 8))
each_rule = pytest.mark.parametrize("rule", shipped().rules, ids=lambda rule: rule.code)
pytestmark = pytest.mark.slow


@cache
def answers() -> Mapping[str, Counter[Outcome]]:
    """Return how many answers of each kind every rule gives on these days together, by its id."""
    book = shipped()
    given: dict[str, Counter[Outcome]] = {rule.id: Counter() for rule in book.rules}
    council = town(3000, 1, DAYS[0])
    for as_of in DAYS:
        with Snapshot(as_of, book.settings) as snapshot:
            wanted = book.wanted(book.rules)
            for name, columns in wanted.items():
                table = council.table(name, as_of, columns)
                snapshot.fill(name, list(table), list(table.values()))
            snapshot.settle(wanted)
            asked = ask_rules(book, snapshot, list(book.rules))
            for rule in book.rules:
                given[rule.id].update(finding.outcome for finding in asked.findings(rule.id))
    return given


@each_rule
def test_a_rule_has_somebody_to_tell_of_and_somebody_who_is_clear(rule: Rule):
    given = answers()[rule.id]

    assert given[Outcome.match]
    assert given[Outcome.clear]


@each_rule
def test_a_rule_matches_only_a_part_of_those_it_asks_about(rule: Rule):
    given = answers()[rule.id]

    assert given[Outcome.match] < given.total() / 2
