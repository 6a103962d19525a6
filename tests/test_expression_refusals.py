"""What a rule can never say: nothing reaches out of its row, and nothing keeps the engine busy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from alerting.casedata.snapshot import Snapshot
from alerting.expressions.compile import (
    MOST_CHARACTERS,
    MOST_LISTED,
    Compiled,
    compile_expression,
    constant,
)
from tests.young_people import asking, faults, young_people


@pytest.fixture(scope="module")
def engine() -> Iterator[Snapshot]:
    with young_people() as snapshot:
        yield snapshot


@pytest.fixture(scope="module")
def answers(engine: Snapshot) -> Callable[[str], list[Any]]:
    return asking(engine)


@pytest.mark.parametrize(
    "text",
    [
        # other tables, columns and rows
        "ssd_person.pers_dob > today()",
        "main.young_person.visits",
        "s.visits",
        "(select 1)",
        "visits in (select 1)",
        "visits > all (select 1)",
        "visits > any (select 1)",
        "exists (select 1 from ssd_person)",
        "not exists (from ssd_person)",
        "select 1",
        "from ssd_person",
        "values (1)",
        "1 union select 2",
        "with a as (select 1) select 2",
        "*",
        "young_person.*",
        "columns(*)",
        "count(*)",
        # statements
        "drop table ssd_person",
        "in_care; drop table ssd_person",
        "in_care;;drop table ssd_person",
        "in_care /* ; */ ; -- \n drop table ssd_person",
        "create table x as select 1",
        "insert into x values (1)",
        "update ssd_person set pers_dob = null",
        "copy ssd_person to 'out.csv'",
        "attach 'other.db'",
        "install httpfs",
        "load httpfs",
        "pragma version",
        "set memory_limit = '1GB'",
        "explain select 1",
        "describe ssd_person",
        "show tables",
        "call pragma_version()",
        "use memory",
        "begin",
        "vacuum",
        # the engine's own functions
        "read_csv('/etc/passwd')",
        "read_text('/etc/passwd')",
        "read_parquet('x')",
        "glob('*')",
        "getenv('HOME')",
        "getvariable('as_of')",
        "param('min_fill')",
        "regexp_matches(team, '(a+)+$')",
        "list_value(1)",
        "struct_pack(a := 1)",
        "current_setting('threads')",
        "current_date",
        "now()",
        "random()",
        "uuid()",
        "error('x')",
        "query('select 1')",
        "system.lower(team)",
        "pg_catalog.pg_sleep(1)",
        '"lower"(team)',
        # calls that say more than their values
        "lower(distinct team)",
        "lower(team order by team)",
        "lower(team) filter (where in_care)",
        "lower(team) over ()",
        "lower(team) within group (order by team)",
        "count_of(statuses) over (partition by team)",
        "lower(x := team)",
        "lower(x => team)",
        "statuses.list_filter(x -> true)",
        # other parts of SQL
        "cast(visits as varchar)",
        "try_cast(team as integer)",
        "visits::varchar",
        "'now'::timestamp",
        "timestamp '2026-03-31'",
        "interval 1 day",
        "x -> x + 1",
        "lambda x: x",
        "visits between symmetric 3 and 1",
        "visits is distinct from 3",
        "visits <=> 3",
        "team ilike 'n%'",
        "team like 'a' escape 'b'",
        "team like any ('a', 'b')",
        "team similar to 'a'",
        "team ~ 'a'",
        "team glob 'a'",
        "team collate nocase",
        "team || 'a'",
        "born at time zone 'utc'",
        "visits % 2",
        "visits ^ 2",
        "visits ** 2",
        "visits // 2",
        "visits & 1",
        "visits | 1",
        "~visits",
        "visits << 2",
        "visits xor in_care",
        "visits!",
        "@visits",
        "team -> 'a'",
        "team ->> 'a'",
        "team @> 'a'",
        "{'a': 1}",
        "[1, 2]",
        "array[1]",
        "statuses[1]",
        "statuses[1:2]",
        "(visits, visits)",
        "()",
        "if(in_care, 1, 2)",
        "visits as v",
        "distinct visits",
        "prior visits",
        # places for values, and other ways to write them
        "?",
        "$1",
        "$name",
        ":name",
        "@name",
        "{name}",
        "{{ name }}",
        "$$text$$",
        "$tag$text$tag$",
        "e'text'",
        "r'text'",
        "n'text'",
        "x'00'",
        "b'1'",
        "0x1F",
        "1_000",
        "'a' 'b'",
        "`visits`",
        "[visits]",
        # letters that only look like it
        "ｖisits > 3",
        "visits \u2265 3",
        "visits > ３",
        "visits > \u0663",
        "visits > 3\u00b2",
        "team = \u2018North\u2019",
        "visits\u200b > 3",
        "\u202evisits > 3",
        "visits\x00 > 3",
        "\x00",
    ],
)
def test_this_cannot_be_said(text):
    assert faults(text)


def test_a_text_may_hold_anything(answers):
    odd = "\x00 \u202e \u2018 '' ; -- */ \\ $$ {{ \U0001f600"

    assert answers(f"'{odd}'") == [odd.replace("''", "'")] * 3


def test_a_parameter_may_hold_anything(engine):
    nasty = "x' OR 1=1; DROP TABLE ssd_person; --"
    found = compile_expression("given", {"given": constant(nasty)})

    assert isinstance(found, Compiled)
    assert engine.sql(f"SELECT {found.sql}") == [(nasty,)]


@pytest.mark.parametrize(("number", "minus"), [(5, -5), (-5, 5), (-0.5, 0.5), (10**30, -1e30), (float("inf"), float("-inf"))])
def test_a_parameter_may_be_any_number_and_have_a_minus_before_it(engine, number, minus):
    found = compile_expression("-given", {"given": constant(number)})

    assert isinstance(found, Compiled)
    assert engine.sql(f"SELECT {found.sql}") == [(minus,)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("(" * 900 + "visits" + ")" * 900, "the expression is nested too deeply"),
        ("not " * 450 + "in_care", "the expression is nested too deeply"),
        ("visits in (" + ", ".join("1" * (MOST_LISTED + 1)) + ")", f"a list may hold at most {MOST_LISTED} values"),
        ("one_of(visits" + ",1" * MOST_LISTED + ")", f"a list may hold at most {MOST_LISTED} values"),
        ("visits " * MOST_CHARACTERS, f"an expression may have at most {MOST_CHARACTERS} characters"),
    ],
)
def test_what_is_too_large_is_refused(text, problem):
    assert [fault.problem for fault in faults(text)] == [problem]


def nested(form: str, times: int, inside: str) -> str:
    for _ in range(times):
        inside = form.replace("...", inside)
    return inside


# What the engine writes out twice doubles at every nesting: each of these would keep it busy for hours.
@pytest.mark.parametrize(
    "text",
    [
        nested("birthday(..., 1)", 9, "born"),
        nested("birthday(born, days_since(...))", 9, "born"),
        nested("add_working_days(..., 1)", 9, "born"),
        nested("add_days(born, working_days_since(...))", 12, "born"),
        nested("add_days(born, months_since(...))", 12, "born"),
        nested("add_days(born, age_on(born, ...))", 20, "born"),
        nested("how_many((...) between 1 and 3)", 14, "visits"),
        nested("how_many((...) in (1, 2, visits))", 14, "visits"),
        nested("case ... when 1 then 2 when 3 then 4 end", 40, "visits"),
        nested("(3 / ...)", 40, "visits"),
        nested("percentage(visits, ...)", 40, "visits"),
        nested("round(visits, ...)", 40, "visits"),
    ],
)
def test_what_would_keep_the_engine_busy_is_refused(text):
    assert "this is nested too deeply" in [fault.problem for fault in faults(text)]


def test_what_is_long_and_not_nested_is_not_too_much(answers):
    text = " and ".join(["age_on(birthday(born, 1), add_working_days(today(), 1)) / 2 between 0 and 99"] * 12)

    assert answers(text) == [True, None, False]


def test_sums_are_right_to_the_last_digit_that_anybody_writes(answers):
    assert answers("1.1 * 70 = 77 and 0.1 + 0.2 = 0.3 and 10 / 3 * 3 = 10 and 3 - 2.9 = 0.1") == [True] * 3


def test_a_long_list_and_a_long_condition_are_not_too_large(answers):
    assert answers("visits in (" + ", ".join("3" * MOST_LISTED) + ")") == [True, None, False]
    assert answers(" and ".join(["in_care"] * 160)) == [True, None, False]
