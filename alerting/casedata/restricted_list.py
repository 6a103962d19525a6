"""The list of restricted records as a day goes by it: whose they are, who may know of them, and whether it can be believed.

Half of this list is a disclosure, so it is judged by itself and whatever its size. An id that is nobody's is compared once more
without leading zeros and a final `.0`, and then without all that a spreadsheet adds to a number: see `undressed`. Whoever was taken off the list stays restricted
until somebody releases that; a list that looks damaged is no list until two people release it.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from alerting.casedata import person_merges
from alerting.casedata.codes import norm
from alerting.casedata.conversion import but_for_zeros
from alerting.formatting import plural
from alerting.model import Worded

if TYPE_CHECKING:
    from alerting.casedata.snapshot import Snapshot

RESTRICTED = "ext_restricted"
_LIMITED = "limited"


class ListDoubt(Worded):
    """Why a list of restricted records is not believed, though it could be read."""

    #: What has caused it most likely.
    likely: str

    def __init__(self, _value: str, _words: str = "", likely: str = "") -> None:
        self.likely = likely

    not_supplied = (
        "not_supplied",
        "is not supplied any more; when last trusted it had {detail}",
        "an export that did not run, or that leaves it out",
    )
    no_id = "no_id", "has {detail} without an id", "a spreadsheet that left lines blank, or a line that was cut off"
    matches_nobody = (
        "matches_nobody",
        "names {detail} that match nobody in ssd_person",
        "ids that a spreadsheet changed, columns that moved, or ids of another system",
    )
    half_gone = "half_gone", "has {detail}", "an export that broke off or was filtered"
    last_lost = (
        "last_lost",
        "cannot be compared with the one that was last trusted{detail}",
        "a row of the store that was deleted or changed by hand",
    )


@dataclass(frozen=True, kw_only=True)
class RestrictedPerson:
    """One row of the list: one person, and who may know of them."""

    #: Every id that the row's person has: as it was written, as ssd_person has it, and those of merged records.
    ids: tuple[str, ...]
    level: str | None
    allowed: tuple[str, ...] = ()

    @property
    def is_sealed(self) -> bool:
        """Whether nobody is told of them at all: a level that is not `limited`, blank included; a slip must not open a record."""
        return norm(self.level) != _LIMITED


@dataclass(frozen=True, kw_only=True)
class TrustedList:
    """The list as it was when last trusted."""

    #: As delivered, repeats included.
    rows: int
    listed: tuple[RestrictedPerson, ...] = ()
    #: Who was taken off it and stays restricted as before, until somebody releases it.
    removed: tuple[RestrictedPerson, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RestrictedList:
    """The list of one day, beside the one that was trusted last."""

    #: As delivered; None where it was not supplied.
    rows: int | None = None
    listed: tuple[RestrictedPerson, ...] = ()
    #: Who was on the last trusted list and is not on today's.
    removed: tuple[RestrictedPerson, ...] = ()
    #: The list when it was last trusted; None where it never was.
    last: TrustedList | None = None
    #: Whom that list restricted, by every id that they have today.
    before: tuple[RestrictedPerson, ...] = ()
    #: Whether the last trusted list is not known any more, though there was one.
    lost: bool = False
    #: Why it is not believed, each with what it is about.
    doubts: Mapping[ListDoubt, str] = field(default_factory=dict)
    #: A mark of the very set of ids, by which a release of a doubted list is known.
    mark: str = ""
    #: Whether two people found the doubted list to be right, with these very ids.
    released: bool = False
    #: How many different ids it has.
    ids: int = 0
    #: Those of them that match nobody.
    unmatched: frozenset[str] = frozenset()

    @property
    def says(self) -> str:
        """What is doubted of it, in words."""
        return "; ".join(doubt.say(detail) for doubt, detail in self.doubts.items())

    @property
    def likely(self) -> str:
        """What has caused its doubts most likely, in words."""
        return ", or ".join(doubt.likely for doubt in self.doubts)

    @property
    def taken_off(self) -> int:
        """How many people were taken off it."""
        return len({person.ids for person in self.removed})

    @property
    def stands(self) -> bool:
        """Whether there is a list: today's, or the last trusted one, for which two people stand in while none is supplied."""
        return self.rows is not None or (self.released and self.last is not None)

    @property
    def kept(self) -> TrustedList | None:
        """The list that later days are compared with, where this one is trusted."""
        if self.rows is None:
            return self.last
        return TrustedList(rows=self.rows, listed=self.listed, removed=self.removed)

    def in_force(self, *, doubted: bool) -> tuple[RestrictedPerson, ...]:
        """Return who is restricted: who is on the list or was taken off it; while it is doubted, whoever was on the last one too."""
        return (*self.listed, *(self.before if doubted or self.rows is None else self.removed))


