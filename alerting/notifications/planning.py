"""What a run tells, to whom: the lists of each person and channel, the summaries, and what administrators must know."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from alerting.alerts import brakes, handling, lifecycle
from alerting.alerts.handling_state import put_off
from alerting.formatting import plural
from alerting.model import Alert, Condition, Level
from alerting.notifications import admin_digest, channel_checks, inhibition, recipient_log, rule_quality, silences, weekly
from alerting.notifications import report as reporting
from alerting.notifications.content import Addressee, Notice, NoticeContent, Notification, StoppedRule
from alerting.notifications.digests import Circumstances, Plan, compose_digests
from alerting.notifications.report import Report
from alerting.notifications.routing import Receiver, Router
from alerting.notifications.silences import Silence
from alerting.rulebook.loader import Rulebook
from alerting.store.alert_rows import held_spans
from alerting.store.job_leases import missed_days
from alerting.store.outbox import Outbox
from alerting.store.store import Store, Transaction
from alerting.working_days import add_working_days, working_days_between

_GAPS = 10
"""How many posts that lead to nobody a message names; the others are counted."""


@dataclass(frozen=True, kw_only=True)
class Planner:
    """Plans the messages of one council's runs. receivers: by name, as routing knows them; jobs: those that each job uses.

    zone: where the council is, in whose time its extracts say when they were loaded.
    """

    book: Rulebook
    store: Store
    outbox: Outbox
    receivers: Mapping[str, Receiver]
    jobs: Mapping[str, frozenset[str] | None]
    administrators: Sequence[str]
    zone: ZoneInfo

    def plan(
        self, connection: Transaction, report: Report, router: Router, alerts: Sequence[Alert], waiting: Set[str]
    ) -> list[Notification]:
        """Plan all that the run tells. waiting: the references of alerts that a brake keeps back."""
        receivers = self._receivers(report.job)
        loaded_at = self._in_its_zone(report.loaded_at)
        told = self.outbox.last_told(connection, {id_: person.email for id_, person in router.directory.staff.items()})
        listed = [alert for alert in alerts if alert.condition != Condition.resolved and alert.ref not in waiting]
        standing = silences.standing(connection, report.as_of)
        silenced = silences.silenced(listed, standing)
        covered = self._covered(router, listed, report.as_of, loaded_at, silenced)
        listed += self._ended(connection, alerts, listed)
        mine = {rule.id for rule in (*self.book.rules, *self.book.off) if rule.file.job == report.job}
        flapping = {alert.ref for alert in listed if self.comes_and_goes(alert, report.as_of) and alert.level < Level.critical}
        result, planned = Plan(), False
        if report.job == "daily" or any(rule["status"] == "ok" for rule in report.rules):
            today = Circumstances(
                banners=reporting.banners(report, router, self.outbox.cards_not_posted(connection, report.as_of)),
                purpose=report.job,
                as_of=report.as_of,
                last_told=told,
                covered=covered.keys(),
                silenced=silenced.keys(),
                backlog={alert.ref for alert in brakes.backlog(connection, listed, {ref for _, _, ref in told})},
                flapping=flapping,
                idle=self._idle(connection, mine, report.as_of),
                loaded_at=loaded_at,
                working_days=self.working_days_with_a_run(connection),
            )
            result = compose_digests(router, [alert for alert in listed if alert.rule in mine], receivers, today)
            planned = True
        known = recipient_log.Known(
            as_of=report.as_of,
            loaded_at=loaded_at,
            waiting=waiting,
            silenced={ref: silences.said(each) for ref, each in silenced.items()},
            covered=covered,
            flapping=flapping,
            told={(ref, recipient) for _, recipient, ref in told},
            restricted=router.is_confined,
            name=router.directory.name,
            planned=planned,
        )
        theirs = [alert for alert in alerts if alert.rule in mine]
        if report.run is not None:
            here = (alert for alert in theirs if alert.rule in router.rules)
            routed = recipient_log.routed(here, result.routes, result.notifications, known)
            recipient_log.write(connection, report.run, report.as_of, mine, routed)
        notices = reporting.notices(report, alerts, result, router)
        notices |= self._handled(report, alerts) | self._held_too_long(report, theirs) | self._gaps(report, router, alerts)
        notifications = list(result.notifications)
        if report.job == "weekly":
            notifications += self._of_the_week(connection, report, router, receivers, waiting)
            notices |= channel_checks.notices(connection, receivers, router, report.as_of)
        ending = silences.ending(standing, alerts, self.next_working_day(report.as_of)) if report.job == "daily" else []
        notices |= {f"silence {silence.id}": notice for silence, notice in ending}
        notifications += self._tell_authors(report, router, receivers, ending)
        report.notices, report.administrators = notices, reporting.administrators(router, self.administrators)
        return notifications

    def _ended(self, connection: Transaction, alerts: Iterable[Alert], listed: Iterable[Alert]) -> list[Alert]:
        """Return the alerts that have ended and that somebody still believes open, beside those that are listed."""
        told = self.outbox.resolved_but_told(connection)
        found = [alert for alert in alerts if alert.id in told and alert.condition == Condition.resolved]
        missing = told - {alert.id for alert in (*listed, *found)}
        return found + (self.store.with_ids(missing, connection) if missing else [])

    def tell_administrators(self, connection: Transaction, report: Report) -> list[Notification]:
        """Plan what those who look after the service are told of a run, once it has sent what it had to send."""
        return admin_digest.plan(connection, self.outbox, report, self._receivers(report.job))

    def _covered(
        self, router: Router, alerts: Iterable[Alert], as_of: date, loaded_at: datetime | None, silenced: Collection[str]
    ) -> Mapping[str, str]:
        def is_told(alert: Alert) -> bool:
            quiet = alert.ref in silenced or put_off(alert, as_of, loaded_at) is not None
            return not quiet and bool(router.recipients(alert))

        return inhibition.covered(alerts, router.rules, is_told)

    def _receivers(self, job: str) -> list[Receiver]:
        chosen = self.jobs.get(job)
        return [receiver for name, receiver in self.receivers.items() if chosen is None or name in chosen]

    def _of_the_week(
        self, connection: Transaction, report: Report, router: Router, receivers: Sequence[Receiver], waiting: Set[str]
    ) -> list[Notification]:
        return [
            *self._summaries(connection, report, router, receivers, waiting),
            *self._quality(connection, report, router, receivers),
            *channel_checks.plan(router, receivers, report.as_of),
        ]

    def _summaries(
        self,
        connection: Transaction,
        report: Report,
        router: Router,
        receivers: Iterable[Receiver],
        waiting: Set[str],
    ) -> list[Notification]:
        since = report.as_of - timedelta(weeks=weekly.WEEKS + 1)
        alerts = [alert for alert in self.store.recent(since, connection) if alert.ref not in waiting]
        first = self.store.first_day(connection)
        weeks = weekly.weeks_by_team(alerts, router, report.as_of, first, lambda alert: self.comes_and_goes(alert, report.as_of))
        daily = self.store.latest_run("daily", within=connection)
        faulty = [*((daily or {}).get("report") or {}).get("rules", []), *report.rules]
        titles = {rule.id: rule.title for rule in (*self.book.rules, *self.book.off)}
        not_run = [
            StoppedRule(title=titles.get(row["id"], row["code"]), problem=row["problem"])
            for row in faulty
            if reporting.is_stopped(row)
        ]
        banners = reporting.banners(report, router).for_everybody()
        return weekly.compose_summaries(router, weeks, receivers, as_of=report.as_of, not_run=not_run, banners=banners)

    def comes_and_goes(self, alert: Alert, as_of: date) -> bool:
        """Return whether an alert flaps. Managers are told of it in the weekly summary only, unless it is critical."""
        return lifecycle.flapping(alert.came_back, as_of, self.working_days)

    def _idle(self, connection: Transaction, rules: Set[str], as_of: date) -> Callable[[Alert, date], int]:
        """Return how the working days are counted on which an alert stood still: no reminder falls due by them."""
        spans = held_spans(connection, rules)

        def idle(alert: Alert, since: date) -> int:
            stretches = [(max(start, since), min(until or as_of, as_of)) for start, until in spans.get(alert.id or 0, ())]
            return sum(self.working_days(start, until) for start, until in stretches)

        return idle

    def _held_too_long(self, report: Report, alerts: Iterable[Alert]) -> dict[str, Notice]:
        """Return the notices of alerts that have waited too long for their data: one a rule and reason, while that lasts."""
        most = int(str(self.book.settings.params.get("held_too_long_wd", 5)))
        found: defaultdict[tuple[str, str], list[Alert]] = defaultdict(list)
        for alert in alerts:
            if alert.held_since is not None and self.working_days(alert.held_since, report.as_of) > most:
                found[alert.code, alert.why_held or ""].append(alert)
        return {
            f"held {hashlib.blake2b(f'{code} {why}'.encode(), digest_size=16).hexdigest()}": Notice(
                title=f"{code}: alerts on hold for more than {plural(most, 'working day')}",
                detail=f"{why}. Nobody is reminded of them, and nothing of them goes up, until the data says how they stand.",
                items=tuple(sorted(alert.ref for alert in held)),
            )
            for (code, why), held in found.items()
        }

    def _handled(self, report: Report, alerts: Iterable[Alert]) -> dict[str, Notice]:
        """Return the notice of records that somebody says are wrong, by a key that changes with which they are."""
        wrong = handling.data_errors(alerts, report.as_of, self.working_days) if report.job == "daily" else []
        if not wrong:
            return {}
        refs = sorted({error.alert.ref for error in wrong})
        detail = f"The oldest was said {plural(wrong[0].age, 'working day')} ago. `alerting alerts data-errors` lists them, with what was said."
        key = f"data errors {hashlib.blake2b(' '.join(refs).encode(), digest_size=16).hexdigest()}"
        return {key: Notice(title="Records that somebody says are wrong", detail=detail, items=tuple(refs))}

    def _gaps(self, report: Report, router: Router, alerts: Iterable[Alert]) -> dict[str, Notice]:
        """Return the weekly notice of posts that nobody fills, in teams with open alerts: the next up is told instead."""
        opened = {alert.team for alert in alerts if alert.team and alert.condition not in (Condition.pending, Condition.resolved)}
        gaps = router.gaps(opened) if report.job == "weekly" else []
        if not gaps:
            return {}
        shown = "; ".join(gaps[:_GAPS]) + (f"; and {len(gaps) - _GAPS} more" if len(gaps) > _GAPS else "")
        detail = f"{shown}. The next up is told in their place. Put it right in ext_staff, ext_team or ext_cover."
        key = f"gaps {hashlib.blake2b(' '.join(gaps).encode(), digest_size=16).hexdigest()}"
        return {key: Notice(title="Posts that lead to nobody, in teams with open alerts", detail=detail)}

    def _tell_authors(
        self,
        report: Report,
        router: Router,
        receivers: Iterable[Receiver],
        ending: Iterable[tuple[Silence, Notice]],
    ) -> list[Notification]:
        """Tell who made a silence that it ends, where they are in the directory and not told as an administrator."""
        told = {each.id for each in reporting.administrators(router, self.administrators)}
        planned: list[Notification] = []
        for silence, notice in ending:
            author = router.directory.staff.get(silence.by)
            if author is None or not author.email or author.id in told or author.email in told:
                continue
            # Dated by its end, so that the same warning planned again on the next day is the same message.
            key, person = f"silence {silence.id} to its author", [Addressee(id=author.id, name=author.name, address=author.email)]
            content = NoticeContent(notices=(notice,))
            planned += reporting.to_administrators(
                person, receivers, "admin", silence.until, content, [key], urgency=int(Level.amber)
            )
        return planned

    def _quality(
        self, connection: Transaction, report: Report, router: Router, receivers: Iterable[Receiver]
    ) -> list[Notification]:
        """Tell the same people, once a week, what became of each rule's alerts."""
        since = report.as_of - rule_quality.PERIOD
        rows = rule_quality.measure(connection, self.book.rules, since, report.as_of, self.working_days)
        told = reporting.administrators(router, self.administrators)
        content = rule_quality.quality_content(rows, since)
        return reporting.to_administrators(told, receivers, "quality", report.as_of, content) if rows else []

    def next_working_day(self, after: date) -> date:
        """Return the working day after a day, by the council's calendar."""
        return add_working_days(after, 1, self.book.settings.bank_holidays)

    def _in_its_zone(self, loaded_at: datetime | None) -> datetime | None:
        # Extracts state their load in local time, without a zone; what people did has one.
        return loaded_at.replace(tzinfo=self.zone) if loaded_at and loaded_at.tzinfo is None else loaded_at

    def working_days_with_a_run(self, connection: Transaction) -> Callable[[date, date], int]:
        """Return how working days are counted without those whose daily run was missed: nobody can let a day pass unheard."""
        closed = self.book.settings.bank_holidays | missed_days(connection, "daily")
        return lambda start, end: working_days_between(start, end, closed)

    def working_days(self, start: date, end: date) -> int:
        """Count the working days between two days, by the council's calendar."""
        return working_days_between(start, end, self.book.settings.bank_holidays)
