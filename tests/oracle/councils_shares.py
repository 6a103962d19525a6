"""People and events added last, so that a share, a count or a comparison of months lies just on one side of its limit."""

from __future__ import annotations

from datetime import date, time
from fractions import Fraction

from tests.oracle import demand, front_door, leavers, permanence
from tests.oracle.adding import Adding
from tests.oracle.calendar import add_days, add_months, birthday, is_wd
from tests.oracle.councils_care import moment
from tests.oracle.demand import base_of, last_month, month_days
from tests.oracle.views import Views
from tests.oracle.written import Cell, written

MOST = 260


def needed(adding: Adding, part: int, whole: int, share: Fraction) -> int:
    """Return how many more of a share's part bring it to `share`, or next to it."""
    return round((share * whole - part) / (1 - share)) + adding.rng.choice((-1, 0, 0, 1))


def _somebody(adding: Adding, person: str, born: date) -> None:
    adding.add(
        "ssd_person", pers_person_id=person, pers_dob=written(adding.rng, born), pers_expected_dob=None, pers_death_date=None
    )


def permanence_rate(adding: Adding) -> None:
    """Add children with a plan and a second review of the last three months."""
    views, p = Views(adding.tables, adding.as_of), permanence.DEFAULTS["CLA-20"]
    planned = permanence.planned(views, p)
    share = adding.rng.choice((p["amber_below"], p["red_below"], Fraction(4, 5), Fraction(19, 20)))
    more = needed(adding, sum(planned), len(planned), share)
    for number in range(more if 0 < more <= MOST else 0):
        person = f"S{number}"
        _somebody(adding, person, birthday(adding.as_of, -7))
        entered, second = add_months(adding.as_of, -7), add_days(add_months(adding.as_of, -3), 1 + number % 60)
        adding.add(
            "ssd_cla_episodes",
            clae_cla_episode_id=f"{person}-1",
            clae_person_id=person,
            clae_cla_episode_start_date=written(adding.rng, entered),
            clae_cla_id=f"{person}-care",
        )
        for on in (add_days(entered, 20), second):
            adding.add("ssd_cla_reviews", clar_cla_id=f"{person}-care", clar_cla_review_date=written(adding.rng, on))
        adding.add(
            "ssd_cla_care_plan",
            lacp_person_id=person,
            lacp_cla_care_plan_start_date=written(adding.rng, entered),
            lacp_cla_care_plan_json='{"ADOPTION": "Y"}',
        )


def in_touch_rate(adding: Adding) -> None:
    """Add care leavers who are in touch."""
    views, p = Views(adding.tables, adding.as_of), leavers.DEFAULTS["CL-08"]
    in_touch = leavers.in_touch(views)
    share = adding.rng.choice((p["amber_below"], p["red_below"], Fraction(9, 10), Fraction(24, 25)))
    more = needed(adding, sum(in_touch), len(in_touch), share)
    for number in range(more if 0 < more <= MOST else 0):
        person = f"L{number}"
        _somebody(adding, person, add_days(birthday(adding.as_of, -18), -20))
        adding.add(
            "ssd_care_leavers",
            clea_table_id=f"{person}-1",
            clea_person_id=person,
            clea_care_leaver_eligibility="FREL",
            clea_care_leaver_latest_contact=adding.days_ago(0, 30, 56),
            clea_pathway_plan_review_date=adding.days_ago(0, 30, 100, 200),
        )


def heard_of_again(adding: Adding) -> None:
    """Add children who are heard of, not referred, and heard of again."""
    rng = adding.rng
    for number in range(30):
        person = f"H{number}"
        _somebody(adding, person, birthday(adding.as_of, -rng.choice((3, 9, 17, 18))))
        cut = add_months(adding.as_of, -6)
        for _ in adding.some(0, 1, 2, 4, 4, 4, 2):
            on = rng.choice((cut, add_days(cut, -1), add_days(cut, 1), adding.as_of, add_days(cut, rng.randrange(180))))
            for _ in adding.some(0, 5, 1):
                adding.add(
                    "ssd_contacts", cont_contact_id=adding.fresh(), cont_person_id=person, cont_contact_date=written(rng, on)
                )
        if adding.chance(0.2):
            adding.add(
                "ssd_cin_episodes",
                cine_referral_id=adding.fresh(),
                cine_person_id=person,
                cine_referral_date=written(rng, add_days(cut, rng.choice((-1, 0, 1)))),
                cine_close_date=written(rng, adding.as_of),
            )


def month_against_month(adding: Adding) -> None:
    """Add events of one kind to last month and to the same month before, so that the two lie about a limit."""
    rng = adding.rng
    month, base = month_days(last_month(adding.as_of)), base_of(last_month(adding.as_of), 1, demand.DEFAULTS["FD-07"])
    if base is None or adding.chance(0.3):
        return
    kind = rng.choice(("contacts", "referrals", "s47", "strategy", "cp_plans"))
    dates = list(demand.first_dates(Views(adding.tables, adding.as_of), kind).values())
    n, k = (sum(days[0] <= on <= days[-1] for on in dates) for days in (month, base))
    for_limit = rng.choice((Fraction("1.20"), Fraction("1.30"), Fraction("1.30"), Fraction("1.35"), Fraction("1.40")))
    wanted = max(k, rng.choice((60, 230, 240, 260)))
    adjusted = for_limit * wanted * sum(map(is_wd, month)) / sum(map(is_wd, base))
    _events(adding, kind, base, wanted - k)
    _events(adding, kind, month, int(adjusted) + rng.choice((-1, 0, 1, 1)) - n)
    if adding.chance(0.8):
        _events(adding, kind, [add_days(base[0], rng.choice((0, 0, -1, 1)))], 1)


