"""What waits for somebody to look: brakes, tables, a hold of all messages, silences, and what waits for a second person.

For administrators, by the functions of the command line. What a silence or a sample says of one child is left out here: it is shown,
and approved, where a reader may see that child.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

from alerting.alerts.acts import (
    BrakeWanted,
    FireWanted,
    ListWanted,
    Request,
    RuleWanted,
    SilenceWanted,
    TableWanted,
)
from alerting.alerts.brakes import KINDS, Brake
from alerting.alerts.matcher import Matcher
from alerting.casedata.restricted_list import RESTRICTED
from alerting.errors import HandlingError
from alerting.formatting import capital, counted, day, listed, plain, plural
from alerting.logs import Entry, Event
from alerting.model import Alert, Level
from alerting.notifications.silences import Impact
from alerting.store import acts, brakes, load_history, restricted_lists, silences
from alerting.store.messages import send_hold
from alerting.store.people import read_people
from alerting.store.releasing import Releasing
from alerting.web.approving import approve, impact_of, may_read, read_requests, sees_all
from alerting.web.council import page_of
from alerting.web.sections import WAITING
from alerting.web.visits import Visit, read_number

DONE = {
    "approve": "It is approved, and done.",
    "withdraw": "The request is taken back: nobody can approve it any more.",
    "asked": "Nothing is done yet: it takes two people. A second administrator is asked to approve it.",
    "brake": "The brake is released. The next run tells what was kept back and still holds.",
    "table": "It is released. The next run trusts it with what it has now.",
    "hold": "Nothing is sent from now on, until somebody lets the service send again.",
    "fire": "The service sends again, with the next run or what is sent in between.",
    "end-silence": "The silence is ended. The next run tells what it silenced and still holds.",
}
"""What is said of what was done, by its name in the address."""
_HERE = (BrakeWanted, TableWanted, ListWanted, FireWanted, SilenceWanted)
"""What is approved on this page; what is about an alert is approved on the alert's own."""


@dataclass(frozen=True, kw_only=True)
class WaitingRequest:
    """Something that waits for a second person."""

    number: int
    what: str
    by: str
    on: date
    until: date
    note: str
    why: str
    #: What a silence would silence today; None for what is no silence.
    reach: str | None
    #: Whether its reader is the person who asked.
    is_own: bool


@dataclass(frozen=True, kw_only=True)
class BrakeOn:
    """A brake that is on."""

    #: The rule's id, by which it is released, and what people know it by.
    rule: str
    code: str
    title: str
    since: date
    why: str
    keeps_back: str
    #: A request to release it that waits already, by number.
    asked: int | None


@dataclass(frozen=True, kw_only=True)
class Doubted:
    """A table that is not trusted, or of the list of restricted records that people were taken off it."""

    table: str
    why: str
    #: A request to release it that waits already, by number.
    asked: int | None
    #: Whether people may release it; else only its source can put it right.
    may_release: bool
    takes_two: bool


def show_waiting(visit: Visit) -> Response:
    """Show what waits."""
    return _page(visit, done=DONE.get(visit.query.get("done", ""), ""))


def show_not_released(visit: Visit, error: HandlingError) -> Response:
    """Show what waits to somebody who wanted to do something about it that was not done, with why."""
    return _page(visit, wrong=f"{capital(error.problem)}.")


def act_on_waiting(visit: Visit) -> Response:
    """Do what a form asks for. Raises HandlingError where it may not be done, and then nothing is."""
    doing = _ACTS.get(visit.path["act"])
    if doing is None:
        return visit.nothing_there()
    done = doing(visit)
    return visit.go_to(f"{WAITING.path}?done={'asked' if isinstance(done, Request) else visit.path['act']}")


# ---------------------------------------------------------------------- shown


