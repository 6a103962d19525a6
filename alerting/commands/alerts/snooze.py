"""`alerting alerts snooze`: an alert is kept out of messages for a while."""

from __future__ import annotations

import getpass
from datetime import datetime

import click

from alerting.commands.alerts import DAY, handle


@click.command()
@click.argument("ref")
@click.option("--until", type=DAY, required=True, help="The last day of the snooze.")
@click.option("--reason", required=True, help="Why, such as a visit that is booked.")
@click.option("--by", default=getpass.getuser, help="Who snoozes it; you when left out.")
@click.pass_context
def command(ctx: click.Context, ref: str, until: datetime, reason: str, by: str) -> None:
    """Keep an alert out of messages until a day. It stays open, and a critical one cannot be snoozed."""
    handle(ctx, ref, "snooze", by=by, note=reason, until=until.date())
    click.echo(f"{ref} is snoozed until {until.date()}.")
