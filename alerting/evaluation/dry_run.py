"""Asks every view, subject and rule of empty tables: what the engine would refuse is found without any data, and before a run."""

from __future__ import annotations

import re
from datetime import date

from alerting.casedata.conversion import quoted
from alerting.casedata.engine_errors import EngineError
from alerting.casedata.snapshot import DESCRIBE, Snapshot
from alerting.documents.document import Document, did_you_mean
from alerting.errors import Fault, Place
from alerting.evaluation import run_tables
from alerting.evaluation.query import rule_query
from alerting.evaluation.stage import SQL_TYPES
from alerting.rulebook.book import Rulebook
from alerting.rulebook.file_models import Subject
from alerting.rulebook.rule import Rule
from alerting.rulebook.subject_sql import character_offset, suggest_table

_DAY = date(2026, 3, 31)
_NUMBER = re.compile(r"\b[0-9]+(?:\.[0-9]+)?\b")
_NAMED = re.compile(r'[\w.]+|"[^"]+"')
_LEFT = ("rule", "subject", "reason")


def check_book(book: Rulebook) -> list[Fault]:
    """Return what is wrong with the SQL of every view, subject and rule of a rulebook, each at its place."""
    with Snapshot(_DAY, book.settings) as snapshot:
        return _DryRun(book, snapshot).faults()


def check_rule(book: Rulebook, rule: Rule) -> list[Fault]:
    """Return what is wrong with the SQL of one rule that need not be of the book. Faults of its subject are the book's."""
    with Snapshot(_DAY, book.settings) as snapshot:
        run = _DryRun(book, snapshot)
        run.faults()
        return run.rule_faults(rule)


class _DryRun:
    def __init__(self, book: Rulebook, snapshot: Snapshot) -> None:
        self.book, self.snapshot = book, snapshot
        self.ready: set[str] = set()
        self.tried: dict[str, list[Fault]] = {}
        snapshot.settle({})
        run_tables.make_empty(snapshot)
        snapshot.sql(
            "CREATE TABLE live (id BIGINT, rule VARCHAR, subject VARCHAR, person VARCHAR, member VARCHAR, upper_age INTEGER)"
        )

    def faults(self) -> list[Fault]:
        found = [fault for name in self.book.every_view() for fault in self._view_faults(name)]
        found += [fault for subject in self.book.subjects.values() for fault in self._subject_faults(subject)]
        return found + [fault for rule in self.book.every for fault in self.rule_faults(rule)]

    def rule_faults(self, rule: Rule) -> list[Fault]:
        """Try what a rule asks. Of rules that ask the same with other numbers the first stands for all."""
        if rule.subject.id not in self.ready:
            return []
        asked = rule_query(rule)
        shape = _NUMBER.sub("0", asked.replace(f"'{rule.id}'", "''"))
        if shape not in self.tried:
            self.tried[shape] = []
            try:
                self.snapshot.columns(asked)
            except EngineError as error:
                problem, where = f"the rule {rule.id} cannot be asked: {error.safe}", Place(file=rule.place)
                self.tried[shape] = [
                    Fault(problem=problem, where=where, remedy="Please report this: the rule was thought to be right.")
                ]
        return self.tried[shape]

    def _view_faults(self, name: str) -> list[Fault]:
        sql = self.book.views[name]
        if not all(used in self.ready for used in self.book.views_for([sql]) if used != name):
            return []
        try:
            columns = self.snapshot.columns(sql)
            self._make(name, columns)
        except EngineError as error:
            document = self._document(f"subjects/_views/{name}.sql")
            begins = document.text.find(sql.strip())
            offset = _offset(error, sql)
            placed = None if offset is None else document.offset_place(begins + offset, _length(sql, offset))
            return [self._fault(error, placed or Place(file=document.file))]
        self.ready.add(name)
        return []

    def _subject_faults(self, subject: Subject) -> list[Fault]:
        if not all(view in self.ready for view in self.book.views_for([subject.sql, subject.left_when or ""])):
            return []
        document = self._document(f"subjects/{subject.id}.yaml")
        found = []
        try:
            columns = self.snapshot.columns(subject.sql)
            found = _columns_faults(document, subject, columns)
        except EngineError as error:
            found = [self._fault(error, _place(document, "sql", subject.sql, error))]
        self._make(f"subject_{subject.id}", {name: SQL_TYPES[column.type] for name, column in subject.columns.items()})
        if subject.left_when:
            found += self._left_faults(document, subject.left_when)
        if not any(fault.severity == "error" for fault in found):
            self.ready.add(subject.id)
        return found

    def _left_faults(self, document: Document, sql: str) -> list[Fault]:
        try:
            columns = self.snapshot.columns(sql)
        except EngineError as error:
            return [self._fault(error, _place(document, "left_when", sql, error))]
        missing = [name for name in _LEFT if name not in columns]
        where = document.place(("left_when",), key=True)
        return [
            Fault(problem=f"`left_when` does not give '{name}'", where=where, remedy="It gives rule, subject and reason.")
            for name in missing
        ]

    def _make(self, table: str, columns: dict[str, str]) -> None:
        self.snapshot.sql(
            f"CREATE TABLE {quoted(table)} ({', '.join(f'{quoted(name)} {kind}' for name, kind in columns.items())})"
        )

    def _document(self, name: str) -> Document:
        return self.book.sources.get(name) or Document(file=self.book.file(name).as_posix(), shown=True)

    def _fault(self, error: EngineError, where: Place) -> Fault:
        problem, remedy = _in_words(error, self.book)
        return Fault(problem=problem, where=where, remedy=remedy)


