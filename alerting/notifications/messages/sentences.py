"""One sentence of a rule: its `says` or `clears` as a template in a sandbox, and what is wrong in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from enum import Enum, auto
from functools import cache, lru_cache
from itertools import islice
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.filters import FILTERS
from jinja2.sandbox import SandboxedEnvironment

from alerting.formatting import day, number, plain, plural

LONGEST = 600
"""The most characters of one sentence of a rule."""


MOST_CHARACTERS = 2_000
"""Of a sentence as it is written, with all that it chooses from."""

_MOST_PARTS, _DEEPEST, _MOST_DECIMALS, _LARGEST = 400, 25, 9, 1e15
"""What a sentence may be made of, so that reading and saying it takes no time: a hundred times what one needs."""


class NoValueError(Exception):
    """A null would be printed. What a message says instead is the rule author's choice, by `{% if %}`."""


class _Language(SandboxedEnvironment):
    """Where a rule's words are put together: no calls, no attributes but keys of `params`, no names but those handed in."""

    def __init__(self) -> None:
        # Nothing is worked out while words are only read: what they then cost would be no item's, but everybody's.
        super().__init__(undefined=StrictUndefined, autoescape=False, finalize=_printed, optimized=False)
        self.globals.clear()
        self.filters = {name: FILTERS[name] for name in ("lower", "upper", "capitalize", "length", "abs", "default")}
        self.filters |= {
            "join": _joined,
            "round": _rounded,
            "day": _given(day),
            "number": _given(number),
            "plural": _given(plural),
        }
        self.tests = {name: self.tests[name] for name in ("defined", "undefined", "none")}

    def is_safe_callable(self, obj: Any) -> bool:
        return False

    def getattr(self, obj: Any, attribute: str) -> Any:
        return obj[attribute] if isinstance(obj, Mapping) and attribute in obj else self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self.getattr(obj, argument)


class WordsFaultKind(Enum):
    """What can be wrong in a rule's words, where there is something to do about it that goes for all of the kind."""

    above_ceiling = auto()
    unknown_filter = auto()
    if_not_closed = auto()
    braces_not_closed = auto()
    stray_brace = auto()
    #: A sign or word stands where the template's language has no place for it.
    unexpected = auto()
    too_much = auto()
    other = auto()


@dataclass(frozen=True, kw_only=True)
class WordsFault:
    """What is wrong in the words of a rule."""

    problem: str
    kind: WordsFaultKind = WordsFaultKind.other
    #: Which words: `says` or `clears`.
    part: str = ""
    #: The line of these words, from 1, where that is known.
    line: int | None = None
    #: What the template names there, where the fault is about a name or a sign.
    name: str = ""
    #: The nearest name that there is.
    near: str = ""
    #: How it is written, where it is a parameter.
    param: str = ""

    def __str__(self) -> str:
        part = f"{self.part}: " if self.part else ""
        line = f"line {self.line}: " if self.line else ""
        hint = f"; did you mean '{self.near}'?" if self.near else ""
        hint = f"; a parameter is written {self.param}" if self.param else hint
        return f"{part}{line}{self.problem}{hint}"


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """One `says` or `clears`, compiled."""

    #: Nothing where the words cannot be used.
    template: Template | None
    #: What it names.
    names: frozenset[str] = frozenset()
    #: Those of the names that it asks `is defined` of.
    guarded: frozenset[str] = frozenset()
    #: The parameters that it names.
    params: frozenset[str] = frozenset()
    fault: WordsFault | None = None

    @property
    def problem(self) -> str:
        """What is wrong in it, as a sentence."""
        return str(self.fault or "")

    def in_words(self, names: Mapping[str, object]) -> str:
        """Put values in, as one line of plain text. Raises what `text` does."""
        return plain(self.text(names), LONGEST)

    def text(self, names: Mapping[str, object]) -> str:
        """Put values in. Raises NoValueError for a null that would be printed, and what the engine raises for a missing name."""
        if self.template is None:
            return ""
        parts, length = [], 0
        for part in self.template.generate(names):
            parts.append(part)
            length += len(part)
            if length > 4 * LONGEST:
                break
        return "".join(parts)[: 4 * LONGEST]


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
    """Return the words of a rule, read; what is wrong in them is the sentence's `fault`, and it has no template then."""
    if len(source) > MOST_CHARACTERS:
        return _too_much(f"words may have at most {MOST_CHARACTERS:,} characters, and these have {len(source):,}")
    environment = _environment()
    try:
        return _read(environment, environment.parse(source))
    except TemplateSyntaxError as error:
        return Sentence(template=None, fault=_syntax_fault(error))
    except RecursionError:
        return _too_much("these words are nested too deeply")
    except TemplateError as error:
        return Sentence(template=None, fault=WordsFault(problem=f"{error.message}"))
    except Exception as error:  # noqa: BLE001  (whatever a rule's words do to whoever reads them, it is they that are wrong)
        return Sentence(template=None, fault=WordsFault(problem=f"these words cannot be read ({type(error).__name__})"))


