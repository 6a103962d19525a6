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
    """Return a message to each worker and team manager of whose cases nothing is open, where rules looked at them today.

    alerts: what is not over, told today or not, and what a brake keeps back too. planned: the messages of today. While it is not known
    who may be told of which child there is none.
    """
    if looked_at is None or router.directory.restricted is None:
        return []
    told = {(message.receiver, message.recipient) for message in planned}
    open_ = [
        alert for alert in alerts if alert.condition not in (Condition.resolved, Condition.pending) and alert.rule in router.rules
    ]
    busy = {person for alert in open_ for person in (*_told(router, alert), *_whose_case(router, alert))}
    shares = {person: share for person, share in _shares(router, looked_at).items() if person not in busy}
    return [
        _message(router.directory.staff[person], share, receiver, today)
        for receiver in receivers
        if receiver.teams is None
        for person, share in sorted(shares.items())
        if (receiver.name, person) not in told and today.quiet.all_clear_is_due(receiver.name, person, today.as_of)
    ]


def _told(router: Router, alert: Alert) -> list[str]:
    return [recipient.person.id for recipient in router.recipients(alert)]


def _whose_case(router: Router, alert: Alert) -> list[str]:
    """Return whose case a child is of whom something is open, be others alone told of it: all is not clear with them.

    Of a restricted record only those who are told of it may learn that there is something.
    """
    if not alert.person or router.is_in_shadow(alert) or router.confined_to(alert) is not None:
        return []
    return [id_ for id_ in (alert.worker, _manager(router, alert.team)) if id_]


def _manager(router: Router, team: str | None) -> str | None:
    """Return who manages a team, or covers for whoever does; None where that is nobody."""
    manager = router.answers_for(team, "team_manager") if team and team in router.directory.teams else None
    return manager.person.id if manager is not None and manager.direct else None


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
        if manager := _manager(router, team):
            of_teams[manager] = (*of_teams.get(manager, ()), share)
    # A manager's own cases are among those of the team.
    return found | of_teams


def _message(person: Person, shares: tuple[Share, ...], receiver: Receiver, today: Circumstances) -> Notification:
    rules = frozenset[str]().union(*(share.rules for share in shares))
    content = DigestContent(
        items=(),
        told=(),
        data_as_at=today.data_as_at,
        banners=today.banners.for_person(person.id, ()),
        all_clear=AllClear(
            cases=sum(share.cases for share in shares), not_known=sum(share.not_known for share in shares), rules=len(rules)
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
