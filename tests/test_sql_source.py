"""What `source: {type: sql}` promises of a real PostgreSQL and a real SQLite."""

from __future__ import annotations

import csv
import re
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from alerting.casedata.catalogue import TABLES
from alerting.casedata.snapshot import Snapshot
from alerting.errors import SourceError
from alerting.sources.demo import source as demo
from alerting.sources.files import source as files
from alerting.sources.sql import Source, _found, _Held, _rows, _stream
from tests.case_databases import Database, sqlite_database
from tests.small_council import AS_OF, COUNCIL, SETTINGS, read

PERSON = {"ssd_person": frozenset({"pers_person_id", "pers_ethnicity", "pers_dob"})}
A_DAY = date(2010, 2, 28)


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Database]:
    schema = f"ssd_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(postgres_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
    yield Database(engine, lambda **more: Source(**{"type": "sql", "url": postgres_url, "schema": schema} | more), schema)
    with engine.begin() as connection:
        connection.execute(sa.schema.DropSchema(schema, cascade=True))


@pytest.fixture
def sqlite(tmp_path: Path) -> Database:
    return sqlite_database(tmp_path)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    return request.getfixturevalue(request.param)


# ---------------------------------------------------------------------- what is read


def test_the_same_council_is_read_from_any_database(database):
    for table, (columns, rows) in COUNCIL.items():
        database.make(table, columns, rows)

    rows, readings = read(database.source())

    assert rows["ssd_cp_visits"] == [
        (date(2026, 3, 2), "1", True, "007"),
        (date(2026, 3, 30), "2", False, "7"),
        (None, "3", None, "P-3"),
    ]
    assert rows["ssd_person"] == [
        (None, date(2008, 2, 29), 'says "né", and\nmore', None, "7"),
        (None, date(2010, 2, 28), "White – “other”", None, "007"),
        (None, None, "O’Brien, £5", None, "p-3"),
        (None, None, None, date(2026, 5, 1), "P-3"),
    ]
    assert {table: readings[table].rows for table in COUNCIL} == {"ssd_person": 4, "ssd_cp_visits": 3, "ext_staff": 0}


def test_names_count_without_case_behind_a_prefix_and_views_count_as_tables(database):
    database.run(
        'CREATE TABLE people ("Pers_Person_ID" text, "PERS_DOB" text, other text)',
        "INSERT INTO people VALUES ('007', '2010-02-28', 'x')",
        'CREATE VIEW "dbo_SSD_Person" AS SELECT * FROM people',
    )

    rows, readings = read(database.source(prefix="DBO_"), PERSON)

    assert rows["ssd_person"] == [(A_DAY, None, "007")]
    assert readings["ssd_person"].missing_columns == ("pers_ethnicity",)


def test_a_table_that_is_not_there_is_not_supplied(database):
    database.make("ssd_person", ["pers_person_id"], [("1",)])

    _, readings = read(database.source())

    assert not readings["ssd_cp_visits"].supplied
    assert readings["ssd_cp_visits"].problem is None


@pytest.mark.slow
def test_rows_count_also_where_no_column_is_wanted_or_all_cells_are_null(database):
    database.make("ssd_person", ["pers_person_id"], [("1",), (None,), (None,)])

    for columns in (frozenset(), frozenset({"pers_person_id"}), frozenset({"pers_dob"})):
        assert read(database.source(), {"ssd_person": columns})[1]["ssd_person"].rows == 3


NASTY = [
    "",
    " ",
    "\\N",
    "\\.",
    "NaN",
    ",",
    '"',
    '""',
    "a\rb",
    "a\r\nb",
    "a\nb\n",
    "'",
    "é’–",
    "\t",
    "\\",
    "1\n\\.\n2",
    "x" * 3_000_000,
]


def test_every_text_arrives_as_it_is_and_an_empty_one_is_not_null(database):
    database.make(
        "ssd_person", ["pers_person_id", "pers_ethnicity"], [*((str(n), text) for n, text in enumerate(NASTY)), ("none", None)]
    )

    with Snapshot(AS_OF, SETTINGS) as snapshot:
        database.source().read({"ssd_person": frozenset({"pers_person_id", "pers_ethnicity"})}, snapshot)
        found = dict(snapshot.sql("SELECT pers_person_id, coalesce(pers_ethnicity, '') FROM raw.ssd_person"))

    assert found == {str(n): text for n, text in enumerate(NASTY)} | {"none": ""}


