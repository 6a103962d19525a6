"""What became of alerts, week by week: the figures of the weekly summary. Pure.

A week is the seven days up to and including the day of the summary, so that summaries on the same day of each week leave
no day out and count none twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Protocol

from alerting.casedata.directory import Team
from alerting.council_people import Leader
from alerting.evaluation.watch import TeamWatch, Watch
from alerting.formatting import capital, listed, masked, plural
from alerting.model import CHANNEL, Alert, Condition, Level, Person
from alerting.notifications.content import Notification, WeeklyContent
from alerting.notifications.report import RuleRow, not_supplied
from alerting.notifications.routing import Receiver, Router, notification_key
from alerting.notifications.scorecard import WEEKS, cleared_on, counts, was_open
from alerting.notifications.unasked import concerns
from alerting.notifications.week_content import HeadFigures, PlanRow, RuleWeek, ScopeWeek, StoppedRule, TeamWeek, Watched


def weeks_by_team(
    alerts: Iterable[Alert],
    router: Router,
    as_of: date,
    asked_since: Mapping[str, date],
    flapping: Callable[[Alert], bool] = lambda _: False,
) -> dict[str, tuple[RuleWeek, ...]]:
    """Return each team's week, a rule a row, the most serious first.

    alerts: every alert that is open or was resolved in the last 13 weeks. asked_since: the day on which each rule was asked
    first; before it nothing is known, and the trend has no value. flapping: says which alerts come and go too often to be told
    each time. Neither restricted children are counted nor what goes to nobody beside those it names: a count of one would tell.
    What a whole service answers for is no one team's week.
    """
    grouped: defaultdict[tuple[str, str], list[Alert]] = defaultdict(list)
    for alert in alerts:
        team = team_that_counts(alert, router)
        if team is not None:
            grouped[team.id, alert.rule].append(alert)
    teams: defaultdict[str, list[RuleWeek]] = defaultdict(list)
    for (team_id, rule), mine in grouped.items():
        week = _week(rule, router.rules[rule].title, mine, as_of, asked_since.get(rule, as_of), sum(map(flapping, mine)))
        if week.open or week.new or week.cleared or week.new_last or week.cleared_last or any(week.trend):
            teams[team_id].append(week)
    return {team: tuple(sorted(weeks, key=_rank)) for team, weeks in teams.items()}


def team_that_counts(alert: Alert, router: Router) -> Team | None:
    """Return the team in whose week an alert counts for everybody who answers for it; None where it counts in none."""
    if not counts(alert, router.rules.keys()):
        return None
    route = router.rules[alert.rule]
    return None if route.nobody_else or route.shadow or router.is_confined(alert) else router.team(alert)


def _rank(week: RuleWeek) -> tuple[int, int, str]:
    return (-week.level if week.open else 0, -week.open, week.title)


def _week(rule: str, title: str, alerts: Sequence[Alert], as_of: date, asked_since: date, flapping: int) -> RuleWeek:
    week = timedelta(days=7)
    opened = [alert for alert in alerts if alert.resolved_on is None]
    oldest = min((alert.first_seen for alert in opened), default=None)
    return RuleWeek(
        rule=rule,
        title=title,
        open=len(opened),
        held=sum(alert.condition == Condition.held for alert in opened),
        new=_within(alerts, lambda alert: alert.first_seen, as_of),
        new_last=_within(alerts, lambda alert: alert.first_seen, as_of - week),
        cleared=_within(alerts, cleared_on, as_of),
        cleared_last=_within(alerts, cleared_on, as_of - week),
        oldest=oldest,
        oldest_days=(as_of - oldest).days if oldest else 0,
        level=max((alert.level for alert in opened or alerts), default=Level.info),
        trend=tuple(
            _open_on(alerts, day) if day >= asked_since else None
            for day in (as_of - week * back for back in range(WEEKS - 1, -1, -1))
        ),
        flapping=flapping,
    )


_NAMED = 5
"""So many rules that could not run for one cause are named, and so many kinds of records that they wait for; the others are counted."""


def that_could_not_run(
    rows: Iterable[RuleRow], waits_for: Mapping[str, Collection[str]], titles: Mapping[str, str]
) -> list[StoppedRule]:
    """Return the rules that could not run, those of one cause together, by what managers call them and the records that they wait for.

    waits_for: these records, by rule; none where something else is wrong, of which those who look after the service are told.
    """
    by_cause: dict[frozenset[str], list[str]] = {}
    for row in rows:
        by_cause.setdefault(frozenset(waits_for.get(row.id, ())), []).append(titles.get(row.id, row.code))
    return [
        StoppedRule(title=listed(_first(stopped, "more")), problem=_why(records), rules=len(stopped))
        for records, stopped in by_cause.items()
    ]


def _why(records: Collection[str]) -> str:
    if not records:
        return "Something is wrong that those who look after the service are told of."
    return f"{capital(listed(_first(sorted(records), 'other kinds of records')))} could not be read or believed."


def _first(names: Sequence[str], others: str) -> list[str]:
    return [*names[:_NAMED], *([f"{len(names) - _NAMED} {others}"] if len(names) > _NAMED else [])]


def off_for_want_of_data(rows: Iterable[RuleRow]) -> list[StoppedRule]:
    """Return each table that is not supplied, with the rules that are off for want of it."""
    return [
        StoppedRule(
            title=f"There are {what}",
            problem=f"{listed(codes)} {'is' if len(codes) == 1 else 'are'} off.",
            rules=len(codes),
        )
        for what, codes in not_supplied(rows)
    ]


def _within(alerts: Iterable[Alert], when: Callable[[Alert], date | None], ends: date) -> int:
    return sum(1 for alert in alerts if (day := when(alert)) is not None and ends - timedelta(days=7) < day <= ends)


def _open_on(alerts: Iterable[Alert], day: date) -> int:
    return sum(was_open(alert, day) for alert in alerts)


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Somebody who gets the weekly summary."""

    #: A worker's id, or the address of a leader who is nobody in the directory.
    id: str
    name: str
    address: str | None
    #: In the directory; None of somebody who is not.
    person: Person | None = None
    #: For whom they answer, in words.
    covering: str | None = None
    #: The ids of the teams of which they read everything: those that they answer for as manager or service manager.
    managed: frozenset[str] = frozenset()
    #: Of those that they are head of.
    headed: frozenset[str] = frozenset()
    #: Of those that are in their scope as counts, where config.yaml names them.
    led: frozenset[str] = frozenset()

    @property
    def own(self) -> frozenset[str]:
        """The teams of which no count is kept back from them."""
        return self.managed | self.headed

    @property
    def teams(self) -> frozenset[str]:
        """Every team in their scope."""
        return self.own | self.led


