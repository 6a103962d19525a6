"""All that the store keeps about one child, and all that was sent about the child: to whom, why and when, as entries of one form."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from alerting.alerts.acts import ActKind
from alerting.alerts.matcher import Matcher
from alerting.audit import trail
from alerting.errors import StoreError
from alerting.evaluation.archive import KeptRow
from alerting.formatting import number
from alerting.model import Alert, Worded
from alerting.notifications.content import AnyContent, CardContent, DigestContent, NoticeContent, Notification
from alerting.notifications.recipient_log import EVERYBODY, NotToldReason
from alerting.store import restricted_lists
from alerting.store.alert_history import Change, HandlingEvent, read_history
from alerting.store.batches import batches
from alerting.store.child_rows import ChildRows, is_named
from alerting.store.messages.outbox import content_of, notification_of
from alerting.store.schema import act, alert, handling, outbox, reading, routed, set_aside, silence
from alerting.store.store import Store, Transaction
from alerting.store.unreadable_rows import holds


class Part(Worded):
    """What kind of thing an entry is, with the heading that it stands under."""

    alerts = "alerts", "Alerts about the child"
    facts = "facts", "What the alerts were told with"
    changes = "changes", "What became of the alerts"
    acts = "acts", "What people did and wrote"
    silences = "silences", "What was kept from messages"
    recipients = "recipients", "Whom the alerts were for, and who was not told"
    messages = "messages", "What was sent"
    restricted = "restricted", "The list of restricted records"
    mentions = "mentions", "Where the child stands in what is known of something else"
    damaged = "damaged", "Damaged rows, kept as they stood"
    days = "days", "The days that are kept for trying rules"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that is kept about a child, or was sent."""

    part: Part
    #: When; None where that is not known.
    at: datetime | date | None = None
    #: An alert's reference, or what else it is of.
    about: str = ""
    what: str = ""
    #: Who did it, got it or answers for it.
    who: str = ""
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Naming:
    """How what the store has by ids is put into words."""

    #: A person's name with their id.
    person: Callable[[str], str]
    #: A rule's title, by its id.
    rule: Callable[[str], str]
    #: The words of a message, as its receiver may be shown them.
    message: Callable[[Notification, datetime], str]


def read(store: Store, connection: Transaction, rows: ChildRows, naming: Naming) -> list[Entry]:
    """Return all entries about a child, part by part, each the oldest first. rows: where the child stands."""
    found: list[Entry] = []
    for some in batches(sorted(rows.alerts)):
        for one in store.alerts(alert.c.id.in_(some), within=connection):
            found += _of_alert(connection, one, naming)
    found += [
        *_other_acts(connection, rows, naming),
        *_silences(connection, rows, naming),
        *_recipients(connection, rows, naming),
        *_messages(connection, rows, naming),
        *_restriction(connection, rows, naming),
        *_mentions(connection, rows),
        *_damaged(connection, rows),
    ]
    order = list(Part)
    return sorted(found, key=lambda entry: (order.index(entry.part), str(entry.at or "")))


def of_days(rows: Iterable[KeptRow]) -> list[Entry]:
    """Return the entries of the days that are kept."""
    return [
        Entry(
            part=Part.days,
            at=row.first,
            about=f"{row.what.replace('_', ' ')}, {row.job}",
            what=", ".join(f"{name.replace('_', ' ')} {value}" for name, value in row.cells.items() if value is not None),
            why=f"until {row.last}",
        )
        for row in rows
    ]