def test_typed_cells_become_what_their_text_would_in_postgresql(postgres):
    postgres.run(
        "CREATE DOMAIN day AS date",
        "CREATE TABLE ssd_person (pers_person_id numeric(12, 2), pers_ethnicity boolean, pers_dob day, pers_expected_dob "
        "timestamptz, pers_death_date timestamp, pers_sex double precision, pers_gender uuid)",
        "INSERT INTO ssd_person VALUES (700.00, true, '2010-02-28', '2026-06-30 23:30:00+00', '2026-01-05 10:11:12.5', 7, "
        "'12345678-1234-1234-1234-123456789abc'), (7.50, false, 'infinity', 'infinity', '-infinity', 'NaN', NULL)",
        "CREATE TABLE ext_load (table_name varchar(40), loaded_at timestamptz, row_count bigint)",
        "INSERT INTO ext_load VALUES ('ssd_person', '2026-07-01 05:00:00+00', 2)",
    )
    wanted = {
        "ssd_person": frozenset(
            {f"pers_{name}" for name in "person_id ethnicity dob expected_dob death_date sex gender".split()}
        ),
        "ext_load": frozenset({"table_name", "loaded_at", "row_count"}),
    }

    rows, readings = read(postgres.source(), wanted)

    assert rows["ssd_person"] == [
        (date(2026, 1, 5), A_DAY, "true", date(2026, 7, 1), "12345678-1234-1234-1234-123456789abc", "700", "7"),
        (None, None, "false", None, None, "7.5", None),
    ]
    assert rows["ext_load"] == [(datetime(2026, 7, 1, 6, 0), 2.0, "ssd_person")]
    assert readings["ssd_person"].unreadable_cells == {}


def test_typed_cells_become_what_their_text_would_in_sqlite(sqlite):
    sqlite.run(
        "CREATE TABLE ssd_person (pers_person_id REAL, pers_ethnicity INTEGER, pers_dob DATE, pers_sex BLOB)",
        "INSERT INTO ssd_person VALUES (700.0, 1, '2010-02-28 00:00:00', x'c3a9'), (7.5, NULL, 20100228, NULL)",
    )

    rows, readings = read(sqlite.source(), {"ssd_person": PERSON["ssd_person"] | {"pers_sex"}})

    assert rows["ssd_person"] == [(A_DAY, "1", "700", "é"), (None, None, "7.5", None)]
    assert (readings["ssd_person"].unreadable_cells, readings["ssd_person"].places) == ({"pers_dob": 1}, [])


def test_rows_streamed_from_postgresql_by_another_driver_are_what_copy_gives(postgres):
    postgres.run(
        "CREATE TABLE ssd_person (pers_person_id numeric(12, 2), pers_ethnicity boolean, pers_dob date, pers_expected_dob timestamptz)",
        "INSERT INTO ssd_person VALUES (700.00, true, '2010-02-28', '2026-06-30 23:30:00+00'), (7.50, NULL, NULL, NULL)",
    )
    wanted = frozenset({"pers_person_id", "pers_ethnicity", "pers_dob", "pers_expected_dob"})
    rows = "SELECT pers_person_id, pers_ethnicity, pers_dob, left(pers_expected_dob, 19) FROM raw.ssd_person ORDER BY 1"

    with Snapshot(AS_OF, SETTINGS) as snapshot:
        postgres.source().read({"ssd_person": wanted}, snapshot)
        copied = snapshot.sql(rows)
        with postgres.source()._connected() as connection:
            held = _Held(ours="ssd_person", schema=postgres.schema, theirs=("ssd_person",))
            found = _found(sa.inspect(connection).get_columns("ssd_person", postgres.schema), wanted)
            _stream(_rows(connection, held, found, time.monotonic() + 60, 1000), held, found, snapshot)

        assert copied == snapshot.sql(rows) == [("7.5", None, None, None), ("700", "true", "2010-02-28", "2026-07-01 00:30:00")]


@pytest.mark.slow
def test_more_rows_than_one_piece_all_arrive(sqlite):
    with sqlite3.connect(sqlite.engine.url.database) as file:
        file.execute("CREATE TABLE ssd_person (pers_person_id)")
        file.executemany("INSERT INTO ssd_person VALUES (?)", [(number,) for number in range(1, 120_002)])
    file.close()

    rows, _ = read(sqlite.source(), {"ssd_person": frozenset({"pers_person_id"})})

    assert {row[0] for row in rows["ssd_person"]} == {str(number) for number in range(1, 120_002)}


