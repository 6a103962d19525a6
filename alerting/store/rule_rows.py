"""How asking each rule went, as the kept report of a run has it: JSON, of whichever version wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from alerting.evaluation.evaluation import Off, Status
from alerting.notifications.report import RuleRow
from alerting.store.store import EndedRun

_STATUSES = frozenset(Status)
_WHY_OFF = frozenset(Off)


def read_rule_rows(run: EndedRun | None) -> tuple[RuleRow, ...]:
    """Return how asking each rule of a run went, by code; none without a run, or where its report has none.

    A row whose status this version does not know is left out.
    """
    rows = run.report.get("rules") if run else None
    return tuple(_rule_row(row) for row in rows if row.get("status") in _STATUSES) if isinstance(rows, list) else ()


def _rule_row(row: Mapping[str, Any]) -> RuleRow:
    """Return how asking a rule went, of a report that another version may have written: what it does not know is left out."""
    known = {name.name for name in fields(RuleRow)}
    # A report of an earlier version says no reason why a rule is off: of one that too little is recorded for, there is a population.
    earlier = (Off.too_few if row.get("population") else Off.switched_off) if row["status"] == Status.off else None
    own = {"status": Status(row["status"]), "off": Off(row["off"]) if row.get("off") in _WHY_OFF else earlier}
    return RuleRow(**{name: value for name, value in row.items() if name in known} | own)
