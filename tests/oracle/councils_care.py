"""What the rules about children in care, missing children and enquiries read: tables of their own, nasty in every column."""

from __future__ import annotations

from datetime import date, time
from random import Random

from tests.oracle.adding import Adding
from tests.oracle.calendar import add_days, add_months
from tests.oracle.words import MISSING, OUTCOMES_OF_ENQUIRIES, SCORES
from tests.oracle.written import Cell, cased, dressed, flag, working_days_before, written


def moment(rng: Random, day: date, *clocks: time) -> Cell:
    """Write a moment: with a time and perhaps a zone, or as a day alone."""
    if not clocks or rng.random() < 0.2:
        return written(rng, day)
    clock = rng.choice(clocks)
    form = rng.choice(("{:%Y-%m-%d}T{:%H:%M}", "{:%Y-%m-%d} {:%H:%M}", "{:%d/%m/%Y} {:%H:%M}", "{:%Y-%m-%dT}{:%H:%M:59}"))
    zone = rng.choice(("", "", "", "", "Z", "+01:00", "+0000", "-05", "+02")) if clock != time(0) else ""
    return dressed(rng, form.format(day, clock) + zone)


# About the clock of the run, and those that the clock changes in March and October skip or show twice.
CLOCKS = tuple(
    time(*at) for at in ((6, 59), (7, 0), (7, 0), (7, 1), (0, 0), (0, 1), (1, 0), (1, 30), (1, 59), (2, 0), (23, 59), (12, 0))
)


def missing(adding: Adding) -> None:
    rng = adding.rng
    for person in adding.people:
        if not adding.chance(0.3):
            continue
        for _ in adding.some(0, 4, 3, 3, 2, 1):
            began = add_days(adding.as_of, -rng.choice((-1, 0, 1, 1, 2, 3, 27, 30, 60, 89, 90, 91)))
            ended = add_days(adding.as_of, -rng.choice((-1, 0, 1, 2, 2, 3, 3, 4, 27, 28, 29)))
            adding.add(
                "ssd_missing",
                miss_table_id=adding.fresh(),
                miss_person_id=person,
                miss_missing_episode_start_date=moment(rng, began, *CLOCKS) if adding.chance(0.95) else adding.start(),
                miss_missing_episode_end_date=adding.no_day() if adding.chance(0.3) else moment(rng, ended, *CLOCKS),
                miss_missing_episode_type=cased(rng, rng.choice(MISSING)),
                miss_missing_rhi_offered=rng.choice((flag(rng, 0.2), flag(rng, 0.2), "NA", "n/a", " na ", None)),
                miss_missing_rhi_accepted=flag(rng, 0.1),
            )


def questionnaires(adding: Adding) -> None:
    rng = adding.rng
    for person in adding.people:
        if not adding.chance(0.5):
            continue
        for _ in adding.some(0, 4, 2):
            adding.add(
                "ssd_sdq_scores",
                csdq_table_id=adding.fresh(),
                csdq_person_id=person,
                csdq_sdq_completed_date=rng.choice((adding.months_ago(12, 12, 11), adding.start())),
                csdq_sdq_score=dressed(rng, rng.choice(SCORES)),
            )
        for _ in adding.some(1, 4, 2):
            day = rng.choice(
                (date(adding.as_of.year, 3, 31), date(adding.as_of.year, 7, 31), date(adding.as_of.year - 1, 12, 31))
            )
            on = add_days(day, rng.choice((-1, 0, 1, 30)))
            recent = add_months(on, rng.choice((0, 0, -12))) if on <= adding.as_of else add_months(on, -12)
            adding.add("ext_pep", person_id=person, pep_on=rng.choice((written(rng, recent), adding.start())))


def asylum(adding: Adding) -> None:
    rng = adding.rng
    for person in adding.people:
        if adding.chance(0.06):
            adding.add(
                "ssd_immigration_status",
                immi_immigration_status_id=adding.fresh(),
                immi_person_id=person,
                immi_immigration_status=cased(rng, rng.choice(("UASC", "asylum seeker", "Indefinite leave", "unaccompanied"))),
                immi_immigration_status_start_date=adding.start(),
                immi_immigration_status_end_date=adding.end(0.6),
            )


def before_court(adding: Adding) -> None:
    """Add pre-proceedings of about twelve and sixteen weeks, of all kinds of people; in some councils none at all."""
    rng = adding.rng
    if adding.chance(0.1):
        return
    for person in adding.people:
        if not adding.chance(0.2):
            continue
        for _ in adding.some(0, 5, 1):
            decided = add_days(adding.as_of, -rng.choice((10, 30, 83, 84, 85, 111, 112, 113)))
            letter = add_days(adding.as_of, -rng.choice((5, 14, 15, 16, 40)))
            adding.add(
                "ssd_pre_proceedings",
                prep_table_id=adding.fresh(),
                prep_person_id=person,
                prep_pre_pro_decision_date=written(rng, decided) if adding.chance(0.9) else adding.start(),
                prep_pre_pro_letter_date=rng.choice((written(rng, letter), written(rng, letter), adding.no_day())),
                prep_initial_pre_pro_meeting_date=adding.end(0.6),
                prep_agree_stepdown_issue_date=adding.end(0.9),
                prep_care_pro_letter_date=adding.end(0.9),
            )


def enquiries(adding: Adding) -> None:
    """Add enquiries, alone or shared by siblings, with conferences about the day on which they are due."""
    rng, as_of = adding.rng, adding.as_of
    for person in adding.people:
        if not adding.chance(0.35):
            continue
        began = working_days_before(rng, as_of, rng.choice((1, 9, 10, 11, 12, 13, 14, 15, 15, 16, 30)))
        key, referral = adding.fresh(0.05), adding.fresh(0.2)
        for who in {person, rng.choice(adding.people) if adding.chance(0.3) else person}:
            adding.add(
                "ssd_s47_enquiry",
                s47e_s47_enquiry_id=key,
                s47e_referral_id=referral,
                s47e_person_id=who,
                s47e_s47_start_date=written(rng, began) if adding.chance(0.95) else adding.start(),
                s47e_s47_end_date=adding.end(0.7),
                s47e_s47_nfa=flag(rng, 0.1),
                s47e_s47_outcome_json=rng.choice(OUTCOMES_OF_ENQUIRIES),
            )
        if adding.chance(0.15):
            closed = rng.choice((began, add_days(began, -1), as_of, add_days(as_of, 1)))
            adding.add(
                "ssd_cin_episodes",
                cine_referral_id=referral,
                cine_person_id=rng.choice((person, rng.choice(adding.people))),
                cine_referral_date=written(rng, add_days(began, -3)),
                cine_close_date=written(rng, closed),
            )
        for _ in adding.some(5, 4, 1):
            target = add_days(began, rng.choice((-1, 0, 15, 20, 21, 59, 60, 61)))
            held = rng.choice((began, add_days(began, -1), as_of, add_days(as_of, 1), add_days(as_of, 3), add_days(as_of, 30)))
            adding.add(
                "ssd_initial_cp_conference",
                icpc_icpc_id=adding.fresh(),
                icpc_s47_enquiry_id=key if adding.chance(0.8) else adding.fresh(0.5),
                icpc_person_id=person,
                icpc_icpc_transfer_in=flag(rng, 0.1),
                icpc_icpc_target_date=rng.choice((written(rng, target), adding.no_day())),
                icpc_icpc_date=adding.no_day() if adding.chance(0.5) else written(rng, held),
                icpc_icpc_team=adding.team(),
            )


CARE = (missing, questionnaires, asylum, before_court, enquiries)
