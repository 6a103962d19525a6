"""Whom each open alert is for, and why they are not told of it today: one row for each, which lasts while that stays so.

With what was told and what waits in the outbox, these rows show of any day that no open alert was lost: each was told to,
or visibly withheld from, everybody it was for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from alerting.alerts import handling_state
from alerting.formatting import day, listed
from alerting.model import Act, Alert, Condition, Worded
from alerting.notifications.content import Notification
from alerting.notifications.routing import Recipient, is_by
from alerting.store import schema

EVERYBODY = "*"


class NotToldReason(Worded):
    """Why somebody is not told of an alert that is for them."""

    braked = "braked", "kept back by the brake of its rule"
    nothing_planned = "nothing_planned", "none of the rules of its job could be asked"
    restricted = "restricted", "the record is restricted, or not known not to be: only those it names are told"
    nobody_found = "nobody_found", "nobody was found who could be told"
    snoozed = "snoozed", "snoozed {detail}"
    recorded = "recorded", "said {detail}, and waits for the next load"
    data_error = "data_error", "said {detail} for that to be put right"
    silenced = "silenced", "silenced {detail}"
    covered = "covered", "covered by {detail}"
    flapping = "flapping", "it comes and goes too often: told in the weekly summary only"
    improving = "improving", "improving, and told if it comes back"
    on_hold = "on_hold", "on hold: {detail}"
    acknowledged = "acknowledged", "acknowledged {detail}, and not due"
    no_receiver = "no_receiver", "no receiver of persons is set for this job"
    # A text that an earlier version kept, and that is none of these.
    other = "other", "{detail}"


@dataclass(frozen=True)
class NotTold:
    """Why somebody is not told of an alert, and by whom, until when or through what: the detail."""

    reason: NotToldReason
    detail: str | None = None

    def __str__(self) -> str:
        return self.reason.say(self.detail)


_PUT_OFF = {
    "snooze": (NotToldReason.snoozed, "by {by} until {until}"),
    "recorded": (NotToldReason.recorded, "by {by} to be recorded on {on}"),
    "data_error": (NotToldReason.data_error, "by {by} to be wrong in the data, and waits until {until}"),
}


@dataclass(frozen=True, kw_only=True)
class Known:
    """What decides, beside the alerts themselves. Alerts by reference; people who were told by alert and recipient.

    waiting: kept back by a brake. silenced, covered: with what by, in words. flapping: those that come and go too often.
    told: by an earlier message. name: of a worker. planned: whether there was anything to plan by.
    """

    as_of: date
    loaded_at: datetime | None
    waiting: Collection[str]
    silenced: Mapping[str, str]
    covered: Mapping[str, str]
    flapping: Collection[str]
    told: Collection[tuple[str, str]]
    restricted: Callable[[Alert], bool]
    name: Callable[[str], str | None]
    planned: bool = True


def routed(
    alerts: Iterable[Alert], routes: Mapping[str, Sequence[Recipient]], planned: Iterable[Notification], known: Known
) -> dict[tuple[int, str], NotTold | None]:
    """Return whom each open alert is for, by alert and recipient, and why they are not told of it; EVERYBODY for all of them.

    None for those who are told of it today, and for those who were told before and have nothing new to hear.
    """
    today = {(told.ref, notification.recipient) for notification in planned for told in notification.told}
    found: dict[tuple[int, str], NotTold | None] = {}
    for alert in alerts:
        if alert.id is None or alert.condition in (Condition.pending, Condition.resolved):
            continue
        recipients = routes.get(alert.ref, ())
        if alert.ref in known.waiting:
            found[alert.id, EVERYBODY] = NotTold(NotToldReason.braked)
            continue
        if not known.planned:
            found[alert.id, EVERYBODY] = NotTold(NotToldReason.nothing_planned)
            continue
        if known.restricted(alert):
            found[alert.id, EVERYBODY] = NotTold(NotToldReason.restricted)
        elif not recipients:
            found[alert.id, EVERYBODY] = NotTold(NotToldReason.nobody_found)
        for recipient in recipients:
            key = (alert.id, recipient.person.id)
            found[key] = None if (alert.ref, recipient.person.id) in today else _why(alert, recipient, known)
    return found


def _why(alert: Alert, recipient: Recipient, known: Known) -> NotTold | None:
    put_off = handling_state.put_off(alert, known.as_of, known.loaded_at)
    if put_off:
        reason, detail = _PUT_OFF[put_off.kind]
        return NotTold(reason, detail.format(by=_named(put_off, known), on=day(put_off.on), until=_until(put_off)))
    if alert.ref in known.silenced:
        return NotTold(NotToldReason.silenced, known.silenced[alert.ref])
    if alert.ref in known.covered:
        return NotTold(NotToldReason.covered, known.covered[alert.ref])
    if alert.ref in known.flapping:
        return NotTold(NotToldReason.flapping)
    if alert.condition == Condition.recovering and (alert.ref, recipient.person.id) not in known.told:
        return NotTold(NotToldReason.improving)
    if alert.condition == Condition.held:
        return NotTold(NotToldReason.on_hold, alert.why_held)
    own = [act for act in handling_state.in_hand(alert, known.as_of) if is_by(act, recipient.person)]
    if own:
        by = listed([_named(act, known) for act in own])
        return NotTold(NotToldReason.acknowledged, f"by {by} until {_until(own[-1])}")
    if (alert.ref, recipient.person.id) in known.told:
        return None
    return NotTold(NotToldReason.no_receiver)


def _named(act: Act, known: Known) -> str:
    return known.name(act.by) or act.by


def _until(act: Act) -> str:
    return day(act.until) if act.until else "it is taken back"


def write(
    connection: sa.Connection, run_id: int, as_of: date, rules: Collection[str], found: Mapping[tuple[int, str], NotTold | None]
) -> None:
    """Write what a run of a job changed in whom its alerts are for, and why they are not told. rules: the ids of the job's rules.

    Nothing is written over: what is so no more ends, on the run's day or on that on which its alert ended.
    """
    table, alert = schema.routed, schema.alert
    over = sa.or_(alert.c.rule.in_(sorted(rules)), alert.c.resolved_on.is_not(None))
    columns = (
        table.c.id,
        table.c.alert_id,
        table.c.recipient,
        table.c.since,
        table.c.reason,
        table.c.detail,
        alert.c.resolved_on,
    )
    query = sa.select(*columns).join(alert, alert.c.id == table.c.alert_id).where(table.c.until.is_(None), over)
    goes_on, ended = set(), []
    for row in connection.execute(query):
        key = (row.alert_id, row.recipient)
        if key in found and found[key] == _not_told(row):
            goes_on.add(key)
        else:
            ended.append({"b_id": row.id, "b_until": max(row.since, row.resolved_on or as_of)})
    if ended:
        end = table.update().where(table.c.id == sa.bindparam("b_id")).values(until=sa.bindparam("b_until"))
        connection.execute(end, ended)
    begun = [
        {
            "alert_id": key[0],
            "recipient": key[1],
            "run_id": run_id,
            "since": as_of,
            "reason": why.reason.value if (why := found[key]) else None,
            "detail": why.detail if why else None,
        }
        for key in sorted(found)
        if key not in goes_on
    ]
    if begun:
        connection.execute(table.insert(), begun)


def of_alert(connection: sa.Connection, alert_id: int) -> list[tuple[str, NotTold]]:
    """Return who the newest run of its job did not tell of an alert, and why."""
    table = schema.routed
    mine = (table.c.alert_id == alert_id, table.c.until.is_(None), table.c.reason.is_not(None))
    query = sa.select(table.c.recipient, table.c.reason, table.c.detail).where(*mine).order_by(table.c.recipient)
    return [(row.recipient, NotTold(NotToldReason(row.reason), row.detail)) for row in connection.execute(query)]


def _not_told(row: Any) -> NotTold | None:
    return NotTold(NotToldReason(row.reason), row.detail) if row.reason else None
