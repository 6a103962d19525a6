"""Of whom a subject's rows tell, and how privately, is seen by where its columns come from and by their values: its word is not taken."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from alerting.casedata.snapshot import Snapshot
from alerting.evaluation.evaluate import Answers, ask_rules
from alerting.rulebook.book import Rulebook
from tests.rule_folder import Folder

HEAD = """\
id: child
title: Child
says: Everybody recorded
about: child
key: person_id
person: person_id
team: team_id
columns:
  person_id: {type: text, tier: reference, says: Case system number}
  team_id: {type: text, tier: reference, says: The team}
  born_on: {type: date, tier: detail, says: Date of birth}
  visits: {type: integer, tier: reference, says: Visits}
  statuses: {type: codes, tier: detail, says: Legal statuses}
"""
GIVEN = "'T1' AS team_id, NULL::DATE AS born_on, 2 AS visits, ['C2'] AS statuses"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "rules")


def subject(folder: Folder, sql: str, *changes: tuple[str, str], column: str = "") -> None:
    """Write the folder's subject anew. column: one more, by its line."""
    text = HEAD
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    folder.write("subjects/child.yaml", f"{text}{column}sql: |\n  {sql}\n")


# ---------------------------------------------------------------------- seen before a run


def test_a_subject_about_a_child_says_whose_record_a_row_is_of(folder: Folder) -> None:
    subject(folder, f"SELECT p.person_id, {GIVEN} FROM v_everybody p", ("person: person_id\n", ""))

    fault, rule = folder.faults()
    assert fault == (
        "subjects/child.yaml:4:8: `about: child` needs `person`: whose record a row is of\n"
        "  Add `person:`, the column with the id of the child."
    )
    assert "the subject 'child' cannot be used" in rule


def test_an_id_of_a_worker_is_not_that_of_a_child(folder: Folder) -> None:
    sql = f"SELECT i.w AS person_id, {GIVEN} FROM (SELECT invo_professional_id AS w FROM ssd_involvements) i"
    subject(folder, sql)

    assert folder.faults()[0] == (
        "subjects/child.yaml:6:9: 'person_id' is not the id of a child: it comes from ssd_involvements.invo_professional_id\n"
        "  Name the column with the child's id in ssd_person."
    )


def test_a_subject_that_is_not_about_a_child_names_none(folder: Folder) -> None:
    sql = (
        f"SELECT invo_professional_id AS person_id, any_value(invo_person_id) AS worst, {GIVEN} FROM ssd_involvements GROUP BY 1"
    )
    changes = ("about: child", "about: worker"), ("person: person_id\n", "")
    subject(folder, sql, *changes, column="  worst: {type: text, tier: reference, says: The oldest case}\n")

    assert folder.faults()[0] == (
        "subjects/child.yaml:13:3: 'worst' names a child, from ssd_involvements.invo_person_id, and the subject is not about a child\n"
        "  Write `about: child` and `person: worst`, or leave the column out: of a restricted child nobody may hear so."
    )


