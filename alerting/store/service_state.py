"""What the service remembers of itself, a value by name: that it holds its fire, which store this is, what the clock showed."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from alerting.store.schema import state


def remembered(connection: sa.Connection, name: str) -> Any:
    """Return what is remembered under a name; None where nothing is, or nothing that can be read any more."""
    try:
        return connection.execute(sa.select(state.c.value).where(state.c.name == name)).scalar()
    except ValueError:  # no JSON: somebody changed it by hand, which the seals show
        return None


def remember(connection: sa.Connection, name: str, value: object, now: datetime) -> None:
    """Remember a value under a name, in place of what was there. The same value again keeps the moment it is known from."""
    if remembered(connection, name) == value:
        return
    update = state.update().where(state.c.name == name).values(value=value, at=now)
    if connection.execute(update).rowcount:
        return
    with suppress(sa.exc.IntegrityError), connection.begin_nested():  # another host was first
        connection.execute(state.insert().values(name=name, value=value, at=now))
        return
    connection.execute(update)


def forget(connection: sa.Connection, name: str) -> None:
    """Forget what is remembered under a name."""
    connection.execute(state.delete().where(state.c.name == name))
