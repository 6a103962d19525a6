"""Which data must not be believed today, and so which rules must wait: half a load looks like good news.

A table is not trusted when it cannot be read or lacks a column that is needed, when it differs from the row count its source
states or was loaded too long ago. Only its source can put that right. Nor when it has grown, shrunk or emptied beyond what its
last good loads had, repeats its keys, or names people who are nowhere to be found: a real change of that kind an administrator
may release. One column alone is not trusted when it lost its values or holds words that no code map has: then only the rules
that use it wait.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime
from statistics import median_high
from typing import TYPE_CHECKING

from alerting.casedata.catalogue import TABLES, Settings
from alerting.casedata.checks import NOWHERE, Filled, Flaw, flaws
from alerting.casedata.column_checks import NOT_SUPPLIED
from alerting.casedata.flavours import known_as
from alerting.casedata.gaps import column_of, completeness, not_supplied_columns
from alerting.casedata.restricted_list import RESTRICTED, RestrictedList, TrustedList, read_list
from alerting.casedata.unknown_ids import UnknownIds, find_unknown
from alerting.formatting import day, listed
from alerting.model import Problem
from alerting.working_days import working_days_between

if TYPE_CHECKING:
    from alerting.casedata.snapshot import Snapshot, Wanted
    from alerting.casedata.table_reading import TableReading

ROWS = "rows"
"""The name of the check of a table's number of rows; the other checks are named in `doubtful_rows`."""


_NOT_SUPPLIED = "is not supplied here (`not_supplied_columns` in the settings)"

_SLACK = 0.02
"""How much worse a flaw may get after a release before it counts as another one, and how many cells are always missing."""

_NO_CHILDREN = "Nothing about a child is in this message, as the service cannot tell today who may be told of whom. Something may be due all the same."

_UNLESS_SET: Mapping[str, object] = {
    "min_rows_of_median": 0.80,
    "max_rows_of_median": 1.30,
    "may_be_empty": ("ext_cover", "ext_merged", "ext_visit_freq"),
    "when_stale": "withhold",
    "essential_rows": 30,
    "max_nowhere": 0.10,
    "unreadable_at_least": 5,
    "tell_lost_at_least": 10,
}


