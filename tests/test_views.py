"""The shared views: who is looked after, on a plan, in need, a care leaver, and whose they are.

Each test writes the few records it is about, and asks the shipped views as at Tuesday 31 March 2026.
"""

from __future__ import annotations

from datetime import date

import pytest

from tests.case_rows import (
    Row,
    council,
    episode,
    ids,
    involvement,
    leaver,
    legal,
    person,
    placement,
    plan,
    referral,
    restricted,
    staff,
)

# ------------------------------------------------------------------ who is a child


def test_a_person_who_is_there_twice_has_the_latest_births_and_the_earliest_death():
    rows = [
        person("P1", "2014-09-01", "2014-08-01"),
        person("P1", "2014-09-03", None, "2099-01-01"),
        person("P1", None, None, "2031-05-05"),
    ]
    with council(rows) as ask:
        assert ask("SELECT dob, edd, died FROM v_person") == [(date(2014, 9, 3), date(2014, 8, 1), date(2031, 5, 5))]


def test_an_expected_birth_300_days_past_is_the_date_of_birth_in_the_wrong_column():
    with council([person("P299", None, "2025-06-05"), person("P300", None, "2025-06-04")]) as ask:
        assert ask("SELECT person_id, dob FROM v_person ORDER BY 1") == [("P299", None), ("P300", date(2025, 6, 4))]


def test_a_child_is_unborn_until_28_days_after_the_expected_date():
    rows = [
        person("P27", None, "2026-03-04"),
        person("P28", None, "2026-03-03"),
        person("born", "2026-03-30", "2026-04-02"),
        person("P?", None),
    ]
    with council(rows) as ask:
        assert ids(ask, "v_child WHERE unborn") == ["P27"]


def test_a_death_date_that_lies_ahead_counts_and_a_placeholder_does_not():
    with council([person("P1", died="2030-01-01"), person("P2", died="9999-12-31"), person("P3", died="1900-01-01")]) as ask:
        assert ids(ask, "v_child") == ["P2", "P3"]


def test_every_level_but_limited_seals_and_a_row_about_nobody_seals_nobody():
    rows = [person(f"P{n}") for n in range(1, 6)]
    rows += [
        restricted("P1", "limited"),
        restricted("P2", "sealed"),
        restricted("P3", None),
        restricted("P4", "secret"),
        restricted("-1", "sealed"),
    ]
    with council(rows) as ask:
        assert ids(ask, "v_child") == ["P1", "P5"]


def test_a_person_with_a_limited_and_another_row_is_sealed():
    with council([person("P1"), restricted("P1", "limited"), restricted("P1", "sealed")]) as ask:
        assert ids(ask, "v_child") == []


def test_a_child_born_on_29_february_is_18_on_1_march():
    rows = [person("P1", "2008-02-29"), episode("P1")]
    with council(rows, date(2026, 2, 28)) as ask:
        assert ids(ask, "v_cla") == ["P1"]
    with council(rows, date(2026, 3, 1)) as ask:
        assert ids(ask, "v_cla") == []


# ------------------------------------------------------------------ children in care


def test_legal_statuses_are_those_open_today_each_once_and_known_ones_only():
    rows = [
        person("P1"),
        *(legal("P1", word) for word in ("E1", "Placement Order", "C2: something", "Special guardianship", None)),
    ]
    rows += [legal("P1", "V2", end="2026-03-31"), legal("P1", "J1", start="2026-04-01"), legal("P1", "L1", start="1900-01-01")]
    with council(rows) as ask:
        assert ask("SELECT statuses FROM v_legal_now") == [(["C2", "E1"],)]


def test_short_breaks_only_is_not_looked_after_and_no_known_status_is():
    rows = [row for p in ("breaks", "both", "neither", "other") for row in (person(p), episode(p))]
    rows += [
        legal("breaks", "V4"),
        legal("both", "V3"),
        legal("both", "V2"),
        legal("other", "Supervision order"),
        legal("breaks", "C2", end="2026-03-01"),
    ]
    with council(rows) as ask:
        assert ids(ask, "v_cla") == ["both", "neither", "other"]


