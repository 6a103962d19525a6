"""One sentence of a rule: its `says` or `clears` as a template in a sandbox, and what is wrong in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cache, lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.filters import FILTERS
from jinja2.sandbox import SandboxedEnvironment

from alerting.formatting import day, number, plain, plural

LONGEST = 600
"""The most characters of one sentence of a rule."""


class NoValueError(Exception):
    """A null would be printed. What a message says instead is the rule author's choice, by `{% if %}`."""


class _Language(SandboxedEnvironment):
    """Where a rule's words are put together: no calls, no attributes but keys of `params`, no names but those handed in."""

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, autoescape=False, finalize=_printed)
        self.globals.clear()
        self.filters = {
            name: FILTERS[name] for name in ("lower", "upper", "capitalize", "join", "length", "round", "abs", "default")
        }
        self.filters |= {"day": _given(day), "number": _given(number), "plural": _given(plural)}
        self.tests = {name: self.tests[name] for name in ("defined", "undefined", "none")}

    def is_safe_callable(self, obj: Any) -> bool:
        return False

    def getattr(self, obj: Any, attribute: str) -> Any:
        return obj[attribute] if isinstance(obj, Mapping) and attribute in obj else self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self.getattr(obj, argument)


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """One `says` or `clears`, compiled. names: what it names; guarded: what it asks `is defined` of; params: of those."""

    template: Template | None
    names: frozenset[str] = frozenset()
    guarded: frozenset[str] = frozenset()
    params: frozenset[str] = frozenset()
    problem: str = ""

    def in_words(self, names: Mapping[str, Any]) -> str:
        """Put values in. Raises NoValueError for a null that would be printed, and what the engine raises for a missing name."""
        if self.template is None:
            return ""
        parts, length = [], 0
        for part in self.template.generate(names):
            parts.append(part)
            length += len(part)
            if length > 4 * LONGEST:
                break
        return plain("".join(parts), LONGEST)


# Loops, calls, multiplication and formatting can fill the memory from a short template; none is needed for a sentence.
_ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.CondExpr, nodes.Name, nodes.Const, nodes.Getattr),
    *(nodes.Filter, nodes.Keyword, nodes.Test, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Concat),
    *(nodes.Add, nodes.Sub, nodes.Div, nodes.FloorDiv, nodes.Neg, nodes.List, nodes.Tuple),
)


@cache
def _environment() -> _Language:
    return _Language()


@lru_cache(maxsize=1000)
def sentence_of(source: str) -> Sentence:
    """Read the words of a rule; what is wrong in them is the sentence's `problem`, and it has no template then."""
    environment = _environment()
    try:
        tree = environment.parse(source)
    except TemplateSyntaxError as error:
        return Sentence(template=None, problem=f"line {error.lineno}: {error.message}")
    names, guarded, params, problem = set(), set(), set(), ""
    for node in tree.find_all(nodes.Node):
        problem = problem or _fault(node, environment)
        if isinstance(node, nodes.Name):
            names.add(node.name)
        elif isinstance(node, nodes.Test) and isinstance(node.node, nodes.Name) and node.name == "defined":
            guarded.add(node.node.name)
        elif isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name == "params":
            params.add(node.attr)
    template = None
    if not problem:
        try:
            template = environment.from_string(tree)
        except TemplateError as error:
            problem = f"{error.message}"
    return Sentence(
        template=template, names=frozenset(names), guarded=frozenset(guarded), params=frozenset(params), problem=problem
    )


def _fault(node: nodes.Node, environment: _Language) -> str:
    if isinstance(node, nodes.Filter) and node.name not in environment.filters:
        return f"line {node.lineno}: there is no filter '{node.name}'{hint(node.name, environment.filters)}"
    if isinstance(node, nodes.Test) and node.name not in environment.tests:
        return f"line {node.lineno}: there is no test '{node.name}'{hint(node.name, environment.tests)}"
    if isinstance(node, nodes.Getattr) and not (isinstance(node.node, nodes.Name) and node.node.name == "params"):
        return f"line {node.lineno}: '.{node.attr}' is not allowed; only params has names of its own"
    if not isinstance(node, _ALLOWED):
        kind = type(node).__name__.lower()
        return f"line {node.lineno}: '{kind}' is not allowed; a rule's words print values and choose with if, no more"
    return ""


def _printed(value: Any) -> Any:
    """Return a value as a sentence prints it. Raises NoValueError for null."""
    if value is None:
        raise NoValueError
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, list):
        return ", ".join(str(_printed(part)) for part in value)
    return day(value) if isinstance(value, date) else value


def _given(words: Callable[..., str]) -> Callable[..., str]:
    def of(value: Any, *arguments: Any) -> str:
        if value is None:
            raise NoValueError
        return words(value, *arguments)

    return of


def hint(name: str, known: Iterable[str]) -> str:
    """Return the end of a problem that names the nearest known name, or nothing."""
    near = get_close_matches(name, list(known), 1)
    return f"; did you mean '{near[0]}'?" if near else ""
