"""Rules about a team, a worker or a service: what they count, of whom, and what a team with nothing to count is."""

from __future__ import annotations

from datetime import date

import pytest

from alerting.authoring.examples import find_failing_examples
from alerting.casedata.catalogue import Settings
from alerting.casedata.snapshot import Snapshot
from alerting.errors import Faults
from alerting.evaluation.evaluate import ask_rules
from alerting.expressions.aggregates import AGGREGATES
from alerting.expressions.compile import Name, compile_expression
from alerting.model import Alert, Condition, Finding, Level, Outcome
from alerting.rulebook.book import Rulebook
from tests.rule_folder import Folder

DAY = date(2026, 3, 31)
SUBJECT = """\
id: child
title: Child
says: Everybody recorded
about: child
key: person_id
person: person_id
team: team_id
worker: worker_id
columns:
  person_id: {type: text, tier: reference, says: Case system number}
  team_id: {type: text, tier: detail, says: The team}
  worker_id: {type: text, tier: detail, says: The worker}
  seen_on: {type: date, tier: detail, says: Last seen}
  score: {type: number, tier: detail, says: A score}
sql: |
  SELECT pers_person_id AS person_id, pers_sex AS team_id, pers_ethnicity AS worker_id, pers_dob AS seen_on,
    length(pers_person_id) AS score FROM ssd_person
"""
RULE = """\
id: many-not-seen
code: CL-01
title: Many children not seen
says: "{{ measure | number }} of {{ rows }} children have not been seen"
clears: They are seen.
owner: head of service
basis: {kind: local, text: seen often}
job: daily
reads: [ssd_person]
params: {limit: 1, since_days: 28}
subject: child
per: team
measure: count(days_since(seen_on) > since_days)
unit: children
levels: {amber: measure > limit, red: measure > limit and rows < 3}
notify: {amber: [team_manager], red: [team_manager]}
examples:
  - says: two of three
    as_of: 2026-03-31
    rows: [{person_id: A, seen_on: 2026-01-01}, {person_id: B, seen_on: 2026-01-01}, {person_id: C, seen_on: 2026-03-30}]
    gives: amber
    measure: 2
  - says: one of two
    as_of: 2026-03-31
    rows: [{person_id: A, seen_on: 2026-01-01}, {person_id: B, seen_on: 2026-03-30}]
    gives: none
"""
OLD, NEW = "2026-01-01", "2026-03-30"
CHILDREN = [
    ("A", "T1", "W1", OLD), ("B", "T1", "W1", OLD), ("C", "T1", "W2", NEW),
    ("D", "T2", "W3", NEW), ("E", "T2", "W3", None), ("F", None, "W3", OLD),
]  # fmt: skip


@pytest.fixture
def rules(tmp_path):
    folder = Folder(tmp_path)
    (tmp_path / "practice/visits-few.yaml").unlink()
    folder.write("subjects/child.yaml", SUBJECT)
    folder.write("practice/many-not-seen.yaml", RULE)
    return folder


def ask(book: Rulebook, live: list[Alert] = [], teams: list[str] = ["T1", "T2", "T3"], service=str):  # noqa: B006
    assert [str(fault) for fault in book.faults] == []
    with Snapshot(DAY, book.settings) as snapshot:
        columns = ["pers_person_id", "pers_sex", "pers_ethnicity", "pers_dob"]
        snapshot.fill("ssd_person", columns, list(zip(*CHILDREN, strict=True)))
        services = {"T1": "help", "T2": "help", "T3": "care"}
        names, managers = [service(services[team]) for team in teams], ["S"] * len(teams)
        snapshot.fill("ext_team", ["team_id", "service", "service_manager_id"], [teams, names, managers])
        snapshot.settle({})
        evaluation = ask_rules(book, snapshot, book.rules)
        assert [asked.problem for asked in evaluation.asked.values()] == [None]
        [rule] = book.rules
        found = {finding.subject: finding for finding in evaluation.findings(rule.id)}
        return found, {finding.subject: finding for _, finding in evaluation.compare(live)}


def answers(found: dict[str, Finding]) -> dict[str, tuple[str, float | None]]:
    return {
        key: (finding.level.name if finding.level else finding.outcome.value, finding.measure) for key, finding in found.items()
    }


