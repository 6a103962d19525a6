"""`alerting alerts not-useful`: an alert was of no use, and why."""

from __future__ import annotations

import click

from alerting.alerts.handling import REASONS
from alerting.commands.alerts import acting, by
from alerting.terminal import echo


@click.command()
@click.argument("ref")
@click.option("--reason", type=click.Choice(list(REASONS)), required=True, help="Why it was of no use.")
@click.option("--note", default="", help="What would have been right.")
@by("says so")
@click.pass_context
def command(ctx: click.Context, ref: str, reason: str, note: str, by: str | None) -> None:
    """Return that an alert was not useful, and why: it counts for its rule. Said again, it replaces what you said before."""
    with acting(ctx, ref, by) as (at, alert):
        at.not_useful(alert, reason=reason, note=note)
    echo(f"{alert.ref}: {at.by.name} says it was not useful, because {REASONS[reason]}. It stays as it is.")
