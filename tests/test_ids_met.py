"""The workers, teams and referrals that tables name are looked for at any size: one may be an odd one, where none is met the ids are of another kind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from alerting.casedata.catalogue import Settings
from alerting.casedata.snapshot import Snapshot, Wanted
from alerting.casedata.trust import Past, Trust, judge

WANTED: Wanted = {
    "ssd_professionals": frozenset({"prof_professional_id"}),
    "ssd_involvements": frozenset({"invo_involvements_id", "invo_professional_id", "invo_professional_team"}),
    "ssd_cin_episodes": frozenset({"cine_referral_id", "cine_referral_team"}),
    "ssd_cin_assessments": frozenset({"cina_assessment_id", "cina_referral_id"}),
    "ssd_care_leavers": frozenset({"clea_table_id", "clea_care_leaver_personal_advisor"}),
    "ext_staff": frozenset({"worker_id"}),
    "ext_team": frozenset({"team_id", "manager_id"}),
    "ext_restricted": frozenset({"person_id"}),
    "ext_load": frozenset({"table_name"}),
}
PARAMS = {
    "row_count_tolerance": 0.005,
    "max_row_change": 0.2,
    "max_row_change_at_least": 50,
    "max_load_age_wd": 1,
    "essential_rows": 1000,
}
SETTINGS = Settings(params=PARAMS, codes={}, bank_holidays=frozenset())
Ids = Sequence[str | None]


def met(
    workers: Ids = (),
    *,
    teams: Ids = (),
    referrals: Ids = (),
    advisers: Ids = (),
    staff: Ids = ("S1",),
    professionals: Ids = ("W1", "W2"),
    managers: Ids = (None, None),
) -> Trust:
    """Judge tables that name these ids. There are the teams T1 and T2, the referrals R1 and R2, and these staff and professionals."""
    with Snapshot(date(2026, 3, 31), SETTINGS) as filled:
        count = max(len(workers), len(teams))
        columns = [[f"I{number}" for number in range(count)], [*workers, *[None] * (count - len(workers))], [*teams, *[None] * (count - len(teams))]]  # fmt: skip
        filled.fill("ssd_involvements", ["invo_involvements_id", "invo_professional_id", "invo_professional_team"], columns)
        filled.fill("ssd_professionals", ["prof_professional_id"], [list(professionals)])
        filled.fill("ssd_cin_episodes", ["cine_referral_id", "cine_referral_team"], [["R1", "R2"], ["T1", None]])
        named = [[f"A{number}" for number in range(len(referrals))], list(referrals)]
        filled.fill("ssd_cin_assessments", ["cina_assessment_id", "cina_referral_id"], named)
        named = [[f"L{number}" for number in range(len(advisers))], list(advisers)]
        filled.fill("ssd_care_leavers", ["clea_table_id", "clea_care_leaver_personal_advisor"], named)
        filled.fill("ext_staff", ["worker_id"], [list(staff)])
        filled.fill("ext_team", ["team_id", "manager_id"], [["T1", "T2"], list(managers)])
        filled.fill("ext_restricted", ["person_id"], [[]])
        filled.settle(WANTED)
        return judge(filled, WANTED, Past())


def test_workers_who_are_in_neither_table_of_staff_make_the_involvements_not_trusted():
    assert met(["X1", "X2"]).problems == {
        "ssd_involvements": "names 2 of 2 invo_professional_id that neither ssd_professionals nor ext_staff has"
    }
    # Zeros that were lost are not guessed back.
    assert set(met(["1", "2"], professionals=["001", "002"]).problems) == {"ssd_involvements"}


def test_a_worker_in_one_of_them_is_met_and_an_odd_one_is_a_note():
    assert met(["W1", "S1"]).problems == {}
    assert met(["X1"]).problems == {}
    one = met(["W1", "X1"])
    assert one.problems == {}
    assert "ssd_involvements names 1 of 2 invo_professional_id" in one.notes[0].text


def test_of_many_workers_one_in_ten_may_be_nowhere():
    known = [f"W{number}" for number in range(90)]

    assert met([*known, *(f"X{number}" for number in range(10))], professionals=known).problems == {}
    assert set(met([*known, *(f"X{number}" for number in range(11))], professionals=known).problems) == {"ssd_involvements"}


def test_a_list_of_professionals_that_has_none_of_the_workers_is_not_trusted_at_any_size():
    found = met(["01", "02"], staff=["01", "02"], professionals=["1", "2"])

    assert found.problems == {
        "ssd_professionals": "lacks 2 of the 2 prof_professional_id of the workers that ssd_involvements names"
    }
    assert "leading zeros" in found.remedies["ssd_professionals"]
    assert set(met(["01", "02"], staff=["01", "02"], professionals=[]).problems) == {"ssd_professionals"}
    # Of whom nobody has there is no telling in which list they should be.
    assert set(met(["01", "02"], staff=["1", "2"], professionals=["1", "2"]).problems) == {"ssd_involvements"}


def test_a_list_of_professionals_that_lacks_some_is_told_and_of_many_not_trusted():
    workers = [f"0{number}" for number in range(60)]

    few = met(workers[:20], staff=workers[:20], professionals=[*workers[:14], *(f"{number}" for number in range(14, 20))])
    assert few.problems == {}
    assert "lacks 6 of the 20 prof_professional_id" in few.told[0].text
    assert set(met(workers, staff=workers, professionals=workers[:50]).problems) == {"ssd_professionals"}
    assert met(workers, staff=workers, professionals=workers[:55]).problems == {}


@pytest.mark.slow
def test_a_list_of_staff_that_has_none_of_the_workers_is_not_trusted_unless_it_is_of_managers_alone():
    workers, changed = ["01", "02"], ["1", "2"]

    assert set(met(workers, staff=changed, professionals=workers).problems) == {"ext_staff"}
    assert set(met(workers, staff=[*changed, "9"], professionals=workers, managers=["09", None]).problems) == {"ext_staff"}
    managers = met(workers, staff=["M1", "M2"], professionals=workers, managers=["M1", "M2"])
    assert managers.problems == {}
    assert "ext_staff lacks 2 of the 2 worker_id" in managers.told[0].text
    # Some who are not there have left.
    assert met(workers, staff=["01", "3"], professionals=workers).problems == {}


def test_advisers_and_teams_that_meet_none_are_of_the_column_alone():
    assert met(advisers=["A Name", "B Name"]).problems == {
        "ssd_care_leavers.clea_care_leaver_personal_advisor": "names 2 of 2 ids that neither ssd_professionals nor ext_staff has"
    }
    assert set(met(teams=["North", "South"]).problems) == {"ssd_involvements.invo_professional_team"}
    assert met(teams=["North", "T1"]).problems == {}


def test_assessments_of_referrals_that_are_nowhere_are_not_trusted():
    assert met(referrals=["R1", "X1"]).problems == {}
    assert "ssd_cin_assessments" in met(referrals=["X1", "X2"]).problems


@pytest.mark.parametrize("nobody", ["N/A", "nan", "TBC", "-", "None"])
def test_a_word_for_nothing_names_nobody(nobody: str):
    assert met([nobody, nobody]).problems == {}
    assert met([nobody, nobody]).notes == ()
