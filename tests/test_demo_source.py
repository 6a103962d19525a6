"""The made-up council: always the same, alive, near the national figures, and wrong where it says it is wrong."""

from __future__ import annotations

import pkgutil
import re
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import cast

import duckdb
import pytest
from pydantic import ValidationError

from alerting.casedata.catalogue import TABLES, Settings
from alerting.casedata.codes import CodeMap
from alerting.casedata.snapshot import Snapshot
from alerting.sources import demo
from alerting.sources.demo.calendar import bank_holidays
from alerting.sources.demo.nasties import RATES
from alerting.sources.demo.source import Source
from alerting.sources.demo.town import Columns, Town

START = date(2026, 3, 2)
SMALL = Source(children=400)
MIDDLE = Source(children=3000)
# Everything after a start day that was on the record by then, in any table, says so in one of these.
HAPPENED = (
    ("ssd_cin_visits", "cinv_cin_visit_date"),
    ("ssd_cp_visits", "cppv_cp_visit_date"),
    ("ssd_cla_visits", "clav_cla_visit_date"),
)
HAPPENED_FOR_CERTAIN = (
    ("ssd_contacts", "cont_contact_date"),
    ("ssd_cin_episodes", "cine_referral_date"),
    ("ssd_cin_episodes", "cine_close_date"),
    ("ssd_cin_assessments", "cina_assessment_auth_date"),
    ("ssd_s47_enquiry", "s47e_s47_start_date"),
    ("ssd_cp_plans", "cppl_cp_plan_end_date"),
    ("ssd_cp_reviews", "cppr_cp_review_date"),
    ("ssd_cla_episodes", "clae_cla_episode_ceased_date"),
    ("ssd_cla_health", "clah_health_check_date"),
    ("ssd_care_leavers", "clea_care_leaver_latest_contact"),
    ("ssd_involvements", "invo_involvement_end_date"),
)
ENDS = {
    "ssd_cin_episodes": "cine_close_date",
    "ssd_cin_plans": "cinp_cin_plan_end_date",
    "ssd_cp_plans": "cppl_cp_plan_end_date",
    "ssd_cla_episodes": "clae_cla_episode_ceased_date",
    "ssd_cla_placement": "clap_cla_placement_end_date",
    "ssd_involvements": "invo_involvement_end_date",
}
NO_ID_OF_THEIR_OWN = {name for name, table in TABLES.items() if table.extension}


def rows(table: Columns) -> list[tuple[str | None, ...]]:
    return list(zip(*table.values(), strict=True))


def settings() -> Settings:
    codes = {c.codes: CodeMap(frozenset(), {}) for t in TABLES.values() for c in t.columns.values() if c.codes}
    return Settings(params={}, codes=codes, bank_holidays=bank_holidays(2026))


def share(part: int, whole: int) -> float:
    assert whole > 0
    return part / whole


# ------------------------------------------------------------------ always the same


def test_the_same_seed_gives_the_same_council():
    again = Town(400, 7, START)

    assert {name: again.table(name, START) for name in TABLES} == SMALL.tables(START)


def test_another_seed_gives_another_council():
    other = Source(children=400, seed=8).tables(START)

    assert other["ssd_person"] != SMALL.tables(START)["ssd_person"]


def test_every_table_has_exactly_its_columns():
    tables = SMALL.tables(START)

    assert {name: list(table) for name, table in tables.items()} == {name: list(t.columns) for name, t in TABLES.items()}
    assert all(rows(table) for table in tables.values())
    assert all(cell is None or isinstance(cell, str) for table in tables.values() for column in table.values() for cell in column)


def test_only_rows_delivered_twice_share_an_id():
    repeated = set(SMALL.truth(START)["repeated_row"])

    for name, table in SMALL.tables(START).items():
        if name in NO_ID_OF_THEIR_OWN:
            continue
        counts = Counter(next(iter(table.values())))
        assert {f"{name} {key}" for key, count in counts.items() if count > 1} <= repeated
        assert len(set(rows(table))) == len(counts)


def test_every_row_is_about_somebody_who_is_there():
    tables = SMALL.tables(START)
    people = set(tables["ssd_person"]["pers_person_id"])

    for table in tables.values():
        for column, cells in table.items():
            if column == "merged_person_id":
                assert not set(cells) & people
            elif column.endswith("person_id"):
                assert set(cells) - {None} <= people, column


