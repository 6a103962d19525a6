"""What each of those who are told is told: all that is theirs, where something of it is new to them. Pure.

One message a person a receiver, with only what is theirs; one card of counts a team's channel.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from alerting.alerts import handling_state
from alerting.formatting import day, listed
from alerting.model import CHANNEL, Act, Alert, Condition, LastTold, Level, Person, Reason
from alerting.notifications.banners import Banners
from alerting.notifications.called import called
from alerting.notifications.content import (
    COUNTED_ONLY,
    NEWS,
    CardContent,
    CardLine,
    DigestContent,
    Item,
    ItemState,
    Notification,
    ToldAlert,
)
from alerting.notifications.fallback import fallback_chains
from alerting.notifications.messages.digest import by_the_record
from alerting.notifications.quiet import Quiet
from alerting.notifications.routing import Receiver, Recipient, Router, is_by, notification_key
from alerting.notifications.service_alerts import is_of_service
from alerting.notifications.silences import Silence
from alerting.notifications.team_card import TeamCard, cards_of
from alerting.notifications.triage import Standing, count_rule, place_of, worst_of


def _never_idle(_alert: Alert, _since: date) -> int:
    return 0


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What decides how alerts are told on a day, beside the alerts themselves. Alerts are named by reference."""

    banners: Banners
    #: The job whose messages are planned.
    purpose: str
    as_of: date
    #: Counts the working days between two days.
    working_days: Callable[[date, date], int]
    #: Counts them by the calendar alone, those of runs that were missed too; None where that is the same.
    by_calendar: Callable[[date, date], int] | None = None
    #: What everybody was last told, by receiver, recipient and alert.
    last_told: Mapping[tuple[str, str, str], LastTold] = field(default_factory=dict)
    loaded_at: datetime | None = None
    #: Alerts that another covers, with which: counted, and not told.
    covered: Mapping[str, str] = field(default_factory=dict)
    #: Alerts that somebody silenced, with the silence: counted, and not told.
    silenced: Mapping[str, Silence] = field(default_factory=dict)
    #: The numbers of the silences that were made since the last daily run.
    new_silences: Collection[int] = ()
    #: Alerts that were open when the service began: told as counts.
    backlog: Collection[str] = ()
    #: Alerts that come and go too often to be told each time.
    flapping: Collection[str] = ()
    #: Counts the working days since a day on which an alert was on hold, cleared, or kept back by a brake.
    idle: Callable[[Alert, date], int] = _never_idle
    #: The alerts of rules that are implausible: of these no more is told than that.
    doubted: Sequence[Alert] = ()
    #: Critical alerts that are told although a brake holds their rule.
    unchecked: Collection[str] = ()
    #: Of how many new amber and info alerts of a team more than a count is told; None for all.
    budget: int | None = None
    #: The ids of those who look after the service, who read in their own message what is about the service itself.
    administrators: Collection[str] = ()
    #: How the work of each team is going.
    cards: Sequence[TeamCard] = ()

    #: Who hears of what is clear or done although nothing is new.
    quiet: Quiet = field(default_factory=Quiet)

    def is_with_administrators(self, router: Router, alert: Alert, person: Person) -> bool:
        """Return whether somebody reads of an alert in the message to those who look after the service, and not in their list beside it."""
        is_over = alert.condition == Condition.resolved  # as whoever was told of it in their list reads there
        return person.id in self.administrators and not is_over and is_of_service(router.rules[alert.rule])

    def working_days_to(self, due: date) -> int:
        """Return how many working days a day is away, below nought where it has passed."""
        count = self.by_calendar or self.working_days
        return -count(due, self.as_of) if due < self.as_of else count(self.as_of, due)

    @property
    def data_as_at(self) -> datetime | None:
        """When the data was loaded, as a message says it: in the council's time, without a zone."""
        return self.loaded_at.replace(tzinfo=None) if self.loaded_at else None

    def was_told(self, receiver: str, recipient: str, alert: Alert) -> bool:
        """Return whether a recipient was told of an alert, and not since that it ended or moved."""
        return (receiver, recipient, alert.ref) in self.last_told

    def was_said(self, receiver: str, recipient: str, alert: Alert, state: ItemState) -> bool:
        """Return whether somebody heard today already that an alert stands as it does: a later run of the day adds only news."""
        last = self.last_told.get((receiver, recipient, alert.ref))
        stands = state in (ItemState.open, ItemState.held, ItemState.improving)
        return stands and last is not None and last.told_on == self.as_of and last.condition == alert.condition

    def in_hand(self, alert: Alert) -> list[Act]:
        """Return the acknowledgements of an alert that stand today."""
        return handling_state.active_acknowledgements(alert, self.as_of)

    def recorded(self, alert: Alert) -> Act | None:
        """Return who said that what an alert asks for is recorded, where the data of today does not show it."""
        return handling_state.recorded_in_vain(alert, self.as_of, self.loaded_at)

    def state(
        self, router: Router, receiver: str, recipient: str, alert: Alert, person: Person | None = None
    ) -> ItemState | None:
        """Return how an alert is told; None where there is nothing to say.

        person: whom a receiver of persons tells, whose own acknowledgement counts.
        """
        last = self.last_told.get((receiver, recipient, alert.ref))
        if alert.condition == Condition.resolved:
            return ItemState.cleared if last else None
        quiet = self._quiet(alert, last)
        if quiet:
            return quiet
        if alert.condition == Condition.recovering:
            return ItemState.improving if last else None
        news = self._news(alert, last)
        if news or last is None:
            return news or ItemState.new
        recorded = self.recorded(alert)
        if recorded and last.told_on <= recorded.on:
            return ItemState.recorded
        acknowledged = any(person is None or is_by(act, person) for act in self.in_hand(alert))
        since = self.working_days(last.told_on, self.as_of) - self.idle(alert, last.told_on)
        waited = since >= router.rules[alert.rule].remind_every
        return ItemState.reminder if waited and not acknowledged else ItemState.open

    def _quiet(self, alert: Alert, last: LastTold | None) -> ItemState | None:
        """Return why an open alert is not told as it is; None where it is."""
        if handling_state.active_snooze(alert, self.as_of, self.loaded_at):
            return ItemState.snoozed
        if alert.ref in self.silenced:
            return ItemState.silenced
        if alert.ref in self.covered:
            return ItemState.covered
        if alert.condition == Condition.held:
            return ItemState.held
        flaps = alert.ref in self.flapping and alert.condition != Condition.recovering
        return ItemState.flapping if flaps and (last is None or alert.level <= last.level) else None

    def _news(self, alert: Alert, last: LastTold | None) -> ItemState | None:
        """Return what is news of a firing alert beside that it is there; None where nothing is."""
        if last is not None and alert.level > last.level:
            return ItemState.worse
        if last is None and alert.ref in self.backlog:
            return ItemState.backlog
        if alert.reopened_on is not None and (last is None or last.told_on < alert.reopened_on):
            return ItemState.back
        return ItemState.back if last is not None and last.condition == Condition.recovering else None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What one run will tell."""

    notifications: tuple[Notification, ...] = ()
    #: Whom each alert is for, told today or not, by its reference.
    routes: Mapping[str, Sequence[Recipient]] = field(default_factory=dict)
    #: Alerts that nobody could be told of.
    unrouted: tuple[Alert, ...] = ()
    #: How many alerts of restricted records are told to nobody.
    confined: int = 0


@dataclass(frozen=True, kw_only=True)
class _Gone:
    """An alert that was assigned away from somebody: to them, and to whom."""

    alert: Alert
    before: Recipient
    now: Recipient


def compose_digests(router: Router, alerts: Sequence[Alert], receivers: Sequence[Receiver], today: Circumstances) -> Plan:
    """Return a run's messages: to each person and channel that has something new to be told, all that is theirs.

    alerts: every live alert, and those resolved that somebody was told of.
    """
    told_of = [alert for alert in alerts if alert.condition != Condition.pending and alert.rule in router.rules]
    routes = {alert.ref: router.recipients(alert) for alert in told_of}
    lost = [alert for alert in told_of if not routes[alert.ref] and alert.condition != Condition.resolved]
    unrouted = tuple(alert for alert in lost if not (router.is_confined(alert) or router.is_in_shadow(alert)))
    notifications: list[Notification] = []
    theirs = _by_person(router, told_of, routes, today)
    gone = _moved(router, told_of, routes)
    people = {recipient.person.id: recipient.person for owned in theirs.values() for _, recipient in owned}
    people |= {each.before.person.id: each.before.person for moved in gone.values() for each in moved}
    for receiver in receivers:
        if receiver.teams is not None:
            notifications += _cards(router, receiver, told_of, today)
            continue
        for id_, person in sorted(people.items()):
            moved = [each for each in gone.get(id_, ()) if today.was_told(receiver.name, id_, each.alert)]
            digest = _digest(router, receiver, person, theirs.get(id_, ()), moved, today)
            notifications += [digest] if digest else []
        if today.purpose == "daily":
            told = {notification.recipient for notification in notifications if notification.receiver == receiver.name}
            notifications += _of_what_is_not_known(router, receiver, told_of, told, today)
    return Plan(notifications=tuple(notifications), routes=routes, unrouted=unrouted, confined=len(lost) - len(unrouted))


def _by_person(
    router: Router, alerts: Iterable[Alert], routes: Mapping[str, Sequence[Recipient]], today: Circumstances
) -> Mapping[str, Sequence[tuple[Alert, Recipient]]]:
    found: defaultdict[str, list[tuple[Alert, Recipient]]] = defaultdict(list)
    for alert in alerts:
        for recipient in routes[alert.ref]:
            if not today.is_with_administrators(router, alert, recipient.person):
                found[recipient.person.id].append((alert, recipient))
    return found


def _moved(router: Router, alerts: Iterable[Alert], routes: Mapping[str, Sequence[Recipient]]) -> Mapping[str, Sequence[_Gone]]:
    """Return the alerts that were assigned away from somebody who is not told of them any more, by that person."""
    found: defaultdict[str, list[_Gone]] = defaultdict(list)
    for alert in alerts:
        if handling_state.active_assignment(alert) is None or alert.condition == Condition.resolved:
            continue
        given = router.handed_on(alert)
        if given and all(given[0].person.id != recipient.person.id for recipient in routes[alert.ref]):
            found[given[0].person.id].append(_Gone(alert=alert, before=given[0], now=given[1]))
    return found


# ---------------------------------------------------------------------- a person's list


def _digest(
    router: Router,
    receiver: Receiver,
    person: Person,
    owned: Iterable[tuple[Alert, Recipient]],
    gone: Sequence[_Gone],
    today: Circumstances,
) -> Notification | None:
    states = [(alert, recipient, today.state(router, receiver.name, person.id, alert, person)) for alert, recipient in owned]
    listed = [
        (alert, recipient, state)
        for alert, recipient, state in states
        if state and state not in COUNTED_ONLY and not today.was_said(receiver.name, person.id, alert, state)
    ]
    news = [(alert, state) for alert, _, state in listed if state in NEWS] + [(each.alert, ItemState.moved) for each in gone]
    quiet = [today.silenced[alert.ref] for alert, _, state in states if state == ItemState.silenced]
    unheard = sorted({silence.id for silence in quiet} & set(today.new_silences))
    if not news and not unheard:
        news = [(alert, state) for alert, _, state in listed if _is_done(alert, state)]
        if not (news and today.quiet.done_is_due(receiver.name, person.id, today.as_of)):
            return None
    items = [_item(router, alert, recipient, state, today) for alert, recipient, state in listed]
    items += [
        replace(_item(router, each.alert, each.before, ItemState.moved, today), in_hand=f"Now with {each.now.person.name}.")
        for each in gone
    ]
    counts = Counter(state for _, _, state in states)
    content = DigestContent(
        items=tuple(items),
        # What has moved is forgotten as what is resolved is: should it come back to them, it is new.
        told=(
            *(_told(alert) for alert, _, _ in listed),
            *(replace(_told(each.alert), condition=Condition.resolved) for each in gone),
        ),
        covering=tuple(sorted({recipient.covering for _, recipient, _ in listed if recipient.covering})),
        snoozed=counts[ItemState.snoozed],
        silenced=counts[ItemState.silenced],
        silences=tuple(_by_whom(router, silence, count) for silence, count in Counter(quiet).items()),
        covered=counts[ItemState.covered],
        flapping=counts[ItemState.flapping],
        data_as_at=today.data_as_at,
        budget=today.budget * max(1, len({item.team for item in items})) if today.budget is not None else None,
        banners=today.banners.for_person(person.id, items),
        cards=cards_of(today.cards, ((alert.subject_kind, alert.subject) for alert, _, _ in listed)),
        instead=fallback_chains(router, person.id, [*(alert for alert, _, _ in listed), *(each.alert for each in gone)]),
    )
    return Notification(
        key=_key(today, receiver, person.id, news, unheard),
        receiver=receiver.name,
        purpose=today.purpose,
        recipient=person.id,
        name=person.name,
        address=person.email,
        as_of=today.as_of,
        content=content,
        urgency=_urgency(news),
    )


def _is_done(alert: Alert, state: ItemState) -> bool:
    """Return whether what an alert asked for is recorded now: what time alone has cleared is no news by itself."""
    return state is ItemState.cleared and alert.resolved_reason is Reason.cleared


def _of_what_is_not_known(
    router: Router, receiver: Receiver, alerts: Iterable[Alert], told: Collection[str], today: Circumstances
) -> list[Notification]:
    """Return what those are told who have no other message, and open alerts, or a team, of which nothing could be found out today.

    It names no alert. Where it is not known who may be told of which child, they are those who were told before. told: by id, who
    has a message already.
    """
    theirs: defaultdict[str, list[Alert]] = defaultdict(list)
    for alert in (*alerts, *today.doubted):
        doubted = alert.rule in today.banners.doubted
        unlisted = router.rules[alert.rule].child_level and router.directory.restricted is None
        if alert.condition == Condition.resolved or not (unlisted or doubted or alert.rule in today.banners.stopped):
            continue
        for recipient in router.answerable(alert):
            person = recipient.person.id
            if today.is_with_administrators(router, alert, recipient.person):
                continue
            if person not in told and (not (unlisted or doubted) or today.was_told(receiver.name, person, alert)):
                theirs[person].append(alert)
    for id_ in today.banners.unasked.keys() - set(told):
        theirs[id_] += []
    return [_not_known(router, receiver, router.directory.staff[id_], mine, today) for id_, mine in sorted(theirs.items())]


def _not_known(router: Router, receiver: Receiver, person: Person, alerts: Sequence[Alert], today: Circumstances) -> Notification:
    rules = {alert.rule for alert in alerts}
    content = DigestContent(
        items=(),
        told=(),
        data_as_at=today.data_as_at,
        banners=today.banners.for_reader_of(person.id, rules),
        instead=fallback_chains(router, person.id, alerts),
    )
    return Notification(
        key=notification_key(today.purpose, today.as_of, receiver.name, person.id, ["not known", *rules]),
        receiver=receiver.name,
        purpose=today.purpose,
        recipient=person.id,
        name=person.name,
        address=person.email,
        as_of=today.as_of,
        content=content,
        urgency=int(Level.info),
    )


def _in_hand(router: Router, alert: Alert, reader: Person, today: Circumstances) -> tuple[str, bool]:
    """Return whose an open alert is, who has it in hand and who said that it was recorded, in words for one who is told of it.

    And whether somebody else than the reader has it in hand.
    """
    if alert.condition == Condition.resolved:
        return "", False
    given, recorded = router.handed_on(alert) if handling_state.active_assignment(alert) else None, today.recorded(alert)
    said = [f"Assigned to {given[1].person.name}."] if given and given[1].person.id != reader.id else []
    acts = today.in_hand(alert)
    others = bool(said) or any(not is_by(act, reader) for act in acts)
    said += [f"{_named(router, recorded)} said on {day(recorded.on)} that it was recorded."] if recorded else []
    if acts:
        last = max(act.until for act in acts if act.until)
        said.append(f"Acknowledged by {listed([_named(router, act) for act in acts])} until {day(last)}.")
    return " ".join(said), others


def _by_whom(router: Router, silence: Silence, count: int) -> str:
    approved = f" with {router.directory.name(silence.approved_by)}" if silence.approved_by else ""
    return f"{count} by {router.directory.name(silence.by)}{approved} until {day(silence.until)}"


def _named(router: Router, act: Act) -> str:
    return router.directory.name(act.by) or act.by


def _item(router: Router, alert: Alert, recipient: Recipient, state: ItemState, today: Circumstances) -> Item:
    route = router.rules[alert.rule]
    in_hand, is_in_hand = _in_hand(router, alert, recipient.person, today)
    return Item(
        ref=alert.ref,
        rule=alert.rule,
        state=state,
        level=alert.level,
        subject_kind=alert.subject_kind,
        subject=alert.subject,
        team=alert.team,
        team_name=router.team_name(alert) if router.teams(alert) else "no team",
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
        person=alert.person if route.child_level else None,
        working_days_to_due=today.working_days_to(alert.due) if alert.due and alert.unit == "working days" else None,
        unread=tuple(sorted(today.banners.records.get(alert.rule, ()))) if state is ItemState.held else (),
        called=called(alert, route, router.directory),
        meeting=str(meeting) if route.meeting and (meeting := alert.facts.get(route.meeting)) else None,
        why=recipient.why,
        in_hand=in_hand,
        is_in_hand=is_in_hand,
        unchecked=alert.ref in today.unchecked,
    )


# ---------------------------------------------------------------------- a channel's card


def _cards(router: Router, receiver: Receiver, alerts: Iterable[Alert], today: Circumstances) -> list[Notification]:
    """Return a card of counts for each team's channel. Restricted children are not counted, as a count of one would tell."""
    by_team: defaultdict[str, list[tuple[Alert, ItemState]]] = defaultdict(list)
    for alert in alerts:
        if not router.rules[alert.rule].channel or alert.team is None or alert.team not in (receiver.teams or ()):
            continue
        if router.is_confined(alert):
            continue
        state = today.state(router, receiver.name, f"{CHANNEL}{alert.team}", alert)
        if state and state not in COUNTED_ONLY:
            by_team[alert.team].append((alert, state))
    cards = (_card(router, receiver, team, states, today) for team, states in sorted(by_team.items()))
    return [card for card in cards if card]


