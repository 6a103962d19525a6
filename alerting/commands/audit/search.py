"""`alerting audit search`: who did what, and when."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alerting.audit.trail_search import ALL, HEADINGS, KINDS, as_cells, is_somebodys, kinds_wanted
from alerting.cli import DAY, build_app
from alerting.terminal import echo, echo_json, echo_table

if TYPE_CHECKING:
    from alerting.audit.trail import TrailEvent


@click.command()
@click.option("--person", help="Who did it, or whom a message was for: a worker id, address or name.")
@click.option("--from", "since", type=DAY, help="The first day; that of the first event when left out.")
@click.option("--to", "until", type=DAY, help="The last day; that of the last event when left out.")
@click.option("--alert", "ref", help="Only about this alert, by its reference; then all that was done, by the service too.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice([*KINDS, ALL]), help="Only of this kind; may be given again.")
@click.option("--csv", "table", type=click.Path(path_type=Path, dir_okay=False), help="Write a table for a spreadsheet.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    person: str | None,
    since: datetime | None,
    until: datetime | None,
    ref: str | None,
    kinds: tuple[str, ...],
    table: Path | None,
    as_json: bool,
) -> None:
    """Find who did what and when, the oldest first: what people did, unless --kind or --alert asks for what the service did too."""
    from alerting import formatting, private_files
    from alerting.audit import trail
    from alerting.commands.alerts import find_alert

    app = build_app(ctx)
    zone = app.loaded.config.council.zone
    with closing(app.store()) as store, store.reading() as connection:
        query = trail.TrailQuery(
            since=since.replace(tzinfo=zone) if since else None,
            before=(until + timedelta(days=1)).replace(tzinfo=zone) if until else None,
            is_wanted=is_somebodys(connection, app.loaded.config.council.administrators, person) if person else None,
            alert=find_alert(store, ref, connection).ref if ref else None,
            kinds=kinds_wanted(kinds, of_one_alert=ref is not None),
        )
        found = trail.search(connection, query)
    if table:
        # With a mark by which spreadsheets know that it is UTF-8.
        private_files.write(table, "\ufeff" + formatting.as_csv([HEADINGS, *(as_cells(event, zone) for event in found)]))
        echo(f"{len(found)} events are in {table}", err=True)
        return
    if as_json:
        echo_json([_as_row(event) for event in found])
        return
    echo_table(HEADINGS, [as_cells(event, zone) for event in found])
    echo(f"{len(found)} events", err=True)


def _as_row(event: TrailEvent) -> dict[str, Any]:
    return {
        "at": event.at.isoformat(),
        "by": event.by,
        "kind": event.kind.value,
        "did": event.did,
        "about": event.about,
        "children": list(event.children),
        "to": event.to,
        "approved_by": event.approved_by,
        "request": event.request,
        "account": event.account,
        "host": event.host,
        "note": event.note,
    }