def test_every_worker_of_a_case_is_among_the_professionals():
    tables = SMALL.tables(START)

    named = set(tables["ssd_involvements"]["invo_professional_id"]) - {None}
    assert named <= set(tables["ssd_professionals"]["prof_professional_id"])
    assert set(tables["ssd_involvements"]["invo_professional_team"]) <= set(tables["ext_team"]["team_id"])


def test_every_address_is_of_a_reserved_domain_and_used_once():
    addresses = SMALL.tables(START)["ext_staff"]["email"]

    assert all(cast("str", address).endswith("@example.gov.uk") for address in addresses)
    assert len(set(addresses)) == len(addresses)


# ------------------------------------------------------------------ alive


def test_nothing_is_known_before_it_happens():
    tables, today = SMALL.tables(START), START.isoformat()

    for table, column in HAPPENED_FOR_CERTAIN:
        days = [cell for cell in tables[table][column] if cell and not cell.startswith("9999")]
        if column != "cppr_cp_review_date":
            assert max(days)[:10] <= today


def test_only_the_visits_that_the_truth_names_are_in_the_future():
    tables, today = SMALL.tables(START), START.isoformat()
    named = set(SMALL.truth(START)["visit_in_future"])

    for table, column in HAPPENED:
        ids = next(iter(tables[table].values()))
        ahead = {f"{table} {key}" for key, day in zip(ids, tables[table][column], strict=True) if cast("str", day) > today}
        assert ahead <= named


def test_a_later_day_keeps_every_row_and_adds_some():
    today, later = SMALL.tables(START), SMALL.tables(START + timedelta(days=14))

    for name, table in today.items():
        ids, ids_later = next(iter(table.values())), next(iter(later[name].values()))
        assert not Counter(ids) - Counter(ids_later)
    for name in ("ssd_contacts", "ssd_cin_episodes", "ssd_cp_visits", "ssd_cla_visits", "ssd_involvements"):
        assert len(rows(later[name])) > len(rows(today[name]))


def test_what_is_there_changes_only_where_something_ended_was_held_or_was_corrected():
    today, later = SMALL.tables(START), SMALL.tables(START + timedelta(days=14))
    changed = set()
    for name, table in today.items():
        if name == "ext_load":
            continue
        for column, cells in table.items():
            if cells != later[name][column][: len(cells)]:
                changed.add(column)

    # Who completed an assessment is known when it is completed.
    completed = {"cina_assessment_worker_id"}
    lasting = {column for column in changed if "_id" in column or "start_date" in column or "referral_date" in column} - completed
    assert lasting == set()
    assert {"cine_close_date", "cina_assessment_auth_date", "clea_care_leaver_latest_contact"} <= changed


def test_visits_are_written_up_to_five_working_days_late():
    counts = []
    for offset in (0, 9):
        table = SMALL.tables(START + timedelta(days=offset))["ssd_cp_visits"]
        counts.append(sum(START.isoformat() > cast("str", day) >= "2026-02-16" for day in table["cppv_cp_visit_date"]))

    assert counts[0] < counts[1]
    later = SMALL.tables(START + timedelta(days=23))["ssd_cp_visits"]["cppv_cp_visit_date"]
    assert sum(START.isoformat() > cast("str", day) >= "2026-02-16" for day in later) == counts[1]


def test_a_worker_leaves_and_the_cases_are_handed_on_a_week_later():
    def cases_of_leavers(day: date) -> set[str | None]:
        tables = SMALL.tables(day)
        ends = dict(zip(tables["ext_staff"]["worker_id"], tables["ext_staff"]["ends_on"], strict=True))
        just_left = {worker for worker, last in ends.items() if last == "2026-03-04"}
        open_rows = zip(
            tables["ssd_involvements"]["invo_professional_id"],
            tables["ssd_involvements"]["invo_person_id"],
            tables["ssd_involvements"]["invo_involvement_end_date"],
            strict=True,
        )
        return {person for worker, person, end in open_rows if worker in just_left and (end is None or end.startswith("9999"))}

    assert len(cases_of_leavers(date(2026, 3, 5))) >= 5
    assert cases_of_leavers(date(2026, 3, 16)) == set()


def test_a_manager_goes_on_leave_one_comes_back_and_one_is_not_covered():
    cover = SMALL.tables(START)["ext_cover"]
    spells = {(by is not None, begins, ends) for _, by, begins, ends in rows(cover)}

    assert {(True, "2026-03-05", "2026-03-12"), (True, "2026-02-25", "2026-03-04")} <= spells
    assert (False, "2026-03-03", "2026-03-11") in spells
    assert (True, "2026-02-10", None) in spells


