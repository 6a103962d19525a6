"""Rules that read what other rules answered, how asking them went, and which data is believed: after those, whatever their job.

Of the folder's rule `visits-few` (CL-01, amber: fewer than 3 visits) everybody has 2; somebody without a birthday is unknown to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from alerting.casedata.restricted_list import RestrictedList
from alerting.casedata.snapshot import Snapshot
from alerting.casedata.trust import Trust
from alerting.evaluation.dry_run import check_book
from alerting.evaluation.evaluate import Answers, ask_rules
from alerting.rulebook.book import Rulebook
from alerting.rulebook.lint import lint_rule
from alerting.rulebook.rule import Rule
from tests.made_council import MONDAY
from tests.office import Office
from tests.rule_folder import Folder, ids

TODAY = date(2026, 3, 31)
SUBJECT = """\
id: {id}
title: What is said
says: One row each
about: {about}
key: key
service: service
answers_of: {answers_of}
columns:
  key: {{type: text, tier: reference, says: It}}
  service: {{type: text, tier: reference, says: Who answers}}
  count: {{type: number, tier: reference, says: How many}}
  words: {{type: text, tier: reference, says: What is said}}
sql: "{sql}"
"""
RULE = """\
id: {id}
code: {code}
title: What is said
says: "{{{{ words }}}}"
clears: It is not.
owner: head of service
basis: {{kind: local, text: looked at}}
job: {job}
subject: {id}
measure: count
levels: {{amber: measure is null or measure >= 0}}
notify: {{amber: [performance]}}
"""


@pytest.fixture
def rules(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def second(
    rules: Path,
    sql: str,
    *,
    id_: str = "said",
    code: str = "DQ-01",
    about: str = "team",
    answers_of: str = "all",
    job: str = "daily",
    pack: str = "practice",
) -> None:
    """Write a subject over the tables of the run, and a rule that asks each of its rows for its count."""
    (rules / "subjects" / f"{id_}.yaml").write_text(SUBJECT.format(id=id_, about=about, answers_of=answers_of, sql=sql), "utf-8")
    (rules / pack / f"{id_}.yaml").write_text(RULE.format(id=id_, code=code, job=job), "utf-8")


def ask(book: Rulebook, rules: Sequence[Rule], withheld: Mapping[str, str] | None = None, trust: Trust | None = None) -> Answers:
    """Ask rules of three people, one of whom has no birthday, and return what they answered once the engine is closed."""
    with Snapshot(TODAY, book.settings) as snapshot:
        snapshot.fill("ssd_person", ["pers_person_id", "pers_dob"], [["P1", "P2", "P3"], ["2010-05-01", "2012-01-01", None]])
        snapshot.settle(book.wanted(rules))
        answers = ask_rules(book, snapshot, rules, withheld, trust)
        found = {rule.id: answers.findings(rule.id) for rule in book.rules}
    answers.findings = found.__getitem__  # type: ignore[method-assign]
    return answers


def said(answers: Answers, rule: str = "said") -> dict[str, tuple[float | None, Any]]:
    assert [one.problem for one in answers.asked.values() if one.id == rule] == [None]
    return {finding.subject: (finding.measure, finding.facts.get("words")) for finding in answers.findings(rule)}


def rule_of(book: Rulebook, id_: str) -> Rule:
    return next(rule for rule in book.rules if rule.id == id_)


BY_RULE = (
    "SELECT rule AS key, 'performance' AS service, count(*) AS count, "
    "string_agg(concat_ws(' ', outcome, level, seriousness), ', ' ORDER BY subject) AS words FROM run_answer GROUP BY rule"
)
BY_STATUS = "SELECT rule AS key, 'performance' AS service, coalesce(filled, population) AS count, status AS words FROM run_rule"
BY_TABLE = "SELECT table_name AS key, 'performance' AS service, rows AS count, concat(is_supplied, ' ', is_trusted) AS words FROM run_table"


def test_a_rule_reads_what_another_answered_which_is_forgotten_where_it_was_only_asked_for_that(rules: Folder) -> None:
    second(rules.path, BY_RULE, answers_of="[CL-01]")
    book = rules.load()
    assert check_book(book) == []
    answers = ask(book, [rule_of(book, "said")])

    assert said(answers) == {"CL-01": (3, "match amber 2, match amber 2, unknown 0")}
    assert (list(answers.asked), list(answers.rules)) == (["said"], ["said"])
    assert answers.findings("visits-few") == []

    both = ask(book, book.rules)
    assert len(both.findings("visits-few")) == 3, "what the job asks for itself stays"


def test_how_asking_went_is_known_of_all_rules_whatever_their_job(rules: Folder) -> None:
    rules.rule("practice/monthly-one.yaml", ("job: daily", "job: monthly"))
    rules.rule("practice/fails.yaml", ("measure: visits", "measure: visits / 0"))
    rules.write("practice/broken.yaml", "id: broken\ncode: CL-90\njob: weekly\n")
    second(rules.path, BY_STATUS, about="rule")
    book = rules.load()
    answers = ask(book, [rule_of(book, "said")], {"visits-few": "its data is not trusted"})

    assert {rule: words for rule, (_, words) in said(answers).items()}["CL-01"] == "withheld"
    assert {words for _, words in said(answers).values()} >= {"ok", "withheld", "error"}
    assert said(answers)["CL-90"] == (0, "error")


def test_where_too_few_have_a_value_the_lowest_share_is_known(rules: Folder) -> None:
    rules.change("settings.yaml", ("min_fill_at_least: 30", "min_fill_at_least: 1"))
    second(rules.path, BY_STATUS, about="rule")
    book = rules.load()

    assert said(ask(book, [rule_of(book, "said")])) == {"CL-01": (pytest.approx(200 / 3), "off"), "DQ-01": (0, "ok")}


def test_which_table_is_believed_is_said_of_a_table_that_is_not(rules: Folder) -> None:
    second(rules.path, BY_TABLE, about="table")
    book = rules.load()
    trust = Trust(problems={"ssd_person.pers_dob": "is empty"}, rows={}, loaded_at=None, restricted=RestrictedList())
    rule = rule_of(book, "said")

    assert rule.reads == frozenset()
    assert said(ask(book, [rule], None, trust)) == {"ssd_person": (3, "true false"), "ext_restricted": (None, "false true")}


def test_each_is_asked_after_those_it_reads_and_of_those_that_read_all_none_reads_another(rules: Folder) -> None:
    second(rules.path, BY_RULE, id_="early", code="DQ-05", answers_of="[DQ-02]")
    second(rules.path, BY_RULE, id_="last", code="DQ-02", answers_of="[CL-01]")
    second(rules.path, BY_RULE, id_="everything", code="DQ-03")
    second(rules.path, BY_RULE, id_="other", code="DQ-04")
    book = rules.load()

    order = [rule.id for rule in book.in_order(book.rules)]
    assert order.index("visits-few") < order.index("last") < order.index("early") < order.index("everything")
    assert set(said(ask(book, book.rules), "everything")) == {"CL-01", "DQ-02", "DQ-05"}
    assert "ssd_person" in book.wanted([rule_of(book, "everything")])


def test_of_whom_a_child_s_rule_answered_nothing_else_may_tell(rules: Folder) -> None:
    second(rules.path, "SELECT person_id AS key, 'performance' AS service, 1 AS count, level AS words FROM run_answer")

    assert any("'key' names a child" in fault for fault in rules.faults())
    assert ids(rules.load()) == ["visits-few"]


def test_what_reads_the_run_says_of_which_rules_and_no_view_does(rules: Folder) -> None:
    second(rules.path, BY_TABLE)
    rules.change("subjects/said.yaml", ("answers_of: all\n", ""))
    rules.write("subjects/_views/v_answers.sql", "SELECT * FROM run_answer")
    faults = rules.faults()

    assert any("its SQL reads run_table, and it does not say of which rules" in fault for fault in faults)
    assert any("there is no table or view 'run_answer'" in fault for fault in faults)


def test_rules_that_are_not_in_use_are_told(rules: Folder) -> None:
    second(rules.path, BY_RULE, answers_of="[CL-01, XX-99]")
    book = rules.load()

    assert ["XX-99" in finding.problem for finding in lint_rule(rule_of(book, "said"), book, TODAY)] == [True]


@pytest.mark.slow
def test_in_a_monthly_run_a_daily_rule_is_asked_for_another_and_opens_no_alert(tmp_path: Path) -> None:
    office = Office(tmp_path)
    folder = office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    second(folder, BY_RULE, answers_of="[CP-03]", job="monthly", pack="local")
    office.run(MONDAY, "monthly")

    assert [(alert.code, alert.subject, alert.facts["words"]) for alert in office.alerts()] == [
        ("DQ-01", "CP-03", "match red 3, clear 0")
    ]
    assert office.people() == {"P1"}


@pytest.mark.slow
def test_a_table_that_cannot_be_read_is_told_by_the_rule_about_tables_while_the_rules_that_read_it_wait(tmp_path: Path) -> None:
    office = Office(tmp_path)
    folder = office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    second(
        folder, "SELECT table_name AS key, 'performance' AS service, -1 * is_trusted::INTEGER AS count, 'it waits' AS words FROM run_table",
        about="table", pack="local",
    )  # fmt: skip
    report = office.run(MONDAY, without=("ssd_cp_visits",))

    assert [(alert.subject, alert.code) for alert in office.alerts()] == [("ssd_cp_visits", "DQ-01")]
    assert {row.code: row.status for row in report.rules} == {"CP-03": "withheld", "DQ-01": "ok"}
