"""`alerting silences list`: what is silenced."""

from __future__ import annotations

import click

from alerting.cli import build_app, today
from alerting.terminal import echo, echo_json, echo_table


@click.command("list")
@click.option("--all", "everything", is_flag=True, help="Those that are over too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.pass_context
def command(ctx: click.Context, *, everything: bool, as_json: bool) -> None:
    """List the silences that stand or are to come, the newest first, and how many open alerts each matches today."""
    from alerting.model import Condition
    from alerting.store import silences

    app = build_app(ctx)
    day, store = today(app), app.store()
    try:
        with store.transaction() as connection:
            found = silences.every(connection)
        opened = [alert for alert in store.live() if alert.condition != Condition.pending]
    finally:
        store.close()
    chosen = [each for each in found if everything or (each.ended_at is None and each.until >= day)]
    rows = [
        {
            "silence": each.id,
            "matcher": each.matcher.given(),
            "begins": each.begins.isoformat(),
            "until": each.until.isoformat(),
            "by": each.by,
            "approved_by": each.approved_by,
            "reason": each.reason,
            "matched_when_made": each.matched,
            "matches_today": sum(each.matches(alert) for alert in opened) if each.stands(day) else 0,
            "ended_by": each.ended_by,
            "ended_at": each.ended_at.isoformat() if each.ended_at else None,
        }
        for each in chosen
    ]
    if as_json:
        echo_json(rows)
        return
    keys = ("silence", "begins", "until", "matches_today", "by", "approved_by", "reason", "ended_by")
    headings = ["Silence", "From", "Until", "Alerts", "By", "Approved by", "Reason", "Ended by", "About"]
    echo_table(headings, [[*(row[key] for key in keys), str(each.matcher)] for row, each in zip(rows, chosen, strict=True)])
    echo(f"{len(rows)} silences", err=True)
