"""Silences: alerts of a kind that nobody is told of for a while, by somebody, for a reason, until a day.

A silence changes no alert: what it matches is worked out when messages are planned, so that its end needs no repair. One
that a single person made never matches a critical alert, whenever that comes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import NamedTuple

from alerting.alerts.matcher import Matcher
from alerting.alerts.people import Actor
from alerting.config import Handling
from alerting.errors import HandlingError
from alerting.formatting import day, plural
from alerting.model import Alert, Condition, Level
from alerting.notifications.content import Notice
from alerting.notifications.routing import Router

_FEW = 3
"""So many alerts may be all there are without being everything."""


@dataclass(frozen=True, kw_only=True)
class Silence:
    """One silence. matched: the open alerts that it matched when it was made. begins, until: its first and last day."""

    id: int
    matcher: Matcher
    reason: str
    by: str
    approved_by: str | None
    begins: date
    until: date
    matched: int
    at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None

    def stands(self, as_of: date) -> bool:
        """Return whether it silences on a day."""
        return self.ended_at is None and self.begins <= as_of <= self.until

    def matches(self, alert: Alert) -> bool:
        """Return whether it silences an alert; a critical one only where two people agreed."""
        return (alert.level < Level.critical or self.approved_by is not None) and self.matcher.matches(alert)


@dataclass(frozen=True, kw_only=True)
class Impact:
    """What a matcher would silence today. people: how many alerts each person would not be told of, the most first."""

    alerts: Sequence[Alert]
    open: int
    levels: Mapping[str, int]
    people: Sequence[tuple[str, int]]
    teams: Sequence[tuple[str, int]]
    #: Those of whom alerts would be silenced, by id, with how many.
    touched: Mapping[str, int] = field(default_factory=dict)
    #: How many it would silence together with the silences that one person alone made.
    piled: int = 0
    #: Why nobody may make it, as it would silence everything, alone or with those there are; None where it would not.
    everything: str | None = None

    def needs_two(self, share: int) -> str | None:
        """Return why one person alone may not silence these; None where one may. share: per cent of the open alerts."""
        if self.levels.get(Level.critical.name):
            return f"it would silence {plural(self.levels[Level.critical.name], 'critical alert')}"
        if self.open and len(self.alerts) * 100 > share * self.open:
            return f"it would silence {len(self.alerts)} of {self.open} open alerts, which is more than {share} per cent"
        if self.alerts and self.piled * 100 > share * self.open:
            return (
                f"with the silences that one person made it would silence {self.piled} of {self.open} open alerts, which is more "
                f"than {share} per cent"
            )
        return None


def impact(
    matcher: Matcher,
    alerts: Iterable[Alert],
    router: Router,
    others: Collection[Silence] = (),
    kinds: Mapping[str, str] = MappingProxyType({}),
) -> Impact:
    """Return what a matcher would silence of these alerts, and from whom.

    others: the silences that stand or are to come. kinds: the rules in use by id, each with what its alerts are about.
    """
    opened = [alert for alert in alerts if alert.condition not in (Condition.pending, Condition.resolved)]
    matched = [alert for alert in opened if matcher.matches(alert)]
    levels = Counter(alert.level.name for alert in matched)
    teams = Counter(router.team_name(alert) for alert in matched)
    readers = [recipient.person for alert in matched if alert.rule in router.rules for recipient in router.recipients(alert)]
    people = Counter(person.name for person in readers)
    alone = [other for other in others if other.approved_by is None]
    piled = [alert for alert in opened if matcher.matches(alert) or any(other.matches(alert) for other in alone)]
    return Impact(
        touched=Counter(person.id for person in readers),
        piled=len(piled),
        everything=_everything(matcher, others, opened, _kinds_of_alerts(router, opened, kinds)),
        alerts=matched,
        open=len(opened),
        levels={level.name: levels[level.name] for level in reversed(Level) if levels[level.name]},
        people=people.most_common(),
        teams=teams.most_common(),
    )


class _Kind(NamedTuple):
    """Alerts that there can be: of a rule, at a level, in a team, about whoever it may be."""

    rule: str
    level: Level
    subject_kind: str
    team: str | None

    def is_matched(self, matcher: Matcher) -> bool:
        """Return whether a matcher silences all of them."""
        own = {"rule": self.rule, "level": self.level.name, "subject_kind": self.subject_kind, "team": self.team}
        given = matcher.given()
        return bool(given) and all(key in own and own[key] in values for key, values in given.items())


def _kinds_of_alerts(router: Router, opened: Iterable[Alert], kinds: Mapping[str, str]) -> list[_Kind]:
    teams = {*router.directory.teams, *(alert.team for alert in opened)}
    levels = {rule: router.rules[rule].notify for rule in kinds if rule in router.rules}
    return [_Kind(rule, level, kinds[rule], team) for rule in levels for level in levels[rule] for team in teams]


def _everything(matcher: Matcher, others: Collection[Silence], opened: Sequence[Alert], possible: Sequence[_Kind]) -> str | None:
    """Return why a silence would, with the others, leave nothing to tell: by what they match, and not by how they are written."""
    with_it = "with the silences that there are, " if others else ""
    for name, is_meant in (("critical alert", _is_critical), ("alert", _is_not_critical)):
        told_of = [kind for kind in possible if is_meant(kind.level)]
        mine = [*(other.matcher for other in others if name == "alert" or other.approved_by is not None), matcher]
        if told_of and all(any(each.is_matched(of) for of in mine) for each in told_of):
            return f"{with_it}it would silence every {name} that there can be"
        met = [alert for alert in opened if is_meant(alert.level)]
        if len(met) > _FEW and all(any(of.matches(alert) for of in mine) for alert in met):
            return f"{with_it}it would silence every open {name}"
    return None


def _is_critical(level: Level) -> bool:
    return level >= Level.critical


def _is_not_critical(level: Level) -> bool:
    return level < Level.critical


@dataclass(frozen=True, kw_only=True)
class SilenceRequest:
    """A silence that somebody wants: what of, why, from which day to which."""

    matcher: Matcher
    reason: str
    by: Actor
    begins: date
    until: date
    #: Whom they ask to approve it, by id; None for anybody else.
    asked: str | None = None
    #: The second person, and the request that they approved.
    approved_by: Actor | None = None
    answers: int | None = None


def refuse_where_wrong(request: SilenceRequest, today: date, limits: Handling, add_days: Callable[[date, int], date]) -> None:
    """Raise HandlingError where a silence may be made by nobody: without a matcher, a reason or an end that is near enough."""
    if not request.matcher.given():
        raise HandlingError(
            "a silence of everything is refused",
            remedy="Say what it is about: --rule, --team, --level, --subject, --worker or --child.",
        )
    if not request.reason.strip():
        raise HandlingError("a silence needs a reason", remedy="Say why with --reason.")
    if request.until < max(today, request.begins):
        raise HandlingError(f"{request.until} has passed, or lies before its first day", remedy="Give a later day with --until.")
    last = add_days(max(today, request.begins), limits.silence)
    if request.until > last:
        raise HandlingError(
            f"{request.until} is too far off: a silence lasts {plural(limits.silence, 'working day')} at most",
            remedy=f"Give {last} or a day before it with --until.",
        )


def refuse_everything(found: Impact) -> None:
    """Raise HandlingError where a silence would leave nothing to tell."""
    if found.everything:
        raise HandlingError(
            f"a silence of everything is refused: {found.everything}",
            remedy="Say what it is about more narrowly, or end another: `alerting silences list` shows them.",
        )


def said(silence: Silence) -> str:
    """Return by whom, and until when, the alerts of a silence are silenced."""
    return f"by {silence.by} until {day(silence.until)} (silence {silence.id})"


def silenced(alerts: Iterable[Alert], silences: Sequence[Silence]) -> dict[str, Silence]:
    """Return the alerts that these silence, by reference, each with the one that lasts longest."""
    latest = sorted(silences, key=lambda silence: silence.until, reverse=True)
    found = ((alert.ref, next((silence for silence in latest if silence.matches(alert)), None)) for alert in alerts)
    return {ref: silence for ref, silence in found if silence is not None}


def ending(silences: Iterable[Silence], alerts: Sequence[Alert], next_day: date) -> list[tuple[Silence, Notice]]:
    """Return the silences that are about to end, with what to tell whoever made them. next_day: the working day after today."""
    opened = [alert for alert in alerts if alert.condition not in (Condition.pending, Condition.resolved)]
    return [(silence, _ends(silence, opened)) for silence in silences if silence.until <= next_day]


def _ends(silence: Silence, opened: Sequence[Alert]) -> Notice:
    count = sum(silence.matches(alert) for alert in opened)
    detail = (
        f"It was made by {silence.by}: {silence.reason}. It is about {silence.matcher}; {plural(count, 'open alert')} of that "
        "will be told again."
    )
    do = "Make a new one with `alerting silences add` only if the reason still holds."
    return Notice(title=f"Silence {silence.id} ends on {day(silence.until)}", detail=detail, do=do)
