"""Expression text -> parsed tree, or what cannot be read in it. The only module with sqlglot.

The tree is to be looked at, part by part; its own way of writing SQL is never used.
"""

from __future__ import annotations

import logging
from functools import cache, lru_cache
from typing import Any, ClassVar

from alerting.terms import ExpressionFault


@lru_cache(maxsize=4096)
def parse(text: str) -> Any:
    """Read one expression: give its tree, or an ExpressionFault. Raises RecursionError where it is nested too deeply."""
    from sqlglot.errors import ParseError, TokenError

    try:
        trees = _language().parse(text)
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        return ExpressionFault(
            problem=f"this cannot be read: {_in_words(str(first.get('description') or 'it is not an expression'))}",
            line=first.get("line") or 1,
            column=max(1, (first.get("col") or 1) - len(first.get("highlight") or "") + 1),
            remedy="Look for a missing operator, bracket or quote here.",
        )
    except TokenError:
        return ExpressionFault(problem="a quote or bracket is opened and not closed")
    if len(trees) != 1 or trees[0] is None:
        problem = "there is no expression here" if not any(trees) else "only one expression is allowed: there is a `;`"
        return ExpressionFault(problem=problem)
    return trees[0]


def offset(node: Any) -> int:
    """Give where in the text a node starts, as far as the parser kept it: the first place among its parts."""
    starts = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return min(starts, default=0)


@cache
def _language() -> Any:
    """Make the parser: SQL with every function table empty, so that only our own list decides what a call means."""
    from sqlglot import parser
    from sqlglot.dialects.dialect import Dialect

    # It would say on the terminal, besides, that a statement is not quite understood; no statement is wanted.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)

    class RuleLanguage(Dialect):
        class Parser(parser.Parser):
            FUNCTIONS: ClassVar[dict[str, Any]] = {}
            NO_PAREN_FUNCTIONS: ClassVar[dict[Any, Any]] = {}
            FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {}
            NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[Any, Any]] = {"CASE": lambda self: self._parse_case()}

    return RuleLanguage()


def _in_words(description: str) -> str:
    """Say what the parser says without the names of its own parts."""
    if "<" in description:
        return "something is missing or out of place"
    return description.rstrip(".").lower()
