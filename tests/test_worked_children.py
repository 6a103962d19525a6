"""The twins against the worked examples of the definitions: protection, need, care, permanence, leaving care."""

from __future__ import annotations

from datetime import date

import pytest

from tests.one_child import Rows, ago, answer, care, child_referred, leaver, level, person, placed, plan

YES = "Y"


# ---------------------------------------------------------------------- protection, need


def enquiry(start: str, wants_conference: bool = False) -> Rows:
    outcome = '{"CP_CONFERENCE_FLAG": "Y"}' if wants_conference else None
    row = {"s47e_person_id": "P1", "s47e_s47_enquiry_id": "S1", "s47e_s47_start_date": start, "s47e_s47_outcome_json": outcome}
    return [row]


@pytest.mark.parametrize(("start", "expected"), (("2026-03-18", None), ("2026-03-17", "amber"), ("2026-03-10", "red")))
def test_cp_01_as_worked(start, expected):
    assert level("CP-01", ssd_s47_enquiry=enquiry(start)) == expected


@pytest.mark.parametrize(
    ("start", "due", "expected"),
    (
        ("2026-03-16", date(2026, 4, 8), None),
        ("2026-03-13", date(2026, 4, 7), "amber"),
        ("2026-03-10", date(2026, 3, 31), "amber"),
        ("2026-03-09", date(2026, 3, 30), "red"),
    ),
)
def test_cp_02_as_worked(start, due, expected):
    found = answer("CP-02", ssd_s47_enquiry=enquiry(start, wants_conference=True))

    assert (found.due, found.level) == (due, expected)


@pytest.mark.parametrize(
    ("visits", "start", "expected"), ((3, "2026-03-01", "amber"), (2, "2026-02-17", None), (2, "2026-02-16", "amber"))
)
def test_cp_04_as_worked(visits, start, expected):
    rows = [
        {"cppv_person_id": "P1", "cppv_cp_visit_date": ago(n), "cppv_cp_visit_seen": YES, "cppv_cp_visit_seen_alone": "N"}
        for n in range(visits)
    ]

    assert level("CP-04", ssd_person=person("2022-03-31"), ssd_cp_plans=[plan(start)], ssd_cp_visits=rows) == expected


@pytest.mark.parametrize(
    ("edd", "referred", "expected"),
    (
        ("2026-03-04", "2026-01-01", None),
        ("2026-03-03", "2026-01-01", "amber"),
        ("2025-06-04", "2025-06-05", None),
        ("2025-06-04", "2025-06-04", "amber"),
    ),
)
def test_cp_09_as_worked(edd, referred, expected):
    assert level("CP-09", ssd_person=person(None, pers_expected_dob=edd), ssd_cin_episodes=child_referred(referred)) == expected


def need_plan(start: str, end: str | None = None, key: str = "N1") -> dict[str, str | None]:
    return {
        "cinp_person_id": "P1",
        "cinp_cin_plan_id": key,
        "cinp_cin_plan_start_date": start,
        "cinp_cin_plan_end_date": end,
    }


@pytest.mark.parametrize(
    ("seen", "expected"), (("2026-03-03", None), ("2026-03-02", "amber"), ("2026-02-17", "amber"), ("2026-02-16", "red"))
)
def test_cin_01_as_worked(seen, expected):
    visit = {"cinv_person_id": "P1", "cinv_cin_visit_date": seen, "cinv_cin_visit_seen": YES}

    assert level("CIN-01", ssd_cin_plans=[need_plan("2025-12-01")], ssd_cin_visits=[visit]) == expected


@pytest.mark.parametrize(
    ("referred", "authorised", "expected"),
    (("2026-01-12", "2026-03-17", None), ("2026-01-12", "2026-03-16", "amber"), ("2026-01-13", "2026-03-16", None)),
)
def test_cin_02_as_worked(referred, authorised, expected):
    row = {
        "cina_assessment_id": "A1",
        "cina_person_id": "P1",
        "cina_referral_id": "R1",
        "cina_assessment_auth_date": authorised,
    }

    assert level("CIN-02", ssd_cin_episodes=child_referred(referred), ssd_cin_assessments=[row]) == expected