def _page(visit: Visit, *, done: str = "", wrong: str = "") -> Response:
    requests = read_requests(visit)
    mine = [one for one in requests if isinstance(one.wanted, _HERE)]
    hidden = sum(isinstance(one.wanted, SilenceWanted) and not may_read(visit, one.wanted.matcher) for one in mine)
    return visit.show(
        "waiting.html",
        status=409 if wrong else 200,
        here=WAITING.path,
        requests=[_shown(visit, one) for one in mine if _may_approve_here(visit, one)],
        elsewhere=sum(not isinstance(one.wanted, (*_HERE, RuleWanted)) for one in requests),
        drafts=[(one.about, one.wanted.draft) for one in requests if isinstance(one.wanted, RuleWanted)]
        if page_of(visit.app).drafts
        else [],
        hidden=hidden,
        hold=send_hold.find_hold(visit.connection),
        brakes=_brakes_on(visit, requests),
        all_asked=next((one.id for one in requests if one.wanted == BrakeWanted(rule=None)), None),
        doubts=_doubts(visit, requests),
        silences=[(one, _about(visit, one.matcher)) for one in silences.not_over(visit.connection, visit.today)],
        name=visit.shower().name,
        two=visit.app.loaded.config.handling.two_release,
        done=done,
        wrong=wrong,
    )


def _shown(visit: Visit, request: Request) -> WaitingRequest:
    people = read_people(visit.connection, visit.app.loaded.config.council.administrators)
    wanted = request.wanted
    found = impact_of(visit, wanted.matcher) if isinstance(wanted, SilenceWanted) else None
    return WaitingRequest(
        number=request.id,
        what=plain(_what(visit, request), 300),
        by=plain(request.by.name),
        on=request.at.date(),
        until=visit.app.last_day_of_request(request.at.date()),
        # What somebody wrote beside a silence may be about a child.
        note=plain(request.note, 400) if not isinstance(wanted, SilenceWanted) or sees_all(visit, wanted.matcher) else "",
        why=plain(request.why, 300),
        reach=_reach(found) if found else None,
        is_own=people.are_same(request.by.id, visit.reader.actor.id),
    )


def _what(visit: Visit, request: Request) -> str:
    match request.wanted:
        case SilenceWanted() as silence:
            return f"A silence of {_about(visit, silence.matcher)}, from {day(silence.begins)} to {day(silence.until)}"
        case BrakeWanted():
            return f"The release of the brake of {request.about}"
        case TableWanted() | ListWanted():
            return f"The release of {request.about}"
    return "That the service sends again"


def _may_approve_here(visit: Visit, request: Request) -> bool:
    return not isinstance(request.wanted, SilenceWanted) or may_read(visit, request.wanted.matcher)


def _about(visit: Visit, matcher: Matcher) -> str:
    said = matcher.model_copy(update={"rule": tuple(map(visit.app.book.code_of, matcher.rule))})
    if not may_read(visit, matcher):
        said = said.model_copy(update={"child": (), "subject": ()})
        return f"{said}, of one person or record" if said.given() else "one person or record"
    return str(said)


def _reach(found: Impact) -> str:
    levels = listed([f"{count} {level}" for level, count in found.levels.items()])
    teams = listed([f"{name} {count}" for name, count in found.teams])
    said = f"It would silence {len(found.alerts)} of {plural(found.open, 'open alert')}"
    return plain(". ".join(part for part in (f"{said}{f': {levels}' if levels else ''}", teams) if part), 600)


def _brakes_on(visit: Visit, requests: list[Request]) -> list[BrakeOn]:
    on = brakes.on(visit.connection)
    if not on:
        return []
    waiting = brakes.read_kept_back(visit.council.store(), visit.connection)
    rules = {rule.id: rule for rule in visit.app.book.every}
    found = [
        BrakeOn(
            rule=brake.rule,
            code=rules[brake.rule].code if brake.rule in rules else brake.rule,
            title=plain(rules[brake.rule].title) if brake.rule in rules else "",
            since=brake.since,
            why=_why_on(brake),
            keeps_back=_counted([alert for alert in waiting if alert.rule == brake.rule]),
            asked=next((one.id for one in requests if one.wanted == BrakeWanted(rule=brake.rule)), None),
        )
        for brake in on
    ]
    return sorted(found, key=lambda one: one.code)


def _why_on(brake: Brake) -> str:
    if brake.is_implausible:
        return f"{KINDS['implausible']}: {brake.count} of {brake.population} matched"
    return KINDS.get(brake.kind, brake.kind)


def _counted(alerts: list[Alert]) -> str:
    counts = counted((sum(one.level == level for one in alerts), level.name) for level in reversed(Level))
    return ", ".join(counts) or "nothing now"


