"""Databases that hold case tables, for a source to read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from alerting.sources.sql import Source


class Database:
    """A schema of its own in PostgreSQL, or a file of SQLite, and a source that reads it."""

    def __init__(self, engine: sa.Engine, source: Callable[..., Source], schema: str | None) -> None:
        self.engine, self.source, self.schema = engine, source, schema

    def run(self, *statements: str) -> None:
        with self.engine.begin() as connection:
            if self.schema:
                connection.exec_driver_sql(f"SET LOCAL search_path = {self.schema}")
            for statement in statements:
                connection.exec_driver_sql(statement)

    def make(self, table: str, columns: list[str], rows: list[tuple]) -> None:
        made = sa.Table(table, sa.MetaData(), *(sa.Column(name, sa.Text) for name in columns), schema=self.schema)
        with self.engine.begin() as connection:
            made.create(connection)
            if rows:
                connection.execute(made.insert(), [dict(zip(columns, row, strict=True)) for row in rows])


def sqlite_database(tmp_path: Path) -> Database:
    engine = sa.create_engine(f"sqlite:///{(tmp_path / 'ssd [1] é%.db').as_posix()}", poolclass=sa.NullPool)
    return Database(engine, lambda **more: Source(**{"type": "sql", "url": str(engine.url)} | more), None)
