"""Who is told, and why them: live alerts x directory x what each was last told -> notifications. Pure.

A role of the alert's team is looked up in the directory of the day. Somebody who is not a current member of staff, or has
no address, is replaced by the next up; somebody away by whoever covers for them. An alert that was assigned is its
assignee's, in place of whom the rule names first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from alerting.alerts import handling_state
from alerting.casedata.directory import Directory, Team
from alerting.model import About, Act, Alert, Level, Person, Reach
from alerting.notifications.nobody_there import NobodyThere, why_not_there
from alerting.notifications.roles import NEXT_UP, SERVICES, role_words


@dataclass(frozen=True, kw_only=True)
class RuleRoute:
    """What routing needs of a rule: who is told at each level, and how."""

    #: The roles that are told at each level.
    notify: Mapping[Level, Sequence[str]]
    #: Whether the team's channel counts its alerts.
    channel: bool
    #: After how many working days an alert that has not changed is told again.
    remind_every: int
    title: str
    code: str
    #: Working days, and the role that is told as well from then on.
    escalate: Sequence[tuple[int, str]] = ()
    #: The rules whose alert covers this one's.
    inhibited_by: Sequence[str] = ()
    #: The rules whose alert covers this one's where it is at the same or a higher level.
    not_beside: Sequence[str] = ()
    #: What its alerts are about.
    about: About = About.child
    #: The services whose work it looks at; none where that is the work of all.
    services: Sequence[str] = ()
    #: The fact by which readers know what an alert is about; None where that is its subject.
    name: str | None = None
    #: The fact that is the same of all whose alerts wait for one meeting.
    meeting: str | None = None
    #: Whether it stays with those it names and the next up of their team.
    nobody_else: bool = False
    #: Whether it is tried first: the performance team alone is told, and of what only some may know nobody is.
    shadow: bool = False

    @property
    def child_level(self) -> bool:
        """Whether its alerts tell of a child's record, so that they can be restricted."""
        return self.about.concerns_child


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """A receiver as routing sees it."""

    name: str
    #: The teams that a receiver of channels reaches; None: its messages are for persons.
    teams: frozenset[str] | None = None
    reach: Reach = Reach.persons


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """One person who is told of an alert."""

    person: Person
    #: Why them, in a few words.
    why: str
    #: For whom they answer, and until when, in words.
    covering: str | None = None
    #: They hold the role themselves: they neither cover nor are the next up.
    direct: bool = False
    #: They are told because a restricted record names them.
    named: bool = False


