"""One alert: what it is, why, what clears it, what was done about it, who was told, and what its reader may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from starlette.responses import Response

from alerting.alerts.acts import ActKind, Request, SilenceWanted
from alerting.alerts.handling import KINDS, REASONS
from alerting.authoring.explain.rule_in_words import Section, describe_rule
from alerting.errors import HandlingError
from alerting.formatting import capital, day, plain
from alerting.model import CHANNEL, Alert, ClosingReason, Condition, Level
from alerting.notifications.recipient_log import EVERYBODY
from alerting.store import recipient_log
from alerting.store.alert_history import Change, HandlingEvent, read_history
from alerting.store.messages.told import told_of
from alerting.store.people import read_people
from alerting.web.acting import DONE, stand_of
from alerting.web.approving import waiting_at
from alerting.web.shown import Shower
from alerting.web.visits import Visit

_EXPLAINED = frozenset({"In short", "Who it asks about", "What it measures", "The steps on the way", "When it alerts", "By when"})
"""What of a rule's explanation a manager reads; the rest is for those who write rules."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One line of an alert's history."""

    at: datetime
    says: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What somebody can choose from when they do something."""

    people: Sequence[tuple[str, str]]
    closing: Mapping[str, str]
    not_useful: Mapping[str, str]
    #: What was done and can be taken back, by kind.
    standing: Mapping[str, str]
    last_acknowledged: date
    last_snoozed: date


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What somebody asked for, and waits for a second person."""

    number: int
    #: What it would be then, such as `snoozed`.
    to_be: str
    by: str
    note: str
    may_approve: bool
    may_withdraw: bool


def show_alert(visit: Visit) -> Response:
    """Show one alert; of what there is not, and of what is not for this reader, the same."""
    return page_of_alert(visit, done=DONE.get(visit.query.get("done", ""), ""))


def show_refused(visit: Visit, error: HandlingError) -> Response:
    """Show an alert to somebody who wanted to do something to it that was not done, with why."""
    act = visit.path.get("act", "")
    return page_of_alert(visit, wrong=f"{capital(error.problem)}.", wrong_act=act if act in DONE else "")


def page_of_alert(visit: Visit, *, done: str = "", wrong: str = "", wrong_act: str = "") -> Response:
    """Return the page of the alert in the path. done, wrong: what became of what its reader has just done, in words."""
    alert = visit.scope.find(visit.path["ref"])
    if alert is None:
        return visit.nothing_there()
    shower = visit.shower()
    return visit.show(
        "alert.html",
        status=409 if wrong else 200,
        one=shower.show(alert),
        facts=shower.facts(alert),
        explained=_explained(visit, alert),
        history=history_of(visit, alert, shower),
        told=_told(visit, alert, shower),
        not_told=_not_told(visit, alert, shower),
        waiting=waiting_of(visit, alert, shower),
        choices=_choices(visit, alert),
        is_open=alert.condition is not Condition.resolved,
        two=alert.level is Level.critical,
        stand=stand_of(alert),
        done=done,
        wrong=wrong,
        wrong_act=wrong_act,
        given=visit.form if wrong else {},
        as_of=visit.as_of,
    )


def waiting_of(visit: Visit, alert: Alert, shower: Shower) -> list[Waiting]:
    """Return what was asked for about an alert, and waits for a second person."""
    return [_waiting(visit, request, alert, shower) for request in waiting_at(visit, alert)]


def _waiting(visit: Visit, request: Request, alert: Alert, shower: Shower) -> Waiting:
    people = read_people(visit.connection, visit.app.loaded.config.council.administrators)
    is_own = people.are_same(request.by.id, visit.reader.actor.id)
    return Waiting(
        number=request.id,
        to_be=_to_be(request),
        by=shower.name(request.by.id) or request.by.name,
        note=plain(request.note, 400),
        may_approve=visit.reader.manages and not is_own,
        may_withdraw=request.about == alert.ref and (visit.reader.manages or is_own),
    )


def _to_be(request: Request) -> str:
    if isinstance(request.wanted, SilenceWanted):
        silence = request.wanted
        return f"silenced until {day(silence.until)}, with whatever else is about {plain(str(silence.matcher), 200)}"
    return request.kind.words


def _explained(visit: Visit, alert: Alert) -> list[Section]:
    rule = next((rule for rule in visit.app.book.every if rule.id == alert.rule), None)
    return [part for part in describe_rule(rule, visit.app.book) if part.heading in _EXPLAINED] if rule else []


def history_of(visit: Visit, alert: Alert, shower: Shower) -> list[Event]:
    """Return what happened to an alert, the newest first."""
    found = [event for event in read_history(visit.connection, alert.id or 0) if _is_told(event)]
    return [
        Event(
            at=event.at.astimezone(visit.zone),
            says=_change(event, shower) if isinstance(event, Change) else _act(event, shower),
            note=plain(event.note, 400) if isinstance(event, HandlingEvent) else "",
        )
        for event in reversed(found)
    ]


def _is_told(event: Change | HandlingEvent) -> bool:
    # Whether somebody found a rule's alert right is for those who look after the rule.
    return isinstance(event, Change) or event.kind != "judged"


def _change(change: Change, shower: Shower) -> str:
    by = "" if change.by == "service" else f", by {shower.name(change.by)}"
    level = f", {change.level_after.name}" if change.level_after != change.level_before else ""
    return plain(f"{capital(change.reason)}{level}{by}", 300)


def _act(event: HandlingEvent, shower: Shower) -> str:
    kind = ActKind(event.kind)
    words = f"{kind.words} by {shower.name(event.by)}"
    if event.kind == "take_back":
        words = f"no more {KINDS.get(event.reason or '', '')}, says {shower.name(event.by)}"
    reasons = ClosingReason.choices() if event.kind == "close" else REASONS
    words += f", because {reasons[event.reason]}" if event.reason in reasons else ""
    words += f", to {shower.name(event.assignee)}" if event.assignee else ""
    words += f", until {day(event.until)}" if event.until else ""
    words += f", approved by {shower.name(event.approved_by)}" if event.approved_by else ""
    return plain(capital(words), 300)


def _told(visit: Visit, alert: Alert, shower: Shower) -> list[tuple[str, str, date]]:
    """Return who was told last when, and at which level; a channel is told no alert, but counts."""
    rows = [row for row in told_of(visit.connection, alert.id or 0) if not row[0].startswith(CHANNEL)]
    return [(plain(shower.name(who)), Level(last.level).name, last.told_on) for who, last in rows]


def _not_told(visit: Visit, alert: Alert, shower: Shower) -> list[tuple[str, str]]:
    rows = recipient_log.read_not_told(visit.connection, alert.id or 0)
    return [("Everybody" if who == EVERYBODY else plain(shower.name(who)), plain(str(why), 300)) for who, why in rows]


def _choices(visit: Visit, alert: Alert) -> Choices:
    limits, router = visit.app.loaded.config.handling, visit.scope.router
    return Choices(
        people=[(one.id, one.name) for one in router.assignable(alert)] if visit.reader.manages else [],
        closing=ClosingReason.choices(),
        not_useful=REASONS,
        standing={act.kind: KINDS[act.kind] for act in alert.acts if act.kind in KINDS},
        last_acknowledged=visit.app.add_working_days(visit.today, limits.acknowledge),
        last_snoozed=visit.app.add_working_days(visit.today, getattr(limits.snooze, alert.level.name)),
    )
