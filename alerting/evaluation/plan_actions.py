"""The actions of the improvement plan as they stand on one day: what is stated of each, and what the rules that are its evidence show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alerting.casedata.snapshot import Snapshot

_SUBJECT = "subject_plan_action"


@dataclass(frozen=True, kw_only=True)
class PlanAction:
    """One action that is not closed."""

    ref: str
    #: Its number and what is to be done.
    called: str
    owner: str | None
    #: RED, AMBER, GREEN or BLUE (complete); None where nothing is stated that anybody can read.
    stated: str | None
    #: The same at the review before.
    stated_before: str | None
    #: RED, AMBER or GREEN, as the rules show it; None where none of them can say.
    live: str | None
    updated_on: date | None
    evidence_due_on: date | None
    #: The codes of the rules that are its evidence.
    evidence: tuple[str, ...]


def read_plan(snapshot: Snapshot) -> tuple[PlanAction, ...] | None:
    """Return the open actions by their number, None where no rule that was asked is about them."""
    if not snapshot.sql("SELECT 1 FROM duckdb_tables() WHERE table_name = $1", [_SUBJECT]):
        return None
    rows = snapshot.sql(
        f"""SELECT p.ref, p.called, p.owner_id, p.stated, p.stated_before, p.live, p.updated_on, p.evidence_due_on,
          (SELECT max(a.evidence) FROM ext_plan_action a WHERE a.ref = p.ref AND a.updated_on IS NOT DISTINCT FROM p.updated_on)
        FROM {_SUBJECT} p WHERE NOT p.closed"""
    )
    found = [
        PlanAction(
            ref=ref,
            called=called,
            owner=owner,
            stated=stated,
            stated_before=before,
            live=live,
            updated_on=updated,
            evidence_due_on=due,
            evidence=tuple(code.strip().upper() for code in (evidence or "").split(";") if code.strip()),
        )
        for ref, called, owner, stated, before, live, updated, due, evidence in rows
    ]
    return tuple(sorted(found, key=lambda action: _by_number(action.ref)))


def _by_number(ref: str) -> tuple[tuple[int, str], ...]:
    """Return what sorts 4.2 before 4.10."""
    return tuple((int(part), "") if part.isdecimal() else (0, part) for part in ref.split("."))
