"""`alerting alerts take-back`: what was done to an alert is ended."""

from __future__ import annotations

import click

from alerting.alerts.handling import KINDS
from alerting.commands.alerts import acting, by
from alerting.terminal import echo


@click.command("take-back")
@click.argument("ref")
@click.argument("what", type=click.Choice([kind.replace("_", "-") for kind in KINDS]))
@by("takes it back")
@click.option("--note", default="", help="Why.")
@click.pass_context
def command(ctx: click.Context, ref: str, what: str, by: str | None, note: str) -> None:
    """End an acknowledgement, an assignment, a snooze, or that it was recorded or wrong in the data: the alert is as before."""
    kind = what.replace("-", "_")
    with acting(ctx, ref, by) as (at, alert):
        at.take_back(alert, kind, note=note)
    echo(f"{alert.ref} is not {KINDS[kind]} any more.")