@dataclass(frozen=True, kw_only=True)
class Past:
    """What runs of earlier days found, and what was released since.

    last: by table, the rows when it was last trusted. good: those of its last good loads, the newest first. filled: by table
    and column, cells filled of rows when last trusted. accepted: by table or column, the flaws that somebody found to be
    right, each with how great it was. loaded_at: the newest load of the last run of an earlier day.
    """

    last: Mapping[str, int] = field(default_factory=dict)
    good: Mapping[str, Sequence[int]] = field(default_factory=dict)
    filled: Mapping[str, Mapping[str, tuple[int, int]]] = field(default_factory=dict)
    accepted: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    loaded_at: datetime | None = None
    #: The list of restricted records as it was when last trusted; None where it never was.
    restricted: TrustedList | None = None
    #: Whether there was such a list, and what is kept of it is gone or was changed by hand.
    restricted_lost: bool = False
    #: The mark of the doubted list that two people released last.
    released_list: str | None = None
    #: What the service remembers that was changed by hand since the last run, in words.
    changed_by_hand: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ColumnShares:
    """What one column is like: of how many rows it is filled, and in how many it cannot be read or has a word that no code map has."""

    #: As `table.column`.
    name: str
    rows: int
    filled: int
    unreadable: int = 0
    unmapped: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether it is filled, readable and known in every row."""
        return self.filled == self.rows and not self.unreadable and not self.unmapped

    def __str__(self) -> str:
        shares = {"filled": self.filled, "unreadable": self.unreadable, "unmapped": self.unmapped}
        said = [f"{_share(count, self.rows)} {word}" for word, count in shares.items() if count or word == "filled"]
        return f"{self.name} {', '.join(said)}"


def _share(count: int, of: int) -> str:
    """Return a share in hundredths, never as none or all where it is not."""
    hundredths = round(100 * count / of) if of else 0
    return f"{min(max(hundredths, 1 if count else 0), 100 if count == of else 99)} %"


@dataclass(frozen=True, kw_only=True)
class Trust:
    """What was made of a run's data. rows: as read, by table that is there.

    problems: why it is not trusted, by table, by `table.column` where only a column is not, or by how complete it is where only that is
    not. releasable: those of them that
    may be a real change, each with its flaws and how great they are. notes: what is a little wrong and stops nothing.
    banners: what every reader must know of the data. loaded_at: the oldest load among the tables, None where the council
    states none; loads: each table's. filled: of each table that is there, by column, its cells filled of its rows.
    released: the tables and columns of which a flaw is let pass because somebody found it to be right.
    """

    problems: Mapping[str, str]
    rows: Mapping[str, int]
    loaded_at: datetime | None
    releasable: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    notes: tuple[Problem, ...] = ()
    banners: tuple[str, ...] = ()
    loads: Mapping[str, datetime] = field(default_factory=dict)
    filled: Mapping[str, Mapping[str, tuple[int, int]]] = field(default_factory=dict)
    released: frozenset[str] = frozenset()
    restricted: RestrictedList = field(default_factory=RestrictedList)
    #: Whether anything says whose records are sealed: today's list of them, or the last that was trusted.
    sealed_known: bool = True
    #: What the service remembers that was changed by hand since the last run, in words.
    changed_by_hand: tuple[str, ...] = ()
    #: Those of the notes that are told: columns of which less is there than when they were last trusted.
    told: tuple[Problem, ...] = ()
    #: Columns that no earlier load had, as `table.column`, that not every row has: the rows that have them, of all rows.
    first_seen: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    #: What has likely caused what is not trusted, and what to do, in sentences.
    remedies: Mapping[str, str] = field(default_factory=dict)
    #: The ids that the council's own tables name and that nobody has.
    unknown_ids: tuple[UnknownIds, ...] = ()
    #: The tables that are there and cannot be read.
    unread: frozenset[str] = frozenset()
    #: The columns that the council says its case system cannot give, or how complete they are: the rules that need them are off.
    not_supplied: frozenset[str] = frozenset()
    #: What each wanted column of a table that is there is like, by `table.column`.
    columns: Mapping[str, ColumnShares] = field(default_factory=dict)

    def columns_of(self, reads: Iterable[str]) -> tuple[ColumnShares, ...]:
        """Return what the columns among what a rule reads are like, by name."""
        return tuple(self.columns[name] for name in sorted(reads) if name in self.columns)

    @property
    def doubted(self) -> frozenset[str]:
        """The tables of which anything is not trusted, be it one column."""
        return frozenset(name.partition(".")[0] for name in self.problems)

    def withheld(self, rules: Iterable[tuple[str, frozenset[str]]]) -> dict[str, str]:
        """Return why each rule must not be asked, as what it needs is not trusted or not supplied; rules that may be are not there.

        rules: each rule's id and what it reads: tables, and the columns it uses of them as `table.column`. Where no columns
        are named, it counts as using all of them.
        """
        reasons = {}
        for rule, reads in rules:
            every = not any("." in name for name in reads)
            names = sorted(
                name
                for name in self.reasons
                if name in reads or (every and "." in name and column_of(name) == name and name.partition(".")[0] in reads)
            )
            if names:
                reasons[rule] = "; ".join(self._said_once(names))
        return reasons

    @property
    def reasons(self) -> dict[str, str]:
        """Why rules must not use each of these tables and columns: it is not trusted, or the council says that it is not supplied."""
        return {**dict.fromkeys(self.not_supplied, _NOT_SUPPLIED), **self.problems}

    def _said_once(self, names: Sequence[str]) -> Iterator[str]:
        """Return why each of these is not trusted; where several cannot be read for one reason, once."""
        alike: dict[str, list[str]] = {}
        for name in names:
            alike.setdefault(self.reasons[name], []).append(name)
        for why, several in alike.items():
            if self.unread.issuperset(several):
                yield f"{listed(several)} {why}"
            else:
                yield from (f"{column_of(name) if why == _NOT_SUPPLIED else name} {why}" for name in several)


@dataclass(frozen=True, kw_only=True)
class _Load:
    at: datetime | None
    rows: float | None


def judge(snapshot: Snapshot, wanted: Wanted, past: Past) -> Trust:
    """Judge the tables that a run needs, and the columns that it needs of them."""
    loads, settings = _loads(snapshot), snapshot.settings
    broken = {table: why for table in sorted(wanted) if (why := _broken(snapshot, table, loads.get(table)))}
    not_supplied = frozenset(_not_supplied(settings, wanted))
    broken |= {
        about: why
        for about, why in _without_columns(snapshot, wanted, broken.keys())
        if not {about, completeness(about)} & not_supplied
    }
    problems, remedies = ({about: why[part] for about, why in broken.items()} for part in (0, 1))
    releasable: dict[str, dict[str, float]] = {}
    for table in wanted.keys() - {RESTRICTED} - problems.keys():
        if changed := _changed(snapshot, table, loads.get(table), past):
            problems[table], remedies[table] = changed, _CHANGED
            releasable[table] = {ROWS: float(snapshot.readings[table].rows or 0)}
    found = flaws(snapshot, wanted, past.filled)
    notes: list[Problem] = []
    restricted = read_list(snapshot, past.restricted, past.last.get(RESTRICTED), past.released_list, lost=past.restricted_lost)
    sealed_known = RESTRICTED not in problems or past.restricted is not None
    if restricted.doubts and RESTRICTED not in problems:
        if restricted.released:
            notes.append(Problem(about=RESTRICTED, text=f"{RESTRICTED} {restricted.says} (released)"))
        else:
            problems[RESTRICTED] = restricted.says
            releasable[RESTRICTED] = dict.fromkeys(restricted.doubts, 1.0)
    unknown = find_unknown(snapshot, wanted, restricted, problems)
    every = (*found.flaws, *_of_another_kind(snapshot, unknown))
    stops, lets_pass, tells, only_noted = _sorted_out(every, past)
    for flaw in stops:
        _doubt(problems, releasable, flaw)
        remedies[flaw.about] = " ".join(dict.fromkeys(filter(None, (remedies.get(flaw.about), flaw.remedy))))
    notes += [_note(flaw) for flaw in only_noted]
    notes += [_note(flaw, " (released)") for flaw in lets_pass]
    told = [_note(flaw) for flaw in tells]
    doubted = {*problems, *map(column_of, problems)}
    of_children = restricted.stands and RESTRICTED not in problems
    rows = {table: reading.rows for table in wanted if (reading := snapshot.readings.get(table)) and reading.rows is not None}
    stated = {table: load.at for table, load in loads.items() if load.at is not None and table in rows}
    return Trust(
        problems=problems,
        remedies=remedies,
        rows=rows,
        loaded_at=min(stated.values(), default=None),
        releasable=releasable,
        notes=(*notes, *told, *(Problem(about=name, text=f"{column_of(name)} {_NOT_SUPPLIED}") for name in sorted(not_supplied))),
        not_supplied=not_supplied,
        # Of a column for which rules wait that is told, and why; not what else is so of it, as if they went on.
        told=tuple(note for note in told if note.about not in doubted),
        first_seen=_first_seen(found.filled, past.filled, doubted, _number(settings, "tell_lost_at_least")),
        banners=tuple(_banners(snapshot, loads, wanted.keys() - problems, rows, past, of_children=of_children)),
        restricted=restricted,
        sealed_known=sealed_known,
        changed_by_hand=past.changed_by_hand,
        unknown_ids=tuple(one for one in unknown if not {one.table, one.of, one.about} & problems.keys()),
        unread=frozenset(table for table in wanted if snapshot.readings[table].problem),
        loads=stated,
        filled=found.filled,
        columns={column.name: column for column in _shares(snapshot, wanted, found.filled)},
        released=frozenset(flaw.about for flaw in lets_pass),
    )


def _sorted_out(flaws: Iterable[Flaw], past: Past) -> tuple[list[Flaw], list[Flaw], list[Flaw], list[Flaw]]:
    """Return the flaws for which rules wait, those that somebody found to be right, those that are told, and those that are only noted."""
    stops, lets_pass, tells, only_noted = list[Flaw](), list[Flaw](), list[Flaw](), list[Flaw]()
    for flaw in flaws:
        if not flaw.grave:
            (tells if flaw.told else only_noted).append(flaw)
        elif flaw.size <= past.accepted.get(flaw.about, {}).get(flaw.check, -1) + _SLACK:
            lets_pass.append(flaw)
        else:
            stops.append(flaw)
    return stops, lets_pass, tells, only_noted


def _note(flaw: Flaw, ends: str = "") -> Problem:
    return Problem(about=flaw.about, text=f"{flaw.about} {flaw.says}{ends}", still_since=flaw.still_since)


def _of_another_kind(snapshot: Snapshot, unknown: Iterable[UnknownIds]) -> Iterator[Flaw]:
    """Yield each column of the council's own tables whose ids are of another kind than those that they name."""
    most, least = (_number(snapshot.settings, name) for name in ("max_nowhere", "unreadable_at_least"))
    for one in unknown:
        if one.are_of_another_kind(most, least):
            yield Flaw(about=one.about, check=NOWHERE, size=round(len(one.cells) / one.named, 4), grave=True, says=one.says)


