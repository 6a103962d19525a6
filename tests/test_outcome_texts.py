"""Outcome texts and factors: read as they come, cut anywhere, and never beyond where comments begin."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.casedata.codes import clean, norm
from alerting.casedata.snapshot import Snapshot
from tests.case_rows import shipped
from tests.small_council import settled

KEY = "NFA_FLAG"
CODES = shipped().settings.params["factor_codes"]
WORDS = {KEY: ["No further  action", "nfa"]}
YES = ("y", "yes", "1", "1.0", "-1", "true", "t", "a) yes")


@pytest.fixture(scope="module")
def snapshot() -> Iterator[Snapshot]:
    with settled({}, shipped().settings) as snapshot:
        snapshot.share({"outcome_words": WORDS})
        yield snapshot


def ask(snapshot: Snapshot, function: str, texts: Sequence[str | None]) -> list[object]:
    given = f"(SELECT unnest($1::VARCHAR[]) AS x, unnest(range({len(texts)})) AS no)"
    return [row[0] for row in snapshot.sql(f"SELECT {function} FROM {given} ORDER BY no", [list(texts)])]


# ---------------------------------------------------------------------- the same, in plain Python


def told(text: str | None) -> str | None:
    whole = clean(text)
    return whole and re.split(r'"(?:OUTCOME_)?COMMENTS"', whole, maxsplit=1, flags=re.IGNORECASE)[0]


def match(text: str | None, key: str) -> re.Match[str] | None:
    return re.search(rf'"{re.escape(key)}"\s*:\s*(?:"([^"]*)"|([A-Za-z0-9_.+-]+))', told(text) or "", re.IGNORECASE)


def said(text: str | None, key: str) -> str | None:
    found = match(text, key)
    return found and clean(found[1] if found[1] is not None else found[2])


def flag(text: str | None, key: str) -> bool:
    whole = told(text) or ""
    if re.search(r'"[A-Za-z0-9_]+"\s*:', whole):
        return norm(said(text, key)) in YES
    return bool({norm(item) for item in re.split(r"[;,|\r\n]", whole)} & {norm(word) for word in WORDS.get(key, [])})


def factors(text: str | None) -> list[str]:
    if any(match(text, code) for code in CODES):
        return [code for code in CODES if norm(said(text, code)) in YES]
    runs = {run.upper() for run in re.findall(r"[^\W_]+", told(text) or "")}
    return [code for code in CODES if code in runs]


# ---------------------------------------------------------------------- cases


def test_an_outcome_is_told_up_to_its_comments():
    texts = [
        '{"NFA_FLAG": "Y", "COMMENTS": "Mrs Smith said \\"1A\\" ',
        '{"nfa_flag" : true, "outcome_comments": ""}',
        '{"COMMENTS": "NFA_FLAG", "NFA_FLAG": "Y"}',
        "SSD_PH",
        None,
    ]

    with settled({"ssd_contacts": (["cont_contact_outcome_json"], [(text,) for text in texts])}) as snapshot:
        kept = {row[0] for row in snapshot.sql("SELECT cont_contact_outcome_json FROM ssd_contacts")}

    assert kept == {'{"NFA_FLAG": "Y", ', '{"nfa_flag" : true, ', "{", None}


def test_a_flag_is_a_yes_after_its_key_or_a_word_of_a_plain_list(snapshot):
    texts = [
        '{"NFA_FLAG": "Y"}',
        '{"nfa_flag":1',
        '{"NFA_FLAG": "N"}',
        "Assessment; no further action",
        "Further action",
        "",
        None,
    ]

    assert ask(snapshot, f"flag(x, '{KEY}')", texts) == [True, True, False, True, False, False, False]


def test_factors_are_those_that_a_form_says_yes_to_or_that_a_list_names(snapshot):
    texts = ['["1A", "2B"]', '{"1A": "Yes", "2B": "No"}', "1a,19c", '{"1A": "', "21A 20", None]

    assert ask(snapshot, "factors(x)", texts) == [["1A", "2B"], ["1A"], ["1A", "19C"], ["1A"], ["20"], []]
    assert ask(snapshot, "factor_groups_of(x)", ["1A 19B", "8B", None]) == [["sexual_abuse", "substance_misuse"], [], []]


def test_a_plan_is_recorded_by_a_key_whose_value_is_not_a_no(snapshot):
    texts = ['{"RETURN1M": "Y"}', '{"RETURN1M": "no"}', '{"return6m": 3', '{"RETURN1M": ""}', '{"LTRELFR": "Y"}', None]

    assert ask(snapshot, "recorded(x, ['RETURN1M', 'RETURN6M'])", texts) == [True, False, True, False, False, False]


# ---------------------------------------------------------------------- whatever comes

PIECES = st.sampled_from([
    *('"', ":", ",", "{", "}", "[", "]", " ", "\n", ";", "NFA_FLAG", '"NFA_FLAG"', '"1A"', '"2b"', "19C", "1A1B", "Yes", '"Y"', "no"),
    *("nfa", "No further action", '"COMMENTS"', '"outcome_comments":', "é", "\u00a0", "\u2003", "'", "\\", "$1", "(?", "a) yes"),
])  # fmt: skip
JSON = st.dictionaries(
    st.sampled_from([KEY, "OTHER", "1A", "2B", "19C", "COMMENTS"]),
    st.sampled_from(["Y", "N", "yes", "", 'he said "1A": "Y"', "1"]),
).map(json.dumps)
TEXTS = st.lists(PIECES, max_size=14).map("".join) | st.tuples(JSON, st.integers(0, 60)).map(lambda cut: cut[0][: cut[1]]) | JSON


@pytest.mark.slow
@given(st.lists(TEXTS, min_size=1, max_size=80))
@settings(max_examples=25, deadline=None)
def test_the_engine_reads_outcomes_as_python_does(snapshot, texts):
    assert ask(snapshot, "told(x)", texts) == [told(text) for text in texts]
    assert ask(snapshot, f"said(x, '{KEY}')", texts) == [said(text, KEY) for text in texts]
    assert ask(snapshot, f"flag(x, '{KEY}')", texts) == [flag(text, KEY) for text in texts]
    assert ask(snapshot, "factors(x)", texts) == [factors(text) for text in texts]


@pytest.mark.slow
@given(st.lists(TEXTS, min_size=1, max_size=40), TEXTS)
@settings(max_examples=10, deadline=None)
def test_what_stands_after_comments_is_never_read(snapshot, texts, after):
    with_comments = [f'{text} "COMMENTS" {after} "NFA_FLAG": "Y", "1A": "Yes" nfa; nfa' for text in texts]
    without = [f"{text} " for text in texts]

    for function in (f"flag(x, '{KEY}')", "factors(x)"):
        assert ask(snapshot, function, with_comments) == ask(snapshot, function, without)
