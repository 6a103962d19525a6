"""What becomes of a message that was planned before the directory or the list of restricted records changed. Pure.

It is asked before such a message leaves, whatever it waited for: a receiver that was away, a hold that was released, a sender that
died, an address that came back. Whoever may not be told of an alert any more is not, whoever may be is told instead, and what can
only be judged by a list that is doubted waits for one that is not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from alerting.model import Alert, DeliveryReason, Person
from alerting.notifications.content import (
    CardContent,
    DigestContent,
    ItemState,
    NoticeContent,
    Notification,
    QualityContent,
    WeeklyContent,
)
from alerting.notifications.fallback import fallback_chains
from alerting.notifications.routing import Recipient, Router, notification_key
from alerting.notifications.weekly import readers_of

_OVER = frozenset({ItemState.cleared, ItemState.moved})
"""States of alerts that nobody else needs to be told of."""


@dataclass(frozen=True, kw_only=True)
class LastLook:
    """What a last look at a message found."""

    #: The message as it may go; None where it may not, or not now.
    message: Notification | None
    #: Why it does not go: for good, or until the list of restricted records can be trusted again.
    reason: DeliveryReason | None = None
    #: What others are told in its stead.
    instead: tuple[Notification, ...] = ()
    #: The alerts, by reference, that nobody is told of in its stead.
    nobody: tuple[str, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether it may still go, and not now."""
        return self.reason is DeliveryReason.list_doubted


@dataclass(frozen=True, kw_only=True)
class Newest:
    """What is known when a message is about to leave."""

    #: Who answers for what by the newest directory.
    router: Router
    #: The alerts that the message names, by reference.
    alerts: Mapping[str, Alert]
    #: Who counts as told of an alert through the message's receiver: recipient and reference.
    told: Collection[tuple[str, str]] = ()
    #: Whether the list of restricted records is another than when the message was planned.
    other_list: bool = True

    def may_be_told(self, ref: str, reader: str) -> bool:
        """Return whether somebody may be told of an alert; of one that the store does not know, nobody."""
        alert = self.alerts.get(ref)
        return alert is not None and reader in self.router.readers(alert)


def look_again(notification: Notification, newest: Newest) -> LastLook:
    """Return what becomes of a message that was planned by an older directory, or an older list of restricted records."""
    match notification.content:
        case DigestContent():
            return _of_digest(notification, notification.content, newest)
        case CardContent():
            return _of_card(notification, notification.content, newest)
        case WeeklyContent():
            return _of_summary(notification, notification.content, newest)
        case NoticeContent() | QualityContent() if "@" not in notification.recipient and not notification.is_for_channel:
            # For the performance team, or whoever is told of what people did. Administrators are known by their addresses.
            return _to(newest.router.directory.staff.get(notification.recipient), notification)
        case _:
            return LastLook(message=notification)


def with_newest_chains(notification: Notification, newest: Newest) -> Notification:
    """Return a message with those who are told instead, should it not be delivered, by the newest directory."""
    content = notification.content
    if not isinstance(content, DigestContent):
        return notification
    refs = [*(item.ref for item in content.items), *(ref for chain in content.instead for ref in chain.alerts)]
    alerts = [newest.alerts[ref] for ref in dict.fromkeys(refs) if ref in newest.alerts]
    return replace(notification, content=replace(content, instead=fallback_chains(newest.router, notification.recipient, alerts)))


_NOT_THEIRS = LastLook(message=None, reason=DeliveryReason.not_theirs)
WAITS = LastLook(message=None, reason=DeliveryReason.list_doubted)


def _to(person: Person | None, notification: Notification) -> LastLook:
    """Return a message with its reader's newest address; nothing where they have left, or have none."""
    if person is None or not person.email:
        return _NOT_THEIRS
    return LastLook(message=replace(notification, address=person.email))