@pytest.mark.parametrize(
    ("plans", "expected"),
    (
        ([need_plan("2025-07-01")], None),
        ([need_plan("2025-06-30")], "amber"),
        ([need_plan("2025-03-31")], "red"),
        ([need_plan("2025-03-01", "2026-01-26"), need_plan("2026-02-01", None, "N2")], "red"),
    ),
)
def test_cin_03_as_worked(plans, expected):
    assert level("CIN-03", ssd_cin_plans=plans) == expected


@pytest.mark.parametrize(("start", "expected"), (("2026-03-24", None), ("2026-03-23", "amber")))
def test_cin_04_as_worked(start, expected):
    assert level("CIN-04", ssd_cin_plans=[need_plan("2025-12-01")], ssd_cp_plans=[plan(start)]) == expected


# ---------------------------------------------------------------------- in care


@pytest.mark.parametrize(("entered", "expected"), (("2025-03-31", None), ("2025-03-30", "amber")))
def test_cla_06_as_worked(entered, expected):
    assert level("CLA-06", ssd_person=person("2016-01-01"), ssd_cla_episodes=care(entered)) == expected


@pytest.mark.parametrize(
    ("entered", "made", "due", "expected"),
    (
        ("2026-03-03", None, date(2026, 3, 31), "amber"),
        ("2026-03-02", None, date(2026, 3, 30), "red"),
        ("2025-01-01", "2025-12-12", date(2026, 3, 31), "amber"),
        ("2025-01-01", "2025-06-30", date(2025, 12, 31), "red"),
    ),
)
def test_cla_07_as_worked(entered, made, due, expected):
    made_plans = [{"person_id": "P1" if made else "P2", "pep_on": made or "2026-01-01"}]
    found = answer("CLA-07", ssd_cla_episodes=care(entered), ext_pep=made_plans)

    assert (found.due, found.level) == (due, expected)


def gone(start: str, end: str | None = None) -> Rows:
    return [
        {
            "miss_table_id": "M1",
            "miss_person_id": "P1",
            "miss_missing_episode_type": "M",
            "miss_missing_episode_start_date": start,
            "miss_missing_episode_end_date": end,
        }
    ]


@pytest.mark.parametrize(
    ("since", "expected"),
    (("2026-03-30 07:00", "red"), ("2026-03-30 06:59", "critical"), ("2026-03-30", "red"), ("2026-03-29", "critical")),
)
def test_cla_09_as_worked(since, expected):
    assert level("CLA-09", ssd_cla_episodes=care("2026-01-01"), ssd_missing=gone(since)) == expected


@pytest.mark.parametrize(
    ("back", "expected"),
    (("2026-03-29 07:00", None), ("2026-03-29 06:59", "amber"), ("2026-03-28 06:00", "amber"), ("2026-03-28 05:59", "red")),
)
def test_cla_10_as_worked(back, expected):
    found = answer("CLA-10", subject="M1", ssd_cla_episodes=care("2026-01-01"), ssd_missing=gone("2026-03-20", back))

    assert found.level == expected


@pytest.mark.parametrize(
    ("placed_on", "urn", "expected"),
    (("2026-03-24", "", None), ("2026-03-23", "", "amber"), ("2026-03-23", "SC123456", None), ("2026-03-23", "1234567", None)),
)
def test_cla_11_as_worked(placed_on, urn, expected):
    placement = placed(placed_on, clap_cla_placement_urn=urn)

    assert level("CLA-11", ssd_cla_episodes=care("2026-01-01"), ssd_cla_placement=[placement]) == expected


@pytest.mark.parametrize(
    ("miles", "expected"), (("20.0", None), ("20.1", "amber"), ("100.0", "amber"), ("100.1", "red"), ("999.9", "unknown"))
)
def test_cla_13_as_worked(miles, expected):
    placement = placed("2026-01-01", clap_cla_placement_distance=miles)

    assert level("CLA-13", ssd_cla_episodes=care("2026-01-01"), ssd_cla_placement=[placement]) == expected


def status(code: str, start: str, end: str | None = None) -> dict[str, str | None]:
    return {
        "lega_person_id": "P1",
        "lega_legal_status": code,
        "lega_legal_status_start_date": start,
        "lega_legal_status_end_date": end,
    }


@pytest.mark.parametrize(("since", "expected"), (("2025-10-01", None), ("2025-09-30", "amber"), ("2025-03-31", "red")))
def test_cla_14_as_worked(since, expected):
    assert level("CLA-14", ssd_cla_episodes=care("2024-01-01"), ssd_legal_status=[status("V2", since)]) == expected


