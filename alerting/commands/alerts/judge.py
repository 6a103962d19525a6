"""`alerting alerts judge`: whether an alert of a rule that is tried first is right."""

from __future__ import annotations

import click

from alerting.alerts.handling import why_not_judged
from alerting.cli import build_app
from alerting.commands.alerts import acting, by
from alerting.errors import HandlingError
from alerting.terminal import echo


@click.command()
@click.argument("ref")
@click.argument("verdict", type=click.Choice(["right", "wrong"]))
@click.option("--why", default="", help="What makes it so; needed where it is wrong.")
@by("judges it")
@click.pass_context
def command(ctx: click.Context, ref: str, verdict: str, why: str, by: str | None) -> None:
    """Say whether an alert is right or wrong: it counts for its rule. Said again, it replaces what you said before."""
    with acting(ctx, ref, by) as (at, alert):
        rule = next((each for each in build_app(ctx).book.rules if each.id == alert.rule), None)
        if rule is not None and (why_not := why_not_judged(rule)) is not None:
            raise HandlingError(
                why_not,
                remedy="`alerting rules quality` says how many there are; `alerting rules promote` takes a reason.",
            )
        at.judge(alert, verdict=verdict, why=why)
    echo(f"{alert.ref}: {at.by.name} says it is {verdict}. It stays as it is.")
