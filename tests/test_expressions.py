"""What a rule may say, and what it means where something is missing.

Meanings are asked of the engine itself, of three young people: one with everything recorded, one with nothing, one other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest

from alerting.casedata.snapshot import Snapshot
from tests.young_people import AS_OF, asking, compiled, faults, young_people


@pytest.fixture(scope="module")
def engine() -> Iterator[Snapshot]:
    with young_people() as snapshot:
        yield snapshot


@pytest.fixture(scope="module")
def answers(engine: Snapshot) -> Callable[[str], list[Any]]:
    return asking(engine)


# What may be said, and what it means for: all recorded, nothing recorded, other


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # values
        ("visits", [3, None, 0]),
        ("VISITS", [3, None, 0]),
        ('"visits"', [3, None, 0]),
        ("17", [17, 17, 17]),
        ("-1", [-1, -1, -1]),
        ("word", ["it's"] * 3),
        ("'it''s'", ["it's"] * 3),
        ("'O’Brien -- £5; /* né */'", ["O’Brien -- £5; /* né */"] * 3),
        ("'back\\slash'", ["back\\slash"] * 3),
        ("date '2024-02-29'", [date(2024, 2, 29)] * 3),
        ("null", [None] * 3),
        ("nothing", [None] * 3),
        ("statuses", [["C2", "E1"], None, []]),
        # comparisons are null where a side is missing
        ("visits > limit", [False, None, False]),
        ("visits >= 3", [True, None, False]),
        ("visits <> 3", [False, None, True]),
        ("visits != 3", [False, None, True]),
        ("caseload = 17.5", [True, None, False]),
        ("born < today()", [True, None, False]),
        ("team = 'North'", [True, None, False]),
        ("team = 'north'", [False, None, False]),
        ("in_care = strict", [True, None, False]),
        ("visits between 1 and 3", [True, None, False]),
        ("visits not between 1 and 3", [False, None, True]),
        ("visits between 1 and nothing", [None, None, False]),
        ("team like 'No%'", [True, None, False]),
        ("team not like 'No%'", [False, None, True]),
        # logic: what is known to be so is so, whatever is missing beside it
        ("in_care and visits > 2", [True, None, False]),
        ("in_care or true", [True, True, True]),
        ("in_care or visits > 2", [True, None, False]),
        ("in_care and false", [False, False, False]),
        ("not in_care", [False, None, True]),
        ("not in_care and false or true", [True, True, True]),
        ("false and false or true", [True] * 3),
        ("false and (false or true)", [False] * 3),
        ("not visits = 3", [False, None, True]),
        # is
        ("visits is null", [False, True, False]),
        ("visits is not null", [True, False, True]),
        ("in_care is true", [True, False, False]),
        ("in_care is not true", [False, True, True]),
        ("in_care is false", [False, False, True]),
        ("nothing is null", [True] * 3),
        # in
        ("team in ('North', 'South')", [True, None, False]),
        ("team not in ('North', 'South')", [False, None, True]),
        ("team in ('North', null)", [True, None, None]),
        ("team not in ('South', null)", [None, None, None]),
        ("visits in (1, 2, 3)", [True, None, False]),
        ("team in kinds", [False, None, False]),
        ("'C2' in kinds", [True] * 3),
        ("'C2' in statuses", [True, None, False]),
        ("'C2' not in none_of_them", [True] * 3),
        # lists of codes: a missing list, and a missing code, is in none
        ("has(statuses, 'E1', 'X')", [True, False, False]),
        ("has(statuses, kinds)", [True, False, False]),
        ("has(statuses, codes('C2'))", [True, False, False]),
        ("has(statuses, coalesce(nothing, kinds))", [True, False, False]),
        ("has(statuses, case when in_care then kinds else none_of_them end)", [True, False, False]),
        ("has(statuses, null)", [False] * 3),
        ("has(statuses)", [False] * 3),
        ("not has(statuses, 'E1')", [False, True, True]),
        ("only(statuses, 'C2', 'E1')", [False] * 3),
        ("only(codes('C2'), kinds)", [True] * 3),
        ("count_of(statuses)", [2, None, 0]),
        ("one_of(team, 'North', 'South')", [True, False, False]),
        ("not one_of(team, 'North')", [False, True, True]),
        ("one_of('C2', kinds, 'X')", [True] * 3),
        ("one_of(team, null)", [False] * 3),
        ("one_of(visits, 3, 4)", [True, False, False]),
        ("one_of(born, today())", [False, False, True]),
        ("one_of(in_care, false)", [False, False, True]),
        ("statuses = codes('C2', 'E1')", [True, None, False]),
        # sums; what cannot be divided is missing, not a fault
        ("visits + 1 - 2 * 3", [-2, None, -5]),
        ("(visits + 1) * 2", [8, None, 2]),
        ("7 / 2", [3.5] * 3),
        ("6 / visits", [2.0, None, None]),
        ("-visits", [-3, None, 0]),
        ("visits > -1", [True, None, True]),
        ("today() - born", [5875, None, 0]),
        ("born + 1", [date(2010, 3, 1), None, date(2026, 4, 1)]),
        ("born - days(28)", [date(2010, 1, 31), None, date(2026, 3, 3)]),
        # choices
        ("case when in_care then 'cared for' when not in_care then 'at home' end", ["cared for", None, "at home"]),
        ("case when visits > 2 then 1 else 2 end", [1, 2, 2]),
        ("case team when 'North' then born end", [date(2010, 2, 28), None, None]),
        ("coalesce(visits, limit)", [3, 5, 0]),
        ("greatest(visits, nothing, 1)", [3, 1, 1]),
        ("least(born, today())", [date(2010, 2, 28), AS_OF, AS_OF]),
        ("add_months(nothing, 1)", [None] * 3),
        ("round(caseload, nothing)", [None] * 3),
        # said over several lines, with words to the reader
        ("visits -- recorded\n > 2 /* of them */\n", [True, None, False]),
    ],
)
def test_an_expression_means_what_sql_means_by_it(answers, text, expected):
    assert answers(text) == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("visits", "number"),
        ("team", "text"),
        ("born + 1", "date"),
        ("born - born", "number"),
        ("visits > 2", "boolean"),
        ("case when in_care then born end", "date"),
        ("coalesce(nothing, team)", "text"),
        ("statuses", "codes"),
        ("nothing", "any"),
    ],
)
def test_an_expression_has_a_type(text, kind):
    assert compiled(text).type == kind


def test_a_compiled_expression_names_what_it_uses():
    assert compiled("Visits > LIMIT and team = 'visits'").names == {"visits", "limit", "team"}


@pytest.mark.parametrize(
    ("text", "wants", "problem"),
    [
        ("visits", "boolean", "this gives a number, but a yes-or-no is needed here"),
        ("visits > 2", "number", "this gives a yes-or-no, but a number is needed here"),
        ("today() + 1", "number", "this gives a date, but a number is needed here"),
        ("team", "date", "this gives a text, but a date is needed here"),
    ],
)
def test_an_expression_gives_the_type_its_place_needs(text, wants, problem):
    assert [fault.problem for fault in faults(text, wants)] == [problem]


def test_nothing_fits_every_place():
    assert compiled("nothing", "boolean").type == "any"
