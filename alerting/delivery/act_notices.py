"""What is told the same day of what people did: to those who look after the service, and to those whom it touches where it is large. Pure.

Nothing of a case but references: what somebody wrote beside an act may be about a child, and is left where it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from alerting.alerts.acts import ActKind
from alerting.delivery.failure_notices import FaultNotice
from alerting.formatting import capital, day, plural
from alerting.notifications.content import Addressee


@dataclass(frozen=True, kw_only=True)
class ToldAct:
    """An act as it is told."""

    id: int
    kind: ActKind
    about: str
    on: date
    #: The name of who did it, and of who approved it, if somebody did.
    by: str
    approved_by: str | None = None
    account: str | None = None
    host: str | None = None
    #: Of an approval or a withdrawal, the number of the request that it answers.
    answers: int | None = None
    #: Of what has lapsed, the name of who asked for it.
    asked_by: str | None = None
    #: Of a request: what is done when it is approved.
    asked_for: ActKind | None = None
    #: Of a silence: its last day, how many open alerts it meets, of how many, and how many of each reader's, by id.
    until: date | None = None
    matched: int = 0
    open: int = 0
    touched: Mapping[str, int] = field(default_factory=dict)


def of_act(act: ToldAct) -> FaultNotice:
    """Return what administrators are told of an act."""
    if act.kind is ActKind.lapse:
        detail = (
            f"{_where(act)} Nothing of it is done, and nobody can approve it any more. If it is still wanted, ask for it anew."
        )
        return FaultNotice(about=("act", str(act.id)), title=_title(act), detail=detail)
    return FaultNotice(about=("act", str(act.id)), title=_title(act), detail=f"{_by_whom(act)} {_where(act)}")


def of_several(acts: Sequence[ToldAct]) -> FaultNotice:
    """Return what administrators are told of brakes that somebody released, or wants released: one thing, and not one for each rule."""
    first, brakes = acts[0], plural(len(acts), "brake")
    if first.kind is ActKind.request:
        title = f"{plural(len(acts), 'request')} wait for a second person: that {brakes} are released"
        detail = f"{_by_whom(first)} `alerting requests list` shows them; another person gives `alerting requests approve NUMBER --by NAME` for each."
    else:
        title = f"{brakes} were released"
        detail = f"{_by_whom(first)} The next run tells what they kept back and still holds. {_where(first)}"
    return FaultNotice(about=("act", str(first.id)), title=title, detail=detail, items=tuple(capital(act.about) for act in acts))


def _by_whom(act: ToldAct) -> str:
    approved = f" {act.approved_by} approved it." if act.approved_by else ""
    whence = f"The command came from the account {act.account or 'without a name'} on {act.host or 'an unknown machine'}."
    return f"{act.by}, on {day(act.on)}.{approved} {whence}"


def to_touched(act: ToldAct, count: int) -> FaultNotice:
    """Return what somebody is told the same day of whose alerts so many are silenced or closed."""
    approved = f", and {act.approved_by} approved it" if act.approved_by else ""
    until = f" until {day(act.until)}" if act.until else ""
    if act.kind is ActKind.close:
        title = f"An alert of yours was closed: {act.about}"
        detail = f"{act.by} closed it by hand{approved}. It opens again if the record changes. Ask them if that is not right."
    elif act.kind is not ActKind.silence:
        title = f"A critical alert of yours was {act.kind.words}: {act.about}"
        detail = f"{act.by} put it off{approved}. It stays open. Ask them if that is not right."
    else:
        title = f"{plural(count, 'alert')} of yours will not be told{until}"
        detail = (
            f"{act.by} silenced what they are about{approved}. They stay open, and are counted. Ask them if that is not right."
        )
    return FaultNotice(about=("act touches", str(act.id)), title=title, detail=detail)


_TITLES = {
    ActKind.approval: "Request {answers} was approved",
    ActKind.withdrawal: "Request {answers} was taken back",
    ActKind.lapse: "Request {answers} has lapsed: no second person approved it",
    ActKind.close: "{about} was closed by hand",
    ActKind.snooze: "{about} is critical and was snoozed",
    ActKind.data_error: "{about} is critical and was said to be wrong in the data",
    ActKind.silence_ended: "{about} was ended",
    ActKind.brake_released: "The brake of {about} was released",
    ActKind.table_released: "{about} was released",
    ActKind.list_released: "The list of restricted records was released",
    ActKind.removal_released: "A removal from the list of restricted records was released",
    ActKind.fire_held: "The service holds its fire",
    ActKind.fire_released: "The service sends again",
    ActKind.child_wiped: "What was kept about a child was wiped",
    ActKind.rule_released: "The rule {about} was released",
    ActKind.rule_promoted: "{about} goes live",
    ActKind.retention_begun: "The service may forget what is old",
}


def _title(act: ToldAct) -> str:
    if act.kind is ActKind.request:
        return f"Request {act.id} waits for a second person: {_asked(act)}"
    if act.kind is ActKind.silence:
        until = day(act.until) if act.until else "a day"
        return f"{act.matched} of {plural(act.open, 'open alert')} silenced until {until}"
    return _TITLES[act.kind].format(about=capital(act.about), answers=act.answers or "")


_ASKED = {
    ActKind.silence: "a silence",
    ActKind.brake_released: "a brake's release",
    ActKind.table_released: "a table's release",
    ActKind.list_released: "the release of the list of restricted records",
    ActKind.removal_released: "the release of a removal from the list of restricted records",
    ActKind.fire_released: "that the service sends again",
    ActKind.rule_released: "the release of a rule",
    ActKind.child_wiped: "that what is kept about a child is wiped",
}
"""What a request is for, where it is no alert's; of a silence no more, as it may name a child."""


def _asked(act: ToldAct) -> str:
    """Return what a request is for."""
    if act.asked_for is None:
        return act.about
    return _ASKED.get(act.asked_for) or f"{act.about}, to be {act.asked_for.words}"


def _where(act: ToldAct) -> str:
    if act.kind is ActKind.request and act.asked_for is ActKind.rule_released:
        return "Another person reads the draft on the page, under Rules, and approves it there."
    if act.kind is ActKind.request:
        return f"`alerting requests list` shows it; another person gives `alerting requests approve {act.id} --by NAME`."
    if act.kind is ActKind.lapse:
        return f"It was asked for by {act.asked_by}; `handling: request` in config.yaml says how long a request waits."
    if act.kind in (ActKind.silence, ActKind.silence_ended):
        return "`alerting silences list --all` shows what it is about, and why."
    if act.kind in (ActKind.snooze, ActKind.data_error):
        return f"`alerting alerts show {act.about}` says why, and until when."
    if act.kind is ActKind.close:
        return f"`alerting alerts show {act.about}` says why. It opens again if the record changes."
    if act.kind is ActKind.retention_begun:
        return "`alerting store retention` shows what the daily runs forget, by `retention:` in config.yaml."
    if act.kind is ActKind.rule_released:
        return "It is in the council's folder of rules, and counts from the next run on."
    if act.kind is ActKind.rule_promoted:
        return "From the next run on it tells whom it names, and is in shadow no more."
    return "What was said stands beside it in the store."


def addressees(people: Mapping[str, Addressee], ids: Sequence[str]) -> list[Addressee]:
    """Return those of some people who can be written to."""
    return [people[id_] for id_ in ids if id_ in people and people[id_].address]
