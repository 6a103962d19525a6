"""Whether a day's involvements say who works with whom: where next to nobody with an open case has a worker, or many only somebody in a role
that no list has, the words for roles are not ours.

Of these an unknown one says that a child has no social worker; so the whole table is then not trusted. It is asked by the shared views,
before any rule is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from alerting.casedata.catalogue import TABLES, with_their_own
from alerting.casedata.engine_errors import EngineError
from alerting.casedata.not_understood import unknown_roles
from alerting.casedata.snapshot import Snapshot, Wanted
from alerting.casedata.trust import Past, Trust
from alerting.evaluation.stage import Stage
from alerting.model import Problem
from alerting.rulebook.book import Rulebook
from alerting.rulebook.sql_tree import names_in_all

INVOLVEMENTS = "ssd_involvements"
UNKNOWN_ROLES, ONLY_UNKNOWN_ROLES = "unknown roles", "nobody but in unknown roles"
"""The names of the checks."""
OF_ROLES = frozenset({UNKNOWN_ROLES, ONLY_UNKNOWN_ROLES})
"""The checks that doubt the table for its words for roles."""

_ASKED = """SELECT count(*), count(*) FILTER (has_worker), count(*) FILTER (NOT has_worker AND in_unknown_role)
FROM (SELECT person_id IN (SELECT person_id FROM v_alloc) OR person_id IN (SELECT person_id FROM v_pa) AS has_worker,
  person_id IN (SELECT invo_person_id FROM ssd_involvements WHERE invo_person_id IS NOT NULL
    AND is_open(invo_involvement_start_date, invo_involvement_end_date)
    AND list_contains($1::VARCHAR[], invo_professional_role_id)) AS in_unknown_role
  FROM v_open_case)"""
_UNLESS_SET = {"min_allocated": 0.30, "min_allocated_at_least": 30.0, "max_only_unknown_roles": 0.20}
_SLACK = 0.02
"""How much fewer may have a worker after a release before it counts as another flaw."""
_LISTS = "in none of `allocated_roles`, `personal_adviser_roles` and `other_roles` in the settings"


@dataclass(frozen=True, kw_only=True)
class _Counted:
    """How many people have an open case, and how many of them a worker in a role that is known, or only somebody in one that is not."""

    people: int
    allocated: int
    only_unknown: int


@dataclass(frozen=True, kw_only=True)
class _Doubt:
    check: str
    size: float
    says: str


def doubt_roles(book: Rulebook, snapshot: Snapshot, stage: Stage, wanted: Wanted, judged: Trust, past: Past) -> Trust:
    """Return what is trusted of a day's data, less the involvements where too few people with an open case have a worker by them.

    Where the rules of the day do not read what tells that, or more of the involvements is doubted already, it is as it was.
    """
    if INVOLVEMENTS in judged.doubted or not (snapshot.readings.get(INVOLVEMENTS) and snapshot.readings[INVOLVEMENTS].rows):
        return judged
    counted = _count(book, snapshot, stage, wanted)
    doubt = _doubt(counted, snapshot.settings.params) if counted else None
    if doubt is None:
        return judged
    if doubt.size <= past.accepted.get(INVOLVEMENTS, {}).get(doubt.check, -1) + _SLACK:
        note = Problem(about=INVOLVEMENTS, text=f"{INVOLVEMENTS} {doubt.says} (released)")
        return replace(judged, notes=(*judged.notes, note), released=judged.released | {INVOLVEMENTS})
    return replace(
        judged,
        problems={**judged.problems, INVOLVEMENTS: doubt.says},
        releasable={**judged.releasable, INVOLVEMENTS: {doubt.check: doubt.size}},
    )


def _doubt(counted: _Counted, params: Mapping[str, object]) -> _Doubt | None:
    """Return why the words for roles are likely not ours: next to nobody has a worker by them, or too many only somebody in another role."""
    people, allocated, only_unknown = counted.people, counted.allocated, counted.only_unknown
    if people < _number(params, "min_allocated_at_least"):
        return None
    if allocated < Fraction(str(_number(params, "min_allocated"))) * people:
        says = (
            f"gives {allocated} of the {people} people with an open case a worker in a role that is known; likely its words for "
            f"roles (ssd_involvements.invo_professional_role_id) are {_LISTS}"
        )
        return _Doubt(check=UNKNOWN_ROLES, size=round(1 - allocated / people, 4), says=says)
    if only_unknown > Fraction(str(_number(params, "max_only_unknown_roles"))) * people:
        says = (
            f"gives {only_unknown} of the {people} people with an open case nobody but in roles that are not known; likely some of its "
            f"words for roles (ssd_involvements.invo_professional_role_id) are {_LISTS}"
        )
        return _Doubt(check=ONLY_UNKNOWN_ROLES, size=round(only_unknown / people, 4), says=says)
    return None


def _count(book: Rulebook, snapshot: Snapshot, stage: Stage, wanted: Wanted) -> _Counted | None:
    """Return who of the people with an open case has a worker; None where the day's rules do not read that."""
    if not {"v_open_case", "v_alloc", "v_pa"} <= book.views.keys():
        return None
    views = book.views_for([_ASKED])
    if not _are_read([book.views[name] for name in views], wanted):
        return None
    if not stage.make_views(views).issuperset(views):  # the rules that stand on these views say what is wrong with them
        return None
    try:
        [counts] = snapshot.sql(_ASKED, [sorted(unknown_roles(snapshot))])
    except EngineError:
        return None
    people, allocated, only_unknown = map(int, counts)
    return _Counted(people=people, allocated=allocated, only_unknown=only_unknown)


def _are_read(texts: Sequence[str], wanted: Wanted) -> bool:
    """Return whether all that these texts of SQL name of the case tables is read today."""
    named = names_in_all(texts)
    columns = with_their_own(named.columns)
    return all(columns & TABLES[table].columns.keys() <= wanted.get(table, frozenset()) for table in named.tables & TABLES.keys())


def _number(params: Mapping[str, object], name: str) -> float:
    value = params.get(name)
    return float(str(_UNLESS_SET[name] if value is None else value))
