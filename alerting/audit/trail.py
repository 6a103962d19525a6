"""Who did what, and when: what people did, and what the service did by itself, as one list of events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from alerting.alerts.acts import ActKind
from alerting.alerts.people import SERVICE
from alerting.model import Level, Reason, Worded
from alerting.store import act_json
from alerting.store.messages import content_json
from alerting.store.schema import act, alert, delivery, handling, outbox, rule_file, run, transition


class ServiceKind(Worded):
    """What the service did by itself, or saw others do, with the words for it."""

    run = "run", "ran"
    change = "change", "changed an alert"
    message = "message", "tried to send"
    rules = "rules", "found a new text of a file of rules"


Kind = ActKind | ServiceKind


@dataclass(frozen=True, kw_only=True)
class TrailEvent:
    """One thing that was done."""

    at: datetime
    kind: Kind
    #: Who did it, by id; `service` for the service.
    by: str
    #: What it was done to: an alert's reference, a table, a run, a message.
    about: str
    #: Why, as they wrote it; of what the service did, what came of it.
    note: str = ""
    #: Of a request, what it asks for.
    asked_for: ActKind | None = None
    #: Who approved it, by id.
    approved_by: str | None = None
    #: The request that it answers, or was done by; of a request, its own number.
    request: int | None = None
    #: Whom a message was for, by id.
    to: str | None = None
    #: The operating system's account that asked, and its machine.
    account: str | None = None
    host: str | None = None
    #: Of a child that was looked up or is to be wiped, its ids; of a list that was saved, those of the children on it.
    children: tuple[str, ...] = ()

    @property
    def did(self) -> str:
        """What was done, in words."""
        return f"{self.kind.words}: {self.asked_for.words}" if self.asked_for else self.kind.words


@dataclass(frozen=True, kw_only=True)
class TrailQuery:
    """What is looked for; what is left out asks for nothing."""

    since: datetime | None = None
    #: The first moment that does not count any more.
    before: datetime | None = None
    #: Whether an id is of whom is looked for: of who did it, or whom a message was for.
    is_wanted: Callable[[str], bool] | None = None
    #: An alert's reference.
    alert: str | None = None
    #: None for all.
    kinds: Set[Kind] | None = None


def search(connection: sa.Connection, query: TrailQuery) -> list[TrailEvent]:
    """Return what was done, the oldest first."""
    reads = {
        ServiceKind.run: _read_runs,
        ServiceKind.change: _read_changes,
        ServiceKind.message: _read_messages,
        ServiceKind.rules: _read_rules,
    }
    wanted = set(query.kinds) if query.kinds is not None else {*ActKind, *ServiceKind}
    found = [event for event in _read_acts(connection, query) if event.kind in wanted] if wanted - {*ServiceKind} else []
    for kind, read in reads.items():
        if kind in wanted:
            found += read(connection, query)
    if query.is_wanted is not None:
        found = [event for event in found if query.is_wanted(event.by) or (event.to is not None and query.is_wanted(event.to))]
    return sorted(found, key=lambda event: event.at)


def everybody_in(connection: sa.Connection) -> set[str]:
    """Return the id of everybody who did something that is kept, or to whom a message went."""
    columns = (act.c.by, handling.c.by, transition.c.by, rule_file.c.by, outbox.c.recipient)
    found = {name for column in columns for name in connection.execute(sa.select(column).distinct()).scalars()}
    return {name for name in found if name}


def _between(query: TrailQuery, column: sa.Column[Any]) -> list[sa.ColumnElement[bool]]:
    since = [column >= query.since] if query.since else []
    return since + ([column < query.before] if query.before else [])


def _read_acts(connection: sa.Connection, query: TrailQuery) -> Iterator[TrailEvent]:
    """Yield what people did, and what the service did in their name; what an earlier version kept of alerts alone as well."""
    about = [act.c.about == query.alert] if query.alert else []
    yield from read_acts(connection, *_between(query, act.c.at), *about)
    refs = [alert.c.ref == query.alert] if query.alert else []
    yield from read_earlier(connection, *_between(query, handling.c.at), *refs)


def read_earlier(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> Iterator[TrailEvent]:
    """Yield what an earlier version kept of alerts alone, without an act, and that meets conditions, the oldest first."""
    earlier = sa.select(handling, alert.c.ref).join(alert, alert.c.id == handling.c.alert_id)
    for row in connection.execute(earlier.where(handling.c.act_id.is_(None), *where).order_by(handling.c.id)):
        yield TrailEvent(at=row.at, kind=ActKind(row.kind), by=row.by, about=row.ref, note=row.note, approved_by=row.approved_by)


def read_acts(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> Iterator[TrailEvent]:
    """Yield the acts that meet conditions on their table, the oldest first."""
    approved = _read_approvals(connection)
    for row in connection.execute(sa.select(act).where(*where).order_by(act.c.id)):
        request = act_json.request_from_json(row) if row.kind == ActKind.request else None
        yield TrailEvent(
            at=row.at,
            kind=ActKind(row.kind),
            by=row.by,
            about=row.about,
            note=row.note,
            asked_for=request.kind if request else None,
            approved_by=approved.get(row.answers) if row.kind not in _ANSWERS else None,
            request=row.id if row.kind == ActKind.request else row.answers,
            account=row.account,
            host=row.host,
            children=act_json.children_from_json(row.wanted),
        )


_ANSWERS = (ActKind.approval, ActKind.withdrawal, ActKind.lapse)


def _read_approvals(connection: sa.Connection) -> Mapping[int, str]:
    """Return who approved each request that somebody did, by its number."""
    query = sa.select(act.c.answers, act.c.by).where(act.c.kind == ActKind.approval.value)
    return {row.answers: row.by for row in connection.execute(query)}


def _read_runs(connection: sa.Connection, query: TrailQuery) -> Iterator[TrailEvent]:
    if query.alert:
        return
    columns = (run.c.id, run.c.job, run.c.as_of, run.c.started_at, run.c.status)
    for row in connection.execute(sa.select(*columns).where(*_between(query, run.c.started_at)).order_by(run.c.id)):
        about = f"run {row.id}, {row.job} of {row.as_of}"
        yield TrailEvent(at=row.started_at, kind=ServiceKind.run, by=SERVICE.id, about=about, note=row.status.replace("_", " "))


def _read_changes(connection: sa.Connection, query: TrailQuery) -> Iterator[TrailEvent]:
    """Yield what runs made of alerts: what a person made of one is an act of theirs."""
    mine = [alert.c.ref == query.alert] if query.alert else []
    found = sa.select(transition, alert.c.ref).join(alert, alert.c.id == transition.c.alert_id)
    found = found.where(transition.c.by == SERVICE.id, *_between(query, transition.c.at), *mine)
    for row in connection.execute(found.order_by(transition.c.id)):
        before = f"{row.before} {Level(row.level_before).name} -> " if row.before and row.level_before else ""
        said = f"{before}{row.after} {Level(row.level_after).name} ({Reason(row.reason).say(row.detail)})"
        yield TrailEvent(at=row.at, kind=ServiceKind.change, by=row.by, about=row.ref, note=said)


def _read_messages(connection: sa.Connection, query: TrailQuery) -> Iterator[TrailEvent]:
    """Yield each attempt to send a message, and each that came back."""
    columns = (outbox.c.receiver, outbox.c.purpose, outbox.c.recipient, outbox.c.id.label("message"))
    mine = [outbox.c.id.in_(_messages_about(connection, query.alert))] if query.alert else []
    found = sa.select(delivery.c.at, delivery.c.state, *columns).join(outbox, outbox.c.id == delivery.c.outbox_id)
    for row in connection.execute(found.where(*_between(query, delivery.c.at), *mine).order_by(delivery.c.id)):
        yield TrailEvent(
            at=row.at,
            kind=ServiceKind.message,
            by=SERVICE.id,
            about=f"message {row.message}, {row.purpose} through {row.receiver}",
            note=row.state,
            to=row.recipient,
        )


def _messages_about(connection: sa.Connection, ref: str) -> list[int]:
    """Return the numbers of the messages that told of an alert, by its reference."""
    rows = connection.execute(sa.select(outbox.c.id, outbox.c.content).where(outbox.c.content.contains(ref, autoescape=True)))
    return [row.id for row in rows if any(told == ref for told, _ in content_json.told_from_json(row.content).alerts)]


def _read_rules(connection: sa.Connection, query: TrailQuery) -> Iterator[TrailEvent]:
    """Yield each text of a file of rules as a run first found it, with whose file it was."""
    if query.alert:
        return
    columns = (rule_file.c.path, rule_file.c.by, rule_file.c.first_seen_at)
    found = sa.select(*columns).where(*_between(query, rule_file.c.first_seen_at)).order_by(rule_file.c.first_seen_at)
    for row in connection.execute(found):
        yield TrailEvent(at=row.first_seen_at, kind=ServiceKind.rules, by=row.by or SERVICE.id, about=row.path)
