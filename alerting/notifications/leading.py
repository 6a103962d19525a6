"""The figures of those who lead services: how alerts are handled, how data is, demand and posts. Counts alone, few of them kept back. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from statistics import median

from alerting.alerts.handling_state import active_acknowledgements
from alerting.evaluation.service_figures import Demand, Posts, ServiceFigures
from alerting.model import Alert
from alerting.notifications.masking import is_few, mask_total
from alerting.notifications.scorecard import Scope, cleared_on
from alerting.notifications.week_content import DemandMonth, HeadFigures

AGEING_WD = 20
"""Working days after which an open alert is ageing."""

_BACK = timedelta(weeks=12)


def head_figures(
    scope: Scope,
    service: ServiceFigures | None,
    *,
    as_of: date,
    working_days: Callable[[date, date], int],
    about_data: Callable[[Alert], bool],
    stopped: int,
) -> HeadFigures:
    """Return what of a scope its leader looks at. about_data: whether an alert says that a record is wrong. stopped: rules that could not run."""
    not_own = {team.id for team in scope.teams} - scope.own
    opened = [(alert, team) for alert, team in scope.alerts if alert.resolved_on is None]
    done = [alert for alert, _ in scope.alerts if (on := cleared_on(alert)) is not None and on > as_of - _BACK]

    def count(which: Callable[[Alert], bool]) -> int | None:
        found = [team for alert, team in opened if which(alert)]
        return mask_total(len(found), sum(team in not_own for team in found))

    def count_rules(which: Callable[[Alert], bool]) -> int | None:
        # Each of these rules has its row: from the sum of all that of one could be worked out.
        of_others = Counter(alert.rule for alert, team in opened if which(alert) and team in not_own)
        return None if any(map(is_few, of_others.values())) else count(which)

    days = [working_days(alert.first_seen, alert.resolved_on) for alert in done if alert.resolved_on is not None]
    return HeadFigures(
        acknowledged=count(lambda alert: bool(active_acknowledgements(alert, as_of))),
        ageing=count(lambda alert: working_days(alert.first_seen, as_of) > AGEING_WD),
        data_quality=count_rules(about_data),
        not_run=stopped,
        done=mask_total(len(done), len(done) if not_own else 0),
        median_days=float(median(days)) if len(days) >= 5 else None,
        demand=tuple(map(_month, service.demand)) if service else (),
        **_shares([service.posts[team.id] for team in scope.teams if team.id in service.posts] if service else []),
    )


def _month(demand: Demand) -> DemandMonth:
    """Return a month of demand, with how many times as many there were as a year before, by working days."""
    ratio = None
    if demand.base_events and demand.base_wd and demand.month_wd:
        ratio = round(demand.events * demand.base_wd / (demand.base_events * demand.month_wd), 2)
    return DemandMonth(
        called=demand.called,
        month=demand.month,
        events=demand.events,
        base_month=demand.base_month,
        base_events=demand.base_events,
        ratio=ratio,
        beyond_chance=demand.beyond_chance,
    )


def _shares(posts: Sequence[Posts]) -> dict[str, float | None]:
    """Return which share of posts is vacant, and of workers is from an agency, in percent; None where there are no figures."""
    inpost, vacant, agency = (_sum(getattr(one, name) for one in posts) for name in ("inpost", "vacant", "agency"))
    return {
        "vacant": round(100 * vacant / (inpost + vacant), 1) if inpost + vacant else None,
        "agency": round(100 * agency / (inpost + agency), 1) if inpost + agency else None,
    }


def _sum(values: Iterable[float]) -> float:
    return float(sum(values))
