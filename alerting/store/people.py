"""Who may act, as the store knows it: the staff of the newest directory, for the commands that read no case data."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from alerting.alerts.people import People
from alerting.council_people import Administrator
from alerting.store import newest_directory


def read_people(connection: sa.Connection, administrators: Iterable[Administrator]) -> People:
    """Return who may act."""
    newest = newest_directory.read(connection)
    staff = tuple(newest.directory.staff.values()) if newest else ()
    return People(staff=staff, administrators=tuple(administrators))
