"""The rules about assessments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, about, joins
from tests.oracle.calendar import add_days, days, wd_add, wd_between
from tests.oracle.cells import id_of, real_date, yes
from tests.oracle.outcome_texts import REFERRAL_FLAGS, flag
from tests.oracle.views import InNeed, Views

DEFAULTS: Mapping[str, Params] = {
    "AS-01": {"amber_wd": 35, "limit_wd": 45, "count_from": 0, "head_of_service_wd": 55, "clock_from": "assessment_start"},
    "AS-02": {"amber_wd": 5, "red_wd": 10},
    "AS-03": {"window_days": 7},
}


@dataclass(frozen=True, kw_only=True)
class OpenAssessment:
    """An assessment that is not authorised, of a referral that is open. started: None where nobody wrote it down."""

    key: str
    person: str
    started: date | None
    referred: date | None

    def day_0(self, p: Params) -> date | None:
        return self.referred if p["clock_from"] == "referral" and self.referred is not None else self.started


def open_assessments(views: Views) -> list[OpenAssessment]:
    """Return those that AS-01 asks about, and those without a start, which it cannot judge."""
    found = []
    for row in views.rows("ssd_cin_assessments"):
        key, person = id_of(row.get("cina_assessment_id")), id_of(row.get("cina_person_id"))
        started, authorised = real_date(row.get("cina_assessment_start_date")), real_date(row.get("cina_assessment_auth_date"))
        if key is None or person not in views.child or not views.under_18(person):
            continue
        if (started is not None and started > views.as_of) or (authorised is not None and authorised <= views.as_of):
            continue
        referrals = [
            r
            for r in views.of("ssd_cin_episodes", "cine_referral_id", id_of(row.get("cina_referral_id")))
            if id_of(r.get("cine_person_id")) == person and views.open(r, "cine_referral_date", "cine_close_date")
        ]
        if referrals:
            referred = real_date(referrals[0].get("cine_referral_date"))
            found.append(OpenAssessment(key=key, person=person, started=started, referred=referred))
    return found


def as_01(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for assessment in open_assessments(views):
        if assessment.started is None:
            # The rule needs this column, and a column that comes mostly empty can only be noticed if those without it are asked.
            answers[assessment.key] = about(views, assessment.person, None, unknown=True)
            continue
        day_0 = assessment.day_0(p)
        assert day_0 is not None
        n = wd_between(day_0, views.as_of) + p["count_from"]
        level = "red" if n > p["limit_wd"] else "amber" if n >= p["amber_wd"] else None
        due = wd_add(day_0, p["limit_wd"] - p["count_from"])
        also = joins("head_of_service", n >= p["head_of_service_wd"])
        answers[assessment.key] = about(views, assessment.person, level, measure=n, due=due, also=also)
    return answers


def as_02(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person, need in views.cin.items():
        elsewhere = person in views.cla or person in views.cp or person in views.cl
        expected_nothing = any(flag(need.outcome_json, key) for key in REFERRAL_FLAGS)
        if elsewhere or expected_nothing or _something_started(views, person, need):
            answers[person] = about(views, person, None)
            continue
        n = wd_between(need.referred, views.as_of)
        level = "red" if n > p["red_wd"] else "amber" if n > p["amber_wd"] else None
        answers[person] = about(views, person, level, measure=n, due=wd_add(need.referred, p["amber_wd"]))
    return answers


_STARTED = (
    ("ssd_cin_assessments", "cina_referral_id", "cina_person_id"),
    ("ssd_s47_enquiry", "s47e_referral_id", "s47e_person_id"),
    ("ssd_cin_plans", "cinp_referral_id", "cinp_person_id"),
    ("ssd_cp_plans", "cppl_referral_id", "cppl_person_id"),
    ("ssd_cla_episodes", "clae_referral_id", "clae_person_id"),
)


def _something_started(views: Views, person: str, need: InNeed) -> bool:
    for table, referral, who in _STARTED:
        if any(id_of(row.get(who)) == person for row in views.of(table, referral, need.referral_id)):
            return True
    assessments = views.of("ssd_cin_assessments", "cina_person_id", person)
    starts = [views.not_later(row, "cina_assessment_start_date") for row in assessments]
    return any(on is not None and on >= need.referred for on in starts)


def as_03(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for row in views.rows("ssd_cin_assessments"):
        key, person = id_of(row.get("cina_assessment_id")), id_of(row.get("cina_person_id"))
        authorised = views.not_later(row, "cina_assessment_auth_date")
        if key is None or person not in views.child or authorised is None or not views.under_18(person):
            continue
        record = views.child[person]
        if record.unborn or (record.dob is not None and record.dob > authorised):
            continue
        lately = add_days(views.as_of, -p["window_days"]) <= authorised
        level = "amber" if lately and not yes(row.get("cina_assessment_child_seen")) else None
        answers[key] = about(views, person, level, measure=days(authorised, views.as_of))
    return answers


RULES: Mapping[str, Rule] = {"AS-01": as_01, "AS-02": as_02, "AS-03": as_03}
