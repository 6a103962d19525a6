"""Who answers for what on a day, by the directory that a run would route by; and what in it leads to nobody, or to the wrong person."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from alerting.alerts.people import plain
from alerting.app import App
from alerting.authoring.explain.plain_english import label
from alerting.authoring.explain.who_is_told import NO_LIST, roles_of
from alerting.authoring.today import Today, look, work_out
from alerting.casedata.directory import Directory, Team, unusable_addresses
from alerting.casedata.snapshot import Snapshot
from alerting.documents.document import did_you_mean
from alerting.errors import AlertingError
from alerting.evaluation import trace
from alerting.evaluation.day import ask_all
from alerting.formatting import day, listed, plural
from alerting.model import Alert, Condition, Level, Person, Worded
from alerting.notifications.nobody_there import NobodyThere, why_not_there
from alerting.notifications.roles import NEXT_UP, ROLE_WORDS
from alerting.notifications.routing import Router, Step
from alerting.rulebook.rule import Rule

_POSTS = NEXT_UP[:3]
_OPEN_CASE = "open_case"
"""The subject that has each child's team and worker, whatever kind of case it is."""


class PeopleFault(Worded):
    """What can be wrong with who is who."""

    no_manager = "no_manager", "Posts that nobody holds"
    no_address = "no_address", "People without an address"
    loop = "loop", "Loops"
    left = "left", "People who have left"
    not_begun = "not_begun", "People who have not begun yet"
    end_unread = "end_unread", "People whose last day cannot be read"
    away = "away", "People who are away, and nobody covers"
    unknown = "unknown", "Ids that are nobody's"
    two = "two", "Two matches"


REMEDIES = {
    PeopleFault.no_manager: "Name somebody in ext_team; until then the next up is told.",
    PeopleFault.no_address: "Put it into ext_staff; until then the next up is told.",
    PeopleFault.loop: "Let somebody cover who is there, in ext_cover.",
    PeopleFault.left: "Name who holds the post now, in ext_team; give the cases to somebody who is there.",
    PeopleFault.not_begun: "Name who holds the post until then, in ext_team; their first day is in ext_staff.",
    PeopleFault.end_unread: "Write it as 2026-03-31 in ext_staff, or leave it blank; until then they are told nothing, and the next up is told.",
    PeopleFault.away: "Say who covers, in ext_cover; until then the next up is told.",
    PeopleFault.unknown: "Put them right in ext_team, ext_staff or ext_cover, or add the row that is missing.",
    PeopleFault.two: "Give each their own; of two rows of one id, one is used.",
}
"""What to do about each, for whoever keeps the directory."""

_OF_POSTS = {
    NobodyThere.not_recorded: PeopleFault.no_manager,
    NobodyThere.no_address: PeopleFault.no_address,
    NobodyThere.cover_in_a_ring: PeopleFault.loop,
    NobodyThere.not_covered: PeopleFault.away,
    NobodyThere.left: PeopleFault.left,
    NobodyThere.not_begun: PeopleFault.not_begun,
    NobodyThere.end_unread: PeopleFault.end_unread,
    NobodyThere.not_staff: PeopleFault.unknown,
}


_AN_ALERT = Alert(
    ref="", rule="", code="", subject_kind="child", subject="", episode=1, condition=Condition.firing, level=Level.red,
    first_seen=date.min, level_since=date.min,
)  # fmt: skip
"""What there is of an alert that only asks who would be told."""


