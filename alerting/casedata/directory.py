"""Who answers for a team or a case on a day: the council's directory, with cover for those away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from alerting.casedata.restricted_list import RESTRICTED, RestrictedPerson
from alerting.mailboxes import usable
from alerting.model import Person

if TYPE_CHECKING:
    from alerting.casedata.snapshot import Snapshot
    from alerting.casedata.trust import Trust


@dataclass(frozen=True, kw_only=True)
class Team:
    """One team and the people who answer for it, by worker id."""

    id: str
    name: str
    service: str | None
    manager: str | None
    service_manager: str | None
    head_of_service: str | None


@dataclass(frozen=True, kw_only=True)
class Cover:
    """Who answers for somebody who is away, None where nobody does, and until when; None: until further notice."""

    by: str | None
    until: date | None
    #: Whether somebody said so on the page or by a command, in place of what the case data has.
    said: bool = False
    #: What the case data has of it; None where that is nothing, or nothing else was said.
    recorded: Cover | None = None


@dataclass(frozen=True, kw_only=True)
class Restriction:
    """A restricted record: nothing about the child leaves except to the people named, and of one that is sealed to nobody."""

    allowed: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Directory:
    """The directory of one day. staff: current members of staff only. restricted: None where there is no list to go by."""

    staff: Mapping[str, Person]
    #: Whoever is on the staff list and holds no post on the day: they have left, or have not begun yet, or it cannot be read whether they have left.
    former: Mapping[str, Person]
    teams: Mapping[str, Team]
    cover: Mapping[str, Cover]
    restricted: Mapping[str, Restriction] | None

    def on(self, day: date) -> Directory:
        """Return what is known in it of a later day: whoever was to begin by then has, and whoever was to leave before it has left."""
        begun = {id_: replace(one, begins=None) for id_, one in self.former.items() if one.begins and one.begins <= day}
        there = {**self.staff, **begun}
        left = {id_: one for id_, one in there.items() if one.ends is not None and one.ends < day}
        if not begun and not left:
            return self
        staff = {id_: one for id_, one in there.items() if id_ not in left}
        former = {id_: one for id_, one in self.former.items() if id_ not in begun} | left
        return replace(self, staff=staff, former=former)

    def name(self, worker: str | None) -> str | None:
        """Return a worker's name, current or not; their id where the directory does not have them."""
        if worker is None:
            return None
        person = self.staff.get(worker) or self.former.get(worker)
        return person.name if person else worker

    def teams_of(self, service: str) -> list[Team]:
        """Return the teams with a service, in the order of their ids."""
        return list(self._teams_by_service.get(_plain_service(service), ()))

    def team_for(self, service: str) -> Team | None:
        """Return the team with a service such as `performance`; the one with the smallest id where there are several."""
        return next(iter(self.teams_of(service)), None)

    def members(self, team: str) -> Sequence[str]:
        """Return the current members of staff whose post is in a team, by worker id."""
        return self._members.get(team, ())

    @cached_property
    def _members(self) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for person in self.staff.values():
            if person.team is not None:
                found.setdefault(person.team, []).append(person.id)
        return found

    @cached_property
    def _teams_by_service(self) -> Mapping[str, Sequence[Team]]:
        # Every alert is looked up in it several times, and a council has hundreds of teams.
        found: dict[str, list[Team]] = {}
        for _, team in sorted(self.teams.items()):
            found.setdefault(_plain_service(team.service), []).append(team)
        return found


def _plain_service(service: str | None) -> str:
    return (service or "").strip().casefold()


