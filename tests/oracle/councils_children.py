"""What the rules about children read beyond the tables of `councils`: outcomes, plans, health, moves, demand."""

from __future__ import annotations

from datetime import date

from tests.oracle.adding import Adding
from tests.oracle.calendar import add_days, add_months
from tests.oracle.words import HEALTH_CHECKS, HEALTH_STATES
from tests.oracle.written import cased, coded, dressed, flag, written


def referred_again(adding: Adding) -> None:
    """Add referrals of the last days, and others about a year before them."""
    rng = adding.rng
    for person in adding.people:
        if adding.chance(0.65):
            continue
        new = add_days(adding.as_of, -rng.choice((-1, 0, 1, 3, 6, 7, 7, 8)))
        _referral(adding, person, new)
        for _ in adding.some(2, 3, 3, 1):
            before = rng.choice((new, add_days(new, -1), add_days(new, -rng.randrange(1, 365)), add_months(new, -12)))
            _referral(adding, person, add_days(before, rng.choice((-1, 0, 0))))


def _referral(adding: Adding, person: str, on: date) -> None:
    rng = adding.rng
    adding.add(
        "ssd_cin_episodes",
        cine_referral_id=adding.fresh(),
        cine_person_id=person,
        cine_referral_date=written(rng, on),
        cine_referral_nfa=flag(rng, 0.4),
        cine_close_date=written(rng, min(adding.as_of, add_days(on, rng.randrange(60)))),
    )


def protected_for_long_or_again(adding: Adding) -> None:
    """Add plans that began so many months ago, and plans of the last days after others that ended about two years before."""
    rng = adding.rng
    for person in adding.people:
        if adding.chance(0.12):
            _plan(adding, person, adding.months_ago(15, 15, 18, 18, 24, 24, 30), adding.no_day())
        if not adding.chance(0.15):
            continue
        new = add_days(adding.as_of, -rng.choice((0, 1, 6, 7, 7, 8)))
        _plan(adding, person, written(rng, new), adding.no_day())
        for _ in adding.some(0, 4, 2):
            ended = add_days(add_months(new, -rng.choice((24, 24, 23, 30, 2, 0))), rng.choice((-1, 0, 1)))
            begun = rng.choice((add_days(ended, -rng.randrange(1, 300)), ended, new))
            _plan(adding, person, written(rng, begun), written(rng, ended))


def _plan(adding: Adding, person: str, begun: str | None, ended: str | None) -> None:
    adding.add(
        "ssd_cp_plans",
        cppl_cp_plan_id=adding.fresh(),
        cppl_person_id=person,
        cppl_cp_plan_start_date=begun,
        cppl_cp_plan_end_date=ended,
        cppl_cp_plan_ola=flag(adding.rng, 0.1),
    )


def plans_in_need(adding: Adding) -> None:
    rng = adding.rng
    for person in adding.people:
        if not adding.chance(0.4):
            continue
        for _ in adding.some(0, 5, 3, 1):
            adding.add(
                "ssd_cin_plans",
                cinp_cin_plan_id=adding.fresh(),
                cinp_person_id=person,
                cinp_cin_plan_start_date=rng.choice((adding.start(), adding.months_ago(9, 12, 6))),
                cinp_cin_plan_end_date=adding.end(0.75),
            )
        for _ in adding.some(3, 3, 1):
            adding.add(
                "ssd_cin_visits",
                cinv_cin_visit_id=adding.fresh(),
                cinv_person_id=person,
                cinv_cin_visit_date=adding.start(),
                cinv_cin_visit_seen=flag(rng, 0.8),
            )


def health(adding: Adding) -> None:
    """Add checks about the days on which the next one falls due; all in care have some, and some others too."""
    rng = adding.rng
    for person in adding.people:
        if not adding.chance(0.6):
            continue
        for _ in adding.some(1, 3, 3, 2):
            due = add_days(adding.as_of, rng.choice((0, 0, 28, 7, 30)))
            on = add_days(add_months(due, -rng.choice((6, 12, 11, 12, 3))), rng.choice((-1, 0, 0, 1)))
            adding.add(
                "ssd_cla_health",
                clah_health_check_id=adding.fresh(),
                clah_person_id=person,
                clah_health_check_date=rng.choice((written(rng, on), written(rng, on), adding.start())),
                clah_health_check_type=cased(rng, rng.choice(HEALTH_CHECKS)),
                clah_health_check_status=cased(rng, rng.choice(HEALTH_STATES)),
            )


def moves(adding: Adding) -> None:
    """Add placements in and about the last twelve months, some of which go on from another."""
    rng = adding.rng
    periods = [(row["clap_person_id"], row["clap_cla_id"]) for row in adding.tables["ssd_cla_placement"]]
    for person, period in sorted(set(periods), key=str):
        if not adding.chance(0.35):
            continue
        began = add_days(add_months(adding.as_of, -12), rng.choice((-1, 0, 1, 90)))
        for _ in adding.some(0, 2, 3, 3, 1):
            ended = add_days(began, rng.choice((0, 20, 60, 90, 364, 365, 366)))
            adding.add(
                "ssd_cla_placement",
                clap_cla_placement_id=adding.fresh(),
                clap_cla_id=period,
                clap_person_id=person,
                clap_cla_placement_start_date=written(rng, began),
                clap_cla_placement_end_date=adding.no_day() if ended > adding.as_of else written(rng, ended),
                clap_cla_placement_type=coded(rng, rng.choice(("U6", "U4", "K2", "K3", "P2", "H5", "T0", "Z1"))),
            )
            began = rng.choice((ended, ended, add_days(ended, 1)))


DEMAND = (
    ("ssd_contacts", "cont_contact_id", "cont_person_id", "cont_contact_date"),
    ("ssd_s47_enquiry", "s47e_s47_enquiry_id", "s47e_person_id", "s47e_s47_start_date"),
    ("ssd_cin_episodes", "cine_referral_id", "cine_person_id", "cine_referral_date"),
)


def demand(adding: Adding) -> None:
    """Add events of somewhat more than a year: as many now and a year ago as lie about the limits."""
    rng, as_of = adding.rng, adding.as_of
    for table, event, who, when in DEMAND:
        if adding.chance(0.3):
            continue
        before, now = rng.choice(
            ((30, 35), (30, 36), (30, 41), (30, 42), (25, 36), (25, 34), (25, 35), (26, 36), (15, 20), (0, 40))
        )
        since = rng.choice((411, 412, 412, 412, 500))
        ago = [rng.randrange(28) for _ in range(now)] + [364 + rng.randrange(28) for _ in range(before)]
        ago += [n for n in range(28, since) if not 364 <= n < 392 for _ in adding.some(1, 6, 1)] + [since, 392]
        for n in ago:
            on, key = add_days(as_of, -n), adding.fresh(0.01)
            end = {"cine_referral_id": "cine_close_date", "s47e_s47_enquiry_id": "s47e_s47_end_date"}.get(event)
            closed = {end: written(rng, on)} if end else {}
            person = adding.person() if adding.chance(0.1) else rng.choice(adding.people)
            adding.add(table, **{event: key, who: person, when: written(rng, on)}, **closed)
            if adding.chance(0.02):  # the same again, with a later date or none
                again = rng.choice((written(rng, add_days(on, 5)), adding.no_day()))
                adding.add(table, **{event: key, who: dressed(rng, person), when: again}, **closed)


CHILDREN = (referred_again, protected_for_long_or_again, plans_in_need, health, moves, demand)
