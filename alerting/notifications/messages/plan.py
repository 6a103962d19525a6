"""The improvement plan in words: a row an action, for the summary of those who lead services and for a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alerting.formatting import counted, day, listed, plain, plural
from alerting.notifications.week_content import PlanRow, Rag

_COLOUR = {Rag.red: "red", Rag.amber: "amber", Rag.green: "good", Rag.complete: "info"}


@dataclass(frozen=True, kw_only=True)
class PlanLine:
    """One action of the plan."""

    called: str
    owner: str
    #: Stated, and measured, each a word with the class of its colour.
    stated: str
    stated_colour: str
    measured: str
    measured_colour: str
    #: Since when it stands as its alert says.
    since: str
    #: What has changed, what does not agree and what is late, in sentences.
    says: str
    evidence_due: str
    updated: str
    #: The rules that are its evidence.
    evidence: str


def plan_lines(rows: Sequence[PlanRow]) -> tuple[PlanLine, ...]:
    """Return each action in words, in the order in which they are given."""
    return tuple(_line(row) for row in rows)


def plan_summary(rows: Sequence[PlanRow]) -> str:
    """Return how the plan stands in one sentence."""
    if not rows:
        return "There is no open action of the improvement plan."
    better = sum(row.is_better_than_measured for row in rows)
    late, changed = sum(row.is_late or row.is_stale for row in rows), sum(row.has_changed for row in rows)
    said = counted([(better, "stated better than measured"), (late, "late or not updated"), (changed, "changed this week")])
    stated = [f"{sum(row.stated is rag for row in rows)} {rag.words}" for rag in Rag if any(row.stated is rag for row in rows)]
    return f"{plural(len(rows), 'open action')}: {listed(stated) or 'none of them rated'} as stated. {listed(said) or 'Nothing to remark'}."


def _line(row: PlanRow) -> PlanLine:
    return PlanLine(
        called=plain(row.called),
        owner=plain(row.owner),
        stated=row.stated.words if row.stated else "not stated",
        stated_colour=_COLOUR.get(row.stated, "") if row.stated else "",
        measured=row.measured.words if row.measured else "not known",
        measured_colour=_COLOUR.get(row.measured, "") if row.measured else "",
        since=day(row.since, "short") if row.since else "",
        says=_says(row),
        evidence_due=day(row.evidence_due, "short") if row.evidence_due else "",
        updated=day(row.updated_on, "short") if row.updated_on else "never",
        evidence=", ".join(map(plain, row.evidence)),
    )


def _says(row: PlanRow) -> str:
    return " ".join(
        filter(
            None,
            [
                f"Was {row.before.words}." if row.before else "",
                "Better than measured." if row.is_better_than_measured else "",
                "Evidence overdue." if row.is_late else "",
                "Not updated." if row.is_stale else "",
            ],
        )
    )
