"""The rules about teams and posts: caseloads, cases that nobody has, vacancies, agency, turnover, and a manager who is gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, answer
from tests.oracle.audits import CASE_SERVICES, case_teams
from tests.oracle.calendar import add_days, add_months, days, greatest
from tests.oracle.cells import Row, id_of, norm, number, real_date
from tests.oracle.data_quality import DEFAULTS as OF_DATA
from tests.oracle.data_quality import dq_01
from tests.oracle.demand import last_month
from tests.oracle.protection import DEFAULTS as OF_PROTECTION
from tests.oracle.protection import cp_08
from tests.oracle.views import Views, day, latest
from tests.oracle.workers import DEFAULTS as OF_WORKERS
from tests.oracle.workers import caseloads, kind_of_service, rounded

_RATES = {"rise_points": Fraction("0.05"), "min_fte": 3}
DEFAULTS: Mapping[str, Params] = {
    "WF-02": {"margin": 2, "min_workers": 3},
    "WF-09": {"red_over": 0, "amber_over": 5},
    "WF-05": {"amber_over": Fraction("0.15"), "red_over": Fraction("0.25"), **_RATES},
    "WF-11": {"amber_over": Fraction("0.20"), "red_over": Fraction("0.30"), **_RATES},
    "WF-12": {"amber_over": Fraction("0.15"), "red_over": Fraction("0.20"), "min_fte": 10},
    "WF-13": {"red_days": 28},
    "WF-18": {"advert_days": 28, "offer_days": 84, "red_days": 126, "manager_red_days": 56},
}


def wf_02(views: Views, p: Params) -> dict[str, Answer]:
    of_caseload, answers = views.params(OF_WORKERS, "WF-01"), {}
    loads = caseloads(views, of_caseload)
    for team, service in case_teams(views).items():
        of_team = [load for load in loads.values() if load.team == team]
        if len(of_team) < p["min_workers"]:
            answers[team] = answer(None, unknown=True, team=team)
            continue
        n = rounded(sum(len(load.people) for load in of_team) / float(sum(load.fte for load in of_team)))
        amber, red = (limit - p["margin"] for limit in of_caseload[kind_of_service(service)])
        level = "red" if n > red else "amber" if n > amber else None
        answers[team] = answer(level, measure=n, team=team)
    return answers


def wf_09(views: Views, p: Params) -> dict[str, Answer]:
    protected = cp_08(views, views.params(OF_PROTECTION, "CP-08"))
    others = dq_01(views, views.params(OF_DATA, "DQ-01"))
    a = [found.team for found in protected.values() if found.level == "critical"]
    a += [found.team for found in others.values() if found.level == "red"]
    b = [found.team for found in others.values() if found.level == "amber"]
    answers = {}
    for team in case_teams(views):
        urgent, waiting = a.count(team), b.count(team)
        level = "red" if urgent > p["red_over"] else "amber" if waiting > p["amber_over"] else None
        answers[team] = answer(level, measure=urgent + waiting, team=team)
    return answers


# ---------------------------------------------------------------------- figures of a month

Figures = Mapping[str, Fraction | None]
_NAMES = ("inpost_fte", "vacant_fte", "agency_fte", "leavers_fte")


def _figures(views: Views, subjects: Mapping[str, str]) -> dict[str, dict[date, Figures]]:
    """Return the figures of each subject and month, added up; None where one of what is added is not known.

    subjects: what each team counts for.
    """
    rows: dict[tuple[str, date], list[Row]] = defaultdict(list)
    for row in views.rows("ext_workforce"):
        team, on = id_of(row.get("team_id")), real_date(row.get("month"))
        if team in subjects and on is not None:
            rows[subjects[team], on.replace(day=1)].append(row)
    found: dict[str, dict[date, Figures]] = defaultdict(dict)
    for (subject, month), its in rows.items():
        found[subject][month] = {name: _sum(number(row.get(name)) for row in its) for name in _NAMES}
    return found


def _sum(values: Iterable[Fraction | None]) -> Fraction | None:
    total = Fraction(0)
    for value in values:
        if value is None:
            return None
        total += value
    return total


def _month_asked(views: Views, months: Mapping[date, Figures]) -> date | None:
    """Return the latest month with figures that is over, unless it is too long ago."""
    last = last_month(views.as_of)
    m0 = max((month for month in months if month <= last), default=None)
    return m0 if m0 is not None and m0 >= add_months(last, -1) else None


def _share(figures: Figures | None, part: str, least: int) -> Fraction | None:
    if figures is None:
        return None
    n, inpost = figures[part], figures["inpost_fte"]
    if n is None or inpost is None or n + inpost < least:
        return None
    return n / (n + inpost)


def _rates(views: Views, part: str, p: Params) -> dict[str, Answer] | None:
    if not views.supplied("ext_workforce"):
        return None
    teams, answers = case_teams(views), {}
    figures = _figures(views, {team: team for team in teams})
    for team in teams:
        months = figures.get(team, {})
        m0 = _month_asked(views, months)
        share = _share(months[m0], part, p["min_fte"]) if m0 else None
        if m0 is None or share is None:
            answers[team] = answer(None, unknown=True, team=team)
            continue
        before = _share(months.get(add_months(m0, -1)), part, p["min_fte"])
        risen = before is not None and share - before >= p["rise_points"]
        level = "red" if share > p["red_over"] else "amber" if share > p["amber_over"] or risen else None
        answers[team] = answer(level, share=share, team=team)
    return answers


def wf_05(views: Views, p: Params) -> dict[str, Answer] | None:
    return _rates(views, "vacant_fte", p)


def wf_11(views: Views, p: Params) -> dict[str, Answer] | None:
    return _rates(views, "agency_fte", p)


def wf_12(views: Views, p: Params) -> dict[str, Answer] | None:
    if not views.supplied("ext_workforce"):
        return None
    figures = _figures(views, case_teams(views))
    return {service: _turnover(views, figures.get(service, {}), p) for service in CASE_SERVICES}


def _turnover(views: Views, months: Mapping[date, Figures], p: Params) -> Answer:
    m0 = _month_asked(views, months)
    inpost = months[m0]["inpost_fte"] if m0 else None
    year = [months.get(add_months(m0, -n)) for n in range(12)] if m0 else [None]
    left = _sum(figures["leavers_fte"] if figures else None for figures in year)
    if inpost is None or left is None or inpost < p["min_fte"]:
        return answer(None, unknown=True, has_team=False)
    share = left / inpost
    level = "red" if share > p["red_over"] else "amber" if share > p["amber_over"] else None
    return answer(level, share=share, has_team=False)


# ---------------------------------------------------------------------- posts


def vacancies(views: Views) -> dict[str, Row]:
    """Return each post that is or was vacant; of several rows the latest."""
    found = {}
    for key in {id_of(row.get("vacancy_id")) for row in views.rows("ext_vacancy")} - {None}:
        rows = [row for row in views.of("ext_vacancy", "vacancy_id", key) if views.not_later(row, "vacant_from") is not None]
        if rows:
            assert key is not None
            found[key] = latest(rows, day("vacant_from"))
    return found


def _is_open(views: Views, row: Row) -> bool:
    return views.not_later(row, "filled_on") is None and views.not_later(row, "withdrawn_on") is None


def _has_post(views: Views, worker: str | None) -> bool:
    return worker in views.staff and views.staff[worker].is_current


def wf_13(views: Views, p: Params) -> dict[str, Answer]:
    answers, managers = {}, {id_of(row.get("team_id")): id_of(row.get("manager_id")) for row in views.rows("ext_team")}
    for team in case_teams(views):
        manager = managers[team]
        if _has_post(views, manager):
            answers[team] = answer(None, team=team)
            continue
        since = _without_manager_since(views, team, manager)
        if since is None:
            answers[team] = answer("amber", team=team)
            continue
        n = days(since, views.as_of)
        level = "red" if n > p["red_days"] and not _covered(views, manager) else "amber"
        answers[team] = answer(level, measure=n, due=add_days(since, p["red_days"]), team=team)
    return answers


def _without_manager_since(views: Views, team: str, manager: str | None) -> date | None:
    if manager is not None:
        ends = [real_date(row.get("ends_on")) for row in views.of("ext_staff", "worker_id", manager)]
        return greatest(*(on for on in ends if on is not None and on < views.as_of))
    starts = [
        real_date(row["vacant_from"])
        for row in vacancies(views).values()
        if _is_open(views, row) and id_of(row.get("team_id")) == team and norm(row.get("role")) == "team_manager"
    ]
    return min((on for on in starts if on is not None), default=None)


def _covered(views: Views, manager: str | None) -> bool:
    for row in views.of("ext_cover", "staff_id", manager):
        begins, ends = real_date(row.get("from_date")), real_date(row.get("to_date"))
        current = begins is not None and begins <= views.as_of and (ends is None or ends >= views.as_of)
        if current and _has_post(views, id_of(row.get("covered_by"))):
            return True
    return False


def wf_18(views: Views, p: Params) -> dict[str, Answer] | None:
    if not views.supplied("ext_vacancy"):
        return None
    answers = {}
    for key, row in vacancies(views).items():
        since, team = real_date(row["vacant_from"]), id_of(row.get("team_id"))
        assert since is not None
        if not _is_open(views, row) or views.not_later(row, "offered_on") is not None:
            answers[key] = answer(None, team=team)
            continue
        n = days(since, views.as_of)
        manager = norm(row.get("role")) in ("team_manager", "service_manager")
        red = p["manager_red_days"] if manager else p["red_days"]
        unadvertised = n > p["advert_days"] and views.not_later(row, "advertised_on") is None
        level = "red" if n > red else "amber" if n > p["offer_days"] or unadvertised else None
        answers[key] = answer(level, measure=n, due=add_days(since, red), team=team)
    return answers


RULES: Mapping[str, Rule] = {
    "WF-02": wf_02,
    "WF-05": wf_05,
    "WF-09": wf_09,
    "WF-11": wf_11,
    "WF-12": wf_12,
    "WF-13": wf_13,
    "WF-18": wf_18,
}