def test_every_team_has_a_manager_a_service_manager_and_a_head_on_the_staff_list():
    tables = SMALL.tables(START)
    staff = dict(zip(tables["ext_staff"]["worker_id"], tables["ext_staff"]["role"], strict=True))

    for column, role in (
        ("manager_id", "team_manager"),
        ("service_manager_id", "service_manager"),
        ("head_of_service_id", "head_of_service"),
    ):
        assert {staff[cast("str", worker)] for worker in tables["ext_team"][column]} == {role}


@pytest.mark.parametrize("offset", [-60, 120])
def test_the_council_can_be_asked_for_the_first_and_last_day(offset: int):
    assert rows(SMALL.tables(START + timedelta(days=offset))["ssd_cp_visits"])


@pytest.mark.parametrize("offset", [-61, 121, 365, 3650])
def test_on_days_further_off_another_council_lives_there(offset: int):
    day = START + timedelta(days=offset)

    assert Source(children=50, start=START).tables(day)["ssd_person"]["pers_person_id"]
    assert Source(children=50, start=START).tables(day) == Source(children=50, start=START).tables(day)


@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2026, 8, 31), date(2026, 12, 31), date(2028, 2, 29)])
def test_with_no_start_there_is_a_council_on_any_day(day: date):
    assert Source(children=50).tables(day)["ssd_person"]["pers_person_id"]


# ------------------------------------------------------------------ wrong where it says so


@pytest.mark.slow
def test_every_nasty_is_there_and_is_in_the_truth():
    truth = MIDDLE.truth(START)

    assert set(truth) == set(RATES)
    assert {nasty for nasty, keys in truth.items() if not keys} == set()


@pytest.mark.slow
def test_end_dates_of_9999_are_where_the_truth_says_at_their_rate():
    tables, truth = MIDDLE.tables(START), set(MIDDLE.truth(START)["end_9999"])
    found, still_open = set(), 0
    for name, column in ENDS.items():
        ids = next(iter(tables[name].values()))
        still_open += sum(cell is None or cell.startswith("9999") for cell in tables[name][column])
        found |= {
            f"{name} {key}" for key, cell in zip(ids, tables[name][column], strict=True) if cell and cell.startswith("9999")
        }

    assert found == {key for key in truth if key.split(" ", 1)[0] in ENDS}
    assert share(len(found), still_open) == pytest.approx(RATES["end_9999"], rel=0.35)


@pytest.mark.slow
def test_open_assessments_of_1900_are_where_the_truth_says_at_their_rate():
    assessments = MIDDLE.tables(START)["ssd_cin_assessments"]
    auth = dict(zip(assessments["cina_assessment_id"], assessments["cina_assessment_auth_date"], strict=True))
    found = {key for key, cell in auth.items() if cell and cell.startswith("1900-01-01")}
    still_open = sum(cell is None for cell in auth.values()) + len(found)

    assert found == set(MIDDLE.truth(START)["auth_1900"])
    assert share(len(found), still_open) == pytest.approx(RATES["auth_1900"], rel=0.6)


def test_other_authorities_plans_are_where_the_truth_says():
    plans = MIDDLE.tables(START)["ssd_cp_plans"]

    found = {key for key, flag in zip(plans["cppl_cp_plan_id"], plans["cppl_cp_plan_ola"], strict=True) if flag == "Y"}
    assert found == set(MIDDLE.truth(START)["other_authority_plan"])


def test_people_with_only_an_expected_date_of_birth_long_ago_are_where_the_truth_says():
    people = MIDDLE.tables(START)["ssd_person"]
    found = {
        key
        for key, born, expected in zip(people["pers_person_id"], people["pers_dob"], people["pers_expected_dob"], strict=True)
        if born is None and expected and expected < "2015"
    }

    assert found == set(MIDDLE.truth(START)["dob_only_expected"])


