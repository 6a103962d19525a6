"""What is there and not understood is named: by shape, or by the word where it is nobody's name."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alerting.casedata.not_understood import Kind, NotUnderstood, find_not_understood
from alerting.casedata.snapshot import Snapshot
from alerting.casedata.spellings import MOST, Spelling, shape, shapes
from alerting.evaluation.data_problems import lines_to_paste, what_to_do
from alerting.formatting import plain
from alerting.rulebook.loader import load_rulebook

RULES = Path(__file__).parent.parent / "rules"
SETTINGS = load_rulebook(RULES, packs=()).settings


def found(**tables: dict[str, list[str]]) -> dict[str, NotUnderstood]:
    """Return what is not understood of these tables, by column, beside a member of staff called Priya Shah, and a child C1001."""
    given = {
        "ext_staff": {"worker_id": ["W2001"], "name": ["Priya Shah"]},
        "ssd_person": {"pers_person_id": ["C1001"]},
        **tables,
    }
    with Snapshot(date(2026, 3, 31), SETTINGS) as snapshot:
        for table, columns in given.items():
            snapshot.fill(table, list(columns), list(columns.values()))
        wanted = {table: frozenset(columns) for table, columns in given.items()}
        snapshot.settle(wanted)
        return {each.column: each for each in find_not_understood(snapshot, wanted)}


def legal(*words: str) -> NotUnderstood:
    return found(ssd_legal_status={"lega_legal_status": list(words)})["lega_legal_status"]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("10-FEB-26", "99-AAA-99"),
        ("Zoë Ó Briain, 7", "Aaa A Aaaaaa, 9"),
        ("x" * 50, "a" * 40 + "… (50 characters)"),
        ("\u200b", "(invisible characters)"),
        ("\u0667\u4e2d", "9a"),
    ],
)
def test_a_shape_says_how_a_cell_is_written_and_not_what_it_says(cell: str, said: str) -> None:
    assert shape(cell) == said


def test_the_commonest_shapes_are_told_and_the_others_counted() -> None:
    told, others = shapes({"-" * number: 100 - number for number in range(1, 31)} | {"1-2": 200, "3-4": 1})

    assert (str(told[0]), len(told), others) == ("9-9 (201)", MOST, 11)


def test_dates_that_cannot_be_read_are_told_by_shape_with_what_is_read() -> None:
    dates = ["10-FEB-26"] * 12 + ["1/2/26"] * 3 + ["2026-02-10"] * 5 + [""]

    one = found(ssd_cp_visits={"cppv_cp_visit_date": dates})["cppv_cp_visit_date"]

    assert one.written_as() == "99-AAA-99 (12), 9/9/99 (3)"
    assert "31-Mar-2026" in one.accepted
    assert one.words == ()


def test_an_unknown_word_is_shown_where_it_stands_in_several_cells() -> None:
    told = legal(*["S20 single"] * 5, *["FCO ext"] * 4, *["C2"] * 11)

    assert told.written_as() == '"S20 single" (5), AAA aaa (4)'
    assert told.says() == "9 of 20 cells (45%) hold words that no code map has"


def test_a_word_that_may_be_a_name_or_an_id_is_shown_by_its_shape() -> None:
    private = ["Priya Shah", "SHAH, Priya", "shah", "with Priya Shah", "C1001", "w2001", "see C1001"]
    private += ["order of 1/2/2026", "a@b.uk", "case 1234567"]

    assert legal(*private * 9, *["S20 single"] * 9).words == ("S20 single",)


def test_words_that_differ_in_case_alone_are_common_together() -> None:
    assert legal(*["Odd order"] * 3, *["ODD ORDER"] * 2).words == ("Odd order",)


def test_roles_that_no_list_has_are_told_with_who_has_nobody_else() -> None:
    people = [f"C{number}" for number in range(10)]
    roles = ["SOCIALWORKER"] * 8 + [" cw "] * 2 + ["IRO"] * 2
    involvements = {
        "invo_professional_role_id": roles,
        "invo_person_id": [*people, *people[8:]],
        "invo_involvement_start_date": ["2026-01-01"] * 12,
        "invo_involvement_end_date": [""] * 12,
    }

    told = found(ssd_involvements=involvements)["invo_professional_role_id"]

    assert told.written_as() == '"SOCIALWORKER" (8), AAA (2)'
    assert told.alone == 8
    assert "8 people have nobody in a role that is known" in told.says()


WORDS = st.text(min_size=1).filter(lambda word: plain(word) == word and word.isprintable())


@given(st.dictionaries(WORDS, st.integers(5, 900), min_size=1, max_size=4))
def test_the_lines_to_paste_hold_each_word_with_its_count_whatever_stands_in_it(words: dict[str, int]) -> None:
    spellings = tuple(Spelling(shown=word, is_word=True, cells=count) for word, count in words.items())
    hidden = Spelling(shown="Aaaa 99", is_word=False, cells=3)
    one = NotUnderstood(
        table="ssd_legal_status", column="lega_legal_status", kind=Kind.unmapped, cells=900, of=1000,
        spellings=(*spellings, hidden), vocabulary="legal_status",
    )  # fmt: skip
    comment, *lines = lines_to_paste(one)
    first, last = lines[:3], lines[3:]

    assert comment.startswith("# in config.yaml")
    assert len(last) == len(words)
    for line, (word, count) in zip(last, words.items(), strict=True):
        assert yaml.safe_load("\n".join([*first, line])) == {"rules": {"codes": {"legal_status": {"CODE": [word]}}}}
        assert line.endswith(f"# in {count} cells")


def test_of_words_that_belong_to_a_list_there_are_commands_and_of_words_that_may_not_be_shown_nothing() -> None:
    word = Spelling(shown="SOCIALWORKER", is_word=True, cells=812)
    roles = NotUnderstood(
        table="ssd_involvements",
        column="invo_professional_role_id",
        kind=Kind.role,
        cells=812,
        of=1000,
        spellings=(word,),
        vocabulary="roles",
    )

    assert lines_to_paste(roles) == ('alerting source map roles "SOCIALWORKER" LIST  # in 812 cells',)
    assert lines_to_paste(replace(roles, spellings=(replace(word, is_word=False),))) == ()


def test_no_line_says_what_another_word_for_no_means() -> None:
    word = Spelling(shown="Non", is_word=True, cells=34)
    flags = NotUnderstood(
        table="ssd_cp_visits", column="cppv_cp_visit_seen", kind=Kind.unreadable, cells=34, of=1000, spellings=(word,),
        accepted="for yes y; for no n", vocabulary="flags",
    )  # fmt: skip

    assert lines_to_paste(flags) == ('alerting source map flags "Non" LIST  # in 34 cells',)
    assert '`alerting source map flags "Non" LIST`, LIST being yes_words or no_words' in what_to_do(flags)
