"""The language of rules: SQL expressions over a subject's columns, checked part by part and compiled to the engine's SQL.

Nothing reaches the engine that is not on the list here: parsed text is never passed on, each allowed part is written out
anew. No subquery, statement, setting, other table or function off the list can be said. The only module with sqlglot.

Null logic is SQL's: a comparison with a missing value is neither true nor false.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, ClassVar

from alerting.functions import FUNCTIONS, RuleFunction, Type
from alerting.yaml_files import did_you_mean

MOST_CHARACTERS = 2_000
MOST_LISTED = 500


@dataclass(frozen=True, kw_only=True)
class Name:
    """A name an expression may use: its type, and the engine's SQL for it."""

    type: Type
    sql: str


@dataclass(frozen=True, kw_only=True)
class ExpressionFault:
    """What is wrong in an expression, and where in its text: 1-based line and column."""

    problem: str
    line: int = 1
    column: int = 1
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """An expression ready for the engine: its SQL, its type, and the names it uses."""

    sql: str
    type: Type
    names: frozenset[str]


def compile_expression(text: str, names: Mapping[str, Name], wants: Type = "any") -> Compiled | list[ExpressionFault]:
    """Check an expression and compile it, or give every fault found.

    names: what may be used: subject columns, parameters, earlier steps. wants: the type it must give.
    """
    if len(text) > MOST_CHARACTERS:
        return [
            ExpressionFault(problem=f"an expression may have at most {MOST_CHARACTERS} characters", remedy="Use `let` steps.")
        ]
    try:
        tree = _parse(text)
        if isinstance(tree, ExpressionFault):
            return [tree]
        writer = _Writer(text, names)
        written = writer.write(tree)
    except RecursionError:
        return [ExpressionFault(problem="the expression is nested too deeply", remedy="Use `let` steps.")]
    if not writer.faults and not _fits(written.type, wants):
        problem = f"this gives {_a(written.type)}, but {_a(wants)} is needed here"
        remedy = "Write a comparison, such as `measure > 5`." if wants == "boolean" else ""
        writer.faults.append(ExpressionFault(problem=problem, remedy=remedy))
    return writer.faults or Compiled(sql=written.sql, type=written.type, names=frozenset(writer.used))


def constant(value: object) -> Name:
    """Give the name of a parameter with this value: text, number, truth, date, a list of them, or nothing."""
    if isinstance(value, (list, tuple)):
        return Name(type="codes", sql=f"[{', '.join(constant(item).sql for item in value)}]::VARCHAR[]")
    if value is None:
        return Name(type="any", sql="NULL")
    if isinstance(value, bool):
        return Name(type="boolean", sql="true" if value else "false")
    if isinstance(value, (int, float)):
        return Name(type="number", sql=repr(value))
    if isinstance(value, date):
        return Name(type="date", sql=f"DATE '{value.isoformat()}'")
    return Name(type="text", sql=_literal(str(value)))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _a(kind: str) -> str:
    return {"boolean": "a yes-or-no", "codes": "a list of codes", "any": "a value"}.get(kind, f"a {kind}")


def _fits(kind: Type, wants: Type) -> bool:
    return "any" in (kind, wants) or kind == wants


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


def _parse(text: str) -> Any:
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


def _in_words(description: str) -> str:
    """Say what the parser says without the names of its own parts."""
    if "<" in description:
        return "something is missing or out of place"
    return description.rstrip(".").lower()


@dataclass(frozen=True)
class _Part:
    sql: str
    type: Type


_NOTHING = _Part("NULL", "any")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ENGINE_TYPES = {"text": "VARCHAR", "number": "DOUBLE", "date": "DATE", "boolean": "BOOLEAN", "codes": "VARCHAR[]"}
_COMPARISONS = {"EQ": "=", "NEQ": "<>", "GT": ">", "GTE": ">=", "LT": "<", "LTE": "<="}
_SUMS = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/"}
_FOREIGN = {
    "Subquery": "a subquery",
    "Select": "a query",
    "Exists": "a subquery",
    "Union": "a query",
    "Window": "a window",
    "Drop": "a statement",
    "Command": "a statement",
    "Alias": "a second thing beside the first",
    "Cast": "a cast",
    "Interval": "an interval",
    "Star": "a star",
    "Placeholder": "a placeholder",
    "Parameter": "a placeholder",
}
_REMEDIES = {
    "Alias": "Is a unit or a second word left over? Write `x > 3`, not `x > 3 days`.",
    "Interval": "Write `add_days(x, 3)` or `x + days(3)`.",
    "Cast": "A date is written date '2026-03-31'; other casts are not needed.",
    "DPipe": "Put words together in `says`, not in an expression.",
}


