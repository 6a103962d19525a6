"""What became of alerts, week by week: the figures of the weekly summary. Pure.

A week is the seven days up to and including the day of the summary, so that summaries on the same day of each week leave
no day out and count none twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta

from alerting.evaluation.watch import Watch
from alerting.formatting import listed, masked
from alerting.model import Alert, Condition, Level, Person, Reason
from alerting.notifications.content import Notification, RuleWeek, StoppedRule, TeamWeek, Watched, WeeklyContent
from alerting.notifications.messages.digest import by_the_record
from alerting.notifications.report import RuleRow, not_supplied
from alerting.notifications.routing import Receiver, Recipient, Router, notification_key
from alerting.notifications.unasked import concerns

WEEKS = 12


def weeks_by_team(
    alerts: Iterable[Alert],
    router: Router,
    as_of: date,
    first_run: date | None,
    flapping: Callable[[Alert], bool] = lambda _: False,
) -> dict[str, tuple[RuleWeek, ...]]:
    """Return each team's week, a rule a row, the most serious first.

    alerts: every alert that is open or was resolved in the last 13 weeks. first_run: before it nothing is known, and the
    trend has no value. flapping: says which alerts come and go too often to be told each time. Neither restricted
    children are counted nor what goes to nobody beside those it names: a count of one would tell. What a whole service answers
    for is no one team's week.
    """
    grouped: defaultdict[tuple[str, str], list[Alert]] = defaultdict(list)
    for alert in alerts:
        if alert.rule not in router.rules or alert.condition == Condition.pending or alert.resolved_reason == Reason.never_fired:
            continue
        team = router.team(alert)
        route = router.rules[alert.rule]
        if team is not None and not route.nobody_else and not route.shadow and not router.is_confined(alert):
            grouped[team.id, alert.rule].append(alert)
    teams: defaultdict[str, list[RuleWeek]] = defaultdict(list)
    for (team_id, rule), mine in grouped.items():
        week = _week(rule, router.rules[rule].title, mine, as_of, first_run, sum(map(flapping, mine)))
        if week.open or week.new or week.cleared or week.new_last or week.cleared_last or any(week.trend):
            teams[team_id].append(week)
    return {team: tuple(sorted(weeks, key=_rank)) for team, weeks in teams.items()}


def _rank(week: RuleWeek) -> tuple[int, int, str]:
    return (-week.level if week.open else 0, -week.open, week.title)


def _week(rule: str, title: str, alerts: Sequence[Alert], as_of: date, first_run: date | None, flapping: int) -> RuleWeek:
    week = timedelta(days=7)
    opened = [alert for alert in alerts if alert.resolved_on is None]
    oldest = min((alert.first_seen for alert in opened), default=None)
    return RuleWeek(
        rule=rule,
        title=title,
        open=len(opened),
        held=sum(alert.condition == Condition.held for alert in opened),
        new=_within(alerts, lambda alert: alert.first_seen, as_of),
        new_last=_within(alerts, lambda alert: alert.first_seen, as_of - week),
        cleared=_within(alerts, _cleared_on, as_of),
        cleared_last=_within(alerts, _cleared_on, as_of - week),
        oldest=oldest,
        oldest_days=(as_of - oldest).days if oldest else 0,
        level=max((alert.level for alert in opened or alerts), default=Level.info),
        trend=tuple(
            _open_on(alerts, day) if first_run is not None and day >= first_run else None
            for day in (as_of - week * back for back in range(WEEKS - 1, -1, -1))
        ),
        flapping=flapping,
    )


def off_for_want_of_data(rows: Iterable[RuleRow]) -> list[StoppedRule]:
    """Return each table that is not supplied, with the rules that are off for want of it."""
    return [
        StoppedRule(
            title=f"There are {what}",
            problem=f"{listed(codes)} {'is' if len(codes) == 1 else 'are'} not asked.",
            rules=len(codes),
        )
        for what, codes in not_supplied(rows)
    ]


def _within(alerts: Iterable[Alert], when: Callable[[Alert], date | None], ends: date) -> int:
    return sum(1 for alert in alerts if (day := when(alert)) is not None and ends - timedelta(days=7) < day <= ends)


def _cleared_on(alert: Alert) -> date | None:
    # What a rule gave up was not put right by anybody.
    return alert.resolved_on if by_the_record(alert.resolved_reason) else None


def _open_on(alerts: Iterable[Alert], day: date) -> int:
    return sum(alert.first_seen <= day and (alert.resolved_on is None or alert.resolved_on > day) for alert in alerts)


def compose_summaries(
    router: Router,
    weeks: Callable[[Person], Mapping[str, tuple[RuleWeek, ...]]],
    receivers: Iterable[Receiver],
    *,
    as_of: date,
    stopped: Sequence[StoppedRule],
    off: Sequence[RuleRow],
    case_services: Collection[str],
    asked: int,
    braked: int,
    watch: Watch | None,
    banners: Sequence[str],
) -> list[Notification]:
    """Return one summary for each manager and service manager, with all of their teams and no others.

    weeks: the week of each team, as somebody reads it. stopped: what could not run. off: how asking went; of what is off for want of
    a table a manager reads only what concerns a team of theirs. asked: how many rules were asked of anybody. watch: what every rule
    looks at. braked: of how many alerts wait to be looked at.
    """
    managers = _managers(router)
    team = router.directory.team_for("performance")
    leads = router.manager_of(team) if team else None
    performance = leads.id if leads else None
    read = {id_: weeks(manager.person) for id_, (manager, _) in managers.items()}
    return [
        Notification(
            key=notification_key("weekly", as_of, receiver.name, id_, []),
            receiver=receiver.name,
            purpose="weekly",
            recipient=id_,
            name=manager.person.name,
            address=manager.person.email,
            as_of=as_of,
            content=WeeklyContent(
                week_ending=as_of,
                teams=tuple(
                    TeamWeek(team_name=name, rows=read[id_].get(team, ()), watched=_watched(router, watch, team))
                    for name, team in sorted(teams)
                ),
                sealed=masked(watch.sealed) if watch and id_ == performance else "",
                divided=masked(watch.divided) if watch and id_ == performance else "",
                not_run=(
                    *stopped,
                    *off_for_want_of_data(
                        row for row in off if concerns(router, row.id, {id_ for _, id_ in teams}, case_services)
                    ),
                ),
                asked=asked,
                braked=braked,
                banners=tuple(banners),
                covering=(manager.covering,) if manager.covering else (),
            ),
        )
        for receiver in receivers
        if receiver.teams is None
        for id_, (manager, teams) in sorted(managers.items())
    ]


def _watched(router: Router, watch: Watch | None, team_id: str) -> Watched | None:
    """Return at what of a team's work rules look; None where that was not asked, or it is not known whom a count may hold."""
    if watch is None or router.directory.restricted is None:
        return None
    found = watch.of(team_id, router.directory.teams[team_id].service)
    return Watched(rules=len(found.rules), people=found.people, unwatched=found.unwatched)


def _managers(router: Router) -> dict[str, tuple[Recipient, set[tuple[str, str]]]]:
    """Return who answers for teams as their manager or service manager, by id, with the teams' names and ids."""
    found: dict[str, tuple[Recipient, set[tuple[str, str]]]] = {}
    for team in router.directory.teams.values():
        for role in ("team_manager", "service_manager"):
            recipient = router.answers_for(team.id, role)
            if recipient:
                _, teams = found.get(recipient.person.id, (recipient, set()))
                found[recipient.person.id] = (recipient, {*teams, (team.name, team.id)})
    return found
