"""What those hear of whom nothing is open: at how many cases how many rules looked, and what could not be looked at. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from alerting.evaluation.looked_at import LookedAt, Share
from alerting.model import Alert, Condition, Level, Person
from alerting.notifications.content import AllClear, DigestContent, Notification
from alerting.notifications.digests import Circumstances
from alerting.notifications.routing import Receiver, Router, notification_key


def compose_all_clear(
    router: Router,
    receivers: Iterable[Receiver],
    alerts: Iterable[Alert],
    planned: Iterable[Notification],
    looked_at: LookedAt | None,
    today: Circumstances,
) -> list[Notification]:
    """Return a message to each worker and team manager of whom nothing is open, at whose cases rules looked today.

    alerts: what is not over, told today or not, and what a brake keeps back too. planned: the messages of today. While it is not known
    who may be told of which child there is none.
    """
    if looked_at is None or router.directory.restricted is None:
        return []
    told = {(message.receiver, message.recipient) for message in planned}
    open_ = [alert for alert in alerts if alert.condition not in (Condition.resolved, Condition.pending)]
    busy = {recipient.person.id for alert in open_ if alert.rule in router.rules for recipient in router.recipients(alert)}
    shares = {person: share for person, share in _shares(router, looked_at).items() if person not in busy}
    return [
        _message(router.directory.staff[person], share, receiver, today)
        for receiver in receivers
        if receiver.teams is None
        for person, share in sorted(shares.items())
        if (receiver.name, person) not in told and today.quiet.all_clear_is_due(receiver.name, person, today.as_of)
    ]


def _shares(router: Router, looked_at: LookedAt) -> dict[str, tuple[Share, ...]]:
    """Return at what of each person's the rules looked: of a worker the own cases, of a manager those of the teams."""
    directory, found = router.directory, dict[str, tuple[Share, ...]]()
    for worker, share in looked_at.workers.items():
        person = directory.staff.get(worker)
        # Whoever is away reads it when they are back, and whoever covers has it as their own.
        if person and person.email and worker not in directory.cover:
            found[worker] = (share,)
    of_teams: dict[str, tuple[Share, ...]] = {}
    for team, share in looked_at.teams.items():
        manager = router.answers_for(team, "team_manager") if team in directory.teams else None
        if manager is not None and manager.direct:
            of_teams[manager.person.id] = (*of_teams.get(manager.person.id, ()), share)
    # A manager's own cases are among those of the team.
    return found | of_teams


def _message(person: Person, shares: tuple[Share, ...], receiver: Receiver, today: Circumstances) -> Notification:
    rules = frozenset[str]().union(*(share.rules for share in shares))
    live = {rule for rule in rules if rule in today.banners.router.rules and not today.banners.router.rules[rule].shadow}
    content = DigestContent(
        items=(),
        told=(),
        data_as_at=today.data_as_at,
        banners=today.banners.for_person(person.id, ()),
        all_clear=AllClear(
            cases=sum(share.cases for share in shares), not_known=sum(share.not_known for share in shares), rules=len(live)
        ),
    )
    return Notification(
        key=notification_key("daily", today.as_of, receiver.name, person.id, ["all clear"]),
        receiver=receiver.name,
        purpose="daily",
        recipient=person.id,
        name=person.name,
        address=person.email,
        as_of=today.as_of,
        content=content,
        urgency=int(Level.info),
    )
