"""`alerting silences`: alerts of a kind that nobody is told of for a while. A file of this folder is a command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from alerting.cli import CommandFolder, today
from alerting.terminal import echo

if TYPE_CHECKING:
    from alerting.alerts.matcher import Matcher
    from alerting.app import App
    from alerting.notifications.silences import Impact, SilenceRequest

_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group(cls=CommandFolder, package=sys.modules[__name__])
def command() -> None:
    """Silence alerts of a kind for a while, for a reason; see what is silenced, and end it."""


def matching(command: _Command) -> _Command:
    """Add the options that say what is silenced; each may be given several times."""
    from alerting.model import Level

    for name, help_ in reversed(
        {
            "--rule": "Of this rule: its code or id.",
            "--team": "Of this team id.",
            "--level": "Of this level.",
            "--subject": "About this: the key that alerts show, such as a worker's id.",
            "--subject-kind": "About such as `worker` or `care_leaver`.",
            "--worker": "Whose allocated worker has this id.",
            "--child": "About this child.",
        }.items()
    ):
        kind = click.Choice(list(Level.__members__)) if name == "--level" else None
        command = click.option(name, multiple=True, type=kind, help=help_)(command)
    return command


def matcher_of(app: App, rule: Iterable[str], **others: Iterable[str]) -> Matcher:
    """Return what is silenced. Raises AlertingError where a rule is not there."""
    from alerting.alerts.matcher import Matcher
    from alerting.authoring.draft import find_rule

    return Matcher(
        rule=tuple(find_rule(app.book, name).id for name in rule if name.strip()), **{k: tuple(v) for k, v in others.items()}
    )


def refuse_today(app: App, request: SilenceRequest, day: date) -> None:
    """Raise HandlingError where a silence may be made by nobody today."""
    from alerting.notifications import silences

    silences.refuse_where_wrong(request, day, app.loaded.config.handling, app.add_working_days)


def impact_of(app: App, matcher: Matcher, as_of: datetime | None) -> Impact:
    """Return what would be silenced of today's open alerts, and from whom."""
    from alerting.commands.alerts import today_of
    from alerting.notifications import silences
    from alerting.store.silences import not_over

    found = today_of(app, as_of)
    store = app.store()
    with closing(store), store.transaction() as connection:
        others = not_over(connection, as_of.date() if as_of else today(app))
    kinds = {rule.id: rule.subject_kind for rule in app.book.rules}
    return silences.impact(matcher, found.decision.alerts, found.decision.router, others, kinds)


def echo_impact(matcher: Matcher, impact: Impact, share: int) -> None:
    """Print what would be silenced, whose it is and whether it takes two people."""
    from alerting.formatting import listed, plural

    echo(f"About {matcher}")
    levels = listed([f"{count} {level}" for level, count in impact.levels.items()])
    echo(f"Silences {len(impact.alerts)} of {plural(impact.open, 'open alert')}{f': {levels}' if levels else ''}")
    for label, counts in (("Team", impact.teams), ("Not told", impact.people)):
        for name, count in counts:
            echo(f"  {label}: {name}, {plural(count, 'alert')}")
    if impact.everything:
        echo(f"Refused: {impact.everything}.")
        return
    why = impact.needs_two(share)
    if why:
        echo(f"Takes two people: {why}.")
