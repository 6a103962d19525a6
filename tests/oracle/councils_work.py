"""What the rules about managers, teams, posts and audits read: supervision, notes, audits, figures of a month, vacancies, loads."""

from __future__ import annotations

from datetime import date, time

from tests.oracle.adding import Adding
from tests.oracle.calendar import add_days, add_months, birthday
from tests.oracle.cells import id_of
from tests.oracle.councils_care import moment
from tests.oracle.demand import last_month
from tests.oracle.words import ACTION_RAGS, ALLOCATED, EVIDENCE, GRADES, KINDS_OF_AUDIT, KINDS_OF_SUPERVISION
from tests.oracle.written import Cell, cased, coded, dressed, flag, working_days_before, written

SERVICES = ("front_door", "assessment", "help_protection", "children_in_care", "care_leavers", "disabled_children")


def workers_of(adding: Adding) -> list[str]:
    found = {id_of(row.get("worker_id")) for row in adding.tables.get("ext_staff", [])} - {None}
    return sorted(str(worker) for worker in found)


def busy_teams(adding: Adding) -> None:
    """Add teams of three or four, with about as many cases as the limit of their service allows."""
    rng = adding.rng
    for number in range(5):
        team, service = f"B{number}", rng.choice((*SERVICES, "help_protection"))
        low, high = {"care_leavers": (20, 26), "children_in_care": (14, 18), "disabled_children": (18, 23)}.get(service, (16, 20))
        workers = [f"B{number}-{n}" for n in range(rng.choice((2, 3, 3, 4)))]
        hours = [rng.choice(("1", "1.0", "0.5", "0.8")) for _ in workers]
        adding.add(
            "ext_team", team_id=team, name=None, service=cased(rng, service), manager_id=rng.choice((workers[0], "gone", None))
        )
        for worker, fte in zip(workers, hours, strict=True):
            adding.add(
                "ext_staff",
                worker_id=worker,
                name=None,
                role=rng.choice(("social_worker", "senior_social_worker", "lead_practitioner", "other")),
                team_id=team,
                fte=fte,
                asye=flag(rng, 0.2),
                starts_on=rng.choice((adding.days_ago(21, 22, 28, 29, 35, 36, 42, 43, 400), None)),
                ends_on=None,
            )
            adding.add("ssd_professionals", prof_professional_id=worker, prof_professional_name=None)
        total = round(rng.choice((low, high)) * sum(map(float, hours))) + rng.choice((-1, 0, 0, 1))
        for person in rng.sample(adding.people, min(total, len(adding.people))):
            adding.add(
                "ssd_involvements",
                invo_involvements_id=adding.fresh(0),
                invo_professional_id=rng.choice(workers),
                invo_professional_role_id=cased(rng, rng.choice(ALLOCATED)),
                invo_professional_team=team,
                invo_person_id=person,
                invo_involvement_start_date=adding.days_ago(1, 20, 200),
                invo_involvement_end_date=None,
            )


def well_run_teams(adding: Adding) -> None:
    """Add teams with twelve children in care, of whom all, or all but a few, are seen, reviewed and looked at in time."""
    rng, as_of = adding.rng, adding.as_of
    for number in range(3):
        team = f"G{number}"
        adding.add("ext_team", team_id=team, name=None, service="children_in_care", manager_id=f"{team}-0")
        for n in range(4):
            adding.add(
                "ext_staff",
                worker_id=f"{team}-{n}",
                name=None,
                role="social_worker",
                team_id=team,
                fte="1",
                asye=None,
                starts_on=None,
            )
            _supervised(adding, f"{team}-{n}", None, adding.days_ago(10, 20) if adding.chance(0.9) else None)
        unseen, unreviewed, unplanned, unlooked = (rng.choice((0, 0, 1, 2, 3)) for _ in range(4))
        entered = add_days(as_of, -200)
        for n in range(12):
            person = f"{team}-C{n}"
            born = written(rng, birthday(as_of, -9))
            adding.add("ssd_person", pers_person_id=person, pers_dob=born, pers_expected_dob=None, pers_death_date=None)
            adding.add(
                "ssd_cla_episodes",
                clae_cla_episode_id=f"{person}-E",
                clae_person_id=person,
                clae_cla_id=person,
                clae_cla_episode_start_date=written(rng, entered),
            )
            adding.add(
                "ssd_involvements",
                invo_involvements_id=f"{person}-I",
                invo_professional_id=f"{team}-{n % 4}",
                invo_professional_role_id="CW",
                invo_professional_team=team,
                invo_person_id=person,
                invo_involvement_start_date=written(rng, entered),
            )
            seen = add_days(as_of, -(20 if n >= unseen else rng.choice((43, 48, 70))))
            adding.add("ssd_cla_visits", clav_person_id=person, clav_cla_visit_date=written(rng, seen), clav_cla_visit_seen="Y")
            for on in (add_days(entered, 20), add_days(entered, 100)) if n >= unreviewed else ():
                adding.add("ssd_cla_reviews", clar_cla_id=person, clar_cla_review_date=written(rng, on))
            adding.add(
                "ssd_cla_care_plan",
                lacp_person_id=person,
                lacp_cla_care_plan_start_date=written(rng, entered),
                lacp_cla_care_plan_json='{"LTFOST18": "Y"}' if n >= unplanned else None,
            )
            noted = add_days(as_of, -(20 if n >= unlooked else 60))
            adding.add("ext_oversight", person_id=person, by_id=None, noted_on=written(rng, noted))


