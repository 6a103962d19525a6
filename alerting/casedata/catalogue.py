"""The tables a rule may ask about: the Standard Safeguarding Dataset (SSD) and the council's extension tables.

Every column has a kind that says how its cells are read (`snapshot` does the reading):

    id      an identifier, kept as text: 007 is not 7; -1 and 0 are nothing
    text    text without surrounding white space; place-holders are nothing
    date    a day; 1900-01-01 and 9999-12-31 are nothing
    moment  a day and time
    number  a number
    flag    true for yes_words; false for everything else, nothing included, and unreadable where it is none of no_words either
    answers a list of answers by key, as JSON or what was cut from it; words without one are told as a code's are that no map has
    outcome answers by key or a plain list, as `answers`, up to where comments begin: what stands after that is not kept
    code    text, with a second column `<name>_code` that holds the council's own word as a code of a code map

A column that is timed has a second one, `<name>_moment`: when it was, to the minute. A flag that may not apply has `<name>_na`; one that may be nothing is null where nothing is recorded.
A day of which it matters that something is written there has `<name>_unread`: whether that cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from alerting.casedata.codes import CodeMap

Kind = Literal["id", "role", "text", "date", "moment", "number", "flag", "answers", "outcome", "code"]

BESIDE = ("_code", "_moment", "_na", "_unread")
"""How the second column of a column of the catalogue ends."""


@dataclass(frozen=True)
class Column:
    """One column of a case table. `codes` names the code map of a `code` column. One that is optional may be left out."""

    name: str
    kind: Kind
    codes: str | None = None
    optional: bool = False
    #: Whether its time is kept, in UTC, in a second column.
    timed: bool = False
    #: Whether a flag may say that it does not apply (`NA`), which a second column holds.
    may_not_apply: bool = False
    #: Whether a flag of which nothing is recorded is null here, and not no.
    may_be_nothing: bool = False
    #: Whether a second column holds that a day is written and cannot be read.
    tells_unread: bool = False

    @property
    def beside(self) -> str | None:
        """The second column that it has in the engine, where it has one."""
        for has, ending in zip((self.codes, self.timed, self.may_not_apply, self.tells_unread), BESIDE, strict=True):
            if has:
                return f"{self.name}{ending}"
        return None


_WORDS = {
    "ssd_person": "records of children and young people",
    "ssd_contacts": "contacts",
    "ssd_early_help_episodes": "early help records",
    "ssd_cin_episodes": "referrals",
    "ssd_cin_assessments": "assessments",
    "ssd_cin_plans": "child in need plans",
    "ssd_cin_visits": "visit records",
    "ssd_s47_enquiry": "child protection enquiries",
    "ssd_initial_cp_conference": "initial conferences",
    "ssd_cp_plans": "child protection plans",
    "ssd_cp_visits": "visit records",
    "ssd_cp_reviews": "review conferences",
    "ssd_cla_episodes": "records of children in care",
    "ssd_cla_placement": "placements",
    "ssd_legal_status": "legal statuses",
    "ssd_cla_visits": "visit records",
    "ssd_cla_reviews": "reviews of children in care",
    "ssd_cla_care_plan": "care plans",
    "ssd_cla_health": "health checks",
    "ssd_missing": "missing episodes",
    "ssd_permanence": "permanence records",
    "ssd_care_leavers": "care leaver records",
    "ssd_professionals": "records of workers",
    "ssd_department": "records of teams",
    "ssd_involvements": "allocations",
    "ext_staff": "records of staff",
    "ext_team": "records of teams",
    "ext_cover": "records of cover",
    "ext_load": "records of loads",
    "ext_restricted": "restrictions of records",
    "ext_visit_freq": "agreed visit frequencies",
    "ext_merged": "merged records",
    "ssd_assessment_factors": "factors of assessments",
    "ssd_sdq_scores": "strengths and difficulties questionnaires",
    "ssd_immigration_status": "immigration statuses",
    "ssd_pre_proceedings": "pre-proceedings records",
    "ext_contact": "times of contacts",
    "ext_referral": "times of referrals",
    "ext_strategy": "strategy discussions",
    "ext_supervision": "supervision records",
    "ext_oversight": "management oversight notes",
    "ext_audit": "case file audits",
    "ext_plan_action": "actions of the improvement plan",
    "ext_workforce": "workforce figures",
    "ext_vacancy": "vacant posts",
    "ext_pep": "personal education plans",
}


@dataclass(frozen=True)
class Table:
    """One case table: its columns by name, and whether the council adds it beside the SSD."""

    name: str
    columns: Mapping[str, Column]

    @property
    def extension(self) -> bool:
        return self.name.startswith("ext_")

    @property
    def words(self) -> str:
        """What managers call what is in it, in the plural."""
        return _WORDS.get(self.name) or f"{self.name.partition('_')[2].replace('_', ' ')} records"


# A line is: table: column kind, column kind ...  Kinds are a(nswers) d(ate) r(ole) t(ext) f(lag) n(umber) m(oment) o(utcome) i(d)
# c(ode)=map;
# a column without one is an id when it ends in _id, else text; with ? it may be left out. A day with @ is timed, a flag with ! may be
# nothing, one with ~ may say that it does not apply. Names are exactly those of the SSD.
_SPECIFICATION = """
ssd_person: pers_person_id, pers_sex, pers_gender, pers_ethnicity, pers_dob d, pers_expected_dob d, pers_death_date d
ssd_contacts: cont_contact_id, cont_person_id, cont_contact_date d, cont_contact_source_code, cont_contact_outcome_json o
ssd_early_help_episodes: earl_episode_id, earl_person_id, earl_episode_start_date d, earl_episode_end_date d
ssd_cin_episodes: cine_referral_id, cine_person_id, cine_referral_date d, cine_cin_primary_need_code, cine_referral_nfa f,
  cine_close_reason c=referral_end, cine_close_date d, cine_referral_team i, cine_referral_worker_id, cine_referral_outcome_json o
