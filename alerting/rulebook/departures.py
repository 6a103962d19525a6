"""Where a council departs from a rule as it is written: a statutory one switched off or loosened, a number nobody would expect.

A council may do so. It is told of, so that nobody does it by a slip, and nobody finds out a year later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from alerting.documents.document import KeyPath
from alerting.expressions.tree import Term
from alerting.formatting import number
from alerting.rulebook.book import Rulebook
from alerting.rulebook.rule import Rule

_LOOSENED = "A level then comes later, or for fewer, than it should by law. Leave it so only if the council has decided it."


@dataclass(frozen=True, kw_only=True)
class Departure:
    """One way in which a council departs from a rule."""

    rule: Rule
    #: What is set otherwise, below the rule's setting in config.yaml.
    path: KeyPath
    #: In words that follow the rule's code: `is switched off`.
    says: str
    remedy: str


def find_departures(book: Rulebook) -> Iterator[Departure]:
    """Return every departure there is, rule by rule."""
    replaced = {rule.id: rule for rule in book.replaced}
    for rule in sorted(book.every, key=lambda rule: rule.code):
        # A rule of the council's own that stands for a shipped one is held to that.
        shipped = replaced.get(rule.file.replaces or "", rule)
        yield from _find_outside(rule)
        if shipped.basis_kind == "statutory":
            yield from _find_off(book, rule, shipped)
            yield from _find_loosened(rule, shipped)


def _find_off(book: Rulebook, rule: Rule, shipped: Rule) -> Iterator[Departure]:
    if rule in book.off and shipped.file.enabled:
        reason = book.setting(rule.file).reason
        why = f": {reason}" if reason else ", and no reason is given"
        remedy = "Its alerts are not made, whatever the record says. Take `enabled: false` out, or leave it with a `reason`."
        yield Departure(rule=rule, path=("enabled",), says=f"is statutory and switched off{why}", remedy=remedy)


def _find_outside(rule: Rule) -> Iterator[Departure]:
    for name, (least, most) in rule.file.sane.items():
        for path, value in _numbers(name, rule.params.get(name)):
            if not least <= value <= most:
                said = f"has {' '.join(map(str, path[1:]))} at {number(value)}, outside {number(least)} to {number(most)}"
                written = dict(_numbers(name, {**rule.file.params, **rule.file.tables}[name])).get(path)
                remedy = f"The rule's file has {number(written)}. Is a digit wrong?" if written not in (None, value) else ""
                yield Departure(rule=rule, path=path, says=said, remedy=remedy)


def _find_loosened(rule: Rule, shipped: Rule) -> Iterator[Departure]:
    """Find the numbers that make a level come later, or for fewer, than the shipped rule does."""
    for name, written in {**shipped.file.params, **shipped.file.tables}.items():
        before = dict(_numbers(name, written))
        changed = [
            (path, value, was)
            for path, value in _numbers(name, rule.params.get(name))
            if (was := before.get(path, value)) != value
        ]
        if not changed:
            continue
        parts = [part.term for part in (*rule.levels.values(), rule.where)]
        ways = {_way(rule, part, name) for part in parts if _names(rule, part, name)}
        for path, value, was in changed:
            # A level that holds less often the more a number grows is loosened by more; one that nobody can tell, by any change.
            if ways & {(-1 if value > was else 1), None}:
                said = f"is statutory and has {' '.join(map(str, path[1:]))} at {number(value)} instead of {number(was)}"
                yield Departure(rule=rule, path=path, says=said, remedy=_LOOSENED)


def _numbers(name: str, value: Any) -> Iterator[tuple[KeyPath, float]]:
    """Return each number of a parameter or a table, with where it stands in a rule's setting."""
    if isinstance(value, Mapping):
        for row, cell in value.items():
            for level, each in zip(("amber", "red"), cell, strict=False) if isinstance(cell, (list, tuple)) else [("", cell)]:
                yield ("tables", name, row, *([level] if level else [])), each
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield ("params", name), value


# ---------------------------------------------------------------- which way a number works

_WITH_BOTH = frozenset({"add_days", "add_months", "add_working_days", "greatest", "least", "coalesce", "max", "min"})
_WITH_FIRST = frozenset({"days", "days_until", "working_days_until", "round", "value_of", "amber_of", "red_of"})
_AGAINST_FIRST = frozenset({"days_since", "working_days_since", "months_since"})

Way = int | None
"""1 for what grows with a number, -1 for what shrinks, 0 for what does not change; None where that cannot be told."""


def _names(rule: Rule, term: Term, name: str) -> bool:
    """Return whether a part uses a parameter, through the steps and the measure."""
    if term.kind == "name":
        inner = _behind(rule, term.word)
        return term.word == name or (inner is not None and _names(rule, inner, name))
    return any(_names(rule, part, name) for part in term.parts)


def _behind(rule: Rule, word: str) -> Term | None:
    if word == "measure" and rule.measure is not None:
        return rule.measure.term
    return rule.let[word].term if word in rule.let else None


def _way(rule: Rule, term: Term, name: str) -> Way:
    """Return how a value, or how often a condition holds, goes with a parameter."""
    if not _names(rule, term, name):
        return 0
    parts = [_way(rule, part, name) for part in term.parts]
    match term.kind:
        case "name":
            inner = _behind(rule, term.word)
            return 1 if term.word == name else _way(rule, inner, name) if inner is not None else None
        case "compare" if term.word in (">", ">="):
            return _together([parts[0], _against(parts[1])])
        case "compare" if term.word in ("<", "<="):
            return _together([_against(parts[0]), parts[1]])
        case "sum" if term.word == "-":
            return _together([parts[0], _against(parts[1])])
        case "and" | "or":
            return _together(parts)
        case "sum" if term.word == "+":
            return _together(parts)
        case "not" | "minus":
            return _against(parts[0])
        case "call" if term.word in _WITH_BOTH or (term.word in _WITH_FIRST and not any(parts[1:])):
            return _together(parts)
        case "between" if term.word == "between" and not parts[0]:
            return _together([_against(parts[1]), parts[2]])
        case "call" if term.word in _AGAINST_FIRST:
            return _against(parts[0])
        case "case" if term.word == "case" and not any(parts[:-1:2]):
            return _together(parts)
        case _:
            return None


def _against(way: Way) -> Way:
    return None if way is None else -way


def _together(ways: Iterable[Way]) -> Way:
    found = set(ways) - {0}
    return 0 if not found else found.pop() if len(found) == 1 else None
