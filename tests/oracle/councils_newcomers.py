"""People about whom each rule for children in care, on a plan or in need has something to say, or only just nothing."""

from __future__ import annotations

from datetime import date, time

from tests.oracle.adding import Adding
from tests.oracle.calendar import add_days, add_months, birthday
from tests.oracle.councils_care import moment
from tests.oracle.written import cased, coded, flag, working_days_before, written


def newcomers(adding: Adding) -> None:
    """Add people, each with one life out of those below."""
    for number in range(110):
        person = f"N{number}"
        adding.rng.choice(_LIVES)(adding, person)


def _born(adding: Adding, person: str, born: date | None, expected: date | None = None) -> None:
    adding.add(
        "ssd_person",
        pers_person_id=person,
        pers_dob=written(adding.rng, born) if born else adding.no_day(),
        pers_expected_dob=written(adding.rng, expected) if expected else adding.no_day(),
        pers_death_date=adding.no_day(),
    )


def _in_care(adding: Adding, person: str, since: date, status: str | None = None, until: date | None = None) -> str:
    period = f"{person}-care"
    adding.add(
        "ssd_cla_episodes",
        clae_cla_episode_id=adding.fresh(0),
        clae_person_id=person,
        clae_cla_episode_start_date=written(adding.rng, since),
        clae_cla_episode_ceased_date=written(adding.rng, until) if until else adding.no_day(),
        clae_cla_id=period,
        clae_entered_care_date=adding.no_day(),
    )
    if status:
        _status(adding, person, status, since)
    return period


def _status(adding: Adding, person: str, status: str, since: date, until: date | None = None) -> None:
    adding.add(
        "ssd_legal_status",
        lega_legal_status_id=adding.fresh(),
        lega_person_id=person,
        lega_legal_status=coded(adding.rng, status) if len(status) == 2 else cased(adding.rng, status),
        lega_legal_status_start_date=written(adding.rng, since),
        lega_legal_status_end_date=written(adding.rng, until) if until else adding.no_day(),
    )


def _near(adding: Adding, *months: int) -> date:
    """Return a day so many months before today, or next to it."""
    return add_days(add_months(adding.as_of, -adding.rng.choice(months)), adding.rng.choice((-1, 0, 0, 1)))


def _before(adding: Adding, *days: int) -> date:
    return add_days(adding.as_of, -adding.rng.choice(days))


def _of_age(adding: Adding, *years: int) -> date:
    """Return a date of birth of somebody who is, or is about to be, so old."""
    return add_days(birthday(adding.as_of, -adding.rng.choice(years)), adding.rng.choice((-100, -1, 0, 1)))


def _nearly_grown(adding: Adding, person: str) -> None:
    """In care for long, and seventeen and a half, or eighteen some working days ago."""
    rng = adding.rng
    grown = birthday(working_days_before(rng, adding.as_of, rng.choice((3, 4, 5, 6, 7))), -18)
    born = rng.choice((_near(adding, 210), _near(adding, 210), _near(adding, 200, 195, 194, 195), grown))
    _born(adding, person, born)
    begun = rng.choice((add_months(adding.as_of, -40), _before(adding, 90, 91, 92, 180, 182), add_months(adding.as_of, -5)))
    _in_care(adding, person, begun, rng.choice(("C2", "V2", "C1", "V4")))
    if rng.random() < 0.3:  # short breaks before, which do not count
        _in_care(adding, person, add_months(begun, -4), None, add_months(begun, -2))
        _status(adding, person, rng.choice(("V4", "V2")), add_months(begun, -4), add_months(begun, -2))
    if rng.random() < 0.5:
        _asylum(adding, person)


def _asylum(adding: Adding, person: str) -> None:
    rng = adding.rng
    ends = add_days(adding.as_of, rng.choice((-1, 0, 1, 30, 89, 90, 91, 400)))
    adding.add(
        "ssd_immigration_status",
        immi_immigration_status_id=adding.fresh(),
        immi_person_id=person,
        immi_immigration_status=rng.choice(
            ("UASC", "Asylum seeker", "Unaccompanied  child", "ASYLUM\u00a0granted", "Refugee", None)
        ),
        immi_immigration_status_start_date=written(rng, _before(adding, -1, 0, 30, 400)),
        immi_immigration_status_end_date=rng.choice((written(rng, ends), adding.no_day())),
    )


