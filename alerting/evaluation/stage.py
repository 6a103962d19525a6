"""The tables that rules are asked of: shared views and subjects, each made once, when the first rule needs it."""

from __future__ import annotations

from alerting.casedata.conversion import quoted
from alerting.casedata.snapshot import EngineError, Snapshot
from alerting.errors import RuleError
from alerting.rulebook.book import Rulebook
from alerting.rulebook.file_models import Subject

SQL_TYPES = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "date": "DATE",
    "boolean": "BOOLEAN",
    "codes": "VARCHAR[]",
}
"""The engine's type of each type of a subject's column."""


MOST_ROWS = 1_000_000
"""Rows that a subject may have: what every one of them is answered leaves the engine."""


class Stage:
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
        if rows > MOST_ROWS:
            raise RuleError(f"the subject {subject.id} gives {rows:,} rows; at most {MOST_ROWS:,} can be asked about")
        if rows != keys or empty:
            raise RuleError(f"the subject {subject.id} gives {rows} rows for {keys} different keys; each key must be there once")
