"""`alerting serve`: the service that starts the jobs itself, at their times."""

from __future__ import annotations

from pathlib import Path

import click

from alerting.cli import build_app, now
from alerting.terminal import echo


@click.command()
@click.option(
    "--alive",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file to write each minute, so that somebody else can see it goes on.",
)
@click.option("--once", is_flag=True, help="Do what is due and send what waits, then end.")
@click.pass_context
def command(ctx: click.Context, alive: Path | None, *, once: bool) -> None:
    """Run the jobs at their times, and in between send what waits, until told to stop."""
    from alerting.runs.stopping import told_to_stop
    from alerting.service import Service

    service = Service(config=ctx.obj, build=lambda: build_app(ctx), clock=now, log=_log, alive=alive)
    with told_to_stop(service.give_back, code=0, on_signal=service.ring) as stop:
        service.run(stop.asked, once=once)


def _log(text: str) -> None:
    echo(f"{now():%Y-%m-%d %H:%M:%S} UTC  {text}", err=True)
