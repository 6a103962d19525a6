"""What a function of the rule language is: one Python function with its engine form beside it.

Its docstring is what every page says of it, its annotations are the types it takes and gives. An argument that may be
`None` is one it has an answer for; any other missing argument makes the answer missing, and the body never sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from inspect import Parameter, getdoc, signature
from types import NoneType, UnionType
from typing import Any, Literal, NewType, ParamSpec, TypeVar, get_args, get_type_hints

from alerting.clocks import CLOCKS, Calendar

Type = Literal["text", "number", "date", "moment", "boolean", "codes", "table", "levels", "any"]
About = Literal["dates", "working days", "moments", "ages", "numbers", "text", "lists", "tables", "any value"]

Number = int | float
Codes = tuple[str, ...]
Table = Mapping[str, Number]
Levels = Mapping[str, tuple[Number, Number]]
Clock = NewType("Clock", str)
"""A text that is the name of a clock."""

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Day(Calendar):
    """The day on which a rule is asked: the business date of the run, and its calendar."""

    as_of: date


@dataclass(frozen=True, kw_only=True)
class RuleFunction:
    """One function of the rule language, with all that anybody asks about it."""

    name: str
    about: About
    #: A type for each argument, of which the last `optional` may be left out.
    takes: tuple[Type, ...]
    gives: Type
    sql: str
    #: What it means, in one sentence.
    says: str
    #: What there is to know besides, or nothing.
    notes: str
    #: A call of it in plain English, its arguments as {0}, {1}; empty where `authoring.explain.plain_english` has a way of its own.
    words: str
    example: str
    #: What the example gives on 31 March 2026.
    answer: str
    #: The same in Python, called as `twin(*arguments, on=Day(...))`; None is a missing value.
    twin: Callable[..., object]
    #: Whether any missing argument makes the answer missing.
    strict: bool
    #: For each argument, the texts that it may be; empty for one that may be any.
    choices: tuple[tuple[str, ...], ...]
    #: The type of any number of further arguments.
    rest: Type | None = None
    optional: int = 0


OFFERED: dict[str, RuleFunction] = {}
"""What has been offered so far, by name; `functions.FUNCTIONS` is all of it."""


def rule_function(about: About, *, sql: str, words: str, example: str, answer: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Offer the decorated function to rules, under its own name (without the `_` that keeps it apart from a builtin).

    `sql` is the engine's form: its arguments are {0}, {1}, ..., all of them {all}, those after the first as one list {list}; the
    snapshot's own functions may be used in it. `words` is a call in plain English, `answer` what the example gives on 31 March 2026.
    """

    def offer(body: Callable[P, R]) -> Callable[P, R]:
        hints = get_type_hints(body)
        parameters = [each for each in signature(body).parameters.values() if each.kind is not Parameter.KEYWORD_ONLY]
        single = [each for each in parameters if each.kind is not Parameter.VAR_POSITIONAL]
        rest = [_type(hints[each.name]) for each in parameters if each.kind is Parameter.VAR_POSITIONAL]
        may_be_missing = [_may_be_missing(hints[each.name]) for each in parameters]
        says, _, notes = (getdoc(body) or "").partition("\n\n")
        function = RuleFunction(
            name=body.__name__.removesuffix("_"),
            about=about,
            takes=tuple(_type(hints[each.name]) for each in single),
            gives=_type(hints["return"]),
            sql=sql,
            says=" ".join(says.split()),
            notes=" ".join(notes.split()),
            words=words,
            example=example,
            answer=answer,
            twin=_passing_over_missing(body, may_be_missing[: len(single)], takes_day="on" in hints),
            strict=not any(may_be_missing),
            choices=tuple(CLOCKS if hints[each.name] is Clock else () for each in single),
            rest=rest[0] if rest else None,
            optional=sum(each.default is not Parameter.empty for each in single),
        )
        OFFERED[function.name] = function
        return body

    return offer


_TYPES: dict[object, Type] = {
    str: "text",
    Clock: "text",
    int: "number",
    float: "number",
    date: "date",
    datetime: "moment",
    bool: "boolean",
    Codes: "codes",
    Table: "table",
    Levels: "levels",
    Any: "any",
}


def _parts(hint: object) -> tuple[object, ...]:
    return get_args(hint) if isinstance(hint, UnionType) else (hint,)


def _type(hint: object) -> Type:
    kinds = {_TYPES[part] for part in _parts(hint) if part is not NoneType}
    # Where codes may be given one by one, a list of them may stand among them.
    [kind] = kinds - {"codes"} or kinds
    return kind


def _may_be_missing(hint: object) -> bool:
    return hint is Any or NoneType in _parts(hint)


def _passing_over_missing(body: Callable[..., object], may_be_missing: list[bool], *, takes_day: bool) -> Callable[..., object]:
    @wraps(body)
    def twin(*arguments: object, on: Day) -> object:
        if any(argument is None and not may for argument, may in zip(arguments, may_be_missing, strict=False)):
            return None
        return body(*arguments, on=on) if takes_day else body(*arguments)

    return twin
