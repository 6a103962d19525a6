"""The day's answers and the alerts there are -> what changes. What lifecycle needs to know of the past is looked up here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from alerting.alerts import lifecycle
from alerting.alerts.lifecycle import RuleLife, WorkingDays
from alerting.evaluation.evaluate import Evaluation
from alerting.model import Alert, Finding, Outcome, Reason, Transition
from alerting.rulebook.loader import Rulebook, compile_rule
from alerting.rulebook.rule import Rule
from alerting.store.rule_versions import RuleHistory, changed_rules
from alerting.store.store import Store
from alerting.working_days import working_days_between

OWNERS = frozenset({"ssd_involvements", "ext_staff"})
"""The tables that say whose a case is: while one of them is not trusted, a case stays whose it was."""

Candidate = tuple[int | None, Finding]
"""A live alert's id, None where there is none, and today's finding about its subject."""


@dataclass(frozen=True, kw_only=True)
class Advance:
    """Takes the alerts of one council on from day to day."""

    book: Rulebook
    store: Store

    def transitions(
        self, evaluation: Evaluation, live: Sequence[Alert], as_of: date, *, owners_known: bool = True
    ) -> list[Transition]:
        """Return what changes on a day: of the live alerts, those that ended and come back, and new ones. Nothing is written."""
        lives = lives_of(self.book)
        moved = lifecycle.of_another_kind(live, {id_: life.subject_kind for id_, life in lives.items()}, as_of)
        ended = {transition.alert.id for transition in moved}
        live = [alert for alert in live if alert.id not in ended]
        by_id = {alert.id: alert for alert in live}
        given_up, candidates = self._as_changed(evaluation, evaluation.compare(live))
        matches = [finding for id_, finding in candidates if id_ is None]
        transitions: list[Transition | None] = [*moved, *self._opened(matches, moved, lives, as_of, owners_known=owners_known)]
        for id_, finding in candidates:
            if id_ is not None:
                life, is_changed = lives[finding.rule], (finding.rule, finding.subject) in given_up
                transitions.append(
                    lifecycle.advance(by_id[id_], finding, life, as_of, owners_known=owners_known, changed=is_changed)
                )
        asked = evaluation.asked.items()
        not_asked = {rule: (Reason.not_asked, asking.problem or asking.status) for rule, asking in asked if asking.status != "ok"}
        not_asked |= {broken.id: (Reason.rule_broken, broken.problem) for broken in self.book.broken}
        for alert in live:
            if alert.rule in not_asked:
                reason, detail = not_asked[alert.rule]
                transitions.append(lifecycle.hold(alert, reason, as_of, detail=detail))
        known = self.book.ids - {rule.id for rule in self.book.off}
        transitions += lifecycle.removed(live, dict.fromkeys(known), as_of)
        return [transition for transition in transitions if transition is not None]

    def _opened(
        self,
        matches: Sequence[Finding],
        moved: Sequence[Transition],
        lives: Mapping[str, RuleLife],
        as_of: date,
        *,
        owners_known: bool,
    ) -> list[Transition | None]:
        """Return what matches become that have no live alert. moved: alerts that end in this very run."""
        ended = self.store.last_ended((finding.rule, finding.subject) for finding in matches)
        ended |= {(item.alert.rule, item.alert.subject): item.alert for item in moved}
        days = working_days(self.book)
        found: list[Transition | None] = []
        for finding in matches:
            last = ended.get((finding.rule, finding.subject))
            found.append(lifecycle.begun(finding, lives[finding.rule], last, as_of, days, owners_known=owners_known))
        return self._under_free_references(found)

    def _under_free_references(self, found: Sequence[Transition | None]) -> list[Transition | None]:
        """Return new alerts the next episode whose reference is free: one that followed a merged record took its own along."""
        free = list(found)
        while taken := self.store.taken(item.alert.ref for item in free if item is not None and item.alert.id is None):
            free = [
                replace(item, alert=lifecycle.one_episode_on(item.alert))
                if item is not None and item.alert.ref in taken
                else item
                for item in free
            ]
        return free

    def _as_changed(
        self, evaluation: Evaluation, candidates: Sequence[Candidate]
    ) -> tuple[set[tuple[str, str]], list[Candidate]]:
        """Return of whom a changed rule says `clear` and its record does not, by rule and subject, and the findings.

        Whom a rule that asks otherwise than last time does not ask about any more is clear of it, rather than absent.
        """
        asked = {result.rule.id: result.rule for result in evaluation.asked.values() if result.status == "ok"}
        changed = changed_rules(asked.values(), RuleHistory(self.store).last_logic())
        outside = defaultdict(list)
        for _, finding in candidates:
            if finding.rule in changed and finding.outcome == Outcome.absent and not asked[finding.rule].file.per:
                outside[finding.rule].append(finding.subject)
        there = {
            (rule, subject)
            for rule, subjects in outside.items()
            for subject in evaluation.still_in_subject(asked[rule], subjects)
        }
        found = [
            (id_, replace(finding, outcome=Outcome.clear) if (finding.rule, finding.subject) in there else finding)
            for id_, finding in candidates
        ]
        return self._given_up(evaluation, [asked[rule] for rule in sorted(changed)], found), found

    def _given_up(self, evaluation: Evaluation, changed: Sequence[Rule], candidates: Sequence[Candidate]) -> set[tuple[str, str]]:
        """Return the rule and subject of those who are clear of a changed rule, and not by what it asked before."""
        given_up = set()
        for rule in changed:
            subjects = {
                finding.subject for _, finding in candidates if finding.rule == rule.id and finding.outcome == Outcome.clear
            }
            before = self._as_last_asked(rule) if subjects else None
            said = evaluation.answers(before, sorted(subjects)) if before else {}
            given_up |= {(rule.id, subject) for subject in subjects if said.get(subject) != Outcome.clear}
        return given_up

    def _as_last_asked(self, rule: Rule) -> Rule | None:
        """Return a rule as it was last asked, where today's subject, views and settings let it be asked as it was then."""
        history = RuleHistory(self.store)
        kept = history.last_asked(rule.id)
        if kept is None:
            return None
        text, params = kept
        before = compile_rule(self.book, Path(rule.place), {}, text)
        if isinstance(before, Rule):
            # What config.yaml set then may not be what it sets now.
            own = {name: params[name] for name in before.file.params if name in params}
            before = compile_rule(self.book, Path(rule.place), own, text)
        if not isinstance(before, Rule) or before.subject_kind != rule.subject_kind:
            return None
        return before if before.logic == history.last_logic().get(rule.id) else None


def lives_of(book: Rulebook) -> dict[str, RuleLife]:
    """Return what lifecycle needs of each rule that is in use, by its id."""
    return {rule.id: life_of(rule, book) for rule in book.rules}


def life_of(rule: Rule, book: Rulebook) -> RuleLife:
    """Return what lifecycle needs of a rule."""
    file = rule.file
    return RuleLife(
        id=rule.id,
        code=rule.code,
        subject_kind=rule.subject_kind,
        unit=rule.unit,
        pending_for=file.pending_for,
        keep_firing_for=file.keep_firing_for,
        reopen_window=int(str(book.settings.params.get("reopen_window_wd", RuleLife.reopen_window))),
        version=rule.version,
    )


def working_days(book: Rulebook) -> WorkingDays:
    """Return what counts working days by the council's calendar."""
    holidays = book.settings.bank_holidays
    return lambda start, end: working_days_between(start, end, holidays)
