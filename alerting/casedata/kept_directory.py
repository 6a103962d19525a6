"""The last good directory, which serves while today's staff or teams cannot be believed: those who are told do not change by a lost file."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from datetime import date

from alerting.casedata.directory import Directory
from alerting.model import Person

TEAMS = "ext_team"
PEOPLE = frozenset({"ext_staff", TEAMS})
"""The tables without which it is not known who is who."""
_COVER = "ext_cover"


def standing_directory(today: Directory, kept: Directory | None, doubted: Set[str], as_of: date) -> Directory:
    """Return the directory that serves today: today's own, or where its people, teams or cover are doubted the last good one's.

    Whoever had left by the last good one, and is there again without a word of it, has left. Whoever today's table says has left has
    left, doubted or not, and so has whoever was to leave by the last good one; whoever was to begin by that has begun. Restrictions are
    always today's. doubted: the tables that are.
    """
    if kept is None:
        return today
    still_left = had_left(today, kept)
    if still_left:
        staff = {id_: person for id_, person in today.staff.items() if id_ not in still_left}
        today = replace(today, staff=staff, former={**today.former, **still_left})
    if not (PEOPLE | {_COVER}) & doubted:
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


def had_left(today: Directory, kept: Directory) -> dict[str, Person]:
    """Return whoever is on today's staff list, by worker id, as somebody who has left, though only the last day that they had is lost.

    By the last good directory they had left, and today nothing says so, nor that they are back: no post began since, and no later last
    day is written. One that is the same with day and month exchanged is the same.
    """
    found = {}
    for id_, before in kept.former.items():
        now, last = today.staff.get(id_), before.ends
        if now is None or last is None or (now.left and now.left >= last) or (now.since and now.since > last):
            continue
        if now.ends is None or (now.ends.year, now.ends.month, now.ends.day) == (last.year, last.day, last.month):
            found[id_] = replace(now, ends=last, since=None)
    return found