_NUMBERS = r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DECIMAL.*"
_BECOMES = {
    "text": r"(?!.*\[\]|STRUCT|MAP).*",
    "integer": rf"{_NUMBERS}|VARCHAR|BOOLEAN",
    "number": rf"{_NUMBERS}|VARCHAR|BOOLEAN",
    # What the engine calls an INTEGER may be a bare NULL.
    "date": r"DATE|TIMESTAMP.*|VARCHAR|INTEGER",
    "moment": r"TIMESTAMP|INTEGER",
    "boolean": rf"BOOLEAN|{_NUMBERS}|VARCHAR",
    "codes": r".*\[\]|INTEGER",
}
"""The engine's types that may become what a column is said to be."""


def _columns_faults(document: Document, subject: Subject, columns: dict[str, str]) -> list[Fault]:
    found = []
    for name in subject.columns:
        if name not in columns:
            where = document.place(("columns", name), key=True)
            remedy = did_you_mean(name, [other for other in columns if other not in subject.columns])
            found.append(
                Fault(
                    problem=f"the SQL does not give the column '{name}'",
                    where=where,
                    remedy=remedy or "Add it to the SQL, or leave it out here.",
                )
            )
    for name, column in subject.columns.items():
        # A bare NULL has no type of its own, and is of every type.
        if name in columns and columns[name].strip('"') != "NULL" and not re.fullmatch(_BECOMES[column.type], columns[name]):
            where, remedy = document.place(("columns", name, "type")), "Mend its type, or the SQL."
            found.append(
                Fault(problem=f"the SQL gives {columns[name]} as '{name}', which is no {column.type}", where=where, remedy=remedy)
            )
    for name in columns:
        if name not in subject.columns:
            where, remedy = (
                document.place(("columns",), key=True),
                f"Say what it is: `{name}: {{type: text, tier: detail, says: ...}}`.",
            )
            found.append(
                Fault(
                    problem=f"the SQL gives a column '{name}' that is not among the columns",
                    where=where,
                    remedy=remedy,
                    severity="warning",
                )
            )
    return found


def _offset(error: EngineError, sql: str) -> int | None:
    return None if error.position is None else character_offset(sql, max(0, error.position - len(DESCRIBE)))


def _place(document: Document, part: str, sql: str, error: EngineError) -> Place:
    offset = _offset(error, sql)
    return document.place((part,), key=True) if offset is None else document.value_place((part,), offset, _length(sql, offset))


def _length(sql: str, offset: int) -> int:
    found = _NAMED.match(sql, offset)
    return len(found[0]) if found else 1


def _in_words(error: EngineError, book: Rulebook) -> tuple[str, str]:
    """Return what the engine says as the rest of the service would, where that is known, and what to do."""
    said = error.safe.partition(": ")[2]
    what, _, candidates = re.sub(r"\s*Candidate ", "\n", said, count=1).partition("\n")
    near = re.findall(r'"(\w+)"', candidates)
    column = re.match(r'Referenced column "(.+?)" (?:was )?not found|Table ".+?" does not have a column named "(.+?)"', what)
    if column:
        name = column[1] or column[2]
        return f"there is no column '{name}'", did_you_mean(name, near) or (f"There is: {', '.join(near)}." if near else "")
    table = re.match(r"Table with name (\S+) does not exist", what)
    if table:
        return f"there is no table or view '{table[1]}'", suggest_table(table[1], book.views)
    takes = [candidate.strip() for candidate in candidates.split("\t")[1:4]]
    return f"the engine cannot use this SQL: {what or error.safe}", (f"It would take {' or '.join(takes)}." if takes else "")
