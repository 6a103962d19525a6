"""What takes two people, once the second has approved it: done in the name of who asked, in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass

from alerting.alerts.acts import (
    ActKind,
    Approval,
    BrakeWanted,
    CloseWanted,
    DataErrorWanted,
    FireWanted,
    ListWanted,
    Request,
    RuleWanted,
    SilenceWanted,
    SnoozeWanted,
    TableWanted,
    WipeWanted,
)
from alerting.errors import HandlingError
from alerting.formatting import plural
from alerting.model import Alert
from alerting.notifications.silences import Impact, SilenceRequest, refuse_where_wrong
from alerting.store import acts, brakes, load_history, restricted_lists, silences, wiping
from alerting.store.alert_actions import AlertActions
from alerting.store.messages.send_hold import Marker


@dataclass(frozen=True, kw_only=True)
class Granting:
    """A request that is approved, and what it is done by."""

    request: Request
    #: Those of who asked, with who approved it.
    actions: AlertActions
    marker: Marker
    #: What a silence would silence today; None for what is no silence.
    impact: Impact | None = None
    #: Whether who approves it has read the draft of the rule that it is about.
    is_draft_read: bool = False

    def do(self) -> str:
        """Do what was asked for, and return what was done. Raises HandlingError where it cannot be done now."""
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
            case RuleWanted():
                return self._rule()

    def _alert(self) -> Alert:
        found = self.actions.store.find(self.request.about, self.actions.connection)
        if found is None:
            raise HandlingError(f"there is no alert {self.request.about} any more")
        return found

    def _snooze(self, wanted: SnoozeWanted) -> str:
        alert = self._alert()
        self.actions.snooze(alert, until=wanted.until, reason=self.request.note)
        return f"{alert.ref} is snoozed until {wanted.until}, for everybody."

    def _data_error(self) -> str:
        alert = self._alert()
        until = self.actions.data_error(alert, note=self.request.note)
        return f"{alert.ref} is on the list of data errors. It is told again after {until} if the record is not put right."

    def _close(self, wanted: CloseWanted) -> str:
        alert = self._alert()
        self.actions.close(alert, reason=wanted.reason, note=self.request.note, until=wanted.until)
        return f"{alert.ref} is closed. It opens again if the record changes."

    def _silence(self, wanted: SilenceWanted) -> str:
        actions = self.actions
        request = SilenceRequest(
            matcher=wanted.matcher,
            reason=self.request.note,
            by=self.request.by,
            begins=wanted.begins,
            until=wanted.until,
            approved_by=actions.approved_by,
            answers=self.request.id,
        )
        if self.impact is None:
            raise HandlingError("what the silence would silence was not looked at")
        refuse_where_wrong(request, actions.today, actions.limits, actions.add)
        made = silences.add(actions.connection, request, self.impact, actions.limits, actions.now)
        return f"Silence {made} is made, until {request.until}."

    def _brake(self, wanted: BrakeWanted) -> str:
        rules = [wanted.rule] if wanted.rule else None
        released = brakes.release(
            self.actions.connection,
            rules,
            by=self.request.by,
            note=self.request.note,
            now=self.actions.now,
            answers=self.request.id,
        )
        if not released:
            raise HandlingError("the brake is not on any more", remedy="`alerting rules release` lists those that are.")
        return "The next run tells what was kept back and still holds."

    def _table(self) -> str:
        table = self.request.about
        doubt = load_history.release(
            self.actions.connection,
            table,
            by=self.request.by,
            note=self.request.note,
            now=self.actions.now,
            answers=self.request.id,
        )
        if doubt is None or not doubt.flaws:
            raise HandlingError(f"{table} does not wait to be released any more")
        return f"{table} is released. The next run trusts it with what it has now."

    def _restricted_list(self, wanted: ListWanted) -> str:
        released = restricted_lists.release_list(
            self.actions.connection,
            wanted.mark,
            by=self.request.by,
            note=self.request.note,
            now=self.actions.now,
            answers=self.request.id,
        )
        if not released:
            raise HandlingError(
                "the list of restricted records is not the one that was looked at",
                remedy="Look at it as it is now, and ask anew with `alerting source release`.",
            )
        return "The next run goes by the list, for as long as it has these very ids."

    def _fire(self) -> str:
        released, problems = self.marker.release(
            self.actions.connection,
            by=self.request.by,
            note=self.request.note,
            now=self.actions.now,
            answers=self.request.id,
        )
        if released is None:
            raise HandlingError("fire is not held any more")
        done = f"{plural(released.waiting, 'message')} may be sent now, with the next run; {released.cancelled} cancelled."
        return " ".join([done, *problems])

    def _rule(self) -> str:
        """Keep that a rule is released: whoever approves it then has its file written, which no transaction can take back."""
        if not self.is_draft_read:
            raise HandlingError("a rule is released on the page, by whoever has read its draft there")
        acts.keep(
            self.actions.connection,
            self.request.by,
            ActKind.rule_released,
            self.request.about,
            self.actions.now,
            note=self.request.note,
            answers=self.request.id,
        )
        return f"{self.request.about} is released. The next run asks it as its draft says."

    def _wipe(self, wanted: WipeWanted) -> str:
        actions = self.actions
        if actions.approved_by is None:
            raise HandlingError("nobody has approved it")
        approval = Approval(request=self.request, by=actions.approved_by)
        wiped = wiping.wipe(actions.store, actions.connection, frozenset(wanted.children), approval, actions.today, actions.now)
        return (
            f"Wiped: {plural(wiped.alerts, 'alert')}, {wiped.ended} of them open until now, what {plural(wiped.messages, 'message')} "
            f"said, what stood beside {plural(wiped.acts, 'act')}, and {plural(wiped.set_aside, 'row')} set aside. "
            "A child who is in the data still has alerts again with the next run."
        )
