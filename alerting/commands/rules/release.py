"""`alerting rules release`: a brake is taken off."""

from __future__ import annotations

import click

from alerting.cli import build_app, now
from alerting.errors import AlertingError
from alerting.wording import day, plural
from alerting.yaml_files import did_you_mean


@click.command()
@click.argument("rule")
@click.option("--by", required=True, help="Who has looked and releases it; kept with the brake.")
@click.option("--note", default="", help="What was found.")
@click.pass_context
def command(ctx: click.Context, rule: str, by: str, note: str) -> None:
    """Take a rule's brake off, by its code or id: the next run tells the alerts that it kept back."""
    from alerting import brakes

    app = build_app(ctx)
    codes = app.book.codes
    id_ = codes.get(rule.upper(), rule.lower())
    store = app.store()
    try:
        with store.transaction() as connection:
            released = brakes.release(connection, id_, by=by, note=note, now=now())
            others = [brake.rule for brake in brakes.on(connection)]
    finally:
        store.close()
    if released is None:
        known = [code for code, one in codes.items() if one in others]
        remedy = f"A brake is on for: {', '.join(known or others)}." if others else did_you_mean(rule.upper(), codes)
        raise AlertingError(f"no brake is on for the rule '{rule}'", remedy=remedy)
    click.echo(
        f"{rule.upper() if rule.upper() in codes else rule} is released by {by}: it was held since {day(released.since)}, "
        f"with {plural(released.count, 'new alert')}. The next run tells those that still hold."
    )