def test_each_team_is_asked_once_and_one_of_the_directory_with_nobody_is_clear(rules):
    found, _ = ask(rules.load())

    assert answers(found) == {"T1": ("amber", 2), "T2": ("clear", 0), "T3": ("clear", 0)}


def test_an_alert_about_a_team_is_the_teams_and_about_no_child(rules):
    book = rules.load()
    found, _ = ask(book)

    assert (found["T1"].team, found["T1"].worker, found["T1"].person, found["T1"].facts) == ("T1", None, None, {"rows": 3})
    assert (book.rules[0].subject_kind, book.rules[0].about_child) == ("team", False)


def test_a_share_is_of_those_of_whom_it_can_be_told_and_of_nobody_it_is_not_asked(rules):
    rules.change("practice/many-not-seen.yaml", ("count(days_since(seen_on) > since_days)", "share(days_since(seen_on) <= 28)"),
                 ("{amber: measure > limit, red: measure > limit and rows < 3}", "{amber: measure < 50}"))  # fmt: skip
    found, _ = ask(rules.load())

    assert answers(found) == {"T1": ("amber", pytest.approx(100 / 3)), "T2": ("clear", 100)}


def test_with_fewer_than_at_least_the_answer_is_unknown(rules):
    rules.change("practice/many-not-seen.yaml", ("per: team\n", "per: team\nat_least: 3\n"))
    found, _ = ask(rules.load())

    assert answers(found) == {"T1": ("amber", 2), "T2": ("unknown", 0), "T3": ("unknown", 0)}


def test_where_decides_who_is_counted_and_a_step_may_be_counted(rules):
    rules.change("practice/many-not-seen.yaml", ("measure: count(days_since(seen_on) > since_days)",
        "where: seen_on is not null\nlet: {late: days_since(seen_on) > since_days}\nmeasure: count(late) + 10 * count()"))  # fmt: skip
    found, _ = ask(rules.load())

    assert {key: measure for key, (_, measure) in answers(found).items()} == {"T1": 32, "T2": 10, "T3": 0}


def test_a_change_against_last_year_is_two_counts(rules):
    rules.change("practice/many-not-seen.yaml", ("count(days_since(seen_on) > since_days)",
        "percentage_change(count(seen_on < date '2026-02-01'), count(seen_on >= date '2026-02-01'))"))  # fmt: skip
    found, _ = ask(rules.load())

    assert found["T1"].measure == -50


def test_the_earliest_and_the_latest_of_dates_can_be_measured_from(rules):
    rules.change(
        "practice/many-not-seen.yaml", ("count(days_since(seen_on) > since_days)", "days_between(min(seen_on), max(seen_on))")
    )
    found, _ = ask(rules.load())

    assert answers(found) == {"T1": ("amber", 88), "T2": ("clear", 0)}


def test_per_worker_has_the_workers_team_and_per_service_all_its_teams_answer(rules):
    rules.change("practice/many-not-seen.yaml", ("per: team", "per: worker"), ("limit: 1", "limit: 0"))
    found, _ = ask(rules.load())
    assert {key: (finding.measure, finding.worker, finding.team) for key, finding in found.items()} == {
        "W1": (2, "W1", "T1"), "W2": (0, "W2", "T1"), "W3": (1, "W3", "T2"),
    }  # fmt: skip

    rules.change("practice/many-not-seen.yaml", ("per: worker", "per: service"))
    found, _ = ask(rules.load())
    assert {key: (finding.measure, finding.team, finding.service) for key, finding in found.items()} == {
        "help": (2, None, "help"), "care": (0, None, "care"),
    }  # fmt: skip


def test_a_service_is_one_whatever_its_case_and_a_team_that_is_listed_twice_counts_once(rules):
    rules.change("practice/many-not-seen.yaml", ("per: team", "per: service"))
    found, _ = ask(rules.load(), teams=["T1", "T1", "T2", "T3"], service=str.upper)

    assert answers(found) == {"help": ("amber", 2), "care": ("clear", 0)}


def test_a_sum_of_nobody_is_0_so_that_an_alert_clears_when_a_teams_last_case_does(rules):
    rules.change("practice/many-not-seen.yaml", ("count(days_since(seen_on) > since_days)", "sum(score)"))
    found, _ = ask(rules.load())

    assert answers(found) == {"T1": ("amber", 3), "T2": ("red", 2), "T3": ("clear", 0)}


