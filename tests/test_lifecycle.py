"""What becomes of an alert: the table of the module, row by row, and what holds whatever comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from alerting.lifecycle import CLEARED, MISSING, UNKNOWN, RuleLife, advance, hold, opened, removed, resolve
from alerting.model import Alert, Condition, Finding, Level, Outcome, Transition, reference

MONDAY, TUESDAY, WEDNESDAY = date(2026, 3, 30), date(2026, 3, 31), date(2026, 4, 1)
AT_ONCE = RuleLife(id="cp-visit-overdue", code="CP-03", subject_kind="child", unit="working days")
ON_THE_SECOND_DAY = replace(AT_ONCE, pending_for=2)
ON_THE_THIRD_DAY = replace(AT_ONCE, pending_for=3)
NOT_BEFORE_IT_LASTS = replace(AT_ONCE, keep_firing_for=2)
OPEN = ("firing", "recovering", "held")


def said(outcome: str, **what: Any) -> Finding:
    level = {"level": Level.amber} if outcome == "match" else {}
    values = {"team": "North", "worker": "W1", "person": "P1", "member": "CP1"} | level | what
    return Finding(rule=AT_ONCE.id, subject="P1", outcome=Outcome(outcome), **values)


MATCH, CLEAR, UNSURE, GONE = said("match"), said("clear"), said("unknown"), said("absent")
PLAN_ENDED = said("absent", left="plan ended")


def alert(condition: str, **what: Any) -> Alert:
    """An alert of Monday, as it is on Monday night."""
    counted = {"streak": 1, "streak_on": MONDAY} if condition in ("pending", "recovering") else {}
    held = {"held_reason": MISSING, "held_since": MONDAY} if condition == "held" else {}
    first = opened(MATCH, AT_ONCE, 1, MONDAY).alert
    return replace(first, id=7, condition=Condition(condition), **{"streak": 0, "streak_on": None} | counted | held | what)


def became(transition: Transition | None) -> tuple[str, str] | None:
    return (transition.alert.condition.value, transition.reason) if transition else None


# The table: what it was, what is said of its subject on Tuesday, what it becomes and why


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (AT_ONCE, ("firing", "new")),
        (ON_THE_SECOND_DAY, ("pending", "matches")),
    ],
)
def test_a_match_that_has_no_alert_opens_one(rule, expected):
    transition = opened(MATCH, rule, 1, TUESDAY)

    assert became(transition) == expected
    assert (transition.before, transition.level_before) == (None, None)


@pytest.mark.parametrize(
    ("before", "answer", "rule", "expected"),
    [
        # pending: nobody has been told
        (alert("pending"), MATCH, ON_THE_SECOND_DAY, ("firing", "new")),
        (alert("pending"), MATCH, ON_THE_THIRD_DAY, ("pending", "matches")),
        (alert("pending"), CLEAR, ON_THE_SECOND_DAY, ("resolved", "never fired")),
        (alert("pending"), GONE, ON_THE_SECOND_DAY, ("resolved", "never fired")),
        (alert("pending"), PLAN_ENDED, ON_THE_SECOND_DAY, ("resolved", "left: plan ended")),
        (alert("pending"), UNSURE, ON_THE_SECOND_DAY, None),
        # firing
        (alert("firing"), MATCH, AT_ONCE, None),
        (alert("firing"), said("match", level=Level.red), AT_ONCE, ("firing", "level raised")),
        (alert("firing"), said("match", level=Level.info), AT_ONCE, ("firing", "level lowered")),
        (alert("firing"), said("match", worker="W2"), AT_ONCE, ("firing", "reassigned")),
        (alert("firing"), said("match", team="South"), AT_ONCE, ("firing", "reassigned")),
        (alert("firing"), said("match", adviser="W3"), AT_ONCE, ("firing", "reassigned")),
        (alert("firing"), said("match", also=("service_manager",)), AT_ONCE, ("firing", "reassigned")),
        (alert("firing"), said("match", member="CP2"), AT_ONCE, ("firing", "reassigned")),
        (alert("firing"), said("match", level=Level.red, worker="W2"), AT_ONCE, ("firing", "level raised")),
        (alert("firing"), said("match", measure=11.0), AT_ONCE, None),
        (alert("firing"), CLEAR, AT_ONCE, ("resolved", "cleared")),
        (alert("firing"), CLEAR, NOT_BEFORE_IT_LASTS, ("recovering", "improving")),
        (alert("firing"), PLAN_ENDED, AT_ONCE, ("resolved", "left: plan ended")),
        (alert("firing"), GONE, AT_ONCE, ("held", MISSING)),
        (alert("firing"), UNSURE, AT_ONCE, ("held", UNKNOWN)),
        # recovering
        (alert("recovering"), MATCH, NOT_BEFORE_IT_LASTS, ("firing", "back again")),
        (alert("recovering"), CLEAR, NOT_BEFORE_IT_LASTS, ("recovering", "improving")),
        (alert("recovering", streak=2), CLEAR, NOT_BEFORE_IT_LASTS, ("resolved", "cleared")),
        (alert("recovering"), PLAN_ENDED, NOT_BEFORE_IT_LASTS, ("resolved", "left: plan ended")),
        (alert("recovering"), GONE, NOT_BEFORE_IT_LASTS, ("held", MISSING)),
        (alert("recovering"), UNSURE, NOT_BEFORE_IT_LASTS, ("held", UNKNOWN)),
        # held
        (alert("held"), MATCH, AT_ONCE, ("firing", "data trusted again")),
        (alert("held"), said("match", level=Level.red), AT_ONCE, ("firing", "data trusted again")),
        (alert("held"), CLEAR, AT_ONCE, ("resolved", "cleared")),
        (alert("held"), CLEAR, NOT_BEFORE_IT_LASTS, ("recovering", "improving")),
        (alert("held"), PLAN_ENDED, AT_ONCE, ("resolved", "left: plan ended")),
        (alert("held"), GONE, AT_ONCE, None),
        (alert("held"), UNSURE, AT_ONCE, ("held", UNKNOWN)),
    ],
)
def test_an_alert_becomes(before, answer, rule, expected):
    assert became(advance(before, answer, rule, TUESDAY)) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("pending", None),
        ("firing", ("held", "ssd_cp_visits is not there")),
        ("recovering", ("held", "ssd_cp_visits is not there")),
        ("held", ("held", "ssd_cp_visits is not there")),
    ],
)
def test_where_its_rule_was_not_asked_an_alert_is_held(condition, expected):
    assert became(hold(alert(condition), "ssd_cp_visits is not there", TUESDAY)) == expected


@pytest.mark.parametrize("condition", ["pending", *OPEN])
def test_where_its_rule_is_gone_an_alert_ends_as_no_longer_checked(condition):
    [transition] = removed([alert(condition)], {"another-rule": 1}, TUESDAY)

    assert became(transition) == ("resolved", "rule_removed")


@pytest.mark.parametrize("condition", ["pending", *OPEN])
def test_where_its_rule_is_there_an_alert_goes_on(condition):
    assert removed([alert(condition)], {AT_ONCE.id: 1}, TUESDAY) == []


# What a change carries


def test_a_new_alert_says_what_is_known_of_it():
    finding = said("match", measure=11.0, due=MONDAY, adviser="W3", also=("service_manager",), facts={"plan": "CP1"})

    new = opened(finding, AT_ONCE, 3, TUESDAY).alert

    assert (new.rule, new.code, new.subject_kind, new.subject) == ("cp-visit-overdue", "CP-03", "child", "P1")
    assert (new.episode, new.ref) == (3, reference("cp-visit-overdue", "P1", 3))
    assert (new.first_seen, new.level_since, new.level) == (TUESDAY, TUESDAY, Level.amber)
    assert (new.measure, new.unit, new.due, new.facts) == (11.0, "working days", MONDAY, {"plan": "CP1"})
    assert (new.team, new.worker, new.adviser, new.person, new.member) == ("North", "W1", "W3", "P1", "CP1")
    assert new.also == ("service_manager",)


def test_a_change_keeps_what_it_was_before():
    transition = advance(alert("firing"), said("match", level=Level.red), AT_ONCE, TUESDAY)

    assert transition is not None
    assert (transition.before, transition.level_before, transition.alert.level) == (Condition.firing, Level.amber, Level.red)
    assert (transition.alert.id, transition.by) == (7, "service")


def test_the_level_dates_from_the_day_it_changed():
    raised = advance(alert("firing"), said("match", level=Level.red), AT_ONCE, TUESDAY)
    moved = advance(alert("firing"), said("match", worker="W2"), AT_ONCE, TUESDAY)

    assert raised is not None
    assert moved is not None
    assert (raised.alert.level_since, moved.alert.level_since) == (TUESDAY, MONDAY)


def test_a_held_alert_is_the_alert_it_was():
    held = hold(alert("firing"), "no data", TUESDAY)

    assert held is not None
    assert replace(held.alert, condition=Condition.firing, held_reason=None, held_since=None) == alert("firing")
    assert (held.alert.held_reason, held.alert.held_since) == ("no data", TUESDAY)


def test_another_reason_to_hold_does_not_start_the_holding_anew():
    held = hold(alert("held"), "no data", WEDNESDAY)

    assert held is not None
    assert (held.alert.held_reason, held.alert.held_since) == ("no data", MONDAY)


def test_an_alert_held_for_the_same_reason_does_not_change():
    assert hold(alert("held"), MISSING, WEDNESDAY) is None


def test_a_match_after_holding_goes_on_as_the_same_alert():
    again = advance(alert("held", first_seen=date(2026, 1, 5), episode=2), MATCH, AT_ONCE, TUESDAY)

    assert again is not None
    assert (again.alert.first_seen, again.alert.episode) == (date(2026, 1, 5), 2)
    assert (again.alert.held_reason, again.alert.held_since) == (None, None)


def test_an_alert_that_ends_says_when_and_why():
    ended = resolve(alert("held"), CLEARED, TUESDAY).alert

    assert (ended.resolved_on, ended.resolved_reason) == (TUESDAY, "cleared")
    assert (ended.held_reason, ended.held_since, ended.streak) == (None, None, 0)
    assert (ended.team, ended.level, ended.first_seen) == ("North", Level.amber, MONDAY)


@pytest.mark.parametrize("condition", OPEN)
def test_a_case_stays_whose_it_was_while_that_cannot_be_trusted(condition):
    change = advance(alert(condition), said("match", worker=None, team=None), AT_ONCE, TUESDAY, owners_known=False)

    assert change is None or (change.alert.worker, change.alert.team) == ("W1", "North")
    assert (change is None) == (condition == "firing")


def test_a_match_must_have_a_level():
    with pytest.raises(ValueError, match="has no level"):
        opened(replace(MATCH, level=None), AT_ONCE, 1, TUESDAY)


# A second run of the same day


@pytest.mark.parametrize(
    ("condition", "answer", "rule"),
    [
        ("pending", MATCH, ON_THE_SECOND_DAY),
        ("pending", MATCH, ON_THE_THIRD_DAY),
        ("recovering", CLEAR, NOT_BEFORE_IT_LASTS),
        ("recovering", CLEAR, replace(AT_ONCE, keep_firing_for=1)),
        ("firing", MATCH, AT_ONCE),
        ("held", GONE, AT_ONCE),
    ],
)
def test_a_second_run_of_the_same_day_with_the_same_answer_changes_nothing(condition, answer, rule):
    assert advance(alert(condition), answer, rule, MONDAY) is None


def test_a_second_run_of_the_same_day_with_another_answer_counts():
    assert became(advance(alert("pending"), CLEAR, ON_THE_SECOND_DAY, MONDAY)) == ("resolved", "never fired")
    assert became(advance(alert("recovering"), MATCH, NOT_BEFORE_IT_LASTS, MONDAY)) == ("firing", "back again")


@pytest.mark.parametrize(("days", "condition"), [(1, "pending"), (2, "pending"), (3, "firing")])
def test_a_rule_that_waits_for_three_days_tells_on_the_third(days, condition):
    now = opened(MATCH, ON_THE_THIRD_DAY, 1, MONDAY).alert
    for day in range(1, days):
        change = advance(now, MATCH, ON_THE_THIRD_DAY, MONDAY + timedelta(days=day))
        now = change.alert if change else now

    assert (now.condition, now.first_seen) == (condition, MONDAY)


# Whatever comes


class Life(RuleBasedStateMachine):
    """One subject of one rule, day after day, as the line would take its alert on."""

    def __init__(self) -> None:
        super().__init__()
        self.today = MONDAY
        self.life = AT_ONCE
        self.alert: Alert | None = None
        self.episodes = 0
        self.last: Transition | None = None
        self.answer: Finding | None = None

    @rule(pending_for=st.integers(1, 3), keep_firing_for=st.integers(0, 2))
    @precondition(lambda self: self.alert is None)
    def another_rule(self, pending_for: int, keep_firing_for: int) -> None:
        self.life = replace(AT_ONCE, pending_for=pending_for, keep_firing_for=keep_firing_for)

    @rule(
        level=st.sampled_from(Level),
        outcome=st.sampled_from(["match", "match", "clear", "unknown", "absent", "left"]),
        worker=st.sampled_from(["W1", "W2", None]),
        next_day=st.booleans(),
    )
    def asked(self, level: Level, outcome: str, worker: str | None, next_day: bool) -> None:
        self.today += timedelta(days=next_day)
        left = {"left": "plan ended"} if outcome == "left" else {}
        said_of_it = said("absent" if outcome == "left" else outcome, worker=worker, **left)
        self.answer = replace(said_of_it, level=level) if outcome == "match" else said_of_it
        if self.alert is not None:
            self.take(advance(self.alert, self.answer, self.life, self.today))
        elif outcome == "match":
            self.episodes += 1
            self.take(opened(self.answer, self.life, self.episodes, self.today))

    @rule(why=st.sampled_from(["no data", MISSING]), next_day=st.booleans())
    @precondition(lambda self: self.alert is not None)
    def not_asked(self, why: str, next_day: bool) -> None:
        self.today += timedelta(days=next_day)
        self.answer = None
        assert self.alert is not None
        self.take(hold(self.alert, why, self.today))

    @rule()
    @precondition(lambda self: self.alert is not None)
    def the_rule_goes(self) -> None:
        self.answer = None
        assert self.alert is not None
        [transition] = removed([self.alert], {}, self.today)
        self.take(transition)

    def take(self, transition: Transition | None) -> None:
        before = self.alert
        self.last = transition
        if transition is None:
            return
        after = transition.alert
        self.it_ends_only_for_cause(before, transition)
        if before is not None:
            assert (after.first_seen, after.episode, after.ref) == (before.first_seen, before.episode, before.ref)
            assert (transition.before, transition.level_before) == (before.condition, before.level)
            assert replace(after) != before
        self.alert = None if after.condition == Condition.resolved else after

    def it_ends_only_for_cause(self, before: Alert | None, transition: Transition) -> None:
        if transition.alert.condition != Condition.resolved:
            return
        reason = transition.reason
        outcome = self.answer.outcome if self.answer else None
        if outcome == Outcome.clear:
            assert reason == ("never fired" if before and before.condition == Condition.pending else CLEARED)
        elif outcome == Outcome.absent:
            assert reason == "left: plan ended" or (before and before.condition == Condition.pending)
        else:
            assert (outcome, reason) == (None, "rule_removed")

    @invariant()
    def an_open_alert_is_whole(self) -> None:
        if self.alert is None:
            return
        assert self.alert.episode == self.episodes
        assert (self.alert.condition == Condition.held) == (self.alert.held_reason is not None)
        assert (self.alert.held_reason is None) == (self.alert.held_since is None)
        assert self.alert.resolved_on is None
        assert self.alert.first_seen <= self.alert.level_since <= self.today
        assert (self.alert.condition != Condition.pending) or self.alert.streak < self.life.pending_for

    @invariant()
    def the_same_answer_again_on_the_same_day_changes_nothing(self) -> None:
        if self.alert is not None and self.answer is not None:
            assert advance(self.alert, self.answer, self.life, self.today) is None


TestWhateverComes = Life.TestCase
TestWhateverComes.settings = hypothesis_settings(max_examples=60, stateful_step_count=30, deadline=None)
