"""`alerting alerts show`: one alert and its whole history."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from alerting.alerts.handling import KINDS, REASONS, said
from alerting.cli import build_app, today
from alerting.commands.alerts import as_row, find_alert, measured, naming
from alerting.model import Alert, ClosingReason
from alerting.notifications.recipient_log import EVERYBODY
from alerting.notifications.silences import silenced
from alerting.rulebook.rule import Rule
from alerting.store import recipient_log, silences
from alerting.store.alert_history import Change, HandlingEvent, read_history
from alerting.terminal import echo, echo_json


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
        with store.transaction() as connection:
            history = read_history(connection, alert.id or 0)
            withheld = recipient_log.read_not_told(connection, alert.id or 0)
            about = naming(app, connection)(alert)
            quiet = silenced([alert], silences.standing(connection, today(app)))
    finally:
        store.close()
    if as_json:
        rows = [{"recipient": recipient, "reason": str(reason)} for recipient, reason in withheld]
        echo_json(as_row(alert) | {"facts": alert.facts, "history": [_as_json(event) for event in history], "withheld": rows})
        return
    rule = next((rule for rule in app.book.every if rule.id == alert.rule), None)
    echo(f"{alert.ref}  {alert.level.name}  {rule.title if rule else alert.rule} ({alert.code})")
    echo(f"{about}, team {alert.team or 'none'}, worker {alert.worker or 'none'}")
    held = f": {alert.why_held}, since {alert.held_since}" if alert.held_reason else ""
    echo(f"{alert.condition.value}{held}; first seen {alert.first_seen}, {alert.level.name} since {alert.level_since}")
    echo(f"Measure: {measured(alert) or 'not known'}; due: {alert.due or 'no date'}")
    for name, value in alert.facts.items():
        echo(f"  {name.replace('_', ' ')}: {'not recorded' if value is None else value}")
    if alert.rule_version:
        echo(f"Made by version {alert.rule_version} of the rule{_since_changed(alert, rule)}")
    if rule:
        echo(f"Basis: {rule.basis_kind}: {rule.basis_text}")
    for act in alert.acts:
        if act.kind in KINDS:
            echo(f"Now: {said(act)}{f', to {act.assignee}' if act.assignee else ''}{f': {act.note}' if act.note else ''}")
    for silence in quiet.values():
        echo(f"Now: silenced by {silence.by} until {silence.until} (silence {silence.id}): {silence.reason}")
    for recipient, reason in withheld:
        echo(f"Not told today: {'everybody' if recipient == EVERYBODY else recipient}: {reason}")
    for event in history:
        told = _change_told(event) if isinstance(event, Change) else _handling_told(event)
        echo(f"{event.at:%Y-%m-%d %H:%M}  {told}")


def _since_changed(alert: Alert, rule: Rule | None) -> str:
    return f", which is version {rule.version} today" if rule and rule.version != alert.rule_version else ""


def _change_told(change: Change) -> str:
    before = f"{change.before} {change.level_before.name} -> " if change.before and change.level_before else ""
    return f"{change.as_of}: {before}{change.after} {change.level_after.name} ({change.reason}) by {change.by}"


def _handling_told(event: HandlingEvent) -> str:
    reasons = ClosingReason.choices() if event.kind == "close" else REASONS
    return (
        f"{event.kind.replace('_', ' ')} by {event.by}"
        + (f", because {reasons[event.reason]}" if event.reason in reasons else "")
        + (f" of {event.reason.replace('_', ' ')}" if event.kind == "take_back" and event.reason else "")
        + (f" to {event.assignee}" if event.assignee else "")
        + (f" until {event.until}" if event.until else "")
        + (f", approved by {event.approved_by}" if event.approved_by else "")
        + (f", ended by {event.ended_by} on {event.ended_at:%Y-%m-%d}" if event.ended_at else "")
        + (f": {event.note}" if event.note else "")
    )


def _as_json(event: Change | HandlingEvent) -> dict[str, Any]:
    return {"kind": "change"} | asdict(event)
