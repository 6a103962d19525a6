"""Runs of a made council in processes that are killed with SIGKILL: at a point of the delivery protocol, or at any instant.

    K1  before the occurrence is claimed            K5  a message is claimed, and nothing of it handed over
    K2  claimed, and nothing is written yet         K6  noted as handed over: before the final dot, or behind it
    K3  within the transaction that writes          K7  accepted, and not written down
    K4  written, and no message is claimed          K8  all is sent, and the occurrence has not ended

A point kills when it is reached for the n-th time. All of this is patched in the killed process: the service knows nothing of it.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, NoReturn

import duckdb  # noqa: F401  (loaded before the fork, as all that a run needs, so that a run begins at once)

from alerting.app import App, build
from alerting.casedata import trust
from alerting.delivery.sending import Sender
from alerting.evaluation import day
from alerting.runs.heartbeat import Heartbeat
from alerting.store.job_leases import JobLeases
from alerting.store.messages.outbox import Outbox
from tests.made_council import MONDAY
from tests.office import Office
from tests.planted import BUGS
from tests.relay import ROOT, Relay

for _name in ("css_inline", "jinja2", "sqlglot", "yaml", "notifiers.email", "alerting.sources.files.source", "psycopg"):
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
    line = importlib.import_module("notifiers.email.line").Line
    return _point("K6 behind the dot", line, "getreply", "before")


POINTS: dict[str, Point] = {
    point.name: point
    for point in (
        _point("K1", JobLeases, "begin", "before"),
        _point("K2 begun", JobLeases, "begin", "after"),
        _point("K2 read", trust, "judge", "after"),
        _point("K2 evaluated", day, "evaluate", "after"),
        _point("K3", Outbox, "plan", "within"),
        _point("K4", Sender, "send_all", "before"),
        _point("K5", Outbox, "claim", "after"),
        _point("K6 before the dot", Outbox, "hand_over", "after"),
        _finish_unanswered(),
        _point("K7", Outbox, "settle", "before"),
        _point("K7 within", Outbox, "settle", "within"),
        _point("K8", JobLeases, "end", "before"),
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
    """Make a council of so many more teams, each with a child not seen by whom two managers are told; return its service."""
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
    """How a process ended. killed: by the signal; report: what a run that came to its end says of itself.

    began, ended: seconds since the epoch; ended is when the process was gone.
    """

    killed: bool
    report: dict[str, Any]
    began: float
    ended: float


@dataclass(frozen=True, kw_only=True)
class Killing:
    """Starts runs in new processes, forked from one that has loaded all that a run needs, and has done nothing with it."""

    _process: subprocess.Popen[str]

    def run(
        self, config: Path, point: str | None = None, nth: int = 1, *, after_s: float = LONGEST_S, bug: str | None = None
    ) -> Ran:
        """Run the daily job to its end, or until a point is reached for the n-th time, or until so many seconds have passed.

        bug: one of tests.planted that the process has.

        Raises RuntimeError where the run failed by itself.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        wanted = {"config": str(config), "point": point, "nth": nth, "after_s": after_s, "bug": bug}
        self._process.stdin.write(json.dumps(wanted) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "failed" in answer:
            raise RuntimeError(f"the run failed: {answer['failed']}")
        return Ran(**answer)


@contextmanager
def killing() -> Iterator[Killing]:
    """Return what starts runs and kills them, while the block runs."""
    command = [sys.executable, "-m", "tests.crashes"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        yield Killing(_process=process)
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def serve() -> None:
    """Answer each line of the standard input, a run that is wanted, with how it ended."""
    apps: dict[str, App] = {}
    for line in sys.stdin:
        wanted = json.loads(line)
        config = wanted["config"]
        if config not in apps:
            apps[config] = build(Path(config))  # it holds no connection and no thread
        print(json.dumps(_forked(apps[config], **wanted)), flush=True)  # noqa: T201  (how the answer is told)


def _forked(app: App, *, config: str, point: str | None, nth: int, after_s: float, bug: str | None) -> dict[str, Any]:
    heard, says = os.pipe()
    began = time.time()
    child = os.fork()
    if child == 0:
        os.close(heard)
        if bug is not None:
            BUGS[bug]()
        _run(app, point, nth, says)
    os.close(says)
    # Its end of the pipe is closed when it dies, and what it has to say is short enough to lie in the pipe.
    ready, _, _ = select.select([heard], [], [], after_s)
    if not ready:
        os.kill(child, signal.SIGKILL)
    with os.fdopen(heard, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    ended = time.time()
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return {"killed": True, "report": {}, "began": began, "ended": ended}
    report = json.loads(said) if said else {"failed": f"exit status {status}"}
    return report if "failed" in report else {"killed": False, "report": report, "began": began, "ended": ended}


def _run(app: App, point: str | None, nth: int, says: int) -> NoReturn:
    if point is not None:
        arm(POINTS[point], nth)
    try:
        store = app.store()
        said = app.pipeline(store).run("daily", MONDAY, lambda: datetime.now(UTC)).as_json()
        store.close()
    except Exception as error:  # noqa: BLE001  (whoever started this is told)
        said = {"failed": f"{type(error).__name__}: {error}"}
    os.write(says, json.dumps(said).encode())
    os._exit(0)


if __name__ == "__main__":
    serve()
