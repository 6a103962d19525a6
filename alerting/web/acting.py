"""What a reader does about an alert: by the functions that the command line calls, in the transaction that found them allowed to.

Whoever may see an alert may say that they have it in hand, that it is recorded, that it was of no use. To put it off for everybody, to
assign it, to say that the record is wrong and to close it is for those who answer for a team or a service, or cover for somebody who does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

from alerting.alerts.acts import Request
from alerting.alerts.handling import KINDS, REASONS, why_not_judged
from alerting.errors import HandlingError
from alerting.model import Alert, ClosingReason
from alerting.store import acts
from alerting.store.alert_actions import AlertActions
from alerting.web.approving import approve, waiting_at
from alerting.web.visits import Visit

DONE = {
    "acknowledge": "You have it in hand. You are not reminded of it until then, unless its level rises.",
    "recorded": "Noted as recorded. Nobody is told of it until the next load shows it, or does not.",
    "snooze": "It is snoozed for everybody, and comes back on its day, when it falls due or when its level rises.",
    "assign": "It is assigned. Whoever had it is told that it has moved, from the next message on.",
    "data-error": "It is on the list of records that are wrong. It clears when the record is right; if not, it is told again.",
    "not-useful": "Thank you: it stays as it is, and counts for its rule.",
    "close": "It is closed. It opens again if the record changes.",
    "take-back": "Taken back: it is as before.",
    "withdraw": "The request is taken back: nobody can approve it any more.",
    "judge": "Noted. It stays as it is, and counts for its rule.",
    "approve": "You approved what was asked for, and it is done.",
    "asked": "Nothing is done yet: it takes two people, as it is critical. A second person is asked to approve it.",
}
"""What is said of what was done, by its name in the address."""
_MANAGERS = frozenset({"snooze", "assign", "data-error", "close", "approve"})


@dataclass(frozen=True, kw_only=True)
class _Doing:
    """Something that is being done to an alert."""

    visit: Visit
    actions: AlertActions
    alert: Alert

    def day(self, name: str, *, needed: bool = False) -> date | None:
        """Return a day of the form. Raises HandlingError for what is none."""
        given = self.visit.text(name)
        if not given and not needed:
            return None
        try:
            return date.fromisoformat(given)
        except ValueError:
            raise HandlingError("the last day is not a date" if given else "a last day is needed") from None

    def choice(self, name: str, among: Mapping[str, object], what: str) -> str:
        """Return what was chosen. Raises HandlingError where that is none of the choices."""
        given = self.visit.text(name)
        if given not in among:
            raise HandlingError(f"choose {what}")
        return given


def act(visit: Visit) -> Response:
    """Do to an alert what a form asks for. Raises HandlingError where it may not be done, and then nothing is."""
    wanted, alert = visit.path["act"], hold(visit)
    if alert is None:
        return visit.nothing_there()
    asked = do(visit, wanted, alert, visit.form.get("stand", ""))
    return visit.go_to(f"/a/{alert.ref}?done={'asked' if asked else wanted}")


def hold(visit: Visit) -> Alert | None:
    """Return the alert of the path, as it stays until it is acted on; None of an alert, or an act, that there is not."""
    alert = visit.scope.hold(visit.path["ref"])
    return alert if visit.path["act"] in _ACTS else None


def do(visit: Visit, act: str, alert: Alert, stand: str) -> bool:
    """Do to an alert that is held what a form asks for, and return whether a second person is asked for it instead.

    stand: how it stood when the sender saw it. Raises HandlingError where it may not be done.
    """
    if not may_do(visit, act):
        raise HandlingError("this is for those who answer for the team")
    if stand != stand_of(alert):
        raise HandlingError("it has changed since you opened it: look at it as it is now, and do it again if it is still right")
    actions = visit.app.actions(visit.council.store(), visit.connection, visit.reader.actor, visit.now)
    return isinstance(_ACTS[act](_Doing(visit=visit, actions=actions, alert=alert)), Request)


def may_do(visit: Visit, act: str) -> bool:
    """Return whether somebody in the reader's place does such a thing at all."""
    return act not in _MANAGERS or visit.reader.manages


