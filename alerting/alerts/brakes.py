"""A rule's brake: more new alerts in one run than a rule may have, so nobody is told of them until somebody has looked.

    storm      more, new or back after they had ended, than the rule's own limit; without one, more than the shared limit and a few times what is usual for it
    first_run  a rule that was never asked before, with more than a few at once
    source     the data comes from somewhere else than last time, and a rule has more than a few at once
    baseline   the first run of a job at all: what is open already is no news, and comes as one summary when it is released
    implausible  more of those it asks about match than can be right: the data has changed, more likely than the practice

The alerts are stored as any others. Those that somebody has been told of already go on; the others, and those that had
ended and are back, wait, new ones of later runs too, until an administrator releases the brake. A brake that was released stays in the store, with by whom and why.

Of a rule that is implausible nothing is told, old or new, ended or worse, however long that lasts; it may have another brake beside.
Released once, it is believed until its share has been below the limit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal

from alerting.evaluation.evaluation import Asked, Status
from alerting.model import Alert, Condition, Level, Reason, Transition
from alerting.rulebook.book import Rulebook

Kind = Literal["storm", "first_run", "source", "baseline", "implausible"]

KINDS = {
    "storm": "more new alerts than it may have",
    "first_run": "a rule that was never asked before",
    "source": "data from a new source",
    "baseline": "the first day",
    "implausible": "more of its population than can be right",
}
"""Why a brake is on, in words."""

_UNLESS_SET = {
    "critical_waits_wd": 1.0,
    "brake_of_median": 3.0,
    "first_run_brake": 5.0,
    "max_share": 0.50,
    "max_share_at_least": 30.0,
}


@dataclass(frozen=True, kw_only=True)
class Brake:
    """One rule's brake that is on. count: the new alerts of the run that put it on; of one that is implausible, its matches."""

    rule: str
    since: date
    count: int
    kind: str = "storm"
    #: How many were asked about by the run that found a rule implausible.
    population: int | None = None

    @property
    def is_implausible(self) -> bool:
        """Whether more of the rule's population match than can be right."""
        return self.kind == "implausible"


@dataclass(frozen=True, kw_only=True)
class History:
    """What a run knows of those before it.

    begun: whether the job has been run for an earlier day. asked: the rules that were asked before. usual: how many new
    alerts each rule has on a day, in the middle of its last days; its first day does not count. moved: whether the data
    came from somewhere else last time.
    """

    begun: bool = True
    asked: frozenset[str] = frozenset()
    usual: Mapping[str, float] = field(default_factory=dict)
    moved: bool = False
    #: The rules that were implausible and released, and have been no less so since: they are believed.
    believed: frozenset[str] = frozenset()
    #: The rules whose first day somebody has looked at and released: run once more, that day keeps nothing of them back.
    released: frozenset[str] = frozenset()


def limits(book: Rulebook, usual: Mapping[str, float] | None = None) -> dict[str, int]:
    """Return each rule's limit of new alerts in one run: its own, or the shared one with what is usual; else it is not there."""
    shared = book.settings.params.get("brake")
    default = int(shared) if isinstance(shared, (int, float)) else None
    found = {}
    for rule in book.rules:
        if rule.file.brake is not None:
            found[rule.id] = rule.file.brake
        elif default is not None:
            found[rule.id] = max(default, int(_number(book, "brake_of_median") * (usual or {}).get(rule.id, 0)))
    return found


def tripped(
    book: Rulebook,
    written: Iterable[Transition],
    asked: Collection[str],
    on: Set[str],
    as_of: date,
    history: History,
    *,
    full: bool,
) -> list[Brake]:
    """Return the brakes that this run puts on.

    written: its transitions. asked: the rules it asked. on: the rules whose brake is on already. full: the council wants
    what is open on its first day told as new; then only a rule's own limit holds there.
    """
    new = Counter(item.alert.rule for item in written if _begins(item))
    own = {rule.id: rule.file.brake for rule in book.rules if rule.file.brake is not None}
    few, usual = _number(book, "first_run_brake"), limits(book, history.usual)
    found = []
    for rule in sorted(set(asked) - on):
        count, kind = new[rule], _kind(rule, history, full=full)
        limit: float | None = usual.get(rule)
        if kind in ("first_run", "source"):
            limit = few
        elif kind == "baseline":
            limit = -1
        elif not history.begun:
            limit = own.get(rule)
        if limit is not None and count > limit:
            found.append(Brake(rule=rule, since=as_of, count=count, kind=kind))
    return found


