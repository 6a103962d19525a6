"""The scorecard of the weekly summary: all that one reader answers for or is told of, a rule a row, and how each team stands. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from alerting.casedata.directory import Team
from alerting.evaluation.watch import TeamWatch
from alerting.model import Alert, Condition, Level, Reason
from alerting.notifications.masking import FEW, is_few, mask, mask_total
from alerting.notifications.triage import SOON
from alerting.notifications.week_content import ScopeWeek, Standing, TeamStanding

WEEKS = 12
A_YEAR = timedelta(weeks=52)
"""So that the same day of the week is compared."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What share of what a rule looks at should be in time."""

    #: Below it a team is below target, and below the second far below.
    on_target_from: float
    below_from: float
    #: Of fewer than these nothing is said.
    at_least: int


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What one reader's scorecard is about."""

    teams: tuple[Team, ...]
    #: The ids of those of which nothing is kept back from them.
    own: frozenset[str]
    #: Every alert that counts, and the team that answers for it; None of what no one of these teams does.
    alerts: tuple[tuple[Alert, str | None], ...]


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What is known besides alerts."""

    as_of: date
    #: The day on which each rule was asked first: how many were open before it is not known. None of a rule first asked today.
    asked_since: Mapping[str, date]
    #: What looks at each team's work; None where it was not asked, or it is not known whom a count may hold.
    watch: Callable[[Team], TeamWatch | None]
    #: By rule; none of a rule without due dates.
    targets: Mapping[str, Target]
    title: Callable[[str], str]
    flapping: Callable[[Alert], bool]


def weeks_of_scope(scope: Scope, looked: Looked) -> tuple[ScopeWeek, ...]:
    """Return a reader's week, a rule a row: what is critical first, then what is far below its target, then what is most overdue."""
    by_rule: defaultdict[str, list[tuple[Alert, str | None]]] = defaultdict(list)
    for alert, team in scope.alerts:
        by_rule[alert.rule].append((alert, team))
    watched = {team.id: looked.watch(team) for team in scope.teams}
    looked_at = {rule for found in watched.values() if found for rule in found.known if rule in looked.targets}
    rows = [_week(rule, by_rule[rule], scope, watched, looked) for rule in sorted({*by_rule, *looked_at})]
    return tuple(sorted((row for row in rows if _says_something(row)), key=_rank))


_OF_ENOUGH = (Standing.on_target, Standing.below, Standing.far_below, Standing.kept_back)


def _says_something(row: ScopeWeek) -> bool:
    counts = (row.open, row.overdue, row.of, row.new, row.cleared, row.open_last, row.open_last_year, *row.trend)
    return any(counts) or None in (row.open, row.overdue) or row.standing in _OF_ENOUGH


def _rank(row: ScopeWeek) -> tuple[object, ...]:
    seriousness = [Standing.far_below, Standing.below]
    standing = seriousness.index(row.standing) if row.standing in seriousness else len(seriousness)
    return (
        row.level is not Level.critical or row.open == 0,
        standing,
        -(row.overdue or 0),
        -(row.open or 0),
        row.title,
        row.rule,
    )


def _week(
    rule: str,
    alerts: Sequence[tuple[Alert, str | None]],
    scope: Scope,
    watched: Mapping[str, TeamWatch | None],
    looked: Looked,
) -> ScopeWeek:
    as_of, target = looked.as_of, looked.targets.get(rule)
    opened = [(alert, team) for alert, team in alerts if alert.resolved_on is None]
    late = [(alert, team) for alert, team in opened if is_overdue(alert, as_of)]
    overdue = [sum(mine == team.id for _, mine in late) for team in scope.teams]
    cells, total = mask(overdue, [team.id in scope.own for team in scope.teams])
    in_time = _in_time(rule, scope, watched)
    not_own = {team.id for team in scope.teams} - scope.own
    standing, per_cent = _standing(in_time.known, in_time.late, target, own=not not_own)
    is_shown = per_cent is not None and total is not None and not in_time.is_kept_back
    soon = [(alert, team) for alert, team in opened if is_due_soon(alert, as_of)]

    def of_others(counted: Iterable[tuple[Alert, str | None]]) -> int:
        return sum(team in not_own for _, team in counted)

    def masked(counted: Iterable[tuple[Alert, str | None]]) -> int | None:
        found = list(counted)
        return mask_total(len(found), of_others(found))

    def open_on(day: date) -> int | None:
        if day < looked.asked_since.get(rule, as_of):
            return None
        return masked((alert, team) for alert, team in alerts if was_open(alert, day))

    def unless_masked(how_many: Callable[[], int]) -> int:
        return 0 if not_own else how_many()

    trend = tuple(open_on(as_of - timedelta(weeks=back)) for back in range(WEEKS - 1, -1, -1))
    return ScopeWeek(
        rule=rule,
        title=looked.title(rule),
        level=max((alert.level for alert, _ in opened), default=Level.info),
        standing=standing if is_shown or per_cent is None else Standing.kept_back,
        in_time=per_cent if is_shown else None,
        of=in_time.known if is_shown else None,
        target=round(target.on_target_from * 100) if target else None,
        open=masked(opened),
        # What no one of these teams answers for has a reader by name, who is told of each.
        overdue=None if total is None else len(late),
        # Of the others what is left of those that are open says how many of these there are, or of the overdue that are kept back.
        due_soon=None if is_few(of_others(opened) - of_others(soon if total is None else late)) else masked(soon),
        longest=None if is_few(of_others(late)) else min((alert.due for alert, _ in late if alert.due), default=None),
        open_last=trend[-2],
        open_last_year=open_on(as_of - A_YEAR),
        trend=trend,
        new=unless_masked(lambda: sum(_within_week(alert.first_seen, as_of) for alert, _ in alerts)),
        cleared=unless_masked(lambda: sum(_within_week(cleared_on(alert), as_of) for alert, _ in alerts)),
        held=unless_masked(lambda: sum(alert.condition is Condition.held for alert, _ in opened)),
        flapping=unless_masked(lambda: sum(looked.flapping(alert) for alert, _ in opened)),
        teams=_teams(rule, scope, watched, cells, in_time, target) if len(scope.teams) > 1 and target else (),
    )


