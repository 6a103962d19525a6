"""A rule asked of the days kept: what it would have said day by day, through the life that alerts really have.

Nothing is stored or sent. Each kept day's table takes the place of the subject's SQL, and who had gone since the day before
that of its proof of leaving; the question and the lifecycle are those of a real run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta

from alerting.alerts import brakes, lifecycle
from alerting.alerts.advance import are_owners_known, life_of, working_days
from alerting.app import App
from alerting.authoring.draft import find_in_use
from alerting.casedata.snapshot import Snapshot
from alerting.config import DAYS
from alerting.errors import AlertingError, Fault
from alerting.evaluation.archive import Archive, KeptRun
from alerting.evaluation.replay import DayAnswer, Replay, find_columns, find_withheld, strip_rule
from alerting.model import Alert, Condition, Finding, Level, Reason, Transition
from alerting.rulebook.book import Rulebook
from alerting.rulebook.file_models import Subject
from alerting.rulebook.rule import Rule
from alerting.working_days import is_working_day

_OPEN = (Condition.firing, Condition.recovering, Condition.held)


@dataclass(frozen=True, kw_only=True)
class Day:
    """What a rule said on one kept day, and how many alerts that came to."""

    as_of: date
    #: As in a run's report; anything but ok has a problem.
    status: str
    problem: str | None
    population: int
    unknown: int
    #: Began to fire, and so would have been told.
    new: int
    #: Had cleared or was improving, and fires again.
    back: int
    #: Ended by the record.
    cleared: int
    #: Ended because the subject left.
    left: int
    #: Open at the end of the day, those on hold among them.
    open: int
    held: int
    #: Match, but not for long enough to be told.
    pending: int
    #: Open at the end of the day, by level.
    levels: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class TeamLine:
    """What a rule would have meant for one team."""

    team: str | None
    name: str
    #: New after the first day.
    new: int
    #: Open at the end.
    open: int
    #: The most that were open on one day.
    most: int


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """What one rule would have done, day by day."""

    rule: Rule
    days: tuple[Day, ...]
    teams: tuple[TeamLine, ...]
    #: Working days that the longest alert was open.
    longest: int
    longest_goes_on: bool
    #: Subjects whose alert came back so often in so short a time that it flaps.
    flapping: int
    #: Days with more new alerts than the rule's brake lets through.
    braked: int

    @property
    def later(self) -> list[Day]:
        """The days on which it was asked, without the first, which opens whatever there is."""
        return [day for day in self.days if day.status == "ok"][1:]

    @property
    def new_a_day(self) -> float:
        """How many are new on a day, after the first."""
        return sum(day.new for day in self.later) / len(self.later) if self.later else 0.0


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """What a rule would have done, with the rule in use beside it where that is another."""

    draft: Timeline
    in_use: Timeline | None
    #: The days without an answer, and why there is none.
    gaps: Mapping[date, str]
    #: The first and the last kept day on which the subject's SQL differed from today's.
    changed: tuple[date, date] | None

    @property
    def timelines(self) -> tuple[Timeline, ...]:
        """The draft, and the rule in use where there is one beside it."""
        return (self.draft, self.in_use) if self.in_use else (self.draft,)


def backtest(
    book: Rulebook, archive: Archive, draft: Rule, in_use: Rule | None, first: date, last: date, weekdays: Set[int] = frozenset()
) -> Backtest:
    """Return what a rule, and the rule in use where one is given, would have done on the kept days from `first` to `last`.

    `weekdays` are those on which the rule's job runs (Monday is 0): one of them without a kept run is a gap. Raises AlertingError
    where the rule can be asked of no day.
    """
    rules = [strip_rule(rule) for rule in (draft, in_use) if rule is not None]
    needed = {rule.subject.id: rule.subject for rule in rules}
    columns = {id_: {name for rule in rules if rule.subject.id == id_ for name in find_columns(rule)} for id_ in needed}
    runs, unreadable = archive.runs(draft.file.job, first, last)
    gaps = {day: Fault(problem=problem) for day, problem in unreadable.items()}
    askable = []
    for run in runs:
        problem = _problem(run, rules, columns)
        if problem:
            gaps[run.manifest.as_of] = problem
        else:
            askable.append(run)
    if not askable:
        raise _nothing_to_ask(archive, draft, first, last, gaps)
    asked = {run.manifest.as_of for run in askable}
    for day in _between(askable[0].manifest.as_of, askable[-1].manifest.as_of):
        if day not in asked and day.weekday() in weekdays and is_working_day(day, book.settings.bank_holidays):
            gaps.setdefault(day, Fault(problem="no run was kept"))
    with ThreadPoolExecutor(len(rules)) as threads:  # each has an engine of its own, which does not hold up the other
        timelines = list(threads.map(lambda rule: _replay_runs(book, rule, askable), rules))
    return Backtest(
        draft=replace(timelines[0], rule=draft),
        in_use=replace(timelines[1], rule=in_use) if in_use else None,
        gaps={day: gap.problem for day, gap in sorted(gaps.items())},
        changed=_changed(book, draft.subject, askable),
    )


def look_back(app: App, draft: Rule, first: date = date.min, last: date = date.max) -> Backtest:
    """Return what a draft would have done on the days that a council has kept, beside the rule in use that it stands for.

    Raises as `backtest` does.
    """
    in_use = find_in_use(app.book, draft)
    beside = in_use if in_use is not None and in_use.version != draft.version else None
    on = getattr(app.loaded.config.jobs, draft.file.job).on if draft.file.job != "monthly" else ()
    return backtest(app.book, app.archive(), draft, beside, first, last, frozenset(map(DAYS.index, on)))


def _replay_runs(book: Rulebook, rule: Rule, runs: Sequence[KeptRun]) -> Timeline:
    """Return what becomes of a rule's alerts when it is asked of each run in order."""
    lives = _AlertLives(book, rule)
    with Snapshot(runs[0].manifest.as_of, book.settings) as snapshot:
        snapshot.settle({})
        replay = Replay(book, rule, snapshot)
        for start in range(0, len(runs), replay.at_once):
            piece = runs[start : start + replay.at_once]
            answers = replay.ask(piece)
            for run in piece:
                owners_known = are_owners_known(run.manifest.untrusted)
                lives.take_day(run.manifest.as_of, answers[run.manifest.as_of], owners_known=owners_known)
    return lives.timeline({id_: name for run in runs for id_, name in run.manifest.teams.items()})


