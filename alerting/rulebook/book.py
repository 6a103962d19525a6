"""The rulebook: every rule, subject and shared view in use, what is wrong with the others, and what each needs of the case data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from alerting.casedata.catalogue import ALWAYS, SERVICE_COLUMNS, TABLES, with_their_own
from alerting.casedata.gaps import completeness, misled_by_gaps
from alerting.documents.document import Document
from alerting.errors import Fault
from alerting.formatting import day
from alerting.model import About
from alerting.rulebook.compilation import Foundation
from alerting.rulebook.file_models import Subject
from alerting.rulebook.rule import Rule
from alerting.rulebook.run_tables import ALL
from alerting.rulebook.sql_tree import names_in_all


@dataclass(frozen=True, kw_only=True)
class BrokenRule:
    """A rule file that is not in use because of its faults."""

    id: str
    code: str
    job: str
    problem: str


@dataclass(frozen=True, kw_only=True)
class LastGoodText:
    """A file as it was when it last worked."""

    text: str
    #: The last day on which it was like that.
    seen_on: date


@dataclass(frozen=True, kw_only=True)
class FallbackVersion:
    """A file that is used in its last good version, because it has faults today."""

    file: str
    #: The last day on which this version was in the file.
    seen_on: date
    #: The first of today's faults.
    fault: Fault

    def __str__(self) -> str:
        place = f"{self.fault.where}: " if self.fault.where else ""
        return f"runs in its version of {day(self.seen_on)}: {place}{self.fault.problem}"


@dataclass(frozen=True, kw_only=True)
class Rulebook(Foundation):
    """Every rule, subject and shared view in use, and the faults of those that are not."""

    #: The rules that runs ask.
    rules: tuple[Rule, ...]
    #: The rules that are turned off.
    off: tuple[Rule, ...]
    broken: tuple[BrokenRule, ...]
    faults: tuple[Fault, ...]
    #: Those of the faults that no one rule can be left out for, such as a pack that is not there: without its rules, their
    #: alerts would be ended as no longer checked.
    stopping: tuple[Fault, ...] = ()
    #: The rules in whose place others stand: their ids and codes are theirs still, as they are back once the others are gone.
    replaced: tuple[Rule, ...] = ()
    #: Of every rule: in use, off or broken.
    ids: frozenset[str] = field(default_factory=frozenset)
    #: Of each file in use, by its path in the folder, what is read from it.
    sources: Mapping[str, Document] = field(default_factory=dict)
    #: Those of the files that are used in an earlier version than today's.
    older: Mapping[str, FallbackVersion] = field(default_factory=dict)

    @property
    def texts(self) -> dict[str, str]:
        """The text of each file in use, by its path in the folder."""
        return {name: source.text for name, source in self.sources.items()}

    @property
    def every(self) -> tuple[Rule, ...]:
        """Every rule that can be used: those that runs ask, then those that are turned off."""
        return (*self.rules, *self.off)

    @property
    def codes(self) -> dict[str, str]:
        """Every rule's id by its code: in use, off, or broken."""
        return {broken.code: broken.id for broken in self.broken} | {rule.code: rule.id for rule in (*self.off, *self.rules)}

    def code_of(self, id_: str) -> str:
        """Return a rule's code by its id; the id of one that is not there any more."""
        return next((code for code, known in self.codes.items() if known == id_), id_)

    def files_of(self, rule: Rule) -> list[str]:
        """Return the files that a rule stands on, by their paths in the folder of rules: its own, its subject's, its views'."""
        subject = rule.subject
        views = self.views_for([subject.sql, subject.left_when or ""])
        return [
            f"{rule.pack}/{Path(rule.place).name}",
            f"subjects/{subject.id}.yaml",
            *(f"subjects/_views/{name}.sql" for name in views),
        ]

    def subject_version(self, subject: Subject) -> str:
        """Return a hash of a subject's file and of the views its SQL stands on."""
        views = [self.views[name] for name in self.views_for([subject.sql, subject.left_when or ""])]
        return hashlib.blake2b("\x1f".join([subject.model_dump_json(), *views]).encode(), digest_size=6).hexdigest()

    def in_order(self, rules: Sequence[Rule]) -> tuple[Rule, ...]:
        """Return rules with all of whose answers they read, at first hand or through others, each after those that it reads.

        A rule that reads the answers of all reads none of those that do so too; but what is about rules is asked last, and sees how asking
        every other went.
        """
        ordered: dict[str, Rule] = {}
        waiting: set[str] = set()

        def visit(rule: Rule) -> None:
            if rule.id in ordered or rule.id in waiting:
                return
            waiting.add(rule.id)
            for source in self._answers_for(rule):
                visit(source)
            ordered[rule.id] = rule

        for rule in rules:
            visit(rule)
        return tuple(ordered.values())

    def _answers_for(self, rule: Rule) -> list[Rule]:
        named = rule.subject.answers_of
        if named == ALL:
            last = rule.about is About.rule
            return [other for other in self.rules if other.subject.answers_of != ALL or (last and other.about is not About.rule)]
        return [other for other in self.rules if other.code in named] if named else []

    def needs(self, rule: Rule) -> frozenset[str]:
        """Return what a rule reads: the tables, the columns of them that it uses, as `table.column`, and whose completeness it needs."""
        needs = self._needs.get((rule.id, rule.version))
        if needs is None:
            wanted = self.wanted([rule])
            columns = {f"{table}.{column}" for table in rule.reads for column in wanted.get(table, ())}
            misleading = {column for column, codes in misled_by_gaps(self.settings.params).items() if rule.code in codes}
            needs = rule.reads | columns | set(map(completeness, columns & misleading))
            self._needs[rule.id, rule.version] = needs
        return needs

    @cached_property
    def _needs(self) -> dict[tuple[str, str], frozenset[str]]:
        """What rules need, by id and version, once it has been asked for: a run asks of each rule several times."""
        return {}

    def wanted(self, rules: Sequence[Rule]) -> dict[str, frozenset[str]]:
        """Return the tables and columns these rules need, and no others: what is not needed does not leave the council's system."""
        asked = self.in_order(rules)
        subjects = {rule.subject.id: rule.subject for rule in asked}
        named = names_in_all(text for subject in subjects.values() for text in self.sql_of(subject))
        columns = with_their_own(named.columns) | {
            name for rule in asked for cells in rule.file.off_without.values() for name in cells
        }
        tables = (named.tables & TABLES.keys()) | {table for rule in asked for table in rule.reads}
        wanted = {
            name: (columns & TABLES[name].columns.keys()) | SERVICE_COLUMNS.get(name, frozenset())
            for name in tables | SERVICE_COLUMNS.keys() | ALWAYS
        }
        return {name: columns or frozenset(list(TABLES[name].columns)[:1]) for name, columns in wanted.items()}
