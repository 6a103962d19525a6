"""What of a week each reader may read: the week of every team, and all that is theirs. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from alerting.evaluation.service_figures import ServiceFigures
from alerting.model import About, Alert
from alerting.notifications.leading import head_figures
from alerting.notifications.routing import Router
from alerting.notifications.scorecard import Looked, Scope, counts, weeks_of_scope
from alerting.notifications.week_content import HeadFigures, RuleWeek, ScopeWeek
from alerting.notifications.weekly import Reader, team_that_counts, weeks_by_team


@dataclass(frozen=True, kw_only=True)
class WeekBook:
    """Every alert that the weekly summary counts, and what is known besides."""

    router: Router
    #: That are open or ended in the weeks that are shown, and that no brake keeps back.
    alerts: tuple[Alert, ...]
    looked: Looked
    #: What those who lead services look at besides; None where it was not asked.
    service: ServiceFigures | None
    working_days: Callable[[date, date], int]
    #: The rules that say that a record is wrong.
    about_data: frozenset[str]
    #: How many rules could not run.
    stopped: int

    def weeks(self, reader: Reader) -> Mapping[str, tuple[RuleWeek, ...]]:
        """Return the week of each team, without what is about the reader, of which nobody is told themselves."""
        own = self._about(reader)
        return self._weeks([alert for alert in self.alerts if alert.ref not in own]) if own else self.all_weeks

    def scope(self, reader: Reader) -> tuple[ScopeWeek, ...]:
        """Return the week of all that somebody answers for or is told of; of one whom config.yaml names, that of their teams."""
        return weeks_of_scope(self._scope(reader), self.looked)

    def figures(self, reader: Reader) -> HeadFigures | None:
        """Return the figures of somebody who leads services; None for everybody else."""
        if not (reader.headed or reader.led):
            return None
        return head_figures(
            self._scope(reader),
            self.service,
            as_of=self.looked.as_of,
            working_days=self.working_days,
            about_data=lambda alert: alert.rule in self.about_data,
            stopped=self.stopped,
        )

    def _scope(self, reader: Reader) -> Scope:
        own, told = self._about(reader), self._told.get(reader.id, frozenset())
        found = []
        for alert, team in self._counted:
            is_theirs = team is not None and team in reader.teams
            if alert.ref not in own and (is_theirs or alert.ref in told):
                found.append((alert, team if is_theirs else None))
        teams = sorted((self.router.directory.teams[id_] for id_ in reader.teams), key=lambda team: (team.name, team.id))
        return Scope(teams=tuple(teams), own=reader.own, alerts=tuple(found))

    @cached_property
    def all_weeks(self) -> Mapping[str, tuple[RuleWeek, ...]]:
        """The week of each team, as whoever answers for it reads it."""
        return self._weeks(self.alerts)

    def _weeks(self, alerts: list[Alert] | tuple[Alert, ...]) -> Mapping[str, tuple[RuleWeek, ...]]:
        return weeks_by_team(alerts, self.router, self.looked.as_of, self.looked.asked_since, self.looked.flapping)

    @cached_property
    def _counted(self) -> list[tuple[Alert, str | None]]:
        """Every alert that counts for anybody, with the team in whose week it counts for all who answer for that."""
        known = self.router.rules.keys()
        with_teams = [(alert, team_that_counts(alert, self.router)) for alert in self.alerts if counts(alert, known)]
        return [(alert, team.id if team else None) for alert, team in with_teams]

    @cached_property
    def _told(self) -> Mapping[str, frozenset[str]]:
        """By reader, the references of all that they are told of by name, whatever team it is of."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for alert, _ in self._counted:
            for recipient in self.router.recipients(alert):
                found[recipient.person.id].add(alert.ref)
        return {id_: frozenset(refs) for id_, refs in found.items()}

    def _about(self, reader: Reader) -> frozenset[str]:
        """Return the references of the alerts that are about a reader's own work."""
        if reader.person is None:
            return frozenset()
        person = reader.person
        return frozenset(alert.ref for alert in self._of_workers if self.router.is_about(alert, person))

    @cached_property
    def _of_workers(self) -> list[Alert]:
        return [alert for alert in self.alerts if self._about_of(alert) is About.worker]

    def _about_of(self, alert: Alert) -> About | None:
        route = self.router.rules.get(alert.rule)
        return route.about if route else None
