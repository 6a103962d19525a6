"""Whom each open alert is for, and why they are not told of it today: one row for each, which lasts while that stays so.

With what was told and what waits in the outbox, these rows show of any day that no open alert was lost: each was told to,
or visibly withheld from, everybody it was for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from alerting.alerts import handling_state
from alerting.formatting import day, listed
from alerting.model import Act, Alert, Condition, Notification
from alerting.notifications.routing import Recipient, is_by
from alerting.store import schema

EVERYBODY = "*"
_PUT_OFF = {
    "snooze": "snoozed by {by} until {until}",
    "recorded": "said by {by} to be recorded on {on}, and waits for the next load",
    "data_error": "said by {by} to be wrong in the data, and waits until {until} for that to be put right",
}


@dataclass(frozen=True, kw_only=True)
class Known:
    """What decides, beside the alerts themselves. Alerts by reference; people who were told by alert and recipient.

    waiting: kept back, with why. silenced, covered: with what by, in words. flapping: those
    that come and go too often. told: by an earlier message. name: of a worker.
    """

    as_of: date
    loaded_at: datetime | None
    waiting: Mapping[str, str]
    silenced: Mapping[str, str]
    covered: Mapping[str, str]
    flapping: Collection[str]
    told: Collection[tuple[int, str]]
    restricted: Callable[[Alert], bool]
    name: Callable[[str], str | None]
    nothing_planned: str = ""


def routed(
    alerts: Iterable[Alert], routes: Mapping[int, Sequence[Recipient]], planned: Iterable[Notification], known: Known
) -> dict[tuple[int, str], str]:
    """Return whom each open alert is for, by alert and recipient, and why they are not told of it; EVERYBODY for all of them.

    The reason is empty for those who are told of it today, and for those who were told before and have nothing new to hear.
    """
    today = {(told[0], notification.recipient) for notification in planned for told in notification.content.get("told", ())}
    found: dict[tuple[int, str], str] = {}
    for alert in alerts:
        if alert.id is None or alert.condition in (Condition.pending, Condition.resolved):
            continue
        recipients = routes.get(alert.id, ())
        if alert.ref in known.waiting:
            found[alert.id, EVERYBODY] = known.waiting[alert.ref]
            continue
        if known.nothing_planned:
            found[alert.id, EVERYBODY] = known.nothing_planned
            continue
        if known.restricted(alert):
            found[alert.id, EVERYBODY] = "the record is restricted, or not known not to be: only those it names are told"
        elif not recipients:
            found[alert.id, EVERYBODY] = "nobody was found who could be told"
        for recipient in recipients:
            key = (alert.id, recipient.person.id)
            found[key] = "" if key in today else _why(alert, recipient, known)
    return found


def _why(alert: Alert, recipient: Recipient, known: Known) -> str:
    put_off = handling_state.put_off(alert, known.as_of, known.loaded_at)
    if put_off:
        return _PUT_OFF[put_off.kind].format(by=_named(put_off, known), on=day(put_off.on), until=_until(put_off))
    if alert.ref in known.silenced:
        return known.silenced[alert.ref]
    if alert.ref in known.covered:
        return f"covered by {known.covered[alert.ref]}"
    if alert.ref in known.flapping:
        return "it comes and goes too often: told in the weekly summary only"
    if alert.condition == Condition.recovering and (alert.id or 0, recipient.person.id) not in known.told:
        return "improving, and told if it comes back"
    if alert.condition == Condition.held:
        return f"on hold: {alert.held_reason}"
    own = [act for act in handling_state.in_hand(alert, known.as_of) if is_by(act, recipient.person)]
    if own:
        return f"acknowledged by {listed([_named(act, known) for act in own])} until {_until(own[-1])}, and not due"
    if (alert.id or 0, recipient.person.id) in known.told:
        return ""
    return "no receiver of persons is set for this job"


def _named(act: Act, known: Known) -> str:
    return known.name(act.by) or act.by


def _until(act: Act) -> str:
    return day(act.until) if act.until else "it is taken back"


def write(
    connection: sa.Connection, run_id: int, as_of: date, rules: Collection[str], found: Mapping[tuple[int, str], str]
) -> None:
    """Write what a run of a job changed in whom its alerts are for, and why they are not told. rules: the ids of the job's rules.

    Nothing is written over: what is so no more ends, on the run's day or on that on which its alert ended.
    """
    table, alert = schema.routed, schema.alert
    over = sa.or_(alert.c.rule.in_(sorted(rules)), alert.c.resolved_on.is_not(None))
    columns = (table.c.id, table.c.alert_id, table.c.recipient, table.c.since, table.c.reason, alert.c.resolved_on)
    query = sa.select(*columns).join(alert, alert.c.id == table.c.alert_id).where(table.c.until.is_(None), over)
    goes_on, ended = set(), []
    for row in connection.execute(query):
        key = (row.alert_id, row.recipient)
        if found.get(key) == row.reason:
            goes_on.add(key)
        else:
            ended.append({"b_id": row.id, "b_until": max(row.since, row.resolved_on or as_of)})
    if ended:
        end = table.update().where(table.c.id == sa.bindparam("b_id")).values(until=sa.bindparam("b_until"))
        connection.execute(end, ended)
    begun = [
        {"alert_id": key[0], "recipient": key[1], "run_id": run_id, "since": as_of, "reason": reason}
        for key, reason in sorted(found.items())
        if key not in goes_on
    ]
    if begun:
        connection.execute(table.insert(), begun)


def of_alert(connection: sa.Connection, alert_id: int) -> list[tuple[str, str]]:
    """Return who the newest run of its job did not tell of an alert, and why."""
    table = schema.routed
    mine = (table.c.alert_id == alert_id, table.c.until.is_(None), table.c.reason != "")
    query = sa.select(table.c.recipient, table.c.reason).where(*mine).order_by(table.c.recipient)
    return [(row.recipient, row.reason) for row in connection.execute(query)]