def _accommodated(adding: Adding, person: str) -> None:
    """In care by agreement for about half a year or a year, at times with a gap between two records of it."""
    rng = adding.rng
    _born(adding, person, _of_age(adding, 3, 8, 15, 15, 16))
    since = _near(adding, 6, 6, 12, 12, 3)
    _in_care(adding, person, rng.choice((since, add_months(since, -3), add_days(since, 20))))
    status = rng.choice(("V2", "V2", "V2", "C1"))
    if rng.random() < 0.5:
        turn = add_days(since, rng.choice((30, 60)))
        _status(adding, person, status, since, add_days(turn, rng.choice((-2, -1, -1, 0, 5))))
        _status(adding, person, status, turn)
    else:
        _status(adding, person, status, since)
    if rng.random() < 0.1:
        _status(adding, person, rng.choice(("C2", "V4")), since)
    if rng.random() < 0.1:
        _asylum(adding, person)


def _in_proceedings(adding: Adding, person: str) -> None:
    rng = adding.rng
    _born(adding, person, _of_age(adding, 2, 7, 14))
    since = _before(adding, 139, 140, 141, 181, 182, 183, 200)
    _in_care(adding, person, rng.choice((since, add_days(since, 30))))
    turn = add_days(since, 90)
    if rng.random() < 0.5:
        _status(adding, person, "C1", since, add_days(turn, rng.choice((-2, -1, 0, 3))))
        _status(adding, person, rng.choice(("C1", "C1", "interim care order")), turn)
    else:
        _status(adding, person, "C1", since)
    if rng.random() < 0.15:
        _status(adding, person, rng.choice(("C2", "E1", "V2")), adding.as_of)


def _to_be_adopted(adding: Adding, person: str) -> None:
    rng = adding.rng
    _born(adding, person, _of_age(adding, 1, 3, 5))
    entered = _before(adding, 425, 426, 427, 577, 578, 300, 200)
    period = _in_care(adding, person, entered, rng.choice(("E1", "C2")))
    for _ in adding.some(0, 5, 1):
        adding.add(
            "ssd_permanence",
            perm_table_id=adding.fresh(),
            perm_person_id=person,
            perm_adm_decision_date=written(rng, rng.choice((entered, add_days(entered, 60), add_days(entered, -1)))),
            perm_decision_reversed_date=adding.end(0.9) if rng.random() < 0.8 else written(rng, _before(adding, 6, 7, 8)),
            perm_placement_order_date=rng.choice((written(rng, _before(adding, 120, 121, 122, 243, 244)), adding.no_day())),
            perm_matched_date=rng.choice((written(rng, _before(adding, 29, 30, 31, 60, 61, -1)), adding.no_day(), None)),
            perm_placed_for_adoption_date=adding.end(0.85),
            perm_placed_ffa_cp_date=adding.end(0.7),
            perm_permanence_order_date=adding.end(0.92),
            perm_adopted_by_carer_flag=flag(rng, 0.1),
        )
    _placed(adding, person, period, entered, rng.choice(("A3", "A6", "U6", "U6")))


def _placed(adding: Adding, person: str, period: str, since: date, kind: str) -> None:
    rng = adding.rng
    adding.add(
        "ssd_cla_placement",
        clap_cla_placement_id=adding.fresh(),
        clap_cla_id=period,
        clap_person_id=person,
        clap_cla_placement_start_date=written(rng, since),
        clap_cla_placement_end_date=rng.choice((adding.no_day(), adding.no_day(), adding.days_ago(0, 6, 7, 8))),
        clap_cla_placement_type=coded(rng, kind),
    )


