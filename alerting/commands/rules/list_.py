"""`alerting rules list`: every rule, in use or not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from alerting.cli import build_app
from alerting.errors import StoreError
from alerting.formatting import day, listed
from alerting.terminal import echo, echo_json, echo_table

if TYPE_CHECKING:
    from alerting.app import App
    from alerting.rulebook.book import Rulebook
    from alerting.rulebook.rule import Rule


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.pass_context
def command(ctx: click.Context, *, as_json: bool) -> None:
    """List every rule: in use, in an older version, off, held by its brake, or left out because of a fault."""
    from alerting.rulebook.departures import find_departures

    app = build_app(ctx)
    book, (brakes, lacking), departures = app.book, _last_known(app), defaultdict[str, list[str]](list)
    for found in find_departures(book):
        departures[found.rule.id].append(found.says)
    rows: list[dict[str, Any]] = [
        {
            "code": rule.code,
            "id": rule.id,
            "title": rule.title,
            "pack": rule.pack,
            "job": rule.file.job,
            "subject": rule.subject.id,
            "status": _status(book, rule, brakes, lacking),
            "basis": rule.basis_kind,
            "owner": rule.file.owner,
            "version": rule.version,
            "departures": departures[rule.id],
        }
        for rule in (*book.rules, *book.off)
    ]
    rows += [
        {"code": item.code, "id": item.id, "job": item.job, "status": "broken", "problem": item.problem} for item in book.broken
    ]
    rows.sort(key=lambda row: str(row["code"]))
    if as_json:
        echo_json(rows)
        return
    names = ["code", "status", "job", "title", "basis", "owner"]
    cells = [[row.get(name, row.get("problem", "") if name == "title" else "") for name in names] for row in rows]
    echo_table([name.capitalize() for name in names], cells)
    for row in rows:
        for says in row.get("departures", ()):
            echo(f"{row['code']} {says}.")
    for older in book.older.values():
        echo(f"{older.file} {older}", err=True)


def _status(book: Rulebook, rule: Rule, brakes: Mapping[str, date], lacking: Mapping[str, str]) -> str:
    if rule in book.off:
        return "off"
    named = book.settings.params.get("not_supplied_columns")
    missing = sorted(book.needs(rule).intersection(map(str, named))) if isinstance(named, (list, tuple)) else []
    if missing:
        return f"off: {listed(missing)} {'is' if len(missing) == 1 else 'are'} not supplied here"
    older = min((book.older[file].seen_on for file in book.files_of(rule) if file in book.older), default=None)
    parts = [f"off: {lacking[rule.id]}" if rule.id in lacking else "in shadow" if rule.shadow else "in use"]
    if older:
        parts.append(f"last good version of {day(older, 'short')}")
    if rule.id in brakes:
        parts.append(f"brake on since {day(brakes[rule.id], 'short')}")
    return ", ".join(parts)


def _last_known(app: App) -> tuple[dict[str, date], dict[str, str]]:
    """Return, by rule, the day on which a brake that is on was put on, and what the last run found to be missing for it."""
    from alerting.store import brakes

    try:
        store = app.store_there_is()
        if store is None:
            return {}, {}
        with closing(store), store.transaction() as connection:
            runs = [store.latest_run(job, within=connection) for job in {rule.file.job for rule in app.book.rules}]
            lacking = {
                row["id"]: row["problem"] for run in runs if run for row in run.report.get("rules", []) if row.get("lacks")
            }
            return {brake.rule: brake.since for brake in brakes.on(connection)}, lacking
    except StoreError as error:
        echo(
            f"Whether a brake is on is not known, nor which rules lack their data, as the store cannot be read: {error.problem}.",
            err=True,
        )
        return {}, {}
