"""The council's own tables come from elsewhere than the case data where config.yaml says so, and then from nowhere else."""

from __future__ import annotations

import csv
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from alerting.app import build
from alerting.authoring.source_tables import read_tables
from alerting.casedata.divided_source import USUALLY_APART, Divided
from alerting.errors import Fault
from alerting.model import Condition
from alerting.notifications.report import Report
from alerting.sources.files.source import Source
from tests.case_databases import sqlite_database
from tests.made_council import MONDAY
from tests.office import Office

FILES = {"type": "files", "path": "own"}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.settings["own_tables"] = FILES
    office.council.on_a_plan("C7", seen=MONDAY - timedelta(days=60))
    return office


def keep_apart(office: Office, *without: str, **addresses: str) -> None:
    """Write the council's own tables into a folder of their own, without some; addresses: of members of staff, by their ids."""
    for path in office.council.write().glob("ext_*.csv"):
        if path.stem not in without:
            (office.folder / "own").mkdir(exist_ok=True)
            shutil.copy(path, office.folder / "own")
    path = office.folder / "own" / "ext_staff.csv"
    if addresses:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(row | {"email": addresses.get(row["worker_id"], row["email"])} for row in rows)


def told(report: Report) -> set[str]:
    return {item.address for item in report.planned if item.purpose == "daily"}


def faults(office: Office) -> list[Fault]:
    office.council.write()
    app = build(office.council.configure(office.store_url, **office.settings))
    return [fault for fault in app.faults if fault.severity == "error"]


def test_who_is_who_is_read_there_and_not_beside_the_case_data(office):
    keep_apart(office, M1="new.manager@example.gov.uk")

    assert "new.manager@example.gov.uk" in told(office.run(MONDAY))


def test_the_case_data_may_be_a_database(office, tmp_path):
    keep_apart(office)
    database = sqlite_database(tmp_path)
    for path in (tmp_path / "extracts").glob("ssd_*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            columns, *rows = csv.reader(file)
        database.make(path.stem, columns, [tuple(cell or None for cell in row) for row in rows])
    office.settings["source"] = {"type": "sql", "url": str(database.engine.url)}

    assert "m1@example.gov.uk" in told(office.run(MONDAY))


def test_a_list_of_restricted_records_that_is_not_there_is_not_taken_from_elsewhere(office):
    keep_apart(office, "ext_restricted")
    assert (office.folder / "extracts" / "ext_restricted.csv").exists()

    assert told(office.run(MONDAY)) == set()


def test_one_that_stands_beside_the_case_data_is_told(office):
    keep_apart(office)
    own = [name for name in office.council.tables if name.startswith("ext_") and name not in ("ext_restricted", "ext_cover")]

    report = office.run(MONDAY, without=tuple(own))

    said = "ext_restricted and ext_cover stand beside the case data, where nobody looks: only what is at `own_tables` is read"
    assert said in report.problems


def test_where_the_case_data_is_a_database_too_and_the_check_says_so(office, tmp_path):
    keep_apart(office)
    office.council.write()
    database = sqlite_database(tmp_path)
    for name, column in (("ssd_person", "pers_person_id"), ("EXT_RESTRICTED", "person_id")):
        database.make(name, [column], [])
    office.settings["source"] = {"type": "sql", "url": str(database.engine.url)}
    tables = read_tables(build(office.council.configure(office.store_url, **office.settings)), MONDAY)

    assert [one.table for one in tables if any("stands beside the case data" in said for said in one.problems)] == [
        "ext_restricted"
    ]


@pytest.mark.slow
def test_where_none_of_them_can_be_read_the_case_data_is_and_nothing_ends(office):
    keep_apart(office)
    office.run(MONDAY)
    before = {alert.ref for alert in office.alerts()}
    shutil.rmtree(office.folder / "own")

    report = office.run(MONDAY + timedelta(days=1))

    assert report.status.startswith("done")
    assert {alert.ref for alert in office.alerts() if alert.condition is Condition.held} == before
    [restricted] = {each.detail for each in office.notices if each.title == "The list of restricted records cannot be used"}
    assert f"own_tables: there is no folder and no Excel workbook (.xlsx) at {(office.folder / 'own').as_posix()}" in restricted


def test_only_those_that_are_named_come_from_there(office):
    office.settings["own_tables"] = FILES | {"tables": ["ext_team"]}
    keep_apart(office, M1="new.manager@example.gov.uk")

    assert "m1@example.gov.uk" in told(office.run(MONDAY))


def test_a_place_that_is_another_is_another_source(office):
    office.council.write()
    here = build(office.council.configure(office.store_url, **office.settings)).source
    office.settings["own_tables"] = FILES | {"path": "elsewhere"}
    there = build(office.council.configure(office.store_url, **office.settings)).source

    assert here is not None
    assert there is not None
    assert here.identity() != there.identity()


def test_a_release_that_knows_one_table_more_makes_no_other_source(tmp_path):
    here, there = Source(type="files", path=tmp_path), Source(type="files", path=tmp_path / "own")

    assert Divided(case_data=here, own=there, tables=USUALLY_APART).identity() == (*here.identity(), *there.identity())


def test_a_table_that_is_none_of_them_is_a_fault_at_its_place(office):
    office.settings["own_tables"] = FILES | {"tables": ["ext_staf", "ssd_person", {"ext_team": True}]}

    first, second, third = faults(office)

    assert first.problem == "`ext_staf` is none of the council's own tables"
    assert first.remedy == "Did you mean 'ext_staff'?"
    assert first.where is not None
    assert first.where.line
    assert second.problem == "`ssd_person` is none of the council's own tables"
    assert second.remedy.startswith("There are ext_audit, ")
    assert second.remedy.endswith("; all others come with the case data.")
    assert third.problem == "`{'ext_team': True}` is none of the council's own tables"


@pytest.mark.parametrize("tables", [[], "ext_staff"])
def test_tables_that_are_no_list_are_a_fault(office, tables):
    office.settings["own_tables"] = FILES | {"tables": tables}

    assert [fault.problem for fault in faults(office)] == ["`tables` is no list"]


def test_a_source_that_there_is_not_is_a_fault_and_nothing_runs(office):
    office.settings["own_tables"] = {"type": "file", "path": "own"}

    assert [fault.problem for fault in faults(office)] == ["unknown type `file`"]
    assert build(office.folder / "config.yaml").source is None
