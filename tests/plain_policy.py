"""A council with five rules as plain values, brakes of theirs, and what a decision tells whom."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from alerting.alerts.brakes import Brake
from alerting.council_people import Administrator
from alerting.notifications.content import DigestContent, NoticeContent
from alerting.notifications.decision import Decision
from alerting.notifications.policy import Policy
from alerting.notifications.recipient_log import EVERYBODY
from alerting.notifications.routing import Receiver
from tests.plain_day import MONDAY
from tests.rule_folder import Folder

RULE = """\
id: {id}
code: {code}
title: {id}
says: "{{{{ visits }}}} visits"
clears: A visit is recorded.
owner: head of service
basis: {{kind: local, text: seen often}}
job: {job}
subject: child
measure: visits
unit: visits
levels: {{amber: measure < 3, red: measure < 2, critical: measure < 1}}
notify: {{amber: [team_manager], red: [team_manager], critical: [team_manager]}}
remind_every: 2
brake: 2
"""
WORKER = """\
id: worker
title: Worker
says: Everybody who works here
about: worker
key: worker_id
worker: worker_id
team: team_id
columns:
  worker_id: {type: text, tier: reference, says: Worker number}
  team_id: {type: text, tier: reference, says: The team}
  visits: {type: integer, tier: reference, says: Visits}
sql: |
  SELECT s.worker_id, s.team_id, 2 AS visits FROM ext_staff s
"""
RULES = {
    "visits": RULE.format(id="visits", code="VS-01", job="daily"),
    "plans": RULE.format(id="plans", code="VS-02", job="daily") + "inhibited_by: [visits]\n",
    "up": RULE.format(id="up", code="VS-03", job="daily") + "escalate: [{after: 1, to: service_manager}]\n",
    "own": RULE.format(id="own", code="VS-04", job="daily").replace("subject: child", "subject: worker"),
    "weekly": RULE.format(id="weekly", code="VS-05", job="weekly"),
}
"""`visits` covers `plans`; `up` goes up after a working day; `own` is about those who work there."""


STORM, BEYOND = (
    Brake(rule="visits", since=MONDAY, count=3),
    Brake(rule="visits", since=MONDAY, count=30, kind="implausible", population=40),
)


def plain_policy(path: Path) -> Policy:
    """Return what a council with these rules has decided. path: a folder for them."""
    folder = Folder(path)
    folder.write("subjects/worker.yaml", WORKER)
    for id_, text in RULES.items():
        folder.write(f"practice/{id_}.yaml", text)
    (folder.path / "practice/visits-few.yaml").unlink()
    book = folder.load()
    assert [str(fault) for fault in book.faults if fault.severity == "error"] == []
    return Policy(
        book=book,
        receivers={"mail": Receiver(name="mail"), "teams": Receiver(name="teams", teams=frozenset({"T1"}))},
        jobs={},
        administrators=(Administrator(name="Ada", address="ada@example.gov.uk"),),
        zone=ZoneInfo("Europe/London"),
        full_go_live=True,
    )


def told(decision: Decision, recipient: str = "M1") -> dict[str, str]:
    """Return what somebody's message tells of each alert."""
    contents = [message.content for message in decision.notifications if message.recipient == recipient]
    items = [item for content in contents if isinstance(content, DigestContent) for item in content.items]
    assert len({item.ref for item in items}) == len(items), "an alert is told once"
    return {item.ref: item.state.value for item in items}


def noticed(decision: Decision) -> set[str]:
    return {notice.title for notice in decision.notices.values()}


def notices_to(decision: Decision, recipient: str) -> list[str]:
    contents = [message.content for message in decision.notifications if message.recipient == recipient]
    return [notice.title for content in contents if isinstance(content, NoticeContent) for notice in content.notices]


def kept_back(decision: Decision) -> set[str]:
    return {ref for (ref, who), why in decision.recipient_log.items() if who == EVERYBODY and why is not None}