def readers_of(router: Router, leaders: Sequence[Leader]) -> list[Reader]:
    """Return who gets the weekly summary: managers, service managers and heads of service of teams, and those config.yaml names."""
    found: dict[str, Reader] = {}

    def add(reader: Reader) -> None:
        there = found.get(reader.id, reader)
        found[reader.id] = replace(
            there,
            covering=there.covering or reader.covering,
            managed=there.managed | reader.managed,
            headed=there.headed | reader.headed,
            led=there.led | reader.led,
        )

    for team in router.directory.teams.values():
        for role in ("team_manager", "service_manager", "head_of_service"):
            recipient = router.answers_for(team.id, role)
            if recipient is None or (role == "head_of_service" and not (recipient.direct or recipient.covering)):
                # A team without a head is nobody else's to look at as one.
                continue
            person, mine = recipient.person, frozenset({team.id})
            add(
                Reader(
                    id=person.id,
                    name=person.name,
                    address=person.email,
                    person=person,
                    covering=recipient.covering,
                    managed=frozenset() if role == "head_of_service" else mine,
                    headed=mine if role == "head_of_service" else frozenset(),
                )
            )
    for leader in leaders:
        known = _in_directory(router, leader)
        led = frozenset(
            team.id
            for team in router.directory.teams.values()
            if not leader.services or (team.service or "").casefold() in {service.casefold() for service in leader.services}
        )
        add(
            Reader(
                id=known.id if known else leader.address,
                name=leader.name,
                address=leader.address,
                person=known,
                led=led,
            )
        )
    return [found[id_] for id_ in sorted(found)]


def _in_directory(router: Router, leader: Leader) -> Person | None:
    """Return the member of staff whom config.yaml names as a leader, by worker id or by address; None where they are none."""
    staff = router.directory.staff
    by_address = (person for _, person in sorted(staff.items()) if (person.email or "").casefold() == leader.address.casefold())
    return staff.get(leader.worker_id or "") or next(by_address, None)


class Read(Protocol):
    """What of a week each reader may read."""

    def weeks(self, reader: Reader) -> Mapping[str, tuple[RuleWeek, ...]]:
        """Return the week of each team."""

    def scope(self, reader: Reader) -> tuple[ScopeWeek, ...]:
        """Return the week of all that is theirs."""

    def figures(self, reader: Reader) -> HeadFigures | None:
        """Return the figures of somebody who leads services."""