@dataclass(frozen=True, kw_only=True)
class _InTime:
    """How many of what a rule looks at are known and late: together, and by team."""

    known: int
    late: int
    #: What of each team's lateness may be read; None where it may not.
    cells: tuple[int | None, ...]
    #: Whether what all teams have together may not be read.
    is_kept_back: bool


def _in_time(rule: str, scope: Scope, watched: Mapping[str, TeamWatch | None]) -> _InTime:
    found = [watched[team.id] or TeamWatch() for team in scope.teams]
    known, late = [each.known.get(rule, 0) for each in found], [each.late.get(rule, 0) for each in found]
    is_own = [team.id in scope.own for team in scope.teams]
    cells, total = mask(late, is_own)
    return _InTime(
        known=sum(known),
        late=sum(late),
        cells=cells,
        is_kept_back=total is None or is_few(sum(count for count, own in zip(known, is_own, strict=True) if not own)),
    )


def _teams(
    rule: str,
    scope: Scope,
    watched: Mapping[str, TeamWatch | None],
    overdue: Sequence[int | None],
    in_time: _InTime,
    target: Target,
) -> tuple[TeamStanding, ...]:
    found = []
    for team, count, late in zip(scope.teams, overdue, in_time.cells, strict=True):
        looks = watched[team.id] or TeamWatch()
        standing, per_cent = _standing(looks.known.get(rule, 0), looks.late.get(rule, 0), target, own=team.id in scope.own)
        kept_back = count is None or late is None
        found.append(
            TeamStanding(
                team_name=team.name,
                standing=Standing.kept_back if kept_back and per_cent is not None else standing,
                in_time=None if kept_back else per_cent,
                overdue=count,
            )
        )
    return tuple(found)


def _standing(known: int, late: int, target: Target | None, *, own: bool = True) -> tuple[Standing, int | None]:
    """Return how a share stands against its target, and the share in percent, never rounded up; None where nothing is said of it."""
    if target is None:
        return Standing.no_target, None
    if known == 0:
        return Standing.not_known, None
    if known < (target.at_least if own else max(target.at_least, FEW)):
        return Standing.too_few, None
    share = known - late
    # As whole numbers, so that 9 of 10 are 90 %.
    if share * 1000 >= round(target.on_target_from * 1000) * known:
        standing = Standing.on_target
    else:
        standing = Standing.below if share * 1000 >= round(target.below_from * 1000) * known else Standing.far_below
    return standing, share * 100 // known


def is_overdue(alert: Alert, as_of: date) -> bool:
    """Return whether it was due before a day: what is due on that day is not overdue."""
    return alert.due is not None and alert.due < as_of


def is_due_soon(alert: Alert, as_of: date) -> bool:
    """Return whether it is due on a day, or in the seven after it."""
    return alert.due is not None and as_of <= alert.due <= as_of + SOON


def was_open(alert: Alert, day: date) -> bool:
    """Return whether it was open at the end of a day."""
    return alert.first_seen <= day and (alert.resolved_on is None or alert.resolved_on > day)


def _within_week(day: date | None, as_of: date) -> bool:
    return day is not None and as_of - timedelta(days=7) < day <= as_of


def cleared_on(alert: Alert) -> date | None:
    """Return when its record put it right, None where it did not."""
    # What a rule gave up was not put right by anybody.
    return alert.resolved_on if alert.resolved_reason is not None and alert.resolved_reason.by_the_record else None


def counts(alert: Alert, known: Collection[str]) -> bool:
    """Return whether an alert is one that somebody could have been told of. known: the rules that there are."""
    never = alert.condition is Condition.pending or alert.resolved_reason is Reason.never_fired
    return alert.rule in known and not never
