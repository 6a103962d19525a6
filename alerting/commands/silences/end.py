"""`alerting silences end`: a silence is ended before its day."""

from __future__ import annotations

import click

from alerting.cli import acting, build_app, now, tell_now
from alerting.commands.alerts import by
from alerting.terminal import echo


@click.command()
@click.argument("silence", type=click.IntRange(1, 2**31 - 1))
@by("ends it")
@click.option("--note", default="", help="Why.")
@click.pass_context
def command(ctx: click.Context, silence: int, by: str | None, note: str) -> None:
    """End a silence now: the next run tells what it silenced and still holds."""
    from alerting.store import silences

    app = build_app(ctx)
    store = app.store()
    try:
        with store.transaction() as connection:
            _, actor = acting(app, connection, by)
            ended = silences.end(connection, silence, by=actor, note=note, now=now())
        tell_now(app, store)
    finally:
        store.close()
    echo(f"Silence {silence}, about {ended.matcher}, is ended by {actor.name}.")