# ---------------------------------------------------------------------- one picture, only read


def test_all_tables_are_read_as_at_one_moment(database):
    database.make("ext_staff", ["worker_id"], [("W1",)])
    database.make("ssd_person", ["pers_person_id"], [("1",)])
    wanted = {"ext_staff": frozenset({"worker_id"}), "ssd_person": frozenset({"pers_person_id"})}

    class Overtaken(Snapshot):
        """Has somebody write to the second table while the first is being read."""

        def fill_from(self, table: str, query: str, parameters=()) -> int:
            rows = super().fill_from(table, query, parameters)
            write(table)
            return rows

        def extend(self, table: str, columns, data) -> None:
            write(table)
            super().extend(table, columns, data)

    written = []

    def write(table: str) -> None:
        if table == "ext_staff" and not written:
            written.append(table)
            database.run("INSERT INTO ssd_person VALUES ('2')")

    if database.engine.dialect.name == "sqlite":
        with sqlite3.connect(database.engine.url.database) as file:
            file.execute("PRAGMA journal_mode = wal")
        file.close()
    with Overtaken(AS_OF, SETTINGS) as snapshot:
        database.source().read(wanted, snapshot)

        assert written == ["ext_staff"]
        assert snapshot.sql("SELECT pers_person_id FROM raw.ssd_person") == [("1",)]


def test_nothing_can_be_written(database):
    database.make("ssd_person", ["pers_person_id"], [("1",)])

    with database.source()._connected() as connection, pytest.raises(sa.exc.DBAPIError, match=r"read-?only"):
        connection.execute(sa.text(f"DELETE FROM {database.schema + '.' if database.schema else ''}ssd_person"))


def test_reading_leaves_no_connection_behind(postgres):
    postgres.make("ssd_person", ["pers_person_id"], [("1",)])
    count = sa.text("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND pid <> pg_backend_pid()")

    read(postgres.source(), PERSON)

    with postgres.engine.connect() as connection:
        assert connection.execute(count).scalar_one() == 0


# ---------------------------------------------------------------------- what goes wrong with a table


def test_a_table_the_user_may_not_read_is_reported_and_the_others_are_read(postgres, postgres_url):
    for table, (columns, rows) in COUNCIL.items():
        postgres.make(table, columns, rows)
    user = f"reader_{uuid.uuid4().hex[:8]}"
    postgres.run(
        f"CREATE ROLE {user} LOGIN PASSWORD 'x'",
        f"GRANT USAGE ON SCHEMA {postgres.schema} TO {user}",
        f"GRANT SELECT ON {postgres.schema}.ssd_person TO {user}",
    )
    url = sa.make_url(postgres_url).set(username=user, password="x")

    _, readings = read(postgres.source(url=url.render_as_string(hide_password=False)))

    assert readings["ssd_person"].rows == 4
    assert readings["ssd_cp_visits"].problem == "the user of the source's url may not read ssd_cp_visits. Grant it SELECT"
    postgres.run(f"DROP OWNED BY {user}", f"DROP ROLE {user}")


def test_a_view_that_fails_is_reported_without_a_cell_and_the_others_are_read(postgres):
    postgres.make("ssd_person", ["pers_person_id"], [("Secret",)])
    postgres.run("CREATE VIEW ext_staff AS SELECT pers_person_id::integer AS worker_id FROM ssd_person")

    rows, readings = read(postgres.source(), {"ext_staff": frozenset({"worker_id"}), "ssd_person": frozenset({"pers_person_id"})})

    assert rows["ssd_person"] == [("Secret",)]
    assert readings["ext_staff"].problem == "the database could not read ext_staff (InvalidTextRepresentation)"


@pytest.mark.slow
def test_a_table_that_takes_too_long_is_given_up_and_the_others_are_read(database):
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(i) AS worker_id FROM n"
    database.make("ssd_person", ["pers_person_id"], [("1",)])
    database.run(f"CREATE VIEW ext_staff AS {endless}")
    wanted = {"ext_staff": frozenset({"worker_id"}), "ssd_person": frozenset({"pers_person_id"})}

    rows, readings = read(database.source(statement_timeout_s=1), wanted)

    assert rows["ssd_person"] == [("1",)]
    assert readings["ext_staff"].problem.startswith("reading took longer than 1 seconds. Read at a quieter time")


