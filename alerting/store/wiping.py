"""What is kept about a child is wiped: content goes, and that it was there, who was told and what was done stays, and is proved.

It is erased by the same functions by which the store forgets what is old. An alert that is open ends; of what nothing but a
reference is left no run finds anything to go on with, so that nothing old comes back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from alerting.alerts import lifecycle
from alerting.alerts.acts import ActKind, Approval
from alerting.errors import HandlingError, StoreError
from alerting.formatting import day as in_words
from alerting.formatting import plural
from alerting.model import Reason
from alerting.store import act_json, acts, child_rows, newest_directory, restricted_lists, retention, seals, unreadable_rows
from alerting.store.batches import batches
from alerting.store.child_rows import ChildRows
from alerting.store.messages import content_json
from alerting.store.messages.send_hold import WAITING
from alerting.store.schema import (
    act,
    alert,
    brake,
    handling,
    occurrence,
    outbox,
    reading,
    routed,
    silence,
    source_release,
    told,
    transition,
)
from alerting.store.store import Store, Transaction, database_now

ABOUT = "a child"
"""What acts about a child are about: which one stands in what can be erased."""


@dataclass(frozen=True, kw_only=True)
class Wiped:
    """How much was wiped."""

    alerts: int
    #: Of these, how many were open, and have ended.
    ended: int
    messages: int
    acts: int
    set_aside: int


def wipe(store: Store, connection: Transaction, ids: frozenset[str], approval: Approval, today: date, now: datetime) -> Wiped:
    """Wipe what the store keeps about a child, in the caller's transaction. ids: all of the child's.

    Raises HandlingError while a run is at work, or a message in which the child is waits to be sent.
    """
    _refuse_while_at_work(connection)
    rows = child_rows.find(connection, ids)
    _refuse_while_waiting(connection, rows)
    ended = _end(store, connection, rows, approval, today, now)
    _erase_alerts(connection, rows)
    for table, mine in ((handling, rows.handling), (brake, rows.brakes), (source_release, rows.source_releases)):
        seals.erase(connection, table, mine)
    _erase_messages(connection, rows, today)
    acts_anew, contents_anew = _erase_acts(connection, rows)
    sealed = {"sealed": [*_erase_silences(connection, rows, approval, now), *acts_anew], "contents": contents_anew}
    unreadable_rows.let_go(connection, rows.set_aside)
    restricted_lists.take_off(connection, ids, now)
    newest_directory.take_off(connection, ids, now)
    retention.forget_sealed(connection, ids, now)
    _write_down(connection, rows, approval, sealed, now)
    return Wiped(
        alerts=len(rows.alerts), ended=ended, messages=len(rows.messages), acts=len(rows.acts), set_aside=len(rows.set_aside)
    )


def _refuse_while_at_work(connection: Transaction) -> None:
    """Raise HandlingError while a run is at work: it would write anew what it had read before."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("LOCK TABLE occurrence IN SHARE MODE"))
    at_work = (occurrence.c.state == "running", occurrence.c.lease_until >= database_now(connection))
    if connection.execute(sa.select(occurrence.c.job).where(*at_work)).first() is not None:
        raise HandlingError("a run is at work", remedy="Approve it when the run has ended.")


def _refuse_while_waiting(connection: Transaction, rows: ChildRows) -> None:
    waits = 0
    for some in batches(rows.messages):
        mine = sa.select(outbox.c.content).where(outbox.c.id.in_(some), outbox.c.state.in_(WAITING))
        waits += sum(
            bool(content_json.items_in(text)) or child_rows.is_named(text, rows) for text in connection.execute(mine).scalars()
        )
    if waits:
        raise HandlingError(
            f"{plural(waits, 'message')} in which the child is {'waits' if waits == 1 else 'wait'} to be sent",
            remedy="Let them go out with `alerting deliveries send`, or wait until they have run out; then approve it.",
        )


def _end(store: Store, connection: Transaction, rows: ChildRows, approval: Approval, today: date, now: datetime) -> int:
    """End the open alerts about a child, in the name of who asked, and return how many there were."""
    found = [
        one
        for some in batches(sorted(rows.alerts))
        for one in store.alerts(alert.c.id.in_(some), alert.c.resolved_on.is_(None), within=connection)
    ]
    ended = [lifecycle.resolve(one, Reason.wiped, today, by=approval.request.by.id) for one in found]
    store.write(connection, ended, today, now)
    return len(ended)


def _erase_alerts(connection: Transaction, rows: ChildRows) -> None:
    """Leave of alerts their references, rules, levels and days, and who answered for them."""
    retention.empty_facts(connection, sorted(rows.alerts))
    for some in batches(sorted(rows.alerts)):
        mine = alert.c.id.in_(some)
        nobody = {"person": None, "member": None, "held_detail": None, "resolved_detail": None}
        connection.execute(alert.update().where(mine).values(nobody | {"subject": sa.literal("wiped ").concat(alert.c.ref)}))
        connection.execute(reading.update().where(reading.c.alert_id.in_(some)).values(measure=None, due=None))
        connection.execute(routed.update().where(routed.c.alert_id.in_(some)).values(detail=None))
        # Nobody is told that it ended: what there is to tell is gone.
        connection.execute(told.delete().where(told.c.alert_id.in_(some)))
        changes = connection.execute(sa.select(transition.c.id).where(transition.c.alert_id.in_(some))).scalars().all()
        seals.erase(connection, transition, changes)
    retention.empty_facts(connection, rows.mentioned_in)


