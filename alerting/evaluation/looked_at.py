"""At how much rules looked on one day: the cases of each worker and of each team, for whoever has nothing open and should hear that this is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alerting.casedata.snapshot import Snapshot


@dataclass(frozen=True, kw_only=True)
class Share:
    """What of the day's looking was at the cases of one worker, or of one team."""

    #: The different children, or whatever else a rule is about; no restricted record is among them.
    cases: int = 0
    #: How many of them something could not be said of, as what a rule needs is not recorded.
    not_known: int = 0
    #: The ids of the rules that looked.
    rules: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class LookedAt:
    """At how much the rules looked, by worker and by team."""

    workers: Mapping[str, Share] = field(default_factory=dict)
    teams: Mapping[str, Share] = field(default_factory=dict)


def read_looked_at(snapshot: Snapshot) -> LookedAt:
    """Return at how much the rules that were asked looked, by the answers that are in the engine."""
    return LookedAt(workers=_by(snapshot, "worker"), teams=_by(snapshot, "team"))


def _by(snapshot: Snapshot, column: str) -> dict[str, Share]:
    # A restricted record is in no count: one more or less would tell.
    rows = snapshot.sql(
        f"""SELECT {column}, count(DISTINCT coalesce(person, subject)), count(DISTINCT coalesce(person, subject)) FILTER (outcome = 'unknown'),
          list(DISTINCT rule) FROM finding
        WHERE {column} IS NOT NULL AND (person IS NULL OR person NOT IN (SELECT person_id FROM ext_restricted WHERE person_id IS NOT NULL))
        GROUP BY 1 ORDER BY 1"""
    )
    return {id_: Share(cases=cases, not_known=not_known, rules=frozenset(rules)) for id_, cases, not_known, rules in rows}
