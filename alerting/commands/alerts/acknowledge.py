"""`alerting alerts acknowledge`: somebody has an alert in hand."""

from __future__ import annotations

import getpass
from datetime import datetime

import click

from alerting.cli import build_app, today
from alerting.commands.alerts import DAY, handle


@click.command()
@click.argument("ref")
@click.option("--by", default=getpass.getuser, help="Who acknowledges it; you when left out.")
@click.option("--note", default="", help="What is being done.")
@click.option("--until", type=DAY, help="When reminders start again; ten working days when left out.")
@click.pass_context
def command(ctx: click.Context, ref: str, by: str, note: str, until: datetime | None) -> None:
    """Say that somebody has an alert in hand: it is not reminded of until then, unless its level rises."""
    from alerting.working_days import add_working_days

    app = build_app(ctx)
    day = until.date() if until else add_working_days(today(app), 10, app.book.settings.bank_holidays)
    handle(ctx, ref, "acknowledge", by=by, note=note, until=day)
    click.echo(f"{ref} is acknowledged by {by} until {day}.")
