"""`alerting alerts show`: one alert and its whole history."""

from __future__ import annotations

from typing import Any

import click

from alerting.alerts.handling import KINDS, REASONS, said
from alerting.cli import build_app, echo_json, today
from alerting.commands.alerts import as_row, find_alert, measured
from alerting.model import Alert, ClosingReason, Level
from alerting.notifications.recipient_log import EVERYBODY
from alerting.notifications.silences import silenced
from alerting.rulebook.rule import Rule
from alerting.store import recipient_log, silences


@click.command()
@click.argument("ref")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.pass_context
def command(ctx: click.Context, ref: str, *, as_json: bool) -> None:
    """Show one alert: what it says, since when, what clears it, and its whole history."""
    app = build_app(ctx)
    store = app.store()
    try:
        alert = find_alert(store, ref)
        history = store.history(alert.id or 0)
        with store.transaction() as connection:
            withheld = recipient_log.read_not_told(connection, alert.id or 0)
            quiet = silenced([alert], silences.standing(connection, today(app)))
    finally:
        store.close()
    if as_json:
        rows = [{"recipient": recipient, "reason": str(reason)} for recipient, reason in withheld]
        echo_json(as_row(alert) | {"facts": alert.facts, "history": history, "withheld": rows})
        return
    rule = next((rule for rule in (*app.book.rules, *app.book.off) if rule.id == alert.rule), None)
    click.echo(f"{alert.ref}  {alert.level.name}  {rule.title if rule else alert.rule} ({alert.code})")
    click.echo(
        f"{alert.subject_kind.replace('_', ' ')} {alert.subject}, team {alert.team or 'none'}, worker {alert.worker or 'none'}"
    )
    held = f": {alert.why_held}, since {alert.held_since}" if alert.held_reason else ""
    click.echo(f"{alert.condition.value}{held}; first seen {alert.first_seen}, {alert.level.name} since {alert.level_since}")
    click.echo(f"Measure: {measured(alert) or 'not known'}; due: {alert.due or 'no date'}")
    for name, value in alert.facts.items():
        click.echo(f"  {name.replace('_', ' ')}: {'not recorded' if value is None else value}")
    if alert.rule_version:
        click.echo(f"Made by version {alert.rule_version} of the rule{_since_changed(alert, rule)}")
    if rule:
        click.echo(f"Basis: {rule.basis_kind}: {rule.basis_text}")
    for act in alert.acts:
        if act.kind in KINDS:
            click.echo(f"Now: {said(act)}{f', to {act.assignee}' if act.assignee else ''}{f': {act.note}' if act.note else ''}")
    for silence in quiet.values():
        click.echo(f"Now: silenced by {silence.by} until {silence.until} (silence {silence.id}): {silence.reason}")
    for recipient, reason in withheld:
        click.echo(f"Not told today: {'everybody' if recipient == EVERYBODY else recipient}: {reason}")
    for row in history:
        click.echo(f"{row['at']:%Y-%m-%d %H:%M}  {_event(row)}")


def _since_changed(alert: Alert, rule: Rule | None) -> str:
    return f", which is version {rule.version} today" if rule and rule.version != alert.rule_version else ""


def _event(row: dict[str, Any]) -> str:
    if row["kind"] != "change":
        reasons = ClosingReason.choices() if row["kind"] == "close" else REASONS
        return (
            f"{row['kind'].replace('_', ' ')} by {row['by']}"
            + (f", because {reasons[row['reason']]}" if row["reason"] in reasons else "")
            + (f" of {row['reason'].replace('_', ' ')}" if row["kind"] == "take_back" else "")
            + (f" to {row['assignee']}" if row["assignee"] else "")
            + (f" until {row['until']}" if row["until"] else "")
            + (f", approved by {row['approved_by']}" if row["approved_by"] else "")
            + (f", ended by {row['ended_by']} on {row['ended_at']:%Y-%m-%d}" if row["ended_at"] else "")
            + (f": {row['note']}" if row["note"] else "")
        )
    before = f"{row['before']} {Level(row['level_before']).name} -> " if row["before"] else ""
    return f"{row['as_of']}: {before}{row['after']} {Level(row['level_after']).name} ({row['reason']}) by {row['by']}"
