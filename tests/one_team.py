"""A team with its line of managers, an alert of theirs, and who is told of it, by the directory of a day: plain values.

T1  manager M1, then S1, then H1; worker W1, adviser A1        TP  performance, manager P1        TQ  quality assurance, manager Q1
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from alerting.casedata.directory import Directory, Restriction, Team
from alerting.model import Act, Alert, Condition, Level, Person
from alerting.notifications.routing import Router, RuleRoute

MONDAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
STAFF = {
    id_: Person(
        id=id_,
        name=f"Person {id_}",
        email=f"{id_.lower()}@example.gov.uk",
        role=None,
        team="T1" if id_ in ("M1", "W1", "W2", "A1") else "TX",
    )
    for id_ in ("M1", "S1", "H1", "W1", "W2", "A1", "P1", "Q1", "X1")
}
T1 = Team(id="T1", name="North", service="help_protection", manager="M1", service_manager="S1", head_of_service="H1")
TP = Team(id="TP", name="Data", service="performance", manager="P1", service_manager="S1", head_of_service="H1")
TQ = Team(id="TQ", name="Quality", service="quality_assurance", manager="Q1", service_manager=None, head_of_service=None)
DIRECTORY = Directory(staff=STAFF, former={}, teams={"T1": T1, "TP": TP, "TQ": TQ}, cover={}, restricted={})
ROUTE = RuleRoute(
    notify={Level.amber: ["worker"], Level.red: ["team_manager"], Level.critical: ["team_manager", "service_manager"]},
    channel=True, remind_every=5, title="Visit overdue", code="CP-03",
)  # fmt: skip
ALERT = Alert(
    ref="A-1", rule="visit", code="CP-03", subject_kind="child", subject="PC1", episode=1, condition=Condition.firing, level=Level.red,
    first_seen=MONDAY, level_since=MONDAY, team="T1", worker="W1", adviser="A1", person="C1",
)  # fmt: skip
AMBER, CRITICAL = replace(ALERT, level=Level.amber), replace(ALERT, level=Level.critical)


def router(route: RuleRoute = ROUTE, waited_days: int | None = None, **directory: Any) -> Router:
    waits = None if waited_days is None else lambda _: waited_days
    return Router(replace(DIRECTORY, **directory), {"visit": route}, waits)


def told(alert: Alert = ALERT, by: Router | None = None) -> dict[str, str]:
    """Return who is told and why, in order."""
    return {recipient.person.id: recipient.why for recipient in (by or router()).recipients(alert)}


def without(*workers: str) -> dict[str, Person]:
    return {id_: person for id_, person in STAFF.items() if id_ not in workers}


def limited(*workers: str, child: str = "C1") -> dict[str, Restriction]:
    return {child: Restriction(allowed=frozenset(workers))}


def given_to(worker: str, alert: Alert = ALERT, by: str = "M1") -> Alert:
    act = Act(id=1, kind="assign", by=by, at=NOON, level=alert.level, assignee=worker)
    return replace(alert, acts=(*alert.acts, act))
