"""What somebody who has looked lets go on: a brake, a table, the list of restricted records, that the service sends again.

Where it takes two people it is asked for, and done once a second one approves it: see `granting`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from alerting.alerts.acts import BrakeWanted, FireWanted, ListWanted, Request, TableWanted, Wanted
from alerting.alerts.brakes import Brake
from alerting.alerts.people import Actor
from alerting.casedata.restricted_list import RESTRICTED
from alerting.errors import HandlingError
from alerting.store import acts, brakes, load_history, restricted_lists
from alerting.store.load_history import Doubt
from alerting.store.messages import send_hold
from alerting.store.messages.send_hold import Marker, ReleasedHold
from alerting.store.store import Transaction


@dataclass(frozen=True, kw_only=True)
class Releasing:
    """Somebody who releases something, and why, within one transaction."""

    connection: Transaction
    by: Actor
    note: str
    now: datetime
    #: Whether the council wants two people for what one may release else.
    two: bool

    def release_brakes(self, rule: str | None, about: str) -> Request | list[Brake]:
        """Take a rule's brake off, by its id, or without one every brake that may be taken off together; return those that were on.

        Returns the request where it takes two people. about: what it is called there.
        """
        if self.two and any(rule in (None, brake.rule) for brake in brakes.on(self.connection)):
            return self._ask(BrakeWanted(rule=rule), about, "the council wants two people to release a brake")
        return brakes.release(self.connection, [rule] if rule else None, by=self.by, note=self.note, now=self.now)

    def release_table(self, table: str) -> Request | Doubt | None:
        """Let what was found of a table count as right, and return what that was; None where nothing was."""
        if self.two and any(each.table == table and each.flaws for each in load_history.doubts(self.connection)):
            return self._ask(TableWanted(), table, "the council wants two people to release a table")
        return load_history.release(self.connection, table, by=self.by, note=self.note, now=self.now)

    def release_list(self) -> Request | int:
        """Ask a second person to release the list of restricted records where it is doubted.

        Else let whoever was taken off it be restricted no more, and return how many people that is.
        """
        doubted = restricted_lists.doubted(self.connection)
        if doubted is not None:
            why = "it lets out what the list of restricted records confines"
            return self._ask(ListWanted(mark=doubted.mark), RESTRICTED, why)
        return restricted_lists.release_removal(self.connection, by=self.by, note=self.note, now=self.now)

    def release_fire(self, marker: Marker) -> Request | tuple[ReleasedHold | None, list[str]]:
        """Let the service send again; see `Marker.release`."""
        if self.two and send_hold.find_hold(self.connection):
            return self._ask(FireWanted(), "service", "the council wants two people to let the service send again")
        return marker.release(self.connection, by=self.by, note=self.note, now=self.now)

    def _ask(self, wanted: Wanted, about: str, why: str) -> Request:
        """Ask for a second person, once. Raises HandlingError where the same is asked for already."""
        same = next((one for one in acts.all_waiting(self.connection) if one.wanted == wanted and one.about == about), None)
        if same is not None:
            raise HandlingError(
                f"request {same.id} of {same.by.name} asks for that already",
                remedy="Another person than they may approve it; taken back, it can be asked for anew.",
            )
        request = Request(id=0, at=self.now, by=self.by, about=about, note=self.note, wanted=wanted, why=why)
        return acts.ask(self.connection, request)
