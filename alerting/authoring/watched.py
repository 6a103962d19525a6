"""What every rule looks at today, team by team: for those who choose rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from alerting.app import App
from alerting.authoring.today import look
from alerting.casedata.directory import Team, read_directory
from alerting.errors import AlertingError
from alerting.evaluation import day
from alerting.evaluation.day import Day
from alerting.evaluation.evaluate import Answers
from alerting.evaluation.watch import TeamWatch


@dataclass(frozen=True, kw_only=True)
class WatchedTeam:
    """One team of the directory, and what looks at its work."""

    team: Team
    watch: TeamWatch


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What every rule looks at."""

    teams: Sequence[WatchedTeam]
    #: The rules that were not asked of anybody, by code, each with why.
    not_asked: Sequence[tuple[str, str]]


def watched_today(app: App, as_of: date, team: str | None = None) -> Watched:
    """Return what every rule looks at on a day. team: of one team alone, by its id. Raises AlertingError where there is no such team."""
    rules = app.book.rules
    with look(app, rules, as_of) as found:
        return watched_of(found, day.ask(app.book, found, rules, watch=True), team)


def watched_of(found: Day, answers: Answers, team: str | None = None) -> Watched:
    """Return what every rule looks at, by the answers of a day's data. team, and what is raised: as of `watched_today`."""
    teams = read_directory(found.snapshot, found.trust).teams
    if team is not None and team not in teams:
        raise AlertingError(f"there is no team '{team}'", remedy=f"The teams are: {', '.join(sorted(teams))}.")
    chosen = [one for id_, one in sorted(teams.items()) if team in (None, id_)]
    watch = answers.watch
    return Watched(
        teams=[WatchedTeam(team=one, watch=watch.of(one.id, one.service) if watch else TeamWatch()) for one in chosen],
        not_asked=[(asked.code, asked.problem or asked.status.value) for asked in answers.asked.values() if asked.problem],
    )