def implausible(book: Rulebook, asked: Iterable[Asked], on: Set[str], believed: Set[str], as_of: date) -> list[Brake]:
    """Return the brakes that a run puts on of rules of which more match than can be right.

    on: the rules that are known to be implausible already. believed: those that somebody has looked at and found right.
    """
    return [
        Brake(rule=one.id, since=as_of, count=matches(one), kind="implausible", population=one.population)
        for one in sorted(asked, key=lambda one: one.id)
        if one.id not in on | believed and _is_beyond_belief(book, one)
    ]


def plausible_again(book: Rulebook, asked: Iterable[Asked], believed: Set[str]) -> frozenset[str]:
    """Return those of the rules that are believed of which no more match today than can be right: from now on they must be again."""
    return frozenset(
        one.id for one in asked if one.id in believed and one.status == Status.ok and not _is_beyond_belief(book, one)
    )


def matches(asked: Asked) -> int:
    """Return how many match at amber or above."""
    return sum(count for level, count in asked.match.items() if Level[level] >= Level.amber)


def _is_beyond_belief(book: Rulebook, asked: Asked) -> bool:
    own = next((rule.file.max_share for rule in book.rules if rule.id == asked.id), None)
    most = Fraction(str(_number(book, "max_share") if own is None else own))
    enough = asked.status == Status.ok and asked.population >= _number(book, "max_share_at_least")
    return enough and matches(asked) > most * asked.population


def _begins(item: Transition) -> bool:
    """Return whether an alert begins, or begins again: what ended in one run may all be back in the next."""
    again = item.reason == Reason.back_again and item.before == Condition.resolved
    return item.alert.condition == Condition.firing and (item.reason == Reason.new or again)


def _kind(rule: str, history: History, *, full: bool) -> Kind:
    if not history.begun:
        return "storm" if full or rule in history.released else "baseline"
    if rule not in history.asked:
        return "first_run"
    return "source" if history.moved else "storm"


def known_since_back(told: Iterable[tuple[str, date]], alerts: Iterable[Alert]) -> set[str]:
    """Return the alerts that somebody has been told of, and that have not ended and come back since.

    told: references, each with a day on which somebody was last told of it.
    """
    back = {alert.ref: alert.reopened_on for alert in alerts}
    return {ref for ref, on in told if (since := back.get(ref)) is None or on >= since}


def untold(alerts: Iterable[Alert], on: Iterable[Brake], known: Set[str]) -> list[Alert]:
    """Return the alerts that brakes keep back: nobody has been told of them, or their rule is implausible.

    known: the references of alerts that somebody has been told of, and that have not ended and come back since.
    """
    brakes = list(on)
    braked, doubted = {brake.rule for brake in brakes}, {brake.rule for brake in brakes if brake.is_implausible}
    return [
        alert
        for alert in alerts
        if alert.condition != Condition.resolved and (alert.rule in doubted or (alert.rule in braked and alert.ref not in known))
    ]


def began_under(brake: Brake, alert: Alert) -> bool:
    """Return whether an alert began, or came back after it had ended, while a brake was on."""
    return (alert.reopened_on or alert.first_seen) >= brake.since


def unattended(brakes: Iterable[Brake], as_of: date, working_days: Callable[[date, date], int]) -> list[Brake]:
    """Return the brakes that nobody has released for a working day: what is critical waits for nobody longer than that.

    Not those of a first day: until that is released, the service has not begun. One that is implausible is among them, and yet
    keeps back what is critical: that somebody has not looked makes it no likelier.
    """
    return [brake for brake in brakes if brake.kind != "baseline" and working_days(brake.since, as_of) >= 1]


def not_waited_for(brakes: Collection[Brake], book: Rulebook, as_of: date, working_days: Callable[[date, date], int]) -> set[str]:
    """Return the rules whose critical alerts go out although nobody has released their brake, of a first day too: they have waited enough.

    Never those of a rule that is implausible: that somebody has not looked makes it no likelier.
    """
    waits, doubted = _number(book, "critical_waits_wd"), {brake.rule for brake in brakes if brake.is_implausible}
    return {brake.rule for brake in brakes if working_days(brake.since, as_of) >= waits} - doubted


def _number(book: Rulebook, name: str) -> float:
    value = book.settings.params.get(name)
    return float(str(_UNLESS_SET[name] if value is None else value))
