"""Whatever is written as an expression is refused, or reaches nothing but the subject's own row."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from alerting.expressions.compile import Compiled, compile_expression
from tests.hostile_expressions import EXPRESSIONS, NAMES, harmless, settled, shipped


@pytest.fixture(scope="module")
def snapshot():
    with settled() as made:
        yield made


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=EXPRESSIONS)
@pytest.mark.slow
def test_an_expression_made_by_chance_is_refused_or_reaches_nothing(snapshot, text):
    harmless(text, snapshot)


@pytest.mark.parametrize(
    "text",
    [
        "read_csv('/etc/passwd')",
        "(select 1)",
        "exists (select 1 from ssd_person)",
        "visits in (select 1)",
        "visits from ssd_person",
        "1; drop table subject",
        "getenv('HOME')",
        "current_setting('home_directory')",
        "getvariable('as_of')",
        "ssd_person.pers_dob",
        "\"read_text\"('/etc/hostname')",
        "visits /* > 3",
        "$$a$$ = 'a'",
        "'\\' or 1=1 --",
        "((" * 2000,
        "not " * 800 + "true",
        "visits > " + "9" * 400,
        "repeat('x', 1000000000)",
        "visits::varchar",
        "vіsits > 3",
        "{{ visits }} > 3",
        "? > 3",
    ],
)
def test_a_way_out_is_refused_with_its_place(text):
    compiled = compile_expression(text, NAMES)

    assert not isinstance(compiled, Compiled)
    assert compiled[0].problem


def test_every_shipped_expression_is_of_the_language():
    assert len(shipped()) > 40
