"""What steers who is told of what, sealed as each run leaves it: a change of it by hand is noticed.

It is what the service remembers by name, and of tables what stays as it is from one run to the next. And how many rows had their words
erased with the salt of these: a word that is erased by hand, with its salt, is one more.

Runs rewrite it, and people by what they do. So the next run compares it at its beginning, and `audit verify` at any time: what
differs from the last seal without an act of the kind that changes it was changed by hand. Found once, that is kept for good.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from alerting.alerts.acts import ActKind
from alerting.store.schema import (
    act,
    alert,
    reading,
    rule_file,
    rule_version,
    run,
    seal,
    sealed_row,
    state,
    table_reading,
    transition,
)  # fmt: skip
from alerting.store.service_state import COVER, remember, remembered

_TABLE = "state"
_FOUND = "changed by hand"


@dataclass(frozen=True, kw_only=True)
class Steering:
    """Something that is remembered under names of its own, or rows of a table."""

    #: What its seal is kept under.
    part: str
    #: In words.
    says: str
    #: The names, or how they begin where they end with a colon.
    names: tuple[str, ...] = ()
    #: What people do that changes it between two runs.
    acts: tuple[ActKind, ...] = ()
    #: The columns of a table that only a run changes.
    columns: tuple[sa.Column[Any], ...] = ()
    #: Whether it is of the alerts that were open when the last run was sealed, and not of the whole table.
    is_of_open: bool = False
    #: What holds of some rows that are sealed: how many these are, and no more of them.
    counted: sa.ColumnElement[bool] | None = None

    def has(self, name: str) -> bool:
        """Return whether what is remembered under a name belongs to it."""
        return any(name.startswith(mine) if mine.endswith(":") else name == mine for mine in self.names)


_WHO = ("rule", "subject_kind", "subject", "unit", "service", "team", "worker", "adviser", "person", "member", "also")


LAST_LIST = Steering(
    part="list",
    says="the last trusted list of restricted records",
    names=("restricted records", "restricted records lost"),
    acts=(ActKind.removal_released, ActKind.child_wiped),
)
STEERING = (
    LAST_LIST,
    Steering(
        part="release",
        says="the release of a doubted list of restricted records",
        names=("restricted records released",),
        acts=(ActKind.list_released,),
    ),
    Steering(part="doubt", says="the doubt about the list of restricted records", names=("restricted records doubted",)),
    Steering(
        part="directory",
        says="the directory that messages go by",
        names=("directory", "directory since"),
        acts=(ActKind.child_wiped,),
    ),
    Steering(
        part="cover",
        says="what people said of who covers for whom",
        names=(COVER,),
        acts=(ActKind.cover_said, ActKind.cover_ended),
    ),
    Steering(
        part="loads",
        says="what tables were like when last trusted",
        names=("filled:", "doubted:", "accepted:"),
        acts=(ActKind.table_released,),
    ),
    Steering(
        part="brakes",
        says="what releases of brakes let pass",
        names=("baseline", "believed"),
        acts=(ActKind.brake_released,),
    ),
    Steering(
        part="hold",
        says="whether fire is held",
        names=("hold_fire",),
        acts=(ActKind.fire_held, ActKind.fire_released),
    ),
    Steering(part="retention", says="what the store may forget", names=("retention begun",), acts=(ActKind.retention_begun,)),
    Steering(
        part="who",
        says="whom open alerts are for, and at what level",
        acts=(ActKind.child_wiped,),
        columns=(*(alert.c[name] for name in _WHO), alert.c.level, alert.c.level_since),
        is_of_open=True,
    ),
    Steering(
        part="facts",
        says="what is known of open alerts",
        acts=(ActKind.child_wiped,),
        columns=(reading.c.measure, reading.c.due, reading.c.facts),
        is_of_open=True,
    ),
    Steering(part="readings", says="how many rows tables had", columns=tuple(table_reading.c)),
    Steering(part="rules", says="which versions of rules were asked", columns=tuple(rule_version.c)),
    Steering(part="files", says="the files of rules that were asked", columns=tuple(rule_file.c)),
    Steering(
        part="erased",
        says="the number of rows whose words were erased",
        acts=(ActKind.child_wiped,),
        counted=sa.and_(sealed_row.c.contents.is_not(None), sealed_row.c.contents_salt.is_(None)),
    ),
    Steering(part="found", says="what was found changed by hand", names=(_FOUND,)),
)


def sealed_rows(connection: sa.Connection, last: Any) -> Iterator[dict[str, Any]]:
    """Yield the digest of all that steers, as the rows of a seal that follows the last one."""
    remembered_now = _remembered(connection)
    for one in STEERING:
        salt = secrets.token_hex(8)
        yield {
            "table_name": _TABLE,
            "row_id": last.id if last else 0,
            "part": one.part,
            "salt": salt,
            "facts": _digest(salt, _rows(connection, one, remembered_now)),
            "contents_salt": None,
            "contents": None,
        }


def changed_by_hand(connection: sa.Connection) -> tuple[Steering, ...]:
    """Return what is not as the last seal has it though nobody's act changed it.

    While a run has decided and is not sealed, nothing can be said: it has rewritten all that the last seal is over.
    """
    last = connection.execute(sa.select(seal).order_by(seal.c.id.desc()).limit(1)).first()
    if last is None:
        return ()
    mine = sa.select(sealed_row.c.part, sealed_row.c.salt, sealed_row.c.facts)
    was = {
        row.part: row
        for row in connection.execute(mine.where(sealed_row.c.seal_id == last.id, sealed_row.c.table_name == _TABLE))
    }
    if not was:
        return ()
    if _is_unsealed(connection, last):
        return ()
    now, sealed = _remembered(connection), [one for one in STEERING if one.part in was]
    differ = [one for one in sealed if _digest(was[one.part].salt, _rows(connection, one, now, last)) != was[one.part].facts]
    if not differ:
        return ()
    since = sa.or_(act.c.id > last.reach.get("act", 0), act.c.at > last.at)
    done = set(connection.execute(sa.select(act.c.kind).where(since).distinct()).scalars())
    return tuple(one for one in differ if not done.intersection(one.acts))


def was_sealed(connection: sa.Connection, one: Steering) -> bool:
    """Return whether the last seal is over something of this, and not over its absence."""
    last = sa.select(sa.func.max(seal.c.id)).scalar_subquery()
    query = sa.select(sealed_row.c.salt, sealed_row.c.facts).where(
        sealed_row.c.seal_id == last, sealed_row.c.table_name == _TABLE, sealed_row.c.part == one.part
    )
    row = connection.execute(query).first()
    return row is not None and row.facts != _digest(row.salt, [])


def keep_found(connection: sa.Connection, now: datetime) -> None:
    """Keep what was changed by hand since the last seal, before a run rewrites it."""
    changed = changed_by_hand(connection)
    if changed:
        before = remembered(connection, _FOUND)
        known = before if isinstance(before, list) else []
        remember(connection, _FOUND, [*known, *([one.part, now.date().isoformat()] for one in changed)], now)


def found_before(connection: sa.Connection) -> Iterator[str]:
    """Yield what runs have found changed by hand, a sentence each."""
    says = {one.part: one.says for one in STEERING}
    found = remembered(connection, _FOUND)
    for each in found if isinstance(found, list) else ():
        part, on = each if isinstance(each, list) and len(each) == 2 else ("", "")
        yield f"{says.get(part, 'something that steers who is told')} was changed by hand before the run of {on}"


def _is_unsealed(connection: sa.Connection, last: Any) -> bool:
    """Return whether a run has decided since the last seal, or while it was made, and has no seal."""
    later = sa.or_(run.c.id > (last.run_id or 0), run.c.finished_at.is_(None), run.c.finished_at > last.at)
    query = sa.select(run.c.id).where(
        later,
        sa.exists().where(table_reading.c.run_id == run.c.id),
        ~sa.exists().where(seal.c.run_id == run.c.id),
    )
    return connection.execute(query.limit(1)).first() is not None


def _remembered(connection: sa.Connection) -> Mapping[str, Any]:
    # As text: what is no JSON any more is a change as well.
    return {row[0]: row[1] for row in connection.execute(sa.select(state.c.name, sa.cast(state.c.value, sa.Text)))}


def _rows(connection: sa.Connection, one: Steering, now: Mapping[str, Any], last: Any = None) -> list[Any]:
    """Return what is sealed of something that steers, as it stands. last: the seal that it is compared with."""
    if one.counted is not None:
        return [connection.execute(sa.select(sa.func.count()).select_from(sealed_row).where(one.counted)).scalar_one()]
    if not one.columns:
        return sorted((name, value) for name, value in now.items() if one.has(name))
    # As it is kept: what is no date any more is a change as well.
    query = sa.select(*(sa.type_coerce(column, sa.types.NullType()) for column in one.columns))
    table = one.columns[0].table
    if one.is_of_open:
        whole = alert if table is alert else alert.join(reading, reading.c.alert_id == alert.c.id)
        query = query.add_columns(alert.c.id).select_from(whole).where(_was_open(last)).order_by(alert.c.id)
    else:
        query = query.order_by(*table.primary_key)
    return [list(row) for row in connection.execute(query)]


def _was_open(last: Any) -> sa.ColumnElement[bool]:
    """Return, in SQL, whether an alert was open at the last seal: it is still, or what ended it is not sealed."""
    is_open = alert.c.resolved_on.is_(None)
    if last is None:
        return is_open
    since = sa.exists().where(transition.c.alert_id == alert.c.id, transition.c.id > last.reach.get("transition", 0))
    return sa.or_(is_open, since)


def _digest(salt: str, rows: list[Any]) -> str:
    return hashlib.blake2b(json.dumps([salt, rows], default=str).encode(), digest_size=20).hexdigest()
