"""Silences as rows of the store: made, ended, read back. Whether somebody may make one is for `notifications.silences` to say."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from alerting.alerts.acts import ActKind, Request, SilenceWanted
from alerting.alerts.matcher import Matcher
from alerting.alerts.people import Actor
from alerting.config import Handling
from alerting.errors import HandlingError
from alerting.notifications.silences import Impact, Silence, SilenceRequest, refuse_everything
from alerting.store import acts, schema
from alerting.store.act_json import SilenceReach, reach_to_json


def add(connection: sa.Connection, request: SilenceRequest, found: Impact, limits: Handling, now: datetime) -> int | Request:
    """Make a silence and give its number; where it takes two people and one asks, the request.

    found: what it would silence, which somebody has looked at.
    """
    refuse_everything(found)
    why = found.needs_two(limits.silence_share)
    if why and request.approved_by is None:
        return _ask(connection, request, found, why, now)
    matcher, by = request.matcher, request.by
    reach = SilenceReach(until=request.until, matched=len(found.alerts), open=found.open, touched=found.touched)
    told = reach_to_json(reach)
    act = acts.keep(connection, by, ActKind.silence, str(matcher), now, note=request.reason, answers=request.answers, wanted=told)
    values = {
        "matcher": matcher.given(),
        "reason": request.reason.strip(),
        "by": by.id,
        "approved_by": request.approved_by.id if request.approved_by else None,
        "begins": request.begins,
        "until": request.until,
        "matched": len(found.alerts),
        "at": now,
        "act_id": act,
    }
    key = connection.execute(schema.silence.insert().values(values)).inserted_primary_key
    return int(key[0]) if key else 0


def _ask(connection: sa.Connection, request: SilenceRequest, found: Impact, why: str, now: datetime) -> Request:
    wanted = SilenceWanted(matcher=request.matcher, begins=request.begins, until=request.until, matched=len(found.alerts))
    asked = Request(
        id=0,
        at=now,
        by=request.by,
        about=str(request.matcher),
        note=request.reason,
        wanted=wanted,
        asked=request.asked,
        why=why,
    )
    return acts.ask(connection, asked)


def end(connection: sa.Connection, number: int, *, by: Actor, note: str, now: datetime) -> Silence:
    """End a silence before its day, and keep who did it and why. Raises HandlingError where it has ended or is not there."""
    table = schema.silence
    found = next((silence for silence in every(connection) if silence.id == number), None)
    if found is None:
        raise HandlingError(f"there is no silence {number}", remedy="`alerting silences list --all` shows them.")
    mine = sa.and_(table.c.id == number, table.c.ended_at.is_(None))
    if connection.execute(table.update().where(mine).values(ended_at=now, ended_by=by.id)).rowcount != 1:
        raise HandlingError(f"silence {number} has been ended already, by {found.ended_by}")
    acts.keep(connection, by, ActKind.silence_ended, f"silence {number}", now, note=note)
    return found


def every(connection: sa.Connection) -> list[Silence]:
    """Return every silence there is or was, the newest first."""
    query = sa.select(schema.silence).order_by(schema.silence.c.id.desc())
    return _readable(connection, query)[0]


def standing(connection: sa.Connection, as_of: date) -> list[Silence]:
    """Return the silences that stand on a day, the oldest first."""
    table = schema.silence
    mine = (table.c.ended_at.is_(None), table.c.begins <= as_of, table.c.until >= as_of)
    query = sa.select(table).where(*mine).order_by(table.c.id)
    return _readable(connection, query)[0]


def unreadable(connection: sa.Connection) -> list[str]:
    """Return the silences that have not been ended and that nobody can read, which silence nothing."""
    return _readable(connection, sa.select(schema.silence).where(schema.silence.c.ended_at.is_(None)))[1]


def not_over(connection: sa.Connection, as_of: date) -> list[Silence]:
    """Return the silences that stand on a day or are to come, the oldest first."""
    table = schema.silence
    query = sa.select(table).where(table.c.ended_at.is_(None), table.c.until >= as_of).order_by(table.c.id)
    return _readable(connection, query)[0]


def made_since_daily(connection: sa.Connection, as_of: date) -> list[int]:
    """Return the numbers of the silences that stand on a day, and were made or begin since the daily run of the day before."""
    run, table = schema.run, schema.silence
    before = sa.select(run.c.started_at, run.c.as_of).where(
        run.c.job == "daily", run.c.as_of < as_of, run.c.finished_at.is_not(None)
    )
    last = connection.execute(before.order_by(run.c.as_of.desc(), run.c.id.desc()).limit(1)).first()
    if last is None:
        return []
    standing_now = (table.c.ended_at.is_(None), table.c.begins <= as_of, table.c.until >= as_of)
    new = sa.or_(table.c.at > last.started_at, table.c.begins > last.as_of)
    return list(connection.execute(sa.select(table.c.id).where(*standing_now, new)).scalars())


def _readable(connection: sa.Connection, query: sa.Select[Any]) -> tuple[list[Silence], list[str]]:
    """Return the silences of a query, and those of its rows that cannot be read, which somebody changed by hand."""
    with suppress(ValueError, TypeError):
        return [_silence(row) for row in connection.execute(query).mappings()], []
    found: list[Silence] = []
    lost: list[str] = []
    for number in connection.execute(query.with_only_columns(schema.silence.c.id)).scalars().all():
        try:
            found.append(
                _silence(connection.execute(sa.select(schema.silence).where(schema.silence.c.id == number)).mappings().one())
            )
        except (ValueError, TypeError):
            lost.append(f"silence {number}")
    return found, lost


def _silence(row: sa.RowMapping) -> Silence:
    kept = {name: value for name, value in row.items() if name != "act_id"}
    return Silence(**{**kept, "matcher": Matcher(**row["matcher"])})