def _newly_placed(adding: Adding, person: str) -> None:
    """Placed so many working days ago, at times in a home of another kind."""
    rng = adding.rng
    _born(adding, person, _of_age(adding, 4, 12, 15, 16, 17))
    since = working_days_before(rng, adding.as_of, rng.choice((4, 5, 6, 7, 9, 10, 11, 19, 20, 21)))
    period = _in_care(adding, person, since, rng.choice(("C2", "V2")))
    _placed(adding, person, period, since, rng.choice(("Z1", "Z12", "K2", "U6", "U4", "R3", "A3", "P1", "K3")))


def _long_in_care(adding: Adding, person: str) -> None:
    """In care for about a year, at an age at which questionnaires begin or end, with a plan for the long term."""
    rng = adding.rng
    _born(adding, person, _of_age(adding, 3, 4, 5, 10, 16, 17))
    entered = _near(adding, 12, 12, 24, 6)
    period = _in_care(adding, person, entered, "C2")
    _placed(adding, person, period, entered, rng.choice(("U6", "U6", "U4", "K2")))
    adding.add(
        "ssd_cla_care_plan",
        lacp_person_id=person,
        lacp_cla_care_plan_start_date=written(rng, _near(adding, 6, 6, 5, 7)),
        lacp_cla_care_plan_end_date=adding.end(0.9),
        lacp_cla_care_plan_json=rng.choice(('{"LTFOST18": "Y"}', '{"LTRELFR": "1", "OTHERPLN"', '{"RETURN1M": "Y"}', None)),
    )


def _on_a_plan(adding: Adding, person: str) -> None:
    """On a protection plan, and seen, but hardly alone."""
    rng = adding.rng
    _born(adding, person, _of_age(adding, 3, 4, 4, 9))
    since = _before(adding, 41, 42, 43, 100, 200)
    adding.add(
        "ssd_cp_plans",
        cppl_cp_plan_id=adding.fresh(0),
        cppl_person_id=person,
        cppl_cp_plan_start_date=written(rng, since),
        cppl_cp_plan_end_date=adding.no_day(),
        cppl_cp_plan_ola=flag(rng, 0.03),
    )
    likely = rng.choice((0, 0, 0.1, 0.4))
    for _ in adding.some(1, 2, 3, 4, 3):
        on = add_days(since, rng.choice((-1, 0, 10, 20, 30, 40)))
        for _ in adding.some(0, 5, 1):
            alone = flag(rng, likely) if rng.random() < 0.8 else None
            adding.add(
                "ssd_cp_visits",
                cppv_cp_visit_id=adding.fresh(),
                cppv_person_id=person,
                cppv_cp_visit_date=written(rng, on),
                cppv_cp_visit_seen=flag(rng, 0.9),
                cppv_cp_visit_seen_alone=alone,
            )
    if rng.random() < 0.4:
        _need_plan(adding, person, working_days_before(rng, adding.as_of, rng.choice((4, 5, 6, 7))))


def _need_plan(adding: Adding, person: str, since: date, until: date | None = None) -> None:
    adding.add(
        "ssd_cin_plans",
        cinp_cin_plan_id=adding.fresh(),
        cinp_person_id=person,
        cinp_cin_plan_start_date=written(adding.rng, since),
        cinp_cin_plan_end_date=written(adding.rng, until) if until else adding.no_day(),
    )


def _in_need_for_long(adding: Adding, person: str) -> None:
    """On a child in need plan for about nine or twelve months, at times renewed, and visited some time ago."""
    rng = adding.rng
    _born(adding, person, _of_age(adding, 2, 9, 15, 17))
    since = _near(adding, 9, 9, 12, 12, 6)
    if rng.random() < 0.5:
        turn = add_days(since, 60)
        _need_plan(adding, person, since, add_days(turn, -rng.choice((0, 6, 7, 7, 8, -5))))
        _need_plan(adding, person, turn)
    else:
        _need_plan(adding, person, since)
    for _ in adding.some(1, 3, 2):
        adding.add(
            "ssd_cin_visits",
            cinv_cin_visit_id=adding.fresh(),
            cinv_person_id=person,
            cinv_cin_visit_date=written(
                rng, working_days_before(rng, adding.as_of, rng.choice((19, 20, 21, 30, 31, 60, 61, 70, 71)))
            ),
            cinv_cin_visit_seen=flag(rng, 0.85),
        )


