"""`alerting rules release`: brakes are looked at, and taken off."""

from __future__ import annotations

from collections.abc import Iterable

import click

from alerting.alerts.acts import Request
from alerting.alerts.brakes import KINDS, Brake
from alerting.app import App
from alerting.cli import acting, build_app, now, tell_now
from alerting.commands.alerts import echo_request
from alerting.documents.document import did_you_mean
from alerting.errors import AlertingError
from alerting.formatting import counted, day, plural
from alerting.model import Alert, Level
from alerting.store.store import Store
from alerting.terminal import echo, echo_table

_SAMPLE = 5


@click.command()
@click.argument("rule", required=False)
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="Release every brake that is on, as after the first day; what is implausible only by its rule.",
)
@click.option("--by", help="Who has looked and releases it; kept with the brake.")
@click.option("--note", default="", help="What was found.")
@click.pass_context
def command(ctx: click.Context, rule: str | None, by: str | None, note: str, *, every: bool) -> None:
    """Take a rule's brake off, by its code or id: the next run tells the alerts that it kept back. Without a rule, list what is on."""
    if rule and every:
        raise click.UsageError("Give a rule, or --all.", ctx)
    app = build_app(ctx)
    store = app.store()
    try:
        if rule is None and not every:
            _list(app, store)
        elif not by:
            raise click.UsageError("Say who has looked, with --by NAME.", ctx)
        else:
            _release(app, store, rule, by, note)
            tell_now(app, store)
    finally:
        store.close()


def _list(app: App, store: Store) -> None:
    """Show each brake that is on, how many alerts it keeps back, and some of them by reference."""
    from alerting.store import brakes

    with store.transaction() as connection:
        on, waiting = brakes.on(connection), brakes.read_kept_back(store, connection)
    if not on:
        echo("No brake is on.")
        return
    echo_table(
        ["Rule", "Since", "Because of", "Keeps back", "Such as"],
        [
            [
                app.book.code_of(brake.rule),
                day(brake.since, "short"),
                KINDS.get(brake.kind, brake.kind),
                *_kept_back(brake, waiting),
            ]
            for brake in on
        ],
    )


def _kept_back(brake: Brake, waiting: Iterable[Alert]) -> list[str]:
    mine = sorted((alert for alert in waiting if alert.rule == brake.rule), key=lambda alert: (-alert.level, alert.ref))
    counts = counted((sum(alert.level == level for alert in mine), level.name) for level in reversed(Level))
    return [", ".join(counts) or "nothing", " ".join(alert.ref for alert in mine[:_SAMPLE])]


def _release(app: App, store: Store, rule: str | None, said: str, note: str) -> None:
    from alerting.store import brakes
    from alerting.store.releasing import Releasing

    codes = app.book.codes
    id_ = rule and codes.get(rule.upper(), rule.lower())
    with store.transaction() as connection:
        _, actor = acting(app, connection, said)
        by = actor.name
        two = app.loaded.config.handling.two_release
        releasing = Releasing(connection=connection, by=actor, note=note, now=now(), two=two)
        released = releasing.release_brakes(id_, rule or "all brakes")
        if isinstance(released, Request):
            echo_request(released)
            return
        others = [brake.rule for brake in brakes.on(connection)]
    if not released:
        known = [code for code, one in codes.items() if one in others]
        if rule is None and known:
            remedy = f"Look at the columns that it reads, and release each by its code: {', '.join(known)}."
            raise AlertingError("what is on is of rules that found more than can be right", remedy=remedy)
        if rule is None:
            raise AlertingError("no brake is on", remedy="There is nothing to release.")
        remedy = f"A brake is on for: {', '.join(known or others)}." if others else did_you_mean(rule.upper(), codes)
        raise AlertingError(f"no brake is on for the rule '{rule}'", remedy=remedy)
    if rule is None:
        count = plural(len(released), "brake")
        echo(
            f"{count} released by {by}. The next run tells what was kept back and still holds: what was open on the first day as one summary each."
        )
        return
    named = rule.upper() if rule.upper() in codes else rule
    for brake in released:
        held = f"{brake.count} of {brake.population} that matched" if brake.is_implausible else plural(brake.count, "new alert")
        echo(f"{named} is released by {by}: it was held since {day(brake.since)}, with {held}.")
    echo("The next run tells what still holds.")
