"""Whom a rule that was changed gives up: the rule answers otherwise, and the record does not.

A rule that asks otherwise than last time is asked of them once more as it was, where today's subjects let it be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from alerting.evaluation.evaluate import Answers
from alerting.evaluation.evaluation import Candidate, RuleSubject, Status
from alerting.model import Outcome
from alerting.rulebook.book import Rulebook
from alerting.rulebook.loader import compile_rule
from alerting.rulebook.rule import Rule


@dataclass(frozen=True, kw_only=True)
class AskedBefore:
    """How rules were last asked, by their ids."""

    logic: Mapping[str, str] = field(default_factory=dict)
    #: Of those that now answer by another logic: the text of the file as it was then, and the parameters as they applied.
    texts: Mapping[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)

    def changed(self, rules: Sequence[Rule]) -> list[Rule]:
        """Return the rules that answer by another logic than when they were last asked; not those that never were."""
        return [rule for rule in rules if self.logic.get(rule.id, rule.logic) != rule.logic]


def settle_changes(
    book: Rulebook, answers: Answers, candidates: Sequence[Candidate], before: AskedBefore
) -> tuple[list[Candidate], frozenset[RuleSubject]]:
    """Return the candidates, and of whom a changed rule says `clear` though their record does not, by rule and subject.

    Whom a rule that asks otherwise than last time does not ask about any more is clear of it, rather than absent.
    """
    asked = [rule for id_, rule in answers.rules.items() if answers.asked[id_].status == Status.ok]
    changed = sorted(before.changed(asked), key=lambda rule: rule.id)
    outside = _outside(answers, changed, candidates)
    settled = [
        (ref, replace(finding, outcome=Outcome.clear) if (finding.rule, finding.subject) in outside else finding)
        for ref, finding in candidates
    ]
    given_up = set()
    for rule in changed:
        subjects = {finding.subject for _, finding in settled if finding.rule == rule.id and finding.outcome == Outcome.clear}
        as_it_was = _as_last_asked(book, rule, before) if subjects else None
        said = answers.answers(as_it_was, sorted(subjects)) if as_it_was else {}
        given_up |= {(rule.id, subject) for subject in subjects if said.get(subject) != Outcome.clear}
    return settled, frozenset(given_up)


def _outside(answers: Answers, changed: Sequence[Rule], candidates: Sequence[Candidate]) -> set[RuleSubject]:
    """Return who is in the subject's table still, and whom a changed rule does not ask about any more."""
    missing = defaultdict(list)
    for _, finding in candidates:
        if finding.outcome == Outcome.absent:
            missing[finding.rule].append(finding.subject)
    return {
        (rule.id, subject)
        for rule in changed
        if rule.id in missing and not rule.file.per
        for subject in answers.still_in_subject(rule, missing[rule.id])
    }


def _as_last_asked(book: Rulebook, rule: Rule, before: AskedBefore) -> Rule | None:
    """Return a rule as it was last asked, where today's subject, views and settings let it be asked as it was then."""
    if rule.id not in before.texts:
        return None
    text, params = before.texts[rule.id]
    as_it_was = compile_rule(book, Path(rule.place), {}, text)
    if isinstance(as_it_was, Rule):
        # What config.yaml set then may not be what it sets now.
        own = {name: params[name] for name in as_it_was.file.params if name in params}
        as_it_was = compile_rule(book, Path(rule.place), own, text)
    if not isinstance(as_it_was, Rule) or as_it_was.subject_kind != rule.subject_kind:
        return None
    return as_it_was if as_it_was.logic == before.logic.get(rule.id) else None
