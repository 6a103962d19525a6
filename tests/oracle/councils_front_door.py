"""What the rules of the front door read: contacts and referrals with their moments, strategy discussions, factors, starts."""

from __future__ import annotations

from datetime import date, time

from tests.oracle.adding import Adding
from tests.oracle.calendar import add_days, add_months
from tests.oracle.councils_care import moment
from tests.oracle.words import FACTORS
from tests.oracle.written import Cell, cased, flag, working_days_before, written

CLOCKS = tuple(time(*at) for at in ((6, 59), (7, 0), (7, 1), (10, 59), (11, 0), (11, 1), (0, 0), (16, 30), (1, 30), (23, 59)))


def _arrived(adding: Adding) -> tuple[date, Cell, Cell]:
    """Return a day, the moment at which something came in on it, and that at which it was decided."""
    rng = adding.rng
    on = working_days_before(rng, adding.as_of, rng.choice((0, 1, 1, 2, 2, 3, 4, 5)))
    if adding.chance(0.3):
        on = add_days(adding.as_of, -rng.randrange(1, 16))
    later = add_days(on, rng.choice((0, 1, 1, 2, 3, 4)))
    decided = moment(rng, later, *CLOCKS) if adding.chance(0.55) else adding.no_day()
    return on, moment(rng, on, *CLOCKS) if adding.chance(0.97) else adding.no_day(), decided


def contacts(adding: Adding) -> None:
    """Add contacts of the last two weeks, of one child or of siblings, and children who are heard of again and again."""
    rng = adding.rng
    for _ in range(rng.choice((60, 120))):
        key, (on, received, decided) = adding.fresh(0.01), _arrived(adding)
        for _ in adding.some(0, 9, 2, 1):
            adding.add("ssd_contacts", cont_contact_id=key, cont_person_id=adding.person(), cont_contact_date=written(rng, on))
        for _ in adding.some(0, 9, 1):
            adding.add(
                "ext_contact",
                contact_id=key,
                received_at=received if adding.chance(0.9) else _arrived(adding)[1],
                decision_at=decided if adding.chance(0.9) else adding.no_day(),
                rag=cased(rng, rng.choice(("red", "amber", "green", None, "Red"))),
                team_id=adding.team(),
            )
    for person in adding.people:
        if adding.chance(0.15):
            for _ in adding.some(0, 0, 3, 3, 2, 3, 1):
                on = rng.choice(
                    (add_days(add_months(adding.as_of, -6), rng.choice((-1, 0, 1))), add_days(adding.as_of, -rng.randrange(180)))
                )
                adding.add(
                    "ssd_contacts", cont_contact_id=adding.fresh(), cont_person_id=person, cont_contact_date=written(rng, on)
                )


def referrals(adding: Adding) -> None:
    """Add referrals of the last two weeks with their moments; nothing has started after some of them."""
    rng = adding.rng
    for _ in range(rng.choice((40, 90))):
        key, (on, received, decided) = adding.fresh(0.01), _arrived(adding)
        for _ in adding.some(0, 9, 1):
            adding.add(
                "ssd_cin_episodes",
                cine_referral_id=key,
                cine_person_id=adding.person(),
                cine_referral_date=written(rng, on),
                cine_referral_nfa=flag(rng, 0.15),
                cine_close_date=adding.end(0.85),
                cine_referral_team=adding.team(),
            )
        for _ in adding.some(0, 9, 1):
            adding.add(
                "ext_referral",
                referral_id=key,
                received_at=received,
                completed_at=decided if adding.chance(0.9) else adding.no_day(),
                team_id=adding.team(),
            )


def strategies(adding: Adding) -> None:
    """Add strategy discussions of somewhat more than a year, in some councils as many as lie about the limits."""
    rng = adding.rng
    if adding.chance(0.1):
        return
    before, now = rng.choice(((30, 35), (30, 36), (30, 42), (25, 30), (20, 40)))
    ago = [rng.randrange(28) for _ in range(now)] + [364 + rng.randrange(28) for _ in range(before)]
    ago += [n for n in range(28, 460) if not 364 <= n < 392 for _ in adding.some(1, 6, 1)]
    for n in ago:
        enquiry = adding.fresh(0.3) if adding.chance(0.9) else None
        _discussion(adding, adding.fresh(0.01), adding.person(), enquiry, n)
        if adding.chance(0.03):
            _discussion(adding, "again", rng.choice(adding.people), rng.choice((None, enquiry)), n)


