"""A day worked out as a run would, for people who ask before anything counts. Nothing is stored or sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from alerting.alerts.brakes import History
from alerting.app import App
from alerting.errors import SourceError
from alerting.evaluation import day
from alerting.evaluation.day import Day, ask_all, read_day
from alerting.evaluation.evaluate import Answers
from alerting.evaluation.evaluation import Evaluation
from alerting.evaluation.rule_changes import AskedBefore
from alerting.notifications.decide import decide
from alerting.notifications.decision import Decision
from alerting.notifications.policy import Policy
from alerting.notifications.world import World
from alerting.rulebook.rule import Rule
from alerting.store.store import Store
from alerting.store.world import read_before, read_world


@dataclass(frozen=True, kw_only=True)
class Today:
    """What a run of a day would decide of some rules, beside what it would know."""

    world: World
    evaluation: Evaluation
    decision: Decision
    #: Whether there is a store that says what people know already.
    remembered: bool


@contextmanager
def look(app: App, rules: Sequence[Rule], as_of: date) -> Iterator[Day]:
    """Read what these rules need of the case data as at a day, and judge it. Raises SourceError when there is no source to read."""
    if app.source is None:
        raise SourceError("the source of the case data cannot be used", remedy="`alerting check` shows why.")
    with read_day(app.book, app.source, rules, as_of, lambda: app.past(as_of), strict=True) as found:
        yield found


def decide_today(app: App, as_of: date) -> Today:
    """Return what a day's directory and what people did say of the live alerts; no rule is asked."""
    with look(app, [], as_of) as found:
        return work_out(app, app.policy(), found, ask_all(app.book, found, []), "daily")


def work_out(app: App, policy: Policy, found: Day, answers: Answers, job: str) -> Today:
    """Return what a run of a job would decide, of the rules that were asked. Raises StoreError where the store cannot be used.

    A rule whose data is not trusted may have been asked, to see what it says; its answers are taken back here, as a run has none.
    """
    reasons = found.withheld(policy.book, answers.rules.values())
    answers.withhold({id_: why for id_, why in reasons.items() if id_ in answers.rules})
    store = app.store_there_is()
    try:
        live, before = read_before(store, list(answers.rules.values())) if store else ((), AskedBefore())
        evaluation = day.evaluate(policy.book, found, answers, live, before)
        world = _remembered(store, policy, job, evaluation) if store else _nothing_known(policy)
    finally:
        if store:
            store.close()
    decision = decide(policy, job, world, evaluation)
    return Today(world=world, evaluation=evaluation, decision=decision, remembered=store is not None)


def _remembered(store: Store, policy: Policy, job: str, evaluation: Evaluation) -> World:
    with store.reading() as connection:
        return read_world(store, connection, policy, job, evaluation)


def _nothing_known(policy: Policy) -> World:
    """Return a world in which nobody was told of anything, and every rule was asked before: it is a rule that is looked at."""
    return World(history=History(asked=policy.book.ids))
