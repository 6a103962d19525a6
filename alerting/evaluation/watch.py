"""Who is watched, and who is not: which rules look at a team's work, over how many people, and whom none asks about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alerting.casedata.snapshot import Snapshot

_OPEN_CASES = frozenset({"v_open_case", "v_team_of_child"})
"""The views by which a team's open cases are known, where a rule of the day reads them."""

_THAT_WAIT = {"v_contact": "decided", "v_referral": "completed"}
"""The views of what waits at the front door, each with the column that says since when it does not."""

# A restricted record is in no count that a manager reads: one more or less would tell.
_COUNTED = "person NOT IN (SELECT person_id FROM ext_restricted WHERE person_id IS NOT NULL)"


@dataclass(frozen=True, kw_only=True)
class TeamWatch:
    """What looks at one team's work."""

    #: How many subjects each rule asks about there, by the rule's id.
    rules: Mapping[str, int] = field(default_factory=dict)
    #: The different people among them.
    people: int = 0
    #: People with an open case of the team whom no rule asks about.
    unwatched: int = 0
    #: Of how many it is known how they stand, and how many of them were due before today, by the rule's id; no restricted record is among
    #: them.
    known: Mapping[str, int] = field(default_factory=dict)
    late: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What every rule looks at, on one day."""

    #: By team.
    teams: Mapping[str, TeamWatch]
    #: By service, the rules that look at it as a whole.
    services: Mapping[str, frozenset[str]]
    #: What has neither a team nor a service: how many are known, and how many of them late.
    teamless: TeamWatch = field(default_factory=TeamWatch)
    #: How many people have a sealed record, whom no rule asks about.
    sealed: int = 0
    #: How many contacts and referrals wait of which nobody is told, as of the children on them different people may know.
    divided: int = 0

    def without(self, rules: Set[str]) -> Watch:
        """Return the same, except that how what these rules look at stands is not known."""

        def left(team: TeamWatch) -> TeamWatch:
            known, late = (
                {rule: count for rule, count in counts.items() if rule not in rules} for counts in (team.known, team.late)
            )
            return replace(team, known=known, late=late)

        return replace(self, teams={id_: left(team) for id_, team in self.teams.items()}, teamless=left(self.teamless))

    def of(self, team: str, service: str | None) -> TeamWatch:
        """Return what looks at a team's work, as its own or as a part of its service."""
        own = self.teams.get(team, TeamWatch())
        whole = dict.fromkeys(self.services.get((service or "").casefold(), frozenset()), 0)
        return replace(own, rules={**whole, **own.rules})


def read_watch(snapshot: Snapshot) -> Watch:
    """Return what the rules that were asked look at, by the answers that are in the engine."""
    rules: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for team, rule, count in snapshot.sql(
        "SELECT team, rule, count(*) FROM finding WHERE team IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"
    ):
        rules[team][rule] = count
    known: defaultdict[str, dict[str, int]] = defaultdict(dict)
    late: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for team, rule, how_many, overdue in snapshot.sql(
        f"""SELECT coalesce(team, ''), rule, count(*), count(*) FILTER (outcome = 'match' AND due < as_of()) FROM finding
        WHERE (team IS NOT NULL OR service IS NULL) AND outcome <> 'unknown' AND (person IS NULL OR {_COUNTED}) GROUP BY 1, 2 ORDER BY 1, 2"""
    ):
        known[team][rule], late[team][rule] = how_many, overdue
    people = dict(
        snapshot.sql(f"SELECT team, count(DISTINCT person) FROM finding WHERE team IS NOT NULL AND {_COUNTED} GROUP BY team")
    )
    services: defaultdict[str, set[str]] = defaultdict(set)
    for service, rule in snapshot.sql("SELECT DISTINCT lower(service), rule FROM finding WHERE service IS NOT NULL"):
        services[service].add(rule)
    unwatched = _unwatched(snapshot)
    return Watch(
        teams={
            team: TeamWatch(
                rules=rules.get(team, {}),
                people=people.get(team, 0),
                unwatched=unwatched.get(team, 0),
                known=known.get(team, {}),
                late=late.get(team, {}),
            )
            for team in {*rules, *unwatched}
        },
        teamless=TeamWatch(known=known.get("", {}), late=late.get("", {})),
        services={service: frozenset(mine) for service, mine in services.items()},
        sealed=_sealed(snapshot),
        divided=_divided(snapshot),
    )


def _unwatched(snapshot: Snapshot) -> dict[str, int]:
    """Return how many people with an open case no rule asks about, by team; nobody where no rule reads who has one."""
    if not _made(snapshot) >= _OPEN_CASES:
        return {}
    return dict(
        snapshot.sql(
            f"""SELECT team_id, count(*) FROM (SELECT DISTINCT t.team_id, o.person_id AS person FROM v_open_case o JOIN v_team_of_child t USING (person_id)
            WHERE t.team_id IS NOT NULL) WHERE {_COUNTED} AND person NOT IN (SELECT person FROM finding WHERE person IS NOT NULL)
            GROUP BY team_id"""
        )
    )


def _made(snapshot: Snapshot) -> set[str]:
    """Return the tables and views that the rules of the day have made."""
    return {name for (name,) in snapshot.sql("SELECT table_name FROM duckdb_tables()")}


def _divided(snapshot: Snapshot) -> int:
    counts = [
        snapshot.sql(f"SELECT count(*) FROM {view} WHERE divided AND asked AND {end} IS NULL")[0][0]
        for view, end in _THAT_WAIT.items()
        if view in _made(snapshot)
    ]
    return sum(map(int, counts))


def _sealed(snapshot: Snapshot) -> int:
    [(count,)] = snapshot.sql(
        """SELECT count(DISTINCT pers_person_id) FROM ssd_person WHERE pers_death_date IS NULL
        AND pers_person_id IN (SELECT person_id FROM ext_restricted WHERE coalesce(norm(level), '') <> 'limited')"""
    )
    return int(count)
