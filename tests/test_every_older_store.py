"""A store of every shape that there ever was, with something in all that it kept, brought to today's: each row says what it said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from alerting.errors import StoreError
from alerting.store import schema
from alerting.store.store import Store
from alerting.store.unreadable_rows import look_through

MIGRATIONS = Path(__file__).parent.parent / "alerting" / "store" / "migrations"
OLDER = sorted(path.name[:4] for path in (MIGRATIONS / "versions").glob("0*.py"))[:-1]

SENTENCES = {
    "alert.held_reason": ("a value the rule needs is not recorded", "not_recorded"),
    "alert.resolved_reason": ("cleared", "cleared"),
    "transition.reason": ("level raised", "level_raised"),
    "routed.reason": ("kept back by the brake of its rule", "braked"),
    "withheld.reason": ("kept back by the brake of its rule", "braked"),
}
"""Reasons: the sentence that stood there before shape 0006, and the value that it is since then."""

MADE: dict[type[sa.types.TypeEngine[Any]], Callable[[int], Any]] = {
    sa.DateTime: lambda row: datetime(2026, 3, row, 7),
    sa.Date: lambda row: date(2026, 3, row),
    sa.Boolean: lambda row: row == 1,
    sa.Float: lambda row: row + 0.5,
    sa.JSON: lambda row: {"a": row},
}
"""By type, what stands in a column of the row with a number."""

Rows = dict[str, list[dict[str, Any]]]


def tables(connection: sa.Connection) -> list[sa.Table]:
    """Return the tables that a database has, those first to which others point."""
    found = sa.MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def filled(column: sa.Column[Any], row: int, shape: str) -> Any:
    """Return what a row of that shape has in a column: as far as it may, something else than the row beside it."""
    name = str(column)
    today = schema.metadata.tables.get(column.table.name)
    known = today.c[column.name] if today is not None and column.name in today.c else column
    if name in SENTENCES:
        return SENTENCES[name][shape >= "0006"]
    if name == "transition.after":
        return "firing"
    if isinstance(column.type, sa.Integer):
        return row
    if "words" in known.info:
        return str(next(iter(known.info["words"])))
    if known.info.get("json") or name == "outbox.content":
        return f'{{"a": {row}}}'
    for kind, made in MADE.items():
        if isinstance(column.type, kind):
            return made(row)
    return f"{column.name} {row} é"[: getattr(column.type, "length", None)]


def fill(connection: sa.Connection, shape: str) -> None:
    """Give each table two rows: one with something in every column, and one with nothing wherever there may be nothing."""
    for table in tables(connection):
        for row, is_bare in ((1, False), (2, True)):
            values = {each.name: filled(each, row, shape) for each in table.c if not (is_bare and each.nullable)}
            connection.execute(table.insert().values(values))


def contents(connection: sa.Connection) -> Rows:
    return {table.name: [dict(row._mapping) for row in connection.execute(sa.select(table))] for table in tables(connection)}


def as_they_are_now(rows: Rows) -> Rows:
    """Return rows of an older store as today's has them: reasons as values, and what was withheld so since its day."""
    now = {
        table: [
            {
                name: SENTENCES[f"{table}.{name}"][1] if value and f"{table}.{name}" in SENTENCES else value
                for name, value in row.items()
            }
            for row in of_table
        ]
        for table, of_table in rows.items()
    }
    if "withheld" in now:
        now["routed"] = [{"since": row.pop("as_of")} | row for row in now.pop("withheld")]
    return now


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A store that has no tables yet."""
    made = Store.connect(store_url)
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.parametrize("shape", OLDER)
def test_an_upgrade_keeps_every_row_of_every_table_with_all_that_stood_in_it(shape: str, store: Store, store_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", MIGRATIONS.as_posix())
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, shape)
        fill(connection, shape)
        before = as_they_are_now(contents(connection))
    with pytest.raises(StoreError, match="older shape"):
        Store.open(store_url)

    store.upgrade()

    with store.transaction() as connection:
        after = contents(connection)
        lost = {
            table: [row for row in rows if not any(row.items() <= kept.items() for kept in after[table])]
            for table, rows in before.items()
        }
        assert {table: rows for table, rows in lost.items() if rows} == {}
        assert look_through(connection, datetime(2026, 3, 3, 7, tzinfo=UTC)) == 0, "today's program cannot read a row"
    Store.open(store_url).close()
