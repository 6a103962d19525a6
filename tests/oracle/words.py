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