def test_an_episode_counts_from_its_first_day_to_the_day_before_its_last():
    rows = [person(p) for p in ("today", "ends later", "ends today", "tomorrow", "no start", "sentinel end")]
    rows += [
        episode("today", "2026-03-31"), episode("ends later", end="2026-04-01"), episode("ends today", end="2026-03-31"),
        episode("tomorrow", "2026-04-01"), episode("no start", "1900-01-01"), episode("sentinel end", end="2300-01-01"),
    ]  # fmt: skip
    with council(rows) as ask:
        assert ids(ask, "v_cla") == ["ends later", "sentinel end", "today"]


def test_of_several_open_episodes_the_latest_start_counts_then_the_id_as_text():
    rows = [person("P1"), episode("P1", "2025-06-02", id="2000", cla="A"), episode("P1", "2025-09-01", id="1000", cla="B")]
    rows += [episode("P1", "2025-09-01", id="999", cla="C"), episode("P1", "2025-09-01", id="999", cla="C")]
    with council(rows) as ask:
        assert ask("SELECT episode_id, cla_id, n_open FROM v_cla") == [("999", "C", 3)]


def test_a_period_of_care_began_with_its_first_episode_ended_ones_too_unless_it_says_itself():
    rows = [
        person("P1"),
        episode("P1", "2024-02-01", "2025-06-02"),
        episode("P1", "2025-06-02"),
        episode("P1", "2020-01-01", "2021-01-01", cla="C0"),
    ]
    rows += [
        person("P2"),
        episode("P2", "2024-02-01", "2025-06-02", entered="2024-01-31"),
        episode("P2", "2025-06-02", entered="2024-02-03"),
    ]
    rows += [person("P3"), episode("P3", "2024-02-01", "2025-06-02", cla=None), episode("P3", "2025-06-02", cla=None)]
    # Somebody else's period of the same id says nothing about this one.
    rows += [episode("other", "2019-01-01", "2019-02-01")]
    with council(rows) as ask:
        assert ask("SELECT person_id, entered FROM v_cla ORDER BY 1") == [
            ("P1", date(2024, 2, 1)), ("P2", date(2024, 2, 3)), ("P3", date(2025, 6, 2)),
        ]  # fmt: skip


def test_a_review_is_held_on_a_day_once_not_cancelled_and_not_ahead():
    days = [
        ("2025-07-01", None),
        ("2025-07-01", "N"),
        ("2025-09-30", "no"),
        ("2025-08-15", "Yes"),
        ("2026-03-31", ""),
        ("2026-04-01", None),
    ]
    rows = [
        ("ssd_cla_reviews", {"clar_cla_id": "C1", "clar_cla_review_date": day, "clar_cla_review_cancelled": no})
        for day, no in days
    ]
    rows += [("ssd_cla_reviews", {"clar_cla_id": "-1", "clar_cla_review_date": "2025-07-01", "clar_cla_review_cancelled": None})]
    with council(rows) as ask:
        held = ask("SELECT cla_id, r1, r2, last, n FROM v_held_reviews")

    assert held == [("C1", date(2025, 7, 1), date(2025, 9, 30), date(2026, 3, 31), 3)]


def test_the_placement_now_passes_over_temporary_ones_and_keeps_unknown_kinds():
    rows = [row for n in range(1, 5) for row in (person(f"P{n}"), episode(f"P{n}", cla=f"C{n}"))]
    rows += [placement("C1", "U4", "2025-06-02"), placement("C1", "T3", "2026-03-20", id="L2")]
    rows += [placement("C2", "U4", "2025-06-02"), placement("C2", "Caravan", "2025-09-01", id="L2")]
    rows += [placement("C3", None, "2025-06-02"), placement("C4", "K2", "2025-06-02", "2026-03-31")]
    with council(rows) as ask:
        assert ask("SELECT person_id, ptype, pstart FROM v_place_now ORDER BY 1") == [
            ("P1", "U4", date(2025, 6, 2)), ("P2", "UNMAPPED", date(2025, 9, 1)), ("P3", None, date(2025, 6, 2)),
        ]  # fmt: skip


