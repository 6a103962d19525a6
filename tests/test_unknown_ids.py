"""Ids of people, staff and teams that the council's own tables name and that nobody has: told by table and count, however small the table."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from alerting.casedata.catalogue import SERVICE_COLUMNS, TABLES, Settings
from alerting.casedata.snapshot import Snapshot
from alerting.casedata.trust import Past, judge
from tests.made_council import MONDAY
from tests.office import Office

pytestmark = pytest.mark.slow

DAY = date(2026, 3, 31)
SETTINGS = Settings(
    params={"row_count_tolerance": 0.005, "max_row_change": 0.2, "max_row_change_at_least": 50, "max_load_age_wd": 1},
    codes={},
    bank_holidays=frozenset(),
)
WANTED = {
    **SERVICE_COLUMNS,
    "ssd_person": frozenset({"pers_person_id"}),
    "ext_visit_freq": frozenset(TABLES["ext_visit_freq"].columns),
}
Rows = list[dict[str, str]]
KNOWN: dict[str, Rows] = {
    "ssd_person": [{"pers_person_id": "0001"}, {"pers_person_id": "0002"}],
    "ext_staff": [{"worker_id": "W1", "team_id": "T1"}, {"worker_id": "W2", "team_id": "T1"}],
    "ext_team": [{"team_id": "T1", "manager_id": "W1"}],
}


def found(**tables: Rows) -> set[tuple[str, int, int, int]]:
    """Return each column with ids that nobody has: how many, of how many, and how many a spreadsheet has changed."""
    with Snapshot(DAY, SETTINGS) as snapshot:
        for name, rows in {**KNOWN, **tables}.items():
            columns = sorted(WANTED[name])
            snapshot.fill(name, columns, [[row.get(column) for row in rows] for column in columns])
        snapshot.settle(WANTED)
        unknown = judge(snapshot, WANTED, Past()).unknown_ids
    return {(one.about, len(one.cells), one.named, one.changed) for one in unknown}


def test_a_council_whose_ids_are_all_there_is_told_nothing():
    assert (
        found(
            ext_cover=[{"staff_id": "W1", "covered_by": "W2"}, {"staff_id": "W2"}],
            ext_visit_freq=[{"person_id": "0001", "kind": "CP"}],
            ext_merged=[{"merged_person_id": "0009", "person_id": "0008"}, {"merged_person_id": "0008", "person_id": "0002"}],
        )
        == set()
    )


def test_each_table_that_names_somebody_whom_nobody_knows_is_told_of():
    assert found(
        ext_cover=[{"staff_id": "W1", "covered_by": "W9"}, {"staff_id": "W8", "covered_by": "W2"}],
        ext_visit_freq=[{"person_id": "1"}, {"person_id": "2.0"}, {"person_id": "X"}, {"person_id": "0001"}],
        ext_merged=[{"merged_person_id": "0009", "person_id": "0007"}],
        ext_team=[{"team_id": "T1", "manager_id": "W1", "service_manager_id": "W7", "head_of_service_id": "W2"}],
        ext_staff=[{"worker_id": "W1", "team_id": "T1"}, {"worker_id": "W2", "team_id": "T7"}],
    ) == {
        ("ext_cover.covered_by", 1, 2, 0),
        ("ext_cover.staff_id", 1, 2, 0),
        ("ext_visit_freq.person_id", 3, 4, 2),
        ("ext_merged.person_id", 1, 1, 0),
        ("ext_team.service_manager_id", 1, 1, 0),
        ("ext_staff.team_id", 1, 2, 0),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("ext_cover", {"staff_id": "W9", "to_date": "2026-03-30"}),
        ("ext_visit_freq", {"person_id": "X", "valid_to": "2026-03-31"}),
        ("ext_staff", {"worker_id": "W3", "team_id": "T9", "ends_on": "2026-03-30"}),
    ],
)
def test_a_row_that_is_over_is_told_of_to_nobody(table: str, row: dict[str, str]):
    assert found(**{table: [*KNOWN.get(table, []), row]}) == set()


def test_of_a_table_that_has_nobody_at_all_nothing_more_is_said():
    assert found(ssd_person=[], ext_visit_freq=[{"person_id": "X"}]) == set()


def test_those_who_look_after_the_service_read_where_it_stands_and_what_comes_of_it_and_never_which(tmp_path: Path):
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.council.add("ext_cover", staff_id="W1", covered_by="W0077", from_date=(MONDAY - timedelta(days=1)).isoformat())
    office.run(MONDAY)
    [detail] = {notice.detail for notice in office.notices if notice.title == "Data: ext_cover.covered_by"}

    assert detail.startswith(
        "1 of 1 id matches nobody in ext_staff (ext_cover.csv:2: column covered_by); the next up is told in their place."
    )
    assert "W0077" not in "".join(notice.title + notice.detail for notice in office.notices)


def notes(*people: str) -> Rows:
    return [{"person_id": person, "by_id": "W1", "noted_on": "2026-03-02"} for person in people]


PEOPLE = [f"{number:04}" for number in range(1, 101)]


@pytest.mark.parametrize(
    ("named", "is_trusted"),
    [
        (["X1", "X2", "X3", "X4"], True),
        (["X1", "X2", "X3", "X4", "X5"], False),
        (["X1", "X2", "X3", "X4", "X5", "0001"], True),
        ([*PEOPLE[:90], *(f"{person}.0" for person in PEOPLE[90:])], True),
        ([*PEOPLE[:89], *(f"{person}.0" for person in PEOPLE[89:])], False),
        ([*PEOPLE[:50], *(f"X{person}" for person in PEOPLE[50:])], True),
    ],
)
def test_where_the_ids_of_an_own_table_are_of_another_kind_the_rules_that_read_them_wait(named: list[str], *, is_trusted: bool):
    wanted = {**WANTED, "ext_oversight": frozenset(TABLES["ext_oversight"].columns)}
    tables = {**KNOWN, "ssd_person": [{"pers_person_id": person} for person in PEOPLE], "ext_oversight": notes(*named)}
    with Snapshot(DAY, SETTINGS) as snapshot:
        for name, rows in tables.items():
            columns = sorted(wanted[name])
            snapshot.fill(name, columns, [[row.get(column) for row in rows] for column in columns])
        snapshot.settle(wanted)
        judged = judge(snapshot, wanted, Past())

    assert ("ext_oversight.person_id" not in judged.problems) == is_trusted
    assert ("ext_oversight.person_id" in {one.about for one in judged.unknown_ids}) == is_trusted


@pytest.mark.parametrize(
    ("managers", "is_trusted"),
    [
        (PEOPLE[:9], True),
        ([person.lstrip("0") for person in PEOPLE[:9]], False),
        ([*PEOPLE[:5], *(f"{person}.0" for person in PEOPLE[5:9])], True),
        ([f"X{person}" for person in PEOPLE[:9]], True),
    ],
    ids=["as they are", "without zeros", "few", "nobody's"],
)
def test_where_the_managers_of_teams_are_written_as_numbers_they_are_not_trusted_and_where_they_are_nobody_the_next_up_is_told(
    managers: list[str], *, is_trusted: bool
):
    tables = {
        "ext_staff": [{"worker_id": person} for person in PEOPLE],
        "ext_team": [{"team_id": f"T{number}", "manager_id": manager} for number, manager in enumerate(managers)],
    }
    wanted = {name: frozenset(rows[0]) for name, rows in tables.items()}
    with Snapshot(DAY, SETTINGS) as snapshot:
        for name, rows in tables.items():
            columns = sorted(wanted[name])
            snapshot.fill(name, columns, [[row[column] for row in rows] for column in columns])
        snapshot.settle(wanted)
        judged = judge(snapshot, wanted, Past())

    says = "names 9 of 9 ids that ext_staff does not have"
    assert judged.problems == ({} if is_trusted else {"ext_team.manager_id": says})
