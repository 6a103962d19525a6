"""Who is told, and why them: live alerts x directory x what each was last told -> notifications. Pure.

A role of the alert's team is looked up in the directory of the day. Somebody who is not a current member of staff, or has
no address, is replaced by the next up; somebody away by whoever covers for them. One message a person a receiver, with
only what is theirs.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

from alerting.digest import BY_THE_RULE
from alerting.model import Alert, Condition, Item, LastTold, Level, Notification, Person
from alerting.people import Directory, Team

NEXT_UP = ("team_manager", "service_manager", "head_of_service", "performance")
_SERVICES = {"quality": "quality_assurance", "commissioning": "commissioning", "performance": "performance"}
_TRIGGERS = frozenset({"new", "worse", "reminder"})
_COUNTED = frozenset({"snoozed", "covered"})
"""States of alerts that a message counts and does not show."""

ROLE_WORDS = {
    "worker": "allocated worker",
    "adviser": "personal adviser",
    "team_manager": "team manager",
    "service_manager": "service manager",
    "head_of_service": "head of service",
    "quality": "quality assurance",
    "commissioning": "commissioning",
    "performance": "performance team",
}


@dataclass(frozen=True, kw_only=True)
class RuleRoute:
    """What routing needs of a rule: who is told at each level, and how.

    escalate: working days and the role that is told as well from then on. inhibited_by: rules whose alert covers this one's.
    """

    notify: Mapping[Level, Sequence[str]]
    child_level: bool
    channel: bool
    remind_every: int
    title: str
    code: str
    escalate: Sequence[tuple[int, str]] = ()
    inhibited_by: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """A receiver as routing sees it. teams: the teams that a channel receiver reaches; None: it reaches persons."""

    name: str
    teams: frozenset[str] | None = None


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """One person who is told of an alert, and why them in a few words."""

    person: Person
    why: str
    covering: str | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One place where somebody was looked for: a role of the directory and the worker it names, if any.

    away: those who are away, each covered by the next, the last by `reader`. problem: why nobody could be told there.
    """

    role: str
    worker: str | None = None
    away: tuple[str, ...] = ()
    reader: str | None = None
    recipient: Recipient | None = None
    problem: str = ""


@dataclass(kw_only=True)
class Plan:
    """What one run will tell. unrouted: alerts nobody could be told of; confined: restricted ones told to nobody."""

    notifications: list[Notification] = field(default_factory=list)
    unrouted: list[Alert] = field(default_factory=list)
    confined: int = 0


