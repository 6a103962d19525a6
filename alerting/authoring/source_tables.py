"""What the tables of the case data are like, and what of them is not understood: for `alerting source check` and the page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from alerting.app import App
from alerting.authoring.word_mapping import additions_for
from alerting.casedata import person_merges
from alerting.casedata.directory import Directory, read_directory, unusable_addresses
from alerting.casedata.divided_source import KEPT_APART, left_beside_case_data
from alerting.casedata.flavours import Flavour, flavour
from alerting.casedata.flavours.reading import recognised
from alerting.casedata.not_understood import Kind, NotUnderstood, find_not_understood
from alerting.casedata.restricted_list import RESTRICTED
from alerting.casedata.snapshot import Snapshot
from alerting.casedata.spellings import Spelling
from alerting.casedata.trust import Trust
from alerting.documents.additions import as_block
from alerting.errors import SourceError
from alerting.evaluation.data_problems import Readers, map_command, what_to_do
from alerting.evaluation.day import Day, read_day
from alerting.formatting import plural

_PLACES = 20
"""How many places of ids that nobody has are named; the others are counted."""

_SHOWN = 5
"""How many members of staff are named; the others are counted."""


@dataclass(frozen=True, kw_only=True)
class LooksLike:
    """The flavour of which tables seem to be, in words, and the setting by which they are read so."""

    says: str
    setting: str


def looks_like(tables: Sequence[TableReport]) -> LooksLike | None:
    """Return of what flavour tables seem to be that lack columns; None where they are of none."""
    proposed = next((row.flavour for row in tables if row.flavour), None)
    if proposed is None:
        return None
    touched = ", ".join(row.table for row in tables if row.flavour)
    says = f"These look like the tables of {flavour(proposed).title}: what is missing in {touched} is there in another form"
    return LooksLike(says=says, setting=f"flavour: {proposed}")


@dataclass(frozen=True, kw_only=True)
class Unclear:
    """What of one column is there and not understood, and what can be done about it."""

    column: str
    kind: str
    cells: int
    of: int
    says: str
    #: How it is written: words that may be shown, else shapes.
    written: Sequence[Spelling]
    others: int
    accepted: str
    places: Sequence[str]
    #: The codes of the rules that read it.
    rules: Sequence[str]
    remedy: str
    #: The command that says what the commonest of the words means; None where none helps.
    command: str | None = None
    #: The same as lines of config.yaml, and what is to be chosen in them.
    lines: str | None = None
    choice: str = ""
    #: The code map, or the group of lists, to which its words can be added; None where there is none.
    vocabulary: str | None = None


@dataclass(frozen=True, kw_only=True)
class TableReport:
    """What was found of one table that the rules need."""

    table: str
    supplied: bool
    rows: int | None
    trusted: bool
    #: Each a sentence: first why it is not trusted, then what of it is not understood, then `others`.
    problems: Sequence[str]
    #: Why it is not trusted, by itself or its column; and what to do about that.
    doubts: Mapping[str, str]
    remedies: Mapping[str, str]
    #: What of its columns is there and not understood.
    unclear: Sequence[Unclear]
    #: What else is wrong with it.
    others: Sequence[str]
    #: In which encoding its file was read, where that is not plain UTF-8.
    encoding: str | None
    #: The share of cells that hold something, by column.
    fill: Mapping[str, float]
    #: How many cells hold a word that no code map has, by column.
    unmapped: Mapping[str, int]
    #: What is a little wrong and stops nothing.
    notes: Sequence[str]
    #: The codes of the rules that wait for what is not trusted of it.
    waiting: Sequence[str]
    #: The setting `flavour:` with which columns that it lacks are there; None where there is none.
    flavour: str | None
    #: The command that lets count as right what may be a real change; None where nothing may.
    release: str | None

    @property
    def causes(self) -> Mapping[str, str]:
        """Why it is not trusted, by itself or its column, but for what is said of a column that is not understood."""
        unclear = {self.about(one) for one in self.unclear}
        return {about: why for about, why in self.doubts.items() if about not in unclear}

    def about(self, one: Unclear) -> str:
        """Return what a column of it that is not understood is called: `table.column`."""
        return f"{self.table}.{one.column}"

    @property
    def least_filled(self) -> str:
        """Its column with the fewest cells that hold something, and their share; "" where none is known."""
        if not self.fill:
            return ""
        column = min(self.fill, key=lambda name: self.fill[name])
        return f"{column} {self.fill[column]:.0%}"


def read_tables(app: App, as_of: date) -> list[TableReport]:
    """Read what the rules need, and say of each table what was found."""
    if app.source is None:
        raise SourceError("there is no source to read", remedy="Mend `source:` in config.yaml; `alerting check` says how.")
    with read_day(app.book, app.source, app.book.rules, as_of, lambda: app.past(as_of), strict=True) as found:
        return reports_of_tables(app, found)


def reports_of_tables(app: App, day: Day) -> list[TableReport]:
    """Return what was found of each table of a day that was read for every rule."""
    snapshot, wanted, judged = day.snapshot, day.wanted, day.trust
    merged = person_merges.read(snapshot).problem(day.source)
    also = defaultdict[str, list[str]](list)
    if merged and person_merges.TABLE not in judged.doubted:
        also[person_merges.TABLE].append(merged)
    for unknown in judged.unknown_ids:
        also[unknown.table].append(unknown.problem(day.source, _PLACES))
    if judged.restricted.removed and RESTRICTED not in judged.doubted:
        also[RESTRICTED].append(f"{judged.restricted.taken_off} fewer people than when last trusted, restricted as before")
    also["ext_staff"] += _refused_addresses(app, unusable_addresses(snapshot), read_directory(snapshot, judged))
    for name in left_beside_case_data(snapshot):
        also[name].append(f"it stands beside the case data, where nobody looks: it is read at `own_tables`. {KEPT_APART}")
    lacking = {name: frozenset(snapshot.readings[name].missing_columns) for name in wanted}
    proposed = _proposed(app, day.as_of, lacking)
    unclear = defaultdict[str, list[Unclear]](list)
    readers = Readers(app.book, app.book.rules)
    for one in find_not_understood(snapshot, wanted):
        unclear[one.table].append(_unclear(app, one, readers))
    return [
        _describe(app, snapshot, name, judged, also=also[name], unclear=unclear[name], proposed=proposed)
        for name in sorted(wanted)
    ]


def _proposed(app: App, as_of: date, lacking: Mapping[str, frozenset[str]]) -> Flavour | None:
    """Return the flavour of the source, where columns are not there and its settings name none."""
    if not any(lacking.values()) or app.source is None or app.source.delivered_as():
        return None
    with Snapshot(as_of, app.book.settings) as another:
        return recognised(app.source, another, lacking)


def _refused_addresses(app: App, unusable: list[str], directory: Directory) -> list[str]:
    """Return how many members of staff nothing can be sent to by their address, or may be by a receiver's settings, and who they are."""
    found = [f"email: the address of {_workers(unusable)} is none that a mail can be sent to"] if unusable else []
    for name, notifier in app.notifiers.items():
        refused = defaultdict[str, list[str]](list)
        for worker, person in sorted(directory.staff.items()):
            if person.email and (why := notifier.why_not_to(person.email)):
                refused[why].append(worker)
        found += [f"email: by the receiver {name}, {why}: {_workers(workers)}" for why, workers in sorted(refused.items())]
    return found


