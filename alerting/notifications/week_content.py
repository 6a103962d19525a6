"""What the weekly summary is made of: rows of rules and teams, the improvement plan, the figures of those who lead services."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from alerting.model import Level, Worded


@dataclass(frozen=True, kw_only=True)
class RuleWeek:
    """One rule's week in one team: this week, and the one before it."""

    rule: str
    title: str
    open: int
    held: int
    new: int
    new_last: int
    cleared: int
    cleared_last: int
    #: Since when the oldest is open, None where none is.
    oldest: date | None
    oldest_days: int
    level: Level
    #: How many were open at the end of each of the last weeks, the oldest first; None where nothing is known of one.
    trend: tuple[int | None, ...]
    flapping: int = 0


class Standing(Worded):
    """How much of what a rule looks at is in time, against the council's target."""

    on_target = "on_target", "on target"
    below = "below", "below target"
    far_below = "far_below", "far below target"
    too_few = "too_few", "too few to say"
    not_known = "not_known", "not known"
    #: So few are late that how it stands would say something of them.
    kept_back = "kept_back", "kept back"
    #: What it looks at has no due date.
    no_target = "no_target", "no due dates"


@dataclass(frozen=True, kw_only=True)
class TeamStanding:
    """How one team stands by one rule."""

    team_name: str
    standing: Standing
    #: In percent; None where it is not known, or kept back.
    in_time: int | None = None
    #: None where it is kept back: fewer than five, or by it another could be worked out.
    overdue: int | None = 0


@dataclass(frozen=True, kw_only=True)
class ScopeWeek:
    """One rule's week in all that its reader answers for or is told of. A count that is kept back from them is None."""

    rule: str
    title: str
    #: The worst that is open.
    level: Level
    standing: Standing
    #: In percent, of how many; and the target.
    in_time: int | None
    of: int | None
    target: int | None
    open: int | None
    #: Due before today.
    overdue: int | None
    #: Due today or in the next seven days.
    due_soon: int | None
    #: When what is longest overdue was due.
    longest: date | None
    #: How many were open a week ago, and in the same week of last year; None where it is not known or kept back.
    open_last: int | None
    open_last_year: int | None
    #: How many were open at the end of each of the last weeks, the oldest first; None where that is not known or kept back.
    trend: tuple[int | None, ...]
    new: int = 0
    cleared: int = 0
    held: int = 0
    flapping: int = 0
    #: How each team stands, where there are several.
    teams: tuple[TeamStanding, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Watched:
    """At what of a team's work rules look."""

    #: How many rules ask about anything of the team.
    rules: int
    #: About how many people.
    people: int
    #: How many people with an open case of the team no rule asks about.
    unwatched: int = 0


@dataclass(frozen=True, kw_only=True)
class TeamWeek:
    """One team's week."""

    team_name: str
    rows: tuple[RuleWeek, ...]
    #: None where it was not asked.
    watched: Watched | None = None


@dataclass(frozen=True, kw_only=True)
class StoppedRule:
    """A rule that could not be asked, as managers know it, and why; or what is not supplied, and the rules that are off for want of it."""

    title: str
    problem: str
    #: How many rules it stands for.
    rules: int = 1


class Rag(Worded):
    """How an action of the improvement plan stands."""

    red = "RED", "red"
    amber = "AMBER", "amber"
    green = "GREEN", "green"
    #: By whoever leads it; rules never show it.
    complete = "BLUE", "complete"


@dataclass(frozen=True, kw_only=True)
class PlanRow:
    """One open action of the improvement plan: what its lead states beside what the rules that are its evidence show."""

    ref: str
    #: Its number and what is to be done.
    called: str
    owner: str
    #: None where nothing is stated that anybody can read.
    stated: Rag | None
    #: What was stated at the review before, where that is another.
    before: Rag | None
    #: None where no rule can say.
    measured: Rag | None
    #: Whether it is stated better than the rules show.
    is_better_than_measured: bool
    #: Since when its alert stands at its level; None where there is none.
    since: date | None
    #: Whether what is stated changed at the last review, or what is told of it this week.
    has_changed: bool
    updated_on: date | None
    evidence_due: date | None
    #: Whether its evidence is overdue.
    is_late: bool
    #: The codes of the rules that are its evidence.
    evidence: tuple[str, ...] = ()
    #: Whether it was not updated for too long, as its rule has it, whatever is stated.
    is_stale: bool = False


@dataclass(frozen=True, kw_only=True)
class DemandMonth:
    """One kind of demand in last month against the same month of an earlier year."""

    called: str
    month: date
    events: int
    #: None where the data does not reach back so far.
    base_month: date | None
    base_events: int | None
    #: How many times as many there were, allowing for working days.
    ratio: float | None
    beyond_chance: bool


@dataclass(frozen=True, kw_only=True)
class HeadFigures:
    """What those who lead services look at beside each rule. A count that is kept back from them is None."""

    #: How many open alerts somebody has acknowledged, and how many are open for long.
    acknowledged: int | None
    ageing: int | None
    #: How many say that a record is wrong.
    data_quality: int | None
    #: How many rules could not run.
    not_run: int
    #: How many were put right in the last twelve weeks, and after how many working days; None of too few.
    done: int | None
    median_days: float | None
    #: In percent of posts, and of workers; None without figures.
    vacant: float | None
    agency: float | None
    demand: tuple[DemandMonth, ...] = ()
