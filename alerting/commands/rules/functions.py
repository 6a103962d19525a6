"""`alerting rules functions`: what an expression may call."""

from __future__ import annotations

import shutil
import textwrap
from itertools import groupby

import click

from alerting.documents.document import did_you_mean
from alerting.errors import AlertingError
from alerting.expressions.aggregates import AGGREGATES, Aggregate
from alerting.expressions.functions import FUNCTIONS, RuleFunction, Type
from alerting.rulebook.reference import functions_page
from alerting.terminal import echo, echo_json

_WORDS: dict[Type, str] = {"boolean": "yes or no", "codes": "list of codes", "any": "value"}
_MOST_COLUMNS = 130
_OF_MANY = "Of many: only in the `measure` of a rule with `per`"


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list, or one value for NAME.")
@click.option("--markdown", is_flag=True, help="Print the functions as the table of a page.")
def command(name: str | None, *, as_json: bool, markdown: bool) -> None:
    """List the functions that expressions may use, or show one, with an example and its answer on 31 March 2026."""
    if markdown:
        echo(functions_page(), nl=False)
    elif name is not None:
        function = _named(name)
        echo_json(_as_json(function)) if as_json else _print(function)
    elif as_json:
        echo_json([*map(_as_json, FUNCTIONS.values()), *map(_as_json, AGGREGATES.values())])
    else:
        _list()


def _named(name: str) -> RuleFunction | Aggregate:
    word = name.lower().partition("(")[0]
    found = FUNCTIONS.get(word) or AGGREGATES.get(word)
    if found is None:
        remedy = did_you_mean(name, [*FUNCTIONS, *AGGREGATES]) or "`alerting rules functions` lists them all."
        raise AlertingError(f"there is no function '{name}'", remedy=remedy)
    return found


def _list() -> None:
    width = max(len(_call(function)) for function in FUNCTIONS.values()) + 4
    for about, functions in groupby(FUNCTIONS.values(), key=lambda function: function.about):
        echo(about.capitalize(), bold=True)
        for function in functions:
            echo(_wrapped(function.says, first=f"  {_call(function)}".ljust(width), others=" " * width))
        echo()
    echo(_OF_MANY, bold=True)
    for aggregate in AGGREGATES.values():
        echo(_wrapped(aggregate.says, first=f"  {_call(aggregate)}".ljust(width), others=" " * width))
    echo()
    echo("`alerting rules functions NAME` shows an example.", err=True)


def _print(function: RuleFunction | Aggregate) -> None:
    echo(_call(function), bold=True, nl=False)
    echo(f" gives: {_word(function.gives)}\n")
    if isinstance(function, Aggregate):
        echo(_wrapped(function.says))
        echo(f"{_OF_MANY}. Such as:\n  {function.example}")
        return
    echo(_wrapped(f"{function.says} {function.notes}".strip()))
    if function.strict and function.takes:
        echo(_wrapped("Where a value it takes is missing, so is its answer."))
    echo(f"\nAs at Tuesday 31 March 2026:\n  {function.example}\n  is {function.answer}")


def _call(function: RuleFunction | Aggregate) -> str:
    """Return the call with the types it takes: `round(number, [number])`, `one_of(value, value, ...)`."""
    needed = len(function.takes) - function.optional
    types = [_word(kind) if n < needed else f"[{_word(kind)}]" for n, kind in enumerate(function.takes)]
    more = [_word(function.rest), "..."] if isinstance(function, RuleFunction) and function.rest else []
    return f"{function.name}({', '.join([*types, *more])})"


def _word(kind: Type) -> str:
    return _WORDS.get(kind, kind)


def _wrapped(text: str, first: str = "", others: str = "") -> str:
    columns = min(shutil.get_terminal_size().columns, _MOST_COLUMNS)
    return textwrap.fill(text, max(columns, len(others) + 40), initial_indent=first, subsequent_indent=others)


def _as_json(function: RuleFunction | Aggregate) -> dict[str, object]:
    if isinstance(function, Aggregate):
        told = {"name": function.name, "about": "of many", "takes": function.takes, "optional": int(function.optional)}
        return told | {"gives": function.gives, "says": function.says, "example": function.example}
    return {
        "name": function.name,
        "about": function.about,
        "takes": function.takes,
        "optional": function.optional,
        "rest": function.rest,
        "gives": function.gives,
        "says": function.says,
        "notes": function.notes,
        "missing_if_any_is": function.strict,
        "example": function.example,
        "answer": function.answer,
    }
