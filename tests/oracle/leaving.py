"""Whether the data proves that a subject has left a rule's population, rather than merely being gone from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tests.oracle.cells import Row, Table, id_of, norm, real_date, yes
from tests.oracle.rules import DEFAULTS, RULES
from tests.oracle.views import Views

_LAST_AGE = 17
_CARE = ("ssd_cla_episodes", "clae_cla_id", "clae_person_id", "clae_cla_episode_start_date", "clae_cla_episode_ceased_date")
_PLAN = ("ssd_cp_plans", "cppl_cp_plan_id", "cppl_person_id", "cppl_cp_plan_start_date", "cppl_cp_plan_end_date")
_NEED = ("ssd_cin_episodes", "cine_referral_id", "cine_person_id", "cine_referral_date", "cine_close_date")
_NEED_PLAN = (
    "ssd_cin_plans",
    "cinp_cin_plan_id",
    "cinp_person_id",
    "cinp_cin_plan_start_date",
    "cinp_cin_plan_end_date",
)
_MEMBERSHIP = {
    **dict.fromkeys("CP-03 CP-04 CP-05 CP-06 CP-07 CP-08".split(), _PLAN),
    **dict.fromkeys("CLA-01 CLA-02 CLA-03 CLA-04 CLA-05 CLA-07 CLA-08 CLA-11 CLA-12 CLA-13 CLA-14 CLA-15 CLA-16".split(), _CARE),
    **dict.fromkeys("CLA-19 CLA-21 PM-01 PM-02 PM-03 PL-02 CL-03".split(), _CARE),
    **dict.fromkeys("AS-02 CIN-02".split(), _NEED),
    **dict.fromkeys("CIN-01 CIN-03 CIN-04".split(), _NEED_PLAN),
}
_LEAVERS = ("CL-01", "CL-02", "CL-04", "CL-05", "CL-06")
_WORKERS = ("WF-01", "DQ-02")
KNOWN_TO_LEAVE = frozenset({*_MEMBERSHIP, *_LEAVERS, *_WORKERS, "AS-01"})


def left(tables: Mapping[str, Table], as_of: date, rule: str, subject: str, member: str | None) -> bool:
    """Return whether `subject` is not in the population of `rule` and the data proves that it has left."""
    views = Views(tables, as_of)
    return subject not in RULES[rule](views, DEFAULTS[rule]) and has_left(views, rule, subject, member, subject)


def has_left(views: Views, rule: str, subject: str, member: str | None, person: str | None) -> bool:
    """Return whether somebody who is not in the population left it, for one of the reasons that the definitions list.

    member: the id of the row that made it a member: the period of care, the plan, the assessment, an involvement of the
    worker. person: the child that it is about, if it is about one.
    """
    if person is None or rule in _WORKERS:
        return _cases_ended(views, subject, member)
    if _person_left(views, person, DEFAULTS[rule]["max_age"] if rule in _LEAVERS else _LAST_AGE):
        return True
    if rule in _LEAVERS:
        return person in views.person and bool(views.of("ssd_care_leavers", "clea_person_id", person))
    if rule == "AS-01":
        return _assessment_over(views, subject)
    rows = _member_rows(views, rule, person, member)
    return bool(rows) and all(_past(views, row, _MEMBERSHIP[rule][4]) for row in rows)


def may_have_left(views: Views, rule: str, subject: str, member: str | None, person: str | None) -> bool:
    """Return whether `has_left` holds, or the row that made it a member is still there, open, and yet no longer qualifies.

    "No longer qualifies" is wider than the reasons listed: short breaks only, a plan that turns out to be another
    council's, a worker out of post. A row whose dates no longer say anything is proof of nothing.
    """
    if has_left(views, rule, subject, member, person):
        return True
    if rule in _WORKERS:
        gone = subject in views.staff and not views.staff[subject].is_current
        return subject in views.pseudo or (rule == "WF-01" and gone) or _handed_on(views, subject, member)
    if rule not in _MEMBERSHIP:
        return False
    rows, start, end = _member_rows(views, rule, subject, member), *_MEMBERSHIP[rule][3:]
    others = bool(rows) and all(yes(row.get("cppl_cp_plan_ola")) or yes(row.get("cine_referral_nfa")) for row in rows)
    return others or (subject in views.person and any(views.open(row, start, end) for row in rows))


def _person_left(views: Views, person: str, oldest: int) -> bool:
    if person not in views.person:
        return views.sealed(person)
    years = views.age(person)
    return views.person[person].died is not None or views.sealed(person) or (years is not None and years > oldest)


def _member_rows(views: Views, rule: str, person: str, member: str | None) -> list[Row]:
    table, key, owner, *_ = _MEMBERSHIP[rule]
    return [row for row in views.of(table, key, member) if id_of(row.get(owner)) == person]


def _past(views: Views, row: Row, column: str) -> bool:
    on = real_date(row.get(column))
    return on is not None and on <= views.as_of


def _assessment_over(views: Views, assessment: str) -> bool:
    rows = views.of("ssd_cin_assessments", "cina_assessment_id", assessment)
    return bool(rows) and all(_past(views, row, "cina_assessment_auth_date") or _referral_closed(views, row) for row in rows)


def _referral_closed(views: Views, row: Row) -> bool:
    referrals = views.of("ssd_cin_episodes", "cine_referral_id", id_of(row.get("cina_referral_id")))
    own = [referral for referral in referrals if id_of(referral.get("cine_person_id")) == id_of(row.get("cina_person_id"))]
    return bool(own) and all(_past(views, referral, "cine_close_date") for referral in own)


def _involvements(views: Views, worker: str) -> list[Row]:
    roles = {norm(role) for name in ("allocated_roles", "personal_adviser_roles") for role in views.shared[name]}
    rows = views.of("ssd_involvements", "invo_professional_id", worker)
    return [row for row in rows if norm(row.get("invo_professional_role_id")) in roles]


def _cases_ended(views: Views, worker: str, member: str | None) -> bool:
    rows = _involvements(views, worker)
    known = any(member is not None and id_of(row.get("invo_involvements_id")) == member for row in rows)
    return known and all(_past(views, row, "invo_involvement_end_date") for row in rows)


def _handed_on(views: Views, worker: str, member: str | None) -> bool:
    """Return whether the worker's row is still there: not in the population, so another has the child, or it ended or is sealed."""
    rows = _involvements(views, worker)
    return any(member is not None and id_of(row.get("invo_involvements_id")) == member for row in rows)
