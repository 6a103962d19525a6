"""The line itself: the only module that knows the order of the steps.

read -> judge -> evaluate -> decide -> write     one transaction keeps alerts, their history and planned messages
deliver                                          afterwards, message by message, each attempt written down
prove                                            from the store, that every promise was kept, and tell who looks after it
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from alerting.audit import verify
from alerting.casedata.snapshot import Source
from alerting.casedata.trust import Past
from alerting.config import Retention
from alerting.delivery.bounces import Bounces
from alerting.delivery.sending import Clock, Sender
from alerting.errors import AlertingError, ConfigError, RunHeld, StoreError
from alerting.evaluation import day
from alerting.evaluation.archive import Archive, Manifest
from alerting.evaluation.day import Day
from alerting.evaluation.evaluation import Evaluation
from alerting.logs import Entry, Event, Log, not_logged
from alerting.model import Problem, Reach
from alerting.notifications.admin_digest import compose_admin_digest, daily_keys
from alerting.notifications.content import Notification
from alerting.notifications.decide import decide
from alerting.notifications.decision import Decision
from alerting.notifications.policy import Policy
from alerting.notifications.report import Report, Sending
from alerting.notifications.world import World
from alerting.runs.heartbeat import Heartbeat
from alerting.store import acts, load_history, retention, seals, unreadable_rows
from alerting.store.decisions import DecisionWriter
from alerting.store.job_leases import Claim, JobLeases
from alerting.store.messages import send_hold
from alerting.store.messages.content_json import texts_of
from alerting.store.patience import write_patiently
from alerting.store.store import Store, Transaction
from alerting.store.world import read_aftermath, read_before, read_world

_AGAIN_AFTER_S = (0.5, 3.0, 10.0, 30.0)
"""After so long what a run decided is written again: the next run may be a day away."""


class _Stopped(Exception):
    """The service is told to stop before the run has written anything."""


@dataclass(frozen=True, kw_only=True)
class _Run:
    """One run of a job on a day, as it goes on. timings: seconds that each step took."""

    job: str
    as_of: date
    clock: Clock
    #: None for a dry run.
    claim: Claim | None = None
    #: The moment by which what the data says is measured; None for the time of `ask_at` in the settings.
    run_at: datetime | None = None
    #: Sees, within a transaction, that this run may still be written.
    hold: Callable[[Transaction], None] = lambda _: None
    timings: dict[str, float] = field(default_factory=dict)
    log: Log = not_logged
    #: What was decided, the last word last: what a run that comes to no end has done by then.
    made: list[_Decided] = field(default_factory=list)

    @property
    def is_of_the_week(self) -> bool:
        """Whether its summaries say at what every rule looks, so that all are asked."""
        return self.job == "weekly"

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - started
            self.timings[name] = self.timings.get(name, 0.0) + took
            run_id = self.claim.run_id if self.claim else None
            self.log(Entry(event=Event.step_ended, job=self.job, as_of=self.as_of, run=run_id, step=name, seconds=took))


@dataclass(frozen=True, kw_only=True)
class _Decided:
    """What the data said, what was decided by it, and how many of the messages are new in the outbox."""

    evaluation: Evaluation
    decision: Decision
    missed: tuple[str, ...]
    unkept: tuple[str, ...] = ()
    planned: int = 0


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """One council's line, built by `app`."""

    policy: Policy
    source: Source
    store: Store
    archive: Archive
    sender: Sender
    bounces: Bounces
    heartbeat: Heartbeat
    retention: Retention
    #: By the day a request was made, the last on which it may be approved.
    last_day_of_request: Callable[[date], date]

    def run(
        self,
        job: str,
        as_of: date,
        clock: Clock,
        *,
        dry_run: bool = False,
        stopping: Callable[[], bool] = lambda: False,
        again: bool = False,
        log: Log = not_logged,
    ) -> Report:
        """Run a job for a business date.

        The same job and date again changes nothing and sends nothing, unless the data has changed. stopping: asked before
        anything is written, and before each message; the run then ends as `stopped`, and another goes on from what it
        committed. again: the day is done once more, and what the data says is measured by this moment. Raises RunHeld when another process has the run, or took it over; StoreError; and ConfigError for a date
        before one that has been run: alerts do not live backwards.
        """
        if not dry_run:
            with self.store.transaction() as connection:
                unreadable_rows.look_through(connection, clock())
        latest = self.store.latest_run(job)
        if latest and latest.as_of > as_of and not dry_run:
            raise ConfigError(
                f"{job} has been run for {latest.as_of} already; {as_of} lies before it",
                remedy="Give a later --as-of, or look back with --dry-run. If what was run was a trial, begin again with an empty store: "
                "give `store:` in config.yaml another address, or move its file away with all that stands in it.",
            )
        if dry_run:
            return self._try(_Run(job=job, as_of=as_of, clock=clock))
        leases = JobLeases(self.store)
        claim = leases.begin(job, as_of, self.sender.owner, clock())
        run = _Run(
            job=job,
            as_of=as_of,
            clock=clock,
            claim=claim,
            run_at=clock() if again else None,
            hold=self._holding(claim, stopping),
            log=log,
        )
        try:
            with leases.keep_renewed(claim) as go_on:
                report = self._run(run, claim, go_on, stopping)
        except RunHeld:
            raise
        except BaseException as error:
            state = "stopped" if isinstance(error, KeyboardInterrupt) else "failed"
            why = error.problem if isinstance(error, AlertingError) else type(error).__name__
            leases.end(claim, state, self._cut_short(run, state, Sending()).as_json(), clock(), f"it {state}: {why}")
            raise
        note = "was stopped before it was done" if report.status == "stopped" else None
        leases.end(claim, report.status, report.as_json(), clock(), note)
        if report.job == "daily" and report.status != "stopped":
            self._forget(claim.run_id, min(report.as_of, clock().date()), clock)
        return self._with_heartbeat(report, clock)

    def _lapse(self, now: datetime) -> None:
        """End the requests that nobody approved in time; the sender tells of it. Where the store is away, the next run does."""
        with suppress(StoreError), self.store.transaction() as connection:
            acts.lapse(connection, self.last_day_of_request, now.astimezone(self.policy.zone).date(), now)

    def _forget(self, run_id: int, today: date, clock: Clock) -> None:
        """Let the store forget what the council wants forgotten, and seal that it did. Where the store is away, the next run does."""
        with suppress(StoreError), self.store.transaction() as connection:
            if retention.forget(connection, self.retention, today, clock()) != retention.Forgotten():
                seals.seal_run(connection, run_id, clock())

    def _holding(self, claim: Claim, stopping: Callable[[], bool]) -> Callable[[Transaction], None]:
        def hold(connection: Transaction) -> None:
            JobLeases(self.store).hold(connection, claim)
            if stopping():
                raise _Stopped

        return hold

    def _with_heartbeat(self, report: Report, clock: Clock) -> Report:
        """Send the sign of life after a daily run that kept every promise, and return the report with what went wrong with it.

        None is given where the environment is not production: all that managers should know then went to one address.
        """
        if report.job != "daily" or report.status == "stopped" or report.sending.not_kept or report.sending.hold_fire is not None:
            return report
        reach = {receiver.reach for receiver in self.policy.receivers_of(report.job)}
        if report.run is None or Reach.persons not in reach or report.sending.unwilling:
            return report
        silent = tuple(
            Problem(about="the heartbeat", text=why) for why in self.heartbeat.beat_for(report.as_of, self.store, clock())
        )
        if not silent:
            return report
        sending = replace(report.sending, problems=(*report.sending.problems, *silent))
        return replace(report, sending=sending, status="done_with_faults")

    def _run(self, run: _Run, claim: Claim, go_on: Callable[[], None], stopping: Callable[[], bool]) -> Report:
        def going_on() -> bool:
            go_on()
            return not stopping()

        # Before anything is planned: what a dead sender left then counts as not sent, and can be superseded.
        self.sender.take_back()
        self.sender.try_again(run.clock())
        self._lapse(run.clock())
        looked = self.bounces.read(run.clock)
        sending = Sending(problems=looked.problems, bounces=dict(looked.counts))
        try:
            decided = self._decide_and_write(run, claim.run_id)
            with run.timed("deliver"):
                sending = self._send(run, claim.run_id, _planned(sending, decided.planned), going_on)
                sending, messages = self._tell_administrators(run, claim.run_id, decided, sending)
                sending = self._accounted(run, claim.run_id, self._send(run, claim.run_id, sending, going_on))
        except _Stopped:
            return self._cut_short(run, "stopped", sending)
        report = self._report(run, decided, sending, messages)
        return replace(report, status="stopped") if stopping() else report

    def _try(self, run: _Run) -> Report:
        """Work a run out; write, plan and send nothing."""
        with self._read(run) as day_:
            evaluation = self._evaluate(run, day_)
        with self.store.reading() as connection:
            decided = self._decide(run, self._world(run, connection, evaluation), evaluation)
            keys = daily_keys(self.policy, decided.decision)
            aftermath = read_aftermath(connection, self.policy, decided.decision, keys)
        digest = compose_admin_digest(self.policy, decided.decision, Sending(), aftermath, evaluation.trust)
        planned = len(decided.decision.notifications) + len(digest.messages)
        return replace(self._report(run, decided, _planned(Sending(), planned), digest.messages), status="done")

    # ------------------------------------------------------------------ read, evaluate, decide, write

    @contextmanager
    def _read(self, run: _Run) -> Iterator[Day]:
        def past() -> Past:
            with self.store.transaction() as connection:
                return load_history.past(connection, run.as_of)

        with ExitStack() as stack:
            with run.timed("read"):
                rules = self.policy.book.rules if run.is_of_the_week else self.policy.rules_of(run.job)
                day_ = stack.enter_context(day.read_day(self.policy.book, self.source, rules, run.as_of, past, run_at=run.run_at))
            yield day_

    def _evaluate(self, run: _Run, day_: Day) -> Evaluation:
        with run.timed("evaluate"):
            book, rules = self.policy.book, self.policy.rules_of(run.job)
            answers = day.ask(book, day_, rules, watch=run.is_of_the_week)
            live, before = read_before(self.store, rules)
            return day.evaluate(book, day_, answers, live, before)

    def _world(self, run: _Run, connection: Transaction, evaluation: Evaluation, before: World | None = None) -> World:
        return read_world(self.store, connection, self.policy, run.job, evaluation, before=before)

    def _decide(self, run: _Run, world: World, evaluation: Evaluation, unkept: Sequence[str] = ()) -> _Decided:
        decision = decide(self.policy, run.job, world, evaluation, unkept)
        return _Decided(evaluation=evaluation, decision=decision, missed=world.missed, unkept=tuple(unkept))

    def _decide_and_write(self, run: _Run, run_id: int) -> _Decided:
        """Decide the run and write what was decided, as one transaction; again where the store was away for a moment.

        It is decided before the transaction, in which people would have to wait for it, and once more within it where the world is not
        what it was decided by: somebody has done something since.
        """
        with self._read(run) as day_:
            evaluation, tables = self._evaluate(run, day_), frozenset(day_.wanted)
            with run.timed("keep"):
                unkept = self._keep(run, run_id, day_, evaluation)

        def write() -> None:
            with run.timed("decide"):
                with self.store.reading() as connection:
                    world = self._world(run, connection, evaluation)
                decided = self._decide(run, world, evaluation, unkept)
                texts = texts_of(decided.decision.notifications)
            now = run.clock()
            with run.timed("write"), self.store.transaction() as connection:
                run.hold(connection)
                if (since := self._world(run, connection, evaluation, world)) != world:
                    decided = self._decide(run, since, evaluation, unkept)
                    texts = texts_of(decided.decision.notifications)
                planned = self._writer(run_id).write(connection, evaluation, decided.decision, tables, now, texts)
                run.made.append(replace(decided, planned=planned))

        write_patiently(write, _AGAIN_AFTER_S, is_kept=lambda: bool(run.made) and self._is_kept(run_id))
        return run.made[-1]

    def _writer(self, run_id: int) -> DecisionWriter:
        return DecisionWriter(store=self.store, outbox=self.sender.outbox, policy=self.policy, run_id=run_id)

    def _is_kept(self, run_id: int) -> bool:
        with self.store.transaction() as connection:
            return load_history.is_kept(connection, run_id)

    def _keep(self, run: _Run, run_id: int, day_: Day, evaluation: Evaluation) -> list[str]:
        """Keep what the rules were asked about, for trying changes on; what goes wrong with it stops nothing."""
        rules = {rule.id: rule for rule in self.policy.rules_of(run.job)}
        manifest = Manifest(
            as_of=run.as_of,
            job=run.job,
            run=run_id,
            untrusted=evaluation.trust.reasons,
            withheld={id_: evaluation.asked[id_].problem or "" for id_ in sorted(evaluation.not_put)},
            rules={id_: rule.version for id_, rule in rules.items()},
            teams={team.id: team.name for team in evaluation.directory.teams.values()},
        )
        subjects = {rule.subject.id: rule.subject for id_, rule in rules.items() if id_ in evaluation.put}
        versions = {id_: (subject, self.policy.book.subject_version(subject)) for id_, subject in subjects.items()}
        kept = self.archive.keep(day_.snapshot, manifest, versions)
        return kept + self.archive.forget(min(run.as_of, run.clock().date()))

    # ------------------------------------------------------------------ send, prove, tell

    def _send(self, run: _Run, run_id: int, sending: Sending, going_on: Callable[[], bool]) -> Sending:
        """Send what waits, and return what became of it."""
        problems = dict.fromkeys((*sending.problems, *self.sender.send_all(run.clock, going_on)))
        counts = dict.fromkeys(("accepted", "deferred", "failed", "cancelled"), 0)
        for state, count in self.sender.outbox.counts(run_id).items():
            counts[{"planned": "deferred", "claimed": "deferred", "unknown": "failed"}.get(state, state)] += count
        return replace(sending, problems=tuple(problems), messages=replace(sending.messages, **counts))

    def _tell_administrators(
        self, run: _Run, run_id: int, decided: _Decided, sending: Sending
    ) -> tuple[Sending, tuple[Notification, ...]]:
        """Prove from the store what the run did, and plan the message that says so, all clear included."""
        now, decision = run.clock(), decided.decision
        current = verify.CurrentRun(
            run_id=run_id, job=run.job, as_of=run.as_of, rules={row.id: row.status.value for row in decision.rules}
        )
        made: list[tuple[Sending, tuple[Notification, ...]]] = []

        def write() -> None:
            # Of many alerts it takes long, and nobody need wait for the store meanwhile.
            with self.store.reading() as connection:
                found = verify.verify(connection, run.as_of, run.as_of, now, current=current).breaches
            with self.store.transaction() as connection:
                run.hold(connection)
                held = send_hold.find_hold(connection)
                proved = replace(
                    sending,
                    hold_fire=str(held) if held else None,
                    breaches=tuple(str(breach) for breach in found if breach.promise != verify.ARRIVED),
                    unaccepted=tuple(str(breach) for breach in found if breach.promise == verify.ARRIVED),
                    seal=self._seal(run, connection, run_id, now),
                )
                keys = daily_keys(self.policy, decision)
                aftermath = read_aftermath(connection, self.policy, decision, keys)
                digest = compose_admin_digest(self.policy, decision, proved, aftermath, decided.evaluation.trust)
                planned = self._writer(run_id).write_admin_digest(connection, decision, digest, now)
                made.append((_planned(proved, planned), digest.messages))

        # What is written again has the same key, and is in the outbox once.
        write_patiently(write, _AGAIN_AFTER_S)
        return made[-1]

    def _accounted(self, run: _Run, run_id: int, sending: Sending) -> Sending:
        """Return what became of sending, with the messages that nobody has accepted now that those to administrators went out too.

        Where nothing was due, each of the job's receivers of persons is asked whether it would take a message.
        """

        def ask() -> None:
            with self.store.transaction() as connection:
                found.append(verify.unaccepted(connection, run.as_of, run_id))

        found: list[tuple[verify.Breach, ...]] = []
        write_patiently(ask, _AGAIN_AFTER_S)
        was_due = found[-1] or sending.hold_fire or self.sender.outbox.has_reached_somebody(run_id)
        problems = [] if was_due else self.sender.ask(self.policy.receivers_of(run.job))
        return replace(
            sending,
            unaccepted=tuple(map(str, found[-1])),
            unwilling=tuple(problem.about for problem in problems),
            problems=tuple(dict.fromkeys((*sending.problems, *problems))),
        )

    def _seal(self, run: _Run, connection: Transaction, run_id: int, now: datetime) -> str:
        with run.timed("seal"):
            return seals.seal_run(connection, run_id, now)

    def _cut_short(self, run: _Run, status: str, sending: Sending) -> Report:
        """Return what a run did that came to no end: what it had decided may be written, and the audit asks which rules it asked."""
        if run.made:
            return replace(self._report(run, run.made[-1], sending, ()), status=status)
        run_id = run.claim.run_id if run.claim else None
        return Report(job=run.job, as_of=run.as_of, run=run_id, status=status, sending=sending, timings=run.timings)

    def _report(self, run: _Run, decided: _Decided, sending: Sending, to_administrators: Sequence[Notification]) -> Report:
        """Return what the run did. Anything that is not as it should be makes it `done_with_faults`."""
        decision, evaluation, counts = decided.decision, decided.evaluation, sending.messages
        older = tuple(self.policy.book.older.values())
        problems = (
            *evaluation.problems,
            *(Problem(about="kept", text=f"kept: {why}") for why in decided.unkept),
        )
        faults = (
            problems or sending.problems or older or sending.not_kept or sending.hold_fire or counts.failed or counts.deferred
        )
        return Report(
            job=run.job,
            as_of=run.as_of,
            run=run.claim.run_id if run.claim else None,
            status="done_with_faults" if faults or any(row.needs_a_look for row in decision.rules) else "done",
            data=evaluation.trust,
            data_problems=problems,
            missed=decided.missed,
            rules=decision.rules,
            older=older,
            brakes=decision.brake_rows,
            alerts=decision.counts,
            sending=sending,
            planned=(*decision.notifications, *to_administrators),
            timings=dict(run.timings),
        )


def _planned(sending: Sending, count: int) -> Sending:
    """Return what became of sending, with more messages planned."""
    return replace(sending, messages=replace(sending.messages, planned=sending.messages.planned + count))