def _workers(workers: list[str]) -> str:
    more = f" and {len(workers) - _SHOWN} more" if len(workers) > _SHOWN else ""
    return f"{plural(len(workers), 'member')} of staff ({', '.join(workers[:_SHOWN])}{more})"


def _unclear(app: App, one: NotUnderstood, readers: Readers) -> Unclear:
    wanted = app.source if one.written and one.may_do_harm else None
    places = one.places or tuple(wanted.places(one.table, one.column, one.written) if wanted else ())
    lines, choice = _lines(app, one) if one.vocabulary and one.words and one.may_do_harm else (None, "")
    return Unclear(
        column=one.column,
        kind=one.kind.value,
        cells=one.cells,
        of=one.of,
        says=one.says(),
        written=one.spellings,
        others=one.others,
        accepted=one.accepted,
        places=places,
        rules=readers.codes(one.about),
        remedy=what_to_do(one),
        command=map_command(one) if one.vocabulary else None,
        lines=lines,
        choice=choice,
        vocabulary=one.vocabulary,
    )


def _lines(app: App, one: NotUnderstood) -> tuple[str, str]:
    """Return the lines of config.yaml that say what the words of a column mean, and what is to be chosen in them."""
    words, settings, vocabulary = list(one.words), app.book.settings, one.vocabulary or ""
    if vocabulary in settings.codes:
        codes = ", ".join(sorted(settings.codes[vocabulary].codes))
        return as_block(("rules", "codes", vocabulary, "CODE"), words), f"each word under its own code of {codes}"
    meaning = "yes_words" if vocabulary == "flags" else "allocated_social_worker_roles"
    added = additions_for(settings, app.loaded, vocabulary, words, meaning, whole=True)
    choice = "those that mean yes" if vocabulary == "flags" else "those who are a child's social worker"
    blocks = [as_block(each.path[2:], each.items, 4) for each in added]
    return "\n".join(["rules:", "  params:", *blocks]), f"of the new words only {choice}"


def _describe(
    app: App, snapshot: Snapshot, name: str, judged: Trust, *, also: list[str], unclear: list[Unclear], proposed: Flavour | None
) -> TableReport:
    reading = snapshot.readings[name]
    mine = {about: why for about, why in judged.problems.items() if about.partition(".")[0] == name}
    why = [why if about == name else f"{about.partition('.')[2]} {why}" for about, why in mine.items()]
    # What no list has stops nothing by itself.
    cells = [
        f"{one.column}: {one.says}{f', first at {one.places[0]}' if one.places else ''}"
        for one in unclear
        if one.kind in (Kind.unreadable, Kind.damaged)
    ]
    others = [*also, *reading.record_places]
    told = {f"{name}.{one.column}" for one in unclear}
    encoded = [f"{name}: its file was read as {reading.encoding}"] if reading.encoding else []
    return TableReport(
        table=name,
        supplied=reading.supplied,
        rows=reading.rows,
        trusted=not mine,
        problems=[*why, *cells, *others],
        doubts=mine,
        remedies={about: judged.remedies[about] for about in mine if judged.remedies.get(about)},
        unclear=unclear,
        others=others,
        encoding=reading.encoding,
        fill={column: round(cells / rows, 3) for column, (cells, rows) in judged.filled.get(name, {}).items()},
        unmapped=reading.unmapped,
        notes=[note.text for note in judged.notes if note.about.partition(".")[0] == name and note.about not in told]
        + [f"{name}.{column}: {why}" for column, why in reading.not_given.items() if column not in reading.missing_columns]
        + encoded,
        waiting=sorted(rule.code for rule in app.book.rules if mine.keys() & app.book.needs(rule)),
        flavour=proposed.name if proposed and any(proposed.gives(name, column) for column in reading.missing_columns) else None,
        release=f"alerting source release {name} --by NAME --note WHY" if mine.keys() & judged.releasable.keys() else None,
    )
