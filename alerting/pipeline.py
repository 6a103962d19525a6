"""The line itself: the only module that knows the order of the steps.

    read -> judge -> evaluate -> lifecycle -> plan    one transaction commits alerts, their history and planned messages
    deliver                                           afterwards, message by message, each attempt written down
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from alerting import evaluate, lifecycle, people, schema, trends, trust
from alerting.delivery import Notifier, attempt
from alerting.errors import AlertingError, ConfigError, SourceError
from alerting.evaluate import Evaluation
from alerting.lifecycle import RuleLife
from alerting.model import Alert, Condition, Delivery, Level, Notification, Transition
from alerting.outbox import Outbox, Waiting
from alerting.rendering import Words
from alerting.routing import Plan, Receiver, Router, RuleRoute, notification_key, plan
from alerting.rulebook import Rule, Rulebook
from alerting.snapshot import Snapshot, Source
from alerting.store import Changes, Store
from alerting.working_days import working_days_between

Clock = Callable[[], datetime]
LEASE = timedelta(minutes=30)
OWNERS = frozenset({"ssd_involvements", "ext_staff"})
"""The tables that say whose a case is: while one of them is not trusted, a case stays whose it was."""


@dataclass(kw_only=True)
class Report:
    """What a run did, in the shape that `run --json` prints, and the messages it planned."""

    job: str
    as_of: date
    run: int | None
    status: str = "done"
    loaded_at: datetime | None = None
    problems: list[str] = field(default_factory=list)
    rules: list[dict[str, Any]] = field(default_factory=list)
    alerts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("new", "changed", "ongoing", "held", "resolved"), 0))
    notifications: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("planned", "accepted", "deferred", "failed", "cancelled"), 0)
    )
    timings: dict[str, float] = field(default_factory=dict)
    planned: list[Notification] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Give the report as JSON values."""
        return {
            "job": self.job,
            "as_of": self.as_of.isoformat(),
            "run": self.run,
            "status": self.status,
            "source": {
                "loaded_at": self.loaded_at.isoformat() if self.loaded_at else None,
                "trusted": not self.problems,
                "problems": self.problems,
            },
            "rules": self.rules,
            "alerts": self.alerts,
            "notifications": self.notifications,
            "timings": {name: round(seconds, 3) for name, seconds in self.timings.items()},
        }


