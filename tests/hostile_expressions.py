"""Expressions that nobody should write, made by chance, and what must hold of each: it is refused, or it reaches nothing.

Used by the suite for a moment and by `bench/fuzz_expressions.py` for as long as one likes.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from hypothesis import strategies as st

from alerting.aggregates import AGGREGATES
from alerting.case_data import Settings
from alerting.expressions import Compiled, Name, compile_expression
from alerting.functions import FUNCTIONS
from alerting.snapshot import EngineError, Snapshot
from alerting.yaml_files import load

RULES = Path(__file__).parent.parent / "rules"
SECONDS = 10.0
NAMES = {
    "visits": Name(type="number", sql='s."visits"', row=True),
    "born": Name(type="date", sql='s."born"', row=True),
    "team": Name(type="text", sql='s."team"', row=True),
    "in_care": Name(type="boolean", sql='s."in_care"', row=True),
    "statuses": Name(type="codes", sql='s."statuses"', row=True),
    "limit": Name(type="number", sql="5"),
    "wanted": Name(type="codes", sql="['A', 'B']::VARCHAR[]"),
}
_ROWS = """CREATE TABLE subject AS SELECT * FROM (VALUES
    (1, DATE '2008-02-29', 'T1', true, ['A']::VARCHAR[]), (NULL, NULL, NULL, NULL, NULL),
    (-9e15, DATE '1901-01-02', '', false, []::VARCHAR[]), (9e15, DATE '2099-12-31', 'x''; DROP TABLE subject; --', true, ['B', NULL]))
    v(visits, born, team, in_care, statuses)"""
_OWN_WORDS = """
    s and or not is null true false in between like case when then else end cast as date double integer bigint varchar boolean
    nullif coalesce list_contains count distinct filter where sum avg median
""".split()


def _words(sql: str) -> set[str]:
    """Give every word of some SQL that stands in no text."""
    return {word.lower() for word in re.findall(r"[A-Za-z_][A-Za-z_0-9]*", re.sub(r"'(?:[^']|'')*'", " ", sql))}


ALLOWED = {
    *_OWN_WORDS,
    *(word for function in FUNCTIONS.values() for word in _words(re.sub(r"\{[a-z0-9]*\}", " ", function.sql))),
    *(word for aggregate in AGGREGATES.values() for word in _words(re.sub(r"\{[a-z0-9]*\}", " ", aggregate.sql))),
    *(word for name in NAMES.values() for word in _words(name.sql)),
    *("row",),
}


def settled() -> Snapshot:
    """Make an engine as a run has it when rules are asked, with one table of four rows, odd ones among them."""
    snapshot = Snapshot(date(2026, 3, 31), Settings(params={}, codes={}, bank_holidays=frozenset()))
    snapshot.settle({})
    snapshot.sql(_ROWS)
    return snapshot


def shipped() -> list[str]:
    """Give every expression of the shipped rules."""
    texts = []
    for path in sorted(RULES.glob("*/*.yaml")):
        value = load(path).value
        if isinstance(value, dict):
            every = [value.get("where"), value.get("measure"), value.get("due"), *(value.get("levels") or {}).values()]
            texts += [str(text) for text in [*every, *(value.get("let") or {}).values()] if text is not None]
    return texts


_ATOMS = st.sampled_from([
    *NAMES, "1", "0", "-1", "999999999999999", "1e308", "0x10", "null", "true", "''", "'a'", "'%'", "'\\'", "'a''b'", "date '2026-02-28'",
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


def _mutated(text: str, at: int, cut: int, put: str) -> str:
    place = at % (len(text) + 1)
    return text[:place] + put + text[place + cut :]


EXPRESSIONS = st.one_of(
    st.recursive(_ATOMS, _bigger, max_leaves=12),
    st.builds(
        _mutated,
        st.sampled_from(shipped()),
        st.integers(0, 400),
        st.integers(0, 6),
        st.one_of(_ATOMS, _SIGNS, _CALLS, st.text(max_size=8)),
    ),
    st.text(max_size=200),
)


def harmless(text: str, snapshot: Snapshot) -> str:
    """Assert that an expression is refused, or is SQL of nothing but our own words that ends. Gives `refused`, `ran` or `failed`."""
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
        try:
            with snapshot.time_limit(SECONDS):
                snapshot.sql(f"SELECT {compiled.sql} FROM ({rows}) s")
            ended = "ran"
        except EngineError as error:
            # A query that fails is the rule's own fault and is told; one that was stopped by its time limit is not bounded.
            ended = "stopped" if "Interrupt" in error.safe else "failed"
        assert ended != "stopped", text
    return ended