def _shares(snapshot: Snapshot, wanted: Wanted, filled: Filled) -> Iterator[ColumnShares]:
    """Yield what each wanted column is like; what cannot be read is not filled."""
    for table, columns in wanted.items():
        reading = snapshot.readings[table]
        for name in columns if reading.rows else ():
            if name in reading.missing_columns:
                continue
            # A flag is never empty once it is read.
            count, rows = filled.get(table, {}).get(name, (reading.cells_there.get(name, 0), reading.rows or 0))
            unreadable, unmapped = reading.unreadable_cells.get(name, 0), reading.unmapped.get(name, 0)
            yield ColumnShares(name=f"{table}.{name}", rows=rows, filled=count, unreadable=unreadable, unmapped=unmapped)


def _doubt(problems: dict[str, str], releasable: dict[str, dict[str, float]], flaw: Flaw) -> None:
    """Add a flaw to what is not trusted, beside what is wrong there already."""
    mended_at_source = flaw.about in problems and flaw.about not in releasable
    problems[flaw.about] = f"{problems[flaw.about]}; {flaw.says}" if flaw.about in problems else flaw.says
    if not mended_at_source:
        releasable.setdefault(flaw.about, {})[flaw.check] = flaw.size


def _first_seen(
    filled: Filled, before: Mapping[str, Mapping[str, tuple[int, int]]], doubted: Set[str], least: float
) -> dict[str, tuple[int, int]]:
    """Return the columns of tables of so many rows that no trusted load had yet, and that more than a few rows are without."""
    return {
        f"{table}.{name}": (count, rows)
        for table, columns in filled.items()
        for name, (count, rows) in columns.items()
        if rows >= least
        and count < (1 - _SLACK) * rows
        and name not in before.get(table, {})
        and not {table, f"{table}.{name}"} & doubted
    }


