"""The council's own tables in other words than ours, or half empty: who looks after the service reads which column, and how much."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from alerting.casedata.catalogue import TABLES, Settings
from alerting.casedata.extension_checks import ALWAYS_THERE, WORDS
from alerting.casedata.snapshot import Snapshot
from alerting.casedata.trust import Past, Trust, judge
from alerting.formatting import day
from tests.made_council import MONDAY
from tests.test_trust import SETTINGS


def judged(table: str, settings: Settings = SETTINGS, **columns: list[str | None]) -> Trust:
    """Judge one table of these columns."""
    with Snapshot(MONDAY, settings) as filled:
        filled.fill(table, list(columns), list(columns.values()))
        wanted = {table: frozenset(columns)}
        filled.settle(wanted)
        return judge(filled, wanted, Past())


KEPT = replace(SETTINGS, params={**SETTINGS.params, "hand_kept": {"ext_supervision.held_on": 10}})


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
            fits = "1.5" if TABLES[table].columns[name].kind == "number" else "2026-03-01"
            [cell, *_] = WORDS.get(table, {}).get(name, (fits,))
            assert f"{table}.{name} is empty in 2 of 4 rows" in told(judged(table, **{name: [cell, None, cell, None]}))
            assert told(judged(table, **{name: [*[cell] * 9, None]})) == []


def test_a_table_kept_by_hand_that_has_nothing_new_for_too_long_is_told_and_stops_nothing():
    long_ago, lately, ahead = ((MONDAY - timedelta(days=days)).isoformat() for days in (15, 14, -3))

    still = judged("ext_supervision", KEPT, kind=["staff"] * 2, held_on=[long_ago, ahead])

    [said] = told(still)
    assert said.startswith(
        f"ext_supervision.held_on has nothing newer than {day(date.fromisoformat(long_ago))}, 11 working days ago"
    )
    assert still.problems == {}
    assert told(judged("ext_supervision", KEPT, kind=["staff"], held_on=[lately])) == []
    assert told(judged("ext_supervision", kind=["staff"], held_on=[long_ago])) == []
