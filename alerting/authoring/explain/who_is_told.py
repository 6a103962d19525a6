"""Who would be told of one rule's alert about one subject: by which path of the directory, through which receiver, how much.

The paths are those that routing itself takes, on one day's directory. Nothing is stored or sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from alerting.alerts import handling, handling_state
from alerting.app import App
from alerting.authoring.explain.explanation import alert_of, look_up
from alerting.authoring.explain.plain_english import Vocabulary, label
from alerting.authoring.preview import with_draft
from alerting.authoring.today import Today, look, work_out
from alerting.casedata.directory import Directory, Restriction
from alerting.errors import AlertingError
from alerting.evaluation import trace
from alerting.evaluation.day import ask_all
from alerting.evaluation.evaluation import Status
from alerting.formatting import day, listed, plural
from alerting.model import Alert, Condition, Finding, Level, Tier
from alerting.notifications.policy import routes_of
from alerting.notifications.routing import Recipient, Router, RuleRoute, Step
from alerting.notifications.silences import said
from alerting.rulebook.rule import Rule

TIERS = {
    Tier.counts: "counts only: how many alerts, and nobody they are about",
    Tier.reference: "case numbers, dates and workers, but nothing marked detail",
    Tier.detail: "everything that the rule's words name",
}
"""What a receiver may show of a person, by its ceiling."""

NO_LIST = "There is no list of restricted records that can be trusted, so nobody is told of any child."


def roles_of(directory: Directory, allowed: Iterable[str]) -> str:
    """Return the roles of those who may know of a restricted record, in words: who they are is not said."""
    staff = [directory.staff[worker] for worker in sorted(allowed) if worker in directory.staff]
    return listed([label(person.role or "no role") for person in staff]) or "nobody who is a member of staff today"


@dataclass(frozen=True, kw_only=True)
class Way:
    """How somebody is found for a role. path: where it was looked, in words. person: a name; None where nobody is told: why not.

    direct: the role itself has somebody, who is there. when: what has to be so for it to be taken at all, if anything.
    """

    role: str
    path: tuple[str, ...]
    person: str | None
    direct: bool = False
    why_not: str = ""
    when: str = ""


@dataclass(frozen=True, kw_only=True)
class Told:
    """Who would be told. gives: what the rule says today. levels: by level, the most serious first, each way in turn.

    named: of a restricted record, the roles of those who are told because it names them, by level. receivers: by name, what
    each would get. notes: what there is to know besides, such as that nobody is told today, and why.
    """

    rule: Rule
    subject: str
    as_of: date
    gives: str
    team: str
    worker: str
    levels: Mapping[Level, Sequence[Way]]
    named: Mapping[Level, Sequence[str]]
    escalations: Sequence[Way]
    receivers: Mapping[str, str]
    notes: Sequence[str]


def who_is_told(app: App, rule: Rule, subject: str, as_of: date) -> Told:
    """Work out who would be told. subject: its key, or an alert's reference.

    Raises AlertingError where the subject is neither in the data nor in the store, SourceError and StoreError as they come.
    """
    subject = look_up(app, rule, subject).subject
    policy = app.policy(with_draft(app.book, rule, rule))
    with look(app, [rule], as_of) as found:
        answers = ask_all(app.book, found, [rule])
        if answers.asked[rule.id].status == Status.error:
            raise AlertingError(f"{rule.code} cannot be asked: {answers.asked[rule.id].problem}")
        said = {finding.subject: finding for finding in answers.findings(rule.id)}
        today = work_out(app, policy, found, answers, rule.file.job)
        live = next((one for one in today.world.live if one.rule == rule.id and one.subject == subject), None)
        row = None if subject in said or rule.file.per else trace.read_row(found.snapshot, rule, subject)
    alert, gives = _alert(rule, subject, as_of, live, said.get(subject), row)
    told = _Told(app, rule, today.decision.router.directory, alert, as_of)
    return Told(
        rule=rule,
        subject=subject,
        as_of=as_of,
        gives=gives,
        team=told.team(),
        worker=today.decision.router.directory.name(alert.worker) or "none",
        levels={level: told.ways(level, alert.also) for level in told.all_levels()},
        named={level: told.named(level) for level in told.all_levels()},
        escalations=told.escalations(live),
        receivers=told.receivers(),
        notes=[*_notes(app, rule, today, live, gives), *told.restriction()],
    )


def _alert(
    rule: Rule, subject: str, as_of: date, live: Alert | None, finding: Finding | None, row: Mapping[str, Any] | None
) -> tuple[Alert, str]:
    """Return the alert there would be today, as `alert_of` does, and what the rule says. Raises AlertingError where there is none."""
    found = alert_of(rule, subject, as_of, live, finding, row)
    if found is None:
        raise AlertingError(
            f"there is no such {rule.file.per or rule.subject.title.lower()} in today's data, and no alert about one in the store",
            remedy="Give what alerts call their subject, such as a case number, or an alert's reference.",
        )
    if finding:
        return found, finding.level.name if finding.level else finding.outcome.value
    return found, "not asked" if row is not None else "absent"


def _notes(app: App, rule: Rule, today: Today, live: Alert | None, gives: str) -> list[str]:
    """Return what keeps an alert from being told today."""
    notes, quiet, asked = [], today.decision.today, today.evaluation.asked[rule.id]
    if gives not in Level.__members__:
        notes.append(f"Today the rule says {gives}, so nobody is told of it as new. This is who would be.")
    if rule not in app.book.rules:
        notes.append("The rule is not in use here.")
    if asked.status == Status.withheld:
        notes.append(f"The rule waits today: {asked.problem}.")
    brake = next((brake for brake in today.decision.brake_rows if brake.id == rule.id), None)
    if brake and brake.is_implausible:
        notes.append("More match it than can be right: nobody is told of any of its alerts until an administrator releases it.")
    elif brake:
        notes.append("A brake is on for this rule: nobody is told of new alerts until an administrator releases them.")
    ref = live.ref if live else ""
    if ref in quiet.silenced:
        notes.append(f"It is silenced {said(quiet.silenced[ref])}: it is counted and not told.")
    cover = next((one for one in today.decision.alerts if one.ref == quiet.covered.get(ref)), None)
    if cover:
        notes.append(f"It is covered by {cover.code} ({cover.ref}), so it is counted and not told.")
    return notes + (_of_live(live, rule, today.evaluation.as_of) if live else _of_none(rule, gives))


def _of_live(alert: Alert, rule: Rule, as_of: date) -> list[str]:
    notes = []
    if alert.condition == Condition.held:
        notes.append(f"The alert {alert.ref} is on hold ({alert.why_held}): it is told as on hold, and with no reminders.")
    elif alert.condition == Condition.pending:
        notes.append(
            f"The alert {alert.ref} is pending: nobody is told until it has matched {plural(rule.file.pending_for, 'run')} running."
        )
    put_off = handling_state.active_snooze(alert, as_of)
    if put_off and put_off.until:
        notes.append(f"It is {handling.KINDS[put_off.kind]} until {day(put_off.until)}: it is counted and not told.")
    for act in handling_state.active_acknowledgements(alert, as_of):
        notes.append(f"{act.by} has it in hand until {day(act.until or as_of)}, and is not reminded of it.")
    given = handling_state.active_assignment(alert)
    if given:
        notes.append(f"It was assigned to {given.assignee} by {given.by}, in place of whom the rule names first.")
    return notes


def _of_none(rule: Rule, gives: str) -> list[str]:
    if gives in Level.__members__ and rule.file.pending_for > 1:
        return [f"Nobody is told until it has matched {plural(rule.file.pending_for, 'run')} running."]
    return []


class _Told:
    """Asks the router about one alert, at each of its rule's levels."""

    def __init__(self, app: App, rule: Rule, directory: Directory, alert: Alert, as_of: date) -> None:
        self.app, self.rule, self.directory, self.alert, self.as_of = app, rule, directory, alert, as_of
        self.route: RuleRoute = routes_of((rule,))[rule.id]
        self.router = Router(directory, {rule.id: self.route})
        # As if it had waited for ever: everybody to whom it may be escalated.
        self.late = Router(directory, {rule.id: self.route}, lambda _: 10**6)

    def all_levels(self) -> list[Level]:
        return sorted(self.route.notify, reverse=True)

    def team(self) -> str:
        if self.router.is_of_service(self.alert):
            return f"none of its own: all teams of {self.router.team_name(self.alert)}"
        team = self.router.team(self.alert)
        if team is None:
            return f"{self.alert.team or 'none'}, which the directory does not have"
        if team.id != self.alert.team:
            return f"{team.name} ({team.id}), as the directory has no team {self.alert.team or 'for it'}"
        return f"{team.name} ({team.id})"

    def ways(self, level: Level, active: Sequence[str]) -> list[Way]:
        """Return the ways of a level: those of its own roles, then of the roles that join in."""
        asked = replace(self.alert, level=level)
        told = {recipient.person.id for recipient in self.router.recipients(replace(asked, also=tuple(self.rule.also)))}
        words = Vocabulary(self.rule)
        found = [way for role in self.route.notify[level] for way in self._ways(asked, role, told)]
        for role, compiled in self.rule.also.items():
            when = "" if role in active else f"when {words.sentence(compiled.term)}"
            found += [replace(way, when=when) for way in self._ways(asked, role, told)]
        return found

    def escalations(self, live: Alert | None) -> list[Way]:
        told = {recipient.person.id for recipient in self.late.recipients(self.alert)}
        found = []
        for days, role in self.route.escalate:
            when = f"{plural(days, 'working day')} after it is first seen"
            if live:
                starts = self.app.add_working_days(handling_state.escalation_start(live), days)
                when = f"{'since' if starts <= self.as_of else 'from'} {day(starts)}, unless it is on hold or acknowledged before"
            found += [replace(way, when=when) for way in self._ways(self.alert, role, told)]
        return found

    def named(self, level: Level) -> list[str]:
        """Return the roles of those who are told because a restricted record names them."""
        recipients = self.router.recipients(replace(self.alert, level=level))
        return [_role(recipient) for recipient in recipients if recipient.named]

    def restriction(self) -> list[str]:
        """Return whether the record is restricted, and to whom: by their roles, not their names."""
        if not self.route.child_level:
            return []
        if self.directory.restricted is None:
            return [NO_LIST]
        restriction = self._restricted()
        if restriction is None:
            return []
        roles = roles_of(self.directory, restriction.allowed)
        return [f"The record is restricted: only those it names are told ({roles}), and it is in no count."]

    def receivers(self) -> dict[str, str]:
        """Return what each receiver would be given."""
        job = dict(self.app.loaded.config.jobs)[self.rule.file.job]
        found = {}
        for name, (receiver, notifier) in self.app.receivers().items():
            if job.to is not None and name not in job.to:
                found[name] = f"nothing: the {self.rule.file.job} job does not use it"
            elif receiver.teams is None:
                found[name] = f"each of them, {notifier.ceiling.name}: {TIERS[notifier.ceiling]}"
            else:
                found[name] = self._channel(receiver.teams)
        return found

    def _channel(self, teams: frozenset[str]) -> str:
        if not self.route.channel:
            return "nothing: the rule is not counted in channels"
        if self.alert.team not in teams:
            return "nothing: it has no channel for this team"
        if self.route.child_level and (self.directory.restricted is None or self._restricted()):
            return "nothing: restricted records are in no count"
        return f"the team's channel, counts: {TIERS[Tier.counts].removeprefix('counts only: ')}"

    def _restricted(self) -> Restriction | None:
        return (self.directory.restricted or {}).get(self.alert.person or "")

    def _ways(self, alert: Alert, role: str, told: set[str]) -> list[Way]:
        return [self._way(alert, role, steps, told) for steps in self.router.paths(alert, role)]

    def _way(self, alert: Alert, role: str, steps: Sequence[Step], told: set[str]) -> Way:
        recipient = steps[-1].recipient
        path = tuple(self._step(alert, step) for step in steps)
        if recipient is None:
            return Way(role=role, path=path, person=None, why_not="nobody is there to be told")
        if recipient.person.id not in told:
            why_not = (
                "kept back, as the record is restricted" if self.route.child_level else "told only where no team has anybody"
            )
            return Way(role=role, path=path, person=None, why_not=why_not)
        return Way(role=role, path=path, person=recipient.person.name, direct=len(steps) == 1 and not steps[0].away)

    def _step(self, alert: Alert, step: Step) -> str:
        place = self.router.role_words(alert, step.role)
        if step.team:
            place = f"{place} of {step.team}"
        if step.worker is None:
            return f"{place}: {step.problem.words if step.problem else ''}"
        said = f"{place}: {self.directory.name(step.worker)}"
        for worker in step.away:
            cover = self.directory.cover[worker]
            until = f" until {day(cover.until)}" if cover.until else ""
            said += f", away{until}, covered by {self.directory.name(cover.by)}"
        return f"{said}, {'who ' if step.problem.about_somebody else ''}{step.problem.words}" if step.problem else said


def _role(recipient: Recipient) -> str:
    return label(recipient.person.role or "no role")