def _card(
    router: Router, receiver: Receiver, team_id: str, states: Sequence[tuple[Alert, ItemState]], today: Circumstances
) -> Notification | None:
    news = [(alert, state) for alert, state in states if state in NEWS]
    team = router.directory.teams.get(team_id)
    if not news or team is None:
        return None
    recorded = [(alert, state) for alert, state in states if by_the_record(alert.resolved_reason)]
    sections = [(_whom(alert), place_of(state, alert.level, alert.due, today.as_of)) for alert, state in recorded]
    return Notification(
        key=_key(today, receiver, f"{CHANNEL}{team_id}", news),
        receiver=receiver.name,
        purpose=today.purpose,
        recipient=f"{CHANNEL}{team_id}",
        name=team.name,
        address=None,
        as_of=today.as_of,
        content=CardContent(
            team_name=team.name,
            lines=_lines(router, recorded, today.as_of),
            told=tuple(_told(alert) for alert, _ in states),
            counts={section.value: count for section, count in worst_of(sections).items()},
            data_as_at=today.data_as_at,
            banners=today.banners.for_channel(),
        ),
        urgency=_urgency(news),
    )


def _whom(alert: Alert) -> tuple[str, str]:
    return ("child", alert.person) if alert.person else (alert.subject_kind, alert.subject)


def _lines(router: Router, states: Iterable[tuple[Alert, ItemState]], as_of: date) -> tuple[CardLine, ...]:
    by_rule: defaultdict[str, list[Standing]] = defaultdict(list)
    for alert, state in states:
        by_rule[alert.rule].append((state, alert.level, alert.due))
    named = ((router.rules[rule], mine) for rule, mine in by_rule.items())
    lines = [count_rule(route.code, mine, as_of, route.title) for route, mine in named]
    return tuple(sorted(lines, key=lambda line: (-(line.level or 0), line.rule)))


def _told(alert: Alert) -> ToldAlert:
    return ToldAlert(ref=alert.ref, level=alert.level, condition=alert.condition)


def _key(
    today: Circumstances,
    receiver: Receiver,
    recipient: str,
    news: Iterable[tuple[Alert, ItemState]],
    silences: Iterable[int] = (),
) -> str:
    told = [*(f"{alert.ref}{state}{alert.level}" for alert, state in news), *(f"silence {number}" for number in silences)]
    return notification_key(today.purpose, today.as_of, receiver.name, recipient, told)


def _urgency(news: Iterable[tuple[Alert, ItemState]]) -> int:
    return max((int(alert.level) for alert, _ in news), default=int(Level.info))
