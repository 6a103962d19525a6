"""The service: a clock that starts what is due, and in between sends what waits. APScheduler is the clock and nothing else.

What was done and what is to be done stands in the store alone, so it may be killed, started twice, or run on two hosts. The
scheduler only wakes the main thread, which works; so a signal is heard at once, and nothing runs beside anything.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from alerting import private_files
from alerting.app import App
from alerting.casedata import engine
from alerting.delivery.sending import Clock
from alerting.errors import AlertingError, ConfigError, RunHeld, StoreAwayError
from alerting.formatting import day
from alerting.logs import Entry, Event, Log
from alerting.notifications.report import Report
from alerting.runs import clock_jumps
from alerting.runs.again import find_again
from alerting.runs.timetable import Timetable
from alerting.store import schema, unreadable_rows
from alerting.store.job_leases import JobLeases, host_of, this_process
from alerting.store.store import Store

LOOK_EVERY_MINUTES = 5
STUCK_AFTER = timedelta(hours=2)
"""After so long at one piece of work the service says no more that it goes on, so that whoever watches starts it anew."""
_ASK_AGAIN_AFTER_S = 30.0
"""After so long a store that is away when the service starts is asked again."""
_AS_IT_WAS = "config.yaml, which is used as it was"
_WAKE, _LOOK, _STOP = "a job's time", "a look round", "a signal"


def timetable(app: App, store: Store) -> Timetable:
    """Return when the council's jobs are to be done; monthly only where there is a rule for it to ask."""
    config = app.loaded.config
    asked = {rule.file.job for rule in app.book.rules} | {"daily", "weekly"}
    return Timetable(
        jobs={name: job for name, job in config.jobs if name in asked},
        zone=config.council.zone,
        holidays=app.book.settings.bank_holidays,
        leases=JobLeases(store),
    )


def record_missed(app: App, store: Store, now: datetime, log: Log) -> None:
    """Record the slots that have passed and were not done. The next daily run tells the administrators."""
    missed = timetable(app, store).record_missed(now)
    if missed:
        first, last = min(on for _, on in missed), max(on for _, on in missed)
        says = f"recorded as missed: {len(missed)} runs, from {day(first)} to {day(last)}"
        log(Entry(event=Event.runs_missed, says=says, counts={"runs": len(missed)}))


def run_due(app: App, store: Store, job: str, clock: Clock, stopping: Callable[[], bool], log: Log) -> Report | None:
    """Run a job if it is to be done now; None when it is not, or another process has it.

    `alerting run JOB --due` is this, and so is what the service does. Raises what a run does.
    """
    now = clock()
    clock_jumps.watch(store, now, clock_jumps.read(now))
    table = timetable(app, store)
    if job not in table.jobs or not table.is_due(job, now):
        log(Entry(event=Event.run_not_due, says=f"{job} is not due", job=job))
        return None
    try:
        report = app.pipeline(store).run(job, now.astimezone(table.zone).date(), clock, stopping=stopping, log=log)
    except RunHeld as held:
        log(Entry(event=Event.run_standby, says=f"standby: {held.problem}", job=job))
        return None
    look_after(app, store, report, clock, log)
    return report


def run_again(app: App, store: Store, clock: Clock, stopping: Callable[[], bool], log: Log) -> Report | None:
    """Do today's daily run once more where its data has been loaded since and a rule waits for that; None where it is not to be done.

    Raises what a run does.
    """
    line, table = app.pipeline(store), timetable(app, store)
    why = find_again(line.policy, line.source, store, table.jobs["daily"], clock()) if "daily" in table.jobs else None
    if why is None:
        return None
    log(Entry(event=Event.run_again, says=str(why), job="daily"))
    try:
        report = line.run("daily", clock().astimezone(table.zone).date(), clock, stopping=stopping, again=True, log=log)
    except RunHeld as held:
        log(Entry(event=Event.run_standby, says=f"standby: {held.problem}", job="daily"))
        return None
    look_after(app, store, report, clock, log)
    return report