def stand_of(alert: Alert) -> str:
    """Return how an alert stands, for a form to say what its sender saw: a form that is sent again then does nothing."""
    last = max((one.id for one in alert.acts), default=0)
    return f"{alert.condition.value}-{int(alert.level)}-{last}"


def _acknowledge(doing: _Doing) -> object:
    return doing.actions.acknowledge(doing.alert, note=doing.visit.text("note"), until=doing.day("until"))


def _recorded(doing: _Doing) -> object:
    doing.actions.recorded(doing.alert, note=doing.visit.text("note"))
    return None


def _snooze(doing: _Doing) -> object:
    until = doing.day("until", needed=True)
    return doing.actions.snooze(doing.alert, until=until or date.min, reason=doing.visit.text("reason"))


def _assign(doing: _Doing) -> object:
    router = doing.visit.scope.router
    to = doing.choice("to", router.directory.staff, "to whom")
    doing.actions.assign(doing.alert, to, router, note=doing.visit.text("note"))
    return None


def _data_error(doing: _Doing) -> object:
    return doing.actions.data_error(doing.alert, note=doing.visit.text("note"))


def _not_useful(doing: _Doing) -> object:
    doing.actions.not_useful(
        doing.alert, reason=doing.choice("reason", REASONS, "why it was not useful"), note=doing.visit.text("note")
    )
    return None


def _close(doing: _Doing) -> object:
    reason = doing.choice("reason", ClosingReason.choices(), "why it is closed")
    return doing.actions.close(doing.alert, reason=reason, note=doing.visit.text("note"), until=doing.day("until"))


def _take_back(doing: _Doing) -> object:
    """Take back what was done: what others did too for those who answer for the team, unless the form asks for their own alone."""
    kind = doing.choice("kind", KINDS, "what is taken back")
    reader = doing.visit.reader
    if not (reader.manages or any(one.kind == kind and one.by == reader.actor.id for one in doing.alert.acts)):
        raise HandlingError("what somebody else did is taken back by those who answer for the team")
    doing.actions.take_back(
        doing.alert, kind, note=doing.visit.text("note"), own=not reader.manages or bool(doing.visit.text("own"))
    )
    return None


def _withdraw(doing: _Doing) -> object:
    """Take back what waits for a second person: one request by its number, or all that the reader asked for."""
    number, by = doing.visit.text("request"), doing.visit.reader.actor.id
    waiting = [one for one in acts.all_waiting(doing.visit.connection) if one.about == doing.alert.ref]
    found = [one for one in waiting if (str(one.id) == number if number else one.by.id == by)]
    if not found:
        raise HandlingError("nothing waits for a second person")
    if not all(one.by.id == by or doing.visit.reader.manages for one in found):
        raise HandlingError("what somebody else asked for is taken back by those who answer for the team")
    for one in found:
        acts.withdraw(doing.visit.connection, one.id, doing.visit.reader.actor, doing.visit.now, note=doing.visit.text("note"))
    return None


def _judge(doing: _Doing) -> object:
    rule = next((each for each in doing.visit.app.book.rules if each.id == doing.alert.rule), None)
    if rule is None or not rule.shadow:
        raise HandlingError("its rule is not tried any more: what was not useful is said as such")
    if (why_not := why_not_judged(rule)) is not None:
        raise HandlingError(why_not)
    verdict = doing.choice("verdict", {"right": "right", "wrong": "wrong"}, "whether it is right")
    doing.actions.judge(doing.alert, verdict=verdict, why=doing.visit.text("note"))
    return None


def _approve(doing: _Doing) -> object:
    waiting = waiting_at(doing.visit, doing.alert)
    request = next((one for one in waiting if str(one.id) == doing.visit.text("request")), None)
    if request is None:
        raise HandlingError("that request does not wait any more")
    approve(doing.visit, request)
    return None


_ACTS: Mapping[str, Callable[[_Doing], object]] = {
    "acknowledge": _acknowledge,
    "recorded": _recorded,
    "snooze": _snooze,
    "assign": _assign,
    "data-error": _data_error,
    "not-useful": _not_useful,
    "close": _close,
    "take-back": _take_back,
    "withdraw": _withdraw,
    "approve": _approve,
    "judge": _judge,
}
"""What can be done, by its name in the address."""
