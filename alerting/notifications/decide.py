"""What a run decides: what becomes of alerts, who is told what, and why others are not. Pure, and in one function.

The run, the dry run, a preview, a scenario and whoever asks who would be told call the same `decide`; the run then writes what it
decided in one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import chain

from alerting.alerts import brakes, handling, lifecycle
from alerting.alerts.advance import advance_alerts
from alerting.alerts.brakes import Brake
from alerting.alerts.handling_state import active_snooze
from alerting.evaluation.evaluation import Evaluation, Reading, Status
from alerting.model import Alert, Condition, LastTold, Level, Transition
from alerting.notifications import inhibition, notices, routing, silences, weekly
from alerting.notifications.administrators import administrators, tell_silence_authors
from alerting.notifications.banners import Banners
from alerting.notifications.channel_checks import channel_notices, plan_checks
from alerting.notifications.content import Addressee, Notice, Notification, StoppedRule
from alerting.notifications.digests import Circumstances, Plan, compose_digests
from alerting.notifications.fallback import last_told
from alerting.notifications.notices import Notices
from alerting.notifications.policy import Policy
from alerting.notifications.recipient_log import RecipientLog, log_recipients
from alerting.notifications.report import AlertCounts, BrakeRow, RuleRow, brake_rows, count_alerts, rule_rows, with_brakes
from alerting.notifications.routing import Recipient, Router
from alerting.notifications.silences import Silence
from alerting.notifications.world import ToldKey, World


@dataclass(frozen=True, kw_only=True)
class Decision:
    """All that a run decided, before anything of it is written."""

    job: str
    as_of: date
    transitions: tuple[Transition, ...]
    #: What today says of each live alert that still matches.
    readings: tuple[Reading, ...]
    #: Every alert that was live, and every new one, as it is now.
    alerts: tuple[Alert, ...]
    #: The brakes that this run puts on.
    brakes: tuple[Brake, ...]
    #: What keeps alerts quiet, what was told before, what every message says at its head.
    today: Circumstances
    #: Who each alert is for, told today or not, by its reference.
    routes: Mapping[str, Sequence[Recipient]]
    #: Alerts nobody could be told of.
    unrouted: tuple[Alert, ...]
    #: How many alerts about restricted records are told to nobody.
    confined: int
    notifications: tuple[Notification, ...]
    recipient_log: RecipientLog
    #: What those who look after the service must know.
    notices: Notices
    administrators: tuple[Addressee, ...]
    rules: tuple[RuleRow, ...]
    brake_rows: tuple[BrakeRow, ...]
    counts: AlertCounts
    #: Who answers for what today.
    router: Router


def decide(policy: Policy, job: str, world: World, evaluation: Evaluation, unkept: Sequence[str] = ()) -> Decision:
    """Decide a run. unkept: why the day's data could not be kept, for administrators."""
    transitions = advance_alerts(policy.book, evaluation, world.live, world.ended)
    alerts = _as_they_are_now(world.live, transitions, evaluation.readings)
    router = route(policy, world, evaluation)
    rows = rule_rows(evaluation, policy.book, job)
    on, tripped = _brakes(policy, world, evaluation, transitions)
    waiting = brakes.untold(alerts, {brake.rule for brake in on}, _known(world, alerts))
    kept_back = brake_rows(rows, on, waiting)
    today = _circumstances(policy, job, world, evaluation, router, alerts, waiting, rows)
    planned = _plan(policy, job, world, router, alerts, waiting, today) if _is_planned(job, evaluation) else Plan()
    told = _Told(
        policy=policy, job=job, world=world, evaluation=evaluation, router=router, alerts=alerts, waiting=_refs(waiting),
        rows=with_brakes(rows, kept_back), kept_back=kept_back, planned=planned,
    )  # fmt: skip
    return Decision(
        job=job,
        as_of=evaluation.as_of,
        transitions=tuple(transitions),
        readings=evaluation.readings,
        alerts=tuple(alerts),
        brakes=tuple(tripped),
        today=today,
        routes=planned.routes,
        unrouted=planned.unrouted,
        confined=planned.confined,
        notifications=(*planned.notifications, *told.of_the_week(today.banners), *told.to_silence_authors()),
        recipient_log=log_recipients(router, told.mine(), planned, today, told.waiting, planned=_is_planned(job, evaluation)),
        notices=told.notices(unkept),
        administrators=tuple(told.administrators),
        rules=told.rows,
        brake_rows=kept_back,
        counts=count_alerts(alerts, transitions),
        router=router,
    )