def _loads(snapshot: Snapshot) -> dict[str, _Load]:
    rows = snapshot.sql(
        # arg_max alone would pass over the latest load, where that states no count, and take the count of an older one.
        """SELECT lower(table_name), max(loaded_at), arg_max_null(row_count, coalesce(loaded_at, TIMESTAMP '1900-01-01'))
        FROM ext_load WHERE table_name IS NOT NULL GROUP BY 1"""
    )
    return {table: _Load(at=loaded_at, rows=row_count) for table, loaded_at, row_count in rows}


def read_load_times(snapshot: Snapshot) -> dict[str, datetime]:
    """Return when each table was loaded last, in English time, of those of which the source says it."""
    return {table: load.at for table, load in _loads(snapshot).items() if load.at is not None}


_Why = tuple[str, str]
"""Why something is not trusted, and what to do about it."""

_CHANGED = "Likely half a load, or one that ran twice: have it loaded again."


def _without_columns(snapshot: Snapshot, wanted: Wanted, broken: Collection[str]) -> Iterator[tuple[str, _Why]]:
    """Yield each column of the SSD that is needed and not there, as `table.column`, with why; the table's others are."""
    for table in sorted(wanted.keys() - broken - _names(snapshot.settings, "not_supplied")):
        if TABLES[table].extension:
            continue
        for name in sorted(wanted[table]):
            if name in snapshot.readings[table].missing_columns:
                why = f"is not there{_why_not(snapshot.readings[table], name)}"
                yield f"{table}.{name}", (why, f"Have it extracted under this name. {NOT_SUPPLIED}")


def _not_supplied(settings: Settings, wanted: Wanted) -> Iterator[str]:
    """Yield each wanted column of the SSD that the council says its case system cannot give, as rules need it."""
    for name in not_supplied_columns(settings.params):
        table, _, column = column_of(name).partition(".")
        if table in wanted and not TABLES[table].extension and column in wanted[table]:
            yield name


def _why_not(reading: TableReading, column: str) -> str:
    """Return why a column is not there, as far as that is known, as the end of a sentence."""
    if why := reading.not_given.get(column):
        return f": {why}"
    likely = "; likely a column that was renamed, or left out of the extract"
    return (
        f"{likely}. `alerting source check` says if a case system's script has it so"
        if known_as(reading.table, column)
        else likely
    )


