"""A draft against the rule in use, on one day's data: whom each alerts, and what today's messages would be. Nothing is kept.

The store is read for what people have been told, where there is one; the real routing plans the messages, and they end here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from alerting.alerts import brakes, lifecycle
from alerting.alerts.advance import OWNERS, life_of, working_days
from alerting.alerts.brakes import Brake
from alerting.app import App
from alerting.authoring.draft import load_data
from alerting.casedata.trust import Trust
from alerting.evaluation import evaluate
from alerting.evaluation.evaluate import Asked, Evaluation
from alerting.model import Alert, Condition, Finding, LastTold, Outcome, Reason
from alerting.notifications import directory as people
from alerting.notifications import inhibition, routing
from alerting.notifications.banners import Banners
from alerting.notifications.content import CardContent, DigestContent, Notification
from alerting.notifications.digests import Circumstances, compose_digests
from alerting.notifications.routing import Receiver, Router
from alerting.rulebook.loader import Rulebook
from alerting.rulebook.rule import Rule
from alerting.runs.pipeline import routes_of
from alerting.store.outbox import Outbox
from alerting.store.rule_versions import RuleHistory
from alerting.store.store import Store

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


@dataclass(frozen=True, kw_only=True)
class _Memory:
    """What the store knows: live alerts, and the draft's that have ended, by subject; what everybody was last told; the days
    that do not count for alerts; brakes; how rules were last asked.
    """

    live: Sequence[Alert] = ()
    ended: Mapping[str, Alert] = field(default_factory=dict)
    told: Mapping[tuple[str, str, str], LastTold] = field(default_factory=dict)
    held: Mapping[int, Sequence[tuple[date, date | None]]] = field(default_factory=dict)
    brakes: Sequence[Brake] = ()
    logic: Mapping[str, str] = field(default_factory=dict)
    there: bool = False


def preview(app: App, draft: Rule, in_use: Rule | None, as_of: date) -> Preview:
    """Ask a draft of a day's data, and beside it the rule in use where one is given. Raises SourceError and StoreError."""
    # Both are asked at once, so the one in use goes by another name.
    beside = replace(in_use, file=in_use.file.model_copy(update={"id": f"{in_use.id} in use"})) if in_use else None
    rules = [rule for rule in (draft, beside) if rule]
    with load_data(app, rules, as_of) as look:
        evaluation = evaluate.evaluate(app.book, look.snapshot, rules)
        directory = people.directory(look.snapshot)
        if "ext_restricted" in look.trust.doubted:
            directory = replace(directory, restricted=None)
        said = {rule.id: {finding.subject: finding for finding in evaluation.findings(rule.id)} for rule in rules}
        matching = [subject for subject, finding in said[draft.id].items() if finding.outcome == Outcome.match]
        memory = _memory(app, draft, matching)
        alerts = _alerts(app.book, evaluation, draft, memory, as_of, look.trust)

    def waited(alert: Alert) -> int:
        return routing.waited(alert, as_of, memory.held.get(alert.id or 0, ()), working_days(app.book))

    router = Router(directory, {**routes_of((*app.book.rules, *app.book.off)), **routes_of(rules)}, waited)
    asked = evaluation.asked[draft.id]
    after, before = said[draft.id], said[beside.id] if beside else {}
    today = _today(app, router, draft, memory, alerts, as_of, look.trust)
    return Preview(
        draft=draft,
        in_use=in_use,
        as_of=as_of,
        before=evaluation.asked[beside.id] if beside else None,
        after=asked,
        changes=tuple(_changes(router, before, after)),
        teams=_counts(_teams(router, before), _teams(router, after)),
        people=_counts(_people(app.book, router, beside, before, as_of), _people(app.book, router, draft, after, as_of)),
        today=today,
        warnings=tuple(_warnings(app, draft, in_use, asked, today, after, router, as_of)),
    )


def _memory(app: App, draft: Rule, matching: Sequence[str]) -> _Memory:
    """Read the store, without making one where there is none. matching: whom the draft alerts about today."""
    path = Path(app.store_url.removeprefix("sqlite:///"))
    if app.store_url.startswith("sqlite:///") and not path.is_file():
        return _Memory()
    store = Store.connect(app.store_url)
    try:
        if store.version() is None:
            return _Memory()
    finally:
        store.close()
    store = Store.open(app.store_url, create=False)
    try:
        held = store.held_spans({draft.id} if draft.file.escalate else set())
        live, logic = store.live(), RuleHistory(store).last_logic()
        last = store.last_ended((draft.id, subject) for subject in matching)
        ended = {subject: alert for (_, subject), alert in last.items()}
        with store.transaction() as connection:
            told = Outbox(store, domain=app.loaded.config.council.domain).last_told(connection)
            return _Memory(live=live, ended=ended, told=told, held=held, brakes=brakes.on(connection), logic=logic, there=True)
    finally:
        store.close()