def test_a_table_with_more_rows_than_may_be_is_given_up_and_the_others_are_read(database):
    database.make("ssd_cp_visits", ["cppv_cp_visit_id"], [(str(number),) for number in range(4)])
    database.make("ssd_cp_plans", ["cppl_cp_plan_id"], [("1",)])
    wanted = {"ssd_cp_visits": frozenset({"cppv_cp_visit_id"}), "ssd_cp_plans": frozenset({"cppl_cp_plan_id"})}
    _, within = read(database.source(max_rows=4), wanted)
    _, beyond = read(database.source(max_rows=3), wanted)

    assert within["ssd_cp_visits"].problem is None
    assert beyond["ssd_cp_visits"].problem == "it has more than 3 rows. If that is right, raise the source's max_rows"
    assert (beyond["ssd_cp_visits"].rows, beyond["ssd_cp_plans"].rows) == (None, 1)


def test_two_tables_or_columns_whose_names_differ_by_case_only_are_not_chosen_between(postgres):
    postgres.run('CREATE TABLE ssd_person (pers_dob text, "PERS_DOB" text)', "CREATE TABLE ext_staff (worker_id text)")
    postgres.run('CREATE TABLE "SSD_CP_Visits" (x text)', "CREATE TABLE ssd_cp_visits (x text)")

    _, readings = read(postgres.source())

    assert readings["ssd_person"].problem == "it has the columns PERS_DOB and pers_dob. Keep one"
    assert readings["ssd_cp_visits"].problem == "there are SSD_CP_Visits and ssd_cp_visits for one table. Keep one"
    assert readings["ext_staff"].rows == 0


# ---------------------------------------------------------------------- what goes wrong with the database


def test_a_server_that_does_not_answer_is_an_error_without_the_password(tmp_path):
    source = Source(type="sql", url="postgresql+psycopg://reader:hunter2@127.0.0.1:1/ssd")

    with pytest.raises(SourceError, match=r"the database postgresql\+psycopg://127\.0\.0\.1:1/ssd cannot be reached") as caught:
        read(source)

    assert "Check host and port" in caught.value.remedy
    assert "hunter2" not in f"{caught.value!r} {caught.value} {source!r} {caught.value.__cause__}"


def test_a_database_that_is_not_there_is_an_error_that_names_it(postgres_url):
    url = sa.make_url(postgres_url).set(database="nowhere").render_as_string(hide_password=False)

    with pytest.raises(SourceError, match=r"the database .*/nowhere is not there, or not to be opened"):
        read(Source(type="sql", url=url))


def test_a_user_that_is_not_there_and_a_wrong_password_are_the_same_error(postgres, postgres_url):
    user = f"locked_{uuid.uuid4().hex[:8]}"
    with postgres.engine.connect() as connection:
        rules = Path(connection.exec_driver_sql("SHOW hba_file").scalar_one())
    before = rules.read_text()
    rules.write_text(f"local all {user} scram-sha-256\n{before}")
    postgres.run(f"CREATE ROLE {user} LOGIN PASSWORD 'right'", "SELECT pg_reload_conf()")

    for name, password in ((user, "hunter2"), ("nobody", "hunter2")):
        url = sa.make_url(postgres_url).set(username=name, password=password).render_as_string(hide_password=False)
        with pytest.raises(SourceError, match="refuses the user's name or password") as caught:
            read(Source(type="sql", url=url))
        assert "hunter2" not in str(caught.value)

    rules.write_text(before)
    postgres.run("SELECT pg_reload_conf()", f"DROP ROLE {user}")


def test_a_schema_that_is_not_there_is_an_error_that_offers_the_nearest(postgres):
    with pytest.raises(SourceError, match=f"there is no schema {postgres.schema}x in the database") as caught:
        read(postgres.source(schema=f"{postgres.schema}x"))

    assert caught.value.remedy == f"Did you mean {postgres.schema}?"


