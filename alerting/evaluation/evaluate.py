"""Asks each rule of everyone it is about: Rule x Snapshot -> findings, or why the rule could not be asked.

Set-based throughout: a rule is one query over its subject's whole population, and the comparison with the live alerts
is one join. Only what changed becomes Python values.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from alerting.casedata.conversion import quoted
from alerting.casedata.snapshot import EngineError, Snapshot
from alerting.errors import RuleError
from alerting.evaluation.fill import check_fill
from alerting.evaluation.query import directory_keys, rule_query
from alerting.model import Alert, Condition, Finding, Level, Outcome
from alerting.rulebook.file_models import Subject
from alerting.rulebook.loader import Rulebook
from alerting.rulebook.rule import Rule

RULE_SECONDS = 120.0


@dataclass(kw_only=True)
class Asked:
    """How asking one rule went. status: ok, off, error or withheld; anything but ok has a problem and no findings."""

    rule: Rule
    status: str = "ok"
    problem: str | None = None
    population: int = 0
    match: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Level.__members__, 0))
    clear: int = 0
    unknown: int = 0
    ms: int = 0


class Evaluation:
    """The answers of one run's rules, kept in the snapshot until they are compared with the live alerts."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.asked: dict[str, Asked] = {}
        self.problems: list[str] = []
        self._snapshot = snapshot
        snapshot.sql(
            "CREATE TABLE finding (rule VARCHAR, subject VARCHAR, outcome VARCHAR, level TINYINT, measure DOUBLE, due DATE, "
            "team VARCHAR, worker VARCHAR, adviser VARCHAR, person VARCHAR, member VARCHAR, also VARCHAR, facts VARCHAR)"
        )

    def findings(self, rule: str) -> list[Finding]:
        """Return every finding of one rule, clear ones too; for tests and explanations, not for the line."""
        rows = self._snapshot.sql(f"SELECT {_FINDING} FROM finding f WHERE f.rule = $1 ORDER BY f.subject", [rule])
        return [_finding(row) for row in rows]

    def compare(self, live: Sequence[Alert]) -> list[tuple[int | None, Finding]]:
        """Return what may change: each live alert's id (None for a new one) with today's finding about its subject.

        Live alerts that go on unchanged are not among them, nor are those of rules that were not asked. A live alert
        whose subject is not in the population comes as `absent`, with the reason where the data proves it left.
        """
        asked = {rule for rule, result in self.asked.items() if result.status == "ok"}
        self.load_live([alert for alert in live if alert.rule in asked])
        return self.changes()

    def changes(self) -> list[tuple[int | None, Finding]]:
        """Return what `compare` gives, for the live alerts that are in the table `live_alert` already."""
        rows = self._snapshot.sql(
            f"""SELECT l.id, {_FINDING} FROM finding f FULL JOIN live_alert l ON l.rule = f.rule AND l.subject = f.subject
            WHERE (l.id IS NULL AND f.outcome = 'match')
               OR (f.outcome = 'clear' AND l.id IS NOT NULL)
               OR (f.outcome = 'unknown' AND l.condition <> 'held')
               OR (f.outcome = 'match' AND (l.condition <> 'firing' OR l.level <> f.level
                   OR (l.team, l.worker, l.adviser, l.also, l.member, l.person)
                      IS DISTINCT FROM (f.team, f.worker, f.adviser, f.also, f.member, f.person)))
            ORDER BY f.rule, f.subject"""
        )
        changes: list[tuple[int | None, Finding]] = [(row[0], _finding(row[1:])) for row in rows if row[1] is not None]
        return changes + self._absent()

    def readings(self) -> list[tuple[int, float | None, date | None, str]]:
        """Return today's measure, due date and facts (JSON) of each live alert that still matches."""
        return self._snapshot.sql(
            """SELECT l.id, f.measure, f.due, f.facts FROM finding f JOIN live_alert l ON l.rule = f.rule AND l.subject = f.subject
            WHERE f.outcome = 'match'"""
        )

    def answers(self, rule: Rule, subjects: Sequence[str]) -> dict[str, Outcome]:
        """Return what another form of a rule that was asked says of these subjects; of those it asks about, and if it can be asked."""
        try:
            rows = self._snapshot.sql(
                f"SELECT subject, outcome FROM ({rule_query(rule)}) q({_ANSWER}) WHERE subject IN (SELECT unnest($1::VARCHAR[]))",
                [list(subjects)],
            )
        except EngineError:  # its words may name what is not there any more
            return {}
        return {subject: Outcome(outcome) for subject, outcome in rows}

    def still_in_subject(self, rule: Rule, subjects: Sequence[str]) -> set[str]:
        """Return those of these subjects that are in the table of the rule's subject, whether or not it asks about them."""
        if rule.file.per:  # each team, worker or service of the directory is asked about
            return set(subjects)
        key, table = quoted(rule.subject.key), quoted(f"subject_{rule.subject.id}")
        rows = self._snapshot.sql(f"SELECT {key} FROM {table} WHERE {key} IN (SELECT unnest($1::VARCHAR[]))", [list(subjects)])
        return {str(key) for (key,) in rows}

    def load_live(self, live: Sequence[Alert]) -> None:
        """Make the table `live_alert` of these alerts."""
        rows, columns = _live_rows(live)
        self._snapshot.sql(f"CREATE OR REPLACE TABLE live_alert AS {rows}", columns)

    def update_live(self, changed: Sequence[Alert]) -> None:
        """Bring the table `live_alert` up to date with alerts that are new or have changed; resolved ones leave it."""
        self._snapshot.sql("DELETE FROM live_alert WHERE id IN (SELECT unnest($1::BIGINT[]))", [[alert.id for alert in changed]])
        rows, columns = _live_rows([alert for alert in changed if alert.condition != Condition.resolved])
        self._snapshot.sql(f"INSERT INTO live_alert {rows}", columns)

    def _absent(self) -> list[tuple[int | None, Finding]]:
        """Return the live alerts whose subject is not there, with why it left, where a subject's own SQL proves it."""
        absent = self._absent_groups()
        for subject in {result.rule.subject.id: result.rule.subject for result in self.asked.values()}.values():
            # A rule may have an upper age of its own, which only it knows: to have passed it is a reason to have left.
            ages = {
                name: result.rule.params.get("max_age")
                for name, result in self.asked.items()
                if result.rule.subject.id == subject.id and result.status == "ok" and not result.rule.file.per
            }
            if not ages:  # none of its rules was asked, so the views that its SQL reads may not be there
                continue
            self._snapshot.sql(
                """CREATE OR REPLACE TABLE live AS SELECT l.id, l.rule, l.subject, l.person, l.member, r.upper_age FROM live_alert l
                JOIN (SELECT unnest($1::VARCHAR[]) AS rule, unnest($2::INTEGER[]) AS upper_age) r ON r.rule = l.rule
                WHERE NOT EXISTS (SELECT 1 FROM finding f WHERE f.rule = l.rule AND f.subject = l.subject)""",
                [list(ages), list(ages.values())],
            )
            proof = (
                subject.left_when.strip().rstrip(";")
                if subject.left_when
                else "SELECT NULL AS rule, NULL AS subject, NULL AS reason"
            )
            try:
                rows = self._snapshot.sql(
                    f"""SELECT l.id, l.rule, l.subject, min(w.reason) FROM live l
                    LEFT JOIN ({proof}) w ON w.rule = l.rule AND w.subject = l.subject GROUP BY ALL ORDER BY 2, 3"""
                )
            except EngineError as error:
                # Without the proof its alerts are held; the other subjects' are not touched by it.
                self.problems.append(f"the subject {subject.id} cannot say who has left: {error.safe}")
                rows = self._snapshot.sql("SELECT id, rule, subject, NULL FROM live ORDER BY 2, 3")
            absent += [(row[0], Finding(rule=row[1], subject=row[2], outcome=Outcome.absent, left=row[3])) for row in rows]
        return absent

    def _absent_groups(self) -> list[tuple[int | None, Finding]]:
        """Return the live alerts about a team, worker or service that is not asked about; the directory proves that it has gone."""
        absent: list[tuple[int | None, Finding]] = []
        for name, result in self.asked.items():
            per = result.rule.file.per
            if result.status != "ok" or not per:
                continue
            column, table = directory_keys(result.rule)
            reading = self._snapshot.readings.get(table)
            listed = bool(reading and reading.rows)
            rows = self._snapshot.sql(
                f"""SELECT l.id, l.subject, l.subject NOT IN (SELECT {column} FROM {table} WHERE {column} IS NOT NULL) FROM live_alert l
                WHERE l.rule = $1 AND NOT EXISTS (SELECT 1 FROM finding f WHERE f.rule = l.rule AND f.subject = l.subject)
                ORDER BY l.subject""",
                [name],
            )
            absent += [
                (
                    id_,
                    Finding(
                        rule=name,
                        subject=subject,
                        outcome=Outcome.absent,
                        left=f"{per} no longer in the directory" if gone and listed else None,
                    ),
                )
                for id_, subject, gone in rows
            ]
        return absent