@pytest.mark.parametrize(("until", "expected"), (("2025-04-01", "amber"), ("2025-03-31", None)))
def test_cla_15_as_worked(until, expected):
    rows = [
        {
            "invo_person_id": "P1",
            "invo_professional_id": f"W{n}",
            "invo_professional_role_id": "CW",
            "invo_involvement_start_date": "2025-01-01",
            "invo_involvement_end_date": until if n == 1 else None,
        }
        for n in (1, 2, 3)
    ]

    assert level("CLA-15", ssd_cla_episodes=care("2024-01-01"), ssd_involvements=rows) == expected


@pytest.mark.parametrize(
    ("born", "leave_ends", "expected"),
    (
        ("2008-10-01", None, None),
        ("2008-09-30", None, "amber"),
        ("2010-01-01", "2026-06-29", "amber"),
        ("2010-01-01", "2026-06-30", None),
    ),
)
def test_cla_16_as_worked(born, leave_ends, expected):
    leave = {
        "immi_person_id": "P1",
        "immi_immigration_status": "UASC",
        "immi_immigration_status_start_date": "2025-01-01",
        "immi_immigration_status_end_date": leave_ends,
    }

    assert (
        level("CLA-16", ssd_person=person(born), ssd_cla_episodes=care("2025-01-01"), ssd_immigration_status=[leave]) == expected
    )


@pytest.mark.parametrize(("born", "expected"), (("2008-03-24", None), ("2008-03-23", "amber")))
def test_cla_17_as_worked(born, expected):
    assert level("CLA-17", ssd_person=person(born), ssd_cla_episodes=care("2020-01-01")) == expected


@pytest.mark.parametrize(
    ("starts", "expected"),
    ((("2025-12-31", "2026-02-09", "2026-03-02"), "red"), (("2025-12-30", "2026-02-09", "2026-03-02"), None)),
)
def test_cla_18_as_worked(starts, expected):
    rows = [row for start in starts for row in gone(start, start)]

    assert level("CLA-18", ssd_cla_episodes=care("2025-01-01"), ssd_missing=rows) == expected


@pytest.mark.parametrize(("born", "expected"), (("2008-10-01", None), ("2008-09-30", "amber")))
def test_cla_19_as_worked(born, expected):
    assert level("CLA-19", ssd_person=person(born), ssd_cla_episodes=care("2020-01-01")) == expected


@pytest.mark.parametrize(
    ("planned", "children", "expected"), ((9, 10, None), (8, 10, "amber"), (7, 10, "red"), (7, 9, "unknown"))
)
def test_cla_20_as_worked(planned, children, expected):
    people = [{"pers_person_id": f"P{n}", "pers_dob": "2018-01-01"} for n in range(children)]
    in_care = [
        {"clae_person_id": f"P{n}", "clae_cla_id": f"C{n}", "clae_cla_episode_start_date": "2025-06-01"} for n in range(children)
    ]
    held = ("2025-07-01", "2026-01-01")
    reviews = [{"clar_cla_id": f"C{n}", "clar_cla_review_date": on} for n in range(children) for on in held]
    plans = [
        {"lacp_person_id": f"P{n}", "lacp_cla_care_plan_start_date": "2025-06-01", "lacp_cla_care_plan_json": '{"ADOPTION": "Y"}'}
        for n in range(planned)
    ]
    found = answer(
        "CLA-20", subject="council", ssd_person=people, ssd_cla_episodes=in_care, ssd_cla_reviews=reviews, ssd_cla_care_plan=plans
    )

    assert (found.level or (found.outcome == "unknown" and "unknown") or None) == expected


@pytest.mark.parametrize(("since", "expected"), (("2026-03-24", "amber"), ("2026-03-23", "red")))
def test_cla_21_as_worked(since, expected):
    assert level("CLA-21", ssd_cla_episodes=care("2026-01-01"), ssd_cla_placement=[placed(since, kind="Z1")]) == expected


# ---------------------------------------------------------------------- permanence, court, care leavers


