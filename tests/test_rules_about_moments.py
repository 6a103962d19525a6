"""A rule over moments: its examples, its facts and what is told of it show London time, whatever the season."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from alerting.authoring.examples import try_all_examples
from alerting.casedata.snapshot import Snapshot
from alerting.evaluation.evaluate import ask_rules
from alerting.rulebook.book import Rulebook
from alerting.rulebook.lint import lint_rule
from tests.rule_folder import Folder

SUBJECT = """\
id: contact
title: Contact
says: Every contact
about: service
key: contact_id
team: team_id
columns:
  contact_id: {type: text, tier: reference, says: The contact}
  team_id: {type: text, tier: reference, says: The team}
  received: {type: moment, tier: reference, says: When it was received}
  known: {type: moment, tier: reference, says: What lies after this has not happened}
sql: |
  SELECT 'K1' AS contact_id, 'T1' AS team_id, from_london(TIMESTAMP '2026-03-30 06:59') AS received, from_london(TIMESTAMP '2026-03-31 07:00') AS known
"""
RULE = """\
id: contact-late
code: FD-01
title: Contact without a decision
says: Received on {{ received | day }}, {{ measure }} hours ago
clears: A decision is recorded.
owner: head of service
basis: {kind: local, text: within a working day}
job: daily
reads: [ext_team]
params: {red_hours: 24, amber_hours: 20}
subject: contact
where: received <= known
let: {clock: case when date_of(received) = date '2026-03-29' then 'elapsed' else 'working_days' end}
measure: clock_hours(received, known, clock)
unit: hours
levels: {amber: measure > amber_hours, red: measure > red_hours}
due: due_day(received, red_hours, clock)
notify: {amber: [team_manager], red: [team_manager]}
examples:
  - {says: 20 hours, as_of: 2026-03-31, row: {received: 2026-03-30 11:00, known: 2026-03-31 07:00}, gives: none, measure: 20}
  - {says: a minute more, as_of: 2026-03-31, row: {received: 2026-03-30 10:59, known: 2026-03-31 07:00}, gives: amber}
  - {says: over a weekend, as_of: 2026-03-31, row: {received: 2026-03-27 16:30, known: 2026-03-31 07:00}, gives: red, measure: 38.5, due: 2026-03-30}
  - {says: over the hour that March skips, as_of: 2026-03-30, row: {received: 2026-03-29 00:59, known: 2026-03-30 07:00}, gives: red}
"""


@pytest.fixture
def rules(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path)
    folder.write("subjects/contact.yaml", SUBJECT)
    folder.write("practice/contact-late.yaml", RULE)
    return folder


def loaded(rules: Folder) -> Rulebook:
    book = rules.load(packs=["practice"])
    assert book.faults == ()
    return book


def test_its_examples_are_asked_in_london_time(rules):
    book = loaded(rules)

    assert [one.wrong for one in try_all_examples(book.rules, book)] == [""] * 4


def test_why_an_example_fails_is_told_in_london_time(rules):
    rules.change("practice/contact-late.yaml", ("where: received <= known", "where: received < moment('2026-03-30 11:00')"))
    book = loaded(rules)

    assert "received is 2026-03-30 11:00" in try_all_examples(book.rules, book)[0].why


def test_a_moment_among_its_facts_is_that_of_london(rules):
    book = loaded(rules)
    with Snapshot(date(2026, 3, 31), book.settings) as snapshot:
        snapshot.settle({})
        [found] = ask_rules(book, snapshot, book.rules).findings("contact-late")

    assert found.facts == {"received": "2026-03-30T06:59"}
    assert found.measure == 24 + 1 / 60


def test_a_cell_of_an_example_that_is_no_moment_is_a_fault(rules):
    rules.change("practice/contact-late.yaml", ("received: 2026-03-30 11:00", "received: 2026-03-30"))
    book = loaded(rules)
    [rule] = (rule for rule in book.rules if rule.id == "contact-late")

    found = next(one for one in lint_rule(rule, book, date(2026, 3, 31)) if one.severity == "error")

    assert found.problem == "'received' is a moment, but this is not one"
    assert found.remedy == "Write the day and the time: 2026-03-31 07:00."


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"office_from": "9 o'clock"}, "`rules: params: office_from:` is no time of day"),
        ({"office_to": "08:00"}, "`rules: params: office_to:` is not later than office_from"),
        ({"front_door_clock": "working-days"}, "`rules: params: front_door_clock:` is no clock"),
    ],
)
def test_a_clock_that_cannot_be_counted_by_stops_the_council_and_not_only_a_rule(rules, params, problem):
    rules.change(
        "settings.yaml",
        ("  grace: null\n", '  grace: null\n  office_from: "09:00"\n  office_to: "17:00"\n  front_door_clock: elapsed\n'),
    )
    book = rules.load({"params": params})

    assert [fault.problem for fault in book.stopping] == [problem]
