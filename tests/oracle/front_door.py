"""The front door: children who are referred again, and demand that rises."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, about, answer
from tests.oracle.calendar import add_days, add_months
from tests.oracle.cells import id_of, real_date
from tests.oracle.views import Views, day, latest, text

DEFAULTS: Mapping[str, Params] = {
    "FD-04": {"window_days": 7, "lookback_months": 12, "info_prior": 1, "amber_prior": 2},
    "FD-05": {
        "window_days": 28,
        "base_windows": 52,
        "sd_factor": 2,
        "min_events": 20,
        "amber_ratio": Fraction("1.20"),
        "red_ratio": Fraction("1.40"),
    },
}

EVENTS = {
    "contacts": ("ssd_contacts", "cont_contact_id", "cont_person_id", "cont_contact_date"),
    "referrals": ("ssd_cin_episodes", "cine_referral_id", "cine_person_id", "cine_referral_date"),
    "s47": ("ssd_s47_enquiry", "s47e_s47_enquiry_id", "s47e_person_id", "s47e_s47_start_date"),
}


def fd_04(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person in views.child:
        rows = [
            row
            for row in views.of("ssd_cin_episodes", "cine_person_id", person)
            if views.not_later(row, "cine_referral_date") is not None
        ]
        if not rows:
            continue
        first_day = add_days(views.as_of, -p["window_days"])
        new = [row for row in rows if (on := real_date(row["cine_referral_date"])) is not None and on >= first_day]
        if not new:
            answers[person] = about(views, person, None)
            continue
        e = latest(new, day("cine_referral_date"), text("cine_referral_id"))
        referred, referral = real_date(e["cine_referral_date"]), id_of(e.get("cine_referral_id"))
        assert referred is not None
        back_to = add_months(referred, -p["lookback_months"])
        earlier = {
            id_of(row.get("cine_referral_id"))
            for row in rows
            if (on := real_date(row["cine_referral_date"])) is not None and back_to <= on < referred
        }
        n = len(earlier - {None, referral})
        level = "amber" if n >= p["amber_prior"] else "info" if n >= p["info_prior"] else None
        answers[person] = about(views, person, level, measure=n)
    return answers


def first_dates(views: Views, kind: str) -> list[date]:
    """Return the earliest date of each pair of ids of a kind of event; sealed people and those who died are among them."""
    table, event, who, when = EVENTS[kind]
    dates = defaultdict(list)
    for row in views.rows(table):
        pair, on = (id_of(row.get(event)), id_of(row.get(who))), real_date(row.get(when))
        if pair[0] is not None and pair[1] in views.person and on is not None:
            dates[pair].append(on)
    return [min(found) for found in dates.values()]


def fd_05(views: Views, p: Params) -> dict[str, Answer]:
    return {kind: surge(views, first_dates(views, kind), p) for kind in EVENTS}


def surge(views: Views, dates: list[date], p: Params) -> Answer:
    as_of, window, base = views.as_of, p["window_days"], p["base_windows"]

    def events(t: date) -> int:
        return sum(add_days(t, -window) < on <= t for on in dates)

    c, ly = events(as_of), events(add_days(as_of, -364))
    if ly == 0 or min(dates) > add_days(as_of, -window - 7 * (base - 1) - window + 1):
        return answer(None)
    before = [events(add_days(as_of, -window - 7 * (k - 1))) for k in range(1, base + 1)]
    mean = Fraction(sum(before), base)
    variance = sum((b - mean) ** 2 for b in before) / (base - 1)
    # c > mean + sd_factor * sd, without a root
    unusual = c > mean and (c - mean) ** 2 > p["sd_factor"] ** 2 * variance
    r = Fraction(c, ly)
    level = None
    if unusual and c >= p["min_events"]:
        level = "red" if r >= p["red_ratio"] else "amber" if r >= p["amber_ratio"] else None
    return answer(level, measure=float(r))


RULES: Mapping[str, Rule] = {"FD-04": fd_04, "FD-05": fd_05}
