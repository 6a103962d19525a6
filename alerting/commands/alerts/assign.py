"""`alerting alerts assign`: an alert is given to somebody."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime

import click

from alerting.cli import acting, build_app
from alerting.commands.alerts import actions_of, as_of, by, find_alert, today_of
from alerting.terminal import echo


@click.command()
@click.argument("ref")
@click.option("--to", required=True, help="Who gets it: a worker id, address or name of the directory.")
@by("gives it away")
@click.option("--note", default="", help="Why.")
@as_of
@click.pass_context
def command(ctx: click.Context, ref: str, to: str, by: str | None, note: str, as_of: datetime | None) -> None:
    """Assign an alert to somebody of its team, or above it: they are told of it instead of whom the rule names first."""
    app = build_app(ctx)
    with closing(app.store()) as store:
        with store.reading() as connection:
            find_alert(store, ref, connection)  # A mistyped reference is not worth the reading of all case data.
        router = today_of(app, as_of).decision.router
        with store.transaction() as connection:
            alert = find_alert(store, ref, connection)
            worker = router.worker_named(to)
            actions_of(app, store, connection, acting(app, connection, by)[1]).assign(alert, worker, router, note=note)
    echo(f"{alert.ref} is {router.directory.name(worker)}'s from the next run on. Whoever had it is told that it has moved.")