def waiting(adding: Adding) -> None:
    """Add teams with five or six children in need whom nobody has, or with one child in care."""
    rng = adding.rng
    for number in range(3):
        team = f"U{number}"
        adding.add("ext_team", team_id=team, name=None, service=rng.choice(SERVICES), manager_id=None)
        for n in range(rng.choice((5, 6, 6, 7))):
            person = f"{team}-{n}"
            born = written(rng, birthday(adding.as_of, -8))
            adding.add("ssd_person", pers_person_id=person, pers_dob=born, pers_expected_dob=None, pers_death_date=None)
            referred = working_days_before(rng, adding.as_of, rng.choice((6, 6, 6, 7, 20)))
            adding.add(
                "ssd_cin_episodes",
                cine_referral_id=f"{person}-R",
                cine_person_id=person,
                cine_referral_date=written(rng, referred),
                cine_close_date=None,
                cine_referral_team=team,
            )
            if n == 0 and adding.chance(0.2):
                adding.add(
                    "ssd_cla_episodes",
                    clae_cla_episode_id=f"{person}-E",
                    clae_person_id=person,
                    clae_cla_id=f"{person}-C",
                    clae_cla_episode_start_date=written(rng, working_days_before(rng, adding.as_of, rng.choice((1, 2, 3)))),
                )


def covers(adding: Adding) -> None:
    rng = adding.rng
    workers = [*workers_of(adding), "gone"]
    for worker in workers:
        for _ in adding.some(5, 3, 1):
            begins = add_days(adding.as_of, -rng.choice((-1, 0, 12, 13, 14, 15, 40, 60)))
            ends = add_days(begins, rng.choice((5, 12, 13, 14, 20, 40)))
            adding.add(
                "ext_cover",
                staff_id=worker,
                covered_by=rng.choice((*workers, None)),
                from_date=written(rng, begins) if adding.chance(0.95) else adding.no_day(),
                to_date=rng.choice((written(rng, ends), written(rng, ends), adding.no_day())),
            )


def supervision(adding: Adding) -> None:
    rng = adding.rng
    for worker in workers_of(adding):
        for _ in adding.some(1, 4, 2):
            _supervised(
                adding, worker, rng.choice((*adding.people, None)), adding.days_ago(-1, 0, 21, 22, 28, 29, 35, 36, 42, 43)
            )
    for person in adding.people:
        if adding.chance(0.5):
            _supervised(adding, rng.choice(("W1", None)), person, adding.days_ago(28, 29, 42, 43, 56, 57, 60, 61, 75, 76, 90, 91))


def _supervised(adding: Adding, worker: Cell, person: Cell, on: Cell) -> None:
    adding.add(
        "ext_supervision",
        kind=cased(adding.rng, adding.rng.choice(KINDS_OF_SUPERVISION)),
        worker_id=worker,
        person_id=person,
        supervisor_id=None,
        held_on=on if adding.chance(0.95) else adding.no_day(),
    )


def oversight(adding: Adding) -> None:
    rng = adding.rng
    workers = [*workers_of(adding), "nobody we know", None]
    for person in adding.people:
        for _ in adding.some(4, 4, 3, 1):
            on = rng.choice((adding.days_ago(28, 29, 42, 43, 56, 57), adding.start(), adding.days_ago(0, 5, 10)))
            adding.add("ext_oversight", person_id=person, by_id=rng.choice(workers), noted_on=on)


def audits(adding: Adding) -> None:
    rng, as_of = adding.rng, adding.as_of
    teams = [*adding.teams, *[f"B{n}" for n in range(5)], None]
    for team in rng.sample(adding.teams, min(4, len(adding.teams))):  # so many of one team that their share can be told
        for n in range(rng.choice((9, 10, 14))):
            good = n < rng.choice((3, 4, 5, 6, 9))
            _audit(
                adding, team, rng.choice(("GOOD", "outstanding") if good else ("RI", "Inadequate")), adding.days_ago(1, 40, 80)
            )
    for _ in range(70):
        audited = rng.choice(
            (adding.days_ago(0, 5, 7, 8, 29, 30, 31, 59, 60, 61, -3), adding.months_ago(3), adding.no_day(), None)
        )
        _audit(adding, rng.choice(teams), rng.choice(GRADES), audited)
    for key in rng.sample(range(70), 10):
        _audit(adding, None, "INAD", written(rng, add_days(as_of, -rng.choice((1, 20)))), repeats=f"au{key}")


