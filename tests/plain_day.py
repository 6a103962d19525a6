"""A day as plain values: what its data says, what the service remembers, and the alerts that it begins with. It is Tuesday."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from alerting.alerts.brakes import History
from alerting.casedata.directory import Directory, Team
from alerting.casedata.restricted_list import RestrictedList
from alerting.casedata.trust import Trust
from alerting.evaluation.evaluation import Asked, Evaluation, Moves, Status
from alerting.model import Alert, Condition, Finding, LastTold, Level, Outcome, Reason
from alerting.notifications.world import World
from tests.sending_desk import router

THURSDAY, FRIDAY, MONDAY, TUESDAY = date(2026, 2, 26), date(2026, 2, 27), date(2026, 3, 2), date(2026, 3, 3)
"""A Thursday to the Tuesday of the next week. It is Tuesday."""

LINE = router().directory
PERFORMANCE = Team(id="TP", name="Data", service="performance", manager="Q1", service_manager="S1", head_of_service="H1")
DIRECTORY = replace(LINE, teams={**LINE.teams, "TP": PERFORMANCE})
BELIEVED = Trust(problems={}, rows={}, loaded_at=None, restricted=RestrictedList(rows=0))


def alert(ref: str = "A-1", rule: str = "visits", **changes: Any) -> Alert:
    """Return an alert that has fired since Thursday, about a child with the number of its reference."""
    child = f"C{ref.removeprefix('A-')}"
    usual: dict[str, Any] = {"id": int(ref.removeprefix("A-")), "ref": ref, "rule": rule, "code": rule.upper(), "subject_kind": "child", "subject": child,
             "person": child, "episode": 1, "condition": Condition.firing, "level": Level.red, "first_seen": THURSDAY,
             "level_since": THURSDAY, "team": "T1"}  # fmt: skip
    return Alert(**(usual | changes))


def ended(ref: str = "A-1", rule: str = "visits", **changes: Any) -> Alert:
    over: dict[str, Any] = {"condition": Condition.resolved, "resolved_on": MONDAY, "resolved_reason": Reason.cleared}
    return alert(ref, rule, **(over | changes))


def match(child: str, rule: str = "visits", level: Level = Level.red) -> tuple[None, Finding]:
    return None, Finding(rule=rule, subject=child, outcome=Outcome.match, level=level, team="T1", person=child)


def clear(ref: str, rule: str = "visits") -> tuple[str, Finding]:
    return ref, Finding(rule=rule, subject=f"C{ref.removeprefix('A-')}", outcome=Outcome.clear)


def day(
    *candidates: tuple[str | None, Finding],
    directory: Directory = DIRECTORY,
    trust: Trust = BELIEVED,
    status: Status = Status.ok,
    rules: Sequence[str] = ("visits", "plans", "up"),
    population: int = 10,
    **changes: Any,
) -> Evaluation:
    """Return what Tuesday's data says. status: of `visits`."""
    problem = None if status == Status.ok else "its data is not believed"
    asked = {id_: Asked(id=id_, code=id_.upper(), population=population) for id_ in rules}
    if "visits" in asked:
        asked["visits"] = replace(asked["visits"], status=status, problem=problem)
    usual: dict[str, Any] = {"as_of": TUESDAY, "asked": asked, "candidates": candidates, "readings": (), "given_up": frozenset(), "moves": Moves(),
             "directory": directory, "trust": trust}  # fmt: skip
    return Evaluation(**(usual | changes))


def world(*live: Alert, told: Sequence[str] = (), on: date = MONDAY, **changes: Any) -> World:
    """Return what the service remembers: it has begun. told: the references of which M1 was told, on a day."""
    last = {("mail", "M1", ref): LastTold(level=int(Level.red), condition="firing", told_on=on) for ref in told}
    history = History(begun=True, asked=frozenset({"visits", "plans", "up", "weekly"}))
    usual: dict[str, Any] = {"live": live, "told": last, "history": history}
    return World(**(usual | changes))
