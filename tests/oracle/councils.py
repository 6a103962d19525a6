"""Small but vicious councils: every trap of the rule definitions, at odds that no real council would survive.

Where the definitions do not decide between two rows (equal in everything that orders them, yet different), one of the
two is taken out: those rows would test nothing but luck.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from random import Random

from tests.oracle.calendar import add_days, add_months, birthday
from tests.oracle.cells import Row, Table, id_of, norm, real_date
from tests.oracle.words import (
    ACCOMMODATION,
    ADVISERS,
    ALLOCATED,
    ELIGIBLE,
    FTE,
    HEAVY,
    IN_CARE,
    NAMES,
    NO_STATUS,
    NOT_ELIGIBLE,
    OTHER_ROLES,
    PLACED,
    PLACEMENTS,
    PLANS,
    SERVICES,
    SHORT_BREAKS,
    TOUCH,
    TRAYS,
)
from tests.oracle.written import (
    EMPTY,
    NO_DATE,
    PEOPLE,
    WORKERS,
    Cell,
    Ids,
    cased,
    coded,
    dressed,
    end,
    flag,
    lately,
    start,
    threshold_day,
    working_days_before,
    written,
)


def random_council(rng: Random, as_of: date, people: int = 40) -> dict[str, Table]:
    """Make a council of `people` people, all tables as raw cells; some `ext_` tables are not there at all."""
    council = _Council(rng, as_of, people)
    tables = {name: _shuffled(rng, decided(name, rows)) for name, rows in council.tables.items()}
    return {name: rows for name, rows in tables.items() if not name.startswith("ext_") or rng.random() > 0.08}


class _Council:
    def __init__(self, rng: Random, as_of: date, people: int) -> None:
        self.rng, self.as_of = rng, as_of
        self.ids = Ids(rng)
        self.tables: dict[str, Table] = {name: [] for name in TABLES}
        self.teams = [rng.choice(("T{}", "0{}", "{}")).format(n) for n in range(1, 8)]
        self._workforce()
        for person in [*PEOPLE, *(str(990 + n) for n in range(people))][:people]:
            self._person(person)
        self._strangers()
        for worker in ("H1", "h1", "H2", "H3", "H4", "H5", "H6", "H7", "H8", "H9", "01", "1e1"):
            self._heavy_caseload(worker)

    def add(self, table: str, **cells: Cell) -> None:
        """Add a row, at times twice. Cells that are ids, and they alone, are dressed here."""
        row = {name: dressed(self.rng, cell) if name in IDS else cell for name, cell in cells.items()}
        self.tables[table] += [row, dict(row)] if self.rng.random() < 0.05 else [row]

    def some(self, *odds: int) -> range:
        """Choose how many: `odds[n]` is the weight of n."""
        return range(self.rng.choices(range(len(odds)), odds)[0])

    def start(self) -> Cell:
        return start(self.rng, self.as_of)

    def visited(self) -> Cell:
        return written(self.rng, lately(self.rng, self.as_of)) if self.rng.random() < 0.6 else self.start()

    def assessed(self) -> Cell:
        n = self.rng.choice((34, 35, 44, 45, 46, 54, 55))
        return written(self.rng, working_days_before(self.rng, self.as_of, n))

    def end(self, still_open: float = 0.75) -> Cell:
        return end(self.rng, self.as_of, still_open)

    def team(self) -> Cell:
        return self.rng.choice((*self.teams, *self.teams, self.rng.choice((*EMPTY, "-1", "0"))))

    # ------------------------------------------------------------------ who works there

    def _workforce(self) -> None:
        rng = self.rng
        for team in self.teams:
            self.add("ext_team", team_id=team, name=None, service=rng.choice(SERVICES), manager_id=rng.choice(WORKERS))
        for worker in WORKERS:
            name = rng.choice(TRAYS if rng.random() < 0.12 else NAMES)
            if rng.random() < 0.9:
                words = cased(rng, name)
                self.add(
                    "ssd_professionals",
                    prof_professional_id=worker,
                    prof_professional_name=words,
                    prof_full_time_equivalency=rng.choice(FTE),
                )
            for _ in self.some(2, 6, 3, 1):
                self._post(worker)

    def _post(self, worker: str) -> None:
        rng = self.rng
        self.add(
            "ext_staff",
            worker_id=worker,
            name=rng.choice(TRAYS if rng.random() < 0.04 else NAMES),
            role=rng.choice(("social_worker", "team_manager", "personal_adviser", None)),
            team_id=self.team(),
            fte=dressed(rng, rng.choice(FTE)),
            asye=flag(rng, 0.2),
            starts_on=rng.choice((self.start(), None, written(rng, add_days(self.as_of, -365)))),
            ends_on=rng.choice((self.end(), self.end(), None, written(rng, self.as_of))),
        )

    def _heavy_caseload(self, worker: str) -> None:
        """Return a worker about as many cases as some threshold allows for their hours."""
        rng = self.rng
        team, (asye, role, service, limits) = f"{worker} team", rng.choice(HEAVY)
        fte = rng.choice(("1", "1", "1.0", "0.5", "0.8", "1.2"))
        self.add("ext_team", team_id=team, name=None, service=service, manager_id=None)
        self.add(
            "ext_staff", worker_id=worker, name=None, role=role, team_id=team, fte=fte, asye=asye, starts_on=None, ends_on=None
        )
        self.add("ssd_professionals", prof_professional_id=worker, prof_professional_name=None, prof_full_time_equivalency=None)
        known = sorted({str(id_of(row["pers_person_id"])) for row in self.tables["ssd_person"]})
        cases = round(rng.choice(limits) * float(fte)) + rng.choice((0, 0, 1, 1, 2))
        for person in rng.sample(known, min(cases, len(known))):
            since = written(rng, add_days(self.as_of, -rng.randrange(100)))
            self._allocate(person, worker, since, None, rng.choice((*ALLOCATED, *ADVISERS)))

    # ------------------------------------------------------------------ one person

    def _person(self, person: str) -> None:
        rng = self.rng
        leaver = rng.random() < 0.4
        dob, edd = self._birth(leaver=leaver)
        if rng.random() < 0.97:
            self._record(person, dob, edd)
        if rng.random() < 0.08:
            self._record(person, *self._birth(leaver=leaver))
        if rng.random() < 0.08:
            level = rng.choice(("limited", "limited", "sealed", "Sealed", "secret", None, ""))
            self.add("ext_restricted", person_id=person, level=level, allowed_recipients=None)
        self._involvements(person)
        in_need, on_plan, in_care = rng.random() < 0.5, rng.random() < 0.5, rng.random() < (0.25 if leaver else 0.6)
        if in_need:
            self._in_need(person)
        if on_plan:
            self._on_plan(person)
        if in_care or rng.random() < 0.2:
            self._in_care(person)
        if leaver or rng.random() < 0.04:
            for _ in self.some(0, 5, 3, 1):
                self._leaver(person)
        if rng.random() < 0.4:
            self._visit_frequencies(person)

    def _record(self, person: str, dob: Cell, edd: Cell) -> None:
        rng = self.rng
        died = rng.choice((written(rng, self.as_of), written(rng, add_days(self.as_of, 30)), written(rng, date(2020, 2, 2))))
        died = died if rng.random() < 0.03 else rng.choice(NO_DATE)
        self.add("ssd_person", pers_person_id=person, pers_dob=dob, pers_expected_dob=edd, pers_death_date=died)

    def _birth(self, *, leaver: bool) -> tuple[Cell, Cell]:
        """Return a date of birth and an expected one. Ages lie about those that decide."""
        rng, as_of = self.rng, self.as_of
        nudge = rng.choice((-1, 0, 1))
        if leaver:
            years = rng.choice((15, 16, 17, 17, 17, 18, 18, 18, 19, 19, 20, 20, 20, 21, 21, 22, 25, 26))
            born = add_days(birthday(as_of, -years), rng.choice((nudge, -100, -200)))
            if rng.random() < 0.1:
                born = date(rng.choice((2004, 2008)), 2, 29)
            return written(rng, born), rng.choice(NO_DATE)
        chance = rng.random()
        if chance < 0.10:
            return rng.choice(NO_DATE), written(rng, add_days(as_of, nudge - rng.choice((-60, 0, 28, 28, 100, 300, 300, 900))))
        if chance < 0.15:
            return rng.choice(NO_DATE), rng.choice(NO_DATE)
        if chance < 0.25:
            return written(rng, rng.choice((add_days(as_of, nudge), add_days(birthday(as_of, -18), nudge)))), None
        if chance < 0.30:
            return written(rng, date(rng.choice((2008, 2012, 2016)), 2, 29)), written(rng, as_of)
        if chance < 0.35:
            return written(rng, threshold_day(rng, as_of)), rng.choice(NO_DATE)
        return written(rng, add_days(as_of, -rng.randrange(200, 6000))), rng.choice(NO_DATE)

    def _involvements(self, person: str) -> None:
        rng = self.rng
        starts = self.start()
        for _ in self.some(2, 4, 4, 2, 1):
            worker = rng.choice((*WORKERS, *WORKERS[:4], "nobody", "Unallocated", "XXX", rng.choice((*EMPTY, "-1", "0"))))
            role = rng.choice((*ALLOCATED, *ALLOCATED, *ADVISERS, *OTHER_ROLES))
            self._allocate(person, worker, rng.choice((starts, self.start())), self.end(0.65), role)

    def _allocate(self, person: Cell, worker: Cell, since: Cell, until: Cell, role: Cell) -> None:
        self.add(
            "ssd_involvements",
            invo_involvements_id=self.ids.fresh(),
            invo_professional_id=worker,
            invo_professional_role_id=cased(self.rng, role),
            invo_professional_team=self.team(),
            invo_person_id=person,
            invo_involvement_start_date=since,
            invo_involvement_end_date=until,
        )

    def _visit_frequencies(self, person: str) -> None:
        rng = self.rng
        since = written(rng, add_days(self.as_of, -30))
        for _ in self.some(0, 3, 3, 1):
            regime = rng.choice(("reg19", "reg24", "reg99", None, "", None))
            usable = rng.choice(("5", "10", "14", "20", "21", "28", "7", "10.0", " 15 "))
            odd = rng.choice(("0", "-5", "7.5", "ten", None, ""))
            every_n = (
                rng.choice((usable, usable, odd)) if regime not in ("reg19", "reg24") else rng.choice((usable, None, "often"))
            )
            self.add(
                "ext_visit_freq",
                person_id=person,
                kind=cased(rng, rng.choice(("CP", "CLA", "CLA", "CIN", None))),
                every_n=every_n,
                regime=regime,
                valid_from=rng.choice((since, since, self.start())),
                valid_to=self.end(0.85),
                set_on=rng.choice((since, None, self.start())),
            )

    # ------------------------------------------------------------------ in need, on a plan

    def _in_need(self, person: str) -> None:
        rng = self.rng
        starts = self.start()
        for _ in self.some(0, 5, 2, 1):
            referral = self.ids.fresh()
            self.add(
                "ssd_cin_episodes",
                cine_referral_id=referral,
                cine_person_id=person,
                cine_referral_date=rng.choice((starts, self.start())),
                cine_referral_nfa=flag(rng, 0.15),
                cine_close_date=self.end(),
                cine_referral_team=self.team(),
            )
            for _ in self.some(1, 4, 1):
                self.add(
                    "ssd_cin_assessments",
                    cina_assessment_id=self.ids.fresh(),
                    cina_person_id=person,
                    cina_referral_id=referral if rng.random() < 0.95 else "unknown",
                    cina_assessment_start_date=rng.choice((self.start(), self.assessed())),
                    cina_assessment_auth_date=self.end(0.8),
                )

    def _on_plan(self, person: str) -> None:
        rng = self.rng
        starts = self.start()
        for _ in self.some(0, 6, 2, 1):
            plan = self.ids.fresh()
            self.add(
                "ssd_cp_plans",
                cppl_cp_plan_id=plan,
                cppl_person_id=person,
                cppl_cp_plan_start_date=rng.choice((starts, starts, self.start())),
                cppl_cp_plan_end_date=self.end(0.85),
                cppl_cp_plan_ola=flag(rng, 0.1),
            )
            if rng.random() < 0.2:
                planned, booked = (written(rng, add_days(self.as_of, n)) for n in rng.sample((0, 1, 14, 15, 60, 200), 2))
                self.add("ssd_cp_reviews", cppr_cp_plan_id=plan, cppr_cp_review_due=planned, cppr_cp_review_date=booked)
            for _ in self.some(5, 3, 2, 1):
                self.add(
                    "ssd_cp_reviews",
                    cppr_cp_review_id=self.ids.fresh(),
                    cppr_person_id=person if rng.random() < 0.9 else None,
                    cppr_cp_plan_id=plan,
                    cppr_cp_review_due=self._ahead(),
                    cppr_cp_review_date=rng.choice((self.start(), self._ahead())),
                )
        for _ in self.some(2, 3, 3, 1):
            self.add(
                "ssd_cp_visits",
                cppv_cp_visit_id=self.ids.fresh(),
                cppv_person_id=person,
                cppv_cp_visit_date=self.visited(),
                cppv_cp_visit_seen=flag(rng, 0.75),
            )

    def _ahead(self) -> Cell:
        """Write a day on which something is planned: soon, today, much later, or not at all."""
        rng = self.rng
        soon = add_days(self.as_of, rng.choice((-1, 0, 1, 3, 10, 14, 15, 16, 30)))
        return rng.choice((written(rng, soon), written(rng, soon), rng.choice(NO_DATE)))

    # ------------------------------------------------------------------ in care

    def _in_care(self, person: str) -> None:
        rng = self.rng
        starts = self.start()
        for _ in self.some(0, 5, 2):
            cla_id = self.ids.fresh(0.05)
            for _ in self.some(0, 4, 3, 1):
                self.add(
                    "ssd_cla_episodes",
                    clae_cla_episode_id=self.ids.fresh(),
                    clae_person_id=person,
                    clae_cla_episode_start_date=rng.choice((starts, self.start())),
                    clae_cla_episode_ceased_date=self.end(0.8),
                    clae_cla_id=cla_id,
                    clae_entered_care_date=rng.choice((starts, self.start(), rng.choice(NO_DATE))),
                )
            self._placements(person, cla_id, starts)
            self._care_reviews(cla_id)
        self._legal_statuses(person)
        self._care_visits(person, starts)
        self._plans_for_permanence(person)

    def _placements(self, person: str, cla_id: Cell, starts: Cell) -> None:
        rng = self.rng
        a_year = written(rng, add_days(add_months(self.as_of, -12), rng.choice((-1, 0, 1))))
        for _ in self.some(2, 5, 3, 1):
            kind = coded(rng, rng.choice(PLACEMENTS)) if rng.random() < 0.8 else cased(rng, rng.choice(PLACED))
            self.add(
                "ssd_cla_placement",
                clap_cla_placement_id=self.ids.fresh(),
                clap_cla_id=cla_id,
                clap_person_id=person,
                clap_cla_placement_start_date=rng.choice((starts, a_year, a_year, self.start())),
                clap_cla_placement_end_date=self.end(0.8),
                clap_cla_placement_type=kind,
            )

    def _care_reviews(self, cla_id: Cell) -> None:
        rng = self.rng
        day = self.start()
        if rng.random() < 0.2:  # booked, for another day than the one that was planned
            planned, booked = (written(rng, add_days(self.as_of, n)) for n in rng.sample((0, 1, 14, 15, 60, 200), 2))
            self.add("ssd_cla_reviews", clar_cla_id=cla_id, clar_cla_review_due_date=planned, clar_cla_review_date=booked)
        for _ in self.some(4, 3, 4, 2):
            self.add(
                "ssd_cla_reviews",
                clar_cla_review_id=self.ids.fresh(),
                clar_cla_id=cla_id,
                clar_cla_review_due_date=self._ahead(),
                clar_cla_review_date=rng.choice((day, self.start(), self.start(), self._ahead())),
                clar_cla_review_cancelled=flag(rng, 0.15),
            )

    def _legal_statuses(self, person: str) -> None:
        rng = self.rng
        for _ in self.some(2, 6, 2):
            chosen = rng.choices((IN_CARE, SHORT_BREAKS, NO_STATUS), (16, 2, 2))[0]
            status = rng.choice(chosen)
            self.add(
                "ssd_legal_status",
                lega_legal_status_id=self.ids.fresh(),
                lega_person_id=person,
                lega_legal_status=coded(rng, status) if status and len(status) == 2 else cased(rng, status),
                lega_legal_status_start_date=self.start(),
                lega_legal_status_end_date=self.end(0.85),
            )

    def _care_visits(self, person: str, starts: Cell) -> None:
        for _ in self.some(2, 3, 3, 2):
            self.add(
                "ssd_cla_visits",
                clav_cla_visit_id=self.ids.fresh(),
                clav_cla_id=None,
                clav_person_id=person,
                clav_cla_visit_date=self.rng.choice((self.visited(), self.start(), self.start(), starts)),
                clav_cla_visit_seen=flag(self.rng, 0.8),
            )

    def _plans_for_permanence(self, person: str) -> None:
        for _ in self.some(3, 2, 1):
            self.add(
                "ssd_cla_care_plan",
                lacp_person_id=person,
                lacp_cla_care_plan_start_date=self.start(),
                lacp_cla_care_plan_end_date=self.end(0.8),
                lacp_cla_care_plan_json=self.rng.choice(PLANS),
            )
        for _ in self.some(5, 2, 1):
            self.add(
                "ssd_permanence",
                perm_table_id=self.ids.fresh(),
                perm_person_id=person,
                perm_adm_decision_date=self.start(),
                perm_decision_reversed_date=self.end(0.8),
            )

    # ------------------------------------------------------------------ care leavers, and people nobody knows

    def _leaver(self, person: str) -> None:
        rng = self.rng
        eligible = rng.choice(ELIGIBLE if rng.random() < 0.85 else NOT_ELIGIBLE)
        contact = written(rng, add_days(self.as_of, -rng.choice((0, 41, 42, 43, 55, 56, 57, 181, 182, 183))))
        self.add(
            "ssd_care_leavers",
            clea_table_id=self.ids.fresh(),
            clea_person_id=person,
            clea_care_leaver_personal_advisor=rng.choice((*WORKERS, *EMPTY)),
            clea_care_leaver_allocated_team=self.team(),
            clea_care_leaver_eligibility=cased(rng, eligible),
            clea_care_leaver_in_touch=cased(rng, rng.choice(TOUCH if rng.random() < 0.4 else TOUCH[:7])),
            clea_care_leaver_latest_contact=rng.choice((contact, contact, rng.choice(NO_DATE), self.start())),
            clea_care_leaver_accommodation=cased(rng, rng.choice((*ACCOMMODATION, "B", "U1", "S"))),
            clea_pathway_plan_review_date=rng.choice((rng.choice(NO_DATE), self.start(), contact)),
        )

    def _strangers(self) -> None:
        """Add rows of people who are not in the person table, and of nobody."""
        for person in ("no such person", "0", "-1", None):
            self._involvements(person)  # type: ignore[arg-type]
            self._on_plan(person)  # type: ignore[arg-type]
            self._in_care(person)  # type: ignore[arg-type]


TABLES = (
    "ssd_person ssd_cin_episodes ssd_cin_assessments ssd_cp_plans ssd_cp_visits ssd_cp_reviews ssd_cla_episodes ssd_cla_placement "
    "ssd_legal_status ssd_cla_visits ssd_cla_reviews ssd_cla_care_plan ssd_permanence ssd_care_leavers ssd_professionals "
    "ssd_involvements ext_staff ext_team ext_restricted ext_visit_freq"
).split()
IDS = frozenset(
    "pers_person_id cine_referral_id cine_person_id cine_referral_team cina_assessment_id cina_person_id cina_referral_id "
    "cppl_cp_plan_id cppl_person_id cppv_person_id cppr_person_id cppr_cp_plan_id clae_cla_episode_id clae_person_id clae_cla_id "
    "clap_cla_placement_id clap_cla_id clap_person_id lega_person_id clav_person_id clar_cla_id lacp_person_id perm_person_id "
    "clea_table_id clea_person_id clea_care_leaver_personal_advisor clea_care_leaver_allocated_team prof_professional_id "
    "invo_involvements_id invo_professional_id invo_professional_team invo_person_id worker_id team_id person_id".split()
)


def _by_id(column: str) -> Callable[[Row], object]:
    return lambda row: id_of(row.get(column))


def _by_day(column: str) -> Callable[[Row], object]:
    return lambda row: real_date(row.get(column))


def _by_word(column: str) -> Callable[[Row], object]:
    return lambda row: norm(row.get(column))


# What orders the rows of a table: of rows that are equal in these and not in the rest, the definitions choose none.
_ORDER: Mapping[str, tuple[Callable[[Row], object], ...]] = {
    "ssd_cla_episodes": (_by_id("clae_person_id"), _by_day("clae_cla_episode_start_date"), _by_id("clae_cla_episode_id")),
    "ssd_cla_placement": (_by_id("clap_cla_id"), _by_day("clap_cla_placement_start_date"), _by_id("clap_cla_placement_id")),
    "ssd_cp_plans": (_by_id("cppl_person_id"), _by_day("cppl_cp_plan_start_date"), _by_id("cppl_cp_plan_id")),
    "ssd_cin_episodes": (_by_id("cine_person_id"), _by_day("cine_referral_date"), _by_id("cine_referral_id")),
    "ssd_care_leavers": (_by_id("clea_person_id"), _by_day("clea_care_leaver_latest_contact"), _by_id("clea_table_id")),
    "ssd_involvements": (_by_id("invo_person_id"), _by_id("invo_involvements_id")),
    "ssd_professionals": (_by_id("prof_professional_id"),),
    "ext_staff": (_by_id("worker_id"), _by_day("starts_on"), _by_id("team_id"), _by_word("role")),
    "ext_team": (_by_id("team_id"),),
}


def decided(table: str, rows: Table) -> Table:
    """Leave out all but the first of the rows between which the definitions do not decide."""
    seen: dict[tuple[object, ...], Row] = {}
    if table not in _ORDER:
        return rows
    return [row for row in rows if seen.setdefault(tuple(key(row) for key in _ORDER[table]), row) == row]


def _shuffled(rng: Random, rows: Table) -> Table:
    rng.shuffle(rows)
    return rows