def test_a_database_without_case_tables_is_an_error_that_says_what_was_looked_for(database):
    database.make("dbo_ssd_person", ["pers_person_id"], [])

    with pytest.raises(SourceError, match="no case table was found in the") as caught:
        read(database.source())

    assert "Looked for ssd_person, ssd_cp_plans and so on, and saw dbo_ssd_person." in caught.value.remedy
    assert "prefix: dbo_." in caught.value.remedy


def test_tables_in_another_schema_are_an_error_that_says_which(postgres):
    postgres.make("v_ssd_person", ["pers_person_id"], [])
    empty = f"{postgres.schema}_none"
    postgres.run(f"CREATE SCHEMA {empty}")

    with pytest.raises(SourceError) as caught:
        read(postgres.source(schema=empty))

    postgres.run(f"DROP SCHEMA {empty}")
    assert re.search(
        r"saw v_ssd_person in the schema \w+\. To read it so, write under `source:` schema: \w+, prefix: v_\.",
        caught.value.remedy,
    )


def test_a_file_that_is_not_there_is_an_error_and_is_not_made(tmp_path):
    with pytest.raises(SourceError, match="is not there, or not to be opened"):
        read(Source(type="sql", url=f"sqlite:///{(tmp_path / 'gone.db').as_posix()}"))

    assert not (tmp_path / "gone.db").exists()


def test_a_file_that_is_no_database_is_an_error(tmp_path):
    (tmp_path / "ssd.db").write_text("this is not a database at all, however long it may be")

    with pytest.raises(SourceError, match="the database could not be read"):
        read(Source(type="sql", url=f"sqlite:///{(tmp_path / 'ssd.db').as_posix()}"))


@pytest.mark.parametrize("url", ["not an address hunter2", "nosuchengine://u:hunter2@h/d", "mysql+nosuch://u:hunter2@h/d"])
def test_an_address_that_is_none_is_an_error_that_shows_how_one_looks(url):
    with pytest.raises(SourceError, match=r"the source's url is not an address of a database") as caught:
        read(Source(type="sql", url=url))

    assert "postgresql+psycopg://user:password@host" in caught.value.remedy
    assert "hunter2" not in str(caught.value)


def test_a_connection_that_breaks_off_is_an_error_and_not_many_unreadable_tables(postgres):
    postgres.make("ssd_person", ["pers_person_id"], [("1",)])
    postgres.run("CREATE VIEW ext_staff AS SELECT pg_sleep(20)::text AS worker_id")

    def break_off() -> None:
        until = time.monotonic() + 15
        while time.monotonic() < until:
            with postgres.engine.connect() as connection:
                ended = connection.exec_driver_sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                ).fetchall()
            if ended:
                return
            time.sleep(0.05)

    other = threading.Thread(target=break_off)
    other.start()
    with pytest.raises(SourceError, match="the connection to the database broke off"):
        read(postgres.source(), {"ext_staff": frozenset({"worker_id"}), "ssd_person": frozenset({"pers_person_id"})})
    other.join()


def test_settings_that_do_not_exist_are_refused_and_the_address_is_not_shown():
    with pytest.raises(ValidationError) as caught:
        Source(type="sql", url="postgresql://u:hunter2@h/d", shema="x")

    assert "shema" in str(caught.value)
    assert "hunter2" not in str(caught.value)


# ---------------------------------------------------------------------- the same council


@pytest.mark.slow
def test_a_council_is_the_same_from_itself_from_files_and_from_either_database(sqlite, postgres, tmp_path):
    council = demo.Source(children=60, start=date(2026, 3, 2))
    day, folder = date(2026, 3, 2), tmp_path / "csv"
    folder.mkdir()
    for table, columns in council.tables(day).items():
        rows = list(zip(*columns.values(), strict=True))
        with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([columns, *rows])
        for database in (sqlite, postgres):
            database.make(table, list(columns), rows)
    wanted = {name: frozenset(table.columns) for name, table in TABLES.items()}

    def everything(source: Source) -> list[object]:
        with Snapshot(day, SETTINGS) as snapshot:
            source.read(wanted, snapshot)
            snapshot.settle(wanted)
            readings = [replace(snapshot.readings[table], record_places=[], cell_places={}) for table in TABLES]
            return [*readings, *(snapshot.sql(f"SELECT * FROM {table} ORDER BY ALL") for table in TABLES)]

    expected = everything(council)

    for source in (files.Source(type="files", path=folder), sqlite.source(), postgres.source()):
        assert everything(source) == expected