def route(policy: Policy, world: World, evaluation: Evaluation) -> Router:
    """Return who answers for what on the evaluation's day: today's directory, and how long each alert has waited."""
    working_days = policy.working_days_without(world.missed_days)
    escalating = {rule.id for rule in policy.book.rules if rule.file.escalate}

    def waited(alert: Alert) -> int:
        spans = world.held_spans.get(alert.ref, ()) if alert.rule in escalating else ()
        return routing.waited(alert, evaluation.as_of, spans, working_days)

    return Router(evaluation.directory, policy.routes, waited)


def _as_they_are_now(live: Iterable[Alert], transitions: Iterable[Transition], readings: Iterable[Reading]) -> list[Alert]:
    """Return the alerts there were and the new ones, as transitions and today's readings leave them."""
    now = {alert.ref: alert for alert in live} | {item.alert.ref: item.alert for item in transitions}
    for reading in readings:
        if reading.ref in now:
            facts = json.loads(reading.facts)
            now[reading.ref] = replace(now[reading.ref], measure=reading.measure, due=reading.due, facts=facts)
    return list(now.values())


# ---------------------------------------------------------------------- what was told before


def _last_told(world: World, alerts: Iterable[Alert], router: Router) -> dict[ToldKey, LastTold]:
    """Return what everybody was last told, by receiver, recipient and alert."""
    ended = {alert.ref for alert in chain(alerts, world.believed_open) if alert.condition == Condition.resolved}
    addresses = {id_: person.email for id_, person in router.directory.staff.items()}
    return last_told(world.told, ended, addresses, world.refused)


def _known(world: World, alerts: Iterable[Alert]) -> set[str]:
    """Return the alerts that somebody has been told of, and that have not ended and come back since."""
    return brakes.known_since_back(((ref, last.told_on) for (_, _, ref), last in world.told.items()), alerts)


def _believed_open(world: World, alerts: Iterable[Alert]) -> list[Alert]:
    """Return the alerts that have ended, and that somebody still believes open."""
    told = {ref for _, _, ref in world.told}
    ended = [alert for alert in alerts if alert.condition == Condition.resolved and alert.ref in told]
    again = {alert.ref for alert in alerts}
    return ended + [alert for alert in world.believed_open if alert.ref not in again]


# ---------------------------------------------------------------------- what is not told


def _brakes(
    policy: Policy, world: World, evaluation: Evaluation, transitions: Iterable[Transition]
) -> tuple[list[Brake], list[Brake]]:
    """Return the brakes that are on, and those of them that this run puts on."""
    asked, on = evaluation.has(Status.ok), {brake.rule for brake in world.brakes}
    tripped = brakes.tripped(policy.book, transitions, asked, on, evaluation.as_of, world.history, full=policy.full_go_live)
    return [brake for brake in (*world.brakes, *tripped) if brake.rule in policy.book.ids], tripped


def _circumstances(
    policy: Policy,
    job: str,
    world: World,
    evaluation: Evaluation,
    router: Router,
    alerts: Sequence[Alert],
    waiting: Sequence[Alert],
    rows: Sequence[RuleRow],
) -> Circumstances:
    """Return what decides how alerts are told today: what keeps them quiet, what was told before, what every head says."""
    as_of, loaded_at = evaluation.as_of, policy.in_its_zone(evaluation.trust.loaded_at)
    listed = _listed(alerts, waiting)
    silenced, told = silences.silenced(listed, world.silences), _last_told(world, alerts, router)

    def is_told(alert: Alert) -> bool:
        quiet = alert.ref in silenced or active_snooze(alert, as_of, loaded_at) is not None
        return not quiet and bool(router.recipients(alert))

    return Circumstances(
        banners=_banners(world, evaluation, router, rows),
        purpose=job,
        as_of=as_of,
        working_days=policy.working_days_without(world.missed_days),
        last_told=told,
        loaded_at=loaded_at,
        covered=inhibition.covered(listed, router.rules, is_told),
        silenced=silenced,
        backlog=world.backlog - {ref for _, _, ref in told},
        flapping=_refs(alert for alert in listed if _flaps(policy, alert, as_of) and alert.level < Level.critical),
        idle=_idle(policy, world, as_of),
    )


def _listed(alerts: Iterable[Alert], waiting: Iterable[Alert]) -> list[Alert]:
    """Return the alerts that are open, and that no brake keeps back."""
    kept_back = _refs(waiting)
    return [alert for alert in alerts if alert.condition != Condition.resolved and alert.ref not in kept_back]


def _refs(alerts: Iterable[Alert]) -> frozenset[str]:
    return frozenset(alert.ref for alert in alerts)


def _flaps(policy: Policy, alert: Alert, as_of: date) -> bool:
    """Return whether an alert comes and goes: managers are told of it in the weekly summary only, unless it is critical."""
    return lifecycle.is_flapping(alert.came_back, as_of, policy.working_days)


# ---------------------------------------------------------------------- what is told


