"""`alerting alerts list`: the open alerts."""

from __future__ import annotations

from collections import Counter
from datetime import date

import click

from alerting.authoring.draft import find_rule
from alerting.cli import build_app
from alerting.commands.alerts import as_row, measured, naming
from alerting.documents.document import did_you_mean
from alerting.errors import AlertingError
from alerting.formatting import listed
from alerting.model import Alert, Condition, Level
from alerting.notifications.content import ItemState
from alerting.notifications.triage import Section, place_of
from alerting.store import newest_directory
from alerting.store.store import Store
from alerting.terminal import echo, echo_json, echo_table

_LATE_WORDS = {Section.overdue: "overdue", Section.due_soon: "due soon", Section.due_later: "due later"}
_LATE = tuple(_LATE_WORDS.values())


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.option("--rule", help="Only of this rule: its code or id.")
@click.option("--team", help="Only of this team id.")
@click.option("--level", type=click.Choice(list(Level.__members__)), help="Only of this level or above.")
@click.option("--all", "everything", is_flag=True, help="Resolved ones too.")
@click.pass_context
def command(
    ctx: click.Context, rule: str | None, team: str | None, level: str | None, *, as_json: bool, everything: bool
) -> None:
    """List the open alerts, most serious first."""
    app = build_app(ctx)
    store = app.store()
    try:
        alerts = store.alerts() if everything else store.live()
        if rule and not any(rule in (alert.code, alert.rule) for alert in alerts):
            find_rule(app.book, rule)
        if team and not any(alert.team == team for alert in alerts):
            _find_team(store, team)
        with store.transaction() as connection:
            name = naming(app, connection)
            newest = store.latest_run(within=connection)
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
    as_of = newest.as_of if newest else date.min
    late = {alert.ref: _late(alert, as_of) for alert in chosen}
    echo_table(
        ["Ref", "Level", "Rule", "About", "Team", "Condition", "Measure", "Due", "Late", "Since"],
        [
            [
                alert.ref,
                alert.level.name,
                alert.code,
                name(alert),
                alert.team,
                alert.condition.value,
                measured(alert),
                alert.due,
                late[alert.ref],
                alert.first_seen,
            ]
            for alert in chosen
        ],
    )
    counted = Counter(late.values())
    split = [f"{counted[word]} {word}" for word in _LATE if counted[word]]
    echo(f"{len(chosen)} alerts{f': {listed(split)}' if split else ''}", err=True)


def _late(alert: Alert, as_of: date) -> str:
    """Return whether an alert is overdue or falls due, on the day of the last run, by the words of messages."""
    section = place_of(ItemState.open, Level.amber, alert.due, as_of) if alert.condition == Condition.firing else None
    return _LATE_WORDS.get(section, "") if section else ""


def _find_team(store: Store, team: str) -> None:
    """Raise AlertingError where the last run knew no such team."""
    with store.transaction() as connection:
        newest = newest_directory.read(connection)
    if newest and team not in newest.directory.teams:
        known = list(newest.directory.teams)
        raise AlertingError(f"there is no team '{team}'", remedy=did_you_mean(team, known) or "Give the id that ext_team has.")
