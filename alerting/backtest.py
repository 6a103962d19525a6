"""A rule asked of the days kept: what it would have said day by day, through the life that alerts really have.

Nothing is stored or sent. Each kept day's table takes the place of the subject's SQL, and who had gone since the day before
that of its proof of leaving; the question, the comparison with the live alerts and the lifecycle are those of a real run.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta

from alerting import evaluate, lifecycle
from alerting.archive import Archive, KeptRun
from alerting.cells import quoted
from alerting.errors import AlertingError
from alerting.evaluate import Asked, Evaluation
from alerting.lifecycle import CLEARED, LEFT
from alerting.model import Alert, Condition, Level, Transition
from alerting.pipeline import OWNERS, life_of, subject_version
from alerting.question import question
from alerting.rule import WORD, Rule
from alerting.rulebook import Rulebook
from alerting.rulefile import Subject
from alerting.snapshot import Snapshot
from alerting.trust import Trust
from alerting.working_days import is_working_day, working_days_between

FLAPS, FLAPS_WITHIN = 3, 20
"""An alert flaps that is opened again this often within so many working days."""
NO_RUN = "no run was kept"
_TOLD = (Condition.firing, Condition.recovering, Condition.held)


@dataclass(frozen=True, kw_only=True)
class Day:
    """What a rule said on one day kept. status: as the run's report has it; anything but ok has a problem.

    new: began to fire, and so would have been told. cleared, left: ended by the record, or because the subject left. open: at the
    end of the day, those on hold among them. pending: match, but not for long enough to be told.
    """

    as_of: date
    status: str
    problem: str | None
    population: int
    unknown: int
    new: int
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

    flapping: subjects whose alert was opened again FLAPS times within FLAPS_WITHIN working days. braked: days with more new ones
    than the rule's brake lets through.
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
    rules = [_bare(rule) for rule in (draft, in_use) if rule is not None]
    needed = _needed(rules)
    runs, gaps = archive.runs(draft.file.job, first, last)
    askable = []
    for run in runs:
        problem = _problem(run, rules, needed)
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
    replays = [_Replay(book, rule, needed[rule.subject.id]) for rule in rules]
    with ThreadPoolExecutor(len(replays)) as threads:  # each has an engine of its own, which does not hold up the other
        courses = list(threads.map(lambda replay: replay.live_through(askable), replays))
    return Backtest(
        draft=replace(courses[0], rule=draft),
        in_use=replace(courses[1], rule=in_use) if in_use else None,
        gaps=dict(sorted(gaps.items())),
        changed=_changed(book, draft.subject, askable),
    )


class _Replay:
    """Lives through the kept days with one rule. Alerts are values here and rows in the engine; only changes pass between."""

    def __init__(self, book: Rulebook, rule: Rule, columns: Sequence[str]) -> None:
        self.book, self.columns = book, columns
        self.rule, self.life = _as_kept(rule, columns), life_of(rule)
        self.live: dict[int, Alert] = {}
        self.count = 0
        self.tally: Counter[tuple[Condition, Level, str | None]] = Counter()
        self.episodes: Counter[str] = Counter()
        self.reopened: dict[str, list[date]] = defaultdict(list)
        self.flapping: set[str] = set()
        self.ended: list[tuple[timedelta, date, date]] = []
        self.days: list[Day] = []
        self.new_by_team: Counter[str | None] = Counter()
        self.most_by_team: Counter[str | None] = Counter()

    def live_through(self, runs: Sequence[KeptRun]) -> Course:
        """Ask the rule of each day, take its alerts on, and sum up what became of them."""
        with Snapshot(runs[0].manifest.as_of, self.book.settings) as snapshot:
            snapshot.settle({})
            for run in runs:
                self._live(snapshot, run)
        return self._course(runs)

    def _live(self, snapshot: Snapshot, run: KeptRun) -> None:
        as_of, first = run.manifest.as_of, not self.days
        snapshot.at(as_of)
        evaluation = self._evaluate(snapshot, run)
        if first:
            evaluation.load_live([])
        transitions = list(self._transitions(evaluation, as_of, owners_known=not OWNERS & run.manifest.untrusted.keys()))
        changed = [self._apply(transition, as_of) for transition in transitions]
        if changed:
            evaluation.update_live(changed)
        self._note(evaluation.asked[self.rule.id], transitions, as_of)

    def _evaluate(self, snapshot: Snapshot, run: KeptRun) -> Evaluation:
        id_ = self.rule.subject.id
        kept = run.manifest.subjects.get(id_)
        if kept is not None:  # where it is not, the rule is withheld
            snapshot.read_parquet(f"kept_{id_}", run.folder / kept.table.name, self.columns)
            snapshot.read_parquet(f"gone_{id_}", run.folder / kept.gone.name, ["subject", "reason"])
        for table in (f"subject_{id_}", "finding"):
            snapshot.sql(f"DROP TABLE IF EXISTS {quoted(table)}")
        return evaluate.evaluate(self.book, snapshot, [self.rule], _withheld(run, [self.rule]))

    def _transitions(self, evaluation: Evaluation, as_of: date, *, owners_known: bool) -> Iterator[Transition]:
        asked = evaluation.asked[self.rule.id]
        if asked.status != "ok":
            problem = asked.problem or asked.status
            yield from filter(None, (lifecycle.hold(alert, problem, as_of) for alert in self.live.values()))
            return
        for id_, finding in evaluation.changes():
            if id_ is None:
                self.episodes[finding.subject] += 1
                yield lifecycle.opened(finding, self.life, self.episodes[finding.subject], as_of)
            else:
                found = lifecycle.advance(self.live[id_], finding, self.life, as_of, owners_known=owners_known)
                yield from [found] if found else []

    def _apply(self, transition: Transition, as_of: date) -> Alert:
        """Put an alert's new state in the place of the old one, and keep the tally."""
        alert = transition.alert
        if alert.id is None:
            self.count += 1
            alert = replace(alert, id=self.count)
        else:
            before = self.live.pop(alert.id)
            self.tally[before.condition, before.level, before.team] -= 1
        if alert.condition != Condition.resolved and alert.id is not None:
            self.live[alert.id] = alert
            self.tally[alert.condition, alert.level, alert.team] += 1
        elif transition.before in _TOLD:
            self.ended = [max([*self.ended, (as_of - alert.first_seen, alert.first_seen, as_of)])]
        if transition.reason == "new" and alert.episode > 1:
            days = self.reopened[alert.subject]
            days.append(as_of)
            if len(days) >= FLAPS and self._working_days(days[-FLAPS], as_of) <= FLAPS_WITHIN:
                self.flapping.add(alert.subject)
        return alert

    def _note(self, asked: Asked, transitions: Sequence[Transition], as_of: date) -> None:
        conditions: Counter[Condition] = Counter()
        levels: Counter[str] = Counter()
        for (condition, level, _), count in self.tally.items():
            conditions[condition] += count
            levels[level.name] += count if condition in _TOLD else 0
        new = [transition.alert for transition in transitions if transition.reason == "new"]
        reasons = [transition.reason for transition in transitions if transition.alert.condition == Condition.resolved]
        if self.days:
            self.new_by_team.update(alert.team for alert in new)
        self.most_by_team |= self._open_by_team()
        self.days.append(
            Day(
                as_of=as_of,
                status=asked.status,
                problem=asked.problem,
                population=asked.population,
                unknown=asked.unknown,
                new=len(new),
                cleared=reasons.count(CLEARED),
                left=sum(reason.startswith(LEFT) for reason in reasons),
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

    def _course(self, runs: Sequence[KeptRun]) -> Course:
        last, brake = runs[-1].manifest.as_of, self.rule.file.brake
        going_on = [(last - each.first_seen, each.first_seen, last) for each in self.live.values() if each.condition in _TOLD]
        longest = max([*self.ended, *going_on], default=None)
        names = {id_: name for run in runs for id_, name in run.manifest.teams.items()}
        now, new, most = self._open_by_team(), self.new_by_team, self.most_by_team
        teams = [
            TeamLine(team=team, name=names.get(team or "", team or "no team"), new=new[team], open=now[team], most=most[team])
            for team in most.keys() | new.keys()
        ]
        return Course(
            rule=self.rule,
            days=tuple(self.days),
            teams=tuple(sorted(teams, key=lambda line: (-line.new, -line.most, line.name))),
            longest=self._working_days(*longest[1:]) if longest else 0,
            longest_goes_on=longest in going_on,
            flapping=len(self.flapping),
            braked=sum(day.new > brake for day in self.days[1:]) if brake else 0,
        )

    def _working_days(self, start: date, end: date) -> int:
        return working_days_between(start, end, self.book.settings.bank_holidays)


def _bare(rule: Rule) -> Rule:
    """Leave out of a rule what does not decide its alerts: it is asked again and again. Whose they are is told by team."""
    nobody = {} if rule.file.per else {"person": None, "member": None, "worker": None, "adviser": None}
    return replace(rule, facts=(), due=None, also={}, subject=rule.subject.model_copy(update=nobody))


def _as_kept(rule: Rule, columns: Sequence[str]) -> Rule:
    """Give a rule whose subject reads its kept tables in the place of the case data."""
    id_ = rule.subject.id
    subject = rule.subject.model_copy(
        update={
            "columns": {name: rule.subject.columns[name] for name in columns},
            "sql": f"SELECT {', '.join(map(quoted, columns))} FROM {quoted('kept_' + id_)}",
            "left_when": f"SELECT l.rule, l.subject, g.reason FROM live l JOIN {quoted('gone_' + id_)} g ON g.subject = l.subject",
        }
    )
    return replace(rule, subject=subject)


def _needed(rules: Iterable[Rule]) -> dict[str, list[str]]:
    """Give the columns that the rules need, by subject."""
    words: dict[str, set[str]] = defaultdict(set)
    subjects = {}
    for rule in rules:
        subject = subjects[rule.subject.id] = rule.subject
        roles = (subject.key, subject.person, subject.member, subject.team, subject.worker, subject.adviser)
        words[subject.id] |= {*WORD.findall(question(rule)), *rule.file.requires, *filter(None, roles)}
    return {id_: [name for name in subject.columns if name in words[id_]] for id_, subject in subjects.items()}


def _problem(run: KeptRun, rules: Sequence[Rule], needed: Mapping[str, Sequence[str]]) -> str | None:
    """Say why the rules cannot be asked of a run, None where they can, or would have been withheld."""
    withheld = _withheld(run, rules)
    for id_, columns in needed.items():
        kept = run.manifest.subjects.get(id_)
        if kept is None:
            if all(rule.id in withheld for rule in rules if rule.subject.id == id_):
                continue
            return f"nothing was asked about {id_}"
        missing = [name for name in columns if name not in kept.columns]
        if missing:
            return f"{id_} had no {' and no '.join(missing)} yet"
        damage = run.damage(id_)
        if damage:
            return damage
    return None


def _withheld(run: KeptRun, rules: Iterable[Rule]) -> dict[str, str]:
    believed = Trust(problems=run.manifest.untrusted, rows={}, loaded_at=None)
    return believed.withheld((rule.id, rule.reads) for rule in rules)


def _between(first: date, last: date) -> Iterator[date]:
    yield from (first + timedelta(days=number) for number in range((last - first).days + 1))


def _nothing_to_ask(archive: Archive, draft: Rule, first: date, last: date, gaps: Mapping[date, str]) -> AlertingError:
    days, job = archive.kept_days(), draft.file.job
    if gaps:
        day, why = max(gaps.items())
        remedy = "A column is kept from the first run after it was added to the subject." if "yet" in why else ""
        return AlertingError(
            f"{draft.code} can be asked of none of the days kept from {first} to {last}: on {day}, {why}", remedy=remedy
        )
    if not archive.days:
        return AlertingError(
            "no days are kept", remedy="Set `keep: days:` in config.yaml to more than 0; each run then keeps its day."
        )
    if not days:
        return AlertingError(
            "no days are kept yet", remedy="Each `alerting run` keeps its day. Try again when some have gone by."
        )
    if job != "daily" and archive.runs("daily", first, last)[0]:
        remedy = "To try it on the daily runs, write `job: daily` into a copy of its file and give that."
        return AlertingError(f"no {job} run from {first} to {last} is kept, and {draft.code} is asked {job}", remedy=remedy)
    return AlertingError(f"no {job} run from {first} to {last} is kept", remedy=f"The days kept go from {days[0]} to {days[-1]}.")


def _changed(book: Rulebook, subject: Subject, runs: Sequence[KeptRun]) -> tuple[date, date] | None:
    now = subject_version(book, subject)
    days = [
        run.manifest.as_of
        for run in runs
        if subject.id in run.manifest.subjects and run.manifest.subjects[subject.id].version != now
    ]
    return (days[0], days[-1]) if days else None
