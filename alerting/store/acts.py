"""What people did, and what they ask a second person to approve, as rows of the store that are added and never changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from alerting.alerts.acts import ActKind, Request, two_people
from alerting.alerts.people import SERVICE, Actor, People
from alerting.errors import HandlingError
from alerting.store import act_json, service_state
from alerting.store.schema import act

_LINKING = 7_203_118
"""The number of PostgreSQL's lock that whoever writes an act holds: any that nothing else in the database uses."""
_TOLD = "acts told"
_ANSWERS = (ActKind.approval, ActKind.withdrawal, ActKind.lapse)


@dataclass(frozen=True, kw_only=True)
class KeptAct:
    """An act that somebody is to be told of."""

    id: int
    kind: ActKind
    about: str
    at: datetime
    #: Who did it, by id.
    by: str
    account: str | None
    host: str | None
    #: The request that it answers, or was done by.
    answers: int | None
    #: What is asked for; None for what is no request, or cannot be read.
    request: Request | None = None
    #: How far a silence reaches.
    reach: act_json.SilenceReach | None = None


def keep(
    connection: sa.Connection,
    actor: Actor,
    kind: ActKind,
    about: str,
    now: datetime,
    *,
    note: str = "",
    wanted: Mapping[str, Any] | None = None,
    answers: int | None = None,
) -> int:
    """Write down what somebody did, and return its number. answers: the request that it answers, or is done by."""
    values = {
        "at": now,
        "by": actor.id,
        "kind": kind.value,
        "about": about[:200],
        "note": note.strip(),
        "account": actor.account or None,
        "host": actor.host or None,
        "wanted": None if wanted is None else dict(wanted),
        "answers": answers,
    }
    if connection.dialect.name == "postgresql":
        # One after the other: each act is linked to the one before. SQLite has one writer in any case.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LINKING)))
    before = connection.execute(sa.select(act.c.link).order_by(act.c.id.desc()).limit(1)).scalar()
    key = connection.execute(act.insert().values(values)).inserted_primary_key
    number = int(key[0]) if key else 0
    row = connection.execute(sa.select(act).where(act.c.id == number)).one()
    connection.execute(act.update().where(act.c.id == number).values(link=link_of(before or "", row)))
    return number


def link_of(before: str, row: Any) -> str:
    """Return the link of an act: over that of the one before, and over what stays of its own."""
    stays = (row.id, row.at.isoformat(), row.by, row.kind, row.about, row.account, row.host, row.answers)
    return hashlib.blake2b(json.dumps([before, *stays]).encode(), digest_size=20).hexdigest()


def ask(connection: sa.Connection, request: Request) -> Request:
    """Write down a request, and return it with its number: it is done when a second person approves it."""
    what = act_json.request_to_json(request)
    number = keep(connection, request.by, ActKind.request, request.about, request.at, note=request.note, wanted=what)
    return replace(request, id=number)


def approve(
    connection: sa.Connection,
    number: int,
    second: Actor,
    people: People,
    now: datetime,
    *,
    two_accounts: bool = False,
    on_page: bool = False,
) -> Request:
    """Approve a request, and return it to be done in the same transaction. Raises HandlingError where it may not be."""
    found = waiting(connection, number)
    two_people(people, found.by, second, two_accounts=two_accounts, on_page=on_page)
    keep(connection, second, ActKind.approval, found.about, now, answers=number)
    return found


def withdraw(connection: sa.Connection, number: int, actor: Actor, now: datetime, *, note: str = "") -> Request:
    """End a request that nobody has approved. Raises HandlingError where it is not waiting."""
    found = waiting(connection, number)
    keep(connection, actor, ActKind.withdrawal, found.about, now, note=note, answers=number)
    return found


def lapse(connection: sa.Connection, last_day: Callable[[date], date], today: date, now: datetime) -> int:
    """End the requests that nobody has answered until their last day, and return how many. last_day: by the day they were made."""
    passed = [row for row in connection.execute(_unanswered()).all() if last_day(row.at.date()) < today]
    for row in passed:
        keep(connection, SERVICE, ActKind.lapse, row.about, now, answers=row.id)
    return len(passed)


