"""The council's own tables in other words than ours, or half empty: who looks after the service reads which column, and how much."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from alerting.casedata.catalogue import TABLES, Settings
from alerting.casedata.extension_checks import ALWAYS_THERE, WORDS
from alerting.casedata.snapshot import Snapshot
from alerting.casedata.trust import Past, Trust, judge
from alerting.formatting import day
from tests.made_council import MONDAY
from tests.test_trust import SETTINGS


def judged(table: str, settings: Settings = SETTINGS, **columns: list[str | None]) -> Trust:
    """Judge one table of these columns."""
    with Snapshot(MONDAY, settings) as filled:
        filled.fill(table, list(columns), list(columns.values()))
        wanted = {table: frozenset(columns)}
        filled.settle(wanted)
        return judge(filled, wanted, Past())


KEPT = replace(SETTINGS, params={**SETTINGS.params, "hand_kept": {"ext_supervision.held_on": 10}})


def told(found: Trust) -> list[str]:
    return [problem.text for problem in found.told]


@pytest.mark.slow
def test_each_word_that_a_column_may_hold_is_known_however_it_is_spaced():
    for table, columns in WORDS.items():
        for name, words in columns.items():
            assert told(judged(table, **{name: [word.upper() + " " for word in words]})) == []


@pytest.mark.parametrize(
    ("table", "column", "word"),
    [
        ("ext_team", "service", "QA"),
        ("ext_staff", "role", "Boss"),
        ("ext_visit_freq", "kind", "CIN"),
        ("ext_visit_freq", "regime", "19"),
    ],
)
def test_a_word_that_is_none_is_told_with_those_that_are(table, column, word):
    known = WORDS[table][column]
    [said] = told(judged(table, **{column: [known[0], word]}))

    assert said.startswith(f"{table}.{column} is none of {known[0]}")
    assert said.endswith("in 1 of 2 cells")
    assert judged(table, **{column: [known[0], word]}).problems == {}


def test_a_restriction_in_another_word_is_told_and_seals_as_it_did():
    people = [str(number) for number in range(30)]
    found = judged("ext_restricted", person_id=people, level=["limited"] * 9 + ["SEALED "] + ["Locked"] * 20)

    assert "ext_restricted.level is none of limited and sealed in 20 of 30 cells, which count as sealed" in told(found)
    assert "ext_restricted.level" not in found.problems


@pytest.mark.slow
def test_a_column_that_nearly_every_row_has_and_many_have_not_is_told_at_any_size():
    for table, columns in ALWAYS_THERE.items():
        for name in columns:
            fits = "1.5" if TABLES[table].columns[name].kind == "number" else "2026-03-01"
            [cell, *_] = WORDS.get(table, {}).get(name, (fits,))
            says = {"email": "has no address", "service": "has no word that is read"}.get(name, "is empty")
            cell = "a@example.gov.uk" if name == "email" else cell
            assert f"{table}.{name} {says} in 2 of 4 rows" in told(judged(table, **{name: [cell, None, cell, None]}))
            assert told(judged(table, **{name: [*[cell] * 9, None]})) == []


def test_notes_that_do_not_say_who_made_them_keep_no_rule_waiting_as_each_counts():
    ids = [str(number) for number in range(30)]

    assert judged("ext_oversight", person_id=ids, noted_on=["2026-03-01"] * 30, by_id=[None] * 30).problems == {}


def noted(roles: list[str | None], *, day: str = "2026-03-01", by: str = "") -> dict[str, str]:
    """Return what is not trusted of a hundred notes by a hundred of the staff, of whom the first are in these roles."""
    workers = [str(number) for number in range(1, 101)]
    settings = replace(SETTINGS, params={**SETTINGS.params, "oversight_roles": ["team_manager", "Practice  Lead"]})
    with Snapshot(MONDAY, settings) as filled:
        columns: dict[str, dict[str, list[str | None]]] = {
            "ext_staff": {"worker_id": [*workers], "role": roles + ["team_manager"] * (100 - len(roles))},
            "ext_oversight": {"person_id": [*workers], "noted_on": [day] * 100, "by_id": [by + worker for worker in workers]},
        }
        for table, cells in columns.items():
            filled.fill(table, list(cells), list(cells.values()))
        wanted = {table: frozenset(cells) for table, cells in columns.items()}
        filled.settle(wanted)
        return dict(judge(filled, wanted, Past()).problems)


@pytest.mark.parametrize("role", [None, "Local sort 1", "TBC"])
def test_notes_wait_of_which_more_than_a_quarter_are_by_staff_in_no_role_and_whatever_else_reads_roles_goes_on(role):
    says = "is somebody whose ext_staff.role is empty, or no word that it may hold, in 26 of the 100 rows of the last year whose writer is on the staff list"

    assert noted([role] * 25) == {}
    assert noted([role] * 26) == {"ext_oversight.by_id": says}


def test_notes_of_years_ago_or_by_those_who_are_not_on_the_staff_list_and_roles_that_a_council_has_given_say_nothing():
    assert noted([None] * 99, day="2024-03-01") == {}
    assert noted([None] * 99, by="X") == {}
    assert noted(["other"] * 50 + ["practice lead"] * 50) == {}


def test_actions_that_were_looked_at_and_are_mostly_not_rated_wait_and_those_that_nobody_began_do_not():
    def rated(rag: list[str | None], begun: int = 30) -> Trust:
        count = len(rag)
        day = ["2026-03-01"] * begun + [None] * (count - begun)
        return judged("ext_plan_action", ref=[str(number) for number in range(count)], rag=rag, updated_on=day)

    says = "says nothing in 13 of the 30 rows that have updated_on"
    lost = rated(["C2"] * 17 + [None] * 13)
    assert lost.problems == {"ext_plan_action.rag": says}
    assert told(lost) == []
    assert rated(["C2"] * 18 + [None] * 12).problems == {}
    assert rated(["C2"] * 30 + [None] * 40).problems == {}


def test_what_a_council_s_own_table_says_in_words_that_no_map_has_waits_from_a_quarter_on():
    def worded(other: int) -> Trust:
        return judged("ext_plan_action", SETTINGS, ref=list(map(str, range(40))), rag=["C2"] * (40 - other) + ["Mauve"] * other)

    assert worded(10).problems == {}
    assert worded(11).problems == {"ext_plan_action.rag": "has words that no code map has in 11 of 40 cells"}


@pytest.mark.parametrize(("kind", "of_whom", "empty"), [("staff", "worker_id", "person_id"), ("case", "person_id", "worker_id")])
def test_a_council_that_records_one_kind_of_supervision_has_lost_nothing(kind, of_whom, empty):
    ids = [str(number) for number in range(30)]

    assert judged("ext_supervision", kind=[kind] * 30, **{of_whom: ids, empty: [None] * 30}).problems == {}
    lost = judged("ext_supervision", kind=[kind] * 30, **{of_whom: [None] * 30, empty: ids})
    assert lost.problems == {f"ext_supervision.{of_whom}": f"is empty in all 30 rows of kind {kind}"}


@pytest.mark.parametrize(
    ("table", "column", "of_kind"),
    [
        ("ext_oversight", "person_id", ""),
        ("ext_oversight", "noted_on", ""),
        ("ext_contact", "received_at", ""),
        ("ext_supervision", "worker_id", " of kind staff"),
    ],
)
def test_rules_wait_where_more_than_a_quarter_of_a_table_of_what_was_done_does_not_say_of_whom_or_when(table, column, of_kind):
    def lacking(count: int, rows: int) -> Trust:
        cell = "2026-03-01" if TABLES[table].columns[column].kind != "id" else "7"
        kind = {"kind": ["staff"] * rows + ["case"] * 40} if of_kind else {}
        return judged(table, **{column: [None] * count + [cell] * (rows - count) + [None] * (40 if of_kind else 0)}, **kind)

    assert lacking(8, 30).problems == {f"{table}.{column}": f"is empty in 8 of 30 rows{of_kind}"}
    assert lacking(7, 30).problems == {}
    assert told(lacking(7, 30)) == ([] if of_kind else [f"{table}.{column} is empty in 7 of 30 rows"])
    assert lacking(8, 29).problems == {}
    assert told(lacking(8, 29)) == ([] if of_kind else [f"{table}.{column} is empty in 8 of 29 rows"])


def test_no_rule_waits_for_agreed_frequencies_in_other_words_or_without_their_days_and_both_are_told():
    ids = [str(number) for number in range(30)]
    found = judged("ext_visit_freq", person_id=ids, kind=["Child protection"] * 30, valid_from=[None] * 30)

    assert found.problems == {}
    assert told(found) == [
        "ext_visit_freq.kind is none of cp and cla in 30 of 30 cells",
        "ext_visit_freq.valid_from is empty in 30 of 30 rows",
    ]


def test_of_ends_that_are_not_there_it_is_said_what_a_council_does_that_supplies_what_is_open_alone():
    [remedy] = judged("ext_referral", referral_id=list(map(str, range(30))), completed_at=[None] * 30).remedies.values()

    assert "`open_only`" in remedy


def test_a_table_kept_by_hand_that_has_nothing_new_for_too_long_is_told_and_stops_nothing():
    long_ago, lately, ahead = ((MONDAY - timedelta(days=days)).isoformat() for days in (15, 14, -3))

    still = judged("ext_supervision", KEPT, kind=["staff"] * 2, held_on=[long_ago, ahead])

    [said] = told(still)
    assert said.startswith(
        f"ext_supervision.held_on has nothing newer than {day(date.fromisoformat(long_ago))}, 11 working days ago"
    )
    assert still.problems == {}
    assert told(judged("ext_supervision", KEPT, kind=["staff"], held_on=[lately])) == []
    assert told(judged("ext_supervision", kind=["staff"], held_on=[long_ago])) == []


def test_of_a_table_whose_days_cannot_be_read_it_is_told_that_rules_wait_and_not_that_it_stands_still():
    days = ["02/27/2026"] * 40 + ["2026-01-05"] * 10

    found = judged("ext_supervision", KEPT, kind=["staff"] * 50, held_on=days)

    assert found.problems.keys() == {"ext_supervision.held_on"}
    assert told(found) == []
    assert any("has nothing newer" in note.text for note in found.notes)
