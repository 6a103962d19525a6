"""What people do about alerts, checked and written down with who, when and why: the command line and the page ask the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from alerting.alerts import lifecycle
from alerting.alerts.acts import CloseWanted, DataErrorWanted, Request, SnoozeWanted, Wanted
from alerting.alerts.handling import KINDS, must_be_open, must_be_said
from alerting.alerts.people import Actor
from alerting.config import Handling
from alerting.errors import HandlingError
from alerting.formatting import plural
from alerting.model import Alert, Level, Reason
from alerting.notifications.routing import Router
from alerting.store import acts, handling_rows, restricted_lists
from alerting.store.store import Store, Transaction


@dataclass(frozen=True, kw_only=True)
class AlertActions:
    """What somebody does to alerts, within one transaction, as far as the council lets people go."""

    store: Store
    connection: Transaction
    #: Who does it.
    by: Actor
    now: datetime
    today: date
    limits: Handling
    #: The n-th working day after a day.
    add: Callable[[date, int], date]
    #: Whom they ask to approve what takes two people, by id; None for anybody else.
    asked: str | None = None
    #: The second person, and the request that they approved: then it is done, and asked for no more.
    approved_by: Actor | None = None
    answers: int | None = None

    def acknowledge(self, alert: Alert, *, note: str = "", until: date | None = None) -> date:
        """Write down that somebody has an alert in hand, so that they are not reminded of it, and return the last day that it stands."""
        last = self.add(self.today, self.limits.acknowledge)
        until = self._until(alert, until or last, last, f"an acknowledgement stands {_days(self.limits.acknowledge)} at most")
        self._write(alert, "acknowledge", note, until=until)
        return until

    def assign(self, alert: Alert, to: str, router: Router, *, note: str = "") -> None:
        """Assign an alert to a worker, who answers for it from then on. Raises HandlingError where they have no need to see it."""
        must_be_open(alert)
        refused = router.why_not_assigned(alert, to)
        if refused:
            raise HandlingError(
                f"{alert.ref} cannot be assigned to {to}, who {refused}",
                remedy="Give the worker id of somebody in the alert's team, or who manages it.",
            )
        self._write(alert, "assign", note, assignee=to)

    def snooze(self, alert: Alert, *, until: date, reason: str) -> Request | None:
        """Keep an alert out of everybody's messages until a day, for a reason; return the request where that takes two people."""
        must_be_said(reason, "a snooze")
        longest = getattr(self.limits.snooze, alert.level.name)
        level = f"a snooze of a {alert.level.name} alert lasts {_days(longest)} at most"
        until = self._until(alert, until, self.add(self.today, longest), level)
        asked = self._ask(alert, SnoozeWanted(until=until), reason)
        if asked is None:
            self._write(alert, "snooze", reason, until=until)
        return asked

    def recorded(self, alert: Alert, *, note: str = "") -> None:
        """Write down that what an alert asks for is recorded now: nobody is told of it until the next load shows it, or does not."""
        must_be_open(alert)
        self._write(alert, "recorded", note, until=self.add(self.today, self.limits.recorded))

    def data_error(self, alert: Alert, *, note: str) -> date | Request:
        """Write down that the record is wrong: its alert goes to the list for the performance team, and leaves everybody's messages.

        Returns the last day that it waits for the record to be put right, or the request where it takes two people.
        """
        must_be_said(note, "a data error", what="what is wrong with the record", option="--note")
        must_be_open(alert)
        asked = self._ask(alert, DataErrorWanted(), note)
        if asked is not None:
            return asked
        until = self.add(self.today, self.limits.data_error)
        self._write(alert, "data_error", note, until=until)
        return until

    def not_useful(self, alert: Alert, *, reason: str, note: str = "") -> None:
        """Write down that an alert was not useful, and why; it stays as it is. Said again, it replaces what they said before."""
        self._write(alert, "not_useful", note, reason=reason)

    def judge(self, alert: Alert, *, verdict: str, why: str = "") -> None:
        """Write down that an alert is right or wrong; it stays as it is. Said again, it replaces what they said before.

        Raises HandlingError where it is about a child of whom they may not know: such alerts are counted.
        """
        allowed = restricted_lists.allowed_for(self.connection, alert.person) if alert.person else None
        if allowed is not None and self.by.id not in allowed:
            raise HandlingError(
                f"{alert.ref} is about a child of whom only some may know, and {self.by.name} is not one of them",
                remedy="It is not judged, and counted: `alerting rules quality` says how many there are.",
            )
        if verdict == "wrong":
            must_be_said(why, "calling an alert wrong", option="--why")
        self._write(alert, "judged", why, reason=verdict)

    def close(self, alert: Alert, *, reason: str, note: str, until: date | None = None) -> Request | None:
        """Close an open alert, though its record does not say that it is over; it opens again if the record changes.

        until: the last day it stays closed while nothing changes; without one there is no such day. Returns the request where it
        takes two people. Raises HandlingError where it is resolved already, where nothing is said, and for a day that has passed.
        """
        must_be_open(alert)
        if not note.strip():
            raise HandlingError("closing an alert needs a note", remedy="Say with --note what makes it one to close.")
        if until is not None and until < self.today:
            raise HandlingError(f"{until} has passed", remedy="Give a day to come with --until, or none.")
        asked = self._ask(alert, CloseWanted(reason=reason, until=until), note)
        if asked is None:
            closed = lifecycle.resolve(alert, Reason.closed, self.today, detail=reason, by=self.by.id)
            self.store.write(self.connection, [closed], self.today, self.now)
            self._write(alert, "close", note, until=until, reason=reason)
        return asked

    def take_back(self, alert: Alert, kind: str, *, note: str = "", own: bool = False) -> None:
        """End what was done to an alert, own: by themselves alone. Raises HandlingError where there is no such thing."""
        if not handling_rows.take_back(self.connection, alert, kind, by=self.by, note=note, now=self.now, own=own):
            standing_now = [KINDS[known] for known in KINDS if any(act.kind == known for act in alert.acts)]
            raise HandlingError(
                f"{alert.ref} is not {KINDS[kind]}",
                remedy=f"It is {', '.join(standing_now)}."
                if standing_now
                else "Nothing was done to it that could be taken back.",
            )

    def _until(self, alert: Alert, until: date, last: date, why: str) -> date:
        must_be_open(alert)
        if until < self.today:
            raise HandlingError(f"{until} has passed", remedy="Give a day to come with --until.")
        if until > last:
            raise HandlingError(f"{until} is too far off: {why}", remedy=f"Give {last} or a day before it with --until.")
        return until

    def _ask(self, alert: Alert, wanted: Wanted, note: str) -> Request | None:
        """Ask for a second person where an alert is critical, and return the request; None where one may do it, or two agreed."""
        if self.approved_by is not None or alert.level < Level.critical:
            return None
        before = next(
            (one for one in acts.all_waiting(self.connection) if (one.about, one.kind) == (alert.ref, wanted.kind)), None
        )
        if before is not None:
            raise HandlingError(
                f"{before.by.name} has asked for that already, and request {before.id} waits for a second person",
                remedy=f"`alerting requests withdraw {before.id}` takes it back.",
            )
        request = Request(
            id=0,
            at=self.now,
            by=self.by,
            about=alert.ref,
            note=note,
            wanted=wanted,
            asked=self.asked,
            why=f"{alert.ref} is critical",
        )
        return acts.ask(self.connection, request)

    def _write(
        self,
        alert: Alert,
        kind: str,
        note: str,
        *,
        until: date | None = None,
        reason: str | None = None,
        assignee: str | None = None,
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
            approved_by=self.approved_by,
            answers=self.answers,
        )


def _days(count: int) -> str:
    return plural(count, "working day")
