"""Trends: the scorecard of the weekly summary as it stands now, for whoever gets one, by the functions that make it.

What it says rests on alerts alone. How much is in time is not here: the weekly run asks the case data for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from starlette.responses import Response

from alerting.alerts import lifecycle
from alerting.authoring.backtest.charts import Chart, draw_chart
from alerting.model import Alert
from alerting.notifications.content import WeeklyContent
from alerting.notifications.messages.week import SCOPE_ROWS, WeekView, view_week
from alerting.notifications.policy import Policy
from alerting.notifications.scorecard import A_YEAR, WEEKS, Looked
from alerting.notifications.week_book import WeekBook
from alerting.notifications.weekly import Reader as WeeklyReader
from alerting.notifications.weekly import look_of, readers_of, scope_of
from alerting.store import brakes, reader_alerts
from alerting.store.rule_versions import RuleHistory
from alerting.web.visits import Visit

_WIDE, _HIGH = 240, 60


@dataclass(frozen=True, kw_only=True)
class Weeks:
    """How many were open at the end of each week, as a picture and in figures."""

    chart: Chart
    #: The last day of each week, and how many; None where that is not known or kept back.
    counts: tuple[tuple[date, int | None], ...]


def show_trends(visit: Visit) -> Response:
    """Show how the reader's week stands; nothing for whoever gets no weekly summary."""
    policy, router = visit.app.policy(), visit.scope.router
    ids = visit.reader.ids | {visit.reader.address}
    mine = [one for one in readers_of(router, policy.leadership) if one.id in ids or (one.address or "").lower() in ids]
    if not mine:
        return visit.nothing_there()
    book = _book(visit, policy)
    return visit.show(
        "trends.html",
        here="trends",
        parts=[_part(visit, book, one) for one in mine],
        closed=visit.scope.is_closed,
        as_of=visit.as_of,
    )


@dataclass(frozen=True, kw_only=True)
class _Part:
    """The scorecard of one of the reader's ids: they have one, but for somebody with two posts."""

    view: WeekView
    charts: tuple[Weeks, ...]


def _part(visit: Visit, book: WeekBook, reader: WeeklyReader) -> _Part:
    scope = book.scope(reader)
    content = WeeklyContent(
        week_ending=visit.today,
        teams=(),
        scope=scope,
        scope_of=scope_of(book.router, reader),
        masked=not reader.teams <= reader.own,
        covering=(reader.covering,) if reader.covering else (),
    )
    charts = tuple(_weeks(row.trend, visit.today) for row in scope[:SCOPE_ROWS])
    return _Part(view=view_week(content, lambda rule: rule), charts=charts)


def _book(visit: Visit, policy: Policy) -> WeekBook:
    store, connection, today = visit.council.store(), visit.connection, visit.today
    doubted = {brake.rule for brake in brakes.on(connection) if brake.is_implausible}
    found = store.recent(today - timedelta(weeks=WEEKS + 1), connection, and_on=today - A_YEAR)
    kept_back = reader_alerts.read_kept_back(connection, found)

    def flapping(alert: Alert) -> bool:
        return lifecycle.is_flapping(alert.came_back, today, policy.working_days)

    return WeekBook(
        router=visit.scope.router,
        alerts=tuple(alert for alert in found if alert.id not in kept_back and alert.rule not in doubted),
        looked=Looked(
            as_of=today,
            asked_since=RuleHistory(store).asked_since(connection),
            watch=look_of(visit.scope.router, None),
            targets={},
            title=lambda rule: policy.titles.get(rule, rule),
            flapping=flapping,
        ),
        service=None,
        working_days=policy.working_days,
        about_data=frozenset(),
        stopped=0,
    )


def _weeks(trend: Sequence[int | None], last: date) -> Weeks:
    days = [last - timedelta(weeks=back) for back in range(len(trend) - 1, -1, -1)]
    known = [count for count in trend if count is not None]
    said = f"from {known[0]} to {known[-1]}, {min(known)} at the least and {max(known)} at the most" if known else "not known"
    chart = draw_chart(f"Open at the end of each week: {said}", {"": trend}, days, width=_WIDE, height=_HIGH)
    return Weeks(chart=chart, counts=tuple(zip(days, trend, strict=True)))