def test_a_plan_for_permanence_is_a_key_with_a_value_that_says_yes():
    planned = [
        '{"ADOPTION": "Y"}', '{"adoption" : "2026-02-01"}', '{"RETURN6M":1}', '{"ADOPTION": "SUPPLIV": "N"}', '{"ADOPTION":\n "to be\nagreed"}',
        'cut off {"OTHERPLN": "N", "LTRELFR": "Y", "RESP',
    ]  # fmt: skip
    not_planned = [
        '{"OTHERPLN": "Y"}', '{"ADOPTION": "N "SUPPLIV": "N"}', '{"ADOPTION": "N"}', '{"ADOPTION": false, "SUPPLIV": " "}', '{"MYADOPTION": "Y"}', None,
        '{"ADOPTION": "none", "SUPPLIV": "SSD_PH", "RESPLMT": null}', '{"ADOPTION": "N", "adoption": "Y"}', 'cut off {"LTRELFR": "tr',
    ]  # fmt: skip
    rows = [
        (
            "ssd_cla_care_plan",
            {"lacp_person_id": f"{answer} {n}", "lacp_cla_care_plan_json": record, "lacp_cla_care_plan_start_date": "2025-07-01"},
        )
        for answer, records in (("yes", planned), ("no", not_planned))
        for n, record in enumerate(records)
    ]
    ended = {**rows[0][1], "lacp_person_id": "ended", "lacp_cla_care_plan_end_date": "2026-03-31"}
    with council([*rows, ("ssd_cla_care_plan", ended)]) as ask:
        assert ids(ask, "v_permanence_planned") == [f"yes {n}" for n in range(len(planned))]


# ------------------------------------------------------------------ plans and referrals


def test_a_plan_of_another_council_is_not_ours_and_one_that_does_not_say_is():
    with council(
        [person("P1"), plan("P1", ola="Y"), person("P2"), plan("P2", ola=""), person("P3"), plan("P3", ola="N", id="0")]
    ) as ask:
        assert ask("SELECT person_id, plan_id FROM v_cp ORDER BY 1") == [("P2", "CP1"), ("P3", None)]


def test_of_several_open_plans_the_latest_counts_and_an_unborn_child_has_one():
    rows = [
        person("P1", None, "2026-05-01"),
        plan("P1", id="CP2"),
        plan("P1", "2025-12-01", id="CP1"),
        plan("P1", "2026-01-05", "2026-01-09", "CP3"),
    ]
    with council(rows) as ask:
        assert ask("SELECT plan_id, n_open FROM v_cp") == [("CP1", 2)]


def test_a_referral_with_no_further_action_makes_no_child_in_need():
    rows = [
        person("P1"),
        referral("P1", nfa="Y"),
        person("P2"),
        referral("P2", "2026-02-02", nfa="Y", id="R2"),
        referral("P2"),
        person("P3", died="2026-01-01"),
        referral("P3"),
    ]
    with council(rows) as ask:
        assert ask("SELECT person_id, referral_id FROM v_cin") == [("P2", "R1")]


# ------------------------------------------------------------------ care leavers

GROWN = "2007-06-01"


def test_the_care_leaver_row_with_the_latest_contact_counts_whole_and_contacts_ahead_do_not():
    rows = [
        person("P1", GROWN),
        leaver("P1", table_id="T9", care_leaver_latest_contact="2027-01-01", care_leaver_accommodation="S2"),
        leaver("P1", table_id="T1", care_leaver_latest_contact="2026-02-02", care_leaver_accommodation="U"),
    ]
    with council(rows) as ask:
        assert ask("SELECT table_id, contact, accom FROM v_cl") == [("T1", date(2026, 2, 2), "U")]


