"""What became of alerts, week by week: the figures of the weekly summary. Pure.

A week is the seven days up to and including the day of the summary, so that summaries on the same day of each week leave
no day out and count none twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from alerting.model import Alert, Condition, Level, Notification, Person, Reason
from alerting.notifications.messages.digest import by_the_record
from alerting.notifications.routing import Receiver, Router, notification_key

WEEKS = 12


def rows_by_team(
    alerts: Iterable[Alert],
    router: Router,
    as_of: date,
    first_run: date | None,
    flapping: Callable[[Alert], bool] = lambda _: False,
) -> dict[str, list[dict[str, Any]]]:
    """Return each team's rows, a rule each: open, new and cleared this week and last, held, oldest, the trend of 12 weeks.

    alerts: every alert that is open or was resolved in the last 13 weeks. first_run: before it nothing is known, and the
    trend has no value. flapping: says which alerts come and go too often to be told each time. Restricted children are not
    counted: a count of one would tell.
    """
    grouped: dict[tuple[str, str], list[Alert]] = defaultdict(list)
    for alert in alerts:
        route, team = router.rules.get(alert.rule), router.team(alert)
        if route is None or team is None or alert.condition == Condition.pending or alert.resolved_reason == Reason.never_fired:
            continue
        restricted = router.directory.restricted
        if route.child_level and (restricted is None or alert.person in restricted):
            continue
        grouped[team.id, alert.rule].append(alert)
    teams: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for (team_id, rule), mine in grouped.items():
        row = _row(mine, as_of, first_run) | {"flapping": sum(map(flapping, mine))}
        if row["open"] or row["new"] or row["cleared"] or row["new_last"] or row["cleared_last"] or any(row["trend"]):
            teams[team_id].append({"rule": rule, "title": router.rules[rule].title, **row})
    for rows in teams.values():
        rows.sort(key=lambda row: (-Level[row["level"]] if row["open"] else 0, -row["open"], row["title"]))
    return teams


def _row(alerts: Sequence[Alert], as_of: date, first_run: date | None) -> dict[str, Any]:
    week = timedelta(days=7)
    opened = [alert for alert in alerts if alert.resolved_on is None]
    oldest = min((alert.first_seen for alert in opened), default=None)
    return {
        "open": len(opened),
        "held": sum(alert.condition == Condition.held for alert in opened),
        "new": _within(alerts, lambda alert: alert.first_seen, as_of),
        "new_last": _within(alerts, lambda alert: alert.first_seen, as_of - week),
        "cleared": _within(alerts, _cleared_on, as_of),
        "cleared_last": _within(alerts, _cleared_on, as_of - week),
        "oldest": oldest.isoformat() if oldest else None,
        "oldest_days": (as_of - oldest).days if oldest else 0,
        "level": max((alert.level for alert in opened or alerts), default=Level.info).name,
        "trend": [
            _open_on(alerts, day) if first_run is not None and day >= first_run else None
            for day in (as_of - week * back for back in range(WEEKS - 1, -1, -1))
        ],
    }


def _within(alerts: Iterable[Alert], when: Callable[[Alert], date | None], ends: date) -> int:
    return sum(1 for alert in alerts if (day := when(alert)) is not None and ends - timedelta(days=7) < day <= ends)


def _cleared_on(alert: Alert) -> date | None:
    # What a rule gave up was not put right by anybody.
    return alert.resolved_on if by_the_record(alert.resolved_reason) else None


def _open_on(alerts: Iterable[Alert], day: date) -> int:
    return sum(alert.first_seen <= day and (alert.resolved_on is None or alert.resolved_on > day) for alert in alerts)


def summaries(
    router: Router,
    rows: Mapping[str, list[dict[str, Any]]],
    receivers: Iterable[Receiver],
    *,
    purpose: str,
    as_of: date,
    not_run: Sequence[Mapping[str, str]],
    banners: Sequence[str],
) -> list[Notification]:
    """Plan one summary for each manager and service manager, with all of their teams and no others."""
    teams: dict[str, set[str]] = defaultdict(set)
    people: dict[str, tuple[Person, str | None]] = {}
    for team in router.directory.teams.values():
        for role in ("team_manager", "service_manager"):
            recipient = router.answers_for(team.id, role)
            if recipient:
                teams[recipient.person.id].add(team.id)
                people[recipient.person.id] = (recipient.person, recipient.covering)
    planned = []
    for receiver in receivers:
        if receiver.teams is not None:
            continue
        for id_, (person, covering) in sorted(people.items()):
            named = sorted(teams[id_], key=lambda team_id: router.directory.teams[team_id].name)
            content = {
                "week_ending": as_of.isoformat(),
                "teams": [{"team_name": router.directory.teams[team].name, "rows": rows.get(team, [])} for team in named],
                "not_run": list(not_run),
                "banners": list(banners),
                "covering": [covering] if covering else [],
            }
            planned.append(
                Notification(
                    key=notification_key(purpose, as_of, receiver.name, id_, []),
                    receiver=receiver.name,
                    purpose=purpose,
                    recipient=id_,
                    name=person.name,
                    address=person.email,
                    as_of=as_of,
                    content=content,
                )
            )
    return planned
