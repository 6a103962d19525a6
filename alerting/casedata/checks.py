"""What is wrong inside tables that were read: repeated keys, ids that are nowhere, columns that lost their values, unknown words.

Each is counted over whole tables, so that it costs a moment whatever their size; none of it names a person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from typing import TYPE_CHECKING

from alerting.casedata import column_checks, extension_checks, half_lost
from alerting.casedata.catalogue import KEYS, REFERENCES, TABLES, Reference, Settings
from alerting.casedata.conversion import quoted
from alerting.casedata.gaps import column_of, completeness, misled_by_gaps
from alerting.casedata.restricted_list import RESTRICTED

if TYPE_CHECKING:
    from alerting.casedata.snapshot import Snapshot, Wanted

Filled = dict[str, dict[str, tuple[int, int]]]
"""By table and column, how many cells are filled, of how many rows."""

REPEATED, NOWHERE, LOST, UNKNOWN_WORDS, STILL, OPEN, ALONE, NEITHER, OTHER_WORDS, NO_ROLE, TWO_WAYS = (
    "repeated", "nowhere", "lost", "unknown words", "stands still", "open", "without its companions", "neither", "other words", "no role", "two ways"
)  # fmt: skip

_UNLESS_SET = {
    "max_repeated": 0.05,
    "max_nowhere": 0.10,
    "max_lost": 0.25,
    "tell_lost": 0.10,
    "tell_lost_at_least": 10,
    "max_unknown_words": 0.50,
    "flaws_at_least": 50,
    **column_checks.UNLESS_SET,
}

_NEARLY_EVERY = 0.9
"""The share of rows that had a column of which none at all is lost, in a table of any size."""

_A_FEW = 4
"""How many managers, addresses or teams may be gone from one load to the next as a council changes: one who manages three teams leaves."""

[_WORKERS] = [one for one in REFERENCES if one.or_of == ("ext_staff", "worker_id") and not one.beside]
_MANAGERS = ("manager_id", "service_manager_id", "head_of_service_id")

_REMEDIES = {
    REPEATED: "Likely a load that ran twice, or an extract that joins one table too many: have it extracted again.",
    NOWHERE: (
        "Likely tables of two loads, or ids that are written otherwise in one of them (leading zeros, a final .0, the ids of another "
        "system): have both extracted together, and their ids alike."
    ),
    LOST: "Likely a column that was renamed or moved in the case system: have the extract read it from where it is now.",
    OPEN: (
        "Likely an extract that leaves ends out: have it read them from where they are recorded. Where so much is open, say so with "
        "`alerting source release`."
    ),
    **dict.fromkeys(
        (ALONE, NEITHER), "Likely values that were lost on their way: have the extract read them from where they are recorded."
    ),
    OTHER_WORDS: (
        "Likely words of a new list in the case system: have the extract write those that are read (a health assessment, a dental check; "
        "completed). Where they are other checks indeed, say so with `alerting source release`."
    ),
    NO_ROLE: "Have their roles written in ext_staff.role in the words that it may hold.",
    **column_checks.REMEDIES,
}
_EMPTIED = "Likely a column that was renamed, or lost where the table is made: have it filled again."
_NO_ADDRESSES = "Likely another column in its place, or one that was lost where the table is made: have each one's address written as name@council.gov.uk."
_OPEN_ALONE = " Where it holds only what is open, name the table in `open_only`."


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """One thing that is wrong with a table, with a column as `table.column`, or with how complete that is. size: the share that it is wrong of.

    grave: more of it is wrong than the council's settings allow.
    """

    about: str
    check: str
    size: float
    grave: bool
    says: str
    #: Whether it is told although it stops nothing.
    told: bool = False
    #: The newest day in a table that is kept by hand and stands still.
    still_since: date | None = None

    @property
    def remedy(self) -> str:
        """What has likely caused it and what to do, in sentences; nothing where `says` or the cells themselves tell."""
        if self.check == column_checks.NEVER and TABLES[self.about.partition(".")[0]].extension:
            return _EMPTIED + (_OPEN_ALONE if self.about.partition(".")[2] in extension_checks.ENDS else "")
        if self.check == column_checks.NEVER and column_of(self.about) != self.about:
            return _REMEDIES[column_checks.MISSING]  # it says nothing of what is over
        if self.about == ".".join(column_checks.ADDRESSES) and self.check == LOST:
            return _NO_ADDRESSES
        return _REMEDIES.get(self.check.partition(" ")[0] if self.check.startswith(NOWHERE) else self.check, "")


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was found in a run's tables."""

    flaws: tuple[Flaw, ...]
    filled: Filled