@dataclass(frozen=True, kw_only=True)
class Step:
    """One place where somebody was looked for: a role of the directory and the worker it names, if any."""

    role: str
    worker: str | None = None
    #: The name of the team whose role it is, of a role that each team has.
    team: str | None = None
    #: Those who are away, each covered by the next, the last by `reader`.
    away: tuple[str, ...] = ()
    reader: str | None = None
    recipient: Recipient | None = None
    #: Why nobody could be told there; None where somebody can.
    problem: NobodyThere | None = None


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A post of a team that leads to nobody."""

    team: Team
    role: str
    #: Whom it names, if anybody.
    worker: str | None
    problem: NobodyThere

    @property
    def why(self) -> str:
        """Why it leads to nobody, in words."""
        return f"{self.worker} {self.problem.words}" if self.worker and self.problem.about_somebody else self.problem.words

    def __str__(self) -> str:
        return f"{self.team.name}, {role_words(self.role)}: {self.why}"


class Router:
    """Finds the people for alerts, in the directory of one day.

    waited: says how many working days an alert has waited by that day; without it nothing is escalated.
    """

    def __init__(
        self, directory: Directory, rules: Mapping[str, RuleRoute], waited: Callable[[Alert], int] | None = None
    ) -> None:
        self.directory = directory
        self.rules = rules
        self.waited = waited

    def recipients(self, alert: Alert) -> list[Recipient]:
        """Return everybody who is told of an alert, each once, restrictions applied."""
        route = self.rules[alert.rule]
        kept = {recipient.person.id: recipient for recipient in self._confine(alert, self._by_role(alert, route))}
        if route.shadow:
            return list(kept.values())
        taken = self._assigned(alert)
        if taken and kept:
            # It is taken from whoever answers for it, the first; those who are told beside them still are.
            first = kept.pop(next(iter(kept)))
            kept = {taken.person.id: taken} | {id_: recipient for id_, recipient in kept.items() if id_ != taken.person.id}
            if alert.level >= Level.red and (first.named or first.person.id in self._in_charge(alert)):
                kept.setdefault(first.person.id, first)  # what is red stays with whoever answers for the team, in hand
        for recipient in self._escalated(alert, route):
            kept.setdefault(recipient.person.id, recipient)
        return list(kept.values())

    def answerable(self, alert: Alert) -> list[Recipient]:
        """Return who is told of an alert; where it is not known who may be, whom its rule names: to be told nothing of the child."""
        if self.directory.restricted is not None:
            return self.recipients(alert)
        return self._by_role(alert, self.rules[alert.rule])

    def handed_on(self, alert: Alert) -> tuple[Recipient, Recipient] | None:
        """Return whom an alert was assigned away from, and who has it now; None where it is with whom the rule names."""
        route = self.rules[alert.rule]
        taken = self._assigned(alert)
        before = self._confine(alert, self._by_role(alert, route))
        return (before[0], taken) if taken and before and before[0].person.id != taken.person.id else None

    def why_not_assigned(self, alert: Alert, worker: str) -> str | None:
        """Return why an alert cannot be given to a worker: they are not there, or have no need to see it; None where it can."""
        person = self.directory.staff.get(worker)
        if person is None:
            return "is not a current member of staff"
        if not person.email:
            return "has no address"
        if self.is_in_shadow(alert):
            return "is not told of a rule that is in shadow"
        if worker not in self._near(alert):
            return f"is neither in {self.team_name(alert) if self.teams(alert) else 'its team'} nor above it"
        if self.is_about(alert, person):
            return "is whom it is about"
        if not self.may_know(alert, person):
            return "is not named for this restricted record"
        route = self.rules.get(alert.rule)
        if route and route.nobody_else and worker not in {one.person.id for one in self._by_role(alert, route)}:
            return "is not one of those whom its rule names, and it goes to nobody else"
        return None

    def assignable(self, alert: Alert) -> list[Person]:
        """Return the members of staff to whom an alert can be given, by name."""
        free = [worker for worker in self._near(alert) if self.why_not_assigned(alert, worker) is None]
        return sorted((self.directory.staff[worker] for worker in free), key=lambda person: (person.name, person.id))

    def _in_charge(self, alert: Alert) -> set[str]:
        """Return who answers for each team of an alert, by id: its manager, or the next up who is there, each where they may know."""
        lines = [
            [self._look(alert, place, place, self._holder(team, place)).recipient for place in NEXT_UP]
            for team in self.teams(alert)
        ]
        there = [[one.person.id for one in line if one and self.may_know(alert, one.person)] for line in lines]
        return {line[0] for line in there if line}

    def _near(self, alert: Alert) -> frozenset[str]:
        """Return who is in a team that answers for an alert, or above it, by worker id."""
        teams = self.teams(alert)
        above = {one for team in teams for one in (team.manager, team.service_manager, team.head_of_service) if one}
        return frozenset(above.union(*(self.directory.members(team.id) for team in teams)))

    def worker_named(self, name: str) -> str:
        """Return the id of the member of staff with an id, an address or a name; what is no one's is given back as it is."""
        wanted = name.strip().casefold()
        for field in ("id", "email", "name"):
            found = [person.id for person in self.directory.staff.values() if (getattr(person, field) or "").casefold() == wanted]
            if len(found) == 1:
                return found[0]
        return name.strip()

    def _by_role(self, alert: Alert, route: RuleRoute) -> list[Recipient]:
        if route.shadow:
            tried = None if route.nobody_else else self.performance()
            if tried is None or self.is_about(alert, tried.person):
                return []
            return [replace(tried, why="in shadow: nobody else is told")]
        found: dict[str, Recipient] = {}
        for role in [*route.notify.get(alert.level, ()), *alert.also]:
            for recipient in self._resolve(alert, role):
                found.setdefault(recipient.person.id, recipient)
        return list(found.values())

    def _assigned(self, alert: Alert) -> Recipient | None:
        """Return who has an alert because somebody assigned it, or whoever covers for them; None where they may not see it now."""
        act = handling_state.active_assignment(alert)
        if act is None or self.why_not_assigned(alert, act.assignee or "") is not None:
            return None
        recipient = self._look(alert, "assigned", "assigned", act.assignee).recipient
        if recipient is None or not self.may_know(alert, recipient.person):
            return None
        aside = f", {recipient.why}" if recipient.covering else ""
        return replace(recipient, why=f"assigned by {self.directory.name(act.by)}{aside}")

    def _escalated(self, alert: Alert, route: RuleRoute) -> list[Recipient]:
        """Return who is told as well because an alert has waited; nobody who may not know of it."""
        if not route.escalate or self.waited is None:
            return []
        waited, found = self.waited(alert), []
        for days, role in route.escalate:
            for recipient in self._resolve(alert, role) if waited >= days else ():
                if not self.may_know(alert, recipient.person):
                    continue
                aside = "" if recipient.direct else f", {recipient.why}"
                found.append(replace(recipient, why=f"escalated after {days} working days{aside}"))
        return found

    def paths(self, alert: Alert, role: str) -> list[list[Step]]:
        """Return where somebody for a role of an alert is looked for: one path for each team that answers for it.

        Only the last step of a path may have found somebody. Of the teams of a service those count that record somebody for the
        role, where any does.
        """
        own = {"worker": alert.worker, "adviser": alert.adviser}
        teams: list[Team | None] = [*self.teams(alert)] or [None]
        recorded = [team for team in teams if role in own or self._holder(team, role)]
        # A role of the whole council is the same in every team.
        asked = (recorded or teams)[:1] if role in (*own, *SERVICES) else recorded or teams
        return [self._path(alert, role, team, own) for team in asked]

    def teams(self, alert: Alert) -> list[Team]:
        """Return the teams that answer for an alert: its own, or all of its service; else the performance team, if there is one."""
        own = self.directory.teams.get(alert.team or "")
        found = [own] if own else self.directory.teams_of(alert.service) if alert.service else []
        performance = self.directory.team_for("performance")
        return found or ([performance] if performance else [])

    def team(self, alert: Alert) -> Team | None:
        """Return the one team that answers for an alert; None of what all teams of a service answer for."""
        return None if self.is_of_service(alert) else next(iter(self.teams(alert)), None)

    def is_of_service(self, alert: Alert) -> bool:
        """Return whether the teams of a service answer for an alert, and no one of them."""
        return alert.team is None and bool(alert.service and self.directory.teams_of(alert.service))

    def team_name(self, alert: Alert) -> str:
        """Return the name of the team or service that answers for an alert."""
        if alert.service and self.is_of_service(alert):
            return alert.service.replace("_", " ").capitalize()
        team = self.team(alert)
        return team.name if team else alert.team or "no team"

    def is_in_shadow(self, alert: Alert) -> bool:
        """Return whether the rule of an alert is tried first, so that the performance team alone is told."""
        route = self.rules.get(alert.rule)
        return route is not None and route.shadow

    def is_about(self, alert: Alert, person: Person) -> bool:
        """Return whether an alert is about somebody's own work: nobody is told of that themselves, under whichever id they are."""
        route = self.rules.get(alert.rule)
        if route is None or route.about is not About.worker:
            return False
        known = self.directory.staff.get(alert.subject) or self.directory.former.get(alert.subject)
        address = (person.email or "").strip().casefold()
        return person.id == alert.subject or (
            bool(address) and known is not None and (known.email or "").strip().casefold() == address
        )

    # ------------------------------------------------------------------ who may know

    def confined_to(self, alert: Alert) -> frozenset[str] | None:
        """Return the workers to whom alone an alert may be told, as its child's record is restricted; None where it is not.

        With no list of restricted records that can be trusted, an alert about a child may be told to nobody. Whoever asks who
        may know of an alert asks this: nothing else reads the list.
        """
        route = self.rules.get(alert.rule)
        if route is not None and not route.child_level:
            return None
        if self.directory.restricted is None:
            return frozenset()
        restriction = self.directory.restricted.get(alert.person or "")
        return restriction.allowed if restriction else None

    def is_confined(self, alert: Alert) -> bool:
        """Return whether an alert is told only to those whom its child's record names, or with no list of those to nobody."""
        return self.confined_to(alert) is not None

    def may_know(self, alert: Alert, person: Person) -> bool:
        """Return whether nothing keeps an alert from somebody who answers for it."""
        allowed = self.confined_to(alert)
        return (allowed is None or person.id in allowed) and not self.is_about(alert, person)

    def readers(self, alert: Alert) -> frozenset[str]:
        """Return everybody who may be told of an alert today, at whatever level it is and however long it has waited, by id.

        They are those whom its rule names, or would at another level; whoever it is assigned to; the managers above them, who are
        told where they cannot be reached; and those named by a restricted record: each only where they may know of it.
        """
        route = self.rules.get(alert.rule)
        roles = (
            {role for told in route.notify.values() for role in told} | {role for _, role in route.escalate} if route else set()
        )
        found: list[Recipient | None] = [one for role in sorted(roles | set(alert.also)) for one in self._resolve(alert, role)]
        if route and route.shadow:
            found = list(self._by_role(alert, route))
        elif not (route and route.nobody_else):
            found += [
                self._look(alert, role, role, self._holder(team, role)).recipient
                for team in self.teams(alert)
                for role in NEXT_UP[:3]
            ]
        found.append(self._assigned(alert) if route else None)
        people = {recipient.person.id: recipient.person for recipient in found if recipient}
        named = [] if self.is_in_shadow(alert) else [self.directory.staff.get(worker) for worker in self.confined_to(alert) or ()]
        people |= {person.id: person for person in named if person}
        return frozenset(id_ for id_, person in people.items() if person.email and self.may_know(alert, person))

    def instead_of(self, alert: Alert, recipient: str) -> list[Person]:
        """Return who is told of an alert when its recipient cannot be reached, the nearest first.

        They are the managers above them in its team who may know of it; for somebody beside the line, all three of it.
        """
        is_told = alert.rule in self.rules and not self.is_in_shadow(alert)
        line, teams = NEXT_UP[:3], self.teams(alert) if is_told else []
        held = [place + 1 for place, role in enumerate(line) for team in teams if self._holder(team, role) == recipient]
        found: dict[str, Person] = {}
        for role in line[max(held, default=0) :]:
            for team in teams:
                step = self._look(alert, role, role, self._holder(team, role))
                person = step.recipient.person if step.recipient else None
                if person and person.id != recipient and self.may_know(alert, person):
                    found.setdefault(person.id, person)
        return list(found.values())

    def answers_for(self, team_id: str, role: str) -> Recipient | None:
        """Return who answers for a team in a role today, or the next up who is there."""
        return self._first_present(role, self.directory.teams.get(team_id))

    def gaps(self, teams: Iterable[str], roles: Iterable[str] = NEXT_UP[:3]) -> list[Gap]:
        """Return which of these posts of teams lead to nobody today, so that the next up is told in their place."""
        found = []
        for team in (self.directory.teams[id_] for id_ in sorted(set(teams)) if id_ in self.directory.teams):
            for role in roles:
                step = self._path(None, role, team, {})[0]
                if step.problem is not None:
                    whose = step.reader or step.worker
                    found.append(Gap(team=team, role=role, worker=whose if step.worker else None, problem=step.problem))
        return found

    def manager_of(self, team: Team) -> Person | None:
        """Return who reads for a team as its manager today; None where nobody does."""
        step = self._path(None, "team_manager", team, {})[0]
        return step.recipient.person if step.recipient else None

    def performance(self) -> Recipient | None:
        """Return who reads for the performance team, which is told of faults of the data."""
        return self._first_present("performance", None)

    def _resolve(self, alert: Alert, role: str) -> list[Recipient]:
        """Return who is told for a role: of several teams those of each, and the performance team only where no team has anybody."""
        last = [path[-1] for path in self.paths(alert, role)]
        found = [step for step in last if step.recipient]
        own = [step for step in found if step.role != "performance"]
        return [step.recipient for step in own or found[:1] if step.recipient]

    def _first_present(self, role: str, team: Team | None) -> Recipient | None:
        return self._path(None, role, team, {})[-1].recipient

    def _path(self, alert: Alert | None, role: str, team: Team | None, own: Mapping[str, str | None]) -> list[Step]:
        """Look for the person for a role: themselves, their cover, or the next up who is there. alert: None for none in particular."""
        above = NEXT_UP[NEXT_UP.index(role) + 1 :] if role in NEXT_UP else NEXT_UP
        route = self.rules.get(alert.rule) if alert else None
        if route and route.nobody_else:
            above = tuple(place for place in above if place != "performance")
        steps = []
        for place in (role, *above):
            step = self._look(alert, role, place, own[place] if place in own else self._holder(team, place))
            steps.append(replace(step, team=team.name if team and place in NEXT_UP[:3] else None))
            if steps[-1].recipient:
                break
        return steps

    def _holder(self, team: Team | None, role: str) -> str | None:
        if role in SERVICES:
            service = self.directory.team_for(SERVICES[role])
            return service.manager if service else None
        if team is None:
            return None
        return {
            "team_manager": team.manager,
            "service_manager": team.service_manager,
            "head_of_service": team.head_of_service,
        }.get(role)

    def _look(self, alert: Alert | None, role: str, place: str, worker: str | None) -> Step:
        """Look who reads for a worker today: themselves, or whoever covers; nobody where nobody does, or cover goes in a ring.

        alert: of which nobody is told whom it is about; None for none in particular.
        """
        if not worker:
            return Step(role=place, problem=NobodyThere.not_recorded)
        named = self.directory.staff.get(worker)
        if alert and named and self.is_about(alert, named):
            return Step(role=place, worker=worker, reader=worker, problem=NobodyThere.themselves)
        away: list[str] = []
        until: date | None = None
        reader = worker
        while reader in self.directory.cover and reader in self.directory.staff:
            if reader in away:
                return Step(role=place, worker=worker, away=tuple(away), problem=NobodyThere.cover_in_a_ring)
            cover = self.directory.cover[reader]
            if cover.by is None:
                return Step(role=place, worker=worker, away=tuple(away), reader=reader, problem=NobodyThere.not_covered)
            away.append(reader)
            until, reader = cover.until, cover.by
        person = self.directory.staff.get(reader)
        step = Step(role=place, worker=worker, away=tuple(away), reader=reader)
        if person is None or not person.email:
            return replace(step, problem=NobodyThere.no_address if person else why_not_there(self.directory, reader))
        if alert and self.is_about(alert, person):
            return replace(step, problem=NobodyThere.themselves)
        if not away:
            why = self.role_words(alert, place)
            why = why if place == role else f"{why}: no {self.role_words(alert, role)} to tell"
            return replace(step, recipient=Recipient(person=person, why=why, direct=place == role))
        name = str(self.directory.name(away[0]))
        covering = f"{name} until {until.day} {until:%B}" if until else name
        return replace(step, recipient=Recipient(person=person, why=f"as cover for {covering}", covering=covering))

    def role_words(self, alert: Alert | None, role: str) -> str:
        """Return what a role is called, of an alert: the worker of an audit is its auditor."""
        route = self.rules.get(alert.rule) if alert else None
        return role_words(role, route.about if route else None)

    def _confine(self, alert: Alert, found: list[Recipient]) -> list[Recipient]:
        """Keep a restricted child's alert to the people named for that child; with no list of restrictions, to nobody."""
        allowed = self.confined_to(alert)
        if allowed is None:
            return found
        kept = [recipient for recipient in found if self.may_know(alert, recipient.person)]
        if self.is_in_shadow(alert):
            return kept
        named = (self.directory.staff.get(worker) for worker in sorted(allowed))
        return kept or [
            Recipient(person=person, why="named for this restricted record", named=True)
            for person in named
            if person and person.email
        ]


def is_by(act: Act, person: Person) -> bool:
    """Return whether somebody did this, as whoever wrote it down named them: by their id, their address or their name."""
    return act.by.casefold() in {name.casefold() for name in (person.id, person.email, person.name) if name}


def waited(alert: Alert, as_of: date, held: Sequence[tuple[date, date | None]], working_days: Callable[[date, date], int]) -> int:
    """Count the working days that an alert has waited for somebody, less those on which nobody could deal with it.

    They count from the day it was first seen, or was first acknowledged. held: from when and until when it was on hold,
    cleared, or kept back by a brake; None: it still is, or was until today.
    """
    starts, ends = handling_state.escalation_start(alert), alert.resolved_on or as_of
    on_hold = sum(working_days(max(start, starts), min(until or ends, ends)) for start, until in held)
    return working_days(starts, ends) - on_hold


def notification_key(purpose: str, as_of: date, receiver: str, recipient: str, told: Iterable[str]) -> str:
    """Return the key of a notification: the same for the same things told to the same recipient on the same day."""
    text = "\x1f".join([purpose, as_of.isoformat(), receiver, recipient, *sorted(told)])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
