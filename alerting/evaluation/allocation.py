"""Whether a day's involvements say who works with whom: where next to nobody with an open case has a worker, the words for roles are not ours.

Of these an unknown one says that a child has no social worker; so the whole table is then not trusted. It is asked by the shared views,
before any rule is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from alerting.casedata.catalogue import TABLES
from alerting.casedata.snapshot import EngineError, Snapshot, Wanted
from alerting.casedata.trust import Past, Trust
from alerting.model import Problem
from alerting.rulebook.book import Rulebook
from alerting.rulebook.sql_tree import names_in_all

INVOLVEMENTS = "ssd_involvements"
UNKNOWN_ROLES = "unknown roles"
"""The name of the check."""

_ASKED = """SELECT count(*), count(*) FILTER (person_id IN (SELECT person_id FROM v_alloc) OR person_id IN (SELECT person_id FROM v_pa))
FROM v_open_case"""
_UNLESS_SET = {"min_allocated": 0.30, "min_allocated_at_least": 30.0}
_SLACK = 0.02
"""How much fewer may have a worker after a release before it counts as another flaw."""


def doubt_roles(book: Rulebook, snapshot: Snapshot, wanted: Wanted, judged: Trust, past: Past) -> Trust:
    """Return what is trusted of a day's data, less the involvements where too few people with an open case have a worker by them.

    Where the rules of the day do not read what tells that, or more of the involvements is doubted already, it is as it was.
    """
    if INVOLVEMENTS in judged.doubted or not (snapshot.readings.get(INVOLVEMENTS) and snapshot.readings[INVOLVEMENTS].rows):
        return judged
    counted = _count(book, snapshot, wanted)
    if counted is None:
        return judged
    people, allocated = counted
    params = snapshot.settings.params
    least = Fraction(str(_number(params, "min_allocated"))) * people
    if people < _number(params, "min_allocated_at_least") or allocated >= least:
        return judged
    size = round(1 - allocated / people, 4)
    says = (
        f"gives {allocated} of the {people} people with an open case a worker in a role that is known; likely its words for "
        "roles (ssd_involvements.invo_professional_role_id) are in none "
        "of `allocated_roles` and `personal_adviser_roles` in the settings"
    )
    if size <= past.accepted.get(INVOLVEMENTS, {}).get(UNKNOWN_ROLES, -1) + _SLACK:
        note = Problem(about=INVOLVEMENTS, text=f"{INVOLVEMENTS} {says} (released)")
        return replace(judged, notes=(*judged.notes, note), released=judged.released | {INVOLVEMENTS})
    return replace(
        judged,
        problems={**judged.problems, INVOLVEMENTS: says},
        releasable={**judged.releasable, INVOLVEMENTS: {UNKNOWN_ROLES: size}},
    )


def _count(book: Rulebook, snapshot: Snapshot, wanted: Wanted) -> tuple[int, int] | None:
    """Return how many people have an open case, and how many of them a worker; None where the day's rules do not read that."""
    if not {"v_open_case", "v_alloc", "v_pa"} <= book.views.keys():
        return None
    views = book.views_for([_ASKED])
    if not _are_read([book.views[name] for name in views], wanted):
        return None
    made = ",\n".join(f"{name} AS ({book.views[name].strip().rstrip(';')}\n)" for name in views)
    try:
        [(people, allocated)] = snapshot.sql(f"WITH {made}\n{_ASKED}")
    except EngineError:  # the rules that stand on these views say what is wrong with them
        return None
    return int(people), int(allocated)


def _are_read(texts: Sequence[str], wanted: Wanted) -> bool:
    """Return whether all that these texts of SQL name of the case tables is read today."""
    named = names_in_all(texts)
    columns = named.columns | {name.removesuffix("_code") for name in named.columns}
    return all(columns & TABLES[table].columns.keys() <= wanted.get(table, frozenset()) for table in named.tables & TABLES.keys())


def _number(params: Mapping[str, object], name: str) -> float:
    value = params.get(name)
    return float(str(_UNLESS_SET[name] if value is None else value))