def read_list(
    snapshot: Snapshot, last: TrustedList | None, rows_before: int | None, released: str | None, *, lost: bool = False
) -> RestrictedList:
    """Read the list of a day and compare it with the last trusted one.

    rows_before: of the last trusted list, where nothing else of it is known. released: the mark of the list that was released.
    lost: whether there was a last trusted list, and it is gone or was changed by hand: half of it would let out the other half.
    """
    reading = snapshot.readings[RESTRICTED]
    rows = snapshot.sql(f"SELECT person_id, level, allowed_recipients FROM {RESTRICTED} ORDER BY ALL")
    ids = {row[0] for row in rows if row[0]}
    known = _Known(snapshot, ids.union(*(person.ids for person in _people(last))))
    before = tuple(replace(person, ids=known.every_id(person.ids)) for person in _people(last))
    if reading.problem:
        return RestrictedList(last=last, before=before, lost=lost)
    if reading.rows is None:
        return _not_supplied(RestrictedList(last=last, before=before, lost=lost), rows_before, released)
    listed = tuple(
        RestrictedPerson(ids=known.every_id([person]), level=level, allowed=allowed_workers(allowed))
        for person, level, allowed in rows
        if person
    )
    no_id, unmatched = sum(not row[0] for row in rows) + reading.left_out, known.unmatched(ids)
    mark = _mark("listed", str(no_id), *ids)
    doubts = _doubts(no_id, [row[0] for row in rows if row[0]], unmatched, reading.rows, last.rows if last else rows_before)
    return RestrictedList(
        rows=reading.rows,
        listed=listed,
        removed=_removed(before, {id_ for person in listed for id_ in person.ids}, known),
        last=last,
        before=before,
        lost=lost,
        doubts={**doubts, **_LOST} if lost else doubts,
        mark=mark,
        released=released == mark,
        ids=len(ids),
        unmatched=unmatched,
    )


def put_in_force(snapshot: Snapshot, people: Iterable[RestrictedPerson]) -> None:
    """Let rules see as restricted whoever is, by every id that they have."""
    rows = [(id_, person.level, ";".join(person.allowed)) for person in people for id_ in person.ids]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], []]
    snapshot.sql(f"DELETE FROM {RESTRICTED}")
    snapshot.sql(
        f"INSERT INTO {RESTRICTED} (person_id, level, allowed_recipients) "
        "SELECT unnest($1::VARCHAR[]), unnest($2::VARCHAR[]), unnest($3::VARCHAR[])",
        columns,
    )


_LOST = {ListDoubt.last_lost: ""}


def _not_supplied(nothing: RestrictedList, rows_before: int | None, released: str | None) -> RestrictedList:
    """Return that there is no list today; where there was one, it is not forgotten."""
    rows = nothing.last.rows if nothing.last else rows_before
    if rows is None and not nothing.lost:
        return nothing
    mark = _mark("not supplied", *(id_ for person in _people(nothing.last) for id_ in person.ids))
    doubts = {ListDoubt.not_supplied: "an unknown number of rows" if rows is None else plural(rows, "row")}
    doubts, stands = {**doubts, **_LOST} if nothing.lost else doubts, nothing.last is not None and released == mark
    return replace(nothing, doubts=doubts, mark=mark, released=stands)


def _doubts(no_id: int, ids: list[str], unmatched: Set[str], rows: int, before: int | None) -> dict[ListDoubt, str]:
    found = {}
    if no_id:
        found[ListDoubt.no_id] = plural(no_id, "row")
    # A spreadsheet that makes one id of many leaves few that are different.
    for each in (ids, set(ids)):
        count = sum(id_ in unmatched for id_ in each)
        if 2 * count > len(each):
            found.setdefault(ListDoubt.matches_nobody, f"{count} of {plural(len(each), 'id')}")
    if before is not None and 2 * rows < before:
        found[ListDoubt.half_gone] = f"{plural(rows, 'row')}, fewer than half of the {before} it had when last trusted"
    return found


def _removed(before: Iterable[RestrictedPerson], listed: Set[str], known: _Known) -> tuple[RestrictedPerson, ...]:
    """Return who was restricted before and is not on the list, by those of their ids of which that is so."""
    gone = ((person, tuple(id_ for id_ in person.ids if not listed & {id_, *known.ids_of(id_)})) for person in before)
    return tuple(dict.fromkeys(replace(person, ids=ids) for person, ids in gone if ids))


