"""What has become of a child over time: on which plan, since when, in what state, eligible from when, and who looked at it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from tests.oracle.assessment import open_assessments
from tests.oracle.calendar import add_days, birthday, greatest, is_open
from tests.oracle.cells import Row, id_of, norm, real_date
from tests.oracle.codes import code
from tests.oracle.leavers import leaver_since
from tests.oracle.views import Views, day, latest, text

OVERSIGHT_ROLES = ("team_manager", "service_manager", "head_of_service", "senior_social_worker")
ELIGIBLE_DAYS = 91
ABSENT_DAYS = 14


@dataclass(frozen=True, kw_only=True)
class NeedPlan:
    plan_id: str | None
    plan_start: date
    since: date


def run_back(row: Row, rows: Iterable[Row], start: str, end: str, gap: int) -> date:
    """Return the first day of the unbroken run of rows that ends with `row`."""
    first = real_date(row.get(start))
    assert first is not None
    while True:
        earlier = [
            began
            for other in rows
            if (began := real_date(other.get(start))) is not None
            and began < first
            and ((ended := real_date(other.get(end))) is None or ended >= add_days(first, -gap))
        ]
        if not earlier:
            return first
        first = min(earlier)


def need_plan(views: Views, person: str) -> NeedPlan | None:
    """Return the child in need plan that somebody is on (v_cin_plan)."""
    start, end = "cinp_cin_plan_start_date", "cinp_cin_plan_end_date"
    rows = views.of("ssd_cin_plans", "cinp_person_id", person)
    current = [row for row in rows if views.open(row, start, end)]
    if not current or person not in views.child or not views.under_18(person):
        return None
    row = latest(current, day(start), text("cinp_cin_plan_id"))
    plan_start = real_date(row[start])
    assert plan_start is not None
    return NeedPlan(plan_id=id_of(row.get("cinp_cin_plan_id")), plan_start=plan_start, since=run_back(row, rows, start, end, 7))


def need_plans(views: Views) -> dict[str, NeedPlan]:
    return views.once(_need_plans)


def _need_plans(views: Views) -> dict[str, NeedPlan]:
    return {person: plan for person in views.child if (plan := need_plan(views, person)) is not None}


def assessed(views: Views) -> set[str]:
    """Return the people who have an assessment that AS-01 asks about."""
    return {assessment.person for assessment in open_assessments(views) if assessment.started is not None}


def state(views: Views, person: str) -> str | None:
    """Return the first state that holds (v_state)."""
    states = (
        ("cla", person in views.cla),
        ("cp", person in views.cp),
        ("cin_plan", person in need_plans(views)),
        ("leaver", person in views.cl),
        ("assessment", person in views.once(assessed)),
        ("referral", person in views.cin),
    )
    return next((name for name, holds in states if holds), None)


def service_of(views: Views, person: str) -> str | None:
    return views.service_of(views.team_of_child(person))


def case_start(views: Views, person: str) -> date | None:
    if person in views.cla:
        return views.cla[person].entered
    if person in views.cp:
        return views.cp[person].plan_start
    if person in views.cin:
        return views.cin[person].referred
    return leaver_since(views, person)


def eligible_on(views: Views, person: str) -> date | None:
    """Return since when somebody is an eligible child: 16, and so many days in care since 14."""
    dob = views.person[person].dob
    if dob is None:
        return None
    days_in_care: set[date] = set()
    for row in views.of("ssd_cla_episodes", "clae_person_id", person):
        start, ceased = real_date(row.get("clae_cla_episode_start_date")), real_date(row.get("clae_cla_episode_ceased_date"))
        if start is None or _short_break_on(views, person, start):
            continue
        on = max(start, birthday(dob, 14))
        while on <= views.as_of and (ceased is None or ceased > on):
            days_in_care.add(on)
            on += timedelta(days=1)
    if len(days_in_care) < ELIGIBLE_DAYS:
        return None
    found = max(birthday(dob, 16), sorted(days_in_care)[ELIGIBLE_DAYS - 1])
    return found if found <= views.as_of else None


def _short_break_on(views: Views, person: str, on: date) -> bool:
    statuses = {
        code(row.get("lega_legal_status"), "legal_status")
        for row in views.of("ssd_legal_status", "lega_person_id", person)
        if is_open(real_date(row.get("lega_legal_status_start_date")), real_date(row.get("lega_legal_status_end_date")), on)
    }
    return bool(statuses & set(views.shared["short_break_statuses"])) and not statuses & set(views.shared["full_care_statuses"])


def notes(views: Views, person: str) -> set[date]:
    """Return the days on which a manager looked at a case: of a note, or of supervision about it."""
    found = set()
    for row in views.of("ext_oversight", "person_id", person):
        by, on = id_of(row.get("by_id")), views.not_later(row, "noted_on")
        if on is not None and (by not in views.staff or views.staff[str(by)].role in OVERSIGHT_ROLES):
            found.add(on)
    return found | case_supervisions(views, person)


def case_supervisions(views: Views, person: str) -> set[date]:
    rows = views.of("ext_supervision", "person_id", person)
    held = {views.not_later(row, "held_on") for row in rows if norm(row.get("kind")) == "case"}
    return {on for on in held if on is not None}


def absent(views: Views, worker: str) -> bool:
    last_start = add_days(views.as_of, -ABSENT_DAYS)
    for row in views.of("ext_cover", "staff_id", worker):
        begins, ends = real_date(row.get("from_date")), real_date(row.get("to_date"))
        if begins is not None and begins <= last_start and (ends is None or ends >= views.as_of):
            return True
    return False


def back(views: Views, worker: str) -> date | None:
    """Return the last day of the latest absence that is over and was long enough to count."""
    found = []
    for row in views.of("ext_cover", "staff_id", worker):
        begins, ends = real_date(row.get("from_date")), real_date(row.get("to_date"))
        if begins is not None and ends is not None and ends < views.as_of and (ends - begins).days + 1 >= ABSENT_DAYS:
            found.append(ends)
    return greatest(*found)
