"""Who asks: a person of the directory of the day or of config.yaml, known by the mail address with which they signed in.

Who is neither is nobody, and sees nothing. What a reader may see of alerts is said by `scope` alone; a role here only says which
pages there are for somebody and what they may do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from alerting.alerts.people import THE_PAGE, Actor, plain
from alerting.casedata.directory import Directory
from alerting.casedata.said_cover import with_said_cover
from alerting.council_people import Administrator
from alerting.model import Person, Worded
from alerting.notifications.roles import SERVICES
from alerting.page_settings import Page
from alerting.store import newest_directory, said_cover
from alerting.store.store import Transaction


class Role(Worded):
    """What somebody is at the council, as far as the page asks."""

    worker = "worker", "worker"
    team_manager = "team_manager", "team manager"
    service_manager = "service_manager", "service manager"
    head_of_service = "head_of_service", "head of service"
    quality = "quality", "quality assurance"
    commissioning = "commissioning", "commissioning"
    performance = "performance", "performance team"
    director = "director", "director"
    administrator = "administrator", "administrator"
    auditor = "auditor", "auditor"


_MANAGE = frozenset(
    {Role.team_manager, Role.service_manager, Role.head_of_service, Role.quality, Role.commissioning, Role.performance}
)
SEE_RUNS = frozenset({Role.administrator, Role.auditor, Role.director, Role.performance})
"""Who is shown how the service goes, in counts."""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Somebody who has signed in and is somebody."""

    address: str
    name: str
    #: Their worker ids; none of who is not of the directory.
    ids: frozenset[str]
    roles: frozenset[Role]

    @property
    def manages(self) -> bool:
        """Whether they answer for a team or a service, themselves or as cover: then they may put alerts off, assign and close them."""
        return bool(self.roles & _MANAGE)

    @property
    def sees_runs(self) -> bool:
        """Whether they are shown how the service goes, in counts."""
        return bool(self.roles & SEE_RUNS)

    @property
    def actor(self) -> Actor:
        """Who it is that acts, as it is written down."""
        return Actor(id=min(self.ids, default=self.address), name=self.name, account=self.address, host=THE_PAGE)


def read_directory_of_the_day(connection: Transaction, today: date) -> Directory | None:
    """Return the directory by which the last run decided, as it knows of today, with the cover that is said for today; None where there is none yet.

    Whoever it says has left since is nobody, though no run has come in between.
    """
    newest = newest_directory.read(connection)
    if newest is None:
        return None
    return with_said_cover(newest.directory.on(today), said_cover.read(connection, today), today)


def find_reader(address: str, directory: Directory | None, administrators: Iterable[Administrator], page: Page) -> Reader | None:
    """Return who signed in with a mail address; None for nobody.

    An address that two people share is nobody's: it cannot be known which of them asks.
    """
    wanted = _compared(address)
    if wanted is None:
        return None
    found = [one for one in directory.staff.values() if _compared(one.email) == wanted] if directory else []
    if len({plain(person.name) for person in found}) > 1:
        return None
    ids = frozenset(person.id for person in found)
    looks_after = next((one for one in administrators if _compared(one.address) == wanted), None)
    roles = set(_roles_of(ids, directory)) if directory and ids else set()
    if looks_after is not None:
        roles.add(Role.administrator)
    roles |= {Role.director} if wanted in map(_compared, page.directors) else set()
    roles |= {Role.auditor} if wanted in map(_compared, page.auditors) else set()
    if not roles:
        return None
    name = next((person.name for person in found), None) or (looks_after.name if looks_after else None) or address
    return Reader(address=wanted, name=name, ids=ids, roles=frozenset(roles))


def people_to_look_as(directory: Directory) -> list[tuple[Person, frozenset[Role]]]:
    """Return the people of the directory who have an address, with their roles: who answers for most first."""
    people = [person for person in directory.staff.values() if _compared(person.email)]
    with_roles = [(person, frozenset(_roles_of(frozenset({person.id}), directory))) for person in people]
    order = list(Role)
    return sorted(with_roles, key=lambda one: (-max(order.index(role) for role in one[1]), one[0].name, one[0].id))


def _roles_of(ids: frozenset[str], directory: Directory) -> Iterator[Role]:
    """Return what somebody is, themselves or for whom they cover."""
    yield Role.worker
    services = {service: Role(role) for role, service in SERVICES.items()}
    for holder in ids | covered_by(ids, directory):
        for team in directory.teams.values():
            if team.manager == holder:
                yield services.get((team.service or "").strip().casefold(), Role.team_manager)
            if team.service_manager == holder:
                yield Role.service_manager
            if team.head_of_service == holder:
                yield Role.head_of_service


def covered_by(ids: frozenset[str], directory: Directory) -> frozenset[str]:
    """Return for whom somebody answers while they are away, through others who are away too; for nobody who has left."""
    found: frozenset[str] = frozenset()
    away = {id_: cover.by for id_, cover in directory.cover.items() if id_ in directory.staff}
    while True:
        more = frozenset(id_ for id_, by in away.items() if by in (ids | found)) - found - ids
        if not more:
            return found
        found |= more


def _compared(address: str | None) -> str | None:
    """Return an address as it is compared; None for one that looks like another may, as with a letter of another alphabet."""
    text = (address or "").strip()
    return text.lower() if text and text.isascii() and "@" in text else None
