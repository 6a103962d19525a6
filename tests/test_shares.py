"""A share is compared as the fraction it is: never 4.999 where it is 5, and not known of too few."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from random import Random

import pytest

from alerting.casedata.catalogue import Settings
from alerting.casedata.snapshot import Snapshot
from alerting.expressions.compile import Compiled, Name, compile_expression
from alerting.formatting import in_unit, number

NAMES = {name: Name(type="number", sql=f"s.{name}") for name in ("part", "whole", "before", "all_before", "threshold")}
LIMITS = ["90", "95", "15", "5", "26", "22.5", "0.1", "14.6", "33.3", "7"]


@pytest.fixture(scope="module")
def engine() -> Iterator[Snapshot]:
    with Snapshot(date(2026, 3, 31), Settings(params={}, codes={}, bank_holidays=frozenset())) as snapshot:
        snapshot.settle({})
        yield snapshot


def asked(engine: Snapshot, text: str, rows: list[tuple[float, ...]]) -> list[object]:
    compiled = compile_expression(text, NAMES)
    assert isinstance(compiled, Compiled), compiled
    columns = ", ".join(f"unnest(${n}::DOUBLE[]) AS {name}" for n, name in enumerate(NAMES, 1))
    values = [list(column) for column in zip(*rows, strict=True)]
    query = f"SELECT {compiled.sql} FROM (SELECT {columns}, unnest(range({len(rows)})) AS no) s ORDER BY s.no"
    return [value for (value,) in engine.sql(query, values)]


def near(chance: Random, limit: Fraction, most: int) -> tuple[int, int]:
    """Return a part and a whole whose share is the limit, or as near to it as there is."""
    whole = chance.choice([chance.randrange(1, most), limit.denominator * chance.randrange(1, 50) * 100])
    return round(limit * whole / 100) + chance.choice((-1, 0, 0, 1)), whole


@pytest.mark.parametrize("limit", LIMITS)
def test_a_share_is_over_under_or_exactly_a_limit_as_the_fraction_is(engine, limit):
    chance, exact = Random(limit), Fraction(limit)
    pairs = [near(chance, exact, 100_000) for _ in range(300)]
    rows = [(part, whole, 0, 1, float(limit)) for part, whole in pairs]

    for sign in ("<", "<=", ">", ">=", "="):
        told = asked(engine, f"percentage(part, whole) {sign} threshold", rows)
        assert told == [holds(Fraction(100 * part, whole), sign, exact) for part, whole in pairs]


@pytest.mark.parametrize("limit", ["5", "10", "0.5"])
def test_so_is_the_difference_of_two_shares(engine, limit):
    chance, exact = Random(limit), Fraction(limit)
    fours = []
    for _ in range(300):
        before, all_before = chance.randrange(1, 900), chance.randrange(1, 2000)
        part, whole = near(chance, Fraction(100 * before, all_before) + exact, 2000)
        fours.append((part, whole, before, all_before))
    fours += [(12, 100, 7, 100), (3, 25, 21, 300), (41, 123, 2, 6)]

    told = asked(
        engine, "percentage(part, whole) - percentage(before, all_before) >= threshold", [(*four, float(limit)) for four in fours]
    )

    assert told == [Fraction(100 * a, b) - Fraction(100 * c, d) >= exact for a, b, c, d in fours]


@pytest.mark.parametrize(
    ("vacant", "in_post", "share"),
    [(1.5, 8.5, 15.0), (1.6, 8.4, 16.0), (0.57, 0.43, 57.0), (0.1, 0.2, 100 / 3), (1.2, 8.8, 12.0)],
)
def test_the_parts_of_a_post_add_up(engine, vacant, in_post, share):
    assert asked(engine, "percentage(part, part + whole)", [(vacant, in_post, 0, 1, 0)]) == [share]


def test_a_share_of_too_few_is_not_known(engine):
    rows = [(27, 29, 0, 1, 0), (27, 30, 0, 1, 0), (0, 0, 0, 1, 0)]

    assert asked(engine, "percentage(part, whole, 30)", rows) == [None, 90.0, None]


@pytest.mark.parametrize(
    ("share", "shown"), [(100 * 49 / 400, "12.3"), (100 * 247 / 2000, "12.4"), (15.0, "15"), (-12.25, "-12.3"), (94.949, "94.9")]
)
def test_it_is_shown_with_one_decimal_a_half_away_from_zero(share, shown):
    assert number(in_unit(share, "percent")) == shown


def holds(left: Fraction, sign: str, right: Fraction) -> bool:
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right, "=": left == right}[sign]
