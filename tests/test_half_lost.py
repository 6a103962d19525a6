"""What is lost of a column is noticed on a first load by what stands beside it: ends of what began long ago, what is filled in together, who followed whom."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from alerting.casedata.catalogue import Settings
from alerting.casedata.half_lost import ENDS, TOGETHER
from alerting.casedata.snapshot import Snapshot
from alerting.casedata.trust import Past, Trust, judge
from tests.case_rows import shipped
from tests.test_trust import SETTINGS, TUESDAY

Row = tuple[int, int | None]
"""How many days ago something began, and in how many days it ended; None where nothing says so."""


def judged(rows: list[Row], table: str = "ext_referral", *, open_only: bool = False, **more: list[str]) -> Trust:
    """Judge a table of what began and ended so, on a first load."""
    [(began, ended), *_] = ENDS[table]
    given = {"open_only": [table] if open_only else []}
    with Snapshot(TUESDAY, Settings(params={**SETTINGS.params, **given}, codes={}, bank_holidays=frozenset())) as filled:
        columns: dict[str, list[str | None]] = {
            began: [ago(days) for days, _ in rows],
            ended: [None if took is None else ago(days - took) for days, took in rows],
        }
        filled.fill(table, [*columns, *more], [*columns.values(), *more.values()])
        wanted = {table: frozenset({*columns, *more})}
        filled.settle(wanted)
        return judge(filled, wanted, Past())


def ago(days: int) -> str:
    day: date = TUESDAY - timedelta(days=days)
    return day.isoformat()


SOON: list[Row] = [(days, 2) for days in range(300, 0, -1)]
"""One a day, each completed in two days."""
FROM_LONG_AGO: list[Row] = [(280 - days, None) for days in range(100)]


@pytest.mark.parametrize(("lost", "trusted"), [(84, True), (85, False)])
def test_where_more_than_a_quarter_of_what_is_old_has_no_end_the_ends_are_not_trusted(lost, trusted):
    judged_so = judged([*SOON, *FROM_LONG_AGO[:lost]])

    # Old is what began more than 30 days ago and after the first ends: 254 that ended, and the others.
    assert (judged_so.problems == {}) == trusted
    if not trusted:
        assert judged_so.problems == {
            "ext_referral.completed_at": "is empty in 85 of the 339 rows that began before 1 March 2026, by when nearly all others had ended"
        }
        assert "source release" in judged_so.remedies["ext_referral.completed_at"]
        assert judged_so.releasable["ext_referral.completed_at"] == {"open": round(85 / 339, 4)}


def test_what_is_new_may_be_open():
    assert judged([*SOON, *[(days, None) for days in range(30, 0, -1) for _ in range(20)]]).problems == {}


def test_what_goes_on_for_years_may_be_open():
    years: list[Row] = [(days, min(days // 2, 900)) for days in range(2000, 0, -10)]

    assert judged([*years, *[(days, None) for days in range(1900, 0, -15)]], "ssd_cla_episodes").problems == {}


def test_of_what_began_before_the_first_ends_there_may_be_only_what_is_open():
    assert judged([*SOON, *[(days, None) for days in range(4000, 400, -10)]]).problems == {}


def test_a_table_of_what_is_open_has_no_ends():
    rows: list[Row] = [*SOON, *FROM_LONG_AGO]

    assert judged(rows).problems != {}
    assert judged(rows, open_only=True).problems == {}


def test_a_referral_that_goes_no_further_need_not_be_closed():
    rows = [*SOON, *FROM_LONG_AGO]

    assert judged(rows, "ssd_cin_episodes", cine_referral_nfa=["N"] * len(rows)).problems != {}
    assert judged(rows, "ssd_cin_episodes", cine_referral_nfa=["N"] * 300 + ["Y"] * 100).problems == {}


def test_of_reviews_only_those_of_the_last_two_years_count():
    rows: list[Row] = [(days, 2) for days in range(1500, 0, -3)]

    assert judged([*rows, *[(days, None) for days in range(700, 400, -1)]], "ssd_cp_reviews").problems != {}
    assert judged([*rows, *[(days, None) for days in range(1400, 800, -1)]], "ssd_cp_reviews").problems == {}


# ------------------------------------------------------------------ what is filled in together


def checks(*rows: tuple[str | None, str | None, str | None]) -> dict[str, str]:
    """Return what is not trusted of health checks with these days, types and statuses, with why."""
    names = ["clah_health_check_date", "clah_health_check_type", "clah_health_check_status"]
    return of("ssd_cla_health", dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


LATELY, LONG_AGO = ago(100), ago(731)
WHOLE = (LATELY, "Dental check", "Completed")


@pytest.mark.parametrize("nothing", [None, "N/A", "tbc"])
def test_a_column_that_says_nothing_beside_those_that_are_filled_in_with_it_is_not_trusted(nothing):
    without = (LATELY, nothing, "Completed")

    assert checks(*[WHOLE] * 60, *[without] * 40) == {}
    assert checks(*[WHOLE] * 60, *[without] * 41) == {
        "ssd_cla_health.clah_health_check_type": "says nothing in 41 of the 101 rows that have clah_health_check_date and clah_health_check_status"
    }
    assert checks(*[WHOLE] * 20, *[without] * 29) == {}


def test_a_check_that_is_booked_has_no_day_and_an_old_one_need_not_say_what_it_was():
    assert checks(*[WHOLE] * 60, *[(None, "Dental check", "Booked")] * 41, *[(LONG_AGO, None, "Completed")] * 40) == {}
    assert list(checks(*[WHOLE] * 60, *[(None, "Dental check", "Completed")] * 41)) == ["ssd_cla_health.clah_health_check_date"]


@pytest.mark.parametrize("table", ["ssd_cin_visits", "ssd_cp_visits", "ssd_cla_visits"])
@pytest.mark.parametrize(("blank", "trusted"), [(40, True), (41, False)])
def test_visits_of_the_last_year_of_which_half_do_not_say_whether_the_child_was_seen_are_not_trusted(table, blank, trusted):
    when, seen = TOGETHER[table]
    visits: list[tuple[str, str | None]] = [(LATELY, "Y")] * 50 + [(LATELY, "N")] * (50 - blank) + [(LATELY, None)] * blank
    # Of what was not written down years ago, and of what lies ahead, nothing is lost.
    visits += [(ago(366), None)] * 300 + [(ago(-3), None)] * 300

    says = f"says nothing in 41 of the 100 rows of the last year that have {when}"
    assert of(table, {when: [day for day, _ in visits], seen: [said for _, said in visits]}) == (
        {} if trusted else {f"{table}.{seen}": says}
    )


@pytest.mark.parametrize(
    ("word", "trusted"),
    [
        ("Local sort 1", False),
        ("IHA", False),
        ("Dentist", False),
        ("Immunisations", True),
        ("Optician", True),
        ("Review Health Assessment", True),
    ],
)
def test_checks_of_which_half_are_in_words_that_nobody_knows_are_not_trusted_and_other_checks_are(word, trusted):
    found = checks(*[WHOLE] * 50, *[(LATELY, word, "Completed")] * 50)

    says = "is in words that are not known in 50 of the 100 rows that have clah_health_check_date and clah_health_check_status"
    assert found == ({} if trusted else {"ssd_cla_health.clah_health_check_type": says})


@pytest.mark.parametrize(("word", "trusted"), [("Local sort 1", False), ("Done", False), ("Refused", True), ("Cancelled", True)])
def test_checks_of_which_half_ended_in_words_that_nobody_knows_are_not_trusted(word, trusted):
    found = checks(*[WHOLE] * 50, *[(LATELY, "Dental check", word)] * 50)

    assert list(found) == ([] if trusted else ["ssd_cla_health.clah_health_check_status"])


# ------------------------------------------------------------------ one in place of the other


def births(born: int, expected: int, neither: int, *, closed: int = 0) -> Trust:
    """Judge people with an open referral who have a date of birth, an expected one, or neither; and some with neither whose referral is closed."""
    closed += 1  # of a table in which nothing ever ended it is another fault
    ids = [f"P{number}" for number in range(born + expected + neither + closed)]
    people: dict[str, list[str | None]] = {
        "pers_person_id": [*ids],
        "pers_dob": [*[ago(3000)] * born, *[None] * (len(ids) - born)],
        "pers_expected_dob": [*[None] * born, *[ago(-60)] * expected, *[None] * (neither + closed)],
    }
    referrals: dict[str, list[str | None]] = {
        "cine_person_id": [*ids],
        "cine_referral_date": [LATELY] * len(ids),
        "cine_close_date": [*[None] * (len(ids) - closed), *[ago(50)] * closed],
    }
    tables = {"ssd_person": people, "ssd_cin_episodes": referrals, "ssd_care_leavers": {"clea_person_id": []}}
    with Snapshot(TUESDAY, shipped().settings) as filled:
        for name, columns in tables.items():
            filled.fill(name, list(columns), list(columns.values()))
        wanted = {name: frozenset(columns) for name, columns in tables.items()}
        filled.settle(wanted)
        return judge(filled, wanted, Past())


def test_where_two_in_five_who_are_not_born_have_no_expected_birth_how_complete_it_is_is_doubted_and_not_the_column():
    how_complete = "ssd_person.pers_expected_dob (completeness)"

    assert births(300, 21, 14).problems == {}
    assert births(300, 20, 14).problems == {
        how_complete: "is empty in 14 of the 34 rows of open cases and care leavers without a date of birth"
    }
    assert births(300, 20, 14).releasable == {how_complete: {"neither": round(14 / 34, 4)}}


def test_of_few_who_are_not_born_and_of_cases_that_are_closed_no_expected_birth_is_asked():
    assert births(100, 0, 29).problems == {}
    assert births(300, 20, 0, closed=90).problems == {}


def test_only_rules_that_gaps_in_expected_births_mislead_wait_for_them():
    book = shipped()
    waits = births(300, 20, 14).withheld((rule.code, book.needs(rule)) for rule in book.rules)

    assert waits.keys() == {"CLA-16", "DQ-01", "DQ-05"}
    assert "ssd_person.pers_expected_dob (completeness) is empty in 14 of the 34 rows" in waits["DQ-05"]
    # Of what was kept of a day only the tables are known that a rule reads.
    assert births(300, 20, 14).withheld([("any", frozenset({"ssd_person"}))]) == {}


# ------------------------------------------------------------------ who followed whom


def involved(open_still: int, *, role: str = "CW", followed: int | None = 30) -> dict[str, str]:
    """Return what is not trusted of a hundred workers, each followed so many days ago by another who is there still; so many have no end."""
    names = ["invo_person_id", "invo_professional_role_id", "invo_involvement_start_date", "invo_involvement_end_date"]
    began, then = ago(200), ago(followed or 0)
    before = [(str(child), role, began, None if child <= open_still else then) for child in range(1, 101)]
    after = [(str(child), role, then, None) for child in range(1, 101)] if followed else []
    closed = [("1", role, ago(900), ago(800))]  # of a table in which nothing ever ended it is another fault
    return of("ssd_involvements", dict(zip(names, map(list, zip(*before, *after, *closed, strict=True)), strict=True)))


def test_where_more_than_a_quarter_of_the_workers_whom_others_followed_have_no_end_the_ends_are_not_trusted():
    assert involved(25) == {}
    assert involved(26) == {
        "ssd_involvements.invo_involvement_end_date": "is empty in 26 of the 101 rows of a worker after whom another took the case over"
    }


def test_of_whom_nobody_followed_of_a_handover_under_way_and_of_other_roles_no_end_is_asked():
    assert involved(100, followed=None) == {}
    assert involved(100, followed=29) == {}
    assert involved(100, role="IRO") == {}
    assert involved(100, role="16plus") != {}


def of(table: str, columns: dict[str, list[str | None]]) -> dict[str, str]:
    """Return what is not trusted of one table of these columns, with why."""
    params = {"allocated_roles": ["CW"], "personal_adviser_roles": ["16PLUS"], **SETTINGS.params}
    with Snapshot(TUESDAY, Settings(params=params, codes={}, bank_holidays=frozenset())) as filled:
        filled.fill(table, list(columns), list(columns.values()))
        wanted = {table: frozenset(columns)}
        filled.settle(wanted)
        return dict(judge(filled, wanted, Past()).problems)
