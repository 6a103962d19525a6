"""Why a rule says what it says of one subject, in words: the answer, the facts, each condition, what would change it, the alert. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from alerting.alerts import handling
from alerting.authoring.explain import rule_in_words
from alerting.authoring.explain.explanation import Explanation
from alerting.authoring.explain.plain_english import Vocabulary, in_words, label, with_unit
from alerting.authoring.explain.what_if import Change
from alerting.evaluation.trace import Part, Trace, names_in
from alerting.expressions.tree import Term
from alerting.formatting import capital, day, listed, until
from alerting.model import Alert, Tier
from alerting.rulebook.rule import Rule

NOT_SHOWN = "What decided it is more than may be shown here."


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A value that the engine found, and what it is."""

    name: str
    value: str
    says: str


@dataclass(frozen=True, kw_only=True)
class ToldPart:
    """A part of a condition as it is told."""

    #: As its author wrote it, with what stands in it.
    says: str
    #: What stands before it in a choice by case.
    when: str
    #: Whether it is so: True, False, None where that is not known, or what the engine gave in place of an answer.
    value: Any
    #: Whether its value is told.
    is_told: bool
    #: Whether it is the innermost that decided.
    decided: bool
    parts: tuple[ToldPart, ...]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One condition of a rule: what it asks, and how that came out."""

    asks: str
    #: Whether it is among those that decided the answer.
    decided: bool
    #: None where it rests on more than may be told.
    part: ToldPart | None


@dataclass(frozen=True, kw_only=True)
class Telling:
    """What is told of an explanation to whoever may see so much of a person, and nothing that only follows from more."""

    found: Explanation
    ceiling: Tier = Tier.detail

    @property
    def _rule(self) -> Rule:
        return self.found.rule

    def answer(self) -> list[str]:
        """Return what the rule says of the subject, and why."""
        trace = self.found.trace
        if trace is None:
            return _write_absent(self.found)
        decided = trace.deciding()
        if all(self._may_tell(part.term) for part in decided):
            return list(_write_found(self.found, trace, decided))
        if trace.outcome == "match" and decided == trace.decisive():
            # That a level is met says that what it asks is so, and no more.
            words = Vocabulary(self._rule)
            return [f"{_outcome(self._rule, trace)}: {listed([words.sentence(part.term) for part in decided])}."]
        return [f"{_outcome(self._rule, trace)}. {NOT_SHOWN}"]

    def facts(self) -> list[Fact]:
        """Return the values by which the rule answered: those of the record, the steps, the measure."""
        rule, trace = self._rule, self.found.trace
        if trace is None:
            return []
        columns = [(name, value, rule.subject.columns[name].says.rstrip(".")) for name, value in trace.facts.items()]
        steps = [(name, value, f"= {' '.join(rule.file.let[name].split())}") for name, value in trace.steps.items()]
        found = [
            Fact(name=name, value=in_words(value), says=says)
            for name, value, says in (*columns, *steps)
            if tier_of(rule, name) <= self.ceiling
        ]
        if trace.rows is not None:
            says = f"How many {rule.subject.title.lower()} rows are counted"
            found.append(Fact(name="rows", value=in_words(trace.rows), says=says))
        if rule.measure:
            measured = with_unit(trace.measure, rule.unit) if trace.measure is not None else in_words(None)
            found.append(Fact(name="measure", value=measured, says=f"= {' '.join((rule.file.measure or '').split())}"))
        return found

    def conditions(self) -> Iterator[Condition]:
        """Yield the conditions that were asked of the subject: whether it is asked about, then each level."""
        trace = self.found.trace
        if trace is None:
            return
        decisive = trace.decisive()
        asked = [("asked about", trace.where)] if trace.where and trace.where.term.text != "true" else []
        for asks, part in (*asked, *((level.name, part) for level, part in trace.levels.items())):
            decided = part in decisive
            # That there is an alert, and at which level, says of a condition whether it is so, and of no part of it.
            is_known = trace.outcome == "match" or self._may_tell(part.term)
            yield Condition(
                asks=f"Is it {asks}?", decided=decided, part=self.part(part, marked=decided, whole=True) if is_known else None
            )

    def part(self, part: Part, *, marked: bool, when: str = "", whole: bool = False) -> ToldPart:
        """Return a part of a condition as it is told. marked: whether those that decided are marked; whole: it is the condition itself."""
        is_told = whole or self._may_tell(part.term)
        is_case, choices = part.term.kind == "case", len(part.parts) - len(part.parts) % 2
        whens = [("when ", "then ")[place % 2] if place < choices else "otherwise " for place in range(len(part.parts))]
        return ToldPart(
            says=self._write(part),
            when=when,
            value=part.value,
            is_told=is_told,
            decided=is_told and marked and part.decides and not any(each.decides for each in part.parts),
            parts=tuple(
                self.part(each, marked=marked, when=before if is_case else "")
                for each, before in zip(part.parts, whens, strict=True)
            ),
        )

    def changes(self) -> list[Change]:
        """Return the changes of one column that would change the answer."""
        return [change for change in self.found.changes if tier_of(self._rule, change.column) <= self.ceiling]

    def _write(self, part: Part) -> str:
        if part.parts:
            asks = {"and": "all of:", "or": "any of:", "not": "not:", "case": "by case:"}
            return asks.get(part.term.kind, "the first that can be told of:")
        missing = [name for name in part.missing if tier_of(self._rule, name) <= self.ceiling]
        if missing:
            return f"{part.term.text}  (missing: {listed(missing)})"
        terms = {each.text: each for each in (part.term, *part.term.parts)}
        shown = [
            f"{text} = {in_words(value)}"
            for text, value in dict(part.values).items()
            if text != part.term.text and self._may_tell(terms[text])
        ]
        return f"{part.term.text}  ({', '.join(shown)})" if shown else part.term.text

    def _may_tell(self, term: Term) -> bool:
        return all(tier_of(self._rule, name) <= self.ceiling for name in names_in(term))


def kind_of(rule: Rule) -> str:
    """Return what a rule's alerts are about: `care leaver`, or with `per` a team."""
    return rule.file.per or f"{rule.subject.title[:1].lower()}{rule.subject.title[1:]}"