ssd_cin_assessments: cina_assessment_id, cina_person_id, cina_referral_id, cina_assessment_start_date d,
  cina_assessment_child_seen f!, cina_assessment_auth_date d, cina_assessment_outcome_nfa f, cina_assessment_team i,
  cina_assessment_worker_id, cina_assessment_outcome_json o
ssd_cin_plans: cinp_cin_plan_id, cinp_referral_id, cinp_person_id, cinp_cin_plan_start_date d, cinp_cin_plan_end_date d
ssd_cin_visits: cinv_cin_visit_id, cinv_person_id, cinv_cin_visit_date d, cinv_cin_visit_seen f!
ssd_s47_enquiry: s47e_s47_enquiry_id, s47e_referral_id, s47e_person_id, s47e_s47_start_date d, s47e_s47_end_date d, s47e_s47_nfa f,
  s47e_s47_outcome_json o
ssd_initial_cp_conference: icpc_icpc_id, icpc_s47_enquiry_id, icpc_person_id, icpc_cp_plan_id, icpc_icpc_date d,
  icpc_icpc_meeting_id i?, icpc_icpc_transfer_in f, icpc_icpc_target_date d, icpc_icpc_team i
ssd_cp_plans: cppl_cp_plan_id, cppl_referral_id, cppl_icpc_id, cppl_person_id, cppl_cp_plan_start_date d,
  cppl_cp_plan_end_date d, cppl_cp_plan_ola f
ssd_cp_visits: cppv_cp_visit_id, cppv_person_id, cppv_cp_plan_id, cppv_cp_visit_date d, cppv_cp_visit_seen f!,
  cppv_cp_visit_seen_alone f!
ssd_cp_reviews: cppr_cp_review_id, cppr_person_id, cppr_cp_plan_id, cppr_cp_review_due d, cppr_cp_review_date d
ssd_cla_episodes: clae_cla_episode_id, clae_person_id, clae_cla_placement_id, clae_cla_episode_start_date d,
  clae_cla_episode_start_reason c=episode_start,
  clae_cla_episode_ceased_date d, clae_cla_episode_ceased_reason c=episode_end, clae_cla_id, clae_referral_id,
  clae_entered_care_date d
