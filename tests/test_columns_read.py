"""Which columns leave the council's own system: those that the SQL takes a value from, as the engine reads it, and no others."""

from __future__ import annotations

import pytest

from alerting.casedata.catalogue import SERVICE_COLUMNS
from alerting.casedata.snapshot import Snapshot
from alerting.evaluation.replay import find_columns, strip_rule
from alerting.rulebook.book import Rulebook
from alerting.rulebook.file_models import Overrides, RuleSetting
from alerting.rulebook.reference import tables_read
from alerting.rulebook.sql_tree import names_in, replace_calls
from tests.case_rows import load_shipped, shipped
from tests.made_council import MONDAY
from tests.rule_folder import VIEW, Folder

SUBJECT_SQL = "SELECT p.person_id, 'T1' AS team_id, p.born_on, 2 AS visits, ['C2'] AS statuses FROM v_everybody p"


@pytest.fixture
def folder(tmp_path) -> Folder:
    return Folder(tmp_path / "rules")


def columns_read(folder: Folder) -> set[str]:
    """Return the columns of the case tables that the folder's rules want, but for those that every run reads."""
    book = folder.load()
    assert book.faults == ()
    return {
        f"{table}.{column}"
        for table, columns in book.wanted(book.rules).items()
        for column in columns - SERVICE_COLUMNS.get(table, frozenset())
    }


READ = {"ssd_person.pers_person_id", "ssd_person.pers_dob"}
"""What the folder's view takes values from."""


@pytest.mark.parametrize(
    "view",
    [
        f"-- Not pers_ethnicity, nor ssd_cp_plans.\n{VIEW}",
        f"/* pers_ethnicity */ {VIEW}",
        VIEW.replace("SELECT", "SELECT 'pers_ethnicity of ssd_cp_plans' AS note,"),
        VIEW.replace("SELECT", "SELECT 1 AS pers_ethnicity,"),
        VIEW.replace("SELECT", 'SELECT 1 AS "pers_ethnicity",'),
        "SELECT pers_person_id AS person_id, pers_dob AS born_on FROM ssd_person pers_ethnicity;\n",
        "SELECT * EXCLUDE (pers_ethnicity), pers_person_id AS person_id, pers_dob AS born_on FROM ssd_person;\n",
    ],
    ids=["comment", "comment in a line", "text", "alias", "quoted alias", "alias of a table", "excluded"],
)  # fmt: skip
def test_a_column_that_no_value_is_taken_from_is_not_read(folder, view):
    folder.write("subjects/_views/v_everybody.sql", view)

    assert columns_read(folder) == READ


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT "pers_ethnicity" FROM ssd_person',
        "SELECT PERS_Ethnicity FROM SSD_Person",
        "SELECT e.pers_ethnicity FROM ssd_person AS e",
        "SELECT lower(coalesce(pers_ethnicity, '')) FROM ssd_person",
        "WITH e AS (SELECT pers_ethnicity AS group_of FROM ssd_person) SELECT group_of FROM e",
        "SELECT 1 FROM ssd_person a JOIN ssd_person b ON a.pers_ethnicity = b.pers_sex",
        "SELECT 1 FROM ssd_person a JOIN ssd_person b USING (pers_ethnicity)",
        "SELECT 1 FROM ssd_person WHERE pers_ethnicity IN (SELECT 'WBRI')",
        "SELECT count(*) FROM ssd_person GROUP BY ALL HAVING max(pers_ethnicity) > 'A'",
        "SELECT row_number() OVER (PARTITION BY pers_ethnicity) FROM ssd_person",
        "SELECT 1 FROM ssd_person ORDER BY pers_ethnicity",
        "SELECT count(*) FILTER (WHERE pers_ethnicity IS NULL) FROM ssd_person",
        "SELECT list_filter(['A'], x -> x = pers_ethnicity) FROM ssd_person",
        "SELECT CASE WHEN true THEN 1 ELSE pers_ethnicity END FROM ssd_person",
        "SELECT u.x FROM ssd_person, unnest([pers_ethnicity]) u(x)",
        "SELECT (SELECT max(pers_ethnicity) FROM ssd_person)",
        "SELECT 1 UNION ALL SELECT pers_ethnicity FROM ssd_person",
        "SELECT * REPLACE (lower(pers_ethnicity) AS pers_sex) FROM ssd_person",
        "SELECT CAST(pers_ethnicity AS VARCHAR) BETWEEN 'A' AND 'B' FROM ssd_person",
        "SELECT 'it''s', pers_ethnicity -- the ' of a comment\nFROM ssd_person",
    ],
)
def test_a_column_is_read_wherever_a_value_is_taken_from_it(sql):
    found = names_in(sql)

    assert "pers_ethnicity" in found.columns
    assert "ssd_person" in found.tables


