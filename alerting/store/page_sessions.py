"""The sessions of the page that somebody ended by signing out, so that no copy of their cookie is taken again."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from alerting.store.schema import state
from alerting.store.service_state import remember, remembered

_ENDED = "page session ended:"


def end(connection: sa.Connection, session: str, now: datetime, longest: timedelta) -> None:
    """Let a session count as ended, and forget those that have run out by themselves. longest: for how long one can last."""
    old = sa.and_(state.c.name.startswith(_ENDED, autoescape=True), state.c.at < now - longest)
    connection.execute(state.delete().where(old))
    remember(connection, f"{_ENDED}{session}", value=True, now=now)


def has_ended(connection: sa.Connection, session: str) -> bool:
    """Return whether somebody ended a session."""
    return remembered(connection, f"{_ENDED}{session}") is not None
