"""`alerting alerts acknowledge`: somebody has an alert in hand."""

from __future__ import annotations

from datetime import datetime

import click

from alerting.audit.messages import told_people
from alerting.cli import DAY
from alerting.commands.alerts import acting, by
from alerting.terminal import echo


@click.command()
@click.argument("ref")
@by("acknowledges it")
@click.option("--note", default="", help="What is being done.")
@click.option("--until", type=DAY, help="When reminders start again; the longest there is when left out.")
@click.pass_context
def command(ctx: click.Context, ref: str, by: str | None, note: str, until: datetime | None) -> None:
    """Return that you have an alert in hand: you are not reminded of it until then, unless its level rises."""
    with acting(ctx, ref, by) as (at, alert):
        day = at.acknowledge(alert, note=note, until=until.date() if until else None)
        is_told = at.by.id.casefold() in told_people(at.connection, alert.id or 0)
    if not is_told:
        echo(f"{at.by.name} has not been told of it, so this quietens nobody.", err=True)
    echo(f"{alert.ref} is acknowledged by {at.by.name} until {day}. Whoever else is told of it still is.")