ssd_cla_placement: clap_cla_placement_id, clap_cla_id, clap_person_id, clap_cla_placement_start_date d,
  clap_cla_placement_end_date d, clap_cla_placement_type c=placement_type,
  clap_cla_placement_change_reason c=placement_change, clap_cla_placement_urn, clap_cla_placement_distance n
ssd_legal_status: lega_legal_status_id, lega_person_id, lega_legal_status_start_date d, lega_legal_status_end_date d,
  lega_legal_status c=legal_status
ssd_cla_visits: clav_cla_visit_id, clav_cla_id, clav_person_id, clav_cla_visit_date d, clav_cla_visit_seen f!,
  clav_cla_visit_seen_alone f
ssd_cla_reviews: clar_cla_review_id, clar_cla_id, clar_cla_review_due_date d, clar_cla_review_date d,
  clar_cla_review_cancelled f
ssd_cla_care_plan: lacp_table_id, lacp_person_id, lacp_cla_care_plan_start_date d, lacp_cla_care_plan_end_date d,
  lacp_cla_care_plan_json a
ssd_cla_health: clah_health_check_id, clah_person_id, clah_health_check_date d, clah_health_check_type, clah_health_check_status
ssd_missing: miss_table_id, miss_person_id, miss_missing_episode_start_date d@, miss_missing_episode_end_date d@,
  miss_missing_episode_type c=missing_type, miss_missing_rhi_offered f~, miss_missing_rhi_accepted f
ssd_permanence: perm_table_id, perm_person_id, perm_cla_id, perm_adm_decision_date d, perm_decision_reversed_date d,
  perm_permanence_order_date d, perm_placement_order_date d, perm_matched_date d, perm_placed_for_adoption_date d,
  perm_adopted_by_carer_flag f, perm_placed_ffa_cp_date d
ssd_care_leavers: clea_table_id, clea_person_id, clea_care_leaver_personal_advisor i, clea_care_leaver_allocated_team i,
  clea_care_leaver_worker_id, clea_care_leaver_eligibility c=eligibility, clea_care_leaver_in_touch c=in_touch,
  clea_care_leaver_latest_contact d, clea_care_leaver_accommodation c=accommodation, clea_care_leaver_accom_suitable,
  clea_care_leaver_activity c=activity, clea_pathway_plan_review_date d
ssd_professionals: prof_professional_id, prof_staff_id, prof_professional_name, prof_professional_job_title,
  prof_full_time_equivalency n
ssd_department: dept_team_id, dept_team_name
ssd_involvements: invo_involvements_id, invo_professional_id, invo_professional_role_id r, invo_professional_team i,
  invo_person_id, invo_involvement_start_date d, invo_involvement_end_date d, invo_referral_id,
  invo_worker_change_reason
ext_staff: worker_id, name, email, role, team_id, fte n, asye f, agency f, starts_on d, ends_on d%
ext_team: team_id, name, service, manager_id, service_manager_id, head_of_service_id
ext_cover: staff_id, covered_by i, from_date d, to_date d
ext_load: table_name, loaded_at m@, row_count n
ext_restricted: person_id, level, allowed_recipients
ext_visit_freq: person_id, kind, every_n n, regime, valid_from d, valid_to d, set_by, set_on d
ext_merged: merged_person_id, person_id, merged_on d?
ssd_assessment_factors: cinf_table_id, cinf_assessment_id, cinf_assessment_factors_json o
ssd_sdq_scores: csdq_table_id, csdq_person_id, csdq_sdq_completed_date d, csdq_sdq_score n
ssd_immigration_status: immi_immigration_status_id, immi_person_id, immi_immigration_status_start_date d,
  immi_immigration_status_end_date d, immi_immigration_status
ssd_pre_proceedings: prep_table_id, prep_person_id, prep_pre_pro_decision_date d, prep_initial_pre_pro_meeting_date d,
  prep_pre_pro_letter_date d, prep_care_pro_letter_date d, prep_agree_stepdown_issue_date d
