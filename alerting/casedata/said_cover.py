"""Cover that people say themselves, as most leave is in no table: who answers for somebody, from when to when. Pure.

It stands in place of what the case data has of the same person, and ends by itself. Who covers is told what whoever is away would be,
so it is somebody who may need to know: of the same team, above it, or for somebody who answers for a team one who does so too.
That is asked anew on each day, and of whoever reads in the end: who covers may have moved since, or be away themselves.
A restricted record stays with those whom it names, whoever covers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from alerting.casedata.directory import Cover, Directory, Team
from alerting.errors import HandlingError

LONGEST = timedelta(days=92)
"""For how long cover is said at once: whoever is away for longer is in the council's own table, or it is said again."""


@dataclass(frozen=True, kw_only=True)
class SaidCover:
    """That somebody answers for somebody who is away, as it was said."""

    #: The number of the act by which it was said.
    id: int
    #: Worker ids: of who is away, of who answers for them, of who said so.
    away: str
    by: str
    said_by: str
    begins: date
    until: date

    def stands(self, day: date) -> bool:
        """Return whether it holds on a day."""
        return self.begins <= day <= self.until


def with_said_cover(directory: Directory, said: Iterable[SaidCover], day: date) -> Directory:
    """Return a directory with what is said of cover for a day, and without what was said in it before or has ended by then.

    Of several about one person the latest to begin counts, then what was said last. Whoever would read for somebody through it and may
    not cover for them, as they have moved since or cover for who covers, does not: then nobody covers, and the next up is told.
    """
    recorded = {away: cover.recorded if cover.said else cover for away, cover in directory.cover.items()}
    cover = {away: one for away, one in recorded.items() if one is not None and (one.until is None or one.until >= day)}
    for one in sorted(said, key=lambda one: (one.begins, one.id)):
        if one.stands(day):
            cover[one.away] = Cover(by=one.by, until=one.until, said=True, recorded=recorded.get(one.away))
    return replace(directory, cover={away: _kept_within(directory, cover, away) for away in cover})


def _kept_within(directory: Directory, cover: Mapping[str, Cover], away: str) -> Cover:
    """Return the cover of somebody, by nobody where something said leads from them to who may not cover for them."""
    own, passed = cover[away], list[str]()
    reader: str | None = away
    while reader and reader in cover and reader in directory.staff and reader not in passed:
        passed.append(reader)
        reader = cover[reader].by
    is_said = any(cover[one].said for one in passed)
    if not is_said or not reader or reader in passed or reader not in directory.staff or may_cover(directory, reader, away):
        return own
    return Cover(by=None, until=own.until, said=True, recorded=own.recorded if own.said else own)


def must_suit(directory: Directory, wanted: SaidCover, said: Iterable[SaidCover], today: date) -> None:
    """Raise HandlingError where cover is not to be: by the directory, and with what else is said already."""
    away, by = directory.staff.get(wanted.away), directory.staff.get(wanted.by)
    if away is None:
        raise HandlingError("who is away is not a current member of staff", remedy="Give a worker id of ext_staff.")
    if wanted.begins < today:
        raise HandlingError(f"{wanted.begins} has passed", remedy="Give today or a day to come as the first day.")
    if wanted.until < wanted.begins:
        raise HandlingError("the last day is before the first", remedy="Give the last day on which they are away.")
    if wanted.until - wanted.begins > LONGEST:
        raise HandlingError(
            f"that is longer than {LONGEST.days} days",
            remedy="Say it for a shorter time, and again later; or enter it in ext_cover.",
        )
    if by is None or not by.email:
        raise HandlingError(
            f"who covers {'has no address' if by else 'is not a current member of staff'}",
            remedy="Choose somebody who can be told.",
        )
    if by.id == away.id or (away.email or "").casefold() == by.email.casefold():
        raise HandlingError("nobody covers for themselves", remedy="Choose somebody else.")
    if not may_cover(directory, by.id, away.id):
        raise HandlingError(
            f"{by.name} is neither of the same team as {away.name} nor above it",
            remedy="Choose somebody of their team, above it, or for somebody who answers for a team one who answers for another.",
        )
    if wanted.by in with_said_cover(directory, said, wanted.begins).cover:
        raise HandlingError(f"{by.name} is away then themselves", remedy="Choose somebody who is there.")


def may_cover(directory: Directory, by: str, away: str) -> bool:
    """Return whether somebody may answer for somebody: they see the same work, or each answers for a team."""
    person, other = directory.staff[away], directory.staff[by]
    same_team = person.team in directory.teams and person.team == other.team
    mine = {team.id for team in directory.teams.values() if away in _chain(team)}
    of_mine = other.team is not None and other.team in mine
    return by != away and (same_team or of_mine or by in above(directory, away) or bool(mine and holds_post(directory, by)))


def may_say(directory: Directory, who: Iterable[str], away: str) -> bool:
    """Return whether somebody, by their worker ids, may say who covers for a person: for themselves, and for whom they are above."""
    return not ({away} | above(directory, away)).isdisjoint(who)


def above(directory: Directory, worker: str) -> frozenset[str]:
    """Return who is above somebody, by id: of their team, and of each that they answer for."""
    person = directory.staff.get(worker)
    found = set[str | None]()
    for team in directory.teams.values():
        chain = _chain(team)
        if worker in chain:
            found.update(chain[max(place for place, one in enumerate(chain) if one == worker) + 1 :])
        elif person is not None and person.team == team.id:
            found.update(chain)
    return frozenset(one for one in found if one and one != worker)


def holds_post(directory: Directory, worker: str) -> bool:
    """Return whether somebody answers for a team."""
    return any(worker in _chain(team) for team in directory.teams.values())


def _chain(team: Team) -> Sequence[str | None]:
    return team.manager, team.service_manager, team.head_of_service
