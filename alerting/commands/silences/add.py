"""`alerting silences add`: a silence is made."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from alerting.cli import build_app, now, today
from alerting.commands.alerts import DAY, approved_by, as_of, by
from alerting.commands.silences import echo_impact, impact_of, matcher_of, matching


@click.command()
@matching
@click.option("--until", type=DAY, required=True, help="Its last day.")
@click.option("--from", "begins", type=DAY, help="Its first day; today when left out.")
@click.option("--reason", required=True, help="Why.")
@by("makes it")
@approved_by
@as_of
@click.option("--yes", is_flag=True, help="Make it: what it silences has been looked at.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    until: datetime,
    begins: datetime | None,
    reason: str,
    by: str,
    approved_by: str | None,
    as_of: datetime | None,
    yes: bool,
    **keys: Any,
) -> None:
    """Keep alerts of a kind from everybody until a day. Prints whom it touches; makes it only with --yes."""
    from alerting.notifications.silences import SilenceRequest, refuse_one_alone, refuse_where_wrong
    from alerting.store import silences
    from alerting.working_days import add_working_days

    app = build_app(ctx)
    limits, day, matcher = app.loaded.config.handling, today(app), matcher_of(app, **keys)
    request = SilenceRequest(
        matcher=matcher,
        reason=reason,
        by=by,
        begins=begins.date() if begins else day,
        until=until.date(),
        approved_by=approved_by,
    )
    holidays = app.book.settings.bank_holidays
    refuse_where_wrong(request, day, limits, lambda start, count: add_working_days(start, count, holidays))
    impact = impact_of(app, matcher, as_of)
    echo_impact(matcher, impact, limits.silence_share)
    refuse_one_alone(request, impact, limits)
    if not yes:
        click.echo("Nothing is silenced yet: the same with --yes makes it.")
        return
    store = app.store()
    try:
        with store.transaction() as connection:
            number = silences.add(connection, request, impact, limits, now())
    finally:
        store.close()
    click.echo(f"Silence {number} is made, until {request.until}. `alerting silences end {number}` ends it before.")
