"""One subject before one rule, on one day's data: what the rule says and why, what would change it, the alert there is.

Nothing is stored. What is found of a person is given to who asked for it, and stands in no error and no log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from alerting.app import App
from alerting.authoring.explain import rule_in_words, what_if
from alerting.authoring.explain.what_if import Change
from alerting.authoring.today import look
from alerting.casedata.directory import Directory, read_directory
from alerting.errors import AlertingError, StoreError
from alerting.evaluation import trace
from alerting.evaluation.allocation import INVOLVEMENTS
from alerting.evaluation.day import Day, ask_all
from alerting.evaluation.evaluate import Answers
from alerting.evaluation.evaluation import Asked
from alerting.evaluation.query import ROLES
from alerting.evaluation.trace import Trace
from alerting.model import Alert, Condition, Finding, Level, Outcome
from alerting.rulebook.rule import Rule


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


@dataclass(frozen=True, kw_only=True)
class LookedUp:
    """What the store has of one subject before one rule."""

    #: The live alert, else the last there was.
    alert: Alert | None
    #: The subject's key, also where an alert's reference was given.
    subject: str
    #: Why nothing could be looked up; None where it was.
    unknown: str | None = None


@dataclass(frozen=True, kw_only=True)
class Question:
    """One subject before one rule, for as long as a day's data is open."""

    app: App
    rule: Rule
    looked: LookedUp
    day: Day
    asked: Asked
    answers: Answers

    @property
    def directory(self) -> Directory:
        """Who is who by that day's data, and which records are restricted."""
        return read_directory(self.day.snapshot, self.day.trust)

    def alert_today(self) -> Alert | None:
        """Return the alert there would be about the subject, whose it is by the day's data; None where nobody knows whose it is.

        Of a subject that has gone it is the live alert, and so it is while who works with whom cannot be believed.
        """
        rule, subject = self.rule, self.looked.subject
        live = self.looked.alert if self.looked.alert and self.looked.alert.condition is not Condition.resolved else None
        if INVOLVEMENTS in self.day.trust.doubted:
            return live
        finding = next((one for one in self.answers.findings(rule.id) if one.subject == subject), None)
        row = None if finding or rule.file.per else trace.read_row(self.day.snapshot, rule, subject)
        return alert_of(rule, subject, self.day.as_of, live, finding, row)

    def explain(self) -> Explanation:
        """Return what the rule says of the subject, and why."""
        rule, subject, alert = self.rule, self.looked.subject, self.looked.alert
        found = trace.trace_rule(self.day.snapshot, rule, subject, rule_in_words.find_used_columns(rule))
        left = _left(self.answers, rule, alert, subject) if found is None and self.asked.status == "ok" else None
        changes: list[Change] = []
        if found is not None and not rule.file.per:
            now = found.level.name if found.level else str(found.outcome)
            changes = what_if.find_changes(self.day.snapshot, rule, subject, now, list(found.facts))
        withheld = self.day.withheld(self.app.book, [rule]).get(rule.id)
        return Explanation(
            rule=rule,
            subject=subject,
            as_of=self.day.as_of,
            trace=found,
            left=left,
            changes=tuple(changes),
            alert=alert,
            alert_unknown=self.looked.unknown,
            withheld=withheld or (self.asked.problem if self.asked.status == "off" else None),
        )


@contextmanager
def ask_about(app: App, rule: Rule, subject: str, as_of: date) -> Iterator[Question]:
    """Ask a rule of a day's data, to explain a subject, given by its key or by the reference of an alert about it.

    Raises SourceError where the case data cannot be read, AlertingError where the rule cannot be asked at all.
    """
    looked = look_up(app, rule, subject)
    with look(app, [rule], as_of) as data:
        asked, answers = ask_rule(app, rule, data)
        yield Question(app=app, rule=rule, looked=looked, day=data, asked=asked, answers=answers)


def explain(app: App, rule: Rule, subject: str, as_of: date) -> Explanation:
    """Return what a rule says of a subject, and why. subject, and what is raised: as of `ask_about`."""
    with ask_about(app, rule, subject, as_of) as question:
        return question.explain()


def ask_rule(app: App, rule: Rule, data: Day) -> tuple[Asked, Answers]:
    """Ask a rule about everybody, as a run does. Raises AlertingError where it cannot be asked."""
    answers = ask_all(app.book, data, [rule])
    asked = answers.asked[rule.id]
    if asked.status == "error":
        raise AlertingError(
            f"{rule.code} cannot be asked: {asked.problem}", remedy="`alerting check` shows what is wrong with it."
        )
    return asked, answers


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
            episodes = store.episodes(rule.id, subject)
            latest = max(episodes, key=lambda alert: (alert.condition != Condition.resolved, alert.episode), default=None)
            return LookedUp(alert=latest, subject=subject)
    except StoreError as error:
        return LookedUp(alert=None, subject=subject, unknown=error.problem)


def alert_of(
    rule: Rule, subject: str, as_of: date, live: Alert | None, finding: Finding | None, row: Mapping[str, Any] | None
) -> Alert | None:
    """Return the alert there would be on a day; of a subject that has gone, the live one. None where there is neither.

    row: the subject as it is in the data, where the rule does not ask about it.
    """
    made = Alert(
        ref=live.ref if live else "",
        rule=rule.id,
        code=rule.code,
        subject_kind=rule.subject_kind,
        subject=subject,
        episode=1,
        condition=Condition.firing,
        level=max(rule.levels),
        first_seen=live.first_seen if live else as_of,
        level_since=as_of,
    )
    if finding:
        owners: dict[str, Any] = {name: getattr(finding, name) for name in ROLES}
        return replace(made, **owners, also=finding.also, level=finding.level or made.level)
    if row is not None:
        columns = {name: getattr(rule.subject, name) for name in ROLES}
        owners = {name: row[column] if column else None for name, column in columns.items()}
        return replace(made, **owners)
    return live


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
