"""A rule asked of days that were kept, many of them at once.

A row carries its day, and the question takes `as_of()` from it. The answers stay in the engine; what is said about somebody is read
out only where it differs from the day before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from alerting.casedata.engine_errors import EngineError
from alerting.casedata.snapshot import Snapshot
from alerting.casedata.trust import Trust
from alerting.evaluation.archive import DIRECTORY, KeptRun
from alerting.evaluation.fill import check_fill
from alerting.evaluation.query import required_rows, rule_query
from alerting.evaluation.stage import SQL_TYPES
from alerting.model import Finding, Level, Outcome
from alerting.rulebook.book import Rulebook
from alerting.rulebook.rule import Rule
from alerting.rulebook.sql_tree import names_in_all, replace_calls

DAYS_AT_ONCE = 25


@dataclass(kw_only=True)
class DayAnswer:
    """What a rule said on one day."""

    #: As in a run's report; anything but ok has a problem.
    status: str = "ok"
    problem: str | None = None
    population: int = 0
    unknown: int = 0
    #: What differs from the last day it was asked, about those it ever alerted about.
    findings: list[Finding] = field(default_factory=list)


class Replay:
    """Asks one rule of kept days, in order. Its answers stay in the engine; only what differs from the day before is read out."""

    def __init__(self, book: Rulebook, rule: Rule, snapshot: Snapshot) -> None:
        self.rule, self.snapshot, self.params = rule, snapshot, book.settings.params
        # Rows carry their day, so that many days are one query; what asks for the day in other ways is asked day by day.
        self.at_once = 1 if rule.file.per or "is_open" in names_in_all(_asks(rule)).functions else DAYS_AT_ONCE
        self.last: date | None = None
        snapshot.sql("CREATE TABLE answer (day DATE, subject VARCHAR, outcome VARCHAR, level TINYINT, team VARCHAR)")
        snapshot.sql("CREATE TABLE gone (day DATE, subject VARCHAR, reason VARCHAR)")
        snapshot.sql("CREATE TABLE ever (subject VARCHAR)")

    def ask(self, runs: Sequence[KeptRun]) -> dict[date, DayAnswer]:
        """Ask the rule of these runs, which come after those asked before."""
        answers = {run.manifest.as_of: DayAnswer() for run in runs}
        asked = []
        for run in runs:
            problem = find_withheld(run, [self.rule]).get(self.rule.id)
            if problem is None:
                asked.append(run)
            else:
                answers[run.manifest.as_of] = DayAnswer(status="withheld", problem=problem)
        self.snapshot.sql("DELETE FROM answer WHERE day IS DISTINCT FROM $1::DATE", [self.last])
        self.snapshot.sql("DELETE FROM gone")
        if asked:
            self._put(asked, answers)
            self._count(answers)
            self._find_changes([run.manifest.as_of for run in asked if answers[run.manifest.as_of].status == "ok"], answers)
        return answers

    def _put(self, runs: Sequence[KeptRun], answers: dict[date, DayAnswer]) -> None:
        """Put the question for all these days at once; where that fails, for each alone, to learn which day cannot be asked."""
        asks, day = rule_query(self.rule), "as_of()"
        if self.at_once > 1:
            asks, day = _by_row(asks), "CAST(member AS DATE)"
        try:
            self._load(runs)
            self.snapshot.at(runs[-1].manifest.as_of)
            self.snapshot.sql(f"INSERT INTO answer SELECT {day}, subject, outcome, level, team FROM ({asks}) q({_ANSWER})")
            self._judge_fill(answers)
        except EngineError as error:
            if len(runs) == 1:
                answers[runs[0].manifest.as_of] = DayAnswer(status="error", problem=error.safe)
                return
            days = [run.manifest.as_of for run in runs]
            for table in ("answer", "gone"):
                self.snapshot.sql(f"DELETE FROM {table} WHERE day IN (SELECT unnest($1::DATE[]))", [days])
            for run in runs:
                self._put([run], answers)

    def _load(self, runs: Sequence[KeptRun]) -> None:
        subject, per = self.rule.subject, self.rule.file.per
        kept = {run.manifest.as_of: (run.folder, run.manifest.subjects[subject.id]) for run in runs}
        tables = {day: folder / files.table.name for day, (folder, files) in kept.items()}
        types = {name: SQL_TYPES[subject.columns[name].type] for name in find_columns(self.rule)}
        self.snapshot.read_parquet(f"subject_{subject.id}", tables, types)
        if not per:
            proofs = {day: folder / files.gone.name for day, (folder, files) in kept.items()}
            self.snapshot.read_parquet("proof", proofs, {"subject": "VARCHAR", "reason": "VARCHAR"})
            self.snapshot.sql("INSERT INTO gone SELECT as_of, subject, reason FROM proof")
            return
        [run] = runs
        for table, columns in DIRECTORY.items():
            self.snapshot.read_parquet(table, {run.manifest.as_of: run.folder / run.manifest.directory[table].name}, columns)
        column, table = {"team": ("team_id", "ext_team"), "worker": ("worker_id", "ext_staff")}.get(per, ("service", "ext_team"))
        self.snapshot.sql(
            f"""INSERT INTO gone SELECT $1::DATE, subject, '{per} no longer in the directory' FROM ever
            WHERE subject NOT IN (SELECT {column} FROM {table} WHERE {column} IS NOT NULL) AND EXISTS (SELECT 1 FROM {table})""",
            [run.manifest.as_of],
        )

    def _judge_fill(self, answers: dict[date, DayAnswer]) -> None:
        """Take back the answers of days on which too few of the population have a value that the rule needs."""
        rows = _by_row(required_rows(self.rule))
        for day, too_few in check_fill(self.snapshot, self.rule, self.params, rows=rows, day="as_of").items():
            answers[day] = DayAnswer(status="off", problem=too_few.problem)
            self.snapshot.sql("DELETE FROM answer WHERE day = $1::DATE", [day])

    def _count(self, answers: Mapping[date, DayAnswer]) -> None:
        for day, outcome, count in self.snapshot.sql("SELECT day, outcome, count(*) FROM answer GROUP BY 1, 2"):
            if day in answers:
                answers[day].population += count
                answers[day].unknown += count if outcome == "unknown" else 0

    def _find_changes(self, days: Sequence[date], answers: Mapping[date, DayAnswer]) -> None:
        if not days:
            return
        numbered = [self.last, *days] if self.last else list(days)
        self.snapshot.sql(
            "INSERT INTO ever SELECT DISTINCT subject FROM answer WHERE outcome = 'match' AND subject NOT IN (SELECT subject FROM ever)"
        )
        self.snapshot.sql(
            "CREATE OR REPLACE TABLE asked AS SELECT unnest($1::DATE[]) AS day, unnest(range($2::INTEGER, $3::INTEGER)) AS n",
            [numbered, len(days) - len(numbered) + 1, len(days) + 1],
        )
        for day, subject, outcome, level, team, left in self.snapshot.sql(_CHANGES):
            finding = Finding(
                rule=self.rule.id,
                subject=subject,
                outcome=Outcome(outcome),
                level=Level(level) if level is not None else None,
                team=team,
                left=left,
            )
            answers[day].findings.append(finding)
        self.last = days[-1]


_ANSWER = "rule, subject, outcome, level, measure, due, team, worker, adviser, service, person, member, also, facts"
_CHANGES = """
WITH said AS (
  SELECT a.*, d.n, lag(d.n) OVER w AS n_before, lead(d.n) OVER w AS n_after, lag((a.outcome, a.level, a.team)) OVER w AS before
  FROM answer a JOIN asked d ON d.day = a.day WHERE a.subject IN (SELECT subject FROM ever)
  WINDOW w AS (PARTITION BY a.subject ORDER BY d.n)
), absent AS (
  SELECT d.day, s.subject FROM said s JOIN asked d ON d.n = s.n + 1 WHERE s.n_after IS DISTINCT FROM s.n + 1
  UNION
  SELECT g.day, g.subject FROM gone g JOIN asked d ON d.day = g.day
  WHERE g.reason IS NOT NULL AND g.subject IN (SELECT subject FROM ever)
    AND NOT EXISTS (SELECT 1 FROM answer a WHERE a.day = g.day AND a.subject = g.subject)
)
SELECT day, subject, outcome, level, team, NULL AS "left" FROM said
WHERE n > 0 AND (n_before IS DISTINCT FROM n - 1 OR before IS DISTINCT FROM (outcome, level, team))
UNION ALL
SELECT a.day, a.subject, 'absent', NULL, NULL, g.reason FROM absent a LEFT JOIN gone g ON g.day = a.day AND g.subject = a.subject
ORDER BY 1, 2"""


def strip_rule(rule: Rule) -> Rule:
    """Return a rule without all that does not decide its alerts, as it is asked again and again. Of whose they are, the team stays."""
    # An answer has its row's day where it would have the member.
    nobody = {} if rule.file.per else {"person": None, "member": "as_of", "worker": None, "adviser": None, "service": None}
    return replace(rule, facts=(), due=None, also={}, subject=rule.subject.model_copy(update=nobody))


def find_columns(rule: Rule) -> list[str]:
    """Return the columns that a rule needs of its subject."""
    named = {*names_in_all(_asks(rule)).columns, *(name.lower() for name in (*rule.file.requires, rule.subject.key))}
    return [name for name in rule.subject.columns if name.lower() in named]


def _asks(rule: Rule) -> tuple[str, str]:
    """Return the queries that are asked for a rule."""
    return rule_query(rule), required_rows(rule)


def find_withheld(run: KeptRun, rules: Iterable[Rule]) -> dict[str, str]:
    """Return the rules that a run had to withhold, by their id, each with why: a table that they read was not trusted."""
    believed = Trust(problems=run.manifest.untrusted, rows={}, loaded_at=None)
    return believed.withheld((rule.id, rule.reads) for rule in rules)


def _by_row(asks: str) -> str:
    """Return a question that takes the day from the row it is asked of."""
    return replace_calls(asks, "as_of", 's."as_of"')