def _audit(adding: Adding, team: Cell, grade: Cell, audited: Cell, repeats: Cell = None) -> None:
    rng = adding.rng
    due = written(rng, working_days_before(rng, adding.as_of, rng.choice((0, 1, 9, 10, 11))))
    actions = written(rng, working_days_before(rng, adding.as_of, rng.choice((0, 1, 9, 10, 11, 12))))
    again = adding.days_ago(-31, -30, -29, -1, 0, 1)
    adding.add(
        "ext_audit",
        audit_id=adding.fresh(),
        kind=cased(rng, rng.choice(KINDS_OF_AUDIT)),
        person_id=rng.choice((adding.person(), adding.person(), None)),
        team_id=team,
        auditor_id=rng.choice(("W1", "007", "B0-0", "nobody", None)),
        due_on=rng.choice((due, due, adding.no_day())),
        audited_on=audited,
        grade=coded(rng, grade) if grade and grade.isupper() else cased(rng, grade),
        reaudit_of=repeats,
        actions_due_on=rng.choice((actions, adding.no_day(), adding.no_day())),
        actions_done_on=adding.end(0.8),
        reaudit_due_on=again if adding.chance(0.15) else adding.no_day(),
    )


def months(adding: Adding) -> None:
    """Add the figures of fourteen months; the last are about the limits, and some are not there."""
    rng = adding.rng
    last = add_months(last_month(adding.as_of), rng.choice((0, 0, 0, 0, -1, -2, 1)))
    for team in [*adding.teams, *[f"B{n}" for n in range(5)]]:
        vacant, inpost = rng.choice(
            (("1.5", "8.5"), ("1.6", "8.4"), ("2.6", "7.4"), ("2.5", "7.5"), ("1.2", "8.8"), ("0", "2.9"))
        )
        agency = rng.choice(("2", "2.2", "2.1", "3.7", "3.2", "0", "0.7"))
        leavers = rng.choice(("0", "0.1", "0.1", "0.15", "0.2"))
        for n in range(14):
            before = n > 0
            figures = {
                "inpost_fte": rng.choice((inpost, inpost, "9.3")) if before else inpost,
                "vacant_fte": rng.choice((vacant, "0.7")) if before else vacant,
                "agency_fte": rng.choice((agency, "1")) if before else agency,
                "leavers_fte": leavers,
            }
            if adding.chance(0.01):
                figures[rng.choice(list(figures))] = rng.choice(("", "n/a", "many"))
            if adding.chance(0.01):
                continue
            month = add_days(add_months(last, -n), rng.randrange(28))
            adding.add(
                "ext_workforce", team_id=team, month=written(rng, month), **{k: dressed(rng, v) for k, v in figures.items()}
            )


def vacancies(adding: Adding) -> None:
    rng = adding.rng
    roles = ("social_worker", "social_worker", "team_manager", "Team_Manager", "service_manager", None)
    for _ in range(40):
        adding.add(
            "ext_vacancy",
            vacancy_id=adding.fresh(),
            team_id=rng.choice((*adding.teams, *[f"B{n}" for n in range(5)], None)),
            role=cased(rng, rng.choice(roles)),
            vacant_from=adding.days_ago(-1, 0, 27, 28, 29, 55, 56, 57, 83, 84, 85, 125, 126, 127)
            if adding.chance(0.95)
            else adding.no_day(),
            advertised_on=adding.end(0.5),
            offered_on=adding.end(0.9),
            filled_on=adding.end(0.9),
            withdrawn_on=adding.end(0.95),
        )


def actions(adding: Adding) -> None:
    """Add actions of the improvement plan, with evidence that agrees with what is stated, or does not."""
    rng = adding.rng
    for _ in range(40):
        codes = [rng.choice(EVIDENCE) for _ in adding.some(2, 5, 3, 1)]
        ref = rng.choice((f"{rng.randrange(1, 9)}.{rng.randrange(1, 30)}", adding.fresh()))
        adding.add(
            "ext_plan_action",
            ref=ref,
            title=None,
            owner_id=rng.choice(("W1", "007", "B0-0", "nobody", None)),
            rag=cased(rng, rng.choice(ACTION_RAGS)),
            previous_rag=cased(rng, rng.choice(ACTION_RAGS)),
            updated_on=rng.choice((adding.days_ago(0, 41, 42, 43), adding.days_ago(0, 5), adding.no_day())),
            evidence_due_on=rng.choice((adding.days_ago(-5, -1, 0, 1), adding.no_day(), adding.no_day())),
            closed_on=adding.end(0.93),
            evidence=rng.choice((";", "; ", " ;")).join(codes) or None,
        )


def loads(adding: Adding) -> None:
    """Add when tables were loaded: mostly before the run, some a day before, some after it."""
    rng, as_of = adding.rng, adding.as_of
    clocks = (time(5, 0), time(6, 59), time(7, 0), time(7, 1), time(22, 30), time(0, 0))
    for table in ("ext_contact", "ext_referral", "ssd_missing", "ssd_cp_plans"):
        for _ in adding.some(3, 4, 2):
            on: date = add_days(as_of, -rng.choice((0, 0, 0, 1, 2, -1)))
            adding.add("ext_load", table_name=cased(rng, table), loaded_at=moment(rng, on, *clocks), row_count=None)


WORK = (busy_teams, well_run_teams, waiting, covers, supervision, oversight, audits, months, vacancies, actions, loads)
