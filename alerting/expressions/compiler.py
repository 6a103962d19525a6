"""Parsed tree -> terms with the engine's SQL: each part that is on the list is written out anew, everything else is a fault."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Literal

from alerting.documents.document import did_you_mean
from alerting.expressions.aggregates import AGGREGATES, ROWS, Aggregate
from alerting.expressions.complexity import MOST_WORK, whole
from alerting.expressions.functions import FUNCTIONS, RuleFunction, Type
from alerting.expressions.parser import ELSEWHERE, TRUTHS, offset
from alerting.expressions.refusals import FOREIGN, NAMES, OF_THE_SUBJECT, REMEDIES, to_compare
from alerting.expressions.rounding import minus_sql, sum_sql
from alerting.expressions.tree import NOTHING, ExpressionFault, Kind, Name, Term, a, alike, fits, text_literal
from alerting.formatting import listed

Over = Literal["one", "many", "counted"]
MOST_LISTED = 500
MOST_SQL = 20_000
"""Characters of SQL that a part may come to: what names an argument twice doubles at every nesting."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ENGINE_TYPES = {
    "text": "VARCHAR",
    "number": "DOUBLE",
    "date": "DATE",
    "moment": "TIMESTAMP",
    "boolean": "BOOLEAN",
    "table": "MAP(VARCHAR, DOUBLE)",
    "levels": "MAP(VARCHAR, DOUBLE[])",
    "codes": "VARCHAR[]",
}
_COMPARISONS = {"EQ": "=", "NEQ": "<>", "GT": ">", "GTE": ">=", "LT": "<", "LTE": "<="}
_SUMS = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/"}


