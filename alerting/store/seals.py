"""A chain of seals over what people did, what changed and what was sent, so that a row changed by hand is noticed.

Each run that has ended seals what is new since the last: a digest of each row, and a head over these digests and the head
before. Whoever has a head from outside, by mail or with the heartbeat, can tell whether the store still holds all that it did.
Of what may be erased, such as a note, a digest of its own stands in the seal, with salt of its own: once that salt is gone
with the text, nobody can guess the text from the digest, and the rest of the row is proved as before.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from alerting.store import schema, steering
from alerting.store.batches import batches
from alerting.store.messages import content_json
from alerting.store.schema import seal, sealed_row

_SALT_BYTES = 8
NO_SALT = ""
"""What stands for the salt of a row that somebody's act has sealed anew."""
_SEALING = 7_203_119
"""The number of PostgreSQL's lock that whoever seals holds: any that nothing else in the database uses."""
_LATE = timedelta(days=14)
"""For how long a message may be on its way: of what was accepted before, all is sealed."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What is sealed of a table's rows at one moment of their lives. facts: columns that stay; contents: those that may be erased."""

    table: sa.Table
    name: str
    facts: tuple[str, ...]
    contents: tuple[str, ...] = ()
    #: The column that is filled once this part of a row is there; None where it is from the beginning.
    since: str | None = None
    #: The state in which a message's words are fixed.
    state: str | None = None


def _part(table: sa.Table, name: str, facts: str, contents: str = "", **more: str | None) -> Part:
    return Part(table=table, name=name, facts=tuple(facts.split()), contents=tuple(contents.split()), **more)


PARTS = (
    _part(schema.act, "made", "id at by kind about account host answers link", "note wanted"),
    _part(schema.handling, "made", "id alert_id kind by reason until level at assignee approved_by act_id", "note"),
    _part(schema.handling, "ended", "id ended_at ended_by", since="ended_at"),
    _part(schema.silence, "made", "id matcher by approved_by begins until matched at act_id", "reason"),
    _part(schema.silence, "ended", "id ended_at ended_by", since="ended_at"),
    _part(schema.brake, "made", "id rule since run_id count kind"),
    _part(schema.brake, "ended", "id released_at released_by", "note", since="released_at"),
    _part(schema.source_release, "made", "id table_name as_of rows by at", "problem note"),
    _part(schema.alert, "made", "id ref rule code first_seen"),
    _part(
        schema.transition,
        "made",
        "id alert_id run_id at as_of before after level_before level_after reason by rule_version",
        "detail",
    ),
    _part(schema.outbox, "made", "id key receiver purpose recipient as_of message_id planned_at"),
    _part(schema.outbox, "accepted", "id run_id", "name address content", since="finished_at", state="accepted"),
    _part(schema.delivery, "made", "id outbox_id attempt at state phase", "answer"),
    _part(schema.run, "ended", "id job as_of started_at finished_at status", since="finished_at"),
)


def digest(*parts: str | None) -> str:
    """Return the digest of texts in their order."""
    return hashlib.blake2b(json.dumps(parts, ensure_ascii=False).encode(), digest_size=20).hexdigest()


def of_columns(row: Any, names: Sequence[str], salt: str) -> str:
    """Return the digest of some columns of a row, with its salt."""
    values = row._mapping  # noqa: SLF001  (its public name)
    return digest(salt, *(_text(values[name]) for name in names))


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def head_of(previous: str, run_id: int | None, at: datetime, rows: Iterator[str] | Sequence[str]) -> str:
    """Return the head of a seal: over the one before, its own run and moment, and what it seals, as `said_of` gives it."""
    return digest(previous, str(run_id), at.isoformat(), *rows)


def said_of(table: str, row_id: int, part: str, facts: str, contents: str | None) -> str:
    """Return how a sealed part of a row counts in a head."""
    return f"{table} {row_id} {part} {facts} {contents or ''}"


def newest(connection: sa.Connection) -> Any:
    """Return the last seal; None where there is none."""
    return connection.execute(sa.select(seal).order_by(seal.c.id.desc()).limit(1)).first()


def seal_run(connection: sa.Connection, run_id: int | None, now: datetime) -> str:
    """Seal what is new since the last seal, in the caller's transaction, and return the new head."""
    if connection.dialect.name == "postgresql":
        # Of two runs that end at once, the second seals what the first left. SQLite has one writer in any case.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SEALING)))
    last = newest(connection)
    rows = [row for part in PARTS for row in _unsealed(connection, part, last)]
    reach = dict(last.reach) if last else {}
    for row in rows:
        reach[row["table_name"]] = max(reach.get(row["table_name"], 0), row["row_id"])
    rows += steering.sealed_rows(connection, last)
    previous = last.head if last else ""
    said = [said_of(row["table_name"], row["row_id"], row["part"], row["facts"], row["contents"]) for row in rows]
    head = head_of(previous, run_id, now, said)
    values = {"run_id": run_id, "at": now, "previous": previous, "head": head, "reach": reach}
    key = connection.execute(seal.insert().values(values)).inserted_primary_key
    seal_id = int(key[0]) if key else 0
    if rows:
        connection.execute(sealed_row.insert(), [row | {"seal_id": seal_id, "place": place} for place, row in enumerate(rows)])
    return head


