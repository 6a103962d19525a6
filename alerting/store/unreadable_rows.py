"""Rows of the store in which something stands that the service never writes: found before a run reads them, and put right or set aside.

Somebody changed them by hand, or a disk did. A row that stands for itself is set aside: it counts for nothing. One on which others
hang stays, and what cannot be read in it is taken from what else is known of it, or from nothing. Either is kept as it stood for
`KEPT`, and told to those who look after the service.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from alerting.formatting import plural
from alerting.model import DeliveryReason
from alerting.store import schema, service_state
from alerting.store.batches import batches
from alerting.store.column_types import Moment
from alerting.store.schema import alert, brake, delivery, outbox, run, seal, set_aside, state, transition
from alerting.store.service_state import HOLD

KEPT = timedelta(days=30)
_RAW = sa.types.NullType()
_OTHER = alert.alias()
_KNOWS_JSON = (16,)
"""The version of PostgreSQL that can say itself whether a text is JSON."""


def look_through(connection: sa.Connection, now: datetime, *tables: sa.Table) -> int:
    """Set aside, or put right, each row of these tables, or of all, that cannot be read; return how many there were."""
    found = 0
    for table in tables or schema.metadata.sorted_tables:
        for row, columns in _unreadable(connection, table):
            found += 1
            _keep(connection, table, row, columns, now)
            _put_right(connection, table, row, columns, now)
    connection.execute(set_aside.delete().where(set_aside.c.at < now - KEPT))
    return found


def look_through_one(connection: sa.Connection, now: datetime, table: sa.Table, id_: int) -> bool:
    """Do so with one row, and return whether it could not be read."""
    found = list(_unreadable(connection, table, id_))
    for row, columns in found:
        _keep(connection, table, row, columns, now)
        _put_right(connection, table, row, columns, now)
    return bool(found)


def is_readable(connection: sa.Connection, table: sa.Table) -> sa.ColumnElement[bool]:
    """Return, in SQL, whether a row of a table can be read."""
    return sa.and_(sa.true(), *_tests(table, connection.dialect.name).values())


def lately(connection: sa.Connection) -> list[str]:
    """Return what of the store could not be read since the last daily run, by table, and how much of it."""
    last = sa.select(sa.func.max(run.c.started_at)).where(run.c.job == "daily", run.c.status.in_(schema.DONE))
    since = connection.execute(last).scalar()
    query = sa.select(set_aside.c.table_name, set_aside.c.columns).order_by(set_aside.c.id)
    rows = connection.execute(query.where(set_aside.c.at > since) if since else query)
    counted = Counter((row.table_name, row.columns) for row in rows)
    return [f"{plural(count, 'row')} of {table} ({columns})" for (table, columns), count in counted.items()]


def find_kept(connection: sa.Connection, names: Collection[str], alerts: Collection[int]) -> list[int]:
    """Return the numbers of the rows set aside in which one of these names stands as a whole, or that are of one of these alerts.

    names: ids and references. alerts: the numbers of their rows. What is damaged may be anything: a name is looked for in all of it.
    """
    rows = connection.execute(sa.select(set_aside.c.id, set_aside.c.table_name, set_aside.c.row).order_by(set_aside.c.id))
    return [row.id for row in rows if _is_about(row.table_name, row.row, names, alerts)]


def let_go(connection: sa.Connection, ids: Sequence[int]) -> int:
    """Delete rows set aside, by their numbers, and return how many."""
    for some in batches(ids):
        connection.execute(set_aside.delete().where(set_aside.c.id.in_(some)))
    return len(ids)


def _is_about(table: str, text: str, names: Collection[str], alerts: Collection[int]) -> bool:
    with suppress(ValueError, AttributeError):  # somebody may have changed this row too
        if json.loads(text).get("id" if table == alert.name else "alert_id") in alerts:
            return True
    return holds(text, names)


def holds(value: Any, names: Collection[str]) -> bool:
    """Return whether one of these names stands as a whole in a value, or in JSON that stands there as a text."""
    if isinstance(value, Mapping):
        return any(holds(inner, names) for pair in value.items() for inner in pair)
    if isinstance(value, list):
        return any(holds(inner, names) for inner in value)
    text = str(value)
    if text in names:
        return True
    with suppress(ValueError):
        inner = json.loads(text)
        return isinstance(inner, str | list | Mapping) and holds(inner, names)
    return any(name in text and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in names)


# ---------------------------------------------------------------------- which they are


def _unreadable(
    connection: sa.Connection, table: sa.Table, id_: int | None = None
) -> Iterator[tuple[Mapping[str, Any], list[str]]]:
    """Return the rows of a table that cannot be read, or one of them, as they stand, with the names of the columns in which it is so."""
    query, names = _query(table, connection.dialect)
    # The number is no part of the text, so that the database reads that once and not for each row.
    one = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    asked = (query, ()) if id_ is None else (f"{query} AND {table.name}.id = {one}", (id_,))
    if names:
        for row in connection.exec_driver_sql(*asked).mappings().all():
            yield {column.name: row[column.name] for column in table.c}, [name for name in names if not row[f"is {name}"]]
    if connection.dialect.name != "sqlite":
        yield from _without_their_json(connection, table, id_)
    if table is state:
        yield from (({"name": name, "value": value}, ["value"]) for name, value in service_state.out_of_shape(connection))


def _without_their_json(
    connection: sa.Connection, table: sa.Table, id_: int | None
) -> Iterator[tuple[Mapping[str, Any], list[str]]]:
    """Return the rows of which a text is not the JSON that it should be, as not every database can say so itself."""
    texts = [column.name for column in table.c if column.info.get("json")]
    if texts:
        query = sa.select(table) if id_ is None else sa.select(table).where(table.c.id == id_)
        if (connection.dialect.server_version_info or ()) >= _KNOWS_JSON:  # else every text would be fetched each morning
            as_text = (sa.type_coerce(table.c[name], sa.Text()) for name in texts)
            query = query.where(sa.or_(*(text.op("IS NOT", is_comparison=True)(sa.text("JSON OBJECT")) for text in as_text)))
        for row in connection.execute(query).mappings().all():
            broken = [name for name in texts if not _is_object(row[name])]
            if broken:
                yield dict(row), broken


def _is_object(text: str) -> bool:
    with suppress(ValueError):
        return isinstance(json.loads(text), dict)
    return False


_queries: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {}
"""By table and kind of database: putting them together takes longer than asking them."""


def _query(table: sa.Table, dialect: sa.Dialect) -> tuple[str, tuple[str, ...]]:
    """Return the query for the rows of a table that cannot be read, and the columns that it asks of; none where it need not be asked."""
    key = (table.name, dialect.name)
    if key not in _queries:
        tests = _tests(table, dialect.name)
        raw = [sa.type_coerce(column, _RAW).label(column.name) for column in table.c]
        flags = [test.label(f"is {name}") for name, test in tests.items()]
        query = sa.select(*raw, *flags).where(~sa.and_(sa.true(), *tests.values()))
        text = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        _queries[key] = text, tuple(tests)
    return _queries[key]


def _tests(table: sa.Table, database: str) -> dict[str, sa.ColumnElement[bool]]:
    """Return, by column, whether what stands in it may; nothing of those that the database sees to."""
    on_sqlite = database == "sqlite"
    return {column.name: test for column in table.c if (test := _may_stand(column, on_sqlite)) is not None}


def _may_stand(column: sa.Column[Any], on_sqlite: bool) -> sa.ColumnElement[bool] | None:
    """Return whether what stands in a column is something that may; None where the database sees to it."""
    raw: Any = sa.type_coerce(column, _RAW)
    tests = list(_of_sqlite(column, raw)) if on_sqlite else []
    if "words" in column.info:
        tests.append(raw.in_([each.value if hasattr(each, "value") else each for each in column.info["words"]]))
    if not tests:
        return None
    test = sa.and_(*tests)
    # Nothing at all is false, and not unknown, where something must stand.
    return sa.or_(raw.is_(None), sa.func.coalesce(test, sa.false())) if column.nullable else sa.func.coalesce(test, sa.false())


def _of_sqlite(column: sa.Column[Any], raw: Any) -> Iterator[sa.ColumnElement[bool]]:
    """Return what SQLite, which takes any value in any column, must be asked of one."""
    kind = column.type
    if isinstance(kind, Moment):
        yield sa.func.strftime("%Y-%m-%d %H:%M:%S", raw) == sa.func.substr(raw, 1, 19)
        yield sa.or_(sa.func.length(raw) == 19, raw.op("GLOB")(f"*.{'[0-9]' * 6}"))
        yield sa.func.substr(raw, 1, 4) > "0000"
    elif isinstance(kind, sa.Date):
        yield sa.func.date(raw) == raw
        yield sa.func.substr(raw, 1, 4) > "0000"
    elif isinstance(kind, sa.Boolean):
        yield raw.in_((0, 1))
    elif isinstance(kind, sa.Integer):
        yield sa.func.typeof(raw) == "integer"
    elif isinstance(kind, sa.Float):
        yield sa.func.typeof(raw).in_(("real", "integer"))
    elif column.info.get("json"):
        is_object = sa.func.json_type(raw) == "object"
        yield sa.and_(sa.func.typeof(raw) == "text", sa.case((sa.func.json_valid(raw) == 1, is_object), else_=sa.false()))
    elif isinstance(kind, sa.JSON):
        yield sa.func.typeof(raw) != "blob"  # a number alone is kept as a number
        yield sa.func.json_valid(raw) == 1
    else:
        yield sa.func.typeof(raw) == "text"


# ---------------------------------------------------------------------- what becomes of them


def _keep(connection: sa.Connection, table: sa.Table, row: Mapping[str, Any], columns: list[str], now: datetime) -> None:
    if table is set_aside:
        return
    values = {"at": now, "table_name": table.name, "columns": ", ".join(columns), "row": json.dumps(dict(row), default=repr)}
    connection.execute(set_aside.insert().values(values))


def _put_right(connection: sa.Connection, table: sa.Table, row: Mapping[str, Any], columns: list[str], now: datetime) -> None:
    keys = [sa.type_coerce(column, _RAW) == sa.bindparam(None, row[column.name], type_=_RAW) for column in table.primary_key]
    instead = _instead(table, row, columns)
    if instead is None:
        connection.execute(table.delete().where(*keys))
        return
    moment = now.strftime("%Y-%m-%d %H:%M:%S.000000")
    for name in columns:
        value = instead[name] if name in instead else _nothing(table, name)
        raw = sa.bindparam(None, value.replace("{now}", moment), type_=_RAW) if isinstance(value, str) else value
        connection.execute(table.update().where(*keys).values({table.c[name]: sa.type_coerce(raw, _RAW)}))
    if table is outbox:
        # What nobody can tell whom it is for, or when, is not sent: the run tells it as new.
        why = DeliveryReason.expired
        state_ = sa.case((outbox.c.handed_over_at.is_(None), "cancelled"), else_="unknown")
        ended = {"state": state_, "reason": why, "answer": why.say("it could not be read any more"), "finished_at": now}
        connection.execute(outbox.update().where(*keys, outbox.c.finished_at.is_(None)).values(ended | {"owner": None}))


def _nothing(table: sa.Table, name: str) -> sa.ColumnElement[Any]:
    """Return what stands where nothing is known of what stood."""
    column = table.c[name]
    if column.nullable:
        return sa.null()
    if isinstance(column.type, sa.Integer | sa.Float):
        return sa.literal(0)
    return sa.literal("?").concat(sa.cast(table.c.id, sa.Text))


def _instead(table: sa.Table, row: Mapping[str, Any], columns: list[str]) -> Mapping[str, Any] | None:
    """Return what stands instead of what cannot be read, by column; None where the row is set aside."""
    if table is state:
        return _REMEMBERED if columns == ["at"] or row["name"] == HOLD else None
    return _INSTEAD.get(table.name)


def _last(column: sa.Column[Any]) -> Any:
    """Return what the last change of an alert says."""
    mine = sa.select(sa.type_coerce(column, _RAW)).where(transition.c.alert_id == alert.c.id)
    return mine.order_by(transition.c.id.desc()).limit(1).scalar_subquery()


_FIRST_DAY = sa.func.coalesce(
    sa.select(sa.func.min(sa.type_coerce(transition.c.as_of, _RAW))).where(transition.c.alert_id == alert.c.id).scalar_subquery(),
    sa.func.date("now"),
)
_DAY_PLANNED = sa.func.coalesce(sa.func.date(sa.type_coerce(outbox.c.planned_at, _RAW)), sa.func.date("now"))
_PLANNED = sa.type_coerce(outbox.c.planned_at, _RAW)
_BEGUN = sa.func.coalesce(sa.func.date(sa.type_coerce(run.c.started_at, _RAW)), sa.func.date("now"))
_HAS_ENDED = alert.c.condition == "resolved"

_INSTEAD: Mapping[str, Mapping[str, Any]] = {
    run.name: {
        "as_of": _BEGUN,
        "started_at": sa.type_coerce(run.c.as_of, _RAW).concat(" 00:00:00"),
        "finished_at": sa.type_coerce(run.c.started_at, _RAW),
        "status": "failed",
    },
    alert.name: {
        # It is told of once more rather than not at all: what today's data says puts it right.
        "condition": sa.case((alert.c.resolved_on.is_not(None), "resolved"), else_="firing"),
        "level": sa.func.coalesce(_last(transition.c.level_after), 3),
        "first_seen": _FIRST_DAY,
        "level_since": sa.type_coerce(alert.c.first_seen, _RAW),
        "episode": sa.select(sa.func.count())
        .where(_OTHER.c.rule == alert.c.rule, _OTHER.c.subject == alert.c.subject, _OTHER.c.id <= alert.c.id)
        .scalar_subquery(),
        "streak": sa.literal(0),
        "flaps": sa.literal(0),
        "held_reason": sa.case((alert.c.condition == "held", "other")),
        "resolved_on": sa.case((_HAS_ENDED, _last(transition.c.as_of))),
        "resolved_reason": sa.case((_HAS_ENDED, "other")),
    },
    outbox.name: {
        "as_of": _DAY_PLANNED,
        "urgency": sa.literal(3),
        "planned_at": sa.type_coerce(outbox.c.as_of, _RAW).concat(" 00:00:00"),
        "state": "unknown",
        "attempts": sa.select(sa.func.count()).where(delivery.c.outbox_id == outbox.c.id).scalar_subquery(),
        "handed_over_at": _PLANNED,
        "finished_at": _PLANNED,
    },
    seal.name: {"at": "{now}", "reach": sa.literal("{}")},
    # It holds, whatever was done to it, until somebody releases it.
    brake.name: {
        "since": sa.func.date("now"),
        "run_id": sa.select(sa.func.max(run.c.id)).scalar_subquery(),
        "kind": "storm",
    },
}
"""What stands, in rows on which others hang, where what stood cannot be read; nothing where no more is said."""

_REMEMBERED = {
    "value": sa.literal(json.dumps({"by": "nobody", "why": "why it was held cannot be read any more", "restored": True})),
    "at": "{now}",
}
"""That fire is held stays so, whatever was done to the words for it."""
