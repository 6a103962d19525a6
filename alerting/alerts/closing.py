"""An alert closed by somebody, and not by its record: why, by whom, until when. It opens again if the record changes."""

from __future__ import annotations

from datetime import date, datetime

from alerting.alerts import lifecycle
from alerting.alerts.handling import two_people
from alerting.errors import HandlingError
from alerting.model import Alert, Condition, Level, Reason
from alerting.store import handling_rows
from alerting.store.store import Store, Transaction


def close(
    store: Store,
    connection: Transaction,
    alert: Alert,
    *,
    reason: str,
    note: str,
    by: str,
    now: datetime,
    today: date,
    until: date | None = None,
    approved_by: str | None = None,
) -> None:
    """Close an open alert, in the caller's transaction.

    until: the last day it stays closed while nothing changes; without one there is no such day. Raises HandlingError where
    it is resolved already, where nothing is said, for a day that has passed, and for a critical alert without a second person.
    """
    if alert.condition == Condition.resolved:
        raise HandlingError(f"{alert.ref} is resolved already: {alert.why_resolved}")
    if not note.strip():
        raise HandlingError("closing an alert needs a note", remedy="Say with --note what makes it one to close.")
    if until is not None and until < today:
        raise HandlingError(f"{until} has passed", remedy="Give a day to come with --until, or none.")
    if alert.level == Level.critical or approved_by is not None:
        two_people(by, approved_by, f"{alert.ref} is critical and cannot be closed by one person alone")
    store.write(connection, [lifecycle.resolve(alert, Reason.closed, today, detail=reason, by=by)], today, now)
    handling_rows.add(
        connection, alert, "close", by=by, note=note.strip(), now=now, until=until, reason=reason, approved_by=approved_by
    )
