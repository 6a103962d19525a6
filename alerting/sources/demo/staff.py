"""Teams, the people in them, and who covers for whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from alerting.sources.demo.books import Books
from alerting.sources.demo.nasties import NEVER

_GIVEN = """Alex Ashley Avery Bailey Blake Casey Charlie Corey Dale Dana Devon Drew Eden Ellis Emery Finley Frankie Gray Harley Hayden
Indigo Jamie Jesse Jordan Jules Kelly Kendall Kerry Kit Lee Lesley Logan Marley Morgan Noor Parker Quinn Reese Remy Riley Robin
Rowan Sam Sasha Shay Skyler Stevie Taylor Toni Tracy Val Zoë""".split()
_FAMILY = """Alderwick Applegarth Ashdene Barrowby Beckfoot Birchall Bramblewood Brookmere Cattermoor Cloverley Cobbleden Dalebrook
Dewhollow Elmhurst Fairmeadow Fennimoor Foxhollow Garthside Greenacre Hazelby Heatherlow Hollowdale Ivystone Kestrelby Larkfield
Lindenby Maplethorpe Marshgate Meadowlow Millstream Mossbank Nettlebed O'Fenwick O\u2019Harrow Oakhanger Orchardby Otterbrook
Pebblewick Pinehollow Plumtree Quarrydene Ravenswood Reedham Rookhope Rosewarne Rushmere Sedgebrook Shalebrook Silverbeck
Sparrowby Stonecroft Sunnyside Thistledown Thornbury Tillingham Underhill Wetherdale Whinfell Willowmere Yarrowby""".split()

CASES_PER_WORKER = {
    "assessment": 15.6,
    "help_protection": 15.1,
    "children_in_care": 14.1,
    "disabled_children": 16.8,
    "care_leavers": 19.0,
}
CASES = {"assessment": 405, "help_protection": 930, "children_in_care": 430, "disabled_children": 195, "care_leavers": 225}
"""Cases a full-time worker of a service is given, and cases of a service, at a council of 3,000 children."""

_OTHER_WORKERS = {"front_door": 8, "fostering": 9, "quality_assurance": 12, "commissioning": 4, "performance": 5}
_TEAM_SIZE = 7
_AREAS = ("North", "South", "East", "West", "Central", "Coast", "Valley", "Forest", "Harbour", "Downs", "Moor", "Vale")
_TITLES = {
    "front_door": "Front Door",
    "assessment": "Assessment",
    "help_protection": "Family Help and Protection",
    "children_in_care": "Children in Care",
    "care_leavers": "Leaving Care",
    "disabled_children": "Disabled Children",
    "fostering": "Fostering",
    "quality_assurance": "Quality Assurance",
    "commissioning": "Commissioning",
    "performance": "Performance",
}
_TRAYS = ("Duty Tray", "Unallocated")


@dataclass(slots=True, eq=False)
class Worker:
    """Somebody who works, or worked, for the council. room: cases a full week of theirs takes; load: what they have."""

    id: str
    name: str
    role: str
    team: Team | None
    fte: float = 1.0
    asye: bool = False
    agency: bool = False
    starts: int = 0
    ends: int = NEVER
    room: float = 1.0
    load: int = 0


@dataclass(slots=True, eq=False)
class Team:
    """A team, its manager, and those who may be given cases."""

    id: str
    name: str
    service: str
    manager: Worker | None = None
    service_manager: Worker | None = None
    head: Worker | None = None
    #: Who manages it after the manager, from the day they start.
    successor: Worker | None = None
    workers: list[Worker] = field(default_factory=list)


class Staff:
    """Everybody at the council. `leaver` leaves after the start day with cases; `gone` left before it."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._random = books.chances("staff")
        self._count = 0
        self.workers: list[Worker] = []
        self.trays = [self._tray(name) for name in _TRAYS]
        self.teams: dict[str, list[Team]] = {service: self._teams(service) for service in _TITLES}
        self._appoint_managers()
        self.leaver = self._choose_leaver()
        self._part_with_managers()
        self.gone = self._choose_gone()

    @property
    def managers(self) -> list[Worker]:
        """The team managers, in the order of the teams."""
        return [team.manager for teams in self.teams.values() for team in teams if team.manager]

    def write(self) -> None:
        """Write the staff list, teams, cover, professionals and departments."""
        for worker in (*self.workers, *self.trays):
            self._write_worker(worker)
        for team in (team for teams in self.teams.values() for team in teams):
            self._write_team(team)
        Cover(self._books, self).write()

    # ------------------------------------------------------------------ people

    def _worker(self, role: str, team: Team | None) -> Worker:
        self._count += 1
        chance = self._random
        # Names come round again at a large council; the number in the address keeps people apart.
        name = f"{_GIVEN[int(chance.random() * len(_GIVEN))]} {_FAMILY[(self._count * 37) % len(_FAMILY)]}"
        years = 0.4 + chance.random() ** 2 * 12
        worker = Worker(f"W{1000 + self._count}", name, role, team, starts=self._books.start - int(years * 365) - 100)
        self.workers.append(worker)
        return worker

    def _tray(self, name: str) -> Worker:
        self._count += 1
        return Worker(f"W{1000 + self._count}", name, "other", None)

    def _case_worker(self, service: str, team: Team) -> Worker:
        chance = self._random
        role = "personal_adviser" if service == "care_leavers" else _social_worker_role(chance)
        worker = self._worker(role, team)
        worker.fte = (1.0, 1.0, 1.0, 1.0, 0.8, 0.6)[int(chance.random() * 6)]
        worker.asye = role == "social_worker" and chance.random() < 0.14
        worker.agency = role != "personal_adviser" and chance.random() < 0.13
        worker.room = CASES_PER_WORKER.get(service, 10) * worker.fte * (0.52 if worker.asye else 1)
        # A few carry more than they should: what the caseload rule is there to find.
        worker.room *= 1.28 if chance.random() < 0.07 else 0.9 + 0.16 * chance.random()
        return worker

    # ------------------------------------------------------------------ teams

    def _teams(self, service: str) -> list[Team]:
        if service in CASES:
            workers = CASES[service] * self._books.scale / CASES_PER_WORKER[service] / 0.86
        else:
            workers = _OTHER_WORKERS[service] * self._books.scale
        heads = max(2, round(workers))
        count = 1 if service in ("performance", "commissioning") else max(1, round(heads / _TEAM_SIZE))
        teams = [self._team(service, number) for number in range(count)]
        for number in range(heads):
            team = teams[number % count]
            team.workers.append(self._member(service, team))
        return teams

    def _team(self, service: str, number: int) -> Team:
        area = _AREAS[number % len(_AREAS)] + (f" {number // len(_AREAS) + 1}" if number >= len(_AREAS) else "")
        code = "".join(word[0] for word in _TITLES[service].split()).upper()
        return Team(f"{code}{number + 1:02d}", f"{_TITLES[service]} {area}", service)

    def _member(self, service: str, team: Team) -> Worker:
        if service in CASES or service == "front_door":
            return self._case_worker(service, team)
        roles = {"quality_assurance": "iro", "performance": "performance"}
        return self._worker(roles.get(service, "other"), team)

    def _appoint_managers(self) -> None:
        for teams in self.teams.values():
            head = self._worker("head_of_service", teams[0])
            for number, team in enumerate(teams):
                if number % 5 == 0:
                    over = self._worker("service_manager", team)
                team.manager, team.service_manager, team.head = self._worker("team_manager", team), over, head

    def _choose_leaver(self) -> Worker:
        """Somebody's last day is two working days after the start day; their cases are handed on a week later."""
        leaver = self.teams["help_protection"][0].workers[-1]
        leaver.ends = self._books.days.after(self._books.start, 2)
        leaver.fte, leaver.asye = 1.0, False
        leaver.room = CASES_PER_WORKER["help_protection"]
        return leaver

    def _part_with_managers(self) -> None:
        """The manager of the last team of help and protection leaves twelve days after the start day, and nobody follows.

        At a large council that of the last assessment team has left before, and is followed a month after the start day.
        """
        teams, start = self.teams["help_protection"], self._books.start
        manager = teams[-1].manager
        if manager and len(teams) > 1:
            manager.ends = start + 12
        last = self.teams["assessment"][-1]
        if self._books.large and last.manager:
            last.manager.ends = start - 24
            last.successor = self._worker("team_manager", last)
            last.successor.starts = self._books.days.working(start + 30)

    def _choose_gone(self) -> list[Worker]:
        """These left before anybody can ask; a few cases still carry their names."""
        gone = []
        for number in range(max(1, round(2 * self._books.scale))):
            service = ("help_protection", "children_in_care")[number % 2]
            team = self.teams[service][number % len(self.teams[service])]
            worker = self._worker("social_worker", team)
            worker.starts = self._books.start - 1500
            worker.ends = self._books.earliest - 10 - int(self._random.random() * 40)
            gone.append(worker)
        return gone

    # ------------------------------------------------------------------ rows

    def _write_worker(self, worker: Worker) -> None:
        books, chance = self._books, self._random
        tray = worker in self.trays
        fte = f"{worker.fte:g}"
        ends = books.days.text(worker.ends) if worker.ends < NEVER else None
        if not tray:
            cells = (worker.id, worker.name, _address(worker), worker.role, worker.team.id if worker.team else None, fte)
            flags = ("Y" if worker.asye else "N", "Y" if worker.agency else "N")
            ext = books.ledgers["ext_staff"]
            row = ext.add(books.earliest, (*cells, *flags, books.days.text(worker.starts), None))
            if ends:
                # The notice is entered three weeks before the last day.
                ext.change(worker.ends - 21, row, "ends_on", ends)
        title = "SSD_PH" if tray or chance.random() < 0.04 else worker.role.replace("_", " ").title()
        known_fte = fte if not tray and chance.random() < 0.9 else None
        books.ledgers["ssd_professionals"].add(books.earliest, (worker.id, f"S{worker.id[1:]}", worker.name, title, known_fte))

    def _write_team(self, team: Team) -> None:
        books = self._books
        chain = [worker.id if worker else None for worker in (team.manager, team.service_manager, team.head)]
        row = books.ledgers["ext_team"].add(books.earliest, (team.id, team.name, team.service, *chain))
        if team.successor:
            books.ledgers["ext_team"].change(team.successor.starts, row, "manager_id", team.successor.id)
        books.ledgers["ssd_department"].add(books.earliest, (team.id, team.name))


