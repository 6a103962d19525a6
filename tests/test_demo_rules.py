"""The made-up council has what every rule looks for, and far more of what is well: whoever tries the product sees them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date

import pytest

from alerting.casedata.snapshot import Snapshot
from alerting.evaluation.evaluate import Answers, ask_rules
from alerting.model import About, Finding, Level, Outcome
from alerting.rulebook.rule import Rule
from alerting.sources.demo.town import Columns, Town, town
from tests.case_rows import shipped

START = date(2026, 3, 2)
LAST = date(2026, 3, 13)
DEMO = {"daily": (START, LAST), "weekly": (LAST,), "monthly": (START,)}
"""The days on which `alerting demo` runs a job; of the daily one's ten, the first and the last."""
EIGHT_WEEKS_BEFORE = date(2026, 1, 5)
NEVER_HERE = {
    "DQ-06": "every table of this council arrives each day, and is believed",
    "DQ-07": "this council has every table and column, so every rule is asked",
    "DQ-08": "every word of this council is one that is mapped; one that is not is a fault of each run, for its administrators",
}
"""Rules that find nothing at this council, and why: they are about data that is damaged."""
# Of every team; one that says no more than how it is, is as good as clear.
A_CARD_FOR_EVERYBODY = "WF-07"
RULES = [rule for rule in shipped().rules if rule.code not in NEVER_HERE]
# Of a whole service or council there are few: what is so of one on one day is not a part of many.
OF_MANY = [rule for rule in RULES if rule.about is not About.service]
ANOTHER, OF_THE_DEMO = 1, 7
"""Seeds of councils: that of `alerting demo` where none is given, and one of the others."""
pytestmark = pytest.mark.slow


def asked(tables: Mapping[str, Columns], snapshot: Snapshot) -> Answers:
    """Return what the rules answer of tables that a snapshot is filled with."""
    book = shipped()
    for name, table in tables.items():
        snapshot.fill(name, list(table), list(table.values()))
    snapshot.settle(book.wanted(book.rules))
    return ask_rules(book, snapshot, list(book.rules))


def tables(council: Town, as_of: date) -> dict[str, Columns]:
    return {name: council.table(name, as_of, columns) for name, columns in shipped().wanted(shipped().rules).items()}


def answers(seed: int) -> Mapping[date, Mapping[str, Counter[Outcome]]]:
    """Return how many answers of each kind every rule gives on each day, by its code."""
    council, given = town(3000, seed, START), {}
    for as_of in (EIGHT_WEEKS_BEFORE, START, LAST):
        with Snapshot(as_of, shipped().settings) as snapshot:
            found = asked(tables(council, as_of), snapshot)
            given[as_of] = {
                rule.code: Counter(said(rule, finding) for finding in found.findings(rule.id)) for rule in shipped().rules
            }
    return given


def said(rule: Rule, finding: Finding) -> Outcome:
    if rule.code == A_CARD_FOR_EVERYBODY and finding.level is Level.info:
        return Outcome.clear
    return finding.outcome


@pytest.mark.parametrize("seed", [OF_THE_DEMO, ANOTHER])
def test_each_of_the_87_rules_has_somebody_to_tell_of_and_somebody_who_is_clear(seed: int):
    given = answers(seed)

    assert len(RULES) + len(NEVER_HERE) == 87
    assert {rule.code for rule in RULES if not any(given[day][rule.code][Outcome.match] for day in DEMO[rule.file.job])} == set()
    # A figure of the whole council is one row: it is clear on another day than that on which it is told.
    assert {rule.code for rule in RULES if not any(day[rule.code][Outcome.clear] for day in given.values())} == set()
    in_all = {rule.code: sum((day[rule.code] for day in given.values()), Counter[Outcome]()) for rule in OF_MANY}
    assert {code for code, found in in_all.items() if found[Outcome.match] >= found.total() / 2} == set()
    assert {code for code in NEVER_HERE for day in given.values() if set(day[code]) != {Outcome.clear}} == set()


def test_the_seed_of_the_demo_is_the_one_that_it_has_where_none_is_given():
    from alerting.commands.demo import command

    assert {option.name: option.default for option in command.params}["seed"] == OF_THE_DEMO


def test_with_damaged_data_the_rules_about_the_data_itself_say_what_is_damaged():
    council = town(3000, OF_THE_DEMO, START)
    damaged = tables(council, START)
    # The contacts have stopped three weeks ago, nobody sends who was supervised, and a kind of placement is one that nobody knows.
    damaged["ssd_contacts"] = tables(council, date(2026, 2, 9))["ssd_contacts"]
    del damaged["ext_supervision"]
    kinds = damaged["ssd_cla_placement"]["clap_cla_placement_type"]
    damaged["ssd_cla_placement"]["clap_cla_placement_type"] = ["Lodge" if kind == "U6" else kind for kind in kinds]

    with Snapshot(START, shipped().settings) as snapshot:
        found = asked(damaged, snapshot)
        matches = {
            code: {finding.subject for finding in found.findings(rule.id) if finding.outcome is Outcome.match}
            for rule in shipped().rules
            if (code := rule.code) in NEVER_HERE
        }

    assert matches["DQ-06"] == {"ssd_contacts"}
    assert {"WF-03", "WF-10"} <= matches["DQ-07"]
    assert matches["DQ-08"] == {"ssd_cla_placement.clap_cla_placement_type"}