def _of_alert(connection: Transaction, one: Alert, naming: Naming) -> Iterator[Entry]:
    until = f", until {one.resolved_on}" if one.resolved_on else ""
    owners = {
        "team": one.team,
        "worker": one.worker and naming.person(one.worker),
        "adviser": one.adviser and naming.person(one.adviser),
    }
    yield Entry(
        part=Part.alerts,
        at=one.first_seen,
        about=one.ref,
        what=f"{one.code} {naming.rule(one.rule)}: {one.subject_kind.replace('_', ' ')} {one.subject}, {one.level.name}, {one.condition}{until}",
        who=", ".join(f"{role} {name}" for role, name in owners.items() if name),
        why=one.why_resolved or one.why_held or "",
    )
    measured: dict[str, Any] = {"due": one.due} if one.due else {}
    if one.measure is not None:
        measured = {"measure": f"{number(one.measure)} {one.unit}".strip()} | measured
    for name, value in (measured | one.facts).items():
        yield Entry(
            part=Part.facts, about=one.ref, what=f"{name.replace('_', ' ')}: {'not recorded' if value is None else value}"
        )
    for event in read_history(connection, one.id or 0):
        yield _change(event, one.ref, naming) if isinstance(event, Change) else _handled(event, one.ref, naming)


def _change(event: Change, ref: str, naming: Naming) -> Entry:
    before = f"{event.before} {event.level_before.name} to " if event.before and event.level_before else ""
    what = f"{before}{event.after} {event.level_after.name}"
    return Entry(part=Part.changes, at=event.at, about=ref, what=what, who=naming.person(event.by), why=event.reason)


def _handled(event: HandlingEvent, ref: str, naming: Naming) -> Entry:
    said = [
        ActKind(event.kind).words,
        f"to {naming.person(event.assignee)}" if event.assignee else "",
        f"({event.reason.replace('_', ' ')})" if event.reason else "",
        f"until {event.until}" if event.until else "",
        f"ended on {event.ended_at:%Y-%m-%d}" if event.ended_at else "",
    ]
    approved = f", approved by {naming.person(event.approved_by)}" if event.approved_by else ""
    what = " ".join(filter(None, said))
    return Entry(part=Part.acts, at=event.at, about=ref, what=what, who=f"{naming.person(event.by)}{approved}", why=event.note)


def _other_acts(connection: Transaction, rows: ChildRows, naming: Naming) -> Iterator[Entry]:
    """Yield the acts that are not told with an alert already: requests, approvals, look-ups, and where the child stands in words."""
    told = set[int]()
    for some in batches(sorted(rows.alerts)):
        told.update(filter(None, connection.execute(sa.select(handling.c.act_id).where(handling.c.alert_id.in_(some))).scalars()))
    for some in batches(id_ for id_ in rows.acts if id_ not in told):
        yield from (_done(event, naming) for event in trail.read_acts(connection, act.c.id.in_(some)))
    for some in batches(rows.handling):
        earlier = trail.read_earlier(connection, handling.c.id.in_(some), handling.c.alert_id.not_in(rows.alerts))
        yield from (_done(event, naming) for event in earlier)


def _done(event: trail.TrailEvent, naming: Naming) -> Entry:
    approved = f", approved by {naming.person(event.approved_by)}" if event.approved_by else ""
    who = f"{naming.person(event.by)}{approved}"
    return Entry(part=Part.acts, at=event.at, about=event.about, what=event.did, who=who, why=event.note)


def _silences(connection: Transaction, rows: ChildRows, naming: Naming) -> Iterator[Entry]:
    for some in batches(rows.silences):
        for row in connection.execute(sa.select(silence).where(silence.c.id.in_(some)).order_by(silence.c.id)):
            about, what = str(Matcher(**row.matcher)), f"silenced from {row.begins} to {row.until}"
            yield Entry(part=Part.silences, at=row.at, about=about, what=what, who=naming.person(row.by), why=row.reason)


def _recipients(connection: Transaction, rows: ChildRows, naming: Naming) -> Iterator[Entry]:
    for some in batches(sorted(rows.alerts)):
        for row in connection.execute(sa.select(routed).where(routed.c.alert_id.in_(some)).order_by(routed.c.id)):
            who = "everybody" if row.recipient == EVERYBODY else naming.person(row.recipient)
            until = f" until {row.until}" if row.until else ""
            what, why = ("not told", NotToldReason(row.reason).say(row.detail)) if row.reason else ("to be told", "")
            yield Entry(
                part=Part.recipients, at=row.since, about=rows.alerts[row.alert_id], what=f"{what}{until}", who=who, why=why
            )