def _unsealed(connection: sa.Connection, part: Part, last: Any) -> Iterator[dict[str, Any]]:
    table, column = part.table, part.table.c
    known = sa.select(sealed_row.c.id).where(
        sealed_row.c.table_name == table.name, sealed_row.c.row_id == column.id, sealed_row.c.part == part.name
    )
    query = sa.select(*(column[name] for name in (*part.facts, *part.contents))).where(~sa.exists(known))
    if part.since is None and last is not None:
        # What was written at the same time as the last seal may have got a smaller number and come later.
        query = query.where(column.id > _before_the_last(connection, last).get(table.name, 0))
    elif part.since is not None:
        query = query.where(column[part.since].is_not(None))
        if part.state is not None:
            query = query.where(column.state == part.state)
            query = query.where(column[part.since] > last.at - _LATE) if last is not None else query
    for row in connection.execute(query.order_by(column.id)):
        yield _sealed(part, row)


def _before_the_last(connection: sa.Connection, last: Any) -> Mapping[str, int]:
    before = sa.select(seal.c.reach).where(seal.c.id < last.id).order_by(seal.c.id.desc()).limit(1)
    return connection.execute(before).scalar() or {}


def _sealed(part: Part, row: Any) -> dict[str, Any]:
    salt = secrets.token_hex(_SALT_BYTES)
    contents_salt = secrets.token_hex(_SALT_BYTES) if part.contents else None
    return {
        "table_name": part.table.name,
        "row_id": row.id,
        "part": part.name,
        "salt": salt,
        "facts": of_columns(row, part.facts, salt),
        "contents_salt": contents_salt,
        "contents": of_columns(row, part.contents, contents_salt) if contents_salt else None,
    }


def erase(connection: sa.Connection, table: sa.Table, ids: Collection[int]) -> int:
    """Erase the contents of rows of a table, and the salt of their digests, so that they verify as erased; return how many.

    What is not sealed yet is sealed without them. What a seal proves of the rest of each row stays.
    """
    blank = {name: _blank(table.c[name]) for part in PARTS if part.table is table for name in part.contents}
    for some in batches(sorted(ids)):
        connection.execute(table.update().where(table.c.id.in_(some)).values(blank))
    let_contents_go(connection, table, ids)
    return len(ids)


def seal_anew(connection: sa.Connection, table: sa.Table, ids: Collection[int]) -> list[list[Any]]:
    """Return new digests of what stays of rows that were changed on purpose, and take away the salt of those that a seal has.

    Whoever keeps them, in an act of theirs, proves the rows from then on; what they were can be guessed from no digest any more.
    """
    [part] = [part for part in PARTS if part.table is table and part.name == "made"]
    found: list[list[Any]] = []
    for some in batches(sorted(ids)):
        mine = (sealed_row.c.table_name == table.name, sealed_row.c.part == part.name, sealed_row.c.row_id.in_(some))
        connection.execute(sealed_row.update().where(*mine).values(salt=NO_SALT))
        columns = [table.c[name] for name in part.facts]
        for row in connection.execute(sa.select(*columns).where(table.c.id.in_(some)).order_by(table.c.id)):
            salt = secrets.token_hex(_SALT_BYTES)
            found.append([table.name, row.id, salt, of_columns(row, part.facts, salt)])
    return found


def seal_contents_anew(connection: sa.Connection, table: sa.Table, ids: Collection[int]) -> list[list[Any]]:
    """Return new digests of what is left of the contents of rows of which part was erased on purpose: number, salt and digest.

    Whoever keeps them, in an act of theirs, proves the rest from then on, as `seal_anew` does of what stays of a row.
    """
    [part] = [part for part in PARTS if part.table is table and part.name == "made"]
    columns = [table.c[name] for name in ("id", *part.contents)]
    found: list[list[Any]] = []
    for some in batches(sorted(ids)):
        for row in connection.execute(sa.select(*columns).where(table.c.id.in_(some)).order_by(table.c.id)):
            salt = secrets.token_hex(_SALT_BYTES)
            found.append([row.id, salt, of_columns(row, part.contents, salt)])
    return found


def let_contents_go(connection: sa.Connection, table: sa.Table, ids: Collection[int]) -> None:
    """Take away the salt of the contents of rows, which are being emptied: what they were can be guessed from no digest any more."""
    for some in batches(sorted(ids)):
        mine = (sealed_row.c.table_name == table.name, sealed_row.c.row_id.in_(some), sealed_row.c.contents.is_not(None))
        connection.execute(sealed_row.update().where(*mine).values(contents_salt=None))


def _blank(column: sa.Column[Any]) -> Any:
    return sa.null() if column.nullable else ""


def is_blank(row: Any, part: Part) -> bool:
    """Return whether nothing stands in what may be erased of a row; of a message that was emptied, whom it went to may stay."""
    if part.table is schema.outbox and content_json.is_emptied(row.content):
        return True
    return all(row._mapping[name] in (None, "") for name in part.contents)  # noqa: SLF001  (its public name)
