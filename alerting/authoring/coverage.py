"""What a rule's examples do not show: a match, a clear, both sides of each limit, a missing value, somebody who is left out.

Checked by the engine and not by counting. Two examples stand on both sides of a level's limit where one gives that level
or a higher one, the other a lower one or none, and what decides between them differs by the smallest step there is.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import Any

from alerting.authoring.examples import Answer, ExampleEngine, ExampleResult, write_short
from alerting.casedata.engine_errors import EngineError
from alerting.documents.document import Document
from alerting.errors import Fault
from alerting.model import Level
from alerting.rulebook.file_models import Example
from alerting.rulebook.rule import Rule
from alerting.working_days import working_days_between

_LEVELS = {"none": 0} | {level.name: int(level) for level in Level}
"""How high an answer stands; unknown and out are not on this ladder."""


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """One example that is on the ladder of levels."""

    example: Example
    answer: Answer
    level: int


def find_gaps(engine: ExampleEngine, rule: Rule, tried: Sequence[ExampleResult], document: Document) -> list[Fault]:
    """Return what these examples of a rule do not show, as warnings with their place in the rule's file."""
    found = [*_answers(rule, tried), *_limits(engine, rule, tried), *_rows_without(engine, rule, tried)]
    where = document.place(("examples",), key=True) if rule.file.examples else document.place(("id",), key=True)
    return [Fault(problem=problem, where=where, remedy=remedy, severity="warning") for problem, remedy in found]


def _answers(rule: Rule, tried: Sequence[ExampleResult]) -> Iterator[tuple[str, str]]:
    given = {one.answer.gives for one in tried if one.answer}
    for level in sorted(rule.levels):
        if level.name not in given:
            yield f"no example gives {level.name}", f"Add an example with `gives: {level.name}`."
    # A rule that every one of them may match, such as a card a month, may have none that is clear.
    if "none" not in given and rule.file.max_share != 1:
        yield "no example is clear", "Add an example with `gives: none`: a row that is as it should be."


def _rows_without(engine: ExampleEngine, rule: Rule, tried: Sequence[ExampleResult]) -> Iterator[tuple[str, str]]:
    """Return what is not shown of a missing value, where one can leave the rule without an answer, and of those `where` leaves out."""
    answers = [one.answer for one in tried if one.answer]
    missing = any(answer.gives == "unknown" or (answer.measure is None and answer.gives != "out") for answer in answers)
    if not missing and tried and _can_be_missing(engine, rule, tried):
        what = "the measure" if rule.measure else "what the levels ask about"
        yield (
            f"no example shows what is said where {what} is missing",
            "Add a row that leaves out the column it is taken from, and say what the rule gives: `unknown`, or a level.",
        )
    if rule.where.term.text != "true" and not rule.file.per and not any(answer.gives == "out" for answer in answers):
        yield "no example is left out by `where`", "Add a row that the rule is not asked about, with `gives: out`."


def _can_be_missing(engine: ExampleEngine, rule: Rule, tried: Sequence[ExampleResult]) -> bool:
    """Return whether leaving one column out of an example can leave the rule without a measure, or without an answer."""
    if rule.file.per:
        return False
    shown = [one.example for one in tried if one.answer and one.answer.gives in _LEVELS]
    poorer = [
        example.model_copy(update={"row": {name: cell for name, cell in example.row.items() if name != left_out}})
        for example in shown[:3]
        for left_out in example.row
    ]
    answers = [answer for answer in engine.answers(rule, poorer) if isinstance(answer, Answer)]
    return any(
        answer.gives == "unknown" or (rule.measure and answer.measure is None and answer.gives != "out") for answer in answers
    )


# ---------------------------------------------------------------------- both sides of a limit


