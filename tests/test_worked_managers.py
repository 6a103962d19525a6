"""The twins against the worked examples of the definitions: caseloads, supervision, posts, audits, scorecards, the plan."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest

from tests.one_child import TODAY, Rows, ago, answer, care, child_referred, level, plan
from tests.oracle.answers import Answer
from tests.oracle.views import Views
from tests.oracle.workers import DEFAULTS, weight


def team(service: str = "help_protection", **cells: str | None) -> Rows:
    return [{"team_id": "T1", "service": service, **cells}]


def involved(people: range, worker: str = "W1") -> Rows:
    return [
        {
            "invo_person_id": f"P{n}",
            "invo_professional_id": worker,
            "invo_professional_role_id": "CW",
            "invo_professional_team": "T1",
            "invo_involvement_start_date": "2026-01-01",
        }
        for n in people
    ]


def people(count: int) -> Rows:
    return [{"pers_person_id": f"P{n}", "pers_dob": "2018-01-01"} for n in range(count)]


@pytest.mark.parametrize(("cases", "expected"), ((48, None), (49, "amber"), (60, "amber"), (61, "red")))
def test_wf_02_as_worked(cases, expected):
    shares = [range(20), range(20, 40), range(40, cases)]
    rows = [row for n, share in enumerate(shares) for row in involved(share, f"W{n}")]
    found = answer("WF-02", subject="T1", ssd_person=people(cases), ssd_involvements=rows, ext_team=team())

    assert found.level == expected


@pytest.mark.parametrize(("in_need", "in_care", "expected"), ((5, 0, None), (6, 0, "amber"), (0, 1, "red")))
def test_wf_09_as_worked(in_need, in_care, expected):
    referrals = [{**child_referred("2026-01-01")[0], "cine_person_id": f"P{n}", "cine_referral_team": "T1"} for n in range(6)]
    episodes = [{**care("2026-01-01")[0], "clae_person_id": f"P{n}"} for n in range(in_care)]
    found = answer(
        "WF-09",
        subject="T1",
        ssd_person=people(max(in_need, in_care)),
        ssd_cin_episodes=referrals,
        ssd_cla_episodes=episodes,
        ext_team=team(),
    )

    assert found.level == expected


@pytest.mark.parametrize(
    ("held", "asye", "n", "expected"),
    (
        ("2026-02-24", None, 35, None),
        ("2026-02-23", None, 36, "amber"),
        ("2026-02-17", None, 42, "amber"),
        ("2026-02-16", None, 43, "red"),
        ("2026-03-09", "Y", 22, "amber"),
        ("2026-03-02", "Y", 29, "red"),
    ),
)
def test_wf_03_as_worked(held, asye, n, expected):
    staff = [{"worker_id": "W1", "role": "social_worker", "team_id": "T1", "asye": asye}]
    found = answer(
        "WF-03", subject="W1", ext_staff=staff, ext_supervision=[{"kind": "staff", "worker_id": "W1", "held_on": held}]
    )

    assert (found.measure, found.level) == (n, expected)


@pytest.mark.parametrize(
    ("rule", "days", "protected", "expected"),
    (
        ("WF-10", 60, True, None),
        ("WF-10", 61, True, "amber"),
        ("WF-10", 76, True, "red"),
        ("WF-10", 76, False, "amber"),
        ("WF-04", 28, True, None),
        ("WF-04", 29, True, "amber"),
        ("WF-04", 43, True, "red"),
        ("WF-04", 43, False, "amber"),
    ),
)
def test_wf_10_and_wf_04_as_worked(rule, days, protected, expected):
    open_case = {"ssd_cp_plans": [plan("2025-06-01")]} if protected else {"ssd_cin_episodes": child_referred("2025-06-01")}
    looked_at = {
        "ext_supervision": [{"kind": "case", "person_id": "P1", "held_on": ago(days)}],
        "ext_oversight": [{"person_id": "P1", "noted_on": ago(days)}],
    }

    assert level(rule, **open_case, **looked_at) == expected


def month(**figures: str) -> dict[str, str | None]:
    return {"team_id": "T1", **figures}


@pytest.mark.parametrize(
    ("rule", "now", "before", "expected"),
    (
        ("WF-05", ("1.5", "8.5"), None, None),
        ("WF-05", ("1.6", "8.4"), None, "amber"),
        ("WF-05", ("2.6", "7.4"), None, "red"),
        ("WF-05", ("1.2", "8.8"), ("0.7", "9.3"), "amber"),
        ("WF-11", ("2", "8"), None, None),
        ("WF-11", ("3.1", "6.9"), None, "red"),
    ),
)
def test_wf_05_and_wf_11_as_worked(rule, now, before, expected):
    part = "vacant_fte" if rule == "WF-05" else "agency_fte"
    figures = [(on, values) for on, values in (("2026-02-28", now), ("2026-01-15", before)) if values]
    rows = [month(month=on, inpost_fte=inpost, **{part: n}) for on, (n, inpost) in figures]

    assert answer(rule, subject="T1", ext_team=team(), ext_workforce=rows).level == expected


@pytest.mark.parametrize(("left", "expected"), (("3", None), ("4.1", "red")))
def test_wf_12_as_worked(left, expected):
    months = [date(2025 + n // 12, n % 12 + 1, 1).isoformat() for n in range(2, 14)]
    rows = [month(month=on, inpost_fte="20", leavers_fte=left if n == 0 else "0") for n, on in enumerate(months)]

    assert answer("WF-12", subject="help_protection", ext_team=team(), ext_workforce=rows).level == expected


@pytest.mark.parametrize(
    ("last_day", "covered", "expected"),
    (("2026-03-03", False, "amber"), ("2026-03-02", False, "red"), ("2026-03-02", True, "amber")),
)
def test_wf_13_as_worked(last_day, covered, expected):
    staff = [{"worker_id": "M1", "ends_on": last_day}, {"worker_id": "M2"}]
    cover = [{"staff_id": "M1", "covered_by": "M2", "from_date": "2026-03-01"}] if covered else []

    assert answer("WF-13", subject="T1", ext_team=team(manager_id="M1"), ext_staff=staff, ext_cover=cover).level == expected


@pytest.mark.parametrize(
    ("since", "advertised", "role", "n", "expected"),
    (
        ("2026-03-03", None, None, 28, None),
        ("2026-03-02", None, None, 29, "amber"),
        ("2025-11-25", "2025-12-01", None, 126, "amber"),
        ("2025-11-24", "2025-12-01", None, 127, "red"),
        ("2026-02-02", "2026-02-03", "team_manager", 57, "red"),
    ),
)
def test_wf_18_as_worked(since, advertised, role, n, expected):
    row = {"vacancy_id": "V1", "team_id": "T1", "role": role, "vacant_from": since, "advertised_on": advertised}
    found = answer("WF-18", subject="V1", ext_vacancy=[row])

    assert (found.measure, found.level) == (n, expected)


def audit(rule: str, **cells: str) -> Answer:
    return answer(rule, subject="A1", ext_audit=[{"audit_id": "A1", **cells}])


@pytest.mark.parametrize(
    ("due", "expected"), (("2026-03-31", None), ("2026-03-30", "amber"), ("2026-03-17", "amber"), ("2026-03-16", "red"))
)
def test_wf_06_as_worked(due, expected):
    assert audit("WF-06", due_on=due).level == expected


@pytest.mark.parametrize(
    ("cells", "due", "expected"),
    (
        ({"grade": "INAD", "audited_on": "2026-03-24"}, date(2026, 3, 31), None),
        ({"grade": "INAD", "audited_on": "2026-03-23"}, date(2026, 3, 30), "red"),
        ({"grade": "RI", "audited_on": "2026-03-01", "actions_due_on": "2026-03-17"}, date(2026, 3, 17), "amber"),
        ({"grade": "RI", "audited_on": "2026-03-01", "actions_due_on": "2026-03-16"}, date(2026, 3, 16), "red"),
    ),
)
def test_wf_14_as_worked(cells, due, expected):
    found = audit("WF-14", **cells)

    assert (found.due, found.level) == (due, expected)


@pytest.mark.parametrize(
    ("audited", "due", "expected"),
    (
        ("2026-03-01", date(2026, 4, 30), None),
        ("2026-02-28", date(2026, 4, 29), "amber"),
        ("2026-01-30", date(2026, 3, 31), "amber"),
        ("2026-01-29", date(2026, 3, 30), "red"),
    ),
)
def test_wf_15_as_worked(audited, due, expected):
    found = audit("WF-15", grade="INAD", audited_on=audited)

    assert (found.due, found.level) == (due, expected)


@pytest.mark.parametrize(("good", "audited", "expected"), ((3, 5, None), (2, 5, "amber"), (1, 5, "red"), (1, 4, "unknown")))
def test_wf_16_as_worked(good, audited, expected):
    rows = [
        {"audit_id": f"A{n}", "kind": "audit", "team_id": "T1", "grade": "GOOD" if n < good else "RI", "audited_on": "2026-03-01"}
        for n in range(audited)
    ]
    found = answer("WF-16", subject="T1", ext_team=team(), ext_audit=rows)

    assert (found.level or ("unknown" if found.outcome == "unknown" else None)) == expected


@pytest.mark.parametrize(
    ("started", "noted", "expected", "due"),
    (
        ("2026-03-17", None, None, None),
        ("2026-03-16", None, "amber", date(2026, 3, 30)),
        ("2026-03-16", "2026-03-20", None, None),
    ),
)
def test_wf_19_as_worked(started, noted, expected, due):
    row = {
        "cina_assessment_id": "A1",
        "cina_person_id": "P1",
        "cina_referral_id": "R1",
        "cina_assessment_start_date": started,
    }
    notes = [{"person_id": "P1" if noted else "P2", "noted_on": noted or "2026-03-20"}]
    found = answer(
        "WF-19", subject="A1", ssd_cin_episodes=child_referred("2026-03-01"), ssd_cin_assessments=[row], ext_oversight=notes
    )

    assert (found.level, found.due) == (expected, due)


# ---------------------------------------------------------------------- the plan, weighted loads


def live(rag: str) -> dict[str, Rows]:
    """Return a council whose answers about ten plans come to that colour, by CP-06."""
    long = {"GREEN": 0, "AMBER": 2, "RED": 5}[rag]
    starts = ["2023-01-01" if n < long else "2026-03-01" for n in range(10)]
    plans = [{**plan(start, key=f"L{n}"), "cppl_person_id": f"P{n}"} for n, start in enumerate(starts)]
    return {"ssd_person": people(10), "ssd_cp_plans": plans}


@pytest.mark.parametrize(
    ("stated", "updated", "rag", "expected"),
    (
        ("GREEN", "2026-02-17", "GREEN", None),
        ("GREEN", "2026-02-16", "GREEN", "amber"),
        ("GREEN", "2026-03-31", "RED", "red"),
        ("AMBER", "2026-03-31", "RED", "amber"),
        ("RED", "2026-03-31", "GREEN", "red"),
    ),
)
def test_wf_08_as_worked(stated, updated, rag, expected):
    action = {"ref": "4.10", "rag": stated, "updated_on": updated, "evidence": "cp-06; XX-01"}

    assert answer("WF-08", subject="4.10", ext_plan_action=[action], **live(rag)).level == expected


@pytest.mark.parametrize(("need_plans", "n", "expected"), ((0, 21.88, None), (1, 23.13, "amber")))
def test_wf_17_as_worked(need_plans, n, expected):
    """Ten on protection plans, each with sexual abuse in the latest assessment, at 0.8 of full time; and one in need."""
    plans = [{**plan("2026-01-01", key=f"L{n}"), "cppl_person_id": f"P{n}"} for n in range(10)]
    assessed = [
        {"cina_assessment_id": f"A{n}", "cina_person_id": f"P{n}", "cina_assessment_auth_date": "2026-01-10"} for n in range(10)
    ]
    factors = [{"cinf_assessment_id": f"A{n}", "cinf_assessment_factors_json": '["19B"]'} for n in range(10)]
    in_need = [
        {"cinp_person_id": f"P{n}", "cinp_cin_plan_id": "N1", "cinp_cin_plan_start_date": "2026-01-01"}
        for n in range(10, 10 + need_plans)
    ]
    found = answer(
        "WF-17",
        subject="W1",
        ssd_person=people(11),
        ssd_involvements=involved(range(10 + need_plans)),
        ssd_cp_plans=plans,
        ssd_cin_assessments=assessed,
        ssd_assessment_factors=factors,
        ssd_cin_plans=in_need,
        ext_staff=[{"worker_id": "W1", "team_id": "T1", "fte": "0.8", "role": "social_worker"}],
        ext_team=team(),
    )

    assert (found.measure, found.level) == (n, expected)


def test_a_case_weighs_three_at_most_and_a_sealed_one_like_any_other():
    everything = Views(
        {
            "ssd_person": people(2),
            "ssd_cp_plans": [{**plan("2026-01-01"), "cppl_person_id": "P0"}],
            "ssd_legal_status": [
                {"lega_person_id": "P0", "lega_legal_status": "C1", "lega_legal_status_start_date": "2026-01-01"}
            ],
            "ssd_s47_enquiry": [{"s47e_person_id": "P0", "s47e_s47_start_date": ago(27)}],
            "ssd_missing": [
                {
                    "miss_person_id": "P0",
                    "miss_missing_episode_type": "M",
                    "miss_missing_episode_start_date": (TODAY - timedelta(days=n)).isoformat(),
                }
                for n in (1, 2, 3)
            ],
            "ssd_cin_assessments": [
                {"cina_assessment_id": "A1", "cina_person_id": "P0", "cina_assessment_auth_date": "2026-01-10"}
            ],
            "ssd_assessment_factors": [
                {"cinf_assessment_id": "A1", "cinf_assessment_factors_json": '["19B", "4A", "1A", "11A"]'}
            ],
            "ext_restricted": [{"person_id": "P1"}],
        },
        TODAY,
    )

    assert weight(everything, "P0", DEFAULTS["WF-17"]) == Fraction(3)
    assert weight(everything, "P1", DEFAULTS["WF-17"]) == Fraction(1)


# ---------------------------------------------------------------------- the scorecard


def card(seen: int, looked_at: int, planned: int, reviewed: int = 10) -> Answer:
    """Return the card of a team with ten children in care, so many of whom are well served in each way."""
    episodes = [
        {"clae_person_id": f"P{n}", "clae_cla_id": f"C{n}", "clae_cla_episode_start_date": "2025-06-01"} for n in range(10)
    ]
    visits = [
        {"clav_person_id": f"P{n}", "clav_cla_visit_date": ago(10 if n < seen else 44), "clav_cla_visit_seen": "Y"}
        for n in range(10)
    ]
    held = [
        {"clar_cla_id": f"C{n}", "clar_cla_review_date": on}
        for n in range(10)
        for on in (("2025-07-01", "2026-03-01") if n < reviewed else ("2025-07-01", "2025-09-20"))
    ]
    plans = [
        {"lacp_person_id": f"P{n}", "lacp_cla_care_plan_start_date": "2025-06-01", "lacp_cla_care_plan_json": '{"ADOPTION": 1}'}
        for n in range(planned)
    ]
    notes = [{"person_id": f"P{n}", "noted_on": ago(10 if n < looked_at else 40)} for n in range(10)]
    return answer(
        "WF-07",
        subject="T1",
        ssd_person=people(10),
        ssd_cla_episodes=episodes,
        ssd_involvements=involved(range(10)),
        ssd_cla_visits=visits,
        ssd_cla_reviews=held,
        ssd_cla_care_plan=plans,
        ext_oversight=notes,
        ext_team=team("children_in_care"),
    )


@pytest.mark.parametrize(
    ("counts", "r", "expected"),
    (
        ((10, 10, 10), 0, "info"),
        ((8, 8, 10), 0, "info"),
        ((8, 8, 8), 0, "amber"),
        ((7, 10, 10), 1, "amber"),
        ((7, 7, 7), 3, "red"),
    ),
)
def test_wf_07_as_worked(counts, r, expected):
    found = card(*counts)

    assert (found.measure, found.level) == (r, expected)


def test_wf_07_says_nothing_of_a_team_of_which_little_is_known():
    found = answer("WF-07", subject="T1", ext_team=team(), ssd_person=people(1), ssd_involvements=involved(range(1)))

    assert found.outcome == "unknown"
