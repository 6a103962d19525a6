"""Every function of the rule language does what its own page says. Functions are found, not listed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from alerting.casedata.catalogue import Settings
from alerting.casedata.snapshot import Snapshot
from alerting.commands import cli
from alerting.expressions.aggregates import AGGREGATES
from alerting.expressions.compile import Compiled, Name, compile_expression, constant
from alerting.expressions.functions import FUNCTIONS, RuleFunction, Type

GOOD_FRIDAY, EASTER_MONDAY = date(2026, 4, 3), date(2026, 4, 6)
ONE_OF_EACH: dict[Type, str] = {
    "text": "'North'",
    "number": "2",
    "date": "date '2026-03-02'",
    "moment": "moment('2026-03-02 09:30')",
    "boolean": "true",
    "codes": "codes('C2')",
    "table": "limits",
    "levels": "thresholds",
    "any": "'North'",
}
RULES_PAGE = (Path(__file__).parents[1] / "docs" / "reference" / "rules.md").read_text(encoding="utf-8")
TABLES = {"limits": {"disabled_children": 60, "default": 20}, "thresholds": {"asye": [10, 12], "default": [18, 22]}}
NAMES = {"nothing": Name(type="any", sql="NULL"), "x": Name(type="any", sql="NULL"), "y": Name(type="number", sql="5")} | {
    name: constant(table) for name, table in TABLES.items()
}
every = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)


@pytest.fixture(scope="module")
def engine() -> Iterator[Snapshot]:
    settings = Settings(params={}, codes={}, bank_holidays=frozenset({GOOD_FRIDAY, EASTER_MONDAY}))
    with Snapshot(date(2026, 3, 31), settings) as snapshot:
        snapshot.settle({})
        yield snapshot


def answer(engine: Snapshot, text: str) -> object:
    compiled = compile_expression(text, NAMES)
    assert isinstance(compiled, Compiled), compiled
    [(value,)] = engine.sql(f"SELECT {compiled.sql}")
    return value


def as_shown(value: object) -> str:
    if value is None:
        return "missing"
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def one_of_each(function: RuleFunction) -> list[str]:
    """Return arguments that a function takes."""
    named = zip(function.takes, function.choices, strict=True)
    return [f"'{choices[0]}'" if choices else ONE_OF_EACH[kind] for kind, choices in named]


def call(function: RuleFunction, arguments: list[str]) -> str:
    return f"{function.name}({', '.join(arguments)})"


@every
def test_its_example_gives_its_answer_on_31_march_2026(engine, function):
    assert as_shown(answer(engine, function.example)) == function.answer


@every
def test_its_example_shows_it_and_it_is_said_in_a_sentence(function):
    assert f"{function.name}(" in function.example
    assert function.says[0].isupper()
    assert function.says.endswith(".")
    assert FUNCTIONS[function.name] is function
    assert function.name.islower()


@every
def test_it_gives_the_type_it_says(function):
    compiled = compile_expression(call(function, one_of_each(function)), NAMES)

    assert isinstance(compiled, Compiled)
    assert function.gives in (compiled.type, "any")


@every
def test_it_takes_values_that_are_missing(engine, function):
    missing = ["nothing"] * (len(function.takes) + (2 if function.rest else 0))

    value = answer(engine, call(function, missing))

    if function.takes:
        assert value in (None, False, 0)


@pytest.mark.parametrize(
    "function", [function for function in FUNCTIONS.values() if function.takes], ids=lambda function: function.name
)
def test_a_value_too_few_is_a_fault(function):
    fewest = len(function.takes) - function.optional

    [fault, *_] = compile_expression(call(function, one_of_each(function)[: fewest - 1]), NAMES)

    assert fault.problem.startswith(f"{function.name}() takes")
    assert fault.remedy == f"Such as `{function.example}`."


@pytest.mark.parametrize(
    "function", [function for function in FUNCTIONS.values() if not function.rest], ids=lambda function: function.name
)
def test_a_value_too_many_is_a_fault(function):
    [fault, *_] = compile_expression(call(function, [*one_of_each(function), "1"]), NAMES)

    assert fault.problem.startswith(f"{function.name}() takes")


@every
def test_a_value_of_another_type_is_a_fault_at_its_place(function):
    for index, kind in enumerate(function.takes):
        if kind == "any":
            continue
        arguments = one_of_each(function)
        arguments[index], shown = ("'a'", "a text") if kind == "boolean" else ("true", "a yes-or-no")
        text = call(function, arguments)

        [fault] = compile_expression(text, NAMES)

        assert f"but this is {shown}" in fault.problem
        assert fault.line == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # the day itself is day 0; Easter does not count
        ("working_days_between(date '2026-04-02', date '2026-04-02')", 0),
        ("working_days_between(date '2026-04-02', date '2026-04-06')", 0),
        ("working_days_between(date '2026-04-07', date '2026-04-02')", 0),
        ("working_days_since(today() - 1)", 1),
        ("add_working_days(date '2026-04-07', -1)", date(2026, 4, 2)),
        ("add_working_days(date '2026-04-04', 0)", date(2026, 4, 4)),
        ("add_months(date '2024-02-29', 12)", date(2025, 2, 28)),
        ("add_months(date '2026-03-31', -1)", date(2026, 2, 28)),
        ("age_on(date '2008-02-29', date '2026-02-28')", 17),
        ("age_on(date '2008-02-29', date '2026-03-01')", 18),
        ("birthday(date '2008-02-29', 20)", date(2028, 2, 29)),
        ("birthday(date '2008-02-28', 18)", date(2026, 2, 28)),
        # part of a month is no month, until its last day
        ("months_between(date '2026-01-31', date '2026-02-27')", 0),
        ("months_between(date '2026-01-31', date '2026-02-28')", 1),
        ("months_between(date '2025-12-31', date '2026-03-30')", 2),
        ("months_between(date '2026-03-31', date '2026-03-30')", -1),
        ("months_since(date '2024-09-30')", 18),
        ("reporting_year_of(date '2026-04-01')", date(2026, 4, 1)),
        ("quarter_of(date '2026-04-01')", date(2026, 4, 1)),
        # started today is open, ended today is closed
        ("is_open(today(), null)", True),
        ("is_open(today(), today() + 1)", True),
        ("is_open(today() - 1, today())", False),
        ("is_open(today() + 1, null)", False),
        ("is_open(null, null)", False),
        # a half goes away from zero, for days as for numbers
        ("add_days(date '2026-03-02', 2.5)", date(2026, 3, 5)),
        ("add_days(date '2026-03-02', 0.4)", date(2026, 3, 2)),
        ("add_working_days(date '2026-04-04', 0.4)", date(2026, 4, 4)),
        # what no calendar has is missing, and fails nothing
        ("add_days(date '9999-12-31', 1)", None),
        ("add_days(date '2026-03-31', 999999999999)", None),
        ("add_months(date '9999-12-31', 1)", None),
        ("birthday(date '2008-02-29', 8000)", None),
        ("working_days_between(date '1899-12-31', date '2026-03-31')", None),
        ("working_days_until(date '9999-12-31')", None),
        ("working_days_since(date '9999-12-31')", 0),
        ("add_working_days(date '9999-12-31', 1)", None),
        ("is_working_day(date '9999-12-31')", None),
        ("days_until(date '2026-03-30')", -1),
        ("days_since(date '2026-04-01')", -1),
        ("week_of(date '2026-03-30')", date(2026, 3, 30)),
        ("count_of(codes())", 0),
        ("length('né £')", 4),
        ("round(-2.5)", -3.0),
        ("round(1234, -2)", 1200.0),
        ("round(2.345, 2)", 2.35),
        ("round(1.005, 2)", 1.01),
        ("round(0.1 + 0.2, 1) = 0.3", True),
        ("round(2.345, 10)", None),
        ("percentage(1, 0)", None),
        ("percentage(0, 4)", 0.0),
        ("percentage_change(50, 40)", -20.0),
        ("percentage_change(-10, -5)", 50.0),
        ("percentage_change(0, 3)", None),
        ("abs(-2.5) = 2.5", True),
        ("how_many(null)", 0),
        ("how_many(1 = 1, 2 = 2, not true)", 2),
        ("count_of(codes('C1', 'C1'))", 2),
        ("has(codes('C1'), null)", False),
        ("trim('  two  words ')", "two  words"),
    ],
)
def test_where_a_function_could_be_read_in_two_ways(engine, text, expected):
    assert answer(engine, text) == expected


# ---------------------------------------------------------------- missing values

MISSING_VALUES = re.findall(
    r"^\| `(.+?)` \| (.+?) \| .+ \|$", RULES_PAGE.partition("## Missing values")[2].partition("## ")[0], re.MULTILINE
)


def test_the_page_shows_what_a_missing_value_does_to_each_kind_of_expression():
    shown = " ".join(text for text, _ in MISSING_VALUES)

    for part in (
        ">",
        "not (",
        "=",
        "<>",
        " in (",
        "not in (",
        "between",
        "like",
        "is null",
        "coalesce(",
        " or ",
        " and ",
        "case ",
    ):
        assert part in shown


@pytest.mark.parametrize(("text", "expected"), MISSING_VALUES)
def test_a_missing_value_does_what_the_page_says_whatever_its_type(engine, text, expected):
    typed = {"text": "VARCHAR", "number": "DOUBLE", "date": "DATE"}
    nothings = [NAMES["x"], *(Name(type=kind, sql=f"CAST(NULL AS {native})") for kind, native in typed.items())]
    tried = [compile_expression(text, NAMES | {"x": nothing}) for nothing in nothings]
    compiled = [each for each in tried if isinstance(each, Compiled)]

    assert len(compiled) > 1
    assert {as_shown(value) for each in compiled for (value,) in engine.sql(f"SELECT {each.sql}")} == {expected}


# ---------------------------------------------------------------- the command


def test_the_command_lists_every_function_by_what_it_is_for():
    listed = CliRunner().invoke(cli, ["rules", "functions"]).stdout

    assert [line for line in listed.splitlines() if line and not line.startswith(" ")] == [
        "Dates", "Working days", "Ages", "Moments", "Tables", "Numbers", "Text", "Lists", "Any value",
        "Of many: only in the `measure` of a rule with `per`",
    ]  # fmt: skip
    assert all(f"  {name}(" in listed for name in (*FUNCTIONS, *AGGREGATES))


@pytest.mark.parametrize("aggregate", AGGREGATES.values(), ids=AGGREGATES)
def test_the_command_shows_what_may_be_counted_over_a_team(aggregate):
    shown = CliRunner().invoke(cli, ["rules", "functions", aggregate.name]).stdout

    assert aggregate.says in " ".join(shown.split())
    assert "`per`. Such as:\n  " + aggregate.example in shown


@every
def test_the_command_shows_a_function_with_its_example_and_answer(function):
    shown = CliRunner().invoke(cli, ["rules", "functions", function.name]).stdout

    assert function.says in " ".join(shown.split())
    assert f"  {function.example}\n  is {function.answer}\n" in shown
    assert ("Where a value it takes is missing, so is its answer." in shown) == (function.strict and bool(function.takes))


def test_the_command_gives_functions_to_scripts():
    everything, one = (
        json.loads(CliRunner().invoke(cli, ["rules", "functions", *which, "--json"]).stdout) for which in ([], ["round"])
    )

    assert [each["name"] for each in everything] == [*FUNCTIONS, *AGGREGATES]
    assert one in everything
    assert (one["takes"], one["optional"], one["gives"], one["missing_if_any_is"]) == (["number", "number"], 1, "number", True)


def test_the_command_knows_what_was_meant():
    refused = CliRunner().invoke(cli, ["rules", "functions", "add_month"])

    assert refused.exit_code
    assert refused.stderr == "error: there is no function 'add_month'\n  Did you mean 'add_months'?\n"
