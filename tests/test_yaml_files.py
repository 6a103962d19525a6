"""How the files that people write are read: YAML 1.2, every fault with its place, and nothing that could surprise."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from alerting.documents.document import Document, did_you_mean, load
from alerting.errors import Place


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "rule.yaml"


def read(file: Path, text: str | bytes) -> Document:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(file)


def value(file: Path, text: str) -> Any:
    document = read(file, text)
    assert document.faults == []
    return document.value


def fault(file: Path, text: str | bytes) -> tuple[str, tuple[int | None, int | None], str]:
    [found] = read(file, text).faults
    assert found.where is not None
    assert found.where.file == file.as_posix()
    return found.problem, (found.where.line, found.where.column), found.remedy


# What a value means


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("012", 12),
        ("-3", -3),
        ("+3", 3),
        ("0o17", 15),
        ("0x1F", 31),
        ("1.50", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1_000", "1_000"),
        ("07:00", "07:00"),
        ("12:30:00", "12:30:00"),
        ("2026-11-23", "2026-11-23"),
        ("2026-11-23 10:00:00", "2026-11-23 10:00:00"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("=", "="),
        ("'012'", "012"),
        ('"no"', "no"),
        ('""', ""),
        ("'it''s'", "it's"),
        ("O’Brien", "O’Brien"),
        ("CL-01 # the code", "CL-01"),
        ("CL-01#2", "CL-01#2"),
        ("[North, 012, no]", ["North", 12, "no"]),
        ("{red_days: 60}", {"red_days": 60}),
        ("|\n  one\n  two\n", "one\ntwo\n"),
        (">\n  one\n  two\n", "one two\n"),
    ],
)
def test_a_value_is_what_an_editor_shows(file, written, meant):
    assert value(file, f"given: {written}") == {"given": meant}


def test_a_key_is_a_word_too(file):
    assert value(file, "no: 1\non: 2\n2026-01-01: 3") == {"no": 1, "on": 2, "2026-01-01": 3}


def test_a_merge_key_is_an_ordinary_key(file):
    assert value(file, "<<: {a: 1}\nb: 2") == {"<<": {"a": 1}, "b": 2}


def test_an_older_version_line_changes_nothing(file):
    assert value(file, "%YAML 1.1\n---\ngiven: no") == {"given": "no"}


@pytest.mark.parametrize("text", ["", "# only words to the reader\n", "---\n"])
def test_a_file_with_nothing_in_it_has_no_value(file, text):
    assert value(file, text) is None


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(file):
    document = read(file, b"\xef\xbb\xbfid: a\r\ntitle: \xc3\xa9\r\n")

    assert document.value == {"id": "a", "title": "é"}
    assert document.place(("title",)) == Place(file=file.as_posix(), line=2, column=8)


# What is refused, and where


@pytest.mark.parametrize(
    ("text", "problem", "place", "remedy"),
    [
        ("id: a\nid: b", "the key `id` is given twice, first on line 1", (2, 1), "Leave one of them out."),
        ("a: {x: 1, y: 2, x: 3}", "the key `x` is given twice, first on line 1", (1, 17), "Leave one of them out."),
        ("a:\n- b: 1\n  b: 2", "the key `b` is given twice, first on line 2", (3, 3), "Leave one of them out."),
        ("1: a\n'1': b", "the key `1` is given twice, first on line 1", (2, 1), "Leave one of them out."),
        ("a: &x [1]\nb: *x", "not valid YAML: an alias (*name) stands for this value, which is not allowed here", (1, 4), "Write the value out in both places."),
        ("a: !!python/object/apply:os.system [ls]", "not valid YAML: a tag (!name) is not allowed here", (1, 4), "Leave it out; a text that looks like a number stands in quotes."),
        ("a: !!int x", "not valid YAML: a tag (!name) is not allowed here", (1, 4), "Leave it out; a text that looks like a number stands in quotes."),
        ("a: !!timestamp x", "not valid YAML: a tag (!name) is not allowed here", (1, 4), "Leave it out; a text that looks like a number stands in quotes."),
        ("a: !mine {b: 1}", "not valid YAML: a tag (!name) is not allowed here", (1, 4), "Leave it out; a text that looks like a number stands in quotes."),
        ("a:\n\tb: 1", "not valid YAML: a tab stands where only spaces may", (2, 1), "Indent with spaces."),
        ("\ta: 1", "not valid YAML: a tab stands where only spaces may", (1, 1), "Indent with spaces."),
        ("a: b: c", "not valid YAML: there is a second colon on this line", (1, 5), 'Put the text after the first in quotes: a: "...".'),
        ("a: @home", "not valid YAML: a text cannot begin with this character", (1, 4), "Put the whole text in quotes."),
        ("a: 'open", "not valid YAML: a quote is opened and not closed", (1, 9), "Close it where the text ends."),
        ("a: [1", "not valid YAML: a `[` is opened and not closed", (1, 4), "Close it with ], and put commas between what is in it."),
        ("a: 1\n b: 2", "not valid YAML: this line does not line up with those above it", (2, 2), "Put it exactly below the keys or dashes it belongs with, in spaces; or close the quote or bracket before it."),
        ("a: 1\n---\nb: 2", "not valid YAML: there is a second `---`", (2, 1), "Leave it out: a file is one list of keys."),
        ("? [a, b]\n: 1", "not valid YAML: a list or a bracket stands where a key should", (1, 3), "Write `key: value`."),
        ("a: 1\nb: x\x00", "not valid YAML: there is a character here that cannot be seen", (2, 5), "Take it out; a plain text editor shows it."),
        ("a: " + "9" * 5000, "not valid YAML: this number is too large", (1, 4), "Write it in plain digits, at most 30."),
        ("a: 1e400", "not valid YAML: this number is too large", (1, 4), "Write it in plain digits, at most 30."),
        (b"title: caf\xe9", "this file is not UTF-8 text", (1, None), "Save it as UTF-8: the editor's `Save as` has a choice of encodings."),
        ("id: a".encode("utf-16"), "this file is not UTF-8 text", (1, None), "Save it as UTF-8: the editor's `Save as` has a choice of encodings."),
        *(
            (text, "not valid YAML: this is nested too deeply", place, "Take brackets or dashes out: nothing here has a hundred levels.")
            for text, place in [
                ("- " * 101 + "a", (1, 199)),
                ("- " * 900_000, (1, 199)),
                ("a: " + "[" * 1_000_000 + "]" * 900_000, (1, 102)),
                ("a: " + "{a: " * 250_000 + "1" + "}" * 250_000, (1, 396)),
                ("? " * 900_000, (1, 199)),
            ]
        ),
        ("#" * 2_000_001, "the file is too large to be a rule or a setting", (None, None), ""),
    ],
)  # fmt: skip
@pytest.mark.slow
def test_what_is_refused_is_named_with_its_place_and_what_to_do(file, text, problem, place, remedy):
    assert fault(file, text) == (problem, place, remedy)


@pytest.mark.parametrize("text", ["- " * 99 + "a", "a: " + "[" * 99 + "]" * 99])
def test_a_hundred_levels_are_read(file, text):
    assert not read(file, text).faults


def test_every_key_given_twice_is_named(file):
    document = read(file, "a: 1\nb: 2\na: 3\nb: 4")

    assert [str(found.where) for found in document.faults] == [f"{file.as_posix()}:3:1", f"{file.as_posix()}:4:1"]


def test_a_file_that_is_not_there_or_may_not_be_read_is_a_fault(tmp_path):
    assert load(tmp_path / "none.yaml").faults[0].problem == "this file cannot be read (No such file or directory)"
    assert load(tmp_path).faults[0].problem == "this file cannot be read (Is a directory)"


_WORDS = """a id : - [ ] { } , ' " | > *x # 012 1e9 ~ --- ... % @ ` ? \\ é << = 0x 0o8 . + !!int !t &x""".split()
_SPACES = [" ", "\n", "\n  ", "\t", ": ", "- ", "&x ", "!!int ", "\x00", "\x85", "\u2028"]
_SNIPPETS = st.sampled_from([*_WORDS, *_SPACES])