def _doubts(visit: Visit, requests: list[Request]) -> list[Doubted]:
    """Return each table that is doubted, the list of restricted records last."""
    asked = {one.about: one.id for one in requests if isinstance(one.wanted, TableWanted | ListWanted)}
    two = visit.app.loaded.config.handling.two_release
    found = [
        Doubted(
            table=each.table,
            why=plain("; ".join(f"{about} {why}" for about, why in each.problems.items()), 600),
            asked=asked.get(each.table),
            may_release=bool(each.flaws),
            takes_two=two,
        )
        for each in load_history.doubts(visit.connection)
        if each.table != RESTRICTED
    ]
    return [*found, *_list_doubted(visit, asked.get(RESTRICTED))]


def _list_doubted(visit: Visit, asked: int | None = None) -> list[Doubted]:
    """Return what is doubted of the list of restricted records: the list, which takes two people, else that people were taken off."""
    doubted, last = restricted_lists.doubted(visit.connection), restricted_lists.last_trusted(visit.connection)
    if doubted:
        why = plain(doubted.says, 600)
    elif last is not None and last.removed:
        count = plural(len({one.ids for one in last.removed}), "person was", "people were")
        why = f"{count} taken off the list, and stay restricted until that is released"
    else:
        return []
    return [Doubted(table=RESTRICTED, why=why, asked=asked, may_release=True, takes_two=doubted is not None)]


# ---------------------------------------------------------------------- done


def _approve(visit: Visit) -> object:
    request = acts.waiting(visit.connection, _number(visit, "request"))
    if not (isinstance(request.wanted, _HERE) and _may_approve_here(visit, request)):
        raise HandlingError(f"request {request.id} is not approved here")
    approve(visit, request)
    return None


def _withdraw(visit: Visit) -> object:
    request = acts.waiting(visit.connection, _number(visit, "request"))
    if not isinstance(request.wanted, _HERE):
        raise HandlingError(f"request {request.id} is not taken back here")
    acts.withdraw(visit.connection, request.id, visit.reader.actor, visit.now, note=_note(visit))
    return None


def _brake(visit: Visit) -> object:
    rule = visit.form.get("rule", "")
    released = _releasing(visit).release_brakes(rule or None, visit.app.book.code_of(rule) or "all brakes")
    if not released:
        raise HandlingError("no such brake is on; what found more than can be right is released by its rule")
    return released


def _table(visit: Visit) -> object:
    table = visit.form.get("table", "")
    if table == RESTRICTED:
        # What one person may release must not be what was looked at as something else, or as fewer people.
        if [visit.form.get("why", "")] != [one.why for one in _list_doubted(visit)]:
            raise HandlingError("it has changed since you opened the page: look at it as it is now")
        done = _releasing(visit).release_list()
        if not done:
            raise HandlingError(f"{RESTRICTED} does not wait to be released")
        return done
    released = _releasing(visit).release_table(table)
    if released is None or not (isinstance(released, Request) or released.flaws):
        raise HandlingError("that table does not wait to be released")
    return released


def _hold(visit: Visit) -> object:
    if send_hold.find_hold(visit.connection) is not None:
        raise HandlingError("fire is held already")
    send_hold.hold(visit.connection, by=visit.reader.actor, why=_note(visit), now=visit.now)
    return None


def _fire(visit: Visit) -> object:
    done = _releasing(visit).release_fire(visit.app.marker(visit.council.store()))
    if isinstance(done, Request):
        return done
    released, problems = done
    if released is None:
        raise HandlingError("fire is not held any more")
    for problem in problems:
        visit.council.log(Entry(event=Event.sending_problem, says=problem))
    return released


def _end_silence(visit: Visit) -> object:
    number = _number(visit, "silence")
    silences.end(visit.connection, number, by=visit.reader.actor, note=_note(visit), now=visit.now)
    return None


def _releasing(visit: Visit) -> Releasing:
    two = visit.app.loaded.config.handling.two_release
    return Releasing(connection=visit.connection, by=visit.reader.actor, note=_note(visit), now=visit.now, two=two)


def _note(visit: Visit) -> str:
    note = visit.text("note")
    if not note:
        raise HandlingError("say what was found, or why")
    return note


def _number(visit: Visit, name: str) -> int:
    number = read_number(visit.text(name))
    if number is None:
        raise HandlingError("choose one of those that there are")
    return number


_ACTS: Mapping[str, Callable[[Visit], object]] = {
    "approve": _approve,
    "withdraw": _withdraw,
    "brake": _brake,
    "table": _table,
    "hold": _hold,
    "fire": _fire,
    "end-silence": _end_silence,
}
"""What can be done here, by its name in the address."""