class Router:
    """Finds the people for alerts, in the directory of one day.

    waited: says how many working days an alert has waited by that day; without it nothing is escalated.
    """

    def __init__(
        self, directory: Directory, rules: Mapping[str, RuleRoute], waited: Callable[[Alert], int] | None = None
    ) -> None:
        self.directory = directory
        self.rules = rules
        self.waited = waited

    def recipients(self, alert: Alert) -> list[Recipient]:
        """Give everybody who is told of an alert, each once, restrictions applied."""
        route = self.rules[alert.rule]
        found: dict[str, Recipient] = {}
        for role in [*route.notify.get(alert.level, ()), *alert.also]:
            recipient = self._resolve(alert, role)
            if recipient:
                found.setdefault(recipient.person.id, recipient)
        kept = {recipient.person.id: recipient for recipient in self._confine(alert, route, list(found.values()))}
        for recipient in self._escalated(alert, route):
            kept.setdefault(recipient.person.id, recipient)
        return list(kept.values())

    def _escalated(self, alert: Alert, route: RuleRoute) -> list[Recipient]:
        """Give who is told as well because an alert has waited; nobody who may not know of it."""
        if not route.escalate or self.waited is None:
            return []
        waited, found = self.waited(alert), []
        for days, role in route.escalate:
            recipient = self._resolve(alert, role) if waited >= days else None
            if recipient and self._may_know(alert, route, recipient.person):
                aside = "" if recipient.why == ROLE_WORDS[role] else f", {recipient.why}"
                found.append(replace(recipient, why=f"escalated after {days} working days{aside}"))
        return found

    def _may_know(self, alert: Alert, route: RuleRoute, person: Person) -> bool:
        if not route.child_level:
            return True
        restricted = self.directory.restricted
        return restricted is not None and (alert.person not in restricted or person.id in restricted[alert.person or ""].allowed)

    def path(self, alert: Alert, role: str) -> list[Step]:
        """Give where somebody for a role of an alert is looked for, in order; only the last may have found somebody."""
        return self._path(role, self.team(alert), {"worker": alert.worker, "adviser": alert.adviser})

    def team(self, alert: Alert) -> Team | None:
        """Give the team that answers for an alert: its own, else the performance team."""
        return self.directory.teams.get(alert.team or "") or self.directory.team_for("performance")

    def answers_for(self, team_id: str, role: str) -> Recipient | None:
        """Give who answers for a team in a role today, or the next up who is there."""
        return self._first_present(role, self.directory.teams.get(team_id), {})

    def performance(self) -> Recipient | None:
        """Give who reads for the performance team, which is told of faults of the data."""
        return self._first_present("performance", None, {})

    def _resolve(self, alert: Alert, role: str) -> Recipient | None:
        return self.path(alert, role)[-1].recipient

    def _first_present(self, role: str, team: Team | None, own: Mapping[str, str | None]) -> Recipient | None:
        return self._path(role, team, own)[-1].recipient

    def _path(self, role: str, team: Team | None, own: Mapping[str, str | None]) -> list[Step]:
        """Look for the person for a role: themselves, their cover, or the next up who is there."""
        above = NEXT_UP[NEXT_UP.index(role) + 1 :] if role in NEXT_UP else NEXT_UP
        steps = []
        for place in (role, *above):
            steps.append(self._look(role, place, own[place] if place in own else self._holder(team, place)))
            if steps[-1].recipient:
                break
        return steps

    def _holder(self, team: Team | None, role: str) -> str | None:
        if role in _SERVICES:
            service = self.directory.team_for(_SERVICES[role])
            return service.manager if service else None
        if team is None:
            return None
        return {
            "team_manager": team.manager,
            "service_manager": team.service_manager,
            "head_of_service": team.head_of_service,
        }.get(role)

    def _look(self, role: str, place: str, worker: str | None) -> Step:
        """Look who reads for a worker today: themselves, or whoever covers; nobody where cover goes in a ring."""
        if not worker:
            return Step(role=place, problem="nobody is recorded")
        away: list[str] = []
        until: date | None = None
        reader = worker
        while reader in self.directory.cover and reader in self.directory.staff:
            if reader in away:
                return Step(role=place, worker=worker, away=tuple(away), problem="those who are away cover for each other")
            away.append(reader)
            until = self.directory.cover[reader].until
            reader = self.directory.cover[reader].by
        person = self.directory.staff.get(reader)
        step = Step(role=place, worker=worker, away=tuple(away), reader=reader)
        if person is None or not person.email:
            return replace(step, problem="has no address" if person else "is not a current member of staff")
        if not away:
            why = ROLE_WORDS[place] if place == role else f"{ROLE_WORDS[place]}: no {ROLE_WORDS[role]} to tell"
            return replace(step, recipient=Recipient(person=person, why=why))
        name = str(self.directory.name(away[0]))
        covering = f"{name} until {until.day} {until:%B}" if until else name
        return replace(step, recipient=Recipient(person=person, why=f"as cover for {covering}", covering=covering))

    def _confine(self, alert: Alert, route: RuleRoute, found: list[Recipient]) -> list[Recipient]:
        """Keep a restricted child's alert to the people named for that child; with no list of restrictions, to nobody."""
        if not route.child_level:
            return found
        if self.directory.restricted is None:
            return []
        restriction = self.directory.restricted.get(alert.person or "")
        if restriction is None:
            return found
        kept = [recipient for recipient in found if recipient.person.id in restriction.allowed]
        named = (self.directory.staff.get(worker) for worker in sorted(restriction.allowed))
        return kept or [
            Recipient(person=person, why="named for this restricted record") for person in named if person and person.email
        ]


