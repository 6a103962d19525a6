"""A rule's examples, tried: made rows asked of the rule itself, and of one that is not lived up to, why the rule said otherwise."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from alerting.casedata.conversion import quoted
from alerting.casedata.engine_errors import EngineError
from alerting.casedata.snapshot import Snapshot
from alerting.clocks import read_moment
from alerting.evaluation.query import measured_rows, rule_query
from alerting.evaluation.stage import SQL_TYPES
from alerting.evaluation.trace import Part, Trace, trace_rule
from alerting.expressions.compile import Compiled
from alerting.formatting import number as plain
from alerting.model import Level
from alerting.rulebook.book import Rulebook
from alerting.rulebook.file_models import Example
from alerting.rulebook.rule import Rule

_ANY_DAY = date(2026, 3, 31)
_MOST_PARTS = 3


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a rule said of an example."""

    #: As an example has it: a level, none, unknown or out.
    gives: str
    measure: float | None
    due: date | None
    #: The roles that join in.
    also: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ExampleResult:
    """One example of a rule and what came of it."""

    rule: Rule
    #: Its place in the file, from 0.
    number: int
    example: Example
    #: None where the rule could not be asked; `wrong` then says why.
    answer: Answer | None
    #: How the answer differs from what the example wants; empty where it is lived up to.
    wrong: str = ""
    #: The part of the rule that decided otherwise, with the values it saw.
    why: str = ""


class ExampleEngine:
    """An engine that holds nothing but the rows of examples. Use as a context manager."""

    def __init__(self, book: Rulebook) -> None:
        self.holidays = book.settings.bank_holidays
        self._snapshot = Snapshot(_ANY_DAY, book.settings)
        self._snapshot.settle({})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self._snapshot.__exit__(*problem)

    def answers(self, rule: Rule, examples: Sequence[Example] | None = None) -> list[Answer | str]:
        """Return a rule's answer to each example (those of its file, or others), or why it could not be asked.

        No example touches another: each is a row of its own, and a rule that looks beyond its row is asked of each alone.
        """
        every = list(examples if examples is not None else rule.file.examples)
        answers: dict[int, Answer | str] = {}
        for day, numbers in _by_day(every).items():
            try:
                answers |= self._ask(rule, every, numbers, day)
            except EngineError:  # one of them cannot be asked; the others are not touched by it
                for one in numbers:
                    answers[one] = self._alone(rule, every, one, day)
        return [answers[number] for number in range(len(every))]

    def values(self, rule: Rule, example: Example, sql: Sequence[str], measure: float | None = None) -> list[Any] | None:
        """Return the values of these pieces of a rule's SQL for an example; None where it is out of the population.

        A `measure` that is given stands in the place of what the example measures. Raises EngineError.
        """
        with self._holding(rule, example):
            query = measured_rows(rule)
            if measure is not None:
                query = f"SELECT s.* REPLACE (CAST({measure!r} AS DOUBLE) AS measure) FROM ({query}) s"
            rows = self._snapshot.sql(f"SELECT {', '.join(sql)} FROM ({query}) s")
            return list(rows[0]) if rows else None

    def trace(self, rule: Rule, example: Example) -> Trace | None:
        """Return what a rule finds of an example, part by part; None where it finds nobody. Raises EngineError."""
        known = example if rule.file.per else example.model_copy(update={"row": {rule.subject.key: "the example", **example.row}})
        group = {"team": rule.subject.team, "worker": rule.subject.worker}.get(rule.file.per or "", "")
        key = rule.subject.key
        with self._holding(rule, known):
            [*found] = self._snapshot.sql(f"SELECT {quoted(group or key)} FROM {quoted('subject_' + rule.subject.id)} LIMIT 1")
            who = "the service" if rule.file.per == "service" else str(found[0][0]) if found else "the team"
            return trace_rule(self._snapshot, rule, who, sorted(rule.subject.columns))

    def _ask(self, rule: Rule, every: Sequence[Example], numbers: Sequence[int], day: date) -> dict[int, Answer | str]:
        own_key = rule.subject.key in _names_used(rule)
        if rule.file.per or own_key:
            return {one: self._alone(rule, every, one, day) for one in numbers}
        self._snapshot.at(day)
        self._fill(rule, [{**every[one].row, rule.subject.key: str(one)} for one in numbers])
        found = {row[1]: row for row in self._snapshot.sql(rule_query(rule))}
        return {one: _answer(found.get(str(one))) for one in numbers}

    def _alone(self, rule: Rule, every: Sequence[Example], one: int, day: date) -> Answer | str:
        self._snapshot.at(day)
        try:
            with self._holding(rule, every[one]):
                rows = self._snapshot.sql(rule_query(rule))
        except EngineError as error:
            return f"it cannot be asked: {error.safe}"
        return _answer(rows[0] if rows else None)

    @contextmanager
    def _holding(self, rule: Rule, example: Example) -> Iterator[None]:
        """Hold the rows of one example. Those of a rule with `per` are of one team, worker and service."""
        self._snapshot.at(example.as_of)
        if not rule.file.per:
            self._fill(rule, [example.row])
            yield
            return
        subject = rule.subject
        own = {subject.team or "": "the team", subject.worker or subject.team or "": "the worker"}
        rows = [{**own, **row} for row in example.rows]
        self._fill(rule, rows)
        teams = sorted({str(row[subject.team or ""]) for row in rows} or {"the team"})
        self._snapshot.sql("DELETE FROM ext_team")
        self._snapshot.sql("INSERT INTO ext_team (team_id, service) SELECT unnest($1::VARCHAR[]), 'the service'", [teams])
        yield

    def _fill(self, rule: Rule, rows: Sequence[dict[str, Any]]) -> None:
        selected = ", ".join(
            f"unnest(${number}::{SQL_TYPES[column.type]}[]) AS {quoted(name)}"
            for number, (name, column) in enumerate(rule.subject.columns.items(), 1)
        )
        columns = [[_cell(row.get(name), column.type) for row in rows] for name, column in rule.subject.columns.items()]
        self._snapshot.sql(f"CREATE OR REPLACE TABLE {quoted('subject_' + rule.subject.id)} AS SELECT {selected}", columns)


