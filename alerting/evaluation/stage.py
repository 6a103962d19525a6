"""The tables that rules are asked of: shared views and subjects, each made once, ahead of the rules or when the first one needs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from alerting.casedata.conversion import quoted
from alerting.casedata.engine_errors import EngineError
from alerting.casedata.snapshot import Snapshot
from alerting.errors import RuleError
from alerting.formatting import plural
from alerting.model import About, Problem
from alerting.rulebook.book import Rulebook
from alerting.rulebook.disclosure import others_named
from alerting.rulebook.file_models import Subject

SQL_TYPES = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "date": "DATE",
    "moment": "TIMESTAMP",
    "boolean": "BOOLEAN",
    "codes": "VARCHAR[]",
}
"""The engine's type of each type of a subject's column."""


MOST_ROWS = 1_000_000
"""Rows that a subject may have: what every one of them is answered leaves the engine."""


_SUBJECT = "subject_"


class Stage:
    """Makes each shared view and each subject a table, once."""

    def __init__(self, book: Rulebook, snapshot: Snapshot) -> None:
        self._book, self._snapshot = book, snapshot
        self._made: dict[str, RuleError | None] = {}
        #: What was counted of subjects ahead, by id.
        self._counts: dict[str, tuple[int, ...]] = {}
        #: What was left out.
        self.problems: list[Problem] = []

    def make_views(self, names: Iterable[str]) -> set[str]:
        """Make the tables of these views, each after those that it needs, on all processors; return those that are there now.

        What cannot be made is left to `set_up`, which says why.
        """
        waiting = {name: self._book.views[name] for name in names if name not in self._made}
        needs = {name: set(self._book.views_for([sql])) for name, sql in waiting.items()}
        made = {name for name, failed in self._made.items() if failed is None}
        while ready := [name for name in waiting if needs[name] <= made]:
            made |= self._make_all({name: waiting.pop(name) for name in ready})
        return made

    def prepare(self, subjects: Iterable[Subject]) -> None:
        """Make the tables of these subjects and all they need, on all processors. What cannot be made is left to `set_up`, which says why."""
        every = tuple(subjects)
        made = self.make_views([name for subject in every for name in self._views_of(subject)])
        able = {_table(subject): subject for subject in every if made.issuperset(self._views_of(subject))}
        made = self._make_all({table: _rows(subject) for table, subject in able.items()})
        counted = [subject for table, subject in able.items() if table in made]
        ran = self._snapshot.sql_all([self._counting(subject) for subject in counted])
        self._counts |= {subject.id: each.rows[0] for subject, each in zip(counted, ran, strict=True) if each.rows}

    def _make_all(self, tables: Mapping[str, str]) -> set[str]:
        """Make tables, each of its SQL, none of which needs another; return those that were made."""
        ran = self._snapshot.sql_all([_creating(name, sql) for name, sql in tables.items()])
        made = {name for name, each in zip(tables, ran, strict=True) if each.rows is not None}
        self._made |= dict.fromkeys(made)
        self._made |= {name: self._cannot(name, each.failed) for name, each in zip(tables, ran, strict=True) if each.failed}
        return made

    def _views_of(self, subject: Subject) -> list[str]:
        return self._book.views_for([subject.sql, subject.left_when or ""])

    def set_up(self, subject: Subject) -> None:
        """Make the subject's table and all it needs. Raises RuleError, the same one each time it is asked for."""
        if subject.id not in self._made:
            failed = None
            try:
                for name in self._views_of(subject):
                    self._make(name, self._book.views[name])
                self._make_subject(subject)
            except RuleError as error:
                failed = error
            self._made[subject.id] = failed
        failed = self._made[subject.id]
        if failed:
            raise failed

    def _make(self, name: str, sql: str) -> None:
        if name not in self._made:
            try:
                self._snapshot.sql(_creating(name, sql))
            except EngineError as error:
                self._made[name] = self._cannot(name, error)
            else:
                self._made[name] = None
        failed = self._made[name]
        if failed:
            raise failed

    def _cannot(self, table: str, error: EngineError) -> RuleError:
        """Return why the table of a view or a subject cannot be made."""
        what = f"the view {table}" if table in self._book.views else f"the subject {table.removeprefix(_SUBJECT)}"
        return RuleError(f"{what} cannot be made: {error.safe}")

    def _make_subject(self, subject: Subject) -> None:
        self._make(_table(subject), _rows(subject))
        rows, keys, empty = self._leave_out(subject)
        if rows > MOST_ROWS:
            raise RuleError(f"the subject {subject.id} gives {rows:,} rows; at most {MOST_ROWS:,} can be asked about")
        if rows != keys or empty:
            raise RuleError(f"the subject {subject.id} gives {rows} rows for {keys} different keys; each key must be there once")

    def _leave_out(self, subject: Subject) -> tuple[int, int, int]:
        """Leave out the rows of which it cannot be told who may know of them: of no child that there is, or of two.

        Return how many rows there are then, with how many keys, and how many without one. Raises RuleError where all are left out.
        """
        about = f"the subject {subject.id}"
        counted = self._counts.get(subject.id) or self._count(subject)
        for number, (which, what) in enumerate(self._reasons(subject)):
            every, wrong = counted[0], counted[3 + number]
            if wrong and wrong == every:
                raise RuleError(f"{about} has {plural(wrong, 'row')}, and all are {what}")
            if wrong:
                self._snapshot.sql(f"DELETE FROM {quoted(_table(subject))} WHERE {which}")
                self.problems.append(Problem(about=about, text=f"{about} has {plural(wrong, 'row')} {what}, left out"))
                counted = self._count(subject)
        return counted[0], counted[1], counted[2]

    def _count(self, subject: Subject) -> tuple[int, ...]:
        [found] = self._snapshot.sql(self._counting(subject))
        return found

    def _counting(self, subject: Subject) -> str:
        """Return the SQL that counts a subject's rows, its different keys, its rows without one, and those to leave out for each reason."""
        key = quoted(subject.key)
        which = (f"{key} IS NULL", *(which for which, _ in self._reasons(subject)))
        counts = ["count(*)", f"count(DISTINCT {key})", *(f"count(*) FILTER (WHERE {each})" for each in which)]
        return f"SELECT {', '.join(counts)} FROM {quoted(_table(subject))}"

    def _reasons(self, subject: Subject) -> list[tuple[str, str]]:
        """Return for what a row is left out, as SQL and in words."""
        reasons = []
        if About(subject.about).concerns_child and subject.person:
            person = quoted(subject.person)
            nobody = f"{person} IS NULL OR " if About(subject.about).needs_child else ""
            reasons.append((f"{nobody}{person} NOT IN (SELECT pers_person_id FROM ssd_person)", "of nobody in ssd_person"))
        for name in others_named(subject, self._book.views):
            other = f"{quoted(name)} IS DISTINCT FROM {quoted(subject.person)}" if subject.person else "true"
            named = f"{quoted(name)} IN (SELECT person_id FROM ext_restricted)"
            reasons.append((f"{named} AND {other}", f"that name in '{name}' another child, whose record is restricted"))
        return reasons


def _table(subject: Subject) -> str:
    return f"{_SUBJECT}{subject.id}"


def _rows(subject: Subject) -> str:
    """Return the SQL of a subject's rows, each column of its type."""
    columns = ", ".join(
        f"CAST({quoted(name)} AS {SQL_TYPES[column.type]}) AS {quoted(name)}" for name, column in subject.columns.items()
    )
    return f"SELECT {columns} FROM ({subject.sql.strip().rstrip(';')})"


def _creating(name: str, sql: str) -> str:
    return f"CREATE TABLE {quoted(name)} AS {sql}"
