"""The words that case systems and people use in the cells of a council, right and wrong ones."""

from __future__ import annotations

ALLOCATED = ("CW", "cw", "ALLWKR", "AllWkr", "Allocated case worker", "ALLOCATED  CASE WORKER")
ADVISERS = ("16PLUS", "16plus", "REL.PERSONALADVISOR", "Rel.PersonalAdvisor", "PA")
OTHER_ROLES = ("IRO", "SW", "CW2", "ALLOCATED", "personal adviser", None, "SSD_PH")
NAMES = ("Ade Okoro", "O'Neil, B", "Mashford, C", "Steam, D", "Systems, E", "un-allocated F", "Bea Duty\u00e9", None, "")
TRAYS = ("Duty-Tray", "MASH", "Team2", "1duty1", "Awaiting_Allocation", "UNALLOCATED", "Dummy, X", "O\u2019Team", "the system")
SERVICES = ("assessment", "help_protection", "children_in_care", "care_leavers", "disabled_children", "front_door", "other", None)
HEAVY = (
    ("yes", "personal_adviser", "care_leavers", (10, 12)),
    ("1", "social_worker", "other", (10, 12)),
    ("no", "personal_adviser", "assessment", (22, 28)),
    (None, None, "care_leavers", (22, 28)),
    ("n", "social_worker", "assessment", (18, 22)),
    (None, "social_worker", "help_protection", (18, 22)),
    ("", "social_worker", "Children_in_care", (16, 20)),
    (None, "social_worker", " disabled_children", (20, 25)),
    (None, "team_manager", "front_door", (18, 22)),
)
FTE = (
    "1",
    "1.0",
    "0.5",
    "0.50",
    "0.4",
    "0.2",
    "0.1",
    "0.32",
    "1.2",
    "1.21",
    "1.3",
    "0",
    "-1",
    "half",
    ".5",
    "1.",
    "37",
    None,
    "",
)
IN_CARE = ("C1", "C1", "C2", "E1", "V2", "J1", "J1", "L1", "interim care order", "care order", "placement order (sec. 21)")
SHORT_BREAKS = ("V1", "V3", "V4", "regular occ. acc by la s20(3) ca 16 & over")
NO_STATUS = ("supervision order", "special guardianship order", "C9", "C1C2", None, "")
PLACEMENTS = ("U1", "U4", "U4", "U6", "P1", "P1", "A3", "K2", "H5", "T0", "T3", "T4")
PLACED = (
    "foster placement with relative or friend - long term",
    "placement with other foster carer - long term",
    "placed with own parents",
    "children's home",
    "semi-independent living accommodation",
    "U9",
    "somewhere",
    None,
)
PLANS = (
    '{"ADOPTION": "Y", "OTHERPLN": "N"}',
    '{"REMAINSUP":"N","RETURN1M":"No","LTFOST18" : "1"}',
    '{"OTHERPLN": "Y"}',
    '{"adoption":true',
    '{"ADOPTION": null, "RESPLMT": 0, "SUPPLIV": "none"}',
    '{"ADOPTION": "false", "ADOPTION": "Y"}',
    '{"RETURNEV": "\u00a0N\u00a0"}',
    '{"LTRELFR":\n"SSD_PH"}',
    '{"RETURN6M": ""}',
    '{"RETURN6M": 0.0}',
    "{'ADOPTION': 'Y'}",
    '{"ADOPTIONS": "Y", "xADOPTION": "Y"}',
    "ADOPTION: Y",
    '{"LTFOST18": "Yes, since 2024 (\u201csee file\u201d)"}',
    None,
    "NULL",
)
ELIGIBLE = ("REL", "FREL", "FREL", "former relevant child", "b) Former relevant", "a) relevant", "former  relevant")
NOT_ELIGIBLE = ("QUAL", "qualifying care leaver", "ELIG", "NONE", "not eligible", "relevant?", None)
TOUCH = (
    "YES",
    "Y",
    "a) yes",
    "NO",
    "b) no",
    None,
    "lost?",
    "REFU",
    "d) refu",
    "refused",
    "NREQ",
    "not required",
    "RHOM",
    "c) died",
)
ACCOMMODATION = (
    "B",
    "S2",
    "U1",
    "G",
    "G1",
    "H",
    "gone abroad",
    "deported",
    "no fixed abode",
    "X",
    "Q",
    None,
    "independent living",
)
ENDS_OF_NEED = ("RC1", "RC2", "RC3", "RC8", "adopted", "died", "RC10", "case closed", "")
ENDS_OF_CARE = ("E2", "E11", "E12", "E4A", "X1", "died", "adopted", "Adopted - consent dispensed with by the court", "E1", "")
ACTIVITIES = (
    "G5",
    "G5",
    "G4",
    "G6",
    "F1",
    "not in education, employment or training - other",
    "not in education, employment or training - illness or disability",
    "NEET",
    "G5: NEET other",
    None,
)
ACCOMMODATION_SUITS = (
    "1",
    "2",
    "suitable",
    "Unsuitable",
    "not suitable",
    "not  suitable (B&B)",
    "y",
    "n",
    "b) no",
    "a) yes",
    "false",
    "3",
    None,
    "SSD_PH",
    None,
)
HEALTH_CHECKS = (
    "Health assessment",
    "Initial health assessment",
    "Review Health  Assessment (6 monthly)",
    "health",
    "Health check",
    "Dental check",
    "dental",
    "Teeth checked",
    "Dental health assessment",
    "Optician",
    None,
)
HEALTH_STATES = ("Complete", "completed", "Completed - on time", "Complete", "Refused", "incomplete", "planned", None, "")
NUMBERS_OF_HOMES = (
    *("SC123456", "sc 123456", "1234567", "XXXXXXX", "xxxxxxx", "SC 765432"),
    *("SC12345", "12345678", "XXXXXX", "none", "SC1234567", None, "", "SSD_PH"),
)
DISTANCES = (
    "0",
    "5",
    "20",
    "20.0",
    "20.01",
    "20.1",
    "35.5",
    "100",
    "100.0",
    "100.1",
    "998.9",
    "999",
    "999.9",
    "-1",
    "near",
    None,
)
MISSING = ("M", "M", "M", "missing", "Missing from home", "m: missing", "A", "away", "unauthorised absence", "lost", None)
SCORES = ("0", "12", "12", "40", "40.0", "40.5", "41", "-1", "17", "refused", None, "n/a")
OUTCOMES_OF_ENQUIRIES = (
    '{"CP_CONFERENCE_FLAG": "Y"}',
    '{"OUTCOME_NFA": "N", "cp_conference_flag" : "Yes", "COMMENTS": "he said "no""}',
    '{"CP_CONFERENCE_FLAG": "N"}',
    '{"CP_CONFERENCE_FLAG":1',
    '{"CP_CONFERENCE_FLAG": ""}',
    '{"OUTCOME_COMMENTS": "x", "CP_CONFERENCE_FLAG": "Y"}',
    '{"CP_CONFERENCE_FLAG": true, "OTHER": "Y"}',
    "{'CP_CONFERENCE_FLAG': 'Y'}",
    "CP_CONFERENCE_FLAG; other",
    "conference",
    None,
    "SSD_PH",
    None,
)
OUTCOMES_OF_CONTACTS = (
    *('{"EXISTING_REFERRAL_FLAG": "Y"}', '{"NEW_REFERRAL_FLAG":"Y","existing_referral_flag":"yes"'),
    *('{"EXISTING_REFERRAL_FLAG": "N"}', '{"COMMENTS": "x", "EXISTING_REFERRAL_FLAG": "Y"}', "EXISTING_REFERRAL_FLAG"),
    *(None, None, None, "", "NULL", "information only", '{"NFA_FLAG": "Y"}'),
)
OUTCOMES_OF_REFERRALS = (
    *('{"CARE_LEAVER_FLAG": "Y"}', '{"NFA_FLAG": "N", "PRIVATE_FOSTERING_FLAG":"1"}', '{"NON_AGENCY_ADOPTION_FLAG": true'),
    *('{"CARE_LEAVER_FLAG": "N"}', '{"OUTCOME_COMMENTS": "he", "CARE_LEAVER_FLAG": "Y"}', '{"SINGLE_ASSESSMENT_FLAG": "Y"}'),
    *(None, None, None, None, None, "", "CARE_LEAVER_FLAG;NFA", "care leaver"),
)
OUTCOMES_OF_ASSESSMENTS = (
    *('{"NFA_FLAG": "Y"}', '{"nfa_flag":"T", "COMMENTS": "none"}', '{"NFA_FLAG": "N"}', '{"COMMENTS": "", "NFA_FLAG": "Y"}'),
    *(None, None, None, "NFA", "NFA_FLAG, other", ""),
)
FACTORS = (
    *(
        '["19B"]',
        '{"19C": "Yes", "1A": "No"}',
        '["1A", "2B", "4A", "11A"]',
        "4a; 24A",
        '{"4B": "Y", "12A": 1, "13A": "Y", "2C": "Y"}',
    ),
    '["11A", "19B", "4C", "1B", "3A"]',
    *('["3A"]', '{"3B": "Yes", "1A": "No"}', "21", "5A,6B", '["7A", "not 4 A"]', '{"19B": "N", "21": "Y"}', "3A 9A", '["20"'),
)
KINDS_OF_SUPERVISION = ("staff", "staff", "case", "case", "group", None)
KINDS_OF_AUDIT = ("audit", "audit", "dip_sample", "re_audit", "survey", None)
GRADES = (
    *("OUT", "GOOD", "RI", "INAD", "INAD", "good", "requires improvement", "Requires improvement to be good", "inadequate"),
    *("poor", None),
)
ACTION_RAGS = ("RED", "AMBER", "GREEN", "GREEN", "BLUE", "r", "g", "complete", "Completed", "purple", None, "")
EVIDENCE = (
    "CP-03",
    "CP-05",
    "CLA-01",
    "CLA-02",
    "CLA-20",
    "FD-02",
    "FD-09",
    "CL-08",
    "CP-08",
    "WF-07",
    "DQ-01",
    "XX-99",
    "CLA-06",
)
