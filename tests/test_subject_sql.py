"""What the SQL of subjects and shared views may do: read our own tables, and nothing else. Refused twice: when it is read, and
by the engine, should it ever come so far."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from alerting.casedata.engine_errors import EngineError
from alerting.casedata.snapshot import Snapshot
from alerting.evaluation.evaluate import ask_rules
from alerting.rulebook.loader import load_rulebook
from alerting.rulebook.subject_sql import find_sql_faults, only_statement
from tests.case_rows import RULES
from tests.rule_folder import Folder

VIEWS = frozenset({"v_child", "v_cla"})


@pytest.fixture
def folder(tmp_path) -> Folder:
    return Folder(tmp_path / "rules")


@pytest.fixture(scope="module")
def settled(tmp_path_factory):
    """A snapshot as rules find it: no attack on it changes anything, so one is there for all."""
    settings = Folder(tmp_path_factory.mktemp("settled") / "rules").load().settings
    with Snapshot(date(2026, 3, 31), settings) as snapshot:
        snapshot.settle({})
        yield snapshot


def problem(sql: str, *, live: bool = False) -> str:
    [fault] = find_sql_faults(sql, VIEWS, live=live)
    return fault.problem


# What it may say


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT pers_person_id FROM ssd_person",
        "select P.PERS_DOB from SSD_PERSON p join v_child using (person_id);",
        "WITH open AS (SELECT * FROM v_cla), last AS (SELECT max(x) FROM open) SELECT * FROM open, last",
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r",
        "(SELECT 1) UNION ALL SELECT 2 INTERSECT SELECT 3 ORDER BY 1 LIMIT 5 OFFSET 2",
        "SELECT CAST(a AS DECIMAL(3, 1)), a::VARCHAR[], TRY_CAST(a AS DATE), {'a': 1}, [1, 2], a[1:2] FROM ssd_person",
        "SELECT sum(x) OVER (PARTITION BY y ORDER BY z ROWS BETWEEN 3 PRECEDING AND CURRENT ROW), lag(x) OVER () FROM v_cla",
        "SELECT string_agg(x, ',' ORDER BY y), arg_max(a, b), quantile_cont(a, 0.5), count(*) FILTER (x > 1) FROM v_cla GROUP BY ALL",
        "SELECT date_diff('day', a, b), a + INTERVAL 3 DAY, extract(year FROM a), strftime(a, '%Y'), last_day(a) FROM v_cla",
        "SELECT list_transform(a, lambda x: x + 1), [x + 1 for x in a], unnest(a), range(3), split_part(a, ',', 1) FROM v_cla",
        "SELECT nullif(a, b), if(a, b, c), ifnull(a, b), coalesce(a, b), CASE a WHEN 1 THEN 2 END, a ~ 'x', a ILIKE '%' FROM v_cla",
        "SELECT as_of(), param('adult_age'), norm(a), is_open(a, b), wd_between(a, b), birthday(a, 18), days(3) FROM v_cla",
        "SELECT d FROM working_day WHERE no = 1",
        "SELECT 'FROM read_csv(''x'')' AS text -- SELECT * FROM read_csv('x')",
    ],
)  # fmt: skip
def test_a_query_over_our_own_tables_may_say_all_that_a_query_says(sql):
    assert find_sql_faults(sql, VIEWS) == ()


def test_only_left_when_reads_the_live_alerts():
    assert find_sql_faults("SELECT rule, subject, 'gone' AS reason FROM live", VIEWS, live=True) == ()
    assert problem("SELECT rule FROM live") == "there is no table or view 'live'"


# What it may not, with the place of what is meant


@pytest.mark.parametrize(
    ("sql", "meant", "words"),
    [
        # another statement
        ("DROP TABLE ssd_person", "DROP", "this is no query: it begins with DROP"),
        ("-- tidy up\nDELETE FROM ssd_person", "DELETE", "this is no query: it begins with DELETE"),
        ("SELECT 1; SELECT 2", "SELECT", "there is more than one statement"),
        ("SELECT 1) t; DROP TABLE ssd_person; SELECT * FROM (SELECT 1", ")", 'this SQL cannot be read: syntax error at or near ")"'),
        ("-- only words", "", "there is no query here"),
        ("", "", "there is no query here"),
        ("FROM (DESCRIBE ssd_person)", "", "DESCRIBE, SHOW or SUMMARIZE is not allowed here"),
        # tables
        ("SELECT * FROM ssd_cla_visit", "ssd_cla_visit", "there is no table or view 'ssd_cla_visit'"),
        ("SELECT * FROM information_schema.tables", "information_schema", "'information_schema.tables' reaches elsewhere"),
        ("SELECT * FROM finding", "finding", "there is no table or view 'finding'"),
        ("SELECT * FROM sqlite_master", "sqlite_master", "there is no table or view 'sqlite_master'"),
        # functions
        ("SELECT 'é東京', now() FROM v_cla", "now", "'now' is the computer's day, not the day that the run is about"),
        ("SELECT current_date", "current_date", "'current_date' is the computer's day, not the day that the run is about"),
        ("SELECT random()", "random", "random() answers differently each time it is asked"),
        ("SELECT getvariable('x')", "getvariable", "getvariable() is not allowed here"),
        ("SELECT json_serialize_plan('FROM read_csv(1)')", "json_serialize_plan", "json_serialize_plan() is not allowed here"),
        ("SELECT x.y(1)", "x", "'x.y' reaches elsewhere"),
        ("SELECT cout(1)", "cout", "there is no function 'cout' to be used here"),
        ("SELECT current_user", "current_user", "'current_user' asks who is asking"),
        ("SELECT $1", "$", "a placeholder is not allowed here"),
        ("SELECT 1 WHERE " + "(" * 1500 + "true" + ")" * 1500, "SELECT", "this SQL is nested too deeply"),
    ],
)  # fmt: skip
def test_what_is_not_a_query_over_our_tables_is_refused_at_its_place(sql, meant, words):
    [fault] = find_sql_faults(sql, VIEWS)

    assert fault.problem == words
    assert sql[fault.offset :].startswith(meant)
    assert fault.remedy


ATTACKS = {
    "read_csv": "SELECT * FROM read_csv('{file}')",
    "read_csv_auto": "SELECT * FROM read_csv_auto('{file}')",
    "a file by its name": "SELECT * FROM '{file}'",
    "a file in quotes": 'SELECT * FROM "{file}"',
    "read_text": "SELECT content FROM read_text('{file}')",
    "read_blob": "SELECT content FROM read_blob('{file}')",
    "read_json": "SELECT * FROM read_json('{file}')",
    "read_parquet": "SELECT * FROM read_parquet('{file}')",
    "parquet_scan": "SELECT * FROM parquet_scan('{file}')",
    "sniff_csv": "SELECT * FROM sniff_csv('{file}')",
    "glob": "SELECT * FROM glob('/*')",
    "a file in a step": "WITH x AS (FROM read_csv('{file}')) SELECT * FROM x",
    "a file in a subquery": "SELECT (SELECT content FROM read_text('{file}'))",
    "a file in a lambda": "SELECT list_transform([1], lambda x: (SELECT count(*) FROM glob('/*')))",
    "a file beside a table": "SELECT * FROM ssd_person p JOIN '{file}' f ON true",
    "an address": "SELECT * FROM 'http://127.0.0.1:9/x.csv'",
    "an address of a store": "SELECT * FROM 's3://bucket/x.parquet'",
    "the environment": "SELECT getenv('HOME')",
    "a program's variable": "SELECT * FROM given_to_the_engine",
    "a setting": "SELECT current_setting('no_such_setting')",
    "COPY": "COPY ssd_person TO '{file}'",
    "EXPORT": "EXPORT DATABASE '{file}'",
    "IMPORT": "IMPORT DATABASE '{file}'",
    "ATTACH": "ATTACH '{file}' AS other",
    "INSTALL": "INSTALL httpfs",
    "LOAD": "LOAD httpfs",
    "SET": "SET enable_external_access = true",
    "RESET": "RESET enable_external_access",
    "SET of threads": "SET threads = 8",
    "PRAGMA": "PRAGMA threads = 8",
    "a secret": "CREATE PERSISTENT SECRET x (TYPE s3)",
    "a query in a text": "SELECT * FROM query('SELECT * FROM read_csv(''{file}'')')",
    "a way out of brackets": "SELECT 1) x; COPY ssd_person TO '{file}'; SELECT * FROM (SELECT 1",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_when_the_subject_is_read(folder, tmp_path, attack):
    sql = ATTACKS[attack].format(file=tmp_path / "secret.csv")
    folder.change("subjects/child.yaml", ("FROM v_everybody p\n", f"FROM v_everybody p\nleft_when: |\n  {sql}\n"))

    book = folder.load()

    assert (book.rules, [broken.id for broken in book.broken]) == ((), ["visits-few"])
    assert all(str(fault.where).partition("rules/")[2].startswith("subjects/child.yaml:17:") for fault in book.faults[:-1])


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_by_the_engine_itself(settled, tmp_path, attack):
    given_to_the_engine = [("Aoife",)]  # a name in SQL could be taken for a variable of the program
    (tmp_path / "secret.csv").write_text("name\nAoife\n")
    sql = ATTACKS[attack].format(file=tmp_path / "secret.csv")

    with pytest.raises(EngineError) as refused:
        settled.sql(sql)

    assert given_to_the_engine
    assert "Aoife" not in str(refused.value)
    assert (tmp_path / "secret.csv").read_text() == "name\nAoife\n"


FEW = {"a file by its name", "read_csv", "COPY", "SET", "a way out of brackets"}
"""Of the attacks, one of each kind: each is made on an engine of its own. The engine itself refuses all of them above."""


@pytest.mark.parametrize("attack", [one if one in FEW else pytest.param(one, marks=pytest.mark.slow) for one in ATTACKS])
def test_an_attack_is_refused_by_the_engine_where_a_subject_stands(folder, tmp_path, attack):
    """Forced past the reading: the rulebook is altered after it was loaded."""
    (tmp_path / "secret.csv").write_text("name\nAoife\n")
    book = folder.load()
    sql = ATTACKS[attack].format(file=tmp_path / "secret.csv")
    forced = book.rules[0].subject.model_copy(update={"sql": sql})
    object.__setattr__(book.rules[0], "subject", forced)

    with Snapshot(date(2026, 3, 31), book.settings) as snapshot:
        snapshot.settle({})
        asked = ask_rules(book, snapshot, book.rules).asked["visits-few"]

    assert asked.status == "error"
    assert (tmp_path / "secret.csv").read_text() == "name\nAoife\n"


_PIECES = st.sampled_from(
    """SELECT FROM WHERE WITH x AS ( ) , ; * -- /* */ ' " 'x.csv' "x.csv" $$ read_csv read_text glob getenv COPY TO ATTACH SET
    PRAGMA ssd_person v_child p.x 1 = UNION ALL . :: [ ] { } lambda : IN EXISTS ORDER BY é \u2028 \x00 \\ e'\\x41' E""".split()
)


@given(pieces=st.lists(_PIECES, max_size=14))
@hypothesis_settings(max_examples=300, deadline=None)
def test_whatever_is_written_a_place_in_it_is_told_or_it_is_one_query(pieces):
    sql = " ".join(pieces)

    faults = find_sql_faults(sql, VIEWS)

    assert all(0 <= fault.offset <= len(sql) and fault.problem for fault in faults)
    if not faults:
        assert not {"read_csv(", "read_text(", "glob(", "getenv("} & set(sql.replace(" (", "(").split())
        assert find_sql_faults(f"SELECT * FROM ({only_statement(sql)}) inside", VIEWS) == ()


def test_the_shipped_subjects_and_views_are_all_allowed():
    assert load_rulebook(RULES).faults == ()