def _cell(value: Any, kind: str) -> Any:
    """Return a value of an example as the engine has it; what is no moment where one belongs is missing, and `check` tells of it."""
    return (read_moment(value) if isinstance(value, str) else None) if kind == "moment" else value


def try_all_examples(rules: Iterable[Rule], book: Rulebook) -> list[ExampleResult]:
    """Return what comes of every example of these rules, each tried alone."""
    with ExampleEngine(book) as engine:
        return [tried for rule in rules for tried in try_examples(engine, rule)]


def try_examples(engine: ExampleEngine, rule: Rule) -> list[ExampleResult]:
    """Return what comes of each of a rule's examples."""
    tried = []
    for number, (example, answer) in enumerate(zip(rule.file.examples, engine.answers(rule), strict=True)):
        if isinstance(answer, str):
            tried.append(ExampleResult(rule=rule, number=number, example=example, answer=None, wrong=answer))
            continue
        wrong = describe_difference(example, answer)
        why = _why(engine, rule, example, answer) if wrong else ""
        tried.append(ExampleResult(rule=rule, number=number, example=example, answer=answer, wrong=wrong, why=why))
    return tried


def find_failing_examples(rules: Iterable[Rule], book: Rulebook) -> list[str]:
    """Return the examples of these rules that are not lived up to, a line each: `rule: example: gave x, not y`."""
    return [f"{one.rule.id}: {one.example.says}: {one.wrong}" for one in try_all_examples(rules, book) if one.wrong]


def _by_day(examples: Sequence[Example]) -> dict[date, list[int]]:
    days: dict[date, list[int]] = defaultdict(list)
    for number, example in enumerate(examples):
        days[example.as_of].append(number)
    return days


def _names_used(rule: Rule) -> frozenset[str]:
    parts = [rule.where, *rule.let.values(), *rule.levels.values(), *rule.also.values(), rule.measure, rule.due]
    return frozenset(name for part in parts if part for name in part.names)


