"""What a rule says of one subject and why: the facts, each step, and each condition part by part, as the engine finds them.

Every value comes from the engine: each part of an expression is asked by itself beside the whole. Nothing is worked out
here but which part decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from alerting.casedata.conversion import quoted
from alerting.casedata.engine_errors import EngineError
from alerting.casedata.snapshot import Snapshot
from alerting.clocks import london
from alerting.evaluation.query import measured_rows, rule_query
from alerting.expressions.compile import Compiled
from alerting.expressions.tree import Term
from alerting.model import Level
from alerting.rulebook.rule import Rule

Row = Mapping[str, Any]
Outcome = Literal["match", "clear", "unknown", "not asked"]

EVERYBODY = Compiled(sql="true", type="boolean", names=frozenset(), term=Term(kind="value", word="true", text="true", sql="true", type="boolean"))  # fmt: skip


class Unclear:
    """A part that the engine cannot work out by itself, though the whole may never ask it."""

    def __str__(self) -> str:
        return "cannot be worked out"


UNCLEAR = Unclear()
NOT_SET = "not set"
"""What stands for the value of a parameter without one: it is not the record that lacks it."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a condition, with the value that the engine found for it."""

    term: Term
    #: True, false, or None where that cannot be told.
    value: Any
    #: The values of what stands in it, each by how it is written.
    values: tuple[tuple[str, Any], ...] = ()
    #: The columns without a value that leave it open.
    missing: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    #: Whether the answer would be another one, were it not for this part.
    decides: bool = False

    def deciding(self) -> Iterator[Part]:
        """Return the innermost parts that decided."""
        inner = [part for part in self.parts if part.decides]
        if self.decides and not inner:
            yield self
        for part in inner:
            yield from part.deciding()


@dataclass(frozen=True, kw_only=True)
class Trace:
    """How a rule came to its answer about one subject."""

    outcome: Outcome
    level: Level | None
    measure: float | None
    due: date | None
    #: The values of the columns that were asked for, by name.
    facts: Mapping[str, Any]
    #: The values of the steps of the rule's `let`, by name.
    steps: Mapping[str, Any]
    #: The population's condition; None with `per`, where `rows` counts the population instead.
    where: Part | None
    #: The levels that were looked at: none below one that holds, none at all where the subject is not asked about.
    levels: Mapping[Level, Part]
    #: For each role that may join in, its condition; empty where the rule does not match.
    also: Mapping[str, Part]
    #: With `per`, how many subjects the answer is counted over.
    rows: int | None = None

    def deciding(self) -> list[Part]:
        """Return the innermost parts that decided the outcome."""
        return [part for condition in self.decisive() for part in condition.deciding()]

    def decisive(self) -> list[Part]:
        """Return the conditions that decided: the population where it is not so; the level given; all levels of one that is clear."""
        if self.where and self.where.value is not True:
            return [self.where]
        if self.outcome == "match":
            return [part for level, part in self.levels.items() if level == self.level and part.value is True]
        return [part for part in self.levels.values() if self.outcome == "clear" or part.value is None]


def read_row(snapshot: Snapshot, rule: Rule, subject: str) -> Row | None:
    """Return the row of a rule's subject, or with `per` of a team, worker or service, with its steps and measure.

    Whether the rule asks about it does not matter, save with `per`. None where there is none.
    """
    # With the population widened to everybody, what is outside it has steps and a measure too.
    asked = rule if rule.file.per else replace(rule, where=EVERYBODY)
    query = f"SELECT * FROM ({measured_rows(asked)}) s WHERE s.{quoted('group' if rule.file.per else rule.subject.key)} = $1"
    names = snapshot.names(query.replace("= $1", "IS NULL"))
    rows = snapshot.sql(query, [subject])
    return dict(zip(names, map(_as_seen, rows[0]), strict=True)) if rows else None


def trace_rule(snapshot: Snapshot, rule: Rule, subject: str, facts: Sequence[str]) -> Trace | None:
    """Return how a rule comes to its answer about a subject, showing these columns; None where there is no such subject."""
    row = read_row(snapshot, rule, subject)
    if row is None:
        return None
    outcome, level, due = _answer(snapshot, rule, subject)
    tracer = _Tracer(snapshot, rule, subject, row)
    where = None if rule.file.per else tracer.part(rule.where.term)
    asked = rule.file.per is not None or (where is not None and where.value is not False)
    return Trace(
        outcome=outcome,
        level=level,
        measure=row["measure"],
        due=due,
        facts={name: row[name] for name in facts if name in row},
        steps={} if rule.file.per else {name: row[name] for name in rule.let},
        where=mark_decisive(where) if where else None,
        levels={} if not asked else dict(_levels(rule, level, tracer)),
        also={} if outcome != "match" else {role: mark_decisive(tracer.part(each.term)) for role, each in rule.also.items()},
        rows=row.get("rows") if rule.file.per else None,
    )


def _answer(snapshot: Snapshot, rule: Rule, subject: str) -> tuple[Outcome, Level | None, date | None]:
    """Ask the rule itself, as a run does."""
    columns = ["rule", "subject", "outcome", "level", "measure", "due"]
    query = f"SELECT outcome, level, due FROM ({rule_query(rule)}) AS answer({', '.join(columns)}) WHERE subject = $1"
    rows = snapshot.sql(query, [subject])
    if not rows:
        return "not asked", None, None
    [(outcome, level, due)] = rows
    return outcome, Level(level) if level is not None else None, due