def look_after(app: App, store: Store, report: Report, clock: Clock, log: Log) -> None:
    """Look at what the page shows of the case data, once a daily run has told everybody; without a page nobody would see it.

    What goes wrong with it is logged, and stops nothing.
    """
    if report.job != "daily" or report.run is None or report.status == "stopped" or app.loaded.config.page is None:
        return
    from alerting.authoring import looked_round  # a run without a page starts faster

    try:
        looked = looked_round.look_round(app, report.as_of, clock())
        with store.transaction() as connection:
            looked_round.keep(connection, looked)
    except AlertingError as error:
        says = f"what the page shows of the case data is as it was: {error.problem}"
        log(Entry(event=Event.work_failed, says=says, job=report.job, error=type(error).__name__))


@dataclass(kw_only=True)
class Service:
    """One council's service. build: reads config.yaml, whose path is `config`, and the rules anew, as they may have changed.

    alive: a file that is written each minute while the service goes on with its work.
    """

    config: Path
    build: Callable[[], App]
    clock: Clock
    log: Log
    alive: Path | None = None
    _bell: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)
    _since: datetime | None = None
    _seen: int | None = None
    _last: Entry | None = None
    _store: Store | None = None

    def ring(self) -> None:
        """Wake the service, to look whether it is told to stop. May be called by a signal's handler."""
        self._bell.put(_STOP)

    def give_back(self) -> None:
        """Release the run that is going on, as the process must end in the middle of it: another may go on at once."""
        if self._store is not None:
            JobLeases(self._store).let_go(this_process(), self.clock())

    def run(self, stopping: Callable[[], bool], *, once: bool = False) -> None:
        """Work until told to stop; once: look round a single time, as at the start."""
        self._changed()
        app = self.build()
        with self._ticking(app):
            opened = self._open(app, stopping, once=once)
            if opened is not None:
                app, store = opened
                self._store = store
                try:
                    self._go_on(app, store, stopping, once=once)
                finally:
                    store.close()
        self.log(Entry(event=Event.stopped, says="stopped"))

    def _open(self, app: App, stopping: Callable[[], bool], *, once: bool) -> tuple[App, Store] | None:
        """Return the store, once its server lets the service in, with the config.yaml that names it; None where it is told to stop before.

        Raises StoreError.
        """
        while not stopping():
            try:
                return app, app.store()
            except StoreAwayError as error:
                if once:
                    raise
                self._say(_failed("the store", error))
            self._wait(_ASK_AGAIN_AFTER_S)
            # A server that there is not looks as one that is away: its address may have been put right.
            with self._told(_AS_IT_WAS):
                if self._changed():
                    app = self.build()
        return None

    def _go_on(self, app: App, store: Store, stopping: Callable[[], bool], *, once: bool) -> None:
        self._log_start(app, store)
        self._work(app, store, stopping)
        while not once and not stopping():
            self._wait()
            if not stopping():
                app = self._anew(app, store)
                self._work(app, store, stopping)

    def _wait(self, at_most_s: float | None = None) -> None:
        """Wait until the bell is rung; however often it was, it is answered once."""
        with suppress(queue.Empty):
            self._bell.get(timeout=at_most_s)
        while not self._bell.empty():
            self._bell.get()

    # ------------------------------------------------------------------ the clock

    @contextmanager
    def _ticking(self, app: App) -> Iterator[None]:
        from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped]
        from apscheduler.triggers.cron import CronTrigger  # type: ignore[import-untyped]
        from apscheduler.triggers.interval import IntervalTrigger  # type: ignore[import-untyped]

        config = app.loaded.config
        zone = config.council.zone
        # A slot that is noticed late is still due, and many at once are one: whether it is done is for the store to say.
        scheduler = BackgroundScheduler(timezone=zone, job_defaults={"misfire_grace_time": None, "coalesce": True})
        for _, job in config.jobs:
            if job.on:
                hour, minute = job.at.split(":")
                trigger = CronTrigger(day_of_week=",".join(job.on), hour=int(hour), minute=int(minute), timezone=zone)
                scheduler.add_job(self._bell.put, trigger, [_WAKE])
        scheduler.add_job(self._bell.put, IntervalTrigger(minutes=LOOK_EVERY_MINUTES, timezone=zone), [_LOOK])
        scheduler.add_job(self._sign, IntervalTrigger(minutes=1, timezone=zone))
        scheduler.start()
        self._sign()
        try:
            yield
        finally:
            scheduler.shutdown(wait=False)

    def _sign(self) -> None:
        """Write the file that says the service goes on. Raises ConfigError when it cannot be written."""
        since = self._since
        if self.alive is None or (since is not None and self.clock() - since > STUCK_AFTER):
            return
        try:
            private_files.write(self.alive, f"{self.clock().isoformat(timespec='seconds')}\n", keep_rights=True)
        except OSError as error:
            raise ConfigError(
                f"the file of --alive cannot be written ({error.strerror})",
                remedy="Give one in a folder that this account may write.",
            ) from None

    # ------------------------------------------------------------------ the work

    def _work(self, app: App, store: Store, stopping: Callable[[], bool]) -> None:
        """Do what is due, then send what waits. A job that fails is told of and leaves the others; it is tried again later."""
        self._since = self.clock()
        with self._told("the store"):
            with store.transaction() as connection:
                unreadable_rows.look_through(connection, self.clock(), schema.occurrence, schema.run)
            record_missed(app, store, self.clock(), self._say)
            for job in timetable(app, store).due(self.clock()):
                if stopping():
                    break
                with self._told(job, job):
                    self._log_report(run_due(app, store, job, self.clock, stopping, self._say))
            with self._told("daily", "daily"):
                if not stopping():
                    self._log_report(run_again(app, store, self.clock, stopping, self._say))
            if not stopping() and JobLeases(store).running() is None:
                line = app.pipeline(store)
                for problem in [
                    *line.bounces.read(self.clock).problems,
                    *line.sender.send_all(self.clock, lambda: not stopping()),
                ]:
                    self._say(Entry(event=Event.sending_problem, says=problem.text))
                moment = self.clock()
                for why in line.heartbeat.beat_late(moment.astimezone(timetable(app, store).zone).date(), store, moment):
                    self._say(Entry(event=Event.heartbeat_problem, says=why))
        engine.stop()  # it has nothing to do until the next job, and its memory is for others
        self._since = None

    def _anew(self, app: App, store: Store) -> App:
        """Read config.yaml and the rules again where a job is due or config.yaml has changed; go on with the old where that fails."""
        with self._told(_AS_IT_WAS):
            if self._changed() or timetable(app, store).due(self.clock()):
                return self.build()
        return app

    def _changed(self) -> bool:
        before, self._seen = self._seen, self.config.stat().st_mtime_ns if self.config.exists() else None
        return self._seen is not None and before is not None and self._seen != before

    # ------------------------------------------------------------------ what it says

    @contextmanager
    def _told(self, what: str, job: str | None = None) -> Iterator[None]:
        try:
            yield
        except AlertingError as error:
            self._say(_failed(what, error, job))

    def _say(self, entry: Entry) -> None:
        """Log an entry; what says the same as the one before it, once."""
        if entry != self._last or not entry.says:
            self.log(entry)
        if entry.says:
            self._last = entry

    def _log_start(self, app: App, store: Store) -> None:
        for fault in app.faults:
            self._say(Entry(event=Event.rule_fault, says=f"{fault.severity}: {fault}"))
        times = ", ".join(f"{name} at {job.at}" for name, job in timetable(app, store).jobs.items() if job.on)
        self._say(Entry(event=Event.started, says=f"started on {host_of(this_process())}: {times}"))

    def _log_report(self, report: Report | None) -> None:
        if report is not None:
            self._say(entry_of(report))


def _failed(what: str, error: AlertingError, job: str | None = None) -> Entry:
    says = f"{what}: {error.problem}" + (f" ({error.remedy.rstrip('.')})" if error.remedy else "")
    return Entry(event=Event.work_failed, says=says, job=job, error=type(error).__name__)


def entry_of(report: Report) -> Entry:
    """Return what is logged of a run that has ended."""
    messages, alerts = asdict(report.sending.messages), asdict(report.alerts)
    said = ", ".join(f"{count} {name}" for name, count in messages.items() if count) or "none planned"
    counts = {f"alerts_{name}": count for name, count in alerts.items()}
    counts |= {f"messages_{name}": count for name, count in messages.items()} | {"problems": len(report.problems)}
    return Entry(
        event=Event.run_ended,
        says=f"{report.job} of {day(report.as_of)}: {report.status.replace('_', ' ')}; messages: {said}",
        job=report.job,
        as_of=report.as_of,
        run=report.run,
        status=report.status,
        seconds=sum(report.timings.values()),
        counts=counts,
    )