def read_directory(snapshot: Snapshot, trust: Trust) -> Directory:
    """Read the directory of the snapshot's day: a person's current post counts, the latest to start, then team, then role.

    A post whose last day is written and cannot be read counts as none: whoever has left would be told by it, and the next up can be instead.
    A list of restricted records of which anything is doubted is no list: half of it would let out what the other half confines.
    """
    people = {
        id_: (
            Person(
                id=id_,
                name=name or id_,
                email=usable(address),
                role=role,
                team=team,
                begins=begins,
                ends=ends,
                end_unread=unread,
                since=since if is_current else None,
                left=left,
            ),
            bool(is_current),
        )
        for id_, name, address, role, team, is_current, begins, ends, unread, since, left in _posts(snapshot)
    }
    teams = snapshot.sql(
        # A team that is there twice is one of its rows, and the same whatever order they come in.
        """SELECT team_id, name, lower(service), manager_id, service_manager_id, head_of_service_id
        FROM ext_team WHERE team_id IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY team_id ORDER BY manager_id NULLS LAST, service_manager_id NULLS LAST,
            head_of_service_id NULLS LAST, name NULLS LAST, service NULLS LAST) = 1"""
    )
    covers = snapshot.sql(
        """SELECT staff_id, covered_by, to_date FROM ext_cover
        WHERE staff_id IS NOT NULL AND from_date <= as_of() AND (to_date IS NULL OR to_date >= as_of())
        QUALIFY row_number() OVER (PARTITION BY staff_id ORDER BY from_date DESC, covered_by NULLS LAST) = 1"""
    )
    return Directory(
        staff={id_: person for id_, (person, current) in people.items() if current},
        former={id_: person for id_, (person, current) in people.items() if not current},
        teams={
            row[0]: Team(
                id=row[0], name=row[1] or row[0], service=row[2], manager=row[3], service_manager=row[4], head_of_service=row[5]
            )
            for row in teams
        },
        cover={staff: Cover(by=by, until=until) for staff, by, until in covers},
        restricted=None
        if RESTRICTED in trust.doubted or not trust.restricted.stands
        else _restrictions(trust.restricted.in_force(doubted=False)),
    )


def unusable_addresses(snapshot: Snapshot) -> list[str]:
    """Return the current members of staff, by worker id, whose address is none that a mail can be sent to."""
    return [row[0] for row in _posts(snapshot) if row[5] and (row[2] or "").strip() and usable(row[2]) is None]


def unread_ends(snapshot: Snapshot) -> list[str]:
    """Return the members of staff, by worker id, who hold no post but one whose last day is written and cannot be read."""
    return [row[0] for row in _posts(snapshot) if row[8]]


def _posts(snapshot: Snapshot) -> list[tuple[Any, ...]]:
    """Return the post of each member of staff that counts, by worker id.

    Each: id, name, address, role, team, whether it is current, the first day of one that has not begun, the last day of all that
    they hold, whether only the last day of one that cannot be read says whether it is current, its first day, the last day of the
    latest that is over.
    """
    return snapshot.sql(
        """SELECT worker_id, name, email, role, team_id,
            (starts_on IS NULL OR starts_on <= as_of()) AND (ends_on IS NULL OR ends_on >= as_of()) AND NOT ends_on_unread AS is_current,
            CASE WHEN starts_on > as_of() THEN starts_on END AS begins,
            CASE WHEN bool_and(ends_on IS NOT NULL) OVER (PARTITION BY worker_id) THEN max(ends_on) OVER (PARTITION BY worker_id) END AS ends,
            ends_on_unread AND (starts_on IS NULL OR starts_on <= as_of()) AS unread, starts_on,
            max(ends_on) FILTER (ends_on < as_of()) OVER (PARTITION BY worker_id) AS last_left
        FROM ext_staff WHERE worker_id IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY worker_id ORDER BY is_current DESC, unread DESC, starts_on DESC NULLS LAST,
            team_id DESC NULLS LAST, role DESC NULLS LAST) = 1
        ORDER BY worker_id"""
    )


def _restrictions(people: Iterable[RestrictedPerson]) -> dict[str, Restriction]:
    # Several rows of one person, or of records that were merged: only who is allowed by all of them is allowed.
    restrictions: dict[str, Restriction] = {}
    for person in people:
        allowed = frozenset() if person.is_sealed else frozenset(person.allowed)
        for id_ in person.ids:
            earlier = restrictions.get(id_)
            restrictions[id_] = Restriction(allowed=allowed & earlier.allowed if earlier else allowed)
    return restrictions