class _AlertLives:
    """The alerts of one rule as they live from day to day, by their subject."""

    def __init__(self, book: Rulebook, rule: Rule) -> None:
        self.book, self.rule, self.life = book, rule, life_of(rule, book)
        self.alerts: dict[str, Alert] = {}
        self.said: dict[str, Finding] = {}
        self.all_again = False
        self.tally: Counter[tuple[Condition, Level, str | None]] = Counter()
        self.last: dict[str, Alert] = {}
        self.working_days = working_days(book)
        self.flapping: set[str] = set()
        self.ended: list[tuple[timedelta, date, date]] = []
        self.days: list[Day] = []
        self.new_by_team: Counter[str | None] = Counter()
        self.most_by_team: Counter[str | None] = Counter()

    def take_day(self, as_of: date, answer: DayAnswer, *, owners_known: bool) -> None:
        """Advance every alert by a day's answer, and note what became of them."""
        if answer.status == "ok":
            found = {finding.subject: finding for finding in answer.findings}
            again = {subject: self.said[subject] for subject in self._asked_again() if subject not in found}
            steps = (self._step(finding, as_of, owners_known=owners_known) for finding in (*found.values(), *again.values()))
            self.all_again = not owners_known
        else:
            problem = answer.problem or answer.status
            steps = (lifecycle.hold(alert, Reason.not_asked, as_of, detail=problem) for alert in list(self.alerts.values()))
            self.all_again = True
        transitions = [step for step in steps if step is not None]
        for transition in transitions:
            self._apply(transition, as_of)
        self._note(as_of, answer, transitions)

    def _asked_again(self) -> Iterable[str]:
        """Return the subjects whose answer is the same as before and whose alert must advance all the same.

        Those are alerts that count runs, and after a day that could not be asked all of them.
        """
        if self.all_again:
            return list(self.alerts)
        if self.life.pending_for <= 1 and not self.life.keep_firing_for:
            return ()
        counting = (Condition.pending, Condition.recovering)
        return [subject for subject, alert in self.alerts.items() if alert.condition in counting]

    def _step(self, finding: Finding, as_of: date, *, owners_known: bool) -> Transition | None:
        self.said[finding.subject] = finding
        alert = self.alerts.get(finding.subject)
        if alert is not None:
            return lifecycle.advance(alert, finding, self.life, as_of, owners_known=owners_known)
        last = self.last.get(finding.subject)
        return lifecycle.begin_alert(finding, self.life, last, as_of, self.working_days, owners_known=owners_known)

    def _apply(self, transition: Transition, as_of: date) -> None:
        """Put an alert's new state in the place of the old one, and keep the count."""
        alert = transition.alert
        before = self.alerts.pop(alert.subject, None)
        if before is not None:
            self.tally[before.condition, before.level, before.team] -= 1
        if alert.condition != Condition.resolved:
            self.alerts[alert.subject] = alert
            self.tally[alert.condition, alert.level, alert.team] += 1
        elif transition.before in _OPEN:
            self.ended = [max([*self.ended, (as_of - alert.first_seen, alert.first_seen, as_of)])]
        self.last[alert.subject] = alert
        if transition.reason == Reason.back_again and lifecycle.is_flapping(alert.came_back, as_of, self.working_days):
            self.flapping.add(alert.subject)

    def _note(self, as_of: date, answer: DayAnswer, transitions: Sequence[Transition]) -> None:
        conditions: Counter[Condition] = Counter()
        levels: Counter[str] = Counter()
        for (condition, level, _), count in self.tally.items():
            conditions[condition] += count
            levels[level.name] += count if condition in _OPEN else 0
        new = [transition.alert for transition in transitions if transition.reason == Reason.new]
        reasons = [transition.reason for transition in transitions if transition.alert.condition == Condition.resolved]
        if self.days:
            self.new_by_team.update(alert.team for alert in new)
        self.most_by_team |= self._open_by_team()
        self.days.append(
            Day(
                as_of=as_of,
                status=answer.status,
                problem=answer.problem,
                population=answer.population,
                unknown=answer.unknown,
                new=len(new),
                back=sum(transition.reason == Reason.back_again for transition in transitions),
                cleared=reasons.count(Reason.cleared),
                left=reasons.count(Reason.left),
                open=sum(conditions[condition] for condition in _OPEN),
                held=conditions[Condition.held],
                pending=conditions[Condition.pending],
                levels={name: levels[name] for name in reversed(Level.__members__)},
            )
        )

    def _open_by_team(self) -> Counter[str | None]:
        teams: Counter[str | None] = Counter()
        for (condition, _, team), count in self.tally.items():
            teams[team] += count if condition in _OPEN else 0
        return teams

    def timeline(self, names: Mapping[str, str]) -> Timeline:
        """Return what became of the alerts, with the names of teams, given by their id."""
        last, limit = self.days[-1].as_of, self._limit()
        going_on = [(last - each.first_seen, each.first_seen, last) for each in self.alerts.values() if each.condition in _OPEN]
        longest = max([*self.ended, *going_on], default=None)
        now, new, most = self._open_by_team(), self.new_by_team, self.most_by_team
        teams = [
            TeamLine(team=team, name=names.get(team or "", team or "no team"), new=new[team], open=now[team], most=most[team])
            for team in most.keys() | new.keys()
        ]
        return Timeline(
            rule=self.rule,
            days=tuple(self.days),
            teams=tuple(sorted(teams, key=lambda line: (-line.new, -line.most, line.name))),
            longest=self.working_days(*longest[1:]) if longest else 0,
            longest_goes_on=longest in going_on,
            flapping=len(self.flapping),
            braked=sum(day.new > limit for day in self.days[1:]) if limit else 0,
        )

    def _limit(self) -> int | None:
        return brakes.limits(replace(self.book, rules=(self.rule,))).get(self.rule.id)