def test_what_only_left_when_takes_a_value_from_is_read_too(folder):
    left = "left_when: SELECT rule, subject, pers_ethnicity AS reason FROM live JOIN ssd_person ON pers_person_id = subject\n"
    folder.change("subjects/child.yaml", ("columns:", f"{left}columns:"))

    assert columns_read(folder) == READ | {"ssd_person.pers_ethnicity"}


def test_a_column_of_a_view_that_no_subject_in_use_stands_on_is_not_read(folder):
    folder.write("subjects/_views/v_other.sql", "SELECT pers_ethnicity FROM ssd_person")
    folder.change("subjects/child.yaml", ("sql: |\n", "sql: |\n  -- not v_other\n"))

    assert columns_read(folder) == READ


def test_the_council_s_own_word_is_read_where_its_code_is(folder):
    folder.write("subjects/_views/v_everybody.sql", VIEW.replace("SELECT", "SELECT lega_legal_status_code,").replace(
        "ssd_person", "ssd_person JOIN ssd_legal_status ON lega_person_id = pers_person_id"))  # fmt: skip

    read = columns_read(folder)

    assert read == READ | {"ssd_legal_status.lega_legal_status", "ssd_legal_status.lega_person_id"}


STAR = "SELECT s.pers_person_id AS person_id, s.pers_dob AS born_on, s.pers_ethnicity FROM (SELECT * FROM ssd_person) s;\n"


def test_a_star_takes_no_column_that_nothing_names(folder):
    folder.write("subjects/_views/v_everybody.sql", STAR.replace(", s.pers_ethnicity", ""))
    assert columns_read(folder) == READ

    folder.write("subjects/_views/v_everybody.sql", STAR)
    assert columns_read(folder) == READ | {"ssd_person.pers_ethnicity"}


def test_what_was_not_read_is_missing_in_a_star(folder):
    book: Rulebook = folder.load()
    with Snapshot(MONDAY, book.settings) as snapshot:
        snapshot.sql("CREATE TABLE raw.ssd_person (pers_person_id VARCHAR, pers_dob DATE)")
        snapshot.sql("INSERT INTO raw.ssd_person VALUES ('P1', DATE '2012-03-04')")
        snapshot.settle(book.wanted(book.rules))

        [row] = snapshot.sql("SELECT pers_person_id, pers_ethnicity FROM (SELECT * FROM ssd_person)")

    assert row == ("P1", None)


@pytest.mark.parametrize(
    ("sql", "params"),
    [
        ("SELECT param('adult_age')", {"adult_age"}),
        ("SELECT 1 -- param('adult_age')", set()),
        ("SELECT 'param(''adult_age'')'", set()),
        ("SELECT days_before(param('adult_age'), PARAM('grace'))", {"adult_age", "grace"}),
        ("SELECT param(", set()),
        ("", set()),
    ],
)
def test_the_shared_parameters_that_sql_asks_for_are_those_of_its_calls(sql, params):
    assert names_in(sql).params.keys() == params


