"""How much work a term is for the engine, which writes some parts out again and again: nested, they double each time.

Found by nesting each part of the language in itself until the engine took a second; a rule's time limit does not end a
query that is still being planned.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import chain, repeat
from operator import mul

from alerting.expressions.aggregates import AGGREGATES
from alerting.expressions.functions import FUNCTIONS, Type
from alerting.expressions.tree import Kind, Term

MOST_WORK = 600

_NAMED_BY_ENGINE = {"birthday": 12, "age_on": 5, "is_open": 3, "one_of": 4, "percentage": 2, "percentage_change": 2}
"""How often the engine writes an argument out again for each time that a function's SQL names it."""


def whole(*, kind: Kind, word: str, text: str, sql: str, gives: Type, parts: tuple[Term, ...]) -> Term:
    """Return a term made of its parts, with the work that it is; a name or a value has no parts and is free."""
    work = 1 + sum(map(mul, _times(kind, word, len(parts)), (part.work for part in parts))) if parts else 0
    return Term(kind=kind, word=word, text=text, sql=sql, type=gives, parts=parts, work=work)


def _times(kind: Kind, word: str, parts: int) -> Iterable[int]:
    """Return how often the engine comes to ask each part, as it has been seen to."""
    match kind:
        case "between":
            return (3, 1, 1)
        case "in":
            # One of a few is asked of each in turn.
            return chain((max(4, parts - 1),), repeat(1))
        case "case" if word == "case of":
            return chain((parts // 2,), repeat(1))
        case "sum" if word == "/":
            return (1, 2)
        case "call":
            return chain(_times_in_call(word), repeat(1))
    return repeat(1)


@cache
def _times_in_call(word: str) -> tuple[int, ...]:
    called = FUNCTIONS.get(word) or AGGREGATES[word]
    named = _NAMED_BY_ENGINE.get(word, 1)
    return tuple(max(1, called.sql.count(f"{{{index}}}")) * named for index in range(len(called.takes)))
