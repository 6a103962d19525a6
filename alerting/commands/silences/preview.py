"""`alerting silences preview`: what a silence would do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from alerting.cli import build_app
from alerting.commands.alerts import as_of
from alerting.commands.silences import echo_impact, impact_of, matcher_of, matching
from alerting.errors import HandlingError
from alerting.terminal import echo_json


@click.command()
@matching
@as_of
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.pass_context
def command(ctx: click.Context, /, *, as_of: datetime | None, as_json: bool, **keys: Any) -> None:
    """Show how many open alerts a silence would keep from whom. Nothing is changed."""
    app = build_app(ctx)
    matcher = matcher_of(app, **keys)
    if not matcher.given():
        raise HandlingError("a silence of everything is refused", remedy="Say what it is about, such as --rule or --team.")
    impact, share = impact_of(app, matcher, as_of), app.loaded.config.handling.silence_share
    if not as_json:
        echo_impact(matcher, impact, share)
        return
    echo_json(
        {
            "matcher": matcher.given(),
            "matched": len(impact.alerts),
            "open": impact.open,
            "levels": dict(impact.levels),
            "teams": dict(impact.teams),
            "people": dict(impact.people),
            "refused": impact.everything,
            "takes_two": impact.needs_two(share),
        }
    )
