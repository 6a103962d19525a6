"""`alerting requests`: what waits for a second person. A file of this folder is a command."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

import click

from alerting.alerts.acts import (
    Approval,
    BrakeWanted,
    CloseWanted,
    DataErrorWanted,
    FireWanted,
    ListWanted,
    Request,
    SilenceWanted,
    SnoozeWanted,
    TableWanted,
    Wanted,
    WipeWanted,
)
from alerting.cli import CommandFolder, now, tell_now, today
from alerting.errors import HandlingError
from alerting.formatting import plural

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
    connection: Transaction, actor: Actor, wanted: Wanted, about: str, why: str, now: datetime, *, note: str = ""
) -> Request:
    """Ask for a second person to release something, and return the request."""
    from alerting.store import acts

    return acts.ask(connection, Request(id=0, at=now, by=actor, about=about, note=note, wanted=wanted, why=why))


def lapse(app: App, store: Store) -> None:
    """End the requests whose time has passed, and tell of it, so that nobody approves them."""
    from alerting.store import acts

    with store.transaction() as connection:
        ended = acts.lapse(connection, app.last_day_of_request, today(app), now())
    if ended:
        tell_now(app, store)


def look(app: App, request: Request) -> Impact | None:
    """Return what a silence that is asked for would silence today; None for what is no silence. It reads the case data, and so comes first."""
    from alerting.commands.silences import impact_of

    return impact_of(app, request.wanted.matcher, None) if isinstance(request.wanted, SilenceWanted) else None


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
        match self.request.wanted:
            case SnoozeWanted() as snooze:
                return self._snooze(snooze)
            case DataErrorWanted():
                return self._data_error()
            case CloseWanted() as close:
                return self._close(close)
            case SilenceWanted() as silence:
                return self._silence(silence)
            case BrakeWanted() as brake:
                return self._brake(brake)
            case TableWanted():
                return self._table()
            case ListWanted() as restricted:
                return self._restricted_list(restricted)
            case FireWanted():
                return self._fire()
            case WipeWanted() as wipe:
                return self._wipe(wipe)

    def _actions(self) -> AlertActions:
        from alerting.commands.alerts import actions_of

        return actions_of(self.app, self.store, self.connection, self.request.by, approval=self.approval)

    def _snooze(self, wanted: SnoozeWanted) -> str:
        from alerting.commands.alerts import find_alert

        alert = find_alert(self.store, self.request.about, self.connection)
        self._actions().snooze(alert, until=wanted.until, reason=self.request.note)
        return f"{alert.ref} is snoozed until {wanted.until}, for everybody."

    def _data_error(self) -> str:
        from alerting.commands.alerts import find_alert

        alert = find_alert(self.store, self.request.about, self.connection)
        until = self._actions().data_error(alert, note=self.request.note)
        return f"{alert.ref} is on the list of data errors. It is told again after {until} if the record is not put right."

    def _close(self, wanted: CloseWanted) -> str:
        from alerting.commands.alerts import find_alert

        alert = find_alert(self.store, self.request.about, self.connection)
        self._actions().close(alert, reason=wanted.reason, note=self.request.note, until=wanted.until)
        return f"{alert.ref} is closed. It opens again if the record changes."

    def _silence(self, wanted: SilenceWanted) -> str:
        from alerting.commands.silences import refuse_today
        from alerting.notifications.silences import SilenceRequest
        from alerting.store import silences

        request = SilenceRequest(
            matcher=wanted.matcher,
            reason=self.request.note,
            by=self.request.by,
            begins=wanted.begins,
            until=wanted.until,
            approved_by=self.approval.by,
            answers=self.request.id,
        )
        refuse_today(self.app, request, today(self.app))
        made = silences.add(self.connection, request, cast("Impact", self.impact), self.app.loaded.config.handling, self.now)
        return f"Silence {made} is made, until {request.until}."

    def _brake(self, wanted: BrakeWanted) -> str:
        from alerting.store import brakes

        rules = [wanted.rule] if wanted.rule else None
        released = brakes.release(
            self.connection, rules, by=self.request.by, note=self.request.note, now=self.now, answers=self.request.id
        )
        if not released:
            raise HandlingError("the brake is not on any more", remedy="`alerting rules release` lists those that are.")
        return "The next run tells what was kept back and still holds."

    def _table(self) -> str:
        from alerting.store import load_history

        table = self.request.about
        doubt = load_history.release(
            self.connection, table, by=self.request.by, note=self.request.note, now=self.now, answers=self.request.id
        )
        if doubt is None or not doubt.flaws:
            raise HandlingError(f"{table} does not wait to be released any more")
        return f"{table} is released. The next run trusts it with what it has now."

    def _restricted_list(self, wanted: ListWanted) -> str:
        from alerting.store import restricted_lists

        released = restricted_lists.release_list(
            self.connection,
            wanted.mark,
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

    def _fire(self) -> str:
        from alerting.store.messages import send_hold

        released = send_hold.release(
            self.connection, by=self.request.by, note=self.request.note, now=self.now, answers=self.request.id
        )
        if released is None:
            raise HandlingError("fire is not held any more")
        return f"{released.waiting} waiting messages may be sent now, with the next run; {released.cancelled} cancelled."

    def _wipe(self, wanted: WipeWanted) -> str:
        from alerting.store import wiping

        wiped = wiping.wipe(self.store, self.connection, frozenset(wanted.children), self.approval, today(self.app), self.now)
        return (
            f"Wiped: {plural(wiped.alerts, 'alert')}, {wiped.ended} of them open until now, what {plural(wiped.messages, 'message')} "
            f"said, what stood beside {plural(wiped.acts, 'act')}, and {plural(wiped.set_aside, 'row')} set aside. "
            "A child who is in the data still has alerts again with the next run."
        )
