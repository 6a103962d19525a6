"""What an expression is made of: the names it may use, its parts as they are written and as SQL, and its faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Literal

from alerting.expressions.functions import Type

Kind = Literal[
    "name", "value", "call", "compare", "and", "or", "not", "is", "between", "in", "like", "case", "sum", "minus"
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Name:
    """A name that an expression may use."""

    type: Type
    #: What the engine is asked for it.
    sql: str
    #: Whether each subject has its own, as with a column; a parameter is the same for all.
    row: bool = False
    #: The texts that it can be, as far as the rule names them.
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ExpressionFault:
    """What is wrong in an expression, and where in its text."""

    problem: str
    #: Line and column are counted from 1.
    line: int = 1
    column: int = 1
    remedy: str = ""
    #: Whether the expression names a column or parameter that is not there.
    unknown_name: bool = False


@dataclass(frozen=True, kw_only=True)
class Term:
    """One part of a compiled expression, with its own parts."""

    kind: Kind
    #: The column or parameter, the value, the function's name, or the operator in lower case (`>`, `is null`, `not in`).
    word: str
    #: As the author wrote it, its space folded and without brackets around the whole.
    text: str
    sql: str
    type: Type
    #: In order. A chain of `and` or `or` is one term with all its parts. Of `is null` and its like, the only part is what is
    #: asked about. A `case` has its pairs of when and then, and last its `else`, where there is one; a `case of` has before
    #: them the value that each `when` is compared with.
    parts: tuple[Term, ...] = ()
    #: How often the engine asks something for it, each part counted as often as its SQL comes to name it.
    work: int = 0
    #: The texts that it can be, as far as the rule names them.
    texts: tuple[str, ...] = ()


NOTHING = Term(kind="value", word="null", text="null", sql="NULL", type="any")
"""A missing value; it stands for a part that has a fault, too, so that the others are still looked at."""


_MOST = 10**15


def constant(value: object) -> Name:
    """Return the name of a parameter with this value: text, number, truth, date, a list of them, a table, or nothing."""
    if isinstance(value, Mapping):
        return _table_constant(value)
    if isinstance(value, (list, tuple)):
        return _list_constant(tuple(map(_plain, value)), tuple(map(type, value)))
    return _plain_constant(_plain(value))


def _plain(value: object) -> float | date | str | None:
    return value if value is None or isinstance(value, (bool, int, float, date)) else str(value)


def _table_constant(table: Mapping[str, Any]) -> Name:
    """Return the name of a table with a number, or one for amber and one for red, for each row."""
    pairs = any(isinstance(row, (list, tuple)) for row in table.values())
    rows = (
        f"[{', '.join(_plain_constant(part).sql for part in row)}]"
        if isinstance(row, (list, tuple))
        else _plain_constant(row).sql
        for row in table.values()
    )
    made = ", ".join(f"{text_literal(name)}: {row}" for name, row in zip(table, rows, strict=True))
    return Name(type="levels" if pairs else "table", sql=f"MAP {{{made}}}")


# Every rule has the same shared parameters. True and 1 are the same to a cache that does not ask for their types.
@lru_cache(maxsize=2048)
def _list_constant(values: Sequence[float | date | str | None], _: Sequence[type]) -> Name:
    return Name(type="codes", sql=f"[{', '.join(_plain_constant(value).sql for value in values)}]::VARCHAR[]")


@lru_cache(maxsize=2048, typed=True)
def _plain_constant(value: float | date | str | None) -> Name:
    if value is None:
        return Name(type="any", sql="NULL")
    if isinstance(value, bool):
        return Name(type="boolean", sql="true" if value else "false")
    if isinstance(value, (int, float)) and not -_MOST < value < _MOST:
        # As a whole number of so many digits, the engine could not compare it with a decimal.
        return Name(type="number", sql=f"CAST('{value}' AS DOUBLE)")
    if isinstance(value, (int, float)):
        # In brackets, or the minus before a parameter and the one in it would begin a comment.
        return Name(type="number", sql=repr(value) if value >= 0 else f"({value!r})")
    if isinstance(value, date):
        return Name(type="date", sql=f"DATE '{value.isoformat()}'")
    return Name(type="text", sql=text_literal(value), texts=(value,))


def text_literal(text: str) -> str:
    """Write a text as the engine's own: quotes are doubled, and nothing else in it means anything."""
    return "'" + text.replace("'", "''") + "'"


_CALLED: dict[Type, str] = {
    "boolean": "a yes-or-no",
    "codes": "a list of codes",
    "table": "a table with one number a row",
    "levels": "a table with amber and red",
    "any": "a value",
}


def a(kind: Type) -> str:
    """Name a type in a sentence: `a number`."""
    return _CALLED.get(kind, f"a {kind}")


def fits(kind: Type, wants: Type) -> bool:
    """Return whether a value of one type can stand where another is wanted."""
    return "any" in (kind, wants) or kind == wants


def alike(*terms: Term) -> bool:
    """Return whether values can be compared with each other; one that is always missing says nothing of the others."""
    return len({term.type for term in terms} - {"any"}) <= 1
