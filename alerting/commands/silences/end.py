"""`alerting silences end`: a silence is ended before its day."""

from __future__ import annotations

import click

from alerting.cli import build_app, now
from alerting.commands.alerts import by


@click.command()
@click.argument("silence", type=int)
@by("ends it")
@click.option("--note", default="", help="Why.")
@click.pass_context
def command(ctx: click.Context, silence: int, by: str, note: str) -> None:
    """End a silence now: the next run tells what it silenced and still holds."""
    from alerting.store import silences

    store = build_app(ctx).store()
    try:
        with store.transaction() as connection:
            ended = silences.end(connection, silence, by=by, note=note, now=now())
    finally:
        store.close()
    click.echo(f"Silence {silence}, about {ended.matcher}, is ended by {by}.")
