"""The twins of the rules beside the first ten, against the worked examples of the definitions. As at Tuesday 31 March 2026."""

from __future__ import annotations

from datetime import date

import pytest

from tests.one_child import answer, care, leaver, level, person, placed, plan

# ---------------------------------------------------------------------- the first page


def test_cla_08_one_placement_all_year_and_two_moves_is_amber():
    moves = [placed("2025-01-01", "2025-06-01"), placed("2025-06-01", "2025-09-01", "Q2"), placed("2025-09-01", None, "Q3")]

    assert answer("CLA-08", ssd_cla_episodes=care("2025-01-01"), ssd_cla_placement=moves).level == "amber"
    assert answer("CLA-08", ssd_cla_episodes=care("2025-01-01"), ssd_cla_placement=moves[:2]).level is None
    moves[0]["clap_cla_placement_change_reason"] = "PLACE"
    assert answer("CLA-08", ssd_cla_episodes=care("2025-01-01"), ssd_cla_placement=moves).measure == 2


def test_cl_02_a_pathway_plan_of_30_september_was_due_on_30_march():
    found = answer("CL-02", ssd_person=person("2007-05-05"), ssd_care_leavers=leaver(clea_pathway_plan_review_date="2025-09-30"))

    assert (found.due, found.level) == (date(2026, 3, 30), "red")


@pytest.mark.parametrize(("months", "expected"), ((14, None), (15, "info"), (18, "amber"), (24, "red")))
def test_cp_06_holds_from_the_very_day(months, expected):
    year, month = divmod(2026 * 12 + 2 - months, 12)

    assert level("CP-06", ssd_cp_plans=[plan(date(year, month + 1, 28).isoformat())]) == expected


def test_cp_07_within_two_years_is_red_and_later_amber():
    new = plan("2026-03-24", None, "L2")

    assert level("CP-07", ssd_cp_plans=[plan("2023-01-01", "2024-03-24"), new]) == "red"
    assert level("CP-07", ssd_cp_plans=[plan("2023-01-01", "2024-03-23"), new]) == "amber"
    assert level("CP-07", ssd_cp_plans=[new]) is None
    assert level("CP-07", ssd_cp_plans=[plan("2023-01-01", "2024-03-24"), plan("2026-03-23", None, "L2")]) is None


@pytest.mark.parametrize(("earlier", "expected"), ((0, None), (1, "info"), (2, "amber")))
def test_fd_04_counts_the_earlier_referrals(earlier, expected):
    rows = [
        {"cine_person_id": "P1", "cine_referral_id": f"R{n}", "cine_referral_date": on}
        for n, on in enumerate(("2026-03-24", "2025-03-24", "2026-03-23")[: earlier + 1])
    ]

    assert level("FD-04", ssd_cin_episodes=rows) == expected


@pytest.mark.parametrize(("kind", "suits", "expected"), (("X", "2", "info"), ("S1", "1", "red"), ("U2", None, "amber"),
                                                         ("R", None, "amber"), ("U", "1", None), (None, "n", "amber")))  # fmt: skip
def test_cl_04_asks_in_the_order_written(kind, suits, expected):
    lives = leaver(clea_care_leaver_accommodation=kind, clea_care_leaver_accom_suitable=suits)

    assert level("CL-04", ssd_person=person("2007-05-05"), ssd_care_leavers=lives) == expected