def waiting(connection: sa.Connection, number: int) -> Request:
    """Return a request that waits for a second person. Raises HandlingError where there is none, or it was answered."""
    # Of two who approve at once, the second waits here and finds it answered.
    row = connection.execute(
        sa.select(act).where(act.c.id == number, act.c.kind == ActKind.request.value).with_for_update()
    ).first()
    if row is None:
        raise HandlingError(f"there is no request {number}", remedy="`alerting requests list` shows those that wait.")
    answer = connection.execute(
        sa.select(act.c.kind, act.c.by, act.c.at).where(act.c.answers == number, act.c.kind.in_(_ANSWERS)).limit(1)
    ).first()
    if answer is not None and answer.kind == ActKind.lapse.value:
        raise HandlingError(f"request {number} has lapsed, as nobody approved it in time", remedy="Ask for it anew.")
    if answer is not None:
        raise HandlingError(
            f"request {number} was answered already: {ActKind(answer.kind).words} by {answer.by} on {answer.at:%Y-%m-%d}"
        )
    request = act_json.request_from_json(row)
    if request is None:
        raise HandlingError(
            f"what request {number} asks for cannot be read any more",
            remedy="The store was changed by hand: ask for it anew.",
        )
    return request


def all_waiting(connection: sa.Connection) -> list[Request]:
    """Return every request that nobody has answered, the oldest first."""
    return [request for row in connection.execute(_unanswered()) if (request := act_json.request_from_json(row))]


def _unanswered() -> sa.Select[Any]:
    answered = sa.select(act.c.answers).where(act.c.answers.is_not(None), act.c.kind.in_(_ANSWERS))
    return sa.select(act).where(act.c.kind == ActKind.request.value, act.c.id.not_in(answered)).order_by(act.c.id)


def last_told(connection: sa.Connection) -> int:
    """Return the number of the last act that was told; what an earlier version kept, which did not tell, counts as told."""
    known = service_state.remembered(connection, _TOLD)
    if known is not None:
        return int(known)
    earlier = sa.select(sa.func.max(act.c.id)).where(act.c.host.is_(None), act.c.by != SERVICE.id)
    return int(connection.execute(earlier).scalar() or 0)


def note_told(connection: sa.Connection, number: int, now: datetime) -> None:
    """Keep that acts up to this one have been told."""
    service_state.remember(connection, _TOLD, number, now)


def approver(connection: sa.Connection, request: int) -> str | None:
    """Return who approved a request, by id."""
    query = sa.select(act.c.by).where(act.c.answers == request, act.c.kind == ActKind.approval.value)
    return connection.execute(query.limit(1)).scalar()


def asker(connection: sa.Connection, request: int) -> str | None:
    """Return who asked for something, by id."""
    return connection.execute(sa.select(act.c.by).where(act.c.id == request)).scalar()


def untold(connection: sa.Connection) -> list[KeptAct]:
    """Return the acts that somebody is to be told of and nobody was, the oldest first."""
    kinds = [kind.value for kind in ActKind if kind.is_told]
    # Whatever took two people is told, whatever its kind.
    is_told = sa.or_(act.c.kind.in_(kinds), act.c.answers.is_not(None))
    rows = list(connection.execute(sa.select(act).where(act.c.id > last_told(connection), is_told).order_by(act.c.id)))
    done = {row.answers for row in rows if row.kind not in _ANSWERS}
    # What was done by a request says who approved it.
    return [_kept(row) for row in rows if row.kind != ActKind.approval or row.answers not in done]


def _kept(row: Any) -> KeptAct:
    return KeptAct(
        id=row.id,
        kind=ActKind(row.kind),
        about=row.about,
        at=row.at,
        by=row.by,
        account=row.account,
        host=row.host,
        answers=row.answers,
        request=act_json.request_from_json(row) if row.kind == ActKind.request.value else None,
        reach=act_json.reach_from_json(row.wanted) if row.kind == ActKind.silence.value else None,
    )
