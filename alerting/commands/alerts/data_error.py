"""`alerting alerts data-error`: the record that an alert comes from is wrong."""

from __future__ import annotations

import click

from alerting.alerts.acts import Request
from alerting.commands.alerts import acting, approved_by, by, echo_request
from alerting.terminal import echo


@click.command()
@click.argument("ref")
@click.option("--note", required=True, help="What is wrong with the record.")
@by("says so")
@approved_by
@click.pass_context
def command(ctx: click.Context, ref: str, note: str, by: str | None, approved_by: str | None) -> None:
    """Return that the record is wrong: the alert leaves messages, and goes to the list for whoever puts data right."""
    with acting(ctx, ref, by, approved_by) as (at, alert):
        until = at.data_error(alert, note=note)
    if isinstance(until, Request):
        echo_request(until)
        return
    echo(
        f"{alert.ref} is on the list of data errors. It clears when the record is right; if not, it is told again after {until}."
    )
