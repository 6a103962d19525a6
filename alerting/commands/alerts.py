"""`alerting alerts`: the lists people ask for, and what they do about an alert."""

from __future__ import annotations

import getpass
from datetime import date, datetime
from typing import Any

import click

from alerting.cli import build_app, echo_json, echo_table, now, today
from alerting.errors import AlertingError
from alerting.handling import REASONS
from alerting.model import Alert, Condition, Level
from alerting.rule import Rule
from alerting.store import Store

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def command() -> None:
    """List alerts, look at one, acknowledge or snooze it, say that it was not useful."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.option("--rule", help="Only of this rule: its code or id.")
@click.option("--team", help="Only of this team id.")
@click.option("--level", type=click.Choice(list(Level.__members__)), help="Only of this level or above.")
@click.option("--all", "everything", is_flag=True, help="Resolved ones too.")
@click.pass_context
def list_alerts(
    ctx: click.Context, rule: str | None, team: str | None, level: str | None, *, as_json: bool, everything: bool
) -> None:
    """List the open alerts, most serious first."""
    store = build_app(ctx).store()
    try:
        alerts = store.alerts() if everything else store.live()
    finally:
        store.close()
    chosen = [
        alert
        for alert in alerts
        if alert.condition != Condition.pending
        and (rule is None or rule in (alert.code, alert.rule))
        and (team is None or alert.team == team)
        and (level is None or alert.level >= Level[level])
    ]
    chosen.sort(key=lambda alert: (-alert.level, alert.due or date.max, alert.ref))
    if as_json:
        echo_json([as_row(alert) for alert in chosen])
        return
    echo_table(
        ["Ref", "Level", "Rule", "Subject", "Team", "Condition", "Measure", "Due", "Since"],
        [
            [
                alert.ref,
                alert.level.name,
                alert.code,
                alert.subject,
                alert.team,
                alert.condition.value,
                _measured(alert),
                alert.due,
                alert.first_seen,
            ]
            for alert in chosen
        ],
    )
    click.echo(f"{len(chosen)} alerts", err=True)


def as_row(alert: Alert) -> dict[str, Any]:
    """Give an alert as `alerts list --json` prints it."""
    measure = int(alert.measure) if alert.measure is not None and alert.measure == int(alert.measure) else alert.measure
    return {
        "ref": alert.ref,
        "code": alert.code,
        "rule": alert.rule,
        "subject": alert.subject,
        "subject_kind": alert.subject_kind,
        "level": alert.level.name,
        "condition": alert.condition.value,
        "measure": measure,
        "unit": alert.unit,
        "due": alert.due.isoformat() if alert.due else None,
        "team": alert.team,
        "worker": alert.worker,
        "first_seen": alert.first_seen.isoformat(),
        "acknowledged_by": alert.acknowledged_by,
        "snoozed_until": alert.snoozed_until.isoformat() if alert.snoozed_until else None,
        "held_reason": alert.held_reason,
        "rule_version": alert.rule_version,
    }


@command.command()
@click.argument("ref")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.pass_context
def show(ctx: click.Context, ref: str, *, as_json: bool) -> None:
    """Show one alert: what it says, since when, what clears it, and its whole history."""
    app = build_app(ctx)
    store = app.store()
    try:
        alert = _find(store, ref)
        history = store.history(alert.id or 0)
    finally:
        store.close()
    if as_json:
        echo_json(as_row(alert) | {"facts": alert.facts, "history": history})
        return
    rule = next((rule for rule in (*app.book.rules, *app.book.off) if rule.id == alert.rule), None)
    click.echo(f"{alert.ref}  {alert.level.name}  {rule.title if rule else alert.rule} ({alert.code})")
    click.echo(
        f"{alert.subject_kind.replace('_', ' ')} {alert.subject}, team {alert.team or 'none'}, worker {alert.worker or 'none'}"
    )
    held = f": {alert.held_reason}, since {alert.held_since}" if alert.held_reason else ""
    click.echo(f"{alert.condition.value}{held}; first seen {alert.first_seen}, {alert.level.name} since {alert.level_since}")
    click.echo(f"Measure {_measured(alert)}, due {alert.due or 'no date'}")
    for name, value in alert.facts.items():
        click.echo(f"  {name.replace('_', ' ')}: {value}")
    if alert.rule_version:
        click.echo(f"Made by version {alert.rule_version} of the rule{_since_changed(alert, rule)}")
    if rule:
        click.echo(f"Basis: {rule.basis_kind}: {rule.basis_text}")
    for row in history:
        click.echo(f"{row['at']:%Y-%m-%d %H:%M}  {_event(row)}")


@command.command()
@click.argument("ref")
@click.option("--by", default=getpass.getuser, help="Who acknowledges it; you when left out.")
@click.option("--note", default="", help="What is being done.")
@click.option("--until", type=_DAY, help="When reminders start again; ten working days when left out.")
@click.pass_context
def acknowledge(ctx: click.Context, ref: str, by: str, note: str, until: datetime | None) -> None:
    """Say that somebody has an alert in hand: it is not reminded of until then, unless its level rises."""
    from alerting.working_days import add_working_days

    app = build_app(ctx)
    day = until.date() if until else add_working_days(today(app), 10, app.book.settings.bank_holidays)
    _handle(ctx, ref, "acknowledge", by=by, note=note, until=day)
    click.echo(f"{ref} is acknowledged by {by} until {day}.")


@command.command()
@click.argument("ref")
@click.option("--until", type=_DAY, required=True, help="The last day of the snooze.")
@click.option("--reason", required=True, help="Why, such as a visit that is booked.")
@click.option("--by", default=getpass.getuser, help="Who snoozes it; you when left out.")
@click.pass_context
def snooze(ctx: click.Context, ref: str, until: datetime, reason: str, by: str) -> None:
    """Keep an alert out of messages until a day. It stays open, and a critical one cannot be snoozed."""
    _handle(ctx, ref, "snooze", by=by, note=reason, until=until.date())
    click.echo(f"{ref} is snoozed until {until.date()}.")


@command.command()
@click.argument("ref")
@click.option("--reason", type=click.Choice(list(REASONS)), required=True, help="Why it was of no use.")
@click.option("--note", default="", help="What would have been right.")
@click.option("--by", default=getpass.getuser, help="Who says so; you when left out.")
@click.pass_context
def not_useful(ctx: click.Context, ref: str, reason: str, note: str, by: str) -> None:
    """Say that an alert was not useful, and why: it counts for its rule. Said again, it replaces what you said before."""
    store = build_app(ctx).store()
    try:
        alert = _find(store, ref)
        store.handle(alert, "not_useful", by=by, note=note, reason=reason, now=now())
    finally:
        store.close()
    click.echo(f"{alert.ref}: {by} says it was not useful, because {REASONS[reason]}. It stays as it is.")


def _handle(ctx: click.Context, ref: str, kind: str, *, by: str, note: str, until: date) -> None:
    app = build_app(ctx)
    if until < today(app):
        raise AlertingError(f"{until} has passed", remedy="Give a day to come with --until.")
    store = app.store()
    try:
        alert = _find(store, ref)
        if alert.condition == Condition.resolved:
            raise AlertingError(f"{alert.ref} is resolved already: {alert.resolved_reason}")
        if kind == "snooze" and alert.level == Level.critical:
            raise AlertingError(
                f"{alert.ref} is critical and cannot be snoozed", remedy="Acknowledge it, and say what is being done."
            )
        store.handle(alert, kind, by=by, note=note, until=until, now=now())
    finally:
        store.close()


def _find(store: Store, ref: str) -> Alert:
    found = store.find(ref)
    if found is None:
        raise AlertingError(f"there is no alert {ref}", remedy="`alerting alerts list --all` shows them.")
    return found


def _measured(alert: Alert) -> str:
    return f"{alert.measure:g} {alert.unit}" if alert.measure is not None else ""


def _since_changed(alert: Alert, rule: Rule | None) -> str:
    return f", which is version {rule.version} today" if rule and rule.version != alert.rule_version else ""


def _event(row: dict[str, Any]) -> str:
    if row["kind"] != "change":
        return (
            f"{row['kind'].replace('_', ' ')} by {row['by']}"
            + (f", because {REASONS[row['reason']]}" if row["reason"] else "")
            + (f" until {row['until']}" if row["until"] else "")
            + (f": {row['note']}" if row["note"] else "")
        )
    before = f"{row['before']} {Level(row['level_before']).name} -> " if row["before"] else ""
    return f"{row['as_of']}: {before}{row['after']} {Level(row['level_after']).name} ({row['reason']}) by {row['by']}"
