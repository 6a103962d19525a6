"""The shipped rules against the oracle: the same answers about everyone, in councils made to be misread.

A failure names its seed and the subjects about which the two differ; `council(seed)` makes it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from alerting.casedata.catalogue import TABLES
from alerting.casedata.snapshot import Snapshot
from alerting.evaluation.evaluate import Answers, ask_rules
from alerting.model import Alert, Condition, Finding, Level, Outcome
from alerting.rulebook.book import Rulebook
from alerting.rulebook.file_models import Overrides, RuleSetting
from alerting.rulebook.rule import Rule
from tests.case_rows import load_shipped, shipped
from tests.oracle.answers import Answer
from tests.oracle.cells import Table
from tests.oracle.councils import random_council
from tests.oracle.later import some_days_later
from tests.oracle.leaving import has_left, may_have_left
from tests.oracle.rules import RULES, findings
from tests.oracle.views import Views

# A Tuesday at a month's end, the day after Easter Monday, leap days, a Sunday, a bank holiday, the ends of a year.
DATES = (
    date(2026, 3, 31),
    date(2026, 4, 7),
    date(2024, 2, 29),
    date(2025, 12, 31),
    date(2026, 5, 31),
    date(2027, 3, 1),
    date(2025, 8, 25),
    date(2028, 2, 29),
)
WORKERS_RULES = ("WF-01", "DQ-02")
LEVELS = {"CP-08": ("critical",), "DQ-02": ("red",)}
OWN_NUMBERS: Mapping[str, dict[str, Any]] = {
    "AS-01": {"clock_from": "referral", "count_from": 1, "amber_wd": 20, "limit_wd": 40},
    "CP-03": {"visit_wd": 15, "amber_before_wd": 3, "count_from": 1, "cla_visit_counts": False},
    "CP-05": {"prebirth_review_wd": 20, "first_months": 4},
    "CP-08": {"grace_wd": 8},
    "CLA-01": {"visit_days": 30, "long_term_months": 2, "long_term_after_months": 6, "long_term_placements": ["U4", "K2"]},
    "CLA-02": {"first_wd": 15, "second_months": 2, "later_months": 5, "amber_before_days": 10},
    "CLA-03": {"exempt_entered_at_age": 12, "exclude_only_status": ["J1", "L1"], "amber_before_days": 60},
    "CL-01": {"exclude_touch": [], "exclude_accommodation": [], "max_age": 25, "red_days": 100},
    "WF-01": {"asye_amber": 8, "asye_red": 9, "asye_factor": 0.8, "max_fte": 1.0},
    "DQ-02": {"not_listed_counts": False},
}
OWN_SHARED: Mapping[str, Any] = {
    "pseudo_worker_ids": ["W1", "007"],
    "pseudo_worker_words": ["neil", "duty"],
    "temporary_placements": ["T0"],
    "care_leaver_ages": [16, 21],
    "declined_counts_until_age": 18,
    "allocated_roles": ["Allocated Case Worker", "iro"],
    "short_break_statuses": ["V4", "J1"],
    "full_care_statuses": ["C1"],
}


def rules_of(book: Rulebook) -> dict[str, Rule]:
    return {rule.code: rule for rule in book.rules if rule.code in RULES}


def council(seed: int) -> tuple[dict[str, Table], date]:
    as_of = DATES[seed % len(DATES)]
    return random_council(Random(seed), as_of, people=200), as_of


def fill(snapshot: Snapshot, tables: Mapping[str, Table]) -> None:
    for name, rows in tables.items():
        columns = list(TABLES[name].columns)
        snapshot.fill(name, columns, [[row.get(column) for row in rows] for column in columns])


def ask(book: Rulebook, snapshot: Snapshot, tables: Mapping[str, Table]) -> Answers:
    rules = list(rules_of(book).values())
    fill(snapshot, tables)
    snapshot.settle(book.wanted(rules))
    evaluation = ask_rules(book, snapshot, rules)
    assert {asked.code: asked.problem for asked in evaluation.asked.values() if asked.status != "ok"} == {}
    return evaluation


def comparable(finding: Finding | Answer, code: str) -> tuple[object, ...]:
    """Return what the definitions decide of an answer. Due, and who joins in, only of a level: nobody is told of the others."""
    level = finding.level if isinstance(finding, Answer) else finding.level.name if finding.level else None
    told = (finding.due, frozenset(finding.also)) if level else ()
    measure = None if finding.outcome == Outcome.unknown else finding.measure
    people = () if code in WORKERS_RULES else (finding.worker, finding.adviser if code == "CL-01" else None)
    return (str(finding.outcome), level, measure, finding.team, *people, *told)


def differences(
    book: Rulebook, tables: Mapping[str, Table], as_of: date, params: Mapping[str, Mapping[str, object]]
) -> list[str]:
    expected = findings(tables, as_of, params)
    with Snapshot(as_of, book.settings) as snapshot:
        evaluation = ask(book, snapshot, tables)
        given = {code: {f.subject: f for f in evaluation.findings(rule.id)} for code, rule in rules_of(book).items()}
    found = []
    for code, answers in given.items():
        for subject in sorted(answers.keys() | expected[code].keys()):
            ours = comparable(answers[subject], code) if subject in answers else "not in the population"
            theirs = comparable(expected[code][subject], code) if subject in expected[code] else "not in the population"
            if ours != theirs:
                found.append(f"{code} {subject!r}: rules {ours}, oracle {theirs}")
    return found


def test_every_rule_of_the_oracle_is_shipped():
    assert set(rules_of(shipped())) == set(RULES)


def alerts_of(evaluation: Answers, rules: Mapping[str, Rule]) -> list[Alert]:
    """Return a live alert for everyone in each rule's population, as a run that matched them would have left it."""
    found = [(rule, finding) for rule in rules.values() for finding in evaluation.findings(rule.id)]
    return [
        Alert(
            id=number,
            ref=f"A-{number}",
            rule=rule.id,
            code=rule.code,
            subject_kind=rule.subject.about,
            subject=finding.subject,
            episode=1,
            condition=Condition.firing,
            level=Level.amber,
            first_seen=date(2020, 1, 1),
            level_since=date(2020, 1, 1),
            person=finding.person,
            member=finding.member,
        )
        for number, (rule, finding) in enumerate(found, 1)
    ]