@pytest.mark.slow
@given(parts=st.lists(_SNIPPETS, max_size=25))
@hypothesis_settings(max_examples=300, deadline=None)
def test_reading_never_raises(tmp_path_factory, parts):
    document = read(tmp_path_factory.getbasetemp() / "any.yaml", "".join(parts))

    assert all(found.problem and found.where for found in document.faults)


# Where things stand

RULE = """\
id: cp-visit
levels:
  amber: measure > 5 and
    more
  red: measure > limits
let:
  one: "measure > limits"
  two: 'team = ''x'' or limits'
  three: |
    measure >
      limits
  four: >
    measure
    > limits
  five: "a\\tb limits"
  six: |-
       limits
reads: [ssd_person,
  ssd_cp_plans]
"""


@pytest.mark.parametrize(
    ("path", "at", "place"),
    [
        (("levels", "red"), (1, 11), (5, 18)),  # plain
        (("let", "one"), (1, 11), (7, 19)),  # in double quotes
        (("let", "two"), (1, 15), (8, 25)),  # in single quotes, with quotes in it
        (("let", "three"), (1, 1), (10, 5)),  # a block
        (("let", "three"), (2, 3), (11, 7)),
        (("let", "six"), (1, 1), (17, 8)),  # a block further in
        (("let", "four"), (1, 11), (14, 7)),  # folded
        (("let", "five"), (1, 5), (15, 15)),  # after an escape
        (("levels", "amber"), (1, 17), (4, 5)),  # on two lines
        (("let", "one"), (1, 500), (7, 25)),  # behind the end: the end
        (("reads",), (1, 1), (18, 8)),  # no text at all: where it starts
    ],
)
def test_a_place_inside_a_text_is_a_place_in_the_file(file, path, at, place):
    document = read(file, RULE)

    assert document.text_place(path, *at) == Place(file=file.as_posix(), line=place[0], column=place[1])


