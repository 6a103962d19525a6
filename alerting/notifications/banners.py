"""What a message says at its head of the day's data and of the rules that could not run, or are implausible: to those whom it concerns.

A rule that could not run concerns whoever has alerts of it, and whoever it would tell: a team manager who reads nothing of
visits must know whether there was nothing to read. It does not concern somebody whom it never tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from alerting.formatting import capital, day, listed, plural
from alerting.notifications.content import Item
from alerting.notifications.routing import Router, RuleRoute

_NAMED = 3
"""How many rules that could not run a banner names; the others are counted."""

_ANYBODY = frozenset({"worker", "adviser"})
"""Roles that are not of the directory but of a case: anybody may have one."""


@dataclass(frozen=True, kw_only=True)
class Banners:
    """What a day's messages say at their heads."""

    router: Router
    #: What everybody must know of the data.
    data: tuple[str, ...] = ()
    #: The rules that could not run: their codes, by their ids.
    stopped: Mapping[str, str] = field(default_factory=dict)
    #: What could not be read, as managers call it, by the ids of the rules that wait for it.
    records: Mapping[str, Set[str]] = field(default_factory=dict)
    #: Since when alerts of a rule are on hold, by its id.
    since: Mapping[str, date] = field(default_factory=dict)
    #: The rules of which more matches than can be right: their codes, by their ids.
    doubted: Mapping[str, str] = field(default_factory=dict)
    as_of: date = date.max
    #: By team, the day of the card that its channel did not get.
    not_posted: Mapping[str, date] = field(default_factory=dict)
    #: What the managers of teams are told of none of whose rules could be asked, by their id.
    unasked: Mapping[str, str] = field(default_factory=dict)

    def for_everybody(self) -> tuple[str, ...]:
        """Return what the reader of a summary must know: of the data, and of all rules that could not run."""
        return (*self.data, *self._not_told(self._unknown))

    def for_channel(self) -> tuple[str, ...]:
        """Return the banners of a team channel's card."""
        rules = self.router.rules
        return (*self.data, *self._not_told({rule for rule in self._unknown if rule not in rules or rules[rule].channel}))

    def for_person(self, reader: str, items: Sequence[Item]) -> tuple[str, ...]:
        """Return the banners of one person's list. reader: their id; items: what is in it."""
        theirs = {item.rule for item in items}
        concerning = {
            rule
            for rule in self._unknown
            # Where nobody can say whom a rule would tell, it concerns everybody.
            if rule not in self._reached or rule in theirs or reader in self._reached[rule]
        }
        return (*self._not_asked(reader), *self.data, *self._not_told(concerning), *self._missing_cards(items))

    def for_reader_of(self, reader: str, rules: Set[str]) -> tuple[str, ...]:
        """Return what somebody must know who has no news, and of whose open alerts, of these rules, nothing is known today."""
        return (*self._not_asked(reader), *self.data, *self._not_told(rules))

    def _not_asked(self, reader: str) -> list[str]:
        return [self.unasked[reader]] if reader in self.unasked else []

    def _not_told(self, rules: Set[str]) -> list[str]:
        """Return which of these rules could not run, and of which nothing is told as more matches than can be right."""
        could_not_run = self._could_not_run([rule for rule in self.stopped if rule in rules])
        return [*could_not_run, *self._doubted([rule for rule in self.doubted if rule in rules])]

    @property
    def _unknown(self) -> Set[str]:
        return self.stopped.keys() | self.doubted.keys()

    def _doubted(self, rules: Sequence[str]) -> list[str]:
        if not rules:
            return []
        found = "1 rule has" if len(rules) == 1 else f"{len(rules)} rules have"
        named = listed(self._named(rules, self.doubted))
        first = "The data is looked at first, and until then nothing of it is told, neither old nor new."
        return [f"{found} found more than can be right: {named}. {first}"]

    def _named(self, rules: Sequence[str], codes: Mapping[str, str]) -> list[str]:
        """Return the titles of rules that managers know, the last of many counted."""
        known = self.router.rules
        titles = [known[rule].title if rule in known else codes[rule] for rule in rules]
        return [*titles[:_NAMED], *([f"{len(titles) - _NAMED} more"] if len(titles) > _NAMED else [])]

    def _could_not_run(self, rules: Sequence[str]) -> list[str]:
        """Return that rules could not run, by the titles that managers know, and since when; nothing where there are none."""
        if not rules:
            return []
        theirs = "Its alerts are" if len(rules) == 1 else "Their alerts are"
        first = min((self.since[rule] for rule in rules if rule in self.since), default=self.as_of)
        since = (
            f" {'This' if len(rules) == 1 else 'Of some of them this'} has been so since {day(first)}."
            if first < self.as_of
            else ""
        )
        return [
            f"{self._unread(rules)}{plural(len(rules), 'rule')} could not run today: {listed(self._named(rules, self.stopped))}. {theirs} on hold, and none of them is cleared.{since}"
        ]

    def _unread(self, rules: Sequence[str]) -> str:
        """Return which records rules wait for, as the sentence that stands before them."""
        found = sorted({records for rule in rules for records in self.records.get(rule, ())})
        if not found:
            return ""
        named = listed(found) if len(found) <= _NAMED else "the records of the council"
        return f"{capital(named)} could not be read this morning. "

    def _missing_cards(self, items: Iterable[Item]) -> list[str]:
        directory = self.router.directory
        teams = {item.team for item in items if item.team} & self.not_posted.keys() & directory.teams.keys()
        return [
            f"The card of {day(self.not_posted[team])} for the channel of {directory.teams[team].name} could not be posted. "
            "Nothing in it is missing here."
            for team in sorted(teams)
        ]

    @cached_property
    def _reached(self) -> Mapping[str, Set[str]]:
        rules = self.router.rules
        return {rule: _readers(self.router, rules[rule]) for rule in self._unknown if rule in rules}


def _readers(router: Router, route: RuleRoute) -> Set[str]:
    """Return everybody whom a rule may tell by their place in the directory, and who covers for them."""
    roles = {role for told in route.notify.values() for role in told} | {role for _, role in route.escalate}
    directory = router.directory
    found = set(directory.staff) if roles & _ANYBODY else set()
    for team in directory.teams:
        for role in roles - _ANYBODY:
            recipient = router.answers_for(team, role)
            found |= {recipient.person.id} if recipient else set()
    return found | {cover.by for away, cover in directory.cover.items() if cover.by and away in found}
