"""Asks each rule of everyone it is about: Rule x Snapshot -> findings, or why the rule could not be asked.

Set-based throughout: a rule is one query over its subject's whole population, and the comparison with the live alerts
is one join. Only what changed becomes Python values.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from alerting.casedata.conversion import quoted
from alerting.casedata.engine_errors import EngineError
from alerting.casedata.snapshot import Ran, Snapshot
from alerting.casedata.trust import Trust
from alerting.errors import RuleError
from alerting.evaluation import run_tables
from alerting.evaluation.evaluation import Asked, Candidate, Off, Reading, Status, no_matches
from alerting.evaluation.fill import check_fill
from alerting.evaluation.looked_at import LookedAt, read_looked_at
from alerting.evaluation.plan_actions import PlanAction, read_plan
from alerting.evaluation.query import ROLES, directory_keys, rule_query
from alerting.evaluation.service_figures import ServiceFigures, read_service_figures
from alerting.evaluation.stage import Stage
from alerting.evaluation.supply import NotSupplied, find_not_supplied
from alerting.evaluation.watch import Watch, read_watch
from alerting.model import About, Alert, Finding, Level, Outcome, Problem
from alerting.rulebook.book import Rulebook
from alerting.rulebook.lineage import columns_of
from alerting.rulebook.rule import Rule

_AT_A_TIME = 50_000


class Answers:
    """The answers of a day's rules, kept in the snapshot, where they are compared with the live alerts."""

    def __init__(self, snapshot: Snapshot) -> None:
        #: How asking went, by rule.
        self.asked: dict[str, Asked] = {}
        #: The rules that were to be asked, by id.
        self.rules: dict[str, Rule] = {}
        self.problems: list[Problem] = []
        #: What every rule looks at, where that was asked.
        self.watch: Watch | None = None
        self.plan: tuple[PlanAction, ...] | None = None
        self.figures: ServiceFigures | None = None
        self.looked_at: LookedAt | None = None
        self._snapshot = snapshot
        snapshot.sql(
            "CREATE TABLE finding (rule VARCHAR, subject VARCHAR, outcome VARCHAR, level TINYINT, measure DOUBLE, due DATE, "
            "team VARCHAR, worker VARCHAR, adviser VARCHAR, service VARCHAR, person VARCHAR, member VARCHAR, also VARCHAR, facts VARCHAR)"
        )

    def findings(self, rule: str) -> list[Finding]:
        """Return every finding of one rule, clear ones too; for tests and explanations, not for the line."""
        rows = self._snapshot.sql(f"SELECT {_FINDING} FROM finding f WHERE f.rule = $1 ORDER BY f.subject", [rule])
        return [_finding(row) for row in rows]

    def compare(self, live: Sequence[Alert]) -> list[Candidate]:
        """Return what may change: each live alert's reference (None for a new one) with today's finding about its subject.

        Live alerts that go on unchanged are not among them, nor are those of rules that were not asked. A live alert
        whose subject is not in the population comes as `absent`, with the reason where the data proves it left.
        """
        asked = {id_ for id_, result in self.asked.items() if result.status == Status.ok}
        self._load([alert for alert in live if alert.rule in asked])
        rows = self._snapshot.sql(
            f"""SELECT l.ref, {_FINDING} FROM finding f FULL JOIN live_alert l ON l.rule = f.rule AND l.subject = f.subject
            WHERE (l.ref IS NULL AND f.outcome = 'match')
               OR (f.outcome = 'clear' AND l.ref IS NOT NULL)
               OR (f.outcome = 'unknown' AND l.condition <> 'held')
               OR (f.outcome = 'match' AND (l.condition <> 'firing' OR l.level <> f.level
                   OR (l.team, l.worker, l.adviser, l.service, l.also, l.member, l.person)
                      IS DISTINCT FROM (f.team, f.worker, f.adviser, f.service, f.also, f.member, f.person)))
            ORDER BY f.rule, f.subject"""
        )
        changes: list[Candidate] = [(row[0], _finding(row[1:])) for row in rows if row[1] is not None]
        return changes + self._absent()

    def keep_owners(self, live: Sequence[Alert]) -> None:
        """Leave live alerts with whom they are: who works with whom cannot be believed today.

        No other of a child that nobody seems to work with goes to a team that had the child once: to that it was referred to.
        """
        self._load(live)
        self._snapshot.sql(
            """UPDATE finding SET team = l.team, worker = l.worker, adviser = l.adviser FROM live_alert l
            WHERE l.rule = finding.rule AND l.subject = finding.subject"""
        )
        made = self._snapshot.sql("SELECT table_name FROM duckdb_tables() WHERE table_name IN ('v_team_of_child', 'v_cin')")
        if len(made) < 2:
            return
        self._snapshot.sql(
            """UPDATE finding SET team = n.team_id FROM v_team_of_child t LEFT JOIN v_cin n USING (person_id)
            WHERE t.person_id = finding.person AND t.team_id = finding.team AND finding.worker IS NULL
              AND NOT EXISTS (SELECT 1 FROM live_alert l WHERE l.rule = finding.rule AND l.subject = finding.subject)"""
        )

    def keep_teams(self, live: Sequence[Alert]) -> None:
        """Leave live alerts whose team is found by its service with the team that they have: today no team of it is known."""
        self._load(live)
        self._snapshot.sql(
            """UPDATE finding SET team = l.team FROM live_alert l
            WHERE l.rule = finding.rule AND l.subject = finding.subject AND finding.team IS NULL"""
        )

    def readings(self) -> list[Reading]:
        """Return what today says of each live alert that was compared and still matches."""
        rows = self._snapshot.sql(
            """SELECT l.ref, f.measure, f.due, f.facts FROM finding f JOIN live_alert l ON l.rule = f.rule AND l.subject = f.subject
            WHERE f.outcome = 'match'"""
        )
        return [Reading(ref=ref, measure=measure, due=due, facts=facts or "{}") for ref, measure, due, facts in rows]

    def teams(self) -> frozenset[str]:
        """Return the teams of everybody about whom a rule was asked."""
        return frozenset(team for (team,) in self._snapshot.sql("SELECT DISTINCT team FROM finding WHERE team IS NOT NULL"))

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

    def withhold(self, reasons: Mapping[str, str]) -> None:
        """Take back the answers of rules that must not be used today. reasons: why not, by rule."""
        for id_, why in reasons.items():
            self._snapshot.sql("DELETE FROM finding WHERE rule = $1", [id_])
            self.asked[id_] = Asked(id=id_, code=self.rules[id_].code, status=Status.withheld, problem=why)

    def forget(self, rule: str) -> None:
        """Take a rule and its answers away, as if it had never been asked."""
        self._snapshot.sql("DELETE FROM finding WHERE rule = $1", [rule])
        del self.rules[rule], self.asked[rule]

    def people_in(self, people: Iterable[str]) -> dict[tuple[str, str], str]:
        """Return the rules and subjects of the findings about these people, with whom each is about."""
        rows = self._snapshot.sql(
            "SELECT rule, subject, person FROM finding WHERE person IN (SELECT unnest($1::VARCHAR[]))", [sorted(people)]
        )
        return {(rule, subject): person for rule, subject, person in rows}

    def known_people(self, people: Iterable[str]) -> set[str]:
        """Return those of these ids that the day's records have."""
        rows = self._snapshot.sql(
            "SELECT pers_person_id FROM ssd_person WHERE pers_person_id IN (SELECT unnest($1::VARCHAR[]))", [sorted(set(people))]
        )
        return {person for (person,) in rows}

    def _load(self, live: Sequence[Alert]) -> None:
        """Make the table `live_alert` of these alerts, so many at a time: on its way a list takes ten times the memory of its rows."""
        for begin in range(0, max(1, len(live)), _AT_A_TIME):
            rows, columns = _live_rows(live[begin : begin + _AT_A_TIME])
            self._snapshot.sql(
                f"{'INSERT INTO live_alert' if begin else 'CREATE OR REPLACE TABLE live_alert AS'} {rows}", columns
            )

    def _absent(self) -> list[Candidate]:
        """Return the live alerts whose subject is not there, with why it left, where a subject's own SQL proves it."""
        gone = self._snapshot.sql(
            """SELECT DISTINCT l.rule FROM live_alert l
            WHERE NOT EXISTS (SELECT 1 FROM finding f WHERE f.rule = l.rule AND f.subject = l.subject)"""
        )
        rules = {id_: self.rules[id_] for (id_,) in sorted(gone)}
        absent = self._absent_groups(rules)
        for subject in {rule.subject.id: rule.subject for rule in rules.values()}.values():
            # A rule may have an upper age of its own, which only it knows: to have passed it is a reason to have left.
            ages = {
                name: rule.params.get("max_age")
                for name, rule in rules.items()
                if rule.subject.id == subject.id and not rule.file.per
            }
            if not ages:
                continue
            self._snapshot.sql(
                """CREATE OR REPLACE TABLE live AS SELECT l.ref, l.rule, l.subject, l.person, l.member, r.upper_age FROM live_alert l
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
                    f"""SELECT l.ref, l.rule, l.subject, min(w.reason) FROM live l
                    LEFT JOIN ({proof}) w ON w.rule = l.rule AND w.subject = l.subject GROUP BY ALL ORDER BY 2, 3"""
                )
            except EngineError as error:
                # Without the proof its alerts are held; the other subjects' are not touched by it.
                about = f"the subject {subject.id}"
                self.problems.append(Problem(about=about, text=f"{about} cannot say who has left: {error.safe}"))
                rows = self._snapshot.sql("SELECT ref, rule, subject, NULL FROM live ORDER BY 2, 3")
            absent += [(row[0], Finding(rule=row[1], subject=row[2], outcome=Outcome.absent, left=row[3])) for row in rows]
        return absent

    def _absent_groups(self, rules: Mapping[str, Rule]) -> list[Candidate]:
        """Return the live alerts about a team, worker or service that is not asked about; the directory proves that it has gone."""
        absent: list[Candidate] = []
        for name, rule in rules.items():
            per = rule.file.per
            if not per:
                continue
            column, table = directory_keys(rule)
            reading = self._snapshot.readings.get(table)
            listed = bool(reading and reading.rows)
            rows = self._snapshot.sql(
                f"""SELECT l.ref, l.subject, l.subject NOT IN (SELECT {column} FROM {table} WHERE {column} IS NOT NULL) FROM live_alert l
                WHERE l.rule = $1 AND NOT EXISTS (SELECT 1 FROM finding f WHERE f.rule = l.rule AND f.subject = l.subject)
                ORDER BY l.subject""",
                [name],
            )
            absent += [
                (
                    ref,
                    Finding(
                        rule=name,
                        subject=subject,
                        outcome=Outcome.absent,
                        left=f"{per} no longer in the directory" if gone and listed else None,
                    ),
                )
                for ref, subject, gone in rows
            ]
        return absent


def _live_rows(live: Sequence[Alert]) -> tuple[str, list[Any]]:
    """Return the query that makes rows of `live_alert`, and its parameters."""
    columns: list[Any] = [
        [alert.ref for alert in live],
        [alert.rule for alert in live],
        [alert.subject for alert in live],
        [alert.condition.value for alert in live],
        [int(alert.level) for alert in live],
        *([getattr(alert, name) for alert in live] for name in ROLES),
        [" ".join(alert.also) for alert in live],
    ]
    types = ["VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "TINYINT", *["VARCHAR"] * (len(ROLES) + 1)]
    names = ["ref", "rule", "subject", "condition", "level", *ROLES, "also"]
    selected = ", ".join(f"unnest(${n}::{kind}[]) AS {name}" for n, (kind, name) in enumerate(zip(types, names, strict=True), 1))
    return f"SELECT {selected}", columns


_FINDING = (
    "f.rule, f.subject, f.outcome, f.level, f.measure, f.due, f.team, f.worker, f.adviser, f.service, f.person, f.member, f.also, "
    "f.facts"
)


_ANSWER = "rule, subject, outcome, level, measure, due, team, worker, adviser, service, person, member, also, facts"


def _finding(row: Sequence[Any]) -> Finding:
    rule, subject, outcome, level, measure, due, team, worker, adviser, service, person, member, also, facts = row
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
        service=service,
        person=person,
        member=member,
        also=tuple((also or "").split()),
        facts=json.loads(facts) if facts else {},
    )


def ask_rules(
    book: Rulebook,
    snapshot: Snapshot,
    rules: Iterable[Rule],
    withheld: Mapping[str, str] | None = None,
    trust: Trust | None = None,
    *,
    stage: Stage | None = None,
    watch: bool = False,
) -> Answers:
    """Ask each rule. A rule that is withheld, or whose query fails, has no findings; the others are not touched by it.

    Rules that read what others answer are asked after those, which are asked for them whatever their job, and forgotten then.
    withheld: why a rule must not be asked today, by its id. trust: what is believed today, None for everything; a rule that needs
    what is never supplied is off. stage: where some of the views stand already. watch: whether every rule is asked, to know at what they look.
    """
    wanted = tuple(rules)
    every, reads_answers = (
        book.in_order((*wanted, *(book.rules if watch else ()))),
        any(rule.subject.answers_of for rule in wanted),
    )
    answers, stage = Answers(snapshot), stage or Stage(book, snapshot)
    if reads_answers:
        run_tables.make(snapshot, every, trust)
        run_tables.note_broken(snapshot, book)
    lacking = find_not_supplied(snapshot, every)
    unasked: dict[str, Asked] = {}
    for rule in every:
        never = trust is not None and bool(trust.not_supplied & book.needs(rule))
        if asked := _not_asked(rule, lacking.get(rule.id), (withheld or {}).get(rule.id), never=never):
            unasked[rule.id] = asked
    ahead = _ask_ahead(book, snapshot, [rule for rule in every if rule.id not in unasked and not rule.subject.answers_of], stage)
    notes: list[tuple[Rule, Asked]] = []
    for rule in every:
        answers.rules[rule.id] = rule
        if reads_answers and rule.about is About.rule:
            notes.append((rule, Asked(id=rule.id, code=rule.code)))  # it is one of those that it asks about
        if rule.subject.answers_of:
            run_tables.note(snapshot, notes)
            notes.clear()
        asked = unasked.get(rule.id) or _ask(book, snapshot, rule, stage, ahead.get(rule.id))
        answers.asked[rule.id] = asked
        if reads_answers and rule.about is not About.rule:
            notes.append((rule, asked))
    run_tables.note(snapshot, notes)
    answers.watch = read_watch(snapshot) if watch else None
    answers.plan = read_plan(snapshot) if watch else None
    answers.figures = read_service_figures(snapshot) if watch else None
    for rule in every:
        if rule not in wanted:
            answers.forget(rule.id)
    if book.settings.params.get("all_clear_days"):
        answers.looked_at = read_looked_at(snapshot, [rule.id for rule in wanted if not rule.shadow])
    answers.problems += stage.problems
    return answers


def _not_asked(rule: Rule, lacks: NotSupplied | None, why: str | None, *, never: bool) -> Asked | None:
    """Return why a rule is not to be asked; None where it is. One that is off for want of a table is so whatever is believed.

    never: whether a column that it needs is never supplied.
    """
    asked = Asked(id=rule.id, code=rule.code)
    if lacks is not None:
        return replace(asked, status=Status.off, off=Off.not_supplied, lacks=lacks.table, problem=str(lacks))
    if why is None:
        return None
    off = {"status": Status.off, "off": Off.column_not_supplied} if never else {"status": Status.withheld}
    return replace(asked, problem=why, **off)


_Counts = Sequence[tuple[str, int | None, int]]
"""How many answers of a rule have each outcome and level."""


@dataclass(frozen=True, kw_only=True)
class _Ahead:
    """How a rule was asked with others, and what was counted of its answers."""

    ran: Ran
    #: None where they are to be counted alone.
    counts: _Counts | None


def _ask_ahead(book: Rulebook, snapshot: Snapshot, rules: Sequence[Rule], stage: Stage) -> dict[str, _Ahead]:
    """Ask rules of which none reads what another answers, on all processors, and return how that went.

    One of which it is not known why it did not go well is not there: it is asked again alone, within its own time.
    """
    subjects = {rule.subject.id: rule.subject for rule in rules}
    stage.prepare(subjects.values())
    ready = set()
    for id_, subject in subjects.items():
        with suppress(RuleError, EngineError), snapshot.time_limit(book.settings.limits.seconds):
            stage.set_up(subject)
            ready.add(id_)
    able = [rule for rule in rules if rule.subject.id in ready]
    ran = snapshot.sql_all([_asking(rule) for rule in able])
    [counted] = snapshot.sql_all(["SELECT rule, outcome, level, count(*) FROM finding GROUP BY ALL"])
    counts: dict[str, list[tuple[str, int | None, int]]] = defaultdict(list)
    for id_, outcome, level, count in counted.rows or ():
        counts[id_].append((outcome, level, count))
    return {
        rule.id: _Ahead(ran=each, counts=counts[rule.id] if counted.rows is not None else None)
        for rule, each in zip(able, ran, strict=True)
        if each.rows is not None or each.failed
    }


def _asking(rule: Rule) -> str:
    return f"INSERT INTO finding {rule_query(rule)}"


def _ask(book: Rulebook, snapshot: Snapshot, rule: Rule, stage: Stage, ahead: _Ahead | None) -> Asked:
    """Ask one rule within its time, and return how that went; its findings are there only where it went well.

    ahead: how it was asked before, with others.
    """
    started, asked = time.perf_counter() - (ahead.ran.seconds if ahead else 0.0), Asked(id=rule.id, code=rule.code)
    try:
        with snapshot.time_limit(book.settings.limits.seconds):
            if ahead is None:
                stage.set_up(rule.subject)
                snapshot.sql(_asking(rule))
            elif ahead.ran.failed:
                raise ahead.ran.failed
            counts = ahead.counts if ahead else None
            if counts is None:
                counts = snapshot.sql("SELECT outcome, level, count(*) FROM finding WHERE rule = $1 GROUP BY ALL", [rule.id])
            asked = _judge_fill(snapshot, rule, _counted(asked, counts), book)
    except RuleError as error:
        asked = replace(asked, status=Status.error, problem=error.problem)
    except EngineError as error:
        asked = replace(asked, status=Status.error, problem=error.safe)
    if asked.status != Status.ok:
        snapshot.sql("DELETE FROM finding WHERE rule = $1", [rule.id])
    return replace(asked, ms=round((time.perf_counter() - started) * 1000))


def _counted(asked: Asked, counts: _Counts) -> Asked:
    """Return how asking went with what was answered, in figures."""
    match, others = no_matches(), {"clear": 0, "unknown": 0}
    for outcome, level, count in counts:
        if outcome == Outcome.match and level is not None:
            match[Level(level).name] += count
        else:
            others[outcome] += count
    population = sum(match.values()) + sum(others.values())
    return replace(asked, population=population, match=match, clear=others["clear"], unknown=others["unknown"])


def _judge_fill(snapshot: Snapshot, rule: Rule, asked: Asked, book: Rulebook) -> Asked:
    """Take back the answers of a rule where too few of its population have a value that it needs."""
    sources = partial(columns_of, rule.subject.sql, book.views, held=True)
    for too_few in check_fill(snapshot, rule, book.settings.params, sources=sources).values():
        asked = replace(
            asked,
            status=Status.off,
            off=Off.too_few,
            problem=too_few.problem,
            filled=too_few.filled,
            match=no_matches(),
            clear=0,
            unknown=0,
        )
    return asked
