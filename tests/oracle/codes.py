"""The code maps: which words of a case system stand for which code."""

from __future__ import annotations

from tests.oracle.cells import norm, read_once

UNMAPPED = "UNMAPPED"
WIDTH = 100


def _map(codes: str, descriptions: dict[str, tuple[str, ...]] | None = None) -> tuple[frozenset[str], dict[str, str]]:
    words = {text[:WIDTH]: code for code, texts in (descriptions or {}).items() for text in texts}
    return frozenset(codes.split()), words


_LETTERS = "B C D E G H K R S T U V W X Y Z"
_V4 = "accommodated under an agreed series of short-term breaks, when agreements are recorded (not individual episodes of care)"

MAPS = {
    "legal_status": _map(
        "C1 C2 D1 E1 V1 V2 V3 V4 L1 L2 L3 J1 J2 J3",
        {
            "C1": ("interim care order", "interim care order sec. 38(1)"),
            "C2": ("full care order", "care order", "care order sec. 31(a)", "c.o. extended s40(5) ca"),
            "D1": ("freeing order granted", "child freed for adoption"),
            "E1": (
                "placement order granted",
                "placement order",
                "placement order (sec. 21)",
                "care order sec.31(a) & placement order (sec. 21)",
            ),
            "V2": (
                "single placement acc. by la s20(1) ca under 16",
                "single placement acc. by la s20(3) ca 16 & over",
                "single period of accommodation under section 20 (children act 1989)",
                "single period of accommodation under section 20",
            ),
            "V3": ("accommodated under an agreed series of short-term breaks, when individual episodes of care are recorded",),
            "V4": (_V4, "regular occ. acc by la s20(3) ca 16 & over", "regular occ. acc. by la s.20(1) ca under 16"),
            "L1": ("under police protection and in local authority accommodation", "police protection power sec.38(1)"),
            "L2": ("emergency protection order (epo)", "emergency protection order", "emergency protection order - la"),
            "L3": (
                "under child assessment order and in local authority accommodation",
                "child assessment order sec. 43(1)",
            ),
            "J1": (
                "remanded to local authority accommodation or to youth detention accommodation",
                "remanded to la accommodation s20",
            ),
            "J2": ("p.a.c.e interview (cyp)",),
            "J3": ("s.43 cja 91 post-sent und 22",),
        },
    ),
    "placement_type": _map(
        "A1 A2 A3 A4 A5 A6 F1 F2 F3 F4 F5 F6 H1 H2 H3 H4 H5 K1 K2 K3 M2 M3 P1 P2 P3 Q1 Q2 R1 R2 R3 R5 S1 "
        "T0 T1 T2 T3 T4 U1 U2 U3 U4 U5 U6 Z1 Z11 Z12 Z13 Z14",
        {
            "H5": ("h5a", "semi-independent living accommodation"),
            "P1": ("placed with own parents", "placed with parents"),
            "P2": ("independent living",),
            "K1": ("secure children's home",),
            "K2": ("children's home",),
            "K3": ("supported accommodation",),
            "U1": ("foster placement with relative or friend - long term",),
            "U4": ("placement with other foster carer - long term",),
        },
    ),
    "placement_change": _map(
        "CARPL CLOSE ALLEG STAND APPRR CREQB CREQO CHILD LAREQ PLACE CUSTOD OTHER",
        {"PLACE": ("change in the status of placement only",)},
    ),
    "episode_end": _map(
        "X1 E2 E3 E4A E4B E5 E6 E7 E8 E9 E11 E12 E13 E14 E15 E16 E17 E41 E45 E46 E47 E48",
        {
            "E2": ("died",),
            "E11": ("adopted - application for an adoption order unopposed",),
            "E12": ("adopted - consent dispensed with by the court",),
        },
    ),
    "referral_end": _map(
        "RC1 RC2 RC3 RC4 RC5 RC6 RC7 RC8 RC9",
        {"RC1": ("adopted",), "RC2": ("died",)},
    ),
    "missing_type": _map(
        "M A",
        {
            "M": ("missing", "missing person", "missing from care", "missing from home"),
            "A": (
                "away",
                "absent",
                "away from placement without authorisation",
                "away without authorisation",
                "unauthorised absence",
            ),
        },
    ),
    "audit_grade": _map(
        "OUT GOOD RI INAD",
        {
            "OUT": ("outstanding",),
            "GOOD": ("good",),
            "RI": ("requires improvement", "requires improvement to be good"),
            "INAD": ("inadequate",),
        },
    ),
    "rag": _map(
        "RED AMBER GREEN BLUE", {"RED": ("r",), "AMBER": ("a",), "GREEN": ("g",), "BLUE": ("b", "complete", "completed")}
    ),
    "eligibility": _map(
        "REL FREL QUAL ELIG NONE",
        {
            "REL": ("relevant", "relevant child", "a) relevant", "a) relevant child"),
            "FREL": ("former relevant", "former relevant child", "b) former relevant", "b) former relevant child"),
            "QUAL": (
                "qualifying",
                "qualifying child",
                "qualifying care leaver",
                "c) qualifying",
                "c) qualifying care leaver",
            ),
            "ELIG": ("eligible", "eligible child", "d) eligible", "d) eligible child"),
            "NONE": ("no current eligibility", "not eligible"),
        },
    ),
    "in_touch": _map(
        "YES NO DIED REFU NREQ RHOM",
        {
            "YES": ("y", "1", "a) yes"),
            "NO": ("n", "0", "b) no"),
            "DIED": ("c) died",),
            "REFU": ("refused", "d) refu"),
            "NREQ": ("not required", "e) nreq"),
            "RHOM": ("returned home", "f) rhom"),
        },
    ),
    "accommodation": _map(
        " ".join(f"{letter} {letter}1 {letter}2" for letter in _LETTERS.split()),
        {
            "B": ("parents/relatives", "with parents or relatives"),
            "C": ("community home / residential care", "community home"),
            "D": (
                "semi-independent, transitional accommodation",
                "semi-independent, transitional accommodation and self-contained accommodation",
            ),
            "E": ("supported lodgings",),
            "G": ("abroad", "gone abroad"),
            "H": ("deported",),
            "K": ("ordinary lodgings", "ordinary lodgings, without formal support"),
            "R": ("residence not known",),
            "S": ("no fixed abode", "no fixed abode / homeless"),
            "T": ("foyers", "foyers and similar supported accommodation"),
            "U": ("independent living",),
            "V": ("emergency accommodation",),
            "W": ("bed and breakfast",),
            "X": ("in custody",),
            "Y": ("other accommodation",),
            "Z": ("with former foster carers",),
        },
    ),
    "activity": _map(
        "F1 F2 F4 F5 P1 P2 P4 P5 G4 G5 G6",
        {
            "F1": ("full time in higher education",),
            "F2": ("full time in education other than higher",),
            "F4": ("young person engaged full time in an apprenticeship",),
            "F5": ("young person engaged full time in training or employment (not apprenticeship)",),
            "P1": ("part time in higher education",),
            "P2": ("part time in education other than higher",),
            "P4": ("young person engaged part time in an apprenticeship",),
            "P5": ("young person engaged part time in training or employment (not apprenticeship)",),
            "G4": ("not in education, employment or training - illness or disability",),
            "G5": ("not in education, employment or training - other",),
            "G6": ("not in education, employment or training - pregnancy or parenting",),
        },
    ),
}


