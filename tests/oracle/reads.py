"""The tables that each rule reads, as the definitions list them; `ssd_person` and `ext_restricted` all do."""

from __future__ import annotations

_GROUPS = {
    "CLA": "ssd_cla_episodes ssd_legal_status",
    "CL": "ssd_cla_episodes ssd_legal_status ssd_care_leavers",
    "OPEN": "ssd_cla_episodes ssd_legal_status ssd_care_leavers ssd_cp_plans ssd_cin_episodes",
    "ALLOC": "ssd_involvements ssd_professionals ext_staff",
    "TEAM": "ssd_involvements ssd_professionals ext_staff ssd_cin_episodes ext_team",
}
_DQ_01 = "CL ALLOC ssd_cp_plans ssd_cin_episodes"

_LINES = f"""
FD-01: ext_contact ssd_contacts
FD-02: ext_contact ssd_contacts ext_referral ssd_cin_episodes
FD-03: ext_referral ssd_cin_episodes
FD-04: ssd_cin_episodes
FD-05: ssd_contacts ssd_cin_episodes ssd_s47_enquiry
FD-06: ssd_contacts OPEN
FD-07: ssd_contacts ssd_cin_episodes ssd_s47_enquiry ssd_cp_plans ext_strategy
FD-08: ext_strategy
FD-09: ssd_cin_episodes
FD-10: ssd_cin_assessments ssd_assessment_factors
AS-01: ssd_cin_assessments ssd_cin_episodes
AS-02: OPEN ssd_cin_assessments ssd_s47_enquiry ssd_cin_plans
AS-03: ssd_cin_assessments
CP-01: ssd_s47_enquiry ssd_initial_cp_conference
CP-02: ssd_s47_enquiry ssd_initial_cp_conference ssd_cp_plans ssd_cin_episodes
CP-03: ssd_cp_plans ssd_cp_visits ssd_cla_visits ssd_cla_episodes ssd_legal_status ext_visit_freq
CP-04: ssd_cp_plans ssd_cp_visits
CP-05: ssd_cp_plans ssd_cp_reviews
CP-06: ssd_cp_plans
CP-07: ssd_cp_plans
CP-08: ssd_cp_plans ALLOC
CP-09: ssd_cp_plans ssd_cin_episodes
CIN-01: OPEN TEAM ssd_cin_plans ssd_cin_visits
CIN-02: OPEN ssd_cin_assessments ssd_cin_plans
CIN-03: OPEN TEAM ssd_cin_plans
CIN-04: CLA ssd_cp_plans ssd_cin_plans
CLA-01: CLA ssd_cla_visits ssd_cla_placement ssd_cla_reviews ext_visit_freq
CLA-02: CLA ssd_cla_reviews
CLA-03: CLA ssd_cla_reviews ssd_cla_care_plan ssd_cla_placement ssd_permanence
CLA-04: CLA ssd_cla_health
CLA-05: CLA ssd_cla_health
CLA-06: CLA ssd_sdq_scores
CLA-07: CLA ext_pep
CLA-08: CLA ssd_cla_placement
CLA-09: OPEN ssd_missing
CLA-10: OPEN ssd_missing
CLA-11: CLA ssd_cla_placement
CLA-12: CLA ssd_cla_placement
CLA-13: CLA ssd_cla_placement
CLA-14: CLA ssd_immigration_status ssd_cla_care_plan
CLA-15: CLA ALLOC
CLA-16: CLA ssd_immigration_status
CLA-17: CLA
CLA-18: OPEN ssd_missing
CLA-19: CLA ALLOC ssd_care_leavers
CLA-20: CLA ssd_cla_reviews ssd_cla_care_plan ssd_cla_placement ssd_permanence
CLA-21: CLA ssd_cla_placement
PM-01: CLA ssd_permanence
PM-02: CLA ssd_permanence ssd_cla_placement
PM-03: CLA ssd_cla_care_plan ssd_cla_placement ssd_permanence
PL-01: CLA ssd_pre_proceedings
PL-02: CLA
CL-01: CL
CL-02: CL
CL-03: CL
CL-04: CL
CL-05: CL
CL-06: CL ALLOC
CL-07: CL
CL-08: CL
WF-01: ALLOC ext_team
WF-02: ALLOC ext_team
WF-03: ext_supervision ext_staff ext_cover
WF-04: OPEN ext_oversight ext_supervision ext_staff
WF-05: ext_workforce ext_team
WF-06: ext_audit
WF-07:
WF-08: ext_plan_action ext_staff
WF-09: OPEN TEAM
WF-10: OPEN ext_supervision
WF-11: ext_workforce ext_team
WF-12: ext_workforce ext_team
WF-13: ext_team ext_staff ext_cover ext_vacancy
WF-14: ext_audit
WF-15: ext_audit
WF-16: ext_audit TEAM
WF-17: OPEN ALLOC ext_team ssd_cin_plans ssd_cin_assessments ssd_assessment_factors ssd_s47_enquiry ssd_missing
WF-18: ext_vacancy
WF-19: ssd_cin_assessments ssd_cin_episodes ext_oversight ext_supervision ext_staff
DQ-01: {_DQ_01}
DQ-02: {_DQ_01}
DQ-03: {_DQ_01} ssd_cin_plans
DQ-04: ssd_cin_episodes ssd_cin_plans ssd_cp_plans ssd_cla_episodes
DQ-05: {_DQ_01} ssd_cin_assessments ssd_cin_plans ssd_cla_placement ssd_cp_visits ssd_cla_visits ssd_cin_visits ssd_cp_reviews
  ssd_cla_reviews ssd_cla_health
DQ-06:
DQ-07:
DQ-08: CL ALLOC ssd_cla_placement ssd_missing ssd_cp_plans ssd_cin_episodes ext_audit ext_plan_action
"""


def _read(line: str) -> tuple[str, frozenset[str]]:
    code, _, names = line.partition(":")
    return code, frozenset(table for name in names.split() for table in _GROUPS.get(name, name).split())


READS = dict(_read(line) for line in _LINES.replace("\n  ", " ").strip().splitlines())
