"""Mistakes in subjects and shared views, and the whole of what `alerting check` prints of each."""

from __future__ import annotations

import pytest

from tests.mistakes import SUBJECT, VIEW, Mistake, assert_useful, check_copies

IN_THE_SQL = (
    Mistake("two statements in a subject", SUBJECT,
            "  GROUP BY ALL\n",
            "  GROUP BY ALL;\n  DELETE FROM ssd_cp_plans\n", """
error: there is more than one statement
  --> rules/subjects/plan.yaml:25:15
   |
25 |   GROUP BY ALL;
   |               ^
   = help: Write one query, without a `;` inside it.
"""),
    Mistake("a table that there is not", SUBJECT,
            "ssd_cp_visits v",
            "ssd_cp_visit v", """
error: there is no table or view 'ssd_cp_visit'
  --> rules/subjects/plan.yaml:24:13
   |
24 |   LEFT JOIN ssd_cp_visit v ON v.cppv_cp_plan_id = p.plan_id
   |             ^^^^^^^^^^^^
   = help: Did you mean 'ssd_cp_visits'?
"""),
    Mistake("a view that there is not", SUBJECT,
            "FROM v_plan p",
            "FROM v_plans p", """
error: there is no table or view 'v_plans'
  --> rules/subjects/plan.yaml:21:8
   |
21 |   FROM v_plans p
   |        ^^^^^^^
   = help: Did you mean 'v_plan'?
"""),
    Mistake("a column of a table that there is not", SUBJECT,
            "cppv_cp_visit_date",
            "cp_visit_date", """
error: there is no column 'cp_visit_date'
  --> rules/subjects/plan.yaml:20:9
   |
20 |     max(v.cp_visit_date) AS last_visit, c.pers_ethnicity AS ethnicity, false AS unborn
   |         ^^^^^^^^^^^^^^^
   = help: Did you mean 'cppv_cp_visit_date'?
"""),
    Mistake("the computers day", SUBJECT,
            "false AS unborn",
            "p.plan_start > current_date AS unborn", """
error: 'current_date' is the computer's day, not the day that the run is about
  --> rules/subjects/plan.yaml:20:92
   |
20 |     max(v.cppv_cp_visit_date) AS last_visit, c.pers_ethnicity AS ethnicity, p.plan_start > current_date AS unborn
   |                                                                                            ^^^^^^^^^^^^
   = help: Write as_of().
"""),
    Mistake("the computers day as SQL Server has it", SUBJECT,
            "false AS unborn",
            "p.plan_start > getdate() AS unborn", """
error: 'getdate' is the computer's day, not the day that the run is about
  --> rules/subjects/plan.yaml:20:92
   |
20 |     max(v.cppv_cp_visit_date) AS last_visit, c.pers_ethnicity AS ethnicity, p.plan_start > getdate() AS unborn
   |                                                                                            ^^^^^^^
   = help: Write as_of().
"""),
    Mistake("a file", SUBJECT,
            "LEFT JOIN ssd_cp_visits v",
            "LEFT JOIN read_csv('visits.csv') v", """
error: read_csv() reaches a file or a network, which is not allowed here
  --> rules/subjects/plan.yaml:24:13
   |
24 |   LEFT JOIN read_csv('visits.csv') v ON v.cppv_cp_plan_id = p.plan_id
   |             ^^^^^^^^
   = help: Read case tables; a source reads files.
"""),
    Mistake("a comma is left out", SUBJECT,
            "p.plan_start,\n",
            "p.plan_start\n", """
error: this SQL cannot be read: syntax error at or near "("
  --> rules/subjects/plan.yaml:20:8
   |
20 |     max(v.cppv_cp_visit_date) AS last_visit, c.pers_ethnicity AS ethnicity, false AS unborn
   |        ^
   = help: Look for a missing comma, bracket, quote or keyword just before it.
"""),
    Mistake("a bracket in SQL that is not closed", SUBJECT,
            "max(v.cppv_cp_visit_date)",
            "max(v.cppv_cp_visit_date", """
error: this SQL cannot be read: syntax error at or near "AS"
  --> rules/subjects/plan.yaml:20:30
   |
20 |     max(v.cppv_cp_visit_date AS last_visit, c.pers_ethnicity AS ethnicity, false AS unborn
   |                              ^^
   = help: Look for a missing comma, bracket, quote or keyword just before it.
"""),
    Mistake("a column that the SQL does not give", SUBJECT,
            ", c.pers_ethnicity AS ethnicity, ",
            ", ", """
error: the SQL does not give the column 'ethnicity'
  --> rules/subjects/plan.yaml:16:3
   |
16 |   ethnicity: {type: text, tier: detail, says: Ethnicity as a national code}
   |   ^^^^^^^^^
   = help: Add it to the SQL, or leave it out here.
"""),
    Mistake("a column that is not described", SUBJECT,
            "  ethnicity: {type: text, tier: detail, says: Ethnicity as a national code}\n",
            "", """
warning: the SQL gives a column 'ethnicity' that is not among the columns
 --> rules/subjects/plan.yaml:9:1
  |
9 | columns:
  | ^^^^^^^
  = help: Say what it is: `ethnicity: {type: text, tier: detail, says: ...}`.
"""),
    Mistake("a type that there is not", SUBJECT,
            "last_visit: {type: date",
            "last_visit: {type: datetime", """
error: `columns.last_visit.type` is none of the words that may stand here
  --> rules/subjects/plan.yaml:15:22
   |
15 |   last_visit: {type: datetime, tier: reference, says: Latest visit at which the child was seen}
   |                      ^^^^^^^^
   = help: Did you mean 'date'?
"""),
    Mistake("a tier that there is not", SUBJECT,
            "tier: detail",
            "tier: secret", """
error: `columns.ethnicity.tier` should be reference or detail
  --> rules/subjects/plan.yaml:16:33
   |
16 |   ethnicity: {type: text, tier: secret, says: Ethnicity as a national code}
   |                                 ^^^^^^
"""),
    Mistake("a key that is no column", SUBJECT,
            "key: plan_id",
            "key: plan", """
error: 'plan' is not one of the columns
 --> rules/subjects/plan.yaml:5:6
  |
5 | key: plan
  |      ^^^^
  = help: Did you mean 'plan_id'?
"""),
    Mistake("a table in a view that there is not", VIEW,
            "FROM ssd_cp_plans",
            "FROM ssd_cp_plan", """
error: there is no table or view 'ssd_cp_plan'
 --> rules/subjects/_views/v_plan.sql:3:6
  |
3 | FROM ssd_cp_plan
  |      ^^^^^^^^^^^
  = help: Did you mean 'ssd_cp_plans'?
"""),
    Mistake("a column in a view that there is not", VIEW,
            "cppl_person_id",
            "cppl_person", """
error: there is no column 'cppl_person'
 --> rules/subjects/_views/v_plan.sql:2:36
  |
2 | SELECT cppl_cp_plan_id AS plan_id, cppl_person AS person_id, cppl_cp_plan_start_date AS plan_start
  |                                    ^^^^^^^^^^^
  = help: Did you mean 'cppl_person_id'?
"""),
    Mistake("a view that is made", VIEW,
            "SELECT cppl_cp_plan_id AS plan_id",
            "CREATE VIEW v AS SELECT cppl_cp_plan_id AS plan_id", """
error: this is no query: it begins with CREATE
 --> rules/subjects/_views/v_plan.sql:2:1
  |
2 | CREATE VIEW v AS SELECT cppl_cp_plan_id AS plan_id, cppl_person_id AS person_id, cppl_cp_plan_start_date AS plan_st…
  | ^^^^^^
  = help: Begin with SELECT or WITH.
"""),
    Mistake("a quote in a view that is not closed", VIEW,
            "IS NULL",
            "= 'open", """
error: this SQL cannot be read: unterminated string literal
 --> rules/subjects/_views/v_plan.sql:4:70
  |
4 | WHERE cppl_cp_plan_start_date <= as_of() AND cppl_cp_plan_end_date = 'open
  |                                                                      ^
  = help: Look for a missing comma, bracket, quote or keyword just before it.
"""),
    Mistake("a shared parameter that there is not", VIEW,
            "as_of()",
            "param('adult_ages')", """
error: there is no shared parameter 'adult_ages'
 --> rules/subjects/_views/v_plan.sql:4:41
  |
4 | WHERE cppl_cp_plan_start_date <= param('adult_ages') AND cppl_cp_plan_end_date IS NULL
  |                                         ^^^^^^^^^^
  = help: Did you mean 'adult_age'?
"""),
)  # fmt: skip


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return check_copies(tmp_path_factory.mktemp("copies"), IN_THE_SQL)


@pytest.mark.parametrize("mistake", IN_THE_SQL, ids=lambda mistake: mistake.name)
def test_a_mistake_in_a_subject_or_a_view_is_told_as_its_author_can_use_it(mistake, printed):
    assert printed[mistake.name] == mistake.printed.strip("\n")
    assert_useful(mistake.printed)