@read_once
def code(cell: str | None, name: str) -> str | None:
    """Return the code of the map `name` that a cell stands for; UNMAPPED for none of them, None for an empty cell."""
    codes, words = MAPS[name]
    text = norm(cell)
    if text is None:
        return None
    text = text[:WIDTH]
    if text.upper() in codes:
        return text.upper()
    for separator in (":", " - "):
        before, found, _ = text.partition(separator)
        if found and before.strip().upper() in codes:
            return before.strip().upper()
    if text in words:
        return words[text]
    inside = {found.upper() for found in _in_shapes(text) if found.upper() in codes}
    if len(inside) == 1:
        return inside.pop()
    alike = {code for described, code in words.items() if _signless(described) == _signless(text)}
    return alike.pop() if len(alike) == 1 else UNMAPPED


def _in_shapes(text: str) -> list[str]:
    """Return what stands where case systems put a code: words with a digit, and single letters in brackets."""
    ends = [text[1 : text.find(closing)] for opening, closing in ("[]", "()") if text.startswith(opening) and closing in text]
    ends += [
        text[text.rfind(opening) + 1 : -1]
        for opening, closing in ("[]", "()")
        if text.endswith(closing) and f" {opening}" in text
    ]
    found = [end for end in ends if len(end) == 1]
    if len(text) > 2 and text[1] == ")":
        ends.append(text[2:].strip().split(" ")[0].rstrip(":"))
    ends += [text.split(" ", maxsplit=1)[0].split("-", maxsplit=1)[0], *(part.strip() for part in text.split(" - ")[1:-1])]
    return found + [end for end in ends if any(sign.isdigit() for sign in end)]


def _signless(text: str) -> str:
    for sign in "-,./[]()":
        text = text.replace(sign, " ")
    return " ".join(text.split())


def accommodation(cell: str | None) -> str | None:
    """Return the letter of an accommodation code, without the digit that says whether it suits."""
    found = code(cell, "accommodation")
    return found if found in (None, UNMAPPED) else found[0]


def suits(said: str | None, lives_in: str | None) -> bool | None:
    """Return whether an accommodation suits, as said in words, else by the digit of its code; None where nobody knows."""
    words = norm(said) or ""
    if "unsuit" in words or "not suit" in words or words in ("2", "n", "no", "b) no", "0", "false"):
        return False
    if "suit" in words or words in ("1", "y", "yes", "a) yes", "true"):
        return True
    digit = (code(lives_in, "accommodation") or "")[1:]
    return {"1": True, "2": False}.get(digit)
