"""Demand: whether more comes than in the weeks before and a year ago, comes again, or is more serious."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, answer
from tests.oracle.calendar import add_days, add_months, is_wd
from tests.oracle.cells import Row, id_of, real_date, yes
from tests.oracle.outcome_texts import FACTOR_GROUPS, factors
from tests.oracle.views import Views

_SURGE = {
    "window_days": 28,
    "base_windows": 52,
    "sd_factor": 2,
    "min_events": 20,
    "amber_ratio": Fraction("1.20"),
    "red_ratio": Fraction("1.40"),
}
_YEARS = {"max_years_back": 3, "exclude_periods": ((date(2020, 3, 1), date(2021, 3, 31)),)}
DEFAULTS: Mapping[str, Params] = {
    "FD-05": _SURGE,
    "FD-07": {
        **_YEARS,
        "sd_factor": 2,
        "min_events": 20,
        "amber_ratio": Fraction("1.20"),
        "red_ratio": Fraction("1.40"),
    },
    "FD-08": _SURGE,
    "FD-09": {"amber_over": Fraction("0.22"), "red_over": Fraction("0.26"), "min_items": 30},
    "FD-10": {
        **_YEARS,
        "many": 4,
        "min_items": 50,
        "min_fill": Fraction("0.70"),
        "z": 2,
        "amber_points": Fraction("0.05"),
        "red_points": Fraction("0.10"),
    },
}

EVENTS = {
    "contacts": ("ssd_contacts", "cont_contact_id", "cont_person_id", "cont_contact_date"),
    "referrals": ("ssd_cin_episodes", "cine_referral_id", "cine_person_id", "cine_referral_date"),
    "s47": ("ssd_s47_enquiry", "s47e_s47_enquiry_id", "s47e_person_id", "s47e_s47_start_date"),
    "strategy": ("ext_strategy", "strategy_id", "person_id", "held_on"),
    "strategy_to_s47": ("ext_strategy", "strategy_id", "person_id", "held_on"),
    "cp_plans": ("ssd_cp_plans", "cppl_cp_plan_id", "cppl_person_id", "cppl_cp_plan_start_date"),
}
Pair = tuple[str, str]


def first_dates(views: Views, kind: str) -> dict[Pair, date]:
    """Return the earliest date of each pair of ids of a kind of event; sealed people and those who died are among them."""
    table, event, who, when = EVENTS[kind]
    dates = defaultdict(list)
    for row in views.rows(table):
        key, person, on = id_of(row.get(event)), id_of(row.get(who)), real_date(row.get(when))
        if key is not None and person is not None and person in views.person and on is not None and _counts(kind, row):
            dates[key, person].append(on)
    return {pair: min(found) for pair, found in dates.items()}


def _counts(kind: str, row: Row) -> bool:
    if kind == "strategy_to_s47":
        return id_of(row.get("s47_enquiry_id")) is not None
    return not (kind == "cp_plans" and yes(row.get("cppl_cp_plan_ola")))


def fd_05(views: Views, p: Params) -> dict[str, Answer]:
    return {kind: surge(views, [*first_dates(views, kind).values()], p) for kind in ("contacts", "referrals", "s47")}


def fd_08(views: Views, p: Params) -> dict[str, Answer] | None:
    if not views.supplied("ext_strategy"):
        return None
    return {kind: surge(views, [*first_dates(views, kind).values()], p) for kind in ("strategy", "strategy_to_s47")}


def surge(views: Views, dates: list[date], p: Params) -> Answer:
    as_of, window, base = views.as_of, p["window_days"], p["base_windows"]

    def events(t: date) -> int:
        return sum(add_days(t, -window) < on <= t for on in dates)

    c, ly = events(as_of), events(add_days(as_of, -364))
    if ly == 0 or min(dates) > add_days(as_of, -window - 7 * (base - 1) - window + 1):
        return answer(None, has_team=False)
    before = [events(add_days(as_of, -window - 7 * (k - 1))) for k in range(1, base + 1)]
    mean = Fraction(sum(before), base)
    variance = sum((b - mean) ** 2 for b in before) / (base - 1)
    # c > mean + sd_factor * sd, without a root
    unusual = c > mean and (c - mean) ** 2 > p["sd_factor"] ** 2 * variance
    r = Fraction(c, ly)
    level = None
    if unusual and c >= p["min_events"]:
        level = "red" if r >= p["red_ratio"] else "amber" if r >= p["amber_ratio"] else None
    return answer(level, measure=float(r), has_team=False)


def month_days(first: date, months: int = 1) -> list[date]:
    """Return the days of so many months, of which `first` is the first day."""
    end = add_months(first, months)
    return [add_days(first, n) for n in range((end - first).days)]


def last_month(as_of: date) -> date:
    return add_months(as_of.replace(day=1), -1)


def base_of(first: date, months: int, p: Params) -> list[date] | None:
    """Return the days of the same months of the latest year before that is no year out of the ordinary."""
    for years in range(1, p["max_years_back"] + 1):
        days = month_days(add_months(first, -12 * years), months)
        if not any(start <= on <= end for on in days for start, end in p["exclude_periods"]):
            return days
    return None


def fd_07(views: Views, p: Params) -> dict[str, Answer]:
    kinds = ["contacts", "referrals", "s47", "cp_plans", *(["strategy"] if views.supplied("ext_strategy") else [])]
    return {kind: _against_last_year(views, kind, p) for kind in kinds}


def _against_last_year(views: Views, kind: str, p: Params) -> Answer:
    dates = [*first_dates(views, kind).values()]
    month = month_days(last_month(views.as_of))
    base = base_of(month[0], 1, p)
    if base is None:
        return answer(None, unknown=True, has_team=False)
    n, k = _count(dates, month), _count(dates, base)
    if k == 0 or min(dates) > base[0]:
        return answer(None, unknown=True, has_team=False)
    e = Fraction(k * sum(map(is_wd, month)), sum(map(is_wd, base)))
    r = n / e
    level = None
    if n >= p["min_events"] and (n - e) ** 2 > p["sd_factor"] ** 2 * (n + e):
        level = "red" if r >= p["red_ratio"] else "amber" if r >= p["amber_ratio"] else None
    return answer(level, measure=float(r), has_team=False)


def _count(dates: Iterable[date], days: list[date]) -> int:
    return sum(days[0] <= on <= days[-1] for on in dates)


def referred_again(views: Views) -> tuple[int, list[Pair]]:
    """Return the referrals of the last twelve months, and how many of them were not the first within twelve months."""
    pairs = first_dates(views, "referrals")
    of_person: dict[str, list[tuple[str, date]]] = defaultdict(list)
    for (referral, person), on in pairs.items():
        of_person[person].append((referral, on))
    recent = [pair for pair, on in pairs.items() if add_months(views.as_of, -12) < on <= views.as_of]
    again = sum(
        any(key != pair[0] and add_months(pairs[pair], -12) <= d < pairs[pair] for key, d in of_person[pair[1]])
        for pair in recent
    )
    return again, recent


def fd_09(views: Views, p: Params) -> dict[str, Answer]:
    again, recent = referred_again(views)
    first = min(first_dates(views, "referrals").values(), default=views.as_of)
    if len(recent) < p["min_items"] or first > add_months(views.as_of, -24):
        return {"council": answer(None, unknown=True, has_team=False)}
    share = Fraction(again, len(recent))
    level = "red" if share > p["red_over"] else "amber" if share > p["amber_over"] else None
    return {"council": answer(level, share=share, has_team=False)}


def factors_of(views: Views, assessment: str) -> frozenset[str]:
    rows = views.of("ssd_assessment_factors", "cinf_assessment_id", assessment)
    return frozenset(code for row in rows for code in factors(row.get("cinf_assessment_factors_json")))


def _authorised(views: Views, days: list[date]) -> list[frozenset[str]]:
    """Return the factors of each assessment that was authorised on one of these days."""
    found = {
        key
        for row in views.rows("ssd_cin_assessments")
        if (key := id_of(row.get("cina_assessment_id"))) is not None
        and id_of(row.get("cina_person_id")) in views.person
        and (on := real_date(row.get("cina_assessment_auth_date"))) is not None
        and days[0] <= on <= days[-1]
    }
    return [factors_of(views, key) for key in found]


def fd_10(views: Views, p: Params) -> dict[str, Answer]:
    window = month_days(add_months(last_month(views.as_of), -2), 3)
    base = base_of(window[0], 3, p)
    groups = (*FACTOR_GROUPS, "many_factors")
    if base is None:
        return {group: answer(None, unknown=True, has_team=False) for group in groups}
    now, before = _authorised(views, window), _authorised(views, base)
    return {group: _more_serious(group, now, before, p) for group in groups}


def _more_serious(group: str, now: list[frozenset[str]], before: list[frozenset[str]], p: Params) -> Answer:
    d, d0 = (sum(bool(codes) for codes in found) for found in (now, before))
    filled = all(Fraction(with_codes, len(found)) >= p["min_fill"] for with_codes, found in ((d, now), (d0, before)) if found)
    if d < p["min_items"] or d0 < p["min_items"] or not filled:
        return answer(None, unknown=True, has_team=False)
    x, x0 = (sum(_in_group(codes, group, p) for codes in found) for found in (now, before))
    change, q = Fraction(x, d) - Fraction(x0, d0), Fraction(x + x0, d + d0)
    level = None
    if change**2 > p["z"] ** 2 * q * (1 - q) * (Fraction(1, d) + Fraction(1, d0)):
        level = "red" if change >= p["red_points"] else "amber" if change >= p["amber_points"] else None
    return answer(level, share=change, has_team=False)


def _in_group(codes: frozenset[str], group: str, p: Params) -> bool:
    return len(codes) >= p["many"] if group == "many_factors" else bool(codes & set(FACTOR_GROUPS[group]))


RULES: Mapping[str, Rule] = {"FD-05": fd_05, "FD-07": fd_07, "FD-08": fd_08, "FD-09": fd_09, "FD-10": fd_10}
