"""Expressions that nobody should write, made by chance, and what must hold of each: it is refused, or it reaches nothing.

Used by the suite for a moment and by `bench/fuzz_expressions.py` for as long as one likes.
"""

from __future__ import annotations

import re
import time
from datetime import date
from typing import Any

from hypothesis import strategies as st

from alerting.casedata.catalogue import Settings
from alerting.casedata.engine_errors import EngineError
from alerting.casedata.snapshot import Snapshot
from alerting.documents.document import load
from alerting.expressions.aggregates import AGGREGATES
from alerting.expressions.compile import Compiled, Name, compile_expression, constant
from alerting.expressions.functions import FUNCTIONS, Type
from tests import case_rows
from tests.case_rows import RULES

SECONDS = 10.0
_ENGINE = {
    "text": "VARCHAR",
    "number": "BIGINT",
    "date": "DATE",
    "moment": "TIMESTAMP",
    "boolean": "BOOLEAN",
    "codes": "VARCHAR[]",
}
_ODD: dict[str, list[Any]] = {
    "number": [None, 0, -1, 3, 9_223_372_036_854_775_807, -9_223_372_036_854_775_808],
    "double": [None, 0.1, -0.0, "inf", "-inf", "nan", 1.7e308],
    "date": [None, "2008-02-29", "0000-01-01", "9999-12-31", "12000-01-01", "1901-01-02", "2026-03-31"],
    "moment": [None, "2026-03-29 01:30", "0001-01-01", "9999-12-31 23:59", "12000-01-01", "infinity"],
    "text": [None, "", " ", "%_\\", "é" * 3000, "\x00", "x'; DROP TABLE subject; --", "A"],
    "boolean": [None, True, False],
    "codes": [None, [], ["A"], [None], ["A", None, ""], ["B"]],
}
"""What no case system should hold, and one holds some day: as the values of each kind of column."""

_ROWS = 42


def _names() -> dict[str, Name]:
    """Return every name that a shipped rule uses, and some of every kind."""
    book = case_rows.shipped()
    names = dict.fromkeys(("visits", "measure", "rows"), "number") | {"born": "date", "team": "text", "in_care": "boolean"}
    kinds: dict[str, Type] = names | {"statuses": "codes"}  # type: ignore[assignment]
    for subject in book.subjects.values():
        for name, column in subject.columns.items():
            kinds.setdefault(name, "number" if column.type == "integer" else column.type)
    given: dict[str, object] = {}
    for rule in book.rules:
        kinds |= {name: step.type for name, step in rule.let.items() if step.type != "any" and name not in kinds}
        given |= rule.params
    given |= {
        "limit": -5,
        "wanted": ["A", None, "B"],
        "huge": 10**30,
        "fine": 0.1234567890123456,
        "nothing": None,
        "word": "it's",
        "scale": {"office": 60, "A": -0.5, "default": 20},
        "bounds": {"office": [10, 12], "it's": [-1, 1e15]},
    }
    columns = {name: Name(type=kind, sql=f's."{name}"', row=True) for name, kind in kinds.items()}
    return {name: constant(value) for name, value in given.items()} | columns


NAMES = _names()
COLUMNS = {name: found.type for name, found in NAMES.items() if found.row}
_OWN_WORDS = """
    s and or not is null true false in between like case when then else end cast as date double integer bigint varchar boolean
    nullif coalesce list_contains list_filter lambda count distinct filter where sum avg median round
""".split()


def _words(sql: str) -> set[str]:
    """Return every word of some SQL that stands in no text."""
    return {word.lower() for word in re.findall(r"[A-Za-z_][A-Za-z_0-9]*", re.sub(r"'(?:[^']|'')*'", " ", sql))}


ALLOWED = {
    *_OWN_WORDS,
    *(word for function in FUNCTIONS.values() for word in _words(re.sub(r"\{[a-z0-9]*\}", " ", function.sql))),
    *(word for aggregate in AGGREGATES.values() for word in _words(re.sub(r"\{[a-z0-9]*\}", " ", aggregate.sql))),
    *(word for name in NAMES.values() for word in _words(name.sql)),
    *("row",),
}


def settled() -> Snapshot:
    """Make an engine as a run has it when rules are asked, with one table of rows that are all odd."""
    snapshot = Snapshot(date(2026, 3, 31), Settings(params={}, codes={}, bank_holidays=frozenset()))
    snapshot.settle({})
    columns, cells = [], []
    for number, (name, kind) in enumerate(COLUMNS.items()):
        odd = _ODD["double" if kind == "number" and number % 3 == 0 else kind]
        engine = "DOUBLE" if odd is _ODD["double"] else _ENGINE[kind]
        columns.append(f'unnest(${number + 1}::{engine}[]) AS "{name}"')
        # Row by row, and column by column, another step through what is odd, so that all sorts meet.
        cells.append([odd[(row * (1 + number % 5) + number) % len(odd)] for row in range(_ROWS)])
    snapshot.sql(f"CREATE TABLE subject AS SELECT {', '.join(columns)}", cells)
    return snapshot