def _is_planned(job: str, evaluation: Evaluation) -> bool:
    return job == "daily" or bool(evaluation.has(Status.ok))


def _plan(
    policy: Policy,
    job: str,
    world: World,
    router: Router,
    alerts: Sequence[Alert],
    waiting: Sequence[Alert],
    today: Circumstances,
) -> Plan:
    """Plan the lists of a run: to each person and channel that has something new to be told, all that is theirs."""
    mine = policy.every_rule_of(job)
    told_of = [*_listed(alerts, waiting), *_believed_open(world, alerts)]
    return compose_digests(router, [alert for alert in told_of if alert.rule in mine], policy.receivers_of(job), today)


def _banners(world: World, evaluation: Evaluation, router: Router, rows: Iterable[RuleRow]) -> Banners:
    return Banners(
        router=router,
        data=evaluation.trust.banners,
        stopped={row.id: row.code for row in rows if row.is_stopped},
        not_posted=world.cards_not_posted,
    )


def _idle(policy: Policy, world: World, as_of: date) -> Callable[[Alert, date], int]:
    """Return how the working days are counted on which an alert stood still: no reminder falls due by them."""

    def idle(alert: Alert, since: date) -> int:
        stretches = [(max(start, since), min(until or as_of, as_of)) for start, until in world.held_spans.get(alert.ref, ())]
        return sum(policy.working_days(start, until) for start, until in stretches)

    return idle


@dataclass(frozen=True, kw_only=True)
class _Told:
    """What is told beside the lists: the week, silences that end, and what those who look after the service must know."""

    policy: Policy
    job: str
    world: World
    evaluation: Evaluation
    router: Router
    alerts: Sequence[Alert]
    waiting: frozenset[str]
    rows: tuple[RuleRow, ...]
    kept_back: Sequence[BrakeRow]
    planned: Plan

    def mine(self) -> list[Alert]:
        """Return the alerts of the job's rules."""
        rules = self.policy.every_rule_of(self.job) & self.router.rules.keys()
        return [alert for alert in self.alerts if alert.rule in rules]

    @cached_property
    def administrators(self) -> list[Addressee]:
        return administrators(self.router, self.policy.administrators)

    @cached_property
    def ending(self) -> list[tuple[Silence, Notice]]:
        if self.job != "daily":
            return []
        return silences.ending(self.world.silences, self.alerts, self.policy.next_working_day(self.evaluation.as_of))

    def to_silence_authors(self) -> list[Notification]:
        return tell_silence_authors(self.router, self.policy.receivers_of(self.job), self.ending, self.administrators)

    def of_the_week(self, banners: Banners) -> list[Notification]:
        """Plan the weekly summaries, and the cards that ask whether cards are seen."""
        if self.job != "weekly":
            return []
        as_of, receivers, week = self.evaluation.as_of, self.policy.receivers_of("weekly"), self.world.week
        now = {alert.ref: alert for alert in week.recent} | {alert.ref: alert for alert in self.alerts}
        counted = [alert for alert in now.values() if alert.ref not in self.waiting]
        weeks = weekly.weeks_by_team(counted, self.router, as_of, week.first_day, lambda alert: _flaps(self.policy, alert, as_of))
        stopped = [row for row in (*week.daily_rules, *self.rows) if row.is_stopped]
        titles = self.policy.titles
        summaries = weekly.compose_summaries(
            self.router,
            weeks,
            receivers,
            as_of=as_of,
            not_run=[StoppedRule(title=titles.get(row.id, row.code), problem=row.problem or "") for row in stopped],
            banners=banners.for_everybody(),
        )
        return [*summaries, *plan_checks(self.router, receivers, as_of)]

    def notices(self, unkept: Sequence[str]) -> Notices:
        """Return what those who look after the service must know of today."""
        policy, evaluation, router, as_of = self.policy, self.evaluation, self.router, self.evaluation.as_of
        found = notices.keyed(
            [
                *notices.of_rules(self.rows),
                *notices.of_missed(self.world.missed),
                *notices.of_older_files(policy.book.older.values()),
                *notices.of_brakes(self.kept_back),
                *notices.of_data(evaluation.problems, evaluation.trust.releasable),
                *notices.of_unkept(unkept),
                *notices.of_alerts(self.alerts, self.planned.unrouted),
                *notices.of_restrictions(router),
            ]
        )
        if self.job == "daily":
            found |= notices.of_data_errors(handling.data_errors(self.alerts, as_of, policy.working_days))
        found |= notices.of_long_held(self.mine(), policy, as_of)
        if self.job == "weekly":
            found |= notices.of_gaps(router, self.alerts)
            found |= channel_notices(self.world.week.channels, router, as_of)
        return found | {f"silence {silence.id}": notice for silence, notice in self.ending}
