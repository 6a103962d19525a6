"""The council's words are written into config.yaml, and nothing else in it changes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from alerting.app import build
from alerting.commands import cli
from alerting.documents.additions import add_items
from alerting.documents.document import load_text
from tests.made_council import its_rules

PATH = ("rules", "codes", "legal_status", "V2")
FIRST = """\
# The council.
council: {name: Oak Council, administrators: [a@example.gov.uk, b@example.gov.uk], domain: example.gov.uk}
store: sqlite:///alerting.db
source: {type: demo, children: 50}
"""
LAST = """\
receivers:
  outbox: {type: folder, path: outbox, ceiling: reference}
"""

WRITTEN = {
    "no rules": ("", 'rules:\n  codes:\n    legal_status:\n      V2: ["S20 single"]\n'),
    "rules without codes": (
        "rules:\n  # which\n  packs: [statutory] # all\n",
        'rules:\n  codes:\n    legal_status:\n      V2: ["S20 single"]\n  # which\n  packs: [statutory] # all\n',
    ),
    "rules in one line": (
        "rules: {packs: [statutory]} # all\n",
        'rules: {codes: {legal_status: {V2: ["S20 single"]}}, packs: [statutory]} # all\n',
    ),
    "rules of nothing": ("rules: {}\n", 'rules: {codes: {legal_status: {V2: ["S20 single"]}}}\n'),
    "rules and nothing after": ("rules: # none\n\n", 'rules: # none\n  codes:\n    legal_status:\n      V2: ["S20 single"]\n\n'),
    "rules null": ("rules: ~ # none\n", 'rules: {codes: {legal_status: {V2: ["S20 single"]}}} # none\n'),
    "another map": (
        "rules:\n    codes:\n        # ours\n        eligibility:\n            REL: [relevant child]\n",
        'rules:\n    codes:\n        legal_status:\n          V2: ["S20 single"]\n        # ours\n        eligibility:\n            REL: [relevant child]\n',
    ),
    "another code": (
        "rules:\n  codes:\n    legal_status:\n      C1: [ico extended]\n",
        'rules:\n  codes:\n    legal_status:\n      V2: ["S20 single"]\n      C1: [ico extended]\n',
    ),
    "another word": (
        "rules:\n  codes: {legal_status: {V2: [single s20 # one\n    ]}}\n",
        'rules:\n  codes: {legal_status: {V2: [single s20, "S20 single" # one\n    ]}}\n',
    ),
    "a list a line a word": (
        "rules:\n  codes:\n    legal_status:\n      V2:\n      - single s20 # one\n      # that was all\n",
        'rules:\n  codes:\n    legal_status:\n      V2:\n      - single s20 # one\n      - "S20 single"\n      # that was all\n',
    ),
    "a code without words": (
        "rules:\n  codes:\n    legal_status:\n      V2: # to come\n",
        'rules:\n  codes:\n    legal_status:\n      V2: ["S20 single"] # to come\n',
    ),
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(FIRST + LAST, "utf-8")
    shutil.copytree(its_rules(), tmp_path / "rules")
    return path


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(config), "source", "map", *arguments])


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(("there", "then"), WRITTEN.values(), ids=WRITTEN)
@pytest.mark.slow
def test_a_word_is_added_where_its_place_is(there: str, then: str, newline: str) -> None:
    before, after = ((FIRST + LAST + text).replace("\n", newline) for text in (there, then))

    assert add_items(before, PATH, ["S20 single"]) == after


@pytest.mark.parametrize(
    "there",
    [
        "rules: all\n",
        "rules:\n  codes:\n    legal_status:\n      V2: single s20\n",
        "rules:\n  codes:\n    legal_status:\n      V2:\n      - >\n        single\n        s20\n",
        "rules: {}\nrules: {}\n",
        "rules: [\n",
    ],
)
def test_where_nothing_can_be_added_safely_nothing_is(there: str) -> None:
    assert add_items(FIRST + LAST + there, PATH, ["S20 single"]) is None


_KEYS = st.sampled_from(["rules", "codes", "legal_status", "V2", "other", "no"])
_VALUES = st.recursive(
    st.none() | st.text("abc: #-", max_size=8) | st.integers(0, 9) | st.lists(st.text("abc ", max_size=4), max_size=3),
    lambda inside: st.dictionaries(_KEYS, inside, max_size=3),
    max_leaves=12,
)


@given(
    value=st.dictionaries(_KEYS, _VALUES, max_size=4),
    flow=st.sampled_from([True, False, None]),
    word=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
)
@pytest.mark.slow
def test_whatever_the_file_the_word_is_added_or_nothing_is_changed(
    value: dict[str, object], flow: bool | None, word: str
) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True)

    changed = add_items(text, PATH, [word])

    if changed is not None:
        before: Any = load_text("", text).value or {}
        after = load_text("", changed).value
        had = (((before.get("rules") or {}).get("codes") or {}).get("legal_status") or {}).get("V2") or []
        assert after["rules"]["codes"]["legal_status"].pop("V2") == [*had, word]


def test_a_word_means_its_code_from_then_on(config: Path) -> None:
    done = run(config, "legal_status", "S20 single", "v2")

    assert done.exit_code == 0
    assert done.output.splitlines() == [
        '"S20 single" is V2 of legal_status from the next run on. config.yaml now has:',
        "    7  rules:",
        "    8    codes:",
        "    9      legal_status:",
        '   10        V2: ["S20 single"]',
    ]
    assert config.read_text("utf-8").startswith(FIRST + LAST)
    assert build(config).book.settings.codes["legal_status"].code("s20, SINGLE") == "V2"


def test_a_role_of_a_social_worker_is_one_of_an_allocated_worker_too(config: Path) -> None:
    assert run(config, "roles", "SOCIALWORKER", "allocated_social_worker_roles").exit_code == 0
    assert run(config, "roles", "SW 2", "allocated_roles").exit_code == 0

    params: Any = build(config).book.settings.params
    assert params["allocated_social_worker_roles"] == ["CW", "ALLWKR", "ALLOCATED CASE WORKER", "SOCIALWORKER"]
    assert params["allocated_roles"] == [*params["allocated_social_worker_roles"], "SW 2"]


def test_a_word_of_flags_says_yes(config: Path) -> None:
    assert run(config, "flags", "Seen", "yes_words").exit_code == 0

    yes_words: Any = build(config).book.settings.params["yes_words"]
    assert yes_words[-1] == "Seen"


def test_another_meaning_is_told(config: Path) -> None:
    done = run(config, "legal_status", "ICO", "C2")

    assert "Until now it was C1: rules that go by it may open and end alerts." in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("legal_statu", "x y", "V2"), "there is no code map or list 'legal_statu'\n  Did you mean 'legal_status'?"),
        (("legal_status", "x y", "V9"), "legal_status has no 'V9'\n  It can be C1, C2"),
        (("roles", "SW", "allocated_role"), "roles has no 'allocated_role'\n  Did you mean 'allocated_roles'?"),
        (("legal_status", "full care order", "C2"), "'full care order' stands for C2 of legal_status already"),
        (("legal_status", "C2", "C1"), "'c2' holds the code C2 of legal_status itself, so it cannot stand for C1"),
        (("flags", "No", "yes_words"), "'no' is in no_words"),
        (("roles", "cw", "allocated_roles"), "'cw' is in allocated_roles already"),
        (("legal_status", " ", "C1"), "this is no word that a cell could hold"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_written(config: Path, arguments: tuple[str, ...], said: str) -> None:
    before = config.read_bytes()

    done = run(config, *arguments)

    assert (done.exit_code, config.read_bytes()) == (1, before)
    assert said in done.output


def test_a_file_that_cannot_be_added_to_is_told_with_the_lines(config: Path) -> None:
    config.write_text(FIRST + LAST + "rules:\n  codes:\n    legal_status:\n      V2:\n      - >\n        a b\n", "utf-8")

    done = run(config, "legal_status", "S20 single", "V2")

    assert done.exit_code == 1
    assert 'V2: ["S20 single"]' in done.output
