"""The shipped rules against the oracle: the same answers about everyone, in councils made to be misread.

A failure names its seed and the subjects about which the two differ; `council(seed)` makes it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from alerting.casedata.snapshot import Snapshot
from alerting.evaluation.evaluate import Answers
from alerting.model import Alert, Condition, Level, Outcome
from alerting.rulebook.book import Rulebook
from alerting.rulebook.file_models import Overrides, RuleSetting
from alerting.rulebook.rule import Rule
from tests.case_rows import load_shipped, shipped
from tests.oracle.cells import Table
from tests.oracle.councils import random_council
from tests.oracle.later import some_days_later
from tests.oracle.leaving import KNOWN_TO_LEAVE, has_left, may_have_left
from tests.oracle.rules import DEFAULTS, RULES, findings
from tests.oracle.told import TOLD
from tests.oracle.views import Views
from tests.twins import DATES, ask, differences, whole, with_twins

# What a table that is not trusted, a rule that fails and a column that is mostly empty come to is tried elsewhere.
ELSEWHERE = {("DQ-06", "match", "critical"), ("DQ-07", "match", "red"), ("DQ-07", "match", "amber")}
# Rules that use another's numbers, and not yet where a council sets its own.
OWN_NUMBERS: Mapping[str, dict[str, Any]] = {
    "AS-01": {"clock_from": "referral", "count_from": 1, "amber_wd": 20, "limit_wd": 40},
    "CP-03": {"visit_wd": 15, "amber_before_wd": 3, "count_from": 1, "cla_visit_counts": False},
    "CP-05": {"prebirth_review_wd": 20, "first_months": 4},
    "CP-08": {"grace_wd": 8},
    "CLA-01": {"visit_days": 30, "long_term_months": 2, "long_term_after_months": 6, "long_term_placements": ["U4", "K2"]},
    "CLA-02": {"first_wd": 15, "second_months": 2, "later_months": 5, "amber_before_days": 10},
    "CLA-03": {"exempt_entered_at_age": 12, "exclude_only_status": ["J1", "L1"], "amber_before_days": 60},
    "CL-01": {"exclude_touch": [], "exclude_accommodation": [], "max_age": 25, "red_days": 100},
    "WF-01": {"asye_factor": 0.8, "max_fte": 1.0},
    "DQ-02": {"not_listed_counts": False},
}
OWN_TABLES: Mapping[str, Any] = {"WF-01": {"thresholds": {"asye": (8, 9)}}}
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


def council(seed: int) -> tuple[dict[str, Table], date]:
    as_of = DATES[seed % len(DATES)]
    return random_council(Random(seed), as_of, people=200), as_of


def test_every_shipped_rule_has_a_twin():
    being_typed_in = {code for code in (rule.code for rule in shipped().rules) if code.startswith(("WF-", "DQ-"))}

    assert {rule.code for rule in shipped().rules} - set(RULES) - being_typed_in == set()


@pytest.mark.slow
def test_the_rules_answer_about_a_small_council_as_their_twins_do():
    assert differences(shipped(), *whole(1, people=40)) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_the_rules_answer_about_whole_councils_as_their_twins_do(seed):
    assert differences(shipped(), *whole(seed)) == []


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
    rules = {code: rule for code, rule in with_twins(book).items() if code in KNOWN_TO_LEAVE}
    with Snapshot(then, book.settings) as snapshot:
        live = {(alert.code, alert.subject): alert for alert in alerts_of(ask(book, snapshot, before, rules.values()), rules)}
    with Snapshot(as_of, book.settings) as snapshot:
        changes = ask(book, snapshot, after, rules.values()).compare(list(live.values()))
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
@pytest.mark.parametrize(("make", "seed"), ((council, 12), (council, 13), (council, 14), (whole, 12), (whole, 13)))
def test_the_rules_answer_as_the_oracle_does_where_a_council_sets_its_own_numbers(make, seed):
    tables, as_of = make(seed)
    own = {code: RuleSetting(params=params, tables=OWN_TABLES.get(code, {})) for code, params in OWN_NUMBERS.items()}
    book = load_shipped(Overrides(settings=own, params={"recording_lag_wd": 1, **OWN_SHARED}))
    lag = {code: {"recording_lag_wd": 1, **OWN_NUMBERS[code]} for code in ("CP-03", "CLA-01")}
    asye = {"WF-01": {"asye": (8, 9), "asye_factor": Fraction("0.8"), "max_fte": Fraction(1)}}

    assert book.faults == ()
    found = differences(book, tables, as_of, {**OWN_NUMBERS, **lag, **asye, "shared": OWN_SHARED})
    assert found == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("make", (council, whole))
def test_an_alert_is_closed_only_by_proof_and_always_by_it(seed, make):
    before, then = make(seed)
    as_of = then + timedelta(days=3)
    after = some_days_later(Random(seed), before, as_of)

    assert wrongly_left(shipped(), before, then, after, as_of) == []


@pytest.mark.slow
def test_the_councils_reach_every_answer_of_every_rule():
    answers = Counter(
        (code, answer.outcome, answer.level)
        for seed in range(24)
        for code, found in findings(*whole(seed)).items()
        for answer in found.values()
    )

    graded = {(code, "match", level) for code in RULES for level in TOLD[code].roles} - ELSEWHERE
    unknown = {(code, "unknown", None) for code in ("AS-01", "CLA-02", "CLA-03", "CLA-12", "CL-02", "CL-04")}
    expected = graded | unknown | {(code, "clear", None) for code in RULES if code != "WF-07"}
    assert {answer: answers[answer] for answer in expected if not answers[answer]} == {}


def test_rules_are_asked_when_the_definitions_say_and_told_to_whom():
    shipped_so = {code: (rule.file.job, notified(rule)) for code, rule in with_twins(shipped()).items()}

    assert shipped_so == {code: (TOLD[code].job, TOLD[code].roles) for code in shipped_so}


def notified(rule: Rule) -> dict[str, frozenset[str]]:
    return {str(level): frozenset(roles) for level, roles in rule.file.notify.items()}


def test_the_parameters_of_a_rule_are_those_of_the_definitions():
    found = [
        (code, name, rule.params[name], meant)
        for code, rule in with_twins(shipped()).items()
        for name, meant in DEFAULTS[code].items()
        if name in rule.params and not is_as_meant(rule.params[name], meant)
    ]

    assert found == []


def is_as_meant(value: object, meant: object) -> bool:
    """Return whether a parameter is what the definitions say; a share may be written in percent."""
    if isinstance(value, Mapping) and not isinstance(meant, Mapping):
        value = value["default"]
    as_percent = meant * 100 if isinstance(meant, Fraction) else meant
    return comparable_param(value) in (comparable_param(meant), comparable_param(as_percent))


def comparable_param(value: object) -> object:
    if isinstance(value, list | tuple):
        return tuple(value)
    return float(value) if isinstance(value, Fraction) else value
