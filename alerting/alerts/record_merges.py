"""What is known of a person's record goes on when the record is merged into another: alerts, and all that hangs on them.

An alert of a record that was merged away is the same alert under the surviving id: its reference, its age, what people did about
it and what they were told stay. Which alerts move is worked out where the day's data is (`evaluation.record_moves`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from alerting.alerts.lifecycle import end_merged
from alerting.evaluation.evaluation import Move, Moves, RuleSubject
from alerting.model import Alert, Reason, Transition


def transitions(moves: Moves, live: Sequence[Alert], last_ended: Mapping[RuleSubject, Alert], as_of: date) -> list[Transition]:
    """Return what becomes of alerts that move: those that end first, so that no two of one rule and subject are open at once."""
    by_ref = {alert.ref: alert for alert in live}
    ended = [end_merged(by_ref[ref], as_of) for ref in moves.ended if ref in by_ref]
    return ended + [_moved(by_ref[move.ref], move, last_ended) for move in moves.moved if move.ref in by_ref]


def _moved(alert: Alert, move: Move, last_ended: Mapping[RuleSubject, Alert]) -> Transition:
    """Return the transition by which an alert goes on about another subject, or about the same of another person."""
    last = last_ended.get((alert.rule, move.subject))
    before = move.after_episode or (last.episode if last else 0)
    episode = alert.episode if alert.subject == move.subject else before + 1
    now = replace(alert, subject=move.subject, person=move.person, episode=episode)
    return Transition(alert=now, before=alert.condition, level_before=alert.level, reason=Reason.record_followed)
