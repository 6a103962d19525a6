"""What of a column cannot be read or is not there keeps back the rules that read it, on a first load as on a later one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from alerting.casedata.catalogue import Settings
from alerting.casedata.snapshot import Snapshot, Wanted
from alerting.casedata.trust import Past, Trust, judge
from tests.test_trust import CODES, SETTINGS, TUESDAY, VISITS, ids


def visits(
    dates: Sequence[str | None], seen: Sequence[str | None] = (), plans: Sequence[str | None] = (), **params: object
) -> Trust:
    """Judge visits on a first load: their dates, whether the child was seen, and the eligibility of as many care leavers."""
    wanted: Wanted = {
        VISITS: frozenset({"cppv_cp_visit_id", "cppv_person_id", "cppv_cp_visit_date", "cppv_cp_visit_seen"}),
        "ssd_cp_plans": frozenset({"cppl_cp_plan_id", "cppl_cp_plan_end_date"}),
    }
    count = len(dates)
    with Snapshot(TUESDAY, Settings(params={**SETTINGS.params, **params}, codes=CODES, bank_holidays=frozenset())) as filled:
        columns = ["cppv_cp_visit_id", "cppv_person_id", "cppv_cp_visit_date", "cppv_cp_visit_seen"]
        filled.fill(VISITS, columns, [ids(count), ids(count), list(dates), list(seen or ["Y"] * count)])
        ends = list(plans or ["2026-01-01"] * 40)
        filled.fill("ssd_cp_plans", ["cppl_cp_plan_id", "cppl_cp_plan_end_date"], [ids(len(ends)), ends])
        filled.settle(wanted)
        return judge(filled, wanted, Past())


def first_load(table: str, *, open_only: Sequence[str] = (), **columns: Sequence[str | None]) -> Trust:
    """Judge a table of these columns on a first load."""
    params = {**SETTINGS.params, "open_only": list(open_only)}
    with Snapshot(TUESDAY, Settings(params=params, codes=CODES, bank_holidays=frozenset())) as filled:
        filled.fill(table, list(columns), [list(cells) for cells in columns.values()])
        wanted: Wanted = {table: frozenset(columns)}
        filled.settle(wanted)
        return judge(filled, wanted, Past())


GOOD = "2026-03-02"


@pytest.mark.parametrize(
    ("bad", "of", "trusted"), [(4, 29, True), (5, 50, True), (5, 49, False), (10, 100, True), (11, 100, False)]
)
def test_a_column_of_dates_is_not_trusted_when_more_than_a_tenth_and_five_of_its_cells_cannot_be_read(bad, of, trusted):
    judged = visits(["10-FEB-26"] * bad + [GOOD] * (of - bad))

    assert (not judged.problems) == trusted
    said = judged.problems.get(f"{VISITS}.cppv_cp_visit_date") or judged.notes[0].text
    assert f"cannot be read in {bad} of {of} cells" in said


def test_dates_that_are_mostly_month_first_are_wrong_as_a_whole():
    day_first = [f"{number % 12 + 1:02}/{number % 28 + 1:02}/2026" for number in range(100)]

    assert set(visits(day_first).problems) == {f"{VISITS}.cppv_cp_visit_date"}


def test_empty_cells_and_words_for_nothing_are_not_unreadable():
    judged = visits([GOOD] * 91 + ["n/a", "TBC", "9999-12-31", None, "", "NULL", "-", "1900-01-01", "NaT"])

    assert (judged.problems, judged.notes) == ({}, ())


@pytest.mark.parametrize("word", ["X", "Seen", "Yes."])
def test_flags_in_other_words_are_not_trusted_and_only_the_rules_that_read_them_wait(word):
    judged = visits([GOOD] * 40, [word] * 40)

    assert set(judged.problems) == {f"{VISITS}.cppv_cp_visit_seen"}
    assert "40 of 40" in judged.problems[f"{VISITS}.cppv_cp_visit_seen"]
    assert "yes_words" in judged.problems[f"{VISITS}.cppv_cp_visit_seen"]


def test_a_first_load_in_which_one_in_ten_rows_has_no_date_is_trusted_and_one_with_fewer_is_not():
    assert visits([GOOD] * 90 + [None] * 10).problems == {}
    assert set(visits([GOOD] * 89 + [None] * 11).problems) == {f"{VISITS}.cppv_cp_visit_date"}
    assert visits([GOOD] * 20 + [None] * 9).problems == {}  # a table of fewer than 30 rows


def test_a_table_in_which_nothing_was_ever_seen_or_ended_is_cut():
    assert set(visits([GOOD] * 40, [None] * 40).problems) == {f"{VISITS}.cppv_cp_visit_seen"}
    assert visits([GOOD] * 40, [*["no"] * 39, None]).problems == {}
    assert set(visits([GOOD], plans=[None] * 30).problems) == {"ssd_cp_plans.cppl_cp_plan_end_date"}
    assert visits([GOOD], plans=[*[None] * 29, GOOD]).problems == {}
    assert visits([GOOD], plans=[None] * 30, open_only=["ssd_cp_plans"]).problems == {}


def test_what_a_plan_or_a_placement_belongs_to_is_there_in_nine_rows_of_ten():
    for table, column in (("ssd_cin_plans", "cinp_referral_id"), ("ssd_cla_placement", "clap_cla_id")):
        assert first_load(table, **{column: ["R1"] * 90 + [None] * 10}).problems == {}
        assert set(first_load(table, **{column: ["R1"] * 89 + [None] * 11}).problems) == {f"{table}.{column}"}


def test_words_of_which_a_few_are_read_are_not_there_where_they_are_none_of_them():
    status = "clah_health_check_status"

    assert first_load("ssd_cla_health", **{status: ["Completed", *["Done"] * 29]}).problems == {}
    assert first_load("ssd_cla_health", **{status: ["Done"] * 30}).problems == {
        f"ssd_cla_health.{status}": "has no word that is read in all 30 rows; likely a cut extract, or a column that was renamed or moved"
    }
    assert first_load("ssd_cla_health", **{status: ["Completed"] * 15 + ["Done"] * 15}).first_seen == {
        f"ssd_cla_health.{status}": (15, 30)
    }


def test_a_column_of_the_councils_own_tables_that_no_row_has_is_as_good_as_not_there():
    undecided = first_load("ext_contact", received_at=[GOOD] * 30, decision_at=[None] * 30)

    assert undecided.problems == {"ext_contact.decision_at": "is empty in all 30 rows"}
    assert "ext_contact.decision_at" in undecided.remedies
    assert first_load("ext_contact", received_at=[GOOD] * 29, decision_at=[None] * 29).problems == {}
    assert first_load("ext_contact", received_at=[GOOD] * 30, decision_at=[*[None] * 29, GOOD]).problems == {}
    assert first_load("ext_contact", received_at=[GOOD] * 30, decision_at=[None] * 30, open_only=["ext_contact"]).problems == {}


def test_a_column_of_the_councils_own_tables_in_words_that_are_not_ours_is_not_trusted():
    came = {"contact_id": ids(10), "received_at": [GOOD] * 10}

    assert first_load("ext_contact", rag=["red"] * 5 + ["P1"] * 5, **came).problems == {}
    assert first_load("ext_contact", rag=["P1"] * 4, contact_id=ids(4), received_at=[GOOD] * 4).problems == {}
    assert first_load("ext_contact", rag=["red"] * 4 + ["P1"] * 6, **came).problems == {
        "ext_contact.rag": "is none of red, amber and green in 6 of 10 cells"
    }
    assert first_load("ext_team", team_id=ids(10), service=["Court"] * 9 + ["performance"]).problems == {}


def test_of_several_words_for_nothing_in_a_column_of_the_ssd_all_but_the_commonest_stand_where_something_else_stood():
    def reviewed(*words: str, rest: int = 100) -> Trust:
        column = "cppr_cp_review_date"
        return first_load("ssd_cp_reviews", **{column: [GOOD] * rest + [word for word in words for _ in range(6)]})

    assert reviewed("N/A", "tbc", "#REF!").problems == {
        "ssd_cp_reviews.cppr_cp_review_date": "cannot be read, or holds one of several words for nothing, in 12 of 118 cells; "
        "likely values that were typed over or lost, as in a workbook (#REF!, TBC)"
    }
    assert reviewed("N/A", "tbc", "#REF!", rest=103).problems == {}  # 12 of 121 are no more than a tenth
    [with_more] = reviewed("N/A", "tbc", "#REF!", "soon", rest=115).problems.values()
    assert with_more.startswith("cannot be read, or holds one of several words for nothing, in 18 of 139 cells")
    assert reviewed("N/A", "tbc", "n/A", rest=30).problems == {}
    assert reviewed("NaT", "NaT", "NaT", "NaT", rest=30).problems == {}
    assert first_load("ext_audit", due_on=[GOOD] * 30 + ["N/A"] * 9 + ["TBC"] * 9 + ["-"] * 9).problems == {}


def test_each_word_for_nothing_once_is_nothing():
    words = ["n/a", "na", "nan", "nat", "none", "none.", "tbc", "-", "?", "#ref!", "(blank)"]

    assert first_load("ssd_cp_reviews", cppr_cp_review_date=[GOOD] * 30 + words).problems == {}


@pytest.mark.parametrize(
    ("table", "known", "words"),
    [("ext_supervision", "staff", "staff and case"), ("ext_audit", "audit", "audit, dip_sample and re_audit")],
)
def test_where_a_word_says_what_a_row_is_no_more_than_a_quarter_of_them_may_be_unknown(table, known, words):
    assert first_load(table, kind=[known] * 30 + ["1:1"] * 10).problems == {}
    assert first_load(table, kind=[known] * 30 + ["1:1"] * 11).problems == {
        f"{table}.kind": f"is none of {words} in 11 of 41 cells"
    }


def test_where_nearly_half_of_the_registration_numbers_are_of_another_form_they_are_not_asked_for():
    def numbers(other: int, of: int) -> Trust:
        return first_load("ssd_cla_placement", clap_cla_placement_urn=["URN 12"] * other + ["SC123456"] * (of - other))

    column = "ssd_cla_placement.clap_cla_placement_urn"
    assert numbers(10, 40).told == ()
    assert [note.about for note in numbers(11, 40).told] == [column]
    assert numbers(18, 40).problems == {}
    assert numbers(19, 40).problems == {column: "is not of the usual form in 19 of 40 cells"}
    assert numbers(4, 4).problems == {}


def test_an_address_that_nobody_has_is_told_and_nothing_waits_for_it():
    nobody = first_load("ext_staff", worker_id=ids(30), email=[None] * 30)

    assert nobody.problems == {}
    assert [note.about for note in nobody.told] == ["ext_staff.email"]


def test_a_column_that_the_case_system_cannot_give_keeps_only_the_rules_that_need_it_off():
    judged = visits([GOOD] * 40, [None] * 40, not_supplied_columns=[f"{VISITS}.cppv_cp_visit_seen"])

    assert (judged.problems, judged.releasable) == ({}, {})
    assert judged.not_supplied == {f"{VISITS}.cppv_cp_visit_seen"}
    assert any("is not supplied here" in note.text for note in judged.notes)
    assert judged.told == ()


def test_care_leavers_of_whom_nobody_says_whether_they_are_in_touch_stop_no_rule_about_other_children():
    """What nearly every rule asks of an open case reads who is a care leaver; of the unknown, no other child is to be missed."""
    judged = first_load("ssd_care_leavers", clea_person_id=ids(30), clea_care_leaver_in_touch=[None] * 30)

    assert "ssd_care_leavers.clea_care_leaver_in_touch" not in judged.problems