def waited(alert: Alert, as_of: date, held: Sequence[tuple[date, date | None]], working_days: Callable[[date, date], int]) -> int:
    """Count the working days that an alert has waited for somebody: since it was first seen, less those it was on hold.

    0 while somebody has it in hand. held: from when and until when it was on hold; None: it still is, or was until today.
    """
    if alert.acknowledged_until is not None and alert.acknowledged_until >= as_of:
        return 0
    ends = alert.resolved_on or as_of
    return working_days(alert.first_seen, ends) - sum(working_days(start, until or ends) for start, until in held)


def plan(
    router: Router,
    alerts: Sequence[Alert],
    receivers: Sequence[Receiver],
    last_told: Mapping[tuple[str, str, int], LastTold],
    *,
    purpose: str,
    as_of: date,
    working_days: Callable[[date, date], int],
    covered: Collection[str] = (),
    banners: Sequence[str] = (),
    data_as_at: str | None = None,
) -> Plan:
    """Plan a run's messages: to each person and channel that has something new to be told, all that is theirs.

    alerts: every live alert, and those resolved that somebody was told of. working_days: counts them between two days.
    covered: the references of alerts that another covers, which are counted and not told.
    """
    result = Plan()
    mine: dict[str, list[tuple[Alert, Recipient]]] = defaultdict(list)
    people: dict[str, Person] = {}
    for alert in alerts:
        if alert.condition == Condition.pending or alert.rule not in router.rules:
            continue
        recipients = router.recipients(alert)
        if not recipients and alert.condition != Condition.resolved:
            confined = router.rules[alert.rule].child_level and (
                router.directory.restricted is None or alert.person in router.directory.restricted
            )
            result.confined += confined
            if not confined:
                result.unrouted.append(alert)
        for recipient in recipients:
            mine[recipient.person.id].append((alert, recipient))
            people[recipient.person.id] = recipient.person
    told = _Told(last_told, router.rules, as_of, working_days, covered)
    common = {"banners": list(banners), "data_as_at": data_as_at}
    for receiver in receivers:
        if receiver.teams is None:
            for id_, owned in sorted(mine.items()):
                notification = _personal(router, receiver, people[id_], owned, told, purpose, as_of, common)
                result.notifications += [notification] if notification else []
        else:
            result.notifications += _channels(router, receiver, alerts, told, purpose, as_of, common)
    return result


class _Told:
    """Says how an alert stands to what a recipient was last told of it."""

    def __init__(
        self,
        last: Mapping[tuple[str, str, int], LastTold],
        rules: Mapping[str, RuleRoute],
        as_of: date,
        working_days: Callable[[date, date], int],
        covered: Collection[str],
    ) -> None:
        self._last, self._rules, self._as_of, self._working_days = last, rules, as_of, working_days
        self._covered = covered

    def state(self, receiver: str, recipient: str, alert: Alert) -> str | None:
        """Give new, worse, reminder, open, held, cleared, snoozed or covered; None when there is nothing to say."""
        last = self._last.get((receiver, recipient, alert.id or 0))
        if alert.condition == Condition.resolved:
            return "cleared" if last else None
        if alert.snoozed_until and alert.snoozed_until >= self._as_of:
            return "snoozed"
        if alert.ref in self._covered:
            return "covered"
        if alert.condition == Condition.held:
            return "held"
        if last is None:
            return "new"
        if alert.level > last.level:
            return "worse"
        acknowledged = alert.acknowledged_until is not None and alert.acknowledged_until >= self._as_of
        waited = self._working_days(last.told_on, self._as_of) >= self._rules[alert.rule].remind_every
        return "reminder" if waited and not acknowledged else "open"


def _personal(
    router: Router,
    receiver: Receiver,
    person: Person,
    owned: Iterable[tuple[Alert, Recipient]],
    told: _Told,
    purpose: str,
    as_of: date,
    common: Mapping[str, Any],
) -> Notification | None:
    states = [(alert, recipient, told.state(receiver.name, person.id, alert)) for alert, recipient in owned]
    listed = [(alert, recipient, state) for alert, recipient, state in states if state and state not in _COUNTED]
    triggers = [(alert, state) for alert, _, state in listed if state in _TRIGGERS]
    if not triggers:
        return None
    content = {
        "items": [_item(router, alert, recipient, state) for alert, recipient, state in listed],
        "covering": sorted({recipient.covering for _, recipient, _ in listed if recipient.covering}),
        "hidden": sum(state == "snoozed" for _, _, state in states),
        "covered": sum(state == "covered" for _, _, state in states),
        "told": [(alert.id, int(alert.level), alert.condition.value) for alert, _, _ in listed],
        **common,
    }
    return Notification(
        key=notification_key(
            purpose, as_of, receiver.name, person.id, [f"{alert.ref}{state}{alert.level}" for alert, state in triggers]
        ),
        receiver=receiver.name,
        purpose=purpose,
        recipient=person.id,
        name=person.name,
        address=person.email,
        as_of=as_of,
        content=content,
        urgency=max(int(alert.level) for alert, _ in triggers),
    )


