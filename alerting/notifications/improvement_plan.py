"""The improvement plan as those who lead services read it: each action's stated rating beside the one that the rules show. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Set
from datetime import date, timedelta

from alerting.casedata.directory import Directory
from alerting.evaluation.plan_actions import PlanAction
from alerting.model import Alert, Level
from alerting.notifications.week_content import PlanRow, Rag

_STEPS = {Rag.complete: 0, Rag.green: 0, Rag.amber: 1, Rag.red: 2}
NEWS = timedelta(days=7)


def compose_plan(
    actions: Iterable[PlanAction], alerts: Iterable[Alert], directory: Directory, as_of: date, implausible: Set[str] = frozenset()
) -> tuple[PlanRow, ...]:
    """Return the plan, what has changed first, then what is stated better than it is measured, then the reddest.

    alerts: those that are open about actions of the plan. implausible: the codes of the rules of which more match than can be right:
    what has one of them as its evidence is measured by none.
    """
    by_ref: dict[str, Alert] = {}
    for alert in alerts:
        if alert.subject not in by_ref or alert.level > by_ref[alert.subject].level:
            by_ref[alert.subject] = alert
    rows = [_row(action, by_ref.get(action.ref), directory, as_of, implausible) for action in actions]
    return tuple(sorted(rows, key=_rank))


def _row(action: PlanAction, alert: Alert | None, directory: Directory, as_of: date, implausible: Set[str]) -> PlanRow:
    stated, before, shown = _rag(action.stated), _rag(action.stated_before), _rag(action.live)
    restated = stated is not None and before is not None and stated is not before
    is_better = stated is not None and shown is not None and _STEPS[shown] > _STEPS[stated]
    is_known = implausible.isdisjoint(action.evidence)
    overdue = action.evidence_due_on is not None and action.evidence_due_on < as_of and stated is not Rag.complete
    # What is amber or red for neither of these is so because it stands still.
    stale = alert is not None and alert.level is Level.amber and stated in (Rag.green, Rag.amber) and not is_better
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
        is_late=overdue or stale,
        evidence=action.evidence,
    )


def _rag(word: str | None) -> Rag | None:
    return Rag(word) if word in {rag.value for rag in Rag} else None


def _rank(row: PlanRow) -> tuple[object, ...]:
    worst = max((_STEPS[rag] for rag in (row.stated, row.measured) if rag is not None), default=0)
    return (not row.has_changed, not row.is_better_than_measured, -worst, not row.is_late, row.evidence_due or date.max)