@pytest.mark.parametrize(
    ("dates", "expected"),
    (
        ({"perm_placement_order_date": "2025-11-30"}, None),
        ({"perm_placement_order_date": "2025-11-29"}, "amber"),
        ({"perm_matched_date": "2026-02-28"}, "amber"),
        ({"perm_matched_date": "2026-01-29", "perm_placed_ffa_cp_date": "2026-01-01"}, "red"),
    ),
)
def test_pm_01_as_worked(dates, expected):
    row = {"perm_person_id": "P1", "perm_adm_decision_date": "2025-10-01", **dates}

    assert level("PM-01", ssd_cla_episodes=care("2025-06-01"), ssd_permanence=[row]) == expected


@pytest.mark.parametrize(("undone", "expected"), (("2026-03-24", "info"), ("2026-03-23", None)))
def test_pm_02_as_worked(undone, expected):
    row = {"perm_person_id": "P1", "perm_adm_decision_date": "2025-10-01", "perm_decision_reversed_date": undone}

    assert level("PM-02", ssd_cla_episodes=care("2025-06-01"), ssd_permanence=[row]) == expected


@pytest.mark.parametrize(
    ("start", "kind", "expected"), (("2025-10-01", "U6", None), ("2025-09-30", "U6", "amber"), ("2025-09-30", "U4", None))
)
def test_pm_03_as_worked(start, kind, expected):
    care_plan = {"lacp_person_id": "P1", "lacp_cla_care_plan_start_date": start, "lacp_cla_care_plan_json": '{"LTFOST18": "Y"}'}
    found = level(
        "PM-03",
        ssd_cla_episodes=care("2025-06-01"),
        ssd_cla_care_plan=[care_plan],
        ssd_cla_placement=[placed("2025-06-01", kind=kind)],
    )

    assert found == expected


@pytest.mark.parametrize(
    ("decided", "expected"), (("2026-01-06", None), ("2026-01-05", "amber"), ("2025-12-09", "amber"), ("2025-12-08", "red"))
)
def test_pl_01_as_worked(decided, expected):
    assert level("PL-01", ssd_pre_proceedings=[{"prep_person_id": "P1", "prep_pre_pro_decision_date": decided}]) == expected


@pytest.mark.parametrize(
    ("orders", "n", "expected"),
    (
        ([status("C1", "2025-11-11")], 140, None),
        ([status("C1", "2025-09-30", "2026-01-05"), status("C1", "2026-01-06")], 182, "amber"),
        ([status("C1", "2025-09-29")], 183, "red"),
    ),
)
def test_pl_02_as_worked(orders, n, expected):
    found = answer("PL-02", ssd_cla_episodes=care("2025-06-01"), ssd_legal_status=orders)

    assert (found.measure, found.level) == (n, expected)


@pytest.mark.parametrize(
    ("born", "entered", "due", "expected"),
    (
        ("2009-12-31", "2020-01-01", date(2026, 3, 31), None),
        ("2009-12-30", "2020-01-01", date(2026, 3, 30), "red"),
        ("2009-06-01", "2025-12-01", date(2026, 6, 1), None),
        ("2009-06-01", "2026-01-02", None, None),
    ),
)
def test_cl_03_as_worked(born, entered, due, expected):
    others = [{"clea_person_id": "P2", "clea_care_leaver_eligibility": "ELIG"}]
    found = answer("CL-03", ssd_person=person(born), ssd_cla_episodes=care(entered), ssd_care_leavers=others)

    assert (found.due, found.level) == (due, expected)


@pytest.mark.parametrize(("contacted", "expected"), (("2025-10-01", None), ("2025-09-30", "info"), (None, "info")))
def test_cl_07_as_worked(contacted, expected):
    row = leaver(clea_care_leaver_in_touch="REFU", clea_care_leaver_latest_contact=contacted)

    assert level("CL-07", ssd_person=person("2006-05-05"), ssd_care_leavers=row) == expected


@pytest.mark.parametrize(("in_touch", "expected"), ((46, None), (45, "amber"), (42, "red")))
def test_cl_08_as_worked(in_touch, expected):
    people = [{"pers_person_id": f"P{n}", "pers_dob": "2007-01-01"} for n in range(50)]
    rows = [
        {
            "clea_person_id": f"P{n}",
            "clea_care_leaver_eligibility": "REL",
            "clea_care_leaver_latest_contact": "2026-02-03" if n < in_touch else "2026-02-02",
        }
        for n in range(50)
    ]

    assert answer("CL-08", subject="council", ssd_person=people, ssd_care_leavers=rows).level == expected