class Cover:
    """Leave of team managers: some ordinary, one that begins and one that ends soon after the start day, one not covered."""

    def __init__(self, books: Books, staff: Staff) -> None:
        self._books, self._managers = books, staff.managers

    def write(self) -> None:
        """Write who covers for whom, from when until when, each entered about ten days before."""
        start, managers = self._books.start, self._managers
        chosen: list[tuple[int, int | None, bool]] = [(3, 10, True), (-5, 2, True), (1, 9, False), (-20, None, True)]
        for number, (begins, ends, covered) in enumerate(chosen[: len(managers) - 1]):
            self._leave(number, start + begins, None if ends is None else start + ends, covered=covered)
        chance = self._books.chances("cover")
        for number in range(len(chosen), len(managers)):
            for _ in range(2):
                begins = self._books.earliest - 10 + int(chance.random() * 190)
                self._leave(number, begins, begins + 4 + int(chance.random() * 11), covered=chance.random() < 0.9)

    def _leave(self, number: int, begins: int, ends: int | None, *, covered: bool) -> None:
        managers, text = self._managers, self._books.days.text
        # The next manager but four, so that the first four do not cover for each other while away.
        after = (number + 5) % len(managers)
        other = next(manager for manager in (*managers[after:], *managers[:after]) if manager.ends == NEVER)
        by = other.id if covered and other is not managers[number] else None
        row = (managers[number].id, by, text(begins), None if ends is None else text(ends))
        self._books.ledgers["ext_cover"].add(begins - 10, row)


def _social_worker_role(chance: Random) -> str:
    roles: Sequence[str] = ("social_worker",) * 6 + ("senior_social_worker",) * 3 + ("lead_practitioner",)
    return roles[int(chance.random() * len(roles))]


def _address(worker: Worker) -> str:
    letters = worker.name.replace("ë", "e").replace("'", "").replace("\u2019", "")
    return f"{letters.replace(' ', '.').lower()}.{worker.id[1:]}@example.gov.uk"
