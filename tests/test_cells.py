"""How a cell is read, by the kind of its column, and by the functions that a subject's SQL shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.casedata.catalogue import TABLES, Settings
from alerting.casedata.codes import clean, norm
from alerting.casedata.snapshot import Snapshot
from tests.small_council import settled

NBSP = "\u00a0"
NUMBERED = {"ssd_person": "pers_sex", "ssd_legal_status": "lega_person_id", "ext_load": "table_name", "ext_staff": "name"}
KINDS = {
    "id": ("ssd_person", "pers_person_id"),
    "text": ("ssd_person", "pers_ethnicity"),
    "date": ("ssd_person", "pers_dob"),
    "code": ("ssd_legal_status", "lega_legal_status"),
    "moment": ("ext_load", "loaded_at"),
    "number": ("ext_load", "row_count"),
    "flag": ("ext_staff", "asye"),
}


def read_each(cells: Sequence[object]) -> dict[str, list[Any]]:
    """Return what cells become in a column of each kind, through a whole snapshot, in their order."""
    numbers = [f"#{number:04}" for number, _ in enumerate(cells)]
    tables: dict[str, list[str]] = {}
    for table, column in KINDS.values():
        tables.setdefault(table, [NUMBERED[table]]).append(column)
    filled = {
        table: (columns, list(zip(numbers, *[cells] * (len(columns) - 1), strict=True))) for table, columns in tables.items()
    }
    with settled(filled) as snapshot:
        return {
            kind: [
                row[0]
                for row in snapshot.sql(f"SELECT {column}{'_code' * (kind == 'code')} FROM {table} ORDER BY {NUMBERED[table]}")
            ]
            for kind, (table, column) in KINDS.items()
        }


def read(kind: str, cells: Sequence[object]) -> list[Any]:
    """Return what cells become in a column of one kind, in their order."""
    return read_each(cells)[kind]


@pytest.fixture(scope="module")
def snapshot() -> Iterator[Snapshot]:
    with settled({}) as snapshot:
        yield snapshot


def ask(snapshot: Snapshot, function: str, cells: Sequence[str | None]) -> list[Any]:
    """Ask a shared function of many cells in one statement."""
    rows = snapshot.sql(
        f"SELECT {function}(x) FROM (SELECT unnest($1::VARCHAR[]) AS x, unnest(range({len(cells)})) AS no) ORDER BY no", [cells]
    )
    return [row[0] for row in rows]


# ---------------------------------------------------------------------- cells


NOTHING = [
    "",
    "  ",
    NBSP,
    "NULL",
    "null",
    " Null\t",
    "SSD_PH",
    "ssd_ph",
    "PLACEHOLDER_DATA",
    "#N/A",
    "#n/a",
    f"{NBSP}SSD_PH \r\n",
]


def test_blanks_and_place_holders_are_nothing_in_any_case():
    nothing = [None] * (len(NOTHING) + 1)

    read = read_each([*NOTHING, None])

    assert read.pop("flag") == [False] * len(nothing)
    assert read == dict.fromkeys(read, nothing)


def test_text_loses_the_white_space_around_it_and_nothing_else():
    cells = [f" {NBSP}\t\r\n\f\vWhite{NBSP}British  ", "n/a", "NULLS", "-1", "0", "a\nb"]

    assert read("text", cells) == [f"White{NBSP}British", "n/a", "NULLS", "-1", "0", "a\nb"]


def test_ids_are_compared_exactly_and_minus_1_and_0_are_none():
    cells = ["007", " 7", "7.0", "ab", "AB", "00", "-10", "Natalie", "Unallocated"]

    assert read("id", [*cells, "-1", " 0 ", "-1.0", "0.0"]) == [cell.strip() for cell in cells] + [None] * 4


NO_VALUES = ["n/a", "NA", " nan", "NaT", "None", "none.", "TBC", "-", "?", "#REF!", "(blank)"]


@pytest.mark.parametrize("kind", ["id", "date", "number"])
def test_words_for_nothing_are_nothing_where_an_id_a_date_or_a_number_belongs(kind):
    assert read(kind, NO_VALUES) == [None] * len(NO_VALUES)
    assert read("text", NO_VALUES) == [cell.strip() for cell in NO_VALUES]
    with settled({"ssd_person": (["pers_dob"], [(cell,) for cell in NO_VALUES])}) as snapshot:
        assert snapshot.readings["ssd_person"].unreadable_cells == {}


@pytest.mark.parametrize("name", ["invo_professional_role_id", "pers_ethnicity"])
def test_a_role_is_no_id_so_0_is_a_role(name):
    table = next(table for table in TABLES.values() if name in table.columns)
    with settled({table.name: ([name], [("0",), ("-1",)])}) as snapshot:
        assert snapshot.sql(f"SELECT {name} FROM {table.name} ORDER BY 1") == [("-1",), ("0",)]


def test_columns_that_hold_an_id_without_saying_so_are_ids():
    named = {"cine_referral_team", "cina_assessment_team", "clea_care_leaver_allocated_team", "clea_care_leaver_personal_advisor"}
    named |= {"invo_professional_team", "covered_by", "icpc_icpc_team", "ref", "reaudit_of"}

    ids = {column.name for table in TABLES.values() for column in table.columns.values() if column.kind == "id"}

    assert {name for name in ids if not name.endswith("_id")} == named
    assert "invo_professional_role_id" not in ids


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (f"  Dad{NBSP}’s \n ‘x’ ", "dad 's 'x'"),
        ("A–B — C", "a-b - c"),
        ("FULL  Care\t\tOrder", "full care order"),
        ("ÉCOLE", "école"),
        ("ssd_ph", None),
        (None, None),
    ],
)
def test_words_are_compared_in_lower_case_with_plain_quotes_dashes_and_single_spaces(snapshot, cell, expected):
    assert ask(snapshot, "norm", [cell]) == [expected]
    assert norm(cell) == expected


def test_a_flag_says_yes_or_no_and_what_is_neither_is_not_yes_and_never_silent():
    yes = ["y", "Y", " yes ", "1", "1.0", "-1", "TRUE", "t", "a) Yes", f"A){NBSP}YES"]
    no = ["n", "No", "0", "0.0", "false", "F", "b) no", "", "NULL", None]
    neither = ["X", "Seen", "Yes.", "2", "yes please", "n/a", "-"]

    assert read("flag", yes) == [True] * len(yes)
    assert read("flag", [*no, *neither]) == [False] * len([*no, *neither])
    with settled({"ssd_cp_visits": (["cppv_cp_visit_seen"], [(cell,) for cell in [*yes, *no, *neither]])}) as snapshot:
        assert snapshot.readings["ssd_cp_visits"].unreadable_cells == {"cppv_cp_visit_seen": len(neither)}


def test_a_council_may_have_other_words_for_yes_no_and_nothing():
    words = {"yes_words": ("oui",), "no_words": ("non",), "nothing_words": ("rien",)}
    with settled(
        {"ssd_cp_visits": (["cppv_person_id", "cppv_cp_visit_seen"], [("1", "Oui"), ("Rien", "non"), ("tbc", "yes")])},
        Settings(params=words, codes={}, bank_holidays=frozenset()),
    ) as snapshot:
        assert snapshot.sql("SELECT cppv_person_id, cppv_cp_visit_seen FROM ssd_cp_visits ORDER BY 1") == [
            ("1", True),
            ("tbc", False),
            (None, False),
        ]
        assert snapshot.readings["ssd_cp_visits"].unreadable_cells == {"cppv_cp_visit_seen": 1}


def test_a_number_is_digits_with_a_minus_and_a_fraction_if_need_be():
    good = {" 5 ": 5.0, "-3": -3.0, "0.60": 0.6, "007": 7.0, "12.0": 12.0}
    bad = ["1,000", "5.", ".5", "+5", "1e3", "5 days", "--5", "½", "٣"]

    assert read("number", list(good)) == list(good.values())
    assert read("number", bad) == [None] * len(bad)


def test_a_date_is_iso_or_day_first_or_has_its_month_by_name_with_or_without_a_time():
    days = [
        "2026-02-03",
        " 2026-02-03",
        "03/02/2026",
        "3/2/2026",
        "3/02/2026",
        "2026/02/03",
        "2026/2/3",
        "03-Feb-2026",
        "3-FEB-2026",
    ]
    times = ["", " 9:05", "T09:05", " 23:59:59", " 00:00:00.123456", "T10:00Z", " 10:00:00.0+00", "T10:00:00-0030"]
    cells = [day + time for day in days for time in times]

    assert dict(zip(cells, read("date", cells), strict=True)) == dict.fromkeys(cells, date(2026, 2, 3))


def test_a_time_with_its_zone_is_of_the_day_that_it_was_in_england():
    cells = {
        "2026-05-17T23:00:00Z": date(2026, 5, 18),
        "2026-05-17T22:59:59Z": date(2026, 5, 17),
        "17/05/2026 23:00+00:00": date(2026, 5, 18),
        "18/5/2026 00:30+0100": date(2026, 5, 18),
        "18-May-2026 00:30+02": date(2026, 5, 17),
        "2026-01-17T23:30:00Z": date(2026, 1, 17),
        "2026-03-29T00:59:59Z": date(2026, 3, 29),
        "2026-10-24T23:00Z": date(2026, 10, 25),
        "2026-10-25T23:00Z": date(2026, 10, 25),
        "2026-01-18 00:30:00.5-05:30": date(2026, 1, 18),
        "2026-01-17 19:30-0530": date(2026, 1, 18),
        "9999-12-31T23:59:59Z": None,
    }

    assert dict(zip(cells, read("date", list(cells)), strict=True)) == cells


def test_any_other_date_is_none_and_counted_as_unreadable():
    bad = ["2026-02-30", "30/02/2026", "29/02/2026", "2026-2-3", "03/02/26", "10-FEB-26", "03-02-2026", "20260203", "46056"]
    bad += ["3 Feb 2026", "3-Fev-2026", "3-February-2026", "02/13/2026", "2026-13-01", "00/00/0000", "3/2/2026/4", "2026-02-03Z"]
    bad += ["2026-02-03 24:00", "2026-02-03 10:60", "2026-02-03 10", "2026-02-03 9:05:00", "2026-02-03 10:00 Z"]
    bad += ["2026-02-03 10:00+25", "2026-02-03 10:00+1", "2026-02-03 10:00:00BST"]

    with settled({"ssd_person": (["pers_dob"], [(cell,) for cell in [*bad, *NOTHING, "2026-02-03"]])}) as snapshot:
        assert snapshot.sql("SELECT DISTINCT pers_dob FROM ssd_person ORDER BY 1") == [(date(2026, 2, 3),), (None,)]
        assert snapshot.readings["ssd_person"].unreadable_cells == {"pers_dob": len(bad)}


@pytest.mark.parametrize(
    "cell", ["1900-01-01", "1901-01-01", "01/01/1901 00:00", "2100-01-01", "2300-01-01", "9999-12-31", "31/12/9999"]
)
def test_a_date_outside_real_life_means_no_date_and_is_not_unreadable(cell):
    with settled({"ssd_person": (["pers_dob"], [(cell,)])}) as snapshot:
        assert snapshot.sql("SELECT pers_dob FROM ssd_person") == [(None,)]
        assert snapshot.readings["ssd_person"].unreadable_cells == {}


def test_the_first_and_last_real_dates_are_dates():
    assert read("date", ["1901-01-02", "31/12/2099"]) == [date(1901, 1, 2), date(2099, 12, 31)]


def test_a_moment_keeps_its_time():
    cells = {
        "2026-02-03": datetime(2026, 2, 3),
        "03/02/2026 06:05": datetime(2026, 2, 3, 6, 5),
        "3-Feb-2026 6:05": datetime(2026, 2, 3, 6, 5),
        "2026-02-03T06:05:04.5Z": datetime(2026, 2, 3, 6, 5, 4, 500_000),
        "2026-07-03T06:05:04Z": datetime(2026, 7, 3, 7, 5, 4),
    }

    assert read("moment", list(cells)) == list(cells.values())


def test_days_that_arrive_as_days_are_taken_as_they_are():
    assert read("date", [None, date(2026, 2, 3), date(1900, 1, 1)]) == [None, date(2026, 2, 3), None]


def test_a_column_of_days_where_text_or_numbers_belong_is_read_as_text():
    assert read("text", [date(2026, 2, 3)]) == ["2026-02-03"]
    assert read("number", [date(2026, 2, 3)]) == [None]
    assert read("flag", [date(2026, 2, 3)]) == [False]


def test_a_council_word_becomes_its_code_and_an_unknown_one_is_counted():
    with settled(
        {"ssd_legal_status": (["lega_legal_status"], [("C2",), ("Full  care order",), ("what",), ("what",), (None,)])}
    ) as snapshot:
        rows = snapshot.sql("SELECT lega_legal_status, lega_legal_status_code FROM ssd_legal_status ORDER BY ALL")

        assert rows == [("C2", "C2"), ("Full  care order", "C2"), ("what", "UNMAPPED"), ("what", "UNMAPPED"), (None, None)]
        assert snapshot.readings["ssd_legal_status"].unmapped == {"lega_legal_status": 2}


def test_rows_with_the_same_cell_stay_as_many_as_they_are():
    assert {kind: len(values) for kind, values in read_each(["2026-02-03"] * 5).items()} == dict.fromkeys(KINDS, 5)


# ---------------------------------------------------------------------- the same, told twice


WORDS = st.text(alphabet=f" \t\n\r\f\v{NBSP}\u2003\u3000aB1Éß’‘–—-'()y:", max_size=12) | st.sampled_from(
    [*NOTHING, "a) Yes", "Y"]
)
DIGITS = st.text(alphabet="0123456789-/.: TZ+", max_size=12) | st.from_regex(
    r"[ ]?[0-9]{2,4}[-/][0-9]{2}[-/][0-9]{2,4}([ T][0-9:.]{0,12}Z?)?", fullmatch=True
)
several = settings(max_examples=40, deadline=None)


def test_a_case_that_a_column_of_one_value_decides_can_be_compared_with_what_it_never_gives(snapshot):
    # The engine's optimizer breaks down over this unless it is told to leave the columns' statistics alone.
    snapshot.sql("CREATE TEMP TABLE of_one_value AS SELECT 3 AS days FROM range(2)")
    query = "SELECT (CASE WHEN days > 4 THEN 'weekly' WHEN days > 5 THEN 'monthly' END) = 'never' FROM of_one_value"

    assert snapshot.sql(query) == [(None,), (None,)]


@given(st.lists(WORDS, min_size=1, max_size=60))
@several
def test_the_engine_cleans_and_norms_as_python_does(snapshot, cells):
    assert ask(snapshot, "clean", cells) == [clean(cell) for cell in cells]
    assert ask(snapshot, "norm", cells) == [norm(cell) for cell in cells]


@given(st.lists(DIGITS | WORDS, min_size=1, max_size=60))
@settings(max_examples=10, deadline=None)
@pytest.mark.slow
def test_the_shared_functions_read_a_cell_as_its_table_does(snapshot, cells):
    read = read_each(cells)

    for kind, function in {"id": "id_of", "text": "clean", "number": "number_of", "flag": "yes", "moment": "moment_of"}.items():
        assert ask(snapshot, function, cells) == read[kind]
    days = [day if day and date(1901, 1, 2) <= day < date(2100, 1, 1) else None for day in ask(snapshot, "day_of", cells)]
    assert days == read["date"]


@given(st.lists(st.dates(date(1901, 1, 2), date(2099, 12, 31)), min_size=1, max_size=80))
@several
def test_a_date_written_either_way_is_that_date(snapshot, dates):
    assert ask(snapshot, "day_of", [day.isoformat() for day in dates]) == dates
    assert ask(snapshot, "day_of", [f"{day:%d/%m/%Y}" for day in dates]) == dates
