"""What a rule may say, what it means where something is missing, and what it can never say.

Meanings are asked of the engine itself, of three young people: one with everything recorded, one with nothing, one other.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from alerting.casedata.catalogue import Settings
from alerting.casedata.snapshot import EngineError, Snapshot
from alerting.expressions.compile import (
    MOST_CHARACTERS,
    MOST_LISTED,
    Compiled,
    ExpressionFault,
    Name,
    compile_expression,
    constant,
)
from alerting.expressions.functions import FUNCTIONS, Type

AS_OF = date(2026, 3, 31)
COLUMNS: dict[str, tuple[Type, str, list[Any]]] = {
    "team": ("text", "VARCHAR", ["North", None, ""]),
    "visits": ("number", "BIGINT", [3, None, 0]),
    "caseload": ("number", "DOUBLE", [17.5, None, -1.0]),
    "born": ("date", "DATE", [date(2010, 2, 28), None, date(2026, 3, 31)]),
    "in_care": ("boolean", "BOOLEAN", [True, None, False]),
    "statuses": ("codes", "VARCHAR[]", [["C2", "E1"], None, []]),
}
PARAMETERS: dict[str, object] = {
    "limit": 5,
    "share": 0.5,
    "strict": True,
    "word": "it's",
    "nothing": None,
    "kinds": ["C2", "D1"],
    "none_of_them": [],
}
NAMES = {name: Name(type=kind, sql=f's."{name}"') for name, (kind, _, _) in COLUMNS.items()} | {
    name: constant(value) for name, value in PARAMETERS.items()
}


@pytest.fixture(scope="module")
def engine() -> Iterator[Snapshot]:
    holidays = frozenset({date(2026, 4, 3), date(2026, 4, 6)})
    with Snapshot(AS_OF, Settings(params={}, codes={}, bank_holidays=holidays)) as snapshot:
        snapshot.settle({})
        cells = ", ".join(f"unnest(${n}::{kind}[]) AS {name}" for n, (name, (_, kind, _)) in enumerate(COLUMNS.items(), 1))
        snapshot.sql(f"CREATE TABLE young_person AS SELECT unnest([1, 2, 3]) AS no, {cells}", [v for _, _, v in COLUMNS.values()])
        yield snapshot


@pytest.fixture(scope="module")
def answers(engine) -> Callable[[str], list[Any]]:
    def ask(text: str) -> list[Any]:
        return [row[0] for row in engine.sql(f"SELECT {compiled(text).sql} FROM young_person s ORDER BY no")]

    return ask


def compiled(text: str, wants: Type = "any") -> Compiled:
    result = compile_expression(text, NAMES, wants)
    assert isinstance(result, Compiled), result
    return result


def faults(text: str, wants: Type = "any") -> list[ExpressionFault]:
    result = compile_expression(text, NAMES, wants)
    assert isinstance(result, list), f"{text} was let through"
    return result


# What may be said, and what it means for: all recorded, nothing recorded, other

KNOWN, MISSING, OTHER = 0, 1, 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # values
        ("visits", [3, None, 0]),
        ("VISITS", [3, None, 0]),
        ('"visits"', [3, None, 0]),
        ("17", [17, 17, 17]),
        ("-1", [-1, -1, -1]),
        ("word", ["it's"] * 3),
        ("'it''s'", ["it's"] * 3),
        ("'O’Brien -- £5; /* né */'", ["O’Brien -- £5; /* né */"] * 3),
        ("'back\\slash'", ["back\\slash"] * 3),
        ("date '2024-02-29'", [date(2024, 2, 29)] * 3),
        ("null", [None] * 3),
        ("nothing", [None] * 3),
        ("statuses", [["C2", "E1"], None, []]),
        # comparisons are null where a side is missing
        ("visits > limit", [False, None, False]),
        ("visits >= 3", [True, None, False]),
        ("visits <> 3", [False, None, True]),
        ("visits != 3", [False, None, True]),
        ("caseload = 17.5", [True, None, False]),
        ("born < today()", [True, None, False]),
        ("team = 'North'", [True, None, False]),
        ("team = 'north'", [False, None, False]),
        ("in_care = strict", [True, None, False]),
        ("visits between 1 and 3", [True, None, False]),
        ("visits not between 1 and 3", [False, None, True]),
        ("visits between 1 and nothing", [None, None, False]),
        ("team like 'No%'", [True, None, False]),
        ("team not like 'No%'", [False, None, True]),
        # logic: what is known to be so is so, whatever is missing beside it
        ("in_care and visits > 2", [True, None, False]),
        ("in_care or true", [True, True, True]),
        ("in_care or visits > 2", [True, None, False]),
        ("in_care and false", [False, False, False]),
        ("not in_care", [False, None, True]),
        ("not in_care and false or true", [True, True, True]),
        ("false and false or true", [True] * 3),
        ("false and (false or true)", [False] * 3),
        ("not visits = 3", [False, None, True]),
        # is
        ("visits is null", [False, True, False]),
        ("visits is not null", [True, False, True]),
        ("in_care is true", [True, False, False]),
        ("in_care is not true", [False, True, True]),
        ("in_care is false", [False, False, True]),
        ("nothing is null", [True] * 3),
        # in
        ("team in ('North', 'South')", [True, None, False]),
        ("team not in ('North', 'South')", [False, None, True]),
        ("team in ('North', null)", [True, None, None]),
        ("team not in ('South', null)", [None, None, None]),
        ("visits in (1, 2, 3)", [True, None, False]),
        ("team in kinds", [False, None, False]),
        ("'C2' in kinds", [True] * 3),
        ("'C2' in statuses", [True, None, False]),
        ("'C2' not in none_of_them", [True] * 3),
        # lists of codes: a missing list, and a missing code, is in none
        ("has(statuses, 'E1', 'X')", [True, False, False]),
        ("has(statuses, kinds)", [True, False, False]),
        ("has(statuses, codes('C2'))", [True, False, False]),
        ("has(statuses, coalesce(nothing, kinds))", [True, False, False]),
        ("has(statuses, case when in_care then kinds else none_of_them end)", [True, False, False]),
        ("has(statuses, null)", [False] * 3),
        ("has(statuses)", [False] * 3),
        ("not has(statuses, 'E1')", [False, True, True]),
        ("only(statuses, 'C2', 'E1')", [False] * 3),
        ("only(codes('C2'), kinds)", [True] * 3),
        ("count_of(statuses)", [2, None, 0]),
        ("one_of(team, 'North', 'South')", [True, False, False]),
        ("not one_of(team, 'North')", [False, True, True]),
        ("one_of('C2', kinds, 'X')", [True] * 3),
        ("one_of(team, null)", [False] * 3),
        ("one_of(visits, 3, 4)", [True, False, False]),
        ("one_of(born, today())", [False, False, True]),
        ("one_of(in_care, false)", [False, False, True]),
        ("statuses = codes('C2', 'E1')", [True, None, False]),
        # sums; what cannot be divided is missing, not a fault
        ("visits + 1 - 2 * 3", [-2, None, -5]),
        ("(visits + 1) * 2", [8, None, 2]),
        ("7 / 2", [3.5] * 3),
        ("6 / visits", [2.0, None, None]),
        ("-visits", [-3, None, 0]),
        ("visits > -1", [True, None, True]),
        ("today() - born", [5875, None, 0]),
        ("born + 1", [date(2010, 3, 1), None, date(2026, 4, 1)]),
        ("born - days(28)", [date(2010, 1, 31), None, date(2026, 3, 3)]),
        # choices
        ("case when in_care then 'cared for' when not in_care then 'at home' end", ["cared for", None, "at home"]),
        ("case when visits > 2 then 1 else 2 end", [1, 2, 2]),
        ("case team when 'North' then born end", [date(2010, 2, 28), None, None]),
        ("coalesce(visits, limit)", [3, 5, 0]),
        ("greatest(visits, nothing, 1)", [3, 1, 1]),
        ("least(born, today())", [date(2010, 2, 28), AS_OF, AS_OF]),
        ("add_months(nothing, 1)", [None] * 3),
        ("round(caseload, nothing)", [None] * 3),
        # said over several lines, with words to the reader
        ("visits -- recorded\n > 2 /* of them */\n", [True, None, False]),
    ],
)
def test_an_expression_means_what_sql_means_by_it(answers, text, expected):
    assert answers(text) == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("visits", "number"),
        ("team", "text"),
        ("born + 1", "date"),
        ("born - born", "number"),
        ("visits > 2", "boolean"),
        ("case when in_care then born end", "date"),
        ("coalesce(nothing, team)", "text"),
        ("statuses", "codes"),
        ("nothing", "any"),
    ],
)
def test_an_expression_has_a_type(text, kind):
    assert compiled(text).type == kind


def test_a_compiled_expression_names_what_it_uses():
    assert compiled("Visits > LIMIT and team = 'visits'").names == {"visits", "limit", "team"}


@pytest.mark.parametrize(
    ("text", "wants", "problem"),
    [
        ("visits", "boolean", "this gives a number, but a yes-or-no is needed here"),
        ("visits > 2", "number", "this gives a yes-or-no, but a number is needed here"),
        ("today() + 1", "number", "this gives a date, but a number is needed here"),
        ("team", "date", "this gives a text, but a date is needed here"),
    ],
)
def test_an_expression_gives_the_type_its_place_needs(text, wants, problem):
    assert [fault.problem for fault in faults(text, wants)] == [problem]


def test_nothing_fits_every_place():
    assert compiled("nothing", "boolean").type == "any"


# What is wrong, and where


@pytest.mark.parametrize(
    ("text", "problem", "place", "remedy"),
    [
        ("visit > 3", "there is no column or parameter 'visit'", (1, 1), "Did you mean 'visits'?"),
        ("visits > limits", "there is no column or parameter 'limits'", (1, 10), "Did you mean 'limit'?"),
        ("in_care and\n  borne > 3", "there is no column or parameter 'borne'", (2, 3), "Did you mean 'born'?"),
        (
            'team = "Westward"',
            "there is no column or parameter 'Westward'",
            (1, 8),
            "Text stands in single quotes: write 'Westward'.",
        ),
        (
            "xyzzy",
            "there is no column or parameter 'xyzzy'",
            (1, 1),
            "`alerting rules subjects NAME` lists the columns; a step of `let` is known only below its own line.",
        ),
        ("today > born", "'today' is a function", (1, 1), "Write `today()`."),
        ("day_since(born)", "there is no function 'day_since'", (1, 1), "Did you mean 'days_since'?"),
        (
            "visits > sum(visits)",
            "sum() cannot stand here",
            (1, 10),
            "It counts over many subjects: write `per: team` in the rule, and count in `measure`.",
        ),
        ("days_since()", "days_since() takes 1 value, but here are 0", (1, 1), "Such as `days_since(date '2026-03-01')`."),
        (
            "age_on(born)",
            "age_on() takes 2 values, but here is 1",
            (1, 1),
            "Such as `age_on(date '2008-04-01', date '2026-03-31')`.",
        ),
        ("round(1, 2, 3)", "round() takes 1 value, but here are 3", (1, 1), "Such as `round(2.345, 1)`."),
        ("has()", "has() takes 1 value or more, but here are 0", (1, 1), "Such as `has(codes('C1', 'E1'), 'E1')`."),
        (
            "days_since(team)",
            "days_since() needs a date, but this is a text",
            (1, 12),
            "Such as `days_since(date '2026-03-01')`.",
        ),
        ("has(team, 'C2')", "has() needs a list of codes, but this is a text", (1, 5), "Such as `has(codes('C1', 'E1'), 'E1')`."),
        ("has(statuses, 2)", "has() needs a text, but this is a number", (1, 15), "Such as `has(codes('C1', 'E1'), 'E1')`."),
        ("one_of(visits, 'a')", "this looks for a text where a number is", (1, 16), ""),
        ("one_of(visits, kinds)", "this looks for a text where a number is", (1, 16), ""),
        ("one_of(statuses, 'C2')", "one_of() looks for one value, but this is a list of codes", (1, 1), "Use `has(...)`."),
        (
            "visits > 'a'",
            "this compares a number with a text",
            (1, 1),
            "A number stands without quotes, a text in single quotes.",
        ),
        (
            "born > '2026-03-31'",
            "this compares a date with a text",
            (1, 1),
            "A day is written date '2026-03-31'; days are counted by days_since(x) or days_between(x, y).",
        ),
        ("null between visits and born", "`between` compares a value with a number and a date", (1, 14), ""),
        ("null in (visits, born)", "this looks for a date where a number is", (1, 18), ""),
        ("case null when visits then 1 when born then 2 end", "this compares a number with a date", (1, 35), ""),
        (
            "visits{:}",
            "this cannot be read",
            (1, 1),
            "Look beside it: a word such as `and`, a sign, a bracket or a quote is missing or misspelt.",
        ),
        ("born between '2026-03-31' and today()", "`between` compares a date with a text and a date", (1, 1), ""),
        ("team in (1)", "this looks for a number where a text is", (1, 10), ""),
        (
            "team in (kinds)",
            "this looks for a list of codes where a text is",
            (1, 10),
            "Leave out the brackets: a list stands for itself.",
        ),
        ("team in team", "`in` needs a list in brackets or a list parameter", (1, 1), ""),
        ("visits in kinds", "`in` a list of codes needs a text, but this is a number", (1, 1), ""),
        ("team in ()", "`in` needs a list of values, such as in ('A', 'B')", (1, 1), ""),
        ("in_care and visits", "`and` needs a yes-or-no, but this is a number", (1, 13), "Use `is null` or a comparison."),
        ("not team", "`not` needs a yes-or-no, but this is a text", (1, 5), "Use `is null` or a comparison."),
        (
            "team is true",
            "`is true` and `is false` needs a yes-or-no, but this is a text",
            (1, 1),
            "Use `is null` or a comparison.",
        ),
        ("team is 'North'", "`is` goes with null, true or false only", (1, 1), "Use `=` to compare values."),
        ("team = null", "a comparison with null is never true", (1, 1), "Write `is null` or `is not null`."),
        ("visits like '3%'", "`like` needs a text, but this is a number", (1, 1), ""),
        ("team + 1", "`+` needs a number, but this is a text", (1, 1), ""),
        ("born * 2", "`*` needs a number, but this is a date", (1, 1), ""),
        ("born + born", "`+` needs a number, but this is a date", (1, 1), ""),
        ("-team", "`-` needs a number, but this is a text", (1, 2), ""),
        ("case team when 3 then 1 end", "this compares a text with a number", (1, 16), ""),
        (
            "case when visits then 1 end",
            "`when` needs a yes-or-no, but this is a number",
            (1, 11),
            "Use `is null` or a comparison.",
        ),
        ("case when in_care then 1 else 'a' end", "this gives a number in one case and a text in another", (1, 11), ""),
        ("coalesce(1, 'a')", "coalesce() is given a number and a text: it takes one kind", (1, 1), ""),
        ("date '2026-02-30'", "this is not a day", (1, 6), "Write it as date '2026-03-31'."),
        ("date '31/03/2026'", "this is not a day", (1, 6), "Write it as date '2026-03-31'."),
        ("date '2026-W01-1'", "this is not a day", (1, 6), "Write it as date '2026-03-31'."),
        ("date 'today'", "this is not a day", (1, 6), "Write it as date '2026-03-31'."),
        ("9999999999999999", "this number cannot be used", (1, 1), "Write it in plain digits, at most 15."),
        ("1e300", "this number cannot be used", (1, 1), "Write it in plain digits, at most 15."),
        (
            "visits > 3 days",
            "'days' is left over",
            (1, 12),
            "Is a unit or a second word left over? Write `x > 3`, not `x > 3 days`.",
        ),
        (
            "born + interval '3 days'",
            "an interval is not part of the rule language",
            (1, 1),
            "Write `add_days(x, 3)` or `x + days(3)`.",
        ),
        ("(visits > 3", "this `(` is not closed", (1, 1), "Add the `)` where it ends."),
        ("visits > 3)", "this `)` closes nothing", (1, 11), "Leave it out, or add the `(` that it closes."),
        ("visits > 3 && in_care", "`&&` is not part of the rule language", (1, 12), "Write `and`."),
        (
            "visits > 3 || in_care",
            "`||` is not part of the rule language",
            (1, 12),
            "Write `or`. Words are put together in `says`.",
        ),
        ("visits <= 3 and visits ≤ 3", "this is not how at most is written", (1, 24), "Write `<=`."),
        ("visits – 3 > 1", "this is a dash, not a minus", (1, 8), "Type it as -: a word processor lengthens it."),
        (
            "team = ‘North’",
            "this is no quote that a text stands in",
            (1, 8),
            "Type it as ', straight: a word processor curls it.",
        ),
        (
            "if visits > 3 then true",
            "`if` is not part of the rule language",
            (1, 1),
            "Write `case when ... then ... else ... end`.",
        ),
        (
            "visits 3",
            "this cannot be read from here on",
            (1, 8),
            "Look beside it: a word such as `and`, a sign, a bracket or a quote is missing or misspelt.",
        ),
        (
            "visits > 2 or",
            "this cannot be read: something is missing or out of place",
            (1, 12),
            "Look beside it: a word such as `and`, a sign, a bracket or a quote is missing or misspelt.",
        ),
        ("'North", "a quote is opened here and not closed", (1, 1), "Close it with another '."),
        ("in_care; in_care", "only one expression is allowed: there is a `;`", (1, 1), ""),
        ("", "there is no expression here", (1, 1), ""),
        ("-- nothing but words", "there is no expression here", (1, 1), ""),
    ],
)
def test_a_fault_says_what_is_wrong_where_and_what_to_do(text, problem, place, remedy):
    fault = faults(text)[0]

    assert (fault.problem, (fault.line, fault.column), fault.remedy) == (problem, place, remedy)


def test_every_fault_of_an_expression_is_found_at_once():
    found = faults("visit > 3\n and teem = 'North'\n or days_sinse(born) > limt")

    assert [(fault.line, fault.column, fault.remedy) for fault in found] == [
        (1, 1, "Did you mean 'visits'?"),
        (2, 6, "Did you mean 'team'?"),
        (3, 5, "Did you mean 'days_since'?"),
        (3, 24, "Did you mean 'limit'?"),
    ]


# What can never be said


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


# Whatever gets through runs on the engine, and touches nothing

_WORDS = [
    *COLUMNS,
    *PARAMETERS,
    *FUNCTIONS,
    *"and or not is null true false in between like case when then else end all any some distinct symmetric escape as".split(),
    *"select from exists union over order by filter cast date interval drop table limit collate at zone".split(),
    *"( ( ( ) ) ) , , + - * / % = <> < > <= >= || :: . ; -- /* */ [ ] { } : ? @ $ -> := ! ~ ^ &".split(),
    *[
        "0",
        "1",
        "2.5",
        "'North'",
        "'C2'",
        "date '2026-03-31'",
        '"team"',
        "ssd_person",
        "s",
        "young_person",
        "\u00a0",
        "\x00",
        "\n",
    ],
]
_CALLS = [function.example for function in FUNCTIONS.values()]


@st.composite
def near_expressions(draw: st.DrawFn) -> str:
    """Something a person could have meant, with words put in, left out and changed."""
    parts = draw(st.lists(st.sampled_from([*_WORDS, *_CALLS]), min_size=1, max_size=12))
    if draw(st.booleans()):
        parts = draw(conditions).text.split(" ")
        for _ in range(draw(st.integers(0, 3))):
            place = draw(st.integers(0, len(parts) - 1))
            parts[place : place + draw(st.integers(0, 1))] = [draw(st.sampled_from(_WORDS))]
    return " ".join(parts)


class Meant:
    """An expression and what it means for one young person, worked out in Python: None where that is not known."""

    def __init__(self, text: str, mean: Callable[[int], Any]) -> None:
        self.text, self.mean = text, mean

    def __repr__(self) -> str:
        return self.text


def column(name: str) -> Meant:
    return Meant(name, lambda who: COLUMNS[name][2][who])


def value(text: str, what: Any) -> Meant:
    return Meant(text, lambda _: what)


SIGNS = {"=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def compare(sign: str, left: Meant, right: Meant) -> Meant:
    def mean(who: int) -> bool | None:
        sides = left.mean(who), right.mean(who)
        return None if None in sides else bool(SIGNS[sign](*sides))

    return Meant(f"{left.text} {sign} {right.text}", mean)


def both(left: Meant, right: Meant) -> Meant:
    def mean(who: int) -> bool | None:
        sides = left.mean(who), right.mean(who)
        return False if False in sides else None if None in sides else True

    return Meant(f"( {left.text} and {right.text} )", mean)


def either(left: Meant, right: Meant) -> Meant:
    def mean(who: int) -> bool | None:
        sides = left.mean(who), right.mean(who)
        return True if True in sides else None if None in sides else False

    return Meant(f"( {left.text} or {right.text} )", mean)


def negated(inside: Meant) -> Meant:
    def mean(who: int) -> bool | None:
        known = inside.mean(who)
        return None if known is None else not known

    return Meant(f"not {inside.text}", mean)


def among(looked_for: Meant, choices: list[Meant]) -> Meant:
    one = compare("=", looked_for, choices[0])
    for choice in choices[1:]:
        one = either(one, compare("=", looked_for, choice))
    return Meant(f"{looked_for.text} in ( {' , '.join(choice.text for choice in choices)} )", one.mean)


def is_missing(inside: Meant) -> Meant:
    return Meant(f"( {inside.text} ) is null", lambda who: inside.mean(who) is None)


_NUMBERS = st.one_of(
    st.sampled_from([column("visits"), column("caseload"), value("limit", 5), value("nothing", None)]),
    st.integers(-20, 20).map(lambda number: value(str(number), number)),
)
_DAYS = st.one_of(
    st.just(column("born")),
    st.just(value("today()", AS_OF)),
    st.dates(date(2009, 1, 1), date(2027, 1, 1)).map(lambda day: value(f"date '{day}'", day)),
)
_TEXTS = st.one_of(st.just(column("team")), st.sampled_from(["North", "", "it"]).map(lambda text: value(f"'{text}'", text)))
_SIDES = st.one_of(*(st.tuples(kind, kind) for kind in (_NUMBERS, _DAYS, _TEXTS)))
_SIMPLE = st.one_of(
    st.just(column("in_care")),
    st.builds(lambda sign, sides: compare(sign, *sides), st.sampled_from(list(SIGNS)), _SIDES),
    st.builds(among, _NUMBERS, st.lists(_NUMBERS, min_size=1, max_size=3)),
)
conditions = st.recursive(
    _SIMPLE,
    lambda inside: st.one_of(
        st.builds(both, inside, inside), st.builds(either, inside, inside), inside.map(negated), inside.map(is_missing)
    ),
    max_leaves=8,
)


@given(condition=conditions)
@hypothesis_settings(max_examples=200, deadline=None)
def test_logic_with_missing_values_agrees_with_a_reading_in_python(answers, condition):
    assert answers(condition.text) == [condition.mean(who) for who in (KNOWN, MISSING, OTHER)]


@given(text=near_expressions())
@hypothesis_settings(max_examples=300, deadline=None)
def test_whatever_is_let_through_runs_on_the_engine_and_gives_its_type(engine, text):
    result = compile_expression(text, NAMES)
    if not isinstance(result, Compiled):
        assert all(fault.problem and fault.line >= 1 and fault.column >= 1 for fault in result)
        return
    given = _given(engine, result.sql)
    assert "any" in (result.type, given) or given == result.type


def _given(engine: Snapshot, sql: str) -> str:
    try:
        [(kind,), *_] = engine.sql(f"SELECT typeof({sql}) FROM young_person s")
    except EngineError as error:
        return error.safe
    return _family(kind)


def _family(engine_type: str) -> str:
    kinds = {"VARCHAR": "text", "DATE": "date", "BOOLEAN": "boolean", "VARCHAR[]": "codes", '"NULL"': "any", "NULL": "any"}
    return kinds.get(engine_type, "number")


@given(text=st.text(max_size=60))
@hypothesis_settings(max_examples=300, deadline=None)
def test_any_text_at_all_is_compiled_or_refused(text):
    result = compile_expression(text, NAMES)

    assert isinstance(result, Compiled) or result


@given(texts=st.lists(near_expressions(), min_size=1, max_size=30))
@hypothesis_settings(max_examples=10, deadline=None)
def test_nothing_that_is_let_through_changes_anything(engine, texts):
    def state() -> list[Any]:
        tables = engine.sql("SELECT table_name, estimated_size FROM duckdb_tables() ORDER BY 1")
        return [
            *tables,
            *engine.sql("FROM young_person ORDER BY no"),
            *engine.sql("SELECT name, value FROM duckdb_settings() ORDER BY 1"),
        ]

    before = state()
    for result in (compile_expression(text, NAMES) for text in texts):
        if isinstance(result, Compiled):
            try:
                engine.sql(f"SELECT {result.sql} FROM young_person s")
            except EngineError:
                continue

    assert state() == before


@pytest.mark.parametrize(
    "statement", ["COPY young_person TO 'x.csv'", "SELECT * FROM read_text('pyproject.toml')", "SET threads = 1"]
)
def test_the_engine_itself_would_refuse_to_reach_out(engine, statement):
    with pytest.raises(EngineError):
        engine.sql(statement)


def test_faults_stand_in_the_order_of_the_text():
    found = faults("a1 > 1 and b2 > 2 and c3 > 3 and d4 > 4")

    assert all(before.column < after.column for before, after in pairwise(found))
    assert len(found) == 4
