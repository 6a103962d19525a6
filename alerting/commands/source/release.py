"""`alerting source release`: what a run doubted, and somebody found to be right after all."""

from __future__ import annotations

from contextlib import closing

import click

from alerting.alerts.acts import Request
from alerting.app import App
from alerting.casedata.catalogue import TABLES
from alerting.casedata.restricted_list import RESTRICTED
from alerting.cli import acting, build_app, now, tell_now
from alerting.commands.alerts import echo_request
from alerting.documents.document import did_you_mean
from alerting.errors import AlertingError
from alerting.formatting import day, plural
from alerting.store import load_history
from alerting.store.load_history import Doubt
from alerting.store.releasing import Releasing
from alerting.store.store import Store
from alerting.terminal import echo


@click.command("release")
@click.argument("table")
@click.option("--by", required=True, help="Who has looked and found it to be right; kept with the release.")
@click.option("--note", required=True, help="Why it is right, such as: a second system was added.")
@click.pass_context
def command(ctx: click.Context, table: str, by: str, note: str) -> None:
    """Let the change that the last run found in a table count as right: from then on its rows are what others are compared with.

    The list of restricted records (ext_restricted), where it is doubted, takes a second person, and is released for the very ids
    that it has; that people were taken off it takes one.
    """
    name = table.lower().partition(".")[0]
    app = build_app(ctx)
    store = app.store()
    if name == RESTRICTED:
        _release_list(app, store, by, note)
        return
    try:
        with store.transaction() as connection:
            _, actor = acting(app, connection, by)
            two = app.loaded.config.handling.two_release
            doubt = Releasing(connection=connection, by=actor, note=note, now=now(), two=two).release_table(name)
            known = [each.table for each in load_history.doubts(connection) if each.flaws]
        tell_now(app, store)
    finally:
        store.close()
    if isinstance(doubt, Request):
        echo_request(doubt)
        return
    if doubt is None or not doubt.flaws:
        raise _nothing_to_release(name, doubt, known)
    said = "; ".join(f"{about} {doubt.problems[about]}" for about in doubt.flaws)
    echo(f"{name} is released by {actor.name}: {said} ({day(doubt.as_of)}).")
    for about, why in doubt.problems.items():
        if about not in doubt.flaws:
            echo(f"Still not trusted: {about} {why}. Only its source can put that right.")
    echo("The next run trusts it with what it has now; `alerting run daily` again does so today.")


def _release_list(app: App, store: Store, by: str, note: str) -> None:
    """Ask a second person to release the list where it is doubted; else release that people were taken off it."""
    with closing(store):
        with store.transaction() as connection:
            _, actor = acting(app, connection, by)
            doubts = {each.table: each for each in load_history.doubts(connection)}
            done = Releasing(connection=connection, by=actor, note=note, now=now(), two=True).release_list()
        tell_now(app, store)
    if isinstance(done, Request):
        echo_request(done)
    elif done:
        people = plural(done, "person", "people")
        echo(f"{people} taken off {RESTRICTED} are released by {actor.name}: from the next run on they are restricted no more.")
    else:
        raise _nothing_to_release(RESTRICTED, doubts.get(RESTRICTED), [each.table for each in doubts.values() if each.flaws])


def _nothing_to_release(name: str, doubt: Doubt | None, known: list[str]) -> AlertingError:
    if doubt is not None:
        why = "; ".join(f"{about} {text}" for about, text in doubt.problems.items())
        return AlertingError(f"{why}: that cannot be released", remedy="Put it right where the data comes from, and run again.")
    if name not in TABLES:
        return AlertingError(f"there is no table '{name}'", remedy=did_you_mean(name, list(TABLES)))
    remedy = f"To be released: {', '.join(known)}." if known else "`alerting source check` says what today's data looks like."
    return AlertingError(f"no run has found a change in {name} that waits to be released", remedy=remedy)
