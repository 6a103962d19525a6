"""Runs of a made council in processes that are killed with SIGKILL: at a point of the delivery protocol, or at any instant.

    K1  before the occurrence is claimed            K5  a message is claimed, and nothing of it handed over
    K2  claimed, and nothing is written yet         K6  noted as handed over: before the final dot, or behind it
    K3  within the transaction that writes          K7  accepted, and not written down
    K4  written, and no message is claimed          K8  all is sent, and the occurrence has not ended

A point kills when it is reached for the n-th time. All of this is patched in the killed process: the service knows nothing of it.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

import duckdb  # noqa: F401  (loaded before the fork, as all that a run needs, so that a run begins at once)

from alerting import evaluate, trust
from alerting.app import build
from alerting.heartbeat import Heartbeat
from alerting.occurrences import Occurrences
from alerting.outbox import Outbox
from alerting.sending import Sender
from tests.made_council import MONDAY
from tests.office import Office
from tests.relay import Relay

for _name in ("css_inline", "jinja2", "sqlglot", "yaml", "notifiers.email", "alerting.sources.files", "psycopg"):
    importlib.import_module(_name)

When = Literal["before", "after", "within"]
LONGEST_S = 120.0
UNDER_WAY_S = 0.05
"""So long what was sent is given to arrive before its sender is killed."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """Where a process dies. name: of K1 to K8 and its variant; within: after the call, before its transaction is kept."""

    name: str
    owner: Any
    call: str
    when: When


def _point(name: str, owner: Any, call: str, when: When) -> Point:
    return Point(name=name, owner=owner, call=call, when=when)


def _finish_unanswered() -> Point:
    line = importlib.import_module("notifiers.email")._Line
    return _point("K6 behind the dot", line, "getreply", "before")


POINTS: dict[str, Point] = {
    point.name: point
    for point in (
        _point("K1", Occurrences, "begin", "before"),
        _point("K2 begun", Occurrences, "begin", "after"),
        _point("K2 read", trust, "judge", "after"),
        _point("K2 evaluated", evaluate, "evaluate", "after"),
        _point("K3", Outbox, "plan", "within"),
        _point("K4", Sender, "send_all", "before"),
        _point("K5", Outbox, "claim", "after"),
        _point("K6 before the dot", Outbox, "hand_over", "after"),
        _finish_unanswered(),
        _point("K7", Outbox, "settle", "before"),
        _point("K7 within", Outbox, "settle", "within"),
        _point("K8", Occurrences, "end", "before"),
        _point("K8 ended", Heartbeat, "beat", "before"),
    )
}
"""Every point by its name."""
PER_MESSAGE = frozenset({"K5", "K6 before the dot", "K6 behind the dot", "K7", "K7 within"})
"""The points that a run passes once for each message."""
TWICE = frozenset({"K3", "K4"})
"""The points that a run passes twice: for the managers' messages, and for those who look after the service."""


def arm(point: Point, nth: int) -> None:
    """Let this process be killed when it reaches a point for the n-th time."""
    call = getattr(point.owner, point.call)
    left = [nth]

    def armed(*arguments: Any, **named: Any) -> Any:
        # In a message, the next answer that is asked for is the one to the final dot.
        behind_the_dot = point.call == "getreply"
        if behind_the_dot and not arguments[0]._in_message:
            return call(*arguments, **named)
        left[0] -= 1
        if left[0] == 0 and point.when == "before":
            time.sleep(UNDER_WAY_S if behind_the_dot else 0)
            _die()
        given = call(*arguments, **named)
        if left[0] == 0:
            _die()
        return given

    setattr(point.owner, point.call, armed)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


# ---------------------------------------------------------------------- a council that sends many mails


def council_of_teams(folder: Path, store_url: str, relay: Relay, teams: int = 20) -> Office:
    """Make a council of so many more teams, each with a child not seen by whom two managers are told; give its service."""
    folder.mkdir(parents=True, exist_ok=True)
    office = Office(folder, store_url)
    office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    council = office.council
    for number in range(10, 10 + teams):
        team, manager, senior = f"X{number}", f"TM{number}", f"SM{number}"
        for id_, role in ((manager, "team_manager"), (senior, "service_manager")):
            council.add("ext_staff", worker_id=id_, name=f"Person {id_}", email=f"{id_.lower()}@example.gov.uk", role=role,
                        team_id=team, fte="1")  # fmt: skip
        council.add("ext_team", team_id=team, name=f"Team {team}", service="help_protection", manager_id=manager,
                    service_manager_id=senior, head_of_service_id="H1")  # fmt: skip
        council.on_a_plan(f"C{number}", seen=MONDAY - timedelta(days=40), team=team)
    council.write()
    mail = {"type": "email", "host": "127.0.0.1", "port": relay.port, "from": "alerts@example.gov.uk", "security": "none"}
    office.settings = {"receivers": {"mail": mail}, "keep": {"days": 0}, "heartbeat": {"file": "alive"}}
    council.configure(store_url, **office.settings)
    return office


# ---------------------------------------------------------------------- runs in processes of their own


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How a process ended. killed: by the signal; report: what an undisturbed run says of itself; seconds: from its start."""

    killed: bool
    report: dict[str, Any]
    seconds: float


class Killing:
    """Starts runs of one installation, each in a new process, forked from a server that has loaded everything and done nothing."""

    def __init__(self, config: Path, day: date = MONDAY) -> None:
        self._config = config
        self._day = day
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__])

    def run(self, point: str | None = None, nth: int = 1, *, after_s: float | None = None, job: str = "daily") -> Ran:
        """Run a job to its end, or until a point is reached for the n-th time, or until so many seconds have passed.

        Raises RuntimeError where the run failed by itself.
        """
        ours, theirs = self._context.Pipe(duplex=False)
        started = time.monotonic()
        process = self._context.Process(target=_child, args=(str(self._config), job, self._day, point, nth, theirs))
        process.start()
        theirs.close()
        process.join(LONGEST_S if after_s is None else after_s)
        if process.exitcode is None:
            process.kill()
            process.join()
        said = _said(ours)
        ours.close()
        killed = process.exitcode == -signal.SIGKILL
        if not killed and (said is None or isinstance(said, str)):
            raise RuntimeError(f"the run ended with {process.exitcode}: {said}")
        return Ran(killed=killed, report=said or {}, seconds=time.monotonic() - started)


def _said(ours: Connection) -> Any:
    try:
        return ours.recv() if ours.poll() else None
    except EOFError:
        return None


def _child(config: str, job: str, day: date, point: str | None, nth: int, theirs: Connection) -> None:
    if point is not None:
        arm(POINTS[point], nth)
    try:
        app = build(Path(config))
        store = app.store()
        report = app.pipeline(store).run(job, day, lambda: datetime.now(UTC))
        store.close()
    except Exception as error:
        theirs.send(f"{type(error).__name__}: {error}")
        raise
    theirs.send(report.as_json())