@dataclass(frozen=True, kw_only=True)
class FoundFault:
    """One thing that is wrong with who is who."""

    kind: PeopleFault
    #: Whom or what it is about, with what is wrong, in words.
    says: str


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Who answers for somebody or something, in lines: what it is, who, and what there is to know besides."""

    title: str
    #: A role, and who is told for it or by which way nobody is found.
    lines: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()


def check_people(app: App, as_of: date) -> list[FoundFault]:
    """Return what is wrong with who is who on a day. Reads the case data and the store. Raises SourceError and StoreError."""
    with look(app, [], as_of) as found:
        today = work_out(app, app.policy(), found, ask_all(app.book, found, []), "daily")
        of_rows = [*_unusable(found.snapshot, today.decision.router.directory), *_twice(found.snapshot)]
    router, kinds = today.decision.router, list(PeopleFault)
    of_people = [
        *_of_staff(router.directory),
        *_of_cover(router.directory),
        *_of_workers(today),
        *_of_config(app, router.directory),
    ]
    return sorted({*_of_posts(router), *of_rows, *of_people}, key=lambda one: (kinds.index(one.kind), one.says))


def _of_posts(router: Router) -> Iterator[FoundFault]:
    for gap in router.gaps(router.directory.teams):
        whose = f"{_called(router.directory, gap.worker)} " if gap.worker and gap.problem.about_somebody else ""
        says = f"{gap.team.name}, {ROLE_WORDS[gap.role]}: {whose}{gap.problem.words}"
        yield FoundFault(kind=_OF_POSTS.get(gap.problem, PeopleFault.no_manager), says=says)


def _unusable(snapshot: Snapshot, directory: Directory) -> Iterator[FoundFault]:
    for worker in unusable_addresses(snapshot):
        yield FoundFault(kind=PeopleFault.no_address, says=f"{_called(directory, worker)} has one that no mail can be sent to")


def _twice(snapshot: Snapshot) -> Iterator[FoundFault]:
    """Return the ids that have several rows today, of which one is used."""
    current = "(starts_on IS NULL OR starts_on <= as_of()) AND (ends_on IS NULL OR ends_on >= as_of())"
    for what, table, key, where in (("worker", "ext_staff", "worker_id", current), ("team", "ext_team", "team_id", "true")):
        rows = snapshot.sql(
            f"SELECT {key}, count(*) FROM {table} WHERE {key} IS NOT NULL AND {where} GROUP BY {key} HAVING count(*) > 1 ORDER BY {key}"
        )
        for id_, count in rows:
            yield FoundFault(kind=PeopleFault.two, says=f"{what} {id_} has {count} rows in {table} for today")


def _of_staff(directory: Directory) -> Iterator[FoundFault]:
    posts = {id_ for team in directory.teams.values() for id_ in (team.manager, team.service_manager, team.head_of_service)}
    same: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for id_, person in sorted(directory.staff.items()):
        if person.email:
            same["address", person.email.casefold()].append(id_)
        elif id_ not in posts:
            yield FoundFault(kind=PeopleFault.no_address, says=f"{_called(directory, id_)} has none that a mail can be sent to")
        same["name", plain(person.name)].append(id_)
        if person.team and person.team not in directory.teams:
            yield FoundFault(
                kind=PeopleFault.unknown, says=f"{_called(directory, id_)} is in team {person.team}, which ext_team lacks"
            )
    for id_, person in sorted(directory.former.items()):
        if person.end_unread and id_ not in posts:
            yield FoundFault(kind=PeopleFault.end_unread, says=f"{_called(directory, id_)} {NobodyThere.end_unread.words}")
    for (what, _), ids in same.items():
        if len(ids) > 1:
            people = listed([_called(directory, id_) for id_ in ids])
            yield FoundFault(kind=PeopleFault.two, says=f"{people} have one {what}")


def _of_cover(directory: Directory) -> Iterator[FoundFault]:
    for away, cover in directory.cover.items():
        if away not in directory.staff or cover.by is None or cover.by in directory.staff:
            continue
        why = why_not_there(directory, cover.by)
        says = f"{_called(directory, away)} is covered by {_called(directory, cover.by)}, who {why.words}"
        yield FoundFault(kind=_OF_POSTS[why], says=says)


def _of_workers(today: Today) -> Iterator[FoundFault]:
    """Return who is the worker of open alerts, and no current member of staff."""
    directory = today.decision.router.directory
    live = [alert for alert in today.world.live if alert.condition not in (Condition.pending, Condition.resolved)]
    workers = Counter(alert.worker for alert in live if alert.worker and alert.worker not in directory.staff)
    for worker, count in workers.items():
        why = why_not_there(directory, worker)
        says = f"{_called(directory, worker)} {why.words}, and is the worker of {plural(count, 'open alert')}"
        yield FoundFault(kind=_OF_POSTS[why], says=says)


def _of_config(app: App, directory: Directory) -> Iterator[FoundFault]:
    council = app.loaded.config.council
    named = [*(one.worker_id for one in council.administrators), *(one.worker_id for one in council.leadership)]
    for worker in named:
        if worker and worker not in directory.staff:
            why = why_not_there(directory, worker)
            yield FoundFault(kind=_OF_POSTS[why], says=f"{worker}, whom config.yaml names, {why.words}")


def who_answers(app: App, said: str, as_of: date) -> Answers:
    """Return who answers for a team, somebody of the staff, or a child on a day. Raises AlertingError for what is none of these.

    said: an id or a name of a team, an id, address or name of a worker, or a child's number.
    """
    # A rule of a team's cases has a row for each team, and none for a child.
    rules = [rule for rule in app.book.rules if rule.subject.id == _OPEN_CASE and not rule.file.per][:1]
    with look(app, rules, as_of) as found:
        answers = ask_all(app.book, found, rules)
        today = work_out(app, app.policy(), found, answers, "daily")
        router, wanted = today.decision.router, plain(said)
        teams = [team for team in router.directory.teams.values() if wanted in (plain(team.id), plain(team.name))]
        people = [] if teams else _named(router.directory, wanted)
        row = trace.read_row(found.snapshot, rules[0], said.strip()) if rules and not (teams or people) else None
    if len(teams) + len(people) > 1:
        ids = [*(team.id for team in teams), *(person.id for person in people)]
        raise AlertingError(
            f"more than one is called '{said.strip()}'", remedy=f"Give one of these ids: {', '.join(sorted(ids))}."
        )
    if teams:
        return _of_team(router, teams[0])
    if people:
        return _of_person(router, people[0])
    if row is not None:
        return _of_child(router, rules[0], said.strip(), row.get("team_id"), row.get("worker_id"))
    known = [name for team in router.directory.teams.values() for name in (team.id, team.name)]
    known += [name for person in router.directory.staff.values() for name in (person.id, person.name)]
    remedy = (
        did_you_mean(said.strip(), known) or "Give a team or a worker by id or name, or the number of a child with an open case."
    )
    problem = f"'{said.strip()}' is no team, nobody on the staff list, and no child with an open case"
    if not rules:
        problem = f"'{said.strip()}' is no team and nobody on the staff list; a child cannot be looked up, as no rule asks about open cases"
    raise AlertingError(problem, remedy=remedy)


def _named(directory: Directory, wanted: str) -> list[Person]:
    everybody = [*directory.staff.values(), *directory.former.values()]
    found = [person for person in everybody if wanted == plain(person.id)]
    return found or [person for person in everybody if wanted in {plain(name) for name in (person.name, person.email) if name}]


def _of_team(router: Router, team: Team) -> Answers:
    inside = sum(person.team == team.id for person in router.directory.staff.values())
    return Answers(
        title=f"Team {team.name} ({team.id}){f', {label(team.service)}' if team.service else ''}",
        lines=_posts_of(router, replace(_AN_ALERT, team=team.id)),
        notes=[f"{plural(inside, 'member', 'members')} of staff {'is' if inside == 1 else 'are'} in it today."],
    )


def _of_person(router: Router, person: Person) -> Answers:
    directory = router.directory
    there = person.id in directory.staff
    team = directory.teams.get(person.team or "")
    lines = [
        ("address", person.email or "none that a mail can be sent to"),
        ("team", f"{team.name} ({team.id})" if team else "none"),
    ]
    for role in _POSTS:
        held = [one.name for one in directory.teams.values() if getattr(one, _HOLDER[role]) == person.id]
        lines += [("holds", f"{ROLE_WORDS[role]} of {listed(held)}")] if held else []
    cover, covered = directory.cover.get(person.id), [id_ for id_, one in directory.cover.items() if one.by == person.id]
    begins = f"They begin on {day(person.begins)}" if person.begins else "They have left"
    begins = "Their last day cannot be read" if person.end_unread else begins
    notes = [] if there else [f"{begins}: nobody is told of anything in their name."]
    if cover:
        by = f"covered by {_called(directory, cover.by)}" if cover.by else "and nobody covers"
        notes.append(f"They are away{f' until {day(cover.until)}' if cover.until else ''}, {by}.")
    notes += [f"They answer for {_called(directory, id_)}, who is away." for id_ in covered]
    lines += _posts_of(router, replace(_AN_ALERT, team=team.id)) if team else []
    return Answers(
        title=f"{person.name} ({person.id}){f', {label(person.role)}' if person.role else ''}", lines=lines, notes=notes
    )


def _of_child(router: Router, rule: Rule, child: str, team: str | None, worker: str | None) -> Answers:
    """Return who answers for a child. Of a restricted record, the roles of those who may know, and nobody's name."""
    alert = replace(_AN_ALERT, rule=rule.id, subject=child, team=team, worker=worker, person=child)
    if router.directory.restricted is None:
        return Answers(title=f"Child {child}", notes=[NO_LIST])
    allowed = router.confined_to(alert)
    if allowed is not None:
        roles = roles_of(router.directory, allowed)
        return Answers(
            title=f"Child {child}", notes=[f"The record is restricted: only those whom it names may know of it ({roles})."]
        )
    path = router.paths(alert, "worker")[0]
    return Answers(
        title=f"Child {child}, of {router.team_name(alert)}",
        lines=[("allocated worker", _way(router, alert, path)), *_posts_of(router, alert)],
    )


_HOLDER = {"team_manager": "manager", "service_manager": "service_manager", "head_of_service": "head_of_service"}


def _posts_of(router: Router, alert: Alert) -> list[tuple[str, str]]:
    return [(ROLE_WORDS[role], _way(router, alert, path)) for role in _POSTS for path in router.paths(alert, role)]


def _way(router: Router, alert: Alert, path: Sequence[Step]) -> str:
    """Return who is found by a path, and why not those before them."""
    last = path[-1]
    before = []
    for step in path:
        if step.problem:
            whose = _called(router.directory, step.reader or step.worker or "") if step.problem.about_somebody else ""
            before.append(f"{router.role_words(alert, step.role)}: {f'{whose} ' if whose else ''}{step.problem.words}")
    who = "nobody"
    if last.recipient:
        covering = f", as cover for {last.recipient.covering}" if last.recipient.covering else ""
        who = f"{last.recipient.person.name} ({last.recipient.person.id}){covering}"
    return f"{who}; {'; '.join(before)}" if before else who


def _called(directory: Directory, worker: str) -> str:
    name = directory.name(worker)
    return f"{name} ({worker})" if name and name != worker else worker
