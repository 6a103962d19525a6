"""The rules about workers: too many cases, cases that weigh too much, and cases of those who have left."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, answer
from tests.oracle.calendar import add_days, add_months
from tests.oracle.cells import id_of, norm, number
from tests.oracle.demand import factors_of
from tests.oracle.enquiries import enquiries
from tests.oracle.lives import state
from tests.oracle.missing import DEFAULTS as OF_MISSING
from tests.oracle.missing import episodes_lately
from tests.oracle.outcome_texts import FACTOR_GROUPS
from tests.oracle.views import Views, day, latest, text

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
    "WF-17": {
        "base": {
            "cp": Fraction("1.5"),
            "cla": Fraction("1.25"),
            "assessment": Fraction("1.25"),
            "cin_plan": Fraction(1),
            "leaver": Fraction(1),
            "referral": Fraction("0.75"),
            None: Fraction("0.75"),
        },
        "interim_order": Fraction("0.5"),
        "enquiry": Fraction("0.5"),
        "enquiry_days": 28,
        "missing": Fraction("0.25"),
        "episodes": 3,
        "group": Fraction("0.25"),
        "groups_at_most": Fraction("0.75"),
        "factor_months": 24,
        "max_weight": Fraction(3),
        "scale": Fraction("1.25"),
        "scales": {"personal_adviser": Fraction(1), "disabled_children": Fraction(1)},
    },
    "DQ-02": {"not_listed_counts": True},
}


@dataclass(frozen=True, kw_only=True)
class Caseload:
    """The people whom somebody works with, and the hours there are for them. fte: 1 where nobody knows."""

    people: frozenset[str]
    fte: Fraction
    #: The share of a full caseload that the worker has.
    factor: Fraction
    team: str | None


def caseloads(views: Views, p: Params) -> dict[str, Caseload]:
    """Return the caseload of each worker whom WF-01 asks about."""
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
    found = {}
    for worker, people in cases.items():
        staff = views.staff.get(worker)
        if worker in views.pseudo or (staff is not None and not staff.is_current):
            continue
        found[worker] = Caseload(
            people=frozenset(people),
            fte=_fte(views, worker, p["max_fte"]),
            factor=p["asye_factor"] if staff is not None and staff.asye else Fraction(1),
            team=views.team_of_worker(worker, teams[worker]),
        )
    return found


def wf_01(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for worker, load in caseloads(views, p).items():
        n = rounded(len(load.people) / (float(load.fte) * float(load.factor)))
        amber, red = p[kind_of_worker(views, worker)]
        level = "red" if n > red else "amber" if n > amber else None
        answers[worker] = answer(level, measure=n, team=load.team)
    return answers


def rounded(value: float) -> float:
    """Round to two decimals, a half up. The definitions leave it open how a product of two decimals is held; here in binary."""
    return math.floor(value * 100 + 0.5) / 100


def _fte(views: Views, worker: str, most: Fraction) -> Fraction:
    staff = views.staff.get(worker)
    values = [staff.fte if staff else None]
    rows = views.of("ssd_professionals", "prof_professional_id", worker)
    values += [number(row.get("prof_full_time_equivalency")) for row in rows]
    return next((fte for fte in values if fte is not None and 0 < fte <= most), Fraction(1))


def kind_of_worker(views: Views, worker: str) -> str:
    """Return the name of the thresholds of a worker."""
    staff = views.staff.get(worker)
    service = views.service_of(views.staff_team(worker))
    if staff is not None and staff.asye:
        return "asye"
    if staff is not None and staff.role == "personal_adviser":
        return "personal_adviser"
    return kind_of_service(service)


def kind_of_service(service: str | None) -> str:
    if service == "care_leavers":
        return "personal_adviser"
    known = ("assessment", "help_protection", "children_in_care", "disabled_children")
    return service if service in known else "default"


# ---------------------------------------------------------------------- by complexity


def weight(views: Views, person: str, p: Params) -> Fraction:
    """Return what a case weighs. A sealed one is a case like any other."""
    if person not in views.child:
        return Fraction(1)
    extras = Fraction(0)
    if "C1" in views.legal_now(person):
        extras += p["interim_order"]
    if any(start > add_days(views.as_of, -p["enquiry_days"]) for start, _ in enquiries(views, person)):
        extras += p["enquiry"]
    asked = person in views.open_case and views.under_18(person)
    if asked and episodes_lately(views, person, views.params(OF_MISSING, "CLA-18")["window_days"]) >= p["episodes"]:
        extras += p["missing"]
    codes = _latest_factors(views, person, p)
    groups = sum(bool(codes & set(group)) for group in FACTOR_GROUPS.values())
    extras += min(groups * p["group"], p["groups_at_most"])
    return min(p["base"][state(views, person)] + extras, p["max_weight"])


def _latest_factors(views: Views, person: str, p: Params) -> frozenset[str]:
    """Return the factors of somebody's latest authorised assessment that has any."""
    after = add_months(views.as_of, -p["factor_months"])
    rows = [
        row
        for row in views.of("ssd_cin_assessments", "cina_person_id", person)
        if (on := views.not_later(row, "cina_assessment_auth_date")) is not None
        and on > after
        and factors_of(views, str(id_of(row.get("cina_assessment_id"))))
    ]
    if not rows:
        return frozenset()
    row = latest(rows, day("cina_assessment_auth_date"), text("cina_assessment_id"))
    return factors_of(views, str(id_of(row.get("cina_assessment_id"))))


def wf_17(views: Views, p: Params) -> dict[str, Answer]:
    of_caseload, answers = views.params(DEFAULTS, "WF-01"), {}
    for worker, load in caseloads(views, of_caseload).items():
        weights = sum((weight(views, person, p) for person in load.people), Fraction(0))
        n = rounded(float(weights) / (float(load.fte) * float(load.factor)))
        kind = kind_of_worker(views, worker)
        scale = p["scales"].get(kind, p["scale"])
        amber, red = (limit * scale for limit in of_caseload[kind])
        level = "red" if n > red else "amber" if n > amber else None
        answers[worker] = answer(level, measure=n, team=load.team)
    return answers


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
        answers[worker] = answer(level, measure=len(cases), team=views.team_of_worker(worker, teams[worker]))
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
    "WF-17": wf_17,
    "DQ-02": dq_02,
}
