"""A service on a made council: run a day, look at the alerts, and at what went out to whom; with rules of its own, if wanted."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from copy import deepcopy
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from alerting.app import build
from alerting.config import sqlite_path
from alerting.evaluation.day import source_mark
from alerting.logs import Log, not_logged
from alerting.model import Alert
from alerting.notifications.content import ItemState, Notice
from alerting.notifications.report import Report, RuleRow
from alerting.store import brakes
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


_begun: dict[str, tuple[Path, Report]] = {}
"""What offices were like after their first day, and its report, by all that it depends on."""


def _folder_of_its_own() -> Path:
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    return folder


@cache
def _empty_store() -> Path:
    """Return a store that has been made once, to be copied: making its tables takes longer than a day's run."""
    path = _folder_of_its_own() / "alerting.db"
    Store.open(f"sqlite:///{path.as_posix()}").close()
    return path


class Office:
    """One council's service. sent: what the last run planned of its own purpose; notices: for the administrators."""

    def __init__(self, folder: Path, store: str = "sqlite:///alerting.db") -> None:
        self.council = MadeCouncil(folder)
        self.folder = folder
        self.store_url = store
        self.settings: dict[str, Any] = {}
        self.sent: list[tuple[str, Any]] = []
        self.notices: list[Notice] = []

    def rules_of_its_own(self, *shipped: str) -> Path:
        """Make the council a folder of rules of the shipped subjects and settings, and these of the shipped rules; return it."""
        folder = self.folder / "rules"
        shutil.copytree(RULES / "subjects", folder / "subjects")
        shutil.copy(RULES / "settings.yaml", folder / "settings.yaml")
        (folder / "local").mkdir()
        self.add_shipped(*shipped)
        return folder

    def add_shipped(self, *names: str) -> None:
        """Add shipped rules to the council's own folder of rules."""
        for name in names:
            shutil.copy(RULES / name, self.folder / "rules" / "local")

    def rule(self, id_: str = "plan-long", code: str = "PL-01", *more: str, **changes: str) -> Path:
        """Write a rule about how long a child has been on a plan. more: lines to add; changes: values of keys."""
        lines = PLAN_LENGTH.format(id=id_, code=code).splitlines()
        for key, value in changes.items():
            lines = [f"{key}: {value}" if line.startswith(f"{key}:") else line for line in lines]
        path = self.folder / "rules" / "local" / f"{id_}.yaml"
        path.write_text("\n".join([*lines, *more, ""]), "utf-8")
        return path

    def run(
        self, day: date, job: str = "daily", *, without: tuple[str, ...] = (), dry_run: bool = False, log: Log = not_logged
    ) -> Report:
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
            report = app.pipeline(store).run(job, day, lambda: moment, dry_run=dry_run, log=log)
        finally:
            store.close()
        assert report is not None
        self._note(report, job)
        return report

    def begin(self, day: date) -> Report:
        """Run the first day, as `run` does; where another office has begun the same, all that it left is copied: a run takes longer.

        For what a test starts from. A run that a test is about, or does something else to, is `run`.
        """
        assert not (self.folder / "outbox").exists(), "this is not the first day"
        assert self.store_url == "sqlite:///alerting.db", "another store is not in the folder that is copied"
        beginning = self._beginning(day)
        if beginning not in _begun:
            report = self.run(day)
            _begun[beginning] = shutil.copytree(self.folder, _folder_of_its_own() / "office"), deepcopy(report)
        else:
            folder, report = _begun[beginning]
            shutil.copytree(folder, self.folder, dirs_exist_ok=True)
            self._remember_source(day)
            self._note(deepcopy(report), "daily")
        return report

    def copy(self, folder: Path, day: date) -> Office:
        """Return an office of the same past in another folder, which has its data from there since `day`."""
        assert self.store_url == "sqlite:///alerting.db", "another store is not in the folder that is copied"
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        copy = Office(folder)
        copy.settings, copy.council.tables = deepcopy(self.settings), deepcopy(self.council.tables)
        copy._remember_source(day)
        return copy

    def _remember_source(self, day: date) -> None:
        """Let the store hold that its data came from this office's folder, and not from that of the one it was copied from."""
        app = build(self.folder / "config.yaml")
        assert app.source is not None
        store = app.store()
        try:
            with store.transaction() as connection:
                moment = datetime(day.year, day.month, day.day, 7, tzinfo=UTC)
                brakes.remember_source(connection, source_mark(app.source), moment)
        finally:
            store.close()

    def _beginning(self, day: date) -> str:
        """Return all that a first run depends on."""
        rules = {path.relative_to(self.folder).as_posix(): path.read_text("utf-8") for path in self.folder.rglob("rules/**/*.*")}
        return repr((day, self.store_url, self.settings, sorted(rules.items()), self.council.tables))

    def _note(self, report: Report, job: str) -> None:
        self.planned = report.planned
        self.sent = [(item.recipient, item.content) for item in report.planned if item.purpose == job]
        self.notices = [notice for item in report.planned if item.purpose == "admin" for notice in item.content.notices]

    def store(self) -> Store:
        """Open its store. Of its configuration nothing else is read: that takes longer than most of what is asked of a store."""
        return Store.open(sqlite_path(self.store_url, self.folder))

    def alert(self, subject: str, rule: str = "cp-visit-overdue") -> Alert:
        return [alert for alert in self.alerts() if (alert.subject, alert.rule) == (subject, rule)][-1]

    def alerts(self) -> list[Alert]:
        store = self.store()
        try:
            return store.alerts()
        finally:
            store.close()

    def handle(self, subject: str, rule: str, kind: str, day: date, **what: Any) -> None:
        """Let somebody do something to an alert."""
        store = self.store()
        try:
            now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
            store.handle(self.alert(subject, rule), kind, **{"by": "M1", "note": "", "now": now} | what)
        finally:
            store.close()

    def told(self, person: str) -> dict[str, ItemState]:
        """Return what one person was told this time: subject -> state."""
        [content] = [content for recipient, content in self.sent if recipient == person]
        return {item.subject: item.state for item in content.items}

    def content(self, person: str) -> Any:
        """Return the content of the one message to a person."""
        [content] = [content for recipient, content in self.sent if recipient == person]
        return content

    def people(self) -> set[str]:
        return {recipient for recipient, _ in self.sent}


def rule_row(report: Report, code: str) -> RuleRow:
    """Return what a report says of one rule."""
    [row] = [row for row in report.rules if row.code == code]
    return row
