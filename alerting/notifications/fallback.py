"""Who is told instead, when somebody cannot be reached: decided when a message is planned, used when it is refused. Pure.

An item goes to the next manager up in its team who may know of it. The names travel with the message, so that whoever
sends it, even days later and without the case data, can pass it on; and one who cannot be reached either passes it further.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from alerting.model import CHANNEL, Alert, Notification
from alerting.notifications.routing import Router, notification_key

PASSED_ON = "passed_on"
"""What somebody was last told of an alert, where they could not be reached and another was told instead."""


def with_chains(notifications: Iterable[Notification], router: Router, alerts: Iterable[Alert]) -> list[Notification]:
    """Return the notifications, each message to a person with those who are told its items instead, the nearest first."""
    by_id = {alert.id: alert for alert in alerts}
    return [
        replace(item, content=item.content | {"instead": _chains(item, router, by_id)}) if _is_list(item) else item
        for item in notifications
    ]


def _is_list(notification: Notification) -> bool:
    return "items" in notification.content and not notification.recipient.startswith(CHANNEL)


def _chains(notification: Notification, router: Router, alerts: Mapping[int | None, Alert]) -> list[dict[str, Any]]:
    chains: dict[tuple[tuple[str, str, str | None], ...], list[int]] = {}
    for item in notification.content["items"]:
        alert = alerts.get(item["alert_id"])
        people = router.instead_of(alert, notification.recipient) if alert else []
        chains.setdefault(tuple((person.id, person.name, person.email) for person in people), []).append(item["alert_id"])
    return [
        {"people": [{"id": id_, "name": name, "address": address} for id_, name, address in people], "alerts": ids}
        for people, ids in chains.items()
    ]


def passed_on(notification: Notification) -> tuple[list[Notification], list[int]]:
    """Return the messages that stand in for one that cannot be delivered, and the alerts that nobody else may be told of.

    Each holds only the items that its recipient may know of, says whom it was for, and carries who comes after them.
    """
    content = notification.content
    groups: dict[str, tuple[Mapping[str, Any], list[dict[str, Any]]]] = {}
    left = {item["alert_id"] for item in content.get("items", ())}
    for chain in content.get("instead", ()):
        if chain["people"]:
            first, *rest = chain["people"]
            groups.setdefault(first["id"], (first, []))[1].append({"people": rest, "alerts": chain["alerts"]})
            left -= set(chain["alerts"])
    return [_to(person, chains, notification) for person, chains in groups.values()], sorted(left)


def _to(person: Mapping[str, Any], chains: Sequence[Mapping[str, Any]], refused: Notification) -> Notification:
    content = refused.content
    theirs = {id_ for chain in chains for id_ in chain["alerts"]}
    meant = content.get("for") or {"id": refused.recipient, "name": refused.name}
    said = f"This was for {meant['name']}; it could not be delivered to them."
    # Whoever is next in the chain is told whom it was meant for, not who else was tried on the way.
    banners = [said, *(banner for banner in content.get("banners", ()) if banner != said)]
    return replace(
        refused,
        key=notification_key(refused.purpose, refused.as_of, refused.receiver, person["id"], [refused.key]),
        recipient=person["id"],
        name=person["name"],
        address=person["address"],
        content=content
        | {
            "items": [item | {"why": f"in place of {meant['name']}"} for item in content["items"] if item["alert_id"] in theirs],
            "told": [row for row in content["told"] if row[0] in theirs],
            "instead": list(chains),
            "for": meant,
            "banners": banners,
            "covering": [],
            "hidden": 0,
            "silenced": 0,
            "covered": 0,
        },
    )
