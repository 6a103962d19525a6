"""A job of a whole region: every authority that can be run safely, the one that takes longest first, and one report."""

from __future__ import annotations

import json
import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from alerting import private_files
from alerting.errors import ConfigError
from alerting.regions.authorities import Authority, find_authorities, find_unsafe, is_folder_of
from alerting.regions.one_authority import Errand, run_authority
from alerting.regions.region_report import AuthorityRun, Ending, RegionReport
from alerting.regions.table_reading import DatabaseTable

Stopping = Callable[[], bool]
Told = Callable[[AuthorityRun, int, int], None]
"""What is called whenever an authority has ended: with it, how many have, and how many there are."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Where authorities are run: on this machine, or on a cluster."""

    name: str
    #: Says how many errands it takes at a time, just now.
    places: Callable[[], int]
    run: Callable[[Errand], AuthorityRun]
    #: Ends what was handed over, where that must be asked for.
    cancel: Callable[[], object] = lambda: None


def on_this_machine(at_once: int, stopping: Stopping) -> Engine:
    """Return the engine that runs so many authorities at a time here, each in a process of its own."""
    return Engine(name="local", places=lambda: at_once, run=partial(run_authority, stopping=stopping))


@dataclass(frozen=True, kw_only=True)
class Region:
    """A job of a region's authorities. place: as `find_authorities` takes it; the last report of each job is kept there."""

    place: Path | DatabaseTable
    job: str
    #: None for each authority's own today.
    as_of: date | None
    memory_mb: int
    minutes: float

    @property
    def kept(self) -> Path:
        """Where the report is kept, by which the next run knows who takes longest and who is missing."""
        if isinstance(self.place, DatabaseTable):
            return self.place.folder / f"region-{self.job}-{self.place.file_name}.json"
        if is_folder_of(self.place):
            return self.place / f"region-{self.job}.json"
        # A list may lie among the authorities, and name a few of them: who is missing of all is not forgotten over it.
        return self.place.parent / f"region-{self.job}-{self.place.stem}.json"

    def run(self, engine: Engine, clock: Callable[[], datetime], stopping: Stopping, told: Told) -> RegionReport:
        """Run the job of all authorities, and return what became of each. Raises ConfigError where there is none."""
        began_at, began = clock(), time.monotonic()
        found, last = find_authorities(self.place), _last_runs(self.kept)
        authorities = found.authorities
        known = {name for name, before in last.items() if before.ending not in (Ending.unsafe, Ending.off)}
        unsafe = {**found.unsafe, **find_unsafe(authorities, known)}
        ended = [AuthorityRun(name=name, ending=Ending.unsafe, why=why) for name, why in unsafe.items()]
        ended += [AuthorityRun(name=name, ending=Ending.off) for name in found.off]
        if is_folder_of(self.place):  # a list says itself who has left
            ended += [_gone(name, self.kept) for name in sorted(last.keys() - {one.name for one in authorities} - unsafe.keys())]
        safe = longest_first((one for one in authorities if one.name not in unsafe), last)
        for done, run in enumerate(ended, 1):
            told(run, done, len(ended) + len(safe))
        ended += _run_all([self._errand(one) for one in safe], engine, stopping, partial(_told_after, told, len(ended)))
        return RegionReport(
            job=self.job,
            as_of=self.as_of,
            engine=engine.name,
            began_at=began_at,
            seconds=time.monotonic() - began,
            authorities=tuple(sorted(ended, key=lambda run: run.name)),
        )

    def keep(self, report: RegionReport) -> None:
        """Keep a report for the next run. Raises ConfigError where it cannot be written."""
        try:
            private_files.write(self.kept, json.dumps(report.as_json(), indent=2) + "\n", keep_rights=True)
        except OSError as error:
            raise ConfigError(
                f"all was done as said, but the report cannot be kept in {self.kept.as_posix()} ({error.strerror})",
                remedy="Let this account write there: by it the next run knows who takes longest and who is missing.",
            ) from None

    def _errand(self, authority: Authority) -> Errand:
        return Errand(authority=authority, job=self.job, as_of=self.as_of, memory_mb=self.memory_mb, minutes=self.minutes)


@dataclass(frozen=True, kw_only=True)
class Before:
    """How an authority's run ended the last time."""

    ending: Ending
    #: How long it took; more than any where it did not run to its end.
    seconds: float


def longest_first(authorities: Iterable[Authority], last: Mapping[str, Before]) -> list[Authority]:
    """Return authorities by how long each took last, the longest first: so none is begun when all others are done.

    One of which nothing is known may be the longest, and comes first; of several such the one that is said to be the largest.
    """

    def rank(one: Authority) -> tuple[float, float, str]:
        seconds = last[one.name].seconds if one.name in last else math.inf
        return -seconds, -(math.inf if one.size is None else one.size), one.name

    return sorted(authorities, key=rank)


def _last_runs(kept: Path) -> dict[str, Before]:
    """Return how each authority ended the last time; nothing where no report was kept, or it cannot be read."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return {str(row["name"]): _before(row) for row in json.loads(kept.read_text("utf-8"))["authorities"]}
    return {}


def _before(row: Mapping[str, Any]) -> Before:
    ending = Ending(row["ending"])
    return Before(ending=ending, seconds=float(row["seconds"]) if ending.has_run else math.inf)


def _gone(name: str, kept: Path) -> AuthorityRun:
    why = f"Put its folder with its config.yaml back. If it has left for good, delete {kept.name}, which is written anew."
    return AuthorityRun(name=name, ending=Ending.gone, why=why)


def _told_after(told: Told, before: int, run: AuthorityRun, done: int, of: int) -> None:
    told(run, before + done, before + of)


def _run_all(errands: Sequence[Errand], engine: Engine, stopping: Stopping, told: Told) -> list[AuthorityRun]:
    """Run errands in their order, as many at a time as the engine takes. What goes wrong with one is its own."""
    if not errands:
        return []
    ended: list[AuthorityRun] = []
    going_on: set[Future[AuthorityRun]] = set()
    waiting = deque(errands)
    with ThreadPoolExecutor(len(errands)) as pool:
        while waiting or going_on:
            while waiting and len(going_on) < engine.places():
                going_on.add(pool.submit(_run_one, waiting.popleft(), engine, stopping))
            done, going_on = wait(going_on, timeout=1, return_when=FIRST_COMPLETED)
            for future in done:
                ended.append(future.result())
                told(ended[-1], len(ended), len(errands))
            if stopping():
                engine.cancel()
    return ended


def _run_one(errand: Errand, engine: Engine, stopping: Stopping) -> AuthorityRun:
    began, name = time.monotonic(), errand.authority.name
    if stopping():
        return AuthorityRun(name=name, ending=Ending.stopped)
    try:
        return engine.run(errand)
    except Exception as error:  # noqa: BLE001  (of whatever kind, it is nothing to the other authorities)
        ending = Ending.stopped if stopping() else Ending.lost
        run = AuthorityRun(name=name, ending=ending, why=f"it was not heard of to its end ({type(error).__name__})")
        return replace(run, seconds=time.monotonic() - began)
