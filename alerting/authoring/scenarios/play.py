"""Scenarios: a made council run day by day through the line as it is, and what came of it beside what was expected.

The rules are the council's own. The store, and all that a run writes, lies in a temporary folder; each receiver keeps what
it is given, and sends nothing.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Self

from alerting.app import App
from alerting.authoring.scenarios.data import ScenarioData
from alerting.authoring.scenarios.expectations import DayResult, Mismatch, SentMessage, compare
from alerting.authoring.scenarios.file_models import STATES, Day, Handled
from alerting.authoring.scenarios.reader import CheckedScenario
from alerting.config import Heartbeat, Jobs, Keep
from alerting.delivery.notifier import Notifier
from alerting.documents.document import KeyPath
from alerting.errors import AlertingError, ConfigError, docs_page
from alerting.evaluation.evaluation import Status
from alerting.model import CHANNEL, Alert, Condition, Level, Message, Tier
from alerting.notifications.content import DigestContent, NoticeContent, Notification
from alerting.notifications.report import Report
from alerting.store.store import Store

FOLDER = "scenarios"
_BEFORE_THE_RUN, _OF_THE_RUN = time(6, tzinfo=UTC), time(7, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Played:
    """What became of a scenario."""

    file: str
    says: str
    days: int
    differences: tuple[Mismatch, ...]


def scenario_files(app: App, given: Path | None = None) -> list[Path]:
    """Return the scenarios of a file or a folder; of the council's own folder where none is given.

    That is `scenarios` beside the folder of rules, or else `tests/scenarios` beside config.yaml. Raises ConfigError where
    there is none.
    """
    folder = app.loaded.folder
    own = [(folder / app.loaded.config.rules.path).parent / FOLDER, folder / "tests" / FOLDER]
    chosen = given or next((path for path in own if path.is_dir()), own[0])
    if chosen.is_file():
        return [chosen]
    found = sorted(path for path in chosen.rglob("*.y*ml") if path.suffix in (".yaml", ".yml")) if chosen.is_dir() else []
    if not found:
        raise ConfigError(
            f"there are no scenarios in {chosen.as_posix()}",
            remedy=f"Write one as `{docs_page('how-to/test-a-rule.md')}` shows, or give its path.",
        )
    return found


class Stage:
    """Where scenarios are run: a temporary folder with an empty store that each takes a copy of. Use as a context manager."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._temporary = tempfile.TemporaryDirectory(prefix="scenarios-")
        self.folder = Path(self._temporary.name)
        self._empty = self.folder / "empty.db"
        self._count = 0
        Store.open(f"sqlite:///{self._empty.as_posix()}").close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._temporary.cleanup()

    def play(self, scenario: CheckedScenario) -> Played:
        """Run a scenario from its first day to its last, and give every difference."""
        self._count += 1
        folder = self.folder / str(self._count)
        folder.mkdir()
        path = folder / "alerting.db"
        shutil.copyfile(self._empty, path)
        store = Store.open(f"sqlite:///{path.as_posix()}")
        try:
            differences = tuple(_Run(self._app, scenario, store, folder).days())
        finally:
            store.close()
        return Played(file=scenario.document.file, says=scenario.file.says, days=len(scenario.file.days), differences=differences)


@dataclass
class Recorder(Notifier):
    """A receiver of persons that keeps what it is given."""

    ceiling: Tier
    messages: list[Message] = field(default_factory=list)

    def send(self, message: Message, handed_over: Callable[[], None]) -> str:
        handed_over()
        self.messages.append(message)
        return "kept"


@dataclass
class ChannelRecorder(Recorder):
    """A receiver with a channel for every team, that keeps what it is given."""

    teams: frozenset[str] = frozenset()

    def teams_reached(self) -> frozenset[str]:
        return self.teams


