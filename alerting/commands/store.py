"""`alerting store`: the service's own database, and whether anything may be sent."""

from __future__ import annotations

from pathlib import Path

import click

from alerting.alerts.acts import Request
from alerting.cli import acting, build_app, now, tell_now, today
from alerting.commands.alerts import echo_request
from alerting.config import Retention
from alerting.errors import ConfigError, StoreError
from alerting.formatting import plural
from alerting.store import retention
from alerting.store.backup import backup as copy_store
from alerting.store.messages import send_hold
from alerting.store.releasing import Releasing
from alerting.store.schema import SCHEMA
from alerting.store.store import Store
from alerting.terminal import echo, echo_table


@click.group()
def command() -> None:
    """The service's own database."""


@command.command()
@click.pass_context
def upgrade(ctx: click.Context) -> None:
    """Bring the store to the shape this version needs. Make a backup first."""
    store = Store.connect(build_app(ctx).store_url)
    try:
        version = store.version()
        if version is not None and version > SCHEMA:
            raise StoreError(
                f"the store is of a newer version ({version}) than this one knows ({SCHEMA})", remedy="Install the newer version."
            )
        if version == SCHEMA:
            echo(f"The store has the shape of this version already ({SCHEMA}).")
            return
        store.upgrade()
    finally:
        store.close()
    echo(f"The store is at {SCHEMA}, from {version or 'nothing'}.")


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_context
def backup(ctx: click.Context, file: Path) -> None:
    """Copy the store into a new FILE, while the service is at work. It holds case data: keep it as you keep the store."""
    app = build_app(ctx)
    store = Store.connect(app.store_url)
    try:
        if store.version() is None:
            raise StoreError("the store is empty, so there is nothing to copy", remedy="Check `store:` in config.yaml.")
        size = copy_store(store, file)
    finally:
        store.close()
    echo(f"{file} holds a copy of the store ({size / 1e6:.1f} MB). It holds case data: only its owner may read it.")


@command.command("retention")
@click.option("--begin", is_flag=True, help="Let the next daily runs forget it.")
@click.option("--by", help="Who has looked and lets it begin.")
@click.option("--note", help="Why.")
@click.pass_context
def show_retention(ctx: click.Context, by: str | None, note: str | None, *, begin: bool) -> None:
    """Show what the settings of `retention:` would make the store forget today; nothing is forgotten until it was let begin."""
    app = build_app(ctx)
    wanted, archive, day = app.loaded.config.retention, app.archive(), today(app)
    store = app.store()
    try:
        with store.transaction() as connection:
            would = retention.foresee(connection, wanted, day)
            begun = retention.has_begun(connection, wanted)
            if begin:
                _said(by or "", note or "")
                retention.begin(connection, wanted, acting(app, connection, by or "")[1], note or "", now())
        tell_now(app, store)
    finally:
        store.close()
    too_old = archive.too_old(day)
    rows: list[list[object]] = [
        ["retention.message_contents", wanted.message_contents or "not set", plural(would.messages, "message")],
        ["retention.alert_facts", wanted.alert_facts or "not set", plural(would.alerts, "ended alert")],
        [
            "retention.sealed",
            "yes" if wanted.sealed else "not set",
            f"{plural(would.sealed, 'message')}, {plural(would.set_aside, 'row')} set aside",
        ],
        ["keep.days", archive.days, plural(len(too_old), "day")],
    ]
    echo_table(["Setting", "Days", "Would forget today"], rows)
    if begin:
        echo("The daily runs forget it from now on.")
    elif wanted != Retention():
        echo(
            "The daily runs forget it." if begun else "Nothing is forgotten until it is let begin: --begin --by NAME --note WHY."
        )


@command.command()
@click.option("--by", required=True, help="Who wants it; kept with the hold.")
@click.option("--note", required=True, help="Why.")
@click.pass_context
def hold(ctx: click.Context, by: str, note: str) -> None:
    """Hold fire: runs read, ask and plan, and nothing is sent until `alerting store release` but that it is held, and by whom."""
    _said(by, note)
    app = build_app(ctx)
    store = app.store()
    try:
        with store.transaction() as connection:
            before = send_hold.find_hold(connection)
            send_hold.hold(connection, by=acting(app, connection, by)[1], why=note, now=now())
        tell_now(app, store)
    finally:
        store.close()
    if before is not None:
        echo(f"Already {before}.")
        return
    echo(
        "Fire is held: nothing is sent until `alerting store release`. A message that is being sent now is the last; those who look "
        "after the service are told that it is held."
    )


@command.command()
@click.option("--by", required=True, help="Who has looked and releases it; kept with the store.")
@click.option("--note", required=True, help="What was found.")
@click.pass_context
def release(ctx: click.Context, by: str, note: str) -> None:
    """End a hold: what waits goes out with the next run, but for what a newer message stands for."""
    _said(by, note)
    app = build_app(ctx)
    store = app.store()
    try:
        with store.transaction() as connection:
            _, actor = acting(app, connection, by)
            two = app.loaded.config.handling.two_release
            done = Releasing(connection=connection, by=actor, note=note, now=now(), two=two).release_fire(app.marker(store))
    finally:
        store.close()
    if isinstance(done, Request):
        echo_request(done)
        return
    released, problems = done
    for problem in problems:
        echo(problem, err=True)
    if released is None:
        raise ConfigError(
            "fire is not held, so there is nothing to release", remedy="`alerting deliveries list` shows what was sent."
        )
    echo(
        f"Released by {actor.name}. {plural(released.waiting, 'message')} may be sent now, with the next run or `alerting run daily`; "
        f"{released.cancelled} cancelled."
    )
    if released.held.restored and released.waiting:
        echo("Each of them says that it may repeat what was told before.")


def _said(by: str, note: str) -> None:
    if not by.strip() or not note.strip():
        raise ConfigError(
            "who does this, and why, is kept with the store", remedy='Give both, such as --by "A Name" --note "...".'
        )
