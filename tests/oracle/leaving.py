"""Whether the data proves that a subject has left a rule's population, rather than merely being gone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tests.oracle.cells import Table, id_of, norm, real_date
from tests.oracle.rules import DEFAULTS, RULES
from tests.oracle.views import Views

ADULT = 18
_ROW = {
    "cla": ("ssd_cla_episodes", "clae_cla_id", "clae_person_id", "clae_cla_episode_start_date", "clae_cla_episode_ceased_date"),
    "cp": ("ssd_cp_plans", "cppl_cp_plan_id", "cppl_person_id", "cppl_cp_plan_start_date", "cppl_cp_plan_end_date"),
}
_MEMBERSHIP = {"CP-03": "cp", "CP-05": "cp", "CP-08": "cp", "CLA-01": "cla", "CLA-02": "cla", "CLA-03": "cla"}


def left(tables: Mapping[str, Table], as_of: date, rule: str, subject: str, member: str | None) -> bool:
    """Say whether `subject` is out of the population of `rule` and the data says why.

    member: the id of the row that made it a member: the period of care, the plan, the assessment. None for care leavers
    and workers.
    """
    views = Views(tables, as_of)
    if subject in RULES[rule](views, DEFAULTS[rule]):
        return False
    if rule in ("WF-01", "DQ-02"):
        return _worker_left(views, subject)
    if rule == "AS-01":
        return _assessment_left(views, member)
    if _person_left(views, subject, DEFAULTS[rule]["max_age"] if rule == "CL-01" else ADULT - 1):
        return True
    if rule == "CL-01":
        return bool(views.of("ssd_care_leavers", "clea_person_id", subject))
    return _row_closed(views, subject, member, *_ROW[_MEMBERSHIP[rule]])


def _person_left(views: Views, person: str | None, oldest: int) -> bool:
    if person is None or person not in views.person:
        return person is not None and views.sealed(person)
    years = views.age(person)
    return views.person[person].died is not None or views.sealed(person) or (years is not None and years > oldest)


def _row_closed(views: Views, person: str, member: str | None, table: str, key: str, owner: str, start: str, end: str) -> bool:
    rows = [row for row in views.of(table, key, member) if id_of(row.get(owner)) == person]
    return bool(rows) and all(_ended(views, row, end) for row in rows) and not any(views.open(r, start, end) for r in rows)


def _ended(views: Views, row: Mapping[str, str | None], end: str) -> bool:
    on = real_date(row.get(end))
    return on is not None and on <= views.as_of


def _assessment_left(views: Views, member: str | None) -> bool:
    rows = views.of("ssd_cin_assessments", "cina_assessment_id", member)
    for row in rows:
        if _person_left(views, id_of(row.get("cina_person_id")), ADULT - 1) or _ended(views, row, "cina_assessment_auth_date"):
            return True
        referrals = [
            referral
            for referral in views.of("ssd_cin_episodes", "cine_referral_id", id_of(row.get("cina_referral_id")))
            if id_of(referral.get("cine_person_id")) == id_of(row.get("cina_person_id"))
        ]
        if referrals and all(_ended(views, referral, "cine_close_date") for referral in referrals):
            return True
    return False


def _worker_left(views: Views, worker: str) -> bool:
    roles = {norm(role) for name in ("allocated_roles", "personal_adviser_roles") for role in views.shared[name]}
    rows = [
        row
        for row in views.of("ssd_involvements", "invo_professional_id", worker)
        if norm(row.get("invo_professional_role_id")) in roles
    ]
    return bool(rows) and all(_ended(views, row, "invo_involvement_end_date") for row in rows)