def _of_digest(notification: Notification, content: DigestContent, newest: Newest) -> LastLook:
    if newest.router.directory.restricted is None and any(item.child_level for item in content.items):
        return WAITS
    reader = newest.router.directory.staff.get(notification.recipient)
    if not content.items:
        return _to(reader, notification)
    there = reader is not None and bool(reader.email)
    theirs = {item.ref for item in content.items if there and newest.may_be_told(item.ref, notification.recipient)}
    lost = [item.ref for item in content.items if item.ref not in theirs and item.state not in _OVER]
    instead, nobody = _told_instead(notification, content, lost, newest)
    if not theirs:
        return replace(_NOT_THEIRS, instead=instead, nobody=nobody)
    message = _to(reader, notification).message
    if message is not None and len(theirs) < len(content.items):
        message = replace(message, content=content.only(theirs))
    return LastLook(message=message and with_newest_chains(message, newest), instead=instead, nobody=nobody)


def _told_instead(
    notification: Notification, content: DigestContent, refs: Iterable[str], newest: Newest
) -> tuple[tuple[Notification, ...], tuple[str, ...]]:
    """Return what those are told who answer for alerts now and have not been told of them; and the alerts that nobody answers for."""
    theirs, nobody = defaultdict[str, dict[str, Recipient]](dict), list[str]()
    for ref in refs:
        alert = newest.alerts.get(ref)
        found = newest.router.recipients(alert) if alert and alert.rule in newest.router.rules else []
        nobody += [] if found else [ref]
        for recipient in found:
            if recipient.person.id != notification.recipient and (recipient.person.id, ref) not in newest.told:
                theirs[recipient.person.id][ref] = recipient
    instead = [_instead(mine, notification, content) for _, mine in sorted(theirs.items())]
    return tuple(with_newest_chains(message, newest) for message in instead), tuple(nobody)


def _instead(theirs: Mapping[str, Recipient], notification: Notification, content: DigestContent) -> Notification:
    """Return what somebody is told who answers for alerts that a message was to tell to another: it is their own from now on.

    theirs: themselves, as they answer for each alert, by its reference.
    """
    person, meant = next(iter(theirs.values())).person, content.meant_for.name if content.meant_for else notification.name
    only = content.only(theirs)
    return replace(
        notification,
        key=notification_key(
            notification.purpose, notification.as_of, notification.receiver, person.id, [notification.key, *theirs]
        ),
        recipient=person.id,
        name=person.name,
        address=person.email,
        content=replace(
            only,
            items=tuple(replace(item, why=theirs[item.ref].why) for item in only.items),
            meant_for=None,
            covering=tuple(sorted({recipient.covering for recipient in theirs.values() if recipient.covering})),
            was_for=f"This was for {meant}, who does not answer for it any more.",
        ),
    )


def _of_card(notification: Notification, content: CardContent, newest: Newest) -> LastLook:
    """Let a card go whose every alert may still be counted: how much of a count was whose, it does not hold."""
    if newest.router.directory.restricted is None:
        return WAITS
    counted = [newest.alerts.get(each.ref) for each in content.told]
    fine = all(alert is not None and not newest.router.is_confined(alert) for alert in counted)
    return LastLook(message=notification) if fine else _NOT_THEIRS


def _of_summary(notification: Notification, content: WeeklyContent, newest: Newest) -> LastLook:
    """Let a summary go of the teams that are its reader's still, as long as nobody was restricted whom it may count."""
    router = newest.router
    if router.directory.restricted is None:
        return WAITS
    if newest.other_list:
        return _NOT_THEIRS
    if notification.is_for_channel:
        return LastLook(message=notification)
    if content.masked and not content.teams:
        # Whom config.yaml names for more than their own teams: they answer for none by name.
        is_elsewhere = "@" in notification.recipient
        return (
            LastLook(message=notification)
            if is_elsewhere
            else _to(router.directory.staff.get(notification.recipient), notification)
        )
    reader = next((one for one in readers_of(router, ()) if one.id == notification.recipient), None)
    if reader is None:
        return _NOT_THEIRS
    own = {router.directory.teams[id_].name for id_ in reader.own}
    managed = {router.directory.teams[id_].name for id_ in reader.managed}
    teams = tuple(team for team in content.teams if team.team_name in managed)
    counted = {team.team_name for row in content.scope for team in row.teams}
    # What a team that is not theirs any more had is in the counts of them all.
    scope = content.scope if teams == content.teams and (content.masked or counted <= own) else ()
    if not teams and not (own and scope):
        return _NOT_THEIRS
    return _to(
        router.directory.staff.get(notification.recipient),
        replace(notification, content=replace(content, teams=teams, scope=scope)),
    )