def _discussion(adding: Adding, key: Cell, person: Cell, enquiry: Cell, ago: int) -> None:
    on = add_days(adding.as_of, -ago)
    adding.add("ext_strategy", strategy_id=key, person_id=person, s47_enquiry_id=enquiry, held_on=written(adding.rng, on))


def factors(adding: Adding) -> None:
    """Add assessments of the last quarter and of the same quarter a year before, with their factors."""
    rng = adding.rng
    if adding.chance(0.7):
        return
    first = add_months(adding.as_of.replace(day=1), -3)
    codes = rng.choice((0.25, 0.3, 0.5))
    for years, share, count in ((0, codes, 62), (1, 0.2, 62), (2, 0.2, 60 if adding.chance(0.3) else 0)):
        for _ in range(count):
            key, on = adding.fresh(0), add_days(add_months(first, -12 * years), rng.randrange(90))
            adding.add(
                "ssd_cin_assessments",
                cina_assessment_id=key,
                cina_person_id=rng.choice(adding.people),
                cina_referral_id="long ago",
                cina_assessment_start_date=written(rng, add_days(on, -30)),
                cina_assessment_auth_date=written(rng, on),
            )
            for _ in adding.some(1, 18, 1):
                serious = rng.choice(FACTORS[:6]) if rng.random() < share else rng.choice(FACTORS[6:])
                adding.add(
                    "ssd_assessment_factors",
                    cinf_table_id=adding.fresh(),
                    cinf_assessment_id=key,
                    cinf_assessment_factors_json=serious,
                )


def referred_and_no_more(adding: Adding) -> None:
    """Add people who were referred some days ago, and of whom little has come since: no assessment, no plan, nobody seen."""
    rng = adding.rng
    for number in range(30):
        person, referral = f"R{number}", adding.fresh(0)
        born = add_days(adding.as_of, -rng.randrange(100, 6000))
        adding.add("ssd_person", pers_person_id=person, pers_dob=written(rng, born), pers_expected_dob=None, pers_death_date=None)
        referred = working_days_before(rng, adding.as_of, rng.choice((4, 5, 6, 9, 10, 11, 54, 55, 56, 56, 57, 60)))
        adding.add(
            "ssd_cin_episodes",
            cine_referral_id=referral,
            cine_person_id=person,
            cine_referral_date=written(rng, referred),
            cine_referral_nfa=flag(rng, 0.03),
            cine_close_date=adding.no_day(),
            cine_referral_team=adding.team(),
        )
        for _ in adding.some(3, 6, 1):
            authorised = working_days_before(rng, adding.as_of, rng.choice((9, 10, 11, 12, 20)))
            adding.add(
                "ssd_cin_assessments",
                cina_assessment_id=adding.fresh(0),
                cina_person_id=person,
                cina_referral_id=referral if adding.chance(0.9) else "another",
                cina_assessment_start_date=rng.choice(
                    (written(rng, referred), written(rng, add_days(referred, -1)), adding.no_day())
                ),
                cina_assessment_auth_date=written(rng, authorised) if adding.chance(0.9) else adding.no_day(),
            )
        if adding.chance(0.2):
            ended = working_days_before(rng, adding.as_of, rng.choice((0, 9, 10, 11)))
            adding.add(
                "ssd_cin_plans",
                cinp_cin_plan_id=adding.fresh(),
                cinp_person_id=person,
                cinp_referral_id=rng.choice((referral, None)),
                cinp_cin_plan_start_date=written(rng, add_days(ended, -20)),
                cinp_cin_plan_end_date=written(rng, ended),
            )


FRONT_DOOR = (contacts, referrals, strategies, factors)
