"""Teams of which nothing could be found out today, as none of the rules that look at their work could be asked: said to their managers. Pure.

A rule that is off as the council has it was not meant to be asked, and says so in the weekly summary.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Set

from alerting.casedata.directory import Team
from alerting.evaluation.evaluation import Status
from alerting.formatting import listed
from alerting.notifications.report import RuleRow
from alerting.notifications.roles import SERVICES
from alerting.notifications.routing import Router

_OF_TEAMS = frozenset({"worker", "adviser", "team_manager", "service_manager"})
"""Whom a rule tells that looks at the work of teams."""
_NAMED = 3
"""How many kinds of records a sentence names; more are the records of the council."""


def concerns(router: Router, rule: str, teams: Iterable[str], case_services: Collection[str]) -> bool:
    """Return whether a rule looks at the work of any of these teams: at that of a service of which nothing is known it may."""
    services = router.rules[rule].services if rule in router.rules else ()
    theirs = {(router.directory.teams[team].service or "").casefold() for team in teams}
    return not services or any(service in services or service not in case_services for service in theirs)


def sentences(
    router: Router, rows: Iterable[RuleRow], unread: Mapping[str, Set[str]], case_services: Collection[str]
) -> Mapping[str, str]:
    """Return what managers are told of their teams none of whose rules could be asked, by their id.

    rows: how asking went. unread: what could not be read, as managers call it, by the ids of the rules that wait for it.
    """
    mine = [row for row in rows if _tells_of_teams(router, row.id)]
    teams: defaultdict[str, dict[str, str]] = defaultdict(dict)
    records: defaultdict[str, set[str]] = defaultdict(set)
    for id_, team in sorted(router.directory.teams.items()):
        looking = [row for row in mine if concerns(router, row.id, [id_], case_services)]
        stopped = [row for row in looking if row.is_stopped]
        manager = router.answers_for(id_, "team_manager") if _has_cases(team) else None
        if manager is None or not stopped or any(row.status is Status.ok for row in looking):
            continue
        teams[manager.person.id][id_] = team.name
        records[manager.person.id].update(*(unread.get(row.id, ()) for row in stopped))
    return {id_: _sentence(list(names.values()), sorted(records[id_])) for id_, names in teams.items()}


def _has_cases(team: Team) -> bool:
    """Return whether a team may have cases: not one that others' alerts are passed to."""
    return (team.service or "").casefold() not in SERVICES.values()


def _tells_of_teams(router: Router, rule: str) -> bool:
    route = router.rules.get(rule)
    if route is None or route.shadow:
        return False
    return not _OF_TEAMS.isdisjoint(
        {*(role for roles in route.notify.values() for role in roles), *(role for _, role in route.escalate)}
    )


def _sentence(teams: list[str], records: list[str]) -> str:
    named = listed(records) if len(records) <= _NAMED else "the records of the council"
    why = (
        f"{named} could not be read"
        if records
        else "their questions came to no answer, and those who look after the service know"
    )
    return f"No rule could be asked about {listed(teams)} this morning: {why}. Nothing here means that nothing is due."
