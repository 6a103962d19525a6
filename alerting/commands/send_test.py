"""`alerting send-test RECEIVER`: one message that says it is a test."""

from __future__ import annotations

import click

from alerting.cli import build_app, now, today
from alerting.documents.document import did_you_mean
from alerting.errors import ConfigError
from alerting.notifications.content import Notification, SendTestContent
from alerting.notifications.routing import notification_key
from alerting.terminal import echo


@click.command()
@click.argument("receiver")
@click.option("--to", "address", help="The address to send to; the first administrator when left out.")
@click.option("--team", help="The team whose channel is to get it, for a receiver of channels.")
@click.pass_context
def command(ctx: click.Context, receiver: str, address: str | None, team: str | None) -> None:
    """Send one message that says it is a test, and print the receiver's answer."""
    app = build_app(ctx)
    if receiver not in app.notifiers:
        known = list(app.loaded.config.receivers)
        problem = f"the receiver '{receiver}' cannot be used" if receiver in known else f"there is no receiver '{receiver}'"
        remedy = (
            "`alerting check` says what is wrong."
            if receiver in known
            else did_you_mean(receiver, known) or f"There are: {', '.join(known)}."
        )
        raise ConfigError(problem, remedy=remedy)
    seen, notifier = app.receivers()[receiver]
    council = app.loaded.config.council
    if seen.teams is None:
        address = address or next((one.address for one in council.administrators), None)
        if address is None:
            raise ConfigError("there is nobody to send to", remedy="Give --to, or name `administrators` under `council:`.")
    else:
        team = team or next(iter(sorted(seen.teams)), None)
        if team not in seen.teams:
            raise ConfigError(
                f"there is no channel for team '{team}'", remedy=f"There are: {', '.join(sorted(seen.teams)) or 'none'}."
            )
    day, recipient = today(app), f"team:{team}" if seen.teams is not None else str(address)
    key = notification_key("test", day, receiver, recipient, [now().isoformat()])
    notification = Notification(
        key=key,
        receiver=receiver,
        purpose="test",
        recipient=recipient,
        name=team or "Administrator",
        address=address,
        as_of=day,
        content=SendTestContent(receiver=receiver),
    )
    rendered = app.words().render(
        notification,
        ceiling=notifier.ceiling,
        message_id=f"<{key}@{council.domain}>",
        planned_at=now(),
        channel=team if seen.teams is not None else None,
    )
    try:
        answer = notifier.send(rendered.message, lambda: None)
    finally:
        notifier.close()
    echo(f"{receiver} took it: {answer}")
