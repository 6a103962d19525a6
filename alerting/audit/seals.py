"""The chain of seals followed from its first link to its last: what was changed, taken away, put in or moved by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from alerting.alerts.acts import ActKind
from alerting.formatting import plural
from alerting.model import DeliveryReason
from alerting.store import acts, schema, steering
from alerting.store.messages import circuit_breaker
from alerting.store.schema import (
    act,
    bad_address,
    brake,
    handling,
    outbox,
    seal,
    sealed_row,
    silence,
    source_release,
    state,
    transition,
)
from alerting.store.seals import NO_SALT, PARTS, Part, head_of, is_blank, of_columns, said_of

_RELEASES = (ActKind.brake_released, ActKind.table_released, ActKind.list_released)


@dataclass(frozen=True, kw_only=True)
class SealCheck:
    """What the chain of seals shows."""

    seals: int
    rows: int
    #: Rows whose contents were erased, as the seals allow.
    erased: int
    #: The last head; None where nothing is sealed yet.
    head: str | None
    #: What was done by hand, a sentence each, without a word of a case.
    breaks: tuple[str, ...]


def check_seals(connection: sa.Connection, heads: Collection[str] = ()) -> SealCheck:
    """Return what the seals show. heads: that somebody has from outside the store, whole or how each begins."""
    links = connection.execute(sa.select(seal).order_by(seal.c.id)).all()
    rows = connection.execute(sa.select(sealed_row).order_by(sealed_row.c.seal_id, sealed_row.c.place)).all()
    breaks = [*_check_chain(links, rows), *_check_heads(links, heads)]
    by_part: dict[tuple[str, str], dict[int, Any]] = defaultdict(dict)
    for row in rows:
        by_part[row.table_name, row.part][row.row_id] = row
    anew = _read_sealed_anew(connection)
    for part in PARTS:
        breaks += _check_part(connection, part, by_part[part.table.name, part.name], links, anew)
    if links:
        breaks += _check_runs(connection, links)
        for table in (transition, brake):
            breaks += _check_added(connection, table, links, by_part[table.name, "made"])
    breaks += [*_check_links(connection, links, by_part[act.name, "made"], anew), *_check_acted(connection, links, by_part)]
    breaks += _check_refusals(connection) if links else []
    breaks += steering.found_before(connection)
    breaks += [f"{one.says} was changed by hand" for one in steering.changed_by_hand(connection)]
    return SealCheck(
        seals=len(links),
        rows=len(rows),
        erased=sum(row.contents is not None and row.contents_salt is None for row in rows),
        head=links[-1].head if links else None,
        breaks=tuple(breaks),
    )


def _check_chain(links: Sequence[Any], rows: Sequence[Any]) -> Iterator[str]:
    sealed: dict[int, list[str]] = defaultdict(list)
    reaches: dict[int, dict[str, int]] = defaultdict(dict)
    for row in rows:
        sealed[row.seal_id].append(said_of(row.table_name, row.row_id, row.part, row.facts, row.contents))
        if row.table_name != state.name:
            mine = reaches[row.seal_id]
            mine[row.table_name] = max(mine.get(row.table_name, 0), row.row_id)
    previous, reach = "", dict[str, int]()
    for link in links:
        for table, last in reaches[link.id].items():
            reach[table] = max(reach.get(table, 0), last)
        if link.reach != reach:
            yield f"how far seal {link.id} reaches was changed"
        if link.previous != previous:
            yield f"seal {link.id} does not follow from the one before it: seals were taken away or put in"
        if head_of(link.previous, link.run_id, link.at, sealed.pop(link.id, [])) != link.head:
            yield f"seal {link.id} does not fit what it seals"
        previous = link.head
    for number in sorted(sealed):
        yield f"seal {number} is not there, and rows are sealed by it"


def _check_heads(links: Sequence[Any], heads: Collection[str]) -> Iterator[str]:
    for head in heads:
        wanted = head.strip().lower()
        if not any(wanted and link.head.startswith(wanted) for link in links):
            yield f"the head {wanted[:12]} is none of this store's: it is another store, an older one, or was written anew"


_Anew = Mapping[tuple[str, int], tuple[str, str]]
"""By table and number, the salt and the digest by which a row is proved that was changed on purpose."""


def _read_sealed_anew(connection: sa.Connection) -> _Anew:
    """Return how the rows are sealed from which a child was taken out, by the acts that did so; the last counts."""
    kept = connection.execute(sa.select(act.c.wanted).where(act.c.kind == ActKind.child_wiped.value).order_by(act.c.id)).scalars()
    rows = [row for wanted in kept if isinstance(wanted, dict) for row in wanted.get("sealed", ())]
    return {(table, id_): (salt, facts) for table, id_, salt, facts in rows}


def _read_contents_anew(connection: sa.Connection) -> Mapping[int, tuple[str, str]]:
    """Return, by number, the salt and the digest by which what is left of an act is proved from which a child was taken out; the last counts."""
    kept = connection.execute(sa.select(act.c.wanted).where(act.c.kind == ActKind.child_wiped.value).order_by(act.c.id)).scalars()
    rows = [row for wanted in kept if isinstance(wanted, dict) for row in wanted.get("contents", ())]
    return {id_: (salt, contents) for id_, salt, contents in rows}


def _check_part(
    connection: sa.Connection, part: Part, sealed: Mapping[int, Any], links: Sequence[Any], anew: _Anew
) -> Iterator[str]:
    column, name = part.table.c, part.table.name.replace("_", " ")
    left = _read_contents_anew(connection) if part.table is act else {}
    states = [column.state] if part.state is not None else []
    columns = {each.name: each for each in [*(column[each] for each in (*part.facts, *part.contents)), *states]}
    found = {row.id: row for row in connection.execute(sa.select(*columns.values()))}
    for id_, was in sealed.items():
        row = found.get(id_)
        if row is None:
            yield f"{name} {id_} was taken away"
        elif not _has_its_facts(row, part, was, anew):
            yield f"{name} {id_} was changed ({part.name})"
        elif was.contents is not None and not _is_as_sealed(row, part, was, left):
            yield f"the words of {name} {id_} were changed"
    if part.since is None and links:
        until = _sealed_until(connection, links).get(part.table.name, 0)
        for id_ in sorted(found.keys() - sealed.keys()):
            if id_ <= until:
                yield f"{name} {id_} was put in"
    elif part.since is not None and part.state is None and links:
        yield from _check_ended(connection, part, sealed, links)


def _has_its_facts(row: Any, part: Part, was: Any, anew: _Anew) -> bool:
    salt, facts = anew.get((part.table.name, row.id), (NO_SALT, "")) if was.salt == NO_SALT else (was.salt, was.facts)
    return of_columns(row, part.facts, salt) == facts


def _is_as_sealed(row: Any, part: Part, was: Any, left: Mapping[int, tuple[str, str]]) -> bool:
    if was.contents_salt is None and row.id in left:
        salt, contents = left[row.id]
        return of_columns(row, part.contents, salt) == contents
    if was.contents_salt is None:
        return is_blank(row, part)
    same: bool = of_columns(row, part.contents, was.contents_salt) == was.contents
    return same


def _sealed_until(connection: sa.Connection, links: Sequence[Any]) -> Mapping[str, int]:
    """Return up to which number all rows of each table were sealed. Where several write at once, those of the last seal may not be."""
    if connection.dialect.name == "sqlite":
        return dict(links[-1].reach)
    return dict(links[-2].reach) if len(links) > 1 else {}


def _check_ended(connection: sa.Connection, part: Part, sealed: Mapping[int, Any], links: Sequence[Any]) -> Iterator[str]:
    """Find what was ended before the last seal, by its own word, and is not in it."""
    column = part.table.c
    known = links if connection.dialect.name == "sqlite" else links[:-1]
    if not known:
        return
    ended = sa.select(column.id).where(column[part.since or ""] < known[-1].at)
    for id_ in connection.execute(ended.order_by(column.id)).scalars():
        if id_ not in sealed:
            yield f"{part.table.name.replace('_', ' ')} {id_} was ended by hand"


def _check_runs(connection: sa.Connection, links: Sequence[Any]) -> Iterator[str]:
    run, sealed = schema.run.c, {link.run_id for link in links}
    done = sa.select(run.id).where(run.id > min(id_ or 0 for id_ in sealed), run.status.in_(schema.DONE))
    for id_ in connection.execute(done.order_by(run.id)).scalars():
        if id_ not in sealed:
            yield f"run {id_} has no seal: it was taken away, or the run was put in"
    there = set(connection.execute(sa.select(run.id)).scalars())
    yield from (f"run {id_} was taken away, and its seal is there" for id_ in sorted(sealed - there - {None}))


def _check_added(connection: sa.Connection, table: sa.Table, links: Sequence[Any], sealed: Mapping[int, Any]) -> Iterator[str]:
    """Find changes of alerts, or brakes, that were put in after the run that is said to have made them was sealed."""
    first = {link.run_id: link.id for link in reversed(links) if link.run_id is not None}
    query = sa.select(table.c.id, table.c.run_id).where(table.c.run_id.in_(sorted(first)))
    for row in connection.execute(query.order_by(table.c.id)):
        if row.id not in sealed or sealed[row.id].seal_id > first[row.run_id]:
            yield f"{table.name} {row.id} was put in after run {row.run_id} had ended"


def _check_links(connection: sa.Connection, links: Sequence[Any], sealed: Mapping[int, Any], anew: _Anew) -> Iterator[str]:
    """Find acts that do not follow from the one before: those were put in, taken away or changed."""
    before = ""
    for row in connection.execute(sa.select(act).order_by(act.c.id)):
        if row.link is None:
            # Acts of before there were links are in the first seal.
            if before or (links and (row.id not in sealed or sealed[row.id].seal_id != links[0].id)):
                yield f"act {row.id} was put in"
            continue
        if row.link != acts.link_of(before, row) and not _is_sealed_anew(row, anew):
            yield f"act {row.id} does not follow from the one before it: it, or that one, was put in, taken away or changed"
        before = row.link


def _is_sealed_anew(row: Any, anew: _Anew) -> bool:
    """Return whether an act is as it was left when a child was taken out of what it is about: its link is of before that."""
    salt, facts = anew.get((act.name, row.id), (NO_SALT, ""))
    [part] = [part for part in PARTS if part.table is act]
    return bool(salt) and of_columns(row, part.facts, salt) == facts


def _check_acted(
    connection: sa.Connection, links: Sequence[Any], by_part: Mapping[tuple[str, str], Mapping[int, Any]]
) -> Iterator[str]:
    """Find what was done to alerts, silenced, closed or released without anybody's act."""
    known = {row.id: row for row in connection.execute(sa.select(act).where(act.c.link.is_not(None)))}
    begun = min((row.at for row in known.values()), default=None)

    def needs_act(part: str, row: Any, at: datetime) -> bool:
        """Whether it is no older than acts are: what was there before was sealed first of all."""
        was = by_part[table.name, part].get(row.id)
        return (begun is not None and at >= begun) or (bool(links) and (was is None or was.seal_id != links[0].id))

    for table in (handling, silence):
        for row in connection.execute(sa.select(table).order_by(table.c.id)):
            made_by = known.get(row.act_id)
            kind = row.kind if table is handling else ActKind.silence
            if needs_act("made", row, row.at) and (made_by is None or (made_by.by, made_by.kind) != (row.by, kind)):
                yield f"{table.name} {row.id} was put in: nobody's act made it"
    closed = {(row.by, row.about) for row in known.values() if row.kind == ActKind.close}
    wiped = connection.execute(sa.select(handling.c.by, handling.c.alert_id).where(handling.c.kind == ActKind.child_wiped.value))
    ended = {(row.by, row.alert_id) for row in wiped}
    table = transition
    by_hand = sa.select(*transition.c, schema.alert.c.ref).join(schema.alert, schema.alert.c.id == transition.c.alert_id)
    for row in connection.execute(by_hand.where(transition.c.run_id.is_(None)).order_by(transition.c.id)):
        done = (row.by, row.ref) in closed or (row.by, row.alert_id) in ended
        if needs_act("made", row, row.at) and not done:
            yield f"transition {row.id} was put in: nobody's act made it"
    released = {(row.by, row.about, row.at) for row in known.values() if row.kind in _RELEASES}
    table = source_release
    for row in connection.execute(sa.select(table).order_by(table.c.id)):
        if needs_act("made", row, row.at) and (row.by, row.table_name, row.at) not in released:
            yield f"source release {row.id} was put in: nobody's act made it"
    table = brake
    for row in connection.execute(sa.select(table).where(table.c.released_at.is_not(None)).order_by(table.c.id)):
        if needs_act("ended", row, row.released_at) and (row.released_by, row.rule, row.released_at) not in released:
            yield f"brake {row.id} was released by hand: nobody's act released it"


def _check_refusals(connection: sa.Connection) -> Iterator[str]:
    """Find addresses that count as refused though no message to them was."""
    place = sa.func.coalesce(outbox.c.address, outbox.c.recipient)
    query = sa.select(outbox.c.receiver, place).where(
        sa.or_(outbox.c.state == "failed", outbox.c.reason == DeliveryReason.bounced)
    )
    refused = {(row[0], circuit_breaker.as_compared(row[1])) for row in connection.execute(query.distinct())}
    rows = connection.execute(sa.select(bad_address.c.receiver, bad_address.c.address, bad_address.c.since)).all()
    for row in sorted(rows, key=lambda row: row.since):
        if (row.receiver, row.address) not in refused:
            yield f"an address of receiver {row.receiver} counts as refused since {row.since:%Y-%m-%d}, and no message to it was: it was put in or changed"


def in_words(check: SealCheck) -> str:
    """Return what the seals show, in one sentence."""
    if check.head is None:
        return "Nothing is sealed yet: the next run seals what there is."
    erased = f", {check.erased} of them erased since" if check.erased else ""
    return f"{plural(check.seals, 'seal')} over {plural(check.rows, 'row')}{erased}; the last head is {check.head}."
