"""`alerting requests`: what waits for a second person. A file of this folder is a command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, cast

import click

from alerting.alerts.acts import ActKind, Approval, Request
from alerting.cli import CommandFolder, today
from alerting.errors import HandlingError

if TYPE_CHECKING:
    from alerting.alerts.people import Actor
    from alerting.app import App
    from alerting.notifications.silences import Impact
    from alerting.store.alert_actions import AlertActions
    from alerting.store.store import Store, Transaction


@click.group(cls=CommandFolder, package=sys.modules[__name__])
def command() -> None:
    """See what waits for a second person, approve it or take it back."""


def ask_release(
    connection: Transaction, actor: Actor, kind: ActKind, about: str, why: str, now: datetime, *, note: str = "", **wanted: Any
) -> Request:
    """Ask for a second person to release something, and return the request. wanted: what it takes to do it."""
    from alerting.store import acts

    return acts.ask(connection, Request(id=0, at=now, by=actor, kind=kind, about=about, note=note, wanted=wanted, why=why))


def look(app: App, request: Request) -> Impact | None:
    """Return what a silence that is asked for would silence today; None for what is no silence. It reads the case data, and so comes first."""
    from alerting.commands.silences import impact_of
    from alerting.notifications.silences import Matcher

    return impact_of(app, Matcher(**request.wanted["matcher"]), None) if request.kind is ActKind.silence else None


@dataclass(frozen=True, kw_only=True)
class Granting:
    """A request that is approved, and where it is done: one transaction."""

    app: App
    store: Store
    connection: Transaction
    approval: Approval
    now: datetime
    #: What a silence would silence today.
    impact: Impact | None = None

    @property
    def request(self) -> Request:
        """What was asked for."""
        return self.approval.request

    def do(self) -> str:
        """Do what was asked for, in the name of who asked, and return what was done. Raises AlertingError where it cannot be done now."""
        return _DONE_BY[self.request.kind](self)

    def _actions(self) -> AlertActions:
        from alerting.commands.alerts import actions_of

        return actions_of(self.app, self.store, self.connection, self.request.by, approval=self.approval)

    def snooze(self) -> str:
        """Put an alert off."""
        from alerting.commands.alerts import find_alert

        alert = find_alert(self.store, self.request.about, self.connection)
        until = date.fromisoformat(self.request.wanted["until"])
        self._actions().snooze(alert, until=until, reason=self.request.note)
        return f"{alert.ref} is snoozed until {until}, for everybody."

    def data_error(self) -> str:
        """Put an alert on the list of data errors."""
        from alerting.commands.alerts import find_alert

        alert = find_alert(self.store, self.request.about, self.connection)
        until = self._actions().data_error(alert, note=self.request.note)
        return f"{alert.ref} is on the list of data errors. It is told again after {until} if the record is not put right."

    def close(self) -> str:
        """Close an alert."""
        from alerting.commands.alerts import find_alert

        alert, wanted = find_alert(self.store, self.request.about, self.connection), self.request.wanted
        until = date.fromisoformat(wanted["until"]) if wanted.get("until") else None
        self._actions().close(alert, reason=wanted["reason"], note=self.request.note, until=until)
        return f"{alert.ref} is closed. It opens again if the record changes."

    def silence(self) -> str:
        """Make a silence, as far as one may be made today."""
        from alerting.commands.silences import refuse_today
        from alerting.notifications.silences import Matcher, SilenceRequest
        from alerting.store import silences

        wanted = self.request.wanted
        request = SilenceRequest(
            matcher=Matcher(**wanted["matcher"]),
            reason=self.request.note,
            by=self.request.by,
            begins=date.fromisoformat(wanted["begins"]),
            until=date.fromisoformat(wanted["until"]),
            approved_by=self.approval.by,
            answers=self.request.id,
        )
        refuse_today(self.app, request, today(self.app))
        made = silences.add(self.connection, request, cast("Impact", self.impact), self.app.loaded.config.handling, self.now)
        return f"Silence {made} is made, until {request.until}."

    def brake(self) -> str:
        """Take brakes off."""
        from alerting.store import brakes

        rule = self.request.wanted["rule"]
        rules = [rule] if rule else None
        released = brakes.release(
            self.connection, rules, by=self.request.by, note=self.request.note, now=self.now, answers=self.request.id
        )
        if not released:
            raise HandlingError("the brake is not on any more", remedy="`alerting rules release` lists those that are.")
        return "The next run tells what was kept back and still holds."

    def table(self) -> str:
        """Let what was found of a table count as right."""
        from alerting.store import load_history

        table = self.request.about
        doubt = load_history.release(
            self.connection, table, by=self.request.by, note=self.request.note, now=self.now, answers=self.request.id
        )
        if doubt is None or not doubt.flaws:
            raise HandlingError(f"{table} does not wait to be released any more")
        return f"{table} is released. The next run trusts it with what it has now."

    def restricted_list(self) -> str:
        """Let the list of restricted records stand as it was when that was asked for."""
        from alerting.store import restricted_lists

        released = restricted_lists.release_list(
            self.connection,
            self.request.wanted["mark"],
            by=self.request.by,
            note=self.request.note,
            now=self.now,
            answers=self.request.id,
        )
        if not released:
            raise HandlingError(
                "the list of restricted records is not the one that was looked at",
                remedy="Look at it as it is now, and ask anew with `alerting source release`.",
            )
        return "The next run goes by the list, for as long as it has these very ids."

    def fire(self) -> str:
        """Let the service send again."""
        from alerting.store.messages import send_hold

        released = send_hold.release(
            self.connection, by=self.request.by, note=self.request.note, now=self.now, answers=self.request.id
        )
        if released is None:
            raise HandlingError("fire is not held any more")
        return f"{released.waiting} waiting messages may be sent now, with the next run; {released.cancelled} cancelled."


_DONE_BY: Mapping[ActKind, Callable[[Granting], str]] = {
    ActKind.snooze: Granting.snooze,
    ActKind.data_error: Granting.data_error,
    ActKind.close: Granting.close,
    ActKind.silence: Granting.silence,
    ActKind.brake_released: Granting.brake,
    ActKind.fire_released: Granting.fire,
    ActKind.table_released: Granting.table,
    ActKind.list_released: Granting.restricted_list,
}
"""How each kind of request is done. What is not here is approved by nobody."""