def tier_of(rule: Rule, name: str) -> Tier:
    """Return how private a name of a rule is: a parameter is not, and a column of which the rule does not say so is as private as any."""
    return rule.tiers.get(name, Tier.detail if name in rule.subject.columns else Tier.reference)


def describe_alert(alert: Alert) -> Iterator[str]:
    """Yield what there is to say of an alert, in sentences."""
    if alert.resolved_on:
        yield f"{alert.ref} was resolved on {day(alert.resolved_on)}: {alert.why_resolved or 'no reason is kept'}."
        return
    yield f"{alert.ref}: {alert.level.name} since {day(alert.level_since)}, first seen {day(alert.first_seen)}, {alert.condition.value}."
    if alert.held_reason:
        since = f" since {day(alert.held_since)}" if alert.held_since else ""
        yield f"On hold{since}: {alert.why_held}."
    for act in alert.acts:
        if act.kind in handling.KINDS:
            words = handling.said(act)
            yield f"{capital(words)}."


def _write_absent(found: Explanation) -> list[str]:
    if found.left:
        return [f"Not asked: it has left ({found.left}). An alert about it would close for that reason."]
    said = f"Not in the data: there is no {kind_of(found.rule)} {found.subject} today, and nothing shows why. An open alert would go on hold."
    if found.rule.file.per:
        return [said]
    sealed = ["A record that is sealed takes part in no rule."] if found.rule.subject.about == "child" else []
    return [said, rule_in_words.describe_subject(found.rule), *sealed]


def _outcome(rule: Rule, trace: Trace) -> str:
    if trace.outcome == "not asked":
        return "NOT ASKED"
    measured = f", measured {with_unit(trace.measure, rule.unit)}" if trace.measure is not None else ""
    return f"{(trace.level.name if trace.level else trace.outcome).upper()}{measured}"


def _write_found(found: Explanation, trace: Trace, decided: list[Part]) -> Iterator[str]:
    words, outcome = Vocabulary(found.rule), _outcome(found.rule, trace)
    missing = list(dict.fromkeys(name for part in decided for name in part.missing))
    because = [_clause(words, part) for part in decided if part.value is not None]
    if trace.outcome == "match" and trace.level:
        yield f"{outcome}: {listed(because) or 'the measure is missing'}."
    elif trace.outcome == "clear":
        yield f"{outcome}: {listed(because)}."
    elif trace.outcome == "not asked":
        yield f"{outcome}: {listed(because) or 'nothing can be measured of it'}."
    elif missing:
        yield f"{outcome}: it cannot be told while {listed([label(name) for name in missing])} {'is' if len(missing) == 1 else 'are'} not recorded."
    else:
        yield f"{outcome}: {_too_few(found.rule, trace)}."
    if trace.due:
        yield f"Due {day(trace.due)} ({until(trace.due, found.as_of)})."


def _clause(words: Vocabulary, part: Part) -> str:
    """Return a part that decided as a clause, with what its steps and sums come to."""
    clause = words.sentence(part.term) if part.value is True else words.denied(part.term)
    values = dict(part.values)
    worked_out = [each for each in part.term.parts if each.kind == "sum" or each.word in words.rule.let]
    known = [f"{words.phrase(each)} is {in_words(values[each.text])}" for each in worked_out if each.text in values]
    return f"{clause} ({listed(known)})" if known else clause


def _too_few(rule: Rule, trace: Trace) -> str:
    if trace.rows is not None and trace.rows < rule.file.at_least:
        return f"there are {trace.rows}, and fewer than {rule.file.at_least} are too few to tell"
    return "something that decides is missing"