MARKER = "§"
_PIECES = [
    "visits",
    " ",
    "  ",
    "\n",
    "\n\n",
    "\n  ",
    ">",
    "'x'",
    '"',
    "# no",
    ": ",
    "\t",
    "é",
    "東京",
    "\U0001f600",
    "\u00a0",
    "\u2028",
    "\x85",
]
_ESCAPES = ["''", '\\"', "\\\\", "\\t", "\\x41", "\\u2014", "\\U0001F600", "\\\n", "\\ ", "\\N", "\\/"]
_pieces = st.lists(st.sampled_from([*_PIECES, *_ESCAPES]), max_size=9).map("".join)


@st.composite
def written(draw: st.DrawFn) -> str:
    """Return a file with one text in any style, with a marker somewhere in it."""
    text = f"{draw(_pieces)}{MARKER}{draw(_pieces)}"
    style = draw(st.sampled_from(["", "'", '"', "|", ">"]))
    depth = draw(st.integers(1, 4))
    indented = text.replace("\n", "\n" + " " * depth)
    if style in ("|", ">"):
        sign, comment = draw(st.sampled_from(["", "-", "+"])), draw(st.sampled_from(["", " # why", "  "]))
        digit = draw(st.sampled_from(["", "", str(depth)]))
        scalar = f"{style}{sign}{digit}{comment}\n{draw(st.sampled_from(['', chr(10)]))}{' ' * depth}{indented}"
    else:
        scalar = f"{style}{indented}{style}"
    before = draw(st.sampled_from(["a: ", "a:\n  b: ", "é: 1\na: ", "a: {b: ", "- ", "# 東京\n- a: "]))
    after = "}" if "{" in before else draw(st.sampled_from(["", "\n", "\n\nz: 1\n"]))
    return draw(st.sampled_from(["", "\ufeff"])) + (before + scalar + after).replace(
        "\n", draw(st.sampled_from(["\n", "\r\n", "\r"]))
    )


def texts(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], str]]:
    """Return every text of a document, with its path."""
    if isinstance(value, str):
        return [(path, value)]
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for name, part in parts for found in texts(part, (*path, name))]


@pytest.mark.slow
@given(text=written())
@hypothesis_settings(max_examples=300, deadline=None)
def test_the_place_of_any_character_is_exact_in_every_style_of_writing(tmp_path_factory, text):
    document = read(tmp_path_factory.getbasetemp() / "placed.yaml", text)
    [(path, meant)] = [found for found in texts(document.value) if MARKER in found[1]] or [((), "")]
    assume(meant)

    lines = re.split("\r\n|[\n\r\x85\u2028\u2029]", text.removeprefix("\ufeff"))
    [(line, column)] = [(number, line.index(MARKER) + 1) for number, line in enumerate(lines, 1) if MARKER in line]
    before = meant[: meant.index(MARKER)]
    place = document.text_place(path, before.count("\n") + 1, len(before) - before.rfind("\n"))
    assert (place.line, place.column, place.end_column) == (line, column, column + 1)


