"""A row of the store that nobody can read costs itself, whatever is wrong with it: the morning goes on, and who looks after it is told."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from alerting.alerts.acts import ActKind
from alerting.store import schema
from alerting.store.column_types import Line, Moment, Prose
from alerting.store.messages import send_hold
from alerting.store.steering import LAST_LIST
from tests.made_council import MONDAY, somebody
from tests.office import Office
from tests.test_seals import DAY, NOON, a_lived_in, by_hand, opened

FOURTH = MONDAY + 3 * DAY
TEXT = "when it is over"
HALF_BYTES = b"\xff\xfe"


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A service of three days with a row in every table, and news for managers of two teams on the fourth."""
    office = a_lived_in(Office(tmp_path_factory.mktemp("rows")))
    office.council.on_a_plan("C3", seen=MONDAY, team="T2", worker="W2")
    office.council.on_a_plan("C4", seen=MONDAY)
    with opened(office) as store, store.transaction() as connection:
        for table in schema.metadata.sorted_tables:
            if connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() == 0:
                connection.execute(table.insert().values({column.name: something(column) for column in table.c}))
    return office


def something(column: sa.Column[Any]) -> Any:
    """Return a value that may stand in a column."""
    if isinstance(column.type, Moment):
        return NOON
    if isinstance(column.type, sa.Date):
        return MONDAY
    return "{}" if column.info.get("json") else 1 if isinstance(column.type, sa.Integer | sa.Float | sa.Boolean) else "x"


@pytest.fixture(scope="module")
def well(lived_in: Office, tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str, str]]:
    """Who is told what on the fourth day where nothing is damaged."""
    office = lived_in.copy(tmp_path_factory.mktemp("well"), MONDAY)
    office.run(FOURTH)
    assert not said_of(office)
    told = who_is_told(office)
    assert {who for who, _, _ in told} >= {"M1", "M2"}
    return told


def who_is_told(office: Office) -> set[tuple[str, str, str]]:
    return {(who, item.subject, item.state) for who, content in office.sent for item in content.items}


def wrong_value(column: sa.Column[Any]) -> object:
    """Return what may not stand in a column."""
    is_text = isinstance(column.type, Line | Prose | sa.String) and not column.info
    return HALF_BYTES if is_text else TEXT


OF_ALERTS = (schema.alert, schema.reading)
"""Of what is damaged in these, the manager of the alert may hear nothing; damage in any other table costs nobody a word."""
ROUNDS = [
    *zip_longest(*(table.c for table in schema.metadata.sorted_tables if table not in OF_ALERTS)),
    *zip_longest(*(table.c for table in OF_ALERTS)),
]
"""One column of each table that has so many: together these are all columns."""


@pytest.mark.slow
@pytest.mark.parametrize("columns", ROUNDS, ids=[f"round {place}" for place in range(1, len(ROUNDS) + 1)])
def test_any_column_of_any_table_that_is_damaged_costs_its_row_alone_and_is_named(
    columns: tuple[sa.Column[Any] | None, ...], lived_in: Office, well: set[tuple[str, str, str]], tmp_path: Path
) -> None:
    office = lived_in.copy(tmp_path, MONDAY)
    # A database may itself refuse what may not stand in a column.
    damaged = [column for column in columns if column is not None and damage(office, column, wrong_value(column))]
    report = office.run(FOURTH)

    assert report.status.startswith("done")
    for_all = {each for each in well if each[0] != "M1"}
    assert (for_all if set(OF_ALERTS) & {column.table for column in damaged} else well) <= who_is_told(office)
    named = [column for column in damaged if column.table is not schema.set_aside]
    assert [f"{column} is not named" for column in named if f"{column.table.name} ({column.name})" not in said_of(office)] == []
    with opened(office) as store, store.transaction() as connection:
        kept = connection.execute(sa.select(schema.set_aside.c.table_name, schema.set_aside.c.columns)).all()
    assert [f"{column} is not kept" for column in named if (column.table.name, column.name) not in kept] == []


def said_of(office: Office) -> str:
    return " ".join(notice.detail for notice in office.notices if notice.title == "Rows of the store cannot be read")


def damage(office: Office, column: sa.Column[Any], value: object) -> bool:
    """Put a value into a column of the table's last row by hand; return whether the database lets it."""
    table, name = column.table.name, column.name
    with closing(sqlite3.connect(office.folder / "alerting.db")) as connection, suppress(sqlite3.IntegrityError):
        where = "rowid = (SELECT max(rowid) FROM {0})" if table != "state" else "name LIKE 'filled:%'"
        connection.execute(f'UPDATE {table} SET "{name}" = ? WHERE {where.format(table)}', (value,))
        connection.commit()
        return True
    return False


