"""What `decide` keeps back behind a brake, and who hears of that: from plain values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from alerting.alerts.brakes import Brake, History
from alerting.evaluation.evaluation import Asked
from alerting.model import Level
from alerting.notifications.decide import decide
from alerting.notifications.policy import Policy
from tests.plain_day import TUESDAY, alert, clear, day, ended, match, world
from tests.plain_policy import BEYOND, STORM, kept_back, notices_to, told

MANY = [match(f"C{number}") for number in range(5, 8)]


@pytest.mark.parametrize(
    ("on", "put_on"), [((), ["storm"]), ((STORM,), []), ((BEYOND,), ["storm"])], ids=["none", "a storm", "an implausible one"]
)
def test_more_new_alerts_than_a_rule_may_have_put_its_brake_on_once(
    policy: Policy, on: tuple[Brake, ...], put_on: list[str]
) -> None:
    decision = decide(policy, "daily", world(brakes=on), day(*MANY))

    assert [brake.kind for brake in decision.brakes] == put_on
    assert told(decision) == {}
    assert len(kept_back(decision)) == 3


def test_more_matches_than_can_be_right_put_a_brake_on_once_and_not_where_they_are_believed(policy: Policy) -> None:
    def put_on(**changes: Any) -> list[str]:
        crowd = {"visits": Asked(id="visits", code="VISITS", population=40, match={"red": 30})}
        return [brake.kind for brake in decide(policy, "daily", world(**changes), day(asked=crowd)).brakes]

    assert put_on() == ["implausible"]
    assert put_on(brakes=(BEYOND,)) == []
    assert put_on(brakes=(STORM,)) == ["implausible"]
    assert put_on(history=History(asked=frozenset({"visits"}), believed=frozenset({"visits"}))) == []


def test_a_brake_of_a_rule_that_is_gone_keeps_nothing_back(policy: Policy) -> None:
    def rows(brake: Brake) -> list[str]:
        return [row.id for row in decide(policy, "daily", world(alert("A-1"), brakes=(brake,)), day()).brake_rows]

    assert rows(STORM) == ["visits"]
    assert rows(replace(STORM, rule="gone")) == []


def test_what_is_critical_waits_for_nobody_longer_than_a_working_day(policy: Policy) -> None:
    live = [alert("A-1", level=Level.critical), alert("A-2"), alert("A-3", "plans")]

    def heard(*brakes: Brake) -> set[str]:
        return set(told(decide(policy, "daily", world(*live, brakes=brakes), day())))

    assert heard() == {"A-1", "A-2", "A-3"}
    assert heard(STORM) == {"A-1", "A-3"}
    assert heard(replace(STORM, since=TUESDAY)) == {"A-3"}
    assert heard(STORM, BEYOND) == {"A-3"}, "of what is implausible nothing is told, critical or not"


def test_what_somebody_was_told_of_is_not_kept_back_but_for_a_rule_that_is_implausible(policy: Policy) -> None:
    both = world(alert("A-1"), alert("A-2"), told=["A-1"], brakes=(STORM,))
    beyond = replace(both, brakes=(BEYOND,))

    assert kept_back(decide(policy, "daily", both, day())) == {"A-2"}
    assert kept_back(decide(policy, "daily", beyond, day())) == {"A-1", "A-2"}
    assert [one.ref for one in decide(policy, "daily", beyond, day()).today.doubted] == ["A-1", "A-2"]
    assert decide(policy, "daily", both, day()).today.doubted == ()


def test_of_a_rule_that_is_implausible_nobody_is_told_that_an_alert_has_ended(policy: Policy) -> None:
    def heard(*brakes: Brake) -> dict[str, str]:
        known = world(alert("A-1"), alert("A-2"), alert("A-3", "plans"), told=["A-1", "A-3", "A-4"], brakes=brakes,
                      believed_open=(ended("A-4"),))  # fmt: skip
        decision = decide(policy, "daily", known, day(clear("A-1"), clear("A-2"), match("C9", "plans")))
        return {ref: state for ref, state in told(decision).items() if state != "new"}

    assert heard() == {"A-1": "cleared", "A-3": "open", "A-4": "cleared"}, "of A-2 nobody was told"
    assert heard(BEYOND) == {"A-3": "open"}


def test_who_released_no_brake_is_told_and_then_the_next(policy: Policy) -> None:
    two = world(brakes=(STORM, replace(STORM, rule="plans", since=TUESDAY)))

    assert notices_to(decide(policy, "daily", two, day()), "S1") == ["VISITS waits for somebody to release it"]


def test_a_head_of_service_hears_how_much_that_is_critical_is_kept_back_as_implausible(policy: Policy) -> None:
    critical = alert("A-1", level=Level.critical)

    def heard(brake: Brake) -> list[str]:
        return notices_to(decide(policy, "daily", world(critical, brakes=(brake,)), day()), "H1")

    assert [title.partition(" of ")[0] for title in heard(BEYOND)] == ["Critical alerts"]
    assert heard(STORM) == []
