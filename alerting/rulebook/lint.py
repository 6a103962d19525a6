"""What is likely a mistake in a rule that can be used: a level that nothing gives, a number that nothing reads.

Each finding has the path of what it is about in the rule's file; a document makes a place of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Literal

from alerting.casedata.catalogue import TABLES
from alerting.clocks import read_moment
from alerting.documents.document import KeyPath, did_you_mean
from alerting.expressions.tree import Term
from alerting.formatting import day, listed
from alerting.model import Level
from alerting.rulebook.book import Rulebook
from alerting.rulebook.file_models import SubjectColumn
from alerting.rulebook.rule import WORD, Rule
from alerting.rulebook.run_tables import ALL
from alerting.rulebook.sql_tree import names_in_all

_NULL_IN_LIST = re.compile(r"\bnot\s+in\s*\([^()]*\b(null)\b[^()]*\)", re.IGNORECASE)
_STAR = re.compile(r"\blike\s+'[^'%]*?(\*)[^'%]*'", re.IGNORECASE)
_SINGLE_BRACES = re.compile(r"(?<!\{)\{(\s*(?:params\.)?[a-z_][a-z0-9_]*\s*(?:\|[^{}]*)?)\}(?!\})")
_ELSEWHERE = frozenset({"max_age"})
"""Parameters that the service reads by name: the upper age of a rule decides who has left it."""

_AS_TRUTHS = {"yes": "true", "on": "true", "no": "false", "off": "false"}


@dataclass(frozen=True, kw_only=True)
class LintFinding:
    """One likely mistake in a rule's file."""

    problem: str
    path: KeyPath
    #: Whether the key at the path is meant, and not its value.
    key: bool = False
    #: Into the text at the path.
    offset: int | None = None
    remedy: str = ""
    #: Whether a value in quotes is no mistake.
    unless_quoted: bool = False
    severity: Literal["error", "warning"] = "warning"


def lint_rule(rule: Rule, book: Rulebook, today: date) -> Iterator[LintFinding]:
    """Return what is likely a mistake in a rule. today: for its review date."""
    yield from _lint_levels(rule)
    yield from _lint_where(rule)
    yield from _lint_lists(rule)
    yield from _lint_review(rule, today)
    yield from _lint_tables(rule, book)
    yield from _lint_params(rule, book)
    yield from _lint_words(rule)
    yield from _lint_channel(rule)
    yield from _lint_answers(rule, book)
    if rule.file.between and rule.file.job != "daily":
        problem, remedy = (
            "`every` does nothing: only a daily rule is asked between the daily runs",
            "Write `job: daily`, or leave it out.",
        )
        yield LintFinding(problem=problem, path=("every",), key=True, remedy=remedy)
    yield from _lint_inhibition(rule, book)
    yield from _lint_examples(rule)


def _lint_levels(rule: Rule) -> Iterator[LintFinding]:
    higher: list[tuple[Level, Term]] = []
    for level, compiled in rule.levels.items():  # the highest first
        above = next((name for name, term in higher if _holds_whenever(term, compiled.term, rule.params)), None)
        if above is not None:
            yield LintFinding(
                problem=f"{level.name} is never given: {above.name} holds whenever it does",
                path=("levels", level.name),
                remedy="Is a comparison the wrong way round, or are two numbers swapped?" + _set_elsewhere(rule, level, above),
            )
        elif _fixed(compiled.term, rule.params) in (False, None):
            yield LintFinding(problem=f"{level.name} is never given: its condition never holds", path=("levels", level.name))
        higher.append((level, compiled.term))
    given = {level.name for level in rule.levels} | {rule.file.when_null}
    if rule.file.max_share is not None and not given & {"amber", "red", "critical"}:
        problem, remedy = "`max_share` does nothing: it counts what is amber or above", "Leave it out."
        yield LintFinding(problem=problem, path=("max_share",), key=True, remedy=remedy)
    for name in rule.file.notify:
        if name not in given:
            remedy = f"Add `{name}:` under `levels:`, or leave it out here."
            yield LintFinding(
                problem=f"nobody can be told of {name}: no level has that name", path=("notify", name), key=True, remedy=remedy
            )


