"""What earlier runs found of each table, and which changes of it somebody has looked at and found right.

A run keeps the rows and the load of each table, how well each column of a trusted one was filled, and of one that is not
trusted what an administrator may release. A release makes the day's rows the ones that later days are compared with.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from alerting.alerts.acts import ActKind
from alerting.alerts.people import Actor
from alerting.casedata.gaps import column_of
from alerting.casedata.restricted_list import RESTRICTED
from alerting.casedata.trust import ROWS, Past, Trust
from alerting.store import acts, restricted_lists, steering
from alerting.store.schema import source_release, table_reading
from alerting.store.service_state import forget, remember, remembered_of_each

GOOD_LOADS = 5
"""How many good loads are looked back on."""

_ENGLISH = ZoneInfo("Europe/London")
_FILLED, _DOUBTED, _ACCEPTED = "filled:", "doubted:", "accepted:"


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """What the last run that read a table did not trust of it, and an administrator may release."""

    table: str
    as_of: date
    #: Of the table in that run.
    rows: int | None
    #: By table or `table.column`.
    problems: Mapping[str, str]
    #: Of each of the problems, by check, how great it was.
    flaws: Mapping[str, Mapping[str, float]]


def past(connection: sa.Connection, as_of: date) -> Past:
    """Return what a run for a day compares with: what runs of earlier days found, and what was released up to that day."""
    released = {
        row.table_name: (row.as_of, row.rows)
        for row in connection.execute(
            sa.select(source_release)
            .where(source_release.c.as_of <= as_of, source_release.c.rows.is_not(None))
            .order_by(source_release.c.id)
        )
    }
    good: dict[str, list[int]] = defaultdict(list)
    seen: dict[str, set[object]] = defaultdict(set)
    columns = table_reading.c
    query = sa.select(columns.table_name, columns.as_of, columns.rows, columns.loaded_at)
    query = query.where(columns.as_of < as_of, columns.problem.is_(None), columns.rows.is_not(None))
    for row in connection.execute(query.order_by(columns.as_of.desc(), columns.run_id.desc())):
        load = row.loaded_at or row.as_of
        since = released.get(row.table_name, (date.min, None))[0]
        if load not in seen[row.table_name] and row.as_of > since and len(good[row.table_name]) < GOOD_LOADS:
            seen[row.table_name].add(load)
            good[row.table_name].append(row.rows)
    for table, (_, rows) in released.items():
        good[table] = [*good[table], rows][:GOOD_LOADS]
    kept, changed = _states(connection), steering.changed_by_hand(connection)
    restricted = restricted_lists.last_trusted(connection)
    return Past(
        last={table: rows[0] for table, rows in good.items() if rows},
        good=good,
        filled={table: {name: (cells, rows) for name, (cells, rows) in value.items()} for table, value in kept[_FILLED].items()},
        accepted={about: flaws for value in kept[_ACCEPTED].values() for about, flaws in value.items()},
        loaded_at=_newest_load(connection, as_of),
        restricted=restricted,
        restricted_lost=steering.LAST_LIST in changed
        or restricted_lists.is_lost(connection)
        or (restricted is None and _had_a_list(connection, kept)),
        released_list=restricted_lists.released_mark(connection),
        changed_by_hand=tuple(one.says for one in changed),
    )


def _had_a_list(connection: sa.Connection, kept: Mapping[str, Mapping[str, Any]]) -> bool:
    """Return whether a run before has trusted a list of restricted records, so that it must be known what that was."""
    if steering.was_sealed(connection, steering.LAST_LIST):
        return True
    columns = table_reading.c
    trusted = (columns.table_name == RESTRICTED, columns.problem.is_(None), columns.rows.is_not(None))
    # Where a column of it was doubted, its table has no problem, and no list was kept.
    return (
        RESTRICTED not in kept[_DOUBTED]
        and connection.execute(sa.select(columns.run_id).where(*trusted).limit(1)).first() is not None
    )


def _newest_load(connection: sa.Connection, as_of: date) -> datetime | None:
    """Return the newest load among the tables of the last earlier day, in English time."""
    columns = table_reading.c
    before = sa.select(sa.func.max(columns.as_of)).where(columns.as_of < as_of).scalar_subquery()
    newest = connection.execute(sa.select(columns.loaded_at).where(columns.as_of == before, columns.loaded_at.is_not(None)))
    found = max(newest.scalars(), default=None)
    return found.astimezone(_ENGLISH).replace(tzinfo=None) if found else None


def loads_of(connection: sa.Connection, run_id: int) -> dict[str, datetime]:
    """Return when each table that a run read had been loaded, in English time."""
    columns = table_reading.c
    query = sa.select(columns.table_name, columns.loaded_at).where(columns.run_id == run_id, columns.loaded_at.is_not(None))
    return {row.table_name: row.loaded_at.astimezone(_ENGLISH).replace(tzinfo=None) for row in connection.execute(query)}


def keep(connection: sa.Connection, run_id: int, as_of: date, now: datetime, judged: Trust, tables: Collection[str]) -> None:
    """Write down what a run made of the tables it read, in the caller's transaction."""
    rows = [
        {
            "run_id": run_id,
            "table_name": table,
            "as_of": as_of,
            "rows": judged.rows.get(table),
            "problem": judged.problems.get(table),
            "loaded_at": load.replace(tzinfo=_ENGLISH) if (load := judged.loads.get(table)) else None,
        }
        for table in sorted(tables)
    ]
    if rows:
        connection.execute(table_reading.insert(), rows)
    kept = _states(connection)
    for table in sorted(tables):
        _keep_state(connection, as_of, now, table, judged, kept)


