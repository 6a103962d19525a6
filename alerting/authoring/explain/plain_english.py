"""An expression of a rule in words, its parameters filled in: `measure > red_days` is "the measure is over 56 days". Pure.

A column and a parameter without a value stand by their own names, with spaces for `_`, and a step in quotes as well; what a
column means is told beside the sentence, once. A function's own words stand in its entry; one without any stands as its author wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from alerting.expressions.aggregates import AGGREGATES
from alerting.expressions.functions import FUNCTIONS
from alerting.expressions.tree import Term
from alerting.formatting import day, in_unit, listed, number, plural
from alerting.rulebook.rule import Rule

MISSING = "not recorded"

_NUMBERS = {">": "over", ">=": "at least", "<": "under", "<=": "at most", "=": "", "<>": "not"}
_DATES = {">": "after", ">=": "on or after", "<": "before", "<=": "on or before", "=": "", "<>": "not"}
_AGO = {">": "more than", ">=": "at least", "<": "less than", "<=": "at most", "=": "exactly", "<>": "not exactly"}
_OPPOSITE = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "=": "<>", "<>": "="}
_SIGNS = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}
_COUNTED = {
    "days_since": ("days", "ago"),
    "working_days_since": ("working days", "ago"),
    "months_since": ("months", "ago"),
    "days_until": ("days", "away"),
    "working_days_until": ("working days", "away"),
}
"""What a comparison of how long ago or how far off something is counts in."""

SPOKEN_HERE = frozenset({"coalesce", "greatest", "least", "one_of", "has", "only", "codes", "how_many", "add_days", "add_months",
                         "add_working_days", "share", "max", "min"})  # fmt: skip
"""The functions that are not said by the `words` of their entry, but in a way of their own."""

_DENIALS = ((r" (is|are|was|were|has been|have been) not ", r" \1 "), (r" (is|are|was|were) ", r" \1 not "), (r" (has|have) been ", r" \1 not been "),
            (r" knows ", " does not know "), (r" has ", " does not have "))  # fmt: skip
"""How a simple sentence is turned into its opposite: by the first of these that it has."""


@dataclass(frozen=True)
class Vocabulary:
    """The words of one rule: what its names stand for."""

    rule: Rule

    # ---- conditions

    def sentence(self, term: Term) -> str:
        """Return a condition as a clause: `the measure is over 56 days`."""
        match term.kind:
            case "and" | "or":
                return f" {term.word} ".join(self._within(part, term.word) for part in term.parts)
            case "not":
                return self.denied(term.parts[0])
            case "is":
                return self._is(term)
            case "compare":
                return self._comparison(term, term.word)
            case "between":
                return self._between(term, "" if term.word == "between" else "not ")
            case "in":
                return self._one_of(term.parts[0], term.parts[1:], none=term.word != "in")
            case "like":
                return f"{self.phrase(term.parts[0])} is {'not ' if 'not' in term.word else ''}like {self.phrase(term.parts[1])}"
            case "call":
                return self._condition_call(term)
            case "case":
                return self._case(term, self.sentence)
            case "value":
                return {"true": "always", "false": "never"}.get(term.word, "that is missing")
            case _:
                return self._truth(term)

    def denied(self, term: Term) -> str:
        """Return that a condition does not hold: `the measure is at most 56 days`. A missing value makes it neither."""
        match term.kind:
            case "not":
                return self.sentence(term.parts[0])
            case "compare":
                return self._comparison(term, _OPPOSITE[term.word])
            case "between":
                return self._between(term, "not " if term.word == "between" else "")
            case "in":
                return self._one_of(term.parts[0], term.parts[1:], none=term.word == "in")
            case "is":
                return self._is(term, denied=True)
            case "call" if term.word == "one_of":
                return self._one_of(term.parts[0], term.parts[1:], none=True)
            case "call" if term.word in ("has", "only"):
                return self._codes(term, denied=True)
            case "call" if term.word == "coalesce" and term.parts[-1].word in ("true", "false") and len(term.parts) == 2:
                return self._otherwise(term.parts[0], self.denied(term.parts[0]), sure=term.parts[1].word == "false")
            case "name":
                return self._truth(term, denied=True)
            case _:
                return f"it is not so that {self._within(term, 'not')}"

    def _within(self, term: Term, word: str) -> str:
        """Return a part of a larger condition, in brackets where it could be misread."""
        inside = self.sentence(term)
        return f"({inside})" if term.kind in ("and", "or", "case") and term.kind != word else inside

    def _truth(self, term: Term, *, denied: bool = False) -> str:
        """Return a yes-or-no column as a clause: by its own description, where that is `Whether ...`."""
        column = self.rule.subject.columns.get(term.word)
        value = self.rule.params.get(term.word) if self._is_param(term) else None
        if isinstance(value, bool):
            wanted = value != denied
            return f"{label(term.word)} is {'on' if value else 'off'}{'' if wanted else ' (so this never holds)'}"
        if column is None or not column.says.startswith("Whether "):
            return f"{self.phrase(term)} is {'no' if denied else 'yes'}"
        says = column.says.removeprefix("Whether ").rstrip(".")
        return _opposite(says) if denied else says

    def _is(self, term: Term, *, denied: bool = False) -> str:
        [asked] = term.parts
        negated = ("not" in term.word) != denied
        what = term.word.split()[-1]
        if what == "null":
            if asked.kind == "name" and asked.word in self.rule.subject.columns:
                return f"{self.phrase(asked)} is {'recorded' if negated else MISSING}"
            return f"{self.phrase(asked)} is {'known' if negated else 'not known'}"
        if asked.kind == "name" and asked.type == "boolean":
            return self._truth(asked, denied=(what == "false") != negated)
        return f"it is {'not ' if negated else ''}{what} that {self._within(asked, 'is')}"

    def _comparison(self, term: Term, sign: str) -> str:
        left, right = term.parts
        if self._unset(term):
            return f"something that cannot be told, as {self._unset(term)} is not set"
        if left.kind == "call" and left.word in _COUNTED:
            unit, where = _COUNTED[left.word]
            return f"{self.phrase(left.parts[0])} is {_AGO[sign]} {self._measured(right, unit)} {where}"
        words = (_DATES if {left.type, right.type} & {"date", "moment"} else _NUMBERS)[sign]
        unit = self.rule.unit if left.kind == "name" and left.word == "measure" else ""
        return " ".join(filter(None, [self._asked(left), "is", words, self._measured(right, unit)]))

    def _asked(self, term: Term) -> str:
        """Return what is asked about; a parameter by its name too, as its value alone does not say what it is the value of."""
        return f"{label(term.word)} ({self.phrase(term)})" if self._is_param(term) else self.phrase(term)

    def _unset(self, term: Term) -> str:
        """Return the parameter that a comparison or a sum needs and that is not set, or nothing."""
        for part in term.parts if term.kind in ("compare", "call") else ():
            if self._is_param(part) and self.rule.params[part.word] is None:
                return label(part.word)
        return ""

    def _between(self, term: Term, negated: str) -> str:
        value, low, high = (self.phrase(part) for part in term.parts)
        return f"{value} is {negated}{'from ' if term.parts[0].type == 'date' else ''}{low} to {high}"

    def _one_of(self, asked: Term, choices: Sequence[Term], *, none: bool) -> str:
        found = self._choices(choices)
        if not found:
            return f"{self.phrase(asked)} is {'whatever' if none else 'one of an empty list'}"
        if none:
            return f"{self.phrase(asked)} is {'not ' + found[0] if len(found) == 1 else 'neither ' + ' nor '.join(found)}"
        return f"{self.phrase(asked)} is {listed(found, 'or')}"

    def _codes(self, term: Term, *, denied: bool = False) -> str:
        found = listed(self._choices(term.parts[1:]), "or") or "anything of an empty list"
        verb = ("are" if self.phrase(term.parts[0]).endswith("s") else "is") if term.word == "only" else ""
        if verb:
            return f"{self.phrase(term.parts[0])} {verb} {'not ' if denied else ''}{found} alone"
        plural_verb = self.phrase(term.parts[0]).endswith("s")
        says = ("do not include" if plural_verb else "does not include") if denied else "include" if plural_verb else "includes"
        return f"{self.phrase(term.parts[0])} {says} {found}"

    def _condition_call(self, term: Term) -> str:
        match term.word:
            case "one_of":
                return self._one_of(term.parts[0], term.parts[1:], none=False)
            case "has" | "only":
                return self._codes(term)
            case "coalesce":
                first, *others = term.parts
                if len(others) == 1 and others[0].word in ("true", "false"):
                    return self._otherwise(first, self._within(first, "and"), sure=others[0].word == "true")
                return "; where that cannot be told, ".join(self._within(part, "or") for part in term.parts)
            case _:
                return self.phrase(term)

    def _otherwise(self, term: Term, said: str, *, sure: bool) -> str:
        """Return what a condition counts as where a value that it needs is missing."""
        if self._unset(term):
            return f"{'always' if sure else 'never'}, as {self._unset(term)} is not set"
        return f"{said} ({'or' if sure else 'no, if'} something is missing)"

    # ---- values

    def phrase(self, term: Term) -> str:
        """Return a value in words: `15 days before review due`."""
        match term.kind:
            case "name":
                return self._name(term)
            case "value":
                return _literal(term)
            case "call":
                return self._call(term)
            case "sum":
                return self._sum(term)
            case "minus":
                return f"minus {self.phrase(term.parts[0])}"
            case "case":
                return self._case(term, self.phrase)
            case _:
                return f"whether {self.sentence(term)}"

    def branches(self, term: Term) -> list[tuple[str, str]]:
        """Return each value of a `case` and when it is that, in order; the last, for all others, has no condition."""
        of, pairs, otherwise = _branches(term)
        say = self.sentence if term.type == "boolean" else self.phrase
        found = [(say(then), self._when(of, when)) for when, then in pairs]
        return [*found, (say(otherwise) if otherwise else "nothing", "")]

    def _when(self, of: Term | None, when: Term) -> str:
        return self.sentence(when) if of is None else f"{self._asked(of)} is {self.phrase(when)}"

    def _case(self, term: Term, say: Callable[[Term], str]) -> str:
        of, pairs, otherwise = _branches(term)
        if len(pairs) == 1:
            [(when, then)] = pairs
            rest = f", otherwise {say(otherwise)}" if otherwise and otherwise.text != "null" else ""
            return f"{say(then)}, if {self._when(of, when)}{rest}"
        told = [f"{say(then)}, if {self._when(of, when)}" for when, then in pairs]
        return "; ".join([*told, f"otherwise {say(otherwise) if otherwise else 'nothing'}"])

    def _name(self, term: Term) -> str:
        if term.word == "measure":
            return "the measure"
        if term.word == "rows" and self.rule.file.per:
            return "how many there are"
        if term.word in self.rule.let:
            return f"'{label(term.word)}'"
        if not self._is_param(term):
            return label(term.word)
        value, (used, _, name) = self.rule.params[term.word], term.word.partition(".")
        if isinstance(value, Mapping):
            return f"{label(name)} of {self.rule.file.uses[used]}" if name else label(term.word)
        return f"{label(term.word)} (not set)" if value is None else in_words(value)

    def _is_param(self, term: Term) -> bool:
        own = term.word in self.rule.subject.columns or term.word in self.rule.let
        return term.kind == "name" and not own and term.word in self.rule.params

    def _choices(self, terms: Sequence[Term]) -> list[str]:
        found: list[str] = []
        for term in terms:
            value = self.rule.params[term.word] if self._is_param(term) else None
            if isinstance(value, (list, tuple)):
                found += [in_words(item) for item in value]
            elif term.kind == "call" and term.word == "codes":
                found += self._choices(term.parts)
            else:
                found.append(self.phrase(term))
        return found

    def _measured(self, term: Term, unit: str) -> str:
        """Return a number with its unit, where it is a number that the rule names."""
        said = self.phrase(term)
        if not unit or term.type != "number":
            return said
        count = self._constant(term)
        if count is not None:
            return with_unit(count, unit)
        return said if unit.rsplit(maxsplit=1)[-1] in said or unit not in ("days", "working days", "months") else f"{said} {unit}"

    def _constant(self, term: Term) -> float | None:
        """Return the number that a value always is, as the rule writes or names it; None for one that depends on the subject."""
        match term.kind:
            case "value" if term.type == "number":
                return float(term.word)
            case "name" if self._is_param(term):
                value = self.rule.params[term.word]
                return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
            case "minus":
                inside = self._constant(term.parts[0])
                return None if inside is None else -inside
            case "sum" if self._is_neutral(term):
                return self._constant(term.parts[0])
            case "call" if _words(term.word) == "{0}":
                return self._constant(term.parts[0])
            case _:
                return None

    def _is_neutral(self, term: Term) -> bool:
        """Return whether a sum adds or takes away nothing, or a product is with one."""
        return self._constant(term.parts[1]) == (0 if term.word in "+-" else 1)

    def _call(self, term: Term) -> str:
        said = [f"({self.phrase(part)})" if part.kind == "case" else self.phrase(part) for part in term.parts]
        match term.word:
            case "coalesce":
                return f"{said[0]} (or, where that is missing, {', else '.join(said[1:])})"
            case "greatest" | "least":
                ends = ("latest", "earliest") if term.type in ("date", "moment") else ("greatest", "least")
                return f"the {ends[term.word == 'least']} of {listed(said)}"
            case "codes":
                return listed(self._choices(term.parts))
            case "add_days" | "add_months" | "add_working_days":
                if self._unset(term):
                    return f"nothing, as {self._unset(term)} is not set"
                return self._after(term.parts[1], term.word.removeprefix("add_").replace("_", " "), said[0])
            case "share":
                return f"the percentage of whom it is true that {self.sentence(term.parts[0])}"
            case "count" if term.parts:
                return f"the number of whom it is true that {self.sentence(term.parts[0])}"
            case "how_many":
                return f"how many of these hold: {'; '.join(self.sentence(part) for part in term.parts)}"
            case "one_of" | "has" | "only":
                return f"whether {self.sentence(term)}"
            case "max" | "min":
                ends = ("latest", "earliest") if term.type in ("date", "moment") else ("greatest", "least")
                return f"the {ends[term.word == 'min']} {said[0]}"
            case word:
                return _words(word).format(*said) or term.text

    def _after(self, count: Term, unit: str, said: str, way: str = "after") -> str:
        constant, amount = self._constant(count), self._measured(count, unit)
        if constant == 0:
            return said
        if constant is not None and constant < 0:
            amount, way = with_unit(-constant, unit), "before" if way == "after" else "after"
        return f"{amount} {way} {said}"

    def _sum(self, term: Term) -> str:
        left, right = term.parts
        if term.type == "date":
            days = right.parts[0] if right.kind == "call" and right.word == "days" else right
            return self._after(days, "days", self.phrase(left), "after" if term.word == "+" else "before")
        if left.type == "date" and right.type == "date":
            return f"the days from {self.phrase(right)} to {self.phrase(left)}"
        said = [f"({self.phrase(side)})" if side.kind in ("sum", "case") else self.phrase(side) for side in (left, right)]
        if self._is_neutral(term):
            return said[0].removeprefix("(").removesuffix(")") if left.kind in ("sum", "case") else said[0]
        return f" {_SIGNS[term.word]} ".join(said)


def label(name: str) -> str:
    """Return a name as words: `latest_contact` is `latest contact`."""
    return name.replace("_", " ")


def in_words(value: Any) -> str:
    """Return a value as a reader sees it: `3 February 2026`, `REL or FREL`, `18.5`, `yes`, `not recorded`."""
    match value:
        case None:
            return MISSING
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return number(value)
        case date():
            return day(value)
        case Mapping():
            return "; ".join(f"{label(str(row))} {_row_in_words(cell)}" for row, cell in value.items())
        case list() | tuple():
            return listed([in_words(item) for item in value], "or") or "none"
        case _:
            return str(value)


def _row_in_words(cell: Any) -> str:
    return f"amber {in_words(cell[0])}, red {in_words(cell[1])}" if isinstance(cell, (list, tuple)) else in_words(cell)


def with_unit(count: float, unit: str) -> str:
    """Return a number with its unit.

    >>> with_unit(1, "working days"), with_unit(57.0, "days"), with_unit(2, ""), with_unit(1, "people"), with_unit(33.3, "%")
    ('1 working day', '57 days', '2', '1 person', '33.3 %')
    """
    one = {"people": "person", "children": "child"}.get(unit, unit.removesuffix("s"))
    return plural(in_unit(count, unit), one, unit) if unit else number(count)


def fill_params(template: str, params: Mapping[str, Any]) -> str:
    """Return a rule's words with its parameters put in; what only a subject knows stands by its name in angle brackets.

    >>> fill_params("Within {{ params.red_days }} days of {{ plan_start | day }}.", {"red_days": 56})
    'Within 56 days of <plan start>.'
    >>> fill_params("{{ params.least | percent }} by day {{ params.days | listed }}", {"least": 0.925, "days": [10, 20]})
    '92.5 % by day 10 and 20'
    >>> fill_params("{{ params.red | weeks }}, {{ params.far | years }}, {{ params.near | years }}", {"red": 56, "far": 24, "near": 9})
    '56 days (8 weeks), 2 years, 9 months'
    """

    def put(found: re.Match[str]) -> str:
        name, shown = (part.strip() for part in f"{found[1]}|".split("|")[:2])
        name = name.removeprefix("params.")
        if name not in params:
            return f"<{label(name)}>"
        return _SHOWN.get(shown, in_words)(params[name])

    return re.sub(r"\{\{(.*?)\}\}", put, template)


_SHOWN: Mapping[str, Callable[[Any], str]] = {
    "percent": lambda share: f"{number(100 * share)} %",
    "listed": lambda values: listed([in_words(value) for value in values]),
    "working_days": lambda count: with_unit(count, "working days"),
    "weeks": lambda days: with_unit(days, "days") + ("" if days % 7 else f" ({with_unit(days / 7, 'weeks')})"),
    "months": lambda count: with_unit(count, "months"),
    "years": lambda months: with_unit(months / 12, "years") if months % 12 == 0 else with_unit(months, "months"),
}
"""How a parameter is shown in words that ask for it so: `{{ params.red_days | weeks }}`."""


def _words(name: str) -> str:
    """Return what a call of a function is in plain English, its arguments as {0}, {1}; nothing where it has no such words."""
    function = FUNCTIONS.get(name) or AGGREGATES.get(name)
    return function.words if function else ""


def _opposite(says: str) -> str:
    """Return the opposite of a simple sentence; for a larger one, that it is not so.

    >>> _opposite("a social worker is allocated today"), _opposite("the child is not born yet"), _opposite("it is open or closed")
    ('a social worker is not allocated today', 'the child is born', 'it is not so that it is open or closed')
    """
    if not re.search(r"\b(and|or|who|that)\b", says):
        for pattern, opposite in _DENIALS:
            if re.search(pattern, f" {says} "):
                return re.sub(pattern, opposite, f" {says} ", count=1).strip().removesuffix(" yet")
    return f"it is not so that {says}"


def _branches(term: Term) -> tuple[Term | None, list[tuple[Term, Term]], Term | None]:
    """Return what a `case` compares, if anything; its pairs of when and then; and its `else`, if it has one."""
    parts = list(term.parts)
    of = parts.pop(0) if term.word == "case of" else None
    otherwise = parts.pop() if len(parts) % 2 else None
    return of, list(zip(parts[::2], parts[1::2], strict=True)), otherwise


def _literal(term: Term) -> str:
    if term.type == "number":
        return number(float(term.word))
    if term.type == "date":
        return day(term.word)
    return {"null": "nothing", "true": "yes", "false": "no"}.get(term.text, term.word)