def _erase_messages(connection: Transaction, rows: ChildRows, today: date) -> None:
    """Empty the messages that told of the child; whatever else names the child goes whole."""
    said = f"What this said was taken out on {in_words(today)}, as what was kept about a child in it was wiped."
    for some in batches(rows.messages):
        retention.empty_messages(connection, some, said)
        left = connection.execute(sa.select(outbox.c.id, outbox.c.content).where(outbox.c.id.in_(some))).all()
        seals.erase(connection, outbox, [row.id for row in left if child_rows.is_named(row.content, rows)])


def _erase_silences(connection: Transaction, rows: ChildRows, approval: Approval, now: datetime) -> list[list[Any]]:
    """Take the child out of what silences are about, and return how the rows are sealed from now on.

    A silence of this child alone is about nothing any more, and ends.
    """
    by = approval.request.by.id
    for row in connection.execute(sa.select(silence).where(silence.c.id.in_(rows.silences))).all():
        matcher = _without(row.matcher, rows.ids | rows.names)
        connection.execute(silence.update().where(silence.c.id == row.id).values(matcher=matcher))
        if not matcher:
            mine = (silence.c.id == row.id, silence.c.ended_at.is_(None))
            connection.execute(silence.update().where(*mine).values(ended_at=now, ended_by=by))
    seals.erase(connection, silence, rows.silences)
    return seals.seal_anew(connection, silence, rows.silences)


def _without(matcher: Mapping[str, Sequence[str]], ids: Collection[str]) -> dict[str, list[str]]:
    # A worker may have the same number as a child.
    left = {
        key: [value for value in values if key not in ("child", "subject") or value not in ids] for key, values in matcher.items()
    }
    return left if all(left.values()) else {}


def _erase_acts(connection: Transaction, rows: ChildRows) -> tuple[list[list[Any]], list[list[Any]]]:
    """Erase what was said beside acts, and return how those are sealed from now on that named the child in what they were about.

    Of what is about several children the others stay: with it is returned how what is left of such acts is sealed.
    """
    left = {
        row.id: (
            act_json.without(row.wanted, lambda text: child_rows.is_named(text, rows)),
            row.note if row.kind == ActKind.list_saved else "",
        )
        for some in batches(rows.acts)
        for row in connection.execute(sa.select(act.c.id, act.c.kind, act.c.wanted, act.c.note).where(act.c.id.in_(some)))
        if row.wanted
    }
    seals.erase(connection, act, rows.acts)
    for number, (wanted, note) in left.items():
        if wanted is not None:
            connection.execute(act.update().where(act.c.id == number).values(wanted=wanted, note=note))
    named = [
        row.id
        for some in batches(rows.acts)
        for row in connection.execute(sa.select(act.c.id, act.c.about).where(act.c.id.in_(some)))
        if child_rows.is_named(row.about, rows)
    ]
    connection.execute(act.update().where(act.c.id.in_(named)).values(about=ABOUT))
    return seals.seal_anew(connection, act, named), seals.seal_contents_anew(connection, act, left)


def _write_down(connection: Transaction, rows: ChildRows, approval: Approval, sealed: Mapping[str, Any], now: datetime) -> None:
    """Keep who wiped it, who approved that, when and why: with each alert, and once."""
    request, kind = approval.request, ActKind.child_wiped
    number = acts.keep(connection, request.by, kind, ABOUT, now, note=request.note, wanted=sealed, answers=request.id)
    values = {"kind": kind.value, "by": request.by.id, "approved_by": approval.by.id, "note": "", "at": now, "act_id": number}
    levels = dict[int, int]()
    for some in batches(sorted(rows.alerts)):
        found = connection.execute(sa.select(alert.c.id, alert.c.level).where(alert.c.id.in_(some)))
        levels.update((row.id, row.level) for row in found)
    if levels:
        connection.execute(handling.insert(), [values | {"alert_id": id_, "level": level} for id_, level in levels.items()])


def overwrite(store: Store) -> bool:
    """Overwrite what the database's own files still have of what was erased; return whether all of it is.

    It is not where another process reads the store all the while. What PostgreSQL's server keeps beside its tables is the server's.
    Raises StoreError where the file cannot be written anew for another reason, such as a full disk.
    """
    if store.engine.dialect.name != "sqlite":
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("VACUUM"))
        return True
    # SQLAlchemy begins a transaction of its own, and within one nothing is made anew.
    with closing(store.engine.raw_connection()) as raw:
        cursor = raw.cursor()
        try:
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                return False
            raise StoreError(
                f"the file of the store could not be written anew, and may still have what was wiped: {error}",
                remedy="It takes as much space again as the file has. See to that, then wipe the child once more.",
            ) from None
        [(busy, *_)] = cursor.fetchall()
        return bool(busy == 0)