def is_kept(connection: sa.Connection, run_id: int) -> bool:
    """Return whether what a run made of its tables was written down, and with it all that the run decided."""
    query = sa.select(table_reading.c.run_id).where(table_reading.c.run_id == run_id).limit(1)
    return connection.execute(query).first() is not None


def _keep_state(
    connection: sa.Connection, as_of: date, now: datetime, table: str, judged: Trust, kept: Mapping[str, Mapping[str, Any]]
) -> None:
    mine = {name: why for name, why in judged.problems.items() if name.partition(".")[0] == table}
    was = kept[_DOUBTED].get(table)
    doubt = {
        "as_of": as_of.isoformat(),
        "since": (was or {}).get("since") or as_of.isoformat(),
        "rows": judged.rows.get(table),
        "problems": mine,
        "flaws": {name: dict(judged.releasable[name]) for name in mine if name in judged.releasable},
    }
    if mine:
        remember(connection, _DOUBTED + table, doubt, now)
    elif was is not None:
        forget(connection, _DOUBTED + table)
    if table not in judged.problems and table in judged.filled:
        # A column that is not trusted keeps what it had: it must come back to that, or be released.
        doubted = set(map(column_of, judged.problems))
        trusted = {name: list(cells) for name, cells in judged.filled[table].items() if f"{table}.{name}" not in doubted}
        before = kept[_FILLED].get(table, {})
        if {**before, **trusted} != before:
            remember(connection, _FILLED + table, {**before, **trusted}, now)
    accepted = kept[_ACCEPTED].get(table)
    if accepted:
        # What was released of a column ends when it is as it should be, so that the next time it is noticed again.
        over = {
            about
            for about in accepted
            if column_of(about).partition(".")[2] in judged.filled.get(table, {}) and about not in judged.released
        }
        if over:
            remember(connection, _ACCEPTED + table, {about: flaws for about, flaws in accepted.items() if about not in over}, now)


def doubted_since(connection: sa.Connection) -> dict[str, date]:
    """Return since when each table that waits to be released is doubted."""
    values = remembered_of_each(connection, _DOUBTED).items()
    found = {table: date.fromisoformat(value.get("since") or value["as_of"]) for table, value in values if value["flaws"]}
    since = restricted_lists.doubted_since(connection)
    return found | ({RESTRICTED: since} if since else {})


def doubts(connection: sa.Connection) -> list[Doubt]:
    """Return what is not trusted, by the last run that read each table."""
    return [_doubt(table, value) for table, value in sorted(_states(connection)[_DOUBTED].items())]


def release(
    connection: sa.Connection, table: str, *, by: Actor, note: str, now: datetime, answers: int | None = None
) -> Doubt | None:
    """Let what was found of a table count as right from then on; None where nothing of it can be released.

    The problems that only its source can put right stay: the doubt that is given says which had flaws.
    """
    value = _states(connection)[_DOUBTED].get(table)
    doubt = _doubt(table, value) if value else None
    if doubt is None or not doubt.flaws:
        return doubt
    said = "; ".join(f"{name} {doubt.problems[name]}" for name in doubt.flaws)
    own = doubt.flaws.get(table, {})
    rows = doubt.rows if ROWS in own else None
    connection.execute(
        source_release.insert().values(table_name=table, as_of=doubt.as_of, rows=rows, problem=said, by=by.id, note=note, at=now)
    )
    acts.keep(connection, by, ActKind.table_released, table, now, note=note, answers=answers)
    accepted = _states(connection)[_ACCEPTED].get(table, {})
    for name, flaws in doubt.flaws.items():
        others = {check: size for check, size in flaws.items() if check != ROWS}
        if others:
            accepted[name] = {**accepted.get(name, {}), **others}
    if accepted:
        remember(connection, _ACCEPTED + table, accepted, now)
    return doubt


def _doubt(table: str, value: Mapping[str, Any]) -> Doubt:
    return Doubt(
        table=table,
        as_of=date.fromisoformat(value["as_of"]),
        rows=value["rows"],
        problems=value["problems"],
        flaws=value["flaws"],
    )


def _states(connection: sa.Connection) -> dict[str, dict[str, Any]]:
    """Return what is kept of each table, by what it says."""
    return {kind: remembered_of_each(connection, kind) for kind in (_FILLED, _DOUBTED, _ACCEPTED)}
