"""Which code a council's word stands for: the DfE's own descriptions, the dresses that case systems put them in, and never a wrong one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.casedata.codes import UNMAPPED, CodeMap, norm
from tests.case_rows import shipped
from tests.official_words import OFFICIAL

LOCAL = {
    "legal_status": {
        "C1": [
            "ICO",
            "Interim Care Order (s38)",
            "Interim care order - S.38 Children Act 1989",
            "INTERIM CARE ORDER [C1]",
            "C1 ICO",
        ],
        "C2": [
            "FCO",
            "Care Order s31",
            "Full Care Order (Section 31)",
            "CLA - C2 - Care Order",
            "C2: Full CO",
            "(C2) Care Order",
        ],
        "E1": ["Placement Order (s21 ACA 2002)", "E1 - Placement order", "Placement order granted."],
        "V2": [
            "V2 Single period of accommodation",
            "Single period of accommodation under Section 20",
            "Single period of accomodation under section 20",
            "V2-S20",
        ],
        "V3": ["V3 - short breaks", "b) V3: short breaks"],
        "L1": ["Police Protection", "Police protection (s46)"],
        "L2": ["EPO", "Emergency Protection Order (s.44)"],
        "J1": ["Remanded to Local Authority accommodation", "J1 - Remand"],
        UNMAPPED: [
            "S20",
            "Supervision Order",
            "Interim Supervision Order",
            "Special Guardianship Order",
            "C9",
            "C1C2",
            "C1 / C2",
            "C1 or C2",
            "C1 - C2",
            "C2: Interim care order",
            "C2 - Placement order (s21)",
            "was C1",
            "E1 care order",
            "(C1) full care order",
            "No order",
            "Care Order ended",
            "Order",
            "not C2",
            "Section 20 [C9]",
        ],
    },
    "placement_type": {
        "P1": ["k) P1: Placed with parents", "(P1) with parents", "Placed with own parents", "P1 - Parents/PR"],
        "K1": ["Secure Childrens Home", "Secure Children\u2019s Home"],
        "K2": ["Children's Home (K2)", "Childrens Homes", "K2 Residential"],
        "S1": ["Residential School"],
        "R3": ["Mother & Baby Unit", "Mother and Baby Unit"],
        "R5": ["YOI", "Young Offender Institution"],
        "U1": ["Foster placement with relative or friend - Long-term fostering", "U1 Kinship long term"],
        "U4": [
            "Foster placement with other foster carers; long term fostering",
            "FOSTER PLACEMENT WITH OTHER FOSTER CARER(S) - LONG-TERM FOSTERING",
        ],
        "U6": ["Foster placement with other foster carer(s) not long-term or fostering for adoption/concurrent planning"],
        "T1": ["Temporary period in hospital"],
        UNMAPPED: [
            "Fostering",
            "Foster placement",
            "Foster placement with other foster carer",
            "Kinship",
            "U9",
            "Placed for adoption",
            "Hospital?",
        ],
    },
    "eligibility": {
        "FREL": [
            "former relevant 18-20",
            "Former Relevant (18-21)",
            "Former relevant child (over 18)",
            "b) Former Relevant 18+",
            "Former-Relevant",
            "Former Relevant Care Leaver",
            "Former relevant young person",
        ],
        "REL": ["Relevant 16-17", "Relevant (aged 16 to 17)", "RELEVANT CHILD"],
        "QUAL": ["Qualifying aged 16 - 20", "Qualifying Young Person"],
        "ELIG": ["Eligible 16/17", "d) Eligible Child"],
        "NONE": ["Not Eligible", "No eligibility"],
        UNMAPPED: ["not relevant", "Relevant or former relevant", "Relevant / Qualifying", "Leaver", "18-20", "21+"],
    },
    "in_touch": {
        "YES": ["Yes - in touch", "In Touch", "Y", "a) Yes"],
        "NO": ["Not in touch", "No - not in touch", "No: whereabouts not known"],
        "REFU": ["Refuses contact", "REFU: refuses", "Young person refused contact"],
        "NREQ": ["No longer requires services"],
        UNMAPPED: ["In touch / not in touch", "No - refused contact", "Yes: died", "Perhaps", "-", "Unknown"],
    },
    "accommodation": {
        "B": ["(B) With parents", "With parents or relatives", "With parent(s)/relative(s)"],
        "B2": ["B2 With parents or relatives"],
        "S": ["No fixed abode/homeless", "NO FIXED ABODE"],
        "D": ["Semi Independent, transitional accommodation"],
        "U": ["Independent Living"],
        "U1": ["Independent Living (U1)"],
        "Z": ["With former foster carers"],
        UNMAPPED: ["Flat", "B & W", "With friends", "(Q)"],
    },
    "episode_end": {
        "E3": ["Care taken over by another LA in the UK"],
        UNMAPPED: ["Adopted", "Special guardianship order made to former foster carers"],
    },
    "activity": {
        "G4": ["NEET - Illness or disability", "Not in Education, Employment or Training - illness or disability"],
        "F2": ["F2 - Full time education", "Full-time in education other than higher"],
        "F4": ["Full time apprenticeship"],
        UNMAPPED: ["NEET", "Working", "F", "F2/F4"],
    },
}
"""Words in the manner of councils, by code map and by the code that each stands for."""


@cache
def maps() -> Mapping[str, CodeMap]:
    return shipped().settings.codes


def dresses(code: str, words: str) -> list[str]:
    """Return a description as case systems write it, with its code and without."""
    found = [words, f"{code}: {words}", f"{code} - {words}"]
    if any(map(str.isdigit, code)):
        found += [
            f"{code} {words}",
            f"{code}-{words}",
            f"[{code}] {words}",
            f"{words} [{code}]",
            f"{words} ({code})",
            f"k) {code}: {words}",
        ]
        found += [f"k) {code} {words}", f"CLA - {code} - {words}"]
    elif len(code) == 1:
        found += [f"({code}) {words}", f"[{code}] {words}", f"{words} ({code})"]
    return found


@pytest.mark.parametrize("name", OFFICIAL)
def test_every_official_description_is_its_code_in_each_dress_of_a_case_system_whole_and_cut(name: str) -> None:
    everything = [norm(words) or "" for words in OFFICIAL[name].values()]
    wrong = {}
    for code, words in OFFICIAL[name].items():
        short = words if len(words) < 80 else words[:100]
        for cell in {
            *dresses(code, short),
            *dresses(code, words)[:3],
            words[:100],
            words[:99],
            words.upper(),
            words.replace(",", ""),
        }:
            could_be_two = sum(words.startswith(norm(cell) or "") for words in everything) > 1
            if maps()[name].code(cell) != (UNMAPPED if could_be_two else code):
                wrong[cell] = maps()[name].code(cell)

    assert wrong == {}


@pytest.mark.parametrize("name", LOCAL)
def test_a_word_of_a_council_is_the_code_that_it_means_or_none_where_it_could_be_two(name: str) -> None:
    meant = {word: code for code, words in LOCAL[name].items() for word in words}

    assert {word: maps()[name].code(word) for word in meant} == meant


def test_every_code_map_has_each_official_description() -> None:
    of_our_own = {"missing_type", "audit_grade", "rag"}  # no national list describes these

    assert OFFICIAL.keys() == maps().keys() - of_our_own
    for name, described in OFFICIAL.items():
        assert described.keys() <= maps()[name].codes


KNOWN = [(name, code, words) for name, described in OFFICIAL.items() for code, words in described.items()]
KNOWN += [
    (name, code, word) for name, codes in LOCAL.items() for code, words in codes.items() if code != UNMAPPED for word in words
]
# No colon and no dash between blanks: behind the first letter of a word each makes of it a code that stands before it.
NOISE = st.sampled_from(
    [
        ".",
        ",",
        " ",
        "  ",
        "\t",
        "-",
        "\u2013",
        "'",
        "\u00a0",
        "/",
        "(",
        ")",
        "[",
        "]",
        "*",
        ";",
        "of ",
        "the ",
        "X9 ",
        " 9",
    ]
)


@given(st.sampled_from(KNOWN), st.lists(st.tuples(NOISE, st.integers(0, 120)), max_size=4), st.integers(60, 200), st.booleans())
@settings(max_examples=400, deadline=None)
def test_noise_never_makes_a_known_word_another_code(
    known: tuple[str, str, str], noise: list[tuple[str, int]], width: int, upper: bool
) -> None:
    name, code, cell = known
    for sign, at in noise:
        cell = cell[:at] + sign + cell[at:]
    cell = cell[:width].upper() if upper else cell[:width]

    assert maps()[name].code(cell) in (code, code[0], UNMAPPED, None)


@given(st.sampled_from(KNOWN), st.sampled_from(["upper", "title", "spaces", "dashes", "point", "commas"]))
@settings(max_examples=200, deadline=None)
def test_case_spacing_and_signs_do_not_hide_a_known_word(known: tuple[str, str, str], way: str) -> None:
    name, code, words = known
    cell = {
        "upper": words.upper(),
        "title": words.title(),
        "spaces": f" {words.replace(' ', '  ')}\u00a0",
        "dashes": words.replace("-", "\u2013"),
        "point": f"{words}.",
        "commas": words.replace(", ", " "),
    }[way]

    assert maps()[name].code(cell) == code


def test_a_councils_own_word_stands_before_a_shipped_one_that_it_is_but_for_signs() -> None:
    own = CodeMap(frozenset({"C1", "C2"}), {"care order": "C2"}, {"care-order": "C1"})

    assert (own.code("care order"), own.code("Care-Order"), own.code("CARE, ORDER")) == ("C2", "C1", "C1")


def test_a_council_may_say_which_of_two_codes_its_words_mean() -> None:
    words = {"interim care order": "C1"}

    assert CodeMap(frozenset({"C1", "C2"}), words).code("C2: Interim care order") == UNMAPPED
    assert CodeMap(frozenset({"C1", "C2"}), words, {"c2: interim care order": "C1"}).code("C2: Interim care order") == "C1"