def _read(environment: _Language, tree: nodes.Template) -> Sentence:
    parts = list(islice(_parts(tree), _MOST_PARTS + 1))
    if len(parts) > _MOST_PARTS or max(depth for _, depth in parts) > _DEEPEST:
        return _too_much(
            "these words choose and count too much" if len(parts) > _MOST_PARTS else "these words are nested too deeply"
        )
    names, guarded, params = set(), set(), set()
    fault: WordsFault | None = None
    for node, _ in parts:
        fault = fault or _fault(node, environment)
        if isinstance(node, nodes.Name):
            names.add(node.name)
        elif isinstance(node, nodes.Test) and isinstance(node.node, nodes.Name) and node.name == "defined":
            guarded.add(node.node.name)
        elif isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name == "params":
            params.add(node.attr)
    template = None if fault else environment.from_string(tree)
    return Sentence(template=template, names=frozenset(names), guarded=frozenset(guarded), params=frozenset(params), fault=fault)


def _parts(tree: nodes.Node) -> Iterator[tuple[nodes.Node, int]]:
    """Return the parts of a tree, each with how deep it lies; by a list and not by itself, however deep that is."""
    waiting = [(child, 1) for child in reversed(list(tree.iter_child_nodes()))] or [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting += [(child, depth + 1) for child in reversed(list(node.iter_child_nodes()))]


def _too_much(problem: str) -> Sentence:
    return Sentence(template=None, fault=WordsFault(problem=problem, kind=WordsFaultKind.too_much))


def _syntax_fault(error: TemplateSyntaxError) -> WordsFault:
    """Return what the template engine cannot read. It has one kind of error for all of it: its words alone tell them apart."""
    said = f"{error.message}"
    quoted = re.search(r"'([^']+)'", said)
    if "end of template" in said:
        kind = WordsFaultKind.if_not_closed if "'endif'" in said else WordsFaultKind.braces_not_closed
    elif said.startswith("unexpected '}'"):
        kind = WordsFaultKind.stray_brace
    else:
        kind = WordsFaultKind.unexpected if "nexpected" in said else WordsFaultKind.other
    return WordsFault(problem=said, kind=kind, line=error.lineno, name=quoted[1] if quoted else "")


def _fault(node: nodes.Node, environment: _Language) -> WordsFault | None:
    line = node.lineno
    if isinstance(node, nodes.Filter) and node.name not in environment.filters:
        problem, near = f"there is no filter '{node.name}'", nearest(node.name, environment.filters)
        return WordsFault(problem=problem, kind=WordsFaultKind.unknown_filter, line=line, name=node.name, near=near)
    if isinstance(node, nodes.Test) and node.name not in environment.tests:
        problem, near = f"there is no test '{node.name}'", nearest(node.name, environment.tests)
        return WordsFault(problem=problem, line=line, name=node.name, near=near)
    if isinstance(node, nodes.Getattr) and not (isinstance(node.node, nodes.Name) and node.node.name == "params"):
        problem = f"'.{node.attr}' is not allowed; only params has names of its own"
        return WordsFault(problem=problem, line=line, name=node.attr)
    if isinstance(node, nodes.Const) and isinstance(node.value, (int, float)) and not abs(node.value) < _LARGEST:
        return WordsFault(problem="this number is too large", kind=WordsFaultKind.too_much, line=line)
    if isinstance(node, nodes.Filter) and node.name == "round" and any(_decimals(given) for given in _arguments(node)):
        problem = f"`round` gives at most {_MOST_DECIMALS} decimals"
        return WordsFault(problem=problem, kind=WordsFaultKind.too_much, line=line, name="round")
    if not isinstance(node, _ALLOWED):
        kind = type(node).__name__.lower()
        problem = f"'{kind}' is not allowed; words print values and choose with if, no more"
        return WordsFault(problem=problem, line=line, name=kind)
    return None


def _arguments(node: nodes.Filter) -> list[Any]:
    """Return what a filter is given that stands there as it is."""
    given = [*node.args, *(each.value for each in node.kwargs)]
    return [each.value for each in given if isinstance(each, nodes.Const)]


def _decimals(given: object) -> bool:
    """Return whether more decimals are asked for than there may be."""
    return isinstance(given, (int, float)) and not 0 <= given <= _MOST_DECIMALS


def _rounded(value: Any, precision: Any = 0, method: str = "common") -> float:
    """Return a number with so many decimals. Raises ValueError for more than there may be, and for what is no number."""
    if isinstance(precision, bool) or not isinstance(precision, int) or _decimals(precision):
        raise ValueError("no number of decimals")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError("no number")
    rounded: float = FILTERS["round"](value, precision, method)
    return rounded


def _joined(value: Any, between: str = "") -> str:
    """Return a list as one text. Raises TypeError for a text, whose letters would each be an item of it."""
    if not isinstance(value, (list, tuple)):
        raise TypeError("no list")
    return plain(str(between).join(str(_printed(part)) for part in value), 4 * LONGEST)


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


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is nearest to another, or nothing."""
    return next(iter(get_close_matches(name, list(known), 1)), "")
