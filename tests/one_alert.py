"""One alert of one rule, as it is on a Monday, and the answers of the rule about its subject: for tests of what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from alerting.alerts.lifecycle import RuleLife, open_alert
from alerting.model import Alert, Condition, Finding, Level, Outcome, Reason, Transition
from alerting.working_days import working_days_between

MONDAY, TUESDAY, WEDNESDAY = date(2026, 3, 30), date(2026, 3, 31), date(2026, 4, 1)
AT_ONCE = RuleLife(id="cp-visit-overdue", code="CP-03", subject_kind="child", unit="working days")
ON_THE_SECOND_DAY = replace(AT_ONCE, pending_for=2)
ON_THE_THIRD_DAY = replace(AT_ONCE, pending_for=3)
NOT_BEFORE_IT_LASTS = replace(AT_ONCE, keep_firing_for=2)
OPEN = ("firing", "recovering", "held")
NO_DATA = "no data"


def said(outcome: str, **what: Any) -> Finding:
    level = {"level": Level.amber} if outcome == "match" else {}
    values = {"team": "North", "worker": "W1", "person": "P1", "member": "CP1"} | level | what
    return Finding(rule=AT_ONCE.id, subject="P1", outcome=Outcome(outcome), **values)


MATCH, CLEAR, UNSURE, GONE = said("match"), said("clear"), said("unknown"), said("absent")
PLAN_ENDED = said("absent", left="plan ended")


def alert(condition: str, **what: Any) -> Alert:
    """Return an alert of Monday, as it is on Monday night."""
    counted = {"streak": 1, "streak_on": MONDAY} if condition in ("pending", "recovering") else {}
    held = {"held_reason": Reason.not_in_data, "held_since": MONDAY} if condition == "held" else {}
    first = open_alert(MATCH, AT_ONCE, 1, MONDAY).alert
    return replace(first, id=7, condition=Condition(condition), **{"streak": 0, "streak_on": None} | counted | held | what)


def why(transition: Transition) -> str:
    """Return a reason with its detail, such as `left (plan ended)`."""
    return transition.reason.value + (f" ({transition.detail})" if transition.detail else "")


def weekdays(start: date, end: date) -> int:
    return working_days_between(start, end, frozenset())
