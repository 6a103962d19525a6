"""How much work a term is for the engine, which writes some parts out again and again: nested, they double each time.

Found by nesting each part of the language in itself until the engine took a second; a rule's time limit does not end a
query that is still being planned.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat

from alerting.aggregates import AGGREGATES
from alerting.functions import FUNCTIONS
from alerting.terms import Term

MOST_WORK = 600

_NAMED_BY_ENGINE = {"birthday": 12, "age_on": 5, "is_open": 3, "one_of": 4, "percentage": 2, "percentage_change": 2}
"""How often the engine writes an argument out again for each time that a function's SQL names it."""


def work_of(term: Term) -> int:
    """Say how often the engine asks something for a term, whose parts say it of themselves; a name or a value is free."""
    return 1 + sum(times * part.work for times, part in zip(_times(term), term.parts, strict=False)) if term.parts else 0


def _times(term: Term) -> Iterator[int]:
    """Say how often the engine comes to ask each part, as it has been seen to."""
    match term.kind:
        case "between":
            yield 3
        case "in":
            # One of a few is asked of each in turn.
            yield max(4, len(term.parts) - 1)
        case "case" if term.word == "case of":
            yield len(term.parts) // 2
        case "sum" if term.word == "/":
            yield from (1, 2)
        case "call":
            called = FUNCTIONS.get(term.word) or AGGREGATES[term.word]
            for index in range(len(called.takes)):
                yield max(1, called.sql.count(f"{{{index}}}")) * _NAMED_BY_ENGINE.get(term.word, 1)
    yield from repeat(1)