ODD = {
    "a silence of nothing that there is": (
        """UPDATE silence SET matcher = '{"level": 7, "other": 1}' WHERE id = 1""",
        "silence 1",
    ),
    "a brake for a reason that there is not": (
        "INSERT INTO brake (rule, since, run_id, count, kind) VALUES ('other', '2026-03-04', 3, 9, 'a word of nobody')",
        "brake (kind)",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("odd", ODD)
def test_a_word_that_nobody_writes_costs_its_row(lived_in: Office, tmp_path: Path, odd: str) -> None:
    statement, named = ODD[odd]
    office = lived_in.copy(tmp_path, MONDAY)
    by_hand(office, statement)
    report = office.run(FOURTH)

    assert report.status.startswith("done")
    assert named in said_of(office)
    held = "PL-02 is held by its brake" in {notice.title for notice in office.notices}
    assert held == ("brake" in odd)


@pytest.mark.slow
def test_a_text_that_is_not_the_json_it_was_costs_its_row_on_each_kind_of_store(made_store: str, tmp_path: Path) -> None:
    office = Office(tmp_path, made_store)
    office.run(MONDAY)
    for number, value in enumerate(("{half", "7", '["x"]', "", '{"a": NaN, }'), 1):
        with opened(office) as store, store.transaction() as connection:
            first = sa.select(sa.func.min(schema.reading.c.alert_id)).scalar_subquery()
            connection.execute(schema.reading.update().where(schema.reading.c.alert_id == first).values(facts=value))
        report = office.run(MONDAY + number * DAY)

        assert report.status.startswith("done"), value
        with opened(office) as store, store.transaction() as connection:
            kept = connection.execute(sa.select(schema.set_aside.c.table_name, schema.set_aside.c.columns)).all()
            stands = connection.execute(sa.select(schema.reading.c.facts).order_by(schema.reading.c.alert_id).limit(1)).scalar()
        assert kept == [("reading", "facts")] * number, value
        assert stands not in (None, value), "what the data says today stands there again"


STATES = ("7", '{"x": [null]}', "broken {")


@pytest.mark.slow
@pytest.mark.parametrize("first", range(len(STATES)))
@pytest.mark.parametrize("is_list", [True, False])
def test_whatever_is_remembered_may_be_of_another_shape(
    lived_in: Office, well: set[tuple[str, str, str]], tmp_path: Path, is_list: bool, first: int
) -> None:
    office = lived_in.copy(tmp_path, MONDAY)
    with opened(office) as store, store.transaction() as connection:
        kept = connection.execute(sa.select(schema.state.c.name).order_by(schema.state.c.name)).scalars().all()
    names = (*kept, "doubted:ssd_person", "accepted:ssd_person", "retention sealed", "restricted records released")
    for place, name in enumerate(each for each in names if LAST_LIST.has(each) == is_list):
        value = STATES[(first + place) % len(STATES)]
        by_hand(office, f"INSERT OR REPLACE INTO state (name, value, at) VALUES ('{name}', '{value}', '2026-03-04 08:00:00')")
    report = office.run(FOURTH)

    assert report.status.startswith("done")
    if not is_list:  # without it nobody knows who may be told
        assert well <= who_is_told(office)


@pytest.mark.parametrize("value", ["7", "broken {", '{"by": 7}'])
@pytest.mark.slow
def test_that_fire_is_held_stays_so_whatever_becomes_of_the_words_for_it(tmp_path: Path, value: str) -> None:
    office = Office(tmp_path)
    office.begin(MONDAY)
    by_hand(office, f"INSERT INTO state (name, value, at) VALUES ('hold_fire', '{value}', 'some day')")
    report = office.run(MONDAY + DAY)

    assert "cannot be read" in str(report.sending.hold_fire)
    with opened(office) as store, store.transaction() as connection:
        marker = send_hold.Marker(store=store, path=None, environment="production")
        released, _ = marker.release(connection, by=somebody("P1"), note="", now=NOON)
        assert released is not None
        assert connection.execute(sa.select(acts_of(ActKind.fire_released))).scalar()


def acts_of(kind: ActKind) -> sa.ColumnElement[bool]:
    return sa.exists().where(schema.act.c.kind == kind.value)