class _Run:
    """One scenario under way."""

    def __init__(self, app: App, scenario: CheckedScenario, store: Store, folder: Path) -> None:
        self._scenario, self._store = scenario, store
        config = app.loaded.config.model_copy(
            update={
                "jobs": Jobs(),
                "go_live": "full",
                "keep": Keep(days=0),
                "heartbeat": Heartbeat(),
                "marker": None,
                "council": app.loaded.config.council.model_copy(update={"administrators": ()}),
            }
        )
        self._data = ScenarioData.from_directory(scenario.file.council)
        self._app = replace(
            app,
            loaded=replace(app.loaded, config=config, folder=folder),
            book=scenario.book,
            source=self._data,
            faults=(),
        )
        self._codes = {rule.id: rule.code for rule in scenario.book.rules}

    def days(self) -> Iterator[Mismatch]:
        for index, day in enumerate(self._scenario.file.days):
            at: KeyPath = ("days", index)
            faults = self._data.move_to(day)
            faults += self._handle(day)
            came = self._run(day, faults)
            for fault in came.faults:
                where = self._scenario.document.place(at)
                yield Mismatch(as_of=day.as_of, about="the run itself", expected="no fault", came=fault, where=where)
            if day.expect:
                yield from compare(day.expect, came, day.as_of, self._codes, self._scenario.document, (*at, "expect"))

    def _run(self, day: Day, faults: Sequence[str]) -> DayResult:
        recorders: dict[str, Recorder] = {name: self._recorder(Tier[name]) for name in self._scenario.file.receivers}
        pipeline = replace(self._app, notifiers={**recorders}).pipeline(self._store)
        report = pipeline.run(day.job, day.as_of, lambda: datetime.combine(day.as_of, _OF_THE_RUN))
        if report is None:
            raise AlertingError(f"the run of {day.as_of} is held by another")
        planned = {item.key: item for item in report.planned if item.purpose == day.job}
        sent = [
            _sent_message(planned[message.key], name, message, self._codes)
            for name, recorder in recorders.items()
            for message in recorder.messages
            if message.key in planned
        ]
        told = (item.content for item in report.planned if item.purpose == "admin")
        notices = {notice.title for content in told if isinstance(content, NoticeContent) for notice in content.notices}
        return DayResult(
            alerts=[alert for alert in self._store.alerts() if _is_of(alert, day.as_of)],
            messages=sent,
            notices=sorted(notices),
            faults=[*faults, *_faults(report)],
        )

    def _recorder(self, ceiling: Tier) -> Recorder:
        # A channel has to say which teams it reaches: one is there for each.
        return ChannelRecorder(ceiling=ceiling, teams=self._data.teams) if ceiling == Tier.counts else Recorder(ceiling=ceiling)

    def _handle(self, day: Day) -> list[str]:
        """Do what somebody did before the day's run; return what could not be done."""
        faults = []
        for kind, handled in [("acknowledge", one) for one in day.acknowledge] + [("snooze", one) for one in day.snooze]:
            alert = self._open_alert(handled)
            if alert is None:
                faults.append(f"there is no open alert {' '.join(handled.alert)} to {kind}")
            elif kind == "snooze" and alert.level == Level.critical:
                faults.append(f"{' '.join(handled.alert)} is critical and cannot be snoozed")
            else:
                now = datetime.combine(day.as_of, _BEFORE_THE_RUN)
                self._store.handle(alert, kind, by=handled.by, note="", until=handled.until, now=now)
        return faults

    def _open_alert(self, handled: Handled) -> Alert | None:
        name, subject = handled.alert
        return next(
            (alert for alert in self._store.live() if alert.subject == subject and name in (alert.rule, alert.code)), None
        )


def _is_of(alert: Alert, day: date) -> bool:
    return alert.condition != Condition.resolved or alert.resolved_on == day


def _faults(report: Report) -> list[str]:
    """Return what went wrong with the run that no scenario means: rules that cannot be asked, messages without words."""
    faults = [f"{row.code} could not be asked: {row.problem}" for row in report.rules if row.status == Status.error]
    failed = report.sending.messages.failed
    return faults + ([f"{failed} messages could not be put into words"] if failed else [])


def _sent_message(planned: Notification, through: str, message: Message, codes: Mapping[str, str]) -> SentMessage:
    items = planned.content.items if isinstance(planned.content, DigestContent) else ()
    return SentMessage(
        to=planned.recipient.removeprefix(CHANNEL),
        through=through,
        items={
            state: frozenset((codes.get(item.rule, item.rule), item.subject) for item in items if item.state == state)
            for state in STATES
        },
        text=f"{message.subject}\n{message.text}",
    )
