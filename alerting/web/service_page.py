"""How the service goes, in counts: for administrators, auditors, directors and the performance team. It names no child and no alert."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import Response

from alerting.model import Level
from alerting.store.service_counts import count_open
from alerting.store.store import EndedRun
from alerting.web.readiness import why_not_ready
from alerting.web.visits import Visit

_RUNS = 20


@dataclass(frozen=True, kw_only=True)
class RunLine:
    """One run, in counts."""

    job: str
    as_of: date
    started_at: datetime
    status: str
    new: int
    resolved: int
    held: int
    sent: int
    problems: int


def show_service(visit: Visit) -> Response:
    """Show how the service goes."""
    if not visit.reader.sees_runs:
        return visit.nothing_there()
    zone = ZoneInfo(visit.app.loaded.config.council.timezone)
    store, opened = visit.council.store(), Counter[int]()
    for (_, level), count in count_open(visit.connection).items():
        opened[level] += count
    return visit.show(
        "service.html",
        here="service",
        why=why_not_ready(visit.app, store, visit.connection, visit.now),
        runs=[_line(run, zone) for run in store.recent_runs(_RUNS, visit.connection)],
        opened=[(level.name, opened[level]) for level in reversed(Level)],
    )


def _line(run: EndedRun, zone: ZoneInfo) -> RunLine:
    report = run.report
    alerts, sending = _part(report, "alerts"), _part(report, "notifications")
    return RunLine(
        job=str(report.get("job", "")),
        as_of=run.as_of,
        started_at=run.started_at.astimezone(zone),
        status=str(report.get("status", "cut short")).replace("_", " "),
        new=_count(alerts, "new"),
        resolved=_count(alerts, "resolved"),
        held=_count(alerts, "held"),
        sent=_count(sending, "accepted"),
        problems=len(report.get("problems", [])),
    )


def _part(report: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = report.get(name)
    return part if isinstance(part, dict) else {}


def _count(part: Mapping[str, Any], name: str) -> int:
    value = part.get(name, 0)
    return value if isinstance(value, int) else 0
