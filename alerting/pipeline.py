"""The line itself: the only module that knows the order of the steps.

read -> judge -> evaluate -> lifecycle -> plan    one transaction commits alerts, their history and planned messages
deliver                                           afterwards, message by message, each attempt written down
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from alerting import brakes, evaluate, lifecycle, people, reporting, routing, trust
from alerting.archive import Archive, Manifest
from alerting.errors import ConfigError, SourceError
from alerting.evaluate import Evaluation
from alerting.lifecycle import RuleLife
from alerting.model import Alert, Finding, Level, Outcome, Transition
from alerting.planning import Planner
from alerting.reporting import Report
from alerting.routing import Router, RuleRoute
from alerting.rule import Rule
from alerting.rule_history import RuleHistory, changed_rules
from alerting.rulebook import Rulebook
from alerting.rulefile import Subject
from alerting.sending import LEASE, Clock, Sender
from alerting.snapshot import Snapshot, Source
from alerting.store import Changes, Store, Transaction
from alerting.trust import Trust

OWNERS = frozenset({"ssd_involvements", "ext_staff"})
"""The tables that say whose a case is: while one of them is not trusted, a case stays whose it was."""


@dataclass(kw_only=True)
class Pipeline:
    """One council's line, built by `app`."""

    book: Rulebook
    source: Source
    store: Store
    archive: Archive
    planner: Planner
    sender: Sender

    def run(self, job: str, as_of: date, clock: Clock, *, dry_run: bool = False) -> Report | None:
        """Run a job for a business date; None when another host has it.

        The same job and date again changes nothing and sends nothing, unless the data has changed. Raises StoreError,
        and ConfigError for a date before one that has been run: alerts do not live backwards.
        """
        latest = self.store.latest_run(job)
        if latest and latest["as_of"] > as_of and not dry_run:
            raise ConfigError(
                f"{job} has been run for {latest['as_of']} already; {as_of} lies before it",
                remedy="Give a later --as-of, or look back with --dry-run.",
            )
        report = Report(job=job, as_of=as_of, run=None)
        if dry_run:
            self._evaluate_and_plan(report, clock, dry_run=True)
            return report
        report.run = self.store.begin(job, as_of, self.sender.owner, clock(), LEASE)
        if report.run is None:
            return None
        try:
            self._evaluate_and_plan(report, clock, dry_run=False)
            with self._timed(report, "deliver"):
                report.problems += self.sender.send_all(clock)
            for state, count in self.sender.outbox.counts(report.run).items():
                name = {"planned": "deferred", "claimed": "deferred", "unknown": "failed"}.get(state, state)
                report.notifications[name] += count
            faults = report.problems or report.older or report.notifications["failed"] or report.notifications["deferred"]
            report.status = "done_with_faults" if faults or any(rule["problem"] for rule in report.rules) else "done"
        except Exception:
            self.store.end(report.run, job, as_of, "failed", report.as_json(), clock())
            raise
        self.store.end(report.run, job, as_of, report.status, report.as_json(), clock())
        return report

    # ------------------------------------------------------------------ read, judge, evaluate, commit, plan

    def _evaluate_and_plan(self, report: Report, clock: Clock, *, dry_run: bool) -> None:
        rules = [rule for rule in self.book.rules if rule.file.job == report.job]
        with Snapshot(report.as_of, self.book.settings) as snapshot:
            with self._timed(report, "read"):
                wanted = self.book.wanted(rules)
                self._read(snapshot, wanted)
                judged = trust.judge(snapshot, sorted(wanted), self.store.trusted_before(report.as_of))
                report.loaded_at, report.trusted = judged.loaded_at, not judged.problems
                report.problems = [f"{table} {problem}" for table, problem in judged.problems.items()] + reporting.unread(
                    snapshot
                )
            with self._timed(report, "evaluate"):
                withheld = judged.withheld((rule.id, rule.reads) for rule in rules)
                evaluation = evaluate.evaluate(self.book, snapshot, rules, withheld)
                directory = people.directory(snapshot)
                if "ext_restricted" in judged.problems:
                    # Half a list would let out what the other half confines.
                    directory = replace(directory, restricted=None)
            report.rules = reporting.rule_rows(evaluation, self.book, report.job)
            report.older = tuple(self.book.older.values())
            with self._timed(report, "lifecycle"):
                live = self.store.live()
                transitions = self._transitions(report, evaluation, live, owners_known=not OWNERS & judged.problems.keys())
                readings = evaluation.readings()
                report.problems += evaluation.problems
            if not dry_run:
                with self._timed(report, "keep"):
                    report.problems += self._keep(report, snapshot, evaluation, judged, directory, clock)
            tables = {name: (judged.rows.get(name), judged.problems.get(name)) for name in wanted}
        router = self._router(report, rules, directory)
        changes = Changes(
            transitions=transitions,
            readings=readings,
            tables=tables,
            versions={rule.id: rule.version for rule in self.book.rules},
        )
        now = clock()
        with self.store.transaction() as connection:
            if dry_run:
                written: list[Transition] = transitions
            else:
                with self._timed(report, "commit"):
                    written = self.store.commit(connection, report.run or 0, report.as_of, now, changes)
                    could = {id_ for id_, asked in evaluation.asked.items() if asked.status in ("ok", "off")}
                    RuleHistory(self.store).keep(connection, report.run or 0, report.as_of, now, self.book, could)
            alerts = _as_they_are_now(live, written, readings)
            reporting.count(report, alerts, written)
            with self._timed(report, "plan"):
                waiting = self._brake(connection, report, written, alerts)
                report.planned = self.planner.plan(connection, report, router, alerts, waiting)
                if dry_run:
                    report.notifications["planned"] = len(report.planned)
                else:
                    planned, _ = self.sender.outbox.plan(connection, report.run or 0, report.planned, now)
                    report.notifications["planned"] = planned

    def _keep(
        self,
        report: Report,
        snapshot: Snapshot,
        evaluation: Evaluation,
        judged: Trust,
        directory: people.Directory,
        clock: Clock,
    ) -> list[str]:
        """Keep what the rules were asked about, for trying changes on; what goes wrong with it stops nothing."""
        asked = evaluation.asked.values()
        run = Manifest(
            as_of=report.as_of,
            job=report.job,
            run=report.run or 0,
            untrusted=dict(judged.problems),
            withheld={result.rule.id: result.problem or "" for result in asked if result.status == "withheld"},
            rules={result.rule.id: result.rule.version for result in asked},
            teams={team.id: team.name for team in directory.teams.values()},
        )
        subjects = {result.rule.subject.id: result.rule.subject for result in asked if result.status in ("ok", "off")}
        versions = {id_: (subject, subject_version(self.book, subject)) for id_, subject in subjects.items()}
        kept = self.archive.keep(snapshot, run, versions)
        return kept + self.archive.forget(min(report.as_of, clock().date()))

    def _read(self, snapshot: Snapshot, wanted: Mapping[str, frozenset[str]]) -> None:
        try:
            self.source.read(wanted, snapshot)
        except SourceError as error:
            for table in wanted:
                snapshot.unreadable(table, error.problem)
        snapshot.settle(wanted, self.source)

    def _router(self, report: Report, rules: Sequence[Rule], directory: people.Directory) -> Router:
        held = self.store.held_spans({rule.id for rule in rules if rule.file.escalate})

        def waited(alert: Alert) -> int:
            return routing.waited(alert, report.as_of, held.get(alert.id or 0, ()), self.planner.working_days)

        return Router(directory, routes_of((*self.book.rules, *self.book.off)), waited)

    def _brake(
        self, connection: Transaction, report: Report, written: Sequence[Transition], alerts: Sequence[Alert]
    ) -> frozenset[str]:
        """Put on the brakes of rules with too many new alerts; give the references of all alerts that a brake keeps back."""
        on, limits = brakes.on(connection), brakes.limits(self.book)
        new = brakes.tripped(written, limits, {brake.rule for brake in on}, report.as_of)
        if report.run is not None:
            brakes.put_on(connection, new, report.run)
        every = [brake for brake in (*on, *new) if brake.rule in self.book.ids]
        if not every:
            return frozenset()
        waiting = brakes.untold(alerts, {brake.rule for brake in every}, brakes.told_of(connection))
        reporting.braked(report, every, waiting)
        return frozenset(alert.ref for alert in waiting)

    def _transitions(
        self, report: Report, evaluation: Evaluation, live: Sequence[Alert], *, owners_known: bool
    ) -> list[Transition]:
        as_of = report.as_of
        lives = {rule.id: life_of(rule) for rule in self.book.rules}
        moved = lifecycle.of_another_kind(live, {id_: life.subject_kind for id_, life in lives.items()}, as_of)
        ended = {transition.alert.id for transition in moved}
        live = [alert for alert in live if alert.id not in ended]
        by_id = {alert.id: alert for alert in live}
        changed, candidates = self._as_changed(evaluation, evaluation.compare(live))
        episodes = self.store.episodes((finding.rule, finding.subject) for id_, finding in candidates if id_ is None)
        transitions: list[Transition | None] = list(moved)
        for id_, finding in candidates:
            if id_ is None:
                episode = episodes.get((finding.rule, finding.subject), 0) + 1
                transitions.append(lifecycle.opened(finding, lives[finding.rule], episode, as_of))
            else:
                alert = by_id[id_]
                transitions.append(
                    lifecycle.advance(
                        alert, finding, lives[alert.rule], as_of, owners_known=owners_known, changed=alert.rule in changed
                    )
                )
        known = self.book.ids - {rule.id for rule in self.book.off}
        not_asked = {rule: asked.problem or asked.status for rule, asked in evaluation.asked.items() if asked.status != "ok"}
        not_asked |= {broken.id: f"the rule cannot be used: {broken.problem}" for broken in self.book.broken}
        transitions += [lifecycle.hold(alert, not_asked[alert.rule], as_of) for alert in live if alert.rule in not_asked]
        transitions += lifecycle.removed(live, dict.fromkeys(known), as_of)
        return [transition for transition in transitions if transition is not None]

    def _as_changed(
        self, evaluation: Evaluation, candidates: Sequence[tuple[int | None, Finding]]
    ) -> tuple[frozenset[str], list[tuple[int | None, Finding]]]:
        """Give the rules that ask otherwise than last time, and the findings where who they ask of no more is clear of them."""
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
        return changed, found

    @contextmanager
    def _timed(self, report: Report, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            report.timings[name] = report.timings.get(name, 0.0) + time.perf_counter() - started


def subject_version(book: Rulebook, subject: Subject) -> str:
    """Give a hash of a subject's file and of the views its SQL stands on."""
    views = [book.views[name] for name in book.views_for([subject.sql, subject.left_when or ""])]
    return hashlib.blake2b("\x1f".join([subject.model_dump_json(), *views]).encode(), digest_size=6).hexdigest()


def life_of(rule: Rule) -> RuleLife:
    """Give what lifecycle needs of a rule."""
    file = rule.file
    return RuleLife(
        id=rule.id,
        code=rule.code,
        subject_kind=rule.subject_kind,
        unit=rule.unit,
        pending_for=file.pending_for,
        keep_firing_for=file.keep_firing_for,
        version=rule.version,
    )


def routes_of(rules: Iterable[Rule]) -> dict[str, RuleRoute]:
    """Give what routing needs of rules, by their ids."""
    return {
        rule.id: RuleRoute(
            notify={Level[name]: roles for name, roles in rule.file.notify.items()},
            child_level=rule.about_child,
            # A service spans teams, so it stands in no one team's channel.
            channel=rule.file.channel and rule.file.per != "service",
            remind_every=rule.file.remind_every,
            title=rule.title,
            code=rule.code,
            escalate=[(step.after, step.to) for step in rule.file.escalate],
            inhibited_by=rule.file.inhibited_by,
        )
        for rule in rules
    }


def _as_they_are_now(live: Sequence[Alert], written: Iterable[Transition], readings: Iterable[tuple[Any, ...]]) -> list[Alert]:
    now = {alert.id: alert for alert in live}
    unsaved = []
    for transition in written:
        if transition.alert.id is None:
            unsaved.append(transition.alert)
        else:
            now[transition.alert.id] = transition.alert
    for id_, measure, due, facts in readings:
        if id_ in now:
            now[id_] = replace(now[id_], measure=measure, due=due, facts=json.loads(facts or "{}"))
    return [*now.values(), *unsaved]
