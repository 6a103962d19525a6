"""When the data must not be believed, and what then waits: the definitions' 8.1 a to d, each at its boundary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

import pytest

from alerting.casedata.catalogue import Settings
from alerting.casedata.codes import CodeMap
from alerting.casedata.snapshot import Snapshot, Wanted
from alerting.casedata.trust import Past, Trust, judge
from tests import small_council

MONDAY, TUESDAY, FRIDAY = date(2026, 3, 30), date(2026, 3, 31), date(2026, 3, 27)
EASTER_TUESDAY = date(2026, 4, 7)

SETTINGS = Settings(
    params={
        "row_count_tolerance": 0.005,
        "max_row_change": 0.20,
        "max_row_change_at_least": 50,
        "max_load_age_wd": 1,
        "min_fill": 0.70,
        "min_fill_at_least": 30,
    },
    codes=small_council.SETTINGS.codes,
    bank_holidays=frozenset({date(2026, 4, 3), date(2026, 4, 6)}),
)
VISITS = "ssd_cp_visits"
WANTED: Wanted = {
    VISITS: frozenset({"cppv_cp_visit_id", "cppv_cp_visit_date"}),
    "ext_restricted": frozenset({"person_id"}),
    "ext_load": frozenset({"table_name"}),
}
Load = tuple[str, str | None, str | None]


def notes_of(judged: Trust) -> tuple[str, ...]:
    return tuple(note.text for note in judged.notes)


def settings(**params: float) -> Settings:
    return Settings(params={**SETTINGS.params, **params}, codes={}, bank_holidays=SETTINGS.bank_holidays)


@contextmanager
def snapshot(
    rows: int | None = 3,
    loads: Sequence[Load] | None = None,
    *,
    as_of: date = TUESDAY,
    columns: Sequence[str] = ("cppv_cp_visit_id", "cppv_cp_visit_date"),
    restricted: int | None = 0,
    within: Settings = SETTINGS,
) -> Iterator[Snapshot]:
    """The visits with so many rows, what the source says of its loads, and so many restricted people; None: not there."""
    with Snapshot(as_of, within) as filled:
        if rows is not None:
            filled.fill(
                VISITS, columns, [["2026-03-02" if name.endswith("date") else str(n) for n in range(rows)] for name in columns]
            )
        if restricted is not None:
            filled.fill("ext_restricted", ["person_id"], [[f"P{number}" for number in range(restricted)]])
        if loads is not None:
            filled.fill("ext_load", ["table_name", "loaded_at", "row_count"], [list(cells) for cells in zip(*loads, strict=True)])
        filled.settle(WANTED)
        yield filled


def trust(rows: int | None = 3, loads: Sequence[Load] | None = None, before: int | None = None, **kinds: object) -> Trust:
    with snapshot(rows, loads, **kinds) as filled:  # type: ignore[arg-type]
        return judge(filled, WANTED, Past() if before is None else Past(last={VISITS: before}))


def problem(rows: int | None = 3, loads: Sequence[Load] | None = None, before: int | None = None, **kinds: object) -> str | None:
    return trust(rows, loads, before, **kinds).problems.get(VISITS)


def test_a_table_that_is_there_with_what_is_needed_is_trusted():
    judged = trust(3)

    assert (judged.problems, judged.rows) == ({}, {VISITS: 3, "ext_restricted": 0})


# a. it cannot be read, or lacks a column


def test_a_table_that_cannot_be_read_is_not_trusted():
    with Snapshot(TUESDAY, SETTINGS) as filled:
        filled.unreadable(VISITS, "the file is damaged")
        filled.settle(WANTED)
        judged = judge(filled, WANTED, Past())

    assert judged.problems == {VISITS: "cannot be read: the file is damaged"}
    assert judged.rows == {}


def test_a_table_that_is_not_there_is_not_trusted():
    assert problem(None) == "is not there"


def test_a_column_that_is_not_there_is_not_trusted_and_the_rest_of_its_table_is():
    with snapshot(columns=["cppv_cp_visit_id"]) as filled:
        judged = judge(filled, WANTED, Past())

    assert set(judged.problems) == {f"{VISITS}.cppv_cp_visit_date"}
    assert "is not there" in judged.problems[f"{VISITS}.cppv_cp_visit_date"]
    reads = frozenset({VISITS, f"{VISITS}.cppv_cp_visit_id"})
    assert judged.withheld([("of-the-ids", reads), ("of-the-dates", reads | {f"{VISITS}.cppv_cp_visit_date"})]).keys() == {
        "of-the-dates"
    }


def test_a_column_that_no_rule_names_may_be_missing():
    assert problem(columns=["cppv_cp_visit_date", "cppv_cp_visit_id"]) is None


def test_an_empty_table_is_trusted_the_first_time():
    assert problem(0) is None


# b. it differs from the row count its source states


@pytest.mark.parametrize(
    ("rows", "stated", "trusted"),
    [
        pytest.param(1000, "1000", True, marks=pytest.mark.slow),
        (995, "1000", True),
        (994, "1000", False),
        pytest.param(1005, "1000", True, marks=pytest.mark.slow),
        (1006, "1000", False),
        pytest.param(199, "199", True, marks=pytest.mark.slow),
        pytest.param(198, "199", False, marks=pytest.mark.slow),
        pytest.param(200, "199", False, marks=pytest.mark.slow),
        pytest.param(0, "0", True, marks=pytest.mark.slow),
        pytest.param(1, "0", False, marks=pytest.mark.slow),
        (0, "1", False),
    ],
)
def test_rows_may_differ_from_what_the_source_states_by_half_a_percent(rows, stated, trusted):
    found = problem(rows, [(VISITS, "2026-03-31 05:00", stated)])

    assert found == (None if trusted else f"has {rows} rows, but its source states {stated}")


def test_the_tolerance_is_a_setting():
    loads = [(VISITS, "2026-03-31 05:00", "1000")]

    assert problem(994, loads, within=settings(row_count_tolerance=0.006)) is None


def test_the_latest_of_several_loads_counts():
    loads = [
        (VISITS, "2026-03-31 05:00", "3"),
        (VISITS, "2026-03-30 05:00", "900"),
        (VISITS, "2026-03-31 04:59", "800"),
        ("ssd_person", "2026-03-31 06:00", "700"),
    ]

    assert problem(3, loads) is None
    assert problem(900, loads) == "has 900 rows, but its source states 3"


def test_the_latest_load_may_state_no_count():
    assert problem(3, [(VISITS, "2026-03-30 05:00", "900"), (VISITS, "2026-03-31 05:00", None)]) is None


def test_a_count_without_a_time_counts():
    assert problem(3, [(VISITS, None, "900")]) == "has 3 rows, but its source states 900"


def test_a_table_is_named_in_the_load_in_any_case():
    loads = [("SSD_CP_VISITS", "2026-03-31 05:00", "3"), ("Ssd_Cp_Visits", "2026-03-30 05:00", "900")]

    assert problem(900, loads) == "has 900 rows, but its source states 3"


@pytest.mark.parametrize("loads", [None, [], [("ssd_person", "2026-03-31 05:00", "9")], [(None, "2026-03-31 05:00", "9")]])
def test_a_source_need_not_state_anything(loads):
    with Snapshot(TUESDAY, SETTINGS) as filled:
        filled.fill(VISITS, ["cppv_cp_visit_id", "cppv_cp_visit_date"], [["1"], [None]])
        if loads is not None:
            cells = [list(values) for values in zip(*loads, strict=True)] or [[], [], []]
            filled.fill("ext_load", ["table_name", "loaded_at", "row_count"], cells)
        filled.settle(WANTED)

        assert judge(filled, WANTED, Past()).problems == {}


# c. it has grown or shrunk too much since it was last trusted


@pytest.mark.parametrize(
    ("before", "rows", "trusted"),
    [
        (100, 80, True),
        (100, 79, False),
        pytest.param(100, 120, True, marks=pytest.mark.slow),
        (100, 121, False),
        pytest.param(50, 40, True, marks=pytest.mark.slow),
        pytest.param(50, 39, False, marks=pytest.mark.slow),
        (49, 1, True),
        pytest.param(49, 500, True, marks=pytest.mark.slow),
        pytest.param(0, 500, True, marks=pytest.mark.slow),
        pytest.param(1000, 0, False, marks=pytest.mark.slow),
    ],
)
def test_rows_may_change_by_a_fifth_where_there_were_at_least_50(before, rows, trusted):
    assert problem(rows, before=before) == (None if trusted else f"has {rows} rows; when last trusted it had {before}")


def test_the_first_run_has_nothing_to_compare_with():
    assert problem(0, before=None) is None


@pytest.mark.slow
def test_how_much_may_change_and_from_how_many_rows_on_are_settings():
    assert problem(70, before=100, within=settings(max_row_change=0.3)) is None
    assert problem(1, before=99, within=settings(max_row_change_at_least=100)) is None
    assert problem(0, before=10, within=settings(max_row_change_at_least=10)) == "has 0 rows; when last trusted it had 10"


# c2. it lies outside what its last good loads had, though each day changed little


@pytest.mark.parametrize(("rows", "trusted"), [(79, False), (80, True), (100, True), (130, True), (131, False)])
def test_rows_may_lie_from_80_to_130_percent_of_the_middle_of_the_last_good_loads(rows, trusted):
    with snapshot(rows, within=settings(max_row_change=1)) as filled:
        judged = judge(filled, WANTED, Past(last={VISITS: rows}, good={VISITS: [rows, 101, 100, 99, 100]}))

    middle = f"has {rows} rows; its last 5 good loads had 100 in the middle"
    assert judged.problems == ({} if trusted else {VISITS: middle})


def test_a_slow_leak_is_noticed_although_no_day_loses_a_fifth():
    with snapshot(77) as filled:
        judged = judge(filled, WANTED, Past(last={VISITS: 88}, good={VISITS: [88, 100, 100, 100, 100]}))

    assert judged.problems == {VISITS: "has 77 rows; its last 5 good loads had 100 in the middle"}


def test_small_tables_have_no_band():
    with snapshot(3) as filled:
        assert judge(filled, WANTED, Past(last={VISITS: 40}, good={VISITS: [40, 49]})).problems == {}


def test_empty_is_not_none_however_small_the_table_was():
    assert problem(0, before=2) == "is empty; when last trusted it had 2 rows"


def test_an_empty_table_is_trusted_where_its_source_states_that_it_is():
    assert problem(0, [(VISITS, "2026-03-31 05:00", "0")], before=2) is None


def test_a_table_that_may_be_empty_may_be():
    assert problem(0, before=2, within=settings(may_be_empty=[VISITS])) is None


def test_a_change_may_be_real_and_what_the_source_must_mend_is_not():
    changed, broken = trust(10, before=100), trust(10, [(VISITS, "2026-03-31 05:00", "99")], before=100)

    assert changed.releasable == {VISITS: {"rows": 10.0}}
    assert broken.releasable == {}


# e. its rows cannot be right


PEOPLE: Wanted = {
    "ssd_person": frozenset({"pers_person_id"}),
    VISITS: frozenset({"cppv_cp_visit_id", "cppv_person_id", "cppv_cp_plan_id"}),
    "ssd_legal_status": frozenset({"lega_person_id", "lega_legal_status"}),
}


def children(
    there: int, visited: Sequence[str], past: Past | None = None, *, dates: int | None = None, statuses: Sequence[str] = ()
) -> Trust:
    """Judge so many people, a visit to each of these ids, so many with a date, and legal statuses."""
    count = len(visited)
    filled_dates = ["2026-03-01" if number < (count if dates is None else dates) else None for number in range(count)]
    with Snapshot(TUESDAY, Settings(params=SETTINGS.params, codes=CODES, bank_holidays=frozenset())) as filled:
        filled.fill("ssd_person", ["pers_person_id"], [[f"P{number}" for number in range(there)]])
        columns = ["cppv_cp_visit_id", "cppv_person_id", "cppv_cp_plan_id"]
        filled.fill(VISITS, columns, [[f"V{id_}" for id_ in visited], list(visited), filled_dates])
        people = [f"P{number}" for number in range(len(statuses))]
        filled.fill("ssd_legal_status", ["lega_person_id", "lega_legal_status"], [people, list(statuses)])
        filled.settle(PEOPLE)
        return judge(filled, PEOPLE, past or Past())


CODES = {
    "legal_status": CodeMap(codes=frozenset({"C2"}), words={"care order": "C2"}),
    "in_touch": CodeMap(codes=frozenset({"YES"}), words={"yes": "YES"}),
}


def ids(count: int) -> list[str]:
    return [f"P{number}" for number in range(count)]


@pytest.mark.slow
def test_of_a_column_that_lost_less_it_is_told_and_every_rule_goes_on():
    full = Past(filled=children(100, ids(100)).filled)
    [told] = children(100, ids(100), full, dates=80).told

    assert str(told.text) == f"{VISITS}.cppv_cp_plan_id is filled in 80 of 100 rows (80%); when last trusted in 100%"
    assert children(100, ids(100), full, dates=80).problems == {}
    assert children(100, ids(100), full, dates=91).told == ()


@pytest.mark.slow
def test_of_fewer_rows_than_count_for_a_share_it_is_told_from_ten_cells_on():
    full = Past(filled=children(40, ids(40)).filled)

    assert [len(children(40, ids(40), full, dates=dates).told) for dates in (31, 30, 1)] == [0, 1, 1]


def test_what_nearly_every_row_had_and_none_has_is_not_trusted_however_few_they_are():
    def none_left(then: int, rows: int, now: int) -> dict[str, str]:
        before = {VISITS: {"cppv_cp_plan_id": (then, rows)}}
        return dict(children(now, ids(now), Past(filled=before), dates=0).problems)

    says = "is filled in 0 of 5 rows (0%); when last trusted in 90%"
    assert none_left(9, 10, 5) == {f"{VISITS}.cppv_cp_plan_id": says}
    assert none_left(8, 10, 5) == none_left(9, 10, 4) == none_left(4, 4, 5) == {}


@pytest.mark.slow
def test_of_columns_that_no_load_had_before_it_is_kept_how_full_they_are():
    first = children(100, ids(100), dates=60)

    assert first.first_seen == {f"{VISITS}.cppv_cp_plan_id": (60, 100)}
    assert children(100, ids(100), Past(filled=first.filled), dates=60).first_seen == {}
    assert children(9, ids(9), dates=5).first_seen == {}


def test_a_table_that_names_people_who_are_nowhere_is_not_trusted_nor_is_the_one_that_lacks_them():
    judged = children(80, ids(100))

    assert judged.problems == {
        VISITS: "names 20 of 100 cppv_person_id that ssd_person does not have",
        "ssd_person": "lacks 20 of the 100 pers_person_id that other tables name",
    }
    assert judged.releasable == {VISITS: {"nowhere cppv_person_id": 0.2}, "ssd_person": {"nowhere": 0.2}}


def test_a_few_people_who_are_nowhere_are_a_note():
    judged = children(90, ids(100))

    assert judged.problems == {}
    assert notes_of(judged) == ("ssd_cp_visits names 10 of 100 cppv_person_id that ssd_person does not have",)


def test_among_a_handful_of_people_no_share_counts():
    assert children(1, ids(49)).problems == {}


def test_repeated_keys_are_a_note_and_many_of_them_a_load_that_went_wrong():
    key = "repeats the cppv_cp_visit_id and cppv_person_id of other rows in"

    assert notes_of(children(100, [*ids(96), *ids(4)])) == (f"ssd_cp_visits {key} 4 of 100 rows",)
    assert children(100, [*ids(94), *ids(6)]).problems == {VISITS: f"{key} 6 of 100 rows"}


def test_a_column_that_lost_its_values_is_not_trusted_and_only_the_rules_that_use_it_wait():
    full = children(100, ids(100))
    emptied = children(100, ids(100), Past(filled=full.filled), dates=0)

    assert emptied.problems == {f"{VISITS}.cppv_cp_plan_id": "is filled in 0 of 100 rows (0%); when last trusted in 100%"}
    uses, does_not = (frozenset({VISITS, f"{VISITS}.{name}"}) for name in ("cppv_cp_plan_id", "cppv_cp_visit_id"))
    assert list(emptied.withheld([("uses", uses), ("does-not", does_not), ("cannot-say", frozenset({VISITS}))])) == [
        "uses",
        "cannot-say",
    ]
    assert emptied.doubted == {VISITS}


@pytest.mark.parametrize(("dates", "trusted"), [(75, True), (74, False)])
def test_a_column_may_lose_a_quarter_of_its_values(dates, trusted):
    full = children(100, ids(100))

    assert (children(100, ids(100), Past(filled=full.filled), dates=dates).problems == {}) == trusted


def test_a_column_that_was_hardly_filled_may_empty():
    before = children(100, ids(100), dates=40)

    assert children(100, ids(100), Past(filled=before.filled), dates=0).problems == {}


def test_words_that_no_code_map_has_are_a_note_and_many_of_them_stop_the_rules_that_use_the_column():
    column = "ssd_legal_status.lega_legal_status"
    few, many = (children(100, ids(50), statuses=["C2"] * (60 - count) + ["own words"] * count) for count in (30, 31))

    assert notes_of(few) == (f"{column} has words that no code map has in 30 of 60 cells",)
    assert many.problems == {column: "has words that no code map has in 31 of 60 cells"}


def test_what_was_released_is_a_note_until_it_gets_worse():
    released = Past(accepted={VISITS: {"repeated": 0.06}})

    assert notes_of(children(100, [*ids(94), *ids(6)], released))[0].endswith("6 of 100 rows (released)")
    assert children(100, [*ids(91), *ids(9)], released).problems != {}


def test_ids_that_meet_nobody_are_of_another_kind_however_few_they_are():
    strangers = children(100, ["X1", "X2"])

    assert strangers.problems == {VISITS: "names 2 of 2 cppv_person_id that ssd_person does not have"}
    assert children(100, ["X1", "P2"]).problems == {}


# Extension tables


def test_an_extension_table_need_not_be_there():
    assert trust(3).problems == {}


def test_an_extension_table_that_is_stated_must_be_there():
    loads = [("ext_restricted", "2026-03-31 05:00", "12")]

    assert trust(3, loads).problems == {"ext_restricted": "has 0 rows, but its source states 12"}
    assert trust(3, loads, restricted=12).problems.get("ext_restricted") != "has 0 rows, but its source states 12"


def test_an_extension_table_does_not_vanish_unnoticed():
    with snapshot(3, restricted=None) as filled:
        judged = judge(filled, WANTED, Past(last={"ext_restricted": 60}))

    assert judged.problems == {"ext_restricted": "is not supplied any more; when last trusted it had 60 rows"}


# What waits


def test_a_rule_that_reads_a_table_that_is_not_trusted_waits_and_is_told_why():
    judged = Trust(problems={VISITS: "is not there", "ssd_cp_plans": "lacks cppl_person_id"}, rows={}, loaded_at=None)
    rules = {
        "of-visits": frozenset({VISITS, "ssd_person"}),
        "of-both": frozenset({VISITS, "ssd_cp_plans"}),
        "of-neither": frozenset({"ssd_person"}),
    }

    assert judged.withheld(rules.items()) == {
        "of-visits": "ssd_cp_visits is not there",
        "of-both": "ssd_cp_plans lacks cppl_person_id; ssd_cp_visits is not there",
    }


def test_of_too_few_ids_for_a_share_those_that_are_nowhere_are_told():
    assert [problem.text for problem in children(30, ids(40)).told] == [
        f"{VISITS} names 10 of 40 cppv_person_id that ssd_person does not have"
    ]
    assert children(36, ids(40)).told == ()
