"""A draft against the rule in use, on one day's data: whom each alerts, and what today's messages would be. Nothing is kept.

The store is read for what people have been told, where there is one; the real routing plans the messages, and they end here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from alerting.alerts import lifecycle
from alerting.alerts.advance import life_of
from alerting.alerts.brakes import Brake
from alerting.app import App
from alerting.authoring.today import Today, look, work_out
from alerting.evaluation.day import ask_all
from alerting.evaluation.evaluation import Asked, Off, Status
from alerting.model import Condition, Finding, Outcome
from alerting.notifications.content import CardContent, DigestContent, Notification
from alerting.notifications.policy import Policy
from alerting.notifications.routing import Router
from alerting.rulebook.book import Rulebook
from alerting.rulebook.rule import Rule

TOO_MANY = 1 / 3
"""The share of its population beyond which a rule alerts about what is usual rather than about what is wrong."""
NOT_ASKED_ABOUT = "not asked about"


@dataclass(frozen=True, kw_only=True)
class Change:
    """A subject that the draft says something else about. kind: added, removed or level; before and after: level or outcome."""

    kind: str
    subject: str
    before: str
    after: str
    team: str


@dataclass(frozen=True, kw_only=True)
class Count:
    """How many alerts a team has, or somebody would be told of, under the rule in use and under the draft."""

    name: str
    before: int
    after: int


@dataclass(frozen=True, kw_only=True)
class Told:
    """One message that would go out, and how many items it would have by state: new, worse, reminder and so on."""

    receiver: str
    name: str
    states: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Messages:
    """What would be told today of the draft's alerts. waits: why a run would not ask it; brake: the brake that would keep it back.

    pending: matches that wait until they have lasted. confined: about a restricted child, and nobody who may know of it is there.
    unrouted: nobody on the staff was found for them. remembered: whether there is a store that says what people know already.
    """

    messages: tuple[Told, ...]
    waits: str | None
    brake: Brake | None
    pending: int
    confined: int
    unrouted: int
    remembered: bool


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a draft would do. before, after: how asking went; before is None where the draft is a new rule.

    warnings: what wants a second look before the draft counts.
    """

    draft: Rule
    in_use: Rule | None
    as_of: date
    before: Asked | None
    after: Asked
    changes: tuple[Change, ...]
    teams: tuple[Count, ...]
    people: tuple[Count, ...]
    today: Messages
    warnings: tuple[str, ...]


def preview(app: App, draft: Rule, in_use: Rule | None, as_of: date) -> Preview:
    """Ask a draft of a day's data, and beside it the rule in use where one is given. Raises SourceError and StoreError."""
    # Both are asked at once, so the one in use goes by another name.
    beside = replace(in_use, file=in_use.file.model_copy(update={"id": f"{in_use.id} in use"})) if in_use else None
    rules = [rule for rule in (draft, beside) if rule]
    policy = app.policy(with_draft(app.book, draft, in_use))
    with look(app, rules, as_of) as found:
        answers = ask_all(app.book, found, rules)
        said = {rule.id: {finding.subject: finding for finding in answers.findings(rule.id)} for rule in rules}
        asked, before_asked = answers.asked[draft.id], answers.asked[beside.id] if beside else None
        if beside:
            answers.forget(beside.id)
        today = work_out(app, policy, found, answers, draft.file.job)
    router = today.decision.router
    after, before = said[draft.id], said[beside.id] if beside else {}
    as_it_is = Router(router.directory, app.policy().routes)
    messages = _messages(draft, today)
    return Preview(
        draft=draft,
        in_use=in_use,
        as_of=as_of,
        before=before_asked,
        after=asked,
        changes=tuple(_changes(router, before, after)),
        teams=_counts(_teams(router, before), _teams(router, after)),
        people=_counts(
            _people(app.book, as_it_is, in_use, before.values(), as_of),
            _people(policy.book, router, draft, after.values(), as_of),
        ),
        today=messages,
        warnings=tuple(_warnings(policy, draft, in_use, asked, messages, after, router, as_of)),
    )


def with_draft(book: Rulebook, draft: Rule, in_use: Rule | None) -> Rulebook:
    """Return a rulebook in which a draft is in use, in place of the rule it stands for."""
    gone = {draft.id, in_use.id if in_use else draft.id}
    return replace(
        book,
        rules=(*(rule for rule in book.rules if rule.id not in gone), draft),
        off=tuple(rule for rule in book.off if rule.id not in gone),
        broken=tuple(broken for broken in book.broken if broken.id not in gone),
        ids=(book.ids - gone) | {draft.id},
    )


def _messages(draft: Rule, today: Today) -> Messages:
    """Return what a run of the day would send of the draft's alerts."""
    decision = today.decision
    mine = [alert for alert in decision.alerts if alert.rule == draft.id]
    told = (_told(draft, item) for item in decision.notifications if item.purpose == draft.file.job)
    waits = today.evaluation.asked[draft.id]
    brakes = [brake for brake in (*today.world.brakes, *decision.brakes) if brake.rule == draft.id]
    brake = max(brakes, key=lambda one: one.is_implausible, default=None)
    confined = [alert for alert in mine if decision.routes.get(alert.ref) == [] and decision.router.is_confined(alert)]
    return Messages(
        messages=tuple(one for one in told if one is not None),
        waits=waits.problem if waits.status == Status.withheld else None,
        brake=brake,
        pending=sum(alert.condition == Condition.pending for alert in mine),
        confined=sum(alert.condition != Condition.resolved for alert in confined),
        unrouted=sum(alert.rule == draft.id for alert in decision.unrouted),
        remembered=today.remembered,
    )