def _messages(connection: Transaction, rows: ChildRows, naming: Naming) -> Iterator[Entry]:
    for some in batches(rows.messages, 50):
        for row in connection.execute(sa.select(outbox).where(outbox.c.id.in_(some)).order_by(outbox.c.id)):
            about, said, whys = _said(connection, row, rows, naming)
            sent = f"{row.state} on {row.finished_at:%Y-%m-%d %H:%M}" if row.finished_at else row.state
            why = "; ".join(filter(None, [f"{row.purpose} message through {row.receiver}, {sent}", row.answer or "", *whys]))
            who = f"{row.name} <{row.address}>" if row.address else row.name or naming.person(row.recipient)
            at = row.finished_at or row.planned_at
            yield Entry(part=Part.messages, at=at, about=", ".join(about), what=said, who=who, why=why)


def _said(connection: Transaction, row: Any, rows: ChildRows, naming: Naming) -> tuple[list[str], str, list[str]]:
    """Return of which of the child's alerts a message tells, what it says of the child alone, and why its reader is told."""
    try:
        notification = notification_of(row, content_of(connection, row.content))
    except StoreError:
        return [], "What it said cannot be read any more, or was erased.", []
    about = sorted(notification.refs.intersection(rows.alerts.values()))
    content = _of_child(notification.content, rows)
    if content is None:
        told = "Counts alone, and nothing of any one child." if isinstance(notification.content, CardContent) else ""
        if not told and is_named(row.content, rows):
            told = "It names the child in what it says of something else."
        return about, told or "\n".join(notification.content.banners), []
    whys = sorted({item.why for item in content.items if item.why}) if isinstance(content, DigestContent) else []
    return about, naming.message(replace(notification, content=content), row.planned_at).strip(), whys


def _of_child(content: AnyContent, rows: ChildRows) -> AnyContent | None:
    """Return content with what it says of the child's alerts, or notices that name the child, alone; None where it says nothing of them."""
    refs = set(rows.alerts.values())
    match content:
        case DigestContent():
            items = tuple(item for item in content.items if item.ref in refs)
            bare = DigestContent(items=items, told=(), data_as_at=content.data_as_at, banners=content.banners)
            return bare if items else None
        case NoticeContent():
            mine = tuple(
                notice
                for notice in (*content.notices, *content.still)
                if refs & {*notice.items} or holds(f"{notice.title} {notice.detail}", refs | rows.names)
            )
            return NoticeContent(notices=mine, asked=content.asked) if mine else None
    return None


def _restriction(connection: Transaction, rows: ChildRows, naming: Naming) -> Iterator[Entry]:
    known = restricted_lists.last_trusted(connection)
    for listed, what in ((known.listed, "restricted"), (known.removed, "taken off the list, and not released")) if known else ():
        for one in listed:
            if rows.ids.intersection(one.ids):
                who = ", ".join(naming.person(id_) for id_ in one.allowed)
                yield Entry(part=Part.restricted, about=", ".join(one.ids), what=f"{what}, {one.level}", who=who)


def _mentions(connection: Transaction, rows: ChildRows) -> Iterator[Entry]:
    for some in batches(rows.mentioned_in):
        query = sa.select(alert.c.ref, reading.c.facts).join(reading, reading.c.alert_id == alert.c.id)
        for row in connection.execute(query.where(alert.c.id.in_(some)).order_by(alert.c.id)):
            for name, value in json.loads(row.facts).items():
                if rows.ids.intersection(value if isinstance(value, list) else [str(value)]):
                    yield Entry(part=Part.mentions, about=row.ref, what=f"{name.replace('_', ' ')} names the child")


def _damaged(connection: Transaction, rows: ChildRows) -> Iterator[Entry]:
    for some in batches(rows.set_aside):
        for row in connection.execute(sa.select(set_aside).where(set_aside.c.id.in_(some)).order_by(set_aside.c.id)):
            why = f"could not be read: {row.columns}"
            yield Entry(part=Part.damaged, at=row.at, about=row.table_name, what=row.row, why=why)
