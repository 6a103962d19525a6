"""What people did is put into the outbox, once, before anything is sent: whichever command or page it was done by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from alerting.alerts.acts import ActKind
from alerting.casedata.directory import Directory
from alerting.delivery import act_notices
from alerting.delivery.act_notices import ToldAct
from alerting.notifications.content import Addressee, Notification
from alerting.notifications.routing import Router
from alerting.store import acts, newest_directory
from alerting.store.acts import KeptAct
from alerting.store.messages import told
from alerting.store.messages.outbox import Outbox
from alerting.store.store import Transaction


def tell_acts(
    connection: Transaction, outbox: Outbox, receivers: Iterable[str], administrators: Iterable[Addressee], now: datetime
) -> None:
    """Plan the messages about acts that nobody was told of yet. receivers: those of persons, by name."""
    rows = acts.untold(connection)
    if not rows:
        return
    newest = newest_directory.read(connection)
    directory = newest.directory if newest else None
    people, looking_after = _people(directory, administrators), _looking_after(directory, administrators)
    planned: list[Notification] = []
    told_acts = {row.id: _told_act(connection, row, people) for row in rows}
    for row, *others in _in_one_go(rows, told_acts):
        act = told_acts[row.id]
        notice = act_notices.of_several([act, *(told_acts[other.id] for other in others)]) if others else act_notices.of_act(act)
        asked = act_notices.addressees(people, _concerned(connection, row))
        for receiver in receivers:
            several = {one.id: one for one in [*looking_after, *asked]}
            planned += [notice.to(receiver, one.id, one.name, one.address, now.date()) for one in several.values()]
            for one, count in _touched(connection, receiver, row, act, people):
                mine = act_notices.to_touched(act, count)
                planned.append(mine.to(receiver, one.id, one.name, one.address, now.date()))
    outbox.add(connection, planned, now)
    acts.note_told(connection, rows[-1].id, now)


def _in_one_go(rows: Iterable[KeptAct], acts_: Mapping[int, ToldAct]) -> Iterator[list[KeptAct]]:
    """Return acts in their order, each alone but for the brakes that somebody released, or wants released: those are told as one.

    Whoever goes through the brakes of a first day releases one after the other, and that is not one message each.
    """
    found: dict[object, list[KeptAct]] = {}
    for row in rows:
        act = acts_[row.id]
        is_of_brakes = ActKind.brake_released in (act.kind, act.asked_for)
        key = (act.kind, act.by, act.approved_by, act.account, act.host, act.on) if is_of_brakes else row.id
        found.setdefault(key, []).append(row)
    yield from found.values()


def _told_act(connection: Transaction, row: KeptAct, people: Mapping[str, Addressee]) -> ToldAct:
    def name(id_: str) -> str:
        return people[id_].name if id_ in people else id_

    second = acts.approver(connection, row.answers) if row.answers is not None and row.kind != ActKind.approval else None
    return ToldAct(
        id=row.id,
        kind=row.kind,
        about=row.about,
        on=row.at.date(),
        by=name(row.by),
        approved_by=name(second) if second else None,
        account=row.account,
        host=row.host,
        answers=row.answers,
        asked_by=name(acts.asker(connection, row.answers) or "somebody") if row.kind is ActKind.lapse and row.answers else None,
        asked_for=row.request.kind if row.request else None,
        until=row.reach.until if row.reach else None,
        matched=row.reach.matched if row.reach else 0,
        open=row.reach.open if row.reach else 0,
        touched=row.reach.touched if row.reach else {},
    )


def _concerned(connection: Transaction, act: KeptAct) -> list[str]:
    """Return who is told of an act beside those who look after the service, by id: who is asked to approve, who asked for what has lapsed."""
    if act.request and act.request.asked:
        return [act.request.asked]
    if act.kind is ActKind.lapse and act.answers is not None:
        return [acts.asker(connection, act.answers) or ""]
    return []


def _touched(
    connection: Transaction, receiver: str, row: KeptAct, act: ToldAct, people: Mapping[str, Addressee]
) -> list[tuple[Addressee, int]]:
    """Return whom an act touches that took two people, as it is large or about what is critical. Others read of it the next morning."""
    if row.answers is None or act.kind not in (ActKind.silence, ActKind.close, ActKind.snooze, ActKind.data_error):
        return []
    counts = act.touched
    if act.kind is not ActKind.silence:
        counts = {recipient: 1 for recipient, _ in told.who_knows(connection, receiver, [act.about])}
    return [(one, counts[one.id]) for one in act_notices.addressees(people, sorted(counts))]


def _people(directory: Directory | None, administrators: Iterable[Addressee]) -> dict[str, Addressee]:
    staff = directory.staff.values() if directory else ()
    found = {one.id: one for one in administrators}
    return found | {person.id: Addressee(id=person.id, name=person.name, address=person.email) for person in staff}


def _looking_after(directory: Directory | None, administrators: Iterable[Addressee]) -> list[Addressee]:
    """Return who looks after the service: the administrators, and whoever reads for the performance team, each once."""
    performance = Router(directory, {}).performance() if directory else None
    found = list(administrators)
    if performance and performance.person.email not in {one.address for one in found}:
        person = performance.person
        found.append(Addressee(id=person.id, name=person.name, address=person.email))
    return found
