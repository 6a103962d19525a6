"""The rules about assessments."""

from __future__ import annotations

from collections.abc import Mapping

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, about, joins
from tests.oracle.calendar import wd_add, wd_between
from tests.oracle.cells import id_of, real_date
from tests.oracle.views import Views

DEFAULTS: Mapping[str, Params] = {
    "AS-01": {"amber_wd": 35, "limit_wd": 45, "count_from": 0, "head_of_service_wd": 55, "clock_from": "assessment_start"},
}


def as_01(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for row in views.rows("ssd_cin_assessments"):
        subject, person = id_of(row.get("cina_assessment_id")), id_of(row.get("cina_person_id"))
        started, authorised = real_date(row.get("cina_assessment_start_date")), real_date(row.get("cina_assessment_auth_date"))
        if subject is None or person not in views.child or not views.under_18(person):
            continue
        if (started is not None and started > views.as_of) or (authorised is not None and authorised <= views.as_of):
            continue
        referrals = [
            r
            for r in views.of("ssd_cin_episodes", "cine_referral_id", id_of(row.get("cina_referral_id")))
            if id_of(r.get("cine_person_id")) == person and views.open(r, "cine_referral_date", "cine_close_date")
        ]
        if not referrals:
            continue
        if started is None:
            # The rule needs this column, and a column that comes mostly empty can only be noticed if those without it are asked.
            answers[subject] = about(views, person, None, unknown=True)
            continue
        referred = real_date(referrals[0].get("cine_referral_date"))
        day_0 = referred if p["clock_from"] == "referral" and referred is not None else started
        n = wd_between(day_0, views.as_of) + p["count_from"]
        level = "red" if n > p["limit_wd"] else "amber" if n >= p["amber_wd"] else None
        due = wd_add(day_0, p["limit_wd"] - p["count_from"])
        also = joins("head_of_service", n >= p["head_of_service_wd"])
        answers[subject] = about(views, person, level, measure=n, due=due, also=also)
    return answers


RULES: Mapping[str, Rule] = {
    "AS-01": as_01,
}
