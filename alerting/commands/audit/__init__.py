"""`alerting audit`: what was done, by whom and about whom, and the proof that nothing was lost. A file of this folder is a command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from alerting.cli import CommandFolder, today
from alerting.errors import AlertingError, HandlingError, SourceError
from alerting.terminal import echo

if TYPE_CHECKING:
    from alerting.app import App
    from alerting.store.store import Store


@click.group(cls=CommandFolder, package=sys.modules[__name__])
def command() -> None:
    """Prove that nothing was lost, find who did what, and look up all that is kept about a child."""


def ids_of(app: App, store: Store, given: Sequence[str]) -> frozenset[str]:
    """Return every id of a child, by those that are given: records that were merged are one child's.

    Which were is asked of today's case data and of the last trusted list of restricted records; where the data cannot be read, that is said.
    Raises HandlingError where an id is blank: it would stand in everything.
    """
    from alerting.casedata import person_merges
    from alerting.casedata.snapshot import Snapshot
    from alerting.store import child_rows

    ids = [id_.strip() for id_ in given]
    if not all(ids):
        raise HandlingError("an id is blank", remedy="Give each id that the child has had in the case system.")
    pairs: Sequence[tuple[str, str]] = ()
    try:
        wanted = {table: columns for table, columns in app.book.wanted([]).items() if table == person_merges.TABLE}
        with Snapshot(today(app), app.book.settings) as snapshot:
            if app.source is None:
                raise SourceError("the source of the case data cannot be used")
            snapshot.read(app.source, wanted)
            pairs = person_merges.read(snapshot).pairs
    except AlertingError as error:
        echo(f"Which records were merged could not be read ({error.problem}): give every id that the child has had.", err=True)
    with store.reading() as connection:
        return child_rows.all_ids(connection, ids, pairs)