def _problem(run: KeptRun, rules: Sequence[Rule], columns: Mapping[str, Set[str]]) -> Fault | None:
    """Return why the rules cannot be asked of a run; None where they can, or where the run had to withhold them."""
    withheld = find_withheld(run, rules)
    for id_, names in columns.items():
        kept = run.manifest.subjects.get(id_)
        if kept is None:
            if all(rule.id in withheld for rule in rules if rule.subject.id == id_):
                continue
            return Fault(problem=f"nothing was asked about {id_}")
        missing = sorted(name for name in names if name not in kept.columns)
        if missing:
            remedy = "A column is kept from the first run after it was added to the subject."
            return Fault(problem=f"{id_} had no {' and no '.join(missing)} yet", remedy=remedy)
        damage = run.damage(id_)
        if damage:
            return Fault(problem=damage)
    return None


def _between(first: date, last: date) -> Iterator[date]:
    yield from (first + timedelta(days=number) for number in range((last - first).days + 1))


def _nothing_to_ask(archive: Archive, draft: Rule, first: date, last: date, gaps: Mapping[date, Fault]) -> AlertingError:
    days, job = archive.kept_days(), draft.file.job
    if not archive.days:
        return AlertingError(
            "no days are kept", remedy="Set `keep: days:` in config.yaml to more than 0; each run then keeps its day."
        )
    if not days:
        return AlertingError(
            "no days are kept yet", remedy="Each `alerting run` keeps its day. Try again when some have gone by."
        )
    within = (
        f" from {max(first, days[0])} to {min(last, days[-1])}" if first <= days[-1] and last >= days[0] else " on those days"
    )
    if gaps:
        day = max(gaps)
        return AlertingError(
            f"{draft.code} can be asked of none of the days kept{within}: on {day}, {gaps[day].problem}", remedy=gaps[day].remedy
        )
    if job != "daily" and archive.runs("daily", first, last)[0]:
        remedy = "To try it on the daily runs, write `job: daily` into a copy of its file and give that."
        return AlertingError(f"no {job} run{within} is kept, and {draft.code} is asked {job}", remedy=remedy)
    return AlertingError(f"no {job} run{within} is kept", remedy=f"The days kept go from {days[0]} to {days[-1]}.")


def _changed(book: Rulebook, subject: Subject, runs: Sequence[KeptRun]) -> tuple[date, date] | None:
    now = book.subject_version(subject)
    days = [
        run.manifest.as_of
        for run in runs
        if subject.id in run.manifest.subjects and run.manifest.subjects[subject.id].version != now
    ]
    return (days[0], days[-1]) if days else None
