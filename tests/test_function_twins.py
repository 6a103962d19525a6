"""Every function of the rule language means in the engine what it means in Python: on the days that are hard, on numbers,
texts and lists that are odd, with a value missing in every place, and on every day of ten years.

Functions are found, not listed, and asked with the values of their types; many calls make one query.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import product
from math import prod
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from alerting.casedata.catalogue import Settings
from alerting.casedata.snapshot import Snapshot
from alerting.expressions.compile import Compiled, Name, compile_expression, constant
from alerting.expressions.functions import FUNCTIONS, Day, RuleFunction, Type
from alerting.sources.demo.calendar import bank_holidays, easter
from alerting.working_days import FIRST, LAST

TUESDAY = date(2026, 3, 31)
HOLIDAYS = frozenset().union(*(bank_holidays(year) for year in range(2018, 2031)))

Kind = str
"""A type of the language as the engine may have it: numbers are whole, of decimals, or with a point that floats."""

ENGINE_TYPES = {
    "text": "VARCHAR",
    "whole": "BIGINT",
    "decimal": "DECIMAL(18, 3)",
    "double": "DOUBLE",
    "date": "DATE",
    "moment": "TIMESTAMP",
    "boolean": "BOOLEAN",
    "codes": "VARCHAR[]",
    "parameter": "VARCHAR[]",  # a list that stands for its members, which is never missing
    "table": "VARCHAR",  # a table is the rule's own, and no column
    "levels": "VARCHAR",
}
KINDS: dict[Type, tuple[Kind, ...]] = {
    "text": ("text",),
    "number": ("whole", "decimal", "double"),
    "date": ("date",),
    "moment": ("moment",),
    "boolean": ("boolean",),
    "codes": ("codes",),
    "table": ("table",),
    "levels": ("levels",),
    "any": ("text", "whole", "decimal", "double", "date", "boolean", "codes"),
}


CHANGES = (datetime(2026, 3, 29, 1), datetime(2026, 10, 25, 1))
HARD_MOMENTS = [
    *(change + timedelta(minutes=step) for change in CHANGES for step in (-61, -60, -1, 0, 1, 59, 60, 61)),
    *(datetime(2026, 3, day, hour, minute) for day in (27, 28, 30) for hour in (0, 8, 16) for minute in (0, 1, 59)),
    *(datetime(2026, 4, day, hour) for day in (2, 3, 7) for hour in (0, 7, 9, 17, 23)),
    *(datetime(2026, month, 31, 23, 30) for month in (1, 3, 12)),
    *(datetime(1900, 12, 31, 12), datetime(1901, 1, 1), datetime(1970, 1, 1), datetime(2110, 1, 1, 23, 59), datetime(2110, 1, 2)),
]


TABLES: dict[str, dict[str, Any]] = {
    "table": {"A": 60, "ab": 0.5, "O'Brien": -1, "default": 20},
    "levels": {"A": (10, 12), "a": (0.1, 0.25), "office": (3, 1)},
}


def around(*days: date) -> list[date]:
    return [day + timedelta(days=step) for day in days for step in (-1, 0, 1)]


HARD_DAYS = [
    *(easter(year) + timedelta(days=step) for year in (2024, 2026) for step in range(-3, 3)),
    *(date(2025, 12, day) for day in range(24, 32)),
    *(date(2027, 12, day) for day in range(24, 32)),  # Christmas at a weekend
    *around(date(2008, 2, 29), date(2024, 2, 29), date(2023, 2, 28), date(2000, 2, 29)),
    *(date(2026, month, 28) + timedelta(days=step) for month in (1, 2, 4, 9) for step in range(4)),
    *around(date(2026, 1, 1), date(2026, 4, 1), date(2026, 8, 31)),
    *around(date(2026, 3, 29), date(2026, 10, 25)),  # the clocks change
    *around(FIRST, LAST),
    *(date(1900, 2, 28), date(1900, 3, 1), date(2100, 2, 28), date(2100, 3, 1)),
    *(date.min, date(1, 2, 28), date(1, 4, 1), date(1582, 10, 15), date(9999, 2, 28), date(9999, 12, 30), date.max),
]
WHOLE = [0, 1, -1, 2, 3, 5, -5, 9, 10, 12, -12, 13, 18, 45, 260, 5_000, -5_000, 118_000, 10**7 - 1, 10**7, 10**12, -(10**15) + 1]
DECIMAL = [0.5, -0.5, 1.5, 2.5, -2.5, 0.4, -0.4, 0.001, 2.345, -2.345, 1.005, 0.285, 99.995, 9_999_999.5, -12.25]
DOUBLE = [0.1 + 0.2, 1 / 3, -2 / 3, 1e-9, 2.5e-10, 0.49999999999999994, 1.1 * 1.5, 1e15 / 7, 1234.56785]
HARD: dict[Kind, Sequence[object]] = {
    "text": [
        "",
        " ",
        "A",
        "a",
        "ab",
        " né £ ",
        "\ta\u00a0\n",
        "\u2009a\u3000",
        "İ",
        "ΑΣ",
        "ß",
        "ǅ",
        "e\u0301",
        "👩\u200d👧",
        "O'Brien",
        "A%_\\",
        *("elapsed", "working_days", "office", "2026-03-29 01:30", "2026-02-30 07:00", "2026-03-31 24:00", "2026-03-31T07:00"),
    ],
    "whole": WHOLE,
    "decimal": [*(number for number in WHOLE if abs(number) < 10**12), *DECIMAL],
    "double": [*map(float, WHOLE), *DECIMAL, *DOUBLE],
    "date": sorted(set(HARD_DAYS)),
    "moment": HARD_MOMENTS,
    "boolean": [True, False],
    "table": [TABLES["table"]],
    "levels": [TABLES["levels"]],
    "codes": [(), ("A",), ("a",), ("",), ("A", "B"), ("B", "A"), ("A", "A")],
}
ODD: dict[Kind, st.SearchStrategy[object]] = {
    "text": st.text(max_size=6) | st.sampled_from("ABab"),
    "whole": st.integers(-40, 40) | st.integers(-(10**15) + 1, 10**15 - 1),
    "decimal": st.integers(-(10**6), 10**6).map(lambda thousandths: thousandths / 1000),
    "double": st.floats(-1e6, 1e6, allow_subnormal=False) | st.floats(-1e15, 1e15, allow_subnormal=False),
    "date": st.dates(date(2005, 1, 1), date(2030, 12, 31)) | st.dates(),
    "moment": st.datetimes(datetime(1996, 1, 1), datetime(2035, 1, 1)).map(lambda at: at.replace(second=0, microsecond=0)),
    "boolean": st.booleans(),
    "codes": st.lists(st.sampled_from("ABCa"), max_size=4).map(tuple),
}
ODD |= {kind: st.just(table) for kind, table in TABLES.items()}
VALUES = {kind: ODD[kind] if kind in TABLES else st.none() | st.sampled_from(HARD[kind]) | ODD[kind] for kind in HARD} | {
    "parameter": ODD["codes"]
}
POOLS: dict[Kind, Sequence[object]] = {kind: HARD[kind] if kind in TABLES else [None, *HARD[kind]] for kind in HARD} | {
    "parameter": HARD["codes"]
}

ONE_OF_EACH: dict[Type, tuple[str, object]] = {
    "text": ("'North'", "North"),
    "number": ("2", 2),
    "date": ("DATE '2026-04-02'", date(2026, 4, 2)),
    "moment": ("TIMESTAMP '2026-03-29 01:30'", datetime(2026, 3, 29, 1, 30)),
    "boolean": ("true", True),
    "codes": ("['C2']", ("C2",)),
    "table": (constant(TABLES["table"]).sql, TABLES["table"]),
    "levels": (constant(TABLES["levels"]).sql, TABLES["levels"]),
    "any": ("'North'", "North"),
}

every = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)
calendar = pytest.mark.parametrize(
    "function",
    [each for each in FUNCTIONS.values() if "date" in each.takes and not each.rest],
    ids=lambda function: function.name,
)


@pytest.fixture(scope="session")
def engine() -> Iterator[Snapshot]:
    with Snapshot(TUESDAY, Settings(params={}, codes={}, bank_holidays=HOLIDAYS)) as snapshot:
        snapshot.settle({})
        yield snapshot


def shapes(function: RuleFunction) -> list[tuple[Kind, ...]]:
    """Return every way of calling it: with and without what may be left out, with none to three values more, lists among them."""
    found = []
    for anything in KINDS["any"] if "any" in (*function.takes, function.rest) else ("",):
        of = {**KINDS, "any": (anything,)}
        for left_out in range(function.optional + 1):
            for first in product(*(of[kind] for kind in function.takes[: len(function.takes) - left_out])):
                found += [(*first, *more) for more in (_more(of, function.rest) if function.rest else [()])]
    return [shape for shape in found if isinstance(asked(function, shape), Compiled)]


def _more(of: dict[Type, tuple[Kind, ...]], rest: Type) -> list[tuple[Kind, ...]]:
    [kind] = of[rest]
    lists = [("parameter",), (kind, "parameter")] if rest in ("text", "any") else []
    return [(), (kind,), (kind, kind, kind), *lists]


def asked(function: RuleFunction, shape: Sequence[Kind]) -> Compiled | list[Any]:
    language = {kind: type for type, kinds in KINDS.items() if type != "any" for kind in kinds}
    names = {f"a{n}": Name(type=language.get(kind, "codes"), sql=f's."a{n}"') for n, kind in enumerate(shape)}
    names |= {f"a{n}": constant(TABLES[kind]) for n, kind in enumerate(shape) if kind in TABLES}
    return compile_expression(f"{function.name}({', '.join(names)})", names)


def answers(engine: Snapshot, function: RuleFunction, shape: Sequence[Kind], calls: Sequence[tuple[Any, ...]]) -> list[object]:
    """Ask the engine of many calls of one shape in one query."""
    compiled = asked(function, shape)
    assert isinstance(compiled, Compiled)
    columns = [f"unnest(${n}::{ENGINE_TYPES[kind]}[]) AS a{n - 1}" for n, kind in enumerate(shape, 1)]
    given = f"SELECT {', '.join([*columns, f'unnest(range({len(calls)})) AS no'])}"
    calls = [[None if isinstance(cell, dict) else cell for cell in call] for call in calls]
    values = [[list(cell) if isinstance(cell, tuple) else cell for cell in column] for column in zip(*calls, strict=True)]
    return [plain(row[0]) for row in engine.sql(f"SELECT {compiled.sql} FROM ({given}) s ORDER BY s.no", values)]


def plain(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else tuple(value) if isinstance(value, list) else value


def same(left: object, right: object) -> bool:
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def assert_agreement(
    engine: Snapshot, function: RuleFunction, shape: Sequence[Kind], calls: Sequence[tuple[Any, ...]], as_of: date = TUESDAY
) -> None:
    engine.at(as_of)
    on = Day(as_of=as_of, bank_holidays=HOLIDAYS)
    in_python = [function.twin(*arguments, on=on) for arguments in calls]

    told = zip(calls, answers(engine, function, shape, calls), in_python, strict=True)

    apart = [f"{function.name}{call}: engine {sql!r}, Python {python!r}" for call, sql, python in told if not same(sql, python)]
    assert not apart, "\n".join([f"as of {as_of}, asked as {shape}", *apart[:10]])


@every
def test_they_agree_on_all_that_is_hard(engine, function):
    chance = random.Random(20260331)
    for shape in shapes(function):
        pools = [POOLS[kind] for kind in shape]
        everything = prod(map(len, pools)) <= 10_000
        calls = list(product(*pools)) if everything else [tuple(map(chance.choice, pools)) for _ in range(2_000)]
        assert_agreement(engine, function, shape, calls)


@every
@given(data=st.data())
@hypothesis_settings(max_examples=8, deadline=None)
def test_they_agree_on_whatever_comes(engine, function, data):
    shape = data.draw(st.sampled_from(shapes(function)))
    calls = data.draw(st.lists(st.tuples(*(VALUES[kind] for kind in shape)), min_size=1, max_size=40))
    as_of = data.draw(st.sampled_from(HARD["date"]) if shape else st.just(TUESDAY))

    assert_agreement(engine, function, shape, calls, as_of)


TEN_YEARS = [date(2019, 1, 1) + timedelta(days=n) for n in range(3653)]
AGAINST: dict[Kind, Sequence[object]] = {
    "date": [date(2019, 1, 1), date(2020, 2, 29), date(2024, 3, 31), TUESDAY],
    "whole": [-12, -1, 0, 1, 5, 18, 45],
}


@calendar
def test_they_agree_on_every_day_of_ten_years(engine, function):
    shape = tuple({"date": "date", "number": "whole"}[kind] for kind in function.takes)
    for place, kind in enumerate(shape):
        if kind == "date":
            others = [AGAINST[kind] for kind in shape]
            others[place] = TEN_YEARS
            assert_agreement(engine, function, shape, list(product(*others)))


@calendar
@pytest.mark.parametrize("as_of", [date(2020, 2, 29), date(2023, 4, 9), date(2024, 12, 25), date(2028, 12, 31)], ids=str)
def test_they_agree_whenever_the_rule_is_asked(engine, function, as_of):
    if len(function.takes) == 1:
        assert_agreement(engine, function, ("date",), [(day,) for day in TEN_YEARS], as_of)


@pytest.mark.parametrize("inner", [each for each in FUNCTIONS.values() if each.gives != "any"], ids=lambda inner: inner.name)
def test_they_agree_one_inside_another(engine, inner):
    engine.at(TUESDAY)
    on = Day(as_of=TUESDAY, bank_holidays=HOLIDAYS)
    names = {kind: Name(type=kind, sql=f"s.{kind}") for kind in ONE_OF_EACH}
    row = ", ".join(f"{value} AS {kind}" for kind, (value, _) in ONE_OF_EACH.items())
    within = f"{inner.name}({', '.join(inner.takes)})"
    value = inner.twin(*(ONE_OF_EACH[kind][1] for kind in inner.takes), on=on)
    outer = [each for each in FUNCTIONS.values() if inner.gives in each.takes]

    compiled = [
        compile_expression(f"{each.name}({', '.join(within if kind == inner.gives else kind for kind in each.takes)})", names)
        for each in outer
    ]
    [told] = engine.sql(f"SELECT {', '.join(each.sql for each in compiled)} FROM (SELECT {row}) s")

    for each, sql in zip(outer, told, strict=True):
        arguments = [value if kind == inner.gives else ONE_OF_EACH[kind][1] for kind in each.takes]
        assert same(plain(sql), each.twin(*arguments, on=on)), f"{inner.name} in {each.name}"


@every
def test_a_missing_value_makes_the_answer_missing_or_its_sentence_says_what_then(function):
    on = Day(as_of=TUESDAY, bank_holidays=HOLIDAYS)
    of = {
        "text": "A",
        "number": 1,
        "date": TUESDAY,
        "moment": HARD_MOMENTS[0],
        "boolean": True,
        "codes": ("A",),
        "any": "A",
    } | TABLES
    calls = [[None if n == place else of[kind] for n, kind in enumerate(function.takes)] for place in range(len(function.takes))]

    assert not function.strict or all(function.twin(*arguments, on=on) is None for arguments in calls)
    assert function.strict or "missing" in function.says
