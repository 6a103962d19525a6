"""`alerting source check`: whether the case data can be read and believed, and what of it is not understood."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

import click

from alerting.app import App
from alerting.casedata import person_merges, trust
from alerting.casedata.directory import Directory, read_directory, unusable_addresses
from alerting.casedata.flavours import Flavour, flavour
from alerting.casedata.flavours.reading import Flavoured, recognised
from alerting.casedata.restricted_list import RESTRICTED
from alerting.casedata.snapshot import Snapshot
from alerting.casedata.trust import Trust
from alerting.cli import DAY, build_app, today
from alerting.errors import SourceError
from alerting.formatting import plural
from alerting.terminal import echo, echo_json, echo_table

_PLACES = 20
"""How many places of ids that nobody has are named; the others are counted."""

_SHOWN = 5
"""How many members of staff are named; the others are counted."""


@click.command("check")
@click.option("--as-of", type=DAY, help="The business date; today when left out.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.pass_context
def command(ctx: click.Context, as_of: datetime | None, *, as_json: bool) -> None:
    """Read every table that the rules need, and say what was found: rows, columns, fill rates, cells, codes, trust."""
    app = build_app(ctx)
    tables = read_tables(app, as_of.date() if as_of else today(app))
    if as_json:
        echo_json([asdict(row) for row in tables])
    else:
        echo_table(
            ["Table", "Rows", "Trusted", "Least filled"],
            [[row.table, row.rows, "yes" if row.trusted else "no", _least_filled(row)] for row in tables],
        )
        _tell_problems(tables)
        if like := looks_like(tables):
            echo(f"{like.says}.\nTo have it read so, add to `source:` in config.yaml:\n  {like.setting}")
    sys.exit(1 if any(row.problems for row in tables) else 0)


def _tell_problems(tables: Sequence[TableReport]) -> None:
    for row in tables:
        for problem in row.problems:
            echo(f"{row.table}: {problem}")
        if row.waiting:
            echo(f"  What waits for it: {', '.join(row.waiting)}")
        if row.release:
            echo(f"  If that is a real change and a run has found it: {row.release}")
    for row in tables:
        for note in row.notes:
            echo(f"{note}. It stops nothing.")


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
class TableReport:
    """What was found of one table that the rules need."""

    table: str
    supplied: bool
    rows: int | None
    trusted: bool
    #: Each a sentence: first why it is not trusted, then what of it cannot be read.
    problems: Sequence[str]
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


def read_tables(app: App, as_of: date) -> list[TableReport]:
    """Read what the rules need, and say of each table what was found."""
    if app.source is None:
        raise SourceError("there is no source to read", remedy="Mend `source:` in config.yaml; `alerting check` says how.")
    wanted = app.book.wanted(app.book.rules)
    with Snapshot(as_of, app.book.settings) as snapshot:
        snapshot.read(app.source, wanted)
        judged = trust.judge(snapshot, wanted, app.past(as_of))
        merged = person_merges.read(snapshot).problem(app.source)
        also = defaultdict[str, list[str]](list)
        if merged and person_merges.TABLE not in judged.doubted:
            also[person_merges.TABLE].append(merged)
        for unknown in judged.unknown_ids:
            also[unknown.table].append(unknown.problem(app.source, _PLACES))
        if judged.restricted.removed and RESTRICTED not in judged.doubted:
            also[RESTRICTED].append(f"{judged.restricted.taken_off} fewer people than when last trusted, restricted as before")
        also["ext_staff"] += _refused_addresses(app, unusable_addresses(snapshot), read_directory(snapshot, judged))
        lacking = {name: frozenset(snapshot.readings[name].missing_columns) for name in wanted}
        proposed = _proposed(app, as_of, lacking)
        return [_describe(app, snapshot, name, judged, also[name], proposed) for name in sorted(wanted)]


def _proposed(app: App, as_of: date, lacking: Mapping[str, frozenset[str]]) -> Flavour | None:
    """Return the flavour of the source, where columns are not there and its settings name none."""
    if not any(lacking.values()) or app.source is None or isinstance(app.source, Flavoured):
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


def _describe(app: App, snapshot: Snapshot, name: str, judged: Trust, also: list[str], proposed: Flavour | None) -> TableReport:
    reading = snapshot.readings[name]
    mine = {about: why for about, why in judged.problems.items() if about.partition(".")[0] == name}
    problems = [why if about == name else f"{about.partition('.')[2]} {why}" for about, why in mine.items()]
    problems += [f"{column}: {count} cells cannot be read" for column, count in reading.unreadable_cells.items()]
    problems += also
    return TableReport(
        table=name,
        supplied=reading.supplied,
        rows=reading.rows,
        trusted=not mine,
        problems=problems + reading.places,
        fill={column: round(cells / rows, 3) for column, (cells, rows) in judged.filled.get(name, {}).items()},
        unmapped=reading.unmapped,
        notes=[note.text for note in judged.notes if note.about.partition(".")[0] == name]
        + [f"{name}.{column}: {why}" for column, why in reading.not_given.items() if column not in reading.missing_columns],
        waiting=sorted(rule.code for rule in app.book.rules if mine.keys() & app.book.needs(rule)),
        flavour=proposed.name if proposed and any(proposed.gives(name, column) for column in reading.missing_columns) else None,
        release=f"alerting source release {name} --by NAME --note WHY" if mine.keys() & judged.releasable.keys() else None,
    )


def _least_filled(row: TableReport) -> str:
    if not row.fill:
        return ""
    column = min(row.fill, key=lambda name: row.fill[name])
    return f"{column} {row.fill[column]:.0%}"