def _live_rows(live: Sequence[Alert]) -> tuple[str, list[Any]]:
    """Return the query that makes rows of `live_alert`, and its parameters."""
    columns: list[Any] = [
        [alert.id for alert in live],
        [alert.rule for alert in live],
        [alert.subject for alert in live],
        [alert.condition.value for alert in live],
        [int(alert.level) for alert in live],
        *([getattr(alert, name) for alert in live] for name in ("team", "worker", "adviser", "person", "member")),
        [" ".join(alert.also) for alert in live],
    ]
    types = ["BIGINT", "VARCHAR", "VARCHAR", "VARCHAR", "TINYINT", *["VARCHAR"] * 6]
    names = ["id", "rule", "subject", "condition", "level", "team", "worker", "adviser", "person", "member", "also"]
    selected = ", ".join(f"unnest(${n}::{kind}[]) AS {name}" for n, (kind, name) in enumerate(zip(types, names, strict=True), 1))
    return f"SELECT {selected}", columns


_FINDING = (
    "f.rule, f.subject, f.outcome, f.level, f.measure, f.due, f.team, f.worker, f.adviser, f.person, f.member, f.also, f.facts"
)


_ANSWER = "rule, subject, outcome, level, measure, due, team, worker, adviser, person, member, also, facts"


