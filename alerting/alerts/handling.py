"""What people may do about an alert: acknowledge it, give it to somebody, put it off, say that it is recorded or wrong.

Each act is checked here and then written down, with who, when and why; the command line and the page ask the same
functions. What of it stands on a day is worked out in `standing`; an alert's condition comes from the data alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from alerting.alerts import handling_state
from alerting.config import Handling
from alerting.errors import HandlingError
from alerting.formatting import day, plural
from alerting.model import Act, Alert, Condition, Level
from alerting.notifications.routing import Router
from alerting.store import handling_rows
from alerting.store.store import Transaction

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
class Desk:
    """Where acts are written down: by whom, when, and how far the council lets people go.

    by: who does it, as the directory or the command line names them. add: gives the n-th working day after a day.
    """

    connection: Transaction
    by: str
    now: datetime
    today: date
    limits: Handling
    add: Callable[[date, int], date]

    def acknowledge(self, alert: Alert, *, note: str = "", until: date | None = None) -> date:
        """Return that somebody has an alert in hand: they are not reminded of it. Gives the last day that this stands."""
        last = self.add(self.today, self.limits.acknowledge)
        until = self._until(alert, until or last, last, f"an acknowledgement stands {_days(self.limits.acknowledge)} at most")
        self._write(alert, "acknowledge", note, until=until)
        return until

    def assign(self, alert: Alert, to: str, router: Router, *, note: str = "") -> None:
        """Return an alert to a worker, who answers for it from then on. Raises HandlingError where they have no need to see it."""
        _must_be_open(alert)
        refused = router.why_not_assigned(alert, to)
        if refused:
            raise HandlingError(
                f"{alert.ref} cannot be assigned to {to}, who {refused}",
                remedy="Give the worker id of somebody in the alert's team, or who manages it.",
            )
        self._write(alert, "assign", note, assignee=to)

    def snooze(self, alert: Alert, *, until: date, reason: str, approved_by: str | None = None) -> None:
        """Keep an alert out of everybody's messages until a day, for a reason."""
        _must_be_said(reason, "a snooze")
        longest = getattr(self.limits.snooze, alert.level.name)
        level = f"a snooze of a {alert.level.name} alert lasts {_days(longest)} at most"
        until = self._until(alert, until, self.add(self.today, longest), level)
        self._two_for_critical(alert, "snoozed", approved_by)
        self._write(alert, "snooze", reason, until=until, approved_by=approved_by)

    def recorded(self, alert: Alert, *, note: str = "") -> None:
        """Return that what an alert asks for is recorded now: nobody is told of it until the next load shows it, or does not."""
        _must_be_open(alert)
        self._write(alert, "recorded", note, until=self.add(self.today, self.limits.recorded))

    def data_error(self, alert: Alert, *, note: str, approved_by: str | None = None) -> date:
        """Return that the record is wrong: an alert goes to the list for the performance team, and leaves everybody's messages.

        Gives the last day that it waits for the record to be put right.
        """
        _must_be_said(note, "a data error", what="what is wrong with the record", option="--note")
        _must_be_open(alert)
        self._two_for_critical(alert, "put on the list of data errors", approved_by)
        until = self.add(self.today, self.limits.data_error)
        self._write(alert, "data_error", note, until=until, approved_by=approved_by)
        return until

    def not_useful(self, alert: Alert, *, reason: str, note: str = "") -> None:
        """Return that an alert was not useful, and why; it stays as it is. Said again, it replaces what they said before."""
        self._write(alert, "not_useful", note, reason=reason)

    def take_back(self, alert: Alert, kind: str, *, note: str = "") -> None:
        """End what was done to an alert. Raises HandlingError where there is no such thing."""
        if not handling_rows.take_back(self.connection, alert, kind, by=self.by, note=note, now=self.now):
            standing_now = [KINDS[known] for known in KINDS if any(act.kind == known for act in alert.acts)]
            raise HandlingError(
                f"{alert.ref} is not {KINDS[kind]}",
                remedy=f"It is {', '.join(standing_now)}."
                if standing_now
                else "Nothing was done to it that could be taken back.",
            )

    def _until(self, alert: Alert, until: date, last: date, why: str) -> date:
        _must_be_open(alert)
        if until < self.today:
            raise HandlingError(f"{until} has passed", remedy="Give a day to come with --until.")
        if until > last:
            raise HandlingError(f"{until} is too far off: {why}", remedy=f"Give {last} or a day before it with --until.")
        return until

    def _two_for_critical(self, alert: Alert, done: str, approved_by: str | None) -> None:
        if alert.level == Level.critical or approved_by is not None:
            two_people(self.by, approved_by, f"{alert.ref} is critical and cannot be {done} by one person alone")

    def _write(
        self,
        alert: Alert,
        kind: str,
        note: str,
        *,
        until: date | None = None,
        reason: str | None = None,
        assignee: str | None = None,
        approved_by: str | None = None,
    ) -> None:
        handling_rows.add(
            self.connection,
            alert,
            kind,
            by=self.by,
            note=note.strip(),
            now=self.now,
            until=until,
            reason=reason,
            assignee=assignee,
            approved_by=approved_by,
        )


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
        DataError(alert=alert, act=act, age=working_days(act.on, as_of), waits=handling_state.put_off(alert, as_of) == act)
        for alert in alerts
        if alert.condition != Condition.resolved
        for act in _newest(alert, "data_error")
    ]
    return sorted(found, key=lambda error: (error.act.at, error.alert.ref))


def two_people(by: str, approved_by: str | None, problem: str) -> None:
    """Raise HandlingError where a second person is asked for, and there is none or it is the same."""
    if not (approved_by or "").strip():
        raise HandlingError(problem, remedy="Have a second person agree, and name them with --approved-by.")
    if str(approved_by).strip().casefold() == by.strip().casefold():
        raise HandlingError("who approves is who asks for it", remedy="Name another person with --approved-by.")


def _newest(alert: Alert, kind: str) -> Sequence[Act]:
    return [act for act in alert.acts if act.kind == kind][-1:]


def _must_be_open(alert: Alert) -> None:
    if alert.condition == Condition.resolved:
        raise HandlingError(f"{alert.ref} is resolved already: {alert.why_resolved}")


def _must_be_said(text: str, act: str, what: str = "why", option: str = "--reason") -> None:
    if not text.strip():
        raise HandlingError(f"{act} needs {'a reason' if what == 'why' else 'a note'}", remedy=f"Say {what} with {option}.")


def _days(count: int) -> str:
    return plural(count, "working day")


def said(act: Act) -> str:
    """Return what somebody did, until when and with whom, in a few words."""
    until = f" until {day(act.until)}" if act.until else ""
    approved = f", approved by {act.approved_by}" if act.approved_by else ""
    return f"{KINDS.get(act.kind, act.kind)} by {act.by}{until}{approved}"
