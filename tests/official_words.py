"""The DfE's own descriptions of its codes, as the guides to its collections write them: SSDA903 and the children in need census."""

from __future__ import annotations

LEGAL_STATUS = {
    "C1": "Interim care order",
    "C2": "Full care order",
    "D1": "Freeing order granted",
    "E1": "Placement order granted",
    "V2": "Single period of accommodation under section 20 (Children Act 1989)",
    "V3": "Accommodated under an agreed series of short-term breaks, when individual episodes of care are recorded",
    "V4": "Accommodated under an agreed series of short-term breaks, when agreements are recorded (NOT individual episodes of care)",
    "L1": "Under police protection and in local authority accommodation",
    "L2": "Emergency protection order (EPO)",
    "L3": "Under child assessment order and in local authority accommodation",
    "J1": "Remanded to local authority accommodation or to youth detention accommodation",
    "J2": "Placed in local authority accommodation under the Police and Criminal Evidence Act 1984, including secure "
    "accommodation, not necessarily where child would be detained.",
    "J3": "Sentenced to Youth Rehabilitation Order (Criminal Justice and Immigration Act 2008 as amended by Legal Aid, "
    "Sentencing and Punishment of Offenders Act 2012 with residence or intensive fostering requirement)",
}
PLACEMENT_TYPE = {
    "A3": "Placed for adoption with parental/guardian consent with current foster carer(s) (under Section 19 of the Adoption and "
    "Children Act 2002) or with a freeing order where parental/guardian consent has been given (under Section 18(1)(a) of the "
    "Adoption Act 1976)",
    "A4": "Placed for adoption with parental/guardian consent not with current foster carer(s) (under Section 19 of the Adoption "
    "and Children Act 2002) or with a freeing order where parental/guardian consent has been given under Section 18(1)(a) of the "
    "Adoption Act 1976",
    "A5": "Placed for adoption with placement order with current foster carer(s) (under Section 21 of the Adoption and Children "
    "Act 2002) or with a freeing order where parental/guardian consent was dispensed with (under Section 18(1)(b) the Adoption Act 1976)",
    "A6": "Placed for adoption with placement order not with current foster carer(s) (under Section 21 of the Adoption and Children "
    "Act 2002) or with a freeing order where parental/guardian consent was dispensed with (under Section 18(1)(b) of the Adoption Act 1976)",
    "H5": "Semi-independent living accommodation not subject to children\u2019s homes regulations",
    "K1": "Secure children\u2019s homes",
    "K2": "Children\u2019s Homes subject to Children\u2019s Homes Regulations",
    "K3": "Registered supported accommodation",
    "P1": "Placed with own parent(s) or other person(s) with parental responsibility",
    "P2": "Independent living for example in a flat, lodgings, bedsit, bed and breakfast (B&B) or with friends, with or without "
    "formal support",
    "P3": "Residential employment",
    "R1": "Residential care home",
    "R2": "National Health Service (NHS)/health trust or other establishment providing medical or nursing care",
    "R3": "Family centre or mother and baby unit",
    "R5": "Young offender institution (YOI)",
    "S1": "All residential schools, except where dual-registered as a school and children\u2019s home",
    "T0": "All types of temporary move (see paragraphs above for further details)",
    "T1": "Temporary periods in hospital",
    "T2": "Temporary absences of the child on holiday",
    "T3": "Temporary accommodation whilst normal foster carer(s) is/are on holiday",
    "T4": "Temporary accommodation of seven days or less, for any reason, not covered by codes T1 to T3",
    "U1": "Foster placement with relative(s) or friend(s) \u2013 long term fostering",
    "U2": "Fostering placement with relative(s) or friend(s) who is/are also an approved adopter(s) \u2013 fostering for adoption "
    "/concurrent planning",
    "U3": "Fostering placement with relative(s) or friend(s) who is/are not long-term or fostering for adoption /concurrent planning",
    "U4": "Foster placement with other foster carer(s) \u2013 long term fostering",
    "U5": "Foster placement with other foster carer(s) who is/are also an approved adopter(s) \u2013 fostering for adoption "
    "/concurrent planning",
    "U6": "Foster placement with other foster carer(s) \u2013 not long term or fostering for adoption /concurrent planning",
    "Z1": "Other placements (must be listed on a schedule sent to DfE with annual submission)",
}
PLACEMENT_CHANGE = {
    "CARPL": "Change to/Implementation of Care Plan",
    "CLOSE": "Resignation/ closure of provision",
    "ALLEG": "Allegation (s47)",
    "STAND": "Standards of care concern",
    "APPRR": "Approval removed",
    "CREQB": "Carer(s) requests placement end due to child\u2019s behaviour",
    "CREQO": "Carer(s) requests placement end other than due to child\u2019s behaviour",
    "CHILD": "Child requests placement end",
    "LAREQ": "Responsible/area authority requests placement end",
    "PLACE": "Change in the status of placement only",
    "CUSTOD": "Custody arrangement",
    "OTHER": "Other",
}
EPISODE_START = {
    "S": "Started to be looked-after",
    "L": "Change of legal status only",
    "P": "Change of placement and carer(s) only",
    "T": "Change of placement (but same carer(s)) only",
    "B": "Change of legal status and placement and carer(s) at the same time",
    "U": "Change of legal status and change of placement (but same carer(s)) at the same time",
}
EPISODE_END = {
    "X1": "Episode ceases, and new episode begins on same day, for any reason",
    "E2": "Died",
    "E3": "Care taken over by another local authority in the UK",
    "E4A": "Returned home to live with parent(s), relative(s), or other person(s) with parental responsibility as part of the care "
    "planning process (not under a special guardianship order or residence order or (from 22 April 2014) a child arrangement order).",
    "E4B": "Returned home to live with parent(s), relative(s), or other person(s) with parental responsibility which was not part "
    "of the current care planning process (not under a special guardianship order or residence order or (from 22 April 2014) a "
    "child arrangement order).",
    "E5": "Moved into independent living arrangement and no longer looked-after: supportive accommodation providing formalised "
    "advice/support arrangements (such as most hostels, young men\u2019s Christian association, foyers, staying close and care "
    "leavers projects). Includes both children leaving care before and at age 18",
    "E6": "Moved into independent living arrangement and no longer looked-after : accommodation providing no formalised "
    "advice/support arrangements (such as bedsit, own flat, living with friend(s)). Includes both children leaving care before and "
    "at age 18",
    "E7": "Transferred to residential care funded by adult social care services",
    "E8": "Period of being looked-after ceased for any other reason (where none of the other reasons apply)",
    "E9": "Sentenced to custody",
    "E11": "Adopted - application for an adoption order unopposed",
    "E12": "Adopted \u2013 consent dispensed with by the court",
    "E13": "Left care to live with parent(s), relative(s), or other person(s) with no parental responsibility.",
    "E14": "Accommodation on remand ended",
    "E15": "Age assessment determined child is aged 18 or over and E5, E6 and E7 do not apply, such as an unaccompanied "
    "asylum-seeking child (UASC) whose age has been disputed",
    "E16": "Child moved abroad",
    "E17": "Aged 18 (or over) and remained with current carers (inc under staying put arrangements)",
    "E41": "Residence order (or, from 22 April 2014, a child arrangement order which sets out with whom the child is to live) granted",
    "E45": "Special guardianship order made to former foster carer(s), who was/are a relative(s) or friend(s)",
    "E46": "Special guardianship order made to former foster carer(s), other than relative(s) or friend(s)",
    "E47": "Special guardianship order made to carer(s), other than former foster carer(s), who was/are a relative(s) or friend(s)",
    "E48": "Special guardianship order made to carer(s), other than former foster carer(s), other than relative(s) or friend(s)",
}
REFERRAL_END = {
    "RC1": "Adopted",
    "RC2": "Died",
    "RC3": "Child arrangements order",
    "RC4": "Special guardianship order",
    "RC5": "Transferred to children\u2019s social care services of another local authority",
    "RC6": "Transferred to adult social care services",
    "RC7": "Services ceased for any other reason, including child no longer in need",
    "RC8": "Case closed after assessment, no further action",
    "RC9": "Case closed after assessment, referred to early help",
}
ELIGIBILITY = {
    "REL": "Relevant child",
    "FREL": "Former relevant child",
    "QUAL": "Qualifying child",
    "ELIG": "Eligible child",
}
IN_TOUCH = {
    "YES": "Yes \u2013 in touch",
    "NO": "No \u2013 not in touch",
    "DIED": "Died after leaving care",
    "REFU": "Young person refuses contact",
    "NREQ": "Young person no longer requires children\u2019s social care services",
    "RHOM": "Young person returned to live with parents or someone with parental responsibility for a continuous period of 6 months "
    "or more",
}
ACCOMMODATION = {
    "B": "With parent(s) or relative(s)",
    "C": "Community home or other form of residential care such as an National Health Service (NHS) establishment",
    "D": "Semi-independent, transitional accommodation (like a supported hostel, trainer flats); self contained accommodation with "
    "specialist personal assistance support (for example, for young people with disabilities, pregnant young women and single "
    "parents); and self-contained accommodation with floating support",
    "E": "Supported lodgings (accommodation, usually in a family home, where adult(s) in the \u201chost family\u201d provide formal "
    "advice and support)",
    "G": "Gone abroad",
    "H": "Deported",
    "K": "Ordinary lodgings, without formal support",
    "R": "Residence not known",
    "S": "No fixed abode / homeless",
    "T": "Foyers and similar supported accommodation which combines the accommodation with opportunities for education, training or "
    "employment",
    "U": "Independent living, for example independent tenancy of flat, house or bedsit, including local authority or housing "
    "association tenancy, or accommodation provided by a college or university. Includes flat sharing",
    "V": "Emergency accommodation (like a night shelter, direct access or emergency hostel)",
    "W": "Bed and breakfast",
    "X": "In custody",
    "Y": "Other accommodation",
    "Z": "With former foster carer(s) - where the young person has been fostered and on turning 18 continues to remain with the same "
    "carer(s) who had fostered them immediately prior to their reaching legal adulthood, and where the plan for their care involves "
    "their remaining with this former foster family for the future.",
}
ACTIVITY = {
    "F1": "Young person engaged full time in higher education (for example studies beyond A level)",
    "F2": "Young person engaged full time in education other than higher education",
    "F4": "Young person engaged full time in an apprenticeship",
    "F5": "Young person engaged full time in training or employment (not apprenticeship)",
    "P1": "Young person engaged part time in higher education (for example studies beyond A level)",
    "P2": "Young person engaged part time in education other than higher education",
    "P4": "Young person engaged part time in an apprenticeship",
    "P5": "Young person engaged part time in training or employment (not apprenticeship)",
    "G4": "Young person not in education, employment or training because of illness or disability",
    "G5": "Young person not in education, employment or training: other circumstances",
    "G6": "Young person not in education, employment or training due to pregnancy or parenting",
}

OFFICIAL = {
    "legal_status": LEGAL_STATUS,
    "placement_type": PLACEMENT_TYPE,
    "placement_change": PLACEMENT_CHANGE,
    "episode_start": EPISODE_START,
    "episode_end": EPISODE_END,
    "referral_end": REFERRAL_END,
    "eligibility": ELIGIBILITY,
    "in_touch": IN_TOUCH,
    "accommodation": ACCOMMODATION,
    "activity": ACTIVITY,
}
"""By code map: each code and its description."""
