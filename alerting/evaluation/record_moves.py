"""Which live alerts go on under another id, since the record of their person was merged into another.

Where the survivor has an alert of the same rule already, the older goes on and the other ends. An alert moves in a run that asks
its rule, and only once the rule finds nobody under the old id any more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from alerting.evaluation.evaluate import Answers
from alerting.evaluation.evaluation import Move, Moves, RuleSubject, Status
from alerting.model import Alert, Condition


@dataclass(frozen=True, kw_only=True)
class Followed:
    """The live alerts, each under the id that its record has now, and what became of those that moved."""

    live: Sequence[Alert]
    moves: Moves = field(default_factory=Moves)
    #: What the data owner must know of records that were merged away and are used all the same.
    problem: str | None = None


def follow_records(answers: Answers, survivors: Mapping[str, str], live: Sequence[Alert]) -> Followed:
    """Let the alerts of merged records follow them. survivors: the id each record goes on under, by the old one."""
    if not survivors:
        return Followed(live=live)
    in_use = answers.people_in(survivors)
    known = answers.known_people(survivors.values())
    asked = {id_: rule for id_, rule in answers.rules.items() if answers.asked[id_].status == Status.ok}
    moving = {
        alert.ref: survivor
        for alert in live
        if alert.rule in asked
        and (survivor := survivors.get(alert.person or "")) in known
        and (alert.rule, alert.subject) not in in_use
    }
    moves = _moves(moving, {id_ for id_, rule in asked.items() if rule.subject.key == rule.subject.person}, live)
    now = {move.ref: move for move in moves.moved}
    after = [
        replace(alert, subject=now[alert.ref].subject, person=now[alert.ref].person) if alert.ref in now else alert
        for alert in live
        if alert.ref not in moves.ended
    ]
    return Followed(live=after, moves=moves, problem=_still_used(len(set(in_use.values()))) if in_use else None)


def _moves(moving: Mapping[str, str], by_person: Set[str], live: Sequence[Alert]) -> Moves:
    """Return which alerts end and which move. moving: the id each goes on under, by reference.

    by_person: the rules whose subject is the person, so that an alert's subject moves with them.
    """
    contenders: defaultdict[RuleSubject, list[Alert]] = defaultdict(list)
    # The survivor's own come first: of two that are equally old, that one stays where it is.
    for alert in sorted(live, key=lambda alert: alert.ref in moving):
        survivor = moving.get(alert.ref) if alert.rule in by_person else None
        contenders[alert.rule, survivor or alert.subject].append(alert)
    ended, moved = [], []
    for (_, subject), mine in contenders.items():
        if not any(alert.ref in moving for alert in mine):
            continue
        goes_on = min(mine, key=lambda alert: (alert.condition == Condition.pending, alert.first_seen))
        ended += [alert.ref for alert in mine if alert is not goes_on]
        if goes_on.ref in moving:
            there = max((alert.episode for alert in mine if alert.subject == subject), default=0)
            moved.append(Move(ref=goes_on.ref, subject=subject, person=moving[goes_on.ref], after_episode=there))
    return Moves(moved=tuple(moved), ended=tuple(ended))


def _still_used(people: int) -> str:
    are = "is" if people == 1 else "are"
    return (
        f"of the records that were merged away, {people} {are} in use all the same; "
        "their alerts stay where they are until what is recorded has moved"
    )
