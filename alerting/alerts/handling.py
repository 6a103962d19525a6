"""What people may do about an alert: acknowledge it, give it to somebody, put it off, say that it is recorded or wrong. Pure.

Each act is checked by these rules and then written down by `store.alert_actions`. What of it stands on a day is worked out in
`handling_state`; an alert's condition comes from the data alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from alerting.alerts import handling_state
from alerting.errors import HandlingError
from alerting.formatting import day
from alerting.model import Act, Alert, Condition
from alerting.rulebook.rule import Rule

REASONS = {
    "data_wrong": "the data is wrong",
    "already_done": "it was done already",
    "not_mine": "it is not theirs",
    "rule_wrong": "the rule is wrong",
    "other": "another reason",
}
"""Why an alert was not useful, as it is given and in words."""

KINDS = {
    "acknowledge": "acknowledged",
    "assign": "assigned",
    "snooze": "snoozed",
    "recorded": "said to be recorded",
    "data_error": "said to be wrong in the data",
}
"""What can be done to an alert, and taken back, in words."""


@dataclass(frozen=True, kw_only=True)
class DataError:
    """A record that somebody says is wrong. age: working days since. waits: nobody is told of its alert meanwhile."""

    alert: Alert
    act: Act
    age: int
    waits: bool


def data_errors(alerts: Iterable[Alert], as_of: date, working_days: Callable[[date, date], int]) -> list[DataError]:
    """Return the records that somebody says are wrong and whose alerts are open, the oldest first."""
    found = [
        DataError(alert=alert, act=act, age=working_days(act.on, as_of), waits=handling_state.active_snooze(alert, as_of) == act)
        for alert in alerts
        if alert.condition != Condition.resolved
        for act in _newest(alert, "data_error")
    ]
    return sorted(found, key=lambda error: (error.act.at, error.alert.ref))


def _newest(alert: Alert, kind: str) -> Sequence[Act]:
    return [act for act in alert.acts if act.kind == kind][-1:]


def must_be_open(alert: Alert) -> None:
    """Raise HandlingError where an alert is resolved."""
    if alert.condition == Condition.resolved:
        raise HandlingError(f"{alert.ref} is resolved already: {alert.why_resolved}")


def must_be_said(text: str, act: str, what: str = "why", option: str = "--reason") -> None:
    """Raise HandlingError where nothing is said. what: what should be, by which option."""
    if not text.strip():
        raise HandlingError(f"{act} needs {'a reason' if what == 'why' else 'a note'}", remedy=f"Say {what} with {option}.")


def why_not_judged(rule: Rule) -> str | None:
    """Return why nobody judges the alerts of a rule one by one; None where they may be."""
    if rule.shadow and rule.file.nobody_else:
        return f"{rule.code} tells those whom it names and nobody else, so that nobody judges its alerts one by one"
    return None


def said(act: Act) -> str:
    """Return what somebody did, until when and with whom, in a few words."""
    until = f" until {day(act.until)}" if act.until else ""
    approved = f", approved by {act.approved_by}" if act.approved_by else ""
    return f"{KINDS.get(act.kind, act.kind)} by {act.by}{until}{approved}"
