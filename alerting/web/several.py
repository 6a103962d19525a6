"""Several alerts at once: one page says which they are and what will be done, and then it is done to each by its own rules.

An alert of which it may not be done is named with why, and keeps none of the others from it. What was done can be taken back.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from starlette.responses import Response

from alerting.errors import HandlingError
from alerting.formatting import capital
from alerting.model import Alert, Level
from alerting.web.acting import do, may_do, stand_of
from alerting.web.shown import Shown
from alerting.web.visits import Visit

_UNDONE_BY = {"acknowledge": "take-back", "snooze": "take-back", "assign": "take-back"}
"""What is safe to do to several at once, by its name in forms, and what takes it back."""
_UNDOING = frozenset({*_UNDONE_BY.values(), "withdraw"})
_MOST = 50
_REF = re.compile(r"A-[0-9A-Z]{1,16}")
_STAND = re.compile(r"[a-z]+-\d+-\d+")


@dataclass(frozen=True, kw_only=True)
class Ticked:
    """The alerts that somebody ticked, and the references of which there is none for them."""

    alerts: Sequence[Alert]
    absent: Sequence[str]

    @property
    def are_too_many(self) -> bool:
        """Whether there are more than can be done at once."""
        return len(self.alerts) + len(self.absent) > _MOST

    @property
    def stands(self) -> str:
        """How each stands, as a form carries it."""
        return " ".join(f"{alert.ref}:{stand_of(alert)}" for alert in self.alerts)


@dataclass(frozen=True, kw_only=True)
class Refused:
    """An alert of which something may not be done."""

    shown: Shown
    why: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of each alert."""

    done: list[Shown] = field(default_factory=list)
    #: Of those a second person is asked.
    asked: list[Shown] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)


def show_several(visit: Visit) -> Response:
    """Show what will be done to the alerts that were ticked. Nothing is done yet."""
    act = visit.query.get("act", "")
    if act not in _UNDONE_BY or not may_do(visit, act):
        return visit.nothing_there()
    return _confirm(visit, act, _find(visit, [ref for ref in visit.ticked if _REF.fullmatch(ref)]))


def act_on_several(visit: Visit) -> Response:
    """Do to each of several alerts what a form asks for, and show what became of each."""
    act, stands = visit.form.get("act", ""), _read_stands(visit.form.get("alerts", ""))
    if act not in {*_UNDONE_BY, *_UNDOING} or not stands or len(stands) > _MOST:
        return visit.nothing_there()
    outcome = _do_to_each(visit, act, stands)
    if outcome.refused and not (outcome.done or outcome.asked) and act in _UNDONE_BY:
        return _confirm(visit, act, _find(visit, [*stands]), outcome.refused)
    return visit.show(
        "several_done.html",
        act=act,
        outcome=outcome,
        undo=_UNDONE_BY.get(act),
        to_undo=_find(visit, [one.alert.ref for one in outcome.done]).stands,
        to_withdraw=_find(visit, [one.alert.ref for one in outcome.asked]).stands,
    )


def _do_to_each(visit: Visit, act: str, stands: Mapping[str, str]) -> Outcome:
    """Do something to each alert; where it may not be done to one, nothing is, and the next has its turn."""
    shower, held = visit.shower(), visit.scope.hold_each(stands)
    outcome = Outcome(absent=[ref for ref in stands if ref not in held])
    for ref, alert in held.items():
        shown = shower.show(alert)
        try:
            with visit.connection.begin_nested():
                asked = do(visit, act, alert, stands[ref])
        except HandlingError as error:
            outcome.refused.append(Refused(shown=shown, why=error.problem))
        else:
            (outcome.asked if asked else outcome.done).append(shown)
    return outcome


def _confirm(visit: Visit, act: str, ticked: Ticked, refused: Sequence[Refused] = ()) -> Response:
    shower = visit.shower()
    last_days = _last_days(visit, act, ticked.alerts)
    return visit.show(
        "several.html",
        status=409 if refused else 200,
        act=act,
        shown=[shower.show(alert) for alert in ticked.alerts],
        stands=ticked.stands,
        absent=ticked.absent,
        too_many=ticked.are_too_many,
        most=_MOST,
        two=act == "snooze" and any(alert.level is Level.critical for alert in ticked.alerts),
        last_days=[(level.name, last) for level, last in last_days.items()],
        last=max(last_days.values(), default=visit.today),
        people=_people(visit, ticked.alerts) if act == "assign" else [],
        wrong=_wrong(refused, len(ticked.alerts)),
        given=visit.form,
    )


def _wrong(refused: Sequence[Refused], count: int) -> list[str]:
    """Return why nothing was done: each reason once, with the alerts that it is of where it is not of all."""
    found: dict[str, list[str]] = {}
    for one in refused:
        found.setdefault(one.why, []).append(f"{one.shown.title}, {one.shown.heading}")
    return [f"{capital(why)}." if len(names) == count else f"{'; '.join(names)}: {why}." for why, names in found.items()]


def _find(visit: Visit, refs: Sequence[str]) -> Ticked:
    """Return the alerts with these references that are for this reader; more than one page takes are not looked for."""
    wanted = refs[: _MOST + 1]
    found = visit.scope.find_each(wanted) if wanted else {}
    alerts = [found[ref] for ref in wanted if ref in found]  # as the list has them, the most serious first
    return Ticked(alerts=alerts, absent=[ref for ref in wanted if ref not in found])


def _read_stands(text: str) -> Mapping[str, str]:
    """Return how alerts stood, by reference, of what a form carries; nothing of what none of our forms does."""
    pairs = [part.partition(":") for part in text.split()]
    is_ours = all(_REF.fullmatch(ref) and _STAND.fullmatch(stand) for ref, _, stand in pairs)
    return {ref: stand for ref, _, stand in pairs} if is_ours else {}


def _last_days(visit: Visit, act: str, alerts: Sequence[Alert]) -> Mapping[Level, date]:
    """Return the last day that may be given, by the levels that there are."""
    limits = visit.app.loaded.config.handling
    longest = {level: limits.acknowledge if act == "acknowledge" else getattr(limits.snooze, level.name) for level in Level}
    levels = sorted({alert.level for alert in alerts}, reverse=True)
    return {level: visit.app.add_working_days(visit.today, longest[level]) for level in levels}


def _people(visit: Visit, alerts: Sequence[Alert]) -> list[tuple[str, str]]:
    """Return to whom alerts may be assigned, by name; of whom not every one may be given, with how many may."""
    router = visit.scope.router
    counts = Counter(one.id for alert in alerts for one in router.assignable(alert))
    names = {id_: router.directory.staff[id_].name for id_ in counts}
    all_ = len(alerts)
    said = [(id_, names[id_] if count == all_ else f"{names[id_]} ({count} of {all_})") for id_, count in counts.items()]
    return sorted(said, key=lambda one: (one[1], one[0]))
