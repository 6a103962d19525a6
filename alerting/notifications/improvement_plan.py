"""The improvement plan as those who lead services read it: each action's stated rating beside the one that the rules show. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Set
from datetime import date, timedelta

from alerting.casedata.directory import Directory
from alerting.evaluation.plan_actions import PlanAction
from alerting.model import About, Alert
from alerting.notifications.week_content import PlanRow, Rag
from alerting.rulebook.rule import Rule

_STEPS = {Rag.complete: 0, Rag.green: 0, Rag.amber: 1, Rag.red: 2}
NEWS = timedelta(days=7)


def stale_after(rules: Iterable[Rule]) -> int | None:
    """Return for how many days an action may go without an update, as the rule about actions has it; None where none says so."""
    said = (rule.params.get("stale_days") for rule in rules if rule.about is About.action)
    return next((int(days) for days in said if days is not None), None)


def compose_plan(
    actions: Iterable[PlanAction],
    alerts: Iterable[Alert],
    directory: Directory,
    as_of: date,
    stale_days: int | None,
    implausible: Set[str] = frozenset(),
) -> tuple[PlanRow, ...]:
    """Return the plan, what has changed first, then what is stated better than it is measured, then the reddest.

    alerts: those that are open about actions of the plan. stale_days: see `stale_after`. implausible: the codes of the rules of which
    more match than can be right: what has one of them as its evidence is measured by none.
    """
    by_ref: dict[str, Alert] = {}
    for alert in alerts:
        if alert.subject not in by_ref or alert.level > by_ref[alert.subject].level:
            by_ref[alert.subject] = alert
    rows = [_row(action, by_ref.get(action.ref), directory, as_of, stale_days, implausible) for action in actions]
    return tuple(sorted(rows, key=_rank))


def _row(
    action: PlanAction, alert: Alert | None, directory: Directory, as_of: date, stale_days: int | None, implausible: Set[str]
) -> PlanRow:
    stated, before, shown = _rag(action.stated), _rag(action.stated_before), _rag(action.live)
    restated = stated is not None and before is not None and stated is not before
    is_better = stated is not None and shown is not None and _STEPS[shown] > _STEPS[stated]
    is_known = implausible.isdisjoint(action.evidence)
    overdue = action.evidence_due_on is not None and action.evidence_due_on < as_of and stated is not Rag.complete
    return PlanRow(
        ref=action.ref,
        called=action.called,
        owner=directory.name(action.owner) or "nobody",
        stated=stated,
        before=before if restated else None,
        measured=shown if is_known else None,
        is_better_than_measured=is_better and is_known,
        since=alert.level_since if alert else None,
        has_changed=restated or (alert is not None and alert.level_since > as_of - NEWS),
        updated_on=action.updated_on,
        evidence_due=action.evidence_due_on,
        is_late=overdue,
        is_stale=stated is not Rag.complete and _is_stale(action.updated_on, as_of, stale_days),
        evidence=action.evidence,
    )


def _is_stale(updated_on: date | None, as_of: date, stale_days: int | None) -> bool:
    return stale_days is not None and (updated_on is None or (as_of - updated_on).days > stale_days)


def _rag(word: str | None) -> Rag | None:
    return Rag(word) if word in {rag.value for rag in Rag} else None


def _rank(row: PlanRow) -> tuple[object, ...]:
    worst = max((_STEPS[rag] for rag in (row.stated, row.measured) if rag is not None), default=0)
    return (
        not row.has_changed,
        not row.is_better_than_measured,
        -worst,
        not (row.is_late or row.is_stale),
        row.evidence_due or date.max,
    )
