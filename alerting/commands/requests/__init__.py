"""`alerting requests`: what waits for a second person. A file of this folder is a command."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from alerting.alerts.acts import Request, SilenceWanted
from alerting.cli import CommandFolder, now, tell_now, today

if TYPE_CHECKING:
    from alerting.app import App
    from alerting.notifications.silences import Impact
    from alerting.store.store import Store


@click.group(cls=CommandFolder, package=sys.modules[__name__])
def command() -> None:
    """See what waits for a second person, approve it or take it back."""


def lapse(app: App, store: Store) -> None:
    """End the requests whose time has passed, and tell of it, so that nobody approves them."""
    from alerting.store import acts

    with store.transaction() as connection:
        ended = acts.lapse(connection, app.last_day_of_request, today(app), now())
    if ended:
        tell_now(app, store)


def look(app: App, request: Request) -> Impact | None:
    """Return what a silence that is asked for would silence today; None for what is no silence. It reads the case data, and so comes first."""
    from alerting.commands.silences import impact_of

    return impact_of(app, request.wanted.matcher, None) if isinstance(request.wanted, SilenceWanted) else None
