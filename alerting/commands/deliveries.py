"""`alerting deliveries`: what was sent to whom, and what became of it."""

from __future__ import annotations

import click

from alerting.cli import build_app, echo_json, echo_table
from alerting.outbox import Outbox


@click.group()
def command() -> None:
    """What was sent to whom, and what became of it."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.option("--state", help="Only in this state: planned, deferred, accepted, failed, cancelled, unknown.")
@click.option("--most", default=200, show_default=True, help="How many, newest first.")
@click.pass_context
def list_deliveries(ctx: click.Context, state: str | None, most: int, *, as_json: bool) -> None:
    """List the newest messages, without what stands in them."""
    app = build_app(ctx)
    store = app.store()
    try:
        rows = Outbox(store, domain=app.loaded.config.council.domain).listed(state=state, most=most)
    finally:
        store.close()
    if as_json:
        echo_json(rows)
        return
    echo_table(
        ["Planned", "For", "Purpose", "Receiver", "To", "State", "Attempts", "Answer"],
        [
            [
                f"{row['planned_at']:%Y-%m-%d %H:%M}",
                row["as_of"],
                row["purpose"],
                row["receiver"],
                row["name"],
                row["state"],
                row["attempts"],
                row["answer"],
            ]
            for row in rows
        ],
    )
