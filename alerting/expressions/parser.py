"""Expression text -> parsed tree, or what cannot be read in it. The only module with sqlglot.

The tree is to be looked at, part by part; its own way of writing SQL is never used.
"""

from __future__ import annotations

import logging
import re
from functools import cache, lru_cache
from typing import Any, ClassVar

from alerting.expressions.tree import ExpressionFault

_TEXTS = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")
_SIGNS = re.compile(r"&&|\|\||=<|=>|[≤≥≠×÷%“”„‘’‚`–—−()'\"]")
_IF = "Write `case when ... then ... else ... end`."
_BEFORE = "Look beside it: a word such as `and`, a sign, a bracket or a quote is missing or misspelt."
_QUOTE = ("this is no quote that a text stands in", "Type it as ', straight: a word processor curls it.")
_DASH = ("this is a dash, not a minus", "Type it as -: a word processor lengthens it.")
_MEANT = {
    "&&": ("`&&` is not part of the rule language", "Write `and`."),
    "||": ("`||` is not part of the rule language", "Write `or`. Words are put together in `says`."),
    "%": ("`%` is not part of the rule language", "Write the number alone: share() and percentage() count in percent."),
    "×": ("`×` is not part of the rule language", "Write `*`."),
    "÷": ("`÷` is not part of the rule language", "Write `/`."),
    **dict.fromkeys(("≤", "=<"), ("this is not how at most is written", "Write `<=`.")),
    **dict.fromkeys(("≥", "=>"), ("this is not how at least is written", "Write `>=`.")),
    "≠": ("this is not how unequal is written", "Write `<>`."),
    **dict.fromkeys("“”„‘’‚`", _QUOTE),
    **dict.fromkeys("–—−", _DASH),
}

TRUTHS = {"yes": "true", "y": "true", "on": "true", "no": "false", "n": "false", "off": "false"}
"""Words that are truths in other places, and only names here."""

ELSEWHERE = {
    **dict.fromkeys(("datediff", "date_diff", "timestampdiff"), "Write days_between(first, second), or days_since(first)."),
    **dict.fromkeys(("dateadd", "date_add"), "Write add_days(x, 3) or add_months(x, 3)."),
    **dict.fromkeys(("getdate", "sysdate", "now", "current_date", "curdate", "sysdatetime"), "Write today()."),
    **dict.fromkeys(("isnull", "ifnull", "nvl"), "Write coalesce(x, y) for the first that is there, or `x is null`."),
    **dict.fromkeys(("iif", "decode"), "Write `case when ... then ... else ... end`."),
    **dict.fromkeys(("len", "char_length"), "Write length(x)."),
    **dict.fromkeys(("lcase", "ucase", "upper"), "Write lower(x), and compare with small letters."),
    **dict.fromkeys(("ltrim", "rtrim"), "Write trim(x)."),
    **dict.fromkeys(("cast", "convert", "to_date", "todate", "try_cast"), "A date is written date '2026-03-31'."),
    "average": "Write avg(x).",
}
"""What functions of other languages are called here."""


@lru_cache(maxsize=4096)
def parse(text: str) -> Any:
    """Return the tree of an expression, or what cannot be read in it. Raises RecursionError where it is nested too deeply."""
    from sqlglot.errors import ParseError, TokenError

    mistyped = _mistyped(text)
    if mistyped:
        return mistyped
    try:
        trees = _language().parse(text)
    except ParseError as error:
        return _unparsed(text, error.errors[0] if error.errors else {})
    except TokenError:
        return ExpressionFault(problem="a quote or bracket is opened and not closed")
    except RecursionError:
        raise
    except Exception:  # noqa: BLE001  (the parser itself breaks down over some nonsense, such as `{x: }`)
        return ExpressionFault(problem="this cannot be read", remedy=_BEFORE)
    if len(trees) != 1 or trees[0] is None:
        problem = "there is no expression here" if not any(trees) else "only one expression is allowed: there is a `;`"
        return ExpressionFault(problem=problem)
    return trees[0]


def offset(node: Any) -> int:
    """Return where in the text a node starts, as far as the parser kept it: the first place among its parts."""
    starts = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return min(starts, default=0)


@cache
def _language() -> Any:
    """Return the parser: SQL with every function table empty, so that only our own list decides what a call means."""
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


def _unparsed(text: str, found: dict[str, Any]) -> ExpressionFault:
    """Return where an expression stops being one, and what is likely meant. found: what the parser says of it."""
    highlight = str(found.get("highlight") or "")
    line, column = found.get("line") or 1, max(1, (found.get("col") or 1) - len(highlight) + 1)
    begins = len(text) - len(text.lstrip())
    at = sum(len(part) for part in text.splitlines(keepends=True)[: line - 1]) + column - 1
    if text[begins : begins + 3].lower() == "if ":
        return _fault_at(text, begins, "`if` is not part of the rule language", _IF)
    if text[at : at + 1] == ",":
        return _fault_at(text, at, "this comma has no place here", _comma_remedy(text, at))
    problem, remedy = _in_words(str(found.get("description") or "")), _BEFORE
    if "expected end after case" in problem:
        problem, remedy = "a `case` is not ended", "Close it with `end`: case when ... then ... else ... end."
    return ExpressionFault(problem=problem, line=line, column=column, remedy=remedy)


def _comma_remedy(text: str, at: int) -> str:
    if re.search(r"[0-9]$", text[:at]) and re.match(r"[0-9]{3}\b", text[at + 1 :]):
        return "Write the number in digits alone, such as 1000."
    if re.search(r"\bbetween\b[^,]*$", text[:at], re.IGNORECASE):
        return "Write `and` between the two ends: between 5 and 10."
    if re.search(r"\bin\s+[^(\s][^,]*$", text[:at], re.IGNORECASE):
        return "Put the list in brackets: in ('A', 'B')."
    return "Leave it out; conditions are joined with `and` or `or`."


def _mistyped(text: str) -> ExpressionFault | None:
    """Find the first sign that no expression has outside its texts, and a bracket or quote without its other half."""
    bare = _TEXTS.sub(lambda found: " " * len(found[0]), text)
    opened: list[int] = []
    for found in _SIGNS.finditer(bare):
        sign, at = found[0], found.start()
        if sign == "(":
            opened.append(at)
        elif sign == ")" and opened:
            opened.pop()
        elif sign == ")":
            return _fault_at(text, at, "this `)` closes nothing", "Leave it out, or add the `(` that it closes.")
        elif sign in "'\"":
            return _fault_at(text, at, "a quote is opened here and not closed", f"Close it with another {sign}.")
        else:
            return _fault_at(text, at, *_MEANT[sign])
    if opened:
        return _fault_at(text, opened[-1], "this `(` is not closed", "Add the `)` where it ends.")
    return None


def _fault_at(text: str, at: int, problem: str, remedy: str) -> ExpressionFault:
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return ExpressionFault(problem=problem, line=line, column=column, remedy=remedy)


def _in_words(description: str) -> str:
    """Return what the parser says without the names of its own parts."""
    if "unexpected token" in description.lower():
        return "this cannot be read from here on"
    if "<" in description or not description:
        return "this cannot be read: something is missing or out of place"
    return f"this cannot be read: {description.rstrip('.').lower()}"