def test_rows_of_one_day_are_told_apart_by_pathway_then_eligibility_then_id():
    rows = [person(p, GROWN) for p in ("P1", "P2", "P3")]
    rows += [leaver("P1", table_id="T9"), leaver("P1", table_id="T1", pathway_plan_review_date="2020-01-01")]
    rows += [leaver("P2", table_id="T9", care_leaver_eligibility="REL"), leaver("P2", table_id="T1")]
    rows += [leaver("P3", table_id="1000"), leaver("P3", table_id="999")]
    with council(rows) as ask:
        assert ask("SELECT person_id, table_id FROM v_cl ORDER BY 1") == [("P1", "T1"), ("P2", "T1"), ("P3", "999")]


def test_the_latest_row_decides_even_when_it_takes_the_person_out():
    rows = [
        person("P1", GROWN),
        leaver("P1", care_leaver_latest_contact="2026-02-02"),
        leaver("P1", care_leaver_latest_contact="2026-03-02", care_leaver_in_touch="Returned home"),
    ]
    with council(rows) as ask:
        assert ids(ask, "v_cl") == []


def test_a_care_leaver_is_eligible_of_age_in_touch_or_asked_for_and_not_back_in_care():
    people = {
        "young": ("2010-04-01", {}), "sixteen": ("2010-03-31", {}), "twenty five": ("2000-04-01", {}), "old": ("2000-03-31", {}),
        "no dob": (None, {}), "eligible": (GROWN, {"care_leaver_eligibility": "ELIG"}), "blank": (GROWN, {"care_leaver_eligibility": ""}),
        "unknown word": (GROWN, {"care_leaver_eligibility": "Maybe"}), "home": (GROWN, {"care_leaver_in_touch": "f) RHOM"}),
        "touch not said": (GROWN, {"care_leaver_in_touch": None}), "refused at 20": ("2005-04-01", {"care_leaver_in_touch": "REFU"}),
        "refused at 21": ("2005-03-31", {"care_leaver_in_touch": "REFU"}), "in care": ("2010-02-01", {}),
    }  # fmt: skip
    rows = [row for name, (dob, cells) in people.items() for row in (person(name, dob), leaver(name, **cells))]
    with council([*rows, episode("in care")]) as ask:
        assert ids(ask, "v_cl") == ["refused at 20", "sixteen", "touch not said", "twenty five"]


def test_suitability_is_said_in_words_or_by_the_digit_of_the_accommodation():
    said = {
        "P1": ("U1", "Not suitable"), "P2": ("S", "b) No"), "P3": ("S2", "Suitable"), "P4": ("u1", None), "P5": ("W2: hostel", "don't know"),
        "P6": ("U", None), "P7": ("Caravan2", None),
    }  # fmt: skip
    rows = [
        row
        for who, (home, suits) in said.items()
        for row in (person(who, GROWN), leaver(who, care_leaver_accommodation=home, care_leaver_accom_suitable=suits))
    ]
    with council(rows) as ask:
        assert ask("SELECT person_id, accom, suitability FROM v_cl ORDER BY 1") == [
            ("P1", "U", "unsuitable"), ("P2", "S", "unsuitable"), ("P3", "S", "suitable"), ("P4", "U", "suitable"),
            ("P5", "W", "unsuitable"), ("P6", "U", "not known"), ("P7", "UNMAPPED", "not known"),
        ]  # fmt: skip


def test_somebody_left_care_when_the_last_episode_ended_else_at_18():
    rows = [person("P1", GROWN), episode("P1", "2020-01-01", "2024-05-05"), episode("P1", "2025-01-01", "2027-01-01")]
    rows += [person("P2", "2008-02-29"), person("P3", "2009-01-01"), person("P4", None)]
    with council(rows) as ask:
        assert ask("SELECT person_id, leaver_since FROM v_leaver_since ORDER BY 1") == [
            ("P1", date(2024, 5, 5)),
            ("P2", date(2026, 3, 1)),
        ]


