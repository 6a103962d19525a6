"""What those who lead services look at beside children's records: demand against the year before, and the posts of teams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alerting.casedata.snapshot import Snapshot

_DEMAND, _POSTS = "subject_demand_of_a_month", "subject_team_workforce"


@dataclass(frozen=True, kw_only=True)
class Demand:
    """One kind of demand in last month, against the same month of an earlier year."""

    called: str
    month: date
    events: int
    month_wd: int
    #: None where the data does not reach back so far.
    base_month: date | None
    base_events: int | None
    base_wd: int | None
    #: Whether the difference is more than chance makes of it.
    beyond_chance: bool


@dataclass(frozen=True, kw_only=True)
class Posts:
    """The posts of one team, in full-time equivalents."""

    inpost: float
    vacant: float
    agency: float


@dataclass(frozen=True, kw_only=True)
class ServiceFigures:
    """Figures of the whole council on one day."""

    demand: tuple[Demand, ...] = ()
    #: By team.
    posts: Mapping[str, Posts] = field(default_factory=dict)


def read_service_figures(snapshot: Snapshot) -> ServiceFigures:
    """Return what the rules that were asked have made of demand and posts; nothing of what none of them reads."""
    made = {name for (name,) in snapshot.sql("SELECT table_name FROM duckdb_tables()")}
    demand = (
        snapshot.sql(
            f"""SELECT called, month, events, month_wd, base_month, base_events, base_wd, coalesce(beyond_chance, false)
            FROM {_DEMAND} WHERE events IS NOT NULL AND month IS NOT NULL ORDER BY kind"""
        )
        if _DEMAND in made
        else []
    )
    posts = (
        snapshot.sql(
            f"""SELECT team_id, inpost, vacant, agency FROM {_POSTS}
            WHERE team_id IS NOT NULL AND inpost IS NOT NULL AND vacant IS NOT NULL AND agency IS NOT NULL"""
        )
        if _POSTS in made
        else []
    )
    names = ("called", "month", "events", "month_wd", "base_month", "base_events", "base_wd", "beyond_chance")
    return ServiceFigures(
        demand=tuple(Demand(**dict(zip(names, row, strict=True))) for row in demand),
        posts={
            team: Posts(inpost=float(inpost), vacant=float(vacant), agency=float(agency))
            for team, inpost, vacant, agency in posts
        },
    )
