"""What `source: {type: sql}` promises of SQL Server, as far as that can be tried without one."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote_plus

import pytest
from sqlalchemy.dialects import mssql

from alerting.database_address import why_refused
from alerting.errors import SourceError
from alerting.sources.sql import Source, _Held, _source
from tests.case_databases import Database, sqlite_database
from tests.small_council import read


@pytest.fixture
def sqlite(tmp_path: Path) -> Database:
    return sqlite_database(tmp_path)


@pytest.mark.parametrize("name", ["##ssd_person", "#ssd_person", f"#ssd_person{'_' * 60}0000000000a3"])
def test_a_temporary_table_of_sql_server_is_the_table_that_it_is_named_after(sqlite, name):
    sqlite.make(name, ["pers_person_id"], [("007",)])

    rows, _ = read(sqlite.source(), {"ssd_person": frozenset({"pers_person_id"})})

    assert rows["ssd_person"] == [("007",)]


def test_of_a_temporary_table_and_a_real_one_none_is_guessed(sqlite):
    for name in ("ssd_person", "##ssd_person"):
        sqlite.make(name, ["pers_person_id"], [("007",)])

    _, readings = read(sqlite.source(), {"ssd_person": frozenset({"pers_person_id"})})

    assert readings["ssd_person"].problem == "there are ##ssd_person and ssd_person for one table. Keep one"


@pytest.mark.parametrize(
    ("schema", "name", "asked"),
    [
        (None, "ssd_person", "[ssd_person]"),
        ("ssd_development", "ssd_person", "ssd_development.[ssd_person]"),
        ("ssd development", "odd]name", "[ssd development].[odd]]name]"),
        ("tempdb.dbo", "##ssd_person", "tempdb.dbo.[##ssd_person]"),
    ],
)
def test_a_table_of_sql_server_is_asked_for_by_its_own_quotes(schema, name, asked):
    connection = SimpleNamespace(dialect=mssql.dialect())

    assert _source(connection, _Held(ours="ssd_person", schema=schema, theirs=(name,))) == asked


def test_a_connection_string_of_odbc_tells_its_place_and_not_who_signs_in():
    odbc = quote_plus("Driver={ODBC Driver 18 for SQL Server};Server=sql01;Database=ssd;UID=reader;PWD=hunter2")
    source = Source(type="sql", url=f"mssql+pyodbc:///?odbc_connect={odbc}")

    assert source.identity()[1] == "mssql+pyodbc://Server=sql01;Database=ssd"


def test_a_server_that_is_not_there_is_not_a_database_that_is_not_there():
    words = "(20009, b'Unable to connect: Adaptive Server is unavailable or does not exist (sql01)')"

    assert why_refused(Exception(words))[0] == "cannot be reached"


def test_a_driver_that_is_not_installed_is_named():
    with pytest.raises(SourceError, match=r"the driver for this database is not installed \(pyodbc\)"):
        read(Source(type="sql", url="mssql+pyodbc://u:p@h/d"))