def _levels(rule: Rule, given: Level | None, tracer: _Tracer) -> Iterator[tuple[Level, Part]]:
    for level, compiled in rule.levels.items():
        part = mark_decisive(tracer.part(compiled.term))
        yield level, part
        if part.value is True and level == given:
            return


def _as_seen(value: Any) -> Any:
    """Return a value as its reader sees it: a moment as clocks in London showed it."""
    return london(value) if isinstance(value, datetime) else value


class _Tracer:
    """Asks the engine for the values of the parts of expressions, for one subject."""

    def __init__(self, snapshot: Snapshot, rule: Rule, subject: str, row: Row) -> None:
        self.rule, self.row = rule, row
        self._snapshot = snapshot
        asked = rule if rule.file.per else replace(rule, where=EVERYBODY)
        key = quoted("group" if rule.file.per else rule.subject.key)
        self._query, self._key = f"({measured_rows(asked)}) s WHERE s.{key} = $1", subject

    def part(self, term: Term) -> Part:
        """Return a condition with all its parts."""
        wanted = list(dict.fromkeys(each.sql for each in _asked(term)))
        return self._part(term, dict(zip(wanted, self._values(wanted), strict=True)))

    def _values(self, wanted: Sequence[str]) -> list[Any]:
        try:
            return [
                _as_seen(value) for value in self._snapshot.sql(f"SELECT {', '.join(wanted)} FROM {self._query}", [self._key])[0]
            ]
        except EngineError:
            # A branch that the whole never takes can fail by itself.
            if len(wanted) == 1:
                return [UNCLEAR]
            half = len(wanted) // 2
            return self._values(wanted[:half]) + self._values(wanted[half:])

    def _part(self, term: Term, values: Mapping[str, Any]) -> Part:
        value = values[term.sql]
        inner = tuple(self._part(part, values) for part in _conditions(term))
        shown = () if inner else tuple((each.text, self._shown(each, values)) for each in _shown(term))
        missing = tuple(self._missing(term)) if value is None and not inner else ()
        return Part(term=term, value=value, values=shown, missing=missing, parts=inner)

    def _shown(self, term: Term, values: Mapping[str, Any]) -> Any:
        unset = term.kind == "name" and term.word not in self.row and self.rule.params.get(term.word, "") is None
        return NOT_SET if unset else values[term.sql]

    def _missing(self, term: Term) -> Iterable[str]:
        """Return the columns without a value that a part needs, through the steps and the measure that it names."""
        found: dict[str, None] = {}
        for name in names_in(term):
            behind = self.rule.let.get(name) or (self.rule.measure if name == "measure" else None)
            if self.row.get(name) is not None or name in found:
                continue
            if behind and (deeper := list(self._missing(behind.term))):
                found |= dict.fromkeys(deeper)
            elif name in self.rule.subject.columns or name == "measure":
                found[name] = None
        return found


def _conditions(term: Term) -> tuple[Term, ...]:
    """Return the conditions that a condition is made of; of one that compares values there are none."""
    if term.kind in ("and", "or", "not"):
        return term.parts
    if term.kind == "call" and term.word == "coalesce" and term.type == "boolean":
        return tuple(part for part in term.parts if part.kind != "value")
    if term.kind == "case" and term.word == "case" and term.type == "boolean":
        return term.parts
    return ()


def _shown(term: Term) -> list[Term]:
    """Return what a condition compares: its sides, but not what stands there as it is."""
    if term.kind == "name":
        return [term]
    return [part for part in term.parts if part.kind != "value"]


def _asked(term: Term) -> Iterator[Term]:
    yield term
    yield from _shown(term)
    for part in _conditions(term):
        yield from _asked(part)


def names_in(term: Term) -> Iterator[str]:
    """Return the columns, steps and parameters that a term names, as often as it does."""
    if term.kind == "name":
        yield term.word
    for part in term.parts:
        yield from names_in(part)


def mark_decisive(part: Part) -> Part:
    """Mark the parts that decided a condition: of an `and` those that are not true, of an `or` those that are.

    Where no part decided by itself, all of them did.
    """
    term, inner = part.term, part.parts
    if term.kind in ("and", "or"):
        against = term.kind == "or"
        chosen = [each.value is against for each in inner]
        if not any(chosen):
            chosen = [each.value is None for each in inner]
        marked = tuple(mark_decisive(each) if yes or not any(chosen) else each for each, yes in zip(inner, chosen, strict=True))
        return replace(part, parts=marked, decides=True)
    if term.kind == "call" and inner:
        first = next((place for place, each in enumerate(inner) if each.value is not None), None)
        return replace(
            part,
            parts=tuple(mark_decisive(each) if first is None or place == first else each for place, each in enumerate(inner)),
            decides=True,
        )
    if term.kind == "case" and inner:
        return replace(part, parts=_branch_taken(inner), decides=True)
    return replace(part, parts=tuple(map(mark_decisive, inner)), decides=True)


def _branch_taken(inner: Sequence[Part]) -> tuple[Part, ...]:
    for place in range(0, len(inner) - 1, 2):
        if inner[place].value is True:
            taken = {place, place + 1}
            break
    else:
        taken = {len(inner) - 1} if len(inner) % 2 else set(range(0, len(inner), 2))
    return tuple(mark_decisive(each) if place in taken else each for place, each in enumerate(inner))