def _told(draft: Rule, notification: Notification) -> Told | None:
    """Return one message as far as it is about a draft; None where nothing in it is."""
    content, states = notification.content, Counter[str]()
    if isinstance(content, DigestContent):
        states.update(item.state.value for item in content.items if item.rule == draft.id)
    if isinstance(content, CardContent):  # a channel's card has counts only
        for line in (line for line in content.lines if line.rule == draft.code):
            states.update(new=line.new, open=line.open, cleared=line.cleared, held=line.held)
    told = {state: count for state, count in states.items() if count}
    return Told(receiver=notification.receiver, name=notification.name, states=told) if told else None


def _said(finding: Finding | None) -> str:
    if finding is None:
        return NOT_ASKED_ABOUT
    return finding.level.name if finding.level is not None else finding.outcome.value


def _changes(router: Router, before: Mapping[str, Finding], after: Mapping[str, Finding]) -> Iterable[Change]:
    """Return the subjects that match only before, only after, or at another level, the most serious first."""
    found = []
    for subject in sorted(before.keys() | after.keys()):
        old, new = before.get(subject), after.get(subject)
        was, now = old.level if old else None, new.level if new else None
        if was != now:
            kind = "added" if was is None else "removed" if now is None else "level"
            whose = new if now is not None else old
            team = _team_name(router, whose.team if whose else None)
            found.append(
                (kind, -(now or was or 0), Change(kind=kind, subject=subject, before=_said(old), after=_said(new), team=team))
            )
    return [change for _, _, change in sorted(found, key=lambda each: each[:2])]


def _team_name(router: Router, id_: str | None) -> str:
    team = router.directory.teams.get(id_ or "")
    return team.name if team else id_ or "no team"


def _teams(router: Router, said: Mapping[str, Finding]) -> Counter[str]:
    return Counter(_team_name(router, finding.team) for finding in said.values() if finding.level is not None)


def _people(book: Rulebook, router: Router, rule: Rule | None, said: Iterable[Finding], as_of: date) -> Counter[str]:
    """Count whom each match would be told to, were it new today."""
    if rule is None:
        return Counter()
    matches = [replace(finding, rule=rule.id) for finding in said if finding.outcome == Outcome.match]
    alerts = [lifecycle.open_alert(finding, life_of(rule, book), 1, as_of).alert for finding in matches]
    return Counter(recipient.person.name for alert in alerts for recipient in router.recipients(alert))


def _counts(before: Counter[str], after: Counter[str]) -> tuple[Count, ...]:
    counts = [Count(name=name, before=before[name], after=after[name]) for name in before.keys() | after.keys()]
    return tuple(sorted(counts, key=lambda count: (-count.after, -count.before, count.name)))


def _warnings(
    policy: Policy,
    draft: Rule,
    in_use: Rule | None,
    asked: Asked,
    today: Messages,
    after: Mapping[str, Finding],
    router: Router,
    as_of: date,
) -> Iterable[str]:
    matches = sum(asked.match.values())
    if today.waits:
        yield f"Today's run would not ask it: {today.waits}. Its alerts would be on hold."
    if asked.status is Status.off and asked.off is not Off.too_few:
        yield f"It is off: {asked.problem}. It tells nobody, and what it has open stays on hold."
    elif asked.status != "ok":
        yield f"It cannot be asked of this data: {asked.problem}. Its alerts would be on hold."
    if matches and not _people(policy.book, router, draft, after.values(), as_of):
        why = (
            "no list of restricted children was read (ext_restricted)"
            if router.directory.restricted is None
            else "nobody on the staff answers for them"
        )
        yield f"It would tell nobody: it alerts about {matches}, and {why}."
    elif today.unrouted:
        yield f"Nobody on the staff answers for {today.unrouted} of its alerts. Check ext_staff and ext_team."
    if not policy.receivers_of(draft.file.job):
        yield f"No receiver is set for {draft.file.job} messages, so it would tell nobody."
    if asked.population and matches > TOO_MANY * asked.population:
        share = round(100 * matches / asked.population)
        yield f"It alerts about {share} % of those it asks about ({matches} of {asked.population}). A list that long is not read."
    if today.brake and today.brake.is_implausible:
        yield "So many are not believed: nobody is told of any until `alerting rules release`, or until its `max_share` allows it."
    elif today.brake and today.brake.since == as_of:
        yield f"It has {today.brake.count} new alerts, beyond its brake: nobody is told of them until `alerting rules release`."
    elif today.brake:
        yield f"Its brake has been on since {today.brake.since}: nobody is told of new alerts until it is released."
    if in_use is not None and in_use.id != draft.id:
        yield f"Its id is another than that of the rule in use ({in_use.id}): those alerts would end as no longer checked, and all of these be new."
    if not asked.population and asked.status == "ok":
        yield "It asks about nobody: nothing meets its `where`."