class _Writer:
    """Writes each allowed part of a tree as SQL, and notes every fault."""

    def __init__(self, text: str, names: Mapping[str, Name]) -> None:
        self.text = text
        self.names = {name.lower(): (name, value) for name, value in names.items()}
        self.faults: list[ExpressionFault] = []
        self.used: set[str] = set()

    def write(self, node: Any) -> _Part:
        kind = type(node).__name__
        allowed = _ALLOWED.get(kind)
        if allowed is None:
            return self._fault(node, f"{_FOREIGN.get(kind, 'this')} is not part of the rule language", _REMEDIES.get(kind, ""))
        # A word that the parser keeps beside the parts, such as `symmetric`, must not be dropped without a word.
        beside = [part for part, value in node.args.items() if value and part not in allowed]
        if beside:
            return self._fault(node, f"`{beside[0]}` is not part of the rule language")
        if kind in _COMPARISONS:
            return self._comparison(node, _COMPARISONS[kind])
        if kind in _SUMS:
            return self._sum(node, _SUMS[kind])
        method: Callable[[Any], _Part] = getattr(self, f"_{kind.lower()}")
        return method(node)

    def _fault(self, node: Any, problem: str, remedy: str = "") -> _Part:
        offset = _offset(node)
        line = self.text.count("\n", 0, offset) + 1
        column = offset - (self.text.rfind("\n", 0, offset) + 1) + 1
        self.faults.append(ExpressionFault(problem=problem, line=line, column=column, remedy=remedy))
        return _NOTHING

    def _expect(self, node: Any, part: _Part, wants: Type, what: str) -> _Part:
        if not _fits(part.type, wants):
            remedy = "Use `is null` or a comparison." if wants == "boolean" else ""
            self._fault(node, f"{what} needs {_a(wants)}, but this is {_a(part.type)}", remedy)
        return part

    # ---- names and values

    def _column(self, node: Any) -> _Part:
        name = node.name
        if node.args.get("table"):
            return self._fault(
                node, f"'{node.table}.{name}' reaches elsewhere", f"Write `{name}` if it is a column of the subject."
            )
        if name.lower() not in self.names:
            known = {shown: 1 for shown, _ in self.names.values()}
            if name.lower() in FUNCTIONS:
                return self._fault(node, f"'{name}' is a function", f"Write `{name}(...)`.")
            remedy = did_you_mean(name, known)
            if not remedy and node.this.args.get("quoted"):
                remedy = f"Text stands in single quotes: write '{name}'."
            remedy = remedy or "`alerting rules show` lists the subject's columns and the parameters."
            return self._fault(node, f"there is no column or parameter '{name}'", remedy)
        shown, found = self.names[name.lower()]
        self.used.add(shown)
        return _Part(found.sql, found.type)

    def _literal(self, node: Any) -> _Part:
        if node.is_string:
            return _Part(_literal(node.this), "text")
        digits = node.this
        if len(digits) > 15 or not digits.replace(".", "", 1).isdigit():
            return self._fault(node, "this number cannot be used", "Write it in plain digits, at most 15.")
        return _Part(digits, "number")

    def _null(self, _: Any) -> _Part:
        return _NOTHING

    def _boolean(self, node: Any) -> _Part:
        return _Part("true" if node.this else "false", "boolean")

    def _cast(self, node: Any) -> _Part:
        text = node.this.this if type(node.this).__name__ == "Literal" and node.this.is_string else None
        if text is None or str(node.to) != "DATE":
            return self._fault(node, "a cast is not part of the rule language", _REMEDIES["Cast"])
        try:
            day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
        except ValueError:
            day = None
        if day is None:
            return self._fault(node, "this is not a day", "Write it as date '2026-03-31'.")
        return _Part(f"DATE '{day.isoformat()}'", "date")

    def _paren(self, node: Any) -> _Part:
        inside = self.write(node.this)
        return _Part(f"({inside.sql})", inside.type)

    # ---- logic

    def _and(self, node: Any) -> _Part:
        return self._logic(node, "AND")

    def _or(self, node: Any) -> _Part:
        return self._logic(node, "OR")

    def _logic(self, node: Any, word: str) -> _Part:
        sides = [self._expect(side, self.write(side), "boolean", f"`{word.lower()}`") for side in (node.left, node.right)]
        return _Part(f"({sides[0].sql} {word} {sides[1].sql})", "boolean")

    def _not(self, node: Any) -> _Part:
        return _Part(f"(NOT {self._expect(node.this, self.write(node.this), 'boolean', '`not`').sql})", "boolean")

    def _is(self, node: Any) -> _Part:
        right = type(node.expression).__name__
        if right not in ("Null", "Boolean"):
            return self._fault(node, "`is` goes with null, true or false only", "Use `=` to compare values.")
        value = self.write(node.this)
        if right == "Boolean":
            self._expect(node.this, value, "boolean", "`is true` and `is false`")
        return _Part(f"({value.sql} IS {self.write(node.expression).sql})", "boolean")

    def _comparison(self, node: Any, sign: str) -> _Part:
        left, right = self.write(node.left), self.write(node.right)
        for side in (node.left, node.right):
            if type(side).__name__ == "Null":
                return self._fault(node, "a comparison with null is never true", "Write `is null` or `is not null`.")
        if not _fits(left.type, right.type):
            return self._fault(node, f"this compares {_a(left.type)} with {_a(right.type)}")
        return _Part(f"({left.sql} {sign} {right.sql})", "boolean")

    def _between(self, node: Any) -> _Part:
        value, low, high = (self.write(node.args[name]) for name in ("this", "low", "high"))
        if not (_fits(value.type, low.type) and _fits(value.type, high.type)):
            return self._fault(node, f"`between` compares {_a(value.type)} with {_a(low.type)} and {_a(high.type)}")
        return _Part(f"({value.sql} BETWEEN {low.sql} AND {high.sql})", "boolean")

    def _in(self, node: Any) -> _Part:
        value = self.write(node.this)
        if node.args.get("field") is not None:
            listed = self.write(node.args["field"])
            if listed.type != "codes":
                return self._fault(node, "`in` needs a list in brackets or a list parameter")
            self._expect(node.this, value, "text", "`in` a list of codes")
            return _Part(f"list_contains({listed.sql}, {value.sql})", "boolean")
        choices = node.expressions
        if node.args.get("query") is not None or not choices:
            return self._fault(node, "`in` needs a list of values, such as in ('A', 'B')")
        if len(choices) > MOST_LISTED:
            return self._fault(node, f"a list may hold at most {MOST_LISTED} values")
        parts = [self.write(choice) for choice in choices]
        for choice, part in zip(choices, parts, strict=True):
            if not _fits(value.type, part.type):
                remedy = "Leave out the brackets: a list stands for itself." if part.type == "codes" else ""
                self._fault(choice, f"this looks for {_a(part.type)} where {_a(value.type)} is", remedy)
        return _Part(f"({value.sql} IN ({', '.join(part.sql for part in parts)}))", "boolean")

    def _like(self, node: Any) -> _Part:
        value = self._expect(node.this, self.write(node.this), "text", "`like`")
        pattern = self._expect(node.expression, self.write(node.expression), "text", "`like`")
        return _Part(f"({value.sql} {'NOT LIKE' if node.args.get('negate') else 'LIKE'} {pattern.sql})", "boolean")

    def _case(self, node: Any) -> _Part:
        subject = self.write(node.this) if node.this is not None else None
        parts, kinds = ["CASE" + (f" {subject.sql}" if subject else "")], []
        for branch in node.args["ifs"]:
            when, then = self.write(branch.this), self.write(branch.args["true"])
            if subject is None:
                self._expect(branch.this, when, "boolean", "`when`")
            elif not _fits(subject.type, when.type):
                self._fault(branch.this, f"this compares {_a(subject.type)} with {_a(when.type)}")
            parts.append(f"WHEN {when.sql} THEN {then.sql}")
            kinds.append(then.type)
        if node.args.get("default") is not None:
            otherwise = self.write(node.args["default"])
            parts.append(f"ELSE {otherwise.sql}")
            kinds.append(otherwise.type)
        return _Part(f"({' '.join(parts)} END)", self._one_type(node, kinds))

    def _one_type(self, node: Any, kinds: list[Type]) -> Type:
        known = [kind for kind in kinds if kind != "any"]
        if len(set(known)) > 1:
            self._fault(node, f"this gives {_a(known[0])} in one case and {_a(known[-1])} in another")
        return known[0] if known else "any"

    # ---- sums

    def _sum(self, node: Any, sign: str) -> _Part:
        left, right = self.write(node.left), self.write(node.right)
        if sign in "+-" and left.type == "date":
            if right.type == "date" and sign == "-":
                return _Part(f"({left.sql} - {right.sql})", "number")
            if _fits(right.type, "number"):
                return _Part(f"({left.sql} {sign} CAST({right.sql} AS INTEGER))", "date")
        for side, part in ((node.left, left), (node.right, right)):
            if not _fits(part.type, "number"):
                return self._fault(side, f"`{sign}` needs a number, but this is {_a(part.type)}")
        if sign == "/":
            return _Part(f"({left.sql} / nullif({right.sql}, 0))", "number")
        return _Part(f"({left.sql} {sign} {right.sql})", "number")

    def _neg(self, node: Any) -> _Part:
        return _Part(f"(-{self._expect(node.this, self.write(node.this), 'number', '`-`').sql})", "number")

    # ---- calls

    def _anonymous(self, node: Any) -> _Part:
        name = str(node.this).lower()
        function = FUNCTIONS.get(name)
        if function is None:
            remedy = did_you_mean(name, list(FUNCTIONS)) or "`alerting rules functions` lists them all."
            return self._fault(node, f"there is no function '{name}'", remedy)
        arguments = [self.write(argument) for argument in node.expressions]
        fewest = len(function.takes) - function.optional
        if len(arguments) < fewest or (function.rest is None and len(arguments) > len(function.takes)):
            needed = f"{fewest} value{'s' if fewest != 1 else ''}" + (" or more" if function.rest else "")
            return self._fault(node, f"{name}() takes {needed}, but here are {len(arguments)}", f"Such as `{function.example}`.")
        if len(arguments) > MOST_LISTED:
            return self._fault(node, f"a list may hold at most {MOST_LISTED} values")
        wanted: list[Type] = [
            *function.takes[: len(arguments)],
            *([function.rest] * (len(arguments) - len(function.takes)) if function.rest else []),
        ]
        for argument, part, wants in zip(node.expressions, arguments, wanted, strict=False):
            if part.type != "codes" or wants != function.rest:
                self._expect(argument, part, wants, f"{name}()")
        # The engine cannot choose among functions for a null that has no type.
        typed = [
            _Part(f"CAST({part.sql} AS {_ENGINE_TYPES[wants]})", wants) if part.type == "any" and wants != "any" else part
            for part, wants in zip(arguments, wanted, strict=True)
        ]
        return self._call(node, function, typed)

    def _call(self, node: Any, function: RuleFunction, arguments: list[_Part]) -> _Part:
        given: Type = function.gives
        if function.name in ("coalesce", "greatest", "least"):
            given = self._one_type(node, [part.type for part in arguments])
        listed, element = arguments[len(function.takes) :], "text"
        if function.name == "one_of":
            element = self._sought(node, arguments)
        lists = [part.sql if part.type == "codes" else f"[{part.sql}]::{_ENGINE_TYPES[element]}[]" for part in listed]
        values = [part.sql for part in arguments] + ["0"] * (function.optional if len(arguments) < len(function.takes) else 0)
        sql = function.sql.format(*values, all=", ".join(values), list=" || ".join(lists) or f"[]::{_ENGINE_TYPES[element]}[]")
        return _Part(sql, given)

    def _sought(self, node: Any, arguments: list[_Part]) -> Type:
        """Give the type of what one_of() looks for, and note what it could never find among that."""
        sought: Type = "text" if arguments[0].type == "any" else arguments[0].type
        if sought == "codes":
            self._fault(node, "one_of() looks for one value, but this is a list of codes", "Use `has(...)`.")
        for argument, part in zip(node.expressions[1:], arguments[1:], strict=True):
            kind = "text" if part.type == "codes" else part.type
            if not _fits(kind, sought):
                self._fault(argument, f"this looks for {_a(kind)} where {_a(sought)} is")
        return sought


_SIDES = frozenset({"this", "expression"})
_ALLOWED = {
    "Column": frozenset({"this", "table", "db", "catalog"}),
    "Literal": frozenset({"this", "is_string"}),
    "Null": frozenset[str](),
    "Boolean": frozenset({"this"}),
    "Cast": frozenset({"this", "to"}),
    "Paren": frozenset({"this"}),
    "And": _SIDES,
    "Or": _SIDES,
    "Not": frozenset({"this"}),
    "Is": _SIDES,
    "Between": frozenset({"this", "low", "high"}),
    "In": frozenset({"this", "expressions", "field", "query"}),
    "Like": _SIDES | {"negate"},
    "Case": frozenset({"this", "ifs", "default"}),
    "Neg": frozenset({"this"}),
    "Anonymous": frozenset({"this", "expressions"}),
    **dict.fromkeys((*_COMPARISONS, *_SUMS), _SIDES),
}
"""The parts of the parser's tree that may be written, each with all that it may say."""


def _offset(node: Any) -> int:
    """Give where in the text a node starts, as far as the parser kept it: the first place among its parts."""
    starts = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return min(starts, default=0)
