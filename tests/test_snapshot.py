"""How the case data is read: tables that are there or not, and the doors that shut behind them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import duckdb
import pytest

from alerting.casedata.catalogue import TABLES
from alerting.casedata.conversion import as_text
from alerting.casedata.engine_errors import EngineError
from alerting.casedata.snapshot import Snapshot, Wanted
from tests.small_council import AS_OF, SETTINGS, settled


@pytest.fixture(scope="module")
def snapshot() -> Iterator[Snapshot]:
    with settled({}) as snapshot:
        yield snapshot


# ---------------------------------------------------------------------- open, and in which order


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-03-31", None, True),
        ("2026-04-01", None, False),
        ("2026-01-01", "2026-03-31", False),
        ("2026-01-01", "2026-04-01", True),
        ("2026-01-01", "9999-12-31", True),
        ("1900-01-01", None, False),
        (None, None, False),
    ],
)
def test_open_is_started_by_today_and_not_ended_by_today(start, end, expected):
    with settled({"ssd_cin_plans": (["cinp_cin_plan_start_date", "cinp_cin_plan_end_date"], [(start, end)])}) as snapshot:
        assert snapshot.sql("SELECT is_open(cinp_cin_plan_start_date, cinp_cin_plan_end_date) FROM ssd_cin_plans") == [
            (expected,)
        ]


def test_text_sorts_by_code_point_and_nothing_sorts_last(snapshot):
    ordered = snapshot.sql(
        "SELECT x FROM (SELECT unnest(['1000', '999', 'b', 'B', 'é', NULL, 'z']) AS x) ORDER BY x DESC NULLS LAST"
    )

    assert [row[0] for row in ordered] == ["é", "z", "b", "B", "999", "1000", None]


def test_greatest_passes_over_what_is_missing(snapshot):
    assert snapshot.sql("SELECT greatest(NULL, DATE '2026-01-01'), greatest(NULL, NULL)") == [(date(2026, 1, 1), None)]


# ---------------------------------------------------------------------- filling and settling


def fill_one(snapshot: Snapshot) -> Wanted:
    snapshot.fill("ssd_person", ["PERS_PERSON_ID", "unknown"], [["1", "1", "2"], ["x", "y", "z"]])
    return {"ssd_person": frozenset({"pers_person_id", "pers_dob"})}


def test_a_reading_says_how_many_rows_came_and_which_wanted_columns_did_not():
    with Snapshot(AS_OF, SETTINGS) as snapshot:
        snapshot.settle(fill_one(snapshot))

        assert snapshot.readings["ssd_person"].rows == 3
        assert snapshot.readings["ssd_person"].missing_columns == ("pers_dob",)
        assert snapshot.sql("SELECT pers_person_id, pers_dob FROM ssd_person ORDER BY 1") == [
            ("1", None),
            ("1", None),
            ("2", None),
        ]


def test_every_table_and_column_is_there_to_be_asked_whether_it_was_supplied_or_not():
    with settled({}) as snapshot:
        for name, table in TABLES.items():
            beside = [column.beside for column in table.columns.values() if column.beside]
            assert sorted(snapshot.names(f"SELECT * FROM {name}")) == sorted([*table.columns, *beside])
            assert snapshot.sql(f"SELECT count(*) FROM {name}") == [(0,)]
            assert not snapshot.readings[name].supplied


def test_a_flag_that_may_be_nothing_is_neither_yes_nor_no_where_nothing_is_recorded():
    written = [("Y",), ("No",), ("perhaps",), (None,), ("",), ("SSD_PH",)]
    with settled({"ssd_cp_visits": (["cppv_cp_visit_seen_alone"], written)}) as snapshot:
        read = snapshot.sql("SELECT cppv_cp_visit_seen_alone, count(*) FROM ssd_cp_visits GROUP BY 1")

    assert dict(read) == {True: 1, False: 2, None: 3}
    with settled({"ssd_cp_visits": (["cppv_cp_visit_id"], [("1",)])}) as snapshot:
        assert snapshot.sql("SELECT cppv_cp_visit_seen_alone FROM ssd_cp_visits") == [(None,)]


def test_a_flag_that_was_not_supplied_is_not_set():
    with settled({"ext_staff": (["worker_id"], [("W1",)])}) as snapshot:
        assert snapshot.sql("SELECT asye, fte, starts_on FROM ext_staff") == [(False, None, None)]


def test_an_empty_table_is_supplied():
    with settled({"ext_restricted": (["person_id"], [])}) as snapshot:
        assert snapshot.readings["ext_restricted"].supplied
        assert snapshot.readings["ext_restricted"].rows == 0


def test_an_unreadable_table_is_empty_says_why_and_loses_what_was_filled_of_it():
    with Snapshot(AS_OF, SETTINGS) as snapshot:
        wanted = fill_one(snapshot)
        snapshot.unreadable("ssd_person", "the export broke off")
        snapshot.settle(wanted)

        assert (snapshot.readings["ssd_person"].rows, snapshot.readings["ssd_person"].problem) == (None, "the export broke off")
        assert snapshot.sql("SELECT count(*) FROM ssd_person") == [(0,)]


def test_records_left_out_stay_on_the_reading_before_the_cells_that_could_not_be_read():
    class Book:
        def read(self, wanted, into):
            into.extend("ssd_person", ["pers_person_id", "pers_dob"], [["1", "2"], ["soon", "later"]])
            into.extend("ssd_person", ["pers_person_id", "pers_dob"], [["3"], ["2010-01-01"]])
            into.left_out("ssd_person", 2, ["book:7: torn"])

        def places(self, table, column, cells):
            assert cells == {"soon", "later"}
            return [f"{table}: {column}"]

    with Snapshot(AS_OF, SETTINGS) as snapshot:
        Book().read({}, snapshot)
        snapshot.settle({"ssd_person": frozenset({"pers_person_id", "pers_dob"})}, Book())

        reading = snapshot.readings["ssd_person"]
        assert (reading.rows, reading.left_out, reading.unreadable_cells) == (3, 2, {"pers_dob": 2})
        assert reading.places == ["book:7: torn", "ssd_person: pers_dob"]


def test_piece_by_piece_cells_of_any_type_become_text_whatever_the_first_piece_held():
    with Snapshot(AS_OF, SETTINGS) as snapshot:
        for cells in ([None], [date(2026, 1, 2)], ["\0 \"'\\\n\ud7ff\U0001f600"], [7.0]):
            snapshot.extend("ssd_person", ["Pers_Sex"], [cells])

        found = {row[0] for row in snapshot.sql("SELECT pers_sex FROM raw.ssd_person")}
        assert found == {None, "2026-01-02", "\0 \"'\\\n\ud7ff\U0001f600", "7"}


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (None, None),
        ("", ""),
        (True, "true"),
        (False, "false"),
        (7, "7"),
        (7.0, "7"),
        (-0.5, "-0.5"),
        (1e20, "100000000000000000000"),
        (1e-7, "0.0000001"),
        (float("nan"), None),
        (Decimal("7.00"), "7"),
        (Decimal(700), "700"),
        (Decimal("1E+3"), "1000"),
        (Decimal("12345678901234567890123456789012345678.0"), "12345678901234567890123456789012345678"),
        (Decimal("NaN"), None),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, 4, 5), "2026-01-02 03:04:05"),
        (datetime(2026, 6, 30, 23, 30, tzinfo=UTC), "2026-07-01 00:30:00"),
        (datetime(2026, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=3))), "2026-01-02 00:04:00"),
        (b"caf\xc3\xa9", "café"),
    ],
)
def test_a_cell_becomes_the_text_an_export_would_hold(cell, expected):
    assert as_text(cell) == expected


def test_a_query_that_fails_leaves_the_table_as_it_was_and_its_error_quotes_no_cell():
    with Snapshot(AS_OF, SETTINGS) as snapshot:
        wanted = fill_one(snapshot)
        with pytest.raises(EngineError) as caught:
            snapshot.fill_from("ssd_person", "SELECT CAST('Secret' AS INTEGER) AS pers_person_id")
        snapshot.settle(wanted)

        assert "Secret" not in f"{caught.value}"
        assert snapshot.readings["ssd_person"].rows == 3


# ---------------------------------------------------------------------- doors


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM read_text('{file}')",
        "COPY (SELECT 1) TO '{file}'",
        "ATTACH '{file}' AS other",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
    ],
)
def test_nothing_outside_can_be_reached_once_the_tables_are_settled(snapshot, tmp_path, statement):
    (tmp_path / "file.csv").write_text("a\n1\n")

    with pytest.raises(EngineError):
        snapshot.sql(statement.format(file=(tmp_path / "file.csv").as_posix()))

    assert (tmp_path / "file.csv").read_text() == "a\n1\n"


def test_parameters_are_read_in_sql_by_name():
    with Snapshot(AS_OF, SETTINGS) as snapshot:
        snapshot.share({"red_days": 56, "statuses": ("V1", "V3"), "none": ()})

        asked = "SELECT param('red_days'), list_contains(param('statuses'), 'V3'), len(param('none')), as_of()"
        assert snapshot.sql(asked) == [(56, True, 0, AS_OF)]


def test_a_statement_that_runs_too_long_is_interrupted(snapshot):
    endless = "SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range * b.range % 7 = 3"

    with snapshot.time_limit(0.2), pytest.raises((EngineError, duckdb.InterruptException)):
        snapshot.sql(endless)

    assert snapshot.sql("SELECT 1") == [(1,)]


WHOLE = '{"REMAINSUP": "N", "RETURN1M": "N", "LTFOST18": "Y"}'


@pytest.mark.parametrize(
    ("cell", "understood"),
    [
        (WHOLE[:-1], True),  # nothing but the brace was cut off
        ('{"REMAINSUP" : N, "RETURN1M" : N, "LTFOST18" : Y, "COMMENTS": "plan to st', True),
        ('{"REMAINSUP": "N", "COMMENTS": "plan \u201cto stay\u201d "agreed""} ', True),
        ('[{"REMAINSUP": null}],', True),
        ("{}", True),
        ('"REMAINSUP": "N", "LTFOS', True),  # no list in braces: who knows how it ends
        ('{"REMAINSUP": "N", "RETURN1M": "N"', False),
        ('{"REMAINSUP": "N", "RETURN1M": "N", "LTFOST18": "', False),
        ('{"REMAINSUP": "N", "LTFO', False),
        ('{"REMAINSUP', False),
        ("long-term fostering", False),
        ("NULL", True),
    ],
)
def test_a_list_of_answers_of_which_some_were_cut_is_not_understood(cell, understood):
    rows = [(WHOLE,), (WHOLE,), ("{}",), ("{}",), ("{}",), (cell,)]
    with settled({"ssd_cla_care_plan": (["lacp_cla_care_plan_json"], rows)}) as snapshot:
        assert snapshot.readings["ssd_cla_care_plan"].unmapped == ({} if understood else {"lacp_cla_care_plan_json": 1})


def test_where_no_list_of_answers_has_its_end_each_was_cut():
    with settled({"ssd_cla_care_plan": (["lacp_cla_care_plan_json"], [(WHOLE[:-1],), (WHOLE[:20],)])}) as snapshot:
        assert snapshot.readings["ssd_cla_care_plan"].unmapped == {"lacp_cla_care_plan_json": 2}
