"""Whether the service is ready: the store can be reached, and the last daily run is not overdue. Nothing of a case."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from alerting.app import App
from alerting.runs.timetable import is_slot
from alerting.store.store import Store, Transaction

_LATE_AFTER = timedelta(hours=2)
"""How long after its time a daily run may be done before the service counts as late."""
_DAYS_BACK = 14


def why_not_ready(app: App, store: Store, connection: Transaction, now: datetime) -> str | None:
    """Return why the service is not ready, in words; None where it is."""
    wanted = _last_slot(app, now)
    last = store.latest_run("daily", within=connection)
    if last is None:
        return "no daily run has ended yet"
    return (
        f"the last daily run is of {last.as_of}, and there should be one of {wanted}" if wanted and last.as_of < wanted else None
    )


def _last_slot(app: App, now: datetime) -> date | None:
    """Return the last day whose daily run should have ended by now."""
    config = app.loaded.config
    job, local = config.jobs.daily, now.astimezone(config.council.zone)
    hour, minute = job.at.split(":")
    for back in range(_DAYS_BACK):
        day = local.date() - timedelta(days=back)
        due = datetime.combine(day, time(int(hour), int(minute)), tzinfo=local.tzinfo)
        if is_slot("daily", job, day, app.book.settings.bank_holidays) and local >= due + _LATE_AFTER:
            return day
    return None
