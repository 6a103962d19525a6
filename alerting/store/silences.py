"""Silences as rows of the store: made, ended, read back. Whether somebody may make one is for `notifications.silences` to say."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa

from alerting.config import Handling
from alerting.errors import HandlingError
from alerting.notifications.silences import Impact, Matcher, Silence, SilenceRequest, refuse_one_alone
from alerting.store import schema


def add(connection: sa.Connection, request: SilenceRequest, found: Impact, limits: Handling, now: datetime) -> int:
    """Make a silence and give its number. Raises HandlingError where it takes two people, and there is one.

    found: what it would silence, which somebody has looked at.
    """
    refuse_one_alone(request, found, limits)
    values = {
        "matcher": request.matcher.given(),
        "reason": request.reason.strip(),
        "by": request.by,
        "approved_by": request.approved_by,
        "begins": request.begins,
        "until": request.until,
        "matched": len(found.alerts),
        "at": now,
    }
    key = connection.execute(schema.silence.insert().values(values)).inserted_primary_key
    return int(key[0]) if key else 0


def end(connection: sa.Connection, number: int, *, by: str, note: str, now: datetime) -> Silence:
    """End a silence before its day, and keep who did it and why. Raises HandlingError where it has ended or is not there."""
    table, act = schema.silence, schema.act
    found = next((silence for silence in every(connection) if silence.id == number), None)
    if found is None:
        raise HandlingError(f"there is no silence {number}", remedy="`alerting silences list --all` shows them.")
    mine = sa.and_(table.c.id == number, table.c.ended_at.is_(None))
    if connection.execute(table.update().where(mine).values(ended_at=now, ended_by=by)).rowcount != 1:
        raise HandlingError(f"silence {number} has been ended already, by {found.ended_by}")
    connection.execute(act.insert().values(at=now, by=by, kind="silence ended", about=f"silence {number}", note=note.strip()))
    return found


def every(connection: sa.Connection) -> list[Silence]:
    """Return every silence there is or was, the newest first."""
    query = sa.select(schema.silence).order_by(schema.silence.c.id.desc())
    return [_silence(row) for row in connection.execute(query).mappings()]


def standing(connection: sa.Connection, as_of: date) -> list[Silence]:
    """Return the silences that stand on a day, the oldest first."""
    table = schema.silence
    mine = (table.c.ended_at.is_(None), table.c.begins <= as_of, table.c.until >= as_of)
    query = sa.select(table).where(*mine).order_by(table.c.id)
    return [_silence(row) for row in connection.execute(query).mappings()]


def _silence(row: sa.RowMapping) -> Silence:
    return Silence(**{**dict(row), "matcher": Matcher(**row["matcher"])})