def shipped() -> list[str]:
    """Return every expression of the shipped rules."""
    texts = []
    for path in sorted(RULES.glob("*/*.yaml")):
        value = load(path).value
        if isinstance(value, dict):
            every = [value.get("where"), value.get("measure"), value.get("due"), *(value.get("levels") or {}).values()]
            texts += [str(text) for text in [*every, *(value.get("let") or {}).values()] if text is not None]
    return texts


_ATOMS = st.sampled_from([
    "visits", "caseload", "born", "team", "in_care", "statuses", "limit", "wanted", "huge", "fine", "nothing", "word", *sorted(NAMES)[::9], "1", "0", "-1", "999999999999999", "1e308", "0x10", "null", "true", "''", "'a'", "'%'", "'\\'", "'a''b'", "date '2026-02-28'",
    "date '9999-12-31'", "*", "?", "$1", ":x", "@x", "{{ x }}", "subject", '"visits"', "s.visits", "raw.x", "current_date", "$$x$$",
    "E'\\x41'", "x'41'", "ｖisits", "vіsits", "\u200bvisits", "visits\u00a0", "[1]", "{'a': 1}", "#1", "now",
])  # fmt: skip
_CALLS = st.sampled_from([
    *FUNCTIONS, *AGGREGATES, "read_csv", "read_text", "glob", "getenv", "range", "sleep", "pg_sleep", "nextval", "query", "repeat", "list_sum",
    "current_setting", "set_config", "install", "load_extension", "getvariable", "param", "query_table", "regexp_replace", "random",
])  # fmt: skip
_SIGNS = st.sampled_from(
    "+ - * / % || = == <> != < <= > >= and or like ilike is in ~ :: := -> . ; && | & ^ -- /* */ union select from where".split()
)


def _bigger(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inside, _SIGNS, inside).map(" ".join),
        st.tuples(_CALLS, st.lists(inside, max_size=4)).map(lambda made: f"{made[0]}({', '.join(made[1])})"),
        inside.map("({})".format),
        inside.map("not {}".format),
        inside.map("(select {} from subject)".format),
        st.tuples(inside, inside, inside).map(lambda made: f"case when {made[0]} then {made[1]} else {made[2]} end"),
        st.tuples(inside, inside, inside).map(lambda made: f"{made[0]} between {made[1]} and {made[2]}"),
        st.tuples(inside, st.lists(inside, max_size=3)).map(lambda made: f"{made[0]} in ({', '.join(made[1])})"),
        st.tuples(inside, st.integers(1, 60)).map(lambda made: "(" * made[1] + made[0] + ")" * made[1]),
        st.tuples(st.sampled_from(sorted(FUNCTIONS)), st.integers(1, 30), inside).map(
            lambda made: f"{made[0]}(" * made[1] + made[2] + ")" * made[1]
        ),
        inside.map("cast({} as varchar)".format),
    )


_VALUES: dict[str, list[str]] = {
    "number": ["0", "1", "-3", "2.5", "0.123456789012345", "999999999999999", "null"],
    "date": ["today()", "date '2026-02-28'", "date '0001-01-01'", "date '9999-12-31'", "null"],
    "moment": ["moment('2026-03-29 01:30')", "moment('0001-01-01 00:00')", "moment('9999-12-31 23:59')", "null"],
    "text": ["'A'", "'office'", "''", "'%'", "'a_%\\'", "'it''s'", "null"],
    "boolean": ["true", "false", "null"],
    "codes": ["codes('A', 'B')", "codes()"],
    "table": [],
    "levels": [],
}
"""What gives a value of each type; a table is only ever a name."""
_TABLES = {"table", "levels"}
for _name, _found in NAMES.items():
    if _found.type in _VALUES:
        _VALUES[_found.type].append(_name)


def _calls_giving(kind: str) -> list[tuple[str, list[str], str | None]]:
    calls = [(one.name, list(one.takes), one.rest) for one in FUNCTIONS.values() if one.gives in (kind, "any")]
    calls += [
        (name, [*takes][: len(takes) - left], rest)
        for name, takes, rest in calls
        for left in range(1, FUNCTIONS[name].optional + 1)
    ]
    return calls


