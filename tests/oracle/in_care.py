"""Children in care: who works with them, what becomes of them at 18, and agreements that drift."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, about
from tests.oracle.calendar import add_days, add_months, birthday, days, months_since, wd_add, wd_between
from tests.oracle.cells import id_of, norm, real_date
from tests.oracle.codes import code
from tests.oracle.lives import eligible_on, run_back
from tests.oracle.reviews import has_plan
from tests.oracle.views import Views, day, latest, text

DEFAULTS: Mapping[str, Params] = {
    "CLA-14": {"age_limit": 16, "return_keys": ("RETURN1M", "RETURN6M", "RETURNEV"), "amber_months": 6, "red_months": 12},
    "CLA-15": {"months": 12, "amber_workers": 3},
    "CLA-16": {"end_days": 90, "from_age_months": 210},
    "CLA-17": {"grace_wd": 5},
    "CLA-19": {"from_age_months": 210},
    "CL-03": {"months": 3},
    "PL-02": {"amber_days": 140, "red_days": 182},
}
_ASYLUM, _ALONE = ("uasc", "asylum"), ("uasc", "unaccompanied")
_STATUS = ("lega_legal_status_start_date", "lega_legal_status_end_date")


def _says(cell: str | None, words: tuple[str, ...]) -> bool:
    return any(word in (norm(cell) or "") for word in words)


def status_since(views: Views, person: str, status: str) -> date:
    """Return since when a legal status that is open has run without a break of more than a day."""
    rows = [
        row
        for row in views.of("ssd_legal_status", "lega_person_id", person)
        if code(row.get("lega_legal_status"), "legal_status") == status
    ]
    current = [row for row in rows if views.open(row, *_STATUS)]
    row = latest(current, day(_STATUS[0]), text("lega_legal_status_id"))
    return run_back(row, rows, *_STATUS, 1)


def cla_14(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, care in views.cla.items():
        years = views.age(person)
        if years is None:
            answers[person] = about(views, person, None, unknown=True)
            continue
        statuses = views.of("ssd_immigration_status", "immi_person_id", person)
        alone = any(_says(row.get("immi_immigration_status"), _ALONE) for row in statuses)
        agreed = years < p["age_limit"] and views.legal_now(person) == {"V2"}
        if not agreed or alone or has_plan(views, person, p["return_keys"]):
            answers[person] = about(views, person, None)
            continue
        since = max(care.entered, status_since(views, person, "V2"))
        level = None
        if add_months(since, p["amber_months"]) <= views.as_of:
            level = "red" if add_months(since, p["red_months"]) <= views.as_of else "amber"
        due = add_months(since, p["amber_months"])
        answers[person] = about(views, person, level, measure=months_since(since, views.as_of), due=due)
    return answers


def cla_15(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, care in views.cla.items():
        since = max(add_months(views.as_of, -p["months"]), care.entered)
        workers = set()
        for row in views.involved(person, "allocated_roles"):
            start, end = views.not_later(row, "invo_involvement_start_date"), real_date(row.get("invo_involvement_end_date"))
            if start is None or end == start or (end is not None and end <= since):
                continue
            if not (norm(row.get("invo_worker_change_reason")) or "").startswith("absenc"):
                workers.add(id_of(row.get("invo_professional_id")))
        level = "amber" if len(workers) >= p["amber_workers"] else None
        answers[person] = about(views, person, level, measure=len(workers))
    return answers


def cla_16(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person in views.cla:
        dob = views.person[person].dob
        if dob is None:
            answers[person] = about(views, person, None, unknown=True)
            continue
        start, end = "immi_immigration_status_start_date", "immi_immigration_status_end_date"
        rows = [
            row
            for row in views.of("ssd_immigration_status", "immi_person_id", person)
            if _says(row.get("immi_immigration_status"), _ASYLUM) and views.open(row, start, end)
        ]
        if not rows:
            answers[person] = about(views, person, None)
            continue
        last_day = add_days(views.as_of, p["end_days"])
        ends = [on for row in rows if (on := real_date(row.get(end))) is not None and views.as_of < on <= last_day]
        level = "amber" if ends or add_months(dob, p["from_age_months"]) <= views.as_of else None
        due = min([birthday(dob, 18), *ends])
        answers[person] = about(views, person, level, measure=days(views.as_of, due), due=due)
    return answers


def cla_17(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, record in views.child.items():
        rows = views.of("ssd_cla_episodes", "clae_person_id", person)
        is_open = any(views.open(row, "clae_cla_episode_start_date", "clae_cla_episode_ceased_date") for row in rows)
        if not is_open or record.dob is None or views.short_break(person):
            continue
        adult = birthday(record.dob, 18)
        n = wd_between(adult, views.as_of)
        level = "amber" if n > p["grace_wd"] else None
        answers[person] = about(views, person, level, measure=n, due=wd_add(adult, p["grace_wd"]))
    return answers


def cla_19(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person in views.cla:
        dob = views.person[person].dob
        if dob is None:
            answers[person] = about(views, person, None, unknown=True)
            continue
        t = add_months(dob, p["from_age_months"])
        rows = views.of("ssd_care_leavers", "clea_person_id", person)
        has_adviser = views.pa(person) is not None or any(id_of(row.get("clea_care_leaver_personal_advisor")) for row in rows)
        alone = t <= views.as_of and not has_adviser and eligible_on(views, person) is not None
        answers[person] = about(views, person, "amber" if alone else None, measure=days(t, views.as_of))
    return answers


def cl_03(views: Views, p: Params) -> dict[str, Answer] | None:
    if not any(views.eligibility(row) == "ELIG" for row in views.rows("ssd_care_leavers")):
        return None
    answers = {}
    for person in views.cla:
        rows = views.of("ssd_care_leavers", "clea_person_id", person)
        planned = any(views.not_later(row, "clea_pathway_plan_review_date") for row in rows)
        eligible = eligible_on(views, person)
        if eligible is None or planned:
            answers[person] = about(views, person, None, leaver=True)
            continue
        due = add_months(eligible, p["months"])
        level = "red" if views.as_of > due else None
        answers[person] = about(views, person, level, measure=days(due, views.as_of), due=due, leaver=True)
    return answers


def pl_02(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person in views.cla:
        now = views.legal_now(person)
        if "C1" not in now or now & {"C2", "E1"}:
            answers[person] = about(views, person, None)
            continue
        since = status_since(views, person, "C1")
        n = days(since, views.as_of)
        level = "red" if n > p["red_days"] else "amber" if n > p["amber_days"] else None
        answers[person] = about(views, person, level, measure=n, due=add_days(since, p["red_days"]))
    return answers


RULES: Mapping[str, Rule] = {
    "CLA-14": cla_14,
    "CLA-15": cla_15,
    "CLA-16": cla_16,
    "CLA-17": cla_17,
    "CLA-19": cla_19,
    "CL-03": cl_03,
    "PL-02": pl_02,
}