class Compiler:
    """Writes each allowed part of a tree as a term, and notes every fault and every name used."""

    def __init__(self, text: str, names: Mapping[str, Name], *, over: Over = "one") -> None:
        self.text = text
        self.over = over
        self._inside = ""
        self.names = names
        self.faults: list[ExpressionFault] = []
        self.used: set[str] = set()
        self._most_sql = MOST_SQL

    def compile(self, node: Any) -> Term:
        """Return a node as a term; a part with a fault stands for itself as null."""
        term = self._refused(node) or self._term(node)
        if len(term.sql) > self._most_sql or term.work > MOST_WORK:
            return self._fault(node, "this is nested too deeply", "Give its inner part a name of its own in `let`.")
        return term

    def _term(self, node: Any) -> Term:
        kind = type(node).__name__
        if kind in _COMPARISONS:
            return self._comparison(node, _COMPARISONS[kind])
        if kind in _SUMS:
            return self._sum(node, _SUMS[kind])
        method: Callable[[Any], Term] = getattr(self, f"_{kind.lower()}")
        return method(node)

    def _refused(self, node: Any) -> Term | None:
        kind = type(node).__name__
        allowed = _ALLOWED.get(kind)
        if kind == "Alias":
            alias = node.args["alias"]
            return self._fault(alias, f"'{node.alias}' is left over", REMEDIES["Alias"])
        if allowed is None:
            return self._fault(node, f"{FOREIGN.get(kind, 'this')} is not part of the rule language", REMEDIES.get(kind, ""))
        # A word that the parser keeps beside the parts, such as `symmetric`, must not be dropped without a word.
        beside = [part for part, value in node.args.items() if value and part not in allowed]
        return self._fault(node, f"`{beside[0]}` is not part of the rule language") if beside else None

    def _fault(self, node: Any, problem: str, remedy: str = "", *, unknown_name: bool = False) -> Term:
        start = offset(node)
        line = self.text.count("\n", 0, start) + 1
        column = start - (self.text.rfind("\n", 0, start) + 1) + 1
        fault = ExpressionFault(problem=problem, line=line, column=column, remedy=remedy, unknown_name=unknown_name)
        self.faults.append(fault)
        return NOTHING

    def _expect(self, node: Any, term: Term, wants: Type, what: str, remedy: str = "") -> Term:
        if not fits(term.type, wants):
            if wants == "boolean":
                remedy = "Use `is null` or a comparison."
                if what in ("`or`", "`and`") and term.kind == "value":
                    remedy = f"Repeat what is compared: x = 1 {what[1:-1]} x = 2; or write x in (1, 2)."
            self._fault(node, f"{what} needs {a(wants)}, but this is {a(term.type)}", remedy)
        return term

    # ---- names and values

    def _column(self, node: Any) -> Term:
        name = node.name
        if node.args.get("table"):
            return self._of_another_rule(node)
        shown = name if name in self.names else next((one for one in self.names if one.lower() == name.lower()), None)
        if shown is None:
            return self._unknown(node, name)
        found = self.names[shown]
        if self.over != "one" and found.row and not self._inside:
            remedy = f"Count it in `measure`, such as `count({shown} is null)`, and compare `measure` here."
            if self.over == "many":
                remedy = f"Say what of all of them is meant, such as `count({shown} is null)`."
            return self._fault(node, f"'{shown}' is of one subject, and this is asked of many", remedy)
        self.used.add(shown)
        # A list parameter may be long by itself.
        self._most_sql = max(self._most_sql, MOST_SQL + 20 * len(found.sql))
        text = f'"{name}"' if node.this.args.get("quoted") else name
        return Term(kind="name", word=shown, text=text, sql=found.sql, type=found.type, texts=found.texts)

    def _of_another_rule(self, node: Any) -> Term:
        """Return `caseload.thresholds`: what another rule, that this one names in `uses`, has under this name."""
        name, prefix = f"{node.table}.{node.name}", f"{node.table}."
        found = None if node.args.get("db") else self.names.get(name) or self.names.get(prefix)
        if found is None:
            known = [other.removeprefix(prefix) for other in self.names if other.startswith(prefix)]
            if known and not node.args.get("db"):
                problem, remedy = f"'{node.table}' has no parameter or table '{node.name}'", did_you_mean(node.name, known)
                return self._fault(node, problem, remedy or f"It has {listed(known)}.", unknown_name=True)
            return self._fault(node, f"'{name}' reaches elsewhere", f"Write `{node.name}` if it is a column of the subject.")
        self.used.add(name)
        self._most_sql = max(self._most_sql, MOST_SQL + 20 * len(found.sql))
        return Term(kind="name", word=name, text=name, sql=found.sql, type=found.type, texts=found.texts)

    def _unknown(self, node: Any, name: str) -> Term:
        if name.lower() in FUNCTIONS:
            brackets = "(...)" if FUNCTIONS[name.lower()].takes else "()"
            return self._fault(node, f"'{name}' is a function", f"Write `{name}{brackets}`.")
        remedy = f"Write {TRUTHS[name.lower()]}." if name.lower() in TRUTHS else did_you_mean(name, self.names)
        if not remedy and node.this.args.get("quoted"):
            remedy = f"Text stands in single quotes: write '{name}'."
        remedy = remedy or ELSEWHERE.get(name.lower()) or NAMES
        return self._fault(node, f"there is no column or parameter '{name}'", remedy, unknown_name=True)

    def _literal(self, node: Any) -> Term:
        if node.is_string:
            sql = text_literal(node.this)
            return Term(kind="value", word=node.this, text=sql, sql=sql, type="text", texts=(node.this,))
        digits = node.this
        if len(digits) > 15 or not digits.replace(".", "", 1).isdigit():
            return self._fault(node, "this number cannot be used", "Write it in plain digits, at most 15.")
        return Term(kind="value", word=digits, text=digits, sql=digits, type="number")

    def _null(self, _: Any) -> Term:
        return NOTHING

    def _boolean(self, node: Any) -> Term:
        word = "true" if node.this else "false"
        return Term(kind="value", word=word, text=word, sql=word, type="boolean")

    def _cast(self, node: Any) -> Term:
        text = node.this.this if type(node.this).__name__ == "Literal" and node.this.is_string else None
        if text is None or str(node.to) != "DATE":
            return self._fault(node, "a cast is not part of the rule language", REMEDIES["Cast"])
        try:
            day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
        except ValueError:
            day = None
        if day is None:
            return self._fault(node, "this is not a day", "Write it as date '2026-03-31'.")
        return Term(kind="value", word=f"{day}", text=f"date '{day}'", sql=f"DATE '{day}'", type="date")

    def _paren(self, node: Any) -> Term:
        return self.compile(node.this)

    # ---- logic

    def _and(self, node: Any) -> Term:
        return self._logic(node, "and")

    def _or(self, node: Any) -> Term:
        return self._logic(node, "or")

    def _logic(self, node: Any, word: Kind) -> Term:
        sides, waiting = [], [node]
        while waiting:
            side = waiting.pop()
            inside = _without_brackets(side)
            if type(inside).__name__.lower() != word:
                sides.append((side, self._expect(side, self.compile(side), "boolean", f"`{word}`")))
            elif not self._refused(inside):
                waiting += [inside.expression, inside.this]
        terms = tuple(term for _, term in sides)
        text = f" {word} ".join(_shown(side, term) for side, term in sides)
        sql = f" {word.upper()} ".join(term.sql for term in terms)
        return whole(kind=word, word=word, text=text, sql=f"({sql})", gives="boolean", parts=terms)

    def _not(self, node: Any) -> Term:
        kind = type(node.this).__name__
        if kind in ("Is", "In", "Between"):
            # `x is not null` is parsed as `not (x is null)`; it is shown as people write it.
            asked: Callable[..., Term] = getattr(self, f"_{kind.lower()}")
            return self._refused(node.this) or asked(node.this, negated=True)
        inside = self._expect(node.this, self.compile(node.this), "boolean", "`not`")
        text = f"not {_shown(node.this, inside)}"
        return whole(kind="not", word="not", text=text, sql=f"(NOT {inside.sql})", gives="boolean", parts=(inside,))

    def _is(self, node: Any, *, negated: bool = False) -> Term:
        right = type(node.expression).__name__
        if right not in ("Null", "Boolean"):
            return self._fault(node, "`is` goes with null, true or false only", "Use `=` to compare values.")
        value = self.compile(node.this)
        if right == "Boolean":
            self._expect(node.this, value, "boolean", "`is true` and `is false`")
        what = self.compile(node.expression)
        word = f"is {'not ' if negated else ''}{what.word}"
        sql = _negated(f"({value.sql} IS {what.sql})", negated)
        return whole(kind="is", word=word, text=f"{_shown(node.this, value)} {word}", sql=sql, gives="boolean", parts=(value,))

    def _comparison(self, node: Any, sign: str) -> Term:
        left, right = self.compile(node.left), self.compile(node.right)
        for side in (node.left, node.right):
            if type(side).__name__ == "Null":
                return self._fault(node, "a comparison with null is never true", "Write `is null` or `is not null`.")
        if not fits(left.type, right.type):
            return self._fault(node, f"this compares {a(left.type)} with {a(right.type)}", to_compare(left, right))
        return _pair("compare", sign, node, left, right, f"({left.sql} {sign} {right.sql})", "boolean")

    def _between(self, node: Any, *, negated: bool = False) -> Term:
        value, low, high = terms = tuple(self.compile(node.args[name]) for name in ("this", "low", "high"))
        if not alike(value, low, high):
            return self._fault(node, f"`between` compares {a(value.type)} with {a(low.type)} and {a(high.type)}")
        word = "not between" if negated else "between"
        ends = f"{_shown(node.args['low'], low)} and {_shown(node.args['high'], high)}"
        return whole(
            kind="between",
            word=word,
            text=f"{_shown(node.this, value)} {word} {ends}",
            sql=_negated(f"({value.sql} BETWEEN {low.sql} AND {high.sql})", negated),
            gives="boolean",
            parts=terms,
        )

    def _in(self, node: Any, *, negated: bool = False) -> Term:
        value = self.compile(node.this)
        word = "not in" if negated else "in"
        if node.args.get("field") is not None:
            listed = self.compile(node.args["field"])
            if listed.type != "codes":
                return self._fault(node, "`in` needs a list in brackets or a list parameter")
            self._expect(node.this, value, "text", "`in` a list of codes")
            sql = _negated(f"list_contains({listed.sql}, {value.sql})", negated)
            text = f"{_shown(node.this, value)} {word} {listed.text}"
            return whole(kind="in", word=word, text=text, sql=sql, gives="boolean", parts=(value, listed))
        choices = node.expressions
        if node.args.get("query") is not None or not choices:
            remedy = OF_THE_SUBJECT if node.args.get("query") is not None else ""
            return self._fault(node, "`in` needs a list of values, such as in ('A', 'B')", remedy)
        if len(choices) > MOST_LISTED:
            return self._fault(node, f"a list may hold at most {MOST_LISTED} values")
        terms = [self.compile(choice) for choice in choices]
        known: Type = next((term.type for term in (value, *terms) if term.type != "any"), "any")
        for choice, term in zip(choices, terms, strict=True):
            if not fits(known, term.type):
                remedy = "Leave out the brackets: a list stands for itself." if term.type == "codes" else ""
                remedy = f"Write has({value.text}, {term.text})." if value.type == "codes" else remedy
                self._fault(choice, f"this looks for {a(term.type)} where {a(known)} is", remedy)
        sql = _negated(f"({value.sql} IN ({', '.join(term.sql for term in terms)}))", negated)
        text = f"{_shown(node.this, value)} {word} ({', '.join(term.text for term in terms)})"
        return whole(kind="in", word=word, text=text, sql=sql, gives="boolean", parts=(value, *terms))

    def _like(self, node: Any) -> Term:
        value = self._expect(node.this, self.compile(node.this), "text", "`like`")
        pattern = self._expect(node.expression, self.compile(node.expression), "text", "`like`")
        word = "not like" if node.args.get("negate") else "like"
        return _pair("like", word, node, value, pattern, f"({value.sql} {word.upper()} {pattern.sql})", "boolean")

    def _case(self, node: Any) -> Term:
        subject = self.compile(node.this) if node.this is not None else None
        parts, kinds, asked = [subject] if subject else [], [], subject.type if subject else "any"
        texts: list[str] = []
        sql, text = ([f"CASE {subject.sql}"], [f"case {subject.text}"]) if subject else (["CASE"], ["case"])
        for branch in node.args["ifs"]:
            when, then = self.compile(branch.this), self.compile(branch.args["true"])
            if subject is None:
                self._expect(branch.this, when, "boolean", "`when`")
            elif not fits(asked, when.type):
                self._fault(branch.this, f"this compares {a(asked)} with {a(when.type)}")
            asked = when.type if asked == "any" else asked
            parts += [when, then]
            sql.append(f"WHEN {when.sql} THEN {then.sql}")
            text.append(f"when {when.text} then {then.text}")
            texts += then.texts
            kinds.append(then.type)
        if node.args.get("default") is not None:
            otherwise = self.compile(node.args["default"])
            parts.append(otherwise)
            sql.append(f"ELSE {otherwise.sql}")
            text.append(f"else {otherwise.text}")
            texts += otherwise.texts
            kinds.append(otherwise.type)
        made = whole(
            kind="case",
            word="case of" if subject else "case",
            text=" ".join([*text, "end"]),
            sql=f"({' '.join(sql)} END)",
            gives=self._one_type(node, kinds),
            parts=tuple(parts),
        )
        return replace(made, texts=tuple(texts))

    def _one_type(self, node: Any, kinds: list[Type], what: str = "") -> Type:
        known = [kind for kind in kinds if kind != "any"]
        if len(set(known)) > 1:
            other = next(kind for kind in known if kind != known[0])
            problem = f"this gives {a(known[0])} in one case and {a(other)} in another"
            self._fault(node, f"{what} {a(known[0])} and {a(other)}: it takes one kind" if what else problem)
        return known[0] if known else "any"

    def _sum(self, node: Any, sign: str) -> Term:
        left, right = self.compile(node.left), self.compile(node.right)
        if sign in "+-" and left.type == "date":
            if right.type == "date" and sign == "-":
                return _pair("sum", sign, node, left, right, f"({left.sql} - {right.sql})", "number")
            if fits(right.type, "number"):
                return _pair("sum", sign, node, left, right, f"{self._days_on(left, sign, right)}", "date")
        if sign == "-" and left.type == "any" and right.type == "date":
            return _pair("sum", sign, node, left, right, "CAST(NULL AS DOUBLE)", "number")
        for side, term in ((node.left, left), (node.right, right)):
            if not fits(term.type, "number"):
                return self._fault(side, f"`{sign}` needs a number, but this is {a(term.type)}")
        return _pair("sum", sign, node, left, right, sum_sql(left.sql, sign, right.sql), "number")

    def _days_on(self, day: Term, sign: str, days: Term) -> str:
        """Write a date and days to it as add_days() does: a number that leads out of the calendar gives a missing date."""
        return FUNCTIONS["add_days"].sql.format(day.sql, days.sql if sign == "+" else minus_sql(days.sql))

    def _neg(self, node: Any) -> Term:
        inside = self._expect(node.this, self.compile(node.this), "number", "`-`")
        text = f"-{_shown(node.this, inside)}"
        if inside.kind == "value" and inside.word[0] in "0123456789":
            return Term(kind="value", word=f"-{inside.word}", text=text, sql=f"(-{inside.sql})", type="number")
        return whole(kind="minus", word="-", text=text, sql=minus_sql(inside.sql), gives="number", parts=(inside,))

    # ---- calls

    def _anonymous(self, node: Any) -> Term:
        name = str(node.this).lower()
        if name in AGGREGATES:
            return self._aggregate(node, AGGREGATES[name])
        function = FUNCTIONS.get(name)
        if function is None:
            remedy = (
                ELSEWHERE.get(name)
                or did_you_mean(name, [*FUNCTIONS, *(AGGREGATES if self.over == "many" else ())])
                or "`alerting rules functions` lists them all."
            )
            return self._fault(node, f"there is no function '{name}'", remedy)
        arguments = [self.compile(argument) for argument in node.expressions]
        fewest = len(function.takes) - function.optional
        if len(arguments) < fewest or (function.rest is None and len(arguments) > len(function.takes)):
            needed = f"{fewest} value{'s' if fewest != 1 else ''}" + (" or more" if function.rest else "")
            here = f"here {'is' if len(arguments) == 1 else 'are'} {len(arguments)}"
            return self._fault(node, f"{name}() takes {needed}, but {here}", f"Such as `{function.example}`.")
        if len(arguments) > MOST_LISTED:
            return self._fault(node, f"a list may hold at most {MOST_LISTED} values")
        wanted: list[Type] = [
            *function.takes[: len(arguments)],
            *([function.rest] * (len(arguments) - len(function.takes)) if function.rest else []),
        ]
        for index, (argument, term, wants) in enumerate(zip(node.expressions, arguments, wanted, strict=False)):
            # A list stands for the texts in it wherever any number of texts may follow.
            listed = term.type == "codes" and index >= len(function.takes) and wants in ("text", "any")
            if not listed or function.name in ("coalesce", "greatest", "least"):
                self._expect(argument, term, wants, f"{name}()", f"Such as `{function.example}`.")
        self._check_choices(node, function, arguments)
        text = f"{name}({', '.join(term.text for term in arguments)})"
        sql, given = self._call(node, function, [_typed(term, wants) for term, wants in zip(arguments, wanted, strict=True)])
        return whole(kind="call", word=name, text=text, sql=sql, gives=given, parts=tuple(arguments))

    def _check_choices(self, node: Any, function: RuleFunction, arguments: list[Term]) -> None:
        """Note each text that an argument can be and that the function does not know, such as a clock that there is not."""
        for argument, term, choices in zip(node.expressions, arguments, function.choices, strict=False):
            for text in term.texts if choices else ():
                if text not in choices:
                    remedy = did_you_mean(text, list(choices)) or f"It takes {listed(choices, 'or')}."
                    self._fault(argument, f"{function.name}() does not know '{text}'", remedy)

    def _aggregate(self, node: Any, aggregate: Aggregate) -> Term:
        name = aggregate.name
        if self.over != "many":
            remedy = "It counts over many subjects: write `per: team` in the rule, and count in `measure`."
            if self.over == "counted":
                remedy = "Count in `measure`, and compare `measure` here."
            return self._fault(node, f"{name}() cannot stand here", remedy)
        if self._inside:
            return self._fault(node, f"{name}() stands inside {self._inside}()", "Count once, or use a `let` step.")
        fewest = len(aggregate.takes) - aggregate.optional
        if not fewest <= len(node.expressions) <= len(aggregate.takes):
            problem = (
                f"{name}() takes {'no value or ' if aggregate.optional else ''}1 value, but here are {len(node.expressions)}"
            )
            among = {"min": "least", "max": "greatest"}.get(name)
            several = f" `{among}(...)` compares values of one subject." if among and node.expressions else ""
            return self._fault(node, problem, f"Such as `{aggregate.example}`.{several}")
        self._inside = name
        arguments = [self.compile(argument) for argument in node.expressions]
        self._inside = ""
        for argument, term, wants in zip(node.expressions, arguments, aggregate.takes, strict=False):
            self._expect(argument, term, wants, f"{name}()")
            if wants == "any" and name in ("min", "max") and term.type not in ("number", "date", "moment", "any"):
                self._fault(argument, f"{name}() needs a number or a date, but this is {a(term.type)}")
        typed = [_typed(term, wants).sql for term, wants in zip(arguments, aggregate.takes, strict=False)] or ["true"]
        sql = aggregate.sql.format(*typed, rows=ROWS)
        gives = arguments[0].type if aggregate.gives == "any" else aggregate.gives
        text = f"{name}({', '.join(term.text for term in arguments)})"
        return whole(kind="call", word=name, text=text, sql=sql, gives=gives, parts=tuple(arguments))

    def _call(self, node: Any, function: RuleFunction, arguments: list[Term]) -> tuple[str, Type]:
        given: Type = function.gives
        if function.name in ("coalesce", "greatest", "least"):
            given = self._one_type(node, [term.type for term in arguments], f"{function.name}() is given")
        listed, element = arguments[len(function.takes) :], "text"
        if function.name == "one_of":
            element = self._sought(node, arguments)
        lists = [
            f"coalesce({term.sql}, [])" if term.type == "codes" else f"[{term.sql}]::{_ENGINE_TYPES[element]}[]"
            for term in listed
        ]
        values = [term.sql for term in arguments] + ["0"] * (function.optional if len(arguments) < len(function.takes) else 0)
        sql = function.sql.format(*values, all=", ".join(values), list=" || ".join(lists) or f"[]::{_ENGINE_TYPES[element]}[]")
        return sql, given

    def _sought(self, node: Any, arguments: list[Term]) -> Type:
        """Return the type of what one_of() looks for, and note what it could never find among that."""
        sought: Type = "text" if arguments[0].type == "any" else arguments[0].type
        if sought == "codes":
            self._fault(node, "one_of() looks for one value, but this is a list of codes", "Use `has(...)`.")
        for argument, term in zip(node.expressions[1:], arguments[1:], strict=True):
            kind = "text" if term.type == "codes" else term.type
            if not fits(kind, sought):
                self._fault(argument, f"this looks for {a(kind)} where {a(sought)} is")
        return sought


def _without_brackets(node: Any) -> Any:
    while type(node).__name__ == "Paren" and not any(value for part, value in node.args.items() if part != "this"):
        node = node.this
    return node


def _shown(node: Any, term: Term) -> str:
    """Return a part's text as it stands in a larger one, in brackets where the author put it in brackets."""
    return f"({term.text})" if type(node).__name__ == "Paren" else term.text


def _pair(kind: Kind, word: str, node: Any, left: Term, right: Term, sql: str, gives: Type) -> Term:
    text = f"{_shown(node.this, left)} {word} {_shown(node.expression, right)}"
    return whole(kind=kind, word=word, text=text, sql=sql, gives=gives, parts=(left, right))


def _negated(sql: str, negated: bool) -> str:
    return f"(NOT {sql})" if negated else sql


def _typed(term: Term, wants: Type) -> Term:
    """Return a null the type that is wanted: the engine cannot choose among functions for one that has none."""
    if term.type != "any" or wants == "any":
        return term
    return replace(term, sql=f"CAST({term.sql} AS {_ENGINE_TYPES[wants]})", type=wants)


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
