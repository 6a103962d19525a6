"""A rule asked of the days kept: what it would have said day by day, through the life that alerts really have.

Nothing is stored or sent. Each kept day's table takes the place of the subject's SQL, and who had gone since the day before
that of its proof of leaving; the question and the lifecycle are those of a real run. The days are asked many at once, and what is
said of somebody passes on only where it is another than the day before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta

from alerting.alerts import brakes, lifecycle
from alerting.alerts.advance import OWNERS, life_of, working_days
from alerting.casedata.snapshot import Snapshot
from alerting.errors import AlertingError
from alerting.evaluation.archive import Archive, KeptRun
from alerting.evaluation.replay import Answer, Asker, bare, columns_of, withheld_of
from alerting.model import Alert, Condition, Finding, Level, Reason, Transition
from alerting.rulebook.file_models import Subject
from alerting.rulebook.loader import Rulebook
from alerting.rulebook.rule import Rule
from alerting.runs.pipeline import subject_version
from alerting.working_days import is_working_day

NO_RUN = "no run was kept"
_TOLD = (Condition.firing, Condition.recovering, Condition.held)


@dataclass(frozen=True, kw_only=True)
class Day:
    """What a rule said on one day kept. status: as the run's report has it; anything but ok has a problem.

    new: began to fire, and so would have been told. back: had been cleared or was improving, and fires again. cleared, left: ended by the record, or because the subject left. open: at the
    end of the day, those on hold among them. pending: match, but not for long enough to be told.
    """

    as_of: date
    status: str
    problem: str | None
    population: int
    unknown: int
    new: int
    back: int
    cleared: int
    left: int
    open: int
    held: int
    pending: int
    levels: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class TeamLine:
    """What a rule would have meant for one team: new after the first day, open at the end, and the most that were open on a day."""

    team: str | None
    name: str
    new: int
    open: int
    most: int


@dataclass(frozen=True, kw_only=True)
class Course:
    """One rule over all the days. longest: working days that the longest alert was open, and whether it still is.

    flapping: subjects whose alert came back so often in so short a time that it flaps. braked: days with more new ones than the
    rule's brake lets through.
    """

    rule: Rule
    days: tuple[Day, ...]
    teams: tuple[TeamLine, ...]
    longest: int
    longest_goes_on: bool
    flapping: int
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
    """What a rule would have done, and the rule in use beside it where that is another. gaps: days without an answer, and why.

    changed: the first and last day kept on which the subject's SQL was another than it is today.
    """

    draft: Course
    in_use: Course | None
    gaps: Mapping[date, str]
    changed: tuple[date, date] | None

    @property
    def courses(self) -> tuple[Course, ...]:
        """The draft, and the rule in use where there is one beside it."""
        return (self.draft, self.in_use) if self.in_use else (self.draft,)


def backtest(
    book: Rulebook, archive: Archive, draft: Rule, in_use: Rule | None, first: date, last: date, weekdays: Set[int] = frozenset()
) -> Backtest:
    """Ask a rule of every day kept between two days, both included, and beside it the rule in use, where one is given.

    weekdays: those on which the rule's job runs, by which a missing day is known (Monday is 0). Raises AlertingError where
    there is no day that the rule can be asked of.
    """
    rules = [bare(rule) for rule in (draft, in_use) if rule is not None]
    needed = {rule.subject.id: rule.subject for rule in rules}
    columns = {id_: {name for rule in rules if rule.subject.id == id_ for name in columns_of(rule)} for id_ in needed}
    runs, gaps = archive.runs(draft.file.job, first, last)
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
            gaps.setdefault(day, NO_RUN)
    with ThreadPoolExecutor(len(rules)) as threads:  # each has an engine of its own, which does not hold up the other
        courses = list(threads.map(lambda rule: _live_through(book, rule, askable), rules))
    return Backtest(
        draft=replace(courses[0], rule=draft),
        in_use=replace(courses[1], rule=in_use) if in_use else None,
        gaps=dict(sorted(gaps.items())),
        changed=_changed(book, draft.subject, askable),
    )


def _live_through(book: Rulebook, rule: Rule, runs: Sequence[KeptRun]) -> Course:
    """Ask a rule of each run in order, take its alerts on, and sum up what became of them."""
    lives = _Lives(book, rule)
    with Snapshot(runs[0].manifest.as_of, book.settings) as snapshot:
        snapshot.settle({})
        asker = Asker(book, rule, snapshot)
        for start in range(0, len(runs), asker.at_once):
            piece = runs[start : start + asker.at_once]
            answers = asker.ask(piece)
            for run in piece:
                owners_known = not OWNERS & run.manifest.untrusted.keys()
                lives.live(run.manifest.as_of, answers[run.manifest.as_of], owners_known=owners_known)
    return lives.course({id_: name for run in runs for id_, name in run.manifest.teams.items()})


class _Lives:
    """The alerts of one rule, day by day, by their subject."""

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

    def live(self, as_of: date, answer: Answer, *, owners_known: bool) -> None:
        """Take every alert on by a day's answer, and note what became of them."""
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
        """Return whom the same is said of as before, and whose alert goes on by it: it counts days, or was on hold with the rule."""
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
        return lifecycle.begun(finding, self.life, last, as_of, self.working_days, owners_known=owners_known)

    def _apply(self, transition: Transition, as_of: date) -> None:
        """Put an alert's new state in the place of the old one, and keep the tally."""
        alert = transition.alert
        before = self.alerts.pop(alert.subject, None)
        if before is not None:
            self.tally[before.condition, before.level, before.team] -= 1
        if alert.condition != Condition.resolved:
            self.alerts[alert.subject] = alert
            self.tally[alert.condition, alert.level, alert.team] += 1
        elif transition.before in _TOLD:
            self.ended = [max([*self.ended, (as_of - alert.first_seen, alert.first_seen, as_of)])]
        self.last[alert.subject] = alert
        if transition.reason == Reason.back_again and lifecycle.flapping(alert.came_back, as_of, self.working_days):
            self.flapping.add(alert.subject)

    def _note(self, as_of: date, answer: Answer, transitions: Sequence[Transition]) -> None:
        conditions: Counter[Condition] = Counter()
        levels: Counter[str] = Counter()
        for (condition, level, _), count in self.tally.items():
            conditions[condition] += count
            levels[level.name] += count if condition in _TOLD else 0
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
                open=sum(conditions[condition] for condition in _TOLD),
                held=conditions[Condition.held],
                pending=conditions[Condition.pending],
                levels={name: levels[name] for name in reversed(Level.__members__)},
            )
        )

    def _open_by_team(self) -> Counter[str | None]:
        teams: Counter[str | None] = Counter()
        for (condition, _, team), count in self.tally.items():
            teams[team] += count if condition in _TOLD else 0
        return teams

    def course(self, names: Mapping[str, str]) -> Course:
        """Sum up what became of the alerts. names: the teams', by id."""
        last, limit = self.days[-1].as_of, self._limit()
        going_on = [(last - each.first_seen, each.first_seen, last) for each in self.alerts.values() if each.condition in _TOLD]
        longest = max([*self.ended, *going_on], default=None)
        now, new, most = self._open_by_team(), self.new_by_team, self.most_by_team
        teams = [
            TeamLine(team=team, name=names.get(team or "", team or "no team"), new=new[team], open=now[team], most=most[team])
            for team in most.keys() | new.keys()
        ]
        return Course(
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


def _problem(run: KeptRun, rules: Sequence[Rule], columns: Mapping[str, Set[str]]) -> str | None:
    """Return why the rules cannot be asked of a run, None where they can, or would have been withheld."""
    withheld = withheld_of(run, rules)
    for id_, names in columns.items():
        kept = run.manifest.subjects.get(id_)
        if kept is None:
            if all(rule.id in withheld for rule in rules if rule.subject.id == id_):
                continue
            return f"nothing was asked about {id_}"
        missing = sorted(name for name in names if name not in kept.columns)
        if missing:
            return f"{id_} had no {' and no '.join(missing)} yet"
        damage = run.damage(id_)
        if damage:
            return damage
    return None


def _between(first: date, last: date) -> Iterator[date]:
    yield from (first + timedelta(days=number) for number in range((last - first).days + 1))


def _nothing_to_ask(archive: Archive, draft: Rule, first: date, last: date, gaps: Mapping[date, str]) -> AlertingError:
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
        day, why = max(gaps.items())
        remedy = "A column is kept from the first run after it was added to the subject." if "yet" in why else ""
        return AlertingError(f"{draft.code} can be asked of none of the days kept{within}: on {day}, {why}", remedy=remedy)
    if job != "daily" and archive.runs("daily", first, last)[0]:
        remedy = "To try it on the daily runs, write `job: daily` into a copy of its file and give that."
        return AlertingError(f"no {job} run{within} is kept, and {draft.code} is asked {job}", remedy=remedy)
    return AlertingError(f"no {job} run{within} is kept", remedy=f"The days kept go from {days[0]} to {days[-1]}.")


def _changed(book: Rulebook, subject: Subject, runs: Sequence[KeptRun]) -> tuple[date, date] | None:
    now = subject_version(book, subject)
    days = [
        run.manifest.as_of
        for run in runs
        if subject.id in run.manifest.subjects and run.manifest.subjects[subject.id].version != now
    ]
    return (days[0], days[-1]) if days else None