def _events(adding: Adding, kind: str, days: list[date], count: int) -> None:
    table, event, who, when = demand.EVENTS[kind]
    ends = {"referrals": "cine_close_date", "s47": "s47e_s47_end_date", "cp_plans": "cppl_cp_plan_end_date"}
    for _ in range(count):
        on = written(adding.rng, adding.rng.choice(days))
        closed = {ends[kind]: on} if kind in ends else {}
        adding.add(table, **{event: adding.fresh(0), who: adding.rng.choice(adding.people), when: on}, **closed)


def referred_once(adding: Adding) -> None:
    """Add people who were referred once in the last twelve months, so that the share of those who came again falls to a limit."""
    again, recent = demand.referred_again(Views(adding.tables, adding.as_of))
    limit = adding.rng.choice((Fraction("0.22"), Fraction("0.22"), Fraction("0.26"), Fraction("0.24")))
    more = round(again / limit) - len(recent) + adding.rng.choice((-1, 0, 1))
    if not 0 < more <= 2 * MOST:
        return
    old = add_days(add_months(adding.as_of, -24), adding.rng.choice((-1, 0, 0, 1)))
    _referred(adding, "Q", old)
    for number in range(more):
        _referred(adding, f"Q{number}", add_days(adding.as_of, -(number % 360)))


def _referred(adding: Adding, person: str, on: date) -> None:
    _somebody(adding, person, birthday(adding.as_of, -30))
    day = written(adding.rng, on)
    adding.add(
        "ssd_cin_episodes", cine_referral_id=f"{person}-1", cine_person_id=person, cine_referral_date=day, cine_close_date=day
    )


def more_serious(adding: Adding) -> None:
    """Add many assessments of the last quarter and of a year before, with the same need in more of them now."""
    rng = adding.rng
    if adding.chance(0.5):
        return
    first = add_months(last_month(adding.as_of), -2)
    base = base_of(first, 3, demand.DEFAULTS["FD-10"])
    code = rng.choice(("4A", "19B", "1A", "11A", "1A 2A 3A 5A"))
    before, now = rng.choice(((40, 56), (40, 60), (40, 61), (40, 62), (40, 63), (40, 75), (40, 30)))
    for days, serious in ((month_days(first, 3), now), (base or [], before)):
        for number in range(220 if days else 0):
            key = adding.fresh(0)
            adding.add(
                "ssd_cin_assessments",
                cina_assessment_id=key,
                cina_person_id=rng.choice(adding.people),
                cina_assessment_auth_date=written(rng, rng.choice(days)),
            )
            text: Cell = code if number < serious else "7A"
            adding.add(
                "ssd_assessment_factors",
                cinf_table_id=adding.fresh(),
                cinf_assessment_id=key,
                cinf_assessment_factors_json=text if adding.chance(0.97) else None,
            )


def in_time_last_week(adding: Adding) -> None:
    """Add contacts and referrals of last week that were decided in time, so that their share rises to a limit."""
    rng, p = adding.rng, front_door.DEFAULTS["FD-02"]
    monday, _ = front_door.last_week(adding.as_of)
    for kind in ("contacts", "referrals"):
        share = rng.choice((p["amber_below"], p["red_below"], Fraction(93, 100), Fraction(24, 25)))
        more = needed(adding, *front_door.in_time(Views(adding.tables, adding.as_of), kind, p), share)
        for _ in range(more if 0 < more <= 2 * MOST else 0):
            _decided(adding, kind, add_days(monday, rng.randrange(3)))


def _decided(adding: Adding, kind: str, on: date) -> None:
    rng, subject, person, day = adding.rng, adding.fresh(0), adding.rng.choice(adding.people), written(adding.rng, on)
    received, decided = moment(rng, on, time(9, 0), time(9, 1)), moment(rng, add_days(on, 1), time(9, 0), time(8, 59))
    if kind == "contacts":
        adding.add("ext_contact", contact_id=subject, received_at=received, decision_at=decided)
        adding.add("ssd_contacts", cont_contact_id=subject, cont_person_id=person, cont_contact_date=day)
    else:
        adding.add("ext_referral", referral_id=subject, received_at=received, completed_at=decided)
        adding.add(
            "ssd_cin_episodes", cine_referral_id=subject, cine_person_id=person, cine_referral_date=day, cine_close_date=day
        )


def weeks_against_a_year_ago(adding: Adding) -> None:
    """Add events of a year ago, so that those of the last weeks are more by about a limit."""
    rng, views = adding.rng, Views(adding.tables, adding.as_of)
    for kind in ("contacts", "referrals", "s47", "strategy"):
        if adding.chance(0.5):
            continue
        dates = list(demand.first_dates(views, kind).values())
        window = [add_days(adding.as_of, -n) for n in range(27, -1, -1)]
        before = [add_days(on, -364) for on in window]
        now, then = (sum(days[0] <= on <= days[-1] for on in dates) for days in (window, before))
        limit = rng.choice((Fraction("1.20"), Fraction("1.30"), Fraction("1.40")))
        _events(adding, kind, before, round(now / limit) - then + rng.choice((0, 0, 1, -1)))


SHARES = (
    more_serious,
    in_time_last_week,
    heard_of_again,
    permanence_rate,
    in_touch_rate,
    referred_once,
    weeks_against_a_year_ago,
    month_against_month,
)
