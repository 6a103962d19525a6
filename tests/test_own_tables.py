"""The council's own tables in other words than ours, or half empty: who looks after the service reads which column, and how much."""

from __future__ import annotations

import pytest

from alerting.casedata.extension_checks import ALWAYS_THERE, WORDS
from alerting.casedata.snapshot import Snapshot
from alerting.casedata.trust import Past, Trust, judge
from tests.made_council import MONDAY
from tests.test_trust import SETTINGS


def judged(table: str, **columns: list[str | None]) -> Trust:
    """Judge one table of these columns."""
    with Snapshot(MONDAY, SETTINGS) as filled:
        filled.fill(table, list(columns), list(columns.values()))
        wanted = {table: frozenset(columns)}
        filled.settle(wanted)
        return judge(filled, wanted, Past())


def told(found: Trust) -> list[str]:
    return [problem.text for problem in found.told]


def test_each_word_that_a_column_may_hold_is_known_however_it_is_spaced():
    for table, columns in WORDS.items():
        for name, words in columns.items():
            assert told(judged(table, **{name: [word.upper() + " " for word in words]})) == []


@pytest.mark.parametrize(
    ("table", "column", "word"),
    [
        ("ext_team", "service", "QA"),
        ("ext_staff", "role", "Boss"),
        ("ext_visit_freq", "kind", "CIN"),
        ("ext_visit_freq", "regime", "19"),
    ],
)
def test_a_word_that_is_none_is_told_with_those_that_are(table, column, word):
    known = WORDS[table][column]
    [said] = told(judged(table, **{column: [known[0], word]}))

    assert said.startswith(f"{table}.{column} is none of {known[0]}")
    assert said.endswith("in 1 of 2 cells")
    assert judged(table, **{column: [known[0], word]}).problems == {}


@pytest.mark.slow
def test_a_column_that_nearly_every_row_has_and_many_have_not_is_told_at_any_size():
    for table, columns in ALWAYS_THERE.items():
        for name in columns:
            [cell, *_] = WORDS.get(table, {}).get(name, ("2026-03-01",))
            assert f"{table}.{name} is empty in 2 of 4 rows" in told(judged(table, **{name: [cell, None, cell, None]}))
            assert told(judged(table, **{name: [*[cell] * 9, None]})) == []
