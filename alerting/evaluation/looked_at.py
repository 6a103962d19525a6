"""At how much rules looked on one day: the cases of each worker and of each team, for whoever has nothing open and should hear that this is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alerting.casedata.snapshot import Snapshot


@dataclass(frozen=True, kw_only=True)
class Share:
    """What of the day's looking was at the cases of one worker, or of one team."""

    #: The different children; no restricted record is among them.
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


def read_looked_at(snapshot: Snapshot, rules: Iterable[str]) -> LookedAt:
    """Return at how many children these rules looked, by the answers that are in the engine. rules: the ids of those that people are told of."""
    told_of = sorted(rules)
    return LookedAt(workers=_by(snapshot, "worker", told_of), teams=_by(snapshot, "team", told_of))


def _by(snapshot: Snapshot, column: str, rules: list[str]) -> dict[str, Share]:
    # A team or a worker is no case. A restricted record is in no count: one more or less would tell.
    rows = snapshot.sql(
        f"""SELECT {column}, count(DISTINCT person), count(DISTINCT person) FILTER (outcome = 'unknown'), list(DISTINCT rule) FROM finding
        WHERE {column} IS NOT NULL AND list_contains($1::VARCHAR[], rule)
          AND person IS NOT NULL AND person NOT IN (SELECT person_id FROM ext_restricted WHERE person_id IS NOT NULL)
        GROUP BY 1 ORDER BY 1""",
        [rules],
    )
    return {id_: Share(cases=cases, not_known=not_known, rules=frozenset(rules)) for id_, cases, not_known, rules in rows}