class _Known:
    """Who has which id, of the ids that are asked for.

    A restriction goes on with a record that was merged, whatever is wrong with what `ext_merged` says: into two ends or round in a
    ring, everybody who may be meant is confined, and an id in it is compared without its zeros as one of the list is.
    """

    def __init__(self, snapshot: Snapshot, ids: Set[str]) -> None:
        merges = person_merges.read(snapshot)
        everybody = {*ids, *(id_ for pair in merges.pairs for id_ in pair)}
        self._snapshot = snapshot
        #: Without ids to compare with, nobody can be said to match nobody.
        self._can_match = bool(snapshot.sql("SELECT 1 FROM ssd_person WHERE pers_person_id IS NOT NULL LIMIT 1"))
        people = self._in_person(sorted(everybody))
        alike = self._but_for_zeros(sorted(everybody - people), sorted(everybody))
        alike += self._undressed(sorted(ids - people - {one for one, _ in alike}), everybody)
        self._matched = {*people, *merges.survivors, *(one for _, one in alike if one not in everybody)}
        self._same: defaultdict[str, set[str]] = defaultdict(set)
        for one, other in (*merges.pairs, *alike):
            self._same[one].add(other)
            self._same[other].add(one)

    def ids_of(self, id_: str) -> Set[str]:
        """Return every id of the person whom an id names; of several whom it may name, those of all."""
        found, left = {id_}, [id_]
        while left:
            new = self._same.get(left.pop(), set()) - found
            found |= new
            left.extend(new)
        return found

    def every_id(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Return every id of the one person whom ids name."""
        return tuple(sorted({one for id_ in ids for one in self.ids_of(id_)}))

    def unmatched(self, ids: Set[str]) -> frozenset[str]:
        """Return the ids that match nobody."""
        return frozenset(id_ for id_ in ids if not self._matched & self.ids_of(id_)) if self._can_match else frozenset()

    def _in_person(self, ids: list[str]) -> set[str]:
        found = self._snapshot.sql(
            "SELECT DISTINCT pers_person_id FROM ssd_person WHERE pers_person_id IN (SELECT unnest($1::VARCHAR[]))", [ids]
        )
        return {id_ for (id_,) in found}

    def _but_for_zeros(self, nowhere: list[str], named: list[str]) -> list[tuple[str, str]]:
        """Return each id that is nobody's with each that is alike, of those in ssd_person and of all that are named."""
        if not nowhere:
            return []
        alike = f"{but_for_zeros('k.id')} = {but_for_zeros('n.id')} AND {but_for_zeros('n.id')} <> '' AND k.id <> n.id"
        return self._snapshot.sql(
            f"SELECT n.id, k.id FROM (SELECT unnest($1::VARCHAR[]) AS id) n JOIN (SELECT pers_person_id AS id FROM ssd_person "
            f"UNION SELECT unnest($2::VARCHAR[])) k ON {alike}",
            [nowhere, named],
        )

    def _undressed(self, nowhere: list[str], named: Set[str]) -> list[tuple[str, str]]:
        """Return each id that is nobody's still with those that are alike once both are undressed."""
        wanted: defaultdict[str, list[str]] = defaultdict(list)
        for id_ in nowhere:
            wanted[undressed(id_)].append(id_)
        wanted.pop("", None)
        if not wanted:
            return []
        plain = f"{but_for_zeros('pers_person_id')} IN (SELECT unnest($1::VARCHAR[]))"
        dressed = "NOT regexp_full_match(pers_person_id, '[0-9A-Za-z]*')"
        people = self._snapshot.sql(
            f"SELECT DISTINCT pers_person_id FROM ssd_person WHERE {plain} OR {dressed}", [sorted(wanted)]
        )
        others = {*named, *(id_ for (id_,) in people)}
        return [(one, other) for other in sorted(others) for one in wanted.get(undressed(other), ()) if one != other]


_POWER_OF_TEN = re.compile(r"\d(?:\.(\d+))?E\+?(\d{1,2})")
_QUOTES = "'\"`\u00b4\u2018\u2019\u201b\u2032"


def undressed(id_: str) -> str:
    """Return an id as a number was before a spreadsheet, or a page from which it was copied, dressed it up.

    Without quotes, spaces and invisible characters wherever they stand, commas between thousands, leading zeros and a final `.0`;
    with plain digits, and written out where it is by powers of ten and has lost no digit: 4.4E+03 may be anybody's.

    >>> [undressed(id_) for id_ in ("'0004367", "4,367", "4 367", "\uff14\uff13\uff16\uff17", "4.367E+03", "B12", "'", "1,2", "4.4E+03")]
    ['4367', '4367', '4367', '4367', '4367', 'B12', '', '1,2', '4.4E+03']
    """
    text = unicodedata.normalize("NFKC", id_)
    text = "".join(letter for letter in text if unicodedata.category(letter)[0] not in "CZ" and letter not in _QUOTES)
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.0)?", text):
        text = text.replace(",", "")
    power = _POWER_OF_TEN.fullmatch(text.upper())
    if power and len(power[1] or "") >= int(power[2]) and (number := Decimal(text)) == int(number):
        text = str(int(number))
    return text.removesuffix(".0").lstrip("0")


def _people(last: TrustedList | None) -> tuple[RestrictedPerson, ...]:
    return (*last.listed, *last.removed) if last else ()


def allowed_workers(cell: str | None) -> tuple[str, ...]:
    """Return the ids of staff that a cell of the list names, `;` between them."""
    return tuple(sorted({worker.strip() for worker in (cell or "").split(";") if worker.strip()}))


def _mark(kind: str, *ids: str) -> str:
    return hashlib.blake2b("\x1f".join([kind, *sorted(ids)]).encode(), digest_size=16).hexdigest()
