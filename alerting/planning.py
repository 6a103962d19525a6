"""What a run tells, to whom: the lists of each person and channel, the summaries, and what administrators must know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from alerting import inhibition, quality, reporting, trends
from alerting.model import Alert, Condition, Level, Notification
from alerting.outbox import Outbox
from alerting.reporting import Report
from alerting.routing import Plan, Receiver, Router, plan
from alerting.rulebook import Rulebook
from alerting.store import Store, Transaction
from alerting.working_days import working_days_between


@dataclass(frozen=True, kw_only=True)
class Planner:
    """Plans the messages of one council's runs. receivers: by name, as routing knows them; jobs: those that each job uses."""

    book: Rulebook
    store: Store
    outbox: Outbox
    receivers: Mapping[str, Receiver]
    jobs: Mapping[str, frozenset[str] | None]
    administrators: Sequence[str]

    def plan(
        self, connection: Transaction, report: Report, router: Router, alerts: Sequence[Alert], waiting: Set[str]
    ) -> list[Notification]:
        """Plan all that the run tells. waiting: the references of alerts that a brake keeps back."""
        banners = reporting.banners(report)
        receivers = self._receivers(report.job)
        as_at = report.loaded_at.isoformat() if report.loaded_at else None
        told = self.outbox.last_told(connection)
        resolved = self.outbox.resolved_but_told(connection)
        listed = [alert for alert in alerts if alert.condition != Condition.resolved and alert.ref not in waiting]
        covered = self._covered(router, listed, report.as_of)
        listed += [alert for alert in alerts if alert.id in resolved and alert.condition == Condition.resolved]
        missing = resolved - {alert.id for alert in listed}
        listed += self.store.with_ids(missing, connection) if missing else []
        result = Plan()
        if report.job == "daily" or any(rule["status"] == "ok" for rule in report.rules):
            jobs = {rule.id: rule.file.job for rule in (*self.book.rules, *self.book.off)}
            listed = [alert for alert in listed if jobs.get(alert.rule) == report.job]
            result = plan(
                router,
                listed,
                receivers,
                told,
                purpose=report.job,
                as_of=report.as_of,
                covered=covered.keys(),
                banners=banners,
                data_as_at=as_at,
                working_days=self.working_days,
            )
        if report.job == "weekly":
            result.notifications += self._summaries(connection, report, router, receivers, banners, waiting)
            result.notifications += self._quality(connection, report, router, receivers)
        notices = reporting.notices(report, alerts, result, router)
        return result.notifications + self._notify_administrators(connection, report, router, receivers, notices)

    def _covered(self, router: Router, alerts: Iterable[Alert], as_of: date) -> Mapping[str, str]:
        def is_told(alert: Alert) -> bool:
            snoozed = alert.snoozed_until is not None and alert.snoozed_until >= as_of
            return not snoozed and bool(router.recipients(alert))

        return inhibition.covered(alerts, router.rules, is_told)

    def _receivers(self, job: str) -> list[Receiver]:
        chosen = self.jobs.get(job)
        return [receiver for name, receiver in self.receivers.items() if chosen is None or name in chosen]

    def _summaries(
        self,
        connection: Transaction,
        report: Report,
        router: Router,
        receivers: Iterable[Receiver],
        banners: Sequence[str],
        waiting: Set[str],
    ) -> list[Notification]:
        since = report.as_of - timedelta(weeks=trends.WEEKS + 1)
        alerts = [alert for alert in self.store.recent(since, connection) if alert.ref not in waiting]
        first = self.store.first_day(connection)
        rows = trends.rows_by_team(alerts, router, report.as_of, first)
        daily = self.store.latest_run("daily", within=connection)
        faulty = [*((daily or {}).get("report") or {}).get("rules", []), *report.rules]
        titles = {rule.id: rule.title for rule in (*self.book.rules, *self.book.off)}
        not_run = [
            {"title": titles.get(row["id"], row["code"]), "problem": row["problem"]}
            for row in faulty
            if reporting.is_stopped(row)
        ]
        return trends.summaries(router, rows, receivers, purpose="weekly", as_of=report.as_of, not_run=not_run, banners=banners)

    def _notify_administrators(
        self,
        connection: Transaction,
        report: Report,
        router: Router,
        receivers: Iterable[Receiver],
        notices: Mapping[str, dict[str, Any]],
    ) -> list[Notification]:
        """Tell the performance team and the administrators of faults of the data and the rules: once, when each is new."""
        titles = {key: notice["title"] for key, notice in notices.items()}
        new = self.outbox.note(connection, report.job, report.as_of, titles, keep=report.run is not None)
        if not new:
            return []
        content = {"notices": [notices[key] for key in sorted(notices, key=lambda key: (key not in new, notices[key]["title"]))]}
        told = reporting.administrators(router, self.administrators)
        return reporting.to_administrators(told, receivers, "admin", report.as_of, content, new, urgency=int(Level.red))

    def _quality(
        self, connection: Transaction, report: Report, router: Router, receivers: Iterable[Receiver]
    ) -> list[Notification]:
        """Tell the same people, once a week, what became of each rule's alerts."""
        since = report.as_of - quality.PERIOD
        rows = quality.measure(connection, self.book.rules, since, report.as_of, self.working_days)
        told = reporting.administrators(router, self.administrators)
        content = quality.content(rows, since)
        return reporting.to_administrators(told, receivers, "quality", report.as_of, content) if rows else []

    def working_days(self, start: date, end: date) -> int:
        """Count the working days between two days, by the council's calendar."""
        return working_days_between(start, end, self.book.settings.bank_holidays)