def wrongly_left(book: Rulebook, before: Mapping[str, Table], then: date, after: Mapping[str, Table], as_of: date) -> list[str]:
    """Return the alerts closed without the proof that the definitions ask for, or not closed in spite of it."""
    rules = rules_of(book)
    with Snapshot(then, book.settings) as snapshot:
        live = {(alert.code, alert.subject): alert for alert in alerts_of(ask(book, snapshot, before), rules)}
    with Snapshot(as_of, book.settings) as snapshot:
        changes = ask(book, snapshot, after).compare(list(live.values()))
    views = Views(after, as_of)
    codes = {rule.id: rule.code for rule in rules.values()}
    found = []
    for finding in (finding for _, finding in changes if finding.outcome == Outcome.absent):
        alert = live[codes[finding.rule], finding.subject]
        about = (views, alert.code, alert.subject, alert.member, alert.person)
        if finding.left and not may_have_left(*about):
            found.append(f"{alert.code} {alert.subject!r} (row {alert.member!r}) left as {finding.left!r}: nothing proves it")
        if not finding.left and has_left(*about):
            found.append(f"{alert.code} {alert.subject!r} (row {alert.member!r}) is held, and the data proves that it left")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_the_rules_answer_as_the_oracle_does(seed):
    tables, as_of = council(seed)

    assert differences(shipped(), tables, as_of, {}) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12, 15))
def test_the_rules_answer_as_the_oracle_does_where_a_council_sets_its_own_numbers(seed):
    tables, as_of = council(seed)
    own = {code: RuleSetting(params=params) for code, params in OWN_NUMBERS.items()}
    book = load_shipped(Overrides(settings=own, params={"recording_lag_wd": 1, **OWN_SHARED}))
    lag = {code: {"recording_lag_wd": 1, **OWN_NUMBERS[code]} for code in ("CP-03", "CLA-01")}
    asye = {"WF-01": {"asye": (8, 9), "asye_factor": Fraction("0.8"), "max_fte": Fraction(1)}}

    assert book.faults == ()
    assert differences(book, tables, as_of, {**OWN_NUMBERS, **lag, **asye, "shared": OWN_SHARED}) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_an_alert_is_closed_only_by_proof_and_always_by_it(seed):
    before, then = council(seed)
    as_of = then + timedelta(days=3)
    after = some_days_later(Random(seed), before, as_of)

    assert wrongly_left(shipped(), before, then, after, as_of) == []


@pytest.mark.slow
def test_the_councils_reach_every_answer_of_every_rule():
    answers = {
        (rule, answer.outcome, answer.level)
        for seed in range(8)
        for rule, found in findings(*council(seed)).items()
        for answer in found.values()
    }

    graded = {(rule, level) for rule in RULES for level in LEVELS.get(rule, ("amber", "red"))}
    assert answers >= {(rule, "match", level) for rule, level in graded} | {(rule, "clear", None) for rule in RULES}
    assert answers >= {(rule, "unknown", None) for rule in ("AS-01", "CLA-02", "CLA-03")}
