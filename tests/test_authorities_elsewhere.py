"""A region's authorities in Parquet, or in a table of a database: the same rows as in a CSV file, and what is said where they cannot be had."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from alerting.commands import cli
from alerting.errors import AlertingError, ConfigError, Faults
from alerting.regions import table_reading
from alerting.regions.authorities import Authority, Found, find_authorities, is_folder_of
from alerting.regions.table_reading import DatabaseTable
from tests.region_of_councils import DAY, NAMES, fingerprints, found_region, run_one_by_one

ROWS = """(VALUES ('adur', NULL, NULL, 21000.0, NULL, true), ('../elsewhere/b', NULL, 'Barton & Bay', NULL, NULL, NULL),
    (NULL, 'corfe/live.yaml', 'Corfe', 800, NULL, true), ('dell', NULL, NULL, 5, NULL, false), (NULL, NULL, NULL, 7, NULL, NULL))
    AS t (folder, config, name, size, nothing, active)"""
COLUMNS = 'folder, config, name, size, active AS "on"'


def expected(base: Path) -> Found:
    """Return what the rows say, told from a folder."""
    return Found(
        authorities=(
            Authority(name="Barton & Bay", config=base.parent / "elsewhere" / "b" / "config.yaml"),
            Authority(name="Corfe", config=base / "corfe" / "live.yaml", size=800),
            Authority(name="adur", config=base / "adur" / "config.yaml", size=21000),
        ),
        off=("dell",),
    )


def without_the_nameless(found: Found) -> Found:
    """Return what was found but for the row that says nothing, of which it must be said that it does not."""
    [(name, why)] = found.unsafe.items()
    assert name.startswith("row ")
    assert "neither `folder` nor `config` says where it is" in why
    return replace(found, unsafe={})


def parquet(file: Path, query: str = f"SELECT {COLUMNS} FROM {ROWS}") -> Path:
    file.parent.mkdir(exist_ok=True)
    duckdb.execute(f"COPY ({query}) TO '{file}' (FORMAT parquet)")
    return file


@pytest.fixture
def in_database(store_url: str, tmp_path: Path) -> Callable[..., DatabaseTable]:
    """Make things in a database of each kind, and say which table of it is meant."""

    def made(table: str, *statements: str) -> DatabaseTable:
        engine = sa.create_engine(store_url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()
        return DatabaseTable(address=store_url, table=table, folder=tmp_path)

    return made


# ---------------------------------------------------------------- Parquet


def test_a_parquet_file_says_what_a_csv_file_does_from_where_it_is(tmp_path):
    assert without_the_nameless(find_authorities(parquet(tmp_path / "south [1].parquet"))) == expected(tmp_path)


@pytest.mark.parametrize("name", ["south.parquet", "south"])
def test_a_folder_as_spark_writes_it_is_one_table_and_no_folder_of_authorities(tmp_path, name):
    for number, only in enumerate(["folder = 'adur'", "folder IS DISTINCT FROM 'adur'"]):
        parquet(tmp_path / name / f"part-0000{number}.snappy.parquet", f"SELECT {COLUMNS} FROM {ROWS} WHERE {only}")
    (tmp_path / name / "_SUCCESS").touch()

    assert without_the_nameless(find_authorities(tmp_path / name)) == expected(tmp_path)
    assert not is_folder_of(tmp_path / name)


def _damaged(folder: Path) -> Path:
    (folder / "south.parquet").write_bytes(b"PAR1 and no more")
    return folder / "south.parquet"


def _unfinished(folder: Path) -> Path:
    parquet(folder / "south.parquet" / "part-0.parquet")
    (folder / "south.parquet" / "_temporary").mkdir()
    return folder / "south.parquet"


def _delta(folder: Path) -> Path:
    parquet(folder / "south" / "part-0.parquet")
    (folder / "south" / "_delta_log").mkdir()
    return folder / "south"


def _empty(folder: Path) -> Path:
    (folder / "south.parquet").mkdir()
    return folder / "south.parquet"


def _brotli(folder: Path) -> Path:
    duckdb.execute(f"COPY (SELECT 'adur' AS folder) TO '{folder / 'south.parquet'}' (FORMAT parquet, CODEC brotli)")
    return folder / "south.parquet"


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (_damaged, "this is not a Parquet table that can be read"),
        (_brotli, "this is not a Parquet table that can be read"),
        (_unfinished, "this table is not written to its end"),
        (_delta, "this is a Delta table, which is not read"),
        (_empty, "there is no Parquet file in this folder"),
        (lambda folder: folder / "nowhere.parquet", "the authorities cannot be read from"),
    ],
)
def test_parquet_that_is_no_table_says_what_is_wrong_where_and_what_to_do(tmp_path, make, problem):
    place = make(tmp_path)

    with pytest.raises(ConfigError, match=problem) as refused:
        find_authorities(place)

    assert place.as_posix() in str(refused.value)
    assert refused.value.remedy


# ---------------------------------------------------------------- databases


def test_a_view_of_a_database_says_what_a_csv_file_does_from_the_folder_that_is_given(in_database, tmp_path):
    table = in_database(
        "Authorities",
        "CREATE TABLE region (folder text, config text, name text, size numeric(12, 2), active boolean)",
        """INSERT INTO region VALUES ('dell', NULL, NULL, 5, false), (NULL, 'corfe/live.yaml', ' Corfe ', 800.00, true),
            ('adur', '', NULL, 21000, true), ('../elsewhere/b', NULL, 'Barton & Bay', NULL, NULL), (NULL, NULL, NULL, 7, true)""",
        f"CREATE VIEW authorities AS SELECT {COLUMNS} FROM region",
    )

    assert without_the_nameless(find_authorities(table)) == expected(tmp_path)


def test_a_heading_that_is_not_known_is_refused_lest_it_says_who_is_off(in_database):
    table = in_database("region", "CREATE TABLE region (folder text, active boolean)")

    with pytest.raises(Faults) as refused:
        find_authorities(table)

    [fault] = refused.value.faults
    assert fault.problem == "there is no column `active`"
    assert 'AS "on"' in fault.remedy


def test_a_table_that_is_not_there_is_said_with_what_is_near(in_database):
    table = in_database("autorities", "CREATE TABLE authorities (folder text)")

    with pytest.raises(ConfigError, match="there is no table autorities") as refused:
        find_authorities(table)

    assert "Did you mean authorities?" in refused.value.remedy


def test_an_empty_table_is_a_region_without_authorities(in_database):
    with pytest.raises(ConfigError, match="there is no authority in region of ") as refused:
        find_authorities(in_database("region", "CREATE TABLE region (folder text)"))

    assert "a row, or a line" in refused.value.remedy


def test_a_table_with_more_rows_than_a_country_has_authorities_is_another_table(in_database, monkeypatch):
    monkeypatch.setattr(table_reading, "MOST_ROWS", 1)
    table = in_database("region", "CREATE TABLE region (folder text)", "INSERT INTO region VALUES ('a'), ('b')")

    with pytest.raises(ConfigError, match="region has more than 1 rows"):
        find_authorities(table)


def test_a_table_that_the_user_may_not_read_is_said_to_be_so(postgres_url, tmp_path):
    engine = sa.create_engine(postgres_url, poolclass=sa.NullPool)
    made = (
        "CREATE SCHEMA regions",
        "CREATE TABLE regions.south (folder text)",
        "CREATE ROLE nobody_much LOGIN",
        "GRANT USAGE ON SCHEMA regions TO nobody_much",
    )
    with engine.begin() as connection:
        for statement in made:
            connection.exec_driver_sql(statement)
    try:
        address = postgres_url.replace("postgres@", "nobody_much@")
        with pytest.raises(ConfigError, match=r"the user may not read regions\.south") as refused:
            find_authorities(DatabaseTable(address=address, table="regions.south", folder=tmp_path))
        assert refused.value.remedy == "Grant it SELECT."
    finally:
        with engine.begin() as connection:
            for statement in ("DROP SCHEMA regions CASCADE", "DROP ROLE nobody_much"):
                connection.exec_driver_sql(statement)
        engine.dispose()


@pytest.mark.parametrize("address", ["sqlite:///{}/nowhere.db", "postgresql+psycopg://me:hunter2@localhost:1/region"])
def test_a_database_that_cannot_be_reached_is_named_without_its_password(tmp_path, address):
    table = DatabaseTable(address=address.format(tmp_path.as_posix()), table="region", folder=tmp_path)

    with pytest.raises(AlertingError) as refused:
        find_authorities(table)

    said = f"{refused.value} {table!r}"
    assert "region of " in said
    assert "--authorities" in said
    assert "hunter2" not in said


# ---------------------------------------------------------------- the command


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["region", "run", "daily", "--as-of", DAY, *arguments])


@pytest.mark.slow
def test_a_region_in_a_database_is_run_as_its_folder_would_be_and_its_report_is_kept_in_the_folder(postgres_url, tmp_path):
    alone = run_one_by_one(tmp_path / "alone")
    found_region(tmp_path / "region")
    engine = sa.create_engine(postgres_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA south")
        connection.exec_driver_sql('CREATE TABLE south.authorities (folder text, "on" boolean)')
        for name in NAMES:
            connection.exec_driver_sql("INSERT INTO south.authorities VALUES (%s, %s)", (name, name != "corfe"))
    engine.dispose()
    (tmp_path / "address").write_text(f"{postgres_url}\n")
    command = ["region", "run", "daily", "--authorities", f"${{file:{tmp_path / 'address'}}}", "--table", "south.authorities"]

    done = subprocess.run(
        [sys.executable, "-m", "alerting", *command, "--folder", str(tmp_path / "region"), "--as-of", DAY],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    kept = json.loads((tmp_path / "region" / "region-daily-south.authorities.json").read_text())
    assert {one["name"]: one["ending"] for one in kept["authorities"]} == {"adur": "done", "barton": "done", "corfe": "off"}
    for name in ("adur", "barton"):
        assert fingerprints(tmp_path / "region" / name) == alone[name]


def test_a_password_in_the_command_is_refused_and_not_shown():
    done = run("--authorities", "postgresql+psycopg://me:hunter2@localhost/region", "--table", "south")

    assert done.exit_code == 1
    assert "--authorities: a password stands in the command" in done.output
    assert "'${file:PATH}'" in done.output
    assert "hunter2" not in done.output


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--authorities", "sqlite:///region.db"], "goes with --table"),
        (["--authorities", "south.csv", "--table", "south"], "go with the address of a database"),
    ],
)
def test_an_option_that_goes_with_nothing_is_refused(arguments, problem):
    done = run(*arguments)

    assert done.exit_code == 2
    assert problem in done.output
