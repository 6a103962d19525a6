"""`alerting audit subject`: all that is kept and was sent about a child. That it was looked up is kept too."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alerting.alerts.acts import ActKind
from alerting.cli import acting, build_app, now, today
from alerting.commands.alerts import by as who
from alerting.errors import AlertingError
from alerting.terminal import echo, echo_json, echo_table

if TYPE_CHECKING:
    from datetime import datetime

    from alerting.app import App
    from alerting.audit.child_file import Entry, Naming
    from alerting.notifications.content import Notification
    from alerting.store.store import Transaction

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("child", nargs=-1, required=True)
@who("looks it up")
@click.option("--note", required=True, help="Why, such as the number of a subject access request; kept with who and when.")
@click.option("--html", "page", type=_FILE, help="Write a page to read in a browser or print.")
@click.option("--csv", "table", type=_FILE, help="Write a table for a spreadsheet.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.pass_context
def command(
    ctx: click.Context, child: tuple[str, ...], by: str | None, note: str, page: Path | None, table: Path | None, *, as_json: bool
) -> None:
    """Show all that is kept about a child and all that was sent: to whom, why and when. CHILD is each id of theirs that you know."""
    from alerting import private_files
    from alerting.audit import child_file, child_report
    from alerting.commands.audit import ids_of
    from alerting.store import act_json, acts, child_rows, wiping

    app, moment = build_app(ctx), now()
    zone = app.loaded.config.council.zone
    with closing(app.store()) as store:
        ids = ids_of(app, store, child)
        with store.transaction() as connection:
            # Kept before anything is shown, whatever becomes of that.
            _, actor = acting(app, connection, by)
            acts.keep(
                connection, actor, ActKind.child_looked_up, wiping.ABOUT, moment, note=note, wanted=act_json.children_to_json(ids)
            )
        with store.reading() as connection:
            rows = child_rows.find(connection, ids)
            entries = child_file.read(store, connection, rows, _naming(app, connection)) + _kept_days(app, ids)
    # That it was looked up, now or before, or asked to be wiped, is nothing that is kept of the child's.
    if all(entry.part is child_file.Part.acts and entry.about == wiping.ABOUT for entry in entries):
        raise AlertingError(
            "nothing is kept about a child with that id",
            remedy="That it was looked up is kept. Give every id that the child has had.",
        )
    if page:
        known = ", ".join(sorted(ids))
        text = child_report.as_page(entries, zone, council=app.loaded.config.council.name, child=known, at=moment, by=actor.name)
        private_files.write(page, text)
    if table:
        # With a mark by which spreadsheets know that it is UTF-8.
        private_files.write(table, "\ufeff" + child_report.as_csv(entries, zone))
    for path in filter(None, (page, table)):
        echo(f"What is kept is in {path}: it is case data.", err=True)
    if as_json:
        echo_json({"ids": sorted(ids)} | child_report.as_json(entries))
    elif not (page or table):
        for part in child_file.Part:
            if mine := [child_report.as_cells(entry, zone) for entry in entries if entry.part is part]:
                echo(part.words)
                echo_table(child_report.HEADINGS, mine)
                echo()


def _kept_days(app: App, ids: Collection[str]) -> list[Entry]:
    """Return the entries of the days kept; of what cannot be read none, which is said."""
    from alerting.audit.child_file import of_days
    from alerting.casedata.engine_errors import EngineError
    from alerting.casedata.snapshot import Snapshot

    try:
        with Snapshot(today(app), app.book.settings) as snapshot:
            rows, unreadable = app.archive().rows_about(snapshot, ids)
    except EngineError as error:
        echo(f"The days kept are not among this, as they cannot be read: {error.safe}", err=True)
        return []
    if unreadable:
        echo(f"Of the days kept these are not among this, as they cannot be read: {'; '.join(unreadable)}", err=True)
    return of_days(rows)


def _naming(app: App, connection: Transaction) -> Naming:
    from alerting.audit.child_file import Naming
    from alerting.model import Tier
    from alerting.store import newest_directory

    newest, words = newest_directory.read(connection), app.words()
    people = {**newest.directory.former, **newest.directory.staff} if newest else {}
    titles = {rule.id: rule.title for rule in app.book.every}

    def message(notification: Notification, planned_at: datetime) -> str:
        receiver = app.notifiers.get(notification.receiver)
        ceiling = receiver.ceiling if receiver else Tier.detail
        return words.render(notification, ceiling=ceiling, message_id="", planned_at=planned_at).message.text

    return Naming(
        person=lambda id_: f"{people[id_].name} ({id_})" if id_ in people else id_,
        rule=lambda id_: titles.get(id_, id_),
        message=message,
    )
