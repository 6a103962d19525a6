"""What those who look after the service are told of a run, after it: what there is to do, and its figures, all clear included.

After a daily run there is always one message, so that a morning without it says that something is wrong. After the other
jobs, and when a day is run again, only where something is new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa

from alerting.formatting import day, plural
from alerting.model import Condition, Level
from alerting.notifications import report as reporting
from alerting.notifications.content import Figure, Notice, NoticeContent, Notification
from alerting.notifications.report import Report
from alerting.notifications.routing import Receiver
from alerting.store.outbox import Outbox
from alerting.store.schema import alert, brake, notice, outbox, routed

DAILY = "daily"


def plan(connection: sa.Connection, messages: Outbox, report: Report, receivers: Sequence[Receiver]) -> list[Notification]:
    """Plan the message of a run that has sent what it had to send, or would have. Notes what is in it as told, but for a dry run.

    Its `notices` are what is new since the last run of the job, its `still` what was told before and lasts.
    """
    notices = report.notices | _of_sending(report)
    titles = {key: each.title for key, each in notices.items()}
    new = messages.note(connection, report.job, report.as_of, titles, keep=report.run is not None)
    since = {row.key: row.first_on for row in connection.execute(sa.select(notice).where(notice.c.job == report.job))}
    by_title = sorted(notices, key=lambda key: notices[key].title)
    content = NoticeContent(
        notices=tuple(notices[key] for key in by_title if key in new),
        still=tuple(replace(notices[key], since=since.get(key, report.as_of)) for key in by_title if key not in new),
        run=_figures(connection, report) if report.job == DAILY else (),
    )

    def about(what: Iterable[str]) -> list[Notification]:
        told, urgency = report.administrators, int(Level.red) if new else 0
        return reporting.to_administrators(told, receivers, "admin", report.as_of, content, list(what), urgency=urgency)

    # The day's own message has one key, whatever is in it: a run that is taken up after a crash must not send a second.
    daily = about([DAILY]) if report.job == DAILY else []
    return daily if daily and not _is_known(connection, daily) else about(new) if new else []


def _is_known(connection: sa.Connection, planned: Iterable[Notification]) -> bool:
    keys = [item.key for item in planned]
    return connection.execute(sa.select(outbox.c.id).where(outbox.c.key.in_(keys)).limit(1)).first() is not None


def _figures(connection: sa.Connection, report: Report) -> tuple[Figure, ...]:
    """Return a run in figures, in the order in which they are read."""
    rules = [row for row in report.rules if row["status"] != "off"]
    asked = sum(row["status"] == "ok" for row in rules)
    open_ = _open(connection)
    counts = report.notifications
    kept_back = sa.select(sa.func.count(sa.distinct(routed.c.alert_id))).where(
        routed.c.until.is_(None), routed.c.reason.is_not(None)
    )
    brakes = sa.select(sa.func.count()).where(brake.c.released_at.is_(None))
    figures: dict[str, str | int] = {
        "Data as at": day(report.loaded_at.replace(second=0, microsecond=0)) if report.loaded_at else "not stated by the source",
        "Rules asked": f"{asked} of {len(rules)}",
        "Rules waiting for their data, or at fault": len(rules) - asked,
        "Alerts new": report.alerts["new"],
        "Alerts open": sum(count for condition, count in open_.items() if condition != Condition.held),
        "Alerts on hold": open_.get(Condition.held, 0),
        "Alerts ended": report.alerts["resolved"],
        "Alerts withheld from somebody": connection.execute(kept_back).scalar_one(),
        "Messages sent": counts["accepted"],
        "Messages waiting": counts["deferred"],
        "Messages failed": counts["failed"],
        "Brakes on": connection.execute(brakes).scalar_one(),
        "Audit": "every promise kept"
        if not report.breaches
        else plural(len(report.breaches), "promise not kept", "promises not kept"),
    }
    return tuple(Figure(name=name, value=value) for name, value in figures.items())


def _open(connection: sa.Connection) -> Mapping[str, int]:
    told_of = alert.c.condition.not_in((Condition.resolved.value, Condition.pending.value))
    query = sa.select(alert.c.condition, sa.func.count()).where(told_of).group_by(alert.c.condition)
    return {row[0]: row[1] for row in connection.execute(query)}


# ---------------------------------------------------------------------- what there is to do besides


def _notice(title: str, detail: str, items: Sequence[str] = ()) -> dict[str, Notice]:
    key = hashlib.blake2b("\x1f".join([title, *items]).encode(), digest_size=16).hexdigest()
    return {key: Notice(title=title, detail=detail, items=tuple(items))}


def _of_sending(report: Report) -> dict[str, Notice]:
    counts = report.notifications
    found: dict[str, Notice] = {}
    for problem in report.of_sending:
        about = " ".join(problem.partition(": ")[0].split(" ")[:3])
        found |= _notice(f"Sending: {about}", f"{problem}.")
    if counts["failed"]:
        found |= _notice(
            "Messages could not be delivered",
            f"{plural(counts['failed'], 'message')} failed for good. `alerting deliveries list --state failed` says why, of each.",
        )
    if counts["deferred"]:
        found |= _notice(
            "Messages wait to be sent",
            f"{plural(counts['deferred'], 'message')} could not be sent yet; each is tried again until its time is over. "
            "`alerting deliveries list --state deferred` shows them.",
        )
    if report.breaches:
        shown = "; ".join(report.breaches[:3])
        more = f"; and {len(report.breaches) - 3} more" if len(report.breaches) > 3 else ""
        found |= _notice(
            "The audit found a promise that was not kept",
            f"{shown}{more}. `alerting audit verify` lists all. No heartbeat goes out until it finds none.",
        )
    return found
