"""What a run decides: what becomes of alerts, who is told what, and why others are not. Pure, and in one function.

The run, the dry run, a preview, a scenario and whoever asks who would be told call the same `decide`; the run then writes what it
decided in one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from alerting.alerts import brakes, handling, lifecycle
from alerting.alerts.advance import advance_alerts
from alerting.alerts.brakes import Brake
from alerting.alerts.handling_state import active_snooze
from alerting.casedata.catalogue import TABLES
from alerting.casedata.directory import Directory
from alerting.casedata.kept_directory import standing_directory
from alerting.casedata.said_cover import with_said_cover
from alerting.evaluation.evaluation import Evaluation, Off, Status
from alerting.model import About, Alert, Condition, LastTold, Level, Transition
from alerting.notifications import inhibition, notices, routing, silences, table_owners, unasked, weekly
from alerting.notifications.administrators import (
    administrators,
    tell_heads_of_service,
    tell_release_contact,
    tell_silence_authors,
)
from alerting.notifications.all_clear import compose_all_clear
from alerting.notifications.banners import Banners
from alerting.notifications.channel_checks import channel_notices, plan_checks
from alerting.notifications.content import Addressee, Notice, Notification
from alerting.notifications.decision import Decision
from alerting.notifications.digests import Circumstances, Plan, compose_digests
from alerting.notifications.fallback import last_told
from alerting.notifications.improvement_plan import compose_plan, stale_after
from alerting.notifications.notices import Notices
from alerting.notifications.policy import Policy
from alerting.notifications.recipient_log import RecipientLog, log_recipients
from alerting.notifications.report import BrakeRow, RuleRow, brake_rows, count_alerts, rule_rows, with_brakes
from alerting.notifications.routing import Router
from alerting.notifications.scorecard import Looked
from alerting.notifications.service_alerts import of_service_alerts
from alerting.notifications.silences import Silence
from alerting.notifications.team_card import compose_team_cards
from alerting.notifications.week_book import WeekBook
from alerting.notifications.week_content import PlanRow
from alerting.notifications.world import ToldKey, World


def decide(policy: Policy, job: str, world: World, evaluation: Evaluation, unkept: Sequence[str] = ()) -> Decision:
    """Decide a run. unkept: why the day's data could not be kept, for administrators."""
    run = _Run(policy=policy, job=job, world=world, evaluation=evaluation)
    return Decision(
        job=job,
        as_of=evaluation.as_of,
        transitions=tuple(run.transitions),
        readings=evaluation.readings,
        alerts=tuple(run.alerts),
        brakes=tuple(run.tripped),
        plausible_again=brakes.plausible_again(policy.book, evaluation.asked.values(), world.history.believed),
        today=run.today,
        routes=run.plan.routes,
        unrouted=run.plan.unrouted,
        confined=run.plan.confined,
        notifications=(
            *run.plan.notifications,
            *run.all_clear(),
            *run.of_the_week(),
            *run.of_brakes(),
            *run.to_silence_authors(),
            *run.to_table_owners(),
        ),
        is_planned=run.is_planned,
        recipient_log=run.recipient_log(),
        notices=run.notices(unkept),
        administrators=tuple(run.administrators),
        rules=with_brakes(run.rows, run.brake_rows),
        brake_rows=run.brake_rows,
        counts=count_alerts(run.alerts, run.transitions),
        router=run.router,
    )


