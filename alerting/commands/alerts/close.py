"""`alerting alerts close`: an alert is closed by somebody, and not by its record."""

from __future__ import annotations

from datetime import datetime

import click

from alerting.cli import DAY
from alerting.commands.alerts import acting, approved_by, by, echo_request
from alerting.model import ClosingReason
from alerting.terminal import echo


@click.command()
@click.argument("ref")
@click.option("--reason", type=click.Choice(list(ClosingReason.choices())), required=True, help="Why it is closed.")
@click.option("--note", required=True, help="What was found, such as who was asked and what they said.")
@click.option("--until", type=DAY, help="The last day it stays closed though nothing changes; for good when left out.")
@by("closes it")
@approved_by
@click.pass_context
def command(
    ctx: click.Context, ref: str, reason: str, note: str, until: datetime | None, by: str | None, approved_by: str | None
) -> None:
    """Close an alert that its record does not close. It opens again if the record changes; a critical one takes two people."""
    day = until.date() if until else None
    with acting(ctx, ref, by, approved_by) as (at, alert):
        asked = at.close(alert, reason=reason, note=note, until=day)
    if asked:
        echo_request(asked)
        return
    lasting = f" It stays closed until {day} at the latest." if day else ""
    echo(
        f"{alert.ref} is closed by {at.by.name}: {ClosingReason.choices()[reason]}. It opens again if the record changes.{lasting}"
    )