def flaws(snapshot: Snapshot, wanted: Wanted, before: Mapping[str, Mapping[str, tuple[int, int]]]) -> Found:
    """Look through the wanted columns of the tables that are there. before: what was filled when each was last trusted."""
    look = _Look(snapshot, wanted)
    filled = look.filled()
    found = [
        *look.repeated(),
        *look.nowhere(),
        *look.lost(filled, before),
        *look.unknown_words(filled),
        *look.columns(filled),
        *look.gaps(filled),
        *look.extensions(filled),
    ]
    return Found(flaws=tuple(sorted(_once(found), key=lambda flaw: (flaw.about, flaw.check))), filled=filled)


_OF_ONE_COLUMN = (column_checks.UNREADABLE, column_checks.NEVER, column_checks.MISSING, LOST, OPEN, ALONE)
"""Checks of what a column holds, the nearest to the cause first: what cannot be read is missing too, and was lost since."""


def _once(found: Sequence[Flaw]) -> Iterator[Flaw]:
    """Yield flaws, and of those of one column that are of one cause only the nearest to it.

    Of what stops nothing that is how many words are not known, or else how much more there was, which says how much there is too.
    """
    grave = {(flaw.about, flaw.check) for flaw in found if flaw.grave}
    lost = {flaw.about for flaw in found if flaw.check == LOST}
    in_words = {(flaw.about, flaw.size) for flaw in found if flaw.check == UNKNOWN_WORDS}
    for flaw in found:
        is_said = (flaw.about, flaw.size) in in_words or (flaw.about in lost and flaw.check != LOST)
        if flaw.check in (LOST, column_checks.MISSING) and not flaw.grave and is_said:
            continue
        nearer = _OF_ONE_COLUMN[: _OF_ONE_COLUMN.index(flaw.check)] if flaw.check in _OF_ONE_COLUMN else ()
        if not any((flaw.about, check) in grave for check in nearer):
            yield flaw


