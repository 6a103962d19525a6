"""One subject before one rule, on one day's data: what the rule says and why, what would change it, the alert there is.

Nothing is stored. What is found of a person is given to who asked for it, and stands in no error and no log.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import date

from alerting.app import App
from alerting.authoring.explain import rule_in_words, what_if
from alerting.authoring.explain.what_if import Change
from alerting.authoring.today import look
from alerting.errors import AlertingError, StoreError
from alerting.evaluation import trace
from alerting.evaluation.day import Day
from alerting.evaluation.evaluate import Answers, ask_rules
from alerting.evaluation.evaluation import Asked
from alerting.evaluation.trace import Trace
from alerting.model import Alert, Condition, Level, Outcome
from alerting.rulebook.rule import Rule
from alerting.store.store import Store


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What a rule says of one subject on one day, why, and what would change it."""

    rule: Rule
    subject: str
    as_of: date
    #: None where the subject is not in the data.
    trace: Trace | None
    #: Why it is not in the data, where the data proves that.
    left: str | None
    changes: tuple[Change, ...]
    #: The live alert, else the last there was.
    alert: Alert | None
    #: Why that could not be looked up; None where it was.
    alert_unknown: str | None
    #: Why a run would not ask the rule today, or would leave its answers out.
    withheld: str | None

    @property
    def gives(self) -> str:
        """What the rule says: a level, `clear`, `unknown`, `not asked` or `absent`."""
        if self.trace is None:
            return "absent"
        return self.trace.level.name if self.trace.level else str(self.trace.outcome)


def explain(app: App, rule: Rule, subject: str, as_of: date) -> Explanation:
    """Return what a rule says of a subject, given by its key or by the reference of an alert about it, and why.

    Raises SourceError where the case data cannot be read, AlertingError where the rule cannot be asked at all.
    """
    looked = look_up(app, rule, subject)
    alert, subject = looked.alert, looked.subject
    with look(app, [rule], as_of) as data:
        asked, answers = ask_rule(app, rule, data)
        found = trace.trace_rule(data.snapshot, rule, subject, rule_in_words.find_used_columns(rule))
        left = _left(answers, rule, alert, subject) if found is None and asked.status == "ok" else None
        changes: list[Change] = []
        if found is not None and not rule.file.per:
            now = found.level.name if found.level else str(found.outcome)
            changes = what_if.find_changes(data.snapshot, rule, subject, now, list(found.facts))
        withheld = data.withheld(app.book, [rule]).get(rule.id)
    return Explanation(
        rule=rule,
        subject=subject,
        as_of=as_of,
        trace=found,
        left=left,
        changes=tuple(changes),
        alert=alert,
        alert_unknown=looked.unknown,
        withheld=withheld or (asked.problem if asked.status == "off" else None),
    )


def ask_rule(app: App, rule: Rule, data: Day) -> tuple[Asked, Answers]:
    """Ask a rule about everybody, as a run does. Raises AlertingError where it cannot be asked."""
    answers = ask_rules(app.book, data.snapshot, [rule], trust=data.trust)
    asked = answers.asked[rule.id]
    if asked.status == "error":
        raise AlertingError(
            f"{rule.code} cannot be asked: {asked.problem}", remedy="`alerting check` shows what is wrong with it."
        )
    return asked, answers


@dataclass(frozen=True, kw_only=True)
class LookedUp:
    """What the store has of one subject before one rule."""

    #: The live alert, else the last there was.
    alert: Alert | None
    #: The subject's key, also where an alert's reference was given.
    subject: str
    #: Why nothing could be looked up; None where it was.
    unknown: str | None = None


def look_up(app: App, rule: Rule, subject: str) -> LookedUp:
    """Return what the store has of a subject, given by its key or by the reference of an alert of this rule.

    A store that cannot be read makes it unknown, and stops nothing.
    """
    try:
        store = app.store_there_is()
        if store is None:
            return LookedUp(alert=None, subject=subject)
        with closing(store):
            by_reference = store.find(subject)
            if by_reference and by_reference.rule == rule.id:
                subject = by_reference.subject
            return LookedUp(alert=_latest(store, rule, subject), subject=subject)
    except StoreError as error:
        return LookedUp(alert=None, subject=subject, unknown=error.problem)


def _latest(store: Store, rule: Rule, subject: str) -> Alert | None:
    of_rule = [alert for alert in store.alerts() if alert.rule == rule.id and alert.subject == subject]
    return max(of_rule, key=lambda alert: (alert.condition != Condition.resolved, alert.episode), default=None)


def _left(answers: Answers, rule: Rule, alert: Alert | None, subject: str) -> str | None:
    """Return why a subject has left, where the data proves it. What its last alert knows of it helps the proof."""
    person = alert.person if alert else subject if rule.subject.key == rule.subject.person else None
    absent = Alert(
        ref="",
        rule=rule.id,
        code=rule.code,
        subject_kind=rule.subject_kind,
        subject=subject,
        episode=1,
        condition=Condition.firing,
        level=Level.info,
        first_seen=date.min,
        level_since=date.min,
        person=person,
        member=alert.member if alert else None,
    )
    findings = [finding for ref, finding in answers.compare([absent]) if ref is not None and finding.outcome == Outcome.absent]
    return findings[0].left if findings else None
