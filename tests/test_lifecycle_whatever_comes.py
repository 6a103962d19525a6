"""What holds of the alerts of one subject of one rule, whatever comes day after day."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from alerting.alerts.lifecycle import advance, begin_alert, end_removed, hold, resolve
from alerting.model import Alert, Condition, Finding, Level, Outcome, Reason, Transition
from tests.one_alert import (
    AT_ONCE,
    MONDAY,
    NO_DATA,
    said,
    weekdays,
    why,
)


class Life(RuleBasedStateMachine):
    """One subject of one rule, day after day, as the line would take its alert on. `past` is what the store would have."""

    def __init__(self) -> None:
        super().__init__()
        self.today = MONDAY
        self.life = AT_ONCE
        self.past: list[Alert] = []
        self.answer: Finding | None = None

    @property
    def alert(self) -> Alert | None:
        """The open alert; there is one at most."""
        return next((each for each in self.past if each.resolved_on is None), None)

    @rule(pending_for=st.integers(1, 3), keep_firing_for=st.integers(0, 2), reopen_window=st.integers(0, 4))
    @precondition(lambda self: self.alert is None)
    def another_rule(self, **settings: int) -> None:
        self.life, self.answer = replace(AT_ONCE, **settings), None

    @rule(
        level=st.sampled_from(Level),
        outcome=st.sampled_from(["match", "match", "match", "clear", "clear", "unknown", "absent", "left"]),
        worker=st.sampled_from(["W1", "W2", None]),
        plan=st.sampled_from(["CP1", "CP1", "CP2"]),
        days=st.sampled_from([0, 1, 1, 1, 5]),
        changed=st.sampled_from([False, False, False, True]),
    )
    def asked(self, level: Level, outcome: str, worker: str | None, plan: str, days: int, changed: bool) -> None:
        self.today += timedelta(days=days)
        left = {"left": "plan ended"} if outcome == "left" else {}
        said_of_it = said("absent" if outcome == "left" else outcome, worker=worker, facts={"plan": plan}, **left)
        self.answer = replace(said_of_it, level=level) if outcome == "match" else said_of_it
        self.take(self.answered(changed=changed), changed=changed)
        if self.alert is not None and self.answer.outcome == Outcome.match:  # today's reading
            self.past[-1] = replace(self.alert, facts=self.answer.facts)

    def answered(self, *, changed: bool = False) -> Transition | None:
        assert self.answer is not None
        if self.alert is not None:
            return advance(self.alert, self.answer, self.life, self.today, changed=changed)
        last = self.past[-1] if self.past else None
        return begin_alert(self.answer, self.life, last, self.today, weekdays)

    @rule(why=st.sampled_from([(Reason.not_asked, NO_DATA), (Reason.not_in_data, None)]), days=st.integers(0, 1))
    @precondition(lambda self: self.alert is not None)
    def not_asked(self, why: tuple[Reason, str | None], days: int) -> None:
        self.today += timedelta(days=days)
        self.answer = None
        assert self.alert is not None
        self.take(hold(self.alert, why[0], self.today, detail=why[1]))

    @rule()
    @precondition(lambda self: self.alert is not None)
    def the_rule_goes(self) -> None:
        self.answer = None
        assert self.alert is not None
        [transition] = end_removed([self.alert], {}, self.today)
        self.take(transition)

    @rule(days=st.sampled_from([None, 0, 2]))
    @precondition(lambda self: self.alert is not None and self.alert.condition != Condition.pending)
    def somebody_closes_it(self, days: int | None) -> None:
        assert self.alert is not None
        self.answer = self.answer if self.answer and self.answer.outcome == Outcome.match else None
        self.take(resolve(self.alert, Reason.closed, self.today, detail="other", by="Q1"))
        if days is not None:
            self.past[-1] = replace(self.past[-1], closed_until=self.today + timedelta(days=days))

    def take(self, transition: Transition | None, *, changed: bool = False) -> None:
        if transition is None:
            return
        after = transition.alert
        before = next((each for each in self.past if each.episode == after.episode), None)
        self.it_ends_only_for_cause(before, transition, changed=changed)
        if before is None:
            assert after.episode == len(self.past) + 1
            assert after.first_seen == self.today
            self.past.append(after)
            return
        assert (after.first_seen, after.ref) == (before.first_seen, before.ref)
        assert (transition.before, transition.level_before) == (before.condition, before.level)
        assert after != before
        assert len(after.came_back) - len(before.came_back) == (transition.reason == Reason.back_again)
        if before.condition == Condition.resolved:
            assert before.resolved_reason == Reason.cleared
            assert weekdays(before.resolved_on or MONDAY, self.today) <= self.life.reopen_window
        if after.condition == Condition.held:
            assert (after.level, after.level_since, after.came_back) == (before.level, before.level_since, before.came_back)
            assert after.held_since == (before.held_since or self.today)
        self.past[after.episode - 1] = after

    def it_ends_only_for_cause(self, before: Alert | None, transition: Transition, *, changed: bool) -> None:
        if transition.alert.condition != Condition.resolved:
            return
        reason, outcome = why(transition), self.answer.outcome if self.answer else None
        if transition.by != "service":
            assert reason == "closed (other)"
        elif outcome == Outcome.clear and before and before.condition != Condition.pending:
            assert reason == ("rule_changed" if changed else "cleared")
        elif outcome in (Outcome.clear, Outcome.absent):
            assert reason == "left (plan ended)" or (before and before.condition == Condition.pending)
        else:
            assert (outcome, reason) == (None, "rule_removed")

    @invariant()
    def there_is_one_open_alert_at_most_and_it_is_the_last(self) -> None:
        assert [each.episode for each in self.past] == list(range(1, len(self.past) + 1))
        assert all(each.resolved_on is not None for each in self.past[:-1])

    @invariant()
    def an_open_alert_is_whole(self) -> None:
        if self.alert is None:
            return
        assert (self.alert.condition == Condition.held) == (self.alert.held_reason is not None)
        assert (self.alert.held_reason is None) == (self.alert.held_since is None)
        assert (self.alert.resolved_reason, self.alert.resolved_detail) == (None, None)
        assert self.alert.first_seen <= self.alert.level_since <= self.today
        assert (self.alert.condition != Condition.pending) or self.alert.streak < self.life.pending_for
        assert list(self.alert.came_back) == sorted(self.alert.came_back)

    @invariant()
    def the_same_answer_again_on_the_same_day_changes_nothing(self) -> None:
        if self.answer is not None:
            assert self.answered() is None


TestWhateverComes = Life.TestCase
TestWhateverComes.settings = hypothesis_settings(max_examples=60, stateful_step_count=30, deadline=None)