# ------------------------------------------------------------------ workers


@pytest.mark.slow
def test_a_tray_is_told_by_a_whole_word_of_any_of_its_names_or_by_its_id():
    rows = [("ssd_professionals", {"prof_professional_id": f"W{n}", "prof_professional_name": name}) for n, name in enumerate(
        ("Duty-Tray 2", "Anna Matray", "MASH1", "O’Duty Jo", None, "Steam Ben"))]  # fmt: skip
    rows += [staff("W1", name="Anna Matray"), staff("W1", name="Assessment Team"), staff("W9", name="X")]
    with council(rows, pseudo_worker_ids=["W9", "w5"]) as ask:
        assert ids(ask, "v_pseudo", "worker_id") == ["W0", "W1", "W2", "W3", "W9", "w5"]


@pytest.mark.parametrize("id_", ["Unallocated", "DUTY-2", "xxx", "ZZZZ"])
def test_a_filler_or_a_trays_word_in_the_id_itself_is_nobody(id_: str):
    with council([person("P1"), involvement("P1", id_), involvement("P1", "XXY")]) as ask:
        assert ids(ask, "v_pseudo", "worker_id") == [id_]
        assert ids(ask, "v_alloc", "worker_id") == ["XXY"]


def test_a_case_that_waits_on_a_tray_is_the_open_involvements_team_before_an_ended_ones():
    rows = [person(p) for p in ("P1", "P2", "P3", "P4")]
    rows += [involvement(p, "W1", end="2026-03-01", team="OLD") for p in ("P1", "P2", "P3", "P4")]
    rows += [
        involvement("P1", "Duty", team="NOW"),
        involvement("P2", None, team="NOW"),
        involvement("P3", "Duty", "IRO", team="NOT"),
    ]
    rows += [involvement("P4", "Duty", end="2026-03-30", team="NOT")]
    with council(rows) as ask:
        assert ask("SELECT person_id, team_id FROM v_team_of_child ORDER BY 1") == [
            ("P1", "NOW"), ("P2", "NOW"), ("P3", "OLD"), ("P4", "OLD"),
        ]  # fmt: skip


def test_of_several_posts_the_one_held_today_counts_then_the_latest():
    rows = [staff("W1", "2020-01-01", None, team_id="T1"), staff("W1", "2026-04-01", None, team_id="T2")]
    rows += [staff("W2", "2020-01-01", "2026-03-31", team_id="T1"), staff("W2", "2025-01-01", "2026-03-30", team_id="T2")]
    rows += [staff("W3", None, None, team_id="T1"), staff("W3", "2020-01-01", None, team_id="T2")]
    rows += [staff("W4", "2020-01-01", "2021-01-01", team_id="T1"), staff("W4", "2022-01-01", "2023-01-01", team_id="T2")]
    with council(rows) as ask:
        assert ask("SELECT worker_id, team_id, is_current FROM v_staff ORDER BY 1") == [
            ("W1", "T1", True), ("W2", "T1", True), ("W3", "T2", True), ("W4", "T2", False),
        ]  # fmt: skip


def test_the_allocated_worker_is_a_person_in_an_allocated_role_today_the_latest_of_them():
    rows = [person(p) for p in ("P1", "P2", "P3", "P4")]
    rows += [
        involvement("P1", "W1", "allocated  case worker", id="9"),
        involvement("P1", "W2", "cw", id="10"),
        involvement("P1", "W3", "CW", "2025-01-01", id="99"),
    ]
    rows += [involvement("P2", "TRAY"), involvement("P3", None), involvement("P4", "W1", "IRO"), involvement("gone", "W1")]
    rows += [
        involvement("P2", "W1", end="2026-03-31"),
        involvement("P2", "W1", start="2026-04-01"),
        staff("TRAY", name="Duty tray"),
    ]
    with council(rows) as ask:
        assert ask("SELECT person_id, worker_id, n_alloc FROM v_alloc") == [("P1", "W1", 3)]


