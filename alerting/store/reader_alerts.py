"""Which alerts to look at for one reader, as conditions and rows of the store. Whether they may see one, `alerting.web.scope` says."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from alerting.notifications.recipient_log import NotToldReason
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
    routed_to = sa.select(routed.c.alert_id).where(routed.c.recipient.in_(ids), routed.c.until.is_(None))
    assigned = handling.c.kind == "assign", handling.c.assignee.in_(ids), handling.c.ended_at.is_(None)
    return sa.or_(alert.c.id.in_(routed_to), alert.c.id.in_(sa.select(handling.c.alert_id).where(*assigned)))


def within_reach(of: Whereabouts) -> sa.ColumnElement[bool]:
    """Return the condition that an alert may be somebody's: no other is."""
    own = sa.or_(alert.c.worker.in_(of.ids), alert.c.adviser.in_(of.ids))
    services = sa.and_(alert.c.team.is_(None), sa.func.lower(alert.c.service).in_(of.services))
    return sa.or_(told_to(of.ids), own, alert.c.team.in_(of.teams), services, alert.c.person.in_(of.people))


def is_open() -> sa.ColumnElement[bool]:
    """Return the condition that an alert has not ended."""
    return alert.c.resolved_on.is_(None)


def ended_since(day: date) -> sa.ColumnElement[bool]:
    """Return the condition that an alert ended on a day or after it."""
    return alert.c.resolved_on >= day


def has_reference(refs: Collection[str]) -> sa.ColumnElement[bool]:
    """Return the condition that an alert has one of these references."""
    return alert.c.ref.in_([ref.upper() for ref in refs])


def hold(connection: sa.Connection, refs: Collection[str]) -> None:
    """Let nobody else change these alerts until the transaction ends; of what they are changing, wait for the end.

    Whoever holds several does so in one order, so that no two wait for each other.
    """
    connection.execute(sa.select(alert.c.id).where(has_reference(refs)).order_by(alert.c.id).with_for_update())


def read_kept_back(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> frozenset[int]:
    """Return the numbers of the alerts, of those that meet conditions, that a brake keeps from everybody, as the newest run of their job found.

    Of what has ended they are those that it kept back all the time: nobody ever heard of them.
    """
    other = routed.alias()
    let_pass = sa.exists().where(
        other.c.alert_id == alert.c.id, sa.or_(other.c.reason.is_(None), other.c.reason.not_in(_KEPT_BACK))
    )
    stands = sa.or_(routed.c.until.is_(None), sa.and_(alert.c.resolved_on.is_not(None), ~let_pass))
    kept = sa.select(routed.c.alert_id).join(alert, alert.c.id == routed.c.alert_id)
    kept = kept.where(routed.c.reason.in_(_KEPT_BACK), stands, *where)
    return frozenset(connection.execute(kept).scalars())
