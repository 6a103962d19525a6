"""Those who look after the service: who they are today, and messages to them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

from alerting.config import Administrator
from alerting.formatting import day, plural
from alerting.model import Level
from alerting.notifications.content import Addressee, AnyContent, Notice, NoticeContent, Notification
from alerting.notifications.report import BrakeRow
from alerting.notifications.routing import Receiver, Router, notification_key
from alerting.notifications.silences import Silence


def administrators(router: Router, named: Iterable[Administrator]) -> list[Addressee]:
    """Return who is told of the service itself: the performance team and the administrators of config.yaml, each once."""
    performance = router.performance()
    person = performance.person if performance else None
    told = [Addressee(id=person.id, name=person.name, address=person.email)] if person else []
    known = {(one.address or "").casefold() for one in told}
    others = [one for one in named if one.address.casefold() not in known]
    return told + [Addressee(id=one.address, name=one.name or "Administrator", address=one.address) for one in others]


def to_administrators(
    told: Iterable[Addressee],
    receivers: Iterable[Receiver],
    purpose: str,
    as_of: date,
    content: AnyContent,
    new: Collection[str] = (),
    *,
    urgency: int = 0,
) -> list[Notification]:
    """Plan one message to each of them through each receiver of persons. new: the keys of what is new in it."""
    return [
        Notification(
            key=notification_key(purpose, as_of, receiver.name, one.id, new),
            receiver=receiver.name,
            purpose=purpose,
            recipient=one.id,
            name=one.name,
            address=one.address,
            as_of=as_of,
            content=content,
            urgency=urgency,
        )
        for receiver in receivers
        if receiver.teams is None
        for one in told
    ]


def tell_release_contact(
    router: Router, receivers: Iterable[Receiver], brakes: Iterable[BrakeRow], looking_after: Iterable[Addressee]
) -> list[Notification]:
    """Tell whoever is above the performance team of brakes that nobody released: a brake waits for no one person."""
    told, planned = {one.id for one in looking_after} | {one.address for one in looking_after}, list[Notification]()
    team = router.directory.team_for("performance")
    places = [router.answers_for(team.id, role) for role in ("service_manager", "head_of_service")] if team else []
    contact = next((place.person for place in places if place and not {place.person.id, place.person.email} & told), None)
    if contact is None:
        return []
    for brake in brakes:
        detail = (
            f"{brake.code} is held by its brake since {day(brake.since)}, and nobody who was told of it has released it. "
            f"{plural(brake.kept_back, 'alert')} wait; what is critical is told from now on all the same. Ask who looks after the service, or look "
            f"yourself and run `alerting rules release {brake.code} --by NAME`."
        )
        person = Addressee(id=contact.id, name=contact.name, address=contact.email)
        content = NoticeContent(notices=(Notice(title=f"{brake.code} waits for somebody to release it", detail=detail),))
        # Dated by its beginning, so that it is told once.
        key = f"brake {brake.id} to its second contact"
        planned += to_administrators([person], receivers, "admin", brake.since, content, [key], urgency=int(Level.red))
    return planned


def tell_silence_authors(
    router: Router,
    receivers: Iterable[Receiver],
    ending: Iterable[tuple[Silence, Notice]],
    looking_after: Iterable[Addressee],
) -> list[Notification]:
    """Tell who made a silence that it ends, where they are in the directory and not told as an administrator."""
    told, planned = {one.id for one in looking_after}, list[Notification]()
    for silence, notice in ending:
        author = router.directory.staff.get(silence.by)
        if author is None or not author.email or author.id in told or author.email in told:
            continue
        # Dated by its end, so that the same warning planned again on the next day is the same message.
        key, person = f"silence {silence.id} to its author", Addressee(id=author.id, name=author.name, address=author.email)
        content = NoticeContent(notices=(notice,))
        planned += to_administrators([person], receivers, "admin", silence.until, content, [key], urgency=int(Level.amber))
    return planned