def _broken(snapshot: Snapshot, table: str, load: _Load | None) -> _Why | None:
    """Return what is wrong with a table that only its source can put right."""
    settings, reading = snapshot.settings, snapshot.readings[table]
    if reading.problem:
        return f"cannot be read: {reading.problem.rstrip('.')}", ""
    if reading.rows is None and not TABLES[table].extension:
        # Of a table that the council says it has not, the rules that read it are off.
        if table in _names(settings, "not_supplied"):
            return None
        return "is not there", "See that it is extracted, under this name."
    # An extension table that is not there is an empty one: the rules that need it find nobody in it.
    rows = reading.rows or 0
    if reading.left_out > _number(settings, "row_count_tolerance") * (rows + reading.left_out):
        why = f"has {reading.left_out} records that cannot be read, of {rows + reading.left_out}"
        return why, "Likely quotation marks or delimiters within cells: have it exported again."
    if reading.missing_columns and TABLES[table].extension:
        return f"lacks {', '.join(reading.missing_columns)}", "Add it to the table, if need be empty."
    if load and load.rows is not None and abs(rows - load.rows) > _number(settings, "row_count_tolerance") * load.rows:
        why = f"has {rows} rows, but its source states {load.rows:.0f}"
        return why, "Likely a load that broke off: have it loaded again, and run again."
    if load and load.at and _is_stale(load, snapshot.as_of, settings) and _setting(settings, "when_stale") != "banner":
        remedy = (
            "Likely its load did not run: have it loaded, and run again. Where it is loaded less often, raise `max_load_age_wd`, or let "
            "old data be used with `when_stale: banner`, under `rules: params:` in config.yaml."
        )
        return f"was last loaded on {day(load.at.date())}", remedy
    return None


def _changed(snapshot: Snapshot, table: str, load: _Load | None, past: Past) -> str | None:
    """Return how a table has grown, shrunk or emptied too much since its last good loads."""
    settings, rows = snapshot.settings, snapshot.readings[table].rows or 0
    before, least = past.last.get(table), _number(settings, "max_row_change_at_least")
    if before is not None and before >= least and abs(rows - before) > _number(settings, "max_row_change") * before:
        return f"has {rows} rows; when last trusted it had {before}"
    # One of the loads there were: half way between a handful and hundreds lies what no load ever was.
    usual = median_high(past.good[table]) if past.good.get(table) else 0
    low, high = _number(settings, "min_rows_of_median") * usual, _number(settings, "max_rows_of_median") * usual
    if usual >= least and not low <= rows <= high:
        return f"has {rows} rows; its last {len(past.good[table])} good loads had {usual:.0f} in the middle"
    said_to_be_empty = load is not None and load.rows == 0
    may_be_empty = _setting(settings, "may_be_empty")
    allowed = isinstance(may_be_empty, (list, tuple)) and table in may_be_empty
    if before and rows == 0 and not said_to_be_empty and not allowed:
        return f"is empty; when last trusted it had {before} rows"
    return None


def _banners(
    snapshot: Snapshot, loads: Mapping[str, _Load], trusted: Set[str], read: Collection[str], past: Past, *, of_children: bool
) -> Iterator[str]:
    """Yield what every reader must know: old data that is used all the same, no new load since the last run, no child in the message.

    read: the tables that are there.
    """
    of_trusted = [load for table, load in loads.items() if table in trusted]
    dates = sorted({load.at.date() for load in of_trusted if load.at and _is_stale(load, snapshot.as_of, snapshot.settings)})
    if dates:
        yield f"Some of the data is old: its oldest load is of {day(dates[0])}. What was recorded since is not in this message."
    newest = max((load.at for table, load in loads.items() if load.at and table in read), default=None)
    if newest is not None and newest == past.loaded_at and not dates:
        yield f"No new data has come since the last run: the newest is of {day(newest)}."
    if not of_children:
        yield _NO_CHILDREN


def _is_stale(load: _Load | None, as_of: date, settings: Settings) -> bool:
    if load is None or load.at is None:
        return False
    return working_days_between(load.at.date(), as_of, settings.bank_holidays) > _number(settings, "max_load_age_wd")


def _setting(settings: Settings, name: str) -> object:
    value = settings.params.get(name)
    return _UNLESS_SET.get(name) if value is None else value


def _names(settings: Settings, name: str) -> frozenset[str]:
    listed = _setting(settings, name)
    return frozenset(map(str, listed)) if isinstance(listed, (list, tuple)) else frozenset()


def _number(settings: Settings, name: str) -> float:
    return float(str(_setting(settings, name)))