def _set_elsewhere(rule: Rule, *levels: Level) -> str:
    """Return a sentence that names the numbers of these levels that config.yaml has set; empty where it set none."""
    used = {name for level in levels for name in rule.levels[level].names}
    own = rule.file.params
    other = [f"{name} to {rule.params[name]}" for name in own if name in used and rule.params.get(name, own[name]) != own[name]]
    return f" config.yaml sets {' and '.join(other)}." if other else ""


def _lint_where(rule: Rule) -> Iterator[LintFinding]:
    """Find a `where` that is the same for everybody, and an `at_least` that has nothing to count."""
    if rule.file.where != "true" and not rule.where.names - rule.params.keys():
        remedy = "Name a column of the subject in it, or leave `where` out to ask about everyone."
        yield LintFinding(problem="`where` is the same for everybody: there is no column in it", path=("where",), remedy=remedy)
    if "at_least" in rule.file.model_fields_set and not rule.file.per:
        remedy = "Leave it out, or add `per: team`."
        yield LintFinding(problem="`at_least` does nothing without `per`", path=("at_least",), key=True, remedy=remedy)


def _lint_words(rule: Rule) -> Iterator[LintFinding]:
    """Find names between single braces, or where nothing is filled in, which would be said as they stand."""
    for part, text in (("says", rule.says), ("clears", rule.clears)):
        for found in _SINGLE_BRACES.finditer(text):
            meant = f"{{{{ {found[1].strip()} }}}}"
            problem = f"`{part}`: between single braces nothing is filled in"
            yield LintFinding(problem=problem, path=(part,), offset=found.start(), remedy=f"Write {meant}.")
    plain: list[tuple[KeyPath, str]] = [(("title",), rule.title), (("falls_due",), rule.falls_due)]
    plain += [(("headline", place), text) for place, text in enumerate(rule.headline)]
    for path, text in plain:
        if "{{" in text or "{%" in text:
            problem, remedy = f"`{path[0]}`: nothing is filled in here", "Say it in words that fit everybody the rule is about."
            yield LintFinding(problem=problem, path=path, remedy=remedy)


@dataclass(frozen=True)
class _Threshold:
    """A comparison of the measure with a number."""

    sign: str
    number: float


class _Varies:
    """Stands for a part that is not the same whatever the record says."""


def _holds_whenever(higher: Term, lower: Term, params: Mapping[str, Any]) -> bool:
    """Return whether a condition certainly holds wherever another does: only where both are plain enough to see it."""
    if higher.sql == lower.sql or _fixed(higher, params) is True:
        return True
    mine, its = _threshold(higher, params), _threshold(lower, params)
    if not mine or not its or mine.sign[0] != its.sign[0]:
        return False
    if mine.number == its.number:
        return mine.sign == its.sign or len(mine.sign) == 2
    return mine.number < its.number if mine.sign[0] == ">" else mine.number > its.number


def _threshold(term: Term, params: Mapping[str, Any]) -> _Threshold | None:
    """Return what a condition compares the measure with, where that is all it does; a missing measure may count as not so."""
    if term.word == "coalesce" and len(term.parts) == 2 and _fixed(term.parts[1], params) is False:
        term = term.parts[0]
    if term.kind != "compare" or term.word not in ("<", "<=", ">", ">=") or term.parts[0].word != "measure":
        return None
    number = _fixed(term.parts[1], params)
    is_number = isinstance(number, (int, float)) and not isinstance(number, bool)
    return _Threshold(term.word, float(str(number))) if is_number else None


def _fixed(term: Term, params: Mapping[str, Any]) -> object:
    """Return what a part is whatever the record says: the value that is written there, or that of a parameter."""
    if term.kind == "name":
        return params.get(term.word, _Varies)
    if term.kind != "value":
        return _Varies
    match term.type:
        case "boolean":
            return term.word == "true"
        case "number":
            return float(term.word)
        case "any":
            return None
    return term.word


