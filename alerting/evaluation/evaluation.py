"""What one day's data says of a job's rules, as plain values: nothing of it needs the engine that was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from alerting.casedata.directory import Directory
from alerting.casedata.trust import Trust
from alerting.evaluation.looked_at import LookedAt
from alerting.evaluation.plan_actions import PlanAction
from alerting.evaluation.service_figures import ServiceFigures
from alerting.evaluation.team_measures import Measures
from alerting.evaluation.watch import Watch
from alerting.model import Finding, Level, Problem

Candidate = tuple[str | None, Finding]
"""A live alert's reference, None where there is none, and today's finding about its subject."""

RuleSubject = tuple[str, str]
"""A rule and a subject."""


class Status(StrEnum):
    """How asking a rule went. Anything but `ok` has a problem, and no findings."""

    ok = "ok"
    #: `Off` says why.
    off = "off"
    error = "error"
    #: Its data is not trusted today.
    withheld = "withheld"


class Off(StrEnum):
    """Why a rule is off."""

    switched_off = "switched_off"
    #: Too few of its population have a value that it needs.
    too_few = "too_few"
    #: A table without which it makes no sense is not supplied.
    not_supplied = "not_supplied"
    #: A column that it needs is not supplied.
    column_not_supplied = "column_not_supplied"


def no_matches() -> dict[str, int]:
    """Return a count of nothing at each level."""
    return dict.fromkeys(Level.__members__, 0)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How asking one rule went, and what it answered in figures."""

    id: str
    code: str
    status: Status = Status.ok
    #: Why it is off, where it is.
    off: Off | None = None
    #: The table that is not supplied, where it is off for want of one.
    lacks: str | None = None
    #: Why it could not be asked, for people.
    problem: str | None = None
    population: int = 0
    #: How many match, by the name of the level.
    match: Mapping[str, int] = field(default_factory=no_matches)
    clear: int = 0
    unknown: int = 0
    #: Where too few have a value that it needs: the lowest share that has one, in percent.
    filled: float | None = None
    ms: int = 0

    @property
    def is_put(self) -> bool:
        """Whether it was put to anybody; one that too little is recorded for was, before its answers were taken back."""
        return self.status == Status.ok or self.off is Off.too_few


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """Today's measure, due date and facts (JSON) of a live alert that still matches, by its reference."""

    ref: str
    measure: float | None
    due: date | None
    facts: str


@dataclass(frozen=True, kw_only=True)
class Move:
    """An alert that goes on under the id into which its person's record was merged."""

    ref: str
    subject: str
    person: str
    #: The highest episode of a live alert of this rule about the new subject, 0 where there is none.
    after_episode: int


@dataclass(frozen=True, kw_only=True)
class Moves:
    """What becomes of the live alerts whose records were merged."""

    moved: tuple[Move, ...] = ()
    #: The references of alerts beside which an older one about the same goes on.
    ended: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What one day's data says of a job's rules: plain values, that may cross to another process."""

    as_of: date
    #: Every rule that was to be asked, by its id.
    asked: Mapping[str, Asked]
    #: What may change: new matches, and live alerts with another answer than they stand for.
    candidates: tuple[Candidate, ...]
    #: Every live alert that still matches.
    readings: tuple[Reading, ...]
    #: Who is clear of a rule that was changed, and was not by what it asked before.
    given_up: frozenset[RuleSubject]
    moves: Moves
    #: Who is who, and who may know of which child, today.
    directory: Directory
    trust: Trust
    problems: tuple[Problem, ...] = ()
    #: What every rule looks at, where that was asked.
    watch: Watch | None = None
    #: The open actions of the improvement plan, where every rule was asked and there is one.
    plan: tuple[PlanAction, ...] | None = None
    #: What those who lead services look at besides, where every rule was asked.
    figures: ServiceFigures | None = None
    #: How the work of each team is going, where a rule that was asked is about that.
    measures: Measures = field(default_factory=dict)
    #: The teams of everybody about whom a rule was asked.
    teams: frozenset[str] = frozenset()
    #: At how much the rules looked, where the council wants that told.
    looked_at: LookedAt | None = None
    #: Where the data came from: a mark that is another when it comes from somewhere else. It holds no secret.
    source: str = ""

    @property
    def put(self) -> frozenset[str]:
        """The rules that were put to anybody."""
        return frozenset(id_ for id_, asked in self.asked.items() if asked.is_put)

    @property
    def not_put(self) -> frozenset[str]:
        """The rules that were not put to the data, as it is not believed or not supplied."""
        return frozenset(id_ for id_, asked in self.asked.items() if not asked.is_put and asked.status != Status.error)

    def has(self, status: Status) -> frozenset[str]:
        """Return the rules with a status."""
        return frozenset(id_ for id_, asked in self.asked.items() if asked.status == status)
