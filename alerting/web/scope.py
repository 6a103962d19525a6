"""What a reader may see of alerts: the one place that says so. Every route asks it, and reads no alert in any other way.

Who may see an alert is who may be told of it: `Router.readers`, by the directory of the day with its cover and its list of restricted
records. With no list that can be trusted nobody may be told of any child, and nobody sees one. What a brake keeps from everybody, and
what is not told yet, is not shown either, nor once it has ended so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from alerting.alerts import handling_state
from alerting.casedata.directory import Directory
from alerting.model import About, Alert, Condition, Reason
from alerting.notifications.routing import Router, RuleRoute
from alerting.store import reader_alerts
from alerting.store.reader_alerts import Whereabouts
from alerting.store.store import Store, Transaction
from alerting.web.readers import Reader, covered_by

_NOBODY = Directory(staff={}, former={}, teams={}, cover={}, restricted=None)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What one reader may see, within one reading of the store."""

    reader: Reader
    router: Router
    store: Store
    connection: Transaction
    _known: dict[Any, bool] = field(default_factory=dict)

    @property
    def directory(self) -> Directory:
        """The directory of the day."""
        return self.router.directory

    @property
    def is_closed(self) -> bool:
        """Whether no child may be shown to anybody, as it is not known who may know of which."""
        return self.directory.restricted is None

    def find(self, ref: str) -> Alert | None:
        """Return the alert with a reference; None where there is none, and where it is not for this reader alike."""
        return next(iter(self.find_each([ref]).values()), None)

    def find_each(self, refs: Collection[str]) -> dict[str, Alert]:
        """Return the alerts with these references that are for this reader, by reference."""
        return {alert.ref: alert for alert in self._seen(reader_alerts.has_reference(refs))}

    def hold(self, ref: str) -> Alert | None:
        """Return what `find` does, as it stays until the transaction ends: two who act on it at once do so one after the other."""
        return next(iter(self.hold_each([ref]).values()), None)

    def hold_each(self, refs: Collection[str]) -> dict[str, Alert]:
        """Return what `find_each` does, as they stay until the transaction ends."""
        reader_alerts.hold(self.connection, refs)
        return self.find_each(refs)

    def may_know(self, alert: Alert, today: Directory) -> bool:
        """Return whether this reader may be told of an alert that there would be: by the directory of the day, and by today's data too.

        A child may have moved, or been restricted, since the last run.
        """
        routers = (self.router, Router(today, self.router.rules))
        return all(not self.reader.ids.isdisjoint(router.readers(alert)) for router in routers)

    def told(self) -> list[Alert]:
        """Return the open alerts that this reader is told of."""
        return self._seen(reader_alerts.is_open(), reader_alerts.told_to(self.reader.ids))

    def every_open(self) -> list[Alert]:
        """Return every open alert that this reader may see."""
        return self._seen(reader_alerts.within_reach(self._whereabouts, reader_alerts.is_open))

    def ended(self, since: date) -> list[Alert]:
        """Return the alerts that this reader may see and that ended on a day or after it."""
        return self._seen(reader_alerts.within_reach(self._whereabouts, reader_alerts.ended_since(since)))

    def _seen(self, *where: Any) -> list[Alert]:
        if not self.reader.ids:
            return []
        found = self.store.alerts(*where, within=self.connection)
        kept_back = reader_alerts.read_kept_back(self.connection, found)
        return [alert for alert in found if alert.id not in kept_back and self._covers(alert)]

    def _covers(self, alert: Alert) -> bool:
        if alert.condition is Condition.pending or alert.resolved_reason is Reason.never_fired:
            return False
        # Of all that is asked of an alert to say who may be told of it; many alerts have the same.
        route, given = self.router.rules.get(alert.rule), handling_state.active_assignment(alert)
        directory, about_worker = self.directory, route is not None and route.about is About.worker
        # Whom an alert is about is told nothing of it: that can only be somebody of the staff.
        about_staff = about_worker and (alert.subject in directory.staff or alert.subject in directory.former)
        key = (
            *(alert.rule, alert.level, alert.team, alert.service, alert.worker, alert.adviser, alert.also),
            *(self.router.confined_to(alert), given, alert.subject if about_staff else None),
        )
        if key not in self._known:
            self._known[key] = not self.reader.ids.isdisjoint(self.router.readers(alert))
        return self._known[key]

    @cached_property
    def _whereabouts(self) -> Whereabouts:
        """Where to look for what may be theirs: more than that is theirs is left out by `_covers`."""
        answers_for = self.reader.ids | covered_by(self.reader.ids, self.directory)
        teams = [
            team
            for team in self.directory.teams.values()
            if answers_for & {team.manager, team.service_manager, team.head_of_service}
        ]
        named = (self.directory.restricted or {}).items()
        return Whereabouts(
            ids=answers_for,
            teams={team.id for team in teams},
            services={(team.service or "").strip().lower() for team in teams} - {""},
            people={child for child, restriction in named if not restriction.allowed.isdisjoint(self.reader.ids)},
        )


def make_scope(
    reader: Reader, directory: Directory | None, routes: Mapping[str, RuleRoute], store: Store, connection: Transaction
) -> Scope:
    """Return what a reader may see by the directory of the day; without one, nothing."""
    return Scope(reader=reader, router=Router(directory or _NOBODY, routes), store=store, connection=connection)
