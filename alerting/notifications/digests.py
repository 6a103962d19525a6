"""What each of those who are told is told: all that is theirs, where something of it is new to them. Pure.

One message a person a receiver, with only what is theirs; one card of counts a team's channel.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from alerting.alerts import handling_state
from alerting.formatting import day, listed
from alerting.model import CHANNEL, Act, Alert, Condition, Item, LastTold, Level, Notification, Person
from alerting.notifications.messages.digest import by_the_record
from alerting.notifications.routing import Receiver, Recipient, Router, RuleRoute, is_by, notification_key

_TRIGGERS = frozenset({"new", "backlog", "back", "worse", "reminder", "recorded"})
_COUNTED = frozenset({"snoozed", "silenced", "covered", "flapping"})
"""States of alerts that a message counts and does not show."""


@dataclass(kw_only=True)
class Plan:
    """What one run will tell. unrouted: alerts nobody could be told of; confined: restricted ones told to nobody.

    routes: who each alert is for, told today or not, by its id.
    """

    notifications: list[Notification] = field(default_factory=list)
    routes: dict[int, list[Recipient]] = field(default_factory=dict)
    unrouted: list[Alert] = field(default_factory=list)
    confined: int = 0


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
    silenced: Collection[str] = (),
    backlog: Collection[str] = (),
    flapping: Collection[str] = (),
    idle: Callable[[Alert, date], int] = lambda _alert, _since: 0,
    banners: Sequence[str] = (),
    loaded_at: datetime | None = None,
) -> Plan:
    """Plan a run's messages: to each person and channel that has something new to be told, all that is theirs.

    alerts: every live alert, and those resolved that somebody was told of. working_days: counts them between two days.
    covered, silenced: the references of alerts that another covers, or somebody silenced, which are counted and not told.
    backlog: those of alerts that were open when the service began, which are told as counts. flapping: those of alerts that
    come and go too often to be told each time. idle: the working days since a day on which an alert was on hold, cleared, or
    kept back by a brake.
    """
    result = Plan()
    mine: dict[str, list[tuple[Alert, Recipient]]] = defaultdict(list)
    people: dict[str, Person] = {}
    for alert in alerts:
        if alert.condition == Condition.pending or alert.rule not in router.rules:
            continue
        recipients = router.recipients(alert)
        result.routes[alert.id or 0] = recipients
        if not recipients and alert.condition != Condition.resolved:
            confined = router.is_confined(alert)
            result.confined += confined
            if not confined:
                result.unrouted.append(alert)
        for recipient in recipients:
            mine[recipient.person.id].append((alert, recipient))
            people[recipient.person.id] = recipient.person
    moved = _moved(router, alerts)
    people |= {before.person.id: before.person for given in moved.values() for _, before, _ in given}
    told = _Told(last_told, router.rules, as_of, working_days, covered, silenced, loaded_at, backlog, flapping, idle)
    common = {"banners": list(banners), "data_as_at": loaded_at.replace(tzinfo=None).isoformat() if loaded_at else None}
    for receiver in receivers:
        if receiver.teams is None:
            for id_ in sorted({*mine, *moved}):
                gone = [each for each in moved.get(id_, ()) if told.knows(receiver.name, id_, each[0])]
                notification = _personal(router, receiver, people[id_], mine.get(id_, ()), gone, told, purpose, as_of, common)
                result.notifications += [notification] if notification else []
        else:
            result.notifications += _channels(router, receiver, alerts, told, purpose, as_of, common)
    return result


def _moved(router: Router, alerts: Iterable[Alert]) -> dict[str, list[tuple[Alert, Recipient, Recipient]]]:
    """Return the alerts that were assigned away from somebody who is not told of them any more, by that person."""
    found: defaultdict[str, list[tuple[Alert, Recipient, Recipient]]] = defaultdict(list)
    for alert in alerts:
        if handling_state.assigned(alert) is None or alert.rule not in router.rules or alert.condition == Condition.resolved:
            continue
        given = router.handed_on(alert)
        if given and all(given[0].person.id != recipient.person.id for recipient in router.recipients(alert)):
            found[given[0].person.id].append((alert, *given))
    return found


class _Told:
    """Says how an alert stands to what a recipient was last told of it."""

    def __init__(
        self,
        last: Mapping[tuple[str, str, int], LastTold],
        rules: Mapping[str, RuleRoute],
        as_of: date,
        working_days: Callable[[date, date], int],
        covered: Collection[str],
        silenced: Collection[str],
        loaded_at: datetime | None,
        backlog: Collection[str],
        flapping: Collection[str],
        idle: Callable[[Alert, date], int],
    ) -> None:
        self._last, self._rules, self._as_of, self._working_days = last, rules, as_of, working_days
        self._covered, self._silenced, self._backlog, self.loaded_at = covered, silenced, backlog, loaded_at
        self._flapping, self._idle = flapping, idle

    def knows(self, receiver: str, recipient: str, alert: Alert) -> bool:
        """Return whether a recipient was told of an alert, and not since that it ended or moved."""
        return (receiver, recipient, alert.id or 0) in self._last

    def in_hand(self, alert: Alert) -> list[Act]:
        """Return the acknowledgements of an alert that stand today."""
        return handling_state.in_hand(alert, self._as_of)

    def recorded(self, alert: Alert) -> Act | None:
        """Return who said that what an alert asks for is recorded, where the data of today does not show it."""
        return handling_state.recorded_in_vain(alert, self._as_of, self.loaded_at)

    def state(self, receiver: str, recipient: str, alert: Alert, person: Person | None = None) -> str | None:
        """Return how an alert is told: new, back, worse, reminder and so on; None with nothing to say.

        back: it was cleared, or they were told that it improves, and it is back. person: whom a receiver of persons tells, whose own acknowledgement counts.
        """
        last = self._last.get((receiver, recipient, alert.id or 0))
        if alert.condition == Condition.resolved:
            return "cleared" if last else None
        if handling_state.put_off(alert, self._as_of, self.loaded_at):
            return "snoozed"
        if alert.ref in self._silenced:
            return "silenced"
        if alert.ref in self._covered:
            return "covered"
        if alert.condition == Condition.held:
            return "held"
        if alert.condition == Condition.recovering:
            return "improving" if last else None
        if alert.ref in self._flapping and (last is None or alert.level <= last.level):
            return "flapping"
        if last is not None and alert.level > last.level:
            return "worse"
        if last is None and alert.ref in self._backlog:
            return "backlog"
        if alert.reopened_on is not None and (last is None or last.told_on < alert.reopened_on):
            return "back"
        if last is None:
            return "new"
        if last.condition == Condition.recovering:
            return "back"
        recorded = self.recorded(alert)
        if recorded and last.told_on <= recorded.on:
            return "recorded"
        acknowledged = any(person is None or is_by(act, person) for act in self.in_hand(alert))
        since = self._working_days(last.told_on, self._as_of) - self._idle(alert, last.told_on)
        waited = since >= self._rules[alert.rule].remind_every
        return "reminder" if waited and not acknowledged else "open"


def _personal(
    router: Router,
    receiver: Receiver,
    person: Person,
    owned: Iterable[tuple[Alert, Recipient]],
    gone: Sequence[tuple[Alert, Recipient, Recipient]],
    told: _Told,
    purpose: str,
    as_of: date,
    common: Mapping[str, Any],
) -> Notification | None:
    states = [(alert, recipient, told.state(receiver.name, person.id, alert, person)) for alert, recipient in owned]
    listed = [(alert, recipient, state) for alert, recipient, state in states if state and state not in _COUNTED]
    triggers = [(alert, state) for alert, _, state in listed if state in _TRIGGERS]
    triggers += [(alert, "moved") for alert, _, _ in gone]
    if not triggers:
        return None
    items = [_item(router, alert, recipient, state, _in_hand(router, told, alert, person)) for alert, recipient, state in listed]
    items += [_item(router, alert, before, "moved", f"Now with {now.person.name}.") for alert, before, now in gone]
    content = {
        "items": items,
        "covering": sorted({recipient.covering for _, recipient, _ in listed if recipient.covering}),
        "hidden": sum(state == "snoozed" for _, _, state in states),
        "silenced": sum(state == "silenced" for _, _, state in states),
        "covered": sum(state == "covered" for _, _, state in states),
        "flapping": sum(state == "flapping" for _, _, state in states),
        # What has moved is forgotten as what is resolved is: should it come back to them, it is new.
        "told": [(alert.id, int(alert.level), alert.condition.value) for alert, _, _ in listed]
        + [(alert.id, int(alert.level), Condition.resolved.value) for alert, _, _ in gone],
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


def _in_hand(router: Router, told: _Told, alert: Alert, reader: Person) -> str:
    """Say to one of those who are told of an open alert whose it is, who has it in hand and who said that it was recorded."""
    if alert.condition == Condition.resolved:
        return ""
    given, recorded = router.handed_on(alert) if handling_state.assigned(alert) else None, told.recorded(alert)
    said = [f"Assigned to {given[1].person.name}."] if given and given[1].person.id != reader.id else []
    said += [f"{_named(router, recorded)} said on {day(recorded.on)} that it was recorded."] if recorded else []
    acts = told.in_hand(alert)
    if acts:
        last = max(act.until for act in acts if act.until)
        said.append(f"Acknowledged by {listed([_named(router, act) for act in acts])} until {day(last)}.")
    return " ".join(said)


def _named(router: Router, act: Act) -> str:
    return router.directory.name(act.by) or act.by


def _item(router: Router, alert: Alert, recipient: Recipient, state: str, in_hand: str) -> dict[str, Any]:
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
        held_detail=alert.held_detail,
        resolved_reason=alert.resolved_reason,
        resolved_detail=alert.resolved_detail,
        child_level=route.child_level,
        why=recipient.why,
        in_hand=in_hand,
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
        state = told.state(receiver.name, f"{CHANNEL}{alert.team}", alert)
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
            purpose, as_of, receiver.name, f"{CHANNEL}{team_id}", [f"{a.ref}{state}{a.level}" for a, state in triggers]
        )
        planned.append(
            Notification(
                key=key,
                receiver=receiver.name,
                purpose=purpose,
                recipient=f"{CHANNEL}{team_id}",
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
        if not by_the_record(alert.resolved_reason):
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