def test_trays_have_cases_as_if_they_were_people():
    tables = MIDDLE.tables(START)
    names = dict(
        zip(
            tables["ssd_professionals"]["prof_professional_id"],
            tables["ssd_professionals"]["prof_professional_name"],
            strict=True,
        )
    )
    trays = {worker for worker, name in names.items() if name in ("Duty Tray", "Unallocated")}
    invo = tables["ssd_involvements"]
    with_tray = {
        person for worker, person in zip(invo["invo_professional_id"], invo["invo_person_id"], strict=True) if worker in trays
    }

    assert set(MIDDLE.truth(START)["tray_allocated"]) <= with_tray
    assert not trays & set(tables["ext_staff"]["worker_id"])


@pytest.mark.parametrize(
    ("nasty", "table"),
    [
        ("orphan_plan_id", "ssd_cp_visits"),
        ("place_holder", "ssd_contacts"),
        ("broken_json", "ssd_cla_care_plan"),
        ("duplicate_care_leaver", "ssd_care_leavers"),
    ],
)
def test_a_nasty_of_rows_comes_at_its_rate(nasty: str, table: str):
    count = len(rows(MIDDLE.tables(START)[table]))

    assert share(len(MIDDLE.truth(START)[nasty]), count) == pytest.approx(RATES[nasty], rel=0.6)


def test_care_leavers_whose_adviser_is_nobody_are_where_the_truth_says():
    invo = MIDDLE.tables(START)["ssd_involvements"]
    named = zip(invo["invo_professional_id"], invo["invo_person_id"], invo["invo_involvement_end_date"], strict=True)
    nobodys = {person for worker, person, ended in named if worker is None and ended in (None, "", "9999-12-31")}

    assert nobodys == set(MIDDLE.truth(START)["no_adviser"])


def test_restricted_people_are_sealed_limited_or_nobody_said():
    levels = Counter(MIDDLE.tables(START)["ext_restricted"]["level"])

    assert levels["sealed"] > 2
    assert levels["limited"] > 2
    assert levels[None] == 1


def test_the_loads_say_how_many_rows_there_are():
    tables = SMALL.tables(START)
    loads = dict(zip(tables["ext_load"]["table_name"], tables["ext_load"]["row_count"], strict=True))

    assert loads == {name: str(len(rows(table))) for name, table in tables.items() if name != "ext_load"}
    assert set(tables["ext_load"]["loaded_at"]) == {"2026-03-02 05:40:00"}


# ------------------------------------------------------------------ near the national figures


@pytest.fixture(scope="module")
def middle() -> duckdb.DuckDBPyConnection:
    """The council of 3,000 children as text tables, with the days that are real as `day(cell)`."""
    db = duckdb.connect()
    for name, table in MIDDLE.tables(START).items():
        selected = ", ".join(f"unnest(${number}::VARCHAR[]) AS {column}" for number, column in enumerate(table, 1))
        db.execute(f"CREATE TABLE {name} AS SELECT DISTINCT {selected}", list(table.values()))
    db.execute("CREATE MACRO day(x) AS CASE WHEN x BETWEEN '1901-01-02' AND '2099' THEN CAST(left(x, 10) AS DATE) END")
    db.execute("CREATE MACRO now() AS DATE '2026-03-02'")
    db.execute("CREATE MACRO live(a, b) AS day(a) <= now() AND coalesce(day(b) > now(), true)")
    return db


def asked(db: duckdb.DuckDBPyConnection, query: str) -> Sequence[float]:
    return cast("Sequence[float]", db.execute(query).fetchone())


@pytest.mark.parametrize(
    ("what", "query", "expected", "give_or_take"),
    [
        (
            "open episodes of need",
            "SELECT count(*) FROM ssd_cin_episodes WHERE live(cine_referral_date, cine_close_date)",
            2250,
            0.15,
        ),
        ("referrals a year", "SELECT count(*) FROM ssd_cin_episodes WHERE day(cine_referral_date) > now() - 365", 3367, 0.1),
        (
            "protection plans",
            "SELECT count(*) FROM ssd_cp_plans WHERE live(cppl_cp_plan_start_date, cppl_cp_plan_end_date)",
            275,
            0.25,
        ),
        (
            "children in care",
            """SELECT count(DISTINCT clae_person_id) FROM ssd_cla_episodes
            WHERE live(clae_cla_episode_start_date, clae_cla_episode_ceased_date)""",
            458,
            0.15,
        ),
        ("care leavers", "SELECT count(DISTINCT clea_person_id) FROM ssd_care_leavers", 300, 0.25),
        ("contacts a year", "SELECT count(*) FROM ssd_contacts WHERE day(cont_contact_date) > now() - 365", 16_160, 0.1),
        ("enquiries a year", "SELECT count(*) FROM ssd_s47_enquiry WHERE day(s47e_s47_start_date) > now() - 365", 1225, 0.2),
        (
            "conferences a year",
            "SELECT count(*) FROM ssd_initial_cp_conference WHERE day(icpc_icpc_date) > now() - 365",
            412,
            0.25,
        ),
        ("staff", "SELECT count(*) FROM ext_staff", 215, 0.35),
    ],
)
def test_a_council_of_3000_is_like_the_middle_one(
    middle: duckdb.DuckDBPyConnection, what: str, query: str, expected: float, give_or_take: float
):
    [count] = asked(middle, query)

    assert count == pytest.approx(expected, rel=give_or_take), what


