"""The line itself: the only module that knows the order of the steps.

read -> judge -> evaluate -> lifecycle -> plan    one transaction commits alerts, their history and planned messages
deliver                                           afterwards, message by message, each attempt written down
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from alerting.alerts import brakes, record_merges
from alerting.alerts.advance import OWNERS, Advance
from alerting.audit import verify
from alerting.casedata import person_merges, trust
from alerting.casedata.snapshot import Snapshot, Source
from alerting.casedata.trust import Trust
from alerting.delivery.bounces import Bounces
from alerting.delivery.sending import Clock, Sender
from alerting.errors import AlertingError, ConfigError, RunHeld, SourceError, StoreError
from alerting.evaluation import evaluate
from alerting.evaluation.archive import Archive, Manifest
from alerting.evaluation.evaluate import Evaluation
from alerting.model import Alert, Level, Transition
from alerting.notifications import directory as people
from alerting.notifications import report as reporting
from alerting.notifications import routing
from alerting.notifications.planning import Planner
from alerting.notifications.report import Report
from alerting.notifications.routing import Router, RuleRoute
from alerting.rulebook.file_models import Subject
from alerting.rulebook.loader import Rulebook
from alerting.rulebook.rule import Rule
from alerting.runs.heartbeat import Heartbeat
from alerting.store import load_history, send_hold
from alerting.store.job_leases import Claim, JobLeases
from alerting.store.rule_versions import RuleHistory
from alerting.store.store import Changes, Store, Transaction

_AGAIN_AFTER_S = (0.5, 3.0, 10.0, 30.0)
_SAID_IN_WRITING = ("rules", "alerts", "brakes", "planned", "notices", "administrators", "notifications")
"""What a report is told while a run writes; it is told anew where that is tried again."""


class _Stopped(Exception):
    """The service is told to stop before the run has written anything."""


@dataclass(frozen=True, kw_only=True)
class _Decided:
    """What a run is to write. live: the alerts as they were; tables: that were read; asked: the ids of rules that could be asked."""

    live: Sequence[Alert]
    changes: Changes
    router: Router
    judged: Trust
    tables: Collection[str]
    asked: set[str]


@dataclass(kw_only=True)
class Pipeline:
    """One council's line, built by `app`. full_go_live: what is open on a job's first day is told as new, not as a summary."""

    book: Rulebook
    source: Source
    store: Store
    archive: Archive
    planner: Planner
    sender: Sender
    bounces: Bounces
    heartbeat: Heartbeat
    full_go_live: bool = False

    def run(
        self, job: str, as_of: date, clock: Clock, *, dry_run: bool = False, stopping: Callable[[], bool] = lambda: False
    ) -> Report:
        """Run a job for a business date.

        The same job and date again changes nothing and sends nothing, unless the data has changed. stopping: asked before
        anything is written, and before each message; the run then ends as `stopped`, and another goes on from what it
        committed. Raises RunHeld when another process has the run, or took it over; StoreError; and ConfigError for a date
        before one that has been run: alerts do not live backwards.
        """
        latest = self.store.latest_run(job)
        if latest and latest["as_of"] > as_of and not dry_run:
            raise ConfigError(
                f"{job} has been run for {latest['as_of']} already; {as_of} lies before it",
                remedy="Give a later --as-of, or look back with --dry-run.",
            )
        report = Report(job=job, as_of=as_of, run=None)
        if dry_run:
            self._evaluate_and_plan(report, clock)
            return report
        leases = JobLeases(self.store)
        claim = leases.begin(job, as_of, self.sender.owner, clock())
        report.run = claim.run_id
        try:
            with leases.keep_renewed(claim) as go_on:
                self._run_claimed(report, clock, claim, go_on, stopping)
        except RunHeld:
            raise
        except BaseException as error:
            state = "stopped" if isinstance(error, KeyboardInterrupt) else "failed"
            why = error.problem if isinstance(error, AlertingError) else type(error).__name__
            leases.end(claim, state, report.as_json(), clock(), f"it {state}: {why}")
            raise
        note = "was stopped before it was done" if report.status == "stopped" else None
        leases.end(claim, report.status, report.as_json(), clock(), note)
        if job == "daily" and report.status != "stopped" and not report.breaches and report.hold_fire is None:
            silent = self.heartbeat.beat(clock())
            report.of_sending += silent
            report.problems += silent
            report.status = "done_with_faults" if silent else report.status
        return report

    def _run_claimed(
        self, report: Report, clock: Clock, claim: Claim, go_on: Callable[[], None], stopping: Callable[[], bool]
    ) -> None:
        def going_on() -> bool:
            go_on()
            return not stopping()

        def hold(connection: Transaction) -> None:
            JobLeases(self.store).hold(connection, claim)
            if stopping():
                raise _Stopped

        try:
            # Before anything is planned: what a dead sender left then counts as not sent, and can be superseded.
            self.sender.take_back()
            self._look_for_bounces(report, clock)
            self._evaluate_and_plan(report, clock, hold)
            with self._timed(report, "deliver"):
                self._send(report, clock, going_on)
                self._tell_administrators(report, clock, hold)
                self._send(report, clock, going_on)
        except _Stopped:
            report.status = "stopped"
            return
        report.problems += report.of_sending
        faults = (
            report.problems
            or report.older
            or report.breaches
            or report.hold_fire
            or report.notifications["failed"]
            or report.notifications["deferred"]
        )
        if stopping():
            report.status = "stopped"
        else:
            report.status = "done_with_faults" if faults or any(rule["problem"] for rule in report.rules) else "done"

    def _look_for_bounces(self, report: Report, clock: Clock) -> None:
        looked = self.bounces.read(clock)
        report.bounces = dict(looked.counts)
        report.of_sending += looked.problems

    def _send(self, report: Report, clock: Clock, going_on: Callable[[], bool]) -> None:
        problems = self.sender.send_all(clock, going_on)
        report.of_sending += [problem for problem in problems if problem not in report.of_sending]
        counts = dict.fromkeys(("accepted", "deferred", "failed", "cancelled"), 0)
        for state, count in self.sender.outbox.counts(report.run or 0).items():
            counts[{"planned": "deferred", "claimed": "deferred", "unknown": "failed"}.get(state, state)] += count
        report.notifications |= counts

    def _tell_administrators(self, report: Report, clock: Clock, hold: Callable[[Transaction], None]) -> None:
        """Prove from the store what the run did, and plan the message that says so, all clear included."""
        now, rules = clock(), {row["id"]: row["status"] for row in report.rules}
        current = verify.CurrentRun(run_id=report.run or 0, job=report.job, as_of=report.as_of, rules=rules)

        def write() -> None:
            with self.store.transaction() as connection:
                hold(connection)
                held = send_hold.find_hold(connection)
                report.hold_fire = str(held) if held else None
                found = verify.verify(connection, report.as_of, report.as_of, now, current=current)
                report.breaches = [str(each) for each in found.breaches]
                messages = self.planner.tell_administrators(connection, report)
                planned, _ = self.sender.outbox.plan(connection, report.run or 0, messages, now)
            report.planned += messages
            report.notifications["planned"] += planned

        # What is written again has the same key, and is in the outbox once.
        _stubbornly(write, is_kept=lambda: False)

    # ------------------------------------------------------------------ read, judge, evaluate, commit, plan

    def _evaluate_and_plan(self, report: Report, clock: Clock, hold: Callable[[Transaction], None] | None = None) -> None:
        """Do all up to delivery. hold: sees that the run may still be written; without it nothing is."""
        dry_run = hold is None
        if report.job == "daily":
            report.missed = [str(item) for item in JobLeases(self.store).missed_lately(report.as_of)]
        rules = [rule for rule in self.book.rules if rule.file.job == report.job]
        with Snapshot(report.as_of, self.book.settings) as snapshot:
            wanted = self.book.wanted(rules)
            with self._timed(report, "read"):
                judged = self._judge(report, snapshot, wanted)
            with self._timed(report, "evaluate"):
                withheld = judged.withheld((rule.id, self.book.needs(rule)) for rule in rules)
                evaluation = evaluate.evaluate(self.book, snapshot, rules, withheld)
                directory = people.directory(snapshot)
                if "ext_restricted" in judged.doubted:
                    # Half a list would let out what the other half confines.
                    directory = replace(directory, restricted=None)
            report.rules = reporting.rule_rows(evaluation, self.book, report.job)
            report.older = tuple(self.book.older.values())
            with self._timed(report, "lifecycle"):
                live = self.store.live()
                followed = self._follow(report, snapshot, evaluation, live)
                advanced = Advance(book=self.book, store=self.store).transitions(
                    evaluation, followed.live, report.as_of, owners_known=not OWNERS & judged.doubted
                )
                transitions = [*followed.transitions, *advanced]
                readings = evaluation.readings()
                report.problems += evaluation.problems
            if not dry_run:
                with self._timed(report, "keep"):
                    report.problems += self._keep(report, snapshot, evaluation, judged, directory, clock)
        decided = _Decided(
            live=live,
            changes=Changes(
                transitions=transitions, readings=readings, versions={rule.id: rule.version for rule in self.book.rules}
            ),
            router=self._router(report, rules, directory),
            judged=judged,
            tables=wanted.keys(),
            asked={id_ for id_, asked in evaluation.asked.items() if asked.status in ("ok", "off")},
        )
        said = {name: deepcopy(getattr(report, name)) for name in _SAID_IN_WRITING}

        def is_kept() -> bool:
            if self._is_kept(report):
                return True
            for name, value in deepcopy(said).items():
                setattr(report, name, value)
            return False

        _stubbornly(lambda: self._write(report, decided, clock(), hold), is_kept)

    def _write(self, report: Report, decided: _Decided, now: datetime, hold: Callable[[Transaction], None] | None) -> None:
        """Write what the run has decided and plan what it tells, as one transaction; without hold nothing is written."""
        with self.store.transaction() as connection:
            before = brakes.history(connection, report.job, report.as_of, self.source.identity())
            written = decided.changes.transitions
            if hold is not None:
                hold(connection)
                with self._timed(report, "commit"):
                    load_history.keep(connection, report.run or 0, report.as_of, now, decided.judged, decided.tables)
                    written = self.store.commit(connection, report.run or 0, report.as_of, now, decided.changes)
                    RuleHistory(self.store).keep(connection, report.run or 0, report.as_of, now, self.book, decided.asked)
            alerts = _as_they_are_now(decided.live, written, decided.changes.readings)
            reporting.count(report, alerts, written)
            with self._timed(report, "plan"):
                waiting = self._brake(connection, report, written, alerts, before, now)
                report.planned = self.planner.plan(connection, report, decided.router, alerts, waiting)
                self._put_out(connection, report, now, dry_run=hold is None)

    def _judge(self, report: Report, snapshot: Snapshot, wanted: Mapping[str, frozenset[str]]) -> Trust:
        """Read the wanted tables and judge which of them can be believed; the report is told."""
        self._read(snapshot, wanted)
        with self.store.transaction() as connection:
            past = load_history.past(connection, report.as_of)
        judged = trust.judge(snapshot, wanted, past)
        report.data, report.loaded_at, report.trusted = judged, judged.loaded_at, not judged.problems
        report.problems = [f"{table} {problem}" for table, problem in judged.problems.items()] + reporting.unread(snapshot)
        return judged

    def _put_out(self, connection: Transaction, report: Report, now: datetime, *, dry_run: bool) -> None:
        if dry_run:
            report.planned += self.planner.tell_administrators(connection, report)
            report.notifications["planned"] = len(report.planned)
        else:
            planned, _ = self.sender.outbox.plan(connection, report.run or 0, report.planned, now)
            report.notifications["planned"] = planned

    def _is_kept(self, report: Report) -> bool:
        with self.store.transaction() as connection:
            return report.run is not None and load_history.is_kept(connection, report.run)

    def _follow(
        self, report: Report, snapshot: Snapshot, evaluation: Evaluation, live: Sequence[Alert]
    ) -> record_merges.Followed:
        """Let alerts follow records that were merged, where the table that says so is trusted; of what is wrong in it, tell."""
        merged = person_merges.read(snapshot)
        trusted = report.data is not None and person_merges.TABLE not in report.data.doubted
        survivors = merged.survivors if trusted else {}
        followed = record_merges.follow(snapshot, evaluation, survivors, live, self.store, report.as_of)
        said = [said for said in (merged.problem(self.source), followed.problem) if said]
        report.problems += [f"{person_merges.TABLE}: {'; '.join(said)}"] if said and trusted else []
        return followed

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
        with self.store.transaction() as connection:
            working_days = self.planner.working_days_with_a_run(connection)

        def waited(alert: Alert) -> int:
            return routing.waited(alert, report.as_of, held.get(alert.id or 0, ()), working_days)

        return Router(directory, routes_of((*self.book.rules, *self.book.off)), waited)

    def _brake(
        self,
        connection: Transaction,
        report: Report,
        written: Sequence[Transition],
        alerts: Sequence[Alert],
        before: brakes.History,
        now: datetime,
    ) -> frozenset[str]:
        """Put on the brakes of rules with too many new alerts; give the references of all alerts that a brake keeps back."""
        on = brakes.on(connection)
        asked = {row["id"] for row in report.rules if row["status"] == "ok"}
        new = brakes.tripped(
            self.book, written, asked, {brake.rule for brake in on}, report.as_of, before, full=self.full_go_live
        )
        if report.run is not None:
            brakes.put_on(connection, new, report.run)
            brakes.remember_source(connection, self.source.identity(), now)
        every = [brake for brake in (*on, *new) if brake.rule in self.book.ids]
        if not every:
            return frozenset()
        waiting = brakes.untold(alerts, {brake.rule for brake in every}, brakes.told_of(connection))
        reporting.braked(report, every, waiting)
        return frozenset(alert.ref for alert in waiting)

    @contextmanager
    def _timed(self, report: Report, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            report.timings[name] = report.timings.get(name, 0.0) + time.perf_counter() - started


def subject_version(book: Rulebook, subject: Subject) -> str:
    """Return a hash of a subject's file and of the views its SQL stands on."""
    views = [book.views[name] for name in book.views_for([subject.sql, subject.left_when or ""])]
    return hashlib.blake2b("\x1f".join([subject.model_dump_json(), *views]).encode(), digest_size=6).hexdigest()


def routes_of(rules: Iterable[Rule]) -> dict[str, RuleRoute]:
    """Return what routing needs of rules, by their ids."""
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


def _stubbornly(write: Callable[[], None], is_kept: Callable[[], bool]) -> None:
    """Write what a run has decided, and again where the store was away or locked: the next run may be a day away.

    is_kept: asked before it is written again, as the store may have been gone before it could say that it had kept it.
    """
    try:
        return write()
    except RunHeld:
        raise
    except StoreError as error:
        last = error
    for wait in _AGAIN_AFTER_S:
        time.sleep(wait)
        try:
            return None if is_kept() else write()
        except RunHeld:
            raise
        except StoreError as error:
            last = error
    raise last


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
