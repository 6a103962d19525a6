"""What a subject's record would need to show for a rule to say something else: asked of the engine, never guessed.

Each column that the rule uses is given every value worth trying, the others staying as they are, and the whole question is
asked of all these rows at once. What cannot be recorded otherwise, such as who it is or when they were born, is not tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from alerting.authoring.explain.plain_english import MISSING, in_words
from alerting.casedata.conversion import quoted
from alerting.casedata.snapshot import Snapshot
from alerting.clocks import london
from alerting.evaluation.query import rule_query
from alerting.evaluation.stage import SQL_TYPES
from alerting.expressions.tree import Term
from alerting.formatting import listed
from alerting.model import Level
from alerting.rulebook.rule import Rule

BACK, AHEAD = timedelta(days=3 * 366), timedelta(days=366)
BY_THE_HOUR = timedelta(days=21)
"""How far back and ahead of a day every hour of a moment is tried, and not every day alone."""
MOST_COUNTED = 150
MOST_CODES = 40
ANOTHER = "(another)"
"""A text that no rule and no record has: it stands for any that is not named."""

_COPY, _TRIAL = "what_if", "what if"
_AGES = ("age", "born_on")
"""What every subject calls how old somebody is."""

_ORDER = ("date", "moment", "boolean", "codes", "text", "integer", "number")
_SERIOUS = {level.name: int(level) for level in Level}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One column that would change the answer by itself."""

    column: str
    #: The answer it would change to: a level, `clear`, `unknown` or `not asked`.
    gives: str
    #: What it would need to show, in words: `is 17 February 2026 or later`.
    when: str


@dataclass(frozen=True)
class _Trial:
    """One value of one column, and what the rule says of it."""

    value: Any
    gives: str


def find_changes(snapshot: Snapshot, rule: Rule, subject: str, now: str, columns: Sequence[str]) -> list[Change]:
    """Return the changes of one of these columns that would change today's answer, `now`; what matters most comes first.

    Not for a rule with `per`: no single row decides it.
    """
    tried = {name: _candidates(snapshot, rule, subject, name) for name in columns if _may_be_recorded(rule, name)}
    if not tried:
        return []
    answers = iter(_ask(snapshot, rule, subject, tried))
    found: list[tuple[tuple[Any, ...], Change]] = []
    for name, values in tried.items():
        trials = [_Trial(london(value) if isinstance(value, datetime) else value, next(answers)) for value in values]
        kind = rule.subject.columns[name].type
        for gives in dict.fromkeys(trial.gives for trial in trials if trial.gives != now):
            when = _when(trials, gives, kind)
            only_missing = all(trial.value is None for trial in trials if trial.gives == gives)
            # What the rule's own words name is what a reader of the alert looks at.
            order = (only_missing, _wanted(gives, now), name not in rule.facts, _ORDER.index(kind))
            found.append((order, Change(column=name, gives=gives, when=when)))
    return [change for _, change in sorted(found, key=lambda each: each[0])]


def _wanted(gives: str, now: str) -> int:
    """Return the place of an answer in what a reader wants to know: of an alert how it clears, of all else how it would alert."""
    if now in _SERIOUS:
        better = {"clear": 0, "not asked": 2, "unknown": 4}
        return better.get(gives, 1 if _SERIOUS.get(gives, 0) < _SERIOUS[now] else 3)
    return {"clear": 1 if now == "unknown" else 6, "unknown": 7, "not asked": 8}.get(gives, 5 - _SERIOUS.get(gives, 0))


def _may_be_recorded(rule: Rule, name: str) -> bool:
    """Return whether a column can come to show something else: it is not who the subject is, who answers for it, or its age."""
    subject = rule.subject
    fixed = {subject.key, subject.person, subject.member, subject.team, subject.service, subject.worker, subject.adviser, *_AGES}
    return name not in fixed and not name.endswith("_id")


# ---------------------------------------------------------------- what is tried