def test_assessments_take_the_time_they_take(middle: duckdb.DuckDBPyConnection):
    # 45 working days are nine weeks and, over a year, a day or two of bank holidays.
    in_time, just_in_time = asked(
        middle,
        "SELECT avg((d <= 65)::INT), avg((d BETWEEN 56 AND 65)::INT) FROM (SELECT day(cina_assessment_auth_date) - "
        "day(cina_assessment_start_date) AS d FROM ssd_cin_assessments WHERE day(cina_assessment_auth_date) > now() - 365)",
    )

    assert in_time == pytest.approx(0.845, abs=0.06)
    assert just_in_time > 0.15


def test_most_children_on_a_plan_were_seen_within_ten_working_days(middle: duckdb.DuckDBPyConnection):
    [seen] = asked(
        middle,
        "SELECT avg((last >= now() - 14)::INT) FROM (SELECT cppl_person_id, max(day(cppv_cp_visit_date)) AS last FROM ssd_cp_plans "
        "JOIN ssd_cp_visits ON cppv_person_id = cppl_person_id WHERE live(cppl_cp_plan_start_date, cppl_cp_plan_end_date) "
        "AND day(cppl_cp_plan_start_date) < now() - 30 AND day(cppv_cp_visit_date) <= now() GROUP BY 1)",
    )

    assert 0.80 <= seen <= 0.98


def test_a_full_time_worker_has_about_fifteen_cases(middle: duckdb.DuckDBPyConnection):
    [caseload] = asked(
        middle,
        "SELECT sum(n) / sum(fte) FROM (SELECT worker_id, max(fte::DOUBLE) AS fte, count(DISTINCT invo_person_id) AS n "
        "FROM ssd_involvements JOIN ext_staff ON worker_id = invo_professional_id JOIN ext_team USING (team_id) "
        "WHERE live(invo_involvement_start_date, invo_involvement_end_date) "
        "AND service IN ('assessment', 'help_protection', 'children_in_care', 'disabled_children') GROUP BY 1)",
    )

    assert caseload == pytest.approx(15.2, abs=1.8)


# ------------------------------------------------------------------ as a source


def test_a_snapshot_gets_the_wanted_columns_and_no_others():
    wanted = {"ssd_person": frozenset({"pers_person_id", "pers_dob"}), "ssd_cp_plans": frozenset({"cppl_cp_plan_id"})}
    with Snapshot(START, settings()) as snapshot:
        SMALL.read(wanted, snapshot)

        columns = snapshot.sql(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'raw' ORDER BY 1, 2"
        )
    assert columns == [("ssd_cp_plans", "cppl_cp_plan_id"), ("ssd_person", "pers_dob"), ("ssd_person", "pers_person_id")]


def test_every_cell_can_be_read_by_its_kind():
    wanted = {name: frozenset(table.columns) for name, table in TABLES.items()}
    with Snapshot(START, settings()) as snapshot:
        SMALL.read(wanted, snapshot)
        snapshot.settle(wanted, SMALL)

        assert [reading.table for reading in snapshot.readings.values() if not reading.supplied] == []
        assert [
            reading.table for reading in snapshot.readings.values() if reading.unreadable_cells or reading.missing_columns
        ] == []


def test_an_unknown_setting_and_a_council_too_small_are_refused():
    with pytest.raises(ValidationError):
        Source.model_validate({"type": "demo", "childs": 300})
    with pytest.raises(ValidationError):
        Source(children=49)


def test_the_package_lists_its_files():
    listed = re.findall(r"^    (\w+)  +\S", str(demo.__doc__), re.MULTILINE)

    assert sorted(listed) == sorted(module.name for module in pkgutil.iter_modules(demo.__path__))