def test_how_many_there_are_and_in_which_order_names_nobody(folder: Folder) -> None:
    sql = (
        "SELECT invo_professional_id AS person_id, first(invo_professional_team ORDER BY invo_person_id) AS team_id, "
        "NULL::DATE AS born_on, count(DISTINCT invo_person_id) AS visits, ['C2'] AS statuses FROM ssd_involvements GROUP BY 1"
    )
    subject(folder, sql, ("about: child", "about: worker"), ("person: person_id\n", ""))

    assert folder.faults() == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT pers_person_id AS person_id, {given}, pers_dob::VARCHAR AS x FROM ssd_person",
        "SELECT person_id, {given}, strftime(born_on, '%Y') AS x FROM v_everybody",
        "WITH a(p, q) AS (SELECT person_id, born_on FROM v_everybody) SELECT p AS person_id, {given}, q::VARCHAR AS x FROM a",
        "SELECT p AS person_id, {given}, q::VARCHAR AS x FROM (SELECT person_id, born_on FROM v_everybody) t(p, q)",
        "SELECT person_id, {given}, 'none' AS x FROM v_everybody UNION ALL SELECT person_id, {given}, born_on::VARCHAR FROM v_everybody",
        "SELECT person_id, {given}, CASE WHEN born_on > as_of() - 365 THEN 'baby' ELSE 'child' END AS x FROM v_everybody",
        "SELECT e.person_id, {given}, (SELECT max(pers_ethnicity) FROM ssd_person) AS x FROM v_everybody e",
        "SELECT e.person_id, {given}, e::VARCHAR AS x FROM v_everybody e",
        "SELECT e.person_id, {given}, to_json(e) AS x FROM ssd_person JOIN v_everybody e ON true",
        "SELECT person_id, {given}, x FROM (SELECT * RENAME (born_on AS x) FROM v_everybody)",
        (
            "SELECT * EXCLUDE (born_on), NULL::DATE AS born_on FROM "
            "(SELECT person_id, 'T1' AS team_id, 2 AS visits, ['C2'] AS statuses, born_on, born_on::VARCHAR AS x FROM v_everybody)"
        ),
        "SELECT person_id, {given}, max(born_on) OVER (PARTITION BY person_id)::VARCHAR AS x FROM v_everybody",
        "SELECT person_id, {given}, u.d::VARCHAR AS x FROM v_everybody e, unnest([e.born_on]) AS u(d)",
        (
            "WITH RECURSIVE a(p, x, n) AS (SELECT person_id, 'none', 1 FROM v_everybody UNION ALL SELECT e.person_id, born_on::VARCHAR, n + 1 "
            "FROM a JOIN v_everybody e ON e.person_id = a.p WHERE n < 2) SELECT p AS person_id, {given}, max(x) AS x FROM a GROUP BY 1"
        ),
        (
            "SELECT pers_person_id AS person_id, {given}, lega_legal_status_code AS x FROM ssd_person "
            "JOIN ssd_legal_status ON lega_person_id = pers_person_id"
        ),
    ],
)
def test_what_is_worked_out_of_a_private_column_is_as_private(folder: Folder, sql: str) -> None:
    subject(folder, sql.format(given=GIVEN), column="  x: {type: text, tier: reference, says: Something}\n")

    [warning] = folder.faults()
    assert warning.startswith("subjects/child.yaml:14:25: 'x' comes from ssd_")
    assert warning.endswith("and is treated as `tier: detail`\n  Write `tier: detail`.")
    assert folder.load().subjects["child"].columns["x"].tier == "detail"


# ---------------------------------------------------------------------- seen by the values


def asked(book: Rulebook, restricted: tuple[str, ...] = ()) -> Answers:
    """Ask the folder's rules of P1 and P2, with visits by P1, and by somebody of whom there is no record."""
    with Snapshot(date(2026, 3, 31), book.settings) as snapshot:
        snapshot.fill("ssd_person", ["pers_person_id", "pers_dob"], [["P1", "P2"], ["2010-05-01", "2011-05-01"]])
        snapshot.fill("ssd_missing", ["miss_person_id", "miss_table_id"], [["P1", "P9"], ["M1", "M2"]])
        snapshot.fill("ext_restricted", ["person_id", "level"], [list(restricted), ["limited"] * len(restricted)])
        snapshot.settle(book.wanted(book.rules))
        answers = ask_rules(book, snapshot, book.rules)
        answers.found = [finding.person for rule in answers.rules for finding in answers.findings(rule)]  # type: ignore[attr-defined]
        return answers


def test_a_row_of_nobody_there_is_is_not_told_and_counted(folder: Folder) -> None:
    subject(folder, f"SELECT miss_person_id AS person_id, {GIVEN} FROM ssd_missing")

    answers = asked(folder.load())

    assert answers.found == ["P1"]  # type: ignore[attr-defined]
    assert [problem.text for problem in answers.problems] == ["the subject child has 1 row of nobody in ssd_person, left out"]


def test_a_subject_whose_child_is_never_one_is_at_fault_and_its_rules_are_not_asked(folder: Folder) -> None:
    subject(folder, f"SELECT 'W' || row_number() OVER () AS person_id, {GIVEN} FROM ssd_missing")

    answers = asked(folder.load())

    [row] = answers.asked.values()
    assert (row.status, row.problem) == ("error", "the subject child has 2 rows, and all are of nobody in ssd_person")


def test_a_row_that_names_another_child_whose_record_is_restricted_is_not_told(folder: Folder) -> None:
    sql = (
        f"SELECT a.person_id, b.person_id AS sibling, {GIVEN} FROM v_everybody a JOIN v_everybody b ON a.person_id <> b.person_id"
    )
    subject(folder, sql, column="  sibling: {type: text, tier: reference, says: A brother or sister}\n")

    assert asked(folder.load()).found == ["P1", "P2"]  # type: ignore[attr-defined]
    answers = asked(folder.load(), restricted=("P2",))

    assert answers.found == ["P2"]  # type: ignore[attr-defined]
    assert [problem.text for problem in answers.problems] == [
        "the subject child has 1 row that name in 'sibling' another child, whose record is restricted, left out"
    ]