def _candidates(snapshot: Snapshot, rule: Rule, subject: str, name: str) -> list[Any]:
    """Return the values to try of a column, in order where it has one, and a missing one last."""
    kind = rule.subject.columns[name].type
    if kind == "date":
        first = snapshot.as_of - BACK
        return [first + timedelta(days=day) for day in range((BACK + AHEAD).days + 1)] + [None]
    if kind == "moment":
        return [*_moments(snapshot.as_of), None]
    if kind == "boolean":
        return [True, False, None]
    [(current,)] = snapshot.sql(
        f"SELECT {quoted(name)} FROM {quoted('subject_' + rule.subject.id)} WHERE {quoted(rule.subject.key)} = $1", [subject]
    )
    if kind in ("integer", "number"):
        return [*_numbers(rule, current, whole=kind == "integer"), None]
    met = [code for code in _met(rule, name) if code != ANOTHER]
    if kind == "text":
        known = _known(snapshot, rule, name)
        return [*dict.fromkeys([*met, *([current] if current else []), *known]), ANOTHER, None]
    held = list(current or [])
    lists = [[], *([code] for code in met), *([*held, code] for code in met if code not in held)]
    lists += [[other for other in held if other != code] for code in held]
    return [list(each) for each in dict.fromkeys(map(tuple, [*lists, held]))] + [None]


def _moments(as_of: date) -> list[datetime]:
    """Return the beginning of every day that is tried, and every hour of the days about today."""
    today = datetime.combine(as_of, time())
    days = {today - BACK + timedelta(days=day) for day in range((BACK + AHEAD).days + 1)}
    hours = {today - BY_THE_HOUR + timedelta(hours=hour) for hour in range(2 * BY_THE_HOUR.days * 24)}
    return sorted(days | hours)


def _numbers(rule: Rule, current: float | None, *, whole: bool) -> list[float]:
    """Return every whole number up to what people count, and those around the numbers that the rule names."""
    named = [value for value in rule.params.values() if isinstance(value, (int, float)) and not isinstance(value, bool)]
    named += [float(term.word) for term in _terms(rule) if term.kind == "value" and term.type == "number"]
    near = {value + step for value in [*named, *([current] if current is not None else [])] for step in (-1, 0, 1)}
    found = {*range(MOST_COUNTED + 1), *near} | (set() if whole else {step / 100 for step in range(151)})
    return sorted(value for value in found if value >= 0 and (not whole or value == int(value)))


def _known(snapshot: Snapshot, rule: Rule, name: str) -> list[str]:
    """Return the texts that a column has today, if they are few enough to be codes."""
    rows = snapshot.sql(
        f"SELECT DISTINCT {quoted(name)} FROM {quoted('subject_' + rule.subject.id)} WHERE {quoted(name)} IS NOT NULL "
        f"ORDER BY 1 LIMIT {MOST_CODES + 1}"
    )
    return [text for (text,) in rows] if len(rows) <= MOST_CODES else []


def _met(rule: Rule, name: str) -> Iterator[str]:
    """Return the texts that the rule compares a column with, or a step that is made of it."""
    for term in _terms(rule):
        compares = term.kind in ("compare", "in") or term.word in ("one_of", "has", "only", "case of")
        if compares and any(name in _behind(rule, part) for part in term.parts):
            for part in term.parts:
                yield from _texts(rule, part)


def _behind(rule: Rule, term: Term) -> set[str]:
    """Return the columns that a value is made of, through the steps."""
    if term.kind == "name" and term.word in rule.let:
        return _behind(rule, rule.let[term.word].term)
    return ({term.word} if term.kind == "name" else set()).union(*(_behind(rule, part) for part in term.parts))


def _texts(rule: Rule, term: Term) -> Iterator[str]:
    if term.kind == "value" and term.type == "text":
        yield term.word
    elif term.kind == "name" and term.word not in rule.subject.columns and term.word not in rule.let:
        value = rule.params.get(term.word)
        yield from (str(item) for item in (value if isinstance(value, (list, tuple)) else [value]) if isinstance(item, str))
    elif term.kind == "call" and term.word == "codes":
        for part in term.parts:
            yield from _texts(rule, part)


def _terms(rule: Rule) -> Iterator[Term]:
    waiting = [part.term for part in (rule.where, *rule.let.values(), rule.measure, *rule.levels.values()) if part]
    while waiting:
        term = waiting.pop()
        yield term
        waiting += term.parts


# ---------------------------------------------------------------- asked


