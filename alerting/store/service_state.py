"""What the service remembers of itself, a value by name: that it holds its fire, which store this is, what the clock showed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, TypeAdapter

from alerting.store.schema import state

HOLD = "hold_fire"
"""The name under which it is remembered that fire is held."""

COVER = "cover"
"""The name under which it is remembered what people said of cover."""

PREFERENCES = "preferences"
"""The name under which it is remembered what people would rather have."""

LOOKED_ROUND = "looked round"
"""The name under which it is remembered what was found of the case data, for the page."""

MONTHS = "team measures"
"""The name under which it is remembered how the work of teams went in the last months."""


class _Hold(BaseModel):
    by: str
    why: str
    restored: bool


class _Clock(BaseModel):
    shown: datetime
    start: str
    up_s: float


class _DoubtedTable(BaseModel):
    as_of: date
    since: date | None = None
    rows: int | None
    problems: dict[str, str]
    flaws: dict[str, dict[str, float]]


class _DoubtedList(BaseModel):
    as_of: date
    since: date | None = None
    mark: str
    says: str


class _Preferences(BaseModel):
    all_clear: bool
    done: bool
    order: str


class _Release(BaseModel):
    mark: str


_SHAPES: Mapping[str, Any] = {
    "accepted:": dict[str, dict[str, float]],
    "acts told": int,
    "baseline": dict[str, int],
    "believed": list[str],
    "changed by hand": list[tuple[str, date]],
    "clock": _Clock,
    COVER: list[dict[str, Any]],
    "directory": dict[str, Any],
    "directory since": tuple[int, int],
    "doubted:": _DoubtedTable,
    "environment": str,
    "filled:": dict[str, tuple[int, int]],
    HOLD: _Hold,
    LOOKED_ROUND: dict[str, Any],
    "last_without_reach": int,
    "last_without_routed": int,
    "page session ended:": bool,
    PREFERENCES: dict[str, _Preferences],
    "restricted records": dict[str, Any] | list[Any],
    "restricted records doubted": _DoubtedList,
    "restricted records lost": bool,
    "restricted records released": _Release,
    "retention begun": dict[str, Any],
    "retention sealed": list[str],
    "retention waited": int,
    "sign_of_life": date,
    "source": str,
    MONTHS: dict[str, dict[str, str]],
    "store_id": str,
}
"""What each value is like, by its name, or by how names begin where they end with a colon."""


_REMEMBERED = sa.select(sa.cast(state.c.value, sa.Text)).where(state.c.name == sa.bindparam("name"))


def remembered(connection: sa.Connection, name: str) -> Any:
    """Return what is remembered under a name; None where nothing is, or nothing that can be read any more."""
    text = remembered_text(connection, name)
    return None if text is None else _read(name, text)


def remembered_text(connection: sa.Connection, name: str) -> str | None:
    """Return what is remembered under a name, as it is kept: JSON that nobody has looked at; None where nothing is."""
    return connection.execute(_REMEMBERED, {"name": name}).scalar()


def remembered_of_each(connection: sa.Connection, begins: str) -> dict[str, Any]:
    """Return what is remembered under names that begin so, by the rest of each; without what cannot be read any more."""
    query = sa.select(state.c.name, sa.cast(state.c.value, sa.Text)).where(state.c.name.startswith(begins, autoescape=True))
    found = {name.removeprefix(begins): _read(name, text) for name, text in connection.execute(query)}
    return {name: value for name, value in found.items() if value is not None}


def out_of_shape(connection: sa.Connection) -> Iterator[tuple[str, str]]:
    """Return what is JSON, and not what is remembered under its name, with the name."""
    for name, text in connection.execute(sa.select(state.c.name, sa.cast(state.c.value, sa.Text)).order_by(state.c.name)).all():
        if _read(name, text) is None:
            yield name, text


def _read(name: str, text: str) -> Any:
    """Return a value; None where it is none, or not what is remembered under that name."""
    begins, colon, _ = name.partition(":")
    try:
        value = json.loads(text)
        _shape(begins + colon).validate_json(text, strict=True)
    except ValueError:  # somebody changed it by hand, which the seals show
        return None
    return value


@cache
def _shape(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(_SHAPES.get(name, Any))


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
