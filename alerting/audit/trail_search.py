"""What is asked of the trail, as people ask it, and the trail as a table: for `alerting audit search` and the page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from alerting.alerts.acts import ActKind
from alerting.audit.trail import Kind, ServiceKind, TrailEvent, everybody_in
from alerting.council_people import Administrator
from alerting.store.people import read_people

ALL = "all"
HEADINGS = ("When", "Who", "Did", "About", "To", "Approved by", "From", "Why, or what came of it")


def typed(kind: Kind) -> str:
    """Return a kind as it is typed."""
    return kind.value.replace("_", "-").replace(" ", "-")


KINDS = {typed(kind): kind for kind in (*ActKind, *ServiceKind)}
"""Every kind, by how it is typed."""


def kinds_wanted(given: Collection[str], *, of_one_alert: bool) -> frozenset[Kind] | None:
    """Return the kinds that are asked for; where none is, what people did, and of one alert all that was done. None for all."""
    if ALL in given or (of_one_alert and not given):
        return None
    return frozenset(KINDS[name] for name in given if name in KINDS) or frozenset(ActKind)


def is_somebodys(connection: sa.Connection, administrators: Iterable[Administrator], said: str) -> Callable[[str], bool]:
    """Return what says whether an id is somebody's. Raises HandlingError where nobody who did or was told anything is meant."""
    people = read_people(connection, administrators)
    ids = {id_ for id_ in everybody_in(connection) if people.are_same(id_, said)}
    if not ids:
        people.named(said)  # somebody who has done nothing yet is somebody
    return ids.__contains__


def as_cells(event: TrailEvent, zone: ZoneInfo) -> list[object]:
    """Return an event as the cells of a table, in the order of HEADINGS."""
    about = f"{event.about} {', '.join(event.children)}" if event.children else event.about
    came_from = "@".join(filter(None, (event.account, event.host)))
    at = f"{event.at.astimezone(zone):%Y-%m-%d %H:%M}"
    return [at, event.by, event.did, about, event.to, event.approved_by, came_from, event.note]
