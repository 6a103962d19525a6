"""Children who are missing, who go missing again and again, and whom nobody offered to talk when they came back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, about
from tests.oracle.calendar import add_days
from tests.oracle.cells import Table, id_of, norm, yes
from tests.oracle.codes import code
from tests.oracle.moments import at, clock_hours, due_day, known_at
from tests.oracle.views import Views

DEFAULTS: Mapping[str, Params] = {
    "CLA-09": {"critical_hours": 24},
    "CLA-10": {"window_days": 28, "amber_hours": 48, "red_hours": 72},
    "CLA-18": {"window_days": 90, "red_episodes": 3},
}
_START, _END = "miss_missing_episode_start_date", "miss_missing_episode_end_date"


def open_cases_under_18(views: Views) -> set[str]:
    return {person for person in views.open_case if views.under_18(person)}


def episodes(views: Views, person: str) -> Table:
    """Return the episodes of somebody of whom nobody knew where they were: type M."""
    rows = views.of("ssd_missing", "miss_person_id", person)
    return [row for row in rows if code(row.get("miss_missing_episode_type"), "missing_type") == "M"]


def cla_09(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person in open_cases_under_18(views):
        since = _missing_since(views, person)
        if since is None:
            answers[person] = about(views, person, None)
            continue
        n = clock_hours(since, known_at(views, "ssd_missing"), "elapsed")
        level = "critical" if n > p["critical_hours"] else "red"
        due = due_day(since, p["critical_hours"], "elapsed")
        answers[person] = about(views, person, level, measure=float(n), due=due)
    return answers


def _missing_since(views: Views, person: str) -> datetime | None:
    starts = [at(row.get(_START)) for row in episodes(views, person) if views.open(row, _START, _END)]
    return min((start for start in starts if start is not None), default=None)


def episodes_lately(views: Views, person: str, window_days: int) -> int:
    """Return on how many different days of so many somebody went missing."""
    starts = {views.not_later(row, _START) for row in episodes(views, person)} - {None}
    first_day = add_days(views.as_of, -window_days)
    return sum(start is not None and start >= first_day for start in starts)


def cla_18(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person in open_cases_under_18(views):
        n = episodes_lately(views, person, p["window_days"])
        answers[person] = about(views, person, "red" if n >= p["red_episodes"] else None, measure=n)
    return answers


def cla_10(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person in open_cases_under_18(views):
        for row in episodes(views, person):
            key, ended, end = id_of(row.get("miss_table_id")), views.not_later(row, _END), at(row.get(_END))
            if key is None or ended is None or end is None:
                continue
            offered = yes(row.get("miss_missing_rhi_offered")) or norm(row.get("miss_missing_rhi_offered")) == "na"
            if offered or yes(row.get("miss_missing_rhi_accepted")) or ended < add_days(views.as_of, -p["window_days"]):
                answers[key] = about(views, person, None)
                continue
            n = clock_hours(end, known_at(views, "ssd_missing"), "elapsed")
            level = "red" if n > p["red_hours"] else "amber" if n > p["amber_hours"] else None
            due = due_day(end, p["red_hours"], "elapsed")
            answers[key] = about(views, person, level, measure=float(n), due=due)
    return answers


RULES: Mapping[str, Rule] = {"CLA-09": cla_09, "CLA-10": cla_10, "CLA-18": cla_18}
