"""Those who look after the service: who they are today, and messages to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from alerting.council_people import Administrator
from alerting.formatting import day, plural
from alerting.model import Alert, Level, Person
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
    router: Router,
    receivers: Iterable[Receiver],
    brakes: Iterable[BrakeRow],
    doubted: Mapping[str, date],
    looking_after: Iterable[Addressee],
) -> list[Notification]:
    """Tell whoever is above the performance team of brakes and doubted tables that nobody released: they wait for no one person.

    doubted: since when, by table.
    """
    told, planned = {one.id for one in looking_after} | {one.address for one in looking_after}, list[Notification]()
    team = router.directory.team_for("performance")
    places = [router.answers_for(team.id, role) for role in ("service_manager", "head_of_service")] if team else []
    contact = next((place.person for place in places if place and not {place.person.id, place.person.email} & told), None)
    if contact is None:
        return []
    person = Addressee(id=contact.id, name=contact.name, address=contact.email)
    for table, since in doubted.items():
        detail = (
            f"{table} is not believed since {day(since)}, and nobody who was told of it has put it right or released it: what depends on it "
            "is told to nobody."
        )
        do = f"Ask who looks after the service, or look yourself and run `alerting source release {table} --by NAME --note WHY`."
        content = NoticeContent(notices=(Notice(title=f"{table} waits for somebody to look at it", detail=detail, do=do),))
        key = f"table {table} to its second contact"
        planned += to_administrators([person], receivers, "admin", since, content, [key], urgency=int(Level.red))
    for brake in brakes:
        critical = (
            "none of them is told to anybody" if brake.is_implausible else "what is critical is told from now on all the same"
        )
        held = "more of its population match than can be right" if brake.is_implausible else "is held by its brake"
        detail = (
            f"{brake.code}: {held}, since {day(brake.since)}, and nobody who was told of it has released it. "
            f"{plural(brake.kept_back, 'alert')} wait; {critical}."
        )
        do = f"Ask who looks after the service, or look yourself and run `alerting rules release {brake.code} --by NAME`."
        content = NoticeContent(notices=(Notice(title=f"{brake.code} waits for somebody to release it", detail=detail, do=do),))
        # Dated by its beginning, so that it is told once.
        key = f"brake {brake.id} to its second contact"
        planned += to_administrators([person], receivers, "admin", brake.since, content, [key], urgency=int(Level.red))
    return planned


def tell_heads_of_service(
    router: Router,
    receivers: Iterable[Receiver],
    implausible: Iterable[BrakeRow],
    waiting: Sequence[Alert],
    looking_after: Iterable[Addressee],
) -> list[Notification]:
    """Tell heads of service how many critical alerts of theirs are kept back as implausible, again when the number changes.

    Which they are is for those who look after the service: here no child and no alert is named, and no restricted one counted.
    """
    told, planned = {one.id for one in looking_after}, list[Notification]()
    for brake in implausible:
        theirs: defaultdict[str, int] = defaultdict(int)
        people: dict[str, Person] = {}
        for alert in waiting:
            if alert.rule != brake.id or alert.level < Level.critical or router.is_confined(alert) or router.is_in_shadow(alert):
                continue
            heads = [router.answers_for(team.id, "head_of_service") for team in router.teams(alert)]
            mine = {head.person.id: head.person for head in heads if head and head.person.id not in told}
            people |= mine
            for id_ in mine:
                theirs[id_] += 1
        for id_, count in sorted(theirs.items()):
            person = Addressee(id=id_, name=people[id_].name, address=people[id_].email)
            content = NoticeContent(notices=(_of_critical(router, brake, count),))
            key = f"{count} critical of {brake.id} implausible"
            planned += to_administrators([person], receivers, "admin", brake.since, content, [key], urgency=int(Level.red))
    return planned


def _of_critical(router: Router, brake: BrakeRow, count: int) -> Notice:
    title = router.rules[brake.id].title if brake.id in router.rules else brake.code
    detail = (
        f"{brake.code} ({title}) matched {brake.new} of the {brake.population} it asks about on {day(brake.since)}: so many are more likely "
        f"a fault of the data than of the practice. Nobody is told of them, and {plural(count, 'critical alert')} of your teams "
        f"{'is' if count == 1 else 'are'} among them. They are told once somebody has looked and runs `alerting rules release {brake.code} --by NAME`."
    )
    do = "Ask those who look after the service today: they know which, and what to look at."
    return Notice(title=f"Critical alerts of {brake.code} are kept back, as more match than can be right", detail=detail, do=do)


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
