"""Whatever gets through runs on the engine, gives its type, and touches nothing."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from alerting.casedata.engine_errors import EngineError
from alerting.casedata.snapshot import Snapshot
from alerting.expressions.compile import (
    Compiled,
    compile_expression,
)
from alerting.expressions.functions import FUNCTIONS
from tests.young_people import AS_OF, COLUMNS, KNOWN, MISSING, NAMES, OTHER, PARAMETERS, asking, young_people


@pytest.fixture(scope="module")
def engine() -> Iterator[Snapshot]:
    with young_people() as snapshot:
        yield snapshot


@pytest.fixture(scope="module")
def answers(engine: Snapshot) -> Callable[[str], list[Any]]:
    return asking(engine)


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
    """Return something a person could have meant, with words put in, left out and changed."""
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
