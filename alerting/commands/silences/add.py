"""`alerting silences add`: a silence is made."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from typing import Any

import click

from alerting.alerts.acts import Request
from alerting.cli import DAY, acting, build_app, now, refuse_where_on_page, tell_now, today
from alerting.commands.alerts import approved_by, as_of, by, echo_request, second_named
from alerting.commands.silences import echo_impact, impact_of, matcher_of, matching, refuse_today
from alerting.terminal import echo


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
    by: str | None,
    approved_by: str | None,
    as_of: datetime | None,
    yes: bool,
    **keys: Any,
) -> None:
    """Keep alerts of a kind from everybody until a day. Prints whom it touches; makes it only with --yes."""
    from alerting.notifications.silences import SilenceRequest, refuse_everything
    from alerting.store import silences

    app = build_app(ctx)
    if approved_by is not None:
        refuse_where_on_page(app)
    limits, day, matcher = app.loaded.config.handling, today(app), matcher_of(app, **keys)
    store = app.store()
    with closing(store), store.transaction() as connection:
        people, actor = acting(app, connection, by)
        asked = second_named(people, actor, approved_by)
    request = SilenceRequest(
        matcher=matcher, reason=reason, by=actor, begins=begins.date() if begins else day, until=until.date(), asked=asked
    )
    refuse_today(app, request, day)
    impact = impact_of(app, matcher, as_of)
    echo_impact(matcher, impact, limits.silence_share)
    refuse_everything(impact)
    if not yes:
        echo("Nothing is silenced yet: the same with --yes makes it, or asks a second person where it takes two.")
        return
    with closing(store):
        with store.transaction() as connection:
            number = silences.add(connection, request, impact, limits, now())
        tell_now(app, store)
    if isinstance(number, Request):
        echo_request(number)
        return
    echo(f"Silence {number} is made, until {request.until}. `alerting silences end {number}` ends it before.")
