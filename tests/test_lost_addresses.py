"""Without what says who is told somebody else would be: where too much is lost since the last good load, everybody is told as by that.

An address that is none counts as empty, and so does a service in other words than ours.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from alerting.casedata.snapshot import Snapshot, Wanted
from alerting.casedata.trust import Past, Trust, judge
from tests.matrix import Bench, Outcome, Square
from tests.test_trust import SETTINGS, TUESDAY, ids, notes_of

EMAIL = "ext_staff.email"
GOOD = "a.worker@example.gov.uk"
NONE = ("Local sort 3", "N/A", "A. Worker", "#REF!", "01004", "@example.gov.uk", "A. Worker <a.worker@example.gov.uk>", "", "TBC")


def staff(addresses: Sequence[str | None], before: Trust | None = None) -> Trust:
    """Judge a staff list with these addresses, after a load that was trusted or on a first one."""
    wanted: Wanted = {"ext_staff": frozenset({"worker_id", "email"})}
    with Snapshot(TUESDAY, SETTINGS) as filled:
        filled.fill("ext_staff", ["worker_id", "email"], [ids(len(addresses)), list(addresses)])
        filled.settle(wanted)
        return judge(filled, wanted, Past(filled=before.filled) if before else Past())


def of(count: int, none: int, word: str | None) -> list[str | None]:
    """Return so many addresses, of which some are none."""
    return [word] * none + [GOOD] * (count - none)


@pytest.mark.parametrize("word", [None, *NONE])
def test_more_than_a_quarter_of_addresses_that_are_none_are_lost_whatever_stands_in_their_place(word):
    before = staff(of(100, 0, word))

    lost = staff(of(100, 26, word), before)
    assert lost.problems == {EMAIL: "has an address in 74 of 100 rows (74%); when last trusted in 100%"}
    assert lost.remedies[EMAIL].endswith("have each one's address written as name@council.gov.uk.")
    assert staff(of(100, 100, word), before).problems.keys() == {EMAIL}
    assert staff(of(100, 25, word), before).problems == {}


def test_addresses_with_white_space_around_them_or_with_capitals_are_addresses():
    assert staff([f" {GOOD.upper()}\t"] * 100, staff(of(100, 0, None))).told == ()


@pytest.mark.parametrize("word", [None, "agency"])
@pytest.mark.parametrize(("then", "now"), [(0, 10), (10, 10), (5, 8), (8, 5), (10, 19), (60, 60), (100, 100), (60, 30), (100, 0)])
def test_a_council_of_which_some_have_no_address_is_trusted(word, then, now):
    assert staff(of(100, now, word), staff(of(100, then, word))).problems == {}


def test_of_a_few_more_without_an_address_it_is_told_once_with_both_figures():
    told = staff(of(100, 20, "agency"), staff(of(100, 5, "agency"))).told

    assert [one.text for one in told] == [f"{EMAIL} has an address in 80 of 100 rows (80%); when last trusted in 95%"]


def test_on_a_first_load_it_is_told_how_many_have_no_address():
    judged = staff(of(40, 30, "agency"))

    assert judged.problems == {}
    assert notes_of(judged) == (f"{EMAIL} has no address in 30 of 40 rows",)


def cover(count: int, ended: int, before: Trust | None = None) -> Trust:
    """Judge so many rows of cover of which some have a last day, after a load that was trusted or on a first one."""
    wanted: Wanted = {"ext_cover": frozenset({"staff_id", "to_date"})}
    with Snapshot(TUESDAY, SETTINGS) as filled:
        filled.fill("ext_cover", ["staff_id", "to_date"], [ids(count), ["2026-03-01"] * ended + [None] * (count - ended)])
        filled.settle(wanted)
        return judge(filled, wanted, Past(filled=before.filled) if before else Past())


def test_cover_of_which_last_days_are_lost_is_not_believed_and_one_that_was_tidied_is():
    before = cover(17, 16)

    assert cover(17, 11, before).problems.keys() == {"ext_cover.to_date"}
    assert cover(17, 13, before).problems == {}, "three go on until further notice"
    assert cover(9, 3, before).problems == {}, "cover that is over was taken off the list"


def teams(column: str, cells: Sequence[str | None], before: Trust | None = None) -> Trust:
    """Judge a list of teams of which a column holds this, after a load that was trusted or on a first one."""
    wanted: Wanted = {"ext_team": frozenset({column})}
    with Snapshot(TUESDAY, SETTINGS) as filled:
        filled.fill("ext_team", [column], [list(cells)])
        filled.settle(wanted)
        return judge(filled, wanted, Past(filled=before.filled) if before else Past())


@pytest.mark.parametrize(("column", "cell"), [("team_id", "T1"), ("manager_id", "W1"), ("service", " Front_Door ")])
def test_of_a_few_teams_four_and_more_than_a_quarter_that_are_lost_are_too_many(column, cell):
    before = teams(column, [cell] * 13)

    assert teams(column, [cell] * 9 + [None] * 4, before).problems.keys() == {f"ext_team.{column}"}
    assert teams(column, [cell] * 10 + [None] * 3, before).problems == {}, "one who manages three leaves"
    assert teams(column, [cell] * 12 + [None] * 4, teams(column, [cell] * 16)).problems == {}, "a quarter"
    assert teams(column, [cell] * 9, before).problems == {}, "there are fewer teams"
    assert teams(column, [None] * 4, teams(column, [cell] * 4)).problems == {}, "too few to say so"


@pytest.mark.parametrize("column", ["head_of_service_id", "service_manager_id", "name"])
def test_of_a_few_teams_whatever_else_half_of_them_lost_stops_nothing(column):
    assert teams(column, ["W1"] * 6 + [None] * 6, teams(column, ["W1"] * 12)).problems == {}


def test_services_in_other_words_are_lost_and_on_a_first_load_told_once():
    before, other = teams("service", ["front_door"] * 13), ["Local sort 1"] * 4 + ["front_door"] * 9

    assert teams("service", other, before).problems == {
        "ext_team.service": "has a word that is read in 9 of 13 rows (69%); when last trusted in 100%"
    }
    [told] = [one.text for one in teams("service", other).told]
    assert "is none of front_door" in told
    assert "in 4 of 13 cells" in told


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["emptied, half", "placeholders, a third"])
def test_nobody_is_told_as_by_cover_that_is_over_when_its_last_days_are_lost(tmp_path, damage):
    square = Square(load="third", table="ext_cover", column="to_date", damage=damage)
    came = Bench(tmp_path / "council", children=1000).came_of(square)

    assert (came.harm, came.is_named) == ((), True), str(came)


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["emptied", "re-worded", "emptied, half", "placeholders, a third"])
def test_nobody_else_is_told_when_services_are_lost_after_good_loads(tmp_path, damage):
    square = Square(load="third", table="ext_team", column="service", damage=damage)
    came = Bench(tmp_path / "council", children=1000).came_of(square)

    assert came.outcome == Outcome.withheld, str(came)


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["re-worded", "re-worded, half", "placeholders, a third", "emptied, half"])
def test_nobody_else_is_told_when_addresses_are_lost_after_good_loads(tmp_path, damage):
    square = Square(load="third", table="ext_staff", column="email", damage=damage)
    came = Bench(tmp_path / "council").came_of(square)

    assert came.outcome == Outcome.withheld, str(came)


@pytest.mark.slow
def test_of_a_first_load_administrators_read_once_how_many_have_no_address_and_who_is_told_in_their_place(tmp_path):
    bench = Bench(tmp_path / "council")
    square = Square(load="first", table="ext_staff", column="email", damage="re-worded, half")
    told = bench.told("first", square.damaged(bench.days[max(bench.days)]), bench.readers(square))

    [said] = [notice for notice in told.notices if notice.startswith(f"- Data: {EMAIL}")]
    assert "Has no address in" in said
    assert "cannot be written to, as the address is none: worker" in said
    assert "The next manager up is told in their place." in said