@pytest.mark.parametrize(("per", "table"), [("team", "ext_team"), ("service", "ext_team"), ("worker", "ext_staff")])
def test_half_a_directory_is_no_directory_so_such_a_rule_waits_for_it(rules, per, table):
    rules.change("practice/many-not-seen.yaml", ("per: team", f"per: {per}"))

    assert table in rules.load().rules[0].reads


def live(subject: str) -> Alert:
    return Alert(id=1, ref="A-2", rule="many-not-seen", code="CL-01", subject_kind="team", subject=subject, episode=1,
                 condition=Condition.firing, level=Level.amber, first_seen=DAY, level_since=DAY, team=subject)  # fmt: skip


def test_a_team_that_the_directory_no_longer_has_has_left_and_with_no_directory_nobody_knows(rules):
    _, changes = ask(rules.load(), [live("T9")])
    assert (changes["T9"].outcome, changes["T9"].left) == (Outcome.absent, "team no longer in the directory")

    _, changes = ask(rules.load(), [live("T9")], teams=[])
    assert (changes["T9"].outcome, changes["T9"].left) == (Outcome.absent, None)


def test_examples_are_the_rows_of_one_team(rules):
    book = rules.load()

    assert find_failing_examples(book.rules, book) == []
    rules.change("practice/many-not-seen.yaml", ("gives: amber", "gives: red"))
    book = rules.load()
    assert find_failing_examples(book.rules, book) == ["many-not-seen: two of three: gave amber, not red"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("measure: count(days_since(seen_on) > since_days)", "measure: days_since(seen_on)"),
         "'seen_on' is of one subject, and this is asked of many"),
        (("measure: count(days_since(seen_on) > since_days)", "measure: count(avg(score) > 1)"), "avg() stands inside count()"),
        (("measure: count(days_since(seen_on) > since_days)", "measure: count(max(person_id) = 'A')"), "max() stands inside count()"),
        (("measure: count(days_since(seen_on) > since_days)", "measure: max(score, 1)"), "max() takes 1 value, but here are 2"),
        (("measure: count(days_since(seen_on) > since_days)", "measure: max(person_id)"), "max() needs a number or a date, but this is a text"),
        (("measure: count(days_since(seen_on) > since_days)", "measure: avg(person_id)"), "avg() needs a number, but this is a text"),
        (("{amber: measure > limit,", "{amber: score > limit,"), "'score' is of one subject, and this is asked of many"),
        (("{amber: measure > limit,", "{amber: 'count() > limit',"), "count() cannot stand here"),
        (("per: team\n", ""), "count() cannot stand here"),
        (("measure: count(days_since(seen_on) > since_days)\n", ""), "a rule with `per` needs a measure"),
    ],
)  # fmt: skip
def test_what_is_of_one_subject_and_what_is_of_many_are_kept_apart(rules, change, problem):
    rules.change("practice/many-not-seen.yaml", change)

    found = [fault for fault in rules.load().faults if problem in fault.problem]

    assert found
    assert found[0].remedy or "() needs" in problem
    assert found[0].where
    assert found[0].where.line


@pytest.mark.parametrize("aggregate", AGGREGATES.values(), ids=AGGREGATES)
def test_the_example_of_every_aggregate_compiles(aggregate):
    names = {
        "last_seen": Name(type="date", sql="s.last_seen", row=True),
        "worker_id": Name(type="text", sql="s.worker_id", row=True),
        "open_cases": Name(type="number", sql="s.open_cases", row=True),
    }

    compiled = compile_expression(aggregate.example, names, aggregate.gives, over="many")

    assert not isinstance(compiled, (list, Faults))


def test_a_sum_is_the_same_to_the_last_digit_in_whatever_order_its_parts_are_added():
    asked = AGGREGATES["sum"].sql.format("part", rows="true")
    with Snapshot(DAY, Settings(params={}, codes={}, bank_holidays=frozenset())) as snapshot:
        sums = {
            snapshot.sql(f"SELECT {asked} FROM (VALUES {', '.join(f'({part})' for part in parts)}) AS parts(part)")[0][0]
            for parts in ([0.1, 0.2, 0.3], [0.3, 0.2, 0.1], [0.2, 0.3, 0.1])
        }

    assert sums == {0.6}
