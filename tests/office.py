"""A service on a made council: run a day, look at the alerts, and at what went out to whom; with rules of its own, if wanted."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from alerting.app import build
from alerting.model import Alert
from alerting.notifications.report import Report
from alerting.store.store import Store
from tests.made_council import MadeCouncil

RULES = Path(__file__).parent.parent / "rules"
PLAN_LENGTH = """\
id: {id}
code: {code}
title: Long on a plan
says: "On a plan for {{{{ measure }}}} days"
clears: The plan ends.
owner: head of service
basis: {{kind: local, text: plans are looked at}}
job: daily
subject: child_protection_plan
params: {{long_days: 50}}
measure: days_since(plan_start)
unit: days
levels: {{amber: measure > long_days}}
notify: {{amber: [team_manager]}}
"""
"""A rule that both children of the made council meet: they have been on their plans for 60 days."""


@cache
def _empty_store() -> Path:
    """A store that has been made once, to be copied: making its tables takes longer than a day's run."""
    path = Path(tempfile.mkdtemp()) / "alerting.db"
    Store.open(f"sqlite:///{path.as_posix()}").close()
    atexit.register(shutil.rmtree, path.parent)
    return path


class Office:
    """One council's service. sent: what the last run planned of its own purpose; notices: for the administrators."""

    def __init__(self, folder: Path, store: str = "sqlite:///alerting.db") -> None:
        self.council = MadeCouncil(folder)
        self.folder = folder
        self.store_url = store
        self.settings: dict[str, Any] = {}
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.notices: list[dict[str, Any]] = []

    def rules_of_its_own(self, *shipped: str) -> Path:
        """Return the council a folder of rules: the shipped subjects and settings, and these of the shipped rules."""
        folder = self.folder / "rules"
        shutil.copytree(RULES / "subjects", folder / "subjects")
        shutil.copy(RULES / "settings.yaml", folder / "settings.yaml")
        (folder / "local").mkdir()
        for name in shipped:
            shutil.copy(RULES / name, folder / "local")
        return folder

    def rule(self, id_: str = "plan-long", code: str = "PL-01", *more: str, **changes: str) -> Path:
        """Write a rule about how long a child has been on a plan. more: lines to add; changes: values of keys."""
        lines = PLAN_LENGTH.format(id=id_, code=code).splitlines()
        for key, value in changes.items():
            lines = [f"{key}: {value}" if line.startswith(f"{key}:") else line for line in lines]
        path = self.folder / "rules" / "local" / f"{id_}.yaml"
        path.write_text("\n".join([*lines, *more, ""]), "utf-8")
        return path

    def run(self, day: date, job: str = "daily", *, without: tuple[str, ...] = (), dry_run: bool = False) -> Report:
        self.council.write(without=without)
        if (
            self.store_url.startswith("sqlite:///")
            and not (path := self.folder / self.store_url.removeprefix("sqlite:///")).exists()
        ):
            shutil.copy(_empty_store(), path)
        app = build(self.council.configure(self.store_url, **self.settings))
        store = app.store()
        try:
            moment = datetime(day.year, day.month, day.day, 7, tzinfo=UTC)
            report = app.pipeline(store).run(job, day, lambda: moment, dry_run=dry_run)
        finally:
            store.close()
        assert report is not None
        self.planned = report.planned
        self.sent = [(item.recipient, item.content) for item in report.planned if item.purpose == job]
        self.notices = [notice for item in report.planned if item.purpose == "admin" for notice in item.content["notices"]]
        return report

    def alert(self, subject: str, rule: str = "cp-visit-overdue") -> Alert:
        return [alert for alert in self.alerts() if (alert.subject, alert.rule) == (subject, rule)][-1]

    def alerts(self) -> list[Alert]:
        store = build(self.folder / "config.yaml").store()
        try:
            return store.alerts()
        finally:
            store.close()

    def handle(self, subject: str, rule: str, kind: str, day: date, **what: Any) -> None:
        """Let somebody do something to an alert."""
        store = build(self.folder / "config.yaml").store()
        try:
            now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
            store.handle(self.alert(subject, rule), kind, **{"by": "M1", "note": "", "now": now} | what)
        finally:
            store.close()

    def told(self, person: str) -> dict[str, str]:
        """Return what one person was told this time: subject -> state."""
        [content] = [content for recipient, content in self.sent if recipient == person]
        return {item["subject"]: item["state"] for item in content["items"]}

    def content(self, person: str) -> dict[str, Any]:
        """Return the content of the one message to a person."""
        [content] = [content for recipient, content in self.sent if recipient == person]
        return content

    def people(self) -> set[str]:
        return {recipient for recipient, _ in self.sent}


def rule_row(report: Report, code: str) -> dict[str, Any]:
    """Return what a report says of one rule."""
    [row] = [row for row in report.rules if row["code"] == code]
    return row