ext_contact: contact_id, received_at d@, decision_at d@, rag, team_id
ext_referral: referral_id, team_id, received_at d@, completed_at d@
ext_strategy: strategy_id, person_id, held_on d, s47_enquiry_id
ext_supervision: kind, worker_id, person_id, supervisor_id, held_on d
ext_oversight: person_id, by_id, noted_on d
ext_audit: audit_id, kind, person_id, team_id, auditor_id, due_on d, audited_on d, grade c=audit_grade, reaudit_of i,
  actions_due_on d, actions_done_on d, reaudit_due_on d
ext_plan_action: ref i, title, owner_id, rag c=rag, previous_rag c=rag, updated_on d, evidence_due_on d, closed_on d, evidence
ext_workforce: team_id, month d, inpost_fte n, vacant_fte n, agency_fte n, leavers_fte n
ext_vacancy: vacancy_id, team_id, role, vacant_from d, advertised_on d, offered_on d, filled_on d, withdrawn_on d
ext_pep: person_id, pep_on d
"""

_KINDS: dict[str, Kind] = {
    "a": "answers", "d": "date", "r": "role", "t": "text", "f": "flag", "n": "number", "m": "moment", "o": "outcome", "i": "id",
}  # fmt: skip


def _tables() -> Iterator[Table]:
    for line in _SPECIFICATION.strip().replace(",\n ", ",").splitlines():
        table, _, columns = line.partition(": ")
        yield Table(table, {column.name: column for column in map(_column, columns.split(","))})


def _column(entry: str) -> Column:
    name, _, kind = entry.strip().partition(" ")
    if kind.startswith("c="):
        return Column(name, "code", codes=kind[2:])
    default: Kind = "id" if name.endswith("_id") else "text"
    letter, marks = kind[:1], kind[1:]
    return Column(
        name,
        _KINDS[letter] if letter else default,
        optional="?" in marks,
        timed="@" in marks,
        may_not_apply="~" in marks,
        may_be_nothing="!" in marks,
        tells_unread="%" in marks,
    )


TABLES: Mapping[str, Table] = {table.name: table for table in _tables()}
"""Every table a rule may read, by name."""


def with_their_own(columns: frozenset[str]) -> frozenset[str]:
    """Return names of columns, and of each that stands beside another the other: `x` of `x_code`."""
    return columns.union(name.removesuffix(ending) for name in columns for ending in BESIDE)


ALWAYS = frozenset({"ssd_person", "ext_restricted"})
"""Tables that every rule reads: who a person is, and whose record is restricted."""

SERVICE_COLUMNS = {
    "ext_staff": frozenset({"worker_id", "name", "email", "role", "team_id", "starts_on", "ends_on"}),
    "ext_team": frozenset({"team_id", "name", "service", "manager_id", "service_manager_id", "head_of_service_id"}),
    "ext_cover": frozenset({"staff_id", "covered_by", "from_date", "to_date"}),
    "ext_load": frozenset({"table_name", "loaded_at", "row_count"}),
    "ext_restricted": frozenset({"person_id", "level", "allowed_recipients"}),
    "ext_merged": frozenset({"merged_person_id", "person_id", "merged_on"}),
}
"""What every run reads whatever its rules are: who answers for whom, what was loaded, whose record is restricted or merged."""


@dataclass(frozen=True)
class Reference:
    """A column that names rows of another table, by the column that tells those apart."""

    table: str
    column: str
    of: str
    key: str
    #: Another table, with its column, that may have what the first has not.
    or_of: tuple[str, str] | None = None
    #: Whether it says only whose a row is beside what it is about: then only the column is doubted, and only where it meets none.
    beside: bool = False


_STAFF, _TEAMS = ("ssd_professionals", "prof_professional_id"), ("ext_team", "team_id")
_WORKERS = (("ssd_involvements", "invo_professional_id", False), ("ssd_cin_episodes", "cine_referral_worker_id", True),
            ("ssd_cin_assessments", "cina_assessment_worker_id", True), ("ssd_care_leavers", "clea_care_leaver_personal_advisor", True),
            ("ssd_care_leavers", "clea_care_leaver_worker_id", True))  # fmt: skip
_OF_TEAMS = (("ssd_involvements", "invo_professional_team"), ("ssd_cin_episodes", "cine_referral_team"),
             ("ssd_cin_assessments", "cina_assessment_team"), ("ssd_care_leavers", "clea_care_leaver_allocated_team"))  # fmt: skip

_REFERRED_TO = {
    "_person_id": ("ssd_person", "pers_person_id"),
    "_cp_plan_id": ("ssd_cp_plans", "cppl_cp_plan_id"),
    "_cla_id": ("ssd_cla_episodes", "clae_cla_id"),
    "_referral_id": ("ssd_cin_episodes", "cine_referral_id"),
    "_assessment_id": ("ssd_cin_assessments", "cina_assessment_id"),
}
_MAY_BE_ELSEWHERE = frozenset({"icpc_cp_plan_id", "clae_referral_id", "invo_referral_id"})
"""A conference names the plan that may come of it, or none; a period of care or an involvement may be of a referral long gone."""


def _keys() -> Iterator[tuple[str, tuple[str, ...]]]:
    for table in TABLES.values():
        first, *others = table.columns
        # Brothers and sisters share a contact, a referral, an enquiry: its id and the person tell rows apart.
        person = [name for name in others if name.endswith("_person_id")]
        if not table.extension:
            yield table.name, (first, *person)
    yield "ext_team", ("team_id",)


def _references() -> Iterator[Reference]:
    for table in TABLES.values():
        for column in table.columns:
            of, key = _REFERRED_TO.get(column[column.find("_") :], (table.name, ""))
            if table.name != of and column not in _MAY_BE_ELSEWHERE and not table.extension:
                yield Reference(table.name, column, of, key)
    for name, column, beside in _WORKERS:
        yield Reference(name, column, *_STAFF, or_of=("ext_staff", "worker_id"), beside=beside)
    for name, column in _OF_TEAMS:
        yield Reference(name, column, *_TEAMS, or_of=("ssd_department", "dept_team_id"), beside=True)


KEYS: Mapping[str, tuple[str, ...]] = dict(_keys())
"""By table, the columns that together tell its rows apart; a table that may hold the same thing twice is not there."""

REFERENCES: tuple[Reference, ...] = tuple(_references())
"""The columns whose values must be found in another table: people, plans, periods of care, referrals, workers, teams."""


PERSON_IDS = frozenset(
    f"{table.name}.{column}" for table in TABLES.values() for column in table.columns if column.endswith("person_id")
)
"""The columns, as `table.column`, whose values say which person a row is about."""

OTHER_IDS = frozenset(
    f"{table.name}.{column.name}" for table in TABLES.values() for column in table.columns.values() if column.kind == "id"
).difference(PERSON_IDS)
"""The columns whose values are ids of something else: a worker, a team, a plan."""

DETAIL = frozenset(
    "ssd_person.pers_sex ssd_person.pers_gender ssd_person.pers_ethnicity ssd_person.pers_dob ssd_person.pers_expected_dob "
    "ssd_person.pers_death_date ssd_cin_episodes.cine_cin_primary_need_code ssd_legal_status.lega_legal_status "
    "ssd_cla_care_plan.lacp_cla_care_plan_json ssd_cla_health.clah_health_check_type ssd_cla_health.clah_health_check_status "
    "ssd_cla_placement.clap_cla_placement_type ssd_cla_placement.clap_cla_placement_urn ssd_sdq_scores.csdq_sdq_score "
    "ssd_assessment_factors.cinf_assessment_factors_json ssd_immigration_status.immi_immigration_status ssd_care_leavers.clea_care_leaver_accommodation "
    "ssd_care_leavers.clea_care_leaver_accom_suitable ssd_care_leavers.clea_care_leaver_activity".split()
)
"""The columns of which what is worked out is `detail`, whatever a subject's file says: birth, ethnicity, law, health, home."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the engine may take for one rule, one subject or one shared view."""

    memory_mb: int = 2048
    seconds: float = 120


NO_MORE = Limits()
"""What it may take where config.yaml says nothing."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a council may set about how its data is read: shared parameters, code maps, bank holidays, what a rule may take."""

    params: Mapping[str, object]
    codes: Mapping[str, CodeMap]
    bank_holidays: frozenset[date]
    limits: Limits = NO_MORE
