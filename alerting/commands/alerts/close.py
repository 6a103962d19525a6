"""`alerting alerts close`: an alert is closed by somebody, and not by its record."""

from __future__ import annotations

from datetime import datetime

import click

from alerting.cli import build_app, now, today
from alerting.commands.alerts import DAY, approved_by, by, find_alert
from alerting.model import ClosingReason


@click.command()
@click.argument("ref")
@click.option("--reason", type=click.Choice(list(ClosingReason.choices())), required=True, help="Why it is closed.")
@click.option("--note", required=True, help="What was found, such as who was asked and what they said.")
@click.option("--until", type=DAY, help="The last day it stays closed though nothing changes; for good when left out.")
@by("closes it")
@approved_by
@click.pass_context
def command(
    ctx: click.Context, ref: str, reason: str, note: str, until: datetime | None, by: str, approved_by: str | None
) -> None:
    """Close an alert that its record does not close. It opens again if the record changes; a critical one takes two people."""
    from alerting.alerts import closing

    app = build_app(ctx)
    day, store = until.date() if until else None, app.store()
    try:
        with store.transaction() as connection:
            alert = find_alert(store, ref, connection)
            closing.close(
                store,
                connection,
                alert,
                reason=reason,
                note=note,
                by=by,
                now=now(),
                today=today(app),
                until=day,
                approved_by=approved_by,
            )
    finally:
        store.close()
    lasting = f" It stays closed until {day} at the latest." if day else ""
    click.echo(
        f"{alert.ref} is closed by {by}: {ClosingReason.choices()[reason]}. It opens again if the record changes.{lasting}"
    )
