"""`alerting alerts recorded`: what an alert asks for is in the case system now."""

from __future__ import annotations

import click

from alerting.commands.alerts import acting, by
from alerting.terminal import echo


@click.command()
@click.argument("ref")
@by("says so")
@click.option("--note", default="", help="What was recorded.")
@click.pass_context
def command(ctx: click.Context, ref: str, by: str | None, note: str) -> None:
    """Return that you have recorded it: nobody is told of the alert until the next load, which shows it or does not."""
    with acting(ctx, ref, by) as (at, alert):
        at.recorded(alert, note=note)
    echo(f"{alert.ref} waits for the next load. It clears if that shows it, and is told again if not.")