def _ask(snapshot: Snapshot, rule: Rule, subject: str, tried: Mapping[str, Sequence[Any]]) -> list[str]:
    """Return what the rule says of a copy of the subject with each value, in order."""
    table, key = quoted(f"subject_{rule.subject.id}"), quoted(rule.subject.key)
    copies, start = [], 0
    for name, values in tried.items():
        copies.append((_copy(rule, name, start, table, key), [list(values), len(values), subject]))
        start += len(values)
    for place, (query, parameters) in enumerate(copies):
        way = "INSERT INTO" if place else "CREATE OR REPLACE TABLE"
        snapshot.sql(f"{way} {quoted('subject_' + _COPY)} {'' if place else 'AS '}{query}", parameters)
    # The copies have a key of their own; the columns that the rule reads are all there as they were.
    copied = replace(rule, facts=(), subject=rule.subject.model_copy(update={"id": _COPY, "key": _TRIAL}))
    said = {int(row[1]): _said(row[2], row[3]) for row in snapshot.sql(rule_query(copied))}
    snapshot.sql(f"DROP TABLE {quoted('subject_' + _COPY)}")
    return [said.get(number, "not asked") for number in range(start)]


def _copy(rule: Rule, name: str, start: int, table: str, key: str) -> str:
    kind = SQL_TYPES[rule.subject.columns[name].type]
    trials = f"SELECT unnest($1::{kind}[]) AS value, unnest(range({start}, {start} + $2::INTEGER)) AS number"
    columns = ", ".join(f"t.value AS {quoted(each)}" if each == name else f"s.{quoted(each)}" for each in rule.subject.columns)
    return f"SELECT {columns}, t.number AS {quoted(_TRIAL)} FROM {table} s, ({trials}) t WHERE s.{key} = $3"


def _said(outcome: str, level: int | None) -> str:
    return Level(level).name if level is not None else outcome


# ---------------------------------------------------------------- in words


def _when(trials: Sequence[_Trial], gives: str, kind: str) -> str:
    """Return in words for which values of a column the rule gives an answer."""
    missing = [trial for trial in trials if trial.value is None]
    there = [trial for trial in trials if trial.value is not None]
    say: Callable[[Sequence[_Trial], str], list[str]] = {"text": _texts_when, "codes": _lists_when, "boolean": _truths_when}.get(
        kind, lambda trials, gives: _ranges_when(trials, gives, kind)
    )
    found = listed(say(there, gives), "or")
    if not any(trial.gives == gives for trial in missing):
        return f"is {found}"
    return f"is {found}, or {MISSING}" if found else f"is {MISSING}"


def _ranges_when(trials: Sequence[_Trial], gives: str, kind: str) -> list[str]:
    last, found, place = len(trials) - 1, [], 0
    for same, run in groupby(trials, key=lambda trial: trial.gives == gives):
        count = len(list(run))
        first, place = place, place + count
        if same:
            found.append(_range(trials[first].value, trials[place - 1].value, first == 0, place - 1 == last, kind))
    return found


def _range(low: Any, high: Any, from_the_first: bool, to_the_last: bool, kind: str) -> str:
    later, earlier = ("or later", "or earlier") if kind in ("date", "moment") else ("or more", "or less")
    if from_the_first and to_the_last:
        return "recorded"
    if low == high:
        return in_words(low)
    if to_the_last:
        return f"{in_words(low)} {later}"
    if from_the_first:
        return f"{in_words(high)} {earlier}"
    return f"from {in_words(low)} to {in_words(high)}"


def _texts_when(trials: Sequence[_Trial], gives: str) -> list[str]:
    named = [trial for trial in trials if trial.value != ANOTHER]
    another = any(trial.gives == gives for trial in trials if trial.value == ANOTHER)
    if not another:
        return [trial.value for trial in named if trial.gives == gives]
    others = [trial.value for trial in named if trial.gives != gives]
    return [f"anything but {listed(others, 'or')}"] if others else ["recorded"]


def _lists_when(trials: Sequence[_Trial], gives: str) -> list[str]:
    return [" with ".join(trial.value) if trial.value else "an empty list" for trial in trials if trial.gives == gives]


def _truths_when(trials: Sequence[_Trial], gives: str) -> list[str]:
    return [in_words(trial.value) for trial in trials if trial.gives == gives]
