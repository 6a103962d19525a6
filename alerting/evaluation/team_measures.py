"""How the work of each team is going on one day, measure by measure, as the rule about first-line managers sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alerting.casedata.snapshot import Snapshot

SUBJECT = "team_scorecard"
"""The subject whose rule is about it."""
_TABLE = f"subject_{SUBJECT}"


@dataclass(frozen=True, kw_only=True)
class TeamMeasure:
    """One measure of a team's work."""

    called: str
    #: How many are good, of how many. Of what has no share, such as a caseload, neither; of overdue work, so many children stand in `of`.
    good: int | None = None
    of: int | None = None
    #: From green: 0 green, 1 amber, 2 red; None where it is not known.
    steps: int | None = None
    #: Of fewer than these there is no share.
    at_least: int | None = None

    @property
    def share(self) -> int | None:
        """In percent, never rounded up; None where there is none, or of too few."""
        if self.good is None or not self.of or self.of < (self.at_least or 1):
            return None
        return self.good * 100 // self.of


Measures = Mapping[str, tuple[TeamMeasure, ...]]
"""By team."""


def read_measures(snapshot: Snapshot) -> Measures:
    """Return the measures of every team that holds cases, in their order; nothing where no rule that was asked reads them."""
    if not snapshot.sql("SELECT 1 FROM duckdb_tables() WHERE table_name = $1", [_TABLE]):
        return {}
    rows = snapshot.sql(
        f"SELECT team_id, measures FROM {_TABLE} WHERE team_id IS NOT NULL AND measures IS NOT NULL ORDER BY team_id"
    )
    return {team: measures_of(text) for team, text in rows}


def measures_of(text: str) -> tuple[TeamMeasure, ...]:
    """Return the measures that a text holds.

    >>> measures_of("reviews:19:20:0:10;audits:::1:")[0]
    TeamMeasure(called='reviews', good=19, of=20, steps=0, at_least=10)
    """
    return tuple(_measure(*each.split(":")) for each in text.split(";"))


def text_of(measures: tuple[TeamMeasure, ...]) -> str:
    """Return measures as the text that `measures_of` reads."""
    cells = [(each.called, each.good, each.of, each.steps, each.at_least) for each in measures]
    return ";".join(":".join("" if cell is None else str(cell) for cell in row) for row in cells)


def _measure(called: str, good: str, of: str, steps: str, at_least: str) -> TeamMeasure:
    numbers = (int(cell) if cell else None for cell in (good, of, steps, at_least))
    return TeamMeasure(called=called, **dict(zip(("good", "of", "steps", "at_least"), numbers, strict=True)))
