"""The two rules about workers: too many cases, and cases of those who have left."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from fractions import Fraction

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule
from tests.oracle.cells import id_of, norm, number
from tests.oracle.views import Views

DEFAULTS: Mapping[str, Params] = {
    "WF-01": {
        "asye": (10, 12),
        "personal_adviser": (22, 28),
        "assessment": (18, 22),
        "help_protection": (18, 22),
        "children_in_care": (16, 20),
        "disabled_children": (20, 25),
        "default": (18, 22),
        "max_fte": Fraction("1.2"),
        "asye_factor": Fraction(1),
    },
    "DQ-02": {"not_listed_counts": True},
}


def wf_01(views: Views, p: Params) -> dict[str, Answer]:
    roles = {norm(role) for name in ("allocated_roles", "personal_adviser_roles") for role in views.shared[name]}
    cases: dict[str, set[str]] = defaultdict(set)
    teams: dict[str, list[str | None]] = defaultdict(list)
    for row in views.rows("ssd_involvements"):
        worker, person = id_of(row.get("invo_professional_id")), id_of(row.get("invo_person_id"))
        if worker is None or person not in views.person or views.person[person].died is not None:
            continue
        current = views.open(row, "invo_involvement_start_date", "invo_involvement_end_date")
        if current and norm(row.get("invo_professional_role_id")) in roles:
            cases[worker].add(person)
            teams[worker].append(id_of(row.get("invo_professional_team")))
    answers = {}
    for worker, people in cases.items():
        staff = views.staff.get(worker)
        if worker in views.pseudo or (staff is not None and not staff.is_current):
            continue
        factor = p["asye_factor"] if staff is not None and staff.asye else Fraction(1)
        n = _rounded(len(people) / (float(_fte(views, worker, p["max_fte"])) * float(factor)))
        amber, red = _thresholds(views, worker, p)
        level = "red" if n > red else "amber" if n > amber else None
        outcome = "match" if level else "clear"
        team = views.team_of_worker(worker, teams[worker])
        answers[worker] = Answer(level=level, outcome=outcome, measure=n, team=team)
    return answers


def _rounded(value: float) -> float:
    """Round to two decimals, a half up. The definitions leave it open how a product of two decimals is held; here in binary."""
    return math.floor(value * 100 + 0.5) / 100


def _fte(views: Views, worker: str, most: Fraction) -> Fraction:
    staff = views.staff.get(worker)
    values = [staff.fte if staff else None]
    rows = views.of("ssd_professionals", "prof_professional_id", worker)
    values += [number(row.get("prof_full_time_equivalency")) for row in rows]
    return next((fte for fte in values if fte is not None and 0 < fte <= most), Fraction(1))


def _thresholds(views: Views, worker: str, p: Params) -> tuple[int, int]:
    staff = views.staff.get(worker)
    service = views.service_of(views.staff_team(worker))
    if staff is not None and staff.asye:
        return p["asye"]
    if (staff is not None and staff.role == "personal_adviser") or service == "care_leavers":
        return p["personal_adviser"]
    if service in ("assessment", "help_protection", "children_in_care", "disabled_children"):
        return p[service]
    return p["default"]


def dq_02(views: Views, p: Params) -> dict[str, Answer]:
    people: dict[str, set[str]] = defaultdict(set)
    teams: dict[str, list[str | None]] = defaultdict(list)
    pairs = [(person, views.alloc(person)) for person in views.open_case]
    pairs += [(person, views.pa(person)) for person in views.cl]
    for person, allocated in pairs:
        if allocated is not None:
            people[allocated.worker_id].add(person)
            teams[allocated.worker_id].append(allocated.team_id)
    answers = {}
    for worker, cases in people.items():
        level = "red" if _has_left(views, worker, not_listed_counts=p["not_listed_counts"]) else None
        outcome = "match" if level else "clear"
        team = views.team_of_worker(worker, teams[worker])
        answers[worker] = Answer(level=level, outcome=outcome, measure=len(cases), team=team)
    return answers


def _has_left(views: Views, worker: str, *, not_listed_counts: bool) -> bool:
    if not views.of("ssd_professionals", "prof_professional_id", worker):
        return True
    if not views.rows("ext_staff"):
        return False
    if worker not in views.staff:
        return not_listed_counts
    return not views.staff[worker].is_current


RULES: Mapping[str, Rule] = {
    "WF-01": wf_01,
    "DQ-02": dq_02,
}
