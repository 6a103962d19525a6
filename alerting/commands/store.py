"""`alerting store`: the service's own database."""

from __future__ import annotations

import click

from alerting.cli import build_app
from alerting.errors import StoreError
from alerting.schema import SCHEMA
from alerting.store import Store


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
            click.echo(f"The store has the shape of this version already ({SCHEMA}).")
            return
        store.upgrade()
    finally:
        store.close()
    click.echo(f"The store is at {SCHEMA}, from {version or 'nothing'}.")