@pytest.mark.parametrize("style", ["", "'", '"', "|\n  ", ">-\n  "])
def test_the_word_at_a_place_ends_where_it_ends_in_the_file(file, style):
    quote = style if style in ("'", '"') else ""
    document = read(file, f"measure: {style}days_since(latest_contct) > 3{quote}\n")

    place = document.text_place(("measure",), 1, 12)

    line = document.text.split("\n")[(place.line or 0) - 1]
    assert line[(place.column or 0) - 1 : (place.end_column or 0) - 1] == "latest_contct"


@pytest.mark.parametrize(
    ("path", "key", "place"),
    [
        (("levels", "red"), False, (5, 8)),
        (("levels", "red"), True, (5, 3)),
        (("reads", 1), False, (19, 3)),
        (("levels", "critical"), False, (3, 3)),  # what is not there: where it would be
        (("nothing", "at", "all"), False, (1, 1)),
    ],
)
def test_every_value_and_key_has_a_place(file, path, key, place):
    document = read(file, RULE)

    assert document.place(path, key=key) == Place(file=file.as_posix(), line=place[0], column=place[1])


def test_the_place_in_a_file_with_nothing_in_it_is_the_file(file):
    assert read(file, "").place(("id",)) == Place(file=file.as_posix())


# Checked into a model, every fault at once


class Visit(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    child: str
    days: int = 0


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    type: Literal["form"]
    visits: list[Visit] = []
    latest: Visit | None = None


def check(file: Path, text: str) -> list[str]:
    document = read(file, text)
    assert document.check(Form) is None
    return [str(found).replace(file.as_posix(), "file") for found in document.faults]


def test_a_good_file_is_its_model(file):
    document = read(file, "type: form\nvisits: [{child: P1, days: 3}]")

    assert document.check(Form) == Form(type="form", visits=[Visit(child="P1", days=3)])
    assert document.faults == []


def test_every_fault_of_the_model_has_its_place(file):
    assert check(file, "type: firm\nvisit: []\nvisits:\n- childe: P1\n  days: lots\nlatest: {chid: 1, child: a}") == [
        "file:1:7: `type` should be form\n  Did you mean 'form'?",
        "file:5:9: `visits.0.days` should be a whole number\n  Write it in digits alone.",
        "file:4:3: unknown key `childe`\n  Did you mean 'child'?",
        "file:6:10: unknown key `chid`\n  Did you mean 'child'?",
        "file:2:1: unknown key `visit`\n  Did you mean 'visits'?",
    ]


def test_a_key_unlike_any_other_is_told_what_there_is(file):
    assert check(file, "type: form\nzzz: 1") == ["file:2:1: unknown key `zzz`\n  The keys here are: type, visits, latest."]


def test_of_a_file_full_of_faults_two_hundred_are_named_and_that_there_are_more(file):
    many = check(file, "type: form\n" + "\n".join(f"zz{number}: 1" for number in range(5_000)))

    assert len(many) == 201
    assert many[-2:] == [
        "file:201:1: unknown key `zz199`\n  The keys here are: type, visits, latest.",
        "file:1:1: there are more faults in this file\n  Mend these 200 first, then look again.",
    ]
    just = check(file, "type: form\n" + "\n".join(f"zz{number}: 1" for number in range(200)))
    assert (len(just), just[-1].startswith("file:201:1: unknown key")) == (200, True)


def test_a_value_that_is_wrong_is_not_repeated(file):
    text = check(file, "type: form\nvisits: [{child: {secret: Aoife}}]\nlatest: Aoife")

    assert "Aoife" not in " ".join(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "file: there is nothing in this file\n  Each line is `key: value`."),
        ("- type: form", "file:1:1: this is not a list of keys and values\n  Each line is `key: value`."),
        ("only words", "file:1:1: this is not a list of keys and values\n  Each line is `key: value`."),
    ],
)
def test_a_file_that_is_no_list_of_keys_says_so(file, text, problem):
    assert check(file, text) == [problem]


# Did you mean


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("last_visit", "Did you mean 'last_visit_on'?"),
        ("LAST_VISIT_ON", "Did you mean 'last_visit_on'?"),
        ("teem", "Did you mean 'team'?"),
        ("zzz", ""),
        ("", ""),
    ],
)
def test_the_nearest_word_is_offered_when_it_is_near(word, meant):
    assert did_you_mean(word, {"last_visit_on": 1, "team": 2}) == meant
