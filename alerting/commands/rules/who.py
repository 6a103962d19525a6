"""`alerting rules who`: who would be told of a rule's alert about one subject, and by which way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from alerting.authoring.draft import find_or_load
from alerting.cli import DAY, build_app, today
from alerting.terminal import echo, echo_json

if TYPE_CHECKING:
    from alerting.authoring.explain.who_is_told import Told, Way


@click.command()
@click.argument("rule")
@click.argument("subject")
@click.option("--as-of", type=DAY, help="The business date; today when left out.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.pass_context
def command(ctx: click.Context, rule: str, subject: str, as_of: datetime | None, *, as_json: bool) -> None:
    """Show who would be told of a rule's alert about one subject, at each level, and by which way they are found.

    RULE is a code, an id or the path of a file. SUBJECT is what alerts call their subject, such as a case number, or an alert's
    reference. Reads the case data and the store; nothing is stored or sent.
    """
    from alerting.authoring.explain.who_is_told import who_is_told

    app = build_app(ctx)
    found = find_or_load(app.book, rule)
    told = who_is_told(app, found, subject, as_of.date() if as_of else today(app))
    if as_json:
        echo_json(_as_json(told))
    else:
        _print(told)


def _print(told: Told) -> None:
    from alerting.formatting import day

    echo(f"{told.rule.code}  {told.rule.title}", bold=True)
    one = told.rule.file.per or f"{told.rule.subject.title[:1].lower()}{told.rule.subject.title[1:]}"
    echo(f"{one.capitalize()} {told.subject} on {day(told.as_of)}: {told.gives}. Team {told.team}; worker {told.worker}.")
    for note in told.notes:
        echo(f"  ! {note}")
    for level, ways in told.levels.items():
        today_ = "  (today)" if told.gives == level.name else ""
        echo(f"\nAt {level.name}{today_}")
        _ways(ways)
        for role in told.named[level]:
            echo(f"  {role}, whom the restricted record names")
    if told.escalations:
        echo("\nAs it stays open")
        _ways(told.escalations)
    echo("\nThrough")
    width = max(map(len, told.receivers), default=0)
    for name, what in told.receivers.items():
        echo(f"  {name:<{width}}  {what}")


def _ways(ways: Sequence[Way]) -> None:
    from alerting.notifications.roles import ROLE_WORDS

    width = max((len(ROLE_WORDS[way.role]) for way in ways), default=0)
    for way in ways:
        told = way.person or f"nobody: {way.why_not}"
        echo(f"  {ROLE_WORDS[way.role]:<{width}}  {told}{f', {way.when}' if way.when else ''}")
        for place, step in enumerate(() if way.direct else way.path):
            echo(f"  {'':<{width}}  {'-> ' if place else '   '}{step}")


def _as_json(told: Told) -> dict[str, Any]:
    def way(each: Way) -> dict[str, Any]:
        return {
            "role": each.role,
            "person": each.person,
            "direct": each.direct,
            "why_not": each.why_not,
            "when": each.when,
            "path": list(each.path),
        }

    return {
        "code": told.rule.code,
        "id": told.rule.id,
        "subject": told.subject,
        "as_of": told.as_of,
        "gives": told.gives,
        "team": told.team,
        "worker": told.worker,
        "levels": {level.name: [way(each) for each in ways] for level, ways in told.levels.items()},
        "named": {level.name: list(roles) for level, roles in told.named.items()},
        "escalations": [way(each) for each in told.escalations],
        "receivers": dict(told.receivers),
        "notes": list(told.notes),
    }
