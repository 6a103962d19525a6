"""An alert's reference is its own, though it is short: two that would come to one by chance get different ones."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from alerting.model import reference
from tests.made_council import MONDAY
from tests.office import Office

RULE = "cp-visit-overdue"
TWINS = ("C185322", "C721713")
"""Two ids whose first alerts of this rule have one reference."""


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own(f"practice/{RULE}.yaml")
    return office


def test_two_that_begin_on_one_day_have_different_references(office: Office) -> None:
    first, second = (reference(RULE, child, 1) for child in TWINS)
    assert first == second
    for child in TWINS:
        office.council.on_a_plan(child, seen=MONDAY - timedelta(days=40))

    office.run(MONDAY)
    given = references(office)
    office.run(MONDAY + timedelta(days=1))

    assert set(given) == {"C1", *TWINS}
    assert len(set(given.values())) == 3
    assert references(office) == given


def test_one_that_begins_later_has_another_reference(office: Office) -> None:
    office.council.on_a_plan(TWINS[0], seen=MONDAY - timedelta(days=40))
    office.run(MONDAY)
    given = references(office)
    office.council.on_a_plan(TWINS[1], seen=MONDAY - timedelta(days=40))
    office.run(MONDAY + timedelta(days=1))

    assert references(office).items() > given.items()
    assert len(set(references(office).values())) == 3


def references(office: Office) -> dict[str, str]:
    return {alert.subject: alert.ref for alert in office.alerts()}