@dataclass(kw_only=True)
class Pipeline:
    """One council's line, built by `app`. receivers: by name, what routing knows of each and the receiver itself."""

    book: Rulebook
    source: Source
    store: Store
    outbox: Outbox
    words: Words
    receivers: Mapping[str, tuple[Receiver, Notifier]]
    jobs: Mapping[str, frozenset[str] | None]
    administrators: Sequence[str]
    owner: str

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
        report.run = self.store.begin(job, as_of, self.owner, clock(), LEASE)
        if report.run is None:
            return None
        try:
            self._evaluate_and_plan(report, clock, dry_run=False)
            with self._timed(report, "deliver"):
                report.problems += self.deliver(clock)
            for state, count in self.outbox.counts(report.run).items():
                name = {"planned": "deferred", "claimed": "deferred", "unknown": "failed"}.get(state, state)
                report.notifications[name] += count
            faults = report.problems or report.notifications["failed"] or report.notifications["deferred"]
            report.status = "done_with_faults" if faults or any(rule["problem"] for rule in report.rules) else "done"
        except Exception:
            self.store.end(report.run, job, as_of, "failed", report.as_json(), clock())
            raise
        self.store.end(report.run, job, as_of, report.status, report.as_json(), clock())
        return report

    def deliver(self, clock: Clock) -> list[str]:
        """Send what waits in the outbox and may be sent now, the most urgent first; give what receivers said on closing."""
        problems = []
        try:
            while (waiting := self.outbox.claim(self.owner, clock(), LEASE)) is not None:
                self._deliver(waiting, clock)
        finally:
            for name, (_, notifier) in self.receivers.items():
                try:
                    notifier.close()
                except AlertingError as error:
                    problems.append(f"receiver {name}: {error.problem}")
        return problems

    def _deliver(self, waiting: Waiting, clock: Clock) -> None:
        notification = waiting.notification
        if notification.receiver not in self.receivers:
            answer = f"there is no receiver '{notification.receiver}' any more"
            gone = Delivery(outbox_id=waiting.id, state="failed", phase="claimed", answer=answer, at=clock())
            self.outbox.settle(waiting, gone)
            return
        receiver, notifier = self.receivers[notification.receiver]
        try:
            rendered = self.words.render(
                notification,
                ceiling=notifier.ceiling,
                message_id=waiting.message_id,
                planned_at=waiting.planned_at,
                repeated=waiting.repeated,
                channel=notification.recipient.removeprefix("team:") if receiver.teams is not None else None,
            )
        except Exception as error:  # noqa: BLE001  (one message must not stop the others; its text could quote a case)
            answer = f"the message could not be put into words ({type(error).__name__})"
            self.outbox.settle(waiting, Delivery(outbox_id=waiting.id, state="failed", phase="claimed", answer=answer, at=clock()))
            return
        result = attempt(
            rendered.message,
            notifier,
            outbox_id=waiting.id,
            attempts=waiting.attempts,
            handed_over=lambda: self.outbox.hand_over(waiting.id, clock()),
            now=clock(),
        )
        self.outbox.settle(waiting, result)

    # ------------------------------------------------------------------ read, judge, evaluate, commit, plan

    def _evaluate_and_plan(self, report: Report, clock: Clock, *, dry_run: bool) -> None:
        rules = [rule for rule in self.book.rules if rule.file.job == report.job]
        with Snapshot(report.as_of, self.book.settings) as snapshot:
            with self._timed(report, "read"):
                wanted = self.book.wanted(rules)
                self._read(snapshot, wanted)
                judged = trust.judge(snapshot, sorted(wanted), self.store.trusted_before(report.as_of))
                report.loaded_at = judged.loaded_at
                report.problems = [f"{table} {problem}" for table, problem in judged.problems.items()] + _unread(snapshot)
            with self._timed(report, "evaluate"):
                withheld = judged.withheld((rule.id, rule.reads) for rule in rules)
                evaluation = evaluate.evaluate(self.book, snapshot, rules, withheld)
                directory = people.directory(snapshot)
            report.rules = _rule_rows(evaluation, self.book, report.job)
            with self._timed(report, "lifecycle"):
                live = self.store.live()
                transitions = self._transitions(report, evaluation, live, owners_known=not OWNERS & judged.problems.keys())
                readings = evaluation.readings()
            tables = {name: (judged.rows.get(name), judged.problems.get(name)) for name in wanted}
        router = Router(directory, _routes(self.book))
        changes = Changes(
            transitions=transitions, readings=readings, tables=tables, versions={rule.id: rule.version for rule in self.book.rules}
        )
        now = clock()
        with self.store.transaction() as connection:
            if dry_run:
                written: list[Transition] = transitions
            else:
                with self._timed(report, "commit"):
                    written = self.store.commit(connection, report.run or 0, report.as_of, now, changes)
            alerts = _as_they_are_now(live, written, readings)
            _count(report, alerts, written)
            with self._timed(report, "plan"):
                report.planned = self._plan(connection, report, router, alerts)
                if dry_run:
                    report.notifications["planned"] = len(report.planned)
                else:
                    planned, _ = self.outbox.plan(connection, report.run or 0, report.planned, now)
                    report.notifications["planned"] = planned

    def _read(self, snapshot: Snapshot, wanted: Mapping[str, frozenset[str]]) -> None:
        try:
            self.source.read(wanted, snapshot)
        except SourceError as error:
            for table in wanted:
                snapshot.unreadable(table, error.problem)
        snapshot.settle(wanted, self.source)

    def _transitions(self, report: Report, evaluation: Evaluation, live: Sequence[Alert], *, owners_known: bool) -> list[Transition]:
        as_of = report.as_of
        by_id = {alert.id: alert for alert in live}
        lives = {rule.id: _life(rule) for rule in self.book.rules}
        candidates = evaluation.compare(live)
        episodes = self.store.episodes((finding.rule, finding.subject) for id_, finding in candidates if id_ is None)
        transitions: list[Transition | None] = []
        for id_, finding in candidates:
            if id_ is None:
                episode = episodes.get((finding.rule, finding.subject), 0) + 1
                transitions.append(lifecycle.opened(finding, lives[finding.rule], episode, as_of))
            else:
                alert = by_id[id_]
                transitions.append(lifecycle.advance(alert, finding, lives[alert.rule], as_of, owners_known=owners_known))
        known = self.book.ids - {rule.id for rule in self.book.off}
        not_asked = {rule: asked.problem or asked.status for rule, asked in evaluation.asked.items() if asked.status != "ok"}
        not_asked |= {broken.id: f"the rule cannot be used: {broken.problem}" for broken in self.book.broken}
        transitions += [lifecycle.hold(alert, not_asked[alert.rule], as_of) for alert in live if alert.rule in not_asked]
        transitions += lifecycle.removed(live, dict.fromkeys(known), as_of)
        return [transition for transition in transitions if transition is not None]

    def _plan(self, connection: sa.Connection, report: Report, router: Router, alerts: Sequence[Alert]) -> list[Notification]:
        banners = _banners(report)
        receivers = self._receivers(report.job)
        as_at = report.loaded_at.isoformat() if report.loaded_at else None
        told = self.outbox.last_told(connection)
        resolved = self.outbox.resolved_but_told(connection)
        listed = [alert for alert in alerts if alert.condition != Condition.resolved]
        listed += [alert for alert in alerts if alert.id in resolved and alert.condition == Condition.resolved]
        missing = resolved - {alert.id for alert in listed}
        listed += self.store.alerts(schema.alert.c.id.in_(missing), within=connection) if missing else []
        result = Plan()
        if report.job == "daily" or any(rule["status"] == "ok" for rule in report.rules):
            listed = [alert for alert in listed if self._job_of(alert) == report.job]
            result = plan(
                router, listed, receivers, told, purpose=report.job, as_of=report.as_of, banners=banners, data_as_at=as_at,
                working_days=lambda start, end: working_days_between(start, end, self.book.settings.bank_holidays),
            )  # fmt: skip
        if report.job == "weekly":
            result.notifications += self._summaries(connection, report, router, receivers, banners)
        notices = _notices(report, alerts, result, router)
        return result.notifications + self._notify_administrators(connection, report, router, receivers, notices)

    def _job_of(self, alert: Alert) -> str | None:
        return next((rule.file.job for rule in self.book.rules if rule.id == alert.rule), None)

    def _receivers(self, job: str) -> list[Receiver]:
        chosen = self.jobs.get(job)
        return [receiver for name, (receiver, _) in self.receivers.items() if chosen is None or name in chosen]

    def _summaries(
        self, connection: sa.Connection, report: Report, router: Router, receivers: Iterable[Receiver], banners: Sequence[str]
    ) -> list[Notification]:
        since = report.as_of - timedelta(weeks=trends.WEEKS + 1)
        recent = sa.or_(schema.alert.c.resolved_on.is_(None), schema.alert.c.resolved_on > since)
        alerts = self.store.alerts(recent, within=connection)
        first = connection.execute(sa.select(sa.func.min(schema.run.c.as_of))).scalar()
        rows = trends.rows_by_team(alerts, router, report.as_of, first)
        daily = self.store.latest_run("daily", within=connection)
        faulty = [*((daily or {}).get("report") or {}).get("rules", []), *report.rules]
        titles = {rule.id: rule.title for rule in (*self.book.rules, *self.book.off)}
        not_run = [
            {"title": titles.get(row["id"], row["code"]), "problem": row["problem"]} for row in faulty if row["status"] not in ("ok",)
        ]
        return trends.summaries(router, rows, receivers, purpose="weekly", as_of=report.as_of, not_run=not_run, banners=banners)

    def _notify_administrators(
        self, connection: sa.Connection, report: Report, router: Router, receivers: Iterable[Receiver], notices: Mapping[str, dict[str, Any]]
    ) -> list[Notification]:
        """Tell the performance team and the administrators of faults of the data and the rules: once, when each is new."""
        new = self.outbox.note(connection, report.job, report.as_of, {key: notice["title"] for key, notice in notices.items()})
        if not new:
            return []
        performance = router.performance()
        people_told = [(performance.person.id, performance.person.name, performance.person.email)] if performance else []
        people_told += [(address, "Administrator", address) for address in self.administrators]
        content = {"notices": [notices[key] for key in sorted(notices, key=lambda key: (key not in new, notices[key]["title"]))]}
        return [
            Notification(
                key=notification_key("admin", report.as_of, receiver.name, id_, sorted(new)), receiver=receiver.name, purpose="admin",
                recipient=id_, name=name, address=address, as_of=report.as_of, content=content, urgency=int(Level.red),
            )
            for receiver in receivers
            if receiver.teams is None
            for id_, name, address in people_told
        ]  # fmt: skip

    @contextmanager
    def _timed(self, report: Report, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            report.timings[name] = report.timings.get(name, 0.0) + time.perf_counter() - started


def _life(rule: Rule) -> RuleLife:
    file = rule.file
    return RuleLife(
        id=rule.id, code=rule.code, subject_kind=rule.subject.id, unit=rule.unit,
        pending_for=file.pending_for, keep_firing_for=file.keep_firing_for,
    )  # fmt: skip


def _routes(book: Rulebook) -> dict[str, RuleRoute]:
    return {
        rule.id: RuleRoute(
            notify={Level[name]: roles for name, roles in rule.file.notify.items()},
            child_level=rule.subject.about == "child",
            channel=rule.file.channel,
            remind_every=rule.file.remind_every,
            title=rule.title,
            code=rule.code,
        )
        for rule in (*book.rules, *book.off)
    }


def _as_they_are_now(live: Sequence[Alert], written: Iterable[Transition], readings: Iterable[tuple[Any, ...]]) -> list[Alert]:
    import json

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


def _count(report: Report, alerts: Iterable[Alert], written: Sequence[Transition]) -> None:
    counts = report.alerts
    touched = set()
    for transition in written:
        touched.add(transition.alert.ref)
        if transition.alert.condition == Condition.resolved:
            counts["resolved"] += 1
        elif transition.before is None:
            counts["new"] += 1
        else:
            counts["changed"] += 1
    for alert in alerts:
        if alert.condition == Condition.held:
            counts["held"] += 1
        elif alert.condition != Condition.resolved and alert.ref not in touched:
            counts["ongoing"] += 1


def _rule_rows(evaluation: Evaluation, book: Rulebook, job: str) -> list[dict[str, Any]]:
    rows = [
        {
            "code": asked.rule.code, "id": asked.rule.id, "status": asked.status, "population": asked.population,
            "match": asked.match, "clear": asked.clear, "unknown": asked.unknown, "ms": asked.ms, "problem": asked.problem,
        }
        for asked in evaluation.asked.values()
    ]  # fmt: skip
    nothing = {"population": 0, "match": dict.fromkeys(Level.__members__, 0), "clear": 0, "unknown": 0, "ms": 0}
    rows += [
        {"code": broken.code, "id": broken.id, "status": "error", **nothing, "problem": broken.problem}
        for broken in book.broken
        if broken.job == job
    ]
    rows += [
        {"code": rule.code, "id": rule.id, "status": "off", **nothing, "problem": "switched off in config.yaml"}
        for rule in book.off
        if rule.file.job == job
    ]
    return sorted(rows, key=lambda row: row["code"])


def _unread(snapshot: Snapshot) -> list[str]:
    """Say which cells and records could not be read, by place; never what stands in them."""
    problems = []
    for name, reading in sorted(snapshot.readings.items()):
        for column, count in reading.unreadable_cells.items():
            at = [place for place in reading.places if place.endswith(f"column {column}")]
            shown = f" ({', '.join(at[:3])}{', ...' if len(at) > 3 else ''})" if at else ""
            problems.append(f"{name}.{column}: {count} cells cannot be read and count as empty{shown}")
        left_out = getattr(reading, "left_out", 0)
        if left_out:
            problems.append(f"{name}: {left_out} records cannot be read and are left out ({', '.join(reading.places[:3])})")
    return problems


def _banners(report: Report) -> list[str]:
    stopped = [row for row in report.rules if row["status"] in ("error", "withheld") or (row["status"] == "off" and row["population"])]
    if not stopped:
        return []
    codes = ", ".join(row["code"] for row in stopped)
    count = "1 rule" if len(stopped) == 1 else f"{len(stopped)} rules"
    return [f"{count} could not run today ({codes}). Their alerts are on hold and nothing about them is cleared."]


def _notices(report: Report, alerts: Iterable[Alert], planned: Plan, router: Router) -> dict[str, dict[str, Any]]:
    """Give what the performance team must know of today, by a key that stays the same while it lasts."""
    notices: dict[str, dict[str, Any]] = {}

    def add(title: str, detail: str, items: Sequence[str] = ()) -> None:
        key = hashlib.blake2b("\x1f".join([title, *items]).encode(), digest_size=16).hexdigest()
        notices[key] = {"title": title, "detail": detail, "items": list(items)}

    for row in report.rules:
        if row["status"] in ("error", "withheld") or (row["status"] == "off" and row["population"]):
            add(f"{row['code']} could not run", f"{row['problem']}. Its alerts are on hold until it can.")
    for problem in report.problems:
        add(f"Data: {problem}", "Nothing was guessed. `alerting source check` lists every place.")
    missing = sorted(alert.ref for alert in alerts if alert.condition == Condition.held and alert.held_reason == lifecycle.MISSING)
    if missing:
        add("Alerts on hold because their subject is not in the data", "Find out where the record went.", missing)
    if planned.unrouted:
        refs = sorted(alert.ref for alert in planned.unrouted)
        add("Alerts that nobody could be told of", "No current member of staff was found for them. Check ext_staff and ext_team.", refs)
    if router.directory.restricted is None:
        add(
            "No list of restricted records was supplied",
            "Nothing about a child is sent until there is one. Supply ext_restricted, if need be with no rows.",
        )
    return notices


