"""`alerting audit search`: who did what, and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from alerting.alerts.acts import ActKind
from alerting.cli import DAY, build_app
from alerting.terminal import echo, echo_json, echo_table

if TYPE_CHECKING:
    from alerting.app import App
    from alerting.audit.trail import Kind, TrailEvent
    from alerting.store.store import Transaction

_SERVICE = ("run", "change", "message", "rules")
_ALL = "all"
_HEADINGS = ("When", "Who", "Did", "About", "To", "Approved by", "From", "Why, or what came of it")


def _typed(kind: str) -> str:
    return kind.replace("_", "-").replace(" ", "-")


_KINDS = [*(_typed(kind.value) for kind in ActKind), *_SERVICE, _ALL]


@click.command()
@click.option("--person", help="Who did it, or whom a message was for: a worker id, address or name.")
@click.option("--from", "since", type=DAY, help="The first day; that of the first event when left out.")
@click.option("--to", "until", type=DAY, help="The last day; that of the last event when left out.")
@click.option("--alert", "ref", help="Only about this alert, by its reference; then all that was done, by the service too.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(_KINDS), help="Only of this kind; may be given again.")
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
    zone = ZoneInfo(app.loaded.config.council.timezone)
    with closing(app.store()) as store, store.reading() as connection:
        query = trail.TrailQuery(
            since=since.replace(tzinfo=zone) if since else None,
            before=(until + timedelta(days=1)).replace(tzinfo=zone) if until else None,
            is_wanted=_is_wanted(app, connection, person) if person else None,
            alert=find_alert(store, ref, connection).ref if ref else None,
            kinds=_kinds(kinds, of_one_alert=ref is not None),
        )
        found = trail.search(connection, query)
    if table:
        # With a mark by which spreadsheets know that it is UTF-8.
        private_files.write(table, "\ufeff" + formatting.as_csv([_HEADINGS, *(_cells(event, zone) for event in found)]))
        echo(f"{len(found)} events are in {table}", err=True)
        return
    if as_json:
        echo_json([_as_row(event) for event in found])
        return
    echo_table(_HEADINGS, [_cells(event, zone) for event in found])
    echo(f"{len(found)} events", err=True)


def _kinds(given: Sequence[str], *, of_one_alert: bool) -> frozenset[Kind] | None:
    from alerting.audit.trail import ServiceKind

    if _ALL in given or (of_one_alert and not given):
        return None
    return frozenset(kind for kind in (*ActKind, *ServiceKind) if _typed(kind.value) in given) or frozenset(ActKind)


def _is_wanted(app: App, connection: Transaction, said: str) -> Callable[[str], bool]:
    """Return what says whether an id is somebody's. Raises HandlingError where nobody who did or was told anything is meant."""
    from alerting.audit.trail import everybody_in
    from alerting.store.people import read_people

    people = read_people(connection, app.loaded.config.council.administrators)
    ids = {id_ for id_ in everybody_in(connection) if people.are_same(id_, said)}
    if not ids:
        people.named(said)  # somebody who has done nothing yet is somebody
    return ids.__contains__


def _cells(event: TrailEvent, zone: ZoneInfo) -> list[object]:
    about = f"{event.about} {', '.join(event.children)}" if event.children else event.about
    came_from = "@".join(filter(None, (event.account, event.host)))
    at = f"{event.at.astimezone(zone):%Y-%m-%d %H:%M}"
    return [at, event.by, event.did, about, event.to, event.approved_by, came_from, event.note]


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