class _Look:
    def __init__(self, snapshot: Snapshot, wanted: Wanted) -> None:
        self._snapshot, self._wanted = snapshot, wanted
        self._there = [table for table in sorted(wanted) if snapshot.readings[table].rows]
        self._least = _number(snapshot.settings, "flaws_at_least")

    def filled(self) -> Filled:
        """Count the filled cells of each wanted column; of a flag, which is never empty once it is read, those that held anything.

        Of words of which a few are read, those that are one of these; of addresses, those that a mail can be sent to; of services, those that are ours.
        """
        filled: Filled = {}
        readings = {table: self._snapshot.readings[table] for table in self._there}
        there = {table: sorted(self._wanted[table].difference(reading.missing_columns)) for table, reading in readings.items()}
        columns = {
            table: [name for name in names if TABLES[table].columns[name].kind != "flag"] for table, names in there.items()
        }
        listed = ("".join(f", {_count(table, name)}" for name in names) for table, names in columns.items())
        counted = self._snapshot.each(
            [f"SELECT count(*){counts} FROM {table}" for table, counts in zip(columns, listed, strict=True)]
        )
        for (table, names), [(rows, *counts)] in zip(columns.items(), counted, strict=True):
            filled[table] = {name: (readings[table].cells_there.get(name, 0), rows) for name in there[table] if name not in names}
            filled[table] |= {name: (count, rows) for name, count in zip(names, counts, strict=True)}
        table, name = column_checks.ADDRESSES
        if name in filled.get(table, {}):
            filled[table][name] = column_checks.with_an_address(self._snapshot), filled[table][name][1]
        return filled

    def repeated(self) -> Iterator[Flaw]:
        """Tables with several rows of one key. Rules take each once; many of them are a load that went wrong."""
        with_keys = {table: key for table in self._there if (key := KEYS.get(table)) and self._wanted[table].issuperset(key)}
        counted = self._snapshot.each(
            [
                "SELECT sum(n), count(*) FROM "
                f"(SELECT count(*) AS n FROM {table} WHERE {quoted(key[0])} IS NOT NULL GROUP BY {', '.join(map(quoted, key))})"
                for table, key in with_keys.items()
            ]
        )
        for (table, key), [(rows, keys)] in zip(with_keys.items(), counted, strict=True):
            more = int(rows or 0) - keys
            if more:
                says = f"repeats the {' and '.join(key)} of other rows in {more} of {self._snapshot.readings[table].rows} rows"
                yield self._flaw(table, REPEATED, "max_repeated", more, int(rows), says)

    def nowhere(self) -> Iterator[Flaw]:
        """Tables that name people, plans, workers and so on which are not in theirs; and those that so many are missing from."""
        asked = [
            (one, places)
            for one in REFERENCES
            if one.table in self._there and one.column in self._wanted[one.table] and (places := self._places(one))
        ]
        named: dict[tuple[str, str], list[str]] = defaultdict(list)
        for one, _ in asked:
            if one.or_of is None:
                named[one.of, one.key].append(_ids_in(one))
        found = self._not_in(
            [
                *((_ids_in(one), places) for one, places in asked),
                *((" UNION ".join(parts), [place]) for place, parts in named.items()),
            ]
        )
        for (one, _), (every, lost) in zip(asked, found, strict=False):
            if lost:
                yield self._of_reference(one, every, lost)
        for (table, key), (every, lost) in zip(named, found[len(asked) :], strict=True):
            flaw = self._flaw(
                table, NOWHERE, "max_nowhere", lost, every, f"lacks {lost} of the {every} {key} that other tables name"
            )
            if flaw.grave:
                yield flaw
        yield from self._lists_of_others(named_in=_WORKERS)

    def _lists_of_others(self, named_in: Reference) -> Iterator[Flaw]:
        """Yield the list of workers that has too few of those whom the cases name and the other list has: its ids are of another kind.

        The council's own list has who is there today, and may have managers alone: it is asked for one of either.
        """
        one, own = named_in, named_in.or_of
        places = self._places(one)
        if own is None or len(places) == 1 or one.table not in self._there or one.column not in self._wanted[one.table]:
            return
        known = f"SELECT id FROM ({_ids_in(one)}) WHERE id IN ({_ids_of(places)})"
        says = f"of the workers that {one.table} names"
        [(every, lost), (every_of_own, lost_of_own)] = self._not_in([(known, [(one.of, one.key)]), (known, [own])])
        flaw = self._flaw(one.of, NOWHERE, "max_nowhere", lost, every, f"lacks {lost} of the {every} {one.key} {says}")
        told = flaw.size > self._number("max_nowhere") and lost >= self._number("unreadable_at_least")
        if lost and (flaw.grave or told or lost == every > 1):
            yield replace(flaw, grave=flaw.grave or lost == every, told=told)
        every, lost = every_of_own, lost_of_own
        [(listed,)] = self._snapshot.sql(f"SELECT count(DISTINCT {quoted(own[1])}) FROM {own[0]}")
        if lost == every > 1 and listed > 1:
            managers = self._managers_in(own)
            says = (
                f"lacks {lost} of the {every} {own[1]} {says}{', and every manager that ext_team names' if managers == 0 else ''}"
            )
            yield Flaw(about=own[0], check=NOWHERE, size=1.0, grave=not managers, told=True, says=says)

    def _managers_in(self, own: tuple[str, str]) -> int | None:
        """Return how many of the managers whom teams name are in the council's own list of staff; None where no team names any."""
        columns = [name for name in _MANAGERS if name in self._wanted.get("ext_team", ())]
        if "ext_team" not in self._there or not columns:
            return None
        ids = " UNION ".join(f"SELECT {name} AS id FROM ext_team WHERE {name} IS NOT NULL" for name in columns)
        [(every, lost)] = self._not_in([(ids, [own])])
        return every - lost if every else None

    def _of_reference(self, one: Reference, every: int, lost: int) -> Flaw:
        """Return that a column names what is nowhere; where all of it is, it is of another kind, however few they are."""
        where = one.of if one.or_of is None else f"neither {one.of} nor {one.or_of[0]}"
        says = f"names {lost} of {every} {one.column} that {where} {'does not have' if one.or_of is None else 'has'}"
        if one.beside:
            says = f"names {lost} of {every} ids that {where} has"
        about = f"{one.table}.{one.column}" if one.beside else one.table
        flaw = self._flaw(about, f"{NOWHERE} {one.column}", "max_nowhere", lost, every, says)
        # Of too few ids to count as a share nothing waits, but who is looked for in vain is told.
        flaw = replace(flaw, told=flaw.size > self._number("max_nowhere") and lost >= self._number("unreadable_at_least"))
        if one.or_of is None:
            return replace(flaw, grave=True) if lost == every else flaw
        # One worker or team that is nowhere may be an odd one.
        meets_none = lost == every > 1
        return replace(flaw, grave=meets_none or (flaw.grave and not one.beside))

    def _places(self, one: Reference) -> list[tuple[str, str]]:
        """Return where what a column names may be found, the tables that were read; none where the first of them was not.

        An empty one was read, and nobody is in it; but a council without staff or teams has nowhere to find them.
        """
        among = [(one.of, one.key), *([one.or_of] if one.or_of else [])]
        read = [(table, key) for table, key in among if self._can_be_found(table, key)]
        if (one.of, one.key) not in read or (one.or_of and not any(self._snapshot.readings[table].rows for table, _ in read)):
            return []
        return read

    def _can_be_found(self, table: str, key: str) -> bool:
        reading = self._snapshot.readings.get(table)
        return bool(reading and key in self._wanted.get(table, ()) and reading.supplied and key not in reading.missing_columns)

    def _not_in(self, asked: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> list[tuple[int, int]]:
        """Return how many ids each of these queries gives, and how many of them are in none of its places."""
        counted = self._snapshot.each(
            [
                f"WITH named AS MATERIALIZED ({ids}) SELECT (SELECT count(*) FROM named), "
                f"(SELECT count(*) FROM named n ANTI JOIN ({_ids_of(places)}) k ON k.id = n.id)"
                for ids, places in asked
            ]
        )
        return [(int(every), int(lost)) for [(every, lost)] in counted]

    def lost(self, filled: Filled, before: Mapping[str, Mapping[str, tuple[int, int]]]) -> Iterator[Flaw]:
        """Columns that are less filled than when their table was last trusted; those that are far less are not trusted."""
        not_supplied = _names(self._snapshot.settings, "not_supplied_columns")
        for table, columns in filled.items():
            # A restricted record of which less is known is told to fewer.
            for name, (count, rows) in columns.items() if table != RESTRICTED else ():
                if f"{table}.{name}" in not_supplied:
                    continue
                then, then_rows = before.get(table, {}).get(name, (0, 0))
                if not then:
                    continue
                share, share_then = count / rows, then / then_rows
                size = 1 - share / share_then
                # Of who is told a few are enough, in a table of any size; but what went with its rows, as cover that is over, is not lost.
                is_of_people = (table, name) in extension_checks.WHO_IS_TOLD and rows >= _NEARLY_EVERY * then_rows
                is_of_people = is_of_people and share_then * rows - count >= _A_FEW
                least = self._number("unreadable_at_least") if is_of_people else self._least
                many = then >= least and rows >= least
                # What nearly every row had and none has is lost, however few they are.
                all_gone = not count and share_then >= _NEARLY_EVERY and min(then, rows) >= self._number("unreadable_at_least")
                so_many = share_then * rows - count >= self._number("tell_lost_at_least")
                if size > self._number("tell_lost") and (many or all_gone or so_many):
                    says = f"{column_checks.holds(table, name)} in {count} of {rows} rows ({share:.0%}); when last trusted in {share_then:.0%}"
                    grave = all_gone or (many and size > self._number("max_lost"))
                    yield Flaw(about=f"{table}.{name}", check=LOST, size=round(size, 4), grave=grave, told=True, says=says)

    def unknown_words(self, filled: Filled) -> Iterator[Flaw]:
        """Columns with words that no code map has, or that are no answers."""
        for table, columns in filled.items():
            for name, count in self._snapshot.readings[table].unmapped.items():
                if name in columns:
                    of = columns[name][0]
                    limit = _most_unknown(table, name)
                    grave = self._are_too_many_words(count, of, limit)
                    what = (
                        "is no list of answers, or one that is cut short,"
                        if TABLES[table].columns[name].kind == "answers"
                        else "has words that no code map has"
                    )
                    says = f"{what} in {count} of {of} cells"
                    yield Flaw(about=f"{table}.{name}", check=UNKNOWN_WORDS, size=round(count / of, 4), grave=grave, says=says)

    def columns(self, filled: Filled) -> Iterator[Flaw]:
        """Columns of which too much cannot be read, or too much is not there."""
        params = {name: self._number(name) for name in column_checks.UNLESS_SET}
        open_only = _names(self._snapshot.settings, "open_only")
        not_supplied = _names(self._snapshot.settings, "not_supplied_columns")
        for table in self._there:
            reading = self._snapshot.readings[table]
            wanted = frozenset(name for name in self._wanted[table] if f"{table}.{name}" not in not_supplied)
            for name, size, grave, says in column_checks.unreadable(
                reading, wanted, params["max_unreadable"], params["unreadable_at_least"]
            ):
                yield Flaw(about=f"{table}.{name}", check=column_checks.UNREADABLE, size=round(size, 4), grave=grave, says=says)
            for name in wanted & reading.in_two_ways.keys() - reading.unreadable_cells.keys():
                count, of = reading.in_two_ways[name], filled[table][name][0]
                says = f"may have the month first in {count} of {of} cells, and is read day first; the others have the year first"
                yield Flaw(about=f"{table}.{name}", check=TWO_WAYS, size=round(count / of, 4), grave=False, told=True, says=says)
            most, there = self._number("max_lost"), wanted & filled.get(table, {}).keys()
            ends = chain(
                half_lost.without_ends(self._snapshot, table, there, most, self._least),
                half_lost.handed_on(self._snapshot, table, there, most, self._least),
            )
            for name, size, says in ends if table not in open_only else ():
                yield Flaw(about=f"{table}.{name}", check=OPEN, size=round(size, 4), grave=True, says=says)
            # Of the council's own tables some are short: a plan has few actions.
            least = params["essential_rows"] if TABLES[table].extension else self._least
            for name, size, says in half_lost.without_companions(self._snapshot, table, there, least):
                yield Flaw(about=f"{table}.{name}", check=ALONE, size=round(size, 4), grave=True, says=says)
            for name, size, says in half_lost.in_other_words(self._snapshot, table, there, least):
                yield Flaw(about=f"{table}.{name}", check=OTHER_WORDS, size=round(size, 4), grave=True, says=says)
            for name, size, grave, says in column_checks.in_another_form(
                self._snapshot, table, there, params["unreadable_at_least"]
            ):
                share, check = round(size, 4), column_checks.OTHER_FORM
                yield Flaw(about=f"{table}.{name}", check=check, size=share, grave=grave, told=True, says=says)
            for name, check, size, says in column_checks.missing(
                reading, wanted, filled.get(table, {}), params, open_only=table in open_only
            ):
                yield Flaw(about=f"{table}.{name}", check=check, size=round(size, 4), grave=True, says=says)

    def gaps(self, filled: Filled) -> Iterator[Flaw]:
        """How complete columns are whose gaps mislead few of the rules that read them."""
        least, not_supplied = self._number("essential_rows"), _names(self._snapshot.settings, "not_supplied_columns")
        for column in misled_by_gaps(self._snapshot.settings.params).keys() - not_supplied:
            table, _, name = column.partition(".")
            there, rows = filled.get(table, {}).get(name, (0, 0))
            # Where everybody is born nobody is expected.
            if column == half_lost.EXPECTED:
                for size, says in half_lost.without_any_birth(self._snapshot, self._wanted, self._there, least):
                    yield Flaw(about=completeness(column), check=NEITHER, size=round(size, 4), grave=True, says=says)
            elif rows >= least and there == 0:
                says = f"{column_checks.lacks(table, name)} in all {rows} rows"
                yield Flaw(about=completeness(column), check=column_checks.NEVER, size=1.0, grave=True, says=says)

    def extensions(self, filled: Filled) -> Iterator[Flaw]:
        """Columns of the council's own tables that are empty, or hold other words than ours."""
        open_only = _names(self._snapshot.settings, "open_only")
        for table in self._there:
            there = self._wanted[table].difference(self._snapshot.readings[table].missing_columns)
            for name, count, every, says in extension_checks.other_words(self._snapshot, table, there):
                limit = "max_lost" if extension_checks.says_what_a_row_is(table, name) else "max_unknown_words"
                grave = not extension_checks.can_do_without(table, name) and self._are_too_many_words(count, every, limit)
                size = round(count / every, 4)
                yield Flaw(about=f"{table}.{name}", check=UNKNOWN_WORDS, size=size, grave=grave, told=True, says=says)
            for column, most in _hand_kept(self._snapshot.settings, table):
                still = extension_checks.standing_still(self._snapshot, table, column, most) if column in there else None
                if still:
                    since, says = still
                    yield Flaw(
                        about=f"{table}.{column}", check=STILL, size=0.0, grave=False, told=True, says=says, still_since=since
                    )
            for name, size, says in extension_checks.by_nobody_known(
                self._snapshot, self._wanted, table, self._number("max_lost"), self._least
            ):
                yield Flaw(about=f"{table}.{name}", check=NO_ROLE, size=round(size, 4), grave=True, says=says)
            least, is_open_only = self._number("essential_rows"), table in open_only
            for name, says in extension_checks.never_there(
                self._snapshot, table, filled.get(table, {}), least, self._number("unreadable_at_least"), open_only=is_open_only
            ):
                yield Flaw(about=f"{table}.{name}", check=column_checks.NEVER, size=1.0, grave=True, says=says)
            shares = self._number("max_missing"), self._number("max_lost")
            for name, size, waits, says in extension_checks.thin(self._snapshot, table, filled.get(table, {}), *shares, least):
                share = round(size, 4)
                yield Flaw(about=f"{table}.{name}", check=column_checks.MISSING, size=share, grave=waits, told=True, says=says)

    def _number(self, name: str) -> float:
        return _number(self._snapshot.settings, name)

    def _are_too_many_words(self, unknown: int, of: int, limit: str) -> bool:
        return unknown >= self._number("unreadable_at_least") and unknown > self._number(limit) * of

    def _flaw(self, about: str, check: str, limit: str, count: int, of: int, says: str) -> Flaw:
        size = count / of if of else 0.0
        grave = of >= self._least and size > self._number(limit)
        return Flaw(about=about, check=check, size=round(size, 4), grave=grave, says=says)


def _most_unknown(table: str, column: str) -> str:
    """Return the limit of words of a column that no code map has: whoever's eligibility is one drops out of all rules about care leavers.

    What the council's own tables may hold is written down.
    """
    if TABLES[table].columns[column].codes == "eligibility":
        return "max_unreadable"
    return "max_lost" if TABLES[table].extension else "max_unknown_words"


def _count(table: str, column: str) -> str:
    """Write how many cells of a column are filled."""
    said = extension_checks.is_a_service() if (table, column) == extension_checks.SERVICES else column_checks.IN_WORDS.get(column)
    return f"count(*) FILTER ({said.format(quoted(column))})" if said else f"count({quoted(column)})"


def _ids_in(one: Reference) -> str:
    return f"SELECT DISTINCT {quoted(one.column)} AS id FROM {one.table} WHERE {quoted(one.column)} IS NOT NULL"


def _ids_of(places: Sequence[tuple[str, str]]) -> str:
    return " UNION ALL ".join(f"SELECT {quoted(key)} AS id FROM {table}" for table, key in places)


def _hand_kept(settings: Settings, table: str) -> Iterator[tuple[str, float]]:
    """Yield each column by which a table that is kept by hand goes on, with the working days after which it stands still."""
    kept = settings.params.get("hand_kept")
    for name, most in kept.items() if isinstance(kept, Mapping) else ():
        of, _, column = str(name).partition(".")
        if of == table and isinstance(most, (int, float)):
            yield column, float(most)


def _names(settings: Settings, name: str) -> frozenset[str]:
    listed = settings.params.get(name)
    return frozenset(map(str, listed)) if isinstance(listed, (list, tuple)) else frozenset()


def _number(settings: Settings, name: str) -> float:
    value = settings.params.get(name)
    return float(str(_UNLESS_SET[name] if value is None else value))
