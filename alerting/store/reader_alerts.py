"""Which alerts to look at for one reader, as conditions and rows of the store. Whether they may see one, `alerting.web.scope` says."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from alerting.model import Alert
from alerting.notifications.recipient_log import NotToldReason
from alerting.store.batches import batches
from alerting.store.schema import alert, handling, routed

_KEPT_BACK = (NotToldReason.braked, NotToldReason.implausible)


@dataclass(frozen=True, kw_only=True)
class Whereabouts:
    """Where alerts of one reader may be found."""

    #: Their worker ids.
    ids: Collection[str]
    #: The teams that they answer for, and the services of these.
    teams: Collection[str] = ()
    services: Collection[str] = ()
    #: The children of restricted records that name them.
    people: Collection[str] = ()


def told_to(ids: Collection[str]) -> sa.ColumnElement[bool]:
    """Return the condition that an alert is for somebody, as the newest run found, or assigned to them since."""
    return alert.c.id.in_(sa.union(*_told_to(ids)))


def within_reach(of: Whereabouts, state: Callable[[sa.FromClause], sa.ColumnElement[bool]]) -> sa.ColumnElement[bool]:
    """Return the condition that an alert may be somebody's: no other is. state: how it must be, such as `is_open`."""
    one = alert.alias()
    places = (
        one.c.worker.in_(of.ids),
        one.c.adviser.in_(of.ids),
        one.c.team.in_(of.teams),
        sa.and_(one.c.team.is_(None), sa.func.lower(one.c.service).in_(of.services)),
        one.c.person.in_(of.people),
    )
    found = (sa.select(one.c.id).where(place, state(one)) for place in places)
    return sa.and_(state(alert), alert.c.id.in_(sa.union(*_told_to(of.ids), *found)))


def _told_to(ids: Collection[str]) -> tuple[sa.Select[tuple[int]], ...]:
    # One list of numbers, each part of it by an index: asked in any other way, databases begin with all alerts that are open.
    assigned = handling.c.kind == "assign", handling.c.assignee.in_(ids), handling.c.ended_at.is_(None)
    return (
        sa.select(routed.c.alert_id).where(routed.c.recipient.in_(ids), routed.c.until.is_(None)),
        sa.select(handling.c.alert_id).where(*assigned),
    )


def is_open(of: sa.FromClause = alert) -> sa.ColumnElement[bool]:
    """Return the condition that an alert has not ended."""
    return of.c.resolved_on.is_(None)


def ended_since(day: date) -> Callable[[sa.FromClause], sa.ColumnElement[bool]]:
    """Return the condition that an alert ended on a day or after it."""
    return lambda of: of.c.resolved_on >= day


def has_reference(refs: Collection[str]) -> sa.ColumnElement[bool]:
    """Return the condition that an alert has one of these references."""
    return alert.c.ref.in_([ref.upper() for ref in refs])


def hold(connection: sa.Connection, refs: Collection[str]) -> None:
    """Let nobody else change these alerts until the transaction ends; of what they are changing, wait for the end.

    Whoever holds several does so in one order, so that no two wait for each other.
    """
    connection.execute(sa.select(alert.c.id).where(has_reference(refs)).order_by(alert.c.id).with_for_update())


def read_kept_back(connection: sa.Connection, of: Iterable[Alert]) -> frozenset[int]:
    """Return the numbers of the alerts, of these, that a brake keeps from everybody, as the newest run of their job found.

    Of what has ended they are those that it kept back all the time: nobody ever heard of them.
    """
    other = routed.alias()
    let_pass = sa.exists().where(
        other.c.alert_id == alert.c.id, sa.or_(other.c.reason.is_(None), other.c.reason.not_in(_KEPT_BACK))
    )
    stands = sa.or_(routed.c.until.is_(None), sa.and_(alert.c.resolved_on.is_not(None), ~let_pass))
    kept = sa.select(routed.c.alert_id).join(alert, alert.c.id == routed.c.alert_id)
    kept = kept.where(routed.c.reason.in_(_KEPT_BACK), stands)
    numbers = (one.id for one in of)
    return frozenset(id_ for some in batches(numbers) for id_ in connection.execute(kept.where(alert.c.id.in_(some))).scalars())
