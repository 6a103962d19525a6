"""What the council has decided, as far as it decides who is told what: rules, receivers, jobs, administrators, calendar."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from alerting.council_people import Administrator, Leader
from alerting.model import Level
from alerting.notifications.preferences import Preferences
from alerting.notifications.quiet import Quiet
from alerting.notifications.routing import Receiver, RuleRoute
from alerting.notifications.scorecard import Target
from alerting.notifications.table_owners import owners_of
from alerting.rulebook.book import Rulebook
from alerting.rulebook.rule import Rule
from alerting.working_days import add_working_days, working_days_between


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One council's rules and settings, for one version of its files."""

    book: Rulebook
    #: By name, as routing knows them.
    receivers: Mapping[str, Receiver]
    #: The receivers that each job uses; None for all.
    jobs: Mapping[str, frozenset[str] | None]
    #: Those who look after the service, as config.yaml names them.
    administrators: tuple[Administrator, ...]
    #: Who gets the weekly summary of more than teams of their own, as config.yaml names them.
    leadership: tuple[Leader, ...] = ()
    #: Where the council is, in whose time its extracts say when they were loaded.
    zone: ZoneInfo
    #: Whether those who look after the service read of every daily run, of a quiet one too.
    administrators_daily: bool = False
    #: What is open on a job's first day is told as new, not as a summary.
    full_go_live: bool = False

    def receivers_of(self, job: str) -> list[Receiver]:
        """Return the receivers that a job uses."""
        chosen = self.jobs.get(job)
        return [receiver for name, receiver in self.receivers.items() if chosen is None or name in chosen]

    def rules_of(self, job: str) -> list[Rule]:
        """Return the rules in use that a job asks."""
        return [rule for rule in self.book.rules if rule.file.job == job]

    def every_rule_of(self, job: str) -> frozenset[str]:
        """Return the ids of a job's rules, those that are switched off too."""
        return frozenset(rule.id for rule in self.book.every if rule.file.job == job)

    @cached_property
    def routes(self) -> dict[str, RuleRoute]:
        """What routing needs of every rule, by its id."""
        return routes_of(self.book.every)

    @cached_property
    def titles(self) -> dict[str, str]:
        """Every rule's title, by its id."""
        return {rule.id: rule.title for rule in self.book.every}

    @cached_property
    def targets(self) -> dict[str, Target]:
        """What share should be in time of what each rule with due dates looks at, by the rule's id."""
        measures, of_rules = self._table("scorecard"), self._table("scorecard_rules")
        by_code = {code: measures[name] for name, codes in of_rules.items() if name in measures for code in codes}
        usual = (
            self.number("evidence_green_from", 0.9),
            self.number("evidence_amber_from", 0.75),
            self.number("evidence_min_items", 10),
        )
        chosen = {rule.id: by_code.get(rule.code, usual) for rule in self.book.every if rule.file.due is not None}
        return {
            id_: Target(on_target_from=float(on), below_from=float(below), at_least=int(least))
            for id_, (on, below, least) in chosen.items()
        }

    def _table(self, name: str) -> Mapping[str, Sequence[Any]]:
        """Return a shared parameter that holds a list a name; what is no list is left out."""
        given = self.book.settings.params.get(name)
        lists = given.items() if isinstance(given, Mapping) else ()
        return {str(key): value for key, value in lists if isinstance(value, (list, tuple))}

    @property
    def case_services(self) -> frozenset[str]:
        """The services that hold cases."""
        named = self.book.settings.params.get("case_services")
        return frozenset(map(str, named)) if isinstance(named, (list, tuple)) else frozenset()

    @property
    def table_owners(self) -> Mapping[str, str]:
        """Who keeps each table that is kept by hand, as far as the council says it."""
        return owners_of(self.book.settings.params)

    def number(self, name: str, unless_set: float) -> float:
        """Return a number of the shared settings."""
        value = self.book.settings.params.get(name)
        return unless_set if value is None else float(str(value))

    def quiet(
        self, job: str, last_heard: Mapping[tuple[str, str], date], preferences: Mapping[str, Preferences] = MappingProxyType({})
    ) -> Quiet:
        """Return when a job tells of what is clear or done although nothing is new: the daily one alone does."""
        if job != "daily":
            return Quiet()
        all_clear, done = int(self.number("all_clear_days", 0)), int(self.number("done_days", 0))
        return Quiet(all_clear_days=all_clear, done_days=done, last_heard=last_heard, preferences=preferences)

    def working_days(self, start: date, end: date) -> int:
        """Count the working days between two days, by the council's calendar."""
        return working_days_between(start, end, self.book.settings.bank_holidays)

    def working_days_without(self, missed: frozenset[date]) -> Callable[[date, date], int]:
        """Return how working days are counted without those whose run was missed: nobody can let a day pass unheard."""
        closed = self.book.settings.bank_holidays | missed
        return lambda start, end: working_days_between(start, end, closed)

    def next_working_day(self, after: date) -> date:
        """Return the working day after a day, by the council's calendar."""
        return add_working_days(after, 1, self.book.settings.bank_holidays)

    def in_its_zone(self, loaded_at: datetime | None) -> datetime | None:
        """Return when data was loaded, with a zone: extracts state local time without one, what people did has one."""
        return loaded_at.replace(tzinfo=self.zone) if loaded_at and loaded_at.tzinfo is None else loaded_at


def routes_of(rules: tuple[Rule, ...]) -> dict[str, RuleRoute]:
    """Return what routing needs of rules, by their ids."""
    return {
        rule.id: RuleRoute(
            notify={Level[name]: roles for name, roles in rule.file.notify.items()},
            channel=rule.in_channel,
            remind_every=rule.file.remind_every,
            title=rule.title,
            code=rule.code,
            escalate=[(step.after, step.to) for step in rule.file.escalate],
            inhibited_by=rule.file.inhibited_by,
            not_beside=rule.file.not_beside,
            about=rule.about,
            services=rule.file.services,
            name=None if rule.file.per else rule.subject.name,
            meeting=None if rule.file.per else rule.subject.meeting,
            nobody_else=rule.file.nobody_else,
            shadow=rule.shadow,
        )
        for rule in rules
    }
