"""Who has which case: every stage of every case goes to the worker with most room, and on when they leave."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from alerting.sources.demo.nasties import NEVER, RATES

if TYPE_CHECKING:
    from alerting.sources.demo.books import Books
    from alerting.sources.demo.people import Child
    from alerting.sources.demo.staff import Staff, Worker

_REMEMBERED_DAYS = 450
_MEAN_STAY_DAYS = 520
_TABLE = "ssd_involvements"

_WORDS = {
    "CW": ("ALLWKR", "Allocated case worker", "cw"),
    "16PLUS": ("REL.PERSONALADVISOR", "PA", "Rel.PersonalAdvisor"),
    "IRO": ("iro",),
}


@dataclass(slots=True, eq=False)
class Stage:
    """Children who are one worker's case from `starts` until `ends`, in one service."""

    service: str
    role: str
    #: It moves on as the case is handed from worker to worker.
    starts: int
    ends: int
    children: list[Child]
    referrals: list[str | None]
    #: The role is written down as open, and nobody as the one who has it.
    names_nobody: bool = False
    #: So many days nobody is found who takes it.
    awaited_days: int = 0
    #: Whoever had it on the start day, or first had it after that; None before `hand_out`, and for cases long ago.
    worker: Worker | None = None


@dataclass(eq=False)
class Allocation:
    """Hands out stages in the order in which they begin, and writes the involvements."""

    books: Books
    staff: Staff
    _waiting: list[tuple[int, int, Stage]] = field(default_factory=list)
    _held: list[tuple[int, int, Worker, int]] = field(default_factory=list)
    _number: count[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self._chance = self.books.chances("allocation")
        self._remembered = self.books.start - _REMEMBERED_DAYS
        self._handed_on = self.books.days.after(self.staff.leaver.ends, 6)
        # Only cases that began before those workers left can still be theirs: about half.
        self._left_behind = RATES["allocated_to_leaver"] * 1.8

    def add(self, stage: Stage) -> None:
        """Ask for a worker for a stage."""
        if stage.children and stage.starts <= self.books.last:
            heapq.heappush(self._waiting, (stage.starts, next(self._number), stage))

    def hand_out(self) -> None:
        """Allocate each stage to its worker, and to whoever has the case after them."""
        while self._waiting:
            _, _, stage = heapq.heappop(self._waiting)
            if stage.starts < stage.ends:
                self._hand_on(stage)

    def _hand_on(self, stage: Stage) -> None:
        if stage.ends <= self._remembered:
            return
        if stage.starts < self._remembered:
            # Whoever had it before is forgotten: how long somebody stays does not depend on how long they have been here.
            since = self._remembered - int(self._chance.expovariate(1 / _MEAN_STAY_DAYS))
            stage.starts = max(stage.starts, since)
        stay = max(stage.starts, self._remembered) + 40 + int(self._chance.expovariate(1 / _MEAN_STAY_DAYS))
        self._release(stage.starts)
        worker = self._choose(stage)
        if stage.worker is None or stage.starts <= self.books.start:
            stage.worker = worker
        until = stay
        if worker.ends < NEVER:
            until = self._handed_on if worker is self.staff.leaver else worker.ends
        until = min(until, stage.ends)
        worker.load += len(stage.children)
        heapq.heappush(self._held, (until, next(self._number), worker, len(stage.children)))
        for child, referral in zip(stage.children, stage.referrals, strict=True):
            self._write_child(child, referral, stage, worker, until)
        self._continue(stage, until)

    def _continue(self, stage: Stage, day: int) -> None:
        stage.starts, stage.awaited_days = day, 0
        self.add(stage)

    def _release(self, day: int) -> None:
        while self._held and self._held[0][0] <= day:
            _, _, worker, cases = heapq.heappop(self._held)
            worker.load -= cases

    def _choose(self, stage: Stage) -> Worker:
        teams = self.staff.teams[stage.service]
        pick = self._chance.random
        workers = teams[int(pick() * len(teams))].workers
        others = teams[int(pick() * len(teams))].workers
        candidates = workers if workers is others else workers + others
        # Nobody is given a new case in their last month.
        cases = len(stage.children) / 2
        able = [worker for worker in candidates if worker.ends - 30 > stage.starts] or candidates
        return min(able, key=lambda worker: (worker.load + cases) / worker.room)

    # ------------------------------------------------------------------ rows

    def _write_child(self, child: Child, referral: str | None, stage: Stage, worker: Worker, until: int) -> None:
        books, starts = self.books, stage.starts
        if stage.role == "CW":
            starts = self._nobody(child, stage, until)
            if starts >= until:
                return
            if books.hit("tray_allocated"):
                worker = self.staff.trays[int(self._chance.random() * len(self.staff.trays))]
                books.truth.note("tray_allocated", child.id, *self._seen(child, starts, until))
            else:
                worker = self._gone_instead(stage, worker, until)
        self._write(child, referral, stage, worker, starts, until)
        if books.hit("duplicate_allocation"):
            other = self._predecessor(stage, worker)
            self._write(child, referral, stage, other, starts, until, nasty="duplicate_allocation")

    def _nobody(self, child: Child, stage: Stage, until: int) -> int:
        """Return the day somebody has the case: now, or later, or never for those whom nobody is looking out for."""
        if not stage.awaited_days and not self.books.hit("no_allocation"):
            return stage.starts
        starts = until
        if stage.awaited_days:
            starts = min(until, stage.starts + stage.awaited_days)
        elif stage.service == "help_protection":
            starts = min(until, stage.starts + 8 + int(self._chance.random() * 60))
        self.books.truth.note("no_allocation", child.id, *self._seen(child, stage.starts, starts))
        return starts

    def _seen(self, child: Child, starts: int, until: int) -> tuple[int, int]:
        # A case is handed on in the system, so it is there on the day; nobody is between two workers for long.
        shown = max(self.books.days.working(starts), child.shown)
        return shown, max(self.books.days.working(until), shown) if until <= self.books.last else NEVER

    def _gone_instead(self, stage: Stage, worker: Worker, until: int) -> Worker:
        if until <= self.books.start or self._chance.random() >= self._left_behind:
            return worker
        gone = self.staff.gone[int(self._chance.random() * len(self.staff.gone))]
        return gone if stage.starts < gone.ends else worker

    def _predecessor(self, stage: Stage, worker: Worker) -> Worker:
        team = worker.team
        if stage.role != "CW" or not team or self._chance.random() > 1 / 3:
            return worker
        return team.workers[int(self._chance.random() * len(team.workers))]

    def _write(
        self,
        child: Child,
        referral: str | None,
        stage: Stage,
        worker: Worker,
        starts: int,
        until: int,
        *,
        nasty: str | None = None,
    ) -> None:
        books, ledger = self.books, self.books.ledgers[_TABLE]
        identifier = ledger.next_id()
        shown, _ = self._seen(child, starts, until)
        role = books.word(stage.role, _WORDS.get(stage.role, ()), f"{_TABLE} {identifier}", shown)
        team = (worker.team or self.staff.teams[stage.service][0]).id
        cells = [
            identifier,
            None if stage.names_nobody else worker.id,
            role,
            team,
            child.id,
            books.days.text(starts),
            None,
            referral,
        ]
        known = books.add_ending(_TABLE, shown, cells, until, (), "invo_involvement_end_date", at_once=True)
        if stage.role != "IRO" and worker.ends < known and not stage.names_nobody:
            books.truth.note("allocated_to_leaver", identifier, max(shown, worker.ends + 1), known)
        if nasty:
            books.truth.note(nasty, identifier, shown, known)