@dataclass(frozen=True, kw_only=True)
class _Run:
    """One run as it is decided: what follows from what it is given, each worked out once, from the top down."""

    policy: Policy
    job: str
    world: World
    evaluation: Evaluation

    # ------------------------------------------------------------------ what becomes of alerts

    @cached_property
    def transitions(self) -> list[Transition]:
        return advance_alerts(self.policy.book, self.evaluation, self.world.live, self.world.ended)

    @cached_property
    def alerts(self) -> list[Alert]:
        """The alerts there were and the new ones, as transitions and today's readings leave them."""
        now = {alert.ref: alert for alert in self.world.live} | {item.alert.ref: item.alert for item in self.transitions}
        for reading in self.evaluation.readings:
            if reading.ref in now:
                facts = json.loads(reading.facts)
                now[reading.ref] = replace(now[reading.ref], measure=reading.measure, due=reading.due, facts=facts)
        return list(now.values())

    @cached_property
    def rows(self) -> tuple[RuleRow, ...]:
        return rule_rows(self.evaluation, self.policy.book, self.job)

    def of_the_job(self) -> list[Alert]:
        """Return the alerts of the job's rules."""
        rules = self.policy.every_rule_of(self.job)
        return [alert for alert in self.alerts if alert.rule in rules]

    # ------------------------------------------------------------------ who answers for what

    @cached_property
    def router(self) -> Router:
        """The directory that serves today, and how long each alert has waited."""
        working_days = self.policy.working_days_without(self.world.missed_days)
        escalating = {rule.id for rule in self.policy.book.rules if rule.file.escalate}

        def waited(alert: Alert) -> int:
            spans = self.world.held_spans.get(alert.ref, ()) if alert.rule in escalating else ()
            return routing.waited(alert, self.evaluation.as_of, spans, working_days)

        return Router(self.directory, self.policy.routes, waited)

    @cached_property
    def directory(self) -> Directory:
        """Who is who: today's directory, or the last good one, with the cover that people said."""
        evaluation, as_of = self.evaluation, self.evaluation.as_of
        stands = standing_directory(evaluation.directory, self.world.kept_directory, evaluation.trust.doubted, as_of)
        return with_said_cover(stands, self.world.cover, as_of)

    @cached_property
    def administrators(self) -> list[Addressee]:
        return administrators(self.router, self.policy.administrators)

    # ------------------------------------------------------------------ what is not told

    @cached_property
    def tripped(self) -> list[Brake]:
        """The brakes that this run puts on."""
        book, evaluation, history = self.policy.book, self.evaluation, self.world.history
        doubted = {brake.rule for brake in self.world.brakes if brake.is_implausible}
        braked = {brake.rule for brake in self.world.brakes if not brake.is_implausible}
        full, asked = self.policy.full_go_live, evaluation.has(Status.ok)
        return [
            *brakes.tripped(book, self.transitions, asked, braked, evaluation.as_of, history, full=full),
            *brakes.implausible(book, evaluation.asked.values(), doubted, history.believed, evaluation.as_of),
        ]

    @cached_property
    def on(self) -> list[Brake]:
        """The brakes that are on, of rules that there are."""
        return [brake for brake in (*self.world.brakes, *self.tripped) if brake.rule in self.policy.book.ids]

    @cached_property
    def waiting(self) -> list[Alert]:
        """The alerts that a brake keeps back."""
        untold = brakes.untold(self.alerts, self.on, self.known)
        return [alert for alert in untold if alert.level < Level.critical or alert.rule not in self.not_waited_for]

    @cached_property
    def known(self) -> Set[str]:
        """The references of the alerts that somebody has been told of, and that have not ended and come back since."""
        told = ((ref, last.told_on) for (_, _, ref), last in self.world.told.items())
        return brakes.known_since_back(told, self.alerts)

    @cached_property
    def not_waited_for(self) -> Set[str]:
        """The rules whose critical alerts wait no longer for somebody to release a brake."""
        return brakes.not_waited_for(self.on, self.policy.book, self.evaluation.as_of, self.policy.working_days)

    @cached_property
    def doubted(self) -> frozenset[str]:
        """The rules that are implausible, and that nobody has released."""
        return frozenset(brake.rule for brake in self.on if brake.is_implausible)

    @cached_property
    def unattended(self) -> list[Brake]:
        """The brakes that nobody has released since the working day before."""
        return brakes.unattended(self.on, self.evaluation.as_of, self.policy.working_days)

    @cached_property
    def kept_back(self) -> frozenset[str]:
        """The references of the alerts that a brake keeps back."""
        return frozenset(alert.ref for alert in self.waiting)

    @cached_property
    def brake_rows(self) -> tuple[BrakeRow, ...]:
        columns = {rule.id: self.evaluation.trust.columns_of(self.policy.book.needs(rule)) for rule in self.policy.book.rules}
        return brake_rows(self.rows, self.on, self.waiting, columns)

    @cached_property
    def listed(self) -> list[Alert]:
        """The alerts that are open, and that no brake keeps back."""
        return [alert for alert in self.alerts if alert.condition != Condition.resolved and alert.ref not in self.kept_back]

    def flaps(self, alert: Alert) -> bool:
        """Return whether an alert comes and goes: managers are told of it in the weekly summary only, unless it is critical."""
        return lifecycle.is_flapping(alert.came_back, self.evaluation.as_of, self.policy.working_days)

    @cached_property
    def held_since(self) -> dict[str, date]:
        """Since when the first of each rule's alerts is on hold, by the rule's id."""
        held = [(alert.rule, alert.held_since) for alert in self.alerts if alert.held_since is not None]
        return {rule: min(since for mine, since in held if mine == rule) for rule in {rule for rule, _ in held}}

    # ------------------------------------------------------------------ what is told

    @cached_property
    def last_told(self) -> dict[ToldKey, LastTold]:
        """What everybody was last told, by receiver, recipient and alert."""
        ended = {alert.ref for alert in (*self.alerts, *self.believed_open()) if alert.condition == Condition.resolved}
        addresses = {id_: person.email for id_, person in self.router.directory.staff.items()}
        return last_told(self.world.told, ended, addresses, self.world.refused)

    @property
    def unread(self) -> dict[str, frozenset[str]]:
        """What the rules that wait for their data wait for, as managers call it."""
        waiting, doubted = self.evaluation.has(Status.withheld), self.evaluation.trust.problems.keys()
        needed = {rule.id: self.policy.book.needs(rule) & doubted for rule in self.policy.book.rules if rule.id in waiting}
        return {id_: frozenset(TABLES[name.partition(".")[0]].words for name in names) for id_, names in needed.items()}

    @property
    def unasked(self) -> Mapping[str, str]:
        """What the managers of teams are told of none of whose rules could be asked today, by their id."""
        if self.job != "daily":
            return {}
        return unasked.sentences(self.router, self.rows, self.unread, self.policy.case_services)

    @cached_property
    def today(self) -> Circumstances:
        """What decides how alerts are told: what keeps them quiet, what was told before, what every message says at its head."""
        as_of, loaded_at = self.evaluation.as_of, self.policy.in_its_zone(self.evaluation.trust.loaded_at)
        silenced = silences.silenced(self.listed, self.world.silences)

        def is_told(alert: Alert) -> bool:
            quiet = alert.ref in silenced or active_snooze(alert, as_of, loaded_at) is not None
            return not quiet and bool(self.router.recipients(alert))

        return Circumstances(
            banners=Banners(
                router=self.router,
                data=self.evaluation.trust.banners,
                stopped={row.id: row.code for row in self.stopped},
                records=self.unread,
                since=self.held_since,
                doubted={row.id: row.code for row in self.rows if row.id in self.doubted},
                as_of=as_of,
                not_posted=self.world.cards_not_posted,
                unasked=self.unasked,
            ),
            purpose=self.job,
            as_of=as_of,
            working_days=self.policy.working_days_without(self.world.missed_days),
            by_calendar=self.policy.working_days,
            last_told=self.last_told,
            loaded_at=loaded_at,
            covered=inhibition.covered(self.listed, self.router.rules, is_told),
            silenced=silenced,
            new_silences=self.world.new_silences if self.job == "daily" else (),
            backlog=self.world.backlog - {ref for _, _, ref in self.last_told},
            flapping=frozenset(alert.ref for alert in self.listed if self.flaps(alert) and alert.level < Level.critical),
            idle=self.idle,
            doubted=tuple(alert for alert in self.waiting if alert.rule in self.doubted),
            unchecked=frozenset(alert.ref for alert in self.listed if self.is_unchecked(alert)),
            budget=int(self.policy.number("alert_budget", 10)),
            administrators=frozenset(one.id for one in self.administrators),
            cards=compose_team_cards(self.evaluation.measures, self.world.months, self.directory.teams, as_of),
            quiet=self.policy.quiet(self.job, self.world.last_heard, self.world.preferences),
        )

    @property
    def put_off(self) -> frozenset[str]:
        """The references of the alerts that somebody has put off, of a day: in a job of few rules it may well be all there is."""
        of_day = self.listed if self.job == "daily" else []
        return frozenset(alert.ref for alert in of_day if active_snooze(alert, self.evaluation.as_of, self.today.loaded_at))

    def is_unchecked(self, alert: Alert) -> bool:
        """Return whether an alert is told although the brake of its rule keeps such back, and nobody has looked.

        What was told before the brake came on is no more in doubt than it was.
        """
        if alert.level < Level.critical or alert.rule not in self.not_waited_for:
            return False
        mine = [brake for brake in self.on if brake.rule == alert.rule]
        return alert.ref not in self.known or any(brakes.began_under(brake, alert) for brake in mine)

    @cached_property
    def stopped(self) -> tuple[RuleRow, ...]:
        """The rules that could not do their work, and those off for want of a table, as far as there are alerts that wait for it."""
        wait = {alert.rule for alert in self.alerts if alert.condition is not Condition.resolved}
        return tuple(row for row in self.rows if row.is_stopped or (row.off is Off.not_supplied and row.id in wait))

    def idle(self, alert: Alert, since: date) -> int:
        """Return the working days since a day on which an alert stood still: no reminder falls due by them."""
        as_of, spans = self.evaluation.as_of, self.world.held_spans.get(alert.ref, ())
        return sum(self.policy.working_days(max(start, since), min(until or as_of, as_of)) for start, until in spans)

    @property
    def is_planned(self) -> bool:
        """Whether there is anything to plan by."""
        return self.job == "daily" or bool(self.evaluation.has(Status.ok))

    @cached_property
    def plan(self) -> Plan:
        """The lists of the run: to each person and channel that has something new to be told, all that is theirs."""
        if not self.is_planned:
            return Plan()
        mine = self.policy.every_rule_of(self.job)
        told_of = [alert for alert in (*self.listed, *self.believed_open()) if alert.rule in mine]
        return compose_digests(self.router, told_of, self.policy.receivers_of(self.job), self.today)

    def all_clear(self) -> list[Notification]:
        """Plan what those are told of whom nothing is open, where the council wants that."""
        receivers, looked_at = self.policy.receivers_of(self.job), self.evaluation.looked_at if self.job == "daily" else None
        return compose_all_clear(self.router, receivers, self.alerts, self.plan.notifications, looked_at, self.today)

    def believed_open(self) -> list[Alert]:
        """Return the alerts that have ended, and that somebody still believes open; of a rule that is implausible they go on to."""
        told = {ref for _, _, ref in self.world.told}
        ended = [alert for alert in self.alerts if alert.condition == Condition.resolved and alert.ref in told]
        again = {alert.ref for alert in self.alerts}
        ended += [alert for alert in self.world.believed_open if alert.ref not in again]
        return [alert for alert in ended if alert.rule not in self.doubted]

    def of_the_week(self) -> list[Notification]:
        """Plan the weekly summaries, and the cards that ask whether cards are seen."""
        if self.job != "weekly":
            return []
        as_of, receivers, week = self.evaluation.as_of, self.policy.receivers_of("weekly"), self.world.week
        now = {alert.ref: alert for alert in week.recent} | {alert.ref: alert for alert in self.alerts}
        counted = [alert for alert in now.values() if not (alert.ref in self.kept_back or alert.rule in self.doubted)]
        doubted = {rule.id: rule.code for rule in self.policy.book.rules if rule.id in self.doubted}
        banners = replace(self.today.banners, doubted=doubted)
        # How many are late is not told either of a rule of which somebody must look first.
        watch = self.evaluation.watch.without({brake.rule for brake in self.on}) if self.evaluation.watch else None
        rows = (*week.daily_rules, *with_brakes(self.rows, self.brake_rows))
        stopped = [row for row in rows if row.is_stopped]
        book = WeekBook(
            router=self.router,
            alerts=tuple(counted),
            looked=Looked(
                as_of=as_of,
                asked_since=week.asked_since,
                watch=weekly.look_of(self.router, watch),
                targets=self.policy.targets,
                title=lambda rule: self.policy.titles.get(rule, rule),
                flapping=self.flaps,
            ),
            service=self.evaluation.figures,
            working_days=self.policy.working_days,
            about_data=frozenset(id_ for id_, route in self.policy.routes.items() if route.code.startswith("DQ-")),
            stopped=len(stopped),
        )
        summaries = weekly.compose_summaries(
            self.router,
            weekly.readers_of(self.router, self.policy.leadership),
            book,
            receivers,
            as_of=as_of,
            stopped=weekly.that_could_not_run(stopped, self.unread, self.policy.titles),
            off=rows,
            case_services=self.policy.case_services,
            asked=len({row.id for row in rows if row.has_answered}),
            braked=len({alert.rule for alert in self.waiting}),
            watch=watch,
            banners=banners.for_everybody(),
            plan=self.plan_rows(frozenset(doubted.values())),
        )
        cards = weekly.compose_cards(self.router, book.all_weeks, receivers, banners.for_channel(), as_of)
        return [*summaries, *cards, *plan_checks(self.router, receivers, as_of)]

    def plan_rows(self, implausible: Set[str]) -> tuple[PlanRow, ...]:
        """Return the improvement plan. implausible: the codes of the rules that measure nothing, as more match than can be right."""
        actions, stale_days = self.evaluation.plan or (), stale_after(self.policy.book.rules)
        return compose_plan(actions, self.of_the_plan(), self.directory, self.evaluation.as_of, stale_days, implausible)

    def of_the_plan(self) -> list[Alert]:
        """Return the open alerts about actions of the improvement plan."""
        routes = self.policy.routes
        return [alert for alert in self.listed if alert.rule in routes and routes[alert.rule].about is About.action]

    def recipient_log(self) -> RecipientLog:
        """Return whom each open alert of the job is for, and why they are not told."""
        receivers, mine = self.policy.receivers_of(self.job), self.of_the_job()
        return log_recipients(
            self.router, mine, self.plan, self.today, self.kept_back, planned=self.is_planned, receivers=receivers
        )

    @cached_property
    def ending(self) -> list[tuple[Silence, Notice]]:
        """The silences that are about to end, with what to tell whoever made them."""
        if self.job != "daily":
            return []
        return silences.ending(self.world.silences, self.alerts, self.policy.next_working_day(self.evaluation.as_of))

    def of_brakes(self) -> list[Notification]:
        """Plan what is told of brakes to others than administrators: to a second contact, and to heads of service of what is critical."""
        mine, receivers = {brake.rule for brake in self.unattended}, self.policy.receivers_of(self.job)
        rows = [row for row in self.brake_rows if row.id in mine]
        implausible = [row for row in self.brake_rows if row.is_implausible]
        return [
            *tell_release_contact(self.router, receivers, rows, self.doubted_long, self.administrators),
            *tell_heads_of_service(self.router, receivers, implausible, self.waiting, self.administrators),
        ]

    @property
    def doubted_long(self) -> Mapping[str, date]:
        """Since when each table is doubted that nobody has released for a working day."""
        as_of, releasable = self.evaluation.as_of, self.evaluation.trust.releasable
        waiting = {about.partition(".")[0] for about in releasable} if self.job == "daily" else set()
        since = {table: day for table, day in self.world.doubted_since.items() if table in waiting}
        return {table: day for table, day in since.items() if self.policy.working_days(day, as_of) >= 1}

    def to_silence_authors(self) -> list[Notification]:
        """Plan what is told to those who made the silences that are about to end."""
        return tell_silence_authors(self.router, self.policy.receivers_of(self.job), self.ending, self.administrators)

    def to_table_owners(self) -> list[Notification]:
        """Plan what is told to those who keep tables by hand that stand still."""
        receivers, problems = self.policy.receivers_of(self.job), self.evaluation.problems
        return table_owners.tell_owners(self.router, receivers, problems, self.policy.table_owners, self.administrators)

    def notices(self, unkept: Sequence[str]) -> Notices:
        """Return what those who look after the service must know of today."""
        policy, evaluation, as_of = self.policy, self.evaluation, self.evaluation.as_of
        found = notices.keyed(
            [
                *notices.of_rules(with_brakes(self.stopped, self.brake_rows), evaluation.problems),
                *notices.of_not_supplied(evaluation.asked.values(), evaluation.trust.not_supplied),
                *(notices.of_nothing_asked(self.rows) if self.rows or self.job == "daily" else ()),
                *notices.of_silence(self.of_the_job(), self.today.silenced, self.put_off),
                *notices.of_kept_directory(evaluation.trust.doubted, evaluation.directory, self.world.kept_directory),
                *notices.of_receivers(policy.receivers_of(self.job)),
                *notices.of_missed(self.world.missed),
                *notices.of_older_files(policy.book.older.values()),
                *notices.of_departures(policy.book),
                *notices.of_brakes(self.brake_rows),
                *notices.of_changes_by_hand(evaluation.trust),
                *notices.of_data(evaluation.problems, evaluation.trust.releasable),
                *table_owners.of_unknown_owners(self.router, evaluation.problems, policy.table_owners),
                *notices.of_unreadable(self.world.unreadable),
                *notices.of_unkept(unkept),
                *notices.of_alerts(self.alerts, self.plan.unrouted, {ref for ref, people in self.plan.routes.items() if people}),
                *notices.of_services(self.router, self.of_the_job()),
                *of_service_alerts(
                    self.of_the_job(), evaluation.problems, self.stopped, {rule.id: rule for rule in policy.book.rules}
                ),
                *notices.of_budget(self.plan.notifications, self.policy.routes),
            ]
        ) | notices.of_restrictions(evaluation.trust)
        if self.job == "daily":
            receivers = policy.receivers_of(self.job)
            found |= notices.of_managers(self.router, self.alerts, evaluation.teams, receivers, self.world.refused)
            found |= notices.of_data_errors(handling.data_errors(self.alerts, as_of, policy.working_days))
        found |= notices.of_long_held(self.of_the_job(), policy, as_of)
        if self.job == "weekly":
            found |= notices.of_gaps(self.router, self.alerts)
            found |= channel_notices(self.world.week.channels, self.router, as_of)
        return found | {f"silence {silence.id}": notice for silence, notice in self.ending}
