"""One authority's job, in a process of its own with a time and a memory that it may take: `alerting run`, whose report is its answer.

Whatever that process does, or is done to it, happens to it alone: its store has its lease, as for every run, so that one that is begun
twice, or was killed in the middle, changes nothing that it should not.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import IO, Any

from alerting import private_files
from alerting.regions.authorities import Authority
from alerting.regions.ready_process import Begin, Begun, ReadyProcess, begin_anew
from alerting.regions.region_report import AuthorityRun, Ending, first_of, why_of

LOOK_EVERY_S = 0.2
GRACE_S = 30.0
"""Seconds for a run that is told to stop to finish its message and give its lease back."""
TRY_AGAIN_AFTER_S = 5.0
TAKEN_OVER_WITHIN_S = 360.0
"""A run that died on another machine can be taken over once its lease is out: five minutes, and one to be sure."""
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0


@dataclass(frozen=True, kw_only=True)
class Errand:
    """What is to be done of one authority, as it is handed to whichever machine does it."""

    authority: Authority
    job: str
    #: None for the authority's own today.
    as_of: date | None
    #: What all processes of its run may take together.
    memory_mb: int
    minutes: float

    @property
    def arguments(self) -> list[str]:
        """The arguments of the command that does it."""
        on = ["--as-of", self.as_of.isoformat()] if self.as_of else []
        return ["--config", str(self.authority.config), "run", self.job, *on, "--json"]


_ready = ReadyProcess([sys.executable, "-P", "-m", "alerting.readied"])
atexit.register(_ready.stop)


def begin(arguments: Sequence[str], said: IO[bytes], talk: IO[bytes]) -> Begun:
    """Begin a run: forked from a process that is ready, else by a new interpreter."""
    forked = _ready.begin(arguments, said, talk)
    return forked or begin_anew([sys.executable, "-P", "-m", "alerting"], arguments, said, talk)


def run_authority(
    errand: Errand, *, is_again: bool = False, stopping: Callable[[], bool] = lambda: False, begin: Begin = begin
) -> AuthorityRun:
    """Run an authority's job, once more where its process died or its store was away, and return what became of it.

    is_again: somebody who began it before may be gone with their machine, so that a lease that is held is waited for. stopping: asked
    all along; the run is then told to stop.
    """
    began, starts, deadline = time.monotonic(), 0, time.monotonic() + TAKEN_OVER_WITHIN_S
    while True:
        starts += 1
        ended = _started_once(errand, stopping, begin)
        is_waited_for = is_again and ended.ending is Ending.held and time.monotonic() < deadline
        if not is_waited_for and (starts > 1 or not _may_pass(ended)):
            return replace(ended, starts=starts, seconds=time.monotonic() - began)
        if not _waited(TRY_AGAIN_AFTER_S, stopping):
            return replace(ended, starts=starts, seconds=time.monotonic() - began)


def _may_pass(ended: AuthorityRun) -> bool:
    """Return whether it is worth a second start. What was too long or too large would be so again."""
    return ended.ending is Ending.died or (ended.ending is Ending.failed and ended.passing)


def _waited(seconds: float, stopping: Callable[[], bool]) -> bool:
    """Wait, and return whether nobody told to stop."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not stopping():
        time.sleep(LOOK_EVERY_S)
    return not stopping()


def _started_once(errand: Errand, stopping: Callable[[], bool], begin: Begin) -> AuthorityRun:
    name = errand.authority.name
    if stopping():
        return AuthorityRun(name=name, ending=Ending.stopped)
    with private_files.scratch() as said, private_files.scratch() as talk:
        process = begin(errand.arguments, said, talk)
        try:
            cut_short = _looked_after(process, errand, stopping)
        finally:
            _end(process)
        answer = _answer(said)
        ended = _read(name, answer) if answer is not None else _without_answer(name, process.wait(), talk)
        # It may have come to its end while it was told to stop.
        return ended if cut_short is None or ended.ending.has_run else cut_short


def _looked_after(process: Begun, errand: Errand, stopping: Callable[[], bool]) -> AuthorityRun | None:
    """Wait for a run to end; return why it was ended before, None where it was not."""
    name, until = errand.authority.name, time.monotonic() + errand.minutes * 60
    while process.poll() is None:
        if time.monotonic() > until:
            _tell_to_stop(process)
            return AuthorityRun(name=name, ending=Ending.too_long, why=f"it had {errand.minutes:g} minutes, of --minutes")
        if memory_of(process.pid) > errand.memory_mb << 20:
            return AuthorityRun(name=name, ending=Ending.too_much_memory, why=f"it had {errand.memory_mb} MB, of --memory-mb")
        if stopping():
            _tell_to_stop(process)
            return AuthorityRun(name=name, ending=Ending.stopped)
        with suppress(subprocess.TimeoutExpired):
            process.wait(LOOK_EVERY_S)
    return None


def _tell_to_stop(process: Begun) -> None:
    """Let a run give back what it has, and wait until it did."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_S)


def _end(process: Begun) -> None:
    """End a run that has not ended, with the engine that it started; that of one which has ended goes by itself."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.terminate()
    process.wait()


def memory_of(group: int) -> int:
    """Return how many bytes of memory a group of processes has to itself; 0 where the system does not say so in files."""
    return sum(_own_bytes(process) for process in _members(group))


def _members(group: int) -> Iterator[Path]:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            # Its own name, in brackets, may hold spaces and brackets.
            if int((process / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[2]) == group:
                yield process


def _own_bytes(process: Path) -> int:
    with suppress(OSError, ValueError, IndexError):
        _, resident, shared = (process / "statm").read_text("ascii").split()[:3]
        return (int(resident) - int(shared)) * _PAGE
    return 0


# ------------------------------------------------------------------ what a run says of itself


def _answer(said: IO[bytes]) -> dict[str, Any] | None:
    """Return the report that a run printed; None where it printed none, or not all of it."""
    said.seek(0)
    with suppress(ValueError):
        value = json.loads(said.read())
        return value if isinstance(value, dict) and "status" in value else None
    return None


def _read(name: str, answer: dict[str, Any]) -> AuthorityRun:
    ending = Ending(answer["status"])
    if "faults" in answer:
        return AuthorityRun(name=name, ending=ending, why=why_of(answer["faults"]), passing=answer["passing"])
    source, causes = answer["source"], [f"{', '.join(cause['rules'])}: {cause['why']}" for cause in answer["causes"]]
    problems = [*filter(None, [answer["hold_fire"]]), *answer["breaches"], *source["problems"], *causes]
    return AuthorityRun(
        name=name,
        ending=ending,
        why=first_of(problems),
        run=answer["run"],
        rows=source["rows"],
        alerts=answer["alerts"],
        messages=answer["notifications"],
    )


def _without_answer(name: str, code: int, talk: IO[bytes]) -> AuthorityRun:
    """Return what became of a run that said nothing of itself: it was killed, or had a fault that nobody foresaw."""
    if code < 0:
        return AuthorityRun(name=name, ending=Ending.died, why=f"by signal {-code}")
    talk.seek(0)
    last = [line.strip() for line in talk.read().decode("utf-8", "replace").splitlines() if line.strip()][-2:]
    return AuthorityRun(name=name, ending=Ending.failed, why=" ".join(last) or f"it ended with {code} and said nothing")