def _item(router: Router, alert: Alert, recipient: Recipient, state: str) -> dict[str, Any]:
    route, team = router.rules[alert.rule], router.team(alert)
    item = Item(
        alert_id=alert.id or 0,
        ref=alert.ref,
        rule=alert.rule,
        state=state,
        level=alert.level.name,
        subject_kind=alert.subject_kind,
        subject=alert.subject,
        team=alert.team,
        team_name=team.name if team else "no team",
        first_seen=alert.first_seen,
        worker_name=router.directory.name(alert.worker),
        measure=alert.measure,
        unit=alert.unit,
        due=alert.due,
        facts=alert.facts,
        held_reason=alert.held_reason,
        resolved_reason=alert.resolved_reason,
        child_level=route.child_level,
        why=recipient.why,
    )
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(item).items()}


def _channels(
    router: Router, receiver: Receiver, alerts: Iterable[Alert], told: _Told, purpose: str, as_of: date, common: Mapping[str, Any]
) -> list[Notification]:
    """Plan a card of counts for each team's channel. Restricted children are not counted, as a count of one would tell."""
    by_team: dict[str, list[tuple[Alert, str]]] = defaultdict(list)
    for alert in alerts:
        route = router.rules.get(alert.rule)
        if route is None or not route.channel or alert.condition == Condition.pending:
            continue
        if alert.team is None or alert.team not in (receiver.teams or ()):
            continue
        if route.child_level and (router.directory.restricted is None or alert.person in router.directory.restricted):
            continue
        state = told.state(receiver.name, f"team:{alert.team}", alert)
        if state and state not in _COUNTED:
            by_team[alert.team].append((alert, state))
    planned = []
    for team_id, states in sorted(by_team.items()):
        triggers = [(alert, state) for alert, state in states if state in _TRIGGERS]
        team = router.directory.teams.get(team_id)
        if not triggers or team is None:
            continue
        content = {
            "team_name": team.name,
            "lines": _lines(router, states),
            "told": [(alert.id, int(alert.level), alert.condition.value) for alert, _ in states],
            **common,
        }
        key = notification_key(
            purpose, as_of, receiver.name, f"team:{team_id}", [f"{a.ref}{state}{a.level}" for a, state in triggers]
        )
        planned.append(
            Notification(
                key=key,
                receiver=receiver.name,
                purpose=purpose,
                recipient=f"team:{team_id}",
                name=team.name,
                address=None,
                as_of=as_of,
                content=content,
                urgency=max(int(alert.level) for alert, _ in triggers),
            )
        )
    return planned


def _lines(router: Router, states: Iterable[tuple[Alert, str]]) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for alert, state in states:
        if alert.resolved_reason in BY_THE_RULE:
            continue
        route = router.rules[alert.rule]
        row = rows.setdefault(
            alert.rule, {"rule": route.code, "title": route.title, "level": 0, "new": 0, "open": 0, "cleared": 0, "held": 0}
        )
        column = {"new": "new", "cleared": "cleared", "held": "held"}.get(state, "open")
        row[column] += 1
        if state != "cleared":
            row["level"] = max(row["level"], int(alert.level))
    ordered = sorted(rows.values(), key=lambda row: (-row["level"], row["rule"]))
    return [row | {"level": Level(row["level"]).name if row["level"] else "none"} for row in ordered]


def notification_key(purpose: str, as_of: date, receiver: str, recipient: str, told: Iterable[str]) -> str:
    """Give the key of a notification: the same for the same things told to the same recipient on the same day."""
    text = "\x1f".join([purpose, as_of.isoformat(), receiver, recipient, *sorted(told)])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
