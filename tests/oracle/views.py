"""The shared views: who is a child, in care, on a plan, in need, a care leaver; who works with whom; whose it is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeVar

from tests.oracle.calendar import add_days, age, is_open
from tests.oracle.cells import Row, Table, clean, different, id_of, norm, number, real_date, yes
from tests.oracle.codes import UNMAPPED, accommodation, code, suits

SHARED: Mapping[str, Any] = {
    "expected_dob_is_dob_after_days": 300,
    "unborn_until_days_after_edd": 28,
    "short_break_statuses": ("V1", "V3", "V4"),
    "full_care_statuses": ("C1", "C2", "D1", "E1", "V2", "L1", "L2", "L3", "J1", "J2", "J3"),
    "temporary_placements": ("T0", "T1", "T2", "T3", "T4"),
    "care_leaver_ages": (16, 25),
    "declined_counts_until_age": 21,
    "pseudo_worker_ids": (),
    "pseudo_worker_words": ("duty", "tray", "unallocated", "awaiting", "mash", "team", "system", "dummy"),
    "allocated_roles": ("CW", "ALLWKR", "ALLOCATED CASE WORKER"),
    "allocated_social_worker_roles": ("CW", "ALLWKR", "ALLOCATED CASE WORKER"),
    "personal_adviser_roles": ("16PLUS", "REL.PERSONALADVISOR", "PA"),
}

T = TypeVar("T")
_ELIGIBILITY = ("FREL", "REL", "QUAL", "ELIG", "NONE", "UNMAPPED")


@dataclass(frozen=True, kw_only=True)
class Person:
    dob: date | None
    pers_dob: date | None
    edd: date | None
    died: date | None
    unborn: bool


@dataclass(frozen=True, kw_only=True)
class InCare:
    cla_id: str | None
    started: date
    entered: date
    n_open: int


@dataclass(frozen=True, kw_only=True)
class Placed:
    ptype: str | None
    pstart: date
    urn: str | None
    distance: Fraction | None


@dataclass(frozen=True, kw_only=True)
class OnPlan:
    plan_id: str | None
    plan_start: date
    n_open: int


@dataclass(frozen=True, kw_only=True)
class InNeed:
    referral_id: str | None
    referred: date
    outcome_json: str | None
    team_id: str | None


@dataclass(frozen=True, kw_only=True)
class CareLeaver:
    contact: date | None
    contact_cell: date | None
    pathway: date | None
    pathway_cell: date | None
    elig: str
    touch: str | None
    accom: str | None
    activity: str | None
    suits: bool | None
    team_id: str | None
    adviser_id: str | None


@dataclass(frozen=True, kw_only=True)
class Allocated:
    worker_id: str
    team_id: str | None
    n_alloc: int


@dataclass(frozen=True, kw_only=True)
class Staff:
    team_id: str | None
    role: str | None
    fte: Fraction | None
    asye: bool
    starts_on: date | None
    is_current: bool


@dataclass(frozen=True, kw_only=True)
class VisitFrequency:
    every_n: Fraction | None
    regime: str | None


def latest(rows: Iterable[Row], *keys: Callable[[Row], Any]) -> Row:
    """Return the row that is first when sorted by the keys, each descending with None last."""

    def rank(row: Row) -> tuple[tuple[Any, ...], ...]:
        return tuple((False,) if key(row) is None else (True, key(row)) for key in keys)

    return max(rows, key=rank)


def day(column: str) -> Callable[[Row], date | None]:
    return lambda row: real_date(row.get(column))


def text(column: str) -> Callable[[Row], str | None]:
    """Order by a text; an id that is nothing, such as `n/a`, is last like any that is not there."""
    read = id_of if column.endswith("_id") else clean
    return lambda row: read(row.get(column))


def coded(column: str, name: str) -> Callable[[Row], str | None]:
    return lambda row: code(row.get(column), name)


def different_ids(rows: Iterable[Row], column: str) -> int:
    return len({id_of(row.get(column)) for row in rows} - {None})


class Views:
    """Everything the rules ask about one council as at one date."""

    def __init__(
        self,
        tables: Mapping[str, Table],
        as_of: date,
        shared: Mapping[str, Any] | None = None,
        switched_on: Collection[str] = (),
        own: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.as_of = as_of
        # The rules that there are; none stands for all.
        self.switched_on = switched_on
        self._own = own or {}
        self.shared = {**SHARED, **(shared or {})}
        self._tables = {name: different(rows) for name, rows in tables.items()}
        self._by_id: dict[tuple[str, str], dict[str | None, Table]] = {}
        self._once: dict[Any, Any] = {}

    def rows(self, table: str) -> Table:
        return self._tables.get(table, [])

    def of(self, table: str, column: str, key: str | None) -> Table:
        """Return the rows whose id in `column` is `key`; none when `key` is None."""
        if (table, column) not in self._by_id:
            found = self._by_id[table, column] = defaultdict(list)
            for row in self.rows(table):
                found[id_of(row.get(column))].append(row)
        return [] if key is None else self._by_id[table, column].get(key, [])

    def once(self, make: Callable[[Views], T]) -> T:
        """Return what `make` finds, and remember it."""
        if make not in self._once:
            self._once[make] = make(self)
        return self._once[make]  # type: ignore[no-any-return]

    def params(self, defaults: Mapping[str, Mapping[str, Any]], code: str) -> dict[str, Any]:
        """Return the parameters of a rule, where the council sets its own those."""
        return {**defaults[code], **self._own.get(code, {})}

    def supplied(self, table: str) -> bool:
        return bool(self.rows(table))

    def open(self, row: Row, start: str, end: str) -> bool:
        return is_open(real_date(row.get(start)), real_date(row.get(end)), self.as_of)

    # ------------------------------------------------------------------ people

    @cached_property
    def person(self) -> dict[str, Person]:
        people = {}
        for key in {id_of(row.get("pers_person_id")) for row in self.rows("ssd_person")} - {None}:
            rows = self.of("ssd_person", "pers_person_id", key)
            dob = max((d for row in rows if (d := real_date(row.get("pers_dob")))), default=None)
            edd = max((d for row in rows if (d := real_date(row.get("pers_expected_dob")))), default=None)
            died = min((d for row in rows if (d := real_date(row.get("pers_death_date")))), default=None)
            pers_dob = dob
            if dob is None and edd is not None and edd <= add_days(self.as_of, -self.shared["expected_dob_is_dob_after_days"]):
                dob = edd
            not_yet = add_days(self.as_of, -self.shared["unborn_until_days_after_edd"])
            unborn = dob is None and edd is not None and edd > not_yet
            people[key] = Person(dob=dob, pers_dob=pers_dob, edd=edd, died=died, unborn=unborn)
        return people

    def sealed(self, person: str) -> bool:
        return any(norm(row.get("level")) != "limited" for row in self.of("ext_restricted", "person_id", person))

    @cached_property
    def child(self) -> dict[str, Person]:
        return {key: person for key, person in self.person.items() if person.died is None and not self.sealed(key)}

    def age(self, person: str) -> int | None:
        dob = self.person[person].dob
        return None if dob is None else age(dob, self.as_of)

    def under_18(self, person: str) -> bool:
        years = self.age(person)
        return years is None or years < 18

    # ------------------------------------------------------------------ in care

    def legal_now(self, person: str) -> frozenset[str]:
        found = {
            code(row.get("lega_legal_status"), "legal_status")
            for row in self.of("ssd_legal_status", "lega_person_id", person)
            if self.open(row, "lega_legal_status_start_date", "lega_legal_status_end_date")
        }
        return frozenset(status for status in found if status not in (None, "UNMAPPED"))

    def short_break(self, person: str) -> bool:
        now = self.legal_now(person)
        return bool(now & set(self.shared["short_break_statuses"])) and not now & set(self.shared["full_care_statuses"])

    @cached_property
    def cla(self) -> dict[str, InCare]:
        found = {}
        for person in self.child:
            rows = self.of("ssd_cla_episodes", "clae_person_id", person)
            current = [r for r in rows if self.open(r, "clae_cla_episode_start_date", "clae_cla_episode_ceased_date")]
            if not current or not self.under_18(person) or self.short_break(person):
                continue
            row = latest(current, day("clae_cla_episode_start_date"), text("clae_cla_episode_id"))
            cla_id, started = id_of(row.get("clae_cla_id")), real_date(row["clae_cla_episode_start_date"])
            assert started is not None
            same = [r for r in rows if id_of(r.get("clae_cla_id")) == cla_id] if cla_id is not None else [row]
            first = min(d for r in same if (d := real_date(r.get("clae_cla_episode_start_date"))))
            entered = real_date(row.get("clae_entered_care_date")) or first
            n_open = different_ids(current, "clae_cla_episode_id")
            found[person] = InCare(cla_id=cla_id, started=started, entered=entered, n_open=n_open)
        return found

    def held_reviews(self, cla_id: str | None) -> list[date]:
        dates = {
            real_date(row.get("clar_cla_review_date"))
            for row in self.of("ssd_cla_reviews", "clar_cla_id", cla_id)
            if not yes(row.get("clar_cla_review_cancelled"))
        }
        return sorted(d for d in dates if d is not None and d <= self.as_of)

    def place_now(self, person: str) -> Placed | None:
        rows = [
            row
            for row in self.of("ssd_cla_placement", "clap_cla_id", self.cla[person].cla_id)
            if self.open(row, "clap_cla_placement_start_date", "clap_cla_placement_end_date")
            and code(row.get("clap_cla_placement_type"), "placement_type") not in self.shared["temporary_placements"]
        ]
        if not rows:
            return None
        row = latest(rows, day("clap_cla_placement_start_date"), text("clap_cla_placement_id"))
        pstart = real_date(row["clap_cla_placement_start_date"])
        assert pstart is not None
        return Placed(
            ptype=code(row.get("clap_cla_placement_type"), "placement_type"),
            pstart=pstart,
            urn=row.get("clap_cla_placement_urn"),
            distance=number(row.get("clap_cla_placement_distance")),
        )

    # ------------------------------------------------------------------ on a plan, in need

    @cached_property
    def cp(self) -> dict[str, OnPlan]:
        found = {}
        for person in self.child:
            rows = [
                row
                for row in self.of("ssd_cp_plans", "cppl_person_id", person)
                if self.open(row, "cppl_cp_plan_start_date", "cppl_cp_plan_end_date") and not yes(row.get("cppl_cp_plan_ola"))
            ]
            if rows and self.under_18(person):
                row = latest(rows, day("cppl_cp_plan_start_date"), text("cppl_cp_plan_id"))
                start = real_date(row["cppl_cp_plan_start_date"])
                assert start is not None
                n_open = different_ids(rows, "cppl_cp_plan_id")
                found[person] = OnPlan(plan_id=id_of(row.get("cppl_cp_plan_id")), plan_start=start, n_open=n_open)
        return found

    @cached_property
    def cin(self) -> dict[str, InNeed]:
        found = {}
        for person in self.child:
            rows = [
                row
                for row in self.of("ssd_cin_episodes", "cine_person_id", person)
                if self.open(row, "cine_referral_date", "cine_close_date") and not yes(row.get("cine_referral_nfa"))
            ]
            if rows and self.under_18(person):
                row = latest(rows, day("cine_referral_date"), text("cine_referral_id"))
                referred = real_date(row["cine_referral_date"])
                assert referred is not None
                found[person] = InNeed(
                    referral_id=id_of(row.get("cine_referral_id")),
                    referred=referred,
                    outcome_json=row.get("cine_referral_outcome_json"),
                    team_id=id_of(row.get("cine_referral_team")),
                )
        return found

    # ------------------------------------------------------------------ care leavers

    def not_later(self, row: Row, column: str) -> date | None:
        found = real_date(row.get(column))
        return found if found is not None and found <= self.as_of else None

    def eligibility(self, row: Row) -> str:
        return code(row.get("clea_care_leaver_eligibility"), "eligibility") or "NONE"

    def leaver_row(self, person: str) -> CareLeaver | None:
        rows = self.of("ssd_care_leavers", "clea_person_id", person)
        if not rows:
            return None
        row = latest(
            rows,
            lambda r: self.not_later(r, "clea_care_leaver_latest_contact"),
            lambda r: self.not_later(r, "clea_pathway_plan_review_date"),
            lambda r: -_ELIGIBILITY.index(self.eligibility(r)),
            coded("clea_care_leaver_in_touch", "in_touch"),
            coded("clea_care_leaver_accommodation", "accommodation"),
            coded("clea_care_leaver_activity", "activity"),
            text("clea_table_id"),
        )
        return CareLeaver(
            contact=self.not_later(row, "clea_care_leaver_latest_contact"),
            contact_cell=real_date(row.get("clea_care_leaver_latest_contact")),
            pathway=self.not_later(row, "clea_pathway_plan_review_date"),
            pathway_cell=real_date(row.get("clea_pathway_plan_review_date")),
            elig=self.eligibility(row),
            touch=code(row.get("clea_care_leaver_in_touch"), "in_touch"),
            accom=accommodation(row.get("clea_care_leaver_accommodation")),
            activity=code(row.get("clea_care_leaver_activity"), "activity"),
            suits=suits(row.get("clea_care_leaver_accom_suitable"), row.get("clea_care_leaver_accommodation")),
            team_id=id_of(row.get("clea_care_leaver_allocated_team")),
            adviser_id=id_of(row.get("clea_care_leaver_personal_advisor")),
        )

    @cached_property
    def cl(self) -> dict[str, CareLeaver]:
        return {person: row for person, row in self.leavers.items() if row.elig != UNMAPPED}

    @cached_property
    def leavers(self) -> dict[str, CareLeaver]:
        """Care leavers, and those who may be: nobody knows what their eligibility says."""
        found = {}
        youngest, oldest = self.shared["care_leaver_ages"]
        for person in self.child:
            row, years = self.leaver_row(person), self.age(person)
            if row is None or years is None or not youngest <= years <= oldest or person in self.cla:
                continue
            if row.elig not in ("REL", "FREL", "QUAL", UNMAPPED) or row.touch in ("DIED", "RHOM"):
                continue
            if row.touch in ("REFU", "NREQ") and years >= self.shared["declined_counts_until_age"]:
                continue
            found[person] = row
        return found

    @cached_property
    def open_case(self) -> set[str]:
        return {*self.cla, *self.cp, *self.cin, *self.cl}

    # ------------------------------------------------------------------ workers

    @cached_property
    def staff(self) -> dict[str, Staff]:
        found = {}
        for worker in {id_of(row.get("worker_id")) for row in self.rows("ext_staff")} - {None}:
            rows = self.of("ext_staff", "worker_id", worker)
            current = [row for row in rows if self._in_post(row)]
            row = latest(current or rows, day("starts_on"), text("team_id"), text("role"))
            found[worker] = Staff(
                team_id=id_of(row.get("team_id")),
                role=norm(row.get("role")),
                fte=number(row.get("fte")),
                asye=yes(row.get("asye")),
                starts_on=real_date(row.get("starts_on")),
                is_current=bool(current),
            )
        return found

    def _in_post(self, row: Row) -> bool:
        starts, ends = real_date(row.get("starts_on")), real_date(row.get("ends_on"))
        return (starts is None or starts <= self.as_of) and (ends is None or ends >= self.as_of)

    @cached_property
    def pseudo(self) -> set[str]:
        """Return the ids of trays: those set, and those with a tray's word in one of their names or in themselves, or that are XXX."""
        named = [(row.get("prof_professional_id"), row.get("prof_professional_name")) for row in self.rows("ssd_professionals")]
        named += [(row.get("worker_id"), row.get("name")) for row in self.rows("ext_staff")]
        named += [(cell, cell) for cell, _ in named]
        named += [(row.get("invo_professional_id"), row.get("invo_professional_id")) for row in self.rows("ssd_involvements")]
        found = set(self.shared["pseudo_worker_ids"])
        for cell, name in named:
            worker = id_of(cell)
            called = norm(name) or ""
            words = "".join(letter if letter.isalpha() else " " for letter in called).split()
            is_filler = called.isalpha() and len(called) > 2 and len(set(called)) == 1
            if worker is not None and (is_filler or set(words) & set(self.shared["pseudo_worker_words"])):
                found.add(worker)
        return found

    def involved(self, person: str, roles: str) -> Table:
        """Return the person's involvements in those roles by a worker who is somebody, open or not."""
        wanted = {norm(role) for role in self.shared[roles]}
        return [
            row
            for row in self.of("ssd_involvements", "invo_person_id", person)
            if norm(row.get("invo_professional_role_id")) in wanted
            and id_of(row.get("invo_professional_id")) is not None
            and id_of(row.get("invo_professional_id")) not in self.pseudo
        ]

    def alloc(self, person: str, roles: str = "allocated_roles") -> Allocated | None:
        """Who has a child now. `person` must be in `child`."""
        rows = [
            row
            for row in self.involved(person, roles)
            if self.open(row, "invo_involvement_start_date", "invo_involvement_end_date")
        ]
        if person not in self.child or not rows:
            return None
        row = latest(rows, day("invo_involvement_start_date"), text("invo_involvements_id"))
        worker = id_of(row["invo_professional_id"])
        assert worker is not None
        n_alloc = different_ids(rows, "invo_professional_id")
        return Allocated(worker_id=worker, team_id=id_of(row.get("invo_professional_team")), n_alloc=n_alloc)

    def pa(self, person: str) -> Allocated | None:
        return self.alloc(person, "personal_adviser_roles")

    def ended(self, person: str, roles: str) -> Table:
        return [row for row in self.involved(person, roles) if self.not_later(row, "invo_involvement_end_date")]

    def last_alloc_end(self, person: str, roles: str) -> date | None:
        return max((d for row in self.ended(person, roles) if (d := real_date(row["invo_involvement_end_date"]))), default=None)

    # ------------------------------------------------------------------ whose it is

    def staff_team(self, worker: str | None) -> str | None:
        return self.staff[worker].team_id if worker in self.staff else None

    def team_of_child(self, person: str, *, leaver: bool = False) -> str | None:
        """Return the team a child's alert goes to; None stands for the performance team."""
        candidates: list[str | None] = []
        if leaver:
            adviser = self.pa(person)
            candidates += [adviser.team_id, self.staff_team(adviser.worker_id)] if adviser else []
            candidates.append(self.leavers[person].team_id if person in self.leavers else None)
        worker = self.alloc(person)
        candidates += [worker.team_id, self.staff_team(worker.worker_id)] if worker else []
        waiting = [
            row
            for row in self.of("ssd_involvements", "invo_person_id", person)
            if norm(row.get("invo_professional_role_id")) in {norm(role) for role in self.shared["allocated_roles"]}
            and self.open(row, "invo_involvement_start_date", "invo_involvement_end_date")
            and id_of(row.get("invo_professional_id")) in {None, *self.pseudo}
            and id_of(row.get("invo_professional_team"))
        ]
        if waiting:
            last = latest(
                waiting, day("invo_involvement_start_date"), text("invo_involvements_id"), text("invo_professional_team")
            )
            candidates.append(id_of(last["invo_professional_team"]))
        before = [row for row in self.ended(person, "allocated_roles") if id_of(row.get("invo_professional_team"))]
        if before:
            last = latest(before, day("invo_involvement_end_date"), text("invo_involvements_id"))
            candidates.append(id_of(last["invo_professional_team"]))
        if person in self.cin:
            candidates.append(self.cin[person].team_id)
        return next((team for team in candidates if team is not None), None)

    def team_of_worker(self, worker: str, teams: Iterable[str | None]) -> str | None:
        """Return a worker's own team, else the most frequent of `teams`, one for each row that was counted."""
        own = self.staff_team(worker)
        counted = Counter(team for team in teams if team is not None)
        if own is not None or not counted:
            return own
        return min(team for team, count in counted.items() if count == max(counted.values()))

    def service_of(self, team: str | None) -> str | None:
        return next((norm(row.get("service")) for row in self.of("ext_team", "team_id", team)), None)
