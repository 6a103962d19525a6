"""What is wrong with the records: nobody allocated, twice open, over and still open, dates that cannot be right."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, about
from tests.oracle.calendar import add_days, add_months, greatest, wd_add, wd_between
from tests.oracle.cells import Row, norm, real_date, yes
from tests.oracle.codes import code
from tests.oracle.views import Views, different_ids

DEFAULTS: Mapping[str, Params] = {
    "DQ-01": {"grace_care_wd": 1, "grace_other_wd": 5},
    "DQ-03": {},
    "DQ-04": {"adult_age": 18, "referral_age": 25},
    "DQ-05": {"review_ahead_months": 12, "pre_birth_days": 300},
}

# Table: its person, start and end.
NEED = ("ssd_cin_episodes", "cine_person_id", "cine_referral_date", "cine_close_date")
NEED_PLAN = ("ssd_cin_plans", "cinp_person_id", "cinp_cin_plan_start_date", "cinp_cin_plan_end_date")
PLAN = ("ssd_cp_plans", "cppl_person_id", "cppl_cp_plan_start_date", "cppl_cp_plan_end_date")
CARE = ("ssd_cla_episodes", "clae_person_id", "clae_cla_episode_start_date", "clae_cla_episode_ceased_date")
ASSESSMENT = ("ssd_cin_assessments", "cina_person_id", "cina_assessment_start_date", "cina_assessment_auth_date")
PLACEMENT = ("ssd_cla_placement", "clap_person_id", "clap_cla_placement_start_date", "clap_cla_placement_end_date")
STATUS = ("ssd_legal_status", "lega_person_id", "lega_legal_status_start_date", "lega_legal_status_end_date")
VISITS = (
    ("ssd_cp_visits", "cppv_person_id", "cppv_cp_visit_date", "cppv_cp_visit_seen"),
    ("ssd_cla_visits", "clav_person_id", "clav_cla_visit_date", "clav_cla_visit_seen"),
    ("ssd_cin_visits", "cinv_person_id", "cinv_cin_visit_date", "cinv_cin_visit_seen"),
)


def dq_01(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person in {*views.cla, *views.cin} - set(views.cp):
        in_care = person in views.cla
        if views.alloc(person) is not None or (person in views.cl and views.pa(person) is not None):
            answers[person] = about(views, person, None)
            continue
        start = views.cla[person].entered if in_care else views.cin[person].referred
        grace, level = (p["grace_care_wd"], "red") if in_care else (p["grace_other_wd"], "amber")
        since = greatest(start, views.last_alloc_end(person, "allocated_roles"))
        assert since is not None
        n = wd_between(since, views.as_of)
        answers[person] = about(views, person, level if n > grace else None, measure=n, due=wd_add(since, grace))
    return answers


def dq_03(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person in views.child:
        allocated = views.alloc(person)
        plans = [row for row in views.of(*NEED_PLAN[:2], person) if views.open(row, *NEED_PLAN[2:])]
        faults = (
            person in views.open_case and allocated is not None and allocated.n_alloc > 1,
            person in views.cla and views.cla[person].n_open > 1,
            person in views.cp and views.cp[person].n_open > 1,
            views.under_18(person) and different_ids(plans, "cinp_cin_plan_id") > 1,
        )
        answers[person] = about(views, person, "amber" if any(faults) else None, measure=sum(faults))
    return answers


def _others(row: Row) -> bool:
    """Return whether it is a plan of another council."""
    return yes(row.get("cppl_cp_plan_ola"))


def dq_04(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, record in views.person.items():
        if views.sealed(person):
            continue
        open_rows = [
            (table, row)
            for table, who, start, end in (NEED, NEED_PLAN, PLAN, CARE)
            for row in views.of(table, who, person)
            if views.open(row, start, end) and not _others(row)
        ]
        starts = {table: start for table, _, start, _ in (NEED, NEED_PLAN, PLAN, CARE)}
        years, went = views.age(person), _left_on(views, person)
        begun = [real_date(row.get(starts[table])) for table, row in open_rows]
        faults = (
            record.died is not None and open_rows,
            went is not None and any(on is not None and on <= went for on in begun),
            years is not None and years >= p["adult_age"] and any(table != NEED[0] for table, _ in open_rows),
            years is not None and years > p["referral_age"] and any(table == NEED[0] for table, _ in open_rows),
        )
        answers[person] = about(views, person, "amber" if any(faults) else None, measure=len(open_rows))
    return answers


def _left_on(views: Views, person: str) -> date | None:
    """Return the latest day on which the records say that somebody died or was adopted."""
    dates = [
        views.not_later(row, "clae_cla_episode_ceased_date")
        for row in views.of("ssd_cla_episodes", "clae_person_id", person)
        if code(row.get("clae_cla_episode_ceased_reason"), "episode_end") in ("E2", "E11", "E12")
    ]
    dates += [
        views.not_later(row, "cine_close_date")
        for row in views.of("ssd_cin_episodes", "cine_person_id", person)
        if code(row.get("cine_close_reason"), "referral_end") in ("RC1", "RC2")
    ]
    return greatest(*dates)


def dq_05(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person in views.child:
        is_open = person in views.open_case
        faults = (
            is_open and _ends_before_it_starts(views, person),
            is_open and _seen_in_the_future(views, person),
            _reviewed_far_ahead(views, person, p),
            is_open and _checked_in_the_future(views, person),
            person in views.cl and _in_touch_in_the_future(views, person),
            _no_birth_at_all(views, person),
            is_open and _before_birth(views, person, p),
            views.under_18(person) and _without_dates(views, person),
            person in views.cla and views.cla[person].cla_id is None,
        )
        answers[person] = about(views, person, "amber" if any(faults) else None, measure=sum(faults))
    return answers


def _ends_before_it_starts(views: Views, person: str) -> bool:
    for table, who, start, end in (NEED, ASSESSMENT, NEED_PLAN, PLAN, CARE, PLACEMENT, STATUS):
        for row in views.of(table, who, person):
            began, ended = real_date(row.get(start)), real_date(row.get(end))
            if began is not None and ended is not None and ended < began:
                return True
    return False


def _after(views: Views, row: Row, column: str, day: date) -> bool:
    on = real_date(row.get(column))
    return on is not None and on > day


def _seen_in_the_future(views: Views, person: str) -> bool:
    return any(
        _after(views, row, on, views.as_of) and yes(row.get(seen))
        for table, who, on, seen in VISITS
        for row in views.of(table, who, person)
    )


def _reviewed_far_ahead(views: Views, person: str, p: Params) -> bool:
    last_day = add_months(views.as_of, p["review_ahead_months"])
    if person in views.cp:
        for row in views.of("ssd_cp_reviews", "cppr_cp_plan_id", views.cp[person].plan_id):
            if _after(views, row, "cppr_cp_review_date", last_day):
                return True
    if person in views.cla:
        for row in views.of("ssd_cla_reviews", "clar_cla_id", views.cla[person].cla_id):
            if _after(views, row, "clar_cla_review_date", last_day):
                return True
    return False


def _checked_in_the_future(views: Views, person: str) -> bool:
    return any(
        _after(views, row, "clah_health_check_date", views.as_of)
        and (norm(row.get("clah_health_check_status")) or "").startswith("complete")
        for row in views.of("ssd_cla_health", "clah_person_id", person)
    )


def _in_touch_in_the_future(views: Views, person: str) -> bool:
    rows = views.of("ssd_care_leavers", "clea_person_id", person)
    return any(_after(views, row, "clea_care_leaver_latest_contact", views.as_of) for row in rows)


def _no_birth_at_all(views: Views, person: str) -> bool:
    if views.person[person].dob is not None or views.person[person].edd is not None:
        return False
    rows = views.of("ssd_care_leavers", "clea_person_id", person)
    return person in views.open_case or any(views.eligibility(row) in ("REL", "FREL", "QUAL") for row in rows)


def _before_birth(views: Views, person: str, p: Params) -> bool:
    dob = views.person[person].dob
    if dob is None:
        return False
    if dob > views.as_of:
        return True
    earliest = {CARE: dob}
    for kind in (NEED, NEED_PLAN, PLAN):
        earliest[kind] = add_days(dob, -p["pre_birth_days"])
    return any(
        (began := real_date(row.get(kind[2]))) is not None and began < first_day
        for kind, first_day in earliest.items()
        for row in views.of(kind[0], kind[1], person)
    )


def _without_dates(views: Views, person: str) -> bool:
    return any(
        real_date(row.get(start)) is None and real_date(row.get(end)) is None and not _others(row)
        for table, who, start, end in (NEED, NEED_PLAN, PLAN, CARE)
        for row in views.of(table, who, person)
    )


RULES: Mapping[str, Rule] = {"DQ-01": dq_01, "DQ-03": dq_03, "DQ-04": dq_04, "DQ-05": dq_05}
