"""The language of rules: SQL expressions over a subject's columns, checked part by part and compiled to the engine's SQL.

Nothing reaches the engine that is not on the list: parsed text is never passed on, each allowed part is written out anew
(see `compiler`). No subquery, statement, setting, other table or function off the list can be said.

Null logic is SQL's: a comparison with a missing value is neither true nor false.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alerting.expressions.compiler import MOST_LISTED, Compiler, Over
from alerting.expressions.functions import Type
from alerting.expressions.parser import parse
from alerting.expressions.tree import ExpressionFault, Name, Term, a, constant, fits

__all__ = ["MOST_CHARACTERS", "MOST_LISTED", "Compiled", "ExpressionFault", "Name", "Term", "compile_expression", "constant"]

MOST_CHARACTERS = 2_000


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """An expression ready for the engine: its SQL, its type, the names it uses, and what it is made of."""

    sql: str
    type: Type
    names: frozenset[str]
    term: Term


def compile_expression(
    text: str, names: Mapping[str, Name], wants: Type = "any", *, over: Over = "one"
) -> Compiled | list[ExpressionFault]:
    """Return an expression compiled, or every fault found in it.

    names: what may be used: subject columns, parameters, earlier steps. wants: the type it must give. over: `one` subject;
    `many` at once, where what is of one stands inside `count()` and its like; or what has been `counted` of them.
    """
    if len(text) > MOST_CHARACTERS:
        return [
            ExpressionFault(problem=f"an expression may have at most {MOST_CHARACTERS} characters", remedy="Use `let` steps.")
        ]
    try:
        tree = parse(text)
        if isinstance(tree, ExpressionFault):
            return [tree]
        compiler = Compiler(text, names, over=over)
        term = compiler.compile(tree)
    except RecursionError:
        return [ExpressionFault(problem="the expression is nested too deeply", remedy="Use `let` steps.")]
    if not compiler.faults and not fits(term.type, wants):
        problem = f"this gives {a(term.type)}, but {a(wants)} is needed here"
        compiler.faults.append(ExpressionFault(problem=problem, remedy=_to_give(term, wants)))
    return compiler.faults or Compiled(sql=term.sql, type=term.type, names=frozenset(compiler.used), term=term)


def _to_give(term: Term, wants: Type) -> str:
    """Return how to write what is wanted of an expression that gives something else."""
    if wants == "boolean":
        return "Write a comparison, such as `measure > 5`."
    if (term.type, wants) == ("date", "number"):
        return f"Count its days, such as days_since({term.text})." if len(term.text) < 40 else "Count its days: days_since(...)."
    if (term.type, wants) == ("boolean", "number"):
        return "Write how_many(...) for 1 or 0, or put the comparison under `levels`."
    return "Such as add_days(x, 42), where x is a date." if wants == "date" else ""