def _finding(row: Sequence[Any]) -> Finding:
    rule, subject, outcome, level, measure, due, team, worker, adviser, person, member, also, facts = row
    return Finding(
        rule=rule,
        subject=subject,
        outcome=Outcome(outcome),
        level=Level(level) if level is not None else None,
        measure=measure,
        due=due,
        team=team,
        worker=worker,
        adviser=adviser,
        person=person,
        member=member,
        also=tuple((also or "").split()),
        facts=json.loads(facts) if facts else {},
    )


def evaluate(book: Rulebook, snapshot: Snapshot, rules: Iterable[Rule], withheld: Mapping[str, str] | None = None) -> Evaluation:
    """Ask each rule. A rule that is withheld, or whose query fails, has no findings; the others are not touched by it.

    withheld: why a rule must not be asked today, by its id.
    """
    evaluation = Evaluation(snapshot)
    stage = _Stage(book, snapshot)
    for rule in rules:
        started = time.perf_counter()
        asked = evaluation.asked[rule.id] = Asked(rule=rule)
        if withheld and rule.id in withheld:
            asked.status, asked.problem = "withheld", withheld[rule.id]
            continue
        try:
            with snapshot.time_limit(RULE_SECONDS):
                stage.set_up(rule.subject)
                _ask(snapshot, rule, asked)
                _judge_fill(snapshot, rule, asked, book)
        except RuleError as error:
            asked.status, asked.problem = "error", error.problem
        except EngineError as error:
            asked.status, asked.problem = "error", error.safe
        asked.ms = round((time.perf_counter() - started) * 1000)
        if asked.status != "ok":
            snapshot.sql("DELETE FROM finding WHERE rule = $1", [rule.id])
    return evaluation


class _Stage:
    """Makes each shared view and each subject a table, once, when the first rule needs it."""

    def __init__(self, book: Rulebook, snapshot: Snapshot) -> None:
        self._book, self._snapshot = book, snapshot
        self._made: dict[str, RuleError | None] = {}

    def set_up(self, subject: Subject) -> None:
        """Make the subject's table and all it needs. Raises RuleError, the same one each time it is asked for."""
        if subject.id not in self._made:
            self._made[subject.id] = None
            try:
                for name in self._book.views_for([subject.sql, subject.left_when or ""]):
                    self._make(name, self._book.views[name], f"the view {name}")
                self._make_subject(subject)
            except RuleError as error:
                self._made[subject.id] = error
        failed = self._made[subject.id]
        if failed:
            raise failed

    def _make(self, name: str, sql: str, what: str) -> None:
        if name not in self._made:
            try:
                self._snapshot.sql(f"CREATE TABLE {quoted(name)} AS {sql}")
            except EngineError as error:
                self._made[name] = RuleError(f"{what} cannot be made: {error.safe}")
            else:
                self._made[name] = None
        failed = self._made[name]
        if failed:
            raise failed

    def _make_subject(self, subject: Subject) -> None:
        columns = ", ".join(
            f"CAST({quoted(name)} AS {SQL_TYPES[column.type]}) AS {quoted(name)}" for name, column in subject.columns.items()
        )
        self._make(
            f"subject_{subject.id}", f"SELECT {columns} FROM ({subject.sql.strip().rstrip(';')})", f"the subject {subject.id}"
        )
        [(rows, keys, empty)] = self._snapshot.sql(
            f"SELECT count(*), count(DISTINCT {quoted(subject.key)}), count(*) FILTER (WHERE {quoted(subject.key)} IS NULL) "
            f"FROM {quoted('subject_' + subject.id)}"
        )
        if rows != keys or empty:
            raise RuleError(f"the subject {subject.id} gives {rows} rows for {keys} different keys; each key must be there once")


SQL_TYPES = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "date": "DATE",
    "boolean": "BOOLEAN",
    "codes": "VARCHAR[]",
}


def _ask(snapshot: Snapshot, rule: Rule, asked: Asked) -> None:
    snapshot.sql(f"INSERT INTO finding {rule_query(rule)}")
    counts = snapshot.sql("SELECT outcome, level, count(*) FROM finding WHERE rule = $1 GROUP BY 1, 2", [rule.id])
    for outcome, level, count in counts:
        asked.population += count
        if outcome == "match":
            asked.match[Level(level).name] += count
        else:
            setattr(asked, outcome, getattr(asked, outcome) + count)


def _judge_fill(snapshot: Snapshot, rule: Rule, asked: Asked, book: Rulebook) -> None:
    """Take back the answers of a rule where too few of its population have a value that it needs."""
    for problem in check_fill(snapshot, rule, book.settings.params).values():
        asked.status, asked.problem = "off", problem
        asked.match = dict.fromkeys(asked.match, 0)
        asked.clear = asked.unknown = 0