def compose_summaries(
    router: Router,
    readers: Sequence[Reader],
    book: Read,
    receivers: Iterable[Receiver],
    *,
    as_of: date,
    stopped: Sequence[StoppedRule],
    off: Sequence[RuleRow],
    case_services: Collection[str],
    asked: int,
    braked: int,
    watch: Watch | None,
    banners: Sequence[str],
    plan: Sequence[PlanRow] = (),
) -> list[Notification]:
    """Return one summary for each reader, with all of their teams and no others.

    book: what of the week each of them may read. stopped: what could not run. off: how asking
    went; of what is off for want of a table a manager reads only what concerns a team of theirs. asked: how many rules were asked of
    anybody. watch: what every rule looks at. braked: of how many alerts wait to be looked at.
    plan: the improvement plan, for those who lead services.
    """
    contents = {
        reader.id: WeeklyContent(
            week_ending=as_of,
            teams=_teams(router, reader, book.weeks(reader), watch),
            scope=book.scope(reader),
            scope_of=scope_of(router, reader),
            masked=not reader.teams <= reader.own,
            **_of_whom_nobody_asks(router, reader, watch),
            not_run=(
                *stopped,
                *off_for_want_of_data(row for row in off if concerns(router, row.id, reader.teams, case_services)),
            ),
            asked=asked,
            braked=braked,
            banners=tuple(banners),
            covering=(reader.covering,) if reader.covering else (),
            figures=book.figures(reader),
            plan=tuple(plan) if reader.headed or reader.led else (),
        )
        for reader in readers
    }
    return [
        Notification(
            key=notification_key("weekly", as_of, receiver.name, reader.id, []),
            receiver=receiver.name,
            purpose="weekly",
            recipient=reader.id,
            name=reader.name,
            address=reader.address,
            as_of=as_of,
            content=contents[reader.id],
        )
        for receiver in receivers
        if receiver.teams is None
        for reader in readers
    ]


def compose_cards(
    router: Router, weeks: Mapping[str, tuple[RuleWeek, ...]], receivers: Iterable[Receiver], banners: Sequence[str], as_of: date
) -> list[Notification]:
    """Return a card of its week for each team's channel, of the rules that channels hear of; none where nothing happened."""
    return [
        Notification(
            key=notification_key("weekly", as_of, receiver.name, f"{CHANNEL}{team_id}", []),
            receiver=receiver.name,
            purpose="weekly",
            recipient=f"{CHANNEL}{team_id}",
            name=router.directory.teams[team_id].name,
            address=None,
            as_of=as_of,
            content=WeeklyContent(
                week_ending=as_of,
                teams=(TeamWeek(team_name=router.directory.teams[team_id].name, rows=rows),),
                banners=tuple(banners),
            ),
        )
        for receiver in receivers
        for team_id in sorted((receiver.teams or frozenset()) & router.directory.teams.keys())
        if (rows := tuple(row for row in weeks.get(team_id, ()) if router.rules[row.rule].channel))
    ]


def _teams(router: Router, reader: Reader, read: Mapping[str, tuple[RuleWeek, ...]], watch: Watch | None) -> tuple[TeamWeek, ...]:
    """Return the week of each team of which somebody reads everything."""
    mine = sorted((router.directory.teams[id_].name, id_) for id_ in reader.managed)
    return tuple(TeamWeek(team_name=name, rows=read.get(id_, ()), watched=_watched(router, watch, id_)) for name, id_ in mine)


def _of_whom_nobody_asks(router: Router, reader: Reader, watch: Watch | None) -> dict[str, str]:
    """Return for whoever leads the performance team, in words, of how many nobody may be told; nothing for everybody else."""
    team = router.directory.team_for("performance")
    leads = router.manager_of(team) if team else None
    if watch is None or leads is None or leads.id != reader.id:
        return {}
    return {"sealed": masked(watch.sealed), "divided": masked(watch.divided)}


def scope_of(router: Router, reader: Reader) -> str:
    """Return what somebody's scope is of, as the head of a summary says it."""
    names = [router.directory.teams[id_].name for id_ in reader.teams]
    return names[0] if len(names) == 1 else plural(len(names), "team")


def look_of(router: Router, watch: Watch | None) -> Callable[[Team], TeamWatch | None]:
    """Return what says what looks at a team's work; None of it where that was not asked, or it is not known whom a count may hold."""
    if watch is None or router.directory.restricted is None:
        return lambda _: None
    performance = router.directory.team_for("performance")

    def look(team: Team) -> TeamWatch:
        found = watch.of(team.id, team.service)
        if team != performance:
            return found
        # What has no team is told to the performance team, so that it counts as theirs.
        known, late = (_together(getattr(found, name), getattr(watch.teamless, name)) for name in ("known", "late"))
        return replace(found, known=known, late=late)

    return look


def _together(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {rule: one.get(rule, 0) + other.get(rule, 0) for rule in {*one, *other}}


def _watched(router: Router, watch: Watch | None, team_id: str) -> Watched | None:
    """Return at what of a team's work rules look."""
    found = look_of(router, watch)(router.directory.teams[team_id])
    if found is None:
        return None
    return Watched(rules=len(found.rules), people=found.people, unwatched=found.unwatched)
