"""Actions of the improvement plan: not brought up to date, red, or better than the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import answer, joins
from tests.oracle.calendar import days
from tests.oracle.cells import Row, clean, id_of, real_date
from tests.oracle.codes import code
from tests.oracle.views import Views, day, latest, text

DEFAULTS: Mapping[str, Params] = {
    "WF-08": {"stale_days": 42, "green_from": Fraction("0.90"), "amber_from": Fraction("0.75"), "min_items": 10}
}
# Rules about texts, teams and services: the worst of their subjects counts.
OF_GROUPS = frozenset("FD-02 FD-05 FD-07 FD-08 FD-09 FD-10 CLA-20 CL-08 WF-02 WF-05 WF-09 WF-11 WF-12 WF-13 WF-16".split())
Asked = Callable[[str], Mapping[str, Answer] | None]


def is_evidence(name: str) -> bool:
    return name not in ("WF-07", "WF-08") and not name.startswith("DQ-")


def live_rag(name: str, found: Mapping[str, Answer] | None, p: Params) -> str | None:
    """Return what a rule's answers come to for the whole council; None where that is not known."""
    known = [each.level for each in (found or {}).values() if each.outcome != "unknown"]
    if name in OF_GROUPS:
        if not known:
            return None
        return "RED" if {"red", "critical"} & set(known) else "AMBER" if "amber" in known else "GREEN"
    if len(known) < p["min_items"]:
        return None
    share = Fraction(sum(level not in ("red", "critical") for level in known), len(known))
    return "GREEN" if share >= p["green_from"] else "AMBER" if share >= p["amber_from"] else "RED"


_STEPS = {"GREEN": 0, "BLUE": 0, "AMBER": 1, "RED": 2}


def _gap(stated: str | None, live: str | None) -> int:
    if stated not in _STEPS or live is None:
        return 0
    return max(0, _STEPS[live] - _STEPS[str(stated)])


def wf_08(views: Views, p: Params, asked: Asked) -> dict[str, Answer] | None:
    """Ask about each action. asked: what each rule answers today, None of one that is off or that there is not."""
    if not views.supplied("ext_plan_action"):
        return None
    answers = {}
    for key in {id_of(row.get("ref")) for row in views.rows("ext_plan_action")} - {None}:
        row = latest(views.of("ext_plan_action", "ref", key), day("updated_on"), text("rag"))
        assert key is not None
        answers[key] = _action(views, row, p, asked)
    return answers


def _action(views: Views, row: Row, p: Params, asked: Asked) -> Answer:
    owner = id_of(row.get("owner_id"))
    team = views.staff_team(owner)
    if views.not_later(row, "closed_on") is not None:
        return answer(None, team=team, worker=owner)
    stated, previous = code(row.get("rag"), "rag"), code(row.get("previous_rag"), "rag")
    names = [name.strip().upper() for name in (clean(row.get("evidence")) or "").split(";")]
    lives = [live_rag(name, asked(name), p) for name in names if is_evidence(name)]
    gap = _gap(stated, max((live for live in lives if live), key=_STEPS.__getitem__, default=None))
    updated, evidence_due = real_date(row.get("updated_on")), real_date(row.get("evidence_due_on"))
    stale = updated is None or days(updated, views.as_of) > p["stale_days"]
    late = evidence_due is not None and evidence_due < views.as_of
    level = None
    if stated == "RED" or gap == 2:
        level = "red"
    elif stated not in _STEPS or gap == 1 or (stated != "BLUE" and (late or stale)):
        level = "amber"
    return answer(
        level,
        measure=days(updated, views.as_of) if updated else None,
        due=evidence_due,
        team=team,
        worker=owner,
        also=joins("head_of_service", gap == 2 or (stated == "RED" and previous == "RED")),
    )
