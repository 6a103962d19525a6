"""`alerting alerts snooze`: an alert is kept out of messages for a while."""

from __future__ import annotations

from datetime import datetime

import click

from alerting.cli import DAY
from alerting.commands.alerts import acting, approved_by, by, echo_request
from alerting.terminal import echo


@click.command()
@click.argument("ref")
@click.option("--until", type=DAY, required=True, help="The last day of the snooze.")
@click.option("--reason", required=True, help="Why, such as a visit that is booked.")
@by("snoozes it")
@approved_by
@click.pass_context
def command(ctx: click.Context, ref: str, until: datetime, reason: str, by: str | None, approved_by: str | None) -> None:
    """Keep an alert out of messages until a day, its due date or a higher level. It stays open; a critical one takes two people."""
    with acting(ctx, ref, by, approved_by) as (at, alert):
        asked = at.snooze(alert, until=until.date(), reason=reason)
    if asked:
        echo_request(asked)
        return
    echo(f"{alert.ref} is snoozed until {until.date()}, for everybody.")
