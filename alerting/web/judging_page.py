"""Judging: the open alerts of rules that are tried first, one by one, for the performance team, as far as each of them may see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from alerting.alerts.handling import why_not_judged
from alerting.formatting import plain
from alerting.model import Alert
from alerting.notifications.rule_quality import PERIOD
from alerting.rulebook.rule import Rule
from alerting.store import rule_quality
from alerting.web.acting import stand_of
from alerting.web.sections import JUDGING
from alerting.web.shown import Shown
from alerting.web.visits import Visit
from alerting.working_days import working_days_between

_MOST = 50
"""How many alerts of one rule are shown at once; judged ones make room for the others."""


@dataclass(frozen=True, kw_only=True)
class ToJudge:
    """One alert, and how it stands, for the form to say what its sender saw."""

    shown: Shown
    facts: Sequence[tuple[str, str]]
    stand: str


@dataclass(frozen=True, kw_only=True)
class RuleToJudge:
    """A rule that is tried first, with the alerts of it that its reader has not judged."""

    code: str
    title: str
    #: What was judged of it until now, in words.
    judged: str
    #: Why its alerts are judged by nobody; "" where they are.
    why_not: str
    alerts: Sequence[ToJudge]
    more: int


def show_judging(visit: Visit) -> Response:
    """Show what waits to be judged, by rule."""
    rules = [rule for rule in visit.app.book.rules if rule.shadow]
    mine = _to_judge(visit, rules)
    judged = _judged(visit, rules)
    shower = visit.shower()
    found = [
        RuleToJudge(
            code=rule.code,
            title=plain(rule.title),
            judged=judged[rule.id],
            why_not=why_not_judged(rule) or "",
            alerts=[
                ToJudge(shown=shower.show(alert), facts=shower.facts(alert), stand=stand_of(alert))
                for alert in mine[rule.id][:_MOST]
            ],
            more=max(0, len(mine[rule.id]) - _MOST),
        )
        for rule in rules
    ]
    return visit.show("judging.html", here=JUDGING.path, rules=found, closed=visit.scope.is_closed)


def _to_judge(visit: Visit, rules: Sequence[Rule]) -> dict[str, list[Alert]]:
    """Return the open alerts that the reader has not judged, by rule."""
    found: dict[str, list[Alert]] = {rule.id: [] for rule in rules}
    judged = {rule.id for rule in rules if why_not_judged(rule) is None}
    for alert in visit.scope.every_open() if judged else ():
        if alert.rule in judged and not _has_judged(visit, alert):
            found[alert.rule].append(alert)
    return found


def _has_judged(visit: Visit, alert: Alert) -> bool:
    return any(act.kind == "judged" and act.by == visit.reader.actor.id for act in alert.acts)


def _judged(visit: Visit, rules: Sequence[Rule]) -> dict[str, str]:
    holidays = visit.app.book.settings.bank_holidays
    rows = rule_quality.measure(
        visit.connection, rules, visit.today - PERIOD, visit.today, lambda start, end: working_days_between(start, end, holidays)
    )
    return {row.id: row.judged_words for row in rows}