def _limits(engine: ExampleEngine, rule: Rule, tried: Sequence[ExampleResult]) -> Iterator[tuple[str, str]]:
    shown = [
        _Shown(example=one.example, answer=one.answer, level=_LEVELS[one.answer.gives])
        for one in tried
        if one.answer and one.answer.gives in _LEVELS
    ]
    for level in sorted(rule.levels):
        above, below = [one for one in shown if one.level >= level], [one for one in shown if one.level < level]
        pairs = list(itertools.product(above, below))
        if pairs and not any(_is_limit(engine, rule, level, *pair) for pair in pairs):
            yield f"no two examples stand on both sides of the limit of {level.name}", _nearest(rule, level, pairs)


def _is_limit(engine: ExampleEngine, rule: Rule, level: Level, above: _Shown, below: _Shown) -> bool:
    if _is_alike(rule, level, above, below, engine.holidays):
        return True
    step = _apart(above, below)
    if not step or step > _smallest(above, below):
        return False
    try:
        found = engine.values(rule, above.example, [rule.levels[level].sql], measure=below.answer.measure)
    except EngineError:
        return False
    # With no more than the other's measure, would it still be at this level?
    return found is not None and found[0] is not True


def _is_alike(rule: Rule, level: Level, above: _Shown, below: _Shown, holidays: Set[date]) -> bool:
    """Return whether two examples are alike but for the smallest step of what they were given.

    That is one row of a rule with `per`; else one column, or dates that moved together. A date's step is a day or a working
    day, a number's one. A text, a yes-or-no or a value that is there or not has no smaller step than to change; but that
    shows no limit of what is measured.
    """
    if rule.file.per:
        return above.example.as_of == below.example.as_of and _one_row_apart(above.example.rows, below.example.rows)
    one, other = ({"as_of": example.as_of, **example.row} for example in (above.example, below.example))
    changed = [(one.get(name), other.get(name)) for name in {*one, *other} if one.get(name) != other.get(name)]
    steps = [_step(before, after, holidays) for before, after in changed]
    if any(step is None for step in steps):
        return len(changed) == 1 and not _is_measured(rule, level)
    return bool(steps) and len(set(steps)) == 1 and steps[0] == 1


def _is_measured(rule: Rule, level: Level) -> bool:
    """Return whether a level asks about what is measured, or about what that is taken from."""
    return rule.measure is not None and bool({"measure", *rule.measure.names} & rule.levels[level].names)


def _step(one: Any, other: Any, holidays: Set[date]) -> float | None:
    """Return how many steps lie between two values; None where they have none."""
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (one, other)):
        return abs(float(one) - float(other))
    days = [day for day in (_day(one), _day(other)) if day]
    if len(days) < 2:
        return None
    earlier, later = sorted(days)
    working = working_days_between(earlier, later, holidays)
    return min((later - earlier).days, working) if working else (later - earlier).days


def _day(value: Any) -> date | None:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _one_row_apart(some: Sequence[Any], others: Sequence[Any]) -> bool:
    only = [row for row in some if row not in others], [row for row in others if row not in some]
    if abs(len(some) - len(others)) == 1 and not (only[0] and only[1]):
        return True
    return len(some) == len(others) and len(only[0]) == len(only[1]) == 1


def _apart(one: _Shown, other: _Shown) -> float | None:
    if one.answer.measure is None or other.answer.measure is None:
        return None
    return abs(one.answer.measure - other.answer.measure)


def _smallest(*shown: _Shown) -> float:
    """Return the smallest step of what is measured: one; a hundredth for a share between 0 and 1."""
    measures = [one.answer.measure for one in shown if one.answer.measure is not None]
    return 0.01 if all(0 <= measure <= 1 for measure in measures) and any(measure % 1 for measure in measures) else 1


def _nearest(rule: Rule, level: Level, pairs: Sequence[tuple[_Shown, _Shown]]) -> str:
    apart = [(distance, pair) for pair in pairs if (distance := _apart(*pair))]
    if not apart or not _is_measured(rule, level):
        return "Add two rows that are alike in all but one column, by one day or one, and that give different answers."
    _, (above, below) = min(apart, key=lambda each: each[0])
    told = [f"{write_short(one.answer.measure)} ({one.answer.gives})" for one in (below, above)]
    return f"The nearest measure {' and '.join(told)}; add one a single step from the limit, and the last before it."
