"""Where a child stands in the store: by id in alerts, by an alert in all that hangs on it, by an id or a reference in texts."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from alerting.alerts.acts import ActKind
from alerting.store import restricted_lists, unreadable_rows
from alerting.store.batches import batches
from alerting.store.schema import act, alert, brake, handling, outbox, reading, silence, source_release

_LEAST = 4
"""Characters that an id must have to be looked for in texts: a shorter one stands there for other things."""


@dataclass(frozen=True, kw_only=True)
class ChildRows:
    """Where a child stands, by the numbers of rows."""

    #: All ids of the child that are known.
    ids: frozenset[str]
    #: The references of the alerts about the child, by number.
    alerts: Mapping[int, str]
    #: By what the child may be called in texts: ids, and those of the child's plans, referrals and episodes.
    names: frozenset[str]
    #: What people did to these alerts, and to others in words that name the child.
    handling: tuple[int, ...] = ()
    #: Acts about these alerts, or in whose words the child stands.
    acts: tuple[int, ...] = ()
    silences: tuple[int, ...] = ()
    #: Releases in whose notes, which their acts have too, the child stands.
    brakes: tuple[int, ...] = ()
    source_releases: tuple[int, ...] = ()
    #: Messages that tell of these alerts, or in which the child stands.
    messages: tuple[int, ...] = ()
    #: Alerts about something else, in whose facts the child stands.
    mentioned_in: tuple[int, ...] = ()
    set_aside: tuple[int, ...] = ()


def all_ids(connection: sa.Connection, given: Collection[str], pairs: Iterable[tuple[str, str]] = ()) -> frozenset[str]:
    """Return every id of the child whose ids are given. pairs: each two ids that the case data says are of one person.

    The list of restricted records that was last trusted is asked too, as it knows of records that were merged.
    """
    known = restricted_lists.last_trusted(connection)
    listed = [one.ids for one in (*known.listed, *known.removed)] if known else []
    found, rest = set(given), [set(ids) for ids in (*listed, *pairs)]
    while joined := [ids for ids in rest if not found.isdisjoint(ids)]:
        found.update(*joined)
        rest = [ids for ids in rest if ids not in joined]
    return frozenset(found)


def alerts_of(connection: sa.Connection, people: Sequence[str]) -> dict[int, str]:
    """Return the references of all alerts about people, by the numbers of their rows."""
    found: dict[int, str] = {}
    for some in batches(people):
        # By whom it is about alone: a plan or referral of somebody else may have the same number as a child.
        mine = sa.select(alert.c.id, alert.c.ref).where(alert.c.person.in_(some))
        found.update((row.id, row.ref) for row in connection.execute(mine))
    return found


def find(connection: sa.Connection, ids: frozenset[str]) -> ChildRows:
    """Return where a child stands. ids: all of the child's, as `all_ids` gives them."""
    alerts = alerts_of(connection, sorted(ids))
    called = {name for name in _ids_in_texts(connection, ids, alerts) if len(name) >= _LEAST}
    names = {*alerts.values(), *called}
    return ChildRows(
        ids=ids,
        alerts=alerts,
        names=frozenset(called),
        handling=tuple(
            sorted(
                {
                    *_of_alerts(connection, handling, alerts),
                    *_holding(connection, handling.c.id, (handling.c.note,), names, exactly=ids),
                }
            )
        ),
        acts=tuple(_acts(connection, names, ids)),
        silences=tuple(_holding(connection, silence.c.id, (silence.c.matcher, silence.c.reason), names, exactly=ids)),
        brakes=tuple(_holding(connection, brake.c.id, (brake.c.note,), names, exactly=ids)),
        source_releases=tuple(_holding(connection, source_release.c.id, (source_release.c.note,), names, exactly=ids)),
        messages=tuple(_holding(connection, outbox.c.id, (outbox.c.content,), names, exactly=ids)),
        mentioned_in=tuple(
            id_ for id_ in _holding(connection, reading.c.alert_id, (reading.c.facts,), names, exactly=ids) if id_ not in alerts
        ),
        set_aside=tuple(unreadable_rows.find_kept(connection, names | ids, alerts)),
    )


def _acts(connection: sa.Connection, names: Collection[str], ids: Collection[str]) -> list[int]:
    found = _holding(connection, act.c.id, (act.c.about, act.c.note, act.c.wanted), names, exactly=ids)
    # What a wiping keeps is the numbers of rows, which may look like somebody's id.
    wiped = connection.execute(sa.select(act.c.id).where(act.c.kind == ActKind.child_wiped.value)).scalars()
    return sorted(set(found) - set(wiped))


def _ids_in_texts(connection: sa.Connection, ids: frozenset[str], alerts: Collection[int]) -> set[str]:
    found = set(ids)
    for some in batches(sorted(alerts)):
        for row in connection.execute(sa.select(alert.c.subject, alert.c.member).where(alert.c.id.in_(some))):
            found.update(name for name in row if name)
    return found


def _of_alerts(connection: sa.Connection, table: sa.Table, alerts: Collection[int]) -> list[int]:
    found: list[int] = []
    for some in batches(sorted(alerts)):
        found += connection.execute(sa.select(table.c.id).where(table.c.alert_id.in_(some)).order_by(table.c.id)).scalars()
    return found


def _holding(
    connection: sa.Connection,
    key: sa.Column[Any],
    columns: Sequence[sa.Column[Any]],
    names: Collection[str],
    *,
    exactly: Collection[str] = (),
) -> list[Any]:
    """Return the keys of the rows in which one of these names stands as a whole. exactly: what counts as a whole value alone."""
    found: dict[Any, None] = {}
    texts = [sa.cast(column, sa.Text).label(column.name) for column in columns]
    for some in batches(sorted({*names, *exactly}), 50):
        written = {*some, *(json.dumps(name)[1:-1] for name in some)}
        may = [
            text.contains(name, autoescape=True) for text in (sa.cast(column, sa.Text) for column in columns) for name in written
        ]
        for row in connection.execute(sa.select(key.label("key"), *texts).where(sa.or_(*may)).order_by(key)):
            values = [getattr(row, column.name) or "" for column in columns]
            if any(unreadable_rows.holds(value, names) or _has(value, exactly) for value in values):
                found[row.key] = None
    return sorted(found)


def is_named(text: str, rows: ChildRows) -> bool:
    """Return whether the child stands in a text by an id, and not by the reference of an alert alone."""
    return unreadable_rows.holds(text, rows.names) or _has(text, rows.ids)


def _has(text: str, wanted: Collection[str]) -> bool:
    """Return whether one of these is a value of some JSON."""
    if not wanted:
        return False
    try:
        return _among(json.loads(text), wanted)
    except ValueError:
        return False


def _among(value: Any, wanted: Collection[str]) -> bool:
    if isinstance(value, dict):
        return any(_among(inner, wanted) for inner in value.values())
    if isinstance(value, list):
        return any(_among(inner, wanted) for inner in value)
    return isinstance(value, str) and value in wanted
