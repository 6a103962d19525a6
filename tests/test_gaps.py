"""Columns that many rules read and few are misled by: where there is nothing of one, only these rules wait, or are off where it is not supplied."""

from __future__ import annotations

import pytest

from alerting.casedata.catalogue import TABLES, Settings
from alerting.casedata.gaps import misled_by_gaps
from alerting.casedata.snapshot import Snapshot
from alerting.casedata.trust import Past, Trust, judge
from alerting.rulebook.file_models import Overrides
from alerting.rulebook.loader import load_rulebook
from tests.case_rows import shipped
from tests.matrix import RULES
from tests.test_trust import TUESDAY

BOOK = shipped()
FEW = misled_by_gaps(BOOK.settings.params)
ACTIVITY = "ssd_care_leavers.clea_care_leaver_activity"
WITHOUT_A_CHECK_OF_THEIR_OWN = sorted(FEW.keys() - {"ssd_person.pers_expected_dob"})


def judged(column: str, cells: list[str | None], **more: object) -> Trust:
    """Judge a table of which nothing is there but this column, on a first load."""
    table, _, name = column.partition(".")
    settings = Settings(params={**BOOK.settings.params, **more}, codes=BOOK.settings.codes, bank_holidays=frozenset())
    with Snapshot(TUESDAY, settings) as filled:
        filled.fill(table, [name], [cells])
        wanted = {table: frozenset({name})}
        filled.settle(wanted)
        return judge(filled, wanted, Past())


def waiting(trust: Trust) -> set[str]:
    return set(trust.withheld((rule.code, BOOK.needs(rule)) for rule in BOOK.rules))


@pytest.mark.parametrize("column", sorted(FEW))
def test_each_is_a_column_that_the_rules_named_with_it_read(column: str) -> None:
    table, _, name = column.partition(".")

    assert name in TABLES[table].columns
    assert FEW[column] <= {rule.code for rule in BOOK.rules if column in BOOK.needs(rule)}


@pytest.mark.parametrize("column", WITHOUT_A_CHECK_OF_THEIR_OWN)
def test_where_a_whole_table_has_none_of_one_only_the_rules_that_this_misleads_wait(column: str) -> None:
    nothing = judged(column, [None] * 30)

    assert nothing.problems == {f"{column} (completeness)": "is empty in all 30 rows"}
    assert "open_only" not in nothing.remedies[f"{column} (completeness)"]
    assert nothing.releasable == {f"{column} (completeness)": {"never there": 1.0}}
    assert waiting(nothing) == FEW[column]
    assert judged(column, [None] * 29).problems == {}


def test_where_some_rows_have_it_no_rule_waits() -> None:
    assert judged(ACTIVITY, ["F2", *[None] * 40]).problems == {}


def test_what_the_case_system_cannot_give_of_one_switches_off_only_the_rules_that_this_misleads() -> None:
    without = judged(ACTIVITY, [None] * 40, not_supplied_columns=[ACTIVITY])

    assert without.problems == {}
    assert waiting(without) == {"CL-05"}
    assert without.withheld([("CL-05", frozenset({*without.not_supplied}))]) == {
        "CL-05": f"{ACTIVITY} is not supplied here (`not_supplied_columns` in the settings)"
    }
    assert len([rule for rule in BOOK.rules if ACTIVITY in BOOK.needs(rule)]) > 1


@pytest.mark.parametrize("column", ["manager_id", "service", "team_id"])
def test_of_few_teams_too_some_have_each_column_that_rules_go_by(column: str) -> None:
    says = "has no word that is read" if column == "service" else "is empty"

    assert judged(f"ext_team.{column}", [None] * 5).problems == {f"ext_team.{column}": f"{says} in all 5 rows"}
    assert judged(f"ext_team.{column}", [None] * 4).problems == {}


def test_a_small_table_has_the_columns_named_of_which_not_all_rows_have_something() -> None:
    placed = "ssd_permanence.perm_placed_for_adoption_date"

    assert judged(placed, [None] * 10).first_seen == {placed: (0, 10)}
    assert judged(placed, [None] * 9).first_seen == {}


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"ext_audit.due_on": ["WF-06"]}, []),
        ({"ext_audit.due_on": ["WF-06", "WF-99"]}, ["WF-99"]),
        ({"ext_audit.due": ["WF-06"]}, ["ext_audit.due"]),
    ],
)
def test_a_column_or_a_code_that_is_not_there_is_a_warning(given: dict[str, list[str]], wrong: list[str]) -> None:
    found = load_rulebook(RULES, overrides=Overrides(params={"misled_by_gaps": given})).faults

    assert [(fault.problem, fault.severity) for fault in found] == [
        (f"`rules: params: misled_by_gaps:` names '{name}', which is not there", "warning") for name in wrong
    ]
