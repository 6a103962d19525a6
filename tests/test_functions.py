"""Every function of the rule language does what its own page says. Functions are found, not listed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from alerting.case_data import Settings
from alerting.expressions import Compiled, Name, compile_expression
from alerting.functions import FUNCTIONS, RuleFunction, Type
from alerting.snapshot import Snapshot

GOOD_FRIDAY, EASTER_MONDAY = date(2026, 4, 3), date(2026, 4, 6)
ONE_OF_EACH: dict[Type, str] = {
    "text": "'North'",
    "number": "2",
    "date": "date '2026-03-02'",
    "boolean": "true",
    "codes": "codes('C2')",
    "any": "'North'",
}
every = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)


@pytest.fixture(scope="module")
def engine() -> Iterator[Snapshot]:
    settings = Settings(params={}, codes={}, bank_holidays=frozenset({GOOD_FRIDAY, EASTER_MONDAY}))
    with Snapshot(date(2026, 3, 31), settings) as snapshot:
        snapshot.settle({})
        yield snapshot


def answer(engine: Snapshot, text: str) -> object:
    compiled = compile_expression(text, {"nothing": Name(type="any", sql="NULL")})
    assert isinstance(compiled, Compiled), compiled
    [(value,)] = engine.sql(f"SELECT {compiled.sql}")
    return value


def as_shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


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
    compiled = compile_expression(call(function, [ONE_OF_EACH[kind] for kind in function.takes]), {})

    assert isinstance(compiled, Compiled)
    assert function.gives in (compiled.type, "any")


@every
def test_it_takes_values_that_are_missing(engine, function):
    missing = ["nothing"] * (len(function.takes) + (2 if function.rest else 0))

    value = answer(engine, call(function, missing))

    if function.takes:
        assert value in (None, False)


@pytest.mark.parametrize(
    "function", [function for function in FUNCTIONS.values() if function.takes], ids=lambda function: function.name
)
def test_a_value_too_few_is_a_fault(function):
    fewest = len(function.takes) - function.optional

    [fault, *_] = compile_expression(call(function, [ONE_OF_EACH[kind] for kind in function.takes][: fewest - 1]), {})

    assert fault.problem.startswith(f"{function.name}() takes")
    assert fault.remedy == f"Such as `{function.example}`."


@pytest.mark.parametrize(
    "function", [function for function in FUNCTIONS.values() if not function.rest], ids=lambda function: function.name
)
def test_a_value_too_many_is_a_fault(function):
    [fault, *_] = compile_expression(call(function, [*(ONE_OF_EACH[kind] for kind in function.takes), "1"]), {})

    assert fault.problem.startswith(f"{function.name}() takes")


@every
def test_a_value_of_another_type_is_a_fault_at_its_place(function):
    for index, kind in enumerate(function.takes):
        if kind == "any":
            continue
        arguments = [ONE_OF_EACH[wanted] for wanted in function.takes]
        arguments[index] = "true"
        text = call(function, arguments)

        [fault] = compile_expression(text, {})

        assert "but this is a yes-or-no" in fault.problem
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
        ("days_until(date '2026-03-30')", -1),
        ("days_since(date '2026-04-01')", -1),
        ("week_of(date '2026-03-30')", date(2026, 3, 30)),
        ("count_of(codes())", 0),
        ("length('né £')", 4),
        ("round(-2.5)", -3.0),
        ("round(1234, -2)", 1200.0),
        ("trim('  two  words ')", "two  words"),
    ],
)
def test_where_a_function_could_be_read_in_two_ways(engine, text, expected):
    assert answer(engine, text) == expected