def _answer(row: tuple[Any, ...] | None) -> Answer:
    if row is None:
        return Answer(gives="out", measure=None, due=None)
    outcome, level, measure, due = row[2:6]
    gives = Level(level).name if level is not None else {"clear": "none"}.get(outcome, outcome)
    return Answer(gives=gives, measure=measure, due=due, also=tuple(row[-2].split()))


def describe_difference(example: Example, answer: Answer) -> str:
    """Return how an answer differs from what an example wants, or nothing."""
    if answer.gives != example.gives:
        return f"gave {answer.gives}, not {example.gives}"
    if example.measure is not None and answer.measure != example.measure:
        return f"measured {write_short(answer.measure)}, not {write_short(example.measure)}"
    if example.due is not None and answer.due != example.due:
        return f"was due {write_short(answer.due)}, not {write_short(example.due)}"
    if example.also is not None and {*answer.also} != {*example.also}:
        return f"was told to {' and '.join(answer.also) or 'nobody'} as well, not to {' and '.join(example.also) or 'nobody'}"
    return ""


# ---------------------------------------------------------------------- why


def _why(engine: ExampleEngine, rule: Rule, example: Example, answer: Answer) -> str:
    """Return in one line which part of the rule decided on this answer, and on what values."""
    try:
        found = engine.trace(rule, example)
    except EngineError as error:
        return f"what decided cannot be told: {error.safe}"
    if found is None:
        return "nothing can be measured of these rows"
    if answer.gives == example.gives:
        return _explain_detail(rule, example, answer, found)
    if "out" in (answer.gives, example.gives):
        return _explain_condition("`where`", found.where) if found.where else "something can be measured of these rows"
    if found.rows is not None and found.rows < rule.file.at_least:
        return f"`at_least` is {rule.file.at_least}, and there are {found.rows} rows"
    named = [level for level in found.levels if level.name in (example.gives, answer.gives)]
    doubtful = [level for level, part in found.levels.items() if part.value is None]
    level = (named or doubtful or list(found.levels))[0]
    if rule.file.when_null and found.measure is None:
        return f"the measure is missing, and `when_null` is {rule.file.when_null}"
    return _explain_condition(f"`{level.name}`", found.levels[level])


def _explain_detail(rule: Rule, example: Example, answer: Answer, found: Trace) -> str:
    """Return what decided on the measure, the due date or who joins in, where the level is the one that was wanted."""
    if example.measure is not None and answer.measure != example.measure:
        return _explain_value("measure", rule.measure, found)
    if example.due is not None and answer.due != example.due:
        return _explain_value("due", rule.due, found)
    role = next(iter({*answer.also} ^ {*(example.also or ())}))
    return _explain_condition(f"`also: {role}`", found.also[role]) if role in found.also else f"`also` has no {role}"


def _explain_value(key: str, part: Compiled | None, found: Trace) -> str:
    if part is None:
        return f"the rule has no `{key}`"
    known = {**found.facts, **found.steps, "measure": found.measure}
    seen = [f"{name} is {write_short(known[name])}" for name in sorted(part.names & known.keys())]
    return f"`{key}` is {part.term.text}{_with(seen)}"


def _explain_condition(what: str, part: Part) -> str:
    """Return whether a condition holds, and what decided that, in a line."""
    truth = "neither true nor false" if part.value is None else str(part.value).lower()
    decided = [f"{one.term.text}{_with(_seen(one))}" for one in itertools.islice(part.deciding(), _MOST_PARTS)]
    return f"{what} is {truth}: {'; '.join(decided)}"


def _seen(part: Part) -> list[str]:
    values = [f"{text} is {write_short(value)}" for text, value in part.values if text != part.term.text or value is None]
    return values + [f"{name} is missing" for name in part.missing if f"{name} is missing" not in values]


def _with(seen: Sequence[str]) -> str:
    return f" ({', '.join(seen)})" if seen else ""


def write_short(value: object) -> str:
    """Return a made value as an author writes it: `13`, `2026-03-31`, `missing`, `[C2, E1]`."""
    match value:
        case None:
            return "missing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return plain(value)
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case list() | tuple():
            return f"[{', '.join(write_short(item) for item in value)}]"
        case _:
            return str(value)
