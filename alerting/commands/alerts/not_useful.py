"""`alerting alerts not-useful`: an alert was of no use, and why."""

from __future__ import annotations

import getpass

import click

from alerting.cli import build_app, now
from alerting.commands.alerts import find_alert
from alerting.handling import REASONS


@click.command()
@click.argument("ref")
@click.option("--reason", type=click.Choice(list(REASONS)), required=True, help="Why it was of no use.")
@click.option("--note", default="", help="What would have been right.")
@click.option("--by", default=getpass.getuser, help="Who says so; you when left out.")
@click.pass_context
def command(ctx: click.Context, ref: str, reason: str, note: str, by: str) -> None:
    """Say that an alert was not useful, and why: it counts for its rule. Said again, it replaces what you said before."""
    store = build_app(ctx).store()
    try:
        alert = find_alert(store, ref)
        store.handle(alert, "not_useful", by=by, note=note, reason=reason, now=now())
    finally:
        store.close()
    click.echo(f"{alert.ref}: {by} says it was not useful, because {REASONS[reason]}. It stays as it is.")
