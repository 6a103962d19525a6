"""`alerting alerts`: the lists people ask for, and what they do about an alert. A file of this folder is a command."""

from __future__ import annotations

import sys
from datetime import date
from typing import Any

import click

from alerting.cli import CommandFolder, build_app, now, today
from alerting.errors import AlertingError
from alerting.model import Alert, Condition, Level
from alerting.store import Store

DAY = click.DateTime(["%Y-%m-%d"])


@click.group(cls=CommandFolder, package=sys.modules[__name__])
def command() -> None:
    """List alerts, look at one, and say what is done about it."""


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


def handle(ctx: click.Context, ref: str, kind: str, *, by: str, note: str, until: date) -> None:
    """Write down what somebody did to an alert until a day. Raises AlertingError where that may not be done."""
    app = build_app(ctx)
    if until < today(app):
        raise AlertingError(f"{until} has passed", remedy="Give a day to come with --until.")
    store = app.store()
    try:
        alert = find_alert(store, ref)
        if alert.condition == Condition.resolved:
            raise AlertingError(f"{alert.ref} is resolved already: {alert.resolved_reason}")
        if kind == "snooze" and alert.level == Level.critical:
            raise AlertingError(
                f"{alert.ref} is critical and cannot be snoozed", remedy="Acknowledge it, and say what is being done."
            )
        store.handle(alert, kind, by=by, note=note, until=until, now=now())
    finally:
        store.close()


def find_alert(store: Store, ref: str) -> Alert:
    """Give the alert with a reference. Raises AlertingError where there is none."""
    found = store.find(ref)
    if found is None:
        raise AlertingError(f"there is no alert {ref}", remedy="`alerting alerts list --all` shows them.")
    return found


def measured(alert: Alert) -> str:
    """Give an alert's measure with its unit, "" where it has none."""
    return f"{alert.measure:g} {alert.unit}" if alert.measure is not None else ""
