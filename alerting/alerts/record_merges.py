"""What is known of a person's record goes on when the record is merged into another: alerts, and all that hangs on them.

An alert of a record that was merged away is the same alert under the surviving id: its reference, its age, what people did about
it and what they were told stay. Where the survivor has one of the same rule already, the older goes on and the other ends. An
alert moves in a run that asks its rule, and only once the rule finds nobody under the old id any more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date

from alerting.alerts.lifecycle import merged_away
from alerting.casedata.snapshot import Snapshot
from alerting.evaluation.evaluate import Evaluation
from alerting.model import Alert, Condition, Reason, Transition
from alerting.store.store import Store

_Key = tuple[str, str]
"""A rule and a subject."""


@dataclass(frozen=True, kw_only=True)
class Followed:
    """The open alerts, each under the id that its record has now, and what changed for that.

    problem: what the data owner must know of records that are merged and used all the same; None where there are none.
    """

    live: Sequence[Alert]
    transitions: Sequence[Transition] = field(default=())
    problem: str | None = None


def follow(
    snapshot: Snapshot, evaluation: Evaluation, survivors: Mapping[str, str], live: Sequence[Alert], store: Store, as_of: date
) -> Followed:
    """Let the alerts of merged records follow them. survivors: the id each goes on under, by the old one. Nothing is written."""
    if not survivors:
        return Followed(live=live)
    in_use = _in_use(snapshot, survivors)
    known = _known(snapshot, survivors.values())
    asked = {id_: result.rule for id_, result in evaluation.asked.items() if result.status == "ok"}
    moving = {
        alert.ref: survivor
        for alert in live
        if alert.rule in asked
        and (survivor := survivors.get(alert.person or "")) in known
        and (alert.rule, alert.subject) not in in_use
    }
    by_person = {id_ for id_, rule in asked.items() if rule.subject.key == rule.subject.person}
    transitions = _transitions(moving, by_person, live, store, as_of)
    now = {item.alert.ref: item.alert for item in transitions}
    after = [now.get(alert.ref, alert) for alert in live]
    return Followed(
        live=[alert for alert in after if alert.condition != Condition.resolved],
        transitions=transitions,
        problem=_still_used(len(set(in_use.values()))) if in_use else None,
    )


def _transitions(
    moving: Mapping[str, str], by_person: Set[str], live: Sequence[Alert], store: Store, as_of: date
) -> list[Transition]:
    """Return what becomes of alerts that move: those that end first, so that no two of one rule and subject are open at once.

    moving: by reference, the id each goes on under.
    """
    contenders: defaultdict[_Key, list[Alert]] = defaultdict(list)
    # The survivor's own come first: of two that are equally old, that one stays where it is.
    for alert in sorted(live, key=lambda alert: alert.ref in moving):
        survivor = moving.get(alert.ref) if alert.rule in by_person else None
        contenders[alert.rule, survivor or alert.subject].append(alert)
    met = {key: mine for key, mine in contenders.items() if any(alert.ref in moving for alert in mine)}
    last = {key: alert.episode for key, alert in store.last_ended(met).items()}
    ended, moved = [], []
    for key, mine in met.items():
        goes_on = min(mine, key=lambda alert: (alert.condition == Condition.pending, alert.first_seen))
        ended += [merged_away(alert, as_of) for alert in mine if alert is not goes_on]
        if goes_on.ref not in moving:
            continue
        there = [alert.episode for alert in mine if alert.subject == key[1]]
        episode = goes_on.episode if goes_on.subject == key[1] else max(there, default=last.get(key, 0)) + 1
        after = replace(goes_on, subject=key[1], person=moving[goes_on.ref], episode=episode)
        moved.append(Transition(alert=after, before=goes_on.condition, level_before=goes_on.level, reason=Reason.record_followed))
    return ended + moved


def _in_use(snapshot: Snapshot, merged: Iterable[str]) -> dict[_Key, str]:
    """Return the rules and subjects that are found today under the id of a record that was merged away, with that id."""
    rows = snapshot.sql(
        "SELECT rule, subject, person FROM finding WHERE person IN (SELECT unnest($1::VARCHAR[]))", [sorted(merged)]
    )
    return {(rule, subject): person for rule, subject, person in rows}


def _known(snapshot: Snapshot, people: Iterable[str]) -> set[str]:
    rows = snapshot.sql(
        "SELECT pers_person_id FROM ssd_person WHERE pers_person_id IN (SELECT unnest($1::VARCHAR[]))", [sorted(set(people))]
    )
    return {person for (person,) in rows}


def _still_used(people: int) -> str:
    are = "is" if people == 1 else "are"
    return (
        f"of the records that were merged away, {people} {are} in use all the same; "
        "their alerts stay where they are until what is recorded has moved"
    )