_GIVING = {kind: _calls_giving(kind) for kind in _VALUES}


@st.composite
def legal(draw: st.DrawFn, kind: str, depth: int) -> str:
    """Return something the language allows that gives a value of this type, whatever sense it makes."""
    if depth == 0 or kind in _TABLES or draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from(_VALUES[kind]))

    def part(of: str) -> str:
        return draw(legal(of, depth - 1))

    forms = ["call", "call", "case", "case of"]
    forms += {
        "number": ["sum", "sum", "minus", "days"],
        "date": ["plus"],
        "boolean": ["compare", "between", "in", "in list", "like", "is", "and"] * 2,
    }.get(kind, [])
    of = draw(st.sampled_from(["number", "date", "text"]))
    match draw(st.sampled_from(forms)):
        case "case":
            return f"case when {part('boolean')} then {part(kind)} when {part('boolean')} then {part(kind)} else {part(kind)} end"
        case "case of":
            return f"case {part(of)} when {part(of)} then {part(kind)} when {part(of)} then {part(kind)} end"
        case "sum":
            return f"({part('number')} {draw(st.sampled_from('+-*/'))} {part('number')})"
        case "minus":
            return f"-({part('number')})"
        case "days":
            return f"({part('date')} - {part('date')})"
        case "plus":
            return f"({part('date')} {draw(st.sampled_from('+-'))} {part('number')})"
        case "compare":
            return f"({part(of)}) {draw(st.sampled_from(['=', '<>', '<', '<=', '>', '>=']))} ({part(of)})"
        case "between":
            return f"(({part(of)}) {draw(st.sampled_from(['', 'not ']))}between ({part(of)}) and ({part(of)}))"
        case "in":
            return f"(({part(of)}) in ({part(of)}, {part(of)}, {part(of)}))"
        case "in list":
            return f"(({part('text')}) in {draw(st.sampled_from(['wanted', 'statuses']))})"
        case "like":
            return f"({part('text')} like {part('text')})"
        case "is":
            return f"(({part('boolean')}) is {draw(st.sampled_from(['null', 'not null', 'true', 'not false']))})"
        case "and":
            return f"({part('boolean')} {draw(st.sampled_from(['and', 'or']))} not ({part('boolean')}))"
    name, takes, rest = draw(st.sampled_from(_GIVING[kind]))
    more = [rest] * draw(st.integers(0, 3)) if rest else []
    return f"{name}({', '.join(part(kind if each == 'any' else each) for each in [*takes, *more])})"


def _mutated(text: str, at: int, cut: int, put: str) -> str:
    place = at % (len(text) + 1)
    return text[:place] + put + text[place + cut :]


_LEGAL = st.sampled_from([kind for kind in _VALUES if kind not in _TABLES]).flatmap(lambda kind: legal(kind, 4))
_COUNTED = st.builds(
    "{}({}) {} {}({})".format, st.sampled_from(sorted(AGGREGATES)), legal("boolean", 2) | legal("number", 2),
    st.sampled_from("+-*/"), st.sampled_from(sorted(AGGREGATES)), legal("number", 2) | legal("date", 2),
)  # fmt: skip
EXPRESSIONS = st.one_of(
    st.recursive(_ATOMS, _bigger, max_leaves=12),
    _LEGAL,
    _COUNTED,
    st.builds(
        _mutated,
        st.sampled_from(shipped()) | _LEGAL,
        st.integers(0, 400),
        st.integers(0, 6),
        st.one_of(_ATOMS, _SIGNS, _CALLS, st.text(max_size=8)),
    ),
    st.text(max_size=200),
)


def harmless(text: str, snapshot: Snapshot) -> str:
    """Assert that an expression is refused, or is SQL of nothing but our own words that ends well, whatever the rows hold.

    Gives `refused` or `ran`.
    """
    ended = "refused"
    for over in ("one", "many"):
        compiled = compile_expression(text, NAMES, over=over)
        if not isinstance(compiled, Compiled):
            assert compiled
            assert all(fault.problem and fault.line >= 1 and fault.column >= 1 for fault in compiled), text
            continue
        strange = _words(compiled.sql) - ALLOWED
        assert not strange, (text, strange)
        rows = 'SELECT *, true AS "is row" FROM subject'
        started = time.perf_counter()
        try:
            with snapshot.time_limit(SECONDS):
                snapshot.sql(f"SELECT {compiled.sql} FROM ({rows}) s")
        except EngineError as error:
            # One odd cell must not fail a rule for everybody.
            raise AssertionError(f"{error.safe}: {text}") from None
        assert time.perf_counter() - started < SECONDS, text
        ended = "ran"
    return ended