def _alerts(book: Rulebook, evaluation: Evaluation, draft: Rule, memory: _Memory, as_of: date, trust: Trust) -> list[Alert]:
    """Return the alerts of the draft as they would be after a run: those of the store taken on, and new ones."""
    mine = {alert.id: alert for alert in memory.live if alert.rule == draft.id and alert.subject_kind == draft.subject.id}
    asked, life = evaluation.asked[draft.id], life_of(draft, book)
    if asked.status != "ok":
        problem = asked.problem or asked.status
        held = {alert.id: lifecycle.hold(alert, Reason.not_asked, as_of, detail=problem) for alert in mine.values()}
        return [found.alert if (found := held[id_]) else alert for id_, alert in mine.items()]
    changed = memory.logic.get(draft.id, draft.logic) != draft.logic
    owners_known = not OWNERS & trust.doubted
    candidates = [(id_, finding) for id_, finding in evaluation.compare(list(mine.values())) if finding.rule == draft.id]
    there: set[str] = set()
    if changed:
        # Whom a narrower rule does not ask about any more is clear of it, rather than missing from the data.
        there = evaluation.still_in_subject(
            draft, [finding.subject for _, finding in candidates if finding.outcome == Outcome.absent]
        )
    new: list[Alert] = []
    for id_, given in candidates:
        finding = replace(given, outcome=Outcome.clear) if given.subject in there and not given.left else given
        if id_ is None:
            last, days = memory.ended.get(finding.subject), working_days(book)
            step = lifecycle.begun(finding, life, last, as_of, days, owners_known=owners_known)
            new += [step.alert] if step else []
            continue
        found = lifecycle.advance(mine[id_], finding, life, as_of, owners_known=owners_known, changed=changed)
        mine[id_] = found.alert if found else mine[id_]
    return [*mine.values(), *new]


def _today(
    app: App, router: Router, draft: Rule, memory: _Memory, alerts: Sequence[Alert], as_of: date, trust: Trust
) -> Messages:
    """Plan the messages that a run of the day would send of the draft's alerts, by the real routing."""
    waits = trust.withheld([(draft.id, app.book.needs(draft))]).get(draft.id)
    known = {alert for _, _, alert in memory.told}
    new = [alert for alert in alerts if alert.id is None and alert.condition == Condition.firing]
    limit = brakes.limits(replace(app.book, rules=(draft,))).get(draft.id)
    brake = next((each for each in memory.brakes if each.rule == draft.id), None)
    if brake is None and limit is not None and len(new) > limit:
        brake = Brake(rule=draft.id, since=as_of, count=len(new))
    told_of = [alert for alert in alerts if brake is None or alert.ref in known]
    others = [alert for alert in memory.live if alert.rule != draft.id and alert.rule in router.rules]
    today = Circumstances(
        banners=Banners(router=router),
        purpose=draft.file.job,
        as_of=as_of,
        working_days=working_days(app.book),
        last_told=memory.told,
        covered=inhibition.covered([*told_of, *others], router.rules, lambda alert: bool(router.recipients(alert))).keys(),
    )
    planned = compose_digests(router, told_of, _receivers(app, draft.file.job), today)
    return Messages(
        messages=() if waits else tuple(_told(notification) for notification in planned.notifications),
        waits=waits,
        brake=brake,
        pending=sum(alert.condition == Condition.pending for alert in alerts),
        confined=planned.confined,
        unrouted=len(planned.unrouted),
        remembered=memory.there,
    )


def _receivers(app: App, job: str) -> list[Receiver]:
    chosen = getattr(app.loaded.config.jobs, job).to
    return [receiver for name, (receiver, _) in app.receivers().items() if chosen is None or name in chosen]


def _told(notification: Notification) -> Told:
    states, content = Counter[str](), notification.content
    if isinstance(content, DigestContent):
        states.update(item.state.value for item in content.items)
    if isinstance(content, CardContent):
        for line in content.lines:
            states.update(new=line.new, open=line.open, cleared=line.cleared, held=line.held)
    return Told(receiver=notification.receiver, name=notification.name, states=dict(+states))


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


def _people(book: Rulebook, router: Router, rule: Rule | None, said: Mapping[str, Finding], as_of: date) -> Counter[str]:
    """Count whom each match would be told to, were it new today."""
    if rule is None:
        return Counter()
    matches = [finding for finding in said.values() if finding.outcome == Outcome.match]
    alerts = [lifecycle.opened(finding, life_of(rule, book), 1, as_of).alert for finding in matches]
    return Counter(recipient.person.name for alert in alerts for recipient in router.recipients(alert))


def _counts(before: Counter[str], after: Counter[str]) -> tuple[Count, ...]:
    counts = [Count(name=name, before=before[name], after=after[name]) for name in before.keys() | after.keys()]
    return tuple(sorted(counts, key=lambda count: (-count.after, -count.before, count.name)))


def _warnings(
    app: App,
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
    if asked.status != "ok":
        yield f"It cannot be asked of this data: {asked.problem}. Its alerts would be on hold."
    if matches and not _people(app.book, router, draft, after, as_of):
        why = (
            "no list of restricted children was read (ext_restricted)"
            if router.directory.restricted is None
            else "nobody on the staff answers for them"
        )
        yield f"It would tell nobody: it alerts about {matches}, and {why}."
    elif today.unrouted:
        yield f"Nobody on the staff answers for {today.unrouted} of its alerts. Check ext_staff and ext_team."
    if not _receivers(app, draft.file.job):
        yield f"No receiver is set for {draft.file.job} messages, so it would tell nobody."
    if asked.population and matches > TOO_MANY * asked.population:
        share = round(100 * matches / asked.population)
        yield f"It alerts about {share} % of those it asks about ({matches} of {asked.population}). A list that long is not read."
    if today.brake and today.brake.since == as_of:
        yield f"It has {today.brake.count} new alerts, beyond its brake: nobody is told of them until `alerting rules release`."
    elif today.brake:
        yield f"Its brake has been on since {today.brake.since}: nobody is told of new alerts until it is released."
    if in_use is not None and in_use.id != draft.id:
        yield f"Its id is another than that of the rule in use ({in_use.id}): those alerts would end as no longer checked, and all of these be new."
    if not asked.population and asked.status == "ok":
        yield "It asks about nobody: nothing meets its `where`."