def _expected(adding: Adding, person: str) -> None:
    """Expected, or expected long ago, with a referral before or after that day."""
    rng = adding.rng
    edd = _before(adding, -10, 26, 27, 28, 29, 100, 299, 300, 301)
    _born(adding, person, None, edd)
    referred = rng.choice((add_days(edd, -1), edd, add_days(edd, 1), _before(adding, 1, 20)))
    adding.add(
        "ssd_cin_episodes",
        cine_referral_id=adding.fresh(0),
        cine_person_id=person,
        cine_referral_date=written(rng, min(referred, adding.as_of)),
        cine_referral_nfa=flag(rng, 0.05),
        cine_close_date=adding.no_day(),
    )


def _gone(adding: Adding, person: str) -> None:
    """Missing since yesterday or today, and no other time."""
    rng = adding.rng
    _born(adding, person, _of_age(adding, 9, 14, 16))
    _in_care(adding, person, _before(adding, 100, 300), "C2")
    clock = time(*rng.choice(((6, 59), (7, 0), (7, 1), (0, 1), (23, 0), (0, 0))))
    since = add_days(adding.as_of, -rng.choice((0, 1, 1, 1)))
    adding.add(
        "ssd_missing",
        miss_table_id=adding.fresh(),
        miss_person_id=person,
        miss_missing_episode_start_date=moment(rng, since, clock),
        miss_missing_episode_end_date=adding.no_day(),
        miss_missing_episode_type="M",
    )


def _checked_before_care(adding: Adding, person: str) -> None:
    """In care, and last checked about as long before as still counts."""
    rng = adding.rng
    _born(adding, person, _of_age(adding, 6, 12))
    entered = _before(adding, 120, 200)
    _in_care(adding, person, entered, "C2")
    for kind in ("Health assessment", "Dental check"):
        on = add_days(entered, -rng.choice((89, 90, 90, 91)))
        adding.add(
            "ssd_cla_health",
            clah_health_check_id=adding.fresh(),
            clah_person_id=person,
            clah_health_check_date=written(rng, on),
            clah_health_check_type=kind,
            clah_health_check_status="Complete",
        )


def _reviewed(adding: Adding, person: str) -> None:
    """In care and reviewed once, with the second about four weeks ahead; and another review about a year ahead."""
    rng = adding.rng
    _born(adding, person, _of_age(adding, 6, 12))
    period = _in_care(adding, person, add_months(adding.as_of, -4), "C2")
    first = add_months(add_days(adding.as_of, rng.choice((26, 27, 28, 29))), -3)
    adding.add("ssd_cla_reviews", clar_cla_id=period, clar_cla_review_date=written(rng, first))
    if rng.random() < 0.5:
        ahead = add_days(add_months(adding.as_of, rng.choice((11, 12, 12, 13))), rng.choice((0, 1)))
        adding.add("ssd_cla_reviews", clar_cla_id=period, clar_cla_review_date=written(rng, ahead))


def _to_be_reviewed(adding: Adding, person: str) -> None:
    """On a protection plan whose review is about fifteen days ahead, and known about three hundred days before birth."""
    rng = adding.rng
    born = _of_age(adding, 1, 2)
    _born(adding, person, born)
    started = add_months(add_days(adding.as_of, rng.choice((14, 15, 16, 17))), -3)
    for key, begun, ended in (("new", started, None), ("old", add_days(born, -rng.choice((299, 300, 301))), born)):
        adding.add(
            "ssd_cp_plans",
            cppl_cp_plan_id=f"{person}-{key}",
            cppl_person_id=person,
            cppl_cp_plan_start_date=written(rng, begun),
            cppl_cp_plan_end_date=written(rng, ended) if ended else adding.no_day(),
        )


_LIVES = (
    _checked_before_care,
    _reviewed,
    _to_be_reviewed,
    _gone,
    _nearly_grown,
    _accommodated,
    _in_proceedings,
    _to_be_adopted,
    _newly_placed,
    _long_in_care,
    _on_a_plan,
    _in_need_for_long,
    _expected,
)
