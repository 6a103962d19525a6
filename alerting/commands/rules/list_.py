"""`alerting rules list`: every rule, in use or not."""

from __future__ import annotations

from collections import defaultdict
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from alerting.cli import build_app
from alerting.errors import StoreError
from alerting.terminal import echo, echo_json, echo_table

if TYPE_CHECKING:
    from alerting.app import App
    from alerting.authoring.rule_states import LastKnown


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.pass_context
def command(ctx: click.Context, *, as_json: bool) -> None:
    """List every rule: in use, in an older version, off, held by its brake, or left out because of a fault."""
    from alerting.authoring.rule_states import state_of
    from alerting.rulebook.departures import find_departures

    app = build_app(ctx)
    book, known, departures = app.book, _last_known(app), defaultdict[str, list[str]](list)
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
            "status": state_of(book, rule, known),
            "basis": rule.basis_kind,
            "owner": rule.file.owner,
            "version": rule.version,
            "departures": departures[rule.id],
        }
        for rule in book.every
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


def _last_known(app: App) -> LastKnown:
    from alerting.authoring.rule_states import LastKnown, last_known

    try:
        store = app.store_there_is()
        if store is None:
            return LastKnown()
        with closing(store), store.transaction() as connection:
            return last_known(app.book, store, connection)
    except StoreError as error:
        echo(
            f"Whether a brake is on is not known, nor which rules lack their data, as the store cannot be read: {error.problem}.",
            err=True,
        )
        return LastKnown()