def test_the_last_allocation_ended_with_a_real_worker_in_such_a_role_and_not_ahead():
    rows = [
        person("P1"),
        involvement("P1", "W1", end="2026-01-30", team="T1"),
        involvement("P1", "W2", end="2026-02-27", id="I2"),
    ]
    rows += [
        involvement("P1", "W1", end="2026-04-30", id="I3"),
        involvement("P1", None, end="2026-03-13", id="I4"),
        involvement("P1", "W1", "PA", end="2026-03-16"),
    ]
    with council(rows) as ask:
        # The team is that of the latest row that names one.
        assert ask("SELECT ended_on, team_id FROM v_last_alloc_end WHERE held_as = 'allocated'") == [(date(2026, 2, 27), "T1")]


def test_the_visiting_frequency_is_an_open_usable_one_set_last_the_closest_first():
    def agreed(
        who: str, every: str | None, since: str = "2026-01-01", regime: str | None = None, kind: str = "CLA", **more: object
    ) -> tuple[str, Row]:
        return "ext_visit_freq", {"person_id": who, "kind": kind, "every_n": every, "regime": regime, "valid_from": since, **more}

    rows = [person(f"P{n}") for n in range(1, 6)]
    rows += [agreed("P1", "14"), agreed("P1", "7"), agreed("P1", None, regime="reg24"), agreed("P1", "21", kind=" cp ")]
    rows += [
        agreed("P2", "14"),
        agreed("P2", "0", "2026-02-01"),
        agreed("P2", "2.5", "2026-02-01"),
        agreed("P2", "often", "2026-02-01", "reg99"),
    ]
    rows += [
        agreed("P3", "14", valid_to="2026-03-31"),
        agreed("P4", "14", "2026-04-01"),
        agreed("P5", "14", set_on="2026-01-01"),
        agreed("P5", "28", set_on="2026-02-01"),
    ]
    with council(rows) as ask:
        assert ask("SELECT person_id, kind, every_n, regime FROM v_visit_freq ORDER BY 1, 2") == [
            ("P1", "cla", 7, None), ("P1", "cp", 21, None), ("P2", "cla", 14, None), ("P5", "cla", 28, None),
        ]  # fmt: skip


# ------------------------------------------------------------------ whose it is


@pytest.mark.slow
def test_the_team_of_a_child_is_the_first_that_is_known():
    rows = [person(f"P{n}") for n in range(1, 6)]
    rows += [involvement("P1", "W1", team="T1"), involvement("P2", "W1"), staff("W1", team_id="T2"), referral("P1", team="T9")]
    rows += [involvement("P3", "W1", end="2026-01-30", team="T3"), referral("P3", team="T9"), referral("P4", team="T4")]
    with council(rows) as ask:
        teams = ask("SELECT person_id, team_id FROM v_team_of_child ORDER BY 1")

    assert teams == [("P1", "T1"), ("P2", "T2"), ("P3", "T3"), ("P4", "T4"), ("P5", None)]


def test_the_team_of_a_care_leaver_is_the_advisers_first_then_that_of_the_record():
    rows = [row for n in range(1, 5) for row in (person(f"P{n}", GROWN), involvement(f"P{n}", "W1", team="T1"))]
    rows += [leaver("P1"), leaver("P2"), leaver("P3", care_leaver_allocated_team="T4"), leaver("P4"), staff("W2", team_id="T3")]
    rows += [involvement("P1", "W2", "PA", team="T2"), involvement("P2", "W2", "16Plus")]
    with council(rows) as ask:
        teams = ask("SELECT person_id, team_id FROM v_team_of_leaver ORDER BY 1")

    assert teams == [("P1", "T2"), ("P2", "T3"), ("P3", "T4"), ("P4", "T1")]