def _lint_lists(rule: Rule) -> Iterator[LintFinding]:
    file = rule.file
    texts: list[tuple[KeyPath, str | None]] = [(("where",), file.where), (("measure",), file.measure), (("due",), file.due)]
    texts += [(("let", name), text) for name, text in file.let.items()]
    texts += [(("levels", name), text) for name, text in file.levels.items()]
    texts += [(("also", name), text) for name, text in file.also.items()]
    for path, text in texts:
        for found in _NULL_IN_LIST.finditer(text or ""):
            remedy = "Take the null out of the list; write `and x is not null` beside it if that is meant."
            yield LintFinding(
                problem="with null in its list, `not in` never holds", path=path, offset=found.start(1), remedy=remedy
            )
        for found in _STAR.finditer(text or ""):
            problem, remedy = "in `like`, a star is only a star", "Write % for any letters, _ for one: like 'C%'."
            yield LintFinding(problem=problem, path=path, offset=found.start(1), remedy=remedy)


def _lint_review(rule: Rule, today: date) -> Iterator[LintFinding]:
    due = rule.file.review_by
    if due is not None and due < today:
        remedy = "Look at the rule with its owner, then write the day of the next review."
        yield LintFinding(problem=f"its review was due on {day(due)}", path=("review_by",), remedy=remedy)


def _lint_tables(rule: Rule, book: Rulebook) -> Iterator[LintFinding]:
    read = names_in_all(book.sql_of(rule.subject)).tables
    for number, name in enumerate(rule.file.reads):
        if name in TABLES and name not in read:
            problem = f"the subject {rule.subject.id} does not read {name}"
            yield LintFinding(
                problem=problem, path=("reads", number), remedy="The rule waits when it is not trusted: leave it out."
            )


def _lint_params(rule: Rule, book: Rulebook) -> Iterator[LintFinding]:
    parts = [rule.where, rule.requires_of, rule.measure, rule.due, *rule.let.values(), *rule.levels.values(), *rule.also.values()]
    used = {name for part in parts if part for name in part.names} | set(WORD.findall(f"{rule.says} {rule.clears}")) | _ELSEWHERE
    for name in rule.file.uses:
        if not any(each.startswith(f"{name}.") for each in used):
            problem = f"nothing of '{name}' is used"
            yield LintFinding(problem=problem, path=("uses", name), key=True, remedy="Leave it out, or use it.")
    for name in rule.file.tables.keys() - used:
        problem, remedy = f"the table '{name}' is used nowhere", "Leave it out, or use it."
        yield LintFinding(problem=problem, path=("tables", name), key=True, remedy=remedy)
    for name, value in rule.file.params.items():
        path = ("params", name)
        if name in book.settings.params:
            remedy = "Give it a name of its own, or leave it out to use the shared one."
            yield LintFinding(problem=f"'{name}' hides the shared parameter of that name", path=path, key=True, remedy=remedy)
        if name not in used:
            yield LintFinding(
                problem=f"the parameter '{name}' is used nowhere", path=path, key=True, remedy="Leave it out, or use it."
            )
        if isinstance(value, str) and value.lower() in _AS_TRUTHS:
            remedy = f"Write {_AS_TRUTHS[value.lower()]} if that is meant; if the word is meant, put it in quotes."
            yield LintFinding(
                problem=f"`{value}` is a word here, not true or false", path=path, remedy=remedy, unless_quoted=True
            )
    for name in rule.let:
        if name not in used:
            yield LintFinding(
                problem=f"the step '{name}' is used nowhere", path=("let", name), key=True, remedy="Leave it out, or use it."
            )


def _lint_channel(rule: Rule) -> Iterator[LintFinding]:
    """Find a rule that says otherwise than is done: no channel hears of it."""
    # One in shadow is heard of there once it is live.
    if rule.file.channel and rule.never_in_a_channel:
        yield LintFinding(
            problem=f"no channel is told of {rule.code}: a count of one would tell everybody in it of whom",
            path=("channel",) if "channel" in rule.file.model_fields_set else ("code",),
            remedy="Write `channel: false`.",
        )


