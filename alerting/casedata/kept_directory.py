"""The last good directory, which serves while today's staff or teams cannot be believed: those who are told do not change by a lost file."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from datetime import date

from alerting.casedata.directory import Directory

PEOPLE = frozenset({"ext_staff", "ext_team"})
"""The tables without which it is not known who is who."""
_COVER = "ext_cover"


def standing_directory(today: Directory, kept: Directory | None, doubted: Set[str], as_of: date) -> Directory:
    """Return the directory that serves today: today's own, or where its people, teams or cover are doubted the last good one's.

    Restrictions are always today's. Whoever today's table says has left has left, doubted or not, and so has whoever was to leave by
    the last good one; whoever was to begin by that has begun. doubted: the tables that are.
    """
    if kept is None or not (PEOPLE | {_COVER}) & doubted:
        return today
    kept = kept.on(as_of)
    cover = today.cover
    if _COVER in doubted:
        cover = {id_: cover for id_, cover in kept.cover.items() if cover.until is None or cover.until >= as_of}
    if not PEOPLE & doubted:
        return replace(today, cover=cover)
    left = {id_: person for id_, person in today.former.items() if not person.end_unread}
    staff = {id_: person for id_, person in kept.staff.items() if id_ not in left}
    unread = {id_: person for id_, person in today.former.items() if id_ not in staff}
    return replace(today, staff=staff, former={**kept.former, **unread}, teams=kept.teams, cover=cover)
