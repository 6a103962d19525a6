"""The directory by which the last run decided, with its list of restricted records: what sending asks in between.

It is kept where it differs from the one before, with the run that found it so: what was planned by that run or a later one was
planned by this directory.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from alerting.casedata.directory import Directory
from alerting.store.service_state import remember, remembered, remembered_text

_DIRECTORY, _SINCE = "directory", "directory since"
_AS_JSON = TypeAdapter(Directory)


@dataclass(frozen=True, kw_only=True)
class NewestDirectory:
    """The directory of the last run."""

    directory: Directory
    #: The run that first decided by it.
    since: int
    #: The run that first decided by its list of restricted records.
    list_since: int


def keep(connection: sa.Connection, run_id: int, directory: Directory, now: datetime) -> None:
    """Keep the directory by which a run decided, in its transaction: where its people or teams were doubted, the one before."""
    before = read(connection)
    if before and before.directory == directory:
        return
    same_list = before is not None and before.directory.restricted == directory.restricted
    remember(connection, _DIRECTORY, _AS_JSON.dump_python(directory, mode="json"), now)
    remember(connection, _SINCE, [run_id, before.list_since if before and same_list else run_id], now)


def read(connection: sa.Connection) -> NewestDirectory | None:
    """Return the directory of the last run; None where none has kept one that this version can read."""
    try:
        runs, text = remembered(connection, _SINCE), remembered_text(connection, _DIRECTORY)
        if runs is None or text is None:
            return None
        return NewestDirectory(directory=_read(text), since=runs[0], list_since=runs[1])
    except (ValidationError, ValueError, TypeError, LookupError):
        return None


@lru_cache(maxsize=1)
def _read(text: str) -> Directory:
    # Every page asks for it, and between two runs it is the same. It is thousands of people: reading it takes longer than most pages.
    return _AS_JSON.validate_json(text)


def take_off(connection: sa.Connection, ids: Collection[str], now: datetime) -> None:
    """Take a child off its list of restricted records: what waits to be sent was planned by it all the same."""
    newest = read(connection)
    if newest is None or newest.directory.restricted is None or newest.directory.restricted.keys().isdisjoint(ids):
        return
    left = {id_: restriction for id_, restriction in newest.directory.restricted.items() if id_ not in ids}
    remember(connection, _DIRECTORY, _AS_JSON.dump_python(replace(newest.directory, restricted=left), mode="json"), now)


def since(connection: sa.Connection) -> int | None:
    """Return the run that first decided by the newest directory, which says whether a message was planned by it; None for none."""
    runs = remembered(connection, _SINCE)
    return None if runs is None else int(runs[0])
