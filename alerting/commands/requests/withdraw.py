"""`alerting requests withdraw`: a request is taken back."""

from __future__ import annotations

from contextlib import closing

import click

from alerting.cli import acting, build_app, now, tell_now
from alerting.terminal import echo


@click.command()
@click.argument("number", type=click.IntRange(1, 2**31 - 1))
@click.option("--by", help="Who takes it back: a worker id, address or name.")
@click.option("--note", default="", help="Why.")
@click.pass_context
def command(ctx: click.Context, number: int, by: str | None, note: str) -> None:
    """Take back what was asked for, by the number of the request, so that nobody can approve it any more."""
    from alerting.commands.requests import lapse
    from alerting.store import acts

    app = build_app(ctx)
    store = app.store()
    lapse(app, store)
    with closing(store):
        with store.transaction() as connection:
            _, actor = acting(app, connection, by)
            request = acts.withdraw(connection, number, actor, now(), note=note)
        tell_now(app, store)
    echo(f"Request {number}, about {request.about}, is taken back by {actor.name}.")
