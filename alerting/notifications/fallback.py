"""Who is told instead, when somebody cannot be reached: decided when a message is planned, used when it is refused. Pure.

An item goes to the next manager up in its team who may know of it. The names travel with the message, so that whoever
sends it, even days later and without the case data, can pass it on; and one who cannot be reached either passes it further.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace

from alerting.model import Alert, LastTold
from alerting.notifications.content import Addressee, DigestContent, FallbackChain, Notification
from alerting.notifications.routing import Router, notification_key

PASSED_ON = "passed_on"
"""What somebody was last told of an alert, where they could not be reached and another was told instead."""


def fallback_chains(router: Router, reader: str, alerts: Iterable[Alert]) -> tuple[FallbackChain, ...]:
    """Return who is told of a reader's alerts instead of them."""
    found: defaultdict[tuple[Addressee, ...], list[str]] = defaultdict(list)
    for alert in alerts:
        people = (Addressee(id=person.id, name=person.name, address=person.email) for person in router.instead_of(alert, reader))
        found[tuple(people)].append(alert.ref)
    return tuple(FallbackChain(people=people, alerts=tuple(refs)) for people, refs in found.items())


def pass_on(notification: Notification) -> tuple[list[Notification], list[str]]:
    """Return the messages that stand in for one that cannot be delivered, and the alerts that nobody else may be told of.

    Each holds only the items that its recipient may know of, says whom it was for, and carries who comes after them.
    """
    content = notification.content
    if not isinstance(content, DigestContent):
        return [], []
    groups: defaultdict[Addressee, list[FallbackChain]] = defaultdict(list)
    for chain in content.instead:
        if chain.people:
            first, *rest = chain.people
            groups[first].append(replace(chain, people=tuple(rest)))
    passed = {ref for chains in groups.values() for chain in chains for ref in chain.alerts}
    left = sorted({item.ref for item in content.items} - passed)
    return [_stand_in(person, chains, notification, content) for person, chains in groups.items()], left


def _stand_in(person: Addressee, chains: Sequence[FallbackChain], refused: Notification, content: DigestContent) -> Notification:
    theirs = {ref for chain in chains for ref in chain.alerts}
    only = content.only(theirs)
    meant = content.meant_for or Addressee(id=refused.recipient, name=refused.name, address=refused.address)
    return replace(
        refused,
        key=notification_key(refused.purpose, refused.as_of, refused.receiver, person.id, [refused.key, *theirs]),
        recipient=person.id,
        name=person.name,
        address=person.address,
        content=replace(
            only,
            items=tuple(replace(item, why=f"in place of {meant.name}") for item in only.items),
            instead=tuple(chains),
            meant_for=meant,
            # Whoever is next in the chain is told whom it was meant for, not who else was tried on the way.
            was_for=f"This was for {meant.name}; it could not be delivered to them.",
            covering=(),
        ),
    )


def last_told(
    told: Mapping[tuple[str, str, str], LastTold],
    ended: Set[str],
    addresses: Mapping[str, str | None],
    refused: Set[tuple[str, str]],
) -> dict[tuple[str, str, str], LastTold]:
    """Return what everybody was last told that counts as told to them, by receiver, recipient and alert.

    What was passed on to another counts for who could not be reached until they have an address again that is not refused.
    ended: alerts that are over. addresses: of today's directory, by recipient. refused: receivers and addresses, in small letters.
    """

    def counts(receiver: str, recipient: str, ref: str, last: LastTold) -> bool:
        address = (addresses.get(recipient) or "").strip().casefold()
        return last.condition != PASSED_ON or ref in ended or not address or (receiver, address) in refused

    return {key: last for key, last in told.items() if counts(*key, last)}