def _lint_answers(rule: Rule, book: Rulebook) -> Iterator[LintFinding]:
    """Find rules whose answers its subject reads, and that nobody asks."""
    named = rule.subject.answers_of
    missing = [] if named == ALL else [code for code in named if code not in {other.code for other in book.rules}]
    if missing:
        yield LintFinding(
            problem=f"its subject reads the answers of {listed(missing)}, which {'is' if len(missing) == 1 else 'are'} not in use",
            path=("subject",),
            remedy="What it says of them is not known. Put them in use, or take them out of `answers_of`.",
        )


def _lint_inhibition(rule: Rule, book: Rulebook) -> Iterator[LintFinding]:
    named: list[tuple[KeyPath, str]] = [(("inhibited_by", number), name) for number, name in enumerate(rule.file.inhibited_by)]
    named += [(("not_beside", number), name) for number, name in enumerate(rule.file.not_beside)]
    # Most rules name none, and there may be hundreds of rules.
    every = {other.id: other for other in book.every} if named else {}
    codes = book.codes if named else {}
    for path, name in named:
        if name == rule.id:
            yield LintFinding(problem="a rule cannot cover itself", path=path, remedy="Leave it out.", severity="error")
        elif name not in every and name not in book.ids:
            remedy = f"Write its id: {codes[name]}." if name in codes else did_you_mean(name, book.ids - {rule.id})
            yield LintFinding(problem=f"there is no rule '{name}'", path=path, remedy=remedy)
        elif rule.id in _covering(name, {id_: _covers(other) for id_, other in every.items()}):
            problem = f"'{name}' is itself covered by this rule, so that neither may be told"
            yield LintFinding(problem=problem, path=path, remedy="Leave it out of one of the two.", severity="error")


def _covers(rule: Rule) -> tuple[str, ...]:
    return (*rule.file.inhibited_by, *rule.file.not_beside)


def _covering(name: str, covered_by: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Return the rules that cover this one, at first hand or through others."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = [each for each in covered_by.get(waiting.pop(), ()) if each not in found]
        found.update(new)
        waiting += new
    return found


def _lint_examples(rule: Rule) -> Iterator[LintFinding]:
    for number, example in enumerate(rule.file.examples):
        rows: list[tuple[KeyPath, Mapping[str, Any]]] = [(("examples", number, "row"), example.row)]
        rows += [(("examples", number, "rows", each), row) for each, row in enumerate(example.rows)]
        for path, row in rows:
            for name, value in row.items():
                column = rule.subject.columns.get(name)
                if column is not None and (wrong := _misfit(column, value)):
                    problem, remedy = f"'{name}' is {_KINDS[column.type]}, but {wrong[0]}", wrong[1]
                    yield LintFinding(problem=problem, path=(*path, name), remedy=remedy, severity="error")


_KINDS = {
    "text": "a text",
    "integer": "a whole number",
    "number": "a number",
    "date": "a date",
    "moment": "a moment",
    "boolean": "true or false",
    "codes": "a list of codes",
}


def _misfit(column: SubjectColumn, value: object) -> tuple[str, str] | None:
    """Return what a value of an example is instead of what its column holds, and what to write; None where it fits."""
    if value is None or _FITS[column.type](value):
        return None
    what = "this is not one" if column.type in ("date", "moment") and isinstance(value, str) else f"here is {_what(value)}"
    return what, _WRITTEN[column.type]


def _what(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    return "a list" if isinstance(value, list) else "a text" if isinstance(value, str) else "a list of keys"


def _is_day(value: object) -> bool:
    return isinstance(value, str) and _is_written_day(value)


@lru_cache(maxsize=4096)
def _is_written_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_DIGITS = "Write it in digits, without quotes."
_WRITTEN = {
    "text": "Put it in quotes.",
    "integer": _DIGITS,
    "number": _DIGITS,
    "date": "Write the year first: 2026-03-31.",
    "moment": "Write the day and the time: 2026-03-31 07:00.",
    "boolean": "Write true or false, without quotes.",
    "codes": "Write it in square brackets: [C2, V3].",
}
_FITS: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str) or _is_number(value),
    "integer": lambda value: _is_number(value) and value == int(value),
    "number": _is_number,
    "date": _is_day,
    "moment": lambda value: isinstance(value, str) and read_moment(value) is not None,
    "boolean": lambda value: isinstance(value, bool),
    "codes": lambda value: isinstance(value, list),
}