def test_a_view_stands_on_the_views_it_reads_and_not_on_those_it_speaks_of(folder):
    folder.write("subjects/_views/v_more.sql", "SELECT 'v_speaks' AS a FROM V_Everybody -- and v_speaks")
    folder.write("subjects/_views/v_speaks.sql", "SELECT 1 AS v_more")

    book = folder.load()

    assert book.views_for(["SELECT * FROM v_more"]) == ["v_everybody", "v_more"]
    assert sorted(book.every_view()) == ["v_everybody", "v_more", "v_speaks"]


def test_a_view_that_cannot_be_used_spoils_those_that_read_it_and_not_those_that_speak_of_it(folder):
    folder.write("subjects/_views/v_bad.sql", "SELECT FROM")
    folder.write("subjects/_views/v_reads.sql", "SELECT * FROM V_Bad")
    folder.write("subjects/_views/v_speaks.sql", "SELECT 1 AS v_bad -- v_bad")

    assert sorted(folder.load().views) == ["v_everybody", "v_speaks"]


def test_a_call_is_replaced_where_it_is_one_and_not_in_a_text_a_comment_or_another_name():
    sql = "SELECT 'é as_of()', as_of() - x /* as_of() */ FROM (SELECT s.*, days_as_of() FROM t s WHERE a < as_of()) ORDER BY as_of()"

    assert replace_calls(sql, "as_of", "day") == (
        "SELECT 'é as_of()', day - x /* as_of() */ FROM (SELECT s.*, days_as_of() FROM t s WHERE a < day) ORDER BY day"
    )


def test_a_rule_that_is_asked_of_kept_days_reads_the_columns_that_its_query_names_and_no_other(folder):
    folder.change("practice/visits-few.yaml", ("  amber: measure < 3", "  amber: measure < 3 and team_id != 'born_on as_of()'"))
    folder.change(
        "practice/visits-few.yaml", ("requires: [born_on]\n", ""), ("  age: age_on(born_on, today())", "  age: visits * 2")
    )
    folder.change("practice/visits-few.yaml", ("where: age_on(born_on, today()) < adult_age", "where: visits < adult_age"))
    [rule] = folder.load().rules

    assert find_columns(strip_rule(rule)) == ["person_id", "team_id", "visits"]


def test_what_is_read_is_listed_for_whoever_grants_it_with_the_rules_that_stand_on_it(folder):
    listed = {each.name: each for each in tables_read(folder.load())}

    assert listed["ssd_person"].columns == ("pers_person_id", "pers_dob")
    assert (listed["ssd_person"].is_always, listed["ssd_person"].rules) == (True, ("CL-01",))
    assert listed["ext_load"].wanted_by == "every run"


@pytest.mark.slow
def test_a_rule_that_is_switched_off_has_nothing_read():
    [sdq] = [each for each in tables_read(shipped()) if each.name == "ssd_sdq_scores"]
    off = {code: RuleSetting(enabled=False, reason="kept elsewhere") for code in sdq.rules}

    assert sdq.rules
    assert "ssd_sdq_scores" not in {each.name for each in tables_read(load_shipped(Overrides(settings=off)))}


def test_every_table_is_read_for_something():
    assert [each.name for each in tables_read(shipped()) if not each.wanted_by] == []


def test_nothing_is_read_that_tells_who_a_child_is_but_their_number_and_their_birth():
    """As docs/reference/what-is-read.md and the assessment of its impact say."""
    read = tables_read(shipped())
    [person] = [each for each in read if each.name == "ssd_person"]
    of_cases = [column for each in read if each.name.startswith("ssd_") for column in each.columns]

    assert person.columns == ("pers_person_id", "pers_dob", "pers_expected_dob", "pers_death_date")
    for word in ("forename", "surname", "address", "postcode", "sex", "gender", "ethnic", "disab", "relig", "nhs", "upn"):
        assert [column for column in of_cases if word in column] == []
