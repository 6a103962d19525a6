"""My list: what a reader is told of, or may see, in the sections of a message, under whom it is about; with counts and filters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from starlette.responses import Response

from alerting.model import Alert, Level
from alerting.web.shown import ENDED_SECTIONS, OPEN_SECTIONS, Shower, Shown
from alerting.web.visits import Visit

_DONE_FOR = timedelta(days=14)
_MOST = 200
"""How many alerts one page shows; the rest is found by its filters."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """All alerts of one section about one child, worker or team."""

    heading: str
    alerts: Sequence[Shown]


def show_list(visit: Visit) -> Response:
    """Show a reader's list."""
    reader = visit.reader
    if not reader.ids:
        return visit.go_to("/service") if reader.sees_runs else visit.nothing_there()
    shower = Shower(app=visit.app, scope=visit.scope, today=visit.today)
    done, every = visit.query.get("show") == "done", visit.query.get("whose") == "all"
    still_open = visit.scope.every_open if every else visit.scope.told
    alerts = visit.scope.ended(visit.today - _DONE_FOR) if done else still_open()
    asked = {name: visit.query.get(name, "") for name in ("worker", "rule", "level")}
    workers = {visit.veiled(alert.worker): shower.name(alert.worker) for alert in alerts if alert.worker}
    rules = sorted({(alert.code, shower.title(alert)) for alert in alerts})
    chosen = [alert for alert in alerts if _is_wanted(visit, alert)]
    shown = [shower.show(alert) for alert in sorted(chosen, key=_rank)[:_MOST]]
    sections = ENDED_SECTIONS if done else OPEN_SECTIONS
    return visit.show(
        "list.html",
        here="list",
        whose="all" if every else "mine",
        done=done,
        counts=Counter(map(shower.section, chosen)),
        sections=[(section, _blocks([one for one in shown if one.section == section])) for section in sections],
        total=len(chosen),
        more=max(0, len(chosen) - _MOST),
        closed=visit.scope.is_closed,
        workers=sorted(workers.items(), key=lambda one: one[1]),
        rules=rules,
        levels=[level.name for level in reversed(Level)],
        asked=asked,
        filtered=done or every or any(asked.values()),
        most=_MOST,
        as_of=visit.as_of,
    )


def _is_wanted(visit: Visit, alert: Alert) -> bool:
    worker, rule, level = (visit.query.get(name) for name in ("worker", "rule", "level"))
    return (
        (not worker or (alert.worker is not None and visit.veiled(alert.worker) == worker))
        and (not rule or alert.code == rule)
        and (not level or alert.level.name == level)
    )


def _rank(alert: Alert) -> tuple[int, date, str]:
    return -alert.level, alert.resolved_on or alert.due or date.max, alert.ref


def _blocks(shown: Sequence[Shown]) -> list[Block]:
    """Return alerts under what they are about, in the order of the first of each."""
    found: dict[str, list[Shown]] = {}
    for one in shown:
        found.setdefault(one.heading, []).append(one)
    return [Block(heading=heading, alerts=alerts) for heading, alerts in found.items()]
